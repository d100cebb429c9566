"""Tables from captured output: of one command, or of a pasted terminal session with its prompts."""

from __future__ import annotations

import os
import sys

import parsers
from netwrap.errors import NetwrapError, UsageError
from netwrap.tables import render

from . import _table, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from netwrap.sources import session

    from ._options import Options

    Record = dict[str, Any]


def run(options: Options) -> int:
    """Print the tables; 1 where something could not be read."""
    _table.check(options)
    name, files = _command_and_files(options.words)
    status = 0
    for file in files:
        status = max(status, _file(name, file, options))
    return status


def _command_and_files(words: list[str]) -> tuple[str | None, list[str]]:
    """The parser that the first word names, if it does, and the files."""
    if not words:
        return None, ["-"]
    first = words[0]
    if first in ("arp", "route"):
        return first, words[1:] or ["-"]
    from netwrap.commands.line import parser_of

    try:
        return parser_of(first), words[1:] or ["-"]
    except ValueError as error:
        if " " in first.strip() and not os.path.exists(first):
            raise UsageError(str(error)) from None
        return None, words


def read(file: str) -> str:
    """A file (``-``: standard input) as text; bytes that are no UTF-8 survive. Raises NetwrapError."""
    try:
        if file == "-":
            content = sys.stdin.buffer.read()
        else:
            with open(file, "rb") as opened:
                content = opened.read()
    except OSError as error:
        raise NetwrapError(f"cannot read {file}: {error.strerror or error}") from None
    return content.decode("utf-8", "surrogateescape").lstrip("\ufeff")


def _file(name: str | None, file: str, options: Options) -> int:
    shown = "standard input" if file == "-" else file
    text = read(file)
    problems: list[parsers.ParseError] = []
    if name is None and text.strip():
        from netwrap.sources import session

        if session.is_session(text):
            return _session(session.blocks(text), shown, options)
    if name is None:
        found = parsers.detect(text)
        if not found:
            known = "it is empty" if not text.strip() else "it is none that netwrap knows, or only a part"
            raise NetwrapError(f"{shown}: no telling which command printed this ({known}); say it: netwrap parse 'ip route' FILE")
        name = found[0]
    try:
        records = _parse(name, text, problems, options.keep_going)
    except parsers.ParseError as error:
        _complain(shown, error)
        return 1
    _table.show(name, records, options)
    for problem in problems:
        _complain(shown, problem)
    return 1 if problems else 0


def _parse(name: str, text: str, problems: list[parsers.ParseError], keep_going: bool) -> list[Record]:
    if not keep_going:
        return list(parsers.parse(name, text))
    records, found = parsers.parse(name, text, strict=False)
    problems.extend(found)
    return list(records)


def _complain(shown: str, problem: parsers.ParseError, first: int = 1) -> None:
    """``dump.txt:7: not a route: 'foo'``"""
    where = parsers.ParseError(problem.line_number + first - 1, problem.line, problem.reason)
    say(f"{shown}:{str(where).partition('line ')[2]}")


# -- a session -----------------------------------------------------------------------------------------------------


def _session(blocks: Iterator[session.Block], shown: str, options: Options) -> int:
    from netwrap import wording

    problems: list[tuple[int, parsers.ParseError]] = []
    unknown: list[session.Block] = []
    objects: list[Record] = []
    form = options.format or render.DEFAULT
    printed = False
    for block in blocks:
        found: list[parsers.ParseError] = []
        records: list[Record] = []
        if block.parser is None:
            if not block.changes or block.text.strip():
                unknown.append(block)
            if not block.changes:
                continue
        elif block.failed:
            unknown.append(block)
            continue
        else:
            try:
                records = _parse(block.parser, block.text, found, options.keep_going)
            except parsers.ParseError as error:
                problems.append((block.first, error))
                continue
            problems += [(block.first, problem) for problem in found]
            records = _selected(block.parser, records, options) if render.is_records(form) else records
        if render.is_records(form):
            objects.append({"netns": block.netns, "command": block.command, "parser": block.parser, "records": records})
            continue
        heading = f"{wording.netns(block.netns)}: {block.command}"
        sys.stdout.write(("\n" if printed else "") + render.printable(heading) + "\n")
        printed = True
        if records and block.parser is not None:
            _print_table(block.parser, records, options)
        elif block.parser is not None:
            sys.stdout.write("(no entries)\n")
    for line in render.records(objects, form) if render.is_records(form) else ():
        sys.stdout.write(line + "\n")
    sys.stdout.flush()
    for first, problem in problems:
        _complain(shown, problem, first)
    for block in unknown:
        say(f"{shown}:{block.line}: {_unrecognised(block)}")
    return 1 if problems else 0


def _unrecognised(block: session.Block) -> str:
    """What there is to say of a block that has no table."""
    said = next((line.strip() for line in block.lines if line.strip()), "")
    if not block.command:
        return f"belongs to no command: {said}"
    if block.changes or block.parser is not None:
        return f"no table: {block.command}: {said}"
    return f"not recognised: {block.command}"


def _selected(name: str, records: list[Record], options: Options) -> list[Any]:
    """The records chosen, in a session: a condition on a column that this table has not leaves none."""
    try:
        return _table.chosen(name, records, options)
    except UsageError:
        return []


def _print_table(name: str, records: list[Record], options: Options) -> None:
    try:
        _table.show(name, records, options)
    except UsageError:
        sys.stdout.write("(no such column)\n")
