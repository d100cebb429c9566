"""Account for the words of a text: each is in a record, or a word that the format itself has, or reported."""

from __future__ import annotations

import contextlib
import re
import types
from typing import TYPE_CHECKING, Any

import parsers
from parsers import linkinfo, linkrecord, linkstats, route_encap
from parsers.lex import ESCAPES, Grammar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ATOM = re.compile(r"[^\s\\<>,/@()\[\]{}=|]+", re.ASCII)
# Some releases glue words together (`55permanent`, `packetsve0ve0`, `nexthopvia`), and some words are two (`80-90`, `1:2`).
_PIECE = re.compile(r"probes|vnifilter|external|addrgenmode|numtxqueues|nexthop|packets|[a-z]+\d(?!\d)|[A-Za-z]+|\d+", re.ASCII)
_PARTS = re.compile(r"[A-Z_]+|[0-9a-f]+", re.ASCII)  # `LOWER_UP400` of busybox, `0:8:abcdef01`
# What is said of the whole table, or of nothing: `Entries: 8`, `192.0.2.9 (192.0.2.9) -- no entry`.
_SUMMARY = re.compile(r"Entries: \d+\t|.* -- no entry$", re.ASCII)
_BEHIND_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)(?:sec|ms|s|Mbps)$", re.ASCII)


def strings(value: Any) -> Iterator[str]:
    """Every key and value of a record, as text."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield str(key)
            yield from strings(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from strings(part)
    else:
        yield str(value)


def vanished(marks: Sequence[str], records: list[Any], problems: Sequence[parsers.ParseError]) -> list[str]:
    """Those of some nonsense words that are in no record and in no problem."""
    said = "\n".join(strings(records)) + "\n" + "\n".join(problem.line for problem in problems)
    return [mark for mark in marks if mark not in said]


# -- words that the formats themselves have ------------------------------------------------------------------------

_FORMAT_WORDS = {  # of every command: what stands in a table without being a value
    "link": "link state NONE if RX TX RX: TX: errors: vf prog xdp id on off alias altname brd peer auto inherit",
    "ip_route": "as to lock nexthop cache nh_info segs ttl-propogate ttl-propagate enabled disabled trace prealloc ecn features",
    "ip_rule": "from all detached unresolved l3mdev-table",
    "ip_netns": "id: nsid current-nsid iproute2 netns name: unassigned not-assigned",
    "bridge_vlan": "port vlan-id vlan ids id tunnel-id tunnel PVID Egress Egres Untagged untagged None RX: TX: bytes packets",
    "ip_address": "forever valid_lft preferred_lft peer inet inet6 family label",
    "ss": "users: Address Active Internet connections servers and established only w/o Program UNIX domain sockets unix off - "
    "tcp6 udp6 raw6 pid PID fd",
    "brctl": "is local? yes name mac addr bridge id designated root port path cost max age hello time forward delay ageing timer "
    "topology change gc message hold tcn state enabled interfaces STP no",
    "sysctl": "proc sys net ipv4 ipv6 conf",
    "ip_nexthop": "via group index stats: stats",
    "ip_netconf": "ipv4 ipv6 dev on off",
    "arp": "at on Address HWtype HWaddress Flags Mask Iface IP address HW type Device - ? * PUP PUB PERM TRAIL ether Entries: "
    "Skipped: Found: arp: in entries no match found. incomplete from_interface -- entry netmask",
    "route": "Kernel IP IPv6 routing table cache Neighbour Cache Destination Gateway Genmask Flags Metric Ref Use Iface "
    "MSS Window irtt Source Next Hop Flag Met If RefCnt Mask MTU IRTT * -",
}


def _words_of(value: Any, seen: set[int]) -> Iterator[str]:
    """The words that a module's tables of data hold."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, str):
        yield value
    elif isinstance(value, Grammar):
        for table in (value.values, value.flags, value.rules):
            yield from table
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _words_of(key, seen)
            yield from _words_of(part, seen)
    elif isinstance(value, (tuple, list, frozenset, set)):
        for part in value:
            yield from _words_of(part, seen)


