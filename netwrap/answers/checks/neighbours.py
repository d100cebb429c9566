"""Checks of neighbour entries (ARP)."""

from __future__ import annotations

from . import check, is_one_links, kind
from .links import dead

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Link, Neigh

    from ...model.namespace import Namespace
    from . import Finding, Look


@check(
    "H01",
    "warning",
    "a neighbour entry with a MAC other than the owner's",
    "packets to that address are dropped, or go to another machine",
)
def wrong_mac(look: Look) -> Iterator[Finding]:
    """The MAC of a neighbour entry is neither that of the captured link that has the address on the same segment, nor that of a
    link that answers for it. An error for a permanent entry, which never corrects itself. Between two hosts, only links of the
    same kind are compared (tunnels: of one VNI)."""
    for netns in look.namespaces:
        for neigh in netns.neighs or ():
            mac, dev = neigh.get("lladdr"), str(neigh.get("dev"))
            if mac is None or not is_one_links(mac):
                continue
            if {"FAILED", "NOARP"} & set(neigh.get("state", ())):
                continue
            owners = [(there, link) for there, link, _ in look.having(netns, dev, str(neigh.get("dst")))]
            macs = {str((there.link(str(link["ifname"])) or link).get("address")) for there, link in owners}
            if owners and mac not in macs and not _answers(look, netns, dev, mac):
                there, link = owners[0]
                yield _told(look, netns, neigh, there, link, dev)


def _answers(look: Look, netns: Namespace, dev: str, mac: str) -> bool:
    """Whether somebody with this MAC on the segment answers for others (proxy ARP)."""
    for end in look.segment(netns, dev).ends:
        if end.link.get("address") == mac and (look.switches(end.netns).on("proxy_arp", end.dev) or end.netns.proxies):
            return True
    return False


def _told(look: Look, netns: Namespace, neigh: Neigh, there: Namespace, link: Link, dev: str) -> Finding:
    permanent = "PERMANENT" in neigh.get("state", ())
    right = str((there.link(str(link["ifname"])) or link).get("address"))
    forget = (
        f"ip neigh replace {neigh['dst']} lladdr {right} dev {dev} nud permanent"
        if permanent
        else f"ip neigh del {neigh['dst']} dev {dev}"
    )
    return look.finding(
        netns,
        f"{netns.title} has {'a permanent entry ' if permanent else ''}{neigh['dst']} at {neigh['lladdr']}; "
        f"its owner {there.title} has {right}",
        neigh,
        (there, there.link(str(link["ifname"])) or link),
        dev=dev,
        severity="error" if permanent else None,
        mend=[look.inside(netns, forget)],
    )


@check("H02", "warning", "a permanent entry for a MAC that nobody has", "packets to that address are dropped")
def nobodys_mac(look: Look) -> Iterator[Finding]:
    """A segment was captured whole, and a PERMANENT entry on it has a MAC that no link has, for an address that no namespace
    has."""
    for netns in look.namespaces:
        for neigh in netns.neighs or ():
            dev, mac = str(neigh.get("dev")), neigh.get("lladdr")
            if "PERMANENT" not in neigh.get("state", ()) or not isinstance(mac, str) or netns.link(dev) is None:
                continue
            if not look.is_closed(netns, dev) or kind(netns.link(dev) or {}) == "vxlan":
                continue
            ends = look.segment(netns, dev).ends
            known = {end.link.get("address") for end in ends}
            owned = any(entry.get("local") == neigh.get("dst") for end in ends for entry in end.netns.addresses_of(end.dev))
            if mac not in known and not owned:
                yield look.finding(
                    netns,
                    f"{neigh['dst']} is fixed to {mac} on {dev}, and nobody there has either",
                    neigh,
                    dev=dev,
                    mend=[look.inside(netns, f"ip neigh del {neigh['dst']} dev {dev}")],
                )


@check("H03", "note", "many neighbours that do not answer", "a scan, or peers that are gone")
def many_failed(look: Look) -> Iterator[Finding]:
    """One link has more than ten FAILED entries."""
    for netns in look.namespaces:
        failed: dict[str, list[Neigh]] = {}
        for neigh in netns.neighs or ():
            if "FAILED" in neigh.get("state", ()):
                failed.setdefault(str(neigh.get("dev")), []).append(neigh)
        for dev, entries in failed.items():
            if len(entries) > 10:
                yield look.finding(
                    netns, f"{len(entries)} neighbours on {dev} do not answer", entries[0], dev=dev, follows=[dead(netns, dev)]
                )
