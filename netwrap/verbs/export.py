"""Flat rows of hosts, for SQL and for other programs: one table for each kind of record, the same columns in every row.

The rows have ``_host``, ``_netns``, ``_table`` and ``_source``; `netwrap sql --tables` lists the tables with their columns.
Captures are read one after the other (many by several processes), so that a fleet of any size needs little memory.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys

from netwrap.errors import UsageError, similar

from . import _source, say
from ._options import refuse
from ._saving import whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.records import Record

    from ._options import Options


def run(options: Options) -> int:
    """Write the rows; 1 where something could not be read. Raises UsageError, and NetwrapError where nothing could."""
    from netwrap.answers import schema
    from netwrap.sources import exports

    path = options.output
    form = options.format or next((form for form in ("jsonl.gz", "sqlite") if (path or "").endswith(f".{form}")), "jsonl")
    exports.check_format(form)
    for name in options.table:
        if name not in schema.TABLES:
            raise UsageError(f"there is no table {name!r}{similar(name, schema.TABLES)}; there are: {', '.join(schema.TABLES)}")
    if path in (None, "-") and form != "jsonl":
        raise UsageError(f"{form} needs a place: -o PATH")
    if path is not None and os.path.isdir(path):
        raise UsageError(f"{path} exists and is a folder: it is not replaced")
    tables = options.table or [name for name in schema.TABLES if name != "finding"]
    asked: list[_source.Asked] = []
    problems: list[str] = []
    notes: list[str] = []
    rows = _rows(options, tables, asked, problems, notes)
    if path is None or path == "-":
        for line in exports.lines(rows):
            sys.stdout.write(line)
    else:
        with whole(path) as beside:
            exports.write(rows, form, beside)
    sys.stdout.flush()
    for line in dict.fromkeys([*notes, *problems]):
        say(line)
    status = asked[0].remarks(options) if asked else 0
    return 1 if problems else status


def _rows(
    options: Options, tables: Sequence[str], asked: list[_source.Asked], problems: list[str], notes: list[str]
) -> Iterator[tuple[str, Record]]:  # fmt: skip
    """The rows of what the options name; adds the hosts to ``asked``, or the problems of an index to ``problems``.

    ``notes`` get those on captures that are states of one host.
    """
    from netwrap import wording
    from netwrap.answers.questions import states
    from netwrap.sources import fleet, opening

    named = [*options.words, *options.source]
    if named:
        refuse(options, ("--show-commands", "--dry-run"), "for captures: no command is run")
        if _source.is_via(options):
            raise UsageError("--via reads other hosts: it does not go together with captures")
        paths = opening.expanded(named)
        there = options.output if options.output not in (None, "-") and os.path.exists(options.output) else None
        if there is not None and any(os.path.exists(source) and os.path.samefile(source, there) for source in paths):
            raise UsageError(f"{there} is one of the captures: -o would replace it")
        index = fleet.indexed(named, paths, new=False)
        if index is not None:  # what `netwrap sql` read before is not read again
            with contextlib.closing(index.connection), _source.Bar("captures") as bar:
                problems += index.refresh(paths, "finding" in tables, bar.show)
                notes += states(index.connection) if "finding" in tables else []
                if index.connection.execute("SELECT 1 FROM host LIMIT 1").fetchone():
                    yield from index.rows(tables)
                    return
            raise _source.none_of(problems)
    elif options.verbose:
        raise UsageError("--verbose makes no sense without captures")
    options.source = named
    across = fleet.Across() if "finding" in tables else None
    names = fleet.Names()
    hosts = _source.Asked(options, functools.partial(fleet.told, tables=tables))
    asked.append(hosts)
    for host, (rows, facts) in hosts:
        for table, row in rows:
            row["_host"] = names.of(row["_host"], host.source)
            yield table, row
        if across is not None:
            for name, fact in facts:
                across.add(names.of(name, host.source), host.source, [fact])
    if across is not None:
        yield from across.rows()
        notes += wording.states(across.states())
