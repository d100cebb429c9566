"""Find the beginning and the end of a table inside other text, and read its lines.

A table is told by the shape of its lines. A line that does not fit is first mended (a note behind an arrow is left out, a line
that a mailer broke is joined), and costs itself where that does not help: never the table, and never in silence.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import parsers
from parsers.linkrecord import MANGLED

from ..prefixes import network
from . import line_prefixes, translated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet
    from typing import Any

_MASKED = r"[\dA-Fa-fxX*#.:<>_-]"  # of an address that somebody has hidden: `10.x.x.5`, `203.0.113.***`
_ADDRESS = (
    rf"(?:\d{{1,3}}(?:\.{_MASKED}+){{0,3}}|[xX*#]{{1,3}}(?:\.{_MASKED}+){{1,3}}|{_MASKED}*:{_MASKED}*:{_MASKED}*"
    r"|<[\w .-]{1,30}>|(?:[A-Za-z]{1,3}\.){3}[A-Za-z\d]{1,3}|\[?(?:(?i:redacted|masked|hidden|removed|censored)|[xX]{3,15}"
    r"|(?:[A-Z]{2,10}_){1,3}IP)\]?)"
)
_PREFIX = rf"(?:default|{_ADDRESS}(?:/\d{{1,3}})?)"
_TYPES = "unicast|local|broadcast|multicast|anycast|throw|unreachable|prohibit|blackhole|nat"
_ROUTE_WORDS = (
    "via|dev|proto|scope|src|metric|table|nhid|encap|from|tos|dsfield|mtu|advmss|hoplimit|pref|expires|onlink|linkdown|dead|realms?"
    "|nexthop|error|window|rtt|rttvar|ssthresh|cwnd|initcwnd|initrwnd|rto_min|features|quickack|congctl|cache|offload|rt_offload"
    "|trap|rt_trap|as|uid|notify|pervasive|mark|iif|users|age|used|inet6?|ttl-propagate|fastopen_no_cookie|unresolved|lock"
)
_STATES = "PERMANENT|NOARP|REACHABLE|STALE|NONE|INCOMPLETE|DELAY|PROBE|FAILED"
_MAC = r"(?:[0-9A-Fa-fxX*]{2}:){5,19}[0-9A-Fa-fxX*]{2}"
_LINK_WORDS = (
    "link/|inet6? |valid_lft |RX[: ]|TX[: ]|alias |altname |vf \\d|veth|bridge(?! name)|vlan |vxlan |bond "
    "|bond_slave|bridge_slave|macvlan|"
    "macvtap|ipvlan|vrf |vrf_slave|geneve|gre |gretap|ip6gre|ip6gretap|ipip |sit |ip6tnl|vti|vti6|wireguard|dummy|tun |ifb|team|"
    "xfrm|netkit|bareudp|gtp|can |nlmon|vcan|vxcan|macsec|hsr|erspan|ip6erspan|ipoib|lowpan|rmnet|batadv|amt|openvswitch|"
    "protodown|numtxqueues|promiscuity|mpls|prog/xdp|dpll-pin|parentbus|state |maxaddr|addrgenmode|mode |learning |hairpin |"
    "tunnel|peer/|\\d+ +\\d+ +\\d+|bytes |errors |group_fwd|designated_|mcast_|nf_call|qlen |cost |fastleave|proxy_arp|flood |"
    "qos map|input|output"
)
_LINK = r"\d{1,10}: \S{1,80}: <[^ ]*>"
_OPER = "UP|DOWN|UNKNOWN|LOWERLAYERDOWN|DORMANT|NOTPRESENT|TESTING"


class Shape(NamedTuple):
    """The shape of a table's lines: the first line of a record, its further lines, and whether a blank line ends the table."""

    start: re.Pattern[str]
    more: re.Pattern[str] | None = None
    ends_at_blank: bool = False
    single: bool = True  # every record is a line


def _shape(start: str, more: str = "", *, blank: bool = False, single: bool = True) -> Shape:
    return Shape(re.compile(start), re.compile(more) if more else None, blank, single)


