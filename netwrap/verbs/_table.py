"""Print a table. Every verb prints here, so that the options of tables work alike in all verbs."""

from __future__ import annotations

import sys

from netwrap import wording
from netwrap.errors import NetwrapError, UsageError
from netwrap.tables import render

from . import say
from ._options import WRAPPED, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, Protocol

    from netwrap.tables.selection import Row
    from parsers.records import AnyRecord, Record

    from ._options import Options

    class Ends(Protocol):
        """The other ends of links."""

        def record(self, record: Record) -> AnyRecord | None:
            """The record of the other end; None where it is not known."""

        def name(self, record: Record) -> str | None:
            """What the other end is called, "eth0@web"; None where that is not known."""


class Unknown(NetwrapError):
    """A column asked for is not in this text or capture, which was made without the option that adds the column."""


def check(options: Options) -> None:
    """Refuse an unknown format and an invalid condition before anything runs. Raises UsageError."""
    if options.pretty and options.format is None:
        options.format = "json"
    if options.format is not None and not (options.verb == "trace" and options.format in ("svg", "html") and options.words):
        if "/" in options.format or "." in options.format:
            save = (
                f"did you mean --output {options.format}?"
                if options.verb == "trace"
                else "to save the table, redirect it: > FILE"
            )
            raise UsageError(f"--format (-o) takes a format, and {options.format!r} is a file; {save}")
        if options.verb != "trace" or not options.words:  # one way has formats of its own
            options.format = render.check_format(options.format)
        if options.pretty and options.format != "json":
            raise UsageError(f"--pretty makes no sense for {options.format}: it is for json")
        if render.is_records(options.format) and options.no_header:
            raise UsageError(f"--no-header makes no sense for {options.format}: it has no header")
    if options.format != "csv":
        refuse(options, ("--raw",), "without --format csv")
    if options.where:
        from netwrap.tables.selection import Condition

        options.conditions = [Condition(text) for text in options.where]


def asked(options: Options) -> list[str]:
    """The names of columns that options ask for."""
    names = [*options.columns, *(name.lstrip("-") for name in options.sort)]
    return [*names, *(name for condition in options.conditions for name in condition.names)]


# -- choosing rows -------------------------------------------------------------------------------------------------


def selected(command: str, records: Sequence[Record], options: Options, ends: Ends | None = None) -> tuple[list[Row], list[str]]:
    """The rows that the options leave of a table, in their order, and the columns to show.

    ``ends`` knows the other ends of links. Raises UsageError for a name that no record can have, Unknown for a
    name that needs an option of the command which the records were made without.
    """
    from netwrap.tables import selection, view

    rows = view.rows(command, records)
    before = len(rows)
    for row in rows:
        name = ends.name(row.record) if ends is not None else None
        if name is not None:
            row.cells["peer"] = name
    columns = options.columns or view.columns(command, rows)
    if asked(options):
        _prepare(command, rows, options, ends)
        rows = selection.sort(selection.where(rows, options.conditions), options.sort)
    if options.uniq:
        rows = selection.uniq(rows, columns)
    if options.limit is not None:
        rows = rows[: options.limit]
    options.tally[0] += len(rows)
    options.tally[1] += before
    return rows, columns


def _prepare(command: str, rows: list[Row], options: Options, ends: Ends | None) -> None:
    """Make the names asked for known to the rows: aliases, columns of other ends. Refuse names that lead nowhere."""
    from netwrap.tables import selection, view
    from netwrap.tables.columns import aliases as aliases_of
    from netwrap.tables.columns import usual as usual_of

    names = asked(options)
    if any(name.startswith(selection.PEER) for name in names):
        if ends is None:
            raise UsageError("@peer needs a host: it is for `ip link` of this host, or --from a capture, and for report NAME")
        for row in rows:
            other = ends.record(row.record)
            row.peer = view.rows(command, [{**other}])[0] if other is not None else None
    aliases = aliases_of(command)
    for name in dict.fromkeys(names):
        bare = name.removeprefix(selection.PEER)
        if bare in aliases:
            for row in rows:
                end = row if bare == name else row.peer
                if end is not None and not end.has(bare):
                    end.cells[bare] = end.get(aliases[bare])
        if not any(row.has(name) and row.get(name) is not None for row in rows):
            _known(command, name, rows, options)
    for name, usual in usual_of(command).items():
        if any(name in condition.names for condition in options.conditions):
            for row in rows:
                if row.get(name) is None:
                    row.cells[name] = usual


