"""The ends of a tunnel are connected where both were captured and each leads to the other; else there is a cloud."""

from __future__ import annotations

from typing import Any

import pytest
from imagined_networks import Drawn, link, section
from rooms import ROOT, Netwrap

from netwrap.answers import topology, topology_folding
from netwrap.model.build import build
from netwrap.model.host import Host
from netwrap.model.section import Section
from netwrap.pictures import languages, layout, svg, text
from netwrap.sources.opening import read


def tunnels(graph: dict[str, Any]) -> set[str]:
    """The ends that are connected: ``vx1 of left = vx2 of right``."""
    titles = {room["id"]: room["title"] for room in graph["rooms"]}
    names = {port["id"]: f"{port['name']} of {titles[port['room']]}" for port in graph["ports"]}
    names.update((f"{cloud['id']}l0", cloud["title"]) for cloud in graph["clouds"])
    return {" = ".join(names[end] for end in cable["ends"]) for cable in graph["cables"] if cable["kind"] == "tunnel"}


def outside(graph: dict[str, Any]) -> set[str]:
    return {line for cloud in graph["clouds"] if cloud["kind"] == "tunnel" for line in cloud["lines"]}


@pytest.mark.parametrize(("name", "connected"), [
    ("tunnels-of-udp", (19, 20, 22, 23, 24, 25, 29, 31, 32, 35, 36)),
    ("tunnels-of-ip", (1, 4, 6, 9, 10, 11, 15, 16, 17)),
])  # fmt: skip
def test_tunnels_are_connected_whose_ends_agree(name: str, connected: tuple[int, ...]) -> None:
    graph = topology.graph([read(str(ROOT / "fixtures" / "trace" / f"{name}.netwrap.gz"))])
    assert tunnels(graph) == {f"t{number} of n1 = t{number} of n2" for number in connected}
    lines = [line.partition(":")[0] for line in outside(graph)]
    assert not {f"t{number}" for number in connected if number != 31} & set(lines)  # one end of t31 floods to another address


def test_members_of_one_group_are_connected_if_their_numbers_agree() -> None:
    graph = topology.graph([read(str(ROOT / "fixtures" / "trace" / "overlay-of-a-group.netwrap.gz"))])
    assert (tunnels(graph), outside(graph)) == ({"vx of n1 = vx of n3"}, {"vx: vxlan vni 8 to 239.1.1.1"})


def overlay(rooms: int, vni: dict[int, int] | None = None, twice: bool = False, unknown: bool = False) -> Host:
    """Rooms with one vxlan each, which sends to all others: n1 has 10.0.0.1, and so on; ``twice``: n3 has the address of n2."""
    sections = [Section("", "ip netns list", "\n".join(f"n{number}" for number in range(1, rooms + 1)))]
    for number in range(1, rooms + 1):
        own = 2 if twice and number == 3 else number
        sections += [Section(f"n{number}", "ip -d addr", (
            "2: eth0@if9: <UP,LOWER_UP> mtu 1500 state UP group default\n    link/ether 02:00:00:00:00:01 link-netnsid 9\n"
            f"    veth\n    inet 10.0.0.{own}/24 scope global eth0\n"
            "3: vx: <BROADCAST,UP,LOWER_UP> mtu 1450 state UNKNOWN group default\n    link/ether 02:00:00:00:01:01\n"
            f"    vxlan id {(vni or {}).get(number, 42)} dstport 4789 ttl auto ageing 300\n")),
            Section(f"n{number}", "bridge fdb show", "".join(
                f"00:00:00:00:00:00 dev vx dst 10.0.0.{other} self permanent\n"
                for other in [*range(1, rooms + 1), *([99] if unknown else [])] if other != own))]  # fmt: skip
    return build(sections)


