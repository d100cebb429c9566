"""`route` and `netstat -r` of net-tools, busybox and toybox, and `/proc/net/route` and `/proc/net/ipv6_route` themselves.

```
Kernel IP routing table
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
default         192.0.2.1       0.0.0.0         UG    0      0        0 eth0
10.2.0.0        -               255.255.0.0     !     0      -        0 -
```
A record (:class:`parsers.records.RouteRow`) has the printed columns in lower case: ``destination``, ``gateway``,
``genmask``, ``flags``, ``metric``, ``ref``, ``use``, ``iface`` (`-e`: ``mss``, ``window``, ``irtt``); of IPv6
``destination`` with its length, ``next_hop``, ``flags``, ``metric``, ``ref``, ``use``, ``iface``. Numbers are numbers;
``-`` and ``*`` are None where a number or an interface should stand. A metric that was printed signed is brought back
(+2**32). ``cut`` lists the fields that the text may have cut off: a name at 15 characters, with `-ee` an interface at 6.

What the text cannot tell: a blackhole or throw route is ``U`` without an interface, an unreachable or prohibit route
``!``; of IPv4 multipath the first nexthop only; IPv6 lists all tables without naming them.

>>> [row] = parse("default         192.0.2.1       0.0.0.0         UG    0      0        0 eth0")
>>> row["destination"], row["gateway"], row["metric"]
('default', '192.0.2.1', 0)
"""

from __future__ import annotations

import re

from .lex import Source, number, parser, streamer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from .lex import Dict, IterParse, Parse
    from .records import RouteRow

#: `route` has no JSON to differ from.
DIFFERENCES: tuple[tuple[str, str, str], ...] = ()

_V4 = ("destination", "gateway", "genmask", "flags")
_PLAIN = (*_V4, "metric", "ref", "use", "iface")
_E = (*_V4, "mss", "window", "irtt", "iface")
_V6 = ("destination", "next_hop", "flags", "metric", "ref", "use", "iface")
# The words of a header -> the keys of the columns below it
_HEADERS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("Destination", "Gateway", "Genmask", "Flags", "Metric", "Ref", "Use", "Iface"): _PLAIN,
    ("Destination", "Gateway", "Genmask", "Flags", "MSS", "Window", "irtt", "Iface"): _E,
    ("Destination", "Gateway", "Genmask", "Flags", "Metric", "Ref", "Use", "Iface", "MSS", "Window", "irtt"): (
        *_PLAIN, "mss", "window", "irtt",
    ),
    ("Source", "Destination", "Gateway", "Flags", "Metric", "Ref", "Use", "Iface"): (
        "source", "destination", "gateway", "flags", "metric", "ref", "use", "iface",
    ),
    ("Destination", "Next", "Hop", "Flag", "Met", "Ref", "Use", "If"): _V6,
    ("Destination", "Next", "Hop", "Flags", "Metric", "Ref", "Use", "Iface"): _V6,
    ("Destination", "Next", "Hop", "Flag", "Metric", "Ref", "Use", "If"): _V6,
}  # fmt: skip
_PROC = ["Iface", "Destination", "Gateway", "Flags", "RefCnt", "Use", "Metric", "Mask", "MTU", "Window", "IRTT"]
_TITLE = re.compile(r"Kernel (IP|IPv6) (routing (table|cache)|Neighbour Cache)$|Kernel IPv6 ")
_NUMBERS = frozenset(("metric", "ref", "use", "mss", "window", "irtt"))
_MASK = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$", re.ASCII)
_FLAGS = re.compile(r"[UGHRDMACSaceofplnuwitdm!]+$", re.ASCII)
_HEX32 = re.compile(r"[0-9A-Fa-f]{32}$", re.ASCII)
_TRANSLATED = "expected a row of a routing table (if its words are translated, capture with LC_ALL=C)"
# bit -> letter, in the order of printing
_V4_FLAGS = ((1, "U"), (2, "G"), (0x200, "!"), (4, "H"), (8, "R"), (0x10, "D"), (0x20, "M"))
_V6_FLAGS = ((1, "U"), (0x200, "!"), (2, "G"), (4, "H"), (0x10000, "D"), (0x40000, "A"), (0x1000000, "C"),
             (0x20000, "a"), (0x400000, "e"), (0x20, "m"), (0x200000, "n"))  # fmt: skip


