"""Apply a rule of nft to a packet: its matches (yes, no, not known) and its statements.

Rules are read in the JSON form of `nft -j`, which ``parsers/nft.py`` makes of text as well.
"""

from __future__ import annotations

import re

from parsers.lex import whole
from parsers.tuples import NamedTuple

from . import matching
from .matching import STATES, Context, every, negated, some
from .packet import replace
from .routing import family_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from parsers.records import FirewallRecord, Record

    from .packet import Packet


class Broken(Exception):
    """The packet has no such field: the rule does not match, whatever value it compares with (NFT_BREAK)."""


class Unknown(Exception):
    """A field, set or statement is not known; the text of the exception names it."""


#: The reasons for an unknown that is one by nature: the kernel draws lots for each connection.
BY_CHANCE = ("the kernel draws lots", "-m statistic --mode random", "-m statistic --mode nth")


class Effect(NamedTuple):
    """The effect of a statement: a verdict (accept, drop, jump, ...) with its target, or a changed packet, or nothing."""

    verdict: str = ""
    target: str = ""
    packet: Packet | None = None
    name: str = ""  # the word for the step of a trace: mark, dnat, ...


class Lots(Exception):
    """The kernel draws one of ``count`` lots; ``Context.lot`` is the lot that is tried."""

    def __init__(self, count: int) -> None:
        super().__init__(BY_CHANCE[0])
        self.count = count


#: No more lots than this are tried.
_LOTS = 16
#: Sets and maps with fewer elements are compared element by element.
_LONG = 24
_TRANSPORTS = ("tcp", "udp", "udplite", "sctp", "dccp", "icmp", "icmpv6", "igmp", "esp", "ah", "comp", "gre")
#: Statements that have no influence on verdict, address or mark.
_HARMLESS = ("counter", "log", "dup", "last", "flow", "ct helper", "ct timeout", "ct expectation", "secmark", "set_plain")
_FIBS = {0: "unspec", 1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast", 6: "blackhole", 7: "unreachable",
         8: "prohibit"}  # fmt: skip
#: The value of `meta nfproto` in tables that see frames.
_OF_TABLES = {"arp": 3, "netdev": 5, "bridge": 7}
_PROTOCOLS = {"inet": "ip", "inet6": "ip6", "arp": "arp"}
_ETHER = {"ip": 0x0800, "arp": 0x0806, "ip6": 0x86DD, "8021q": 0x8100, "8021ad": 0x88A8, "vlan": 0x8100}


class Table:
    """The sets and maps of a table by name, and the names of those that rules change while packets pass (``changing``)."""

    def __init__(self, family: str) -> None:
        self.family = family
        self.sets: dict[str, FirewallRecord] = {}
        self.changing: set[str] = set()
        self._exact: dict[int, tuple[dict[Any, list[Any]], list[Any]]] = {}

    def likely(self, elements: list[Any], value: Any, left: Any) -> list[Any]:
        """Find the elements that may match a value: in a long set or map, those that equal the value, and all ranges."""
        parts = value if isinstance(value, tuple) else (value,)
        if len(elements) < _LONG or None in parts:
            return elements
        if id(elements) not in self._exact:
            exact: dict[Any, list[Any]] = {}
            ranges = []
            for element in elements:
                key = _exactly(key_of(element[0] if isinstance(element, list) else element), left)
                if key is None:
                    ranges.append(element)
                else:
                    exact.setdefault(key, []).append(element)
            self._exact[id(elements)] = exact, ranges
        exact, ranges = self._exact[id(elements)]
        return [*exact.get(value, ()), *ranges]

    def elements(self, name: str) -> list[Any]:
        """The elements of a set or map, by its name (with or without ``@``). Raises Unknown where it was not captured."""
        found = self.sets.get(name.lstrip("@"))
        if found is None or found.get("unparsed"):
            raise Unknown(f"the set {name} was not captured")
        elements: list[Any] = found.setdefault("elem", [])
        return elements


