"""`bridge vlan show` and `bridge vlan tunnelshow`, by iproute2 (3.10 to 7.x: plain, `-s`, `-d`, `-o`, `-compressvlans`, `-j`).

```
port              vlan-id
br0               1 PVID Egress Untagged
veth0             10-20
```
A record (:class:`parsers.records.BridgeVlan`) is a port: ``ifname`` and ``vlans``, a list of ``{"vlan", "vlanEnd"?,
"flags"?, ...}`` with the counters of `-s` and the details of `-d`; `tunnelshow` has ``tunnels`` instead. JSON with `-s`
has ``vid``; here it is ``vlan`` in every form, and an empty list of flags is absent.

4.17 to 5.4 glue the names of ports without tunnels to the next port's name, which nobody can undo: the ports of such a
`tunnelshow` have ``glued``, True.

>>> parse("port              vlan-id\\nbr0               1 PVID Egress Untagged")
[{'ifname': 'br0', 'vlans': [{'vlan': 1, 'flags': ['PVID', 'Egress Untagged']}]}]
"""

from __future__ import annotations

import re

from .lex import STDERR, Source, Words, dedented, number, on_off, parser, split, unparsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .lex import Dict, Parse
    from .records import BridgeVlan


_VID = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?$", re.ASCII)
_TUNNEL = re.compile(r"(\d{1,8})(?:-(\d{1,8}))?$", re.ASCII)
_HEADER = re.compile(r"port\s+vlan[ -]ids?(\s+tunnel[ -]id)?\s*$", re.ASCII)
# `TX: 0 bytes 0 packetsve0ve0              1`: 4.17-5.0 glue the next port's name on, and print it twice
_BEHIND_NAME = re.compile(r"^[^ \t]+", re.ASCII)
_JOINED_NAME = re.compile(r"\S+\\\t", re.ASCII)
_GLUED = re.compile(r"(?<=\d packets)(?=[^\s])", re.ASCII)
_TWICE = re.compile(r"^(\S{1,31})\1(?=\s)", re.ASCII)
_DETAILS: dict[str, Any] = {"state": str, "mcast_router": number, "neigh_suppress": on_off, "mcast_n_groups": number,
                            "mcast_max_groups": number, "msti": number}  # fmt: skip


def entries(words: Words, vlans: list[Dict], tunnel: bool = False) -> None:
    """Read ``1 PVID Egress Untagged 10 30-40`` into vlans; ValueError at a word that is none of a vlan's."""
    first = words.peek()
    details = bool(vlans) and first not in ("RX:", "TX:") and _VID.match(first) is None  # a line of details names no vlan
    unknown = False
    while words.more():
        word = words.take()
        found = None if details or unknown else _VID.match(word)
        unknown = False
        if found is not None:
            entry: Dict = {"vlan": number(found[1])}
            if found[2]:
                entry["vlanEnd"] = number(found[2])
            vlans.append(entry)
            target = _TUNNEL.match(words.peek()) if tunnel else None
            if target is not None:
                words.take()
                entry["tunid"] = number(target[1])
                if target[2]:
                    entry["tunidEnd"] = number(target[2])
        elif not vlans:
            raise ValueError(f"{word!r} is not a vlan")
        elif word == "PVID":
            vlans[-1].setdefault("flags", []).append(word)
        elif word == "untagged":  # 4.17, 4.18
            vlans[-1].setdefault("flags", []).append("Egress Untagged")
        elif word in ("Egress", "Egres") and words.peek() == "Untagged":  # the typo is in `-s` of 4.9 to 5.4
            words.take()
            vlans[-1].setdefault("flags", []).append("Egress Untagged")
        elif word in ("RX:", "TX:"):
            _counters(word[:2].lower(), words, vlans[-1])
        elif word in _DETAILS and word not in vlans[-1]:
            vlans[-1][word] = _DETAILS[word](words.take(word))
        else:
            unparsed(vlans[-1], [word])
            unknown = True  # a number behind it is its value


