"""Exports of flat rows: jsonl, jsonl.gz, csv, sqlite and Parquet files, written and read."""

from __future__ import annotations

import contextlib
import csv
import glob
import gzip
import json
import os
import re
import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..answers import schema
from ..errors import NetwrapError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import IO, Any

    from parsers.records import Record

#: Each format, and whether it is a folder with a file for each table.
FORMATS = {"jsonl": False, "jsonl.gz": False, "sqlite": False, "csv": True, "parquet": True}
_LINES = (".jsonl", ".jsonl.gz")
_BATCH = 20_000
#: The longest line that is read: packed text may grow to any length.
_LINE = 16 << 20
_CHUNK = 1 << 20


def write(rows: Iterable[tuple[str, Record]], form: str, path: str) -> int:
    """Write rows to a new file (or into a new folder) and return their number. Raises NetwrapError."""
    return {"jsonl": _jsonl, "jsonl.gz": _jsonl_gz, "sqlite": _sqlite, "csv": _csv, "parquet": _parquet}[form](rows, path)


def lines(rows: Iterable[tuple[str, Record]]) -> Iterator[str]:
    """A line of JSON for each row."""
    for _, row in rows:
        yield json.dumps(row) + "\n"


def _jsonl(rows: Iterable[tuple[str, Record]], path: str) -> int:
    with open(path, "x", encoding="ascii") as file:
        return _counted(file, rows)


def _jsonl_gz(rows: Iterable[tuple[str, Record]], path: str) -> int:
    with open(path, "xb") as target, gzip.GzipFile("", "wb", 5, target, 0) as packed:
        count = 0
        for line in lines(rows):
            packed.write(line.encode("ascii"))
            count += 1
        return count


def _counted(file: IO[str], rows: Iterable[tuple[str, Record]]) -> int:
    count = 0
    for line in lines(rows):
        file.write(line)
        count += 1
    return count


def _sqlite(rows: Iterable[tuple[str, Record]], path: str) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for name in schema.TABLES:
            connection.execute(_table(name))
        connection.execute(f"PRAGMA user_version={schema.VERSION}")
        count = 0
        with connection:
            for name, row in rows:
                connection.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", list(row.values()))
                count += 1
        return count


def _csv(rows: Iterable[tuple[str, Record]], path: str) -> int:
    os.mkdir(path)
    count = 0
    with contextlib.ExitStack() as stack:
        writers = {}
        for name, table in schema.TABLES.items():
            file = stack.enter_context(open(os.path.join(path, f"{name}.csv"), "x", encoding="utf-8", newline=""))
            writers[name] = csv.writer(file)
            writers[name].writerow([*schema.FRONT, *(column.name for column in table.columns)])
        for name, row in rows:
            writers[name].writerow(_cell(value) for value in row.values())
            count += 1
    return count


def _cell(value: object) -> object:
    """A value as a cell of CSV; the reader of Python before 3.11 takes no NUL, which is written ``\\x00``.

    >>> _cell(None), _cell(1500), _cell("a\\0b")
    ('', 1500, 'a\\\\x00b')
    """
    if isinstance(value, str):
        return value.replace("\0", "\\x00")
    return "" if value is None else value


def _parquet(rows: Iterable[tuple[str, Record]], path: str) -> int:
    arrow = _extra("pyarrow")
    parquet = _extra("pyarrow.parquet")
    kinds = {"int": arrow.int64(), "bool": arrow.bool_(), "flag": arrow.bool_(), "text": arrow.string(), "json": arrow.string()}
    os.mkdir(path)
    count = 0
    with contextlib.ExitStack() as stack:
        schemas: dict[str, Any] = {}
        writers: dict[str, Any] = {}
        pending: dict[str, list[Record]] = {}
        for name, table in schema.TABLES.items():
            fields = [*((front, arrow.string()) for front in schema.FRONT), *((it.name, kinds[it.type]) for it in table.columns)]
            schemas[name] = arrow.schema(fields, metadata={"netwrap": str(schema.VERSION)})
            writer = parquet.ParquetWriter(os.path.join(path, f"{name}.parquet"), schemas[name], compression="zstd")
            writers[name] = stack.enter_context(writer)
            pending[name] = []
        for name, row in rows:
            pending[name].append(row)
            count += 1
            if len(pending[name]) >= _BATCH:
                writers[name].write_table(arrow.Table.from_pylist(pending.pop(name), schema=schemas[name]))
                pending[name] = []
        for name, left in pending.items():
            if left:
                writers[name].write_table(arrow.Table.from_pylist(left, schema=schemas[name]))
    return count


