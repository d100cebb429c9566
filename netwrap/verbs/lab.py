"""Build a network of namespaces from one file, compare it with the host, check that it works, and take it down again.

FILE is a TOML file or the name of a ready-made lab; for down also the name of a lab that is up.
"""

from __future__ import annotations

import os
import re
import sys
import time

from netwrap import shell, wording
from netwrap.errors import NetwrapError, PermissionDenied, UsageError, similar

from . import say
from ._options import refuse
from ._saving import form_of, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from netwrap.lab.references import Lab

    from ._options import Options


def run(options: Options) -> int:
    """Run the verb of `netwrap lab`; 1 where the host differs or a ping fails."""
    verb = options.verb.rpartition(" ")[2]
    if verb == "export":
        if not _may_make_namespaces():
            raise _root_needed(options)
        return _export(options.words, options.output)
    if verb == "show" and not options.words:
        refuse(options, ("--toml", "--sh", "--format", "--output", "-o"), "without the name of a lab")
    if verb == "list" or verb == "show" and not options.words:
        return _list()
    if verb == "show":
        return _show(options)
    if verb != "status" and not shell.dry_run and not _may_make_namespaces():
        raise _root_needed(options)
    try:
        return {"up": _up, "down": _down, "status": _status, "verify": _verify}[verb](options.words[0])
    except PermissionDenied as error:
        raise error if _may_make_namespaces() else _root_needed(options) from None


def _may_make_namespaces() -> bool:
    """Whether this process may make and enter namespaces, which root may, unless a container has taken that away."""
    wanted = 1 << 12 | 1 << 21  # CAP_NET_ADMIN, CAP_SYS_ADMIN
    try:
        with open("/proc/self/status", encoding="utf-8", errors="replace") as file:
            return int(file.read().partition("\nCapEff:")[2].split()[0], 16) & wanted == wanted
    except (OSError, ValueError, IndexError):
        return os.geteuid() == 0


def _root_needed(options: Options) -> NetwrapError:
    words = wording.pasteable(["sudo", "netwrap", *options.verb.split(), *options.words])
    if os.geteuid() == 0:
        return NetwrapError("labs need CAP_NET_ADMIN and CAP_SYS_ADMIN, which this root does not have")
    return NetwrapError(f"labs need root: {words}")


def _print(text: str) -> None:
    from netwrap.wording import printable

    print(printable(text), flush=True)


def _needs_ip() -> None:
    if shell.is_busybox("ip"):
        raise NetwrapError("labs need the `ip` of iproute2; the one here is busybox's")


def _up(name: str) -> int:
    from netwrap.lab import apply, file, perform

    _needs_ip()
    lab = file.load(name)
    began = time.monotonic()
    with perform.Interrupts() as interrupts:
        count = apply.up(lab, _print, say, interrupts)
        if not count:
            _print(f"lab {lab.name} is up: nothing to change")
        elif shell.dry_run:
            _print(f"lab {lab.name} would come up: {_things(count)}")
        else:
            _print(f"lab {lab.name} is up: {_things(count)} in {time.monotonic() - began:.1f} s")
    return 0


def _things(count: int) -> str:
    return "1 change" if count == 1 else f"{count} changes"


def _down(name: str) -> int:
    from netwrap.lab import apply

    _needs_ip()
    lab = _running_name(name)
    count = apply.down(lab, _print, say)
    if count < 0:
        _print(f"lab {lab} is not up: nothing to remove")
    else:
        _print(f"lab {lab} {'would be' if shell.dry_run else 'is'} down: {_things(count)}")
    return 0


def _running_name(name: str) -> str:
    """The name of the lab of a file, a ready-made lab or a running one; a broken file does not keep a lab from going down."""
    from netwrap.lab import file, journal, state
    from netwrap.lab.file_errors import LabFileError

    if name in journal.all_names():
        return name
    for record in journal.every():
        if record.file and os.path.abspath(name) == record.file:
            return record.name
    try:
        return file.load(name).name
    except (LabFileError, UsageError):
        if file.is_name(name) and state.marked(name, kept=False):  # its record and its file are gone
            return name
        if near := similar(name, journal.all_names()):
            raise UsageError(f"no lab {name!r} is up{near}") from None
        raise


