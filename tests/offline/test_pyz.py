"""netwrap.pyz: the same bytes from the same tree, small, and at work on a router's Python, which lacks much."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from rooms import ROOT

Run = Callable[..., "subprocess.CompletedProcess[str]"]
OTHER = str(ROOT / "fixtures" / "session" / "walkthrough.txt")
SAMPLE = str(ROOT / "fixtures" / "host" / "sample.netwrap")
#: What OpenWrt's python3-light is without: each is in a package of its own there.
LACKING = (
    "asyncio concurrent ctypes curses dbm decimal distutils email ensurepip http lib2to3 logging lzma multiprocessing pydoc"
    " readline sqlite3 ssl tkinter unicodedata unittest urllib uuid venv webbrowser xml"
).split()
ROUTER = f"""
import runpy, sys
LACKING = {LACKING + ["_" + name for name in LACKING]!r}
class Lacking:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in LACKING:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)
sys.meta_path.insert(0, Lacking)
assert not set(LACKING) & set(sys.modules)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def build(target: Path) -> bytes:
    argv = [sys.executable, str(ROOT / ".ci" / "build_pyz"), "--installed", str(target)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return target.read_bytes()


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pyz")
    build(folder / "netwrap.pyz")
    return folder / "netwrap.pyz"


@pytest.fixture(scope="module")
def netwrap(pyz: Path) -> Run:
    def netwrap(*words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-I", "-S", "-c", ROUTER, str(pyz), *words]
        return subprocess.run(argv, input=given, capture_output=True, text=True, timeout=120, cwd=pyz.parent)

    return netwrap


def checkout(*words: str) -> tuple[str, str, int]:
    argv = [sys.executable, "-m", "netwrap", *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, cwd=ROOT)
    return done.stdout, done.stderr, done.returncode


def test_it_is_small_whole_and_built_the_same_twice(pyz: Path) -> None:
    assert build(pyz.with_name("again.pyz")) == pyz.read_bytes()
    assert pyz.stat().st_size <= 360_000
    with zipfile.ZipFile(pyz) as archive:
        assert [name for name in archive.namelist() if "LICENSE" in name] == ["LICENSE", "LICENSE.sh", "LICENSE.tabulate"]
        assert archive.read("LICENSE") == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        ["--version"],
        ["report", "--from", SAMPLE],
        ["report", "--from", SAMPLE, "--format", "yaml"],
        ["ip", "addr", "show", "--from", SAMPLE],
        ["ip", "route", "show", "--from", SAMPLE, "--format", "grid"],
        ["find", "--from", SAMPLE, "192.168.15.1"],
        ["trace", "--from", SAMPLE, "(root)", "192.0.2.1"],
        ["check", "--from", SAMPLE],
        ["check", "--explain", "R02"],
        ["diff", SAMPLE, OTHER],
        ["topology", "--from", SAMPLE],
        ["topology", "--from", SAMPLE, "--format", "svg"],
        ["capture", "--script"],
        ["lab", "show", "vlans"],
        ["completion", "bash"],
    ],
    ids=" ".join,
)
def test_a_router_prints_what_the_checkout_prints(netwrap: Run, words: list[str]) -> None:
    done = netwrap(*words)
    assert (done.stdout, done.stderr, done.returncode) == checkout(*words)
    assert done.stdout


def test_a_router_runs_ip_and_captures(netwrap: Run) -> None:
    links = netwrap("ip", "link", "show", "lo")
    assert (links.returncode, links.stderr) == (0, "") and "65536" in links.stdout
    captured = netwrap("capture", "--quick")
    assert captured.returncode == 0 and captured.stdout.startswith("netwrap capture "), captured.stderr
    assert netwrap("report", "--from", "-", given=captured.stdout).stdout.startswith("netns ")


def test_what_needs_a_package_of_the_router_names_it(netwrap: Run, tmp_path: Path) -> None:
    import lzma

    packed = tmp_path / "capture.xz"
    packed.write_bytes(lzma.compress(Path(SAMPLE).read_bytes()))
    done = netwrap("report", "--from", str(packed))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "opkg install python3-lzma" in done.stderr


def test_it_is_read_from_standard_input_where_that_is_a_file(pyz: Path) -> None:
    with open(pyz, "rb") as file:
        argv = [sys.executable, "-I", "/dev/stdin", "--version"]
        done = subprocess.run(argv, stdin=file, capture_output=True, text=True, timeout=60)
    assert (done.stdout.split()[:1], done.stderr) == (["netwrap"], "")


def test_somebody_elses_modules_beside_it_do_not_matter(pyz: Path, tmp_path: Path) -> None:
    (tmp_path / "parsers.py").write_text("raise SystemExit('not ours')")
    argv = [sys.executable, str(pyz), "report", "--from", SAMPLE]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, cwd=tmp_path, env={**os.environ, "PYTHONPATH": "."})
    assert (done.returncode, done.stderr) == (0, "")


def test_somebody_elses_parsers_beside_a_checkout_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "parsers.py").write_text("raise SystemExit('not ours')")
    argv = [sys.executable, "-m", "netwrap", "report", "--from", SAMPLE]
    where = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=where)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("netns ")
