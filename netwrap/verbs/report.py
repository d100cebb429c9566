"""The network namespaces of this host, or of a capture, in one table; with NAME all about that namespace.

Without root, only the files that everybody may read are shown.
"""

from __future__ import annotations

import sys
from functools import partial

from netwrap import wording
from netwrap.answers import overview
from netwrap.errors import UsageError
from netwrap.tables import render as tabular
from parsers.tuples import NamedTuple

from . import _source, _table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from netwrap.model.host import Host
    from netwrap.model.namespace import Namespace
    from netwrap.tables.selection import Row
    from parsers.records import Record

    from ._options import Options


class Place(NamedTuple):
    """A namespace to report, and the name of its host where there are several."""

    host: Host
    netns: Namespace
    name: str = ""


# The tables of a report of one namespace: title, table, and key of the record that `overview.details` makes.
_SECTIONS = (
    ("links", "report_link", "links"), ("routes", "ip_route", "routes"), ("neighbours", "ip_neigh", "neighbours"),
    ("rules", "ip_rule", "rules"), ("IPv6 rules", "ip_rule", "rules6"), ("listeners", "report_listener", "listeners"),
    ("firewall", "report_firewall", "firewall"),
)  # fmt: skip


def run(options: Options) -> int:
    """Print the overview, or all tables of some namespaces; 1 where something could not be read."""
    if options.words and options.netns:
        raise UsageError("report takes the namespaces as NAME, or by --netns, not both")
    if "?" in options.columns:
        _table.list_columns(["report"] if not options.words else list(dict.fromkeys(table for _, table, _ in _SECTIONS)))
        return 0
    if options.words:
        _table.check_sections([table for _, table, _ in _SECTIONS], options)
    if not options.words:
        asked = _source.Asked(options, partial(_rows, netns=options.netns, wanted=_table.asked(options)))
        if asked.are_too_many:
            return _of_many(asked, options)
    hosts = _source.hosts(options)
    if not options.words:
        chosen = [
            (host, netns)
            for host in hosts
            for netns in (_chosen(hosts, host, options.netns) if options.netns else host.namespaces)
        ]
        wanted = _table.asked(options)
        records = [
            _source.with_host(hosts, host, {**overview.row(host, netns), **overview.more(netns, wanted)})
            for host, netns in chosen
        ]
        if any(record["processes"] is not None for record in records) and not tabular.is_records(
            options.format or tabular.DEFAULT
        ):
            for record in records:  # those of others are for root
                record["processes"] = "?" if record["processes"] is None else record["processes"]
        _table.show("report", records, options)
        _print_findings(hosts, chosen, options)
        sys.stdout.flush()
        return _source.remarks(hosts, verbose=options.verbose)
    places = [
        Place(host, netns, host.name if len(hosts) > 1 else "") for name in options.words for host, netns in _named(hosts, name)
    ]
    form = options.format or tabular.DEFAULT
    if options.count:
        found: Iterable[str] = [str(sum(len(rows) for place in places for _, rows, _ in _tables(place, options)))]
    elif tabular.is_records(form):
        found = tabular.records([_record(place, options) for place in places], form, options.pretty)
    elif form in ("csv", "tsv"):
        found = _joined(places, options)
    else:
        found = texts(places, options)
    _table.write(found, options)
    _print_findings(hosts, [(place.host, place.netns) for place in places], options)
    sys.stdout.flush()
    return _source.remarks(hosts, lacks=False, verbose=options.verbose)


def _rows(host: Host, several: bool, netns: Sequence[str], wanted: Sequence[str]) -> list[Record] | UsageError:
    """The rows of a host; the error, where it has none of the namespaces."""
    try:
        places = host.choose(netns) if netns else host.namespaces
    except UsageError as error:
        return error
    return [{**overview.row(host, one), **overview.more(one, wanted)} for one in places]


def _of_many(asked: _source.Asked, options: Options) -> int:
    """Print the overview of many captures, of which no more are in memory than are being read; without the findings."""
    from netwrap.tables import view

    missing: UsageError | None = None
    table = _table.Growing("report", ["host", "netns", *view.all_columns("report")], options)
    found = False
    for host, rows in asked:
        if isinstance(rows, UsageError):
            missing = missing or rows
        else:
            found = True
            table.add([{"host": host.name, **row} for row in rows])
    if not found and missing is not None:
        raise missing
    table.end()
    return _source.remarks(asked.hosts, verbose=options.verbose)


def _print_findings(hosts: Sequence[Host], chosen: Sequence[tuple[Host, Namespace]], options: Options) -> None:
    """Print how many errors and warnings there are, and the command that shows them; nothing where rows are chosen."""
    plain = options.format is None and not (options.selects() or options.count or options.exit_status or options.no_header)
    if not plain:
        return
    from netwrap.answers import check  # as many modules as all the rest: not for who gets no line

    rooms = {(host.name, netns.title) for host, netns in chosen}
    found = [one for one in check.check(list(hosts), level="warning", quotes=False) if (one.host, one.netns) in rooms]
    if found:
        words = ["netwrap", "check", *options.words]
        for option, values in (("--from", options.source), ("--via", options.via)):
            words += [word for value in values for word in (option, value)]
        words += ["--via-file", options.via_file] if options.via_file is not None else []
        sys.stdout.write(f"\n{check.counted(found)}: {wording.pasteable(words)}\n")


