"""The tunnels of hosts: which of their ends are connected, by their remotes, their group or their public keys, and which not.

Two ends are connected where each sends its packets to an address of the namespace that the packets of the other leave from, and
kind, number, port and keys agree; two wireguard links where each has the public key of the other among its peers. Where several
ends could be meant, none is taken: nothing here is a guess.
"""

from __future__ import annotations

from functools import cache

from parsers.tuples import NamedTuple

from ..prefixes import network
from .layer2 import Wires
from .links import TUNNELS, data, kind, specified
from .segment import Outer
from .tunnels import links_by_key, peer_with_key, remote_of, short_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from parsers.records import Link, Wg, WgPeer

    from ..model.host import Host
    from ..model.namespace import Namespace

    #: The addresses of a namespace, each computed once.
    Owned = Callable[[Namespace], frozenset[str]]


#: Tunnels that take packets to any address of their namespace; the others only those to their own.
_OF_ANY_ADDRESS = ("vxlan", "geneve")
_MOST = 4  # other ends that are named
_NO_KEY = "it does not have the key of this one"


class End(NamedTuple):
    """An end of a tunnel; ``remotes``: all addresses that it sends to, ``flooded``: those that it sends a broadcast to."""

    netns: Namespace
    link: Link
    under: Namespace
    remotes: frozenset[str]
    flooded: tuple[str, ...]
    open: bool  # more members of its group may be where nothing was captured
    assumed: bool = False  # members on other hosts are among its remotes

    @property
    def local(self) -> str | None:
        """The only address that it sends from and takes packets to; None where any address of its namespace will do."""
        found = data(self.link).get("local")
        return None if kind(self.link) in _OF_ANY_ADDRESS or found in (None, "any", "0.0.0.0", "::") else str(found)

    @property
    def group(self) -> str:
        """The multicast group of a vxlan, or ""."""
        return str(data(self.link).get("group") or data(self.link).get("group6") or "")


class Joined(NamedTuple):
    """The tunnels of which the ends are known: ``networks`` of two or more ends that are all connected with each other.

    ``rest``: for each tunnel, by the identity of its namespace and its name, its other ends that are in no network in words;
    "" where all are.
    """

    networks: list[list[End]]
    rest: dict[tuple[int, str], str]


def joined(hosts: Sequence[Host]) -> Joined:
    """Find the tunnels of which two or more ends were captured: within each host, then between those ends that are left."""
    found = Joined([], {})
    owned = cache(_addresses)
    _join_by_keys(found, hosts, owned)
    every: list[End] = []
    rest: list[tuple[End, list[str]]] = []
    left: dict[tuple[Any, ...], list[End]] = {}
    for host in hosts:
        wires = Wires(host, lambda *_: Outer())  # the ground of a tunnel within a tunnel is not followed
        alike: dict[tuple[Any, ...], list[End]] = {}
        for netns in host.namespaces:
            for link in netns.links or ():
                what = kind(link)
                if what in TUNNELS:
                    end = _end(wires, netns, link) if not data(link).get("external") else None
                    if end is None:
                        found.rest[_name(netns, link)] = _told(netns, link)
                    else:
                        every.append(end)
                        alike.setdefault((what, data(link).get("id"), data(link).get("port")), []).append(end)
        for key, ends in alike.items():
            left.setdefault(key, []).extend(_join(found, ends, owned, [host], rest))
    for ends in left.values():
        ends = _with_members(ends) if len(hosts) > 1 else ends
        for end in _join(found, ends, owned, hosts, rest) if len(hosts) > 1 else ends:
            rest.append((end, [end.group] if end.group else [*end.flooded] or sorted(end.remotes)))
    _tell(found, rest, every, owned, hosts)
    return found


