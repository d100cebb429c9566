"""Take a pasted text apart: its tables, the commands that printed them, on which machine and in which namespace.

```
I see this on the router:                      [root@node1 ~]# ip netns exec red arp
    root@alpha:~# ip a | grep -v fe80          Address                  HWtype  HWaddress           Flags Mask    Iface
    2: eth0: <BROADCAST,...                    10.0.0.2                 ether   02:00:00:00:00:02   C             veth0
```
First :mod:`pasted_text` undoes what mail and browser did. Then every line is looked at once: a prompt (:mod:`prompts`), a command
of ours whatever stands in front of it, the beginning of a table (:mod:`tables_in_text`), or prose. A command is taken for one
where its words show a table and, unless a prompt stands in front, the lines below are that table.
"""

from __future__ import annotations

import re
import textwrap
from typing import NamedTuple

from parsers.linkrecord import MANGLED

from .. import commands
from ..commands import request as asked
from ..commands.line import is_wrapped, understand
from ..errors import UsageError
from ..model import sidetables
from ..model.section import Section
from . import headings, invocation, pasted_text, prompts, quotations, shells, tables_in_text
from .invocation import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from .tables_in_text import Shape

#: The first word of a command that shows something; what stands in front of it is a prompt, or a sentence.
_PROGRAM = re.compile(
    r"(?:^|(?<=[\s#$%>:;|(`\"'*~\]❯➜λ»✗]))(?:/(?:usr/)?s?bin/)?"
    r"(?:sudo|doas|time|watch|env|LANG|LC_ALL|docker|docker-compose|podman|nerdctl|kubectl|oc|crictl|nsenter|lxc|incus"
    r"|lxc-attach|pct|ssh|vagrant|adb|wsl|chroot"
    r"|busybox|toybox|for|su|sh|bash|ip|bridge|arp|route|netstat|ifconfig|brctl|ss|nft|iptables-save|ip6tables-save|sysctl"
    r"|cat)(?=[\s=`\"*:.]|$)"
)
# What opens a shell somewhere else, typed behind no prompt
_OPENER = re.compile(
    r"\s*[*`]{0,3}(?:sudo )?(?:kubectl|oc|docker|podman|nerdctl|docker-compose|lxc|incus|lxc-attach|pct|ssh|nsenter|ip netns exec"
    r"|crictl"
    r"|adb|vagrant|k3s|microk8s|machinectl|multipass)\b"
)
# What may stand in front of a command that has no prompt: `Output of `, `I ran `, `### `
_CANDIDATES = 6
_ENDS = re.compile(r"[\s:.*`\"'”)\]_,;=-]+$")


class Block:
    """A command of a text, or a table below none, and what stood there.

    ``host``: the machine, ``""`` where the text names none; ``netns``: the namespace, None where it is that of the machine;
    ``line``: the number of the line of the command, or of the table's first line where there is no command; ``command``: what
    was typed (``""``: none); ``words``: the command itself, without `sudo` and the like; ``parser``: the parser of its table, or
    None; ``first``: the number of the first line of ``lines``; ``lines``: the table as it can be read, one for each line there;
    ``part``: why it is only a part; ``state``: 0 where the same command was run for the first time there, 1 for the next.
    ``voice``: who wrote it, see :mod:`quotations`; ``lost``: lines that could not be read: (number, line, reason).
    ``said``: what a command printed that failed. ``changes``: a
    command of ours that prints no table (``ip netns add red``).
    """

    def __init__(self, line: int, typed: str, netns: str | None, host: str | None) -> None:
        self.line = line
        self.command = typed
        self.netns = netns
        self.host = host
        self.voice = ""
        self.words: list[str] = []
        self.parser: str | None = None
        self.side = False
        self.changes = False
        self.first = line
        self.last = line
        self.lines: list[str] = []
        self.records: list[Any] = []
        self.part = ""
        self.state = 0
        self.lost: list[tuple[int, str, str]] = []
        self.said: list[str] = []
        self.notes: list[str] = []

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def failed(self) -> bool:
        """Whether all that the command printed is what `ip` and `bridge` say when they fail."""
        return bool(self.said) and not self.records

    def __repr__(self) -> str:
        where = f"host={self.host!r}, netns={self.netns!r}"
        return f"Block({self.line}, {self.command!r}, {where}, parser={self.parser!r}, {len(self.lines)} lines)"


class _Found(NamedTuple):
    """A command that stands in a line."""

    typed: str
    runs: list[Run]
    prompt: prompts.Prompt | None
    front: str
    sure: bool
    last: int


def is_session(text: str) -> bool:
    """Whether a text has a command of ours with its table, or a prompt with one.

    >>> is_session("$ ip link\\n1: lo: <LOOPBACK>"), is_session("1: lo: <LOOPBACK>")
    (True, False)
    """
    return any(block.command and (block.parser is not None or block.changes) for block in blocks(text))


