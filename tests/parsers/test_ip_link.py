"""`ip -d link`: a loopback, a cable into another namespace, a port of a bridge: whole records."""

from __future__ import annotations

import parsers

TEXT = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
7: v0@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 qdisc noqueue state UP mode DEFAULT group default qlen 1000
    link/ether 02:00:00:00:00:20 brd ff:ff:ff:ff:ff:ff link-netns red
9: p0@p1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master br0 state UP mode DEFAULT group 7 qlen 1000
    link/ether 02:00:00:00:00:21 brd ff:ff:ff:ff:ff:ff
    alias uplink
"""


def test_whole_records() -> None:
    assert parsers.parse("ip_link", TEXT) == [
        {
            "ifindex": 1,
            "ifname": "lo",
            "flags": ["LOOPBACK", "UP", "LOWER_UP"],
            "mtu": 65536,
            "qdisc": "noqueue",
            "operstate": "UNKNOWN",
            "linkmode": "DEFAULT",
            "group": "default",
            "txqlen": 1000,
            "link_type": "loopback",
            "address": "00:00:00:00:00:00",
            "broadcast": "00:00:00:00:00:00",
        },
        {
            "ifindex": 7,
            "link_index": 2,
            "ifname": "v0",
            "flags": ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
            "mtu": 1400,
            "qdisc": "noqueue",
            "operstate": "UP",
            "linkmode": "DEFAULT",
            "group": "default",
            "txqlen": 1000,
            "link_type": "ether",
            "address": "02:00:00:00:00:20",
            "broadcast": "ff:ff:ff:ff:ff:ff",
            "link_netns": "red",
        },
        {
            "ifindex": 9,
            "link": "p1",
            "ifname": "p0",
            "flags": ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
            "mtu": 1500,
            "qdisc": "noqueue",
            "master": "br0",
            "operstate": "UP",
            "linkmode": "DEFAULT",
            "group": "7",
            "txqlen": 1000,
            "link_type": "ether",
            "address": "02:00:00:00:00:21",
            "broadcast": "ff:ff:ff:ff:ff:ff",
            "ifalias": "uplink",
        },
    ]
    assert parsers.detect(TEXT)[:1] == ["ip_link"]
