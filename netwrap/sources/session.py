"""Split a pasted text into its tables, each with the command that printed it, the machine and the namespace.

```
I see this on the router:                      [root@node1 ~]# ip netns exec red arp
    root@alpha:~# ip a | grep -v fe80          Address                  HWtype  HWaddress           Flags Mask    Iface
    2: eth0: <BROADCAST,...                    10.0.0.2                 ether   02:00:00:00:00:02   C             veth0
```
The steps, one module each:

1. :mod:`pasted_text` undoes the changes of mailers, browsers and terminals (with :mod:`panes`, :mod:`quotations` and
   :mod:`line_prefixes`), writes out what stands in one line (:mod:`escaped`, :mod:`flattened`) or in a difference
   (:mod:`differences`), and parts the rows of several machines (:mod:`merged`).
2. :mod:`session_reader` reads the lines into blocks (:mod:`block`). It finds commands with :mod:`commands_in_text`, prompts
   with :mod:`prompts`, how and where a command ran with :mod:`invocation`, the open shells and so the machine with :mod:`shells`
   and :mod:`headings`, and tables with :mod:`tables_in_text` (and :mod:`translated`); :mod:`foreign` names what is not ours.
3. :mod:`machine_names` gives each block the name of its machine.
4. This module makes sections of the blocks.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from parsers.linkrecord import MANGLED

from ..errors import UsageError
from ..model.section import Section
from . import pasted_text, shown
from .block import NOT_HERE, Block, essence
from .session_reader import Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def is_session(text: str) -> bool:
    """Whether a text has a command that netwrap knows, with its table or behind a prompt.

    >>> is_session("$ ip link\\n1: lo: <LOOPBACK>"), is_session("1: lo: <LOOPBACK>")
    (True, False)
    """
    return any(block.command and (block.parser is not None or block.changes) for block in blocks(text))


def blocks(text: str) -> list[Block]:
    """The commands and tables of a text in their order.

    >>> [block] = blocks("me@h:~$ ip netns exec red arp -n")
    >>> block.host, block.netns, block.parser, block.text
    ('h', 'red', 'arp', '')
    """
    reader = Reader(pasted_text.undo(text))
    reader.run()
    return reader.finished()


def of_capture(text: str) -> list[Block]:
    """The tables of a capture, as blocks like those of a session."""
    import parsers

    from . import capture

    found = []
    for section in capture.read(text)[0]:
        block = Block(section.line, section.command, section.netns or None, "")
        block.words = section.command.split()
        block.parser = shown.parser_of(block.words)
        if block.parser is None or section.status not in (None, 0) and not section.stdout.strip():
            continue
        block.lines = section.stdout.split("\n")
        block.records, problems = parsers.parse(block.parser, section.stdout, strict=False)
        block.lost = [(problem.line_number + block.first - 1, problem.line, problem.reason) for problem in problems]
        found.append(block)
    return found


# -- sections --------------------------------------------------------------------------------------------------------


class Machine(NamedTuple):
    """The sections of one machine in a text, with notes about them and the problems of reading them.

    ``unread``: the lines that are in no table, with their numbers. The first machine has those of the whole text, the others
    none.
    """

    name: str
    sections: list[Section]
    notes: list[str]
    problems: list[str]
    unread: list[tuple[int, str]]


def machines(text: str, source: str = "", at: int | None = None) -> list[Machine]:
    """The machines in a text, in the order in which they appear.

    ``at``: use the N-th run of a command that was run several times, instead of the last; UsageError if no command ran that
    often.

    >>> [(machine.name, len(machine.sections)) for machine in machines("me@a:~$ ip r\\ndefault via 10.0.0.1 dev eth0")]
    [('a', 4)]
    """
    reader = Reader(pasted_text.undo(text))
    reader.run()
    found: dict[str, list[Block]] = {}
    for block in reader.finished():
        found.setdefault(block.host or "", []).append(block)
    if at is not None:
        most = 1 + max((block.state for some in found.values() for block in some), default=0)
        if most == 1 or at > most:
            often = "no command ran twice" if most == 1 else f"no command ran more than {most} times"
            raise UsageError(f"{source or 'the text'}: {often}: --at {at} makes no sense here")
    made = [_machine(host, some, source, at) for host, some in found.items()]
    lines = enumerate(zip(reader.numbers, reader.lines))
    unread = [numbered for at, numbered in lines if numbered[1] and at not in reader.read][:_UNREAD]
    told = [machine for machine in made if machine.sections] or made[:1]
    lost = [problem for machine in made if not machine.sections and machine not in told for problem in machine.problems]
    return [machine._replace(unread=unread, problems=machine.problems + lost) if not index else machine
            for index, machine in enumerate(told)]  # fmt: skip


_UNREAD = 20_000


def _is_empty(block: Block) -> bool:
    """Whether a command that shows a table printed nothing: the table is empty."""
    return block.parser is not None and not block.lines and not block.said and not block.lost and not block.part


def _machine(host: str, some: Sequence[Block], source: str, at: int | None) -> Machine:
    sections: list[Section] = []
    notes: list[str] = []
    problems: list[str] = []
    keys: dict[str, None] = {}
    where_of = f"{source}: " if source else ""
    for block in some:
        where = f"{source}:" if source else "line "
        problems += [
            f"{where}{number}: {reason}: {line.strip()[:120]!r}" for number, line, reason in block.lost if reason != MANGLED
        ]
        notes += [f"{where_of}{note}" if note.startswith("line") else f"{where}{block.first}: {note}"
                  for note in block.notes]  # fmt: skip
        if block.part == NOT_HERE and not block.lines:
            notes.append(f"{where}{block.line}: {' '.join(block.words)}: {NOT_HERE}")
        if block.said and block.parser and not block.changes:
            problems.append(f"{where}{block.line}: {block.command}: {block.said[0]}")
        if block.state and block.lines and at is None:
            notes.append(f"{where}{block.line}: '{' '.join(block.words)}' for the {_nth(block.state + 1)} time: this one counts")
        if block.part and block.lines and at is None:
            notes += [f"{where}{block.first}: {note}" for note in _differs(block, some)]
        if block.netns and (block.lines or block.said or block.words):
            keys.setdefault(block.netns)
        if block.changes and at is None:
            words = " ".join(block.words)
            sections.append(Section(block.netns or "", words, "", "\n".join(block.said), None, host, source, block.line))
        elif (block.lines or _is_empty(block)) and (at is None or block.state < at):
            command = " ".join(block.words)
            sections.append(
                Section(block.netns or "", command, block.text, "", None, host, source, block.first, block.part, block.state)
            )
            if block.parser == "ip_netns":
                for record in block.records:
                    if record.get("name") and not (block.netns or ""):
                        keys.setdefault(record["name"])
    unread = [block for block in some if block.addresses]
    if unread:
        spans = [(block.addresses[0], block.addresses[-1]) for block in unread]
        lines = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
        names = ", ".join(dict.fromkeys(block.words[0] for block in unread))
        notes.append(f"{where_of}line{'' if lines.isdigit() else 's'} {lines}: addresses in the output of {names} were not read")
    if not sections:
        return Machine(host, [], notes, problems, [])
    listed = []
    for key in keys:
        how = "path" if key.startswith("/") else "label" if " " in key else "name"
        listed.append(f"{key}\tpid\t{key[4:]}" if re.fullmatch(r"pid \d+", key) else f"{key}\t{how}\t{key}")
    return Machine(host, [*_head(host, listed), *sections], notes, problems, [])


def _differs(part: Block, some: Sequence[Block]) -> Iterator[str]:
    """Note that a part of a table (the output behind ``grep``) has rows that the whole table above it lacks.

    The whole table still counts, because a part does not show which rows are missing from it.
    """

    def rows(block: Block) -> set[str]:
        return {" ".join(line.split()) for line in block.lines if line.strip()}

    above = [other for other in some if other.line < part.line and not other.part and other.lines
             and (other.netns, essence(other)) == (part.netns, essence(part))]  # fmt: skip
    if above and not rows(part) <= rows(above[-1]):
        words = " ".join(part.words)
        yield f"'{words} {part.part}' shows rows that the whole table of line {above[-1].first} lacks; that table counts"


def _nth(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


def _head(host: str, listed: list[str]) -> Iterator[Section]:
    if host:
        yield Section("", "hostname", host, host=host)
    yield Section("", "versions", "how: none", host=host)
    yield Section("", "namespaces", "\n".join(listed), host=host)
