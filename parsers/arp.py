"""`arp`: the tables of net-tools (`arp`, `arp -n`, `-e`, `-a`, `-v`), busybox and toybox, and `/proc/net/arp` itself.

```
Address                  HWtype  HWaddress           Flags Mask            Iface
192.0.2.20               ether   02:00:00:00:00:0b   C                     eth0
192.0.2.99                       (incomplete)                              eth0
? (192.0.2.50) at 02:00:00:00:00:50 [ether] PERM on eth0
```
A record (:class:`parsers.records.Arp`) has ``address``, ``hwtype``, ``hwaddress``, ``flags``, ``mask`` and ``iface``, whatever
printed it: flags are the table's letters (C complete, M permanent, P published, ! dontpub, T trailers, A auto);
``hwaddress`` is None for an entry without one (incomplete or failed: the text cannot tell; published; or a device that
has no addresses), ``iface`` None where none is named. ``name`` is the name that `-a` shows beside the address. ``cut`` lists
the fields that the text cut off, or may have: a name at 23 bytes, a type at 8, an address at 20 characters or 9 octets.

What the texts cannot tell, or tell wrongly:

- a table made without `-n` has names where the addresses were, and no way back; a name may be cut;
- ``hwtype`` is ``ether`` for every type that the build does not know (InfiniBand and tunnels in Debian's); count the octets;
- an InfiniBand address never has its 20 octets: `/proc/net/arp` ends at 9;
- busybox takes a row without a hardware address apart wrongly: the device is lost (``iface`` is None);
- "no entry", "no match found" and the counts of `-v` are no entries: they yield none, and no problem.

Fields of the table may touch (``00:11:22:33:44:55:66CM``): it is cut by its columns, in bytes. Translated words are refused
(capture with ``LC_ALL=C``). toybox stops in the middle of a line at a type it does not know; that line is a problem.

>>> parse("? (192.0.2.99) at <incomplete> on eth0")
[{'address': '192.0.2.99', 'hwaddress': None, 'flags': '', 'iface': 'eth0'}]
"""

from __future__ import annotations

from .lex import Source, lazy, octets, parser, streamer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from .lex import Dict, IterParse, Parse
    from .records import Arp


_EXPECTED = "expected an entry of an ARP table (if its words are translated, capture with LC_ALL=C)"
_HEADER = ["Address", "HWtype", "HWaddress", "Flags", "Mask", "Iface"]
_PROC_HEADER = ["IP", "address", "HW", "type", "Flags", "HW", "address", "Mask", "Device"]
# `host (192.0.2.50) at 02:00:00:00:00:50 [ether] PERM PUB on eth0`; an empty address leaves two blanks
_BSD = lazy(
    r"(\S+) \(([\d.]{7,15})\) at (?:(<incomplete>|<from_interface>|\*)(?! \[)|(\S*) \[([^\]\s]{1,40})\]) +"
    r"(?:netmask (\S+) )?((?:[A-Z]+ +)*)on (\S+)$",
)
_BSD_FLAGS = {"PERM": "M", "PUB": "P", "PUP": "P", "DONTPUB": "!", "TRAIL": "T", "AUTO": "A"}
# `192.0.2.61       0x0         0xc         00:00:00:00:00:00     *        *`; the hardware address may be blank
_PROC = lazy(r"([\d.]{7,15}) +0x([0-9a-f]{1,8}) +0x([0-9a-f]{1,8}) +(?:(\S+) +)?(\S+) +(\S+)$")
_PROC_TYPES = {1: "ether", 0x20: "infiniband", 0x18: "ieee1394", 0x1B: "eui64", 0x30A: "ipgre", 0x301: "tunnel6",
               0x304: "loopback", 0x324: "ieee802154", 3: "ax25", 0xFFFE: "none"}  # fmt: skip
