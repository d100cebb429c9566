"""Checks of what the kernel forwards, and of its switches."""

from __future__ import annotations

from ...model.peers import PAIRS
from ...wording import hops
from ..inside import sysctl_key
from ..routing import Question
from . import address_of, check, dev_of, gateway_of, is_main, is_private, is_real, is_the_kernels, kind, network_of
from .rules import STANDARD
from .walks import outside, walked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from parsers.records import Address, FirewallRecord, Record

    from ...model.namespace import Namespace
    from . import Finding, Look


def _is_cable(netns: Namespace, link: Address) -> bool:
    """Whether a link leads out of a host or a namespace, or may."""
    return kind(netns.link(str(link["ifname"])) or link) in (
        "",
        None,
        "vlan",
        "bond",
        "bridge",
        "macvlan",
        *(() if netns.here else PAIRS),
    )


def switch_record(netns: Namespace, *names: str) -> Record | None:
    """The record of the first of some switches that was captured."""
    rows: list[Record] = netns.table("sysctl") or []
    for name in names:
        for row in rows:
            if str(row.get("key", "")).replace("/", ".") == name:
                return row
    return None


@check("F01", "error", "a gateway that does not forward", "packets that are sent to it end there")
def not_forwarding(look: Look) -> Iterator[Finding]:
    """A captured namespace has the address of another namespace's default gateway and does not forward, according to the
    settings of the link and of `all`. Or the walk of `netwrap trace` ends for that reason. Or a machine masquerades and does not
    forward. Only a warning for a gateway other than the root that has one link, one network and no gateway of its own: it has
    nothing to forward to."""
    told: set[int] = set()
    for netns in look.namespaces:
        for route in netns.default_routes():
            if not is_main(route):
                continue
            gateway = gateway_of(hops(route)[0])
            own = address_of(gateway)
            if gateway is None or own is None or own.is_link_local:
                continue
            family = "inet6" if own.version == 6 else "inet"
            for there, link in look.walker.owners(gateway):
                on, known = look.switches(there).forwards(str(link.get("ifname")), family)
                if there is not netns and known and not on and id(there) not in told:
                    told.add(id(there))
                    told_of = f"{netns.title} reaches {gateway} and nothing behind it"
                    least = "warning" if _is_the_end(there, family) else None
                    yield _told(look, there, family, told_of, (netns, route), least)
    for netns in look.namespaces:
        on, known = look.switches(netns).forwards("all", "inet")
        nat = _masquerades(netns)
        if nat is not None and known and not on and id(netns) not in told:
            told.add(id(netns))
            yield _told(
                look, netns, "inet", f"nothing passes, though a masquerade for {nat.get('source') or 'others'} is there", nat
            )
    for found in walked(look, "F01"):
        place = next((netns for netns in look.namespaces if netns.title == found.netns), None)
        if place is not None and id(place) not in told:
            told.add(id(place))
            yield found


def _is_the_end(netns: Namespace, family: str) -> bool:
    """Whether a namespace beside the root certainly leads nowhere: it has one link, one network, and no route with a gateway."""
    if netns.here or not netns.has_routes(family, "all") or not netns.covers("ip_address", family):
        return False
    routes = [route for route in (netns.routes if family == "inet" else netns.routes6) or () if not is_the_kernels(route)]
    links = {dev_of(route, hop) for route in routes for hop in hops(route)}
    own = [(str(link.get("ifname")), entry) for link in netns.addresses or () for entry in link.get("addr_info", ())]
    own = [(name, entry) for name, entry in own if name != "lo" and is_real(entry) and entry.get("family", "inet") == family]
    links |= {name for name, _ in own}
    one = len(links - {"lo"}) == 1 and len({network_of(entry) for _, entry in own}) == 1
    return one and not any(gateway_of(hop) for route in routes for hop in hops(route))


def _told(look: Look, netns: Namespace, family: str, so: str, record: Any, severity: str | None = None) -> Finding:
    name = "net.ipv4.ip_forward" if family == "inet" else "net.ipv6.conf.all.forwarding"
    own = switch_record(netns, name, "net.ipv4.conf.all.forwarding" if family == "inet" else name)
    number = "4" if family == "inet" else "6"
    return look.finding(
        netns,
        f"{netns.title} does not forward IPv{number} ({name.rpartition('.')[2]} is 0): {so}",
        own,
        record,
        severity=severity,
        mend=[look.inside(netns, f"sysctl -w {name}=1")],
        explains=[("walk", id(netns), "not-forwarding")],
    )


def _masquerades(netns: Namespace) -> FirewallRecord | None:
    for rule in netns.rulesets or ():
        if str(rule.get("verdict", "")).lower() in ("masquerade", "snat") and rule.get("source"):
            return rule
    return None


