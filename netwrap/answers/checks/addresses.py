"""Checks of addresses: twice, of the wrong length, not usable."""

from __future__ import annotations

import ipaddress
from itertools import chain

from ...wording import hops
from ..links import kind, state
from . import address_of, check, gateway_of, holds, is_main, is_one_links, is_real, is_virtual, network_of, prefix_of
from .links import dead

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from parsers.records import Address, AddrInfo, Link, Route

    from ...model.namespace import Namespace
    from . import Finding, Look


def on_segment(look: Look, netns: Namespace, dev: str) -> list[tuple[Namespace, Link, AddrInfo]]:
    """(namespace, link, entry) of the addresses of all that a frame out of a link reaches."""
    found = []
    for end in look.segment(netns, dev).ends:
        if end.obstacle is None:
            for entry in end.netns.addresses_of(end.dev):
                if is_real(entry):
                    found.append((end.netns, end.link, entry))
    return found


def _wide(look: Look) -> set[Any]:
    """The networks of all addresses that hold the network of another one."""
    nets = {net for _, _, entry in look.entries() if (net := network_of(entry)) is not None}
    lengths = {(net.version, net.prefixlen) for net in nets}
    found: set[Any] = set()
    for net in nets:
        for version, length in lengths:
            if version == net.version and length < net.prefixlen and net.supernet(new_prefix=length) in nets:
                found.add(net.supernet(new_prefix=length))
    return found


@check("A01", "error", "one address twice in one segment", "both answer ARP: connections go to one or the other by chance")
def duplicate(look: Look) -> Iterator[Finding]:
    """Two links in one broadcast domain have the same address. Between two hosts, also if both links have the same MAC (one VM
    twice)."""
    told: set[Any] = set()
    for netns, link, entry in look.entries():
        name, text = str(link["ifname"]), str(entry["local"])
        record = netns.link(name) or link
        if state(record) == "down":
            continue
        for there, other, twin in look.having(netns, name, text):
            key = frozenset({(id(netns), name), (id(there), str(other["ifname"]))}), text
            if key in told:
                continue
            told.add(key)
            mend = [look.inside(there, f"ip addr del {text}/{twin.get('prefixlen', 32)} dev {other['ifname']}")]
            yield look.finding(
                netns,
                f"{text} is on {name} of {netns.title} and on {other['ifname']} of {there.title}, which are on one segment",
                entry,
                (there, twin),
                dev=name,
                mend=mend,
                explains=[("duplicate", text)],
            )
    yield from _labelled_alike(look, told)


def _labelled_alike(look: Look, told: set[Any]) -> Iterator[Finding]:
    """One address and one MAC in two namespaces: two containers on one bridge, also where the bridge was not captured."""
    seen: dict[tuple[str, str], list[tuple[Namespace, Address, AddrInfo]]] = {}
    for netns, link, entry in look.entries("inet"):
        mac = str((netns.link(str(link["ifname"])) or link).get("address", ""))
        if is_one_links(mac) and not is_virtual(mac):
            seen.setdefault((str(entry["local"]), mac), []).append((netns, link, entry))
    for (text, mac), places in seen.items():
        rooms = {id(netns): (netns, link, entry) for netns, link, entry in places}
        if len(rooms) < 2 or any(one[1] == text for one in told):
            continue
        (netns, link, entry), (there, other, twin) = list(rooms.values())[:2]
        yield look.finding(
            netns,
            f"{text} with the MAC {mac} is on {link['ifname']} of {netns.title} and on {other['ifname']} of {there.title}",
            entry,
            (there, twin),
            dev=str(link["ifname"]),
            explains=[("duplicate", text)],
            mend=[look.inside(there, f"ip addr del {text}/{twin.get('prefixlen', 32)} dev {other['ifname']}")],
        )


@check("A02", "error", "one address or MAC on two hosts", "both answer: connections go to one or the other by chance")
def between_hosts(look: Look) -> Iterator[Finding]:
    """Two hosts have the same address on an uplink (a link that is not private to one host) and share the prefix there, with two
    MACs or one. Or two hosts have the same address with two MACs, in segments that a VXLAN of one VNI joins over one network.
    Captures with one hostname and the same MACs of their own links in the root namespace are states of one host.
    """
    yield from ()  # .between decides it from what all hosts tell


