"""Pictures of hosts with VLANs: the VLANs of bridge ports, the parents of VLAN links, and traces over both."""

from __future__ import annotations

import subprocess
import sys

import pytest
from imagined_networks import ACCESS, PORTS, Drawn, link, section, switch
from rooms import ROOT

from netwrap.answers import topology, topology_folding
from netwrap.model.build import build
from netwrap.pictures import languages, layout, svg, text, words
from netwrap.sources import opening


def test_each_port_of_a_filtering_bridge_shows_its_vlans_in_every_form() -> None:
    graph = topology.graph([switch(PORTS)])
    told = {port["name"]: words.vlans(port["vlans"]) for port in graph["ports"] if port["vlans"] is not None}
    assert told == {"to-a": "vlan 7", "to-b": "pvid 1, 10-20 tagged", "to-c": "no vlan", "to-d": "vlans 7,9 tagged"}
    assert [bus["filters"] for bus in graph["buses"]] == [True]
    forms = [text.draw(graph, 200), svg.draw(graph), *(draw(graph) for draw in (languages.mermaid, languages.dot, languages.d2))]
    for drawn in forms:
        assert "vlan aware" in drawn and all(said in drawn for said in told.values()), drawn


@pytest.mark.parametrize(("flags", "said"), [
    ([(1, ACCESS)], "vlan 1"), ([(5, ["PVID"])], "pvid 5 tagged"), ([(5, [])], "vlan 5 tagged"),
    ([(5, ACCESS), (6, ["Egress Untagged"]), (7, [])], "pvid 5, 6 untagged, 7 tagged"),
    ([(6, ["Egress Untagged"])], "vlan 6 untagged"),
])  # fmt: skip
def test_vlans_in_words(flags: list[tuple[int, list[str]]], said: str) -> None:
    assert words.vlans([{"vlan": number, "flags": of} for number, of in flags]) == said


def test_a_bridge_that_does_not_filter_has_vlans_only_where_some_were_configured() -> None:
    plain = [(name, [{"vlan": 1, "flags": ACCESS}]) for name in "ab"]
    graph = topology.graph([switch(plain, filtering=0)])
    assert [port["vlans"] for port in graph["ports"]] == [None] * 6 and graph["buses"][0]["filters"] is None
    graph = topology.graph([switch(PORTS, filtering=0)])
    assert "vlan filtering off" in text.draw(graph, 200) and "= to-a (vlan 7)" in text.draw(graph, 200)
    assert "(bridge)" in text.draw(topology.graph([switch(PORTS, filtering=None)]), 200)


def test_rooms_of_different_vlans_are_not_folded_as_alike() -> None:
    ports = [(f"n{number}", [{"vlan": 10 if number < 6 else 20, "flags": ACCESS}]) for number in range(12)]
    host = switch([*ports, ("last", [{"vlan": 10}])])
    folded = topology_folding.fold(topology.graph([host]))
    assert [[one["title"] for one in room["folded"]] for room in folded["rooms"] if room.get("folded")] == [
        ["n1", "n2", "n3", "n4"], ["n7", "n8", "n9", "n10"],
    ]  # fmt: skip
    drawn = text.draw(folded, 200)
    assert "(vlan 10)" in drawn.split("4 more")[1].split("\n")[0] and "(vlan 20)" in drawn.split("4 more")[2].split("\n")[0]


def test_a_vlan_link_has_its_parent_in_mermaid_and_where_only_its_kind_is_drawn() -> None:
    graph = topology.graph([switch(PORTS, own=[{"vlan": 7}])])
    ports = {port["name"]: port["id"] for port in graph["ports"] if port["room"] == "r4"}
    assert f'  {ports["eth0.7"]} ---|"on"| {ports["eth0"]}\n' in languages.mermaid(graph)
    part = topology.only(graph, {room["id"] for room in graph["rooms"]}, ["vlan"])
    assert (
        text.draw(part, 200)
        == """\
(root)
└═ sw vlan 7 tagged  (bridge, vlan aware)
   ├─ a  eth0 = to-a (vlan 7)
   ├─ b  eth0 = to-b (pvid 1, 10-20 tagged)
   └─ d  eth0 = to-d (vlans 7,9 tagged); eth0.7 vlan 7
"""
    )
    part = topology.only(graph, {"r4"})
    assert text.draw(part, 200).split("\n")[0] == "sw vlan 7 tagged  (bridge of (root), vlan aware)"