def matches(statement: Record, packet: Packet, table: Table, context: Context) -> bool | None:
    """Whether a packet passes a `match`; None where that is not known.

    Raises Unknown where that is not known and the reason can be named.
    """
    inner = statement["match"]
    try:
        return _compare(inner["left"], inner["right"], inner["op"], packet, table, context)
    except Broken:
        return False


def _compare(left: Any, right: Any, op: str, packet: Packet, table: Table, context: Context) -> bool | None:
    """Whether a field of the packet (``left``) and a value (``right``) compare by an operator."""
    if isinstance(left, dict) and left.get("ct", {}).get("key") == "status" and op == "in":
        wanted = {right} if isinstance(right, str) else {*right} if isinstance(right, list) else set()
        if wanted and wanted <= {"snat", "dnat"} and context.has_connection(packet) is not None:
            return bool(context.has_connection(packet)) and bool(wanted & packet.status)
    value = evaluate(left, packet, table, context)
    kind = kind_of(left)
    if isinstance(right, str) and right[:1] == "@":
        found = contained(value, table.likely(table.elements(right), value, left), left)
        if found is not True and right[1:] in table.changing:
            raise Unknown(f"the set {right} changes with the traffic")
        return negated(found) if op == "!=" else found
    if isinstance(right, dict) and "set" in right:
        found = contained(value, table.likely(right["set"], value, left), left)
        return negated(found) if op == "!=" else found
    if op in ("in", "!"):
        mask = _mask(right, kind)
        if value is None or mask is None:
            return None
        return bool(value & mask) == (op == "in")
    if isinstance(right, list):
        right = _mask(right, kind)
    if op in ("==", "!="):
        found = equals(value, right, left)
        return negated(found) if op == "!=" else found
    limit = _number(right, kind)
    if value is None or limit is None or not isinstance(value, int):
        return None
    return {"<": value < limit, ">": value > limit, "<=": value <= limit, ">=": value >= limit}[op]


def _mask(right: Any, kind: str) -> int | None:
    """The number of some flags joined by `|` or listed; None where one of them is not known."""
    parts = right if isinstance(right, list) else right["|"] if isinstance(right, dict) and "|" in right else [right]
    numbers = [_number(part, kind) for part in parts]
    return None if None in numbers else sum(number for number in numbers if number is not None)


def contained(value: Any, elements: list[Any], left: Any) -> bool | None:
    """Whether a value is among the elements of a set."""
    return some(equals(value, key_of(element), left) for element in elements)


def _exactly(key: Any, left: Any) -> Any:
    """The single value that an element stands for; None for a range, a prefix or a wildcard."""
    if isinstance(key, dict) and "concat" in key and isinstance(left, dict) and "concat" in left:
        parts = tuple(_exactly(part, field) for part, field in zip(key["concat"], left["concat"]))
        return None if None in parts else parts
    kind = kind_of(left)
    if isinstance(key, dict) or key == "*" or kind == "fib type":
        return None
    if kind == "ifname":
        return None if str(key)[-1:] == "*" else str(key)
    return _number(key, kind)


def key_of(element: Any) -> Any:
    """The key of an element, without its timeout, counter and comment."""
    return element["elem"]["val"] if isinstance(element, dict) and "elem" in element else element


