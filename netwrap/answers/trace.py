"""Trace a packet and its answer: the verdict, the place and reason of its end, and the commands that show and mend the fault."""

from __future__ import annotations

from parsers.tuples import NamedTuple

from ..errors import UsageError
from ..model import evidence
from ..prefixes import is_multicast
from .inside import inside
from .packet import Packet
from .routing import family_of
from .walk import translating
from .walk.routers import is_within, plain
from .walk.servers import bound
from .walk.walker import Walker
from .walk.way import Ended, Hop, Way, answer_to

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from parsers.records import Record

    from ..model.host import Host
    from ..model.namespace import Namespace


_ECHO = {"inet": ("icmp", 8, 0), "inet6": ("icmpv6", 128, 129)}


#: No more ways than this are followed, and in none is the outcome of more rules supposed.
_MOST = 60
_SUPPOSED = 6


class Asked(NamedTuple):
    """The question of a trace."""

    start: Namespace
    destination: str
    proto: str = "icmp"
    port: int | None = None
    sport: int | None = None
    source: str | None = None
    mark: int = 0
    size: int | None = None
    one_way: bool = False


class Result(NamedTuple):
    """One way there with one way back, and the outcome."""

    verdict: str
    direction: str
    reason: str | None
    there: Ended
    back: Ended | None

    @property
    def end(self) -> Ended:
        """Where it stops."""
        return self.back if self.direction == "back" and self.back is not None else self.there


class Trace(NamedTuple):
    """The answer."""

    asked: Asked
    source: str | None
    verdict: str
    direction: str
    reason: str | None
    result: Result
    results: tuple[Result, ...]
    missing: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def ask(
    host: Host, start: str, target: str, *, proto: str = "icmp", port: int | None = None, sport: int | None = None,
    source: str | None = None, mark: int = 0, size: int | None = None, one_way: bool = False,
) -> Asked:  # fmt: skip
    """Make a question from the words of the command line: FROM is a namespace or an address of one, TO an address or a namespace.

    Raises UsageError for an unknown namespace, or one without an address.
    """
    netns, own = _start(host, start)
    destination = _target(host, target, source or own)
    if source is not None and family_of(source) != family_of(destination):
        raise UsageError(f"{source} and {destination} are of two families")
    if proto in ("udp", "tcp") and port is None:
        port = 33434 if proto == "udp" else 80
    return Asked(netns, destination, proto, port, sport, source or own, mark, size, one_way)


def chosen(hosts: Sequence[Host], start: str, target: str) -> tuple[Host, str, str]:
    """Choose the host of FROM, and say FROM and TO in its words.

    Of several hosts, a word is looked for in all of them; ``HOST:WORD`` names one, and HOST alone its own namespace. TO in
    another host becomes the address that it has there. Raises UsageError where no host has a word, or several have it.
    """
    if len(hosts) == 1:
        return hosts[0], start, target
    named, word = _with_host(hosts, start)
    found = [host for host in ([named] if named is not None else hosts) if _has(host, word)]
    if len(found) != 1:
        listed = ", ".join(host.name for host in found or hosts)
        if found:
            raise UsageError(f"several hosts have {word}: write {' or '.join(f'{host.name}:{word}' for host in found[:4])}")
        raise UsageError(f"no host has {word!r} as a namespace or an address; FROM may be HOST:NAME; the hosts are: {listed}")
    host = found[0]
    other, place = _with_host(hosts, target)
    if other is None and (_is_address(place) or _has(host, place)) or other is host:
        return host, word, place
    having = [one for one in ([other] if other is not None else hosts) if _has(one, place)]
    if len(having) > 1:
        raise UsageError(f"several hosts have {place}: write {' or '.join(f'{one.name}:{place}' for one in having[:4])}")
    return host, word, _target(having[0], place, word if _is_address(word) else None) if having else place


def _with_host(hosts: Sequence[Host], word: str) -> tuple[Host | None, str]:
    """The host that a word names, and the word without it."""
    for host in sorted(hosts, key=lambda one: -len(one.name)):
        if word.startswith(f"{host.name}:"):
            return host, word[len(host.name) + 1 :]
    if not any(_has(host, word) for host in hosts):
        for host in hosts:
            if word in (host.name, host.hostname) and host.root is not None:
                return host, host.root.title
    return None, word


