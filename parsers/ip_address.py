"""`ip address show`, by iproute2 (3.10 to 7.x: plain, `-o`, `-d`, `-s`, `-br`, `-4`, `-6`, `-j`) and by busybox.

```
2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:42:ac:11:00:02 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    inet 172.17.0.2/16 brd 172.17.255.255 scope global eth0
       valid_lft forever preferred_lft forever
```
A record (:class:`parsers.records.Address`) is a link with ``addr_info``, the list of its addresses, as `ip -j address`
has it; lifetimes are seconds, 4294967295 is forever; ``address`` in an address is the peer. `-o` prints a line for each
address; its records hold ``ifindex``, ``ifname`` and ``addr_info``, in text and JSON alike.

`ip -6 address` resolves a peer's index in its own namespace (all releases): do not trust its ``link``. busybox drops
an IPv6 peer that shares the first four bytes.

>>> [link] = parse("2: eth0    inet 10.0.0.1/24 scope global eth0")
>>> link["addr_info"]
[{'family': 'inet', 'local': '10.0.0.1', 'prefixlen': 24, 'scope': 'global', 'label': 'eth0'}]
"""

from __future__ import annotations

import re

from . import linkjson, linkrecord
from .lex import Grammar, Remembered, Source, Words, lazy, number, parser, split, unparsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lex import Dict, Parse
    from .records import Address

FOREVER = 4294967295


# `2: eth0    inet 10.0.0.1/24 ...`: one address of `-o`
_ONE_LINE = lazy(r"(\d{1,10}): (\S{1,80}) +(?=inet6? |family )(.*)$", re.ASCII | re.DOTALL)
# `eth0@if7         UP             10.0.0.1/24 fe80::1/64 `: the brief form
_BRIEF = lazy(r"(\S{1,80}) +(UNKNOWN|NOTPRESENT|DOWN|LOWERLAYERDOWN|TESTING|DORMANT|UP|0x[0-9a-f]+)(?: +(.*))?$")

_FLAGS = frozenset(
    "secondary temporary nodad optimistic dadfailed home deprecated tentative dynamic mngtmpaddr noprefixroute "
    "autojoin stable-privacy".split()
)


def _prefix(words: Words, entry: Dict, local: str) -> None:
    """Read ``10.9.9.1/24`` or ``10.9.9.1 peer 10.9.9.2/32``: where a peer is printed, the prefix length belongs to the peer."""
    address, slash, bits = local.partition("/")
    entry["local"] = address
    if words.peek() == "peer":
        words.take()
        entry["address"], slash, bits = words.take("peer").partition("/")
    if slash:
        entry["prefixlen"] = number(bits)
    if words.peek() == "metric":
        words.take()
        entry["metric"] = number(words.take("metric"))


def _valid_lft(words: Words, entry: Dict) -> None:
    words.at -= 1
    _set_lifetimes(" ".join(words.rest()), entry)


# What stands behind an address, a label excepted.
_ADDRESS = Grammar(
    {
        "brd": ("broadcast", str),
        "any": ("anycast", str),
        "mcast": ("multicast", str),
        "scope": ("scope", str),
        "flags": ("ifa_flags", str),
        "proto": ("protocol", str),
    },
    {flag: (flag, True) for flag in _FLAGS},
    {"valid_lft": _valid_lft},
)


def _inet(line: str, ifname: str) -> Dict:
    """One address: ``inet 10.0.0.1/24 brd 10.0.0.255 scope global secondary eth0:web``"""
    family, local, tail = _first_words(line)
    entry: Dict = {"family": family}
    if family == "family":
        entry = {"family_index": number(local)}
        local, _, tail = tail.partition(" ")
        if not local:
            raise ValueError("the line ends after 'family'")
    if tail[:5] == "peer " or tail[:7] == "metric ":
        words = Words(split(tail))
        _prefix(words, entry, local)
        tail = " ".join(words.rest()) + (" " if line[-1] == " " else "")
    else:
        entry["local"], slash, bits = local.partition("/")
        if slash:
            entry["prefixlen"] = number(bits)
    own = ifname.partition("@")[0]
    if family == "inet" and tail[-1:] == " " and _is_label(tail.rstrip(" ").rpartition(" ")[2], own):
        tail = tail.rstrip(" ")  # pasted with blanks behind
    tail, remark = _without_remark(tail, own) if family == "inet" else (tail, [])
    front, _, last = tail.rpartition(" ")
    is_value = front.rstrip(" ").rpartition(" ")[2] in _ADDRESS.values or "valid_lft " in tail
    if family == "inet" and last and not is_value and (last not in _FLAGS or last == own):
        _ADDRESS.phrase(front, entry)
        entry["label"] = last
    else:
        _ADDRESS.phrase(tail, entry)
    unparsed(entry, remark)
    return entry


def _is_label(word: str, ifname: str) -> bool:
    return ifname != "" and (word == ifname or word.startswith(f"{ifname}:"))


