"""Many captures as flat rows: read in parallel processes, and kept in an index so that none is read twice.

A :class:`Store` is a SQLite database with the tables of :mod:`netwrap.answers.schema`, in memory or, for a folder of captures, in
the file ``FOLDER.netwrap-index`` beside it. The index is keyed by content: a capture of the same size that has not been changed
since is not opened, one that was changed to the same content is not parsed. Only rows stand in it, so that it may be removed at
any time; another release of netwrap, which may read or check otherwise, makes it anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from .. import __version__
from ..answers import find, flat, schema
from ..errors import NetwrapError
from . import opening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, TypeVar

    from ..answers.checks.between import Fact
    from ..model.host import Host
    from .capture import Progress

    Rows = list[tuple[str, dict[str, Any]]]
    S = TypeVar("S")
    T = TypeVar("T")

#: From this many sources on they are read by several processes.
_MANY = 8
#: So many rows are put into a store at once.
_PART = 20_000


class Skim(NamedTuple):
    """A capture without its tables: the words of it that may be addresses, and what is said of it where it is not read."""

    words: str
    hostname: str
    notes: list[str]
    problems: list[str]

    def host(self, path: str) -> Host:
        """The host that :func:`netwrap.sources.opening.skimmed` returns for the capture."""
        from ..model.host import Host

        found = Host([], self.notes, self.problems)
        found.hostname, found.source, found.name = self.hostname or None, path, self.hostname
        return found.without_tables()


class Read(NamedTuple):
    """The rows of one source, the problems met in reading it, and for an index what `find` needs of a capture."""

    path: str
    rows: Rows
    problems: list[str]
    facts: list[tuple[str, Fact]]
    skim: Skim | None = None


def of_hosts(hosts: Iterable[Host], tables: Sequence[str] | None) -> tuple[Rows, list[tuple[str, Fact]]]:
    """The rows of hosts, of these tables (None: of all but ``finding``), and for ``finding`` what counts among several hosts."""
    found: Rows = []
    facts: list[tuple[str, Fact]] = []
    checked = tables is not None and "finding" in tables
    if checked:
        from ..answers import check  # a third of a short query's time, and few ask for it
    for host in hosts:
        found += flat.rows(host, tables)
        if checked:
            name = host.name = host.name or host.hostname or host.source
            told = check.alone(host, (), (), (), facts=True)
            check.place(told, host.source)
            found += flat.findings(told.found, host.source)
            facts += [(name, fact) for fact in told.facts]
    return found, facts


def told(host: Host, several: bool, tables: Sequence[str] | None) -> tuple[Rows, list[tuple[str, Fact]]]:
    """The same for one host, as :func:`answers` asks it."""
    return of_hosts([host], tables)


def skim(path: str) -> Skim | None:
    """What :class:`Skim` keeps of a capture; None for any other source. Raises NetwrapError."""
    kept: list[str] = []

    def keep(text: str) -> bool:
        kept.append(find.gist(text))
        return True

    host = opening.skimmed(path, keep)
    return Skim(kept[0], host.hostname or "", host.notes, host.problems) if host is not None else None


def read(path: str, tables: Sequence[str] | None, skimming: bool = False) -> Read:
    """The rows of one source; ``skimming``: and what an index keeps for `find`.

    Nothing is raised for a source that cannot be read: it has no rows, and a problem.
    """
    try:
        hosts = opening.hosts([path])
        problems = [f"{path}: {problem}" for host in hosts for problem in host.problems]
        rows, facts = of_hosts(hosts, tables)
        return Read(path, rows, problems, facts, skim(path) if skimming else None)
    except NetwrapError as error:
        said = str(error)
        return Read(path, [], [said if path in said else f"{path}: {said}"], [])


class Across:
    """The findings that only several hosts together show, as rows: add the facts of each, and ask in the end."""

    def __init__(self) -> None:
        from ..answers import check
        from ..answers.checks import between

        self._between = between.Between(check.catalogue())
        self.states = self._between.states
        self._sources: dict[str, str] = {}

    def add(self, host: str, source: str, facts: Iterable[Fact]) -> None:
        """Add the facts of a host, by the name that no other host has."""
        self._sources[host] = source
        self._between.add(host, facts)

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The rows of the table ``finding``."""
        for one in self._between.findings():
            yield from flat.findings([one], self._sources[one.host], across=True)


