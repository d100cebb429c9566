"""`ip maddr`: the multicast groups that each link listens to. See :mod:`parsers.ip_maddr` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query

if TYPE_CHECKING:
    from parsers.records import Maddr


def show(netns: str | None = None) -> list[Maddr]:
    """Return the links with their multicast groups of a namespace (None: the one we run in).

    Raises the errors of :func:`netwrap.shell.run`.
    """
    return query.records("ip_maddr", ["ip", "maddr", "show"], netns=netns)
