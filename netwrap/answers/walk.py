"""The way of one packet through the namespaces of a host: a pure function of the model, stage by stage as the kernel goes.

A walk forks where several ways are possible (multipath, two owners of an address); each way has its own end. What was not
captured or not understood does not stop the walk, but stays with it: such an end is a likely one only.
"""

from __future__ import annotations

from parsers.tuples import NamedTuple

from .. import wording
from . import firewall, neighbour_firewalls
from .inside import inside
from .layer2 import Crossing, End, Obstacle, Unknown, Wires, data, is_up, kind, slave_of
from .packet import Packet, replace
from .routing import Decision, Leg, Question, Router, family_of, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from parsers.records import Address, AddrInfo, Link, Neigh, Route

    from ..model.host import Host
    from ..model.namespace import Namespace
    from .firewall import Outcome
    from .layer2 import Segment

    Tuple = tuple[str, str, "int | None", "int | None"]

TTL = 64
#: More ways than this are not followed.
WAYS = 24
_WITHOUT_NEIGHBOURS = ("gre", "ipip", "sit", "ip6tnl", "ip6gre", "vti", "vti6", "wireguard", "xfrm", "tun")
_WHY = {"no-route": "no-route", "blackhole": "blackhole", "unreachable": "unreachable", "prohibit": "prohibit",
        "no-source": "no-source", "martian": "martian", "rp-filter": "rp-filter", "not-forwarding": "not-forwarding",
        "vrf": "vrf"}  # fmt: skip


class Step(NamedTuple):
    """One stage in a namespace: what happened there, and what shows it."""

    stage: str
    what: str
    command: str = ""
    evidence: Any = None
    verdict: str = "ok"
    reason: str | None = None


class Hop(NamedTuple):
    """A namespace on the way, with the addresses that the packet has when it comes in, or is made."""

    netns: Namespace
    came: str | None
    left: str | None
    steps: tuple[Step, ...]
    source: str | None
    destination: str
    ttl: int


class Connection(NamedTuple):
    """What conntrack of a namespace remembers: the tuple as it came, and as it left."""

    netns: int
    before: Tuple
    after: Tuple


class Learned(NamedTuple):
    """A neighbour that a namespace knows because it was asked by that neighbour."""

    netns: int
    dev: str
    address: str
    neighbour: Namespace
    by: str


class Way(NamedTuple):
    """A packet, and how far it has come."""

    packet: Packet
    ttl: int = TTL
    hops: tuple[Hop, ...] = ()
    passed: frozenset[tuple[Any, ...]] = frozenset()
    connections: tuple[Connection, ...] = ()
    seen: frozenset[tuple[int, str, str]] = frozenset()  # what conntrack saw: namespace, destination and source of the question
    missing: tuple[tuple[str, str], ...] = ()
    doubts: tuple[tuple[str, str], ...] = ()  # rules of a firewall that were not decidable
    notes: tuple[str, ...] = ()
    reply: bool = False
    learned: tuple[Learned, ...] = ()  # what the question taught those that it came to about its sender

    def step(self, *step: Any) -> Way:
        """With one more step of the namespace that the packet is in."""
        last = self.hops[-1]
        return self._replace(hops=(*self.hops[:-1], last._replace(steps=(*last.steps, Step(*step)))))

    def seen_in(self, netns: Namespace) -> Way:
        """With a question that conntrack of a namespace has seen."""
        if self.reply:
            return self
        return self._replace(seen=self.seen | {(id(netns), self.packet.destination, self.packet.source)})

    def leaving(self, dev: str) -> Way:
        """With the link by which the packet leaves the namespace that it is in."""
        return self._replace(hops=(*self.hops[:-1], self.hops[-1]._replace(left=dev)))

    def lacking(self, missing: tuple[tuple[str, str], ...]) -> Way:
        """With more that was not captured."""
        return self._replace(missing=tuple(dict.fromkeys((*self.missing, *missing)))) if missing else self


class Ended(NamedTuple):
    """The end of a way: ``verdict`` is delivered, dropped, leaves, loop or undecided."""

    verdict: str
    way: Way
    netns: Namespace
    dev: str | None
    reason: str | None = None
    what: str = ""
    command: str = ""
    mend: tuple[str, ...] = ()
    evidence: Any = None

    @property
    def fault(self) -> tuple[str, int, object]:
        """What a walker takes for mended: the reason, the namespace, and the link or the rule."""
        rule = id(self.evidence) if self.reason in ("filter", "reject") and self.evidence is not None else self.dev
        if self.reason == "not-forwarding" and any("ip_forward" in one or ".all." in one for one in self.mend):
            rule = None  # which mends it for all links
        return self.reason or "", id(self.netns), rule