def reads(
    paths: Sequence[str], tables: Sequence[str] | None, progress: Progress | None = None, skimming: bool = False
) -> Iterator[Read]:  # fmt: skip
    """The rows of each source, in order; ``skimming`` as for :func:`read`."""
    return each(partial(read, tables=tables, skimming=skimming), paths, progress)


class Answers(NamedTuple):
    """The answers of one source: each of its hosts, without tables, with its answer; and the problems met in reading it."""

    path: str
    hosts: list[tuple[Host, Any]]
    failure: str = ""


def answers(
    paths: Sequence[str], ask: Callable[[Host, bool], Any], *, at: int | None = None,
    skip: Callable[[str], bool] | None = None, index: Store | None = None, progress: Progress | None = None,
) -> Iterator[Answers]:  # fmt: skip
    """Ask each host of many sources, in order. No more of them are in memory than are being read.

    ``ask``: a function of a module, or a partial of one, which takes a host and whether its source tells of several; it runs in
    the process that read the source. ``skip``: whether a capture of this text need not be read, as nothing that is asked for can
    be in it: its answer is None. ``index``: that of the folder, where it has one: a capture that has not changed since is not
    even opened to be skipped; it is closed here. ``at`` as in :func:`netwrap.sources.opening.hosts`.
    """
    skipped = _skipped(paths, skip, index) if index is not None and skip is not None else {}
    left = [path for path in paths if path not in skipped]
    asked = each(partial(_answers, ask=ask, at=at, skip=skip), left, progress)
    for path in paths:
        yield Answers(path, [(skipped[path], None)]) if path in skipped else next(asked)


def _skipped(paths: Sequence[str], skip: Callable[[str], bool], index: Store) -> dict[str, Host]:
    """The hosts of the captures that an index shows to have nothing of what is asked for; none where it cannot be read."""
    import sqlite3
    import zlib

    try:
        return {path: told.host(path) for path, told in index.skims(paths) if skip(told.words)}
    except (sqlite3.Error, zlib.error, ValueError, TypeError):
        return {}
    finally:
        index.connection.close()


def _answers(path: str, ask: Callable[[Host, bool], Any], at: int | None, skip: Callable[[str], bool] | None) -> Answers:
    try:
        skimmed = opening.skimmed(path, skip) if skip is not None else None
        if skimmed is not None:
            return Answers(path, [(skimmed.without_tables(), None)])
        hosts = opening.hosts([path], at)
    except NetwrapError as error:
        said = str(error)
        return Answers(path, [], said if path in said else f"{path}: {said}")
    return Answers(path, [(host.without_tables(), ask(host, len(hosts) > 1)) for host in hosts])


def matched(before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]) -> list[tuple[str | None, str | None]]:
    """Pairs of captures of two folders: those that are called alike but for their endings, of the others those of one hostname.

    Each is given as (path in its folder, path). The captures of one side only come last.
    """
    there: dict[str, list[str]] = {}
    for name, path in after:
        there.setdefault(_without_ending(name), []).append(path)
    pairs: list[tuple[str, str | None]] = []
    for name, path in before:
        alike = there.get(_without_ending(name))
        pairs.append((path, alike.pop(0) if alike else None))
    gone = [path for path, other in pairs if other is None]
    new = [path for paths in there.values() for path in paths]
    by_name: dict[str, str] = {}
    if gone and new:
        by_name = {name: path for path, name in zip(new, each(_hostname, new)) if name}
        renamed = {path: by_name.pop(name, None) for path, name in zip(gone, each(_hostname, gone)) if name}
        pairs = [(path, other or renamed.get(path)) for path, other in pairs]
    told = {other for _, other in pairs}
    return [*sorted(pairs, key=lambda pair: pair[1] is None), *((None, path) for path in new if path not in told)]


