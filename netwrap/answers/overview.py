"""The records of a report: one for each namespace of a host, and all tables of one namespace."""

from __future__ import annotations

import warnings

from parsers.ip_route import table_of

from .. import wording
from ..commands.line import understand
from ..model import peers
from . import offline
from .switches import switches_of, unusual

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from parsers.records import AnyRecord, FirewallRecord, Record

    from ..model.host import Host
    from ..model.namespace import Namespace

_DOWN = ("DOWN", "LOWERLAYERDOWN", "NOTPRESENT", "DORMANT", "TESTING")


def is_up(link: AnyRecord) -> bool:
    """Whether a link is up and its other end is, too."""
    return "UP" in link.get("flags", ()) and link.get("operstate") not in _DOWN


def addresses(netns: Namespace) -> list[str] | None:
    """The addresses that others may reach: IPv4 first, none of loopback, and link-local ones only if there are no others."""
    if netns.addresses is None:
        return None
    entries = [entry for link in netns.addresses for entry in link.get("addr_info", ()) if "local" in entry]
    entries = [entry for entry in entries if entry["local"] != "::1" and not entry["local"].startswith("127.")]
    shown = [wording.address(entry) for entry in entries if not entry["local"].startswith("fe80:")]
    return sorted(shown or [wording.address(entry) for entry in entries], key=lambda text: ":" in text)


def default(netns: Namespace) -> list[str] | None:
    """The ways of the default routes: ``10.0.0.1``, or the device where there is no gateway."""
    if netns.routes is None and netns.routes6 is None:
        return None
    found = []
    for route in netns.default_routes():
        if route.get("type") == "unreachable" and route.get("dev") == "lo":  # the kernel's own last entry of IPv6
            continue
        for hop in wording.hops(route):
            found.append(str(wording.gateway(hop) or hop.get("dev") or route.get("type", "")))
    return [way for way in dict.fromkeys(found) if way]


def row(host: Host, netns: Namespace) -> Record:
    """The overview of a namespace; None stands for a table that was not captured."""
    links = netns.links
    up = None if links is None or not any("flags" in link for link in links) else sum(map(is_up, links))
    neighs = _count(host, netns, "ip neigh show")
    return {
        "netns": netns.name,
        "nsid": None if netns.here else host.nsid(netns),
        "inode": int(netns.inode) if netns.inode else None,
        "labels": netns.labels,
        "processes": None if netns.pids is None else len(netns.pids),
        "links_up": up,
        "links": None if links is None else len(links),
        "addresses": addresses(netns),
        "default": default(netns),
        "neighbours": neighs,
        "rules": None if netns.rules is None else len(netns.rules),
    }


def more(netns: Namespace, names: Iterable[str]) -> Record:
    """The columns of a report that are shown on demand (:data:`ON_DEMAND`); None stands for a table that was not captured."""
    return {name: ON_DEMAND[name](netns) for name in names if name in ON_DEMAND}


def _rules(netns: Namespace) -> int | None:
    found = rules(netns)
    return None if found is None else len(found)


def _nat(netns: Namespace) -> list[str] | None:
    """The kinds of NAT in a namespace: ``["masquerade", "dnat"]``."""
    if netns.rulesets is None:
        return None
    verdicts = (str(rule.get("verdict", rule.get("target", ""))).lower() for rule in netns.rulesets if rule["kind"] == "rule")
    return list(dict.fromkeys(word for word in verdicts if word in ("masquerade", "snat", "dnat", "redirect", "netmap")))


def _forward(netns: Namespace) -> list[str] | None:
    """The families of packets that are forwarded: ``["4", "6"]``, ``["off"]``."""
    found = forwarding(netns)
    if found is None:
        return None
    return [word for family, word in (("inet", "4"), ("inet6", "6")) if found.get(family)] or ["off"]


def _down(netns: Namespace) -> list[str] | None:
    if netns.links is None or not any("flags" in link for link in netns.links):
        return None
    return [str(link.get("ifname")) for link in netns.links if not is_up(link)]


def _mtu(netns: Namespace) -> list[int] | None:
    """The MTUs of the links but loopback's, the largest first."""
    if netns.links is None:
        return None
    found = {link["mtu"] for link in netns.links if isinstance(link.get("mtu"), int) and "LOOPBACK" not in link.get("flags", ())}
    return sorted(found, reverse=True)


