"""The oracle of the matrix notices errors, which are planted into the records of real texts one at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from fixture_files import FIXTURES, read
from pairs import Oracle

import parsers

Records = list[dict[str, Any]]
LINKS, DETAILS, ROUTES = "ip_link/iproute2-6.6.0/s", "ip_link/iproute2-7.3.0/d", "ip_route/iproute2-6.1.0/all"


def _with(records: Records, *keys: str, **values: Any) -> Any:
    """The first place under some keys that has these values (a value of `...` is any)."""
    for record in records:
        place: Any = record
        for key in keys:
            place = place.get(key, {})
        if all(key in place and value in (..., place[key]) for key, value in values.items()):
            return place
    raise AssertionError((keys, values))


def _data(records: Records, kind: str, **values: Any) -> Any:
    """What the details of the first link of a kind are."""
    return _with(
        [record["linkinfo"] for record in records if record.get("linkinfo", {}).get("info_kind") == kind], "info_data", **values
    )


# name -> (the text, what is done to its records, the field that must be named)
PLANTED: dict[str, tuple[str, Callable[[Records], Any], str]] = {
    "a lost external": (DETAILS, lambda found: _data(found, "vxlan", external=True).pop("external"), "external"),
    "an external that is off": (DETAILS, lambda found: _data(found, "vxlan", external=True).update(external=False), "external"),
    "a lost nolearning": (DETAILS, lambda found: _data(found, "vxlan", learning=False).pop("learning"), "learning"),
    "a lost nopmtudisc": (DETAILS, lambda found: _data(found, "gre", pmtudisc=False).pop("pmtudisc"), "pmtudisc"),
    "a lost multi_queue": (DETAILS, lambda found: _data(found, "tun", multi_queue=True).pop("multi_queue"), "multi_queue"),
    "an invented ttl_inherit": (DETAILS, lambda found: _data(found, "geneve", ttl=64).update(ttl_inherit=True), "ttl_inherit"),
    "a lost ttl_inherit": (DETAILS, lambda found: _data(found, "vxlan", ttl_inherit=True).pop("ttl_inherit"), "ttl_inherit"),
    "a ttl where none was printed": (DETAILS, lambda found: _data(found, "vxlan", ttl_inherit=True).update(ttl=64), "ttl"),
    "a wrong peer namespace": (DETAILS, lambda found: _with(found, link_netns="red").update(link_netns="blue"), "link_netns"),
    "half a name of a peer": (DETAILS, lambda found: _with(found, link_netns="we ird").update(link_netns="we ir"), "link_netns"),
    "a lost peer namespace": (DETAILS, lambda found: _with(found, link_netns="red").pop("link_netns"), "link_netns"),
    "a lost link_netnsid": (DETAILS, lambda found: _with(found, link_netnsid=...).pop("link_netnsid"), "link_netnsid"),
    "a mirrored bit that differs": (
        DETAILS,
        lambda found: _with(found, "linkinfo", "info_slave_data", mcast_fast_leave=False).update(mcast_fast_leave=True),
        "mcast_fast_leave",
    ),
    "another group_fwd_mask": (
        "ip_link/iproute2-4.18.0/d",
        lambda found: _with(found, "linkinfo", "info_slave_data", group_fwd_mask="0x0").update(group_fwd_mask="0x8"),
        "group_fwd_mask",
    ),
    "rx bytes 7": (LINKS, lambda found: _with(found, "stats64", "rx", bytes=...).update(bytes=7), "rx.bytes"),
    "a missed error": (LINKS, lambda found: _with(found, "stats64", "rx", missed_errors=0).update(missed_errors=3), "missed"),
    "a lost missed_errors": (LINKS, lambda found: _with(found, "stats64", "rx", missed_errors=0).pop("missed_errors"), "missed"),
    "a number that became a text": (LINKS, lambda found: found[0].update(mtu=str(found[0]["mtu"])), "mtu"),
    "an invented field": (LINKS, lambda found: found[0].update(colour="red"), "colour"),
    "a lost record": (LINKS, lambda found: found.pop(), "records"),
    "two records in another order": (LINKS, lambda found: found.insert(0, found.pop(1)), "ifname"),
    "an invented pref": (ROUTES, lambda found: _with(found, dst="default").update(pref="medium"), "pref"),
    "a lost pref": (ROUTES, lambda found: _with(found, pref="medium").pop("pref"), "pref"),
    "a lost lock": (ROUTES, lambda found: _metrics(found).pop("locked"), "metrics.locked"),
    "a lock of another metric": (ROUTES, lambda found: _metrics(found).update(locked=["advmss"]), "metrics.locked"),
    "a lost nexthop": (ROUTES, lambda found: _with(found, nexthops=...)["nexthops"].pop(), "nexthops"),
    "an age that jumps": ("ip_neigh/iproute2-6.1.0/s", lambda found: _with(found, used=...).update(used=10**6), "used"),
    "another character in a name": (
        "ip_link/iproute2-4.18.0/plain", lambda found: _with(found, ifname="back\\sl").update(ifname="back/sl"), "ifname",
    ),
    "the comment of another chain": (
        "nft/nft-1.0.6/ruleset", lambda found: _with(found, kind="chain", comment="fwd chain").update(comment="fwd"), "comment",
    ),
    "a flag too many": (
        "nft/nft-1.0.6/ruleset", lambda found: _with(found, kind="set", flags=["dynamic"]).update(flags=["constant"]), "flags",
    ),
}  # fmt: skip


def _metrics(records: Records) -> Any:
    return next(part for record in records for part in record.get("metrics", ()) if "locked" in part)


@pytest.fixture(scope="module")
def known() -> dict[str, tuple[Oracle, Records, Records]]:
    return {}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_error_is_noticed(known: dict[str, tuple[Oracle, Records, Records]], name: str) -> None:
    case, plant, field = PLANTED[name]
    if case not in known:
        path, parse = FIXTURES / f"{case}.txt", parsers.module(case.split("/")[0]).parse
        oracle = Oracle(case.split("/")[0], read(path), path.parent.name.rpartition("-")[2])
        known[case] = oracle, parse(read(path)), parse(read(path.with_suffix(".json")))
        assert oracle.differences(*known[case][1:]) == []
    oracle, text, json = known[case]
    wrong = copy.deepcopy(text)
    plant(wrong)
    assert wrong != text
    found = oracle.differences(wrong, json)
    assert any(field in line for line in found), found
