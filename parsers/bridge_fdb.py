"""`bridge fdb show`, by iproute2 (3.10 to 7.x: plain, `-s`, `-d`, `-j`).

```
33:33:00:00:00:01 dev veth0 self permanent
b6:0a:3f:ea:c9:98 dev veth0 vlan 30 master br0
00:00:00:00:00:00 dev vx0 dst 10.0.0.9 via eth0 self permanent
```
A record (:class:`parsers.records.BridgeFdb`) has the keys of `bridge -j fdb`: ``state`` is ``""`` for an entry that was
learned, ``flags`` is a list; with `-s`, ``used`` and ``updated`` are seconds. ``ifname`` is absent where the command
filtered by it.

>>> parse("02:00:00:00:00:01 dev v0 master br0 permanent")
[{'mac': '02:00:00:00:00:01', 'ifname': 'v0', 'master': 'br0', 'flags': [], 'state': 'permanent'}]
"""

from __future__ import annotations

import re

from .lex import Grammar, Source, Words, number, parser, streamer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lex import Dict, IterParse, Parse
    from .records import BridgeFdb


_STATES = ("permanent", "static", "stale")
_FLAGS = ("self", "router", "extern_learn", "offload", "sticky", "locked", "external")
_MAC = re.compile(r"[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2})+$", re.ASCII)
_IP = re.compile(r"[0-9a-fA-F:.]*[.:][0-9a-fA-F:.]*$", re.ASCII)
# `used 67/67master br0`: 3.16 and earlier
_GLUED = re.compile(r"( used \d+/\d+)(?=[a-z])", re.ASCII)
_WORDS_BEHIND_MASTER = frozenset((*_STATES, *_FLAGS, ""))


def _master(words: Words, entry: Dict) -> None:
    """``master br0``, or the flag ``master`` where no name follows"""
    if words.peek() in _WORDS_BEHIND_MASTER or words.peek().startswith("state="):
        entry.setdefault("flags", []).append("master")
    else:
        entry["master"] = words.take()


def _via(words: Words, entry: Dict) -> None:
    if words.peek() == "ifindex":
        words.take()
        entry["viaIfIndex"] = number(words.take("ifindex"))
    else:
        entry["viaIf"] = words.take("via")


def _used(words: Words, entry: Dict) -> None:
    used, _, updated = words.take("used").partition("/")
    entry["used"], entry["updated"] = number(used), number(updated)


def _dev(words: Words, entry: Dict) -> None:
    """``dev ve0``; 4.19 prints ``dev dev ve0``"""
    name = words.take("dev")
    if name == "dev" and words.peek() not in _FDB and words.peek() not in ("", *_STATES):
        name = words.take("dev")
    entry["ifname"] = name


_FDB = Grammar(
    {
        "dst": ("dst", str),
        "vlan": ("vlan", number),
        "port": ("port", number),
        "vni": ("vni", number),
        "src_vni": ("src_vni", number),
        "nhid": ("nhid", number),
        "link-netnsid": ("linkNetNsId", number),
    },
    {
        **{flag: ("flags", [flag]) for flag in _FLAGS},
        **{state: ("state", state) for state in _STATES},
        "activity_notify": ("activity_notify", True),
        "inactive": ("inactive", True),
    },
    {"dev": _dev, "via": _via, "used": _used, "master": _master},
)


def _read(source: Source) -> Iterator[Dict]:
    devices: set[str | None] = set()
    waiting: list[tuple[list[str], Dict]] = []  # from the first entry with words lost: the listing's devices tell what they are
    for line_number, line in source:
        words = source.split(_GLUED.sub(r"\1 ", line) if "used" in line else line)
        if _MAC.match(words[0]) is None:
            source.fail(line_number, line, "expected an entry of a forwarding table ('MAC dev PORT ...')")
            continue
        entry: Dict = {"mac": words[0]}
        odd_state = words[-1][6:] if words[-1].startswith("state=") else ""
        try:
            _FDB.read(words[: -1 if odd_state else None], entry, 1)
        except ValueError as error:
            source.fail(line_number, line, str(error))
            continue
        state = entry.pop("state", odd_state)
        entry["flags"] = entry.pop("flags", [])
        entry["state"] = state
        devices.add(entry.get("ifname"))
        if waiting or "unparsed" in entry:
            waiting.append((words, entry))
        else:
            yield entry
    for words, entry in waiting:
        if "unparsed" in entry:
            _words_lost(words, entry, devices)
        yield entry


def _words_lost(words: list[str], entry: Dict, devices: set[str | None]) -> None:
    """4.17 and 4.18 print the values of ``dst`` and ``master`` without these words.

    ``00:11:22:33:44:04 dev vx0 10.0.0.77 self permanent``: the address stands behind the device; ``b6:0a:3f:ea:c9:98 dev ve0
    vlan 30 br0 static``: the bridge stands last, and has entries of its own in the listing (where that names devices at all).
    """
    lost = entry["unparsed"]
    if len(lost) != 1:
        return
    (word,) = lost
    at = words.index(word)
    if "dst" not in entry and at == (3 if words[1] == "dev" else 1) and _IP.match(word):
        entry["dst"] = word
    elif "master" not in entry and at == len(words) - (1 if words[-1] not in _STATES else 2) and "self" not in words:
        if word not in devices and devices != {None}:
            return
        entry["master"] = word
    else:
        return
    del entry["unparsed"]


def _tidy(entry: Dict) -> Dict | None:
    if not entry:
        return None
    if "dev" in entry:  # up to 4.16
        entry["ifname"] = entry.pop("dev")
    entry.setdefault("flags", [])
    state = entry.get("state", "")
    entry["state"] = state[6:] if state.startswith("state=") else state
    return entry


parse: Parse[BridgeFdb] = parser(_read, _tidy, record="BridgeFdb")
iter_parse: IterParse[BridgeFdb] = streamer(_read)
