"""Do the steps of a plan: run their commands, with a record before each, and undo all of it where one fails."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import threading
from typing import Any, NamedTuple

from netwrap import shell
from netwrap.errors import CommandError, CommandMissing, NetwrapError, NoSuchNetns, NotFound

from . import journal as records
from . import state
from .commands import DEVICE, ETC, INSIDE, NETEM, Command, commands, nat_tool
from .file import HOST, Lab, LabFileError
from .plan import Step, plan, unlisted
from .things import describe, wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .journal import Journal
    from .positions import Path
    from .state import State
    from .things import Key, Things

# What a kernel lacks, told from the words of a command and what `ip` or `tc` said.
_MISSING = {
    "netem": "no netem (module sch_netem)",
    "vlan_filtering": "no VLAN filtering in its bridge (CONFIG_BRIDGE_VLAN_FILTERING)",
    "bridge": "no bridges (module bridge)",
    "veth": "no veth (module veth)",
    "vlan": "no VLAN interfaces (module 8021q)",
}
_PARTS_AT_ONCE = 64


class Interrupts:
    """SIGINT, SIGTERM and SIGHUP are noted, and obeyed between two commands: ``number`` is the first that came."""

    def __init__(self) -> None:
        self.number = 0

    def __enter__(self) -> Interrupts:
        self.before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                self.before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: object) -> None:
        self.number = self.number or number

    def obey(self) -> None:
        """Raise what ends this program with the status of the signal, if one came."""
        if self.number == signal.SIGINT:
            raise KeyboardInterrupt
        if self.number:
            raise SystemExit(128 + self.number)


class StepFailed(Exception):
    """A command of a step failed."""

    def __init__(self, step: Step, error: CommandError) -> None:
        super().__init__(step, error)
        self.step = step
        self.error = error


class Difference(NamedTuple):
    """A lab and the host: the steps from one to the other, what others left in the lab's namespaces, what is in the way."""

    steps: list[Step]
    unlisted: list[str]
    strangers: list[str]


# -- what the verbs call --------------------------------------------------------------------------------------------


def up(lab: Lab, show: Callable[[str], None], say: Callable[[str], None], interrupts: Interrupts) -> int:
    """Make the host what the lab's file says; ``show`` is called with each difference, ``say`` with notes. The number of steps.

    Whatever fails, and where ``interrupts`` notes a signal, everything that this run did is undone. Raises LabFileError where
    the file's own words fail.
    """
    want, origins = wanted(lab)
    with _exclusively():
        journal = records.load(lab.name) or _new_journal(lab.name)
        before = state.read(journal, want)
        _refuse_strangers(lab, origins, before)
        steps = _with_extras(plan(before.things, want, _ours(journal, before)), journal, before)
        for key in unlisted(before.things, want, _ours(journal, before)):
            say(f"left alone, for it is none of the lab's: {describe(key, before.things[key])}")
        if not steps:
            return 0
        for step in steps:
            show(str(step))
        ours = _ours(journal, before)
        if not journal.made:
            journal.start(os.path.abspath(lab.file) if os.path.exists(lab.file) else lab.file)
        try:
            _note_forwarding(journal, before, want)
            perform(steps, journal, interrupts, say)
        except BaseException as failed:
            _undo(journal, {key: value for key, value in before.things.items() if key in ours or key[0] == "sysctl"}, say)
            if isinstance(failed, StepFailed):
                raise _told(lab, origins, failed) from failed.error
            raise
        return len(steps)


def down(name: str, show: Callable[[str], None], say: Callable[[str], None]) -> int:
    """Remove what carries a lab's mark, and nothing else. The number of things removed; -1 where there is no such lab."""
    with _exclusively(), Interrupts():
        journal = records.load(name)
        known = journal is not None
        journal = journal or _new_journal(name)
        there = state.read(journal, {("netns", netns): {} for netns in _etc_namespaces()})
        ours = _ours(journal, there)
        steps = plan(there.things, {}, ours)
        for key, text in there.strangers.items():
            if key in journal.made:
                say(f"left alone: {text}")
        if not known and not steps:
            _remove_record(name)
            return -1
        for step in steps:
            show(str(step))
        _hand_over(journal)
        files = [key for key in journal.made if key[0] == "file" and key not in there.things]
        perform(steps, journal, None, say, no_links=True)
        for key in files:
            _remove_folders(journal, key)
        journal.remove()
        return len(steps)