def equals(value: Any, wanted: Any, left: Any) -> bool | None:
    """Whether a value equals the wanted one, or lies in the wanted range or prefix; None where that is not known."""
    if wanted == "*":
        return True
    if isinstance(value, tuple):
        fields = left["concat"]
        parts = wanted["concat"] if isinstance(wanted, dict) and "concat" in wanted else None
        if parts is None or len(parts) != len(value):
            return None
        return every(equals(one, part, field) for one, part, field in zip(value, parts, fields))
    if value is None:
        return None
    kind = kind_of(left)
    if isinstance(wanted, dict):
        if "range" in wanted:
            first, last = (_number(end, kind) for end in wanted["range"])
            return None if first is None or last is None else first <= value <= last
        if "prefix" in wanted:
            found = matching.span(f"{wanted['prefix']['addr']}/{wanted['prefix']['len']}")
            return None if found is None else found[0] <= value <= found[1]
        if "|" in wanted:
            mask = _mask(wanted, kind)
            return None if mask is None else value == mask
        return None
    if kind == "ifname":
        return matching.glob(str(wanted), str(value), "*")
    if isinstance(value, str):
        return value == str(_FIBS.get(wanted, wanted) if kind == "fib type" else wanted)
    number = _number(wanted, kind)
    return None if number is None else value == number


def kind_of(left: Any) -> str:
    """The kind of value that a field has, which tells how :func:`_number` reads its words; "" for a plain number."""
    while isinstance(left, dict) and next(iter(left), "") in ("&", "|", "^", "<<", ">>"):
        left = left[next(iter(left))][0]
    if not isinstance(left, dict):
        return ""
    ((name, inner),) = left.items()
    if name == "payload":
        protocol, field = inner.get("protocol"), inner.get("field")
        if protocol in ("ip", "ip6", "arp") and field in ("saddr", "daddr", "saddr ip", "daddr ip"):
            return "address"
        if field in ("sport", "dport"):
            return "port"
        if protocol in ("icmp", "icmpv6") and field in ("type", "code"):
            return str(protocol) if field == "type" else f"{protocol} code"
        if (protocol, field) in (("ip", "protocol"), ("ip6", "nexthdr")):
            return "protocol"
        if (protocol, field) == ("tcp", "flags"):
            return "flags"
        if field == "dscp":
            return "dscp"
        if (protocol, field) == ("arp", "operation"):
            return "operation"
        if (protocol, field) == ("ether", "type"):
            return "ether"
        if field in ("saddr", "daddr", "saddr ether", "daddr ether"):
            return "mac"
        return ""
    if name == "meta":
        key = inner["key"]
        kinds = {"l4proto": "protocol", "nfproto": "nfproto", "protocol": "ether"}
        return "ifname" if key in ("iif", "oif", "iifname", "oifname", "ibrname", "obrname") else kinds.get(key, "")
    if name == "ct":
        if "addr" in inner["key"]:
            return "address"
        return {"state": "state", "status": "status", "protocol": "protocol"}.get(inner["key"], "")
    if name == "fib":
        return "fib type" if inner["result"] == "type" else "ifname" if inner["result"] == "oifname" else "fib oif"
    return ""


_STATUS = {"expected": 1, "seen-reply": 2, "assured": 4, "confirmed": 8, "snat": 16, "dnat": 32, "dying": 512}
_NFPROTO = {"ipv4": 2, "ipv6": 10}
_ICMP_CODES = {"net-unreachable": 0, "host-unreachable": 1, "prot-unreachable": 2, "port-unreachable": 3, "frag-needed": 4,
               "net-prohibited": 9, "host-prohibited": 10, "admin-prohibited": 13}  # fmt: skip
_ICMPV6_CODES = {"no-route": 0, "admin-prohibited": 1, "addr-unreachable": 3, "port-unreachable": 4, "policy-fail": 5,
                 "reject-route": 6}  # fmt: skip
_DSCP = {
    "be": 0, "ef": 46, "va": 44, "lephb": 1, **{f"cs{number}": number * 8 for number in range(8)},
    **{f"af{one}{two}": one * 8 + two * 2 for one in range(1, 5) for two in range(1, 4)},
}  # fmt: skip
_OPERATIONS = {"request": 1, "reply": 2, "rrequest": 3, "rreply": 4}


