"""Turn rows into text: tables by `tabulate`, or JSON, JSON lines, YAML, CSV, TSV, Markdown. Only this module imports `tabulate`.

No control character of a cell reaches the terminal: it is shown as its escape (``\\x1b``).
"""

from __future__ import annotations

from parsers.lex import lazy

from ..errors import NetwrapError, UsageError, similar
from ..wording import printable
from .terminal import painted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence
    from typing import Any

    Cells = list[list[Any]]

DEFAULT = "simple"
_OWN = ("json", "jsonl", "yaml", "csv", "tsv")
_MARKDOWN = {"md": "github", "markdown": "github"}


def _tabulate() -> Any:
    """Import `tabulate` without the modules that it imports for its version, HTML and dataclasses: they take most of the time.

    Return None if it cannot be imported; raise NetwrapError if it is too old.
    """
    import sys
    from types import ModuleType

    class Dataclasses(ModuleType):
        """A stand-in for `dataclasses` that imports the module only when a row is one."""

        @staticmethod
        def is_dataclass(thing: object) -> bool:
            return hasattr(thing if isinstance(thing, type) else type(thing), "__dataclass_fields__")

        def __getattr__(self, name: str) -> Any:
            import dataclasses

            return getattr(dataclasses, name)

    def escape(text: str, quote: bool = True) -> str:
        import html

        return html.escape(text, quote)

    page = ModuleType("html")
    page.escape = escape  # type: ignore[attr-defined]
    metadata = ModuleType("importlib.metadata")
    metadata.version, metadata.PackageNotFoundError = lambda name: "unknown", LookupError  # type: ignore[attr-defined]
    spared = {"importlib.metadata": metadata, "dataclasses": Dataclasses("dataclasses"), "html": page}
    spared = {} if "tabulate" in sys.modules else {name: module for name, module in spared.items() if name not in sys.modules}
    sys.modules.update(spared)
    try:
        import tabulate
    except ImportError:
        return None
    finally:
        for name in spared:
            del sys.modules[name]
    if tabulate.__version__.startswith("0.") and tabulate.__version__.split(".")[1] in "12345678":
        raise NetwrapError(f"the Python module 'tabulate' is too old: {tabulate.__version__}; netwrap needs 0.9 or later")
    return tabulate


#: The formats that need no library, beside our own.
_WITHOUT = ("plain", "simple")


def _drawn(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    name: str,
    right: Sequence[bool],
    padding: int,
    least: Sequence[int] = (),
) -> tuple[str, list[int]]:
    """A table as `tabulate` draws it, in one of the formats of ``_WITHOUT``, and the widths of its columns.

    A table without columns has no header. ``least``: the least width of each column.

    >>> print(_drawn(["dev", "mtu"], [["eth0", "1500"], ["lo", "65536"]], "simple", [False, True], 2)[0])
    dev      mtu
    -----  -----
    eth0    1500
    lo     65536
    """
    from ..pictures.measure import columns as wide

    headers = columns or [""] * len(right)
    widths = [max([wide(row[at]) for row in rows] + [wide(head) + padding * bool(head)]) for at, head in enumerate(headers)]
    widths = [max(pair) for pair in zip(widths, least)] or widths

    def line(cells: Sequence[str]) -> str:
        blanks = [" " * (width - wide(cell)) for cell, width in zip(cells, widths)]
        return "  ".join(blank + cell if aside else cell + blank for cell, blank, aside in zip(cells, blanks, right)).rstrip()

    above = [line(columns)] if columns else []
    if name == "simple":
        above.append("  ".join("-" * width for width in widths))
    return "\n".join([*above, *map(line, rows)]), widths


#: The formats that an error message lists, out of forty.
_USUAL = ("json", "jsonl", "yaml", "csv", "tsv", "md", "simple", "plain", "github", "grid", "html", "latex")


def formats() -> list[str]:
    """The names of all formats."""
    tabulate = _tabulate()
    return sorted({*_OWN, "table", *(_WITHOUT if tabulate is None else [*_MARKDOWN, *tabulate.tabulate_formats])})


