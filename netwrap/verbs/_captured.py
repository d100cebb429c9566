"""`netwrap ip|arp|route|bridge … --from PATH`: the same command, answered from a capture; nothing is run."""

from __future__ import annotations

import sys

from netwrap import commands
from netwrap.answers import offline
from netwrap.errors import UsageError

from . import _source, _table, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from netwrap.commands.line import Command
    from netwrap.model.host import Host
    from netwrap.model.namespace import Namespace

    from ._options import Options

    Record = dict[str, Any]


def run(asked: Command, options: Options) -> int:
    """Print what the command would have printed; 1 where the capture does not have it. Raises UsageError."""
    if asked.parser is None:
        raise UsageError(f"'{' '.join(asked.argv)}' prints no table that netwrap knows: a capture cannot answer it")
    host = _source.host(options.source)
    if options.netns or options.all_netns:
        _everywhere(host, asked, options)
    else:
        _table.show(asked.parser, offline.answer(host, asked, asked.netns), options)
    sys.stdout.flush()
    for problem in dict.fromkeys(host.problems):
        say(problem)
    return 1 if host.problems else 0


def _everywhere(host: Host, asked: Command, options: Options) -> None:
    chosen: list[Namespace] = host.choose(options.netns) if options.netns else list(host.namespaces)
    found: list[Record] = []
    lacking = []
    for netns in chosen:
        try:
            records = offline.answer_in(host, asked, netns)
        except offline.NotCaptured:
            lacking.append(netns.title)
        else:
            found += [{"netns": netns.name, **record} for record in records]
    called = commands.module(asked.parser or "").CALLED
    if len(lacking) == len(chosen):
        raise offline.NotCaptured(f"no {called} in this capture")
    _table.show(asked.parser or "", found, options)
    if lacking:
        sys.stdout.flush()
        shown = ", ".join(lacking[:5]) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
        say(f"no {called} of {shown} in this capture")
