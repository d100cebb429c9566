"""`bridge link`: a port that forwards, one that does not, and one with details: whole records."""

from __future__ import annotations

import parsers

TEXT = """\
5: p0@p1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master br0 state forwarding priority 32 cost 2
6: q0@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 master br0 state disabled priority 5 cost 77
7: r0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master br1 state learning priority 32 cost 100
    hairpin on guard off root_block off fastleave off learning on flood on
"""


def test_whole_records() -> None:
    assert parsers.parse("bridge_link", TEXT) == [
        {
            "ifindex": 5,
            "link": "p1",
            "ifname": "p0",
            "flags": ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
            "mtu": 1500,
            "master": "br0",
            "state": "forwarding",
            "priority": 32,
            "cost": 2,
        },
        {
            "ifindex": 6,
            "link_index": 2,
            "ifname": "q0",
            "flags": ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
            "mtu": 1400,
            "master": "br0",
            "state": "disabled",
            "priority": 5,
            "cost": 77,
        },
        {
            "ifindex": 7,
            "ifname": "r0",
            "flags": ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
            "mtu": 1500,
            "master": "br1",
            "state": "learning",
            "priority": 32,
            "cost": 100,
            "hairpin": True,
            "guard": False,
            "root_block": False,
            "fastleave": False,
            "learning": True,
            "flood": True,
        },
    ]
    assert parsers.detect(TEXT)[:1] == ["bridge_link"]
