"""Put panes that stand side by side, as in `tmux`, one below the other.

```
root@red:~# ip r                      │root@blue:~# ip r
10.0.0.0/24 dev eth0 scope link       │10.0.0.0/24 dev eth0 scope link
```
"""

from __future__ import annotations

from . import line_prefixes, prompts

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


def _bar(line: str) -> int:
    """The column of the bar in a line that has exactly one, or -1."""
    columns = [column for column, character in enumerate(line) if character in _BARS] if len(line) < 1000 else []
    return columns[0] if len(columns) == 1 else -1


def _sides(run: list[str], column: int) -> tuple[list[str], list[str]]:
    return [line[:column].rstrip() for line in run], [line[column + 1 :] for line in run]


def _is_output(line: str) -> bool:
    prompt = prompts.read(line)
    return line_prefixes.is_of_table(line.lstrip()) or prompt is not None and prompt.sure