def _read(source: Source) -> Iterator[Dict]:
    columns: tuple[str, ...] | None = None
    proc: list[tuple[int, str, list[str]]] = []
    for line_number, line in source:
        words = line.split()
        if columns is not None and len(words) == len(columns):
            row = _row(columns, words)
            if row is not None:
                yield row
                continue
        if tuple(words) in _HEADERS:
            columns = _HEADERS[tuple(words)]
        elif len(words) == 10 and _HEX32.match(words[0]) and _HEX32.match(words[4]):
            try:
                yield _proc6(words)
            except ValueError as error:
                source.fail(line_number, line, str(error))
        elif words == _PROC:
            columns = ()
        elif len(words) == 11 and columns == () and re.match("[0-9A-Fa-f]{8}$", words[1]):
            proc.append((line_number, line, words))
        elif _TITLE.match(line) is None:
            guess = _guess(words)
            row = _row(guess, words) if guess and columns != () else None
            if row is None and columns == _V6:
                row = _glued(words)
            if row is None:
                source.fail(line_number, line, _TRANSLATED)
            else:
                yield row
    yield from _proc4(proc, source)


def _guess(words: list[str]) -> tuple[str, ...]:
    """The columns of a row whose header was cut off."""
    if len(words) in (8, 11) and _MASK.match(words[2]) and _FLAGS.match(words[3]):
        return _PLAIN if len(words) == 8 else (*_PLAIN, "mss", "window", "irtt")
    if len(words) == 7 and "/" in words[0] and (":" in words[1] or "]" in words[1]) and _FLAGS.match(words[2]):
        return _V6
    return ()


def _row(columns: tuple[str, ...], words: list[str]) -> Dict | None:
    row: Dict = dict(zip(columns, words))
    if not _FLAGS.match(row["flags"]):
        return None
    try:
        for key in columns:
            if key in _NUMBERS:
                value = row[key]
                row[key] = None if value == "-" else number(value)
    except ValueError:
        return None
    metric = row.get("metric")
    if metric is not None and metric < 0:
        row["metric"] = metric + (1 << 32)
    iface = row["iface"]
    if iface in ("*", "-"):
        row["iface"] = None
    if "next_hop" in row:
        destination = row["destination"]
        if "." in destination and ":" not in destination and destination[0].isdigit():
            row["destination"] = "::ffff:" + destination  # net-tools drops it
        return row
    if "genmask" in row and not _MASK.match(row["genmask"]):
        return None
    cut = [key for key in ("destination", "gateway") if len(row[key]) == 15 and not _MASK.match(row[key])]
    if len(columns) == 11 and len(iface) == 6:
        cut.append("iface")
    if cut:
        row["cut"] = cut
    return row


def _glued(words: list[str]) -> Dict | None:
    """A row of 2002-2018 in which a large Use touches Ref: ``1123456`` cannot be separated with certainty."""
    if len(words) != 6 or not _FLAGS.match(words[2]) or not words[4].isdigit() or "/" not in words[0]:
        return None
    return {
        "destination": words[0], "next_hop": words[1], "flags": words[2], "metric": number(words[3]),
        "iface": words[5], "unparsed": [words[4]],
    }  # fmt: skip


def _proc4(rows: list[tuple[int, str, list[str]]], source: Source) -> Iterator[Dict]:
    """Rows of /proc/net/route. The byte order is the one in which every mask is a mask (a router may be big-endian)."""
    big = any(not _is_mask(_address(words[7], False)) for _, _, words in rows)
    for line_number, line, words in rows:
        try:
            mask = _address(words[7], big)
            if not _is_mask(mask):
                raise ValueError("the mask is no mask in either byte order")
            bits = int(words[3][:8], 16)
            yield {
                "destination": _address(words[1], big), "gateway": _address(words[2], big), "genmask": mask,
                "flags": "".join(letter for bit, letter in _V4_FLAGS if bits & bit), "metric": number(words[6]),
                "ref": number(words[4]), "use": number(words[5]), "iface": None if words[0] == "*" else words[0],
                "mss": number(words[8]), "window": number(words[9]), "irtt": number(words[10]),
            }  # fmt: skip
        except ValueError as error:
            source.fail(line_number, line, str(error))


def _address(word: str, big: bool) -> str:
    """``0101A8C0`` as 192.168.1.1: the four bytes as they lie in memory"""
    octets = [str(int(word[at : at + 2], 16)) for at in range(0, 8, 2)] if len(word) == 8 else []
    return ".".join(octets if big else octets[::-1])


def _is_mask(address: str) -> bool:
    bits = "".join(f"{int(octet):08b}" for octet in address.split(".") if octet)
    return len(bits) == 32 and "01" not in bits


