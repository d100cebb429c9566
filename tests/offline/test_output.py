"""Unwritable output, missing input and harmful cells: one line of error, no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rooms import ROOT, Netwrap

from netwrap import unfinished

SAMPLE = "fixtures/host/sample.netwrap"
TABLE = "1: a|b\\c: <UP> mtu 5\n2: =1+1: <UP> mtu 5\n3: @x: <UP> mtu 5\n4: -: <UP> mtu 5\n5: e0: <UP> mtu 5\n"


def shell(line: str) -> tuple[int, str]:
    """The exit status, output and errors of a shell line in which ``$N`` is netwrap."""
    environment = {**os.environ, "N": f"{sys.executable} -m netwrap", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, cwd=ROOT, env=environment, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        (f"$N report --from {SAMPLE} 2>&1 >/dev/full", 1, "netwrap: standard output: No space left on device\n"),
        (f"$N report --from {SAMPLE} --json 2>&1 >/dev/full", 1, "netwrap: standard output: No space left on device\n"),
        (f"$N report --from {SAMPLE} 2>&1 >&-", 1, "netwrap: standard output is closed\n"),
        ("$N report --from /nope 2>&-", 1, ""),
        (f"$N report --from {SAMPLE} 2>&1 <&- >/dev/null", 0, ""),
        (f"$N report --from {SAMPLE} 2>/dev/null | head -1 >/dev/null", 0, ""),
        ("$N report --from - 2>&1 <&-", 1, "netwrap: standard input: empty"),
    ],
)
def test_what_cannot_be_written_or_read(line: str, status: int, said: str) -> None:
    found, output = shell(line)
    assert (found, output) == (status, said) if said.endswith("\n") or not said else found == status and output.startswith(said)


def test_whoever_starts_us_ignores_the_end_of_children() -> None:
    def ignore() -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    done = subprocess.run(
        [sys.executable, "-m", "netwrap", "ip", "link", "--columns", "ifname", "--no-header"],
        capture_output=True, text=True, cwd=ROOT, preexec_fn=ignore, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "lo" in done.stdout.split() and done.stderr == ""


def test_cells_that_would_do_harm(netwrap: Netwrap) -> None:
    def printed(*options: str) -> list[str]:
        return netwrap("parse", "ip_link", "--columns", "ifname", *options, given=TABLE).stdout.split("\n")

    rows = printed("--format", "pipe", "--no-header")[1:-1]
    assert [row.strip("| ") for row in rows] == ["a\\|b\\\\c", "=1+1", "@x", "-", "e0"]
    assert printed("--format", "csv") == ["ifname", "a|b\\c", "'=1+1", "'@x", "-", "e0", ""]
    assert printed("--format", "csv", "--raw") == ["ifname", "a|b\\c", "=1+1", "@x", "-", "e0", ""]


def test_a_long_cell_does_not_widen_a_million_others(netwrap: Netwrap) -> None:
    text = "1: lo: <UP> mtu 5\n    alias " + "x" * 900_000 + "\n" + "".join(f"{n}: a{n}: <UP> mtu 5\n" for n in range(2, 20_000))
    done = netwrap("parse", "ip_link", "--columns", "ifname,ifalias", given=text)
    assert done.returncode == 0 and len(done.stdout) < 60 << 20 and "(900000 in all)" in done.stdout
    done = netwrap("parse", "ip_link", "--json", given=text)
    assert len(json.loads(done.stdout)[0]["ifalias"]) == 900_000


def test_the_next_run_removes_the_unfinished_folders_of_killed_ones(tmp_path: Path) -> None:
    stem = str(tmp_path / ".x")
    hold = (
        "import sys\nfrom netwrap import unfinished\n"
        f"with unfinished.folder({stem!r}) as path: print(path, flush=True); sys.stdin.read()"
    )
    others = [".x-0123456789ab.txt", ".x-0123", "x-0123456789ab"]  # of somebody else
    for name in others:
        (tmp_path / name).mkdir()
    words = [sys.executable, "-c", hold]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        theirs = Path(run.stdout.readline().strip())
        (theirs / "half").touch()
        with unfinished.folder(stem) as ours:
            assert theirs.exists() and Path(ours).stat().st_mode & 0o777 == 0o700
        run.kill()
    assert theirs.exists() and not Path(ours).exists()
    with unfinished.folder(stem) as ours:
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, Path(ours).name])
