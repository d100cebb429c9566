"""Expressions and statements of an nft rule: from the words of `nft list ruleset` to the form of `nft -j`.

``read("tcp dport 22 accept")`` is ``[{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}},
"right": 22}}, {"accept": None}]``. Words that are not understood are kept: ``{"unparsed": ["words"]}``.
"""

from __future__ import annotations

from .lex import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Dict = dict[str, Any]

_TOKEN = lazy(r'"[^"]*"(?:-"[^"]*")?|[{}()]|[^\s{}()"]+')
_INT = lazy(r"(0x[0-9a-fA-F]+|\d+)$")
_INTS = lazy(r"(0x[0-9a-fA-F]+|\d+)-(0x[0-9a-fA-F]+|\d+)$")
_ADDRESSES = lazy(r"([0-9a-fA-F.:]*[.:][0-9a-fA-F.:]*)-([0-9a-fA-F.:]*[.:][0-9a-fA-F.:]*)$")
_PREFIX = lazy(r"([0-9a-fA-F.:]*[.:][0-9a-fA-F.:]*)/(\d+)$")
_SPAN = lazy(r"(\d+)(ms|[wdhms])")
_RATE = lazy(r"(\d+)/(\w+)$")
# `10.0.0.5:80`, `10.0.0.5-10.0.0.9:80-90`, `[fd00::5]:80`, `[fd00::5]-[fd00::9]`, `:80`
_TO = lazy(r"(\[[^\]]+\](?:-\[[^\]]+\])?|[0-9.]+(?:-[0-9.]+)?)?(?::(\d+(?:-\d+)?))?$")

VERDICTS = ("accept", "drop", "continue", "return", "notrack")
_FAMILIES = ("ip", "ip6")
# Keys of `meta` that are printed without the word, by old releases (the last ones) or all.
_BARE = ("iif oif iifname oifname iifgroup oifgroup mark skuid skgid nftrace rtclassid ibriport obriport ibrname obrname pkttype "
         "cpu cgroup").split()  # fmt: skip
BARE = _BARE[:6]
_PROTOCOLS = ("ether vlan arp ip ip6 icmp icmpv6 igmp tcp udp udplite sctp dccp esp ah comp th geneve gre vxlan").split()
_EXTENSIONS = ("frag", "hbh", "mh", "dst", "srh", "rt0", "rt2", "rt4")
_RT_KEYS = ("classid", "mtu", "ipsec", "nexthop")
_OPS = ("==", "!=", "<", ">", "<=", ">=", "!")
# How the translation of a rule of iptables-nft calls them.
_WORDS = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=", "and": "&", "or": "|", "xor": "^", "lshift": "<<",
          "rshift": ">>"}  # fmt: skip
BINARY = {"|": 1, "^": 2, "&": 3, "<<": 4, ">>": 4}
_MASKS = (("ct", "state"), ("ct", "status"), ("ct", "label"), ("ct", "event"), ("tcp", "flags"))
# Words that begin a statement: words that are not understood end in front of the next of these.
_BEGINS = {*VERDICTS, "counter", "log", "limit", "quota", "reject", "queue", "jump", "goto", "dnat", "snat", "masquerade",
           "redirect", "tproxy", "dup", "fwd", "flow", "synproxy", "xt", "last"}  # fmt: skip
_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_REJECTS = {"ip": "icmp", "ip6": "icmpv6"}


class Odd(ValueError):
    """Words that are no expression or statement known here."""


