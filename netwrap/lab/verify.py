"""Verify that a lab works: ping each pair and the outside; if there is no answer, follow the packet to find the cause."""

from __future__ import annotations

import ipaddress
import threading
from typing import Any, NamedTuple

from netwrap import shell
from netwrap.errors import NetwrapError

from . import journal as records
from . import reach, state
from .commands import nat_name
from .objects import wanted
from .references import Lab
from .schema import HOST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from netwrap.answers.walk.walker import Walker
    from netwrap.answers.walk.way import Ended
    from netwrap.model.host import Host
    from netwrap.model.namespace import Namespace

    from .objects import Objects

# Without pairs in the file, each namespace pings each other one, up to this number of namespaces.
_FEW = 8
# So many pairs are tried side by side: a pair that is not reached takes two seconds.
_AT_ONCE = 16


class Result(NamedTuple):
    """Whether ``source`` reached ``address`` (of ``target``), whether it should, and the cause if it did not."""

    source: str
    target: str
    address: str
    reached: bool
    apart: bool = False
    why: tuple[str, ...] = ()

    @property
    def as_wanted(self) -> bool:
        return self.reached != self.apart

    def __str__(self) -> str:
        where = f"{self.source} -> {self.target}" + (f" ({self.address})" if self.address and self.address != self.target else "")
        if self.apart and self.reached:
            return f"FAIL  {where}: is reached, and should not be"
        if self.apart:
            return f"ok    {where}: not reached, as it should be"
        return f"ok    {where}" if self.reached else f"FAIL  {where}: {'; '.join(self.why)}"


def verify(lab: Lab) -> Iterator[Result]:
    """Try everything that a lab's file asks for. Raises NetwrapError if the lab is not up."""
    if records.load(lab.name) is None:
        raise NetwrapError(f"lab {lab.name} is not up")
    want = wanted(lab).objects
    ways = _Ways(lab, want)
    there = {HOST, *state.named()}
    tries = [
        _Try(source, target, *_address(lab, want, source, target), apart)
        for key, apart in (("pairs", False), ("apart", True))
        for source, target in lab.verify.get(key, [] if apart else _all_pairs(lab, want))
    ]
    inside = len(tries)
    tries += [_Try(source, "outside", address, None, False) for source, address in _outside(lab, want)]
    for number, reached in enumerate(_reached(tries, there)):
        source, target, address, _place, apart = tries[number]
        if address is None:
            why = (
                "the host itself has no default route; name an address: outside = ..."
                if number >= inside
                else f"{target} has no address in the file"
            )
            yield Result(source, target, "", False, apart, (why,))
        else:
            found = () if reached or apart else tuple(ways.why(source, address, outside=number >= inside))
            yield Result(source, target, address, reached, apart, found)


class _Try(NamedTuple):
    """A pair to try: the address to reach, and its namespace as far as the file names it."""

    source: str
    target: str
    address: str | None
    place: str | None
    apart: bool


def _reached(tries: Sequence[_Try], there: set[str]) -> Iterator[bool]:
    """Whether each pair is reached, tried side by side, in order; commands are shown (`--show-commands`) one after the other."""
    done: dict[int, bool | Exception] = {}

    def work(number: int) -> None:
        source, _target, address, place, apart = tries[number]
        complete = address is not None and source in there and (place is None or place in there)
        try:
            done[number] = complete and _reaches(source, place, address or "", patient=not apart)
        except Exception as error:
            done[number] = error

    at_once = _AT_ONCE if shell.announce is None else 1
    for first in range(0, len(tries), at_once):
        numbers = range(first, min(first + at_once, len(tries)))
        threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in numbers]
        for thread in threads:
            thread.start()
        for number, thread in zip(numbers, threads):
            thread.join()
            found = done[number]
            if isinstance(found, Exception):
                raise found
            yield found


