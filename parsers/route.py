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
(+2**32), and a destination of IPv6 that net-tools robbed of its ``::ffff:`` gets it back. ``cut`` lists the fields that the
text cut off, or may have: a name at 15 characters, with `-ee` an interface at 6. The files of /proc give the same rows;
``bits`` holds flags of the kernel that have no letter; the byte order of `/proc/net/route` is that of its masks.

What the texts cannot tell, or tell wrongly:

- a blackhole or throw route is ``U`` without an interface, an unreachable or prohibit route ``!``; toybox shows
  prohibit as ``U``; ``via inet6`` is a gateway 0.0.0.0; of IPv4 multipath there is the first nexthop only;
- IPv6 lists all tables without naming them, local and multicast routes included, and the kernel's own reject rows;
- `default` of net-tools 1.60 and busybox may be 0.0.0.0/1: the genmask tells;
- the letters of IPv6 differ: ``D`` is net-tools' default route, and busybox' dynamic one;
- toybox without `-n` writes `default` for whatever it cannot resolve; such a row is refused;
- net-tools of 2002 to 2018 glue a Use of six digits to Ref: the glued word is ``unparsed``.

>>> [row] = parse("default         192.0.2.1       0.0.0.0         UG    0      0        0 eth0")
>>> row["destination"], row["gateway"], row["metric"]
('default', '192.0.2.1', 0)
"""

from __future__ import annotations

import re

from .lex import Remembered, Source, number, octets, parser, streamer, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from .lex import Dict, IterParse, Parse
    from .records import RouteRow


def _mask(bits: int | None) -> str:
    if bits is None or bits > 32:
        return "?"
    value = (0xFFFFFFFF << (32 - bits)) & 0xFFFFFFFF
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


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
_TITLE = re.compile(r"Kernel (IP|IPv6) (routing (table|cache)|Neighbour Cache)\s*$", re.ASCII)
_NUMBERS = frozenset(("metric", "ref", "use", "mss", "window", "irtt"))
_MASK = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$", re.ASCII)
_FLAGS = re.compile(r"[UGHRDMACSaceofplnuwitdm!]{1,24}$", re.ASCII)
_COMMON_FLAGS = frozenset(("U", "UG", "UGH", "UH"))
_HEX8 = re.compile(r"[0-9A-Fa-f]{8}$", re.ASCII)
_HEX32 = re.compile(r"[0-9A-Fa-f]{32}$", re.ASCII)
_EXPECTED = "expected a row of a routing table (if its words are translated, capture with LC_ALL=C)"
_TOYBOX = "'default' with this genmask is what toybox writes for any network it cannot name: capture with -n"
# bit -> letter, in the order of printing
_V4_FLAGS = ((1, "U"), (2, "G"), (0x200, "!"), (4, "H"), (8, "R"), (0x10, "D"), (0x20, "M"))
_V6_FLAGS = ((1, "U"), (0x200, "!"), (2, "G"), (4, "H"), (0x10000, "D"), (0x40000, "A"), (0x1000000, "C"),
             (0x20000, "a"), (0x400000, "e"), (0x20, "m"), (0x200000, "n"))  # fmt: skip
_MASKS = {_mask(bits): bits for bits in range(33)}


def _metric(word: str) -> int | None:
    """A metric; printed signed by net-tools up to 2.10, and by busybox"""
    if word == "-":
        return None
    value = number(word)
    return value + (1 << 32) if value < 0 else value


_metrics = Remembered(_metric)
_counts = Remembered(lambda word: None if word == "-" else number(word))


def _read(source: Source) -> Iterator[Dict]:
    split = source.split
    columns: tuple[str, ...] | None = None
    plain = False  # whether these are the columns of `route -n`
    pending: list[tuple[int, str, list[str]]] = []  # of /proc/net/route, until its byte order is known
    big: bool | None = None
    for line_number, line in source.numbered():
        words = split(line)
        if plain and len(words) == 8:
            destination, gateway, genmask, flags, metric, ref, use, iface = words
            if (
                flags in _COMMON_FLAGS and genmask in _MASKS and iface != "*" and iface != "-" and destination != "default"
                and len(destination) < 15 and len(gateway) < 15
            ):  # fmt: skip
                try:
                    yield {
                        "destination": destination, "gateway": gateway, "genmask": genmask, "flags": flags,
                        "metric": _metrics[metric], "ref": _counts[ref], "use": _counts[use], "iface": iface,
                    }  # fmt: skip
                    continue
                except ValueError:
                    pass  # find out below
        if not words:
            continue
        if len(words) == 11 and _is_proc4(words):
            pending.append((line_number, line, words))
            big = _byte_order(words) if big is None else big
            if big is not None or len(pending) > 10_000:
                yield from _proc4(pending, bool(big), source)
                pending = []
            continue
        if pending:
            yield from _proc4(pending, bool(big), source)
            pending = []
        try:
            row = _row(columns, words) if columns is not None and len(words) == len(columns) else None
            if row is None:
                header = _HEADERS.get(tuple(words[:12]))
                if header is not None:
                    columns, plain = header, header == _PLAIN
                    continue
                if words == _PROC or _TITLE.match(line):
                    columns, plain, big = None, False, None
                    continue
                row = _proc6(words) if len(words) == 10 and _HEX32.match(words[0]) and _HEX32.match(words[4]) else None
                row = row or _row(_guess(line, words), words) or _glued(words)
            if row is None:
                raise ValueError(_EXPECTED)
        except ValueError as error:
            source.fail(line_number, line, str(error))
        else:
            yield row
    yield from _proc4(pending, bool(big), source)


# `0.0.0.0         192.0.2.1       0.0.0.0         UG        0 0          0 eth0`: with -e, MSS is set to the right
_RIGHT = re.compile(r" ([^ ]{1,5})( +)[0-9-]+ [0-9-]+ +[0-9-]+ [^ ]+ *$", re.ASCII)


def _guess(line: str, words: list[str]) -> tuple[str, ...]:
    """The columns of a row whose header was cut off, or is translated, by the shape of the row."""
    if len(words) == 8 and _MASK.match(words[2]) and _FLAGS.match(words[3]):
        right = _RIGHT.search(line[-100:])
        return _E if right and len(right[1]) + len(right[2]) > 6 else _PLAIN
    if len(words) == 11 and _MASK.match(words[2]) and _FLAGS.match(words[3]):
        return (*_PLAIN, "mss", "window", "irtt")
    if len(words) == 7 and "/" in words[0] and (":" in words[1] or "]" in words[1]) and _FLAGS.match(words[2]):
        return _V6
    return ()


def _row(columns: tuple[str, ...], words: list[str]) -> Dict | None:
    """A row as a record; None where the words do not fit the columns. Raises ValueError for impossible values."""
    row: Dict = dict(zip(columns, words))
    if not row or not _FLAGS.match(row["flags"]):
        return None
    iface = row["iface"]
    try:
        for key in columns:
            if key in _NUMBERS:
                row[key] = _metrics[row[key]] if key == "metric" else _counts[row[key]]
    except ValueError:
        return None
    if iface in ("*", "-"):
        row["iface"] = None
    destination = row["destination"]
    if "next_hop" in row:
        if "/" not in destination:
            return None
        if "." in destination and ":" not in destination and destination[0].isdigit():
            row["destination"] = "::ffff:" + destination  # net-tools drops it
        return row
    if "genmask" in row:
        if row["genmask"] not in _MASKS:
            return None
        if destination == "default" and _MASKS[row["genmask"]]:
            raise ValueError(_TOYBOX)
    cut = [key for key in ("destination", "gateway") if len(octets(row[key])) == 15 and not _MASK.match(row[key])]
    if len(columns) == 11 and len(octets(iface)) == 6:
        cut.append("iface")
    if cut:
        row["cut"] = cut
    return row


def _glued(words: list[str]) -> Dict | None:
    """A row of 2002-2018 in which a large Use touches Ref: ``1123456`` cannot be separated with certainty."""
    if len(words) != 6 or not _FLAGS.match(words[2]) or not words[4].isdigit() or "/" not in words[0]:
        return None
    if ":" not in words[1] and words[1] != "[::]" or words[3] not in _metrics and not words[3].lstrip("-").isdigit():
        return None
    return {
        "destination": words[0], "next_hop": words[1], "flags": words[2], "metric": _metrics[words[3]],
        "iface": words[5], "unparsed": [words[4]],
    }  # fmt: skip


# -- the files of /proc --------------------------------------------------------------------------------------------


def _is_proc4(words: list[str]) -> bool:
    return bool(_HEX8.match(words[1]) and _HEX8.match(words[2]) and _HEX8.match(words[7]))


def _byte_order(words: list[str]) -> bool | None:
    """Whether a row of /proc/net/route is big-endian, told by its mask; None where the mask is valid in both byte orders."""
    little, big = (_address(words[7], order) in _MASKS for order in (False, True))
    return None if little == big else big


def _proc4(rows: list[tuple[int, str, list[str]]], big: bool, source: Source) -> Iterator[Dict]:
    """Rows of /proc/net/route."""
    for line_number, line, words in rows:
        try:
            mask = _address(words[7], big)
            if mask not in _MASKS:
                raise ValueError("expected a mask in the byte order of the rows above")
            row: Dict = {
                "destination": _address(words[1], big), "gateway": _address(words[2], big), "genmask": mask,
                "flags": "", "metric": number(words[6]), "ref": number(words[4]), "use": number(words[5]),
                "iface": None if words[0] == "*" else words[0],
                "mss": number(words[8]), "window": number(words[9]), "irtt": number(words[10]),
            }  # fmt: skip
            _set_flags(row, _hex(words[3], 8), _V4_FLAGS)
            if "!" in row["flags"]:  # net-tools prints it in place of these
                row["flags"] = row["flags"].replace("U", "").replace("G", "")
        except ValueError as error:
            source.fail(line_number, line, str(error))
        else:
            yield row


def _set_flags(row: Dict, bits: int, letters: tuple[tuple[int, str], ...]) -> None:
    row["flags"] = "".join(letter for bit, letter in letters if bits & bit)
    unknown = bits & ~sum(bit for bit, _ in letters)
    if unknown:
        row["bits"] = unknown


def _hex(word: str, digits: int) -> int:
    if len(word) > digits or not all(digit in "0123456789abcdefABCDEF" for digit in word):
        raise ValueError(f"expected a hexadecimal number of {digits} digits, not {word[:20]!r}")
    return int(word, 16)


def _address(word: str, big: bool) -> str:
    """``0101A8C0`` as 192.168.1.1: the four bytes as they lie in memory"""
    octets = [str(int(word[at : at + 2], 16)) for at in range(0, 8, 2)]
    return ".".join(octets if big else octets[::-1])


def _proc6(words: list[str]) -> Dict:
    """A row of /proc/net/ipv6_route; all tables, none named."""
    row: Dict = {"destination": f"{_address6(words[0])}/{_hex(words[1], 2)}"}
    if _hex(words[3], 2) or _hex(words[2], 32):
        row["source"] = f"{_address6(words[2])}/{_hex(words[3], 2)}"
    row.update(
        next_hop=_address6(words[4]), flags="", metric=_hex(words[5], 8), ref=_hex(words[6], 8), use=_hex(words[7], 8),
        iface=words[9],
    )  # fmt: skip
    _set_flags(row, _hex(words[8], 8), _V6_FLAGS)
    return row


def _address6(word: str) -> str:
    import ipaddress  # only for those who have /proc/net/ipv6_route

    value = _hex(word, 32)
    if value >> 32 == 0xFFFF or value >> 32 == 0 and value >> 16:  # as every binary writes it: ::ffff:192.0.2.5
        return f"{'::ffff:' if value >> 32 else '::'}{ipaddress.IPv4Address(value & 0xFFFFFFFF)}"
    return str(ipaddress.IPv6Address(value))


# -- to and from the schema of `ip -j route` -----------------------------------------------------------------------


def as_routes(rows: Iterable[RouteRow]) -> list[Dict]:
    """Convert rows to the schema of `ip -j route`, as far as `route` prints its fields.

    A reject route becomes ``unreachable`` (prohibit looks the same), one without an interface ``blackhole`` (so does throw);
    with IPv6, a row for an own address ``local`` (anycast looks the same), ff00::/8 ``multicast``, and the kernel's own
    reject rows are left out. `-e` tells ``advmss``, ``window`` and ``rtt``, in ``metrics``.

    >>> as_routes(parse("192.0.2.0       10.0.0.1        255.255.255.0   UG    5      0        0 eth0"))
    [{'dst': '192.0.2.0/24', 'gateway': '10.0.0.1', 'dev': 'eth0', 'metric': 5, 'flags': []}]
    """
    return [_as_route6(row) if "next_hop" in row else _as_route4(row) for row in rows if not _is_null(row)]


def _is_null(row: RouteRow) -> bool:
    """Whether a row is one of the kernel's two internal rows, which every namespace has and `ip` never prints."""
    return (
        row.get("metric") == 0xFFFFFFFF and row["destination"] in ("::/0", "[::]/0") and row.get("iface") == "lo"
        and "!" in row.get("flags", "")
    )  # fmt: skip