def _named(hosts: Sequence[Host], name: str) -> list[tuple[Host, Namespace]]:
    """The namespaces with a name, on every host; for the name of a host, all of its namespaces. Raises UsageError."""
    found: list[tuple[Host, Namespace]] = []
    error: UsageError | None = None
    for host in hosts:
        if len(hosts) > 1 and name == host.name:
            return [(host, netns) for netns in host.namespaces]
        try:
            found += [(host, netns) for netns in host.choose([name])]
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


# -- one namespace -------------------------------------------------------------------------------------------------


def _tables(place: Place, options: Options) -> Iterator[tuple[str, list[Row], list[str]]]:
    """The tables of a namespace as far as the options choose them: title, rows, columns."""
    record = overview.details(place.host, place.netns)
    for title, table, key in _SECTIONS:
        narrowed = _table.narrowed(table, options)
        if narrowed is not None and record[key]:
            yield (title, *_table.selected(table, record[key], narrowed, _Ends(place.host, place.netns)))


class _Ends:
    """The other ends of the rows of a table of links."""

    def __init__(self, host: Host, netns: Namespace) -> None:
        self._host, self._netns = host, netns
        self._links: dict[tuple[int, str], Record] = {}

    def record(self, record: Record) -> Record | None:
        """The row of the other end; None where it is not known."""
        link = self._netns.link(record.get("ifname", ""))
        found = self._host.peer(self._netns, link) if link is not None else None
        if found is None or found.link is None or found.netns is None:
            return None
        if not self._links:
            every = ((it, link) for it in self._host.namespaces for link in overview.links(self._host, it))
            self._links = {(id(it), link["ifname"]): link for it, link in every}
        return self._links.get((id(found.netns), found.link["ifname"]))

    def name(self, record: Record) -> str | None:
        """The name of the other end, which the table has already."""
        return record.get("peer")


def _record(place: Place, options: Options) -> Record:
    """All about a namespace as one object, with the rows of its tables that the options choose."""
    record = overview.details(place.host, place.netns)
    for _, table, key in _SECTIONS:
        narrowed = _table.narrowed(table, options)
        if narrowed is None:
            del record[key]
        elif record[key]:
            record[key] = _table.chosen(table, record[key], narrowed, _Ends(place.host, place.netns))
    if options.columns:
        keys = [key for _, _, key in _SECTIONS]
        record = {name: value for name, value in record.items() if name == "netns" or name in keys}
    return {"host": place.name, **record} if place.name else record


def _joined(places: Sequence[Place], options: Options) -> Iterator[str]:
    """All tables as one, each row with its namespace and the title of its table."""
    found = [(place, *table) for place in places for table in _tables(place, options)]
    front = ["host"] if any(place.name for place in places) else []
    front += ["netns", "section"]
    columns = [name for name in dict.fromkeys(name for _, _, _, names in found for name in names) if name not in front]
    cells = [
        [*([place.name] if "host" in front else []), place.netns.title, section,
         *(row.get(name) if name in names else None for name in columns)]
        for place, section, rows, names in found for row in rows
    ]  # fmt: skip
    yield tabular.table([*front, *columns], cells, options.format or "csv", header=not options.no_header)


def texts(places: Sequence[Place], options: Options) -> Iterator[str]:
    """All about namespaces, as lines: a heading, and the rows of its tables that the options choose."""
    for position, place in enumerate(places):
        host, netns = place.host, place.netns
        if position:
            yield ""
        yield wording.printable((f"{place.name}, " if place.name else "") + _heading(host, netns))
        record = overview.details(host, netns)
        for title, table, key in _SECTIONS:
            narrowed = _table.narrowed(table, options)
            if narrowed is None:
                continue
            yield ""
            if not record[key]:
                missing = "not known" if host.live else "not in this capture"
                yield f"{title}: {'none' if record[key] is not None else missing}"
                continue
            rows, columns = _table.selected(table, record[key], narrowed, _Ends(host, netns))
            yield f"{title}:" if rows else f"{title}: 0 of {len(record[key])}"
            if rows:
                yield from _table.drawn(table, rows, columns, narrowed)
        if record["forwarding"] and not options.selects():
            shown = ", ".join(f"{family} {'on' if on else 'off'}" for family, on in sorted(record["forwarding"].items()))
            yield f"\nforwarding: {shown}"
        if record["not_judged"] and not options.selects():
            yield "\nrules that are not judged:"
            yield from (
                " ".join(filter(None, (row["tool"], row["dev"], f"{row['hook']}:", row["text"]))) for row in record["not_judged"]
            )
        if record["switches"] and not options.selects():
            yield "\nswitches that are not as the kernel has them:"
            yield from (f"{name} = {value}" for name, value in record["switches"].items())


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
