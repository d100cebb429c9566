"""`ifconfig`, `ifconfig -s` and `netstat -i`, by net-tools (1.60 and 2.10) and busybox, in the schema of `ip address`.

```
v0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500        v0        Link encap:Ethernet  HWaddr 02:00:00:00:00:01
        inet 10.0.0.1  netmask 255.255.255.0  broadcast 0.0.0.0           inet addr:10.0.0.1  Bcast:0.0.0.0  Mask:255.255.255.0
        RX packets 6  bytes 516 (516.0 B)                                 UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1
```
A record (:class:`parsers.records.Ifconfig`) is that of `ip address` as far as the text tells: ``ifname``, ``flags``, ``mtu``,
``link_type``, ``address``, ``txqlen``, ``stats64``, ``addr_info``. An alias (``v0:web``) is an address of its link, with
that ``label``. The text does not tell the scope of IPv4 addresses, second addresses without an alias, peers of links that are
not point-to-point, nor links that are down (without `-a`). Its ``frame`` and ``carrier`` are sums of several counters of the
kernel, ``dropped`` counts missed packets too, and ``RUNNING`` is a flag that `ip` does not print. Old releases cut a name at nine
characters: ``cut`` names the field that may be cut.

>>> parse("v0: flags=65<UP,RUNNING>  mtu 1500\\n        inet 10.0.0.1  netmask 255.255.255.0")[0]["addr_info"]
[{'family': 'inet', 'local': '10.0.0.1', 'prefixlen': 24, 'label': 'v0'}]
"""

from __future__ import annotations

import re

from .lex import Source, Words, dedented, number, parser, unparsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lex import Dict, Parse
    from .records import Ifconfig

# `v0: flags=4163<UP,BROADCAST>  mtu 1500`, with a metric above one `  metric 2  mtu 1500`
_NEW = re.compile(r"(\S+): flags=(\d{1,10})<([A-Z0-9,_]*)>(?: +metric (\d{1,10}))?(?: +mtu (\d{1,10}))? *$", re.ASCII)
# `v0        Link encap:Ethernet  HWaddr 02:00:00:00:00:01`, `lo        Link encap:Local Loopback  `
_OLD = re.compile(r"(\S+) +Link encap:(\S.*?)(?: +HWaddr (\S+))?(?: +Media:(\S+))? *$", re.ASCII)
_SIZE = re.compile(r"(bytes[ :])(\d{1,20}) \((\d{1,20}\.\d) ([KMGTPE]?)(i?B|b)\)", re.ASCII)  # `bytes 1220 (1.1 KiB)`
_TITLE = re.compile(r" +\(([^()]*)\) *$")
_ENCAPS = {"Ethernet": "ether", "Local Loopback": "loopback", "UNSPEC": "unspec", "Point-to-Point Protocol": "ppp",
           "IPIP Tunnel": "ipip", "IPv6-in-IPv4": "sit", "InfiniBand": "infiniband", "GRE": "gre"}  # fmt: skip
_TYPES = {"loop": "loopback", "tunnel": "ipip"}
_COUNTERS = {
    "packets": "packets", "bytes": "bytes", "errors": "errors", "dropped": "dropped", "overruns": "fifo_errors",
    "frame": "frame", "carrier": "carrier", "compressed": "compressed",
}  # fmt: skip
# The letters of `ifconfig -s`; `P` may be PROMISC or POINTOPOINT and stays a letter.
_LETTERS = {"A": "ALLMULTI", "B": "BROADCAST", "D": "DEBUG", "L": "LOOPBACK", "M": "MULTICAST", "d": "DYNAMIC", "N": "NOTRAILERS",
            "O": "NOARP", "s": "SLAVE", "m": "MASTER", "R": "RUNNING", "U": "UP"}  # fmt: skip
