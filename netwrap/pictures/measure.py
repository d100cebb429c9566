"""The width of text in a picture, without a font: every letter of the drawn font is as wide as every other."""

from __future__ import annotations

import functools

from ..wording import printable

#: The size of the drawn text in pixels.
SIZE = 12
#: Pixels that a letter takes at most: 0.602 of 12 in Menlo and DejaVu, and some air.
LETTER = 7.4


def columns(text: str) -> int:
    """The number of columns of a text: wide letters (East Asian) have two, combining ones none.

    >>> columns("eth0"), columns("\\u7f51"), columns("e\\u0301")
    (4, 2, 1)
    """
    return len(text) if text.isascii() else _columns(text)


@functools.lru_cache(2_000)
def _columns(text: str) -> int:
    try:
        from unicodedata import combining, east_asian_width
    except ImportError:  # a Python without the tables: rather too wide than too narrow
        return sum(1 if ord(letter) < 0x300 else 2 for letter in text)
    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def width(text: str) -> float:
    """The width of a text in pixels."""
    return columns(text) * LETTER


def wrap(text: str, limit: int, indent: str = "") -> list[str]:
    """A text in lines of at most ``limit`` columns, broken at blanks; the second and later lines begin with ``indent``.

    >>> wrap("a gateway in no network", 12, "  ")
    ['a gateway in', '  no network']
    """
    lines: list[str] = []
    for word in printable(text).split(" "):
        if lines and columns(lines[-1]) + 1 + columns(word) <= limit:
            lines[-1] += f" {word}"
        else:
            lines.append(f"{indent if lines else ''}{word}")
    return lines


def cut(text: str, limit: int) -> str:
    """A text cut to at most ``limit`` columns; ``…`` stands for the part cut off.

    >>> cut("veth-of-a-long-name", 8), cut("eth0", 8)
    ('veth-of…', 'eth0')
    """
    text = printable(text)
    if columns(text) <= limit:
        return text
    while text and columns(text) > limit - 1:
        text = text[:-1]
    return text + "…"
