"""`ip route show` and `ip route get`, by iproute2 (3.10 to 7.x: plain, `-o`, `-d`, `-s`, `-j`, v4, v6, mpls) and busybox.

```
default via 10.0.0.254 dev eth0 proto dhcp src 10.0.0.7 metric 100
203.0.113.0/24 proto static
        nexthop via 10.0.0.2 dev eth0 weight 1
        nexthop via 10.0.1.2 dev eth1 weight 5
```
A record (:class:`parsers.records.Route`) has the keys of `ip -j route`. What the text leaves out (table
main, protocol boot, scope global, type unicast; anything the command filtered by) is absent, never filled in.
Which metrics are locked (``mtu lock 1400``) is in the text only, as ``locked``.

busybox loses the nexthops of a multipath route and the gateway of ``via inet6``; its ``expires`` is always 0.

>>> parse("default via 10.0.0.254 dev eth0 metric 100")
[{'dst': 'default', 'gateway': '10.0.0.254', 'dev': 'eth0', 'metric': 100, 'flags': []}]
"""

from __future__ import annotations

import re

from . import route_encap
from .lex import STDERR, Grammar, Source, Words, bracketed, lazy, maker, number, parser, streamer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from .lex import Convert, Dict, IterParse, Parse
    from .records import Route


#: Names of the routing tables that every Linux has, by number. A release without a rt_tables file prints the number.
TABLES = {"255": "local", "254": "main", "253": "default"}
TYPES = frozenset("unicast local broadcast anycast multicast blackhole unreachable prohibit throw nat xresolve".split())
_PARTS = frozenset(("nexthop", "cache", "nh_info"))  # what a line behind a route's first begins with
_NO_DST = TYPES | _PARTS
_EXPECTED = "expected a route ('DST via GATEWAY dev DEVICE ...')"
_FAMILIES = frozenset(("inet", "inet6", "mpls", "link", "bridge"))
_FLAGS = "dead onlink pervasive offload trap notify linkdown unresolved rt_offload rt_trap rt_offload_failed".split()
# `default`, `10.0.0.0/8`, `2001:db8::/32`, `0/8`; an MPLS label stack `100/200`; `???/20`: a family unknown to old releases
_DST = lazy(
    r"(?:default|(?:\d+|\d{1,3}(?:\.\d{1,3}){3}|(?=[0-9a-fA-F:.]*:[0-9a-fA-F.]*:)[0-9a-fA-F:.]+|\?\?\?)(?:/\d+)*)$", re.ASCII
)
# `nexthopvia inet6 fe80::1` (4.1-4.10); `ts 0x4dtsage 88sec` (all)
_GLUED = lazy(r"^(\s*nexthop)(?=via )|\b(ts 0x[0-9a-f]+)(?=tsage )")

# `-o` joins lines with a backslash and keeps the indentation behind it; a name may hold a backslash of its own.
_JOINT = lazy(r"\\(?=\t|    |$)", 0)


def _seconds(word: str) -> int:
    return number(word[:-3] if word.endswith("sec") else word)


def _milliseconds(word: str) -> int:
    """``200ms`` or ``1.5s``, as the milliseconds of JSON"""
    if word.endswith("ms"):
        return number(word[:-2])
    if word.endswith("s") and len(word) <= 20:
        return round(float(word[:-1]) * 1000)
    return number(word)


def _unsigned(word: str) -> int:
    """busybox prints metrics signed, old iproute2 errors; JSON does not."""
    value = number(word)
    return value + (1 << 32) if value < 0 else value


def _mark(word: str) -> int:
    return int(word, 16) if word.startswith("0x") and len(word) <= 20 else number(word)


def _via(words: Words, record: Dict) -> None:
    """``via 10.0.0.1`` or, where the families differ, ``via inet6 fe80::1``"""
    first = words.take("via")
    if first in _FAMILIES:
        record["via"] = {"family": first, "host": words.take(first)}
    else:
        record["gateway"] = first


def _as_to(words: Words, record: Dict) -> None:
    if words.take("as") != "to":
        raise ValueError("'as' is followed by 'to'")
    record["to"] = words.take("to")


def _encap(words: Words, record: Dict) -> None:
    record["encap"] = route_encap.read(words)


def _realms(words: Words, record: Dict) -> None:
    """``realm 9`` or ``realms 5/7``"""
    source, slash, to = words.take("realm").partition("/")
    record["flow"] = {"from": source, "to": to} if slash else {"to": source}


