"""`wg`: wireguard links and their peers. See :mod:`parsers.wg` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query

if TYPE_CHECKING:
    from parsers.records import Wg


def show(netns: str | None = None) -> list[Wg]:
    """Return the wireguard links of a namespace (None: the one we run in). Raises the errors of :func:`netwrap.shell.run`."""
    return query.records("wg", ["wg", "show"], netns=netns)
