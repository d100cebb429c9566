"""The way of a packet: where it has been, what happened there, what conntrack saw of it, and where it ended.

All records here are immutable tuples: a walk that forks (multipath, two owners of an address) shares what lies before the fork.
"""

from __future__ import annotations

import re

from parsers.tuples import NamedTuple

from ..packet import Packet, replace
from ..routing import Question

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from parsers.records import Route

    from ...model.namespace import Namespace
    from ..routing import Decision, Leg

    #: Source, destination, source port, destination port.
    Tuple = tuple[str, str, "int | None", "int | None"]

#: The time to live that a packet starts with.
TTL = 64
#: No more legs of one routing decision than this are followed.
WAYS = 24


class Step(NamedTuple):
    """One stage in a namespace: what happened there, and the command and record that show it."""

    stage: str
    what: str
    command: str = ""
    evidence: Any = None
    verdict: str = "ok"
    reason: str | None = None


class Hop(NamedTuple):
    """A namespace on the way, with the addresses of the packet as it comes in (or is made)."""

    netns: Namespace
    came: str | None
    left: str | None
    steps: tuple[Step, ...]
    source: str | None
    destination: str
    ttl: int


class Connection(NamedTuple):
    """A translated connection as conntrack of a namespace remembers it: the tuple before NAT and after it."""

    netns: int
    before: Tuple
    after: Tuple


class Learned(NamedTuple):
    """An entry of a neighbour table that is there because the neighbour asked first: its ARP request gave its own MAC away."""

    netns: int
    dev: str
    address: str
    neighbour: Namespace
    by: str


class Way(NamedTuple):
    """A packet, and how far it has come.

    What was not captured (``missing``) or not understood (``doubts``) does not stop a walk, but makes its end only a likely one.
    """

    packet: Packet
    ttl: int = TTL
    hops: tuple[Hop, ...] = ()
    passed: frozenset[tuple[Any, ...]] = frozenset()
    connections: tuple[Connection, ...] = ()
    seen: frozenset[tuple[int, str, str]] = frozenset()  # questions that conntrack saw: namespace, destination, source
    missing: tuple[tuple[str, str], ...] = ()
    doubts: tuple[tuple[str, str], ...] = ()  # firewall rules that could not be decided
    untold: bool = False  # whether one of them may have changed the packet, so that its end is not known
    supposed: tuple[tuple[str, str], ...] = ()  # firewall rules of whose possible effects this way supposes one
    notes: tuple[str, ...] = ()
    reply: bool = False
    marks: Mapping[int, int | None] = {}  # the marks that connections got, by namespace; None: not known
    twins: tuple[tuple[Namespace, str, str], ...] = ()  # each next hop that is one of several: namespace, link, address
    learned: tuple[Learned, ...] = ()  # what the receivers of the question learned about its sender

    def step(self, *step: Any) -> Way:
        """Add a step to the namespace that the packet is in; ``step``: the fields of :class:`Step`."""
        last = self.hops[-1]
        return self._replace(hops=(*self.hops[:-1], last._replace(steps=(*last.steps, Step(*step)))))

    def seen_in(self, netns: Namespace) -> Way:
        """Note that conntrack of a namespace has seen this packet; an answer is not noted."""
        if self.reply:
            return self
        return self._replace(seen=self.seen | {(id(netns), self.packet.destination, self.packet.source)})

    def leaving(self, dev: str) -> Way:
        """Note the link by which the packet leaves the namespace that it is in."""
        return self._replace(hops=(*self.hops[:-1], self.hops[-1]._replace(left=dev)))

    def lacking(self, missing: tuple[tuple[str, str], ...]) -> Way:
        """Note what else was not captured: pairs of what it is and the command that shows it."""
        return self._replace(missing=tuple(dict.fromkeys((*self.missing, *missing)))) if missing else self


def answer_to(way: Way, icmp_type: int | None) -> Way:
    """The way of the answer to a packet that was delivered: conntrack knows it, and the receivers know the sender."""
    packet = way.packet
    reply = replace(
        packet, source=packet.destination, destination=packet.source, sport=packet.dport, dport=packet.sport, icmp_type=icmp_type,
        iif=None, oif=None, mark=0, ct_mark=0, state="established", direction="reply", bridged=False, physin=None, physout=None,
        ether_source=None, ether_destination=None,
    )  # fmt: skip
    return Way(reply, connections=way.connections, seen=way.seen, reply=True, marks=way.marks, learned=way.learned)


class Ended(NamedTuple):
    """The end of a way.

    ``verdict``: delivered, deaf (delivered, but no program answers), dropped, leaves, loop or undecided.
    """

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
        """The key by which a walker passes over this fault: the reason, the namespace, and the link or the rule."""
        rule: object = self.dev
        if self.reason in ("filter", "reject") and self.evidence is not None:
            stage = self.way.hops[-1].steps[-1].stage if self.way.hops and self.way.hops[-1].steps else ""
            ends = (self.way.packet.source, self.way.packet.destination)  # the mend is a rule for these
            rule = id(self.evidence) if stage == "tunnel" else (id(self.evidence), *(() if stage == "neighbour" else ends))
        if self.reason == "vlan" and isinstance(self.evidence, dict) and "ifname" not in self.evidence and self.mend:
            given = re.search(r" vid (\d+)( pvid)?", self.mend[0])  # the VLAN that the mend gives to the port
            rule = (self.dev, int(given[1]), given[2] is not None) if given else rule
        if self.reason == "not-forwarding" and any("ip_forward" in one or ".all." in one for one in self.mend):
            rule = None  # the mend switches forwarding on for all links
        return self.reason or "", id(self.netns), rule


def ended(
    way: Way, verdict: str, netns: Namespace, dev: str | None, reason: str | None, what: str, command: str = "",
    mend: tuple[str, ...] = (), evidence: Any = None, stage: str | None = None,
) -> Ended:  # fmt: skip
    """End a way, and add the end as a last step to the namespace that the packet is in."""
    if way.hops and (stage or reason):
        way = way.step(stage or "link", what, command, evidence, verdict, reason)
    return Ended(verdict, way, netns, dev, reason, what, command, mend, evidence)


def question_of(packet: Packet, source: str | None, iif: str | None, oif: str | None) -> Question:
    """What the routing of a namespace is asked about a packet; ``source`` is None where the kernel still has to choose it."""
    proto = packet.proto
    return Question(packet.destination, source, iif, oif, packet.mark, proto, packet.sport, packet.dport)


def legs_of(decision: Decision) -> Iterator[tuple[Leg, Route | None]]:
    """Yield each leg of a routing decision once, with the route that it belongs to."""
    first = list(dict.fromkeys(decision.legs))
    for leg in first[:WAYS]:
        record = decision.route
        for other in decision.others:
            if other.get("dev") == leg.dev and other.get("gateway") == leg.gateway:
                record = other
        yield leg, record


def tuple_of(packet: Packet) -> Tuple:
    """The addresses and ports of a packet, as conntrack compares them."""
    return packet.source, packet.destination, packet.sport, packet.dport


def ends_words(packet: Packet) -> str:
    """The ends of a packet in words.

    >>> ends_words(Packet("inet", "10.0.0.1", "10.0.0.2", "tcp", dport=80))
    '10.0.0.1 to 10.0.0.2 tcp 80'
    """
    port = f" {packet.proto} {packet.dport}" if packet.dport is not None and packet.proto in ("tcp", "udp") else ""
    return f"{packet.source} to {packet.destination}{port}"
