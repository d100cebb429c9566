"""Ask the firewalls of a namespace about a packet at one hook, and note on its way what they did.

The judging itself stands in ``answers/firewall.py``; here conntrack's part of the packet is filled in first.
"""

from __future__ import annotations

from ..inside import inside
from ..packet import Outcome, replace
from . import conntrack
from .mends import accepting, rule_words
from .way import Ended, ends_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...model.namespace import Namespace
    from ..packet import Packet
    from ..routing import Leg
    from .routers import Routers
    from .way import Way


class Hooks:
    """The hooks of all namespaces. ``mended``: the rules that are passed over, as :attr:`Ended.fault` names them."""

    def __init__(self, routers: Routers, mended: frozenset[tuple[str, int, object]]) -> None:
        self.routers = routers
        self.mended = mended
        self._guarded: dict[int, bool] = {}
        #: Which of the possible outcomes to suppose where a rule is undecided or the kernel draws lots, by the question.
        self.supposed: Mapping[object, int] = {}
        #: The questions with several possible outcomes of which none is supposed yet, with the number of these outcomes.
        self.open: dict[object, int] = {}

    def judge(
        self, way: Way, netns: Namespace, hook: str, packet: Packet, leg: Leg | None, bridged: bool = False,
        frames_only: bool = False,
    ) -> tuple[Outcome, Way]:  # fmt: skip
        """Let a packet through a hook: the outcome, and the way with the rules that decided, lacked or could not be told.

        ``leg``: where the packet leaves, None where it does not. ``bridged``: the packet is a frame that a bridge passes on;
        ``frames_only``: only the rules of the bridge family see the frame.
        """
        packet = replace(packet, ttl=way.ttl)
        if way.reply and packet.state == "new":  # its source is not the address that was asked: conntrack does not know it
            packet = replace(packet, direction="original", original=None, status=frozenset())
        elif way.reply:
            packet = replace(packet, direction="reply")
            connection = conntrack.connection(way, netns, packet)
            if connection is not None:
                nat = {name for name, at in (("snat", 0), ("dnat", 1)) if connection.before[at] != connection.after[at]}
                packet = replace(packet, original=connection.before, status=frozenset(nat))
        if id(netns) not in self._guarded:
            self._guarded[id(netns)] = _has_firewall(netns)
        if not self._guarded[id(netns)]:
            return Outcome("accept", packet, []), way
        from .. import firewall  # not needed for a host without rules

        addresses = None
        out = leg.dev if leg is not None else packet.oif if bridged and not frames_only else None
        if out is not None and hook == "postrouting":
            router = self.routers.of(netns, packet.family)
            gateway = leg.gateway if leg is not None and leg.gateway and ":" not in leg.gateway else packet.destination
            first = router.source4(out, gateway, 0) if packet.family == "inet" else router.source6(packet.destination, out)
            addresses = [first] if first is not None else []
        outcome = firewall.judge(
            netns, hook, packet, addresses_of_out=addresses, fib=self.routers.fib(netns), frames_only=frames_only,
            accepted=self._accepted(netns, packet) if self.mended else (),
        )  # fmt: skip
        if len(outcome.possible) > 1:
            key = (id(netns), hook, frames_only, packet)
            if key in self.supposed:
                way = way._replace(supposed=(*way.supposed, _doubt(netns, hook, outcome)))
                outcome = outcome.possible[self.supposed[key]]
            else:
                self.open[key] = len(outcome.possible)
        if outcome.packet.ct_mark != packet.ct_mark:
            way = way._replace(marks={**way.marks, id(netns): outcome.packet.ct_mark})
        told = replace(outcome.packet, bridged=packet.bridged)
        outcome = outcome._replace(packet=told)
        command = inside(netns, "nft list ruleset")
        for step in outcome.steps:
            if step.verdict == "accept" and step.unknown is None:
                continue
            verdict = {"drop": "dropped", "reject": "dropped", "undecided": "undecided"}.get(step.verdict, "ok")
            reason = {"drop": "filter", "reject": "reject", "undecided": "filter-unknown"}.get(step.verdict)
            if way.hops:
                words = rule_words(step) + (f" ({step.unknown})" if step.unknown else "")
                way = way.step(hook, words, command, step.evidence, verdict, reason)
        if outcome.verdict == "undecided":
            if outcome.unknown == "not-captured":
                way = way.lacking(((f"the firewall of {netns.title}", command),))
            else:
                doubts = (*way.doubts, _doubt(netns, hook, outcome))
                way = way._replace(doubts=doubts, untold=way.untold or outcome.changes)
        if outcome.nat is not None and way.hops:
            way = way.step(hook, f"{outcome.nat}: {ends_words(packet)} becomes {ends_words(told)}", command, None)
        return outcome, way

    def _accepted(self, netns: Namespace, packet: Packet) -> set[object]:
        """The rules in whose chains the mends have put a rule that accepts a packet, by id."""
        ends = (packet.source, packet.destination)
        rules = [rule for reason, place, rule in self.mended if place == id(netns) and reason in ("filter", "reject")]
        return {rule[0] if isinstance(rule, tuple) else rule for rule in rules if not isinstance(rule, tuple) or rule[1:] == ends}

    @staticmethod
    def stopped(way: Way, netns: Namespace, dev: str | None, hook: str, outcome: Outcome, bridged: bool = False) -> Ended:
        """End the way of a packet that a firewall dropped or rejected, with the rule and a rule that would let it pass."""
        step = next((one for one in reversed(outcome.steps) if one.verdict in ("drop", "reject")), None)
        reason = "reject" if outcome.verdict == "reject" else "filter"
        does = "rejects" if outcome.verdict == "reject" else "drops"
        what = f"{rule_words(step)} in {netns.title} {does} {ends_words(way.packet)} at {hook}"
        if bridged:
            what += " (a bridged frame)"
        seen = replace(outcome.packet, direction=way.packet.direction)  # a chain before may have translated it
        mend = accepting(netns, step.evidence if step else None, seen)
        return Ended(
            "dropped", way, netns, dev, reason, what, inside(netns, "nft list ruleset"), mend, step.evidence if step else None
        )


