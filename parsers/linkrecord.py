"""The record that `ip link`, `ip address` and `bridge link` begin with, from its first line to its last.

```
2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000
    link/ether 02:42:ac:11:00:02 brd ff:ff:ff:ff:ff:ff link-netnsid 0 promiscuity 0 allmulti 0 minmtu 68 maxmtu 65535
    veth addrgenmode eui64 numtxqueues 1 numrxqueues 1
    alias the cable to "blue"
```
A line is told by its first word, not by its indentation (mails lose it). With `-o` the lines are joined by a
backslash. Every release from 3.10 is read by its shape.
"""

from __future__ import annotations

import re

from . import linkinfo, linkstats
from .lex import STDERR, Grammar, Source, Words, bracketed, number, unparsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .lex import Dict

    Body = Callable[["Record", str, list[str]], bool]

# `2: eth0@if7: <BROADCAST,UP> mtu 1500 ...`; the name may hold anything but a blank.
HEADER = re.compile(r"(\d{1,10}): (\S+): <([^ ]*)>(?: (.*))?$", re.ASCII | re.DOTALL)
_NUMBERED = re.compile(r"\d{1,10}: ", re.ASCII)
# `31: ve0 state UP @ve1: <BROADCAST,UP> mtu 1500 ...`: `bridge link` up to 4.16
_OLD_BRIDGE = re.compile(r"(\d{1,10}): (\S+) state (\S+) (?:@(\S+))?: <([^ ]*)>(?: (.*))?$", re.ASCII | re.DOTALL)
# `-o` joins lines with a backslash and keeps the indentation behind it.
_JOINT = re.compile(r"\\(?=    |\t)")
# `state 0x9mode DEFAULT`: an operational state without a name is printed without a blank behind it.
_GLUED = re.compile(r"\b(state 0x[0-9a-f]+|ff:ff)(?=mode |protodown)", re.ASCII)
# `geneve externaladdrgenmode eui64`: 4.16 to 5.0
_GLUED_EXTERNAL = re.compile(r"\bgeneve external(?=[a-z])", re.ASCII)
# `LOWER_UP100`: busybox adds up the flags it has no name for and glues them on in hexadecimal.
_GLUED_FLAG = re.compile(r"([A-Z_-]+?)([0-9a-f]+)$", re.ASCII)


def _operstate(words: Words, record: Dict) -> None:
    state = words.take("state")
    if state.startswith("0x"):
        record["operstate_index"] = int(state, 16)
    else:
        record["operstate"] = state


def _linkmode(words: Words, record: Dict) -> None:
    mode = words.take("mode")
    record["linkmode_index" if mode.isdigit() else "linkmode"] = number(mode) if mode.isdigit() else mode


def _protodown(words: Words, record: Dict) -> None:
    if words.take("protodown") != "on":
        raise ValueError("protodown is always 'on'")
    record["proto_down"] = True


def _protodown_reason(words: Words, record: Dict) -> None:
    record["proto_down_reason"] = bracketed(words.take("protodown_reason"))


def _netns_name(key: str) -> Callable[[Words, Dict], None]:
    """A namespace's name may hold blanks; it ends where a known word or the line does."""

    def rule(words: Words, record: Dict) -> None:
        name = [words.take(key)]
        while words.more() and words.peek() not in DETAIL:
            name.append(words.take())
        record[key] = " ".join(name)

    return rule


def _netnsid(words: Words, record: Dict) -> None:
    value = words.take("link-netnsid")
    record["link_netnsid"] = -1 if value == "unknown" else number(value)


# What stands on a link's lines beside its kind, wherever `-d` and the release put it.
DETAIL = Grammar(
    {
        "promiscuity": ("promiscuity", number),
        "allmulti": ("allmulti", number),
        "minmtu": ("min_mtu", number),
        "maxmtu": ("max_mtu", number),
        "addrgenmode": ("inet6_addr_gen_mode", str),
        "numtxqueues": ("num_tx_queues", number),
        "numrxqueues": ("num_rx_queues", number),
        **{
            name: (name, number)
            for name in (
                "gso_max_size gso_max_segs tso_max_size tso_max_segs gro_max_size gso_ipv4_max_size gro_ipv4_max_size"
            ).split()
        },
        "portname": ("phys_port_name", str),
        "portid": ("phys_port_id", str),
        "switchid": ("phys_switch_id", str),
        "parentbus": ("parentbus", str),
        "parentdev": ("parentdev", str),
        "permaddr": ("permaddr", str),
        "new-ifindex": ("new_ifindex", number),
        "new-netnsid": ("new_netnsid", number),
    },
    {"netns-immutable": ("netns-immutable", True)},
    {
        "protodown": _protodown,
        "protodown_reason": _protodown_reason,
        "link-netns": _netns_name("link_netns"),
        "new-netns": _netns_name("new_netns"),
        "link-netnsid": _netnsid,
    },
)