def is_known(command: str, name: str) -> bool:
    """Whether a table of a command can have a name: a column, an alias of one, a key of its records."""
    from netwrap.tables import columns, view

    name = name.removeprefix("@peer.")
    if not view.all_columns(command):  # its columns are what was asked for
        return True
    known = ("host", "netns", "unparsed", *view.all_columns(command), *columns.on_demand(command), *columns.aliases(command))
    return name in known or bool(columns.option_for(command, name)) and "." not in name or columns.can_have(command, name)


def _known(command: str, name: str, rows: list[Row], options: Options) -> None:
    from netwrap.tables import columns, selection, view

    option = columns.option_for(command, name)
    every = ["netns", *view.all_columns(command), *columns.on_demand(command)]
    if not is_known(command, name):
        raise selection.unknown(name, every, columns.aliases(command))
    if option and rows and not columns.was_given(command, option, [row.record for row in rows]):
        made = "this capture was" if options.source else "this was"
        raise Unknown(f"{made} made without {option}: {name} is not known")
    above, _, last = name.rpartition(".")
    if above:
        there = sorted({key for row in rows for value in _dicts(row.get(above)) for key in value})
        if there and last not in there:
            raise UsageError(f"no record has {name!r}: {above} has {', '.join(there)}")


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def chosen(command: str, records: Sequence[Record], options: Options, ends: Ends | None = None) -> list[Any]:
    """The records that the options leave, in their order; with ``--columns`` as objects of these keys only."""
    if not options.selects():
        options.tally[0] += len(records)
        return list(records)
    rows, _ = selected(command, records, options, ends)
    if options.columns:
        return [{name: row.get(name) for name in options.columns} for row in rows]
    return list({id(row.record): row.record for row in rows}.values())


# -- printing ------------------------------------------------------------------------------------------------------


def lines(command: str, records: Sequence[Record], options: Options, ends: Ends | None = None) -> Iterator[str]:
    """The table of records of a command, or the records themselves, as lines to print."""
    form = options.format or render.DEFAULT
    if render.is_records(form) and not options.count:
        yield from render.records(chosen(command, records, options, ends), form, options.pretty)
        return
    rows, columns = selected(command, records, options, ends)
    if options.count:
        yield str(len(rows))
        return
    yield from drawn(command, rows, columns, options)


def drawn(command: str, rows: Sequence[Row], columns: list[str], options: Options) -> Iterator[str]:
    """Rows as a table; on a terminal in colour and fitted to its width."""
    from netwrap.tables import terminal, view

    form = options.format or render.DEFAULT
    cells = [[row.get(name) for name in columns] for row in rows]
    if options.human:
        counted = [name.startswith(("rx_", "tx_")) for name in columns]
        cells = [[wording.human(cell, options.human) if it else cell for cell, it in zip(row, counted)] for row in cells]
    people = terminal.is_for_people(form)
    tight = command == "report"  # it keeps to 80 columns where it can
    if people and not options.wide and terminal.is_terminal():
        optional = () if options.columns else view.optional_columns(command)
        between = 2 if form in ("simple", "plain") else 3
        width = terminal.size()[0] - (0 if between == 2 else 4)
        columns, cells, gone = terminal.fitted(columns, cells, optional, width, between)
        tight = True
        options.gave_way += [name for name in gone if name not in options.gave_way]
    colour = people and terminal.colours(options.color)
    marked = options.watcher.marks(command, rows, columns, cells) if options.watcher is not None else ()
    text = render.table(
        columns, cells, form, header=not options.no_header, tight=tight, colour=colour, raw=options.raw,
        marked=marked if people and terminal.is_terminal() else (),
    )  # fmt: skip
    if text:
        yield text


def _too_narrow(gone: list[str]) -> str:
    """A note that names the columns that gave way, as many as fit in a line of the terminal."""
    from netwrap.tables import terminal

    limit = terminal.size()[0] - len("netwrap: ")
    for named in range(len(gone), 0, -1):
        more = f" and {len(gone) - named} more" if named < len(gone) else ""
        note = f"too narrow for {', '.join(gone[:named])}{more}: -w shows all"
        if len(note) <= limit:
            return note
    return f"too narrow for {len(gone)} columns: -w shows all"


def show(command: str, records: Sequence[Record], options: Options, ends: Ends | None = None) -> None:
    """Print the table of records of a command on standard output. Raises UsageError for an unknown column."""
    write(lines(command, records, options, ends), options)


