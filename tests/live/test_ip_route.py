"""`ip route`: the wrapper, on real namespaces."""

from __future__ import annotations

from typing import Any

import pytest
from rooms import Rooms

from netwrap import errors, ip_address, ip_link, ip_route

pytestmark = pytest.mark.root


@pytest.fixture
def red(rooms: Rooms) -> str:
    name = rooms.add("red")
    ip_link.add("v0", "veth", netns=name, peer="v1")
    for dev, address in (("v0", "10.0.0.1/24"), ("v1", "10.0.1.1/24"), ("v0", "2001:db8::1/64")):
        ip_address.add(address, dev, netns=name)
    for dev in ("lo", "v0", "v1"):
        ip_link.set(dev, netns=name, up=True)
    return name


def routes(netns: str, family: str = "inet", table: str | None = None) -> dict[str, dict[str, Any]]:
    return {route["dst"]: dict(route) for route in ip_route.show(netns, family=family, table=table)}


def test_routes_come_and_go(red: str) -> None:
    ip_route.add("default", via="10.0.0.9", netns=red)
    ip_route.add("172.16.0.0/12", dev="v0", src="10.0.0.1", metric=7, table=100, protocol="static", mtu=1400, netns=red)
    ip_route.add("172.17.0.0/16", type="blackhole", netns=red)
    ip_route.add("172.18.0.1", via="10.0.0.9", onlink=True, dev="v1", netns=red)
    seen = routes(red)
    assert (seen["default"]["gateway"], seen["172.17.0.0/16"]["type"]) == ("10.0.0.9", "blackhole")
    assert "onlink" in seen["172.18.0.1"]["flags"]
    other = routes(red, table="100")["172.16.0.0/12"]
    assert (other["prefsrc"], other["metric"], other["metrics"]) == ("10.0.0.1", 7, [{"mtu": 1400}])
    with pytest.raises(errors.AlreadyExists):
        ip_route.add("default", via="10.0.0.8", netns=red)
    ip_route.replace("default", via="10.0.0.8", netns=red)
    assert routes(red)["default"]["gateway"] == "10.0.0.8"
    ip_route.delete("default", netns=red)
    with pytest.raises(errors.NotFound):
        ip_route.delete("default", netns=red)
    ip_route.delete("172.16.0.0/12", table=100, metric=7, netns=red)
    assert routes(red, table="100") == {}


def test_the_family_is_told_from_the_addresses(red: str) -> None:
    ip_route.add("default", via="2001:db8::9", netns=red)
    ip_route.add("2001:db8:5::/48", dev="v0", netns=red)
    ip_route.add("2001:db8:6::/48", netns=red, nexthop=[{"via": "2001:db8::8", "weight": 2}, {"via": "2001:db8::9", "dev": "v0"}])
    ip_route.add("10.9.0.0/16", via="2001:db8::7", netns=red)
    seen = routes(red, "inet6")
    assert seen["default"]["gateway"] == "2001:db8::9"
    assert [hop["gateway"] for hop in seen["2001:db8:6::/48"]["nexthops"]] == ["2001:db8::8", "2001:db8::9"]
    assert routes(red)["10.9.0.0/16"]["via"] == {"family": "inet6", "host": "2001:db8::7"}
    ip_route.delete("default", via="2001:db8::9", netns=red)
    ip_route.add("default", dev="v0", family="inet6", netns=red)
    assert routes(red, "inet6")["default"]["dev"] == "v0"


def test_several_ways(red: str) -> None:
    hops: list[dict[str, Any]] = [{"via": "10.0.0.9", "weight": 3}, {"via": "10.0.1.9", "dev": "v1"}]
    ip_route.add("10.8.0.0/16", nexthop=hops, netns=red)
    seen = routes(red)["10.8.0.0/16"]["nexthops"]
    assert [(hop["gateway"], hop["weight"]) for hop in seen] == [("10.0.0.9", 3), ("10.0.1.9", 1)]


def test_get_asks_the_kernel(red: str) -> None:
    assert ip_route.get("10.0.0.7", red)["dev"] == "v0"
    assert ip_route.get("2001:db8::7", red)["dev"] == "v0"
    assert ip_route.get("10.0.1.7", red, from_="10.0.1.1", oif="v1", uid=0)["dev"] == "v1"
    for kind in ("unreachable", "prohibit"):
        ip_route.replace("10.7.0.0/16", type=kind, netns=red)
        with pytest.raises(errors.NetworkUnreachable):
            ip_route.get("10.7.0.1", red)
    with pytest.raises(errors.NetworkUnreachable):
        ip_route.get("192.0.2.1", red)
    with pytest.raises(errors.NetworkUnreachable):
        ip_route.get("2001:db8:ffff::1", red)
    with pytest.raises(errors.NotFound):
        ip_route.get("10.0.0.7", red, oif="none")
    with pytest.raises(errors.NoSuchNetns):
        ip_route.get("10.0.0.7", red + "x")


def test_gateways_that_cannot_be_reached(red: str) -> None:
    with pytest.raises(errors.NetworkUnreachable):
        ip_route.add("default", via="192.0.2.1", netns=red)
    with pytest.raises(errors.NetworkUnreachable):
        ip_route.add("2001:db8:7::/48", via="2001:db8:99::1", netns=red)


@pytest.mark.parametrize(
    "wrong",
    [{"to": "10.1"}, {"to": "010.0.0.0/8"}, {"to": ""}, {"to": "-4"}, {"to": "blackhole"}, {"to": "10.0.0.5/24"},
     {"via": "10.1"}, {"via": "10.0.0.9/24"}, {"via": "dev"}, {"src": "x"}, {"type": "-s"}, {"type": "weird"},
     {"metric": -1}, {"metric": 2**32}, {"metric": True}, {"table": "no-such-table"}, {"dev": ""}, {"mtu": "wide"}],
    ids=str,
)  # fmt: skip
def test_what_is_refused(red: str, wrong: dict[str, Any]) -> None:
    before = set(routes(red))
    with pytest.raises(errors.InvalidArgument):
        ip_route.add(**{"to": "10.5.0.0/16", "dev": "v0", "netns": red, **wrong})
    assert set(routes(red)) == before


def test_a_device_that_is_not_there(red: str) -> None:
    with pytest.raises(errors.NotFound):
        ip_route.add("10.5.0.0/16", dev="none", netns=red)
