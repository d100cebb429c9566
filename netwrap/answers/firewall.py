"""Judge a packet at one hook of a namespace: what its firewalls (nft, iptables, both at once) do with the packet.

Three-valued: a rule whose match is not known (``limit``, an owner, a match that was not understood) and that could change
the verdict makes the outcome ``undecided`` and is named; one that could not is passed over.

>>> from netwrap.model.namespace import Namespace
>>> judge(Namespace("red"), "forward", Packet("inet", "10.0.0.1", "10.1.0.1", "tcp", dport=22)).verdict
'undecided'
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

    from ..model.namespace import Namespace

    Record = dict[str, Any]
    #: What the routing tables answer about an address: its type (``local``, ``unicast``, ...) and its interface; None: unknown.
    Fib = Callable[[str, "Packet"], "tuple[str, str | None] | None"]


@dataclass(frozen=True)
class Packet:
    """A packet as it stands at a hook. A field that is None is not known, and a match that asks for it is undecided.

    ``iif`` and ``oif`` are None where the hook has none (``oif`` in prerouting). ``state`` is what conntrack calls the packet:
    new, established, related, invalid, untracked. For an answer, ``direction`` is "reply" and ``original`` the
    (source, destination, sport, dport) of the connection's first packet before NAT; ``status`` names what NAT did to
    the connection (``snat``, ``dnat``). ``bridged``: the packet is a frame that a bridge only passes on.
    """

    family: str  # inet, inet6
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


class Step(NamedTuple):
    """One rule (or policy) that decided something about a packet, or could have."""

    hook: str
    family: str  # ip, ip6, inet, bridge, netdev, arp
    table: str
    chain: str
    rule: str  # the rule's own words; "policy drop"
    verdict: str  # accept, drop, reject, dnat, snat, masquerade, redirect, mark, notrack, queue, undecided
    evidence: Record  # the record of the rule, or of the chain where its policy decided
    unknown: str | None = None  # why it is not known whether the rule applies


class Outcome(NamedTuple):
    """What a hook does with a packet."""

    verdict: str  # accept, drop, reject, undecided
    packet: Packet  # after NAT and marks
    steps: list[Step]
    nat: str | None = None  # dnat, snat, masquerade, redirect
    unknown: str | None = None  # why the verdict is undecided: "not-captured", or what was not understood


def judge(
    netns: Namespace, hook: str, packet: Packet, *, addresses_of_out: Sequence[str] | None = None, fib: Fib | None = None
) -> Outcome:
    """What the firewalls of a namespace do with a packet at a hook.

    ``hook``: ingress, prerouting, input, forward, output, postrouting, egress. ``addresses_of_out``: the addresses of the
    outgoing interface that masquerade may take, the one it prefers first (None: those in the capture). ``fib`` looks an
    address up in the routing tables for rules that ask them (None: own addresses are known, nothing else).
    """
    return Outcome("undecided", packet, [], None, "not-captured")
