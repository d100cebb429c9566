"""`ip netns`: named network namespaces. See :mod:`parsers.ip_netns` for the records.

A name that begins with ``-`` is refused (InvalidArgument): `ip netns` has no keyword to put in front of it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import arguments, query, shell
from .errors import CommandFailed, NoSuchNetns, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.records import Netns


def show(netns: str | None = None) -> list[Netns]:
    """The named namespaces: ``name``, and ``id`` where the namespace ``netns`` (None: the one we run in) has given it one.

    Where `ip` is busybox's, which knows no namespaces, the names are those of the folder that holds them.
    """
    if shell.is_busybox("ip"):
        return [{"name": name} for name in (sorted(os.listdir(shell.NETNS_DIR)) if os.path.isdir(shell.NETNS_DIR) else [])]
    return query.records("ip_netns", ["ip", "netns", "list"], netns=netns)


def list_id(netns: str | None = None) -> list[Netns]:
    """The ids that a namespace (None: the one we run in) has given to others: ``nsid``, and ``name`` where it has one."""
    return query.records("ip_netns", ["ip", "netns", "list-id"], netns=netns)


def add(name: str) -> None:
    """Make a namespace. Raises AlreadyExists, PermissionDenied, InvalidArgument for a name that no file can have."""
    argv = ["ip", "netns", "add"]
    shell.run([*argv, arguments.bare_name(argv, name)], changes=True)


def attach(name: str, pid: int) -> None:
    """Give the namespace of a process a name. Raises AlreadyExists, NotFound, PermissionDenied, InvalidArgument."""
    argv = ["ip", "netns", "attach"]
    argv += [arguments.bare_name(argv, name)]
    shell.run([*argv, arguments.number(argv, "pid", pid, 1, 2**31 - 1)], changes=True)


def delete(name: str) -> None:
    """Remove the name of a namespace; the namespace goes with its last process. Raises NoSuchNetns, PermissionDenied."""
    argv = ["ip", "netns", "delete"]
    shell.run([*argv, arguments.bare_name(argv, name)], changes=True)


def set(name: str, nsid: int | str, *, netns: str | None = None) -> None:
    """Give a namespace an id in the namespace ``netns`` (None: the one we run in); ``auto``: the next that is free.

    Raises NoSuchNetns; AlreadyExists for an id that is taken, and for a namespace that has one.
    """
    argv = ["ip", "netns", "set"]
    argv += [arguments.bare_name(argv, name)]
    argv += ["auto" if nsid == "auto" else arguments.number(argv, "nsid", nsid, 0, 2**31 - 1)]
    try:
        shell.run(argv, netns=netns, changes=True)
    except CommandFailed as error:  # iproute2 6.15 fails without a message where the namespace does not exist
        if error.stderr or os.path.lexists(os.path.join(shell.NETNS_DIR, name)):
            raise
        raise NoSuchNetns(error.argv, error.status, f"there is no network namespace {name}") from error


def exec(name: str, argv: Sequence[str], *, timeout: float = shell.TIMEOUT, stdin: str | None = None) -> str:
    """Run a command in a namespace and return what it printed on standard output.

    It runs as all commands do: under ``LC_ALL=C``, without a terminal, for ``timeout`` seconds at most, and not at all in a dry
    run. Raises NoSuchNetns, CommandMissing where the namespace's file system has no such program, CommandFailed, TimedOut.
    """
    words = ["ip", "netns", "exec"]
    if not argv:
        raise UsageError(f"ip netns exec {name}: no command to run")
    if shell.is_busybox("ip"):
        return shell.run(argv, netns=arguments.bare_name(words, name), timeout=timeout, stdin=stdin, changes=True).stdout
    return shell.run([*words, arguments.bare_name(words, name), *argv], timeout=timeout, stdin=stdin, changes=True).stdout


def identify(pid: int | None = None) -> str | None:
    """The name of a process's namespace (None: our own process); None where it has no name."""
    said = shell.run(["ip", "netns", "identify", str(pid if pid is not None else "self")]).stdout
    return said.rstrip("\n") or None


def pids(name: str) -> list[int]:
    """The processes in a namespace. Raises NoSuchNetns."""
    argv = ["ip", "netns", "pids"]
    return [int(word) for word in shell.run([*argv, arguments.bare_name(argv, name)]).stdout.split()]
