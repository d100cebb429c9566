"""Send real packets between all pairs of random hosts and compare with `trace` of their captures; needs root.

    python tests/fuzz/trace.py [FIRST-SEED [HOSTS [kinds]]]

``kinds``: hosts of link kinds that few kernels have (vlan, vrf, ipvlan, bond, tunnels, wireguard; tests/support/kinds.py).
Prints every pair on which they differ, with the seed that makes it again, and the shares at the end.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1] / "support")]

import hosts  # noqa: E402
import kinds  # noqa: E402
import packets  # noqa: E402


def main(words: list[str]) -> int:
    imagine = kinds.imagine if words[2:] == ["kinds"] else hosts.imagine
    first, count = (int(word) for word in [*words, *("1000", "100")[len(words) :]][:2])
    total: Counter[str] = Counter()
    for seed in range(first, first + count):
        imagined, found = packets.of_seed(seed, imagine)
        total += packets.counts(found)
        for one in found:
            if one.kind.startswith("wrong"):
                print(f"seed {seed} ({imagined.kind}, {imagined.fault}): {one}", flush=True)
    decided = sum(total.values()) - total["undecided"]
    print(f"{sum(total.values())} pairs in {count} hosts: {dict(total)}")
    total["right"] += total["wrong way"]
    print(f"right {total['right'] / decided:.2%} of the decided, wrong reached {total['wrong reached'] / decided:.2%}, "
          f"undecided {total['undecided'] / sum(total.values()):.2%}")  # fmt: skip
    print(f"namespaces right {1 - total['wrong way'] / decided:.2%}")
    return 0 if total["right"] / decided >= 0.98 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
