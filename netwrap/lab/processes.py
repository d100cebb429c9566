"""The parts of a lab that `ip` does not do: write files and sysctls, start and end commands, end processes of a namespace."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import time
from typing import Any

from netwrap import shell
from netwrap.errors import CommandFailed, CommandMissing, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SYSCTLS = "/proc/sys"
# Keeps the first megabyte of its input and swallows the rest: the log of a command must not fill /run.
_LOGGER = """
left=1048576
while [ $left -gt 0 ] && { IFS= read -r line || [ -n "$line" ]; }; do
    printf '%s\\n' "$line"
    left=$((left - ${#line} - 1))
done
[ $left -gt 0 ] || { echo '(no more is kept)'; exec cat >/dev/null; }
"""


# -- files and sysctls ----------------------------------------------------------------------------------------------


def is_namespace(path: str) -> bool:
    """Whether a path leads to a network namespace, and not to a file that a reboot or a crash left behind."""
    try:
        return os.stat(path).st_dev == os.stat("/proc/self/ns/net").st_dev
    except OSError:
        return False


def write(path: str, text: str) -> None:
    """Write a configuration file, completely or not at all; everybody may read it. Raises CommandFailed."""
    words = ["tee", path]
    if shell.announce is not None:
        shell.announce(words, text)
    if shell.dry_run:
        return
    try:
        # do not follow a link, and do not write into a FIFO that nobody reads
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(path, "w", encoding="utf-8", opener=lambda name, _flags: os.open(name, flags, 0o644)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise CommandFailed(words, 1, "is no plain file")
            os.ftruncate(file.fileno(), 0)
            os.fchmod(file.fileno(), 0o644)
            file.write(text)
    except OSError as failed:
        raise CommandFailed(words, 1, failed.strerror or str(failed)) from failed


def unlink(path: str) -> None:
    """Remove a file. Raises NotFound, CommandFailed."""
    words = ["rm", path]
    if shell.announce is not None:
        shell.announce(words, None)
    if shell.dry_run:
        return
    try:
        os.unlink(path)
    except FileNotFoundError as missing:
        raise NotFound(words, 1, "No such file or directory") from missing
    except OSError as failed:
        raise CommandFailed(words, 1, failed.strerror or str(failed)) from failed


def write_sysctl(words: Sequence[str], netns: str | None) -> None:
    """Do what ``sysctl -q -w NAME=VALUE`` does (NAME with slashes) without that binary. Raises NotFound, CommandFailed."""
    shown = shell.in_netns(words, netns)
    if shell.announce is not None:
        shell.announce(shown, None)
    if shell.dry_run:
        return
    name, _, value = words[-1].partition("=")

    def store() -> None:
        with open(os.path.join(SYSCTLS, name), "w", encoding="utf-8") as file:
            file.write(value + "\n")

    try:
        shell.within(netns, store)
    except FileNotFoundError as missing:
        raise NotFound(shown, 255, f"there is no sysctl {name.replace('/', '.')}") from missing
    except OSError as failed:
        raise CommandFailed(shown, 255, failed.strerror or str(failed)) from failed


def read_sysctls(names: Iterable[str], netns: str | None) -> dict[str, str]:
    """The values of sysctls (names with slashes) of a namespace; those that cannot be read are left out."""

    def fetch() -> dict[str, str]:
        found = {}
        for name in names:
            with contextlib.suppress(OSError), open(os.path.join(SYSCTLS, name), encoding="utf-8") as file:
                found[name] = " ".join(file.read().split())
        return found

    try:
        return shell.within(netns, fetch)
    except OSError:
        return {}


# -- commands that are left running -----------------------------------------------------------------------------------


def start(argv: Sequence[str], *, netns: str | None, log: str, marks: dict[str, str]) -> int:
    """Start a command and leave it running, in a session of its own; return its pid, 0 in a dry run.

    The command gets no input. The first megabyte of its output goes to the file ``log``; ``marks`` are added to its environment.
    Raises CommandMissing.
    """
    words = shell.in_netns(argv, netns)
    if shell.announce is not None:
        shell.announce(["setsid", "-f", "env", *(f"{name}={value}" for name, value in marks.items()), *words], None)
    if shell.dry_run:
        return 0
    path = shell.executable(words)
    if shell.find(argv[0]) is None:
        raise CommandMissing(words, 127, f"{argv[0]} is not installed")
    taken, given = os.pipe()
    try:
        keeper = shell.executable(["sh"])
        into: list[Any] = [
            (os.POSIX_SPAWN_DUP2, taken, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        spawn: dict[str, Any] = {"setsid": True, "setsigdef": shell.IGNORED}
        os.posix_spawn(keeper, ["sh", "-c", _LOGGER], shell.environment(), file_actions=into, **spawn)
        actions: list[Any] = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, given, 1),
            (os.POSIX_SPAWN_DUP2, given, 2),
        ]
        return os.posix_spawn(path, words, {**shell.environment(), **marks}, file_actions=actions, **spawn)
    except OSError as failed:
        raise CommandFailed(words, 126, failed.strerror or str(failed)) from failed
    finally:
        os.close(taken)
        os.close(given)


def ended(pids: Sequence[int], patience: float) -> dict[int, int]:
    """The processes (started by us) that end within ``patience`` seconds, with their exit status."""
    found: dict[int, int] = {}
    until = time.monotonic() + patience
    while pids and time.monotonic() < until and len(found) < len(pids):
        for pid in pids:
            with contextlib.suppress(ChildProcessError):
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    found[pid] = os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    return found


def end(pids: Sequence[int], namespaces: Sequence[str] = (), patience: float = 2.0) -> list[int]:
    """End processes, and all processes in namespaces: send SIGTERM, after ``patience`` seconds SIGKILL, until none is left.

    Returns the processes still in the namespaces: this one, its ancestors, and those that cannot be killed.
    """
    spared = set(_ancestors())
    todo = (set(pids) | {pid for some in inside(namespaces).values() for pid in some}) - spared
    if shell.announce is not None and todo:
        shell.announce(["kill", *map(str, sorted(todo))], None)
    if shell.dry_run:
        return []
    _signal(todo, signal.SIGTERM)
    _wait_for(todo, patience)
    for _round in range(50):  # a process may have started others meanwhile
        left = {pid for some in inside(namespaces).values() for pid in some} - spared | set(filter(is_alive, todo))
        if not left:
            break
        _signal(left, signal.SIGKILL)
        _wait_for(left, 0.1)
    return sorted(pid for some in inside(namespaces).values() for pid in some)


def inside(namespaces: Sequence[str]) -> dict[str, list[int]]:
    """The processes that are in namespaces (by their names)."""
    found: dict[str, list[int]] = {name: [] for name in namespaces}
    places = {}
    for name in namespaces:
        path = os.path.join(shell.NETNS_DIR, name)
        if is_namespace(path):
            about = os.stat(path)
            places[about.st_dev, about.st_ino] = name
    for pid in all_pids() if places else ():
        with contextlib.suppress(OSError):
            about = os.stat(f"/proc/{pid}/ns/net")
            name = places.get((about.st_dev, about.st_ino), "")
            if name and is_alive(pid):
                found[name].append(pid)
    return found


def all_pids() -> Iterator[int]:
    """The pids of all running processes."""
    return (int(entry) for entry in os.listdir("/proc") if entry.isdigit())


def facts(pid: int) -> tuple[str, int, int, int]:
    """State, parent, session and start (in clock ticks since the boot) of a process; zeros where it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            words = file.read().rpartition(")")[2].split()
        return words[0], int(words[1]), int(words[3]), int(words[19])
    except (OSError, IndexError, ValueError):
        return "", 0, 0, 0


def is_alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return facts(pid)[0] not in ("", "Z", "X")


def _ancestors() -> Iterator[int]:
    pid = os.getpid()
    while pid > 0:
        yield pid
        pid = facts(pid)[1]


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def _wait_for(pids: Iterable[int], patience: float) -> None:
    until = time.monotonic() + patience
    while any(map(is_alive, pids)) and time.monotonic() < until:
        time.sleep(0.01)
