"""From records to tables: columns, conditions, order, and no character that a terminal would obey."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from fixture_files import label, read, texts
from rooms import ROOT

import parsers
from netwrap import wording
from netwrap.errors import UsageError
from netwrap.tables import render, selection, view
from netwrap.tables.selection import Condition, Row
from netwrap.verbs import _table


@pytest.mark.parametrize("path", texts(), ids=label)
def test_every_fixture_makes_a_table(path: Any) -> None:
    command = path.parent.parent.name
    records, _ = parsers.parse(command, read(path), strict=False)
    rows = view.rows(command, records)
    columns = view.columns(command, rows)
    # A table and a chain that a rule jumps to are seen by their rules.
    plain = [record for record in records if record.get("kind") in ("table", "chain") and "hook" not in record]
    assert len(rows) >= len([record for record in records if record]) - len(plain)
    assert set(columns) <= {"netns", "unparsed", *view.all_columns(command)}
    cells = [[row.get(name) for name in columns] for row in rows]
    table = render.table(columns, cells)
    assert len(table.split("\n")) == len(rows) + 2
    back = list(csv.reader(io.StringIO(render.table(columns, cells, "csv", raw=True))))
    assert back[0] == columns and back[1:] == [[render.text(cell) for cell in row] for row in cells]
    assert all(letter == "\n" or letter.isprintable() for letter in table)
    assert json.loads("\n".join(render.records(records, "json"))) == records


def rows(*cells: dict[str, Any]) -> list[Row]:
    return [Row(item, item) for item in cells]


LINKS: list[dict[str, Any]] = [
    {"name": "a", "dev": "v0", "metric": 10, "flags": ["UP", "LOWER_UP"], "up": True, "state": ["FAILED"],
     "address": "10.0.0.1/24", "bytes": 1500, "alias": "to b", "mac": "02:00:00:00:00:AB", "vlan": "10-20", "delta": -5,
     "dst": "default"},
    {"name": "b", "dev": "v1", "metric": 9, "flags": ["UP"], "up": False, "state": ["STALE"], "address": "fe80::1/64",
     "bytes": 2000000, "vlan": 7, "delta": 3, "dst": "10.1.0.0/16"},
    {"name": "c", "dev": None, "flags": [], "info": {"kind": "veth"}, "hops": [{"via": "10.0.0.9"}, {"via": "10.0.0.8"}],
     "address": "10.9.9.1 peer 10.9.9.2/32", "dst": "10.1.2.0/24"},
]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ("dev=v0", "a"), ("dev!=v0", "bc"), ("dev~^v", "ab"), ("dev!~^v", "c"), ("metric<10", "b"), ("metric<=10", "ab"),
        ("metric>9", "a"), ("metric>=100", ""), ("dev=", "c"), ("flags=UP", "ab"), ("flags=UP,DOWN", ""), ("up=true", "a"),
        ("name=", ""), (" dev =v0", "a"), ("info.kind=veth", "c"), ("dev==v0", "a"), ("metric == 10", "a"), ("up=no", "b"),
        ("bytes=1.5k", "a"), ("bytes>1M", "b"), ("bytes>1k", "ab"), ("bytes>1Ki", "ab"), ("bytes>=2M", "b"), ("bytes<1Mi", "a"),
        ("metric>-1", "ab"), ("delta=-5", "a"), ("delta<0", "a"), ("delta>-6", "ab"), ("state=failed", "a"), ("state~^st", "b"),
        ("dev=V0", ""), ("address<<10.0.0.0/8", "ac"), ("address<<10.0.0.0/24", "a"), ("address << fe80::/10", "b"),
        ("dst>>10.1.2.5", "abc"), ("dst>>10.1.9.9", "ab"), ("address=10.0.0.1", "a"), ("address=FE80:0::1", "b"),
        ("hops.via=10.0.0.8", "c"), ("mac=02:00:00:00:00:ab", "a"), ("vlan=15", "a"), ("vlan=7", "b"), ("vlan>15", "a"),
        ("alias = 'to b'", "a"), ("alias=to b", "a"), ("dev=@name", ""), ("metric!=@bytes", "ab"), ("dev<v1", "a"),
    ],
)  # fmt: skip
def test_where(condition: str, left: str) -> None:
    found = rows(*LINKS)
    assert "".join(row.cells["name"] for row in selection.where(found, [Condition(condition)])) == left


@pytest.mark.parametrize(
    ("condition", "why"),
    [("metric<abc", "metric holds numbers, and 'abc' is not a number"), ("metric=abc", "holds numbers"),
     ("dev>5", "dev holds no numbers"), ("dev<<10.0.0.0/8", "dev holds no addresses")],
)  # fmt: skip
def test_words_and_numbers_are_not_compared(condition: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        selection.where(rows(*LINKS), [Condition(condition)])


def test_the_other_end_of_a_link() -> None:
    one, other = rows({"mtu": 1500, "name": "a"}, {"mtu": 9000, "name": "b"})
    one.peer, other.peer = other, one
    alone = Row({"mtu": 1500, "name": "lo"}, {})
    found = [one, other, alone]
    assert selection.where(found, [Condition("mtu!=@peer.mtu")]) == [one, other]
    assert selection.where(found, [Condition("mtu<@peer.mtu")]) == [one]
    assert selection.where(found, [Condition("@peer.mtu>=9k")]) == [one]


def test_rows_that_are_alike() -> None:
    found = rows({"a": 1, "b": [1]}, {"a": 1, "b": [2]}, {"a": 1, "b": [1]})
    assert [row.cells["b"] for row in selection.uniq(found, ["a", "b"])] == [[1], [2]]
    assert len(selection.uniq(found, ["a"])) == 1


def test_sorting_is_as_people_do() -> None:
    found = rows(*({"dev": dev, "n": n} for n, dev in enumerate(["eth10", "eth2", None, "eth2", "lo"])))
    assert [row.cells["n"] for row in selection.sort(found, ["dev"])] == [1, 3, 0, 4, 2]
    assert [row.cells["n"] for row in selection.sort(found, ["dev", "-n"])] == [3, 1, 0, 4, 2]
    assert [row.cells["n"] for row in selection.sort(found, ["-dev"])] == [4, 0, 1, 3, 2]  # blanks last either way
    numbers = rows(*({"n": n} for n in (3, -5, None, 10, 0)))
    assert [row.cells["n"] for row in selection.sort(numbers, ["n"])] == [-5, 0, 3, 10, None]
    addresses = ["10.0.0.10", "10.0.0.9", "9.0.0.1", "fe80::2", "fe80::10"]
    assert sorted(addresses, key=wording.natural) == ["9.0.0.1", "10.0.0.9", "10.0.0.10", "fe80::2", "fe80::10"]


@pytest.mark.parametrize("condition", ["dev", "=x", "dev~(", "1dev=2", "", "address<<eth0"])
def test_conditions_that_are_none(condition: str) -> None:
    with pytest.raises(UsageError):
        Condition(condition)


@pytest.mark.parametrize("name", ["nhid", "encap.encap_type", "nexthops.gateway", "from", "netns", "proto", "metrics.mtu"])
def test_names_that_a_record_can_have(name: str) -> None:
    assert _table.is_known("ip_route", name)


@pytest.mark.parametrize("name", ["nonsense", "nexthops.typo", "dst.x", "nexthops.gateway.x", "linkinfo.info_kind"])
def test_names_that_no_record_can_have(name: str) -> None:
    assert not _table.is_known("ip_route", name)


def test_numbers_in_names_stay_as_they_are() -> None:
    table = render.table(["a", "b"], [["10.10", 5], ["1e3", None]])
    assert table.split("\n")[2:] == ["10.10    5", "1e3"]


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "tsv", *render.formats()])
def test_no_format_lets_a_control_character_through(form: str) -> None:
    evil = "a\x1b[31m\x07\r\n\t\x85\u2028\x9bb\udcff"
    form = render.check_format(form)
    assert form != "table"
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


def test_a_table_imports_little_and_leaves_tabulate_whole() -> None:
    code = (
        "import sys; from netwrap.tables import render; print(render.table(['a'], [['b']]))\n"
        "print(not {'importlib.metadata', 'inspect', 'email', 'dataclasses'} & set(sys.modules))\n"
        "import dataclasses, importlib.metadata, tabulate\n"
        "row = dataclasses.make_dataclass('Row', ['x'])(5)\n"
        "print(importlib.metadata.version('tabulate') != 'unknown', tabulate.tabulate([row], headers='keys', tablefmt='plain'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert (done.stdout.split(), done.stderr) == (["a", "---", "b", "True", "True", "x", "5"], "")
