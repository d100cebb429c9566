"""The root of all errors, and the one error that the parsers raise."""

from __future__ import annotations


class NetwrapError(Exception):
    """The base class of all errors of netwrap and its parsers; the message is one line for people."""


class ParseError(NetwrapError, ValueError):
    """A line of the input that fits nowhere.

    ``line_number`` counts from 1; ``line`` is the line as it was read; ``reason`` tells in words what was expected. The
    text is one line, with control characters made visible, and shows at most 200 characters of a long line.

    >>> str(ParseError(3, "foo bar", "expected a rule"))
    "line 3: expected a rule: 'foo bar'"
    """

    def __init__(self, line_number: int, line: str, reason: str) -> None:
        super().__init__(line_number, line, reason)
        self.line_number = line_number
        self.line = line
        self.reason = reason

    def __str__(self) -> str:
        shown = repr(self.line[:200])
        if len(shown) > 202 or len(self.line) > 200:
            shown = shown[:198] + "..." + shown[0]
        return f"line {self.line_number}: {self.reason}: {shown}"
