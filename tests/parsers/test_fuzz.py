"""A bounded part of the fuzzing, the same at every run; ``tests/fuzz/run.py`` runs for any number of seconds."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from fixture_files import FIXTURES, label, read, texts
from hypothesis import HealthCheck, given, settings
from portion import chosen

import parsers
from tests.fuzz import mutations, strategies

BOUNDED = settings(max_examples=25, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
COMMANDS = parsers.names()


@pytest.mark.parametrize("command", strategies.TABLES)
def test_what_is_built_is_what_is_parsed(command: str) -> None:
    module = parsers.module(command)

    @BOUNDED
    @given(strategies.TABLES[command])
    def check(table: tuple[str, list[dict[str, Any]]]) -> None:
        text, records = table
        parsed = module.parse(text)
        assert parsed == records
        assert [list(record) for record in parsed] == [list(record) for record in records], "another order of keys"
        if hasattr(module, "iter_parse"):
            assert list(module.iter_parse(text.splitlines(keepends=True) if text.isprintable() else text.split("\n"))) == records

    check()


def only_parse_errors(command: str, text: str) -> None:
    """Check that only ParseError is raised, and that records can be printed as JSON."""
    records, problems = parsers.parse(command, text, strict=False)
    json.dumps(records)
    for problem in problems[:20]:
        assert "\n" not in str(problem) and len(str(problem)) < 1000
    try:
        strict = parsers.parse(command, text)
    except parsers.ParseError:
        assert problems
    else:
        assert strict == records and not problems


def _captures() -> list[Path]:
    """One capture in four, of every command and form in turn."""
    return [path for path in sorted(FIXTURES.glob("*/*/*")) if path.suffix in (".txt", ".json")][::4]


@pytest.mark.parametrize("path", _captures(), ids=lambda path: f"{label(path)}{path.suffix}")
def test_damaged_captures(path: Path) -> None:
    rng = random.Random(str(label(path)))
    text = read(path)[:6000]
    others = texts()
    for times in (1, 1, 3):
        damaged = mutations.mutate(rng, text, read(rng.choice(others))[:2000], times)
        only_parse_errors(path.parent.parent.name if path.parent.parent.name in COMMANDS else rng.choice(COMMANDS), damaged)
    only_parse_errors(rng.choice(COMMANDS), damaged)
    parsers.detect(damaged)


@pytest.mark.parametrize("command", COMMANDS)
def test_lines_without_end(command: str) -> None:
    """Seeds repeated to 8,000 characters; what is worse than linear would take minutes (and dump its stack)."""
    for head in mutations.HEADS:
        for seed in mutations.SEEDS:
            if chosen((command, head, seed), 4):
                only_parse_errors(command, head + seed * (8_000 // len(seed)))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_megabyte_of_one_line(command: str) -> None:
    for seed in ("x", "1: ", "10.0.0.0/8 via 10.0.0.1 dev eth0 "):
        records, problems = parsers.parse(command, seed * (1_000_000 // len(seed)), strict=False)
        assert len(records) <= 1 and len(str(problems)) < 2 * 1_000_000 + 10_000


@pytest.mark.parametrize(
    "text",
    # ruff: noqa: E501
    ["[" * 100_000, '[{"a":' * 50_000, "[" + "9" * 100_000 + "]", '[{"ifindex":1e400}]', '[{"dst":"a"', '["\ud800"]', "[1]", '[{"dst":null}]',
     '[{"ifname":[]}]', '[{"addr_info":[[]]}]', '[{"vlans":{}}]', '[{"flags":{}}]', '[{"encap":"ip","encap":"ip"}]', '{"a":[{"vlan":[]}]}',
     '[{"metrics":7}]', '[{"linkinfo":[]}]', '[{"linkinfo":{"info_data":7}}]', '[{"dst":{}}]', "[[[]]]", '[{"":""}]'],
    ids=lambda text: text[:20],
)  # fmt: skip
@pytest.mark.parametrize("command", COMMANDS)
def test_json_that_nobody_printed(command: str, text: str) -> None:
    only_parse_errors(command, text)
    parsers.detect(text)


def test_alias_does_not_take_the_rest_of_a_text() -> None:
    text = "1: lo: <UP> mtu 1\n    alias x\n" + "line\n" * 50_000
    [record], problems = parsers.parse("ip_link", text, strict=False)
    assert len(record["ifalias"]) < 300 and len(problems) > 49_000
