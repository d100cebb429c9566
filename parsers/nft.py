"""`nft list ruleset` (and `list table`, `list chain`, `list set`, ...): text (also `-a`, `-n`, `-s`) or JSON (`-j`).

```
table inet filter {
        chain input { # handle 1
                type filter hook input priority filter; policy drop;
                ct state established,related accept comment "answers" # handle 4
        }
}
```
Flat records, in the order of the ruleset; ``kind`` tells them apart: table, chain, rule, set, map, flowtable, counter, quota,
limit, ct helper, ct timeout, ct expectation, synproxy, secmark, and note (a comment that `nft` printed). The keys are those of
`nft -j`, but a table's and a chain's ``name`` is ``table`` and ``chain`` as in its rules, and a chain's ``prio`` is
``priority``. A rule has ``expr`` as `nft -j` has it, ``text`` in the words of `nft`, ``packets`` and ``bytes`` of its counter,
and the plain names of :mod:`parsers.firewall_names`.

The text has handles only with `-a`. JSON of 1.0 lacks the devices of a chain at ``ingress`` or ``egress``, has only ``xt``
for statements that iptables-nft wrote, and breaks off at a table with flags.

>>> parse("table ip t {\\n\\tchain c {\\n\\t\\ttcp dport 22 accept\\n\\t}\\n}")[2]["dport"]
22
"""

from __future__ import annotations

from . import firewall_names, nft_expr, nft_text
from .errors import ParseError
from .lex import Source, is_json, lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Dict = dict[str, Any]

