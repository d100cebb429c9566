"""Judge a packet at one hook of a namespace: what its firewalls (nft, iptables, both at once) do with the packet.

Matches have three values: yes, no, not known (``limit``, an owner, a match that was not understood). A rule that may or may not
match splits the packet in two, one to which the rule applied and one that went on; each is followed on its own. Where all of
them end alike, that is the outcome; where they do not, the outcome is ``undecided``, and the rule is named.

>>> from netwrap.model.namespace import Namespace
>>> judge(Namespace("red"), "forward", Packet("inet", "10.0.0.1", "10.1.0.1", "tcp", dport=22)).verdict
'undecided'
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from parsers.tuples import NamedTuple

from . import matching, nft_rules, rule_index
from .nft_rules import Broken, Effect, Lots, Unknown
from .packet import Outcome, Packet, Step, replace
from .switches import switches_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from parsers.records import FirewallRecord

    from ..model.namespace import Namespace

    #: Look up an address in the routing tables: its type (``local``, ``unicast``, ...) and interface; None where unknown.
    Fib = Callable[[str, Packet], "tuple[str, str | None] | None"]


class _World(NamedTuple):
    """A possible state of a packet inside the chains: the packet, what was done to it, the first rule that is in doubt."""

    packet: Packet
    steps: tuple[Step, ...] = ()
    doubt: Step | None = None
    nat: str | None = None
    rerouted: bool = False


class _End(NamedTuple):
    """The end of a world: accept, drop, reject; "undecided" where the effect of a statement is not known."""

    verdict: str
    world: _World


class _Chain(NamedTuple):
    """A chain with its rules, in their order."""

    tool: str  # nft, iptables
    family: str
    table: str
    record: FirewallRecord
    rules: list[FirewallRecord]


class Firewalls:
    """The chains, sets and maps of a namespace, of nft and iptables together, sorted for judging packets."""

    def __init__(self, netns: Namespace) -> None:
        self.netns = netns
        self.chains: dict[tuple[str, str, str, str], _Chain] = {}
        self.tables: dict[tuple[str, str, str], nft_rules.Table] = {}
        self.sets_addresses = False  # whether a rule changes an address and lets the packet go on
        self.asks_marks = False  # whether a rule asks for the mark of packets
        for record in netns.rulesets or ():
            self._add(record)
        self.bases = [chain for chain in self.chains.values() if "hook" in chain.record]
        self.asleep = {
            (record["tool"], record["family"], record["table"])
            for record in netns.rulesets or ()
            if record["kind"] == "table" and "dormant" in record.get("flags", ())
        }
        self.covered = {family: netns.covers_rulesets(family) for family in ("ip", "ip6")}
        self.switches = switches_of(netns)
        self._at: dict[tuple[str, str, bool], list[_Chain]] = {}
        self._indexes: dict[int, rule_index.Index] = {}

    def _add(self, record: FirewallRecord) -> None:
        tool = str(record["tool"])
        kind, family, table = record["kind"], record.get("family", ""), record.get("table", "")
        where = (tool, family, table)
        if kind == "chain":
            known = self.chains.get((*where, record["chain"]))
            self.chains[(*where, record["chain"])] = _Chain(tool, family, table, record, known.rules if known else [])
        elif kind == "rule":
            key = (*where, record["chain"])
            if key not in self.chains:
                of: FirewallRecord = {"kind": "chain", "family": family, "table": table, "chain": record["chain"], "tool": tool}
                self.chains[key] = _Chain(tool, family, table, of, [])
            self.chains[key].rules.append(record)
            self.asks_marks = self.asks_marks or "mark" in record["text"]
            if tool == "nft":
                names = self.tables.setdefault(where, nft_rules.Table(family)).changing
                for statement in record["expr"]:
                    value = statement.get("set", statement.get("map"))
                    self.sets_addresses = self.sets_addresses or "payload" in statement.get("mangle", {}).get("key", {})
                    if isinstance(value, dict) and value.get("op") in ("add", "update", "delete"):
                        names.add(str(value.get("set", value.get("map"))).lstrip("@"))
        elif kind == "table":
            self.tables.setdefault(where, nft_rules.Table(family))
        elif kind in ("set", "map"):
            self.tables.setdefault(where, nft_rules.Table(family)).sets[record["name"]] = record

    def rules_for(self, chain: _Chain, worlds: list[_World]) -> list[FirewallRecord]:
        """The rules of a chain that may match the packet; of a long chain, without those for other addresses or links."""
        if len(chain.rules) < _LONG or not worlds or self.sets_addresses:
            return chain.rules
        packet = worlds[0].packet
        if any((world.packet.source, world.packet.destination) != (packet.source, packet.destination) for world in worlds):
            return chain.rules
        index = self._indexes.get(id(chain.rules))
        if index is None:
            index = self._indexes[id(chain.rules)] = rule_index.Index(chain.rules)
        return index.candidates(packet)

    def at(self, hook: str, family: str, last_first: bool) -> list[_Chain]:
        """The base chains of a family's hook, in the order in which the kernel runs them.

        Of two chains with one priority the kernel runs the younger one first, and no listing shows their age. ``last_first``:
        take the chain that is listed last for the younger one; False: the other way round.
        """
        known = self._at.get((hook, family, last_first))
        if known is not None:
            return known
        families = {"ip": ("ip", "inet"), "ip6": ("ip6", "inet")}.get(family, (family,))
        if hook in ("ingress", "egress"):
            families = ("netdev",) if family == "arp" else ("netdev", "inet")
        found = [chain for chain in self.bases if chain.record["hook"] == hook and chain.family in families]
        found = [chain for chain in found if (chain.tool, chain.family, chain.table) not in self.asleep]
        return self._at.setdefault((hook, family, last_first), sorted(found[::-1] if last_first else found, key=_order))


#: The priority at which NAT is done at a hook; 100 at hooks that are not here.
_NAT = {"prerouting": -100, "output": -100}


def _order(chain: _Chain) -> tuple[int, int]:
    """The sort key of a chain: NAT chains run at the priority of NAT, and among themselves in the order of their own."""
    own = chain.record.get("priority", 0)
    own = own if isinstance(own, int) else 0
    if chain.record.get("type") == "nat" and chain.family != "bridge":
        return _NAT.get(chain.record["hook"], 100), own
    return own, 0


_DEPTH = 64
#: Chains with fewer rules get no index.
_LONG = 12
_FAMILIES = {"inet": "ip", "inet6": "ip6", "arp": "arp"}


def _firewalls(netns: Namespace) -> Firewalls:
    """The firewalls of a namespace, compiled once and kept on the namespace: a global cache would keep both alive for ever."""
    found: Firewalls | None = vars(netns).get("_firewalls")
    if found is None:
        found = vars(netns)["_firewalls"] = Firewalls(netns)
    return found


def has_any(netns: Namespace) -> bool:
    """Whether a namespace has chains at any hook."""
    return bool(netns.rulesets) and bool(_firewalls(netns).bases)


def has_family(netns: Namespace, family: str) -> bool:
    """Whether a namespace has chains of a family (``bridge``) at any hook."""
    return any(chain.family == family for chain in _firewalls(netns).bases)


class _Walk:
    """The passage of a packet, in all its possible states (worlds), through the chains of one hook."""

    def __init__(self, firewalls: Firewalls, hook: str, context: matching.Context, accepted: Collection[object]) -> None:
        self.firewalls = firewalls
        self.accepted = accepted
        self.hook = hook
        self.context = context

    def chain(self, chain: _Chain, worlds: list[_World]) -> tuple[list[_World], list[_End]]:
        """Let worlds through a base chain; return those that go on and the ends of the others."""
        devices = chain.record.get("devices")
        if self.hook in ("ingress", "egress"):
            device = worlds[0].packet.iif if self.hook == "ingress" else worlds[0].packet.oif
            if worlds[0].packet.bridged:
                device = worlds[0].packet.physin if self.hook == "ingress" else worlds[0].packet.physout
            if devices is not None and device not in devices:
                return worlds, []
        is_nat = chain.record.get("type") == "nat"
        on: list[_World] = []
        asked: list[_World] = []
        for world in worlds:
            is_new = world.packet.state in ("new", "related", None) and world.packet.direction == "original"
            done = world.nat is not None or not is_new
            (on if is_nat and done else asked).append(world)
        priority = chain.record.get("priority", 0)
        early = isinstance(priority, int) and priority <= -200 and self.hook in ("prerouting", "output")
        self.context.tracked = self.hook != "ingress" and (is_nat or not early)
        left, ends = self.rules(chain, asked, 0)
        policy = chain.record.get("policy", "accept")
        for world in left:
            if policy == "drop":
                step = Step(self.hook, chain.family, chain.table, chain.record["chain"], "policy drop", "drop", chain.record)
                ends.append(_End("drop", world._replace(steps=(*world.steps, step))))
            else:
                on.append(world)
        if self.hook == "output" and (chain.record.get("type") == "route" or chain.tool != "nft" and chain.table == "mangle"):
            # only these chains make the kernel look up the route again, and only for another mark
            on = [one._replace(rerouted=one.rerouted or one.packet.mark != worlds[0].packet.mark) for one in on]
            ends = [
                end._replace(world=end.world._replace(rerouted=end.world.packet.mark != worlds[0].packet.mark)) for end in ends
            ]
        finished = []
        for end in ends:
            if end.verdict == "accept":
                on.append(end.world)
            else:
                finished.append(end)
        if self.hook in ("ingress", "egress") and devices is None and (finished or on != worlds):
            # the JSON of nft 1.0 does not contain the devices of a chain
            doubt = Step(self.hook, chain.family, chain.table, chain.record["chain"], "", "undecided", chain.record,
                         "the devices of the chain are not known")  # fmt: skip
            finished = [end._replace(world=end.world._replace(doubt=doubt)) for end in finished]
            on = [world._replace(doubt=world.doubt or doubt) for world in on] + worlds
        return _distinct(on), finished

    def rules(self, chain: _Chain, worlds: list[_World], depth: int) -> tuple[list[_World], list[_End]]:
        """Let worlds through the rules of a chain; return those that come to its end (or return) and the ends of the others."""
        if self.accepted and not {id(chain.record), *map(id, chain.rules)}.isdisjoint(self.accepted):
            return [], [_End("accept", world) for world in worlds]
        ends: list[_End] = []
        back: list[_World] = []
        live = worlds
        for rule in self.firewalls.rules_for(chain, live):
            if not live:
                break
            following: list[_World] = []
            for world in live:
                self.rule(chain, rule, world, following, back, ends, depth)
            live = following if len(following) < 2 else _distinct(following)
        return _distinct([*live, *back]), ends

    def rule(
        self, chain: _Chain, rule: FirewallRecord, world: _World, on: list[_World], back: list[_World], ends: list[_End],
        depth: int,
    ) -> None:  # fmt: skip
        """Apply one rule to one world; the result is added to ``on`` (next rule), ``back`` (return) or ``ends``."""
        if chain.tool == "nft":
            statements: list[Any] = rule["expr"]
            table = self.firewalls.tables[chain.tool, chain.family, chain.table]
            self.statements(chain, rule, statements, table, world, on, back, ends, depth)
            return
        from . import iptables_rules  # with its parser one of the largest modules; most namespaces have no such rule

        try:
            found, why = iptables_rules.matches(rule, world.packet, self.context)
        except (Unknown, LookupError, TypeError, ValueError, AttributeError) as error:
            found, why = None, str(error)
        if found is False:
            on.append(world)
            return
        if found is None:
            on.append(self.doubted(chain, rule, world, why))
            world = self.doubted(chain, rule, world, why)
        try:
            effects = iptables_rules.apply(rule, world.packet, self.context)
        except Lots as lots:
            world = self.doubted(chain, rule, world, str(lots))
            for _ in nft_rules.lots(lots.count, self.context):
                for effect in iptables_rules.apply(rule, world.packet, self.context):
                    self.effect(chain, rule, effect, world, on, back, ends, depth)
            return
        except (Unknown, LookupError, TypeError, ValueError, AttributeError) as error:
            ends.append(_End("undecided", self.doubted(chain, rule, world, str(error))))
            return
        for effect in effects:
            going = self.effect(chain, rule, effect, world, on, back, ends, depth)
            if going is None:
                return
            world = going
        on.append(world)

    def statements(
        self, chain: _Chain, rule: FirewallRecord, statements: list[Any], table: nft_rules.Table, world: _World, on: list[_World],
        back: list[_World], ends: list[_End], depth: int,
    ) -> None:  # fmt: skip
        """Apply the statements of a rule of nft to one world, as :meth:`rule` does."""
        for at, statement in enumerate(statements):
            try:
                if "match" in statement:
                    found = nft_rules.matches(statement, world.packet, table, self.context)
                    if found is False:
                        on.append(world)
                        return
                    if found is None:
                        raise Unknown("a field of the packet is not known")
                    continue
                effect = nft_rules.apply(statement, world.packet, table, self.context)
            except Broken:
                on.append(world)
                return
            except Lots as lots:
                world = self.doubted(chain, rule, world, str(lots))
                for one in nft_rules.drawn(statement, world.packet, table, self.context, lots.count):
                    after = world if one is None else self.effect(chain, rule, one, world, on, back, ends, depth)
                    if one is None:
                        on.append(world)
                    elif after is not None:
                        self.statements(chain, rule, statements[at + 1 :], table, after, on, back, ends, depth)
                return
            except (Unknown, LookupError, TypeError, ValueError, AttributeError) as error:
                world = self.doubted(chain, rule, world, str(error))
                if _called(statement) in _CANNOT_BE_TOLD:
                    ends.append(_End("undecided", world))
                    return
                on.append(world)
                continue
            going = self.effect(chain, rule, effect, world, on, back, ends, depth)
            if going is None:
                return
            world = going
        on.append(world)

    def doubted(self, chain: _Chain, rule: FirewallRecord, world: _World, why: str) -> _World:
        """Note that a rule may or may not have applied; a world keeps the first such rule."""
        step = Step(self.hook, chain.family, chain.table, chain.record["chain"], rule["text"], "undecided", rule, why)
        return world if world.doubt is not None else world._replace(doubt=step)

    def effect(
        self, chain: _Chain, rule: FirewallRecord, effect: Effect, world: _World, on: list[_World], back: list[_World],
        ends: list[_End], depth: int,
    ) -> _World | None:  # fmt: skip
        """Apply the effect of a statement; return the world for the next statement, or None where the rule is over for it."""
        name = effect.name or (effect.verdict if effect.verdict in ("accept", "drop", "reject") else "")
        if name:
            step = Step(self.hook, chain.family, chain.table, chain.record["chain"], rule["text"], name.split(" ")[0], rule)
            world = world._replace(steps=(*world.steps, step))
        if effect.packet is not None:
            world = world._replace(packet=effect.packet)
            if name in ("dnat", "snat", "masquerade", "redirect"):
                world = world._replace(nat=name)
        if effect.verdict in ("accept", "drop", "reject"):
            ends.append(_End(effect.verdict, world))
            return None
        if effect.verdict == "return":
            back.append(world)
            return None
        if effect.verdict in ("jump", "goto"):
            target = self.firewalls.chains.get((chain.tool, chain.family, chain.table, effect.target))
            if target is None or depth >= _DEPTH:
                world = self.doubted(chain, rule, world, f"the chain {effect.target} was not captured")
                ends.append(_End("undecided", world))
                on.append(world)
                return None
            left, ended = self.rules(target, [world], depth + 1)
            ends += ended
            (on if effect.verdict == "jump" else back).extend(left)
            return None
        return world


#: Statements after which nothing is known of the packet, where their effect is not known.
_CANNOT_BE_TOLD = (
    "dnat", "snat", "masquerade", "redirect", "queue", "tproxy", "synproxy", "fwd", "mangle", "vmap",
    "DNAT", "SNAT", "REDIRECT", "NETMAP", "REJECT", "NFQUEUE", "TPROXY", "SYNPROXY",
)  # fmt: skip


_CHANGING = (
    "dnat", "snat", "masquerade", "redirect", "tproxy", "fwd", "mangle", "xt", "MARK", "CONNMARK", "TPROXY",
)  # fmt: skip


def _called(statement: Any) -> str:
    """The name of a statement; of a target of iptables that nft does not know, the target's own (`xt target "SNAT"`)."""
    ((name, value),) = statement.items()
    return str(value.get("name")) if name == "xt" and isinstance(value, dict) else str(name)


