"""Checks of links: state, carrier, MTU, masters."""

from __future__ import annotations

from ...model.peers import PAIRS
from ...wording import hops
from ..links import role, state
from ..tunnels import HEADERS, outer_length
from . import check, data, is_idle, is_main, is_one_links, is_real, is_virtual, kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import AddrInfo, Link

    from ...model.namespace import Namespace
    from . import Finding, Look

_BY_ROOT = ("ip", "nsenter", "setns")  # how namespaces were entered: only root can, and only root sees all processes
_ON_TOP = ("vlan", "macvlan", "macvtap", "ipvlan", "ipvtap")


def dead(netns: Namespace, dev: str) -> tuple[str, int, str]:
    """The name of the cause "this link carries nothing"."""
    return ("dead", id(netns), dev)


def _real_addresses(netns: Namespace, name: str) -> list[AddrInfo]:
    return [entry for entry in netns.addresses_of(name) if is_real(entry)]


@check("L01", "warning", "lo is down", "127.0.0.1 and the namespace's own addresses do not answer")
def loopback_down(look: Look) -> Iterator[Finding]:
    """`lo` lacks the flag UP. Only a note if no process is known to run in the namespace: `lo` is down in every new namespace."""
    for netns in look.namespaces:
        for link in netns.links or ():
            if link.get("ifname") == "lo" and state(link) == "down":
                busy = bool(netns.pids) or bool(netns.listeners)
                yield look.finding(
                    netns,
                    f"lo is down: programs of {netns.title} cannot reach 127.0.0.1",
                    link,
                    dev="lo",
                    severity=None if busy else "note",
                    mend=[look.inside(netns, "ip link set lo up")],
                )


@check("L02", "error", "a link with an address is down", "no packet passes, and the routes by the link are gone")
def down_with_address(look: Look) -> Iterator[Finding]:
    """A link without the flag UP has an address that is neither on a loopback link nor link-local. Only a warning for a macvlan,
    a dummy or a tunnel, and for a namespace that has another link that is up with an address: somebody may have switched the
    link off."""
    for netns, link in look.links():
        name = str(link.get("ifname"))
        if name == "lo" or state(link) != "down" or is_idle(name) or link.get("flags") is None:
            continue
        entries = _real_addresses(netns, name)
        if entries and not link.get("master"):
            peer = look.peer(netns, link) if kind(link) in PAIRS else None
            yield look.finding(
                netns,
                f"{name} is down, and has {entries[0]['local']}",
                link,
                entries[0],
                dev=name,
                severity=None if _is_missed(netns, link) else "warning",
                mend=[look.inside(netns, f"ip link set {name} up")],
                explains=[("link", id(link)), dead(netns, name), *([dead(peer[0], str(peer[1].get("ifname")))] if peer else [])],
            )


def _is_missed(netns: Namespace, link: Link) -> bool:
    """Whether a link that is down is surely one that should be up."""
    if kind(link) in (*PAIRS, "bridge", "bond", "vlan"):
        return True
    others = [other for other in netns.links or () if other is not link and state(other) == "up" and other.get("ifname") != "lo"]
    return kind(link) in ("", None) and not any(_real_addresses(netns, str(other["ifname"])) for other in others)


@check("L03", "error", "a link without a carrier", "a link is up, but nothing reaches it: its other end is down or gone")
def no_carrier(look: Look) -> Iterator[Finding]:
    """A link that is up has no carrier, and has an address or a master. The fault is reported for the end of the pair that is
    down. Only a note for a port without a cable of a bridge that has another port with one. Bridges are left out (also those of
    Docker that only their MAC 02:42:… tells)."""
    for netns, link in look.links():
        name = str(link.get("ifname"))
        if state(link) != "no carrier" or is_idle(name) or kind(link) == "bridge" or name == "lo" or _is_dockers(link):
            continue
        used = _real_addresses(netns, name) or link.get("master")
        if not used or kind(link) in _ON_TOP:
            continue
        other = look.peer(netns, link)
        told = [dead(netns, name)]
        if other is not None and state(other[1]) == "down":
            there, peer = other
            if dead_already(look, there, peer):
                continue
            below = link.get("link") == peer.get("ifname") and "link" not in peer
            words = f"{name} of {netns.title} on top of it" if below else f"its peer {name} of {netns.title}"
            yield look.finding(
                there,
                f"{peer.get('ifname')} is down, so {words} has no carrier",
                peer,
                (netns, link),
                dev=str(peer.get("ifname")),
                mend=[look.inside(there, f"ip link set {peer.get('ifname')} up")],
                explains=[*told, dead(there, str(peer.get("ifname")))],
            )
        elif other is None and "link_index" not in link and "link" not in link and kind(link) not in PAIRS:
            yield look.finding(
                netns,
                f"{name} has no carrier: no cable, or its other end is off",
                link,
                dev=name,
                severity="note" if _is_one_of(netns, link) else "warning",
                explains=told,
                follows=[("no-port", id(netns), name), ("bond", id(netns), link.get("master")), ("bond", id(netns), name)],
            )
        elif other is None:
            yield look.finding(
                netns, f"{name} has no carrier: its other end, which was not captured, is down", link, dev=name, explains=told
            )


