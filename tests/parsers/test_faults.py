"""Texts that were once read wrongly: blanks and remarks in a paste, new words, junk that was taken for a table."""

from __future__ import annotations

from typing import Any

import pytest

import parsers

LINK = "2: eth0: <UP> mtu 1500 qdisc noop state UP mode DEFAULT group default qlen 1000\n    link/ether 02:00:00:00:00:01"
ADDRESS = "2: eth0: <UP> mtu 1500\n    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n    inet 10.0.0.1/24 scope global eth0"
ROUTES = "Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n"
ENTRY = {"family": "inet", "local": "10.0.0.1", "prefixlen": 24, "scope": "global", "label": "eth0"}
FOREVER = {"valid_life_time": 4294967295, "preferred_life_time": 4294967295}


def addresses(text: str) -> list[dict[str, Any]]:
    (link,) = parsers.parse("ip_address", text)
    found: list[dict[str, Any]] = link["addr_info"]
    return found


def details(words: str) -> dict[str, Any]:
    """What ``ip -d link`` tells of a kind."""
    (link,) = parsers.parse("ip_link", f"{LINK} brd ff:ff:ff:ff:ff:ff promiscuity 0\n    {words} addrgenmode eui64")
    assert "unparsed" not in link
    info = link["linkinfo"]
    found: dict[str, Any] = info.get("info_data", info.get("info_slave_data"))
    return found


def refused(command: str, text: str) -> list[int]:
    """The numbers of the lines that cannot be read."""
    return [problem.line_number for problem in parsers.parse(command, text, strict=False)[1]]


# -- blanks and remarks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behind", ["", " ", "  ", "   \n"])
def test_blanks_behind_a_label_leave_it_a_label(behind: str) -> None:
    assert addresses(ADDRESS + behind) == [ENTRY]
    assert addresses(f"{ADDRESS}:web{behind}") == [{**ENTRY, "label": "eth0:web"}]


def test_a_remark_behind_a_label_is_kept_apart() -> None:
    remark = ["<-", "the", "secondary", "address"]
    assert addresses(f"{ADDRESS} {' '.join(remark)}") == [{**ENTRY, "unparsed": remark}]


def test_lifetimes_stand_behind_a_label_in_one_line_however_many_blanks_are_left() -> None:
    text = "2: eth0 inet 10.0.0.1/24 scope global eth0\\ valid_lft forever preferred_lft forever"
    assert addresses(text) == [{**ENTRY, **FOREVER}]


def test_a_table_may_be_indented_as_a_whole() -> None:
    def indented(text: str) -> str:
        return "".join(f"    {line}\n" for line in text.split("\n"))

    for command, text in {
        "ip_link": LINK, "ip_address": ADDRESS, "ip_maddr": "1:\tlo\n\tinet  224.0.0.1",
        "bridge_vlan": "port              vlan-id\nbr0               1 PVID\n                  7",
        "bridge_link": "3: v0: <UP> mtu 1500 master br0 state forwarding priority 32 cost 2\n    hairpin off guard off",
        "ip_netns": "nsid 0 (iproute2 netns name: blue)", "ip_neigh": "10.0.0.1 dev v0 FAILED",
        "ifconfig": "v0: flags=65<UP,RUNNING>  mtu 1500\n        inet 10.0.0.1  netmask 255.255.255.0",
        "brctl": "bridge name\tbridge id\tSTP enabled\tinterfaces\nbr0\t\t8000.020000000010\tno\t\tp0\n\t\t\tq0",
        "ss": "State Recv-Q Send-Q Local Address:Port Peer Address:Port\nLISTEN 0 1 10.0.0.1:80 0.0.0.0:*",
        "arp": "Address                  HWtype  HWaddress           Flags Mask            Iface\n"
        "a-really-very-long-host  ether   02:00:00:00:00:50   CM                    eth0",
    }.items():  # fmt: skip
        assert parsers.parse(command, indented(text)) == parsers.parse(command, text) != [], command


