"""`netwrap find`: every place, its owner first, with the command that shows it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from rooms import ROOT as CHECKOUT
from rooms import Netwrap

from netwrap.answers.find import find
from netwrap.model.build import build
from netwrap.model.host import Host
from netwrap.model.section import Section

ROOT, RED, POD = "4026531840", "4026532201", "4026532202"
CONTAINER = "0123456789ab" + "c" * 52


def dumps(*records: Any) -> str:
    return json.dumps(records)


@pytest.fixture
def host() -> Host:
    veth = {"linkinfo": {"info_kind": "veth"}, "flags": ["UP"], "operstate": "UP"}
    built = build([
        Section("", "namespaces", f"{ROOT}\tself\t\n{ROOT}\tpid\t1 init\n{RED}\tname\tred\n{POD}\tpid\t77 pause\n"
                f"{POD}\tcgroup\t0::/system.slice/docker-{CONTAINER}.scope\n"),
        Section(ROOT, "ip -j -d -s link show", dumps(
            {"ifindex": 7, "ifname": "v0", "link_index": 2, "link_netnsid": 5, "address": "02:00:00:00:00:01", "master": "br0",
             **veth},
            {"ifindex": 8, "ifname": "br0", "address": "02:00:00:00:00:08", "linkinfo": {"info_kind": "bridge"}},
            {"ifindex": 9, "ifname": "v0.100", "link": "v0", "linkinfo": {"info_kind": "vlan", "info_data": {"id": 100}}},
            {"ifindex": 10, "ifname": "vx", "linkinfo": {"info_kind": "vxlan", "info_data": {"group": "10.0.0.1"}}})),
        Section(ROOT, "ip -j netns list-id", dumps({"nsid": 5, "name": "red"}, {"nsid": 6})),
        Section(ROOT, "ip -4 -j -d -s route show table all", dumps(
            {"dst": "10.1.0.0/16", "gateway": "10.0.0.1", "dev": "br0", "table": "main", "type": "unicast"},
            {"dst": "10.0.0.1", "dev": "v0", "table": "local", "type": "local"})),
        Section(ROOT, "ip -j -d -s rule show", dumps({"priority": 9, "src": "10.0.0.1", "table": "100"})),
        Section(ROOT, "ip -j -d -s neigh show nud all", dumps(
            {"dst": "10.0.0.1", "dev": "br0", "lladdr": "02:00:00:00:00:02", "state": ["STALE"]})),
        Section(ROOT, "bridge -j fdb show", dumps(
            {"mac": "02:00:00:00:00:02", "ifname": "v0", "master": "br0", "vlan": 100, "state": ""})),
        Section(ROOT, "bridge -j vlan show", dumps({"ifname": "v0", "vlans": [{"vlan": 90, "vlanEnd": 110, "flags": ["PVID"]}]})),
        Section(RED, "ip -j -d -s link show", dumps(
            {"ifindex": 2, "ifname": "eth0", "link_index": 7, "link_netnsid": 0, "address": "02:00:00:00:00:02", **veth})),
        Section(RED, "ip -j -d -s address show", dumps(
            {"ifname": "eth0", "addr_info": [{"family": "inet", "local": "10.0.0.1", "prefixlen": 24}]})),
        Section(POD, "ip -j -d -s link show", dumps({"ifindex": 1, "ifname": "lo"})),
    ])  # fmt: skip
    built.live = True
    return built


def places(host: Host, what: str) -> list[tuple[str | None, str, str]]:
    return [(place["netns"], place["role"], place["what"]) for place in find(host, what)]


def test_an_address(host: Host) -> None:
    assert places(host, "10.0.0.1") == [
        ("red", "owner", "10.0.0.1/24 on eth0"),
        (None, "link", "group 10.0.0.1 of vx"),
        (None, "neighbour", "10.0.0.1 at 02:00:00:00:00:02 on br0 STALE"),
        (None, "route", "10.1.0.0/16 via 10.0.0.1 dev br0"),
        (None, "rule", "9: from 10.0.0.1 lookup 100"),
    ]
    assert find(host, "10.0.0.1")[0]["command"] == "ip -n red address show dev eth0"


def test_a_prefix(host: Host) -> None:
    assert places(host, "10.0.0.0/8")[0] == ("red", "owner", "10.0.0.1/24 on eth0")
    assert (None, "route", "10.1.0.0/16 via 10.0.0.1 dev br0") in places(host, "10.1.0.0/16")
    assert places(host, "10.2.0.0/16") == [] == places(host, "2001:db8::/32")


@pytest.mark.parametrize("mac", ["02:00:00:00:00:02", "02-00-00-00-00-02", "0200.0000.0002", "02:00:00:00:00:02".upper()])
def test_a_mac(host: Host, mac: str) -> None:
    assert [(netns, role) for netns, role, _ in places(host, mac)] == [("red", "owner"), (None, "neighbour"), (None, "fdb")]


def test_an_interface(host: Host) -> None:
    found = places(host, "v0")
    assert found[0] == (None, "owner", "v0 veth UP 02:00:00:00:00:01")
    assert ("red", "peer", "eth0 is the peer of v0@(root) (by nsid)") in found
    assert (None, "peer", "v0.100 stands on v0 (by name)") in found
    assert places(host, "br0")[1:3] == [(None, "port", "v0 is a port of br0"), (None, "neighbour", "1 neighbour")]


def test_numbers(host: Host) -> None:
    assert [(role, what) for _, role, what in places(host, "100")] == [
        ("owner", "v0.100 is vlan 100"), ("fdb", "02:00:00:00:00:02 on v0 vlan 100"), ("vlan", "vlan 100 on v0 PVID"),
    ]  # fmt: skip
    assert places(host, "5") == [(None, "nsid", "nsid 5 is red (by nsid)")]
    assert places(host, "6") == [(None, "nsid", "nsid 6 is not captured")]
    assert places(host, "pid 77") == [("docker 0123456789ab", "process", "pid 77 (pause)")]
    assert places(host, RED) == [("red", "namespace", f"net:[{RED}]")] == places(host, f"net:[{RED}]")


@pytest.mark.parametrize("name", ["docker 0123456789ab", "0123456789ab", CONTAINER])
def test_a_container(host: Host, name: str) -> None:
    [place] = find(host, name)
    assert (place["role"], place["command"]) == ("namespace", "nsenter -t 77 -n ip link show")


def test_of_a_capture_the_command_asks_the_capture(host: Host) -> None:
    host.live, host.source = False, "a file"
    commands = {place["netns"]: place["command"] for place in find(host, "02:00:00:00:00:02")}
    assert commands["red"] == "netwrap --from 'a file' --netns red ip link show dev eth0"


def test_the_command_line(netwrap: Netwrap, tmp_path: Path) -> None:
    file = tmp_path / "session.txt"
    file.write_text("$ ip -n red route\ndefault via 10.0.0.254 dev eth0\n")
    done = netwrap("find", "10.0.0.254", "--from", str(file))
    assert done.returncode == 0 and done.stdout.split("\n")[2].startswith("red      route   default via 10.0.0.254 dev eth0")
    [place] = json.loads(netwrap("find", "10.0.0.254", "--from", str(file), "--format", "json").stdout)
    again = subprocess.run(["sh", "-c", place["command"].replace("netwrap", "true", 1)], timeout=20)
    assert again.returncode == 0
    done = netwrap("find", "10.0.0.9", "--from", str(file))
    assert (done.returncode, done.stderr) == (1, f"netwrap: 10.0.0.9 is nowhere in {file}\n")
    assert netwrap("find").returncode == 2


def test_a_number_above_255_is_no_address(netwrap: Netwrap) -> None:
    sample = str(CHECKOUT / "fixtures" / "host" / "sample.netwrap")
    done = netwrap("find", "192.168.15.300", "--from", sample)
    assert (done.returncode, done.stderr) == (1, f"netwrap: 192.168.15.300 is nowhere in {sample}: that is no IPv4 address\n")


def test_a_neighbour_without_an_address_is_found_by_its_mac() -> None:
    host = build([Section("", "ip neigh", "dev br0 lladdr 02:00:00:00:00:09 REACHABLE\n")])
    place = find(host, "02:00:00:00:00:09")[-1]
    assert (place["role"], place["command"]) == ("neighbour", "netwrap --from '' ip neigh show dev br0")


def test_a_port_is_not_sought_in_json_and_a_long_line_is_cut(netwrap: Netwrap, tmp_path: Path) -> None:
    """Every number of JSON has a colon in front; a line of JSON is a whole table."""
    links = [{"ifindex": at, "ifname": f"e{at}", "flags": ["UP"], "mtu": 1500, "qdisc": "noop", "txqlen": 22} for at in range(30)]
    links[15]["qdisc"] = "odd-one"
    file = tmp_path / "session.txt"
    file.write_text(f"root@web:~# ip -j link show\n{json.dumps(links, separators=(',', ':'))}\nroot@web:~#\n")
    port = netwrap("find", ":22", "--from", str(file))
    assert (port.returncode, port.stdout) == (1, "")
    assert port.stderr.startswith("netwrap: :22 is nowhere in ") and "the sockets of " in port.stderr
    (row,) = json.loads(netwrap("find", "odd-one", "--from", str(file), "--format", "json").stdout)
    assert row["role"] == "line" and '"qdisc":"odd-one"' in row["what"] and len(row["what"]) < 120


def test_a_name_that_may_be_of_a_program_that_listens(netwrap: Netwrap, tmp_path: Path) -> None:
    """Nowhere is only true of what was read: programs stand among the sockets, a link's name does not."""
    file = tmp_path / "session.txt"
    file.write_text("root@web:~# ip -br link\nlo               UNKNOWN        00:00:00:00:00:00 <LOOPBACK,UP,LOWER_UP>\n")
    said = netwrap("find", "nginx", "--from", str(file)).stderr
    assert (
        said == f"netwrap: nginx is nowhere in {file}; which programs listen is not known: the sockets of (root) were not read\n"
    )
    assert "sockets" not in netwrap("find", "192.0.2.1", "--from", str(file)).stderr
