r"""The line of every table, key and list item of a TOML text that ``tomllib`` has already accepted.

>>> found = positions('name = "x"\n[namespaces.red]\nsysctls = {a = 1}\n[[links]]\nendpoints = [\n  "red:e0",\n]\n')
>>> found[("namespaces", "red")], found[("namespaces", "red", "sysctls", "a")], found[("links", 0, "endpoints", 0)]
(2, 3, 6)
"""

from __future__ import annotations

import bisect
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    Path = tuple[Union[str, int], ...]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]*")
# """basic""" and '''literal''' in several lines, then "basic" and 'literal'
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""+|\'\'\'.*?\'\'\'+|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL
)  # fmt: skip


def positions(text: str) -> dict[Path, int]:
    """The line, counted from 1, of each path of keys and indexes."""
    scan = _Scan(text.replace("\r\n", "\n"))
    scan.document()
    return scan.found


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}  # the number of tables in each list of tables so far
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def note(self, path: Path) -> None:
        self.found.setdefault(path, bisect.bisect_right(self.starts, self.at))

    def document(self) -> None:
        table: Path = ()
        while True:
            self.skip(_BLANK)
            if self.at >= len(self.text):
                return
            if self.text.startswith("[[", self.at):
                table = self.header(2)
            elif self.text[self.at] == "[":
                table = self.header(1)
            else:
                self.pair(table)

    def header(self, brackets: int) -> Path:
        self.at += brackets
        names = self.key()
        path: Path = ()
        for name in names[:-1]:
            path = self.last((*path, name))
        path = (*path, names[-1])
        if brackets == 2:
            self.note(path)
            self.counts[path] = self.counts.get(path, 0) + 1
        path = self.last(path)
        self.note(path)
        self.skip(_SPACE)
        self.at += brackets
        return path

    def last(self, path: Path) -> Path:
        return (*path, self.counts[path] - 1) if path in self.counts else path

    def pair(self, table: Path) -> None:
        start = self.at
        names = self.key()
        after, self.at = self.at, start
        for upto in range(len(names)):
            self.note((*table, *names[: upto + 1]))
        self.at = after
        self.skip(_SPACE)
        self.at += 1  # the equals sign
        self.skip(_SPACE)
        self.value((*table, *names))

    def key(self) -> list[str]:
        names = []
        while True:
            self.skip(_SPACE)
            quoted = _STRING.match(self.text, self.at)
            if quoted is not None:
                names.append(_unquoted(quoted[0]))
                self.at = quoted.end()
            else:
                bare = _BARE.match(self.text, self.at)
                assert bare is not None
                names.append(bare[0])
                self.at = bare.end()
            self.skip(_SPACE)
            if self.text[self.at : self.at + 1] != ".":
                return names
            self.at += 1

    def value(self, path: Path) -> None:
        self.note(path)
        first = self.text[self.at : self.at + 1]
        if first == "[":
            self.items(path)
        elif first == "{":
            self.inline(path)
        else:
            self.skip(_STRING if first in ('"', "'") else _SCALAR)

    def items(self, path: Path) -> None:
        self.at += 1
        index = 0
        while True:
            self.skip(_BLANK)
            if self.text[self.at] == "]":
                break
            self.value((*path, index))
            index += 1
            self.comma()
        self.at += 1

    def inline(self, path: Path) -> None:
        self.at += 1
        while True:
            self.skip(_BLANK)
            if self.text[self.at] == "}":
                break
            self.pair(path)
            self.comma()
        self.at += 1

    def comma(self) -> None:
        self.skip(_BLANK)
        if self.text[self.at] == ",":
            self.at += 1

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()


def _unquoted(text: str) -> str:
    if text[0] == "'":
        return text[1:-1]
    return re.sub(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", _unescaped, text[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "uU" and len(code) > 1:
        return chr(int(code[1:], 16))
    return {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}.get(code, code)
