"""Check arguments before they reach a binary: refuse those that the binary would silently change.

`ip` reads ``010.0.0.1`` as 8.0.0.1 and ``10.1`` as 10.1.0.0, and cuts a hardware address that is too long; `arp` completes one
that is too short; a namespace called ``1`` that does not exist is taken for process 1. An empty word is taken for nothing at
all, and a name without a keyword in front of it that begins with ``-`` could be taken for an option.

Each function takes the words of the command so far, for the error (InvalidArgument, status 2), and returns the checked value.
"""

from __future__ import annotations

import ipaddress
import os
import re
from typing import TYPE_CHECKING

from .errors import InvalidArgument, NoSuchNetns
from .shell import NETNS_DIR

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    Value = object  # None and False: leave it out; True: a word without a value; a list: several values

_HEX_OCTETS = re.compile(r"[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2})+")
_OCTAL = re.compile(r"(?:^|\.)0[0-9]")  # 010.0.0.1
_KEYWORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_NUMBER = re.compile(r"\s*[+-]?[0-9]")
_SIX = 6


def refuse(argv: Sequence[str], reason: str) -> NoReturn:
    """Raise InvalidArgument for a command that was not run."""
    raise InvalidArgument(argv, 2, reason)


def name(argv: Sequence[str], text: str) -> str:
    """Check a name that follows a keyword: it must not be empty."""
    if not text:
        refuse(argv, "a name is empty")
    return text


def new_name(argv: Sequence[str], text: str) -> str:
    """Check a new name for a link, which follows a keyword; the kernel replaces ``%d`` in the name by a number."""
    if "%" in text:
        refuse(argv, f"{text!r} holds a '%', for which the kernel would put a number")
    return name(argv, text)


def bare_name(argv: Sequence[str], text: str) -> str:
    """Check a name without a keyword in front of it."""
    if text.startswith("-"):
        refuse(argv, f"{text!r} begins with '-' and could be taken for an option")
    return name(argv, text)


def target_netns(argv: Sequence[str], netns: str | int) -> str:
    """Check the target of moving a link: the name of a namespace, or the number of a process in it."""
    if isinstance(netns, str) and _NUMBER.match(netns) and not os.path.lexists(f"{NETNS_DIR}/{netns}"):
        raise NoSuchNetns(argv, 2, f"there is no namespace {netns!r} (`ip` would take it for a process)")
    return name(argv, str(netns))


def prefix(argv: Sequence[str], text: str, *words: str) -> str:
    """Check an address with or without a prefix length; or one of ``words``."""
    if text in words:
        return text
    try:
        if _OCTAL.search(text) and ":" not in text:
            raise ValueError(text)
        ipaddress.ip_interface(text)
    except ValueError:
        refuse(argv, f"{text!r} is no address" + (f", and none of {', '.join(words)}" if words else ""))
    return text


def address(argv: Sequence[str], text: str, *words: str) -> str:
    """Check an address without a prefix length; or one of ``words``."""
    if "/" in text:
        refuse(argv, f"{text!r} is no address of one host")
    return prefix(argv, text, *words)


def family(asked: str | None, *addresses: str | None) -> list[str]:
    """The option for the family asked for, or else for the family of the first address; IPv4 needs no option."""
    if asked is None:
        known = next((text for text in addresses if text and text not in ("default", "all", "any")), "")
        asked = "inet6" if ":" in known else "inet"
    return {"inet": [], "inet6": ["-6"]}.get(asked, ["-f", asked])


def octets(text: str) -> int:
    """The number of octets of a hardware address: pairs of hexadecimal digits, or an IP address (of tunnels); 0: not an address.

    >>> octets("02:00:00:00:00:01"), octets("10.0.0.1"), octets("02:aa"), octets("2aabbccddeef")
    (6, 4, 2, 0)
    """
    if _HEX_OCTETS.fullmatch(text) and "::" not in text:
        return text.count(":") + 1
    try:
        return len(ipaddress.ip_address(text).packed)
    except ValueError:
        return 0


def ethernet(argv: Sequence[str], text: str) -> str:
    """Check a hardware address of six octets."""
    if octets(text) != _SIX:
        refuse(argv, f"{text!r} is not a hardware address of six octets, such as 02:00:00:00:00:01")
    return text


def number(argv: Sequence[str], key: str, value: object, low: int, high: int) -> str:
    """Check a whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        refuse(argv, f"{key} {value!r} is not a number from {low} to {high}")
    return str(value)


def one_of(argv: Sequence[str], key: str, text: str, allowed: Sequence[str]) -> str:
    """Check a word without a keyword, which must be one of a few."""
    if text not in allowed:
        refuse(argv, f"{text!r} is no {key}; there are: {', '.join(allowed)}")
    return text


def pairs(argv: Sequence[str], **options: Value) -> list[str]:
    """Keywords and their values, in the order given, without those that are None or False; True stands for the word alone.

    A keyword that Python keeps for itself has ``_`` behind it.

    >>> pairs([], dev="v0", metric=None, onlink=True, from_="10.0.0.0/8")
    ['dev', 'v0', 'onlink', 'from', '10.0.0.0/8']
    """
    words: list[str] = []
    for key, value in options.items():
        word = key.rstrip("_")
        if value is None or value is False:
            continue
        if not _KEYWORD.fullmatch(word):
            refuse([*argv, *words], f"{key!r} is no keyword")
        words.append(word)
        if isinstance(value, (list, tuple)):
            words += [bare_name([*argv, *words], str(item)) for item in value]
        elif value is not True:
            words.append(name([*argv, *words], str(value)))
    return words