def _listen(netns: Namespace) -> list[str] | None:
    """The protocol and port of each listener: ``["tcp/22", "udp/53"]``."""
    if netns.listeners is None:
        return None
    found = {(str(row.get("netid")), str(row.get("local_port"))) for row in netns.listeners}
    return [f"{netid}/{port}" for netid, port in sorted(found, key=lambda pair: (pair[0], len(pair[1]), pair[1]))]


#: The columns that a report has on demand only.
ON_DEMAND = {"firewall": _rules, "nat": _nat, "forward": _forward, "down": _down, "mtu": _mtu, "listen": _listen}


def _count(host: Host, netns: Namespace, command: str) -> int | None:
    found = shown(host, netns, command)
    return None if found is None else len(found)


def shown(host: Host, netns: Namespace, command: str) -> list[Record] | None:
    """The records that a command shows in a namespace; None where they were not captured."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a capture lacks is said once, of the host
            return offline.answer_in(host, understand(command.split()), netns)
    except offline.NotCaptured:
        return None


def links(host: Host, netns: Namespace) -> list[Record]:
    """The links of a namespace, each with its peer (or parent) and its addresses."""
    found = []
    for link in netns.links or ():
        peer = host.peer(netns, link)
        info = link.get("linkinfo", {})
        found.append({
            "ifindex": link.get("ifindex"), "ifname": link.get("ifname"), "kind": info.get("info_kind"),
            "state": link.get("operstate"), "peer": peers.in_words(netns, peer), "how": peer.how if peer is not None else None,
            "master": link.get("master"),
            "addresses": [wording.address(entry) for entry in netns.addresses_of(link.get("ifname"))],
            "address": link.get("address"), "mtu": link.get("mtu"),
        })  # fmt: skip
    return found


def routes(host: Host, netns: Namespace) -> list[Record] | None:
    """IPv4 and IPv6 routes of all tables but the local one."""
    found: list[Record] | None = None
    for family in ("-4", "-6"):
        some = shown(host, netns, f"ip {family} route show table all")
        if some is not None:
            found = [*(found or ()), *(route for route in some if table_of(route) != "local")]
    return found


def rules(netns: Namespace) -> list[FirewallRecord] | None:
    """The firewall rules that matter: those that a packet may come to, and policies that drop."""
    if netns.rulesets is None:
        return None
    chains = [record for record in netns.rulesets if record["kind"] == "chain"]
    reached = {_chain(record) for record in chains if "hook" in record}
    found = [record for record in netns.rulesets if record["kind"] == "rule"]
    while True:
        jumps = {(*_chain(rule)[:3], target) for rule in found if _chain(rule) in reached for target in _targets(rule)}
        if jumps <= reached:
            break
        reached |= jumps
    drops = [record for record in chains if record.get("policy", "accept") != "accept"]
    return [*drops, *(rule for rule in found if _chain(rule) in reached)]


def _chain(record: FirewallRecord) -> tuple[str, str, str, str]:
    return record["tool"], record["family"], record["table"], record["chain"]


def _targets(rule: FirewallRecord) -> list[str]:
    """The chains that a rule may send a packet to."""
    words: list[str] = str(rule["text"]).replace(",", " ").split() if rule["tool"] == "nft" else []
    named = [target for word, target in zip(words, words[1:]) if word in ("jump", "goto")]
    verdict = str(rule.get("verdict", ""))
    if verdict.startswith(("jump ", "goto ")):
        named.append(verdict[5:])
    return named


def details(host: Host, netns: Namespace) -> Record:
    """Everything in the report of one namespace."""
    return {
        **row(host, netns),
        "names": netns.names,
        "paths": netns.paths,
        "pids": None if netns.pids is None else [{"pid": pid, "command": command} for pid, command in netns.pids],
        "held": netns.held,
        "links": links(host, netns) if netns.links is not None else None,
        "routes": routes(host, netns),
        "neighbours": shown(host, netns, "ip neigh show"),
        "rules": shown(host, netns, "ip rule show"),
        "rules6": shown(host, netns, "ip -6 rule show"),
        "listeners": netns.listeners,
        "forwarding": forwarding(netns),
        "switches": unusual(netns),
        "not_judged": netns.table("not_judged") or [],
        "firewall": rules(netns),
    }


def forwarding(netns: Namespace) -> Record | None:
    """Whether packets are forwarded: ``{"inet": True, "inet6": False}``"""
    switches = switches_of(netns)
    found = {family: switches.forwards("all", family) for family in ("inet", "inet6")}
    return {family: on for family, (on, known) in found.items() if known} or None