def _running_or_file(name: str) -> Lab:
    """The lab of a file, of a ready-made lab, or of the file that a running one came from."""
    from netwrap.lab import file, journal
    from netwrap.lab.file_errors import LabFileError

    for record in journal.every():
        if record.name == name and os.path.isabs(record.file):
            lab = file.load(record.file)
            if lab.name == name:
                return lab
    try:
        return file.load(name)
    except (LabFileError, UsageError):
        if not os.path.exists(name) and (near := similar(name, [*file.READY_MADE, *journal.all_names()])):
            raise UsageError(f"there is no lab {name!r}{near}") from None
        raise


def _status(name: str) -> int:
    from netwrap.lab import apply

    _needs_ip()
    lab = _running_or_file(name)
    difference = apply.compare(lab)
    for step in difference.steps:
        _print(str(step))
    for text in difference.strangers:
        _print(f"! {text}")
    for text in difference.unlisted:
        _print(f"? {text} (not in the file, and not made by the lab)")
    found = len(difference.steps) + len(difference.strangers) + len(difference.unlisted)
    number = f"{found} difference{'s' if found > 1 else ''}"
    _print(f"lab {lab.name}: {number if found else 'the host is as the file says'}")
    _print_findings(lab)
    return 1 if found else 0


def _print_findings(lab: Lab) -> None:
    """Print the errors and warnings of `netwrap check` that concern the lab's namespaces."""
    from netwrap.answers import check
    from netwrap.sources import opening

    names = {netns for netns in lab.namespaces if os.path.lexists(f"/run/netns/{netns}")}
    found = check.check([opening.live()], level="warning") if names else []
    about = [
        one for one in found
        if names & {one.netns, *(other.netns for other in one.under), *re.findall(r"[^\s:,;()]+", one.what)}
    ]  # fmt: skip
    for line in check.lines(about):
        _print(line)


def _show(options: Options) -> int:
    from netwrap.lab import apply, file

    if options.output is not None:
        if options.toml or options.sh:
            raise UsageError(f"--output saves a picture; {'--toml' if options.toml else '--sh'} prints: redirect it with > FILE")
        options.format = form_of(options.output, options.format) or "text"
    if options.toml + options.sh + (options.format is not None) > 1:
        raise UsageError("--toml, --sh and --format are three forms: take one of them")
    name = options.words[0]
    lab = _running_or_file(name)
    if options.toml:
        sys.stdout.write(file.text_of(lab.file if os.path.isabs(lab.file) else name))
        return 0
    if options.format is not None:
        from netwrap.lab import drawing

        from . import topology

        topology.of_lab(drawing.host(lab), f"Lab {lab.name}", options)
        return 0
    steps, commands = apply.from_nothing(lab)
    if not options.sh:
        _print(f"lab {lab.name}" + (f": {lab.description}" if lab.description else ""))
        for step in steps:
            _print(f"  {str(step)[2:]}")
        _print("commands:")
    folders: set[str] = set()
    for command in commands:
        words = shell.in_netns(command.argv, command.netns)
        if command.does == "write":
            folder = os.path.dirname(command.argv[0])
            if folder not in folders:
                _print(wording.pasteable(["mkdir", "-p", folder], None))
            folders.add(folder)
            words = ["tee", *command.argv]
        text = wording.pasteable(words, command.stdin)
        for line in (f"setsid -f {text} </dev/null >/dev/null 2>&1" if command.does == "start" else text).split("\n"):
            _print(line)
    return 0


def _list() -> int:
    from netwrap.lab import file, journal

    up = journal.all_names()
    files = {record.name: record.file for record in journal.every()}
    for name in file.READY_MADE:
        _print(f"{name.ljust(12)} {file.load(name).description}" + (" (up)" if name in up else ""))
    for name in up:
        if name not in file.READY_MADE:
            _print(f"{name.ljust(12)} {files.get(name) or 'its record cannot be read'} (up)")
    return 0


def _verify(name: str) -> int:
    from netwrap.lab import verify

    _needs_ip()
    lab = _running_or_file(name)
    failures = 0
    for result in verify.verify(lab):
        _print(str(result))
        failures += not result.as_wanted
    _print(f"lab {lab.name}: " + (f"{failures} failed" if failures else "everything is reached as it should be"))
    _print_findings(lab)
    return 1 if failures else 0


def _export(names: list[str], output: str | None) -> int:
    from netwrap.lab import export

    _needs_ip()
    text, notes = export.export(names)
    for note in notes:
        say(note)
    if output is None or output == "-":
        sys.stdout.write(text)
        return 0
    with whole(output) as beside, open(beside, "x", encoding="utf-8") as file:
        file.write(text)
    return 0