@pytest.mark.parametrize(("host", "connected", "beside"), [
    (overlay(2), {"vx of n1 = vx of n2"}, set()),
    (overlay(2, {2: 43}), set(), {
        "vx: vxlan vni 42 to 10.0.0.2 (vx of n2: vni 42, there 43)",
        "vx: vxlan vni 43 to 10.0.0.1 (vx of n1: vni 43, there 42)",
    }),
    (overlay(2, unknown=True), {"vx of n1 = vx of n2"}, {"vx: vxlan vni 42 to 10.0.0.99"}),
    (overlay(3, twice=True), set(), {  # n2 or n3?
        "vx: vxlan vni 42 to 10.0.0.2, 10.0.0.3", "vx: vxlan vni 42 to 10.0.0.1, 10.0.0.3",
    }),
    (overlay(4), {f"vx of n{number} = tunnel: vxlan vni 42" for number in (1, 2, 3, 4)}, set()),
], ids=["two", "other number", "more outside", "one address twice", "four"])  # fmt: skip
def test_what_is_not_certain_stays_outside(host: Host, connected: set[str], beside: set[str]) -> None:
    graph = topology.graph([host])
    assert (tunnels(graph), outside(graph)) == (connected, beside)


def test_a_tunnel_with_many_ends_is_one_cloud_that_paths_and_folds_go_through() -> None:
    graph = topology.graph([overlay(20)])
    assert [(cloud["title"], cloud["lines"]) for cloud in graph["clouds"] if cloud["kind"] == "overlay"] == [
        ("tunnel: vxlan vni 42", ["vx of n1, vx of n2, vx of n3 and 17 more"])
    ]
    rooms = {room["title"]: room["id"] for room in graph["rooms"]}
    path = topology.between(graph, rooms["n2"], rooms["n5"])
    assert tunnels(path) == {"vx of n2 = tunnel: vxlan vni 42", "vx of n5 = tunnel: vxlan vni 42"}
    folded = topology_folding.fold(graph)
    assert [room["title"] for room in folded["rooms"]] == ["(root)", "n1", "18 more", "n20"]
    lines = [line for line in layout.place(folded).lines if line.kind == "tunnel"]
    assert len(lines) == 3 and len({line.net for line in lines}) == 1


def test_a_path_keeps_what_is_outside_of_its_links() -> None:
    graph = topology.graph([overlay(2, unknown=True)])
    rooms = {room["title"]: room["id"] for room in graph["rooms"]}
    path = topology.between(graph, rooms["n1"], rooms["n2"])
    assert (tunnels(path), outside(path)) == ({"vx of n1 = vx of n2"}, {"vx: vxlan vni 42 to 10.0.0.99"})


def bridged() -> Host:
    """Two nodes with a bridge each, a room on each bridge, and a vxlan between the bridges."""
    made = Drawn()
    nodes = [made.room("alpha"), made.room("beta")]
    made.pair(nodes[0], nodes[1], ("eth0", "eth0"))
    for number, node in enumerate(nodes, 1):
        made.addresses[node][0]["addr_info"] = [{"family": "inet", "local": f"10.0.0.{number}", "prefixlen": 24}]
        made.add(node, "br0", "bridge")
        vx = made.add(node, "vx", "vxlan", master="br0")
        vx["linkinfo"]["info_data"] = {"id": 7, "remote": f"10.0.0.{3 - number}", "port": 4789}
        made.pair(node, made.room(f"pod{number}"), ("p0", "eth0"), "br0", f"10.9.0.{number}/24")
    return made.host()


def test_a_way_and_a_path_go_along_a_tunnel_between_bridges() -> None:
    graph = topology.graph([bridged()])
    rooms = {room["title"]: room["id"] for room in graph["rooms"]}
    for part in (topology.between(graph, rooms["pod1"], rooms["pod2"]), topology.only(graph, {rooms["pod1"], rooms["pod2"]})):
        assert [room["title"] for room in part["rooms"]] == ["pod1", "pod2"]
        assert sorted(cable["kind"] for cable in part["cables"]) == ["tunnel", "veth", "veth"]
    used = {port["id"] for port in part["ports"] if port["name"] == "vx" and port["room"] == rooms["alpha"]}
    found, way = topology.on_the_way(part, used)
    assert way == [cable["id"] for cable in found["cables"] if cable["kind"] == "tunnel"] != []


