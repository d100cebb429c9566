"""Ask the model and the kernel the same routing questions in random namespaces; needs root.

    python tests/fuzz/routing.py [FIRST-SEED [NAMESPACES [QUESTIONS]]]

A disagreement is printed with the seed that makes it again; the exit status is 1 where there is one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1] / "support")]

import routed  # noqa: E402


def main(words: list[str]) -> int:
    first, namespaces, questions = (int(word) for word in [*words, *("1000", "110", "200")[len(words) :]])
    asked, wrong = 0, 0
    for seed in range(first, first + namespaces):
        netns = f"nwf{os.getpid()}-{seed}"
        subprocess.run(["ip", "netns", "add", netns], check=True)
        try:
            routed.make(netns, seed)
            count, differ = routed.compare(netns, seed, questions)
        finally:
            subprocess.run(["ip", "netns", "delete", netns], check=True)
        asked += count
        wrong += len(differ)
        for line in differ:
            print(line, flush=True)
    print(f"{asked} questions in {namespaces} namespaces: {wrong} disagreements")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
