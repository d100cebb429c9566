"""The capture of a whole host: the probe (``probe.sh``) that prints it, running it here, and its reader.

The probe is one POSIX sh script. Run by :func:`take` it is the live sweep, sent through ssh a remote capture; a file of what
it printed is the offline case. It prints sections between marks; a mark is a line that begins with the capture's own random
token, so nothing inside a section can pass for one::

    netwrap capture 1 5f0d…
    @5f0d… begin - hostname
    router1
    @5f0d… end 0
    @5f0d… begin 4026532345 ip -6 -j -d -s rule show
    [{"priority":0,"src":"all","table":"local","protocol":"kernel"}]
    <empty line>
    @5f0d… stderr
    what the command said on standard error, if anything
    @5f0d… end 0
    @5f0d… done

Sections that :func:`read` returns, with ``netns=""`` for the host: ``date``, ``hostname``, ``versions``, ``namespaces``,
``notes``; with the namespace's key: one for each command that ran. A batch is split into its commands.

``namespaces`` is a line ``KEY<TAB>HOW<TAB>VALUE`` for every sign of a namespace; :func:`signs` reads it. KEY is the inode of the
namespace, HOW one of ``self`` (where the probe ran), ``name`` (in /run/netns), ``path`` (another file that holds it), ``pid``
(``PID COMM``), ``thread``, ``fd``, ``cgroup``, ``label``.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from . import shell
from .errors import NetwrapError
from .section import Section

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Seconds that one namespace may take.
TIMEOUT = 60
#: Seconds that all of them may take.
TIMEOUT_OF_ALL = 3600.0

_HEADER = re.compile(r"^netwrap capture (\d+) ([A-Za-z0-9-]{8,80})\r?$", re.MULTILINE)
# Words of a batch that stand for an option: the family of a line can not be given in a batch.
_FAMILIES = {" root 0.0.0.0/0": "-4", " root ::/0": "-6"}


class Sign(NamedTuple):
    """One sign of a namespace: see ``namespaces`` in the module's description."""

    netns: str
    how: str
    value: str


def script() -> str:
    """The probe, to be sent elsewhere."""
    with open(_script_path(), encoding="utf-8") as file:
        return file.read()


def _script_path() -> str:
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "probe.sh")


def take(*, timeout: int = TIMEOUT, json: bool = True) -> str:
    """Run the probe here and return what it printed. ``timeout``: seconds that one namespace may take.

    Raises CommandError where it can not run at all.
    """
    words = ["sh", _script_path(), "--timeout", str(timeout), *([] if json else ["--no-json"])]
    result = shell.run(words, timeout=TIMEOUT_OF_ALL, check=False)
    if not is_capture(result.stdout):
        raise shell.error(words, result)
    return result.stdout


def sections(*, timeout: int = TIMEOUT, json: bool = True) -> tuple[list[Section], list[str]]:
    """The sections of this host as it is now, and notes."""
    return read(take(timeout=timeout, json=json))


def is_capture(text: str) -> bool:
    """Whether a text holds a capture; something else may stand in front (a login banner)."""
    return _HEADER.search(text, 0, 65536) is not None


def read(given: str | Iterable[str]) -> tuple[list[Section], list[str]]:
    """The sections of a capture, and notes on what it lacks. Raises NetwrapError where it is none."""
    text = given if isinstance(given, str) else "".join(given)
    header = _HEADER.search(text)
    if header is None:
        raise NetwrapError("no capture: the line 'netwrap capture 1 …' is missing")
    if text[header.end() - 1 : header.end()] == "\r":
        text = text.replace("\r\n", "\n")
        header = _HEADER.search(text)
        assert header is not None
    found: list[Section] = []
    notes: list[str] = []
    done = False
    for section, complete in _split(text, header.end(), "@" + header[2]):
        if section.command == "":
            done = True
            continue
        if not complete:
            notes.append(f"cut off in {_where(section)}: what it printed is incomplete")
        found += _unbatched(section, notes)
    for section in found:
        if section.command == "notes" and section.netns == "":
            notes += [line for line in section.stdout.split("\n") if line]
    if not done:
        notes.append("the capture ends too early: not every namespace may be in it")
    return found, notes