def _proc6(words: list[str]) -> Dict:
    """A row of /proc/net/ipv6_route; all tables, none named."""
    bits = int(words[8][:8], 16)
    row: Dict = {
        "destination": f"{_address6(words[0])}/{int(words[1][:2], 16)}", "next_hop": _address6(words[4]),
        "flags": "".join(letter for bit, letter in _V6_FLAGS if bits & bit),
        "metric": int(words[5][:8], 16), "ref": int(words[6][:8], 16), "use": int(words[7][:8], 16), "iface": words[9],
    }  # fmt: skip
    if int(words[3][:2], 16):
        row["source"] = f"{_address6(words[2])}/{int(words[3][:2], 16)}"
    return row


def _address6(word: str) -> str:
    import ipaddress  # only for those who have /proc/net/ipv6_route

    return str(ipaddress.IPv6Address(int(word, 16)))


# -- to and from the schema of `ip -j route` -----------------------------------------------------------------------


def as_routes(rows: Iterable[RouteRow]) -> list[Dict]:
    """The rows in the schema of `ip -j route`, as far as they say it.

    A reject route becomes ``unreachable`` (prohibit looks the same), one without an interface ``blackhole`` (so does throw).

    >>> as_routes(parse("192.0.2.0       10.0.0.1        255.255.255.0   UG    5      0        0 eth0"))
    [{'dst': '192.0.2.0/24', 'gateway': '10.0.0.1', 'dev': 'eth0', 'metric': 5, 'flags': []}]
    """
    found = []
    for row in rows:
        route: Dict = {}
        flags = row.get("flags", "")
        if "!" in flags:
            route["type"] = "unreachable"
        elif row.get("iface") is None:
            route["type"] = "blackhole"
        destination = row["destination"].replace("[::]", "::")
        if "genmask" in row:
            bits = sum(bin(int(octet)).count("1") for octet in row["genmask"].split("."))
            if bits == 0:
                destination = "default"
            elif bits < 32:
                destination = f"{'0.0.0.0' if destination == 'default' else destination}/{bits}"
        elif destination == "::/0":
            destination = "default"
        route["dst"] = destination.removesuffix("/128")
        gateway = row.get("gateway", row.get("next_hop", ""))
        if "G" in flags and gateway not in ("0.0.0.0", "*", "-", "::"):
            route["gateway"] = gateway
        iface = row.get("iface")
        if iface is not None:
            route["dev"] = iface
        metric = row.get("metric")
        if metric:
            route["metric"] = metric
        route["flags"] = []
        found.append(route)
    return found


def from_routes(routes: Iterable[Mapping[str, Any]]) -> list[Dict]:
    """What `route -n` would say of routes in the schema of `ip -j route` (see the module for what it cannot say)."""
    found = []
    for route in routes:
        kind = route.get("type", "unicast")
        dst = route["dst"]
        six = ":" in dst or ":" in route.get("gateway", "") or dst == "default" and "pref" in route
        if kind in ("local", "broadcast", "anycast", "multicast") or kind == "nat":
            continue
        hop = route.get("nexthops", [route])[0]
        gateway = hop.get("gateway", "")
        reject = kind in ("unreachable", "prohibit")
        address, _, bits = ("::/0" if six else "0.0.0.0/0").partition("/") if dst == "default" else dst.partition("/")
        host = not bits
        flags = "!" if reject else "U" + ("G" if gateway or "via" in hop else "")
        flags += "H" if host else ""
        iface = None if kind in ("blackhole", "throw", "unreachable", "prohibit") else hop.get("dev")
        if six:
            found.append(
                {"destination": f"{address}/{bits or 128}", "next_hop": gateway or "::", "flags": flags,
                 "metric": route.get("metric", 0), "ref": 0, "use": 0, "iface": iface}
            )  # fmt: skip
        else:
            found.append(
                {"destination": address, "gateway": "-" if reject else gateway or "0.0.0.0",
                 "genmask": _mask(int(bits or 32)), "flags": flags, "metric": route.get("metric", 0),
                 "ref": None if reject else 0, "use": 0, "iface": iface}
            )  # fmt: skip
    return found


def _mask(bits: int) -> str:
    value = (0xFFFFFFFF << (32 - bits)) & 0xFFFFFFFF
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


parse: Parse[RouteRow] = parser(_read, None)
iter_parse: IterParse[RouteRow] = streamer(_read)
