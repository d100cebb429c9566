"""`bridge vlan`: VLANs of ports, and the tunnels that they map to."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Record

COMMAND = "bridge vlan show"
CALLED = "vlans of bridges"
RECORD = "BridgeVlan"
KEY = "ifname"
SHOWS = ("tunnelshow",)
SETS = True
FILTERS = {"dev": ("ifname", True), "vid": ("vlans", True)}
COLUMNS = "ifname vlan tunid? flags? state? rx_bytes? tx_bytes?"
ALIASES = {"dev": "ifname", "vid": "vlan", "port": "ifname"}
BROUGHT = {"-s": ["rx_bytes", "tx_bytes"]}


def rows(port: Record) -> Iterator[Record]:
    """A row for each VLAN, or range of VLANs."""
    for vlan in port.get("vlans", port.get("tunnels", [])) or [{}]:
        yield {"ifname": port.get("ifname"), "vlan": _span(vlan, "vlan"), "tunid": _span(vlan, "tunid"),
               "flags": vlan.get("flags"), "state": vlan.get("state"), "rx_bytes": vlan.get("rx_bytes"),
               "tx_bytes": vlan.get("tx_bytes")}  # fmt: skip


def _span(entry: Record, key: str) -> str | int | None:
    return f"{entry.get(key, '?')}-{entry[key + 'End']}" if key + "End" in entry else entry.get(key)
