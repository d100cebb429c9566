"""`bridge link`: ports of bridges. See :mod:`parsers.bridge_link` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query

if TYPE_CHECKING:
    from parsers.records import BridgeLink


def show(netns: str | None = None) -> list[BridgeLink]:
    """The ports of bridges of a namespace (None: the one we run in). Raises the errors of :func:`netwrap.shell.run`."""
    return query.records("bridge_link", ["bridge", "link", "show"], netns=netns)