def _has(host: Host, word: str) -> bool:
    """Whether a host has a namespace of that name, or one with that address."""
    if _is_address(word):
        return bool(_holders(host, word))
    try:
        host.find(word)
    except UsageError:
        return False
    return True


def elsewhere(host: Host, found: Trace) -> list[str]:
    """Who has the address of TO in another host than that of FROM, where the way does not lead to any other host."""
    address, home = found.asked.destination, host.of(found.asked.start)
    passed = {id(host.of(hop.netns)) for result in found.results for hop in result.there.way.hops}
    holders = _holders(host, address)
    if found.verdict == "reached" or len(passed) > 1 or any(host.of(netns) is home for netns in holders):
        return []
    return [f"{address} is an address of {netns.title}, whose links to {home.name} are not known" for netns in holders]


def _holders(host: Host, address: str) -> list[Namespace]:
    """The namespaces that have an address."""
    wanted = plain(address)
    return [
        netns for netns in host.namespaces
        if any(
            "local" in row and plain(str(row["local"])) == wanted
            for link in netns.addresses or () for row in link.get("addr_info", ())
        )
    ]  # fmt: skip


def _start(host: Host, start: str) -> tuple[Namespace, str | None]:
    if _is_address(start):
        places = _holders(host, start)
        if not places:
            raise UsageError(f"no namespace has the address {start}")
        if len(places) > 1:
            raise UsageError(f"{start} is an address of several: {', '.join(netns.title for netns in places)}")
        return places[0], start
    return host.find(start), None


def _target(host: Host, target: str, source: str | None) -> str:
    if _is_address(target):
        _refuse_many(target)
        return target
    try:
        netns = host.find(target)
    except UsageError as error:
        raise UsageError(f"{_meant(target) or error}; TO is an address or a namespace") from None
    if netns.addresses is None:
        why = "could not be read" if host.live else "were not captured"
        raise UsageError(f"the addresses of {netns.title} {why}: name an address as TO")
    found = addresses_of(netns)
    if source is not None:
        found = [one for one in found if family_of(one) == family_of(source)]
    if not found:
        raise UsageError(f"{netns.title} has no address" + (" of that family" if source is not None else ""))
    return found[0]


def _refuse_many(address: str) -> None:
    """Raise UsageError for an address that is not one receiver's: multicast, the broadcast to all, the unspecified address.

    >>> _refuse_many("224.0.0.1")
    Traceback (most recent call last):
    netwrap.errors.UsageError: 224.0.0.1 is a multicast address, for many receivers: trace follows a packet to one
    """
    import ipaddress

    found = ipaddress.ip_address(address.partition("%")[0])
    if is_multicast(address) or address == "255.255.255.255":
        kind = "multicast" if is_multicast(address) else "broadcast"
        raise UsageError(f"{address} is a {kind} address, for many receivers: trace follows a packet to one")
    if found.is_unspecified:
        raise UsageError(f"{address} is nobody's address")


def _meant(target: str) -> str:
    """What to write for a prefix, or an address with a port; "" for another word.

    >>> _meant("10.0.0.1:443")
    "'10.0.0.1:443' is an address and a port: write 10.0.0.1 --port 443"
    """
    address, _, length = target.partition("/")
    if length and _is_address(address):
        return f"{target!r} is a prefix: write {address}"
    address, _, port = target.rpartition(":")
    address = address.strip("[]")
    if port.isdecimal() and _is_address(address):
        return f"{target!r} is an address and a port: write {address} --port {port}"
    return ""


def addresses_of(netns: Namespace) -> list[str]:
    """The global addresses of a namespace, IPv4 first."""
    rows = [row for link in netns.addresses or () for row in link.get("addr_info", ()) if "local" in row]
    found = [
        str(row["local"]) for row in rows
        if row.get("scope", "global") == "global" and not str(row["local"]).startswith(("127.", "fe80")) and row["local"] != "::1"
    ]  # fmt: skip
    return sorted(found, key=lambda text: ":" in text)


