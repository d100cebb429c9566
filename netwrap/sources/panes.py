"""Put panes and tables that stand side by side one below the other: those of `tmux`, and two columns of a writer.

```
root@red:~# ip r                      │root@blue:~# ip r
10.0.0.0/24 dev eth0 scope link       │10.0.0.0/24 dev eth0 scope link
```
"""

from __future__ import annotations

import re

from . import headings, line_prefixes, prompts

_BARS = "│┃"


def apart(lines: list[str], numbers: list[int], breaks: set[int]) -> tuple[list[str], list[int]]:
    """The lines, with each pane below the one on its left; every part keeps the number of its line.

    >>> apart(["a:~$ ip r     │b:~$ ip r", "default dev x │default dev y"], [1, 2], set())
    (['a:~$ ip r', 'default dev x', 'b:~$ ip r', 'default dev y'], [1, 2, 1, 2])
    """
    found: list[str] = []
    counted: list[int] = []
    at = 0
    while at < len(lines):
        gap = _gap(lines[at])
        if gap > 0 and at + 1 < len(lines) and _gap(lines[at + 1]) == gap:
            end = at
            while end < len(lines) and (_gap(lines[end]) == gap or _fits(lines[end], gap)):
                end += 1
            above = found[-1] if found else ""
            titles = above[gap - 2 : gap].isspace() and bool(above[:gap].strip()) and bool(above[gap:].strip())
            first = at - 1 if titles else at
            if titles:
                del found[-1], counted[-1]
            for side in ([line[:gap].rstrip() for line in lines[first:end]], [line[gap:] for line in lines[first:end]]):
                breaks.add(len(found))
                found += [_title(side[0]), *side[1:]] if titles else side
                counted += numbers[first:end]
            breaks.add(len(found))
            at = end
            continue
        column = _bar(lines[at])
        end = at
        while column > 0 and end < len(lines) and lines[end][column : column + 1] in tuple(_BARS):
            end += 1
        run = lines[at:end]
        if len(run) > 1 and all(any(map(_is_output, side)) for side in _sides(run, column)):
            for side in _sides(run, column):
                breaks.add(len(found))
                found += side
                counted += numbers[at:end]
            breaks.add(len(found))
            at = end
            continue
        found.append(lines[at])
        counted.append(numbers[at])
        at += 1
    return found, counted


# Where a line of a table begins behind another one
_COLUMN = re.compile(r"(?<=\S) {3,}(?=\S)")


def _gap(line: str) -> int:
    """The column where the second of two lines of tables begins in a line, or -1."""
    if "   " not in line or len(line) > 1000:
        return -1
    bare = line.rstrip()
    for found in _COLUMN.finditer(bare):
        left, right = bare[: found.start()], bare[found.end() :]
        if line_prefixes.is_of_table(left.lstrip()) and line_prefixes.is_of_table(right) and _FIRST.match(right):
            return found.end()
        if right.startswith(("$ ", "# ")) and _is_output(left) and _is_output(right):
            return found.end()
    return -1


def _fits(line: str, gap: int) -> bool:
    """Whether a line has a blank where two columns meet, or a line of a table in the left one only."""
    if len(line.rstrip()) < gap:
        return line_prefixes.is_of_table(line)
    return bool(line.strip()) and line[gap - 2 : gap].isspace()


# `inet` of `-o` stands behind a gap, too, but belongs to the line
_FIRST = re.compile(r"(?!inet6? |link/)")


def _title(words: str) -> str:
    """The title of a column: a heading, if it names a machine."""
    return f"=== {words.strip()} ===" if headings.is_machine(words.strip()) else words


def _bar(line: str) -> int:
    """The column of the bar in a line that has exactly one, or -1."""
    if not any(bar in line for bar in _BARS) or len(line) > 1000:
        return -1
    columns = [column for column, character in enumerate(line) if character in _BARS]
    return columns[0] if len(columns) == 1 else -1


def _sides(run: list[str], column: int) -> tuple[list[str], list[str]]:
    return [line[:column].rstrip() for line in run], [line[column + 1 :] for line in run]


def _is_output(line: str) -> bool:
    prompt = prompts.read(line)
    return line_prefixes.is_of_table(line.lstrip()) or prompt is not None and prompt.sure