XDP_MODES = {"xdp": 1, "xdpdrv": 1, "xdpgeneric": 2, "xdpoffload": 3, "xdpmulti": 4}


def _xdp(word: str) -> Callable[[Words, Dict], None]:
    def rule(words: Words, record: Dict) -> None:
        record.setdefault("xdp", {})["mode"] = XDP_MODES[word]

    return rule


TAIL = Grammar(
    {
        "mtu": ("mtu", number),
        "qdisc": ("qdisc", str),
        "master": ("master", str),
        "group": ("group", str),
        "qlen": ("txqlen", number),
        "mode": ("linkmode", str),
        "state": ("operstate", str),
        **DETAIL.values,
    },
    {**DETAIL.flags},
    {**DETAIL.rules, **{word: _xdp(word) for word in XDP_MODES}},
)
# Unknown states and modes are numbers; told apart before the table is asked.
_ODD_TAIL = Grammar(
    {key: value for key, value in TAIL.values.items() if key not in ("state", "mode")},
    TAIL.flags,
    {**TAIL.rules, "state": _operstate, "mode": _linkmode},
)


class Record:
    """A record while its lines come in: what is open decides where the next line belongs."""

    def __init__(self, fields: Dict) -> None:
        self.fields = fields
        self.kind: tuple[Grammar, Dict] | None = None
        self.counters: tuple[Dict, str, list[str]] | None = None
        self.alias_open = False
        self.at = (0, "")
        self.heading = (0, "")
        self.lost: list[tuple[int, str]] = []  # headings of counters that did not come

    # -- one line ---------------------------------------------------------------------------------------------

    def line(self, line: str) -> bool:
        """Take one line behind the first; False if it is none of this record's. ValueError says what is wrong."""
        if "geneve external" in line:
            line = _GLUED_EXTERNAL.sub(r"geneve external ", line)
        words = [word for word in line.replace("\t", " ").split(" ") if word]
        first = words[0]
        if self.counters is not None and not STDERR.match(line):
            into, direction, keys = self.counters
            self.counters = None
            if not first[0].isdigit():
                self.lost.append(self.heading)
            else:
                try:
                    linkstats.values(into, direction, keys, words)
                except ValueError:
                    self.lost.append(self.heading)
                    raise
                return True
        alias_open, self.alias_open = self.alias_open, False
        if first[:5] == "link/":
            self._link(words)
        elif first == "alias" and "ifalias" not in self.fields:
            self.fields["ifalias"] = line.lstrip(" ").partition(" ")[2]
            self.alias_open = True
        elif first == "altname":
            self.fields.setdefault("altnames", []).append(line.lstrip(" ").partition(" ")[2])
        elif first in ("RX:", "TX:", "RX", "TX") and self._counters(words):
            pass
        elif first == "vf" and len(words) > 1 and words[1].isdigit():
            self.fields.setdefault("vfinfo_list", []).append(linkstats.vf(line))
        elif first[:8] == "prog/xdp":
            self._program(words)
        elif self.kind is not None and first in self.kind[0]:
            self.kind[0].read(words, self.kind[1], 0, DETAIL, self.fields)
        elif first in DETAIL:
            DETAIL.read(words, self.fields)
        elif self._opens_kind(line, first):
            self._kind(words)
        elif alias_open and line[:1] != " " and not STDERR.match(line):
            self.fields["ifalias"] += "\n" + line
            self.alias_open = True
        elif self.kind is not None and line.startswith("      "):
            unparsed(self.fields, words)
        else:
            return False
        return True

    def _link(self, words: list[str]) -> None:
        """``link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0``; the address may be missing."""
        if "link_type" in self.fields:
            raise ValueError("a link has one line 'link/...'")
        self.fields["link_type"] = words[0][5:]
        at = 1
        if len(words) > at and words[at] not in DETAIL:
            self.fields["address"] = words[at]
            at += 1
            if len(words) > at + 1 and words[at] in ("brd", "peer"):
                if words[at] == "peer":
                    self.fields["link_pointtopoint"] = True
                self.fields["broadcast"] = words[at + 1]
                at += 2
        DETAIL.read(words, self.fields, at)

    def _counters(self, words: list[str]) -> bool:
        found = linkstats.header(words)
        if found is None:
            return False
        functions = self.fields.get("vfinfo_list")
        if functions:
            into = functions[-1].setdefault("stats", {})
        else:
            into = self.fields.setdefault("stats64", {})
        self.counters = (into, *found)
        self.heading = self.at
        return True

    def _program(self, words: list[str]) -> None:
        """``prog/xdp id 12 name drop tag 3b185187f1855c4c jited``"""
        xdp = self.fields.setdefault("xdp", {})
        program: Dict = {}
        _PROGRAM.read(words, program, 1)
        if words[0][5:] not in XDP_MODES:
            raise ValueError(f"expected 'prog/xdp', got {words[0]!r}")
        mode = XDP_MODES[words[0][5:]]
        xdp.setdefault("attached", []).append({"mode": mode, "prog": program})
        xdp.setdefault("prog", program)

    def _opens_kind(self, line: str, first: str) -> bool:
        info = self.fields.get("linkinfo", {})
        slave = first.endswith("_slave")
        if ("info_slave_kind" if slave else "info_kind") in info:
            return False
        if first in linkinfo.KINDS:
            return True
        return line[:4] == "    " and line[4:5] != " " and re.fullmatch(r"[a-z][a-z0-9_-]*", first) is not None

    def _kind(self, words: list[str]) -> None:
        kind = words[0]
        info = self.fields.setdefault("linkinfo", {})
        grammar = linkinfo.KINDS.get(kind, linkinfo.UNKNOWN)
        data: Dict = {}
        part = "info_slave_data" if kind.endswith("_slave") else "info_data"
        if part == "info_slave_data":
            info["info_slave_kind"] = kind[: -len("_slave")]
        else:
            info["info_kind"] = kind
        self.kind = (grammar, data)
        info[part] = data
        grammar.read(words, data, 1, DETAIL, self.fields)

    # -- the end ----------------------------------------------------------------------------------------------

    def close(self) -> Dict:
        """The record, without parts that stayed empty."""
        if self.counters is not None:
            self.counters = None
            self.lost.append(self.heading)
        info = self.fields.get("linkinfo")
        if info:
            for part in ("info_data", "info_slave_data"):
                if not info.get(part, True):
                    del info[part]
        return self.fields


