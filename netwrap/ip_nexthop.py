"""`ip nexthop`: nexthop objects and groups. See :mod:`parsers.ip_nexthop` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query

if TYPE_CHECKING:
    from parsers.records import NexthopObject


def show(netns: str | None = None) -> list[NexthopObject]:
    """Return the nexthop objects of a namespace (None: the one we run in).

    Raises the errors of :func:`netwrap.shell.run`.
    """
    return query.records("ip_nexthop", ["ip", "nexthop", "show"], netns=netns)
