"""The commands that would let a stopped packet pass: an address, a route, a switch, a rule that accepts the packet.

A mend is a tuple of commands as a user types them; it is empty where none is known.
"""

from __future__ import annotations

from ... import wording
from ...prefixes import contains, network
from ..inside import inside, six, sysctl_key
from ..links import data, kind
from ..routing import Question, family_of
from .routers import is_within, plain
from .way import question_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from parsers.records import FirewallRecord, Route

    from ...model.namespace import Namespace
    from ..layer2 import Wires
    from ..packet import Packet, Step
    from ..routing import Leg
    from .routers import Routers
    from .way import Way


class Mends:
    """Find mends for addresses and routes; these need the links and routing of the namespaces around.

    ``wanted``: whether anybody reports them; to find them takes as long as the walk itself.
    """

    def __init__(self, routers: Routers, wires: Wires, wanted: bool = True) -> None:
        self.wanted = wanted
        self.routers = routers
        self.wires = wires
        self._routes: dict[tuple[int, str], tuple[str, ...]] = {}

    def source(self, netns: Namespace, leg: Leg, family: str) -> tuple[str, ...]:
        """Give a link that has no address to send from a free one out of a neighbour's network."""
        for other in self.wires.segment(netns, leg.dev).ends if self.wanted else ():
            for row in other.netns.addresses_of(other.dev):
                if (
                    row.get("family") == family
                    and not str(row.get("local", "fe80")).startswith("fe80")
                    and int(row.get("prefixlen", 0)) < (32 if family == "inet" else 128)
                ):
                    free = self.routers.free_address(str(row["local"]), int(row["prefixlen"]))
                    if free is not None:
                        return (inside(netns, f"ip address add {free}/{row['prefixlen']} dev {leg.dev}"),)
        return ()

    def rp_filter(self, netns: Namespace, dev: str, source: str | None) -> tuple[str, ...]:
        """Let the source check pass: loose mode where there is some route back, else the missing route (or no check)."""
        router = self.routers.of(netns, "inet")
        back = router.decide(Question(source, None)) if source is not None else None
        if back is not None and back.type not in ("unicast",):
            found = self.route(netns, source or "")
            if found:
                return found
            names = [sysctl_key(f"net.ipv4.conf.{which}.rp_filter") for which in ("all", dev)]
            return tuple(inside(netns, f"sysctl -w {name}=0") for name in names)
        return (inside(netns, f"sysctl -w {sysctl_key(f'net.ipv4.conf.{dev}.rp_filter')}=2"),)

    def without(self, netns: Namespace, address: str) -> tuple[str, ...]:
        """Take away an address that another host has, too."""
        return tuple(
            inside(netns, f"ip address del {address}/{row.get('prefixlen')} dev {link.get('ifname')}")
            for link in netns.addresses or () for row in link.get("addr_info", ()) if row.get("local") == address
        )  # fmt: skip

    def around(self, way: Way, netns: Namespace) -> tuple[str, ...]:
        """Lead a packet out of the circle in which it came back to a namespace: by a route of the first router that knows one."""
        hops = way.hops[:-1]
        first = next((at for at in reversed(range(len(hops))) if hops[at].netns is netns), len(hops))
        circle = frozenset(id(hop.netns) for hop in hops[first:])
        packet = way.packet
        for hop in hops[first:]:
            asked = Question(packet.destination, packet.source if hop.came is not None else None, hop.came)
            route = self.routers.of(hop.netns, packet.family).decide(asked).route
            found = self._made_route(hop.netns, packet.destination, circle, route)
            if found:
                return found
        return ()

    def route(self, netns: Namespace, destination: str) -> tuple[str, ...]:
        """Add a route to an address: by a neighbouring router that knows the way on, or by the link that its owner is on."""
        key = (id(netns), destination)
        if key not in self._routes:
            self._routes[key] = self._made_route(netns, destination)
        return self._routes[key]

    def leak(self, netns: Namespace, dev: str | None, destination: str) -> tuple[str, ...]:
        """Copy the route to an address from another table into that of the VRF of a link; () where one of both is missing.

        If the address is behind a port in the wrong VRF, that port is moved instead.
        """
        family = family_of(destination)
        router = self.routers.of(netns, family)
        vrf = router.vrf_of(dev)
        moved = self._moved(netns, dev, vrf, destination) if dev is not None and vrf is not None else ()
        if moved:
            return moved
        table = str(data(netns.link(vrf) or {}).get("table", "")) if vrf is not None else ""
        wanted, best, words = network(destination), 0, ""
        for name, routes in netns.routes_by_table(family).items() if table else ():
            for route in routes if name not in (table, vrf, "local", "255") else ():
                net = str(route.get("dst", "default"))
                whole = network(net, family)
                usable = "dev" in route and route.get("type", "unicast") == "unicast" and contains(whole, wanted)
                if usable and whole is not None and whole.prefixlen > best:
                    via = f" via {route['gateway']}" if "gateway" in route else ""
                    best, words = whole.prefixlen, f"{net}{via} dev {route['dev']}"
        return (inside(netns, f"ip {six(family)}route add table {table} {words}"),) if words else ()

    def _moved(self, netns: Namespace, dev: str, vrf: str, destination: str) -> tuple[str, ...]:
        """Move the port ``dev``, or the port that leads to the destination, into the VRF of the other one.

        () where the move is a guess: both VRFs have more than two ports, or neither has, so either port may be the one that is
        wrong; or routes lead from one VRF to the other, so a route is missing, and no port is wrong.
        """
        port = next((
            link for link in netns.links or ()
            if link.get("master") not in (None, vrf) and kind(netns.link(str(link["master"])) or {}) == "vrf"
            and any(is_within(destination, row) for row in netns.addresses_of(str(link.get("ifname"))))
        ), None)  # fmt: skip
        if port is None:
            return ()
        name, other = str(port["ifname"]), str(port["master"])
        ours, theirs = ({str(one.get("ifname")) for one in netns.ports(master)} for master in (vrf, other))
        for master, strange in ((vrf, theirs), (other, ours)):
            table = str(data(netns.link(master) or {}).get("table", ""))
            for family in ("inet", "inet6"):
                if any(row.get("dev") in strange for row in netns.routes_by_table(family).get(table, ())):
                    return ()  # a leak
        first = len(theirs) > 2  # the port joins ours
        if first == (len(ours) > 2):
            return ()
        moved, into, left = (name, vrf, other) if first else (dev, other, vrf)
        tables = [str(data(netns.link(one) or {}).get("table", "")) for one in (left, into)]
        rows = [row for row in netns.addresses_of(moved) if row.get("family") == "inet6" and row.get("scope") == "global"]
        commands = [f"ip link set dev {moved} master {into}"]
        commands += [f"ip address add {row.get('local')}/{row.get('prefixlen')} dev {moved}" for row in rows]
        for family in ("inet", "inet6"):
            for route in netns.routes_by_table(family).get(tables[0], ()):
                if route.get("dev") == moved and "gateway" in route:
                    words = wording.route({**route, "table": tables[1]})
                    commands.append(f"ip {six(family)}route add {words}")
        return tuple(inside(netns, one) for one in commands)

    def _made_route(
        self, netns: Namespace, destination: str, avoided: frozenset[int] = frozenset(), instead: Route | None = None
    ) -> tuple[str, ...]:
        """Make a route to an address; by no namespace of ``avoided`` (their ids), and so that it wins over the route ``instead``.

        If only a link that is down leads there, the link is set up first: its other routes went away with it.
        """
        if not self.wanted:
            return ()
        family = family_of(destination)
        bits = 32 if family == "inet" else 128
        known = {str(one.get("dst")) for one in netns.routes_by_table(family).get("main", ())}
        best: tuple[str, ...] = ()
        spare: tuple[str, ...] = ()

        def command(net: str, rest: str) -> str:
            worse = str((instead or {}).get("dst", "default"))
            net = worse if _length(worse) >= _length(net) else net
            single = net.rpartition("/")[0] if _length(net) == bits else net
            verb = "replace" if {net, single} & known else "add"
            return inside(netns, f"ip {six(family)}route {verb} {net} {rest}")

        for link in netns.links or ():
            dev = str(link.get("ifname"))
            up = self.routers.is_up(netns, link)
            if not up and any(is_within(destination, row) for row in netns.addresses_of(dev)):
                return (self.wires.set_up(netns, link),)  # its network comes back with the link
            if dev == "lo" or "master" in link and kind(netns.link(str(link["master"])) or {}) == "bridge":
                continue
            before = () if up else (self.wires.set_up(netns, link),)
            mine = [row for row in netns.addresses_of(dev) if row.get("family") == family]
            if not mine:
                continue
            for end in self.wires.segment(netns, dev).ends:
                own = end.obstacle is not None and not up and (end.obstacle.netns, end.obstacle.dev) == (netns, dev)
                if end.obstacle is not None and not own or end.netns is netns or id(end.netns) in avoided:
                    continue
                theirs = [row for row in end.netns.addresses_of(end.dev) if row.get("family") == family and "local" in row]
                if any(plain(str(row["local"])) == plain(destination) for row in theirs):
                    return (*before, command(f"{destination}/{bits}", f"dev {dev}"))
                if kind(end.link) == "ipvlan":
                    continue  # an ipvlan takes packets for its own addresses only
                router = self.routers.of(end.netns, family)
                onward = router.decide(Question(destination, str(mine[0]["local"]), end.dev))
                if not (onward.sends or onward.delivers) or any(leg.dev == end.dev for leg in onward.legs) and onward.sends:
                    continue
                if onward.sends and not router.switches.forwards(end.dev if family == "inet" else "all", family)[0]:
                    continue
                for row in theirs:
                    near = any(is_within(str(row["local"]), one) for one in mine)
                    if near and not str(row["local"]).startswith("fe80"):
                        net = self.routers.network_of(destination) or f"{destination}/{bits}"
                        found = (*before, command(net, f"via {row['local']} dev {dev}"))
                        best, spare = (best or found, spare) if up else (best, spare or found)
        return best or spare

    def nexthop(self, netns: Namespace, dev: str, nexthop: str, packet: Packet) -> tuple[str, ...]:
        """Replace a next hop that no namespace on a link has by a router that is there, or bring the next hop back."""
        plugged = self._plugged(netns, dev, nexthop)
        if plugged or not self.wanted:
            return plugged
        found = self.route(netns, packet.destination) or self._given_back(netns, dev, nexthop, packet)
        if found and " address add " in found[0]:
            return found
        route = self.routers.of(netns, packet.family).decide(question_of(packet, packet.source, None, None)).route
        if found and route is not None and nexthop != packet.destination and " via " in found[-1]:
            via = found[-1].partition(" via ")[2]
            return (inside(netns, f"ip {six(packet.family)}route replace {route.get('dst', 'default')} via {via}"),)
        if found and nexthop == packet.destination:
            bits = 32 if packet.family == "inet" else 128
            via = found[0].partition(" via ")[2]
            return (inside(netns, f"ip {six(packet.family)}route add {packet.destination}/{bits} via {via}"),) if via else found
        return found

    def _plugged(self, netns: Namespace, dev: str, nexthop: str) -> tuple[str, ...]:
        """Plug the cable of a next hop's owner into the bridge that the link is in, where it is in none."""
        own = self.wires.host.peer(netns, netns.link(dev) or {})
        bridge = str((own.link or {}).get("master", "")) if own is not None and own.link is not None else ""
        for owner, link in self.routers.owners(nexthop) if own is not None and bridge else ():
            record = owner.link(str(link.get("ifname")))
            peer = self.wires.host.peer(owner, record) if record is not None else None
            if own is None or peer is None or peer.netns is not own.netns or peer.netns is None or peer.link is None:
                continue
            port = str(peer.link.get("ifname"))
            if "master" not in peer.link and not any(row.get("scope") == "global" for row in peer.netns.addresses_of(port)):
                return (inside(peer.netns, f"ip link set dev {port} master {bridge}"),)
        return ()

    def _given_back(self, netns: Namespace, dev: str, nexthop: str, packet: Packet) -> tuple[str, ...]:
        """Give a next hop that nobody has to the one link on the segment that has no address, and should have this one."""
        if self.routers.owners(nexthop):
            return ()
        length = next((row.get("prefixlen") for row in netns.addresses_of(dev) if is_within(nexthop, row)), None)
        bare = []
        for end in self.wires.segment(netns, dev).ends:
            rows = [row for row in end.netns.addresses_of(end.dev) if row.get("family") == packet.family]
            routes = nexthop == packet.destination or self.routers.of(end.netns, packet.family).switches.forwards(
                end.dev if packet.family == "inet" else "all", packet.family
            )[0]  # fmt: skip
            if end.obstacle is None and routes and all(str(row.get("local")).startswith("fe80") for row in rows):
                bare.append(end)
        if length is None or len(bare) != 1:
            return ()
        return (inside(bare[0].netns, f"ip address add {nexthop}/{length} dev {bare[0].dev}"),)