def test_where_vlan_30_goes() -> None:
    """By a trunk to the outside, to access ports, and by a bond with a VLAN to a bridge that knows no VLANs."""
    made = Drawn()
    made.add(0, "sw", "bridge", linkinfo={"info_kind": "bridge", "info_data": {"vlan_filtering": 1}})
    made.add(0, "eth0", "", master="sw", mtu=9000)
    made.pair(0, made.room("red"), ("to-red", "eth0"), "sw")
    made.pair(0, made.room("plain"), ("to-plain", "eth0"))
    made.add(0, "bond0", "bond")
    made.add(0, "eth1", "", master="bond0")
    made.add(0, "br30", "bridge")
    info = {"info_kind": "vlan", "info_data": {"id": 30}}
    made.add(0, "v30", "vlan", link="bond0", master="br30", linkinfo=info)
    made.pair(0, made.room("blue"), ("to-blue", "eth0"), "br30")
    made.add(0, "vrf-a", "vrf")
    made.add(0, "eth2", "", ("10.0.0.1/24",), master="vrf-a")
    vlans = [
        {"ifname": "eth0", "vlans": [{"vlan": 10}, {"vlan": 30}]},
        {"ifname": "to-red", "vlans": [{"vlan": 30, "flags": ACCESS}]},
    ]
    graph = topology.graph([build([*made.sections(), section("4026530000", "bridge -j vlan show", vlans)])])
    part = topology.only(graph, {room["id"] for room in graph["rooms"]}, ["vlan"])
    assert (
        text.draw(part)
        == """\
(root)  bond0 bond carries v30 (vlan 30) on br30;
│   eth1 (in bond0) -> outside (eth1)
├═ sw  (bridge, vlan aware)
│  ├─ red  eth0 = to-red (vlan 30)
│  └─ outside (eth0 (vlans 10,30 tagged) mtu 9000)
└═ br30  (bridge)
   ├─ (root) (above)  bond0 bond carries v30 (vlan 30) on br30
   └─ blue  eth0 = to-blue
"""
    )
    assert "eth2 (in vrf-a) 10.0.0.1/24 -> outside" in text.draw(graph)
    assert all("eth0 (vlans 10,30 tagged) mtu 9000" in draw(graph) for draw in (svg.draw, languages.dot, languages.d2))


def test_the_bar_of_a_bus_tells_what_the_tree_tells() -> None:
    host = switch(PORTS, own=[{"vlan": 7}])
    host.namespaces[0].links[0]["mtu"] = 1400  # type: ignore[index]
    graph = topology.graph([host])
    assert [bar.title for bar in layout.place(graph).bars] == ["sw vlan 7 tagged mtu 1400  (bridge of (root), vlan aware)"]
    assert "sw vlan 7 tagged mtu 1400  (bridge, vlan aware)" in text.draw(graph, 200)


