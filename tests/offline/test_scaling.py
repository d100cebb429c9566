"""Twice the input takes about twice the work at most, for every reader; work is counted in calls, not in seconds."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from packing import lay

from netwrap.answers import check, diff, find, links, overview, topology
from netwrap.errors import NetwrapError
from netwrap.lab import apply as lab_apply
from netwrap.lab import file as lab_file
from netwrap.lab.file_errors import LabFileError
from netwrap.model.build import build
from netwrap.model.section import Section
from netwrap.sources import opening

LINK = "{0}: v{0}@if{1}: <UP> mtu 1500\n    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netnsid 0\n"


def calls(work: Callable[[], object]) -> int:
    """The number of calls of functions that some work takes: the same in every run, however busy the machine is."""
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        work()
    except NetwrapError:
        pass
    finally:
        sys.setprofile(None)
    return count


def lines_run(work: Callable[[], object]) -> int:
    """The number of lines of ours that some work runs."""
    count = 0

    def counted(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return counted if "netwrap" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(counted)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def _report(path: Path) -> None:
    host = opening.read(str(path))
    for netns in host.namespaces:
        overview.details(host, netns)


def _folder(where: Path, size: int) -> Path:
    files = {f"ns{number}/ip_route.txt": "default dev a\n" for number in range(size)}
    return lay(where, {**files, "ip_netns": "".join(f"ns{number}\n" for number in range(size))})


def _file(text: str) -> Callable[[Path, int], Path]:
    def make(where: Path, size: int) -> Path:
        name = where / "it.txt"
        name.write_text("".join(text.format(number, number + 1) for number in range(1, size + 1)))
        return name

    return make


@pytest.mark.parametrize(
    "make",
    [
        _folder, _file("$ ip route show table {0}\n10.0.0.0/8 dev a\n"), _file("$ ip route show dev v{0}\n10.0.0.0/8\n"),
        _file("$ ip -n ns{0} link\n" + LINK), _file("ip neigh\n--------\n\n10.0.0.{0} dev a STALE\n\n"),
    ],
    ids=["folder of namespaces", "tables", "filters", "namespaces", "headings"],
)  # fmt: skip
def test_work_grows_with_the_input(tmp_path: Path, make: Callable[[Path, int], Path]) -> None:
    counts = []
    for name, size in (("warm", 20), ("small", 60), ("large", 240)):
        (tmp_path / name).mkdir()
        path = make(tmp_path / name, size)
        counts.append(calls(lambda path=path: _report(path)))  # type: ignore[misc]
    assert counts[2] < 6 * counts[1], counts


def _rooms(size: int) -> str:
    """Rooms on one bridge, which is their gateway."""
    bridge = "2: br0: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP\n    bridge\n    inet 10.0.0.1/16 scope global br0\n"
    up, ports, rooms = "<UP,LOWER_UP> mtu 1500", "", ""
    for room in range(3, size + 3):
        ports += f"{room}: p{room}@if2: {up} master br0 state UP\n    link/ether 02:00:00:00:00:01 link-netns n{room}\n    veth\n"
        rooms += (
            f"$ ip -n n{room} -d addr\n2: eth0@if{room}: {up} state UP\n    link/ether 02:00:00:01:{room:02x}:02 link-netnsid 0"
        )
        rooms += (
            f"\n    veth\n    inet 10.0.1.{room}/16 scope global eth0\n$ ip -n n{room} route\ndefault via 10.0.0.1 dev eth0\n"
        )
        rooms += f"10.0.0.0/16 dev eth0 proto kernel scope link\n$ ip -n n{room} neigh\n"
    return f"$ ip -d addr\n{bridge}{ports}$ ip route\n10.0.0.0/16 dev br0 proto kernel scope link\n{rooms}"


def _routes(size: int) -> str:
    routes = "".join(f"20.{number // 250}.{number % 250}.0/24 via 10.0.0.2 dev eth0\n" for number in range(size))
    links = "2: eth0: <UP,LOWER_UP> mtu 1500 state UP\n    inet 10.0.0.1/24 scope global eth0\n"
    return f"$ ip addr\n{links}$ ip route\n10.0.0.0/24 dev eth0 proto kernel scope link\n{routes}"


@pytest.mark.parametrize("text", [_rooms, _routes])
def test_check_grows_with_the_host(text: Callable[[int], str]) -> None:
    counts = []
    for size in (10, 20, 80):
        hosts = opening.read_text(text(size))
        counts.append(calls(lambda hosts=hosts: check.check(hosts)))  # type: ignore[misc]
    assert counts[2] < 6 * counts[1], counts


def test_check_and_diff_make_next_to_nothing_of_a_route_that_nobody_asks_for() -> None:
    few, many = ([opening.read_text(_routes(size)) for _ in range(2)] for size in (100, 600))
    for work in (lambda hosts: check.check(hosts[0]), lambda hosts: diff.diff(*hosts)):
        counts = [calls(lambda work=work, hosts=hosts: work(hosts)) for hosts in (few, many)]  # type: ignore[misc]
        assert counts[1] - counts[0] < 500 * 30, counts


def _names(size: int) -> list[Section]:
    listed = "".join(f"5\t{how}\tweb{number}\n" for number in range(size) for how in ("name", "path", "label", "cgroup"))
    return [Section("", "namespaces", "1\tself\n" + listed), Section("5", "ip link", "1: lo: <UP> mtu 5\n")]


def _on_one_parent(size: int, kind: str) -> list[Section]:
    listed = "".join(f"{number}\tname\tn{number}\n" for number in range(5, size + 5))
    parent = [{"ifindex": 2, "ifname": "eth0", "flags": ["UP"], "mtu": 1500, "address": "02:00:00:00:00:02"}]
    child = {"ifindex": 3, "link_index": 2, "ifname": "e", "flags": ["UP"], "mtu": 1500, "link_netnsid": 0}
    link = json.dumps([{**child, "linkinfo": {"info_kind": kind}}])
    rooms = [Section(str(number), "ip -j -d link", link) for number in range(5, size + 5)]
    return [Section("", "namespaces", "1\tself\n" + listed), Section("1", "ip -j -d link", json.dumps(parent)), *rooms]


def _vlans(size: int) -> list[Section]:
    return _on_one_parent(size, "vlan")


def _macvlans(size: int) -> list[Section]:
    return _on_one_parent(size, "macvlan")


def _one_name(size: int) -> list[Section]:
    return [Section("", "ip link", "".join(f"{number}: e@if{number + 1}: <UP> mtu 5\n" for number in range(2, size + 2)))]


def _masters(size: int) -> list[Section]:
    return [Section("", f"ip link show master b{at}", f"{at}: v{at}: <UP> mtu 5 master b{at}\n") for at in range(2, size + 2)]


def _chains(size: int) -> list[Section]:
    chains = "".join(f":C{number} - [0:0]\n" for number in range(size))
    rules = "".join(f"-A INPUT -j C{number}\n" for number in range(size))
    return [Section("", "iptables-save", f"*filter\n:INPUT ACCEPT [0:0]\n{chains}{rules}COMMIT\n")]


@pytest.mark.parametrize("make", [_names, _vlans, _macvlans, _one_name, _masters, _chains])
def test_answers_grow_with_the_host(make: Callable[[int], list[Section]]) -> None:
    """Lines, not calls: what was not linear were loops and searches of lists in one function."""
    counts = []
    for size in (20, 50, 200):
        sections = make(size)
        counts.append(lines_run(lambda sections=sections: _answers(sections)))  # type: ignore[misc]
    assert counts[2] < 6 * counts[1], counts


def _answers(sections: list[Section]) -> None:
    host = build(sections)
    for netns in host.namespaces:
        overview.row(host, netns)
    overview.details(host, host.namespaces[0])
    topology.graph([host])
    check.check(host)
    diff.diff(host, host)
    find.find(host, "10.0.0.1")


def _star(size: int) -> str:
    rooms = "".join(f"[namespaces.n{number}]\n" for number in range(size))
    ends = (f'[[links]]\nendpoints = [{{at = "n{at}:e", addresses = ["10.0.{at}.1/8"]}}, "b:v{at}"]\n' for at in range(size))
    return rooms + "[bridges.b]\n" + "".join(ends)


def _sysctls(size: int) -> str:
    return "".join(f'namespaces.n{number}.sysctls."net.ipv4.ip_forward" = 1\n' for number in range(size))


@pytest.mark.parametrize("text", [_star, _sysctls])
def test_a_lab_grows_with_its_file(text: Callable[[int], str]) -> None:
    counts = []
    for size in (10, 50, 200):
        counts.append(lines_run(lambda size=size: lab_apply.from_nothing(lab_file.read(text(size), "x.toml"))))  # type: ignore[misc]
    assert counts[2] < 6 * counts[1], counts


@pytest.mark.parametrize("key", ["a" + ".a" * 100_000, '"a"' + ' . "a"' * 100_000, "a = 1\n[a" + ".a" * 100_000 + "]"])
def test_keys_of_very_many_parts_are_refused(key: str) -> None:
    with pytest.raises(LabFileError, match="nested too deeply"):
        lab_file.read(f"{key} = 1", "x.toml")


def test_a_range_of_four_billion_vlans_takes_no_time() -> None:
    vlans = json.dumps([{"ifname": "p0", "vlans": [{"vlan": 7, "vlanEnd": 4294967296, "flags": ["PVID"]}]}])
    host = build([*_one_name(2), Section("", "bridge -j vlan show", vlans)])
    assert lines_run(lambda: diff.diff(host, build([]), everything=True)) < 20_000
    assert list(links.vlans_of(host.namespaces[0], "p0") or ())[:2] == [7, 8]
