"""Part the lines of a table that a forum or a chat has put into one line, and an output behind its command.

```
$ ip r default via 10.0.0.1 dev eth0 10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.5
1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00 inet 127.0.0.1/8 scope host lo
```
A line is parted only where a parser understands every word of the parts.
"""

from __future__ import annotations

import re

from . import commands_in_text, quotations, tables_in_text

_OPER = "UP|DOWN|UNKNOWN|LOWERLAYERDOWN"
_PREFIX = r"(?:default|(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?|[\da-f]{0,4}:[\da-f:]{1,40}(?:/\d{1,3})?)"
_TYPES = "local|broadcast|multicast|anycast|blackhole|unreachable|prohibit|throw|unicast"
# The beginning of a line of a table, by the parser that reads the line; `more` is read with the link above
_ROW = re.compile(
    rf"(?<!\S)(?:(?P<ip_address>\d{{1,6}}: [^\s:]{{1,40}}: <)|(?P<more>link/\w+ [\da-f:.]+|inet6? [\da-f.:]+/\d|valid_lft \w)"
    rf"|(?P<ip_rule>\d{{1,6}}:\s+(?:not )?from \S)|(?P<arp>\? \([\d.]+\) (?:at|auf|à) )"
    rf"|(?P<brief>(?!state )[\w.@-]{{1,40}} +(?:{_OPER}) +"
    r"(?:[\d.]{7,15}/\d|[\da-f:]{3,40}/\d|[\da-f:]{17} <))"
    rf"|(?P<ip_route>(?:(?:{_TYPES}) )?{_PREFIX} (?:via|dev|proto|scope) \S))"
)
_MAY = re.compile(rf" (?:dev|via|inet6?|lookup|{_OPER}|\(\d\S+ at) \S|: <")
# A word in front of an address that belongs to the address's own line
_OPEN = frozenset(
    "via dev src from to inet inet6 peer brd dst local remote nexthop lladdr add del delete replace append change get any show"
    " list prefix root match exact".split()
) | frozenset(_TYPES.split("|"))  # fmt: skip
_SHORTEST = 24
_LONGEST = 100_000
# The most words behind the last line of a table: the writer goes on in the same line
_MOST_BEHIND = 30


def apart(lines: list[str], numbers: list[int]) -> tuple[list[str], list[int]]:
    """The lines, with those parted that contain several lines of a table; every part keeps the number of its line.

    >>> apart(["$ ip r default via 192.0.2.1 dev eth0 192.0.2.0/24 dev eth0 scope link"], [1])[0]
    ['$ ip r', 'default via 192.0.2.1 dev eth0', '192.0.2.0/24 dev eth0 scope link']
    """
    found: list[str] = []
    counted: list[int] = []
    for number, line in zip(numbers, lines):
        parts = [line]
        if _SHORTEST < len(line) < _LONGEST and "\\" not in line and _MAY.search(line):
            quote = quotations.MARK.match(line)
            mark = quote[0] if quote is not None else ""
            parts = [mark + part for part in _parts(line[len(mark) :])]
        found += parts
        counted += [number] * len(parts)
    return found, counted


# `ip r` gives `default via 10.0.0.1 dev eth0`
_QUOTED = re.compile(r"`([^`]{20,300})`")


def _quoted(line: str) -> list[str]:
    """The line, with each row of a table between backticks on a line of its own."""
    parts, at = [], 0
    for one in _QUOTED.finditer(line):
        start = _ROW.match(one[1])
        kind = "ip_neigh" if _NEIGHBOUR.search(one[1]) else start.lastgroup if start is not None else None
        if start is not None and kind in ("ip_route", "ip_neigh", "ip_rule", "arp") and _is_whole(kind, [one[1]]):
            parts += [line[at : one.start()].strip(), one[1]]
            at = one.end()
    return [part for part in [*parts, line[at:].strip()] if part] if parts else [line]


def _parts(line: str) -> list[str]:
    if line.count("`") > 1:
        return _quoted(line)
    starts = [one for one in _ROW.finditer(line) if one.lastgroup != "ip_route" or _word_before(line, one.start()) not in _OPEN]
    if not starts or len(starts) == 1 and not line[: starts[0].start()].strip():
        return [line]
    front = line[: starts[0].start()].rstrip()
    if starts[0].lastgroup == "more" or len(starts) == 1 and not commands_in_text.ends_in_one(front):
        return [line]
    ends = [one.start() for one in starts[1:]]
    if any(line[end - 3 : end].isspace() for end in ends):  # tables side by side
        return [line]
    rows = [line[one.start() : end].strip() for one, end in zip(starts, [*ends, len(line)])]
    kinds: list[str] = []
    for one, row in zip(starts, rows):
        kind = one.lastgroup or ""
        kind = "ip_neigh" if kind == "ip_route" and _NEIGHBOUR.search(row) else kind
        kinds.append(kinds[-1] if kind == "more" else kind)
    if not all(_SURE.search(row) for row, kind in zip(rows, kinds) if kind == "ip_route"):
        return [line]
    behind = ""
    at = 0
    while at < len(rows):
        end = next((it for it in range(at, len(rows)) if kinds[it] != kinds[at]), len(rows))
        parser = "ip_address" if kinds[at] == "brief" else kinds[at]
        if not _is_whole(parser, rows[at:end]):
            words = rows[end - 1].split(" ")
            rest = range(len(words) - 1, max(0, len(words) - _MOST_BEHIND), -1) if end == len(rows) else range(0)
            kept = next((it for it in rest if _is_whole(parser, [*rows[at : end - 1], " ".join(words[:it])])), 0)
            if not kept:
                return [line]
            rows[-1], behind = " ".join(words[:kept]), " ".join(words[kept:])
        at = end
    parts = [f"    {row}" if one.lastgroup == "more" else row for one, row in zip(starts, rows)]
    return [*([front] if front else []), *parts, *([behind] if behind else [])]


# A route, and not two words of a sentence
_SURE = re.compile(
    rf" via (?:inet6 )?[\da-f]*[.:][\da-f.:]+(?= |$)| dev [\w.@-]+(?: (?:proto|scope|src|metric|table) \S|$)|^(?:{_TYPES}) "
)


def _word_before(line: str, at: int) -> str:
    return (line[max(0, at - 40) : at].split() or [""])[-1]


_NEIGHBOUR = re.compile(r" lladdr \S| (?:PERMANENT|NOARP|REACHABLE|STALE|INCOMPLETE|DELAY|PROBE|FAILED)\b")


def _is_whole(parser: str, rows: list[str]) -> bool:
    import parsers

    records, problems = parsers.parse(parser, "\n".join(f"    {row}" if _MORE.match(row) else row for row in rows), strict=False)
    return bool(records) and not problems and not tables_in_text.left_over(records)


_MORE = re.compile(r"link/|inet|valid_lft")
