"""`--via COMMAND`: other hosts, through ssh on loopback, a chroot, busybox; and the messages about hosts that do not answer."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from loopback import Sshd, sshd
from rooms import ROOT, Netwrap, Rooms, run

from netwrap.shell import Result
from netwrap.sources import capture, via

__all__ = ["sshd"]
pytestmark = pytest.mark.root


def rows(printed: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(printed)
    return found


# -- ssh -----------------------------------------------------------------------------------------------------------


def test_a_host_is_reported_through_ssh_as_it_is_reported_there(sshd: Sshd, netwrap: Netwrap, rooms: Rooms) -> None:
    name = rooms.cabled("far")
    done = netwrap("--via", sshd.command(), "--format", "json", "report")
    assert done.returncode == 0, done.stderr
    [row] = [row for row in rows(done.stdout) if row["netns"] == name]
    [there] = [row for row in rows(netwrap("report", "--format", "json").stdout) if row["netns"] == name]
    assert row == there


def test_the_words_of_a_wrapped_command_arrive_as_they_are(sshd: Sshd, netwrap: Netwrap, rooms: Rooms) -> None:
    name = rooms.add("words")
    run(["ip", "-n", name, "link", "add", "d0", "type", "bridge"])
    run(["ip", "-n", name, "link", "set", "d0", "alias", "a  b $HOME ' \""])
    done = netwrap("--via", sshd.command(), "ip", "-n", name, "link", "show", "d0", "--format", "json")
    assert done.returncode == 0, done.stderr
    [link] = rows(done.stdout)
    assert (link["ifname"], link["ifalias"]) == ("d0", "a  b $HOME ' \"")
    done = netwrap("--via", sshd.command(), "ip", "netns", "exec", name, "echo", "one  two", "$HOME", "'")
    assert (done.stdout, done.stderr, done.returncode) == ("one  two $HOME '\n", "", 0)


def test_what_a_command_says_there_is_its_failure(sshd: Sshd, netwrap: Netwrap) -> None:
    done = netwrap("--via", sshd.command(), "ip", "link", "show", "nosuch0")
    assert done.returncode == 1 and "does not exist" in done.stderr and done.stdout == ""
    done = netwrap("--via", sshd.command(), "ip", "link", "delete", "nosuch0")
    assert done.returncode == 1 and "Cannot find device" in done.stderr


def test_thirty_two_hosts_at_once_lose_no_section(sshd: Sshd, netwrap: Netwrap, rooms: Rooms, tmp_path: Path) -> None:
    name = rooms.cabled("many")
    names = [f"host{number}" for number in range(32)]
    (tmp_path / "hosts").write_text("# all of them\n\n" + "".join(f"{name} rack1\n" for name in names))
    command = sshd.command() + " -o SetEnv=X={}"
    done = netwrap("--via-file", str(tmp_path / "hosts"), "--via", command, "report", "--format", "json")
    assert done.returncode == 0, done.stderr
    found = [row for row in rows(done.stdout) if row["netns"] == name]
    assert len({row["host"] for row in found}) == len(found) == 32
    assert len({json.dumps({**row, "host": "", "processes": 0}) for row in found}) == 1


@pytest.mark.parametrize(
    ("kind", "said"),
    [("wrong key", "permission denied: "), ("changed", "its host key has changed: "), ("no port", "connection refused: ")],
)
def test_a_host_that_cannot_be_asked_is_named_with_the_reason(sshd: Sshd, netwrap: Netwrap, kind: str, said: str) -> None:
    if kind == "changed":
        sshd.change_known_key()
    command = sshd.command("wrong" if kind == "wrong key" else "user", 1 if kind == "no port" else None)
    done = netwrap("--via", command, "report")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"netwrap: {command}: {said}") and done.stderr.count("\n") == 1
    done = netwrap("--via", command, "--via", "env", "report", "--format", "json")
    assert done.returncode == 1 and f"netwrap: {command}: {said}" in done.stderr
    assert {row["netns"] for row in rows(done.stdout) if row["netns"] is None} == {None}  # the other one answered
    done = netwrap("--via", command, "--via", "env", "ip", "rule", "--format", "json")
    assert done.returncode == 1 and f"netwrap: {command}: {said}" in done.stderr
    assert {row["host"] for row in rows(done.stdout)} == {"env"}


def test_a_connection_that_is_cut_leaves_what_came_before(sshd: Sshd, netwrap: Netwrap, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    cut.write_text(f"#!/bin/sh\n{sshd.command()} \"$@\" | head -c 3000\necho 'client_loop: send disconnect: Broken pipe' >&2\n"
                   "exit 255\n")  # fmt: skip
    cut.chmod(0o755)
    done = netwrap("--via", str(cut), "report", "--format", "json")
    assert done.returncode == 1
    assert f"netwrap: {cut}: connection cut: client_loop: send disconnect: Broken pipe\n" in done.stderr
    assert "the capture ends too early: namespaces may be missing" in done.stderr
    assert [row["netns"] for row in rows(done.stdout)][:1] == [None]


def test_captures_of_many_hosts_are_saved_under_their_names(sshd: Sshd, netwrap: Netwrap, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("r1\nr2\n")
    command = sshd.command() + " -o SetEnv=X={}"
    folder = tmp_path / "today"
    done = netwrap("--via-file", str(tmp_path / "hosts"), "--via", command, "capture", "-o", str(folder))
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["r1.netwrap", "r2.netwrap"]
    assert netwrap("--from", str(folder / "r1.netwrap"), "report").returncode == 0
    done = netwrap("--via", "env", "--via", "false", "capture")
    assert done.returncode == 2 and "need a folder" in done.stderr


# -- other shells --------------------------------------------------------------------------------------------------


def test_a_chroot_with_busybox_alone(netwrap: Netwrap, tmp_path: Path) -> None:
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("needs busybox")
    (tmp_path / "bin").mkdir()
    (tmp_path / "proc").mkdir()
    shutil.copy(busybox, tmp_path / "bin/busybox")
    linked = subprocess.run(["ldd", busybox], capture_output=True, text=True, timeout=60).stdout
    for library in re.findall(r"(/\S+) \(0x", linked):
        (tmp_path / library[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, tmp_path / library[1:])
    (tmp_path / "dev").mkdir()
    run(["mknod", "-m", "666", str(tmp_path / "dev/null"), "c", "1", "3"])
    for applet in run([busybox, "--list"]).split():
        if applet != "busybox":
            os.link(tmp_path / "bin/busybox", tmp_path / "bin" / applet)
    run(["mount", "-t", "proc", "proc", str(tmp_path / "proc")])
    try:
        command = f"chroot {tmp_path}"
        done = netwrap("--via", command, "report", "--format", "json")
        there = [row for row in rows(done.stdout) if row["netns"] is None]
        assert len(there) == 1 and there[0]["links"] == next(
            row["links"] for row in rows(netwrap("report", "--format", "json").stdout) if row["netns"] is None
        )
        done = netwrap("--via", command, "ip", "link", "--format", "json")
        assert done.returncode == 0 and "lo" in [row["ifname"] for row in rows(done.stdout)]
    finally:
        run(["umount", str(tmp_path / "proc")])
    assert not list(tmp_path.rglob("*netwrap*"))  # nothing is left there


def test_bash_called_sh_does_not_wait_for_more_of_its_script(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash")
    (tmp_path / "sh").symlink_to(bash)
    command = f"env PATH={shlex.quote(str(tmp_path))}:{shlex.quote(os.environ['PATH'])}"
    [answer] = via.captures(via.targets([command]), quick=True, timeout=60)
    assert answer.failure == "" and " done " in answer.text.rpartition("@")[2]


def test_a_namespace_is_a_host_of_its_own_kind(netwrap: Netwrap, rooms: Rooms) -> None:
    name = rooms.cabled("inner")
    done = netwrap("--via", f"ip netns exec {name}", "ip", "address", "show", "v0", "--format", "json")
    assert [entry["local"] for entry in rows(done.stdout)[0]["addr_info"]][:1] == ["10.0.0.1"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("nosuchcommand", "nosuchcommand is not installed"),
        ("env -i /bin/false", "exit status 1"),
        ("true", "no capture came: the command must pass on its standard input to a shell (docker exec -i, kubectl exec -i)"),
        ("cat", "no sh there: "),
        ("sh -c 'echo No route to host >&2; exit 255'", "no route: No route to host"),
        ("sh -c 'echo bye; kill -9 $$'", "ended by signal 9: bye"),
    ],
)
def test_a_command_that_gives_no_shell(netwrap: Netwrap, command: str, said: str) -> None:
    for words in (["report"], ["ip", "link"]):
        done = netwrap("--via", command, *words)
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr.startswith(f"netwrap: {command}: {said}") and done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("sudo: a password is required", "permission denied"),
        ("Password: su: Authentication failure", "permission denied"),
        ("Error response from daemon: No such container: web", "no such host"),
        ('Error from server (NotFound): pods "mypod" not found', "no such host"),
    ],
)
def test_messages_of_other_programs_have_a_meaning(said: str, meaning: str) -> None:
    assert via.reason(Result("", said + "\n", 1)) == f"{meaning}: {said}"


def test_what_is_said_on_the_way_is_not_what_the_command_says(netwrap: Netwrap, tmp_path: Path) -> None:
    """A banner, also one without a line end, warnings of ssh, and a login shell that is no sh."""
    login = tmp_path / "login"
    login.write_text("#!/bin/sh\nprintf 'Last login: today\\r\\nWelcome> '\necho 'Warning: added to known hosts.' >&2\n"
                     f"exec {shutil.which('fish') or 'sh'} -c \"$*\"\n")  # fmt: skip
    login.chmod(0o755)
    done = netwrap("--via", str(login), "ip", "link", "show", "lo", "--format", "json")
    assert (done.returncode, done.stderr, [row["ifname"] for row in rows(done.stdout)]) == (0, "", ["lo"])
    shown = done.stdout
    done = netwrap("--via", str(login), "ip", "link", "show", "no such")
    assert done.returncode == 1 and "known hosts" not in done.stderr and "no such" in done.stderr
    joined = netwrap("--via", "sh -c 'exec \"$@\" 2>&1' sh", "ip", "link", "show", "lo", "--format", "json")
    assert (joined.returncode, joined.stderr, joined.stdout) == (0, "", shown)
    [answer] = via.captures(via.targets([str(login)]), quick=True)
    found, notes = capture.read(answer.text)
    assert answer.failure == "" and "the beginning of the capture is missing" not in notes
    assert [section.stdout.strip() for section in found if section.command == "hostname"] == [os.uname().nodename]


def test_the_messages_of_kubectl_debug_are_no_answer(netwrap: Netwrap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that prints what `kubectl debug` prints (of kubectl 1.32; no cluster was asked), and takes its time to pull."""
    debug = tmp_path / "debug"
    debug.write_text("#!/bin/sh\necho 'Creating debugging pod node-debugger-n1-x7k2p with container debugger on node n1.'\n"
                     "sleep 1\necho \"If you don't see a command prompt, try pressing enter.\" >&2\n\"$@\"\n")  # fmt: skip
    debug.chmod(0o755)
    monkeypatch.setattr(via, "PATIENCE", 0.1)
    [answer] = via.captures(via.targets([f"{debug} env"]), quick=True)
    assert answer.failure == "" and " done " in answer.text.rpartition("@")[2]
    monkeypatch.setattr(via, "FIRST_WORD", 0.2)
    [answer] = via.captures(via.targets([f"{debug} env"]), quick=True)
    assert (answer.text, answer.failure) == ("", "timed out: no word from it for 0.2 seconds")
    terminal = tmp_path / "terminal"  # `-it`, as util-linux gives one
    terminal.write_text('#!/bin/sh\nexec script -qec "$*" /dev/null\n')
    terminal.chmod(0o755)
    for words in (["report"], ["ip", "link"]):
        done = netwrap("--via", str(terminal), *words)
        assert (done.returncode, done.stdout) == (1, "") and done.stderr.count("\n") == 1, done.stderr
        assert done.stderr.endswith(": a terminal is in between: leave out the -t of kubectl, docker or ssh\n")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("sh -c 'exec sleep 100'", "timed out: no word from it for 0.5 seconds"),
        ("sh -c 'printf \"Welcome\\nlogin:\\n\"; exec sleep 100'", "no sh there: login:"),
        ("yes --", "no sh there: "),
        ("sh -c 'echo netwrap capture 1 12345678; exec sleep 100'", "timed out: no end after 1 seconds"),
    ],
)
def test_a_host_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch, command: str, said: str) -> None:
    monkeypatch.setattr(via, "FIRST_WORD", 0.5 if "no word" in said else 60)
    monkeypatch.setattr(via, "PATIENCE", 0.1)
    found, failures = via.hosts(via.targets([command]), timeout=1 if "capture" in command else via.TIMEOUT)
    assert any(it.startswith(f"{command}: {said}") for it in [*failures, *(it for host in found for it in host.problems)])