def check_format(name: str) -> str:
    """Return the format of that name (`table` is the usual one); a UsageError lists the formats."""
    if name == "table":
        return DEFAULT
    if name in _OWN or name == DEFAULT or name in formats():
        return name
    if _tabulate() is None:
        raise UsageError(f"format {name!r} needs the Python module 'tabulate'; without it there are: {', '.join(formats())}")
    raise UsageError(
        f"unknown format {name!r}{similar(name, formats())}; there are: {', '.join(_USUAL)}, and the others of tabulate"
    )


def is_records(name: str) -> bool:
    """Whether a format prints records, not the cells of a table."""
    return name in ("json", "jsonl", "yaml")


def records(items: Sequence[Any], name: str, pretty: bool = False) -> Iterator[str]:
    """Records as one JSON array, an item a line (``pretty``: indented), as JSON lines, or as YAML."""
    if name == "yaml":
        yield from _yaml(items) if items else ["[]"]
        return
    if pretty and name == "json":
        import json

        yield json.dumps(items, indent=4)
        return
    encode = _encoder()
    # Text that is not UTF-8 contains surrogates; ASCII escapes preserve it, and escape control characters.
    if name == "jsonl":
        for item in items:
            yield encode(item)
    elif not items:
        yield "[]"
    else:
        last = len(items) - 1
        for position, item in enumerate(items):
            yield ("[" if position == 0 else " ") + encode(item) + ("]" if position == last else ",")


def _encoder() -> Callable[[Any], str]:
    """An encoder like `json.dumps`, which makes a new one for each item: for many small items that takes most of the time."""
    try:  # without `json` itself, which takes longer than to encode most tables
        from _json import encode_basestring_ascii, make_encoder  # type: ignore[import-not-found,unused-ignore]

        encoder = make_encoder(None, _refused, encode_basestring_ascii, None, ": ", ", ", False, False, True)
    except (ImportError, TypeError):  # another Python than CPython 3.9 to 3.13, whose encoder may take other arguments
        import json

        return json.dumps
    return lambda item: "".join(encoder(item, 0))


def _refused(value: Any) -> Any:
    raise TypeError(f"a record contains {value!r}")


def _yaml(value: Any, indent: str = "") -> Iterator[str]:
    """A list or an object that is not empty, as lines of YAML's block style; words are quoted as JSON does, which YAML reads."""
    if isinstance(value, (list, tuple)):
        for item in value:
            if _has_lines(item):
                first, *rest = _yaml(item, indent + "  ")
                yield f"{indent}- {first.lstrip(' ')}"
                yield from rest
            else:
                yield f"{indent}- {_scalar(item)}"
    else:
        for key, item in value.items():
            name = key if _PLAIN.fullmatch(key) and key.lower() not in _YAML_WORDS else _scalar(key)
            if _has_lines(item):
                yield f"{indent}{name}:"
                yield from _yaml(item, indent + "  ")
            else:
                yield f"{indent}{name}: {_scalar(item)}"


# Words that YAML does not read as strings.
_YAML_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_PLAIN = lazy(r"[A-Za-z_][\w.-]*")


def _has_lines(value: Any) -> bool:
    return isinstance(value, (list, tuple, dict)) and bool(value)


