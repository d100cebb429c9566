"""What one command line costs, in CPU, beside `python -c pass`: start-up, `ip link` as JSON and as a table, `report`, the .pyz.

    sudo python tests/bench/oneliners.py [--rounds 15] [--pyz netwrap.pyz]

Makes four namespaces, with the process number in their names, and removes them: run this on a host that has no others. The
commands take turns; each figure is the least CPU of the rounds (user and system, children included) and its ratio to
`python -c pass`. The ratios are what counts. Exit status 1 where a limit is missed.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PREFIX = f"nwo{os.getpid()}"
PASS = "python -c pass"
#: Command lines, and what they may take: milliseconds on a quiet machine, or times of `python -c pass`.
LIMITS = {
    "netwrap --version": (35.0, "ms"),
    "netwrap ip -j link": (2.5, "x"),
    "netwrap ip link": (4.0, "x"),
    "netwrap report": (120.0, "ms"),
    "netwrap.pyz --version": (60.0, "ms"),
}


def spent(argv: list[str]) -> float:
    """Milliseconds of CPU that a command takes with all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def measure(lines: dict[str, list[str]], rounds: int) -> bool:
    for argv in lines.values():
        spent(argv)  # compiles what is not
    times: dict[str, list[float]] = {name: [] for name in lines}
    for _ in range(rounds):
        for name, argv in lines.items():
            times[name].append(spent(argv))
    least = {name: min(taken) for name, taken in times.items()}
    good = True
    for name, used in least.items():
        limit, unit = LIMITS.get(name, (0.0, ""))
        kept = not unit or (used if unit == "ms" else used / least[PASS]) <= limit
        good &= kept
        asked = f"at most {limit:g}{unit}: {'ok' if kept else 'MISSED'}" if unit else ""
        print(f"  {name:<24}{used:8.1f} ms {used / least[PASS]:6.2f}x  {asked}")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--pyz")
    options = parser.parse_args()
    netwrap = [sys.executable, "-m", "netwrap"]
    lines = {
        PASS: [sys.executable, "-c", "pass"],
        "netwrap --version": [*netwrap, "--version"],
        "netwrap ip -j link": [*netwrap, "ip", "-j", "link"],
        "netwrap ip link": [*netwrap, "ip", "link"],
        "netwrap report": [*netwrap, "report"],
    }
    if options.pyz:
        lines["netwrap.pyz --version"] = [sys.executable, os.path.abspath(options.pyz), "--version"]
    names = [f"{PREFIX}-{number}" for number in range(4)]
    try:
        for name in names:
            subprocess.run(["ip", "netns", "add", name], check=True)
            subprocess.run(
                ["ip", "link", "add", f"v{name[3:]}", "type", "veth", "peer", "name", "eth0", "netns", name], check=True
            )
        return 0 if measure(lines, options.rounds) else 1
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
