"""JSON as `ip -j` prints it, read within bounds, and its records checked against their types in :mod:`parsers.records`.

No program prints ``NaN``, ``Infinity`` or numbers of a thousand digits; they stay words, so that their field goes to
``unparsed``. So does every field with another type than its TypedDict has, and one that is nested too deep.

>>> checker("Neigh")({"dst": "10.0.0.1", "used": "often", "state": ["STALE"]})
{'dst': '10.0.0.1', 'state': ['STALE'], 'unparsed': ['used', '"often"']}
"""

from __future__ import annotations

from functools import lru_cache
from math import isfinite

from .lex import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from .records import Record

#: No command nests deeper.
DEEPEST = 24
_LONGEST_NUMBER = 20  # the digits of 2**64
_LONGEST_SHOWN = 200
_LARGEST = 1 << 64
_BLANKS = " \t\r\n"

_GAP = lazy(r"[\s,]*", 0)

# Without these a record tells of nothing.
_REQUIRED = {
    "Link": "ifname", "Route": "dst", "Neigh": "dst", "Rule": "priority", "BridgeFdb": "mac",
    "BridgeVlan": "ifname", "Vlan": "vlan", "Netconf": "family", "NexthopObject": "id",
}  # fmt: skip


def elements(text: str, at: int) -> Iterator[tuple[int, int, Any]]:
    """The complete elements of a JSON array from an offset inside it, up to where the array ends or breaks off.

    Each is (where it begins, where it ends, value).

    >>> list(elements('[1, {"a": 2}, {"a', 1))
    [(1, 2, 1), (4, 12, {'a': 2})]
    """
    decode = decoder()
    while True:
        at = _GAP.match(text, at).end()  # type: ignore[union-attr]
        try:
            value, end = decode(text, at)
        except (ValueError, RecursionError):
            return
        yield at, end, value
        at = end


def whole_part(text: str) -> str:
    """The complete elements at the beginning of a JSON array that breaks off, as an array.

    >>> whole_part('[{"a":[{"b":1},{"b":2}]},{"a":[{"b":')
    '[{"a":[{"b":1},{"b":2}]}]'
    """
    start = end = text.find("[") + 1
    for _, end, _ in elements(text, start):  # noqa: B007
        pass
    return f"[{text[start:end]}]"


def is_odd(text: str) -> bool:
    """Whether a JSON text may contain lone surrogates, so that its values must be cleaned."""
    return "\\ud" in text or "\\uD" in text


@lru_cache(maxsize=16)
def decoder(hook: Any = None, *, slow: bool = False) -> Callable[[str, int], tuple[Any, int]]:
    """`JSONDecoder.raw_decode`: from a text and an offset to the value there, and where the value ends.

    The slow one reads numbers of thousands of digits as words, at which the other raises ValueError. The scanner of `json` is
    used without `json` itself, which imports `re`: together they take as long as Python's start.
    """
    try:
        from _json import make_scanner  # type: ignore[import-not-found,unused-ignore]

        context: Any = _Context(hook, _int if slow else int)
        scan = make_scanner(context)
    except Exception:  # another Python than CPython, or one whose scanner asks for more
        scan = None

    def decode(text: str, at: int) -> tuple[Any, int]:
        if scan is not None:
            try:
                found: tuple[Any, int] = scan(text, at)
                return found
            except Exception:  # `json` raises the error in its own words
                pass
        import json

        return json.JSONDecoder(strict=False, object_pairs_hook=hook, parse_int=_int if slow else None).raw_decode(text, at)

    return decode


class _Context:
    """What the scanner of `json` asks of its decoder."""

    def __init__(self, hook: Any, parse_int: Callable[[str], Any]) -> None:
        self.strict = False
        self.object_hook = None
        self.object_pairs_hook = hook
        self.parse_int = parse_int
        self.parse_float = self.parse_constant = float  # also NaN and Infinity


def document(text: str, *, slow: bool = False) -> Any:
    """The value of a text that is one JSON document, as it stands there. Raises ValueError and RecursionError."""
    value, end = decoder(slow=slow)(text, len(text) - len(text.lstrip(_BLANKS)))
    if text[end:].strip(_BLANKS):
        import json

        json.loads(text, strict=False)  # raises the error
    return value


def loads(text: str) -> Any:
    """The value of a text that is one JSON document. Raises ValueError for everything else, however deep or long."""
    try:
        return plain(document(text, slow=True))
    except RecursionError:
        raise ValueError("nested too deep") from None


def _int(word: str) -> int | str:
    return int(word) if len(word) <= _LONGEST_NUMBER else word


@lru_cache(maxsize=1)  # few texts have such
def _halves() -> re.Pattern[str]:
    import re

    return re.compile("[\ud800-\udc7f\udd00-\udfff]")  # the other surrogates stand for bytes that are no UTF-8


