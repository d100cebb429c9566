"""Folding of a graph of :mod:`topology`: rooms that are alike become one box, so that hundreds of rooms stay a picture.

First, more than :data:`ALIKE` hosts of one shape become the first, one box for all namespaces of the others, and the last. Then
more than :data:`ALIKE` rooms of one shape (kinds, states, prefix lengths, other ends) become the first, "18 more" and the last.
Of more than :data:`MANY` rooms that are still more than :data:`FEW` boxes, the rooms of one place (a bus, or no bus) become
one box whatever their shape, "160 more of 140 shapes on v-net-0", and the smaller bridges of a room one bridge, so that about
:data:`FEW` boxes are left. A room with a finding, and one that was asked for, is never folded.

>>> room = {"host": "h0", "captured": True, "labels": [], "ports": [], "hidden": 0}
>>> rooms = [{**room, "id": f"r{number}", "title": f"ns{number}"} for number in range(9)]
>>> whole = {"hosts": [], "rooms": rooms, "ports": [], "buses": [], "clouds": [], "cables": []}
>>> [room["title"] for room in fold(whole)["rooms"]], [room["title"] for room in fold(whole, keep=["r3"])["rooms"]]
(['ns0', '7 more', 'ns8'], ['ns0', '6 more', 'ns3', 'ns8'])
"""

from __future__ import annotations

from ..pictures.words import lack, vlans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from parsers.records import Record

#: More rooms of one shape than this are folded.
ALIKE = 4
#: More rooms than this are folded place by place, too, where they are not few enough boxes.
MANY = 40
#: The number of boxes (rooms, clouds and buses) that folding place by place aims at.
FEW = 12
#: The number of buses that are then drawn one by one.
_BUSES = 4


def fold(found: Record, keep: Iterable[str] = ()) -> Record:
    """The graph with rooms that are alike folded, and with the rooms of one place folded where these are still too many.

    ``keep`` are ids of rooms that are never folded (those that were asked for, those with a finding). A fold stands in ``rooms``
    as ``{"id", "title": "18 more", "folded": [{"id", "title", "addresses"}, …], "shapes": N, "without_way_out": N, …}``; each of
    its ports stands for all links that lead to one place. Returns ``found`` itself where there is nothing to fold.
    """
    number = len(found["rooms"])
    if len(found["hosts"]) > ALIKE and number > FEW:
        folding = _Folding(found, keep)
        found = folding.merged(folding.hosts())
    folding = _Folding(found, keep)
    folded = folding.merged(folding.alike())
    if number > MANY and len(folded["rooms"]) + len(folded["clouds"]) > FEW:
        return folding.merged(*folding.by_place())
    return folded


def fold_some(found: Record, number: int, keep: Iterable[str], host: str) -> Record:
    """The graph with about ``number`` boxes of a host less: the largest groups of one shape are folded, then those of one place.

    Returns ``found`` itself where nothing can be folded.
    """
    others = [room["id"] for room in found["rooms"] if room["host"] != host]
    folding = _Folding(found, [*keep, *others])
    return folding.merged(folding.some(number))


class _Fold:
    """Rooms that become one box; ``on``: title of the bus that they have in common, or ""; ``hosts``: if all of theirs."""

    def __init__(self, rooms: Sequence[Record], shapes: int = 1, on: str = "", hosts: Sequence[Record] = ()) -> None:
        self.rooms, self.shapes, self.on, self.hosts = rooms, shapes, on, hosts