_LINKS = _shape(
    # `-d`; without the flags, which a browser took for a tag; without the number; `-br`; `-o`
    rf"{_LINK}(?: |$)|\d{{1,10}}: \S{{1,80}}: +(?:mtu|qdisc) |\s*[\w.@-]{{1,40}}: <[A-Z_,\d-]*> mtu "
    rf"|(?!state \S)\S{{1,80}} +(?:{_OPER})(?: +\S|\s*$)|\d{{1,10}}: \S{{1,80}}\s+(?:inet6?|link/\w+) "
    r"|\d{1,10}: \S{1,80} state \S+ (?:@\S+)?: <|[lI|OZ]\d{0,3}: \S{1,80}: <[A-Z]",  # the last: `1` as a picture shows it
    rf"\s*(?:{_LINK_WORDS})|\s{{3,}}\S",
    single=False,
)
SHAPES: dict[str, Shape] = {
    "ip_link": _LINKS,
    "ip_address": _LINKS,
    "bridge_link": _LINKS,
    "ip_route": _shape(
        # a route has neither a MAC nor a state at its end, as a neighbour has: `10.0.0.7 dev v0 lladdr 02:…`
        rf"(?!\S+ dev \S+ .*(?:lladdr [\da-f]|(?:{_STATES})\s*$))(?!\d{{1,3}}\s*$|\S*\w:\s*$"
        rf"|(?:[\da-f]{{2}}:){{5}}[\da-f]{{2}}\s)"  # `5`, `10.0.0.1:`
        rf"(?:(?:{_TYPES}) )?{_PREFIX}(?:\s+(?:{_ROUTE_WORDS})\b.*|\s*\\.*|\s*)$"
        rf"|(?:{_TYPES}) {_PREFIX}",
        r"\s+(?:nexthop|cache|via|dev)\b|\s+<\S+>\s",
    ),
    "ip_neigh": _shape(
        rf"{_ADDRESS}\s+(?:(?:dev \S+\s*)?(?:lladdr \S+|(?:ref|used|probes|nud|router|proxy|extern_learn|managed|protocol)\b.*"
        rf"|(?:{_STATES})\b)|dev \S+\s*$).*$"
        rf"|{_ADDRESS}\s+(?!dev )[^\s/]{{1,15}}\s+{_MAC}\s*$|{_ADDRESS} +(?<=^.{{40}})[^\s/]{{1,15}}\s*$",  # `-br`
        r"\s+(?:ref|used|probes) ",
    ),
    "ip_rule": _shape(r"\d{1,10}:\s+(?:not\s+)?from \S"),
    "ip_netns": _shape(
        r"[^\s/:<>()|,;\"'`*\[\]{}=]{1,120} *$|[^\s/]\S{0,120} \(id: \d{1,10}\) *$|nsid (?:\d+|unassigned|not-assigned)\b",
        blank=True,
    ),
    "bridge_fdb": _shape(rf"{_MAC}\s+(?:dev|dst|vlan|self|master|permanent|extern_learn|src_vni|via|offload|nhid|used|port)\b"),
    "bridge_vlan": _shape(
        r"port\s+vlan|[\w.@-]{1,40}\s+\d{1,4}(?:-\d{1,4})?(?:\s+(?:PVID|Egress|Untagged|egress|untagged)\b|\s+\d+|\s*$)"
        r"|[\w.@-]{1,40}\s+None$",
        r"\s+\d{1,4}(?:-\d{1,4})?(?:\s|$)|\s*$|\s+(?:RX|TX|state)\b",
    ),
    "arp": _shape(
        rf"Address\s+HWtype|IP address\s+HW type|(?:\?|[\w.-]+) \({_ADDRESS}\) (?:at|auf|à|en) "
        rf"|[\w.*:-]{{1,80}}\s+(?:ether|\w{{2,10}})\s+{_MAC}\s+|[\w.*:-]{{1,80}}\s+\((?:incomplet\w?|unvollständig)\)\s"
        rf"|Entries: \d|[\d.]{{7,15}}\s+0x\d+\s+0x\d+\s+{_MAC}"
    ),
    "route": _shape(
        r"Kernel IP|Destination\s+(?:Gateway|Next)|Iface\s+Destination"
        rf"|(?:default|{_ADDRESS}|[\w.*-]{{1,60}})\s+(?:{_ADDRESS}|\*|[\w.-]{{1,60}})\s+(?:\d[\d.]+"
        rf"|\*)\s+!?[UGHRDMACS!]{{1,8}}\s+"
        rf"|{_ADDRESS}/\d+\s+(?:{_ADDRESS}|\[::\]|\*)\s+!?[UGHRDMACSnae!]{{1,8}}\s+|\S+\s+[0-9A-F]{{8}}\s+[0-9A-F]{{8}}\s+"
        rf"|[0-9a-f]{{32}} "
    ),
    "ifconfig": _shape(
        r"\S{1,80}: flags=\d+<|\S{1,80} +(?:Link encap|Protokoll):|Iface +MTU|Kernel Interface table"
        r"|[\w.@:-]{1,20} +\d+ +\d+ +(?:\d+ +)+\w+$",
        r"\s*(?:inet6? |ether |loop |unspec |infiniband |tunnel |sit |ppp |UP[ ,]|RX |TX |collisions|txqueuelen|device |Interrupt"
        r"|Base address|Memory|DMA|[A-Z ]*MTU:)",
        single=False,
    ),
}
#: Output of netfilter and `sysctl`, which is kept as text.
SIDE: dict[str, Shape] = {
    "iptables-save": _shape(r"\*(?:nat|filter|mangle|raw|security)\s*$|:\S+ \S+ \[|-[AIN] |COMMIT|# "
    r"(?:Generated|Completed)|\[\d+:\d+\] -"),
    "nft": _shape(r"table \S+ \S+ \{|\s|\}", single=False),
    "sysctl": _shape(r"[\w.*-]+(?:\.[\w*/-]+)+\s*=\s*\S*"),
    "ip netconf": _shape(r"(?:inet6?|mpls|ipv4|ipv6) \S+ "),
    "ip nexthop": _shape(r"id \d+ "),
    "resolver": _shape(r"(?:nameserver|search|domain|options|sortlist)\s|[#;]"),
}  # fmt: skip
#: The order in which parsers are tried for a table without a command.
_ORDER = ("ifconfig", "arp", "route", "ip_rule", "bridge_fdb", "ip_address", "ip_neigh", "ip_route", "bridge_vlan")
# A line that may begin one of these tables: every other line is prose after this one test.
_MAY_BEGIN = re.compile(
    rf"\s*(?:\d{{1,10}}: ?\S|\d{{1,10}}:\s+(?:not )?from |default |{_TYPES} |{_MAC} |[\d.]{{7,15}}[/ \t]"
    rf"|[\da-fA-FxX*.:]+[:.][\da-fA-FxX*.:]*[/ \t]"
    rf"|Kernel IP|Destination\s|Address\s+HW|IP address\s|\? \(|\S+ \([\d.]+\) at |\S{{1,40}} +(?:{_OPER})\s|port\s+vlan"
    rf"|[\w.@-]+: <[A-Z]|\S{{1,80}}: flags=\d|\S{{1,80}} +Link encap:)"
)
# `eth0 <-- this one`, `lookup 5   ← mine`, `<<< negative!`
_NOTE = re.compile(r"\s+(?:<-+|<=+|<{2,}|←|⟵|⇐|◄|👈|-{2,}>|\^{2,}|\(?!!+|#\s|//\s).*$")
_CUT_MAC = re.compile(r"(?:[0-9a-fA-F]{2}:){1,4}(?:[0-9a-fA-F]{1,2})?$|(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]?$")
_CUT_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){0,2}\.?$|(?:\d{1,3}\.){3}$")
_IPV4_BEHIND = ("inet", "via", "src", "peer", "local", "remote", "from")
_ADDRESS_BEHIND = frozenset(("inet", "via", "src", "peer", "brd", "lladdr", "link/ether", "default"))
# `10.l0.5.20`, `O0:50:56:a1:b2:c3`: letters that the reader of a picture has taken for digits
_MISREAD = re.compile(
    r"(?=[^/]*[lIOoSZB|])(?:[\dlIOoSZB|]{1,3}\.){3}[\dlIOoSZB|]{1,3}(?:/\S*)?$"
    r"|(?=.*[lIOoSZ|])(?:[\da-fA-FlIOoSZ|]{2}:){5}[\da-fA-FlIOoSZ|]{2}$"
)
_ELLIPSIS = re.compile(
    r"\s*(?:\.{2,}|…|\((?:\.{2,}|…|snip|cut)\)|\[\.{2,}\]|\[(?:snip|cut|…)[^\]]*\]|<(?:snip|cut|output omitted|truncated)[^>]*>"
    r"|[-=*]*\s*snip\s*[-=*]*)\s*$",
    re.IGNORECASE,
)
# Messages of `sudo`, `ssh` and `kubectl` in front of a command's output
_CHATTER = re.compile(
    r"\[sudo\] |(?:\S+ )?[Pp]assword(?: for \S+)?:|Warning: |sudo: |Last login|Defaulted container|Unable to use a TTY|WARNING: "
    r"|Pseudo-terminal|Connection to \S+ closed|If you don't see a command prompt|Defaulting container|Starting pod/|Temporary "
    r"|Emulate Docker CLI|Creating debugging pod |Welcome to |The authenticity |All commands and output "
)
# Lines below a table that belong to no table: of GitHub's runners, VyOS, chats, `set -x`, `ping`
_OF_OTHERS = re.compile(
    r"##\[|make(?:\[\d\])?: |::\w+::|\[edit\b|\[?\d\d:\d\d(?::\d\d)?\]? (?:-!-|<|\*)|\+{1,4} [a-z]|--- |<[@+ ]?\w+> |!$"
    r"|% \w|\d{1,3} (?:replies|reactions?|comments?)$|\s*[\]}],?$|\s*(?:-\s+)?[a-z_]{3,30}:(?: [|>][-+]?)?$"
)
_OF_KERNEL = re.compile(r"\[ *\d{1,9}\.\d{6}\] ")
_CLOSES = re.compile(r"\s*[\]}],?$")
# The number of a routing table, which scripts of routers print above its routes
_TABLE_NUMBER = re.compile(r"\d{1,5}$")
_JOINT = re.compile(r"\\ {1,8}(?=\S)|\\(?=inet|link/|valid_lft)")


