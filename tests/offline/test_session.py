"""Pasted terminal sessions: prompts, namespaces, and notes about the rest of the text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fixture_files import FIXTURES, read
from rooms import Netwrap

from netwrap.sources import session

SESSIONS = FIXTURES / "session"


def tables(path: Path) -> list[tuple[str | None, str | None, int]]:
    """Namespace, parser and number of output lines of every command that has a table."""
    return [(block.netns, block.parser, len(block.lines)) for block in session.blocks(read(path)) if block.parser]


def parsed(netwrap: Netwrap, name: str, *words: str) -> tuple[list[Any], list[str]]:
    done = netwrap("parse", str(SESSIONS / name), "--format", "json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr.splitlines()


def test_the_walk_through_comes_out_complete(netwrap: Netwrap) -> None:
    blocks, said = parsed(netwrap, "walkthrough.txt")
    assert said == []
    counts = [(block["netns"], block["command"], len(block["records"])) for block in blocks]
    assert counts == [
        (None, "ip netns add red", 0),
        (None, "ip netns add blue", 0),
        (None, "ip netns list", 2),
        ("blue", "ip netns exec blue ip link", 1),
        (None, "ip link", 4),
        (None, "arp", 6),
        (None, "route", 7),
        ("red", "ip netns exec red arp", 0),
        ("red", "ip netns exec red route", 0),
    ]
    links = blocks[4]["records"]
    assert links[1]["ifname"] == "eth0" and links[1]["link_index"] == 18354 and links[1]["link_netnsid"] == 0
    assert links[2]["link_netns"] == "cni-d5a6b1fe-ccec-baa2-9d07-0183267636c8"
    assert [entry["address"] for entry in blocks[5]["records"]][:2] == ["172.17.0.4", "172.17.2.0"]
    assert blocks[6]["records"][0]["destination"] == "default"


def test_the_walk_through_as_tables(netwrap: Netwrap) -> None:
    done = netwrap("parse", str(SESSIONS / "walkthrough.txt"))
    assert done.returncode == 0 and done.stderr == ""
    assert "(root): ip netns add red\n" in done.stdout
    assert "\nblue: ip netns exec blue ip link\n" in done.stdout
    assert done.stdout.endswith("red: ip netns exec red arp\n(no entries)\n\nred: ip netns exec red route\n(no entries)\n")


@pytest.mark.parametrize("name", ["typescript.txt", "typescript-colour.txt"])
def test_a_typescript_with_a_shell_in_a_namespace(netwrap: Netwrap, name: str) -> None:
    assert tables(SESSIONS / name) == [
        ("red", "ip_address", 2),
        ("red", "ip_neigh", 1),
        ("red", "arp", 2),
        ("blue", "ip_address", 6),
        ("blue", "ip_route", 1),
        (None, "ip_netns", 2),
        ("nope", "ip_link", 0),
        ("blue", "ip_link", 3),
    ]
    blocks, said = parsed(netwrap, name)
    assert [line.split(": ", 2)[2] for line in said] == [
        "not recognised: ping -c 1 10.0.0.2",
        "only a part of the table: | grep 10.0",
        "not recognised: ls /run/netns",
        'no table: ip -n nope link: Cannot open network namespace "nope": No such file or directory',
        "not recognised: uname -s",
    ]
    [listed] = [block["records"] for block in blocks if block["command"] == "ip netns"]
    assert listed == [{"name": "blue", "id": 1}, {"name": "red", "id": 0}]
    [detailed] = [block["records"] for block in blocks if block["command"] == "ip -d -n blue link show v1"]
    assert detailed[0]["linkinfo"] == {"info_kind": "veth"}


def test_a_router_with_busybox(netwrap: Netwrap) -> None:
    blocks, said = parsed(netwrap, "busybox.txt")
    found = [(block["netns"], block["parser"], len(block["records"])) for block in blocks if block["parser"]]
    assert found == [
        (None, "ip_address", 2), (None, "ip_route", 1), (None, "ip_neigh", 1), (None, "arp", 1), (None, "route", 1),
        ("red", "ip_link", 2), ("red", "arp", 1), (None, "ip_netns", 1),
    ]  # fmt: skip
    assert [line.split(": ", 2)[2] for line in said] == ["not recognised: ping -c 1 -W 2 10.0.0.2"]


def test_markdown_with_prose_and_json(netwrap: Netwrap) -> None:
    blocks, said = parsed(netwrap, "notes.md")
    assert [(block["netns"], block["parser"], len(block["records"])) for block in blocks] == [
        ("red", "ip_address", 2), ("red", "ip_route", 1), (None, "ip_neigh", 1), ("red", "ip_route", 1),
    ]  # fmt: skip
    assert blocks[1]["records"][0]["dst"] == blocks[3]["records"][0]["dst"] == "10.0.0.0/24"
    assert said == []  # prose is no loss


@pytest.mark.parametrize(
    "line",
    ["$ ip a", "# ip a", "user@host:~$ ip a", "[root@h ~]# ip a", "root@h:/etc/net# ip a", "(venv) me@h:~/x$ ip a",
     "bash-5.1# ip a", "/ # ip a", "~ $ ip a",
     "node1:~ # ip a", "host% ip a", "> $ ip a", "**$ ip a**", "$ **ip a**", "`$ ip a`", "   $ ip a",
     "root@OpenWrt:~# ip a", "sh-4.2$ ip a", "[admin@fw-1.example.net:/]$ ip a"],
)  # fmt: skip
def test_prompts(line: str) -> None:
    [block] = session.blocks(line)
    assert (block.command, block.parser) == ("ip a", "ip_address")


@pytest.mark.parametrize(
    "line",
    ["1: lo: <LOOPBACK> mtu 65536", "default via 10.0.0.1 dev eth0", "10.0.0.1 dev eth0 lladdr 02:00:00:00:00:01 STALE", "$", "#",
     "32766:\tfrom all lookup main", "Kernel IP routing table", "    inet 10.0.0.1/24 scope global eth0", "red (id: 0)"],
)  # fmt: skip
def test_no_prompts(line: str) -> None:
    assert not session.is_session(line)


@pytest.mark.parametrize(
    ("typed", "netns", "parser"),
    [
        ("sudo ip -n red route", "red", "ip_route"),
        ("ip netns exec 'a b' arp -a", "a b", "arp"),
        ("LC_ALL=C route -n 2>/dev/null", None, "route"),
        ("ip route show | grep default | head -1", None, "ip_route"),
        ("ip link set lo up && ip -4 addr", None, "ip_address"),
        ("nsenter -t 42 -n ip link", "pid 42", "ip_link"),
        ("cat /proc/net/arp", None, "arp"),
        ("echo 'ip a", None, None),
    ],
)
def test_what_a_line_runs(typed: str, netns: str | None, parser: str | None) -> None:
    [block] = session.blocks(f"$ {typed}")
    assert (block.netns, block.parser) == (netns, parser)


def test_shells_nest_and_end() -> None:
    text = "$ ip netns exec red bash\n# arp\n# ip netns exec blue sh\n# arp\n# exit\nexit\n# arp\n"
    text += "# logout\n$ arp\n$ exit\n$ arp\n"
    assert [block.netns for block in session.blocks(text)] == ["red", "blue", "red", None, None]
    entered = "$ sudo nsenter --net=/run/netns/red\n# ip a\n"
    assert [block.netns for block in session.blocks(entered)] == ["red"]


def test_lines_are_counted_from_the_top(netwrap: Netwrap) -> None:
    done = netwrap("parse", "-", "--format", "json", given="$ ip route\ndefault via 10.0.0.1 dev eth0\n=== what\n$ ip neigh\n")
    assert done.returncode == 1
    assert done.stderr.startswith("netwrap: standard input:3: ")
    assert [(block["command"], len(block["records"])) for block in json.loads(done.stdout)] == [("ip route", 1), ("ip neigh", 0)]
    kept = netwrap("parse", "--keep-going", "--format", "json", given="$ ip route\ndefault via 10.0.0.1 dev eth0\n=== what\n")
    assert kept.returncode == 1
    assert json.loads(kept.stdout)[0]["records"][0]["dst"] == "default"


@pytest.mark.parametrize("behind", ["", " ", " proto static"])
def test_a_multipath_route_whose_first_line_is_its_destination(netwrap: Netwrap, tmp_path: Path, behind: str) -> None:
    path = tmp_path / "pasted.txt"
    path.write_text(
        f"# ip -4 route show\ndefault via 192.0.2.1 dev up0\n10.88.0.0/16{behind}\n"
        "\tnexthop via 10.9.0.11 dev br0 weight 1\n\tnexthop via 10.9.0.12 dev br0 weight 2\n10.9.0.0/24 dev br0 scope link\n"
    )
    done = netwrap("--from", str(path), "ip", "route", "--format", "csv", "--columns", "dst,gateway,weight", "--no-header")
    assert (done.stdout, done.stderr) == (
        "default,192.0.2.1,\n10.88.0.0/16,10.9.0.11,1\n10.88.0.0/16,10.9.0.12,2\n10.9.0.0/24,,\n",
        "",
    )


def test_a_line_of_nothing_but_an_aside(netwrap: Netwrap, tmp_path: Path) -> None:
    """`(ipv4 | ipv6)` looks like a heading until its aside is taken away, and then nothing is left."""
    source = tmp_path / "paste"
    source.write_text(
        "$ ip -br link\nlo UNKNOWN 00:00:00:00:00:00 <UP>\n\n(ipv4 | ipv6)\n\n$ ip route\ndefault via 10.0.0.1 dev eth0\n"
    )
    blocks, said = parsed(netwrap, str(source))
    assert said == []
    assert [(block["netns"], block["command"], len(block["records"])) for block in blocks] == [
        (None, "ip -br link", 1),
        (None, "ip route", 1),
    ]
