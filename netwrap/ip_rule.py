"""`ip rule`: routing rules. See :mod:`parsers.ip_rule` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query

if TYPE_CHECKING:
    from parsers.records import Rule


def show(netns: str | None = None, *, family: str = "inet") -> list[Rule]:
    """The rules of a namespace (None: the own): what `ip rule show` says of a family (``inet``, ``inet6``).

    Raises the errors of :func:`netwrap.shell.run`.
    """
    return query.records("ip_rule", ["ip", "-f", family, "rule", "show"], netns=netns)
