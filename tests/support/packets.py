"""What real packets do in an imagined host, against what `trace` says of its capture."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import hosts
from private_host import PrivateHost

from netwrap.answers import trace
from netwrap.answers.walk import Walker
from netwrap.model.host import Host
from netwrap.sources import opening

PROTOCOLS = ("icmp", "udp", "tcp")
_PROBER = str(Path(__file__).with_name("prober.py"))


class Compared(NamedTuple):
    """One pair in one protocol: what was said, and what came."""

    start: str
    address: str
    proto: str
    said: trace.Trace
    came: bool

    @property
    def kind(self) -> str:
        """``undecided``, ``right``, ``wrong reached`` or ``wrong``."""
        if self.said.verdict in ("undecided", "depends"):
            return "undecided"
        if (self.said.verdict == "reached") == self.came:
            return "right"
        return "wrong reached" if self.said.verdict == "reached" else "wrong"

    def __str__(self) -> str:
        came = "came" if self.came else "did not come"
        said = f"{trace.summary(self.said)} [{self.said.reason}]"
        return f"{self.start} to {self.address} {self.proto}: {self.kind}: answer {came}; {said}"


def captured(made: PrivateHost) -> Host:
    """The host as a capture of it tells."""
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
    """Ask the model of every pair and send the packets."""
    host = captured(made)
    asked = pairs(host, names)
    given = json.dumps({"pairs": asked, "servers": names})
    came = json.loads(made.run(sys.executable, _PROBER, given=given).stdout)
    walker = Walker(host)
    found = []
    for (start, address), row in zip(asked, came):
        for proto, answer in zip(PROTOCOLS, row):
            question = trace.Asked(host.find(start), address, proto, None if proto == "icmp" else 7007)
            found.append(Compared(start, address, proto, trace.trace(host, question, walker), answer))
    return found


def of_seed(seed: int) -> tuple[hosts.Imagined, list[Compared]]:
    """Make the host of a seed and compare."""
    imagined = hosts.imagine(seed)
    made = PrivateHost()
    try:
        made.sh(imagined.script)
        return imagined, compare(made, imagined.names)
    finally:
        made.end()


def counts(found: list[Compared]) -> Counter[str]:
    """How many pairs are of each kind."""
    return Counter(one.kind for one in found)
