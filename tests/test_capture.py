"""The probe on real namespaces, and the reader of what it prints."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from netwrap import capture

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root and real network namespaces")

HOSTILE = ["$(touch x)", "-n", "a b", "it's \"q\"", "new\nline", "--", "`id`", "@x end 0", "*", "back\\slash", "tab\tbed"]


@pytest.fixture
def hostile() -> Iterator[list[str]]:
    """Namespaces whose names try to be code, options and marks."""
    names = [f"{name}{os.getpid()}" for name in HOSTILE]
    for name in names:
        subprocess.run(["ip", "netns", "add", name], check=True)
    yield names
    for name in names:
        subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.mark.root
@pytest.mark.parametrize("json", [True, False])
def test_names_are_data(hostile: list[str], json: bool) -> None:
    found, _ = capture.sections(json=json)
    signs = capture.signs(next(section.stdout for section in found if section.command == "namespaces"))
    names = {sign.value: sign.netns for sign in signs if sign.how == "name"}
    for name in hostile:
        links = [section for section in found if section.netns == names[name] and section.command.endswith("link show")]
        assert [section.status for section in links if section.command.startswith("ip")] == [0]
        assert '"lo"' in links[0].stdout or "lo:" in links[0].stdout