class Reading(NamedTuple):
    """A table in a text.

    ``first`` and ``end``: the positions of its first line and behind its last line; ``lines``: the lines as they were read, one
    for each line of the text (empty for a line that was left out); ``records``: the records in them; ``lost``: (position, line,
    reason) of each line that could not be read; ``cut``: why the table is only a part, or ``""``; ``notes``: remarks for the
    user.
    """

    parser: str
    first: int
    end: int
    lines: list[str]
    records: list[Any]
    lost: list[tuple[int, str, str]]
    cut: str
    notes: list[str]


def may_begin(line: str) -> bool:
    """Whether a line may be the first line of a table without a command above it."""
    return _MAY_BEGIN.match(line[:200]) is not None


def read(
    parser: str, lines: Sequence[str], at: int, stop: Callable[[int], bool], *, part: bool = False, title: bool = False,
    once: bool = False, walls: AbstractSet[int] = frozenset(),
) -> Reading | None:  # fmt: skip
    """The table of a parser that begins at a position, or behind blank lines there; None if there is no such table.

    ``stop``: whether a line that does not fit ends the table at the latest (a prompt, another command); ``part``: the output was
    filtered, so that a record may lack its first line; ``title``: other lines may stand in front (`watch`); ``once``: the table
    ends where its first record appears again (another table of the same kind follows); ``walls``: positions at which a table
    ends even if the line fits, because another machine or another writer begins there.
    """
    shape = SHAPES.get(parser)
    if shape is None:
        return _unshaped(parser, lines, at, lambda position: position in walls or stop(position))
    begin = at
    at = _first(shape, parser, lines, at, stop, part, title)
    if at < 0:
        return None
    above = [it for it in range(begin, at) if _OUTPUT.search(lines[it])]
    rows, lost, end, cut = _rows(shape, parser, lines, at, stop, part, once, walls)
    if not rows:
        return None
    lost = [(it, lines[it], _NO_LINE) for it in above] + lost
    return _mended(shape, parser, lines, at, end, rows, lost, cut)


def _first(shape: Shape, parser: str, lines: Sequence[str], at: int, stop: Callable[[int], bool], part: bool, title: bool) -> int:
    """The position of the first line of a table, or -1."""
    blanks = skipped = 0
    while at < len(lines):
        line = lines[at]
        if line.strip():
            bare = line.strip()
            if is_json(bare) or shape.start.match(bare) and not is_prose_of(parser, bare):
                return at
            if part and shape.more is not None and shape.more.match(line) and not bare[0].isupper():
                return at
            lost = skipped < 3 and not stop(at) and (title or _OUTPUT.search(bare) is not None)
            if (
                lost
                or _ELLIPSIS.match(bare)
                or skipped < 3
                and _TABLE_NUMBER.match(bare)
                or parsers_stderr(bare)
                or is_chatter(bare)
                or parser in _TITLED
                and _is_translated_title(shape, lines, at)
            ):
                skipped += 1
                at += 1
                continue
            return -1
        blanks += 1
        if blanks > 4:
            return -1
        at += 1
    return -1


