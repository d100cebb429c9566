"""Damage by mails, terminals and scripts, applied to the real texts of the matrix.

The records must stay the same, or the parser must say what it could not read; what it did read must be right.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fixture_files import label, read, texts

import parsers

RELEASES = ("iproute2-3.10.0", "iproute2-4.15.0", "iproute2-5.9.0", "iproute2-7.3.0", "busybox-1.37.0")
TEXTS = [
    path
    for path in texts()
    if path.parent.name in RELEASES and path.parent.parent.name not in ("arp", "route") and read(path).strip()
]
# Any line may be the name of a namespace, so nothing tells a line that is none.
NOT_NAMES = [path for path in TEXTS if path.parent.parent.name != "ip_netns"]
MESSAGE = "Error: Peer netns reference is invalid."


def _parse(path: Path, text: str) -> tuple[list[Any], list[parsers.ParseError]]:
    records, problems = parsers.parse(path.parent.parent.name, text, strict=False)
    return list(records), problems


def _clean(path: Path) -> list[Any]:
    return _parse(path, read(path))[0]


def _but_names(records: list[Any]) -> list[Any]:
    """Links without what the other lines of a listing tell: where in ``a@b@c`` the name ends."""
    return [{key: value for key, value in record.items() if key not in ("ifname", "link", "link_index")} for record in records]


@pytest.mark.parametrize("path", TEXTS, ids=label)
def test_carriage_returns(path: Path) -> None:
    assert _parse(path, read(path).replace("\n", "\r\n"))[0] == _clean(path)


@pytest.mark.parametrize("path", NOT_NAMES, ids=label)
def test_indentation_lost(path: Path) -> None:
    """A mail or a web page strips what a line begins with."""
    lines = [line.lstrip(" \t") for line in read(path).split("\n")]
    records, problems = _parse(path, "\n".join(lines))
    assert problems or records == _clean(path)


@pytest.mark.parametrize("path", NOT_NAMES, ids=label)
def test_a_prompt_in_front(path: Path) -> None:
    prompt = "root@host:~# ip something"
    records, problems = _parse(path, f"{prompt}\n{read(path)}")
    assert records == _clean(path)
    assert [problem.line for problem in problems][:1] == [prompt]


@pytest.mark.parametrize("path", [path for path in NOT_NAMES if path.parent.parent.name != "bridge_vlan"], ids=label)
def test_first_line_cut(path: Path) -> None:
    """Someone copied from the second line on: what is whole is the same (the first of `bridge vlan` says which table it is)."""
    records = _but_names(_parse(path, read(path).partition("\n")[2])[0])
    whole = _but_names(_clean(path)[1:])
    assert not whole or records[len(records) - len(whole) :] == whole


@pytest.mark.parametrize("path", TEXTS, ids=label)
def test_cut_in_the_middle(path: Path) -> None:
    """All records but the last are those of the whole text."""
    text, whole = read(path), _but_names(_clean(path))
    for part in (0.3, 0.5, 0.77):
        records = _but_names(_parse(path, text[: int(len(text) * part)])[0])
        assert records[:-1] == whole[: max(len(records) - 1, 0)]


@pytest.mark.parametrize("path", NOT_NAMES, ids=label)
def test_standard_error_mixed_in(path: Path) -> None:
    lines = read(path).split("\n")
    mixed = [line for number, line in enumerate(lines) for line in ([MESSAGE, line] if number % 3 == 2 else [line])]
    records, problems = _parse(path, "\n".join(mixed))
    assert records == _clean(path)
    assert [problem.line for problem in problems if problem.line == MESSAGE] == [MESSAGE] * mixed.count(MESSAGE)


@pytest.mark.parametrize("path", [path for path in TEXTS if path.stem != "all"], ids=label)
def test_headings_of_namespaces(path: Path) -> None:
    """`ip -all netns exec`"""
    text = read(path)
    records, _ = _parse(path, f"\nnetns: blue\n{text}\nnetns: we ird\n{text}")
    assert records == [{**record, "netns": netns} for netns in ("blue", "we ird") for record in _clean(path)]
