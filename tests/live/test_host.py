"""The same host, captured live, by the script over a pipe, or as text only; and hundreds of real peers."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from rooms import Rooms, has_kind, run, settle

from netwrap.model.build import build
from netwrap.model.host import Host
from netwrap.model.namespace import Namespace
from netwrap.model.section import Section
from netwrap.sources import capture, opening

# What two captures of one host may differ in. Time: counters, ages and timers.
TIME = {"stats64", "used", "confirmed", "updated", "probes", "refcnt", "valid_life_time", "preferred_life_time", "expires",
        "users", "age", "hello_timer", "gc_timer", "tcn_timer", "topology_change_timer", "forward_delay_timer", "hold_timer",
        "message_age_timer"}  # fmt: skip
# Text and JSON: see parsers/DIFFERENCES.md. The text names a namespace instead of its nsid (so a peer is known by "name"),
# leaves out what is off, and prints one bit of a bridge's port twice. A batch shows what belongs to `ip link` of addresses too.
TEXT = {"link_netnsid", "link_netns", "linkmode", "inet6_addr_gen_mode", "multi_queue", "mcast_fast_leave"}


class Unnamed:
    """Namespaces that have no name, each held by a process of ours."""

    def __init__(self) -> None:
        self.holders: list[subprocess.Popen[bytes]] = []

    def add(self) -> str:
        """Make a namespace and return the pid of its process, once it is there."""
        here = os.stat("/proc/self/ns/net").st_ino
        holder = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        self.holders.append(holder)
        for _ in range(1000):
            if os.stat(f"/proc/{holder.pid}/ns/net").st_ino != here:
                break
            run(["sleep", "0.01"])
        return str(holder.pid)

    def remove(self) -> None:
        for holder in self.holders:
            holder.send_signal(signal.SIGKILL)
            holder.wait()


@pytest.fixture
def unnamed() -> Iterator[Unnamed]:
    made = Unnamed()
    try:
        yield made
    finally:
        made.remove()


def inside(place: str, lines: str) -> None:
    """Run lines of `ip` in a namespace: of a name, or of a process."""
    words = ["nsenter", "-t", place, "-n", "ip"] if place.isdigit() else ["ip", "-n", place]
    run([*words, "-batch", "-"], lines)


def inode(place: str) -> str:
    return str(os.stat(f"/proc/{place}/ns/net" if place.isdigit() else f"/run/netns/{place}").st_ino)


@pytest.fixture
def town(rooms: Rooms, unnamed: Unnamed) -> list[str]:
    """Fourteen namespaces, five of them without a name, each cabled to the first, with addresses, routes, neighbours, rules."""
    hub = rooms.add("hub")
    places = [hub, *(rooms.add(f"n{number}") for number in range(8)), *(unnamed.add() for _ in range(5))]
    bridge = has_kind("bridge")
    if bridge:
        inside(hub, "link add br0 type bridge\nlink set br0 up\naddress add 10.50.0.1/24 dev br0\n")
    for number, place in enumerate(places[1:], 2):
        target = place
        inside(hub, f"link add p{number} type veth peer name eth0 netns {target}\nlink set p{number} up\n"
               + (f"link set p{number} master br0\n" if bridge else ""))  # fmt: skip
        inside(place, f"link set lo up\nlink set eth0 up\naddress add 10.50.0.{number}/24 dev eth0\n"
               f"address add 2001:db8:50::{number}/64 dev eth0 nodad\n"
               "route add default via 10.50.0.1\nroute add blackhole 10.60.0.0/16 table 77\nrule add from 10.61.0.0/16 table 77\n"
               "neigh add 10.50.0.1 lladdr 02:00:00:00:50:01 dev eth0 nud permanent\n"
               "neigh add proxy 10.50.0.200 dev eth0\n")  # fmt: skip
    settle(*places)
    return places


def of(host: Host, places: list[str]) -> list[Namespace]:
    keys = [inode(place) for place in places]
    found = {netns.key: netns for netns in host.namespaces}
    return [found[key] for key in keys]


def steady(value: Any, gone: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: steady(item, gone) for key, item in value.items() if key not in gone}
    return [steady(item, gone) for item in value] if isinstance(value, list) else value


TABLES = (
    "links addresses routes routes6 neighs proxies rules rules6 nsids netconf nexthops bridge_links fdb vlans rulesets".split()
)


def model(host: Host, places: list[str], gone: set[str]) -> dict[str, Any]:
    """All records of a host, sorted."""
    found: dict[str, Any] = {}
    for netns in of(host, places):
        tables = {}
        for name in TABLES:
            records = getattr(netns, name)
            kept = [steady(record, gone) for record in records] if records is not None else None
            tables[name] = None if kept is None else sorted(json.dumps(record, sort_keys=True) for record in kept)
        peers = sorted(
            (str(link["ifname"]), peer.how.replace("name", "nsid"), str(peer.netns), str((peer.link or {}).get("ifname")))
            for link in netns.links or () for peer in [host.peer(netns, link)] if peer is not None
        )  # fmt: skip
        found[netns.key] = {**tables, "title": netns.title, "names": netns.names, "pids": netns.pids, "peers": peers}
    return found


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    found = []
    for key in one:
        for name in one[key]:
            mine, yours = one[key][name], other[key][name]
            if mine != yours and isinstance(mine, list) and isinstance(yours, list):
                found.append(f"{one[key]['title']} {name}: {[it for it in mine if it not in yours][:2]}"
                             f" / {[it for it in yours if it not in mine][:2]}")  # fmt: skip
            elif mine != yours:
                found.append(f"{one[key]['title']} {name}: {mine!r} / {yours!r}")
    return found


def by_pipe() -> str:
    """The script as it is sent through ssh."""
    return subprocess.run(["sh", "-s"], input=capture.script(), capture_output=True, text=True, errors="surrogateescape",
                          timeout=120).stdout  # fmt: skip


@pytest.mark.root
def test_live_pipe_and_text_give_equal_hosts(town: list[str]) -> None:
    problems: list[str] = []
    for _ in range(3):  # the machine's other namespaces come and go meanwhile; neighbours change their state
        live = opening.live()
        piped = opening.read_text(by_pipe())
        text = opening.read_text(capture.take(json=False))
        problems = differences(model(live, town, TIME), model(piped, town, TIME))
        problems += differences(model(live, town, TIME | TEXT), model(text, town, TIME | TEXT))
        if not problems:
            break
    assert not problems, "\n".join(problems)
    assert len(of(live, town)) == 14
    assert sum(not netns.names for netns in of(live, town)) == 5


# -- peers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def cables(rooms: Rooms, unnamed: Unnamed) -> list[str]:
    """400 pairs in and between 24 namespaces, nine of them unnamed; the ends of pair 7 are called c7a and c7b."""
    dice = random.Random(4)
    places = [*(rooms.add(f"c{number}") for number in range(15)), *(unnamed.add() for _ in range(9))]
    lines: dict[str, list[str]] = {place: [] for place in places}
    numbers = itertools.count()
    for one, two in ((places[-1], places[-2]), (places[-3], places[-4])):  # isolated, and of the same indexes
        lines[one].append(f"link add c{next(numbers)}a index 2 type veth peer name c{next(numbers) - 1}b index 2 netns {two}")
    numbers = itertools.count(2)
    for number in numbers:
        if number == 400:
            break
        one, two = dice.choice(places[:-4]), dice.choice(places[:-4])
        index = f"index {1000 + number}" if number % 3 == 0 else ""
        to = f"netns {two}" if two != one else ""
        peer_index = index if two != one else ""
        lines[one].append(f"link add c{number}a {index} type veth peer name c{number}b {peer_index} {to}")
    lines[places[-3]] = [line.replace("c2a", "c1a").replace("c2b", "c1b") for line in lines[places[-3]]]
    lines[places[-1]] = [line.replace("c1b", "c0b") for line in lines[places[-1]]]
    for place, batch in lines.items():
        if batch:
            inside(place, "\n".join(batch) + "\n")
    for place in places[-4:]:
        name = "c0a" if place == places[-1] else "c0b" if place == places[-2] else "c1a" if place == places[-3] else "c1b"
        inside(place, f"link set {name} up\n")
    inside(places[-1], "address add 10.51.0.1/24 dev c0a\n")
    ping = ["nsenter", "-t", places[-1], "-n", "ping", "-c", "1", "-W", "1", "10.51.0.2"]
    subprocess.run(ping, capture_output=True, timeout=20)
    return places


def judge(host: Host, places: list[str]) -> Counter[str]:
    """How each end's peer is known; fails at one that is wrong."""
    ours = {inode(place) for place in places}
    counted: Counter[str] = Counter()
    for netns in host.namespaces:
        for link in netns.links or () if netns.key in ours else ():
            name = str(link["ifname"])
            if name[0] != "c" or name[-1] not in "ab":
                continue
            other = name[:-1] + ("b" if name[-1] == "a" else "a")
            peer = host.peer(netns, link)
            assert peer is not None, (netns, name)
            counted[peer.how] += 1
            if peer.how == "ambiguous":
                assert other in [candidate["ifname"] for _, candidate in peer.candidates], (netns, name)
            else:
                assert peer.link is not None and peer.link["ifname"] == other, (netns, name, peer)
    return counted


