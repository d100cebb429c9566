"""Place a graph on a plane, without an engine: boxes in grids under their bus, cables in the free space between.

First, every room (a namespace) and every cloud is measured: a title and one line a port. Then the boxes are put into blocks:
the rooms of a bus stand in a grid under its bar, a chain of rooms stands in a row, the rooms that own buses stand in a row of
their own at the top. Buses that have many rooms in common stand in a row, too, above one grid of all these rooms; the small
buses of such a room hang on it. Blocks are packed on shelves so that the whole is about four wide to three high. Last, each
cable is led (all cables of a bus are one net): from a box to the left into the gutter of its column, there up to the bar of its
own bus, or down to the avenue below its shelf (or, from a grid without a bar, up to the one above it); along the avenue to
another gutter, or to a bar of the next shelf, or to the lanes right of all shelves, which lead to the other avenues. No box
ever stands in a gutter, an avenue or a lane, so no line crosses a room. Where several nets use the same way, tracks are given
out by the left-edge algorithm.

Everything is decided by the order of the graph: the same graph gives the same picture. Sizes that other boxes depend on go up in
steps (the width of a column, the number of columns, the width of the whole), so that a small change moves few boxes.
"""

from __future__ import annotations

import binascii
import bisect
import functools
import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from .measure import columns, cut, width, wrap
from .words import Words, by_host, empty, is_parent, kind_of, lack, lack_in_short, remarks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parsers.records import Record

    #: A line of a box: the id of a port (or None), text, state, depth.
    _Text = tuple[str | None, str, str, int]


_LINE = 18  # the height of a line of text
_PAD = 9  # between a box's border and its text
_TRACK = 7  # between two lines that run side by side
_NEAR = 3  # lines that are nearer than this look like one
_LOWER = 6  # between two lines that meet a box at one place
_GAP, _CLOSE = 14, 5  # the least space between boxes; between many
_BAR = 24  # the height of a bus
_NAME, _TITLE = 64, 38  # columns that a line and a title may take; a title among many boxes
_ROW = 1200  # the width of a row of bars
_BESIDE = 4  # rooms that may stand beside one that owns a bus
_MANY = 40  # more boxes than this in one grid are squeezed
_WOVEN = 4  # more cables than this to a second or third bus of a room: these buses share one grid
_RATIO, _WIDE = 4 / 3, 1.7  # of a grid; of one with many boxes, for the row of its owner stands above it
_BALANCED = 3  # columns at the end of such a grid that have the same length
_STEP = 28  # columns are so many pixels wide, or a multiple; a multiple of tracks, as all widths are that others depend on
_LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16, 20, 23, 26, 29, 32, 36, 40, 44, 48)  # rows that a grid may have, more or less


class Box(NamedTuple):
    """A room, a fold or a cloud, placed. ``lines`` are (id of the port or None, text, state, depth)."""

    id: str
    kind: str
    title: str
    subtitle: str
    lines: tuple[tuple[str | None, str, str, int], ...]
    x: float
    y: float
    width: float
    height: float
    full: str
    compact: bool = False
    lacks: bool = False  # the subtitle says that there is no way out


class Bar(NamedTuple):
    """A bus, placed."""

    id: str
    title: str
    kind: str
    state: str
    x: float
    y: float
    width: float
    height: float
    full: str


class Line(NamedTuple):
    """A cable, placed: its points, and the ids of its ends. Lines of one ``net`` may share a stretch, as they are connected."""

    id: str
    ends: tuple[str, str]
    certain: bool
    kind: str
    title: str
    points: tuple[tuple[float, float], ...]
    net: Any = None

    @property
    def is_parent(self) -> bool:
        """Whether the line leads from a link to the link it stands on (vlan, macvlan); such lines are dashed."""
        return is_parent(self.kind)


class Scene(NamedTuple):
    """Everything to draw, and the size of the whole."""

    boxes: list[Box]
    bars: list[Bar]
    lines: list[Line]
    frames: list[tuple[str, float, float, float, float]]  # a host around its rooms: title, x, y, width, height
    width: float
    height: float


def place(graph: Record) -> Scene:
    """The scene of a graph (of :mod:`netwrap.answers.topology`, whole, filtered or folded)."""
    scene = _Placer(graph).scene() if len(graph["hosts"]) < 2 else _framed(graph)
    return scene._replace(lines=_in_phase(scene.lines))


def _framed(graph: Record) -> Scene:
    """One scene of many hosts: each in a frame with its title, the frames in rows, the tunnels between hosts around them.

    Such a tunnel leaves its host at the top, where its gate is, and goes on in the space above the row of the frame.
    """
    far = [cable for cable in graph["cables"] if cable["kind"] == "tunnel"]
    whole = Scene([], [], [], [], 0, 0)
    frames = []  # the placer of each host, its title, scene, and size
    for host, part in by_host(graph):
        own = {end for item in (*part["ports"], *part["clouds"]) for end in _ends_of(item)}
        placer = _Placer(part, [cable for cable in far if len(own.intersection(cable["ends"])) == 1], own)
        title = cut(host["title"], _NAME)
        least = width(title) * 1.08 + 2 * _GAP
        scene = placer.scene(least)
        frames.append((placer, title, scene, max(scene.width, least), scene.height + _LINE))
    area = sum((wide + _GAP) * (high + _GAP) for *_, wide, high in frames)
    limit = max([(_RATIO * area) ** 0.5, *(wide for *_, wide, _ in frames)])
    x, row, places = float(_GAP), 0, []
    for *_, wide, _ in frames:
        if x > _GAP and x + wide > limit + _GAP:
            x, row = _GAP, row + 1
        places.append((x, row))
        x += round(wide) + _GAP
    right = max(x + round(frame[3]) + _GAP for (x, _), frame in zip(places, frames))
    touched: dict[Any, list[tuple[int, float]]] = {}  # net -> (row, x) of its gates
    for (placer, *_), (x, row) in zip(frames, places):
        for net in placer.gates:
            touched.setdefault(net, []).append((row, x + placer.gate_x(net)))
    lanes = _tracks({net: (min(gates)[0], max(gates)[0]) for net, gates in touched.items() if min(gates)[0] < max(gates)[0]})
    above: list[dict[Any, float]] = []  # for each row the heights of the nets above it
    tops, y = [], float(_GAP)
    for number in range(row + 1):
        spans = {net: [at for row, at in gates if row == number] for net, gates in touched.items()}
        tracks = _tracks({net: (min(at), right if net in lanes else max(at)) for net, at in spans.items() if at})
        above.append({net: y + _TRACK * track for net, track in tracks.items()})
        y += _TRACK * (max(tracks.values()) + 2) if tracks else 0
        tops.append(y)
        y += max(frame[4] for frame, (_, row) in zip(frames, places) if row == number) + _GAP
    ways: dict[tuple[str, str], list[tuple[float, float]]] = {}  # (cable, end) -> its way to the space above its frame
    for (placer, title, scene, wide, high), (x, row) in zip(frames, places):
        top = tops[row] + _LINE
        whole.boxes.extend(box._replace(x=box.x + x, y=box.y + top) for box in scene.boxes)
        whole.bars.extend(bar._replace(x=bar.x + x, y=bar.y + top) for bar in scene.bars)
        whole.lines.extend(
            line._replace(points=tuple((at + x, height + top) for at, height in line.points)) for line in scene.lines
        )
        whole.frames.append((title, x, tops[row], wide, high))
        for cable, end, net, way in placer.leaving:
            points = [(at + x, height + top) for at, height in way()]
            points += [(points[-1][0], above[row][net])]
            ways[cable["id"], end] = [*points, *([(right + _TRACK * lanes[net], above[row][net])] if net in lanes else [])]
    hosts = {host["id"]: host["title"] for host in graph["hosts"]}
    words = Words(graph)
    words.titles = {room["id"]: f"{words.titles[room['id']]} of {hosts[room['host']]}" for room in graph["rooms"]}
    for cable in far:
        one, other = cable["ends"]
        if (cable["id"], one) in ways and (cable["id"], other) in ways:
            points = [*ways[cable["id"], one], *reversed(ways[cable["id"], other])]
            net = cable["ends"][1] if cable["ends"][1].startswith("c") else cable["id"], "tunnel"
            whole.lines.append(Line(cable["id"], (one, other), cable["certain"], "tunnel", words.of_cable(cable),
                                    _straightened(points), net))  # fmt: skip
    wide = right + _TRACK * (max(lanes.values()) + 2) if lanes else right
    return whole._replace(width=wide, height=y)


