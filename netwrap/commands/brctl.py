"""`brctl show`, `showmacs` and `showstp`: bridges, their ports and forwarding tables."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Record

COMMAND = "brctl show"
CALLED = "bridges"
RECORD = "Brctl"
COLUMNS = "ifname? id? stp? port? mac? local? ageing? interfaces?"


def rows(record: Record) -> Iterator[Record]:
    """One row."""
    own = {key: record.get(key) for key in ("ifname", "stp", "port", "mac", "local", "ageing", "state")}
    own["id"] = record.get("id", record.get("bridge_id"))
    yield {**own, "interfaces": record.get("interfaces") or [port["ifname"] for port in record.get("ports", ())] or None}
