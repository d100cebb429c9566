"""`sysctl`: switches of the kernel."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Record

COMMAND = "sysctl -a"
CALLED = "switches of the kernel"
RECORD = "Sysctl"
COLUMNS = "key value"


def rows(record: Record) -> Iterator[Record]:
    """One row."""
    yield {key: record.get(key) for key in ("key", "value")}
