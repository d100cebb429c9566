"""The tunnels of hosts of which more than one end was captured: which ends are connected, by their remotes or their group.

Two ends are connected where each sends its packets to an address of the namespace that the packets of the other leave from, and
kind, number, port and keys agree. Where several ends could be meant, none is taken: nothing here is a guess.
"""

from __future__ import annotations

from parsers.tuples import NamedTuple

from .layer2 import Wires
from .links import TUNNELS, data, kind
from .segment import Outer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from parsers.records import Link

    from ..model.host import Host
    from ..model.namespace import Namespace


#: Tunnels that take packets to any address of their namespace; the others only those to their own.
_OF_ANY_ADDRESS = ("vxlan", "geneve")


class End(NamedTuple):
    """An end of a tunnel; ``remotes``: all addresses that it sends to, ``flooded``: those that it sends a broadcast to."""

    netns: Namespace
    link: Link
    under: Namespace
    remotes: frozenset[str]
    flooded: tuple[str, ...]
    open: bool  # more members of its group may be where nothing was captured

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

    ``rest``: for each of these ends, by the identity of its namespace and its name, the addresses that it sends to beside.
    """

    networks: list[list[End]]
    rest: dict[tuple[int, str], list[str]]


def joined(hosts: Sequence[Host]) -> Joined:
    """Find the tunnels of which two or more ends were captured: within each host, then between those ends that are left."""
    found = Joined([], {})
    owned: dict[int, frozenset[str]] = {}
    alike: list[dict[tuple[Any, ...], list[tuple[Namespace, Link]]]] = [{} for _ in hosts]
    number: dict[tuple[Any, ...], int] = {}
    for host, places in zip(hosts, alike):
        for netns in host.namespaces:
            for link in netns.links or ():
                what = kind(link)
                if what in TUNNELS and not data(link).get("external"):
                    key = (what, data(link).get("id"), data(link).get("port"))
                    places.setdefault(key, []).append((netns, link))
                    number[key] = number.get(key, 0) + 1
    left: dict[tuple[Any, ...], list[End]] = {}
    for host, places in zip(hosts, alike):
        wires = Wires(host, lambda *_: Outer())  # the ground of a tunnel within a tunnel is not followed
        for key, links in places.items():
            ends = [end for netns, link in links for end in _end(wires, netns, link)] if number[key] > 1 else []
            left.setdefault(key, []).extend(_join(found, ends, owned, [host]))
    for ends in left.values() if len(hosts) > 1 else ():
        _join(found, ends, owned, hosts)
    return found


def _join(found: Joined, ends: list[End], owned: dict[int, frozenset[str]], hosts: Sequence[Host]) -> list[End]:
    """Add the tunnels between some ends to those that were found; return the ends that are not connected."""
    for end in ends:
        if id(end.under) not in owned:
            owned[id(end.under)] = _addresses(end.under)
    beside = _connected(ends, owned)
    everywhere: frozenset[str] = frozenset()
    for at, others in beside.items():
        end, known = ends[at], frozenset(one for other in others for one in owned[id(ends[other].under)])
        if end.group:  # its members were captured; those that are not connected have another number
            everywhere = everywhere or frozenset().union(*(_addresses(netns) for host in hosts for netns in host.namespaces))
            known = everywhere
        rest = [address for address in end.flooded if address not in known]
        found.rest[id(end.netns), str(end.link.get("ifname"))] = [*rest, *([end.group] if end.open else [])]
    found.networks.extend([ends[at] for at in network] for network in _networks(beside))
    return [end for at, end in enumerate(ends) if at not in beside]


def _end(wires: Wires, netns: Namespace, link: Link) -> list[End]:
    under = wires.tunnels.underlay(netns, link)
    flooded = wires.tunnels.remotes(netns, link)
    name = link.get("ifname")
    learned = [str(row["dst"]) for row in netns.fdb or () if row.get("ifname") == name and "dst" in row]
    if under is None or not flooded and not learned:
        return []
    of_group = bool(data(link).get("group") or data(link).get("group6"))
    is_open = of_group and bool(wires.segment(under, str(data(link).get("link"))).unknown)
    return [End(netns, link, under, frozenset((*flooded, *learned)), tuple(flooded), is_open)]


def _addresses(netns: Namespace) -> frozenset[str]:
    return frozenset(
        str(row["local"]) for link in netns.links or () for row in netns.addresses_of(link.get("ifname")) if "local" in row
    )


def _connected(ends: list[End], owned: dict[int, frozenset[str]]) -> dict[int, set[int]]:
    """For each end that is connected, the ends at the other side; both by their position."""
    at: dict[str, list[int]] = {}
    for number, end in enumerate(ends):
        for address in owned[id(end.under)]:
            at.setdefault(address, []).append(number)
    sources = [owned[id(end.under)] if end.local is None else {end.local} for end in ends]
    ways: list[set[int]] = []
    for number, end in enumerate(ends):
        found: set[int] = set()
        for remote in end.remotes:
            fit = [other for other in at.get(remote, ()) if other != number and _takes(ends[other], end, remote)
                   and not sources[number].isdisjoint(ends[other].remotes)]  # fmt: skip
            if len(fit) == 1:
                found.add(fit[0])
        ways.append(found)
    both = {one: {other for other in found if one in ways[other]} for one, found in enumerate(ways)}
    return {one: found for one, found in both.items() if found}


def _takes(end: End, sender: End, address: str) -> bool:
    """Whether an end takes the packets that another sends to an address of its namespace."""
    ours, theirs = data(end.link), data(sender.link)
    if (ours.get("ikey"), bool(ours.get("icsum"))) != (theirs.get("okey"), bool(theirs.get("ocsum"))):
        return False
    return end.local in (None, address)


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
