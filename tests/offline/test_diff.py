"""`netwrap diff` on texts: cases that the tests' kernel cannot make (VLANs of bridges), and values that change by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from netwrap.answers import diff
from netwrap.model.build import build
from netwrap.model.host import Host
from netwrap.model.section import Section

VLANS = """\
port              vlan-id
v-red             1 PVID Egress Untagged
v-blue            1 PVID Egress Untagged
                  20
"""
NFT = """\
table ip t {
\tset s {
\t\ttype ipv4_addr
\t\telements = { 10.0.0.7 }
\t}

\tchain c {
\t\ttype filter hook forward priority 0; policy accept;
\t\tip saddr 10.0.0.2 counter packets 7 bytes 420 accept
\t\tudp dport 53 accept
\t\ttcp dport 22 drop
\t}
}
"""
SOCKETS = """\
Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
tcp   LISTEN 0      128          0.0.0.0:22        0.0.0.0:*    users:(("sshd",pid=7,fd=3))
"""
UDP = 'udp   UNCONN 0      0            0.0.0.0:{}       0.0.0.0:*    users:(("x",pid=9,fd=3))\n'


LINKS = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
2: br0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000
    link/ether 02:00:00:00:00:07 brd ff:ff:ff:ff:ff:ff promiscuity 0
    bridge forward_delay 1500 hello_time 200
7: tap7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master br0 state UP mode DEFAULT group default qlen 1000
    link/ether 02:00:00:00:00:07 brd ff:ff:ff:ff:ff:ff promiscuity 1
    tun type tap pi off vnet_hdr off persist on
    bridge_slave state forwarding priority 32 cost 2 hairpin off
"""
#: A bridge of its own after the state at rest: what is replaced in the text of the links, with the one row that must come.
BRIDGE = LINKS[LINKS.index("2: br0") : LINKS.index("7: tap7")]
OF_BRIDGES = [
    ([("br0", "lan0")], ("~", "link", "lan0", "ifname", "br0", "lan0")),
    ([("br0", "lan0"), ("2: ", "9: ")], ("~", "link", "lan0", "ifname", "br0", "lan0")),
    ([(BRIDGE, ""), (" master br0", ""), ("    bridge_slave state forwarding priority 32 cost 2 hairpin off\n", "")],
     ("-", "link", "br0", None, "br0", None)),
    ([(",UP,LOWER_UP> mtu 1500 qdisc noqueue state UP", "> mtu 1500 qdisc noqueue state DOWN"), ("forwarding", "disabled")],
     ("~", "link", "br0", "state", "up", "down")),
    ([("mtu 1500", "mtu 1400")], ("~", "link", "tap7", "mtu", 1500, 1400)),
]  # fmt: skip


def host(command: str, text: str) -> Host:
    return build([Section("", command, text)])


def told(before: Host, after: Host) -> list[tuple[Any, ...]]:
    names = ("change", "table", "key", "field", "before", "after")
    rows = [tuple(row[name] for name in names) for row in diff.diff(before, after).rows]
    turned = {"+": "-", "-": "+", "~": "~"}
    mirrored = [(turned[row["change"]], row["table"], row["field"]) for row in diff.diff(after, before).rows]
    assert sorted(map(str, mirrored)) == sorted(str((one[0], one[1], one[3])) for one in rows)
    return rows


@pytest.mark.parametrize(
    "old, new, row",
    [
        ("v-blue            1 PVID Egress Untagged\n                  20\n", "v-blue            1 PVID Egress Untagged\n",
         ("-", "vlan", "v-blue vlan 20", None, "v-blue vlan 20", None)),
        ("v-red             1 PVID Egress Untagged\n", "v-red             1 Egress Untagged\n                  30 PVID\n",
         ("+", "vlan", "v-red vlan 30", None, None, "v-red vlan 30")),
        ("v-blue            1 PVID Egress Untagged\n                  20\n", "v-blue            1 Egress Untagged\n"
         "                  20 PVID\n", ("~", "vlan", "v-blue vlan 20", "flags", [], ["PVID"])),
        ("                  20\n", "                  20 Egress Untagged\n",
         ("~", "vlan", "v-blue vlan 20", "flags", [], ["Egress Untagged"])),
    ],
)  # fmt: skip
def test_one_change_of_a_vlan_is_one_row(old: str, new: str, row: tuple[Any, ...]) -> None:
    assert old in VLANS
    assert told(host("bridge vlan", VLANS), host("bridge vlan", VLANS.replace(old, new))) == [row]


ACCEPT = "\t\tudp dport 53 accept\n"
DROP = "\t\ttcp dport 22 drop\n"


