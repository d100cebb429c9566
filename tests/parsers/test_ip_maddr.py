"""`ip maddress`: the groups of three links: whole records."""

from __future__ import annotations

import parsers

TEXT = """\
1:\tlo
\tinet  224.0.0.1
\tinet6 ff02::1
3:\tv0
\tlink  33:33:00:00:00:05 static
\tinet6 ff02::1:ff00:1 users 2
4:\tv1
"""


def test_whole_records() -> None:
    assert parsers.parse("ip_maddr", TEXT) == [
        {
            "ifindex": 1,
            "ifname": "lo",
            "maddr": [{"family": "inet", "address": "224.0.0.1"}, {"family": "inet6", "address": "ff02::1"}],
        },
        {
            "ifindex": 3,
            "ifname": "v0",
            "maddr": [
                {"link": "33:33:00:00:00:05", "features": "static"},
                {"family": "inet6", "address": "ff02::1:ff00:1", "users": 2},
            ],
        },
        {"ifindex": 4, "ifname": "v1", "maddr": []},
    ]
    assert parsers.detect(TEXT)[:1] == ["ip_maddr"]