def _without_remark(tail: str, ifname: str) -> tuple[str, list[str]]:
    """Cut off a remark that a person added behind the label, the last word: ``scope global eth0 <-- the second address``."""
    words = split(tail) if len(tail) < 1000 else []
    for at in range(1, len(words) - 1):
        if _is_label(words[at], ifname) and words[at - 1] not in _ADDRESS.values and words[at + 1] != "valid_lft":
            if any(word not in _ADDRESS and words[at + place] not in _ADDRESS.values
                   for place, word in enumerate(words[at + 1 :])):  # fmt: skip
                return " ".join(words[: at + 1]), words[at + 1 :]
    return tail, []


def _first_words(line: str) -> tuple[str, str, str]:
    """The first two words of a line, and the rest. Raises ValueError for a line of one word."""
    first, _, rest = line.partition(" ")
    second, _, tail = rest.partition(" ")
    if not second or not first.isprintable() or not second.isprintable():
        words = split(line)
        if len(words) < 2:
            raise ValueError(f"the line ends after {words[0]!r}")
        first, second, tail = words[0], words[1], " ".join(words[2:]) + (" " if line[-1] == " " else "")
    return first, second, tail


def _seconds(word: str) -> int:
    return FOREVER if word == "forever" else number(word[:-3] if word.endswith("sec") else word)


def _lifetimes(line: str) -> tuple[int, int]:
    words = split(line)
    if len(words) != 4 or words[0] != "valid_lft" or words[2] != "preferred_lft":
        raise ValueError("expected 'valid_lft T preferred_lft T'")
    return _seconds(words[1]), _seconds(words[3])


_remembered_lifetimes = Remembered(_lifetimes)


def _set_lifetimes(line: str, entry: Dict) -> None:
    """``valid_lft forever preferred_lft 86400sec``"""
    if "valid_life_time" in entry:
        raise ValueError("an address has one 'valid_lft'")
    entry["valid_life_time"], entry["preferred_life_time"] = _remembered_lifetimes[line]


def _body(record: linkrecord.Record, line: str) -> bool:
    addresses = record.fields.setdefault("addr_info", [])
    line = line.lstrip(" \t")
    if line.startswith(("inet ", "inet6 ", "family ")):
        addresses.append(_inet(line, record.fields.get("ifname", "")))
    elif line[:10] == "valid_lft " and addresses:
        _set_lifetimes(line, addresses[-1])
    else:
        return False
    record.alias_open = False
    return True


def _brief(line: str) -> linkrecord.Record | None:
    found = _BRIEF.match(line)
    if found is None:
        return None
    key = "operstate_index" if found[2].startswith("0x") else "operstate"
    addresses: list[Dict] = []
    fields: Dict = {"ifname": found[1], key: int(found[2], 16) if key == "operstate_index" else found[2]}
    words = Words(split(found[3] or ""))
    while words.more():
        if "<" in words.peek() or words.peek().isalnum() and not words.peek().isupper():
            return None  # the brief form of `ip link`, or the rest of a line: `state UP group default`
        entry: Dict = {}
        _prefix(words, entry, words.take())
        addresses.append(entry)
    fields["addr_info"] = addresses
    return linkrecord.Record(fields)


def _first(line: str) -> linkrecord.Record | None:
    """Open a record: at a link's first line, at a line of `-o`, or at one of `-br`."""
    record = linkrecord.header(line)
    if record is not None:
        record.fields["addr_info"] = []
        return record
    found = _ONE_LINE.match(line)
    if found is None:
        return _brief(line)
    record = linkrecord.Record({"ifindex": int(found[1]), "ifname": found[2], "addr_info": []})
    address, joint, lifetimes = found[3].partition("\\ valid_lft ")  # its blanks were folded
    _body(record, address)
    if joint:
        _body(record, f"valid_lft {lifetimes}")
    return record


def _bare(line: str) -> linkrecord.Record | None:
    """Open a record at an address: `ip address show label eth0:*` prints the addresses alone."""
    record = linkrecord.Record({"addr_info": []})
    return record if _body(record, line) else None


def _read(source: Source) -> Iterator[Dict]:
    last: Dict | None = None
    for record in linkrecord.read(source, _body, _first, _bare):
        if "flags" not in record and last is not None and _same(last, record):
            last["addr_info"].extend(record["addr_info"])
            continue
        if last is not None:
            yield last
        last = record
    if last is not None:
        yield last


def _same(last: Dict, record: Dict) -> bool:
    """Whether a line of `-o` is about the interface of the line before."""
    return "operstate" not in record and all(last.get(key) == record.get(key) for key in ("ifname", "ifindex"))


def _tidy(record: Dict) -> Dict | None:
    tidied = linkjson.tidy(record)
    if tidied is None:
        return None
    addresses = [entry for entry in tidied.get("addr_info", []) if entry]
    if addresses and "index" in addresses[0] and "ifindex" not in tidied:  # -o -j
        tidied = {"ifindex": addresses[0]["index"], "ifname": addresses[0]["dev"]}
        for entry in addresses:
            del entry["index"], entry["dev"]
    tidied["addr_info"] = addresses
    return tidied


parse: Parse[Address] = parser(_read, _tidy, record="Address")
