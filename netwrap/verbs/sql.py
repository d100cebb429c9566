"""SQL over this host, other hosts, captures by the thousand, or exports: every kind of record is a table.

QUERY is one SELECT, or the name of a ready-made question; without any the questions are listed. Nothing but the tables can be
read, and nothing written. A folder of captures is read once: an index beside it (FOLDER.netwrap-index) holds what was read.
Exports (.jsonl, .jsonl.gz, .parquet, folders and patterns of them) are read by DuckDB where netwrap[fleet] is installed.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import os
import re
import sqlite3
import sys
import threading

from netwrap.answers import schema
from netwrap.answers.questions import QUESTIONS, states
from netwrap.errors import NetwrapError, UsageError, similar
from parsers.tuples import NamedTuple

from . import _source, _table, say
from ._options import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from ._options import Options


class Query(NamedTuple):
    """A query: its SQL, the values of its parameters, and the tables to read; ``compares``: whether it tells hosts apart."""

    sql: str
    given: dict[str, str]
    tables: list[str]
    compares: bool


class Answer(NamedTuple):
    """The columns and rows of an answer, and notes on the hosts that were compared."""

    columns: list[str]
    rows: list[Sequence[Any]]
    notes: list[str]


#: Seconds that a query may take.
TIMEOUT = 60.0
#: Seconds that an engine may take to obey, once the time is up.
GRACE = 5.0
_LATE = "the query was ended: no answer after {:g} seconds"
#: The most rows that an answer may have.
ROWS = 2_000_000
#: The longest text or blob that a query may make.
LENGTH = 64 << 20


def run(options: Options) -> int:
    """Print the rows of a query; 1 where something could not be read. Raises UsageError for an invalid query."""
    if options.tables or not options.words:
        names = ("--from", "--via", "--via-file", "--via-timeout", "--show-commands", "--dry-run")
        refuse(options, names, "without a query: no host is read")
        if options.words:
            raise UsageError("--tables lists the tables, and takes no query")
        return _list(options)
    sql, given = _query(options.words)
    words = {word.lower() for word in re.findall(r"\w+", sql)}
    compares = not words.isdisjoint(("machine", "finding"))
    tables = [name for name in schema.TABLES if name in words or compares and name == "host"]
    answer, problems, asked = _answer(options, Query(sql, given, tables, compares))
    if asked is None:
        refuse(options, ("--verbose",), "over exports or an index, which have nothing but rows")
    _show(answer.columns, answer.rows, options)
    for line in dict.fromkeys([*answer.notes, *problems]):
        say(line)
    status = asked.remarks(options) if asked is not None else 0
    return 1 if problems else status


def _list(options: Options) -> int:
    if options.tables:
        front = [(name, "text") for name in schema.FRONT]
        kinds = {"flag": "bool"}
        rows: list[Sequence[Any]] = [
            (name, column, kind)
            for name, table in schema.TABLES.items()
            for column, kind in [*front, *((it.name, kinds.get(it.type, it.type)) for it in table.columns)]
        ]
        _show(["table", "column", "type"], rows, options)
    else:
        _show(["question", "rows"], [(f"{name} {it.operand}".strip(), it.summary) for name, it in QUESTIONS.items()], options)
    return 0


# What other shells of SQL call a list of the tables, or of the columns of one.
_LISTING = ("show", "describe", "desc", "summarize", "pragma", "tables", ".tables", ".schema", "\\d", "\\dt")


def _query(words: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The SQL that words ask for, and the values of its parameters."""
    name = words[0].strip()
    if not name or name.split()[0].lower() in _LISTING:
        raise UsageError("netwrap sql --tables lists the tables and their columns, netwrap sql the ready-made questions")
    if not re.search(r"\s|;", name):
        found = QUESTIONS.get(name)
        if found is None:
            if name in schema.TABLES:
                raise UsageError(f"{name!r} is a table: netwrap sql 'select * from {name}'")
            raise UsageError(f"there is no question {name!r}{similar(name, QUESTIONS)}; netwrap sql lists them")
        if (len(words) > 1) != bool(found.operand):
            raise UsageError(f"{name} takes {found.operand or 'nothing more'}")
        if not found.operand:
            return found.sql, {}
        try:
            address = ipaddress.ip_address(words[1])
        except ValueError:
            raise UsageError(f"{name} takes an address, not {words[1]!r}") from None
        given = {"what": str(address), "hex": f"{int(address):0{8 if address.version == 4 else 32}x}"}
        return found.sql, {key: value for key, value in given.items() if f":{key}" in found.sql}
    if len(words) > 1:
        raise UsageError("sql takes one query: put it between quotes")
    return name, {}


