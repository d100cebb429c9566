"""The only place that runs anything.

Every command runs with ``LC_ALL=C`` and no ``LANGUAGE`` (net-tools translate their tables), in a session of its own without a
terminal (`ip` colours for one), with a time-out after which it is killed with all that it started, and its output is complete
whatever its size. A failure becomes an error of :mod:`netwrap.errors`, recognised by the messages of iproute2, net-tools,
busybox.

A command that ends at once (`ip -j link`) is spawned directly; one that runs for long goes through the library `sh`, whose
import alone takes longer than most commands.

No string is ever handed to a shell: a command is a list of words. :func:`run` may be called from several threads at once.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import select
import sys
import time
import warnings

from parsers.lex import lazy

from .errors import (
    AlreadyExists,
    CommandError,
    CommandFailed,
    CommandMissing,
    CommandWarning,
    InvalidArgument,
    NetworkUnreachable,
    NetwrapError,
    NoSuchNetns,
    NotFound,
    PermissionDenied,
    TimedOut,
)
from .wording import pasteable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    import signal
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, NoReturn, TypeVar

    T = TypeVar("T")
else:  # `signal` makes enumerations of its constants, and takes its time for it
    import _signal as signal

TIMEOUT = 60.0
NETNS_DIR = "/var/run/netns"
#: Where binaries lie that a user's PATH may not name.
SBIN = "/usr/sbin:/sbin"

_CLONE_NEWNET = 0x40000000

#: Called with each command and its input before the command runs (`--show-commands`).
announce: Callable[[Sequence[str], str | None], None] | None = None
#: Commands that change something are announced and not run (`--dry-run`).
dry_run = False
#: Signals that end a program which does not mind them, and that somebody sends on purpose.
ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
#: The seconds that a command which runs long may take to clean up, before it is killed.
GRACE = 3.0
#: Open files that commands inherit: a lock is held until the last of them has ended, even where we are killed.
held_open: set[int] = set()
#: Variables that change the output of a command; with WG_HIDE_KEYS, `wg` may print secret keys.
_CHANGING = ("LANGUAGE", "LANG", "IPROUTE2_COLOR", "WG_HIDE_KEYS", "WG_COLOR_MODE")


# Messages of binaries and the errors they stand for; the first match counts. Words of iproute2 3.10 to 7.x, net-tools and
# busybox under LC_ALL=C.
@functools.cache  # compiled when something has failed, not before
def _meanings() -> tuple[tuple[re.Pattern[str], type[CommandError]], ...]:
    import re

    return (
        (
            re.compile(
                r"exec of \"(?s:.*?)\" failed: No such file"  # ip netns exec
                r"|^nsenter: (?:failed to execute|can't execute) (?s:.*?): No such file",
                re.M,
            ),
            CommandMissing,
        ),
        (
            re.compile(
                r"Cannot open network namespace(?s:.*?): (?:No such file|Not a directory|File name too long)"
                r"|sett?ing the network namespace (?s:.*?)failed: Invalid argument"  # a plain file, left behind by a reboot
                r"|Cannot remove (?s:.*?)netns/(?s:.*?): No such file"
                r"|nsenter: (?:cannot|can't) open (?s:.*?): No such file"
                r"|nsenter: (?s:.*?)reassociate (?s:.*?): Invalid argument"
                r"|Invalid \"netns\" value|invalid argument '(?s:.*?)' to 'netns'"  # ip link set … netns
            ),
            NoSuchNetns,
        ),
        (re.compile(r"Operation not permitted|Permission denied|must be root"), PermissionDenied),
        (
            re.compile(r"File exists|already exists|already (?:assigned|used|has a nsid)|TUNSETIFF\): Device or resource busy"),
            AlreadyExists,
        ),
        (
            re.compile(
                r"No such process|No such file or directory|No such device|Cannot find device|[Cc]an't find device"
                r"|does not exist|Cannot assign requested address|No ARP entry|[Aa]ddress not found|No such entry"
                r"|Cannot find specified"
            ),
            NotFound,
        ),
        (
            re.compile(r"Network is unreachable|No route to host|Nexthop has invalid gateway|Network unreachable"),
            NetworkUnreachable,
        ),
        (
            re.compile(
                r"Invalid argument|is invalid|is a garbage|is garbage|is wrong|[Ii]nvalid |Unknown device type|unknown hardware"
                r"|not a valid|expected rather than|out of range|Numerical result|either \"|is unknown|bogus netmask"
                r"|doesn't make sense|Command line is not complete|doesn't match route|need hardware address|need host name"
                r"|netmask and route address conflict|and host route conflict|device minimum|device maximum|policy validation"
                r"|requires arguments|Operator required|Operation not supported|is not in [0-9.]+ range"
                r"|invalid option|unrecognized option|^Usage:|^BusyBox v",
                re.M,
            ),
            InvalidArgument,
        ),
    )


class Result:
    """The result of a command: standard output, standard error and status. Bytes that are not UTF-8 survive as surrogates."""

    def __init__(self, stdout: str, stderr: str, status: int) -> None:  # importing `typing` takes as long as Python's start
        self.stdout = stdout
        self.stderr = stderr
        self.status = status

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Result) and vars(self) == vars(other)

    def __repr__(self) -> str:
        return f"Result({self.stdout!r}, {self.stderr!r}, {self.status})"


def environment() -> dict[str, str]:
    """The environment of every command: ours without variables that change the output, and with ``sbin`` in the PATH.

    `ip netns exec` looks for the command in the PATH it was given.
    """
    env = {key: value for key, value in os.environ.items() if key not in _CHANGING}
    env.update(LC_ALL="C", NO_COLOR="1", PATH=_path())
    return env


def _path() -> str:
    return ":".join(part for part in (os.environ.get("PATH", os.defpath), SBIN) if part)


def find(name: str) -> str | None:
    """The path of a binary, also where the user's PATH has no ``sbin``; None where it is not installed."""
    for folder in [""] if "/" in name else _path().split(":"):
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    return None


