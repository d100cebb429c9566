"""Flat rows, exports, SQL over them, and folders of captures that are read once."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import runpy
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rooms import ROOT, Netwrap

from netwrap.answers import check, find, flat, schema
from netwrap.answers.questions import QUESTIONS
from netwrap.cli import main
from netwrap.errors import NetwrapError, UsageError
from netwrap.model.build import build
from netwrap.model.host import Host
from netwrap.model.section import Section
from netwrap.sources import exports, fleet, opening
from netwrap.verbs import _source, sql

SAMPLE = str(ROOT / "fixtures/host/sample.netwrap")
KINDS = {"text": str, "json": str, "int": int, "bool": bool, "flag": bool}
SOURCES = sorted(
    path for folder in ("host", "capture", "session") for path in (ROOT / "fixtures" / folder).rglob("*")
    if path.is_file() and path.suffix in (".netwrap", ".txt", ".gz")
)  # fmt: skip


def read(source: str, tables: list[str] | None = None) -> list[tuple[str, dict[str, Any]]]:
    return [row for host in opening.hosts([source]) for row in flat.rows(host, tables)]


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """The rows that `netwrap sql` prints."""
    assert main(["sql", *words, "--format", "json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


# -- the schema ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_every_row_of_every_fixture_has_the_columns_and_types_of_its_table(source: Path) -> None:
    try:
        hosts = opening.hosts([str(source)])
    except NetwrapError:
        pytest.skip("no host is in it")
    for host in hosts:
        for name, row in [*flat.rows(host), *flat.findings(check.check(host), host.source)]:
            columns = schema.TABLES[name].columns
            assert list(row) == [*schema.FRONT, *(column.name for column in columns)]
            assert all(isinstance(row[front], str) for front in schema.FRONT) and row["_table"] == name
            for column in columns:
                value = row[column.name]
                assert value is None or type(value) is KINDS[column.type], (name, column.name, value)
                if column.type == "json" and value is not None:
                    json.loads(str(value))
            assert schema.typed(name, row) == row


def test_nothing_of_a_record_is_lost() -> None:
    for host in opening.hosts([SAMPLE]):
        for netns in host.namespaces:
            found = [row for _, row in flat.rows(host, ["neigh"]) if row["_netns"] == netns.title]
            for record, row in zip(netns.neighs or (), found):
                kept: dict[str, Any] = {key: value for key, value in row.items() if value is not None}
                kept.update(json.loads(str(row["more"] or "{}")))
                assert {key: ",".join(record["state"]) if key == "state" else True if value is None else value
                        for key, value in record.items()}.items() <= kept.items()  # fmt: skip


def test_rows_carry_their_joins() -> None:
    rows = read(SAMPLE)
    [blue] = [row for name, row in rows if name == "link" and row["_netns"] == "blue" and row["kind"] == "veth"]
    assert (blue["_host"], blue["ifname"], blue["peer_netns"]) == ("node7", "veth-blue", "(root)")
    default = next(row for name, row in rows if name == "route" and row["_netns"] == "blue" and row["dst"] == "default")
    assert (default["gateway"], default["owner_netns"], default["first_hex"], default["last_hex"]) == (
        "192.168.15.5", "(root)", "00000000", "ffffffff")  # fmt: skip


def test_what_fits_no_column_is_kept() -> None:
    text = '[{"ifindex":"nine","ifname":"e0","mtu":99999999999999999999,"novel":{"a":[1]},"flags":["UP"]}]'
    [(_, row)] = list(flat.rows(build([Section("red", "ip -j link", text)]), ["link"]))
    assert (row["ifindex"], row["mtu"], row["up"], row["carrier"]) == (None, None, True, False)
    assert json.loads(row["more"]) == {"novel": {"a": [1]}, "unparsed": ["ifindex", '"nine"', "mtu", "99999999999999999999"]}


# -- exports -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", exports.FORMATS)
def test_every_format_holds_the_same_rows(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    target = tmp_path / f"out.{form}"
    assert main(["export", SAMPLE, "--format", form, "-o", str(target)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    wanted: dict[str, list[Any]] = {name: [] for name in schema.TABLES}
    for name, row in read(SAMPLE):
        wanted[name].append(row)
    found: dict[str, list[Any]] = {name: [] for name in schema.TABLES}
    if form in ("jsonl", "jsonl.gz"):
        text = gzip.decompress(target.read_bytes()).decode() if form.endswith("gz") else target.read_text()
        for line in text.splitlines():
            row = json.loads(line)
            found[row["_table"]].append(row)
    for name in schema.TABLES:
        if form == "sqlite":
            connection = sqlite3.connect(target)
            cursor = connection.execute(f"SELECT * FROM {name}")
            found[name] = [dict(zip([it[0] for it in cursor.description], values)) for values in cursor]
            assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
            connection.close()
        elif form == "parquet":
            import pyarrow.parquet

            found[name] = pyarrow.parquet.read_table(target / f"{name}.parquet").to_pylist()
        elif form == "csv":
            with open(target / f"{name}.csv", newline="") as file:
                found[name] = list(csv.DictReader(file))
            wanted[name] = [{key: "" if value is None else str(value) for key, value in row.items()} for row in wanted[name]]
    assert found == wanted


def test_exports_are_read_without_duckdb_too(
    exported: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(exports, "duckdb_installed", lambda: False)
    for table in ("link", "address", "finding"):
        alone = asked(capsys, f"select * from {table}", "--from", SAMPLE)
        for source in exported[:3]:
            assert asked(capsys, f"select * from {table}", "--from", source) == alone
    assert asked(capsys, "select * from finding", "--from", exported[1], "--from", exported[2]) == alone * 2


def test_a_database_of_a_stranger_is_no_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "x.sqlite"
    assert main(["export", SAMPLE, "-o", str(target)]) == 0
    with sqlite3.connect(target) as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON link BEGIN SELECT 1; END")
    connection.close()
    (tmp_path / "y.sqlite").write_text("nothing that anybody knows\n")
    for name in ("x", "y", "gone"):
        assert main(["sql", "hosts", "--from", str(tmp_path / f"{name}.sqlite")]) == 1
        said = capsys.readouterr()
        assert said.out == "" and said.err.count("\n") == 1 and "Traceback" not in said.err
    assert not (tmp_path / "gone.sqlite").exists()


def test_a_line_without_end_is_not_read(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "x.jsonl.gz", "wb", 1) as file:
        file.write(b'{"_table": "link", "ifname": "' + b"a" * (17 << 20) + b'"}\n')
    with pytest.raises(NetwrapError, match=r"x\.jsonl\.gz: no export of netwrap: a line is longer than 16 MiB"):
        list(exports.rows([str(tmp_path / "x.jsonl.gz")], ["link"]))


def test_an_export_replaces_no_capture(tmp_path: Path, netwrap: Netwrap) -> None:
    captures = folder(tmp_path, 2)
    (tmp_path / "link").symlink_to(captures / "host1.netwrap")
    for words in ([str(captures)], [str(captures / "host0.netwrap"), str(captures / "host1.netwrap")]):
        done = netwrap("export", *words, "-o", str(tmp_path / "link"))
        assert (done.returncode, done.stdout) == (2, "") and "-o would replace it" in done.stderr
    assert (captures / "host1.netwrap").read_text() == Path(SAMPLE).read_text()


def test_an_export_is_whole_or_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").mkdir()
    assert main(["export", SAMPLE, "--format", "csv", "-o", str(tmp_path / "taken")]) == 2
    assert main(["export", "/nonexistent.netwrap", "-o", str(tmp_path / "x.jsonl")]) == 1
    assert "No such file" in capsys.readouterr().err
    assert main(["export", SAMPLE, "--format", "xml"]) == 2
    assert "unknown format 'xml'" in capsys.readouterr().err
    assert main(["export", SAMPLE, "--table", "lnk"]) == 2
    assert "did you mean 'link'?" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


# -- SQL -----------------------------------------------------------------------------------------------------------


def test_sql_over_a_capture(capsys: pytest.CaptureFixture[str]) -> None:
    query = "select _netns, ifname, mtu from link where kind = 'veth' and _netns <> '(root)' order by 1"
    found = asked(capsys, query, "--from", SAMPLE)
    assert [(row["_netns"], row["mtu"]) for row in found] == [("blue", 1500), ("red", 1500)] or len(found) >= 2
    assert asked(capsys, "who-routes", "10.0.0.7", "--from", SAMPLE)[0]["dst"] == "default"
    assert asked(capsys, "select 1 as a, 2 as a", "--from", SAMPLE) == [{"a": 1, "a_2": 2}]
    assert main(["sql", "select ifname, mtu from link", "--from", SAMPLE, "--where", "ifname=lo", "--count"]) == 0
    assert int(capsys.readouterr().out) == 4


def test_tables_and_questions_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    rows = asked(capsys, "--tables")
    assert {row["table"] for row in rows} == set(schema.TABLES)
    assert {"table": "link", "column": "mtu", "type": "int"} in rows
    assert [row["question"].split()[0] for row in asked(capsys)] == list(QUESTIONS) and len(QUESTIONS) >= 15


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The sample with all tables, exported in every format that can be read here."""
    forms = {"jsonl.gz": "x.jsonl.gz", "csv": "tables", "sqlite": "x.sqlite"}
    if exports.duckdb_installed():
        forms["parquet"] = "x"
    folder = tmp_path_factory.mktemp("exports")
    for form, name in forms.items():
        assert main(["export", SAMPLE, "--table", ",".join(schema.TABLES), "--format", form, "-o", str(folder / name)]) == 0
    return [str(folder / name) for name in forms.values()]


