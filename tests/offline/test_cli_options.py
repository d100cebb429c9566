"""The table of options: every option with every verb does something, or is refused; nothing swallows a word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rooms import ROOT, Netwrap

from netwrap.cli import main
from netwrap.errors import UsageError
from netwrap.verbs import _options
from netwrap.verbs._options import ALL, VERBS, WRAPPED, Options

SAMPLE = str(ROOT / "fixtures" / "host" / "sample.netwrap")
OTHER = str(ROOT / "fixtures" / "host" / "router.netwrap")
ROUTES = "default via 10.0.0.254 dev eth0 metric 100\n10.0.0.0/24 dev eth0 scope link\n10.9.0.0/16 dev eth10 metric 20\n"
SESSION = str(ROOT / "fixtures" / "session" / "walkthrough.txt")
# A call of each verb that prints a table without a look at this host, with what it can be given as a value of each option.
CALLS: dict[str, list[str]] = {
    "ip": ["ip", "route"],
    "arp": ["arp", "-n"],
    "route": ["route", "-n"],
    "bridge": ["bridge", "fdb"],
    "report": ["report"],
    "find": ["find", "lo"],
}
VALUES = {
    "--format": "csv", "--columns": "netns", "--where": "netns=none", "--sort": "-netns", "--netns": "blue", "--from": OTHER,
    "--limit": "1",
}  # fmt: skip
# What an option needs beside itself to have an effect.
WITH = {"--uniq": ["--columns", "unparsed"], "--exit-status": ["--where", "netns=none"]}
#: Tried in test_cli_terminal.py: they make no difference where nothing is cut and no pager runs.
ON_A_TERMINAL = {"--wide", "--no-pager"}
# Calls of the verbs that take no namespace, and values that have an effect with each.
CALLS_OF_OTHERS = (
    ["trace", "--all", "--from", SAMPLE], ["diff", SAMPLE, OTHER], ["diff", SAMPLE, OTHER, "--format", "csv"],
    ["check", "--from", SAMPLE], ["check", "--explain", "R02"], ["sql", "--tables"], ["sql"],
    ["sql", "select * from link", "--from", SAMPLE], ["export", "--from", SAMPLE], ["export", SAMPLE],
    ["topology", "--from", SAMPLE], ["topology", "--format", "svg", "--from", SAMPLE], ["parse", SESSION],
    ["lab", "show", "bridge"], ["lab", "show"], ["capture", "--script"],
)  # fmt: skip
VALUES_OF_OTHERS = {
    "--format": ("json", "svg", "jsonl", "yaml"), "--columns": ("dst", "ifname", "table", "question"), "--from": (OTHER,),
    "--where": ("dst=default", "ifname=lo", "table=link", "question~^d", "from=red"),
    "--sort": ("-dst", "-ifname", "-table", "to", "-question"),
    "--color": ("always",), "--via": ("false",), "--table": ("link",), "--only": ("L*", "bridge"), "--without": ("A*", "R*"),
    "--level": ("error",), "--explain": ("R02",), "--path": ("red",), "--proto": ("tcp",),
}  # fmt: skip
#: With these calls they change nothing that is printed; each has a test of its own.
ELSEWHERE = {"--identity", "--unfold", "--around", "--keep-going", "--uniq", "--exit-status", "--watch", "--until", "--accept",
             "--raw", "--output", "--proto", "--port", "--wide", "--no-pager", "--color", "--depth"}  # fmt: skip


def said(verb: str, *words: str) -> Options:
    """The options of a command line whose verb is ``verb``."""
    reader, found = _options.front([*verb.split(), *words])
    assert found == verb.split()[0]
    return _options.behind(reader, found)


def test_every_option_has_a_place_to_go_and_a_text() -> None:
    blank = Options()
    for option in ALL:
        assert hasattr(blank, option.key), option.name
        assert option.text and set(option.verbs) <= set(VERBS), option.name
        assert not option.short or {it.name for it in ALL if it.short == option.short} <= {option.name, "--output", "--format"}


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in WRAPPED and verb != "lab"])
@pytest.mark.parametrize("option", ALL, ids=lambda option: option.name)
def test_every_option_with_every_verb(verb: str, option: _options.Option) -> None:
    option = next((other for other in ALL if other.name == option.name and verb in other.verbs), option)
    first = option.words[:1]
    values = {"number": first, "choice": first, "optional": first, "pause": ["5"]}.get(option.kind, ["x"])
    value = list(values) if option.value else []
    operands = ["x"] * VERBS[verb].least
    obeyed = any(verb in other.verbs for other in ALL if other.name == option.name)
    for words in (([option.name, *value], verb.split(), operands), ([], verb.split(), [*operands, option.name, *value])):
        reader, found = _options.front([*words[0], *words[1], *words[2]])
        if obeyed:
            options = _options.behind(reader, found)
            assert [given.name for given in options.given] == [option.name] and options.words == operands
        else:
            with pytest.raises(UsageError, match=f"{option.name} makes no sense for {verb}"):
                _options.behind(reader, found)


@pytest.mark.parametrize("verb", CALLS)
@pytest.mark.parametrize("option", sorted({option.name for option in ALL} - ON_A_TERMINAL))
def test_every_option_has_an_effect_or_is_refused(capsys: pytest.CaptureFixture[str], verb: str, option: str) -> None:
    call = [*CALLS[verb], "--from", SAMPLE]
    netns = [] if option in ("--netns", "--all-netns") else ["--netns", "*", *WITH.get(option, ())]
    assert main([*call, *netns]) == 0
    plain = capsys.readouterr().out
    value = [VALUES.get(option, "5")] if any(it.value for it in ALL if it.name == option) else []
    value = ["ifname"] if (verb, option) == ("bridge", "--sort") else value
    status = main([option, *value, *call, *netns])
    found = capsys.readouterr()
    refused = status != 0 and (found.err.startswith("netwrap: ") or option == "--exit-status")
    assert refused or found.out != plain or option == "--verbose" and found.err.endswith(": everything was understood\n")


@pytest.mark.parametrize("call", CALLS_OF_OTHERS, ids=" ".join)
def test_every_option_of_other_verbs_has_an_effect_or_is_refused(capsys: pytest.CaptureFixture[str], call: list[str]) -> None:
    verb = " ".join(call[:2]) if call[0] == "lab" else call[0]
    main(call)
    plain = capsys.readouterr()
    for option in ALL:
        if verb not in option.verbs or option.name in (*ELSEWHERE, *call):
            continue
        values = VALUES_OF_OTHERS.get(option.name, ("5",)) if option.value else ("",)
        found = []
        for value in values:
            main([*call, option.name, *([value] if value else [])])
            found.append(capsys.readouterr())
        assert any(one != plain for one in found), option.name
        assert all(one.err.startswith("netwrap: ") for one in found if not one.out), option.name


@pytest.mark.parametrize(
    ("call", "ignored"),
    [
        # one way and two captures are no tables, and `--all` sends no single packet
        (
            ["trace", "red", "blue", "--from", SAMPLE],
            "columns=a where=a=1 sort=a limit=1 count uniq exit-status no-header raw wide color=always no-pager format=csv",
        ),
        (["trace", "--all", "--from", SAMPLE], "sport=1 source=10.0.0.1 mark=1 size=99 one-way probe"),
        (["trace", "red", "blue", "--from", SAMPLE, "--proto", "icmp"], "port=1 sport=1"),
        (["diff", SAMPLE, OTHER], "via=x show-commands dry-run at=1 watch=1 exit-status wide color=always no-pager raw"),
        (["report", "--from", SAMPLE], "at=1 at=2"),
        (["report", "--from", SAMPLE], "raw"),
        (["check", "--from", SAMPLE], "at=1"),
        (["check", "--explain", "R02"], f"from={SAMPLE} only=L* level=error format=json"),
        (["export", "--from", SAMPLE], "at=1"),
        (["export", SAMPLE], "show-commands dry-run"),
        (["sql", "select 1", "--from", SAMPLE], "at=1"),
        (["sql", "--tables"], f"from={SAMPLE} via=x show-commands"),
        (["topology", "--from", SAMPLE, "--format", "svg"], "ascii"),
        (["lab", "show"], "toml sh format=svg"),
        (["capture", "--script"], "quick no-json timeout=5 via=x show-commands"),
    ],
)
def test_an_option_that_could_do_nothing_is_refused(capsys: pytest.CaptureFixture[str], call: list[str], ignored: str) -> None:
    for text in ignored.split():
        name, _, value = text.partition("=")
        assert main([*call, f"--{name}", *([value] if value else [])]) == 2, text
        found = capsys.readouterr()
        assert found.out == "" and found.err.count("\n") == 1 and found.err.startswith("netwrap: "), (text, found)


@pytest.mark.parametrize("option", [["--count"], ["--limit", "1"], ["--uniq"], ["--no-header"]])
def test_a_diff_that_is_asked_for_as_a_table_is_one(capsys: pytest.CaptureFixture[str], option: list[str]) -> None:
    assert main(["diff", SAMPLE, OTHER]) == 1
    plain = capsys.readouterr().out
    assert main(["diff", SAMPLE, OTHER, *option]) == 1
    assert capsys.readouterr().out not in ("", plain)
    assert main(["diff", SAMPLE, SAMPLE, "--count"]) == 0 and capsys.readouterr().out == "0\n"


def test_the_run_that_is_asked_for_must_be_there(netwrap: Netwrap, tmp_path: Path) -> None:
    path = tmp_path / "twice.txt"
    path.write_text("$ ip r\ndefault via 192.0.2.254 dev eth0\n$ ip r\n10.0.0.0/8 dev eth1\n")
    assert netwrap("report", "--from", str(path), "--at", "2").returncode == 0
    done = netwrap("report", "--from", str(path), "--at", "3")
    assert (done.returncode, done.stderr) == (
        2,
        f"netwrap: {path}: no command ran more than 2 times: --at 3 makes no sense here\n",
    )
    path.write_text("$ ip r\ndefault via 192.0.2.254 dev eth0\n")
    assert "no command ran twice" in netwrap("report", "--from", str(path), "--at", "1").stderr


def test_nothing_swallows_the_next_word(netwrap: Netwrap) -> None:
    options = said("find", "10.0.0.1", "--netns", "web")
    assert (options.words, options.netns) == (["10.0.0.1"], ["web"])
    done = netwrap("--netns", "red", "--from", SAMPLE, "find", "lo", "--format", "json")
    assert {place["netns"] for place in json.loads(done.stdout)} == {"red"}
    for words in (["--netns", "--format", "json"], ["--format"], ["--where"]):
        with pytest.raises(UsageError, match=f"{words[0]} takes a value: [A-Z]+"):
            said("report", *words)
    with pytest.raises(UsageError, match="--no-header takes no value"):
        said("report", "--no-header=yes")


def test_options_add_up_or_the_last_counts() -> None:
    options = said("report", "--columns", "a", "--columns=b, c", "--sort", "-a", "--sort", "b", "--format=json",
                   "--format", "csv", "--from", "one", "--from", "two", "--where", "a=1", "--where", "b=-2")  # fmt: skip
    assert (options.columns, options.sort, options.format) == (["a", "b", "c"], ["-a", "b"], "csv")
    assert (options.source, options.where) == (["one", "two"], ["a=1", "b=-2"])


def test_short_options_stand_in_front_of_a_wrapped_command() -> None:
    reader, verb = _options.front(
        ["-o", "json", "-c", "dst", "-W", "dev=lo", "-S", "-dst", "-n", "red", "ip", "-c", "-o", "-s", "link"]
    )
    options = _options.among(reader, verb, lambda words: False)
    assert (options.format, options.columns, options.where, options.sort, options.netns) == (
        "json",
        ["dst"],
        ["dev=lo"],
        ["-dst"],
        ["red"],
    )
    assert options.words == ["ip", "-c", "-o", "-s", "link"]
    assert said("capture", "-o", "file").output == "file"
    assert said("report", "-o", "csv").format == "csv"


def test_a_double_dash_ends_our_options() -> None:
    from netwrap.commands.line import executes

    def among(*words: str) -> Options:
        reader, verb = _options.front(words)
        return _options.among(reader, verb, executes)

    options = among("ip", "netns", "exec", "web", "sh", "-c", "echo hi", "--dry-run")
    assert (options.dry_run, options.words) == (True, ["ip", "netns", "exec", "web", "sh", "-c", "echo hi"])
    options = among("ip", "--dry-run", "netns", "exec", "web", "--", "grep", "--format", "x", "--")
    assert (options.dry_run, options.format, options.words) == (
        True,
        None,
        ["ip", "netns", "exec", "web", "grep", "--format", "x", "--"],
    )
    options = among("ip", "netns", "exec", "web", "sh", "-c", "x", "--", "--dry-run")
    assert (options.dry_run, options.words[-2:]) == (False, ["--", "--dry-run"])
    assert said("parse", "--", "--format").words == ["--format"]


def test_wrong_words_are_named_with_what_is_like_them(netwrap: Netwrap) -> None:
    for words, wanted in (
        (["reprot"], "unknown command 'reprot'; did you mean 'report'?"),
        (["lab", "upp"], "unknown command 'lab upp'; did you mean 'up'?"),
        (["report", "--colums", "a"], "unknown option --colums; did you mean '--columns'?"),
        (["--formt", "json", "report"], "unknown option --formt; did you mean '--format'?"),
        (["report", "bleu", "--from", SAMPLE], "no namespace 'bleu' in"),
        (["report", "bleu", "--from", SAMPLE], "; did you mean 'blue'?"),
        (["help", "finde"], "did you mean 'find'?"),
        (["help", "lab", "upp"], "no help for 'lab upp'; did you mean 'lab up'?"),
        (["ip", "link", "--fromat", "json"], "unknown option --fromat; did you mean '--format'?"),
        (["ip", "link", "-l", "2"], "-l stands in front of ip; behind it, write --limit"),
        (["--color", "alwyas", "report"], "--color takes always, auto, never, not 'alwyas'; did you mean 'always'?"),
        (["topology", "--format", "svgg"], "not 'svgg'; did you mean 'svg'?"),
        (["topology", "--format", "gif"], "--format takes one of text, svg, html, png, mermaid, dot, d2, json, not 'gif'"),
        (["check", "--level", "bad"], "--level takes one of error, warning, note, not 'bad'"),
        (["check", "--level"], "--level takes a value: LEVEL"),
        (
            ["check", "--only", "L5"],
            "no check 'L5'; did you mean 'L15'?; docs/checks.md lists all, of the areas L*, A*, R*, ",
        ),
        (["report", "--form", SAMPLE], "unknown option --form; did you mean '--from'?"),
        (["capture", "--format", "json"], "--format makes no sense for capture; see netwrap capture --help"),
        (["topology", "-o", "svg"], "--output (-o) takes a file, and 'svg' is a format: --format svg --output FILE"),
        (["report", "-o", "x.json"], "and 'x.json' is a file; to save the table, redirect it: > FILE"),
        (["trace", "red", "blue", "-o", "x.svg", "--from", OTHER], "and 'x.svg' is a file; did you mean --output x.svg?"),
        (["trace", "red", "10.0.0.1/8", "--from", OTHER], "'10.0.0.1/8' is a prefix: write 10.0.0.1"),
        (["parse", "ip", "route"], "parse takes a command as one word, in quotes: netwrap parse 'ip ...' FILE"),
        (["sql", "link", "--from", SAMPLE], "'link' is a table: netwrap sql 'select * from link'"),
        (["find", "a", "b"], "find takes only WHAT, not 'b'"),
        (["find", "port", "22"], "find takes only WHAT; did you mean 'netwrap find :22'?"),
        (["who", "has", "10.0.0.5"], "unknown command 'who'; did you mean 'netwrap find 10.0.0.5'?; see netwrap --help"),
        (["ping", "red", "blue"], "unknown command 'ping'; did you mean 'netwrap trace red blue'?"),
        (["show", "routes"], "unknown command 'show'; did you mean 'netwrap ip route'?"),
        (["web", "ip", "a"], "unknown command 'web'; did you mean 'netwrap -n web ip a'?"),
        (["netwrap", "ip", "a"], "unknown command 'netwrap'; did you mean 'netwrap ip a'?"),
        (["ports"], "unknown command 'ports'; did you mean 'ss -tlnp'?"),
        (["report", "--color", "maybe"], "--color takes always, auto, never, not 'maybe'"),
        (["--color", "sometimes", "report"], "--color takes always, auto, never, not 'sometimes'"),
        (["ip", "link", "--color", "sometimes"], "--color takes always, auto, never, not 'sometimes'"),
        (["diff", "aa.txt", "bb.txt"], "there is no file 'aa.txt', and no namespace 'aa.txt' here"),
        (["lab", "show", "bridge", "--toml", "-o", "x.toml"], "--output saves a picture; --toml prints: redirect it with > FILE"),
        (["--versoin"], "unknown option --versoin; did you mean '--version'?"),
        (["report", "--hlep"], "unknown option --hlep; did you mean '--help'?"),
        (["completion", "bsah"], "completion takes bash, zsh, fish or man, not 'bsah'; did you mean 'bash'?"),
        (["parse", "ip_lnik", "x"], "there is no file 'ip_lnik', and it is no command; did you mean 'ip_link'?"),
        (["lab", "up", "brigde", "--dry-run"], "there is no lab 'brigde'; did you mean 'bridge'?"),
        (["ip", "-s", "link", "--where", "drops>0"], "unknown column 'drops'; did you mean 'rx_dropped' or 'tx_dropped'?"),
        (["capture", "--timeout", "0"], "--timeout takes a whole number from 1 to 86400"),
        (["--all-netns", "--netns", "red", "ip", "link"], "--netns and --all-netns do not go together"),
    ):
        done = netwrap(*words)
        assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1 and wanted in done.stderr, done


def test_wrong_names_of_a_host_are_named_with_what_is_like_them(netwrap: Netwrap, tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text("[namespaces.red]\nadresses = []\n")
    for words, wanted in (
        (["-f", SAMPLE, "-n", "red", "ip", "link", "show", "dev", "veth-rde"],
         "Device \"veth-rde\" does not exist in this capture; did you mean 'veth-red'?"),
        (["find", "veth-rde", "-f", SAMPLE], f"veth-rde is nowhere in {SAMPLE}; did you mean 'veth-red'?"),
        (["ip", "link", "show", "dev", "lo0"], 'ip -j link show dev lo0: Device "lo0" does not exist; did you mean \'lo\'?'),
        (["lab", "show", "brigde"], "there is no lab 'brigde'; did you mean 'bridge'?"),
        (["lab", "show", str(tmp_path / "wrong.toml")], "adresses: there is no such key; did you mean 'addresses'?; allowed"),
    ):  # fmt: skip
        done = netwrap(*words)
        assert done.returncode and done.stdout == "" and done.stderr.count("\n") == 1 and wanted in done.stderr, done


def test_globs_of_namespaces(netwrap: Netwrap, tmp_path: Path) -> None:
    done = netwrap("--from", SAMPLE, "--netns", "[rb]*", "ip", "link", "--columns", "netns", "--format", "csv", "--no-header")
    assert set(done.stdout.split()) == {"red", "blue"}, done
