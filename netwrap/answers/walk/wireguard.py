"""Find the wireguard link that takes a packet: peers by allowed ips, the outer packet, and the link with the peer's key.

A link sends to the peer with the longest allowed ip that contains the destination, and takes from a peer only what its allowed
ips contain. The namespace in which a link was made sends and receives its outer packets. `ip -d link` does not tell it (as it
does for vxlan); the UDP socket of the kernel does.
"""

from __future__ import annotations

import shlex
from functools import cached_property

from ...prefixes import contains, network
from ..inside import inside
from ..links import is_up, kind
from ..segment import End, Obstacle, Step, Unknown, ends_or_may
from ..tunnels import links_by_key, outer_length, peer_with_key, short_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parsers.records import Link, Wg, WgPeer

    from ...model.host import Host
    from ...model.namespace import Namespace
    from ..packet import Packet
    from ..segment import Outer
    from .way import Way

    #: Walks an outer packet and its answer: (namespace, destination, source port, destination port, mark, length).
    CarryOuter = Callable[[Namespace, str, int, int, int, "int | None"], Outer]


class Wireguard:
    """The wireguard links of a host; ``carry`` walks their outer packets."""

    def __init__(self, host: Host, carry: CarryOuter) -> None:
        self.host = host
        self.carry = carry
        self._outer: dict[tuple[int, str, tuple[str, int, int], int | None], Outer] = {}

    def receivers(self, netns: Namespace, link: Link, packet: Packet, way: Way) -> Iterator[End | Unknown | Obstacle]:
        """Yield the link that takes a packet which ``link`` sends, or what prevents that."""
        name = str(link["ifname"])
        record = _record(netns, name)
        if record is None:
            what = f"the peers of {name} in {netns.title} (`wg show {name}`) were not captured"
            yield Unknown(netns, name, (), False, what, None)
            return
        peer = _peer(record, packet.destination)
        if _lacks(netns, record, peer):
            yield Unknown(netns, name, (), False, f"all peers of {name} in {netns.title} (`wg show {name}`)", None)
            return
        if peer is None:
            what = f"no peer of {name} in {netns.title} allows {packet.destination} (Required key not available)"
            yield self._stop(netns, name, what, record, self._allowing(netns, name, record, packet.destination))
            return
        known = self._with_key(peer["peer"])
        found = next(((other, theirs) for other, theirs in known if way.reply and _asked(way, netns, name, other, theirs)), None)
        said = f"{name} sends to the peer {short_key(peer)}"
        if found is None:  # an answer goes back to where the question came from
            under = self._birth(netns, record)
            if under is None:
                what = f"the namespace that {name} in {netns.title} was made in, and that sends its outer packets, is not known"
                yield Unknown(netns, name, (), False, f"{what} (`ss -lnup` in each namespace shows its socket)", None)
                return
            if "endpoint" not in peer:
                what = f"the peer {short_key(peer)} of {name} in {netns.title} has no endpoint (Destination address required)"
                yield self._stop(netns, name, what, record, self._endpoint(netns, name, record, under, known))
                return
            ends = _outer_ends(record, peer)
            if ends is None:
                what = f"the endpoint {peer['endpoint']} (or the fwmark) of {name} in {netns.title} is not understood"
                yield Unknown(netns, name, (), False, what, None)
                return
            outer = self._walked(netns, link, record, ends, under, packet.length)
            said += f" at {peer['endpoint']}: outer packet from {under.title}" + (
                f" comes to {outer.place.title}" if outer.place is not None else ""
            )
            obstacle = outer.obstacle or outer.returning
            if obstacle is not None:
                what = (
                    f"the outer packet of {name} in {netns.title} to {peer['endpoint']} {ends_or_may(obstacle)}: {obstacle.what}"
                )
                yield obstacle._replace(what=what, stage="tunnel")
                return
            if outer.place is None:
                what = f"{name} in {netns.title} leads to {peer['endpoint']}, which was not captured"
                yield Unknown(netns, name, (), True, what, None)
                return
            taken = self._taker(netns, name, record, peer, outer, known)
            if not isinstance(taken, tuple) or isinstance(taken, (Obstacle, Unknown)):
                yield taken
                return
            found = taken
        yield self._accepted(netns, name, record, found[0], found[1], packet.source, said)

    def _accepted(
        self, netns: Namespace, name: str, record: Wg, other: Namespace, theirs: Wg, source: str, said: str
    ) -> End | Obstacle | Unknown:
        """The link of the other end, if it takes packets with this source from us."""
        dev, ours = theirs["ifname"], str(record.get("public_key"))
        us = peer_with_key(theirs, ours)
        if _lacks(other, theirs, us):
            return Unknown(netns, name, (), False, f"all peers of {dev} in {other.title} (`wg show {dev}`)", None)
        change: list[str] | None = None
        if us is None:
            change, what = [], f"{dev} in {other.title} does not have the key of {name} in {netns.title} among its peers"
        elif _peer(theirs, source) is not us:
            change, what = us["allowed_ips"], f"{dev} in {other.title} takes no packets from {source} of the peer {short_key(us)}"
        if change is not None:
            return self._stop(other, dev, what, theirs, _set(other, dev, ours, "allowed-ips", ",".join([*change, source])))
        step = Step(netns, "tunnel", f"{said} = {dev} in {other.title}", inside(netns, f"wg show {name}"), record)
        return End(other, other.link(dev) or {"ifname": dev}, (step,), None, (), ())

    def _taker(
        self, netns: Namespace, name: str, record: Wg, peer: WgPeer, outer: Outer, known: list[tuple[Namespace, Wg]]
    ) -> tuple[Namespace, Wg] | Obstacle | Unknown:
        """The link that listens where the outer packet arrives, if it has the key of the peer."""
        place = outer.place
        assert place is not None
        for other in self.host.namespaces:
            for link in other.links or ():
                theirs = _record(other, str(link["ifname"])) if kind(link) == "wireguard" else None
                if kind(link) == "wireguard" and theirs is None and is_up(link):
                    what = f"the wireguard link {link['ifname']} in {other.title} (`wg show`) was not captured"
                    return Unknown(netns, name, (), False, what, None)
                if theirs is None or theirs.get("listening_port") != outer.port or not is_up(link):
                    continue
                under = self._birth(other, theirs)
                if under is not None and under is not place:
                    continue
                if under is None:
                    what = f"the namespace that {link['ifname']} in {other.title} was made in is not known (`ss -lnup`)"
                    return Unknown(netns, name, (), False, what, None)
                if theirs.get("public_key") != peer["peer"]:
                    what = f"{link['ifname']} in {other.title} at {peer['endpoint']} has another key than the peer"
                    what += f" {short_key(peer)}"
                    allowed = ("endpoint", peer["endpoint"], "allowed-ips", ",".join(peer["allowed_ips"]))
                    mends = _set(netns, name, theirs["public_key"], *allowed) if "public_key" in theirs else ()
                    return self._stop(other, theirs["ifname"], what, theirs, mends)
                us = peer_with_key(theirs, str(record.get("public_key")))
                if us is not None and ("preshared_key" in us) != ("preshared_key" in peer):
                    what = f"only one of {name} in {netns.title} and {link['ifname']} in {other.title} has a preshared key"
                    return self._stop(other, theirs["ifname"], what, theirs)
                return other, theirs
        if "latest_handshake" in peer:
            what = f"who listens at {peer['endpoint']} for {name} in {netns.title}, which shook hands there, was not captured"
            return Unknown(netns, name, (), False, what, None)
        what = f"no wireguard link in {place.title} listens on port {outer.port} for {name} in {netns.title}"
        for other, theirs in known:
            if not is_up(other.link(theirs["ifname"]) or {}):
                down = f"{theirs['ifname']} in {other.title}, the peer {short_key(peer)} of {name} in {netns.title}, is down"
                return Obstacle(
                    "link-down", other, theirs["ifname"], down, inside(other, f"ip link show dev {theirs['ifname']}"),
                    (inside(other, f"ip link set dev {theirs['ifname']} up"),), other.link(theirs["ifname"]),
                )  # fmt: skip
            if self._birth(other, theirs) is place and "listening_port" in theirs:
                endpoint = f"{peer['endpoint'].rpartition(':')[0]}:{theirs['listening_port']}"
                return self._stop(place, None, what, record, _set(netns, name, peer["peer"], "endpoint", endpoint))
        under = self._birth(netns, record)
        mends = self._endpoint(netns, name, record, under, known) if under is not None else ()
        return self._stop(place, None, what, record, mends)

    # -- the ways of outer packets ------------------------------------------------------------------------------------

    def _walked(
        self, netns: Namespace, link: Link, record: Wg, ends: tuple[str, int, int], under: Namespace, length: int | None
    ) -> Outer:  # fmt: skip
        key = (id(netns), record["ifname"], ends, length)
        if key not in self._outer:
            address, port, mark = ends
            size = outer_length(link, length, ":" in address)
            self._outer[key] = self.carry(under, address, record.get("listening_port", 0), port, mark, size)
        return self._outer[key]

    def _birth(self, netns: Namespace, record: Wg) -> Namespace | None:
        """The namespace that a link was made in, by the socket on its port; None where that is not known."""
        port = record.get("listening_port")
        if port is None or netns.listeners is None:
            return None
        if _has_socket(netns, port):
            return netns if _links_of_port(netns, port) == 1 else None
        found = [
            other for other in self.host.namespaces
            if other.listeners is not None and _has_socket(other, port) and not _links_of_port(other, port)
        ]  # fmt: skip
        return found[0] if len(found) == 1 else None

    # -- mends --------------------------------------------------------------------------------------------------------

    def _with_key(self, key: str) -> list[tuple[Namespace, Wg]]:
        """The links that have a public key."""
        return self._by_key.get(key, [])

    @cached_property
    def _by_key(self) -> dict[str, list[tuple[Namespace, Wg]]]:
        return links_by_key(self.host.namespaces)

    def _allowing(self, netns: Namespace, name: str, record: Wg, destination: str) -> tuple[str, ...]:
        """Allow an address for the peer whose namespace has it, or for the only peer."""
        peers = record.get("peers", [])
        having = [
            peer for peer in peers
            if any(row.get("local") == destination for other, _ in self._with_key(peer["peer"])
                   for link in other.addresses or () for row in link.get("addr_info", ()))
        ]  # fmt: skip
        chosen = having or peers
        if len(chosen) != 1:
            return ()
        return _set(netns, name, chosen[0]["peer"], "allowed-ips", ",".join([*chosen[0]["allowed_ips"], destination]))

    def _endpoint(
        self, netns: Namespace, name: str, record: Wg, under: Namespace, known: list[tuple[Namespace, Wg]]
    ) -> tuple[str, ...]:
        """Give the peer the endpoint at which the link with its key is reached."""
        for other, theirs in known:
            place, port = self._birth(other, theirs), theirs.get("listening_port")
            if place is None or port is None:
                continue
            for link in place.addresses or ():
                for row in link.get("addr_info", ()):
                    address = str(row.get("local"))
                    if row.get("scope") != "global" or link.get("ifname") == theirs["ifname"]:
                        continue
                    if self.carry(under, address, record.get("listening_port", 0), port, 0, None).place is place:
                        shown = f"[{address}]" if ":" in address else address
                        return _set(netns, name, theirs["public_key"], "endpoint", f"{shown}:{port}")
        return ()

    def _stop(self, netns: Namespace, dev: str | None, what: str, record: Wg, mend: tuple[str, ...] = ()) -> Obstacle:
        return Obstacle("tunnel", netns, dev, what, inside(netns, "wg show" + (f" {dev}" if dev else "")), mend, record, "tunnel")


