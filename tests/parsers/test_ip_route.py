"""`ip route`: a default, a route of two ways, and one that refuses: whole records."""

from __future__ import annotations

import parsers

TEXT = """\
default via 10.0.0.1 dev eth0 proto dhcp src 10.0.0.2 metric 100
10.20.0.0/16 proto static
\tnexthop via 10.0.0.3 dev eth0 weight 2
\tnexthop via 10.7.0.3 dev eth1 weight 1
unreachable 10.23.0.0/16 metric 9
"""


def test_whole_records() -> None:
    assert parsers.parse("ip_route", TEXT) == [
        {
            "dst": "default",
            "gateway": "10.0.0.1",
            "dev": "eth0",
            "protocol": "dhcp",
            "prefsrc": "10.0.0.2",
            "metric": 100,
            "flags": [],
        },
        {
            "dst": "10.20.0.0/16",
            "protocol": "static",
            "flags": [],
            "nexthops": [
                {"flags": [], "gateway": "10.0.0.3", "dev": "eth0", "weight": 2},
                {"flags": [], "gateway": "10.7.0.3", "dev": "eth1", "weight": 1},
            ],
        },
        {"type": "unreachable", "dst": "10.23.0.0/16", "metric": 9, "flags": []},
    ]
    assert parsers.detect(TEXT)[:1] == ["ip_route"]
