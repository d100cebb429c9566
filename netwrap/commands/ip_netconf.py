"""`ip netconf`: forwarding, rp_filter and others, of each interface."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Record

COMMAND = "ip netconf show"
CALLED = "forwarding and rp_filter"
RECORD = "Netconf"
KEY = "interface"
FILTERS = {"dev": ("interface", True)}
FIRST = "dev"
_KEYS = (
    "family", "interface", "forwarding", "rp_filter", "mc_forwarding", "proxy_neigh", "ignore_routes_with_linkdown",
    "bc_forwarding", "input",
)  # fmt: skip
COLUMNS = f"family interface {'? '.join(_KEYS[2:])}?"


def rows(record: Record) -> Iterator[Record]:
    """One row."""
    yield {key: record.get(key) for key in _KEYS}
