"""Answer a command from what was captured, as it would have answered live.

A capture contains more than a command asks for: `-d -s`, all tables, all states. The answer is reduced to the fields that the
command's own options show, and filtered as iproute2 filters; like iproute2 it omits the values filtered by.
"""

from __future__ import annotations

import warnings

from parsers.ip_route import TABLES, family_of, table_of
from parsers.lex import whole

from .. import commands, wording
from ..commands import request as asking
from ..commands.request import Request
from ..errors import CommandWarning, NetwrapError, UsageError, similar
from ..model.coverage import as_printed
from ..prefixes import contains, network
from . import sockets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from parsers.records import AddrInfo, AnyRecord, Record, Route

    from ..commands.line import Command
    from ..model.host import Host
    from ..model.namespace import Namespace


# Keys that only `-d` shows of links, and only `-s` of anything.
_DETAILS = frozenset(
    "linkinfo promiscuity allmulti min_mtu max_mtu inet6_addr_gen_mode num_tx_queues num_rx_queues gso_max_size gso_max_segs "
    "tso_max_size tso_max_segs gro_max_size gso_ipv4_max_size gro_ipv4_max_size phys_port_name phys_port_id phys_switch_id "
    "parentbus parentdev".split()
)
_STATS = frozenset("stats64 refcnt used confirmed updated probes users age".split())
_MISSING = object()


class NotCaptured(NetwrapError):
    """The capture does not contain the table asked for."""


class NoDevice(NetwrapError):
    """A namespace has no link of the name asked for. ``device``: the name; ``near``: the link that may be meant, in words."""

    def __init__(self, device: str, near: str) -> None:
        super().__init__(f'Device "{device}" does not exist in this capture{near or "."}')
        self.device, self.near = device, near


def answer(host: Host, command: Command, netns: str | None = None) -> list[Record]:
    """The records that a command would have shown in a namespace of the host (None: the root).

    Raises UsageError for words that it cannot obey, NotCaptured where the table is not there.
    """
    return answer_in(host, command, place(host, netns))


def place(host: Host, netns: str | None) -> Namespace:
    """The namespace of a name (None: the root, or the only one that there is). Raises UsageError."""
    if not netns and host.root is None and len(host.namespaces) == 1:
        return host.namespaces[0]
    return host.find(netns or "")


def answer_in(host: Host, command: Command, netns: Namespace) -> list[Record]:
    """The records that a command would have shown in a Namespace; raises as :func:`answer`."""
    request = asking.read(command.words)
    if request is None:
        raise UsageError(f"'{' '.join(command.argv)}' shows no table: it cannot be answered from a capture")
    same = _captured_as_asked(netns, request)
    if same is not None:
        return same
    asking.check(request)
    if request.verb not in ("show", "list-id", "showmacs", "showstp"):
        raise UsageError(f"'{' '.join(request.words)}' asks the kernel: it cannot be answered from a capture")
    found = _ANSWERS.get(request.name, _filtered)(host, netns, request)
    if found is None:
        said = netns.failed.get(request.name)
        called = commands.module(request.name).CALLED
        raise NotCaptured(f"not in this capture: {called} of {netns.title}" + (f" ({said})" if said else ""))
    return [_brief(record) for record in found] if request.brief and request.name in _BRIEF else list(map(dict, found))


# What `-br` shows
_BRIEF = ("ip_link", "ip_address", "ip_neigh")
_BRIEF_KEYS = frozenset(
    "link link_index ifname operstate operstate_index address flags addr_info local prefixlen metric dst dev lladdr".split()
)


def _brief(record: AnyRecord) -> Record:
    gone = ("address", "flags") if "addr_info" in record else ()
    found = {key: value for key, value in record.items() if key in _BRIEF_KEYS and key not in gone}
    if "addr_info" in found:
        found["addr_info"] = [_brief(entry) for entry in found["addr_info"]]
    return found