def _as_route4(row: RouteRow) -> Dict:
    route: Dict = {}
    flags, destination = row.get("flags", ""), row["destination"]
    if "!" in flags:
        route["type"] = "unreachable"
    elif row.get("iface") is None:
        route["type"] = "blackhole"
    bits = _MASKS[row["genmask"]] if "genmask" in row else 32
    if bits == 0:
        destination = "default"
    elif bits < 32:
        destination = f"{'0.0.0.0' if destination == 'default' else destination}/{bits}"
    route["dst"] = destination
    if row.get("source") is not None:
        route["from"] = row["source"]
    if "G" in flags and row.get("gateway") not in ("0.0.0.0", "*", "-"):
        route["gateway"] = row["gateway"]
    if row.get("iface") is not None:
        route["dev"] = row["iface"]
    if row.get("metric"):
        route["metric"] = row["metric"]
    route["flags"] = []
    metrics = {}
    if row.get("window"):
        metrics["window"] = row["window"]
    if row.get("irtt"):
        metrics["rtt"] = row["irtt"]
    if row.get("mss"):
        metrics["advmss"] = row["mss"] - 40
    if metrics:
        route["metrics"] = [metrics]
    return route


def _as_route6(row: RouteRow) -> Dict:
    route: Dict = {}
    flags = row.get("flags", "")
    address, _, bits = row["destination"].replace("[::]", "::").partition("/")
    if "!" in flags:
        route["type"] = "unreachable"
    elif "n" in flags:
        route["type"] = "local"
    elif address == "ff00::" and bits == "8":
        route["type"] = "multicast"
    route["dst"] = address if bits == "128" else "default" if (address, bits) == ("::", "0") else f"{address}/{bits}"
    if "source" in row:
        route["from"] = row["source"].removesuffix("/128")
    if "G" in flags and row["next_hop"] not in ("::", "[::]"):
        route["gateway"] = row["next_hop"]
    if row.get("iface") is not None:
        route["dev"] = row["iface"]
    if row.get("metric") is not None:
        route["metric"] = row["metric"]
    route["flags"] = []
    return route


