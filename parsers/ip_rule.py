"""`ip rule show`, by iproute2 (3.10 to 7.x: plain, `-d`, `-N`, `-j`; v4 and v6) and by busybox.

```
0:      from all lookup local
91:     not from all fwmark 0x10/0xff lookup 200
32766:  from all lookup main
```
A record (:class:`parsers.records.Rule`) has the keys of `ip -j rule`: a prefix as ``src`` and ``srclen``, a flag's key
with None when it is set. A tool that is older than the kernel leaves out selectors it does not know.

busybox loses ``not``, ``oif``, ``ipproto``, ``sport``, ``dport``, ``uidrange`` and ``goto``: a rule it printed may mean the
opposite of its text. busybox prints rules with an action as ``lookup unspec``, a `goto` as ``local``, a `nop` as ``broadcast``,
and ``tos`` in decimal; the record has what it printed.

>>> parse("100:\\tfrom 10.8.0.0/16 lookup 200")
[{'priority': 100, 'src': '10.8.0.0', 'srclen': 16, 'table': '200'}]
"""

from __future__ import annotations

import re

from .lex import Grammar, Source, Words, lazy, number, parser, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .lex import Dict, Parse
    from .records import Rule


_EXPECTED = "expected a rule ('100: from ... lookup ...')"
_RULE_LINE = lazy(r"(\d{1,10}):\s+(.*)$")
# `goto 101010unresolved`, to 4.20; `to 192.0.2.0 /24`, 4.17 and 4.18
_GLUED = lazy(r"(\bgoto \d+)(?=\[?unresolved)")
_SPLIT_PREFIX = lazy(r"(?<=[0-9a-f:]) (?=/\d+ )")
# The last two are busybox's words for `goto` and `nop`.
_ACTIONS = ("blackhole", "unreachable", "prohibit", "local", "broadcast")


def _prefix(word: str, key: str) -> Callable[[Words, Dict], None]:
    def rule(words: Words, record: Dict) -> None:
        address, slash, bits = words.take(word).partition("/")
        record[key] = address
        if slash:
            record[key + "len"] = number(bits)

    return rule


# `0x10`; busybox and 3.x print some in decimal
_MARK = lazy(r"0x[0-9a-fA-F]{1,16}|0|[1-9]\d{0,18}")


def _mark(words: Words, record: Dict) -> None:
    """``fwmark 0x10/0xff``"""
    value, slash, bits = words.take("fwmark").partition("/")
    if _MARK.fullmatch(value) is None or slash and _MARK.fullmatch(bits) is None:
        raise ValueError(f"after 'fwmark': {value + slash + bits!r} is no mark")
    record["fwmark"] = value
    if slash:
        record["fwmask"] = bits


def _masked(word: str, key: str, mask: str) -> Callable[[Words, Dict], None]:
    """``flowlabel 0x10/0xff``"""

    def rule(words: Words, record: Dict) -> None:
        value, slash, bits = words.take(word).partition("/")
        record[key] = value
        if slash:
            record[mask] = bits

    return rule


def _range(word: str, key: str) -> Callable[[Words, Dict], None]:
    """``dport 80``, ``dport 80-90``, ``sport 0x10/0xf0``"""

    def rule(words: Words, record: Dict) -> None:
        value = words.take(word)
        low, dash, high = value.partition("-")
        if dash:
            record[key + "_start"], record[key + "_end"] = number(low), number(high)
        elif "/" in value:
            port, _, mask = value.partition("/")
            record[key], record[key + "_mask"] = int(port[:20], 0), mask
        else:
            record[key] = number(value)

    return rule


def _uidrange(words: Words, record: Dict) -> None:
    low, _, high = words.take("uidrange").partition("-")
    record["uid_start"], record["uid_end"] = number(low), number(high)


def _device(word: str) -> Callable[[Words, Dict], None]:
    """``iif eth9 [detached]``"""

    def rule(words: Words, record: Dict) -> None:
        record[word] = words.take(word)
        if words.peek() == "[detached]":
            words.take()
            record[word + "_detached"] = None

    return rule


def _lookup(words: Words, record: Dict) -> None:
    """``lookup 200``; ``lookup [l3mdev-table]``; ``lookup 200 4``: the realm of 5.0 and earlier stands bare"""
    table = words.take("lookup")
    if table == "[l3mdev-table]":
        record["l3mdev"] = None
        return
    record["table"] = table
    if words.peek().isdigit() or re.match(r"\d+/\d+$", words.peek(), re.ASCII):
        _realms(words, record)


def _realms(words: Words, record: Dict) -> None:
    source, slash, to = words.take("realms").partition("/")
    if slash:
        record["flow_from"] = source
    record["flow_to"] = to if slash else source


def _goto(words: Words, record: Dict) -> None:
    target = words.take("goto")
    record["goto"] = number(target) if target != "none" else target
    if words.peek() in ("[unresolved]", "unresolved"):
        words.take()
        record["unresolved"] = None


_RULE = Grammar(
    {
        "ipproto": ("ipproto", str),
        "tun_id": ("tun_id", number),
        "suppress_prefixlength": ("suppress_prefixlen", number),
        "suppress_ifgroup": ("suppress_ifgroup", str),
        "map-to": ("nat_gateway", str),
        "proto": ("protocol", str),
        "tos": ("tos", str),
    },
    {
        "not": ("not", None),
        "nop": ("nop", None),
        "masquerade": ("masquerade", None),
        "[detached]": ("detached", None),
        **{action: ("action", action) for action in _ACTIONS},
    },
    {
        "from": _prefix("from", "src"),
        "to": _prefix("to", "dst"),
        "fwmark": _mark,
        "dscp": _masked("dscp", "dscp", "dscp_mask"),
        "flowlabel": _masked("flowlabel", "flowlabel", "flowlabel_mask"),
        "iif": _device("iif"),
        "oif": _device("oif"),
        "sport": _range("sport", "sport"),
        "dport": _range("dport", "dport"),
        "uidrange": _uidrange,
        "lookup": _lookup,
        "table": _lookup,
        "realms": _realms,
        "goto": _goto,
    },
)


def _read(source: Source) -> Iterator[Dict]:
    for line_number, line in source:
        found = _RULE_LINE.match(line.lstrip())
        if found is None:
            source.fail(line_number, line, _EXPECTED)
            continue
        rule: Dict = {"priority": int(found[1])}
        words = split(_SPLIT_PREFIX.sub("", _GLUED.sub(r"\1 ", found[2])))
        try:
            if not any(word in _RULE for word in words):
                raise ValueError(_EXPECTED)
            _RULE.read(words, rule)
            left = rule.get("unparsed", [])
            if len(left) == 1 and left[0].isdigit() and "action" not in rule:  # -N
                rule["action"] = rule.pop("unparsed")[0]
        except ValueError as error:
            source.fail(line_number, line, str(error))
            continue
        yield rule


def _tidy(rule: Dict) -> Dict | None:
    if rule.get("action") == "to_tbl":  # 4.17-4.20 have it for every ordinary rule
        del rule["action"]
    if "to_tbl" in rule:
        rule["action"] = rule.pop("to_tbl")
    for key in ("fwmark", "fwmask"):
        if isinstance(rule.get(key), str) and _MARK.fullmatch(rule[key]) is None:
            rule.setdefault("unparsed", []).extend([key, rule.pop(key)])
    return rule or None


parse: Parse[Rule] = parser(_read, _tidy, record="Rule")
