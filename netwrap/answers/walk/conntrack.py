"""What conntrack of a namespace knows of a packet: its state, its connection, and the translations it undoes for an answer.

A walk has no conntrack table; the way of the question stands for it (``Way.seen``, ``Way.connections``).
"""

from __future__ import annotations

from ..packet import replace
from .way import Connection, tuple_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.namespace import Namespace
    from ..packet import Packet
    from .way import Tuple, Way


def state(way: Way, netns: Namespace) -> str:
    """The state (new, established, invalid) of a packet at the first hook of a namespace."""
    source, destination = way.packet.source, way.packet.destination
    if not way.reply:
        return "new" if (id(netns), destination, source) not in way.seen else "established"
    known = [(one.after[1], one.after[0]) for one in way.connections if one.netns == id(netns)]
    if (source, destination) in known or not known and (id(netns), source, destination) in way.seen:
        return "established"
    return "new" if way.packet.proto == "udp" else "invalid"


def tracked(way: Way, netns: Namespace, packet: Packet) -> Packet:
    """A packet as conntrack gives it to the first hook of a namespace: with its state and the mark of its connection."""
    found = state(way, netns)
    return replace(packet, state=found, ct_mark=way.marks.get(id(netns), 0) if found == "established" else 0)


def later_state(way: Way) -> str:
    """The state of a packet at the later hooks of a namespace: the one of the first hook."""
    return way.packet.state or ("established" if way.reply else "new")


def connection(way: Way, netns: Namespace, packet: Packet) -> Connection | None:
    """Find the translated connection that an answer belongs to, whether or not the answer was translated back already."""
    for one in way.connections:
        if (
            one.netns == id(netns)
            and packet.source in (one.after[1], one.before[1])
            and packet.destination in (one.after[0], one.before[0])
        ):
            return one
    return None


def takes_its_port(way: Way, netns: Namespace, packet: Packet) -> bool:
    """Whether conntrack gives an answer another source port, because a translated question has its tuple already.

    So it is where a namespace translates the destination of a datagram to another address of its own, and the server answers
    from the address that was asked: for conntrack that is a new connection, whose answers would look like the question.
    """
    return way.reply and any(
        one.netns == id(netns) and one.before[1] == packet.source != one.after[1] and packet.destination == one.before[0]
        for one in way.connections
    )


def other_port(port: int | None) -> int:
    """A port that conntrack may give instead of one that is taken: it chooses from the same range (from 1, 600 or 1024 on).

    >>> other_port(53), other_port(1), other_port(631), other_port(40000)
    (1, 2, 600, 1024)
    """
    first = 1024 if port is None or port >= 1024 else 600 if port >= 512 else 1
    return first + (first == port)


def looks_like_the_question(way: Way, netns: Namespace, packet: Packet) -> bool:
    """Whether an answer that was translated as a new connection has the ends of the question, which conntrack knows already."""
    return way.reply and (id(netns), packet.source, packet.destination) in way.seen


def restored_destination(way: Way, netns: Namespace, packet: Packet) -> Packet:
    """Undo for an answer the source NAT of its question: the answer goes to the address that asked."""
    if not way.reply or packet.state == "untracked":
        return packet
    for one in way.connections:
        if one.netns == id(netns) and (packet.source, packet.destination) == (one.after[1], one.after[0]):
            return replace(packet, destination=one.before[0], dport=one.before[2])
    return packet


def restored_source(way: Way, netns: Namespace, packet: Packet, local: bool) -> Packet:
    """Undo for an answer the destination NAT of its question: the answer comes from the address that was asked.

    ``local``: the answer is made in this namespace, so that its destination is restored here as well.
    """
    if not way.reply or packet.state == "untracked":
        return packet
    for one in way.connections:
        if one.netns == id(netns) and packet.source == one.after[1] and packet.destination in (one.before[0], one.after[0]):
            destination = one.before[0] if local else packet.destination
            return replace(packet, source=one.before[1], sport=one.before[3], destination=destination)
    return packet


def connected(way: Way, netns: Namespace, before: Tuple, after: Packet) -> tuple[Connection, ...]:
    """The connections of a way, with one more where a namespace has translated the question (``before`` is its old tuple)."""
    if way.reply or before == tuple_of(after):
        return way.connections
    return (*way.connections, Connection(id(netns), before, tuple_of(after)))
