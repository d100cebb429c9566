"""Records to rows: the columns that a table of each command has, and the cells that a record fills."""

from __future__ import annotations

from .. import wording
from .selection import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    Record = dict[str, Any]
    Cells = dict[str, Any]


def rows(command: str, records: Sequence[Record]) -> list[Row]:
    """The rows of records of a command; one record may fill several (an address each, a nexthop each)."""
    make = _VIEWS[command][1]
    found = []
    for record in records:
        for cells in make(record):
            if "netns" in record:
                cells = {"netns": wording.netns(record["netns"]), **cells}
            if record.get("unparsed"):
                cells["unparsed"] = record["unparsed"]
            found.append(Row(cells, record))
    return found


def columns(command: str, found: Sequence[Row]) -> list[str]:
    """The columns to show: the command's own, and of those that are seldom filled (``?``) the ones that are."""
    wanted = []
    for column in ("netns?", *_VIEWS[command][0].split(), "unparsed?"):
        name = column.rstrip("?")
        if name == column or any(row.cells.get(name) not in (None, [], "") for row in found):
            wanted.append(name)
    return wanted


def all_columns(command: str) -> list[str]:
    """Every column that a table of the command can have."""
    return [column.rstrip("?") for column in _VIEWS[command][0].split()]


def record_keys(command: str) -> set[str]:
    """Every key that a record of the command can have."""
    from parsers import records

    kinds = {"ip_link": records.Link, "ip_address": records.Address, "ip_route": records.Route, "ip_neigh": records.Neigh,
             "ip_rule": records.Rule, "ip_netns": records.Netns, "bridge_link": records.BridgeLink,
             "bridge_fdb": records.BridgeFdb, "bridge_vlan": records.BridgeVlan, "arp": records.Arp,
             "route": records.RouteRow, "ss": records.Socket, "sysctl": records.Sysctl, "ip_nexthop": records.NexthopObject,
             "ip_netconf": records.Netconf, "ip_maddr": records.Maddr, "ifconfig": records.Ifconfig,
             "brctl": records.Brctl}  # fmt: skip
    return {*getattr(kinds.get(command), "__annotations__", ()), "netns", "unparsed"}


def _link(link: Record) -> Iterator[Cells]:
    info = link.get("linkinfo", {})
    stats = link.get("stats64", {})
    yield {
        "ifindex": link.get("ifindex"), "ifname": link.get("ifname"), "peer": wording.peer(link), "kind": info.get("info_kind"),
        "operstate": wording.state(link), "mtu": link.get("mtu"), "master": link.get("master"), "address": link.get("address"),
        "rx_bytes": stats.get("rx", {}).get("bytes"), "tx_bytes": stats.get("tx", {}).get("bytes"),
        "alias": link.get("ifalias"),
    }  # fmt: skip


_SHOWN_FLAGS = ("tentative", "dadfailed", "deprecated", "temporary", "secondary", "dynamic")


def _address(link: Record) -> Iterator[Cells]:
    own = {"ifindex": link.get("ifindex"), "ifname": link.get("ifname"), "peer": wording.peer(link),
           "operstate": wording.state(link), "lladdr": link.get("address")}  # fmt: skip
    entries = link.get("addr_info") or [{}]
    for entry in entries:
        flags = [flag for flag in _SHOWN_FLAGS if entry.get(flag)]
        yield {**own, "address": wording.address(entry) or None, "scope": entry.get("scope"), "flags": flags or None}


def _route(route: Record) -> Iterator[Cells]:
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


_NEIGH_FLAGS = ("router", "proxy", "managed", "extern_learn", "offload", "extern_valid")


def _neigh(neigh: Record) -> Iterator[Cells]:
    flags = [flag for flag in _NEIGH_FLAGS if flag in neigh]
    yield {"dst": neigh.get("dst"), "dev": neigh.get("dev"), "lladdr": neigh.get("lladdr"), "state": neigh.get("state"),
           "flags": flags or None, "used": neigh.get("used")}  # fmt: skip