# column of `ifconfig -s` -> counter
_COLUMNS = {"RX-OK": ("rx", "packets"), "RX-ERR": ("rx", "errors"), "RX-DRP": ("rx", "dropped"), "RX-OVR": ("rx", "fifo_errors"),
            "TX-OK": ("tx", "packets"), "TX-ERR": ("tx", "errors"), "TX-DRP": ("tx", "dropped"),
            "TX-OVR": ("tx", "fifo_errors")}  # fmt: skip
_SCOPES = {"0x0<global>": "global", "0x10<host>": "host", "0x20<link>": "link", "0x40<site>": "site"}
_NAME_CUT = 9
# The bits of the number in front of the flags' names.
_BITS = {"UP": 1, "BROADCAST": 2, "DEBUG": 4, "LOOPBACK": 8, "POINTOPOINT": 16, "NOTRAILERS": 32, "RUNNING": 64, "NOARP": 128,
         "PROMISC": 256, "ALLMULTI": 512, "MASTER": 1024, "SLAVE": 2048, "MULTICAST": 4096, "DYNAMIC": 32768}  # fmt: skip
_EXPECTED = "expected an interface ('eth0: flags=4163<UP> mtu 1500', 'eth0 Link encap:Ethernet ...')"


def _read(source: Source) -> Iterator[Dict]:
    links: dict[str, Dict] = {}
    link: Dict | None = None
    columns: list[str] = []
    for line_number, line in dedented(source):
        words = source.split(line)
        try:
            if words[0] == "Iface" and words[-1] == "Flg" or line.strip() == "Kernel Interface table":
                columns = words if words[0] == "Iface" else []
                odd = [column for column in columns if column not in (*_COLUMNS, "Iface", "MTU", "Met", "Flg")]
                if odd:
                    raise ValueError(f"{odd[0][:40]!r} is not a column of this table")
                continue
            if columns and _NEW.match(line) is None and _OLD.match(line) is None:
                _row(words, columns, links)
                continue
            if line[:1] in (" ", "\t"):
                if link is None:
                    raise ValueError(_EXPECTED)
                _detail(line, words, link)
                continue
            link, columns = None, []
            link = _first(line, links)
        except ValueError as error:
            source.fail(line_number, line, str(error))
    for record in links.values():
        record.pop("label", None)
        yield record


def _known(name: str, links: dict[str, Dict]) -> Dict:
    """The record of a link. ``v0:web`` shares the record of ``v0``, and its addresses get the label."""
    ifname = name.partition(":")[0]
    link = links.setdefault(ifname, {"ifname": ifname})
    link["label"] = name
    return link


def _first(line: str, links: dict[str, Dict]) -> Dict:
    new, old = _NEW.match(line), _OLD.match(line)
    if new is not None:
        link = _known(new[1], links)
        flags = new[3].split(",") if new[3] else []
        _say(link, "flags", flags)
        if number(new[2]) != sum(_BITS.get(flag, 1 << 33) for flag in flags):
            unparsed(link, [new[2]])
        if new[4]:
            _say(link, "metric", number(new[4]))
        if new[5]:
            _say(link, "mtu", number(new[5]))
    elif old is not None:
        link = _known(old[1], links)
        _say(link, "link_type", _ENCAPS.get(old[2], old[2]))
        if old[3]:
            _say(link, "address", old[3])
        if old[4]:
            _say(link, "media", old[4])
        if len(old[1]) == _NAME_CUT:
            link["cut"] = ["ifname"]
    else:
        raise ValueError(_EXPECTED)
    link.setdefault("addr_info", [])
    return link


def _say(link: Dict, key: str, value: object) -> None:
    """Set a field that an alias may repeat; a value that differs from the link's is kept in ``unparsed``."""
    if link.setdefault(key, value) != value:
        unparsed(link, value if isinstance(value, list) else [str(value)])


