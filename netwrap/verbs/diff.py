"""What changed since a capture was made, or between two captures; or what differs between two namespaces.

BEFORE and AFTER are captures (or folders, sos reports, pasted sessions); without AFTER this host, as it is now. Two names of
namespaces compare these, of this host or of --from PATH. Counters, timers and what follows from another change are left out,
and so is what tells only one making of a network from another (ifindex, MAC, fe80::). Without a difference nothing is printed.
"""

from __future__ import annotations

import os
import sys
from functools import partial

from netwrap.errors import UsageError
from netwrap.wording import printable

from . import _source, _table, say
from ._options import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from netwrap.answers.diff import Difference
    from netwrap.model.host import Host

    from ._options import Options


def run(options: Options) -> int:
    """Print the differences; 0 where there is none, 1 where there are some, or something could not be read."""
    from netwrap.answers import diff

    _table.check(options)
    _check_options(options)
    many = _many(options)
    if many:
        return _of_many(many, options)
    hosts, found = _compared(options)
    if _is_table(options):
        if found.rows or options.format is not None or options.count:
            _table.show("diff", found.rows, options)
    else:
        for line in diff.lines(found):
            sys.stdout.write(printable(line) + "\n")
    sys.stdout.flush()
    for note in found.notes:
        say(note)
    status = _source.remarks(hosts, lacks=False, verbose=options.verbose)
    return 1 if found.rows else status


def _check_options(options: Options) -> None:
    """Raise UsageError for an option that could do nothing."""
    if "--exit-status" in options.typed:
        raise UsageError("--exit-status makes no sense for diff: its status tells whether there is a difference")
    if len(options.words) == 2 and any(map(_is_source, options.words)):
        names = ("--via", "--via-file", "--show-commands", "--dry-run", "--at", "--watch")
        refuse(options, names, "for two sources: nothing is run, and both are as they are")
    if not _is_table(options):
        refuse(options, ("--wide", "--color", "--no-pager", "--raw"), "for lines; --format simple prints a table")


def _is_table(options: Options) -> bool:
    """Whether the options ask for a table; otherwise the differences are lines."""
    return options.format is not None or options.selects() or options.count or options.no_header


def _many(options: Options) -> list[tuple[str | None, str | None]]:
    """The captures of two folders, paired; none where something else is compared."""
    if options.source or len(options.words) < 2 or not all(map(_is_source, options.words)):
        return []
    from netwrap.sources import opening

    sides = [(word, opening.captures_in(word)) for word in options.words]
    if not all(captures for _, captures in sides):
        return []
    from netwrap.sources import fleet

    return fleet.matched(*([(os.path.relpath(path, word), path) for path in captures] for word, captures in sides))


def _of_many(pairs: Sequence[tuple[str | None, str | None]], options: Options) -> int:
    """Compare pairs of captures, and print what differs host by host; the exit status as of :func:`run`."""
    from netwrap.answers import diff
    from netwrap.sources import fleet
    from netwrap.tables import view

    columns = ["host", "netns", *view.all_columns("diff")]
    table = _table.Growing("diff", columns, options) if _is_table(options) else None
    compare = partial(diff.hosts_of_one, netns=tuple(options.netns), tables=tuple(options.table), identity=options.identity,
                      everything=options.all)  # fmt: skip
    hidden: dict[str, int] = {}
    said: list[str] = []
    failures: list[str] = []
    differ = False
    names = fleet.Names()
    with _source.Bar("hosts") as bar:
        for one in fleet.compared(pairs, compare, bar.show):
            failures += [*one.failures, *(f"{host.source}: {problem}" for host in one.hosts for problem in host.problems)]
            if one.found is None:
                continue
            hidden = {why: hidden.get(why, 0) + one.found.hidden.get(why, 0) for why in {**hidden, **one.found.hidden}}
            host = one.hosts[-1]
            name = names.of(host.name, host.source)  # several may call themselves alike
            rows = [{**row, "host": name} if row["host"] == host.name else row for row in one.found.rows]
            said += [name + note[len(host.name) :] if note.startswith(f"{host.name}: ") else note for note in one.found.notes]
            differ = differ or bool(rows)
            bar.wipe()
            if table is not None:
                table.add(rows)
            else:
                for line in diff.row_lines(rows, several=True):
                    sys.stdout.write(printable(line) + "\n")
                sys.stdout.flush()
    if table is not None and (differ or options.format is not None):
        table.end()
    elif table is None:
        for line in diff.hidden_lines(hidden, differ):
            sys.stdout.write(line + "\n")
    sys.stdout.flush()
    for line in [*said, *failures]:
        say(line)
    return 1 if differ or failures else 0


def _compared(options: Options) -> tuple[list[Host], Difference]:
    from netwrap.answers import diff

    one, other = options.words[0], options.words[1] if len(options.words) > 1 else None
    if options.source or (other is not None and not _is_source(one) and not _is_source(other)):
        if other is None:
            raise UsageError("with --from, diff takes two namespaces of it; two captures are compared by diff BEFORE AFTER alone")
        if options.netns or options.identity:
            raise UsageError("two namespaces are compared as they are: --netns and --identity are for two captures")
        host = _source.host(options)
        if not options.source:
            for word in (one, other):
                _check_namespace(host, word)
        return [host], diff.between(host, one, other, tables=options.table, everything=options.all)
    before = _source.read(one, options.at)
    after = _source.read(other) if other is not None else _source.hosts(options)
    found = diff.hosts(
        before, after, netns=options.netns, tables=options.table, identity=options.identity, everything=options.all
    )
    return [*before, *after], found


def _check_namespace(host: Host, word: str) -> None:
    """Raise UsageError for a word that is neither a namespace nor a file."""
    try:
        host.find(word)
    except UsageError as error:
        raise UsageError(f"there is no file {word!r}, and {error}") from None


def _is_source(word: str) -> bool:
    return word == "-" or os.path.exists(word)
