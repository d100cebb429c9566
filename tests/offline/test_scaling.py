"""Twice the input takes no more than about twice the work: readers of every kind, counted in calls, not in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packing import lay

from netwrap.answers import check, overview
from netwrap.errors import NetwrapError
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