def _captured_as_asked(netns: Namespace, request: Request) -> list[Record] | None:
    """The output of this very command, if the capture has it: of its last run; a whole table is preferred to a part."""
    if request.name == "ss":
        return None
    tables = sorted(netns.tables.get(request.name, []), key=lambda table: not table.part)
    for table in reversed(tables):
        other = table.request
        if other is not None and _key(other) == _key(request) and "".join(other.unknown) in ("", "-n"):
            return as_printed(table)
    return None


def _key(request: Request) -> tuple[Any, ...]:
    filters = {key: TABLES.get(value, value) if key == "table" and value else value for key, value in request.filters.items()}
    if filters.get("table") == "main":
        del filters["table"]
    return (request.verb, request.family, request.details, request.stats, request.brief, filters)


# -- links and addresses -------------------------------------------------------------------------------------------


def shown(record: AnyRecord, details: int = 0, stats: int = 0) -> Record:
    """A record without the keys that only `-d` and `-s` show."""
    gone = (frozenset() if details else _DETAILS) | (frozenset() if stats else _STATS)
    return {key: value for key, value in record.items() if key not in gone}


def _links(host: Host, netns: Namespace, request: Request) -> Sequence[AnyRecord] | None:
    links = netns.links
    if links is None:
        return None
    _warn_details(links, request)
    return [shown(_without(link, "addr_info"), request.details, request.stats) for link in _chosen_links(links, request)]


def _without(record: AnyRecord, *keys: str) -> Record:
    return {key: value for key, value in record.items() if key not in keys}


def _warn_details(records: Sequence[AnyRecord], request: Request) -> None:
    """Warn where links were captured without `-d`: the loopback has no ``linkinfo`` with it either, but a ``promiscuity``."""
    if request.details and records and not any(key in record for record in records for key in ("linkinfo", "promiscuity")):
        _warn_captured_without("-d")


def _warn_captured_without(option: str) -> None:
    warnings.warn(f"captured without {option}: no more is known", CommandWarning, stacklevel=3)


def _chosen_links(links: Iterable[AnyRecord], request: Request) -> list[AnyRecord]:
    """The links that the filters of `ip link` and `ip address` leave."""
    filters = request.filters
    found = every = list(links)
    device = filters.get("dev")
    if device is not None:
        found = [link for link in found if _is_called(link, device)]
        if not found:
            raise NoDevice(device, similar(device, [link["ifname"] for link in every]))
    if "up" in filters:
        found = [link for link in found if "UP" in link.get("flags", ())]
    for key in ("master", "vrf"):
        if key in filters:
            found = [link for link in found if link.get("master") == filters[key]]
    if "nomaster" in filters:
        found = [link for link in found if "master" not in link]
    if "group" in filters:
        found = [link for link in found if link.get("group", "default") == filters["group"]]
    if "type" in filters:
        kind = filters["type"] or ""
        slave = kind.removesuffix("_slave") if kind.endswith("_slave") else None
        key, value = ("info_slave_kind", slave) if slave else ("info_kind", kind)
        found = [link for link in found if link.get("linkinfo", {}).get(key) == value]
    return found


def _is_called(link: AnyRecord, name: str) -> bool:
    return link.get("ifname") == name or name in link.get("altnames", ())


def _addresses(host: Host, netns: Namespace, request: Request) -> Sequence[AnyRecord] | None:
    captured = netns.table("ip_address")
    links = captured if captured is not None else netns.addresses
    if links is None:
        return None
    _warn_details(links, request)
    prefix = network(request.filters.get("to") or "")
    family = request.family or (f"inet{'6' if prefix.version == 6 else ''}" if prefix is not None else "")
    found = []
    for link in _chosen_links(links, request):
        every = link.get("addr_info", [])
        kept = [entry for entry in every if _is_wanted(entry, link, request)]
        if not kept and (every or family not in ("", "link") or "label" in request.filters):
            continue
        record = _without(shown({**link, "addr_info": kept}, request.details, request.stats), *_OF_LINKS)
        if not request.details:
            record = _without(record, "ifalias")
        if family in ("inet", "inet6"):
            record = _without(record, "link_type", "address", "broadcast", "permaddr")
        found.append(record)
    return found