def only(sections: list[Section], keys: set[str], names: bool) -> list[Section]:
    """The sections of some namespaces alone, and without ``names`` what nobody has named."""
    found = []
    for section in sections:
        if section.command == "namespaces":
            lines = [line for line in section.stdout.split("\n") if line.partition("\t")[0] in keys]
            found.append(section._replace(stdout="\n".join(line for line in lines if names or "\tname\t" not in line)))
        elif section.netns in keys and section.command.endswith("list-id") and not names:
            records = json.loads(section.stdout or "[]")
            found.append(section._replace(stdout=json.dumps([{"nsid": record["nsid"]} for record in records])))
        elif section.netns in keys or section.netns == "":
            found.append(section)
    return found


@pytest.mark.root
def test_400_real_pairs(cables: list[str]) -> None:
    keys = {inode(place) for place in cables}
    sections, _ = capture.read(capture.take())
    for names in (True, False):
        counted = judge(build(only(sections, keys, names)), cables)
        assert sum(counted.values()) == 800 and counted["missing"] == 0
        assert counted["ambiguous"] <= 4 and (names or counted["nsid"] == 0)
    # whatever else there is on this machine, and however it comes and goes: none is wrong
    assert judge(build(sections), cables)["missing"] == 0
    assert judge(opening.read_text(capture.take(json=False)), cables)["missing"] == 0
