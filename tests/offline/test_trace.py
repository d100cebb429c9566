"""The output of `netwrap trace` for a pasted text: where the path ends, and which facts are unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rooms import Netwrap

from netwrap.answers.inside import inside, sysctl_key
from netwrap.answers.packet import Packet
from netwrap.answers.remaking import of_one_id
from netwrap.answers.routing import Question, Router
from netwrap.answers.tunnels import outer_length
from netwrap.answers.walk.mends import accepting
from netwrap.model.build import build
from netwrap.model.namespace import Namespace
from netwrap.model.section import Section

PASTE = """root@gw:~# ip addr
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN
    inet 127.0.0.1/8 scope host lo
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    link/ether 02:00:00:11:22:33 brd ff:ff:ff:ff:ff:ff
    inet 10.0.0.5/24 scope global eth0
root@gw:~# ip route
default via 10.0.0.1 dev eth0
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.5
"""


def test_a_way_that_is_not_known_to_stop_is_not_said_to(netwrap: Netwrap, tmp_path: Path) -> None:
    file = tmp_path / "paste.txt"
    file.write_text(PASTE)
    delivered = netwrap("trace", "(root)", "10.0.0.5", "--from", str(file))
    assert delivered.returncode == 3
    assert delivered.stdout.splitlines()[0] == "(root)    10.0.0.5 is an address of (root) itself"
    assert "undecided whether (root) reaches 10.0.0.5: not known: rules; the firewall of (root)\n" in delivered.stdout
    assert "note:   as far as can be seen: reached" in delivered.stdout
    leaves = netwrap("trace", "(root)", "192.0.2.1", "--from", str(file))
    assert leaves.returncode == 3
    assert "default via 10.0.0.1 dev eth0, from 10.0.0.5   LEAVES HERE  " in leaves.stdout.splitlines()[0]
    unread = netwrap("trace", "(root)", "2001:db8::1", "--from", str(file))
    assert unread.returncode == 3
    assert unread.stdout.splitlines()[0].startswith("(root)    the IPv6 routes of (root) are not known   NOT KNOWN FROM HERE")
    file.write_text(PASTE.replace("default via 10.0.0.1 dev eth0\n", ""))
    stops = netwrap("trace", "(root)", "192.0.2.1", "--from", str(file))
    assert "(root) has no route to 192.0.2.1   STOPS HERE" in stops.stdout.splitlines()[0], stops.stdout


ROUTES = """default via 10.0.0.1 dev a
10.1.0.0/16 via 10.0.0.2 dev a metric 50
10.1.0.0/16 via 10.0.0.3 dev b metric 20
10.1.2.0/24 via 10.0.0.4 dev c
10.1.2.7 via 10.0.0.5 dev d
blackhole 10.1.3.0/24
10.9.9.9/8 via 10.0.0.6 dev e
11 via 10.0.0.7 dev f
12.0.0.0/8 via 10.0.0.8 dev g table 7
"""


@pytest.mark.parametrize(
    "destination, type, dev",
    [
        ("192.0.2.1", "unicast", "a"), ("10.1.9.1", "unicast", "b"), ("10.1.2.1", "unicast", "c"), ("10.1.2.7", "unicast", "d"),
        ("10.1.3.1", "blackhole", None), ("10.200.0.1", "unicast", "e"), ("11.1.1.1", "unicast", "f"),
        ("12.1.1.1", "unicast", "a"),
    ],
)  # fmt: skip
def test_the_longest_prefix_is_found_however_a_route_is_written(destination: str, type: str, dev: str | None) -> None:
    red = build([Section("red", "ip route show table all", ROUTES)]).find("red")
    found = Router(red, "inet").decide(Question(destination))
    assert (found.type, found.legs[0].dev if found.legs else None) == (type, dev)


def test_a_route_that_is_not_asked_for_counts_where_it_cannot_be_read() -> None:
    text = '[{"dst":"10.1.0.0/16","dev":"a"},{"dst":"10.2.0.0/16","nhid":7},{"dst":"x.x.x.x/24","dev":"b"}]'
    red = build([Section("red", "ip -j route show table all", text), Section("red", "ip -j addr", "[]")]).find("red")
    missing = [what for what, _ in Router(red, "inet").decide(Question("10.1.0.1")).missing]
    assert missing == ["rules", "nexthop 7", "the route 'x.x.x.x/24'"]


def test_the_source_of_a_packet_is_an_address_of_a_brief_table(netwrap: Netwrap, tmp_path: Path) -> None:
    file = tmp_path / "brief.txt"
    file.write_text("""\