def plain(value: Any, depth: int = 0) -> Any:
    """A value without lone surrogates, NaN and infinities, and without anything nested too deep."""
    if isinstance(value, str):
        return _halves().sub("\ufffd", value) if not value.isascii() else value
    if depth > DEEPEST:
        return "..."
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {plain(key): plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner, depth + 1) for inner in value]
    return value


@lru_cache(maxsize=64)
def checker(name: str) -> Callable[[Record], Record]:
    """A function that checks a record against the type of a name in :mod:`parsers.records`.

    It returns the record, with every field of another type under ``unparsed``, and raises ValueError where the main field
    (``ifname`` of a link) is missing.
    """
    required = _REQUIRED.get(name, "")

    def check(record: Record) -> Record:
        wrong = _misfits(name, record)
        if wrong:
            record = dict(record)
            words = record.pop("unparsed", [])
            if not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
                words = []
            for key in wrong:
                if key != "unparsed":
                    words = [*words, key, _shown(record.pop(key))]
            record["unparsed"] = words
        if required and required not in record:
            raise ValueError(f"no {required!r}")
        return record

    return check


def _misfits(name: str, record: Record) -> list[str]:
    """The fields of a record whose values are not of the type that a name in :mod:`parsers.records` gives them."""
    wrong = []
    fields = _fields(name)
    for key, value in record.items():
        check = fields.get(key, _ANYTHING)
        kind = value.__class__
        if (kind not in check.plain or kind is int and not -_LARGEST < value < _LARGEST) and not check.fits(value):
            wrong.append(key)
    return wrong


def _shown(value: Any) -> str:
    import json

    return json.dumps(plain(value), ensure_ascii=False)[:_LONGEST_SHOWN]


# -- types ---------------------------------------------------------------------------------------------------------


class _Check:
    """Whether a value has a type; ``plain``: the classes that suffice (an int in bounds), so that ``fits`` need not be called."""

    def __init__(self, fits: Callable[[Any], bool], *plain: type) -> None:
        self.fits = fits
        self.plain = frozenset(plain)


def _is_shallow(value: Any, depth: int = 0) -> bool:
    if isinstance(value, (list, dict)):
        return depth < DEEPEST and all(
            _is_shallow(it, depth + 1) for it in (value.values() if isinstance(value, dict) else value)
        )
    if type(value) is int:
        return -_LARGEST < value < _LARGEST
    return not isinstance(value, float) or isfinite(value)


_ANYTHING = _Check(_is_shallow, str, bool, int, type(None))
_SIMPLE = {
    "int": _Check(lambda value: type(value) is int and -_LARGEST < value < _LARGEST, int),
    "str": _Check(lambda value: isinstance(value, str), str),
    "bool": _Check(lambda value: isinstance(value, bool), bool),
    "float": _Check(lambda value: type(value) is int or type(value) is float and isfinite(value), int),
    "None": _Check(lambda value: value is None, type(None)),
    "Any": _ANYTHING,
}


@lru_cache(maxsize=64)
def _fields(name: str) -> dict[str, _Check]:
    from . import records

    found = {key: _check(kind) for key, kind in getattr(records, name).__annotations__.items()}
    for key, optional in list(found.items()):  # a flag that is set is there with None, in one release or another True
        if optional is _SIMPLE["None"]:
            found[key] = _Check(lambda value: value is None or isinstance(value, bool), bool, type(None))
    return found


def _check(kind: Any) -> _Check:
    """A function that checks values against an annotation: ``int``, ``str | None``, ``dict[str, list[int]]``, a record's name."""
    if not isinstance(kind, str):
        return _ANYTHING
    choices = _split(kind, "|")
    if len(choices) > 1:
        checks = [_check(choice) for choice in choices]
        return _Check(lambda value: any(check.fits(value) for check in checks), *(it for check in checks for it in check.plain))
    kind = kind.strip()
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if kind.startswith("list["):
        inner = _check(kind[5:-1])
        return _Check(lambda value: isinstance(value, list) and _all_fit(inner, value))
    if kind.startswith("dict["):
        inner = _check(_split(kind[5:-1], ",")[1])
        return _Check(lambda value: isinstance(value, dict) and _all_fit(inner, value.values()))
    required = _REQUIRED.get(kind, "")
    return _Check(lambda value: isinstance(value, dict) and not _misfits(kind, value) and (not required or required in value))


def _all_fit(check: _Check, values: Iterable[Any]) -> bool:
    for value in values:  # no generator: this is half of what reading a small table costs
        kind = value.__class__
        if (kind not in check.plain or kind is int and not -_LARGEST < value < _LARGEST) and not check.fits(value):
            return False
    return True


def _split(kind: str, mark: str) -> list[str]:
    """Split a type at marks outside of brackets."""
    parts, depth, begin = [], 0, 0
    for at, character in enumerate(kind):
        depth += (character == "[") - (character == "]")
        if character == mark and depth == 0:
            parts.append(kind[begin:at])
            begin = at + 1
    return [*parts, kind[begin:]]
