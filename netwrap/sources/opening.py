"""Open any source of a host; its kind is recognised by its content: a capture, a folder, a pasted session, an sos report."""

from __future__ import annotations

import functools
import os
import select
import stat
import sys

from .. import commands as _commands
from ..errors import NetwrapError, UsageError
from ..model.build import HOST_WIDE, build
from ..model.host import Host
from ..model.section import Section

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from . import archive
    from .capture import Progress

    #: Is called with the path of a source and the number of its files that were looked at so far.
    Counted = Callable[[str, int], None]

#: The most that is read of a text: a capture, a session.
TEXT_LENGTH = 512 << 20
#: What a packed text may grow to whatever its size is, and the most lines of a text that is no capture.
PACKED_LENGTH = 32 << 20
MAX_LINES = 2_000_000
#: The most that is looked at line by line, for commands and tables among other things.
PASTED_LENGTH = 16 << 20


def live(
    progress: Progress | None = None,
    *,
    commands: Sequence[Sequence[str]] | None = None,
    netns: Sequence[str] | None = None,
    quick: bool = False,
) -> Host:
    """This host, as it is now.

    ``progress`` as in :func:`netwrap.sources.live.sections`; ``commands`` asks for these commands alone
    (``[["ip", "link"]]``), whose tables the namespaces then have; ``netns`` names the namespaces to read, by any name that
    `netwrap report` prints; ``quick`` leaves out the firewall, the sockets and the settings. Raises UsageError for a name
    that is no namespace's, CommandError where nothing can be asked at all.
    """
    from . import live as sweep

    def chosen(names: list[Section]) -> list[str]:
        known = build(names)
        known.live = True
        return [found.key for found in known.choose(netns or ())]

    try:
        tables = sweep.QUICK if quick else sweep.TABLES
        found, said = sweep.sections(tables, commands=commands, netns=None if netns is None else chosen, progress=progress)
    except sweep.Unable:
        from . import capture

        host = _captured(capture.take(progress=progress, quick=quick or commands is not None))
    else:
        host = build(found, problems=said)
    host.live = True
    host.source = "this host"
    return host


def hosts(paths: Sequence[str], at: int | None = None, *, counted: Counted | None = None) -> list[Host]:
    """The hosts of some sources, in their order, each with a ``name`` of its own.

    A source is a file, a folder, a folder of captures, or ``-`` for standard input. ``at``: of a command that a pasted text has
    several times, the N-th counts (1: the first), not the last. ``counted``, where given, is called for each file of a folder or
    an archive with the path of the source and the number of files so far. Raises NetwrapError for a source without a host, and
    UsageError where no command ran that often.
    """
    found: list[Host] = []
    for path in paths:
        some = _read(path, at, counted)
        for host in some:
            host.source = host.source or ("standard input" if path == "-" else path)
            host.name = host.hostname or ""
        some = [host for host in some if host.namespaces] or some
        if not some[0].namespaces:
            source, problems = some[0].source, some[0].problems[:1]
            raise NetwrapError(f"{source}: contains nothing that netwrap knows" + "".join(f"; {it}" for it in problems))
        found += some
    name(found)
    return found


def skimmed(path: str, skip: Callable[[str], bool]) -> Host | None:
    """The host of a capture that need not be read, as ``skip`` decides by its text; None for any other source.

    It has no tables; its notes and problems are those of the capture, and of the commands that failed in it. Raises NetwrapError.
    """
    from . import archive, capture

    try:
        if os.path.isdir(path):
            return None
        with _opened(path) as file:
            stream, start = _begun(file, path)
            if not capture.is_capture(archive.text_of(start)):
                return None
            problems: list[str] = []
            text = _rest(stream, start, path, problems)
    except OSError as error:
        raise NetwrapError(f"cannot read {path}: {error.strerror or error}") from None
    if not skip(text):
        return None
    host = _captured(text, problems, skim=True)
    host.source = path
    host.name = host.hostname or ""
    return host


