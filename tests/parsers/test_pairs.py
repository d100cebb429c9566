"""Every text of the matrix gives the records of the JSON for the same state, no word is left over, and each is recognised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from allowances import ALLOWANCES, Allowance
from fixture_files import label, pairs, read, texts
from pairs import Oracle

import parsers

PAIRS = pairs()

# JSON that these releases broke beyond repair: what must come out is one clear line.
BROKEN = {
    ("ip_route", "iproute2-4.18.0"): "metrics and nexthops have no keys",
    ("ip_route", "iproute2-5.0.0"): "metrics and nexthops have no keys",
    ("bridge_vlan", "iproute2-4.18.0"): "ports stand in an array of their names",
    ("bridge_vlan", "iproute2-5.0.0"): "tunnelshow leaves a bracket open",
    ("bridge_vlan", "iproute2-5.4.0"): "tunnelshow leaves a bracket open",
    ("bridge_link", "iproute2-5.0.0"): "-d puts an object without a key into an object",
    ("bridge_link", "iproute2-5.4.0"): "-d puts an object without a key into an object",
}


def _broken(path: Path) -> bool:
    return (path.parent.parent.name, path.parent.name) in BROKEN


def _oracle(text: Path) -> Oracle:
    return Oracle(text.parent.parent.name, read(text), text.parent.name.rpartition("-")[2])


@pytest.mark.parametrize("text,json", PAIRS, ids=[label(pair[0]) for pair in PAIRS])
def test_text_says_what_json_says(text: Path, json: Path) -> None:
    module = parsers.module(text.parent.parent.name)
    try:
        from_json = module.parse(read(json))
    except parsers.ParseError as error:
        assert _broken(json) and "not valid JSON" in str(error)
        return
    from_text = module.parse(read(text))
    assert from_text or from_json == []
    assert _oracle(text).differences(from_text, from_json) == []


def test_every_allowance_is_needed() -> None:
    used: set[Allowance] = set()
    for text, json in PAIRS:
        if text.stem in ("d", "s", "all", "plain", "tun", "ruleset") and not _broken(json):
            module, oracle = parsers.module(text.parent.parent.name), _oracle(text)
            oracle.differences(module.parse(read(text)), module.parse(read(json)))
            used |= oracle.used
    assert [allowance.place for allowance in ALLOWANCES if allowance not in used] == []


def _words_left(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = list(value.get("unparsed", []))
        return own + [word for key, part in value.items() if key != "unparsed" for word in _words_left(part)]
    if isinstance(value, list):
        return [word for part in value for word in _words_left(part)]
    return []


@pytest.mark.parametrize("text", texts(), ids=label)
def test_no_word_is_left_over(text: Path) -> None:
    records, _ = parsers.module(text.parent.parent.name).parse(read(text), strict=False)
    assert _words_left(records) == []


@pytest.mark.parametrize("text", texts(), ids=label)
def test_the_text_tells_its_command(text: Path) -> None:
    """As it is, and as a terminal gives it back: with carriage returns, and standard error above it."""
    command = text.parent.parent.name
    found = parsers.detect(read(text))
    if found:
        mixed = "Error: Peer netns reference is invalid.\r\n" + read(text).replace("\n", "\r\n")
        assert parsers.detect(mixed)[:1] == found[:1]
    if not read(text).strip():
        assert found == []
    elif text.stem.startswith(("de-", "fr-", "none")):
        assert found in ([], [command])  # translated, or a sentence; what is read of these is in test_arp and test_route
    elif command == "ip_netns" and "(id: " not in read(text) and "nsid" not in read(text):
        assert found == []  # names alone may be anything
    elif command == "wg" and len(read(text).split()) == 2:
        assert found == []  # `interface: NAME` alone may be of any configuration file
    else:
        assert found[:1] == [command]
