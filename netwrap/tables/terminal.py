"""A table on a terminal: the colours of `ip -c`, and a width that fits."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    from .render import Cells

#: Formats that people read on a terminal; only these are coloured and fitted.
_FORMATS = ("simple", "plain", "presto", "pretty", "psql", "outline", "grid")
#: The minimum width of a cut cell, and the maximum number of lines of a list.
SHORTEST = 8
LINES = 3
_RESET = "\x1b[0m"
_UP, _DOWN, _ODD, _NAME, _MAC, _INET, _INET6 = (
    "\x1b[32m",
    "\x1b[31m",
    "\x1b[33m",
    "\x1b[36m",
    "\x1b[33m",
    "\x1b[35m",
    "\x1b[94m",
)
_WORDS = {
    **dict.fromkeys(("UP", "REACHABLE", "PERMANENT", "forwarding", "yes", "ok"), _UP),
    **dict.fromkeys(("DOWN", "FAILED", "NOTPRESENT", "LOWERLAYERDOWN", "INCOMPLETE", "disabled", "error", "critical"), _DOWN),
    **dict.fromkeys(("STALE", "DELAY", "PROBE", "DORMANT", "TESTING", "blocking", "learning", "listening", "warning"), _ODD),
}  # fmt: skip
_STATES = ("state", "operstate", "severity", "level")
_NAMES = ("ifname", "dev", "iface", "netns")


def is_for_people(form: str) -> bool:
    """Whether a format is one that people read on a terminal."""
    return form.endswith(_FORMATS)


def colours(wanted: str | None) -> bool:
    """Whether to colour: ``always``, ``never``, or depending on standard output and NO_COLOR."""
    if wanted in ("always", "never"):
        return wanted == "always"
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and is_terminal()


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def size() -> tuple[int, int]:
    """Columns and lines of the terminal; COLUMNS and LINES of the environment count first."""
    import shutil

    found = shutil.get_terminal_size()
    return found.columns, found.lines


def painted(column: str, text: str) -> str:
    """Colour a cell by its kind of value.

    >>> painted("operstate", "UP"), painted("mtu", "1500")
    ('\\x1b[32mUP\\x1b[0m', '1500')
    """
    colour = ""
    if column in _STATES:
        colour = _WORDS.get(text.partition(",")[0], "")
    elif column in _NAMES:
        colour = _NAME
    elif text.count(":") == 5 and all(len(part) == 2 for part in text.split(":")):
        colour = _MAC
    elif text[:1].isalnum() and ":" in text and text.replace(":", "").partition("/")[0].isalnum():
        colour = _INET6
    elif text[:1].isdigit() and text.partition("/")[0].count(".") == 3:
        colour = _INET
    return f"{colour}{text}{_RESET}" if colour and text else text


def fitted(
    columns: list[str], cells: Cells, optional: Collection[str], width: int, between: int
) -> tuple[list[str], Cells, list[str]]:
    """Columns and cells fitted to a width, and the names of the omitted columns.

    First, lists fold downwards; then optional columns are omitted from the end; then the widest columns are cut (``…``).
    """
    if _width(columns, cells, between) <= width:
        return columns, cells, []
    folded = [(at, line) for row in cells for at, line in enumerate(_folded(row))]
    cells = [line for _, line in folded]
    gone: list[str] = []
    for name in [name for name in reversed(columns) if name in optional]:
        if _width(columns, cells, between) <= width:
            break
        at = columns.index(name)
        columns = columns[:at] + columns[at + 1 :]
        cells = [row[:at] + row[at + 1 :] for row in cells]
        gone.insert(0, name)
    # Of a list whose column was omitted, lines without a cell remain.
    cells = [row for (at, _), row in zip(folded, cells) if at == 0 or any(cell is not None for cell in row)]
    return columns, _cut(columns, cells, width, between), gone


def _widths(columns: Sequence[str], cells: Cells) -> list[int]:
    return [max([len(name), *(len(_plain(row[at])) for row in cells)]) for at, name in enumerate(columns)]


def _width(columns: Sequence[str], cells: Cells, between: int) -> int:
    return sum(_widths(columns, cells)) + between * (len(columns) - 1)


def _plain(cell: Any) -> str:
    from .render import text

    return text(cell)


def _folded(row: Sequence[Any]) -> list[list[Any]]:
    """A row as lines, with the first few items of its lists below each other."""
    columns = [_few(cell) if isinstance(cell, list) else [cell] for cell in row]
    return [[column[at] if at < len(column) else None for column in columns] for at in range(max(map(len, columns)))]


def _few(items: list[Any]) -> list[Any]:
    if len(items) <= LINES:
        return items or [None]
    return [*items[: LINES - 1], f"and {len(items) - LINES + 1} more"]


def _cut(columns: Sequence[str], cells: Cells, width: int, between: int) -> Cells:
    widths = _widths(columns, cells)
    while sum(widths) + between * (len(widths) - 1) > width and max(widths) > SHORTEST:
        widths[widths.index(max(widths))] -= 1
    return [[_shortened(cell, most) for cell, most in zip(row, widths)] for row in cells]


def _shortened(cell: Any, most: int) -> Any:
    if cell is None or isinstance(cell, (int, float)):
        return cell
    shown = _plain(cell)
    return shown if len(shown) <= most else shown[: most - 1] + "…"
