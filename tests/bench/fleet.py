"""A fleet made from a seed, with planted faults, and what it costs to ask it: netwrap sql, export, find.

    python tests/bench/fleet.py [--hosts 50] [--namespaces 30] [--seed 1] [--keep FOLDER]

Needs no root. Writes one capture for each host: a bridge with a veth to each namespace, a VXLAN, addresses, routes of both
families, neighbours, rules. Then each planted fault must be what the ready-made question finds, and nothing else; exit status 1
where it is not. Times are of one run each: wall beside CPU (ours and that of all children), and the largest process so far.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

Record = dict[str, Any]
#: The byte code of what is measured: an installed program has its own.
BYTECODE = Path(tempfile.gettempdir()) / "netwrap-bench-bytecode"


class Fleet:
    """A fleet of hosts and the faults that are planted in it: for each question the rows that it must find."""

    def __init__(self, hosts: int, namespaces: int, seed: int) -> None:
        self.hosts, self.namespaces = hosts, namespaces
        chance = random.Random(seed)
        places = [(host, netns) for host in range(hosts) for netns in range(namespaces)]
        each = max(2, hosts // 25)
        picked = iter(chance.sample(places, min(len(places), 6 * each)))
        self.duplicates = dict(zip((next(picked) for _ in range(each)), (next(picked) for _ in range(each))))
        self.leaks = {next(picked) for _ in range(each)}
        self.small = {next(picked) for _ in range(each)}
        self.lost = {next(picked) for _ in range(each)}  # no default route
        self.astray = {next(picked) for _ in range(each)}  # its gateway is in no network of its own
        self.odd_port = chance.randrange(hosts)

    def expected(self) -> dict[str, set[tuple[Any, ...]]]:
        """For each question the planted rows, as far as :data:`KEYS` shows them."""
        return {
            "duplicate-addresses": {(self.address(*first),) for first in self.duplicates.values()},
            "leaked-namespaces": {(name(host), f"ns{netns}") for host, netns in self.leaks},
            "mtu-mismatch": {(name(host), f"ns{netns}") for host, netns in self.small},
            "no-default-route": {(name(host), f"ns{netns}") for host, netns in self.lost},
            "gateways-nobody-has": {(name(host), f"ns{netns}") for host, netns in self.astray},
            "vxlan-disagreements": {(42,)},
        }

    def expected_findings(self) -> dict[str, set[tuple[str, str]]]:
        """For each check the places that it must find, and no other check but N01 finds anything."""
        twins = {*self.duplicates, *self.duplicates.values()}
        places = {"A02": twins, "L11": {(host, -1) for host, _ in self.small}, "R01": self.lost, "R02": self.astray}
        found = {
            check: {(name(host), "(root)" if netns < 0 else f"ns{netns}") for host, netns in at} for check, at in places.items()
        }
        leaks = {(name(host), f"ns{netns}") for host, netns in self.leaks}
        return {**found, "B08": {(name(self.odd_port), "(root)")}, "L09": leaks}

    def address(self, host: int, netns: int) -> str:
        """The address of a namespace; of a planted duplicate that of its twin."""
        host, netns = self.duplicates.get((host, netns), (host, netns))
        return f"10.{host >> 8}.{host & 255}.{netns + 2}"

    def capture(self, host: int) -> str:
        """The capture of a host."""
        token = f"fleet-{host:08d}"
        lines = [f"netwrap capture 1 {token}"]
        count = 0

        def section(netns: str, command: str, text: str) -> None:
            nonlocal count
            count += 1
            lines.append(f"@{token} begin {netns} {command}\n{text}\n@{token} end 0")

        keys = [4026600000 + number for number in range(self.namespaces + 1)]
        table = [f"{keys[0]}\tself\t/proc/self/ns/net", f"{keys[0]}\tpid\t1 init"]
        for netns in range(self.namespaces):
            table.append(f"{keys[netns + 1]}\tname\tns{netns}")
            if (host, netns) not in self.leaks:
                table.append(f"{keys[netns + 1]}\tpid\t{1000 + netns} app")
        section("-", "hostname", name(host))
        section("-", "versions", "kernel: Linux 6.1.0\nip: ip utility, iproute2-6.1.0\nform: json\nentered by: ip")
        section("-", "namespaces", "\n".join(table))
        for number, key in enumerate(keys):
            found = self._root(host) if number == 0 else self._inner(host, number - 1)
            for command, records in found.items():
                section(str(key), command, json.dumps(records, separators=(",", ":")))
        lines.append(f"@{token} done {count}\n")
        return "\n".join(lines)

    def _root(self, host: int) -> dict[str, list[Record]]:
        front = f"10.{host >> 8}.{host & 255}"
        own = f"172.16.{host + 1 >> 8}.{host + 1 & 255}"
        links = [link(1, "lo", "", 65536, host, 0), link(2, "eth0", "", 1550, host, 1), link(3, "br0", "bridge", 1500, host, 2)]
        tunnel = {"id": 42, "group": "239.1.1.42", "link": "eth0", "local": own, "ttl": 0}
        tunnel["port"] = 4790 if host == self.odd_port else 4789
        links.append(link(4, "vx42", "vxlan", 1500, host, 3, tunnel, master="br0"))
        for netns in range(self.namespaces):
            if (host, netns) not in self.leaks:
                links.append(link(10 + netns, f"v{netns}", "veth", 1500, host, 100 + netns, master="br0", link_index=2,
                                  link_netnsid=netns))  # fmt: skip
        addresses = {1: [inet("127.0.0.1", 8, "host")], 2: [inet(own, 12, "global")], 3: [inet(f"{front}.1", 24, "global")]}
        routes = [{"dst": "default", "gateway": "172.16.255.254", "dev": "eth0", "flags": []},
                  route("172.16.0.0/12", "eth0", own), route(f"{front}.0/24", "br0", f"{front}.1")]  # fmt: skip
        neighs = [neigh(f"{front}.{netns + 2}", "br0", host, 5000 + netns) for netns in range(self.namespaces)]
        found = common(links, addresses, routes, neighs, forwarding=True)
        found["ip -j -d -s netns list-id"] = [{"nsid": netns, "name": f"ns{netns}"} for netns in range(self.namespaces)]
        return found

    def _inner(self, host: int, netns: int) -> dict[str, list[Record]]:
        place = (host, netns)
        links = [link(1, "lo", "", 65536, host, 0)]
        if place in self.leaks:
            return common(links, {1: [inet("127.0.0.1", 8, "host")]}, [], [])
        front = f"10.{host >> 8}.{host & 255}"
        address = self.address(*place)
        prefix = address.rpartition(".")[0]
        mtu = 1400 if place in self.small else 1500
        links.append(link(2, "eth0", "veth", mtu, host, 5000 + netns, link_index=10 + netns, link_netnsid=0))
        gateway = "192.0.2.1" if place in self.astray else f"{prefix}.1"
        routes = [] if place in self.lost else [{"dst": "default", "gateway": gateway, "dev": "eth0", "flags": []}]
        routes.append(route(f"{prefix}.0/24", "eth0", address))
        return common(links, {1: [inet("127.0.0.1", 8, "host")], 2: [inet(address, 24, "global")]}, routes,
                      [neigh(f"{front}.1", "eth0", host, 2)])  # fmt: skip


#: What of a question's rows is compared with what was planted.
KEYS = {
    "duplicate-addresses": ("local",), "leaked-namespaces": ("host", "netns"), "mtu-mismatch": ("host", "netns"),
    "no-default-route": ("host", "netns"), "gateways-nobody-has": ("host", "netns"), "vxlan-disagreements": ("vni",),
}  # fmt: skip


def name(host: int) -> str:
    return f"node{host:05d}"


def mac(host: int, number: int) -> str:
    return f"02:{host >> 8 & 255:02x}:{host & 255:02x}:00:{number >> 8:02x}:{number & 255:02x}"


def link(index: int, ifname: str, kind: str, mtu: int, host: int, number: int, info: Record | None = None, **more: Any) -> Record:
    counters = dict.fromkeys(("bytes", "packets"), 1000 + index) | {"errors": 0, "dropped": 0}
    found: Record = {
        "ifindex": index, "ifname": ifname, "flags": ["UP", "LOWER_UP"] + (["LOOPBACK"] if ifname == "lo" else ["BROADCAST"]),
        "mtu": mtu, "qdisc": "noqueue", "operstate": "UNKNOWN" if ifname == "lo" else "UP", "linkmode": "DEFAULT",
        "group": "default", "txqlen": 1000, "link_type": "loopback" if ifname == "lo" else "ether",
        "address": "00:00:00:00:00:00" if ifname == "lo" else mac(host, number), "broadcast": "ff:ff:ff:ff:ff:ff",
        "promiscuity": 0, "min_mtu": 68, "max_mtu": 65535, "num_tx_queues": 1, "num_rx_queues": 1, "gso_max_size": 65536,
        "stats64": {"rx": counters, "tx": counters}, **more,
    }  # fmt: skip
    if kind:
        found["linkinfo"] = {"info_kind": kind, **({"info_data": info} if info else {})}
    return found


def inet(local: str, length: int, scope: str) -> Record:
    return {"family": "inet", "local": local, "prefixlen": length, "scope": scope, "valid_life_time": 4294967295,
            "preferred_life_time": 4294967295}  # fmt: skip


def route(dst: str, dev: str, source: str) -> Record:
    return {"dst": dst, "dev": dev, "protocol": "kernel", "scope": "link", "prefsrc": source, "flags": []}


def neigh(dst: str, dev: str, host: int, number: int) -> Record:
    return {"dst": dst, "dev": dev, "lladdr": mac(host, number), "state": ["REACHABLE"]}


def common(
    links: list[Record], addresses: dict[int, list[Record]], routes: list[Record], neighs: list[Record], forwarding: bool = False
) -> dict[str, list[Record]]:
    kernel: Record = {"type": "local", "table": "local", "protocol": "kernel", "scope": "host", "flags": []}
    local = [{**kernel, "dst": entry["local"], "dev": it["ifname"], "prefsrc": entry["local"]}
             for it in links for entry in addresses.get(it["ifindex"], ())]  # fmt: skip
    six = [
        {"dst": "fe80::/64", "dev": it["ifname"], "protocol": "kernel", "metric": 256, "flags": [], "pref": "medium"}
        for it in links
    ]
    rules = [{"priority": number, "src": "all", "table": table} for number, table in ((0, "local"), (32766, "main"))]
    conf = [{"family": "inet", "interface": dev, "forwarding": forwarding, "rp_filter": "off", "mc_forwarding": False,
             "proxy_neigh": False} for dev in ("all", "default", *(it["ifname"] for it in links))]  # fmt: skip
    return {
        "ip -j -d -s link show": links,
        "ip -j -d -s address show": [{**it, "addr_info": addresses.get(it["ifindex"], [])} for it in links],
        "ip -4 -j -d -s route show table all": routes + local, "ip -6 -j -d -s route show table all": six,
        "ip -j -d -s neigh show nud all": neighs, "ip -j -d -s rule show": rules, "ip -6 -j -d -s rule show": rules,
        "ip -j -d -s netconf show": conf,
    }  # fmt: skip


def write(fleet: Fleet, folder: Path) -> None:
    """Write the captures of a fleet into a folder, packed."""
    folder.mkdir(parents=True, exist_ok=True)
    for host in range(fleet.hosts):
        (folder / f"{name(host)}.netwrap.gz").write_bytes(gzip.compress(fleet.capture(host).encode(), 1))


class Cost(NamedTuple):
    """What a call printed and cost: seconds to its first line and to its end, seconds of CPU, the largest process in MB."""

    out: str
    first: float
    wall: float
    cpu: float
    memory: float


def netwrap(*words: str, status: int = 0) -> Cost:
    """Run netwrap, which must end with this status; what it starts counts."""
    start, first = time.monotonic(), 0.0
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(BYTECODE)}
    process = subprocess.Popen([sys.executable, "-m", "netwrap", *words], stdout=subprocess.PIPE, text=True, env=env)
    out = []
    assert process.stdout is not None
    for line in process.stdout:
        first = first or time.monotonic() - start
        out.append(line)
    _, ended, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(ended)
    if process.returncode != status:
        raise SystemExit(f"netwrap {' '.join(words)}: exit status {process.returncode}")
    return Cost("".join(out), first, time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def missed(found: dict[str, set[tuple[Any, ...]]], expected: dict[str, set[tuple[Any, ...]]]) -> list[str]:
    """What a question did not find although it was planted, or found although it was not."""
    said = []
    for question in {**expected, **found}:
        planted, there = expected.get(question, set()), found.get(question, set())
        said += [f"{question}: missed {row}" for row in sorted(planted - there)]
        said += [f"{question}: not planted: {row}" for row in sorted(there - planted)]
    return said


def checked(found: list[Record]) -> dict[str, set[tuple[str, str]]]:
    """The places of the findings that `netwrap check --format json` prints, by check."""
    places: dict[str, set[tuple[str, str]]] = {}
    for one in found:
        places.setdefault(one["id"], set()).add((one["host"], one["netns"]))
    return places


def answers(source: str) -> dict[str, set[tuple[Any, ...]]]:
    """What each question finds."""
    rows = {question: json.loads(netwrap("sql", question, "--from", source, "--format", "json").out) for question in KEYS}
    return {question: {tuple(row[key] for key in KEYS[question]) for row in found} for question, found in rows.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--namespaces", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="make the fleet in this folder, and leave it there")
    options = parser.parse_args()
    fleet = Fleet(options.hosts, options.namespaces, options.seed)
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(options.keep or temporary)
        folder = base / "captures"
        write(fleet, folder)
        cores = len(os.sched_getaffinity(0))
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{fleet.hosts} hosts × {fleet.namespaces} namespaces, {size / 1e6:.1f} MB packed, {cores} cores")
        said = measured(fleet, base, str(folder))
        said += missed(answers(str(folder)), fleet.expected())
    print("\n".join(said) or "every planted fault is found by its question and by check, and nothing else")
    return 1 if said else 0


def measured(fleet: Fleet, base: Path, folder: str) -> list[str]:
    """Print what each step costs, and return what `check` missed or found beside."""
    query = ["sql", "select count(*) as links from link", "--from"]
    lines, parquet, sqlite = str(base / "fleet.jsonl.gz"), str(base / "fleet"), str(base / "fleet.sqlite")
    last = fleet.address(fleet.hosts - 1, 0)
    question = ["sql", "duplicate-addresses", "--from"]
    question_of_one = ["sql", "duplicate-addresses", "--from", str(sorted(Path(folder).iterdir())[0])]
    for words in (question_of_one, ["export", question_of_one[-1], "--table", "finding"]):
        netwrap(*words)  # makes the byte code
    steps = [
        ("find, in the last capture", ["find", last, "--from", folder, "--format", "jsonl"], 0),
        ("check", ["check", "--without", "N01", "--from", folder, "--format", "jsonl"], 1),
        ("report", ["report", "--from", folder, "--format", "jsonl"], 0),
        ("diff with itself", ["diff", folder, folder], 0),
        ("first reading into the index", [*query, folder], 0),
        ("again, nothing changed", [*query, folder], 0),
        ("duplicates from the index", [*question, folder], 0),
        ("export to jsonl.gz", ["export", folder, "-o", lines], 0),
        ("export to SQLite", ["export", folder, "-o", sqlite], 0),
        ("duplicates from jsonl.gz", [*question, lines], 0),
        ("duplicates from SQLite", [*question, sqlite], 0),
    ]
    if importlib.util.find_spec("pyarrow") is not None:
        steps += [("export to Parquet", ["export", folder, "--format", "parquet", "-o", parquet], 0),
                  ("duplicates from Parquet", [*question, parquet], 0)]  # fmt: skip
    said: list[str] = []
    print(f"{'':30} {'first line':>10} {'wall':>9} {'CPU':>9} {'largest process':>16}")
    for what, words, status in steps:
        cost = netwrap(*words, status=status)
        print(f"{what:30} {cost.first:8.2f} s {cost.wall:7.2f} s {cost.cpu:7.2f} s {cost.memory:13.0f} MB", flush=True)
        if words[0] == "check":
            said += missed(checked(list(map(json.loads, cost.out.splitlines()))), fleet.expected_findings())
    return said


if __name__ == "__main__":
    sys.exit(main())