def _metric(name: str, convert: Callable[[str], int | str]) -> Callable[[Words, Dict], None]:
    key = "congestion" if name == "congctl" else name

    def rule(words: Words, record: Dict) -> None:
        metrics = record.setdefault("metrics", [{}])[0]
        if words.peek() == "lock":
            words.take()
            metrics.setdefault("locked", []).append(key)
        if name == "features":
            _features(words, metrics)
        elif key in metrics:
            raise ValueError(f"{name!r} occurs twice")
        else:
            metrics[key] = convert(words.take(name))

    return rule


def _features(words: Words, metrics: Dict) -> None:
    """``features ecn``; an unknown bit as a number"""
    word = words.take("features")
    if word == "1":  # 3.18 and earlier
        word = "ecn"
    if not word[:1].isdigit():
        metrics[word] = None
        while words.peek() in ("ecn", "tcp_usec_ts"):
            metrics[words.take()] = None
    else:
        metrics["features"] = word


_METRICS: dict[str, Callable[[str], int | str]] = {
    **dict.fromkeys("mtu window ssthresh cwnd advmss reordering hoplimit initcwnd initrwnd".split(), number),
    **dict.fromkeys(("quickack", "fastopen_no_cookie"), number),
    **dict.fromkeys(("rtt", "rttvar", "rto_min"), _milliseconds),
    "features": str,
    "congctl": str,
}


def _cache(words: Words, record: Dict) -> None:
    """``cache <local,brd>``: present means an answer of `ip route get`, or of a cached route"""
    record["cache"] = bracketed(words.take()) if words.peek()[:1] == "<" else []


def _ttl(words: Words, record: Dict) -> None:
    word = words.take("ttl-propogate")
    if word not in ("enabled", "disabled"):
        raise ValueError(f"{word!r} is neither 'enabled' nor 'disabled'")
    record["ttl-propogate"] = word == "enabled"


_HOP_VALUES: dict[str, tuple[str, Convert]] = {"via": ("gateway", str), "dev": ("dev", str), "weight": ("weight", number)}
_HOP_RULES: dict[str, Callable[[Words, Dict], None]] = {
    "via": _via, "as": _as_to, "encap": _encap, "realm": _realms, "realms": _realms,
}  # fmt: skip
_HOP_FLAGS = {flag: ("flags", [flag]) for flag in _FLAGS}

_ROUTE = Grammar(
    {
        **_HOP_VALUES,
        "proto": ("protocol", str),
        "scope": ("scope", str),
        "src": ("prefsrc", str),
        "metric": ("metric", _unsigned),
        "table": ("table", str),
        "from": ("from", str),
        "nhid": ("nhid", number),
        "tos": ("tos", str),
        "mark": ("mark", _mark),
        "uid": ("uid", number),
        "expires": ("expires", _seconds),
        "error": ("error", _unsigned),
        "users": ("users", number),
        "used": ("used", number),
        "age": ("age", _seconds),
        "ipid": ("ipid", str),
        "ts": ("ts", str),
        "tsage": ("tsage", _seconds),
        "iif": ("iif", str),
        "pref": ("pref", str),
    },
    _HOP_FLAGS,
    {
        **_HOP_RULES,
        **{name: _metric(name, convert) for name, convert in _METRICS.items()},
        "cache": _cache,
        "ttl-propogate": _ttl,
        "ttl-propagate": _ttl,
    },
)
# The keys of a record, in the order of `ip -j route`
_ORDER = {key: rank for rank, key in enumerate(
    "type dst from nhid to encap tos gateway via dev table protocol scope prefsrc metric flags mark flow uid cache expires "
    "error users used age ipid ts tsage metrics iif pref ttl-propogate nh_info nexthops weight unparsed".split()
)}  # fmt: skip
_TAILS = 5000
_makers: dict[tuple[str, ...], tuple[Callable[..., Dict], int]] = {}
_HOP = Grammar(_HOP_VALUES, _HOP_FLAGS, _HOP_RULES)
_SHARED = Grammar({"pref": ("pref", str)})  # printed behind the last nexthop by 4.17-5.5


def _group(words: Words, info: Dict) -> None:
    """``group 1/2,5``: nexthops 1 and 2, the latter with weight 5"""
    info["group"] = []
    for item in words.take("group").split("/"):
        identity, comma, weight = item.partition(",")
        info["group"].append({"id": number(identity), **({"weight": number(weight)} if comma else {})})