@pytest.mark.parametrize(
    "old, new, rows",
    [
        ("packets 7 bytes 420", "packets 9 bytes 999", []),
        (ACCEPT, "", [("-", "firewall", "ip t c: udp dport 53 accept", None, "ip t c: udp dport 53 accept", None)]),
        (ACCEPT, ACCEPT * 2, [("+", "firewall", "ip t c: udp dport 53 accept", None, None, "ip t c: udp dport 53 accept")]),
        ("policy accept", "policy drop", [("~", "firewall", "chain ip t c", "policy", "accept", "drop")]),
        (NFT, "", [("-", "firewall", "table ip t", None, "table ip t", None)]),
        (ACCEPT, "\t\tudp dport 5353 accept\n",
         [("~", "firewall", "ip t c: udp dport 5353 accept", None, "ip t c: udp dport 53 accept",
           "ip t c: udp dport 5353 accept")]),
    ],
)  # fmt: skip
def test_firewalls(old: str, new: str, rows: list[tuple[Any, ...]]) -> None:
    found = diff.diff(host("nft list ruleset", NFT), host("nft list ruleset", NFT.replace(old, new) or "\n")).rows
    assert [tuple(row[name] for name in ("change", "table", "key", "field", "before", "after")) for row in found] == rows


def test_a_rule_that_moved_is_one_row_whichever_side_is_the_first() -> None:
    before, after = host("nft list ruleset", NFT), host("nft list ruleset", NFT.replace(ACCEPT + DROP, DROP + ACCEPT))
    [there], [back] = diff.diff(before, after).rows, diff.diff(after, before).rows
    assert (there["change"], there["field"], there["before"], there["after"]) == ("~", "place", 3, 2)
    assert (back["key"], back["before"], back["after"]) == (there["key"], 2, 3)


def test_a_rule_of_iptables_is_not_one_of_its_counters() -> None:
    text = "*filter\n:INPUT ACCEPT [7:420]\n[3:180] -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n"
    other = text.replace("[7:420]", "[8:520]").replace("[3:180]", "[4:300]")
    assert told(host("iptables-save -c", text), host("iptables-save -c", other)) == []


@pytest.mark.parametrize(
    "new, rows",
    [
        (SOCKETS + UDP.format(53), [("+", "listener", "udp 0.0.0.0:53", None, None, "udp 0.0.0.0:53")]),
        (SOCKETS + UDP.format(40111), []),  # a client's, for a while
        (SOCKETS.replace("sshd", "dropbear"), [("~", "listener", "tcp 0.0.0.0:22", "process", "sshd", "dropbear")]),
        (SOCKETS.partition("users:")[0] + "\n", []),  # without root it is not known which process
        (SOCKETS.partition("tcp")[0], [("-", "listener", "tcp 0.0.0.0:22", None, "tcp 0.0.0.0:22", None)]),
    ],
)
def test_listeners(new: str, rows: list[tuple[Any, ...]]) -> None:
    assert told(host("ss -tulnp", SOCKETS), host("ss -tulnp", new)) == rows


def test_the_addresses_that_a_bridge_learned_move_by_themselves() -> None:
    link = "2: br0: <BROADCAST,UP> mtu 1500 state UP\n    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n"
    details = "    bridge forward_delay 1500 fdb_n_learned {} fdb_max_learned 0 "
    one, other = (build([Section("", "ip -d link show", link + details.format(count))]) for count in (2, 9))
    found = diff.diff(one, other)
    assert (found.rows, found.hidden) == ([], {"volatile": 1})


@pytest.mark.parametrize("changes, row", OF_BRIDGES)
def test_one_change_of_a_bridge_is_one_row(changes: list[tuple[str, str]], row: tuple[Any, ...]) -> None:
    text = LINKS
    for old, new in changes:
        text = text.replace(old, new)
    assert told(host("ip -d link", LINKS), host("ip -d link", text)) == [row]


def test_what_else_is_new_about_a_link_with_another_name_or_place_is_told() -> None:
    lo = "1: lo: <LOOPBACK,UP> mtu 65536 state UNKNOWN\n"
    ether = "    link/ether 02:00:00:00:00:07 brd ff:ff:ff:ff:ff:ff\n"
    old = f"7: a: <UP> mtu 1500 state UP\n{ether}    inet 10.0.0.7/24 scope global a\n"
    new = old.replace(": a:", ": b:").replace("global a", "global b").replace("0.7/24", "0.8/24").replace("1500", "1400")
    row = ("~", "link", "b", "mtu", 1500, 1400)
    there = [("-", "address", "b 10.0.0.7/24", None, "b 10.0.0.7/24", None),
             ("+", "address", "b 10.0.0.8/24", None, None, "b 10.0.0.8/24")]  # fmt: skip
    assert told(host("ip addr", old), host("ip addr", new)) == [("~", "link", "b", "ifname", "a", "b"), row, *there]
    before, after = (build([Section(name, "ip addr", text) for name, text in pair.items()])
                     for pair in ({"red": lo + old, "blue": lo}, {"red": lo, "blue": lo + new}))  # fmt: skip
    assert told(before, after) == [("~", "link", "b", "netns", "a@red", "b@blue"), row, *there]
    before, after = (build([Section(name, "ip addr", text) for name, text in pair.items()])
                     for pair in ({"ns@x": lo + old, "blue": lo}, {"ns@x": lo, "blue": lo + old}))  # fmt: skip
    assert next(diff.lines(diff.diff(before, after))).endswith("a moved from ns@x to blue")
    vlan = f"7: a.5@a: <UP> mtu 1500 state UP\n{ether}"
    assert len(told(host("ip link", vlan), host("ip link", vlan.replace("7: a.5", "8: a.6")))) == 2  # another VLAN, of one MAC
