"""Cut and splice pasted texts: ``python tests/fuzz/pasted.py [--count 4000] [--seed 0]``.

Nothing may be raised, no record may hold a word that the text does not, and each line that was read as a row of a table
before the cuts is read or named behind them. A finding is printed with its seed.
"""

from __future__ import annotations

import argparse
import random
import sys
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import pastes  # noqa: E402


def main() -> int:
    """Check texts, one for each seed; 1 where one of them fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    failed = 0
    for seed in range(options.seed, options.seed + options.count):
        rng = random.Random(seed)
        whole = pastes.a_text(rng)
        text = pastes.cut_and_spliced(rng, whole)
        try:
            pastes.check(text)
            pastes.check_nothing_is_lost(whole, text)
        except Exception:
            failed += 1
            print(f"seed {seed}: {text!r}", file=sys.stderr)
            traceback.print_exc()
    print(f"{options.count} texts, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