def _number(word: Any, kind: str) -> int | None:
    """The number that a word of a kind stands for; None where the word is not known."""
    if isinstance(word, bool):
        return int(word)
    if isinstance(word, int):
        return word
    if not isinstance(word, str):
        return None
    if kind == "address":
        return matching.address(word)
    if kind == "port":
        return matching.port(word)
    if kind == "protocol":
        return matching.number_of(word)
    if kind == "flags":
        return matching.flag_bits([word])
    tables = {"state": STATES, "icmp": matching.ICMP_TYPES, "icmpv6": matching.ICMPV6_TYPES, "ether": _ETHER, "status": _STATUS,
              "nfproto": _NFPROTO, "operation": _OPERATIONS, "icmp code": _ICMP_CODES, "icmpv6 code": _ICMPV6_CODES,
              "dscp": _DSCP}  # fmt: skip
    if kind in tables:
        return tables[kind].get(word, whole(word))
    if kind == "mac":
        return int(word.replace(":", ""), 16) if word.count(":") == 5 else None
    if word[:2] == "0x":
        return int(word, 16) if re.fullmatch("0x[0-9a-fA-F]{1,32}", word) else None
    return whole(word)


# -- fields --------------------------------------------------------------------------------------------------------------


def evaluate(left: Any, packet: Packet, table: Table, context: Context) -> Any:
    """The value of a field of a packet: a number, a name, or a tuple for a concatenation; None where it is not known.

    Raises Broken where the packet has no such field, Unknown where the field itself is not known to netwrap.
    """
    if not isinstance(left, dict):
        return left
    ((name, inner),) = left.items()
    if name == "concat":
        return tuple(evaluate(part, packet, table, context) for part in inner)
    if name in ("&", "|", "^", "<<", ">>"):
        value = evaluate(inner[0], packet, table, context)
        kind = kind_of(inner[0])
        other = evaluate(inner[1], packet, table, context) if isinstance(inner[1], dict) else _mask(inner[1], kind)
        if not isinstance(value, int) or not isinstance(other, int):
            return None
        return {"&": value & other, "|": value | other, "^": value ^ other, "<<": value << other, ">>": value >> other}[name]
    if name == "payload":
        return _payload(inner, packet, table, context)
    if name == "meta":
        return _meta(inner["key"], packet, table, context)
    if name == "ct":
        return _ct(inner, packet, context)
    if name == "fib":
        return _fib(inner, packet, context)
    if name in ("exthdr", "tcp option", "ip option"):
        if name == "exthdr" and packet.family != "inet6" or name == "ip option" and packet.family != "inet":
            raise Broken
        if name == "tcp option" and packet.proto != "tcp":
            raise Broken
        if name != "tcp option":
            if "field" in inner:
                raise Broken  # an ordinary packet has no extension header or option
            return 0
    if name == "map":
        return look_up(inner, packet, table, context)
    if name in ("numgen", "jhash", "symhash"):
        return int(inner.get("offset") or 0) + draw(int(inner["mod"]), name, context)
    raise Unknown(f"{name} is not known")


def draw(count: int, what: str, context: Context) -> int:
    """The lot that is tried, of ``count``. Raises Lots where none is tried yet, Unknown where there are too many."""
    if count > _LOTS:
        raise Unknown(f"{what}: one of {count}")
    if context.lot is None and count > 1:
        raise Lots(count)
    return context.lot or 0


def lots(count: int, context: Context) -> Iterator[int]:
    """Try each lot: while one is yielded, :func:`draw` draws it."""
    try:
        for context.lot in range(count):
            yield context.lot
    finally:
        context.lot = None


def drawn(statement: Record, packet: Packet, table: Table, context: Context, count: int) -> list[Effect | None]:
    """The effect of a statement for each of its lots; None where the rule does not apply then. Raises Unknown."""
    found: list[Effect | None] = []
    for _ in lots(count, context):
        try:
            if "match" in statement:
                found.append(Effect() if matches(statement, packet, table, context) else None)
            else:
                found.append(apply(statement, packet, table, context))
        except Broken:
            found.append(None)
    return found


