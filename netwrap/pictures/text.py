"""A graph as a tree of lines: a bus and the rooms on it, one line a room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .measure import columns, cut
from .words import Words

if TYPE_CHECKING:
    from parsers.records import Record


_ASCII = str.maketrans({"│": "|", "├": "+", "└": "`", "─": "-", "═": "=", "…": "~"})


def draw(graph: Record, width: int = 80, ascii_only: bool = False, marks: dict[str, str] | None = None) -> str:
    """The lines of a graph, each at most ``width`` columns; ``marks``: id of a room -> why it is marked."""
    lines = _Tree(graph, width, marks or {}).lines()
    text = "\n".join(lines) + "\n"
    return text.translate(_ASCII) if ascii_only else text


class _Tree:
    def __init__(self, graph: Record, width: int, marks: dict[str, str]) -> None:
        self.graph, self.width, self.marks = graph, width, marks
        self.words = Words(graph)
        self.rooms: dict[str, Record] = {room["id"]: room for room in graph["rooms"]}
        self.ports = self.words.ports
        self.done: set[str] = set()
        self.out: list[str] = []
        self.on_bus: dict[str, list[tuple[str, str]]] = {bus["id"]: [] for bus in graph["buses"]}  # (room or cloud, port)
        self.clouds: dict[str, str] = {}
        for cloud in graph["clouds"]:
            for number, line in enumerate(cloud["lines"]):
                self.clouds[f"{cloud['id']}l{number}"] = (
                    cloud["title"] if line in cloud["title"] else f"{cloud['title']} ({line})"
                )
        for cable in graph["cables"]:
            for end, far in (cable["ends"], cable["ends"][::-1]):
                port = self.ports.get(end)
                bus = end if end in self.on_bus else port["bus"] if port is not None else None
                if bus in self.on_bus and cable["kind"] != "own":
                    self.on_bus[bus].append((self.ports[far]["room"] if far in self.ports else far, far))

    def lines(self) -> list[str]:
        owners = {bus["room"] for bus in self.graph["buses"]}
        several = len(self.graph["hosts"]) > 1
        for host in self.graph["hosts"]:
            if several:
                self.out.append(cut(f"host {host['title']}", self.width))
            mine = [room for room in self.graph["rooms"] if room["host"] == host["id"]]
            first = [room for room in mine if room["id"] in owners]
            for room in [*first, *(room for room in mine if room["id"] not in owners)]:
                if room["id"] not in self.done and not (room["id"] not in owners and self._is_on_a_bus(room["id"])):
                    self._room(room["id"], "", "")
        for bus in self.graph["buses"]:  # those whose own room is not drawn
            if bus["room"] not in self.rooms:
                self._bus(bus, "", "")
        for room in self.graph["rooms"]:
            if room["id"] not in self.done:
                self._room(room["id"], "", "")
        return self.out or ["nothing to draw"]

    def _is_on_a_bus(self, room: str) -> bool:
        return any(other == room for members in self.on_bus.values() for other, _ in members)

    def _line(self, lead: str, text: str) -> None:
        self.out.append(cut(f"{lead}{text}", max(self.width, columns(lead) + 12)))

    def _room(self, name: str, lead: str, below: str, by: str | None = None) -> None:
        """One line for a room, then the lines of its buses and of rooms that only its cables lead to."""
        room = self.rooms[name]
        self.done.add(name)
        own = [self.ports[port] for port in room["ports"] if port in self.ports and not self.ports[port]["bus"]]
        buses = [bus for bus in self.graph["buses"] if bus["room"] == name]
        carried = {bus["port"] for bus in buses}
        shown = [self.words.of(port) + self._cloud_of(port) for port in own if port["id"] not in carried]
        title = room["title"] + (f" [{', '.join(room['labels'][:1])}]" if room["labels"] else "")
        title = f"! {title}: {self.marks[name]}" if name in self.marks else title
        empty = "" if buses else "no links but lo" if room.get("captured", True) else "links not captured"
        if room.get("folded"):
            title += f" ({room['folded'][0]['title']} … {room['folded'][-1]['title']})"
        self._line(lead, f"{title}  {'; '.join(shown) or empty}".rstrip())
        children: list[tuple[str, Any]] = [("bus", bus) for bus in buses]
        for port in own:
            for end in self.words.far.get(port["id"], ()):
                other = self.ports.get(end)
                if other is not None and other["room"] in self.rooms and other["room"] not in self.done and not other["bus"]:
                    if not self._is_on_a_bus(other["room"]) and ("room", other["room"]) not in children:
                        children.append(("room", other["room"]))
        for number, (kind, child) in enumerate(children):
            last = number == len(children) - 1
            if kind == "bus":
                self._bus(child, below + ("└═ " if last else "├═ "), below + ("   " if last else "│  "))
            elif child not in self.done:
                self._room(child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "))

    def _cloud_of(self, port: Record) -> str:
        found = [self.clouds[end] for end in self.words.far.get(port["id"], ()) if end in self.clouds]
        return f" -> {', '.join(found)}" if found else ""

    def _bus(self, bus: Record, lead: str, below: str) -> None:
        port = self.ports.get(bus["port"])
        words = self.words.of(port) + self._cloud_of(port) if port is not None else bus["title"]
        where = "" if bus["room"] in self.rooms else f" of {bus['of']}"
        self._line(lead, f"{words}  ({bus['kind']}{where})")
        members = self.on_bus[bus["id"]]
        for number, (room, end) in enumerate(members):
            last = number == len(members) - 1
            here = below + ("└─ " if last else "├─ ")
            deeper = below + ("   " if last else "│  ")
            if room not in self.rooms:
                port = self.ports.get(end)
                other = self.words.buses.get(end)
                words = self.words.of(port) if port is not None else f"{other['title']} (a bus too)" if other is not None else end
                self._line(here, self.clouds.get(end) or words)
            elif room in self.done:
                self._line(here, f"{self.rooms[room]['title']} (above)  {self.words.of(self.ports[end])}")
            else:
                self._room(room, here, deeper, bus["id"])