def _doubt(netns: Namespace, hook: str, outcome: Outcome) -> tuple[str, str]:
    """The rule that makes an outcome undecided, and the command that shows it."""
    what = outcome.unknown or "a rule that is not understood"
    named = next((rule_words(step) for step in outcome.steps if step.unknown), "")
    return f"{netns.title}, {hook}: {named or what}" + (f" ({what})" if named else ""), inside(netns, "nft list ruleset")


def not_judged(way: Way, netns: Namespace, dev: str | None, hook: str) -> Way:
    """Note a doubt where rules were captured that netwrap does not judge: filters of tc on a link, ebtables (``dev`` None)."""
    for row in netns.table("not_judged") or ():
        if (row["tool"] == "tc") == (dev is not None) and (dev is None or (row["dev"], row["hook"]) == (dev, hook)):
            command = f"tc filter show dev {dev} {hook}" if dev is not None else "ebtables-legacy-save"
            what = f"{row['tool']} in {netns.title}: {row['text']} (not judged)"
            return way._replace(doubts=(*way.doubts, (what, inside(netns, command))))
    return way


def sees_frames(routers: Routers, netns: Namespace, family: str) -> bool:
    """Whether the rules of IP see bridged frames as well (bridge-nf)."""
    switches = routers.of(netns, family).switches
    return bool(switches.value(f"net.bridge.bridge-nf-call-ip{'6' if family == 'inet6' else ''}tables"))


def _has_firewall(netns: Namespace) -> bool:
    """Whether a packet has to be judged: not where the capture shows that the namespace has no rules."""
    if netns.rulesets is None:
        return True
    return bool(netns.rulesets) or not (netns.covers_rulesets("ip") and netns.covers_rulesets("ip6"))
