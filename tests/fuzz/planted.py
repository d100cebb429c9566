"""Build hosts as engines, clusters, clouds and firewall front ends leave them, plant one fault, and compare; needs root.

    python tests/fuzz/planted.py [FIRST-SEED [HOSTS [KIND]]]

Each host is asked sound and with its fault: real packets (ICMP, UDP, TCP) go between all pairs and to its services, and `trace`
answers the same from a capture. Where a pair worked before the fault and does not work with it, the reason must be one that the
fault explains, and the place one of the namespaces that the fault concerns.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1] / "support")]

import packets  # noqa: E402
from private_host import PrivateHost  # noqa: E402

from netwrap.answers import trace  # noqa: E402
from netwrap.answers.walk.walker import Walker  # noqa: E402
from netwrap.sources import opening  # noqa: E402
from tests.fuzz import planted_hosts  # noqa: E402

#: By namespace, address, port and protocol.
Found = dict[tuple[str, str, int, str], packets.Compared]


class Made:
    """A host with a process in each namespace, and servers on all ports of the net."""

    def __init__(self, net: planted_hosts.Net) -> None:
        self.net = net
        self.host = PrivateHost()
        self.host.sh("\n".join([*net.lines, *(f"ip netns exec {name} sleep 3000 >/dev/null 2>&1 &" for name in net.names)]))
        self.prober = subprocess.Popen(
            self.host.words(sys.executable, packets._PROBER), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._ask({"servers": net.names, "ports": net.ports})

    def _ask(self, question: dict[str, Any]) -> Any:
        assert self.prober.stdin is not None and self.prober.stdout is not None
        self.prober.stdin.write(json.dumps(question) + "\n")
        self.prober.stdin.flush()
        return json.loads(self.prober.stdout.readline())

    def spoil(self, fault: planted_hosts.Fault) -> None:
        """Plant a fault, and forget what was learned before it."""
        forget = [f"ip -n {name} neigh flush all; ip -n {name} route flush cache" for name in self.net.names]
        self.host.sh("\n".join([*fault.lines, *forget]))

    def compare(self) -> Found:
        """Trace every pair and service in a capture of the host, and send the packets."""
        text = self.host.netwrap("capture").stdout
        host = opening.read_text(text)
        asked = [(start, address, 7007) for start, address in packets.pairs(host, self.net.names)] + self.net.services
        came = self._ask({"pairs": asked})
        walker = Walker(host)
        found: Found = {}
        for (start, address, port), row in zip(asked, came):
            for proto, seen in zip(packets.PROTOCOLS, row):
                if proto == "icmp" and port != 7007:
                    continue
                there, back = packets._seen(host, seen["there"]), packets._seen(host, seen["back"])
                lost = proto == "tcp" and self.net.loses_ports
                question = trace.Asked(host.find(start), address, proto, None if proto == "icmp" else port)
                said = trace.trace(host, question, walker)
                one = packets.Compared(start, address, proto, said, seen["came"], there, back)
                if lost or len(said.results) > 1 and _is_among(one):
                    # translated ports do not tell which packet it was; of several ways, each packet may take another
                    result = said.results[0]
                    back = packets._received(result.back) if result.back is not None else ()
                    one = one._replace(there=packets._received(result.there), back=back)
                found[start, address, port, proto] = one
        if "KEEP" in os.environ:
            Path(os.environ["KEEP"]).write_text(text)
        return found

    def end(self) -> None:
        self.prober.kill()
        self.prober.communicate()
        self.host.end()


def _is_among(one: packets.Compared) -> bool:
    """Whether the namespaces that received something are those of the ways that may be taken."""
    there = [set(packets._received(result.there)) for result in one.said.results]
    back = [set(packets._received(result.back)) if result.back is not None else set() for result in one.said.results]
    pairs = ((set(one.there), there), (set(one.back), back))
    return all(set.intersection(*ways) <= seen <= set.union(*ways) for seen, ways in pairs)


def main(words: list[str]) -> int:
    first, count = (int(word) for word in [*words, *("0", "50")[len(words) :]][:2])
    total: Counter[str] = Counter()
    for seed in range(first, first + count):
        net = planted_hosts.imagine(seed, words[2] if len(words) > 2 else None)
        reasons = net.rng.choice(sorted({fault.reasons for fault in net.faults}))  # most faults are of links and routes
        fault = net.rng.choice([fault for fault in net.faults if fault.reasons == reasons])
        made = Made(net)
        try:
            sound = made.compare()
            made.spoil(fault)
            broken = made.compare()
        finally:
            made.end()
        tallies = [dict(packets.counts(list(one.values()))) for one in (sound, broken)]
        print(f"-- {seed} {net.kind} ({fault.what}): {tallies[0]}, {tallies[1]}", flush=True)
        for title, found in (("sound", sound), ("broken", broken)):
            total += Counter(one.kind for one in found.values())
            printed: Counter[str] = Counter()
            for key, one in found.items():
                if one.kind.startswith("wrong") or one.kind == "undecided" and one.said.verdict == "undecided":
                    printed[one.kind] += 1
                    if printed[one.kind] < 7:
                        print(f"{title} {key[2]} {one}", flush=True)
        shown = 0
        for key, one in broken.items():
            if key not in sound or not sound[key].came or one.came or one.said.verdict in ("reached", "undecided", "depends"):
                continue
            place = one.said.result.end.netns.name
            right = one.said.reason in fault.reasons, not fault.places or place in fault.places
            total["reason right" if right[0] else "reason wrong"] += 1
            total["place right" if right[1] else "place wrong"] += 1
            shown += not all(right)
            if not all(right) and shown < 5:
                print(f"   {fault.what} wants {fault.reasons} at {fault.places}: {place}: {one}", flush=True)
    decided = sum(total[kind] for kind in ("right", "wrong", "wrong way", "wrong reached"))
    print(dict(total))
    for kind in ("reason right", "reason wrong", "place right", "place wrong"):
        del total[kind]
    verdicts = total["right"] + total["wrong way"]
    print(f"right {verdicts / decided:.2%}, wrong reached {total['wrong reached'] / decided:.2%}")
    print(f"undecided {total['undecided'] / sum(total.values()):.2%}, ways right {1 - total['wrong way'] / decided:.2%}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
