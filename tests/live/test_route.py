"""`route`: the wrapper, on real namespaces, with the `route` of net-tools, that of busybox, and none."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import implementations
import pytest
from rooms import Rooms

from netwrap import errors, ip_address, ip_link, ip_route, route

pytestmark = pytest.mark.root


@pytest.fixture
def red(rooms: Rooms) -> str:
    name = rooms.cabled("red")
    ip_link.set("lo", netns=name, up=True)
    ip_address.add("2001:db8::1/64", "v0", netns=name, nodad=True)
    return name


@pytest.fixture(params=["net-tools", "busybox", "none"])
def maker(request: pytest.FixtureRequest, red: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    implementations.use(monkeypatch, tmp_path, request.param, "route")
    with warnings.catch_warnings():
        if request.param == "none":
            warnings.filterwarnings("ignore", "route is not installed", errors.CommandWarning)
        yield request.param


def kernel(netns: str, family: str = "inet") -> dict[str, dict[str, Any]]:
    return {entry["dst"]: dict(entry) for entry in ip_route.show(netns, family=family)}


def test_routes_come_and_go(maker: str, red: str) -> None:
    route.add("default", gw="10.0.0.9", netns=red)
    route.add("172.16.0.0/12", gw="10.0.0.9", dev="v0", metric=32766, mss=1000, window=500, irtt=300, netns=red)
    route.add("192.0.2.7", dev="v0", netns=red)
    route.add("192.0.2.8/32", dev="v0", netns=red)
    route.add("10.9.0.0/255.255.0.0", reject=True, netns=red)
    seen = kernel(red)
    assert (seen["default"]["gateway"], seen["192.0.2.7"]["dev"], seen["192.0.2.8"]["dev"]) == ("10.0.0.9", "v0", "v0")
    assert (seen["172.16.0.0/12"]["metric"], seen["10.9.0.0/16"]["type"]) == (32766, "unreachable")
    metrics = {key: value for entry in seen["172.16.0.0/12"]["metrics"] for key, value in entry.items()}
    assert (metrics["advmss"], metrics["window"]) == (960, 500) and str(metrics["rtt"]).startswith("300")
    assert {row["destination"] for row in route.show(red)} >= {"0.0.0.0", "172.16.0.0", "192.0.2.7", "10.9.0.0"}
    with pytest.raises(errors.AlreadyExists):
        route.add("default", gw="10.0.0.9", netns=red)
    route.delete("default", netns=red)
    route.delete("172.16.0.0/12", gw="10.0.0.9", netns=red)
    route.delete("192.0.2.7", netns=red)
    route.delete("192.0.2.8", dev="v0", netns=red)
    route.delete("10.9.0.0/16", reject=True, netns=red)
    assert set(kernel(red)) == {"10.0.0.0/24"}
    with pytest.raises(errors.NotFound):
        route.delete("default", netns=red)


def test_ipv6(maker: str, red: str) -> None:
    route.add("default", gw="2001:db8::9", netns=red)
    route.add("2001:db8:5::/48", gw="fe80::1", dev="v0", metric=70000, netns=red)
    route.add("2001:db8:6::1", dev="v0", netns=red)
    seen = kernel(red, "inet6")
    assert (seen["default"]["gateway"], seen["default"]["metric"]) == ("2001:db8::9", 1)
    assert (seen["2001:db8:5::/48"]["metric"], seen["2001:db8:6::1"]["dev"]) == (70000, "v0")
    route.delete("2001:db8:5::/48", metric=70000, netns=red)
    route.delete("2001:db8:6::1", netns=red)
    route.delete("default", family="inet6", netns=red)
    assert not {"default", "2001:db8:5::/48", "2001:db8:6::1"} & set(kernel(red, "inet6"))
    with pytest.raises(errors.NotFound):
        route.delete("2001:db8:6::1", netns=red)
    with pytest.raises(errors.NetworkUnreachable):
        route.add("2001:db8:7::/48", gw="2001:db8:99::1", netns=red)
    with pytest.raises(errors.NotFound):
        route.add("2001:db8:7::/48", dev="none", netns=red)


def test_failures_are_typed(maker: str, red: str) -> None:
    with pytest.raises(errors.NetworkUnreachable):
        route.add("default", gw="192.0.2.1", netns=red)
    with pytest.raises(errors.NotFound):
        route.add("10.5.0.0/16", dev="none", netns=red)
    with pytest.raises(errors.InvalidArgument):
        route.add("10.5.0.1/16", dev="v0", netns=red)  # host bits
    with pytest.raises(errors.NoSuchNetns):
        route.add("10.5.0.0/16", dev="v0", netns=red + "x")
    with pytest.raises(errors.NoSuchNetns):
        route.show(red + "x")


@pytest.mark.parametrize(
    "wrong",
    # `route` cuts the metrics to 4464 and 4294934527; it takes a device called -n for its option -n
    [{"metric": 70000}, {"metric": 32767}, {"metric": -1}, {"dev": "-n"}, {"dev": ""}, {"target": "-net"}, {"target": "10.1"},
     {"target": ""}, {"target": "loopback"}, {"gw": "default"}, {"gw": "-n"}, {"gw": "10.0.0.9/24"}, {"irtt": -1}],
    ids=str,
)  # fmt: skip
def test_what_is_refused(maker: str, red: str, wrong: dict[str, Any]) -> None:
    before = set(kernel(red))
    with pytest.raises(errors.InvalidArgument):
        route.add(**{"target": "10.5.0.0/16", "dev": "v0", "netns": red, **wrong})
    assert set(kernel(red)) == before


def test_an_empty_table_is_no_failure(maker: str, rooms: Rooms) -> None:
    assert route.show(rooms.add("empty")) == []


def test_it_says_who_steps_in(red: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    implementations.use_without(monkeypatch, tmp_path, "route")
    with pytest.warns(errors.CommandWarning, match=r"^route is not installed: answered from 'ip route'$"):
        assert [row["destination"] for row in route.show(red)] == ["10.0.0.0"]
    (tmp_path / "ip").unlink()
    with pytest.raises(errors.CommandMissing, match="route is not installed, and neither is ip"):
        route.add("10.5.0.0/16", dev="v0", netns=red)
