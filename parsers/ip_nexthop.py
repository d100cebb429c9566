"""`ip nexthop show`, `get` and `bucket show`, by iproute2 (5.3 to 7.x, text and JSON).

```
id 1 via 10.0.0.2 dev v0 scope link proto static onlink
id 10 group 1/2,3
id 11 index 0 idle_time 0.09 nhid 2
```
A record (:class:`parsers.records.NexthopObject`) has the keys of `ip -j nexthop`: ``group`` is a list of ``{"id", "weight"}`` (a
weight of 1 is left out), ``flags`` a list of words; ``blackhole`` and ``fdb`` are there with None when they are set; a
resilient group has ``resilient_args`` (timers in seconds); a line of `bucket show` has ``bucket``.

>>> parse("id 10 group 1/2,3 ")
[{'id': 10, 'group': [{'id': 1}, {'id': 2, 'weight': 3}], 'flags': []}]
"""

from __future__ import annotations

from . import route_encap
from .lex import STDERR, Grammar, Source, Words, number, parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .lex import Dict, Parse
    from .records import NexthopObject


_FLAGS = "dead pervasive onlink linkdown offload trap unresolved".split()
_FAMILIES = ("inet", "inet6", "mpls", "link", "bridge")


def _group(words: Words, nexthop: Dict) -> None:
    """Read the members of a group, ids with weights: ``1/2,3/5,2``."""
    members = []
    for part in words.take("group").split("/"):
        member, comma, weight = part.partition(",")
        members.append({"id": number(member), **({"weight": number(weight)} if comma else {})})
    nexthop["group"] = members


def _via(words: Words, nexthop: Dict) -> None:
    """``via 10.0.0.2``, or with a family: ``via inet6 fe80::2``"""
    word = words.take("via")
    if word in _FAMILIES:
        nexthop["via"] = {"family": word, "host": words.take(word)}
    else:
        nexthop["gateway"] = word


def _encap(words: Words, nexthop: Dict) -> None:
    nexthop["encap"] = route_encap.read(words)


def _resilient(key: str) -> Callable[[Words, Dict], None]:
    def read(words: Words, nexthop: Dict) -> None:
        arguments = nexthop.setdefault("resilient_args", {})
        if key in arguments:
            raise ValueError(f"{key!r} occurs twice")
        arguments[key] = _decimal(words.take(key))

    return read


def _decimal(word: str) -> float | int:
    """``60``, or ``0.09``: seconds"""
    whole, dot, part = word.partition(".")
    if dot and whole.isdigit() and part.isdigit() and len(word) < 24:
        return float(word)
    return number(word)


def _bucket(words: Words, nexthop: Dict) -> None:
    """``index 0 idle_time 0.09 nhid 2``"""
    bucket: Dict = {"index": number(words.take("index"))}
    if words.peek() == "idle_time":
        words.take()
        bucket["idle_time"] = _decimal(words.take("idle_time"))
    if words.peek() == "nhid":
        words.take()
        bucket["nhid"] = number(words.take("nhid"))
    nexthop["bucket"] = bucket


_NEXTHOP = Grammar(
    {
        "id": ("id", number), "dev": ("dev", str), "scope": ("scope", str), "proto": ("protocol", str),
        "protocol": ("protocol", str), "type": ("type", str), "master": ("master", str),
    },
    {"blackhole": ("blackhole", None), "fdb": ("fdb", None), **{flag: ("flags", [flag]) for flag in _FLAGS}},
    {
        "group": _group, "via": _via, "encap": _encap, "index": _bucket,
        **{key: _resilient(key) for key in ("buckets", "idle_timer", "unbalanced_timer", "unbalanced_time")},
    },
)  # fmt: skip
_COUNTERS = Grammar({"id": ("id", number), "packets": ("packets", number), "packets_hw": ("packets_hw", number)})


def _read(source: Source) -> Iterator[Dict]:
    nexthop: Dict | None = None
    for line_number, line in source:
        words = source.split(line.replace("\\", " ") if line.startswith("id ") else line)
        try:
            if line[:1] in (" ", "\t") and nexthop is not None and words[0] != "id" or words == ["stats:"]:
                if nexthop is None or words != ["stats:"]:
                    raise ValueError("expected 'stats:'")
                nexthop["group_stats"] = []
                continue
            if line[:1] in (" ", "\t") and nexthop is not None and "group_stats" in nexthop:
                counters: Dict = {}
                _COUNTERS.read(words, counters)
                nexthop["group_stats"].append(counters)
                continue
            if words[0] != "id" or STDERR.match(line):
                raise ValueError("expected a nexthop ('id NUMBER via GATEWAY dev DEVICE ...')")
            made: Dict = {}
            _NEXTHOP.read(words, made)
        except ValueError as error:
            source.fail(line_number, line, str(error))
            if not line[:1].isspace() and nexthop is not None:
                yield nexthop
                nexthop = None
            continue
        if nexthop is not None:
            yield nexthop
        made.setdefault("flags", [])
        nexthop = made
    if nexthop is not None:
        yield nexthop


def _tidy(nexthop: Dict) -> Dict | None:
    if not nexthop:
        return None
    if "id" not in nexthop:
        raise KeyError("id")
    return {**nexthop, "flags": nexthop.get("flags", [])}


parse: Parse[NexthopObject] = parser(_read, _tidy, route_encap.unflatten, where='"encap"', record="NexthopObject")