# Tables with titles that net-tools translates
_TITLED = ("arp", "route")


def _is_translated_title(shape: Shape, lines: Sequence[str], at: int) -> bool:
    """Whether a line is the title of a table in another language: words without digits, a row at most two lines below."""
    words = lines[at].split()
    if not 2 < len(words) < 13 or any(character.isdigit() for character in lines[at]) or lines[at].rstrip()[-1] in ".:?!":
        if not re.match(r"\S+-IP-\S+$", lines[at].strip()):  # `Kernel-IP-Routentabelle`
            return False
    return any(shape.start.match(line.strip()) for line in lines[at + 1 : at + 3])


def is_json(line: str) -> bool:
    """Whether a line begins the output of `-j`."""
    return line[:1] in ("[", "{") and line[1:].lstrip()[:1] in (("{", "]", "") if line[0] == "[" else ('"', ""))


def is_chatter(line: str) -> bool:
    """Whether a line is a message of `sudo`, `ssh` or `kubectl` in front of a command's output."""
    return _CHATTER.match(line.strip()) is not None


def parsers_stderr(line: str) -> bool:
    """Whether a line is a message that `ip` and `bridge` print on standard error."""
    from parsers.lex import STDERR

    return STDERR.match(line) is not None


def is_prose_of(parser: str, line: str) -> bool:
    """Whether a line is a sentence although it fits the table: `192.0.2.1 from here on …`, `default gateway is missing`."""
    if parser not in ("ip_route", "ip_neigh", "arp", "route", "ip_link", "ip_address"):
        return False
    line = _NOTE.sub("", line)
    return is_prose(line) and not _TELLS.search(line)


_TELLS = re.compile(
    r"\b(?:dev|via|lladdr|proto|scope|mtu|lookup|valid_lft|qdisc|metric|table|src|expires|nhid) \S|from all|link/|HWtype|HW type"
    r"|Gateway|Iface"
    r"|\d/\d|IP routing|<[A-Z]"
)
# First words of a line that a mailer broke off: no sentence begins with them
_BROKEN_OFF = frozenset(
    "via dev proto scope src metric table mtu advmss pref expires lladdr lookup qdisc state group qlen mode brd default "
    "valid_lft "
    "preferred_lft forever link/ether inet inet6 master self permanent dst vlan extern_learn onlink linkdown nhid "
    "noprefixroute dynamic "
    "promiscuity minmtu maxmtu addrgenmode numtxqueues global secondary".split()
)


# Words of a table that appear in a sentence only if the line ends like one
_OUTPUT = re.compile(
    rf"\bdev \S+ (?:lladdr|proto|scope|table|metric|src|onlink) |\bvia \S+ dev \S|\blladdr \S+ (?:{_STATES})"
    r"|^\d+:\s+from \S+ lookup "
)


def is_prose(line: str) -> bool:
    """Whether a line is a sentence and not output.

    >>> is_prose("As you see it is up."), is_prose("02:00:00:0"), is_prose("10.0.0.1 dev eth0 FAILED")
    (True, False, False)
    """
    words = line.split()
    plain = [word for word in words if word.strip(".,;:!?()\"'*`").replace("'", "").replace("-", "").replace("’", "").isalpha()]
    if not words or words[0] in _BROKEN_OFF and len(words) < 12:
        return False
    if len(words) == 1 and line.rstrip()[-1:] == ":" and words[0][:-1].isalpha():
        return True  # `after:`
    if words[0].strip("*`\"'(").isalpha() and line.rstrip()[-1:] in ".:?!" and len(words) > 1:
        return True
    if _OUTPUT.search(line):
        return False
    return len(words) > 3 and len(plain) * 10 >= len(words) * 6 and any(word.islower() and len(word) > 1 for word in plain)


# -- the lines of a table ------------------------------------------------------------------------------------------


class _Row:
    """A line of a table: its position, its text without surrounding remarks, and whether it begins a record."""

    __slots__ = ("at", "starts", "text")

    def __init__(self, at: int, text: str, starts: bool) -> None:
        self.at = at
        self.text = text
        self.starts = starts


