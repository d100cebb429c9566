"""Fuzz the parsers for a number of seconds: ``python tests/fuzz/run.py --seconds 600 [--seed N]``.

In turn: valid tables that hypothesis builds (what is built must be what is parsed), damaged captures of the fixtures
(nothing but ParseError may come out), and lines that are repeated to double and double again (the time may not more than
keep pace). A finding is printed with the seed that repeats it, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from fixture_files import FIXTURES, read  # noqa: E402
from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402

import parsers  # noqa: E402
from tests.fuzz import mutations, strategies  # noqa: E402

COMMANDS = parsers.names()


def check_text(command: str, text: str) -> None:
    """Check that only ParseError is raised, strict and lenient reading agree, and the records can be printed as JSON."""
    records, problems = parsers.parse(command, text, strict=False)
    json.dumps(records)
    try:
        strict = parsers.parse(command, text)
    except parsers.ParseError:
        assert problems, "strict raises where the other form sees no problem"
    else:
        assert not problems and strict == records, "strict and not strict differ"


def damaged(rng: random.Random, paths: list[Path]) -> None:
    path = rng.choice(paths)
    text = mutations.mutate(rng, read(path), read(rng.choice(paths))[:5000], rng.randint(1, 6))
    own = path.parent.parent.name
    check_text(own if own in COMMANDS and rng.random() < 0.7 else rng.choice(COMMANDS), text)
    if rng.random() < 0.1:
        parsers.detect(text)


def built(rng: random.Random) -> None:
    command = rng.choice(sorted(strategies.TABLES))

    @seed(rng.randrange(2**32))
    @settings(max_examples=20, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategies.TABLES[command])
    def check(table: tuple[str, list[dict[str, Any]]]) -> None:
        text, records = table
        parsed = parsers.parse(command, text)
        assert parsed == records, f"{command}: {text!r} gave {parsed!r}"
        assert [list(record) for record in parsed] == [list(record) for record in records], f"order of keys: {text!r}"

    check()


def _seconds(command: str, text: str) -> float:
    best = 1e9
    for _ in range(2):
        start = time.process_time()
        parsers.parse(command, text, strict=False)
        best = min(best, time.process_time() - start)
    return best


def linear(rng: random.Random) -> None:
    """Eight times the text may take 24 times as long, not 64 times."""
    command, unit = rng.choice(COMMANDS), rng.choice(mutations.SEEDS) + rng.choice(("", "", rng.choice(mutations.SEEDS)))
    head, end = rng.choice(mutations.HEADS), rng.choice(("", "\n", "", "x", " \\", '"', "]"))
    if rng.random() < 0.3:
        unit += "\n"
    small, large = ((head + unit * (size // len(unit)) + end) for size in (40_000, 320_000))
    first, second = _seconds(command, small), _seconds(command, large)
    if second > 24 * max(first, 0.002):
        again = _seconds(command, large) / max(_seconds(command, small), 0.002)
        assert again < 24, f"{command}: {head!r} + {unit!r} * n + {end!r} is not linear: {first:.4f} s, {second:.4f} s"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60, help="how long (default: 60)")
    options.add_argument("--seed", type=int, help="begin with this seed (printed with each finding)")
    chosen = options.parse_args()
    number = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(2**31)
    paths = [path for path in sorted(FIXTURES.glob("*/*/*")) if path.suffix in (".txt", ".json")]
    end = time.monotonic() + chosen.seconds
    done = dict.fromkeys(("damaged", "built", "linear"), 0)
    findings = 0
    while time.monotonic() < end and findings < 10:
        rng = random.Random(number)
        kind = rng.choices(("damaged", "built", "linear"), (30, 1, 3))[0]
        try:
            if kind == "damaged":
                damaged(rng, paths)
            elif kind == "built":
                built(rng)
            else:
                linear(rng)
        except Exception:
            findings += 1
            print(f"--seed {number}: {kind}", traceback.format_exc(limit=-4)[-3000:], sep="\n", flush=True)
        done[kind] += 1
        number += 1
    print(f"{done['damaged']} damaged captures, {20 * done['built']} tables, {done['linear']} doublings: {findings} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
