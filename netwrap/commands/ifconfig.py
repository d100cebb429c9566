"""`ifconfig` and `netstat -i` of net-tools and busybox: interfaces with their addresses."""

from __future__ import annotations

from .. import wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Record

COMMAND = "ifconfig -a"
CALLED = "links"
RECORD = "Ifconfig"
COLUMNS = "ifname flags? mtu address? scope? label? lladdr? rx_bytes? tx_bytes? cut?"


def rows(link: Record) -> Iterator[Record]:
    """A row for each address; one for a link without any."""
    stats = link.get("stats64", {})
    own = {**{key: link.get(key) for key in ("ifname", "mtu", "cut")}, "lladdr": link.get("address"),
           "flags": link.get("flags") or None, "rx_bytes": stats.get("rx", {}).get("bytes"),
           "tx_bytes": stats.get("tx", {}).get("bytes")}  # fmt: skip
    for entry in link.get("addr_info") or [{}]:
        label = entry.get("label")
        yield {**own, "address": wording.address(entry) or None, "scope": entry.get("scope"),
               "label": label if label != link.get("ifname") else None}  # fmt: skip
