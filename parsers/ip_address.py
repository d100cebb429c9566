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

from . import linkrecord
from .ip_link import DIFFERENCES as _LINK_DIFFERENCES
from .lex import Source, Words, number, parser, unparsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lex import Dict, Parse
    from .records import Address

FOREVER = 4294967295

#: Where text and JSON of the same command differ, and why: (path, who alone has it, reason).
DIFFERENCES = (
    *_LINK_DIFFERENCES,
    ("linkmode", "json", "`ip address` has no mode"),
    ("addr_info.protocol", "json", "JSON prints protocol 0, the text does not"),
)

# `2: eth0    inet 10.0.0.1/24 ...`: one address of `-o`
_ONE_LINE = re.compile(r"(\d{1,10}): (\S+) +(?=inet6? |family )(.*)$", re.ASCII | re.DOTALL)
# `eth0@if7         UP             10.0.0.1/24 fe80::1/64 `: the brief form
_BRIEF = re.compile(r"(\S+) +(UNKNOWN|NOTPRESENT|DOWN|LOWERLAYERDOWN|TESTING|DORMANT|UP|0x[0-9a-f]+)(?: +(.*))?$", re.ASCII)

_VALUES = {"brd": "broadcast", "any": "anycast", "mcast": "multicast", "scope": "scope", "proto": "protocol",
           "flags": "ifa_flags"}  # fmt: skip
_FLAGS = frozenset(
    "secondary temporary nodad optimistic dadfailed home deprecated tentative dynamic mngtmpaddr noprefixroute "
    "autojoin stable-privacy".split()
)


def _prefix(words: Words, entry: Dict, local: str) -> None:
    """``10.9.9.1/24``, or ``10.9.9.1 peer 10.9.9.2/32``: the length belongs to the peer where there is one."""
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


def _inet(line: str, words: list[str], ifname: str) -> Dict:
    """One address: ``inet 10.0.0.1/24 brd 10.0.0.255 scope global secondary eth0:web``"""
    entry: Dict = {"family": words[0]}
    cursor = Words(words, 1)
    if words[0] == "family":
        entry = {"family_index": number(cursor.take("family"))}
    _prefix(cursor, entry, cursor.take(words[0]))
    last = len(words) - 1
    while cursor.more():
        at, word = cursor.at, cursor.take()
        if at == last and words[0] == "inet" and _is_label(line, word, ifname):
            entry["label"] = word
        elif word in _VALUES and cursor.more() and _VALUES[word] not in entry:
            entry[_VALUES[word]] = cursor.take()
        elif word in _FLAGS and word not in entry:
            entry[word] = True
        elif word == "valid_lft":
            cursor.at = at
            _lifetimes(cursor.rest(), entry)
        else:
            unparsed(entry, [word])
    return entry


def _is_label(line: str, word: str, ifname: str) -> bool:
    if line[-1] == " ":
        return False
    return word not in _FLAGS or word == ifname.partition("@")[0]


def _seconds(word: str) -> int:
    return FOREVER if word == "forever" else number(word[:-3] if word.endswith("sec") else word)


def _lifetimes(words: list[str], entry: Dict) -> None:
    """``valid_lft forever preferred_lft 86400sec``"""
    if len(words) != 4 or words[2] != "preferred_lft":
        raise ValueError("expected 'valid_lft T preferred_lft T'")
    if "valid_life_time" in entry:
        raise ValueError("an address has one 'valid_lft'")
    entry["valid_life_time"] = _seconds(words[1])
    entry["preferred_life_time"] = _seconds(words[3])


def _body(record: linkrecord.Record, line: str, words: list[str]) -> bool:
    addresses = record.fields.setdefault("addr_info", [])
    if words[0] in ("inet", "inet6", "family") and len(words) > 1:
        addresses.append(_inet(line, words, record.fields["ifname"]))
    elif words[0] == "valid_lft" and addresses:
        _lifetimes(words, addresses[-1])
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
    words = Words((found[3] or "").split())
    while words.more():
        if "<" in words.peek():
            return None  # the brief form of `ip link`
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
    _body(record, found[3], found[3].split())
    return record


def _read(source: Source) -> Iterator[Dict]:
    last: Dict | None = None
    for record in linkrecord.read(source, _body, _first):
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
    return "operstate" not in record and last["ifname"] == record["ifname"] and last.get("ifindex") == record.get("ifindex")


def _tidy(record: Dict) -> Dict | None:
    tidied = linkrecord.tidy(record)
    if tidied is None:
        return None
    addresses = [entry for entry in tidied.get("addr_info", []) if entry]
    if addresses and "index" in addresses[0] and "ifindex" not in tidied:  # -o -j
        tidied = {"ifindex": addresses[0]["index"], "ifname": addresses[0]["dev"]}
        for entry in addresses:
            del entry["index"], entry["dev"]
    tidied["addr_info"] = addresses
    return tidied


parse: Parse[Address] = parser(_read, _tidy)
