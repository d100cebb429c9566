"""Records to rows: the columns that a table of each command has, and the cells that a record fills."""

from __future__ import annotations

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
                cells = {"netns": netns(record["netns"]), **cells}
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
             "route": records.RouteRow}  # fmt: skip
    return {*getattr(kinds.get(command), "__annotations__", ()), "netns", "unparsed"}


def netns(name: str | None) -> str:
    """What a table calls a namespace: the one that netwrap runs in has no name of its own."""
    return "(root)" if name is None else name


def peer(link: Record) -> str | None:
    """The other end or the parent of a link, as far as the link itself says it: ``eth0``, ``if7@blue``, ``if7@nsid 0``."""
    if link.get("link"):
        found = str(link["link"])
    elif "link_index" in link:
        found = f"if{link['link_index']}"
    else:
        return None
    if "link_netns" in link:
        return f"{found}@{link['link_netns']}"
    if "link_netnsid" in link:
        return f"{found}@nsid {link['link_netnsid']}"
    return found


def state(link: Record) -> Any:
    """The operational state; ``UP`` of the flags where the form has none (busybox)."""
    return link.get("operstate", link.get("operstate_index"))


def address(entry: Record) -> str:
    """``10.0.0.1/24``, or ``10.0.0.1 peer 10.0.0.2/32``"""
    length = f"/{entry['prefixlen']}" if "prefixlen" in entry else ""
    if "address" in entry:
        return f"{entry.get('local', '')} peer {entry['address']}{length}".strip()
    return f"{entry.get('local', '')}{length}"


def _link(link: Record) -> Iterator[Cells]:
    info = link.get("linkinfo", {})
    stats = link.get("stats64", {})
    yield {
        "ifindex": link.get("ifindex"), "ifname": link.get("ifname"), "peer": peer(link), "kind": info.get("info_kind"),
        "operstate": state(link), "mtu": link.get("mtu"), "master": link.get("master"), "address": link.get("address"),
        "rx_bytes": stats.get("rx", {}).get("bytes"), "tx_bytes": stats.get("tx", {}).get("bytes"),
        "alias": link.get("ifalias"),
    }  # fmt: skip


_SHOWN_FLAGS = ("tentative", "dadfailed", "deprecated", "temporary", "secondary", "dynamic")


def _address(link: Record) -> Iterator[Cells]:
    own = {"ifindex": link.get("ifindex"), "ifname": link.get("ifname"), "peer": peer(link), "operstate": state(link),
           "lladdr": link.get("address")}  # fmt: skip
    entries = link.get("addr_info") or [{}]
    for entry in entries:
        flags = [flag for flag in _SHOWN_FLAGS if entry.get(flag)]
        yield {**own, "address": address(entry) or None, "scope": entry.get("scope"), "flags": flags or None}


def gateway(route: Record) -> str | None:
    """``10.0.0.1``, or with its family where that is not the route's: ``inet6 fe80::1``"""
    if "via" in route:
        return f"{route['via'].get('family', '')} {route['via'].get('host', '')}".strip()
    return route.get("gateway")


def _route(route: Record) -> Iterator[Cells]:
    own = {key: route.get(key) for key in ("table", "protocol", "scope", "prefsrc", "metric", "nhid", "expires")}
    dst = route.get("dst")
    own["type"] = route.get("type") if route.get("type") != "unicast" else None
    for hop in route.get("nexthops") or [route]:
        encap = hop.get("encap")
        yield {
            "dst": dst, "gateway": gateway(hop), "dev": hop.get("dev", route.get("dev")), **own, "weight": hop.get("weight"),
            "encap": encap.get("encap_type") if isinstance(encap, dict) else encap, "flags": hop.get("flags") or None,
            "from": route.get("from"),
        }  # fmt: skip


_NEIGH_FLAGS = ("router", "proxy", "managed", "extern_learn", "offload", "extern_valid")


def _neigh(neigh: Record) -> Iterator[Cells]:
    flags = [flag for flag in _NEIGH_FLAGS if flag in neigh]
    yield {"dst": neigh.get("dst"), "dev": neigh.get("dev"), "lladdr": neigh.get("lladdr"), "state": neigh.get("state"),
           "flags": flags or None, "used": neigh.get("used")}  # fmt: skip


def _prefix(rule: Record, key: str) -> str | None:
    if key not in rule:
        return None
    return f"{rule[key]}/{rule[key + 'len']}" if key + "len" in rule else str(rule[key])


def action(rule: Record) -> str | None:
    """What a rule does: ``lookup main``, ``blackhole``, ``goto 100``"""
    if "table" in rule:
        return f"lookup {rule['table']}"
    if "l3mdev" in rule:
        return "lookup [l3mdev-table]"
    if "goto" in rule:
        return f"goto {rule['goto']}"
    return rule.get("action") or ("nop" if "nop" in rule else None)


def selector(rule: Record) -> str:
    """What a rule asks beside the source, in the words of iproute2."""
    words = ["not"] if "not" in rule else []
    to = _prefix(rule, "dst")
    words += ["to", to] if to else []
    for key in ("tos", "dscp", "iif", "oif", "ipproto", "tun_id", "flowlabel"):
        words += [key, str(rule[key])] if key in rule else []
    if "fwmark" in rule:
        words += ["fwmark", rule["fwmark"] + (f"/{rule['fwmask']}" if "fwmask" in rule else "")]
    if "uid_start" in rule:
        words += ["uidrange", f"{rule['uid_start']}-{rule['uid_end']}"]
    for key in ("sport", "dport"):
        if key in rule:
            words += [key, str(rule[key])]
        elif key + "_start" in rule:
            words += [key, f"{rule[key + '_start']}-{rule[key + '_end']}"]
    if "suppress_prefixlen" in rule:
        words += ["suppress_prefixlength", str(rule["suppress_prefixlen"])]
    return " ".join(words)


def _rule(rule: Record) -> Iterator[Cells]:
    yield {"priority": rule.get("priority"), "from": _prefix(rule, "src"), "selector": selector(rule) or None,
           "action": action(rule), "protocol": rule.get("protocol")}  # fmt: skip


def _bridge_link(link: Record) -> Iterator[Cells]:
    yield {**{key: link.get(key) for key in ("ifindex", "ifname", "mtu", "master", "state", "priority", "cost")},
           "peer": peer(link)}  # fmt: skip


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
}  # fmt: skip