# `ip link` shows these and `ip address` does not, unless both run in one batch
_OF_LINKS = ("linkmode", "linkmode_index", "inet6_addr_gen_mode")
_FLAGS = ("permanent", "dynamic", "primary", "secondary", "temporary", "tentative", "deprecated", "dadfailed")


def _is_wanted(entry: AddrInfo, link: AnyRecord, request: Request) -> bool:
    filters = request.filters
    if request.family not in ("", entry.get("family")):
        return False
    if filters.get("scope") not in (None, entry.get("scope")):
        return False
    label = filters.get("label")
    if label is not None:
        from fnmatch import fnmatchcase

        if not fnmatchcase(str(entry.get("label", link.get("ifname", ""))), label):
            return False
    if "to" in filters and not contains(network(filters["to"] or ""), network(entry.get("local", ""))):
        return False
    for flag in _FLAGS:
        if flag in filters:
            has = {"permanent": not entry.get("dynamic"), "primary": not (entry.get("secondary") or entry.get("temporary"))}
            if not has.get(flag, bool(entry.get(flag) or (flag in ("secondary", "temporary") and _is_secondary(entry)))):
                return False
    return True


def _is_secondary(entry: AddrInfo) -> bool:
    return bool(entry.get("secondary") or entry.get("temporary"))


# -- routes --------------------------------------------------------------------------------------------------------


def _routes(host: Host, netns: Namespace, request: Request) -> Sequence[AnyRecord] | None:
    filters = request.filters
    table = TABLES.get(filters.get("table") or "main", filters.get("table") or "main")
    family = request.family
    prefix = (filters.get("to") or "").rpartition(" ")[2]
    if not family and ":" in prefix:
        family = "inet6"
    if not family and table == "all" and not prefix:
        found = [netns.routes, netns.routes6]
        captured = None if found == [None, None] else [route for some in found for route in some or ()]
    else:
        captured = netns.routes6 if family == "inet6" else netns.routes if family in ("", "inet") else None
    if captured is None:
        return None
    held = list(dict.fromkeys(table_of(route) for route in captured))
    missing = not netns.has_routes(family or "inet", table)
    if missing and table not in ("all", *held):
        only = ", ".join(held[:5]) + ", ..." * (len(held) > 5)
        raise NotCaptured(
            f"routes of table {table} of {netns.title} are not in this capture" + (f", only those of {only}" if held else "")
        )
    if missing and table == "all":
        warnings.warn(f"only these routing tables are in this capture: {', '.join(held) or 'main'}", CommandWarning, stacklevel=2)
    kept = [
        route for route in captured
        if (table == "all" or table_of(route) == table) and _is_route_wanted(route, filters, netns)
        and (route.get("type") != "cache" or "cached" in filters)
    ]  # fmt: skip
    return [_shown_route(route, request, table) for route in kept]


def _is_route_wanted(route: AnyRecord, filters: dict[str, str | None], netns: Namespace) -> bool:
    if "dev" in filters and all(hop.get("dev") != filters["dev"] for hop in wording.hops(route)):
        return False
    for key, name, default in (("protocol", "protocol", "boot"), ("scope", "scope", "global"), ("type", "type", "unicast"),
                               ("src", "prefsrc", None), ("via", "gateway", None)):  # fmt: skip
        if key in filters and filters[key] != "all" and str(route.get(name, default)) != filters[key]:
            return False
    if "metric" in filters and str(route.get("metric", 0)) != filters["metric"]:
        return False
    if "vrf" in filters or "iif" in filters:
        raise UsageError("cannot answer from a capture: 'vrf' and 'iif' of 'ip route show'")
    if "to" in filters:
        how, _, prefix = (filters["to"] or "").rpartition(" ")
        family = family_of(route)
        wanted = network(prefix, family if prefix in ("default", "any", "all") else "")
        if wanted is None:
            raise UsageError(f'any valid prefix is expected rather than "{prefix}".')
        own = network(route.get("dst", ""), family)
        within, around = contains(wanted, own), contains(own, wanted)
        return within if how == "root" else around if how == "match" else within and around
    return True


