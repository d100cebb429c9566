"""The network namespaces of this host, or of a capture, in one table; with NAME all about that namespace.

Without root only what everybody may read is shown.
"""

from __future__ import annotations

import sys

from netwrap.answers import overview
from netwrap.errors import UsageError
from netwrap.tables import render as tabular

from . import _source, _table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from netwrap.model.host import Host
    from netwrap.model.namespace import Namespace

    from ._options import Options

    Record = dict[str, Any]

#: The width that the overview keeps to where it can.
WIDTH = 80
_LINES = 3


def run(options: Options) -> int:
    """Print the overview, or what there is about some namespaces; 1 where something could not be read."""
    _table.check(options)
    if options.words and options.netns:
        raise UsageError("report takes the namespaces as NAME, or by --netns, not both")
    hosts = _source.hosts(options)
    if not options.words:
        chosen = [
            (host, netns)
            for host in hosts
            for netns in (_chosen(hosts, host, options.netns) if options.netns else host.namespaces)
        ]
        _overview(hosts, chosen, options)
        return _source.remarks(hosts)
    chosen = [(host, netns) for name in options.words for host, netns in _named(hosts, name)]
    if tabular.is_records(options.format or ""):
        records = [_source.with_host(hosts, host, overview.details(host, netns)) for host, netns in chosen]
        for line in tabular.records(records, str(options.format)):
            sys.stdout.write(line + "\n")
    else:
        for position, (host, netns) in enumerate(chosen):
            sys.stdout.write("\n" if position else "")
            for line in _details(host, netns, options, host.name if len(hosts) > 1 else ""):
                sys.stdout.write(line + "\n")
    sys.stdout.flush()
    return _source.remarks(hosts, lacks=False)


def _named(hosts: Sequence[Host], name: str) -> list[tuple[Host, Namespace]]:
    """The namespaces of a name, on every host that has it; of a host's name all of that host. Raises UsageError."""
    found: list[tuple[Host, Namespace]] = []
    error: UsageError | None = None
    for host in hosts:
        if len(hosts) > 1 and name == host.name:
            return [(host, netns) for netns in host.namespaces]
        try:
            found.append((host, host.find(name)))
        except UsageError as missing:
            error = error or missing
    if not found and error is not None:
        raise error
    return found


def _chosen(hosts: Sequence[Host], host: Host, names: Sequence[str]) -> list[Namespace]:
    """The namespaces of a host that were asked for; where there are several hosts, those that this one has."""
    if len(hosts) == 1:
        return host.choose(names)
    return [netns for name in names for other, netns in _named(hosts, name) if other is host]


# -- the overview --------------------------------------------------------------------------------------------------


def _overview(hosts: Sequence[Host], chosen: Sequence[tuple[Host, Namespace]], options: Options) -> None:
    records = [_source.with_host(hosts, host, overview.row(host, netns)) for host, netns in chosen]
    if options.format is not None or options.columns:
        _table.show("report", records, options)
    else:
        for line in _folded(records, options):
            sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _folded(records: Sequence[Record], options: Options) -> Iterator[str]:
    """The table; where it would be too wide, lists stand below each other, the first few of them."""
    rows, columns = _table.selected("report", records, options)
    cells = [[row.get(name) for name in columns] for row in rows]
    header = not options.no_header
    text = tabular.table(columns, cells, header=header, tight=True)
    if max(map(len, text.split("\n"))) > WIDTH:
        cells = [line for row in cells for line in _lines(row)]
        text = tabular.table(columns, cells, header=header, tight=True)
    yield text


def _lines(row: Sequence[Any]) -> Iterator[list[Any]]:
    columns = [_few(cell) if isinstance(cell, list) else [cell] for cell in row]
    for at in range(max(map(len, columns))):
        yield [column[at] if at < len(column) else None for column in columns]


def _few(items: list[Any]) -> list[Any]:
    if len(items) <= _LINES:
        return items or [None]
    return [*items[: _LINES - 1], f"and {len(items) - _LINES + 1} more"]


# -- one namespace -------------------------------------------------------------------------------------------------


def _details(host: Host, netns: Namespace, options: Options, name: str = "") -> Iterator[str]:
    record = overview.details(host, netns)
    yield tabular.printable((f"{name}, " if name else "") + _heading(host, netns))
    for title, view, missing in (("links", "report_link", "links"), ("routes", "ip_route", "routes"),
                                 ("neighbours", "ip_neigh", "neighbours"), ("rules", "ip_rule", "rules"),
                                 ("IPv6 rules", "ip_rule", "rules6"), ("listeners", "report_listener", "listeners"),
                                 ("firewall", "report_firewall", "firewall")):  # fmt: skip
        yield ""
        records = record[missing]
        if not records:
            yield f"{title}: {'none' if records is not None else 'not known' if host.live else 'not in this capture'}"
            continue
        yield f"{title}:"
        yield from _table.lines(view, records, options)
    if record["forwarding"]:
        shown = ", ".join(f"{family} {'on' if on else 'off'}" for family, on in sorted(record["forwarding"].items()))
        yield f"\nforwarding: {shown}"


def _heading(host: Host, netns: Namespace) -> str:
    facts = []
    if netns.inode:
        facts.append(f"net:[{netns.inode}]")
    nsid = None if netns.here else host.nsid(netns)
    if nsid is not None and host.root is not None:
        facts.append(f"nsid {nsid} in {host.root.title}")
    facts += [f"also {name}" for name in (*netns.names, *netns.labels) if name != netns.title]
    if netns.pids is not None:
        listed = ", ".join(f"{pid} {name}" for pid, name in sorted(netns.pids)[:3])
        more = ", ..." if len(netns.pids) > 3 else ""
        count = len(netns.pids)
        facts.append(f"{count} process{'' if count == 1 else 'es'}" + (f" ({listed}{more})" if listed else ""))
    facts += netns.held[:2]
    return netns.title + (f": {', '.join(facts)}" if facts else "")
