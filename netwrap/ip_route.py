"""`ip route`: routes. See :mod:`parsers.ip_route` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query

if TYPE_CHECKING:
    from parsers.records import Route


def show(netns: str | None = None, *, family: str = "inet", table: str | None = None, dev: str | None = None) -> list[Route]:
    """The routes of a namespace (None: the own): what `ip route show` says.

    ``family`` is ``inet``, ``inet6`` or ``mpls``; ``table`` a name, a number or ``all`` (None: main). What is filtered by is
    absent from the records, as iproute2 leaves it out. Raises the errors of :func:`netwrap.shell.run`.
    """
    argv = ["ip", "-f", family, "route", "show"]
    argv += ["table", table] if table else []
    return query.records("ip_route", [*argv, "dev", dev] if dev else argv, netns=netns)
