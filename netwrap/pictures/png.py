"""A graph as PNG, drawn by Pillow (the extra ``netwrap[png]``), without a browser."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ..errors import NetwrapError
from ..wording import printable
from . import layout, svg
from .measure import SIZE, width

if TYPE_CHECKING:
    from collections.abc import Sequence

_FONTS = ("DejaVuSansMono.ttf", "LiberationMono-Regular.ttf", "Menlo.ttc", "Consola.ttf")


def draw(graph: dict[str, Any], marks: dict[str, str] | None = None, scale: int = 2, below: Sequence[str] = ()) -> bytes:
    """The PNG of a graph in the colours of the light theme, with lines of text below; NetwrapError without Pillow."""
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError:
        raise NetwrapError("format png needs Pillow: pip install 'netwrap[png]'") from None
    scene, marks, theme = layout.place(graph), marks or {}, svg.LIGHT
    below = svg.wrapped(scene, below)
    wide, high = svg.size(scene, below)
    scale = max(1, min(scale, int(16000 / max(wide, high))))
    image = Image.new("RGB", (wide * scale, high * scale), theme["paper"])
    pen = ImageDraw.Draw(image)
    font: Any = None
    for name in _FONTS:
        try:
            font = ImageFont.truetype(name, SIZE * scale)
            break
        except OSError:
            continue
    font = font or ImageFont.load_default(SIZE * scale)

    def box(
        x: float, y: float, w: float, h: float, radius: float, fill: str | None, edge: str | None, thick: float = 1.2
    ) -> None:
        place = (x * scale, y * scale, (x + w) * scale, (y + h) * scale)
        pen.rounded_rectangle(place, radius * scale, fill=fill, outline=edge, width=max(1, round(thick * scale)))

    def text(x: float, y: float, words: str, colour: str, bold: bool = False) -> None:
        pen.text((x * scale, y * scale), words, fill=colour, font=font, anchor="ls", stroke_width=scale // 2 if bold else 0,
                 stroke_fill=colour)  # fmt: skip

    for name, x, y, w, h in scene.frames:
        box(x, y, w, h, 8, None, theme["edge"])
        text(x + 10, y + 15, name, theme["ink"], bold=True)
    for net in layout.nets(scene, marks):
        ways = [[(x * scale, y * scale) for x, y in line.points] for line in net]
        for points in ways:  # a gap in the lines below: lines that cross are not connected
            _polyline(pen, points, theme["paper"], 4 * scale, None, scale)
        for line, points in zip(net, ways):
            marked = line.id in marks
            dash = (2, 4) if not line.certain else (10, 4) if line.kind == "tunnel" else (7, 3) if line.is_parent else None
            _polyline(pen, points, theme["mark" if marked else "cable"], round((3 if marked else 1.6) * scale), dash, scale)
    for bar in scene.bars:
        is_bundle = bar.kind == "cables"
        box(bar.x, bar.y, bar.width, bar.height, 4, theme["paper" if is_bundle else "bar"], theme["bar"] if is_bundle else None)
        text(bar.x + 10, bar.y + 16, bar.title, theme["ink" if is_bundle else "bartext"], bold=True)
    for each in scene.boxes:
        marked = each.id in marks
        if each.kind == "fold":
            box(each.x + 4, each.y + 4, each.width, each.height, 6, theme["paper"], theme["edge"])
        edge = theme["mark" if marked else "edge"]
        if each.kind == "cloud":
            right, bottom = each.x + each.width, each.y + each.height
            corners = [(each.x, each.y), (right, each.y), (right, bottom), (each.x, bottom), (each.x, each.y)]
            _polyline(pen, [(x * scale, y * scale) for x, y in corners], edge, scale, (2, 3), scale)
        else:
            box(each.x, each.y, each.width, each.height, 6, theme["room"], edge, 3 if marked else 1.2)
        soft = theme["soft" if each.kind == "cloud" else "ink"]
        y = each.y + (15 if each.compact else 22)
        text(each.x + 9, y, ("! " if marked else "") + each.title, soft, bold=True)
        if each.subtitle:
            y += 18
            text(each.x + 9, y, each.subtitle, theme["wait" if each.lacks else "soft"])
        for number, (_, words, state, depth) in enumerate(each.lines):
            y += 0 if each.compact and not number else 18
            x = each.x + 9 + depth * 14 + (width(each.title) * 1.08 + 6 if each.compact else 0)
            _dot(pen, x + 4, y - 4, state, theme, scale)
            text(x + 13, y, words, theme["wait"] if state == "lack" else soft)
    for at, words in enumerate(below):
        text(12, scene.height + 20 * at + 8, printable(words), theme["ink"], bold=True)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _dot(pen: Any, x: float, y: float, state: str, theme: dict[str, str], scale: int) -> None:
    place = tuple(value * scale for value in (x - 3.6, y - 3.6, x + 3.6, y + 3.6))
    if state == "up":
        pen.ellipse(place, fill=theme["up"])
    elif state == "no carrier":
        for start in range(0, 360, 60):
            pen.arc(place, start, start + 34, fill=theme["wait"], width=round(1.5 * scale))
    elif state in ("down", "unknown"):
        pen.ellipse(place, outline=theme["down" if state == "down" else "soft"], width=round(1.5 * scale))


def _polyline(
    pen: Any, points: list[tuple[float, float]], colour: str, thick: int, dash: tuple[int, int] | None, scale: int
) -> None:
    if dash is None:
        pen.line(points, fill=colour, width=thick, joint="curve")
        return
    on, off = dash[0] * scale, dash[1] * scale
    for (x1, y1), (x2, y2) in zip(points, points[1:]):
        length = abs(x2 - x1) + abs(y2 - y1)
        at = 0.0
        while at < length:
            end = min(at + on, length)
            share = [(x1 + (x2 - x1) * part / length, y1 + (y2 - y1) * part / length) for part in (at, end)]
            pen.line(share, fill=colour, width=thick)
            at = end + off
