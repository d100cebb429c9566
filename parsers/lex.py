"""Lines, words and JSON: the lexing that all parsers share. It knows no command.

A parser module hands two functions to :func:`parser`: ``read``, from the lines of a text to records, and ``tidy``,
from one JSON object to today's record. Words are walked, never searched for: each ends in a field, under
``unparsed``, or in a :class:`~parsers.errors.ParseError`.

`typing` is not imported when running: it would take a third of the time of ``netwrap parse arp``.
"""

from __future__ import annotations

import gc

from .errors import ParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, Literal, Protocol, TypeVar, overload

    Dict = dict[str, Any]
    Convert = Callable[[str], Any]
    _Shape = tuple[tuple[str, ...], tuple[str, ...], list[tuple[int, Convert]]]
    R = TypeVar("R")
    Co = TypeVar("Co", covariant=True)

    class Parse(Protocol[R]):
        """``parse(text)``, as every parser module has it."""

        @overload
        def __call__(self, text: str, *, strict: Literal[True] = True) -> list[R]: ...
        @overload
        def __call__(self, text: str, *, strict: Literal[False]) -> tuple[list[R], list[ParseError]]: ...
        @overload
        def __call__(self, text: str, *, strict: bool) -> Any: ...

    class IterParse(Protocol[Co]):
        """``iter_parse(lines)``, as every parser module has it."""

        def __call__(self, lines: Iterable[str], problems: list[ParseError] | None = None) -> Iterator[Co]: ...