def _shown_route(route: Route, request: Request, table: str) -> Record:
    """A route as the command's own options show it."""
    filters = request.filters
    shown_route = shown(route, 1, request.stats)
    for key, default in (("type", "unicast"), ("protocol", "boot"), ("scope", "global"), ("table", "main")):
        if request.details:
            shown_route.setdefault(key, default)
        elif shown_route.get(key) == default:
            del shown_route[key]
    if table != "all":
        shown_route.pop("table", None)
    for key, name in (("dev", "dev"), ("protocol", "protocol"), ("scope", "scope"), ("src", "prefsrc"), ("via", "gateway"),
                      ("metric", "metric")):  # fmt: skip
        if key in filters:
            shown_route.pop(name, None)
    return shown_route


# -- neighbours ----------------------------------------------------------------------------------------------------


def _neighs(host: Host, netns: Namespace, request: Request) -> Sequence[AnyRecord] | None:
    filters = request.filters
    captured = netns.proxies if "proxy" in filters else netns.neighs
    if captured is None:
        return None
    states = _states(filters.get("nud"))
    found = []
    for neigh in captured:
        if request.family and request.family != ("inet6" if ":" in neigh.get("dst", "") else "inet"):
            continue
        if filters.get("dev") not in (None, neigh.get("dev")):
            continue
        if "to" in filters and not ("dst" in neigh and contains(network(filters["to"] or ""), network(neigh["dst"]))):
            continue
        if filters.get("protocol") not in (None, neigh.get("protocol")):
            continue
        state = neigh.get("state")
        if "proxy" not in filters and state is not None and states.isdisjoint(state or ("NONE",)) and "extern_learn" not in neigh:
            continue
        if "unused" in filters and neigh.get("refcnt"):
            continue
        if any(key in filters for key in ("master", "vrf", "nomaster")):
            master = (netns.link(neigh.get("dev", "")) or {}).get("master")
            if master != (None if "nomaster" in filters else filters.get("master", filters.get("vrf"))):
                continue
        found.append(_without(shown(neigh, 1, request.stats), *(["dev"] if "dev" in filters else [])))
    return found


def _states(nud: str | None) -> frozenset[str]:
    from parsers.ip_neigh import STATES

    if nud is None:
        return STATES - {"NOARP", "NONE"}
    return STATES if nud == "all" else frozenset((nud.upper(),))


# -- the rest ------------------------------------------------------------------------------------------------------


def _arp(netns: Namespace, request: Request) -> Sequence[AnyRecord] | None:
    from parsers.arp import from_neigh

    captured = netns.table("arp")
    if captured is None and netns.neighs is not None:
        return list(from_neigh([*netns.neighs, *(netns.proxies or ())]))
    return captured


def _route(netns: Namespace, request: Request) -> Sequence[AnyRecord] | None:
    from parsers.route import from_routes

    captured = netns.table("route", request.family)
    if captured is not None:
        return captured
    routes = netns.routes6 if request.family == "inet6" else netns.routes
    return None if routes is None else from_routes([route for route in routes if table_of(route) == "main"])


# What a capture holds of a command may also stand in the table of another.
_CONVERTED: dict[str, Callable[[Namespace, Request], Sequence[AnyRecord] | None]] = {"arp": _arp, "route": _route}