def _length(net: str) -> int:
    """The length of a prefix; an address without one is as long as can be."""
    return int(net.rpartition("/")[2]) if "/" in net else -1 if net == "default" else 128


def rule_words(step: Step | None) -> str:
    """A rule of a firewall in words: family, table, chain and the rule's own text."""
    if step is None:
        return "a rule"
    return f"{step.family} {step.table} {step.chain}: {step.rule}"


def accepting(netns: Namespace, rule: FirewallRecord | None, packet: Packet) -> tuple[str, ...]:
    """Insert a rule that accepts a packet, and no other, at the start of the chain of another rule (of one that dropped it)."""
    if rule is None:
        return ()
    family, at = rule["family"], f"{rule['family']} {rule['table']} {rule['chain']}"
    word = "ip6" if packet.family == "inet6" else "ip"
    if packet.family == "arp":
        match = "arp operation { request, reply }" if family == "arp" else "ether type arp"
        return (inside(netns, f"nft insert rule {at} {match} accept"),)
    if packet.proto == "icmpv6" and packet.icmp_type in (135, 136):
        match = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }"
        legacy = f"-p icmpv6 --icmpv6-type neighbour-{'solicitation' if packet.icmp_type == 135 else 'advertisement'}"
    else:
        proto, option = _protocol(packet)
        match = f"{word} saddr {packet.source} {word} daddr {packet.destination}{proto}"
        legacy = f"-s {packet.source} -d {packet.destination}{option}"
    tool = str(rule["tool"])
    if "tables" in tool:
        table = f"-t {rule['table']} " if rule["table"] != "filter" else ""
        return (inside(netns, f"{tool} {table}-I {rule['chain']} {legacy} -j ACCEPT"),)
    if family == "bridge":
        match = f"ether type {'ip6' if packet.family == 'inet6' else 'ip'} {match}"
    return (inside(netns, f"nft insert rule {at} {match} accept"),)


