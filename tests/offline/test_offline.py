"""The answers of a capture to commands, and its messages where it cannot answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rooms import Netwrap

from netwrap.answers import offline
from netwrap.commands.line import understand
from netwrap.errors import NetwrapError, UsageError
from netwrap.model.build import build
from netwrap.model.host import Host
from netwrap.model.section import Section

LINK = "1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default"


@pytest.fixture
def small() -> Host:
    route = "default via 10.0.0.1 dev v0"
    return build([Section("", "ip link", LINK), Section("red", "ip route", route), Section("red", "arp -n", "")])


def ask(host: Host, line: str, netns: str | None = None) -> list[Any]:
    return offline.answer(host, understand(line.split()), netns)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ip neigh", r"not in this capture: neighbours of \(root\)"),
        ("ip -n red route show table 100", "routes of table 100 of red are not in this capture"),
        ("ip -n red link", "not in this capture: links of red"),
        ("ip link show dev eth9", 'Device "eth9" does not exist in this capture'),
    ],
)
def test_what_is_not_in_a_capture(small: Host, line: str, said: str) -> None:
    with pytest.raises(NetwrapError, match=said):
        ask(small, line, understand(line.split()).netns)


@pytest.mark.parametrize("line", ["ip route get 10.0.0.1", "ip route show frobnicate 1 2", "ip link show dev lo nonsense"])
def test_what_no_capture_can_answer(small: Host, line: str) -> None:
    with pytest.raises(UsageError):
        ask(small, line, "red" if "route" in line else None)


def test_nothing_is_run(netwrap: Netwrap, tmp_path: Path) -> None:
    file = tmp_path / "session.txt"
    file.write_text(f"$ ip link\n{LINK}\n")
    done = netwrap("--from", str(file), "ip", "link", "add", "nwt-never", "type", "veth")
    assert done.returncode == 2 and "capture cannot answer" in done.stderr
    done = netwrap("--from", str(file), "--all-netns", "ip", "neigh")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "netwrap: not in this capture: neighbours of (root)\n")
    assert netwrap("--from", str(file), "ip", "link").stdout.split("\n")[2].split()[:2] == ["1", "lo"]
    assert netwrap("--from", str(tmp_path / "none"), "ip", "link").returncode == 1


def test_an_empty_arp_table_is_not_a_missing_one(small: Host) -> None:
    assert ask(small, "arp -n", "red") == []
    with pytest.raises(offline.NotCaptured):
        ask(small, "arp -n")


def test_a_route_is_of_every_device_of_its_nexthops() -> None:
    routes = (
        "default via 10.0.0.1 dev v0\n10.9.0.0/16\n\tnexthop via 10.0.0.9 dev v0 weight 1\n\tnexthop via 10.1.0.9 dev v1 weight 1"
    )
    host = build([Section("", "ip route", routes)])
    assert [route["dst"] for route in ask(host, "ip route show dev v1")] == ["10.9.0.0/16"]
    assert [route["dst"] for route in ask(host, "ip route show dev v0")] == ["default", "10.9.0.0/16"]
    assert ask(host, "ip route show dev v2") == []
