"""Damaged captures and bundles: every verb runs on each, and may raise nothing but NetwrapError."""

from __future__ import annotations

from tests.fuzz import hosts
from tests.offline.test_bundles import LAYOUTS


def test_mutated_captures_and_bundles() -> None:
    bundles = {name: {path: text.encode() for path, text in files.items()} for name, (_, files) in LAYOUTS.items()}
    totals, findings = hosts.run(24, 20261127, bundles)
    assert findings == []
    assert totals["captures"] + totals["bundles"] + totals["refused"] >= 24


def test_mutated_documents() -> None:
    assert hosts.documents(100, 20261128) == []