def _distinct(worlds: list[_World]) -> list[_World]:
    """Drop the doubles: of worlds with the same packet, keep one, and rather one without a doubt."""
    if len(worlds) < 2:
        return worlds
    found: dict[tuple[Packet, str | None], _World] = {}
    for world in worlds:
        key = (world.packet, world.nat)
        if key not in found or found[key].doubt is not None and world.doubt is None:
            found[key] = world
    return list(found.values())


def judge(
    netns: Namespace, hook: str, packet: Packet, *, addresses_of_out: Sequence[str] | None = None, fib: Fib | None = None,
    frames_only: bool = False, untranslate: Callable[[Packet], Packet] | None = None, accepted: Collection[object] = (),
) -> Outcome:  # fmt: skip
    """Judge a packet at one hook of a namespace.

    ``hook``: ingress, prerouting, input, forward, output, postrouting, egress. ``addresses_of_out``: the addresses of the
    outgoing interface that masquerade may take, the preferred one first (None: take them from the capture). ``fib`` looks up an
    address for rules that ask the routing tables (None: only own addresses are known). A bridged packet passes the chains of the
    bridge family and, where bridge-nf is on, those of IP as well; with ``frames_only`` the bridge family alone. ``untranslate``
    undoes NAT for an answer; it is called once, between the chains before and after the priority of NAT. ``accepted``: the ids of
    rules (or chains, for a policy) whose chain counts as mended: its first rule accepts the packet.
    """
    if netns.rulesets is None:
        return Outcome("undecided", packet, [], None, "not-captured")
    addresses = None if addresses_of_out is None else list(addresses_of_out)
    context = matching.Context(netns, hook, addresses, fib)
    if hook in ("prerouting", "output") and packet.direction == "original":
        packet = replace(packet, original=None, status=frozenset())  # a connection of this namespace begins
    firewalls = _firewalls(netns)
    walk = _Walk(firewalls, hook, context, accepted)
    chains = _chains(firewalls, netns, hook, packet, True, frames_only)
    outcome = _passed(walk, chains, netns, packet, untranslate)
    turned = _chains(firewalls, netns, hook, packet, False, frames_only)
    if turned == chains:
        return outcome
    other = _passed(walk, turned, netns, packet, untranslate)
    if _alike(outcome, other, netns):
        return outcome
    why = "two chains have one priority, and which of them was made first is not known"
    steps = [*outcome.steps, *(step._replace(unknown=why) for step in other.steps[-1:])]
    possible = (outcome, other) if "undecided" not in (outcome.verdict, other.verdict) else ()
    return Outcome("undecided", packet, steps, None, why, possible=possible, changes=True)