def _filtered(host: Host, netns: Namespace, request: Request) -> Sequence[AnyRecord] | None:
    """The records of any command, filtered as its module says."""
    command = commands.module(request.name)
    family = request.family or getattr(command, "FAMILY", "")
    convert = _CONVERTED.get(request.name)
    captured = netns.table(request.name, family) if convert is None else convert(netns, request)
    if captured is None:
        return None
    asked = [table.request for table in netns.tables.get(request.name, ()) if table.request is not None]
    if request.details and convert is None and asked and not any(other.details for other in asked):
        _warn_captured_without("-d")
    unknown = [word for word in request.filters if word not in getattr(command, "FILTERS", {})]
    if unknown:
        raise UsageError(f"cannot answer from a capture: {' '.join(unknown)!r} in '{' '.join(request.words)}'")
    keys = {command.FILTERS[word][0]: value for word, value in request.filters.items()}
    found = [record for record in captured if all(_has(record, key, value) for key, value in keys.items())]
    if family:
        found = [record for record in found if record.get("family", family) == family]
    details = () if request.details else getattr(command, "DETAILS", ())
    return [_without(record, *details) for record in found]


def _has(record: AnyRecord, key: str, value: str | None) -> bool:
    """Whether a record has a key with a value (None: with any); an address also fits without its prefix length."""
    if value is None:
        return key in record
    own = wording.prefix(record, key)
    return value == "all" if own is None else value in (own, own.partition("/")[0])


def _netns(host: Host, netns: Namespace, request: Request) -> Sequence[AnyRecord] | None:
    if request.verb == "list-id":
        return netns.nsids
    found: list[Record] = []
    for other in host.namespaces:
        nsid = host.nsid(other, netns)
        found += [{"name": name, **({"id": nsid} if nsid is not None else {})} for name in other.names]
    return found


def _fdb(host: Host, netns: Namespace, request: Request) -> Sequence[AnyRecord] | None:
    if netns.fdb is None:
        return None
    filters = request.filters
    device = filters.get("dev", filters.get("brport"))
    masters = {link.get("ifname"): link.get("master") for link in netns.links or ()}
    found = []
    for entry in netns.fdb:
        if device is not None and entry.get("ifname") != device or filters.get("vlan") not in (None, str(entry.get("vlan"))):
            continue
        if "br" in filters and filters["br"] not in (entry.get("master"), entry.get("ifname"), masters.get(entry.get("ifname"))):
            continue
        if "dynamic" in filters and entry.get("state") == "permanent" or filters.get("state") not in (None, entry.get("state")):
            continue
        found.append(_without(shown(entry, 1, request.stats), *(["ifname"] if device is not None else [])))
    return found


def _vlans(host: Host, netns: Namespace, request: Request) -> Sequence[AnyRecord] | None:
    if netns.vlans is None:
        return None
    found = [port for port in netns.vlans if request.filters.get("dev") in (None, port.get("ifname"))]
    if "vid" in request.filters:
        vid = whole(request.filters["vid"] or "")
        if vid is None:
            raise UsageError(f"not a VLAN: {request.filters['vid']!r}")
        found = [
            {**port, "vlans": [it for it in port.get("vlans", ()) if it["vlan"] <= vid <= it.get("vlanEnd", it["vlan"])]}
            for port in found
        ]
        found = [port for port in found if port["vlans"]]
    return found


def _maddrs(host: Host, netns: Namespace, request: Request) -> Sequence[AnyRecord] | None:
    if netns.maddrs is None:
        return None
    found = []
    for link in netns.maddrs:
        groups = [group for group in link["maddr"] if request.family in ("", group.get("family", "link"))]
        if groups and request.filters.get("dev") in (None, link.get("ifname")):
            found.append({**link, "maddr": groups})
    return found


