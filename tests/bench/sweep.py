"""How long it takes to read many namespaces, and one with many routes: netwrap, the bare shell loop and pyroute2, in one run.

    sudo python tests/bench/sweep.py [--namespaces 200] [--routes 100000] [--rounds 3]

Makes its own namespaces, with the process number in their names, and removes them. `pip install pyroute2` for the comparison
with it. Each figure is the best of the rounds, which take turns. Exit status 1 where a limit is missed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from netwrap import ip_route
from netwrap.sources import capture

PREFIX = f"nwb{os.getpid()}"
FIVE = "addr show\nroute show table all\nneigh show\nrule show\nnetns list-id\n"
#: The aims: at most so many times the loop, at least so many times faster than pyroute2.
LOOP, SWEEP, ROUTES = 2.0, 8.0, 15.0


def ip(lines: str, *options: str) -> None:
    subprocess.run(["ip", *options, "-batch", "-"], input=lines, text=True, check=True)


def make(count: int) -> list[str]:
    """Namespaces with one end of a veth each, the other end on a bridge."""
    bridge = f"{PREFIX}b"
    names = [f"{PREFIX}-{number}" for number in range(count)]
    ip(f"link add {bridge} type bridge\nlink set {bridge} up\n" + "".join(f"netns add {name}\n" for name in names))
    for number, name in enumerate(names):
        end = f"{PREFIX}.{number}"
        ip(f"link add {end} type veth peer name eth0 netns {name}\nlink set {end} master {bridge} up\n")
        net = f"10.{number >> 8}.{number & 255}"
        ip(f"link set lo up\nlink set eth0 up\naddr add {net}.2/24 dev eth0\nroute add default via {net}.1\n", "-n", name)
    return names


def remove(names: list[str]) -> None:
    for name in names:
        subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL)
    subprocess.run(["ip", "link", "delete", f"{PREFIX}b"], stderr=subprocess.DEVNULL)


def best(rounds: int, contenders: dict[str, Callable[[], Any]]) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, call in contenders.items():
            began = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - began)
    return {name: min(taken) for name, taken in times.items()}


def verdict(what: str, ratio: float, limit: float, at_most: bool) -> bool:
    good = ratio <= limit if at_most else ratio >= limit
    print(f"  {what}: {ratio:.2f}x (limit {'at most' if at_most else 'at least'} {limit:g}x) {'ok' if good else 'MISSED'}")
    return good


def sweep(count: int, rounds: int, pyroute2: Any) -> bool:
    names = make(count)
    with tempfile.TemporaryDirectory() as folder:
        batch, loop = Path(folder, "batch"), Path(folder, "loop")
        batch.write_text(FIVE)
        loop.write_text(f"for n in {' '.join(names)}; do ip -n $n -j -batch {batch}; done\n")
        probe = Path(capture.__file__).with_name("probe.sh")
        shell = shutil.which("dash") or "sh"

        def quiet(*words: str) -> None:
            subprocess.run(words, stdout=subprocess.DEVNULL, check=True)

        def by_pyroute2() -> None:
            for name in names:
                with pyroute2.NetNS(name, flags=0) as netns:
                    for table in (netns.get_links, netns.get_addr, netns.get_routes, netns.get_neighbours, netns.get_rules):
                        list(table())

        contenders: dict[str, Callable[[], Any]] = {
            "shell loop, five tables": lambda: quiet(shell, str(loop)),
            "probe, everything": lambda: quiet(shell, str(probe)),
            "netwrap, everything, as sections": capture.sections,
            "netwrap --quick, as sections": lambda: capture.sections(quick=True),
        }
        if pyroute2 is not None:
            contenders["pyroute2, five tables"] = by_pyroute2
        try:
            times = best(rounds, contenders)
        finally:
            remove(names)
    print(f"{count} namespaces")
    for name, taken in times.items():
        print(f"  {name}: {taken:.3f} s, {taken / count * 1000:.2f} ms a namespace")
    loop_time, whole = times["shell loop, five tables"], times["netwrap, everything, as sections"]
    good = verdict("the probe takes, of the loop", times["probe, everything"] / loop_time, LOOP, True)
    good &= verdict("netwrap takes, of the loop", whole / loop_time, LOOP, True)
    if pyroute2 is not None:
        theirs, quick = times["pyroute2, five tables"], times["netwrap --quick, as sections"]
        print(f"  netwrap with everything is faster than pyroute2: {theirs / whole:.2f}x")
        good &= verdict("netwrap without the firewall is faster than pyroute2", theirs / quick, SWEEP, False)
    return good


def routes(count: int, rounds: int, pyroute2: Any) -> bool:
    name = f"{PREFIX}-routes"
    ip(f"netns add {name}\n")
    try:
        ip("link set lo up\n" + "".join(
            f"route add 10.{n >> 16}.{n >> 8 & 255}.{n & 255}/32 dev lo\n" for n in range(count)
        ), "-n", name)  # fmt: skip

        def by_pyroute2() -> None:
            with pyroute2.NetNS(name, flags=0) as netns:
                assert len(list(netns.get_routes())) >= count

        def by_netwrap() -> None:
            assert len(ip_route.show(name)) == count

        contenders: dict[str, Callable[[], Any]] = {"netwrap.ip_route.show": by_netwrap}
        if pyroute2 is not None:
            contenders["pyroute2's get_routes"] = by_pyroute2
        times = best(rounds, contenders)
    finally:
        remove([name])
    print(f"{count} routes in one namespace")
    for contender, taken in times.items():
        print(f"  {contender}: {taken:.3f} s")
    if pyroute2 is None:
        return True
    ratio = times["pyroute2's get_routes"] / times["netwrap.ip_route.show"]
    return verdict("netwrap is faster than pyroute2", ratio, ROUTES, False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--namespaces", type=int, default=200)
    parser.add_argument("--routes", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    try:
        pyroute2 = importlib.import_module("pyroute2")
    except ImportError:
        pyroute2 = None
        print("pyroute2 is not installed: no comparison with it")
    good = not options.namespaces or sweep(options.namespaces, options.rounds, pyroute2)
    if options.routes:
        good &= routes(options.routes, options.rounds, pyroute2)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
