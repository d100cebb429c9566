"""`arp`: the ARP table, by net-tools or busybox, or from `ip neigh` where neither is installed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, cast

from parsers.arp import from_neigh

from . import ip_neigh, query, shell
from .errors import CommandMissing, CommandWarning

if TYPE_CHECKING:
    from parsers.records import Arp


def show(netns: str | None = None, *, dev: str | None = None, host: str | None = None) -> list[Arp]:
    """The ARP table of a namespace (None: the own), of one device or host: what `arp -n` says.

    Where `arp` is not installed, the answer comes from `ip neigh`, in the same columns, with a CommandWarning.
    Raises the errors of :func:`netwrap.shell.run`.
    """
    if shell.find("arp") is None:
        if shell.find("ip") is None:
            raise CommandMissing(["arp"], 127, "arp is not installed, and neither is ip")
        warnings.warn("arp is not installed: answered from 'ip neigh'", CommandWarning, stacklevel=2)
        neighs = [*ip_neigh.show(netns), *ip_neigh.show(netns, proxy=True)]
        found = cast("list[Arp]", from_neigh(neighs))
        return [entry for entry in found if dev in (None, entry.get("iface")) and host in (None, entry["address"])]
    argv = ["arp", "-n", *(["-i", dev] if dev else []), *([host] if host else [])]
    return query.records("arp", argv, netns=netns)
