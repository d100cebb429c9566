"""Checks of firewalls: what drops, what lacks its translation, what contradicts itself."""

from __future__ import annotations

from ...wording import hops
from ..packet import Packet
from . import address_of, check, dev_of, gateway_of, holds, is_main, is_private, network_of, prefix_of
from .walks import outside, walked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from parsers.records import FirewallRecord

    from ...model.namespace import Namespace
    from . import Finding, Look


def rules_of(netns: Namespace) -> list[FirewallRecord]:
    """The rules of all captured firewalls."""
    return [one for one in netns.rulesets or () if one.get("kind", "rule") == "rule"]


def chains_of(netns: Namespace) -> list[FirewallRecord]:
    """The base chains of all captured firewalls."""
    return [one for one in netns.rulesets or () if one.get("kind") == "chain" and one.get("hook")]


def _verdict(rule: FirewallRecord) -> str:
    return str(rule.get("verdict") or "").lower()


@check("W01", "error", "a firewall drops what should pass", "packets between namespaces, or to the outside, are dropped")
def dropped(look: Look) -> Iterator[Finding]:
    """The walk of `netwrap trace` ends at a rule or a policy that drops or rejects. Or a DNAT rule leads to an address behind a
    link of its namespace, and the rules of the forward hook drop a new connection to it; that is a warning."""
    yield from walked(look, "W01")
    for netns in look.namespaces:
        rules = [rule for rule in rules_of(netns) if _verdict(rule) == "dnat"]
        if not rules:
            continue
        from .. import firewall  # not needed for a host without rules

        places = look.entries_of(netns, "inet")
        nets = [(str(link["ifname"]), network_of(entry)) for link, entry in places]
        for rule in rules:
            host, _, port = str(rule.get("to") or "").partition(":")
            if not port.isdecimal() or address_of(host) is None or look.walker.owners(host):
                continue
            dev, proto = next((dev for dev, net in nets if holds(net, address_of(host))), None), str(rule.get("protocol", "tcp"))
            asked = str(rule.get("destination")).partition("/")[0]
            asked = asked if address_of(asked) is not None else host
            iif, dport, source = rule.get("in"), rule.get("dport"), outside(look, "inet")
            known = isinstance(iif, str) and netns.link(iif) is not None  # not with `!br0`, nor with `eth+`
            came = [iif] if known else [dev_of(route, hops(route)[0]) for route in look.defaults(netns)]
            packet = Packet(
                "inet", source, host, proto, 40000, int(port[:5]), oif=dev,
                original=(source, asked, 40000, dport if isinstance(dport, int) else None), status=frozenset({"dnat"}),
            )  # fmt: skip
            judged = [
                firewall.judge(netns, "forward", packet._replace(iif=str(one)))
                for one in (came if dev is not None and proto in ("tcp", "udp") else ())
                if one is not None
            ]
            found = judged[0] if judged else None
            if found is not None and all(one.verdict in ("drop", "reject") and one.unknown is None for one in judged):
                yield look.finding(
                    netns,
                    f"a rule sends to {host}:{port} by {dev}, and the forward hook drops what comes in for it",
                    rule,
                    found.steps[-1].evidence if found.steps and isinstance(found.steps[-1].evidence, dict) else None,
                    dev=dev,
                    severity="warning",
                )


