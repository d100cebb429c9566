"""Answer `netwrap ip|arp|route|bridge …` from a model of hosts: from a capture, where nothing is run, or from a sweep."""

from __future__ import annotations

import sys

from netwrap import commands
from netwrap.answers import offline
from netwrap.errors import NetwrapError, UsageError
from netwrap.model.peers import in_words

from . import _source, _table, say
from .wrapped import OF_LINKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from netwrap.commands.line import Command
    from netwrap.model.host import Host
    from netwrap.model.namespace import Namespace
    from netwrap.model.peers import Peer
    from parsers.records import Link, Record

    from ._options import Options


def run(asked: Command, options: Options) -> int:
    """Print what the command would have printed; 1 where the capture does not have it. Raises UsageError."""
    if asked.parser is None:
        raise UsageError(f"'{' '.join(asked.argv)}' prints no table that netwrap knows: a capture cannot answer it")
    return show(_source.hosts(options), asked, options)


def show(hosts: Sequence[Host], asked: Command, options: Options) -> int:
    """Print the table of a command, answered from hosts; 1 where something was lost."""
    found: list[Record] = []
    lacking: list[str] = []
    origins: dict[int, tuple[Host, Namespace]] = {}  # by the identity of a record
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
                if len(hosts) == 1 and not host.live and (len(places) == 1 or not isinstance(error, offline.NotCaptured)):
                    raise
                failure = failure or error
                lacking.append(f"{host.name}: {netns.title}" if len(hosts) > 1 else netns.title)
                continue
            if options.netns or options.all_netns or options.named_netns:
                records = [{"netns": netns.name, **record} for record in records]
            records = [_source.with_host(hosts, host, record) for record in records]
            origins.update((id(record), (host, netns)) for record in records)
            found += records
    called = commands.module(asked.parser or "").CALLED
    where = "in this capture" if not hosts[0].live else "could be read"
    if len(lacking) == asked_for and failure is not None:
        if hosts[0].live:
            why = [*hosts[0].problems, *hosts[0].notes][:1]
            raise offline.NotCaptured("; ".join([f"no {called} of {', '.join(lacking[:5])} could be read", *why]))
        raise failure if asked_for < 2 else offline.NotCaptured(f"no {called} {where}")
    _table.show(asked.parser or "", found, options, Ends(origins) if asked.parser in OF_LINKS else None)
    sys.stdout.flush()
    if lacking:
        shown = ", ".join(lacking[:5]) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
        say(f"no {called} of {shown} {where}")
    for line in dict.fromkeys(line for host in hosts for line in (*(host.notes if host.live else ()), *host.problems)):
        if not line.endswith("the rest was not captured"):  # the command asked for no more
            say(line)
    _source.not_understood(hosts, options.verbose)
    return 1 if any(host.problems for host in hosts) or lacking and hosts[0].live else 0


class Ends:
    """The other ends of links of a model."""

    def __init__(self, origins: dict[int, tuple[Host, Namespace]]) -> None:
        self._origins = origins

    def _peer(self, record: Record) -> tuple[Namespace, Peer] | None:
        origin = self._origins.get(id(record))
        link = origin[1].link(record.get("ifname", "")) if origin is not None else None
        peer = origin[0].peer(origin[1], link) if origin is not None and link is not None else None
        return (origin[1], peer) if origin is not None and peer is not None else None

    def record(self, record: Record) -> Link | None:
        """The link at the other end; None where it is not known."""
        found = self._peer(record)
        return found[1].link if found is not None else None

    def name(self, record: Record) -> str | None:
        """The name of the link at the other end; None where it is not known."""
        found = self._peer(record)
        if found is None or found[1].link is None or found[1].netns is None:
            return None
        return in_words(*found)


def _places(host: Host, asked: Command, options: Options) -> list[Namespace]:
    """The namespaces asked for, else the one that the command names, else the root's. Raises UsageError."""
    if options.netns:
        return host.choose(options.netns)
    if options.named_netns:
        return [netns for netns in host.namespaces if netns.here or netns.names]
    if options.all_netns:
        return list(host.namespaces)
    return [offline.place(host, asked.netns)]
