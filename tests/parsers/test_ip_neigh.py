"""`ip -s neigh`: a neighbour that answers, one that does not, and a proxy's entry of IPv6: whole records."""

from __future__ import annotations

import parsers

TEXT = """\
10.0.0.1 dev eth0 lladdr 02:00:00:00:00:01 ref 1 used 3/2/1 probes 4 REACHABLE
10.0.0.9 dev eth0 used 5/6/7 probes 6 FAILED
fe80::99 dev eth1 lladdr 02:00:00:00:06:99 router STALE
"""


def test_whole_records() -> None:
    assert parsers.parse("ip_neigh", TEXT) == [
        {
            "dst": "10.0.0.1",
            "dev": "eth0",
            "lladdr": "02:00:00:00:00:01",
            "refcnt": 1,
            "used": 3,
            "confirmed": 2,
            "updated": 1,
            "probes": 4,
            "state": ["REACHABLE"],
        },
        {"dst": "10.0.0.9", "dev": "eth0", "used": 5, "confirmed": 6, "updated": 7, "probes": 6, "state": ["FAILED"]},
        {"dst": "fe80::99", "dev": "eth1", "lladdr": "02:00:00:00:06:99", "router": None, "state": ["STALE"]},
    ]
    assert parsers.detect(TEXT)[:1] == ["ip_neigh"]
