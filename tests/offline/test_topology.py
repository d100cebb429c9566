"""The graph contains every cable of the model, the drawing shows it, and nothing overlaps."""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from imagined_networks import (
    HOSTILE,
    Drawn,
    bridges_of_nodes,
    chain,
    imagined,
    many_bridges,
    meshed,
    on_three_buses,
    pods,
    stacked,
    star,
)
from rooms import ROOT, Netwrap

from netwrap.answers import topology, topology_folding
from netwrap.errors import UsageError
from netwrap.model.build import build
from netwrap.model.host import Host
from netwrap.model.section import Section
from netwrap.pictures import html, languages, layout, svg, text
from netwrap.pictures.measure import columns
from netwrap.pictures.words import by_host, lack
from netwrap.sources.opening import read
from netwrap.wording import printable

SHOP = str(ROOT / "fixtures" / "host" / "shop.netwrap")
SAMPLE = str(ROOT / "fixtures" / "host" / "sample.netwrap")


def truth(host: Host) -> set[frozenset[tuple[str, str]]]:
    """The certain pairs of the model, by namespace and name."""
    found = set()
    for netns in host.namespaces:
        for link in netns.links or ():
            peer = host.peer(netns, link)
            if (
                peer is not None
                and peer.netns is not None
                and peer.link is not None
                and link["linkinfo"].get("info_kind") == "veth"
            ):
                found.add(frozenset({(netns.title, link["ifname"]), (peer.netns.title, peer.link["ifname"])}))
    return found


#: Hosts of other kinds: (name, host); made when a test asks for them.
KINDS: list[tuple[str, Callable[[], Host]]] = [
    ("chain", lambda: chain(20)), ("ring", lambda: chain(25, closed=True)), ("long ring", lambda: chain(200, closed=True)),
    ("three buses", lambda: on_three_buses(1, 9)), ("three buses, 60", lambda: on_three_buses(2, 60)),
    ("three buses, 200", lambda: on_three_buses(3, 200)), ("stacked", lambda: stacked(1, 12)),
    ("stacked, 40", lambda: stacked(2, 40)), ("stacked, 200", lambda: stacked(3, 200)), ("meshed", lambda: meshed(1, 7)),
    ("meshed, 30", lambda: meshed(2, 30)), ("meshed, 200", lambda: meshed(3, 200)), ("nodes", lambda: bridges_of_nodes(5)),
    ("many nodes", lambda: bridges_of_nodes(40)), ("bridges", lambda: many_bridges(20)),
    ("pods", lambda: pods(1, 8)), ("pods, 60", lambda: pods(2, 60)), ("pods, 120", lambda: pods(3, 120)),
    ("many bridges", lambda: many_bridges(150)),
]  # fmt: skip
SEEDS = [(seed, rooms) for seed, rooms in enumerate((3, 5, 8, 8, 13, 13, 21, 34, 55, 90, 200, 300))]


@pytest.mark.parametrize(("seed", "rooms"), SEEDS)
def test_every_cable_of_the_model_is_in_the_graph_and_in_the_drawing(seed: int, rooms: int) -> None:
    host = imagined(seed, rooms)
    graph = topology.graph([host])
    ports = {port["id"]: port for port in graph["ports"]}
    titles = {room["id"]: room["title"] for room in graph["rooms"]}
    cables = {
        frozenset((titles[ports[end]["room"]], ports[end]["name"]) for end in cable["ends"])
        for cable in graph["cables"] if cable["kind"] == "veth"
    }  # fmt: skip
    assert cables == truth(host)
    scene = layout.place(graph)
    same_bus = {cable["id"] for cable in graph["cables"] if len({_bus(ports, end) for end in cable["ends"]} - {None}) == 1
                and None not in {_bus(ports, end) for end in cable["ends"]}}  # fmt: skip
    assert {line.id for line in scene.lines} == {cable["id"] for cable in graph["cables"]} - same_bus


def _bus(ports: dict[str, Any], end: str) -> Any:
    return end if end.startswith("b") else ports[end]["bus"] if end in ports else None


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


HOSTS = [*((f"{rooms} rooms", (lambda seed=seed, rooms=rooms: imagined(seed, rooms))) for seed, rooms in SEEDS), *KINDS]
with_every_host = pytest.mark.parametrize("make", [make for _, make in HOSTS], ids=[name for name, _ in HOSTS])


@pytest.mark.parametrize("folded", [False, True], ids=["whole", "folded"])
@with_every_host
def test_no_box_overlaps_another_and_no_line_crosses_a_box(make: Callable[[], Host], folded: bool) -> None:
    graph = topology.graph([make()])
    drawn = topology_folding.fold(graph) if folded else graph
    scene = layout.place(drawn)
    ports = {port["id"]: port for port in drawn["ports"]}
    apart = {cable["id"] for cable in drawn["cables"] if len({_bus(ports, end) or end for end in cable["ends"]}) == 2}
    assert {line.id for line in scene.lines} == apart
    areas = [(box.x, box.y, box.x + box.width, box.y + box.height) for box in scene.boxes]
    areas += [(bar.x, bar.y, bar.x + bar.width, bar.y + bar.height) for bar in scene.bars]
    for at, area in enumerate(areas):
        assert area[0] >= 0 and area[1] >= 0 and area[2] <= scene.width and area[3] <= scene.height
        assert not any(overlap(area, other) for other in areas[:at])
    within = [(left + 0.5, top + 0.5, right - 0.5, bottom - 0.5) for left, top, right, bottom in areas]
    for line in scene.lines:
        assert len(line.points) > 1
        for (x1, y1), (x2, y2) in zip(line.points, line.points[1:]):
            assert x1 == x2 or y1 == y2, "lines are straight"
            inside = (min(x1, x2) + 0.2, min(y1, y2) + 0.2, max(x1, x2) - 0.2, max(y1, y2) - 0.2)
            inside = (min(inside[0], inside[2]), min(inside[1], inside[3]), max(inside[0], inside[2]), max(inside[1], inside[3]))
            assert not any(overlap(inside, area) for area in within), f"{line.title} crosses a box"
            assert min(x1, x2) >= 0 and max(x1, x2) <= scene.width and min(y1, y2) >= 0 and max(y1, y2) <= scene.height