def _answer(options: Options, query: Query) -> tuple[Answer, list[str], _source.Asked | None]:
    """The answer, the problems of an index, and the hosts that were read (None: rows were read)."""
    from netwrap.sources import exports

    tables = query.tables
    files = [file for path in options.source for file in exports.of(path)]
    if files and all(map(exports.of, options.source)):
        if len(files) == 1 and files[0].endswith(".sqlite"):
            with contextlib.closing(exports.database(files[0])) as connection:
                return _by_sqlite(connection, query), [], None
        lacks_databases = not any(file.endswith(".sqlite") for file in files)
        if lacks_databases and exports.duckdb_installed() or any(file.endswith(".parquet") for file in files):
            return _by_duckdb(files, query), [], None
        from netwrap.sources import fleet

        store = fleet.Store()
        with contextlib.closing(store.connection):
            store.put(exports.rows(files, tables))
            return _by_sqlite(store.connection, query), [], None
    from netwrap.sources import fleet, opening

    paths = opening.expanded(options.source)
    index = fleet.indexed(options.source, paths)
    if index is not None:
        with contextlib.closing(index.connection):
            with _source.Bar("captures") as bar:
                problems = index.refresh(paths, "finding" in tables, bar.show)
            if not index.connection.execute("SELECT 1 FROM host LIMIT 1").fetchone():
                raise _source.none_of(problems)
            return _by_sqlite(index.connection, query), problems, None
    store = fleet.Store()
    with contextlib.closing(store.connection):
        asked = _source.Asked(options, functools.partial(fleet.told, tables=[*tables, "host"]))
        for host, (rows, facts) in asked:
            store.add(fleet.Read(host.source, rows, [], facts))
        if "finding" in tables:
            store.compare()
        return _by_sqlite(store.connection, query), [], asked


def _by_sqlite(connection: sqlite3.Connection, query: Query) -> Answer:
    """Ask a database; after the query it answers no other, since the authorizer stays."""
    connection.commit()
    for name in _JSON:
        with contextlib.suppress(sqlite3.Error):  # made at first use, which the authorizer takes for the making of a table
            connection.execute(f"SELECT 1 FROM {name}('[]')")
    connection.set_authorizer(_allowed)
    if hasattr(connection, "setlimit"):  # Python 3.11
        connection.setlimit(0, LENGTH)
    try:
        notes = states(connection) if query.compares else []
        with _bounded(connection):
            return _fetched(connection.execute(query.sql, query.given), notes)
    except (sqlite3.Error, sqlite3.Warning, OverflowError, ValueError, MemoryError) as error:
        raise _refused(str(error), query.tables) from None


@contextlib.contextmanager
def _bounded(connection: Any) -> Iterator[None]:
    """End the query of a connection when its time is up, and this process where the engine is inside of one function for ever."""
    over = threading.Event()

    def watch() -> None:
        if not over.wait(TIMEOUT):
            with contextlib.suppress(Exception):  # it may be closed by now
                connection.interrupt()
            if not over.wait(GRACE):
                say(_LATE.format(TIMEOUT))
                os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _fetched(cursor: Any, notes: list[str]) -> Answer:
    """The columns and rows of an answer. Raises NetwrapError for more rows than fit into memory."""
    rows = cursor.fetchmany(ROWS + 1)
    if len(rows) > ROWS:
        raise NetwrapError(f"the answer has more than {ROWS:,} rows: narrow the query, or use netwrap export")
    return Answer([entry[0] for entry in cursor.description or ()], rows, notes)