def test_a_tunnel_is_named_in_every_form_and_is_no_cable() -> None:
    graph = topology.graph([overlay(2)])
    assert "vx vxlan vni 42 mtu 1450 = vx (tunnel) n2" in text.draw(graph, 120)
    page = svg.draw(graph)
    assert "vx of n1 = vx of n2 (tunnel)</title>" in page and "3 namespaces, 0 bridges, 2 cables" in page
    assert page.count('stroke-dasharray="10 4"') == 1
    assert all("tunnel" in draw(graph, {}) for draw in (languages.mermaid, languages.dot, languages.d2))


def test_a_way_goes_along_the_tunnel(netwrap: Netwrap) -> None:
    source = str(ROOT / "fixtures" / "trace" / "overlay-of-a-group.netwrap.gz")
    page = netwrap("trace", "n1", "10.0.0.3", "--from", source, "--format", "svg").stdout
    assert "vx of n1 = vx of n3 (tunnel) (on the packet's way)" in page and "other ends of tunnels" not in page


def node(number: int, *remotes: int, title: str = "") -> Host:
    """A host with a VXLAN to other nodes: to one by its remote, to several by its entries."""
    data = {"id": 42, "local": f"192.0.2.{number}", "port": 4789}
    links = [
        link(2, "eth0", ""),
        link(3, "vx", "vxlan", {**data, **({"remote": f"192.0.2.{remotes[0]}"} if remotes[:1] else {})}),
    ]
    entries = [{"mac": "00:00:00:00:00:00", "ifname": "vx", "dst": f"192.0.2.{one}", "state": "permanent"} for one in remotes]
    addresses = [{"ifname": "eth0", "addr_info": [{"family": "inet", "local": f"192.0.2.{number}", "prefixlen": 24}]}]
    host = build([section("", "ip -d -j link show", links), section("", "ip -j address show", addresses),
                  section("", "bridge -j fdb show", entries)])  # fmt: skip
    host.hostname = title or f"node{number}"
    return host


def test_a_tunnel_between_two_hosts_is_drawn_from_frame_to_frame() -> None:
    graph = topology.graph([node(1, 2), node(2, 1), node(3, 9)])
    assert tunnels(graph) == {"vx of (root) = vx of (root)"} and outside(graph) == {"vx: vxlan vni 42 to 192.0.2.9"}
    drawn = text.draw(graph)
    assert "vx vxlan vni 42 to 192.0.2.2 = vx (tunnel) (root) of node2" in drawn
    scene = layout.place(graph)
    line = next(line for line in scene.lines if line.kind == "tunnel")
    assert line.title == "vx of (root) of node1 = vx of (root) of node2 (tunnel)"
    assert [any(left <= x <= left + wide and top <= y <= top + high for _, left, top, wide, high in (frame,))
            for frame, (x, y) in zip(scene.frames, (line.points[0], line.points[-1]))] == [True, True]  # fmt: skip


@pytest.mark.parametrize("number", [2, 3, 9])
def test_lines_between_hosts_cross_no_box_and_no_text(number: int) -> None:
    names = range(1, number + 1)
    graph = topology.graph([node(one, *(other for other in names if other != one)) for one in names])
    scene = layout.place(graph)
    lines = [line for line in scene.lines if line.kind == "tunnel"]
    assert len(lines) == (1 if number == 2 else number)
    boxes = [(box.x, box.y, box.x + box.width, box.y + box.height) for box in scene.boxes]
    boxes += [(left, top, left + 8.2 * len(title) + 10, top + 18) for title, left, top, _, _ in scene.frames]
    for line in lines:
        for (x1, y1), (x2, y2) in zip(line.points, line.points[1:]):
            assert x1 == x2 or y1 == y2
            assert min(x1, x2) >= 0 and max(x1, x2) <= scene.width and min(y1, y2) >= 0 and max(y1, y2) <= scene.height
            for left, top, right, bottom in boxes:
                assert max(x1, x2) <= left or min(x1, x2) >= right or max(y1, y2) <= top or min(y1, y2) >= bottom
    ends = {name for name in (f"node{one}" for one in names) if name in text.draw(graph)}
    assert len(ends) == number
    assert topology_folding.fold(graph)["cables"]


