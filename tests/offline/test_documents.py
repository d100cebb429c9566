"""The documents show real output, their pictures are those that netwrap draws, and their links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from rooms import ROOT, Netwrap

DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
#: `$ netwrap …` in a block of its own, the output below it, and the picture behind the block, if it shows one.
_SHOWN = re.compile(
    r"```\n\$ netwrap ([^\n]*--from fixtures[^\n]*|diff fixtures[^\n]*)\n(.*?)```\n(?:!\[[^\n]*\]\(([^)\n]*)\))?", re.DOTALL
)
SHOWN = [(path, *found) for path in (ROOT / "docs").glob("*.md") for found in _SHOWN.findall(path.read_text())]


def stripped(text: str) -> list[str]:
    """The lines of a text without blanks at their ends, as a document shows them."""
    return [line.rstrip() for line in text.rstrip().split("\n")]


@pytest.mark.parametrize(("path", "command", "output", "picture"), SHOWN, ids=[command for _, command, _, _ in SHOWN])
def test_shown_output(netwrap: Netwrap, path: Path, command: str, output: str, picture: str) -> None:
    done = netwrap(*shlex.split(command))
    if picture:
        assert done.stdout == (path.parent / picture).read_text()
    else:
        assert [line.rstrip() for line in done.stdout.rstrip().split("\n")] == [
            line.rstrip() for line in output.rstrip().split("\n")
        ]


def test_every_picture_is_shown() -> None:
    shown = {Path(picture).name for _, _, _, picture in SHOWN if picture}
    assert shown == {path.name for path in (ROOT / "docs" / "pictures").iterdir()}


@pytest.mark.parametrize("path", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text):
        assert "://" not in target, f"{path.name}: this checkout has no address of its own to point to: {target}"
        assert (path.parent / target).exists(), f"{path.name} links {target}"