def blocks(text: str, only: str | None = None) -> list[Block]:
    """The commands and tables of a text in their order. ``only``: the parser of the tables that stand below no command.

    >>> [block] = blocks("me@h:~$ ip netns exec red arp -n")
    >>> block.host, block.netns, block.parser, block.text
    ('h', 'red', 'arp', '')
    """
    reader = _Reader(pasted_text.undo(text), only)
    reader.run()
    return reader.finished()


def of_capture(text: str) -> list[Block]:
    """The tables of a capture, as those of a session."""
    import parsers

    from . import capture

    found = []
    for section in capture.read(text)[0]:
        block = Block(section.line, section.command, section.netns or None, "")
        block.words = section.command.split()
        block.parser = _parser(block.words)
        if block.parser is None or section.status not in (None, 0) and not section.stdout.strip():
            continue
        block.lines = section.stdout.split("\n")
        block.records, problems = parsers.parse(block.parser, section.stdout, strict=False)
        block.lost = [(problem.line_number + block.first - 1, problem.line, problem.reason) for problem in problems]
        found.append(block)
    return found


class _Reader:
    def __init__(self, pasted: pasted_text.Pasted, only: str | None) -> None:
        self.lines = pasted.lines
        self.numbers = pasted.numbers
        self.breaks = pasted.breaks
        self.only = only
        self.blocks: list[Block] = []
        self.voices = pasted.voices
        self.machines = pasted.machines
        self.walls = {*pasted.machines, *(at for at, voice in enumerate(pasted.voices) if at and voice != pasted.voices[at - 1])}
        self.voice = ""
        self.shells = shells.Shells()
        self.writers = {"": self.shells, quotations.UNNAMED: self.shells}  # the shells of each writer
        self.learned: list[str] = []
        self.fronts: set[str] = set()  # what stood in front of commands: the prompts, of whatever form
        self.files: dict[str, Run] = {}
        self.cache: dict[int, _Found | None] = {}
        self.marks: set[str] = set()  # the values of a loop whose headings are still to come
        self.known: dict[str, list[Run]] = {}
        self.may = bytearray(len(self.lines))  # whether a line may begin a table: 0 not asked yet, 1 no, 2 yes

    # -- lines -----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        at = 0
        while at < len(self.lines):
            at = max(self.step(at), at + 1)

    def step(self, at: int) -> int:
        """Read what begins at a line; the position behind it."""
        line = self.lines[at]
        if at in self.machines:
            self.shells.prose((self.machines[at], None), apart=True)
        if not line.strip():
            return at + 1
        if self.voices[at] != self.voice:
            self.voice = self.voices[at]
            self.shells = self.writers.setdefault(self.voice, shells.Shells())
        host = self.upper_half(at)
        if host is not None:
            self.shells.upper_half(host)
            return at + 1
        if line.strip() in shells.LEAVES:
            self.shells.left()
            return at + 1
        found = self.command(at)
        if found is not None and found.sure:
            return self.typed(at, found)
        if found is not None:
            end = self.printed(at, found)
            if end:
                return end
        if self.only is None or self.only not in tables_in_text.SHAPES:
            may = self.may[at] != 1 and tables_in_text.may_begin(line)
            reading = tables_in_text.detect(self.lines, at, self.stops, self.walls) if may else None
        else:
            reading = tables_in_text.read(self.only, self.lines, at, self.stops, walls=self.walls) if line.strip() else None
            reading = reading if reading is not None and reading.first == at else None
        if reading is not None:
            return self.table(reading)
        side = self.side_table(at)
        if side:
            return side
        self.said(at, line)
        return at + 1

    def add(self, block: Block) -> None:
        block.voice = self.voice
        self.blocks.append(block)

    def said(self, at: int, line: str) -> None:
        """Note a line of prose, or the name of a machine or namespace that heads what follows."""
        heading = headings.read(line, self.shells.named)
        if heading is None and at + 1 in self.breaks:
            heading = headings.above_a_block(line, self.shells.named)
        self.shells.prose(heading, apart=at == 0 or not self.lines[at - 1].strip())

    def stops(self, at: int) -> bool:
        """Whether what stands at a line ends the table above it: a mark, a prompt, a command, a heading of a machine."""
        if at in self.breaks:
            return True
        line = self.lines[at]
        if self.upper_half(at) is not None or line.strip() in shells.LEAVES:
            return True
        prompt = prompts.read(line) if len(line) < 400 else None
        if prompt is not None and prompt.host in self.shells.named:
            return True
        return self.command(at) is not None or headings.read(line) is not None

    def upper_half(self, at: int) -> str | None:
        """The machine that the first line of a prompt of two names (``""``: none); None where the line is no such one."""
        found = prompts.upper_half(self.lines[at])
        if found is not None or at + 1 >= len(self.lines) or not ("@" in self.lines[at] or " in " in self.lines[at]):
            return found
        host = prompts.line_above(self.lines[at])
        below = prompts.read(self.lines[at + 1]) if host is not None else None
        return host if below is not None and below.sure and not below.host else None

    # -- commands --------------------------------------------------------------------------------------------------

    def command(self, at: int) -> _Found | None:
        """The command that a line ends in; None where it holds none."""
        if at not in self.cache:
            self.cache[at] = self._command(at)
        return self.cache[at]

    def _command(self, at: int) -> _Found | None:
        line = self.lines[at]
        if len(line) > invocation.LONGEST or not line.strip():
            return None
        for prefix in self.learned:
            if line.startswith(prefix) and len(line.rstrip()) > len(prefix):
                typed, last = self._continued(prompts.unmarked(line[len(prefix) :]), at)
                return _Found(typed, self._runs(typed), prompts.read(line), prefix, True, last)
        prompt = prompts.read(line)
        if line.strip() in self.fronts:
            return _Found("", [], prompt, line, True, at)
        if (
            prompt is not None
            and (prompt.sure or _PROGRAM.search(prompt.typed) and _shows(self._runs(prompt.typed)))
            and not _is_remark(prompt)
        ):
            typed, last = self._continued(prompt.typed, at)
            return _Found(typed, self._runs(typed), prompt, "", True, last)
        if self.upper_half(at) is not None:
            return None
        if _OPENER.match(line) and self.prompt_below(at):
            typed, last = self._continued(prompts.bare(line), at)
            some = self._runs(typed)
            if some and all(not run.words and (run.netns or run.host) for run in some):
                return _Found(typed, some, None, "", True, last)
        if not self.table_near(at, line):
            return None
        title = _WATCHED.match(line)
        if title is not None and _shows(self._runs(title[1].strip())):
            typed = title[1].strip()
            return _Found(typed, self._runs(typed), prompts.Prompt("", title[2] or "", "", typed, True), "", False, at)
        for position, found in enumerate(_PROGRAM.finditer(line)):
            if position == _CANDIDATES:
                break
            typed = _ENDS.sub("", line[found.start() :].replace("–", "-").replace("—", "--"))
            some = self._runs(typed)
            if _shows(some):
                return _Found(typed, some, None, line[: found.start()], False, at)
            behind = _WHERE.search(typed) if typed.count(" ") < 12 else None
            some = self._runs(typed[: behind.start()].rstrip(" `*\"'")) if behind is not None else []
            if behind is not None and _shows(some):
                where = headings.read(f"{behind[1].strip()}:", self.shells.named)
                if where is not None:
                    return _Found(typed, _placed(some, where), None, line[: found.start()], False, at)
        return None

    def prompt_below(self, at: int) -> bool:
        """Whether a prompt stands below, behind no more than what opening a shell prints."""
        below = [line for line in self.lines[at + 1 : at + 12] if line.strip()]
        prompt = next((prompts.read(line) for line in below if not tables_in_text.is_chatter(line)), None)
        return prompt is not None and prompt.sure

    def table_near(self, at: int, line: str) -> bool:
        """Whether one of the next lines may begin a table; a sentence that ends in `ip route` costs no more than this."""
        for position in range(at + 1, min(at + _NEAR, len(self.lines))):
            if self.may[position] == 0:
                begins = tables_in_text.may_begin(self.lines[position]) or _OTHER_TABLES.match(self.lines[position][:80])
                self.may[position] = 2 if begins else 1
            if self.may[position] == 2:
                return True
        return "netns" in line or "vlan" in line

    def _runs(self, typed: str) -> list[Run]:
        if typed not in self.known:
            if len(self.known) > 5000:
                self.known.clear()
            found = invocation.runs(typed)
            if found and found[0].words[:1] and not prompts.is_common(typed) and len(found[0].words) > 1:
                inner = invocation.runs(" ".join(found[0].words[1:])) if typed.count(" ") < 12 else []
                if _shows(inner) and _NODE.match(found[0].words[0]):  # mininet: `h1 ip a`
                    found = [run._replace(netns=run.netns or found[0].words[0]) for run in inner]
            self.known[typed] = found
        return self.known[typed]

    def _continued(self, typed: str, at: int) -> tuple[str, int]:
        """What was typed with the lines that a backslash at its end joins, and the position of the last."""
        last = at
        while typed.endswith("\\") and last + 1 < len(self.lines) and last - at < 20:
            last += 1
            typed = f"{typed[:-1].rstrip()} {self.lines[last].lstrip('> ').strip()}".strip()
        return typed, last

    def typed(self, at: int, found: _Found) -> int:
        """Read what was typed behind a prompt, and what it printed."""
        self.see(found)
        typed = found.typed.strip()
        self.learn(at, typed)
        if typed in shells.LEAVES or typed.startswith("exit "):
            self.shells.leave()
            return found.last + 1
        self.shells.goes_on()
        if not typed:
            return at + 1
        self.shells.typed(typed)
        if found.runs and all(not run.words for run in found.runs):
            self.shells.enter(self.shells.filled(found.runs[0]))
            return found.last + 1
        return self.outputs(at, found)

    def learn(self, at: int, typed: str) -> None:
        """Note what stands in front of a command: the same by itself is a prompt behind which nothing was typed."""
        front = self.lines[at][: self.lines[at].find(typed)].strip() if typed else ""
        if front and len(front) < 100 and not front[-1].isalnum() and front[-1] not in ":`*.)" and len(self.fronts) < 50:
            self.fronts.add(front)

    def see(self, found: _Found) -> None:
        """Note what a prompt says of user and machine."""
        self.shells.prompt(found.prompt, found.front, self.lines[found.last], found.typed, sure=found.sure)

    # -- what commands print -----------------------------------------------------------------------------------------

    def outputs(self, at: int, found: _Found) -> int:
        """Read what the commands of a line printed, one after another."""
        position = found.last + 1
        typed = found.typed
        runs = self.expanded([self.shells.filled(run) for run in found.runs], position)
        several = len(runs) > 1
        any_table = False
        empty: list[Block] = []
        for index, (run, names) in enumerate(runs):
            block = self.block(at, typed, run)
            if run.to:
                self.files[run.to] = run
                continue
            if block.words[:1] in (["hostname"], ["hostnamectl"]) and len(block.words) == 1 or block.words == ["uname", "-n"]:
                position = self.hostname(position, block)
                continue
            if block.parser is None and not block.side:
                if block.changes and len(runs) == 1:
                    self.failed(block, position)
                    self.add(block)
                elif not several and block.words:
                    self.add(block)
                    self.unknown(block, position)
                continue
            behind = runs[index + 1 :]
            self.marks = {turn.value for _, turn in behind if turn is not None and turn.pattern}
            start = self.heading_of(position, run, names, block) if names or several else position
            shape = _shape(run.words)
            once = several and sum(other.words == run.words or _shape(other.words) is shape for other, _ in runs) > 1
            end = self.table_of(block, start, run, once, [_shape(other.words) for other, _ in behind])
            self.marks = set()
            if end:
                any_table = True
                position = end
                self.add(block)
            elif not (names and names.pattern):
                empty.append(block)
        for block in empty:
            if not any_table or len(empty) == 1:
                self.failed(block, position)
            self.add(block)
        if found.runs:
            last = self.shells.filled(found.runs[-1])
            self.shells.ran(last.netns, last.host)
        return position

    def block(self, at: int, typed: str, run: Run) -> Block:
        netns, host = self.shells.place()
        if run.host:
            netns, host = None, run.host
        if run.netns:
            netns = run.netns
        block = Block(self.numbers[at], typed, netns, host)
        words = run.words
        if words[:1] in (["cat"], ["less"], ["more"], ["head"], ["tail"]) and len(words) > 1 and words[-1] in self.files:
            words = self.files[words[-1]].words
            block.part = f"| {run.words[0]}" if run.words[0] in ("head", "tail") else ""
        block.words = words
        understood = understand(words) if words and words[0] else None
        if understood is not None and understood.netns is not None:
            block.netns = invocation.netns_of_path(understood.netns)
        block.parser = _parser(words)
        block.part = (run.part or block.part).strip()
        if block.parser is None and understood is not None:
            block.side = _side(words) is not None
            block.changes = not block.side and _is_ours(words)
        return block

    def table_of(self, block: Block, at: int, run: Run, once: bool = False, follow: Sequence[Shape | None] = ()) -> int:
        """Read the table of a command into its block; the position behind it, 0 where there is none.

        ``follow``: what the tables of the commands behind it in the line look like.
        """
        if block.parser is None:
            return self.side_of(block, at)
        shapes = [shape for shape in follow if shape is not None]

        def stops(position: int) -> bool:
            text = self.lines[position].lstrip()
            return (
                self.stops(position) or any(shape.start.match(text) for shape in shapes) or text.strip(" =#*-:[]<>") in self.marks
            )

        reading = tables_in_text.read(
            block.parser, self.lines, at, stops, part=bool(block.part), title=run.watched, once=once, walls=self.walls
        )
        if reading is None:
            return 0
        if run.watched and not block.host:
            title = next((line for line in self.lines[at : reading.first] if line.startswith("Every ")), "")
            named = re.search(r"\s{2,}([\w.-]+): \w{3} ", title)
            block.host = named[1] if named else block.host
        self.take(block, reading)
        return reading.end

    def take(self, block: Block, reading: tables_in_text.Reading) -> None:
        block.parser = reading.parser
        block.first = self.numbers[reading.first]
        block.last = self.numbers[reading.end - 1]
        block.lines = reading.lines
        block.records = reading.records
        block.lost = [(self.numbers[at], line, reason) for at, line, reason in reading.lost]
        block.part = block.part or reading.cut
        block.notes = reading.notes
        if reading.cut and reading.cut not in block.part:
            block.part = f"{block.part}, {reading.cut}"

    def expanded(self, runs: Sequence[Run], at: int) -> list[tuple[Run, _Turn | None]]:
        """The commands with the turns of their loops, each with what its heading looks like."""
        found: list[tuple[Run, _Turn | None]] = []
        index = 0
        while index < len(runs):
            run = runs[index]
            if run.loop is None:
                found.append((run, None))
                index += 1
                continue
            turn = [other for other in runs[index:] if other.loop == run.loop]
            name, values = run.loop
            echo = next((other.words[1:] for other in turn if other.words[:1] in (["echo"], ["printf"])), None)
            for value in values or self.values(name, echo, at):
                heading = _Turn(name, value, echo is not None or not values)  # of `$n 1`, `$n 2` none is there
                shown = [other for other in turn if other.words[:1] not in (["echo"], ["printf"])]
                for position, other in enumerate(shown):
                    found.append(
                        (invocation.substituted(other, name, value), heading if not position else heading._replace(pattern=False))
                    )
            index += len(turn)
        return found

    def values(self, name: str, echo: list[str] | None, at: int) -> list[str]:
        """The values of a loop, from the headings that it printed."""
        pattern = _heading_pattern(name, echo)
        found: list[str] = []
        while at < len(self.lines) and len(found) < 1000:
            one = pattern.match(self.lines[at].strip())
            if one is not None:
                found.append(one[1])
            elif self.lines[at].strip() and self.cache_of_prompt(at):
                break
            at += 1
        return found or [f"${name} {turn}" for turn in range(1, _TURNS + 1)]

    def cache_of_prompt(self, at: int) -> bool:
        found = self.command(at)
        return found is not None and found.sure

    def heading_of(self, at: int, run: Run, turn: _Turn | None, block: Block) -> int:
        """The position behind what other commands of the line printed: headings, dates, names."""
        seen = 0
        position = at
        wanted = turn.value if turn is not None and turn.pattern else None
        passed = wanted is None
        while position < len(self.lines) and seen < 30:
            line = self.lines[position]
            if self.cache_of_prompt(position) or position in self.breaks and seen:
                return at
            if line.strip(" =#*-:[]<>") in self.marks and (turn is None or line.strip(" =#*-:[]<>") != turn.value):
                return at
            if (
                not passed
                and wanted is not None
                and not tables_in_text.may_begin(line)
                and re.search(rf"(?<![\w.-]){re.escape(wanted)}(?![\w.-])", line)
            ):
                passed = True
                position += 1
                continue
            if passed and line.strip() and self.begins(block, position):
                return position
            if line.strip():
                seen += 1
            position += 1
        return at

    def begins(self, block: Block, at: int) -> bool:
        shape = _shape(block.words)
        text = self.lines[at].strip()
        if shape is None:
            return True
        if block.parser is None:
            return shape.start.match(text) is not None and not tables_in_text.is_prose(text)
        return shape.start.match(text) is not None and not tables_in_text.is_prose_of(block.parser, text)

    def hostname(self, at: int, block: Block) -> int:
        """`hostname` prints the name of the machine."""
        while at < len(self.lines) and not self.lines[at].strip():
            at += 1
        if at < len(self.lines) and re.fullmatch(r"\s*[^\W_][\w.-]{0,80}\s*", self.lines[at]) and not self.cache_of_prompt(at):
            self.shells.hostname(self.lines[at].strip())
            return at + 1
        return at

    def failed(self, block: Block, at: int) -> bool:
        """Note what a command without a table printed: an error, or what could not be read."""
        taken: list[int] = []
        blank = False
        while at < len(self.lines) and len(taken) < 40:
            line = self.lines[at]
            if at in self.breaks and taken or self.command(at) is not None or prompts.upper_half(line) is not None:
                break
            if not line.strip():
                blank = True
                if taken:
                    break
            elif not tables_in_text.parsers_stderr(line.strip()) and (
                tables_in_text.is_prose(line) and not _ERROR.search(line) or blank
            ):
                break
            else:
                taken.append(at)
            at += 1
        said = [self.lines[it].strip() for it in taken]
        if not said:
            return False
        if all(tables_in_text.parsers_stderr(it) or _ERROR.search(it) for it in said) or block.changes:
            block.said = said
            return False
        if block.parser is not None and (block.part or not tables_in_text.may_begin(self.lines[taken[0]])):
            block.lost = [(self.numbers[taken[0]], self.lines[taken[0]], f"no line of '{' '.join(block.words)}'")]
            if len(taken) > 1:
                block.notes = [f"lines {self.numbers[taken[0]]}-{self.numbers[taken[-1]]} were not read"]
            return True
        return False

    def unknown(self, block: Block, at: int) -> None:
        """The lines that a command which is none of ours printed are not looked at line by line: see :meth:`step`."""
        block.first = self.numbers[min(at, len(self.numbers) - 1)]

    # -- without a prompt, or without a command ------------------------------------------------------------------------

    def printed(self, at: int, found: _Found) -> int:
        """Read a command without a prompt, if the table of it stands below; the position behind it, 0 where there is none."""
        runs = [run for run in found.runs if run.words and not run.to]
        first = next((run for run in runs if _parser(run.words) is not None or _side(run.words) is not None), None)
        if first is None:
            return 0
        before = self.place_of_front(found)
        block = self.block(at, found.typed, first)
        start = at + 1
        turns = self.expanded(found.runs, start) if len(found.runs) > 1 or first.loop else []
        start = self.heading_of(start, first, turns[0][1] if turns else None, block) if turns else start
        if not self.table_of(block, start, first):
            self.shells.restore(before)
            return 0
        if found.front.strip() and found.front.strip()[-1] in "#$%>❯➜λ»✗~" and len(self.learned) < 20:
            if found.front.strip(" #>*-`") and found.front not in self.learned:
                self.learned.append(found.front)
                self.cache.clear()
        self.shells.goes_on()
        self.learn(at, found.typed.strip())
        return self.outputs(at, found)

    def place_of_front(self, found: _Found) -> tuple[object, ...]:
        """Note the machine that stands in front of a command, and return what was known before."""
        before = self.shells.state()
        if found.prompt is not None and found.prompt.host:
            self.shells.at_prompt(found.prompt.host)
        host = prompts.host_of(found.front)[1] if found.front.strip() else ""
        if host and len(found.front) < 100:
            self.see(found._replace(sure=True, prompt=None))
        return before

    def table(self, reading: tables_in_text.Reading) -> int:
        """Take a table that stands below no command."""
        netns, host = self.shells.place_of_table()
        block = Block(self.numbers[reading.first], "", netns, host)
        block.words = commands.module(reading.parser).COMMAND.split()
        self.take(block, reading)
        block.notes.insert(0, f"{_span(block)} read as '{' '.join(block.words)}'")
        self.add(block)
        return reading.end

    def side_table(self, at: int) -> int:
        """Take an `iptables-save` or a ruleset of nft that stands below no command; the position behind it, or 0."""
        line = self.lines[at].strip()
        words = (
            ["iptables-save"]
            if _TABLE_OF_IPTABLES.match(line)
            else ["nft", "list", "ruleset"]
            if _TABLE_OF_NFT.match(line)
            else None
        )
        if words is None:
            return 0
        netns, host = self.shells.place()
        block = Block(self.numbers[at], "", netns, host)
        block.words, block.side = words, True
        end = self.side_of(block, at)
        if end:
            block.notes = [f"{_span(block)} read as '{' '.join(words)}'"]
            self.add(block)
        return end

    def side_of(self, block: Block, at: int) -> int:
        """The output of a command that is no table of ours and is kept for the report; the position behind it, or 0."""
        kind = _side(block.words)
        shape = tables_in_text.SIDE.get(kind or "")
        while at < len(self.lines) and not self.lines[at].strip():
            at += 1
        end = at
        while end < len(self.lines) and not (self.stops(end) and end > at):
            line = self.lines[end]
            if shape is not None and line.strip() and not shape.start.match(line.lstrip() if shape.single else line):
                break
            if shape is None and tables_in_text.is_prose(line) and end and not self.lines[end - 1].strip():
                break
            end += 1
        while end > at and not self.lines[end - 1].strip():
            end -= 1
        if end == at or self.cache_of_prompt(at):
            return 0
        block.first, block.last = self.numbers[at], self.numbers[end - 1]
        block.lines = textwrap.dedent("\n".join(self.lines[at:end])).split("\n")
        return end

    # -- the end -------------------------------------------------------------------------------------------------------

    def finished(self) -> list[Block]:
        """The blocks, each with its machine, and with how often its command was run there before."""
        found = sorted(self.blocks, key=lambda block: block.line)
        _name_machines(found, self.writers)
        states: dict[tuple[Any, ...], int] = {}
        for block in found:
            if block.netns == "":
                block.netns = None
            if not block.lines:
                continue
            key = (
                block.host,
                block.netns,
                block.parser,
                _essence(block),
                block.part if block.part.startswith("|") else "",
            )
            block.state = states.get(key, -1) + 1
            states[key] = block.state
        return found