_PROC_FLAGS = ((2, "C"), (4, "M"), (8, "P"), (0x40, "!"), (0x10, "T"), (0x20, ""))  # 0x20: the mask is told
_FOOTER = lazy(r"Entries: (\d{1,9})\s+Skipped: (\d{1,9})\s+Found: (\d{1,9})$")
_NOTHING = lazy(
    r"(\S+ \([\d.]{7,15}\) -- no entry|(arp: )?in \d{1,9} entries no match found\.|No match found in \d{1,9} entries)$",
)
_FLAGS = lazy(r"[CMP!TA]*$")
_COMMON_FLAGS = frozenset(("C", "CM", "CMP"))
_NO_ADDRESS = ("(incomplete)", "<from_interface>", "<incomplete>", "*")
_WHOLE_TYPES = ("adaptive",)  # eight letters, and not cut


def _read(source: Source) -> Iterator[Dict]:
    split, plain = source.split, source.plain
    others = 0  # lines, since the table began, that are no rows
    bsd: dict[str, Dict] = {}
    bsd_holes: dict[str, Dict] = {}
    for line in source.lines():
        # Most lines of `arp -a` differ from one before in their addresses only.
        if line[:3] == "? (":  # `? (10.0.0.1) at 02:00:00:00:00:01 [ether] on eth0`
            address, _, rest = line[3:].partition(") at ")
            known, hwaddress = bsd.get(rest[17:]), rest[:17]
            if known is None:
                known, hwaddress = bsd_holes.get(rest), ""
            if known is not None and " " not in hwaddress and 7 <= len(address) <= 15 and not address.strip("0123456789."):
                entry = known.copy()
                entry["address"] = address
                if hwaddress:
                    entry["hwaddress"] = hwaddress
                yield entry
                continue
        words = split(line)
        # The common row has a field for each column but the mask, none of them cut.
        if len(words) == 5:
            address, hwtype, hwaddress, flags, iface = words
            if flags in _COMMON_FLAGS and len(hwaddress) == 17 and len(hwtype) < 8 and len(address) < 23 and line.isascii():
                entry = {"address": address, "hwtype": hwtype, "hwaddress": hwaddress, "flags": flags, "iface": iface}
                yield entry
                continue
        elif len(words) == 3 and words[1] == "(incomplete)" and len(words[0]) < 23 and line.isascii():
            entry = {"address": words[0], "hwaddress": None, "flags": "", "iface": words[2]}
            yield entry
            continue
        elif not words:
            others += 1
            continue
        found = _row(line.lstrip(" \t")) or _bsd(line, split) or _proc(line) or _loose(words)
        if found is not None:
            whole = "cut" not in found and "unparsed" not in found
            if plain and whole and line[:3] == "? (" and len(bsd) + len(bsd_holes) < 1000:
                rest = line.partition(") at ")[2]
                if found["hwaddress"] is None:
                    bsd_holes[rest] = found.copy()
                elif found["hwaddress"] == rest[:17]:
                    bsd[rest[17:]] = found.copy()
            yield found
        elif words in (_HEADER, _PROC_HEADER):
            others = source.number()
        else:
            reason = _no_entry(line.rstrip(), source.number() - 1 - others)
            others += 1
            if reason:
                source.fail(source.number(), line, reason)


def _no_entry(line: str, rows: int) -> str:
    """Why a line cannot be skipped as a message ("no entry", a count of entries); ``""`` where it can."""
    footer = _FOOTER.match(line)
    if footer is None:
        return "" if _NOTHING.match(line) else _EXPECTED
    entries, skipped, found = int(footer[1]), int(footer[2]), int(footer[3])
    if found > rows:
        return f"expected {found} entries above, as the last line counts; there are {rows}"
    return "" if entries == skipped + found else "expected as many entries as were skipped and found"