def compare(lab: Lab) -> Difference:
    """How the host differs from a lab's file."""
    want, _origins = wanted(lab)
    journal = records.load(lab.name) or _new_journal(lab.name, kept=False)
    there = state.read(journal, want)
    ours = _ours(journal, there)
    others = [describe(key, there.things[key]) for key in unlisted(there.things, want, ours)]
    return Difference(plan(there.things, want, ours), others, list(there.strangers.values()))


def from_nothing(lab: Lab) -> tuple[list[Step], list[Command]]:
    """The steps and commands that make a lab where nothing is, without a look at the host."""
    want, _origins = wanted(lab)
    steps = [Step("make", key, value, {}) for key, value in want.items()]
    return steps, commands(steps, records.Journal(lab.name, 0x6E657477, kept=False))


# -- the pieces -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _exclusively() -> Iterator[None]:
    if shell.dry_run:
        yield
        return
    with records.lock() as file:
        shell.held_open.add(file)
        try:
            yield
        finally:
            shell.held_open.discard(file)


def _new_journal(name: str, *, kept: bool = True) -> Journal:
    taken = {other.group for other in map(records.load, records.all_names()) if other is not None}
    group = next(number for number in iter(lambda: random.SystemRandom().randrange(1 << 24, 1 << 31), 0) if number not in taken)
    return records.Journal(name, group, kept=kept and not shell.dry_run)


def _ours(journal: Journal, there: State) -> set[Key]:
    return set(journal.made) | there.marked | {key for key in there.things if key[0] == "start"}


def _refuse_strangers(lab: Lab, origins: dict[Key, Path], there: State) -> None:
    for key, text in there.strangers.items():
        if key in origins:
            raise LabFileError(lab.file, lab.line(origins[key]), text)


def _with_extras(steps: list[Step], journal: Journal, before: State) -> list[Step]:
    """The steps with what undoing them will need: the old value of a sysctl, the tool of a NAT, new folders."""
    done = []
    for step in steps:
        value = dict(step.value)
        if step.action != "remove":
            if step.key[0] == "sysctl":
                made = journal.made.get(step.key, {})
                value["was"] = made.get("was", before.things.get(step.key, {}).get("value"))
            elif step.key[0] == "nat":
                value["tool"] = nat_tool()
                if not value["tool"]:
                    raise CommandMissing(["nft"], 127, "NAT needs nft (package nftables) or iptables, and neither is installed")
            elif step.key[0] == "file":
                folders = (ETC, os.path.join(ETC, step.key[1]))
                made = journal.made.get(step.key, {})
                value["folders"] = made.get("folders", [path for path in folders if not os.path.isdir(path)])
        done.append(step._replace(value=value))
    return done


def _note_forwarding(journal: Journal, before: State, want: Things) -> None:
    """Sysctls of the host that are as wanted already are needed all the same: another lab that set them must leave them."""
    needed = [key for key in want if key[0] == "sysctl" and key[1] == HOST and key not in journal.made]
    same = [(key, {**want[key], "was": want[key]["value"]}) for key in needed if before.things.get(key) == want[key]]
    journal.intend(same)
    journal.done(key for key, _value in same)


def _hand_over(journal: Journal) -> None:
    """A sysctl of the host that another lab needs as well is restored by that one."""
    if shell.dry_run:
        return
    others = [other for other in map(records.load, records.all_names()) if other is not None and other.name != journal.name]
    for key, value in list(journal.made.items()):
        heir = next((other for other in others if key in other.made), None)
        if key[0] == "sysctl" and key[1] == HOST and heir is not None and value.get("was") != value["value"]:
            heir.intend([(key, {**heir.made[key], "was": value.get("was")})])
            heir.done([key])
            value["was"] = value["value"]