def _is_address(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def trace(host: Host, asked: Asked, walker: Walker | None = None) -> Trace:
    """Walk there and back. ``walker`` may be kept between the questions about one host."""
    walker = walker or Walker(host)
    family = family_of(asked.destination)
    proto, request, answer = _ECHO[family] if asked.proto == "icmp" else (asked.proto, None, None)
    sport = asked.sport if asked.sport is not None or asked.proto == "icmp" else 40000
    packet = Packet(
        family, asked.source or "", asked.destination, proto, sport=sport, dport=asked.port, icmp_type=request,
        mark=asked.mark, length=asked.size,
    )  # fmt: skip
    walker.wires.size = asked.size
    results: list[Result] = []
    waiting: list[dict[object, int]] = [{}]
    while waiting and len(results) <= _MOST:
        walker.hooks.supposed = waiting.pop()
        walker.hooks.open = {}
        found: list[Result] = []
        for there in walker.send(asked.start, Way(packet), asked.source):
            found += _both(walker, asked, _astray(walker, there), answer)
            if len(found) > _MOST:
                break
        key = next(iter(walker.hooks.open), None)
        if key is None or len(walker.hooks.supposed) >= _SUPPOSED:
            results += found
        else:
            waiting += [{**walker.hooks.supposed, key: lot} for lot in reversed(range(walker.hooks.open[key]))]
    return _answer(asked, results)


def mended(host: Host, found: Trace, most: int = 3) -> tuple[Trace, list[str]]:
    """The answer with all commands that mend its fault, and what would stop the packet next, were each fault mended in its turn.

    A fault may stop the packet at more places than the first: a policy takes the answer, too, and a link that is set up again
    lacks the routes that went away with it. The list is empty where nothing would stop the packet next, or that is not known.
    """
    said: list[str] = []
    told: list[object] = []  # the evidence of what was said
    passed: frozenset[tuple[str, int, object]] = frozenset()
    walker, now = Walker(host), found
    first = last = found.result.end
    mend = _mend_of(walker, found.result)
    more = mend
    while more and now.verdict in ("dropped", "one way", "loop") and len(now.results) == 1 and len(said) < most:
        if not _is_followed(last.reason, more):
            break
        passed |= {last.fault}
        walker = Walker(host, passed)
        now = trace(host, now.asked, walker)
        end = now.result.end
        if now.verdict in ("reached", "undecided") or end.fault in passed:
            break
        more = _mend_of(walker, now.result)
        if more and not said and _is_one_fault(first, end):
            mend = tuple(dict.fromkeys((*mend, *more)))
        elif not (more and set(more) <= set(mend)) and not any(end.evidence is one for one in told):
            told += [end.evidence] * (end.evidence is not None)
            said += [note for note in now.notes if note.startswith("no masquerade")] or [end.what] * (now.verdict != "leaves")
        last = end
    changed = _with_mend(found.result, mend)
    results = tuple(changed if one is found.result else one for one in found.results)
    return found._replace(result=changed, results=results), [one for one in said if one]


def _is_followed(reason: str | None, mend: tuple[str, ...]) -> bool:
    """Whether a walk that passes over a fault is the one after its mend: not if it changes routes, addresses, bonds, peers."""
    routed = reason not in ("mtu", "rp-filter") and any(" route " in one for one in mend)
    return not routed and not any(word in one for one in mend for word in (" link del ", " address ", " type bond ", "wg set "))


def _is_one_fault(first: Ended, end: Ended) -> bool:
    """Whether a later end of a packet comes from the same fault as the first one."""
    if first.reason == "mtu" or first.netns is not end.netns:
        return first.reason == end.reason == "mtu"
    one = ("filter", "reject")
    lost = first.reason in ("link-down", "peer-down", "bridge-down") and end.reason in ("no-route", "no-source")
    lost = lost or first.reason == "rp-filter" and end.reason in ("no-owner", "neighbour-failed")  # of the same wrong route
    same = first.reason == end.reason != "vlan"
    return lost or same or first.reason in one and end.reason in one and first.evidence is end.evidence


def _mend_of(walker: Walker, result: Result) -> tuple[str, ...]:
    """The commands that mend the end of a way; where the end itself has none, those that change a translation on the way."""
    end = result.end
    if end.mend or result.verdict not in ("dropped", "one way"):
        return end.mend
    translated = end.way.packet.destination != result.there.way.hops[0].source
    if result.direction == "back" and (end.reason == "no-route" or end.reason == "no-owner" and translated):
        return translating.masquerade(walker.routers, result.there.way, end.netns)
    if result.direction == "forward" and end.reason in ("no-owner", "no-listener", "no-route", "not-forwarding"):
        return translating.retarget(walker.routers, end)
    return ()


def _with_mend(result: Result, mend: tuple[str, ...]) -> Result:
    if result.direction == "back" and result.back is not None:
        return result._replace(back=result.back._replace(mend=mend))
    return result._replace(there=result.there._replace(mend=mend))


def _both(walker: Walker, asked: Asked, there: Ended, answer: int | None) -> list[Result]:
    if there.verdict != "delivered" or asked.one_way:
        verdict = {"delivered": "reached", "deaf": "one way"}.get(there.verdict, there.verdict)
        return [Result(verdict, "forward", there.reason, there, None)]
    packet = there.way.packet
    way = answer_to(there.way, answer)
    reply = way.packet
    oif = None
    if there.dev is not None and packet.proto != "udp":
        oif = walker.router(there.netns, packet.family).vrf_of(there.dev)
    if reply.destination.startswith("fe80"):
        oif = there.dev
    source: str | None = reply.source
    if packet.proto == "udp" and not bound(there.netns, packet):
        source = None  # a server that listens on every address lets the route choose
    return [_judged(asked, there, _astray(walker, back)) for back in walker.send(there.netns, way, source, oif)]


def _astray(walker: Walker, end: Ended) -> Ended:
    """The end of a packet that took another route because the link in the network of its destination is down: at that link."""
    destination = end.way.packet.destination
    for hop in end.way.hops if end.verdict in ("dropped", "loop") else ():
        near = [
            link for link in hop.netns.links or () if hop.left is not None and link.get("ifname") != "lo"
            and any(is_within(destination, row) for row in hop.netns.addresses_of(str(link.get("ifname"))))
        ]  # fmt: skip
        if near and not any(walker.routers.is_up(hop.netns, link) for link in near):
            dev = str(near[0].get("ifname"))
            what = f"{dev} in {hop.netns.title}, in the network of {destination}, is down, and the packet leaves by {hop.left}"
            show, mend = inside(hop.netns, f"ip link show dev {dev}"), (walker.wires.set_up(hop.netns, near[0]),)
            return end._replace(
                netns=hop.netns, dev=dev, reason="link-down", what=what, command=show, mend=mend, evidence=near[0]
            )
    return end


def _judged(asked: Asked, there: Ended, back: Ended) -> Result:
    if back.verdict != "delivered":
        verdict = {"dropped": "one way", "deaf": "one way"}.get(back.verdict, back.verdict)
        return Result(verdict, "back", back.reason, there, back)
    packet = back.way.packet
    sent = there.way.hops[0].source or _sent_source(there)
    moved = asked.proto == "udp" and packet.sport != asked.port
    ours = packet.source == asked.destination and (sent is None or packet.destination == sent)
    if back.netns is asked.start and ours and not moved:
        return Result("reached", "forward", None, there, back)
    if back.netns is not asked.start:
        what = f"the answer to {packet.destination} comes to {back.netns.title}, not to {asked.start.title}"
    elif ours:
        what = f"the answer comes from another port: conntrack of {there.netns.title} keeps that of the question"
    else:
        what = f"the answer comes from {packet.source}, not from {asked.destination}"
    wrong = back._replace(verdict="dropped", reason="nat-wrong", what=what)
    return Result("one way", "back", "nat-wrong", there, wrong)


def _sent_source(there: Ended) -> str | None:
    """The source that the first namespace chose, before any translation."""
    for connection in there.way.connections:
        if connection.netns == id(there.way.hops[0].netns):
            return connection.before[0]
    return None


def _answer(asked: Asked, results: list[Result]) -> Trace:
    missing: list[tuple[str, str]] = []
    notes: list[str] = []
    judged = []
    for result in results:
        lacking: list[tuple[str, str]] = []
        doubts: list[tuple[str, str]] = []
        untold = any(end is not None and end.way.untold for end in (result.there, result.back))
        for end in (result.there, result.back):
            if end is not None:
                lacking += end.way.missing
                doubts += end.way.doubts
                notes += end.way.notes
        if lacking and result.verdict != "undecided":
            notes.append(f"as far as can be seen: {result.verdict}" + (f" ({result.reason})" if result.reason else ""))
            result = result._replace(verdict="undecided", reason="not-captured")
        elif untold or doubts and result.verdict in ("reached", "leaves"):
            result = result._replace(verdict="undecided", reason="filter-unknown")
        missing += [*lacking, *doubts]
        judged.append(result)
    if not judged:
        raise UsageError("no way could be followed")
    verdicts = {result.verdict for result in judged}
    chosen = judged[0]
    verdict, reason = chosen.verdict, chosen.reason
    supposed = [one for result in judged for end in (result.there, result.back) if end is not None for one in end.way.supposed]
    if len(verdicts) > 1 and not all(_is_by_chance(*one) for one in supposed):
        chosen = next((result for result in judged if result.verdict not in ("reached", "leaves")), judged[0])
        verdict, reason = "undecided", "filter-unknown"
        missing += supposed
    elif len(verdicts) > 1:
        chosen = next((result for result in judged if result.verdict not in ("reached", "leaves")), judged[0])
        stops = chosen.verdict not in ("reached", "leaves", "undecided")
        if stops and "reached" in verdicts and any(end is not None and end.way.twins for end in (chosen.there, chosen.back)):
            twin = _with_twin(chosen)
            judged = [result if result is not chosen else twin for result in judged]
            chosen = twin
        verdict, reason = "depends", chosen.reason
        if "undecided" in verdicts and "reached" in verdicts and len(verdicts) == 2:
            verdict = "undecided"
    if verdict == "leaves" and chosen.direction == "forward":
        notes += way_back(chosen)
        reason = reason or ("no-masquerade" if any(note.startswith("no masquerade") for note in notes) else None)
    source = chosen.there.way.hops[0].source or _sent_source(chosen.there) or chosen.there.way.packet.source or None
    source = None if source == "0.0.0.0" else source
    return Trace(
        asked,
        source,
        verdict,
        chosen.direction,
        reason,
        chosen,
        tuple(judged),
        tuple(dict.fromkeys(missing)),
        tuple(dict.fromkeys(notes)),
    )


def _is_by_chance(doubt: str, _command: str) -> bool:
    """Whether a rule is in doubt because the kernel lets chance decide."""
    from .nft_rules import BY_CHANCE

    return doubt.endswith(tuple(f"({why})" for why in BY_CHANCE))


def _with_twin(result: Result) -> Result:
    """The outcome of a way to one of two owners of an address that does not reach, while the way to the other one does."""
    end = result.end
    netns, dev, address = next(one for way in (end.way, result.there.way) for one in reversed(way.twins))
    what = f"{address} is an address of {netns.title}, too ({dev}), and the packet ends there: {end.what}"
    rows = (row for row in netns.addresses_of(dev) if row.get("local") == address)
    row = next(rows, None)
    mend = (inside(netns, f"ip address del {address}/{row['prefixlen']} dev {dev}"),) if row and "prefixlen" in row else ()
    show = inside(netns, f"ip address show dev {dev}")
    end = end._replace(reason="duplicate-address", netns=netns, dev=dev, what=what, command=show, mend=mend, evidence=row)
    result = result._replace(reason="duplicate-address")
    return result._replace(back=end) if result.direction == "back" else result._replace(there=end)


def way_back(result: Result) -> list[str]:
    """The known facts about the answer to a packet that left the capture."""
    import ipaddress

    end = result.there
    packet = end.way.packet
    owns = any(row.get("local") == packet.source for link in end.netns.addresses or () for row in link.get("addr_info", ()))
    if not packet.source or owns or ":" in packet.source:
        return []
    if ipaddress.ip_address(packet.source).is_private:
        return [f"no masquerade for {packet.source} out of {end.dev} in {end.netns.title}: answers would not find the way back"]
    return []


# -- records ---------------------------------------------------------------------------------------------------------


def record(host: Host, found: Trace, following: Sequence[str] = ()) -> Record:
    """The answer as JSON; ``following``: what would stop the packet next, from :func:`mended`."""
    asked, chosen = found.asked, found.result
    end = chosen.end
    stops = found.verdict not in ("reached",)
    walker = Walker(host)
    return {
        "from": {**_place(host, asked.start), "address": found.source},
        "to": {
            "address": asked.destination,
            "owners": [{**_place(host, netns), "dev": link.get("ifname")} for netns, link in walker.owners(asked.destination)],
        },
        "proto": asked.proto,
        "port": asked.port,
        "verdict": found.verdict,
        "direction": found.direction,
        "reason": found.reason,
        "where": {**_place(host, end.netns), "dev": end.dev} if stops else None,
        "forward": [_hop(host, hop) for hop in chosen.there.way.hops],
        "back": [_hop(host, hop) for hop in chosen.back.way.hops] if chosen.back is not None else [],
        "paths": len(found.results),
        "findings": findings(host, found),
        "then": list(following),
        "missing": [{"what": what, "command": command} for what, command in found.missing],
        "notes": list(found.notes),
    }


def findings(host: Host, found: Trace) -> list[Record]:
    """The obstacles, each with its evidence and the commands that mend it; those of each path where paths disagree."""
    rows = []
    for result in found.results:
        end = result.end
        if result.reason is None or result.verdict == "reached":
            continue
        rows.append({
            "direction": result.direction, "verdict": result.verdict, "reason": result.reason, "what": end.what,
            "where": {**_place(host, end.netns), "dev": end.dev}, "command": end.command,
            "evidence": _evidence(end.netns, end.evidence)[0], "line": _evidence(end.netns, end.evidence)[1],
            "mend": list(end.mend),
        })  # fmt: skip
    return list({repr(row): row for row in rows}.values())


def _place(host: Host, netns: Namespace) -> Record:
    """Where something is, in JSON."""
    return {"host": host.of(netns).hostname, "netns": host.name_of(netns)}


def _hop(host: Host, hop: Hop) -> Record:
    return {
        **_place(host, hop.netns), "in": hop.came, "out": hop.left,
        "steps": [_step(hop.netns, step) for step in hop.steps],
        "source": hop.source or None, "destination": hop.destination, "ttl": hop.ttl,
    }  # fmt: skip


def _step(netns: Namespace, step: Any) -> Record:
    text, line = _evidence(netns, step.evidence)
    return {
        "stage": step.stage, "what": step.what, "command": step.command, "evidence": text, "line": line,
        "verdict": step.verdict, "reason": step.reason,
    }  # fmt: skip


def _evidence(netns: Namespace, found: Any) -> tuple[Any, int | None]:
    """The text that a record was read from, and the number of its line in the source; the record itself where there is none."""
    quoted = evidence.of(netns, found) if isinstance(found, dict) else None
    return (found, None) if quoted is None else (quoted.text, quoted.line)


# -- text ------------------------------------------------------------------------------------------------------------


def advice(found: Trace, following: Sequence[str]) -> list[tuple[str, str]]:
    """What mends a fault, else shows it, and what would stop the packet ``following`` it, each with its label."""
    end = found.result.end
    see = [("see:", end.command)] if end.command and not end.mend else []
    return [*(("mend:", command) for command in end.mend), *see, *(("then:", what) for what in following)]


def owners(host: Host, found: Trace) -> list[Namespace]:
    """The namespaces that have the packet's destination as an address."""
    return _holders(host, found.asked.destination)


def lines(found: Trace, following: Sequence[str] = (), host: Host | None = None) -> list[str]:
    """The answer for people: one block a namespace, the verdict, and what mends it.

    ``host``: the host that was walked; of several taken as one, the host that the mend is for is named.
    """
    chosen = found.result
    shown = _block(chosen.there, "", stops=chosen.direction == "forward" and found.verdict != "reached")
    if chosen.back is not None and chosen.direction == "back":
        shown += ["back:", *_block(chosen.back, "", stops=True)]
    elif chosen.back is not None:
        names = [hop.netns.title for hop in chosen.back.way.hops]
        shown.append(f"back      {', '.join(names)}")
    shown.append(summary(found))
    end = chosen.end
    if found.verdict != "reached":
        if host is not None and host.of(end.netns) is not host.of(found.asked.start) and (end.mend or end.command):
            shown.append(f"  on:     {host.of(end.netns).name}")
        shown += [f"  {label:8}{text}" for label, text in advice(found, following)]
    for what, command in found.missing:
        shown.append(f"  missing: {what}: {command}")
    if len(found.results) > 1:
        shown.append(f"  {len(found.results)} ways:")
        for result in found.results:
            way = ", ".join(hop.netns.title for hop in result.there.way.hops)
            shown.append(f"    {way}: {result.verdict}" + (f" ({result.end.what or result.reason})" if result.reason else ""))
    shown += [f"  note:   {note}" for note in found.notes]
    return shown


# What stands behind the last step of a way that is not plainly dropped there.
_ENDS = {"delivered": "", "leaves": "LEAVES HERE", "undecided": "NOT KNOWN FROM HERE"}


def _block(end: Ended, indent: str, stops: bool) -> list[str]:
    rows: list[tuple[str, str, str]] = []
    for at, hop in enumerate(end.way.hops):
        title: str = hop.netns.title
        steps = list(hop.steps)
        last = at == len(end.way.hops) - 1
        if not steps:
            rows.append((title, f"in by {hop.came}" if hop.came else "", ""))
        first = True
        for step in steps:
            label = title if first else "  " + step.stage
            ended = f"   {_ENDS.get(end.verdict, 'STOPS HERE')}" if stops and last and step is steps[-1] else ""
            command = step.command if step.stage in ("route", "rule") else ""
            rows.append((label, (step.what + ended).rstrip(), command))
            first = False
    width = max(9, *(len(row[0]) for row in rows)) if rows else 9
    return [f"{indent}{label:<{width}} {what}" + (f"      {command}" if command else "") for label, what, command in rows]


def summary(found: Trace) -> str:
    """The verdict in one line."""
    asked, end = found.asked, found.result.end
    name = asked.start.title
    target = asked.destination
    verb = {
        "reached": "reaches", "one way": "reaches, but gets no answer from,", "leaves": "sends out of what was captured to",
        "dropped": "does not reach", "loop": "does not reach", "depends": "may reach", "undecided": "may reach",
    }[found.verdict]  # fmt: skip
    if found.verdict == "undecided":
        unknown = "; ".join(what for what, _ in found.missing[:3])
        why = f"not known: {unknown}" if unknown else end.what
        return f"undecided whether {name} reaches {target}: {why}"
    if found.verdict == "reached":
        return f"{name} reaches {target}" + (" (one way)" if asked.one_way else "")
    return f"{name} {verb} {target}: {end.what}" if end.what else f"{name} {verb} {target}"


def status(found: Trace) -> int:
    """The exit status: 0 reached, 1 not, 3 undecided."""
    return {"reached": 0, "undecided": 3}.get(found.verdict, 1)


def matrix(host: Host, *, proto: str = "icmp", port: int | None = None) -> list[Record]:
    """Every pair of namespaces that have an address: one row each."""
    walker = Walker(host, mends=False)
    places = [(netns, addresses_of(netns)) for netns in host.namespaces]
    places = [(netns, found) for netns, found in places if found]
    rows = []
    for start, _ in places:
        for target, found in places:
            if target is start:
                continue
            asked = Asked(start, found[0], proto, port if port is not None or proto == "icmp" else 80)
            answer = trace(host, asked, walker)
            end = answer.result.end
            rows.append({
                "from": start.title, "to": target.title, "address": found[0], "verdict": answer.verdict,
                "direction": answer.direction if answer.verdict != "reached" else None, "reason": answer.reason,
                "where": end.netns.title if answer.verdict != "reached" else None, "what": end.what or None,
            })  # fmt: skip
    return rows


__all__ = ["Asked", "Result", "Trace", "ask", "findings", "inside", "lines", "matrix", "record", "status", "summary", "trace"]