@check("A03", "error", "an address that failed duplicate address detection", "the kernel does not use it")
def dad_failed(look: Look) -> Iterator[Finding]:
    """An address has the flag dadfailed."""
    for netns in look.namespaces:
        for link in netns.addresses or ():
            for entry in link.get("addr_info", ()):
                if entry.get("dadfailed"):
                    name = str(link.get("ifname"))
                    text = f"{entry.get('local')}/{entry.get('prefixlen', 128)}"
                    again = [f"ip -6 addr del {text} dev {name}", f"ip -6 addr add {text} dev {name}"]
                    four = [str(other["local"]) for other in link.get("addr_info", ()) if other.get("family") == "inet"]
                    yield look.finding(
                        netns,
                        f"{text} on {name} is not usable: somebody else has it (dadfailed)",
                        entry,
                        dev=name,
                        mend=[look.inside(netns, words) for words in again],
                        follows=[("duplicate", str(entry.get("local"))), *(("duplicate", one) for one in four)],
                    )


@check(
    "A04",
    "warning",
    "two links of one namespace in one network",
    "all packets leave by one of the links, and each link answers ARP for both",
)
def same_network(look: Look) -> Iterator[Finding]:
    """Table main has two connected routes with the same prefix and metric, by links that are up, and neither link is built on
    the other."""
    for netns in look.namespaces:
        seen: dict[tuple[str, Any], list[Route]] = {}
        for route in look.routes_of(netns):
            dst = str(route.get("dst", ""))
            if (
                is_main(route)
                and (route.get("protocol") == "kernel" or not {"protocol", "scope", "nexthops"} & route.keys())  # `route -n`
                and route.get("scope", "link") == "link"
                and "gateway" not in route
            ):
                if "/" in dst and not dst.startswith(("fe80:", "ff00:", "169.254.")) and not dst.endswith(("/32", "/128")):
                    seen.setdefault((dst, route.get("metric")), []).append(route)
        for (dst, _), routes in seen.items():
            devices = [str(route.get("dev")) for route in routes]
            if len(set(devices)) < 2 or _related(netns, devices) or any("linkdown" in route.get("flags", ()) for route in routes):
                continue
            first, second = routes[:2]
            source = f" src {second['prefsrc']}" if "prefsrc" in second else ""
            yield look.finding(
                netns,
                f"{' and '.join(devices[:3])} are both in {dst}: all goes out by {devices[0]}, and each answers ARP "
                "for the other's address",
                first,
                second,
                dev=devices[1],
                mend=[
                    look.inside(netns, f"ip route add {dst} dev {devices[1]}{source} metric 600"),
                    look.inside(netns, f"ip route del {dst} dev {devices[1]} proto kernel"),
                ],
            )


def _related(netns: Namespace, devices: list[str]) -> bool:
    links = [netns.link(dev) or {} for dev in devices]
    if any(state(link) == "down" for link in links if link):
        return True
    masters = {link.get("master") for link in links if link.get("master")}
    return (
        bool(masters)
        or any(link.get("link") in devices for link in links)
        or any(kind(link) in ("macvlan", "ipvlan") for link in links)
    )