def _rule(rule: Record) -> Iterator[Cells]:
    yield {"priority": rule.get("priority"), "from": wording.prefix(rule, "src"), "selector": wording.selector(rule) or None,
           "action": wording.action(rule), "protocol": rule.get("protocol")}  # fmt: skip


def _bridge_link(link: Record) -> Iterator[Cells]:
    yield {**{key: link.get(key) for key in ("ifindex", "ifname", "mtu", "master", "state", "priority", "cost")},
           "peer": wording.peer(link)}  # fmt: skip


def _bridge_fdb(entry: Record) -> Iterator[Cells]:
    yield {**{key: entry.get(key) for key in ("mac", "ifname", "vlan", "dst", "vni", "port", "master", "used")},
           "via": entry.get("viaIf"), "flags": entry.get("flags") or None, "state": entry.get("state") or None}  # fmt: skip


def _span(entry: Record, key: str) -> Any:
    return f"{entry[key]}-{entry[key + 'End']}" if key + "End" in entry else entry.get(key)


def _bridge_vlan(port: Record) -> Iterator[Cells]:
    for vlan in port.get("vlans", port.get("tunnels", [])) or [{}]:
        yield {"ifname": port.get("ifname"), "vlan": _span(vlan, "vlan"), "tunid": _span(vlan, "tunid"),
               "flags": vlan.get("flags"), "state": vlan.get("state"), "rx_bytes": vlan.get("rx_bytes"),
               "tx_bytes": vlan.get("tx_bytes")}  # fmt: skip


def _socket(socket: Record) -> Iterator[Cells]:
    users = [wording.process(user) for user in socket.get("users", ())]
    keys = ("netid", "state", "recv_q", "send_q", "local", "local_port", "peer", "peer_port", "dev", "uid", "ino", "cut")
    yield {**{key: socket.get(key) for key in keys}, "users": users or None}


def _ifconfig(link: Record) -> Iterator[Cells]:
    stats = link.get("stats64", {})
    own = {**{key: link.get(key) for key in ("ifname", "mtu", "cut")}, "lladdr": link.get("address"),
           "flags": link.get("flags") or None, "rx_bytes": stats.get("rx", {}).get("bytes"),
           "tx_bytes": stats.get("tx", {}).get("bytes")}  # fmt: skip
    for entry in link.get("addr_info") or [{}]:
        label = entry.get("label")
        yield {**own, "address": wording.address(entry) or None, "scope": entry.get("scope"),
               "label": label if label != link.get("ifname") else None}  # fmt: skip


def _brctl(record: Record) -> Iterator[Cells]:
    own = {key: record.get(key) for key in ("ifname", "stp", "port", "mac", "local", "ageing", "state")}
    own["id"] = record.get("id", record.get("bridge_id"))
    yield {**own, "interfaces": record.get("interfaces") or [port["ifname"] for port in record.get("ports", ())] or None}


def _maddr(link: Record) -> Iterator[Cells]:
    for group in link.get("maddr") or [{}]:
        yield {"ifindex": link.get("ifindex"), "ifname": link.get("ifname"), "family": group.get("family", "link"),
               "group": group.get("address", group.get("link")), "users": group.get("users"),
               "features": group.get("features")}  # fmt: skip


def _nexthop(nexthop: Record) -> Iterator[Cells]:
    group = [f"{it['id']},{it['weight']}" if "weight" in it else str(it["id"]) for it in nexthop.get("group", ())]
    kind = next((key for key in ("blackhole", "fdb") if key in nexthop), nexthop.get("type"))
    encap = nexthop.get("encap")
    bucket = nexthop.get("bucket", {})
    yield {"id": nexthop.get("id"), "type": kind, "gateway": wording.gateway(nexthop), "dev": nexthop.get("dev"),
           "group": group or None, "scope": nexthop.get("scope"), "protocol": nexthop.get("protocol"),
           "encap": encap.get("encap_type") if isinstance(encap, dict) else encap, "flags": nexthop.get("flags") or None,
           "index": bucket.get("index"), "nhid": bucket.get("nhid"), "idle_time": bucket.get("idle_time")}  # fmt: skip