@check("F02", "warning", "forwarding differs between the links", "packets of one family, or of one link, do not pass")
def partly(look: Look) -> Iterator[Finding]:
    """IPv4 forwarding is on for `all`, and off for a link in use."""
    for netns in look.namespaces:
        switches = look.switches(netns)
        if not switches.known("net.ipv4.conf.all.forwarding") or not switches.value("net.ipv4.conf.all.forwarding"):
            continue
        for link in netns.links or ():
            name = str(link.get("ifname"))
            key = f"net.ipv4.conf.{name}.forwarding"
            if switches.known(key) and not switches.value(key) and netns.addresses_of(name) and name != "lo":
                record = switch_record(netns, key)
                yield look.finding(
                    netns,
                    f"{netns.title} forwards IPv4, and not what comes in by {name}",
                    record,
                    dev=name,
                    mend=[look.inside(netns, f"sysctl -w {sysctl_key(key)}=1")],
                )


@check("F03", "error", "rp_filter drops packets whose way back leaves by another link", "packets vanish without a trace")
def reverse_path(look: Look) -> Iterator[Finding]:
    """The walk of `netwrap trace` meets a strict rp_filter, whose look-up of the source leaves by another link. Or a link with a
    public address refuses what comes in from outside, as F04 has it: then only a warning."""
    yield from walked(look, "F03")
    yield from _refused(look, "warning")


@check("F04", "note", "an uplink that takes nothing from outside, by rp_filter", "connections that come in by it are dropped")
def strict_uplink(look: Look) -> Iterator[Finding]:
    """A namespace has default routes by two links, rp_filter of one is strict (captured for it and for all), and the look-up of
    the kernel for a packet that comes in by it, to its own private address, from an address that none of the routes but a default
    fits, leaves by the other."""
    yield from _refused(look, "note")


def _refused(look: Look, severity: str) -> Iterator[Finding]:
    """The links that refuse what comes in from outside: with a public address (a warning), or with a default route (a note)."""
    for netns in look.namespaces:
        devs = {dev_of(route, hop) or "": route for route in look.defaults(netns) for hop in hops(route) if gateway_of(hop)}
        for link, entry in look.entries_of(netns, "inet") if devs else ():
            if not is_private(entry) and 8 <= entry.get("prefixlen", 32) < 32 and _is_cable(netns, link):
                devs.setdefault(str(link["ifname"]), next(iter(devs.values())))
        for dev, route in devs.items() if len(devs) > 1 else ():
            mode, known = look.switches(netns).rp_filter(dev)
            own = next((entry for entry in netns.addresses_of(dev) if entry.get("family") == "inet" and is_real(entry)), None)
            plain = all(str(rule.get("table")) in STANDARD for rule in netns.rules or ())
            if mode != 1 or not known or own is None or netns.rules is None or is_private(own) != (severity == "note"):
                continue
            if not netns.has_routes("inet", "all") and not (plain and netns.has_routes("inet")):
                continue
            asked = Question(str(own["local"]), outside(look, "inet"), dev)
            missing: list[tuple[str, str]] = []
            refused = look.walker.router(netns, "inet").source_check(asked, dev, None, missing)
            if refused == "rp-filter" and all(what == "the local table" for what, _ in missing):
                name = f"net.ipv4.conf.{dev}.rp_filter"
                record = switch_record(netns, name)
                yield look.finding(
                    netns,
                    f"what comes in by {dev} from outside is dropped: rp_filter is strict, and the way back is another link",
                    route,
                    record,
                    dev=dev,
                    severity=severity,
                    mend=[look.inside(netns, f"sysctl -w {sysctl_key(name)}=2")],
                )


@check("F05", "error", "nobody answers for a gateway that no link has", "the namespace reaches nothing at all")
def not_proxied(look: Look) -> Iterator[Finding]:
    """The walk of `netwrap trace` ends because no namespace answers ARP for a gateway like Calico's 169.254.1.1. Only a warning
    if the link at the other end has proxy_arp: the kernel answers only if it has a route to the gateway by another link."""
    for found in walked(look, "F05"):
        netns = next(netns for netns in look.namespaces if netns.title == found.netns)
        peer = look.peer(netns, netns.link(str(found.dev)) or {})
        dev = str(peer[1].get("ifname")) if peer is not None else ""
        if peer is None:
            yield found
        elif look.switches(peer[0]).on("proxy_arp", dev):
            what = f"{dev} of {peer[0].title} has proxy_arp, but no route by another link, so it does not answer {netns.title}"
            mend = [look.inside(peer[0], "ip route add default via GATEWAY")]
            yield found._replace(severity="warning", what=what, mend=tuple(mend))
        else:
            mend = [look.inside(peer[0], f"sysctl -w {sysctl_key(f'net.ipv4.conf.{dev}.proxy_arp')}=1")]
            yield found._replace(mend=tuple(mend))


