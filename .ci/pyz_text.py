"""The text of a module from what `.ci/build_pyz` makes of it: its code, in which marks stand for the rest, and its strings."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: What stands in packed code for a line's end and a step inwards, for the same outwards, and for a string; what ends a string in
#: the text of strings, and what ends a file. An f-string is several strings: its begin, what is between two of its expressions,
#: its end; the expressions are code.
INWARDS, OUTWARDS, STRING, STRING_END, FILE_END, BEGIN, MORE, END = "\x01\x02\x03\x04\x05\x06\x07\x08"
#: What stands for a variable that has not been named in this statement of the module, and for the last one that was, the last
#: but one, ...
NEW, LAST = "$", [chr(code) for code in (0x0B, 0x0C, *range(0x0E, 0x20), *range(0xE000, 0xF000))]
MARKS = re.compile(f"[\n{INWARDS}{STRING}{BEGIN}{MORE}{END}{NEW}\x0b\x0c\x0e-\x1f\ue000-\uefff]|{OUTWARDS}+")
_RANKS = {mark: -1 - rank for rank, mark in enumerate(LAST)}


def restored(code: str, strings: str) -> str:
    """The source: variables are v0, v1, ... in the order in which a statement of the module names them."""
    literals: Iterator[str] = iter(strings.split(STRING_END))
    names: list[str] = []  # the last one last
    depth = 0

    def text(found: re.Match[str]) -> str:
        nonlocal depth
        mark = found[0]
        if mark in _RANKS:  # (most marks)
            names.append(names.pop(_RANKS[mark]))
            return names[-1]
        if mark == NEW:
            names.append(f"v{len(names)}")
            return names[-1]
        if mark == STRING:
            one = next(literals)
            return one if one[:1] in ("'", '"') and one else f'"{one}"'
        if mark in (BEGIN, MORE, END):
            return ('f"' if mark == BEGIN else "") + next(literals) + ("" if mark == END else "{")
        depth += 1 if mark == INWARDS else -len(mark) if mark != "\n" else 0
        if not depth:
            names.clear()
        return "\n" + " " * depth

    return MARKS.sub(text, code)