def _extra(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise NetwrapError(f"{name.partition('.')[0]} is not installed: pip install 'netwrap[fleet]'") from None


# -- reading -------------------------------------------------------------------------------------------------------


def of(path: str) -> list[str]:
    """The export files of a path: matches of a pattern, or Parquet or CSV files of a folder; none if one is not an export."""
    found = [path] if os.path.exists(path) else sorted(glob.glob(path))
    files = [file for one in found for file in (_tables_in(one) or [one])]
    return files if files and all(_is_export(file) for file in files) else []


def _tables_in(folder: str) -> list[str]:
    """The files of a folder that are named after our tables: Parquet files, otherwise CSV files."""
    found = [[os.path.join(folder, f"{name}.{kind}") for name in schema.TABLES] for kind in ("parquet", "csv")]
    return next((there for files in found if (there := list(filter(os.path.isfile, files)))), [])


def _is_export(path: str) -> bool:
    stem, dot, kind = os.path.basename(path).rpartition(".")
    return path.endswith((*_LINES, ".parquet", ".sqlite")) or dot + kind == ".csv" and stem in schema.TABLES


def duckdb_installed() -> bool:
    """Whether DuckDB is installed: it reads exports faster, and only it reads Parquet."""
    import importlib.util

    return importlib.util.find_spec("duckdb") is not None


def rows(files: Sequence[str], tables: Sequence[str]) -> Iterator[tuple[str, Record]]:
    """The rows of some tables in files, brought to the types of their columns; Parquet needs DuckDB. Raises NetwrapError."""
    for path in files:
        if path.endswith(".parquet"):
            _extra("duckdb")
        read = _csv_rows if path.endswith(".csv") else _sqlite_rows if path.endswith(".sqlite") else _line_rows
        try:
            yield from read(path, tables)
        except (OSError, EOFError, ValueError, RecursionError, csv.Error, sqlite3.Error) as error:
            raise NetwrapError(f"{path}: no export of netwrap: {error}") from None


def _line_rows(path: str, tables: Sequence[str]) -> Iterator[tuple[str, Record]]:
    named = re.compile(rf'"_table":\s*"(?:{"|".join(tables)})"').search
    with gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb") as file:
        rest, part = b"", b"\n"
        while part:
            part = file.read(_CHUNK)
            text, _, rest = (rest + part).rpartition(b"\n") if part else (rest, b"", b"")
            if len(rest) > _LINE:
                raise ValueError(f"a line is longer than {_LINE >> 20} MiB")
            lines = text.decode()
            start = 0
            while found := named(lines, start):  # most rows belong to other tables, and parsing takes most of the time
                start = lines.rfind("\n", 0, found.start()) + 1
                end = lines.find("\n", start)
                row = json.loads(lines[start : end if end >= 0 else len(lines)])
                start = end if end >= 0 else len(lines)
                if isinstance(row, dict) and row.get("_table") in tables:
                    yield row["_table"], schema.typed(row["_table"], row)


def _csv_rows(path: str, tables: Sequence[str]) -> Iterator[tuple[str, Record]]:
    name = os.path.basename(path)[: -len(".csv")]
    truths = {"True": True, "False": False}
    if name in tables:
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield name, schema.typed(name, {key: truths.get(value, value) for key, value in row.items() if value != ""})


def _sqlite_rows(path: str, tables: Sequence[str]) -> Iterator[tuple[str, Record]]:
    with contextlib.closing(database(path)) as connection:
        for name in tables:
            cursor = connection.execute(f"SELECT * FROM {name}")
            columns = [entry[0] for entry in cursor.description]
            for values in cursor:
                yield name, schema.typed(name, dict(zip(columns, values)))


def database(path: str) -> sqlite3.Connection:
    """A SQLite export, opened for reading only. Raises NetwrapError where it holds anything but the tables of an export."""
    connection = None
    try:
        connection = sqlite3.connect(f"file:{quote(os.path.abspath(path))}?mode=ro&immutable=1", uri=True)
        connection.execute("PRAGMA trusted_schema=OFF")
        found = {row[0] for row in connection.execute("SELECT sql FROM sqlite_master")}
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise NetwrapError(f"{path}: no export of netwrap: {error}") from None
    if found != {_table(name) for name in schema.TABLES}:
        connection.close()
        raise NetwrapError(
            f"{path}: no export of netwrap, or one of another version: its tables are not those of version {schema.VERSION}"
        )
    return connection


def _table(name: str) -> str:
    return f"CREATE TABLE {name} ({schema.declared(schema.TABLES[name])})"


def _ambiguous() -> set[str]:
    """The names of columns that have different types in different tables."""
    kinds: dict[str, set[str]] = {}
    for table in schema.TABLES.values():
        for column in table.columns:
            kinds.setdefault(column.name, set()).add({"flag": "bool", "json": "text"}.get(column.type, column.type))
    return {name for name, found in kinds.items() if len(found) > 1}


_AMBIGUOUS = _ambiguous()


def duckdb() -> Any:
    """The module of DuckDB: the one in C by itself, where it can be had, as the package around it takes longer than most queries.

    Raises NetwrapError where DuckDB is not installed.
    """
    import importlib

    try:
        return importlib.import_module("_duckdb")
    except ImportError:  # before 1.4, the module was a part of the package
        return _extra("duckdb")


#: What DuckDB might load from the home folder or write beside us is left out from the start; the rest once the files are read.
_CONFIGURED = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_persistent_secrets": "false",
    "temp_directory": "",
}
_LOCKED = ("memory_limit='2GB'", "enable_external_access=false", "python_enable_replacements=false", "lock_configuration=true")


