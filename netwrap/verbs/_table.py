"""The one door through which every verb prints a table, so that the options of tables do the same in all of them."""

from __future__ import annotations

import sys

from netwrap.tables import render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from ._options import Options

    Record = dict[str, Any]


def check(options: Options) -> None:
    """Refuse a format that does not exist before anything runs. Raises UsageError."""
    if options.format is not None:
        render.check_format(options.format)


def chosen(command: str, records: Sequence[Record], options: Options) -> list[Any]:
    """The records that ``--where`` leaves, as ``--sort`` orders them; with ``--columns`` as objects of these keys only."""
    if not options.where and not options.sort and not options.columns:
        return list(records)
    rows, _ = selected(command, records, options)
    if options.columns:
        return [{name: row.get(name) for name in options.columns} for row in rows]
    return list({id(row.record): row.record for row in rows}.values())


def selected(command: str, records: Sequence[Record], options: Options) -> tuple[list[Any], list[str]]:
    """The rows that ``--where`` leaves, as ``--sort`` orders them, and the columns of their table."""
    from netwrap.tables import selection, view

    rows = view.rows(command, records)
    columns = view.columns(command, rows)
    conditions = [selection.condition(text) for text in options.where]
    asked = [*options.columns, *(name.lstrip("-") for name in options.sort), *(name for name, _ in conditions)]
    selection.check(asked, ["host", "netns", *view.all_columns(command)], rows, view.record_keys(command))
    rows = selection.sort(selection.where(rows, options.where), options.sort)
    return rows, columns


def lines(command: str, records: Sequence[Record], options: Options) -> Iterable[str]:
    """The table of records of a command, or the records themselves, as lines to print."""
    form = options.format or render.DEFAULT
    if render.is_records(form):
        yield from render.records(chosen(command, records, options), form)
        return
    rows, columns = selected(command, records, options)
    columns = options.columns or columns
    cells = [[row.get(name) for name in columns] for row in rows]
    text = render.table(columns, cells, form, header=not options.no_header)
    if text:
        yield text


def show(command: str, records: Sequence[Record], options: Options) -> None:
    """Print the table of records of a command on standard output. Raises UsageError for a column that there is not."""
    for line in lines(command, records, options):
        sys.stdout.write(line + "\n")