class Cursor:
    """The tokens of a rule or a set, and the position of the next one."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def word(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def ahead(self, steps: int = 1) -> str:
        return self.tokens[self.at + steps] if self.at + steps < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        """Take the next word. Raises Odd at the end, and for a word that is not among the wanted ones."""
        word = self.word
        if not word or wanted and word not in wanted:
            raise Odd(f"expected {' or '.join(wanted) or 'a word'}")
        self.at += 1
        return word

    def skip(self, word: str) -> bool:
        if self.word == word:
            self.at += 1
            return True
        return False

    def number(self) -> int:
        return integer(self.take())

    def quoted(self) -> str:
        return self.take().strip('"')


def tokens(text: str) -> list[str]:
    """Split a rule into words. Quoted words keep their quotes; a comma after a word is a word of its own.

    >>> tokens('iifname { "e0", "lo" } accept')
    ['iifname', '{', '"e0"', ',', '"lo"', '}', 'accept']
    """
    found: list[str] = []
    for word in _TOKEN.findall(text):
        if len(word) > 1 and word[-1] == "," and word[0] != '"':
            found += [word[:-1], ","]
        else:
            found.append(word)
    return found


def read(text: str, family: str = "inet") -> list[Dict]:
    """The statements of a rule in the form of `nft -j`, without comment and handle."""
    cursor = Cursor(tokens(text))
    found: list[Dict] = []
    while cursor.word:
        start = cursor.at
        try:
            statement = _statement(cursor)
            if statement == {"reject": None}:
                statement = {"reject": default_reject(family)}
            found.append(statement)
        except (Odd, ValueError, LookupError):
            cursor.at = start + 1
            while cursor.word and cursor.word not in _BEGINS:
                cursor.at += 1
            found.append({"unparsed": cursor.tokens[start : cursor.at]})
    return found


def default_reject(family: str) -> Dict:
    """The ICMP message that a bare `reject` sends, in the form of `nft -j`."""
    return {"type": _REJECTS.get(family, "icmpx"), "expr": "port-unreachable"}


def integer(word: str) -> int:
    """A number as nft prints it: ``22``, ``0x00000010``"""
    if not _INT.match(word):
        raise Odd("expected a number")
    return int(word, 0) if word[:2] == "0x" else int(word)


def seconds(word: str) -> int:
    """A time span, rounded down to seconds as JSON has it: ``1h5m3s``, ``30s``, ``848ms``

    >>> seconds("2d3h1s"), seconds("500ms")
    (183601, 0)
    """
    parts = _SPAN.findall(word)
    if not parts or "".join(count + unit for count, unit in parts) != word:
        raise Odd("expected a time span")
    return sum(int(count) * _UNITS[unit] for count, unit in parts if unit != "ms")


# -- statements ----------------------------------------------------------------------------------------------------------


def _statement(cursor: Cursor) -> Dict:
    word = cursor.word
    if word in VERDICTS:
        cursor.take()
        return {word: None}
    reader = _STATEMENTS.get(word)
    if reader is not None:
        cursor.take()
        found: Dict = reader(cursor)
        return found
    if word == "ct" and cursor.ahead() in ("helper", "timeout", "expectation") and cursor.ahead(2) == "set":
        name = f"ct {cursor.ahead()}"
        cursor.at += 3
        return {name: cursor.quoted()}
    if word == "ct" and cursor.ahead() == "count":
        cursor.at += 2
        over = cursor.skip("over")
        return {"ct count": {"val": cursor.number(), **({"inv": True} if over else {})}}
    if word in ("add", "update", "delete") and cursor.ahead()[:1] == "@":
        return _update(cursor)
    return _relation(cursor)


def _verdict(name: str) -> Any:
    return lambda cursor: {name: {"target": cursor.quoted()}}


def _counter(cursor: Cursor) -> Dict:
    if cursor.skip("name"):
        return {"counter": _object(cursor)}
    if cursor.word != "packets":
        return {"counter": None}
    cursor.take()
    packets = cursor.number()
    cursor.take("bytes")
    return {"counter": {"packets": packets, "bytes": cursor.number()}}


def _object(cursor: Cursor) -> Any:
    """The name of an object, or a map to names: ``"cnt"``, ``tcp dport map { 80 : "a" }``"""
    return cursor.quoted() if cursor.word[:1] == '"' else _value(cursor)


def _log(cursor: Cursor) -> Dict:
    found: Dict = {}
    while cursor.word in ("prefix", "level", "group", "snaplen", "queue-threshold", "flags"):
        word = cursor.take()
        if word == "prefix":
            found[word] = cursor.quoted()
        elif word == "level":
            found[word] = cursor.take()
        elif word == "flags":
            _log_flags(cursor, found)
        else:
            found[word] = cursor.number()
    return {"log": found or None}


def _log_flags(cursor: Cursor, found: Dict) -> None:
    kind = cursor.take("all", "skuid", "ether", "tcp", "ip")
    new = [f"{kind} {flag}" for flag in cursor.take().split(",")] if kind in ("tcp", "ip") else [kind]
    flags = found.get("flags", [])
    new = (flags if isinstance(flags, list) else [flags]) + new
    found["flags"] = new if len(new) > 1 else new[0]


def _limit(cursor: Cursor) -> Dict:
    if cursor.skip("name"):
        return {"limit": _object(cursor)}
    cursor.take("rate")
    return {"limit": limit(cursor)}


def limit(cursor: Cursor) -> Dict:
    """Read the words after ``rate``: ``over 10/second burst 5 packets``."""
    over = cursor.skip("over")
    unit = ""
    word = cursor.take()
    if not _RATE.match(word):
        unit, _, per = cursor.take().partition("/")
        rate = integer(word)
    else:
        count, _, per = word.partition("/")
        rate = integer(count)
    found: Dict = {"rate": rate, "burst": 0 if unit else 5, "per": per}
    if cursor.skip("burst"):
        found["burst"] = cursor.number()
        cursor.take("packets", "bytes", "kbytes", "mbytes")
    if over:
        found["inv"] = True
    if unit:
        found["rate_unit"] = unit
        found["burst_unit"] = cursor.tokens[cursor.at - 1] if cursor.tokens[cursor.at - 1] in ("kbytes", "mbytes") else "bytes"
    return found


def _quota(cursor: Cursor) -> Dict:
    if cursor.skip("name"):
        return {"quota": _object(cursor)}
    over = cursor.skip("over") or (cursor.skip("until") and False)
    found: Dict = {"val": cursor.number(), "val_unit": cursor.take()}
    if cursor.skip("used"):
        found["used"] = cursor.number()
        found["used_unit"] = cursor.take()
    if over:
        found["inv"] = True
    return {"quota": found}


def _reject(cursor: Cursor) -> Dict:
    if not cursor.skip("with"):
        return {"reject": None}
    kind = cursor.take("icmp", "icmpv6", "icmpx", "tcp")
    if kind == "tcp":
        cursor.take("reset")
        return {"reject": {"type": "tcp reset"}}
    cursor.skip("type")
    code = cursor.take()
    return {"reject": {"type": kind, "expr": integer(code) if _INT.match(code) else code}}


def _queue(cursor: Cursor) -> Dict:
    found: Dict = {}
    if cursor.skip("flags"):
        found["flags"] = _flags(cursor.take())
    if cursor.skip("num"):
        found["num"] = _span_or_number(cursor.take())
    elif cursor.skip("to"):
        found["num"] = _span_or_number(cursor.take()) if cursor.word[:1].isdigit() else _value(cursor)
    if cursor.word and {*cursor.word.split(",")} <= {"bypass", "fanout"}:
        found["flags"] = _flags(cursor.take())
    return {"queue": found or None}


def _flags(word: str) -> Any:
    flags = word.split(",")
    return flags if len(flags) > 1 else word


def _span_or_number(word: str) -> Any:
    found = _INTS.match(word)
    return {"range": [integer(found[1]), integer(found[2])]} if found else integer(word)


def _nat(name: str) -> Any:
    def reader(cursor: Cursor) -> Dict:
        found: Dict = {}
        if cursor.word in _FAMILIES:
            found["family"] = cursor.take()
        if cursor.skip("interval"):
            found["type_flags"] = "interval"
        if cursor.skip("prefix"):
            found["type_flags"] = "prefix"
        if cursor.word == "addr":  # `dnat ip addr . port to`: 0.9.4 and later
            cursor.at += 3
        if cursor.skip("to"):
            _target(cursor, found)
        words = []
        while cursor.word and {*cursor.word.split(",")} <= {"random", "fully-random", "persistent"}:
            words += cursor.take().split(",")
        if found.get("type_flags") == "prefix":
            words.append("netmap")
        if words:
            found["flags"] = words if len(words) > 1 else words[0]
        if "type_flags" in found:
            found["type_flags"] = found.pop("type_flags")
        return {name: found or None}

    return reader


def _target(cursor: Cursor, found: Dict) -> None:
    """Where NAT or a proxy sends: ``10.0.0.5:8080``, ``[fd00::5]:80``, ``:8080-8090``, a map, or a map of ports behind ``:``"""
    word = cursor.word
    place = _PREFIX.match(word)
    if place:
        cursor.take()
        found["addr"] = {"prefix": {"addr": place[1], "len": int(place[2])}}
        return
    if word == ":" or word[:1] == ":" and not word[1:2].isdigit():  # `redirect to :tcp dport map { 81 : 8080 }`
        cursor.tokens[cursor.at] = word[1:]
        if not word[1:]:
            cursor.at += 1
        found["port"] = _value(cursor)
        return
    if word.count(":") > 1 and word[0] not in "[:" or word.count(":") > 1 and word[:2] == "::":  # an IPv6 address without port
        cursor.take()
        found["addr"] = _atom(word, None)
        return
    place = _TO.match(word)
    if place and (place[1] or place[2]):
        cursor.take()
        if place[1]:
            found["addr"] = _atom(place[1].replace("[", "").replace("]", ""), None)
        if place[2]:
            found["port"] = _span_or_number(place[2])
        return
    found["addr"] = _value(cursor)


def _tproxy(cursor: Cursor) -> Dict:
    found: Dict = {}
    if cursor.word in _FAMILIES:
        found["family"] = cursor.take()
    cursor.take("to")
    _target(cursor, found)
    return {"tproxy": found}


def _dup(cursor: Cursor) -> Dict:
    cursor.take("to")
    found: Dict = {"addr": cursor.quoted() if cursor.word[:1] == '"' else _value(cursor)}
    if cursor.skip("device"):
        found["dev"] = cursor.quoted()
    return {"dup": found}


def _fwd(cursor: Cursor) -> Dict:
    found: Dict = {}
    family = cursor.take() if cursor.word in _FAMILIES else ""
    cursor.take("to")
    target = cursor.quoted() if cursor.word[:1] == '"' else _value(cursor)
    if cursor.skip("device"):
        found["dev"] = cursor.quoted()
        found["family"] = family
        found["addr"] = target
    else:
        found["dev"] = target
    return {"fwd": found}


def _flow(cursor: Cursor) -> Dict:
    operation = cursor.take("add", "offload")
    return {"flow": {"op": operation, "flowtable": cursor.quoted()}}


def _synproxy(cursor: Cursor) -> Dict:
    if cursor.skip("name"):
        return {"synproxy": _object(cursor)}
    return {"synproxy": synproxy(cursor) or None}


def synproxy(cursor: Cursor) -> Dict:
    found: Dict = {}
    flags = []
    while cursor.word in ("mss", "wscale", "timestamp", "sack-perm"):
        word = cursor.take()
        if word in ("mss", "wscale"):
            found[word] = cursor.number()
        else:
            flags.append(word)
    if flags:
        found["flags"] = flags if len(flags) > 1 else flags[0]
    return found


def _xt(cursor: Cursor) -> Dict:
    return {"xt": {"type": cursor.take("match", "target", "watcher"), "name": cursor.quoted()}}


def _last(cursor: Cursor) -> Dict:
    if not cursor.skip("used"):
        return {"last": None}
    return {"last": {"used": cursor.take()}}


def _meter(cursor: Cursor) -> Dict:
    found: Dict = {"name": cursor.take()}
    if cursor.skip("size"):
        found["size"] = cursor.number()
    cursor.take("{")
    key, options = _expression(cursor), _options(cursor)
    found["key"] = {"elem": {"val": key, **options}} if options else key
    found["stmt"] = _statement(cursor)
    cursor.take("}")
    return {"meter": found}


def _update(cursor: Cursor) -> Dict:
    found: Dict = {"op": cursor.take()}
    name = cursor.take()
    cursor.take("{")
    key = _expression(cursor)
    options = _options(cursor)
    statements = []
    while cursor.word and cursor.word not in ("}", ":"):
        statements.append(_statement(cursor))
    found["elem"] = {"elem": {"val": key, **options}} if options else key
    if cursor.skip(":"):
        found["data"] = _right(cursor, None)
        found["map"] = name
    else:
        found["set"] = name
    cursor.take("}")
    if statements:
        found["stmt"] = statements
    return {"map" if "map" in found else "set": found}


def _options(cursor: Cursor) -> Dict:
    options: Dict = {}
    while cursor.word in ("timeout", "expires", "comment"):
        word = cursor.take()
        options[word] = cursor.quoted() if word == "comment" else seconds(cursor.take())
    return options


_STATEMENTS: dict[str, Any] = {
    "jump": _verdict("jump"), "goto": _verdict("goto"), "counter": _counter, "log": _log, "limit": _limit, "quota": _quota,
    "reject": _reject, "queue": _queue, "dnat": _nat("dnat"), "snat": _nat("snat"), "masquerade": _nat("masquerade"),
    "redirect": _nat("redirect"), "tproxy": _tproxy, "dup": _dup, "fwd": _fwd, "flow": _flow, "synproxy": _synproxy, "xt": _xt,
    "last": _last, "meter": _meter,
}  # fmt: skip


# -- expressions ---------------------------------------------------------------------------------------------------------


def _relation(cursor: Cursor) -> Dict:
    left = _expression(cursor)
    if cursor.skip("vmap"):
        return {"vmap": {"key": left, "data": _data(cursor, left)}}
    if cursor.skip("set"):
        return {"mangle": {"key": left, "value": _new(cursor, left)}}
    op = _WORDS.get(cursor.word, cursor.word)
    op = op if op in _OPS else ""
    if op:
        cursor.take()
    right = _right(cursor, left)
    if cursor.word == "/" and not op.strip("=!"):  # `tcp flags syn / syn,rst`
        cursor.take()
        left = {"&": [left, _right(cursor, left)]}
        op = op or "=="
    if not op:
        op = "in" if is_mask(left) and not isinstance(right, dict) and not is_named(right) else "=="
    return {"match": {"op": op, "left": left, "right": right}}


def is_named(value: Any) -> bool:
    return isinstance(value, str) and value[:1] == "@"


def is_mask(left: Any) -> bool:
    ct = left.get("ct", {}).get("key")
    payload = left.get("payload", {})
    return ("ct", ct) in _MASKS or (payload.get("protocol"), payload.get("field")) in _MASKS


def _expression(cursor: Cursor) -> Any:
    """Read fields that are joined with ``.``, each with its operators."""
    parts = [_operation(cursor)]
    while cursor.word == ".":
        cursor.take()
        parts.append(_operation(cursor))
    return {"concat": parts} if len(parts) > 1 else parts[0]


def _operation(cursor: Cursor, lowest: int = 1) -> Any:
    left = _operand(cursor)
    while BINARY.get(_WORDS.get(cursor.word, cursor.word), 0) >= lowest:
        word = cursor.take()
        word = _WORDS.get(word, word)
        right = _operation(cursor, BINARY[word] + 1) if _is_field(cursor) else _masked(cursor, left, word)
        left = {word: [left, right]}
    return left


def _masked(cursor: Cursor, left: Any, operator: str) -> Any:
    if cursor.skip("("):
        flags = [_atom(cursor.take(), left)]
        while cursor.word in ("|", ","):
            cursor.take()
            flags.append(_atom(cursor.take(), left))
        cursor.take(")")
        return flags if len(flags) > 1 else flags[0]
    word = cursor.take()
    return [_atom(part, left) for part in word.split(",")] if "," in word else _atom(word, left)


def _is_field(cursor: Cursor) -> bool:
    word = cursor.word
    return word in _READERS or word in _BARE or word in _PROTOCOLS or word in _EXTENSIONS or word[:1] == "@" and "," in word


def _operand(cursor: Cursor) -> Any:
    word = cursor.word
    if word == "(":
        cursor.take()
        inner = _operation(cursor)
        cursor.take(")")
        return inner
    reader = _READERS.get(word)
    if reader is not None and not (word == "rt" and cursor.ahead() not in (*_RT_KEYS, *_FAMILIES)):
        cursor.take()
        return reader(cursor)
    if word in _BARE:
        return {"meta": {"key": cursor.take()}}
    if word in _PROTOCOLS and cursor.ahead() not in ("", ".", "{", "}", ","):
        return _payload(cursor)
    if word in _EXTENSIONS or word == "rt":
        cursor.take()
        return {"exthdr": {"name": word, "field": cursor.take()}}
    if word[:1] == "@" and word.count(",") == 2:
        base, offset, length = cursor.take()[1:].split(",")
        return {"payload": {"base": base, "offset": int(offset), "len": int(length)}}
    raise Odd("expected an expression")


def _payload(cursor: Cursor) -> Dict:
    protocol, field = cursor.take(), cursor.take()
    if field in ("option", "chunk") and protocol in ("tcp", "ip", "sctp"):
        found: Dict = {"name": cursor.take()}
        following = cursor.word
        if following not in ("exists", "missing") and following and following not in _OPS:
            found["field"] = cursor.take()
        return {f"{protocol} {field}": found}
    if protocol == "arp" and field in ("saddr", "daddr"):
        field = f"{field} {cursor.take('ip', 'ether')}"
    if not (field[0].isalpha()):
        raise Odd("expected a field of a header")
    return {"payload": {"protocol": protocol, "field": field}}


def _meta(cursor: Cursor) -> Dict:
    return {"meta": {"key": cursor.take()}}


def _ct(cursor: Cursor) -> Dict:
    direction = cursor.take() if cursor.word in ("original", "reply") else ""
    key = cursor.take()
    if key in _FAMILIES:
        key = f"{key} {cursor.take('saddr', 'daddr')}"
    return {"ct": {"key": key, "dir": direction} if direction else {"key": key}}


def _fib(cursor: Cursor) -> Dict:
    flags = [cursor.take("saddr", "daddr", "mark", "iif", "oif")]
    while cursor.skip("."):
        flags.append(cursor.take())
    return {"fib": {"result": cursor.take("oif", "oifname", "type"), "flags": flags}}


def _rt(cursor: Cursor) -> Dict:
    family = cursor.take() if cursor.word in _FAMILIES else ""
    key = cursor.take()
    return {"rt": {"key": key, "family": family} if family else {"key": key}}


def _socket(cursor: Cursor) -> Dict:
    found: Dict = {"key": cursor.take()}
    if found["key"] == "cgroupv2":
        cursor.take("level")
        found["level"] = cursor.number()
    return {"socket": found}


def _osf(cursor: Cursor) -> Dict:
    found: Dict = {}
    if cursor.skip("ttl"):
        found["ttl"] = cursor.take()
    return {"osf": {"key": cursor.take("name", "version"), **found}}


def _ipsec(cursor: Cursor) -> Dict:
    direction = cursor.take("in", "out")
    number = cursor.number() if cursor.skip("spnum") else 0
    key = cursor.take()
    found: Dict = {}
    if key in _FAMILIES:
        found["family"] = key
        key = cursor.take()
    return {"ipsec": {"key": key, **found, "dir": direction, "spnum": number}}


def _numgen(cursor: Cursor) -> Dict:
    mode = cursor.take("inc", "random")
    cursor.take("mod")
    modulus = cursor.number()
    return {"numgen": {"mode": mode, "mod": modulus, "offset": cursor.number() if cursor.skip("offset") else 0}}


def _hash(cursor: Cursor, found: Dict) -> Dict:
    cursor.take("mod")
    found = {"mod": cursor.number(), **found}
    for word in ("seed", "offset"):
        if cursor.skip(word):
            found[word] = cursor.number()
    return found


def _jhash(cursor: Cursor) -> Dict:
    return {"jhash": _hash(cursor, {"expr": _expression(cursor)})}


def _symhash(cursor: Cursor) -> Dict:
    return {"symhash": _hash(cursor, {})}


def _exthdr(cursor: Cursor) -> Dict:
    return {"exthdr": {"name": cursor.take()}}


_READERS: dict[str, Any] = {
    "meta": _meta, "ct": _ct, "fib": _fib, "rt": _rt, "socket": _socket, "osf": _osf, "ipsec": _ipsec, "numgen": _numgen,
    "jhash": _jhash, "symhash": _symhash, "exthdr": _exthdr,
}  # fmt: skip


def _value(cursor: Cursor) -> Any:
    """Read an expression with or without a map: ``tcp dport map { 80 : 10.0.0.5 }``."""
    if not _is_field(cursor):
        return _right(cursor, None)
    key = _expression(cursor)
    if cursor.skip("map"):
        return {"map": {"key": key, "data": _data(cursor, key)}}
    return key


def _new(cursor: Cursor, left: Any) -> Any:
    """Read the value that a field is set to."""
    return _value(cursor) if _is_field(cursor) else _right(cursor, left)


def _data(cursor: Cursor, key: Any) -> Any:
    if cursor.word[:1] == "@":
        return cursor.take()
    return _right(cursor, key)


def _right(cursor: Cursor, left: Any) -> Any:
    """Read the value that a field is compared with."""
    if cursor.word == "{":
        cursor.take()
        return {"set": elements(cursor, left)}
    word = cursor.take()
    if "," in word and word[0] != '"' and left is not None:
        return [_atom(part, left) for part in word.split(",")]
    value = _atom(word, left)
    while cursor.word == "|" and left is not None:
        cursor.take()
        value = {"|": [value, _atom(cursor.take(), left)]}
    return value


def elements(cursor: Cursor, key: Any) -> list[Any]:
    """Read the elements of a set or map up to the closing brace; ``key`` is the expression on the left, or the set's type."""
    found: list[Any] = []
    while not cursor.skip("}"):
        element = _element(cursor, key)
        if cursor.skip(":"):
            element = [element, _datum(cursor)]
        found.append(element)
        if cursor.word != "}":
            cursor.take(",")
    return found