def look_up(inner: Record, packet: Packet, table: Table, context: Context) -> Any:
    """The value that a map has for a packet. Raises Broken where the map has no such key."""
    value = evaluate(inner["key"], packet, table, context)
    data = inner["data"]
    elements = table.elements(data) if isinstance(data, str) else data["set"]
    default: Any = Broken
    for element in table.likely(elements, value, inner["key"]):
        key = key_of(element[0])
        if key == "*":
            default = element[1]
            continue
        found = equals(value, key, inner["key"])
        if found is None:
            raise Unknown("the key of a map is not known")
        if found:
            return element[1]
    if default is Broken:
        if isinstance(data, str) and data[1:] in table.changing:
            raise Unknown(f"the map {data} changes with the traffic")
        raise Broken
    return default


def _payload(inner: Record, packet: Packet, table: Table, context: Context) -> Any:
    protocol, field = inner.get("protocol"), inner.get("field")
    if protocol in ("ip", "ip6"):
        if packet.family != ("inet" if protocol == "ip" else "inet6"):
            raise Broken
        if field in ("saddr", "daddr"):
            return matching.address(packet.source if field == "saddr" else packet.destination)
        if field in ("protocol", "nexthdr"):
            return matching.number_of(packet.proto)
        if field == "version":
            return 4 if protocol == "ip" else 6
        known = {"ttl": packet.ttl, "hoplimit": packet.ttl, "length": packet.length, "dscp": packet.dscp, "frag-off": None}
        if field in known:
            return known[field]
        raise Unknown(f"{protocol} {field} is not known")
    if protocol == "arp":
        return _arp(str(field), packet)
    if protocol in ("ether", "vlan"):
        return _link_layer(str(protocol), str(field), packet)
    proto = matching.transport(packet)
    if protocol == "th":
        if packet.family == "arp":
            raise Broken
        if proto not in ("tcp", "udp", "udplite", "sctp", "dccp"):
            return None  # bytes of another header, in the place of ports
    elif protocol in _TRANSPORTS:
        if matching.number_of(protocol) != matching.number_of(packet.proto):
            raise Broken
    else:
        raise Unknown("bytes of the packet are not known")
    if field in ("sport", "dport"):
        return packet.sport if field == "sport" else packet.dport
    if field in ("type", "code") and protocol in ("icmp", "icmpv6"):
        if field == "type" and packet.icmp_type is None:
            return None
        return packet.icmp_type if field == "type" else packet.icmp_code
    if (protocol, field) == ("tcp", "flags"):
        return matching.tcp_flags(packet)
    raise Unknown(f"{protocol} {field} is not known")


def _arp(field: str, packet: Packet) -> Any:
    if packet.family != "arp":
        raise Broken
    known = {"operation": packet.operation, "htype": 1, "ptype": 0x0800, "hlen": 6, "plen": 4}
    if field in known:
        return known[field]
    if field in ("saddr ip", "daddr ip"):
        return matching.address(packet.source if field == "saddr ip" else packet.destination)
    raise Unknown(f"arp {field} is not known")


def _link_layer(protocol: str, field: str, packet: Packet) -> Any:
    if protocol == "vlan":
        if packet.vlan is None:
            raise Broken
        if field == "id":
            return packet.vlan
        raise Unknown(f"vlan {field} is not known")
    if field == "type":
        return 0x8100 if packet.vlan is not None else _ETHER[_PROTOCOLS[packet.family]]
    text = packet.ether_source if field == "saddr" else packet.ether_destination
    if text is None:
        raise Unknown("MAC addresses are not known")
    return int(text.replace(":", ""), 16)