def _counters(direction: str, words: Words, entry: Dict) -> None:
    """``RX: 0 bytes 0 packets``"""
    for unit in ("bytes", "packets"):
        value = number(words.take(direction))
        if words.take(direction) != unit:
            raise ValueError(f"counters are in {unit}")
        if f"{direction}_{unit}" in entry:
            raise ValueError(f"{direction} {unit} occur twice")
        entry[f"{direction}_{unit}"] = value


def _is_entry(words: list[str], key: str) -> bool:
    """Whether a line is a vlan entry that lost its indentation. The first line of a port has a name in front of the entry."""
    if words[0] in ("RX:", "TX:") or words[0] in _DETAILS and len(words) > 1 and not _VID.match(words[1]):
        return True
    if _VID.match(words[0]) is None:
        return False
    numbers = sum(_TUNNEL.match(word) is not None for word in words[1:3])
    return len(words) == 2 and numbers == 1 if key == "tunnels" else numbers == 0 and words[1:] != ["None"]


def _read(source: Source) -> Iterator[Dict]:
    port: Dict | None = None
    key = "vlans"
    counted = headed = tabbed = False
    for line_number, whole in dedented(source):
        if tabbed and _JOINED_NAME.match(whole):  # -o of 4.17 and 4.18
            whole = whole.replace("\\\t", "\t", 1)
        if "\\" in _BEHIND_NAME.sub("", whole, count=1):  # -o; a name may hold a backslash, too
            whole = whole.replace("\\", "\n")
        for line in _GLUED.sub("\n", whole).split("\n"):
            if not line.strip():
                continue
            header = _HEADER.match(line)
            if header is not None:
                headed = True
                key = "tunnels" if header[1] else "vlans"
                tabbed = "\t" in line
                counted = "vlan id" in line and not tabbed
                continue
            words = split(line)
            try:
                if line[0] not in " \t" and not (port is not None and headed and _is_entry(words, key)):
                    if counted:
                        words = split(_TWICE.sub(r"\1", line, count=1))
                    if len(words) > 1 and words[1] != "None" and not _VID.match(words[1]):
                        raise ValueError("expected a port and its vlans ('br0  1 PVID')")
                    if port is not None:
                        yield port
                    port = {"ifname": words[0], key: []}
                    if tabbed and key == "tunnels":
                        port["glued"] = True
                    words = [word for word in words[1:] if word != "None"]
                elif port is None:
                    raise ValueError("expected a port above its vlans")
                entries(Words(words), port.setdefault(key, []), key == "tunnels")
            except ValueError as error:
                source.fail(line_number, line, str(error))
                if line[0] not in " \t" and port is not None and not STDERR.match(line):
                    yield port  # what follows is not this port's
                    port = None
    if port is not None:
        yield port


def _tidy(record: Dict) -> list[Dict]:
    if "ifname" not in record and "dev" not in record:  # 4.7-4.16: one object with the ports as keys
        tunnels = any("tunid" in vlan for vlans in record.values() for vlan in vlans)
        key = "tunnels" if tunnels else "vlans"
        return [{"ifname": name, key: [_vlan(vlan) for vlan in vlans]} for name, vlans in record.items()]
    key = "tunnels" if "tunnels" in record else "vlans"
    vlans: list[Dict] = next((record[name] for name in ("vlans", "tunnels", "xstats") if name in record), [])
    return [{"ifname": record.get("ifname", record.get("dev")), key: [_vlan(vlan) for vlan in vlans]}]


def _vlan(vlan: Dict) -> Dict:
    """Today's keys for one vlan of any release."""
    flags = list(vlan.get("flags", []))
    for old, name in (("pvid", "PVID"), ("untagged", "Egress Untagged")):
        if old in vlan:
            del vlan[old]
            flags.append(name)
    entry = {"vlan": vlan["vlan"] if "vlan" in vlan else vlan["vid"]}
    entry.update((key, value) for key, value in vlan.items() if key not in ("vlan", "vid", "flags"))
    if flags:
        entry["flags"] = flags
    return entry


parse: Parse[BridgeVlan] = parser(_read, _tidy, record="BridgeVlan")