def _hostname(path: str) -> str:
    """The hostname in a capture; "" where it cannot be read: that is said where it is compared."""
    try:
        host = opening.skimmed(path, lambda text: True)
    except NetwrapError:
        return ""
    return host.name if host is not None else ""


def _stem(path: str) -> str:
    return _without_ending(os.path.basename(path.rstrip("/")))


def _without_ending(name: str) -> str:
    return re.sub(r"(\.netwrap|\.txt)?(\.gz)?$", "", name)


class Compared(NamedTuple):
    """Two captures of one host, compared: the hosts without their tables; without a difference where one was not read."""

    hosts: list[Host]
    found: Any
    failures: list[str]


def compared(
    pairs: Sequence[tuple[str | None, str | None]], compare: Callable[[list[Host], list[Host]], Any],
    progress: Progress | None = None,
) -> Iterator[Compared]:  # fmt: skip
    """Compare the captures of each pair, in order, as :func:`answers` asks hosts. ``compare``: takes the hosts of each side."""
    return each(partial(_compared, compare=compare), pairs, progress)


def _compared(pair: tuple[str | None, str | None], compare: Callable[[list[Host], list[Host]], Any]) -> Compared:
    sides: list[list[Host]] = []
    failures: list[str] = []
    for path in pair:
        try:
            sides.append(opening.hosts([path]) if path is not None else [])
        except NetwrapError as error:
            failures.append(str(error) if str(path) in str(error) else f"{path}: {error}")
    hosts = [host for side in sides for host in side]
    for host in hosts:
        host.name = host.name or _stem(host.source)
    found = compare(sides[0], sides[1]) if not failures else None
    return Compared([host.without_tables() for host in hosts], found, failures)