def _is_dockers(link: Link) -> bool:
    """Whether a link without a kind is a bridge of Docker, whose networks may have any name."""
    return kind(link) is None and str(link.get("address")).startswith("02:42:") and not {"link", "link_index"} & link.keys()


def _is_one_of(netns: Namespace, port: Link) -> bool:
    """Whether a link is a port of a bridge that has another port with a carrier."""
    master = netns.link(str(port["master"])) if "master" in port else None
    if master is None or role(netns, master) != "bridge":
        return False
    return any(state(other) == "up" for other in netns.ports(str(master["ifname"])) if other is not port)


def dead_already(look: Look, netns: Namespace, link: Link) -> bool:
    """Whether L02 says that a link is down: it has an address of its own."""
    name = str(link.get("ifname"))
    return bool(_real_addresses(netns, name)) and not link.get("master") and not is_idle(name)


@check("L04", "note", "the other end of a pair is in no namespace that was captured", "half of the path is unknown")
def peer_unknown(look: Look) -> Iterator[Finding]:
    """A veth with an address or a master has no peer in the capture, although the capture looked at all namespaces."""
    if look.host.versions.get("entered by") not in _BY_ROOT:
        return
    for netns, link in look.links(*PAIRS):
        found = look.host.peer(netns, link)
        name = str(link.get("ifname"))
        if found is not None and found.how == "missing" and (link.get("master") or _real_addresses(netns, name)):
            yield look.finding(netns, f"the other end of {name} is in no namespace that was captured", link, dev=name)


@check(
    "L06", "warning", "both ends of a pair are in one namespace", "a cable that should join two namespaces leads back into one"
)
def pair_with_itself(look: Look) -> Iterator[Finding]:
    """Both ends of a veth are in one namespace, neither has a master, and one has an address."""
    told: set[int] = set()
    for netns, link in look.links(*PAIRS):
        other = look.peer(netns, link)
        if other is None or other[0] is not netns or id(link) in told or link.get("master") or other[1].get("master"):
            continue
        told.add(id(other[1]))
        names = [str(link.get("ifname")), str(other[1].get("ifname"))]
        if sum(bool(_real_addresses(netns, name)) for name in names) == 1:
            yield look.finding(
                netns,
                f"both ends of the pair {names[0]} = {names[1]} are in {netns.title}, and no bridge has either",
                link,
                dev=names[0],
                mend=[look.inside(netns, f"ip link set {names[1]} netns NETNS")],
            )


@check("L07", "error", "a bridge with ports is down", "no frame passes between its ports")
def bridge_down(look: Look) -> Iterator[Finding]:
    """A bridge that has ports lacks the flag UP."""
    for netns, link in look.links("bridge"):
        name = str(link.get("ifname"))
        ports = [port for port in netns.ports(name) if state(port) == "up"]
        if state(link) == "down" and ports:
            yield look.finding(
                netns,
                f"{name} is down: its {len(ports)} port{'s' if len(ports) > 1 else ''} reach nothing",
                link,
                dev=name,
                mend=[look.inside(netns, f"ip link set {name} up")],
                explains=[dead(netns, name), *(dead(netns, str(port["ifname"])) for port in ports)],
                follows=[("link", id(link))],
            )


@check("L08", "note", "a namespace without a process, left behind by a container runtime", "addresses and memory stay taken")
def leaked(look: Look) -> Iterator[Finding]:
    """More than three namespaces named cni-… have neither a process nor a thread, and the source lists processes."""
    idle = [
        netns
        for netns in look.namespaces
        if netns.names and netns.names[0].startswith("cni-") and netns.pids == [] and not netns.held
    ]
    if len(idle) > 3:
        names = ", ".join(netns.title for netns in idle[:3])
        yield look.finding(
            idle[0],
            f"{len(idle)} namespaces of a CNI have no process: {names}, …",
            mend=[f"ip netns del {netns.names[0]}" for netns in idle[:3]],
            explains=[("idle", id(netns)) for netns in idle],
        )


