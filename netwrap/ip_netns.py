"""`ip netns`: named network namespaces. See :mod:`parsers.ip_netns` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query, shell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.records import Netns


def show(netns: str | None = None) -> list[Netns]:
    """The named namespaces: ``name``, and ``id`` where the namespace ``netns`` (None: the own) has given it one."""
    return query.records("ip_netns", ["ip", "netns", "list"], netns=netns)


def list_id(netns: str | None = None) -> list[Netns]:
    """The ids that a namespace (None: the own) has given to others: ``nsid``, and ``name`` where it has one."""
    return query.records("ip_netns", ["ip", "netns", "list-id"], netns=netns)


def add(name: str) -> None:
    """Make a namespace. Raises AlreadyExists, PermissionDenied, InvalidArgument for a name that no file can have."""
    shell.run(["ip", "netns", "add", name], changes=True)


def attach(name: str, pid: int) -> None:
    """Give the namespace of a process a name. Raises AlreadyExists, NotFound, PermissionDenied."""
    shell.run(["ip", "netns", "attach", name, str(pid)], changes=True)


def delete(name: str) -> None:
    """Remove the name of a namespace; the namespace goes with its last process. Raises NoSuchNetns, PermissionDenied."""
    shell.run(["ip", "netns", "delete", name], changes=True)


def set(name: str, nsid: int | str) -> None:
    """Give a namespace an id in the own one (``auto``: the next free). Raises NoSuchNetns, AlreadyExists."""
    shell.run(["ip", "netns", "set", name, str(nsid)], changes=True)


def exec(name: str, argv: Sequence[str], *, timeout: float = shell.TIMEOUT) -> str:
    """Run a command in a namespace and return what it printed. Raises NoSuchNetns, CommandMissing, CommandFailed."""
    return shell.run(["ip", "netns", "exec", name, *argv], timeout=timeout, changes=True).stdout


def identify(pid: int | None = None) -> str | None:
    """The name of a process's namespace (None: the own process); None where it has no name."""
    said = shell.run(["ip", "netns", "identify", str(pid if pid is not None else "self")]).stdout
    return said.rstrip("\n") or None


def pids(name: str) -> list[int]:
    """The processes in a namespace. Raises NoSuchNetns."""
    return [int(word) for word in shell.run(["ip", "netns", "pids", name]).stdout.split()]