class Walker:
    """Walks packets through one host; what it finds out about the host is kept for the next walk.

    ``mended``: faults that are passed over, as if they were mended.
    """

    def __init__(self, host: Host, mended: frozenset[tuple[str, int, object]] = frozenset()) -> None:
        self.host = host
        self.mended = mended
        self.wires = Wires(host, self._carry, mended)
        self._routers: dict[tuple[int, str], Router] = {}
        self._owners: dict[str, list[tuple[Namespace, Address]]] | None = None
        self._answers: dict[tuple[Any, ...], bool | str] = {}
        self._addressed: dict[tuple[int, str], tuple[tuple[End, ...], dict[int, list[int]], list[int]]] = {}
        self._guarded: dict[int, bool] = {}
        self._mends: dict[tuple[int, str], tuple[str, ...]] = {}
        self._carrying = 0

    def router(self, netns: Namespace, family: str) -> Router:
        """The routing of a family of a namespace."""
        key = (id(netns), family)
        if key not in self._routers:
            self._routers[key] = Router(netns, family)
        return self._routers[key]

    def owners(self, address: str) -> list[tuple[Namespace, Address]]:
        """The namespaces that have an address, with the link's record."""
        if self._owners is None:
            self._owners = {}
            for netns in self.host.namespaces:
                for link in netns.addresses or ():
                    for row in link.get("addr_info", ()):
                        if "local" in row:
                            self._owners.setdefault(_plain(row["local"]), []).append((netns, link))
        return self._owners.get(_plain(address), [])

    # -- sending ------------------------------------------------------------------------------------------------------

    def send(self, netns: Namespace, way: Way, source: str | None, oif: str | None = None) -> Iterator[Ended]:
        """The ends of a packet that a namespace makes; ``source`` is None where the sender leaves that to the kernel."""
        packet = way.packet
        family = packet.family
        router = self.router(netns, family)
        way = way._replace(hops=(*way.hops, Hop(netns, None, None, (), source, packet.destination, way.ttl)))
        asked = _question(packet, source, None, oif)
        decision = router.decide(asked)
        way = way.lacking(decision.missing)
        if decision.delivers:
            yield from self._to_itself(netns, way, decision, source)
            return
        if not decision.sends:
            yield self._no_way(netns, way, decision, asked)
            return
        for leg, record in _legs(decision):
            chosen = source or router.source_of(decision._replace(route=record), leg, packet.destination)
            if chosen is None and family == "inet":  # it is sent all the same, and nobody takes it
                chosen = "0.0.0.0"
            if chosen is None:
                what = f"{netns.title} has no address to send from to {packet.destination} by {leg.dev}"
                mend = self._mend_source(netns, leg, family)
                yield self._end(
                    way, "dropped", netns, leg.dev, "no-source", what, inside(netns, "ip address show"), mend, record, "source"
                )
                continue
            again = None
            if (
                source is None
                and family == "inet"
                and packet.proto in ("tcp", "udp")
                and not way.reply
                and not router.rules_are_plain
            ):
                again = router.decide(asked._replace(source=chosen))  # a connected socket is routed again with its source
                if not again.sends:
                    yield self._no_way(netns, way, again, asked._replace(source=chosen))
                    continue
            if again is None:
                yield from self._out(netns, way, decision, leg, record, chosen, packet)
                continue
            for other, route in _legs(again):
                yield from self._out(netns, way, again, other, route, chosen, packet)

    def _out(
        self, netns: Namespace, way: Way, decision: Decision, leg: Leg, record: Route | None, chosen: str, packet: Packet
    ) -> Iterator[Ended]:
        made = replace(packet, source=chosen, iif=None, oif=leg.dev)
        way = way._replace(packet=made)
        made = replace(made, state=self._state(way, netns))
        way = self._routed(way, netns, decision, leg, record, chosen)
        before = _tuple(made)
        outcome, way = self._judge(way, netns, "output", made, leg)
        if outcome.verdict in ("drop", "reject"):
            yield self._filtered(way, netns, leg.dev, "output", outcome)
            return
        way = way if outcome.packet.state == "untracked" else way.seen_in(netns)
        made = self._unnat_source(way, netns, outcome.packet, local=True)
        way = way._replace(packet=made)
        if made.destination != packet.destination or outcome.rerouted:
            router = self.router(netns, made.family)
            again = router.decide(_question(made, made.source, None, None))
            way = way.lacking(again.missing)
            if again.delivers:
                way = way._replace(connections=_connected(way, netns, before, made))
                yield from self._deliver(netns, way, "lo")
                return
            if not again.sends:
                yield self._no_way(netns, way, again, _question(made, made.source, None, None))
                return
            for other, route in _legs(again):
                there = self._routed(way, netns, again, other, route, made.source)
                yield from self._post(netns, there, other, before)
            return
        yield from self._post(netns, way, leg, before)

    def _routed(self, way: Way, netns: Namespace, decision: Decision, leg: Leg, record: Route | None, source: str) -> Way:
        packet = way.packet
        rule = decision.rule
        if rule is not None and rule.get("priority") not in (0, 32766, 32767):
            way = way.step("rule", wording.rule(rule), inside(netns, f"ip {_six(packet.family)}rule show"), rule)
        table = str((record or {}).get("table", "main"))
        words = wording.route(record or {}).replace(f" table {table}", "") if record else f"dev {leg.dev}"
        if record is not None and (record.get("nexthops") or len(decision.legs) > 1):
            words += f" (by {leg.dev}{' via ' + leg.gateway if leg.gateway else ''})"
        command = inside(netns, f"ip {_six(packet.family)}route get {packet.destination}")
        if way.hops[-1].came is not None:
            command += f" from {packet.source} iif {way.hops[-1].came}"
        return way.step("route", f"{table}: {words}, from {source}", command, record)

    def _to_itself(self, netns: Namespace, way: Way, decision: Decision, source: str | None) -> Iterator[Ended]:
        packet = way.packet
        if decision.type in ("broadcast", "multicast"):
            what = f"{packet.destination} is a {decision.type} address of {netns.title}"
            yield self._end(way, "dropped", netns, None, "prohibit", what, inside(netns, f"ip route get {packet.destination}"))
            return
        way = way.step(
            "local",
            f"{packet.destination} is an address of {netns.title} itself",
            inside(netns, f"ip {_six(packet.family)}route get {packet.destination}"),
            decision.route,
        )
        lo = netns.link("lo")
        if lo is not None and not is_up(lo):
            what = f"lo in {netns.title} is down: {netns.title} does not reach its own addresses"
            yield self._end(
                way,
                "dropped",
                netns,
                "lo",
                "link-down",
                what,
                inside(netns, "ip link show dev lo"),
                (inside(netns, "ip link set dev lo up"),),
                lo,
                "link",
            )
            return
        made = replace(packet, source=source or decision.source or packet.destination, oif="lo", iif=None)
        way = way._replace(packet=made)
        state = self._state(way, netns)
        way = way.seen_in(netns)
        before = _tuple(made)
        for hook in ("output", "postrouting"):
            outcome, way = self._judge(way, netns, hook, replace(way.packet, state=state), None)
            if outcome.verdict in ("drop", "reject"):
                yield self._filtered(way, netns, "lo", hook, outcome)
                return
            way = way._replace(packet=self._unnat_source(way, netns, outcome.packet, local=True))
        if way.packet.destination != packet.destination:
            again = self.router(netns, packet.family).decide(_question(way.packet, way.packet.source, None, None))
            for leg, record in _legs(again) if again.sends else ():
                yield from self._post(netns, self._routed(way, netns, again, leg, record, way.packet.source), leg, before)
            if again.sends:
                return
        way = way._replace(connections=_connected(way, netns, before, way.packet))
        outcome, way = self._judge(
            way, netns, "prerouting", replace(way.packet, iif="lo", oif=None, state="established" if way.reply else "new"), None
        )
        if outcome.verdict in ("drop", "reject"):
            yield self._filtered(way, netns, "lo", "prerouting", outcome)
            return
        yield from self._deliver(netns, way, "lo")

    def _mend_source(self, netns: Namespace, leg: Leg, family: str) -> tuple[str, ...]:
        for other in self.wires.segment(netns, leg.dev).ends:
            for row in other.netns.addresses_of(other.dev):
                if (
                    row.get("family") == family
                    and not str(row.get("local", "fe80")).startswith("fe80")
                    and int(row.get("prefixlen", 0)) < (32 if family == "inet" else 128)
                ):
                    free = self._free(str(row["local"]), int(row["prefixlen"]))
                    if free is not None:
                        return (inside(netns, f"ip address add {free}/{row['prefixlen']} dev {leg.dev}"),)
        return ()

    def _free(self, near: str, length: int) -> str | None:
        """An address of the same network that nobody has."""
        from .routing import text_of

        family = family_of(near)
        bits = 32 if family == "inet" else 128
        first = number(near) >> (bits - length) << (bits - length)
        for value in range(first + 200, first + min(1 << (bits - length), 254)):
            text = text_of(value, family)
            if not self.owners(text):
                return text
        return None

    # -- receiving ----------------------------------------------------------------------------------------------------

    def receive(self, netns: Namespace, way: Way, dev: str, port: str | None = None) -> Iterator[Ended]:
        """The ends of a packet that comes into a namespace by a link; where that is a bridge, by its ``port``."""
        called = port if port is not None and self._sees_frames(netns, way.packet.family) else None
        packet = replace(way.packet, iif=dev, oif=None, physin=called, physout=None)
        key = (id(netns), dev, packet.source, packet.destination, way.reply)
        way = way._replace(packet=packet, hops=(*way.hops, Hop(netns, dev, None, (), packet.source, packet.destination, way.ttl)))
        if key in way.passed:
            places = list(dict.fromkeys(hop.netns.title for hop in way.hops))
            what = f"the packet comes by {netns.title} again: {', '.join(places)} send it round in a circle"
            yield self._end(
                way,
                "loop",
                netns,
                dev,
                "loop",
                what,
                inside(netns, f"ip {_six(packet.family)}route get {packet.destination}"),
                (),
                None,
                "ttl",
            )
            return
        way = way._replace(passed=way.passed | {key})
        before = _tuple(packet)
        way = way._replace(packet=replace(packet, state=self._state(way, netns)))
        question = way.seen_in(netns)
        way = self._not_judged(way, netns, dev, "ingress")
        for hook in ("ingress", "prerouting"):
            outcome, way = self._judge(way, netns, hook, way.packet, None)
            if outcome.verdict in ("drop", "reject"):
                yield self._filtered(way, netns, dev, hook, outcome)
                return
            way = way._replace(packet=outcome.packet)
        if way.packet.state != "untracked":
            way = way._replace(seen=question.seen)
        packet = self._unnat_destination(way, netns, way.packet)
        if packet != way.packet:
            way = way._replace(packet=packet).step(
                "prerouting", f"the answer's destination is {packet.destination} again (conntrack)", "conntrack -L"
            )
        router = self.router(netns, packet.family)
        asked = _question(packet, packet.source, dev, None)
        decision = router.decide(asked)
        way = way.lacking(decision.missing)
        if {(decision.type, id(netns), dev), (decision.type, id(netns), None)} & self.mended:
            decision = decision._replace(type=str((decision.route or {}).get("type", "unicast")) if decision.legs else "no-route")
        if decision.delivers:
            yield from self._locally(netns, way, dev, decision, before)
            return
        if not decision.sends:
            yield self._no_way(netns, way, decision, asked)
            return
        if router.six:
            forwards, known = router.switches.forwards("all", "inet6")
            if not known:
                way = way.lacking(((f"IPv6 forwarding of {netns.title}", inside(netns, "sysctl net.ipv6.conf.all.forwarding")),))
            if not forwards and known and ("not-forwarding", id(netns), None) not in self.mended:
                yield self._no_way(netns, way, decision._replace(type="not-forwarding"), asked)
                return
        if called is not None and packet.destination != before[1] and all(leg.dev == dev for leg in decision.legs):
            yield from self._bridged_on(netns, way, dev, port or "", decision, before)
            return
        if packet.source.startswith("fe80") and any(leg.dev != dev for leg in decision.legs):
            what = f"{netns.title} does not forward {packet.source}: a link-local source does not go beyond its link"
            first = way.hops[0]
            mend = self._mend_source(first.netns, Leg(str(first.left), None), packet.family)
            command = inside(first.netns, f"ip -6 address show dev {first.left}")
            yield self._end(way, "dropped", netns, dev, "no-source", what, command, mend, None, "source")
            return
        if way.ttl <= 1:
            yield self._end(way, "loop", netns, dev, "ttl", f"the time to live ends in {netns.title}", "", (), None, "ttl")
            return
        way = way._replace(ttl=way.ttl - 1).step("forwarding", f"in by {dev}; forwards {_ip(packet.family)}", "", None)
        for leg, record in _legs(decision):
            yield from self._forward(netns, way, decision, leg, record, before)

    def _forward(
        self, netns: Namespace, way: Way, decision: Decision, leg: Leg, record: Route | None, before: Tuple
    ) -> Iterator[Ended]:
        packet = replace(way.packet, oif=leg.dev)
        way = self._routed(way._replace(packet=packet), netns, decision, leg, record, packet.source)
        big = self._too_big(netns, leg, record, packet)
        if big is not None:
            what = f"{packet.length} bytes do not fit through {leg.dev} in {netns.title} (MTU {big})"
            forget = inside(way.hops[0].netns, f"ip {_six(packet.family)}route flush cache")  # the sender remembers the MTU
            mend = (inside(netns, f"ip link set dev {leg.dev} mtu {packet.length}"), forget)
            yield self._end(
                way,
                "dropped",
                netns,
                leg.dev,
                "mtu",
                what,
                inside(netns, f"ip link show dev {leg.dev}"),
                mend,
                netns.link(leg.dev),
                "mtu",
            )
            return
        outcome, way = self._judge(way, netns, "forward", replace(packet, state=self._state_there(way, netns)), leg)
        if outcome.verdict in ("drop", "reject"):
            yield self._filtered(way, netns, leg.dev, "forward", outcome)
            return
        yield from self._post(netns, way._replace(packet=outcome.packet), leg, before)

    def _too_big(self, netns: Namespace, leg: Leg, record: Route | None, packet: Packet) -> int | None:
        if packet.length is None:
            return None
        sizes = [int(link["mtu"]) for link in [netns.link(leg.dev) or {}] if "mtu" in link]
        sizes += [int(entry["mtu"]) for entry in (record or {}).get("metrics", ()) if "mtu" in entry]
        return min(sizes) if sizes and packet.length > min(sizes) else None

    def _locally(self, netns: Namespace, way: Way, dev: str, decision: Decision, before: Tuple) -> Iterator[Ended]:
        packet = way.packet
        command = inside(netns, f"ip {_six(packet.family)}route get {packet.destination} from {packet.source} iif {dev}")
        way = way.step("local", f"in by {dev}; {packet.destination} is an address of {netns.title}", command, decision.route)
        if decision.type in ("broadcast", "multicast"):
            yield self._end(
                way,
                "dropped",
                netns,
                dev,
                "martian",
                f"{packet.destination} is a {decision.type} address in {netns.title}",
                command,
            )
            return
        way = way._replace(packet=self._unnat_source(way, netns, packet, local=False))
        way = way._replace(connections=_connected(way, netns, before, packet))
        yield from self._deliver(netns, way, dev)

    def _deliver(self, netns: Namespace, way: Way, dev: str) -> Iterator[Ended]:
        packet = replace(way.packet, iif=dev, oif=None)
        outcome, way = self._judge(way, netns, "input", replace(packet, state=self._state_there(way, netns)), None)
        if outcome.verdict in ("drop", "reject"):
            yield self._filtered(way, netns, dev, "input", outcome)
            return
        packet = outcome.packet
        way = way._replace(packet=packet)
        refused = None if way.reply else self._refused(netns, way, packet, dev)
        yield refused if refused is not None and refused.fault not in self.mended else Ended("delivered", way, netns, dev)

    def _refused(self, netns: Namespace, way: Way, packet: Packet, dev: str) -> Ended | None:
        """Why nobody answers a packet that was delivered; None where somebody does, or that is not known."""
        switches = self.router(netns, packet.family).switches
        if packet.proto == "icmp" and switches.value("net.ipv4.icmp_echo_ignore_all"):
            name = "net.ipv4.icmp_echo_ignore_all"
        elif packet.proto == "icmpv6" and switches.value("net.ipv6.icmp.echo_ignore_all"):
            name = "net.ipv6.icmp.echo_ignore_all"
        else:
            name = ""
        if name:
            what = f"{netns.title} ignores echo requests ({name} is 1)"
            return self._end(
                way,
                "deaf",
                netns,
                dev,
                "icmp-ignored",
                what,
                inside(netns, f"sysctl {name}"),
                (inside(netns, f"sysctl -w {name}=0"),),
                None,
                "socket",
            )
        if packet.proto not in ("tcp", "udp") or packet.dport is None:
            return None
        vrf = self.router(netns, packet.family).vrf_of(dev)
        if vrf is not None and not switches.value(f"net.ipv4.{packet.proto}_l3mdev_accept"):
            what = f"{packet.proto} servers of {netns.title} outside of the VRF {vrf} do not hear what comes in by {dev}"
            mend = (inside(netns, f"sysctl -w net.ipv4.{packet.proto}_l3mdev_accept=1"),)
            return self._end(
                way,
                "deaf",
                netns,
                dev,
                "vrf",
                what,
                inside(netns, f"sysctl net.ipv4.{packet.proto}_l3mdev_accept"),
                mend,
                None,
                "socket",
            )
        listens = listening(netns, packet)
        if listens is False:
            what = f"nobody listens on {packet.proto} port {packet.dport} in {netns.title}"
            return self._end(way, "deaf", netns, dev, "no-listener", what, inside_ss(netns), (), None, "socket")
        return None

    # -- out of a link ------------------------------------------------------------------------------------------------

    def _post(self, netns: Namespace, way: Way, leg: Leg, before: Tuple) -> Iterator[Ended]:
        """Postrouting, and the next hop."""
        packet = replace(way.packet, oif=leg.dev)
        outcome, way = self._judge(way, netns, "postrouting", replace(packet, state=self._state_there(way, netns)), leg)
        if outcome.verdict in ("drop", "reject"):
            yield self._filtered(way, netns, leg.dev, "postrouting", outcome)
            return
        packet = outcome.packet
        restored = self._unnat_source(way, netns, packet, local=False)
        if restored != packet:
            way = way.step("postrouting", f"the answer's source is {restored.source} again (conntrack)", "conntrack -L")
            packet = restored
        way = way._replace(packet=packet, connections=_connected(way, netns, before, packet)).leaving(leg.dev)
        way = self._not_judged(way, netns, leg.dev, "egress")
        outcome, way = self._judge(way, netns, "egress", packet, leg)
        if outcome.verdict in ("drop", "reject"):
            yield self._filtered(way, netns, leg.dev, "egress", outcome)
            return
        yield from self._transmit(netns, way, leg)

    def _transmit(self, netns: Namespace, way: Way, leg: Leg) -> Iterator[Ended]:
        packet = way.packet
        link = netns.link(leg.dev)
        if link is None:
            yield self._end(
                way.lacking(((f"the link {leg.dev} of {netns.title}", inside(netns, "ip -d link show")),)),
                "undecided",
                netns,
                leg.dev,
                "not-captured",
                f"the link {leg.dev} of {netns.title} was not captured",
                inside(netns, "ip -d link show"),
            )
            return
        if leg.dev == "lo":
            yield self._end(
                way,
                "dropped",
                netns,
                "lo",
                "no-owner",
                f"the route to {packet.destination} leads to lo",
                inside(netns, f"ip route get {packet.destination}"),
            )
            return
        big = self._too_big(netns, leg, None, packet)
        if big is not None and way.hops[-1].came is None:
            what = f"{packet.length} bytes do not fit through {leg.dev} in {netns.title} (MTU {big})"
            mend = (inside(netns, f"ip link set dev {leg.dev} mtu {packet.length}"),)
            yield self._end(
                way, "dropped", netns, leg.dev, "mtu", what, inside(netns, f"ip link show dev {leg.dev}"), mend, link, "mtu"
            )
            return
        nexthop = leg.gateway or packet.destination
        found = list(self._resolve(netns, leg.dev, link, nexthop, packet, way))
        if len([one for one in found if isinstance(one, End)]) > 1:
            names = ", ".join(one.netns.title for one in found if isinstance(one, End))
            way = way._replace(
                notes=(*way.notes, f"duplicate-address: {nexthop} on {leg.dev} of {netns.title} is had by {names}")
            )
        for one in found:
            yield from self._arrived(netns, way, leg, nexthop, one)

    def _arrived(
        self, netns: Namespace, way: Way, leg: Leg, nexthop: str, one: End | Unknown | Obstacle, before: Tuple | None = None
    ) -> Iterator[Ended]:
        """Where a frame comes that was sent; ``before``: the addresses before the first bridge translated them, where it has."""
        if isinstance(one, Obstacle):
            yield self._end(
                way,
                "undecided" if one.reason in ("not-captured", "peer-unknown") else "dropped",
                one.netns,
                one.dev,
                one.reason,
                one.what,
                one.command,
                one.mend,
                one.evidence,
                one.stage,
            )
            return
        for station in one.trail:
            way = way.step(station.stage, station.what, station.command, station.evidence)
        if isinstance(one, Unknown):
            command = inside(one.netns, f"ip -d link show dev {one.dev}")
            if one.outside:
                yield self._end(way, "leaves", one.netns, one.dev, None, f"{one.what} for {nexthop}", command)
            else:
                yield self._end(
                    way.lacking(((one.what, command),)),
                    "leaves" if "not captured" in one.what else "undecided",
                    one.netns,
                    one.dev,
                    "peer-unknown",
                    one.what,
                    command,
                )
            return
        for size, where, dev in one.sizes if way.packet.length is not None else ():
            if way.packet.length is not None and way.packet.length > size:
                what = f"{way.packet.length} bytes do not fit into {dev} in {where.title} (MTU {size}), and nobody is told"
                mend = (inside(where, f"ip link set dev {dev} mtu {way.packet.length}"),)
                yield self._end(
                    way,
                    "dropped",
                    where,
                    dev,
                    "mtu",
                    what,
                    inside(where, f"ip link show dev {dev}"),
                    mend,
                    where.link(dev),
                    "mtu",
                )
                return
        for at, crossing in enumerate(one.crossings):
            passed = before if at == 0 else None
            ended, after = self._bridged(way, crossing, passed)
            if ended is not None:
                yield ended
                return
            if passed is None and crossing.port_in is not None and after.packet.destination != way.packet.destination:
                # a bridge that translates the destination looks the new one up, and bridges or routes the frame there
                yield from self.receive(crossing.netns, way, crossing.bridge, crossing.port_in)
                return
            way = after
        if not way.reply:
            asker = self._asks(netns, leg.dev, nexthop, way.packet)
            if asker is not None:
                way = way._replace(learned=(*way.learned, Learned(id(one.netns), one.dev, asker, netns, leg.dev)))
        yield from self.receive(one.netns, way, one.dev, one.crossings[-1].port_in if _into_bridge(one) else None)

    def _bridged(self, way: Way, crossing: Crossing, passed: Tuple | None) -> tuple[Ended | None, Way]:
        """What firewalls do with a frame that a bridge passes on (the bridge family, and with bridge-nf all others).

        Of frames from or to the bridge's own namespace the bridge family alone is asked here. ``passed``: the addresses before
        prerouting, where that was passed already.
        """
        netns, port_in, port_out = crossing.netns, crossing.port_in, crossing.port_out
        before = way.packet
        through = port_in is not None and port_out is not None
        for dev, at in ((port_in, "ingress"), (port_out, "egress")):
            way = self._not_judged(way, netns, dev, at) if dev is not None else way
        way = self._not_judged(way, netns, None, "")
        if not through and not firewall.has_family(netns, "bridge"):
            return None, way
        frame = replace(way.packet, bridged=True, iif=crossing.bridge, oif=crossing.bridge, physin=port_in, physout=port_out)
        if passed is None:
            frame = replace(frame, state=self._state(way, netns))
            way = way.seen_in(netns) if through else way
        hooks = ["prerouting", "forward", "postrouting"]
        if not through:
            hooks = ["output", "postrouting"] if port_in is None else ["prerouting", "input"]
        sees = through and self._sees_frames(netns, frame.family)
        for hook in hooks if passed is None else hooks[1:]:
            asked = replace(frame, oif=None, physout=None) if hook == "prerouting" else frame
            outcome, way = self._judge(way, netns, hook, asked, None, bridged=True, frames_only=not through)
            if outcome.verdict in ("drop", "reject"):
                return self._filtered(way, netns, port_out or crossing.bridge, hook, outcome, bridged=True), way
            frame = replace(outcome.packet, oif=crossing.bridge, physout=port_out)
            if hook == "prerouting" and sees:
                frame = self._unnat_destination(way, netns, frame)
        if sees:
            frame = self._unnat_source(way, netns, frame, local=False)  # conntrack sees bridged answers, too
            way = way._replace(connections=_connected(way, netns, passed or _tuple(before), frame))
        changed = replace(before, source=frame.source, destination=frame.destination, sport=frame.sport, dport=frame.dport)
        return None, way._replace(packet=changed)

    def _sees_frames(self, netns: Namespace, family: str) -> bool:
        """Whether bridge-nf shows bridged frames to the firewalls of IP."""
        switches = self.router(netns, family).switches
        return bool(switches.value(f"net.bridge.bridge-nf-call-ip{'6' if family == 'inet6' else ''}tables"))

    def _bridged_on(
        self, netns: Namespace, way: Way, bridge: str, port: str, decision: Decision, before: Tuple
    ) -> Iterator[Ended]:
        """A frame for the bridge itself whose destination was translated to a station of it: bridged, never forwarded."""
        packet, link = way.packet, netns.link(bridge)
        if len(way.hops) > 1:
            here = way.hops[-1]
            way = way._replace(hops=(*way.hops[:-2], way.hops[-2]._replace(steps=(*way.hops[-2].steps, *here.steps))))
        way = way.step(
            "bridge", f"{bridge}: {port} sends it to {packet.destination} (bridge-nf)", inside(netns, "bridge link show")
        )
        leg = decision.legs[0]
        nexthop = leg.gateway or packet.destination
        for one in self._resolve(netns, bridge, link or {}, nexthop, packet, way):
            if isinstance(one, End) and one.crossings:
                out = one.crossings[0].port_out
                if out == port and not slave_of(netns, netns.link(port) or {}).get("hairpin"):
                    what = f"{port} of {bridge} in {netns.title} does not send back what came in by it (hairpin is off)"
                    mend = (inside(netns, f"bridge link set dev {port} hairpin on"),)
                    command = inside(netns, f"bridge -d link show dev {port}")
                    yield self._end(way, "dropped", netns, port, "no-port", what, command, mend, netns.link(port), "bridge")
                    continue
                one = one._replace(crossings=(Crossing(netns, bridge, port, out), *one.crossings[1:]))
            yield from self._arrived(netns, way, leg, nexthop, one, before)

    # -- next hops ----------------------------------------------------------------------------------------------------

    def _resolve(
        self, netns: Namespace, dev: str, link: Link, nexthop: str, packet: Packet, way: Way
    ) -> Iterator[End | Unknown | Obstacle]:
        """Who receives a packet for a next hop: the ends that answer for the address, or why none does."""
        segment = self.wires.segment(netns, dev)
        name = str(link.get("ifname"))
        command = inside(netns, f"ip neigh show {nexthop} dev {name}")
        if kind(link) in _WITHOUT_NEIGHBOURS or "POINTOPOINT" in link.get("flags", ()):
            yield from self._all_of(segment.ends, segment.unknown, segment.dead)
            return
        entry = self._entry(netns, name, nexthop)
        if entry is not None and "lladdr" in entry and {"PERMANENT", "NOARP"} & set(entry.get("state", ())):
            yield from self._fixed(netns, name, nexthop, packet, entry, command)
            return
        if "NOARP" in link.get("flags", ()) and kind(link) not in ("ipvlan",):
            what = f"{name} in {netns.title} has ARP switched off: the MAC of {nexthop} is never asked for"
            yield Obstacle(
                "arp-off",
                netns,
                name,
                what,
                inside(netns, f"ip link show dev {name}"),
                (inside(netns, f"ip link set dev {name} arp on"),),
                link,
                "neighbour",
            )
            return
        bridge = str(link.get("master", ""))
        if bridge and kind(netns.link(bridge) or {}) == "bridge":
            what = f"{name} in {netns.title} is a port of {bridge}: the answer to what {name} asks comes to {bridge}"
            rows = [
                row for row in netns.addresses_of(name) if row.get("family") == packet.family and row.get("scope") == "global"
            ]
            mend = tuple(
                inside(netns, f"ip address {verb} {row['local']}/{row.get('prefixlen')} dev {dev}")
                for row in rows for verb, dev in (("del", name), ("add", bridge))
            )  # fmt: skip
            yield Obstacle("neighbour-failed", netns, name, what, command, mend, link, "neighbour")
            return
        known = self._from_the_question(netns, name, nexthop, way)
        if known is not None:
            yield known
            return
        asker = self._asks_as(netns, name, nexthop, packet)
        mac = str((entry or {}).get("lladdr", "")).lower()
        good: list[End] = []
        cut: list[End] = []
        refused: list[tuple[End, str]] = []
        for end in self._who_may_answer(segment, nexthop):
            answer = self._answers_for(end, nexthop, asker)
            if answer is True:
                (good if end.obstacle is None else cut).append(end)
            elif isinstance(answer, str) and end.obstacle is None:
                if mac and mac == str(end.link.get("address")).lower():
                    good.append(end)  # who does not answer, but is known for now
                else:
                    refused.append((end, answer))
        if good:
            if family_of(nexthop) == "inet6":
                asker = self._solicits_as(netns, name, packet)
            unheard = self._unheard(netns, name, nexthop, good[0], asker) if not mac else None
            if unheard is not None:
                yield unheard
                return
            for end in {id(end.netns): end for end in reversed(good)}.values():
                yield self._steered(netns, name, end)
            return
        if cut and cut[0].obstacle is not None:
            yield cut[0].obstacle
            return
        if refused:
            yield self._refusal(*refused[0], nexthop, asker)
            return
        failed = entry is not None and {"FAILED", "INCOMPLETE"} & set(entry.get("state", ()))
        open_ends = [one for one in segment.unknown if one.obstacle is None]
        if open_ends and not failed:
            yield open_ends[0]
            return
        blocked = [*(end.obstacle for end in segment.ends), *(one.obstacle for one in segment.unknown)]
        if blocked and all(blocked):
            yield next(one for one in blocked if one is not None)
            return
        if segment.dead and (not segment.ends or self.owners(nexthop)):
            yield segment.dead[0]
            return
        mend = self._mend_nexthop(netns, name, nexthop, packet)
        if failed and entry is not None:
            what = f"nobody answers for {nexthop} on {name} of {netns.title} ({' '.join(entry.get('state', ()))})"
            yield Obstacle("neighbour-failed" if open_ends else "no-owner", netns, name, what, command, mend, entry, "neighbour")
            return
        owners = [owner for owner, _ in self.owners(nexthop)]
        elsewhere = f" ({owners[0].title} has it, on another link)" if owners else ""
        what = f"nobody on {name} of {netns.title} has {nexthop}{elsewhere}"
        yield Obstacle("no-owner", netns, name, what, command, mend, entry, "neighbour")

    def _steered(self, netns: Namespace, dev: str, end: End) -> End | Obstacle:
        """The owner of a MAC that was found out; or the obstacle, where a vxlan has an entry for the MAC that leads elsewhere."""
        mac = str(end.link.get("address", "")).lower()
        if not self.wires.steers(mac):
            return end
        found = self.wires.segment(netns, dev, mac).end(end.netns, end.dev)
        if found is not None:
            return found.obstacle or found
        what = f"frames for {mac} of {end.netns.title} go to another end of the tunnel"
        return Obstacle("tunnel", netns, dev, what, inside(netns, "bridge fdb show"), (), None, "tunnel")

    def _all_of(
        self, ends: tuple[End, ...], unknown: tuple[Unknown, ...], dead: tuple[Obstacle, ...]
    ) -> Iterator[End | Unknown | Obstacle]:
        free = [end for end in ends if end.obstacle is None]
        open_ends = [one for one in unknown if one.obstacle is None]
        if free or open_ends:
            yield from free or open_ends[:1]
            return
        blocked = [*(end.obstacle for end in ends), *(one.obstacle for one in unknown)]
        yield from [one for one in (*blocked, *dead) if one is not None][:1]

    def _fixed(
        self, netns: Namespace, dev: str, nexthop: str, packet: Packet, entry: Neigh, command: str
    ) -> Iterator[End | Unknown | Obstacle]:
        """A neighbour entry that somebody set: its MAC decides, whoever has the address."""
        mac = str(entry["lladdr"]).lower()
        segment = self.wires.segment(netns, dev, mac)
        having = [end for end in segment.ends if str(end.link.get("address", "")).lower() == mac]
        free = [end for end in having if end.obstacle is None]
        mend = (inside(netns, f"ip neigh del {nexthop} dev {dev}"),)
        if free:
            end = free[0]
            router = self.router(end.netns, packet.family)
            owns = bool(router._is_local(nexthop)) or not any(
                other.obstacle is None and self._answers_for(other, nexthop, None) is True for other in segment.ends
            )
            if not owns:
                decision = router.decide(_question(packet, packet.source, end.dev, None))
                forwards = decision.sends if packet.family == "inet" else router.switches.forwards("all", "inet6")[0]
                if not forwards and not decision.delivers:
                    what = (
                        f"{netns.title} has a fixed entry for {nexthop} with the MAC of {end.netns.title}, which does not forward"
                    )
                    yield Obstacle("wrong-owner", netns, dev, what, command, mend, entry, "neighbour")
                    return
            yield from free
            return
        if having and having[0].obstacle is not None:
            yield having[0].obstacle
            return
        open_ends = [one for one in segment.unknown if one.obstacle is None]
        if open_ends:
            yield open_ends[0]
            return
        if segment.dead and not segment.ends:
            yield segment.dead[0]
            return
        what = f"{netns.title} has a fixed entry for {nexthop} with a MAC that nobody on {dev} has, {mac}"
        yield Obstacle("wrong-mac", netns, dev, what, command, mend, entry, "neighbour")

    def _asks(self, netns: Namespace, dev: str, nexthop: str, packet: Packet) -> str | None:
        """The address that a next hop is asked from; None where its MAC is known without asking."""
        entry = self._entry(netns, dev, nexthop)
        if entry is not None and {"PERMANENT", "NOARP"} & set(entry.get("state", ())):
            return None
        if family_of(nexthop) == "inet6":
            return self._solicits_as(netns, dev, packet)
        return self._asks_as(netns, dev, nexthop, packet)

    @staticmethod
    def _entry(netns: Namespace, dev: str, nexthop: str) -> Neigh | None:
        return next((row for row in netns.neighs or () if row.get("dst") == nexthop and row.get("dev") == dev), None)

    def _from_the_question(self, netns: Namespace, dev: str, nexthop: str, way: Way) -> End | Obstacle | None:
        """The next hop of an answer that is known by the question, which asked for our MAC before it came."""
        for one in way.learned if way.reply else ():
            if (one.netns, one.dev, one.address) == (id(netns), dev, nexthop):
                mac = str((one.neighbour.link(one.by) or {}).get("address", "")).lower()
                end = self.wires.segment(netns, dev, mac, learned=True).end(one.neighbour, one.by)
                return end.obstacle or end if end is not None else None
        return None

    def _asks_as(self, netns: Namespace, dev: str, nexthop: str, packet: Packet) -> str | None:
        """The address that an ARP request comes from."""
        if family_of(nexthop) == "inet6":
            return None
        router = self.router(netns, "inet")
        announce = router.switches.of("arp_announce", dev)
        if packet.family == "inet" and announce == 0 and number(packet.source) in router.local:
            return packet.source
        return router._primary(dev, nexthop, 253)

    def _solicits_as(self, netns: Namespace, dev: str, packet: Packet) -> str | None:
        """The address that a neighbour solicitation comes from: the packet's, where the link has it, else a link-local one."""
        own = [_plain(str(row["local"])) for row in netns.addresses_of(dev) if row.get("family") == "inet6" and "local" in row]
        if packet.family == "inet6" and _plain(packet.source) in own:
            return packet.source
        return next((one for one in own if one.startswith("fe80")), None)

    def _who_may_answer(self, segment: Segment, nexthop: str) -> Iterable[End]:
        """The ends that have an address, and those that may answer for others' (most of a large segment does neither)."""
        found = [segment.own[at] for at in self._may_answer(segment.own, nexthop)]
        for one in segment.shared:
            moved = (one.moved(one.core.own[at]) for at in self._may_answer(one.core.own, nexthop))
            found += [end for end in moved if end is not None]
        return found

    def _may_answer(self, ends: tuple[End, ...], nexthop: str) -> list[int]:
        family = family_of(nexthop)
        key = (id(ends), family)
        if key not in self._addressed:
            found: dict[int, list[int]] = {}
            others: list[int] = []
            for at, end in enumerate(ends):
                router = self.router(end.netns, family)
                for value in router.own_addresses():
                    found.setdefault(value, []).append(at)
                if router.may_own_more() or end.netns.proxies or router.switches.on("proxy_arp", end.dev):
                    others.append(at)
            self._addressed[key] = (ends, found, others)
        _, found, others = self._addressed[key]
        return sorted({*found.get(number(nexthop), ()), *others})

    def _answers_for(self, end: End, nexthop: str, asker: str | None) -> bool | str:
        """Whether a link answers ARP or ND for an address: True, False, or the reason why its owner does not."""
        key = (id(end.netns), end.dev, nexthop, asker)
        if key not in self._answers:
            self._answers[key] = (
                self._answers6(end, nexthop) if family_of(nexthop) == "inet6" else self._answers4(end, nexthop, asker)
            )
        return self._answers[key]

    def _answers4(self, end: End, nexthop: str, asker: str | None) -> bool | str:
        router = self.router(end.netns, "inet")
        owned = router._is_local(nexthop)
        if "NOARP" in end.link.get("flags", ()):
            if kind(end.link) == "ipvlan":
                return any(row.get("local") == nexthop for row in end.netns.addresses_of(end.dev))
            return "arp-off" if owned else False
        if asker is None:
            return owned
        switches = router.switches
        decision = router.decide(Question(nexthop, asker, end.dev))
        if decision.type == "local":
            ignore = switches.of("arp_ignore", end.dev)
            mine = [row for row in end.netns.addresses_of(end.dev) if row.get("local") == nexthop]
            if ignore == 8 or ignore in (1, 2) and not mine:
                return "arp-off"
            if ignore == 2 and not any(_within(asker, row) for row in mine):
                return "arp-off"
            if switches.on("arp_filter", end.dev):
                back = router.decide(Question(asker, nexthop))
                if back.sends and all(leg.dev != end.dev for leg in back.legs):
                    return "arp-off"
            return True
        if decision.type == "unicast":
            if any(leg.dev == end.dev for leg in decision.legs):
                return False
            proxied = any(
                row.get("dst") == nexthop and row.get("dev") in (None, end.dev) for row in end.netns.proxies or ()
            )  # fmt: skip
            return proxied or switches.on("proxy_arp", end.dev)
        if not owned:
            return False
        return decision.type if decision.type in ("rp-filter", "martian", "blackhole", "prohibit", "unreachable") else "no-route"

    def _answers6(self, end: End, nexthop: str) -> bool | str:
        rows = [row for row in end.netns.addresses_of(end.dev) if _plain(str(row.get("local"))) == _plain(nexthop)]
        usable = [row for row in rows if not row.get("dadfailed") and not row.get("tentative")]
        if usable:
            return "arp-off" if "NOARP" in end.link.get("flags", ()) and kind(end.link) != "ipvlan" else True
        if rows:
            return "dad-failed"
        router = self.router(end.netns, "inet6")
        if any(row.get("dst") == nexthop and row.get("dev") in (None, end.dev) for row in end.netns.proxies or ()):
            return router.switches.forwards("all", "inet6")[0]
        for routes in router._lookups["local"].by_length(router, number(nexthop)):
            if routes[0].length == 128 and routes[0].type == "anycast" and routes[0].legs[0].dev == end.dev:
                return True
            break
        return False

    def _unheard(self, netns: Namespace, dev: str, nexthop: str, end: End, source: str | None) -> Obstacle | None:
        """A firewall that takes ARP or the neighbour discovery itself away."""
        found = neighbour_firewalls.taken(netns, dev, source, nexthop, end)
        if found is None:
            return None
        step = found.outcome.steps[-1] if found.outcome.steps else None
        called = "ARP" if found.packet.family == "arp" else "neighbour discovery"
        what = f"a rule of {found.netns.title} drops {called} ({_rule(step)}): the MAC of {nexthop} is never learned"
        mend = _mend_filter(found.netns, step, found.packet, True)
        command = inside(found.netns, "nft list ruleset")
        return Obstacle("filter", found.netns, found.dev, what, command, mend, step.evidence if step else None, "neighbour")

    def _refusal(self, end: End, why: str, nexthop: str, asker: str | None) -> Obstacle:
        place, dev = end.netns, end.dev
        show = inside(place, f"ip link show dev {dev}")
        if why == "arp-off":
            if "NOARP" in end.link.get("flags", ()):
                what = f"{dev} in {place.title} has {nexthop}, but ARP is switched off there"
                mend: tuple[str, ...] = (inside(place, f"ip link set dev {dev} arp on"),)
            else:
                what = f"{place.title} has {nexthop}, but does not answer ARP for it on {dev} (arp_ignore or arp_filter)"
                show = inside(
                    place, f"sysctl net.ipv4.conf.{dev}.arp_ignore net.ipv4.conf.all.arp_ignore net.ipv4.conf.{dev}.arp_filter"
                )
                mend = tuple(
                    inside(place, f"sysctl -w net.ipv4.conf.{which}.{name}=0")
                    for name in ("arp_ignore", "arp_filter")
                    for which in (dev, "all")
                )
            return Obstacle("arp-off", place, dev, what, show, mend, end.link, "neighbour")
        if why == "dad-failed":
            row = next(row for row in place.addresses_of(dev) if _plain(str(row.get("local"))) == _plain(nexthop))
            state = "failed: another has the address" if row.get("dadfailed") else "is not over"
            what = f"{nexthop} on {dev} of {place.title} is not usable: duplicate address detection {state}"
            mend = (
                inside(place, f"ip address del {nexthop}/{row.get('prefixlen', 128)} dev {dev}"),
                inside(place, f"ip address add {nexthop}/{row.get('prefixlen', 128)} dev {dev}"),
            )
            return Obstacle(
                "dad-failed", place, dev, what, inside(place, f"ip -6 address show dev {dev}"), mend, row, "neighbour"
            )
        if why in ("rp-filter", "martian"):
            what = (
                f"{place.title} has {nexthop}, but does not answer ARP of {asker} on {dev}: its route back leaves by another link"
            )
            if why == "martian":
                what = f"{place.title} has {nexthop}, but does not answer ARP of {asker} on {dev}: it has {asker} itself"
            return Obstacle(
                why,
                place,
                dev,
                what,
                inside(place, f"ip route get {nexthop} from {asker} iif {dev}"),
                self._mend_rp_filter(place, dev, asker),
                None,
                "neighbour",
            )
        what = f"{place.title} has {nexthop}, but its rules and routes refuse it ({why}) to {asker} on {dev}"
        return Obstacle(
            why, place, dev, what, inside(place, f"ip route get {nexthop} from {asker} iif {dev}"), (), None, "neighbour"
        )

    # -- mends --------------------------------------------------------------------------------------------------------

    def _mend_rp_filter(self, netns: Namespace, dev: str, source: str | None) -> tuple[str, ...]:
        """Loose where there is a way back at all; else the route that is missing."""
        router = self.router(netns, "inet")
        back = router.decide(Question(source, None)) if source is not None else None
        if back is not None and back.type not in ("unicast",):
            found = self._mend_route(netns, source or "")
            if found:
                return found
            return tuple(inside(netns, f"sysctl -w net.ipv4.conf.{which}.rp_filter=0") for which in ("all", dev))
        return (inside(netns, f"sysctl -w net.ipv4.conf.{dev}.rp_filter=2"),)

    def _mend_route(self, netns: Namespace, destination: str) -> tuple[str, ...]:
        """A route to an address, by a router next door (or the link itself) from which the way goes on."""
        key = (id(netns), destination)
        if key not in self._mends:
            self._mends[key] = self._made_route(netns, destination)
        return self._mends[key]

    def _made_route(self, netns: Namespace, destination: str) -> tuple[str, ...]:
        family = family_of(destination)
        bits = 32 if family == "inet" else 128
        command = f"ip {_six(family)}route add "
        best: str | None = None
        for link in netns.links or ():
            dev = str(link.get("ifname"))
            if dev == "lo" or not is_up(link) or "master" in link and kind(netns.link(str(link["master"])) or {}) == "bridge":
                continue
            mine = [row for row in netns.addresses_of(dev) if row.get("family") == family]
            if not mine:
                continue
            for end in self.wires.segment(netns, dev).ends:
                if end.obstacle is not None or end.netns is netns:
                    continue
                theirs = [row for row in end.netns.addresses_of(end.dev) if row.get("family") == family and "local" in row]
                if any(_plain(str(row["local"])) == _plain(destination) for row in theirs):
                    return (inside(netns, f"{command}{destination}/{bits} dev {dev}"),)
                router = self.router(end.netns, family)
                onward = router.decide(Question(destination, str(mine[0]["local"]), end.dev))
                if not (onward.sends or onward.delivers) or any(leg.dev == end.dev for leg in onward.legs) and onward.sends:
                    continue
                if onward.sends and not router.switches.forwards(end.dev if family == "inet" else "all", family)[0]:
                    continue
                for row in theirs:
                    near = any(_within(str(row["local"]), one) for one in mine)
                    if near and not str(row["local"]).startswith("fe80"):
                        net = self._network_of(destination) or f"{destination}/{bits}"
                        best = best or inside(netns, f"{command}{net} via {row['local']} dev {dev}")
        return (best,) if best is not None else ()

    def _network_of(self, address: str) -> str | None:
        """The network of an address as its owner has it."""
        import ipaddress

        for _, link in self.owners(address):
            for row in link.get("addr_info", ()):
                if row.get("local") == address and "prefixlen" in row:
                    return str(ipaddress.ip_network(f"{address}/{row['prefixlen']}", strict=False))
        return None

    def _mend_nexthop(self, netns: Namespace, dev: str, nexthop: str, packet: Packet) -> tuple[str, ...]:
        """A next hop that nobody has: a router that is there, in its place."""
        found = self._mend_route(netns, packet.destination)
        route = self.router(netns, packet.family).decide(_question(packet, packet.source, None, None)).route
        if found and route is not None and nexthop != packet.destination and " via " in found[0]:
            via = found[0].partition(" via ")[2]
            return (inside(netns, f"ip {_six(packet.family)}route replace {route.get('dst', 'default')} via {via}"),)
        if found and nexthop == packet.destination:
            bits = 32 if packet.family == "inet" else 128
            via = found[0].partition(" via ")[2]
            return (inside(netns, f"ip {_six(packet.family)}route add {packet.destination}/{bits} via {via}"),) if via else found
        return found

    # -- firewalls ----------------------------------------------------------------------------------------------------

    def _state(self, way: Way, netns: Namespace) -> str:
        source, destination = way.packet.source, way.packet.destination
        if not way.reply:
            return "new" if (id(netns), destination, source) not in way.seen else "established"
        known = [(one.after[1], one.after[0]) for one in way.connections if one.netns == id(netns)]
        if (source, destination) in known or not known and (id(netns), source, destination) in way.seen:
            return "established"
        return "new" if way.packet.proto == "udp" else "invalid"

    def _state_there(self, way: Way, netns: Namespace) -> str:
        """The state at the later hooks of a namespace, where it was found out at the first one."""
        return way.packet.state or ("established" if way.reply else "new")

    def _not_judged(self, way: Way, netns: Namespace, dev: str | None, hook: str) -> Way:
        """With the filters of tc on a link, or the rules of ebtables on a bridge, that nobody judged."""
        for row in netns.table("not_judged") or ():
            if (row["tool"] == "tc") == (dev is not None) and (dev is None or (row["dev"], row["hook"]) == (dev, hook)):
                command = f"tc filter show dev {dev} {hook}" if dev is not None else "ebtables-legacy-save"
                what = f"{row['tool']} in {netns.title}: {row['text']} (not judged)"
                return way._replace(doubts=(*way.doubts, (what, inside(netns, command))))
        return way

    def _judge(
        self, way: Way, netns: Namespace, hook: str, packet: Packet, leg: Leg | None, bridged: bool = False,
        frames_only: bool = False,
    ) -> tuple[Outcome, Way]:  # fmt: skip
        if way.reply and packet.state == "new":  # of another source than was asked: conntrack knows nothing of it
            packet = replace(packet, direction="original", original=None, status=frozenset())
        elif way.reply:
            packet = replace(packet, direction="reply")
            connection = self._connection(way, netns, packet)
            if connection is not None:
                nat = {name for name, at in (("snat", 0), ("dnat", 1)) if connection.before[at] != connection.after[at]}
                packet = replace(packet, original=connection.before, status=frozenset(nat))
        if id(netns) not in self._guarded:
            self._guarded[id(netns)] = _has_firewall(netns)
        if not self._guarded[id(netns)]:
            return firewall.Outcome("accept", packet, []), way
        addresses = None
        out = leg.dev if leg is not None else packet.oif if bridged and not frames_only else None
        if out is not None and hook == "postrouting":
            router = self.router(netns, packet.family)
            gateway = leg.gateway if leg is not None and leg.gateway and ":" not in leg.gateway else packet.destination
            first = router._primary(out, gateway, 0) if packet.family == "inet" else router._best_source6(packet.destination, out)
            addresses = [first] if first is not None else []
        outcome = firewall.judge(netns, hook, packet, addresses_of_out=addresses, fib=self._fib(netns), frames_only=frames_only)
        told = replace(outcome.packet, bridged=packet.bridged)
        outcome = outcome._replace(packet=told)
        if outcome.verdict in ("drop", "reject") and outcome.steps and self.mended:
            called = "reject" if outcome.verdict == "reject" else "filter"
            if (called, id(netns), id(outcome.steps[-1].evidence)) in self.mended:
                outcome = outcome._replace(verdict="accept", steps=[])
        command = inside(netns, "nft list ruleset")
        for step in outcome.steps:
            if step.verdict == "accept" and step.unknown is None:
                continue
            verdict = {"drop": "dropped", "reject": "dropped", "undecided": "undecided"}.get(step.verdict, "ok")
            reason = {"drop": "filter", "reject": "reject", "undecided": "filter-unknown"}.get(step.verdict)
            way = (
                way.step(
                    hook, _rule(step) + (f" ({step.unknown})" if step.unknown else ""), command, step.evidence, verdict, reason
                )
                if way.hops
                else way
            )
        if outcome.verdict == "undecided":
            what = outcome.unknown or "a rule that is not understood"
            named = next((_rule(step) for step in outcome.steps if step.unknown), "")
            if what == "not-captured":
                way = way.lacking(((f"the firewall of {netns.title}", command),))
            else:
                way = way._replace(
                    doubts=(*way.doubts, (f"{netns.title}, {hook}: {named or what}" + (f" ({what})" if named else ""), command))
                )
        if outcome.nat is not None and way.hops:
            way = way.step(hook, f"{outcome.nat}: {_ends(packet)} becomes {_ends(told)}", command, None)
        return outcome, way

    def _fib(self, netns: Namespace) -> Any:
        def look(address: str, packet: Packet) -> tuple[str, str | None] | None:
            decision = self.router(netns, family_of(address)).decide(Question(address, None, None, None, packet.mark))
            if decision.missing or len({leg.dev for leg in decision.legs}) > 1:
                return None
            return decision.type, decision.legs[0].dev if decision.legs else None

        return look

    def _filtered(self, way: Way, netns: Namespace, dev: str | None, hook: str, outcome: Outcome, bridged: bool = False) -> Ended:
        step = next((one for one in reversed(outcome.steps) if one.verdict in ("drop", "reject")), None)
        reason = "reject" if outcome.verdict == "reject" else "filter"
        what = f"{_rule(step)} in {netns.title} {'rejects' if reason == 'reject' else 'drops'} {_ends(way.packet)} at {hook}"
        if bridged:
            what += " (a bridged frame)"
        mend = _mend_filter(netns, step, way.packet, way.reply)
        return Ended(
            "dropped", way, netns, dev, reason, what, inside(netns, "nft list ruleset"), mend, step.evidence if step else None
        )

    # -- conntrack ----------------------------------------------------------------------------------------------------

    def _connection(self, way: Way, netns: Namespace, packet: Packet) -> Connection | None:
        """The connection whose answer a packet is: told by its own end of the translated tuple."""
        for one in way.connections:
            if (
                one.netns == id(netns)
                and packet.source in (one.after[1], one.before[1])
                and packet.destination in (one.after[0], one.before[0])
            ):
                return one
        return None

    def _unnat_destination(self, way: Way, netns: Namespace, packet: Packet) -> Packet:
        if not way.reply or packet.state == "untracked":
            return packet
        for one in way.connections:
            if one.netns == id(netns) and (packet.source, packet.destination) == (one.after[1], one.after[0]):
                return replace(packet, destination=one.before[0], dport=one.before[2])
        return packet

    def _unnat_source(self, way: Way, netns: Namespace, packet: Packet, local: bool) -> Packet:
        if not way.reply or packet.state == "untracked":
            return packet
        for one in way.connections:
            if one.netns == id(netns) and packet.source == one.after[1] and packet.destination in (one.before[0], one.after[0]):
                destination = one.before[0] if local else packet.destination
                return replace(packet, source=one.before[1], sport=one.before[3], destination=destination)
        return packet

    # -- ends ---------------------------------------------------------------------------------------------------------

    def _end(
        self, way: Way, verdict: str, netns: Namespace, dev: str | None, reason: str | None, what: str, command: str = "",
        mend: tuple[str, ...] = (), evidence: Any = None, stage: str | None = None,
    ) -> Ended:  # fmt: skip
        if way.hops and (stage or reason):
            way = way.step(stage or "link", what, command, evidence, "undecided" if verdict == "undecided" else verdict, reason)
        return Ended(verdict, way, netns, dev, reason, what, command, mend, evidence)

    def _no_way(self, netns: Namespace, way: Way, decision: Decision, asked: Question) -> Ended:
        """A decision that ends the packet."""
        packet = way.packet
        six = _six(packet.family)
        reason = _WHY.get(decision.type, "no-route")
        dev = asked.iif
        command = inside(netns, f"ip {six}route get {packet.destination}" + (f" from {packet.source} iif {dev}" if dev else ""))
        mend: tuple[str, ...] = ()
        stage = "route"
        evidence: Any = decision.route
        if reason == "not-forwarding":
            stage = "forwarding"
            what, command, mend = self._not_forwarding(netns, dev or "", packet.family)
        elif reason == "rp-filter":
            stage = "rp-filter"
            what = f"{netns.title} refuses the source {packet.source} on {dev} (rp_filter): no way back by that link"
            mend = self._mend_rp_filter(netns, dev or "all", packet.source)
        elif reason == "martian" and packet.source == "0.0.0.0":
            reason, stage, first = "no-source", "source", way.hops[0]
            what = (
                f"{netns.title} drops a packet without a source: {first.netns.title} has no address to send from by {first.left}"
            )
            mend = self._mend_source(first.netns, Leg(str(first.left), None), packet.family)
        elif reason == "martian":
            stage = "rp-filter"
            own = self.router(netns, packet.family)._is_local(packet.source) if packet.source else False
            what = f"{netns.title} refuses {packet.source} to {packet.destination} on {dev}" + (
                f": it has {packet.source} itself" if own else ": such an address may not come from outside"
            )
        elif reason == "no-source":
            stage, what = "source", f"{netns.title} does not have the address {asked.source} to send from"
        elif decision.route is not None:
            what = f"{netns.title} has the route {wording.route(decision.route)}"
            mend = (inside(netns, f"ip {six}route del {_deletable(decision.route)}"),)
        elif decision.rule is not None and "action" in decision.rule:
            stage, evidence = "rule", decision.rule
            what = f"{netns.title} has the rule {wording.rule(decision.rule)}"
            reason = {"unreachable": "unreachable", "prohibit": "prohibit", "blackhole": "blackhole"}.get(
                str(decision.rule["action"]), reason
            )
            mend = (inside(netns, f"ip {six}rule del pref {decision.rule.get('priority')}"),)
        elif (netns.routes6 if six else netns.routes) is None:
            what = f"the {'IPv6 ' if six else ''}routes of {netns.title} are not known"
            return self._end(way, "undecided", netns, dev, "not-captured", what, command, stage=stage)
        else:
            what = f"{netns.title} has no route to {packet.destination}"
            leaking = self._in_a_vrf(netns, packet)
            if leaking and dev is None:
                reason, what = "vrf", f"{what} outside of the VRF {leaking}"
            mend = self._mend_route(netns, packet.destination)
        return self._end(way, "dropped", netns, dev, reason, what, command, mend, evidence, stage)

    def _in_a_vrf(self, netns: Namespace, packet: Packet) -> str | None:
        router = self.router(netns, packet.family)
        for link in netns.links or ():
            if kind(link) == "vrf" and router.decide(_question(packet, None, None, str(link["ifname"]))).sends:
                return str(link["ifname"])
        return None

    def _not_forwarding(self, netns: Namespace, dev: str, family: str) -> tuple[str, str, tuple[str, ...]]:
        if family == "inet6":
            name = "net.ipv6.conf.all.forwarding"
            return (
                f"{netns.title} does not forward IPv6 ({name} is 0)",
                inside(netns, f"sysctl {name}"),
                (inside(netns, f"sysctl -w {name}=1"),),
            )
        router = self.router(netns, family)
        switched = router.vrf_of(dev) or dev
        everything = router.switches.value("net.ipv4.conf.all.forwarding") or router.switches.value("net.ipv4.ip_forward")
        name = f"net.ipv4.conf.{switched}.forwarding"
        what = f"{netns.title} does not forward IPv4 (forwarding of {switched} is 0)"
        mend = f"sysctl -w {_key(name)}=1" if everything else "sysctl -w net.ipv4.ip_forward=1"
        return what, inside(netns, f"sysctl {_key(name)}"), (inside(netns, mend),)

    # -- tunnels ------------------------------------------------------------------------------------------------------

    def _carry(
        self, under: Namespace, local: str | None, remote: str, what: str, port: int | None
    ) -> tuple[Namespace | None, Obstacle | None, str | None, Obstacle | None]:
        """Walk the outer packet of a tunnel: the namespace that it comes to, or the obstacle; its source; the obstacle back."""
        if self._carrying > 3:
            return None, Obstacle("loop", under, None, "a tunnel within itself"), local, None
        proto = "udp" if what in ("vxlan", "geneve", "wireguard") else what
        family = family_of(remote)
        packet = Packet(family, local or "", remote, proto, sport=40000 if port else None, dport=port)
        self._carrying += 1
        try:
            ended = next(iter(self.send(under, Way(packet), local)), None)
            if ended is None:
                return None, None, local, None
            source = ended.way.packet.source
            if ended.verdict in ("delivered", "deaf"):
                back = replace(packet, source=remote, destination=ended.way.hops[0].source or source)
                back = replace(back, destination=source)
                answer = next(
                    iter(
                        self.send(ended.netns, Way(back), remote if self.router(ended.netns, family)._is_local(remote) else None)
                    ),
                    None,
                )
                stopped = answer is not None and answer.verdict == "dropped"
                return ended.netns, None, source, _obstacle(answer) if stopped and answer is not None else None
            if ended.verdict in ("leaves", "undecided"):
                return None, None, source, None
            return None, _obstacle(ended), source, None
        finally:
            self._carrying -= 1