def _ends_of(item: Record) -> list[str]:
    """The ids by which cables name a port, or the lines of a cloud."""
    return [f"{item['id']}l{number}" for number in range(len(item["lines"]))] if "lines" in item else [item["id"]]


class _Cell:
    """A box before it has a place."""

    def __init__(self, name: str, kind: str, title: str, subtitle: str, lines: list[_Text]) -> None:
        self.id, self.kind, self.full = name, kind, title
        self.title, self.subtitle, self.lines = cut(title, _NAME), cut(subtitle, _NAME), lines
        self.compact, self.lacks, self.more = False, False, ""
        self.bus: Record | None = None  # of a bar that stands in a grid, as a box does
        self.slots: dict[Any, int] = {}  # of such a bar: the nets that it is an end of
        self.indent = 0  # of what hangs on the box above
        self.shorten: Any = (
            (lambda: lines) if len(lines) == 1 and not subtitle else None
        )  # makes the lines of what can be squeezed
        self.measure()
        self.at: dict[str | None, float] = {}  # where the line of a port is, below the top
        self._place_lines(_PAD + _LINE * (1 + bool(subtitle)))
        self.x = self.y = 0.0
        self.block: _Block | None = None
        self.row = self.column = 0

    def measure(self) -> None:
        """Compute the size from the texts."""
        widest = max(
            [
                columns(self.title) * 1.08,
                columns(self.subtitle),
                *(columns(text) + 2 + 2 * depth for _, text, _, depth in self.lines),
            ]
        )
        self.width = math.ceil(widest * width("x")) + 2 * _PAD + 4
        self.height = 2 * _PAD + _LINE * (1 + bool(self.subtitle) + len(self.lines))

    def _place_lines(self, top: float) -> None:
        self.at = {line[0]: top + _LINE * (number + 0.5) for number, line in reversed([*enumerate(self.lines)])}

    def squeeze(self) -> None:
        """Put a title beside the lines (in their short form): hundreds of rooms are small."""
        if self.bus is not None:
            return
        self.title = cut(self.title, _TITLE)
        if self.shorten is None:
            self.measure()
        elif not self.compact:
            short, texts = self.shorten(), [text for _, text, _, _ in self.lines]
            self.more = "" if short == self.lines else f"  {'; '.join(texts)}  {self.subtitle}".rstrip()
            self.compact, self.subtitle, self.lines = True, "", short
            widest = max(columns(text) + 2 * depth for _, text, _, depth in short)
            self.width = math.ceil((columns(self.title) * 1.08 + widest + 4) * width("x")) + _PAD
            self.height = _LINE * len(self.lines) + 4
            self._place_lines(2)

    def stack(self) -> None:
        """Put the title of a squeezed box above its lines again."""
        self.compact = False
        self.measure()
        self._place_lines(_PAD + _LINE)

    def port_at(self, port: str, net: Any, right: bool = False, lower: float = 0) -> tuple[float, float]:
        """Where the line of a port meets the left side of the box, or the right one; ``lower`` keeps two lines of it apart."""
        if self.bus is not None:
            height = self.height * (self.slots[net] + 1) / (len(self.slots) + 1)
        else:
            height = self.at.get(port, _PAD + _LINE / 2) + lower
        return self.x + (self.width if right else 0), self.y + height


def _height(cell: _Cell, port: str, net: Any, lower: float) -> float:
    return cell.port_at(port, net, lower=lower)[1]


def _block_of(cell: _Cell) -> _Block:
    assert cell.block is not None
    return cell.block


