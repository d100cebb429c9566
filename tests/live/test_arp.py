"""`arp`: the wrapper, on real namespaces, with the `arp` of net-tools, that of busybox, and none."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import implementations
import pytest
from rooms import Rooms

from netwrap import arp, errors

pytestmark = pytest.mark.root
MAC = "02:00:00:00:00:09"


@pytest.fixture
def red(rooms: Rooms) -> str:
    return rooms.cabled("red")


@pytest.fixture(params=["net-tools", "busybox", "none"])
def maker(request: pytest.FixtureRequest, red: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    implementations.use(monkeypatch, tmp_path, request.param, "arp")
    with warnings.catch_warnings():
        if request.param == "none":
            warnings.filterwarnings("ignore", "arp is not installed", errors.CommandWarning)
        yield request.param


def table(netns: str) -> dict[str, tuple[str | None, str, str | None]]:
    return {entry["address"]: (entry["hwaddress"], entry["flags"], entry.get("iface")) for entry in arp.show(netns)}


def test_entries_come_and_go(maker: str, red: str) -> None:
    assert table(red) == {}
    arp.set("10.0.0.9", MAC, dev="v0", netns=red)
    arp.set("10.0.0.8", MAC, dev="v0", netns=red, temp=True)
    assert table(red) == {"10.0.0.9": (MAC, "CM", "v0"), "10.0.0.8": (MAC, "C", "v0")}
    arp.set("10.0.0.9", "02:00:00:00:00:0a", dev="v0", netns=red)
    assert table(red)["10.0.0.9"] == ("02:00:00:00:00:0a", "CM", "v0")
    assert [entry["address"] for entry in arp.show(red, host="10.0.0.9")] == ["10.0.0.9"]
    arp.delete("10.0.0.9", dev="v0", netns=red)
    arp.delete("10.0.0.8", netns=red)
    assert not any("C" in flags for _, flags, _ in table(red).values())
    for dev in ("v0", None):
        with pytest.raises(errors.NotFound):
            arp.delete("10.0.0.99", dev=dev, netns=red)


def test_published_entries(maker: str, red: str) -> None:
    arp.set("10.0.0.77", pub=True, dev="v0", netns=red)
    hwaddress, flags, iface = table(red)["10.0.0.77"]
    assert (hwaddress, "P" in flags, iface) == (None, True, "v0")
    arp.delete("10.0.0.77", pub=True, dev="v0", netns=red)
    assert table(red) == {}


def test_failures_are_typed(maker: str, red: str) -> None:
    with pytest.raises(errors.NotFound):
        arp.set("10.0.0.9", MAC, dev="none", netns=red)
    with pytest.raises(errors.NotFound):
        arp.delete("10.0.0.9", dev="none", netns=red)
    with pytest.raises(errors.NoSuchNetns):
        arp.set("10.0.0.9", MAC, dev="v0", netns=red + "x")
    with pytest.raises(errors.UsageError if maker == "none" else errors.NetworkUnreachable):
        arp.set("192.0.2.1", MAC, netns=red)
    with pytest.raises(errors.NoSuchNetns):
        arp.show(red + "x")


# net-tools completes the first to 02:aa:0a:00:00:09, and ignores the end of the second.
@pytest.mark.parametrize("wrong", ["02:aa", "02:00:00:00:00:09:zz", "02-00-00-00-00-09", "020000000009", "", "::1", "temp"])
def test_hardware_addresses_have_six_octets(maker: str, red: str, wrong: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="six octets"):
        arp.set("10.0.0.9", wrong, dev="v0", netns=red)
    assert table(red) == {}


def test_what_is_refused(maker: str, red: str) -> None:
    for host in ("10.1", "010.0.0.9", "", "-d", "localhost", "2001:db8::9", "10.0.0.0/24"):
        with pytest.raises(errors.InvalidArgument):
            arp.set(host, MAC, dev="v0", netns=red)
        with pytest.raises(errors.InvalidArgument):
            arp.delete(host, dev="v0", netns=red)
    with pytest.raises(errors.InvalidArgument):
        arp.set("10.0.0.9", MAC, dev="", netns=red)
    with pytest.raises(errors.InvalidArgument):
        arp.set("10.0.0.9", pub=True, dev="-x", netns=red)
    for hw_addr, dev, pub in ((None, "v0", False), (MAC, "v0", True), (None, None, True)):
        with pytest.raises(errors.UsageError):
            arp.set("10.0.0.9", hw_addr, dev=dev, pub=pub, netns=red)
    assert table(red) == {}


def test_it_says_who_steps_in(red: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    implementations.use_without(monkeypatch, tmp_path, "arp")
    with pytest.warns(errors.CommandWarning, match=r"^arp is not installed: done by 'ip neigh'$"):
        arp.set("10.0.0.9", MAC, dev="v0", netns=red)
    with pytest.warns(errors.CommandWarning, match=r"^arp is not installed: answered from 'ip neigh'$"):
        assert [entry["address"] for entry in arp.show(red)] == ["10.0.0.9"]
    (tmp_path / "ip").unlink()
    with pytest.raises(errors.CommandMissing, match="arp is not installed, and neither is ip"):
        arp.show(red)