@with_every_host
def test_two_cables_never_run_along_each_other(make: Callable[[], Host]) -> None:
    """Lines of different nets may cross, but not share a stretch, for then nobody could tell which is which."""
    graph = topology.graph([make()])
    if len(graph["rooms"]) > 60:
        graph = topology_folding.fold(graph)
    ports = {port["id"]: port for port in graph["ports"]}
    scene = layout.place(graph)
    nets: dict[str, set[str]] = {}
    stretches: dict[tuple[str, float], list[tuple[float, float, str]]] = {}
    for line in scene.lines:
        buses = [bus for bus in (_bus(ports, end) for end in line.ends) if bus]
        for end in [*buses[-1:], *line.ends] if line.certain else line.ends:  # lines of one end are of one net
            nets.setdefault(end, set()).add(line.id)
        for (x1, y1), (x2, y2) in zip(line.points, line.points[1:]):
            place, span = (("x", x1), (y1, y2)) if x1 == x2 else (("y", y1), (x1, x2))
            stretches.setdefault(place, []).append((min(span), max(span), line.id))
    together = {frozenset((one, other)) for found in nets.values() for one in found for other in found}
    for level, found in stretches.items():
        found.sort()
        for at, (_, end, one) in enumerate(found):
            for start, _, other in found[at + 1 :]:
                if start >= end - 0.5:
                    break
                assert frozenset((one, other)) in together, f"two lines share a stretch at {level}, {start}"


def crossings(lines: list[layout.Line]) -> int:
    """How often a line crosses another one."""
    found = 0
    for one, other in itertools.permutations(lines, 2):
        for (start, y), (end, level) in zip(one.points, one.points[1:]):
            for (x, top), (place, bottom) in zip(other.points, other.points[1:]):
                if y == level and x == place:
                    found += min(start, end) < x < max(start, end) and min(top, bottom) < y < max(top, bottom)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_cables_whose_ends_are_in_one_order_at_both_boxes_do_not_cross(seed: int) -> None:
    rng = random.Random(seed)
    made = Drawn()
    left, right = made.room("left"), made.room("right")
    for number in range(12):
        made.pair(left, right, (f"a{number}", f"b{number}"))
        for room, most in ((left, 2), (right, 3)):  # so that most cables go down
            for free in range(rng.randrange(most)):
                made.add(room, f"free{number}-{free}", "dummy")
    lines = layout.place(topology.graph([made.host()])).lines
    assert len(lines) == 12 and not crossings(lines)


@pytest.mark.parametrize("name", ["ipvlan-modes", "macvlan-modes"])
def test_dashed_lines_that_share_a_stretch_have_their_dashes_at_the_same_places(name: str) -> None:
    scene = layout.place(topology.graph([read(str(ROOT / "fixtures" / "trace" / f"{name}.netwrap.gz"))]))
    shared = 0
    for one, other in itertools.combinations([line for line in scene.lines if line.is_parent], 2):
        if one.net == other.net and {one.points[0], one.points[-1]} & {other.points[0], other.points[-1]}:
            shared += 1
            assert one.points[0] == other.points[0]
    assert shared > 1


@pytest.mark.parametrize(("seed", "rooms"), SEEDS[:6])
def test_text_stays_in_its_box_and_xml_is_well_formed(seed: int, rooms: int) -> None:
    graph = topology.graph([imagined(seed, rooms)])
    root = ElementTree.fromstring(svg.draw(graph))
    space = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{space}title") is not None and root.find(f"{space}desc") is not None
    boxes = 0
    for group in root.iter(f"{space}g"):
        rect = group.findall(f"{space}rect")[-1]
        right = float(rect.get("x", "0")) + float(rect.get("width", "0"))
        for number, words in enumerate(group.findall(f"{space}text")):
            bold = 1 if number else 1.08
            assert float(words.get("x", "0")) + len(words.text or "") * 7.25 * bold <= right + 1, words.text
        boxes += 1
    assert boxes >= rooms


def test_the_text_of_a_room_in_a_page_is_what_its_label_says() -> None:
    graph = topology.graph([imagined(7, 34)])
    graph["rooms"][5]["default"] = False
    drawn = svg.render(layout.place(graph), "x", {"r4": "why"}, "about", prefix="u-")
    rooms = [group for group in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}g") if group.get("role")]
    assert len(rooms) == 34
    for group in rooms:
        texts = [words for part in group if part.tag.endswith("text") for words in (*part.itertext(), part.tail or "")]
        assert str(group.get("aria-label")).startswith(" ".join("".join(texts).split()))


@pytest.mark.parametrize(("seed", "rooms"), SEEDS[:8])
def test_hostile_names_stay_text_in_every_form(seed: int, rooms: int) -> None:
    graph = topology.graph([imagined(seed, rooms)])
    page = html.draw(graph, topology_folding.fold(graph), "<title>", {"r0": "</script><b>"})
    assert page.count("<script") == 2 and page.count("</script>") == 2 and "\x1b" not in page
    assert re.search(r"<b>|http://(?!www\.w3\.org)|https://|src=|href=", page) is None
    for drawn in (text.draw(graph), languages.mermaid(graph), languages.dot(graph), languages.d2(graph)):
        assert "\x1b" not in drawn
    for line in languages.mermaid(graph).split("\n"):
        assert line.count('"') in (0, 2), line
    assert max(map(len, text.draw(graph).split("\n"))) <= 80
    assert text.draw(graph, ascii_only=True).replace("é", "").replace("網路", "").isascii()


def test_the_same_host_gives_the_same_picture() -> None:
    assert svg.draw(topology.graph([imagined(5, 21)])) == svg.draw(topology.graph([imagined(5, 21)]))


def two_bridges(rooms: int, changed: str = "", at: int = 0) -> Host:
    """Two bridges of (root) with namespaces; ``changed``: an address, a port or a namespace more or less, at one of them."""
    made = Drawn()
    for number in range(rooms):
        bridge = f"br{number % 2}"
        if number < 2:
            made.add(0, bridge, "bridge")
        if changed == "less" and number == at:
            continue
        room = made.room(f"n{number:02}")
        made.pair(0, room, None, bridge, f"10.0.{number}.2/24")
        if number == at:
            if changed == "address":
                made.addresses[room][0]["addr_info"].append({"family": "inet", "local": "10.9.9.9", "prefixlen": 24})
            elif changed == "port":
                made.add(room, "spare0", "dummy")
            elif changed == "more":
                made.pair(0, made.room(f"n{number:02}b"), None, bridge, "10.0.99.2/24")
    return made.host()