def _with_members(ends: list[End]) -> list[End]:
    """The ends, those of one group with the addresses of each other as remotes where these are in one network.

    Which cables are between hosts is in no capture: this is assumed, as a trace does, of links that leave their hosts.
    """
    near: dict[tuple[str, Any], list[tuple[int, str]]] = {}
    for at, end in enumerate(ends):
        for row in end.under.addresses_of(data(end.link).get("link")) if end.group and end.open else ():
            if "local" in row and row.get("scope") != "link":
                at_home = network(f"{row['local']}/{row.get('prefixlen', '')}".rstrip("/"))
                near.setdefault((end.group, at_home), []).append((at, str(row["local"])))
    found = list(ends)
    for members in near.values():
        remotes = frozenset(address for _, address in members)
        for at in {at for at, _ in members} if members[1:] else ():
            found[at] = found[at]._replace(remotes=found[at].remotes | remotes, assumed=True)
    return found


def _join(found: Joined, ends: list[End], owned: Owned, hosts: Sequence[Host], rest: list[tuple[End, list[str]]]) -> list[End]:
    """Add the tunnels between some ends to those that were found; return the ends that are not connected.

    ``rest``: gets the ends that are, each with the addresses that it sends to beside.
    """
    beside = _connected(ends, owned)
    everywhere: frozenset[str] = frozenset()
    for at, others in beside.items():
        end, known = ends[at], frozenset(one for other in others for one in owned(ends[other].under))
        if end.group:  # its members were captured; those that are not connected have another number
            everywhere = everywhere or frozenset().union(*(owned(netns) for host in hosts for netns in host.namespaces))
            known = everywhere
        rest.append((end, [*(one for one in end.flooded if one not in known), *([end.group] if end.open else [])]))
    found.networks.extend([ends[at] for at in network] for network in _networks(beside))
    return [end for at, end in enumerate(ends) if at not in beside]


def _tell(found: Joined, rest: list[tuple[End, list[str]]], every: list[End], owned: Owned, hosts: Sequence[Host]) -> None:
    """Put the addresses that ends send to into words: also why the end that was captured there is not connected."""
    home = {id(netns): host for host in hosts for netns in host.namespaces}
    at: dict[tuple[Any, str], list[End]] = {}
    holders: dict[str, list[Namespace]] = {}
    if any(addresses for _, addresses in rest):
        for end in every:
            for address in _sources(end, owned):
                at.setdefault((kind(end.link), address), []).append(end)
        for netns in (netns for host in hosts for netns in host.namespaces):
            for address in owned(netns):
                holders.setdefault(address, []).append(netns)
    for end, addresses in rest:
        here, what, number = home[id(end.netns)], kind(end.link), data(end.link).get("id")
        words = []
        for remote in addresses:
            meant = [
                other for other in at.get((what, remote), ())
                if other is not end and not _sources(end, owned).isdisjoint(other.remotes)
            ]  # fmt: skip
            for nearer in ([other for other in meant if home[id(other.netns)] is here],
                           [other for other in meant if data(other.link).get("id") == number],
                           [other for other in meant if data(other.link).get("local") == remote]):  # fmt: skip
                meant = nearer or meant
            places = holders.get(remote, [])
            places = [netns for netns in places if home[id(netns)] is here] or places
            why = ""
            if len(meant) == 1:
                why = _unlike(end, meant[0])
                why = why and f" ({_titled(meant[0], home[id(meant[0].netns)], here)}: {why})"
            elif len(places) == 1 and all(data(other.link).get("id") != number for other in meant):
                of = "" if home[id(places[0])] is here else f" of {title(home[id(places[0])])}"
                why = f" (in {places[0].title}{of}: no {what}{'' if number is None else f' vni {number}'} leads back from it)"
            words.append(remote + why)
        found.rest[_name(end.netns, end.link)] = f"to {_some(words)}" if words else ""


def _some(words: list[str]) -> str:
    return ", ".join(words[:_MOST]) + (f" and {len(words) - _MOST} more" if len(words) > _MOST else "")


def _name(netns: Namespace, link: Link) -> tuple[int, str]:
    return id(netns), str(link.get("ifname", ""))


