"""`ip link`: network interfaces."""

from __future__ import annotations

from .. import wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Record

COMMAND = "ip link show"
CALLED = "links"
RECORD = "Link"
KEY = "ifname"
SETS = True
FILTERS = {
    "up": ("flags", False), "dev": ("ifname", True), "master": ("master", True), "nomaster": ("master", False),
    "vrf": ("master", True), "group": ("group", True), "type": ("linkinfo", True),
}  # fmt: skip
FIRST = "dev"
COLUMNS = "ifindex? ifname peer? kind? operstate mtu? master? address rx_bytes? tx_bytes? alias?"


def rows(link: Record) -> Iterator[Record]:
    """One row."""
    info = link.get("linkinfo", {})
    stats = link.get("stats64", {})
    yield {
        "ifindex": link.get("ifindex"), "ifname": link.get("ifname"), "peer": wording.peer(link), "kind": info.get("info_kind"),
        "operstate": wording.state(link), "mtu": link.get("mtu"), "master": link.get("master"), "address": link.get("address"),
        "rx_bytes": stats.get("rx", {}).get("bytes"), "tx_bytes": stats.get("tx", {}).get("bytes"),
        "alias": link.get("ifalias"),
    }  # fmt: skip
