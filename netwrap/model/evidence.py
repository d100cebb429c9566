r"""Find the line from which a record was read; answers quote the line as evidence.

:func:`of` takes a record of a namespace (one of `netns.routes`, `netns.links`, ... or an entry of ``addr_info``) and returns
the text of the record, with its place in the source. Texts are searched only when evidence is asked for.

>>> from netwrap.model.build import build
>>> from netwrap.model.section import Section
>>> text = "default via 10.0.0.1 dev eth0\n10.0.0.0/24 dev eth0 scope link"
>>> [red] = build([Section("red", "ip route show", text, source="ticket.txt", line=12)]).namespaces
>>> of(red, red.routes[1])
Evidence(command='ip route show', source='ticket.txt', line=13, text='10.0.0.0/24 dev eth0 scope link')

What ``text`` is, by the form of the section:

- a table with a line for each record: that line, found by parsing it again; with the lines below that belong to it (``nexthop``);
- `ip link`, `ip address`, `bridge link`: the first line of the link's block; for an entry of ``addr_info`` its ``inet`` line;
- JSON: the JSON of the record itself, as it stands in the section; for an entry of ``addr_info`` that of the entry;
- neighbours that were converted from `arp`, and routes from `route`: the line of `arp` or `route`.
"""

from __future__ import annotations

import importlib
import re

from parsers.jsontext import elements
from parsers.tuples import NamedTuple

from . import coverage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from parsers.records import AnyRecord, Record

    from .coverage import Table
    from .namespace import Namespace

    Same = Callable[[str, AnyRecord, AnyRecord], bool]

# Keys whose value appears unchanged in the line of the record; the first of them tells most lines apart.
_TELLING = ("dst", "mac", "ifname", "destination", "address", "local", "name", "nsid", "priority", "interface", "id", "vlan",
            "key")  # fmt: skip
_COLOUR = r"(?:\x1b\[[0-9;]*m)?"
_BLOCKS = ("ip_link", "ip_address", "bridge_link")


class Evidence(NamedTuple):
    """The text of a record and its place in the source.

    ``command``: the command that printed the text, as the source has it; ``source``: the file or archive member, "" where the
    host's source is one text (``Host.source`` names it) or this host itself; ``line``: the number of
    the first line of ``text`` in the source, None where that is not known.
    """

    command: str
    source: str
    line: int | None
    text: str


def of(netns: Namespace, record: AnyRecord) -> Evidence | None:
    """The evidence of a record of a namespace; None for a record without a text of its own (/proc, counts)."""
    table = table_of(netns, record)
    return None if table is None else evidence(table, record)


def table_of(netns: Namespace, record: AnyRecord) -> Table | None:
    """The table from which a record (or an entry of its ``addr_info``) was read: the same object, not an equal one.

    For a copy of a record, the latest table with an equal one; for a record that was joined from several captures, the latest
    with a row of the same name; for a neighbour or route that was converted, the table of `arp` or `route`. None where no table
    has the record.
    """
    tables: list[Table] = [table for tables in netns.tables.values() for table in reversed(tables)]
    for same in _SAME:
        for table in tables:
            if _own(table, record, same) is not None:
                return table
    return next((table for table in tables if _original(table, record) is not None), None)


def evidence(table: Table, record: AnyRecord) -> Evidence | None:
    """The evidence of a record of a table, as :func:`of` returns it."""
    section = table.section
    own = next((found for same in _SAME if (found := _own(table, record, same)) is not None), None) or _original(table, record)
    if section is None or own is None:
        return None
    find = _in_json if table.json else _in_text
    place = find(section.stdout, table, *own)
    if place is None:
        return None
    start, text = place
    line = section.line + section.stdout.count("\n", 0, start) if section.line else None
    return Evidence(table.command, section.source, line, text)


# -- which record --------------------------------------------------------------------------------------------------


def _is(name: str, one: AnyRecord, other: AnyRecord) -> bool:
    return one is other


def _equals(name: str, one: AnyRecord, other: AnyRecord) -> bool:
    return one == other


def _is_same_row(name: str, one: AnyRecord, other: AnyRecord) -> bool:
    keys = coverage.KEYS.get(name) if "local" not in other else coverage.LISTS["addr_info"]
    return keys is not None and keys[0] in one and all(one.get(key) == other.get(key) for key in keys)


_SAME = (_is, _equals, _is_same_row)


def _own(table: Table, record: AnyRecord, same: Same) -> tuple[Record, Record | None] | None:
    """The record of a table that is the same as a record; for an entry of ``addr_info`` the link, and the link's own entry."""
    name = _parser(table) or ""
    for row in table.records:
        if isinstance(row, dict):
            if row is record or same is not _is and same(name, record, row):
                return row, None
            for entry in row.get("addr_info", ()):
                if same(name, record, entry):
                    return row, entry
    return None


def _original(table: Table, record: AnyRecord) -> tuple[Record, None] | None:
    """The row of `arp` or `route` that a neighbour or route was converted from."""
    name = _parser(table)
    if name not in ("arp", "route"):
        return None
    module = importlib.import_module(f"parsers.{name}")
    convert = module.as_neigh if name == "arp" else module.as_routes
    return next(((row, None) for row in table.records if record in convert([row])), None)


