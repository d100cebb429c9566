"""`ip address`: addresses, and the interfaces that have them."""

from __future__ import annotations

from .. import wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from parsers.records import Record

COMMAND = "ip address show"
CALLED = "addresses"
RECORD = "Address"
KEY = "ifname"
FILTERS = {
    "to": ("addr_info", True), "scope": ("addr_info", True), "up": ("flags", False), "dev": ("ifname", True),
    "label": ("addr_info", True), "group": ("group", True), "master": ("master", True), "nomaster": ("master", False),
    "vrf": ("master", True), "type": ("linkinfo", True),
    **dict.fromkeys(("dynamic", "permanent", "primary", "secondary"), ("addr_info", False)),
    **dict.fromkeys(("temporary", "tentative", "deprecated", "dadfailed"), ("addr_info", False)),
}  # fmt: skip
FIRST = "dev"
COLUMNS = "ifindex? ifname peer? operstate? address scope? flags? lladdr?"
_FLAGS = ("tentative", "dadfailed", "deprecated", "temporary", "secondary", "dynamic")
ALIASES = {
    "state": "operstate", "name": "ifname", "dev": "ifname", "mac": "lladdr", "local": "address", "ip": "address",
    "kind": "linkinfo.info_kind",
    **{f"{way}_{what}": f"stats64.{way}.{what}" for what in ("bytes", "packets", "errors", "dropped") for way in ("rx", "tx")},
}  # fmt: skip
BROUGHT = {
    "-d": "kind linkinfo promiscuity allmulti min_mtu max_mtu num_tx_queues num_rx_queues".split(),
    "-s": "stats64 rx_bytes tx_bytes rx_packets tx_packets rx_errors tx_errors rx_dropped tx_dropped".split(),
}


def rows(link: Record) -> Iterator[Record]:
    """A row for each address; one for a link without any."""
    own = {"ifindex": link.get("ifindex"), "ifname": link.get("ifname"), "peer": wording.peer(link),
           "operstate": wording.state(link), "lladdr": link.get("address")}  # fmt: skip
    for entry in link.get("addr_info") or [{}]:
        flags = [flag for flag in _FLAGS if entry.get(flag)]
        yield {**own, "address": wording.address(entry) or None, "scope": entry.get("scope"), "flags": flags or None}


def complete(links: Iterable[Record], words: Sequence[str]) -> None:
    """Add the family to addresses whose text has none: `ip -br address` prints `10.0.0.2/24` alone."""
    for link in links:
        for entry in link.get("addr_info", ()):
            if "family" not in entry and "local" in entry:
                entry["family"] = "inet6" if ":" in str(entry["local"]) else "inet"
