"""`brctl show`: a bridge with two ports, one with spanning tree, and an empty one: whole records."""

from __future__ import annotations

import parsers

TEXT = """\
bridge name\tbridge id\t\tSTP enabled\tinterfaces
br0\t\t8000.020000000010\tno\t\tp0
\t\t\t\t\t\t\tq0
br1\t\t8000.020000000011\tyes\t\tr0
br2\t\t8000.000000000000\tno
"""


def test_whole_records() -> None:
    assert parsers.parse("brctl", TEXT) == [
        {"ifname": "br0", "id": "8000.020000000010", "stp": False, "interfaces": ["p0", "q0"]},
        {"ifname": "br1", "id": "8000.020000000011", "stp": True, "interfaces": ["r0"]},
        {"ifname": "br2", "id": "8000.000000000000", "stp": False, "interfaces": []},
    ]
    assert parsers.detect(TEXT)[:1] == ["brctl"]