@check("L09", "note", "a namespace that nothing uses", "a leftover: its name, and what still stands in it, are never given back")
def unused(look: Look) -> Iterator[Finding]:
    """A named namespace without a process, a thread or a file descriptor in it, all of whose links but lo are down, where the
    processes of the whole host were looked at."""
    if look.host.versions.get("entered by") not in _BY_ROOT:
        return
    for netns in look.namespaces:
        if netns.here or not netns.names or netns.pids != [] or netns.held:
            continue
        if not netns.covers("ip_link") and not netns.covers("ip_address"):
            continue
        links = [link for link in netns.links or () if link.get("ifname") != "lo"]
        if all(link.get("operstate") == "DOWN" for link in links):
            state = "no link but lo" if not links else "all its links are down"
            yield look.finding(
                netns,
                f"{netns.title} has no process, and {state}",
                *links[:1],
                mend=[f"ip netns del {netns.names[0]}"],
                follows=[("idle", id(netns))],
            )


@check("L05", "note", "one end of a pair that nothing leads to", "a leftover, or a room that was never joined to the rest")
def orphan(look: Look) -> Iterator[Finding]:
    """A veth of the host's own namespace that is up, with its other end in another namespace, and has no master, no address, no
    route by it, no filter of tc, no XDP program and no link on top. Links, addresses and routes were captured whole. Hosts of
    Cilium are left out: programs lead packets to their veths."""
    root = look.host.root
    if root is None or not root.covers("ip_address") or not root.has_routes("inet", "all") or not root.has_routes("inet6"):
        return
    if any(str(link.get("ifname")).startswith("cilium_") for link in root.links or ()):
        return
    named = {hop.get("dev") for route in look.routes_of(root) for hop in hops(route)}
    named |= {link.get("link") for link in root.links or ()}
    for link in root.links or ():
        name = str(link.get("ifname"))
        if kind(link) != "veth" or link.get("master") or "UP" not in link.get("flags", ()) or name in named:
            continue
        if _real_addresses(root, name) or link.get("qdisc") in ("clsact", "ingress") or "xdp" in link or "prog" in link:
            continue
        other = look.peer(root, link)
        if other is not None and other[0] is not root:
            yield look.finding(
                root,
                f"{name} leads to {other[1].get('ifname')} of {other[0].title}, and has no master, no address and no route",
                link,
                dev=name,
                mend=[look.inside(root, f"ip link set {name} master BRIDGE")],
                follows=[dead(root, name)],
            )


@check("L11", "warning", "the two ends of a cable differ in MTU", "big packets vanish in one direction; small ones pass")
def pair_mtu(look: Look) -> Iterator[Finding]:
    """Both ends of a pair are known, and their MTUs differ."""
    told: set[int] = set()
    for netns, link in look.links(*PAIRS):
        other = look.peer(netns, link)
        if other is None or id(link) in told:
            continue
        told.add(id(other[1]))
        mtus = link.get("mtu"), other[1].get("mtu")
        if None not in mtus and mtus[0] != mtus[1]:
            name, peer = link.get("ifname"), other[1].get("ifname")
            small, big = sorted([(mtus[0], netns, name), (mtus[1], other[0], peer)], key=lambda one: int(one[0] or 0))
            yield look.finding(
                netns,
                f"{name} has MTU {mtus[0]}, its peer {peer} of {other[0].title} has {mtus[1]}",
                link,
                other,
                dev=str(name),
                mend=[look.inside(big[1], f"ip link set {big[2]} mtu {small[0]}")],
            )


@check(
    "L12", "warning", "a port of a bridge has a smaller MTU than the bridge", "frames that fit the bridge are dropped at the port"
)
def port_mtu(look: Look) -> Iterator[Finding]:
    """The MTU of a port is smaller than that of its bridge. (A bridge follows its smallest port, unless somebody set the
    bridge's MTU.)"""
    for netns, link in look.links("bridge"):
        for port in netns.ports(str(link.get("ifname"))):
            if (port.get("mtu") or 0) < (link.get("mtu") or 0) and port.get("mtu") and port.get("operstate") != "DOWN":
                yield look.finding(
                    netns,
                    f"port {port['ifname']} has MTU {port['mtu']}, its bridge {link['ifname']} {link['mtu']}",
                    port,
                    link,
                    dev=str(port["ifname"]),
                    mend=[look.inside(netns, f"ip link set {link['ifname']} mtu {port['mtu']}")],
                )


