"""`bridge fdb`: entries of forwarding tables. See :mod:`parsers.bridge_fdb` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query

if TYPE_CHECKING:
    from parsers.records import BridgeFdb


def show(netns: str | None = None) -> list[BridgeFdb]:
    """The forwarding tables of a namespace (None: the one we run in). Raises the errors of :func:`netwrap.shell.run`."""
    return query.records("bridge_fdb", ["bridge", "fdb", "show"], netns=netns)