def test_a_lab_shows_its_vlans() -> None:
    argv = [sys.executable, "-m", "netwrap", "lab", "show", "vlans", "--format"]
    drawn = subprocess.run([*argv, "text"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert (
        drawn
        == """\
(root)
└═ switch  (bridge, vlan aware)
   ├─ blue [no way out by router]  eth0 192.168.10.2/24 = to-blue (vlan 10)
   ├─ green [no way out by router]  eth0 192.168.20.1/24 = to-green (vlan 20)
   ├─ red [no way out by router]  eth0 192.168.10.1/24 = to-red (vlan 10)
   └─ router [no default route]  trunk = to-router (vlans 10,20 tagged);
          trunk.10 192.168.10.254/24 vlan 10; trunk.20 192.168.20.254/24 vlan 20
"""
    )


def test_the_cable_under_a_vlan_is_on_a_packets_way_and_an_idle_bridge_is_not_drawn() -> None:
    host = switch(PORTS)
    links = [
        *((host.root or host.namespaces[0]).links or ()),
        link(30, "idle", "bridge"),
        link(31, "x", "veth", master="idle", link_index=9, link_netnsid=2),
    ]
    far = [link(2, "eth0", "veth", link_index=5, link_netnsid=0), link(9, "y", "veth", link_index=31, link_netnsid=0)]
    names = [{"nsid": number, "name": name} for number, name in enumerate("abcd")]
    sections = [section("", "ip -d -j link show", links), section("", "ip -j netns list-id", names)]
    sections += [
        section(netns.name, "ip -d -j link show", netns.links) for netns in host.namespaces if netns.name in ("a", "b", "d")
    ]
    host = build([*sections, section("c", "ip -d -j link show", far), *(section(name, "ip -j netns list-id", [{"nsid": 0}])
                                                                    for name in "abcd")])  # fmt: skip
    graph = topology.graph([host])
    rooms = {room["title"]: room["id"] for room in graph["rooms"]}
    ports = {(port["room"], port["name"]): port["id"] for port in graph["ports"]}
    part = topology.only(graph, {rooms["(root)"], rooms["d"]})
    assert "not drawn" in text.draw(part, 200) and "idle" in [bus["title"] for bus in part["buses"]]
    found, way = topology.on_the_way(part, {ports[rooms["d"], "eth0.7"]})
    assert [bus["title"] for bus in found["buses"]] == ["sw"] and found["clouds"] == []
    cables = {cable["id"]: set(cable["ends"]) for cable in found["cables"]}
    assert [cables[cable] for cable in way] == [{ports[rooms["d"], "eth0"], ports[rooms["(root)"], "to-d"]}]


@pytest.mark.parametrize("name", ["docker", "openstack", "calico", "sample"])
def test_lines_of_different_nets_share_no_stretch(name: str) -> None:
    """A dashed line on a solid one cannot be seen, and a common stretch looks like one wire."""
    scene = layout.place(topology.graph([opening.read(str(ROOT / "fixtures" / "host" / f"{name}.netwrap"))]))
    stretches = [
        (line, min(one, other), max(one, other)) for line in scene.lines for one, other in zip(line.points, line.points[1:])
    ]
    for at, (line, start, end) in enumerate(stretches):
        for other, first, last in stretches[:at]:
            if line.net != other.net:
                along = (
                    0 if start[1] == end[1] == first[1] == last[1] else 1 if start[0] == end[0] == first[0] == last[0] else None
                )
                assert along is None or end[along] <= first[along] or last[along] <= start[along], (line.title, other.title)
    owns = {line.net for line in scene.lines if line.kind == "own"}
    assert not owns & {line.net for line in scene.lines if line.kind != "own"}


def test_a_line_that_crosses_another_leaves_a_gap() -> None:
    host = opening.read(str(ROOT / "fixtures" / "host" / "openstack.netwrap"))
    drawn = svg.draw(topology.graph([host]))
    assert drawn.count('\n<path d="') == len({line.net for line in layout.place(topology.graph([host])).lines}) - 1


def test_lines_below_a_picture_are_not_wider_than_the_picture() -> None:
    graph = topology.graph([switch(PORTS)])
    scene = layout.place(graph)
    reason = "! d: " + "word " * 60 + "end"
    lines = svg.wrapped(scene, [reason])
    assert len(lines) > 2 and " ".join(line.strip() for line in lines) == reason
    assert svg.size(scene, lines)[0] <= max(round(scene.width), 640)
    assert all(f">{line}</text>" in svg.draw(graph, below=[reason]) for line in lines)


def test_cables_are_counted_without_the_own_links_of_bridges_also_where_rooms_are_folded() -> None:
    graph = topology.graph([switch([(f"n{number}", [{"vlan": 10}]) for number in range(9)])])
    assert svg.description(graph) == svg.description(topology_folding.fold(graph)) == "10 namespaces, 1 bridge, 9 cables"
