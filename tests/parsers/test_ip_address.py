"""`ip address`: IPv4 and IPv6, a peer, a lifetime, and a link without an address: whole records."""

from __future__ import annotations

import parsers

TEXT = """\
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff
    inet 10.0.0.2/24 brd 10.0.0.255 scope global dynamic eth0
       valid_lft 3600sec preferred_lft 1800sec
    inet6 fe80::ff:fe00:2/64 scope link tentative
       valid_lft forever preferred_lft forever
3: tun0: <POINTOPOINT,UP> mtu 1400 qdisc noop state UNKNOWN group default qlen 500
    link/none
    inet 10.9.9.1 peer 10.9.9.2/32 scope global tun0
       valid_lft forever preferred_lft forever
4: eth1: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default qlen 1000
    link/ether 02:00:00:00:00:03 brd ff:ff:ff:ff:ff:ff
"""


def test_whole_records() -> None:
    assert parsers.parse("ip_address", TEXT) == [
        {
            "ifindex": 2,
            "ifname": "eth0",
            "flags": ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
            "mtu": 1500,
            "qdisc": "noqueue",
            "operstate": "UP",
            "group": "default",
            "txqlen": 1000,
            "addr_info": [
                {
                    "family": "inet",
                    "local": "10.0.0.2",
                    "prefixlen": 24,
                    "broadcast": "10.0.0.255",
                    "scope": "global",
                    "dynamic": True,
                    "label": "eth0",
                    "valid_life_time": 3600,
                    "preferred_life_time": 1800,
                },
                {
                    "family": "inet6",
                    "local": "fe80::ff:fe00:2",
                    "prefixlen": 64,
                    "scope": "link",
                    "tentative": True,
                    "valid_life_time": 4294967295,
                    "preferred_life_time": 4294967295,
                },
            ],
            "link_type": "ether",
            "address": "02:00:00:00:00:02",
            "broadcast": "ff:ff:ff:ff:ff:ff",
        },
        {
            "ifindex": 3,
            "ifname": "tun0",
            "flags": ["POINTOPOINT", "UP"],
            "mtu": 1400,
            "qdisc": "noop",
            "operstate": "UNKNOWN",
            "group": "default",
            "txqlen": 500,
            "addr_info": [
                {
                    "family": "inet",
                    "local": "10.9.9.1",
                    "address": "10.9.9.2",
                    "prefixlen": 32,
                    "scope": "global",
                    "label": "tun0",
                    "valid_life_time": 4294967295,
                    "preferred_life_time": 4294967295,
                }
            ],
            "link_type": "none",
        },
        {
            "ifindex": 4,
            "ifname": "eth1",
            "flags": ["BROADCAST", "MULTICAST"],
            "mtu": 1500,
            "qdisc": "noop",
            "operstate": "DOWN",
            "group": "default",
            "txqlen": 1000,
            "addr_info": [],
            "link_type": "ether",
            "address": "02:00:00:00:00:03",
            "broadcast": "ff:ff:ff:ff:ff:ff",
        },
    ]
    assert parsers.detect(TEXT)[:1] == ["ip_address"]