def is_busybox(name: str) -> bool:
    """Whether a binary is a link to busybox (or toybox), as on a router: its `ip` knows no namespaces and no JSON."""
    path = find(name)
    return path is not None and _links_to_busybox(path, find("busybox"))


@functools.cache
def _links_to_busybox(path: str, box: str | None) -> bool:
    if os.path.basename(os.path.realpath(path)).startswith(("busybox", "toybox")):
        return True
    return box is not None and os.path.samefile(path, box)


def in_netns(argv: Sequence[str], netns: str | None) -> list[str]:
    """The words that run a command in a namespace: a name, or a path where the name holds a slash.

    >>> in_netns(["ip", "link"], "red"), in_netns(["arp", "-n"], "red")
    (['ip', '-n', 'red', 'link'], ['ip', 'netns', 'exec', 'red', 'arp', '-n'])
    >>> in_netns(["ip", "link"], "/proc/42/ns/net")
    ['nsenter', '--net=/proc/42/ns/net', 'ip', 'link']

    Where `ip` is busybox's, which knows no namespaces, a name is a path too. Raises InvalidArgument for an empty name.
    """
    words = list(argv)
    if netns is None:
        return words
    if netns == "":
        raise InvalidArgument(words, 2, "the name of a namespace is empty")
    own = os.path.basename(words[0]) in ("ip", "bridge")
    if "/" not in netns and (is_busybox("ip") or netns.startswith("-") and not own):  # `ip netns exec` has no keyword for it
        netns = f"{NETNS_DIR}/{netns}"
    if "/" in netns:
        return ["nsenter", f"-n{netns}" if is_busybox("nsenter") else f"--net={netns}", *words]
    if own:
        return [words[0], "-n", netns, *words[1:]]
    return ["ip", "netns", "exec", netns, *words]


