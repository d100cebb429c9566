"""Every record can be traced to the line, or the JSON, that it was read from."""

from __future__ import annotations

import json

import pytest

from netwrap.model import evidence
from netwrap.model.build import build
from netwrap.model.namespace import Namespace
from netwrap.model.section import Section
from parsers.records import AnyRecord

LINKS = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    inet 10.9.9.1 peer 10.9.9.2/24 scope global eth0
       valid_lft forever preferred_lft forever
    inet 10.9.9.1/24 scope global eth0
       valid_lft forever preferred_lft forever
"""
ONE_LINE = """\
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
2: eth0    inet 10.0.0.1/24 scope global eth0\\       valid_lft forever preferred_lft forever
2: eth0    inet6 fe80::1/64 scope link \\       valid_lft forever preferred_lft forever
"""
ROUTES = """\
default via 10.0.0.254 dev eth0
203.0.113.0/24 proto static
\tnexthop via 10.0.0.2 dev eth0 weight 1
\tnexthop via 10.0.1.2 dev eth1 weight 5
10.0.0.0/24 dev eth0 scope link
10.0.0.0/24 dev eth0 scope link
"""


def namespace(command: str, text: str) -> Namespace:
    [netns] = build([Section("red", command, text, source="a.txt", line=100)]).namespaces
    return netns


def place(netns: Namespace, record: AnyRecord) -> tuple[int | None, str]:
    found = evidence.of(netns, record)
    assert found is not None and found.source == "a.txt"
    return found.line, found.text


def test_links_and_addresses() -> None:
    netns = namespace("ip address show", LINKS)
    lines = LINKS.split("\n")
    assert netns.addresses is not None
    lo, eth0 = netns.addresses
    assert place(netns, lo) == (100, lines[0]) and place(netns, eth0) == (104, lines[4])
    assert [place(netns, entry) for entry in lo["addr_info"] + eth0["addr_info"]] == [
        (102, lines[2]), (106, lines[6]), (108, lines[8]),
    ]  # fmt: skip


def test_addresses_on_one_line() -> None:
    netns = namespace("ip -o address show", ONE_LINE)
    lines = ONE_LINE.split("\n")
    entries = [entry for link in netns.addresses or () for entry in link["addr_info"]]
    assert [place(netns, entry) for entry in entries] == [(100 + at, lines[at]) for at in range(3)]


def test_routes_and_those_that_are_equal() -> None:
    netns = namespace("ip route show", ROUTES)
    lines = ROUTES.split("\n")
    assert [place(netns, route) for route in netns.routes or ()] == [
        (100, lines[0]), (101, "\n".join(lines[1:4])), (104, lines[4]), (105, lines[5]),
    ]  # fmt: skip


@pytest.mark.parametrize(("command", "table", "text", "first"), [
    ("ip neigh show", "ip_neigh", "10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 STALE\n10.0.0.3 dev eth0 FAILED\n", 0),
    ("ip rule", "ip_rule", "0:\tfrom all lookup local\n9:\tfrom 10.0.0.0/8 iif v0 lookup 100\n", 0),
    ("bridge fdb show", "bridge_fdb", "02:00:00:00:00:02 dev v0 master br0 permanent\n"
     "33:33:00:00:00:01 dev v0 self permanent\n", 0),
    ("bridge vlan show", "bridge_vlan", "port              vlan-id  \nbr0               1 PVID Egress Untagged\n"
     "v0                10\n                  20\n", 1),
    ("arp -n", "arp", "Address                  HWtype  HWaddress           Flags Mask            Iface\n"
     "10.0.0.2                 ether   02:00:00:00:00:02   C                     eth0\n"
     "10.0.0.3                         (incomplete)                              eth0\n", 1),
    ("route -n", "route", "Kernel IP routing table\n"
     "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n"
     "0.0.0.0         10.0.0.254      0.0.0.0         UG    0      0        0 eth0\n"
     "10.0.0.0        0.0.0.0         255.255.255.0   U     0      0        0 eth0\n", 2),
])  # fmt: skip
def test_tables(command: str, table: str, text: str, first: int) -> None:
    netns = namespace(command, text)
    records = netns.tables[table][0].records
    assert len(records) == 2
    found = [place(netns, record) for record in records]
    assert found[0] == (100 + first, text.split("\n")[first])
    assert found[1] == (100 + first + 1, "\n".join(text.split("\n")[first + 1 :]).rstrip("\n"))


def test_what_was_converted_leads_to_the_text_it_comes_from() -> None:
    netns = namespace("route -n", "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n"
                      "0.0.0.0         10.0.0.254      0.0.0.0         UG    0      0        0 eth0\n")  # fmt: skip
    assert netns.routes is not None
    assert place(netns, netns.routes[0])[0] == 101


def test_json() -> None:
    addresses = [
        {"family": "inet", "local": "10.0.0.1", "prefixlen": 24},
        {"family": "inet", "local": "10.0.0.2", "prefixlen": 24},
    ]
    links = [{"ifindex": 1, "ifname": "lo", "addr_info": []}, {"ifindex": 2, "ifname": 'a"b', "addr_info": addresses}]
    netns = namespace("ip -j -p address show", json.dumps(links, indent=4))
    assert netns.addresses is not None
    line, text = place(netns, netns.addresses[1])
    assert (line, json.loads(text)) == (106, links[1])
    line, text = place(netns, netns.addresses[1]["addr_info"][1])
    assert (line, json.loads(text)) == (115, addresses[1])
    one = namespace("ip -j route show", json.dumps([{"dst": "default", "dev": "a"}, {"dst": "10.0.0.0/8", "dev": "b"}]))
    assert one.routes is not None
    assert place(one, one.routes[1]) == (100, '{"dst": "10.0.0.0/8", "dev": "b"}')


def test_a_copy_and_what_is_nowhere() -> None:
    netns = namespace("ip route show", ROUTES)
    assert netns.routes is not None
    assert place(netns, dict(netns.routes[1]))[0] == 101
    assert evidence.of(netns, {"dst": "192.0.2.0/24"}) is None


def test_brief_and_coloured() -> None:
    netns = namespace(
        "ip -br address show", "lo               UNKNOWN        127.0.0.1/8 ::1/128 \ngre0@NONE        DOWN           \n"
    )
    assert netns.addresses is not None
    assert [place(netns, link)[0] for link in netns.addresses] == [100, 101]
    assert [place(netns, entry)[0] for entry in netns.addresses[0]["addr_info"]] == [100, 100]
    ports = namespace(
        "bridge link show", "41: \x1b[36mp0@qp0: \x1b[0m<UP> mtu 1500 master br0 state forwarding priority 5 cost 77 \n"
    )
    assert ports.bridge_links is not None
    assert place(ports, ports.bridge_links[0])[0] == 100


def test_a_record_that_was_joined_from_several_captures() -> None:
    four = "2: eth0    inet 10.0.0.1/24 scope global eth0\n"
    six = "2: eth0    inet6 2001:db8::1/64 scope global \n"
    [netns] = build([
        Section("red", "ip -4 -o addr", four, source="four.txt", line=1),
        Section("red", "ip -6 -o addr", six, source="six.txt", line=1),
    ]).namespaces  # fmt: skip
    assert netns.addresses is not None
    [link] = netns.addresses
    found = [evidence.of(netns, entry) for entry in link["addr_info"]]
    assert {(one.source, one.line, one.text) for one in found if one} == {("four.txt", 1, four[:-1]), ("six.txt", 1, six[:-1])}
    assert evidence.of(netns, link) is not None