class _Lazy:
    """A regular expression that is compiled on first use."""

    def __init__(self, source: str, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        import re  # with `enum` it takes as long as Python's start, and few one-liners need it

        compiled = re.compile(self._source, self._flags)
        for method in ("match", "fullmatch", "search", "findall", "finditer", "split", "sub"):
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


#: Flags of `re`.
ASCII, MULTILINE = 256, 8


def lazy(source: str, flags: int = ASCII) -> re.Pattern[str]:
    """`re.compile`, put off: compiling takes a third of the time of ``netwrap parse arp``, which needs few of them."""
    return _Lazy(source, flags)  # type: ignore[return-value]


# iproute2 colours with SGR sequences only; a terminal's own editing (`ESC[K`, `ESC[?2004h`) comes with `script`.
ESCAPES = lazy(r"\x1b\[[0-9;?]*[A-Za-z]")

# Messages of `ip` and `bridge` on standard error, which a capture may have in the middle of a table.
STDERR = lazy(
    r"(Error: |RTNETLINK answers: |Truncated VF list: |Dump terminated|Dump was interrupted"
    r"|Cannot |Device \"|Command failed |Usage: |Option \")"
)


# What `str.split` takes for blanks and the binaries do not: the name of an interface may hold any of these.
_ODD_BLANKS = "\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_ODD_BLANK = lazy(f"[{_ODD_BLANKS}]")
_BLANKS = " \t\n\r\f\v"
_GAP = lazy(r"[ \t\n\r\f\v]+")


def split(line: str) -> list[str]:
    """The words of a line, as the binaries set blanks between them."""
    if line.isprintable():  # then its blanks are blanks
        return line.split()
    return [word for word in _GAP.split(line) if word]


class Source:
    """The lines of one text with their numbers, cleaned of colour and carriage returns; and where problems go.

    ``lenient``: the caller wants all that can be read. ``split`` takes a line apart: `str.split` where the text has no
    odd blanks, else :func:`split`. ``plain``: the text is ASCII, and all its blanks are plain ones.
    """

    def __init__(self, lines: Iterable[str], problems: list[ParseError] | None = None) -> None:
        self._lines = lines
        self._problems = problems
        self.lenient = problems is not None
        self._clean = False
        self._iterator: Iterator[str] = iter(())
        self._number = self._count = 0
        self._first = 1
        self.split: Callable[[str], list[str]] = split
        self.plain = False

    @classmethod
    def of_text(cls, text: str, problems: list[ParseError] | None = None, first: int = 1) -> Source:
        """The lines of a complete text, which can be cleaned and examined as a whole.

        ``first`` is the number of its first line.
        """
        if "\x1b" in text:
            text = ESCAPES.sub("", text)
        lines = text.split("\n")
        if "\r" in text:
            lines = [line.rstrip("\r") for line in lines]
        source = cls(lines, problems)
        source._clean = True
        source._count = first - 1 + len(lines)
        source._first = first
        if not any(blank in text for blank in "\x1c\x1d\x1e\x1f") and (text.isascii() or not _ODD_BLANK.search(text)):
            source.split = str.split
            source.plain = text.isascii() and not any(blank in text for blank in "\t\f\v")
        return source

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Every line that is not blank."""
        for number, line in enumerate(self._lines, start=self._first):
            if not self._clean:
                if line[:1] == "\ufeff" and number == self._first:
                    line = line[1:]
                if line[-1:] == "\n":
                    line = line[:-1]
                if line[-1:] == "\r":
                    line = line.rstrip("\r")
                if "\x1b" in line:
                    line = ESCAPES.sub("", line)
            if line and (not line.isspace() or line.strip(_BLANKS)):
                yield number, line

    def numbered(self) -> Iterator[tuple[int, str]]:
        """Every line; blank lines may be among them. For long tables."""
        return enumerate(self._lines, start=self._first) if self._clean else iter(self)

    def lines(self) -> Iterator[str]:
        """Every line, blank ones too. Like ``numbered``, but :meth:`number` computes the line number only when asked."""
        self._iterator = iter(self._lines) if self._clean else self._counted()
        return self._iterator

    def _counted(self) -> Iterator[str]:
        for number, line in self:
            self._number = number
            yield line

    def number(self) -> int:
        """The number of the line that :meth:`lines` gave last."""
        return self._count - self._iterator.__length_hint__() if self._clean else self._number  # type: ignore[attr-defined]

    def fail(self, number: int, line: str, reason: str) -> None:
        """Raise ParseError, or note the problem where the caller asked for all that can be read."""
        error = ParseError(number, line, reason)
        if self._problems is None:
            raise error
        self._problems.append(error)


def dedented(source: Source) -> Iterator[tuple[int, str]]:
    """The lines without blank ones and without the indentation of the first: tickets and manuals indent quoted text.

    >>> list(dedented(Source.of_text("    1: lo:\\n        link/loopback\\n  odd")))
    [(1, '1: lo:'), (2, '    link/loopback'), (3, '  odd')]
    """
    indent: str | None = None
    for number, line in source:
        if indent is None:
            indent = line[: len(line) - len(line.lstrip(" \t"))]
        yield number, line[len(indent) :] if indent and line.startswith(indent) else line


class Words:
    """A cursor over the words of a line."""

    __slots__ = ("at", "items")

    def __init__(self, items: list[str], at: int = 0) -> None:
        self.items = items
        self.at = at

    def more(self) -> bool:
        return self.at < len(self.items)

    def peek(self) -> str:
        """The next word, or ``""`` behind the last."""
        return self.items[self.at] if self.at < len(self.items) else ""

    def take(self, after: str = "") -> str:
        """The next word; ValueError where the line ends instead."""
        if self.at >= len(self.items):
            raise ValueError(f"the line ends after {after!r}" if after else "the line ends too early")
        self.at += 1
        return self.items[self.at - 1]

    def rest(self) -> list[str]:
        """All words that are left."""
        words = self.items[self.at :]
        self.at = len(self.items)
        return words


# A word longer than any counter is not a number (and costs no time), nor are other forms that `int` takes (`1_000`, `١`).
_NUMBER = lazy(r"-?\d{1,20}$")


class Remembered(dict):  # type: ignore[type-arg]
    """A cache of word -> converted value: the same few words occur in most lines of a table."""

    def __init__(self, convert: Callable[[str], Any]) -> None:
        super().__init__()
        self.convert = convert

    def __missing__(self, word: str) -> Any:
        value = self.convert(word)
        if len(self) < 5000 and len(word) < 200:
            self[word] = value
        return value


def _number(word: str) -> int:
    if _NUMBER.match(word) is None:
        raise ValueError(f"{word[:20]!r} is not a number")
    return int(word)


#: ``number(word)``: a decimal number as the binaries print it; ValueError for anything else.
number: Callable[[str], int] = Remembered(_number).__getitem__


def whole(word: str) -> int | None:
    """The number of a word of decimal digits; None for any other word, and for more digits than the kernel's numbers have.

    >>> whole("42"), whole("²"), whole("-1"), whole("9" * 5000)
    (42, None, None, None)
    """
    return int(word) if word.isascii() and word.isdigit() and len(word) <= 20 else None


def counter(word: str) -> int | str:
    """A counter as a number; a counter rounded by ``-h`` (``1.5k``) stays a word."""
    return number(word) if word.isdigit() and _NUMBER.match(word) else word


def _on_off(word: str) -> bool:
    if word in ("on", "off"):
        return word == "on"
    raise ValueError(f"{word!r} is neither 'on' nor 'off'")


#: ``on_off(word)``: whether a word is ``on`` and not ``off``; ValueError for anything else.
on_off: Callable[[str], bool] = Remembered(_on_off).__getitem__


def octets(text: str) -> bytes:
    """The bytes a text was decoded from. A lone surrogate that came from no byte is encoded as it is."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def bracketed(word: str) -> list[str]:
    """The names in ``<A,B>``; an empty list for ``<>``."""
    if word[:1] != "<" or word[-1:] != ">":
        raise ValueError(f"{word!r} is not in <>")
    return word[1:-1].split(",") if len(word) > 2 else []


def unparsed(record: Dict, words: Iterable[str]) -> None:
    """Keep words that have no field."""
    words = list(words)
    if words:
        record.setdefault("unparsed", []).extend(words)


class Grammar:
    """The meaning of the words of a part of a line, as data.

    ``values``: a word that takes one value, with the record's key and the value's conversion; ``flags``: a word that
    stands alone, with the key and what the record holds; ``rules``: a word whose function reads on by itself.

    Lines of one table nearly always have the same words in the same places: a sequence of value words is read in one
    step, and a phrase that was read before is not read again. Neither changes what comes out.
    """

    def __init__(
        self,
        values: dict[str, tuple[str, Convert]],
        flags: dict[str, tuple[str, Any]] | None = None,
        rules: dict[str, Callable[[Words, Dict], None]] | None = None,
    ) -> None:
        self.values = values
        self.flags = flags or {}
        self.rules = rules or {}
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._phrases: dict[str, Dict] = {}

    def __contains__(self, word: str) -> bool:
        return word in self.values or word in self.flags or word in self.rules

    def read(
        self, words: list[str], record: Dict, start: int = 0, also: Grammar | None = None, outer: Dict | None = None
    ) -> None:
        """Read the words from ``start`` into the record.

        Words that this grammar does not know are looked up in ``also``, and their values go to ``outer``; words that neither
        knows, or whose key is taken, go under ``unparsed`` of ``outer`` (or of the record). The message of a ValueError tells
        what is wrong.
        ``also`` is the same at every call.
        """
        if outer is None:
            outer = record
        if (len(words) - start) % 2 == 0:
            names = tuple(words[start::2])
            shape = self._shapes.get(names) or self._shape(names, also)
            if shape is not None and record.keys().isdisjoint(shape[0]) and outer.keys().isdisjoint(shape[1]):
                try:
                    values = words[start + 1 :: 2]
                    for at, convert in shape[2]:
                        values[at] = convert(values[at])
                except ValueError:
                    pass  # read word by word, and find out where
                else:
                    record.update(zip(shape[0], values))
                    if shape[1]:
                        outer.update(zip(shape[1], values[len(shape[0]) :]))
                    return
        cursor = Words(words, start)
        while cursor.more():
            word = cursor.take()
            if word in self.rules:
                _apply(self.rules[word], cursor, record, outer)
            elif word in self.values:
                _set(record, outer, self.values[word], word, cursor.take(word))
            elif word in self.flags:
                _raise_flag(record, outer, self.flags[word], word)
            elif also is not None and word in also.values:
                _set(outer, outer, also.values[word], word, cursor.take(word))
            elif also is not None and word in also.flags:
                _raise_flag(outer, outer, also.flags[word], word)
            elif also is not None and word in also.rules:
                _apply(also.rules[word], cursor, outer, outer)
            else:
                unparsed(outer, [word])

    def _shape(self, names: tuple[str, ...], also: Grammar | None) -> _Shape | None:
        """The plan for reading pairs with these words: this grammar's, then those of ``also``. None for other words."""
        own: list[tuple[str, Convert]] = []
        others: list[tuple[str, Convert]] = []
        for name in names:
            if name in self.values and not others:
                own.append(self.values[name])
            elif name not in self and also is not None and name in also.values:
                others.append(also.values[name])
            else:
                return None
        keys, more = tuple(key for key, _ in own), tuple(key for key, _ in others)
        if len(set(keys)) < len(keys) or len(set(more)) < len(more) or len(self._shapes) >= 1000:
            return None
        shape = keys, more, [(at, convert) for at, (_, convert) in enumerate(own + others) if convert is not str]
        self._shapes[names] = shape
        return shape

    def phrase(self, text: str, record: Dict) -> None:
        """Read a phrase into the record, as :meth:`read` does its words."""
        known = self._phrases.get(text)
        if known is None:
            known = {}
            self.read(split(text), known)
            flat = not any(isinstance(value, (list, dict)) for value in known.values())
            if flat and len(self._phrases) < 2000 and len(text) < 1000:
                self._phrases[text] = known
        if record.keys().isdisjoint(known):
            record.update(known)
        else:
            self.read(split(text), record)


def maker(keys: list[str], converts: list[Convert], order: dict[str, int], constant: dict[str, str]) -> Callable[..., Dict]:
    """Make a function that turns the words of a line into a record: a value, a word, a value, ... with a key for each value.

    ``constant`` holds further keys with their values as source code; ``order`` ranks the keys. The function is compiled,
    as `namedtuple` does it: it takes half the time of any loop over the words. Its source has nothing of the input in it.

    >>> make = maker(["dst", "metric"], [str, int], {"dst": 0, "metric": 1, "flags": 2}, {"flags": "[]"})
    >>> make("10.0.0.0/8", "metric", "5")
    {'dst': '10.0.0.0/8', 'metric': 5, 'flags': []}
    """
    places = range(len(keys))
    values = {key: f"v{at}" if converts[at] is str else f"c{at}(v{at})" for at, key in enumerate(keys)}
    values.update(constant)
    body = ", ".join(f"{key!r}: {values[key]}" for key in sorted(values, key=order.__getitem__))
    parameters = ", ".join([*(f"v{at}, _{at}" for at in places[:-1]), f"v{places[-1]}, _=None"])
    made: Callable[..., Dict] = eval(f"lambda {parameters}: {{{body}}}", {f"c{at}": converts[at] for at in places})
    return made


def _raise_flag(record: Dict, outer: Dict, field: tuple[str, Any], word: str) -> None:
    key, value = field
    if isinstance(value, list):
        record.setdefault(key, []).extend(value)
    elif key in record:
        unparsed(outer, [word])
    else:
        record[key] = value


def _apply(rule: Callable[[Words, Dict], None], cursor: Words, record: Dict, outer: Dict) -> None:
    """Run a rule. A key that it would set again keeps its first value, and the rule's words go to ``unparsed``."""
    start = cursor.at - 1
    before = dict(record)
    rule(cursor, record)
    again = [key for key, value in before.items() if record[key] is not value]
    if again:
        record.update((key, before[key]) for key in again)
        unparsed(outer, cursor.items[start : cursor.at])


def _set(record: Dict, outer: Dict, field: tuple[str, Convert], word: str, value: str) -> None:
    key, convert = field
    if key in record:
        unparsed(outer, [word, value])
        return
    try:
        record[key] = convert(value)
    except ValueError as error:
        raise ValueError(f"after {word!r}: {error}") from None


# -- JSON ----------------------------------------------------------------------------------------------------------

_ODD_QUOTE = lazy(r"(\\\\)|\\'")  # iproute2 <= 6.0 writes an apostrophe as \', which is no JSON
_LOST_VALUE = lazy(r'"erspan_dir":(?="erspan_hwid")')  # iproute2 <= 5.9 forgets the direction behind its key
_BARE_TYPE = lazy(r'\{"(blackhole|unreachable|prohibit|throw|local|broadcast|anycast|multicast|nat|unicast)",')


def is_json(text: str) -> bool:
    """Whether the first character that is not blank opens JSON as `ip -j` prints it (and not a prompt's bracket).

    >>> is_json(' [ {"ifindex":1}'), is_json("[root@h ~]# ip a"), is_json("1: lo: <UP>")
    (True, False, False)
    """
    start = text.lstrip(" \t\r\n")[:200]
    if start[:1] not in ("[", "{"):
        return False
    inner = start[1:].lstrip(" \t\r\n")
    return inner[:1] in ("", "{", "]", "[", '"', "}")


def load_json(text: str, source: Source, hook: Any = None) -> Iterator[Any]:
    """All objects of one or several JSON arrays that follow each other, as `ip -j -batch` prints them."""
    from . import jsontext  # only for those who have JSON

    decode = jsontext.decoder(hook)
    odd = jsontext.is_odd(text)
    repaired = False
    at, end = 0, len(text)
    while True:
        while at < end and text[at] in " \t\r\n":
            at += 1
        if at == end:
            return
        try:
            value, at = decode(text, at)
        except (ValueError, RecursionError) as error:
            if not repaired and isinstance(error, ValueError):
                repaired = True
                decode = jsontext.decoder(hook, slow=True)
                text = _ODD_QUOTE.sub(lambda found: found[1] or "'", text)
                text = _BARE_TYPE.sub(r'{"type":"\1",', text)
                text = _LOST_VALUE.sub("", text)
                end = len(text)
                continue
            position = min(getattr(error, "pos", at), end)
            line = text.count("\n", 0, position) + 1
            first = text.rfind("\n", 0, position) + 1
            until = text.find("\n", position)
            cut = position >= end - 1 or str(error).startswith("Unterminated string")
            reason = "the JSON ends in the middle" if cut else "not valid JSON"
            source.fail(line, text[max(first, position - 100) : until if until >= 0 else end], reason)
            return
        if odd:
            value = jsontext.plain(value)
        if isinstance(value, list):
            yield from value
        else:
            yield value


# `ip -j route get X connected` gives a second answer, in text (all releases)
_TEXT_BEHIND = lazy(r"\][ \t\r]*\n+(?=[^\s\[\]{},])")
_HEADING = lazy(r"^netns: (\S.*)$", ASCII | MULTILINE)


def by_netns(text: str) -> Iterator[tuple[str | None, int, str]]:
    """Split output of `ip -all netns exec` at headings ``netns: NAME``: (name, None without heading; first line's number; text).

    >>> list(by_netns("\\nnetns: blue\\n1: lo:\\n\\nnetns: red\\n1: lo:"))
    [('blue', 3, '1: lo:\\n\\n'), ('red', 6, '1: lo:')]
    """
    netns: str | None = None
    at, line = 0, 1
    for found in _HEADING.finditer(text) if "netns: " in text else ():
        if text[at : found.start()].strip():
            yield netns, line, text[at : found.start()]
        line += text.count("\n", at, found.end()) + 1
        netns, at = found[1].rstrip("\r"), found.end() + 1
    if text[at:].strip():
        yield netns, line, text[at:]


# -- the two ways in -----------------------------------------------------------------------------------------------


def parser(
    read: Callable[[Source], Iterator[Dict]],
    tidy: Callable[[Dict], Dict | list[Dict] | None] | None,
    pairs: Callable[[list[tuple[str, Any]]], Dict] | None = None,
    *,
    where: str = "",
    record: str = "",
) -> Parse[Any]:
    """Make a module's ``parse`` from its reader of lines and its tidier of JSON objects (None: it has no JSON).

    ``record`` names the type of its records in :mod:`parsers.records`, against which those of JSON are checked; ``pairs``
    builds an object where the keys of old releases need it (see `json.loads`, ``object_pairs_hook``), in texts that contain
    ``where``.
    """

    def one_room(text: str, problems: list[ParseError] | None, first: int = 1) -> list[Dict]:
        if tidy is None or not is_json(text):
            return list(read(Source.of_text(text, problems, first)))
        behind = _TEXT_BEHIND.search(text) if "\n" in text.rstrip(" \t\r\n") else None
        if behind is None:
            return list(_objects(text, Source((), problems), tidy, pairs if where in text else None, record))
        records = list(_objects(text[: behind.end()], Source((), problems), tidy, pairs, record))
        return records + one_room(text[behind.end() :], problems, first + text.count("\n", 0, behind.end()))

    def rooms(text: str, problems: list[ParseError] | None) -> list[Dict]:
        records = []
        for netns, first, part in by_netns(text):
            found = one_room(part, problems, first)
            if netns is not None:
                for record in found:
                    record["netns"] = netns
            records += found
        return records

    def parse(text: str, *, strict: bool = True) -> Any:
        """Parse what the command printed, text or JSON; the module's docstring describes the records.

        A mark of the byte order in front (U+FEFF) is left out.

        Below a heading ``netns: NAME`` of `ip -all netns exec`, each record has that name as ``netns``.

        ``strict=True`` returns the list of records and raises :class:`ParseError` at the first line that fits
        nowhere. ``strict=False`` returns ``(records, problems)``: what could be read, and a ParseError for each line
        that could not.
        """
        problems: list[ParseError] | None = None if strict else []
        if text[:1] == "\ufeff":
            text = text[1:]
        # Records have no cycles; looking for some, over and over, takes a third of the time of a large table.
        collecting = gc.isenabled()
        gc.disable()
        try:
            records = one_room(text, problems) if "netns: " not in text else rooms(text, problems)
        finally:
            if collecting:
                gc.enable()
        return records if problems is None else (records, problems)

    return parse


def streamer(read: Callable[[Source], Iterator[Dict]]) -> IterParse[Any]:
    """Make a module's ``iter_parse`` from its reader of lines."""

    def iter_parse(lines: Iterable[str], problems: list[ParseError] | None = None) -> Iterator[Any]:
        """Yield the records of a text while its lines come in (text only, no JSON), in constant memory.

        Problems are raised, or appended to ``problems`` where a list is given.
        """
        return read(Source(lines, problems))

    return iter_parse


def _objects(
    text: str, source: Source, tidy: Callable[[Dict], Dict | list[Dict] | None], pairs: Any, name: str
) -> Iterator[Dict]:
    from . import jsontext

    check = jsontext.checker(name) if name else None
    for position, value in enumerate(load_json(text, source, pairs), start=1):
        if not isinstance(value, dict):
            source.fail(1, _shown(value), f"item {position} of the JSON is no object")
            continue
        try:
            found = tidy(value)
            records = found if isinstance(found, list) else [] if found is None else [found]
            if check is not None:
                records = [check(record) for record in records]
        except (AttributeError, KeyError, TypeError, ValueError, IndexError):
            source.fail(1, _shown(value), f"item {position} of the JSON has another shape than this command's")
            continue
        yield from records


def _shown(value: Any) -> str:
    from . import jsontext

    return repr(jsontext.plain(value))