def _alike(one: Outcome, other: Outcome, netns: Namespace) -> bool:
    """Whether the way of the packet goes on alike after two outcomes."""
    if one.verdict != other.verdict:
        return {one.verdict, other.verdict} <= {"drop", "reject"}
    return one.verdict != "accept" or _what_counts(one.packet, netns) == _what_counts(other.packet, netns)


def _passed(
    walk: _Walk,
    chains: list[tuple[_Chain, str]],
    netns: Namespace,
    packet: Packet,
    untranslate: Callable[[Packet], Packet] | None,
) -> Outcome:
    """Let a packet through base chains, one after the other; ``chains`` as :func:`_chains` returns them."""
    hook = walk.hook
    worlds, ends = [_World(packet)], []
    for chain, maybe in chains:
        if not worlds:
            break
        if untranslate is not None and chain.family != "bridge" and _order(chain)[0] > _NAT.get(hook, 100):
            worlds = [world._replace(packet=untranslate(world.packet)) for world in worlds]
            untranslate = None
        before = worlds
        worlds, ended = walk.chain(chain, worlds)
        if maybe and (ended or worlds != before):
            step = Step(hook, chain.family, chain.table, chain.record["chain"], "", "undecided", chain.record, maybe)
            ended = [end._replace(world=end.world._replace(doubt=end.world.doubt or step)) for end in ended]
            worlds = _distinct([*(world._replace(doubt=world.doubt or step) for world in [*worlds, *before])])
        ends += ended
    if untranslate is not None:
        worlds = [world._replace(packet=untranslate(world.packet)) for world in worlds]
    return _outcome(packet, netns, [*ends, *(_End("accept", world) for world in worlds)])


