"""Tables on a terminal (a real pseudo-terminal) and in a pipe: colour, width, the pager."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest
from forked import forks
from rooms import ROOT, Netwrap

from netwrap.verbs import _source

SAMPLE = str(ROOT / "fixtures" / "host" / "sample.netwrap")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def terminal(*words: str, columns: int = 80, lines: int = 1000, **env: str) -> tuple[str, int]:
    """The output of netwrap on a terminal of a certain size, and its exit status."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    ours = ("NO_COLOR", "COLUMNS", "LINES", "PAGER", "NETWRAP_OPTIONS")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment = {**environment, "PYTHONPATH": str(ROOT), "TERM": "xterm", **env}
    status: list[int] = []

    def run() -> None:
        status.append(forks().call(list(words), environment, [slave, slave, slave]))
        os.close(slave)

    running = threading.Thread(target=run)
    running.start()
    seen = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    os.close(master)
    running.join()
    return seen.decode().replace("\r\n", "\n"), status[0]


def test_colour_on_a_terminal_only(netwrap: Netwrap) -> None:
    words = ["--from", SAMPLE, "ip", "-4", "address"]
    seen, _ = terminal(*words)
    assert "\x1b[36mlo\x1b[0m" in seen and "\x1b[35m127.0.0.1/8\x1b[0m" in seen and "\x1b[32mUP\x1b[0m" in seen
    assert "\x1b" not in netwrap(*words).stdout
    assert "\x1b" not in terminal(*words, NO_COLOR="1")[0]
    assert "\x1b" not in terminal("--color", "never", *words)[0]
    ours = (["--color", "always", *words], [*words, "--color=always"], ["--color=always", *words])
    for always in (*ours, [*words[:3], "-c", *words[3:]]):
        assert COLOUR.sub("", netwrap(*always).stdout) == netwrap(*words).stdout != netwrap(*always).stdout
    assert "\x1b" not in netwrap("--color", "always", *words, "--format", "csv").stdout


def test_a_table_fits_the_terminal(netwrap: Netwrap) -> None:
    words = ["--from", SAMPLE, "--netns", "*", "ip", "-d", "-s", "link", "--color", "never"]
    whole = netwrap(*words).stdout
    assert max(map(len, whole.splitlines())) > 100
    for columns in (60, 80, 100):
        seen, status = terminal(*words, columns=columns)
        table = [line for line in seen.splitlines() if not line.startswith("netwrap: ")]
        assert status == 0 and max(map(len, table)) <= columns
        (note,) = (line for line in seen.splitlines() if line.startswith("netwrap: too narrow for "))
        assert len(note) <= columns and note.endswith(" more: -w shows all")
    assert max(map(len, terminal(*words, "--wide")[0].splitlines())) > 100
    assert max(map(len, terminal(*words, COLUMNS="300")[0].splitlines())) > 100  # COLUMNS counts before the terminal's own size
    assert max(map(len, netwrap(*words, env={"COLUMNS": "40"}).stdout.splitlines())) > 100  # nothing is cut in a pipe


def test_long_names_are_cut_and_lists_fold(netwrap: Netwrap, tmp_path: Path) -> None:
    addresses = "".join(f"    inet 10.0.{n}.1/24 scope global v0\n" for n in range(6))
    file = tmp_path / "session.txt"
    link = "2: v0: <UP> mtu 1500 state UP\n"
    file.write_text(f"$ ip address\n{link}{addresses}$ ip link\n{link}    alias {'x' * 90}\n")
    seen, _ = terminal("report", "--from", str(file), "--color", "never", columns=60)
    assert "10.0.1.1/24\n" in seen.replace(" ", "") and "and 4 more" in seen
    assert "10.0.5.1/24" in netwrap("report", "--from", str(file)).stdout  # nothing is left out in a pipe
    seen, _ = terminal("--from", str(file), "ip", "link", "--columns", "ifname,alias", "--color", "never", columns=40)
    assert "xxx…" in seen and max(map(len, seen.splitlines())) <= 40


def test_a_list_that_gives_way_leaves_no_empty_line() -> None:
    shop = str(ROOT / "fixtures" / "host" / "shop.netwrap")
    seen, _ = terminal("--from", shop, "--color", "never", "report", columns=40)
    rows = [line.split(" ")[0] for line in seen.splitlines()[2:8]]
    assert rows == ["(root)", "cache", "copy", "db", "stale", "web"]


def test_what_does_not_fit_goes_through_the_pager() -> None:
    words = ["--from", SAMPLE, "--netns", "*", "ip", "route"]
    seen, status = terminal(*words, columns=120, lines=6, PAGER="sed s/^/paged:/")
    assert status == 0 and all(line.startswith("paged:") for line in seen.splitlines()), seen
    assert "paged:" not in terminal("--no-pager", *words, lines=6, PAGER="sed s/^/paged:/")[0]
    assert "paged:" not in terminal(*words, lines=100, PAGER="sed s/^/paged:/")[0]
    assert "dst" in terminal(*words, lines=6, PAGER="no-such-pager")[0]
    assert terminal(*words, lines=6, PAGER="") == terminal("--no-pager", *words, lines=6)