def _parser(table: Table) -> str | None:
    return None if table.request is None else table.request.name


def _rank(table: Table, row: AnyRecord) -> int:
    """The number of equal records before a record in its table."""
    at = next((at for at, other in enumerate(table.records) if other is row), 0)
    return sum(other == row for other in table.records[:at])


def _needle(record: AnyRecord) -> str:
    return next((str(record[key]) for key in _TELLING if key in record), "")


# -- text ----------------------------------------------------------------------------------------------------------


def _in_text(text: str, table: Table, row: AnyRecord, entry: AnyRecord | None) -> tuple[int, str] | None:
    name = _parser(table)
    if name is None:
        return _in_lines(text, row)
    if name in _BLOCKS:
        return _in_block(text, row, entry)
    parse = importlib.import_module(f"parsers.{name}").parse
    header = _header(text, parse)
    blocks = list(_blocks(text))
    needle = _needle(row)
    chosen = [block for block in blocks if needle in block[1]]
    rank, best = _rank(table, row), None
    for start, block in chosen or blocks:
        [*found], errors = parse(header + block, strict=False)
        if errors or len(found) != 1:
            continue
        if found[0] == row:
            if rank == 0:
                return start, block
            rank -= 1
        elif best is None and found[0] and all(row.get(key) == value for key, value in found[0].items()):
            best = start, block  # the model knows more of the record than its line (`show dev eth0`)
    return best


def _in_lines(text: str, row: AnyRecord) -> tuple[int, str] | None:
    """The first line with the words of a record that has them in its ``text``."""
    words = r"\s+".join(map(re.escape, str(row.get("text", "")).split()))
    found = re.search(f"^.*{words}.*$", text, re.MULTILINE) if words else None
    return (found.start(), found[0]) if found else None


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text with their offsets; indented lines belong to the line above."""
    for found in re.finditer(r"^.*(?:\n[ \t]+\S.*)*", text, re.MULTILINE):
        if found[0].strip():
            yield found.start(), found[0]


def _header(text: str, parse: Any) -> str:
    """The heading of a table (two lines at most), which defines its columns."""
    for end in (2, 1):
        lines = text.split("\n", end)[:end]
        header = "".join(f"{line}\n" for line in lines)
        if parse(header, strict=False) == ([], []):
            return header
    return ""


def _in_block(text: str, link: AnyRecord, entry: AnyRecord | None) -> tuple[int, str] | None:
    """The first line of a link's block, or the line of one of its addresses (`-o` repeats the index and name in front)."""
    index = "" if "ifindex" not in link else rf"{link['ifindex']}: "  # `-br` prints none
    head = rf"^{index}{_COLOUR}{re.escape(str(link.get('ifname')))}(?:@[^\s:]*)?(?::|[ \t])"
    for start in re.finditer(head, text, re.MULTILINE):
        line = text[start.start() : _end(text, start.start())]
        if entry is None:
            return start.start(), line
        at = start.start()
        while True:  # the lines of the block
            words = re.sub(head, "", line).split("\\")[0].split()
            if _is_address(words, entry) or not index and f"{entry.get('local')}/{entry.get('prefixlen')}" in words:
                return at, line
            at += len(line) + 1
            if at >= len(text) or text[at] not in " \t":
                break
            line = text[at : _end(text, at)]
    return None


def _end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return end if end >= 0 else len(text)


def _is_address(words: list[str], entry: AnyRecord) -> bool:
    """Whether the words of a line are those of an entry: ``inet 10.0.0.1/24 …``, ``inet 10.9.9.1 peer 10.9.9.2/24 …``"""
    if len(words) < 2 or words[0] != entry.get("family"):
        return False
    peer = words[3] if words[2:3] == ["peer"] else ""
    length = f"/{entry['prefixlen']}" if "prefixlen" in entry else ""
    if "address" in entry:
        return words[1] == entry.get("local") and peer == f"{entry['address']}{length}"
    return not peer and words[1] in (f"{entry.get('local')}{length}", entry.get("local"))


# -- JSON ----------------------------------------------------------------------------------------------------------


def _in_json(text: str, table: Table, row: AnyRecord, entry: AnyRecord | None) -> tuple[int, str] | None:
    name = _parser(table)
    parse = importlib.import_module(f"parsers.{name}").parse if name is not None else None
    import json

    needle = json.dumps(_needle(row), ensure_ascii=False)[1:-1]
    rank = _rank(table, row)
    for start, end, element in elements(text, text.find("[") + 1):
        part = text[start:end]
        if needle not in part:
            continue
        found = parse(f"[{part}]", strict=False)[0] if parse is not None else [element]
        if len(found) == 1 and (found[0] == row or all(row.get(key) == value for key, value in found[0].items())):
            if rank == 0:
                return (start, part) if entry is None else _entry(start, part, entry)
            rank -= 1
    return None


def _entry(start: int, link: str, entry: AnyRecord) -> tuple[int, str] | None:
    addresses = re.search(r'(?<!\\)"addr_info"\s*:\s*\[', link)
    if addresses is None:
        return None
    for at, end, address in elements(link, addresses.end()):
        if all(address.get(key) == entry.get(key) for key in ("local", "prefixlen", "address")):
            return start + at, link[at:end]
    return None
