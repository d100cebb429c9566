"""Ask whether a lab works: each pair and the outside is pinged, and where there is no answer, the way is walked for the cause."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any, NamedTuple

from netwrap import shell
from netwrap.errors import NetwrapError

from . import echo, state
from . import journal as records
from .commands import nat_name
from .file import HOST, Lab
from .things import wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .things import Things

# Without pairs in the file each namespace asks each other one, as long as they are so few.
_FEW = 8


class Result(NamedTuple):
    """Whether ``source`` reached ``address`` (of ``target``), whether it should, and what was found on the way if not."""

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
    """Try all that a lab's file wants to be tried. Raises NetwrapError where the lab is not up."""
    if records.load(lab.name) is None:
        raise NetwrapError(f"lab {lab.name} is not up")
    want = wanted(lab).things
    ways = _Ways(lab, want)
    there = {HOST, *state.named()}
    for key, apart in (("pairs", False), ("apart", True)):
        for source, target in lab.verify.get(key, _all_pairs(lab, want) if key == "pairs" else []):
            address, place = _address(lab, want, source, target)
            if address is None:
                yield Result(source, target, "", False, apart, (f"{target} has no address in the file",))
                continue
            complete = source in there and (place is None or place in there)
            reached = complete and _reaches(source, place, address, patient=not apart)
            why = () if reached or apart else tuple(ways.why(source, address))
            yield Result(source, target, address, reached, apart, why)
    for source, address in _outside(lab, want):
        if address is None:
            why = ("the host itself has no default route; name an address: outside = ...",)
            yield Result(source, "outside", "", False, False, why)
            continue
        reached = source in there and _reaches(source, None, address, patient=True)
        why = () if reached else tuple(ways.why(source, address, outside=True))
        yield Result(source, "outside", address, reached, False, why)


def _all_pairs(lab: Lab, want: Things) -> list[tuple[str, str]]:
    names = [name for name in lab.namespaces if any(key[:2] == ("address", name) for key in want)]
    if len(names) <= _FEW:
        return [(one, other) for one in names for other in names if one != other]
    return [(name, names[at - 1]) for at, name in enumerate(names)]


def _outside(lab: Lab, want: Things) -> list[tuple[str, str | None]]:
    """Which namespace asks which address outside: those whose addresses the NAT is for."""
    if not lab.nat or lab.verify.get("outside") is False:
        return []
    networks = [ipaddress.ip_network(source) for nat in lab.nat for source in nat["sources"]]
    addresses: list[str | None] = list(lab.verify.get("outside", [])) or [state.outside_gateway()]
    behind = [
        name for name in lab.namespaces
        if any(ipaddress.ip_interface(key[3]).ip in net for key in want if key[:2] == ("address", name) for net in networks)
        and name not in {nat["netns"] for nat in lab.nat}
    ]  # fmt: skip
    return [(name, address) for name in behind for address in addresses]


def _address(lab: Lab, want: Things, source: str, target: str) -> tuple[str | None, str | None]:
    """The address that stands for a target, and its namespace: one of a network that the source is in, else the first."""
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
        return echo.udp_echo(source, place, address)
    return echo.tcp_answer(source, address)


# -- the way, hop by hop --------------------------------------------------------------------------------------------