SHOP = str(ROOT / "fixtures" / "host" / "shop.netwrap")


@pytest.mark.parametrize(
    "words",
    [
        ["--from", SAMPLE, "--netns", "*", "ip", "-d", "link"],
        ["--from", SAMPLE, "--netns", "*", "arp", "-n"],
        ["--from", SAMPLE, "--netns", "*", "route", "-n"],
        ["--from", SAMPLE, "--netns", "*", "bridge", "fdb"],
        ["report", "--from", SHOP],
        ["find", "lo", "--from", SAMPLE],
        ["trace", "--all", "--from", SAMPLE],
        ["sql", "select * from link", "--from", SAMPLE],
        ["diff", SAMPLE, SHOP, "--format", "simple"],
        ["parse", str(ROOT / "fixtures" / "session" / "walkthrough.txt")],
    ],
    ids=lambda words: next(word for word in words if not word.startswith(("-", "/", "*"))),
)
def test_every_verb_with_a_table_obeys_width_and_pager(words: list[str]) -> None:
    paged, plain, wide = (
        terminal(*option, *words, columns=30, lines=4, PAGER="sed s/^/paged:/")[0] for option in ([], ["--no-pager"], ["--wide"])
    )
    assert "paged:" in paged and "paged:" not in plain and len(wide) > len(paged)


def test_nothing_left_is_said_on_a_terminal(netwrap: Netwrap) -> None:
    words = ["--from", SAMPLE, "ip", "link", "--where", "mtu=5"]
    assert "netwrap: 0 of 5 rows; -a asks every namespace\n" in terminal(*words)[0]
    assert re.search(r"^netwrap: 0 of \d+ rows$", terminal("-a", *words)[0], re.M)
    assert netwrap(*words).stderr == ""
    assert terminal(*words, "--exit-status")[1] == 1


def test_options_of_the_environment(netwrap: Netwrap) -> None:
    words = ["--from", SAMPLE, "ip", "route"]
    assert netwrap(*words, env={"NETWRAP_OPTIONS": "-o csv -c dst"}).stdout.startswith("dst\n")
    assert netwrap("--format", "json", *words, env={"NETWRAP_OPTIONS": "--format csv"}).stdout.startswith("[{")
    assert netwrap("lab", "show", env={"NETWRAP_OPTIONS": "--format csv"}).returncode == 0
    wrong = netwrap(*words, env={"NETWRAP_OPTIONS": "--colour never"})
    assert wrong.returncode == 2 and "NETWRAP_OPTIONS: unknown option --colour; did you mean '--color'?" in wrong.stderr


def test_looks_that_ip_has(netwrap: Netwrap) -> None:
    text = netwrap("--from", SAMPLE, "ip", "-j", "-p", "route").stdout
    assert text.startswith('[\n    {\n        "dst": ')
    counted = netwrap(
        "--from", SAMPLE, "ip", "-s", "-h", "link", "--columns", "rx_bytes", "--format", "csv", "--no-header"
    ).stdout
    assert re.search(r"^[\d.]+[kMG]$", counted, re.M)


def test_output_that_cannot_be_written() -> None:
    words = [sys.executable, "-m", "netwrap", "--from", SAMPLE, "ip", "link"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (1, "netwrap: standard output: No space left on device\n")
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *words], stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and done.stderr.startswith("netwrap: "), done


def wiped(master: int) -> str:
    """Read a terminal until a bar was wiped away: the kernel hands over the output in pieces."""
    seen = b""
    while not seen.endswith(b"\r\x1b[K") and select.select([master], [], [], 30)[0]:
        seen += os.read(master, 1 << 16)
    return seen.decode()


def test_a_large_folder_is_counted_while_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "ip_link").write_text("1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN\n")
    for number in range(9):
        (tmp_path / f"{number}.bin").touch()
    source = f"/srv/{'deep/' * 20}net"
    master, slave = pty.openpty()
    with open(slave, "w") as stderr, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stderr)
        patch.setattr(_source, "_PATIENCE", 0.0)
        patch.setattr(_source, "_PAUSE", 0.0)
        with _source.Bar("files") as bar:
            bar.count(source, 12000)
        assert wiped(master) == f"\rreading ...{source[-37:]}: 12,000 files so far \r\x1b[K"
        (host,) = _source.read(str(tmp_path))
        assert host.root is not None and host.root.links is not None and len(host.root.links) == 1
        assert f"{str(tmp_path)[-30:]}: 10 files so far" in wiped(master)
    os.close(master)
