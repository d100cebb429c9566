"""Checks of routes: gateways, defaults, sources, and the ways that packets really take."""

from __future__ import annotations

from itertools import islice

from ...model.peers import PAIRS
from ...wording import hops
from ..inside import sysctl_key
from ..links import state
from . import UNUSABLE, address_of, check, dev_of, gateway_of, holds, is_idle, is_main, is_real, kind, network_of, prefix_of
from .addresses import on_segment
from .links import dead
from .walks import DROPS, is_proxied, walked, walks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from parsers.records import Address, AddrInfo, Neigh, Route, Rule

    from ...model.namespace import Namespace
    from ..segment import End
    from . import Finding, Look


@check("R01", "warning", "no default route, and its neighbours have one", "only the namespace's own networks are reached")
def no_default(look: Look) -> Iterator[Finding]:
    """All routes of main were captured and none is a default route, while another namespace on the same segment has a default
    route by a gateway that this namespace reaches, too."""
    for netns in look.namespaces:
        if netns.here or not netns.has_routes("inet") or look.defaults(netns):
            continue
        for link in netns.addresses or ():
            name = str(link.get("ifname"))
            own = [entry for entry in link.get("addr_info", ()) if entry.get("family") == "inet" and is_real(entry)]
            if not own or state(netns.link(name) or link) == "down":
                continue
            found = None
            segment = look.segment(netns, name)
            for end in segment.ends if look.any_end(segment, _has_default) is not None else ():
                for route in look.defaults(end.netns) if end.netns is not netns and not end.netns.here else ():
                    gateway = gateway_of(hops(route)[0])
                    inside = network_of(own[0])
                    if any(where is netns for where, _ in look.walker.owners(str(gateway))):
                        continue
                    if gateway and is_main(route) and inside is not None and address_of(gateway) in inside:
                        found = found or (end.netns, route, gateway)
            if found is not None:
                there, route, gateway = found
                yield look.finding(
                    netns,
                    f"{netns.title} has no default route; {there.title} beside it has one by {gateway}",
                    own[0],
                    (there, route),
                    dev=name,
                    mend=[look.inside(netns, f"ip route add default via {gateway}")],
                )
                break


def _has_default(look: Look, end: End) -> bool:
    return not end.netns.here and bool(look.defaults(end.netns))


@check("R23", "error", "a default route for one source address only", "only packets from one source address have a way out")
def default_for_one_source(look: Look) -> Iterator[Finding]:
    """All of main was captured and has no default route. Another table has one, but only a rule for one source address leads
    there, and the namespace has another global address."""
    for netns in look.namespaces:
        if not netns.has_routes("inet") or netns.rules is None or any(is_main(route) for route in look.defaults(netns)):
            continue
        for route in look.defaults(netns):
            table = str(route.get("table"))
            rules = [rule for rule in netns.rules if str(rule.get("table")) == table]
            if not rules or any(rule.get("src", "all") == "all" for rule in rules):
                continue
            sources = {str(rule["src"]) for rule in rules}
            gateway = gateway_of(hops(route)[0])
            for text, dev, record in _sources(look, netns):
                if text in sources or any(_holds(rule, text) for rule in rules):
                    continue
                yield look.finding(
                    netns,
                    f"no default route for {text}: table main has none, and rule {rules[0].get('priority')} sends only "
                    f"{', '.join(sorted(sources))} to table {table}, which has one (by {gateway})",
                    record,
                    rules[0],
                    route,
                    dev=dev,
                    mend=[look.inside(netns, f"ip route add default via GATEWAY dev {dev}")],
                )
                break
            break


def _sources(look: Look, netns: Namespace) -> Iterator[tuple[str, str, Route | AddrInfo]]:
    """The addresses that a namespace sends from, with the connected route (or the address) that shows each."""
    told: set[str] = set()
    for route in netns.routes or ():
        if is_main(route) and "prefsrc" in route and not gateway_of(route) and is_real({"local": route["prefsrc"]}):
            told.add(str(route["prefsrc"]))
            yield str(route["prefsrc"]), str(route.get("dev")), route
    for link, entry in look.entries_of(netns, "inet"):
        if str(entry["local"]) not in told:
            yield str(entry["local"]), str(link["ifname"]), entry


