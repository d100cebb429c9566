"""`ip rule`: the rule of every host, a mark, and one that forbids: whole records."""

from __future__ import annotations

import pytest

import parsers

TEXT = """\
0:\tfrom all lookup local
100:\tnot from 10.1.0.0/16 fwmark 0x10/0xff iif v0 lookup 200
102:\tfrom all to 10.2.0.0/16 ipproto tcp dport 80-90 prohibit
"""


def test_whole_records() -> None:
    assert parsers.parse("ip_rule", TEXT) == [
        {"priority": 0, "src": "all", "table": "local"},
        {
            "priority": 100,
            "not": None,
            "src": "10.1.0.0",
            "srclen": 16,
            "fwmark": "0x10",
            "fwmask": "0xff",
            "iif": "v0",
            "table": "200",
        },
        {
            "priority": 102,
            "src": "all",
            "dst": "10.2.0.0",
            "dstlen": 16,
            "ipproto": "tcp",
            "dport_start": 80,
            "dport_end": 90,
            "action": "prohibit",
        },
    ]
    assert parsers.detect(TEXT)[:1] == ["ip_rule"]


def test_a_mark_is_a_number() -> None:
    text = '[{"priority":9,"src":"all","fwmark":"-inf","fwmask":"0xff","table":"main"}]'
    assert parsers.parse("ip_rule", text) == [
        {"priority": 9, "src": "all", "fwmask": "0xff", "table": "main", "unparsed": ["fwmark", "-inf"]}
    ]
    with pytest.raises(parsers.ParseError, match="after 'fwmark': '010' is no mark"):
        parsers.parse("ip_rule", "9: from all fwmark 010 lookup main\n")
    assert parsers.parse("ip_rule", "9: from all fwmark 10 lookup main\n")[0]["fwmark"] == "10"