def run(
    argv: Sequence[str],
    *,
    netns: str | None = None,
    timeout: float = TIMEOUT,
    check: bool = True,
    stdin: str | None = None,
    held: bool = False,
    changes: bool = False,
    out: int | None = None,
    long: bool = False,
    started: Callable[[int], None] | None = None,
) -> Result:
    """Run a command and return all that it printed.

    ``netns`` runs it in that namespace; ``timeout`` is in seconds; ``check=False`` returns a failure as a result instead of
    raising it; ``stdin`` is handed to it as its input; ``held``: its input stays open until the command has ended, or we have;
    ``changes`` says that it changes something, which a dry run leaves out; ``out`` is the descriptor of a file that takes what it
    prints, and the result's ``stdout`` is empty then; ``long`` says that it runs for seconds or more, which `sh` is for;
    ``started`` as in :func:`wait`.

    Raises CommandMissing, TimedOut, and where it fails the error that its words mean, CommandFailed at least.
    Messages on standard error of a command that succeeds become warnings (CommandWarning).
    """
    words = in_netns(argv, netns)
    if announce is not None:
        announce(words, stdin)
    if dry_run and changes:
        return Result("", "", 0)
    result = _call(words, timeout, stdin, out, _wait_long if long else wait, started, held)
    return checked(words, result) if check else result


def checked(words: Sequence[str], result: Result) -> Result:
    """Check a result: warn about messages of a command that succeeded, raise the error that a failure stands for."""
    if result.status != 0:
        raise error(words, result)
    if "addattr_l ERROR: message exceeded bound" in result.stderr:  # what was too long was left out
        raise InvalidArgument(words, result.status, result.stderr.strip())
    for line in filter(str.strip, result.stderr.split("\n")):
        warnings.warn(f"{words[0]}: {line.strip()}", CommandWarning, stacklevel=3)
    return result


def _call(
    words: list[str],
    timeout: float,
    stdin: str | None,
    out: int | None = None,
    waiting: Callable[..., int] | None = None,
    started: Callable[[int], None] | None = None,
    held: bool = False,
) -> Result:
    path = executable(words)
    files = [scratch() if out is None else os.dup(out), scratch()]
    given = (stdin or "").encode("utf-8", "surrogateescape")
    try:
        with contextlib.ExitStack() as stack:
            if held:
                files.insert(0, stack.enter_context(_held(given)))
            else:
                files.insert(0, scratch(given) if given else os.open(os.devnull, os.O_RDONLY))
            status = (waiting or wait)(words, path, files, timeout, started)
        stdout = content(files[1]) if out is None else ""
        return Result(stdout, content(files[2]), status if status >= 0 else 128 - status)
    finally:
        for file in files:
            os.close(file)


@contextlib.contextmanager
def _held(given: bytes) -> Iterator[int]:
    """A pipe to read ``given`` from, which stays open behind it; a thread writes, as a user's many pipes take 4 KiB at a time."""
    import threading

    reading, writing = os.pipe()
    over = threading.Event()

    def feed() -> None:
        left = given
        os.set_blocking(writing, False)  # what the command has left running may hold the pipe and read nothing
        while left and not over.is_set():
            try:
                left = left[os.write(writing, left) :]
            except BlockingIOError:
                over.wait(0.01)
        over.wait()
        os.close(writing)

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    try:
        yield reading
    finally:
        over.set()
        feeder.join()