#: Numbers of the named priorities, and those that the bridge family has otherwise.
PRIORITIES = {"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}
PRIORITIES_BRIDGE = {"dstnat": -300, "filter": -200, "out": 100, "srcnat": 300}

_HANDLE = lazy(r"\s*# handle (\d+)\s*$")
_COMMENT = lazy(r'\s*comment "((?:[^"\\]|\\.)*)"\s*$')
_QUOTES = lazy(r'"[^"]*"')
_OPEN = lazy(r"([a-z][a-z ]*?) (\S+) \{$")
_HOOK = lazy(
    r'type (\w+) hook (\w+)(?: devices? (?:= )?(\{[^}]*\}|"[^"]*"|[^\s;]+))? priority ([^;]+?)\s*;(?:\s*policy (\w+)\s*;)?(.*)$'
)
_PRIORITY = lazy(r"(-?\w+)(?: ([+-]) (\d+))?$")
_SETS = ("set", "map")
_OBJECTS = (
    "counter",
    "quota",
    "limit",
    "ct helper",
    "ct timeout",
    "ct expectation",
    "synproxy",
    "secmark",
    "flowtable",
    "tunnel",
)

#: How `nft -j` orders the keys of an object that text and JSON both have; the rest follows.
_IDENTITY = ("kind", "family", "table", "chain", "name", "handle")


def parse(text: str, *, strict: bool = True) -> Any:
    """Parse a ruleset; see the module. ``strict=False`` returns ``(records, problems)``.

    Raises :class:`ParseError` (with strict) at a line that is no part of a ruleset. A statement that is not understood is
    no error: its words are kept in ``expr`` as ``{"unparsed": ...}``.
    """
    problems: list[ParseError] | None = None if strict else []
    records = list(_from_json(text, problems) if is_json(text) else _Reader(text, problems).records())
    return records if problems is None else (records, problems)


# -- JSON ------------------------------------------------------------------------------------------------------------


def _from_json(text: str, problems: list[ParseError] | None) -> Iterator[Dict]:
    source = Source((), problems)
    for item in _items(text, source):
        if not isinstance(item, dict) or len(item) != 1:
            source.fail(1, repr(item), "an item of the ruleset is no object with one key")
            continue
        ((kind, value),) = item.items()
        if kind == "metainfo":
            continue
        if not isinstance(value, dict):
            source.fail(1, repr(item), f"a {kind} is no object")
            continue
        try:
            yield _tidy(kind, value)
        except (LookupError, TypeError, ValueError, AttributeError):
            source.fail(1, repr(item), f"a {kind} has another shape than nft's")


def _items(text: str, source: Source) -> Iterator[Any]:
    """The items of the ruleset; if it breaks off, the complete items, and a problem."""
    from .jsontext import document

    try:
        found = document(text)
    except (ValueError, RecursionError):
        yield from _whole_items(text, source)
        return
    for ruleset in found if isinstance(found, list) else [found]:
        if not isinstance(ruleset, dict) or not isinstance(ruleset.get("nftables"), list):
            source.fail(1, text[:200], "the JSON is no ruleset of nft")
            return
        yield from ruleset["nftables"]


def _whole_items(text: str, source: Source) -> Iterator[Any]:
    from .jsontext import elements

    start = end = text.find("[") + 1
    for _, end, item in elements(text, start) if start else ():  # noqa: B007
        yield item
    rest = text[end:].lstrip(", \n\t\r")[:200]
    source.fail(1, rest, "the JSON ends in the middle (nft 1.0 does so at a table with flags; the text is whole)")


def _tidy(kind: str, value: Dict) -> Dict:
    record: Dict = {"kind": kind}
    for key, inner in value.items():
        if key == "name" and kind in ("table", "chain"):
            key = kind
        elif key == "prio" and kind == "chain":
            key = "priority"
        elif key == "dev" and kind == "chain":
            key, inner = "devices", [inner] if isinstance(inner, str) else inner
        elif key == "index":
            continue
        record[key] = inner
    if kind == "rule":
        record["expr"] = [_tidy_statement(statement, record["family"]) for statement in value["expr"]]
        return finish(record, None)
    return _ordered(record)


def _tidy_statement(statement: Dict, family: str) -> Dict:
    """`ct original saddr` of a table ip is `ct original ip saddr` in text, and in JSON of a table inet."""
    if statement.get("reject", 0) is None:
        return {"reject": nft_expr.default_reject(family)}
    left = statement.get("match", {}).get("left") if isinstance(statement.get("match"), dict) else None
    if family in ("ip", "ip6") and isinstance(left, dict) and left.get("ct", {}).get("key") in ("saddr", "daddr"):
        return {"match": {**statement["match"], "left": {"ct": {**left["ct"], "key": f"{family} {left['ct']['key']}"}}}}
    return statement


def _ordered(record: Dict) -> Dict:
    return {**{key: record[key] for key in _IDENTITY if key in record}, **{k: v for k, v in record.items() if k not in _IDENTITY}}


# -- text ------------------------------------------------------------------------------------------------------------


class _Reader:
    """The lines of a ruleset; an opened brace of a set joins the lines up to the closing one."""

    def __init__(self, text: str, problems: list[ParseError] | None) -> None:
        self.source = Source.of_text(text, problems)
        self.lines = iter(self.source)
        self.family = self.table = ""

    def next(self) -> tuple[int, str, int | None] | None:
        """The next non-empty line: its number, its stripped text, its handle."""
        for number, line in self.lines:
            line = line.strip()
            if not line:
                continue
            found = _HANDLE.search(line)
            handle = int(found[1]) if found else None
            return number, line[: found.start()] if found else line, handle
        return None

    def whole(self, line: str) -> str:
        """A line joined with the following ones, up to the line that closes its braces."""
        parts = [line]
        depth = _depth(line)
        while depth > 0:
            following = next(self.lines, None)
            if following is None:
                break
            parts.append(following[1].strip())
            depth += _depth(following[1])
        return " ".join(parts)

    def records(self) -> Iterator[Dict]:
        while True:
            found = self.next()
            if found is None:
                return
            number, line, handle = found
            words = line.split(" ")
            if line.startswith("#"):
                yield {"kind": "note", "text": line.lstrip("# ")}
            elif words[0] == "table" and line.endswith("{") and len(words) in (3, 4):
                self.family = words[1] if len(words) == 4 else "ip"
                self.table = words[-2].strip('"')
                yield from self.table_body({"kind": "table", "family": self.family, "table": self.table}, handle)
            elif line != "}":
                self.source.fail(number, line, "expected `table FAMILY NAME {`")

    def table_body(self, record: Dict, handle: int | None) -> Iterator[Dict]:
        """The table, then its objects, sets and chains, then the rules of all chains, in the order of `nft -j`."""
        chains: list[Dict] = []
        rules: list[Dict] = []
        others: list[Dict] = []
        if handle is not None:
            record["handle"] = handle
        while True:
            found = self.next()
            if found is None or found[1] == "}":
                break
            number, line, handle = found
            comment = _COMMENT.match(line)
            opened = _OPEN.match(line)
            if comment:
                record["comment"] = comment[1]
            elif line.startswith("flags "):
                record["flags"] = line[6:].rstrip(";").split(",")
            elif line.startswith("#"):
                others.append(self.note(line))
            elif opened and opened[1] == "chain":
                chains.append(self.chain(opened[2].strip('"'), handle, rules))
            elif opened and opened[1] in (*_SETS, *_OBJECTS):
                others.append(self.object(opened[1], opened[2].strip('"'), handle))
            else:
                self.source.fail(number, line, "expected a chain, a set or an object of a table")
        yield _ordered(record)
        yield from others
        yield from chains
        yield from rules

    def note(self, line: str, **where: str) -> Dict:
        return {"kind": "note", "family": self.family, "table": self.table, **where, "text": line.lstrip("# ")}

    # -- chains and rules

    def chain(self, name: str, handle: int | None, rules: list[Dict]) -> Dict:
        record: Dict = {"kind": "chain", "family": self.family, "table": self.table, "chain": name}
        if handle is not None:
            record["handle"] = handle
        while True:
            found = self.next()
            if found is None or found[1] == "}":
                break
            _, line, handle = found
            hook = _HOOK.match(line) if line.startswith("type ") else None
            comment = _COMMENT.match(line) if line.startswith("comment ") else None
            if hook and "hook" not in record and handle is None:
                self.hook(record, hook)
            elif comment and "comment" not in record:
                record["comment"] = comment[1]
            elif line.startswith("policy ") and line.endswith(";"):
                record["policy"] = line[7:-1].strip()
            elif line.startswith("#"):
                rules.append(self.note(line, chain=name))
            else:
                rules.append(self.rule(name, line, handle))
        return _ordered(record)

    def hook(self, record: Dict, found: Any) -> None:
        record["type"], record["hook"] = found[1], found[2]
        record["priority"] = priority(found[4], self.family)
        if found[5]:
            record["policy"] = found[5]
        if found[3]:
            record["devices"] = [word.strip('"') for word in nft_expr.tokens(found[3]) if word not in ("{", "}", ",")]
        if found[6].strip():
            record["unparsed"] = found[6].split()

    def rule(self, chain: str, line: str, handle: int | None) -> Dict:
        if handle is None and _depth(line) > 0:
            line = self.whole(line)
            found = _HANDLE.search(line)
            if found:
                handle, line = int(found[1]), line[: found.start()]
        comment = _COMMENT.search(line)
        record: Dict = {"kind": "rule", "family": self.family, "table": self.table, "chain": chain}
        if handle is not None:
            record["handle"] = handle
        if comment:
            record["comment"] = comment[1]
            line = line[: comment.start()]
        record["expr"] = nft_expr.read(line, self.family)
        return finish(record, line)

    # -- sets, maps, objects

    def object(self, kind: str, name: str, handle: int | None) -> Dict:
        record: Dict = {"kind": kind, "family": self.family, "table": self.table, "name": name}
        if handle is not None:
            record["handle"] = handle
        while True:
            found = self.next()
            if found is None or found[1] == "}":
                return _ordered(record)
            _, line, stray = found
            line = self.whole(line)
            new: Dict = {}
            try:
                known = _set_line(new, record, line) if kind in _SETS else _object_line(new, kind, line)
            except (nft_expr.Odd, ValueError, LookupError):
                known = False
            if known and stray is None and not new.keys() & record.keys():
                record.update(new)
            else:
                words = line.split() + ([] if stray is None else ["#", "handle", str(stray)])
                record.setdefault("unparsed", []).extend(words)


def _depth(line: str) -> int:
    bare = _QUOTES.sub("", line)
    return bare.count("{") - bare.count("}")


def priority(text: str, family: str) -> int | str:
    """The number of a priority: ``filter + 5``, ``-150``; the words themselves where their number is not known.

    >>> priority("filter + 5", "inet"), priority("srcnat", "bridge"), priority("-150", "ip")
    (5, 300, -150)
    """
    found = _PRIORITY.match(text.strip())
    if not found:
        return text
    names = PRIORITIES_BRIDGE if family == "bridge" else PRIORITIES
    word = found[1]
    base = names.get(word)
    if base is None:
        if not word.lstrip("-").isdigit() or found[2]:
            return text
        base = int(word)
    return base + (int(found[3]) if found[2] == "+" else -int(found[3]) if found[2] else 0)


_TYPES = {
    ("ip", "saddr"): "ipv4_addr", ("ip", "daddr"): "ipv4_addr", ("ip6", "saddr"): "ipv6_addr", ("ip6", "daddr"): "ipv6_addr",
    ("tcp", "dport"): "inet_service", ("tcp", "sport"): "inet_service", ("udp", "dport"): "inet_service",
    ("udp", "sport"): "inet_service", ("th", "dport"): "inet_service", ("th", "sport"): "inet_service",
    ("ether", "saddr"): "ether_addr", ("ether", "daddr"): "ether_addr", ("meta", "mark"): "mark", ("ct", "mark"): "mark",
    ("meta", "iifname"): "ifname", ("meta", "oifname"): "ifname", ("meta", "l4proto"): "inet_proto",
    ("ip", "protocol"): "inet_proto", ("ct", "state"): "ct_state",
}  # fmt: skip


def _typeof(words: str) -> str:
    """The type of an expression: ``ip saddr`` is ``ipv4_addr``; the words themselves where the type is not known."""
    parts = words.split(" ")
    if parts[0] in ("iifname", "oifname"):
        return "ifname"
    return _TYPES.get((parts[0], " ".join(parts[1:])), words)


def _set_line(record: Dict, of: Dict, line: str) -> bool:
    """Read one line of a set or map into ``record``; ``of`` holds the types that earlier lines gave."""
    word, _, rest = line.rstrip(";").partition(" ")
    if word in ("type", "typeof"):
        key, colon, data = rest.partition(" : ")
        columns = [_typeof(part) if word == "typeof" else part for part in key.split(" . ")]
        record["type"] = columns if len(columns) > 1 else columns[0]
        if colon:
            record["map"] = " . ".join(_typeof(part) if word == "typeof" else part for part in data.split(" . "))
    elif word == "flags":
        record["flags"] = rest.replace(" ", "").split(",")
    elif word in ("timeout", "gc-interval"):
        record[word] = nft_expr.seconds(rest)
    elif word == "size":
        record["size"] = int(rest.partition("\t#")[0])  # newer releases: `size 65535	# count 3`
    elif word == "policy" and " " not in rest:
        record["policy"] = rest
    elif line == "auto-merge":
        record["auto-merge"] = True
    elif word == "comment" and _COMMENT.match(line):
        record["comment"] = rest.strip('"')
    elif word == "elements":
        cursor = nft_expr.Cursor(nft_expr.tokens(rest))
        cursor.take("=")
        cursor.take("{")
        types: Any = of.get("type")
        keys = types if isinstance(types, list) else [types]
        fields = [{"meta": {"key": "mark"}} if kind == "mark" else None for kind in keys]
        record["elem"] = nft_expr.elements(cursor, {"concat": fields} if len(fields) > 1 else fields[0])
        if cursor.word:
            raise nft_expr.Odd("words are left")
    elif word in ("counter", "limit", "quota", "last") or word == "ct":
        record["stmt"] = nft_expr.read(line)
    else:
        return False
    return True


_BYTES = {"bytes": 1, "kbytes": 1 << 10, "mbytes": 1 << 20, "gbytes": 1 << 30}


def _object_line(record: Dict, kind: str, line: str) -> bool:
    line = line.rstrip(";")
    word, _, rest = line.partition(" ")
    cursor = nft_expr.Cursor(nft_expr.tokens(line))
    if word == "comment" and _COMMENT.match(line):
        record["comment"] = rest.strip('"')
    elif kind == "counter" and word == "packets":
        cursor.take()
        record["packets"] = cursor.number()
        cursor.take("bytes")
        record["bytes"] = cursor.number()
    elif kind == "quota":
        over = cursor.skip("over")
        record["bytes"] = cursor.number() * _BYTES[cursor.take()]
        record["used"] = cursor.number() * _BYTES[cursor.take()] if cursor.skip("used") else 0
        if over:
            record["inv"] = True
    elif kind == "limit" and word == "rate":
        cursor.take()
        found = nft_expr.limit(cursor)
        record.update({"rate": found["rate"], "per": found["per"]})
        record.update({key: found[key] for key in ("burst", "inv", "rate_unit") if found.get(key)})
    elif kind == "ct helper" and word == "type":
        kind, record["protocol"] = rest.split(" protocol ")
        record["type"] = kind.strip('"')
    elif kind.startswith("ct ") and word in ("protocol", "l3proto"):
        record[word] = rest
    elif kind == "ct timeout" and word == "policy":
        pairs = rest.strip("= {}").split(", ")
        values = (pair.split(":") for pair in pairs)
        record["policy"] = {
            key.strip(): nft_expr.seconds(span.strip()) if span.strip()[-1].isalpha() else int(span) for key, span in values
        }
    elif kind == "ct expectation" and word in ("dport", "size"):
        record[word] = int(rest)
    elif kind == "ct expectation" and word == "timeout":
        record[word] = nft_expr.seconds(rest) * 1000
    elif kind == "synproxy":
        for key, value in nft_expr.synproxy(cursor).items():
            record[key] = value
    elif kind == "secmark":
        record["context"] = line.strip('"')
    elif kind == "flowtable" and word == "hook":
        parts = rest.split(" priority ")
        record["hook"] = parts[0]
        record["prio"] = priority(parts[1], "inet")
    elif kind == "flowtable" and word == "devices":
        devices = [token.strip('"') for token in nft_expr.tokens(rest) if token not in ("=", "{", "}", ",")]
        record["dev"] = devices if len(devices) > 1 else devices[0]
    elif kind == "flowtable" and word == "flags":
        record["flags"] = rest
    elif kind == "flowtable" and line == "counter":
        record["counter"] = None
    else:
        return False
    if cursor.word and (cursor.at or kind == "synproxy"):
        raise nft_expr.Odd("words are left")
    return True


# -- keys derived from a rule's expressions --------------------------------------------------------------------------

_MATCHES = {
    ("meta", "iif"): "in", ("meta", "iifname"): "in", ("meta", "oif"): "out", ("meta", "oifname"): "out",
    ("ip", "saddr"): "source", ("ip6", "saddr"): "source", ("ip", "daddr"): "destination", ("ip6", "daddr"): "destination",
    ("arp", "saddr ip"): "source", ("arp", "daddr ip"): "destination", ("meta", "l4proto"): "protocol",
    ("ip", "protocol"): "protocol", ("ip6", "nexthdr"): "protocol", ("meta", "mark"): "mark", ("ct", "state"): "state",
    ("meta", "ibrname"): "in", ("meta", "obrname"): "out",
}  # fmt: skip
_TRANSPORTS = ("tcp", "udp", "udplite", "sctp", "dccp", "icmp", "icmpv6", "igmp", "esp", "ah", "comp")
_ENDS = (
    "accept",
    "drop",
    "return",
    "notrack",
    "masquerade",
    "redirect",
    "reject",
    "queue",
    "tproxy",
    "dnat",
    "snat",
    "synproxy",
    "fwd",
)
_COMPARED = {"==": "", "in": "", "!=": "!", "<": "<", ">": ">", "<=": "<=", ">=": ">="}


def finish(record: Dict, text: str | None) -> Dict:
    """Add what is derived from a rule's statements: counters, plain names, words."""
    statements = record.pop("expr")
    found: Dict = {}
    for statement in statements:
        if isinstance(statement, dict) and len(statement) == 1:
            ((name, value),) = statement.items()
            try:
                _notice(record, found, name, value)
            except (LookupError, TypeError, ValueError, AttributeError):
                continue
    record["expr"] = statements
    for name in firewall_names.NAMES:
        if name in found:
            record[name] = found[name]
    record["text"] = nft_text.write(statements, record["family"]) if text is None else text
    return _ordered(record)


def _notice(record: Dict, found: Dict, name: str, value: Any) -> None:
    if name == "counter" and isinstance(value, dict) and "packets" in value:
        record["packets"], record["bytes"] = value["packets"], value["bytes"]
    elif name == "match":
        _notice_match(found, value["left"], value["right"], value["op"])
    elif name in ("jump", "goto"):
        found["verdict"] = f"{name} {value['target']}"
    elif name in _ENDS:
        found["verdict"] = name
        if name in ("dnat", "snat", "redirect", "tproxy") and value:
            words = nft_text.write([{name: {**value, "flags": []}}])
            found["to"] = words.partition(" to ")[2]
    elif name == "vmap":
        found.setdefault("verdict", "vmap")
        _notice_match(found, value["key"], {"set": [pair[0] for pair in value["data"]["set"]]}
                      if isinstance(value["data"], dict) else value["data"], "==")  # fmt: skip
    elif name == "mangle" and value["key"].get("meta", {}).get("key") == "mark":
        found.setdefault("verdict", "mark")
        found["to"] = nft_text.write([{"mangle": value}]).partition(" set ")[2]


def _notice_match(found: Dict, left: Any, right: Any, op: str) -> None:
    if op not in _COMPARED:
        return
    if "concat" in left:
        _notice_concat(found, left["concat"], right, op)
        return
    masked = left.get("&")
    field = masked[0] if masked else left
    if not isinstance(field, dict):
        return
    ((kind, inner),) = field.items()
    protocol, key = (inner.get("protocol"), inner.get("field")) if kind == "payload" else (kind, inner.get("key"))
    if protocol in _TRANSPORTS and kind == "payload":
        firewall_names.put(found, "protocol", firewall_names.protocol(protocol))
    name = key if key in ("sport", "dport") else _MATCHES.get((protocol, key)) if "dir" not in inner else None
    if name is None or masked and name != "mark":
        return
    values = [_plain(element, field, name) for element in (right["set"] if isinstance(right, dict) and "set" in right else
                                                       right if isinstance(right, list) else [right])]  # fmt: skip
    if masked:
        values = [f"{value}/0x{masked[1]:x}" for value in values]
    sign = _COMPARED[op]
    if sign in ("", "!"):
        firewall_names.put(found, name, values, sign == "!")
    else:
        firewall_names.put(found, name, [f"{sign}{value}" for value in values])


def _notice_concat(found: Dict, fields: list[Any], right: Any, op: str) -> None:
    """Add the conditions of a concatenation: each field gets the values of its column; a named set stands for all columns."""
    elements = right.get("set") if isinstance(right, dict) else None
    for number, field in enumerate(fields):
        if elements is None:
            values: Any = right
        else:
            column = []
            for element in elements:
                if isinstance(element, dict) and "elem" in element:
                    element = element["elem"]["val"]
                if element != "*":
                    value = element["concat"][number]
                    column += [value] if value not in column else []
            values = {"set": column}
        _notice_match(found, field, values, op)


def _plain(value: Any, field: Any, name: str) -> Any:
    if isinstance(value, dict) and "elem" in value:
        value = value["elem"]["val"]
    if name == "protocol":
        return firewall_names.protocol(value)
    if name == "mark" and isinstance(value, int):
        return f"0x{value:x}"
    if isinstance(value, (int, str)):
        return value
    return nft_text.write_value(value)
