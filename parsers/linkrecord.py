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
from .errors import ParseError
from .lex import STDERR, Grammar, Remembered, Source, Words, bracketed, dedented, lazy, number, split, unparsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .lex import Dict

    First = Callable[[str], "Record | None"]
    Body = Callable[["Record", str], bool]
    _Listing = tuple[set[str], set[str], bool]

# `2: eth0@if7: <BROADCAST,UP> mtu 1500 ...`; the name may hold anything but a blank.
HEADER = lazy(r"(\d{1,10}): (\S{1,80}): <([^ ]*)>(?: (.*))?$", re.ASCII | re.DOTALL)
_NUMBERED = lazy(r"\d{1,10}: ", re.ASCII)
#: The problem reported for a damaged first line that is read all the same.
MANGLED = "a link's first line whose number or flags were lost"
# `13: eth0: mtu 1500 ...`, whose flags a browser took for a tag, and `eth0: <UP> mtu 1500 ...`, whose number was lost
_MANGLED = lazy(
    r"\s*(?:(\d{1,10}): )?([^\s:<>]{1,80}): (?:<([A-Z_0-9,-]*)> )?((?:mtu|qdisc) \d.*|qdisc .*)$", re.ASCII | re.DOTALL
)
# also where somebody has hidden it: `xx:xx:xx:xx:xx:xx`, `<redacted>`
_OCTETS = lazy(r"(?:[0-9a-fA-FxX*#:.]+|[<\[][\w-]+[>\]]|[A-Z0-9*]{1,6}(?:-\d{1,2})?)$", re.ASCII)
# `31: ve0 state UP @ve1: <BROADCAST,UP> mtu 1500 ...`: `bridge link` up to 4.16
_OLD_BRIDGE = lazy(r"(\d{1,10}): (\S{1,80}) state (\S+) (?:@(\S{1,80}))?: <([^ ]*)>(?: (.*))?$", re.ASCII | re.DOTALL)
# `-o` joins lines with a backslash and keeps the indentation behind it.
_JOINT = lazy(r"\\(?=    |\t)")
# `state 0x9mode DEFAULT`: an operational state without a name is printed without a blank behind it.
_GLUED = lazy(r"\b(state 0x[0-9a-f]+|ff:ff)(?=mode |protodown)", re.ASCII)
# `geneve externaladdrgenmode eui64`: 4.16 to 5.0; `vxlan external vnifilterid 0`: 6.1
_GLUED_EXTERNAL = lazy(r"\b(geneve external(?=[a-z])|vxlan external vnifilter(?=id ))", re.ASCII)
# `LOWER_UP100`: busybox adds up the flags it has no name for and glues them on in hexadecimal.
_GLUED_FLAG = lazy(r"([A-Z_-]+?)([0-9a-f]+)$", re.ASCII)


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
    """Read the name of a namespace, which may contain blanks: it ends at a known word or at the end of the line."""

    def rule(words: Words, record: Dict) -> None:
        name = [words.take(key)]
        while words.more() and words.peek() not in DETAIL:
            name.append(words.take())
        record[key] = " ".join(name)

    return rule


def _netnsid(word: str) -> int:
    return -1 if word == "unknown" else number(word)


def _hardware(word: str) -> str:
    """A hardware address: octets, an IP address; of amateur radio a call sign"""
    if _OCTETS.match(word) is None:
        raise ValueError(f"{word[:60]!r} is not a hardware address")
    return word


def _peer(words: Words, record: Dict) -> None:
    """Read ``peer 10.0.0.5``: the far end of a point-to-point link, which JSON calls its broadcast address."""
    record["broadcast"] = _hardware(words.take("peer"))
    record["link_pointtopoint"] = True


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
        "link-netnsid": ("link_netnsid", _netnsid),
    },
    {"netns-immutable": ("netns-immutable", True)},
    {
        "protodown": _protodown,
        "protodown_reason": _protodown_reason,
        "link-netns": _netns_name("link_netns"),
        "new-netns": _netns_name("new_netns"),
    },
)

