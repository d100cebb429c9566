"""The README and docs/ show real output, their pictures are those that netwrap draws, and their links lead somewhere."""

from __future__ import annotations

import doctest
import re
import shlex
import sys
from pathlib import Path

import pytest
from private_host import PrivateHost
from rooms import ROOT, Netwrap

README = (ROOT / "README.md").read_text()
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
#: `$ netwrap …` in a block of its own, the output below it, and the picture behind the block, if it shows one.
_SHOWN = re.compile(
    r"```\n\$ netwrap ([^\n]*--from fixtures[^\n]*|diff fixtures[^\n]*|lab show[^\n]*svg)\n(.*?)```\n"
    r"(?:!\[[^\n]*\]\(([^)\n]*)\))?",
    re.DOTALL,
)
# (recipes.md has a test of its own)
SHOWN = [(path, *found) for path in DOCUMENTS if path.stem != "recipes" for found in _SHOWN.findall(path.read_text())]


def stripped(text: str) -> list[str]:
    """The lines of a text without blanks at their ends, as a document shows them. The number of checks may grow."""
    return [re.sub(r"\b\d+ checks of", "N checks of", line.rstrip()) for line in text.rstrip().split("\n")]


@pytest.mark.parametrize(
    ("path", "command", "output", "picture"), SHOWN, ids=[f"{path.stem}: {command}" for path, command, _, _ in SHOWN]
)
def test_shown_output(netwrap: Netwrap, path: Path, command: str, output: str, picture: str) -> None:
    done = netwrap(*shlex.split(command))
    if picture:
        assert done.stdout == (path.parent / picture).read_text()
    else:
        assert stripped(done.stdout or done.stderr) == stripped(output)


def test_every_picture_is_shown() -> None:
    shown = {Path(picture).name for _, _, _, picture in SHOWN if picture}
    assert shown == {path.name for path in (ROOT / "docs" / "pictures").iterdir()}


@pytest.mark.parametrize("path", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text):
        assert "://" not in target, f"{path.name}: this checkout has no address of its own to point to: {target}"
        assert (path.parent / target).exists(), f"{path.name} links {target}"


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