@pytest.mark.parametrize("name", QUESTIONS)
def test_both_engines_answer_every_question_alike(
    name: str, exported: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    operand = ["192.168.15.5"] if QUESTIONS[name].operand else []
    plain = asked(capsys, name, *operand, "--from", SAMPLE)
    for source in exported:
        assert asked(capsys, name, *operand, "--from", source) == plain
    monkeypatch.setattr(exports, "duckdb_installed", lambda: False)
    for source in exported[:3]:
        assert asked(capsys, name, *operand, "--from", source) == plain


@pytest.mark.parametrize(
    "query",
    [
        "attach 'x.db' as x", "create table t (a)", "drop table link", "delete from link", "update link set mtu = 1",
        "insert into link (mtu) values (1)", "pragma database_list",
        "vacuum into 'copy.db'", "select load_extension('x.so')", "select writefile('x', 'y')", "select 1; drop table link",
        "select * from '/etc/passwd'", "select * from read_csv('/etc/passwd')", "copy link to 'x.csv'", "install httpfs",
        "set enable_external_access = true", "select * from read_text('/etc/passwd')",
        "create temp view v as select 1", "begin", "export database 'x'", "select * from glob('/*')",
        "'; attach 'x.db' as x; --", "select 1; attach 'x.db' as x", "select * from sqlite_master", "select * from _index",
        "with x as (select * from sqlite_schema) select * from x", "select * from pragma_database_list",
        "select * from pragma_table_info('link')", "savepoint s", "load httpfs", "describe '/etc/passwd'",
        "select * from parquet_scan('x.parquet')", "select * from link, (select * from read_blob('/etc/passwd'))",
        "select (select max(content) from read_text('/etc/passwd'))", "select * from sniff_csv('/etc/passwd')",
        "select * from duckdb_settings()", "select * from information_schema.tables", "select * from pg_catalog.pg_tables",
        "select * from arrow_scan(1, 2, 3)", "from query('select 1')", "select * from query_table('link')",
        "prepare p as select 1", "call duckdb_settings()", "select * from https://example.org/x.parquet",
        "select * from 's3://x/y.parquet'", "select zipfile(1)", "select fts3_tokenizer('simple')",
    ],
)  # fmt: skip
def test_nothing_but_the_tables_can_be_reached(
    query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = [SAMPLE]
    if exports.duckdb_installed():
        assert main(["export", SAMPLE, "-o", str(tmp_path / "x.jsonl")]) == 0
        sources.append(str(tmp_path / "x.jsonl"))
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    for source in sources:
        assert main(["sql", query, "--from", source]) == 2, (query, source)
        said = capsys.readouterr()
        assert said.out == "" and said.err.startswith("netwrap: ") and said.err.count("\n") == 1
    assert os.listdir(".") == []


def test_a_query_may_name_its_own_tables_and_make_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sources = [SAMPLE]
    if exports.duckdb_installed():
        assert main(["export", SAMPLE, "-o", str(tmp_path / "x.jsonl")]) == 0
        sources.append(str(tmp_path / "x.jsonl"))
    query = (
        "with ends as (select * from link l where l._netns in ('red', 'blue')), finding as (select 1 as one) "
        "select count(*) as n, (select count(*) from json_each('[1,2]')) as made, (select one from finding) as one from ends"
    )
    for source in sources:
        assert asked(capsys, query, "--from", source) == [{"n": 4, "made": 2, "one": 1}]


def test_an_answer_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "ROWS", 1000)
    query = "with recursive t(n) as (select 1 union all select n + 1 from t) select n from t"
    with pytest.raises(NetwrapError, match="more than 1,000 rows"):
        sql.run(sql_options(query, SAMPLE))


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_the_name_of_an_export_is_no_pattern_and_no_column(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("duckdb")
    monkeypatch.chdir(tmp_path)
    names = ["s[ab]", "sa", "s*", "mtu=7", "it's", "https:"]
    for name in names:
        text = Path(SAMPLE).read_text().replace("\nnode7\n", f"\n{name}\n")
        Path("x.netwrap").write_text(text)
        target = name if form != "jsonl" else f"{name}/x.jsonl"
        if form == "jsonl":
            Path(name).mkdir()
        assert main(["export", "x.netwrap", "--format", form, "-o", target]) == 0
    for name in names:
        file = f"{name}/link.{form}" if form == "parquet" else f"{name}/x.jsonl" if form == "jsonl" else name
        rows = asked(capsys, "select distinct _host as host, mtu from link where ifname = 'lo'", "--from", file)
        assert rows == [{"host": name, "mtu": 65536}]


@pytest.mark.parametrize("form", ["netwrap", "jsonl"])
def test_a_query_has_its_time(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SAMPLE
    if form == "jsonl":
        pytest.importorskip("duckdb")
        source = str(tmp_path / "x.jsonl")
        assert main(["export", SAMPLE, "-o", source]) == 0
    monkeypatch.setattr(sql, "TIMEOUT", 0.3)
    options = sql_options("with recursive t(n) as (select 1 union all select n + 1 from t) select max(n) from t", source)
    with pytest.raises(NetwrapError, match=r"ended: no answer after 0\.3 seconds"):
        sql.run(options)


def test_one_function_without_end_has_its_time_too() -> None:
    query = "select instr(printf('%.*c', 6000000, 'a'), printf('%.*c', 3000000, 'a') || 'b')"
    code = ("from netwrap.verbs import sql; sql.TIMEOUT = sql.GRACE = 0.2; from netwrap.cli import main; "
            f"main(['sql', {query!r}, '--from', {SAMPLE!r}])")  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "netwrap: the query was ended: no answer after 0.2 seconds\n"


def sql_options(query: str, source: str) -> Any:
    from netwrap.verbs import _options

    reader, verb = _options.front(["sql", query, "--from", source])
    return _options.behind(reader, verb)


@pytest.mark.parametrize("form", ["capture", "jsonl"])
def test_wrong_names_get_a_suggestion(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer to a query, which must be the same from both engines."""
    source = SAMPLE
    if form == "jsonl":
        source = str(tmp_path / "x.jsonl")
        assert main(["export", SAMPLE, "-o", source]) == 0
    duckdb = form == "jsonl" and exports.duckdb_installed()
    listed = "netwrap sql --tables lists the tables and their columns"
    for query, said in (
        ("select * from lnk", "sql: no such table: lnk; did you mean 'link'?"),
        ("select * from interfaces", "sql: no such table: interfaces; did you mean 'link'?"),
        ("select ifnam from link", "sql: no such column: ifnam; did you mean 'ifname'?"),
        ("select mac from link", "sql: no such column: mac; did you mean 'address'?"),
        ("select ip from address", "sql: no such column: ip; did you mean 'local'?"),
        ("select a.netns from address a", "sql: no such column: netns; did you mean '_netns'?"),
        ("select * from link where ifname = eth0", "a text stands between single quotes: 'eth0'"),
        ("select distinct table from route", "; the column is called table_name"),
        ("duplicate-adresses", "did you mean 'duplicate-addresses'"),
        ("show tables", listed), ("describe link", listed), (".tables", listed), ("", listed),
        ("select name from sqlite_schema", "no such table" if duckdb else "nothing else is allowed"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=re.escape(said)):
            sql.run(sql_options(query, source))


HOSTILE = [
    "'; DROP TABLE link; --",
    "' || readfile('/etc/passwd') || '",
    "a\0b",
    ',"\r\n\t',
    '"); x',
    "=cmd|' /C calc'!A0",
    "\\x00\x1b[31m",
    "a\nb",
    "\udcff",
    "{}",
    "%s",
    "$(id)",
]


def test_names_of_strangers_are_values_everywhere() -> None:
    for name in HOSTILE:
        link = {"ifindex": 1, "ifname": name, "flags": ["UP"], "mtu": 1500, "master": name, "ifalias": name, "operstate": name,
                "linkinfo": {"info_kind": name}, name: name}  # fmt: skip
        host = build([Section(name, "ip -j -d link", json.dumps([link])), Section("", "hostname", name, status=0)])
        host.name = host.source = name
        [(_, row)] = flat.rows(host, ["link"])
        shown = name.encode("utf-8", "backslashreplace").decode()
        assert (row["ifname"], row["master"], row["kind"], row["_host"]) == (shown,) * 4


@pytest.mark.parametrize("form", exports.FORMATS)
def test_hostile_text_in_every_column_is_only_read(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if form == "parquet" and not exports.duckdb_installed():
        pytest.skip("needs duckdb")
    rows = []
    for text in (name.encode("utf-8", "backslashreplace").decode() for name in HOSTILE):
        for name, table in schema.TABLES.items():
            cells = {it.name: text if it.type in ("text", "json") else 1 if it.type == "int" else True for it in table.columns}
            rows.append((name, {**dict.fromkeys(schema.FRONT, text), "_table": name, **cells}))
    target = str(tmp_path / f"x.{form}")
    exports.write(iter(rows), form, target)
    if form == "csv":  # the reader of Python before 3.11 takes no NUL
        rows = [
            (name, {key: value.replace("\0", "\\x00") if isinstance(value, str) else value for key, value in row.items()})
            for name, row in rows
        ]
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    given = {"what": HOSTILE[0], "hex": "0a000001"}
    if form != "parquet":
        store = fleet.Store()
        store.put(exports.rows(exports.of(target), list(schema.TABLES)))
        assert sorted(map(repr, store.rows(schema.TABLES))) == sorted(map(repr, rows))
        for question in QUESTIONS.values():
            store.connection.execute(question.sql, given).fetchall()
        store.connection.close()
    if form != "sqlite" and exports.duckdb_installed():
        connection = exports.duck(exports.of(target), list(schema.TABLES))
        for name in schema.TABLES:
            assert connection.execute(f"select * from {name}").fetchall() == [
                tuple(row.values()) for it, row in rows if it == name
            ]
        for question in QUESTIONS.values() if form == "jsonl" else ():
            text = re.sub(r":(what|hex)", r"$\1", question.sql)
            connection.execute(text, {key: given[key] for key in given if f"${key}" in text}).fetchall()
        connection.close()
    assert os.listdir(".") == []


# -- many captures ---------------------------------------------------------------------------------------------------


def folder(tmp_path: Path, count: int) -> Path:
    """A folder of captures of hosts that all have the same name."""
    made = tmp_path / "captures"
    made.mkdir()
    for number in range(count):
        shutil.copy(SAMPLE, made / f"host{number}.netwrap")
    return made


def test_a_folder_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    captures = folder(tmp_path, 5)
    count = ["select count(*) as n, count(distinct _host) as hosts from link", "--from", str(captures)]
    assert asked(capsys, *count) == [{"n": 55, "hosts": 5}]
    assert (tmp_path / "captures.netwrap-index").stat().st_mode & 0o777 == 0o600
    read: list[str] = []
    before = fleet.read

    def reading(path: str, tables: Any, skimming: bool) -> fleet.Read:
        read.append(os.path.basename(path))
        return before(path, tables, skimming)

    monkeypatch.setattr(fleet, "read", reading)
    assert asked(capsys, *count) == [{"n": 55, "hosts": 5}] and read == []
    os.utime(captures / "host1.netwrap", (1, 1))  # another time, the same content
    assert asked(capsys, *count) == [{"n": 55, "hosts": 5}] and read == []
    assert main(["export", str(captures), "--table", "link"]) == 0  # from the index, which is there
    assert len(capsys.readouterr().out.splitlines()) == 55 and read == []
    (captures / "host2.netwrap").unlink()
    with open(captures / "host3.netwrap", "a") as file:
        file.write("\n")
    assert asked(capsys, *count) == [{"n": 44, "hosts": 4}] and read == ["host3.netwrap"]
    state = (captures / "host4.netwrap").stat()
    text = (captures / "host4.netwrap").read_text()
    (captures / "host4.netwrap").write_text(text.replace("veth-blue", "veth-grey"))
    os.utime(captures / "host4.netwrap", ns=(state.st_atime_ns, state.st_mtime_ns))  # as `rsync -t` does
    grey = ["select count(*) as n from link where ifname = 'veth-grey'", "--from", str(captures)]
    assert asked(capsys, *grey) == [{"n": 1}] and read == ["host3.netwrap", "host4.netwrap"]


def test_a_capture_that_cannot_be_read_is_named(tmp_path: Path, netwrap: Netwrap) -> None:
    captures = folder(tmp_path, 9)  # by several processes
    (captures / "host3.netwrap").write_text("nothing that anybody knows\n")
    query = ["sql", "select count(*) as n from host", "--from", str(captures)]
    for words in (query, ["export", str(captures), "--table", "host"], query):
        done = netwrap(*words, *(["--format", "json"] if words[0] == "sql" else []))
        assert done.returncode == 1
        assert [line for line in done.stderr.split("\n") if "host3.netwrap: neither a capture" in line]
        assert json.loads(done.stdout) == [{"n": 8}] if words[0] == "sql" else len(done.stdout.splitlines()) == 8


def test_an_index_that_is_not_ours_is_made_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    captures = folder(tmp_path, 2)
    index = tmp_path / "captures.netwrap-index"
    with sqlite3.connect(index) as connection:
        connection.execute("CREATE VIEW link AS SELECT 'forged' AS ifname")
    connection.close()
    assert asked(capsys, "select count(*) as n from link", "--from", str(captures)) == [{"n": 22}]
    with sqlite3.connect(index) as connection:  # what an older release read may be wrong
        connection.execute("DELETE FROM link")
    connection.close()
    monkeypatch.setattr(fleet, "__version__", "99")
    assert asked(capsys, "select count(*) as n from link", "--from", str(captures)) == [{"n": 22}]
    index.unlink()
    index.symlink_to(tmp_path / "elsewhere")
    assert asked(capsys, "select count(*) as n from link", "--from", str(captures)) == [{"n": 22}]
    assert not (tmp_path / "elsewhere").exists()


def test_patterns_and_several_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    captures = folder(tmp_path, 3)
    words = ["select _host as host from host order by 1", "--from", str(captures / "host[01]*"), "--from", SAMPLE]
    found = [row["host"] for row in asked(capsys, *words)]
    assert found == ["node7", "node7 (host1.netwrap)", "node7 (sample.netwrap)"]
    assert main(["sql", "hosts", "--from", str(captures / "nosuch*")]) == 1
    assert "no file fits" in capsys.readouterr().err


def test_one_of_many_sources_that_cannot_be_read_is_named(tmp_path: Path, netwrap: Netwrap) -> None:
    captures = folder(tmp_path, 2)
    (captures / "host2.netwrap").write_text("nothing that anybody knows\n")
    for words in (["report"], ["find", "192.168.15.5"], ["ip", "rule"]):
        done = netwrap(*words, "--from", str(captures / "host*"), "--from", str(tmp_path / "gone"), "--format", "json")
        assert done.returncode == 1
        assert {row["host"] for row in json.loads(done.stdout)} == {"node7", "node7 (host1.netwrap)"}
        said = done.stderr.split("\n")
        assert len([line for line in said if line.startswith(f"netwrap: {captures}/host2.netwrap: neither a capture")]) == 1
        assert said.count(f"netwrap: cannot read {tmp_path}/gone: No such file or directory") == 1


def test_find_prints_host_by_host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    captures = folder(tmp_path, 5)
    (captures / "host2.netwrap").write_text("nothing that anybody knows\n")
    (captures / "host4.netwrap").unlink()
    shutil.copy(ROOT / "fixtures/host/docker.netwrap", captures)
    (captures / "silent").write_text("")
    words = ["find", "192.168.15.5", "--from", str(captures)]
    assert main([*words, "--format", "jsonl"]) == 1
    shown = capsys.readouterr()
    found = [json.loads(line) for line in shown.out.splitlines()]
    names = ["node7", "node7 (host1.netwrap)", "node7 (host3.netwrap)"]
    assert list(dict.fromkeys(row["host"] for row in found)) == names
    alone = len(found) // 3
    assert main(["find", "192.168.15.5", "--from", SAMPLE, "--format", "jsonl"]) == 0
    one = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for number, host in zip((0, 1, 3), names):
        path = str(captures / f"host{number}.netwrap")
        own = [{"host": host, **row, "command": row["command"].replace(SAMPLE, path)} for row in one]
        assert own == found[:alone]
        del found[:alone]
    said = shown.err.splitlines()
    assert [line for line in said if "host2.netwrap: neither a capture" in line] and [line for line in said if "silent: " in line]
    assert main([*words, "--columns", "host,what"]) == main([*words, "--count"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert (out[0].split(), out[-1]) == (["host", "what"], str(3 * alone)) and len(out) == 2 + 3 * alone + 1
    assert len({line.index("192.168.15") for line in out[2:-1] if "  192.168.15" in line}) == 2  # to the end of the name's width


@pytest.mark.parametrize("source", [path for path in SOURCES if ".netwrap" in path.name], ids=lambda path: path.name)
def test_a_capture_is_skipped_only_where_find_finds_nothing(source: Path) -> None:
    text, _ = opening.text(str(source))
    for host in opening.hosts([str(source)]):
        keys = ("local", "network", "dst", "gateway", "lladdr", "address", "mac", "vxlan_remote")
        found = flat.rows(host, ["address", "route", "neigh", "fdb", "link"])
        words = {row[key] for _, row in found for key in keys if row.get(key)}
        assert words
        for word in words:
            assert not find.is_absent(word, text) or not find.find(host, word)
            assert find.is_absent(word, find.gist(text)) == find.is_absent(word, text)
        assert not host.namespaces or find.is_absent("203.0.113.99", text) or "/proc/net/" in text


def test_find_over_an_index_opens_only_what_may_have_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    captures = folder(tmp_path, 3)
    shutil.copy(ROOT / "fixtures/host/docker.netwrap", captures)
    (captures / "broken.netwrap").write_text("nothing that anybody knows\n")
    text = (captures / "host1.netwrap").read_text()
    (captures / "host1.netwrap").write_text(text[: len(text) * 2 // 3])  # ends too early
    opened: list[str] = []
    before = opening.skimmed

    def skimming(path: str, skip: Any) -> Any:
        opened.append(os.path.basename(path))
        return before(path, skip)

    monkeypatch.setattr(opening, "skimmed", skimming)

    def found(word: str) -> tuple[int, str, str]:
        opened.clear()
        status = main(["find", word, "--from", str(captures), "--format", "jsonl"])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    words = ["192.168.15.5", "203.0.113.99", "203.0.113.0/24", "fe80::1", "02:00:5e:00:00:99", "eth0", "1.0.0.0/8"]
    plain = [found(word) for word in words]
    assert len(opened) == 5
    asked_there = main(["sql", "hosts", "--from", str(captures)])
    capsys.readouterr()
    assert asked_there == 1 and [found(word) for word in words] == plain
    found("203.0.113.99")
    assert opened == ["broken.netwrap"]
    (captures / "host2.netwrap").write_text(Path(SAMPLE).read_text().replace("192.168.15.5", "203.0.113.99"))
    status, out, _ = found("203.0.113.99")
    assert opened == ["broken.netwrap", "host2.netwrap"] and status == 1 and '"203.0.113.99' in out


def test_an_index_that_another_process_writes_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    captures = folder(tmp_path, 2)
    assert main(["sql", "hosts", "--from", str(captures)]) == 0
    (captures / "host2.netwrap").write_text(Path(SAMPLE).read_text())
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path: connect(path, timeout=0.1))
    other = connect(tmp_path / "captures.netwrap-index", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    capsys.readouterr()
    assert main(["sql", "hosts", "--from", str(captures)]) == 1
    assert "netwrap: the index of the folder: database is locked: wait for" in capsys.readouterr().err
    other.execute("ROLLBACK")
    other.close()
    assert main(["sql", "hosts", "--from", str(captures)]) == 0


def test_report_and_commands_of_many_captures_are_those_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_source, "_FEW", 1)
    captures = folder(tmp_path, 4)
    (captures / "host3.netwrap").write_text("nothing that anybody knows\n")
    names = ["node7", *(f"node7 (host{number}.netwrap)" for number in (1, 2))]
    for words in (["report"], ["report", "--netns", "red", "--columns", "netns,links,mtu"], ["ip", "-4", "route"],
                  ["ip", "link", "--all-netns", "--columns", "netns,ifname,peer,@peer.mtu"]):  # fmt: skip
        assert main([*words, "--from", SAMPLE, "--format", "json"]) == 0
        alone = json.loads(capsys.readouterr().out)
        for form in ("jsonl", "json"):
            assert main([*words, "--from", str(captures), "--format", form]) == 1
            shown = capsys.readouterr()
            found = json.loads(shown.out) if form == "json" else [json.loads(line) for line in shown.out.splitlines()]
            assert found == [row if "--columns" in words else {"host": name, **row} for name in names for row in alone]
            assert shown.err.count("\n") == 1 and "host3.netwrap: neither a capture" in shown.err
    assert main(["report", "--from", str(captures)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["host", "netns", "nsid", "procs"] and len(lines) == 2 + 3 * 4
    assert main(["ip", "-n", "nosuch", "link", "--from", str(captures)]) != 0
    assert "nosuch" in capsys.readouterr().err


def test_two_folders_are_compared_host_by_host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path(SAMPLE).read_text()
    for day in ("before", "after"):
        (tmp_path / day).mkdir()
        for name in ("a", "b", "c", "d"):
            (tmp_path / day / f"{name}.netwrap").write_text(text.replace("\nnode7\n", f"\nnode-{name}\n"))
    before, after = tmp_path / "before", tmp_path / "after"
    packed = gzip.compress((after / "a.netwrap").read_bytes().replace(b"192.168.15.5", b"192.168.15.6"))
    (after / "a.netwrap.gz").write_bytes(packed)
    (after / "b.netwrap").rename(after / "renamed.netwrap")
    for path in (after / "a.netwrap", after / "c.netwrap"):
        path.unlink()
    (after / "d.netwrap").write_text("nothing that anybody knows\n")
    assert main(["diff", str(before), str(after)]) == 1
    shown = capsys.readouterr()
    assert "- node-c  host  host  node-c  4 namespaces" in shown.out.splitlines()
    assert {line.split()[1] for line in shown.out.splitlines() if line[0] in "+-~"} == {"node-a", "node-c"}
    assert "192.168.15.6" in shown.out and [line for line in shown.err.splitlines() if "d.netwrap: neither a capture" in line]
    assert main(["diff", str(before), str(after), "--format", "json", "--table", "address"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(row["host"], row["change"], row["table"]) for row in found][:2] == [
        ("node-a", "-", "address"),
        ("node-a", "+", "address"),
    ]
    (after / "d.netwrap").unlink()
    (before / "d.netwrap").unlink()
    assert main(["diff", str(before), str(before)]) == 0 and capsys.readouterr().out == ""


def sites(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(Path(SAMPLE).read_bytes()) if name.endswith(".gz") else Path(SAMPLE).read_bytes())


def test_folders_in_a_folder_of_captures_are_read_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sites(
        tmp_path / "mixed", "top.netwrap", "site a/r1.netwrap", "site a/r 2.netwrap.gz", "site\nb/deep/r1.txt", ".git/x.netwrap"
    )
    (tmp_path / "mixed/logs").mkdir()
    (tmp_path / "mixed/logs/syslog").write_text("nothing of ours\n")
    found = [os.path.relpath(path, tmp_path) for path in opening.captures_in(str(tmp_path / "mixed"))]
    assert found == ["mixed/top.netwrap", "mixed/site\nb/deep/r1.txt", "mixed/site a/r 2.netwrap.gz", "mixed/site a/r1.netwrap"]
    rows = asked(capsys, "select _host, _source, count(*) as links from link group by 1, 2", "--from", str(tmp_path / "mixed"))
    assert len(rows) == 4 and len({row["_host"] for row in rows}) == 4 and len({row["links"] for row in rows}) == 1
    sites(tmp_path / "sites", "a/x.netwrap", "b/x.netwrap")
    (tmp_path / "sites/empty").mkdir()
    assert len(opening.captures_in(str(tmp_path / "sites"))) == 2
    sites(tmp_path / "bundle", "a/x.netwrap")
    (tmp_path / "bundle/logs").mkdir()
    (tmp_path / "bundle/logs/syslog").write_text("nothing of ours\n")
    assert opening.captures_in(str(tmp_path / "bundle")) == []


def test_an_archive_of_packed_captures_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    captures = folder(tmp_path, 2)
    for path in list(captures.iterdir()):
        (captures / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    (captures / "notes.txt").write_text("nothing that anybody knows\n")
    archive = shutil.make_archive(str(tmp_path / "all"), "gztar", tmp_path, "captures")
    assert [row["_host"] for row in asked(capsys, "select _host from host", "--from", archive)] == ["node7", "node7 (all.tar.gz)"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_does_not_take_the_captures_beside_it_along(netwrap: Netwrap, tmp_path: Path) -> None:
    sites(tmp_path, "alpha.netwrap", "site/beta.netwrap")
    (tmp_path / "lost+found").mkdir(mode=0)
    done = netwrap("report", "--from", str(tmp_path), "--format", "json")
    assert {row["host"] for row in json.loads(done.stdout)} == {"node7", "node7 (beta.netwrap)"}
    assert (done.returncode, "lost+found: Permission denied" in done.stderr) == (1, True)


def test_captures_that_are_called_alike_are_compared_each_with_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for day in ("before", "after"):
        sites(tmp_path / day, "a/r.netwrap", "b/r.netwrap", "x.netwrap", "x.txt")
    changed = tmp_path / "after/b/r.netwrap"
    changed.write_text(changed.read_text().replace("192.168.15.5", "192.168.15.6"))
    (tmp_path / "after/x.txt").unlink()
    assert main(["diff", str(tmp_path / "before"), str(tmp_path / "after"), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {(row["host"], row["table"]) for row in found if row["table"] in ("address", "host")} == {
        (f"node7 ({changed})", "address"), ("node7 (x.txt)", "host"),
    }  # fmt: skip


# -- what docs/fleets.md promises ------------------------------------------------------------------------------------

DOCS = (ROOT / "docs/fleets.md").read_text()
COMMANDS = [line.strip() for block in re.findall(r"```\w*\n(.*?)```", DOCS, re.DOTALL) for line in block.split("\n")
            if line.startswith("netwrap ") and " > " not in line]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_is_one(command: str) -> None:
    from netwrap.commands.line import executes
    from netwrap.verbs import _options

    reader, verb = _options.front(shlex.split(command)[1:])
    options = _options.among(reader, verb, executes) if verb in _options.WRAPPED else _options.behind(reader, verb)
    assert verb in _options.VERBS
    if verb == "sql" and options.words and " " not in options.words[0]:
        assert options.words[0] in QUESTIONS


def test_the_page_documents_the_schema() -> None:
    kinds = {"text": "", "flag": " bool"}
    for name, table in schema.TABLES.items():
        columns = ", ".join(f"`{it.name}`{kinds.get(it.type, ' ' + it.type)}" for it in table.columns)
        assert f"| `{name}` | {table.summary} | {columns} |" in DOCS
    assert f"## The tables, version {schema.VERSION}\n" in DOCS


def test_the_lines_for_dask_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("dask.bag")
    folder(tmp_path, 2).rename(tmp_path / "today")
    monkeypatch.chdir(tmp_path)
    [code] = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)
    exec(code.replace(".compute()", ".compute(scheduler='sync')").replace("== 1450", "== 65536"), {})
    assert capsys.readouterr().out == "[('node7', 8)]\n"


# -- the fleet of the benchmark --------------------------------------------------------------------------------------


def test_planted_faults_are_found_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench = runpy.run_path(str(ROOT / "tests/bench/fleet.py"))
    planted = bench["Fleet"](4, 8, 7)
    source = str(tmp_path / "fleet")
    bench["write"](planted, tmp_path / "fleet")
    found = {question: {tuple(row[key] for key in keys) for row in asked(capsys, question, "--from", source)}
             for question, keys in bench["KEYS"].items()}  # fmt: skip
    assert bench["missed"](found, planted.expected()) == []
    assert main(["check", "--without", "N01", "--from", source, "--format", "json"]) == 1
    assert bench["missed"](bench["checked"](json.loads(capsys.readouterr().out)), planted.expected_findings()) == []
    rows = asked(capsys, "select id, _host as host, _netns as netns from finding where id <> 'N01'", "--from", source)
    assert bench["missed"](bench["checked"](rows), planted.expected_findings()) == []
    twin = next(iter(planted.duplicates))
    (tmp_path / f"fleet/{bench['name'](twin[0])}.netwrap.gz").unlink()  # its twin is alone now
    rows = asked(capsys, "select id, _host as host, _netns as netns from finding where id <> 'N01'", "--from", source)
    place = (bench["name"](planted.duplicates[twin][0]), f"ns{planted.duplicates[twin][1]}")
    assert place not in bench["checked"](rows).get("A02", set())
    assert main(["export", source, "--table", "finding"]) == 0
    exported = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len([row for row in exported if row["id"] != "N01"]) == len(rows)


def captured(host: str, **texts: str) -> str:
    """A capture of a host with one namespace: what the commands printed, in JSON or as text."""
    commands = {"links": "ip -d -s link show", "addresses": "ip -d -s address show", "routes": "ip -4 -d -s route show table all",
                "neighs": "ip -d -s neigh show nud all", "sockets": "ss -H -lntup", "settings": "sysctl -a"}  # fmt: skip
    parts = [("-", "hostname", host), ("-", "namespaces", "4026531840\tself\tx\n4026531840\tpid\t1 init")]
    for name, text in texts.items():
        parts.append(("4026531840", commands[name].replace("ip ", "ip -j " if text.startswith("[") else "ip "), text))
    text = "".join(f"@test-0000 begin {key} {command}\n{said}\n@test-0000 end 0\n" for key, command, said in parts)
    return f"netwrap capture 1 test-0000\n{text}@test-0000 done {len(parts)}\n"


def test_each_question_finds_its_fault_and_nothing_on_a_sound_host(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    def link(number: int, mac: str, flags: str = "UP,LOWER_UP", mtu: int = 1500) -> str:
        state = "UP" if "LOWER" in flags else "DOWN"
        return (f"{number}: eth{number}: <BROADCAST,MULTICAST,{flags}> mtu {mtu} qdisc noqueue state {state} group default\n"
                f"    link/ether {mac} brd ff:ff:ff:ff:ff:ff promiscuity 0\n")  # fmt: skip

    def address(number: int, local: str) -> str:
        return f"    inet {local} scope global eth{number}\n       valid_lft forever preferred_lft forever\n"

    one, two = link(1, "02:00:00:00:0a:01"), link(2, "02:00:00:00:0a:02", "NO-CARRIER,UP", 9000)
    (tmp_path / "a.netwrap").write_text(captured(
        "a", links=one + two, addresses=one + address(1, "10.0.0.1/24") + two,
        routes="default via 10.0.9.9 dev eth1\n10.0.0.0/24 dev eth1 proto kernel scope link src 10.0.0.1\n"
               "10.0.0.64/26 via 10.0.0.3 dev eth1",
        neighs="10.0.0.2 dev eth1 FAILED\n10.0.0.3 dev eth1 lladdr 02:00:00:00:0c:01 REACHABLE",
        sockets='tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=7,fd=3))\ntcp LISTEN 0 9 127.0.0.1:25 0.0.0.0:*',
        settings="net.ipv4.ip_forward = 1",
    ))  # fmt: skip
    one, two = link(1, "02:00:00:00:0b:01"), link(2, "02:00:00:00:0a:01")
    (tmp_path / "b.netwrap").write_text(captured(
        "b", links=one + two, addresses=one + address(1, "10.0.1.1/24") + two + address(2, "10.0.2.1/24"),
        routes="default via 10.0.1.9 dev eth1\n10.0.1.0/24 dev eth1 proto kernel scope link src 10.0.1.1",
        neighs="10.0.1.9 dev eth1 lladdr 02:00:00:00:0d:01 REACHABLE", settings="net.ipv4.ip_forward = 1",
        sockets="tcp LISTEN 0 9 127.0.0.1:25 0.0.0.0:*",
    ))  # fmt: skip
    source = ["--from", str(tmp_path / "a.netwrap"), "--from", str(tmp_path / "b.netwrap")]

    def found(question: str, *columns: str, operand: str = "") -> list[tuple[Any, ...]]:
        rows = asked(capsys, question, *filter(None, [operand]), *source)
        return [tuple(row[column] for column in columns) for row in rows]

    assert found("duplicate-macs", "mac", "times", "first", "last") == [
        ("02:00:00:00:0a:01", 2, "a (root) eth1", "b (root) eth2")]  # fmt: skip
    assert found("duplicate-addresses", "local") == []
    assert found("mtu", "mtu", "links", "hosts") == [(1500, 3, 2), (9000, 1, 1)]
    assert found("down-links", "host", "ifname") == [("a", "eth2")]
    assert found("forwarding", "host", "netns", "links") == [("a", "(root)", 1)]
    assert found("listeners-everywhere", "host", "local_port", "process", "pid") == [("a", 22, "sshd", 7)]
    assert found("failed-neighbours", "host", "dst", "dev") == [("a", "10.0.0.2", "eth1")]
    assert found("neighbour-pressure", "host", "family", "entries", "failed") == [("a", "inet", 2, 1), ("b", "inet", 1, 0)]
    assert found("gateways-nobody-has", "host", "gateway") == [("a", "10.0.9.9")]
    assert found("who-routes", "host", "dst", "gateway", operand="10.0.0.77") == [
        ("a", "10.0.0.64/26", "10.0.0.3"), ("a", "10.0.0.0/24", None), ("a", "default", "10.0.9.9"), ("b", "default", "10.0.1.9"),
    ]  # fmt: skip
    assert found("who-has", "role", "host", "dev", operand="10.0.0.3") == [("neighbour", "a", "eth1")]
    assert found("who-has", "role", "host", "dev", "mac", operand="10.0.1.1") == [("owner", "b", "eth1", "02:00:00:00:0b:01")]
    assert found("hosts", "host", "namespaces") == [("a", 1), ("b", 1)]
    assert [row[:2] for row in found("findings", "id", "hosts") if row[0] == "R02"] == [("R02", 1)]


def facts_of(host: str, links: str, neighs: str = "[]") -> Host:
    """A host with a name, links and neighbours of its root namespace."""
    made = build([Section("", "namespaces", "4026531840\tself\tx"), Section("4026531840", "ip -j -d address", links),
                  Section("4026531840", "ip -j neigh", neighs)])  # fmt: skip
    made.name = host
    return made


def uplink(local: str, mac: str) -> str:
    return json.dumps([{"ifindex": 2, "ifname": "eth0", "flags": ["UP", "LOWER_UP"], "operstate": "UP", "address": mac,
                        "linkinfo": {}, "addr_info": [{"family": "inet", "local": local, "prefixlen": 24}]}])  # fmt: skip


def tunnel(port: int, local: str, mac: str) -> str:
    return json.dumps([{"ifindex": 3, "ifname": "flannel.1", "flags": ["UP", "LOWER_UP"], "operstate": "UNKNOWN", "address": mac,
                        "linkinfo": {"info_kind": "vxlan", "info_data": {"id": 1, "port": port}},
                        "addr_info": [{"family": "inet", "local": local, "prefixlen": 32}]}])  # fmt: skip


def told(hosts: list[Host], id: str) -> list[tuple[str, str, str]]:
    return [(one.host, one.severity, one.what) for one in check.check(hosts, only=[id])]


def test_one_address_on_the_uplinks_of_several_hosts() -> None:
    a, b, c, d = (facts_of(name, uplink(local, f"02:00:00:00:00:0{name}")) for name, local in
                  (("a", "10.0.0.1"), ("b", "10.0.0.1"), ("c", "10.0.0.3"), ("d", "10.0.0.1")))  # fmt: skip
    assert told([a, c], "A02") == []
    two = [
        ("a", "error", "10.0.0.1 is on eth0 of a and on eth0 of b"),
        ("b", "error", "10.0.0.1 is on eth0 of b and on eth0 of a"),
    ]
    assert told([a, b, c], "A02") == two
    assert told([a, b, c, d], "A02")[0][2] == "10.0.0.1 is on eth0 of a and on eth0 of b and 1 more"
    assert [one.evidence[1]["text"] for one in check.check([a, b], only=["A02"])] == ["10.0.0.1/24"] * 2


def test_states_of_one_host_are_no_duplicates_of_each_other(tmp_path: Path, netwrap: Netwrap) -> None:
    """r1 twice and r3, which has its address: r1 again has another one, and a third host called r1 has other MACs."""

    def capture(place: str, hostname: str, local: str, *macs: str, permanent: str = "") -> None:
        links = [{"ifindex": at, "ifname": f"eth{at}", "link_type": "ether", "address": mac, "flags": ["UP", "LOWER_UP"],
                  "operstate": "UP", "mtu": 1500, "addr_info": []} for at, mac in enumerate(macs, 1)]  # fmt: skip
        links[0]["addr_info"] = [{"family": "inet", "local": local, "prefixlen": 24, "scope": "global"}]
        if permanent:  # as a port of a bond, it has the MAC of the bond
            links[1].update(permaddr=permanent)
        veth = f"02:{len(place):02x}:00:00:00:9{hostname[1]}"
        links.append({"ifindex": 9, "ifname": "v9", "link_type": "ether", "address": veth,
                      "linkinfo": {"info_kind": "veth"}, "flags": [], "addr_info": []})  # fmt: skip
        (tmp_path / place).mkdir(exist_ok=True)
        text = captured(hostname, links=json.dumps(links), addresses=json.dumps(links))
        (tmp_path / place / f"{hostname}.netwrap").write_text(text)

    mac = "02:00:00:00:00:0{}".format
    capture("monday", "r1", "10.0.0.1", mac(1), mac(2))
    capture("tuesday", "r1", "10.0.0.2", mac(1), mac(1), permanent=mac(2))
    known = "netwrap: captures of one host, taken as its states: r1, r1 (r1.netwrap)\n"
    sources = ["--from", str(tmp_path / "monday"), "--from", str(tmp_path / "tuesday"), "--format", "jsonl"]
    for question in ("duplicate-addresses", "duplicate-macs", "select what from finding where across"):
        said = netwrap("sql", question, *sources)
        assert (said.returncode, said.stdout, said.stderr) == (0, "", known)
    said = netwrap("check", "--only", "A02", *sources)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", known)
    said = netwrap("sql", "changed-hosts", *sources)
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    assert [(row["host"], row["kind"], row["what"], row["captures"], row["states"], row["example"]) for row in rows] == [
        ("r1", "address", "10.0.0.1 dev eth1", 1, 2, "r1"), ("r1", "address", "10.0.0.2 dev eth1", 1, 2, "r1 (r1.netwrap)"),
    ]  # fmt: skip
    assert said.stderr == known

    capture("tuesday", "r3", "10.0.0.1", mac(3))
    capture("other", "r1", "10.0.0.2", mac(1), mac(7))  # the first link of machines made from one image
    sources += ["--from", str(tmp_path / "other")]
    rows = [json.loads(line) for line in netwrap("sql", "duplicate-addresses", *sources).stdout.splitlines()]
    assert [(row["local"], row["times"]) for row in rows] == [("10.0.0.1", 2), ("10.0.0.2", 2)]
    rows = [json.loads(line) for line in netwrap("sql", "duplicate-macs", *sources).stdout.splitlines()]
    assert [(row["mac"], row["times"]) for row in rows] == [(mac(1), 3)]
    said = netwrap("check", "--only", "A02", *sources)
    found = {json.loads(line)["what"] for line in said.stdout.splitlines()}
    other = f"r1 ({tmp_path}/other/r1.netwrap)"
    assert said.returncode == 1 and said.stderr == known and found == {
        "10.0.0.1 is on eth1 of r1 and on eth1 of r3", "10.0.0.1 is on eth1 of r3 and on eth1 of r1",
        f"10.0.0.2 is on eth1 of r1 (r1.netwrap) and on eth1 of {other}",
        f"10.0.0.2 is on eth1 of {other} and on eth1 of r1 (r1.netwrap)",
    }  # fmt: skip


def test_the_tunnel_that_differs_from_most_is_told_once() -> None:
    hosts = [facts_of(name, tunnel(port, f"10.244.{port}.0", "02:00:00:00:00:01")) for name, port in
             (("a", 8472), ("b", 4789), ("c", 8472))]  # fmt: skip
    what = "flannel.1 (VNI 1) uses UDP port 4789, flannel.1 of a and 1 more use 8472"
    assert told(hosts, "B08") == [("b", "error", what)]
    assert told(hosts[:2], "B08") == [("a", "error", "flannel.1 (VNI 1) uses UDP port 8472, flannel.1 of b uses 4789")]
    assert told([hosts[0], hosts[2]], "B08") == []


@pytest.mark.parametrize("backwards", [False, True])
def test_a_neighbour_at_another_mac_than_the_owners_on_another_host(backwards: bool) -> None:
    neigh = {"dst": "10.244.2.0", "dev": "flannel.1", "lladdr": "02:00:00:00:00:09", "state": ["PERMANENT"]}
    right = {**neigh, "lladdr": "02:00:00:00:00:02"}
    b = facts_of("b", tunnel(8472, "10.244.2.0", "02:00:00:00:00:02"))
    wrong, fine = (facts_of("a", tunnel(8472, "10.244.1.0", "02:00:00:00:00:01"), json.dumps([one])) for one in (neigh, right))
    what = "a has a permanent entry 10.244.2.0 at 02:00:00:00:00:09; its owner b has 02:00:00:00:00:02"
    assert told([b, wrong] if backwards else [wrong, b], "H01") == [("a", "error", what)]
    assert told([b, fine] if backwards else [fine, b], "H01") == []


def test_check_asks_each_of_many_captures_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    captures = folder(tmp_path, 2)
    (captures / "host2.netwrap").write_text("nothing that anybody knows\n")
    assert main(["check", "--from", str(captures), "--format", "json"]) == 1
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert "host2.netwrap: neither a capture" in shown.err and shown.err.count("neither a capture") == 1
    hosts = {"node7": "host0.netwrap", "node7 (host1.netwrap)": "host1.netwrap"}
    assert {one["host"] for one in found} == set(hosts)
    for one in found:
        sources = {os.path.basename(quote["source"]) for quote in one["evidence"] if quote["line"]}
        assert sources <= (set(hosts.values()) if one["id"] == "A02" else {hosts[one["host"]]})
