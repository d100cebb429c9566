"""`ip neigh`: neighbours (the ARP table, and NDP's). See :mod:`parsers.ip_neigh` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import arguments, ip_link, query, shell
from .errors import UsageError

if TYPE_CHECKING:
    from typing import Any

    from parsers.records import Neigh


def show(netns: str | None = None, *, dev: str | None = None, statistics: bool = False, proxy: bool = False) -> list[Neigh]:
    """The neighbours of a namespace (None: the one we run in): what `ip neigh show` prints.

    ``statistics`` adds the ages that `-s` says, in seconds; ``proxy`` asks for the proxy entries instead.
    Raises the errors of :func:`netwrap.shell.run`.
    """
    argv = ["ip", *(["-s"] if statistics else []), "neigh", "show", *(["proxy"] if proxy else [])]
    return query.records("ip_neigh", [*argv, "dev", dev] if dev is not None else argv, netns=netns)


def add(
    to: str,
    dev: str,
    *,
    netns: str | None = None,
    lladdr: str | None = None,
    nud: str | None = None,
    proxy: bool = False,
    **options: arguments.Value,
) -> None:
    """Make a neighbour in a namespace (None: the one we run in): ``add("192.168.15.9", "v0", lladdr="02:00:00:00:00:09")``.

    ``lladdr`` is its hardware address, ``nud`` its state (`ip`: permanent); ``proxy`` makes a proxy entry instead: the device
    answers for the address. ``options`` are others of `ip neigh add` (``router=True``, ``protocol="static"``).

    Raises AlreadyExists, NotFound (no such device), NoSuchNetns, PermissionDenied; InvalidArgument, also for a hardware address
    that is longer than the device's, which the kernel would cut in silence.
    """
    _change("add", to, dev, netns, lladdr=lladdr, proxy=proxy, nud=nud, **options)


def replace(to: str, dev: str, *, netns: str | None = None, **how: Any) -> None:
    """Make a neighbour, or change an existing one; arguments as for :func:`add`."""
    _change("replace", to, dev, netns, **how)


def delete(to: str, dev: str, *, netns: str | None = None, proxy: bool = False) -> None:
    """Remove a neighbour, or a proxy entry. Raises NotFound, NoSuchNetns, PermissionDenied."""
    _change("delete", to, dev, netns, proxy=proxy)


def flush(
    *, netns: str | None = None, dev: str | None = None, to: str | None = None, nud: str | None = None, family: str | None = None
) -> None:
    """Remove the neighbours of a device, within a prefix ``to``, in a state ``nud`` (``all``: also permanent ones).

    Raises UsageError where none of them is given, NotFound (no such device), NoSuchNetns, PermissionDenied.
    """
    if dev is None and to is None and nud is None:
        raise UsageError("ip neigh flush: of which device, prefix or state?")
    argv = ["ip", *(["-f", family] if family else []), "neigh", "flush"]
    argv += ["to", arguments.prefix(argv, to)] if to is not None else []
    shell.run([*argv, *arguments.pairs(argv, dev=dev, nud=nud)], netns=netns, changes=True)


def _change(
    verb: str,
    to: str,
    dev: str,
    netns: str | None,
    *,
    lladdr: str | None = None,
    proxy: bool = False,
    **options: arguments.Value,
) -> None:
    argv = ["ip", "neigh", verb, *(["proxy"] if proxy else [])]
    argv += [arguments.address(argv, to)]
    argv += ["lladdr", ip_link.fitting(argv, lladdr, dev, netns)] if lladdr is not None else []
    shell.run([*argv, *arguments.pairs(argv, dev=dev, **options)], netns=netns, changes=True)