def _resilient(name: str) -> Callable[[Words, Dict], None]:
    """``type resilient buckets 8 idle_timer 120``"""

    def rule(words: Words, info: Dict) -> None:
        arguments = info.setdefault("resilient_args", {})
        if name in arguments:
            raise ValueError(f"a second {name!r}")
        arguments[name] = number(words.take(name))

    return rule


_NH_INFO = Grammar(
    {
        "id": ("id", number),
        "dev": ("dev", str),
        "scope": ("scope", str),
        "proto": ("protocol", str),
        "type": ("type", str),
    },
    {**_HOP_FLAGS, "blackhole": ("blackhole", None), "fdb": ("fdb", None)},
    {
        "via": _via,
        "encap": _encap,
        "group": _group,
        **{name: _resilient(name) for name in ("buckets", "idle_timer", "unbalanced_timer", "unbalanced_time")},
    },
)
_NO_WORDS = Grammar({})


def _begin(words: list[str]) -> Dict:
    """The record of a route's first line; ValueError where the line is no route."""
    first = words[0]
    at = 0
    record: Dict = {}
    if first in TYPES and len(words) > 1:
        record["type"] = first
        at = 1
    elif first.isdigit() and len(words) > 1 and ("." in words[1] or ":" in words[1] or words[1] == "default"):
        record["type"] = first  # -N
        at = 1
    dst = words[at]
    if dst in _PARTS:
        raise ValueError(f"{dst!r} does not belong to a route")
    if _DST.match(dst) is None and not (len(words) > at + 1 and words[at + 1] in _ROUTE):
        raise ValueError(_EXPECTED)
    if len(words) > at + 1 and not any(word in _ROUTE for word in words[at + 1 :]):  # `192.0.2.1 is the gateway`
        raise ValueError(_EXPECTED)
    record["dst"] = dst
    record["flags"] = []
    _ROUTE.read(words, record, at + 1)
    return record


def _ordered(route: Dict) -> Dict:
    """The keys in the order of `ip -j route`."""
    return {key: route[key] for key in sorted(route, key=_ORDER.__getitem__)}


def _maker(names: tuple[str, ...]) -> tuple[Callable[..., Dict], int] | None:
    """A function that makes the record of a line ``DST NAME VALUE NAME VALUE ... [FLAG]``, and the number of words of such lines.

    None where the words between are not all names of a value, each once: such a line is read word by word.
    """
    flag = names[-1] if names and names[-1] in _HOP_FLAGS else ""
    fields = [_ROUTE.values.get(name) for name in (names[:-1] if flag else names)]
    keys = ["dst"] + [field[0] for field in fields if field is not None]
    if not names or None in fields or len(set(keys)) < len(keys) or len(_makers) > 1000:
        return None
    converts = [str] + [field[1] for field in fields if field is not None]
    made = maker(keys, converts, _ORDER, {"flags": repr([flag]) if flag else "[]"})
    _makers[names] = made, 2 * len(keys) - (0 if flag else 1)
    return _makers[names]


def _continue(route: Dict, words: list[str]) -> bool:
    """Read a continuation line of a route; False if the line is not one."""
    first = words[0]
    if first == "nexthop":
        hop: Dict = {"flags": []}
        _HOP.read(words, hop, 1, _SHARED, route)
        route.setdefault("nexthops", []).append(hop)
    elif first == "cache":
        if "cache" in route:
            raise ValueError("a second 'cache'")
        _ROUTE.read(words, route)
    elif first in route_encap.OPTIONS and "encap" in (way := route.get("nexthops", [route])[-1]):
        if first in way["encap"]:
            raise ValueError(f"a second {first!r}")
        way["encap"].update(route_encap.options(cursor := Words(words)))
        _ROUTE.read(words, way, cursor.at)
    elif first == "nh_info":
        if "nh_info" in route:
            raise ValueError("a second 'nh_info'")
        info: Dict = {"flags": []}
        _NH_INFO.read(words, info, 1, _NO_WORDS, route)
        route["nh_info"] = info
    else:
        return False
    return True


