r"""Write out the outputs that a log, a tool or a chat has put into one line, with ``\n`` for the ends of their lines.

```
{"host": "n7", "cmd": "ip route", "out": "default via 10.9.0.1 dev eth0\n10.9.0.0/24 dev eth0 scope link\n"}
ok: [web01] => {"changed": true, "cmd": ["ip", "route"], "stdout": "default via 10.9.0.1 dev eth0\n10.9.0.0/24 dev eth0"}
```
A line is written out only if one of the lines in it is a line of a table. The machine and the command beside the output become
lines in front of it.
"""

from __future__ import annotations

import json
import re

from . import line_prefixes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_HOSTS = ("host", "hostname", "node", "machine", "device", "server", "inventory_hostname", "kubernetes.node")
_COMMANDS = ("cmd", "command", "argv", "exec")
_STRING = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'")
_ESCAPE = re.compile(r"\\(.)")
# `alpha | CHANGED | rc=0 | (stdout) `: of `ansible --one-line`
_OF_ANSIBLE = re.compile(r"([^\W_][\w.-]{0,60} \| (?:CHANGED|SUCCESS|FAILED) \| rc=\d+) \| \(stdout\) ")
_LONGEST = 2_000_000


def apart(lines: list[str], numbers: list[int]) -> tuple[list[str], list[int]]:
    r"""The lines with such outputs written out; every part keeps the number of its line.

    >>> apart(['{"cmd": "ip r", "out": "default dev a\\n10.0.0.0/8 dev b"}', "bye"], [1, 2])
    (['$ ip r', 'default dev a', '10.0.0.0/8 dev b', '', 'bye'], [1, 1, 1, 1, 2])
    """
    found: list[str] = []
    counted: list[int] = []
    for number, line in zip(numbers, lines):
        parts = _parts(line) if "\\n" in line and len(line) < _LONGEST else [line]
        found += parts
        counted += [number] * len(parts)
    return found, counted


def _parts(line: str) -> list[str]:
    begin = line.find("{")
    value = _object(line[begin:]) if begin >= 0 and '"' in line[begin : begin + 3] else None
    if value is not None:
        front = line[:begin].rstrip()
        if isinstance(value.get("log"), str) and "stream" in value:  # a log of Docker has one line of output in each object
            return [value["log"].rstrip("\n")]
        parts = list(_outputs(value))
        return [*([front] if front.strip("> ") else []), *parts] if parts else [line]
    for string in _STRING.finditer(line):
        text = _unescaped(string[1] if string[1] is not None else string[2])
        if "\n" in text and _has_table(text):
            front = line[: string.start()].rstrip(" :=")
            first, *more = text.strip("\n").split("\n")
            title, _, row = first.rpartition(": ")  # `msg="routes: default via …`
            first_lines = [f"{title}:", row] if title and line_prefixes.is_of_table(row) else [first]
            behind = line[string.end() :].strip(" ,")
            return [*([front] if front.strip() else []), *first_lines, *more, *([behind] if behind else [])]
    of_ansible = _OF_ANSIBLE.match(line)
    if of_ansible is not None:
        text = _unescaped(line[of_ansible.end() :]).replace(" (stderr) ", "\n")
        return [f"{of_ansible[1]} >>", *text.rstrip("\n").split("\n")] if _has_table(text) else [line]
    text = _unescaped(line)
    return text.rstrip("\n").split("\n") if not _STRING.search(line) and _has_table(text) else [line]


def _object(text: str) -> dict[str, Any] | None:
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _outputs(value: dict[str, Any]) -> Iterator[str]:
    """The lines of the outputs in an object of a log, each behind its machine and its command."""
    for name, one in value.items():
        if isinstance(one, dict):
            yield from _outputs(one)
        if not isinstance(one, str) or name in _COMMANDS or not _has_table(one):
            continue
        host = next((value[key] for key in _HOSTS if isinstance(value.get(key), str)), "")
        typed = next((value[key] for key in _COMMANDS if value.get(key)), "")
        if host:
            yield f"=== {host} ==="
        if typed:
            yield f"$ {' '.join(map(str, typed)) if isinstance(typed, list) else typed}"
        yield from one.strip("\n").split("\n")
        yield ""


def _has_table(text: str) -> bool:
    return any(map(line_prefixes.is_of_table, text.split("\n")))


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda one: {"n": "\n", "t": "\t", "r": ""}.get(one[1], one[1] if one[1] in "\"'\\/" else one[0]), text)