@check("W02", "error", "private addresses leave without translation", "answers cannot find the way back")
def no_masquerade(look: Look) -> Iterator[Finding]:
    """A packet on a walk of `netwrap trace` leaves by an uplink with a private source that no rule translates. Or a host
    forwards, has a private network beside an uplink that is public or has its address from DHCP, and its tables of NAT, which
    were captured, translate no source at all. Only a warning, because a router of the same network may know the way back."""
    told = set()
    for found in walked(look, "W02"):
        told.add(found.netns)
        yield found._replace(severity="warning")
    for netns in look.namespaces:
        if not netns.here or netns.title in told or not _translates_nothing(netns):
            continue
        for route in look.defaults(netns):
            up = str(route.get("dev"))
            own = [entry for entry in netns.addresses_of(up) if entry.get("family", "inet") == "inet"]
            outside = any(not is_private(entry) or entry.get("dynamic") for entry in own) or route.get("protocol") == "dhcp"
            routed = {up, *(other.get("dev") for other in netns.routes or () if gateway_of(other))}  # where other routers stand
            inner = [
                (link, entry)
                for link, entry in look.entries_of(netns, "inet")
                if link.get("ifname") not in routed and is_private(entry) and 8 <= entry.get("prefixlen", 32) < 31
                if look.switches(netns).forwards(str(link["ifname"]), "inet") == (True, True)
            ]
            if not is_main(route) or not gateway_of(route) or not own or not outside or not inner:
                continue
            link, entry = inner[0]
            net = network_of(entry)
            yield look.finding(
                netns,
                f"{netns.title} forwards from {link['ifname']}, and nothing translates {net} out of {up}: answers would not find "
                "the way back",
                entry,
                route,
                dev=str(link["ifname"]),
                severity="warning",
                mend=[look.inside(netns, f"iptables -t nat -A POSTROUTING -s {net} -o {up} -j MASQUERADE")],
            )
            break


def _translates_nothing(netns: Namespace) -> bool:
    """Whether the rules of NAT were captured, and none changes a source."""
    known = any(one.get("hook") == "postrouting" for one in netns.rulesets or ()) or netns.covers_rulesets("ip")
    return known and not any(_verdict(rule) in ("masquerade", "snat", "netmap") for rule in rules_of(netns))


@check("W03", "warning", "one chain accepts what another drops", "an accept ends only its own chain: a later chain still drops")
def two_chains(look: Look) -> Iterator[Finding]:
    """Two base chains of one family are on one hook; the earlier one accepts something, the later one has the policy drop and no
    such rule."""
    for netns in look.namespaces:
        chains, rules = chains_of(netns), rules_of(netns)
        for chain in chains:
            if str(chain.get("policy")).lower() != "drop" or chain.get("hook") not in ("forward", "input"):
                continue
            own = {str(rule.get("text")) for rule in rules if _of(rule, chain)}
            for other in chains:
                if other is chain or other.get("hook") != chain.get("hook") or str(other.get("policy")).lower() == "drop":
                    continue
                if {other.get("family"), chain.get("family")} not in ({"ip"}, {"inet"}, {"ip", "inet"}, {"ip6", "inet"}, {"ip6"}):
                    continue
                accepts = [rule for rule in rules if _of(rule, other) and _verdict(rule) == "accept" and _matches(rule)]
                lost = [rule for rule in accepts if str(rule.get("text")) not in own]
                if lost:
                    yield look.finding(
                        netns,
                        f"{_name(other)} accepts `{lost[0].get('text')}`, and {_name(chain)} drops what it does not "
                        "accept itself",
                        lost[0],
                        chain,
                    )
                    break


def _of(rule: FirewallRecord, chain: FirewallRecord) -> bool:
    return all(rule.get(key) == chain.get(key) for key in ("family", "table", "chain"))


def _matches(rule: FirewallRecord) -> bool:
    return any(rule.get(key) for key in ("in", "out", "source", "destination", "dport"))


def _name(chain: FirewallRecord) -> str:
    return " ".join(str(chain[key]) for key in ("family", "table", "chain") if chain.get(key))


@check(
    "W04", "warning", "rules of iptables-legacy beside nft", "two firewalls judge each packet, and each tool shows only its own"
)
def two_firewalls(look: Look) -> Iterator[Finding]:
    """Rules of both tools were captured in one namespace."""
    for netns in look.namespaces:
        tools: dict[str, FirewallRecord] = {}
        for rule in rules_of(netns):
            tools.setdefault(str(rule.get("tool", "")), rule)
        legacy = next((name for name in tools if "legacy" in name), None)
        other = next((name for name in tools if "nft" in name), None)
        if legacy and other:
            yield look.finding(
                netns,
                f"{legacy} and {other} both have rules",
                tools[legacy],
                tools[other],
                mend=[look.inside(netns, "iptables-legacy-save"), look.inside(netns, "iptables-legacy -F")],
            )