def _all_pairs(lab: Lab, want: Objects) -> list[tuple[str, str]]:
    names = [name for name in lab.namespaces if any(key[:2] == ("address", name) for key in want)]
    if len(names) <= _FEW:
        return [(one, other) for one in names for other in names if one != other]
    return [(name, names[at - 1]) for at, name in enumerate(names)]


def _outside(lab: Lab, want: Objects) -> list[tuple[str, str | None]]:
    """The pairs of a namespace and an address outside: the namespaces of the NAT; without NAT all, if the file asks."""
    if lab.verify.get("outside") is False or not lab.nat and "outside" not in lab.verify:
        return []
    networks = [ipaddress.ip_network(source) for nat in lab.nat for source in nat["sources"]]
    addresses: list[str | None] = list(lab.verify.get("outside", [])) or [state.outside_gateway()]
    behind = [
        name for name in lab.namespaces
        if not lab.nat and any(key[:2] == ("address", name) for key in want)
        or any(ipaddress.ip_interface(key[3]).ip in net for key in want if key[:2] == ("address", name) for net in networks)
        and name not in {nat["netns"] for nat in lab.nat}
    ]  # fmt: skip
    return [(name, address) for name in behind for address in addresses]


def _address(lab: Lab, want: Objects, source: str, target: str) -> tuple[str | None, str | None]:
    """The address to ping for a target, and its namespace: an address in a network of the source, otherwise the first."""
    if target in lab.bridges:
        place, dev = lab.bridges[target]["netns"], lab.bridges[target]["dev"]
        rows = [key[3] for key in want if key[:3] == ("address", place, dev)]
    elif target in lab.namespaces or target == HOST:
        place = target
        rows = [key[3] for key in want if key[:2] == ("address", place)]
    else:
        return target, next((key[1] for key in want if key[0] == "address" and key[3].partition("/")[0] == target), None)
    near = [ipaddress.ip_interface(key[3]).network for key in want if key[:2] == ("address", source)]
    rows.sort(key=lambda row: ipaddress.ip_interface(row).network not in near)
    return (rows[0].partition("/")[0] if rows else None), place


def _reaches(source: str, place: str | None, address: str, *, patient: bool) -> bool:
    netns = None if source == HOST else source
    if shell.find("ping"):
        words = ["ping", *(["-6"] if ":" in address else []), "-c", "1", "-W", "1", address]
        return any(shell.run(words, netns=netns, check=False).status == 0 for _attempt in range(2 if patient else 1))
    if place is not None:
        return reach.udp_echo(source, place, address)
    return reach.tcp_answer(source, address)


def _place(netns: Namespace) -> str:
    """The name of a namespace in a lab's file."""
    return HOST if netns.here else netns.title


# -- the way ---------------------------------------------------------------------------------------------------------