def _name_machines(found: Sequence[Block], writers: dict[str, shells.Shells]) -> None:
    """Give each block the name of its machine, ``""`` for the one that has none.

    First, the names of one machine become one. Then, where a writer names one machine only, whatever names none is of that
    one, unless it was only reached from another (`ssh`). Last, the nameless machines of several writers are told apart.
    """
    also = {name: other for shell in writers.values() for name, other in shell.also.items()}
    named = _same_names([also.get(block.host, block.host) for block in found if block.host])
    for block in found:
        block.host = named[also.get(block.host, block.host)] if block.host else ""
    names = {block.host for block in found if block.host}
    shared = {block.host for block in found if block.host and block.voice in ("", quotations.UNNAMED)}
    outer = {named.get(name, name) for shell in writers.values() for name in shell.outer_names}
    shown = {_essence(block) for block in found if block.host and block.lines}
    for block in found:
        if block.host:
            continue
        own = {other.host for other in found if other.host and other.voice == block.voice}
        unnamed = block.voice in ("", quotations.UNNAMED)
        if own and len(own) == 1 == len(names) and own <= outer:
            block.host = next(iter(own))
        elif not own and unnamed and len(names) == 1 and names <= outer & shared and _essence(block) not in shown:
            block.host = next(iter(names))
    nameless = [block for block in found if not block.host and block.lines]
    voices = {block.voice for block in nameless}
    own_words = {_essence(block) for block in nameless if block.voice == ""}
    for block in nameless:
        if block.voice not in ("", quotations.UNNAMED) and len(voices) > 1:
            block.host = block.voice
    quoted = [block for block in nameless if block.voice == quotations.UNNAMED]
    if any(_essence(block) in own_words for block in quoted):
        for block in quoted:
            block.host = "quoted"