def each(work: Callable[[S], T], items: Sequence[S], progress: Progress | None = None) -> Iterator[T]:
    """The results of a function for each item, in order; for many items it runs in one process a core, few ahead of the reader.

    ``work`` must be a function of a module, or a partial of one. Its exceptions are raised here.
    """
    if len(items) < _MANY:
        yield from map(work, items)
        return
    from collections import deque
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    workers = len(os.sched_getaffinity(0))
    pool = ProcessPoolExecutor(workers, initializer=_quiet)
    pending: deque[Any] = deque()
    left = iter(items)
    try:
        for done in range(1, len(items) + 1):
            while len(pending) < 4 * workers and (following := next(left, None)) is not None:
                pending.append(pool.submit(work, following))
            yield pending.popleft().result()
            if progress is not None:
                progress(done, len(items))
    except BrokenProcessPool:
        raise NetwrapError("a process that read captures was killed: is there enough memory?") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _quiet() -> None:
    """Let Ctrl-C end a process that reads without a message: its parent prints one."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Names:
    """Names of hosts: each source's host keeps its own unless another source's host has it."""

    def __init__(self, taken: dict[str, str] | None = None) -> None:
        self._taken = taken or {}

    def of(self, name: str, source: str) -> str:
        """The name for a host of a source that calls itself ``name`` ("" where it has no name of its own)."""
        place = os.path.basename(source.rstrip("/")) or source
        for choice in (name, f"{name} ({place})") if name else (place,):
            if self._taken.setdefault(choice, source) == source:
                return choice
        return f"{name} ({source})" if name else source


class Store:
    """A SQLite database of flat rows; ``path`` of its file, or in memory."""

    def __init__(self, path: str = ":memory:") -> None:
        import sqlite3  # a router's Python may lack it, and reads captures all the same

        self.connection = sqlite3.connect(path)
        try:
            self.connection.execute("PRAGMA trusted_schema=OFF")
            for statement in _schema():
                self.connection.execute(statement)
        except sqlite3.Error:
            self.connection.close()
            raise
        self._names = Names()
        self._inserts = {
            name: f"INSERT INTO {name} VALUES ({', '.join('?' * (len(schema.FRONT) + len(table.columns)))})"
            for name, table in schema.TABLES.items()
        }

    def add(self, found: Read) -> None:
        """Add the rows of a source; a host gets a name that no other source's host has."""
        by_table: dict[str, list[list[Any]]] = {}
        for table, row in found.rows:
            row["_host"] = self._names.of(str(row["_host"]), found.path)
            by_table.setdefault(table, []).append(list(row.values()))
        for table, rows in by_table.items():
            self.connection.executemany(self._inserts[table], rows)
        facts = [(found.path, self._names.of(host, found.path), json.dumps([type(fact).__name__, *fact]))
                 for host, fact in found.facts]  # fmt: skip
        self.connection.executemany("INSERT INTO _fact VALUES (?, ?, ?)", facts)

    def compare(self) -> None:
        """Bring the findings that several hosts together show to what the facts are now."""
        from ..answers.checks import between

        kinds: dict[str, Callable[..., Fact]] = {
            kind.__name__: kind for kind in (between.Machine, between.Address, between.Tunnel, between.Owner, between.Neighbour)
        }
        across = Across()
        for path, host, text in self.connection.execute("SELECT path, host, fact FROM _fact ORDER BY rowid"):
            kind, *values = json.loads(text)
            across.add(host, path, [kinds[kind](*values)])
        self.connection.execute("DELETE FROM finding WHERE across")
        self.put(across.rows())

    def put(self, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Add rows as they are, a part at a time."""
        while part := list(islice(rows := iter(rows), _PART)):
            by_table: dict[str, list[list[Any]]] = {}
            for table, row in part:
                by_table.setdefault(table, []).append(list(row.values()))
            for table, values in by_table.items():
                self.connection.executemany(self._inserts[table], values)

    def rows(self, tables: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """All rows of tables, booleans as such."""
        for name in tables:
            truths = [column.name for column in schema.TABLES[name].columns if column.type in ("bool", "flag")]
            cursor = self.connection.execute(f"SELECT * FROM {name}")
            names = [entry[0] for entry in cursor.description]
            for values in cursor:
                row = dict(zip(names, values))
                for truth in truths:
                    row[truth] = None if row[truth] is None else bool(row[truth])
                yield name, row

    # -- the index ---------------------------------------------------------------------------------------------------

    def refresh(self, paths: Sequence[str], findings: bool, progress: Progress | None = None) -> list[str]:
        """Update an index: read captures that are new or have changed, remove the rows of those that are gone.

        Returns the problems of all captures. Raises NetwrapError where another process keeps the index, or it is damaged.
        """
        import sqlite3

        try:
            return self._refresh(paths, findings, progress)
        except sqlite3.Error as error:
            raise NetwrapError(f"the index of the folder: {error}: wait for the netwrap that uses it, or remove it") from None

    def _refresh(self, paths: Sequence[str], findings: bool, progress: Progress | None) -> list[str]:
        with self.connection:
            known = {row[0]: row[1:] for row in self.connection.execute("SELECT path, size, time, hash, findings FROM _index")}
            for gone in known.keys() - set(paths):
                self._forget(gone)
            stale: dict[str, tuple[int, int, str]] = {}  # as they are before they are read: they may change meanwhile
            for path in paths:
                state = _state(path)
                size, time, hash, had = known.get(path, (None, None, None, 0))
                if had >= findings and (size, time) == state:
                    continue
                stale[path] = (*state, _hash(path))
                if had >= findings and stale[path][2] == hash:
                    self.connection.execute("UPDATE _index SET size=?, time=? WHERE path=?", (*state, path))
                    del stale[path]
            for path in stale:
                self._forget(path)
            self._names = Names(dict(self.connection.execute("SELECT DISTINCT _host, _source FROM host")))
            for found in reads([*stale], [*schema.TABLES] if findings else None, progress, skimming=True):
                self.add(found)
                if found.skim is not None:
                    import zlib

                    words, *others = found.skim
                    packed = zlib.compress(words.encode("utf-8", "surrogateescape"), 3)
                    self.connection.execute("INSERT INTO _skim VALUES (?, ?, ?)", (found.path, packed, json.dumps(others)))
                entry = (found.path, *stale[found.path], findings, json.dumps(found.problems))
                self.connection.execute("INSERT INTO _index VALUES (?, ?, ?, ?, ?, ?)", entry)
            if findings and (stale or known.keys() - set(paths)):
                self.compare()
        lists = [json.loads(row[0]) for row in self.connection.execute("SELECT problems FROM _index ORDER BY path")]
        return [problem for problems in lists for problem in problems]

    def skims(self, paths: Sequence[str]) -> Iterator[tuple[str, Skim]]:
        """What an index keeps for `find` of those captures that have not changed since, in no order."""
        import zlib

        wanted = set(paths)
        query = "SELECT path, size, time, words, said FROM _index JOIN _skim USING (path)"
        for path, size, time, words, said in self.connection.execute(query):
            if path in wanted and _state(path) == (size, time):
                yield path, Skim(zlib.decompress(words).decode("utf-8", "surrogateescape"), *json.loads(said))

    def _forget(self, path: str) -> None:
        for name in schema.TABLES:
            self.connection.execute(f"DELETE FROM {name} WHERE _source=?", (path,))
        for name in ("_fact", "_skim", "_index"):
            self.connection.execute(f"DELETE FROM {name} WHERE path=?", (path,))


def indexed(sources: Sequence[str], paths: Sequence[str], new: bool = True) -> Store | None:
    """The store of a folder of captures, in the file beside the folder; None where that file cannot be written.

    ``paths``: what the sources stand for (:func:`netwrap.sources.opening.expanded`); only one folder of captures has an index.
    ``new``: whether to make an index where there is none yet. A file of that name that is no index is left alone; an index of
    another version is made anew.
    """
    import sqlite3

    if len(sources) != 1 or not os.path.isdir(sources[0]) or list(paths) == list(sources):
        return None
    path = os.path.realpath(sources[0]) + ".netwrap-index"
    if not new and not os.path.lexists(path):
        return None
    with contextlib.suppress(FileNotFoundError):
        if os.lstat(path).st_uid != os.geteuid() or not os.path.isfile(path) or os.path.islink(path):
            return None
        if not _is_ours(path):
            os.unlink(path)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        return Store(path)
    except (OSError, sqlite3.Error):
        return None


def _is_ours(path: str) -> bool:
    import sqlite3

    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA trusted_schema=OFF")
            found = [row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
    except sqlite3.Error:
        return False
    return not found or sorted(found) == sorted(_schema_as_kept())


def _schema() -> list[str]:
    return [re.sub("^CREATE ([A-Z]+)", r"CREATE \1 IF NOT EXISTS", sql) for sql in _schema_as_kept()]


def _schema_as_kept() -> list[str]:
    """The statements that create a store, as SQLite keeps them."""
    found = []
    for name, table in schema.TABLES.items():
        found.append(f"CREATE TABLE {name} ({schema.declared(table)})")
        found.append(f"CREATE INDEX _{name}_source ON {name} (_source)")
    found += ["CREATE TABLE _fact (path TEXT, host TEXT, fact TEXT)", "CREATE INDEX _fact_path ON _fact (path)"]
    found += ["CREATE TABLE _skim (path TEXT, words BLOB, said TEXT)", "CREATE INDEX _skim_path ON _skim (path)"]
    found.append(f"CREATE TABLE _index (path TEXT, size INTEGER, time INTEGER, hash TEXT, findings INTEGER, problems TEXT"
                 f" /* schema {schema.VERSION}, netwrap {__version__} */)")  # fmt: skip
    return found


def _state(path: str) -> tuple[int, int]:
    """The size of a file, and when it last changed (its ctime: whoever writes a file may keep its mtime); (-1, -1) for none."""
    try:
        found = os.stat(path)
    except OSError:
        return (-1, -1)
    return (found.st_size, found.st_ctime_ns)


def _hash(path: str) -> str:
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError:
        return ""
    return digest.hexdigest()