def _told(netns: Namespace, link: Link) -> str:
    """Where a tunnel of which no other end is known leads to, in words."""
    info = data(link)
    remote = remote_of(info) or specified(info.get("group", info.get("group6")))
    if remote is not None:
        return f"to {remote}"
    if info.get("external"):
        return "to what each packet is given (external)"
    if not info or kind(link) == "xfrm":
        return "remote not shown"
    return "remotes not captured" if kind(link) == "vxlan" and netns.fdb is None else "no remote"


def _end(wires: Wires, netns: Namespace, link: Link) -> End | None:
    """A tunnel as an end; None where it sends to no address, or the namespace that it was made in is not known."""
    under = wires.tunnels.underlay(netns, link)
    flooded = wires.tunnels.remotes(netns, link)
    name = link.get("ifname")
    learned = [str(row["dst"]) for row in netns.fdb or () if row.get("ifname") == name and "dst" in row]
    of_group = bool(data(link).get("group") or data(link).get("group6"))
    if under is None or not flooded and not learned and not of_group:
        return None
    is_open = of_group and bool(wires.segment(under, str(data(link).get("link"))).unknown)
    return End(netns, link, under, frozenset((*flooded, *learned)), tuple(flooded), is_open)


def _addresses(netns: Namespace) -> frozenset[str]:
    return frozenset(
        str(row["local"]) for link in netns.links or () for row in netns.addresses_of(link.get("ifname")) if "local" in row
    )


def _connected(ends: list[End], owned: Owned) -> dict[int, set[int]]:
    """For each end that is connected, the ends at the other side; both by their position."""
    at: dict[str, list[int]] = {}
    for number, end in enumerate(ends):
        for address in owned(end.under):
            at.setdefault(address, []).append(number)
    sources = [_sources(end, owned) for end in ends]
    ways: list[set[int]] = []
    for number, end in enumerate(ends):
        found: set[int] = set()
        for remote in end.remotes:
            fit = [other for other in at.get(remote, ()) if other != number and ends[other].local in (None, remote)
                   and not _unlike(end, ends[other]) and not sources[number].isdisjoint(ends[other].remotes)]  # fmt: skip
            if len(fit) == 1:
                found.add(fit[0])
        ways.append(found)
    both = {one: {other for other in found if one in ways[other]} for one, found in enumerate(ways)}
    return {one: found for one, found in both.items() if found}


def short_number(key: Any) -> str:
    """A key of a tunnel as a number, where `ip` prints a small one like an address.

    >>> short_number("0.0.0.5"), short_number("10.0.0.1")
    ('5', '10.0.0.1')
    """
    text = str(key)
    return text[6:] if text.startswith("0.0.0.") else text


def _sources(end: End, owned: Owned) -> frozenset[str]:
    """The addresses that an end sends from, and takes packets to."""
    return owned(end.under) if end.local is None else frozenset([end.local])


def _unlike(one: End, other: End) -> str:
    """Why two ends do not take the packets of each other: number, port, key or checksum; "" where these agree."""
    here, there = data(one.link), data(other.link)
    for word, ours, theirs in (("vni", "id", "id"), ("port", "port", "port"), ("key", "okey", "ikey"), ("key", "ikey", "okey")):
        if here.get(ours) != there.get(theirs):
            return f"{word} {short_number(here.get(ours, 'none'))}, there {short_number(there.get(theirs, 'none'))}"
    for ours, theirs in (("ocsum", "icsum"), ("icsum", "ocsum")):
        if bool(here.get(ours)) != bool(there.get(theirs)):
            return "with a checksum, there without" if here.get(ours) else "without a checksum, there with one"
    return ""


def _networks(beside: dict[int, set[int]]) -> list[list[int]]:
    """Ends that are all connected with each other as one network, others as networks of two."""
    found: list[list[int]] = []
    taken: set[int] = set()
    for one, others in beside.items():
        network = {one, *others}
        if one in taken:
            continue
        if len(network) > 2 and all({other, *beside[other]} == network for other in network):
            found.append(sorted(network))
            taken |= network
        else:
            found += [[one, other] for other in sorted(others) if one < other]
    return found


# -- wireguard -----------------------------------------------------------------------------------------------------------