def _sysctls(host: Host, netns: Namespace, request: Request) -> Sequence[AnyRecord] | None:
    from parsers.sysctl import dotted

    if netns.sysctls is None:
        return None
    wanted = [dotted(key) for key in (request.filters.get("key") or "").split()]
    missing = [key for key in wanted if key not in netns.sysctls]
    if missing:
        from netwrap.errors import similar

        near = next((f"; did you mean {key!r}?" for key in netns.sysctls if key.endswith(f".{missing[0]}")), "")
        near = near or similar(missing[0], netns.sysctls)
        raise NotCaptured(f"not in this capture: {', '.join(missing)} of {netns.title}{near}")
    chosen = {key: netns.sysctls[key] for key in wanted} or netns.sysctls
    return [{"key": key, "value": line} for key, value in chosen.items() for line in value.split("\n")]


# What `ifconfig` prints of a link, and of an address.
_IFCONFIG = ("ifname", "flags", "mtu", "link_type", "address", "txqlen", "stats64", "addr_info")
_IFCONFIG_ADDRESS = ("family", "local", "address", "prefixlen", "broadcast", "scope", "label")


def _ifconfig(host: Host, netns: Namespace, request: Request) -> Sequence[AnyRecord] | None:
    found: list[Record] = []
    for link in netns.addresses or ():
        name = request.filters.get("dev")
        if name != link.get("ifname") if name is not None else "up" in request.filters and "UP" not in link.get("flags", ()):
            continue
        shown: Record = {key: value for key, value in link.items() if key in _IFCONFIG}
        shown["addr_info"] = [
            {key: value for key, value in entry.items() if key in _IFCONFIG_ADDRESS}
            for entry in link.get("addr_info", ())
            if "local" in entry
        ]
        found.append(shown)
    return None if netns.addresses is None else found


def _brctl(host: Host, netns: Namespace, request: Request) -> Sequence[AnyRecord] | None:
    """`brctl show` from links with details; `showmacs` and `showstp` only where they were captured themselves."""
    bridges = [link for link in netns.links or () if link.get("linkinfo", {}).get("info_kind") == "bridge"]
    if request.verb != "show" or not bridges and not any("linkinfo" in link for link in netns.links or ()):
        return None
    found = []
    for link in bridges:
        data = link["linkinfo"].get("info_data", {})
        if request.filters.get("dev") not in (None, link["ifname"]):
            continue
        record: Record = {"ifname": link["ifname"]}
        if "bridge_id" in data:
            record["id"] = data["bridge_id"].replace(":", "")
        if "stp_state" in data:
            record["stp"] = bool(data["stp_state"])
        found.append({**record, "interfaces": [port["ifname"] for port in netns.ports(link["ifname"])]})
    return found


# Commands whose filters ask for more than that a key has a value.
def _rules(host: Host, netns: Namespace, request: Request) -> Sequence[AnyRecord] | None:
    """The rules that one of the firewall tools would have shown: its own rules, of one family, table or chain."""
    if not netns.tables.get(request.name):
        return None
    wanted = dict(request.filters)
    if request.name == "iptables":
        wanted["family"] = "ip6" if request.family == "inet6" else "ip"
    backend = wanted.pop("backend", None)
    tool = "nft" if request.name == "nft" else {"legacy": "-legacy", "nf_tables": "-nft"}.get(backend or "", "tables")
    found = [record for record in netns.rulesets or () if tool in record["tool"] and (tool == "nft") == (record["tool"] == "nft")]
    found = [record for record in found if all(record.get(key, value) == value for key, value in wanted.items())]
    return [{key: value for key, value in record.items() if key != "tool"} for record in found]


_ANSWERS: dict[str, Callable[[Host, Namespace, Request], Sequence[AnyRecord] | None]] = {
    "ip_link": _links, "ip_address": _addresses, "ip_route": _routes, "ip_neigh": _neighs, "ip_netns": _netns,
    "bridge_fdb": _fdb, "bridge_vlan": _vlans, "ip_maddr": _maddrs, "ss": sockets.answer, "sysctl": _sysctls,
    "ifconfig": _ifconfig, "brctl": _brctl, "nft": _rules, "iptables": _rules,
}  # fmt: skip