_JSON = ("json_each", "json_tree")
_READABLE = {*schema.TABLES, *_JSON}
_HARMFUL = ("load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "sqlar_compress", "zipfile")


def _allowed(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """Whether a query may do something: it may read tables, and call functions that touch nothing else."""
    if action == sqlite3.SQLITE_READ:
        may = first in _READABLE
    elif action == sqlite3.SQLITE_FUNCTION:
        may = second not in _HARMFUL
    else:
        may = action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE)
    return sqlite3.SQLITE_OK if may else sqlite3.SQLITE_DENY


def _by_duckdb(files: Sequence[str], query: Query) -> Answer:
    from netwrap.sources import exports

    duckdb = exports.duckdb()
    tables = query.tables
    connection = exports.duck(files, tables)
    try:
        sql = re.sub(r":(what|hex)\b", r"$\1", query.sql) if query.given else query.sql
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise _refused("not authorized", tables)
        for name in exports.strange(connection, sql):
            raise _refused(f"no such table: {name}" if re.fullmatch(r"\w+", name) else "not authorized", tables)
        notes = states(connection) if query.compares else []
        with _bounded(connection):
            return _fetched(connection.execute(statements[0], query.given or None), notes)
    except (duckdb.Error, RecursionError) as error:
        raise _refused(str(error).partition("\n")[0], tables) from None
    finally:
        connection.close()


def _refused(said: str, tables: Sequence[str]) -> NetwrapError:
    """The error for an invalid query, with the name that may have been meant."""
    if said.startswith(("not authorized", "authorization denied", "access prohibited", "access to ")):
        return UsageError("sql takes one SELECT over the tables that netwrap sql --tables lists; nothing else is allowed")
    if "interrupt" in said.lower():
        return NetwrapError(_LATE.format(TIMEOUT))
    near = ""
    known = [*schema.FRONT, *(it.name for name in tables for it in schema.TABLES[name].columns)]
    table = re.search(r"no such table: (\S+)|Table with name (\S+) does not exist", said)
    column = re.search(r"no such column: \"?([^\"]+)|(?:Referenced column|a column named) \"([^\"]+)\"", said)
    syntax = re.search(r"near \"(\w+)\"", said)
    if table is not None:
        word = table[1] or table[2]
        said = f"no such table: {word}"
        near = _meant(word, schema.TABLES) or f"; there are: {', '.join(schema.TABLES)}"
    elif column is not None:
        word = (column[1] or column[2]).rpartition(".")[2]
        said = f"no such column: {word}"
        near = _meant(word, known) or f"; netwrap sql --tables lists them, and a text stands between single quotes: '{word}'"
    elif syntax is not None and f"{syntax[1].lower()}_name" in known:  # a word that SQL keeps for itself
        near = f"; the column is called {syntax[1].lower()}_name"
    return UsageError(f"sql: {said}{near}")


# Other words for our tables and columns.
_CALLED = {
    "link": "interface interfaces nic nics device devices", "address": "ip ips mac macs ether", "neigh": "neighbor neighbour arp",
    "listener": "socket sockets port ports", "firewall_rule": "firewall iptables nft nftables", "namespace": "netns",
    "ifname": "name interface device dev nic", "dev": "interface device ifname name", "local": "ip address addr",
    "lladdr": "mac", "_netns": "namespace ns", "operstate": "state status", "dst": "ip address destination prefix network",
    "local_port": "port", "gateway": "via nexthop", "metric": "priority preference",
}  # fmt: skip


def _meant(word: str, known: Iterable[str]) -> str:
    """A question for the end of an error: the name that may be meant; "" where none is like it."""
    names = list(known)
    called = [name for name in names if word.lower() in _CALLED.get(name, "").split()]
    return f"; did you mean {called[0]!r}?" if called else similar(word, names)


def _show(columns: Sequence[str], rows: Sequence[Sequence[Any]], options: Options) -> None:
    """Print rows as any other table; columns with the same name get numbers."""
    names: list[str] = []
    for column in columns:
        name, number = column, 2
        while name in names:
            name, number = f"{column}_{number}", number + 1
        names.append(name)
    if "?" in options.columns:
        for name in names:
            print(name)
        return
    for asked in _table.asked(options):
        if asked not in names:
            from netwrap.tables.selection import unknown

            raise unknown(asked, names)
    rows = [[value.hex() if isinstance(value, bytes) else value for value in row] for row in rows]
    if not rows and not options.columns:  # the header is all that there is
        options = options.of_table(names, options.sort)
    _table.show("sql", [dict(zip(names, row)) for row in rows], options)
    sys.stdout.flush()
