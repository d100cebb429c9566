"""`ip neigh`: neighbours (ARP, NDP) and proxy entries."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Record

COMMAND = "ip neigh show"
CALLED = "neighbours"
RECORD = "Neigh"
KEY = "state"
SHOWS = ("get",)
FILTERS = {
    "dev": ("dev", True), "to": ("dst", True), "nud": ("state", True), "proxy": ("proxy", False), "unused": ("refcnt", False),
    "master": ("dev", True), "nomaster": ("dev", False), "vrf": ("dev", True), "protocol": ("protocol", True),
}  # fmt: skip
FIRST = "to"
COLUMNS = "dst dev? lladdr flags? state? used?"
_FLAGS = ("router", "proxy", "managed", "extern_learn", "offload", "extern_valid")
ALIASES = {"address": "dst", "ip": "dst", "mac": "lladdr", "nud": "state", "ifname": "dev"}
BROUGHT = {"-s": ["used", "confirmed", "updated", "probes", "refcnt"]}


def rows(neigh: Record) -> Iterator[Record]:
    """One row."""
    flags = [flag for flag in _FLAGS if flag in neigh]
    yield {**{key: neigh.get(key) for key in ("dst", "dev", "lladdr", "state", "used")}, "flags": flags or None}