def duck(files: Sequence[str], tables: Iterable[str]) -> Any:
    """A DuckDB connection with tables of the rows in files; nothing but these files can be reached. Raises NetwrapError."""
    engine = duckdb()
    kinds = {"int": "BIGINT", "bool": "BOOLEAN", "flag": "BOOLEAN", "text": "VARCHAR", "json": "VARCHAR"}
    connection = engine.connect(":memory:", config=_CONFIGURED)
    texts = [file for file in files if file.endswith(_LINES)]
    plain = [file for file in files if file.endswith(".parquet") and _is_plain(file)]
    shapes = {
        name: {
            **dict.fromkeys(schema.FRONT, "VARCHAR"),
            **{it.name: kinds[it.type] for it in schema.TABLES[name].columns},
        }
        for name in tables
    }
    try:
        try:
            connection.execute(f"SET allowed_paths=[{', '.join(map(_literal, plain))}]")
        except engine.Error:  # before 1.2
            plain = []
        if texts and shapes:  # read once for all tables
            # A column of this name may have another type in another table: `id` is a number there, and a text here.
            read_as = {column: kind if column not in _AMBIGUOUS else "VARCHAR"
                       for columns in shapes.values() for column, kind in columns.items()}  # fmt: skip
            read = _reader("json", texts, f"format='newline_delimited', columns={_shape(read_as)}")
            wanted = ", ".join(f"'{name}'" for name in shapes)
            connection.execute(f"CREATE TEMP TABLE _lines AS SELECT * FROM {read} WHERE _table IN ({wanted})")
        for name, columns in shapes.items():
            listed = ", ".join(columns)
            casts = ", ".join(f"TRY_CAST({it} AS {columns[it]})" if it in _AMBIGUOUS else it for it in columns)
            packed = [file for file in files if os.path.basename(file) == f"{name}.parquet"]
            commas = [file for file in files if os.path.basename(file) == f"{name}.csv"]
            # A view reads only the columns that the query names; its files must be allowed by their names, not by a pattern.
            if packed and not texts and not commas and set(packed) <= set(plain):
                connection.execute(f"CREATE VIEW {name} AS SELECT {listed} FROM {_reader('parquet', packed)}")
                continue
            connection.execute(f"CREATE TABLE {name} ({', '.join(f'{column} {kind}' for column, kind in columns.items())})")
            if texts:
                connection.execute(f"INSERT INTO {name} SELECT {casts} FROM _lines WHERE _table='{name}'")
            if commas:
                form = "auto_detect=false, header=true, quote='\"', escape='\"', nullstr=''"
                read = _reader("csv", commas, f"{form}, columns={_shape(columns)}")
                connection.execute(f"INSERT INTO {name} SELECT {listed} FROM {read}")
            if packed:
                connection.execute(f"INSERT INTO {name} SELECT {listed} FROM {_reader('parquet', packed)}")
        connection.execute("DROP TABLE IF EXISTS _lines")
        for setting in _LOCKED:
            connection.execute(f"SET {setting}")
    except engine.Error as error:
        raise NetwrapError(f"{files[0]}: no export of netwrap: {str(error).partition(chr(10))[0]}") from None
    return connection