def _meta(key: str, packet: Packet, table: Table, context: Context) -> Any:
    bridge = table.family in ("bridge", "netdev") and packet.bridged
    if key in ("iif", "iifname"):
        return (packet.physin if bridge else packet.iif) or ""
    if key in ("oif", "oifname"):
        return (packet.physout if bridge else packet.oif) or ""
    if key in ("ibrname", "obrname"):
        if not packet.bridged:
            raise Broken
        return packet.iif if key == "ibrname" else packet.oif
    if key == "l4proto":
        if packet.family == "arp":
            raise Broken
        return matching.number_of(packet.proto)
    if key == "nfproto":
        return _OF_TABLES.get(table.family, 2 if packet.family == "inet" else 10)
    if key == "protocol":
        return _ETHER[_PROTOCOLS[packet.family]]
    if key == "mark":
        return packet.mark
    if key == "length":
        return packet.length
    if key == "pkttype":
        kind = context.type_of(packet.destination, packet) if context.hook not in ("output", "postrouting") else "unicast"
        if kind is None:
            return None if packet.bridged else "host"
        return {"multicast": "multicast", "broadcast": "broadcast"}.get(kind, "other" if packet.bridged else "host")
    if key in ("skuid", "skgid"):
        if context.hook in ("ingress", "prerouting", "input", "forward") or context.hook == "postrouting" and packet.iif:
            raise Broken
        return packet.uid if key == "skuid" else packet.gid
    if key in ("iifgroup", "oifgroup"):
        return _group(packet.iif if key == "iifgroup" else packet.oif, context)
    if key == "nftrace":
        return 0
    raise Unknown(f"meta {key} is not known")


def _group(dev: str | None, context: Context) -> Any:
    link = context.netns.link(dev) if dev else None
    if not dev:
        raise Broken
    if link is None or "group" not in link:
        raise Unknown(f"the group of {dev} is not known")
    return str(link["group"])


def _ct(inner: Record, packet: Packet, context: Context) -> Any:
    key = inner["key"]
    if key == "state":
        return context.state(packet)
    known = context.has_connection(packet)
    if known is None:
        raise Unknown("the state of the connection is not known")
    if not known:
        raise Broken
    if key == "mark":
        return packet.ct_mark
    if key == "zone":
        return packet.zone
    if key == "direction":
        return packet.direction
    if key == "status":
        raise Unknown("the status of the connection is not known whole")
    if key == "protocol":
        return matching.number_of(packet.proto)
    if key == "l3proto":
        return "ipv4" if packet.family == "inet" else "ipv6"
    if inner.get("dir") == "original":
        source, destination, sport, dport = original(packet)
        found = {"saddr": source, "daddr": destination, "proto-src": sport, "proto-dst": dport}.get(key.split(" ")[-1])
        if key.split(" ")[0] in ("ip", "ip6") and packet.family != ("inet" if key[:3] == "ip " else "inet6"):
            raise Broken
        return matching.address(found) if isinstance(found, str) else found
    raise Unknown(f"ct {key} is not known")


def original(packet: Packet) -> tuple[str, str, int | None, int | None]:
    """The tuple of a connection's first packet before NAT: source, destination, source port, destination port."""
    if packet.original is not None:
        return packet.original
    if packet.direction == "original":
        return packet.source, packet.destination, packet.sport, packet.dport
    return packet.destination, packet.source, packet.dport, packet.sport


def _fib(inner: Record, packet: Packet, context: Context) -> Any:
    flags, result = inner["flags"], inner["result"]
    asked = packet.source if "saddr" in flags else packet.destination
    if "oif" in flags:
        raise Unknown("fib with oif")
    if "mark" not in flags and packet.mark:
        packet = replace(packet, mark=0)
    if result == "type":
        kind = context.type_of(asked, packet)
        if kind is None:
            raise Unknown(f"the type of {asked} is not known")
        if kind == "local" and "iif" in flags:
            dev = context.device_of(asked)
            return "local" if dev == packet.iif else None if dev is None else "unicast"
        return kind
    found = context.fib(asked, packet)
    if found is None or found[0] == "local":
        raise Unknown(f"the way back to {asked} is not known")
    dev = found[1] if found[0] == "unicast" else None
    if "iif" in flags and dev != packet.iif:
        dev = None
    if result == "oif":
        return int(dev is not None)
    return dev or ""