def known(command: str) -> set[str]:
    """The words that the format of a command has: a record says them with a key, or by their absence."""
    modules: list[types.ModuleType] = [parsers.module(command)]
    own = _FORMAT_WORDS.get(command, "").split()
    if command in ("ip_link", "ip_address", "bridge_link"):
        modules += [linkrecord, linkinfo, linkstats, parsers.module("bridge_vlan")]
        own += _FORMAT_WORDS["link"].split() + _FORMAT_WORDS["bridge_vlan"].split()
    if command == "ip_route":
        modules.append(route_encap)
    found = set(own)
    for module in modules:
        for name, value in vars(module).items():
            if not name.startswith("__") and name != "DIFFERENCES":
                found.update(word for word in _words_of(value, set()) if " " not in word)
    return found


def unaccounted(text: str, records: list[Any], problems: Sequence[parsers.ParseError], words: set[str]) -> list[tuple[int, str]]:
    """The words of a text (with the number of their line) that are nowhere: not in a record, not known, not reported."""
    values = set(strings(records))
    pool = values | {atom for value in values for atom in _ATOM.findall(value)} | words
    reported = {problem.line_number for problem in problems}
    lost = []
    text = text.replace(" features 1 ", " features ecn ")  # 3.10 has no word for it
    for number, line in enumerate(text.split("\n"), start=1):
        if number in reported or _SUMMARY.match(line):
            continue
        for atom in _ATOM.findall(ESCAPES.sub("", line)):
            if any(form in pool for form in _forms(atom)):
                continue
            cuts = [*(cut.findall(atom) for cut in (_PIECE, _PARTS)), *_around_colons(atom)]
            if not any(all(any(form in pool for form in _forms(piece)) for piece in pieces) for pieces in cuts):
                lost.append((number, atom))
    return lost


def _around_colons(atom: str) -> Iterator[list[str]]:
    """``127.0.0.1:80``, ``cgroup:unreachable:1``, ``eth0%1:80`` in their parts"""
    for separator in (atom.partition(":"), atom.rpartition(":")):
        yield [piece for part in (separator[0], separator[2]) for piece in part.split("%") if piece]


def _forms(atom: str) -> Iterator[str]:
    """How a record may hold a word: as it is, without punctuation, as the number it is."""
    yield atom
    bare = atom.strip(":")
    yield bare
    yield f"::ffff:{bare}"  # net-tools leaves this out
    if bare[:2] == "if":  # `eth0@if7`
        yield bare[2:]
    found = _BEHIND_NUMBER.match(bare)
    if found:
        yield found[1]
        yield str(round(float(found[1]) * 1000))
    try:
        value = int(bare, 16 if bare.startswith("0x") else 10)
    except ValueError:
        with contextlib.suppress(ValueError):
            yield str(float(bare))
        return
    yield str(value)
    yield str(value + (1 << 32))


# -- damage --------------------------------------------------------------------------------------------------------


def shape(line: str, words: set[str]) -> tuple[str, ...]:
    """What kind of line it is: its words, with everything that is a value replaced."""
    return tuple(word if word in words else "#" for word in line.split())


def damaged(parts: list[str], at: int) -> Iterator[tuple[str, str]]:
    """Ways to put a nonsense word into a line at a word (``parts[at]``), each with the nonsense that must be accounted for."""
    word, front, behind = parts[at], "".join(parts[:at]), "".join(parts[at + 1 :])
    yield f"{front}zzqx {word}{behind}", "zzqx"
    yield f"{front}zzqx{behind}", "zzqx"
    yield f"{front}918273{behind}", "918273"
    yield f"{front}{word} zzqx{behind}", "zzqx"
    yield f"{front}{word}zzqx{behind}", "zzqx"
    yield f"{front}{word} zzqx {word}{behind}", "zzqx"  # a known word said twice
    yield f"{front}{word}{behind.rstrip()} {word} zzqx", "zzqx"
    yield f"{front}{word}{behind}\n{front}zzqx{behind}", "zzqx"  # a line said twice
    yield f"{front}918273{behind}\n{front}{word}{behind}", "918273"