def from_routes(routes: Iterable[Mapping[str, Any]]) -> list[Dict]:
    """Convert routes in the schema of `ip -j route` to the rows of `route -n` (the module's docstring lists what they lose).

    For IPv6 ``ref`` and ``use`` are absent, and the flags are only those that `ip` shows: U G ! n e.
    """
    from .ip_route import family_of

    found: list[Dict] = []
    for route in routes:
        kind = route.get("type", "unicast")
        dst = route["dst"]
        hops = route.get("nexthops") or [route]
        if family_of(route) == "inet6":
            found += [_row6(route, hop, kind) for hop in hops]
        elif kind not in ("local", "broadcast", "anycast", "multicast", "nat") and _is_ipv4(dst):
            found.append(_row4(route, hops[0], kind))
    return found


def _is_ipv4(dst: str) -> bool:
    return dst == "default" or "." in dst or "/" in dst and dst[0] == "0"


def _row4(route: Mapping[str, Any], hop: Mapping[str, Any], kind: str) -> Dict:
    address, _, bits = ("0.0.0.0", "", "0") if route["dst"] == "default" else route["dst"].partition("/")
    reject = kind in ("unreachable", "prohibit")
    gateway = hop.get("gateway", "")
    flags = "!" if reject else "U" + ("G" if gateway or "via" in hop else "")
    return {
        "destination": address if "." in address else "0.0.0.0", "gateway": "-" if reject else gateway or "0.0.0.0",
        "genmask": _mask(whole(bits or "32")), "flags": flags + ("H" if bits in ("", "32") else ""),
        "metric": route.get("metric", 0), "ref": None if reject else 0, "use": 0,
        "iface": hop.get("dev") if kind in ("unicast", "1") else None,
    }  # fmt: skip


def _row6(route: Mapping[str, Any], hop: Mapping[str, Any], kind: str) -> Dict:
    address, _, bits = ("::", "", "0") if route["dst"] == "default" else route["dst"].partition("/")
    gateway = hop.get("gateway", "")
    reject = kind in ("unreachable", "prohibit", "blackhole", "throw")
    flags = "!n" if reject else "U" + ("G" if gateway else "") + ("e" if "expires" in route else "")
    return {
        "destination": f"{address}/{bits or 128}", "next_hop": gateway or "::",
        "flags": flags + ("n" if kind in ("local", "anycast") else ""), "metric": route.get("metric", 0),
        "iface": hop.get("dev"),
    }  # fmt: skip


parse: Parse[RouteRow] = parser(_read, None)
iter_parse: IterParse[RouteRow] = streamer(_read)
