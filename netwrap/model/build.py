"""Build a Host from sections of any source.

>>> from netwrap.model.section import Section
>>> host = build([Section("", "ip netns list", "red (id: 0)"), Section("red", "ip route show", "default via 10.0.0.1 dev eth0")])
>>> [netns.title for netns in host.namespaces], host.find("red").routes
(['(root)', 'red'], [{'dst': 'default', 'gateway': '10.0.0.1', 'dev': 'eth0', 'flags': []}])
>>> host.find("red").neighs is None  # not captured, which is not the same as none
True
"""

from __future__ import annotations

import importlib
import marshal
from functools import cache, lru_cache

from parsers.jsontext import whole_part
from parsers.lex import is_json, lazy
from parsers.tuples import NamedTuple

from .. import commands
from ..commands import request as asked
from ..commands.line import understand
from ..wording import ROOT
from . import coverage, failures, sidetables
from .coverage import Table
from .host import Host
from .names import entitle, order, signs
from .namespace import Namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from ..commands.line import Command
    from .section import Section

#: Bounds on the cost of one section (a routing table of the whole internet has about a million lines).
SECTION_LENGTH = 128 << 20
SECTION_LINES = 2_000_000
PROBLEMS_KEPT = 20
# A table has its first record within so many characters; comments and blank lines do not count.
_BEGINNING = 1 << 18
# A longer answer is not compared with those of other namespaces.
_SHORT = 4096
#: The sections that belong to the host and not to a namespace.
HOST_WIDE = ("date", "hostname", "versions", "namespaces", "containers", "notes")


def build(sections: Iterable[Section], notes: Sequence[str] = (), problems: Sequence[str] = ()) -> Host:
    """Build a Host from sections of any source.

    The table of a command that failed is absent; its message, and text that could not be read, are in the host's notes and
    problems; nothing is raised for them.
    """
    builder = _Builder(notes, problems)
    for section in sections:
        builder.add(section)
    return builder.host()


