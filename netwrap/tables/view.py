"""Turn records into rows: the columns of each command's table, and the cells of a record."""

from __future__ import annotations

from .. import commands, wording
from .selection import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from parsers.records import Record


def rows(command: str, records: Sequence[Record]) -> list[Row]:
    """The rows of the records of a command; a record may have several rows (one for each address or nexthop)."""
    make = _view(command)[1]
    found = []
    for record in records:
        for cells in make(record):
            if "netns" in record:
                cells = {"netns": wording.netns(record["netns"]), **cells}
            if "host" in record:
                cells = {"host": record["host"], **cells}
            if record.get("unparsed"):
                cells["unparsed"] = record["unparsed"]
            found.append(Row(cells, record))
    return found


def columns(command: str, found: Sequence[Row]) -> list[str]:
    """The columns to show: the command's own, without optional ones (``?``) that no row fills."""
    wanted = []
    if not all_columns(command):  # all keys of the answer
        return list(dict.fromkeys(name for row in found for name in row.cells))
    for column in ("host?", "netns?", *_view(command)[0].split(), "unparsed?"):
        name = column.rstrip("?")
        if name == column or any(row.cells.get(name) not in (None, [], "") for row in found):
            wanted.append(name)
    return wanted


def optional_columns(command: str) -> list[str]:
    """The columns that are shown only if a row fills them."""
    return ["netns", "unparsed", *(column.rstrip("?") for column in _view(command)[0].split() if column.endswith("?"))]


def all_columns(command: str) -> list[str]:
    """Every column that a table of the command can have."""
    return [column.rstrip("?") for column in _view(command)[0].split()]


def _view(command: str) -> tuple[str, Callable[[Record], Iterator[Record]]]:
    """The columns of a table (``?``: optional), and the function that makes its rows."""
    if command in _ANSWERS:
        return _ANSWERS[command]
    found = commands.module(command)
    return found.COLUMNS, found.rows


# -- the tables that answers have ----------------------------------------------------------------------------------


def _same(*keys: str) -> Callable[[Record], Iterator[Record]]:
    def make(record: Record) -> Iterator[Record]:
        yield {key: record.get(key) for key in keys}

    return make


def _report(record: Record) -> Iterator[Record]:
    from .columns import on_demand

    up, links = record.get("links_up"), record.get("links")
    yield {
        "nsid": record.get("nsid"), "procs": record.get("processes"),
        "links": None if links is None else f"{'?' if up is None else up}/{links}",
        "addresses": record.get("addresses"), "default": record.get("default"), "neighs": record.get("neighbours"),
        "rules": record.get("rules"),
        **{name: "?" if record[name] is None else record[name] for name in on_demand("report") if name in record},
    }  # fmt: skip


# answer -> the columns of its table, and the function that makes its rows
def _firewall(record: Record) -> Iterator[Record]:
    rule = record.get("text", f"{record.get('type')} at {record.get('hook')}")
    verdict = record.get("verdict", record.get("target")) if record.get("kind") == "rule" else f"policy {record.get('policy')}"
    yield {"tool": record.get("tool"), "table": f"{record.get('family')} {record.get('table')}", "chain": record.get("chain"),
           "verdict": verdict, "rule": rule}  # fmt: skip


_ANSWERS: dict[str, tuple[str, Callable[[Record], Iterator[Record]]]] = {
    "report": ("nsid? procs? links? addresses? default? neighs? rules?", _report),
    "report_link": (
        "ifname kind? state? peer? how? master? addresses? address? mtu?",
        _same("ifindex", "ifname", "kind", "state", "peer", "how", "master", "addresses", "address", "mtu"),
    ),
    "report_listener": ("netid local local_port dev? users?", lambda socket: commands.module("ss").rows(socket)),
    "report_firewall": ("tool table chain verdict? rule", _firewall),
    "trace": (
        "from to address verdict direction? reason? where?",
        _same("from", "to", "address", "verdict", "direction", "reason", "where"),
    ),
    "diff": ("change table key field? before? after?", _same("change", "table", "key", "field", "before", "after")),
    "sql": ("", lambda record: iter([dict(record)])),
    "find": ("role what command", _same("role", "what", "command")),
}
