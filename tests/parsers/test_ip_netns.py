"""`ip netns`: an id, a name with a blank in it, and none of both: whole records."""

from __future__ import annotations

import parsers

TEXT = """\
red (id: 0)
we ird (id: 7)
blue
"""


def test_whole_records() -> None:
    assert parsers.parse("ip_netns", TEXT) == [{"name": "red", "id": 0}, {"name": "we ird", "id": 7}, {"name": "blue"}]
    assert parsers.detect(TEXT)[:1] == ["ip_netns"]
