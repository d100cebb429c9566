"""Captures become tables: families are joined, filtered values restored, failures recognised, parts never taken for the whole."""

from __future__ import annotations

import pytest

from netwrap.answers import offline
from netwrap.commands.line import understand
from netwrap.model.build import build
from netwrap.model.host import Host
from netwrap.model.section import Section

IPV4 = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    inet 127.0.0.1/8 scope host lo
2: up0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    inet 10.7.0.5/24 brd 10.7.0.255 scope global up0
"""
IPV6 = """\
2: up0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP qlen 1000
    inet6 2001:db8::5/64 scope global
3: up1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP qlen 1000
    inet6 2001:db8:1::5/64 scope global
"""


def of(*commands: tuple[str, str]) -> Host:
    """The host of some commands and their output."""
    return build([Section("", command, text) for command, text in commands])


@pytest.mark.parametrize("order", [1, -1])
def test_the_addresses_of_two_families_are_joined(order: int) -> None:
    host = of(*[("ip -4 addr", IPV4), ("ip -6 addr", IPV6)][::order])
    assert host.root is not None
    found = {link["ifname"]: sorted(entry["local"] for entry in link["addr_info"]) for link in host.root.addresses or ()}
    assert found == {"lo": ["127.0.0.1"], "up0": ["10.7.0.5", "2001:db8::5"], "up1": ["2001:db8:1::5"]}
    assert {link["ifname"]: link.get("qdisc") for link in host.root.links or ()} == {
        "lo": "noqueue",
        "up0": "noqueue",
        "up1": None,
    }
    assert (host.root.covers("ip_address", "inet"), host.root.covers("ip_address"), host.root.covers("ip_link")) == (
        True,
        False,
        False,
    )
    assert host.notes == host.problems == []


def test_neighbours_of_families_and_states_are_joined() -> None:
    stale, fixed = "10.7.0.1 dev up0 lladdr 02:00:00:00:00:01 STALE\n", "10.7.0.9 dev up0 lladdr 02:00:00:00:00:09 NOARP\n"
    six = "fe80::1 dev up0 lladdr 02:00:00:00:00:01 router STALE\n"
    for command in ("ip -4 neigh", "ip -4 neigh show nud all"):
        host = of((command, stale), ("ip neigh show nud noarp", fixed), ("ip -6 neigh", six))
        assert host.root is not None
        assert sorted(neigh["dst"] for neigh in host.root.neighs or ()) == ["10.7.0.1", "10.7.0.9", "fe80::1"]
        assert host.root.covers("ip_neigh", "inet6", nud="stale") and not host.root.covers("ip_neigh", nud="all")
    host = of(("ip -6 neigh", six), ("arp -n", "10.7.0.1  ether  02:00:00:00:00:01  C  up0\n"))
    assert host.root is not None and [neigh["dst"] for neigh in host.root.neighs or ()] == ["fe80::1", "10.7.0.1"]


@pytest.mark.parametrize(
    ("command", "text", "record"),
    [
        ("ip route show table 100", "default via 10.7.0.1 dev up0",
         {"dst": "default", "gateway": "10.7.0.1", "dev": "up0", "flags": [], "table": "100"}),
        ("ip route show table 255", "local 10.7.0.5 dev up0",
         {"type": "local", "dst": "10.7.0.5", "dev": "up0", "flags": [], "table": "local"}),
        ("ip route show vrf blue", "default via 10.7.0.1 dev up0",
         {"dst": "default", "gateway": "10.7.0.1", "dev": "up0", "flags": [], "table": "vrf blue"}),
        ("ip -j route show dev up0 proto static metric 5", '[{"dst":"default","gateway":"10.7.0.1","flags":[]}]',
         {"dst": "default", "gateway": "10.7.0.1", "flags": [], "dev": "up0", "protocol": "static", "metric": 5}),
        ("ip route show scope link src 10.7.0.5", "10.7.0.0/24 dev up0 proto kernel",
         {"dst": "10.7.0.0/24", "dev": "up0", "protocol": "kernel", "flags": [], "scope": "link", "prefsrc": "10.7.0.5"}),
        ("ip route show via 10.7.0.1", "default dev up0",
         {"dst": "default", "dev": "up0", "flags": [], "gateway": "10.7.0.1"}),
    ],
)  # fmt: skip
def test_what_a_command_filtered_by_is_put_back(command: str, text: str, record: dict[str, object]) -> None:
    host = of((command, text))
    assert host.root is not None and host.root.routes == [record]
    assert not host.root.has_routes("inet")
    assert [note for note in host.notes if f"{command} shows " in note] == host.notes != []
    printed = offline.answer(host, understand(command.split()))
    assert printed == [{key: value for key, value in record.items() if key not in ADDED[command]}]


ADDED = {
    "ip route show table 100": ["table"], "ip route show table 255": ["table"], "ip route show vrf blue": ["table"],
    "ip -j route show dev up0 proto static metric 5": ["dev", "protocol", "metric"],
    "ip route show scope link src 10.7.0.5": ["scope", "prefsrc"], "ip route show via 10.7.0.1": ["gateway"],
}  # fmt: skip


def test_a_vrf_gets_the_number_of_its_table_where_links_tell_it() -> None:
    link = '[{"ifname":"blue","flags":[],"linkinfo":{"info_kind":"vrf","info_data":{"table":10}}}]'
    host = of(("ip route show vrf blue", "default via 10.7.0.1 dev up0"), ("ip -d -j link", link))
    assert host.root is not None and host.root.routes is not None
    assert [route["table"] for route in host.root.routes] == ["10"] and host.root.has_routes("inet", "10")


def test_another_table_does_not_answer_for_the_main_one() -> None:
    host = of(("ip route show table 100", "default via 10.7.0.1 dev up0"))
    with pytest.raises(offline.NotCaptured, match=r"routes of table main of .* not in this capture, only those of 100"):
        offline.answer(host, understand(["ip", "route"]))
    host = of(("ip -d route show cache", ""), ("ip route", "default via 10.7.0.1 dev up0"))
    assert host.root is not None and [route["dst"] for route in host.root.routes or ()] == ["default"]
    assert host.notes == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("ip -4 rule", 'Object "rule" is unknown, try "ip help".'),
        ("ip rule", "bash: ip: command not found"),
        ("ip rule", "/bin/sh: 1: ip: not found"),
        ("ip rule", "RTNETLINK answers: Operation not permitted\nDump terminated"),
        ("ip rule", "Usage: ip rule { add | del } SELECTOR ACTION"),
        ("iptables-save", "iptables-save v1.8.4 (nf_tables): Could not fetch rule set generation id: Permission denied"),
        ("nft list ruleset", "Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed"),
        ("ip route show table 7", "Error: ipv4: FIB table does not exist.\nDump terminated"),
    ],
)
def test_what_a_failed_command_said_is_no_empty_table(command: str, said: str) -> None:
    host = of((command, said))
    first = said.split("\n")[0]
    assert (host.notes, host.problems) == ([f"(root): {command} failed: {first}"], [])
    assert host.root is not None
    assert host.root.rules is None and host.root.rulesets is None and host.root.routes is None
    if "rule " in f"{command} " and "nft" not in command:
        with pytest.raises(offline.NotCaptured) as raised:
            offline.answer(host, understand(["ip", "rule"]))
        assert str(raised.value) == f"not in this capture: rules of (root) ({command}: {first})"


def test_words_beside_rows_are_notes() -> None:
    host = of(
        ("ip netns", "Error: Peer netns reference is invalid.\nred (id: 1)\ngone\n"),
        ("ip route", "Dump was interrupted and may be inconsistent.\ndefault via 10.7.0.1 dev up0\n"),
        ("ip netns exec gone ip addr", 'Cannot open network namespace "gone": No such file or directory\n'),
    )
    assert [netns.title for netns in host.namespaces] == ["(root)", "red"]
    assert host.problems == []
    assert host.notes == [
        "namespace gone vanished while it was read",
        "(root): ip netns: Error: Peer netns reference is invalid.",
        "(root): ip route: Dump was interrupted and may be inconsistent.",
        "(root): ip route holds only a part of the table: interrupted",
    ]
    assert host.root is not None and not host.root.has_routes("inet")


def test_a_part_proves_nothing_absent_and_a_later_capture_replaces_an_earlier_one() -> None:
    one, other = "10.7.0.1 dev up0 lladdr 02:00:00:00:00:01 STALE", "10.7.0.2 dev up0 lladdr 02:00:00:00:00:02 STALE"
    host = build([Section("", "ip neigh", one, part="| grep 10.7.0.1")])
    assert host.root is not None and not host.root.covers("ip_neigh", "inet", nud="usual")
    assert host.notes == ["(root): ip neigh holds only a part of the table: | grep 10.7.0.1"]
    host = build([Section("", "ip neigh", one), Section("", "ip neigh", other, state=1), Section("", "ip -4 neigh", one)])
    assert host.root is not None and [neigh["dst"] for neigh in host.root.neighs or ()] == ["10.7.0.2"]
    host = build([Section("", "ip neigh", one), Section("", "ip neigh", other, state=1, part="cut off")])
    assert host.root is not None and [neigh["dst"] for neigh in host.root.neighs or ()] == ["10.7.0.1", "10.7.0.2"]


def test_thousands_of_partial_captures_are_joined_in_linear_time() -> None:
    texts = [Section("", f"ip route show dev up{n}", f"10.{n // 256}.{n % 256}.0/24 scope link") for n in range(3000)]
    host = build(texts)
    assert host.root is not None and host.root.routes is not None
    assert len(host.root.routes) == 3000 and host.root.routes[-1]["dev"].startswith("up")
