"""The column names that options accept: their aliases, a description, and the command's option that adds the column."""

from __future__ import annotations

from .. import commands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Other names of the columns of answers; those of commands stand in :mod:`netwrap.commands`.
_ALIASES = {
    "report": {"processes": "procs", "neighbours": "neighs", "name": "netns"},
    "report_link": {"operstate": "state", "name": "ifname", "dev": "ifname", "mac": "address"},
}

# The columns of answers that are shown only on request.
_ON_DEMAND = {"report": ["firewall", "nat", "forward", "down", "mtu", "listen"]}

#: A short description of each column, for `--columns ?`.
WORDS = {
    "netns": "the namespace", "host": "the machine", "unparsed": "words that no field is known for", "ifindex": "its number",
    "ifname": "its name", "peer": "the other end, or the parent", "kind": "veth, bridge, vlan, …", "operstate": "UP, DOWN, …",
    "mtu": "the largest packet, in bytes", "master": "the bridge, bond or VRF it belongs to", "address": "its address",
    "alias": "its description", "scope": "how far it is valid: global, link, host", "flags": "what else is set",
    "lladdr": "the hardware address", "dst": "the destination", "gateway": "the next router", "dev": "the interface",
    "type": "unicast, blackhole, …", "from": "the source it is for", "weight": "its share among several ways",
    "encap": "the encapsulation", "table": "the routing table", "protocol": "what made it: kernel, static, …",
    "prefsrc": "the source address it chooses", "metric": "the lower is taken first", "nhid": "the nexthop object",
    "expires": "seconds left", "state": "its state", "used": "seconds since its use", "priority": "the lower is asked first",
    "selector": "what else it asks for", "action": "what it does", "mac": "the hardware address", "vlan": "the VLAN id",
    "vni": "the network of the VXLAN", "port": "the UDP port", "via": "the interface it goes by", "nsid": "its id in the root",
    "procs": "processes in it", "links": "interfaces: up/all", "addresses": "IP addresses", "default": "the default gateway",
    "neighs": "neighbours (ARP, NDP)", "rules": "routing rules (of a firewall: its rules)", "role": "in which part it occurs",
    "what": "what stands there", "command": "the command that shows it", "how": "how the peer is known", "tool": "nft, iptables",
    "chains": "its chains", "hwtype": "the kind of hardware", "hwaddress": "the hardware address", "iface": "the interface",
    "rx_bytes": "bytes received", "tx_bytes": "bytes sent", "rx_packets": "packets received", "tx_packets": "packets sent",
    "rx_errors": "errors on receiving", "tx_errors": "errors on sending", "rx_dropped": "dropped on receiving",
    "tx_dropped": "dropped on sending", "destination": "the destination", "genmask": "its mask", "cost": "of the spanning tree",
    "name": "its name", "id": "its number here", "tunid": "the tunnel's id", "next_hop": "the next router",
    "firewall": "rules that decide something",
    "nat": "masquerade, snat, dnat, …",
    "forward": "the families that are forwarded: 4, 6, off", "down": "the links that are down",
    "listen": "what listens: tcp/22",
}  # fmt: skip


def _said(command: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = getattr(commands.module(command), name, {}) if commands.exists(command) else {}
    return found


def aliases(command: str) -> dict[str, str]:
    """The aliases of the columns of a table, each with its column."""
    return _ALIASES.get(command) or _said(command, "ALIASES")


def usual(command: str) -> dict[str, str]:
    """The default values of columns that iproute2 omits when they have the default."""
    return _said(command, "USUAL")


def on_demand(command: str) -> list[str]:
    """The names of columns that an option of the command adds, or that are shown only on request."""
    return _ON_DEMAND.get(command) or [name for brought in _said(command, "BROUGHT").values() for name in brought]


def option_for(command: str, name: str) -> str:
    """The option of the command that adds a column: ``-d``, ``-s``, ``table all``; "" for one that is always present.

    >>> option_for("ip_link", "kind"), option_for("ip_route", "table"), option_for("ip_link", "mtu")
    ('-d', 'table all', '')
    """
    top = name.removeprefix("@peer.").partition(".")[0]
    return next((option for option, brought in _said(command, "BROUGHT").items() if top in brought), "")


def was_given(command: str, option: str, records: list[dict[str, Any]]) -> bool:
    """Whether the records show that their command had an option."""
    keys = _said(command, "BROUGHT")[option]
    return any(key in record for record in records for key in keys)


def can_have(command: str, name: str) -> bool:
    """Whether a record of a command can have a (dotted) key, as far as its TypedDict tells.

    >>> can_have("ip_link", "linkinfo.info_kind"), can_have("ip_link", "linkinfo.typo"), can_have("ip_link", "mtu.x")
    (True, False, False)
    """
    import re

    from parsers import records

    kind = getattr(commands.module(command), "RECORD", None) if commands.exists(command) else None
    for part in name.removeprefix("@peer.").split("."):
        if kind is None:
            return False
        fields = getattr(getattr(records, kind), "__annotations__", {})
        if part not in fields:
            return kind == "Route" and part == "from"
        annotation = fields[part]
        text = str(getattr(annotation, "__forward_arg__", annotation))
        if "Any" in text or text.startswith("dict"):
            return True
        kind = next((word for word in re.findall(r"\w+", text) if word[0].isupper() and hasattr(records, word)), None)
    return True
