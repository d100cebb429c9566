"""`iptables-save` and `ip6tables-save`: firewalls made with iptables. See :mod:`parsers.iptables` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query

if TYPE_CHECKING:
    from parsers.records import IptablesRecord


def show(netns: str | None = None, *, family: str = "inet") -> list[IptablesRecord]:
    """The rules of a namespace (None: the one we run in) for one family. Raises the errors of :func:`netwrap.shell.run`.

    ``family``: "inet" asks `iptables-save`, "inet6" `ip6tables-save`.
    """
    return query.records("iptables", ["ip6tables-save" if family == "inet6" else "iptables-save"], netns=netns)
