"""What it costs to read many namespaces, and one with many routes: netwrap, bare loops and pyroute2, in one run.

    sudo python tests/bench/sweep.py [--namespaces 50 200] [--routes 100000] [--rounds 3]

Makes its own namespaces, with the process number in their names, and removes them. `pip install pyroute2` for the comparison
with it. Each figure is the best of the rounds, which take turns: CPU (ours and that of all children) beside wall time. The
ratios are what counts; no bare loop asks list-id. Exit status 1 where a limit is missed. The probe reads all namespaces that
there are: run this on a host that has no others.
"""

from __future__ import annotations

import argparse
import importlib
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from netwrap import ip_route, shell
from netwrap.model.build import build
from netwrap.sources import capture, live, opening

PREFIX = f"nwb{os.getpid()}"
FIVE = ("ip_link", "ip_address", "ip_route", "ip_neigh", "ip_rule")
LINES = "".join(f"{line}\n" for table in FIVE for line in live._LINES[table])
#: What is asked for: five tables as records, of the bare loop; everything, in CPU milliseconds; the growth from the smallest
#: number to the largest; the probe without the firewall; routes, of pyroute2.
BARE, EVERYTHING, GROWTH, QUICK, ROUTES = 1.25, 6.0, 1.3, 6.0, 15.0


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


def cpu() -> float:
    """Seconds of CPU that we and our children took until now."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def best(rounds: int, contenders: dict[str, Callable[[], Any]]) -> dict[str, tuple[float, float]]:
    """The least CPU and the least wall time of each contender, in seconds."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, call in contenders.items():
            began, used = time.perf_counter(), cpu()
            call()
            times[name].append((cpu() - used, time.perf_counter() - began))
    return {name: (min(one for one, _ in taken), min(two for _, two in taken)) for name, taken in times.items()}


def verdict(what: str, value: float, limit: float, at_most: bool = True, unit: str = "x") -> bool:
    good = value <= limit if at_most else value >= limit
    print(
        f"  {what}: {value:.2f}{unit} (limit {'at most' if at_most else 'at least'} {limit:g}{unit}) {'ok' if good else 'MISSED'}"
    )
    return good


def in_a_thread(call: Callable[[], None]) -> None:
    """Do something that changes the namespace of the thread that does it."""
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def enter(name: str) -> None:
    file = os.open(f"/run/netns/{name}" if name else "/proc/self/ns/net", os.O_RDONLY)
    shell.enter(file)
    os.close(file)


def bare_loop(names: list[str]) -> None:
    """The least that any design costs which runs `ip`: setns, spawn, wait; nothing is read."""
    path, env = shell.find("ip") or "ip", shell.environment()
    for name in names:
        enter(name)
        files = [shell.scratch(LINES.encode()), shell.scratch()]
        actions = [(os.POSIX_SPAWN_DUP2, file, number) for number, file in enumerate(files)]
        pid = os.posix_spawn(path, ["ip", "-j", "-d", "-s", "-batch", "-"], env, file_actions=actions)
        os.waitpid(pid, 0)
        for file in files:
            os.close(file)


def ip_n_loop(names: list[str]) -> None:
    for name in names:
        where = ["-n", name] if name else []
        subprocess.run(
            ["ip", *where, "-j", "-d", "-s", "-batch", "-"], input=LINES.encode(), stdout=subprocess.DEVNULL, check=True
        )


def all_of_pyroute2(netns: Any) -> None:
    for table in (netns.get_links, netns.get_addr, netns.get_routes, netns.get_neighbours, netns.get_rules):
        list(table())


def sweep(count: int, rounds: int, pyroute2: Any) -> tuple[bool, float]:
    """Whether all limits are kept with so many namespaces, and the cost of everything in one of them."""
    made = make(count)
    names = [*made, ""]  # and our own, with the other ends of all cables, which every sweep reads, too
    probe = str(Path(capture.__file__).with_name("probe.sh"))
    dash = shutil.which("dash") or "sh"

    def run_probe(*options: str) -> None:
        subprocess.run([dash, probe, *options], stdout=subprocess.DEVNULL, check=True)

    def netns_of_pyroute2() -> None:
        for name in names:
            with pyroute2.NetNS(name, flags=0) if name else pyroute2.IPRoute() as netns:
                all_of_pyroute2(netns)

    def iproute_of_pyroute2() -> None:
        for name in names:
            enter(name)
            with pyroute2.IPRoute() as netns:
                all_of_pyroute2(netns)

    contenders: dict[str, Callable[[], Any]] = {
        "bare setns-and-spawn loop, five tables": lambda: in_a_thread(lambda: bare_loop(names)),
        "netwrap, five tables, as records": lambda: build(live.sections(FIVE)[0]),
        "`ip -n` loop, five tables": lambda: ip_n_loop(names),
        "netwrap, everything, as records": opening.live,
        "probe.sh": run_probe,
        "probe.sh --quick": lambda: run_probe("--quick"),
    }
    if pyroute2 is not None:
        contenders["pyroute2 NetNS, five tables"] = netns_of_pyroute2
        contenders["pyroute2 IPRoute after setns, five tables"] = lambda: in_a_thread(iproute_of_pyroute2)
    try:
        times = best(rounds, contenders)
    finally:
        remove(made)
    print(f"{count} namespaces, milliseconds a namespace:    CPU    wall")
    for name, (used, taken) in times.items():
        print(f"  {name:<45}{used / count * 1000:7.2f} {taken / count * 1000:7.2f}")
    bare, five = times["bare setns-and-spawn loop, five tables"][0], times["netwrap, five tables, as records"][0]
    everything = times["netwrap, everything, as records"][0] / count * 1000
    good = verdict("netwrap takes, of the bare loop", five / bare, BARE)
    good &= verdict("everything takes", everything, EVERYTHING, unit=" ms")
    good &= verdict("probe.sh --quick takes", times["probe.sh --quick"][0] / count * 1000, QUICK, unit=" ms")
    for name, (used, _) in times.items():
        if name.startswith("pyroute2"):
            print(f"  {name} takes, of netwrap: {used / five:.2f}x")
    return good, everything


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
    for contender, (used, taken) in times.items():
        print(f"  {contender}: {used:.3f} s of CPU, {taken:.3f} s")
    if pyroute2 is None:
        return True
    ratio = times["pyroute2's get_routes"][0] / times["netwrap.ip_route.show"][0]
    return verdict("netwrap is faster than pyroute2", ratio, ROUTES, at_most=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--namespaces", type=int, nargs="*", default=[50, 200])
    parser.add_argument("--routes", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    try:
        pyroute2 = importlib.import_module("pyroute2")
    except ImportError:
        pyroute2 = None
        print("pyroute2 is not installed: no comparison with it")
    good, costs = True, []
    for count in options.namespaces:
        kept, cost = sweep(count, options.rounds, pyroute2)
        good &= kept
        costs.append(cost)
    if costs[1:]:
        good &= verdict("a namespace of the most costs, of one of the fewest", costs[-1] / costs[0], GROWTH)
    if options.routes:
        good &= routes(options.routes, options.rounds, pyroute2)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