def _rows(
    shape: Shape,
    parser: str,
    lines: Sequence[str],
    at: int,
    stop: Callable[[int], bool],
    part: bool,
    once: bool,
    walls: AbstractSet[int],
) -> tuple[list[_Row], list[tuple[int, str, str]], int, str]:
    """The rows of a table from its first line on, lines in between that do not fit, its end, and why it is only a part."""
    if is_json(lines[at].strip()):
        return _json_rows(lines, at)
    indent = _indent(lines[at]) if shape.start.match(lines[at].lstrip()) else ""
    translation = {"ifconfig": translated.ifconfig, "arp": translated.arp}.get(parser)
    rows: list[_Row] = []
    lost: list[tuple[int, str, str]] = []
    pending: list[int] = []
    cut = ""
    end = position = at
    bare = False  # whether the first line of a record could not be read, so that its further lines have no record
    gap = False
    while position < len(lines):
        line = lines[position]
        if position in walls and position > at:
            break
        if position > at and _OF_KERNEL.match(line):  # on a console, between the rows
            position += 1
            continue
        if not line.strip():
            if shape.ends_at_blank:
                break
            gap = True
            position += 1
            if position - end > 3:
                break
            continue
        text = line[len(indent) :] if line.startswith(indent) else line.lstrip()
        text = translation(text) if translation is not None else text
        left_out = _ELLIPSIS.match(line) is not None
        starts = not left_out and (
            shape.start.match(text) is not None or shape.start.match(text.lstrip()) is not None and not shape.single
        )
        if starts and is_prose_of(parser, text) and (gap or _ends_like_prose(text)):
            starts = False
        goes_on = not starts and not left_out and shape.more is not None and bool(rows) and shape.more.match(text) is not None
        goes_on = goes_on and _CLOSES.match(line) is None
        if goes_on and gap and (parser not in _OF_LINKS or is_prose(text)):
            goes_on = False
        if not rows and part and not starts and shape.more is not None and shape.more.match(text):
            goes_on = True
        if starts and rows and _key(text) == _key(rows[0].text) and (once or gap or _LINK_LINE.match(text)):
            break  # another table of the same kind
        if starts and rows and once and _is_of_another_link(rows[0].text, text):
            break
        if starts or goes_on:
            if pending:
                lost += [(it, lines[it], _NO_LINE) for it in pending if not _ELLIPSIS.match(lines[it])]
                cut = cut or ("something was left out" if any(_ELLIPSIS.match(lines[it]) for it in pending) else "")
                pending = []
            if starts:
                bare = False
            if bare:
                lost.append((position, line, "belongs to a link whose first line cannot be read"))
            else:
                rows.append(_Row(position, _as_printed(parser, text, starts), starts))
            gap = False
            end = position + 1
        elif stop(position) or _OF_OTHERS.match(line):
            break
        elif (
            may_begin(line)
            and (line_prefixes.is_row(line) or _is_title(line))
            and not (parser in _OF_LINKS and _LOST_LINK.match(text))
        ):
            break  # a row of another table
        elif left_out:
            pending.append(position)
            gap = False
        elif parser in _OF_LINKS and _LOST_LINK.match(text) and not gap:
            lost.append((position, line, "no first line of a link"))
            bare = True
            end = position + 1
        elif (
            gap
            or len(pending) >= 2
            or is_prose(text)
            and not (end == position and _ENDS_OPEN.search(lines[position - 1].rstrip()))
            and not (end == position and parser in _OF_LINKS and _is_detail(lines, position + 1))
        ):
            break
        else:
            pending.append(position)
        position += 1
    if pending:  # lines behind the last one that fits: the rest of a line that was broken or cut
        for it in pending:
            if _ELLIPSIS.match(lines[it]):
                cut = cut or "something was left out"
            elif not is_prose(lines[it]) or _ENDS_OPEN.search(lines[it - 1].rstrip()):
                lost.append((it, lines[it], _NO_LINE))
            else:
                break
            end = it + 1
    return rows, lost, end, cut


def _is_detail(lines: Sequence[str], at: int) -> bool:
    """Whether a line is one of a link, so that the line above it was broken, and is no prose."""
    return at < len(lines) and re.match(r"\s+(?:link/|inet6? |valid_lft )\S", lines[at]) is not None


def _as_printed(parser: str, text: str, starts: bool) -> str:
    """A line with the indentation that the parser needs, which a browser may have removed."""
    if starts:
        return _WITHOUT_FLAGS.sub(r"\1 ", text.lstrip(), count=1) if parser in _OF_LINKS else text
    return f"        {text}" if parser == "ifconfig" and not text[:1].isspace() else text


# `2: eth0:  mtu 1500`: a browser took the flags for a tag
_WITHOUT_FLAGS = re.compile(r"^(\d{1,10}: \S{1,80}:)  +(?=mtu |qdisc )")
# Tables with lines long enough to be broken, whose words show where a broken line continues
_WRAPPED = ("ip_link", "ip_address", "bridge_link", "ip_route", "ip_neigh", "ip_rule", "bridge_fdb")
_NO_LINE = "no line of this table"
_LINK_LINE = re.compile(_LINK)
_OF_LINKS = ("ip_link", "ip_address", "bridge_link")
_LOST_LINK = re.compile(r"\d{1,10}: ?\S")


def _key(text: str) -> str:
    """The words that identify the first record of a table: `1: lo`, `default`, `0:`."""
    words = text.split(None, 4)
    if len(words) > 3 and words[2] in ("inet", "inet6"):  # `-o`
        return " ".join(words[:4])
    return " ".join(words[:2]) if text[:1].isdigit() else words[0]


# `2: eth0    inet 10.22.0.5/16 `
_ONE_LINE = re.compile(r"(\d+: \S+ +inet6?) ([\d.a-f:]+/\d+) ")


def _is_of_another_link(first: str, text: str) -> bool:
    """Whether two lines of `-o` are of two links with one name: two primary addresses of a network are not on one link."""
    one, two = _ONE_LINE.match(first), _ONE_LINE.match(text)
    if one is None or two is None or one[1] != two[1] or " secondary " in text:
        return False
    networks = network(one[2]), network(two[2])
    return networks[0] is not None and networks[0] == networks[1]


def _ends_like_prose(text: str) -> bool:
    return text.rstrip()[-1:] in ".?!" and not text.rstrip().endswith("...")


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _json_rows(lines: Sequence[str], at: int) -> tuple[list[_Row], list[tuple[int, str, str]], int, str]:
    """The lines of a JSON text, up to its last closing bracket."""
    rows: list[_Row] = []
    depth = 0
    quoted = escaped = False
    for position in range(at, len(lines)):
        if quoted or lines[position].strip() and not _MAY_BE_JSON.match(lines[position][:200]):  # a string ends in its line
            return rows, [], position, "cut off"
        for character in lines[position]:
            if escaped:
                escaped = False
            elif quoted:
                escaped = character == "\\"
                quoted = character != '"'
            elif character == '"':
                quoted = True
            elif character in "[{":
                depth += 1
            elif character in "]}":
                depth -= 1
        rows.append(_Row(position, lines[position], position == at))
        if depth <= 0 and not quoted:
            return rows, [], position + 1, ""
    return rows, [], len(lines), "cut off"


