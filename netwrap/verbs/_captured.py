"""Answer `netwrap ip|arp|route|bridge …` from a model of hosts: from a capture, where nothing is run, or from a sweep."""

from __future__ import annotations

import sys
from functools import partial
from typing import NamedTuple

from netwrap import commands
from netwrap.answers import offline
from netwrap.commands.line import meant
from netwrap.errors import NetwrapError, UsageError
from netwrap.model.peers import in_words

from . import _source, _table, say
from .wrapped import OF_LINKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from netwrap.commands.line import Command
    from netwrap.model.host import Host
    from netwrap.model.namespace import Namespace
    from parsers.records import Link, Record

    from ._options import Options
    from .wrapped import EndsHere


def run(asked: Command, options: Options) -> int:
    """Print what the command would have printed; 1 where the capture does not have it. Raises UsageError."""
    if asked.parser is None:
        raise UsageError(
            f"'{' '.join(asked.argv)}' prints no table that netwrap knows: a capture cannot answer it{meant(asked.argv)}"
        )
    places = Places(options.netns, options.named_netns, options.all_netns)
    hosts = _source.Asked(options, partial(_told, asked=asked, places=places))
    if not hosts.are_many:
        return show(_source.hosts(options), asked, options)
    return _print(hosts, hosts.hosts, asked, options, many=True)


def show(hosts: Sequence[Host], asked: Command, options: Options, others: Callable[[str], EndsHere] | None = None) -> int:
    """Print the table of a command, answered from hosts; 1 where something was lost.

    ``others``: where the hosts are this one and not all of its namespaces were read, what looks the other ends of a namespace up.
    """
    places = Places(options.netns, options.named_netns, options.all_netns)
    told = ((host, _told(host, len(hosts) > 1, asked, places, alone=len(hosts) == 1, others=others)) for host in hosts)
    return _print(told, hosts, asked, options)


# What some of several namespaces may lack
_LACKING = (offline.NotCaptured, offline.NoDevice)


class Places(NamedTuple):
    """The options that choose namespaces."""

    netns: Sequence[str]
    named_netns: bool
    all_netns: bool


class Told(NamedTuple):
    """The answer of one host: the records, the other end of each (for links), and the namespaces that were asked for.

    ``lacking``: the titles of those that do not have the table; ``failure``: why the first of them does not, or none was found.
    """

    records: list[Record]
    ends: list[tuple[str | None, Link | None]]
    asked_for: int
    lacking: list[str]
    failure: NetwrapError | None


def _told(
    host: Host, several: bool, asked: Command, places: Places, alone: bool = False,
    others: Callable[[str], EndsHere] | None = None,
) -> Told:  # fmt: skip
    """Answer a command from one host; ``alone``: raise what is wrong, as there is no other host."""
    try:
        chosen = _places(host, asked, places)
    except NetwrapError as error:
        if alone:
            raise
        return Told([], [], 0, [], error)
    found: list[Record] = []
    ends: list[tuple[str | None, Link | None]] = []
    lacking: list[str] = []
    failure: NetwrapError | None = None
    for netns in chosen:
        try:
            records = offline.answer_in(host, asked, netns)
        except NetwrapError as error:
            if alone and not host.live and (len(chosen) == 1 or not isinstance(error, _LACKING)):
                raise
            failure = failure or error
            lacking.append(netns.title)
            continue
        if asked.parser in OF_LINKS:
            further = others(netns.names[0]) if others is not None and netns.names else None
            ends += [_end(host, netns, record, further) for record in records]
        if any(places):
            records = [{"netns": netns.name, **record} for record in records]
        found += records
    return Told(found, ends, len(chosen), lacking, failure)


def _end(host: Host, netns: Namespace, record: Record, further: EndsHere | None) -> tuple[str | None, Link | None]:
    """The name and the record of the link at the other end of a link."""
    link = netns.link(record.get("ifname", ""))
    peer = host.peer(netns, link) if link is not None else None
    if peer is not None and peer.link is not None and peer.netns is not None:
        return in_words(netns, peer), peer.link
    return (further.name(record) if further is not None else None), peer.link if peer is not None else None


def _print(
    told: Iterable[tuple[Host, Told]], hosts: Sequence[Host], asked: Command, options: Options, many: bool = False
) -> int:  # fmt: skip
    """Print the answers of hosts as one table, and what they lack."""
    lacking: list[str] = []
    asked_for = 0
    failure: NetwrapError | None = None
    ends = Ends() if asked.parser in OF_LINKS else None
    table = _table.Growing(asked.parser or "", options.columns, options, ends, whole=not many)
    for host, answer in told:
        asked_for += answer.asked_for
        failure = failure or answer.failure
        several = many or len(hosts) > 1
        lacking += [f"{host.name}: {title}" if several else title for title in answer.lacking]
        records = [{"host": host.name, **record} if several or host.of_several else record for record in answer.records]
        if ends is not None:
            ends.add(records, answer.ends)
        table.add(records)
    called = commands.module(asked.parser or "").CALLED
    shown = ", ".join(lacking[:5]) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
    device = failure if isinstance(failure, offline.NoDevice) else None
    if len(lacking) == asked_for and failure is not None:
        if device is not None and (hosts[0].live or asked_for > 1):
            raise NetwrapError(f'Device "{device.device}" does not exist in {shown}{device.near}')
        if hosts[0].live:
            said = [netns.failed[asked.parser] for netns in hosts[0].namespaces if asked.parser in netns.failed]
            why = [*hosts[0].problems, *hosts[0].notes, *said][:1]
            raise offline.NotCaptured("; ".join([f"no {called} of {', '.join(lacking[:5])} could be read", *why]))
        raise failure if asked_for < 2 else offline.NotCaptured(f"not in this capture: {called}")
    table.end()
    sys.stdout.flush()
    if device is not None:
        say(f"no {device.device} in {shown}")
    elif lacking:
        say(f"no {called} of {shown} could be read" if hosts[0].live else f"not in this capture: {called} of {shown}")
    for line in dict.fromkeys(line for host in hosts for line in (*(host.notes if host.live else ()), *host.all_problems)):
        if not line.endswith("the rest was not captured"):  # the command asked for no more
            say(line)
    _source.not_understood(hosts, options.verbose)
    return 1 if any(host.all_problems for host in hosts) or lacking and (hosts[0].live or device is not None) else 0


class Ends:
    """The other ends of links of a model."""

    def __init__(self) -> None:
        self._ends: dict[int, tuple[Record, str | None, Link | None]] = {}

    def add(self, records: Sequence[Record], ends: Sequence[tuple[str | None, Link | None]]) -> None:
        """Remember the end of each record; the record is kept, so that no other one gets its identity."""
        self._ends.update((id(record), (record, *end)) for record, end in zip(records, ends))

    def record(self, record: Record) -> Link | None:
        """The link at the other end; None where it is not known."""
        found = self._ends.get(id(record))
        return found[2] if found is not None else None

    def name(self, record: Record) -> str | None:
        """The name of the link at the other end; None where it is not known."""
        found = self._ends.get(id(record))
        return found[1] if found is not None else None


def _places(host: Host, asked: Command, options: Places) -> list[Namespace]:
    """The namespaces asked for, else the one that the command names, else the root's. Raises UsageError."""
    if options.netns:
        return host.choose(options.netns)
    if options.named_netns:
        return [netns for netns in host.namespaces if netns.here or netns.names]
    if options.all_netns:
        return list(host.namespaces)
    return [offline.place(host, asked.netns)]
