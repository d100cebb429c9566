"""Where a tunnel sends its packets, and the tunnel that takes them at the other end."""

from __future__ import annotations

from ..prefixes import is_multicast
from .inside import inside
from .links import data, has_addresses, is_up, kind, show_link, specified
from .remaking import of_one_id
from .segment import Obstacle, Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from parsers.records import AnyRecord, Link, Record, Wg, WgPeer

    from ..model.host import Host
    from ..model.namespace import Namespace
    from .segment import Segment, Way

#: Tunnels that may have no remote: the next hop of each packet is the outer destination.
_TO_NEXTHOPS = ("gre", "ipip")
#: The bytes that a kind of tunnel adds to a packet, without the outer header of IP: those of inner Ethernet are among them.
HEADERS = {
    "vxlan": 30, "geneve": 30, "gretap": 18, "ip6gretap": 18, "gre": 4, "ip6gre": 4, "ipip": 0, "sit": 0, "ip6tnl": 0,
    "wireguard": 40,
}  # fmt: skip
_EVERYBODY = "00:00:00:00:00:00"


class Tunnels:
    """The tunnels of a host; ``segment`` finds what a link reaches."""

    def __init__(self, host: Host, segment: Callable[[Namespace, str], Segment]) -> None:
        self.host = host
        self.segment = segment
        self._steered: dict[str, list[tuple[Namespace, str]]] | None = None

    def takers(
        self, netns: Namespace, link: Link, place: Namespace, source: str | None, remote: str
    ) -> tuple[list[tuple[Namespace, Link]], Obstacle | None]:
        """Find the tunnels that take the outer packets of the tunnel ``link``; if none does, why the likeliest one refuses them.

        Of several IP tunnels, the one with the most addresses (remote, local) takes a packet; a tunnel that is down takes none.
        """
        what, info = kind(link), data(link)
        found: list[tuple[tuple[bool, int], Namespace, Link]] = []
        near: list[tuple[bool, Obstacle]] = []
        for other in self.host.namespaces:
            for end in other.links or ():
                if kind(end) != what or (other is netns and end is link) or self.underlay(other, end) is not place:
                    continue
                theirs = data(end)
                ends = (remote_of(theirs), specified(theirs.get("local")))
                if theirs.get("id") != info.get("id") or theirs.get("port") != info.get("port"):
                    continue
                if what == "geneve" and ends[0] is None or what not in ("vxlan", "geneve") and ends[1] not in (None, remote):
                    continue
                wrong = None if what == "vxlan" else self._unlike(link, other, end, source)
                if wrong is None:
                    found.append(((is_up(end), sum(one is not None for one in ends)), other, end))
                elif ends != (None, None):
                    near.append((ends[1] is None, wrong))
        if what != "vxlan":
            found = sorted(found, key=lambda one: one[0])[-1:]
            spare = [end for (up, named), other, end in found if not up and not named and not has_addresses(other, end)]
            found = [] if near and found and not found[0][0][0] or spare else found
        return [(other, end) for _, other, end in found], min(near, key=lambda one: one[0])[1] if near else None

    def meant(self, netns: Namespace, link: Link, source: str | None, nexthop: str | None) -> tuple[str, ...]:
        """The command that directs a tunnel to the tunnel whose remote is our ``source``, if there is exactly one such tunnel.

        An IP tunnel that was made without a remote cannot get one later: there the command directs the packet's ``nexthop``.
        """
        what, info, dev = kind(link), data(link), link.get("ifname")
        ours = remote_of(info)
        found = [
            specified(data(end).get("local"))
            for other in self.host.namespaces for end in other.links or ()
            if kind(end) == what and end is not link and data(end).get("id") == info.get("id")
            and source is not None and remote_of(data(end)) == source
        ]  # fmt: skip
        if len(found) != 1 or found[0] is None or found[0] == ours and what != "vxlan":
            return ()
        if found[0] == ours and ours in self.remotes(netns, link, nexthop):
            return ()
        if found[0] == ours:  # its entry for everybody went away, or leads elsewhere
            return (inside(netns, f"bridge fdb append {_EVERYBODY} dev {dev} dst {ours}"),)
        if nexthop is None or not self.asks_nexthop(netns, link):
            return (inside(netns, f"ip link set dev {dev} type {what} {_to_remote(link, str(found[0]))}"),)
        if what == "gre":
            return (inside(netns, f"ip neigh replace {nexthop} lladdr {found[0]} dev {dev} nud permanent"),)
        return (inside(netns, f"ip route replace {nexthop}/32 via {found[0]} dev {dev} onlink"),)

    def one_id(self, netns: Namespace, link: Link, under: Namespace, source: str | None) -> tuple[str, ...]:
        """The commands that give the vxlans (or geneves) which send to each other one id, where one of them has another."""
        links = [(other, end) for other in self.host.namespaces for end in other.links or () if kind(end) == kind(link)]
        here = {data(end).get("id") for other, end in links if end is not link and self.underlay(other, end) is under}
        there = (
            (other, end) for other, end in links
            if end is not link and data(end).get("id") not in here and source in self.remotes(other, end)
        )  # fmt: skip
        return of_one_id(netns, link, there)

    def _unlike(self, link: Link, other: Namespace, end: Link, source: str | None) -> Obstacle | None:
        """Why the tunnel ``end`` refuses packets of the tunnel ``link``: remote, key or checksum; None if it takes them."""
        info, theirs, dev, what = data(link), data(end), str(end.get("ifname")), kind(end)
        remote = remote_of(theirs)
        text, change = "", ""
        if source is not None and remote not in (None, source):
            text, change = f"has the remote {remote}, not {source}", _to_remote(link, source)
        elif info.get("okey") != theirs.get("ikey"):
            text = f"takes {_key(theirs.get('ikey'))}, not {_key(info.get('okey'))}"
            change = f"ikey {info['okey']}" if "okey" in info else "noikey"
        elif bool(info.get("ocsum")) != bool(theirs.get("icsum")):
            text = "takes packets " + ("with" if theirs.get("icsum") else "without") + " a checksum only"
            change = "icsum" if info.get("ocsum") else "noicsum"
        if not text:
            return None
        mend = (inside(other, f"ip link set dev {dev} type {what} {change}"),)
        return Obstacle("tunnel", other, dev, f"{dev} in {other.title} {text}", show_link(other, dev), mend, end, "tunnel")

    def asks_nexthop(self, netns: Namespace, link: AnyRecord) -> bool:
        """Whether a tunnel has no remote and sends each packet to the next hop of its route."""
        info = data(link)
        return kind(link) in _TO_NEXTHOPS and specified(info.get("remote")) is None and not info.get("external")

    def underlay(self, netns: Namespace, link: Link) -> Namespace | None:
        """The namespace that a tunnel was made in, where its outer packets are sent."""
        if "link_netnsid" not in link and "link_netns" not in link:
            return netns
        peer = self.host.peer(netns, link)
        if peer is not None and peer.netns is not None:
            return peer.netns
        for other in self.host.namespaces:
            if self.host.nsid(other, netns) == link.get("link_netnsid"):
                return other
        return None

    def talkers(self, netns: Namespace, link: Link) -> list[str]:
        """The addresses of the other ends of a vxlan, which it learns from their frames."""
        ends = ((other, end) for other in self.host.namespaces for end in other.links or () if kind(end) == "vxlan")
        found = [
            specified(data(end).get("local"))
            for _, end in ends
            if end is not link and data(end).get("id") == data(link).get("id")
        ]
        return list(dict.fromkeys(one for one in found if one is not None))

    def steered(self, mac: str) -> list[tuple[Namespace, str]]:
        """The vxlans that have an entry of their own for a MAC, each with its namespace."""
        if self._steered is None:
            self._steered = {}
            for netns in self.host.namespaces:
                for row in netns.fdb or ():
                    if "dst" in row:
                        self._steered.setdefault(str(row.get("mac")).lower(), []).append((netns, str(row.get("ifname"))))
        return self._steered.get(mac, [])

    def remotes(self, netns: Namespace, link: Link, mac: str | None = None) -> list[str]:
        """The addresses that a tunnel sends a frame to: those of the entry for its MAC, else those that the tunnel floods to."""
        found = [specified(data(link).get(key)) for key in ("remote", "remote6", "group", "group6")]
        if mac is not None and self.asks_nexthop(netns, link):
            rows = [row for row in netns.neighs or () if row.get("dev") == link.get("ifname") and row.get("dst") == mac]
            if rows:
                return [str(row.get("lladdr", mac)) for row in rows[:1]]
            return [mac] if kind(link) == "ipip" else []  # gre asks its neighbour table only
        if kind(link) == "vxlan" and netns.fdb is not None:  # the fdb contains the remote that the link was made with, too
            known = [str(row["dst"]) for row in self._entries(netns, link) if row.get("mac") == _EVERYBODY]
            found = [*(self.set_for(netns, link, mac)[:1] or known)]
        each = (one for address in found if address is not None for one in self._members(netns, link, address))
        return list(dict.fromkeys(each))

    @staticmethod
    def _entries(netns: Namespace, link: Link) -> list[AnyRecord]:
        return [row for row in netns.fdb or () if row.get("ifname") == link.get("ifname") and "dst" in row]

    def set_for(self, netns: Namespace, link: Link, mac: str | None) -> list[str]:
        """The remotes of the entries that somebody set for a MAC; a vxlan does not change these by learning."""
        return [
            str(row["dst"]) for row in self._entries(netns, link)
            if row.get("state") in ("permanent", "static") and str(row.get("mac")).lower() == mac
        ]  # fmt: skip

    def _members(self, netns: Namespace, link: Link, address: str) -> list[str]:
        """The address itself; for a multicast group the addresses of the links on which a tunnel has joined it."""
        if not is_multicast(address):
            return [address]
        info, under = data(link), self.underlay(netns, link)
        joined = {
            (id(self.underlay(other, end)), data(end).get("link"))
            for other in self.host.namespaces for end in other.links or ()
            if kind(end) == "vxlan" and address in (data(end).get("group"), data(end).get("group6"))
        }  # fmt: skip
        ends = self.segment(under, str(info.get("link"))).each() if under is not None else ()
        return [
            str(row["local"])
            for end in ends if (id(end.netns), end.dev) in joined
            for row in end.netns.addresses_of(end.dev)[:1] if "local" in row
        ]  # fmt: skip

    def beyond(self, netns: Namespace, link: Link, under: Namespace, way: Way) -> Unknown | None:
        """The way out of the captured network behind which hosts may have joined the multicast group of a vxlan; else None."""
        if self.set_for(netns, link, way.mac):
            return None
        flooded = [row["dst"] for row in self._entries(netns, link) if row.get("mac") == _EVERYBODY]
        groups = [specified(it) for it in (data(link).get("group"), data(link).get("group6"), *flooded)]
        if not any(it is not None and is_multicast(it) for it in groups):
            return None
        return next(iter(self.segment(under, str(data(link).get("link"))).unknown), None)


