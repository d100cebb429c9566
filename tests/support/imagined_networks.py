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


class Drawn:
    """A host that is made link by link: ``room``, ``add``, ``pair``, ``child``; ``host()`` builds the model of it."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = random.Random(seed)
        self.names: list[str | None] = [None]  # (root); None for another: a namespace without a name
        self.links: list[list[dict[str, Any]]] = [[]]
        self.addresses: list[list[dict[str, Any]]] = [[]]
        self.nsids: list[dict[int, int]] = [{}]

    def room(self, name: str | None) -> int:
        """Add a namespace and return its position."""
        self.names.append(name)
        self.links.append([])
        self.addresses.append([])
        self.nsids.append({})
        return len(self.names) - 1

    def add(self, room: int, name: str, kind: str, addresses: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
        """Add a link with addresses (``10.0.0.1/24``) and return its record."""
        link = {
            "ifindex": len(self.links[room]) + 2, "ifname": name, "flags": ["UP"], "mtu": 1500, "operstate": "UP",
            "link_type": "ether", "address": "02:00:00:00:00:01", "linkinfo": {"info_kind": kind} if kind else {}, **more,
        }  # fmt: skip
        self.links[room].append(link)
        entries = [{"family": "inet6" if ":" in text else "inet", "local": text.partition("/")[0],
                    "prefixlen": int(text.partition("/")[2])} for text in addresses]  # fmt: skip
        self.addresses[room].append({"ifindex": link["ifindex"], "ifname": name, "addr_info": entries})
        return link

    def pair(
        self, one: int, other: int, names: tuple[str, str] | None = None, master: str | None = None, address: str = ""
    ) -> None:
        """Connect two namespaces; ``master`` is the bridge of the first end, ``address`` is of the second."""
        number = sum(map(len, self.links))
        first_name, second_name = names or (f"v{number}a", f"v{number}b")
        first = self.add(one, first_name, "veth")
        second = self.add(other, second_name, "veth", (address,) if address else ())
        if one == other:
            first["link"], second["link"] = second["ifname"], first["ifname"]
        else:
            self._lead(first, one, second, other)
            self._lead(second, other, first, one)
        if master:
            first["master"] = master

    def child(self, room: int, name: str, kind: str, parent: dict[str, Any], of: int, **more: Any) -> dict[str, Any]:
        """Add a link that stands on a link of another namespace (or of the same one)."""
        link = self.add(room, name, kind, **more)
        if of == room:
            link["link"] = parent["ifname"]
        else:
            self._lead(link, room, parent, of)
        return link

    def _lead(self, link: dict[str, Any], here: int, other: dict[str, Any], there: int) -> None:
        link["link_index"] = other["ifindex"]
        link["link_netnsid"] = self.nsids[here].setdefault(there, len(self.nsids[here]))

    def host(self, name: str = "") -> Host:
        """The model of what was made; namespaces without a name are those of processes."""
        return build(self.sections(name))

    def sections(self, name: str = "") -> list[Section]:
        """What a source would yield of it; the key of a namespace is 4026530000 and its position."""
        key = [str(4026530000 + room) for room in range(len(self.names))]
        listed = [f"{key[0]}\tself\t"]
        for room, title in enumerate(self.names[1:], 1):
            listed.append(
                f"{key[room]}\tname\t{_escaped(title)}" if title is not None else f"{key[room]}\tpid\t{700 + room}\tjava"
            )
        sections = [Section("", "hostname", name)] if name else []
        sections.append(Section("", "namespaces", "\n".join(listed)))
        for room, links in enumerate(self.links):
            ids = [
                {"nsid": nsid, **({"name": self.names[other]} if self.names[other] else {})}
                for other, nsid in self.nsids[room].items()
            ]
            sections += [Section(key[room], "ip -j -d link show", json.dumps(links)),
                         Section(key[room], "ip -j address show", json.dumps(self.addresses[room])),
                         Section(key[room], "ip -j netns list-id", json.dumps(ids))]  # fmt: skip
        return sections


ODD = [
    *HOSTILE, "namespace-of-the-customer-with-the-longest-of-all-names-00042", "網路命名空間" * 5, "🐳🦀🔥", "שלום-עולם", "مرحبا",
    "line\nbreak", "tab\there", "'; DROP", "%s%n", "a" * 60, "\u202egnirts", "e\u0301\u0301", "\\\\", "--x", "{{mustache}}",
    "|pipe|", "[x](y)", "#", "&amp;",
]  # fmt: skip


def chain(rooms: int, closed: bool = False) -> Host:
    """Namespaces in a row, each cabled to the next; closed: a ring."""
    made = Drawn()
    for number in range(1, rooms):
        made.pair(number - 1, made.room(f"hop{number}"), address=f"10.0.{number % 250}.2/30")
    if closed:
        made.pair(rooms - 1, 0)
    return made.host()


def on_three_buses(seed: int, rooms: int) -> Host:
    """Namespaces that stand on one, two or three bridges of (root), some of them routers with bridges of their own."""
    made = Drawn(seed)
    for number in range(3):
        made.add(0, f"br{number}", "bridge", (f"10.{number}.0.1/16",))
    made.pair(0, 0, ("patch0", "patch1"), "br0")  # two bridges joined by a cable within the namespace
    made.links[0][-1]["master"] = "br1"
    for number in range(1, rooms):
        room = made.room(f"{made.rng.choice(ODD) if made.rng.random() < 0.2 else 'net'}{number}")
        for bridge in made.rng.sample(range(3), made.rng.choice([1, 1, 2, 3])):
            made.pair(0, room, None, f"br{bridge}", f"10.{bridge}.{number}.2/16")
        if made.rng.random() < 0.15:  # a bridge of its own, and a namespace on it
            made.add(room, "inner", "bridge")
            made.links[room][-2]["master"] = "inner"
            made.pair(room, made.room(None), None, "inner", f"10.9.{number}.2/24")
    return made.host()


def stacked(seed: int, rooms: int) -> Host:
    """Links on links: vlan on bond, in a bridge; macvlan and vlan of namespaces on a parent in (root); tunnels between two."""
    made = Drawn(seed)
    made.add(0, "bond0", "bond")
    for number in range(2):
        made.add(0, f"eth{number}", "", master="bond0")
    made.add(0, "br-30", "bridge", ("192.0.2.30/24",))
    made.add(0, "bond0.30", "vlan", link="bond0", master="br-30", linkinfo={"info_kind": "vlan", "info_data": {"id": 30}})
    parent = made.add(0, "eth2", "", ("198.51.100.5/24", "2001:db8::5/64", "2001:db8::6/64", "198.51.100.6/24"))
    alone = made.add(0, "eth3", "")
    qinq = made.add(0, "eth3.7", "vlan", link="eth3", linkinfo={"info_kind": "vlan", "info_data": {"id": 7}})
    made.add(0, "eth3.7.8", "vlan", link="eth3.7", linkinfo={"info_kind": "vlan", "info_data": {"id": 8}})
    made.add(0, "vrf-blue", "vrf")
    for number in range(1, rooms):
        name = made.rng.choice([None, f"{made.rng.choice(ODD)}{number}", f"pod{number}", f"pod{number}"])
        room = made.room(name)
        kind = made.rng.choice(["macvlan", "macvlan", "vlan", "ipvlan", "veth", "vxlan", "vrf", "vlan-in", "nothing"])
        if kind in ("macvlan", "ipvlan"):
            made.child(room, "eth0", kind, parent, 0)
        elif kind == "vlan":
            made.child(room, "eth0", "vlan", alone if number % 2 else qinq, 0,
                       linkinfo={"info_kind": "vlan", "info_data": {"id": number + 100}})  # fmt: skip
        elif kind == "veth":
            made.pair(0, room, ("veth" + str(number), "eth0"), "br-30", f"192.0.2.{number % 250}/24")
        elif kind == "vrf":
            made.pair(0, room, None, "vrf-blue")
        elif kind == "vxlan":
            made.pair(0, room, None, "br-30", f"192.0.2.{number % 250}/24")
            made.child(room, "vx42", "vxlan", made.links[room][-1], room,
                       linkinfo={"info_kind": "vxlan", "info_data": {"id": 42, "remote": "192.0.2.9"}})  # fmt: skip
        elif kind == "vlan-in":
            made.pair(0, room, ("trunk" + str(number), "eth0"))
            for tag in range(made.rng.randrange(1, 9)):
                made.child(room, f"eth0.{tag}", "vlan", made.links[room][0], room,
                           linkinfo={"info_kind": "vlan", "info_data": {"id": tag}})  # fmt: skip
    return made.host()


def meshed(seed: int, rooms: int) -> Host:
    """Routers with a cable between most of them, double cables, a cable of a namespace to itself, and ends that are missing."""
    made = Drawn(seed)
    for number in range(1, rooms):
        made.room(made.rng.choice([None, f"router{number}", f"{made.rng.choice(ODD)}{number}"]))
    for one in range(rooms):
        for other in range(one):
            if made.rng.random() < min(0.5, 3 / rooms):
                made.pair(one, other)
    made.pair(0, 0)
    if rooms > 2:
        made.pair(1, 2)
        made.pair(1, 2)
    lost = made.add(rooms - 1, "lost", "veth")
    lost["link_index"], lost["link_netnsid"] = 99, 88
    return made.host()


def bridges_of_nodes(nodes: int) -> Host:
    """Namespaces each with a bridge of its own and four namespaces on it, all nodes on one bridge of (root)."""
    made = Drawn()
    made.add(0, "fabric", "bridge")
    for node in range(nodes):
        room = made.room(f"node{node}")
        made.pair(0, room, None, "fabric", f"10.0.{node}.2/16")
        made.add(room, "docker0", "bridge", ("172.17.0.1/16",))
        for number in range(4):
            made.pair(room, made.room(f"n{node}c{number}"), None, "docker0", f"172.17.0.{number + 2}/16")
    return made.host()


def many_bridges(bridges: int) -> Host:
    """A network node: for each tenant a bridge of (root) with a DHCP server and a router on it."""
    made = Drawn()
    for number in range(bridges):
        made.add(0, f"brq{number:04x}-7c", "bridge")
        made.pair(0, made.room(f"qdhcp-{number:04x}"), None, f"brq{number:04x}-7c", f"10.{number}.0.2/24")
        if number % 3 == 0:
            made.pair(0, made.room(f"qrouter-{number:04x}"), None, f"brq{number:04x}-7c", f"10.{number}.0.1/24")
    return made.host()


#: A VLAN of a port that takes and sends it without a tag.
ACCESS = ["PVID", "Egress Untagged"]


def section(netns: str, command: str, records: Any) -> Section:
    return Section(netns, command, json.dumps(records))


def link(index: int, name: str, kind: str, data: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    info = {"info_kind": kind, **({"info_data": data} if data is not None else {})}
    return {"ifindex": index, "ifname": name, "flags": ["UP", "LOWER_UP"], "mtu": 1500, "operstate": "UP", "link_type": "ether",
            "linkinfo": info, **more}  # fmt: skip


def switch(ports: list[tuple[str, list[dict[str, Any]]]], filtering: int | None = 1, own: Any = None) -> Host:
    """A host with the bridge sw, a namespace for each port (its name, its VLANs), and trunk.7 on the port of the last one."""
    root = [link(2, "sw", "bridge", None if filtering is None else {"vlan_filtering": filtering})]
    sections, vlans = [], [{"ifname": "sw", "vlans": own}] if own else []
    for number, (name, rows) in enumerate(ports):
        root.append(link(number + 3, f"to-{name}", "veth", master="sw", link_index=2, link_netnsid=number))
        vlans += [{"ifname": f"to-{name}", "vlans": rows}] if rows else []
        links = [link(2, "eth0", "veth", link_index=number + 3, link_netnsid=0)]
        if number == len(ports) - 1:
            links.append(link(3, "eth0.7", "vlan", {"protocol": "802.1Q", "id": 7}, link="eth0"))
        sections += [section(name, "ip -d -j link show", links), section(name, "ip -j netns list-id", [{"nsid": 0}])]
    ids = [{"nsid": number, "name": name} for number, (name, _) in enumerate(ports)]
    return build([section("", "ip -d -j link show", root), section("", "bridge -j vlan show", vlans),
                  section("", "ip -j netns list-id", ids), *sections])  # fmt: skip


PORTS: list[tuple[str, list[dict[str, Any]]]] = [
    ("a", [{"vlan": 7, "flags": ACCESS}]), ("b", [{"vlan": 1, "flags": ACCESS}, {"vlan": 10, "vlanEnd": 20}]), ("c", []),
    ("d", [{"vlan": 7}, {"vlan": 9}]),
]  # fmt: skip


def pods(seed: int, rooms: int) -> Host:
    """Namespaces with a cable to one of two hubs, some with cables among each other or to bridges of (root), too."""
    made = Drawn(seed)
    hubs = [0, made.room("hub")]
    for bridge in ("br0", "br1"):
        made.add(0, bridge, "bridge")
    for number in range(rooms):
        room = made.room(f"p{number}")
        made.pair(made.rng.choice(hubs), room, None, None, f"10.0.{number}.2/32")
        for bridge in ("br0", "br1"):
            if made.rng.random() < 0.15:
                made.pair(0, room, None, bridge)
        if number and made.rng.random() < 0.2:
            made.pair(room, made.rng.randrange(2, room))
    return made.host()
