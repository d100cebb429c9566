"""`netwrap ip|arp|route|bridge … --from PATH`: the same command, answered from a capture; nothing is run."""

from __future__ import annotations

import sys

from netwrap import commands
from netwrap.answers import offline
from netwrap.errors import NetwrapError, UsageError

from . import _source, _table, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from netwrap.commands.line import Command
    from netwrap.model.host import Host
    from netwrap.model.namespace import Namespace
    from parsers.records import Record

    from ._options import Options


def run(asked: Command, options: Options) -> int:
    """Print what the command would have printed; 1 where the capture does not have it. Raises UsageError."""
    if asked.parser is None:
        raise UsageError(f"'{' '.join(asked.argv)}' prints no table that netwrap knows: a capture cannot answer it")
    hosts = _source.hosts(options)
    found: list[Record] = []
    lacking: list[str] = []
    asked_for = 0
    failure: NetwrapError | None = None
    for host in hosts:
        try:
            places = _places(host, asked, options)
        except NetwrapError as error:
            if len(hosts) == 1:
                raise
            failure = failure or error
            continue
        for netns in places:
            asked_for += 1
            try:
                records = offline.answer_in(host, asked, netns)
            except NetwrapError as error:
                if len(hosts) == 1 and (len(places) == 1 or not isinstance(error, offline.NotCaptured)):
                    raise
                failure = failure or error
                lacking.append(f"{host.name}: {netns.title}" if len(hosts) > 1 else netns.title)
                continue
            if options.netns or options.all_netns:
                records = [{"netns": netns.name, **record} for record in records]
            found += [_source.with_host(hosts, host, record) for record in records]
    called = commands.module(asked.parser or "").CALLED
    if len(lacking) == asked_for and failure is not None:
        raise failure if asked_for < 2 else offline.NotCaptured(f"no {called} in this capture")
    _table.show(asked.parser or "", found, options)
    sys.stdout.flush()
    if lacking:
        shown = ", ".join(lacking[:5]) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
        say(f"no {called} of {shown} in this capture")
    for problem in dict.fromkeys(problem for host in hosts for problem in host.problems):
        say(problem)
    return 1 if any(host.problems for host in hosts) else 0


def _places(host: Host, asked: Command, options: Options) -> list[Namespace]:
    """The namespaces asked for, else the one that the command names, else the root's. Raises UsageError."""
    if options.netns:
        return host.choose(options.netns)
    if options.all_netns:
        return list(host.namespaces)
    return [offline.place(host, asked.netns)]
