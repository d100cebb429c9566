"""`ip address`: the wrapper, on real namespaces."""

from __future__ import annotations

from typing import Any

import pytest
from rooms import Rooms

from netwrap import errors, ip_address, ip_link

pytestmark = pytest.mark.root


@pytest.fixture
def red(rooms: Rooms) -> str:
    name = rooms.add("red")
    ip_link.add("v0", "veth", netns=name, peer="v1")
    return name


def addresses(netns: str) -> dict[str, dict[str, Any]]:
    return {f"{entry['local']}/{entry['prefixlen']}": dict(entry) for entry in ip_address.show(netns, dev="v0")[0]["addr_info"]}


def test_addresses_come_and_go(red: str) -> None:
    ip_address.add("192.168.15.1/24", "v0", netns=red, broadcast="+", label="v0:one", scope="link")
    ip_address.add("2001:db8::1/64", "v0", netns=red, nodad=True, valid_lft=600, preferred_lft=300)
    ip_address.add("10.0.0.1", "v0", netns=red, peer="10.0.0.2/32")
    seen = addresses(red)
    four, six = seen["192.168.15.1/24"], seen["2001:db8::1/64"]
    assert (four["broadcast"], four["label"], four["scope"]) == ("192.168.15.255", "v0:one", "link")
    assert six["nodad"] is True and 590 < six["valid_life_time"] <= 600
    assert seen["10.0.0.1/32"]["address"] == "10.0.0.2"
    for again in ("192.168.15.1/24", "2001:db8::1/64"):
        with pytest.raises(errors.AlreadyExists):
            ip_address.add(again, "v0", netns=red)
    ip_address.replace("192.168.15.1/24", "v0", netns=red, valid_lft=100, preferred_lft=50)
    assert addresses(red)["192.168.15.1/24"]["valid_life_time"] <= 100
    ip_address.delete("192.168.15.1/24", "v0", netns=red)
    with pytest.raises(errors.NotFound):
        ip_address.delete("192.168.15.1/24", "v0", netns=red)
    with pytest.warns(errors.CommandWarning):  # any prefix length: `ip` does it, and says that it does not like it
        ip_address.delete("10.0.0.1", "v0", netns=red)
    assert list(addresses(red)) == ["2001:db8::1/64"]


def test_flush_takes_what_it_is_told_to(red: str) -> None:
    for address in ("10.1.0.1/16", "10.2.0.1/16", "2001:db8::1/64"):
        ip_address.add(address, "v0", netns=red)
    ip_address.flush("v0", netns=red, to="10.1.0.0/16")
    assert set(addresses(red)) == {"10.2.0.1/16", "2001:db8::1/64"}
    ip_address.flush("v0", netns=red, family="inet6")
    assert set(addresses(red)) == {"10.2.0.1/16"}
    ip_address.flush("v0", netns=red)
    assert addresses(red) == {}
    ip_address.flush("v0", netns=red)
    with pytest.raises(errors.NotFound):
        ip_address.flush("none", netns=red)
    with pytest.raises(errors.InvalidArgument):
        ip_address.flush("", netns=red)


# `ip` takes the first three, as 10.1.0.0, 8.0.0.1 and 10.0.0.0.
WRONG = ["10.1", "010.0.0.1/8", "10/8", "", "-4", "10.0.0.1/33", "red", "dev", "10.0.0.1 ", "::g", "any"]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_address(red: str, wrong: str) -> None:
    for call in (ip_address.add, ip_address.replace, ip_address.delete):
        with pytest.raises(errors.InvalidArgument, match="is no address") as refused:
            call(wrong, "v0", netns=red)
        assert refused.value.status == 2
    assert addresses(red) == {}


def test_what_the_binary_refuses(red: str) -> None:
    with pytest.raises(errors.NotFound):
        ip_address.add("10.0.0.1/8", "none", netns=red)
    with pytest.raises(errors.InvalidArgument):
        ip_address.add("10.0.0.1/8", "v0", netns=red, label="v0:much-longer-than-this")
    with pytest.raises(errors.InvalidArgument):
        ip_address.add("10.0.0.1/8", "v0", netns=red, scope="no-such-scope")
    with pytest.raises(errors.NoSuchNetns):
        ip_address.add("10.0.0.1/8", "v0", netns=red + "x")