def may_be_json(line: str) -> bool:
    """Whether a line may be one of a JSON text that is broken into lines."""
    return bool(line.strip()) and _MAY_BE_JSON.match(line[:200]) is not None


_MAY_BE_JSON = re.compile(r"""\s*(?:[\[\]{}",]|-?\d|(?:true|false|null),?\s*$)""")
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def whole_json(lines: Sequence[str]) -> dict[int, int]:
    """The positions of the lines that begin a JSON text, each with the position behind its last line.

    >>> whole_json(["Look:", "[ {", '  "dst": "default"', "} ]", "[ is no bracket"])
    {1: 4}
    """
    found: dict[int, int] = {}
    opened: list[tuple[int, bool]] = []  # the line of each open bracket, and whether the line begins with it
    for position, line in enumerate(lines):
        if not _MAY_BE_JSON.match(line[:200]):
            if line.strip():
                opened.clear()
            continue
        begins = len(line) - len(line.lstrip())
        for one in _BRACKETS.finditer(line):
            if one[0] in "[{":
                opened.append((position, one.start() == begins))
            elif one[0] in "]}" and opened:
                first, whole = opened.pop()
                if whole:
                    found[first] = position + 1
    return found


# -- reading and mending -------------------------------------------------------------------------------------------


def _parse(parser: str, texts: Sequence[str]) -> tuple[list[Any], int]:
    """The records of some lines, and a number for how much of the lines was not understood."""
    records, problems = parsers.parse(parser, "\n".join(texts), strict=False)
    return records, len(problems) * 3 + left_over(records)


def left_over(value: Any) -> int:
    """The number of words in records that belong to no field."""
    if isinstance(value, dict):
        return sum(
            len(part) if key == "unparsed" else left_over(part) for key, part in value.items() if isinstance(part, (dict, list))
        )
    return sum(map(left_over, value)) if isinstance(value, list) else 0


def _mended(
    shape: Shape,
    parser: str,
    lines: Sequence[str],
    first: int,
    end: int,
    rows: list[_Row],
    lost: list[tuple[int, str, str]],
    cut: str,
) -> Reading | None:
    """The table made of rows; a row that is not understood is mended, or else lost."""
    notes: list[str] = []
    for row in rows:
        if "\\" in row.text and parser in (*_OF_LINKS, "ip_route") and _JOINT.search(row.text):
            row.text = _JOINT.sub(r"\\    ", row.text)
    records, bad = _parse(parser, [row.text for row in rows])
    behind = {at: line for at, line, reason in lost if reason == _NO_LINE}
    if bad or behind or any(_is_noted(row.text) for row in rows):
        gone = _mend_rows(shape, parser, lines, rows, behind)
        lost = [one for one in lost if one[0] not in gone]
    for row in rows:
        kept, why = _without_cut(parser, row.text)
        if why:
            lost.append((row.at, lines[row.at], why))
            cut = cut or "cut off"
            row.text = kept
    texts = [""] * (end - first)
    for row in rows:
        texts[row.at - first] = row.text
    records, problems = parsers.parse(parser, "\n".join(texts), strict=False)
    if problems:
        for problem in problems:
            position = first + problem.line_number - 1
            if problem.reason == MANGLED:
                lost.append((position, lines[position], MANGLED))
            elif 0 <= problem.line_number - 1 < len(texts) and texts[problem.line_number - 1]:
                lost.append((position, lines[position], problem.reason))
                texts[problem.line_number - 1] = ""
        if any(problem.reason != MANGLED for problem in problems):
            records, problems = parsers.parse(parser, "\n".join(texts), strict=False)
        if not any(texts):
            records = []
    if is_json(texts[0].strip()) and records and parser not in (parsers.detect("\n".join(texts)) or [parser]):
        return None  # of another command: the one above is a word of a sentence
    if not records and not lost and not _is_title("\n".join(texts)):
        return None
    objects = [{key for key in record if record[key] != []} for record in records if isinstance(record, dict)]
    if is_json(texts[0].strip()) and records and not any(_JSON_KEYS & keys for keys in objects):
        return None  # of another program: `{"kernel": …`
    if end >= len(lines) and cut == "" and _ends_in_the_middle(rows):
        cut = "cut off"
    return Reading(parser, first, end, texts, records, sorted(set(lost)), cut, notes)


_JSON_KEYS = frozenset("ifname dst address priority name nsid mac vlans dev id interface gateway addr_info table".split())


def _is_title(text: str) -> bool:
    return text.lstrip().startswith(("Kernel IP", "Destination", "Address", "IP address", "port", "[", "Iface"))


def _is_noted(text: str) -> bool:
    return ("<" in text or "←" in text or "#" in text or "^" in text) and _NOTE.search(text) is not None


def _mend_rows(shape: Shape, parser: str, lines: Sequence[str], rows: list[_Row], behind: dict[int, str]) -> set[int]:
    """Mend records that are not understood: remove a writer's note, or join lines. Returns the positions of joined lines."""
    gone: set[int] = set()
    longest = sorted(len(lines[row.at].rstrip()) for row in rows)[-2:]
    width = longest[-1] if len(longest) > 1 and longest[0] == longest[1] >= _NARROWEST else 0
    position = 0
    while position < len(rows):
        stop = position + 1
        while stop < len(rows) and not rows[stop].starts:
            stop += 1
        group = rows[position:stop]
        _mend(parser, group, rows[stop] if stop < len(rows) else None, behind, gone, width)
        position = stop
    rows[:] = [row for row in rows if row.text]
    return gone


