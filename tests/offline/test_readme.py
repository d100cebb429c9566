"""The README shows what really comes out."""

from __future__ import annotations

import doctest
import re
import shlex
import sys

import pytest
from private_host import PrivateHost
from rooms import ROOT, Netwrap

README = (ROOT / "README.md").read_text()
# `$ netwrap …` and the output below it, where it needs nothing but this checkout
_SHOWN = re.compile(r"```\n\$ netwrap (parse [^\n]*|[^\n]*--from fixtures[^\n]*)\n(.*?)```", re.DOTALL)
SHOWN = _SHOWN.findall(README)


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command for command, _ in SHOWN])
def test_shown_output(netwrap: Netwrap, command: str, output: str) -> None:
    done = netwrap(*shlex.split(command))
    assert [line.rstrip() for line in done.stdout.rstrip().split("\n")] == [line.rstrip() for line in output.rstrip().split("\n")]


def test_library_examples() -> None:
    examples = doctest.DocTestParser().get_doctest(README.replace("```", ""), {}, "README.md", None, None)
    assert examples.examples
    results = doctest.DocTestRunner().run(examples)
    assert results.failed == 0


@pytest.mark.root
def test_library_example_that_changes_things(private_host: PrivateHost) -> None:
    code = next(block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "import arp" in block)
    promised = [line.partition("  # ")[2] for line in code.split("\n") if line.lstrip().startswith("print(")]
    assert private_host.run(sys.executable, "-c", code).stdout.rstrip("\n").split("\n") == promised