class _Folding:
    def __init__(self, found: Record, keep: Iterable[str]) -> None:
        self.found = found
        self.keep = {*keep, *(room["id"] for room in found["rooms"] if room.get("folded"))}
        self.ports: dict[str, Record] = {port["id"]: port for port in found["ports"]}
        self.buses: dict[str, Record] = {bus["id"]: bus for bus in found["buses"]}
        self.rooms: dict[str, Record] = {room["id"]: room for room in found["rooms"]}
        self.owners = {bus["room"] for bus in found["buses"]}
        self.far: dict[str, str] = {}  # port -> the bus, else the room, at its other end
        self.members: dict[str, int] = {}  # bus -> its cables
        self.ends: dict[str, list[str]] = {port: [] for port in self.ports}  # port -> the ports at its other ends
        for cable in found["cables"]:
            for end, other in (cable["ends"], cable["ends"][::-1]):
                self.far[end] = self._place(other)
                if end in self.ports and other in self.ports:
                    self.ends[end].append(other)
                if cable["kind"] != "own" and self.far[end] in self.buses:
                    self.members[self.far[end]] = self.members.get(self.far[end], 0) + 1

    def _place(self, end: str) -> str:
        port = self.ports.get(end)
        return str(port["bus"] or port["room"]) if port is not None else end[:1] if end.startswith("c") else end

    def shape(self, room: Record, wherever: bool = False) -> Any:
        """What rooms that are alike have in common; ``wherever``: also those that are connected to different rooms or buses."""
        return ("" if wherever else room["host"], room["captured"], lack(room), tuple(sorted(
            (port["kind"], port["state"], self.far.get(port["id"], "")[: 1 if wherever else None],
             port["mtu"] if port["odd_mtu"] else 0, self._vlans_of(port),
             tuple(sorted((":" in text, text.partition("/")[2]) for text in port["addresses"])))
            for port in self._ports(room))))  # fmt: skip

    def _vlans_of(self, port: Record) -> str:
        """The VLANs that a link is in: its own number, and those of the bridge's port at its other end."""
        number = port["detail"] if port["kind"] == "vlan" else ""
        return " ".join(
            [number, vlans(port.get("vlans")), *(vlans(self.ports[end].get("vlans")) for end in self.ends[port["id"]])]
        )

    def _fold(self, rooms: list[Record], home: str) -> _Fold:
        on = str(self.buses[home]["title"]) if home in self.buses else ""
        return _Fold(rooms, len({self.shape(room, wherever=True) for room in rooms}), on)

    def _ports(self, room: Record) -> list[Record]:
        return [self.ports[port] for port in room["ports"] if port in self.ports]

    def _home(self, room: Record) -> str:
        """The bus of another room that most links of a room lead to; "" where none does."""
        count: dict[str, int] = {}
        for port in self._ports(room):
            bus = self.far.get(port["id"], "")
            if bus in self.buses and self.buses[bus]["room"] != room["id"]:
                count[bus] = count.get(bus, 0) + 1
        return max(count, key=lambda bus: count[bus]) if count else ""

    # -- which rooms ------------------------------------------------------------------------------------------------------

    def _by_shape(self) -> list[list[Record]]:
        shapes: dict[Any, list[Record]] = {}
        for room in self.found["rooms"]:
            if room["id"] not in self.keep and room["id"] not in self.owners:
                shapes.setdefault(self.shape(room), []).append(room)
        return list(shapes.values())

    def alike(self) -> list[_Fold]:
        """More than ``ALIKE`` rooms of one shape, without the first and the last of them."""
        return [_Fold(rooms[1:-1]) for rooms in self._by_shape() if len(rooms) > ALIKE]

    def hosts(self) -> list[_Fold]:
        """More than ``ALIKE`` hosts of one shape, without the first and the last; the last ones of more than ``FEW`` others."""
        rooms: dict[str, list[Record]] = {host["id"]: [] for host in self.found["hosts"]}
        for room in self.found["rooms"]:
            rooms[room["host"]].append(room)
        shapes: dict[Any, list[Record]] = {}
        for host in self.found["hosts"]:
            if rooms[host["id"]] and self.keep.isdisjoint(room["id"] for room in rooms[host["id"]]):
                shape = tuple(sorted(repr(self.shape(room, wherever=True)) for room in rooms[host["id"]]))
                shapes.setdefault(shape, []).append(host)
        groups = [(hosts[1:-1], 1) for hosts in shapes.values() if len(hosts) > ALIKE]
        taken = {host["id"] for hosts, _ in groups for host in hosts}
        over = len(self.found["hosts"]) - len(taken) + len(groups) - FEW
        if over > 0:
            rest = [(host, shape) for shape, hosts in shapes.items() for host in hosts if host["id"] not in taken][-over - 1 :]
            groups.append(([host for host, _ in rest], len({shape for _, shape in rest})))
        return [_Fold([room for host in hosts for room in rooms[host["id"]]], number, hosts=hosts) for hosts, number in groups]

    def some(self, number: int) -> list[_Fold]:
        """So many rooms, in groups as much alike as there are, that ``number`` boxes less are drawn."""
        chosen: list[_Fold] = []
        taken: set[str] = set()

        def take(rooms: list[Record], home: str = "") -> None:
            nonlocal number
            rest = [room for room in rooms if room["id"] not in taken][-(number + 1) :]
            if number > 0 and len(rest) > 1:
                chosen.append(self._fold(rest, home))
                taken.update(room["id"] for room in rest)
                number -= len(rest) - 1

        shapes = self._by_shape()
        for rooms in sorted(shapes, key=len, reverse=True):
            take(rooms[1:])
        places: dict[tuple[str, str], list[Record]] = {}
        for rooms in shapes:
            for room in rooms:
                places.setdefault((room["host"], self._home(room)), []).append(room)
        for (_, home), rooms in sorted(places.items(), key=lambda item: -len(item[1])):
            take(rooms, home)
        return chosen

    def by_place(self) -> tuple[list[_Fold], dict[str, str]]:
        """The rooms of each place as a fold; with them, for each bus that is merged with others, the room that they are of.

        Kept are the rooms that must be, of each host the room with the most links, and as many others as there is space for.
        """
        hosts = self.found["hosts"]
        count = {room["id"]: sum(self.members.get(bus["id"], 0) for bus in self.found["buses"] if bus["room"] == room["id"])
                 + len(room["ports"]) for room in self.found["rooms"]}  # fmt: skip
        kept = set(self.keep)
        if 2 * len(hosts) <= FEW:
            for host in hosts:
                kept.add(
                    max(
                        (room for room in self.rooms if self.rooms[room]["host"] == host["id"]), key=count.__getitem__, default=""
                    )
                )
        first = [bus["id"] for bus in sorted(self.found["buses"], key=lambda bus: -self.members.get(bus["id"], 0))
                 if bus["kind"] == "bridge" and (bus["room"] in kept or bus["room"] not in self.rooms)]  # fmt: skip
        drawn = set(first[:_BUSES])
        merged = {bus: str(self.buses[bus]["room"]) for bus in first[_BUSES:]}
        if len(merged) == 1:
            drawn, merged = set(first), {}
        drawn.update(bus["id"] for bus in self.found["buses"] if bus["room"] in kept and bus["id"] not in merged)
        places: dict[tuple[str, str], list[Record]] = {}
        for room in self.found["rooms"]:
            if room["id"] not in kept:
                home = self._home(room)
                place = home if home in drawn else merged.get(home) or ""
                places.setdefault((room["host"], place), []).append(room)
        used = (
            len(kept)
            + len(drawn)
            + len(set(merged.values()))
            + sum(1 for cloud in self.found["clouds"] if cloud["near"] in kept or cloud["near"] in drawn)
        )
        room_for = max(FEW - used, len(hosts))
        groups = sorted(places.items(), key=lambda item: -len(item[1]))
        while len(groups) > room_for:  # the smallest places of a host become one
            (host, _), rooms = groups.pop()
            other = next((at for at in range(len(groups) - 1, -1, -1) if groups[at][0][0] == host), None)
            if other is None:
                groups.append(((host, _), rooms))
                break
            groups[other] = ((host, ""), [*groups[other][1], *rooms])
        spare = max(0, FEW - used - len(groups))
        chosen = []
        for (_, home), rooms in groups:
            if len(rooms) > 2 and spare:
                rooms, spare = rooms[1:], spare - 1
            if len(rooms) > 2 and spare:
                rooms, spare = rooms[:-1], spare - 1
            if len(rooms) == 2 and spare:
                spare -= 1
            elif len(rooms) > 1:
                chosen.append(self._fold(rooms, home))
        return chosen, merged

    # -- the graph without them -------------------------------------------------------------------------------------------

    def merged(self, folds: Sequence[_Fold], merged_buses: dict[str, str] | None = None) -> Record:
        """The graph with a box for each fold, and one cable between a fold and each place that it is connected to."""
        if not folds and not merged_buses:
            return self.found
        return _Merger(self, folds, merged_buses or {}).graph()