def _mend(parser: str, group: list[_Row], follower: _Row | None, behind: dict[int, str], gone: set[int], width: int) -> None:
    """Mend the lines of one record. ``width``: the width of a narrow terminal, at which two lines end; 0 if none do."""
    bad = _parse(parser, [row.text for row in group])[1]
    adjacent = [row for row in group if row.at + 1 in behind]
    noted = [row for row in group if _is_noted(row.text)]
    if noted:
        texts = [_NOTE.sub("", row.text) if row in noted else row.text for row in group]
        better = _parse(parser, texts)[1]
        if better <= bad:
            for row, text in zip(group, texts):
                row.text = text
            bad = better
    for row in adjacent if parser in _WRAPPED else ():  # a line below without a shape may be the rest of this line
        following = row.at + 1
        head = [] if row is group[0] else [group[0].text]
        own = _parse(parser, [*head, row.text])[1]
        while following in behind:
            text = behind[following].strip()
            candidates = _joins(row.text.rstrip(), text, own, group[0].text, width)
            joined = next((one for one in candidates if _is_better(parser, head, row, one, own)), None)
            if joined is None:
                break
            row.text = joined
            own = _parse(parser, [*head, joined])[1]
            gone.add(following)
            following += 1
    if adjacent:
        bad = _parse(parser, [row.text for row in group])[1]
    if bad and len(group) > 1:  # a line that looks like a new record, but is the rest of the line above
        for above, row in zip(group, group[1:]):
            if not above.text or not row.text:
                continue
            candidate = f"{above.text.rstrip()} {row.text.strip()}"
            texts = [candidate if one is above else "" if one is row else one.text for one in group]
            better = _parse(parser, texts)[1]
            if better < bad:
                above.text, row.text, bad = candidate, "", better
    if bad and follower is not None and follower.at == group[-1].at + 1 and len(group) == 1:
        candidate = f"{group[0].text.rstrip()} {follower.text.strip()}"
        if _parse(parser, [candidate])[1] == 0 and _ENDS_OPEN.search(group[0].text.rstrip()):
            group[0].text, follower.text = candidate, ""
            follower.starts = False
            gone.add(follower.at)


def _joins(above: str, text: str, bad: int, head: str, width: int) -> list[str]:
    """The ways to join a line with the rest below: as further words, or within a word if the line fills a terminal's width."""
    found = []
    label = f" {text}:" in head or f" {text}@" in head  # `inet 10.0.0.1/24 scope global`, and the link's name below
    if bad or label or text.split(None, 1)[0] in _BROKEN_OFF or _ENDS_OPEN.search(above):
        found.append(f"{above} {text}")
    if bad and len(above) >= (width or _TERMINAL) or len(above) == width and (" " in text or not text.isalpha()):
        found.append(above + text)
    return found


_TERMINAL = 60
_NARROWEST = 36
_ENDS_OPEN = re.compile(
    r"(?:^|\s)(?:via|dev|proto|scope|src|metric|lladdr|lookup|from|to|table|dst|brd|inet6?|mtu|qdisc|state|group|qlen"
    r"|expires|hoplimit|pref|advmss|master|nhid|valid_lft|preferred_lft|permaddr)$"
)


def _is_better(parser: str, head: list[str], row: _Row, candidate: str, bad: int) -> bool:
    """Whether a record is understood as well with a joined line. ``head``: the first line of the record, if it is another one."""
    records, left = _parse(parser, [*head, candidate])
    before = len(_parse(parser, [*head, row.text])[0])
    return left <= bad and len(records) == max(before, 1) and (left == 0 or left < bad)


def _without_cut(parser: str, text: str) -> tuple[str, str]:
    """A line without a word that was cut off at its end, and a note about that; such a record does not count as whole.

    >>> _without_cut("ip_address", "    link/ether 02:00:00:0")
    ('', "cut off: '02:00:00:0'")
    """
    if parser in ("arp", "route", "ip_rule", "bridge_vlan", "ip_netns") or "[{" in text[:4] or '"' in text[:8]:
        return text, ""
    words = text.replace("\\", " ").split()
    for position, word in enumerate(words):
        before = words[position - 1] if position else ""
        if _MISREAD.match(word) and (position == 0 or before in _ADDRESS_BEHIND):
            return _up_to(parser, text, position), f"no address: {word!r}"
        if ":" in word and (
            before in ("lladdr", "link/ether", "brd", "link/loopback", "permaddr") or parser == "bridge_fdb" and position == 0
        ):
            if _CUT_MAC.match(word) and "::" not in word:
                return _up_to(parser, text, position), f"cut off: {word!r}"
        elif word[:1].isdigit() and (
            before in _IPV4_BEHIND or before == "brd" and "." in word or parser == "ip_neigh" and position == 0
        ):
            if _CUT_IPV4.match(word.partition("/")[0]) and before != "from":
                return _up_to(parser, text, position), f"cut off: {word!r}"
    if len(words) == 2 and words[0] in ("inet", "inet6") and "/" not in words[1] and parser == "ip_address":
        return "", f"cut off: {words[1]!r}"  # a whole line has at least a scope
    if words and words[-1] in ("...", "…") or len(words) > 1 and words[-1].endswith("..."):
        return _up_to(parser, text, len(words) - 1), f"cut off: {' '.join(words[-2:])!r}"
    return text, ""


def _up_to(parser: str, text: str, position: int) -> str:
    """The part of a line in front of the cut word; empty if this part has no meaning by itself."""
    if parser in _OF_LINKS and _BRIEF.match(text):
        return " ".join(text.split()[:position])
    if parser in _OF_LINKS and re.match(_LINK, text) and "\\" not in text:
        words = text.split()[:position]
        return " ".join(words[:-1] if position and words[-1] in ("brd", "qdisc", "mtu", "state", "group", "qlen") else words)
    return ""


# `eth0             UP             192.0.2.1/24 `
_BRIEF = re.compile(rf"\S{{1,80}}\s+(?:{_OPER})\s")


