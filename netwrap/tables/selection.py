"""Choose and order rows: ``--where``, ``--sort``, ``--columns``.

A row is a dict of cells by column, with its record behind it; a name that is no column is looked up in the record,
dots leading into it (``linkinfo.info_kind``).
"""

from __future__ import annotations

import re

from ..errors import UsageError
from ..wording import natural

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Test = Callable[[Any], bool]

_MISSING = object()
_CONDITION = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*(!=|!~|<=|>=|=|~|<|>)(.*)$", re.DOTALL)


class Row:
    """One line of a table: its cells by column, and the record it shows."""

    __slots__ = ("cells", "record")

    def __init__(self, cells: dict[str, Any], record: dict[str, Any]) -> None:
        self.cells = cells
        self.record = record

    def get(self, name: str) -> Any:
        """A cell, or what the record holds under a (dotted) name; None where neither is there."""
        found = self.find(name)
        return None if found is _MISSING else found

    def find(self, name: str) -> Any:
        if name in self.cells:
            return self.cells[name]
        value: Any = self.record
        if name in self.record:
            return self.record[name]
        for part in name.split("."):
            if not isinstance(value, dict) or part not in value:
                return _MISSING
            value = value[part]
        return value

    def has(self, name: str) -> bool:
        return self.find(name) is not _MISSING


def where(rows: Iterable[Row], conditions: Sequence[str]) -> list[Row]:
    """The rows for which all conditions hold.

    ``name=value`` (equal, as text; in a list: one of them), ``!=``, ``name~regex`` (found anywhere), ``!~``, and ``<``, ``<=``,
    ``>``, ``>=`` (numbers as numbers, dotted addresses part by part). An absent value equals ``""``.
    Raises UsageError for anything else.
    """
    tests = [condition(text) for text in conditions]
    return [row for row in rows if all(test(row.get(name)) for name, test in tests)]


def condition(text: str) -> tuple[str, Test]:
    """A condition as the name it asks for and the test of its value."""
    found = _CONDITION.match(text)
    if found is None:
        raise UsageError(f"--where takes NAME=VALUE (or != ~ !~ < <= > >=), not {text!r}")
    name, operator, wanted = found[1], found[2], found[3]
    return name, _test(operator, wanted)


def _test(operator: str, wanted: str) -> Test:
    if operator in ("=", "!="):
        equal = operator == "="
        return lambda value: (wanted in _texts(value)) == equal
    if operator in ("~", "!~"):
        try:
            pattern = re.compile(wanted)
        except re.error as error:
            raise UsageError(f"--where: {wanted!r} is no regular expression: {error}") from None
        matches = operator == "~"
        return lambda value: any(pattern.search(text) for text in _texts(value)) == matches
    limit = natural(wanted)

    def compare(value: Any) -> bool:
        if value is None:
            return False
        key = natural(value)
        less, equal = key < limit, key == limit
        return {"<": less, "<=": less or equal, ">": not less and not equal, ">=": not less}[operator]

    return compare


def _texts(value: Any) -> list[str]:
    """A value as the texts that it may be compared with."""
    if value is None:
        return [""]
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)] or [""]
    return [str(value)]


def sort(rows: list[Row], keys: Sequence[str]) -> list[Row]:
    """The rows ordered by columns; ``-name`` orders downwards."""
    for key in reversed(keys):
        name = key.lstrip("-")
        rows = sorted(rows, key=lambda row: natural(row.get(name)), reverse=key.startswith("-"))
    return rows


def check(names: Iterable[str], columns: Sequence[str], rows: Sequence[Row], known: Iterable[str]) -> None:
    """Raise UsageError for a name that is neither a column, nor in any record, nor a key that a record may have."""
    for name in names:
        if name in columns or any(row.has(name) for row in rows) or name.partition(".")[0] in known:
            continue
        raise UsageError(f"unknown column {name!r}; there are: {', '.join(columns)}, and the keys of --format json")