class _Merger:
    """Makes the smaller graph. A node is what a fold or a merged bus stands for, else ``("port", ID)`` and alike."""

    def __init__(self, folding: _Folding, folds: Sequence[_Fold], merged_buses: dict[str, str]) -> None:
        self.folding, self.found, self.ports, self.rooms = folding, folding.found, folding.ports, folding.rooms
        before = sum(1 for room in self.found["rooms"] if room.get("folded"))
        self.folds = {f"f{before + number}": fold for number, fold in enumerate(folds)}
        self.into = {room["id"]: name for name, fold in self.folds.items() for room in fold.rooms}
        self.bus_into = {bus: f"b{room}" for bus, room in merged_buses.items()}
        for bus in self.found["buses"]:
            if bus["room"] in self.into:
                self.bus_into[bus["id"]] = self.into[bus["room"]]
        self.gone_clouds = {cloud["id"]: cloud for cloud in self.found["clouds"]
                            if cloud["near"] in self.into or cloud["near"] in self.bus_into}  # fmt: skip
        self.cables_of: dict[str, int] = {}
        for cable in self.found["cables"]:
            for end in cable["ends"]:
                self.cables_of[end] = self.cables_of.get(end, 0) + 1
        self.carriers = {port["under"] for port in self.found["ports"]}
        self.new_ports: dict[str, list[Record]] = {name: [] for name in self.folds}  # by room
        self.replaced: dict[str, Record | None] = {}  # port -> the port that stands for it, None for none

    def _node(self, end: str) -> tuple[str, str]:
        port = self.ports.get(end)
        if port is not None:
            if port["room"] in self.into:
                return "fold", self.into[port["room"]]
            if port["bus"]:
                return self._node(port["bus"])
            simple = self.cables_of.get(end) == 1 and end not in self.carriers
            return ("beside", f"{port['room']} {port['under'] or ''}") if simple else ("port", end)
        if end in self.bus_into:
            name = self.bus_into[end]
            return ("fold" if name in self.folds else "bus"), name
        if end.startswith("c"):
            cloud = self.gone_clouds.get(end.partition("l")[0])
            return ("gone", cloud["title"]) if cloud is not None else ("cloud", end)
        return "bus", end

    def graph(self) -> Record:
        cables: list[Record] = []
        bundles: dict[tuple[tuple[str, str], tuple[str, str]], list[tuple[str, str, Record]]] = {}
        for cable in self.found["cables"]:
            one, other = cable["ends"]
            nodes = self._node(one), self._node(other)
            is_merged = [kind == "bus" and name in self.bus_into.values() for kind, name in nodes]
            if any(is_merged) and (nodes[0] == nodes[1] or cable["kind"] == "own"):
                continue
            if not any(kind in ("fold", "gone") for kind, _ in nodes):
                ends = [end if end in self.ports else self.bus_into.get(end, end) for end in cable["ends"]]
                cables.append({**cable, "ends": ends} if any(is_merged) else cable)
            elif nodes[0] == nodes[1] or all(kind != "fold" for kind, _ in nodes):
                self.replaced.update({end: None for end in cable["ends"] if end in self.ports})
            elif nodes[0][0] == "fold":
                bundles.setdefault((nodes[0], nodes[1]), []).append((one, other, cable))
            else:
                bundles.setdefault((nodes[1], nodes[0]), []).append((other, one, cable))
        for (node, far), bundle in bundles.items():
            ends = [self._end(node, [one for one, _, _ in bundle], far), self._end(far, [other for _, other, _ in bundle], node)]
            if ends[0] and ends[1]:
                first = bundle[0][2]
                hows = sorted({cable["how"] for _, _, cable in bundle})
                cables.append(
                    {
                        **first,
                        "ends": ends,
                        "how": ", ".join(hows),
                        "of": len(bundle),
                        "certain": all(c["certain"] for _, _, c in bundle),
                    }
                )
        self._count_the_rest()
        return {**self.found, "hosts": self._hosts(), "rooms": self._rooms(), "ports": self._ports(),
                "buses": self._buses(), "cables": cables,
                "clouds": [cloud for cloud in self.found["clouds"] if cloud["id"] not in self.gone_clouds]}  # fmt: skip

    def _end(self, node: tuple[str, str], ends: list[str], far: tuple[str, str]) -> str | None:
        """The end of the one cable that stands for all of a bundle; None where what they lead to is not drawn."""
        kind, name = node
        ports = [self.ports[end] for end in ends if end in self.ports]
        if kind == "fold":
            detail = far[1] if far[0] == "gone" else ""
            if far[0] == "bus" and len(ends) > 1:
                detail = "on " + (self.folding.buses[far[1]]["title"] if far[1] in self.folding.buses else "other bridges")
            tags = {
                vlans(self.ports[other].get("vlans")) for end in ends if end in self.ports for other in self.folding.ends[end]
            }
            if len(ends) > 1 and tags - {""}:
                detail = f"{detail} ({tags.pop() if len(tags) == 1 else 'several vlans'})".lstrip()
            self.new_ports[name].append(_together(f"{name}p{len(self.new_ports[name])}", name, ports or [{}] * len(ends), detail))
            return str(self.new_ports[name][-1]["id"])
        if kind == "bus":
            self.replaced.update({port["id"]: None for port in ports})
            return name
        if kind == "beside" and len(ports) > 1:
            port = {**_together(f"{ports[0]['id']}m", ports[0]["room"], ports, ""), "under": ports[0]["under"],
                    "member": ports[0]["member"]}  # fmt: skip
            self.replaced.update({other["id"]: None for other in ports})
            self.replaced[ports[0]["id"]] = port
            return str(port["id"])
        return None if kind == "gone" else ends[0]

    def _count_the_rest(self) -> None:
        """Give a fold lines for its links without a cable, and for its bridges."""
        for name, fold in self.folds.items():
            rest: dict[str, list[Record]] = {}
            for room in fold.rooms:
                for port in self.folding._ports(room):
                    if port["id"] not in self.cables_of and not port["bus"] and not port["under"]:
                        rest.setdefault(port["kind"], []).append(port)
            ports = self.new_ports[name]
            ports += [_together(f"{name}p{len(ports) + at}", name, found, "") for at, found in enumerate(rest.values())]
            bridges = sum(1 for into in self.bus_into.values() if into == name)
            if bridges:
                ports.append(
                    {**_together(f"{name}b", name, [], ""), "name": f"{bridges} bridge{'s' if bridges > 1 else ''} in them"}
                )

    def _ports(self) -> list[Record]:
        ports = []
        for port in self.found["ports"]:
            if port["room"] in self.into:
                continue
            if port["id"] in self.replaced:
                new = self.replaced[port["id"]]
                ports += [new] if new is not None else []
            elif port["id"] not in {bus["port"] for bus in self.found["buses"] if bus["id"] in self.bus_into}:
                ports.append({**port, "bus": self.bus_into.get(port["bus"], port["bus"])})
        return ports + [port for ports in self.new_ports.values() for port in ports]

    def _hosts(self) -> list[Record]:
        titles = {}
        for fold in self.folds.values():
            for host in fold.hosts:
                shapes = f" of {fold.shapes} shapes" if fold.shapes > 1 else ""
                first = host is fold.hosts[0]
                names = f"{fold.hosts[0]['title']} … {fold.hosts[-1]['title']}"
                titles[host["id"]] = f"{len(fold.hosts)} more hosts{shapes}: {names}" if first else ""
        found = ({**host, "title": titles.get(host["id"], host["title"])} for host in self.found["hosts"])
        return [host for host in found if titles.get(host["id"]) != ""]

    def _rooms(self) -> list[Record]:
        rooms = []
        for room in self.found["rooms"]:
            name = self.into.get(room["id"])
            if name is None:
                news = [self.replaced.get(port, self.ports.get(port)) for port in room["ports"]]
                rooms.append({**room, "ports": [port["id"] for port in news if port is not None]})
            elif self.folds[name].rooms[0] is room:
                fold = self.folds[name]
                whole = all(other["host"] != room["host"] or other["id"] in self.into for other in self.found["rooms"])
                title = f"{len(fold.rooms)} {'namespaces' if whole else 'more'}"
                title += f" of {fold.shapes} shapes" if fold.shapes > 1 else ""
                title = f"{len(fold.rooms)} namespaces of {len(fold.hosts)} hosts" if fold.hosts else title
                title += f" on {fold.on}" if fold.on else ""
                of = {host["id"]: f"{host['title']}: " for host in fold.hosts}
                lacks = [lack(other) for other in fold.rooms]
                alike = len(set(lacks)) == 1
                rooms.append({
                    **room, "id": name, "title": title, "labels": [], "shapes": fold.shapes,
                    "default": room.get("default") if alike else None, "ends": room.get("ends") if alike else None,
                    "without_way_out": sum(map(bool, lacks)),
                    "ports": [port["id"] for port in self.new_ports[name]], "folded": [
                        {"id": other["id"], "title": of.get(other["host"], "") + other["title"],
                         "addresses": [text for port in self.folding._ports(other) for text in port["addresses"]]}
                        for other in fold.rooms]})  # fmt: skip
        return rooms

    def _buses(self) -> list[Record]:
        buses = [bus for bus in self.found["buses"] if bus["id"] not in self.bus_into]
        merged: dict[str, list[Record]] = {}
        for bus in self.found["buses"]:
            name = self.bus_into.get(bus["id"])
            if name is not None and name not in self.folds:
                merged.setdefault(name, []).append(bus)
        return buses + [{**of[0], "id": name, "port": "", "title": f"{len(of)} more"} for name, of in merged.items()]


def _together(name: str, room: str, ports: Sequence[Record], detail: str) -> Record:
    """The port that stands for several: ``197 × eth0``."""
    if len(ports) == 1 and ports[0]:
        return {**ports[0], "id": name, "room": room, "bus": None, "under": None, "detail": detail or ports[0]["detail"]}
    names = {port.get("name") for port in ports}
    kinds = {port.get("kind") or "physical" for port in ports}
    noun = names.pop() if len(names) == 1 and None not in names else kinds.pop() if len(kinds) == 1 else "links"
    states: dict[str, int] = {}
    for port in ports:
        states[port.get("state", "up")] = states.get(port.get("state", "up"), 0) + 1
    usual = max(states, key=lambda state: states[state]) if states else "up"
    words = [detail] + [f"{number} {state}" for state, number in states.items() if state != usual]
    return {"id": name, "room": room, "name": f"{len(ports)} × {noun}", "kind": ports[0].get("kind", "") if ports else "",
            "state": usual, "addresses": [], "mtu": None, "odd_mtu": False, "bus": None, "under": None, "member": False,
            "detail": ", ".join(filter(None, words)), "mac": None}  # fmt: skip
