"""What only several hosts together show: an address on two of them, tunnel ends that disagree, neighbours at another one's MAC.

Each host tells its facts by itself, where it is read; the facts are small, and outlive the tables of the host. Findings are made
of the facts of all hosts in the end.
"""

from __future__ import annotations

from parsers.tuples import NamedTuple

from ...prefixes import contains, network
from ..links import machine, state
from . import Finding, data, is_one_links, is_real, kind
from .addresses import on_segment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TypeVar, Union

    from parsers.records import AddrInfo, Link, Record

    from ...model.namespace import Namespace
    from . import Check, Look


class Machine(NamedTuple):
    """The machine that a host is, by :func:`netwrap.answers.links.machine`."""

    name: str
    quote: Record | None = None


class Address(NamedTuple):
    """An address that other hosts reach: on an uplink (``vni`` None), or in a segment that a VXLAN carries to other hosts.

    ``way``: the network of the tunnel's own address. ``up``: whether the link works. ``quote``: the line that shows it.
    """

    netns: str
    dev: str
    local: str
    prefixlen: int | None
    mac: str
    up: bool
    vni: int | None
    way: str
    quote: Record | None


class Tunnel(NamedTuple):
    """An end of a VXLAN."""

    netns: str
    dev: str
    vni: int
    port: int
    quote: Record | None


class Owner(NamedTuple):
    """An address of a tunnel's link, and the MAC it answers with."""

    netns: str
    dev: str
    local: str
    mac: str
    quote: Record | None


class Neighbour(NamedTuple):
    """A neighbour entry on a tunnel's link for an address that nobody on the same host has."""

    netns: str
    dev: str
    dst: str
    mac: str
    is_permanent: bool
    mend: str  # of the entry, up to the MAC that it should have
    quote: Record | None


if TYPE_CHECKING:
    Comparable = Union[Address, Tunnel, Owner, Neighbour]
    Fact = Union[Machine, Comparable]
    F = TypeVar("F", bound=Comparable)


def facts(look: Look) -> list[Fact]:
    """What a host tells about itself that other hosts may contradict."""
    name = machine(look.host)
    return [*((Machine(name),) if name else ()), *_uplinks(look), *_tunnels(look), *_neighbours(look)]


def _uplinks(look: Look) -> Iterator[Fact]:
    for netns in look.namespaces:
        for link in (netns.addresses or ()) if netns.here else ():
            record = netns.link(str(link.get("ifname"))) or link
            # a part of a pasted table may have addresses without their link: `ip a | grep inet`
            if kind(record) in ("", None, "bond", "vlan") and link.get("ifname", "lo") != "lo":
                for entry in link.get("addr_info", ()):
                    if is_real(entry) and entry.get("prefixlen") not in (32, 128):
                        yield _address(look, netns, record, entry, None, "")


def _address(look: Look, netns: Namespace, link: Link, entry: AddrInfo, vni: int | None, way: str) -> Address:
    return Address(netns.title, str(link["ifname"]), str(entry["local"]), entry.get("prefixlen"), str(link.get("address")),
                   state(link) != "down", vni, way, look.quote(netns, entry))  # fmt: skip


def _tunnels(look: Look) -> Iterator[Fact]:
    for netns, link in look.links():
        dev = str(link["ifname"])
        is_tunnel = kind(link) == "vxlan"
        if is_tunnel or dev.startswith(("flannel.", "vxlan")):
            mac = link.get("address")
            for entry in netns.addresses_of(dev) if mac else ():
                if is_real(entry):
                    yield Owner(netns.title, dev, str(entry["local"]), str(mac), look.quote(netns, link))
        own = data(link)
        if is_tunnel and isinstance(own.get("id"), int):
            if isinstance(own.get("port"), int):
                yield Tunnel(netns.title, dev, own["id"], own["port"], look.quote(netns, link))
            way = _way(look, str(own.get("local")))
            if way:
                yield from _carried(look, netns, link, own["id"], way)


def _way(look: Look, local: str) -> str:
    """The network that a tunnel's packets leave into; "" where that is not known."""
    entries = [entry for _, _, entry in look.entries() if entry.get("local") == local and entry.get("prefixlen") is not None]
    found = network(f"{local}/{entries[0]['prefixlen']}") if entries else None
    return str(found) if found is not None and found.prefixlen < found.max_prefixlen else ""


def _carried(look: Look, netns: Namespace, tunnel: Link, vni: int, way: str) -> Iterator[Fact]:
    """The addresses in the segment that a VXLAN belongs to; none where VLANs tell several VXLANs of one bridge apart."""
    master = str(tunnel.get("master") or "")
    bridge = netns.link(master) if master else None
    if bridge is None or data(bridge).get("vlan_filtering") or len([1 for it in netns.ports(master) if kind(it) == "vxlan"]) > 1:
        return
    own = [(netns, bridge, entry) for entry in netns.addresses_of(master) if is_real(entry)]
    for there, link, entry in [*own, *on_segment(look, netns, master)]:
        if entry.get("prefixlen") not in (32, 128):
            yield _address(look, there, there.link(str(link["ifname"])) or link, entry, vni, way)


def _neighbours(look: Look) -> Iterator[Fact]:
    for netns in look.namespaces:
        for neigh in netns.neighs or ():
            mac, dev, states = neigh.get("lladdr"), str(neigh.get("dev")), set(neigh.get("state", ()))
            own = netns.link(dev)
            if not dev.startswith(("flannel.", "vxlan")) and (own is None or kind(own) != "vxlan"):
                continue
            if mac is None or not is_one_links(mac) or states & {"FAILED", "NOARP"}:
                continue
            dst = str(neigh.get("dst"))
            if next(look.having(netns, dev, dst), None) is None:
                fixed = "PERMANENT" in states
                mend = f"ip neigh replace {dst} dev {dev} nud permanent lladdr " if fixed else f"ip neigh del {dst} dev {dev}"
                yield Neighbour(netns.title, dev, dst, mac, fixed, look.inside(netns, mend), look.quote(netns, neigh))


