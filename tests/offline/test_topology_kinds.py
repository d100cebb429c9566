"""What a picture makes of links whose kind is not known, of ipvlans, and of what it leaves out."""

from __future__ import annotations

import pytest
from rooms import ROOT, Netwrap

from netwrap.answers import topology
from netwrap.model.build import build
from netwrap.model.section import Section
from netwrap.pictures import languages, text
from netwrap.sources.opening import read

DOCKER = str(ROOT / "fixtures" / "host" / "docker.netwrap")


@pytest.mark.parametrize(("line", "bridges", "clouds"), [
    ("docker0: <BROADCAST,UP>", ["docker0"], []),
    ("br-0a1b2c3d4e5f: <BROADCAST,UP>", ["br-0a1b2c3d4e5f"], []),
    ("virbr0: <BROADCAST,UP>", ["virbr0"], []),
    ("cni0: <BROADCAST,UP>", ["cni0"], []),
    ("offices: <BROADCAST,UP>", [], [("not certain", "offices: its kind was not captured", False)]),
    ("flannel.1: <BROADCAST,UP>", [], [("not certain", "flannel.1: its kind was not captured", False)]),
    ("eth0.30: <BROADCAST,UP>", [], [("not certain", "eth0.30: its kind was not captured", False)]),
    ("vlan0: <BROADCAST,UP>\n    altname enp4s0", [], [("outside", "vlan0", True)]),
    ("enp3s0f1: <BROADCAST,UP>", [], [("outside", "enp3s0f1", True)]),
    ("wlan0: <BROADCAST,UP>", [], [("outside", "wlan0", True)]),
])  # fmt: skip
def test_a_link_of_unknown_kind_leads_outside_only_by_its_name(
    line: str, bridges: list[str], clouds: list[tuple[str, str, bool]]
) -> None:
    name, _, more = line.partition("\n")
    shown = f"2: {name} mtu 1500 state UP\n    link/ether 02:00:00:00:00:01\n{more}"
    graph = topology.graph([build([Section("", "ip addr", shown)])])
    found = [(cloud["title"], text, graph["cables"][0]["certain"]) for cloud in graph["clouds"] for text in cloud["lines"]]
    assert ([bus["title"] for bus in graph["buses"]], found) == (bridges, clouds)


def test_a_master_of_links_of_unknown_kinds_is_a_bridge() -> None:
    graph = topology.graph([build([Section("", "ip addr", "".join(
        f"{index}: {name}: <BROADCAST,UP> mtu 1500 {master} state UP\n    link/ether 02:00:00:00:00:0{index}\n"
        for index, name, master in ((2, "offices", ""), (3, "eth0", "master offices"))))])])  # fmt: skip
    assert [(bus["title"], bus["kind"]) for bus in graph["buses"]] == [("offices", "bridge")]
    assert [(port["name"], port["bus"]) for port in graph["ports"]] == [("offices", None), ("eth0", "b0")]
    assert [cloud["lines"] for cloud in graph["clouds"]] == [["eth0"]]


@pytest.mark.parametrize(("name", "kind"), [("macvlan-modes", "macvlan"), ("ipvlan-l3-private", "ipvlan")])
def test_a_bus_has_the_kind_of_what_stands_on_it(name: str, kind: str) -> None:
    graph = topology.graph([read(str(ROOT / "fixtures" / "trace" / f"{name}.netwrap.gz"))])
    assert {bus["kind"] for bus in graph["buses"]} - {"bridge"} == {kind}


def test_a_way_tells_where_the_cables_lead_that_it_leaves_out() -> None:
    graph = topology.graph([read(DOCKER)])
    rooms = {room["title"]: room["id"] for room in graph["rooms"]}
    part = topology.only(graph, {rooms["docker web"], rooms["docker proxy"]})
    used = {port["id"] for port in part["ports"] if "".join(port["addresses"]).startswith("172.18")}
    found, _ = topology.on_the_way(part, used)
    assert {port["name"]: port["beyond"] for port in found["ports"] if "beyond" in port} == {"eth0": ["veth3f1a2b0 on docker0"]}


def test_the_picture_of_a_way_says_what_the_text_says(netwrap: Netwrap) -> None:
    source = str(ROOT / "fixtures" / "host" / "sample.netwrap")
    page = netwrap("trace", "red", "8.8.8.8", "--from", source, "--format", "svg").stdout
    assert ">then: (root) has no route to 8.8.8.8</text>" in page
    assert ">8.8.8.8</text>" in page and ">destination, not captured</text>" in page
    page = netwrap("trace", "h0", "h2", "--from", str(ROOT / "fixtures" / "trace" / "vlans.netwrap.gz"), "--format", "svg").stdout
    assert "<title>eth0 of h0 = p0 (no vlan) of sw (stops here: p0 of bridge br0 in sw has no VLAN" in page  # not only the room
    shop = str(ROOT / "fixtures" / "host" / "shop.netwrap")
    page = netwrap("trace", "stale", "10.1.0.3", "--from", shop, "--format", "svg").stdout
    assert ">cache</text>" in page and "eth0 down = stale-br in (root) (not drawn)" in page


def test_a_member_of_a_vrf_is_in_it_whatever_its_kind_and_a_link_on_a_bond_is_on_it() -> None:
    graph = topology.graph([build([Section("", "ip -d link", "".join(
        f"{index}: {name}: <BROADCAST,UP,LOWER_UP> mtu 1500 {master} state UP\n    link/ether 02:00:00:00:00:0{index}\n"
        f"    {kind}\n"
        for index, name, master, kind in (
            (2, "tenant", "", "vrf table 10"), (3, "bond0", "", "bond mode 802.3ad"),
            (4, "gre1", "master tenant", "gretap remote any"), (5, "bond0.7@bond0", "master tenant", "vlan protocol 802.1Q id 7"),
            (6, "bond0.8@bond0", "", "vlan protocol 802.1Q id 8"), (7, "eth0", "master bond0", ""))))])])  # fmt: skip
    assert {(port["name"], port["member"]) for port in graph["ports"] if port["under"]} == {
        ("gre1", True), ("bond0.7", True), ("bond0.8", False), ("eth0", True)}  # fmt: skip
    tree = text.draw(graph, 400)
    assert "gre1 (in tenant)" in tree and "bond0.7 (in tenant)" in tree and "eth0 (in bond0)" in tree
    edges = [line.split("|")[1] for line in languages.mermaid(graph).splitlines() if "---|" in line]
    assert sorted(edges) == ['"in"', '"in"', '"in"', '"on"']