def _detail(line: str, words: list[str], link: Dict) -> None:
    first = words[0]
    if first in ("inet", "inet6"):
        link["addr_info"].append(_address(words, link["label"]))
    elif first in ("RX", "TX"):
        _counters(_without_sizes(line).split(), link)
    elif first.startswith("collisions:"):
        _pairs(words, link)
    elif first in ("device", "Interrupt:") or first.startswith(("Interrupt:", "Base", "Memory:", "DMA")):
        link["device"] = " ".join(words)
    elif "MTU:" in line:
        _old_flags(words, link)
    elif "txqueuelen" in words:
        _hardware(line, link)
    else:
        raise ValueError(f"expected a detail of an interface, not {first[:40]!r}")


def _address(words: list[str], label: str) -> Dict:
    """``inet 10.0.0.1  netmask M  broadcast B``, ``inet addr:10.0.0.1  Bcast:B  Mask:M``, ``inet6 addr: ::1/128 Scope:Host``"""
    entry: Dict = {"family": words[0]}
    cursor = Words(words, 1)
    word = cursor.take(words[0])
    if word == "addr:":
        word = cursor.take(word)
    local, slash, length = word.removeprefix("addr:").partition("/")
    entry["local"] = local
    if slash:
        entry["prefixlen"] = number(length)
    said = set()
    while cursor.more():
        key, colon, value = cursor.take().partition(":")
        if not colon:
            value = cursor.take(key)
        key = key.lower()
        if key in said:
            raise ValueError(f"{key!r} occurs twice")
        said.add(key)
        if key in ("netmask", "mask"):
            entry["prefixlen"] = _length(value)
        elif key in ("broadcast", "bcast"):
            entry["broadcast"] = value
            if value == "0.0.0.0":  # there is none
                del entry["broadcast"]
        elif key in ("destination", "p-t-p"):
            entry["address"] = value
        elif key == "prefixlen":
            entry["prefixlen"] = number(value)
        elif key == "scopeid":
            entry["scope"] = _SCOPES.get(value, value)
        elif key == "scope":
            entry["scope"] = value.lower() if value in ("Global", "Link", "Host", "Site") else value
        else:
            raise ValueError(f"{key[:40]!r} is not a word of an address")
    if entry["family"] == "inet":
        entry["label"] = label
    return entry


def _length(mask: str) -> int:
    """The prefix length of ``255.255.255.0`` (``0xffffff00`` too); ValueError for a mask with holes.

    >>> _length("255.255.240.0")
    20
    """
    parts = mask.split(".")
    if re.match(r"0x[0-9a-fA-F]{8}$", mask, re.ASCII):
        value = int(mask, 16)
    elif len(parts) == 4 and all(part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts):
        value = int.from_bytes(bytes(map(int, parts)), "big")
    else:
        raise ValueError(f"{mask[:40]!r} is not a mask")
    inverse = value ^ 0xFFFFFFFF
    if inverse & (inverse + 1):
        raise ValueError(f"the mask {mask} has holes")
    return 32 - inverse.bit_length()


def _counters(words: list[str], link: Dict) -> None:
    """``RX packets 6  bytes 516``, ``TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0``, ``RX packets:6 errors:0``"""
    stats = link.setdefault("stats64", {})
    side = stats.setdefault(words[0].lower(), {})
    cursor = Words(words, 1)
    while cursor.more():
        key, colon, value = cursor.take().partition(":")
        if key in ("RX", "TX") and not colon:  # `RX bytes:432 (432.0 B)  TX bytes:704 (704.0 B)`
            side = stats.setdefault(key.lower(), {})
            continue
        if not colon:
            value = cursor.take(key)
        if key == "collisions":
            stats.setdefault("tx", {})["collisions"] = number(value)
        elif key in _COUNTERS and _COUNTERS[key] not in side:
            side[_COUNTERS[key]] = number(value)
        else:
            raise ValueError(f"{key[:40]!r} is not a counter, or occurs twice")