def _holds(rule: Rule, text: str) -> bool:
    net = prefix_of(f"{rule.get('src')}/{rule['srclen']}") if "srclen" in rule else None
    return holds(net, address_of(text))


@check(
    "R02",
    "error",
    "a gateway that is in no network of the namespace",
    "the kernel cannot ask for the gateway's MAC: nothing leaves",
)
def gateway_off_link(look: Look) -> Iterator[Finding]:
    """All addresses were captured, and the gateway of a route is in no connected prefix of its device. With `onlink`, only if
    the gateway does not answer, and a shorter prefix length of an address would contain the gateway."""
    for netns, route in look.routes():
        if (
            netns.addresses is None
            or str(route.get("type", "unicast")) in UNUSABLE
            or route.get("nhid")
            and "gateway" not in route
        ):
            continue
        for hop in hops(route):
            gateway, dev = gateway_of(hop), dev_of(route, hop)
            where = address_of(gateway)
            if gateway is None or where is None or where.is_link_local or is_proxied(gateway) or "via" in hop:
                continue
            flags = [*route.get("flags", ()), *hop.get("flags", ())]
            entries = [entry for link in netns.addresses for entry in link.get("addr_info", ()) if network_of(entry) is not None]
            family = "inet6" if where.version == 6 else "inet"
            own = [entry for entry in entries if entry.get("family", "inet") == family]
            whole = netns.covers("ip_address", family)
            if not own or not whole and (dev is None or not netns.covers("ip_address", family, dev=dev)):
                continue
            if not whole:
                own = [entry for entry in netns.addresses_of(dev) if entry in own]
            if any(holds(network, where) for network in map(network_of, own)):
                continue
            if _has_host_route(netns, gateway):
                continue
            failed = _failed(netns, gateway)
            on_dev = [entry for entry in netns.addresses_of(dev) if entry in own]
            if "onlink" in flags and (failed is None or not on_dev):
                continue
            mend = _mended(look, netns, str(gateway), dev, route, on_dev or own)
            if "onlink" in flags:
                assert failed is not None
                text = (
                    f"the gateway {gateway} is in no network of {dev} ({network_of(on_dev[0])}), and does not answer ARP (FAILED)"
                )
                yield look.finding(
                    netns, text, route, failed, on_dev[0], dev=dev, mend=mend, explains=[("gateway", id(netns), gateway)]
                )
            else:
                yield look.finding(
                    netns,
                    f"gateway {gateway} is in no network of {netns.title}",
                    route,
                    *(on_dev or own)[:1],
                    dev=dev,
                    mend=mend,
                    explains=[("gateway", id(netns), gateway)],
                )


def _has_host_route(netns: Namespace, gateway: str) -> bool:
    """Whether a connected route without an address leads to the gateway (`ip route add GATEWAY dev eth0`)."""
    own = address_of(gateway)
    for route in [*(netns.routes or ()), *(netns.routes6 or ())]:
        net = prefix_of(route.get("dst"))
        if net is not None and net.prefixlen and holds(net, own):
            if not any(gateway_of(hop) for hop in hops(route)) and (route.get("dev") or route.get("nexthops")):
                return True
    return False


def _shorter(entry: AddrInfo, gateway: Any) -> int | None:
    """The longest prefix length that is shorter than the address's own and contains the gateway; None where there is none."""
    own = network_of(entry)
    if own is None or own.version != gateway.version or own.version != 4:
        return None
    lengths = (24, 23, 22, 20, 16)
    return next((length for length in lengths if own.prefixlen > length and gateway in own.supernet(new_prefix=length)), None)


def _mended(look: Look, netns: Namespace, gateway: str, dev: str | None, route: Route, own: list[AddrInfo]) -> list[str]:
    where = address_of(gateway)
    near, length = next(((entry, length) for entry in own if (length := _shorter(entry, where)) is not None), (None, None))
    nobody = dev is not None and look.is_closed(netns, dev) and not any(look.having(netns, dev, gateway))
    if near is not None and not nobody:
        return [
            look.inside(netns, f"ip addr add {near['local']}/{length} dev {dev}"),
            look.inside(netns, f"ip addr del {near['local']}/{near['prefixlen']} dev {dev}"),
        ]
    for entry in own:
        for there, _, twin in on_segment(look, netns, str(dev)) if dev else ():
            network = network_of(entry)
            if network is not None and there is not netns and address_of(twin["local"]) in network and _is_router(look, there):
                return [look.inside(netns, f"ip route replace {route['dst']} via {twin['local']}")]
    return []


