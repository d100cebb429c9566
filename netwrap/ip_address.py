"""`ip address`: links with their addresses. See :mod:`parsers.ip_address` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query

if TYPE_CHECKING:
    from parsers.records import Address


def show(
    netns: str | None = None, *, dev: str | None = None, details: bool = False, statistics: bool = False
) -> list[Address]:
    """The links with their addresses of a namespace (None: the own), or of one device: what `ip address show` says.

    ``details`` adds what `-d` says (the kind of each link), ``statistics`` the counters of `-s`.
    Raises NoSuchNetns, NotFound for a device that is not there, and the other errors of :func:`netwrap.shell.run`.
    """
    argv = ["ip", *(["-d"] if details else []), *(["-s"] if statistics else []), "address", "show"]
    return query.records("ip_address", [*argv, "dev", dev] if dev else argv, netns=netns)
