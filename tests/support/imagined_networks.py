"""Imagined hosts to draw: random bridges, cables and hostile names; and one bridge with many similar namespaces."""

from __future__ import annotations

import json
import random
from typing import Any

from netwrap.model.build import build
from netwrap.model.host import Host
from netwrap.model.section import Section

HOSTILE = ["<b>&\"'", "a]]>b", 'x"];y', "`$(id)`", "-->", "é網路", "\x1b[31m", "${x}", "#35;", "</script><script>"]


def imagined(seed: int, rooms: int) -> Host:
    """A host with random bridges, pairs, chains, VLANs and macvlans; every name may be hostile."""
    rng = random.Random(seed)
    names = [f"{rng.choice(HOSTILE) if rng.random() < 0.2 else 'ns'}{number}" for number in range(rooms)]
    links: list[list[dict[str, Any]]] = [[] for _ in range(rooms)]
    addresses: list[list[dict[str, Any]]] = [[] for _ in range(rooms)]
    nsids: list[dict[int, int]] = [{} for _ in range(rooms)]

    def add(room: int, name: str, kind: str, **more: Any) -> dict[str, Any]:
        up = rng.random() < 0.9
        link = {"ifindex": len(links[room]) + 2, "ifname": name, "flags": ["UP"] if up else [],
                "mtu": rng.choice([1500, 1500, 1450]),
                "operstate": rng.choice(["UP", "UP", "LOWERLAYERDOWN"]) if up else "DOWN", "link_type": "ether",
                "address": "02:00:00:00:00:01", "linkinfo": {"info_kind": kind} if kind else {}, **more}  # fmt: skip
        links[room].append(link)
        entries = [{"family": "inet", "local": f"10.{rng.randrange(200)}.{rng.randrange(200)}.{n}", "prefixlen": 24}
                   for n in range(rng.choice([0, 1, 1, 3]))]  # fmt: skip
        addresses[room].append({"ifindex": link["ifindex"], "ifname": name, "addr_info": entries})
        return link

    def pair(one: int, other: int, master: str | None = None) -> None:
        number = sum(map(len, links))
        first, second = add(one, f"v{number}a", "veth"), add(other, f"v{number}b", "veth")
        if one == other:
            first["link"], second["link"] = second["ifname"], first["ifname"]
        else:
            for here, there, mine, peer in ((one, other, first, second), (other, one, second, first)):
                mine["link_index"] = peer["ifindex"]
                mine["link_netnsid"] = nsids[here].setdefault(there, len(nsids[here]))
        if master:
            first["master"] = master

    bridges = [(rng.randrange(min(rooms, 3)), f"br{number}") for number in range(rng.randrange(1, 5))]
    for room, name in bridges:
        add(room, name, "bridge")
    for room in range(rooms):
        for _ in range(rng.choice([0, 1, 1, 1, 2])):
            if rng.random() < 0.8:
                owner, bridge = rng.choice(bridges)
                pair(owner, room, bridge)
            else:
                pair(rng.randrange(rooms), room)
        if rng.random() < 0.1:
            add(room, "eth0", "")
            add(room, "eth0.30", "vlan", link="eth0", linkinfo={"info_kind": "vlan", "info_data": {"id": 30}})
        if rng.random() < 0.1:
            add(room, "vx1", "vxlan", linkinfo={"info_kind": "vxlan", "info_data": {"id": 42, "remote": "192.0.2.9"}})
    listed = ["4026530000\tself\t", *(f"{4026530000 + room}\tname\t{_escaped(names[room])}" for room in range(rooms))]
    sections = [Section("", "namespaces", "\n".join(listed))]
    for room in range(rooms):
        key = str(4026530000 + room)
        ids = [{"nsid": nsid, "name": names[other]} for other, nsid in nsids[room].items()]
        sections += [Section(key, "ip -j -d link show", json.dumps(links[room])),
                     Section(key, "ip -j address show", json.dumps(addresses[room])),
                     Section(key, "ip -j netns list-id", json.dumps(ids))]  # fmt: skip
    return build(sections)


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def star(rooms: int) -> Host:
    """A host with one bridge and many similar namespaces on it."""
    listed = ["4026530000\tself\t", *(f"{4026530000 + room}\tname\tns{room}" for room in range(1, rooms))]
    bridge = {"ifindex": 2, "ifname": "br0", "flags": ["UP"], "operstate": "UP", "linkinfo": {"info_kind": "bridge"}}
    up = {"flags": ["UP"], "operstate": "UP", "linkinfo": {"info_kind": "veth"}}
    ends = [
        {**up, "ifindex": room + 2, "ifname": f"v{room}", "master": "br0", "link_index": 2, "link_netnsid": room}
        for room in range(1, rooms)
    ]
    ids = [{"nsid": room, "name": f"ns{room}"} for room in range(1, rooms)]
    root = "4026530000"
    sections = [Section("", "namespaces", "\n".join(listed)), Section(root, "ip -j -d link show", json.dumps([bridge, *ends])),
                Section(root, "ip -j netns list-id", json.dumps(ids))]  # fmt: skip
    for room in range(1, rooms):
        own = {**up, "ifindex": 2, "ifname": "eth0", "link_index": room + 2, "link_netnsid": 0}
        sections.append(Section(str(4026530000 + room), "ip -j -d link show", json.dumps([own])))
    return build(sections)
