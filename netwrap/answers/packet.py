"""A packet on its way through firewalls, the same with other fields, and what a hook does with it.

No dataclass: importing `dataclasses` takes longer than a host is checked.
"""

from __future__ import annotations

from parsers.tuples import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from parsers.records import FirewallRecord


class Packet(NamedTuple):
    """A packet as it stands at a hook. A field that is None is not known, and a match that asks for it is undecided.

    ``iif`` and ``oif`` are None where the hook has none (``oif`` in prerouting). ``state`` is what conntrack calls the packet:
    new, established, related, invalid, untracked. For an answer, ``direction`` is "reply" and ``original`` the
    (source, destination, sport, dport) of the connection's first packet before NAT; ``status`` names what NAT did to
    the connection (``snat``, ``dnat``). ``bridged``: the packet is a frame that a bridge only passes on.
    """

    family: str  # inet, inet6, arp
    source: str
    destination: str
    proto: str  # icmp, icmpv6, udp, tcp, ...
    sport: int | None = None
    dport: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = 0
    iif: str | None = None
    oif: str | None = None
    mark: int = 0
    state: str | None = "new"
    length: int | None = None
    fragments: int = 0  # who may cut it into fragments: 0 nobody, 1 routers on the way, 2 the sender, too
    bridged: bool = False
    physin: str | None = None
    physout: str | None = None
    ether_source: str | None = None
    ether_destination: str | None = None
    vlan: int | None = None
    uid: int | None = None
    gid: int | None = None
    ttl: int | None = None
    dscp: int | None = 0
    tcp_flags: frozenset[str] | None = None  # None for tcp: SYN of a new connection, else ACK
    ct_mark: int | None = 0
    zone: int = 0
    direction: str = "original"
    original: tuple[str, str, int | None, int | None] | None = None
    status: frozenset[str] = frozenset()
    operation: int | None = None  # of ARP: 1 asks, 2 answers


def replace(packet: Packet, **fields: Any) -> Packet:
    """A packet with other fields.

    >>> replace(Packet("inet", "10.0.0.1", "10.1.0.1", "tcp", dport=80), dport=443).dport
    443
    """
    return packet._replace(**fields)


class Step(NamedTuple):
    """One rule (or policy) that decided something about a packet, or could have."""

    hook: str
    family: str  # ip, ip6, inet, bridge, netdev, arp
    table: str
    chain: str
    rule: str  # the rule's own words; "policy drop"
    verdict: str  # accept, drop, reject, dnat, snat, masquerade, redirect, mark, notrack, queue, undecided
    evidence: FirewallRecord  # the record of the rule, or of the chain where its policy decided
    unknown: str | None = None  # why it is not known whether the rule applies


class Outcome(NamedTuple):
    """What a hook does with a packet."""

    verdict: str  # accept, drop, reject, undecided
    packet: Packet  # after NAT and marks
    steps: list[Step]
    nat: str | None = None  # dnat, snat, masquerade, redirect
    unknown: str | None = None  # why the verdict is undecided: "not-captured", or what was not understood
    rerouted: bool = False  # the route is looked up again, because `output` set a mark
    possible: tuple[Outcome, ...] = ()  # of an undecided one: the outcomes of which one is true; () where not all are known
    changes: bool = False  # of an undecided one: whether the packet may have got other addresses or another mark
    by_chance: bool = False  # each of them happens: the kernel draws lots (`-m statistic`, numgen, one address of a range)
