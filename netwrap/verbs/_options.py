"""What every table takes (``--format``, ``--columns``, ``--where``, ``--sort``, ``--no-header``), and how it is printed."""

from __future__ import annotations

import sys

from netwrap.errors import UsageError
from netwrap.tables import render

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence
    from typing import Any

    Record = dict[str, Any]

# option -> (the attribute it fills, its value's name or None for a flag, what it does)
TABLE: dict[str, tuple[str, str | None, str]] = {
    "--format": ("format", "FORMAT", "a format of tabulate, or json, jsonl, csv, tsv (default: simple)"),
    "--columns": ("columns", "A,B,…", "which columns, in this order; or keys of the JSON"),
    "--where": ("where", "COND", "NAME=VALUE, != ~REGEX !~ < <= > >=; repeat to ask for more"),
    "--sort": ("sort", "A,B,…", "order by these columns; -NAME downwards"),
    "--no-header": ("no_header", None, "rows only"),
}
#: The options of the wrapped commands: those of tables, where to run them, and what every verb takes.
WRAPPED: dict[str, tuple[str, str | None, str]] = {
    **TABLE,
    "--netns": ("netns", "NAME", "run it in this namespace"),
    "--all-netns": ("all_netns", None, "run it in every namespace"),
    "--from": ("source", "PATH", "answer from a capture"),
    "--show-commands": ("show_commands", None, "print every command before it runs"),
    "--dry-run": ("dry_run", None, "and run none that changes anything"),
}
#: Options that take the next word.
VALUED = tuple(name for name, (_, value, _) in WRAPPED.items() if value)
_REPEATED = ("where", "netns")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of tables to a verb's."""
    group = parser.add_argument_group("the table")
    for name, (attribute, value, text) in TABLE.items():
        if value is None:
            group.add_argument(name, dest=attribute, action="store_true", help=text)
        elif attribute in _REPEATED:
            group.add_argument(name, dest=attribute, metavar=value, action="append", default=[], help=text)
        else:
            group.add_argument(name, dest=attribute, metavar=value, help=text)


class Options:
    """What was asked for, with the attributes that argparse would give it."""

    format: str | None = None
    columns: str | None = None
    sort: str | None = None
    source: str | None = None
    no_header = False
    all_netns = False
    show_commands = False
    dry_run = False
    keep_going = False

    def __init__(self) -> None:
        self.where: list[str] = []
        self.netns: list[str] = []
        self.words: list[str] = []


def scan(words: Sequence[str], known: dict[str, tuple[str, str | None, str]]) -> Options:
    """The known options among words, wherever they stand; all others are kept, in their order, as ``words``.

    argparse would take a quarter of the time of ``netwrap parse arp``, and options of `ip` for ours.
    Raises UsageError where a value is missing.
    """
    options = Options()
    at = 0
    while at < len(words):
        name, equals, value = words[at].partition("=")
        at += 1
        if name not in known or (equals and known[name][1] is None):
            options.words.append(words[at - 1])
            continue
        attribute, wanted, _ = known[name]
        if wanted is None:
            setattr(options, attribute, True)
            continue
        if not equals:
            if at == len(words):
                raise UsageError(f"{name} takes a value: {wanted}")
            value = words[at]
            at += 1
        if attribute in _REPEATED:
            getattr(options, attribute).append(value)
        else:
            setattr(options, attribute, value)
    return options


def check(options: argparse.Namespace | Options) -> None:
    """Refuse a format that does not exist before anything runs. Raises UsageError."""
    if options.format is not None:
        render.check_format(options.format)


def joined(words: list[str]) -> list[str]:
    """``--sort -metric`` as ``--sort=-metric``: a value that begins with a dash, which argparse would take for an option."""
    found: list[str] = []
    for word in words:
        if found and found[-1] in VALUED and word.startswith("-"):
            found[-1] += f"={word}"
        else:
            found.append(word)
    return found


def names(text: str | None) -> list[str]:
    """``a,b`` as its names."""
    return [name.strip() for name in text.split(",") if name.strip()] if text else []


def chosen(command: str, records: Sequence[Record], options: argparse.Namespace | Options) -> list[Any]:
    """The records that ``--where`` leaves, as ``--sort`` orders them; with ``--columns`` as objects of these keys only."""
    if not options.where and not options.sort and not options.columns:
        return list(records)
    rows, _ = selected(command, records, options)
    wanted = names(options.columns)
    if wanted:
        return [{name: row.get(name) for name in wanted} for row in rows]
    return list({id(row.record): row.record for row in rows}.values())


def selected(command: str, records: Sequence[Record], options: argparse.Namespace | Options) -> tuple[list[Any], list[str]]:
    """The rows that ``--where`` leaves, as ``--sort`` orders them, and the columns of their table."""
    from netwrap.tables import selection, view

    rows = view.rows(command, records)
    columns = view.columns(command, rows)
    conditions = [selection.condition(text) for text in options.where]
    asked = [*names(options.columns), *(name.lstrip("-") for name in names(options.sort)), *(name for name, _ in conditions)]
    selection.check(asked, ["netns", *view.all_columns(command)], rows, view.record_keys(command))
    rows = selection.sort(selection.where(rows, options.where), names(options.sort))
    return rows, columns


def lines(command: str, records: Sequence[Record], options: argparse.Namespace | Options) -> Iterable[str]:
    """The table of records of a command, or the records themselves, as lines to print."""
    form = options.format or render.DEFAULT
    if render.is_records(form):
        yield from render.records(chosen(command, records, options), form)
        return
    rows, columns = selected(command, records, options)
    columns = names(options.columns) or columns
    cells = [[row.get(name) for name in columns] for row in rows]
    text = render.table(columns, cells, form, header=not options.no_header)
    if text:
        yield text


def show(command: str, records: Sequence[Record], options: argparse.Namespace | Options) -> None:
    """Print the table of records of a command on standard output. Raises UsageError for a column that there is not."""
    for line in lines(command, records, options):
        sys.stdout.write(line + "\n")
