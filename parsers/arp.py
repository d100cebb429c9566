"""`arp`: the tables of net-tools (`arp`, `arp -n`, `-e`, `-a`, `-v`), busybox and toybox, and `/proc/net/arp` itself.

```
Address                  HWtype  HWaddress           Flags Mask            Iface
192.0.2.20               ether   02:00:00:00:00:0b   C                     eth0
192.0.2.99                       (incomplete)                              eth0
? (192.0.2.50) at 02:00:00:00:00:50 [ether] PERM on eth0
```
A record (:class:`parsers.records.Arp`) has ``address``, ``hwtype``, ``hwaddress``, ``flags``, ``mask`` and ``iface``, whatever
printed it: flags are the table's letters (C complete, M permanent, P published, ! dontpub, T trailers, A auto);
``hwaddress`` is None for an entry without one (incomplete or failed: the text cannot tell; or published), ``iface`` None
where none is named. ``name`` is the name that `-a` shows beside the address. ``cut`` lists the fields that the text cut
off: a name at 23 bytes, a type at 8, an address at 20 characters or 9 octets.

The table is cut by column, in bytes: its fields may touch. Its type says ``ether`` for whatever the build does not know.

>>> parse("? (192.0.2.99) at <incomplete> on eth0")
[{'address': '192.0.2.99', 'hwaddress': None, 'flags': '', 'iface': 'eth0'}]
"""

from __future__ import annotations

import re

from .lex import Source, parser, streamer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from .lex import Dict, IterParse, Parse
    from .records import Arp

#: `arp` has no JSON to differ from.
DIFFERENCES: tuple[tuple[str, str, str], ...] = ()

_EXPECTED = "expected an entry of an ARP table (if its words are translated, capture with LC_ALL=C)"
_HEADER = ["Address", "HWtype", "HWaddress", "Flags", "Mask", "Iface"]
_PROC_HEADER = ["IP", "address", "HW", "type", "Flags", "HW", "address", "Mask", "Device"]
# `host (192.0.2.50) at 02:00:00:00:00:50 [ether] PERM PUB on eth0`; an empty address leaves two blanks
_BSD = re.compile(
    r"(\S+) \(([\d.]+)\) at (?:(<incomplete>|<from_interface>|\*)(?! \[)|(\S*) \[([^\]]+)\]) +"
    r"(?:netmask (\S+) )?((?:[A-Z]+ +)*)on (\S+)$",
    re.ASCII,
)
_BSD_FLAGS = {"PERM": "M", "PUB": "P", "PUP": "P", "DONTPUB": "!", "TRAIL": "T", "AUTO": "A"}
# `192.0.2.61       0x0         0xc         00:00:00:00:00:00     *        *`; the hardware address may be blank
_PROC = re.compile(r"([\d.]+) +0x([0-9a-f]+) +0x([0-9a-f]+) +(?:(\S+) +)?(\S+) +(\S+)$", re.ASCII)
_PROC_TYPES = {1: "ether", 0x20: "infiniband", 0x18: "ieee1394", 0x1B: "eui64", 0x30A: "ipgre", 0x301: "tunnel6",
               0x304: "loopback", 0x324: "ieee802154", 3: "ax25", 0xFFFE: "none"}  # fmt: skip
_PROC_FLAGS = ((2, "C"), (4, "M"), (8, "P"), (0x40, "!"), (0x10, "T"))
_FOOTER = re.compile(r"Entries: (\d+)\s+Skipped: (\d+)\s+Found: (\d+)$", re.ASCII)
_NOTHING = re.compile(r"(\S+ \([\d.]+\) -- no entry|(arp: )?(in \d+ entries no match found|No match found in \d+ entries)\.?)$")
_FLAGS = re.compile(r"[CMP!TA]*$", re.ASCII)
_NO_ADDRESS = ("(incomplete)", "<from_interface>", "<incomplete>", "*")


def _read(source: Source) -> Iterator[Dict]:
    rows = 0
    for line_number, line in source:
        row = _row(line)
        if row is not None:
            rows += 1
            yield row
            continue
        line = line.rstrip()
        words = line.split()
        footer = _FOOTER.match(line)
        if footer is not None:
            if int(footer[3][:9]) != rows:
                source.fail(line_number, line, f"the table says {footer[3]} entries, {rows} were found")
            rows = 0
        elif words in (_HEADER, _PROC_HEADER):
            continue
        else:
            entry = _bsd(line) or _proc(line) or _loose(words)
            if entry is not None:
                rows += 1
                yield entry
            elif not _NOTHING.match(line):
                source.fail(line_number, line, _EXPECTED)