@check("A05", "warning", "a network that two routes claim", "packets to that network go to the wrong place")
def covers(look: Look) -> Iterator[Finding]:
    """Table main has two routes to one prefix by two links: one is connected; the other goes by a gateway and has a smaller
    metric, or the same. Only a warning where it stands behind with the same metric, and so is never used."""
    for netns in look.namespaces:
        connected: dict[str, Route] = {}
        for route in look.routes_of(netns):
            if is_main(route) and route.get("protocol") == "kernel" and "gateway" not in route and "/" in str(route.get("dst")):
                connected.setdefault(str(route["dst"]), route)
        behind: set[str] = set()  # the networks whose connected route stood in front
        for route in [route for route in netns.routes or () if route.get("dst") in connected] if connected else ():
            own = connected[route["dst"]]
            if route is own:
                behind.add(route["dst"])
            if not is_main(route) or "gateway" not in route or route.get("dev") == own.get("dev"):
                continue
            metric, its = route.get("metric", 0), own.get("metric", 0)
            if metric > its:
                continue
            wins = metric < its or route["dst"] not in behind
            dst, dev, way = route["dst"], own.get("dev"), route.get("dev")
            what = f"the route to it by {way} is never used: it stands behind, with the same metric"
            if wins:
                better = "with a better metric" if metric < its else "in front of its own"
                what = f"a route {better} sends it by {way}: its hosts are looked for there"
            yield look.finding(
                netns,
                f"{dst} is the network of {dev}, and {what}",
                route,
                own,
                dev=str(dev),
                severity="error" if wins else "warning",
                mend=[look.inside(netns, f"ip route del {dst} via {route['gateway']} dev {way}")] if wins else (),
            )


@check(
    "A06",
    "error",
    "prefix lengths differ on one segment",
    "one side sends to a router instead of the link: packets pass in one direction only",
)
def lengths(look: Look) -> Iterator[Finding]:
    """Of two addresses on one segment, one is inside the other's network, and their prefix lengths differ; /32 and /128 are
    ignored. Only a warning for IPv6, and in text of `ip -br`, which does not show what is on one segment."""
    yield from _lengths_in_brief(look)
    told: set[Any] = set()
    wide = _wide(look)
    for netns, link, entry in look.entries():
        name = str(link["ifname"])
        own = network_of(entry)
        if own not in wide or own is None or own.prefixlen >= own.max_prefixlen - 1 or "address" in entry:
            continue
        for there, other, twin in on_segment(look, netns, name):
            network = network_of(twin)
            if network is None or network.version != own.version or "address" in twin or there is netns:
                continue
            if own.prefixlen < network.prefixlen < own.max_prefixlen - 1 and address_of(twin["local"]) in own:
                key = (id(there), str(other["ifname"]), str(twin["local"]))
                if key in told:
                    continue
                told.add(key)
                # Who is the gateway of the other is taken for right; else the shorter, that more may have.
                is_gateway = any(twin["local"] == gateway_of(hop) for route in look.routes_of(netns) for hop in hops(route))
                wrong = (netns, name, entry, network) if is_gateway else (there, str(other["ifname"]), twin, own)
                place, dev, changed, right = wrong
                change = [
                    f"ip addr add {changed['local']}/{right.prefixlen} dev {dev}",
                    f"ip addr del {changed['local']}/{changed['prefixlen']} dev {dev}",
                ]
                yield look.finding(
                    place,
                    f"{twin['local']}/{twin['prefixlen']} of {there.title} and {entry['local']}/{entry['prefixlen']} "
                    f"of {netns.title} are on one segment and differ in length",
                    (there, twin),
                    (netns, entry),
                    dev=dev,
                    severity="warning" if own.version == 6 else None,  # a router's advertisement has a length of its own
                    mend=[look.inside(place, words) for words in change],
                )


def _lengths_in_brief(look: Look) -> Iterator[Finding]:
    """Addresses of `ip -br`, which shows no bridge and no index: whether two cables of namespaces meet is not certain."""
    cables = [
        (netns, str(link["ifname"]), entry, network)
        for netns, link, entry in look.entries("inet")
        if "link_index" in link and "ifindex" not in link and not netns.here and look.peer(netns, link) is None
        if (network := network_of(entry)) is not None and 16 <= network.prefixlen < 31
    ]
    for netns, _, entry, wide in cables:
        for there, dev, twin, narrow in cables:
            if there is not netns and narrow.prefixlen > wide.prefixlen and address_of(twin["local"]) in wide:
                yield look.finding(
                    there,
                    f"{twin['local']}/{twin['prefixlen']} of {there.title} and {entry['local']}/{entry['prefixlen']} of "
                    f"{netns.title} differ in length: if they are on one segment, packets pass in one direction only",
                    twin,
                    (netns, entry),
                    dev=dev,
                    severity="warning",
                )