def _etc_namespaces() -> list[str]:
    try:
        return os.listdir(ETC)
    except OSError:
        return []


def _remove_record(name: str) -> None:
    journal = records.Journal(name, 0)
    if os.path.isdir(journal.folder) and not shell.dry_run:
        journal.remove()


def _undo(journal: Journal, before: Things, say: Callable[[str], None]) -> None:
    """Bring what is the lab's back to what it was before this run."""
    if shell.dry_run:
        return
    try:
        now = state.read(journal, before)
        steps = plan(now.things, before, _ours(journal, now))
        no_links = not any(key[:2] == ("link", HOST) for key in before)
        perform(_with_extras(steps, journal, now), journal, None, say, no_links=no_links)
        for key in [key for key in journal.made if key[0] == "file" and key not in before]:
            _remove_folders(journal, key)
    except NetwrapError as error:
        say(f"not everything could be undone ({error}); try: netwrap lab down {journal.name}")
        return
    journal.forget([key for key in journal.made if key not in before])
    _remove_logs(journal)
    if not any(key[0] != "sysctl" for key in journal.made):
        journal.remove()


def _told(lab: Lab, origins: dict[Key, Path], failed: StepFailed) -> NetwrapError:
    """The error of a step, with the line of the file that asked for it."""
    error = failed.error
    text = f"{error}{_hint(error)}; everything that this run did is undone"
    if isinstance(error, CommandMissing):
        return CommandMissing(error.argv, 127, f"{error.stderr}; everything that this run did is undone")
    return LabFileError(lab.file, lab.line(origins.get(failed.step.key, ())), text)


def _hint(error: CommandError) -> str:
    words, said = error.argv, error.stderr
    if "Unknown device type" in said or "qdisc kind is unknown" in said or "Operation not supported" in said:
        for name in _MISSING:  # the narrower word first
            if name in words:
                return f": this kernel has {_MISSING[name]}"
    return ""


# -- running --------------------------------------------------------------------------------------------------------


def perform(
    steps: Sequence[Step],
    journal: Journal,
    interrupts: Interrupts | None,
    say: Callable[[str], None],
    *,
    no_links: bool = False,
) -> None:
    """Run the commands of steps. With ``interrupts`` the first failure raises StepFailed; without (undoing, taking down), what
    is gone already is no failure, and the first other one is raised after everything else was tried."""
    todo = commands(steps, journal, no_links=no_links)
    open_commands: dict[int, int] = {}
    for command in todo:
        open_commands[command.step] = open_commands.get(command.step, 0) + 1
    begun: set[int] = set()
    troubles: list[CommandError] = []
    started: list[tuple[int, Command, str]] = []
    for segment in _segments(todo):
        if interrupts is not None:
            interrupts.obey()
        numbers = [number for number in dict.fromkeys(command.step for command in segment) if number not in begun]
        begun.update(numbers)
        journal.intend((steps[number].key, steps[number].value) for number in numbers if steps[number].action != "remove")
        try:
            _run_segment(segment, steps, journal, started, troubles if interrupts is None else None, say)
        finally:
            if shell.dry_run:
                started.clear()
        finished = []
        for command in segment:
            open_commands[command.step] -= 1
            if not open_commands[command.step]:
                finished.append(steps[command.step])
        journal.done(step.key for step in finished if step.action != "remove")
        journal.forget(step.key for step in finished if step.action == "remove")
    if interrupts is not None:
        interrupts.obey()
    _see_them_run(started, steps)
    gone_by_itself = [step.key for number, step in enumerate(steps) if step.action == "remove" and number not in open_commands]
    journal.forget(gone_by_itself)
    if troubles:
        raise troubles[0]


def _batched(command: Command) -> bool:
    """Whether a command can run in a batch: those of `ip`, but the family (`-6`) cannot be given there."""
    return command.does == "run" and command.argv[0] == "ip" and not command.argv[1].startswith("-")