def fitting(paths: Sequence[str]) -> list[str]:
    """The paths, and for each pattern (``today/*``) the paths that match, sorted. Raises NetwrapError where none does."""
    import glob

    found: list[str] = []
    for path in paths:
        pattern = any(letter in path for letter in "*?[") and not os.path.lexists(path)
        some = sorted(glob.glob(path)) if pattern else [path]
        if not some:
            raise NetwrapError(f"no file fits {path}")
        found += some
    return found


def expanded(paths: Sequence[str]) -> list[str]:
    """The sources that paths stand for: a folder of captures stands for its files, a pattern for the paths that match.

    Raises NetwrapError for a pattern that matches nothing.
    """
    return list(dict.fromkeys(file for path in fitting(paths) for file in captures_in(path) or [path]))


# A folder of captures is not deeper than this.
_DEEPEST = 64


def captures_in(folder: str, depth: int = 0) -> list[str]:
    """The files of a folder most of which are captures, sorted; otherwise none. Empty files count for neither side.

    A host that could not be asked leaves an empty file, or one with its error message, among the captures of the others. The
    captures of folders in the folder (a site each) follow; a folder of nothing but other folders is one of captures if they are.
    """
    if not os.path.isdir(folder) or depth > _DEEPEST:
        return []
    with os.scandir(folder) as entries:
        there = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    files = [entry.path for entry in there if os.path.isfile(entry.path)]  # False for a link in a circle, too
    others = [path for path in files if not _is_capture(path)]
    if len(files) - len(others) <= sum(1 for path in others if os.path.getsize(path)) and files:
        return []
    found = files
    for entry in there:
        if entry.is_dir(follow_symlinks=False):
            try:
                inner = captures_in(entry.path, depth + 1)
            except OSError:
                inner = [entry.path]  # whoever opens it names the reason (`lost+found`: permission denied)
            if not files and not inner and os.listdir(entry.path):  # a bundle
                return []
            found = found + inner
    return found


def _is_capture(path: str) -> bool:
    if path.endswith((".netwrap", ".netwrap.gz")):
        return True
    import zlib

    from . import archive, capture

    try:
        with open(path, "rb") as file:
            start = archive.Stream(file).peek(4096)
    except (OSError, EOFError, ValueError, zlib.error):
        return False
    return capture.is_capture(start.decode("utf-8", "replace"))


def name(found: Sequence[Host]) -> None:
    """Give each of several hosts a name that no other has: its own, else its source's."""
    if len(found) < 2 and not any(host.of_several for host in found):
        return
    taken: set[str] = set()
    for host in found:
        place = os.path.basename(host.source.rstrip("/")) or host.source
        choices = [host.name, *([f"{host.name} ({place})"] if host.name else []), "" if host.name else place, host.source]
        own = next((choice for choice in choices if choice and choice not in taken), "")
        number = 2
        while not own or own in taken:
            own = f"{host.name or place} ({number})"
            number += 1
        host.name = own
        taken.add(own)


def read(path: str) -> Host:
    """The host of a file, a folder or standard input (``-``). Raises NetwrapError for a source of no or several hosts."""
    found = hosts([path])
    if len(found) > 1:
        raise NetwrapError(f"{found[0].source} contains {len(found)} machines: {', '.join(host.name for host in found[:10])}")
    return found[0]


def read_text(text: str) -> Host:
    """The one host of a text: a capture, a pasted session, or one table. Raises NetwrapError."""
    found = _text(text, "the text", [])
    if len(found) > 1:
        raise NetwrapError(f"the text contains {len(found)} machines")
    return found[0]


def _read(path: str, at: int | None, counted: Counted | None) -> list[Host]:
    from . import archive

    if path == "-":
        return _stream(sys.stdin.buffer, "standard input", at, counted, None)
    try:
        if os.path.isdir(path):
            files = _wanted(path, counted)
            _not_pasted(path, at)
            archive.from_folder(path, files)
            return _files(files, path)
        with _opened(path) as file:
            return _stream(file, path, at, counted, lambda: _opened(path))
    except OSError as error:
        raise NetwrapError(f"cannot read {path}: {error.strerror or error}") from None


#: The seconds to wait for a writer of a named pipe.
PIPE_PATIENCE = 2.0