class Between:
    """The facts of all hosts: add those of one after the other, and ask for the findings.

    Captures of one machine are states of it: they are not compared with each other.
    """

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._machines: dict[str, str] = {}
        self._addresses: dict[tuple[str, int | None], list[tuple[str, Address]]] = {}
        self._tunnels: dict[int, list[tuple[str, Tunnel]]] = {}
        self._owners: dict[tuple[str, str], list[tuple[str, Owner]]] = {}
        self._neighbours: dict[tuple[str, str], list[tuple[str, Neighbour]]] = {}

    def add(self, host: str, told: Iterable[Fact]) -> None:
        """Add the facts of a host. What agrees with those of the hosts before is not kept."""
        for fact in told:
            if isinstance(fact, Machine):
                self._machines[host] = fact.name
            elif isinstance(fact, Address):
                self._addresses.setdefault((fact.local, fact.vni), []).append((host, fact))
            elif isinstance(fact, Tunnel):
                self._tunnels.setdefault(fact.vni, []).append((host, fact))
            elif isinstance(fact, Owner):
                place = (fact.dev, fact.local)
                self._owners.setdefault(place, []).append((host, fact))
                if place in self._neighbours:
                    self._neighbours[place] = [one for one in self._neighbours[place] if one[1].mac != fact.mac]
            elif isinstance(fact, Neighbour):
                place = (fact.dev, fact.dst)
                if all(owner.mac != fact.mac for _, owner in self._owners.get(place, ())):
                    self._neighbours.setdefault(place, []).append((host, fact))

    def findings(self) -> Iterator[Finding]:
        """The findings of the checks that were asked for."""
        for check, found in (("A02", self._twice()), ("B08", self._ends()), ("H01", self._elsewhere())):
            if check in self._checks:
                yield from found

    def states(self) -> list[list[str]]:
        """For each machine of which there are several states, their names."""
        found: dict[str, list[str]] = {}
        for host, name in self._machines.items():
            found.setdefault(name, []).append(host)
        return [hosts for hosts in found.values() if hosts[1:]]

    def _others(self, host: str, found: Iterable[tuple[str, F]]) -> Iterator[tuple[str, F]]:
        """The facts of other machines, of the first state of each."""
        own = self._machines.get(host, host)
        firsts: dict[str, str] = {}
        for name, fact in found:
            other = self._machines.get(name, name)
            if other != own and firsts.setdefault(other, name) == name:
                yield name, fact

    def _finding(
        self, check: str, host: str, fact: Comparable, what: str, other: Comparable, mend: str = "", severity: str = ""
    ) -> Finding:  # fmt: skip
        one = self._checks[check]
        quotes = tuple(quote for quote in (fact.quote, other.quote) if quote is not None)
        return Finding(one.id, severity or one.severity, host, fact.netns, fact.dev, what, one.why, quotes, (mend,) * bool(mend))

    def _twice(self) -> Iterator[Finding]:
        for (local, vni), found in self._addresses.items():
            for host, fact in found if found[1:] else ():
                others = list(self._others(host, (one for one in found if _collide(fact, one[1]))))
                if not fact.up or not others:
                    continue
                name, other = others[0]
                more = f" and {len(others) - 1} more" if others[1:] else ""
                place = f"{host} {fact.netns}" if vni is not None else host
                there = f"{name} {other.netns}" if vni is not None else name
                what = f"{local} is on {fact.dev} of {place} and on {other.dev} of {there}{more}"
                yield self._finding("A02", host, fact, what + (f" (VNI {vni})" if vni is not None else ""), other)

    def _ends(self) -> Iterator[Finding]:
        for vni, found in self._tunnels.items():
            by_port: dict[int, list[tuple[str, Tunnel]]] = {}
            for host, end in found:
                by_port.setdefault(end.port, []).append((host, end))
            usual = max(by_port.values(), key=lambda ends: (len(ends), max(host for host, _ in ends)))
            for port, ends in by_port.items():
                for host, end in ends if ends is not usual else ():
                    others = list(self._others(host, usual))
                    if others:
                        name, other = others[0]
                        more = f" and {len(others) - 1} more use {other.port}" if others[1:] else f" uses {other.port}"
                        what = f"{end.dev} (VNI {vni}) uses UDP port {port}, {other.dev} of {name}{more}"
                        yield self._finding("B08", host, end, what, other)

    def _elsewhere(self) -> Iterator[Finding]:
        for place, found in self._neighbours.items():
            for host, entry in found:
                for name, owner in self._others(host, self._owners.get(place, ())):
                    kept = "a permanent entry " if entry.is_permanent else ""
                    what = f"{host} has {kept}{entry.dst} at {entry.mac}; its owner {name} has {owner.mac}"
                    mend = entry.mend + (owner.mac if entry.is_permanent else "")
                    yield self._finding("H01", host, entry, what, owner, mend, "error" if entry.is_permanent else "")


def _collide(one: Address, other: Address) -> bool:
    """Whether two hosts' links with one address get into each other's way. A gateway that all hosts have has one MAC on all."""
    if one.vni is None:
        return one.prefixlen == other.prefixlen
    return one.mac != other.mac and (
        contains(network(one.way), network(other.way)) or contains(network(other.way), network(one.way))
    )