def _join_by_keys(found: Joined, hosts: Sequence[Host], owned: Owned) -> None:
    """Add the wireguard links that are peers of each other, by their public keys; those of one host come first."""
    everywhere = links_by_key([netns for host in hosts for netns in host.namespaces])
    ends: list[End] = []
    seen: list[tuple[Host, Wg]] = []
    number: dict[tuple[int, str], int] = {}
    within = {id(host): links_by_key(host.namespaces) if len(hosts) > 1 else everywhere for host in hosts}
    for host in hosts:
        for netns in host.namespaces:
            records = {record.get("ifname"): record for record in netns.table("wg") or ()}
            for link in netns.links or ():
                record = records.get(link.get("ifname"))
                if kind(link) == "wireguard" and record is not None:
                    number[_name(netns, link)] = len(ends)
                    ends.append(End(netns, link, netns, frozenset(), (), False))
                    seen.append((host, record))
                elif kind(link) == "wireguard":
                    found.rest[_name(netns, link)] = "peers not captured"
    addresses = frozenset().union(*(owned(netns) for host in hosts for netns in host.namespaces)) if ends else frozenset()
    beside: dict[int, set[int]] = {}
    for at, (end, (host, record)) in enumerate(zip(ends, seen)):
        words = [] if record.get("peers") else ["no peers"]
        if not end.netns.covers("wg", dev=str(end.link.get("ifname"))):
            words = ["not all peers captured"]
        for peer in record.get("peers", ()):
            holders = within[id(host)].get(peer["peer"]) or everywhere.get(peer["peer"], [])
            others = [number.get((id(netns), str(theirs.get("ifname"))), at) for netns, theirs in holders]
            names = [_titled(ends[other], seen[other][0], host) for other in others[:_MOST]]
            if len(others) != 1 or others == [at]:
                where = f" at {peer['endpoint']}" if "endpoint" in peer else ""
                which = f"is {' or '.join(names)}?" if names else "not captured"
                words.append(f"peer {short_key(peer)}{where} {which}")
                continue
            (to, theirs), key = seen[others[0]], str(record.get("public_key"))
            back = within[id(to)].get(key) or everywhere.get(key, [])
            why = _parted(record, peer, theirs, addresses) if len(back) == 1 else "several links have the key of this one"
            if why == _NO_KEY and not ends[others[0]].netns.covers("wg", dev=str(theirs.get("ifname"))):
                why = "not all of its peers were captured"
            if why:
                words.append(f"peer {names[0]}: {why}")
            else:
                beside.setdefault(at, set()).add(others[0])
        found.rest[_name(end.netns, end.link)] = _some(words)
    found.networks.extend([ends[at] for at in network] for network in _networks(beside))


def _titled(end: End, of: Host, host: Host) -> str:
    return f"{end.link.get('ifname')} of {end.netns.title}" + (f" of {title(of)}" if of is not host else "")


def title(host: Host) -> str:
    """What a picture calls a host: its name, or where it was captured. ("(none)": the kernel's word where nobody named it.)"""
    return host.hostname if host.hostname not in (None, "(none)") else host.source


def _parted(record: Wg, peer: WgPeer, theirs: Wg, addresses: frozenset[str]) -> str:
    """Why a wireguard link and its peer cannot shake hands, as far as their settings tell; "" if nothing does.

    ``addresses``: those that were captured. An endpoint elsewhere may be a translated one, with another port.
    """
    back = peer_with_key(theirs, str(record.get("public_key")))
    if back is None:
        return _NO_KEY
    if ("preshared_key" in peer) != ("preshared_key" in back):
        return "only one of both has a preshared key"
    if "endpoint" not in peer and "endpoint" not in back:
        return "neither has an endpoint"
    for one, other in ((peer, theirs), (back, record)):
        address, _, port = one.get("endpoint", "").rpartition(":")
        listening = str(other.get("listening_port", port))
        if address.strip("[]") in addresses and port != listening:
            return f"endpoint port {port}, listening port {listening}"
    return ""
