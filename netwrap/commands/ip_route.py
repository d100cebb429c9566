"""`ip route`: routing tables."""

from __future__ import annotations

from .. import wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Record

COMMAND = "ip route show"
CALLED = "routes"
RECORD = "Route"
KEY = "dst"
SHOWS = ("get",)
FILTERS = {
    "table": ("table", True), "protocol": ("protocol", True), "dev": ("dev", True), "oif": ("dev", True), "iif": ("iif", True),
    "via": ("gateway", True), "src": ("prefsrc", True), "scope": ("scope", True), "type": ("type", True),
    "metric": ("metric", True), "vrf": ("table", True), "to": ("dst", True), "root": ("dst", True), "match": ("dst", True),
    "exact": ("dst", True), "cached": ("cache", False), "id": ("table", True),
}  # fmt: skip
SAME = {"oif": "dev", "id": "table"}
FIRST = "to"
COLUMNS = "type? dst from? gateway dev weight? encap? table? protocol? scope? prefsrc? metric? nhid? expires? flags?"
ALIASES = {"proto": "protocol", "src": "prefsrc", "via": "gateway", "oif": "dev", "destination": "dst"}
BROUGHT = {"table all": ["table"]}
USUAL = {"type": "unicast", "protocol": "boot", "scope": "global", "table": "main"}


def rows(route: Record) -> Iterator[Record]:
    """A row for each nexthop."""
    own = {key: route.get(key) for key in ("table", "protocol", "scope", "prefsrc", "metric", "nhid", "expires")}
    dst = route.get("dst")
    own["type"] = route.get("type") if route.get("type") != "unicast" else None
    for hop in route.get("nexthops") or [route]:
        encap = hop.get("encap")
        yield {
            "dst": dst, "gateway": wording.gateway(hop), "dev": hop.get("dev", route.get("dev")), **own,
            "weight": hop.get("weight"), "encap": encap.get("encap_type") if isinstance(encap, dict) else encap,
            "flags": hop.get("flags") or None, "from": route.get("from"),
        }  # fmt: skip