def _is_router(look: Look, netns: Namespace) -> bool:
    return netns.here or any(str(entry.get("ifname")) != "lo" for entry in (netns.links or ())[2:])


def _failed(netns: Namespace, gateway: str) -> Neigh | None:
    for neigh in netns.neighs or ():
        if neigh.get("dst") == gateway and {"FAILED", "INCOMPLETE"} & set(neigh.get("state", ())):
            return neigh
    return None


@check("R03", "error", "a gateway that is the namespace's own address", "the namespace sends packets to itself")
def own_gateway(look: Look) -> Iterator[Finding]:
    """The gateway of a route is an address of the same namespace. Routes of overlays (Cilium) that name their own host are
    ignored."""
    owned = {(id(netns), str(entry["local"])) for netns, _, entry in look.entries()}
    for netns, route in look.routes():
        for hop in hops(route):
            gateway = gateway_of(hop)
            if (id(netns), gateway) in owned and str(dev_of(route, hop)).startswith(("cilium_", "flannel", "kube")) is False:
                if route.get("dst") == "default":
                    yield look.finding(
                        netns, f"the gateway {gateway} is an address of {netns.title} itself", route, dev=dev_of(route, hop)
                    )


@check("R04", "error", "a gateway that does not answer", "nothing that is sent to it arrives")
def gateway_failed(look: Look) -> Iterator[Finding]:
    """The neighbour entry of a gateway is FAILED or INCOMPLETE. If the link has no carrier, this counts as a consequence of
    that."""
    told: set[Any] = set()
    for netns, route in look.routes():
        for hop in hops(route):
            gateway, dev = gateway_of(hop), dev_of(route, hop)
            entry = _failed(netns, gateway) if gateway else None
            if entry is None or (id(netns), gateway) in told or (entry.get("dev") and dev and entry["dev"] != dev):
                continue
            told.add((id(netns), gateway))
            near = _nearest(look, netns, str(dev), str(gateway))
            words = f"; {near[1]} on the same segment has {near[0]}" if near else ""
            alive = any(
                other.get("dev") == entry.get("dev") and {"REACHABLE", "STALE", "DELAY"} & set(other.get("state", ()))
                for other in netns.neighs or ()
            )
            words += ", while others there do" if alive and not near else ""
            mend = (
                [look.inside(netns, f"ip route replace {route['dst']} via {near[0]}")]
                if near and route.get("dst") == "default"
                else []
            )
            yield look.finding(
                netns,
                f"the gateway {gateway} does not answer ARP{words}",
                entry,
                route,
                dev=dev,
                mend=mend,
                follows=[dead(netns, str(dev)), ("gateway", id(netns), gateway)],
            )


def _nearest(look: Look, netns: Namespace, dev: str, gateway: str) -> tuple[str, str] | None:
    """Who on the segment could be meant: an address of a bridge or a router in the gateway's network."""
    wanted = address_of(gateway)
    for there, link, twin in on_segment(look, netns, dev):
        if holds(network_of(twin), wanted):
            if kind(link) == "bridge" or _is_router(look, there) and there is not netns:
                return str(twin["local"]), str(link["ifname"])
    for other in look.namespaces:  # the bridge's own address, where the cable is not known
        for link in other.addresses or ():
            if kind(other.link(str(link.get("ifname"))) or link) == "bridge" and other is not netns:
                for entry in link.get("addr_info", ()):
                    if holds(network_of(entry), wanted):
                        return str(entry["local"]), str(link["ifname"])
    return None


