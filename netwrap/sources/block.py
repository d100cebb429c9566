"""What a pasted text is taken apart into: a command with its table, or a table below none."""

from __future__ import annotations

from ..commands import request as asked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


#: Of a command: neither a table nor an error stands below it, and no prompt that would say that it printed nothing.
NOT_HERE = "its output is not here"


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


def span(block: Block) -> str:
    """The lines of a block in words."""
    return f"line {block.first}" if block.first == block.last else f"lines {block.first}-{block.last}"


def essence(block: Block) -> tuple[str, ...]:
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