# -- statements ----------------------------------------------------------------------------------------------------------


def apply(statement: Record, packet: Packet, table: Table, context: Context) -> Effect:
    """The effect of a statement other than `match`. Raises Unknown, and Broken where the rule does not apply after all."""
    ((name, value),) = statement.items()
    if name in ("accept", "drop", "return", "continue"):
        return Effect("" if name == "continue" else name)
    if name in ("jump", "goto"):
        return Effect(name, value["target"])
    if name == "reject":
        return _reject((value or {}).get("type"), packet)
    if name == "vmap":
        verdict = look_up(value, packet, table, context)
        if not isinstance(verdict, dict):
            raise Unknown(f"the verdict {verdict} is not known")
        return apply(verdict, packet, table, context)
    if name == "mangle":
        return _mangle(value, packet, table, context)
    if name == "notrack":
        return Effect(packet=replace(packet, state="untracked"), name="notrack")
    if name in ("dnat", "snat"):
        return _nat(name, value or {}, packet, table, context)
    if name == "masquerade":
        return masquerade(packet, context)
    if name == "redirect":
        new = (value or {}).get("port")
        number = _one_port(new, packet, table, context)
        return redirect(packet, context, number)
    if name in ("set", "map"):
        if value.get("stmt"):
            _meters(value["stmt"])
        return Effect()
    if name == "limit":
        raise Unknown("limit: may or may not be reached")
    if name in _HARMLESS:
        return Effect()
    if name == "xt" and value and value.get("name") == "comment":
        return Effect()
    if name == "xt" and value and value.get("name") == "MASQUERADE":  # its words, which nft does not print, choose ports only
        return masquerade(packet, context)
    if name == "unparsed":
        raise Unknown(f"not understood: {' '.join(value)}")
    raise Unknown(f"{name} cannot be told")


def _reject(kind: str | None, packet: Packet) -> Effect:
    """Reject only packets that the kind of answer fits: nft omits the match that it derives from the kind in its listing."""
    if kind == "icmp" and packet.family != "inet" or kind == "icmpv6" and packet.family != "inet6":
        raise Broken
    if kind == "tcp reset" and packet.proto != "tcp":
        raise Broken
    return Effect("reject")


def _meters(statements: list[Record]) -> None:
    """Raise Unknown where the statement of a set's element (a `limit`) may end the rule."""
    for statement in statements:
        if next(iter(statement)) not in ("counter", "last"):
            raise Unknown(f"{next(iter(statement))}: may or may not be reached")


def _mangle(value: Record, packet: Packet, table: Table, context: Context) -> Effect:
    """Set a field of the packet: `meta mark set`, `ct mark set`, an address, a port."""
    ((kind, key),) = value["key"].items()
    field = key.get("key", key.get("field"))
    if kind == "meta" and field == "mark":
        new = evaluate(value["value"], packet, table, context)
        if not isinstance(new, int):
            raise Unknown("the mark that is set is not known")
        return Effect(packet=replace(packet, mark=new & 0xFFFFFFFF), name="mark")
    if kind == "ct" and field == "mark":
        new = evaluate(value["value"], packet, table, context)
        return Effect(packet=replace(packet, ct_mark=new if isinstance(new, int) else None))
    if kind == "ct" and field == "zone":
        new = value["value"]
        return Effect(packet=replace(packet, zone=new)) if isinstance(new, int) else Effect()
    if kind == "payload" and key.get("protocol") in ("ip", "ip6") and field in ("saddr", "daddr"):
        if not isinstance(value["value"], str):
            raise Unknown(f"the {field} that is set is not known")
        changes: Record = {"source" if field == "saddr" else "destination": value["value"]}
        return Effect(packet=replace(packet, **changes), name=f"{field} set")
    if kind == "payload" and field in ("sport", "dport"):
        changes = {field: value["value"] if isinstance(value["value"], int) else None}
        return Effect(packet=replace(packet, **changes), name=f"{field} set")
    return Effect()