class _Builder:
    def __init__(self, notes: Sequence[str], problems: Sequence[str]) -> None:
        self.namespaces: dict[str, Namespace] = {}
        self.notes = list(notes)
        self.problems = list(problems)
        self.wide: dict[str, str] = {}
        self.failures: dict[tuple[str, str], list[str]] = {}
        self.remarks: dict[tuple[str, str], list[str]] = {}  # the same for messages that are only notes
        self.gone: dict[str, Namespace] = {}  # its commands failed as in a namespace that no longer exists
        self.here: str | None = None
        self.signs: set[tuple[str, str, str]] = set()  # names, paths, labels and control groups of namespaces
        self.alike: dict[tuple[str, str], bytes | None] = {}  # a command and its short answer, common to many namespaces

    def netns(self, key: str) -> Namespace:
        if key == "" and self.here is not None:
            key = self.here
        if key not in self.namespaces:
            self.namespaces[key] = Namespace(key)
        return self.namespaces[key]

    def add(self, section: Section) -> None:
        if section.netns == "" and section.command in HOST_WIDE:
            self.wide[section.command] = section.stdout
            if section.command == "namespaces":
                self._read_namespaces(section.stdout)
            elif section.command == "notes":
                self.notes += [line for line in section.stdout.split("\n") if line.strip()]
            return
        words, command = _understood(section.command)
        netns = self.netns(section.netns or command.netns or "")
        if section.status is None and not section.stdout and command.parser is None and sidetables.reader(words) is None:
            netns.typed.append(section)
        if section.status is None:
            section = failures.told_apart(section)
            if command.parser in _NEVER_EMPTY and not section.stdout.strip() and not section.stderr:
                section = section._replace(stderr="it printed nothing")
        if (section.status != 0 or section.stderr) and not section.stdout.strip() and (section.status or section.stderr.strip()):
            self._failed(netns, section, command.parser or (sidetables.reader(words) or ("",))[0])
            return
        if section.stderr:
            self._said(netns, section)
        if command.parser is not None:
            self._read_table(netns, command.parser, section, command.words)
        else:
            self._read_side_table(netns, section, words)

    def _read_table(self, netns: Namespace, parser: str, section: Section, words: Sequence[str]) -> None:
        text = section.stdout
        reader = _reader(parser)
        found = _Problems()
        cut = "interrupted" if "Dump was interrupted" in section.stderr else ""
        if len(text) > SECTION_LENGTH:
            text = text[: text.rfind("\n", 0, SECTION_LENGTH)]
            cut = "cut off"
            found.append(f"longer than {SECTION_LENGTH >> 20} MiB: read up to line {text.count(chr(10)) + 1}")
        if text.count("\n") > SECTION_LINES:
            text = "\n".join(text.split("\n", SECTION_LINES)[:SECTION_LINES])
            cut = "cut off"
            found.append(f"more than {SECTION_LINES} lines: the rest was not read")
        json = is_json(text)
        if not json and len(text) > _BEGINNING:
            first = text[: text.rfind("\n", 0, _BEGINNING) + 1]
            begun, errors = reader.parse(first, strict=False)
            if errors and not begun:
                text = first  # a large text of something else: to list its lines would take minutes
                said = f"no row in its first {_BEGINNING >> 10} KiB: the rest was not read"
                self.problems.append(f"{_label(netns)}{section.command}: {said}")
        mark = (parser, text)
        known = self.alike.get(mark) if len(text) < _SHORT else None
        if known is not None:
            records = marshal.loads(known)
        elif not json and reader.stream is not None:
            records = list(reader.stream(text.split("\n"), found))
        else:
            records, errors = reader.parse(text, strict=False)
            if json and errors and not records:  # cut off or damaged: read the complete elements before that place
                records, _ = reader.parse(whole_part(text), strict=False)
            for error in errors:
                found.append(error)
            if not errors and len(text) < _SHORT:
                # kept when an answer comes a second time; answers about links hardly ever do
                self.alike[mark] = marshal.dumps(records) if mark in self.alike else None
        if found:
            for line in found.lines():
                self.problems.append(f"{_label(netns)}{section.command}: {line}")
            if not records:  # text of something else is no empty table
                netns.failed.setdefault(parser, f"{section.command}: no line of its output was understood")
                return
        request = asked.read(words)
        part = section.part or cut or (f"{found.lost()} lines not understood" if found else "")
        records = coverage.completed(request, records)
        commands.complete(parser, records, words)
        netns.tables.setdefault(parser, []).append(Table(section.command, request, records, json, section, part))

    def _read_side_table(self, netns: Namespace, section: Section, words: list[str]) -> None:
        found = sidetables.reader(words)
        if found is None:
            return
        name, read = found
        try:
            records = read(section.stdout[:SECTION_LENGTH])
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            self.problems.append(f"{_label(netns)}{section.command}: cannot be read: {error}")
            return
        json = section.stdout.lstrip()[:1] in ("[", "{")
        netns.tables.setdefault(name, []).append(Table(section.command, None, records, json, section, section.part))

    def _failed(self, netns: Namespace, section: Section, table: str) -> None:
        pasted = section.status is None  # pasted text may contain anything; with a known status, a failure is certain
        said = section.stderr.strip().split("\n")[0] or f"exit status {section.status}"
        if table:
            netns.failed.setdefault(table, f"{section.command}: {said}")
        if not netns.here and failures.is_gone(said, in_file=pasted):
            self.gone[netns.key] = netns
        if pasted:
            if not _UNKNOWN_TO_KERNEL.search(said):
                self._count(self.remarks, section.command, f"failed: {said}", netns)
        elif netns.tables and not netns.here and failures.is_gone(said, in_file=True):  # it vanished between two commands
            self._count(self.remarks, section.command, f"failed: {said}", netns)
        elif section.status != 127 and not failures.QUIET.search(said):
            self._count(self.failures, section.command, said, netns)

    def _said(self, netns: Namespace, section: Section) -> None:
        for line in section.stderr.strip().split("\n")[:3]:
            if line.strip() and not failures.QUIET.search(line):
                self._count(self.failures, section.command, line.strip(), netns)

    def _count(self, words: dict[tuple[str, str], list[str]], command: str, said: str, netns: Namespace) -> None:
        words.setdefault((command, said), []).append(_label(netns).rstrip(": ") or ROOT)

    def _read_namespaces(self, text: str) -> None:
        for key, how, value in signs(text):
            netns = self.netns(key)
            if netns.pids is None:
                netns.pids = []
            if how == "self":
                netns.here = True
                self.here = key
            elif how == "pid":
                pid, _, name = value.partition(" ")
                if pid.isascii() and pid.isdigit() and len(pid) < 20:
                    netns.pids.append((int(pid), name))
            elif how in ("name", "path", "label", "cgroup"):
                if how == "label":
                    value = value.replace(":", " ", 1)  # `mininet:h1`
                names = {"name": netns.names, "path": netns.paths, "label": netns.labels, "cgroup": netns.cgroups}[how]
                if (key, how, value) not in self.signs:
                    self.signs.add((key, how, value))
                    names.append(value)
            else:
                netns.held.append(f"{how} {value}")

    def _forget_the_gone(self) -> None:
        """Drop namespaces that vanished during the capture; each gets a note and does not count as a failure."""
        for key, netns in self.gone.items():
            if netns.tables:
                continue
            del self.namespaces[key]
            label = _label(netns).rstrip(": ")
            self.notes.append(f"namespace {label} vanished while it was read")
            for words in (self.failures, self.remarks):
                for failure, where in list(words.items()):
                    words[failure] = [it for it in where if it != label]
                    if not words[failure]:
                        del words[failure]
            self.problems = [it for it in self.problems if f" of namespace {key} answered " not in it]

    def _note_gaps(self, netns: Namespace) -> None:
        """Note tables that were captured in part only, and resolve requests by the name of a VRF."""
        routes = netns.tables.get("ip_route", [])
        if any(table.request is not None and "vrf" in table.request.filters for table in routes):
            coverage.resolve_vrfs(routes, netns.links or ())
        for tables in netns.tables.values():
            for table in coverage.parts(tables):
                words = coverage.gap(table)
                shown = (
                    f"holds only a part of the table: {words}" if table.part else f"shows {words} only; the rest was not captured"
                )
                self._count(self.remarks, table.command, shown, netns)

    def host(self) -> Host:
        listed = "namespaces" in self.wide
        if not listed:
            for key, netns in self.namespaces.items():
                if key:
                    netns.names.append(key)
            root = self.namespaces.get("")
            for row in (root.named or ()) if root is not None else ():
                if row.get("name") and row["name"] not in self.namespaces:
                    self.netns(row["name"]).names.append(row["name"])
        self._forget_the_gone()
        versions = _versions(self.wide.get("versions", ""))
        for netns in self.namespaces.values():
            if "none" in (versions.get("how"), versions.get("entered by")) and not netns.pids:
                netns.pids = None  # only root reads /proc/PID/ns/net of other users
            netns.knows_nsids = _knows_nsids(versions.get("ip", ""))
        for netns in self.namespaces.values():
            self._note_gaps(netns)
        for (command, said), where in self.failures.items():
            (self.notes if failures.HARMLESS.search(said) else self.problems).append(f"{_names(where)}: {command}: {said}")
        for (command, said), where in self.remarks.items():
            self.notes.append(f"{_names(where)}: {command} {said}")
        entitle(list(self.namespaces.values()), self.wide.get("containers", ""))
        host = Host(sorted(self.namespaces.values(), key=order), self.notes, self.problems)
        host.hostname = self.wide.get("hostname", "").strip() or None
        host.versions = versions
        return host


