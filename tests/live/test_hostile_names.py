"""Names and values are data: none becomes an option, a keyword, a word of a shell, or another name; on real namespaces."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rooms import Rooms

from netwrap import arp, errors, ip_address, ip_link, ip_neigh, ip_netns, ip_route, ip_rule, route

pytestmark = pytest.mark.root

# Options of `ip`, `arp` and `route`, keywords, addresses, numbers, tricks of a shell, of a terminal, and of the kernel's.
NASTY = (
    "-n -a -d -j -s -x -V -all --help -batch -netns - -- help dev name type via to from lo all default any none up down peer "
    "netns master group table add del show 0 1 0x1 10.0.0.1 ::1 if2 a@b a@if2 NONE $HOME `id` $(id) ;id |id &id >x * ? ~ \\ ' \" "
    "<x>,{} %d %s v%d = # ! .. . .x é ☃ \x01 \x1b[2J \x7f \u2028 \x85 \udcff \udcfe\udcff"
).split(" ")
LETTERS = st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])
NAMES = st.sampled_from(NASTY) | st.text(LETTERS, max_size=15) | st.builds("-{}".format, st.text(LETTERS, max_size=8))
TEXTS = st.sampled_from(NASTY) | st.text(LETTERS, max_size=60)
OFTEN = settings(
    max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def links(netns: str) -> set[str]:
    """The names of the links from /sys, read without any code of ours."""
    return set(ip_netns.exec(netns, ["ls", "-1a", "/sys/class/net"]).split("\n")) - {"", ".", ".."}


@pytest.fixture
def red(rooms: Rooms) -> Iterator[str]:
    name = rooms.add("red")
    ip_link.add("canary", "veth", netns=name, peer="canary-peer", address="02:00:00:00:00:ca")
    ip_link.set("canary", netns=name, up=True)
    ip_address.add("10.99.0.1/24", "canary", netns=name)
    before = state(name)
    yield name
    assert state(name) == before


def state(netns: str) -> Any:
    """The state that must not change: another link, its address and routes, the rules, the number of namespaces."""
    canary: Any = ip_address.show(netns, dev="canary")[0]
    return [
        canary["address"], canary["mtu"], [address["local"] for address in canary["addr_info"] if address["family"] == "inet"],
        [entry["dst"] for entry in ip_route.show(netns, dev="canary")], ip_rule.show(netns), links(netns),
    ]  # fmt: skip


def refused(call: Callable[..., Any], *args: Any, **options: Any) -> bool:
    """Whether a call is refused: by us, or by the binary or the kernel with a message about the value."""
    try:
        call(*args, **options)
    except (errors.InvalidArgument, errors.AlreadyExists):
        return True
    return False


@OFTEN
@given(name=NAMES, peer=NAMES, alias=TEXTS)
def test_links(red: str, name: str, peer: str, alias: str) -> None:
    before = links(red)
    if refused(ip_link.add, name, "veth", netns=red, peer=peer, mtu=1400):
        assert links(red) == before
        return
    assert links(red) == before | {name, peer}
    try:
        _everything(red, name, peer, alias)
    finally:
        ip_link.delete(peer, netns=red)  # both ends go
    assert links(red) == before


def _everything(red: str, name: str, peer: str, alias: str) -> None:
    ip_link.set(name, netns=red, up=True, mtu=1300)
    assert ip_link.show(red, dev=name)[0]["ifname"] == name
    assert ip_link.show(red, dev=name)[0]["mtu"] == 1300
    if not refused(ip_link.set, name, netns=red, alias=alias):
        assert ip_netns.exec(red, ["cat", f"/sys/class/net/{name}/ifalias"]).rstrip("\n") == alias.rstrip("\n")
    ip_address.add("10.0.0.1/24", name, netns=red)
    ip_neigh.replace("10.0.0.7", name, lladdr="02:00:00:00:00:07", netns=red)
    ip_route.add("10.5.0.0/16", dev=name, netns=red)
    ip_rule.add(iif=name, oif=name, table=77, priority=77, netns=red)
    ip_rule.delete(priority=77, netns=red)
    if not refused(route.add, "10.6.0.0/16", dev=name, netns=red):
        assert ip_route.get("10.6.0.1", red)["dev"] == name
    arp.set("10.0.0.8", "02:00:00:00:00:08", dev=name, netns=red)
    if "\x1b" not in name:  # the parsers take the colours out of what a terminal recorded
        assert {entry["address"] for entry in arp.show(red, dev=name)} == {"10.0.0.7", "10.0.0.8"}
    assert {entry["dst"] for entry in ip_route.show(red, dev=name)} >= {"10.0.0.0/24", "10.5.0.0/16"}
    ip_neigh.flush(dev=name, netns=red)
    ip_address.flush(name, netns=red)
    ip_link.set(name, netns=red, down=True)
    if not refused(ip_link.set, name, netns=red, name=peer[:14] + "x"):
        assert peer[:14] + "x" in links(red)


@OFTEN
@given(altname=NAMES)
def test_further_names(red: str, altname: str) -> None:
    ip_link.add("v0", "veth", netns=red, peer="v1")
    if not refused(ip_link.set, "v0", netns=red, altname=altname):
        assert ip_link.show(red, dev=altname)[0]["ifname"] == "v0"
        ip_link.property_delete(altname, altname, netns=red)
    ip_link.delete("v0", netns=red)


@OFTEN
@given(suffix=TEXTS)
def test_namespaces(rooms: Rooms, suffix: str) -> None:
    name = rooms.name("h" + suffix)
    if refused(ip_netns.add, name):
        assert "/" in name or len(name.encode("utf-8", "surrogateescape")) > 200
        return
    try:
        assert ip_netns.exec(name, ["readlink", "/proc/self/ns/net"]).strip() != os.readlink("/proc/self/ns/net")
        ip_link.add("v0", "veth", netns=name, peer="v1")
        ip_link.set("v1", netns=name, to_netns=f"/run/netns/{name}")
        assert links(name) >= {"lo", "v0", "v1"}
        assert arp.show(name) == []
        ip_netns.set(name, "auto", netns=name)
    finally:
        ip_netns.delete(name)
    with pytest.raises(errors.NoSuchNetns):
        ip_link.show(name)


@OFTEN
@given(value=TEXTS.filter(lambda text: text not in ("::1", "10.0.0.1")))
def test_values_that_are_none(red: str, value: str) -> None:
    """A value that is not an address is refused, and not read as a keyword."""
    calls: tuple[Callable[[], object], ...] = (
        lambda: ip_address.add(value, "canary", netns=red),
        lambda: ip_address.add("10.1.0.1/24", "canary", netns=red, peer=value),
        lambda: ip_address.add("10.1.0.1/24", "canary", netns=red, label=f"canary:{value}x" * 3),
        lambda: ip_route.add("10.8.0.0/16", dev="canary", src=value, netns=red),
        lambda: ip_route.add("10.8.0.0/16", dev="canary", via=value, netns=red),
        lambda: ip_route.add("10.8.0.0/16", dev="canary", scope=value + "x", netns=red),
        lambda: ip_route.add("10.8.0.0/16", dev="canary", type=value, netns=red),
        lambda: ip_route.get(value + "g", red),
        lambda: ip_neigh.add(value, "canary", lladdr="02:00:00:00:00:07", netns=red),
        lambda: ip_neigh.add("10.99.0.7", "canary", lladdr=value, netns=red),
        lambda: ip_rule.add(from_=value + "g", table=5, priority=5, netns=red),
        lambda: ip_rule.add(from_="10.0.0.0/8", type=value, priority=5, netns=red),
        lambda: arp.set(value, "02:00:00:00:00:07", dev="canary", netns=red),
        lambda: arp.set("10.99.0.7", value, dev="canary", netns=red),
        lambda: route.add(value + "g", dev="canary", netns=red),
        lambda: route.add("10.8.0.0/16", gw=value + "g", netns=red),
        lambda: ip_link.add("q0", value + "'", netns=red),
        lambda: ip_link.set("canary", netns=red, address=value),
    )  # fmt: skip
    for call in calls:
        try:
            call()
        except (errors.InvalidArgument, errors.NotFound, errors.NetworkUnreachable, errors.AlreadyExists):
            continue
        raise AssertionError(f"{value!r} was taken")
