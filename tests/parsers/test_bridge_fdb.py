"""`bridge fdb`: a bridge's own, a static entry of a VLAN, and a tunnel's: whole records."""

from __future__ import annotations

import parsers

TEXT = """\
33:33:00:00:00:01 dev br0 self permanent
02:00:00:00:00:33 dev p0 vlan 10 master br0 static
00:00:00:00:00:00 dev vx0 dst 10.0.0.9 via d0 self permanent
"""


def test_whole_records() -> None:
    assert parsers.parse("bridge_fdb", TEXT) == [
        {"mac": "33:33:00:00:00:01", "ifname": "br0", "flags": ["self"], "state": "permanent"},
        {"mac": "02:00:00:00:00:33", "ifname": "p0", "vlan": 10, "master": "br0", "flags": [], "state": "static"},
        {"mac": "00:00:00:00:00:00", "ifname": "vx0", "dst": "10.0.0.9", "viaIf": "d0", "flags": ["self"], "state": "permanent"},
    ]
    assert parsers.detect(TEXT)[:1] == ["bridge_fdb"]