def _read(source: Source) -> Iterator[Dict]:
    split = source.split
    route: Dict | None = None  # the last one: more lines may follow
    common = False  # whether it is whole already
    tails: dict[str, Dict] | None = {}
    last: list[str] = []
    make: Callable[..., Dict] | None = None
    count = 0
    for line_number, line in source.numbered():
        # Most routes of a large table differ from one before in their destination only.
        if tails is not None:
            dst, _, tail = line.partition(" ")
            known = tails.get(tail)
            if known is not None and dst and dst not in _NO_DST and dst.isprintable():
                if route is not None:
                    yield route if common else _ordered(route)
                route, common = known.copy(), True
                route["dst"] = dst
                route["flags"] = route["flags"][:]
                continue
        words = split(line)
        # The common line has a destination and pairs of words, mostly in the order of the line before.
        names = words[1::2]
        if names != last:
            last = names
            make, count = _makers.get(tuple(names)) or _maker(tuple(names)) or (None, 0)
        if make is not None and len(words) == count and words[0] not in _NO_DST:
            try:
                made = make(*words)
            except ValueError:
                pass  # read it again, and find out what is wrong
            else:
                if route is not None:
                    yield route if common else _ordered(route)
                route, common = made, True
                if tails is not None and len(tails) < _TAILS and words[0] == dst and len(tail) < 300:
                    tails[tail] = {**made, "flags": made["flags"][:]}
                    if len(tails) == _TAILS and line_number < 2 * _TAILS:
                        tails = None  # this table is not one of them
                continue
        if not words:
            continue
        opened = orphan = False
        try:
            for part in _JOINT.split(line) if "\\" in line else (line,):
                words = split(_GLUED.sub(r"\1\2 ", part) if "tsage" in part or "nexthopvia" in part else part)
                if route is not None and words:
                    common = False
                if words and (route is None or not _continue(route, words)):
                    if STDERR.match(part) or part[:1] in " \t" and opened:
                        raise ValueError("expected a line of a route")
                    orphan = True  # what follows a line that cannot be read is not the last route's
                    found = _begin(words)
                    orphan = False
                    if route is not None:
                        yield _ordered(route)
                    route, opened, common = found, True, False
        except ValueError as error:
            source.fail(line_number, line, str(error))
            if orphan and route is not None:
                yield _ordered(route)
                route = None
    if route is not None:
        yield _ordered(route)


def _tidy(route: Dict) -> Dict | None:
    """Today's keys: the encap nested, one metrics object; None for an empty object."""
    if not route:
        return None
    if "type" in route and route["type"] == "unicast" and len(route) == 1:
        return None
    if "metrics" in route and not any(route["metrics"]):
        del route["metrics"]
    if route.get("dst") is None:
        raise ValueError("no destination")
    error = route.get("error")
    if isinstance(error, int) and error < 0:
        route["error"] = error + (1 << 32)
    return route


parse: Parse[Route] = parser(_read, _tidy, route_encap.unflatten, where='"encap"', record="Route")
iter_parse: IterParse[Route] = streamer(_read)


# -- questions about a record ----------------------------------------------------------------------------------------


def table_of(route: Mapping[str, Any]) -> str:
    """The routing table of a route: the name of a standard table, otherwise the table as printed; ``main`` where none is printed.

    >>> table_of({"dst": "default"}), table_of({"dst": "default", "table": "255"}), table_of({"dst": "default", "table": 100})
    ('main', 'local', '100')
    """
    found = str(route.get("table", "main"))
    return TABLES.get(found, found)


def family_of(route: Mapping[str, Any]) -> str:
    """The family of a route, "inet", "inet6" or "mpls" (whose destinations are labels: ``100``, ``100/200``).

    Its addresses decide; for a default route the gateway; where it has none, the keys that only routes of IPv6 have
    (the kernel's own ``default dev v0 type unreachable error 4294967195`` has no other sign).

    >>> family_of({"dst": "default", "gateway": "fe80::1"}), family_of({"dst": "default", "via": {"family": "inet6"}})
    ('inet6', 'inet')
    """
    for text in (route.get("dst", ""), route.get("gateway", ""), route.get("prefsrc", ""), route.get("from", "")):
        if ":" in text:
            return "inet6"
        if "." in text:
            return "inet"
    if route.get("dst", "")[:1].isdigit() and not route["dst"].startswith("0/"):
        return "mpls"
    for hop in route.get("nexthops", ()):
        if "gateway" in hop:
            return "inet6" if ":" in hop["gateway"] else "inet"
    for hop in (route, *route.get("nexthops", ())):
        if "via" in hop:  # the gateway's family is named because it is not the route's
            return "inet" if hop["via"].get("family") == "inet6" else "inet6"
    return "inet6" if "pref" in route or "error" in route else "inet"
