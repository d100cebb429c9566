"""What every table takes (``--format``, ``--columns``, ``--where``, ``--sort``, ``--no-header``), and how it is printed."""

from __future__ import annotations

import sys

from netwrap import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence
    from typing import Any

    Record = dict[str, Any]

#: Options that take the next word.
VALUED = ("--format", "--columns", "--where", "--sort", "--netns", "--from")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of tables to a verb's."""
    group = parser.add_argument_group("the table")
    group.add_argument("--format", metavar="FORMAT", help="a format of tabulate, or json, jsonl, csv, tsv (default: simple)")
    group.add_argument("--columns", metavar="A,B,…", help="which columns, in this order; or keys of the JSON")
    group.add_argument("--where", metavar="COND", action="append", default=[],
                       help="NAME=VALUE, != ~REGEX !~ < <= > >=; repeat to ask for more")  # fmt: skip
    group.add_argument("--sort", metavar="A,B,…", help="order by these columns; -NAME downwards")
    group.add_argument("--no-header", action="store_true", help="rows only")


def check(options: argparse.Namespace) -> None:
    """Refuse a format that does not exist before anything runs. Raises UsageError."""
    if options.format is not None:
        report.check_format(options.format)


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


def chosen(command: str, records: Sequence[Record], options: argparse.Namespace) -> list[Any]:
    """The records that ``--where`` leaves, as ``--sort`` orders them; with ``--columns`` as objects of these keys only."""
    if not options.where and not options.sort and not options.columns:
        return list(records)
    rows, _ = _rows(command, records, options)
    wanted = names(options.columns)
    if wanted:
        return [{name: row.get(name) for name in wanted} for row in rows]
    return list({id(row.record): row.record for row in rows}.values())


def _rows(command: str, records: Sequence[Record], options: argparse.Namespace) -> tuple[list[Any], list[str]]:
    from netwrap import selection, views

    rows = views.rows(command, records)
    columns = views.columns(command, rows)
    conditions = [selection.condition(text) for text in options.where]
    asked = [*names(options.columns), *(name.lstrip("-") for name in names(options.sort)), *(name for name, _ in conditions)]
    selection.check(asked, ["netns", *views.all_columns(command)], rows, views.record_keys(command))
    rows = selection.sort(selection.where(rows, options.where), names(options.sort))
    return rows, columns


def lines(command: str, records: Sequence[Record], options: argparse.Namespace) -> Iterable[str]:
    """The table of records of a command, or the records themselves, as lines to print."""
    form = options.format or report.DEFAULT
    if report.is_records(form):
        yield from report.records(chosen(command, records, options), form)
        return
    rows, columns = _rows(command, records, options)
    columns = names(options.columns) or columns
    cells = [[row.get(name) for name in columns] for row in rows]
    text = report.table(columns, cells, form, header=not options.no_header)
    if text:
        yield text


def show(command: str, records: Sequence[Record], options: argparse.Namespace) -> None:
    """Print the table of records of a command on standard output. Raises UsageError for a column that there is not."""
    for line in lines(command, records, options):
        sys.stdout.write(line + "\n")
