"""netwrap.pyz: the same bytes from the same tree, small, and at work on a router's Python, which lacks much."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from rooms import ROOT, Netwrap

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
#: A read-only tree with busybox and this Python in it, and what netwrap.pyz does there.
TREE = """
executable=$1 prefix=$2 router=$3 pyz=$4
tree=$(mktemp -d)
trap 'umount -l "$tree"; rmdir "$tree"' EXIT
mount -t tmpfs -o size=8m netwrap "$tree"
mkdir "$tree/bin" "$tree/proc" "$tree/dev" "$tree/tmp" "$tree/run"
cp "$(command -v busybox)" "$tree/bin/busybox"
for applet in $("$tree/bin/busybox" --list); do ln -sf busybox "$tree/bin/$applet"; done
rm -f "$tree/bin/python"*
[ "$prefix" != /usr ] || prefix=/usr/lib
for folder in "$prefix" /lib /lib64 /usr/lib; do
    if [ -d "$folder" ]; then
        mkdir -p "$tree$folder"
        mount --bind "$folder" "$tree$folder"
        mount -o remount,bind,ro "$tree$folder"
    fi
done
python=$(readlink -f "$executable")
if [ ! -e "$tree$python" ]; then
    cp "$python" "$tree/bin/python"
    python=/bin/python
fi
cp "$router" "$tree/router.py"
cp "$pyz" "$tree/netwrap.pyz"
for device in null urandom; do
    : > "$tree/dev/$device"
    mount --bind "/dev/$device" "$tree/dev/$device"
done
mount -t tmpfs -o size=32m netwrap "$tree/tmp"
mount -o remount,ro "$tree"
netwrap() {
    echo "== "
    unshare -m -n -p -f chroot "$tree" /bin/env -i PATH=/bin HOME=/nowhere sh -c '
        mount -t proc proc /proc && ip link set lo up && ip addr add 10.9.8.1/24 dev lo && exec "$@"' \\
        sh "$python" -I -S /router.py /netwrap.pyz "$@"
}
netwrap --version
netwrap ip link
netwrap ip route
netwrap report
netwrap find 10.9.8.1
netwrap trace '(root)' 10.9.8.1 || [ $? = 3 ] # undecided: there is no nft
"""


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of CI, or else one that is built here, once for all workers."""
    if made := os.environ.get("NETWRAP_PYZ"):
        return Path(made)
    base = tmp_path_factory.getbasetemp()
    target = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "netwrap.pyz"
    with open(f"{target}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            argv = [sys.executable, str(ROOT / ".ci" / "build_pyz"), "--installed", str(target)]
            done = subprocess.run(argv, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def router(pyz: Path) -> Run:
    """Run netwrap.pyz on a Python that lacks what a router's lacks."""

    def router(*words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-I", "-S", "-c", ROUTER, str(pyz), *words]
        return subprocess.run(argv, input=given, capture_output=True, text=True, timeout=120, cwd=ROOT)

    return router


def test_it_is_small_and_has_its_licences(pyz: Path) -> None:
    assert pyz.stat().st_size <= 360_000
    with zipfile.ZipFile(pyz) as archive:
        ours, *others = archive.read("LICENSE").split(b"=" * 30)
        assert ours.strip() == (ROOT / "LICENSE").read_bytes().strip()
        assert [other.split()[0] for other in others] == [b"sh", b"tabulate"]
        assert all(b"Permission is hereby granted" in other for other in others)


@pytest.mark.parametrize(
    "words",
    [
        ["--version"],
        ["report", "--from", SAMPLE, "--format", "yaml"],
        ["ip", "route", "show", "--from", SAMPLE, "--format", "grid"],
        ["find", "--from", SAMPLE, "192.168.15.1"],
        ["trace", "--from", SAMPLE, "(root)", "192.0.2.1"],
        ["check", "--from", SAMPLE],
        ["check", "--explain", "R02"],
        ["help", "topology"],
        ["diff", SAMPLE, OTHER],
        ["topology", "--from", SAMPLE, "--format", "svg"],
        ["capture", "--script"],
        ["lab", "show", "vlans", "--sh"],
        ["completion", "bash"],
    ],
    ids=" ".join,
)
def test_a_router_prints_what_the_checkout_prints(router: Run, netwrap: Netwrap, words: list[str]) -> None:
    done, other = router(*words), netwrap(*words)
    if words[0] == "lab" and sys.version_info < (3, 11):  # Python reads no TOML, and netwrap.pyz holds no tomli
        said = "netwrap: reading a lab file needs Python 3.11, or the package tomli\n"
        assert (done.stdout, done.stderr, done.returncode) == ("", said, 1)
        return
    assert (done.stdout, done.stderr, done.returncode) == (other.stdout, other.stderr, other.returncode)
    assert done.stdout


@pytest.mark.root
def test_it_needs_no_more_than_busybox_and_32_mb(pyz: Path, tmp_path: Path) -> None:
    (tmp_path / "router.py").write_text(ROUTER)
    argv = ["unshare", "-m", "sh", "-e", "-c", TREE, "sh", sys.executable, sys.base_prefix, str(tmp_path / "router.py"), str(pyz)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    _, version, links, routes, report, found, traced = done.stdout.split("== \n")
    assert version.startswith("netwrap ") and " lo " in links and "65536" in links
    assert routes.split()[:1] == ["dst"] and report.startswith("netns ") and "(root)" in report
    assert "10.9.8.1" in found and "as far as can be seen: reached" in traced


def test_a_router_runs_ip_and_captures(router: Run) -> None:
    links = router("ip", "link", "show", "lo")
    assert (links.returncode, links.stderr) == (0, "") and "65536" in links.stdout
    captured = router("capture", "--quick")
    assert captured.returncode == 0 and captured.stdout.startswith("netwrap capture "), captured.stderr
    assert router("report", "--from", "-", given=captured.stdout).stdout.startswith("netns ")


def test_what_needs_a_package_of_the_router_names_it(router: Run, tmp_path: Path) -> None:
    import lzma

    packed = tmp_path / "capture.xz"
    packed.write_bytes(lzma.compress(Path(SAMPLE).read_bytes()))
    done = router("report", "--from", str(packed))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "opkg install python3-lzma" in done.stderr


def test_it_reads_a_host_by_a_command(pyz: Path) -> None:
    """The library sh drives the command: its options (_env, _in, ...) keep their names, however short ours become."""
    argv = [sys.executable, str(pyz), "--via", "env"]
    done = subprocess.run([*argv, "ip", "link", "show", "lo"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and " lo " in done.stdout
    done = subprocess.run([*argv, "report"], capture_output=True, text=True)
    assert "(root)" in done.stdout, done.stderr


@pytest.mark.parametrize("verb", ["up", "down", "status", "verify"])
def test_the_verbs_of_labs_are_found_under_short_names(router: Run, verb: str) -> None:
    done = router("lab", verb, "nowhere.toml", "--dry-run")
    assert (done.returncode in (1, 2), done.stdout, done.stderr.count("\n")) == (True, "", 1), done.stderr


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