_PROGRAM = Grammar(
    {
        "id": ("id", number),
        "name": ("name", str),
        "tag": ("tag", str),
        "load_time": ("load_time", number),
        "created_by_uid": ("created_by_uid", number),
        "btf_id": ("btf_id", number),
    },
    {"jited": ("jited", 1)},
)


def flags(text: str) -> list[str]:
    """The names between ``<`` and ``>``; busybox's glued remainder becomes a word of its own, as iproute2 prints it."""
    names = text.split(",") if text else []
    for position, name in enumerate(names):
        if name[-1:] in "0123456789" and not name[:1].isdigit():
            found = _GLUED_FLAG.match(name)
            if found:
                names[position : position + 1] = [found[1], found[2]]
            break
    return names


def header(line: str, tail_grammar: Grammar | None = None) -> Record | None:
    """The record that a first line opens, or None. Its ``ifname`` still has the peer behind ``@``."""
    found = HEADER.match(line)
    if found is None:
        old = _OLD_BRIDGE.match(line)
        if old is None:
            return None
        name = f"{old[2]}@{old[4]}" if old[4] else old[2]
        fields: Dict = {"ifindex": int(old[1]), "ifname": name, "flags": flags(old[5]), "operstate": old[3]}
        tail = old[6] or ""
    else:
        fields = {"ifindex": int(found[1]), "ifname": found[2], "flags": flags(found[3])}
        tail = found[4] or ""
    if tail_grammar is not None:
        tail_grammar.read(tail.split(), fields)
    elif "state 0x" in tail or "mode " in tail and "mode D" not in tail:
        words = _GLUED.sub(r"\1 ", tail).split()
        _ODD_TAIL.read(words, fields)
    elif " xdp" in tail and "/id:" in tail:
        _odd_xdp(tail, fields)
    else:
        TAIL.read(tail.split(), fields)
    return Record(fields)


