"""A block of a pasted text: a command with its table, or a table without a command."""

from __future__ import annotations

from ..commands import request as asked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


#: The note for a command with neither a table nor an error below it, nor a prompt that would prove an empty output.
NOT_HERE = "its output is not here"


class Block:
    """A command in a text with its output, or a table without a command.

    ``host``: the machine, ``""`` if the text names none. ``netns``: the namespace, None for the machine's own. ``line``: the
    number of the command's line, or of the table's first line without a command. ``command``: the typed text (``""``: no
    command). ``words``: the words of the command, without `sudo` and the like. ``parser``: the parser of its table, or None.
    ``first``: the number of the first line of ``lines``. ``lines``: the table in readable form, one entry for each line of the
    text. ``part``: why the table is only a part. ``state``: 0 for the first run of a command at this place, 1 for the second.
    ``voice``: the writer, see :mod:`quotations`. ``lost``: the lines that could not be read: (number, line, reason). ``said``:
    the error messages of a command that failed. ``changes``: whether it is a wrapped command that prints no table (``ip netns
    add red``). ``label``: the title above it that may tell its machine, see :func:`headings.label`; ``by_heading``: whether an
    earlier heading, and no prompt, has named the machine. ``system``: the other system that printed the output, see
    :mod:`foreign`. ``addresses``: the numbers of the lines with addresses in output that netwrap does not read.
    """

    def __init__(self, line: int, typed: str, netns: str | None, host: str | None) -> None:
        self.line = line
        self.command = typed
        self.netns = netns
        self.host = host
        self.voice = ""
        self.label: str | None = None
        self.by_heading = False
        self.system = ""
        self.addresses: list[int] = []
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
        """Whether the command printed nothing but error messages."""
        return bool(self.said) and not self.records

    def __repr__(self) -> str:
        where = f"host={self.host!r}, netns={self.netns!r}"
        return f"Block({self.line}, {self.command!r}, {where}, parser={self.parser!r}, {len(self.lines)} lines)"


def span(block: Block) -> str:
    """The lines of a block in words."""
    return f"line {block.first}" if block.first == block.last else f"lines {block.first}-{block.last}"


def essence(block: Block) -> tuple[str, ...]:
    """The words of a command without those that only change the form of its output; two equal ones are two states of a table."""
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