def _row(line: str) -> Dict | None:
    """A row of the net-tools table, cut by its columns; None where the line does not have these columns."""
    if line.isascii():
        cells = line
    else:  # widths count bytes
        cells = octets(line).decode("latin-1")
    if cells[23:25] != "  " or cells[74:75] != " " or len(cells) < 76 or len(cells) > 1000 or cells[0] in " \t":
        return None
    name, hwtype, hwaddress = cells[:23].rstrip(" "), cells[25:33].rstrip(" "), cells[33:53].rstrip(" ")
    flags, mask, iface = cells[53:59].rstrip(" "), cells[59:74].rstrip(" "), cells[75:].rstrip(" ")
    if _FLAGS.match(flags) is None or any(" " in cell or "\t" in cell for cell in (name, hwtype, hwaddress, mask, iface)):
        return None
    if hwaddress not in _NO_ADDRESS and hwaddress and ":" not in hwaddress or not iface:
        return None
    entry: Dict = {"address": _back(name)}
    if hwtype and hwtype != "*":
        entry["hwtype"] = _back(hwtype)
    entry["hwaddress"] = None if hwaddress in _NO_ADDRESS else _back(hwaddress) or None
    entry["flags"] = flags
    if mask:
        entry["mask"] = _back(mask)
    entry["iface"] = None if iface == "*" else _back(iface)
    cut = [key for key, cell, width in (("address", name, 23), ("hwtype", hwtype, 8), ("hwaddress", hwaddress, 20))
           if len(cell) == width and cell not in _WHOLE_TYPES]  # fmt: skip
    if cut:
        entry["cut"] = cut
    return entry


def _back(cell: str) -> str:
    return cell if cell.isascii() else cell.encode("latin-1").decode("utf-8", "surrogateescape")


def _bsd(line: str, split: Callable[[str], list[str]]) -> Dict | None:
    """``? (192.0.2.50) at 02:00:00:00:00:50 [ether] PERM on eth0``"""
    if " (" not in line[:300]:
        return None
    found = _BSD.match(line.strip(" \t"))
    if found is None:
        return None
    words = split(found[7])
    entry: Dict = {"address": found[2]}
    if found[1] != "?":
        entry["name"] = found[1]
    if found[5]:
        entry["hwtype"] = found[5]
    hwaddress = found[4] if found[4] not in ("", "*") else None
    entry["hwaddress"] = hwaddress
    entry["flags"] = ("C" if found[5] else "") + "".join(_BSD_FLAGS.get(word, "") for word in words)
    if found[6]:
        entry["mask"] = found[6]
    entry["iface"] = None if found[8] in ("*", "-") else found[8]
    if hwaddress and hwaddress.count(":") == 8:
        entry["cut"] = ["hwaddress"]
    unknown = [word for word in words if word not in _BSD_FLAGS]
    if unknown:
        entry["unparsed"] = unknown
    return entry


def _proc(line: str) -> Dict | None:
    """A row of /proc/net/arp."""
    found = _PROC.match(line.strip(" \t")) if " 0x" in line[:40] else None
    if found is None:
        return None
    hwtype, bits, hwaddress = int(found[2], 16), int(found[3], 16), found[4]
    entry: Dict = {"address": found[1]}
    if hwtype:
        entry["hwtype"] = _PROC_TYPES.get(hwtype, f"0x{hwtype:x}")
    known = bits & 2 and not bits & 8 or bits & 4 and not bits & 8
    entry["hwaddress"] = hwaddress if known else None
    entry["flags"] = "".join(letter for bit, letter in _PROC_FLAGS if bits & bit)
    if known:
        entry["flags"] = "C" + entry["flags"].replace("C", "")
    elif bits & 8:
        entry["flags"] = entry["flags"].replace("C", "")
    if found[5] != "*":
        entry["mask"] = found[5]
    entry["iface"] = None if found[6] == "*" else found[6]
    if known and hwaddress and hwaddress.count(":") == 8:
        entry["cut"] = ["hwaddress"]
    left = [word for word in (hwaddress,) if not known and word and word.strip("0:")]
    unknown = bits & ~sum(bit for bit, _ in _PROC_FLAGS)
    left += [f"0x{unknown:x}"] if unknown else []
    if left:
        entry["unparsed"] = left
    return entry