def test_of_two_captures_of_one_host_none_is_taken_for_the_end_of_a_tunnel() -> None:
    graph = topology.graph([node(1, 2), node(2, 1, title="before"), node(2, 1, title="after")])
    assert not tunnels(graph) and len(outside(graph)) == 2


@pytest.mark.parametrize(("name", "lines"), [
    ("tunnels-of-ip", {
        "t2: gre key 5 to 192.168.0.102 (t2 of n2: key 5, there 6)", "t3: gre to 192.168.0.13 (t3 of n1: key none, there 5)",
        "t5: gre to 192.168.0.15 (t5 of n1: without a checksum, there with one)", "t12: ipip to 192.168.0.77",
        "t12: ipip to 192.168.0.22 (in n1: no ipip leads back from it)", "t14: ipip, no remote",
    }),
    ("tunnels-of-udp", {
        "t30: vxlan vni 2 to 192.168.0.130 (t30 of n2: vni 2, there 3)", "t33: vxlan vni 6, no remote",
        "t34: vxlan vni 7 to 192.168.0.134 (t34 of n2: port 4789, there 4790)",
        "t26: geneve vni 2 to 192.168.0.126 (in n2: no geneve vni 2 leads back from it)",
    }),
])  # fmt: skip
def test_an_end_that_does_not_fit_is_named_with_the_reason(name: str, lines: set[str]) -> None:
    graph = topology.graph([read(str(ROOT / "fixtures" / "trace" / f"{name}.netwrap.gz"))])
    assert lines <= outside(graph)
    assert not any("not shown" in line for line in outside(graph))


def in_group(number: int, address: str, group: str = "239.1.1.42") -> Host:
    """A host with a VXLAN of a group on its only cable."""
    data = {"id": 42, "group": group, "link": "eth0", "local": address.partition("/")[0], "port": 4789}
    entry = {"family": "inet", "local": address.partition("/")[0], "prefixlen": int(address.partition("/")[2]), "scope": "global"}
    host = build([section("", "ip -d -j link show", [link(2, "eth0", ""), link(3, "vx", "vxlan", data)]),
                  section("", "ip -j address show", [{"ifname": "eth0", "addr_info": [entry]}]),
                  section("", "bridge -j fdb show", [{"mac": "00:00:00:00:00:00", "ifname": "vx", "dst": group}])])  # fmt: skip
    host.hostname = f"node{number}"
    return host


def test_members_of_a_group_on_two_hosts_are_taken_for_connected_if_they_are_in_one_network() -> None:
    one, two = in_group(1, "192.0.2.1/24"), in_group(2, "192.0.2.2/24")
    graph = topology.graph([one, two])
    assert tunnels(graph) == {"vx of (root) = vx of (root)"} and outside(graph) == {"vx: vxlan vni 42 to 239.1.1.42"}
    assert [cable["certain"] for cable in graph["cables"] if cable["kind"] == "tunnel"] == [False]
    assert "vx (on eth0) vxlan vni 42 to 239.1.1.42 = vx (tunnel) (root) of node2 (not certain)" in text.draw(graph, 120)
    assert "= vx of (root) of node2 (tunnel) (not certain: group)" in svg.draw(graph)
    for other in (in_group(2, "198.51.100.2/24"), in_group(2, "192.0.2.2/24", "239.1.1.43")):
        assert not tunnels(topology.graph([one, other]))
    assert len(tunnels(topology.graph([one, two, in_group(3, "192.0.2.3/24")]))) == 1