def links_by_key(namespaces: Iterable[Namespace]) -> dict[str, list[tuple[Namespace, Wg]]]:
    """The wireguard links of some namespaces by their public keys."""
    found: dict[str, list[tuple[Namespace, Wg]]] = {}
    for netns in namespaces:
        for record in netns.table("wg") or ():
            if "public_key" in record:
                found.setdefault(record["public_key"], []).append((netns, record))
    return found


def peer_with_key(record: Wg, key: str) -> WgPeer | None:
    """The peer of a wireguard link that has a public key."""
    return next((peer for peer in record.get("peers", ()) if peer["peer"] == key), None)


def short_key(peer: WgPeer) -> str:
    """A public key as people tell keys apart: by its first letters."""
    return peer["peer"][:8]


def remote_of(info: Record) -> str | None:
    """The remote of a tunnel, by its data."""
    return specified(info.get("remote", info.get("remote6")))


def _to_remote(link: AnyRecord, remote: str) -> str:
    """The words that give a tunnel another remote; for a geneve, `ip` requires the id again."""
    return (f"id {data(link).get('id')} " if kind(link) == "geneve" else "") + f"remote {remote}"


def _key(value: Any) -> str:
    return "packets without a key" if value is None else f"the key {value}"


def outer_length(link: AnyRecord, length: int | None, six: bool) -> int | None:
    """The length of the packet in which a tunnel carries a packet of a length; ``six``: over IPv6."""
    if length is None:
        return None
    what, info = str(kind(link)), data(link)
    options = sum(4 for key in ("okey", "ocsum", "oseq") if info.get(key) and "gre" in what)
    options += 8 if "encap_limit" in info else 0  # `encaplimit`, which an ip6tnl or ip6gre has by default
    if what == "wireguard":  # filled up to 16 bytes, but not beyond the MTU
        length = max(length, min(-length // 16 * -16, int(link.get("mtu", length))))
    return length + HEADERS.get(what, 0) + options + (40 if six else 20)