def _obstacle(ended: Ended) -> Obstacle:
    return Obstacle(
        ended.reason or "tunnel", ended.netns, ended.dev, ended.what, ended.command, ended.mend, ended.evidence, "tunnel"
    )


def _into_bridge(end: End) -> bool:
    """Whether a frame came to a bridge's own namespace by one of its ports."""
    return bool(end.crossings) and end.crossings[-1].netns is end.netns and end.crossings[-1].bridge == end.dev


def _question(packet: Packet, source: str | None, iif: str | None, oif: str | None) -> Question:
    proto = packet.proto
    return Question(packet.destination, source, iif, oif, packet.mark, proto, packet.sport, packet.dport)


def _legs(decision: Decision) -> Iterator[tuple[Leg, Route | None]]:
    """Every leg of a decision, once, with its route."""
    first = list(dict.fromkeys(decision.legs))
    for leg in first[:WAYS]:
        record = decision.route
        for other in decision.others:
            if other.get("dev") == leg.dev and other.get("gateway") == leg.gateway:
                record = other
        yield leg, record


def _tuple(packet: Packet) -> Tuple:
    return packet.source, packet.destination, packet.sport, packet.dport


def _connected(way: Way, netns: Namespace, before: Tuple, after: Packet) -> tuple[Connection, ...]:
    if way.reply or before == _tuple(after):
        return way.connections
    return (*way.connections, Connection(id(netns), before, _tuple(after)))


