"""Write out both states of a table from the difference between them, as ``diff -u`` and ``git diff`` print it.

```
 10.0.0.0/8 via 10.1.0.1 dev eth1
-default via 192.168.5.1 dev eth0
+default via 192.168.5.254 dev eth0
```
"""

from __future__ import annotations

import re

from . import line_prefixes

_LINE = re.compile(r"[ +-]|@@ |\\ No newline")
_HEAD = re.compile(r"(?:--- |\+\+\+ )\S")
_HUNK = re.compile(r"@@ -(\d+)")


def apart(lines: list[str], numbers: list[int], breaks: set[int]) -> tuple[list[str], list[int]]:
    """The lines, with the later state of each such table behind its earlier one; every line keeps its number.

    >>> apart([" 10.0.0.0/8 dev a", "-default dev a", "+default dev b"], [1, 2, 3], set())
    (['10.0.0.0/8 dev a', 'default dev a', '10.0.0.0/8 dev a', 'default dev b'], [1, 2, 1, 3])
    """
    if not any(line[0] in "+-" and line_prefixes.is_of_table(line[1:]) for line in lines if line):
        return lines, numbers
    found: list[str] = []
    counted: list[int] = []
    at = 0
    while at < len(lines):
        end = at
        while end < len(lines) and _LINE.match(lines[end]):
            end += 1
        run = list(zip(lines[at:end], numbers[at:end]))
        if not _is_difference(lines[at:end], lines[at - 1] if at else ""):
            end = max(end, at + 1)
            found += lines[at:end]
            counted += numbers[at:end]
            at = end
            continue
        for sign in "-+":
            breaks.add(len(found))
            for line, number in _state(run, sign):
                found.append(line)
                counted.append(number)
        breaks.add(len(found))
        at = end
    return found, counted


def _is_difference(run: list[str], above: str) -> bool:
    changed = {line[0] for line in run if line[0] in "+-" and line_prefixes.is_of_table(line[1:])}
    marked = above.strip() == "```diff" or any(_HUNK.match(line) for line in run)
    return len(changed) == 2 or bool(changed) and marked


def _state(run: list[tuple[str, int]], sign: str) -> list[tuple[str, int]]:
    """The lines of one of the two states, with ``...`` where the difference shows only a part."""
    found: list[tuple[str, int]] = []
    hunks = False
    for line, number in run:
        hunk = _HUNK.match(line)
        if hunk is not None:
            hunks = True
            if found or hunk[1] not in ("0", "1"):
                found.append(("...", number))
        elif line[0] in (" ", sign) and not _HEAD.match(line):
            found.append((line[1:], number))
    return [*found, ("...", run[-1][1])] if hunks and found else found