@check(
    "R05",
    "error",
    "nobody has the address of the gateway",
    "nothing that is sent to it arrives: a typo, or a host that is not there",
)
def nobody_has_gateway(look: Look) -> Iterator[Finding]:
    """The whole segment of the route's device was captured, and no namespace on it has the gateway's address or answers for
    it."""
    told: set[Any] = set()
    for netns, route in look.routes():
        for hop in hops(route):
            gateway, dev = gateway_of(hop), dev_of(route, hop)
            own = address_of(gateway)
            if gateway is None or own is None or is_proxied(gateway) or not dev or (id(netns), gateway) in told:
                continue
            if netns.link(dev) is None or not look.is_closed(netns, dev):
                continue
            segment, owners = look.segment(netns, dev), look.walker.owners(gateway)
            if any(segment.end(where, str(link.get("ifname"))) for where, link in owners):
                continue
            if any(_stands_on(look, where, link, netns, dev) for where, link in owners):
                continue  # L22 says that the two never reach each other
            if look.any_end(segment, _answers_for_others) is not None:
                continue
            if any(segment.end(where, str(link.get("ifname"))) for where, _ in owners for link in where.links or ()):
                continue  # on another link of a namespace there: the kernel answers for it
            told.add((id(netns), gateway))
            near = _nearest(look, netns, dev, gateway)
            words = f" ({near[1]} has {near[0]})" if near else ""
            mend = [look.inside(netns, f"ip route replace {route['dst']} via {near[0]}")] if near else []
            yield look.finding(
                netns,
                f"nobody on the segment of {dev} has the gateway {gateway}{words}",
                route,
                dev=dev,
                mend=mend,
                explains=[("gateway", id(netns), gateway)],
                follows=[dead(netns, dev), *(dead(end.obstacle.netns, str(end.obstacle.dev))
                                             for end in islice(segment.each(), 1) if end.obstacle is not None)],
            )  # fmt: skip


def _stands_on(look: Look, netns: Namespace, link: Address, below: Namespace, dev: str) -> bool:
    record = netns.link(str(link.get("ifname")))
    parent = look.peer(netns, record) if record is not None and kind(record) in ("macvlan", "macvtap", "ipvlan") else None
    return parent is not None and parent[0] is below and parent[1].get("ifname") == dev


def _answers_for_others(look: Look, end: End) -> bool:
    return look.switches(end.netns).on("proxy_arp", end.dev) or bool(end.netns.proxies)


@check("R06", "warning", "a route by a link without a carrier", "packets by this route vanish")
def dead_route(look: Look) -> Iterator[Finding]:
    """A route has the flag linkdown or dead, and its link is in use; links that programs keep ready are ignored."""
    for netns, route in look.routes():
        for hop in hops(route):
            flags = {*route.get("flags", ()), *hop.get("flags", ())}
            dev = str(dev_of(route, hop))
            if flags & {"linkdown", "dead"} and not is_idle(dev) and (gateway_of(hop) or route.get("protocol") != "kernel"):
                yield look.finding(
                    netns, f"{route.get('dst')} leads by {dev}, which has no carrier", route, dev=dev, follows=[dead(netns, dev)]
                )


@check(
    "R07",
    "warning",
    "two default routes with the same metric",
    "the first is used, the other never; answers may leave by the wrong one",
)
def two_defaults(look: Look) -> Iterator[Finding]:
    """Two default routes have the same family, table and metric and different devices, and are not one multipath route."""
    for netns in look.namespaces:
        for family in ("inet", "inet6"):
            seen: dict[Any, list[Route]] = {}
            for route in look.defaults(netns, family):
                if route.get("protocol") != "ra" and "nexthops" not in route and route.get("dev") is not None:
                    seen.setdefault((str(route.get("table", "main")), route.get("metric", 0), route.get("tos")), []).append(route)
            for (_, metric, _), routes in seen.items():
                if family == "inet6" or len({route.get("dev") for route in routes}) < 2:
                    continue
                first, second = routes[:2]
                via = f"via {gateway_of(second)} " if gateway_of(second) else ""
                yield look.finding(
                    netns,
                    f"two default routes of metric {metric or 0} (by {first['dev']} and {second['dev']}): "
                    "only the first is used; "
                    f"answers to what comes in by {second['dev']} leave by {first['dev']}",
                    first,
                    second,
                    dev=str(second["dev"]),
                    mend=[
                        look.inside(netns, f"ip route del default {via}dev {second['dev']}"),
                        look.inside(netns, f"ip route add default {via}dev {second['dev']} metric {(metric or 0) + 100}"),
                    ],
                )


