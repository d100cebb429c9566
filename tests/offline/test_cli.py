"""The command line: its output, its one-line errors, and its exit status."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fixture_files import FIXTURES, read, stored
from rooms import ROOT, Netwrap

import netwrap as package

ROUTES = "default via 10.0.0.254 dev eth0 metric 100\n10.0.0.0/24 dev eth0 scope link\n10.9.0.0/16 dev eth10 metric 20\n"
LINKS = FIXTURES / "ip_link" / "iproute2-6.6.0"


def one_line(done: subprocess.CompletedProcess[str], status: int, *parts: str) -> None:
    """A failure is one line that says ``netwrap: ...`` with these parts, nothing on standard output, and its status."""
    assert done.stdout == "" and done.stderr.count("\n") == 1, (done.stdout, done.stderr)
    assert done.stderr.startswith("netwrap: ")
    assert done.returncode == status, done.stderr
    for part in parts:
        assert part in done.stderr


def test_overview_and_version(netwrap: Netwrap) -> None:
    for words in ((), ("--help",), ("-h",), ("help",)):
        done = netwrap(*words)
        assert done.returncode == 0 and "--all-netns" in done.stdout and "example: " in done.stdout
    assert netwrap("--version").stdout == f"netwrap {package.__version__}\n"


def verbs() -> list[str]:
    from netwrap.verbs._options import VERBS

    return list(VERBS)


@pytest.mark.parametrize("verb", verbs())
def test_help_of_every_verb_shows_an_example(netwrap: Netwrap, verb: str) -> None:
    done = netwrap(*verb.split(), "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert "example" in done.stdout and netwrap("help", *verb.split()).stdout == done.stdout
    assert f"netwrap {verb}" in done.stdout or f"netwrap --all-netns {verb}" in done.stdout or f" {verb} " in done.stdout


# -- tables --------------------------------------------------------------------------------------------------------


def test_a_table_of_text_from_standard_input(netwrap: Netwrap) -> None:
    done = netwrap("parse", "ip route", given=ROUTES)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.splitlines() == [
        "dst          gateway     dev    scope      metric",
        "-----------  ----------  -----  -------  --------",
        "default      10.0.0.254  eth0                 100",
        "10.0.0.0/24              eth0   link",
        "10.9.0.0/16              eth10                 20",
    ]


def test_formats(netwrap: Netwrap) -> None:
    records = json.loads(netwrap("parse", "ip route", "--format", "json", given=ROUTES).stdout)
    assert records[1] == {"dst": "10.0.0.0/24", "dev": "eth0", "scope": "link", "flags": []}
    lines = netwrap("parse", "ip route", "--format", "jsonl", given=ROUTES).stdout.splitlines()
    assert [json.loads(line) for line in lines] == records
    csv = netwrap("parse", "ip route", "--format", "csv", "--columns", "dst,dev", given=ROUTES).stdout
    assert csv == "dst,dev\ndefault,eth0\n10.0.0.0/24,eth0\n10.9.0.0/16,eth10\n"
    tsv = netwrap("parse", "ip route", "--format=tsv", "--columns=dev,dst", "--no-header", given=ROUTES).stdout
    assert tsv == "eth0\tdefault\neth0\t10.0.0.0/24\neth10\t10.9.0.0/16\n"
    grid = netwrap("parse", "ip route", "--format", "grid", given=ROUTES).stdout
    assert grid.startswith("+-")


def test_where_sort_columns(netwrap: Netwrap) -> None:
    def rows(*words: str) -> list[str]:
        done = netwrap("parse", "ip route", "--format", "csv", "--no-header", "--columns", "dst", *words, given=ROUTES)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    assert rows("--where", "dev=eth0") == ["default", "10.0.0.0/24"]
    assert rows("--where", "dst~^10", "--where", "metric>=20") == ["10.9.0.0/16"]
    assert rows("--where", "metric=") == ["10.0.0.0/24"]
    assert rows("--sort", "metric") == ["10.9.0.0/16", "default", "10.0.0.0/24"]
    assert rows("--sort", "-dev") == ["10.9.0.0/16", "default", "10.0.0.0/24"]
    objects = netwrap("parse", "ip route", "--format", "json", "--columns", "dst,metric", "--where", "metric<50", given=ROUTES)
    assert json.loads(objects.stdout) == [{"dst": "10.9.0.0/16", "metric": 20}]


def test_columns_reach_into_the_record(netwrap: Netwrap) -> None:
    words = ["--columns", "ifname,linkinfo.info_data.id", "--where", "kind=vxlan", "--format", "csv"]
    done = netwrap("parse", str(stored(LINKS / "d.txt")), *words)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 1
    assert all(line.split(",")[1].isdigit() for line in done.stdout.splitlines()[1:])


def test_the_text_tells_its_command(netwrap: Netwrap) -> None:
    done = netwrap("parse", str(stored(LINKS / "plain.json")), "--format", "json")
    assert done.returncode == 0 and json.loads(done.stdout)[0]["ifname"] == "lo"


def test_several_files(netwrap: Netwrap, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(ROUTES)
    done = netwrap("parse", "ip route", str(tmp_path / "one"), str(tmp_path / "two"), "--format", "csv", "--no-header")
    assert len(done.stdout.splitlines()) == 6


def test_no_control_character_reaches_the_terminal(netwrap: Netwrap) -> None:
    text = "1: a\x1b]0;x\x07: <UP> mtu 1500\n    alias \x1b[31mred\x9b\n"
    done = netwrap("parse", "ip link", given=text)
    assert done.returncode == 0
    assert not any(ord(letter) < 32 and letter != "\n" or 127 <= ord(letter) < 160 for letter in done.stdout)
    bad = netwrap("parse", "ip link", given="\x1b]0;evil\x07\x01nonsense\n")
    one_line(bad, 1, "standard input:1: ", "\\x1b]0;evil\\x07\\x01nonsense")


def test_bytes_that_are_no_utf8_survive(tmp_path: Path) -> None:
    file = tmp_path / "links"
    file.write_bytes(b"1: a\xff: <UP> mtu 1500\n")
    done = subprocess.run([sys.executable, "-m", "netwrap", "parse", "ip link", file], capture_output=True, cwd=ROOT, check=True)
    assert b"a\\xff" in done.stdout


# -- failures ------------------------------------------------------------------------------------------------------


def test_wrong_usage(netwrap: Netwrap) -> None:
    one_line(netwrap("nonsense"), 2, "unknown command 'nonsense'", "parse")
    one_line(netwrap("--netns", "red"), 2, "a command is missing")
    one_line(netwrap("parse", "-", "--nonsense"), 2, "--nonsense", "netwrap parse --help")
    one_line(netwrap("parse", "ip route", "--format", "nonsense", given=ROUTES), 2, "unknown format 'nonsense'", "github")
    one_line(netwrap("parse", "ip route", "--columns", "nonsense", given=ROUTES), 2, "unknown column 'nonsense'", "gateway")
    one_line(netwrap("parse", "ip route", "--sort", "nonsense", given=ROUTES), 2, "unknown column 'nonsense'")
    one_line(netwrap("parse", "ip route", "--where", "nonsense=1", given=ROUTES), 2, "unknown column 'nonsense'")
    one_line(netwrap("parse", "ip route", "--where", "dst", given=ROUTES), 2, "--where takes NAME=VALUE")
    one_line(netwrap("parse", "ip route", "--where", "dst~(", given=ROUTES), 2, "not a regular expression")
    one_line(netwrap("parse", "ip tunnel show", given=ROUTES), 2, "'ip tunnel show' is not a command", "ip_route")
    one_line(netwrap("ip", "link", "--format", "nonsense"), 2, "unknown format")
    one_line(netwrap("ip", "link", "--format"), 2, "--format takes a value")
    one_line(netwrap("--netns", "red", "ip", "-n", "blue", "link"), 2, "namespace of its own")
    one_line(netwrap("ip", "-V", "--format", "json"), 2, "prints no table")
    one_line(netwrap("--nonsense", "ip", "link"), 2, "unknown option --nonsense")


@pytest.mark.parametrize(
    ("words", "near"),
    [
        ("links", "'ip link'?"),
        ("ip-route", "'ip route'?"),
        ("show", "'report'?"),
        ("ping", "'trace'?"),
        ("ifconfg", "'ifconfig'?"),
        ("netstat -rn", "'route -n' or 'ss -tulpn'?"),
        ("--from SAMPLE ip lnik", "'link'?"),
        ("--from SAMPLE bridge fbd", "'fdb'?"),
        ("--from SAMPLE ip link shwo dev eth0", "'show'?"),
        ("ip lnik --format json", "'link'?"),
        ("--from SAMPLE ip link --where stat=down", "'state'?"),
        ("--from SAMPLE ip link --columns peer.mtu", "'@peer.mtu'?"),
        ("--from SAMPLE nft", "'nft list ruleset'?"),
        ("--from SAMPLE check --only twice", "L17 (one MAC twice on a bridge) or A01 (one"),
    ],
)
def test_a_wrong_word_gets_a_suggestion(netwrap: Netwrap, words: str, near: str) -> None:
    sample = str(ROOT / "fixtures" / "host" / "sample.netwrap")
    one_line(netwrap(*(sample if word == "SAMPLE" else word for word in words.split())), 2, f"; did you mean {near}")


def test_where_a_thing_is_asked_for_elsewhere(netwrap: Netwrap) -> None:
    given = ("--from", str(ROOT / "fixtures" / "host" / "shop.netwrap"))
    one_line(netwrap(*given, "ip", "link", "--where", "mtu!=peer.mtu"), 2, "; a column's value is @peer.mtu")
    done = netwrap(*given, "report", "--where", "default=none", "--format", "csv", "--no-header")
    assert (done.stdout, done.stderr) == ("", "netwrap: 0 of 6 rows; a column without a value is 'default='\n")
    one_line(netwrap(*given, "check", "duplicates"), 2, "no namespace 'duplicates'", "; --only chooses checks")
    one_line(netwrap(*given, "diff", given[1]), 2, "two captures are compared by diff BEFORE AFTER alone")
    one_line(netwrap(*given, "sysctl", "ip_forward"), 1, "ip_forward of (root); did you mean 'net.ipv4.ip_forward'?")


def test_a_command_in_quotes_and_one_that_ip_refuses(netwrap: Netwrap) -> None:
    one_line(netwrap("ip link"), 2, "unknown command 'ip link'; write its words without quotes")
    done = netwrap("ip", "lnik")
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1] == "netwrap: did you mean 'link'?"


def test_a_missing_file(netwrap: Netwrap, tmp_path: Path) -> None:
    one_line(netwrap("parse", f"{tmp_path}/nothing"), 1, f"cannot read {tmp_path}/nothing: No such file or directory")
    one_line(netwrap("parse", "arp", str(tmp_path)), 1, "Is a directory")


def test_text_that_is_not_what_it_was_said_to_be(netwrap: Netwrap) -> None:
    one_line(netwrap("parse", "ip link", given=ROUTES), 1, "standard input:1: ", "default via 10.0.0.254")
    one_line(netwrap("parse", given="Dear all,\nthe network is slow.\n"), 1, "cannot tell which command printed this")
    one_line(netwrap("parse", given=""), 1, "it is empty")


def test_a_truncated_file(netwrap: Netwrap) -> None:
    text = read(LINKS / "plain.json")
    one_line(netwrap("parse", "ip link", given=text[: len(text) // 2]), 1, "the JSON ends in the middle")
    text = read(LINKS / "s.txt")
    cut = text[: text.rindex("TX:") + 40]
    done = netwrap("parse", "ip -s link", given=cut)
    one_line(done, 1, f"standard input:{cut.count(chr(10)) + 1}: ")


def test_keep_going_prints_what_could_be_read(netwrap: Netwrap) -> None:
    text = ROUTES + "what is this\n" + "10.8.0.0/16 dev eth1\n"
    one_line(netwrap("parse", "ip route", given=text), 1, "standard input:4: ", "what is this")
    done = netwrap("parse", "ip route", "--keep-going", "--format", "json", given=text)
    assert [route["dst"] for route in json.loads(done.stdout)] == ["default", "10.0.0.0/24", "10.9.0.0/16", "10.8.0.0/16"]
    assert done.stderr.startswith("netwrap: standard input:4: ") and done.returncode == 1


def test_nothing_is_imported_that_is_not_needed() -> None:
    code = "import sys; from netwrap.cli import main; main(['parse', 'arp', '--format', 'json']); " \
           "print(sorted({'sh', 'tabulate', 'argparse', 'subprocess', 'shlex'} & set(sys.modules)), file=sys.stderr)"  # fmt: skip
    given = "? (10.0.0.2) at 02:00:00:00:00:02 [ether]  on v0\n"
    done = subprocess.run([sys.executable, "-c", code], input=given, capture_output=True, text=True, cwd=ROOT)
    assert done.stderr == "[]\n", done.stderr
    assert json.loads(done.stdout)[0]["address"] == "10.0.0.2"


def test_a_closed_pipe_ends_quietly() -> None:
    routes = "".join(f"10.{n >> 8}.{n & 255}.0/24 dev eth0\n" for n in range(20000))
    words = [sys.executable, "-m", "netwrap", "parse", "ip route", "--format", "jsonl"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(routes.encode())
        process.stdin.close()
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 141


#: Places at which a process interrupts itself, and its exit status; no place may print a traceback.
INTERRUPTED = {
    "modules": ("""