def test_a_mark_of_the_byte_order_in_front_is_no_part_of_a_table() -> None:
    expected = [{"dst": "default", "gateway": "10.0.0.1", "dev": "eth0", "flags": []}]
    text = "\ufeffdefault via 10.0.0.1 dev eth0 \n"
    assert parsers.parse("ip_route", text) == expected
    assert list(parsers.module("ip_route").iter_parse([text])) == expected
    assert parsers.detect(text) == ["ip_route"]
    assert parsers.parse("ip_route", '\ufeff[{"dst":"default","flags":[]}]') == [{"dst": "default", "flags": []}]


def test_blanks_are_no_part_of_an_alternative_name() -> None:
    assert parsers.parse("ip_link", f"{LINK} brd ff:ff:ff:ff:ff:ff  \n    altname enp0s3   ")[0]["altnames"] == ["enp0s3"]


# -- words that are new --------------------------------------------------------------------------------------------


def test_an_unknown_attribute_of_a_vlan_takes_its_value_along() -> None:
    text = "port              vlan-id\nbr0               1 PVID Egress Untagged\n                    "
    assert parsers.parse("bridge_vlan", f"{text}state forwarding newattr 77 mcast_router 1") == [{
        "ifname": "br0",
        "vlans": [{"vlan": 1, "flags": ["PVID", "Egress Untagged"], "state": "forwarding", "mcast_router": 1,
                   "unparsed": ["newattr", "77"]}],
    }]  # fmt: skip
    (port,) = parsers.parse(
        "bridge_vlan", "port vlan-id\nbr0 100\n     mcast_snooping 1 mcast_querier 0\n       router ports: v0"
    )
    assert [vlan["vlan"] for vlan in port["vlans"]] == [100]


@pytest.mark.parametrize("words", ["somenew 10.0.0.1 self", "vlan 5 newflag", "<- learned by mac", "newflag permanent"])
def test_an_unknown_word_of_a_forwarding_entry_is_no_bridge_and_no_address(words: str) -> None:
    (entry,) = parsers.parse("bridge_fdb", f"00:01:02:03:04:08 dev eth0 {words}")
    assert not {"dst", "master"} & entry.keys() and entry["unparsed"]


def test_4_18_prints_the_bridge_and_the_address_without_their_words() -> None:
    text = "33:33:00:00:00:01 dev br0 self permanent\nb6:0a:3f:ea:c9:98 dev ve0 vlan 30 br0 \n"
    text += "02:00:00:00:00:09 dev vx0 10.0.0.9 self permanent"
    entries = parsers.parse("bridge_fdb", text)
    assert entries[1]["master"] == "br0" and entries[2]["dst"] == "10.0.0.9"
    assert not any("unparsed" in entry for entry in entries)


@pytest.mark.parametrize(
    "words,expected",
    [
        ("bareudp dstport 6635 ethertype mpls_uc srcportmin 49153 nomultiproto",
         {"dstport": 6635, "ethertype": "mpls_uc", "srcportmin": 49153, "multiproto": False}),
        ("bridge_slave state forwarding group_fwd_mask 0x0 group_fwd_maskhi 0x0 group_fwd_maskhi_str 0x0",
         {"state": "forwarding", "group_fwd_mask": "0x0", "group_fwd_maskhi": "0x0", "group_fwd_maskhi_str": "0x0"}),
        ("geneve id 99 remote 198.51.100.2 ttl inherit dstport 6081",
         {"id": 99, "remote": "198.51.100.2", "ttl_inherit": True, "port": 6081}),
        ("ip6tnl any remote 2001:db8::2 local 2001:db8::1 fwmark inherit",
         {"proto": "any", "remote": "2001:db8::2", "local": "2001:db8::1", "ip6_tnl_f_use_orig_fwmark": True}),
        ("netkit mode l3 type primary policy forward peer policy drop scrub default peer scrub none",
         {"mode": "l3", "type": "primary", "policy": "forward", "peer_policy": "drop", "scrub": "default", "peer_scrub": "none"}),
        ("tun type tap pi off vnet_hdr off persist on user 1000 group users",
         {"type": "tap", "pi": False, "vnet_hdr": False, "persist": True, "user": 1000, "group": "users"}),
    ],
)  # fmt: skip
def test_details_of_kinds(words: str, expected: dict[str, Any]) -> None:
    assert details(words) == expected


