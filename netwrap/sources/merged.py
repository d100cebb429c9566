"""Part the rows of several machines, which an export has put into one table with a column `host`, into a table for each machine.

```
host,dst,gateway,dev                    {"host": "alpha", "dst": "default", "gateway": "10.0.0.1", "dev": "eth0", "flags": []}
alpha,default,10.0.0.1,eth0             {"host": "beta", "dst": "default", "gateway": "10.0.1.1", "dev": "eth0", "flags": []}
```
Such rows are CSV or TSV below a head, lines of JSON, or one JSON text. Each table becomes JSON as `ip -j` prints it.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from parsers.lex import whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

_HOSTS = ("host", "_host", "hostname", "node", "machine", "server")
_NAMESPACES = ("netns", "_netns", "namespace")
_NAMES = "|".join(_HOSTS)
_MAY = re.compile(
    rf"^[\[ ]*\{{.*\"(?:{_NAMES})\": ?\"|^(?:.*[,;\t])?\"?(?:{_NAMES})\"?[,;\t]|^ *\"(?:{_NAMES})\": ?\"", re.MULTILINE
)
_HEAD = re.compile(rf"(?:.*[,;\t])?\"?(?:{_NAMES})\"?(?:[,;\t]|$)")
# Other names of columns
_ALSO = {"interface": "ifname", "iface": "ifname", "ip": "local", "mac": "lladdr", "destination": "dst", "via": "gateway"}
_OF_AN_ADDRESS = ("family", "local", "prefixlen", "scope", "broadcast", "label")
_KNOWN = frozenset("ifname dst gateway dev local address lladdr prefixlen mtu operstate priority".split())


class _Row(NamedTuple):
    number: int
    host: str
    netns: str
    record: dict[str, Any]


def may_have(text: str) -> bool:
    """Whether a text may have rows of several machines: a cheap test."""
    return _MAY.search(text) is not None


def apart(lines: list[str], numbers: list[int]) -> tuple[list[str], list[int]]:
    """The lines with such rows replaced by a heading and a JSON text for each machine; every record keeps its line's number.

    >>> apart(["host,dst,dev", "a1,default,eth0", "b2,default,eth1"], [1, 2, 3])[0][:4]
    ['=== a1 ===', '[', '{"dst": "default", "dev": "eth0", "flags": []}', ']']
    """
    found: list[str] = []
    counted: list[int] = []
    at = 0
    while at < len(lines):
        rows, end = _rows(lines, numbers, at)
        if rows:
            for number, line in (*_written(rows), (rows[-1].number, "### Host")):
                found.append(line)
                counted.append(number)
        else:
            end = at + 1
            found.append(lines[at])
            counted.append(numbers[at])
        at = end
    return found, counted


def _rows(lines: list[str], numbers: list[int], at: int) -> tuple[list[_Row], int]:
    """The rows that begin at a position, and the position behind them."""
    line = lines[at].strip()
    if line[:1] in ("{", "["):
        return _of_json(lines, numbers, at)
    if len(line) < 1000 and _HEAD.match(line):
        return _of_csv(lines, numbers, at)
    return [], at


def _of_csv(lines: list[str], numbers: list[int], at: int) -> tuple[list[_Row], int]:
    mark = max(",;\t", key=lines[at].count)
    head = [_ALSO.get(name.strip(), name.strip()) for name in _cells(lines[at], mark)]
    if len(set(head)) < len(head) or len(_KNOWN & set(head)) < 2:
        return [], at
    rows: list[_Row] = []
    end = at + 1
    while end < len(lines) and lines[end].strip():
        cells = _cells(lines[end].strip(" \r"), mark)
        if len(cells) != len(head):
            break
        row = _row(numbers[end], {name: _value(cell.strip()) for name, cell in zip(head, cells) if cell.strip()})
        if row is None:
            break
        rows.append(row)
        end += 1
    return rows, end


def _cells(line: str, mark: str) -> list[str]:
    """The cells of a line; none where it is no CSV (a cell of more than 128 KiB, a line end or a zero in it)."""
    import csv

    try:
        return next(csv.reader([line], delimiter=mark), [])
    except csv.Error:
        return []


def _value(cell: str) -> Any:
    number = whole(cell)
    return cell if number is None else number


_LONGEST = 5_000  # lines of one JSON text


def _of_json(lines: list[str], numbers: list[int], at: int) -> tuple[list[_Row], int]:
    rows: list[_Row] = []
    end = at
    while end < len(lines) and lines[end].lstrip().startswith("{"):  # lines of JSON
        row = _row(numbers[end], _decoded(lines[end].strip().rstrip(",")))
        if row is None:
            break
        rows.append(row)
        end += 1
    if rows or not lines[at].lstrip().startswith("["):
        return rows, end
    if not any(_MAY.match(line) for line in lines[at : at + 3]):
        return [], at
    end, depth = at, 0
    while end < min(at + _LONGEST, len(lines)) and (end == at or depth > 0 and lines[end].lstrip()[:1] != "["):
        depth += lines[end].count("[") - lines[end].count("]")
        end += 1
    values = _decoded("\n".join(lines[at:end]))
    for position, value in enumerate(values if isinstance(values, list) else []):
        row = _row(numbers[min(at + position, end - 1)] if len(values) == end - at else numbers[at], value)
        if row is None:
            return [], at
        rows.append(row)
    return rows, end


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _row(number: int, value: Any) -> _Row | None:
    """A row of one machine; None for a value that is none."""
    if not isinstance(value, dict):
        return None
    host = next((value[name] for name in _HOSTS if isinstance(value.get(name), str)), "")
    netns = next((value[name] for name in _NAMESPACES if isinstance(value.get(name), str)), "")
    left_out = {*_HOSTS, *_NAMESPACES}
    record = {key: _unquoted(one) for key, one in value.items()
              if key not in left_out and key[:1] != "_" and one is not None and one is not False and one != "False"}  # fmt: skip
    if not host or len(_KNOWN & record.keys()) < 2 or not isinstance(record.get("ifname", ""), str):
        return None
    return _Row(number, host, "" if netns in ("(root)", "-") else netns, _as_printed(record))


def _unquoted(value: Any) -> Any:
    """A list that an export has written as a string."""
    return _decoded(value) if isinstance(value, str) and value[:2] in ("[]", '["', "[{") else value


def _as_printed(record: dict[str, Any]) -> dict[str, Any]:
    """A record as `ip -j` prints it: an address belongs to its link, and a state is a list."""
    address = str(record.get("address", ""))
    if "ifname" in record and ("local" in record or "/" in address or "lladdr" in record and "dst" not in record):
        local, _, length = str(record.get("local", address)).partition("/")
        entry = {"family": "inet6" if ":" in local else "inet", **{key: record[key] for key in _OF_AN_ADDRESS if key in record}}
        entry["local"] = local
        if (bits := whole(length)) is not None:
            entry["prefixlen"] = bits
        mac = record.get("lladdr", record.get("mac"))
        link: dict[str, Any] = {key: record[key] for key in ("ifindex", "ifname", "operstate", "mtu") if key in record}
        return {**link, **({"link_type": "ether", "address": mac} if mac else {}), "addr_info": [entry] if local else []}
    if isinstance(record.get("state"), str):
        record["state"] = [record["state"]]
    if "table_name" in record:
        record["table"] = record.pop("table_name")
    if "dst" in record and "lladdr" not in record and "state" not in record:
        record.setdefault("flags", [])
    return record


def _written(rows: Sequence[_Row]) -> Iterator[tuple[int, str]]:
    """The lines for some rows: those of a machine and namespace together, in the order of the first ones."""
    tables: dict[tuple[str, str, str], list[_Row]] = {}
    for row in rows:
        kind = next((key for key in ("addr_info", "ifname", "lladdr", "state", "dst") if key in row.record), "")
        tables.setdefault((row.host, row.netns, "lladdr" if kind == "state" else kind), []).append(row)
    for (host, netns, _), some in tables.items():
        first = some[0].number
        yield first, f"=== {host} ==="
        if netns:
            yield first, f"Namespace {netns}:"
        links: dict[str, dict[str, Any]] = {}
        kept = []
        for row in some:
            known = links.get(row.record.get("ifname", "")) if "addr_info" in row.record else None
            if known is not None:
                known["addr_info"] += row.record["addr_info"]
                continue
            if "addr_info" in row.record:
                links[row.record["ifname"]] = row.record
            kept.append(row)
        yield first, "["
        for row in kept:
            yield row.number, json.dumps(row.record) + ("," if row is not kept[-1] else "")
        yield some[-1].number, "]"
        yield some[-1].number, ""