@check(
    "L13",
    "error",
    "a tunnel's MTU leaves no room for its header",
    "large packets do not fit into the outer ones: TLS and copying hang",
)
def tunnel_mtu(look: Look) -> Iterator[Finding]:
    """MTU of the tunnel + its overhead > MTU of the link that carries the tunnel (its parent, else the link with its local
    address). Tunnels that are down are left out: the kernel makes some (tunl0, gre0) that nobody uses."""
    for netns, link in look.links(*HEADERS):
        if state(link) == "down":
            continue
        below = _underlay(look, netns, link)
        mtu, info = link.get("mtu"), data(link)
        if below is None or not mtu or not below[1].get("mtu"):
            continue
        over_six = any(":" in str(info.get(key)) for key in ("local", "local6", "remote6", "group6"))
        overhead = outer_length(link, 0, over_six or str(kind(link)).startswith("ip6")) or 0
        room = below[1]["mtu"] - overhead
        if mtu > room:
            name = str(link["ifname"])
            yield look.finding(
                netns,
                f"{kind(link)} {name} has MTU {mtu} over {below[1]['ifname']} of {below[1]['mtu']}: {overhead} bytes of header "
                f"leave {room}",
                link,
                below,
                dev=name,
                # An outer packet without DF is fragmented: over links that were all captured that works, and costs.
                severity="warning" if look.is_closed(below[0], str(below[1]["ifname"])) else None,
                mend=[look.inside(netns, f"ip link set {name} mtu {room}")],
            )


def _underlay(look: Look, netns: Namespace, link: Link) -> tuple[Namespace, Link] | None:
    parent = look.peer(netns, link)
    if parent is not None:
        return parent
    local = data(link).get("local") or data(link).get("local6")
    for other in netns.addresses or ():
        if local and any(entry.get("local") == local for entry in other.get("addr_info", ())):
            found = netns.link(str(other.get("ifname")))
            return (netns, found) if found is not None else None
    devices = {route.get("dev") for route in netns.default_routes() if is_main(route)}
    found = netns.link(str(devices.pop())) if len(devices) == 1 else None
    return (netns, found) if found is not None and found is not link and kind(found) not in HEADERS else None


@check("L15", "warning", "a link with a bigger MTU than the link below it", "the link below drops big packets")
def stacked_mtu(look: Look) -> Iterator[Finding]:
    """The MTU of a vlan, macvlan or ipvlan is greater than its parent's."""
    for netns, link in look.links(*_ON_TOP):
        parent = look.peer(netns, link)
        if parent is not None and (link.get("mtu") or 0) > (parent[1].get("mtu") or 1 << 30):
            name = str(link["ifname"])
            yield look.finding(
                netns,
                f"{name} has MTU {link['mtu']}, {parent[1]['ifname']} below it {parent[1]['mtu']}",
                link,
                parent,
                dev=name,
                mend=[look.inside(netns, f"ip link set {name} mtu {parent[1]['mtu']}")],
            )


@check("L16", "error", "an MTU below 1280 with IPv6 addresses", "the kernel switches IPv6 off on such a link")
def too_small_for_ipv6(look: Look) -> Iterator[Finding]:
    """The link has an MTU < 1280 and a global IPv6 address."""
    for netns, link in look.links():
        entries = [entry for entry in _real_addresses(netns, str(link.get("ifname"))) if entry.get("family") == "inet6"]
        if entries and 0 < (link.get("mtu") or 1500) < 1280:
            name = str(link["ifname"])
            yield look.finding(
                netns,
                f"{name} has MTU {link['mtu']}, too small for its address {entries[0]['local']}",
                link,
                entries[0],
                dev=name,
                mend=[look.inside(netns, f"ip link set {name} mtu 1280")],
            )