# -- what nobody can know ------------------------------------------------------------------------------------------


def test_names_that_4_17_to_5_4_glue_together_are_marked() -> None:
    (port,) = parsers.parse("bridge_vlan", "port\tvlan ids\ttunnel id\nbr0ve0vx6\t 200\t 2000\n")
    assert port == {"ifname": "br0ve0vx6", "tunnels": [{"vlan": 200, "tunid": 2000}], "glued": True}


def test_one_line_form_of_4_18_joins_the_name() -> None:
    assert parsers.parse("bridge_vlan", "port\tvlan ids\nbr0\\\t 1 PVID untagged\t 10\n") == [
        {"ifname": "br0", "vlans": [{"vlan": 1, "flags": ["PVID", "Egress Untagged"]}, {"vlan": 10}]}
    ]


# -- junk ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command,text,lines",
    [
        ("ip_route", "...\ndefault via 10.0.0.1 dev eth0", [1]),
        ("ip_route", "ab.\n:\n1.2\n192.0.2.1 is the gateway", [1, 2, 3, 4]),
        ("ip_neigh", "10.0.0.5 web1 web1.example\n127.0.0.1 localhost\n10.0.0.5 172.17.0.1 fe80::1", [1, 2, 3]),
        ("ip_link", f"{LINK} brd ff:ff:ff:ff:ff:ffroot@host:~#", [2]),
        ("ip_link", f"{LINK}root@host:~#", [2]),
        ("route", f"{ROUTES}default         gw              128.0.0.0       UG    0      0        0 eth0", [3]),
    ],
)
def test_junk_is_refused_with_its_line(command: str, text: str, lines: list[int]) -> None:
    assert refused(command, text) == lines


def test_a_link_whose_first_line_cannot_be_read_takes_its_lines_along() -> None:
    text = (
        "2: eth0 <UP mtu 1500\n    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n    inet 10.0.0.1/24 scope global eth0\n"
    )
    records, problems = parsers.parse("ip_address", text, strict=False)
    assert (records, [problem.line_number for problem in problems]) == ([], [1, 2, 3])
    records, problems = parsers.parse(
        "ip_address", f"1: lo: <UP> mtu 9\n{text}3: v0: <UP> mtu 9\n    inet 10.0.0.3/24\n", strict=False
    )
    assert [(link["ifname"], link["addr_info"]) for link in records] == [
        ("lo", []), ("v0", [{"family": "inet", "local": "10.0.0.3", "prefixlen": 24}]),
    ]  # fmt: skip
    assert [problem.line_number for problem in problems] == [2, 3, 4]


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1 localhost\n10.0.0.5 web1 web1.example\n", "10.0.0.5 172.17.0.1 fe80::1 \n",
        "Nov 27 host app[1]: session opened (id: 42)\nNov 27 host app[1]: eth0 link up\n",
        "red (id: 0)\nblue (id: 1)\n1: lo: <LOOPBACK> mtu 9\n    link/loopback 00:00:00:00:00:00\ndefault via 10.0.0.1\n",
        "foo 12\n", "a/b 1 PVID\n", "etc/x (id: 0)\n", "(id: 0)\n", "64 bytes from 10.0.0.1: icmp_seq=1 ttl=64\n", "...\n",
        "192.0.2.1 is the gateway\n", "tcp 0 0\n",
    ],
)  # fmt: skip
def test_what_is_no_table_is_recognised_as_none(text: str) -> None:
    assert parsers.detect(text) == []


@pytest.mark.parametrize("text", ["foo (id: 0)\n", "we ird\nred (id: 1)\n", "nsid 0 (iproute2 netns name: blue)\nnsid 2 \n"])
def test_lists_of_namespaces_are_recognised(text: str) -> None:
    assert parsers.detect(text) == ["ip_netns"]