def _where(section: Section) -> str:
    return f"{section.command!r}" + (f" of namespace {section.netns}" if section.netns else "")


def _split(text: str, at: int, mark: str) -> Iterator[tuple[Section, bool]]:
    """The sections as they stand in the text, each with whether it has its end; one without a command for the last mark."""
    at = text.find("\n" + mark, at)
    while at >= 0:
        line_end = text.find("\n", at + 1)
        line = text[at + 1 + len(mark) : line_end if line_end >= 0 else len(text)].split(" ", 3)
        at = text.find("\n" + mark, at + 1)
        if line[1:] == ["done"]:
            yield Section("", "", ""), True
        if len(line) < 4 or line[1] != "begin":
            continue
        netns, command = line[2], line[3]
        start = line_end + 1 if line_end >= 0 else len(text)
        if 0 <= at < start:
            at = text.find("\n" + mark, start - 1)
        stop = at if at >= 0 else len(text)
        stdout, stderr, status = text[start:stop], "", None
        if at >= 0 and text.startswith(" stderr\n", at + 1 + len(mark)):
            start = at + 1 + len(mark) + len(" stderr\n")
            at = text.find("\n" + mark, start - 1)
            stderr = text[start : at if at >= 0 else len(text)]
        if at >= 0:
            ended = re.compile(r" end (\d+)$", re.MULTILINE).match(text, at + 1 + len(mark))
            status = int(ended[1]) if ended else None
        yield Section("" if netns == "-" else netns, command, stdout, stderr, status), status is not None


def _unbatched(section: Section, notes: list[str]) -> list[Section]:
    """A batch as its commands; another section as it is.

    A batch prints one JSON array a line for every command that succeeds; one that fails is named on standard error
    (``Command failed -:3``) and prints nothing, or a lone ``[`` that the next line then begins with.
    """
    if not section.command.startswith("batch "):
        return [section]
    called, _, rest = section.command[len("batch ") :].partition(": ")
    commands = rest.split("; ")
    said: dict[int, list[str]] = {}
    pending: list[str] = []
    for line in section.stderr.split("\n"):
        failed = re.match(r"Command failed -:(\d+)$", line)
        if failed:
            said[int(failed[1])] = pending
            pending = []
        elif line:
            pending.append(line)
    printed = [line for line in section.stdout.split("\n") if line.strip() not in ("", "[")]
    expected = [number for number in range(1, len(commands) + 1) if number not in said]
    if len(printed) != len(expected):
        notes.append(f"{called} of namespace {section.netns} answered {len(printed)} of {len(expected)} questions")
    answers = dict(zip(expected, printed))
    found = []
    for number, command in enumerate(commands, 1):
        words = called
        for filter_, family in _FAMILIES.items():
            if command.endswith(filter_):
                binary, _, options = called.partition(" ")
                command, words = command[: -len(filter_)], f"{binary} {family} {options}"
        answer = answers.get(number, "")
        if answer.startswith("[["):
            answer = answer[1:]
        errors = said.get(number, [])
        if number == 1:
            errors = errors + pending
        status = 0 if number in answers else section.status or 1
        stderr = "\n".join(errors)
        found.append(Section(section.netns, f"{words} {command}", answer, stderr, status))
    return found


def signs(text: str) -> list[Sign]:
    """The lines of a ``namespaces`` section.

    >>> signs("4026531833\\tself\\t/proc/self/ns/net\\n4026532345\\tname\\ta\\\\nb\\n")[1]
    Sign(netns='4026532345', how='name', value='a\\nb')
    """
    found = []
    for line in text.split("\n"):
        words = line.split("\t", 2)
        if len(words) == 3:
            found.append(Sign(words[0], words[1], _unescaped(words[2])))
    return found


def _unescaped(value: str) -> str:
    return re.sub(r"\\([\\tn])", lambda match: {"t": "\t", "n": "\n"}.get(match[1], "\\"), value)
