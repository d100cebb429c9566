"""Find the firewall that takes away a question for a MAC (ARP, neighbour solicitation) or its answer, wherever they pass."""

from __future__ import annotations

from parsers.tuples import NamedTuple

from .packet import Outcome, Packet, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.namespace import Namespace
    from .segment import Crossing, End

    _Asked = tuple[Namespace, str, Packet, bool]


class Taken(NamedTuple):
    """Where the question or its answer ends."""

    netns: Namespace
    dev: str
    hook: str
    packet: Packet
    outcome: Outcome


def taken(
    asker: Namespace, dev: str, source: str | None, nexthop: str, end: End, mended: frozenset[tuple[str, int, object]]
) -> Taken | None:
    """The first firewall that drops, or may drop, what ``asker`` asks out of ``dev`` for a MAC, or the answer of its owner.

    ``source``: the address that is asked with; None: of IPv4 no address, of IPv6 a link-local one. ``mended``: the rules whose
    chains accept both, as :attr:`walk.way.Ended.fault` names them.
    """
    question, answer = _messages(source, nexthop)
    own, other = (asker.link(dev) or {}).get("address"), end.link.get("address")
    question = replace(question, ether_source=own, ether_destination=_group(question))
    answer = replace(answer, ether_source=other, ether_destination=own)
    for netns, hook, packet, frames_only in (
        *_sent(asker, dev, question), *_passing(end.crossings, question), *_received(end.netns, end.dev, question),
        *_sent(end.netns, end.dev, answer), *_passing([_turned(one) for one in reversed(end.crossings)], answer),
        *_received(asker, dev, answer),
    ):  # fmt: skip
        if not netns.rulesets:
            continue
        from . import firewall  # not needed for a host without rules

        if not firewall.has_any(netns):
            continue
        accepted = [rule[0] for _, place, rule in mended if place == id(netns) and isinstance(rule, tuple) and len(rule) == 1]
        outcome = firewall.judge(netns, hook, packet, frames_only=frames_only, accepted=accepted)
        if outcome.verdict != "accept":
            at = packet.physout or packet.physin or packet.oif or packet.iif or dev
            return Taken(netns, at, hook, packet, outcome)
    return None


def _messages(source: str | None, nexthop: str) -> tuple[Packet, Packet]:
    """The question and its answer."""
    if ":" not in nexthop:
        own = source or "0.0.0.0"
        return (
            Packet("arp", own, nexthop, "arp", state="untracked", length=28, operation=1),
            Packet("arp", nexthop, own, "arp", state="untracked", length=28, operation=2),
        )
    import ipaddress

    own = source or "fe80::1"
    low = int(ipaddress.ip_address(nexthop.partition("%")[0])) & 0xFFFFFF
    everybody = str(ipaddress.ip_address((0xFF02 << 112) + 0x1_FF00_0000 + low))  # the solicited-node multicast address
    return (
        Packet("inet6", own, everybody, "icmpv6", icmp_type=135, state="untracked", length=72, ttl=255),
        Packet("inet6", nexthop, own, "icmpv6", icmp_type=136, state="untracked", length=72, ttl=255),
    )


def _group(question: Packet) -> str:
    """The MAC that a question for a MAC goes to."""
    if question.family == "arp":
        return "ff:ff:ff:ff:ff:ff"
    import ipaddress

    low = f"{int(ipaddress.ip_address(question.destination)) & 0xFFFFFFFF:08x}"
    return ":".join(("33", "33", *(low[at : at + 2] for at in range(0, 8, 2))))


def _sent(netns: Namespace, dev: str, packet: Packet) -> Iterator[_Asked]:
    for hook in ("output",) if packet.family == "arp" else ("output", "postrouting"):
        yield netns, hook, replace(packet, oif=dev), False


def _received(netns: Namespace, dev: str, packet: Packet) -> Iterator[_Asked]:
    for hook in ("ingress", "input") if packet.family == "arp" else ("ingress", "prerouting", "input"):
        yield netns, hook, replace(packet, iif=dev), False


def _passing(crossings: tuple[Crossing, ...] | list[Crossing], packet: Packet) -> Iterator[_Asked]:
    for one in crossings:
        hooks = ("prerouting", "forward", "postrouting")
        if one.port_in is None:
            hooks = ("output", "postrouting", "")
        elif one.port_out is None:
            hooks = ("prerouting", "input", "")
        through = one.port_in is not None and one.port_out is not None
        for hook in filter(None, hooks):
            out = None if hook == "prerouting" else one.port_out
            frame = replace(
                packet, bridged=True, iif=one.bridge, oif=one.bridge if out else None, physin=one.port_in, physout=out
            )
            yield one.netns, hook, frame, not through


def _turned(crossing: Crossing) -> Crossing:
    return crossing._replace(port_in=crossing.port_out, port_out=crossing.port_in)
