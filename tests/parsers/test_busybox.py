"""The records of busybox's output equal those of iproute2's JSON, except for missing fields and busybox's known errors."""

from __future__ import annotations

from typing import Any

import pytest
from fixture_files import FIXTURES, commands, read

import parsers

Difference = tuple[str, str]

#: (command, key) -> why busybox says something else, or more, than iproute2.
LIES: dict[Difference, str] = {
    ("ip_link", "flags"): "flags it has no name for are added up, in hexadecimal",
    ("ip_link", "link"): "the peer's index is looked up in the own namespace",
    ("ip_link", "link_type"): "types it has no name for are numbers in brackets",
    ("ip_link", "address"): "IPv6 ends of tunnels as octets",
    ("ip_link", "broadcast"): "IPv6 ends of tunnels as octets",
    ("ip_address", "addr_info.ifa_flags"): "flags of addresses it has no name for, in hexadecimal",
    ("ip_address", "addr_info.valid_life_time"): "time went on between the two captures",
    ("ip_address", "addr_info.preferred_life_time"): "time went on between the two captures",
    ("ip_neigh", "used"): "always 0",
    ("ip_neigh", "confirmed"): "always 0",
    ("ip_neigh", "updated"): "always 0",
    ("ip_neigh", "lladdr"): "IP addresses of tunnels as octets",
    ("ip_rule", "table"): "`lookup unspec` in a rule that has an action",
    ("ip_rule", "action"): "goto is `local`, nop is `broadcast`",
    ("ip_rule", "tos"): "decimal",
    ("ip_route", "flags"): "no linkdown, dead of a nexthop only",
    ("ip_route", "expires"): "always 0",
    ("ip_route", "cache"): "cached routes are listed among the others",
}
LIES.update({("ip_address", key): why for (command, key), why in LIES.items() if command == "ip_link"})
# command, case of busybox, case of iproute2, keys that say which record it is
CASES = (
    ("ip_link", "plain", "plain", ("ifindex",)),
    ("ip_address", "plain", "plain", ("ifindex",)),
    ("ip_neigh", "all", "s", ("dst", "dev")),
    ("ip_rule", "plain", "plain", ("priority",)),
    ("ip_rule", "6", "6", ("priority",)),
    ("ip_route", "plain", "plain", ("dst", "metric", "dev", "gateway")),
    ("ip_route", "6", "6", ("dst", "metric", "dev", "gateway")),
)


def _differences(busybox: dict[str, Any], iproute2: dict[str, Any], command: str, path: str = "") -> list[str]:
    found = []
    for key, value in busybox.items():
        where = f"{path}{key}"
        if value == iproute2.get(key, ...) or (command, where) in LIES:
            continue
        if key == "addr_info" and len(value) == len(iproute2[key]):
            pairs = zip(value, iproute2[key])
            found += [line for one, other in pairs for line in _differences(one, other, command, "addr_info.")]
        else:
            found.append(f"{where}: {value!r}, {iproute2.get(key)!r}")
    return found


@pytest.mark.parametrize("command,case,other,identity", CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_busybox_says_what_iproute2_says(command: str, case: str, other: str, identity: tuple[str, ...]) -> None:
    folders = sorted((FIXTURES / command).glob("busybox-*"))  # older ones that differ are there, too
    newest = [folder / f"{case}.txt" for folder in folders if f"{case}.txt" in commands(folder)][-1]
    truth = parsers.parse(command, read(FIXTURES / command / "iproute2-7.3.0" / f"{other}.json"))
    matched = 0
    for record in parsers.parse(command, read(newest)):
        same = [one for one in truth if all(one.get(key) == record.get(key) for key in identity)]
        if not same:
            # Ways of a multipath route and IPv6 gateways are lost; cached routes are added.
            assert command == "ip_route" and ("gateway" not in record or "cache" in record), record
            continue
        matched += 1
        assert min((_differences(record, one, command) for one in same), key=len) == []
    assert matched >= len(truth) * 0.9