root@gw:~# ip -br addr
lo               UNKNOWN        127.0.0.1/8 ::1/128
eth0             UP             10.0.0.5/24
root@gw:~# ip route
default via 10.0.0.1 dev eth0
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.5
""")
    leaves = netwrap("trace", "(root)", "192.0.2.1", "--from", str(file))
    assert "default via 10.0.0.1 dev eth0, from 10.0.0.5   LEAVES HERE  " in leaves.stdout.splitlines()[0]
    delivered = netwrap("trace", "(root)", "10.0.0.5", "--from", str(file))
    assert delivered.stdout.splitlines()[0] == "(root)    10.0.0.5 is an address of (root) itself"


TWO = """me@alpha:~$ ip addr
2: ens3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    link/ether 02:00:00:00:00:07 brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.7/24 scope global ens3
me@alpha:~$ ip route
default via 192.0.2.1 dev ens3
192.0.2.0/24 dev ens3 proto kernel scope link src 192.0.2.7
me@beta:~$ ip addr
2: ens4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    link/ether 02:00:00:00:00:08 brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.8/24 scope global ens4
me@beta:~$ ip route
192.0.2.0/24 dev ens4 proto kernel scope link src 192.0.2.8
"""


@pytest.mark.parametrize(
    ("start", "target"),
    [("alpha", "beta"), ("alpha:(root)", "192.0.2.8"), ("192.0.2.7", "beta:(root)"), ("alpha:192.0.2.7", "192.0.2.8")],
)
def test_one_host_of_several(netwrap: Netwrap, tmp_path: Path, start: str, target: str) -> None:
    file = tmp_path / "paste.txt"
    file.write_text(TWO)
    done = netwrap("trace", start, target, "--from", str(file))
    assert done.returncode == 3
    assert [line.split("      ")[0] for line in done.stdout.splitlines()[:4]] == [
        "alpha:(root) main: 192.0.2.0/24 dev ens3 src 192.0.2.7, from 192.0.2.7",
        "  cable", "beta:(root)  in by ens4; 192.0.2.8 is an address of beta:(root)", "back",
    ]  # fmt: skip
    notes = [line for line in done.stdout.splitlines() if "note:" in line]
    assert notes == [
        "  note:   that ens3 in alpha:(root) and ens4 in beta:(root) are in one network is assumed: only their addresses say so",
        "  note:   as far as can be seen: reached",
    ]


def test_all_pairs_of_several_hosts(netwrap: Netwrap, tmp_path: Path) -> None:
    (tmp_path / "paste.txt").write_text(TWO.replace("192.0.2.8/24", "192.0.2.8/32"))
    rows = json.loads(netwrap("trace", "--all", "--from", str(tmp_path / "paste.txt"), "--format", "json").stdout)
    assert [(row["from"], row["to"], row["verdict"], row["where"]) for row in rows] == [
        ("alpha:(root)", "beta:(root)", "undecided", "alpha:(root)"), ("beta:(root)", "alpha:(root)", "undecided", "beta:(root)"),
    ]  # fmt: skip
    done = netwrap("trace", "alpha", "beta", "--from", str(tmp_path / "paste.txt"))
    assert "  note:   192.0.2.8 is an address of beta:(root), whose links to alpha are not known" in done.stdout.splitlines()


@pytest.mark.parametrize(
    ("start", "target", "said"),
    [
        ("(root)", "192.0.2.8", "several hosts have (root): write alpha:(root) or beta:(root)"),
        ("gamma", "192.0.2.8", "FROM may be HOST:NAME; the hosts are: alpha, beta"),
        ("alpha", "gamma", "no namespace 'gamma' in"),
    ],
)
def test_a_host_that_several_or_none_are(netwrap: Netwrap, tmp_path: Path, start: str, target: str, said: str) -> None:
    file = tmp_path / "paste.txt"
    file.write_text(TWO)
    done = netwrap("trace", start, target, "--from", str(file))
    assert done.returncode == 2 and done.stdout == "" and said in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("224.0.0.251", "224.0.0.251 is a multicast address, for many receivers: trace follows a packet to one"),
        ("ff02::1%eth0", "ff02::1%eth0 is a multicast address, for many receivers: trace follows a packet to one"),
        ("255.255.255.255", "255.255.255.255 is a broadcast address, for many receivers: trace follows a packet to one"),
        ("::", ":: is nobody's address"),
    ],
)
def test_no_single_receiver(netwrap: Netwrap, tmp_path: Path, target: str, said: str) -> None:
    file = tmp_path / "paste.txt"
    file.write_text(PASTE)
    done = netwrap("trace", "(root)", target, "--from", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"netwrap: {said}\n")


def test_a_command_is_safe_to_paste_whatever_the_link_is_called() -> None:
    links = '[{"ifname":"$(id)"},{"ifname":"$(id)x"},{"ifname":"$(id).5"},{"ifname":"eth0"}]'
    red = build([Section("red", "ip -j link", links)]).find("red")
    commands = (
        "ip link set dev $(id) up",
        "ip link set dev $(id)x up",
        "sysctl net.ipv4.conf.$(id).rp_filter",
        "sysctl " + sysctl_key("net.ipv4.conf.$(id).5.rp_filter"),
        "ip link set dev eth0 up",
    )
    assert [inside(red, command) for command in commands] == [
        "ip -n red link set dev '$(id)' up", "ip -n red link set dev '$(id)x' up",
        "ip netns exec red sysctl net.ipv4.conf.'$(id)'.rp_filter",
        "ip netns exec red sysctl net.ipv4.conf.'$(id)/5'.rp_filter", "ip -n red link set dev eth0 up",
    ]  # fmt: skip


_NFT = {"tool": "nft", "family": "inet", "table": "t", "chain": "c"}
_LEGACY = {"tool": "ip6tables", "family": "ip6", "table": "raw", "chain": "OUTPUT"}


@pytest.mark.parametrize(("rule", "packet", "command"), [
    (_NFT, Packet("inet", "10.0.0.1", "10.0.0.2", "tcp", sport=40000, dport=22),
     "nft insert rule inet t c ip saddr 10.0.0.1 ip daddr 10.0.0.2 tcp dport 22 accept"),
    (_NFT, Packet("inet", "10.0.0.2", "10.0.0.1", "udp", sport=53, dport=40000, direction="reply"),
     "nft insert rule inet t c ip saddr 10.0.0.2 ip daddr 10.0.0.1 udp sport 53 accept"),
    (_NFT, Packet("inet", "10.0.0.2", "10.0.0.1", "icmp", icmp_type=0, direction="reply"),
     "nft insert rule inet t c ip saddr 10.0.0.2 ip daddr 10.0.0.1 icmp type echo-reply accept"),
    (_NFT, Packet("inet", "10.0.0.1", "10.0.0.2", "gre"),
     "nft insert rule inet t c ip saddr 10.0.0.1 ip daddr 10.0.0.2 meta l4proto 47 accept"),
    (_LEGACY, Packet("inet6", "fd00::1", "fd00::2", "icmpv6", icmp_type=128),
     "ip6tables -t raw -I OUTPUT -s fd00::1 -d fd00::2 -p icmpv6 --icmpv6-type echo-request -j ACCEPT"),
    (_LEGACY, Packet("inet6", "fd00::2", "fd00::1", "icmpv6", icmp_type=136),
     "ip6tables -t raw -I OUTPUT -p icmpv6 --icmpv6-type neighbour-advertisement -j ACCEPT"),
])  # fmt: skip
def test_the_mend_of_a_filter_accepts_the_packet_and_no_other(rule: Any, packet: Packet, command: str) -> None:
    assert accepting(Namespace(""), rule, packet) == (command,)


def test_the_vlan_link_with_another_id_than_its_network_is_made_anew() -> None:
    def link(number: int, name: str, kind: str, **details: Any) -> dict[str, Any]:
        made = {
            "ifindex": number,
            "ifname": name,
            "flags": ["UP", "LOWER_UP"],
            "mtu": 1500,
            "address": f"02:00:00:00:00:0{number}",
        }
        return {**made, **details, "linkinfo": {"info_kind": kind, **details.get("linkinfo", {})}}

    sections = []
    for name, number, vid in (("a", 1, 10), ("b", 2, 10), ("c", 3, 20)):
        vlan = {"info_data": {"protocol": "802.1Q", "id": vid}}
        links = [link(2, "e0", "veth"), link(3, "v", "vlan", link="e0", linkinfo=vlan)]
        row = {"family": "inet", "local": f"10.7.0.{number}", "prefixlen": 24, "scope": "global"}
        routes = [{"dst": "10.7.0.0/24", "dev": "v", "protocol": "kernel", "scope": "link", "flags": []},
                  {"dst": "10.8.0.0/24", "gateway": "10.7.0.1", "dev": "v", "flags": []}]  # fmt: skip
        sections += [
            Section(name, "ip -j -d link show", json.dumps(links)),
            Section(name, "ip -j address show", json.dumps([{"ifname": "v", "addr_info": [row]}])),
            Section(name, "ip -j route show table all", json.dumps(routes)),
        ]
    host = build(sections)
    a, b, c = ((host.find(name), host.find(name).links[1]) for name in "abc")  # type: ignore[index]
    mend = (
        "ip -n c link del dev v",
        "ip -n c link add link e0 name v mtu 1500 type vlan id 10 protocol 802.1Q",
        "ip -n c address add 10.7.0.3/24 dev v",
        "ip -n c link set dev v up",
        "ip -n c route add 10.8.0.0/24 via 10.7.0.1 dev v",
    )
    assert of_one_id(*a, [b, c]) == of_one_id(*c, [a, b]) == mend
    assert of_one_id(*a, [b]) == ()


@pytest.mark.parametrize(("kind", "info", "mtu", "six"), [
    ("gre", {}, 1476, False), ("gre", {"okey": 7, "ocsum": True}, 1468, False), ("gretap", {}, 1462, False),
    ("sit", {}, 1480, False), ("ip6tnl", {"encap_limit": 4}, 1452, True), ("ip6gre", {"encap_limit": 4}, 1448, True),
    ("ip6gre", {"ip6_tnl_f_ign_encap_limit": True}, 1456, True), ("vxlan", {"id": 7}, 1450, False),
    ("vxlan", {"id": 7}, 1430, True), ("geneve", {"id": 7}, 1450, False), ("wireguard", {}, 1420, True),
])  # fmt: skip
def test_a_packet_of_the_mtu_that_linux_gives_a_tunnel_fills_an_outer_packet(
    kind: str, info: dict[str, Any], mtu: int, six: bool
) -> None:  # fmt: skip
    assert outer_length({"mtu": mtu, "linkinfo": {"info_kind": kind, "info_data": info}}, mtu, six) == 1500