def _row(line: str) -> Dict | None:
    """A row of the net-tools table, cut by its columns, or None where they are not there."""
    if line.isascii():
        cells = line
    else:  # widths count bytes
        cells = line.encode("utf-8", "surrogateescape").decode("latin-1")
    if cells[23:25] != "  " or cells[74:75] != " " or len(cells) < 76 or cells[:1] == " ":
        return None
    name, hwtype, hwaddress = cells[:23].rstrip(), cells[25:33].rstrip(), cells[33:53].rstrip()
    flags, mask, iface = cells[53:59].rstrip(), cells[59:74].rstrip(), cells[75:].rstrip()
    if not flags.isupper() and _FLAGS.match(flags) is None or name == "Address" and hwtype == "HWtype":
        return None
    if hwaddress not in _NO_ADDRESS and (":" not in hwaddress and hwaddress) or " " in hwaddress or " " in iface:
        return None
    if cells is not line:
        name, iface = _back(name), _back(iface)
    entry: Dict = {"address": name}
    if hwtype and hwtype != "*":
        entry["hwtype"] = hwtype
    entry["hwaddress"] = None if hwaddress in _NO_ADDRESS else hwaddress or None
    entry["flags"] = flags
    if mask:
        entry["mask"] = mask
    entry["iface"] = None if iface == "*" else iface
    if len(cells[:23].rstrip()) == 23 or len(hwtype) == 8 or len(hwaddress) == 20:
        lengths = (("address", len(cells[:23].rstrip()), 23), ("hwtype", len(hwtype), 8), ("hwaddress", len(hwaddress), 20))
        entry["cut"] = [key for key, length, limit in lengths if length == limit]
    return entry


def _back(cell: str) -> str:
    return cell.encode("latin-1").decode("utf-8", "surrogateescape")


def _bsd(line: str) -> Dict | None:
    """``? (192.0.2.50) at 02:00:00:00:00:50 [ether] PERM on eth0``"""
    found = _BSD.match(line)
    if found is None:
        return None
    words = found[7].split()
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
    unknown = [word for word in words if word not in _BSD_FLAGS]
    if unknown:
        entry["unparsed"] = unknown
    if hwaddress and hwaddress.count(":") == 8:
        entry["cut"] = ["hwaddress"]
    return entry


def _proc(line: str) -> Dict | None:
    """A row of /proc/net/arp."""
    found = _PROC.match(line)
    if found is None:
        return None
    hwtype, bits = int(found[2][:8], 16), int(found[3][:8], 16)
    entry: Dict = {"address": found[1]}
    if hwtype:
        entry["hwtype"] = _PROC_TYPES.get(hwtype, f"0x{hwtype:x}")
    known = bool(bits & 2) and found[4] is not None
    entry["hwaddress"] = found[4] if known else None
    entry["flags"] = "".join(letter for bit, letter in _PROC_FLAGS if bits & bit)
    if bits & 8:
        entry["hwaddress"], entry["flags"] = None, entry["flags"].replace("C", "")
    if found[5] != "*":
        entry["mask"] = found[5]
    entry["iface"] = None if found[6] == "*" else found[6]
    if known and found[4].count(":") == 8:
        entry["cut"] = ["hwaddress"]
    return entry


def _loose(words: list[str]) -> Dict | None:
    """A row of the table whose blanks a mail or a browser has folded."""
    entry: Dict
    if len(words) == 3 and words[1] == "(incomplete)":
        return {"address": words[0], "hwaddress": None, "flags": "", "iface": words[2]}
    if len(words) == 5 and words[2].count(":") >= 5 and _FLAGS.match(words[3]) is not None:
        return {"address": words[0], "hwtype": words[1], "hwaddress": words[2], "flags": words[3], "iface": words[4]}
    if len(words) == 5 and words[2] == "<from_interface>" and _FLAGS.match(words[3]) is not None:
        entry = {"address": words[0], "hwaddress": None, "flags": words[3]}
        entry["iface"] = None if words[4] == "*" else words[4]
        return entry
    return None


def as_neigh(entries: Iterable[Arp]) -> list[Dict]:
    """The entries in the schema of `ip -j neigh`, as far as they say it.

    A permanent entry has state PERMANENT, one without an address INCOMPLETE (it may have FAILED); whether another is
    REACHABLE or STALE `arp` does not say, so its ``state`` is absent.

    >>> as_neigh(parse("? (192.0.2.50) at 02:00:00:00:00:50 [ether] PERM on eth0"))
    [{'dst': '192.0.2.50', 'dev': 'eth0', 'lladdr': '02:00:00:00:00:50', 'state': ['PERMANENT']}]
    """
    found = []
    for entry in entries:
        neigh: Dict = {"dst": entry["address"]}
        if entry.get("iface"):
            neigh["dev"] = entry["iface"]
        hwaddress = entry.get("hwaddress")
        if hwaddress:
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
    """What `arp -n` would say of neighbours in the schema of `ip -j neigh`: IPv4 only, entries in state NOARP left out."""
    found = []
    for neigh in neighs:
        address = neigh.get("dst", "")
        if ":" in address or "NOARP" in neigh.get("state", ()) or "NONE" in neigh.get("state", ()):
            continue
        entry: Dict = {"address": address}
        lladdr = neigh.get("lladdr")
        if "proxy" in neigh:
            entry.update(hwaddress=None, flags="MP")
        elif not lladdr:
            entry.update(hwaddress=None, flags="")
        else:
            permanent = "PERMANENT" in neigh.get("state", ())
            entry.update(hwtype="ether", hwaddress=lladdr, flags="CM" if permanent else "C")
        entry["iface"] = neigh.get("dev")
        found.append(entry)
    return found


parse: Parse[Arp] = parser(_read, None)
iter_parse: IterParse[Arp] = streamer(_read)
