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
COLUMNS = (
    "ifindex? ifname peer? kind? operstate mtu? master? address rx_bytes? tx_bytes? alias? "
    "rx_errors? tx_errors? rx_dropped? tx_dropped?"
)
ALIASES = {
    "state": "operstate", "name": "ifname", "dev": "ifname", "mac": "address", "lladdr": "address", "info_kind": "kind",
    "ifalias": "alias", "rx_packets": "stats64.rx.packets", "tx_packets": "stats64.tx.packets",
}  # fmt: skip
BROUGHT = {
    "-d": (
        "kind linkinfo promiscuity allmulti min_mtu max_mtu inet6_addr_gen_mode num_tx_queues num_rx_queues gso_max_size "
        "gso_max_segs tso_max_size tso_max_segs gro_max_size gso_ipv4_max_size gro_ipv4_max_size"
    ).split(),
    "-s": "stats64 rx_bytes tx_bytes rx_packets tx_packets rx_errors tx_errors rx_dropped tx_dropped".split(),
}


def rows(link: Record) -> Iterator[Record]:
    """One row."""
    info = link.get("linkinfo", {})
    stats = link.get("stats64", {})
    yield {
        "ifindex": link.get("ifindex"), "ifname": link.get("ifname"), "peer": wording.peer(link), "kind": info.get("info_kind"),
        "operstate": wording.state(link), "mtu": link.get("mtu"), "master": link.get("master"), "address": link.get("address"),
        **{f"{way}_{what}": stats.get(way, {}).get(what) for what in ("bytes", "errors", "dropped") for way in ("rx", "tx")},
        "alias": link.get("ifalias"),
    }  # fmt: skip
