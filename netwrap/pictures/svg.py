"""A graph as SVG: rooms, bars and cables with ids and classes, titles for each, readable in grey and in both themes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..wording import printable
from . import layout
from .measure import LETTER, width, wrap
from .words import is_parent

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Colours of both themes; every state also has a shape, every kind of line also a dash.
LIGHT = {
    "paper": "#ffffff", "ink": "#1b1f24", "soft": "#59636e", "room": "#f6f8fa", "edge": "#7d8590", "bar": "#0b4f8a",
    "bartext": "#ffffff", "cable": "#24609c", "up": "#116329", "down": "#b00020", "wait": "#8a4600", "mark": "#b00020",
}  # fmt: skip
DARK = {
    "paper": "#0d1117", "ink": "#e6edf3", "soft": "#9aa5b1", "room": "#161b22", "edge": "#848d97", "bar": "#79b8ff",
    "bartext": "#0d1117", "cable": "#79b8ff", "up": "#56d364", "down": "#ff8a80", "wait": "#f0b060", "mark": "#ff8a80",
}  # fmt: skip
#: The least width of text under a picture.
_LEAST = 640
#: A path without a class is a gap, and that of a group its dots: hundreds of cables make a small file.
_SHAPES = """
text{font:12px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;white-space:pre}
.title,.bar text,.stop,g>text:first-of-type{font-weight:bold}
rect{rx:6px}.page{rx:0}.bar rect{rx:4px}.cloud>rect{rx:14px}
.room>rect,.fold>rect,.cloud>rect{stroke-width:1.2}.cloud>rect{stroke-dasharray:2 3}
.frame{fill:none;stroke-dasharray:8 4}
path{fill:none;stroke-width:4}.cable{stroke-width:1.6}
.unsure{stroke-dasharray:2 4}.parent{stroke-dasharray:7 3}
g>path{stroke-width:7.2;stroke-linecap:round}circle{stroke-width:1.5;fill:none}.wait{stroke-dasharray:2 1.5}
.marked>rect{stroke-width:3}.cable.marked{stroke-width:4}
""".replace("\n", "")


_COLOURS = """
.page{{fill:{paper}}}path{{stroke:{paper}}}
text{{fill:{ink}}}.sub.lack{{fill:{wait}}}.sub,.cloud text{{fill:{soft}}}.room>rect,.fold>rect{{fill:{room};stroke:{edge}}}
.fold>rect.behind,.cloud>rect{{fill:{paper};stroke:{edge}}}.frame{{stroke:{edge}}}.bar rect{{fill:{bar}}}
.bar text{{fill:{bartext}}}.cables rect{{fill:{paper};stroke:{bar}}}.cables text{{fill:{ink}}}
.cable{{stroke:{cable}}}g>path{{stroke:{up}}}.down{{stroke:{down}}}
.wait{{stroke:{wait}}}.unknown{{stroke:{soft}}}.marked>rect{{stroke:{mark}}}.cable.marked{{stroke:{up}}}.stop{{fill:{mark}}}
""".replace("\n", "")
STYLE = _SHAPES + _COLOURS.format(**LIGHT) + "@media (prefers-color-scheme:dark){" + _COLOURS.format(**DARK) + "}"
_DOTS = {"down": "down", "no carrier": "wait", "unknown": "unknown"}


def draw(
    graph: dict[str, Any], title: str = "Networks of this host", marks: dict[str, str] | None = None, below: Sequence[str] = ()
) -> str:
    """The SVG of a graph. ``marks``: id of a room or cable -> why it is marked (a finding, a packet's way, the place
    where it stops); ``below``: lines of text under the picture."""
    return render(layout.place(graph), title, marks or {}, description(graph), below=below)


def description(graph: dict[str, Any]) -> str:
    """The picture in one sentence, for people who cannot see it."""
    rooms = sum(len(room.get("folded", ())) or 1 for room in graph["rooms"])
    bridges = sum(1 for bus in graph["buses"] if bus["kind"] == "bridge")
    cables = sum(cable.get("of", 1) for cable in graph["cables"] if _is_cable(cable))
    parts = [_count(rooms, "namespace"), _count(bridges, "bridge"), _count(cables, "cable")]
    return ", ".join(parts)


def _is_cable(cable: dict[str, Any]) -> bool:
    """Whether a line stands for a cable: not for a bridge's own link, a parent, or the way of a tunnel or into a program."""
    return not (cable["kind"] in ("own", "tunnel") or is_parent(cable["kind"]) or cable["how"] in ("tunnel", "process"))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def render(
    scene: layout.Scene, title: str, marks: dict[str, str], about: str, prefix: str = "", below: Sequence[str] = ()
) -> str:
    """A scene as SVG; ``prefix`` keeps ids apart where a page holds more than one, and makes the rooms buttons."""
    role = "group" if prefix else "img"
    below = wrapped(scene, below)
    wide, high = size(scene, below)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" role="{role}" '
        f'aria-labelledby="{prefix}title {prefix}desc">',
        f'<title id="{prefix}title">{escape(title)}</title><desc id="{prefix}desc">{escape(about)}</desc>',
        f"<style>{STYLE}</style>",
        '<rect class="page" width="100%" height="100%"/>',
    ]
    for name, x, y, w, h in scene.frames:
        out.append(f'<rect class="frame" x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="{_n(h)}"/>')
        out.append(f'<text class="title" x="{_n(x + 10)}" y="{_n(y + 15)}">{escape(name)}</text>')
    for number, net in enumerate(layout.nets(scene, marks)):
        ways = [_way(line.points) for line in net]
        if number:  # a gap in the lines below: lines that cross are not connected
            out.append(f'<path d="{"".join(ways)}"/>')
        for line, way in zip(net, ways):
            why = f" ({marks[line.id]})" if line.id in marks else ""
            dash = ' stroke-dasharray="10 4"' if line.kind == "tunnel" else ""
            out.append(f'<path class="cable{_kinds(line, marks)}" id="{prefix}{line.id}" d="{way}"{dash}>'
                       f"<title>{escape(line.title + why)}</title></path>")  # fmt: skip
    for bar in scene.bars:
        full = "" if bar.full == bar.title else f"<title>{escape(bar.full)}</title>"
        kind = " cables" * (bar.kind == "cables")
        out.append(f'<g class="bar{kind}" id="{prefix}{bar.id}">{full}'
                   f'<rect x="{_n(bar.x)}" y="{_n(bar.y)}" width="{_n(bar.width)}" height="{_n(bar.height)}"/>'
                   f'<text x="{_n(bar.x + 10)}" y="{_n(bar.y + 16)}">{escape(bar.title)}</text></g>')  # fmt: skip
    for box in scene.boxes:
        out.append(_box(box, marks, prefix))
    for at, words in enumerate(below):
        out.append(f'<text class="title" x="12" y="{_n(scene.height + 20 * at + 8)}">{escape(words)}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"


def wrapped(scene: layout.Scene, below: Sequence[str]) -> list[str]:
    """Lines of text under a scene, not wider than the scene, but for one that is very narrow."""
    columns = int((max(scene.width, _LEAST) - 24) / (LETTER * 1.1))
    return [line for words in below for line in wrap(words, columns, "  ")]


def size(scene: layout.Scene, below: Sequence[str]) -> tuple[int, int]:
    """The width and height of a scene with lines of text (of :func:`wrapped`) under it."""
    wide = max([scene.width, *(width(printable(words)) * 1.1 + 24 for words in below)])
    return round(wide), round(scene.height) + 20 * len(below)


def _box(box: layout.Box, marks: dict[str, str], prefix: str) -> str:
    marked = box.id in marks
    why = f" ({marks[box.id]})" if marked else ""
    flag = "! " if marked else ""
    focus = ' tabindex="0" role="button"' if prefix and box.kind in ("room", "fold") else ""
    shown = " ".join(filter(None, [flag + box.title, box.subtitle, *(words for _, words, *_ in box.lines)]))
    full = f" {box.full}" if printable(box.full) != box.title else ""
    label = f' aria-label="{escape(f"{shown}{full}{why}", quoted=True)}"' if focus else ""
    out = [f'<g class="{box.kind}{" marked" if marked else ""}" id="{prefix}{box.id}"{focus}{label}>'
           + (f"<title>{escape(box.full + why)}</title>" if full or why else "")]  # fmt: skip
    size = f'width="{_n(box.width)}" height="{_n(box.height)}"/>'
    if box.kind == "fold":
        out.append(f'<rect class="behind" x="{_n(box.x + 4)}" y="{_n(box.y + 4)}" {size}')
    out.append(f'<rect x="{_n(box.x)}" y="{_n(box.y)}" {size}')
    y = box.y + (15 if box.compact else 22)
    out.append(f'<text x="{_n(box.x + 9)}" y="{_n(y)}">{escape(flag + box.title)}</text>')
    if box.subtitle:
        y += 18
        kind = "sub lack" if box.lacks else "sub"
        out.append(f'<text class="{kind}" x="{_n(box.x + 9)}" y="{_n(y)}">{escape(box.subtitle)}</text>')
    dots = []
    for number, (_, text, state, depth) in enumerate(box.lines):
        y += 0 if box.compact and not number else 18
        x = box.x + 9 + depth * 14 + (round(width(box.title) * 1.08) + 6 if box.compact else 0)
        if state == "up":
            dots.append(f"M{_n(x + 4)},{_n(y - 4)}h0")
        elif state in _DOTS:
            out.append(f'<circle class="{_DOTS[state]}" cx="{_n(x + 4)}" cy="{_n(y - 4)}" r="3.6"/>')
        kind = ' class="sub lack"' if state == "lack" else ""
        out.append(f'<text{kind} x="{_n(x + 13)}" y="{_n(y)}">{escape(text)}</text>')
    out.append(f'<path d="{"".join(dots)}"/></g>' if dots else "</g>")
    return (" " if prefix else "").join(out)  # so that what is read of a button is what its label says


def _kinds(line: layout.Line, marks: dict[str, str]) -> str:
    """The classes of a line that is not drawn as a plain cable."""
    return " unsure" * (not line.certain) + " marked" * (line.id in marks) + " parent" * line.is_parent


def _way(points: Sequence[tuple[float, float]]) -> str:
    """The straight stretches of a line in the words of a path.

    >>> _way([(10, 20), (30, 20), (30, 5.5)])
    'M10,20h20v-14.5'
    """
    (x, y), *_ = points
    words = [f"M{_n(x)},{_n(y)}"]
    for (x, y), (to_x, to_y) in zip(points, points[1:]):
        words.append(f"h{_n(to_x - x)}" if y == to_y else f"v{_n(to_y - y)}")
    return "".join(words)


def _n(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:.1f}"


def escape(text: str, quoted: bool = False) -> str:
    """A text for XML: markup is escaped, control characters and lone surrogates are shown as ``\\\\x1b``.

    >>> escape("<a&b>\\x1b")
    '&lt;a&amp;b&gt;\\\\x1b'
    """
    text = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#39;") if quoted else text
