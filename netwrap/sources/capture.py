"""The capture of a whole host: the probe (``probe.sh``) that prints it, running it here, and its reader.

The probe is one POSIX sh script. :func:`take` runs it for a live sweep, ssh for a remote capture; its output, saved in a
file, is the offline case. It prints sections between marks; a mark is a line that begins with the capture's own random
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
    @5f0d… done 2

The last mark says how many sections there are. The sections that :func:`read` returns:

``netns=""``, the host: ``date`` (seconds since the epoch, and zone), ``hostname``, ``versions`` (``tool: version text``),
``namespaces``, ``containers`` (only where there are any), ``notes``.

``netns=KEY``: one for every command that ran there, a batch split into its commands: ``ip -j -d -s link show``, ``address
show``, ``ip -4 -j -d -s route show table all`` and ``-6``, ``neigh show nud all``, ``neigh show proxy``, ``rule show`` and
``-6``, ``netconf show``, ``nexthop show``, ``netns list-id``; where there is a bridge or a vxlan ``bridge -j link show``,
``fdb show``, ``vlan show``; ``nft -j list ruleset`` or ``iptables-save``; where a process lives ``ss -H -lntup``. Without ``-j``
where the `ip` there has no JSON to rely on, and ``cat /proc/PID/net/…`` of others where the probe had no right to enter.

``namespaces`` and ``containers`` are read by :mod:`netwrap.model.names`, which describes their lines.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from functools import lru_cache

from parsers.jsontext import whole_part
from parsers.lex import lazy

from .. import packaged, shell
from ..commands import module
from ..commands.line import understand
from ..errors import NetwrapError, TimedOut
from ..model.section import Section

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Progress = Callable[[int, int], None]

#: Seconds that one namespace may take.
TIMEOUT = 60
#: Seconds that all namespaces may take together: a thousand slow ones.
TIMEOUT_OF_ALL = 3600.0
#: No capture has more sections: 20,000 namespaces of 20 commands. Keeps a file of nothing but marks from filling the memory.
MAX_SECTIONS = 400_000
#: The header may follow a login banner, but not a longer text.
BANNER = 65536

_HEADER = lazy(r"^netwrap capture (\d+) ([A-Za-z0-9-]{8,80})\r?$", re.M | re.A)
# If the header is lost, the first mark contains the token.
_FIRST_MARK = lazy(r"^@([A-Za-z0-9-]{8,80}) begin \S+ [a-z]", re.M | re.A)
_VANISHED = lazy(r"^namespace (\d+) .*vanished before it was read$", re.M | re.A)
# The warning of `iptables-save` where the tables of `iptables-legacy-save` are in use.
_OLD_TABLES = lazy(r"# Warning: ip6?tables-legacy tables present, use ip6?tables-legacy-save to see them\s*\Z", 0)
# Words of a batch that stand for an option: a line of a batch can not have one.
_FAMILIES = {" root 0.0.0.0/0": "-4", " root ::/0": "-6"}


# -- taking one ------------------------------------------------------------------------------------------------------


def script() -> str:
    """The text of the probe, to send it elsewhere."""
    return packaged.text("netwrap.sources", "probe.sh")


def take(*, timeout: int = TIMEOUT, json: bool = True, quick: bool = False, progress: Progress | None = None) -> str:
    """Run the probe here and return what it printed.

    ``timeout``: seconds that one namespace may take; ``json=False`` asks for text; ``quick`` leaves out the firewall and the
    sockets, which take a third of the time; ``progress`` is called four times a second with the number of namespaces read and
    the number there are. Raises CommandError where the probe cannot run at all.
    """
    import tempfile  # not needed for reading

    with tempfile.TemporaryFile() as file:
        take_to(file.fileno(), timeout=timeout, json=json, quick=quick, progress=progress)
        return _content(file.fileno())


def take_to(
    file: int, *, timeout: int = TIMEOUT, json: bool = True, quick: bool = False, progress: Progress | None = None
) -> None:
    """Run the probe here; its output goes to the descriptor of a file, which must be open for reading, too."""
    with shell.cleaning_up(), _folder() as folder, _Watcher(file, progress):
        words = ["sh", "-s", "--", "--timeout", str(timeout), "--scratch", folder]
        words += ([] if json else ["--no-json"]) + (["--quick"] if quick else [])
        try:
            result = shell.run(words, timeout=TIMEOUT_OF_ALL, check=False, stdin=script(), out=file, long=True)
        except TimedOut:
            return  # the reader says that it ends too early
    if not is_capture(os.pread(file, BANNER, 0).decode("utf-8", "surrogateescape")):
        raise shell.error(words, result)


@contextlib.contextmanager
def _folder() -> Iterator[str]:
    """Make a folder, in memory if possible, that is always removed."""
    import tempfile

    from .. import unfinished

    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()
    stem = os.path.join(memory, "netwrap")
    try:
        with unfinished.folder(stem) as path:
            yield path
    except OSError as error:
        if error.filename is None or not str(error.filename).startswith(stem):
            raise
        raise NetwrapError(f"cannot make {error.filename}: {error.strerror or error}") from None


class _Watcher(threading.Thread):
    """Report the progress of the probe by the marks in its output file."""

    def __init__(self, file: int, progress: Progress | None) -> None:
        super().__init__(daemon=True)
        self._file, self._progress = file, progress
        self._over = threading.Event()

    def __enter__(self) -> None:
        if self._progress is not None:
            self.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._progress is not None:
            self.join()

    def run(self) -> None:
        assert self._progress is not None
        known: set[bytes] = set()
        read: set[bytes] = set()
        at, rest = 0, b""
        while not self._over.wait(0.25):
            while part := os.pread(self._file, 1 << 20, at):
                at += len(part)
                text = rest + part
                known.update(re.findall(rb"^(\d+)\t(?:self|name|path|pid|thread|fd)\t", text, re.M))
                read.update(re.findall(rb"^@\S+ begin (\d+) ", text, re.M))
                rest = text[-200:]
            if known:
                self._progress(len(read & known), len(known))


def sections(
    *, timeout: int = TIMEOUT, json: bool = True, quick: bool = False, progress: Progress | None = None
) -> tuple[list[Section], list[str]]:
    """The sections of this host as it is now, and notes; the arguments are those of :func:`take`."""
    return read(take(timeout=timeout, json=json, quick=quick, progress=progress))


# -- reading one -----------------------------------------------------------------------------------------------------


def is_capture(text: str) -> bool:
    """Whether a text contains a capture; other text (a login banner) may come first."""
    return _HEADER.search(text, 0, BANNER) is not None or _FIRST_MARK.search(text, 0, BANNER) is not None


def read(given: str | Iterable[str]) -> tuple[list[Section], list[str]]:
    """The sections of a capture, and notes about missing parts. Raises NetwrapError for a text that is not a capture."""
    text = given if isinstance(given, str) else "".join(given)
    notes: list[str] = []
    header = _HEADER.search(text, 0, BANNER)
    if header is not None:
        token, start = header[2], header.start()
        if header[1] != "1":
            notes.append(f"a capture of form {header[1]}, which this netwrap may not understand")
        if text[header.end() - 1 : header.end()] == "\r":
            text = text.replace("\r\n", "\n")  # through a terminal (`ssh -t`)
    else:
        mark = _FIRST_MARK.search(text, 0, BANNER)
        if mark is None:
            raise NetwrapError("no capture: the line 'netwrap capture 1 …' is missing")
        token, start = mark[1], 0
        if not text[: mark.start()].endswith(f"netwrap capture 1 {token}\n"):  # behind a banner without a line end
            notes.append("the beginning of the capture is missing")
    first = text.count("\n", 0, start) + 1
    found = joined(_sections("\n" + text[start:] if start == 0 else text[start - 1 :], token, notes, first))
    told = [section.stdout for section in found if section.netns == "" and section.command == "notes"]
    return found, notes + [line for text in told for line in text.split("\n") if line]


def remarks(file: int) -> tuple[list[str], bool]:
    """Notes about the capture in a file (its descriptor), and whether a part is lost or damaged."""
    found, notes = read(_content(file))
    told = {line for section in found if section.command == "notes" for line in section.stdout.split("\n")}
    return notes, any(note not in told for note in notes)


def _content(file: int) -> str:
    with os.fdopen(os.dup(file), "rb") as opened:
        opened.seek(0)
        return opened.read().decode("utf-8", "surrogateescape")


def _sections(text: str, token: str, notes: list[str], first: int) -> list[Section]:
    """The sections of the text, with notes on what is damaged; ``first``: the number of its first line that is not blank."""
    found: list[Section] = []
    seen, promised = 0, None
    for section in _split(text, "@" + token, notes, first):
        if section.command == "":
            promised = section.status
            continue
        seen += 1
        whole = section.status is not None
        if section.status == 124:
            notes.append(f"{_where(section)} took too long: killed, what it had printed until then is kept")
        if not whole:
            notes.append(f"cut off in {_where(section)}: what it printed is incomplete")
        found += parts(section, notes)
        if len(found) > MAX_SECTIONS:
            notes.append(f"more than {MAX_SECTIONS} sections: what follows is not read")
            return found
    if promised is None:
        notes.append("the capture ends too early: namespaces may be missing")
    elif promised != seen:
        notes.append(f"the capture is damaged: {seen} sections of {promised}")
    return found


def parts(section: Section, notes: list[str]) -> list[Section]:
    """The commands of a section, which may be a batch; of a section without an end, the complete ones. Adds to ``notes``."""
    if section.command.startswith("batch "):
        return _unbatched(section, notes)
    if section.status in (None, 124):
        section = section._replace(stdout=_whole_part(section.stdout))
    if section.command == "sysctl -a":
        section = section._replace(stdout=_settings(section.stdout), line=0, status=0 if section.status == 2 else section.status)
    return [section]


def _settings(text: str) -> str:
    """Turn the output of `grep -s .` for files below /proc/sys/net into lines of `sysctl -a`.

    >>> _settings("ipv4/conf/eth0.7/rp_filter:1\\nipv4/conf/default/rp_filter:1\\n")
    'net.ipv4.conf.eth0/7.rp_filter = 1\\n'
    """
    lines = []
    for line in text.split("\n"):
        path, colon, value = line.rpartition(":")
        if colon and "/conf/default/" not in path:
            lines.append(f"net.{path.translate(_SWAPPED)} = {value}\n")
        elif line and not colon:
            lines.append(line + "\n")
    return "".join(sorted(lines))


_SWAPPED = str.maketrans("/.", "./")


def _where(section: Section) -> str:
    return f"{section.command.partition(':')[0]!r}" + (f" of namespace {section.netns}" if section.netns else "")


def _split(text: str, mark: str, notes: list[str], line: int) -> Iterator[Section]:
    """The sections of the text, in order. One without an end has no status; one without a command holds the promised number."""
    lead = "\n" + mark + " "
    counted = 1  # the last line counted so far
    at = text.find(lead)
    while at >= 0:
        words, start = _mark(text, at + len(lead))
        if words[0] != "begin" or len(words) < 3 or not words[2]:
            if words[0] == "done" and words[-1].isdigit():
                yield Section("", "", "", "", int(words[-1]))
            at = text.find(lead, start - 1)
            continue
        line, counted = line + text.count("\n", counted, start), start
        at, stop = _next(text, lead, start)
        stdout, stderr, status = text[start:stop], "", None
        words_after, after = _mark(text, at + len(lead)) if at >= 0 else ([""], stop)
        if words_after[0] == "stderr":
            at, stop = _next(text, lead, after)
            stderr = text[after:stop]
            words_after, after = _mark(text, at + len(lead)) if at >= 0 else ([""], stop)
        if words_after[0] == "end" and words_after[-1].isdigit():
            status = int(words_after[-1])
            at = text.find(lead, after - 1)
            if text[after : at if at >= 0 else len(text)].strip():
                notes.append(f"damaged behind {words[2]!r}: text that belongs to no section")
        yield Section("" if words[1] == "-" else words[1], words[2], stdout, stderr, status, line=line)


def _mark(text: str, at: int) -> tuple[list[str], int]:
    """The words of a mark behind its token, and the position of the next line."""
    end = text.find("\n", at)
    end = end if end >= 0 else len(text)
    return text[at:end].split(" ", 2), min(end + 1, len(text))


def _next(text: str, lead: str, start: int) -> tuple[int, int]:
    """The position of the next mark (-1: none), and of the end of the text in front of it."""
    at = text.find(lead, start - 1)
    return at, max(at, start) if at >= 0 else len(text)


def _unbatched(section: Section, notes: list[str]) -> list[Section]:
    """Split the section of a batch into one section for each of its commands.

    A batch prints one JSON array, on a line, for every command that succeeds. A command that fails is named on standard error
    (``Command failed -:3``) and prints nothing, or a lone ``[`` with which the next line then begins.
    """
    called, _, rest = section.command[len("batch ") :].partition(": ")
    if section.status == 0 and not section.stderr:  # the usual case, at once
        answered, spelled = section.stdout.rstrip("\n").split("\n"), _all_spelled(called, rest)
        if len(answered) == len(spelled) and all(line[-1:] == "]" and line[:2] != "[[" for line in answered):
            places = range(section.line, section.line + len(spelled)) if section.line else [0] * len(spelled)
            return [
                Section(section.netns, command, answer, "", 0, line=line)
                for command, answer, line in zip(spelled, answered, places)
            ]
    said, unassigned = _failures(section.stderr)
    numbered = [(at, line) for at, line in enumerate(section.stdout.split("\n")) if line.strip() not in ("", "[")]
    lines = [line for _, line in numbered]
    commands = list(enumerate(rest.split("; "), 1))
    expected = [number for number, _ in commands if number not in said]
    broken = section.status in (None, 124)
    if not broken and len(lines) != len(expected):
        broken = True
        if lines:  # no answer: the command could not enter the namespace, and says so
            notes.append(f"{called} of namespace {section.netns} answered {len(lines)} of {len(expected)} questions")
    answers = dict(zip(expected, lines))
    lines_of = dict(zip(expected, (section.line + at for at, _ in numbered))) if section.line else {}
    if section.status is None:  # which of them failed would have stood behind
        answers = _as_far_as_they_fit(called, [(number, command) for number, command in commands if number not in said], lines)
    found = []
    for number, command in commands:
        answer = answers.get(number, "")
        answer = answer[1:] if answer.startswith("[[") else answer
        status: int | None = 0 if section.status is not None else None
        if number in said:
            status = section.status or 1
        elif number not in answers:
            if section.status is None:
                continue  # the capture ends in front of it
            status = section.status or 1
        elif broken and not answer.endswith("]"):
            answer, status = _whole_part(answer), section.status
        errors = said.get(number, []) + (unassigned if number == 1 or status == 124 else [])
        line = lines_of.get(number, 0)
        found.append(Section(section.netns, _spelled(called, command), answer, "\n".join(errors), status, line=line))
    return found


def _as_far_as_they_fit(called: str, asked: list[tuple[int, str]], lines: list[str]) -> dict[int, str]:
    """Match answers to commands for a batch whose list of failures is lost; stop at the first that does not fit."""
    answers = {}
    for (number, command), line in zip(asked, lines):
        first = line[:4096].partition("},{")[0]
        parser = understand(f"{called} {command}".split()).parser
        key = "proxy" if command.endswith(" proxy") else None if parser is None else getattr(module(parser), "KEY", None)
        if key is None or first != "[]" and f'"{key}":' not in first:
            break
        answers[number] = line
    return answers


def _failures(stderr: str) -> tuple[dict[int, list[str]], list[str]]:
    """The error message for each line of a batch that failed, and the other messages."""
    said: dict[int, list[str]] = {}
    pending: list[str] = []
    for line in stderr.split("\n"):
        failed = re.match(r"Command failed -:(\d{1,4})$", line, re.A)
        if failed:
            said[int(failed[1])] = pending
            pending = []
        elif line:
            pending.append(line)
    return said, pending


@lru_cache(maxsize=64)  # a sweep runs the same commands in every namespace
def _all_spelled(called: str, rest: str) -> list[str]:
    return [_spelled(called, command) for command in rest.split("; ")]


def _spelled(called: str, command: str) -> str:
    """Spell a line of a batch as a separate command.

    >>> _spelled("ip -j", "route show table all root ::/0")
    'ip -6 -j route show table all'
    """
    for words, family in _FAMILIES.items():
        if command.endswith(words):
            binary, _, options = called.partition(" ")
            return f"{binary} {family} {options} {command[: -len(words)]}"
    return f"{called} {command}"


def _whole_part(text: str) -> str:
    """The complete part of a text that breaks off: its lines, or the objects of its JSON array.

    >>> _whole_part('[{"a":[{"b":1},{"b":2}]},{"a":[{"b":')
    '[{"a":[{"b":1},{"b":2}]}]'
    >>> _whole_part("one\\ntwo\\nth")
    'one\\ntwo\\n'
    """
    if not text.startswith("["):
        return text[: text.rfind("\n") + 1]
    return whole_part(text)


# -- one table of namespaces ------------------------------------------------------------------------------------


def joined(found: list[Section]) -> list[Section]:
    """The sections with one ``namespaces`` table, without the namespaces that vanished before they were read."""
    both = {section.netns for section in found if section.command.endswith("-legacy-save")}
    found = [section._replace(stderr="") if section.netns in both and _OLD_TABLES.match(section.stderr) else section
             for section in found]  # fmt: skip
    tables = [section.stdout for section in found if section.netns == "" and section.command == "namespaces"]
    if not tables:
        return found
    table = "".join(part if part.endswith("\n") else part + "\n" for part in tables if part)
    gone = {match[1] for section in found if section.command == "notes" for match in _VANISHED.finditer(section.stdout)}
    table = "".join(line + "\n" for line in table.split("\n") if line and line.partition("\t")[0] not in gone)
    first = next(at for at, section in enumerate(found) if section.netns == "" and section.command == "namespaces")
    rest = [section for section in found if section.netns != "" or section.command != "namespaces"]
    rest.insert(first, found[first]._replace(stdout=table))
    return rest