def _opened(path: str) -> BinaryIO:
    """Open a file for reading. Raises OSError for a named pipe without a writer, which would never end."""
    if not stat.S_ISFIFO(os.stat(path).st_mode) or path.startswith(("/dev/fd/", "/proc/self/fd/")):
        return open(path, "rb")
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    readable, _, _ = select.select([number], [], [], 0)
    waited = 0.0
    while not readable and waited < PIPE_PATIENCE:
        readable, _, _ = select.select([number], [], [], 0.1)
        waited += 0.1
    if not readable:
        os.close(number)
        raise OSError(f"a named pipe that nobody writes into within {PIPE_PATIENCE:g} seconds")
    os.set_blocking(number, True)
    return open(number, "rb")


def _wanted(source: str, counted: Counted | None) -> archive.Files:
    from . import archive, folder

    choice = folder.Choice()
    return archive.Files(choice.wanted, choice.peeks, None if counted is None else functools.partial(counted, source))


def text(path: str) -> tuple[str, list[str]]:
    """The text of a file (``-``: standard input), decompressed if necessary, and the problems met in reading it.

    Raises NetwrapError for a file that contains no text.
    """
    if path == "-":
        return _text_of(sys.stdin.buffer, "standard input")
    try:
        with _opened(path) as file:
            return _text_of(file, path)
    except OSError as error:
        raise NetwrapError(f"cannot read {path}: {error.strerror or error}") from None


def _text_of(file: BinaryIO, shown: str) -> tuple[str, list[str]]:
    from . import archive

    stream, start = _begun(file, shown)
    if archive.is_tar(start) or archive.is_zip(start):
        raise NetwrapError(f"{shown}: an archive of files: use --from")
    problems: list[str] = []
    return _rest(stream, start, shown, problems), problems


def _begun(file: BinaryIO, shown: str) -> tuple[archive.Stream, bytes]:
    """A stream and its first bytes."""
    from . import archive

    try:
        stream = archive.Stream(file)
        return stream, stream.peek(4096)
    except archive.failures() as error:
        raise NetwrapError(f"{shown}: cannot be read: {archive.broken(error)}") from None


def _rest(stream: archive.Stream, start: bytes, shown: str, problems: list[str]) -> str:
    from . import archive

    why = archive.unreadable(start)
    if why:
        raise NetwrapError(f"{shown}: {why}")
    stream.budget.small = min(PACKED_LENGTH, archive.SMALL)
    chunks, length = [], 0
    try:
        while length < TEXT_LENGTH:
            chunk = stream.read()
            if not chunk:
                break
            chunks.append(chunk)
            length += len(chunk)
        else:
            problems.append(f"only the first {TEXT_LENGTH >> 20} MiB were read")
    except archive.Bomb as error:
        raise NetwrapError(f"{shown}: {error}") from None
    except archive.failures() as error:
        problems.append(f"cannot be read to its end: {archive.broken(error)}")
    return archive.text_of(b"".join(chunks))


def _stream(
    file: BinaryIO, shown: str, at: int | None, counted: Counted | None, again: Callable[[], BinaryIO] | None
) -> list[Host]:
    from . import archive

    stream, start = _begun(file, shown)
    if archive.is_tar(start) or archive.is_zip(start):
        _not_pasted(shown, at)
        files = _wanted(shown, counted)
        archive.from_archive(stream, start, files, again)
        return _files(files, shown)
    problems: list[str] = []
    return _text(_rest(stream, start, shown, problems), shown, problems, at)


def _files(files: archive.Files, shown: str) -> list[Host]:
    from . import folder

    found = folder.read(files)
    left = sorted(files.left, key=lambda path: (folder.held(path) is None, path))
    members = [f"{path} ({files.left[path]})" for path in left]
    if not found.sections and not found.problems and (found.unread or not files.problems):
        what = "no file in it is named after a command that netwrap knows and contains its output ('ip_-d_link', 'arp -n.txt')"
        said = [*not_understood(found.unread), *not_understood(members, MEMBERS), *files.problems[:1]]
        raise NetwrapError("; ".join([f"{shown}: {what}", *said]))
    lost = not_understood(members, MEMBERS) if left and folder.held(left[0]) is not None else []
    hosts: dict[str, list[Section]] = {}
    for section in found.sections:
        hosts.setdefault(section.host, []).append(section)
    if not hosts:
        hosts[""] = []
    made: list[Host] = []
    for name, sections in hosts.items():
        first = not made  # what was said of all of them
        problems = [*files.problems, *lost, *found.problems] if first else []
        host = build(sections, notes=found.notes if first else (), problems=problems)
        host.unread_files, host.unread_members = (found.unread, members) if first else ([], [])
        host.hostname = host.hostname or name or None
        made.append(host)
    return made