def wait(
    words: list[str],
    path: str,
    files: Sequence[int],
    timeout: float,
    started: Callable[[int], None] | None = None,
    env: dict[str, str] | None = None,
) -> int:
    """Start the binary at ``path`` in the namespaces of the calling thread, and wait for its end; kill it when its time is up.

    ``files`` are the descriptors of its input, output and errors: files, not pipes, so that nobody
    waits for processes that the command leaves running. ``started`` is called with its pid, for :func:`kill`, and with 0 when
    it has ended; ``env`` is its environment, by default that of :func:`environment`. Returns its exit status, minus N for
    signal N. Raises TimedOut, CommandMissing, CommandFailed.
    """
    _mind_children()
    actions: list[Any] = [(os.POSIX_SPAWN_DUP2, file, number) for number, file in enumerate(files)]
    actions += [(os.POSIX_SPAWN_DUP2, file, file) for file in held_open]
    try:
        pid = os.posix_spawn(path, words, env or environment(), file_actions=actions, setsid=True, setsigdef=IGNORED)
    except FileNotFoundError as missing:
        raise CommandMissing(words, 127, f"{words[0]} is not installed") from missing
    except OSError as failed:
        raise CommandFailed(words, 126, failed.strerror or str(failed)) from failed
    try:
        if started is not None:
            started(pid)
        with _taking_along(pid):
            in_time = _has_ended(pid, timeout)
    except BaseException:  # Ctrl-C: it has a session of its own, and nobody else would end it
        kill(pid)
        _reap(pid)
        raise
    if not in_time:
        kill(pid)
    if started is not None:
        started(0)
    status = _reap(pid)
    if not in_time:
        raise TimedOut(words, 124, f"no end after {timeout:g} seconds; killed")
    return status


class Asker:
    """Asks many questions, and looks only once for the binaries and at the environment."""

    def __init__(self) -> None:
        self._env = environment()
        self._paths: dict[tuple[str, ...], str] = {}

    def ask(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        stdin: str | None = None,
        netns: str = "",
        started: Callable[[int], None] | None = None,
    ) -> Result:
        """Run a command that changes nothing where the calling thread is (:func:`enter`), and return all that it printed.

        ``netns`` is the path by which the thread came there, for `--show-commands`; ``started`` as in :func:`wait`. What fails
        is a result like any other: status 124 where its time was up, with what it had printed until then, 127 where it is
        missing.
        """
        words = list(argv)
        if announce is not None:
            announce(["nsenter", f"--net={netns}", *words] if netns else words, stdin)
        files: list[int] = []
        try:
            known = tuple(words)
            path = self._paths.get(known) or self._paths.setdefault(known, executable(words))
            files.append(scratch(stdin.encode("utf-8", "surrogateescape")) if stdin else os.open(os.devnull, os.O_RDONLY))
            files += [scratch(), scratch()]
            status = wait(words, path, files, timeout, started, self._env)
            return Result(content(files[1]), content(files[2]), status if status >= 0 else 128 - status)
        except TimedOut as late:
            return Result(content(files[1]), content(files[2]) + f"netwrap: {late.stderr}\n", late.status)
        except CommandError as failed:
            return Result("", failed.stderr, failed.status)
        finally:
            for file in files:
                os.close(file)


def enter(file: int) -> None:
    """Move the calling thread, and the processes it starts from now on, into the network namespace of an open file.

    Raises OSError, also where this Python has no way to do so. No thread that other code runs in should enter one.
    """
    _setns()(file, _CLONE_NEWNET)


def within(netns: str | None, work: Callable[[], T]) -> T:
    """Call ``work`` inside of a namespace, in a thread of its own, and return its result.

    ``netns`` is a name or a path; None: here; "": a new namespace, which ends with the call. Raises what ``work`` raises, and
    OSError where the namespace cannot be entered.
    """
    if netns is None:
        return work()
    done: list[T] = []
    failed: list[Exception] = []

    def inside() -> None:
        try:
            if netns == "":
                _leave()
            else:
                with open(netns if "/" in netns else os.path.join(NETNS_DIR, netns), "rb") as file:
                    enter(file.fileno())
            done.append(work())
        except Exception as error:
            failed.append(error)

    import threading

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


def _leave() -> None:
    """Take the calling thread into a network namespace of its own. Raises OSError."""
    if hasattr(os, "unshare"):  # Python 3.12
        os.unshare(_CLONE_NEWNET)
        return
    _of_libc("unshare")(_CLONE_NEWNET)