def _scalar(value: Any) -> str:
    import json

    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _YAML_WORDS:
        return value
    return json.dumps(value)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], name: str = DEFAULT, header: bool = True, tight: bool = False,
    colour: bool = False, raw: bool = False, marked: Container[tuple[int, int]] = (),
    widths: list[int] | None = None,
) -> str:  # fmt: skip
    """A table of cells: None is empty, lists are joined by commas, numbers are aligned right. ``tight``: as narrow as possible.

    ``marked``: the cells, by row and column, that a terminal shows in reverse.

    ``raw``: CSV without the apostrophe in front of a cell that a spreadsheet would run.

    ``widths``: the widths of the columns of earlier rows, for `plain` and `simple`; they grow with these rows.
    """
    cells = [list(row) for row in rows]
    if name in ("csv", "tsv"):
        return _separated(columns, cells, name, header, raw)
    tabulate = _tabulate()

    name = _MARKDOWN.get(name, name)
    longest = max(_LONGEST, _ALL // max(len(cells), 1))
    shown = [[_bounded(text(cell), longest) for cell in row] for row in cells]
    if name in ("github", "pipe", "jira", "orgtbl"):
        shown = [[cell.replace("\\", "\\\\").replace("|", "\\|") for cell in row] for row in shown]
    if not header and name == DEFAULT:
        name = "plain"  # `simple` would draw rules of dashes above and below
    if colour:
        shown = [[painted(column, cell) for column, cell in zip(columns, row)] for row in shown]

    if marked:
        shown = [[f"\033[7m{cell or ' '}\033[27m" if (row, at) in marked else cell for at, cell in enumerate(line)]
                 for row, line in enumerate(shown)]  # fmt: skip
    numeric = [_numeric(cells, at) for at in range(len(columns))]
    if tabulate is None or widths is not None and name in _WITHOUT:
        heads = [text(column) for column in columns] if header else []
        drawn, grown = _drawn(heads, shown, name, numeric, 0 if tight else 2, widths or ())
        if widths is not None:
            widths[:] = grown
        return drawn
    right = ["right" if number else "left" for number in numeric]
    padding = tabulate.MIN_PADDING
    if tight:
        tabulate.MIN_PADDING = 0  # otherwise a header makes its column two characters too wide
    try:
        made: str = tabulate.tabulate(
            shown,
            headers=[text(column) for column in columns] if header else (),
            tablefmt=name,
            disable_numparse=True,
            colalign=right if cells else None,
        )
        return made
    finally:
        tabulate.MIN_PADDING = padding


def _numeric(rows: Sequence[Sequence[Any]], at: int) -> bool:
    values = [row[at] for row in rows if row[at] is not None]
    return bool(values) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


#: A cell is complete up to this many characters (more in small tables), because every row gets as wide as the widest cell.
_LONGEST = 1000
_ALL = 16 << 20


def _bounded(cell: str, longest: int) -> str:
    """Cut a cell to a bounded width, because every row of its table gets as wide. JSON and CSV contain the whole cell.

    >>> _bounded("a" * 5000, 1000)[-20:]
    'aaa... (5000 in all)'
    """
    return cell if len(cell) <= longest else f"{cell[:longest]}... ({len(cell)} in all)"


def _harmless(cell: Any) -> str:
    """A cell of CSV, with an apostrophe in front of a text (not a number) that a spreadsheet would run as a formula.

    >>> _harmless("=1+1"), _harmless(-1), _harmless("-1"), _harmless("-"), _harmless("eth0")
    ("'=1+1", '-1', '-1', '-', 'eth0')
    """
    shown = text(cell)
    risky = isinstance(cell, (str, list)) and len(shown) > 1 and shown[0] in "=+-@\t\r" and not shown[1:].isdecimal()
    return f"'{shown}" if risky else shown


def _separated(columns: Sequence[str], rows: Sequence[Sequence[Any]], name: str, header: bool, raw: bool) -> str:
    written = text if raw or name == "tsv" else _harmless
    lines = ([list(columns)] if header else []) + [[written(cell) for cell in row] for row in rows]
    if name == "tsv":
        return "\n".join("\t".join(line) for line in lines)
    import csv
    import io

    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue().rstrip("\n")


def text(cell: Any) -> str:
    """A cell as text that is safe to print.

    >>> text(None), text(["UP", "LOWER_UP"]), text("a\\x1b[31mb"), text(True)
    ('', 'UP,LOWER_UP', 'a\\\\x1b[31mb', 'yes')
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, (list, tuple)):
        cell = ",".join(text(item) for item in cell)
    elif isinstance(cell, dict):
        cell = " ".join(f"{key}={text(value)}" for key, value in cell.items())
    return printable(str(cell))