@check("R10", "note", "a route that drops inside a network", "the drop looks like that of a firewall")
def dropped_by_route(look: Look) -> Iterator[Finding]:
    """A blackhole, unreachable or prohibit route in main lies inside a connected network (such routes of the kernel and of
    Calico are ignored). Or the walk of `netwrap trace` to another namespace ends at such a route, on a router that should know
    the way. Or such a route is the only default route in main."""
    for netns in look.namespaces:
        for route in look.routes_of(netns):
            if route.get("type") in DROPS and route.get("dst") == "default" and is_main(route) and not look.defaults(netns):
                if route.get("protocol") != "kernel" and route.get("metric") != 4278198272:
                    what = f"the only default route of {netns.title} is {route['type']}: nothing outside is reached"
                    yield look.finding(netns, what, route, mend=[look.inside(netns, f"ip route del {route['type']} default")])
    for found in walked(look, "R10"):
        yield found._replace(severity="warning")
    for netns, route in look.routes():
        if route.get("type") not in DROPS or not is_main(route) or route.get("dst") == "default":
            continue
        own = prefix_of(route.get("dst"))
        if own is None or route.get("protocol") in ("kernel", "bird", "80") or route.get("metric") == 4278198272:
            continue
        for link, entry in look.entries_of(netns):
            network = network_of(entry)
            if network is not None and network.version == own.version and own.subnet_of(network):  # type: ignore[arg-type]
                yield look.finding(
                    netns,
                    f"{route['type']} {route['dst']} is inside the network of {link['ifname']}",
                    route,
                    entry,
                    dev=str(link["ifname"]),
                    severity="warning",
                    mend=[look.inside(netns, f"ip route del {route['type']} {route['dst']}")],
                    follows=[("ended", id(route))],
                )
                break


@check("R11", "error", "a route's source is no address of the namespace", "nothing can be sent by the route")
def foreign_source(look: Look) -> Iterator[Finding]:
    """All addresses of the family were captured, and the prefsrc of a route is none of them."""
    for netns, route in look.routes():
        source = route.get("prefsrc")
        own = address_of(source)
        if own is None or netns.addresses is None or not netns.covers("ip_address", "inet6" if own.version == 6 else "inet"):
            continue
        texts = {str(entry.get("local")) for link in netns.addresses for entry in link.get("addr_info", ())}
        if route.get("dev") and netns.link(str(route["dev"])) is None:
            continue  # a link that the addresses do not show: these are not of the same state
        if str(source) not in texts and not _has_local_route(netns, str(source)):
            yield look.finding(
                netns, f"{source} is the source of a route, and no address of {netns.title}", route, dev=route.get("dev")
            )


def _has_local_route(netns: Namespace, address: str) -> bool:
    return any(
        route.get("type") == "local" and str(route.get("dst")).partition("/")[0] == address for route in netns.routes or ()
    )


@check("R12", "warning", "a multipath route with a dead nexthop", "a part of all flows hangs")
def dead_leg(look: Look) -> Iterator[Finding]:
    """One nexthop of a route has the flag linkdown or dead, or its gateway is FAILED, and another nexthop has not."""
    for netns, route in look.routes():
        ways = route.get("nexthops") or []
        bad = [hop for hop in ways if {"linkdown", "dead"} & set(hop.get("flags", ())) or _failed(netns, str(gateway_of(hop)))]
        if bad and len(bad) < len(ways):
            names = ", ".join(str(gateway_of(hop) or hop.get("dev")) for hop in bad)
            yield look.finding(
                netns,
                f"{len(bad)} of {len(ways)} ways to {route['dst']} are dead: {names}",
                route,
                follows=[dead(netns, str(hop.get("dev"))) for hop in bad],
            )


@check("R13", "error", "a route names a nexthop object that is not there", "the route leads nowhere")
def missing_nexthop(look: Look) -> Iterator[Finding]:
    """`ip nexthop` was captured whole, and lacks an id that `nhid` of a route, or a group, refers to."""
    for netns in look.namespaces:
        if netns.nexthops is None or not netns.covers("ip_nexthop"):
            continue
        known = {nexthop.get("id") for nexthop in netns.nexthops}
        for route in look.routes_of(netns):
            if "nhid" in route and route["nhid"] not in known:
                yield look.finding(netns, f"{route.get('dst')} uses the nexthop {route['nhid']}, which does not exist", route)
        for nexthop in netns.nexthops:
            gone = [
                member.get("id")
                for member in nexthop.get("group", ())
                if isinstance(member, dict) and member.get("id") not in known
            ]
            if gone:
                yield look.finding(netns, f"the nexthop group {nexthop.get('id')} has members that do not exist: {gone}", nexthop)


