"""Bring a lab up, compare it with the host, and take it down. If one step of the plan fails, all steps are undone."""

from __future__ import annotations

import contextlib
import os
import random
from typing import NamedTuple

from netwrap import shell
from netwrap.errors import CommandMissing, NetwrapError

from . import journal as records
from . import state
from .commands import ETC, Command, commands, nat_tool
from .file_errors import LabFileError
from .objects import describe, wanted
from .perform import Interrupts, StepFailed, hint, perform, remove_folders, remove_logs
from .plan import Step, plan, unlisted
from .references import Lab
from .schema import HOST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .journal import Journal
    from .objects import Key, Objects
    from .state import State
    from .toml_lines import Path


class Difference(NamedTuple):
    """The differences between a lab and the host: missing steps, foreign objects in its namespaces, and objects in its way."""

    steps: list[Step]
    unlisted: list[str]
    strangers: list[str]


# -- the functions for the verbs -------------------------------------------------------------------------------------


def up(lab: Lab, show: Callable[[str], None], say: Callable[[str], None], interrupts: Interrupts) -> int:
    """Make the host as the lab's file describes, and return the number of steps.

    ``show`` is called with each difference once it is mended, ``say`` with notes. If anything fails, or ``interrupts`` notes
    a signal, everything that this run did is undone. Raises LabFileError where a command of the file fails.
    """
    want, origins = wanted(lab)
    with _exclusively(interrupts):
        journal = records.load(lab.name) or _new_journal(lab.name)
        before = state.read(journal, want)
        _refuse_strangers(lab, origins, before)
        steps = _with_extras(plan(before.objects, want, _ours(journal, before)), journal, before)
        for key in unlisted(before.objects, want, _ours(journal, before)):
            say(f"left alone, for it is none of the lab's: {describe(key, before.objects[key])}")
        called = {label: f"{bridge['netns']}:{bridge['dev']}" for label, bridge in lab.bridges.items()}
        about = {"description": lab.description, "bridges": called, "verify": lab.verify}
        if not steps:
            if journal.made:
                journal.tell(about)
            return 0
        if state.in_a_room_of_its_own():
            say("made inside of a mount namespace (`ip netns exec`?): these namespaces end with it")
        ours = _ours(journal, before)
        try:
            if not journal.made:
                journal.start(os.path.abspath(lab.file) if os.path.exists(lab.file) else lab.file)
            journal.tell(about)
            _note_forwarding(journal, before, want)
            perform(steps, journal, interrupts, say, show)
        except BaseException as failed:
            with interrupts.undo():
                _undo(journal, {key: value for key, value in before.objects.items() if key in ours or key[0] == "sysctl"}, say)
            if isinstance(failed, StepFailed):
                raise _told(lab, origins, failed) from failed.error
            if isinstance(failed, OSError):
                raise NetwrapError(f"lab {lab.name}: {failed.strerror}; everything that this run did is undone") from failed
            raise
        return len(steps)


def down(name: str, show: Callable[[str], None], say: Callable[[str], None]) -> int:
    """Remove the objects that a lab made or that carry its mark, and nothing else; return their number.

    -1 where there is no such lab.
    """
    with Interrupts() as interrupts, _exclusively(interrupts):
        journal = records.load(name)
        if journal is not None and not journal.broken:
            return _take_down(journal, show, say)
        known = name in records.all_names()
        if known:
            say(f"the record of lab {name} is broken: what carries the lab's mark is removed")
        journals = [journal] if journal is not None else []
        for found in state.marked(name, kept=journal is not None):
            if journal is None or found.group != journal.group:
                journals.append(found)
            else:
                for key, value in found.made.items():
                    journal.made.setdefault(key, value)
        count = sum(_take_down(one, show, say) for one in journals or [_new_journal(name, kept=False)])
        if (journals or known) and journal is None:
            say(f"without the record of lab {name} nobody knows the sysctls that it changed in the host"
                " (net.ipv4.ip_forward), nor which routes and rules of protocol 110 there are its own")  # fmt: skip
        _remove_record(name)
        return count if count or known else -1


def _take_down(journal: Journal, show: Callable[[str], None], say: Callable[[str], None]) -> int:
    there = state.read(journal, {("netns", netns): {} for netns in _etc_namespaces()})
    steps = plan(there.objects, {}, _ours(journal, there))
    for key, text in there.strangers.items():
        if key in journal.made:
            say(f"left alone: {text}")
    _hand_over(journal)
    files = [key for key in journal.made if key[0] == "file" and key not in there.objects]
    perform(steps, journal, None, say, show, no_links=True)
    for key in files:
        remove_folders(journal, key)
    journal.remove()
    return len(steps)


def compare(lab: Lab) -> Difference:
    """Compare the host with a lab's file."""
    want, _origins = wanted(lab)
    journal = records.load(lab.name) or _new_journal(lab.name, kept=False)
    there = state.read(journal, want)
    ours = _ours(journal, there)
    others = [describe(key, there.objects[key]) for key in unlisted(there.objects, want, ours)]
    others += state.others_tables(
        journal, [key[1] for key, value in there.objects.items() if key[0] == "netns" and "up" in value]
    )
    return Difference(plan(there.objects, want, ours), others, list(there.strangers.values()))