@check("L17", "error", "one MAC twice on a bridge", "the bridge learns it on both ports in turn: frames go astray")
def mac_twice(look: Look) -> Iterator[Finding]:
    """Two links behind different ports of one bridge have the same MAC. Virtual router MACs (00:00:5e) and macvlans are
    ignored."""
    for netns, bridge in look.links("bridge"):
        seen: dict[str, list[tuple[Namespace, Link]]] = {}
        for port in netns.ports(str(bridge.get("ifname"))):
            other = look.peer(netns, port)
            if other is None or kind(port) not in PAIRS or other[1].get("master"):
                continue
            mac = str(other[1].get("address", ""))
            if is_one_links(mac) and not is_virtual(mac):
                seen.setdefault(mac, []).append(other)
        for mac, places in seen.items():
            if len(places) > 1:
                names = " and ".join(f"{link['ifname']} of {where.title}" for where, link in places[:3])
                where, link = places[-1]
                yield look.finding(
                    where,
                    f"{mac} is the MAC of {names}, all on {bridge['ifname']}",
                    *places,
                    dev=str(link["ifname"]),
                    mend=[look.inside(where, f"ip link set {link['ifname']} address 02:00:00:00:00:01")],
                )


@check("L18", "warning", "many errors or drops", "a bad cable, a full ring, or a policy")
def many_errors(look: Look) -> Iterator[Finding]:
    """One direction has more than 1,000 errors or drops, and they are more than 1 % of its packets."""
    for netns, link in look.links():
        stats = link.get("stats64") or {}
        for way in ("rx", "tx"):
            counts = stats.get(way) or {}
            for what in ("errors", "dropped"):
                bad, packets = counts.get(what, 0), counts.get("packets", 0)
                if isinstance(bad, int) and isinstance(packets, int) and bad > 1000 and bad * 100 > packets:
                    yield look.finding(
                        netns, f"{link['ifname']}: {bad} of {packets} packets {way} {what}", link, dev=str(link["ifname"])
                    )


@check("L19", "error", "a bond without an active port", "no packet leaves by the bond")
def bond(look: Look) -> Iterator[Finding]:
    """A bond that is up has no port with a carrier. Only a warning for a single port that is down while others are up."""
    for netns, link in look.links("bond"):
        name = str(link["ifname"])
        ports = netns.ports(name)
        alive = [port for port in ports if state(port) == "up"]
        if state(link) != "down" and ports and not alive:
            yield look.finding(
                netns,
                f"no port of {name} has a carrier",
                link,
                *ports[:2],
                dev=name,
                explains=[dead(netns, name), ("bond", id(netns), name)],
            )
        elif alive:
            for port in ports:
                if state(port) in ("down", "no carrier"):
                    yield look.finding(
                        netns,
                        f"port {port['ifname']} of {name} has no carrier: half of the bond",
                        port,
                        dev=str(port["ifname"]),
                        severity="warning",
                        explains=[("no-port", id(netns), str(port["ifname"]))],
                    )


@check("L20", "warning", "an address on a port", "answers leave by the master, so the address is not reached")
def address_on_port(look: Look) -> Iterator[Finding]:
    """A port of a bridge or a bond (not of a VRF) has a global address. Where no kinds were captured, the flags of the master
    tell them apart."""
    for netns, link in look.links():
        name, master = str(link.get("ifname")), link.get("master")
        above = netns.link(str(master)) if master else None
        if above is None or role(netns, above) not in ("bridge", "bond", "team"):
            continue
        for entry in _real_addresses(netns, name)[:1]:
            length = f"{entry['local']}/{entry.get('prefixlen', 32)}"
            move = [f"ip addr del {length} dev {name}", f"ip addr add {length} dev {master}"]
            yield look.finding(
                netns,
                f"{length} is on {name}, which is a port of {master}",
                entry,
                link,
                dev=name,
                mend=[look.inside(netns, words) for words in move],
            )


@check("L21", "warning", "the link below is down", "links built on it carry nothing")
def parent_down(look: Look) -> Iterator[Finding]:
    """The parent of a vlan, macvlan, ipvlan or vxlan in use lacks the flag UP."""
    for netns, link in look.links(*_ON_TOP, "vxlan"):
        parent = look.peer(netns, link)
        if parent is None or state(parent[1]) != "down" or state(link) == "down":
            continue
        name, below = str(link["ifname"]), str(parent[1]["ifname"])
        yield look.finding(
            parent[0],
            f"{below} is down, and {name} of {netns.title} stands on it",
            parent,
            (netns, link),
            dev=below,
            mend=[look.inside(parent[0], f"ip link set {below} up")],
            explains=[dead(netns, name), dead(parent[0], below)],
        )
