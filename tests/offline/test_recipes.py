"""docs/recipes.md: every command prints what the page shows."""

from __future__ import annotations

import re
import shlex

import pytest
from rooms import ROOT, Netwrap

PAGE = (ROOT / "docs" / "recipes.md").read_text()
RECIPES = re.findall(r"^## (.*)\n(?:(?!```).*\n)*```\n\$ netwrap (.*)\n((?:(?!```).*\n)*)```$", PAGE, re.M)


def test_every_question_has_a_command() -> None:
    assert [question for question, _command, _shown in RECIPES] == re.findall(r"^## (.*)", PAGE, re.M)
    assert len(RECIPES) == 22


@pytest.mark.parametrize(("command", "shown"), [recipe[1:] for recipe in RECIPES], ids=[recipe[0] for recipe in RECIPES])
def test_a_recipe(netwrap: Netwrap, monkeypatch: pytest.MonkeyPatch, command: str, shown: str) -> None:
    monkeypatch.chdir(ROOT)
    done = netwrap(*shlex.split(command))
    assert "\n" in done.stdout.rstrip("\n"), "a question without an answer"
    assert [line.rstrip() for line in (done.stdout + done.stderr).rstrip("\n").split("\n")] == shown.rstrip("\n").split("\n")
