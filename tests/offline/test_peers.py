"""The other end of each link: all pairs are right, none is wrong, and undecidable ones are reported as ambiguous."""

from __future__ import annotations

from collections import Counter

import pytest
from imagined import Imagined

from netwrap.model.build import build
from netwrap.model.host import Host
from netwrap.model.section import Section


def judge(host: Host, imagined: Imagined) -> Counter[str]:
    """How each end's peer is known; an assertion fails at the first that is wrong."""
    keys = {key: position for position, key in enumerate(imagined.keys) if key}
    counted: Counter[str] = Counter()
    for netns in host.namespaces:
        position = keys[netns.key]
        for link in netns.links or ():
            if link["ifname"] == "lo":
                assert host.peer(netns, link) is None
                continue
            at, index = imagined.truth[position, link["ifindex"]]
            peer = host.peer(netns, link)
            assert peer is not None
            counted[peer.how] += 1
            if peer.how == "ambiguous":
                candidates = [(keys[there.key], other["ifindex"]) for there, other in peer.candidates]
                assert candidates and (not imagined.keys[at] or (at, index) in candidates)
            elif peer.how == "missing":
                assert not imagined.keys[at], f"{netns.title} {link['ifname']}: its peer was captured"
            else:
                assert peer.netns is not None and peer.link is not None
                assert (keys[peer.netns.key], peer.link["ifindex"]) == (at, index), (netns.title, link["ifname"], peer.how)
    return counted


def maze(seed: int, namespaces: int = 60, named: int = 30, pairs: int = 400) -> Imagined:
    """Pairs in one namespace, between any two, and with equal indexes."""
    host = Imagined(seed, namespaces, named)
    for number in range(pairs):
        one, two = host.random.randrange(namespaces), host.random.randrange(namespaces)
        host.pair(one, two, index=host.random.randrange(2, 40) if number % 3 == 0 else None)
    return host


@pytest.mark.parametrize("seed", range(5))
def test_400_pairs(seed: int) -> None:
    host = maze(seed)
    counted = judge(build(host.sections()), host)
    assert counted["ambiguous"] == counted["missing"] == 0
    assert {"name", "nsid"} <= set(counted)


@pytest.mark.parametrize("seed", range(5))
def test_without_names(seed: int) -> None:
    host = maze(seed, named=0)
    counted = judge(build(host.sections()), host)
    assert counted["ambiguous"] == counted["missing"] == 0 and counted["nsid"] == 0


@pytest.mark.parametrize("seed", range(5))
def test_old_kernel_leaves_out_equal_indexes(seed: int) -> None:
    host = Imagined(seed, 30, 10)
    for number in range(100):
        one, two = host.random.sample(range(30), 2)
        host.pair(one, two, index=number + 2)
    counted = judge(build(host.sections(old_kernel=True)), host)
    assert counted["ambiguous"] == 0


def isolated(traffic: bool) -> Imagined:
    """Ten pairs of namespaces without a name; every end has index 2."""
    host = Imagined(1, 21, 0)
    for one in range(1, 21, 2):
        host.pair(one, one + 1, index=2, traffic=traffic)
    return host


def test_isolated_pairs_by_their_counters() -> None:
    host = isolated(traffic=True)
    assert judge(build(host.sections()), host) == {"counters": 20}


def test_isolated_pairs_without_counters_are_ambiguous() -> None:
    for host, stats in ((isolated(traffic=False), True), (isolated(traffic=True), False)):
        assert judge(build(host.sections(stats=stats)), host) == {"ambiguous": 20}


def test_traffic_between_two_readings_leaves_doubt_not_error() -> None:
    """The right partner has moved on, a wrong one is equal by chance: nothing may be joined by that."""
    host = isolated(traffic=False)
    for index, count in ((1, 5), (2, 6), (3, 5), (4, 5)):  # 1-2 moved from 5 to 6 in between; 1-3, 1-4 and 3-4 are equal
        host.links[index][2]["stats64"] = {side: {"bytes": count, "packets": 1} for side in ("rx", "tx")}
    assert judge(build(host.sections()), host)["ambiguous"] >= 4