def _has_firewall(netns: Namespace) -> bool:
    """Whether there is anything to judge: a namespace whose rules were read and are none accepts everything."""
    if netns.rulesets is None:
        return True
    return bool(netns.rulesets) or not (netns.covers_rulesets("ip") and netns.covers_rulesets("ip6"))


def _rule(step: firewall.Step | None) -> str:
    if step is None:
        return "a rule"
    return f"{step.family} {step.table} {step.chain}: {step.rule}"


def _mend_filter(netns: Namespace, step: firewall.Step | None, packet: Packet, reply: bool) -> tuple[str, ...]:
    """A rule in front of the one that dropped the packet, that accepts it."""
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


def _deletable(route: Route) -> str:
    words = [str(route["type"])] if route.get("type", "unicast") != "unicast" else []
    words.append(str(route.get("dst", "default")))
    if "table" in route:
        words.append(f"table {route['table']}")
    if "metric" in route and int(route["metric"]):
        words.append(f"metric {route['metric']}")
    return " ".join(words)


def _ends(packet: Packet) -> str:
    port = f" {packet.proto} {packet.dport}" if packet.dport is not None and packet.proto in ("tcp", "udp") else ""
    return f"{packet.source} to {packet.destination}{port}"


def _key(name: str) -> str:
    """A switch's name as sysctl takes it: dots within a link's name are slashes."""
    parts = name.split(".")
    return ".".join([*parts[:3], "/".join(parts[3:-1]), parts[-1]]) if len(parts) > 5 else name