class _Ways:
    """Follow packets as `netwrap trace` does, and find objects of the file that are missing on the way."""

    def __init__(self, lab: Lab, want: Objects) -> None:
        self.lab = lab
        self.want = want
        self.host: Host | None = None
        self.walker: Walker | None = None

    def why(self, source: str, address: str, *, outside: bool = False) -> list[str]:
        """The obstacles on the way of a packet and its answer."""
        from netwrap.answers import trace

        there = set(state.named())
        if source != HOST and source not in there:
            return [f"namespace {source} does not exist"]
        if self.host is None or self.walker is None:
            from netwrap.answers.walk.walker import Walker
            from netwrap.sources import opening

            self.host = opening.live()
            self.walker = Walker(self.host, mends=False)  # for all pairs; nobody reads the mends
        asked = trace.Asked(self.host.find("" if source == HOST else source), address)
        found = trace.trace(self.host, asked, self.walker)
        end = found.result.end
        said: list[str] = []
        if outside:
            self.nat(said)
            if said:
                return said
        if found.verdict not in ("reached", "leaves"):
            back = "on the way back: " if found.direction == "back" else ""
            missing = self.missing(end)
            said += [back + one for one in (missing if missing else [end.what or trace.summary(found)])]
        elif found.verdict == "leaves":
            said += list(found.notes)
        said += [f"namespace {name} does not exist" for name in self.lab.namespaces if name not in there]
        return list(dict.fromkeys(said)) or ["no answer, and nothing on the way says why"]

    def missing(self, end: Ended) -> list[str]:
        """The objects of the file that are missing on the way to where a packet ends: links, addresses, other ends, masters."""
        assert self.host is not None
        found: list[str] = []
        links = self.links(end)
        whole = _place(end.netns) if end.reason in ("no-route", "no-source", "no-carrier", "link-down") else None
        names = {_place(netns): netns for netns in self.host.namespaces}
        for key, value in self.want.items():
            netns = names.get(key[1])
            if netns is None or key[1] != whole and key[1:3] not in links:
                continue
            if key[0] == "link":
                self.link(netns, key, value, found)
            elif key[0] == "address" and netns.link(key[2]) is not None and (":" in key[3]) == (end.way.packet.family == "inet6"):
                rows = {row.get("local") for row in netns.addresses_of(key[2])}
                if key[3].partition("/")[0] not in rows:
                    found.append(f"{key[2]} in {key[1]} does not have its address {key[3]}")
        return found

    def links(self, end: Ended) -> set[tuple[str, ...]]:
        """The links (namespace, name) that a packet passed, and those of the file from where it was last to its next hop."""
        passed: set[tuple[str, ...]] = {(_place(hop.netns), str(dev)) for hop in end.way.hops for dev in (hop.came, hop.left)}
        last = end.way.hops[-1]
        route = next((step.evidence for step in reversed(last.steps) if step.stage == "route"), None) or {}
        nexthop = str(route.get("gateway") or end.way.packet.destination)
        beside: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for key, value in self.want.items():
            others = [value.get("peer"), (key[1], value.get("master")), (key[1], value.get("parent"))] if key[0] == "link" else []
            for other in [tuple(one) for one in others if one and one[1]]:
                beside.setdefault(key[1:], []).append(other)
                beside.setdefault(other, []).append(key[1:])
        owners = {key[1:3] for key in self.want if key[0] == "address" and key[3].partition("/")[0] == nexthop}
        ways = [[key[1:]] for key in self.want if key[:2] == ("link", _place(last.netns))]
        seen = {way[0] for way in ways}
        for way in ways:  # the shortest first
            if way[-1] in owners:
                return passed.union(way)
            for other in beside.get(way[-1], ()):
                if other not in seen:
                    seen.add(other)
                    ways.append([*way, other])
        return passed

    def link(self, netns: Namespace, key: tuple[str, ...], value: dict[str, Any], found: list[str]) -> None:
        """The fault of a link of the file: it is missing, leads elsewhere, or is not in its bridge."""
        assert self.host is not None
        record = netns.link(key[2])
        if record is None:
            found.append(f"{key[1]} has no link {key[2]}")
            return
        if value.get("master") and record.get("master") != value["master"]:
            found.append(f"{key[2]} in {key[1]} is not plugged into {value['master']}")
        peer = self.host.peer(netns, record)
        if value.get("peer") and peer is not None and peer.netns is not None and peer.link is not None:
            at = (HOST if peer.netns.here else peer.netns.title, peer.link.get("ifname"))
            if tuple(value["peer"]) != at:
                found.append(f"{key[2]} in {key[1]} leads to {at[0]}:{at[1]}, not to {':'.join(value['peer'])}")

    def nat(self, found: list[str]) -> None:
        journal = records.load(self.lab.name)
        for place in dict.fromkeys(nat["netns"] for nat in self.lab.nat):
            netns = None if place == HOST else place
            made = journal.made.get(("nat", place)) if journal is not None else None
            tool = (made or {}).get("tool", "nft")
            words = ["nft", "list", "tables"] if tool == "nft" else ["iptables", "-w", "-t", "nat", "-S"]
            said = shell.run(words, netns=netns, check=False).stdout if shell.find(tool) else ""
            if journal is None or made is None or nat_name(journal, tool) not in said:
                found.append(f"the lab's NAT is not there in {place}")
