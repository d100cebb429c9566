"""The document of differences between text and JSON lists what the oracle allows; a fixture needs each allowance.

Write it anew with ``PYTHONPATH=.:tests/support python tests/parsers/test_differences.py > parsers/DIFFERENCES.md``.
"""

from __future__ import annotations

from pathlib import Path

from allowances import ALLOWANCES, Allowance

import parsers

DOCUMENT = Path(parsers.__file__).resolve().with_name("DIFFERENCES.md")
SIDES = {"text": "text only", "json": "JSON only", "both": "another value", "backslash": "another character"}
HEAD = """\
# Where text and JSON of one command differ
`parsers` makes the same records of both, as far as both say the same. These are the fields where the program itself prints
less, more or something else in one of them, with the values, the kinds and the releases that this was seen with; the tests
compare every text of the matrix with its JSON but for these. (`tests/parsers/test_differences.py` writes this file.)

| command | field | where | values | kinds | releases | why |
| --- | --- | --- | --- | --- | --- | --- |
"""


def _row(allowance: Allowance) -> str:
    field = "any text" if allowance.place == "*" else f"`{allowance.place}`"
    commands = ", ".join(f"`{command}`" for command in allowance.commands.split())
    values = ", ".join(f"`{value!r}`" for value in allowance.values)
    since = "" if allowance.since == "0" else f"{allowance.since} and later"
    until = "" if allowance.until == "9999" else f"up to {allowance.until}"
    releases = f"{allowance.since} to {allowance.until}" if since and until else since or until
    return f"| {commands} | {field} | {SIDES[allowance.side]} | {values} | {allowance.kinds} | {releases} | {allowance.why} |\n"


def document() -> str:
    """The document, from the table."""
    return HEAD + "".join(map(_row, ALLOWANCES))


def test_the_document_is_what_is_allowed() -> None:
    assert DOCUMENT.read_text() == document()


def test_no_allowance_is_a_blanket() -> None:
    for allowance in ALLOWANCES:
        assert allowance.side in SIDES and allowance.why and set(allowance.commands.split()) <= set(parsers.names())
        assert (allowance.place == "*") == (allowance.side == "backslash"), allowance
        assert allowance.values or allowance.says is not Allowance.says or allowance.side == "backslash", allowance


if __name__ == "__main__":
    print(document(), end="")
