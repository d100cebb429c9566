"""`ip link`: the wrapper, on real namespaces."""

from __future__ import annotations

from typing import Any

import pytest
from rooms import Rooms, has_kind

from netwrap import errors, ip_link

pytestmark = pytest.mark.root


def link(netns: str, dev: str) -> dict[str, Any]:
    return dict(ip_link.show(netns, dev=dev, details=True)[0])


def names(netns: str) -> set[str]:
    return {entry["ifname"] for entry in ip_link.show(netns)}


def test_a_veth_between_two_namespaces(rooms: Rooms) -> None:
    red, blue = rooms.add("red"), rooms.add("blue")
    ip_link.add("eth0", "veth", netns=red, address="02:00:00:00:00:01", mtu=1400, peer="eth9", peer_netns=blue)
    one, other = link(red, "eth0"), link(blue, "eth9")
    assert (one["address"], one["mtu"], one["linkinfo"]["info_kind"]) == ("02:00:00:00:00:01", 1400, "veth")
    assert one["link_index"] == other["ifindex"]
    with pytest.raises(errors.AlreadyExists):
        ip_link.add("eth0", "veth", netns=red)
    ip_link.delete("eth0", netns=red)
    assert "eth9" not in names(blue)
    with pytest.raises(errors.NotFound):
        ip_link.delete("eth0", netns=red)


def test_a_bridge_and_its_ports(rooms: Rooms) -> None:
    red = rooms.add("red")
    ip_link.add("br0", "bridge", netns=red, stp_state=1, ageing_time=20000, up=True)
    ip_link.add("v0", "veth", netns=red, master="br0", peer="v1")
    bridge = link(red, "br0")
    assert "UP" in bridge["flags"]
    assert (bridge["linkinfo"]["info_data"]["stp_state"], bridge["linkinfo"]["info_data"]["ageing_time"]) == (1, 20000)
    assert link(red, "v0")["master"] == "br0"
    ip_link.set("v0", netns=red, nomaster=True)
    assert "master" not in link(red, "v0")
    ip_link.set("v0", netns=red, master="br0")
    assert link(red, "v0")["master"] == "br0"
    ip_link.set("br0", netns=red, type="bridge", stp_state=0)
    assert link(red, "br0")["linkinfo"]["info_data"]["stp_state"] == 0
    with pytest.raises(errors.NotFound):
        ip_link.set("v0", netns=red, master="none")


KINDS: dict[str, dict[str, Any]] = {
    "dummy": {},
    "vlan": {"link": "v0", "id": 5},
    "vxlan": {"id": 7, "dev": "v0", "dstport": 4789, "nolearning": True, "remote": "10.0.0.2"},
    "macvlan": {"link": "v0", "mode": "bridge"},
    "ipvlan": {"link": "v0", "mode": "l2"},
    "bond": {"mode": "active-backup", "miimon": 100},
    "vrf": {"table": 10},
    "ifb": {},
    "gre": {"local": "10.0.0.1", "remote": "10.0.0.2", "ttl": 64},
    "wireguard": {},
}
READ = {"vlan": ("id", 5), "vxlan": ("id", 7), "macvlan": ("mode", "bridge"), "ipvlan": ("mode", "l2"), "vrf": ("table", 10)}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_and_their_options(rooms: Rooms, kind: str) -> None:
    red = rooms.add("red")
    ip_link.add("v0", "veth", netns=red, peer="v1")
    try:
        ip_link.add("k0", kind, netns=red, **KINDS[kind])
    except errors.InvalidArgument as error:
        if has_kind(kind) or not any(text in error.stderr for text in ("Unknown device type", "not supported")):
            raise
        pytest.skip(f"this kernel has no {kind}")
    made = link(red, "k0")
    assert made["linkinfo"]["info_kind"] == kind
    if kind in READ:
        key, value = READ[kind]
        assert made["linkinfo"]["info_data"][key] == value
    ip_link.delete("k0", netns=red)
    assert "k0" not in names(red)


@pytest.mark.parametrize("kind", ["tun", "tap"])
def test_tun_and_tap(rooms: Rooms, kind: str) -> None:
    red = rooms.add("red")
    try:
        ip_link.add("t0", kind, netns=red, user=0, vnet_hdr=True)
    except errors.NotFound:
        pytest.skip("no /dev/net/tun")
    made = link(red, "t0")["linkinfo"]
    assert (made["info_kind"], made["info_data"]["type"], made["info_data"]["vnet_hdr"]) == ("tun", kind, True)
    with pytest.raises(errors.AlreadyExists):
        ip_link.add("t0", kind, netns=red)
    with pytest.raises(errors.UsageError):
        ip_link.add("t1", kind, netns=red, mtu=1400)
    ip_link.delete("t0", netns=red)
    assert "t0" not in names(red)