def _datum(cursor: Cursor) -> Any:
    word = cursor.word
    if word in VERDICTS or word in ("jump", "goto"):
        return _statement(cursor)
    parts = [_atom(cursor.take(), None)]
    while cursor.skip("."):
        parts.append(_atom(cursor.take(), None))
    return {"concat": parts} if len(parts) > 1 else parts[0]


def _element(cursor: Cursor, key: Any) -> Any:
    keys = key["concat"] if isinstance(key, dict) and "concat" in key else [key]
    parts: list[Any] = []
    while True:
        left = keys[len(parts)] if len(parts) < len(keys) else keys[-1]
        value = _atom(cursor.take(), left)
        if cursor.word == "|":
            flags = [value]
            while cursor.skip("|"):
                flags.append(_atom(cursor.take(), left))
            value = {"|": flags}
        parts.append(value)
        if not cursor.skip("."):
            break
    value = {"concat": parts} if len(parts) > 1 else parts[0]
    options: Dict = {}
    while cursor.word in ("timeout", "expires", "comment", "counter", "limit", "quota", "last", "ct"):
        if cursor.word in ("timeout", "expires", "comment"):
            options.update(_options(cursor))
        else:
            options.update(_statement(cursor))
    return {"elem": {"val": value, **options}} if options else value


TIMES = ("expiration",)
_STRINGS = ("rtclassid", "classid")


def _atom(word: str, left: Any) -> Any:
    """Read one value: a number, a range, a prefix, a name. ``left`` is the expression compared with it, if known."""
    if word[0] == '"':
        first, dash, last = word[1:-1].partition('"-"')
        return {"range": [first, last]} if dash else first
    if word == "exists" or word == "missing":
        return word == "exists"
    key = key_of(left)
    if _INT.match(word):
        return word if key in _STRINGS or key == "oif" and "fib" in left else integer(word)
    found = _INTS.match(word)
    if found:
        return {"range": [integer(found[1]), integer(found[2])]}
    found = _PREFIX.match(word)
    if found:
        return {"prefix": {"addr": found[1], "len": int(found[2])}}
    found = _ADDRESSES.match(word)
    if found:
        return {"range": [found[1], found[2]]}
    if key in TIMES:
        return seconds(word)
    return word


def key_of(left: Any) -> str:
    if not isinstance(left, dict):
        return ""
    for kind in ("meta", "ct", "rt", "fib"):
        if kind in left:
            return str(left[kind].get("key", left[kind].get("result", "")))
    return ""
