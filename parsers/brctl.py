"""`brctl show`, `showmacs` and `showstp`, by bridge-utils and busybox.

```
bridge name	bridge id		STP enabled	interfaces          port no	mac addr		is local?	ageing timer
br0		8000.020000000010	no		p0                    1	02:00:00:00:00:20	yes		   0.00
                                                        q0
```
A record (:class:`parsers.records.Brctl`) of `show` has ``ifname``, ``id``, ``stp`` and ``interfaces``; of `showmacs` ``port``,
``mac``, ``local`` and ``ageing``; of `showstp` ``ifname``, what stands in its lines under their names with ``_`` for blanks
(``bridge_id``, ``root_port``, ``max_age``), and ``ports`` with those of each port. Times are seconds.

>>> parse("bridge name\\tbridge id\\tSTP enabled\\tinterfaces\\nbr0\\t\\t8000.020000000010\\tno\\t\\tp0\\n\\t\\t\\tq0")
[{'ifname': 'br0', 'id': '8000.020000000010', 'stp': False, 'interfaces': ['p0', 'q0']}]
"""

from __future__ import annotations

import re

from .lex import Source, dedented, number, parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .lex import Dict, Parse
    from .records import Brctl

_ID = re.compile(r"[0-9a-f]{4}\.[0-9a-f]{12}$", re.ASCII)
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}$", re.ASCII)
_PORT = re.compile(r"(\S+) \((\d{1,5})\)$", re.ASCII)
_YES = {"yes": True, "no": False}
_EXPECTED = "expected what brctl show, showmacs or showstp prints"


def _seconds(word: str) -> float:
    if re.match(r"\d{1,12}\.\d{1,6}$", word, re.ASCII) is None:
        raise ValueError(f"{word[:20]!r} is not a time in seconds")
    return float(word)


# The names in `showstp` that take a value each.
_STP: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys("bridge id|designated root|port id|state|designated bridge|designated port".split("|"), str),
    **dict.fromkeys("root port|path cost|designated cost".split("|"), number),
    **dict.fromkeys(
        "max age|bridge max age|hello time|bridge hello time|forward delay|bridge forward delay|ageing time|hello timer|tcn timer"
        "|topology change timer|gc timer|message age timer|forward delay timer|hold timer".split("|"), _seconds,
    ),
}  # fmt: skip
_PAIR = re.compile(rf"({'|'.join(sorted(_STP, key=len, reverse=True))})\s+(\S+)\s*", re.ASCII)


def _read(source: Source) -> Iterator[Dict]:
    kind = ""  # of the table that is read
    bridge: Dict | None = None
    part: Dict | None = None  # the bridge, or one of its ports
    line_number = 0
    for line_number, line in dedented(source):
        words = source.split(line)
        header = " ".join(words)
        if header in ("bridge name bridge id STP enabled interfaces", "port no mac addr is local? ageing timer"):
            if bridge is not None:
                yield bridge
            kind, bridge, part = words[0], None, None
            continue
        if kind and len(words) == 1 and not line[:1].isspace():  # showstp behind show
            if bridge is not None:
                yield bridge
            kind, bridge, part = "", None, None
        try:
            if kind == "port":
                yield _mac(words)
            elif kind == "bridge":
                if line[:1] in (" ", "\t"):
                    if bridge is None or len(words) != 1:
                        raise ValueError("expected the name of an interface")
                    bridge["interfaces"].append(words[0])
                    continue
                made = _bridge(words)
                if bridge is not None:
                    yield bridge
                bridge = made
            elif line[:1] in (" ", "\t"):
                if part is None:
                    raise ValueError(_EXPECTED)
                _pairs(line, part)
            elif (found := _PORT.match(line.rstrip())) is not None and bridge is not None:
                part = {"ifname": found[1], "port": int(found[2])}
                bridge.setdefault("ports", []).append(part)
            elif len(words) == 1:
                if bridge is not None:
                    yield bridge
                part = bridge = {"ifname": words[0]}
            else:
                raise ValueError(_EXPECTED)
        except ValueError as error:
            source.fail(line_number, line, str(error))
            if not line[:1].isspace() and kind != "port":
                if bridge is not None:
                    yield bridge
                bridge = part = None
    if bridge is not None and (kind or len(bridge) > 1):
        yield bridge
    elif bridge is not None:
        source.fail(line_number, bridge["ifname"], _EXPECTED)


def _bridge(words: list[str]) -> Dict:
    if not 3 <= len(words) <= 4 or _ID.match(words[1]) is None or words[2] not in _YES:
        raise ValueError("expected a bridge ('br0  8000.020000000010  no  eth0')")
    return {"ifname": words[0], "id": words[1], "stp": _YES[words[2]], "interfaces": words[3:]}


def _mac(words: list[str]) -> Dict:
    if len(words) != 4 or _MAC.match(words[1]) is None or words[2] not in _YES:
        raise ValueError("expected an address ('1  02:00:00:00:00:20  yes  0.00')")
    return {"port": number(words[0]), "mac": words[1], "local": _YES[words[2]], "ageing": _seconds(words[3])}


def _pairs(line: str, part: Dict) -> None:
    """`` root port   0   path cost   0``; ``flags`` and their words"""
    text = line.strip()
    if text.split(None, 1)[0] == "flags":
        part["flags"] = text.split()[1:]
        return
    at = 0
    while at < len(text):
        found = _PAIR.match(text, at)
        if found is None:
            raise ValueError(f"{text[at : at + 40]!r} is nothing that showstp prints")
        key = found[1].replace(" ", "_")
        if key in part:
            raise ValueError(f"{found[1]!r} occurs twice")
        part[key] = _STP[found[1]](found[2])
        at = found.end()


parse: Parse[Brctl] = parser(_read, None)
