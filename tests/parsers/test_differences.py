"""The document of differences between text and JSON is what the parsers' modules list; and no entry is a blanket.

Write it anew with ``PYTHONPATH=. python tests/test_differences.py > parsers/DIFFERENCES.md``.
"""

from __future__ import annotations

from pathlib import Path

import parsers

DOCUMENT = Path(parsers.__file__).resolve().with_name("DIFFERENCES.md")
SIDES = {"text": "text only", "json": "JSON only", "both": "another value", "backslash": "another character"}
HEAD = """\
# Where text and JSON of one command differ
`parsers` makes the same records of both, as far as both say the same. These are the fields where the program itself prints
less, more or something else in one of them; each is listed once, in `DIFFERENCES` of the parser's module, and the tests compare
every text of the matrix with its JSON but for these. (`tests/test_differences.py` writes this file.)

| command | field | where | why |
| --- | --- | --- | --- |
"""


def document() -> str:
    """The document, from the modules."""
    rows = []
    for command in parsers.names():
        for path, side, reason in getattr(parsers.module(command), "DIFFERENCES", ()):
            field = "any text" if path == "*" else f"`{path}`"
            rows.append(f"| `{command}` | {field} | {SIDES[side]} | {reason} |\n")
    return HEAD + "".join(rows)


def test_the_document_is_what_the_modules_list() -> None:
    assert DOCUMENT.read_text() == document()


def test_no_difference_is_a_blanket() -> None:
    for command in parsers.names():
        for path, side, reason in getattr(parsers.module(command), "DIFFERENCES", ()):
            assert side in SIDES and reason
            assert (path == "*") == (side == "backslash"), (command, path)


if __name__ == "__main__":
    print(document(), end="")