def _placed(runs: Sequence[Run], where: tuple[str | None, str | None]) -> list[Run]:
    """The commands, run where the words behind them say."""
    host, netns = where
    return [run._replace(netns=run.netns or netns or "", host=run.host or host or "") for run in runs]


class _Turn(NamedTuple):
    """A turn of a loop: the variable, its value, and whether a heading with the value stands above what it printed."""

    name: str
    value: str
    pattern: bool


_NEAR = 14
# Of a loop that tells neither its values nor where a turn begins: so many are looked for
_TURNS = 30
# `ip a on node-1`, `ip route inside the container`
_WHERE = re.compile(r"\s((?:on|from|at|in|inside|within) .{1,60})$", re.IGNORECASE)
# `Every 2.0s: ip neigh      alpha: Mon Jan  1 10:00:00 2024`
_WATCHED = re.compile(r"Every \d[\d.,]*s: (.*?)(?:\s{2,}(?:(\S+): )?\w{3} \w{3} .*|\s*)$")
# What begins the tables of `ifconfig`, `brctl`, `ss`, `sysctl`, a part of `ip a`, JSON, a firewall
_OTHER_TABLES = re.compile(
    r"\s*(?:\S+: flags=|\S+\s+Link encap|bridge name|State |Netid|Proto |Active |[\w-]+\.[\w./-]+ ?= |inet6? |link/|[\[{]"
    r"|\*(?:nat|filter)|table \S+ \S+ \{|# Generated|id \d|inet6? \S+ forwarding|port no|\w+:$)"
)
_NODE = re.compile(r"[a-z]{1,4}\d{1,3}$")
_ERROR = re.compile(
    r"No such|not found|not permitted|Permission denied|cannot|Cannot|Unknown|unknown|Error|error:|invalid|Invalid"
    r"|does not exist|"
    r"Usage:|usage:|failed|File exists|unable|refused|timed out|denied|RTNETLINK"
)
_TABLE_OF_IPTABLES = re.compile(r"\*(?:nat|filter|mangle|raw|security)$|# Generated by ip6?tables-save")
_TABLE_OF_NFT = re.compile(r"table (?:ip|ip6|inet|arp|bridge|netdev) \S+ \{$")


