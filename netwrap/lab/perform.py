"""Run the commands of a plan's steps, with a line in the record before each, and obey signals meanwhile."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import threading
from typing import Any

from netwrap import shell
from netwrap.errors import CommandError, NoSuchNetns, NotFound

from . import processes, state
from .commands import DEVICE, ETC, INSIDE, NETEM, Command, commands
from .objects import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .journal import Journal
    from .objects import Key
    from .plan import Step

# The feature that a kernel lacks, by the words of a command and the message of `ip` or `tc`.
_MISSING = {
    "netem": "no netem (module sch_netem)",
    "vlan_filtering": "no VLAN filtering in its bridge (CONFIG_BRIDGE_VLAN_FILTERING)",
    "bridge": "no bridges (module bridge)",
    "veth": "no veth (module veth)",
    "vlan": "no VLAN interfaces (module 8021q)",
}
# A batch that takes longer hangs.
_BATCH_TIMEOUT = 120
# The seconds that a running command may continue after a signal, and the seconds for undoing a command that hung.
_GRACE, _UNDO_GRACE = 2.0, 10.0


class Interrupts:
    """Obey SIGINT, SIGTERM and SIGHUP between two commands, or at once if a command hangs. ``number``: the first signal."""

    def __init__(self) -> None:
        self.number = 0
        self.undoing = False
        self.hung = False

    def __enter__(self) -> Interrupts:
        self.before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                self.before[number] = signal.signal(number, self._note)
            self.before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._too_long)
        return self

    def __exit__(self, *_: object) -> None:
        if self.before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: object) -> None:
        self.number = self.number or number
        if not signal.getitimer(signal.ITIMER_REAL)[0]:
            signal.setitimer(signal.ITIMER_REAL, 3 * _UNDO_GRACE if self.undoing else _GRACE)

    def _too_long(self, _number: int, _frame: object) -> None:
        self.hung = True
        self._raise()

    def obey(self) -> None:
        """If a signal came, raise the exception that ends this program with the status of that signal."""
        if self.number:
            self._raise()

    def _raise(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if self.number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + self.number)

    @contextlib.contextmanager
    def undo(self) -> Iterator[None]:
        """Let the undoing finish: only note signals, but give up a command that hangs."""
        self.undoing = True
        if self.before:
            signal.setitimer(signal.ITIMER_REAL, _UNDO_GRACE if self.hung else 0)
        try:
            yield
        finally:
            if self.before:
                signal.setitimer(signal.ITIMER_REAL, 0)
            self.undoing = False


class StepFailed(Exception):
    """A command of a step failed."""

    def __init__(self, step: Step, error: CommandError) -> None:
        super().__init__(step, error)
        self.step = step
        self.error = error


def hint(error: CommandError) -> str:
    words, said = error.argv, error.stderr
    if "Unknown device type" in said or "qdisc kind is unknown" in said or "Operation not supported" in said:
        for name in _MISSING:  # the narrower word first
            if name in words:
                return f": this kernel has {_MISSING[name]}"
    return ""


def perform(
    steps: Sequence[Step],
    journal: Journal,
    interrupts: Interrupts | None,
    say: Callable[[str], None],
    show: Callable[[str], None] | None = None,
    *,
    no_links: bool = False,
) -> None:
    """Run the commands of steps; call ``show`` with each finished step.

    With ``interrupts`` the first failure raises StepFailed. Without it (undoing, taking down), a missing object is no failure,
    and the first other failure is raised after all steps were tried.
    """
    todo = commands(steps, journal, no_links=no_links)
    open_commands: dict[int, int] = {}
    for command in todo:
        open_commands[command.step] = open_commands.get(command.step, 0) + 1
    begun: set[int] = set()
    troubles: dict[int, CommandError] = {}  # the first failure of each step
    done: set[int] = set()
    shown = _Shown(steps, done, troubles, show)
    started: list[tuple[int, Command, str]] = []
    for segment in _segments(todo):
        if interrupts is not None:
            interrupts.obey()
        numbers = [number for number in dict.fromkeys(command.step for command in segment) if number not in begun]
        begun.update(numbers)
        journal.intend((steps[number].key, steps[number].value) for number in numbers if steps[number].action != "remove")
        _run_segment(segment, steps, journal, started, troubles if interrupts is None else None, say)
        finished = []
        for command in segment:
            open_commands[command.step] -= 1
            if not open_commands[command.step]:
                finished.append(steps[command.step])
                done.add(command.step)
        shown.go_on()
        journal.done(step.key for step in finished if step.action != "remove")
        journal.forget(step.key for step in finished if step.action == "remove")
    if interrupts is not None:
        interrupts.obey()
    if not shell.dry_run:
        _see_them_run(started, steps)
    silent = [number for number in range(len(steps)) if number not in open_commands]
    journal.forget(steps[number].key for number in silent if steps[number].action == "remove")
    done.update(silent)
    shown.go_on()
    for error in troubles.values():
        raise error


class _Shown:
    """Show the finished steps in the order of the plan, without those that failed."""

    def __init__(
        self, steps: Sequence[Step], done: set[int], troubles: dict[int, CommandError], show: Callable[[str], None] | None
    ) -> None:
        self.steps = steps
        self.done = done
        self.troubles = troubles
        self.show = show
        self.at = 0

    def go_on(self) -> None:
        while self.at in self.done:
            if self.show is not None and self.at not in self.troubles:
                self.show(str(self.steps[self.at]))
            self.at += 1


def _batched(command: Command) -> bool:
    """Whether a command can run in a batch: one of `ip` without a family (`-6`), which no line of a batch can have."""
    return command.does == "run" and command.argv[0] == "ip" and not command.argv[1].startswith("-")


def _segments(todo: list[Command]) -> Iterator[list[Command]]:
    """Split commands into groups that run together: consecutive commands of `ip` in one namespace; each other command alone."""

    def kind(command: Command) -> tuple[object, ...]:
        if not _batched(command):
            together = {"empty": "stop"}.get(command.does, command.does)
            return (command.phase, together) if together in ("write", "unlink", "stop") else (id(command),)
        return ("ip", DEVICE if command.phase == INSIDE else command.phase)

    at_once = shell.parts_at_once()
    for name, group in itertools.groupby(todo, kind):
        segment = list(group)
        if name[0] != "ip":
            yield segment
            continue
        by_netns: dict[str | None, list[Command]] = {}
        for command in segment:
            by_netns.setdefault(command.netns, []).append(command)
        some: list[Command] = []
        for number, part in enumerate(by_netns.values(), 1):
            some += part
            if number % at_once == 0 or number == len(by_netns):
                yield some
                some = []


def _run_segment(
    segment: list[Command],
    steps: Sequence[Step],
    journal: Journal,
    started: list[tuple[int, Command, str]],
    troubles: dict[int, CommandError] | None,
    say: Callable[[str], None],
) -> None:
    first = segment[0]
    if _batched(first):
        parts = [
            (netns, [command.argv for command in group])
            for netns, group in itertools.groupby(segment, lambda command: command.netns)
        ]
        try:
            shell.batch(parts, timeout=_BATCH_TIMEOUT)
            return
        except CommandError as error:
            if troubles is None:
                raise StepFailed(steps[_culprit(segment, error)], error) from error
    if first.does in ("stop", "empty"):
        pids = [int(pid) for command in segment if command.does == "stop" for pid in command.argv]
        names = [command.netns for command in segment if command.does == "empty" and command.netns is not None]
        for pid in processes.end(pids, names):
            say(f"left running, in a namespace that goes: process {pid}")
        return
    for command in segment:
        try:
            _run_one(command, steps[command.step], journal, started)
        except (NotFound, NoSuchNetns) as error:
            if troubles is None:
                raise StepFailed(steps[command.step], error) from error
        except CommandError as error:
            if command.phase == NETEM and "netem" in hint(error):
                step = steps[command.step]
                journal.intend([(step.key, {**step.value, "cannot": True})])
                say(f"{describe(step.key, step.value)}: left out, for this kernel has {_MISSING['netem']}")
            elif troubles is None:
                raise StepFailed(steps[command.step], error) from error
            else:
                troubles.setdefault(command.step, error)


def _culprit(segment: list[Command], error: CommandError) -> int:
    for command in segment:
        if shell.in_netns(command.argv, command.netns) == error.argv:
            return command.step
    return segment[0].step


def _run_one(command: Command, step: Step, journal: Journal, started: list[tuple[int, Command, str]]) -> None:
    if command.does == "write":
        for path in (ETC, os.path.dirname(command.argv[0])):
            if not os.path.isdir(path):
                shell.run(["mkdir", "-m", "755", path], changes=True)
        processes.write(command.argv[0], command.stdin or "")
    elif command.does == "unlink":
        processes.unlink(command.argv[0])
        remove_folders(journal, step.key)
    elif command.does == "sysctl":
        processes.write_sysctl(command.argv, command.netns)
    elif command.does == "start":
        log = _log(journal, step.key)
        marks = state.mark_of_process(journal, step.key[1], step.key[2])
        pid = processes.start(command.argv, netns=command.netns, log=log, marks=marks)
        journal.intend([(step.key, {**step.value, "pid": pid, "began": processes.facts(pid)[3]})] if pid else [])
        started.append((pid, command, log))
    else:
        shell.run(command.argv, netns=command.netns, stdin=command.stdin, changes=True)


def _log(journal: Journal, key: Key) -> str:
    """The file for the output of a started command."""
    return os.path.join(journal.folder, f"{key[1]}.{key[2]}.log")


def remove_logs(journal: Journal) -> None:
    """Remove the output of commands that no longer belong to the lab."""
    kept = {os.path.basename(_log(journal, key)) for key in journal.made if key[0] == "start"}
    with contextlib.suppress(OSError):
        for name in os.listdir(journal.folder):
            if name.endswith(".log") and name not in kept:
                os.unlink(os.path.join(journal.folder, name))


def remove_folders(journal: Journal, key: Key) -> None:
    """Remove the folders that were made for a file, if they are empty."""
    for path in reversed(journal.made.get(key, {}).get("folders", [])):
        if os.path.isdir(path) and not os.listdir(path):
            shell.run(["rmdir", path], changes=True, check=False)


def _see_them_run(started: list[tuple[int, Command, str]], steps: Sequence[Step]) -> None:
    """Raise StepFailed for a started command that fails at once (a port in use, a misspelt word)."""
    ended = processes.ended([pid for pid, _command, _log in started], 0.15)
    for pid, command, log in started:
        if ended.get(pid):
            with contextlib.suppress(OSError), open(log, encoding="utf-8", errors="replace") as file:
                said = file.read()[-300:].strip().rpartition("\n")[2]
                words = shell.in_netns(command.argv, command.netns)
                raise StepFailed(steps[command.step], CommandError(words, ended[pid], said))