@pytest.mark.parametrize("seed", range(10))
def test_namespaces_that_were_not_captured(seed: int) -> None:
    host = maze(seed, pairs=150)
    for netns in host.random.sample(range(31, 60), 8):
        host.vanish(netns)
    counted = judge(build(host.sections()), host)
    assert counted["missing"] > 10


@pytest.mark.parametrize("seed", range(10))
def test_busybox_shows_no_nsids(seed: int) -> None:
    """`v0@v1` of busybox is an index looked up in the wrong namespace; its `v0`, `v1` may be mutual by chance."""
    host = maze(seed, namespaces=12, named=0, pairs=20)
    counted = judge(build(host.busybox()), host)
    assert counted["name"] == counted["missing"] == 0


@pytest.mark.parametrize("traffic", [True, False])
def test_a_crowd(traffic: bool) -> None:
    """A thousand isolated pairs of the same indexes take no time of their own."""
    host = Imagined(1, 2001, 0)
    for one in range(1, 2001, 2):
        host.pair(one, one + 1, index=2, traffic=traffic)
    counted = judge_most(build(host.sections()), host)
    assert counted == ({"counters": 2000} if traffic else {"ambiguous": 2000})


def judge_most(built: Host, host: Imagined) -> Counter[str]:
    """As judge, but of a crowd not all candidates are listed."""
    keys = {key: position for position, key in enumerate(host.keys)}
    counted: Counter[str] = Counter()
    for netns in built.namespaces:
        for link in (netns.links or ())[1:]:
            peer = built.peer(netns, link)
            assert peer is not None
            counted[peer.how] += 1
            if peer.how != "ambiguous":
                assert peer.netns and keys[peer.netns.key] == host.truth[keys[netns.key], link["ifindex"]][0]
    return counted


def test_what_text_names_is_believed() -> None:
    sections = [
        Section("", "ip -d link", "7: v0@if3: <UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default\n"
                "    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netns red promiscuity 0 minmtu 68 maxmtu 65535\n"
                "    veth addrgenmode eui64"),
        Section("red", "ip -d link", "3: v1@if7: <UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default\n"
                "    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff link-netnsid 0 promiscuity 0 minmtu 68 maxmtu 65535\n"
                "    veth addrgenmode eui64"),
    ]  # fmt: skip
    host = build(sections)
    root, red = host.namespaces
    assert (root.links, red.links) != (None, None)
    peer = host.peer(root, root.link("v0") or {})
    assert peer is not None and peer.how == "name" and peer.netns is red and peer.link is red.link("v1")
    assert host.nsid(root, red) == 0


def test_parents_across_namespaces() -> None:
    host = Imagined(1, 3, 1)
    host.pair(0, 1)
    host.links[0][9] = {"ifindex": 9, "ifname": "eth0", "linkinfo": {}}
    host.links[1][9] = {"ifindex": 9, "ifname": "m0", "link_index": 9, "link_netnsid": 0, "linkinfo": {"info_kind": "macvlan"}}
    host.links[0][10] = {"ifindex": 10, "ifname": "eth0.5", "link": "eth0", "linkinfo": {"info_kind": "vlan"}}
    host.links[0][11] = {"ifindex": 11, "ifname": "vx0", "linkinfo": {"info_kind": "vxlan", "info_data": {"link": "eth0"}}}
    host.links[0][12] = {"ifindex": 12, "ifname": "m1", "link_index": 2, "link_netnsid": 7, "linkinfo": {"info_kind": "macvlan"}}
    built = build(host.sections())
    root, red = built.namespaces[:2]
    for netns, name, parent in ((red, "m0", "eth0"), (root, "eth0.5", "eth0"), (root, "vx0", "eth0"), (root, "m1", None)):
        peer = built.peer(netns, netns.link(name) or {})
        assert peer is not None and (peer.link or {}).get("ifname") == parent