#: Words for things that were left out: of files, of the members of an archive or a folder that are none, of commands.
FILES, MEMBERS = ("file", "not understood"), ("member", "not read")


def not_understood(paths: Sequence[str], words: tuple[str, str] = FILES) -> list[str]:
    """The number of files that were not understood, and the first of them; nothing for no files.

    >>> not_understood(["a/route"]), not_understood(["dev/sda (a device)"] * 2, MEMBERS), not_understood([])
    (['1 file not understood: a/route'], ['2 members not read: dev/sda (a device), dev/sda (a device)'], [])
    """
    shown = ", ".join(paths[:3]) + (", ..." if paths[3:] else "")
    return [f"{len(paths)} {words[0]}{'s' if paths[1:] else ''} {words[1]}: {shown}"] if paths else []


def _not_pasted(shown: str, at: int | None) -> None:
    if at is not None:
        raise UsageError(f"{shown}: --at is for pasted text with a command that ran several times: it makes no sense here")


def _text(text: str, shown: str, problems: list[str], at: int | None = None) -> list[Host]:
    from . import capture

    if capture.is_capture(text):
        _not_pasted(shown, at)
        return [_captured(text, problems)]
    if text.count("\n") > MAX_LINES:
        text = "\n".join(text.split("\n", MAX_LINES)[:MAX_LINES])
        problems.append(f"only the first {MAX_LINES} lines were read")
    from . import headed

    pieces = headed.everywhere(text) or (headed.pieces(text) if headed.is_headed(text) else [])
    if pieces:
        _not_pasted(shown, at)
        sections = [Section(it.netns, it.command, it.text, line=it.line, part=it.part) for it in pieces]
        return [build(sections, problems=problems)]
    import parsers

    from . import session

    if len(text) > PASTED_LENGTH:
        one = parsers.detect(text)
        if one:  # a table of a million lines, and no paste
            return [build([Section("", _commands.module(one[0]).COMMAND, text)], problems=problems)]
        problems = [*problems, f"longer than {PASTED_LENGTH >> 20} MiB and no table that netwrap knows: the rest was not read"]
        text = text[:PASTED_LENGTH]
    found = session.machines(text, "" if shown == "the text" else shown, at)
    if not any(machine.sections for machine in found):
        one = parsers.detect(text) if text.lstrip()[:1] in ("[", "{") else []
        if one:
            said = f"{'' if shown == 'the text' else shown + ': '}read as {_commands.module(one[0]).COMMAND!r}"
            host = build([Section("", _commands.module(one[0]).COMMAND, text)], problems=problems)
            host.notes.append(said)
            return [host]
        known = "neither a capture, nor a pasted session, nor a table that netwrap knows"
        what = f"{shown}: {known if text.strip() else 'empty'}"
        raise NetwrapError("; ".join([what, *problems, *(it for machine in found for it in machine.problems[:1])]))
    made = [build(machine.sections, machine.notes, [*problems, *machine.problems]) for machine in found]
    for host, machine in zip(made, found):
        host.unread = machine.unread
    return made


def _captured(text: str, problems: list[str] | None = None, skim: bool = False) -> Host:
    """The host of a capture; ``skim``: without the output of its commands."""
    from . import capture

    sections, said = capture.read(text)
    if skim:
        sections = [one for one in sections if one.netns == "" and one.command in HOST_WIDE or one.status or one.stderr]
    noted = {line for section in sections if section.command == "notes" for line in section.stdout.split("\n")}
    return build(sections, problems=[*(problems or ()), *(line for line in said if line not in noted)])