def _one_port(new: Any, packet: Packet, table: Table, context: Context) -> int | None:
    """The new port of a translation; None where the port stays. Raises Unknown where the kernel chooses one of several."""
    if new is None:
        return None
    if isinstance(new, dict) and "map" in new:
        new = look_up(new["map"], packet, table, context)
    if not isinstance(new, int):
        raise Unknown("one port of several")
    return new


def _nat(name: str, value: Record, packet: Packet, table: Table, context: Context) -> Effect:
    """Translate a packet by `dnat to` or `snat to`, also through a map."""
    if value.get("family", table.family) in ("ip", "ip6") and packet.family != (
        "inet" if value.get("family", table.family) == "ip" else "inet6"
    ):
        raise Broken
    new, number = value.get("addr"), value.get("port")
    if isinstance(new, dict) and "map" in new:
        new = look_up(new["map"], packet, table, context)
        if isinstance(new, dict) and "concat" in new:
            new, number = new["concat"]
    if isinstance(new, dict) and "range" in new:
        first, last = new["range"]
        new = one_of_range(first, last, context)
    if new is not None and not isinstance(new, str):
        raise Unknown("one address of several")
    if name == "dnat":
        return translated(packet, "dnat", new, _one_port(number, packet, table, context))
    return translated(packet, "snat", new, number if isinstance(number, int) else None, free=number is not None)


def one_of_range(first: str, last: str, context: Context) -> str:
    """The address of a range that is tried. Raises Lots where none is tried yet, Unknown for a long range."""
    low, high = matching.address(first), matching.address(last)
    if low is None or high is None:
        raise Unknown("one address of several")
    lot = draw(high - low + 1, "one address of several", context)
    return first if not lot else text_of(low + lot, family_of(first))


def translated(packet: Packet, name: str, to: str | None, number: int | None, free: bool = False) -> Effect:
    """Translate a packet and accept it; ``to`` None: keep the address. ``free``: the kernel chooses the port, it is not known."""
    end, port = ("destination", "dport") if name in ("dnat", "redirect") else ("source", "sport")
    if to is not None and matching.address(to) is None:
        raise Unknown(f"{to} is no address")
    changes: Record = {} if to is None else {end: to}
    if number is not None:
        changes[port] = number
    elif free:
        changes[port] = None
    status = packet.status | {"dnat" if end == "destination" else "snat"}
    return Effect("accept", packet=replace(packet, **changes, original=original(packet), status=status), name=name)


def masquerade(packet: Packet, context: Context) -> Effect:
    """Translate the source to the address of the outgoing interface; drop the packet where that has none."""
    addresses = context.addresses_of_out
    if addresses is None:
        if context.netns.addresses is None:
            raise Unknown("the addresses of the outgoing interface are not known")
        addresses = context.addresses_of(packet.oif, packet.family)
    if not addresses:
        return Effect("drop", name="masquerade without an address")
    return translated(packet, "masquerade", addresses[0], None)


def redirect(packet: Packet, context: Context, number: int | None) -> Effect:
    """Translate the destination to the first address of the incoming interface; to the loopback address in `output`."""
    if context.hook == "output":
        return translated(packet, "redirect", "127.0.0.1" if packet.family == "inet" else "::1", number)
    if context.netns.addresses is None:
        raise Unknown("the addresses of the incoming interface are not known")
    addresses = context.addresses_of(packet.iif, packet.family)
    if not addresses:
        return Effect("drop", name="redirect without an address")
    return translated(packet, "redirect", addresses[0], number)
