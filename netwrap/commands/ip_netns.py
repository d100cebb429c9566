"""`ip netns`: names of namespaces, and the ids that one has given to others."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Record

COMMAND = "ip netns list"
CALLED = "names of namespaces"
RECORD = "Netns"
KEY = "nsid"
SHOWS = ("list-id",)
EXACT = True
COLUMNS = "name id? nsid?"


def rows(record: Record) -> Iterator[Record]:
    """One row."""
    yield {key: record.get(key) for key in ("name", "id", "nsid")}