class _Reader(NamedTuple):
    """The functions that read a table."""

    parse: Callable[..., Any]
    stream: Callable[..., Any] | None


@cache
def _reader(parser: str) -> _Reader:
    module = importlib.import_module(f"parsers.{parser}")
    return _Reader(module.parse, getattr(module, "iter_parse", None))


@lru_cache(maxsize=4096)  # a sweep runs the same commands in every namespace
def _understood(command: str) -> tuple[list[str], Command]:
    words = command.split()
    return words, understand(words)


# Every namespace has a loopback, and rules.
_NEVER_EMPTY = ("ip_link", "ip_address", "ip_rule")
# The answer of a kernel without the table.
_UNKNOWN_TO_KERNEL = lazy(r"not supported|Dump terminated$", 0)


def _names(where: Sequence[str]) -> str:
    return where[0] if len(where) == 1 else f"{len(where)} namespaces"


def _label(netns: Namespace) -> str:
    name = netns.names[0] if netns.names else "" if netns.here else netns.key
    return f"{name}: " if name else ""


class _Problems(list):  # type: ignore[type-arg]
    """The first problems and the number of further ones: a million odd lines must not fill the memory."""

    def __init__(self) -> None:
        super().__init__()
        self.more = 0

    def append(self, problem: Any) -> None:
        if failures.is_said(getattr(problem, "line", "")):
            return  # is in the notes already
        if len(self) < PROBLEMS_KEPT:
            super().append(str(problem))
        else:
            self.more += 1

    def lost(self) -> int:
        return len(self) + self.more

    def lines(self) -> list[str]:
        if self.more or len(self) > 3:
            return [*self[:3], f"and {len(self) - 3 + self.more} more lines that fit nowhere"]
        return list(self)


def _versions(text: str) -> dict[str, str]:
    """Parse lines ``tool: version text``."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        tool, colon, said = line.partition(":")
        if colon and tool.strip():
            found.setdefault(tool.strip(), said.strip())
    return found


_IPROUTE2 = lazy(r"iproute2-(?:v?(\d+)\.\d+|ss(\d{6}))")


def _knows_nsids(version: str) -> bool:
    """Whether a version of `ip` shows nsids: iproute2 4.0 (ss150413) and later do, busybox does not."""
    found = _IPROUTE2.search(version)
    return found is not None and (int(found[1] or 0) >= 4 or int(found[2] or 0) >= 150413)
