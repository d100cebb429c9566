"""Compare the paths of real packets in a random host with those that `trace` finds in a capture of it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import hosts
from private_host import PrivateHost

from netwrap.answers import trace
from netwrap.answers.links import kind
from netwrap.answers.walk.walker import Walker
from netwrap.answers.walk.way import Ended
from netwrap.model.host import Host
from netwrap.sources import opening

PROTOCOLS = ("icmp", "udp", "tcp")
_PROBER = str(Path(__file__).with_name("prober.py"))


class Compared(NamedTuple):
    """One pair in one protocol: the answer of `trace`, and the fate of the packet."""

    start: str
    address: str
    proto: str
    said: trace.Trace
    came: bool
    there: tuple[str, ...]  # the namespaces that received the question
    back: tuple[str, ...]  # and the answer

    @property
    def kind(self) -> str:
        """The result: ``undecided``, ``right``, ``wrong reached``, ``wrong``, or ``wrong way`` (wrong namespaces only)."""
        if self.said.verdict in ("undecided", "depends"):
            return "undecided"
        if (self.said.verdict == "reached") == self.came:
            return "right" if self.right_way else "wrong way"
        return "wrong reached" if self.said.verdict == "reached" else "wrong"

    @property
    def right_way(self) -> bool:
        """Whether the namespaces that received the packet and its answer are those of one of the traced paths."""
        for result in self.said.results:
            there = _received(result.there)
            if there == self.there and (_received(result.back) if result.back is not None else ()) == self.back:
                return True
        return False

    def __str__(self) -> str:
        came = "came" if self.came else "did not come"
        said = f"{trace.summary(self.said)} [{self.said.reason}]"
        way = f" (seen in {self.there} back {self.back})" if self.kind == "wrong way" else ""
        return f"{self.start} to {self.address} {self.proto}: {self.kind}: answer {came}{way}; {said}"


def _received(end: Ended) -> tuple[str, ...]:
    """The namespaces that receive the packet on a traced path."""
    return tuple(sorted({str(hop.netns.name) for hop in end.way.hops if hop.came not in (None, "lo")}))


def _seen(host: Host, places: list[tuple[str, str]]) -> tuple[str, ...]:
    """The namespaces among the places where a packet was seen, without the ports of bridges and lo."""

    def is_port(name: str, dev: str) -> bool:
        netns = host.find(name)
        return kind(netns.link(str((netns.link(dev) or {}).get("master"))) or {}) == "bridge"

    return tuple(sorted({name for name, dev in places if dev != "lo" and not is_port(name, dev)}))


def captured(made: PrivateHost) -> Host:
    """The host, read from a capture of it."""
    return opening.read_text(made.netwrap("capture").stdout)


def pairs(host: Host, names: list[str]) -> list[tuple[str, str]]:
    """Each namespace with every address of the others."""
    found = []
    for start in names:
        for other in names:
            if other != start:
                found += [(start, address) for address in trace.addresses_of(host.find(other))]
    return found


def compare(made: PrivateHost, names: list[str]) -> list[Compared]:
    """Trace every pair in the model, and send the real packets."""
    host = captured(made)
    asked = pairs(host, names)
    given = json.dumps({"pairs": asked, "servers": names})
    came = json.loads(made.run(sys.executable, _PROBER, given=given).stdout)
    walker = Walker(host)
    found = []
    for (start, address), row in zip(asked, came):
        for proto, seen in zip(PROTOCOLS, row):
            there, back = _seen(host, seen["there"]), _seen(host, seen["back"])
            question = trace.Asked(host.find(start), address, proto, None if proto == "icmp" else 7007)
            found.append(Compared(start, address, proto, trace.trace(host, question, walker), seen["came"], there, back))
    return found


def of_seed(
    seed: int, imagine: Callable[[int], hosts.Imagined] = hosts.imagine
) -> tuple[hosts.Imagined, list[Compared]]:  # fmt: skip
    """Make the host of a seed and compare; ``imagine`` chooses the host."""
    imagined = imagine(seed)
    made = PrivateHost()
    try:
        made.sh(imagined.script)
        return imagined, compare(made, imagined.names)
    finally:
        made.end()


def counts(found: list[Compared]) -> Counter[str]:
    """The number of pairs of each kind."""
    return Counter(one.kind for one in found)