# What stands behind the address on the line `link/ether ...`.
_ADDRESS_TAIL = Grammar({"brd": ("broadcast", _hardware), **DETAIL.values}, DETAIL.flags, {"peer": _peer, **DETAIL.rules})
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
    """A record under construction: its open part decides where the next line belongs."""

    kind: tuple[Grammar, Dict] | None = None
    counters: tuple[Dict, str, list[str]] | None = None
    alias_open = False
    heading: tuple[int, str] | None = None  # the line above counters, with its number
    lost: tuple[tuple[int, str], ...] = ()  # headings of counters that did not come

    def __init__(self, fields: Dict) -> None:
        self.fields = fields

    # -- one line ---------------------------------------------------------------------------------------------

    def line(self, line: str) -> bool:
        """Read one line after the first; False if the line does not belong to this record. Raises ValueError with the reason."""
        if line[:9] == "    link/" and self.counters is None:
            self.alias_open = False
            self._link(line[9:])
            return True
        if "external" in line:
            line = _GLUED_EXTERNAL.sub(r"\1 ", line)
        words = [word for word in line.replace("\t", " ").split(" ") if word]
        first = words[0]
        if self.counters is not None and not STDERR.match(line):
            into, direction, keys = self.counters
            self.counters = None
            if first[0].isdigit():
                try:
                    linkstats.values(into, direction, keys, words)
                except ValueError:
                    self._lose_heading()
                    raise
                self.heading = None
                return True
            self._lose_heading()
        alias_open, self.alias_open = self.alias_open, False
        if first[:5] == "link/":
            self._link(line.lstrip(" \t")[5:])
        elif first == "alias" and "ifalias" not in self.fields:
            self.fields["ifalias"] = line.lstrip(" ").partition(" ")[2]
            self.alias_open = True
        elif first == "altname":
            self.fields.setdefault("altnames", []).append(line.lstrip(" ").partition(" ")[2].rstrip(" "))
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
        elif STDERR.match(line):  # it may stand in the middle of an alias
            self.alias_open = alias_open
            return False
        elif alias_open and line[:1] != " " and len(self.fields["ifalias"]) < 256:
            self.fields["ifalias"] += "\n" + line
            self.alias_open = True
        elif self.kind is not None and line.startswith("      "):
            unparsed(self.fields, words)
        else:
            return False
        return True

    def _link(self, line: str) -> None:
        """``ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0``; the address may be missing."""
        if "link_type" in self.fields:
            raise ValueError("a link has one line 'link/...'")
        kind, _, rest = line.partition(" ")
        address, _, tail = rest.partition(" ")
        if not kind.isprintable() or not address.isprintable():
            kind, *words = split(line)
            address, tail = words[0] if words else "", " ".join(words[1:])
        self.fields["link_type"] = kind
        if address and address not in _ADDRESS_TAIL:
            self.fields["address"] = _hardware(address)
        else:
            tail = f"{address} {tail}"
        _ADDRESS_TAIL.phrase(tail, self.fields)

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
        return True

    def _lose_heading(self) -> None:
        if self.heading is not None:
            self.lost += (self.heading,)
        self.heading = None

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
            self._lose_heading()
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
    """The names between ``<`` and ``>``. busybox glues the next word to them; it is split off, as iproute2 prints it."""
    return list(_flags[text])


def _names_of(text: str) -> list[str]:
    names = text.split(",") if text else []
    for position, name in enumerate(names):
        if name[-1:] in "0123456789" and not name[:1].isdigit():
            found = _GLUED_FLAG.match(name)
            if found:
                names[position : position + 1] = [found[1], found[2]]
            break
    return names


_flags = Remembered(_names_of)