def _without_sizes(line: str) -> str:
    """Remove the rounded sizes behind byte counters; a size that does not match the number in front of it stays.

    >>> _without_sizes("RX bytes:1220 (1.1 KiB)  TX bytes:516 (9.0 B)")
    'RX bytes:1220  TX bytes:516 (9.0 B)'
    >>> _without_sizes("RX bytes:3250 (3.1 Kb)")  # net-tools 1.60
    'RX bytes:3250'
    """

    def shorter(found: re.Match[str]) -> str:
        unit = (1000 if found[5] == "B" else 1024) ** (" KMGTPE".index(found[4] or " "))
        near = abs(int(found[2]) / unit - float(found[3])) <= 0.11
        return found[1] + found[2] if near else found[0]

    return _SIZE.sub(shorter, line)


def _pairs(words: list[str], link: Dict) -> None:
    """``collisions:0 txqueuelen:1000``, also with ``compressed:0`` between them"""
    for word in words:
        key, _, value = word.partition(":")
        if key == "txqueuelen":
            _say(link, "txqlen", number(value))
        elif key in ("collisions", "compressed"):
            link.setdefault("stats64", {}).setdefault("tx", {})[key] = number(value)
        else:
            raise ValueError(f"{word[:40]!r} is not a word of this line")


def _old_flags(words: list[str], link: Dict) -> None:
    """``UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1``"""
    flags: list[str] = []
    for word in words:
        key, colon, value = word.partition(":")
        if key == "MTU":
            _say(link, "mtu", number(value))
        elif key == "Metric":
            if value not in ("0", "1"):
                _say(link, "metric", number(value))
        elif not colon and word.isupper():
            flags.append(word)
        elif word not in ("[NO", "FLAGS]"):
            raise ValueError(f"{word[:40]!r} is not a flag")
    _say(link, "flags", flags)


def _hardware(line: str, link: Dict) -> None:
    """``ether 02:00:00:00:00:01  txqueuelen 1000  (Ethernet)``, ``loop  txqueuelen 1000  (Local Loopback)``"""
    title = _TITLE.search(line)
    words = _TITLE.sub("", line).split()
    if title is not None and title[1] not in _ENCAPS:
        unparsed(link, [title[1]])
    at = words.index("txqueuelen")
    if at not in (1, 2) or len(words) != at + 2:
        raise ValueError("expected 'ether ADDRESS  txqueuelen NUMBER  (Ethernet)'")
    _say(link, "link_type", _TYPES.get(words[0], words[0]))
    if at == 2:
        _say(link, "address", words[1])
    _say(link, "txqlen", number(words[at + 1]))


def _row(words: list[str], columns: list[str], links: dict[str, Dict]) -> None:
    """A row of `ifconfig -s` or `netstat -i`; an alias has no counters: ``v0:web  1500  - no statistics available -  BMRU``."""
    bare = " ".join(words[2:-1]) == "- no statistics available -"
    if len(words) != len(columns) and not bare or len(words) < 3:
        raise ValueError(f"expected {len(columns)} columns")
    if bare:
        link = _known(words[0], links)
        _say(link, "mtu", number(words[1]))
        _say(link, "flags", _letters(words[-1]))
        return
    link = {"ifname": words[0]}
    stats: Dict = {"rx": {}, "tx": {}}
    for column, word in zip(columns, words):
        if column in _COLUMNS:
            side, key = _COLUMNS[column]
            stats[side][key] = number(word)
        elif column == "MTU":
            link["mtu"] = number(word)
        elif column == "Met":
            if word not in ("0", "1"):
                link["metric"] = number(word)
        elif column == "Flg":
            link["flags"] = _letters(word)
    links[words[0]] = {**link, "stats64": stats}


def _letters(word: str) -> list[str]:
    """``BMRU`` as the names of the flags"""
    return [_LETTERS.get(letter, letter) for letter in word] if word.isalpha() and len(set(word)) == len(word) else [word]


parse: Parse[Ifconfig] = parser(_read, None)
