"""Run `netwrap --via COMMAND ip|arp|route|bridge …`: the same words, and nothing else, on other hosts."""

from __future__ import annotations

import sys

from netwrap import query, shell
from netwrap.commands.line import meant, reads
from netwrap.errors import NetwrapError, UsageError
from netwrap.sources import via

from . import _source, _table, say, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from netwrap.commands.line import Command
    from netwrap.sources.via import Answer, Target
    from parsers.records import Record

    from ._options import Options


def run(asked: Command, options: Options) -> int:
    """Run a command on other hosts and print its table, or else its output; return the first status that is not 0."""
    targets = _source.targets(options)
    if asked.parser is None:
        wrapped.refuse_tables(asked.argv, options)
        return _pass_through(targets, asked.argv, options)
    found: list[Record] = []
    failures: list[str] = []
    status = 0
    words = shell.in_netns(asked.words, asked.netns)
    for answer in _answers(targets, words, options):
        try:
            if answer.failure:
                raise NetwrapError(answer.failure)
            records = query.read(asked.parser, words, answer.result)
        except NetwrapError as error:
            status = status or getattr(error, "status", 1)
            failures.append(f"{answer.target.name}: {error}")
        else:
            found += [{"host": answer.target.name, **record} if len(targets) > 1 else record for record in records]
    if found or not failures:
        _table.show(asked.parser, found, options)
        sys.stdout.flush()
    for failure in failures:
        say(failure)
    return status


def _answers(targets: Sequence[Target], words: Sequence[str], options: Options) -> Iterator[Answer]:
    return via.run(targets, words, timeout=options.via_timeout or via.TIMEOUT, changes=not reads(words))


def _pass_through(targets: Sequence[Target], argv: list[str], options: Options) -> int:
    """Print the output of a command on each host; of several hosts, each with its name in front."""
    if options.all_netns or options.named_netns:
        raise UsageError(
            f"{argv[0]} prints no table that netwrap knows: with --via, --netns NAME says where it is to run{meant(argv)}"
        )
    status = 0
    for netns in dict.fromkeys(options.netns) or [None]:
        for answer in _answers(targets, shell.in_netns(argv, netns), options):
            if len(targets) > 1 or len(options.netns) > 1:
                sys.stdout.flush()
                say(f"{answer.target.name}:" + (f" netns {netns}:" if netns is not None else ""))
            sys.stdout.write(answer.text)
            sys.stdout.flush()
            if answer.failure:
                say(f"{answer.target.name}: {answer.failure}")
            else:
                sys.stderr.write(answer.result.stderr)
            status = status or answer.result.status or bool(answer.failure)
    return int(status)