def header(line: str, tail_grammar: Grammar | None = None) -> Record | None:
    """The record that a first line opens, or None. Its ``ifname`` still contains the ``@PEER`` suffix."""
    found = HEADER.match(line)
    if found is None:
        old = _OLD_BRIDGE.match(line)
        if old is None:
            return None
        name = f"{old[2]}@{old[4]}" if old[4] else old[2]
        fields: Dict = {"ifindex": int(old[1]), "ifname": name, "flags": flags(old[5]), "operstate": old[3]}
        tail = old[6] or ""
    else:
        index, name, names, tail = found.groups("")
        if "@" not in name:
            fields = {"ifindex": int(index), "ifname": name, "flags": flags(names)}
        else:  # a place for the peer, where `ip -j` has it
            place = "link_index" if name[name.rindex("@") + 1 :][:2] == "if" else "link"
            fields = {"ifindex": int(index), place: None, "ifname": name, "flags": flags(names)}
    if tail_grammar is not None:
        tail_grammar.phrase(tail, fields)
    elif "state 0x" in tail or "mode " in tail and "mode D" not in tail:
        _ODD_TAIL.phrase(_GLUED.sub(r"\1 ", tail), fields)
    elif " xdp" in tail and "/id:" in tail:
        _odd_xdp(tail, fields)
    else:
        TAIL.phrase(tail, fields)
    return Record(fields)


def mangled_header(line: str) -> Record | None:
    """The record of a first line whose index or flags were lost when it was pasted; the record lacks their keys."""
    found = _MANGLED.match(line)
    if found is None or not (found[1] or found[3]):
        return None
    whole = header(f"{found[1] or 0}: {found[2]}: <{found[3] or ''}> {found[4]}")
    if whole is not None:
        for key, value in (("ifindex", found[1]), ("flags", found[3])):
            if value is None:
                del whole.fields[key]
    return whole


def _odd_xdp(tail: str, fields: Dict) -> None:
    """Read ``mtu 1500 xdpgeneric/id:97 qdisc noqueue``, as `ip addr` prints it."""
    words = []
    for word in split(tail):
        mode, slash, program = word.partition("/id:")
        if slash and mode in XDP_MODES and program.isdigit():
            fields["xdp"] = {"mode": XDP_MODES[mode], "prog": {"id": int(program)}}
        else:
            words.append(word)
    TAIL.read(words, fields)


def split_joined(line: str) -> list[str]:
    """The lines that `-o` joined."""
    parts = _JOINT.split(line)
    if parts[-1].endswith(" \\") and not parts[-1].endswith("master \\"):  # there it is a name
        parts[-1] = parts[-1].rstrip("\\")
    return [part for part in parts if part.strip()]


def read(source: Source, body: Body | None = None, first: First = header, bare: First | None = None) -> Iterator[Dict]:
    """All records of a text.

    ``body`` is asked first for every line behind a first line (addresses, details); ``bare`` opens a record at a line
    that stands behind no first line.
    """
    records: list[Dict] = []
    record: Record | None = None
    orphaned = False  # behind a first line that cannot be read: what follows belongs to no link that is known
    for number_, whole in dedented(source):
        for line in split_joined(whole) if "\\" in whole and whole[0] != " " else (whole,):
            reason = ""
            opened: Record | None = None
            try:
                if line[0] != " ":
                    opened = first(line)
                if record is None and opened is None and bare is not None and not orphaned:
                    opened = bare(line)
                if opened is None and source.lenient and ": " in line:
                    opened = mangled_header(line)
                    if opened is not None:
                        source.fail(number_, line, MANGLED)
                if opened is not None:
                    if record is not None:
                        records.append(_close(record, source))
                    record, orphaned = opened, False
                    continue
                if record is None:
                    reason = "expected a link's first line ('2: eth0: <...> mtu ...')"
                else:
                    if not (body and body(record, line) or record.line(line)):
                        reason = "expected a line of a link"
                    if record.counters is not None and record.heading is None:
                        record.heading = (number_, line)
            except ParseError:  # raised for the record before
                raise
            except ValueError as error:
                reason = str(error)
            if record is not None and record.lost:
                _report_lost(record, source)
            if reason:
                source.fail(number_, line, reason)
                if _NUMBERED.match(line):  # what follows is neither the last link's nor anybody's
                    orphaned = True
                    if record is not None:
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
    lost, record.lost = record.lost, ()
    for heading in lost:
        source.fail(*heading, "expected as many counters below as it has columns")


