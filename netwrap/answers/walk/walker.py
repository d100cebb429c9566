"""Walk a packet from a sender to its ends, in the order of the kernel; a pure function of the model.

A walk forks where several ways are possible (multipath, two owners of an address); each fork has an end of its own. Sending:
route, source address, `output`, `postrouting`, `egress`. Receiving: `ingress`, `prerouting`, route; then either `input` and a
socket, or TTL, MTU, `forward`, `postrouting` and the next link.
"""

from __future__ import annotations

from ... import wording
from ..inside import inside, six
from ..layer2 import Wires
from ..links import is_up
from ..packet import Packet, replace
from ..routing import Leg, family_of
from ..segment import Obstacle, Outer
from . import conntrack, servers
from .conntrack import connected
from .hooks import Hooks, not_judged, sees_frames
from .mends import Mends
from .neighbours import Neighbours
from .routers import Routers
from .stops import Stops
from .transmission import Arrival, Transmission, fragment, larger, too_big
from .way import TTL, Ended, Hop, Way, answer_to, ended, legs_of, question_of, tuple_of
from .wireguard import Wireguard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from parsers.records import Address, Route

    from ...model.host import Host
    from ...model.namespace import Namespace
    from ..routing import Decision, Router
    from .way import Tuple


class Walker:
    """Walk packets through one host; what a walk finds out about the host is kept for the next walk.

    ``mended``: the faults to pass over as if they were mended, as :attr:`Ended.fault` names them. ``mends``: whether mends that
    take a search are wanted.
    """

    def __init__(self, host: Host, mended: frozenset[tuple[str, int, object]] = frozenset(), mends: bool = True) -> None:
        self.mended = mended
        self.routers = Routers(host, mended)
        self.wires = Wires(host, self._carry, mended)
        self.mends = Mends(self.routers, self.wires, mends)
        self.hooks = Hooks(self.routers, mended)
        self.stops = Stops(self.routers, self.mends)
        wireguard = Wireguard(host, self._carry_wireguard)
        neighbours = Neighbours(self.routers, self.wires, self.mends, wireguard, mended)
        self.transmission = Transmission(self.routers, self.hooks, neighbours, self.wires, self.stops, mended)
        self._carrying = 0

    def router(self, netns: Namespace, family: str) -> Router:
        """The router of a namespace; ``family``: ``inet`` or ``inet6``."""
        return self.routers.of(netns, family)

    def owners(self, address: str) -> list[tuple[Namespace, Address]]:
        """Find the namespaces that have an address, each with the record of its link."""
        return self.routers.owners(address)

    def send(self, netns: Namespace, way: Way, source: str | None, oif: str | None = None) -> Iterator[Ended]:
        """Yield the ends of a packet that a namespace makes; ``source`` is None where the sender lets the kernel choose it."""
        packet = way.packet
        family = packet.family
        router = self.routers.of(netns, family)
        way = way._replace(hops=(*way.hops, Hop(netns, None, None, (), source, packet.destination, way.ttl)))
        asked = question_of(packet, source, None, oif)
        decision = router.decide(asked)
        way = way.lacking(decision.missing)
        if decision.type == "broadcast" and way.reply and packet.proto == "icmp":
            decision = decision._replace(
                type="unicast"
            )  # the kernel's own answer goes to all on the link, programs may not send so
        if decision.delivers:
            yield from self._to_itself(netns, way, decision, source)
            return
        if not decision.sends:
            yield self.stops.no_way(netns, way, decision, asked)
            return
        for leg, record in legs_of(decision):
            chosen = source or router.source_of(decision._replace(route=record), leg, packet.destination)
            if chosen is None and family == "inet":  # sent all the same, and dropped by every receiver
                chosen = "0.0.0.0"
            if chosen is None:
                what = f"{netns.title} has no address to send from to {packet.destination} by {leg.dev}"
                mend = self.mends.source(netns, leg, family)
                yield ended(
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
                    yield self.stops.no_way(netns, way, again, asked._replace(source=chosen))
                    continue
            if again is None:
                yield from self._out(netns, way, decision, leg, record, chosen, packet)
                continue
            for other, route in legs_of(again):
                yield from self._out(netns, way, again, other, route, chosen, packet)

    def _out(
        self, netns: Namespace, way: Way, decision: Decision, leg: Leg, record: Route | None, chosen: str, packet: Packet
    ) -> Iterator[Ended]:
        """Send a packet by one leg, from the ``chosen`` source; where `output` changed the packet, route it again."""
        made = replace(packet, source=chosen, iif=None, oif=leg.dev)
        way = way._replace(packet=made)
        made = conntrack.tracked(way, netns, made)
        way = self._routed(way, netns, decision, leg, record, chosen)
        vrf = self.routers.of(netns, packet.family).vrf_of(leg.dev)
        if vrf is not None and not is_up(netns.link(vrf) or {}) and ("link-down", id(netns), vrf) not in self.mended:
            what = f"the VRF {vrf} of {leg.dev} in {netns.title} is down: {netns.title} sends nothing of its own by {leg.dev}"
            mend = (inside(netns, f"ip link set dev {vrf} up"),)
            show = inside(netns, f"ip link show dev {vrf}")
            yield ended(way, "dropped", netns, vrf, "link-down", what, show, mend, netns.link(vrf), "link")
            return
        before = tuple_of(made)
        outcome, way = self.hooks.judge(way, netns, "output", made, leg)
        if outcome.verdict in ("drop", "reject"):
            yield self.hooks.stopped(way, netns, leg.dev, "output", outcome)
            return
        way = way if outcome.packet.state == "untracked" else way.seen_in(netns)
        made = conntrack.restored_source(way, netns, outcome.packet, local=True)
        way = way._replace(packet=made)
        if made.destination != packet.destination or outcome.rerouted:
            router = self.routers.of(netns, made.family)
            again = router.decide(question_of(made, made.source, None, None))
            way = way.lacking(again.missing)
            if again.delivers:
                way = way._replace(connections=connected(way, netns, before, made))
                yield from self._deliver(netns, way, "lo")
                return
            if not again.sends:
                yield self.stops.no_way(netns, way, again, question_of(made, made.source, None, None))
                return
            for other, route in legs_of(again):
                there = self._routed(way, netns, again, other, route, made.source)
                yield from self._post(netns, there, other, before)
            return
        yield from self._post(netns, way, leg, before)

    def _routed(self, way: Way, netns: Namespace, decision: Decision, leg: Leg, record: Route | None, source: str) -> Way:
        """Add the steps that show a routing decision: the rule, where it is not one of the usual ones, and the route."""
        packet = way.packet
        rule = decision.rule
        if rule is not None and rule.get("priority") not in (0, 32766, 32767):
            way = way.step("rule", wording.rule(rule), inside(netns, f"ip {six(packet.family)}rule show"), rule)
        table = str((record or {}).get("table", "main"))
        words = wording.route(record or {}).replace(f" table {table}", "") if record else f"dev {leg.dev}"
        if record is not None and (record.get("nexthops") or len(decision.legs) > 1):
            words += f" (by {leg.dev}{' via ' + leg.gateway if leg.gateway else ''})"
        command = inside(netns, f"ip {six(packet.family)}route get {packet.destination}")
        if way.hops[-1].came is not None:
            command += f" from {packet.source} iif {way.hops[-1].came}"
        return way.step("route", f"{table}: {words}, from {source}", command, record)

    def _to_itself(self, netns: Namespace, way: Way, decision: Decision, source: str | None) -> Iterator[Ended]:
        """Deliver a packet that a namespace sends to one of its own addresses, over lo."""
        packet = way.packet
        if decision.type in ("broadcast", "multicast"):
            what = f"{packet.destination} is a {decision.type} address of {netns.title}"
            yield ended(way, "dropped", netns, None, "prohibit", what, inside(netns, f"ip route get {packet.destination}"))
            return
        way = way.step(
            "local",
            f"{packet.destination} is an address of {netns.title} itself",
            inside(netns, f"ip {six(packet.family)}route get {packet.destination}"),
            decision.route,
        )
        lo = netns.link("lo")
        if lo is not None and not is_up(lo):
            what = f"lo in {netns.title} is down: {netns.title} does not reach its own addresses"
            yield ended(
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
        made = conntrack.tracked(way, netns, made)
        state = made.state
        way = way.seen_in(netns)
        before, lo_leg = tuple_of(made), Leg("lo", None)
        outcome, way = self.hooks.judge(way, netns, "output", made, lo_leg)
        if outcome.verdict in ("drop", "reject"):
            yield self.hooks.stopped(way, netns, "lo", "output", outcome)
            return
        way = way._replace(packet=conntrack.restored_source(way, netns, outcome.packet, local=True))
        if way.packet.destination != packet.destination or outcome.rerouted:
            asked = question_of(way.packet, way.packet.source, None, None)
            again = self.routers.of(netns, packet.family).decide(asked)
            if again.sends:
                for leg, record in legs_of(again):
                    yield from self._post(netns, self._routed(way, netns, again, leg, record, way.packet.source), leg, before)
                return
            if not again.delivers:
                yield self.stops.no_way(netns, way, again, asked)
                return
        outcome, way = self.hooks.judge(way, netns, "postrouting", replace(way.packet, state=state), lo_leg)
        if outcome.verdict in ("drop", "reject"):
            yield self.hooks.stopped(way, netns, "lo", "postrouting", outcome)
            return
        way = way._replace(packet=conntrack.restored_source(way, netns, outcome.packet, local=True))
        way = way._replace(connections=connected(way, netns, before, way.packet))
        outcome, way = self.hooks.judge(
            way, netns, "prerouting", replace(way.packet, iif="lo", oif=None, state="established" if way.reply else "new"), None
        )
        if outcome.verdict in ("drop", "reject"):
            yield self.hooks.stopped(way, netns, "lo", "prerouting", outcome)
            return
        yield from self._deliver(netns, way, "lo")

    def receive(self, netns: Namespace, way: Way, dev: str, port: str | None = None) -> Iterator[Ended]:
        """Yield the ends of a packet that comes into a namespace by a link; by ``port`` of it, where the link is a bridge."""
        called = port if port is not None and sees_frames(self.routers, netns, way.packet.family) else None
        mark = way.packet.mark if way.hops[-1].netns is netns else 0  # it does not cross into another namespace
        packet = replace(way.packet, iif=dev, oif=None, physin=called, physout=None, mark=mark)
        key = (id(netns), dev, packet.source, packet.destination, way.reply)
        way = way._replace(packet=packet, hops=(*way.hops, Hop(netns, dev, None, (), packet.source, packet.destination, way.ttl)))
        if key in way.passed:
            places = list(dict.fromkeys(hop.netns.title for hop in way.hops))
            what = f"the packet comes by {netns.title} again: {', '.join(places)} send it round in a circle"
            show = inside(netns, f"ip {six(packet.family)}route get {packet.destination}")
            mend = self.mends.around(way, netns)
            yield ended(way, "loop", netns, dev, "loop", what, show, mend, None, "ttl")
            return
        way = way._replace(passed=way.passed | {key})
        before = tuple_of(packet)
        way = way._replace(packet=conntrack.tracked(way, netns, packet))
        question = way.seen_in(netns)
        way = not_judged(way, netns, dev, "ingress")
        for hook in ("ingress", "prerouting"):
            outcome, way = self.hooks.judge(way, netns, hook, way.packet, None)
            if outcome.verdict in ("drop", "reject"):
                yield self.hooks.stopped(way, netns, dev, hook, outcome)
                return
            way = way._replace(packet=outcome.packet)
        if way.packet.state != "untracked":
            way = way._replace(seen=question.seen)
        packet = conntrack.restored_destination(way, netns, way.packet)
        if packet != way.packet:
            way = way._replace(packet=packet).step(
                "prerouting", f"the answer's destination is {packet.destination} again (conntrack)", "conntrack -L"
            )
        router = self.routers.of(netns, packet.family)
        asked = question_of(packet, packet.source, dev, None)
        decision = router.decide(asked)
        way = way.lacking(decision.missing)
        if {(decision.type, id(netns), dev), (decision.type, id(netns), None)} & self.mended:
            decision = decision._replace(type=str((decision.route or {}).get("type", "unicast")) if decision.legs else "no-route")
        if decision.delivers:
            yield from self._locally(netns, way, dev, decision, before)
            return
        if not decision.sends:
            yield self.stops.no_way(netns, way, decision, asked)
            return
        if called is not None and packet.destination != before[1] and all(leg.dev == dev for leg in decision.legs):
            # of IPv6, also where the namespace does not forward
            yield from self._arrivals(self.transmission.bridged_on(netns, way, dev, port or "", decision, before))
            return
        if router.six:
            forwards, known = router.switches.forwards("all", "inet6")
            if not known:
                way = way.lacking(((f"IPv6 forwarding of {netns.title}", inside(netns, "sysctl net.ipv6.conf.all.forwarding")),))
            if not forwards and known and ("not-forwarding", id(netns), None) not in self.mended:
                yield self.stops.no_way(netns, way, decision._replace(type="not-forwarding"), asked)
                return
        if packet.source.startswith("fe80") and any(leg.dev != dev for leg in decision.legs):
            what = f"{netns.title} does not forward {packet.source}: a link-local source does not go beyond its link"
            first = way.hops[0]
            mend = self.mends.source(first.netns, Leg(str(first.left), None), packet.family)
            command = inside(first.netns, f"ip -6 address show dev {first.left}")
            yield ended(way, "dropped", netns, dev, "no-source", what, command, mend, None, "source")
            return
        if way.ttl <= 1:
            yield ended(way, "loop", netns, dev, "ttl", f"the time to live ends in {netns.title}", "", (), None, "ttl")
            return
        way = way._replace(ttl=way.ttl - 1).step(
            "forwarding", f"in by {dev}; forwards {'IPv6' if router.six else 'IPv4'}", "", None
        )
        for leg, record in legs_of(decision):
            yield from self._forward(netns, way, decision, leg, record, before)

    def _forward(
        self, netns: Namespace, way: Way, decision: Decision, leg: Leg, record: Route | None, before: Tuple
    ) -> Iterator[Ended]:
        """Forward a packet by one leg: route, MTU, `forward`, and out; ``before``: its tuple when it came in."""
        packet = replace(way.packet, oif=leg.dev)
        way = self._routed(way._replace(packet=packet), netns, decision, leg, record, packet.source)
        if packet.fragments and packet.family == "inet":
            packet = fragment(netns, leg, record, packet)
            way = way._replace(packet=packet)
        big = too_big(netns, leg, record, packet)
        if big is not None and ("mtu", id(netns), leg.dev) not in self.mended:
            what = f"{packet.length} bytes do not fit through {leg.dev} in {netns.title} (MTU {big})"
            forget = inside(way.hops[0].netns, f"ip {six(packet.family)}route flush cache")  # the sender remembers the MTU
            mend = (*larger(netns, leg, record, packet), forget)
            yield ended(
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
        outcome, way = self.hooks.judge(way, netns, "forward", replace(packet, state=conntrack.later_state(way)), leg)
        if outcome.verdict in ("drop", "reject"):
            yield self.hooks.stopped(way, netns, leg.dev, "forward", outcome)
            return
        yield from self._post(netns, way._replace(packet=outcome.packet), leg, before)

    def _locally(self, netns: Namespace, way: Way, dev: str, decision: Decision, before: Tuple) -> Iterator[Ended]:
        """Take in a packet for an address of the namespace that came by a link."""
        packet = way.packet
        command = inside(netns, f"ip {six(packet.family)}route get {packet.destination} from {packet.source} iif {dev}")
        called = "an address" if decision.type == "local" else f"a {decision.type} address"
        way = way.step("local", f"in by {dev}; {packet.destination} is {called} of {netns.title}", command, decision.route)
        if decision.type in ("broadcast", "multicast"):
            yield ended(
                way,
                "dropped",
                netns,
                dev,
                "martian",
                f"{packet.destination} is a {decision.type} address in {netns.title}",
                command,
            )
            return
        way = way._replace(packet=conntrack.restored_source(way, netns, packet, local=False))
        way = way._replace(connections=connected(way, netns, before, packet))
        yield from self._deliver(netns, way, dev)

    def _deliver(self, netns: Namespace, way: Way, dev: str) -> Iterator[Ended]:
        """Let a packet through `input` to the program that it is for."""
        packet = replace(way.packet, iif=dev, oif=None)
        outcome, way = self.hooks.judge(way, netns, "input", replace(packet, state=conntrack.later_state(way)), None)
        if outcome.verdict in ("drop", "reject"):
            yield self.hooks.stopped(way, netns, dev, "input", outcome)
            return
        packet = outcome.packet
        way = way._replace(packet=packet)
        asked = servers.outside_vrf if way.reply else servers.refused
        refused = asked(self.routers.of(netns, packet.family), netns, way, packet, dev)
        yield refused if refused is not None and refused.fault not in self.mended else Ended("delivered", way, netns, dev)

    def _post(self, netns: Namespace, way: Way, leg: Leg, before: Tuple) -> Iterator[Ended]:
        """Let a packet out of a link: `postrouting`, `egress`, and on to the next hop."""
        packet = replace(way.packet, oif=leg.dev)
        outcome, way = self.hooks.judge(way, netns, "postrouting", replace(packet, state=conntrack.later_state(way)), leg)
        if outcome.verdict in ("drop", "reject"):
            yield self.hooks.stopped(way, netns, leg.dev, "postrouting", outcome)
            return
        packet = outcome.packet
        is_translated = packet.source != way.packet.source and conntrack.looks_like_the_question(way, netns, packet)
        if packet.proto == "udp" and (is_translated or conntrack.takes_its_port(way, netns, packet)):
            packet = replace(packet, sport=conntrack.other_port(packet.sport))
        restored = conntrack.restored_source(way, netns, packet, local=False)
        if restored != packet:
            way = way.step("postrouting", f"the answer's source is {restored.source} again (conntrack)", "conntrack -L")
            packet = restored
        way = way._replace(packet=packet, connections=connected(way, netns, before, packet)).leaving(leg.dev)
        way = not_judged(way, netns, leg.dev, "egress")
        outcome, way = self.hooks.judge(way, netns, "egress", packet, leg)
        if outcome.verdict in ("drop", "reject"):
            yield self.hooks.stopped(way, netns, leg.dev, "egress", outcome)
            return
        yield from self._arrivals(self.transmission.transmit(netns, way, leg))

    def _arrivals(self, carried: Iterable[Ended | Arrival]) -> Iterator[Ended]:
        """Yield the ends of a transmission; where it arrives, those of the walk that goes on there."""
        for one in carried:
            if isinstance(one, Arrival):
                yield from self.receive(*one)
            else:
                yield one

    def _carry(
        self, under: Namespace, local: str | None, remote: str, what: str, port: int | None, ttl: int | None, length: int | None,
        fragments: int,
    ) -> Outer:  # fmt: skip
        """Walk the outer packet of a tunnel and a packet of the other end, both the first that the firewalls see."""
        proto, sport = ("udp", 40000) if port else (what, None)
        packet = Packet(
            family_of(remote), local or "", remote, proto, sport=sport, dport=port, length=length, fragments=fragments
        )  # fmt: skip
        return self._outer(under, packet, local, ttl or TTL, False)

    def _carry_wireguard(
        self, under: Namespace, remote: str, sport: int, dport: int, mark: int, length: int | None
    ) -> Outer:  # fmt: skip
        """Walk the outer packet of a wireguard link and its answer: the two ends shake hands before any other packet."""
        packet = Packet(family_of(remote), "", remote, "udp", sport, dport, mark=mark, length=length, fragments=2)
        return self._outer(under, packet, None, TTL, True)

    def _outer(self, under: Namespace, packet: Packet, local: str | None, ttl: int, shakes: bool) -> Outer:
        if self._carrying > 3:
            return Outer(None, Obstacle("loop", under, None, "a tunnel within itself"), local)
        self._carrying += 1
        size, self.wires.size = self.wires.size, packet.length
        try:
            there = next(iter(self.send(under, Way(packet, ttl), local)), None)
            if there is None:
                return Outer(source=local)
            source, remote = there.way.packet.source, packet.destination
            if there.verdict in ("leaves", "undecided"):
                return Outer(source=source)
            if there.verdict not in ("delivered", "deaf"):
                return Outer(None, _obstacle(there), source)
            if there.way.doubts or there.way.missing:
                return Outer(None, _undecided(there), source)
            self.wires.size = None
            packet = replace(packet, length=None)
            if shakes:
                way = answer_to(there.way, None)
                way = way._replace(packet=replace(way.packet, length=None))
                asked: str | None = way.packet.source
            else:
                way = Way(replace(packet, source=remote, destination=source))
                asked = remote if self.router(there.netns, packet.family).is_local(remote) else None
            answer = next(iter(self.send(there.netns, way, asked)), None)
            stopped = answer is not None and answer.verdict == "dropped"
            returning = _obstacle(answer) if answer is not None and stopped else None
            if answer is not None and returning is None and (answer.way.doubts or answer.way.missing):
                returning = _undecided(answer)
            return Outer(there.netns, None, source, returning, there.way.packet.dport)
        finally:
            self._carrying -= 1
            self.wires.size = size


def _obstacle(end: Ended) -> Obstacle:
    """The end of an outer packet as the obstacle of the frames inside the tunnel."""
    return Obstacle(end.reason or "tunnel", end.netns, end.dev, end.what, end.command, end.mend, end.evidence, "tunnel")


def _undecided(end: Ended) -> Obstacle:
    """What is not known of the way of an outer packet."""
    what, command = (*end.way.missing, *end.way.doubts)[0]
    reason = "not-captured" if end.way.missing else "filter-unknown"
    return Obstacle(reason, end.netns, end.dev, what, command, (), None, "tunnel")