def _ends_in_the_middle(rows: Sequence[_Row]) -> bool:
    return bool(rows) and _ENDS_OPEN.search(rows[-1].text.rstrip()) is not None


_CHAIN = re.compile(r"Chain \S+ \((?:policy|\d+ references)\b")
_LISTED = re.compile(r"[dlcbps-][rwxsStT-]{9}[.+]? ")


def _unshaped(parser: str, lines: Sequence[str], at: int, stop: Callable[[int], bool]) -> Reading | None:
    """A table without a known shape: all lines of the block that its parser reads."""
    while at < len(lines) and not lines[at].strip():
        at += 1
    end = at
    blank = False
    while end < len(lines) and not stop(end):
        if blank and is_prose(lines[end]) and not lines[end][:1].isspace() and not _CHAIN.match(lines[end]):
            break
        blank = not lines[end].strip()
        end += 1
    while end > at and not lines[end - 1].strip():
        end -= 1
    if end == at:
        return None
    indent = _indent(lines[at])
    texts = [line[len(indent) :] if line.startswith(indent) else line for line in lines[at:end]]
    lost: list[tuple[int, str, str]] = []
    for _ in range(3):
        records, problems = parsers.parse(parser, "\n".join(texts), strict=False)
        if not problems:
            break
        for problem in problems:
            index = problem.line_number - 1
            if 0 <= index < len(texts) and texts[index]:
                lost.append((at + index, lines[at + index], problem.reason))
                texts[index] = ""
    if not records or len(lost) > len(texts) // 2:
        return None
    while texts and not texts[-1]:
        texts.pop()
        position = at + len(texts)
        if lines[position].strip() and (not lines[position - 1].strip() or _LISTED.match(lines[position])):
            lost = [one for one in lost if one[0] < position]  # behind the table: `Thanks`, what `ls` printed
    end = at + len(texts)
    return Reading(parser, at, end, texts, records, [one for one in lost if one[0] < end or not is_prose(one[1])], "", [])


def has_rows(reading: Reading) -> bool:
    """Whether the records of a filtered output are rows of its table, and not single words of them."""
    least = {"ip_route": 3, "ip_neigh": 2}.get(reading.parser, 0)  # `dst` and `flags`; `dst`
    return not reading.records or any(len(record) >= least for record in reading.records)


# -- tables without a command ------------------------------------------------------------------------------------------


def detect(lines: Sequence[str], at: int, stop: Callable[[int], bool], walls: AbstractSet[int] = frozenset()) -> Reading | None:
    """The table at a position that a parser reads completely; None if there is no such table."""
    text = lines[at].strip()
    best: Reading | None = None
    for name in _ORDER:
        if SHAPES[name].start.match(text) is None or is_prose_of(name, text):
            continue
        found = read(name, lines, at, stop, walls=walls)
        if found is None or not found.records or left_over(found.records) or not _says_enough(name, found.records):
            continue
        if best is None or len(found.lines) > len(best.lines):
            best = found
    if best is not None and best.parser == "ip_address":
        return best._replace(parser=_kind_of_links(best))
    return best


_OF_A_LINK = re.compile(rf"\s*(?:inet6? \S+/\d{{1,3}} .*\bscope \w|link/ether {_MAC} brd )")


def rest_of_links(
    lines: Sequence[str], at: int, stop: Callable[[int], bool], walls: AbstractSet[int] = frozenset()
) -> Reading | None:
    """The lines of `ip address` at a position whose link is not named above them; None for any other line."""
    if _OF_A_LINK.match(lines[at]) is None or is_prose(lines[at]):
        return None
    found = read("ip_address", lines, at, stop, part=True, walls=walls)
    if found is None or not found.records:
        return None
    return found._replace(cut=found.cut or "the first line of the link is not here")


def detect_json(lines: Sequence[str], at: int, end: int) -> Reading | None:
    """The table in the JSON text between two positions, if a command that netwrap knows prints such objects."""
    names = parsers.detect("\n".join(lines[at:end]))
    return read(names[0], lines, at, lambda position: position >= end) if names else None


def _kind_of_links(found: Reading) -> str:
    """The parser for the command that printed some links: `ip link`, `ip address` or `bridge link`."""
    text = "\n".join(found.lines)
    if "addr_info" in str(found.records[:50]) and any(record.get("addr_info") for record in found.records):
        return "ip_address"
    if " master " in text and " state " in text and "link/" not in text and " mode " not in text and " priority " in text:
        return "bridge_link"
    return "ip_link" if " mode " in text or not re.search(r" group |\binet", text) and "link/" in text else "ip_address"


def _is_of_a_sentence(record: Any) -> bool:
    """Whether the gateway or the link of a route is a word of a sentence: ``default via my provider``."""
    gateway, dev = record.get("gateway", ""), record.get("dev", "")
    return gateway.isalpha() and gateway.islower() or dev[-1:] in (",", ";", ":", "!", "?") or dev in _OF_SENTENCES


_OF_SENTENCES = frozenset("and or but not so on in is it the of to from for with via dev link default network maybe why".split())


def _says_enough(name: str, records: Sequence[Any]) -> bool:
    """Whether records have more than a destination, because any single word could be one."""
    if name in ("ip_route", "ip_neigh") and any(map(_is_of_a_sentence, records)):
        return False
    if name == "ip_route":
        return any(len(record) > 2 and ("dev" in record or "gateway" in record or "nexthops" in record or "type" in record)
                   for record in records)  # fmt: skip
    if name == "ip_neigh":
        return any("lladdr" in record or "dev" in record for record in records)
    if name == "bridge_vlan":
        return any(record.get("vlans") or record.get("tunnels") for record in records)
    if name in ("arp", "route"):
        return len(records) > 0
    return bool(records)
