"""netwrap/shell.py: environment, time-out, terminal, status, output of any size, typed errors, and shown commands."""

from __future__ import annotations

import fcntl
import os
import pickle
import pty
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import implementations
import pytest
from rooms import ROOT, Rooms

from netwrap import errors, shell, wording

SHELL_TRICKS = ["a b", "$HOME", "`id`", ";true", "'", '"', "\\", "\n", "*", "~", "", "-n", "\udcff\udcfe", "é", "\x1b[31m"]


def python(code: str, **how: str) -> subprocess.CompletedProcess[str]:
    """Run code in a Python of its own that knows netwrap."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **how}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def gone(pid: int) -> bool:
    """Whether a process has ended, or does within two seconds."""
    for _ in range(40):
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


# -- what a command gets -------------------------------------------------------------------------------------------


def test_the_environment_speaks_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "de")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("PATH", "/bin:/usr/bin")
    monkeypatch.setenv("OWN", "kept")
    seen = dict(line.partition("=")[::2] for line in shell.run(["env"]).stdout.split("\n"))
    assert (seen["LC_ALL"], seen.get("LANGUAGE"), seen.get("LANG"), seen["OWN"]) == ("C", None, None, "kept")
    assert seen["PATH"] == "/bin:/usr/bin:/usr/sbin:/sbin"


def test_there_is_no_terminal() -> None:
    script = "test -t 0 || test -t 1 || test -t 2 || echo none; (: </dev/tty) 2>/dev/null || echo no tty; cat"
    assert shell.run(["sh", "-c", script]).stdout == "none\nno tty\n"


@pytest.mark.parametrize("word", SHELL_TRICKS)
def test_words_arrive_as_they_are(word: str) -> None:
    assert shell.run(["printf", "%s|", "first", word]).stdout == f"first|{word}|"


def test_a_nul_is_refused() -> None:
    for call in (shell.run, shell.pass_through, shell.become):
        with pytest.raises(errors.InvalidArgument, match="NUL"):
            call(["true", "a\0b"])


def test_input_of_any_size() -> None:
    assert shell.run(["wc", "-c"], stdin="x" * 3_000_000).stdout.strip() == "3000000"
    assert shell.run(["true"], stdin="x" * 3_000_000).status == 0  # it does not read
    assert shell.run(["cat"], stdin="\udcff é\n").stdout == "\udcff é\n"
    assert shell.run(["cat"]).stdout == ""


# -- what comes back -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("long", [False, True])
def test_input_through_a_small_pipe_stays_open_until_the_end(long: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def small() -> tuple[int, int]:
        ends = pipe()
        fcntl.fcntl(ends[1], 1031, 4096)  # F_SETPIPE_SZ: what a user with many pipes gets
        return ends

    pipe = os.pipe
    monkeypatch.setattr(os, "pipe", small)
    given = "x" * 300_000 + "\n"
    read = "head -c 300001 | wc -c; timeout 0.2 cat; echo $?"  # 124: the end of the input did not come
    assert shell.run(["sh", "-c", read], stdin=given, held=True, long=long).stdout.split() == ["300001", "124"]
    assert shell.run(["true"], stdin=given, held=True, long=long).status == 0  # which reads nothing of it
    left = shell.run(["sh", "-c", "sleep 9 <&0 >/dev/null 2>&1 & echo $!"], stdin=given, held=True, long=long).stdout
    os.kill(int(left), signal.SIGKILL)  # it holds the pipe, and reads nothing of it either


def test_output_is_complete_whatever_its_size() -> None:
    code = "import os; block = bytes(range(256)) * 4096; [os.write({0}, block) for _ in range({1})]"
    out = shell.run([sys.executable, "-c", code.format(1, 100)]).stdout.encode("utf-8", "surrogateescape")
    assert len(out) == 100 << 20 and out[:256] == bytes(range(256)) and out[-256:] == bytes(range(256))
    err = shell.run([sys.executable, "-c", code.format(2, 20)], check=False).stderr
    assert len(err.encode("utf-8", "surrogateescape")) == 20 << 20


def test_no_line_of_a_long_table_is_lost() -> None:
    assert len(shell.run(["seq", "1000000"]).stdout.split("\n")) == 1_000_001


def test_what_stays_in_the_background_is_not_waited_for() -> None:
    said, pid = shell.run(["sh", "-c", "echo said; sleep 20 & echo $!"]).stdout.split()
    os.kill(int(pid), signal.SIGKILL)  # it is still there
    assert said == "said"


ENDS = [("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -9 $$", 137), ("kill -TERM $$", 143)]


@pytest.mark.parametrize("how,status", ENDS)
def test_the_exit_status(how: str, status: int) -> None:
    assert shell.run(["sh", "-c", how], check=False) == shell.Result("", "", status)
    if status:
        with pytest.raises(errors.CommandFailed, match=f"exit status {status}") as failed:
            shell.run(["sh", "-c", how])
        assert (failed.value.status, failed.value.argv) == (status, ["sh", "-c", how])


def test_what_is_said_at_status_0_is_warned_about() -> None:
    with pytest.warns(errors.CommandWarning) as caught:
        assert shell.run(["sh", "-c", "echo Dump was interrupted >&2; echo; echo more >&2; echo table"]).stdout == "\ntable\n"
    ours = [warning for warning in caught if warning.category is errors.CommandWarning]
    assert [str(warning.message) for warning in ours] == ["sh: Dump was interrupted", "sh: more"]
    assert {warning.filename for warning in ours} == {__file__}


def test_what_ip_left_out_is_no_success() -> None:
    with pytest.raises(errors.InvalidArgument, match="exceeded bound"):
        shell.run(["sh", "-c", "echo 'addattr_l ERROR: message exceeded bound of 280' >&2"])


# -- the end ---------------------------------------------------------------------------------------------------------


def test_the_time_out_kills_all_that_was_started(tmp_path: Path) -> None:
    script = f"trap '' TERM INT HUP; sleep 60 & echo $! $$ >{tmp_path}/pids; wait"
    with pytest.raises(errors.TimedOut, match=r"no end after 0\.5 seconds; killed") as late:
        shell.run(["sh", "-c", script], timeout=0.5)
    assert late.value.status == 124
    assert all(gone(int(pid)) for pid in (tmp_path / "pids").read_text().split())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_kills_it_too(tmp_path: Path, number: signal.Signals) -> None:
    code = f"from netwrap import shell; shell.run(['sh', '-c', 'echo $$ >{tmp_path}/pid; sleep 60'])"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", code], env=env, stderr=subprocess.PIPE, text=True) as ours:
        for _ in range(100):
            if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
                break
            time.sleep(0.05)
        time.sleep(0.2)
        ours.send_signal(number)
        said = ours.communicate(timeout=20)[1]
    assert ("KeyboardInterrupt" in said, ours.returncode) == (number == signal.SIGINT, -number)
    assert gone(int((tmp_path / "pid").read_text()))


def test_signal_handlers_are_left_as_they_were() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    try:
        shell.run(["sh", "-c", f"kill -TERM {os.getpid()}; sleep 0.2"])
        assert seen == [signal.SIGTERM]  # who asked to know is told, and nobody is killed
    finally:
        signal.signal(signal.SIGTERM, before)
    shell.run(["true"])
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


def test_a_starter_that_ignores_the_end_of_children() -> None:
    """A daemon, or `trap "" CHLD` in a script: SIGCHLD stays ignored in what they start, and no child would have a status."""
    code = (
        "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "from netwrap import shell; print(shell.run(['sh', '-c', 'sleep 0.05; exit 3'], check=False).status)\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN); print(shell.pass_through(['sh', '-c', 'exit 4']))"
    )
    done = python(code)
    assert (done.stdout.split(), done.stderr) == (["3", "4"], "")


@pytest.mark.parametrize("number", shell.ENDING)
def test_a_signal_that_ends_us_lets_us_clean_up(tmp_path: Path, number: signal.Signals) -> None:
    code = (
        "import os, signal\nfrom netwrap import shell\n"
        "with shell.cleaning_up():\n  try:\n    with shell.cleaning_up():\n"
        f"      open('{tmp_path}/made', 'w').close(); os.kill(os.getpid(), {int(number)}); shell.run(['sleep', '60'])\n"
        f"  finally: os.unlink('{tmp_path}/made')\nprint('not here')"
    )
    done = python(code)
    assert (done.returncode, done.stdout, done.stderr) == (-number, "", "")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_that_a_callback_of_python_swallows_ends_us_all_the_same() -> None:
    code = (
        "import os, signal, weakref\nfrom netwrap import shell\nclass Thing: pass\nthing = Thing()\n"
        "gone = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))\n"
        "try:\n  with shell.cleaning_up() as end_if_told:\n    del thing\n    print('lost', flush=True)\n    %s\n"
        "except KeyboardInterrupt: print('ended')"
    )
    for line in ("pass", "end_if_told(); print('not here')"):
        done = python(code % line)
        assert (done.returncode, done.stdout) == (0, "lost\nended\n")


def test_a_short_command_imports_nothing_long() -> None:
    done = python("import sys; from netwrap import ip_link; ip_link.show(); print(*sys.modules)")
    assert not {"sh", "asyncio", "tabulate", "logging", "subprocess"} & set(done.stdout.split())


def test_what_runs_long_is_run_the_same() -> None:
    given = shell.run(["sh", "-c", "cat; echo said >&2; exit 5"], stdin="x\n" * 100_000, check=False, long=True)
    assert given == shell.Result("x\n" * 100_000, "said\n", 5)
    with pytest.raises(errors.TimedOut, match=r"no end after 0\.5 seconds; killed"):
        shell.run(["sleep", "60"], timeout=0.5, long=True)


def test_threads_may_run_commands_at_once() -> None:
    def call(number: int) -> bool:
        return shell.run(["sh", "-c", f"seq {number} 5000; exit {number}"], check=False) == shell.Result(
            "".join(f"{line}\n" for line in range(number, 5001)), "", number
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(64)))


def test_no_descriptor_is_left_open() -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    shell.run(["true"])
    before, threads = descriptors(), threading.active_count()
    for _ in range(5):
        shell.run(["cat"], stdin="x")
        shell.run(["false"], check=False)
        with pytest.raises(errors.CommandMissing):
            shell.run(["no-such-program"])
        with pytest.raises(errors.TimedOut):
            shell.run(["sleep", "9"], timeout=0.05)
    assert descriptors() == before
    assert threading.active_count() == threads


# -- what fails ------------------------------------------------------------------------------------------------------


def test_a_binary_that_is_missing_or_cannot_run(tmp_path: Path) -> None:
    for call in (shell.run, shell.pass_through, shell.become):
        with pytest.raises(errors.CommandMissing, match="no-such-program is not installed") as missing:
            call(["no-such-program"])
        assert missing.value.status == 127
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF nothing")
    broken.chmod(0o755)
    for call in (shell.run, shell.pass_through, shell.become):
        with pytest.raises(errors.CommandFailed, match="Exec format error") as failed:
            call([str(broken)])
        assert failed.value.status == 126
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN


# Words of iproute2 3.10 to 7.x, net-tools 1.60 to 2.10 and busybox 1.30 to 1.38, and what they mean.
SAYINGS = [
    ('Cannot open network namespace "red": No such file or directory', 255, errors.NoSuchNetns),
    ('Cannot open network namespace "re\nd": No such file or directory', 255, errors.NoSuchNetns),
    ("Cannot open network namespace: No such file or directory", 1, errors.NoSuchNetns),
    ('Cannot open network namespace "red": Permission denied', 255, errors.PermissionDenied),
    ('setting the network namespace "red" failed: Invalid argument', 255, errors.NoSuchNetns),
    ('setting the network namespace "red" failed: Operation not permitted', 255, errors.PermissionDenied),
    ('Cannot remove namespace file "/run/netns/red": No such file or directory', 1, errors.NoSuchNetns),
    ("Cannot remove /var/run/netns/red: No such file or directory", 1, errors.NoSuchNetns),
    ("seting the network namespace failed: Invalid argument", 255, errors.NoSuchNetns),
    ('Cannot create namespace file "/run/netns/red": File exists', 1, errors.AlreadyExists),
    ("mkdir /var/run/netns failed: Permission denied", 1, errors.PermissionDenied),
    ('Error: argument "red" is wrong: Invalid "netns" value\n', 255, errors.NoSuchNetns),
    ("ip: invalid argument 'red' to 'netns'", 2, errors.NoSuchNetns),
    ("nsenter: cannot open /run/netns/red: No such file or directory", 1, errors.NoSuchNetns),
    ("nsenter: can't open '/run/netns/red': No such file or directory", 1, errors.NoSuchNetns),
    ("nsenter: reassociate to namespace 'ns/net' failed: Invalid argument", 1, errors.NoSuchNetns),
    ("nsenter: setns(): can't reassociate to namespace 'net': Invalid argument", 1, errors.NoSuchNetns),
    ("nsenter: reassociate to namespace 'ns/net' failed: Operation not permitted", 1, errors.PermissionDenied),
    ('exec of "arp" failed: No such file or directory', 1, errors.CommandMissing),
    ("nsenter: failed to execute arp: No such file or directory", 127, errors.CommandMissing),
    ("nsenter: can't execute 'arp': No such file or directory", 127, errors.CommandMissing),
    ("sh: 1: arp: not found", 127, errors.CommandMissing),
    ("RTNETLINK answers: File exists", 2, errors.AlreadyExists),
    ("ip: RTNETLINK answers: File exists", 2, errors.AlreadyExists),
    ("Error: ipv4: Address already assigned.", 2, errors.AlreadyExists),
    ("Error: The specified nsid is already used.", 2, errors.AlreadyExists),
    ("Error: Peer netns already has a nsid assigned.", 2, errors.AlreadyExists),
    ("ioctl(TUNSETIFF): Device or resource busy", 1, errors.AlreadyExists),
    ("SIOCADDRT: File exists", 7, errors.AlreadyExists),
    ("RTNETLINK answers: Operation not permitted", 2, errors.PermissionDenied),
    ("ip: SIOCSIFFLAGS: Operation not permitted", 2, errors.PermissionDenied),
    ("SIOCDARP(dontpub): Operation not permitted", 255, errors.PermissionDenied),
    ("RTNETLINK answers: No such process", 2, errors.NotFound),
    ("RTNETLINK answers: No such file or directory", 2, errors.NotFound),
    ("RTNETLINK answers: No such device", 2, errors.NotFound),
    ('Cannot find device "v9"', 1, errors.NotFound),
    ('Device "v9" does not exist.', 1, errors.NotFound),
    ("ip: can't find device 'v9'", 1, errors.NotFound),
    ("ip: SIOCGIFFLAGS: No such device", 2, errors.NotFound),
    ('Error: argument "br9" is wrong: Device does not exist\n', 255, errors.NotFound),
    ("RTNETLINK answers: Cannot assign requested address", 2, errors.NotFound),
    ("Error: ipv4: Address not found.", 2, errors.NotFound),
    ("Error: ipv6: address not found.", 2, errors.NotFound),
    ("SIOCGIFINDEX: No such device", 7, errors.NotFound),
    ("arp: SIOCDARP(pub): No such file or directory", 1, errors.NotFound),
    ("SIOCDELRT: No such process", 7, errors.NotFound),
    ("RTNETLINK answers: Network is unreachable", 2, errors.NetworkUnreachable),
    ("RTNETLINK answers: No route to host", 2, errors.NetworkUnreachable),
    ("Error: Nexthop has invalid gateway.", 2, errors.NetworkUnreachable),
    ("SIOCADDRT: Network is unreachable", 7, errors.NetworkUnreachable),
    ("route: SIOCADDRT: No route to host", 1, errors.NetworkUnreachable),
    ("RTNETLINK answers: Invalid argument", 2, errors.InvalidArgument),
    ("RTNETLINK answers: Operation not supported", 2, errors.InvalidArgument),
    ("RTNETLINK answers: Numerical result out of range", 2, errors.InvalidArgument),
    ("Error: Unknown device type.", 2, errors.InvalidArgument),
    ("Error: Invalid prefix for given prefix length.", 2, errors.InvalidArgument),
    ("Error: mtu less than device minimum.", 2, errors.InvalidArgument),
    ("Error: Attribute failed policy validation.", 2, errors.InvalidArgument),
    ('Error: argument "wide" is wrong: "mtu" value is invalid\n', 255, errors.InvalidArgument),
    ('Error: argument "a/b" is wrong: "name" not a valid ifname', 255, errors.InvalidArgument),
    ('Error: either "dev" is duplicate, or "x" is a garbage.', 255, errors.InvalidArgument),
    ('Error: any valid prefix is expected rather than "x".', 1, errors.InvalidArgument),
    ("Error: inet prefix is expected rather than \"x\".", 1, errors.InvalidArgument),
    ('Invalid netns name "a/b"', 255, errors.InvalidArgument),
    ("Invalid address length 2 - must be 6 bytes", 1, errors.InvalidArgument),
    ("arp: invalid hardware address", 1, errors.InvalidArgument),
    ("arp: need host name", 255, errors.InvalidArgument),
    ("route: netmask doesn't match route address\nUsage: inet_route [-vF] del …", 3, errors.InvalidArgument),
    ("route: netmask and route address conflict", 1, errors.InvalidArgument),
    ("route: bogus netmask 255.0.255.0\nUsage: …", 3, errors.InvalidArgument),
    ("route: number 10 is not in 64..32768 range", 1, errors.InvalidArgument),
    ("BusyBox v1.35.0 (Debian 1:1.35.0-4) multi-call binary.\n\nUsage: ip [OPTIONS] address|route", 1, errors.InvalidArgument),
    ("something nobody has seen", 5, errors.CommandFailed),
    ("", 1, errors.CommandFailed),
]  # fmt: skip


@pytest.mark.parametrize("said,status,kind", SAYINGS)
def test_what_words_mean(said: str, status: int, kind: type[errors.CommandError]) -> None:
    error = shell.error(["ip", "x\ny"], shell.Result("", said, status))
    assert type(error) is kind
    assert error.status == (127 if kind is errors.CommandMissing else status)
    assert error.stderr == said.strip()
    assert "\n" not in str(error) and "Usage" not in str(error)


def test_words_on_standard_output_count_for_arp_alone() -> None:
    assert type(shell.error(["arp"], shell.Result("No ARP entry for 10.0.0.1\n", "", 255))) is errors.NotFound
    assert type(shell.error(["cat"], shell.Result("File exists\n", "", 1))) is errors.CommandFailed


def test_the_message_ends_before_the_usage() -> None:
    def said(text: str) -> str:
        return str(errors.InvalidArgument(["ip", "-j"], 1, text))

    assert said("BusyBox v1.35.0 multi-call binary.\n\nUsage: ip …") == "ip -j: it does not know these words"
    assert said("route: bogus netmask\nUsage: …\n more") == "ip -j: route: bogus netmask"
    assert str(errors.CommandFailed(["x"] * 100, 3, "")).endswith("...: exit status 3")


@pytest.mark.parametrize(
    "error",
    [kind(["ip", "a b"], 2, "said\nmore") for kind in
     (errors.CommandMissing, errors.CommandFailed, errors.PermissionDenied, errors.NoSuchNetns, errors.AlreadyExists,
      errors.NotFound, errors.NetworkUnreachable, errors.InvalidArgument, errors.TimedOut)]
    + [errors.UsageError("said"), errors.NetwrapError("said"), errors.CommandWarning("said"),
       errors.ParseError(7, "line", "reason")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_errors_survive_pickling(error: Exception) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(error, protocol))
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


# -- namespaces ------------------------------------------------------------------------------------------------------


def test_an_empty_name_is_no_namespace() -> None:
    with pytest.raises(errors.InvalidArgument, match="empty"):
        shell.run(["ip", "link"], netns="")


def test_where_ip_is_busybox_a_name_is_a_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not shell.is_busybox("ip")
    implementations.use_busybox(monkeypatch, tmp_path)
    assert shell.is_busybox("ip") and not shell.is_busybox("sort") and not shell.is_busybox("no-such-program")
    assert shell.in_netns(["ip", "link"], "red") == ["nsenter", "-n/var/run/netns/red", "ip", "link"]
    assert shell.in_netns(["arp", "-n"], "/proc/42/ns/net") == ["nsenter", "-n/proc/42/ns/net", "arp", "-n"]


def test_a_name_is_no_option_of_anything() -> None:
    assert shell.in_netns(["ip", "link"], "-x") == ["ip", "-n", "-x", "link"]  # the value of an option
    assert shell.in_netns(["arp", "-n"], "-x") == ["nsenter", "--net=/var/run/netns/-x", "arp", "-n"]


@pytest.mark.root
@pytest.mark.parametrize("suffix", ["-plain", " a b", "-$HOME;x", "-'\"\\", "-\x1b[31m", "-é", "-\udcff", "-(id: 3)", "-\n"])
def test_names_with_odd_characters(rooms: Rooms, suffix: str) -> None:
    from netwrap import ip_netns

    name = rooms.name("odd" + suffix)
    ip_netns.add(name)
    try:
        for netns in (name, f"/run/netns/{name}"):
            assert shell.run(["ip", "-o", "link"], netns=netns).stdout.startswith("1: lo")
            assert shell.run(["cat", "/proc/net/dev"], netns=netns).stdout.count(":") == 1
    finally:
        ip_netns.delete(name)


@pytest.mark.root
def test_programs_that_lie_in_sbin_alone(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    red = rooms.add("red")
    monkeypatch.setenv("PATH", "/nowhere")
    assert shell.run(["ip", "-o", "link"], netns=red).stdout.startswith("1: lo")
    if shell.find("arp"):
        assert shell.run(["arp", "-n"], netns=red) == shell.Result("", "", 0)


# -- with the user's terminal ----------------------------------------------------------------------------------------


def test_pass_through_keeps_environment_and_status() -> None:
    code = "import sys; from netwrap import shell; sys.exit(shell.pass_through(['sh', '-c', {!r}]))"
    done = python(code.format('echo "$LANGUAGE|$LC_ALL|$PATH"; cat; exit 9'), LANGUAGE="de", LC_ALL="C.UTF-8")
    assert (done.stdout, done.returncode) == (f"de|C.UTF-8|{os.environ['PATH']}\n", 9)
    assert python(code.format("kill -9 $$")).returncode == 137


def test_become_keeps_environment_and_status() -> None:
    code = "import sys; from netwrap import shell; print('before'); shell.become(['sh', '-c', {!r}])"
    done = python(code.format('echo "$LANGUAGE|$LC_ALL|$PATH"; exit 9'), LANGUAGE="de", LC_ALL="C.UTF-8")
    assert (done.stdout, done.returncode) == (f"before\nde|C.UTF-8|{os.environ['PATH']}\n", 9)
    assert python(code.format("kill -9 $$")).returncode == -9


@pytest.mark.parametrize("door", ["become", "pass_through", "run"])
def test_signals_that_python_ignores_are_not_ignored(door: str) -> None:
    words = "['grep', 'SigIgn', '/proc/self/status']"
    code = f"from netwrap import shell; done = shell.{door}({words}); print(getattr(done, 'stdout', ''))"
    ignored = int(python(code).stdout.split()[1], 16)
    assert not ignored & (1 << signal.SIGPIPE - 1)
    assert not ignored & (1 << signal.SIGHUP - 1)
    assert not ignored & (1 << signal.SIGINT - 1)


@pytest.mark.parametrize("door", ["become", "pass_through"])
def test_the_terminal_is_handed_on(door: str) -> None:
    words = "['sh', '-c', 'test -t 0 && test -t 1 && test -t 2 && (: </dev/tty) && echo at a terminal']"
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover
        try:
            os.environ["PYTHONPATH"] = str(ROOT)
            os.execv(sys.executable, [sys.executable, "-c", f"from netwrap import shell; shell.{door}({words})"])
        finally:
            os._exit(126)
    said = b""
    try:
        while chunk := os.read(terminal, 4096):
            said += chunk
    except OSError:  # the terminal is gone with its last process
        pass
    os.close(terminal)
    assert (os.waitpid(pid, 0)[1], said) == (0, b"at a terminal\r\n")


def test_ctrl_c_is_the_command_s() -> None:
    """At a terminal the signal reaches both; the command decides what it means."""
    code = "import sys; from netwrap import shell; sys.exit(shell.pass_through(['sh', '-c', {!r}]))"
    assert python(code.format("trap 'exit 5' INT; kill -INT $PPID; kill -INT $$; sleep 1")).returncode == 5
    died = python(code.format("kill -INT $PPID; kill -INT $$; sleep 5"))
    assert "KeyboardInterrupt" in died.stderr


# -- what is shown ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", SHELL_TRICKS)
def test_what_is_shown_can_be_pasted(word: str) -> None:
    line = wording.pasteable(["printf", "%s|", word])
    assert line.isprintable()
    for name in ("bash", "busybox"):
        path = shell.find(name)
        if path is not None:
            words = [path, "-c", line] if name == "bash" else [path, "ash", "-c", line]
            assert subprocess.run(words, capture_output=True).stdout == f"{word}|".encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("given", ["one\ntwo\n", "no end", "EOF\nEOFF\n", "\x1b[31m\n", "\ttab\n", "\n", "$HOME `id`\n"])
def test_input_can_be_pasted_too(given: str) -> None:
    line = wording.pasteable(["cat"], given)
    assert "\x1b" not in line
    assert subprocess.run(["bash", "-c", line], capture_output=True, text=True).stdout == given


def test_a_dry_run_reads_and_does_not_change(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(shell, "announce", None)
    monkeypatch.setattr(shell, "dry_run", False)
    shell.show_commands(dry_run=True)
    assert shell.run(["echo", "read"]).stdout == "read\n"
    assert shell.run(["touch", f"{tmp_path}/changed"], changes=True) == shell.Result("", "", 0)
    assert shell.pass_through(["touch", f"{tmp_path}/passed"]) == 0
    with pytest.raises(SystemExit) as ended:
        shell.become(["touch", f"{tmp_path}/become"], "red")
    assert (ended.value.code, list(tmp_path.iterdir())) == (0, [])
    assert capsys.readouterr().err == (
        f"echo read\ntouch {tmp_path}/changed\ntouch {tmp_path}/passed\nip netns exec red touch {tmp_path}/become\n"
    )