def _span(block: Block) -> str:
    return f"line {block.first}" if block.first == block.last else f"lines {block.first}-{block.last}"


def _parser(words: Sequence[str]) -> str | None:
    """The parser of what a command shows, where all its words are understood."""
    if not words or not words[0]:
        return None
    return understand(words).parser


def _shows(runs: Sequence[Run]) -> bool:
    """Whether one of these commands shows a table, every word of it understood."""
    for run in runs:
        if not run.words or not run.words[0]:
            continue
        parser = _parser(run.words)
        if parser is not None:
            request = asked.read(run.words)
            if request is None or not request.unknown or parser in ("arp", "route"):
                return request is None or not request.unknown or all(it.startswith("-") for it in request.unknown)
        elif _side(run.words) in ("iptables-save", "nft", "ip netconf", "ip nexthop"):
            return True
    return False


def _is_remark(prompt: prompts.Prompt) -> bool:
    return (
        prompt.sigil == "#" and not prompt.host and not prompt.user and not prompts.is_common(prompt.typed) and bool(prompt.typed)
    )


def _side(words: Sequence[str]) -> str | None:
    """What a command is called that shows something beside our tables; None for any other."""
    if not words:
        return None
    name = words[0].rpartition("/")[2]
    if name in ("iptables-save", "ip6tables-save", "iptables-legacy-save", "iptables-nft-save", "ip6tables-legacy-save"):
        return "iptables-save"
    if name in ("nft", "sysctl"):
        return (
            name if name == "sysctl" and "-w" not in words and not any("=" in it for it in words) or "ruleset" in words else None
        )
    if sidetables.reader(list(words)) is not None:
        return f"ip {next((it for it in words[1:] if not it.startswith('-')), '')}" if name == "ip" else " ".join(words)
    return None