_PEER = lazy(r"if(\d{1,10})$", re.ASCII)


def split_names(records: list[Dict]) -> None:
    """Split ``NAME@PEER`` in place.

    Both sides may hold an ``@`` of their own. What is behind an ``@`` is the peer if it is ``NONE``, ``ifN``, or a
    name of the same listing. Where several splits are left, the other end of a veth pair tells (``b@a`` beside ``a@b``),
    or the label of an IPv4 address, which is the device's name unless somebody gave another.
    """
    names = set()
    odd = []
    for place, record in enumerate(records):
        name = record.get("ifname", "")
        names.add(name)
        if "@" in name and not record.keys().isdisjoint(("flags", "operstate", "mtu")):  # `ip -o address` has the bare name
            own, _, peer = name.rpartition("@")
            names.add(own or name)
            odd.append((place, own, peer))
    listing: _Listing | None = None
    for place, own, peer in odd:
        if own and "@" not in own and peer not in names and (peer == "NONE" or _PEER.match(peer)):
            records[place] = _with_peer(records[place], own, peer, True)
            continue
        if listing is None:
            listing = _listing(records)
        split_ = _split_name(records[place], names, *listing)
        records[place] = _with_peer(records[place], *(split_ or (records[place]["ifname"], None, False)))


def _listing(records: list[Dict]) -> _Listing:
    """The names of a listing as printed, the parts of them behind an ``@``, and whether the listing is complete."""
    raw = {record["ifname"] for record in records if "ifname" in record}
    parents = {name[at + 1 :] for name in raw for at in range(1, len(name)) if name[at] == "@"}
    return raw, parents, _is_whole(records)


def _is_whole(records: list[Dict]) -> bool:
    """Whether a listing has all links of a namespace, so that an unlisted name cannot be a peer: `-4`, `-6`, `up` omit links."""
    return (
        any(record.get("ifindex") == 1 and record.get("ifname") == "lo" for record in records)
        and any("link_type" in record for record in records)
        and any("UP" not in record.get("flags", ("UP",)) for record in records)
    )


def _split_name(record: Dict, names: set[str], raw: set[str], parents: set[str], whole: bool) -> tuple[str, str, bool] | None:
    """The name, the peer, and whether the peer is in another namespace; None where the ``@`` belongs to the name."""
    name = record["ifname"]
    splits = [(name[:at], name[at + 1 :]) for at in range(len(name) - 1, 0, -1) if name[at] == "@"]
    if not splits:
        return None
    labels = {entry.get("label") for entry in record.get("addr_info", ())} if len(splits) > 1 else ()
    known = [split_ for split_ in splits if f"{split_[1]}@{split_[0]}" in raw or split_[0] in labels][-1:]
    known = known or [split_ for split_ in splits if split_[1] in names]
    remote = splits[0][1] == "NONE" or _PEER.match(splits[0][1]) is not None
    if known and (not remote or "link_netns" not in record and "link_netnsid" not in record):
        return (*known[-1], False)
    if not remote and len(name) <= 15 and (whole or name in parents):
        return None
    return (*splits[0], remote)


def _with_peer(record: Dict, own: str, peer: str | None, remote: bool) -> Dict:
    """A copy of the record with name and peer split, its keys in the order of `ip -j link`."""
    if peer is None:
        return {key: value for key, value in record.items() if value is not None or key not in ("link", "link_index")}
    key, value = ("link_index", int(peer[2:])) if remote and peer != "NONE" else ("link", None if remote else peer)
    if key in record:  # the place is there
        record[key] = value
        record["ifname"] = own
        return record
    first = {"ifindex": record["ifindex"]} if "ifindex" in record else {}
    rest = {name: part for name, part in record.items() if name not in ("link", "link_index")}
    return {**first, key: value, **rest, "ifname": own}
