"""`netwrap check` finds the faults that an expert sees in a pasted text, with their lines, and none on healthy hosts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rooms import ROOT, Netwrap

from netwrap.answers import check
from netwrap.answers.checks import Finding, Look, walks
from netwrap.model.build import build
from netwrap.model.section import Section
from netwrap.sources import opening

#: Hosts as people paste them: sound ones, and each faulty one with its check in front of its name.
HOSTS = ROOT / "fixtures" / "check"
# text -> (id, severity, a part of what, lines of the evidence, a part of the mend) of each finding but notes
PASTED: dict[str, tuple[str, list[tuple[str, str, str, list[int], str]]]] = {
    "gateway off link": (
        "$ ip addr\n2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP\n    inet 10.0.0.2/24 scope global eth0\n"
        "$ ip route\ndefault via 10.0.1.1 dev eth0\n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2\n",
        [("R02", "error", "gateway 10.0.1.1 is in no network", [5, 3], "ip addr add 10.0.0.2/23 dev eth0")],
    ),
    "gateway silent": (
        "$ ip neigh\n10.0.0.1 dev eth0 FAILED\n$ ip route\ndefault via 10.0.0.1 dev eth0\n"
        "10.0.0.0/24 dev eth0 scope link src 10.0.0.2\n",
        [("R04", "error", "the gateway 10.0.0.1 does not answer ARP", [2, 4], "")],
    ),
    "peer down": (
        "$ ip -d link\n7: v-red@if2: <BROADCAST,MULTICAST> mtu 1500 state DOWN\n    link/ether 02:00:00:00:00:07 link-netns red\n"
        "    veth\n$ ip -n red -d addr\n2: eth0@if7: <NO-CARRIER,BROADCAST,UP,M-DOWN> mtu 1500 state LOWERLAYERDOWN\n"
        "    link/ether 02:00:00:00:00:02 link-netnsid 0\n    veth\n    inet 10.0.0.2/24 scope global eth0\n",
        [("L03", "error", "v-red is down, so its peer eth0 of red has no carrier", [2, 6], "ip link set v-red up")],
    ),
    "two defaults": (
        "$ ip route\ndefault via 10.0.0.1 dev eth0\ndefault via 10.1.0.1 dev eth1\n",
        [("R07", "warning", "two default routes of metric 0 (by eth0 and eth1)", [2, 3],
          "ip route del default via 10.1.0.1 dev eth1")],
    ),
    "a port has the address": (
        "$ ip -d addr\n3: br0: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP\n    bridge\n"
        "4: eth1: <BROADCAST,UP,LOWER_UP> mtu 1500 master br0 state UP\n    bridge_slave\n"
        "    inet 10.0.0.2/24 scope global eth1\n",
        [("L20", "warning", "10.0.0.2/24 is on eth1, which is a port of br0", [6, 4], "ip addr add 10.0.0.2/24 dev br0")],
    ),
    "tunnel too big": (
        "$ ip -d link\n2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP\n"
        "5: vx: <BROADCAST,UP,LOWER_UP> mtu 1500 state UNKNOWN\n"
        "    vxlan id 1 dev eth0 dstport 4789\n",
        [("L13", "error", "vxlan vx has MTU 1500 over eth0 of 1500", [3, 2], "ip link set vx mtu 1450")],
    ),
}  # fmt: skip
# What must stay silent: each looks like a fault and is none.
SOUND = {
    "calico": "$ ip addr\n2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1450 state UP\n    inet 10.244.1.7/32 scope global eth0\n"
    "$ ip route\ndefault via 169.254.1.1 dev eth0\n169.254.1.1 dev eth0 scope link\n",
    "metrics": "$ ip route\ndefault via 10.0.0.1 dev eth0 metric 100\ndefault via 10.1.0.1 dev wlan0 metric 600\n",
    "idle docker0": "$ ip -d addr\n3: docker0: <NO-CARRIER,BROADCAST,UP> mtu 1500 state DOWN\n    bridge\n"
    "    inet 172.17.0.1/16 scope global docker0\n",
    "beside": "$ ip addr\n2: eth0: <UP,LOWER_UP> mtu 1500 state UP\n    inet 10.10.0.2/16 scope global eth0\n"
    "3: eth1: <UP,LOWER_UP> mtu 1500 state UP\n"
    "    inet 10.20.0.2/16 scope global eth1\n",
    "a part": "$ ip route | grep default\ndefault via 10.0.0.1 dev eth0\n"
    "$ ip addr show lo\n1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN\n"
    "    inet 127.0.0.1/8 scope host lo\n",
    "unreadable": "$ ip addr\n2: eth0: <UP,LOWER_UP> mtu 1500 state UP\n    inet x.x.x.x/24 scope global eth0\n"
    "$ ip route\ndefault via x.x.x.1 dev eth0\n",
    "stale": "$ ip neigh\n10.0.0.1 dev eth0 lladdr 02:00:00:00:00:01 STALE\n$ ip route\ndefault via 10.0.0.1 dev eth0\n",
    "onlink": "$ ip addr\n2: eth0: <UP,LOWER_UP> mtu 1500 state UP\n    inet 10.0.0.2/32 scope global eth0\n"
    "$ ip route\ndefault via 10.9.0.1 dev eth0 onlink\n",
}  # fmt: skip


def found(text: str) -> list[Finding]:
    return [one for one in check.check(opening.read_text(text)) if one.severity != "note"]


@pytest.mark.parametrize("name", PASTED)
def test_what_is_wrong_is_found_with_its_lines(name: str) -> None:
    text, expected = PASTED[name]
    told = found(text)
    assert [(one.id, one.severity) for one in told] == [one[:2] for one in expected]
    for one, (_, _, what, lines, mend) in zip(told, expected):
        assert what in one.what
        assert [quote["line"] for quote in one.evidence] == lines
        assert [quote["text"] for quote in one.evidence] == [text.split("\n")[line - 1].strip() for line in lines]
        assert mend in " && ".join(one.mend)


@pytest.mark.parametrize("name", SOUND)
def test_what_only_looks_like_a_fault_is_left_alone(name: str) -> None:
    assert found(SOUND[name]) == []


@pytest.mark.parametrize("name", sorted(path.name for path in (HOSTS / "sound").iterdir()))
def test_a_sound_host_has_no_error(name: str) -> None:
    told = check.check(opening.read(str(HOSTS / "sound" / name)))
    assert [(one.id, one.what) for one in told if one.severity == "error"] == []


@pytest.mark.parametrize("name", sorted(path.name for path in (HOSTS / "faulty").iterdir()))
def test_the_fault_of_a_host_is_named_first(name: str) -> None:
    told = check.check(opening.read(str(HOSTS / "faulty" / name)))
    assert [one.id for one in told if one.severity != "note"][:1] == [name.partition("-")[0]], told


def test_the_gateway_of_a_second_hop_is_mended_by_its_own_length() -> None:
    text = (
        "$ ip addr\n2: eth0: <UP,LOWER_UP> mtu 1500 state UP\n    inet 10.0.0.5/24 scope global eth0\n"
        "3: v0: <UP,LOWER_UP> mtu 1500 state UP\n    inet 192.168.0.5/24 scope global v0\n"
        "$ ip route\ndefault\n\tnexthop via 192.168.0.1 dev v0 weight 1\n\tnexthop via 10.0.1.1 dev eth0 weight 1\n"
    )
    [one] = [one for one in found(text) if one.id == "R02"]
    assert one.what == "gateway 10.0.1.1 is in no network of (root)"
    assert list(one.mend) == ["ip addr add 10.0.0.5/23 dev eth0", "ip addr del 10.0.0.5/24 dev eth0"]


def test_a_consequence_stands_under_its_cause() -> None:
    text = (
        "$ ip -d link\n7: v-red@if2: <BROADCAST,MULTICAST> mtu 1500 state DOWN\n"
        "    link/ether 02:00:00:00:00:07 link-netns red\n    veth\n"
        "$ ip -n red -d addr\n2: eth0@if7: <NO-CARRIER,BROADCAST,UP,M-DOWN> mtu 1500 state LOWERLAYERDOWN\n"
        "    link/ether 02:00:00:00:00:02 link-netnsid 0\n    veth\n    inet 10.0.0.2/24 scope global eth0\n"
        "$ ip -n red route\ndefault via 10.0.0.1 dev eth0 linkdown\n$ ip -n red neigh\n10.0.0.1 dev eth0 FAILED\n"
    )
    told = found(text)
    assert [(one.id, sorted(other.id for other in one.under)) for one in told] == [("L03", ["R04", "R06"])]


def test_what_follows_from_a_fault_is_told_under_it() -> None:
    """The duplicate that keeps an owner silent; a bridge that is down, with its address, its ports and the gateway behind it."""
    shop = check.check(opening.read(str(ROOT / "fixtures" / "host" / "shop.netwrap")))
    assert {one.id: {other.id for other in one.under} for one in shop if one.severity == "error"}["A01"] == {"F10"}
    cable = "link/ether 02:00:00:00:00:0{} link-netns{}\n    veth\n"
    text = (
        "$ ip -d addr\n2: br0: <BROADCAST> mtu 1500 state DOWN\n    bridge\n    inet 10.0.0.1/24 scope global br0\n"
        "7: v@if3: <BROADCAST,UP,LOWER_UP> mtu 1500 master br0 state UP\n    " + cable.format(7, " red")
        + "$ ip -n red -d addr\n3: eth0@if7: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP\n    " + cable.format(3, "id 0")
        + "    inet6 fd00::2/64 scope global\n$ ip -n red -6 route\ndefault via fd00::1 dev eth0\n"
    )  # fmt: skip
    assert [(one.id, sorted(other.id for other in one.under)) for one in found(text)] == [("L02", ["L07", "R05"])]


def test_an_address_that_nobody_has_is_in_no_network_of_the_host() -> None:
    text = "$ ip addr\n2: eth0: <UP,LOWER_UP> mtu 1500 state UP\n    inet 192.0.2.7/24 scope global eth0\n"
    assert [walks.outside(Look(opening.read_text(one)), "inet") for one in (text, text.replace("192", "10"))] == [
        "198.51.100.1", "192.0.2.1"
    ]  # fmt: skip


def test_the_sample_does_not_forward(netwrap: Netwrap) -> None:
    done = netwrap("check", "--from", str(ROOT / "fixtures" / "host" / "sample.netwrap"), "--level", "error", "--format", "json")
    assert [(one["id"], one["netns"], one["mend"]) for one in json.loads(done.stdout)] == [
        ("F01", "(root)", ["sysctl -w net.ipv4.ip_forward=1"])
    ]


def test_options(netwrap: Netwrap, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text(PASTED["two defaults"][0])
    assert netwrap("check", "--from", str(path)).returncode == 1
    assert netwrap("check", "--from", str(path), "--level", "error").returncode == 0
    assert netwrap("check", "--from", str(path), "--without", "r07").returncode == 0
    assert netwrap("check", "--from", str(path), "--only", "L*").returncode == 0
    [record] = json.loads(netwrap("check", "--from", str(path), "--format", "json").stdout)
    assert list(record) == ["id", "severity", "host", "netns", "dev", "what", "why", "evidence", "mend", "consequences"]
    baseline = tmp_path / "known.json"
    assert netwrap("check", "--from", str(path), "--accept", str(baseline)).returncode == 0
    assert netwrap("check", "--from", str(path), "--accept", str(baseline)).stdout.startswith("nothing found")
    baseline.write_text("{")
    wrong = netwrap("check", "--from", str(path), "--accept", str(baseline))
    assert wrong.returncode == 1 and "is not a baseline" in wrong.stderr and wrong.stderr.count("\n") == 1
    assert netwrap("check", "--only", "X99", "--from", str(path)).returncode == 2
    assert netwrap("check", "--explain", "R02").stdout.startswith("R02  error: a gateway that is in no network")


def test_the_list_in_the_documents_is_that_of_the_code() -> None:
    rows = (ROOT / "docs" / "checks.md").read_text().split("\n")
    table = [row.split(" | ")[:3] for row in rows if row.startswith("| **")]
    assert table == [[f"| **{one.id}**", one.severity, one.title] for one in check.catalogue().values()]


def test_a_gateway_that_leads_nowhere_need_not_forward() -> None:
    """A namespace that stands for the world outside has one link and no routes: a warning. With a second network, an error."""
    world = "2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP\n    inet 10.0.0.1/24 scope global eth0\n"
    net = "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0."
    for more, level in (("", "warning"), ("    inet 10.1.0.1/24 scope global eth0\n", "error")):
        host = build(
            [
                Section("world", "ip address", world + more),
                Section("world", "ip route show table all", f"{net}1"),
                Section("world", "sysctl -a", "net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.forwarding = 0"),
                Section("red", "ip address", world.replace("0.1/", "0.2/")),
                Section("red", "ip route", f"default via 10.0.0.1 dev eth0\n{net}2"),
            ]
        )
        assert [found.severity for found in check.check([host], only=["F01"])] == [level]


def test_what_was_not_captured_is_named_with_the_command_that_shows_it() -> None:
    links = "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN\n"
    found = check.check([build([Section("4026531840", "ip -d link", links)])], only=["N01"])
    assert "firewall of 4026531840: not captured, so nothing is said of them (" in found[-1].what
    assert found[-1].what.endswith("nft list ruleset` shows them)")


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("$ ip route\ndefault via 10.0.0.1 dev eth0\n", "1 namespace; not known: links, addresses, neighbours, rules"),
        ("$ ip -n a rule\n0:\tfrom all lookup local\n$ ip -n b neigh\n10.0.0.2 dev e0 lladdr 02:00:00:00:00:02 REACHABLE\n",
         "2 namespaces; not known: links, addresses, routes, neighbours (of 1), rules (of 1)"),
    ],
)  # fmt: skip
def test_what_was_not_captured_is_said_beside_nothing_found(netwrap: Netwrap, tmp_path: Path, text: str, end: str) -> None:
    path = tmp_path / "part.txt"
    path.write_text(text)
    assert netwrap("check", "--from", str(path)).stdout.endswith(f" of {end}\n")