def write(found: Iterable[str], options: Options) -> None:
    """Print lines, through a pager where they do not fit the terminal; then tell what was left out, or that no row is left."""
    from netwrap.tables import terminal

    if terminal.is_terminal():
        shown = "".join(line + "\n" for line in found)
        if not (options.no_pager or options.count) and shown.count("\n") >= terminal.size()[1]:
            from netwrap import shell

            shell.page(shown)
        else:
            sys.stdout.write(shown)
    else:
        for line in found:
            sys.stdout.write(line + "\n")
    if options.gave_way:
        sys.stdout.flush()
        say(_too_narrow(options.gave_way))
        options.gave_way.clear()
    if options.tally[1] and not options.tally[0] and sys.stderr is not None:
        sys.stdout.flush()
        everywhere = options.all_netns or options.named_netns or options.netns or options.verb not in WRAPPED
        import re

        spelled = (re.fullmatch(r"(.*=)\s*(?:none|null|nil|empty)", text) for text in options.where)
        empty = next((match[1] for match in spelled if match), "")
        if empty:
            say(f"0 of {options.tally[1]} rows; a column without a value is {empty!r}")
        elif sys.stderr.isatty():
            say(f"0 of {options.tally[1]} rows" + ("" if everywhere else "; -a asks every namespace"))


class Growing:
    """A table whose records come in parts: printed as they come, or at its end where the format or an option needs all of them.

    ``columns``: those to show, whether or not a row fills them; without them a table of cells needs all of its rows. They grow
    wider with the rows, and do not shrink to a terminal. ``whole``: print all at the end, as any other table.
    """

    def __init__(
        self, command: str, columns: Sequence[str], options: Options, ends: Ends | None = None, whole: bool = False
    ) -> None:
        self._command, self._columns, self._options, self._ends = command, list(options.columns or columns), options, ends
        self._form = options.format or render.DEFAULT
        needs_all = bool(whole or options.human or options.sort or options.uniq or options.limit is not None or options.count)
        if self._form not in _GROWING or not self._columns and not render.is_records(self._form):
            needs_all = True
        self._kept: list[Record] | None = [] if needs_all else None
        self._widths: list[int] = []
        self._header = not options.no_header

    def add(self, records: Sequence[Record]) -> None:
        """Print records, or keep them."""
        if self._kept is not None:
            self._kept += records
            return
        if render.is_records(self._form):
            for line in lines(self._command, records, self._options, self._ends):
                sys.stdout.write(line + "\n")
        else:
            rows, _ = selected(self._command, records, self._options, self._ends)
            if rows:
                cells = [[row.get(name) for name in self._columns] for row in rows]
                text = render.table(
                    self._columns, cells, self._form, header=self._header, raw=self._options.raw, widths=self._widths
                )
                sys.stdout.write(text + "\n")
                self._header = False
        sys.stdout.flush()

    def end(self, order: Callable[[Record], Any] | None = None) -> None:
        """Print what was kept, in an order."""
        if self._kept is not None:
            kept = sorted(self._kept, key=order) if order is not None else self._kept
            show(self._command, kept, self._options, self._ends)
            sys.stdout.flush()


#: The formats whose first rows do not depend on the last.
_GROWING = ("simple", "plain", "csv", "tsv", "jsonl")


# -- several tables at once ----------------------------------------------------------------------------------------


def check_sections(tables: Sequence[str], options: Options) -> None:
    """Raise UsageError for a name that none of several tables can have."""
    from netwrap.tables import selection, view

    for name in asked(options):
        if not any(is_known(command, name) for command in tables):
            every = dict.fromkeys(column for command in tables for column in view.all_columns(command))
            raise selection.unknown(name, list(every))


def narrowed(command: str, options: Options) -> Options | None:
    """The options for one of several tables: only its own columns; None where a condition names a column of another table."""
    if any(not is_known(command, name) for condition in options.conditions for name in condition.names):
        return None
    columns = [name for name in options.columns if is_known(command, name)]
    if options.columns and not columns:
        return None
    return options.of_table(columns, [name for name in options.sort if is_known(command, name.lstrip("-"))])


def list_columns(commands: Sequence[str]) -> None:
    """Print the columns of tables, each with a description and the option that adds it (``--columns ?``)."""
    from netwrap.tables import columns, view

    for command in commands:
        rows = []
        optional = view.optional_columns(command)
        for name in dict.fromkeys(["netns", *view.all_columns(command), *columns.on_demand(command)]):
            shown = (
                "where filled"
                if name in optional or name == "netns"
                else ""
                if name in view.all_columns(command)
                else "on demand"
            )
            rows.append([name, columns.WORDS.get(name, ""), columns.option_for(command, name), shown])
        if commands[1:]:
            sys.stdout.write(f"{command}:\n")
        sys.stdout.write(render.table(["column", "what", "option", "shown"], rows, "plain") + "\n")