def _reader(form: str, files: Sequence[str], options: str = "") -> str:
    """A call of DuckDB's reader for files, by exactly these names; a folder called ``mtu=7`` adds no column."""
    listed = ", ".join(map(_literal, files))
    return f"read_{form}([{listed}], hive_partitioning=false{', ' if options else ''}{options})"


def _shape(columns: dict[str, str]) -> str:
    return "{" + ", ".join(f"'{column}': '{kind}'" for column, kind in columns.items()) + "}"


def _literal(path: str) -> str:
    """A path as a text in SQL, absolute so that it is no address of a server, with what DuckDB would take for a pattern escaped.

    >>> _literal("/tmp/it's [old].jsonl")
    "'/tmp/it''s [[]old].jsonl'"
    """
    return "'" + re.sub(r"[*?\[]", r"[\g<0>]", os.path.abspath(path)).replace("'", "''") + "'"


def _is_plain(path: str) -> bool:
    return not re.search(r"[*?\[]", os.path.abspath(path))


#: Functions that make rows out of their arguments alone.
_ROWS = {"unnest", "range", "generate_series", "json_each", "json_tree", "repeat"}


def strange(connection: Any, sql: str) -> list[str]:
    """What a query reads that is neither a table of ours nor named by the query itself. Raises the errors of DuckDB."""
    [text] = connection.execute("SELECT json_serialize_sql($sql::VARCHAR)", {"sql": sql}).fetchone()
    tree = json.loads(text)
    known = set(schema.TABLES)
    found: list[str] = [tree["error_message"]] if tree["error"] else []
    pending: list[Any] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending += node
        elif isinstance(node, dict):
            pending += node.values()
            known.update(str(entry["key"]).lower() for entry in (node.get("cte_map") or {}).get("map", ()))
            if node.get("type") == "BASE_TABLE":
                outside = node.get("catalog_name") or node.get("schema_name") not in ("", "main")
                found.append(f"another schema's {node['table_name']}" if outside else node["table_name"])
            elif node.get("type") == "TABLE_FUNCTION" and node["function"]["function_name"].lower() not in _ROWS:
                found.append(f"{node['function']['function_name']}()")
    return [name for name in found if name.lower() not in known]


def check_format(form: str) -> None:
    """Raise UsageError for an unknown format."""
    if form not in FORMATS:
        from ..errors import similar

        raise UsageError(f"unknown format {form!r}{similar(form, FORMATS)}; there are: {', '.join(FORMATS)}")
