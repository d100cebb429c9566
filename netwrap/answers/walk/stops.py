"""Why a routing decision stops a packet: the reason, one sentence, the command that shows it, and a mend."""

from __future__ import annotations

from ... import wording
from ..inside import inside, six, sysctl_key
from ..links import kind
from ..routing import Leg
from .mends import deletable
from .way import ended, question_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...model.namespace import Namespace
    from ..packet import Packet
    from ..routing import Decision, Question
    from .mends import Mends
    from .routers import Routers
    from .way import Ended, Way

#: The types of a decision that are reasons by themselves; any other one is "no-route".
_REASONS = ("blackhole", "unreachable", "prohibit", "no-source", "martian", "rp-filter", "not-forwarding", "vrf")


class Stops:
    """Explain the routing decisions that stop a packet."""

    def __init__(self, routers: Routers, mends: Mends) -> None:
        self.routers = routers
        self.mends = mends

    def no_way(self, netns: Namespace, way: Way, decision: Decision, asked: Question) -> Ended:
        """End a way at a routing decision that neither sends nor delivers; ``asked``: what was decided."""
        packet = way.packet
        ip6 = six(packet.family)
        reason = decision.type if decision.type in _REASONS else "no-route"
        dev = asked.iif
        command = inside(netns, f"ip {ip6}route get {packet.destination}" + (f" from {packet.source} iif {dev}" if dev else ""))
        mend: tuple[str, ...] = ()
        stage = "route"
        evidence: Any = decision.route
        if reason == "not-forwarding":
            stage = "forwarding"
            what, command, mend = self._not_forwarding(netns, dev or "", packet.family)
            if any(hop.netns is netns for hop in way.hops[:-1]):  # a router sends it back to where it came from
                mend = self.mends.around(way, netns) or mend
        elif reason == "rp-filter":
            stage = "rp-filter"
            what = f"{netns.title} refuses the source {packet.source} on {dev} (rp_filter): no way back by that link"
            mend = self.mends.rp_filter(netns, dev or "all", packet.source)
        elif reason == "martian" and packet.source == "0.0.0.0":
            reason, stage, first = "no-source", "source", way.hops[0]
            what = (
                f"{netns.title} drops a packet without a source: {first.netns.title} has no address to send from by {first.left}"
            )
            mend = self.mends.source(first.netns, Leg(str(first.left), None), packet.family)
        elif reason == "martian":
            stage = "rp-filter"
            own = self.routers.of(netns, packet.family).is_local(packet.source) if packet.source else False
            what = f"{netns.title} refuses {packet.source} to {packet.destination} on {dev}" + (
                f": it has {packet.source} itself" if own else ": such an address may not come from outside"
            )
            if own and packet.source is not None:
                returned = netns is way.hops[0].netns
                mend = self.mends.around(way, netns) if returned else self.mends.without(netns, packet.source)
        elif reason == "no-source":
            stage, what = "source", f"{netns.title} does not have the address {asked.source} to send from"
        elif decision.route is not None:
            what = f"{netns.title} has the route {wording.route(decision.route)}"
            is_default = decision.route.get("dst", "default") == "default"
            leak = self.mends.leak(netns, asked.iif or asked.oif, packet.destination) if is_default else ()
            mend = leak or (inside(netns, f"ip {ip6}route del {deletable(decision.route)}"),)
        elif decision.rule is not None and "action" in decision.rule:
            stage, evidence = "rule", decision.rule
            what = f"{netns.title} has the rule {wording.rule(decision.rule)}"
            reason = {"unreachable": "unreachable", "prohibit": "prohibit", "blackhole": "blackhole"}.get(
                str(decision.rule["action"]), reason
            )
            mend = (inside(netns, f"ip {ip6}rule del pref {decision.rule.get('priority')}"),)
        elif (netns.routes6 if ip6 else netns.routes) is None:
            what = f"the {'IPv6 ' if ip6 else ''}routes of {netns.title} are not known"
            return ended(way, "undecided", netns, dev, "not-captured", what, command, stage=stage)
        else:
            what = f"{netns.title} has no route to {packet.destination}"
            leaking = self._in_a_vrf(netns, packet)
            if leaking and dev is None:
                reason, what = "vrf", f"{what} outside of the VRF {leaking}"
            mend = self.mends.leak(netns, asked.iif or asked.oif, packet.destination)
            mend = mend or self.mends.route(netns, packet.destination)
        return ended(way, "dropped", netns, dev, reason, what, command, mend, evidence, stage)

    def _in_a_vrf(self, netns: Namespace, packet: Packet) -> str | None:
        """The VRF whose table has a route that the main tables lack."""
        router = self.routers.of(netns, packet.family)
        for link in netns.links or ():
            if kind(link) == "vrf" and router.decide(question_of(packet, None, None, str(link["ifname"]))).sends:
                return str(link["ifname"])
        return None

    def _not_forwarding(self, netns: Namespace, dev: str, family: str) -> tuple[str, str, tuple[str, ...]]:
        """The sentence, the command that shows the switch, and the mend."""
        if family == "inet6":
            name = "net.ipv6.conf.all.forwarding"
            return (
                f"{netns.title} does not forward IPv6 ({name} is 0)",
                inside(netns, f"sysctl {name}"),
                (inside(netns, f"sysctl -w {name}=1"),),
            )
        router = self.routers.of(netns, family)
        everything = router.switches.value("net.ipv4.conf.all.forwarding") or router.switches.value("net.ipv4.ip_forward")
        name = f"net.ipv4.conf.{dev}.forwarding"
        what = f"{netns.title} does not forward IPv4 (forwarding of {dev} is 0)"
        mend = f"sysctl -w {sysctl_key(name)}=1" if everything else "sysctl -w net.ipv4.ip_forward=1"
        return what, inside(netns, f"sysctl {sysctl_key(name)}"), (inside(netns, mend),)
