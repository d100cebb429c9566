"""Damage to captures: what networks, terminals, mails and malice do to a text."""

# ruff: noqa: E501 (tables of odd texts)

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Mutation = Callable[[random.Random, str, str], str]

_NASTY = (
    "\x00", "\x1b[31m", "\x1b[", "\r", "\t", "\x0b", "\x1c", "\x85", "\u2028", "\udc80", "\ud800", "²", "٣", "１", "\\", "\\    ",
    '"', "{", "[", "]", "<", ">", "@", "@@", "/", ":", ",", "-", "-1", "0x", "1e999", "1_000", "9" * 25, "9" * 5000, "NaN", "null",
    "nexthop", "encap", "via inet6", "link/", "alias ", "vf 1 ", "RX:", "inet ", "lookup", "(incomplete)", "dev dev", "port vlan-id",
    "Kernel IP routing table", "metric", "features", "geneve external", "remotes (999999999)", "segs 9 [", "qos-map {", "mpls",
)  # fmt: skip


def _lines(text: str) -> list[str]:
    return text.split("\n")


def _at(rng: random.Random, items: list[str] | str) -> int:
    return rng.randrange(len(items)) if items else 0


def cut(rng: random.Random, text: str, other: str) -> str:
    """A capture that begins or ends in the middle."""
    start, end = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
    return text[start:end]


def swap_lines(rng: random.Random, text: str, other: str) -> str:
    lines = _lines(text)
    one, two = _at(rng, lines), _at(rng, lines)
    lines[one], lines[two] = lines[two], lines[one]
    return "\n".join(lines)


def double(rng: random.Random, text: str, other: str) -> str:
    lines = _lines(text)
    at = _at(rng, lines)
    lines[at:at] = [lines[at]] * rng.randint(1, 40)
    return "\n".join(lines)


def drop(rng: random.Random, text: str, other: str) -> str:
    lines = _lines(text)
    del lines[_at(rng, lines)]
    return "\n".join(lines)


def interleave(rng: random.Random, text: str, other: str) -> str:
    """Two outputs that were written to one file at the same time."""
    mine, others = _lines(text), _lines(other)
    for line in others:
        mine.insert(rng.randint(0, len(mine)), line)
    return "\n".join(mine)


def scramble_words(rng: random.Random, text: str, other: str) -> str:
    lines = _lines(text)
    at = _at(rng, lines)
    words = re.split(r"( +)", lines[at])
    rng.shuffle(words)
    lines[at] = "".join(words)
    return "\n".join(lines)


def swap_words(rng: random.Random, text: str, other: str) -> str:
    """A word of another place, or of another text, where a word was."""
    words, others = re.split(r"([ \n]+)", text), other.split() or [""]
    at = _at(rng, words)
    words[at] = rng.choice(words if rng.random() < 0.5 else others)
    return "".join(words)


def drop_word(rng: random.Random, text: str, other: str) -> str:
    words = re.split(r"([ \n]+)", text)
    del words[_at(rng, words)]
    return "".join(words)


def nasty(rng: random.Random, text: str, other: str) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + rng.choice(_NASTY) + text[at + rng.randint(0, 3) :]


def random_bytes(rng: random.Random, text: str, other: str) -> str:
    at, size = rng.randint(0, len(text)), rng.randint(1, 30)
    noise = bytes(rng.randrange(256) for _ in range(size)).decode("utf-8", "surrogateescape")
    return text[:at] + noise + text[at + size * rng.randint(0, 1) :]


def flip(rng: random.Random, text: str, other: str) -> str:
    if not text:
        return text
    at = _at(rng, text)
    return text[:at] + chr(ord(text[at]) ^ 1 << rng.randrange(7)) + text[at + 1 :]


def join_lines(rng: random.Random, text: str, other: str) -> str:
    lines = _lines(text)
    at = _at(rng, lines)
    lines[at : at + 2] = [rng.choice(["", " ", "\\", "\\    "]).join(lines[at : at + 2])]
    return "\n".join(lines)


def long_line(rng: random.Random, text: str, other: str) -> str:
    lines = _lines(text)
    at = _at(rng, lines)
    part = lines[at][_at(rng, lines[at]) :][:60] or " "
    lines[at] = lines[at][: rng.randint(0, len(lines[at]))] + part * rng.randint(1, 20_000 // len(part) + 1)
    return "\n".join(lines)


def unindent(rng: random.Random, text: str, other: str) -> str:
    """A mail that lost its indentation."""
    return "\n".join(line.lstrip() for line in _lines(text))


def crlf(rng: random.Random, text: str, other: str) -> str:
    return text.replace("\n", "\r\n")


MUTATIONS: tuple[Mutation, ...] = (
    cut, swap_lines, double, drop, interleave, scramble_words, swap_words, drop_word, nasty, random_bytes, flip, join_lines,
    long_line, unindent, crlf,
)  # fmt: skip


def mutate(rng: random.Random, text: str, other: str, times: int) -> str:
    """A text with some damage done to it."""
    for _ in range(times):
        text = rng.choice(MUTATIONS)(rng, text, other)
    return text


# Lines whose parts a careless regular expression would try in all combinations; each is repeated until it is long.
SEEDS = (
    " ", "\t", "\\", "\\    ", "\x1b[", "\x1b[0;", "a", "a ", "0", "0 ", "1: ", "@", "a@", "<", "<>", ",", "/", ":", "::", "-", "=",
    "1: a: <", "1: a state ", "<A,", "state 0x1", "ff:ff", "link/", "link/ether ", "alias x", "RX: a ", "vf 1 ", "vf 1,", "packets",
    "0 packets", "port ", "port vlan", "PVID ", "aa ", "nexthop ", "nexthop via ", "via ", "dev ", "dev dev ", "metric 1 ",
    "mtu lock ", "features ecn ", "encap ip ", "encap seg6 segs 1 [ ", "encap ip geneve_opts 1:1:1,", "10.0.0.0/8 ", "default ",
    "blackhole ", "cache ", "lookup ", "from all ", "100:\t", "not ", "? (10.0.0.1) at ", "A ", "PERM ", " on ", "0x1 ", "0x1  ",
    "00:11:22:33:44:55 ", "used 1/1", "inet 10.0.0.1/8 ", "valid_lft forever ", "[", "{", '{"a":', '[{"dst":"a"},', '"', "\\'", "[[",
    "[]", "{}", "nsid 1 ", "(id: ", " (id: 1)", "Entries: 1 ", "U ", "255.255.255.0 ", "00000000\t", "! ", "unresolved", "goto 1",
    "link-netns a ", "protodown on ", "remotes (9) ", "geneve external", "ingress-qos-map { ", "xdp/id:1 ", "\r", "\x1c", "\u2028",
)  # fmt: skip
HEADS = ("", "1: lo: <UP> mtu 1\n", "1: lo: <UP> mtu 1\n    alias x\n", "1: lo: <UP> mtu 1 ", "default ", "10.0.0.1 dev a ", "1:\tfrom all ",
         "port              vlan id\n", "port              vlan-id\nbr0 1 ", "00:11:22:33:44:55 dev a ", "Kernel IP routing table\n")  # fmt: skip