@check("W05", "warning", "a port is forwarded to nobody", "a published port does not answer")
def dnat_to_nobody(look: Look) -> Iterator[Finding]:
    """A DNAT rule leads to an address inside a network of this host. The network was captured whole, and no namespace has the
    address."""
    owned = {str(entry["local"]) for _, _, entry in look.entries()}
    for netns in look.namespaces:
        for rule in rules_of(netns):
            target = str(rule.get("to") or rule.get("nat_address") or "")
            host = target.rpartition(":")[0] if target.count(":") == 1 else target
            own = address_of(host)
            if _verdict(rule) != "dnat" or own is None or host in owned:
                continue
            for link, entry in look.entries_of(netns):
                network = network_of(entry)
                if network is not None and network.prefixlen < 31 and holds(network, own):
                    if look.is_closed(netns, str(link["ifname"])):
                        yield look.finding(
                            netns,
                            f"a rule sends to {target}, and no namespace on {link['ifname']} has that address",
                            rule,
                            entry,
                            dev=str(link["ifname"]),
                        )
                    break
    yield from walked(look, "W05")


@check("W06", "warning", "a masquerade without a limit", "traffic between the namespace's own networks loses its source, too")
def wide_masquerade(look: Look) -> Iterator[Finding]:
    """A masquerade rule names neither a source, nor an outgoing link, nor a destination, nor a mark, and its namespace has two
    or more networks of its own."""
    for netns in look.namespaces:
        networks = {network_of(entry) for _, entry in look.entries_of(netns, "inet")}
        for rule in rules_of(netns):
            if _verdict(rule) == "masquerade" and not any(
                rule.get(key) for key in ("in", "out", "source", "destination", "mark", "dport")
            ):
                if len(networks) > 1 and str(rule.get("text", "")).strip() in (
                    "masquerade",
                    "-j MASQUERADE",
                    "counter masquerade",
                ):
                    yield look.finding(netns, "a rule masquerades everything, also between the own networks", rule)


@check("W07", "note", "one rule twice in a chain", "an agent added the rule again when it restarted")
def rule_twice(look: Look) -> Iterator[Finding]:
    """Two rules of one chain are the same, and have a verdict."""
    for netns in look.namespaces:
        seen: dict[Any, FirewallRecord] = {}
        for rule in rules_of(netns):
            key = (rule.get("family"), rule.get("table"), rule.get("chain"), rule.get("text"))
            if key in seen and _verdict(rule) in ("accept", "drop", "masquerade", "dnat", "snat", "reject"):
                yield look.finding(netns, f"`{rule.get('text')}` is twice in {_name(rule)}", seen[key], rule)
            seen.setdefault(key, rule)


@check("W08", "note", "rules that name a link that is not there", "they never match")
def no_such_link(look: Look) -> Iterator[Finding]:
    """All links were captured, and a rule names an interface, without a wildcard, that the namespace does not have."""
    for netns in look.namespaces:
        if not netns.covers("ip_link") and not netns.covers("ip_address"):
            continue
        names = {str(link.get("ifname")) for link in netns.links or ()}
        told: set[str] = set()
        for rule in rules_of(netns):
            for key in ("in", "out"):
                name = str(rule.get(key) or "").lstrip("! ")
                if name and not set(name) & set("+*{}, ") and name not in names and name not in told and prefix_of(name) is None:
                    told.add(name)
                    yield look.finding(netns, f"a rule asks for {name}, and there is no such link", rule)


@check("W09", "note", "a chain that accepts everything except what some rules drop", "it is easy to overlook what they drop")
def exceptions(look: Look) -> Iterator[Finding]:
    """A base chain of input, output or forward has the policy accept, and up to ten rules of its own with a condition that drop
    or reject. (A chain with more such rules is a list that somebody maintains.)"""
    for netns in look.namespaces:
        rules = rules_of(netns)
        for chain in chains_of(netns):
            if chain.get("hook") not in ("input", "output", "forward") or str(chain.get("policy", "accept")).lower() != "accept":
                continue
            found = [rule for rule in rules if _of(rule, chain) and _verdict(rule) in ("drop", "reject")]
            if 0 < len(found) <= 10:
                more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
                yield look.finding(netns, f"{_name(chain)} passes all but `{found[0].get('text')}`{more}", *found[:3])
