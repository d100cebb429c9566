"""`bridge fdb`: forwarding tables of bridges and VXLANs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Record

COMMAND = "bridge fdb show"
CALLED = "forwarding tables of bridges"
RECORD = "BridgeFdb"
KEY = "mac"
SHOWS = ("get",)
FILTERS = {
    "dev": ("ifname", True), "brport": ("ifname", True), "br": ("master", True), "vlan": ("vlan", True),
    "state": ("state", True), "dynamic": ("state", False),
}  # fmt: skip
COLUMNS = "mac ifname? vlan? dst? vni? port? via? master? flags? state? used?"
ALIASES = {"dev": "ifname", "address": "mac", "lladdr": "mac"}
BROUGHT = {"-s": ["used", "updated"]}


def rows(entry: Record) -> Iterator[Record]:
    """One row."""
    yield {**{key: entry.get(key) for key in ("mac", "ifname", "vlan", "dst", "vni", "port", "master", "used")},
           "via": entry.get("viaIf"), "flags": entry.get("flags") or None, "state": entry.get("state") or None}  # fmt: skip
