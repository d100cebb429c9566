"""Choose and order rows: ``--where``, ``--sort``, ``--columns``.

A row is a dict of cells by column, with its record. A name that is not a column is looked up in the record; dots lead into
it (``linkinfo.info_kind``) and through its lists (``addr_info.local``: any element).
"""

from __future__ import annotations

from parsers.lex import lazy

from ..errors import UsageError, similar
from ..prefixes import contains, network
from ..wording import natural

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Union

    Number = Union[int, float]
    Test = Callable[[Any], bool]

_MISSING = object()
_CONDITION = lazy(r"(?s)\s*(@?[A-Za-z_][\w.@-]*)\s*(==|!=|!~|<<|>>|<=|>=|=|~|<|>)\s*(.*?)\s*$", 0)
#: A number as people write it: ``-5``, ``1.5k`` (thousands), ``64Ki`` (of 1,024).
_NUMBER = lazy(r"([-+]?[0-9]+(?:\.[0-9]+)?) ?(?:([kKMGT])(i?)B?)?$")
_POWERS = {"k": 1, "K": 1, "M": 2, "G": 3, "T": 4}
#: Columns with words of a fixed list: their case does not matter.
_WORDS = frozenset(
    "state operstate flags kind info_kind scope protocol type role how family severity hwtype tool nud link_type".split()
)
#: Columns with addresses of an interface: an address without a length matches any length.
_OWNED = frozenset(("address", "addresses", "local"))
_SPAN = lazy(r"([0-9]+)-([0-9]+)$")
PEER = "@peer."


class Row:
    """One line of a table: its cells by column, the record it shows, and the row of the other end of a link."""

    __slots__ = ("cells", "peer", "record")

    def __init__(self, cells: dict[str, Any], record: dict[str, Any], peer: Row | None = None) -> None:
        self.cells = cells
        self.record = record
        self.peer = peer

    def get(self, name: str) -> Any:
        """A cell, or the record's value under a (dotted) name; None where neither exists."""
        found = self.find(name)
        return None if found is _MISSING else found

    def find(self, name: str) -> Any:
        if name in self.cells:
            return self.cells[name]
        if name.startswith(PEER):
            return self.peer.find(name[len(PEER) :]) if self.peer is not None else _MISSING
        if name in self.record:
            return self.record[name]
        return _walk(self.record, name.split("."))

    def has(self, name: str) -> bool:
        return self.find(name) is not _MISSING


def _walk(value: Any, parts: list[str]) -> Any:
    """The value under a dotted name; for a list, the values in its elements."""
    for at, part in enumerate(parts):
        if isinstance(value, list):
            found = [item for item in (_walk(element, parts[at:]) for element in value) if item is not _MISSING]
            return found or _MISSING
        if not isinstance(value, dict) or part not in value:
            return _MISSING
        value = value[part]
    return value


# -- conditions ----------------------------------------------------------------------------------------------------


