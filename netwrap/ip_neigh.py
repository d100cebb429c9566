"""`ip neigh`: neighbours (the ARP table, and NDP's). See :mod:`parsers.ip_neigh` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query

if TYPE_CHECKING:
    from parsers.records import Neigh


def show(
    netns: str | None = None, *, dev: str | None = None, statistics: bool = False, proxy: bool = False
) -> list[Neigh]:
    """The neighbours of a namespace (None: the own): what `ip neigh show` says.

    ``statistics`` adds the ages that `-s` says, in seconds; ``proxy`` asks for the proxy entries instead.
    Raises the errors of :func:`netwrap.shell.run`.
    """
    argv = ["ip", *(["-s"] if statistics else []), "neigh", "show", *(["proxy"] if proxy else [])]
    return query.records("ip_neigh", [*argv, "dev", dev] if dev else argv, netns=netns)
