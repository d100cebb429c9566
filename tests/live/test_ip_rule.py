"""`ip rule`: the wrapper, on real namespaces."""

from __future__ import annotations

from typing import Any

import pytest
from rooms import Rooms

from netwrap import errors, ip_rule

pytestmark = pytest.mark.root


@pytest.fixture
def red(rooms: Rooms) -> str:
    return rooms.add("red")


def rules(netns: str, family: str = "inet") -> dict[int, dict[str, Any]]:
    return {rule["priority"]: dict(rule) for rule in ip_rule.show(netns, family=family)}


def test_rules_come_and_go(red: str) -> None:
    ip_rule.add(from_="10.1.0.0/16", to="10.2.0.0/16", table=100, priority=500, netns=red)
    ip_rule.add(not_=True, from_="10.3.0.0/16", fwmark="0x10/0xff", iif="nosuch0", table="main", priority=501, netns=red)
    ip_rule.add(from_="all", type="prohibit", priority=502, ipproto="tcp", dport=80, netns=red)
    ip_rule.add(oif="v9", goto=32766, priority=503, netns=red)
    seen = rules(red)
    assert (seen[500]["src"], seen[500]["srclen"], seen[500]["dst"], seen[500]["table"]) == ("10.1.0.0", 16, "10.2.0.0", "100")
    assert "not" in seen[501] and (seen[501]["fwmark"], seen[501]["fwmask"], seen[501]["iif"]) == ("0x10", "0xff", "nosuch0")
    assert (seen[502]["action"], seen[503]["goto"]) == ("prohibit", 32766)
    with pytest.raises(errors.AlreadyExists):
        ip_rule.add(from_="10.1.0.0/16", to="10.2.0.0/16", table=100, priority=500, netns=red)
    ip_rule.delete(from_="10.1.0.0/16", to="10.2.0.0/16", table=100, netns=red)
    ip_rule.delete(priority=501, netns=red)
    with pytest.raises(errors.NotFound):
        ip_rule.delete(priority=501, netns=red)
    assert set(rules(red)) == {0, 502, 503, 32766, 32767}


def test_the_family_is_told_from_the_addresses(red: str) -> None:
    ip_rule.add(from_="2001:db8::/32", table=100, priority=10, netns=red)
    ip_rule.add(iif="lo", table=100, priority=11, family="inet6", netns=red)
    assert {10, 11} <= set(rules(red, "inet6")) and 10 not in rules(red)
    ip_rule.delete(priority=11, family="inet6", netns=red)
    assert 11 not in rules(red, "inet6")


def test_delete_takes_no_rule_that_was_not_meant(red: str) -> None:
    """`ip rule delete from all` removes rule 0, and with it the host's own addresses, in silence."""
    for wrong in ({}, {"from_": "all"}, {"to": "any"}, {"not_": True}, {"family": "inet6"}):
        with pytest.raises(errors.UsageError, match="which rule"):
            ip_rule.delete(netns=red, **wrong)
    assert 0 in rules(red)
    ip_rule.delete(priority=0, netns=red)  # who names it gets it
    assert 0 not in rules(red)


def test_what_is_refused(red: str) -> None:
    before = rules(red)
    with pytest.raises(errors.UsageError):
        ip_rule.add(netns=red)
    for wrong in ({"from_": "10.1"}, {"from_": ""}, {"to": "-x"}, {"priority": -1}, {"priority": 2**32}, {"type": "-x"},
                  {"table": ""},
                  {"table": "no-such-table"}, {"iif": ""}, {"fwmark": "red"}, {"goto": "x"}, {"iif": "x" * 16}):  # fmt: skip
        with pytest.raises(errors.InvalidArgument):
            ip_rule.add(**{"netns": red, "priority": 5, **wrong})  # type: ignore[arg-type]
    assert rules(red) == before