class Condition:
    """One ``--where``: a name, an operator, and a value, or the name of another column behind ``@``."""

    def __init__(self, text: str) -> None:
        """Parse the text of a condition. Raises UsageError if it is none."""
        found = _CONDITION.match(text)
        if found is None:
            raise UsageError(f"--where takes NAME=VALUE (or != ~ !~ < <= > >= << >>), not {text!r}")
        self.text = text
        self.name = found[1]
        self.operator = "=" if found[2] == "==" else found[2]
        wanted = found[3]
        self.other = wanted if wanted.startswith("@") and len(wanted) > 1 else None
        if len(wanted) > 1 and wanted[0] == wanted[-1] and wanted[0] in "'\"":
            wanted = wanted[1:-1]
        self.wanted = wanted
        self._ready(wanted)

    def _ready(self, wanted: str) -> None:
        """Refuse a value that the operator cannot use."""
        if self.operator in ("~", "!~"):
            import re

            try:
                self.pattern = re.compile(wanted, re.IGNORECASE if self._of_words() else 0)
            except re.error as error:
                raise UsageError(f"--where: {wanted!r} is not a regular expression: {error}") from None
        if self.operator in ("<<", ">>") and self.other is None and network(wanted) is None:
            raise UsageError(f"--where: {self.operator} takes a prefix or an address, not {wanted!r}")

    def _of_words(self) -> bool:
        return self.name.rpartition(".")[2] in _WORDS

    @property
    def names(self) -> list[str]:
        """The names of columns in the condition."""
        return [self.name] if self.other is None else [self.name, self.column]

    @property
    def column(self) -> str:
        """The other column that the value names: ``@peer.mtu``, or ``mtu`` for ``@mtu``."""
        other = self.other or ""
        return other if other.startswith(PEER) else other[1:]

    def check(self, rows: Sequence[Row]) -> None:
        """Raise UsageError if a word is compared with numbers, or a number with words: no row could match."""
        if self.other is not None or not self.wanted or self.operator in ("~", "!~"):
            return
        values = [value for row in rows for value in _each(row.get(self.name)) if value not in (None, "")]
        if not values or any(isinstance(value, bool) for value in values):
            return
        numbers = sum(number(value) is not None for value in values)
        if self.operator in ("<<", ">>"):
            if not any(network(_first(value)) is not None or value == "default" for value in values):
                raise UsageError(f"--where {self.text}: {self.name} holds no addresses, but {values[0]!r}")
        elif number(self.wanted) is None:
            if all(isinstance(value, (int, float)) for value in values):
                of_peer = f"@{self.wanted}".startswith(PEER) or rows[0].get(self.wanted) is not None
                near = f"; a column's value is @{self.wanted}" if of_peer else ""
                raise UsageError(f"--where {self.text}: {self.name} holds numbers, and {self.wanted!r} is not a number{near}")
        elif not numbers and self.operator in ("<", "<=", ">", ">=") and not any(_SPAN.match(str(value)) for value in values):
            raise UsageError(f"--where {self.text}: {self.name} holds no numbers, but {values[0]!r}")

    def holds(self, row: Row) -> bool:
        """Whether a row fulfils the condition."""
        value = row.get(self.name)
        if self.other is None:
            return self._fits(value, self.wanted)
        other = row.get(self.column)
        if other is None or value is None:  # the other end has no value to compare with
            return False
        return any(self._fits(value, str(item)) for item in _each(other))

    def _fits(self, value: Any, wanted: str) -> bool:
        operator = self.operator
        values = _each(value)
        if operator in ("=", "!="):
            return any(self._equals(item, wanted) for item in values) == (operator == "=")
        if operator in ("~", "!~"):
            return any(self.pattern.search(_text(item)) for item in values) == (operator == "~")
        if operator in ("<<", ">>"):
            return any(_within(item, wanted, operator) for item in values)
        return any(_compares(item, wanted, operator) for item in values if item not in (None, ""))

    def _equals(self, value: Any, wanted: str) -> bool:
        text = _text(value)
        if text == wanted:
            return True
        if isinstance(value, bool):
            return wanted.lower() in (("true", "yes") if value else ("false", "no"))
        if isinstance(value, (int, float)):
            return number(wanted) == value
        if self._of_words():
            return text.lower() == wanted.lower()
        span = _SPAN.match(text)
        if span is not None and wanted.isdigit():
            return int(span[1]) <= int(wanted[:20]) <= int(span[2])
        if ":" in wanted or "." in wanted:
            return self._same_address(text, wanted)
        return False

    def _same_address(self, text: str, wanted: str) -> bool:
        """Whether two words are the same MAC or IP address, however they are written."""
        if text.lower() == wanted.lower() and ":" in wanted:
            return True
        one, other = network(_first(text)), network(wanted)
        if one is None or other is None:
            return False
        if "/" not in wanted and self.name.rpartition(".")[2] in _OWNED:
            one = network(_first(text).partition("/")[0])
            return one == other
        return one == other and ("/" in text) == ("/" in wanted) and text.partition("/")[0].count(":") > 1


def _first(value: Any) -> str:
    """The address of a cell: ``10.0.0.1`` of ``10.0.0.1 peer 10.0.0.2/32``; ``fe80::1`` of ``inet6 fe80::1``."""
    words = str(value).split(" ")
    return words[-1] if words[0] in ("inet", "inet6") else words[0]


