"""Tables where `tabulate` cannot be imported, or is too old for us, and JSON where Python has another encoder."""

from __future__ import annotations

import itertools
import json
import sys
from types import ModuleType

import pytest

from netwrap.errors import NetwrapError, UsageError
from netwrap.tables import render

ROWS = [["eth0", 1500, None], ["a-rather-long-name", 65536, "a|b"], ["ẍ", 1, ["UP", "X"]]]


def drawn() -> list[tuple[str, bool, bool, str]]:
    """Some tables in every form that needs no library."""
    forms = itertools.product(render._WITHOUT, (True, False), (ROWS, ROWS[:1], []), (True, False))
    return [
        (name, header, tight, render.table(["dev", "mtu", "a-header-as-well"], rows, name, header, tight))
        for name, header, rows, tight in forms
        if header or rows
    ]


def test_our_own_table_is_the_one_of_tabulate(monkeypatch: pytest.MonkeyPatch) -> None:
    by_tabulate = drawn()
    monkeypatch.setitem(sys.modules, "tabulate", None)
    assert render._tabulate() is None
    assert drawn() == by_tabulate


def test_what_needs_tabulate_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tabulate", None)
    with pytest.raises(UsageError) as caught:
        render.check_format("grid")
    assert str(caught.value) == (
        "format 'grid' needs the Python module 'tabulate'; "
        "without it there are: csv, json, jsonl, plain, simple, table, tsv, yaml"
    )


def test_the_tabulate_of_debian_12_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    old = ModuleType("tabulate")
    old.__version__ = "0.8.9"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tabulate", old)
    with pytest.raises(NetwrapError, match=r"^the Python module 'tabulate' is too old: 0\.8\.9; netwrap needs 0\.9 or later$"):
        render.table(["a"], [["b"]])


def test_json_lines_are_the_same_without_the_encoder_of_cpython(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"ifname": "ü\x1b", "mtu": 1500, "up": True, "master": None, "rates": [1.5, "x"]}]
    wanted = [f"{json.dumps(row)}\n" for row in rows]
    other = ModuleType("_json")
    other.__dict__.update(encode_basestring_ascii=json.dumps, make_encoder=lambda: None)  # one that takes other arguments
    for module in (sys.modules.get("_json"), None, other):
        monkeypatch.setitem(sys.modules, "_json", module)
        assert [f"{line.rstrip()}\n" for line in render.records(rows, "jsonl")] == wanted
