"""Mends by address translation: a masquerade that the outside needs to answer, another target for a DNAT that leads nowhere."""

from __future__ import annotations

from ..inside import inside
from ..packet import Packet
from ..routing import Question, number
from .mends import accepting
from .routers import is_within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import FirewallRecord

    from ...model.namespace import Namespace
    from .routers import Routers
    from .way import Ended, Hop, Tuple, Way


def masquerade(routers: Routers, there: Way, outside: Namespace) -> tuple[str, ...]:
    """Let a router on the way there send a private source as its own address, to which the namespace ``outside`` has a route.

    Of several such routers, the first one does it; () where there is none.
    """
    import ipaddress

    for hop in there.hops[1:]:
        if hop.netns is outside or hop.left is None or not hop.source or there.packet.family != "inet":
            continue
        own = routers.of(hop.netns, "inet").source4(hop.left, None, 0)
        if own is None or own == hop.source or not ipaddress.ip_address(hop.source).is_private:
            continue
        back = routers.of(outside, "inet").decide(Question(own, None))
        if not (back.sends or back.delivers):
            continue
        net = routers.network_of(hop.source) or hop.source
        for record in hop.netns.rulesets or ():
            if record["kind"] != "chain" or record.get("hook") != "postrouting" or record.get("type") != "nat":
                continue
            if record["family"] in ("ip", "inet") and record["tool"] == "nft":
                at = f"{record['family']} {record['table']} {record['chain']}"
                return (inside(hop.netns, f"nft insert rule {at} ip saddr {net} oifname {hop.left} masquerade"),)
            if record["family"] == "ip":
                rule = f"-t nat -I {record['chain']} -s {net} -o {hop.left} -j MASQUERADE"
                return (inside(hop.netns, f"{record['tool']} {rule}"),)
        return tuple(
            inside(hop.netns, f"nft {words}")
            for words in (
                "add table ip nat",
                "'add chain ip nat postrouting { type nat hook postrouting priority 100; }'",
                f"add rule ip nat postrouting ip saddr {net} oifname {hop.left} masquerade",
            )
        )
    return ()


def retarget(routers: Routers, end: Ended) -> tuple[str, ...]:
    """Send a packet that a DNAT led to nobody, or to a port without a listener, where a program listens for it.

    If another namespace has the address that was asked, the packet goes there untranslated. Otherwise the new target is in the
    network of the old one, as near to it as possible, since engines count addresses up.
    """
    for connection in reversed(end.way.connections):
        hop = next((one for one in end.way.hops if id(one.netns) == connection.netns), None)
        rule = _rule(hop) if hop is not None else None
        if hop is None or rule is None or connection.before[1::2] == connection.after[1::2]:
            continue
        asked = end.way.packet._replace(
            source=connection.before[0], destination=connection.before[1], sport=connection.before[2], dport=connection.before[3]
        )
        owners = [owner for owner, _ in routers.owners(asked.destination)]
        if owners and all(owner is not hop.netns for owner in owners):
            return accepting(hop.netns, rule, asked)
        for address, port in _targets(routers, hop.netns, end, connection.after, asked):
            return _translating(hop.netns, rule, asked, address, port)
    return ()


def _rule(hop: Hop) -> FirewallRecord | None:
    """The last rule of a namespace that translated the destination."""
    for step in reversed(hop.steps):
        evidence: FirewallRecord | None = step.evidence
        if step.stage in ("prerouting", "output") and evidence and "chain" in evidence and "text" in evidence:
            return evidence
    return None


def _targets(
    routers: Routers, translator: Namespace, end: Ended, after: Tuple, asked: Packet
) -> Iterator[tuple[str, int | None]]:
    """The addresses and ports that would do in place of the target of a DNAT, the likeliest first."""
    dead, port, family = after[1], after[3], asked.family
    if end.reason == "no-listener":
        listening = {
            int(row["local_port"]) for row in end.netns.table("ss") or ()
            if str(row.get("netid", "")).startswith(asked.proto) and str(row.get("local_port", "")).isdecimal()
            and row.get("state") in ("LISTEN", "UNCONN") and not str(row.get("local", "")).startswith("127.")
        }  # fmt: skip
        for one in sorted(listening, key=lambda one: (one != asked.dport, abs(one - (port or 0)))):
            yield dead, one
        return
    found = []
    named = {record.get("destination") for record in translator.rulesets or ()}  # by rules that let packets pass to them
    for netns in routers.host.namespaces:
        if netns is translator or routers.of(netns, family).switches.forwards("all", family)[0]:
            continue
        for link in netns.addresses or ():
            for row in link.get("addr_info", ()):
                if "local" in row and int(row.get("prefixlen", 0)) < (32 if family == "inet" else 128) and is_within(dead, row):
                    heard = any(
                        str(one.get("netid", "")).startswith(asked.proto) and one.get("local_port") == port
                        for one in netns.table("ss") or ()
                    )
                    own = str(row["local"])
                    found.append((not heard, own not in named, abs(number(own) - number(dead)), own))
    for *_, address in sorted(found):
        yield address, port


def _translating(netns: Namespace, rule: FirewallRecord, asked: Packet, address: str, port: int | None) -> tuple[str, ...]:
    """Insert a DNAT in front of a rule, for the packets that were asked about."""
    six = asked.family == "inet6"
    has_port = asked.proto in ("tcp", "udp") and asked.dport is not None
    target = (f"[{address}]:{port}" if six else f"{address}:{port}") if has_port and port != asked.dport else address
    if "tables" in rule["tool"]:
        match = f"-d {asked.destination}" + (f" -p {asked.proto} --dport {asked.dport}" if has_port else "")
        return (inside(netns, f"{rule['tool']} -t nat -I {rule['chain']} {match} -j DNAT --to-destination {target}"),)
    word = "ip6" if six else "ip"
    match = f"{word} daddr {asked.destination}" + (f" {asked.proto} dport {asked.dport}" if has_port else "")
    to = f"dnat {word} to" if rule["family"] == "inet" else "dnat to"
    return (inside(netns, f"nft insert rule {rule['family']} {rule['table']} {rule['chain']} {match} {to} {target}"),)
