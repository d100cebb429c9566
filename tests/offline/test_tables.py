"""Records to rows to tables: columns, conditions, order, and nothing a terminal would obey."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from fixture_files import label, read, texts

import parsers
from netwrap import wording
from netwrap.errors import UsageError
from netwrap.tables import render, selection, view
from netwrap.tables.selection import Row


@pytest.mark.parametrize("path", texts(), ids=label)
def test_every_fixture_makes_a_table(path: Any) -> None:
    command = path.parent.parent.name
    records, _ = parsers.parse(command, read(path), strict=False)
    rows = view.rows(command, records)
    columns = view.columns(command, rows)
    assert len(rows) >= len([record for record in records if record])
    assert set(columns) <= {"netns", "unparsed", *view.all_columns(command)}
    cells = [[row.get(name) for name in columns] for row in rows]
    table = render.table(columns, cells)
    assert len(table.split("\n")) == len(rows) + 2
    back = list(csv.reader(io.StringIO(render.table(columns, cells, "csv"))))
    assert back[0] == columns and back[1:] == [[render.text(cell) for cell in row] for row in cells]
    assert all(letter == "\n" or letter.isprintable() for letter in table)
    assert json.loads("\n".join(render.records(records, "json"))) == records


def rows(*cells: dict[str, Any]) -> list[Row]:
    return [Row(item, item) for item in cells]


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ("dev=v0", ["a"]), ("dev!=v0", ["b", "c"]), ("dev~^v", ["a", "b"]), ("dev!~^v", ["c"]), ("metric<10", ["b"]),
        ("metric<=10", ["a", "b"]), ("metric>9", ["a"]), ("metric>=100", []), ("dev=", ["c"]), ("flags=UP", ["a", "b"]),
        ("flags=UP,DOWN", []), ("up=true", ["a"]), ("name=", []), (" dev =v0", ["a"]), ("info.kind=veth", ["c"]),
    ],
)  # fmt: skip
def test_where(condition: str, left: list[str]) -> None:
    found = rows(
        {"name": "a", "dev": "v0", "metric": 10, "flags": ["UP", "LOWER_UP"], "up": True},
        {"name": "b", "dev": "v1", "metric": 9, "flags": ["UP"], "up": False},
        {"name": "c", "dev": None, "flags": [], "info": {"kind": "veth"}},
    )
    assert [row.cells["name"] for row in selection.where(found, [condition])] == left


def test_sorting_is_as_people_do() -> None:
    found = rows(*({"dev": dev, "n": n} for n, dev in enumerate(["eth10", "eth2", None, "eth2", "lo"])))
    assert [row.cells["n"] for row in selection.sort(found, ["dev"])] == [1, 3, 0, 4, 2]
    assert [row.cells["n"] for row in selection.sort(found, ["dev", "-n"])] == [3, 1, 0, 4, 2]
    addresses = ["10.0.0.10", "10.0.0.9", "9.0.0.1", "fe80::2", "fe80::10"]
    assert sorted(addresses, key=wording.natural) == ["9.0.0.1", "10.0.0.9", "10.0.0.10", "fe80::2", "fe80::10"]


@pytest.mark.parametrize("condition", ["dev", "=x", "dev~(", "1dev=2", ""])
def test_conditions_that_are_none(condition: str) -> None:
    with pytest.raises(UsageError):
        selection.condition(condition)


def test_an_unknown_column_is_refused_a_seldom_one_is_not() -> None:
    found = rows({"dst": "default"})
    selection.check(["dst", "nhid", "encap.encap_type"], view.all_columns("ip_route"), found, view.record_keys("ip_route"))
    with pytest.raises(UsageError, match="unknown column 'nonsense'; there are: type, dst"):
        selection.check(["nonsense"], view.all_columns("ip_route"), found, view.record_keys("ip_route"))


def test_numbers_in_names_stay_as_they_are() -> None:
    table = render.table(["a", "b"], [["10.10", 5], ["1e3", None]])
    assert table.split("\n")[2:] == ["10.10    5", "1e3"]


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "tsv", *render.formats()])
def test_no_format_lets_a_control_character_through(form: str) -> None:
    evil = "a\x1b[31m\x07\r\n\t\x85\u2028\x9bb\udcff"
    assert render.check_format(form) == form
    if render.is_records(form):
        text = "\n".join(render.records([{"ifname": evil}], form))
    else:
        text = render.table(["name"], [[evil], [[evil, {"x": evil}]]], form)
    assert all(letter in "\n\t" or letter.isprintable() for letter in text)
    if form not in ("tsv", "json", "jsonl", "csv"):
        assert "\t" not in text


def test_a_cell_of_tsv_keeps_its_column() -> None:
    assert render.table(["a", "b"], [["x\ty", "z\n"]], "tsv").split("\n") == ["a\tb", "x\\ty\tz\\n"]


def test_nothing_at_all() -> None:
    assert list(render.records([], "json")) == ["[]"] and list(render.records([], "jsonl")) == []
    assert render.table(["a"], [], "csv") == "a"
