"""`bridge vlan`: three ports, with a range and the VLAN of untagged frames: whole records."""

from __future__ import annotations

import pytest

import parsers

TEXT = """\
port              vlan-id
br0               1 PVID Egress Untagged
p0                1 Egress Untagged
                  10-20
                  30 PVID Egress Untagged
vx0               100
"""


def test_whole_records() -> None:
    assert parsers.parse("bridge_vlan", TEXT) == [
        {"ifname": "br0", "vlans": [{"vlan": 1, "flags": ["PVID", "Egress Untagged"]}]},
        {
            "ifname": "p0",
            "vlans": [
                {"vlan": 1, "flags": ["Egress Untagged"]},
                {"vlan": 10, "vlanEnd": 20},
                {"vlan": 30, "flags": ["PVID", "Egress Untagged"]},
            ],
        },
        {"ifname": "vx0", "vlans": [{"vlan": 100}]},
    ]
    assert parsers.detect(TEXT)[:1] == ["bridge_vlan"]


@pytest.mark.parametrize(
    "vlans", ['[{"vlan":"x","flags":["PVID"]}]', '[{"vlan":1,"flags":[null]}]', '[{"vlan":1,"vlanEnd":"9"}]']
)
def test_vlans_of_another_type_are_unparsed(vlans: str) -> None:
    (record,) = parsers.parse("bridge_vlan", f'[{{"ifname":"p0","vlans":{vlans}}}]')
    assert list(record) == ["ifname", "unparsed"] and record["unparsed"][0] == "vlans"
