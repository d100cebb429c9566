"""`bridge vlan`: vlans of bridge ports. See :mod:`parsers.bridge_vlan` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query

if TYPE_CHECKING:
    from parsers.records import BridgeVlan


def show(netns: str | None = None) -> list[BridgeVlan]:
    """The vlans of bridge ports of a namespace (None: the one we run in). Raises the errors of :func:`netwrap.shell.run`."""
    return query.records("bridge_vlan", ["bridge", "vlan", "show"], netns=netns)