def _is_ours(words: Sequence[str]) -> bool:
    """Whether a command is one of a binary that netwrap wraps."""
    bare = words[1:] if words[0] == "busybox" else words
    return bool(bare) and is_wrapped(bare[0].rpartition("/")[2])


def _shape(words: Sequence[str]) -> Shape | None:
    """What the lines of a command's table look like."""
    return tables_in_text.SHAPES.get(_parser(words) or "") or tables_in_text.SIDE.get(_side(words) or "")


def _essence(block: Block) -> tuple[str, ...]:
    """The words of a command without what only changes how its output looks: two of these alike are two states."""
    request = asked.read(block.words) if block.parser is not None else None
    if request is None:
        return tuple(block.words)
    return (
        request.name,
        request.verb,
        request.family,
        *sorted(f"{key} {value}" for key, value in request.filters.items()),
        *request.unknown,
    )


def _heading_pattern(name: str, echo: list[str] | None) -> re.Pattern[str]:
    """What the headings of a loop look like, the value of its variable in the first group."""
    if name == "netns:":
        return re.compile(r"netns: (\S+)$")
    if echo:
        text = (
            " ".join(word for word in echo if word not in ("-e", "-n", "-ne", "-en"))
            .replace("\\n", "")
            .replace("%s", f"${name}")
            .strip()
        )
        parts = re.split(rf"\$(?:{re.escape(name)}\b|\{{{re.escape(name)}\}})", text)
        if len(parts) > 1:
            front, back = parts[0].strip(), parts[1].strip()
            gap = r"\s*" if front and not front[-1].isalnum() else r"\s+" if front else ""
            return re.compile(rf"{re.escape(front)}{gap}(\S+?)\s*{re.escape(back)}$")
    return re.compile(r"[=#*\-<\[ ]+ *(?:netns |namespace |ns )?([^\s:=*#\]]+) *[\]=#*:>-]*$")