def _odd_xdp(tail: str, fields: Dict) -> None:
    """``mtu 1500 xdpgeneric/id:97 qdisc noqueue``, as `ip addr` has it."""
    words = []
    for word in tail.split():
        mode, slash, program = word.partition("/id:")
        if slash and mode in XDP_MODES and program.isdigit():
            fields["xdp"] = {"mode": XDP_MODES[mode], "prog": {"id": int(program)}}
        else:
            words.append(word)
    TAIL.read(words, fields)


def split_joined(line: str) -> list[str]:
    """The lines that `-o` joined."""
    if "\\" not in line:
        return [line]
    return [part for part in _JOINT.split(line.rstrip("\\")) if part.strip()]


def read(source: Source, body: Body | None = None, first: Callable[[str], Record | None] = header) -> Iterator[Dict]:
    """All records of a text. ``body`` is asked first for every line behind a first line (addresses, details)."""
    records: list[Dict] = []
    record: Record | None = None
    for number_, whole in source:
        for line in split_joined(whole):
            reason = ""
            opened: Record | None = None
            try:
                if line[0] != " ":
                    opened = first(line)
                if opened is not None:
                    if record is not None:
                        records.append(_close(record, source))
                    record = opened
                    continue
                if record is None:
                    reason = "expected a link's first line ('2: eth0: <...> mtu ...')"
                else:
                    record.at = (number_, line)
                    if not (body and body(record, line, line.split()) or record.line(line)):
                        reason = "expected a line of a link"
            except ValueError as error:
                reason = str(error)
            if record is not None and record.lost:
                _report_lost(record, source)
            if reason:
                source.fail(number_, line, reason)
                if record is not None and _NUMBERED.match(line):  # what follows is not the last link's
                    records.append(_close(record, source))
                    record = None
    if record is not None:
        records.append(_close(record, source))
    split_names(records)
    return iter(records)


def _close(record: Record, source: Source) -> Dict:
    fields = record.close()
    _report_lost(record, source)
    return fields


def _report_lost(record: Record, source: Source) -> None:
    while record.lost:
        source.fail(*record.lost.pop(), "expected as many counters below as it has columns")


_PEER = re.compile(r"if(\d{1,10})$", re.ASCII)


def split_names(records: list[Dict]) -> None:
    """Split ``NAME@PEER`` in place.

    Both sides may hold an ``@`` of their own. What is behind an ``@`` is the peer if it is ``NONE``, ``ifN``, or a
    name of the same listing; in a listing that is whole (it has ``lo``) a name with anything else behind is a name.
    """
    odd = [record for record in records if "@" in record["ifname"]]
    if not odd:
        return
    raw = {record["ifname"] for record in records}
    names = {name.rpartition("@")[0] or name for name in raw} | raw
    whole = any(record.get("ifindex") == 1 and record["ifname"] == "lo" for record in records)
    parents = {name[at + 1 :] for name in raw for at in range(1, len(name)) if name[at] == "@"}
    for record in odd:
        name = record["ifname"]
        splits = [(name[:at], name[at + 1 :]) for at in range(len(name) - 1, 0, -1) if name[at] == "@"]
        if not splits:
            continue
        own, peer = splits[0]
        known = [split for split in splits if split[1] in names]
        remote = peer == "NONE" or _PEER.match(peer) is not None
        if known and (not remote or "link_netns" not in record and "link_netnsid" not in record):
            own, peer = known[-1]
            remote = False
        elif not remote and len(name) <= 15 and (whole or name in parents):
            continue
        _set_peer(record, own, peer, remote)


def _set_peer(record: Dict, own: str, peer: str, remote: bool) -> None:
    record["ifname"] = own
    if remote and peer == "NONE":
        record["link"] = None
    elif remote:
        record["link_index"] = int(peer[2:])
    else:
        record["link"] = peer


def tidy(record: Dict) -> Dict | None:
    """Today's keys for a JSON object of any release; None for the empty one that a filter left behind."""
    if not record or record.keys() <= {"addr_info"} and not any(record.get("addr_info", ())):
        return None
    for old, new in (("stats644", "stats64"), ("stats", "stats64")):
        if old in record and new not in record:
            record[new] = record.pop(old)
    data = record.get("linkinfo", {}).get("info_data")
    if data and "collect_metadata" in data:  # 4.15
        data["external"] = data.pop("collect_metadata")
    return record