#: The numbers of the protocols of tunnels.
_PROTOCOLS = {"gre": 47, "gretap": 47, "ip6gre": 47, "ip6gretap": 47, "ipip": 4, "sit": 41}


def _protocol(packet: Packet) -> tuple[str, str]:
    """The protocol of a packet, and the port that a question asks or its answer comes from, for nft and iptables."""
    proto = packet.proto
    if proto in ("tcp", "udp"):
        side, port = ("s", packet.sport) if packet.direction == "reply" else ("d", packet.dport)
        return (f" {proto} {side}port {port}", f" -p {proto} --{side}port {port}") if port is not None else ("", f" -p {proto}")
    if proto in ("icmp", "icmpv6") and packet.icmp_type is not None:
        name = "echo-reply" if packet.icmp_type in (0, 129) else "echo-request"
        return f" {proto} type {name}", f" -p {proto} --{proto}-type {name}"
    number = _PROTOCOLS.get(proto)
    return (f" meta l4proto {number}", f" -p {number}") if number is not None else ("", "")


def deletable(route: Route) -> str:
    """The words by which `ip route del` finds a route."""
    words = [str(route["type"])] if route.get("type", "unicast") != "unicast" else []
    words.append(str(route.get("dst", "default")))
    if "table" in route:
        words.append(f"table {route['table']}")
    if "metric" in route and int(route["metric"]):
        words.append(f"metric {route['metric']}")
    return " ".join(words)