def _chains(
    firewalls: Firewalls, netns: Namespace, hook: str, packet: Packet, last_first: bool, frames_only: bool
) -> list[tuple[_Chain, str]]:
    """The base chains that a packet passes, each with the reason why that is not certain ("": it is)."""
    family = _FAMILIES[packet.family]
    own = firewalls.at(hook, family, last_first)
    if not packet.bridged or hook in ("ingress", "egress"):
        return [(chain, "") for chain in own]
    bridge = firewalls.at(hook, "bridge", last_first)
    switches = firewalls.switches
    name = f"net.bridge.bridge-nf-call-{'iptables' if family == 'ip' else 'ip6tables'}"
    maybe = "" if switches.known(name) or netns.sysctls is not None else f"{name} was not captured"
    if frames_only or family == "arp":
        own, maybe = [], ""
    if not maybe and not switches.value(name):
        own = []
    early = [(chain, "") for chain in bridge if _order(chain)[0] < 0]
    return [*early, *((chain, maybe) for chain in own), *((chain, "") for chain in bridge if _order(chain)[0] >= 0)]


def _outcome(packet: Packet, netns: Namespace, ends: list[_End]) -> Outcome:
    """The outcome that all ends share; where they differ, undecided, with the rule on which it depends."""
    verdicts = {end.verdict for end in ends}
    first = next((end for end in ends if end.world.doubt is None), ends[0])
    if verdicts <= {"drop", "reject"}:
        return Outcome(first.verdict, first.world.packet, list(first.world.steps), first.world.nat)
    missing = _missing(netns, packet)
    if verdicts == {"accept"} and len({_what_counts(end.world.packet, netns) for end in ends}) == 1:
        if missing:
            return Outcome("undecided", first.world.packet, list(first.world.steps), first.world.nat, missing)
        rerouted = any(end.world.rerouted for end in ends)
        return Outcome("accept", first.world.packet, list(first.world.steps), first.world.nat, rerouted=rerouted)
    doubt = next((end.world.doubt for end in ends if end.world.doubt is not None), None)
    steps = [*first.world.steps, *([doubt] if doubt is not None else [])]
    possible: dict[Any, Outcome] = {}
    for end in ends if not missing and "undecided" not in verdicts else ():
        one = Outcome(end.verdict, end.world.packet, list(end.world.steps), end.world.nat, rerouted=end.world.rerouted)
        possible.setdefault((end.verdict, *(_what_counts(end.world.packet, netns) if end.verdict == "accept" else ())), one)
    by_chance = all(end.world.doubt is None or end.world.doubt.unknown in nft_rules.BY_CHANCE for end in ends)
    unknown = doubt.unknown if doubt is not None else "not-captured"
    told = tuple(possible.values())
    changes = any(
        end.verdict == "undecided" and end.world.doubt is not None and _changes(end.world.doubt.evidence) for end in ends
    )
    changes = changes or len({_what_counts(one.packet, netns) for one in told if one.verdict == "accept"}) > 1
    return Outcome("undecided", packet, steps, None, unknown, possible=told, changes=changes, by_chance=by_chance)


def _changes(rule: FirewallRecord) -> bool:
    """Whether a rule may give a packet other addresses or another mark."""
    names = {name for statement in rule.get("expr", ()) for name in statement} | {rule.get("target")}
    return rule.get("table") == "nat" and "target" in rule or not names.isdisjoint(_CHANGING)


def _what_counts(one: Packet, netns: Namespace) -> tuple[Any, ...]:
    """The fields of a packet that decide its further way; the mark counts only where a rule asks for marks."""
    rules = (netns.rules if one.family == "inet" else netns.rules6) or ()
    asked = _firewalls(netns).asks_marks or any("fwmark" in rule for rule in rules)
    return (one.source, one.destination, one.sport, one.dport, one.state, one.mark if asked else None)


def _missing(netns: Namespace, packet: Packet) -> str:
    """The reason why rules that may stop a packet are not known ("not-captured"); "" where all are."""
    return "" if _firewalls(netns).covered.get(_FAMILIES[packet.family], True) else "not-captured"
