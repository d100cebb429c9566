"""The meaning of a command line: its parser, its namespace, and whether it shows or changes something."""

from __future__ import annotations

import pytest

from netwrap.commands.line import parser_of, understand
from netwrap.commands.request import read


@pytest.mark.parametrize(
    ("typed", "parser", "netns"),
    [
        ("ip link", "ip_link", None),
        ("ip l", "ip_link", None),
        ("ip a", "ip_address", None),
        ("ip addr show dev eth0", "ip_address", None),
        ("ip r", "ip_route", None),
        ("ip ro get 10.0.0.1", "ip_route", None),
        ("ip ru", "ip_rule", None),
        ("ip n", "ip_neigh", None),
        ("ip neighbour list", "ip_neigh", None),
        ("ip -br -c a", "ip_address", None),
        ("ip -6 route show table all", "ip_route", None),
        ("ip -f inet6 neigh", "ip_neigh", None),
        ("ip -family inet6 -details link ls", "ip_link", None),
        ("ip --json --details link", "ip_link", None),
        ("ip -n red -d link show type veth", "ip_link", "red"),
        ("ip -netns red route", "ip_route", "red"),
        ("/sbin/ip netns", "ip_netns", None),
        ("ip netns list-id", "ip_netns", None),
        ("ip netns ls", "ip_netns", None),
        ("sudo ip netns exec red arp -a", "arp", "red"),
        ("ip netns exec red ip -n blue link", "ip_link", "blue"),
        ("ip netns exec red sudo route -n", "route", "red"),
        ("bridge link", "bridge_link", None),
        ("bridge -d vlan show", "bridge_vlan", None),
        ("bridge fdb show br br0", "bridge_fdb", None),
        ("bridge -n red f", "bridge_fdb", "red"),
        ("arp", "arp", None),
        ("arp -vn -i eth0", "arp", None),
        ("route -A inet6", "route", None),
        ("netstat -rn", "route", None),
        ("netstat -an", "ss", None),
        ("netstat -s", None, None),
        ("busybox route -n", "route", None),
        ("busybox ip addr", "ip_address", None),
        ("cat /proc/net/arp", "arp", None),
        ("cat /proc/42/net/ipv6_route", "route", None),
        ("cat /etc/hosts", None, None),
        ("nsenter -t 42 -n ip addr", "ip_address", "/proc/42/ns/net"),
        ("nsenter --net=/run/netns/red route", "route", "/run/netns/red"),
        # changed, asked for help, or none of ours
        ("ip link add v0 type veth", None, None),
        ("ip link set lo up", None, None),
        ("ip addr del 10.0.0.1/8 dev lo", None, None),
        ("ip route flush table 7", None, None),
        ("ip netns add red", None, None),
        ("ip netns identify 1", None, None),
        ("ip -V", None, None),
        ("ip monitor", None, None),
        ("ip tunnel show", None, None),
        ("ip netns exec red bash", None, None),
        ("ip -all netns exec ip link", None, None),
        ("arp -s 10.0.0.1 02:00:00:00:00:01", None, None),
        ("arp -d 10.0.0.1", None, None),
        ("arp -Ds 10.0.0.1 eth0 pub", None, None),
        ("route add default gw 10.0.0.1", None, None),
        ("route --version", None, None),
        ("bridge fdb add 02:00:00:00:00:01 dev v0", None, None),
        ("bridge monitor", None, None),
        ("ls -l", None, None),
        ("", None, None),
    ],
)
def test_understand(typed: str, parser: str | None, netns: str | None) -> None:
    found = understand(typed.split())
    assert (found.parser, found.netns if found.parser else netns) == (parser, netns)


def test_the_words_to_ask_for_records_with() -> None:
    asked = understand("ip -c -o -h -4 -s -j -n red addr show up".split())
    assert asked.words == ["ip", "-4", "-s", "addr", "show", "up"] and asked.json and asked.netns == "red"
    assert asked.argv == ["ip", "-c", "-o", "-h", "-4", "-s", "-j", "addr", "show", "up"]
    assert understand("ip netns exec red arp -n".split()).words == ["arp", "-n"]
    assert understand("bridge -c vlan".split()).words == ["bridge", "-c", "vlan"]


@pytest.mark.parametrize(
    ("typed", "parser"),
    [("ip -d link", "ip_link"), ("ip_route", "ip_route"), ("arp", "arp"), ("route -n", "route"), ("neigh", "ip_neigh"),
     ("bridge fdb", "bridge_fdb"), ("fdb", "bridge_fdb"), ("ip netns exec red route", "route")],
)  # fmt: skip
def test_a_parser_by_the_words_of_its_user(typed: str, parser: str) -> None:
    assert parser_of(typed) == parser


@pytest.mark.parametrize("typed", ["", "ls", "ip tunnel", "ip link add x", "ip_nonsense", "_"])
def test_what_prints_no_table(typed: str) -> None:
    with pytest.raises(ValueError, match="is not a command that prints a table"):
        parser_of(typed)


def test_an_option_takes_its_value_along_wherever_a_command_line_is_read() -> None:
    request = read("ip -loops 3 -l 5 -st -f inet6 route show table 100".split())
    assert request is not None
    assert (request.verb, request.family, request.stats, request.filters, request.unknown) == (
        "show", "inet6", 1, {"table": "100"}, [],
    )  # fmt: skip