def test_everything_that_set_sets(rooms: Rooms) -> None:
    red, blue = rooms.add("red"), rooms.add("blue")
    ip_link.add("v0", "veth", netns=red, peer="v1")
    ip_link.set("v0", netns=red, up=True)
    assert "UP" in link(red, "v0")["flags"]
    ip_link.set("v0", netns=red, down=True, name="w0", mtu=1300, address="02:00:00:00:00:07", group=7,
                alias="to the core; rm -rf", altname=["a-long-name-of-a-link", "another.one"], txqueuelen=17)  # fmt: skip
    seen = link(red, "w0")
    assert "UP" not in seen["flags"]
    assert (seen["mtu"], seen["address"], seen["group"], seen["ifalias"], seen["txqlen"]) == (
        1300, "02:00:00:00:00:07", "7", "to the core; rm -rf", 17)  # fmt: skip
    assert set(seen["altnames"]) == {"a-long-name-of-a-link", "another.one"}
    assert link(red, "a-long-name-of-a-link")["ifname"] == "w0"
    ip_link.property_delete("w0", "another.one", netns=red)
    assert link(red, "w0")["altnames"] == ["a-long-name-of-a-link"]
    ip_link.set("w0", netns=red, alias="")
    assert "ifalias" not in link(red, "w0")
    ip_link.set("w0", netns=red, to_netns=blue)
    assert "w0" in names(blue) and "w0" not in names(red)


def test_what_set_refuses(rooms: Rooms) -> None:
    red = rooms.add("red")
    ip_link.add("v0", "veth", netns=red, peer="v1")
    for wrong in ({"up": True, "down": True}, {"master": "br0", "nomaster": True}, {}):
        with pytest.raises(errors.UsageError):
            ip_link.set("v0", netns=red, **dict[str, Any](wrong))
    for address in ("02:aa", "02:00:00:00:00:01:02", "02-00-00-00-00-01", "", "020000000001", "10.0.0.1"):
        with pytest.raises(errors.InvalidArgument, match="is not a hardware address"):
            ip_link.set("v0", netns=red, address=address)
    for values in ({"mtu": 99999999}, {"group": "no-such-group"}, {"name": "a/b"}, {"name": "x" * 16}, {"name": ""},
                   {"alias": "x" * 300}):  # fmt: skip
        with pytest.raises(errors.InvalidArgument):
            ip_link.set("v0", netns=red, **dict[str, Any](values))
    with pytest.raises(errors.AlreadyExists):
        ip_link.set("v0", netns=red, name="v1")
    with pytest.raises(errors.NoSuchNetns):
        ip_link.set("v0", netns=red, to_netns=rooms.name("none"))
    with pytest.raises(errors.NotFound):
        ip_link.set("none", netns=red, up=True)


def test_a_number_that_names_no_namespace_is_no_process(rooms: Rooms) -> None:
    red = rooms.add("red")
    ip_link.add("v0", "veth", netns=red, peer="v1")
    for number in ("1", " 1", "0x1", "+1", "01"):
        with pytest.raises(errors.NoSuchNetns):
            ip_link.set("v0", netns=red, to_netns=number)
        with pytest.raises(errors.NoSuchNetns):
            ip_link.add("w0", "veth", netns=red, peer="w1", peer_netns=number)
    assert names(red) == {"lo", "v0", "v1"}


def test_what_add_refuses(rooms: Rooms) -> None:
    red = rooms.add("red")
    with pytest.raises(errors.InvalidArgument):
        ip_link.add("q0", "no-such-kind", netns=red)
    for name in ("", "x" * 16, "a/b", "a b", ".", "v%d"):  # the kernel makes v0 of the last
        with pytest.raises(errors.InvalidArgument):
            ip_link.add(name, "veth", netns=red)
    with pytest.raises(errors.InvalidArgument, match="six octets"):
        ip_link.add("q0", "veth", netns=red, address="02:00")
    with pytest.raises(errors.InvalidArgument, match="no keyword"):
        ip_link.add("q0", "veth", netns=red, **dict[str, Any]({"-x": 1}))
    with pytest.raises(errors.NotFound):
        ip_link.add("q0", "macvlan", netns=red, link="none")
    with pytest.raises(errors.NoSuchNetns):
        ip_link.add("q0", "veth", netns=rooms.name("none"))
    assert names(red) == {"lo"}
    with pytest.raises(errors.InvalidArgument):
        ip_link.delete("lo", netns=red)