class _Ways:
    """Walks from a namespace to an address, as the kernel would forward it, and collects what is in the way."""

    def __init__(self, lab: Lab, want: Things) -> None:
        self.lab = lab
        self.want = want
        self.read: state.Reader | None = None

    def why(self, source: str, address: str, *, outside: bool = False) -> list[str]:
        if self.read is None:
            there = set(state.named())
            self.read = state.Reader(state.ask([HOST, *(name for name in self.lab.namespaces if name in there)], six=False))
        found: list[str] = []
        walked = self.walk(source, address, found, "")
        if walked and not found and not outside:
            back = self.source_address(source, address)
            if back is not None:
                self.walk(walked, back, found, "on the way back: ")
        if outside:
            self.nat(found)
        if not found:
            for name in (source, *([walked] if walked else [HOST] if outside else [])):
                self.firewall(name, found)
        return list(dict.fromkeys(found)) or ["no answer, and nothing on the way says why"]

    def walk(self, source: str, address: str, found: list[str], say: str) -> str | None:
        """Where the address was met, or None where the way ends before (or leaves the lab)."""
        assert self.read is not None
        place, came_in = source, ""
        sender = None
        for _hop in range(16):
            if place not in self.read.records:
                found.append(f"{say}namespace {place} does not exist")
                return None
            words = ["ip", "-j", "route", "get", address]
            if came_in:
                if not self.forwards(place, came_in, ":" in address):
                    found.append(f"{say}forwarding is off in {place} (sysctl {_forwarding(address)})")
                    return None
                words += ["from", str(sender), "iif", came_in]
            result = shell.run(words, netns=None if place == HOST else place, check=False)
            rows = _rows(result)
            if not rows:
                self.no_route(place, address, result.stderr, found, say)
                return None
            row = rows[0]
            if row.get("type") == "local" or row.get("dev") == "lo":
                return place
            sender = sender or row.get("prefsrc")
            link_trouble = self.link(place, row["dev"], found, say)
            hop = row.get("gateway", address)
            owners = self.owners(hop)
            if owners:
                link_trouble = self.link(*owners[0], found, say) or link_trouble
            self.neighbour(place, row["dev"], hop, owners, found, say)
            if link_trouble or not owners:
                return None
            place, came_in = owners[0]
            if any(name == place for name, _dev in self.owners(address)):
                return place
        found.append(f"{say}the way goes round in a circle")
        return None

    def source_address(self, source: str, address: str) -> str | None:
        words = ["ip", "-j", "route", "get", address]
        result = shell.run(words, netns=None if source == HOST else source, check=False)
        rows = _rows(result)
        return rows[0].get("prefsrc") if rows else None

    def owners(self, address: str) -> list[tuple[str, str]]:
        """Namespace and link of those that have an address now."""
        assert self.read is not None
        return [
            (place, link["ifname"]) for place, said in self.read.answers.items() for link in said.addresses
            for row in link.get("addr_info", []) if row.get("local") == address
        ]  # fmt: skip

    def forwards(self, place: str, dev: str, six: bool) -> bool:
        words = ["ip", "-6" if six else "-4", "-j", "netconf", "show"]
        rows = _rows(shell.run(words, netns=None if place == HOST else place, check=False))
        return all(row.get("forwarding", True) for row in rows if row.get("interface") == dev)

    def no_route(self, place: str, address: str, stderr: str, found: list[str], say: str) -> None:
        assert self.read is not None
        said = stderr.strip().rpartition("\n")[2].replace("RTNETLINK answers: ", "").replace("Error: ", "")
        for key in self.want:  # routes go with their addresses, and addresses with their links
            if key[0] == "link" and key[1] == place:
                record = self.read.records[place].get(key[2])
                if record is None:
                    found.append(f"{say}{place} has no link {key[2]}")
                elif "UP" not in record["flags"]:
                    found.append(f"{say}{key[2]} in {place} is down")
            if key[0] == "address" and key[1] == place and (place, key[2]) not in self.owners(key[3].partition("/")[0]):
                found.append(f"{say}{key[2]} in {place} does not have its address {key[3]}")
        found.append(f"{say}{place} has no route to {address} ({said})")

    def link(self, place: str, dev: str, found: list[str], say: str) -> bool:
        """What is wrong with a link, its other end, and the bridge it is plugged into."""
        assert self.read is not None
        before = len(found)
        record = self.read.records[place].get(dev)
        if record is None:
            return False
        if "UP" not in record["flags"]:
            found.append(f"{say}{dev} in {place} is down")
        peer = self.read.peer(place, record) if record.get("linkinfo", {}).get("info_kind") == "veth" else None
        if peer is not None:
            other = self.read.records[peer[0]][peer[1]]
            wanted_peer = self.want.get(("link", place, dev), {}).get("peer")
            if wanted_peer not in (None, peer):
                found.append(f"{say}{dev} in {place} leads to {':'.join(peer)}, not to {':'.join(wanted_peer)}")
            if "UP" not in other["flags"]:
                found.append(f"{say}{peer[1]} in {peer[0]}, the other end of {dev} in {place}, is down")
            self.master(peer[0], peer[1], other, found, say)
        for name in [dev] if record.get("linkinfo", {}).get("info_kind") == "bridge" else []:
            for port, row in self.read.records[place].items():
                if row.get("master") == name and "UP" not in row["flags"]:
                    found.append(f"{say}{port} in {place}, a port of {name}, is down")
        if "LOWER_UP" not in record["flags"] and len(found) == before:
            found.append(f"{say}{dev} in {place} has no carrier")
        return len(found) > before

    def master(self, place: str, dev: str, record: dict[str, Any], found: list[str], say: str) -> None:
        assert self.read is not None
        want = self.want.get(("link", place, dev), {}).get("master")
        have = record.get("master")
        port = record.get("linkinfo", {}).get("info_slave_data", {}).get("state")
        if port in ("listening", "learning", "blocking"):
            found.append(f"{say}{dev} in {place} does not forward: its port is {port} (STP)")
        if want and have != want:
            found.append(f"{say}{dev} in {place} is not plugged into {want}")
        if have and "UP" not in self.read.records[place].get(have, {}).get("flags", ["UP"]):
            found.append(f"{say}{have} in {place} is down")

    def neighbour(self, place: str, dev: str, hop: str, owners: list[tuple[str, str]], found: list[str], say: str) -> None:
        assert self.read is not None
        if not owners:
            declared = next((key for key in self.want if key[0] == "address" and key[3].partition("/")[0] == hop), None)
            if declared is not None:
                found.append(f"{say}{declared[2]} in {declared[1]} does not have its address {declared[3]}")
        result = shell.run(["ip", "-j", "neigh", "show", hop, "dev", dev], netns=None if place == HOST else place, check=False)
        rows = _rows(result)
        for row in rows:
            if "PERMANENT" in row.get("state", []) and owners:
                real = {self.read.records[name][link].get("address") for name, link in owners}
                if row.get("lladdr") not in real:
                    found.append(f"{say}{place} has a fixed entry for {hop} with a MAC that is not its own, {row.get('lladdr')}")
            elif not found and ("FAILED" in row.get("state", []) or "INCOMPLETE" in row.get("state", [])):
                found.append(f"{say}nobody answers for {hop} on {dev} in {place}" + (" (ARP)" if ":" not in hop else ""))

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

    def firewall(self, place: str, found: list[str]) -> None:
        netns = None if place == HOST else place
        for words in (["nft", "list", "ruleset"], ["iptables", "-w", "-S"]):
            if shell.find(words[0]):
                said = shell.run(words, netns=netns, check=False).stdout
                if re.search(r"\b(drop|reject)\b", said) or re.search(r"-P \S+ DROP|-j (DROP|REJECT)", said):
                    found.append(f"nothing on the way says why, but {place} has rules that drop packets ({' '.join(words)})")
                    return


def _rows(result: shell.Result) -> list[Any]:
    """The records of an answer in JSON; none where there is no answer."""
    try:
        return list(json.loads(result.stdout or "[]")) if result.status == 0 else []
    except ValueError:
        return []


def _forwarding(address: str) -> str:
    return "net.ipv6.conf.all.forwarding" if ":" in address else "net.ipv4.ip_forward"