@check(
    "A07", "error", "the two ends of a cable share no network", "they cannot talk without a route that says where the other is"
)
def no_common_network(look: Look) -> Iterator[Finding]:
    """Both ends of a pair without a master have IPv4 addresses, none is in the other's network, and no route by the link reaches
    it."""
    told: set[int] = set()
    for netns, link in look.links("veth", "netkit", "vxcan"):
        other = look.peer(netns, link)
        if other is None or link.get("master") or other[1].get("master") or id(link) in told or other[0] is netns:
            continue
        told.add(id(other[1]))
        sides = [(netns, str(link["ifname"])), (other[0], str(other[1]["ifname"]))]
        entries = [
            [one for one in where.addresses_of(dev) if one.get("family") == "inet" and is_real(one)] for where, dev in sides
        ]
        if not entries[0] or not entries[1] or any("address" in one for side in entries for one in side):
            continue
        if any(_reaches(*sides[at], entries[at], entries[1 - at]) for at in (0, 1)):
            continue
        one, two = entries[0][0], entries[1][0]
        yield look.finding(
            netns,
            f"{one['local']}/{one['prefixlen']} on {sides[0][1]} and {two['local']}/{two['prefixlen']} on "
            f"{sides[1][1]} of {other[0].title} are two ends of one cable in two networks",
            one,
            (other[0], two),
            dev=sides[0][1],
        )


def _reaches(netns: Namespace, dev: str, own: list[AddrInfo], others: list[AddrInfo]) -> bool:
    wanted = [address_of(entry["local"]) for entry in others]
    routes = (prefix_of(route.get("dst")) for route in netns.routes or () if route.get("dev") == dev)
    nets = chain(map(network_of, own), routes)  # the many are looked at only where the few do not reach
    return any(holds(net, one) for net in nets for one in wanted)


@check("A08", "warning", "a host has the address of its network, or the broadcast", "others refuse to talk to it")
def network_address(look: Look) -> Iterator[Finding]:
    """The address is the first or the last one of its IPv4 network (/31 and /32 are ignored)."""
    for netns, link, entry in look.entries("inet"):
        network = network_of(entry)
        if network is None or network.prefixlen >= 31 or "address" in entry or not network.prefixlen:
            continue
        text = str(entry["local"])
        if kind(netns.link(str(link["ifname"])) or {}) in ("vxlan", "dummy", "bridge"):
            continue  # an overlay of its own: flannel.1 has the network's address
        if text in (str(network.network_address), str(network.broadcast_address)):
            what = "network" if text == str(network.network_address) else "broadcast"
            yield look.finding(
                netns, f"{text} on {link['ifname']} is the {what} address of {network}", entry, dev=str(link["ifname"])
            )


@check("A09", "warning", "only a self-assigned address", "DHCP gave no address: only hosts on the link are reached")
def zeroconf(look: Look) -> Iterator[Finding]:
    """The only IPv4 address of a link that is up is one of 169.254/16."""
    for netns in look.namespaces:
        for link in netns.addresses or ():
            entries = [entry for entry in link.get("addr_info", ()) if entry.get("family") == "inet"]
            texts = [str(entry.get("local", "")) for entry in entries]
            name = str(link.get("ifname"))
            if entries and all(text.startswith("169.254.") for text in texts) and entries[0].get("prefixlen") == 16:
                if kind(netns.link(name) or link) in ("", None) and name != "lo":
                    yield look.finding(
                        netns,
                        f"{name} has only {texts[0]}, which it gave itself",
                        entries[0],
                        dev=name,
                        follows=[dead(netns, name)],
                    )