@pytest.mark.parametrize("changed", ["address", "port", "more", "less"])
def test_a_small_change_moves_little(changed: str) -> None:
    """The order of the boxes stays, and on average three of four move by less than about their own size."""
    shares = []
    for rooms in (9, 16, 26, 40):
        before = {box.full: box for box in layout.place(topology.graph([two_bridges(rooms)])).boxes}
        for at in range(0, rooms, rooms // 4):
            after = {box.full: box for box in layout.place(topology.graph([two_bridges(rooms, changed, at)])).boxes}
            both = [name for name in before if name in after]
            assert both == [name for name in after if name in before]
            moves = [(abs(before[name].x - after[name].x), abs(before[name].y - after[name].y)) for name in both]
            shares.append(sum(x <= 130 and y <= 90 for x, y in moves) / len(both))
    assert sum(shares) / len(shares) >= 0.75, shares


def test_two_hundred_rooms_fold_to_three_and_stay_small_unfolded() -> None:
    graph = topology.graph([star(200)])
    folded = topology_folding.fold(graph)
    assert [room["title"] for room in folded["rooms"]] == ["(root)", "ns1", "197 more", "ns199"]
    assert len(folded["rooms"][2]["folded"]) == 197
    scene = layout.place(graph)
    assert scene.width <= 1600 and scene.height <= 1100
    assert len(svg.draw(graph)) < 150_000
    mesh = Drawn(1)
    for number in range(1, 200):
        mesh.room(f"{HOSTILE[number % len(HOSTILE)]}router{number}")
        for other in range(number):
            if mesh.rng.random() < 1 / 60:
                mesh.pair(other, number)
    graph_of_mesh = topology.graph([mesh.host()])
    assert len(graph_of_mesh["cables"]) > 330 and len(svg.draw(graph_of_mesh).encode()) < 150_000
    kept = topology_folding.fold(graph, keep=["r50"])
    assert [room["title"] for room in kept["rooms"]] == ["(root)", "ns1", "196 more", "ns50", "ns199"]


@pytest.mark.parametrize("make", [
    *((lambda seed=seed: imagined(seed, 200)) for seed in range(3)), lambda: imagined(4, 80),
    *(make for name, make in KINDS if "200" in name or "many" in name or "long" in name),
])  # fmt: skip
def test_two_hundred_rooms_of_many_shapes_fold_to_twelve_boxes(make: Callable[[], Host]) -> None:
    graph = topology.graph([make()])
    folded = topology_folding.fold(graph)
    scene = layout.place(folded)
    assert len(scene.boxes) + len(scene.bars) <= 14 and len(scene.boxes) <= 12
    inside = [one["id"] for room in folded["rooms"] for one in room.get("folded", ())]
    shown = [room["id"] for room in folded["rooms"] if not room.get("folded")]
    assert sorted([*inside, *shown]) == sorted(room["id"] for room in graph["rooms"])
    for room in folded["rooms"]:
        if room.get("folded"):
            assert room["title"].startswith(f"{len(room['folded'])} more")
    ends = {port["id"] for port in folded["ports"]} | {bus["id"] for bus in folded["buses"]}
    ends |= {f"{cloud['id']}l{number}" for cloud in folded["clouds"] for number in range(len(cloud["lines"]))}
    assert all(end in ends for cable in folded["cables"] for end in cable["ends"])
    asked = [graph["rooms"][number]["id"] for number in (3, 50, 51, 77)]
    assert {*asked} <= {room["id"] for room in topology_folding.fold(graph, keep=asked)["rooms"]}


@pytest.mark.parametrize(("make", "titles"), [
    (lambda number: star(10), ["node00", "18 more hosts: node01 … node18", "node19"]),
    (lambda number: imagined(number, 10), [*(f"node{number:02}" for number in range(11)),
                                           "9 more hosts of 9 shapes: node11 … node19"]),
])  # fmt: skip
def test_many_hosts_fold_to_twelve_boxes(make: Callable[[int], Host], titles: list[str]) -> None:
    hosts = [make(number) for number in range(20)]
    for number, host in enumerate(hosts):
        host.hostname = f"node{number:02}"
    graph = topology.graph(hosts)
    folded = topology_folding.fold(graph)
    scene = layout.place(folded)
    assert len(scene.boxes) <= 12 and [frame[0] for frame in scene.frames] == titles
    inside = [one["id"] for room in folded["rooms"] for one in room.get("folded", ())]
    assert sorted([*inside, *(room["id"] for room in folded["rooms"] if not room.get("folded"))]) == sorted(
        room["id"] for room in graph["rooms"]
    )
    number = int(re.findall(r"(\d+) more hosts", text.draw(folded))[0])
    assert f"{number * 10} namespaces of {number} hosts" in text.draw(folded)
    asked = [room["id"] for room in graph["rooms"] if room["host"] == "h15"][-1]
    kept = topology_folding.fold(graph, keep=[asked])
    assert asked in {room["id"] for room in kept["rooms"]} and "node15" in [host["title"] for host in kept["hosts"]]


def test_the_fold_of_a_place_says_what_it_hides() -> None:
    folded = topology_folding.fold(topology.graph([imagined(9, 200)]))
    titles = [room["title"] for room in folded["rooms"] if room.get("folded")]
    assert titles and all(re.fullmatch(r"\d+ more of \d+ shapes( on br\d)?", title) for title in titles)
    drawings = [text.draw(folded), languages.mermaid(folded), languages.dot(folded), languages.d2(folded), svg.draw(folded)]
    assert all(title in drawn for title in titles for drawn in drawings)


@pytest.mark.parametrize("make", [
    *((lambda seed=seed: imagined(seed, 30)) for seed in range(4)),
    *((lambda seed=seed: on_three_buses(seed, 27)) for seed in range(4)),
    lambda: stacked(4, 30), lambda: meshed(5, 30), lambda: chain(30), lambda: bridges_of_nodes(6), lambda: many_bridges(22),
])  # fmt: skip
def test_thirty_namespaces_of_any_kind_take_thirty_one_lines(netwrap: Netwrap, tmp_path: Path, make: Callable[[], Host]) -> None:
    graph = topology.graph([make()])
    saved = tmp_path / "graph.json"
    saved.write_text(json.dumps(graph, indent=1))
    drawn = netwrap("topology", "--from", str(saved)).stdout
    assert drawn.count("\n") <= len(graph["rooms"]) + 1
    assert max(map(columns, drawn.split("\n"))) <= 80
    whole = text.draw(graph, 10_000)
    for room in graph["rooms"]:
        assert printable(room["title"]) in whole
    for port in graph["ports"]:
        assert port["name"] in whole


def test_a_long_line_continues_or_says_what_shows_the_rest() -> None:
    small, large = (topology.graph([on_three_buses(0, rooms)]) for rooms in (25, 27))  # 28 and 30 namespaces
    drawn = text.draw(small)
    assert " more" not in drawn and all(port["name"] in drawn for port in small["ports"])
    drawn = text.draw(large)
    cut = [line for line in drawn.split("\n") if re.search(r"…( \d+ more)?(:? --unfold)?$", line)]
    assert len(cut) > 1 and [line.endswith(" --unfold") for line in cut] == [True, *[False] * (len(cut) - 1)]
    assert max(map(columns, drawn.split("\n"))) <= 80
    assert all(port["name"] in text.draw(large, whole=True) for port in large["ports"])


def test_the_root_is_first_and_a_tree_hangs_on_the_room_with_most_neighbours() -> None:
    rooms = (("a", "7: e1@if7: <UP> link-netns r\n"), ("r", "7: e1@if7: <UP> link-netns a\n8: e2@if7: <UP> link-netns b\n"),
             ("b", "7: e2@if8: <UP> link-netns r\n"), ("", "1: lo: <LOOPBACK,UP> mtu 65536\n"))  # fmt: skip
    host = build([Section(name, f"ip -n {name} -d link" if name else "ip -d link", links) for name, links in rooms])
    lines = text.draw(topology.graph([host])).split("\n")
    assert [line.split("  ")[0] for line in lines] == ["(root)", "r", "├─ a", "└─ b", ""]


def test_the_root_is_never_folded_and_names_come_before_processes(netwrap: Netwrap, tmp_path: Path) -> None:
    titles = ["/tmp/x/ns", *(f"pid {number} (sleep)" for number in range(6)), "red", "(root)"]
    host = build([Section(f"n{at}", f"ip -n n{at} link", "1: lo: <LOOPBACK,UP> mtu 65536\n") for at in range(len(titles))])
    saved = tmp_path / "graph.json"
    graph = topology.graph([host])
    for room, title in zip(graph["rooms"], titles):
        room["title"] = title
    saved.write_text(json.dumps(graph, indent=1))
    drawn = netwrap("topology", "--from", str(saved)).stdout
    assert [line.split("  ")[0] for line in drawn.split("\n")] == [
        "(root)", "red", "6 more (/tmp/x/ns … pid 4 (sleep))", "pid 5 (sleep)", ""]  # fmt: skip


def test_two_captures_of_one_host_are_told_apart(netwrap: Netwrap) -> None:
    drawn = netwrap("topology", "--from", SHOP.replace("shop.", "shop-before."), "--from", SHOP).stdout
    titles = [line for line in drawn.split("\n") if line.startswith("host ")]
    assert titles == ["host shop (shop-before.netwrap)", "host shop (shop.netwrap)"]


def test_an_mtu_is_told_once_for_a_bridge_and_never_for_a_vrf() -> None:
    links = """\
1: br0: <UP,LOWER_UP> mtu 1450
    link/ether 02:00:00:00:00:01
    bridge vlan_filtering 0
2: v1@if9: <UP,LOWER_UP> mtu 1450 master br0 link-netns red
    veth
3: v2@if9: <UP,LOWER_UP> mtu 1450 master br0 link-netns blue
    veth
5: v3@if9: <UP,LOWER_UP> mtu 1500 master br0 link-netns green
    veth
4: blue-vrf: <UP,LOWER_UP> mtu 65575
    vrf table 10
"""
    far = "9: eth0@if{}: <UP,LOWER_UP> mtu {}\n    veth\n"
    host = build([Section("", "ip -d link", links), Section("red", "ip -n red -d link", far.format(2, 1450)),
                  Section("blue", "ip -n blue -d link", far.format(3, 1400)),
                  Section("green", "ip -n green -d link", far.format(5, 1500))])  # fmt: skip
    drawn = text.draw(topology.graph([host]))
    assert re.findall(r"(\S+) mtu (\d+)", drawn) == [("br0", "1450"), ("eth0", "1400"), ("eth0", "1500")]
    assert "blue-vrf vrf" in drawn


def test_thirty_namespaces_take_thirty_one_lines() -> None:
    lines = text.draw(topology.graph([star(30)])).rstrip("\n").split("\n")
    assert len(lines) == 31
    assert lines[:3] == ["(root)", "└═ br0  (bridge)", "   ├─ ns1  eth0 = v1"]


def test_the_sample_as_text(netwrap: Netwrap) -> None:
    assert (
        netwrap("topology", "--from", SAMPLE).stdout
        == """\
(root) [no default route]
└═ v-net-0 192.168.15.5/24  (bridge)
   ├─ blue [no way out by (root)]  veth-blue 192.168.15.2/24 = veth-blue-br
   ├─ red [no way out by (root)]  veth-red 192.168.15.1/24 = veth-red-br
   └─ pid 35 (sleep) [no way out by (root)]  eth0 192.168.15.9/24 = veth7
"""
    )


def test_a_part_of_the_graph(netwrap: Netwrap) -> None:
    assert (
        netwrap("topology", "--from", SAMPLE, "--path", "red,blue").stdout
        == """\
v-net-0 192.168.15.5/24  (bridge of (root))
├─ blue [no way out by (root)]  veth-blue 192.168.15.2/24 = veth-blue-br
└─ red [no way out by (root)]  veth-red 192.168.15.1/24 = veth-red-br
"""
    )
    assert (
        netwrap("topology", "red", "--from", SAMPLE).stdout
        == """\
v-net-0 192.168.15.5/24  (bridge of (root))
└─ red [no way out by (root)]  veth-red 192.168.15.1/24 = veth-red-br
"""
    )
    around = netwrap("topology", "--from", SAMPLE, "--around", "red")
    assert "blue" in around.stdout and around.returncode == 0
    wrong = netwrap("topology", "nobody", "--from", SAMPLE)
    assert (wrong.returncode, wrong.stdout) == (2, "") and "no namespace 'nobody'" in wrong.stderr


@pytest.mark.parametrize(("words", "said"), [
    (("--path", "red"), "--path takes two namespaces, FROM TO, not 'red'"),
    (("--path", "red", "red"), "--path takes two namespaces, FROM TO, not 'red' 'red'"),
    (("--path", "red,blue", "--around", "red"), "topology takes the namespaces as NAME, or --around, or --path; not two of them"),
    (("",), "a namespace has a name: '' is none; without NAME, topology draws all of them"),
    (("--around", ""), "a namespace has a name: '' is none; without NAME, topology draws all of them"),
    (("--path", "", "blue"), "--path takes two namespaces, FROM TO, not ''"),
])  # fmt: skip
def test_namespaces_that_cannot_be_drawn_are_refused(netwrap: Netwrap, words: tuple[str, ...], said: str) -> None:
    done = netwrap("topology", "--from", SAMPLE, *words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"netwrap: {said}\n")


def two_routers() -> Host:
    """Three bridges of (root): the routers a and b are on br0 (with red and blue) and br1 (with green), c on br1 and br2."""
    made = Drawn()
    for bridge in ("br0", "br1", "br2"):
        made.add(0, bridge, "bridge")
    rooms = {name: made.room(name) for name in ("red", "blue", "green", "far", "a", "b", "c")}
    for number, names in enumerate((("red", "blue", "a", "b"), ("green", "a", "b", "c"), ("far", "c"))):
        for name in names:
            made.pair(0, rooms[name], (f"{name}{number}", f"eth{number}"), f"br{number}")
    made.pair(rooms["red"], rooms["far"], ("aside", "aside"))
    made.add(rooms["red"], "spare", "dummy")
    return made.host()


def _names(graph: dict[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """The titles of rooms and buses of a graph, and the lines of its clouds."""
    return (sorted(room["title"] for room in graph["rooms"]), [bus["title"] for bus in graph["buses"]],
            [line for cloud in graph["clouds"] for line in cloud["lines"]])  # fmt: skip


def test_a_path_is_drawn_alone() -> None:
    graph = topology.graph([two_routers()])
    ids = {room["title"]: room["id"] for room in graph["rooms"]}
    assert _names(topology.between(graph, ids["red"], ids["blue"])) == (["blue", "red"], ["br0"], [])
    path = topology.between(graph, ids["blue"], ids["green"])
    assert _names(path) == (["(root)", "a", "b", "blue", "green"], ["br0", "br1"], [])  # three ways of the same length
    path = topology.between(graph, ids["red"], ids["far"])
    assert _names(path) == (["far", "red"], [], [])
    assert text.draw(path) == "far  aside = aside red\n└─ red  aside = aside far\n"
    with pytest.raises(UsageError, match="no cable leads from red to x"):
        topology.between({**graph, "rooms": [*graph["rooms"], {"id": "x", "title": "x"}]}, ids["red"], "x")


def test_around_a_room_are_its_buses_only() -> None:
    graph = topology.graph([two_routers()])
    ids = {room["title"]: room["id"] for room in graph["rooms"]}
    near = topology.around(graph, [ids["blue"]], 1)
    assert _names(near) == (["(root)", "a", "b", "blue", "red"], ["br0"], ["br1 of (root)", "br1 of (root)", "aside in far"])
    assert text.draw(near).split("\n")[:2] == ["(root)", "└═ br0  (bridge)"]
    assert set(_names(topology.around(graph, [ids["blue"]], 2))[1]) == {"br0", "br1", "br2"}
    assert _names(topology.around(graph, [ids["(root)"]], 1))[1] == ["br0", "br1", "br2"]


def test_a_picture_is_saved_whole_or_not_at_all(netwrap: Netwrap, tmp_path: Path) -> None:
    path = tmp_path / "host.svg"
    assert netwrap("topology", "--from", SAMPLE, "--format", "svg", "--output", str(path)).returncode == 0
    assert path.read_text().startswith("<svg ") and list(tmp_path.iterdir()) == [path]
    failed = netwrap("topology", "--from", SAMPLE, "--output", str(tmp_path / "no" / "x"))
    assert failed.returncode == 1 and failed.stderr.startswith("netwrap: cannot write") and failed.stderr.count("\n") == 1
    assert netwrap("topology", "--from", SAMPLE, "--format", "png").returncode == 2


def test_json_says_which_form_it_has(netwrap: Netwrap) -> None:
    found = json.loads(netwrap("topology", "--from", SAMPLE, "--format", "json").stdout)
    assert (found["form"], found["version"]) == ("netwrap topology", topology.VERSION)
    assert [cable["ends"] for cable in found["cables"] if cable["kind"] == "veth"] == [
        ["r0p1", "r2p0"], ["r0p2", "r1p0"], ["r0p3", "r3p0"],
    ]  # fmt: skip


def test_what_is_not_certain_is_a_cloud() -> None:
    one = Section("a", "ip link", "2: v0@if7: <UP> mtu 1500 state UP\n    link/ether 02:00:00:00:00:01 link-netnsid 3")
    graph = topology.graph([build([Section("", "ip netns list", "a"), one])])
    assert [(cloud["kind"], cloud["lines"]) for cloud in graph["clouds"]] == [("missing", ["v0: its other end"])]
    assert [cable["certain"] for cable in graph["cables"]] == [False]


RULES = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n"


@pytest.mark.parametrize(("rules", "routes", "has"), [
    (RULES, "default via 10.0.0.1 dev v0", True),
    (RULES, "10.0.0.0/24 dev v0 scope link", False),
    (RULES, "unreachable default", False),
    (RULES, "default via 10.0.0.1 dev v0 table 77", False),
    ("10:\tfrom 10.0.0.9 lookup 77\n" + RULES, "default via 10.0.0.1 dev v0 table 77", True),
    ("10:\tfrom all lookup main suppress_prefixlength 0\n", "default via 10.0.0.1 dev v0", False),
    (RULES, "0.0.0.0/1 via 10.0.0.1 dev v0", False),
    (RULES, "0.0.0.0/1 via 10.0.0.1 dev v0\n128.0.0.0/1 via 10.0.0.1 dev v0", True),
    (None, "10.0.0.0/24 dev v0 scope link", False),
    (None, "default via 10.0.0.1 dev v0 table 77", None),
])  # fmt: skip
def test_a_default_route_counts_where_a_rule_leads_to_it(rules: str | None, routes: str, has: bool | None) -> None:
    link = "2: v0: <UP> mtu 1500 state UP\n    link/ether 02:00:00:00:00:01"
    sections = [Section("", "ip netns list", "a"), Section("a", "ip link", link), Section("a", "ip route show table all", routes)]
    graph = topology.graph([build([*sections, *([Section("a", "ip rule show", rules)] if rules else [])])])
    assert [room["default"] for room in graph["rooms"] if room["title"] == "a"] == [has]
    assert ("no default route" in svg.draw(graph)) is (has is False)
    assert ("[no default route]" in text.draw(graph)) is (has is False)


def test_a_room_without_links_is_marked_where_it_has_no_default_route() -> None:
    lo = "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN"
    listed = [Section("", "ip netns list", "lonely"), Section("lonely", "ip link", lo)]
    graph = topology.graph([build([*listed, Section("lonely", "ip route show table all", "")])])
    assert text.draw({**graph, "rooms": graph["rooms"][1:]}) == "lonely [no default route]  no links but lo\n"
    drawn = svg.draw({**graph, "rooms": graph["rooms"][1:]})
    assert "no default route</text>" in drawn and '<circle class="dot' not in drawn


def test_a_fold_tells_how_many_have_no_default_route() -> None:
    graph = topology.graph([imagined(9, 200)])
    for number, room in enumerate(graph["rooms"]):
        room["default"] = number % 7 != 0
    folded = topology_folding.fold(graph)
    lacking = {room["id"] for room in graph["rooms"] if not room["default"]}
    told = {}
    for room in folded["rooms"]:
        inside = [one["id"] for one in room.get("folded", ()) if one["id"] in lacking]
        if inside:
            told[room["id"]] = f"{len(inside)} of them without a way out"
    assert told
    drawings = (text.draw(folded, 200), svg.draw(folded), languages.mermaid(folded), languages.dot(folded), languages.d2(folded))
    assert all(drawn.count("of them without a way out") == len(told) for drawn in drawings)
    assert all(words in drawn for words in told.values() for drawn in drawings)
    alike = topology.graph([star(30)])
    for room in alike["rooms"]:
        room["default"] = False
    assert "27 more [no default route]" in text.draw(topology_folding.fold(alike))


def test_a_parent_that_may_be_in_several_namespaces_is_not_certain() -> None:
    made = Drawn()
    parent = made.add(0, "eth0", "")
    made.add(made.room(None), "eth0", "dummy")
    made.child(made.room(None), "eth0", "macvlan", parent, 0)
    graph = topology.graph([made.host()])
    assert [(cloud["title"], cloud["lines"]) for cloud in graph["clouds"]] == [
        ("outside", ["eth0"]), ("not certain", ["eth0: on a link of another namespace"]),
    ]  # fmt: skip
    assert [cable["certain"] for cable in graph["cables"]] == [True, False]


def test_each_of_several_hosts_is_drawn_in_its_frame_as_if_it_was_alone() -> None:
    hosts = [star(3), imagined(3, 34), stacked(4, 30), on_three_buses(2, 12)]
    for host, name in zip(hosts, ("alpha", "b" * 60, "gamma", "delta")):
        host.hostname = name
    graph = topology.graph(hosts)
    scene = layout.place(graph)
    assert [frame[0] for frame in scene.frames] == ["alpha", "b" * 60, "gamma", "delta"]
    frames = {f"h{number}": (x, y, x + wide, y + high) for number, (_, x, y, wide, high) in enumerate(scene.frames)}
    areas = list(frames.values())
    assert not any(overlap(one, other) for at, one in enumerate(areas) for other in areas[:at])
    assert all(columns(title) * 8 < wide for title, _, _, wide, _ in scene.frames)
    ends = {item["id"]: frames[part["id"]] for part, of in by_host(graph) for name in ("rooms", "ports", "buses", "clouds")
            for item in of[name]}  # fmt: skip
    things = [(ends[box.id], box.x, box.y, box.x + box.width, box.y + box.height) for box in scene.boxes]
    things += [(ends[bar.id], bar.x, bar.y, bar.x + bar.width, bar.y + bar.height) for bar in scene.bars]
    for line in scene.lines:
        frame = next(ends[end] for end in line.ends if end in ends)
        things += [(frame, x, y, x, y) for x, y in line.points]
    for frame, left, top, right, bottom in things:
        assert frame[0] < left and right < frame[2] and frame[1] + 18 < top and bottom < frame[3]
    alone = [text.draw(topology.graph([host])) for host in hosts]
    together = text.draw(graph)
    assert together == "".join(f"host {host['title']}\n{drawn}" for host, drawn in zip(graph["hosts"], alone))
    assert all(f"{host['title']}: " in languages.mermaid(graph) for host in graph["hosts"])


def test_rooms_stand_in_the_same_order_in_text_and_in_a_drawing() -> None:
    made = Drawn()
    made.add(0, "br0", "bridge")
    rooms = [made.room(name) for name in ("a", "b", "c", "d")]
    for room in (3, 1, 0, 2):
        made.pair(0, rooms[room], None, "br0")
    graph = topology.graph([made.host()])
    assert [box.title for box in layout.place(graph).boxes] == ["(root)", "a", "b", "c", "d"]
    assert re.findall(r"─ (\w)", text.draw(graph)) == ["a", "b", "c", "d"]


def routed(routes: dict[str, str], forwarding: dict[str, str]) -> Host:
    """(root) with the bridge br0 (10.0.0.1); on it far and hop, which also has a cable to end (10.9.0.2); routes of some."""
    made = Drawn()
    made.add(0, "br0", "bridge", ("10.0.0.1/24",))
    rooms = {name: made.room(name) for name in ("far", "hop", "end")}
    made.pair(0, rooms["far"], ("to-far", "eth0"), "br0", "10.0.0.2/24")
    made.pair(0, rooms["hop"], ("to-hop", "eth0"), "br0", "10.0.0.3/24")
    made.pair(rooms["hop"], rooms["end"], ("to-end", "eth0"), None, "10.9.0.2/24")
    names = ["(root)", *rooms]
    more = [Section(str(4026530000 + names.index(name)), "ip route show table all", text) for name, text in routes.items()]
    more += [Section(str(4026530000 + names.index(name)), "sysctl -a", f"net.ipv4.ip_forward = {value}\n")
             for name, value in forwarding.items()]  # fmt: skip
    return build([*made.sections(), *more])


@pytest.mark.parametrize(("routes", "forwarding", "said"), [
    ({"far": "default via 10.0.0.1 dev eth0", "(root)": ""}, {},
     {"far": "no way out by (root)", "(root)": "no default route"}),
    ({"far": "default via 10.0.0.1 dev eth0", "(root)": "default via 192.0.2.1 dev br0"}, {"(root)": "0"},
     {"far": "no way out by (root)", "(root)": "does not forward"}),
    ({"far": "default via 10.0.0.1 dev eth0", "(root)": "default via 192.0.2.1 dev br0"}, {"(root)": "1"}, {}),
    ({"far": "default via 10.0.0.1 dev eth0", "(root)": "default via 192.0.2.1 dev br0"}, {}, {}),
    ({"far": "default via 10.0.0.77 dev eth0", "(root)": ""}, {}, {"(root)": "no default route"}),
    ({"end": "default via 169.254.1.1 dev eth0", "hop": "default via 10.0.0.1 dev eth0", "(root)": ""}, {"hop": "1"},
     {"end": "no way out by (root)", "hop": "no way out by (root)", "(root)": "no default route"}),
    ({"far": "default via 10.0.0.3 dev eth0", "hop": "default via 10.0.0.2 dev eth0"}, {},
     {"far": "default routes in a circle", "hop": "default routes in a circle"}),
    ({"far": "default\n\tnexthop via 10.0.0.1 dev eth0 weight 1\n\tnexthop via 10.0.0.3 dev eth0 weight 1", "(root)": "",
      "hop": "default via 10.9.0.99 dev eth0"}, {}, {"(root)": "no default route"}),
])  # fmt: skip
def test_a_way_out_ends_at_a_gateway_without_one(
    routes: dict[str, str], forwarding: dict[str, str], said: dict[str, str]
) -> None:
    graph = topology.graph([routed(routes, forwarding)])
    assert {room["title"]: lack(room) for room in graph["rooms"] if lack(room)} == said
    for drawn in (text.draw(graph, 200), svg.draw(graph), languages.mermaid(graph), languages.dot(graph), languages.d2(graph)):
        assert all(words in drawn for words in said.values())


SPLIT = """\
$ ip netns
red (id: 0)
$ ip -d addr
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
7: v0@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netns red
    veth
    inet 10.0.0.1/24 scope global v0
$ ip route
10.0.0.0/24 dev v0 proto kernel scope link src 10.0.0.1
$ ip netns exec red ip -d addr
2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    veth
    inet 10.0.0.2/24 scope global eth0
$ ip netns exec red ip route
default via 10.9.0.1 dev eth0
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2
"""


def test_a_saved_graph_is_drawn_again(netwrap: Netwrap, tmp_path: Path) -> None:
    saved = tmp_path / "graph.json"
    assert netwrap("topology", "--from", SAMPLE, "--format", "json", "--output", str(saved)).returncode == 0
    for words in ([], ["--format", "svg"], ["red"], ["--path", "red", "blue"], ["--path", "red,blue"]):
        again, first = netwrap("topology", *words, "--from", str(saved)), netwrap("topology", *words, "--from", SAMPLE)
        assert (again.stdout, again.returncode) == (first.stdout, 0)
    beside = netwrap("topology", "--from", SAMPLE, "--from", str(saved))
    assert beside.returncode == 2 and "is a saved graph, which is drawn alone" in beside.stderr
    assert "no namespace 'green'" in netwrap("topology", "green", "--from", str(saved)).stderr
    graph = json.loads(saved.read_text())
    for changed, said in (
        ({**graph, "version": 1}, "a graph of version 1; this netwrap reads version 2"),
        ({key: value for key, value in graph.items() if key != "cables"}, "the graph has no cables"),
        ({**graph, "rooms": [1]}, "the graph is damaged: rooms has '1'"),
        (
            {**graph, "hosts": [{"id": '"><script>', "title": ""}]},
            """the graph is damaged: hosts has '{\\'id\\': \\'"><script>\\', \\'title\\': \\'\\'}'""",
        ),
        ({**graph, "cables": [{"id": "k0", "ends": ["x"]}]}, "the graph is damaged"),
        (None, "the graph is cut off or damaged: line 9 is no JSON"),
    ):
        saved.write_text(json.dumps(changed) if changed else "\n".join(json.dumps(graph, indent=1).split("\n")[:9]))
        refused = netwrap("topology", "--from", str(saved))
        assert (refused.returncode, refused.stderr) == (1, f"netwrap: {saved}: {said}\n")


def test_a_capture_that_comes_through_a_pipe_is_drawn(netwrap: Netwrap) -> None:
    given = Path(SAMPLE).read_text()
    assert netwrap("topology", "--from", "/dev/stdin", given=given).stdout == netwrap("topology", "--from", SAMPLE).stdout


@pytest.fixture
def split(tmp_path: Path) -> str:
    path = tmp_path / "split.txt"
    path.write_text(SPLIT)
    return str(path)


def test_findings_are_marked(netwrap: Netwrap, split: str) -> None:
    drawn = netwrap("topology", "--check", "--from", split)
    assert "! red: R02 gateway 10.9.0.1 is in no network of red" in drawn.stdout
    assert "!" not in netwrap("topology", "--from", split).stdout
    page = netwrap("topology", "--check", "--from", split, "--format", "svg").stdout
    marked = [
        group
        for group in ElementTree.fromstring(page).iter("{http://www.w3.org/2000/svg}g")
        if "marked" in group.get("class", "")
    ]
    assert [group.get("id") for group in marked] == ["r1"]
    for form in ("mermaid", "dot", "d2"):
        said = netwrap("topology", "--check", "--from", split, "--format", form).stdout
        assert said.count("b00020") == said.count(" by (root)): R02 gateway 10.9.0.1 is in no network of red") == 1
    refused = netwrap("topology", "--check", "--from", split, "--format", "json")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


def test_findings_stand_whole_below_the_tree(netwrap: Netwrap) -> None:
    shown = netwrap("topology", "--from", SHOP, "--check").stdout
    assert (
        shown
        == """\
! (root) [no default route]  stale-br down = eth0 stale
├═ br0 10.1.0.254/24  (bridge)
│  ├─ ! cache [no default route]  eth0 10.1.0.3/24 mtu 1400 = cache-br
│  ├─ ! copy [no way out by (root)]  eth0 10.1.0.5/24 10.1.0.2/24 = copy-br
│  ├─ db [no way out by (root)]  eth0 10.1.0.2/24 = db-br
│  └─ web [no way out by (root)]  eth0 10.1.0.1/24 = web-br
└─ stale [no default route]  eth0 down = stale-br (root)
! (root): L11 cache-br has MTU 1500, its peer eth0 of cache has 1400
! cache: R01 cache has no default route; web beside it has one by 10.1.0.254
! copy: A01 10.1.0.2 is on eth0 of copy and on eth0 of db, which are on one segment
"""
    )
    drawn = netwrap("topology", "--from", SHOP, "--check", "--format", "svg").stdout
    texts = [str(words.text).strip() for words in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
    assert " ".join(texts).endswith(" ".join(shown.split("\n")[-4:-1]))


@pytest.mark.parametrize("names", [("calico",), ("docker",), ("openstack",), ("router",), ("calico", "shop", "openstack")])
def test_no_name_and_no_address_of_a_small_picture_is_cut(netwrap: Netwrap, names: tuple[str, ...]) -> None:
    sources = [word for name in names for word in ("--from", f"{ROOT}/fixtures/host/{name}.netwrap")]
    graph = json.loads(netwrap("topology", *sources, "--format", "json").stdout)
    drawn = netwrap("topology", *sources).stdout
    assert max(map(columns, drawn.split("\n"))) <= 80 and "…" not in drawn
    for port in graph["ports"]:
        assert all(re.search(rf"(?<![\w-]){re.escape(text)}(?![\w/])", drawn) for text in (port["name"], *port["addresses"][:2]))
    wide = netwrap("topology", *sources, env={**os.environ, "COLUMNS": "300"}).stdout
    assert " ".join(re.sub("[│├└─═]", " ", drawn).split()) == " ".join(re.sub("[│├└─═]", " ", wide).split())
    assert wide.count("\n") < drawn.count("\n")


def test_the_ending_of_a_file_is_the_format_of_a_picture(netwrap: Netwrap, split: str, tmp_path: Path) -> None:
    for form, name in (("svg", "way.svg"), ("html", "way.HTML"), ("dot", "way.gv"), ("mermaid", "way.mmd"), ("text", "way.txt"),
                       ("text", "way")):  # fmt: skip
        saved = tmp_path / name
        done = netwrap("topology", "--from", split, "-o", str(saved))
        assert (done.returncode, done.stdout) == (0, "")
        assert saved.read_text() == netwrap("topology", "--from", split, "--format", form).stdout
    kept = sorted(tmp_path.iterdir())
    for words, said in (
        (("-o", "way.bmp"), "no format has the ending '.bmp'"), (("-o", ""), "--output (-o) takes the name of a file, not ''"),
        (("--format", "svg", "-o", "way.html"), "--format svg does not fit the file's ending '.html', which is for html"),
    ):  # fmt: skip
        refused = netwrap("topology", "--from", split, *(word.replace("way", str(tmp_path / "new")) for word in words))
        assert (refused.returncode, refused.stdout) == (2, "") and refused.stderr.startswith(f"netwrap: {said}")
    assert netwrap("topology", "--from", split, "--format", "dot", "-o", str(kept[0].with_name("dot.txt"))).returncode == 0
    assert sorted(tmp_path.iterdir()) == sorted([*kept, tmp_path / "dot.txt"])
    saved = tmp_path / "traced.svg"
    netwrap("trace", "red", "(root)", "--from", split, "--output", str(saved))
    assert saved.read_text() == netwrap("trace", "red", "(root)", "--from", split, "--format", "svg").stdout


def test_a_lab_is_saved_as_a_page_and_as_png(netwrap: Netwrap, tmp_path: Path) -> None:
    page, image = tmp_path / "lab.html", tmp_path / "lab.png"
    assert netwrap("lab", "show", "router", "-o", str(page)).stdout == ""
    assert page.read_text().startswith("<!DOCTYPE html>") and page.read_text().count(">no way out by router</text>") == 2
    done = netwrap("lab", "show", "router", "-o", str(image))
    if done.returncode:
        assert (done.returncode, done.stderr) == (1, "netwrap: format png needs Pillow: pip install 'netwrap[png]'\n")
    else:
        assert image.read_bytes().startswith(b"\x89PNG")
    assert netwrap("lab", "show", "router", "--format", "png").returncode == 2


def test_a_kind_that_no_link_has_is_an_error(netwrap: Netwrap, split: str) -> None:
    done = netwrap("topology", "--from", split, "--only", "vhet")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("netwrap: no links of kind vhet; did you mean 'veth'?; there are: "), done.stderr


def test_links_of_a_kind_are_drawn_without_the_others(netwrap: Netwrap) -> None:
    docker = str(ROOT / "fixtures" / "host" / "docker.netwrap")
    assert (
        netwrap("topology", "--from", docker, "--only", "bridge").stdout
        == """\
(root)
├═ docker0 172.17.0.1/16  (bridge)
│  └─ docker proxy  eth0 172.17.0.2/16 = veth3f1a2b0;
│         eth1 172.18.0.2/16 = veth91c07de
└═ br-5d0ff1ce7a3b 172.18.0.1/16  (bridge)
   ├─ docker db  eth0 172.18.0.4/16 = vetha8d5c13
   ├─ docker proxy (above)  eth1 172.18.0.2/16 = veth91c07de
   └─ docker web  eth0 172.18.0.3/16 = veth6b2e4f8
"""
    )
    page = netwrap("topology", "--from", docker, "--only", "veth", "--format", "svg").stdout
    assert page.count('<path class="cable') == 5 and "veth3f1a2b0 = eth0 docker proxy" in page


@pytest.mark.parametrize("form", ["svg", "html"])
def test_a_way_is_drawn_with_the_place_where_it_stops(netwrap: Netwrap, split: str, tmp_path: Path, form: str) -> None:
    saved = tmp_path / f"way.{form}"
    done = netwrap("trace", "red", "(root)", "--from", split, "--format", form, "--output", str(saved))
    reached = done.returncode == 0
    assert done.stdout == "" and ("stops here" in saved.read_text()) is not reached
    assert "on the packet&#39;s way" in saved.read_text() or "on the packet's way" in saved.read_text()
    assert ">Path from red to (root)</" in saved.read_text()
    stopped = netwrap("trace", "(root)", "10.7.7.7", "--from", split, "--format", form)
    assert stopped.returncode in (1, 3) and "stops here: " in stopped.stdout
    said = netwrap("trace", "(root)", "10.7.7.7", "--from", split).stdout
    for line in (line.strip() for line in said.split("\n")):
        if line.startswith("mend:"):
            assert line.partition(":")[2].strip() in stopped.stdout
    for words in (("--all", "--format", form), ("red", "(root)", "--output", str(tmp_path / "way.txt"))):
        assert netwrap("trace", *words, "--from", split).returncode == 2
    assert "json, jsonl, svg, html, not 'png'" in netwrap("trace", "red", "(root)", "--format", "png", "--from", split).stderr


@pytest.mark.parametrize("rooms", [70, 130, 199, 260])
def test_the_last_column_of_many_rooms_is_not_much_longer_than_the_others(rooms: int) -> None:
    scene = layout.place(topology.graph([star(rooms)]))
    columns: dict[float, int] = {}
    for box in scene.boxes:
        columns[box.x] = columns.get(box.x, 0) + 1
    lengths = sorted(columns.values())[1:]  # without the row of the owner
    assert max(lengths) <= min(lengths) + 6, columns


def test_rooms_on_several_buses_stand_in_one_grid_below_their_bars() -> None:
    graph = topology.graph([on_three_buses(3, 200)])
    scene = layout.place(graph)
    assert min(1600 / scene.width, 1100 / scene.height) * 12 > 6.5, "text is readable where all fits on 1600 by 1100"
    bars = {bar.id: bar for bar in scene.bars}
    above = {bus["id"] for bus in graph["buses"] if bus["room"] == "r0"}
    below = [bar.y for bar in scene.bars if bar.id not in above] + [box.y for box in scene.boxes if box.id != "r0"]
    assert len(above) == 3 and max(bars[name].y for name in above) < min(below)


def test_cables_of_rooms_on_nine_buses_make_no_long_detours() -> None:
    scene = layout.place(topology.graph([read(str(ROOT / "fixtures" / "trace" / "macvlan-modes.netwrap.gz"))]))
    lengths, distances = [0.0], [0.0]
    for line in scene.lines:
        lengths += (abs(x1 - x2) + abs(y1 - y2) for (x1, y1), (x2, y2) in zip(line.points, line.points[1:]))
        (x1, y1), (x2, y2) = line.points[0], line.points[-1]
        distances.append(abs(x1 - x2) + abs(y1 - y2))
    assert sum(lengths) < 1.4 * sum(distances)


def test_two_hundred_pods_with_a_cable_to_the_host_each_stand_on_a_bar_of_these_cables() -> None:
    made = Drawn()
    for number in range(200):
        made.pair(0, made.room(f"cni-{number:03}"), None, None, f"10.244.0.{number}/32")
    graph = topology.graph([made.host()])
    scene = layout.place(graph)
    assert min(1600 / scene.width, 1100 / scene.height) * 12 > 8
    assert [(bar.kind, bar.title) for bar in scene.bars] == [
        ("cables", "200 cables  (of (root), to one namespace each: no bridge)")]  # fmt: skip
    assert {cable["id"] for cable in graph["cables"]} == {line.id for line in scene.lines} and not graph["buses"]
    drawn = svg.draw(graph)
    assert len(drawn) < 150_000 and ">v398b 10.244.0.199/32 = v398a</text>" in drawn