def _same_names(hosts: Sequence[str]) -> dict[str, str]:
    """Each name of a machine → the one that it goes by: `alpha` and `alpha.example.net` are one."""
    found: dict[str, str] = {}
    for host in dict.fromkeys(hosts):
        short = host.partition(".")[0].lower() if not host[:1].isdigit() else host
        known = next((name for name in found.values() if name.lower() == host.lower()
                      or short == name.partition(".")[0].lower() and ("." not in host or "." not in name)), host)  # fmt: skip
        found[host] = known
    return found


# -- sections --------------------------------------------------------------------------------------------------------


class Machine(NamedTuple):
    """The sections of one machine of a text, with what is to be noted of them and what was lost.

    ``unread``: lines, with their numbers, that are in no table (of the first machine: those of the whole text).
    """

    name: str
    sections: list[Section]
    notes: list[str]
    problems: list[str]
    unread: list[tuple[int, str]]


def machines(text: str, source: str = "", at: int | None = None) -> list[Machine]:
    """The machines that a text tells of, in the order in which they appear.

    ``at``: of a command that was run several times, the N-th counts, not the last; UsageError where none ran that often.

    >>> [(machine.name, len(machine.sections)) for machine in machines("me@a:~$ ip r\\ndefault via 10.0.0.1 dev eth0")]
    [('a', 4)]
    """
    reader = _Reader(pasted_text.undo(text), None)
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
    read = {block.first + offset for some in found.values() for block in some for offset, line in enumerate(block.lines) if line}
    unread = [(number, line) for number, line in zip(reader.numbers, reader.lines) if line and number not in read][:_UNREAD]
    told = [machine for machine in made if machine.sections] or made[:1]
    lost = [problem for machine in made if not machine.sections and machine not in told for problem in machine.problems]
    return [machine._replace(unread=unread, problems=machine.problems + lost) if not index else machine
            for index, machine in enumerate(told)]  # fmt: skip


