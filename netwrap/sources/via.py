"""Other hosts, read through any command that gives a shell there: ``ssh router``, ``docker exec -i web``, ``ip netns exec red``.

A command such as ``ssh router`` is run as ``ssh router sh -s -- OPTIONS``, and gets the probe (``probe.sh``) on its standard
input; its output is a capture. Nothing is installed there, and nothing is left: we hold that input open while we read, and the
probe ends with it. Many hosts are asked side by side. None can ask for a password: commands run without a terminal, so that keys
or an agent must do.

A command of the user (``ip route``) goes the same way, as the one line of a script: no word of it is split or expanded by a
shell on the way, whatever the command in front does with its own words.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shlex
import signal
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from .. import shell
from ..errors import CommandError, NetwrapError, TimedOut, UsageError
from . import capture, opening

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ..model.host import Host
    from .capture import Progress

#: The number of hosts that are asked at the same time.
SIDE_BY_SIDE = 32
#: Seconds until the first word must come from a host, and until all of them must.
FIRST_WORD = 60.0
TIMEOUT = 600
#: Seconds after the last word from a host that has said something, but nothing of the probe's.
PATIENCE = 10.0


# The last line of a `kubectl debug` or `oc debug` whose pod has yet to start, with an image to pull.
_STARTING = re.compile(r"(?:^|\n)(?:Creating debug|Starting pod|Targeting container|Defaulting debug).*\s*$")


class Target(NamedTuple):
    """A host to ask: its name in messages, and the words of the command that gives a shell there."""

    name: str
    argv: list[str]


class Answer(NamedTuple):
    """The answer of a host: the text, and the reason why it is missing or incomplete; "" if nothing failed."""

    target: Target
    text: str
    failure: str
    result: shell.Result


def targets(commands: Sequence[str], names: Sequence[str] = ()) -> list[Target]:
    """The hosts of ``--via`` commands; with names (``--via-file``), each command once for each name, in place of ``{}``.

    >>> [target.argv for target in targets(["ssh root@{}"], ["r1", "r2"])]
    [['ssh', 'root@r1'], ['ssh', 'root@r2']]

    Raises UsageError for a command that is none, and for names without a place for them.
    """
    found = []
    for command in commands:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"--via {command!r} cannot be split into words: {error}") from None
        if not words:
            raise UsageError("--via takes a command that gives a shell, such as 'ssh router'")
        placed = any("{}" in word for word in words)
        if placed and not names:
            raise UsageError(f"--via {command!r} has a {{}}: the names that stand there come from --via-file")
        if names and not placed:
            raise UsageError(f"--via {command!r} has no {{}} where the names of --via-file could stand")
        if names:
            found += [Target(name, [word.replace("{}", name) for word in words]) for name in names]
        else:
            found.append(Target(command, words))
    return found


def names_in(path: str) -> list[str]:
    """The hosts that a file lists: the first word of each line, except blank lines and those that begin with ``#``.

    Raises NetwrapError where there is none, and for a name that begins with ``-``, which a command would take for an option.
    """
    text, problems = opening.text(path)
    if problems:
        raise NetwrapError(f"{path}: {problems[0]}")
    found = [line.split()[0] for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    for name in found:
        if name.startswith("-"):
            raise NetwrapError(f"{path}: {name!r} is not the name of a host")
    if not found:
        raise NetwrapError(f"{path} lists no host")
    return list(dict.fromkeys(found))


def hosts(
    asked: Sequence[Target], *, quick: bool = False, timeout: int = TIMEOUT, progress: Progress | None = None
) -> tuple[list[Host], list[str]]:
    """The hosts as they are now, in order, and a line on each that could not be read.

    ``quick`` leaves out firewall and sockets; ``timeout``: the seconds that a host may take; ``progress`` is called with the
    number of hosts that are done and the number there are.
    """
    found: list[Host] = []
    failures: list[str] = []
    with contextlib.closing(captures(asked, quick=quick, timeout=timeout, progress=progress)) as answers:
        for answer in answers:
            if not answer.text:
                failures.append(f"{answer.target.name}: {answer.failure}")
                continue
            host = opening.read_text(answer.text)
            if answer.failure:
                host.problems.append(f"{answer.target.name}: {answer.failure}")
            host.source, host.name = answer.target.name, host.hostname or ""
            host.of_several = len(asked) > 1
            found.append(host)
    opening.name(found)
    return found, failures


def captures(
    asked: Sequence[Target],
    *,
    quick: bool = False,
    json: bool = True,
    netns_timeout: int = capture.TIMEOUT,
    timeout: int = TIMEOUT,
    progress: Progress | None = None,
) -> Generator[Answer, None, None]:
    """The captures of hosts, in order; the text is "" if there is none."""
    words = ["--timeout", str(netns_timeout), *([] if json else ["--no-json"]), *(["--quick"] if quick else [])]
    script = "netwrap_holds_input=yes\n" + capture.script()
    with contextlib.closing(_asked(asked, script, words, timeout, progress)) as answers:
        for answer in answers:
            if not capture.is_capture(answer.text):
                failure = answer.failure or reason(_with(answer.result, answer.text))
                answer = answer._replace(text="", failure=failure)
            elif answer.result.status and not answer.failure:
                answer = answer._replace(failure=reason(answer.result))
            yield answer


def run(
    asked: Sequence[Target], argv: Sequence[str], *, changes: bool = False, timeout: int = TIMEOUT
) -> Generator[Answer, None, None]:
    """Run a command on hosts, with exactly these words, and return the outputs in order.

    ``failure`` says why a host could not be asked at all; where the command itself failed, ``result`` has its status and what it
    said. ``changes`` says that it changes something, which a dry run leaves out.
    """
    mark = f"netwrap-{os.urandom(12).hex()}"
    lines = ("LC_ALL=C NO_COLOR=1 PATH=$PATH:/usr/sbin:/sbin", "export LC_ALL NO_COLOR PATH", f"echo {mark}",
             f"echo {mark} >&2", f"exec {shlex.join(argv)} </dev/null")  # fmt: skip
    with contextlib.closing(_asked(asked, "\n".join(lines) + "\n", [], timeout, None, changes)) as answers:
        for answer in answers:
            if shell.dry_run and changes:
                continue
            _, begun, text = answer.text.partition(mark + "\n")  # in front of it a banner, or a warning of ssh
            text = text.removeprefix(mark + "\n")  # of standard error, where both come the same way (old `adb shell`)
            said = answer.result.stderr.rpartition(mark + "\n")[2]
            failure = answer.failure if begun else answer.failure or reason(_with(answer.result, answer.text))
            yield Answer(answer.target, text, failure, shell.Result(text, said, answer.result.status))


# -- why a host does not answer ------------------------------------------------------------------------------------

# Messages of ssh, docker, kubectl, chroot and shells, and their meaning; the first match counts.
_REASONS = tuple(
    (re.compile(pattern, re.I), meaning)
    for pattern, meaning in (
        (r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed", "its host key has changed"),
        (r"Host key verification failed|host key is known for", "its host key is not known"),
        (r"Permission denied|Authentication fail|Too many authentication|Operation not permitted|must be root|forbidden"
         r"|password is required|terminal is required to read the password|incorrect password",
         "permission denied"),
        (r"No route to host|Network is unreachable", "no route"),
        (r"Could not resolve|Name or service not known|Temporary failure in name|No such (?:host|container)\b"
         r"|\(NotFound\): ", "no such host"),
        (r"Connection refused", "connection refused"),
        (r"timed out|i/o timeout", "timed out"),
        (r"Connection (?:to \S+ )?(?:reset|closed)|closed by remote host|Broken pipe|kex_exchange_identification|unexpected EOF",
         "connection cut"),
        (r"\bsh\b.{0,40}(?:not found|No such file)|(?:executable file|command) not found|exec failed|nologin"
         r"|account is (?:currently )?not available", "no sh there"),
    )
)  # fmt: skip


def reason(result: shell.Result) -> str:
    """Why a command that should have given a shell gave none, or ended too early: the reason, and what was said.

    >>> reason(shell.Result("", "ssh: connect to host r1 port 22: No route to host\\r\\n", 255))
    'no route: ssh: connect to host r1 port 22: No route to host'
    """
    said = [line.strip() for line in (*result.stderr.split("\n"), *result.stdout.split("\n")[:20]) if line.strip()]
    for pattern, meaning in _REASONS:
        line = next((line for line in said if pattern.search(line)), None)
        if line is not None:
            return f"{meaning}: {_short(line)}"
    last = f": {_short(said[-1])}" if said else ""
    if result.status in (126, 127):
        return f"no sh there{last}"
    if result.status > 128:
        return f"ended by signal {result.status - 128}{last}"
    if result.status:
        return f"exit status {result.status}{last}"
    return "no capture came: the command must pass on its standard input to a shell (docker exec -i, kubectl exec -i)"


def _with(result: shell.Result, stdout: str) -> shell.Result:
    return shell.Result(stdout, result.stderr, result.status)


def _short(line: str) -> str:
    return line if len(line) <= 160 else line[:157] + "..."


# -- side by side --------------------------------------------------------------------------------------------------


def _asked(
    asked: Sequence[Target], script: str, words: list[str], timeout: int, progress: Progress | None, changes: bool = False
) -> Generator[Answer, None, None]:
    """Ask all hosts side by side and return the answers in order, each when it and those before it are there.

    If this ends early (Ctrl-C, a signal, a closed generator), everything that it started ends, too.
    """
    jobs = [_Job(target, script, words, timeout, changes) for target in asked]
    left = list(reversed(jobs))
    done: queue.SimpleQueue[_Job] = queue.SimpleQueue()

    def work() -> None:
        while True:
            try:
                job = left.pop()
            except IndexError:
                return
            job.run()
            done.put(job)

    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(SIDE_BY_SIDE, len(jobs)))]
    with shell.cleaning_up() as end_if_told:
        try:
            for worker in workers:
                worker.start()
            ended = 0
            for job in jobs:
                end_if_told()
                while job.answer is None:
                    try:
                        done.get(timeout=0.25)
                        ended += 1
                    except queue.Empty:
                        end_if_told()
                        for other in jobs:
                            other.watch()
                    if progress is not None:
                        progress(ended, len(jobs))
                if job.error is not None:
                    raise job.error
                yield job.answer
                job.forget()
        finally:
            left.clear()
            for number in (signal.SIGTERM, signal.SIGKILL):  # a probe on this machine removes its folder before it ends
                for job in jobs:
                    job.stop(number)
                until = time.monotonic() + shell.GRACE
                for worker in workers:
                    if worker.ident is not None:
                        worker.join(max(until - time.monotonic(), 0.01))


class _Job:
    """One host that is asked, by a thread of its own."""

    def __init__(self, target: Target, script: str, words: list[str], timeout: int, changes: bool) -> None:
        self.answer: Answer | None = None
        self.error: BaseException | None = None  # ours, not the host's
        self._target, self._script, self._timeout, self._changes = target, script, timeout, changes
        self._argv = [*target.argv, "sh", "-s", *(["--", *words] if words else [])]
        self._probing = bool(words)
        self._pid, self._stopped = 0, 0
        self._file, self._heard, self._length = -1, 0.0, 0
        self._begun, self._silent = False, ""

    def run(self) -> None:
        try:
            self.answer = self._asked()
        except BaseException as error:
            self.error = error
            self.answer = Answer(self._target, "", "", shell.Result("", "", 1))

    def _asked(self) -> Answer:
        none = shell.Result("", "", 1)
        file = shell.scratch()
        failure = ""
        try:
            self._file = file
            result = shell.run(
                self._argv, stdin=self._script, held=self._probing, timeout=self._timeout, check=False, out=file, long=True,
                changes=self._changes, started=self._started,
            )  # fmt: skip
            failure = self._silent
        except TimedOut:
            result, failure = none, f"timed out: no end after {self._timeout} seconds"
        except CommandError as error:
            result, failure = none, error.stderr
        finally:
            self._file = -1
        try:
            text = shell.content(file)
            if self._is_echoed(text[: capture.BANNER]):
                text, failure = "", self._silent
            return Answer(self._target, text, failure, result)
        finally:
            os.close(file)

    def forget(self) -> None:
        """Drop the text: the texts of many hosts need much memory."""
        self.answer = Answer(self._target, "", "", shell.Result("", "", 0))

    def _started(self, pid: int) -> None:
        self._heard = time.monotonic()
        self._pid = pid
        if pid and self._stopped:
            shell.kill(pid, self._stopped)

    def _is_echoed(self, text: str) -> bool:
        """Whether the script comes back: the lines of an answer through a terminal are not what was printed."""
        if self._script.partition("\n")[0] not in text:
            return False
        self._silent = "a terminal is in between: leave out the -t of kubectl, docker or ssh"
        return True

    def watch(self) -> None:
        """End the command if it has printed nothing for too long, or something else than what it was sent would."""
        file, pid, now = self._file, self._pid, time.monotonic()
        if not pid or file < 0 or self._begun or self._silent:
            return
        given = os.pread(file, capture.BANNER, 0)
        text = given.decode("utf-8", "surrogateescape")
        waits = not given or _STARTING.search(text)
        if self._is_echoed(text):
            shell.kill(pid)
        elif given and (not self._probing or capture.is_capture(text)) and not waits:
            self._begun = True
        elif len(given) == capture.BANNER or now - self._heard > (FIRST_WORD if waits else PATIENCE):
            said = f"no sh there: {_short(text.strip().rpartition(chr(10))[2])}"
            self._silent = f"timed out: no word from it for {FIRST_WORD:g} seconds" if waits else said
            shell.kill(pid)
        elif len(given) > self._length:
            self._heard, self._length = now, len(given)

    def stop(self, number: int) -> None:
        """End the command by a signal, also where it has not begun yet."""
        self._stopped = number
        if self._pid:
            shell.kill(self._pid, number)