_NETCONF = ("family", "interface", "forwarding", "rp_filter", "mc_forwarding", "proxy_neigh", "ignore_routes_with_linkdown",
            "bc_forwarding", "input")  # fmt: skip


def _same(*keys: str) -> Callable[[Record], Iterator[Cells]]:
    def make(record: Record) -> Iterator[Cells]:
        yield {key: record.get(key) for key in keys}

    return make


def _report(record: Record) -> Iterator[Cells]:
    up, links = record.get("links_up"), record.get("links")
    yield {
        "nsid": record.get("nsid"), "procs": record.get("processes"),
        "links": None if links is None else f"{'?' if up is None else up}/{links}",
        "addresses": record.get("addresses"), "default": record.get("default"), "neighs": record.get("neighbours"),
        "rules": record.get("rules"),
    }  # fmt: skip


# command -> the columns of its table (? : only where one is filled), and what fills them
_VIEWS: dict[str, tuple[str, Callable[[Record], Iterator[Cells]]]] = {
    "ip_link": ("ifindex? ifname peer? kind? operstate mtu? master? address rx_bytes? tx_bytes? alias?", _link),
    "ip_address": ("ifindex? ifname peer? operstate? address scope? flags? lladdr?", _address),
    "ip_route": (
        "type? dst from? gateway dev weight? encap? table? protocol? scope? prefsrc? metric? nhid? expires? flags?", _route,
    ),
    "ip_neigh": ("dst dev? lladdr flags? state? used?", _neigh),
    "ip_rule": ("priority from selector? action protocol?", _rule),
    "ip_netns": ("name id? nsid?", _same("name", "id", "nsid")),
    "bridge_link": ("ifindex ifname peer? mtu master state priority cost", _bridge_link),
    "bridge_fdb": ("mac ifname? vlan? dst? vni? port? via? master? flags? state? used?", _bridge_fdb),
    "bridge_vlan": ("ifname vlan tunid? flags? state? rx_bytes? tx_bytes?", _bridge_vlan),
    "report": ("nsid? procs? links? addresses? default? neighs? rules?", _report),
    "report_link": (
        "ifname kind? state? peer? how? master? addresses? address? mtu?",
        _same("ifindex", "ifname", "kind", "state", "peer", "how", "master", "addresses", "address", "mtu"),
    ),
    "report_firewall": ("tool table chains rules", _same("tool", "table", "chains", "rules")),
    "trace": (
        "from to address verdict direction? reason? where?",
        _same("from", "to", "address", "verdict", "direction", "reason", "where"),
    ),
    "find": ("role what command", _same("role", "what", "command")),
    "arp": (
        "address name? hwtype hwaddress flags mask? iface cut?",
        _same("address", "name", "hwtype", "hwaddress", "flags", "mask", "iface", "cut"),
    ),
    "route": (
        "source? destination next_hop? gateway? genmask? flags metric? ref? use? mss? window? irtt? iface cut?",
        _same("source", "destination", "next_hop", "gateway", "genmask", "flags", "metric", "ref", "use", "mss", "window",
              "irtt", "iface", "cut"),
    ),
    "ss": ("netid? state? recv_q? send_q? local local_port peer? peer_port? dev? uid? ino? users? cut?", _socket),
    "sysctl": ("key value", _same("key", "value")),
    "ip_nexthop": (
        "id type? gateway? dev? group? encap? scope? protocol? flags? index? nhid? idle_time?", _nexthop,
    ),
    "ip_netconf": (f"family interface {'? '.join(_NETCONF[2:])}?", _same(*_NETCONF)),
    "ip_maddr": ("ifindex? ifname family group users? features?", _maddr),
    "ifconfig": ("ifname flags? mtu address? scope? label? lladdr? rx_bytes? tx_bytes? cut?", _ifconfig),
    "brctl": ("ifname? id? stp? port? mac? local? ageing? interfaces?", _brctl),
}  # fmt: skip
