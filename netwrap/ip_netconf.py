"""`ip netconf`: forwarding and reverse-path filter of each interface. See :mod:`parsers.ip_netconf` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query

if TYPE_CHECKING:
    from parsers.records import Netconf


def show(netns: str | None = None) -> list[Netconf]:
    """Return the switches of each interface, of "all" and of "default" of a namespace (None: the one we run in).

    Raises the errors of :func:`netwrap.shell.run`.
    """
    return query.records("ip_netconf", ["ip", "netconf", "show"], netns=netns)
