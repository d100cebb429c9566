"""Exports of flat rows: jsonl, jsonl.gz, csv, sqlite and Parquet files, written and read."""

from __future__ import annotations

import contextlib
import csv
import glob
import gzip
import json
import os
import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..answers import flat
from ..errors import NetwrapError, UsageError
from . import fleet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import IO, Any

    from parsers.records import Record

#: Every format, and whether it is a folder with a file for each table.
FORMATS = {"jsonl": False, "jsonl.gz": False, "sqlite": False, "csv": True, "parquet": True}
_LINES = (".jsonl", ".jsonl.gz")
_BATCH = 20_000


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
        for name in flat.TABLES:
            connection.execute(_table(name))
        connection.execute(f"PRAGMA user_version={flat.VERSION}")
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
        for name, table in flat.TABLES.items():
            file = stack.enter_context(open(os.path.join(path, f"{name}.csv"), "x", encoding="utf-8", newline=""))
            writers[name] = csv.writer(file)
            writers[name].writerow([*flat.FRONT, *(column.name for column in table.columns)])
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
        for name, table in flat.TABLES.items():
            fields = [*((front, arrow.string()) for front in flat.FRONT), *((it.name, kinds[it.type]) for it in table.columns)]
            schemas[name] = arrow.schema(fields, metadata={"netwrap": str(flat.VERSION)})
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
    """The files of exports: what a pattern fits, the tables of a folder of Parquet or CSV files; none where one is no export."""
    found = [path] if os.path.exists(path) else sorted(glob.glob(path))
    files = [file for one in found for file in (_tables_in(one) or [one])]
    return files if files and all(_is_export(file) for file in files) else []


def _tables_in(folder: str) -> list[str]:
    """The files of a folder that are named after tables of ours: Parquet files, else CSV files."""
    found = [[os.path.join(folder, f"{name}.{kind}") for name in flat.TABLES] for kind in ("parquet", "csv")]
    return next((there for files in found if (there := list(filter(os.path.isfile, files)))), [])


def _is_export(path: str) -> bool:
    stem, dot, kind = os.path.basename(path).rpartition(".")
    return path.endswith((*_LINES, ".parquet", ".sqlite")) or dot + kind == ".csv" and stem in flat.TABLES


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
    names = [f'"{name}"' for name in tables]
    with gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8") as file:
        for line in file:
            if any(name in line for name in names):  # most rows are of other tables, and to parse them is what takes the time
                row = json.loads(line)
                if isinstance(row, dict) and row.get("_table") in tables:
                    yield row["_table"], flat.typed(row["_table"], row)


def _csv_rows(path: str, tables: Sequence[str]) -> Iterator[tuple[str, Record]]:
    name = os.path.basename(path)[: -len(".csv")]
    truths = {"True": True, "False": False}
    if name in tables:
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield name, flat.typed(name, {key: truths.get(value, value) for key, value in row.items() if value != ""})


def _sqlite_rows(path: str, tables: Sequence[str]) -> Iterator[tuple[str, Record]]:
    with contextlib.closing(database(path)) as connection:
        for name in tables:
            cursor = connection.execute(f"SELECT * FROM {name}")
            columns = [entry[0] for entry in cursor.description]
            for values in cursor:
                yield name, flat.typed(name, dict(zip(columns, values)))


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
    if found != {_table(name) for name in flat.TABLES}:
        connection.close()
        raise NetwrapError(
            f"{path}: no export of netwrap, or one of another version: its tables are not those of version {flat.VERSION}"
        )
    return connection


def _table(name: str) -> str:
    return f"CREATE TABLE {name} ({fleet.columns(flat.TABLES[name])})"


def _ambiguous() -> set[str]:
    """The names of columns that have different types in different tables."""
    kinds: dict[str, set[str]] = {}
    for table in flat.TABLES.values():
        for column in table.columns:
            kinds.setdefault(column.name, set()).add({"flag": "bool", "json": "text"}.get(column.type, column.type))
    return {name for name, found in kinds.items() if len(found) > 1}


_AMBIGUOUS = _ambiguous()


def duck(files: Sequence[str], tables: Iterable[str]) -> Any:
    """A DuckDB connection with tables read from files; nothing outside of them can be reached through it. Raises NetwrapError."""
    duckdb = _extra("duckdb")
    kinds = {"int": "BIGINT", "bool": "BOOLEAN", "flag": "BOOLEAN", "text": "VARCHAR", "json": "VARCHAR"}
    connection = duckdb.connect(":memory:")
    try:
        for name in tables:
            columns = {**dict.fromkeys(flat.FRONT, "VARCHAR"), **{it.name: kinds[it.type] for it in flat.TABLES[name].columns}}
            shaped = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            listed = ", ".join(columns)
            connection.execute(f"CREATE TABLE {name} ({shaped})")
            # A column of this name may have another type in another table: `id` is a number there, and a text here.
            read_as = {column: kind if column not in _AMBIGUOUS else "VARCHAR" for column, kind in columns.items()}
            casts = ", ".join(f"TRY_CAST({it} AS {columns[it]})" if it in _AMBIGUOUS else it for it in columns)
            texts = [file for file in files if file.endswith(_LINES)]
            packed = [file for file in files if os.path.basename(file) == f"{name}.parquet"]
            commas = [file for file in files if os.path.basename(file) == f"{name}.csv"]
            wanted = ", ".join(f"'{column}': '{kind}'" for column, kind in columns.items())
            if texts:
                wanted_here = ", ".join(f"'{column}': '{kind}'" for column, kind in read_as.items())
                read = f"read_json(?, format='newline_delimited', columns={{{wanted_here}}})"
                connection.execute(f"INSERT INTO {name} SELECT {casts} FROM {read} WHERE _table='{name}'", [texts])
            if commas:
                read = f"read_csv(?, auto_detect=false, header=true, quote='\"', escape='\"', nullstr='', columns={{{wanted}}})"
                connection.execute(f"INSERT INTO {name} SELECT {listed} FROM {read}", [commas])
            if packed:
                connection.execute(f"INSERT INTO {name} SELECT {listed} FROM read_parquet(?)", [packed])
        for setting in ("memory_limit='2GB'", "enable_external_access=false", "python_enable_replacements=false",
                        "lock_configuration=true"):  # fmt: skip
            connection.execute(f"SET {setting}")
    except duckdb.Error as error:
        raise NetwrapError(f"{files[0]}: no export of netwrap: {str(error).partition(chr(10))[0]}") from None
    return connection


def check_format(form: str) -> None:
    """Raise UsageError for an unknown format."""
    if form not in FORMATS:
        from ..errors import similar

        raise UsageError(f"unknown format {form!r}{similar(form, FORMATS)}; there are: {', '.join(FORMATS)}")