@check(
    "F06", "note", "bridged frames pass the IP firewall", "rules of the FORWARD chain may separate the namespaces on one bridge"
)
def bridge_netfilter(look: Look) -> Iterator[Finding]:
    """bridge-nf-call-iptables is 1, a bridge has two ports, and the policy of the forward chain is drop."""
    for netns in look.namespaces:
        key = "net.bridge.bridge-nf-call-iptables"
        if not look.switches(netns).value(key):
            continue
        chains = [
            one for one in netns.rulesets or () if one.get("hook") == "forward" and str(one.get("policy")).lower() == "drop"
        ]
        bridges = [link for link in netns.links or () if kind(link) == "bridge" and len(netns.ports(str(link["ifname"]))) > 1]
        if chains and bridges:
            record = switch_record(netns, key)
            yield look.finding(
                netns,
                f"frames between ports of {bridges[0]['ifname']} pass FORWARD, whose policy is drop",
                record,
                chains[0],
                dev=str(bridges[0]["ifname"]),
            )


@check("F07", "warning", "a link does not answer ARP", "nobody finds its address")
def no_arp(look: Look) -> Iterator[Finding]:
    """The walk of `netwrap trace` ends at a link without ARP, or at an owner that arp_ignore keeps silent."""
    yield from walked(look, "F07")


@check(
    "F08",
    "error",
    "the neighbour table is almost full",
    "one table for all namespaces: when it overflows, all of them lose neighbours",
)
def neighbours_full(look: Look) -> Iterator[Finding]:
    """The number of neighbour entries of all namespaces together has reached gc_thresh3 of the root namespace (error), or is
    over gc_thresh2 (warning)."""
    root = look.host.root
    if root is None:
        return
    for family, dot in (("ipv4", "."), ("ipv6", ":")):
        switches = look.switches(root)
        low, high = (f"net.{family}.neigh.default.gc_thresh{number}" for number in (2, 3))
        if not switches.known(high):
            continue
        count = sum(
            dot in str(neigh.get("dst", ""))
            and (":" in str(neigh.get("dst"))) == (dot == ":")
            and "PERMANENT" not in neigh.get("state", ())
            and "NOARP" not in neigh.get("state", ())
            for netns in look.namespaces
            for neigh in netns.neighs or ()
        )
        limit, soft = switches.value(high), switches.value(low)
        if limit and count >= soft:
            record = switch_record(root, high)
            yield look.finding(
                root,
                f"{count} neighbours of all namespaces together; the table holds {limit}",
                record,
                severity="error" if count >= limit * 0.95 else "warning",
                mend=[f"sysctl -w {high}={max(limit * 4, 4096)} {low}={max(soft * 4, 2048)}"],
            )


@check("F09", "warning", "the table of connections is almost full", "new connections are dropped")
def connections_full(look: Look) -> Iterator[Finding]:
    """nf_conntrack_count is at least 80 % of nf_conntrack_max."""
    for netns in look.namespaces:
        switches = look.switches(netns)
        count, most = (switches.value(f"net.netfilter.nf_conntrack_{name}") for name in ("count", "max"))
        most = most or switches.value("net.nf_conntrack_max")
        if most and count * 5 >= most * 4:
            record = switch_record(netns, "net.netfilter.nf_conntrack_count")
            yield look.finding(
                netns,
                f"{count} of {most} connections are taken",
                record,
                mend=[look.inside(netns, f"sysctl -w net.netfilter.nf_conntrack_max={most * 4}")],
            )


@check("F10", "error", "a source or destination that may not come from outside", "the kernel drops it as martian")
def martian(look: Look) -> Iterator[Finding]:
    """The walk of `netwrap trace` ends for that reason."""
    yield from walked(look, "F10")


@check(
    "F11", "note", "a namespace that ignores pings", "a ping fails while everything else works, which looks like a network fault"
)
def ignores_pings(look: Look) -> Iterator[Finding]:
    """The setting icmp_echo_ignore_all is 1."""
    for netns in look.namespaces:
        for name in ("net.ipv4.icmp_echo_ignore_all", "net.ipv6.icmp.echo_ignore_all"):
            record = switch_record(netns, name) if look.switches(netns).value(name) == 1 else None
            if record is not None:
                what = f"{netns.title} answers no ping of IPv{'6' if 'ipv6' in name else '4'}"
                yield look.finding(netns, what, record, mend=[look.inside(netns, f"sysctl -w {name}=0")])