def _six(family: str) -> str:
    return "-6 " if family == "inet6" else ""


def _ip(family: str) -> str:
    return "IPv6" if family == "inet6" else "IPv4"


def _plain(address: str) -> str:
    if ":" not in address:
        return address
    try:
        import _socket as socket

        return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, address))
    except OSError:
        return address


def _within(address: str, row: AddrInfo) -> bool:
    """Whether an address is in the network of another."""
    if family_of(address) != row.get("family"):
        return False
    bits = 32 if row.get("family") == "inet" else 128
    shift = bits - int(row.get("prefixlen", bits))
    return number(address) >> shift == number(str(row.get("address", row["local"]))) >> shift


def listening(netns: Namespace, packet: Packet) -> bool | None:
    """Whether somebody listens for a packet; None where the sockets were not captured."""
    rows = netns.table("ss")
    if rows is None:
        return None
    for row in rows:
        if not str(row.get("netid", "")).startswith(packet.proto) or row.get("state") not in ("LISTEN", "UNCONN"):
            continue
        if row.get("local_port") != packet.dport:
            continue
        local = str(row.get("local", "*"))
        if local in ("*", packet.destination) or local == "0.0.0.0" and packet.family == "inet" or local == "::":
            return True
    return False


def bound(netns: Namespace, packet: Packet) -> bool:
    """Whether the server of a packet is known to listen on that address alone."""
    return any(
        str(row.get("netid", "")).startswith(packet.proto) and row.get("local_port") == packet.dport
        and row.get("local") == packet.destination
        for row in netns.table("ss") or ()
    )  # fmt: skip


def inside_ss(netns: Namespace) -> str:
    """The command that shows who listens."""
    return inside(netns, "ss -lntup")


__all__ = ["TTL", "Connection", "Ended", "Hop", "Step", "Walker", "Way", "data", "listening"]
