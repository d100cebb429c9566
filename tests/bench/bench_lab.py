"""A lab of 200 namespaces on one bridge, against the same `ip -batch` lines by hand. Needs root; prints both.

python tests/bench/bench_lab.py [NAMESPACES]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from private_host import PrivateHost  # noqa: E402


def lab(count: int) -> str:
    lines = ["[bridges.hub]", 'addresses = ["10.20.255.254/16"]']
    for number in range(count):
        lines += [f"[namespaces.n{number}]", 'routes = [{ to = "default", via = "10.20.255.254" }]', "[[links]]"]
        lines += [f'endpoints = [{{ at = "n{number}:eth0", addresses = ["{address(number)}"] }}, "hub:p{number}"]']
    return "\n".join(lines) + "\n"


def address(number: int) -> str:
    return f"10.20.{number // 250}.{number % 250 + 1}/16"


def by_hand(count: int, folder: Path) -> str:
    """Batch files, and the script that runs them: one for the host, one for each namespace."""
    host = [f"netns add n{number}" for number in range(count)]
    host += ["link add name hub up type bridge", "address add 10.20.255.254/16 dev hub"]
    for number in range(count):
        host.append(f"link add name p{number} master hub up type veth peer name eth0 netns n{number}")
        inside = ["link set dev lo up", "link set dev eth0 up", f"address add {address(number)} dev eth0"]
        (folder / f"n{number}").write_text("\n".join([*inside, "route add default via 10.20.255.254", ""]))
    (folder / "host").write_text("\n".join([*host, ""]))
    return f"ip -batch {folder}/host; for n in $(seq 0 {count - 1}); do ip -n n$n -batch {folder}/n$n; done"


def timed(host: PrivateHost, *words: str) -> float:
    began = time.perf_counter()
    host.run(*words)
    return time.perf_counter() - began


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bench.toml").write_text(lab(count))
        script = by_hand(count, folder)
        hand, made, again, gone = [], [], [], []
        for _round in range(3):
            host = PrivateHost()
            hand.append(timed(host, "sh", "-ec", script))
            host.end()
            host = PrivateHost()
            netwrap = (sys.executable, "-m", "netwrap", "lab")
            made.append(timed(host, *netwrap, "up", str(folder / "bench.toml")))
            again.append(timed(host, *netwrap, "up", str(folder / "bench.toml")))
            gone.append(timed(host, *netwrap, "down", str(folder / "bench.toml")))
            host.end()
    print(f"{count} namespaces on one bridge, best of 3")
    print(f"  ip -batch by hand     {min(hand):6.2f} s")
    print(f"  netwrap lab up        {min(made):6.2f} s   {min(made) / min(hand):.2f} times as long")
    print(f"  the same, again       {min(again):6.2f} s")
    print(f"  netwrap lab down      {min(gone):6.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