def _each(value: Any) -> list[Any]:
    """The values of a list, or a value as a list; ``[""]`` if there is no value."""
    if isinstance(value, (list, tuple)):
        return [item for element in value for item in _each(element)] or [None]
    return [value]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def number(value: Any) -> Number | None:
    """A number, or a text that is one; None for anything else.

    >>> number(5), number("-5"), number("1.5k"), number("64Ki"), number("eth0"), number("10.0.0.1")
    (5, -5, 1500, 65536, None, None)
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    found = _NUMBER.match(value) if isinstance(value, str) and len(value) < 40 else None
    if found is None:
        return None
    plain: Number = float(found[1]) if "." in found[1] else int(found[1])
    if found[2]:
        plain *= (1024 if found[3] else 1000) ** _POWERS[found[2]]
    return int(plain) if plain == int(plain) else plain


def _compares(value: Any, wanted: str, operator: str) -> bool:
    """Compare numbers as numbers, and other words in natural order if the wanted value is not a number either."""
    limit = number(wanted)
    key: Any
    if limit is not None:
        span = _SPAN.match(value) if isinstance(value, str) else None
        key = number(int(span[2] if operator[0] == ">" else span[1]) if span else value)
        if key is None:
            return False
        against: Any = limit
    else:
        key, against = natural(value), natural(wanted)
    return bool({"<": key < against, "<=": key <= against, ">": key > against, ">=": key >= against}[operator])


def _within(value: Any, wanted: str, operator: str) -> bool:
    asked = network(wanted)
    text = _first(value) if value is not None else ""
    if text == "default" and asked is not None:
        text = "::/0" if asked.version == 6 else "0.0.0.0/0"
    own = network(text)
    if operator == "<<" and own is not None and "/" in text:  # the address of an interface has bits beyond its prefix
        single = network(text.partition("/")[0])
        own = own if single is not None and single.network_address == own.network_address else single
    return contains(asked, own) if operator == "<<" else contains(own, asked)


def where(rows: Sequence[Row], conditions: Iterable[Condition]) -> list[Row]:
    """The rows that fulfil all conditions. Raises UsageError if a condition compares numbers with words.

    ``name=value``, ``!=``: equal; as numbers (``1500``, ``1.5k``, ``64Ki``), as addresses, as text; of a list, one of its items;
    case does not matter in words such as a state. ``~regex``, ``!~``: found anywhere. ``<``, ``<=``, ``>``, ``>=``: numbers, or
    words as people sort them. ``<<prefix``: inside of it; ``>>address``: around it. ``@peer.mtu`` as a value: that column of the
    other end of the link. An absent value equals ``""``.
    """
    left = list(rows)
    for condition in conditions:
        condition.check(rows)
        left = [row for row in left if condition.holds(row)]
    return left


def sort(rows: list[Row], keys: Sequence[str]) -> list[Row]:
    """The rows ordered by columns; ``-name`` orders downwards. Blanks come last either way."""
    for key in reversed(keys):
        name = key.lstrip("-")
        filled = [row for row in rows if row.get(name) not in (None, "", [])]
        blank = [row for row in rows if row.get(name) in (None, "", [])]
        rows = sorted(filled, key=lambda row: _order(row.get(name)), reverse=key.startswith("-")) + blank
    return rows


def _order(value: Any) -> list[tuple[int, Number, str]]:
    if isinstance(value, (int, float)):
        return [(0, value, "")]
    return list(natural(value))


def uniq(rows: Iterable[Row], columns: Sequence[str]) -> list[Row]:
    """The rows without those that equal an earlier row in these columns."""
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(repr([row.get(name) for name in columns]), row)
    return list(found.values())


def unknown(name: str, columns: Sequence[str], aliases: Iterable[str] = ()) -> UsageError:
    """The UsageError for a name that no record can have; ``aliases`` are suggested, but not listed."""
    near = f"; did you mean '@{name}'?" if f"@{name}".startswith(PEER) else similar(name, [*columns, *aliases])
    if not near and len(name) > 3:  # `drops`: rx_dropped, tx_dropped
        near = " or ".join(repr(one) for one in dict.fromkeys(columns) if name.rstrip("s") in one)
        near = near and f"; did you mean {near}?"
    return UsageError(
        f"unknown column {name!r}{near}; there are: {', '.join(dict.fromkeys(columns))}, and the keys of --format json"
    )