def test_a_probe_far_away_ends_with_the_connection(sshd: Sshd, tmp_path: Path) -> None:
    """Also while nothing is printed there; it takes what it started and its folder along."""
    (tmp_path / "ip").write_text("#!/bin/sh\nexec sleep 1000\n")
    (tmp_path / "ip").chmod(0o755)
    far = tmp_path / "far"
    far.mkdir()
    mark = f"nwt-{os.getpid()}-far"
    words = [sys.executable, "-m", "netwrap", "--via", f"{sshd.command()} env MARK={mark} TMPDIR={far} PATH={tmp_path}:$PATH"]
    process = subprocess.Popen([*words, "report"], env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not any(comm == "sleep" for comm in marked(mark).values()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    while marked(mark) or list(far.iterdir()):
        assert time.monotonic() < deadline, (marked(mark), list(far.iterdir()))
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_that_was_started(number: signal.Signals) -> None:
    mark = f"nwt-{os.getpid()}-{number}"
    words = [sys.executable, "-m", "netwrap"]
    for _ in range(8):
        words += ["--via", f"env MARK={mark} sh -c 'sleep 1000; :'"]
    process = subprocess.Popen([*words, "report"], env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL)
    for _ in range(300):
        if len(marked(mark)) >= 16:  # a shell and its sleep, eight times
            break
        time.sleep(0.1)
    process.send_signal(number)
    assert process.wait(timeout=30) == (130 if number == signal.SIGINT else -number)
    for _ in range(100):
        if not marked(mark):
            break
        time.sleep(0.05)
    assert marked(mark) == {}


def test_a_probe_on_this_machine_removes_its_folder_when_a_signal_ends_us(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "netwrap", "--via", f"env TMPDIR={tmp_path}", "report"]
    process = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL)
    while process.poll() is None and not list(tmp_path.iterdir()):
        time.sleep(0.005)
    time.sleep(0.05)  # the probe has made the folder, and remembers it now
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == -signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def marked(mark: str) -> dict[str, str]:
    """The processes with a mark in their environment: their names by their numbers."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if f"MARK={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found[entry.name] = (entry / "comm").read_text().strip()
            except OSError:
                continue
    return found


# -- words of the command line ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--via", "ssh {}", "report"], "the names that stand there come from --via-file"),
        (["--via-file", "/dev/null", "report"], "--via-file makes no sense without --via"),
        (["--via", "", "report"], "--via takes a command that gives a shell"),
        (["--via", "ssh 'x", "report"], "cannot be split into words: No closing quotation"),
        (["--via", "ssh x", "--from", "y", "report"], "--from and --via do not go together"),
    ],
)
def test_wrong_usage(netwrap: Netwrap, words: list[str], said: str) -> None:
    done = netwrap(*words)
    assert done.returncode == 2 and said in done.stderr and done.stdout == ""


def test_a_name_that_would_be_an_option_is_refused(netwrap: Netwrap, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("-oProxyCommand=touch${IFS}x\n")
    done = netwrap("--via-file", str(tmp_path / "hosts"), "--via", "ssh {}", "report")
    assert done.returncode == 1 and "is not the name of a host" in done.stderr


def test_a_dry_run_changes_nothing_there(netwrap: Netwrap, rooms: Rooms) -> None:
    name = rooms.add("dry")
    done = netwrap("--via", f"ip netns exec {name}", "--dry-run", "ip", "link", "add", "d9", "type", "dummy")
    assert done.returncode == 0 and shlex.quote("d9") in done.stderr
    assert "d9" not in rooms.ip(name, "link")