def from_nothing(lab: Lab) -> tuple[list[Step], list[Command]]:
    """The steps and commands that make a lab on an empty host; this host is not read."""
    want, _origins = wanted(lab)
    steps = [Step("make", key, value, {}) for key, value in want.items()]
    return steps, commands(steps, records.Journal(lab.name, 0x6E657477, kept=False))


# -- the pieces -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _exclusively(interrupts: Interrupts) -> Iterator[None]:
    if shell.dry_run:
        yield
        return
    with records.lock(interrupts.obey) as file:
        shell.held_open.add(file)
        try:
            yield
        finally:
            shell.held_open.discard(file)


def _new_journal(name: str, *, kept: bool = True) -> Journal:
    taken = {other.group for other in records.every()}
    group = next(number for number in iter(lambda: random.SystemRandom().randrange(1 << 24, 1 << 31), 0) if number not in taken)
    return records.Journal(name, group, kept=kept and not shell.dry_run)


def _ours(journal: Journal, there: State) -> set[Key]:
    return set(journal.made) | there.marked | {key for key in there.objects if key[0] == "start"}


def _refuse_strangers(lab: Lab, origins: dict[Key, Path], there: State) -> None:
    for key, text in there.strangers.items():
        if key in origins:
            raise LabFileError(lab.file, lab.line(origins[key]), text)


def _with_extras(steps: list[Step], journal: Journal, before: State) -> list[Step]:
    """Add to each step what is needed to undo it: the old value of a sysctl, the tool of a NAT, new folders."""
    done = []
    for step in steps:
        value = dict(step.value)
        if step.action != "remove":
            if step.key[0] == "sysctl":
                made = journal.made.get(step.key, {})
                value["was"] = made.get("was", before.objects.get(step.key, {}).get("value"))
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


def _note_forwarding(journal: Journal, before: State, want: Objects) -> None:
    """Record sysctls of the host that already have the wanted value, so that another lab that set them leaves them."""
    needed = [key for key in want if key[0] == "sysctl" and key[1] == HOST and key not in journal.made]
    same = [(key, {**want[key], "was": want[key]["value"]}) for key in needed if before.objects.get(key) == want[key]]
    journal.intend(same)
    journal.done(key for key, _value in same)


def _hand_over(journal: Journal) -> None:
    """Let another lab that needs the same sysctl of the host restore it later."""
    if shell.dry_run:
        return
    others = [other for other in records.every() if other.name != journal.name]
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


def _undo(journal: Journal, before: Objects, say: Callable[[str], None]) -> None:
    """Bring the lab's objects back to their state before this run."""
    if shell.dry_run:
        return
    cannot = _unmakable(before)
    before = {key: value for key, value in before.items() if key not in cannot}
    steps: list[Step] = []
    try:
        now = state.read(journal, before)
        steps = plan(now.objects, before, _ours(journal, now))
        no_links = not any(key[:2] == ("link", HOST) for key in before)
        perform(_with_extras(steps, journal, now), journal, None, say, no_links=no_links)
        for key in [key for key in journal.made if key[0] == "file" and key not in before]:
            remove_folders(journal, key)
        for key in cannot - set(now.objects):
            say(f"cannot be made again, for its other end is elsewhere: {describe(key, {})}")
    except (NetwrapError, OSError, KeyboardInterrupt, SystemExit) as error:
        _say_what_is_left(journal, before, error, say)
        return
    journal.forget([key for key in journal.made if key not in before])
    remove_logs(journal)
    if not any(key[0] != "sysctl" for key in journal.made):
        journal.remove()


def _unmakable(before: Objects) -> set[Key]:
    """The objects that cannot be made again: a cable whose other end left the lab's namespaces, and everything on it."""
    cables = {key for key, value in before.items() if key[0] == "link" and value.get("kind") == "veth"
              and (not value.get("peer") or ("link", *value["peer"]) not in before)}  # fmt: skip
    on = {key for key in before if key[0] in ("address", "neigh", "proxy", "netem", "vlan") and ("link", *key[1:3]) in cables}
    return cables | on


def _say_what_is_left(journal: Journal, before: Objects, error: BaseException, say: Callable[[str], None]) -> None:
    why = str(error) or "interrupted"
    left = ""
    with contextlib.suppress(NetwrapError, OSError):
        now = state.read(journal, before).objects
        rows = [describe(key, value) for key, value in now.items() if key in journal.made and key not in before]
        left = ": " + "; ".join(rows[:20]) + (f" and {len(rows) - 20} more" if len(rows) > 20 else "") if rows else ""
    say(f"not everything could be undone ({why}); try: netwrap lab down {journal.name}. Left{left or ' is unknown'}")


def _told(lab: Lab, origins: dict[Key, Path], failed: StepFailed) -> NetwrapError:
    """The error of a step, with the line of the file that asked for it."""
    error = failed.error
    text = f"{error}{hint(error)}; everything that this run did is undone"
    if isinstance(error, CommandMissing):
        return CommandMissing(error.argv, 127, f"{error.stderr}; everything that this run did is undone")
    return LabFileError(lab.file, lab.line(origins.get(failed.step.key, ())), text)