class _Block:
    """A bus with the rooms under it, or rooms alone, column by column; or, with ``across`` boxes in a row, row by row."""

    def __init__(self, bus: Record | None, cells: list[_Cell], across: int = 0, tier: str = "") -> None:
        self.bus, self.cells, self.tier = bus, cells, tier  # blocks of different tiers stand on different shelves
        self.in_rows = across > 0
        places = [number % across for number in range(len(cells))] if self.in_rows else _columns(cells, tier.startswith("grid"))
        self.across = across or max(places, default=0) + 1
        for number, (cell, column) in enumerate(zip(cells, places)):
            cell.block, cell.column = self, column
            cell.row = number // across if self.in_rows else number - places.index(column)
        self.x = self.y = 0.0
        # Left of each column: net -> the heights that it touches there, each as a function; and net -> track.
        self.gutters: list[dict[Any, list[Any]]] = [{} for _ in range(self.across)]
        self.tracks: list[dict[Any, int]] = [{} for _ in range(self.across)]
        self.jogs: list[dict[Any, int]] = [
            {} for _ in range(self.across)
        ]  # nets from the box on the left: their tracks come first
        self.stubs: list[dict[Any, Any]] = [{} for _ in range(self.across)]  # net of a jog -> function: its heights at both boxes
        self.lowered: set[Any] = set()  # nets of jogs that could not be put in order
        self.entries: dict[Any, int] = {}  # nets that come to the bar from above
        self.shelf = 0
        self.bar_width = math.ceil((width(_bar_title(bus)) + 40) / _TRACK) * _TRACK if bus is not None else 0
        self.right = 0.0
        self.column_widths: list[float] = []
        self.tops: list[float] = []  # of the boxes, below the top of the block
        self.gutter_lefts: list[float] = []
        self.measure()

    @property
    def title(self) -> str:
        return self.bus["title"] if self.bus is not None else self.cells[0].full if self.cells else ""

    # All sizes follow from how many nets use a way; they are known once the nets are led.
    def gutter_width(self, number: int) -> float:
        return _GAP + _TRACK * (len(self.jogs[number]) + max(self.tracks[number].values(), default=-1) + 1)

    def measure(self) -> None:
        """Compute the sizes of rows and columns; done once, as the boxes of a block do not change."""
        self.column_widths = [0.0] * self.across
        rows = [0.0] * (max((cell.row for cell in self.cells), default=-1) + 1)
        used = [self.head] * self.across
        for cell in self.cells:
            self.tops.append(used[cell.column])
            used[cell.column] += cell.height + self.row_gap
            rows[cell.row] = max(rows[cell.row], cell.height)
            wide = -(-(cell.width + cell.indent) // _STEP) * _STEP
            self.column_widths[cell.column] = max(self.column_widths[cell.column], wide)
        if self.in_rows:
            starts = [self.head + sum(rows[:row]) + self.row_gap * row for row in range(len(rows))]
            self.tops = [starts[cell.row] for cell in self.cells]

    @property
    def row_gap(self) -> float:
        return _CLOSE if len(self.cells) > _MANY else _GAP

    @property
    def head(self) -> float:
        """The height of the bar and of the space below it."""
        return _BAR + _GAP if self.bus is not None else 0

    @property
    def width(self) -> float:
        bar = self.bar_width + _TRACK * len(self.entries) if self.bus is not None else 0
        return max(sum(self.column_widths) + sum(self.gutter_width(number) for number in range(self.across)), bar)

    @property
    def height(self) -> float:
        return max([self.head, *(top + cell.height for top, cell in zip(self.tops, self.cells))])

    def use(self, column: int, net: Any, *heights: Any) -> None:
        """Note that a net uses the gutter left of a column, between these heights."""
        self.gutters[column].setdefault(net, []).extend(heights)

    def assign(self) -> None:
        """Assign tracks in the gutters, once all nets are led.

        Those between two boxes are ordered so that the way out of the left box ends before one into the right box begins, and
        that of two that go down the lower one comes first, of two that go up the higher one: else these would cross.
        """
        self.settle(0, 0)
        for nets, tracks in zip(self.gutters, self.tracks):
            spans = {net: (min(at() for at in heights) - _NEAR, max(at() for at in heights)) for net, heights in nets.items()}
            tracks.update(_tracks(spans))
        for jogs, stubs in zip(self.jogs, self.stubs):
            heights = {net: at() for net, at in stubs.items()}
            rest = sorted(jogs, key=lambda net: _turn(*heights[net]))
            jogs.clear()
            while rest:
                ends = {other: heights[other][0] for other in rest}
                free = (net for net in rest if all(abs(ends[one] - heights[net][1]) >= _NEAR for one in rest if one != net))
                net = next(free, None)
                if net is None:  # each waits for another one: this one comes to the right box a little lower
                    net = rest[0]
                    self.lowered.add(net)
                jogs[net] = len(jogs)
                rest.remove(net)

    def settle(self, x: float, y: float) -> None:
        """Give every cell its place, with the block at ``x``, ``y``."""
        self.x, self.y, self.right = x, y, x + self.width
        lefts, left = [], x
        self.gutter_lefts = []
        for column, wide in enumerate(self.column_widths):
            self.gutter_lefts.append(left)
            left += self.gutter_width(column)
            lefts.append(left)
            left += wide
        for cell, top in zip(self.cells, self.tops):
            cell.x, cell.y = lefts[cell.column] + cell.indent, y + top

    def gutter_x(self, number: int, net: Any) -> float:
        """The position of a net in the gutter left of a column."""
        jogs = self.jogs[number]
        track = jogs[net] if net in jogs else len(jogs) + self.tracks[number][net]
        return self.gutter_lefts[number] + _GAP / 2 + _TRACK * track + _TRACK // 2

    def entry_x(self, net: Any) -> float:
        """The position where a net comes to the bar from above."""
        return self.right - _GAP - _TRACK * (len(self.entries) - self.entries[net]) + _TRACK // 2


def _turn(start: float, end: float) -> tuple[int, float, float]:
    """Order the tracks of lines between two boxes: first those that go down, the lowest of them before the others.

    >>> sorted([(10, 30), (20, 10), (20, 40), (30, 20)], key=lambda heights: _turn(*heights))
    [(20, 40), (10, 30), (20, 10), (30, 20)]
    """
    way = -1 if start < end else 1
    return way, way * start, way * end


def _columns(cells: list[_Cell], is_wide: bool) -> list[int]:
    """The column of each box, so that the whole is about four wide to three high.

    Columns are about equally long; which boxes begin a column is decided by their names, so that one box more moves only those
    below it in its column. The box in the middle (by size) stands for all, and the length of a column has few values. Lengths are
    multiples of the height of this box.
    """
    if not cells:
        return []
    gap = _CLOSE if len(cells) > _MANY else _GAP
    wide = -(-sorted(cell.width for cell in cells)[len(cells) // 2] // _STEP) * _STEP + (4 if is_wide else 2) * _GAP
    high = sorted(cell.height for cell in cells)[len(cells) // 2] + gap
    ends = list(itertools.accumulate((cell.height + gap) / high for cell in cells))
    best = (ends[-1] * wide / high / (_WIDE if is_wide or len(cells) > _MANY else _RATIO)) ** 0.5
    long = min(_LENGTHS, key=lambda length: max(length / best, best / length))
    slack = min((long + 1) // 4, 2)
    found: list[int] = []
    while len(found) < len(cells):
        start, until = ends[len(found) - 1] if found else 0, len(cells)
        rest = ends[-1] - start
        left = max(round(rest / long), 1)
        if len(cells) > _MANY and 1 < left <= _BALANCED:  # so that the last column is not much longer than the others
            until = bisect.bisect_left(ends, start + rest / left - 0.01) + 1
            while until < len(cells) and cells[until].indent:
                until += 1
        elif rest > long + max(slack, long // 2):  # the last column may be longer
            first = bisect.bisect_left(ends, start + long - slack - 0.01) + 1
            last = max(bisect.bisect_left(ends, start + long + slack + 0.01), first)
            window = range(first, min(last + 1, len(cells)))  # empty if the last box is higher than a column
            until = min(window, default=len(cells), key=lambda place: (
                cells[place].kind == "cloud" or cells[place].indent > 0, _lot(cells[place].full)))  # fmt: skip
        found += [found[-1] + 1 if found else 0] * (until - len(found))
    return found


def _that_fit(blocks: list[_Block], limit: float) -> int:
    """How many blocks stand on the next shelf: of the numbers that fill it more or less, one that depends on names."""
    used, fits = 0.0, [1]
    for number, block in enumerate(blocks, 1):
        before, used = used, used + block.width + 3 * _GAP
        if number > 1 and used > limit:
            return min(fits, key=lambda fit: _lot(blocks[fit].title))
        fits = [*(fits if before >= limit * 0.7 else ()), number]
    return len(blocks)


def _lot(title: str) -> int:
    """A number that depends on a title alone."""
    return binascii.crc32(title.encode("utf-8", "replace"))


def _bar_title(bus: Record, limit: int = 2 * _NAME) -> str:
    return cut(f"{bus['words']}  {bus['subtitle']}", limit)


def _wrapped(name: str, text: str, state: str, depth: int) -> list[_Text]:
    """The lines of a box for a link; those after the first belong to no link, so that cables end at the first."""
    if len(text) <= _NAME and text.isascii() and text.isprintable():
        return [(name, text, state, depth)]
    first, *more = (cut(part, _NAME) for part in wrap(text, _NAME))
    return [(name, first, state, depth), *((None, part, "", depth + 1) for part in more)]


def _bundled(graph: Record) -> Record:
    """The graph where a room with many cables to other rooms has them on a bar of their own, as if this was a bus.

    No line leads from the room to the bar, for there is no such cable: both tell the number of cables.
    """
    if len(graph["rooms"]) <= _MANY:
        return graph
    ports: dict[str, Record] = {port["id"]: port for port in graph["ports"]}
    beside: dict[str, list[str]] = {}  # room -> its ports with such cables
    for cable in graph["cables"]:
        ends = [ports.get(end) for end in cable["ends"]]
        if all(ends) and not is_parent(cable["kind"]) and cable["kind"] != "tunnel":
            for near, far in (ends, ends[::-1]):
                if near and far and not near["bus"] and not far["bus"] and near["room"] != far["room"]:
                    beside.setdefault(near["room"], []).append(near["id"])
    buses: list[Record] = []
    rooms = {room["id"]: room for room in graph["rooms"]}
    for name, found in beside.items():
        if len(found) > _MANY and name in rooms:
            room, bus, own = rooms[name], f"b{name}", f"{name}n"
            rooms[name] = {**room, "ports": [*room["ports"], own]}
            ports.update((port, {**ports[port], "bus": bus}) for port in found)
            blank: Record = {
                "addresses": [],
                "mtu": None,
                "odd_mtu": False,
                "bus": None,
                "under": None,
                "detail": "",
                "vlans": None,
            }
            ports[own] = {"id": own, "room": name, "name": f"{len(found)} cables", "kind": "cables", "state": "up", **blank}
            buses.append({"id": bus, "host": room["host"], "room": name, "port": own, "title": f"{len(found)} cables",
                                   "kind": "cables", "of": room["title"], "filters": None})  # fmt: skip
    if not buses:
        return graph
    return {**graph, "rooms": [*rooms.values()], "ports": [*ports.values()], "buses": [*graph["buses"], *buses]}


class _Placer:
    def __init__(self, graph: Record, far: Iterable[Record] = (), own: Iterable[str] = ()) -> None:
        """``far``: the cables to other hosts, each with one end among ``own``."""
        self.graph = graph = _bundled(graph)
        self.cables_out = [(cable, end) for cable in far for end in cable["ends"] if end in own]
        self.gates: dict[Any, int] = {}  # net of a tunnel to other hosts -> its place at the right of all lanes
        self.leaving: list[tuple[Record, str, Any, Any]] = []  # (cable, its end here, net, way to the gate)
        self.ports: dict[str, Record] = {port["id"]: port for port in graph["ports"]}
        self.rooms: dict[str, Record] = {room["id"]: room for room in graph["rooms"]}
        self.buses: dict[str, Record] = {bus["id"]: dict(bus) for bus in graph["buses"]}
        self.words = Words(graph)
        self.titles, self.far = self.words.titles, self.words.far
        for bus in self.buses.values():
            port = self.ports.get(bus["port"])
            bus["state"] = port["state"] if port is not None else "unknown"
            bus["words"] = self.words.of(port) if port is not None else bus["title"]
            is_bundle = bus["kind"] == "cables"
            bus["subtitle"] = (
                f"(of {bus['of']}, to one namespace each: no bridge)" if is_bundle else f"({kind_of(bus, bus['of'])})"
            )
        self.cells: dict[str, _Cell] = {}
        self.cell_of: dict[str, _Cell] = {}  # id of a port, a line of a cloud -> its box
        self.blocks: list[_Block] = []
        self.block_of_bus: dict[str, _Block] = {}
        self.bars: dict[str, _Cell] = {}  # bus -> its bar, where this stands in a grid
        self.counts: dict[str, dict[str, int]] = {}
        self.nested: set[str] = set()  # those that hang on a room
        self.ends_of: dict[str, set[tuple[str, str]]] = {}

    # -- boxes ------------------------------------------------------------------------------------------------------------

    def _cell_of_room(self, room: Record) -> _Cell:
        lines: list[_Text] = []
        own = [self.ports[port] for port in room["ports"] if port in self.ports and not self.ports[port]["bus"]]
        under: dict[str | None, list[Record]] = {}
        known = {port["id"] for port in own}
        for port in own:
            under.setdefault(port["under"] if port["under"] in known else None, []).append(port)

        def add(parent: str | None, depth: int) -> None:
            for port in under.pop(parent, ()):
                lines.extend(_wrapped(port["id"], self.words.of(port), port["state"], min(depth, 3)))
                add(port["id"], depth + 1)

        add(None, 0)
        for rest in list(under):
            add(rest, 1)
        if not lines or not room.get("captured", True):
            lines.append((None, empty(room), "" if room.get("captured", True) else "unknown", 0))
        kind = "fold" if room.get("folded") else "room"
        subtitle = ", ".join(remarks(room))
        if kind == "fold":
            names = [other["title"] for other in room["folded"]]
            lines[:0] = [(None, subtitle, "lack", 0)] if subtitle else []
            subtitle = f"{'like these: ' if room['shapes'] == 1 else ''}{names[0]} … {names[-1]}"
        cell = _Cell(room["id"], kind, room["title"], subtitle, lines)
        cell.lacks = kind == "room" and bool(lack(room))
        if own and subtitle == lack(room):
            cell.shorten = lambda: self._short(room, lines)
        return cell

    def _short(self, room: Record, lines: list[_Text]) -> list[_Text]:
        """The lines of a box in their short form."""
        named = [(name, state, depth) for name, _, state, depth in lines if name is not None]
        texts = [self.words.of(self.ports[name], short=True) for name, _, _ in named]
        texts[-1] = "  ".join(filter(None, [texts[-1], lack_in_short(room)]))
        return [(name, cut(text, _NAME), state, depth) for (name, state, depth), text in zip(named, texts)]

    def _bar(self, name: str) -> _Cell:
        """The bar of a bus that stands in a grid."""
        bus = self.buses[name]
        title = f"{bus['words']}  ({kind_of(bus)})" if name in self.nested else _bar_title(bus)
        self.bars[name] = cell = _Cell(bus["id"], "bar", title, "", [])
        cell.bus = bus
        cell.width = math.ceil(width(cell.title)) + 40
        cell.height = max(_BAR, 5 * (len(self._nets_of(name)) + 1))
        return cell

    def _cell_of_cloud(self, cloud: Record) -> _Cell:
        lines = [
            line for number, text in enumerate(cloud["lines"]) for line in _wrapped(f"{cloud['id']}l{number}", text, "cloud", 0)
        ]
        return _Cell(cloud["id"], "cloud", cloud["title"], "", lines)

    # -- blocks -----------------------------------------------------------------------------------------------------------

    def _woven(self) -> list[tuple[list[str], list[str]]]:
        """Buses that have many rooms in common, and the rooms on them: their bars stand above one grid."""
        groups = {bus: [bus] for bus in self.buses}
        rooms_of: dict[str, list[str]] = {}  # bus -> the rooms of which it is the first bus
        for room in self.rooms:
            first, *others = self._count(room) or [""]
            rooms_of.setdefault(first, []).append(room)
            for bus in others:
                if groups[bus] is not groups[first]:
                    groups[first] += groups[bus]
                    groups.update(dict.fromkeys(groups[bus], groups[first]))
        found = []
        order = {bus: number for number, bus in enumerate(self.buses)}
        for buses in {id(group): group for group in groups.values() if len(group) > 1}.values():
            above = {self.buses[bus]["room"] for bus in buses}
            rooms = [room for bus in buses for room in rooms_of.get(bus, ()) if room not in above]
            if sum(len(self._count(room)) - 1 for room in rooms) > _WOVEN:
                rooms.sort(key=lambda room: sorted(map(order.__getitem__, self._count(room))))
                found.append((sorted(buses, key=order.__getitem__), rooms))
        return found

    def _nests(self, woven: list[tuple[list[str], list[str]]]) -> dict[str, dict[str, list[str]]]:
        """The small bridges of rooms that stand in a grid: room -> bridge -> the rooms that are only on this bridge.

        A room that is on the buses of a grid by a port of its own bridge joins the rooms of the grid.
        """
        on: dict[str, list[str]] = {}  # bus -> its rooms
        for room in self.rooms if woven else ():
            for bus in self._count(room):
                on.setdefault(bus, []).append(room)
        owners = {bus["room"] for bus in self.buses.values()}
        shared = {name for buses, _ in woven for name in buses}
        taken = {room for _, rooms in woven for room in rooms} | {self.buses[name]["room"] for name in shared}
        found: dict[str, dict[str, list[str]]] = {}
        for buses, rooms in woven:
            ports = [port["id"] for port in self.ports.values() if port["bus"] in buses]
            beside = {self._bus_at(far) for port in ports for far in self.far.get(port, ())}
            here = {*rooms}
            for name in [name for name in self.buses if ports and name not in shared]:
                owner, members = self.buses[name]["room"], on.get(name, [])
                if owner not in here and (owner in taken or owner not in self.rooms or name not in beside):
                    continue
                if len(members) <= _BESIDE and all(len(self._count(room)) == 1 and room not in owners for room in members):
                    rooms += [] if owner in here else [owner]
                    here.add(owner)
                    found.setdefault(owner, {})[name] = members
            taken |= here
        return found

    def _home(self, room: Record) -> str | None:
        """The bus that a room stands under: the one that most of its ports lead to, the first of equals."""
        count = self._count(room["id"])
        return max(count, key=lambda bus: count[bus]) if count else None

    def _count(self, room: str) -> dict[str, int]:
        """The buses of other rooms that a room's ports lead to, each with the number of ports."""
        if room in self.counts:
            return self.counts[room]
        count = self.counts[room] = {}
        for port in self.rooms[room]["ports"]:
            for end in self.far.get(port, ()) if port in self.ports and not self.ports[port]["bus"] else ():
                other = self.ports.get(end)
                bus = end if end in self.buses else str(other["bus"]) if other is not None else ""
                if bus in self.buses and self.buses[bus]["room"] != room:
                    count[bus] = count.get(bus, 0) + 1
        return count

    def _make_blocks(self) -> None:
        for room in self.graph["rooms"]:
            self._remember(self._cell_of_room(room))
        clouds: dict[str, list[_Cell]] = {}
        for cloud in self.graph["clouds"]:
            cell = self._cell_of_cloud(cloud)
            self._remember(cell)
            clouds.setdefault(cloud["near"], []).append(cell)
        homes: dict[str, list[_Cell]] = {bus: [] for bus in self.buses}
        owners = {bus["room"] for bus in self.buses.values()}
        woven = self._woven()
        nests = self._nests(woven)
        self.nested.update(name for bridges in nests.values() for name in bridges)
        placed = {name for _, rooms in woven for name in rooms}
        owners -= placed
        placed |= {name for bridges in nests.values() for members in bridges.values() for name in members}
        for room in self.graph["rooms"]:
            home = self._home(room) if room["id"] not in owners | placed else None
            if home is not None:
                homes[home] += [self.cells[room["id"]], *clouds.pop(room["id"], ())]
                placed.add(room["id"])
        for room in self.graph["rooms"]:
            if room["id"] in owners:
                around = clouds.pop(room["id"], [])  # the first at the left, the others at the right
                cells = [*around[:1], self.cells[room["id"]], *around[1:]]
                for other in self._attached(room, owners | placed):
                    cells += [self.cells[other], *clouds.pop(other, ())]
                    placed.add(other)
                self._block(None, cells, len(cells), tier="owners")
                placed.add(room["id"])
        for number, (buses, rooms) in enumerate(woven):
            for name in buses:
                self._bar(name)
            across = max(_ROW // max(int(self.bars[name].width) for name in buses), 1)
            self._block(None, [self.bars[name] for name in buses], min(across, len(buses)), f"bars {number}")
            cells = []
            for name in rooms:
                cells += [self.cells[name], *clouds.pop(name, ())]
                for inner, members in nests.get(name, {}).items():
                    hanging = [self._bar(inner), *(self.cells[other] for other in members), *clouds.pop(inner, ())]
                    hanging[1:1] = [cloud for other in members for cloud in clouds.pop(other, ())]
                    for cell in hanging:
                        cell.indent = _PAD if cell is hanging[0] else 2 * _PAD
                    cells += hanging
            for name in buses:
                cells += clouds.pop(name, ())
            self._block(None, cells, tier=f"grid {number}")
        for bus in self.buses.values():
            if bus["id"] not in self.bars:
                self._block(bus, homes[bus["id"]] + clouds.pop(bus["id"], []))
        alone: list[_Cell] = []
        for chain in self._chains([room["id"] for room in self.graph["rooms"] if room["id"] not in placed]):
            cells = clouds.pop(chain[0], []) if len(chain) > 1 else []  # so that rooms stand beside each other
            for name in chain:
                cells += [self.cells[name], *clouds.pop(name, ())]
            if len(cells) == 1 and not any(self.far.get(port) for port in self.rooms[chain[0]]["ports"]):
                alone += cells
            else:
                self._block(None, cells, min(len(cells), 5) if self._is_row(chain) else 0)
        if alone:
            self._block(None, alone)

    def _is_row(self, chain: list[str]) -> bool:
        """Whether each room of a group is cabled to its neighbours in the group at most."""
        near: dict[str, set[str]] = {}
        for name in chain:
            ends = (self.ports.get(end) for port in self.rooms[name]["ports"] for end in self.far.get(port, ()))
            near[name] = {end["room"] for end in ends if end is not None}
        return all(len(near[name] - {name}) <= 2 for name in chain)

    def _attached(self, room: Record, placed: set[str]) -> list[str]:
        """The rooms (if few) that are cabled to this one only: they stand beside it."""
        found: dict[str, None] = {}
        for port in room["ports"]:
            for end in self.far.get(port, ()):
                other = self.ports.get(end)
                if other is not None and other["room"] in self.rooms and other["room"] not in placed and not other["bus"]:
                    ends = [far for near in self.rooms[other["room"]]["ports"] for far in self.far.get(near, ())]
                    if all(far not in self.ports or self.ports[far]["room"] == room["id"] for far in ends):
                        found[other["room"]] = None
        return list(found) if len(found) <= _BESIDE else []

    def _remember(self, cell: _Cell) -> None:
        self.cells[cell.id] = cell
        for name, *_ in cell.lines:
            if name is not None:
                self.cell_of[name] = cell

    def _block(self, bus: Record | None, cells: list[_Cell], across: int = 0, tier: str = "") -> None:
        if len(cells) > _MANY:
            for cell in cells:
                cell.squeeze()
        if len(cells) > _MANY and tier:  # a few wide boxes would make all columns wide
            usual = sorted(cell.width for cell in cells)[len(cells) // 2]
            for cell in cells:
                if cell.compact and cell.width + cell.indent > 1.1 * usual:
                    cell.stack()
        block = _Block(bus, cells, across, tier)
        self.blocks.append(block)
        if bus is not None:
            self.block_of_bus[bus["id"]] = block

    def _chains(self, names: list[str]) -> list[list[str]]:
        """Groups of rooms joined by cables, each in the order of its chain: from one end, room by room.

        A group with branches begins with its first room; one with rings and branches keeps the order of the graph.
        """
        near: dict[str, list[str]] = {name: [] for name in names}
        rank = {name: number for number, name in enumerate(names)}
        for name in names:
            for port in self.rooms[name]["ports"]:
                for end in self.far.get(port, ()):
                    other = self.ports.get(end)
                    if other is not None and other["room"] in near and other["room"] != name:
                        near[name].append(other["room"])
        chains: list[list[str]] = []
        seen: set[str] = set()
        for first in names:
            if first in seen:
                continue
            chain = _walk(first, near)
            seen.update(chain)
            degrees = [len(set(near[name])) for name in chain]
            if max(degrees) <= 2:  # a row: from the end that is nearest to its first room
                start = next((name for name in _breadth_first(first, near) if len(set(near[name])) < 2), first)
                chain = _walk(start, near)
            elif sum(degrees) > 2 * (len(chain) - 1):
                chain.sort(key=rank.__getitem__)
            chains.append(chain)
        return chains

    # -- the whole ----------------------------------------------------------------------------------------------------------

    def scene(self, least: float = 0) -> Scene:
        """The scene; gates are at the right of ``least``."""
        self._make_blocks()
        self._shelve()
        ways = self._lead()
        self._lead_out()
        total = self._settle(least)
        boxes = [Box(cell.id, cell.kind, cell.title, cell.subtitle, tuple(cell.lines), cell.x, cell.y, cell.width, cell.height,
                     cell.full + cell.more, cell.compact, cell.lacks)
                 for block in self.blocks for cell in block.cells if cell.bus is None]  # fmt: skip
        bars = [Bar(cell.id, cell.title, cell.bus["kind"], cell.bus["state"], cell.x, cell.y, cell.width, cell.height,
                    _bar_title(cell.bus, 10_000)) for cell in self.bars.values() if cell.bus is not None]  # fmt: skip
        bars += [Bar(block.bus["id"], _bar_title(block.bus), block.bus["kind"], block.bus["state"], block.x, block.y,
                    block.width, _BAR, _bar_title(block.bus, 10_000))
                for block in self.blocks if block.bus is not None]  # fmt: skip
        lines = [Line(cable["id"], self._ends(cable), cable["certain"], cable["kind"],
                      self.words.of_cable(cable), _straightened(way()), net) for cable, way, net in ways]  # fmt: skip
        return Scene(boxes, bars, lines, [], *total)

    def _shelve(self) -> None:
        """Put blocks on shelves, so wide that the whole is about 4:3."""
        self.shelves: list[list[_Block]] = []
        area = sum((block.width + 3 * _GAP) * (block.height + 3 * _GAP) for block in self.blocks)
        limit = max([(_RATIO * area) ** 0.5, *(block.width for block in self.blocks)], default=0)
        limit = 400 * 1.3 ** math.ceil(math.log(max(limit, 400) / 400, 1.3))
        for _, found in itertools.groupby(self.blocks, key=lambda block: block.tier):
            rest = list(found)
            while rest:
                fit = _that_fit(rest, limit)
                for block in rest[:fit]:
                    block.shelf = len(self.shelves)
                self.shelves.append(rest[:fit])
                rest = rest[fit:]
        # Avenue 0 is above all shelves, avenue N below shelf N - 1; for each net the places that it touches there.
        self.avenues: list[dict[Any, list[Any]]] = [{} for _ in range(len(self.shelves) + 1)]
        self.main: dict[Any, tuple[float, float]] = {}  # right of all: net -> the avenues that it joins

    def _lead(self) -> list[tuple[Record, Any, Any]]:
        """Choose the ways of each cable, and note which ways it uses; the points follow when everything has a place."""
        ways = []
        for cable in self.graph["cables"]:
            one, other = cable["ends"]
            ends = [self._terminal(one), self._terminal(other)]
            if ends[0] is None or ends[1] is None or self._bus_at(one) == self._bus_at(other) is not None:
                continue
            net = self._net(cable)
            for kind, cell, _ in filter(None, ends):
                if kind == "box" and cell.bus is not None:
                    cell.slots.setdefault(net, len(cell.slots))
            ways.append((cable, self._way(net, ends[0], ends[1]), net))
        return ways

    def _lead_out(self) -> None:
        """Choose the ways of the tunnels to other hosts: to the avenue above all shelves, and there to their gates."""
        for cable, end in self.cables_out:
            place = self._terminal(end)
            if place is None:
                continue
            net = cable["ends"][1] if cable["ends"][1].startswith("c") else cable["id"], "tunnel"
            if place[0] == "box" and place[1].bus is not None:
                place[1].slots.setdefault(net, len(place[1].slots))
            first, out = self._out(net, place, None)
            self.gates.setdefault(net, len(self.gates))
            self.avenues[0].setdefault(net, []).append(functools.partial(self.gate_x, net))
            if first:
                before = self.main.get(net, (0, first))
                self.main[net] = (0, max(first, before[1]))
                for avenue in (0, first):
                    self.avenues[avenue][net].append(functools.partial(self._main_x, net))
            self.leaving.append((cable, end, net, functools.partial(self._way_out, net, first, out)))

    def _way_out(self, net: Any, first: int, out: Any) -> list[tuple[float, float]]:
        way: list[tuple[float, float]] = out()
        way.append((way[-1][0], self._avenue_y(first, net)))
        if first:
            way += [(self._main_x(net), self._avenue_y(first, net)), (self._main_x(net), self._avenue_y(0, net))]
        return [*way, (self.gate_x(net), self._avenue_y(0, net)), (self.gate_x(net), 0)]

    def gate_x(self, net: Any) -> float:
        """Where a tunnel leaves for another host, at the top."""
        return self.main_left + _TRACK * (max(self.main_tracks.values(), default=-1) + 1 + self.gates[net])

    def _bus_at(self, end: str) -> str | None:
        """The bus that an end of a cable is, or is a port of."""
        bus = end if end in self.buses else self.ports[end]["bus"] if end in self.ports else None
        return bus if bus in self.buses else None

    def _net(self, cable: Record) -> tuple[str, str]:
        """The net of a cable: cables of one net may share their way.

        The certain cables of a bus are a net. Its own link is another one (a common way would look like a wire between a room
        on the bus and the room of the bus), and so are links that stand on it, as these are dashed.
        """
        sort = "parent" if is_parent(cable["kind"]) else cable["kind"] if cable["kind"] in ("own", "tunnel") else "cable"
        if sort == "tunnel" and cable["ends"][1].startswith("c"):  # one of more than two ends
            return cable["ends"][1], sort
        buses = [bus for bus in map(self._bus_at, cable["ends"]) if bus is not None]
        if len(buses) > 1:  # a bridge in a grid, and the bridge above the grid
            buses = [bus for bus in buses if bus not in self.nested]
        return (buses[0] if len(buses) == 1 and cable["certain"] else cable["id"]), sort

    def _ends(self, cable: Record) -> tuple[str, str]:
        """The ends of a cable; the last one is on the bus whose net the cable is of."""
        one, other = cable["ends"]
        return (other, one) if self._bus_at(other) in self.nested and self._bus_at(one) is not None else (one, other)

    def _nets_of(self, bus: str) -> set[tuple[str, str]]:
        """The nets that end at a bus."""
        if not self.ends_of:
            for cable in self.graph["cables"]:
                for name in {self._bus_at(end) for end in cable["ends"]} - {None}:
                    self.ends_of.setdefault(str(name), set()).add(self._net(cable))
        return self.ends_of.get(bus, set())

    def _terminal(self, end: str) -> tuple[str, Any, str] | None:
        """The thing at which an end of a cable is drawn: ``("bar", block, end)`` or ``("box", cell, end)``."""
        bus = self._bus_at(end)
        if bus in self.block_of_bus:
            return "bar", self.block_of_bus[bus], end
        cell = self.cell_of.get(end) if bus is None else self.bars[bus]
        return ("box", cell, end) if cell is not None else None

    def _way(self, net: Any, one: tuple[str, Any, str], other: tuple[str, Any, str]) -> Any:
        """A function that gives the points of a cable once everything has its place; it begins at its bar, if there is one."""
        lower = _LOWER if net[1] == "parent" else 0
        if one[0] == other[0] == "bar":
            return self._far(net, one, other)
        if one[0] == "bar":
            one, other = other, one
        cell: _Cell = one[1]
        block = _block_of(cell)
        if other[0] == "bar":
            if other[1] is not block:
                way = self._far(net, one, other)
                return lambda: way()[::-1]
            foot = functools.partial(cell.port_at, one[2], net, False, lower)
            block.use(cell.column, net, lambda: 0, lambda: foot()[1])
            return lambda: [(block.gutter_x(cell.column, net), block.y + _BAR),
                            (block.gutter_x(cell.column, net), foot()[1]), foot()]  # fmt: skip
        second: _Cell = other[1]
        if second.block is block and abs(second.column - cell.column) <= 1:
            left, right = (cell, second) if cell.column <= second.column else (second, cell)
            start, end = (one[2], other[2]) if left is cell else (other[2], one[2])
            is_beside = left.column != right.column
            if not is_beside:
                ends = ((left, start), (right, end))
                block.use(right.column, net, *(functools.partial(_height, box, port, net, lower) for box, port in ends))
            else:
                block.jogs[right.column].setdefault(net, len(block.jogs[right.column]))
                block.stubs[right.column][net] = lambda: (_height(left, start, net, lower), _height(right, end, net, lower))

            def points() -> list[tuple[float, float]]:
                x, (_, y) = block.gutter_x(right.column, net), right.port_at(end, net, lower=lower)
                y += _LOWER if net in block.lowered else 0
                first = left.port_at(start, net, is_beside, lower)
                return [first, (x, first[1]), (x, y), (right.x, y)]

            return points
        return self._far(net, one, other)

    def _far(self, net: Any, one: tuple[str, Any, str], other: tuple[str, Any, str]) -> Any:
        """The way from one shelf's avenue to another's: each end's way out, and the lanes between where the avenues differ."""
        first, out = self._out(net, one, other)
        second, back = self._out(net, other, one)
        if first != second:
            low, high = sorted((first, second))
            before = self.main.get(net, (low, high))
            self.main[net] = (min(low, before[0]), max(high, before[1]))
            for avenue in (first, second):
                self.avenues[avenue][net].append(lambda: self._main_x(net))

        def points() -> list[tuple[float, float]]:
            way = out()
            way.append((way[-1][0], self._avenue_y(first, net)))
            if first != second:
                way += [(self._main_x(net), self._avenue_y(first, net)), (self._main_x(net), self._avenue_y(second, net))]
            rest = back()
            way.append((rest[-1][0], self._avenue_y(second, net)))
            return [*way, *reversed(rest)]

        return points

    def _out(self, net: Any, end: tuple[str, Any, str], far: tuple[str, Any, str] | None) -> tuple[int, Any]:
        """The avenue of an end, and its way there: up from the top of a bar, or through the gutter of a box.

        That way is down, or up where no bar is above the box and the other end is higher (None: above all).
        """
        if end[0] == "bar":
            bar: _Block = end[1]
            bar.entries.setdefault(net, len(bar.entries))
            self.avenues[bar.shelf].setdefault(net, []).append(lambda: bar.entry_x(net))
            return bar.shelf, lambda: [(bar.entry_x(net), bar.y)]
        cell: _Cell = end[1]
        block = _block_of(cell)
        shelf = -1 if far is None else far[1].shelf if far[0] == "bar" else _block_of(far[1]).shelf
        avenue = block.shelf + (block.bus is not None or shelf >= block.shelf)
        self.avenues[avenue].setdefault(net, []).append(lambda: block.gutter_x(cell.column, net))
        out = math.inf if avenue > block.shelf else -math.inf
        start = functools.partial(cell.port_at, end[2], net, False, _LOWER if net[1] == "parent" else 0)
        block.use(cell.column, net, lambda: start()[1], lambda: out)
        return avenue, lambda: [start(), (block.gutter_x(cell.column, net), start()[1])]

    def _settle(self, least: float) -> tuple[float, float]:
        self.main_left = least if self.gates else 0.0
        for block in self.blocks:
            block.assign()
        for number, shelf in enumerate(self.shelves):
            # Lines that come to an avenue from above and from below at one place could lie on each other: not where every
            # second shelf is shifted, as all of them are some tracks from the left edge.
            x = 2.0 * _GAP + number % 2 * _NEAR
            for block in shelf:
                block.settle(x, 0)
                x += block.width + 3 * _GAP
            self.main_left = max(self.main_left, x - _GAP)
        self.main_tracks = _tracks(self.main)
        for block in self.blocks:  # a net that comes from the left meets the bar left of one that comes from the right
            places = {net: [at() for at in self.avenues[block.shelf][net]] for net in block.entries}
            order = sorted(places, key=lambda net: sum(places[net]) / len(places[net]))
            block.entries = {net: number for number, net in enumerate(order)}
        self.avenue_tracks = [
            _from_below({net: (min(at() for at in places), max(at() for at in places)) for net, places in avenue.items()})
            for avenue in self.avenues
        ]  # fmt: skip
        y = 0.0
        self.avenue_tops: list[float] = []
        for number, tracks in enumerate(self.avenue_tracks):
            self.avenue_tops.append(y)
            y += 2 * _GAP + _TRACK * (max(tracks.values(), default=-1) + 1)
            shelf = self.shelves[number] if number < len(self.shelves) else []
            for block in shelf:
                block.settle(block.x, y)
            y += max((block.height for block in shelf), default=0)
        wide = self.main_left + _TRACK * (max(self.main_tracks.values(), default=-1) + 1 + len(self.gates)) + _GAP
        return max(wide, 200.0), max(y, 60.0)

    def _avenue_y(self, avenue: int, net: Any) -> float:
        return self.avenue_tops[avenue] + _GAP / 2 + _TRACK * self.avenue_tracks[avenue][net] + _TRACK // 2

    def _main_x(self, net: Any) -> float:
        return self.main_left + _TRACK * self.main_tracks[net] + _TRACK // 2


def nets(scene: Scene, marks: Iterable[str]) -> list[list[Line]]:
    """The lines of a scene net by net, in the order to draw them in: those that are marked above the others."""
    marked = set(marks)
    found: dict[Any, list[Line]] = {}
    for line in scene.lines:
        found.setdefault((line.id in marked, line.net), []).append(line)
    return [found[key] for key in sorted(found, key=lambda key: key[0])]


def _walk(start: str, near: dict[str, list[str]]) -> list[str]:
    """The rooms that cables lead to, each followed by the rooms behind it.

    >>> _walk("a", {"a": ["b", "d"], "b": ["a", "c"], "c": ["b"], "d": ["a"]})
    ['a', 'b', 'c', 'd']
    """
    walk, seen, stack = [], {start}, [start]
    while stack:
        walk.append(stack.pop())
        for beside in reversed(near[walk[-1]]):
            if beside not in seen:
                seen.add(beside)
                stack.append(beside)
    return walk


def _breadth_first(start: str, near: dict[str, list[str]]) -> list[str]:
    """The rooms that cables lead to, the nearest first."""
    walk = {start: None}
    queue = [start]
    for name in queue:
        new = [beside for beside in near[name] if beside not in walk]
        walk.update(dict.fromkeys(new))
        queue += new
    return list(walk)


def _tracks(spans: dict[Any, tuple[float, float]]) -> dict[Any, int]:
    """Assign tracks by the left-edge algorithm: each span gets the first track that is free from its beginning on.

    >>> _tracks({"a": (0, 2), "b": (1, 3), "c": (3, 4)})
    {'a': 0, 'b': 1, 'c': 0}
    """
    ends: list[float] = []
    given = {}
    for net, (start, end) in sorted(spans.items(), key=lambda item: (item[1][0], -item[1][1])):
        track = next((number for number, until in enumerate(ends) if until < start), len(ends))
        ends[track : track + 1] = [end]
        given[net] = track
    return given


def _from_below(spans: dict[Any, tuple[float, float]]) -> dict[Any, int]:
    """Tracks of an avenue, the first at the bottom: most nets come from above, and the leftmost then crosses no other one.

    >>> _from_below({"a": (0, 2), "b": (1, 3), "c": (3, 4)})
    {'a': 1, 'b': 0, 'c': 1}
    """
    given = _tracks(spans)
    last = max(given.values(), default=0)
    return {net: last - track for net, track in given.items()}


def _in_phase(lines: list[Line]) -> list[Line]:
    """The lines, those of one net from the end that they have in common: the dashes of what they share lie on each other."""
    count: dict[Any, int] = {}
    for key in ((line.net, line.points[end]) for line in lines for end in (0, -1)):
        count[key] = count.get(key, 0) + 1
    return [
        line._replace(points=line.points[::-1])
        if count[line.net, line.points[-1]] > count[line.net, line.points[0]] else line
        for line in lines
    ]  # fmt: skip


def _straightened(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """The points without those that lie on the line between their neighbours."""
    kept: list[tuple[float, float]] = []
    for point in points:
        point = (round(point[0], 1), round(point[1], 1))
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1 and (kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]):
            kept[-1] = point
        else:
            kept.append(point)
    return tuple(kept)


__all__ = ["Bar", "Box", "Line", "Scene", "nets", "place"]
