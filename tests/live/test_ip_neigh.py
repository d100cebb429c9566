"""`ip neigh`: the wrapper, on real namespaces."""

from __future__ import annotations

import pytest
from rooms import Rooms

from netwrap import errors, ip_neigh

pytestmark = pytest.mark.root
MAC = "02:00:00:00:00:09"


@pytest.fixture
def red(rooms: Rooms) -> str:
    return rooms.cabled("red")


def neighbours(netns: str, proxy: bool = False) -> dict[str, tuple[str | None, list[str]]]:
    return {entry["dst"]: (entry.get("lladdr"), entry.get("state", [])) for entry in ip_neigh.show(netns, dev="v0", proxy=proxy)}


def test_neighbours_come_and_go(red: str) -> None:
    ip_neigh.add("10.0.0.9", "v0", lladdr=MAC, netns=red)
    ip_neigh.add("2001:db8::9", "v0", lladdr=MAC, nud="reachable", router=True, netns=red)
    assert neighbours(red)["10.0.0.9"] == (MAC, ["PERMANENT"])
    assert neighbours(red)["2001:db8::9"] == (MAC, ["REACHABLE"])
    with pytest.raises(errors.AlreadyExists):
        ip_neigh.add("10.0.0.9", "v0", lladdr=MAC, netns=red)
    ip_neigh.replace("10.0.0.9", "v0", lladdr="02:00:00:00:00:0a", nud="stale", netns=red)
    assert neighbours(red)["10.0.0.9"] == ("02:00:00:00:00:0a", ["STALE"])
    ip_neigh.delete("10.0.0.9", "v0", netns=red)
    with pytest.raises(errors.NotFound):
        ip_neigh.delete("10.0.0.99", "v0", netns=red)


def test_proxy_entries(red: str) -> None:
    ip_neigh.add("10.0.0.77", "v0", proxy=True, netns=red)
    assert "10.0.0.77" in neighbours(red, proxy=True)
    ip_neigh.delete("10.0.0.77", "v0", proxy=True, netns=red)
    assert neighbours(red, proxy=True) == {}


def test_flush(red: str) -> None:
    for last in range(5, 9):
        ip_neigh.add(f"10.0.0.{last}", "v0", lladdr=MAC, netns=red, nud="permanent" if last == 5 else "reachable")
    ip_neigh.flush(netns=red, to="10.0.0.6")
    assert set(neighbours(red)) == {"10.0.0.5", "10.0.0.7", "10.0.0.8"}
    ip_neigh.flush(netns=red, dev="v0")
    assert "10.0.0.5" in neighbours(red) and "10.0.0.7" not in neighbours(red)
    ip_neigh.flush(netns=red, dev="v0", nud="permanent")
    assert "10.0.0.5" not in neighbours(red)
    with pytest.raises(errors.UsageError):
        ip_neigh.flush(netns=red)
    with pytest.raises(errors.NotFound):
        ip_neigh.flush(netns=red, dev="none")


# The kernel takes the second of these, and keeps six octets of it.
@pytest.mark.parametrize("wrong", ["02:aa", "02:00:00:00:00:09:0a", "02-00-00-00-00-09", "", "10.0.0.1", "::1"])
def test_hardware_addresses_fit_the_device(red: str, wrong: str) -> None:
    for call in (ip_neigh.add, ip_neigh.replace):
        with pytest.raises(errors.InvalidArgument, match="is not a hardware address for v0"):
            call("10.0.0.9", "v0", lladdr=wrong, netns=red)
    assert neighbours(red) == {}


def test_what_is_refused(red: str) -> None:
    for wrong in ("10.1", "", "-4", "10.0.0.0/24", "dev"):
        with pytest.raises(errors.InvalidArgument):
            ip_neigh.add(wrong, "v0", lladdr=MAC, netns=red)
    with pytest.raises(errors.InvalidArgument):
        ip_neigh.add("10.0.0.9", "v0", lladdr=MAC, nud="weird", netns=red)
    with pytest.raises(errors.NotFound):
        ip_neigh.add("10.0.0.9", "none", lladdr=MAC, netns=red)
    with pytest.raises(errors.NoSuchNetns):
        ip_neigh.add("10.0.0.9", "v0", lladdr=MAC, netns=red + "x")