@functools.cache
def _setns() -> Callable[[int, int], object]:
    enter: Callable[[int, int], object] | None = getattr(os, "setns", None)  # Python 3.12
    try:
        return enter or _of_libc("setns")
    except (ImportError, OSError, AttributeError) as error:
        raise OSError(errno.ENOSYS, "this Python cannot enter namespaces") from error


def _of_libc(name: str) -> Callable[..., None]:
    """A function of the C library that takes numbers, and returns 0 where it succeeds; else it raises OSError."""
    import ctypes

    call = ctypes.CDLL(None, use_errno=True)[name]

    def checked(*numbers: int) -> None:
        if call(*numbers) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    return checked


def _mind_children() -> None:
    """Make exit statuses of children available: a parent that ignored SIGCHLD passed that on to us."""
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN and _is_main_thread():
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _is_main_thread() -> bool:
    """Whether the main thread calls; there is no other where nobody has imported `threading`, which takes its time."""
    threading = sys.modules.get("threading")
    return threading is None or threading.current_thread() is threading.main_thread()


def _has_ended(pid: int, timeout: float) -> bool:
    """Whether a child ends within ``timeout`` seconds; the child is not reaped."""
    try:
        file = os.pidfd_open(pid)
    except (AttributeError, OSError):  # kernels before 5.3, sandboxes
        return _ends_somewhen(pid, timeout)
    try:
        poll = select.poll()
        poll.register(file, select.POLLIN)
        return bool(poll.poll(timeout * 1000))
    finally:
        os.close(file)


def _ends_somewhen(pid: int, timeout: float) -> bool:
    """Like :func:`_has_ended`, by polling, on systems without a notification."""
    until, pause = time.monotonic() + timeout, 0.0005
    try:
        while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() >= until:
                return False
            time.sleep(pause)
            pause = min(pause * 2, 0.05)
    except ChildProcessError:
        pass
    return True


def _reap(pid: int) -> int:
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        raise CommandFailed([], 126, "its exit status is lost: this program ignores SIGCHLD") from None


def _wait_long(
    words: list[str], path: str, files: Sequence[int], timeout: float, started: Callable[[int], None] | None = None
) -> int:
    """Do what :func:`wait` does, by `sh`; where `sh` cannot be imported (a router's Python has no asyncio), :func:`wait` does.

    Its output goes to files here, too: `sh` stops reading a pipe two seconds after the end of the process, and keeps no more
    than 3 MiB of chunks. The clock is ours: that of `sh` kills the process alone.
    """
    try:
        import sh
    except ImportError:
        return wait(words, path, files, timeout, started)
    if sh.__version__.startswith("1."):
        raise NetwrapError(f"the Python module 'sh' is too old: {sh.__version__}; netwrap needs 2.0 or later")

    _mind_children()
    command: Any = sh.Command(path)
    try:
        running = command(
            # `sh` encodes strictly: a name that is no UTF-8 goes through as its bytes
            *(os.fsencode(word).decode("latin-1") for word in words[1:]),
            _encoding="latin-1",
            _env=environment(),
            _in=files[0],
            _out=files[1],
            _err=files[2],
            _tty_in=False,
            _tty_out=False,
            _new_session=True,
            _ok_code=list(range(-64, 256)),
            _return_cmd=True,
            _pass_fds=held_open,
            _bg=1,  # returns at once, so that there is something to kill; with True it would ignore SIGHUP for ever
            _bg_exc=False,
        )
    except sh.CommandNotFound as missing:
        raise CommandMissing(words, 127, f"{words[0]} is not installed") from missing
    except sh.ForkException as failed:
        said = str(failed).strip().rpartition("\n")[2]
        if "'/proc/self/fd'" in said:
            said = "/proc is not mounted: mount -t proc proc /proc"
        raise CommandFailed(words, 126, said) from failed
    import threading

    late, over = threading.Event(), threading.Event()

    def end() -> None:
        late.set()
        kill(running.pid, signal.SIGTERM)  # a probe removes its folder, and prints what it has read
        if not over.wait(GRACE):
            kill(running.pid)

    clock = threading.Timer(timeout, end)
    clock.daemon = True
    clock.start()
    try:
        if started is not None:
            started(running.pid)
        with _taking_along(running.pid):
            status: int = running.wait().exit_code
        if started is not None:
            started(0)
    except BaseException:
        kill(running.pid)
        running.process.wait()
        raise
    finally:
        over.set()
        clock.cancel()
        clock.join()
    if late.is_set():
        raise TimedOut(words, 124, f"no end after {timeout:g} seconds; killed")
    return status


