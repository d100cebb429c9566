"""`netwrap report`: one row for each namespace, and one namespace in detail."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rooms import ROOT, Netwrap, Rooms

from netwrap.answers import overview
from netwrap.model.build import build
from netwrap.model.section import Section

SESSION = """\
$ ip netns
red (id: 0)
blue
$ ip -d link
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00 promiscuity 0 minmtu 0 maxmtu 0
7: v0@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netns red promiscuity 0 minmtu 68 maxmtu 65535
    veth addrgenmode eui64
$ ip netns exec red ip -d addr
2: v1@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff link-netnsid 0 promiscuity 0 minmtu 68 maxmtu 65535
    veth addrgenmode eui64
    inet 10.0.0.1/24 scope global v1
       valid_lft forever preferred_lft forever
$ ip netns exec red ip route
default via 10.0.0.254 dev v1
10.0.0.0/24 dev v1 proto kernel scope link src 10.0.0.1
"""


@pytest.fixture
def session(tmp_path: Path) -> str:
    path = tmp_path / "session.txt"
    path.write_text(SESSION)
    return str(path)


def test_overview_of_a_session(netwrap: Netwrap, session: str) -> None:
    done = netwrap("report", "--from", session)
    assert done.returncode == 0
    assert done.stdout.split("\n") == [
        "netns   nsid  links  addresses    default",
        "------  ----  -----  -----------  ----------",
        "(root)        2/2",
        "blue",
        "red        0  1/1    10.0.0.1/24  10.0.0.254",
        "",
    ]
    assert done.stderr == "netwrap: not in this capture: IPv6 routes, neighbours and rules\n"


def test_details_of_a_session(netwrap: Netwrap, session: str) -> None:
    done = netwrap("report", "red", "--from", session)
    assert done.stdout.startswith("red: nsid 0 in (root)\n\nlinks:\n")
    assert re.search(r"^v1 +veth +UP +v0@\(root\) +name +10\.0\.0\.1/24", done.stdout, re.MULTILINE)
    assert done.stderr == ""
    assert "neighbours: not in this capture" in done.stdout
    [record] = json.loads(netwrap("report", "red", "--from", session, "--format", "json").stdout)
    assert record["neighbours"] is None and record["links"][0]["peer"] == "v0@(root)"


def test_options_of_tables(netwrap: Netwrap, session: str) -> None:
    done = netwrap("report", "--from", session, "--where", "default=10.0.0.254", "--columns", "netns,default", "--format", "csv")
    assert done.stdout == "netns,default\nred,10.0.0.254\n"
    done = netwrap("report", "--from", session, "--columns", "nonsense")
    assert done.returncode == 2 and done.stderr.count("\n") == 1


def test_unknown_names_and_files(netwrap: Netwrap, session: str) -> None:
    done = netwrap("report", "green", "--from", session)
    assert done.returncode == 2 and done.stderr.startswith("netwrap: no namespace 'green' in ")
    assert "(root), blue, red" in done.stderr
    done = netwrap("report", "--from", "/nowhere/at/all")
    assert (done.returncode, done.stderr) == (1, "netwrap: cannot read /nowhere/at/all: No such file or directory\n")


def test_no_control_character_reaches_the_terminal(netwrap: Netwrap, tmp_path: Path) -> None:
    path = tmp_path / "evil.txt"
    path.write_text("$ ip netns\nred\x1b]0;evil\x07 (id: 1)\n$ ip netns exec a\x9bb ip link\n"
                    "1: l\x1b[31mo\x07\x08: <UP> mtu 1500 state UP\n")  # fmt: skip
    for words in (["report"], ["report", "a\x9bb"]):
        done = netwrap(*words, "--from", str(path))
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.stdout + done.stderr)


def test_a_namespace_that_vanished_is_a_note() -> None:
    said = 'Cannot open network namespace "x": No such file or directory'
    host = build([
        Section("", "namespaces", "4026531840\tself\t\n4026532222\tname\tx\n"),
        Section("4026531840", "ip -j link show", '[{"ifindex":1,"ifname":"lo","flags":["UP"]}]'),
        Section("4026532222", "ip -j link show", "", said, 255),
        Section("4026532222", "ip -j rule show", "", "", 255),
    ])  # fmt: skip
    assert (host.notes, host.problems) == (["namespace x vanished while it was read"], [])
    assert [netns.title for netns in host.namespaces] == ["(root)"]


@pytest.mark.parametrize(
    "said",
    [
        'setting the network namespace "x" failed: Invalid argument',
        "nsenter: reassociate to namespace 'ns/net' failed: Invalid argument",
    ],
)
def test_a_namespace_that_vanishes_between_two_commands_is_a_note(said: str) -> None:
    host = build([
        Section("", "namespaces", "4026531840\tself\t\n4026532222\tname\tx\n"),
        Section("4026532222", "ip -j link show", '[{"ifindex":1,"ifname":"lo","flags":["UP"]}]'),
        Section("4026532222", "ip -6 -j rule show", "", said, 255),
    ])  # fmt: skip
    assert (host.notes, host.problems) == ([f"x: ip -6 -j rule show failed: {said}"], [])
    netns = host.find("x")
    assert netns is not None and netns.links is not None and netns.rules6 is None


def test_links_up() -> None:
    links = [{"flags": ["UP"], "operstate": state} for state in ("UP", "UNKNOWN", "DOWN")]
    links.append({"flags": [], "operstate": "DOWN"})
    assert list(map(overview.is_up, links)) == [True, True, False, False]


@pytest.mark.root
def test_live(netwrap: Netwrap, rooms: Rooms) -> None:
    red = rooms.add("red")
    rooms.batch("link add v0 type veth peer name v1\nlink set v0 up\nlink set v1 up\nlink set lo up\n"
                "address add 10.9.0.1/24 dev v0\nroute add default via 10.9.0.2\n"
                "neigh add 10.9.0.2 lladdr 02:00:00:00:00:09 dev v0 nud permanent\n"
                "rule add to 10.8.0.0/16 table 100", red)  # fmt: skip
    done = netwrap("report", "--where", f"netns={red}", "--format", "json")
    [record] = json.loads(done.stdout)
    assert record["inode"] == os.stat(f"/run/netns/{red}").st_ino
    expected = {"links_up": 3, "links": 3, "addresses": ["10.9.0.1/24"], "default": ["10.9.0.2"], "neighbours": 1, "rules": 4,
                "processes": 0, "netns": red}  # fmt: skip
    assert expected.items() <= record.items()
    shown = netwrap("report", red).stdout
    assert "v0@if" not in shown and re.search(r"^v0 +veth +UP +v1 +name +10\.9\.0\.1/24", shown, re.MULTILINE)


@pytest.mark.root
def test_without_root(rooms: Rooms) -> None:
    red = rooms.add("red")
    words = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-m", "netwrap", "report"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 0
    assert red in done.stdout and "(root)" in done.stdout
    assert "root would add" in done.stderr


def test_json_without_a_command_is_read_as_parse_reads_it(netwrap: Netwrap, tmp_path: Path) -> None:
    file = tmp_path / "routes.json"
    file.write_text('[{"dst":"default","gateway":"10.0.0.1","dev":"eth0","flags":[]}]\n')
    done = netwrap("report", "--from", str(file))
    assert (done.returncode, done.stdout.split()) == (0, ["netns", "default", "------", "--------", "(root)", "10.0.0.1"])
    assert f"netwrap: {file}: line 1 read as 'ip route show'\n" in done.stderr
    file.write_text("\n")
    assert netwrap("report", "--from", str(file)).stderr == f"netwrap: {file}: empty\n"