def _loose(words: list[str]) -> Dict | None:
    """A row of the table whose blanks a mail or a browser has folded."""
    entry: Dict
    if len(words) == 5 and words[2].count(":") >= 5 and _FLAGS.match(words[3]) is not None:
        return {"address": words[0], "hwtype": words[1], "hwaddress": words[2], "flags": words[3], "iface": words[4]}
    if len(words) == 5 and words[1] == "*" and words[2] in _NO_ADDRESS and _FLAGS.match(words[3]) is not None:
        entry = {"address": words[0], "hwaddress": None, "flags": words[3]}
        entry["iface"] = None if words[4] == "*" else words[4]
        return entry
    return None


# -- to and from the schema of `ip -j neigh` -----------------------------------------------------------------------


def as_neigh(entries: Iterable[Arp]) -> list[Dict]:
    """Convert entries to the schema of `ip -j neigh`, as far as `arp` prints its fields.

    A permanent entry has state PERMANENT, one without an address INCOMPLETE (it may have FAILED); whether another is
    REACHABLE or STALE `arp` does not show, so its ``state`` is absent. A hardware address that was cut off is left out.

    >>> as_neigh(parse("? (192.0.2.50) at 02:00:00:00:00:50 [ether] PERM on eth0"))
    [{'dst': '192.0.2.50', 'dev': 'eth0', 'lladdr': '02:00:00:00:00:50', 'state': ['PERMANENT']}]
    """
    found = []
    for entry in entries:
        neigh: Dict = {"dst": entry["address"]}
        if entry.get("iface"):
            neigh["dev"] = entry["iface"]
        hwaddress = entry.get("hwaddress")
        if hwaddress and "hwaddress" not in entry.get("cut", ()):
            neigh["lladdr"] = hwaddress
        flags = entry.get("flags", "")
        if "P" in flags:
            neigh["proxy"] = None
        elif "M" in flags:
            neigh["state"] = ["PERMANENT"]
        elif not hwaddress:
            neigh["state"] = ["INCOMPLETE"]
        found.append(neigh)
    return found


def from_neigh(neighs: Iterable[Mapping[str, Any]]) -> list[Dict]:
    """Convert neighbours in the schema of `ip -j neigh` to the entries that `arp -n` would print, in its order: proxies last.

    `arp` shows IPv4 only, and no entries in state NOARP or NONE. The type of the hardware is taken for Ethernet, as
    net-tools itself does where it does not know better.
    """
    found = []
    proxies = []
    for neigh in neighs:
        address, state = neigh.get("dst", ""), neigh.get("state", ())
        if ":" in address or not address:
            continue
        if "proxy" in neigh:
            proxies.append({"address": address, "hwaddress": None, "flags": "MP", "iface": neigh.get("dev")})
            continue
        if not state or "NOARP" in state or "NONE" in state:
            continue
        if "FAILED" in state or "INCOMPLETE" in state or not neigh.get("lladdr"):
            entry: Dict = {"address": address, "hwaddress": None, "flags": "", "iface": neigh.get("dev")}
        else:
            shown = _octets(neigh["lladdr"])
            flags = "CM" if "PERMANENT" in state else "C"
            entry = {"address": address, "hwtype": "ether", "hwaddress": shown[:20], "flags": flags, "iface": neigh.get("dev")}
            if len(shown) >= 20:
                entry["cut"] = ["hwaddress"]
        found.append(entry)
    return found + proxies


_QUAD = lazy(r"\d{1,3}(?:\.\d{1,3}){3}$")


def _octets(lladdr: str) -> str:
    """A hardware address as octets: `ip` prints the address of a tunnel as an IPv4 address."""
    return ":".join(f"{int(part):02x}" for part in lladdr.split(".")) if _QUAD.match(lladdr) else lladdr


parse: Parse[Arp] = parser(_read, None)
iter_parse: IterParse[Arp] = streamer(_read)
