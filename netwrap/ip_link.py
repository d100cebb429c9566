"""`ip link`: links. See :mod:`parsers.ip_link` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query

if TYPE_CHECKING:
    from parsers.records import Link


def show(
    netns: str | None = None, *, dev: str | None = None, details: bool = False, statistics: bool = False
) -> list[Link]:
    """The links of a namespace (None: the own), or of one device: what `ip link show` says.

    ``details`` adds what `-d` says (the kind of each link), ``statistics`` the counters of `-s`.
    Raises NoSuchNetns, NotFound for a device that is not there, and the other errors of :func:`netwrap.shell.run`.
    """
    argv = ["ip", *(["-d"] if details else []), *(["-s"] if statistics else []), "link", "show"]
    return query.records("ip_link", [*argv, "dev", dev] if dev else argv, netns=netns)
