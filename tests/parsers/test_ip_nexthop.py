"""`ip nexthop`: a gateway, a hole, and a group of both: whole records."""

from __future__ import annotations

import parsers

TEXT = """\
id 1 via 10.0.0.2 dev d0 scope link
id 3 blackhole
id 10 group 1,3/2
"""


def test_whole_records() -> None:
    assert parsers.parse("ip_nexthop", TEXT) == [
        {"id": 1, "gateway": "10.0.0.2", "dev": "d0", "scope": "link", "flags": []},
        {"id": 3, "blackhole": None, "flags": []},
        {"id": 10, "group": [{"id": 1, "weight": 3}, {"id": 2}], "flags": []},
    ]
    assert parsers.detect(TEXT)[:1] == ["ip_nexthop"]