def _segments(todo: list[Command]) -> Iterator[list[Command]]:
    """Commands that run together: those of `ip` that follow each other, a namespace at a time; all others one by one."""

    def kind(command: Command) -> tuple[object, ...]:
        if not _batched(command):
            return (command.phase, command.does) if command.does in ("write", "unlink") else (id(command),)
        return ("ip", DEVICE if command.phase == INSIDE else command.phase)

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
            if number % _PARTS_AT_ONCE == 0 or number == len(by_netns):
                yield some
                some = []


def _run_segment(
    segment: list[Command],
    steps: Sequence[Step],
    journal: Journal,
    started: list[tuple[int, Command, str]],
    troubles: list[CommandError] | None,
    say: Callable[[str], None],
) -> None:
    first = segment[0]
    if _batched(first):
        parts = [
            (netns, [command.argv for command in group])
            for netns, group in itertools.groupby(segment, lambda command: command.netns)
        ]
        try:
            shell.batch(parts, timeout=600)
            return
        except CommandError as error:
            if troubles is None:
                raise StepFailed(steps[_culprit(segment, error)], error) from error
    for command in segment:
        try:
            _run_one(command, steps[command.step], journal, started)
        except (NotFound, NoSuchNetns) as error:
            if troubles is None:
                raise StepFailed(steps[command.step], error) from error
        except CommandError as error:
            if command.phase == NETEM and "netem" in _hint(error):
                step = steps[command.step]
                journal.intend([(step.key, {**step.value, "cannot": True})])
                say(f"{describe(step.key, step.value)}: left out, for this kernel has {_MISSING['netem']}")
            elif troubles is None:
                raise StepFailed(steps[command.step], error) from error
            else:
                troubles.append(error)


def _culprit(segment: list[Command], error: CommandError) -> int:
    for command in segment:
        if shell.in_netns(command.argv, command.netns) == error.argv:
            return command.step
    return segment[0].step


def _run_one(command: Command, step: Step, journal: Journal, started: list[tuple[int, Command, str]]) -> None:
    if command.does == "write":
        for path in (ETC, os.path.dirname(command.argv[0])):
            if not os.path.isdir(path):
                shell.run(["mkdir", path], changes=True)
        shell.write(command.argv[0], command.stdin or "")
    elif command.does == "unlink":
        shell.unlink(command.argv[0])
        _remove_folders(journal, step.key)
    elif command.does == "stop":
        shell.end([int(pid) for pid in command.argv])
    elif command.does == "start":
        log = _log(journal, step.key)
        marks = state.mark_of_process(journal, step.key[1], step.key[2])
        started.append((shell.start(command.argv, netns=command.netns, log=log, marks=marks), command, log))
    else:
        shell.run(command.argv, netns=command.netns, stdin=command.stdin, changes=True)


def _log(journal: Journal, key: Key) -> str:
    """Where a command that was started writes to."""
    return os.path.join(journal.folder, f"{key[1]}.{key[2]}.log")


def _remove_logs(journal: Journal) -> None:
    """Remove what commands wrote that are no longer the lab's."""
    kept = {os.path.basename(_log(journal, key)) for key in journal.made if key[0] == "start"}
    with contextlib.suppress(OSError):
        for name in os.listdir(journal.folder):
            if name.endswith(".log") and name not in kept:
                os.unlink(os.path.join(journal.folder, name))


def _remove_folders(journal: Journal, key: Key) -> None:
    """Remove the folders that were made for a file, where nothing is left in them."""
    for path in reversed(journal.made.get(key, {}).get("folders", [])):
        if os.path.isdir(path) and not os.listdir(path):
            shell.run(["rmdir", path], changes=True, check=False)


def _see_them_run(started: list[tuple[int, Command, str]], steps: Sequence[Step]) -> None:
    """A command that fails at once (a port in use, a word misspelt) fails the lab."""
    ended = shell.ended([pid for pid, _command, _log in started], 0.15)
    for pid, command, log in started:
        if ended.get(pid):
            with contextlib.suppress(OSError), open(log, encoding="utf-8", errors="replace") as file:
                said = file.read()[-300:].strip().rpartition("\n")[2]
                words = shell.in_netns(command.argv, command.netns)
                raise StepFailed(steps[command.step], CommandError(words, ended[pid], said))