def _record(netns: Namespace, name: str) -> Wg | None:
    return next((record for record in netns.table("wg") or () if record.get("ifname") == name), None)


def _peer(record: Wg, address: str) -> WgPeer | None:
    """The peer with the longest allowed ip that contains an address."""
    wanted = network(address)
    best: tuple[int, WgPeer] | None = None
    for peer in record.get("peers", ()):
        for text in peer.get("allowed_ips", ()):
            allowed = network(text)
            if allowed is not None and contains(allowed, wanted) and (best is None or allowed.prefixlen > best[0]):
                best = allowed.prefixlen, peer
    return best[1] if best is not None else None


def _lacks(netns: Namespace, record: Wg, peer: WgPeer | None) -> bool:
    """Whether peers, or the allowed ips of one, may be missing from a capture; ``peer``: the one that was found."""
    return (
        peer is None
        and not netns.covers("wg", dev=record["ifname"])
        or any("allowed_ips" not in one for one in record.get("peers", ()))
    )


def _outer_ends(record: Wg, peer: WgPeer) -> tuple[str, int, int] | None:
    """The address and port of an endpoint, and the mark of the packets to it; None where one of these is not understood.

    (Nor is an address with a scope, as in `[fe80::1%eth0]:51820`.)
    """
    address, _, port = peer["endpoint"].rpartition(":")
    address = address.strip("[]")
    try:
        return (address, int(port), int(record.get("fwmark", "0"), 0)) if "%" not in address and network(address) else None
    except ValueError:
        return None


def _set(netns: Namespace, name: str, peer: str, *words: str) -> tuple[str, ...]:
    """The command that changes a peer of a link; a capture may contain anything as its keys and addresses."""
    return (inside(netns, f"wg set {name} peer {' '.join(map(shlex.quote, (peer, *words)))}"),)


def _asked(way: Way, netns: Namespace, name: str, other: Namespace, theirs: Wg) -> bool:
    """Whether the question of this answer came from one link to the other."""
    return any(
        (one.netns, one.dev, one.by) == (id(netns), name, theirs["ifname"]) and one.neighbour is other for one in way.learned
    )


def _links_of_port(netns: Namespace, port: int) -> int:
    return sum(one.get("listening_port") == port for one in netns.table("wg") or ())


def _has_socket(netns: Namespace, port: int) -> bool:
    return any(one.get("netid") == "udp" and one.get("local_port") == port for one in netns.listeners or ())
