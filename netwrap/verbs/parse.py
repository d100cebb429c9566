"""Tables from captured output: of one command, or of a pasted terminal session with its prompts."""

from __future__ import annotations

import os
import sys

import parsers
from netwrap.errors import NetwrapError, UsageError, similar
from netwrap.tables import render
from netwrap.wording import printable

from . import _table, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from netwrap.sources.block import Block
    from parsers.records import Record

    from ._options import Options


def run(options: Options) -> int:
    """Print the tables; 1 where something could not be read."""
    name, files = _command_and_files(options.words)
    status = 0
    for file in files:
        status = max(status, _file(name, file, options))
    return status


def _command_and_files(words: list[str]) -> tuple[str | None, list[str]]:
    """The parser, if the first word names one, and the files."""
    if not words:
        return None, ["-"]
    first = words[0]
    if first in ("arp", "route"):
        return first, words[1:] or ["-"]
    from netwrap.commands.line import parser_of

    from ._options import WRAPPED

    try:
        return parser_of(first), words[1:] or ["-"]
    except ValueError as error:
        if " " in first.strip() and not os.path.exists(first):
            raise UsageError(str(error)) from None
        if first in WRAPPED and not os.path.exists(first):
            raise UsageError(f"parse takes a command as one word, in quotes: netwrap parse '{first} ...' FILE") from None
        if not os.path.exists(first) and (near := similar(first, parsers.names())):
            raise UsageError(f"there is no file {first!r}, and it is no command{near}") from None
        return None, words


def _file(name: str | None, file: str, options: Options) -> int:
    from netwrap.sources import opening

    shown = "standard input" if file == "-" else file
    text, lacking = opening.text(file)
    status = _text(name, text, shown, options)
    for problem in lacking:
        say(f"{shown}: {problem}")
    return 1 if lacking else status


def _text(name: str | None, text: str, shown: str, options: Options) -> int:
    """Print the tables of a text: of one command, of a capture, or of anything pasted."""
    problems: list[parsers.ParseError] = []
    if name is None:
        from netwrap.sources import capture

        found = [] if capture.is_capture(text) else parsers.detect(text)
        records = _whole(found[0], text) if found else None
        if records is None:
            return _session(text, shown, options)
        _table.show(found[0], records, options)
        return 0
    try:
        records = _parse(name, text, problems, options.keep_going)
    except parsers.ParseError as error:
        _complain(shown, error)
        return 1
    _table.show(name, records, options)
    for problem in problems:
        _complain(shown, problem)
    return 1 if problems else 0


def _whole(name: str, text: str) -> list[Record] | None:
    """The records of a text that is one table from its first line to its last; None where it is not."""
    try:
        return list(parsers.parse(name, text))
    except parsers.ParseError:
        return None


def _parse(name: str, text: str, problems: list[parsers.ParseError], keep_going: bool) -> list[Record]:
    if not keep_going:
        return list(parsers.parse(name, text))
    records, found = parsers.parse(name, text, strict=False)
    problems.extend(found)
    return list(records)


def _complain(shown: str, problem: parsers.ParseError) -> None:
    """Print a problem: ``dump.txt:7: not a route: 'foo'``"""
    say(f"{shown}:{str(problem).partition('line ')[2]}")


# -- a session -----------------------------------------------------------------------------------------------------


def _session(text: str, shown: str, options: Options) -> int:
    from netwrap.sources import capture, session

    blocks = session.of_capture(text) if capture.is_capture(text) else session.blocks(text)
    here = [block for block in blocks if block.lines or not block.part]
    tables = [block for block in here if block.parser is not None and not block.failed or block.changes or block.side]
    if not any(block.parser is not None or block.side or block.changes for block in blocks):
        foreign = next((reason for block in blocks for _, _, reason in block.lost), "")
        known = "it is empty" if not text.strip() else foreign or "it is none that netwrap knows, or only a part"
        raise NetwrapError(f"{shown}: cannot tell which command printed this ({known}); name it: netwrap parse 'ip route' FILE")
    for block in tables:
        _complete(block)
    several = len({block.host for block in tables}) > 1
    form = options.format or render.DEFAULT
    if len(blocks) == 1 and not blocks[0].command and blocks[0].parser is not None:
        _table.show(blocks[0].parser, blocks[0].records, options)
    elif render.is_records(form):
        objects = [_object(block, several, options) for block in tables if not block.side or block.parser is not None]
        for line in render.records(objects, form):
            sys.stdout.write(line + "\n")
    else:
        for position, block in enumerate(tables):
            sys.stdout.write(("\n" if position else "") + printable(_heading(block, several)) + "\n")
            _print(block, options)
    sys.stdout.flush()
    lost = 0
    for block in blocks:
        for number, line, reason in block.lost:
            _complain(shown, parsers.ParseError(number, line, reason))
            lost += 1
        for line in _remarks(block):
            say(f"{shown}:{line}")
    return 1 if lost else 0


def _complete(block: Block) -> None:
    """Add to the records of a table what its command asked for, and so did not print."""
    from netwrap import commands
    from netwrap.commands import request
    from netwrap.model import coverage

    if block.parser is not None:
        block.records = coverage.completed(request.read(block.words), block.records)
        commands.complete(block.parser, block.records, block.words)


def _object(block: Block, several: bool, options: Options) -> Record:
    """A table of a session as one object."""
    records = _selected(block.parser, block.records, options) if block.parser is not None else []
    found: Record = {"host": block.host} if several else {}
    found.update(netns=block.netns, command=block.command or " ".join(block.words), parser=block.parser, records=records)
    return {**found, "part": block.part} if block.part else found


def _heading(block: Block, several: bool) -> str:
    from netwrap import wording
    from netwrap.sources.block import span

    where = f"{block.host or '(unnamed)'}, " if several else ""
    command = block.command or f"{span(block)}, read as {' '.join(block.words)}"
    return f"{where}{wording.netns(block.netns)}: {command}"


def _print(block: Block, options: Options) -> None:
    if block.parser is None:
        if block.side:
            sys.stdout.write(f"({len(block.lines)} {'line' if len(block.lines) == 1 else 'lines'}; see netwrap report --from)\n")
    elif block.records:
        _print_table(block.parser, block.records, options)
    else:
        sys.stdout.write("(no entries)\n")


def _remarks(block: Block) -> Iterator[str]:
    """The remarks on a block beside its table: ``3: only a part: | grep 10.0``."""
    if block.part and not block.lines and not block.said and not block.lost:
        yield f"{block.line}: no table: {block.command}: {block.part}"
    if block.part and block.lines:
        yield f"{block.first}: only a part of the table: {block.part}"
    if block.said:
        yield f"{block.line}: no table: {block.command}: {block.said[0]}"
    elif block.parser is None and not block.changes and not block.side and block.command and not block.lost:
        yield f"{block.line}: not recognised: {block.command}"


def _selected(name: str, records: list[Record], options: Options) -> list[Any]:
    """The chosen records of a session's table; none where a condition names a column that this table lacks."""
    try:
        return _table.chosen(name, records, options)
    except UsageError:
        return []


def _print_table(name: str, records: list[Record], options: Options) -> None:
    try:
        _table.show(name, records, options)
    except UsageError:
        sys.stdout.write("(no such column)\n")