def guarded(name: str, own: str, *peers: tuple[str, str, str], address: str = "192.0.2.9") -> Host:
    """A host with a wireguard link; ``peers`` are (key, endpoint or "", preshared key or "")."""
    links = [link(2, "eth0", ""), link(4, "wg0", "wireguard")]
    entry = {"family": "inet", "local": address, "prefixlen": 24, "scope": "global"}
    said = f"interface: wg0\n  public key: {own:=<44}\n  private key: (hidden)\n  listening port: 51820\n"
    for key, endpoint, secret in peers:
        said += f"\npeer: {key:=<44}\n" + (f"  preshared key: {secret}\n" if secret else "")
        said += (f"  endpoint: {endpoint}\n" if endpoint else "") + "  allowed ips: 10.9.0.0/24\n"
    host = build([section("", "ip -d -j link show", links),
                  section("", "ip -j address show", [{"ifname": "eth0", "addr_info": [entry]}]),
                  Section("", "wg show", said)])  # fmt: skip
    host.hostname = name
    return host


def test_wireguard_links_are_connected_that_have_the_keys_of_each_other() -> None:
    source = str(ROOT / "fixtures" / "trace" / "wireguard.netwrap.gz")
    graph = topology.graph([read(source)])
    assert graph["hosts"][0]["title"] == source  # the name of its host is "(none)"
    assert tunnels(graph) == {
        *(f"wg{number} of n1 = wg{number} of n2" for number in (1, 3, 4, 5, 6, 10)), "wg11 of n2 = wg11 of n3",
    }  # fmt: skip
    assert outside(graph) == {
        "wg2: wireguard, peer wg2 of n2: it does not have the key of this one",
        "wg2: wireguard, no peers",
        "wg7: wireguard, peer 0cs/Yw7y at 192.168.0.2:51827 not captured",
        "wg7: wireguard, peer wg7 of n1: it does not have the key of this one",
        "wg8: wireguard, peer wg8 of n2: endpoint port 51808, listening port 51828",
        "wg8: wireguard, peer wg8 of n1: endpoint port 51808, listening port 51828",
        "wg9: wireguard, peer wg9 of n2: only one of both has a preshared key",
        "wg9: wireguard, peer wg9 of n1: only one of both has a preshared key",
    }


@pytest.mark.parametrize(("hosts", "connected", "beside"), [
    ([guarded("a", "AAAA", ("BBBB", "192.0.2.2:51820", "")),
      guarded("b", "BBBB", ("AAAA", "", ""), address="192.0.2.2")], 1, set()),
    # a translated endpoint has another port than the one that its link listens on
    ([guarded("a", "AAAA", ("BBBB", "203.0.113.7:9", "")), guarded("b", "BBBB", ("AAAA", "", ""))], 1, set()),
    ([guarded("a", "AAAA", ("BBBB", "", "")), guarded("b", "BBBB", ("AAAA", "", ""))], 0,
     {"wg0: wireguard, peer wg0 of (root) of a: neither has an endpoint",
      "wg0: wireguard, peer wg0 of (root) of b: neither has an endpoint"}),
    ([guarded("a", "AAAA", ("BBBB", "203.0.113.7:9", ""), ("CCCC", "", "")), guarded("b", "BBBB", ("AAAA", "", ""))], 1,
     {"wg0: wireguard, peer CCCC==== not captured"}),
    # two states of one host
    ([guarded("a", "AAAA", ("BBBB", "203.0.113.7:9", "")), *(guarded(name, "BBBB", ("AAAA", "", "")) for name in "bc")], 0,
     {"wg0: wireguard, peer BBBB==== at 203.0.113.7:9 is wg0 of (root) of b or wg0 of (root) of c?"}),
    ([guarded(own, own * 4, *((key * 4, "203.0.113.7:9", "") for key in "ABC" if key != own)) for own in "ABC"], 3, set()),
], ids=["one endpoint", "translated", "no endpoint", "one more", "two states", "mesh"])  # fmt: skip
def test_wireguard_between_hosts(hosts: list[Host], connected: int, beside: set[str]) -> None:
    graph = topology.graph(hosts)
    cables = [cable for cable in graph["cables"] if cable["kind"] == "tunnel"]
    assert len(cables) == connected and all(cable["how"] == "key" and cable["certain"] for cable in cables)
    assert outside(graph) >= beside and (beside or not outside(graph))
