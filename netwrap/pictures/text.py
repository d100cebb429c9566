"""A graph as a tree of lines: a bus and the rooms on it, one line a room."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..wording import ROOT, printable
from .measure import columns, cut
from .words import Words, by_host, empty, kind_of, remarks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.records import Record


_ASCII = str.maketrans({"│": "|", "├": "+", "└": "`", "─": "-", "═": "=", "…": "~"})


#: More lines than this (and than namespaces) are put closer together: a bus beside its namespace, a room only once.
LINES = 31
#: A host with as many namespaces has at most one line more than namespaces: longer ones are cut. A smaller one is drawn whole.
MANY = 30


def draw(
    graph: Record, width: int = 80, ascii_only: bool = False, marks: dict[str, str] | None = None, below: Sequence[str] = (),
    whole: bool = False,
) -> str:  # fmt: skip
    """The lines of a graph, of at most ``width`` columns. ``marks``: id of a room -> why it is marked; ``below``: text under it.

    A line that is too long continues on the next one. For a host with :data:`MANY` namespaces or more, where this would be more
    lines than :func:`limit`, later lines are cut instead and end with "… 3 more", except with ``whole``.
    """
    out: list[str] = []
    for host, part in by_host(graph):
        is_told = False
        if len(graph["hosts"]) > 1:
            out.append(cut(f"host {host['title']}", width))
        lines = _lines(part, width, marks or {})
        spare = limit(part) - len(lines) if not whole and _namespaces(part) >= MANY else sys.maxsize
        for words, parts in lines:
            if len(parts) == 1 or len(parts) - 1 <= spare:
                spare -= len(parts) - 1
                out += parts
            else:
                out.append(_shortened(words, width, "" if is_told else ": --unfold"))
                is_told = True
    text = "\n".join([*(out or ["nothing to draw"]), *map(printable, below)]) + "\n"
    return text.translate(_ASCII) if ascii_only else text


def limit(graph: Record) -> int:
    """The most lines that the graph of one host should take."""
    return max(LINES, _namespaces(graph) + 1)


def _namespaces(graph: Record) -> int:
    return sum(len(room.get("folded", ())) or 1 for room in graph["rooms"])


def height(graph: Record, width: int = 80) -> int:
    """The number of lines of the graph of one host, however long they are."""
    return len(_lines(graph, width, {}))


def _lines(graph: Record, width: int, marks: dict[str, str]) -> list[tuple[list[str], list[str]]]:
    """Each line of the graph of one host as its texts, and as the lines of at most ``width`` columns that it takes."""
    lines = _Tree(graph, width, marks).lines()
    return lines if len(lines) <= limit(graph) else _Tree(graph, width, marks, close=True).lines()


def _shortened(texts: Sequence[str], width: int, advice: str) -> str:
    """As many whole texts as one line has columns for, and the number of the others: ``a  eth0 = veth-a … 3 more: --unfold``"""
    for count in range(len(texts) - 1, 0, -1):
        line = f"{''.join(texts[:count])} … {len(texts) - count} more{advice}"
        if columns(line) <= width:
            return line
    return cut("".join(texts), width - columns(advice)) + advice.replace(":", "")


def _wrapped(lead: str, below: str, parts: Sequence[tuple[str, str]], width: int) -> list[str]:
    """The lines for texts, each with the space before it: a text is only divided where it is too long for a line of its own."""
    lines, line = [], lead
    for number, (space, text) in enumerate(parts):
        if columns(line + space + text) <= width:
            line += space + text
            continue
        if number:
            lines.append(line)
            line, space = below, ""
        for word in [text] if columns(line + space + text) <= width else text.split(" "):
            if columns(line + space + word) > width and line not in (lead, below):
                lines.append(line)
                line, space = below, ""
            line, space = line + space + word, " "
    return [cut(line, width) for line in (*lines, line)]


class _Tree:
    def __init__(self, graph: Record, width: int, marks: dict[str, str], close: bool = False) -> None:
        self.graph, self.width, self.marks, self.close = graph, width, marks, close
        self.words = Words(graph, names_buses=close)
        self.rooms: dict[str, Record] = {room["id"]: room for room in graph["rooms"]}
        self.ports = self.words.ports
        self.done: set[str] = set()
        self.deferred: list[tuple[Record, str]] = []  # buses that follow at the left, each with the title of its room
        self.before = ""  # what stands before the next room: the bus that leads to it alone, where lines stand close
        self.out: list[tuple[list[str], list[str]]] = []  # each line as its texts, and wrapped
        self.on_bus: dict[str, list[tuple[str, str]]] = {bus["id"]: [] for bus in graph["buses"]}  # (room or cloud, port)
        self.clouds: dict[str, str] = {}
        for cloud in graph["clouds"]:
            for number, line in enumerate(cloud["lines"]):
                self.clouds[f"{cloud['id']}l{number}"] = (
                    cloud["title"] if line in cloud["title"] or cloud["kind"] == "overlay" else f"{cloud['title']} ({line})"
                )
        for cable in graph["cables"]:
            for end, far in (cable["ends"], cable["ends"][::-1]):
                port = self.ports.get(end)
                bus = end if end in self.on_bus else port["bus"] if port is not None else None
                if bus in self.on_bus and cable["kind"] != "own":
                    self.on_bus[bus].append((self.ports[far]["room"] if far in self.ports else far, far))
        for port in graph["ports"]:  # on a bus: no line of a room has it
            for number, far in enumerate(port.get("afar", ()) if port["bus"] in self.on_bus else ()):
                end = f"{port['id']}a{number}"
                self.clouds[end] = f"{port['name']} = {far}"
                self.on_bus[port["bus"]].append((end, end))
        order = {name: number for number, name in enumerate(self.rooms)}
        for members in self.on_bus.values():  # in the order of the rooms, as in a drawing
            members.sort(key=lambda member: order.get(member[0], len(order)))

    def lines(self) -> list[tuple[list[str], list[str]]]:
        owners = {bus["room"] for bus in self.graph["buses"]}
        near = {room["id"]: len(self._neighbours(room)) for room in self.graph["rooms"]}
        ranks = {room["id"]: (room["title"] != ROOT, room["id"] not in owners, -near[room["id"]]) for room in self.graph["rooms"]}
        for room in sorted(self.graph["rooms"], key=lambda room: ranks[room["id"]]):
            if room["id"] not in self.done and not (room["id"] not in owners and self._is_on_a_bus(room["id"])):
                self._top(room["id"])
        for bus in self.graph["buses"]:  # those whose own room is not drawn
            if bus["room"] not in self.rooms:
                self._bus(bus, "", "")
        for room in self.graph["rooms"]:
            if room["id"] not in self.done:
                self._top(room["id"])
        return self.out

    def _neighbours(self, room: Record) -> set[str]:
        """The rooms that a room's cables lead to."""
        ends = (end for port in room["ports"] for end in self.words.far.get(port, ()) if end in self.ports)
        return {self.ports[end]["room"] for end in ends} - {room["id"]}

    def _top(self, room: str) -> None:
        """A room at the left, and what is too far to the right under it."""
        self._room(room, "", "")
        while self.deferred:
            bus, title = self.deferred.pop(0)
            self._bus(bus, f"{title} (continued) ═ ", "")

    def _is_on_a_bus(self, room: str) -> bool:
        return any(other == room for members in self.on_bus.values() for other, _ in members)

    def _line(self, lead: str, below: str, *texts: str | tuple[str, str], has_more: bool = False) -> None:
        """Add a line of texts, each perhaps with the space before it; ``has_more``: lines one level deeper follow."""
        parts = [("", printable(text)) if isinstance(text, str) else (text[0], printable(text[1])) for text in texts]
        whole = [lead + parts[0][1], *(space + text for space, text in parts[1:])]
        self.out.append((whole, _wrapped(lead, below + ("│" if has_more else " ").ljust(4), parts, self.width)))

    def _room(self, name: str, lead: str, below: str) -> None:
        """One line for a room, then the lines of its buses and of rooms that only its cables lead to."""
        room = self.rooms[name]
        self.done.add(name)
        own = [self.ports[port] for port in room["ports"] if port in self.ports and not self.ports[port]["bus"]]
        buses = [bus for bus in self.graph["buses"] if bus["room"] == name]
        carried = {bus["port"] for bus in buses}
        shown = [self._port(port) + self._cloud_of(port) for port in own if port["id"] not in carried]
        about = ", ".join(remarks(room, 1))
        title = ("! " if name in self.marks else "") + room["title"] + (f" [{about}]" if about else "")
        title, self.before = self.before + title, ""
        if room.get("folded"):
            title += f" ({room['folded'][0]['title']} … {room['folded'][-1]['title']})"
        if not shown and not buses:
            shown = [empty(room)]
        beside = self._beside(buses) if self.close else []
        texts = [(" " if at else "  ", text + (";" if text is not shown[-1] else "")) for at, text in enumerate(shown)]
        texts += [("  ", f"═ {self._of_bus(bus)}") for bus in beside]
        is_far = columns(below) > self.width // 2  # too far to the right: what is under this one follows at the left
        children: list[tuple[str, Any]] = [("bus", bus) for bus in buses if bus not in beside]
        first = [entry for bus in beside for entry in self._members(bus)]
        for port in own:
            for end in self.words.far.get(port["id"], ()):
                other = self.ports.get(end)
                if other is not None and other["room"] in self.rooms and other["room"] not in self.done and not other["bus"]:
                    if not self._is_on_a_bus(other["room"]) and ("room", other["room"]) not in children:
                        children.append(("room", other["room"]))
        self._line(lead, below, title, *texts, has_more=bool(first or children) and not is_far)
        if is_far:
            self.deferred += [(bus, room["title"]) for bus in buses if bus not in beside or self._members(bus)]
            return
        self._list(first, below, not children)
        for number, (kind, child) in enumerate(children):
            last = number == len(children) - 1
            if kind == "bus":
                self._bus(child, below + ("└═ " if last else "├═ "), below + ("   " if last else "│  "))
            elif child not in self.done:
                self._room(child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "))

    def _port(self, port: Record) -> str:
        """A port in words, and the link that it stands on, or is a member of, where its own name does not tell that."""
        words, below = self.words.of(port), self.ports.get(port["under"] or "")
        if below is None or port["name"].startswith(f"{below['name']}."):
            return words
        return f"{port['name']} ({'in' if port['member'] else 'on'} {below['name']}){words[len(port['name']) :]}"

    def _cloud_of(self, port: Record) -> str:
        found = [self.clouds[end] for end in self.words.far.get(port["id"], ()) if end in self.clouds]
        return f" -> {', '.join(found)}" if found else ""

    def _beside(self, buses: list[Record]) -> list[Record]:
        """The buses of a room that need no line of their own: the first, and those without a room that is not drawn yet."""
        return [bus for bus in buses if bus is buses[0] or not self._members(bus)]

    def _members(self, bus: Record) -> list[tuple[str, str]]:
        """The ends on a bus that get a line; where lines stand close, not those of rooms that are drawn elsewhere."""
        members = self.on_bus[bus["id"]]
        if not self.close:
            return members
        return [
            (room, end) for room, end in members if room in self.rooms and room not in self.done and room not in self._taken(bus)
        ]

    def _taken(self, bus: Record) -> set[str]:
        """The rooms that are drawn on a bus before this one."""
        buses = list(self.on_bus)
        return {room for other in buses[: buses.index(bus["id"])] for room, _ in self.on_bus[other]}

    def _of_bus(self, bus: Record) -> str:
        port = self.ports.get(bus["port"])
        words = self.words.of(port) + self._cloud_of(port) if port is not None else bus["title"]
        kind = kind_of(bus, "" if bus["room"] in self.rooms else bus["of"])
        if self.close:
            own = {end for _, end in self._members(bus)}
            others = {self._elsewhere(room, end): None for room, end in self.on_bus[bus["id"]] if end not in own}
            kind += f"; also {', '.join(others)}" if others else ""
        return f"{words}  ({kind})"

    def _elsewhere(self, room: str, end: str) -> str:
        """A member of a bus in few words, where its own line is elsewhere, or it has none."""
        port, bus = self.ports.get(end), self.words.buses.get(end)
        if room in self.rooms:
            enslaved = f" {self.words.of(port)}" if port is not None and port["bus"] else ""  # no room's line has it
            return f"{self.rooms[room]['title']}{enslaved}"
        return self.clouds.get(end) or (port["name"] if port is not None else bus["title"] if bus is not None else end)

    def _bus(self, bus: Record, lead: str, below: str) -> None:
        members = self._members(bus)
        if self.close and len(members) == 1:
            self.before = f"{self._of_bus(bus)} ─ "
            self._room(members[0][0], lead, below)
        else:
            self._line(lead, below, self._of_bus(bus), has_more=bool(members))
            self._list(members, below)

    def _list(self, members: list[tuple[str, str]], below: str, closed: bool = True) -> None:
        """The lines of the members of a bus; ``closed``: nothing else follows on this level."""
        for number, (room, end) in enumerate(members):
            if self.close and room in self.done:  # it has two ends on this bus
                continue
            last = closed and number == len(members) - 1
            here = below + ("└─ " if last else "├─ ")
            deeper = below + ("   " if last else "│  ")
            if room not in self.rooms:
                port = self.ports.get(end)
                other = self.words.buses.get(end)
                words = self.words.of(port) if port is not None else f"{other['title']} (a bus too)" if other is not None else end
                self._line(here, deeper, self.clouds.get(end) or words)
            elif room in self.done:
                self._line(here, deeper, f"{self.rooms[room]['title']} (above)", ("  ", self.words.of(self.ports[end])))
            else:
                self._room(room, here, deeper)
