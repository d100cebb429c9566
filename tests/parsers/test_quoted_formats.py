"""Forms of output that the lab's kernel cannot make: texts from descriptions of the formats, not captured.

Virtual functions and XDP need drivers, `encap` of these kinds a kernel with them.
"""

from __future__ import annotations

import pytest

import parsers

FIRST = "7: eth0: <BROADCAST,UP> mtu 1500 "


def test_virtual_functions() -> None:
    [link] = parsers.parse(
        "ip_link",
        f"{FIRST}qdisc mq state UP mode DEFAULT group default qlen 1000\n"
        "    link/ether 02:11:22:33:44:00 brd ff:ff:ff:ff:ff:ff\n"
        "    vf 0     link/ether 02:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff, vlan 100, qos 3, vlan protocol 802.1ad, "
        "tx rate 500 (Mbps), max_tx_rate 1000Mbps, min_tx_rate 50Mbps, spoof checking off, link-state auto, trust on, "
        "query_rss off\n"
        "    vf 1 MAC 02:11:22:33:44:56, spoof checking on",
    )
    assert link["vfinfo_list"] == [
        {
            "vf": 0,
            "link_type": "ether",
            "address": "02:11:22:33:44:55",
            "broadcast": "ff:ff:ff:ff:ff:ff",
            "tx_rate": 500,
            "rate": {"max_tx": 1000, "min_tx": 50},
            "spoofchk": False,
            "link_state": "auto",
            "trust": True,
            "query_rss_en": False,
            "vlan_list": [{"vlan": 100, "qos": 3, "protocol": "802.1ad"}],
        },
        {"vf": 1, "mac": "02:11:22:33:44:56", "spoofchk": True},
    ]


def test_xdp() -> None:
    [link] = parsers.parse(
        "ip_link",
        f"{FIRST}xdpgeneric qdisc noqueue state UP mode DEFAULT group default qlen 1000\n"
        "    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n"
        "    prog/xdpgeneric id 97 name drop tag 3b185187f1855c4c jited",
    )
    program = {"id": 97, "name": "drop", "tag": "3b185187f1855c4c", "jited": 1}
    assert link["xdp"] == {"mode": 2, "attached": [{"mode": 2, "prog": program}], "prog": program}
    [address] = parsers.parse("ip_address", f"{FIRST}xdpgeneric/id:97 qdisc noqueue state UP group default qlen 1000")
    assert address["xdp"] == {"mode": 2, "prog": {"id": 97}}


def test_states_without_a_name() -> None:
    [link] = parsers.parse("ip_link", f"{FIRST}qdisc noop state 0x9mode 7 group default qlen 1000")
    assert (link["operstate_index"], link["linkmode_index"]) == (9, 7)


@pytest.mark.parametrize(
    "words,encap",
    [
        ("seg6 mode encap segs 2 [ fc00::1 fc00::2 ]", {"mode": "encap", "segs": ["fc00::1", "fc00::2"]}),
        ("seg6local action End.X nh6 fe80::1", {"action": "End.X", "nh6": "fe80::1"}),
        ("seg6local action End.B6 srh segs 1 [ fc00::1 ]", {"action": "End.B6", "srh": {"segs": ["fc00::1"]}}),
        ("seg6local action End flavors next-csid lblen 48 nflen 16",
         {"action": "End", "flavors": ["next-csid"], "lblen": 48, "nflen": 16}),
        ("rpl segs 1 [ fc00::1 ]", {"segs": ["fc00::1"]}),
        ("ioam6 freq 1/4 mode encap tundst fc00::9 trace prealloc type 0x800000 ns 1 size 12",
         {"freqk": 1, "freqn": 4, "mode": "encap", "tundst": "fc00::9", "type": 0x800000, "ns": 1, "size": 12}),
        ("ila 1:2:3:4 csum-mode adj-transport ident-type luid hook-type input",
         {"locator": "1:2:3:4", "csum_mode": "adj-transport", "ident_type": "luid", "hook_type": "input"}),
        ("xfrm if_id 0x5 link_dev eth0", {"if_id": "0x5", "link_dev": "eth0"}),
    ],
)  # fmt: skip
def test_encapsulations(words: str, encap: dict[str, object]) -> None:
    [route] = parsers.parse("ip_route", f"2001:db8::/32  encap {words} dev eth1 metric 1024 pref medium")
    assert route["encap"] == {"encap_type": words.split()[0], **encap}
    assert (route["dev"], route["metric"], route["pref"]) == ("eth1", 1024, "medium")
