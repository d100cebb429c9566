"""The commands that would let a stopped packet pass: an address, a route, a switch, a rule that accepts the packet.

A mend is a tuple of commands as a user types them; it is empty where none is known.
"""

from __future__ import annotations

from ..inside import inside, six
from ..layer2 import is_up, kind
from ..routing import Question, family_of
from .routers import is_within, plain
from .way import question_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from parsers.records import Route

    from ...model.namespace import Namespace
    from ..firewall import Step
    from ..layer2 import Wires
    from ..packet import Packet
    from ..routing import Leg
    from .routers import Routers


class Mends:
    """Find mends for addresses and routes; these need the links and routing of the namespaces around."""

    def __init__(self, routers: Routers, wires: Wires) -> None:
        self.routers = routers
        self.wires = wires
        self._routes: dict[tuple[int, str], tuple[str, ...]] = {}

    def source(self, netns: Namespace, leg: Leg, family: str) -> tuple[str, ...]:
        """Give a link that has no address to send from a free one out of a neighbour's network."""
        for other in self.wires.segment(netns, leg.dev).ends:
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
            return tuple(inside(netns, f"sysctl -w net.ipv4.conf.{which}.rp_filter=0") for which in ("all", dev))
        return (inside(netns, f"sysctl -w net.ipv4.conf.{dev}.rp_filter=2"),)

    def route(self, netns: Namespace, destination: str) -> tuple[str, ...]:
        """Add a route to an address: by a neighbouring router that knows the way on, or by the link that its owner is on."""
        key = (id(netns), destination)
        if key not in self._routes:
            self._routes[key] = self._made_route(netns, destination)
        return self._routes[key]

    def _made_route(self, netns: Namespace, destination: str) -> tuple[str, ...]:
        family = family_of(destination)
        bits = 32 if family == "inet" else 128
        command = f"ip {six(family)}route add "
        best: str | None = None
        for link in netns.links or ():
            dev = str(link.get("ifname"))
            if not is_up(link) and any(is_within(destination, row) for row in netns.addresses_of(dev)):
                return (inside(netns, f"ip link set dev {dev} up"),)  # its network comes back with the link
            if dev == "lo" or not is_up(link) or "master" in link and kind(netns.link(str(link["master"])) or {}) == "bridge":
                continue
            mine = [row for row in netns.addresses_of(dev) if row.get("family") == family]
            if not mine:
                continue
            for end in self.wires.segment(netns, dev).ends:
                if end.obstacle is not None or end.netns is netns:
                    continue
                theirs = [row for row in end.netns.addresses_of(end.dev) if row.get("family") == family and "local" in row]
                if any(plain(str(row["local"])) == plain(destination) for row in theirs):
                    return (inside(netns, f"{command}{destination}/{bits} dev {dev}"),)
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
                        best = best or inside(netns, f"{command}{net} via {row['local']} dev {dev}")
        return (best,) if best is not None else ()

    def nexthop(self, netns: Namespace, nexthop: str, packet: Packet) -> tuple[str, ...]:
        """Replace a next hop that no namespace has by a router that is there."""
        found = self.route(netns, packet.destination)
        route = self.routers.of(netns, packet.family).decide(question_of(packet, packet.source, None, None)).route
        if found and route is not None and nexthop != packet.destination and " via " in found[0]:
            via = found[0].partition(" via ")[2]
            return (inside(netns, f"ip {six(packet.family)}route replace {route.get('dst', 'default')} via {via}"),)
        if found and nexthop == packet.destination:
            bits = 32 if packet.family == "inet" else 128
            via = found[0].partition(" via ")[2]
            return (inside(netns, f"ip {six(packet.family)}route add {packet.destination}/{bits} via {via}"),) if via else found
        return found


def rule_words(step: Step | None) -> str:
    """A rule of a firewall in words: family, table, chain and the rule's own text."""
    if step is None:
        return "a rule"
    return f"{step.family} {step.table} {step.chain}: {step.rule}"


def accepting(netns: Namespace, step: Step | None, packet: Packet) -> tuple[str, ...]:
    """Insert a rule that accepts a packet at the start of the chain that dropped it."""
    if step is None:
        return ()
    word = "ip6" if packet.family == "inet6" else "ip"
    if packet.family == "arp":
        match = "arp operation { request, reply }" if step.family == "arp" else "ether type arp"
        return (inside(netns, f"nft insert rule {step.family} {step.table} {step.chain} {match} accept"),)
    if packet.proto == "icmpv6" and packet.icmp_type in (135, 136):
        match = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }"
        legacy = "-p icmpv6 --icmpv6-type neighbour-solicitation"
    else:
        match = f"{word} saddr {packet.source} {word} daddr {packet.destination}"
        legacy = f"-s {packet.source} -d {packet.destination}"
    tool = str(step.evidence.get("tool", "")) if isinstance(step.evidence, dict) else ""
    if "iptables" in tool or "ip6tables" in tool:
        table = f"-t {step.table} " if step.table != "filter" else ""
        return (inside(netns, f"{tool} {table}-I {step.chain} {legacy} -j ACCEPT"),)
    if step.family == "bridge":
        match = f"ether type {'ip6' if packet.family == 'inet6' else 'ip'} {match}"
    return (inside(netns, f"nft insert rule {step.family} {step.table} {step.chain} {match} accept"),)


def deletable(route: Route) -> str:
    """The words by which `ip route del` finds a route."""
    words = [str(route["type"])] if route.get("type", "unicast") != "unicast" else []
    words.append(str(route.get("dst", "default")))
    if "table" in route:
        words.append(f"table {route['table']}")
    if "metric" in route and int(route["metric"]):
        words.append(f"metric {route['metric']}")
    return " ".join(words)