@contextlib.contextmanager
def _taking_along(pid: int) -> Iterator[None]:
    """Kill the command when an unhandled signal ends us: it is in its own session, so the signal does not reach it."""

    def end(number: int, _frame: object) -> None:
        kill(pid)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    numbers = ENDING
    ours = _is_main_thread()  # no other may set signal handlers
    taken = [number for number in numbers if ours and signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


class _Ended(BaseException):
    """A signal asked us to end; raised at the current line so that unfinished work is cleaned up."""


@contextlib.contextmanager
def cleaning_up() -> Iterator[Callable[[], None]]:
    """Let the block clean up (``finally``) when a signal ends us; then end by that signal.

    Python loses what a signal raises while it runs a callback of its own (of a weak reference, say). A block that takes long
    calls the function that it gets: this raises again what was lost; the end of the block does the same.
    Does nothing where somebody else handles these signals, or in another thread than the main one.
    """
    ours = _is_main_thread()
    taken = [number for number in ENDING if ours and signal.getsignal(number) is signal.SIG_DFL]
    asks = ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    came: list[int] = []

    def interrupt(number: int, _frame: object) -> None:
        came.append(number)
        raise KeyboardInterrupt

    def again() -> None:
        if came:
            raise KeyboardInterrupt if came[0] == signal.SIGINT else _Ended

    def end(number: int, _frame: object) -> None:
        for one in taken:  # once is enough: nothing interrupts the cleaning up
            signal.signal(one, signal.SIG_IGN)
        came.insert(0, number)
        raise _Ended

    for number in taken:
        signal.signal(number, end)
    if asks:
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield again
        again()
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
        if asks:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if came and came[0] != signal.SIGINT:
            os.kill(os.getpid(), came[0])


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to a process that :func:`wait` started, and to all processes of its session."""
    with contextlib.suppress(OSError):
        os.killpg(pid, number)


def executable(words: Sequence[str]) -> str:
    """Check the words of a command and return the path of its binary."""
    if any("\0" in word for word in words):
        raise InvalidArgument([word.replace("\0", "\\0") for word in words], 2, "a word holds a NUL byte")
    path = find(words[0])
    if path is None:
        raise CommandMissing(words, 127, f"{words[0]} is not installed")
    return path


def scratch(content: bytes = b"") -> int:
    """The descriptor of an unnamed file, in memory if the system can."""
    try:
        file = os.memfd_create("netwrap", os.MFD_CLOEXEC)
    except (AttributeError, OSError):
        import tempfile

        with tempfile.TemporaryFile() as temporary:
            file = os.dup(temporary.fileno())
    while content:
        content = content[os.write(file, content) :]
    os.lseek(file, 0, os.SEEK_SET)
    return file


def content(file: int) -> str:
    """The whole content of a file. Processes that the command left may still write: the file position is theirs."""
    parts, at = [], 0
    while part := os.pread(file, 1 << 24, at):
        parts.append(part)
        at += len(part)
    return b"".join(parts).decode("utf-8", "surrogateescape")


def error(argv: Sequence[str], result: Result) -> CommandError:
    """The error that the message of a failed command stands for.

    >>> failed = Result("", "RTNETLINK answers: File exists", 2)
    >>> type(error(["ip", "link", "add", "v0", "type", "veth"], failed)).__name__
    'AlreadyExists'
    """
    said = result.stderr.strip()
    if not said:
        said = result.stdout.strip()[:500]
        if not said.startswith("No ARP entry"):  # net-tools say this one on standard output
            return CommandFailed(argv, result.status, said)
    if result.status == 127 and "not found" in said:
        return CommandMissing(argv, 127, said)
    for pattern, kind in _meanings():
        if pattern.search(said):
            return kind(argv, 127 if kind is CommandMissing else result.status, said)
    return CommandFailed(argv, result.status, said)


# -- with the user's terminal and environment ----------------------------------------------------------------------

# Python ignores these signals, and the program that we become would ignore them, too: `yes | head -1` would complain.
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
# What a command must not ignore because we do.
IGNORED = (*_IGNORED_BY_PYTHON, signal.SIGCHLD)


def become(argv: Sequence[str], netns: str | None = None, *, changes: bool = True) -> NoReturn:
    """Replace this process by the command, with our terminal and environment; never returns.

    A dry run ends instead, unless the command ``changes`` nothing. Raises CommandMissing, and CommandFailed for a
    file that cannot be executed.
    """
    words = in_netns(argv, netns)
    if announce is not None:
        announce(words, None)
    if dry_run and changes:
        raise SystemExit(0)
    path = executable(words)
    sys.stdout.flush()
    sys.stderr.flush()
    before = [(number, signal.signal(number, signal.SIG_DFL)) for number in _IGNORED_BY_PYTHON]
    try:
        os.execv(path, words)
    except OSError as failed:
        for number, handler in before:
            signal.signal(number, handler)
        raise CommandFailed(words, 126, failed.strerror or str(failed)) from failed


def pass_through(argv: Sequence[str], netns: str | None = None, *, changes: bool = True) -> int:
    """Run a command on our own terminal, in our own environment, and return its exit status (128 + N for signal N).

    A dry run leaves it out, unless it ``changes`` nothing. Ctrl-C reaches the command; where the command dies of it,
    KeyboardInterrupt is raised. Raises CommandMissing, and CommandFailed for a file that cannot be executed.
    """
    words = in_netns(argv, netns)
    if announce is not None:
        announce(words, None)
    if dry_run and changes:
        return 0
    path = executable(words)
    _mind_children()
    sys.stdout.flush()
    sys.stderr.flush()
    ours = _is_main_thread()  # no other may set signal handlers
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in (signal.SIGINT, signal.SIGQUIT) if ours]
    default = [*_IGNORED_BY_PYTHON, *(number for number, handler in before if handler is not signal.SIG_IGN)]
    try:
        pid = os.posix_spawn(path, words, os.environ, setsigdef=default)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except OSError as failed:
        raise CommandFailed(words, 126, failed.strerror or str(failed)) from failed
    finally:
        for number, handler in before:
            signal.signal(number, handler)
    if status == -signal.SIGINT:
        raise KeyboardInterrupt
    return status if status >= 0 else 128 - status


def page(text: str) -> None:
    """Show a text through the user's pager (PAGER, else `less`) on our own terminal; where there is none, print it.

    An empty PAGER is none, as git has it.
    """
    import shlex

    try:
        words = shlex.split(os.environ.get("PAGER", "less"))
    except ValueError:  # a quote without its end
        words = []
    path = find(words[0]) if words else None
    if path is None or words[0] == "cat":
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    file = scratch(text.encode("utf-8", "backslashreplace"))
    try:
        pid = os.posix_spawn(
            path,
            words,
            {"LESS": "FRX", **os.environ},
            file_actions=[(os.POSIX_SPAWN_DUP2, file, 0)],
            setsigdef=_IGNORED_BY_PYTHON,
        )
        os.waitpid(pid, 0)
    finally:
        os.close(file)


# -- many commands of ip at once -----------------------------------------------------------------------------------

_BATCH_WORD = lazy(r"[A-Za-z0-9_.:/%+=,@!-]+")
_BATCH_FAILED = lazy(r"(?m)^Command failed (-|/proc/\d+/fd/\d+):(\d+)$")


def parts_at_once() -> int:
    """How many namespaces a batch can take at once: each needs an open file."""
    try:
        import resource
    except ImportError:  # a Python without it, as on a router
        return 16
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 64 if allowed == resource.RLIM_INFINITY else max(1, min(64, allowed - 24))


def batch(
    parts: Sequence[tuple[str | None, Sequence[Sequence[str]]]],
    *,
    options: Sequence[str] = (),
    changes: bool = True,
    check: bool = True,
    timeout: float = TIMEOUT,
) -> Result:
    """Run many commands of `ip` in few processes: each part has the commands of one namespace (None: ours), in order.

    ``options`` stand for every command (``-j``). The first failure ends it all, and is raised as the error of that command;
    with ``check=False`` that error is returned. Words that a batch would split or take for a comment raise InvalidArgument.

    Each namespace costs one process, and all of them together one call, which is four times as fast as one call each.
    """
    texts = [(netns, [list(words) for words in lines]) for netns, lines in parts if lines]
    for _netns, lines in texts:
        for words in lines:
            if words[0] != "ip" or not all(_BATCH_WORD.fullmatch(word) for word in words):
                raise InvalidArgument(words, 2, "these words are not fit for a batch")
    argv = ["ip", *options, "-batch", "-"]
    given = ["".join(" ".join(words[1:]) + "\n" for words in lines) for _netns, lines in texts]
    if announce is not None:
        for (netns, lines), text in zip(texts, given):
            if len(lines) == 1 and not options:
                announce(in_netns(lines[0], netns), None)
            else:
                announce(in_netns(argv, netns), text)
    if not texts or dry_run and changes:
        return Result("", "", 0)
    files: list[int] = []
    origins: dict[tuple[str, int], tuple[Sequence[str], str | None]] = {}  # which command is in which line of which file
    outer: list[str] = []
    try:
        for (netns, lines), text in zip(texts, given):
            if len(texts) == 1 or netns is None:
                file, first = "-", len(outer) + 1
                outer += text.rstrip("\n").split("\n")
            else:
                files.append(scratch(text.encode()))
                file, first = f"/proc/{os.getpid()}/fd/{files[-1]}", 1
                outer.append(" ".join(["netns", "exec", netns, "ip", *options, "-batch", file]))
                origins["-", len(outer)] = argv, netns
            origins.update({(file, first + at): (words, netns) for at, words in enumerate(lines)})
        words = in_netns(argv, texts[0][0] if len(texts) == 1 else None)
        result = _call(words, timeout, "\n".join(outer) + "\n")
    finally:
        for descriptor in files:
            os.close(descriptor)
    if not check:
        return result
    failed = _BATCH_FAILED.search(result.stderr)
    if result.status != 0 and failed is not None:
        origin = origins.get((failed[1], int(failed[2])))
        words = in_netns(*origin) if origin is not None else words
    said = _BATCH_FAILED.sub("", result.stderr).strip()
    return checked(words, Result(result.stdout, said, result.status))


# -- showing commands -------------------------------------------------------------------------------------------


def show_commands(*, dry_run: bool) -> None:
    """Print every command on standard error before it runs, ready to paste; ``dry_run``: run none that changes anything."""
    global announce
    announce = _print_command
    globals()["dry_run"] = dry_run


def _print_command(argv: Sequence[str], stdin: str | None) -> None:
    sys.stdout.flush()
    is_probe = stdin is not None and "\nnetwrap_probe " in stdin  # a thousand lines
    shown = f"netwrap capture --script | {pasteable(argv)}" if is_probe else pasteable(argv, stdin)
    sys.stderr.write(shown + "\n")  # in one write: namespaces are read side by side, and print() writes the line end apart
    sys.stderr.flush()