_UNREAD = 20_000


def _is_empty(block: Block) -> bool:
    """Whether a command was run that shows a table and printed nothing, which says that there is none."""
    return block.parser is not None and not block.lines and not block.said and not block.lost and not block.part


def _machine(host: str, some: Sequence[Block], source: str, at: int | None) -> Machine:
    sections: list[Section] = []
    notes: list[str] = []
    problems: list[str] = []
    keys: dict[str, None] = {}
    for block in some:
        where = f"{source}:" if source else "line "
        problems += [
            f"{where}{number}: {reason}: {line.strip()[:120]!r}" for number, line, reason in block.lost if reason != MANGLED
        ]
        notes += [f"{source}{': ' if source else ''}{note}" if note.startswith("line") else f"{where}{block.first}: {note}"
                  for note in block.notes]  # fmt: skip
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
    if not sections:
        return Machine(host, [], notes, problems, [])
    listed = []
    for key in keys:
        how = "path" if key.startswith("/") else "label" if " " in key else "name"
        listed.append(f"{key}\tpid\t{key[4:]}" if re.fullmatch(r"pid \d+", key) else f"{key}\t{how}\t{key}")
    return Machine(host, [*_head(host, listed), *sections], notes, problems, [])


def _differs(part: Block, some: Sequence[Block]) -> Iterator[str]:
    """What is to be noted of a part of a table: it shows rows that the whole table above does not have.

    The whole table counts all the same: a part tells of no row that it is the only one.
    """

    def rows(block: Block) -> set[str]:
        return {" ".join(line.split()) for line in block.lines if line.strip()}

    above = [other for other in some if other.line < part.line and not other.part and other.lines
             and (other.netns, _essence(other)) == (part.netns, _essence(part))]  # fmt: skip
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