@check(
    "A10",
    "note",
    "a deprecated address is the source of a route",
    "new connections should not use the address, but the route makes them",
)
def deprecated_source(look: Look) -> Iterator[Finding]:
    """A route has as its src an address with the flag deprecated."""
    for netns, link, entry in look.entries():
        if entry.get("deprecated"):
            for route in look.routes_of(netns):
                if route.get("prefsrc") == entry["local"] and route.get("protocol") != "kernel":
                    yield look.finding(
                        netns,
                        f"{entry['local']} on {link['ifname']} is deprecated, and the source of a route",
                        entry,
                        route,
                        dev=str(link["ifname"]),
                    )


@check("A11", "note", "IPv6 is set up half", "the gateway has IPv6, and those behind it reach nothing by it")
def half_ipv6(look: Look) -> Iterator[Finding]:
    """A link that is the IPv4 gateway of other captured namespaces has a global IPv6 address, and a namespace that uses it has
    only a link-local one on its link; the addresses of both were captured whole. One finding for each gateway."""
    lacking: dict[tuple[int, str], tuple[Namespace, AddrInfo, list[tuple[Namespace, AddrInfo]]]] = {}
    six: dict[tuple[int, str], AddrInfo] = {}
    for where, record, entry in look.entries("inet6"):
        six.setdefault((id(where), str(record["ifname"])), entry)
    for netns in look.namespaces:
        if not netns.covers("ip_address", "inet6"):
            continue
        for route in look.defaults(netns):
            dev, gateway = str(route.get("dev")), str(gateway_of(route))
            own = [entry for entry in netns.addresses_of(dev) if entry.get("family") == "inet6"]
            owners = ((id(there), str(link.get("ifname"))) for there, link in look.walker.owners(gateway))
            if not own or (id(netns), dev) in six or not is_main(route) or six.keys().isdisjoint(owners):
                continue
            for there, link, _ in look.having(netns, dev, gateway):
                place = id(there), str(link["ifname"])
                if there is not netns and place in six:
                    lacking.setdefault(place, (there, six[place], []))[2].append((netns, own[0]))
    for (_, name), (there, entry, places) in lacking.items():
        titles = [netns.title for netns, _ in places]
        shown = ", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if titles[3:] else "")
        yield look.finding(
            there,
            f"{name} has {entry['local']}, and behind it {shown} {'has' if len(titles) == 1 else 'have'} no global IPv6 address",
            entry,
            places[0],
            dev=name,
            mend=[look.inside(places[0][0], "ip address add ADDRESS dev " + str(look.defaults(places[0][0])[0].get("dev")))],
        )


@check(
    "A12",
    "warning",
    "a network that is much too wide",
    "addresses of other networks count as neighbours, and ARP asks for them in vain",
)
def too_wide(look: Look) -> Iterator[Finding]:
    """A connected route in main, by a physical link, a bridge or a veth, has a public IPv4 prefix of 8 bits or less, or any
    prefix of 8 bits or less that contains another link's connected network."""
    for netns in look.namespaces:
        connected = [
            (route, net)
            for route in look.routes_of(netns)
            if is_main(route) and route.get("dev") and not gateway_of(route) and route.get("dst") != "default"
            if isinstance(net := prefix_of(route.get("dst")), ipaddress.IPv4Network) and route.get("type", "unicast") == "unicast"
        ]
        for route, network in connected:
            name = str(route["dev"])
            if not 0 < network.prefixlen <= 8 or kind(netns.link(name) or {}) not in ("", None, "vlan", "bond", "bridge", "veth"):
                continue
            held = next(
                (
                    (other, inside)
                    for other, inside in connected
                    if other.get("dev") != name and network.prefixlen < inside.prefixlen < 31 and inside.subnet_of(network)
                ),
                None,
            )
            if network.is_private and (held is None or network.prefixlen == 8):
                continue
            words = f" and holds {held[1]} of {held[0]['dev']}" if held is not None else ""
            source = route.get("prefsrc")
            change = [f"ip addr add {source}/24 dev {name}", f"ip addr del {source}/{network.prefixlen} dev {name}"]
            yield look.finding(
                netns,
                f"the network of {name} is {network}{words}: what is in it counts as a neighbour of {name}",
                route,
                held[0] if held is not None else None,
                dev=name,
                mend=[look.inside(netns, command) for command in change if source],
            )