@check("R24", "warning", "a route that has expired is still there", "it may vanish at any time, or should have")
def expired(look: Look) -> Iterator[Finding]:
    """The field expires of a route is negative."""
    for netns, route in look.routes():
        if isinstance(route.get("expires"), int) and route["expires"] < 0:
            yield look.finding(
                netns,
                f"{route.get('dst')} by {route.get('dev')} expired {-route['expires']} seconds ago",
                route,
                dev=route.get("dev"),
            )


@check("R20", "note", "an IPv6 default route that is about to vanish", "IPv6 is lost as soon as it does")
def vanishing(look: Look) -> Iterator[Finding]:
    """A default route expires within a minute; or it came by a router advertisement (`proto ra`), the namespace forwards IPv6,
    and accept_ra of its link is 1: then the kernel takes no further advertisement. Both switches were captured."""
    for netns in look.namespaces:
        switches = look.switches(netns)
        for route in look.defaults(netns, "inet6"):
            dev, expires = str(route.get("dev")), route.get("expires")
            name = f"net.ipv6.conf.{dev}.accept_ra"
            forwards, known = switches.forwards("all", "inet6")
            what, mend = "", f"sysctl -w {sysctl_key(name)}=2"
            if route.get("protocol") == "ra" and forwards and known and switches.known(name) and switches.value(name) == 1:
                what = f"the default by {dev} came from an advertisement, and {netns.title} forwards: no further one is taken"
            elif isinstance(expires, int) and 0 <= expires <= 60:
                what = f"the default by {dev} expires in {expires} seconds"
                mend = f"ip -6 route replace default via {route.get('gateway', 'GATEWAY')} dev {dev}"
            if what:
                yield look.finding(netns, what, route, dev=dev, mend=[look.inside(netns, mend)])


@check("R08", "error", "no way back", "the most common fault: packets arrive, and their answers have no route")
def no_way(look: Look) -> Iterator[Finding]:
    """A walk of `netwrap trace` arrives, and the answer ends at a missing route or at a route that drops. Or a router to which a
    specific route (not a default route) sends the packet has no route."""
    yield from walked(look, "R08")


@check("R09", "error", "a loop of routes", "packets circle until their time to live ends")
def loop(look: Look) -> Iterator[Finding]:
    """The walk of `netwrap trace` comes to the same namespace, table and link again."""
    yield from walked(look, "R09")


@check("L24", "error", "a link on the way is down", "packets are lost, and their sender is not told")
def down_on_the_way(look: Look) -> Iterator[Finding]:
    """The walk of `netwrap trace` ends at a link or bridge that is down or has no carrier, and no other check reports this."""
    for found in walked(look, "L24"):
        if not found.follows & look.explained:
            yield found


@check(
    "L14", "note", "packets that are too big for a link on their way", "small packets pass; big ones vanish if ICMP is dropped"
)
def path_mtu(look: Look) -> Iterator[Finding]:
    """A packet on a walk of `netwrap trace` leaves its namespace by a link, and a router behind that link sends it on by a
    tunnel or an uplink with a smaller MTU."""
    told: set[Any] = set()
    for walk in walks(look):
        first, *others = walk.found.result.there.way.hops
        own = first.netns.link(str(first.left)) or {}
        for hop in others if walk.verdict in ("reached", "leaves") else ():
            link = hop.netns.link(str(hop.left)) or {}
            narrow = 0 < link.get("mtu", 0) < own.get("mtu", 0) and kind(link) not in (*PAIRS, "bridge")
            if narrow and (id(hop.netns), hop.left) not in told:
                told.add((id(hop.netns), hop.left))
                what = (
                    f"{hop.left} has MTU {link['mtu']}, and {first.left} of {first.netns.title}, which sends by it, {own['mtu']}"
                )
                mend = [look.inside(first.netns, f"ip link set {first.left} mtu {link['mtu']}")]
                yield look.finding(hop.netns, what, link, (first.netns, own), dev=hop.left, mend=mend)