class Finder:
    def find_spec(name, path=None, target=None):
        if name == "netwrap.cli":
            interrupt()
sys.meta_path.insert(0, Finder)
""", -signal.SIGINT),
    "text": ("""
class Stream:
    buffer = property(lambda self: interrupt())
sys.stdin = Stream()
""", 130),
    "end": ("atexit.register(interrupt)", -signal.SIGINT),
}  # fmt: skip


@pytest.mark.parametrize("place", INTERRUPTED)
def test_ctrl_c_ends_quietly(place: str) -> None:
    code, status = INTERRUPTED[place]
    front = "import atexit, os, signal, sys\nfrom netwrap.__main__ import run\n"
    front += "interrupt = lambda: os.kill(os.getpid(), signal.SIGINT)"
    words = [sys.executable, "-c", f"{front}\n{code}\nsys.argv[1:] = ['parse', 'arp']\nsys.exit(run())"]
    done = subprocess.run(
        words, input=b"", capture_output=True, cwd=ROOT, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    )
    assert (done.returncode, done.stderr) == (status, b"")
    ignored = [*words[:2], f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{words[2]}"]
    if place != "text":  # as behind `nohup`, and behind `&` in a script
        done = subprocess.run(ignored, input=b"? (10.0.0.2) at <incomplete> on v0\n", capture_output=True, cwd=ROOT)
        assert (done.returncode, done.stderr) == (0, b"")
