"""Apply a rule of iptables to a packet: its conditions (yes, no, not known) and its target."""

from __future__ import annotations

from parsers import iptables
from parsers.lex import whole

from . import matching, nft_rules
from .matching import STATES, Context
from .nft_rules import Effect, Unknown
from .packet import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from parsers.records import FirewallRecord, Record

    from .packet import Packet


def matches(rule: FirewallRecord, packet: Packet, context: Context) -> tuple[bool | None, str]:
    """Whether a packet passes all conditions of a rule; where that is not known, the words of the first unknown condition."""
    answer: bool | None = True
    why = ""
    for condition in rule["expr"]:
        if condition.get("match") == "rpfilter":
            options = {one.get("option") for one in rule["expr"] if one.get("match") == "rpfilter"}
            found, said = _rpfilter(options, packet, context), "-m rpfilter"
        else:
            found, said = _condition(condition, packet, context, rule)
        if found is False:
            return False, ""
        if found is None and answer is True:
            answer, why = None, said
    if answer is True and rule.get("unseen"):
        return None, "the interfaces of the rule are not shown (iptables -L without -v)"
    return answer, why


def _condition(condition: Record, packet: Packet, context: Context, rule: FirewallRecord) -> tuple[bool | None, str]:
    if "unparsed" in condition:
        return None, f"not understood: {' '.join(condition['unparsed'])}"
    module, option, value = condition.get("match", ""), condition.get("option", ""), condition.get("value", "")
    if not option and module in _TRANSPORTS:  # `-p tcp -m tcp`: the module is loaded, and asks nothing
        module, option, value = "", "-p", _TRANSPORTS[module]
    judge = _JUDGES.get((module, option), _JUDGES.get((module, "")))
    words = " ".join(filter(None, (f"-m {module}" if module else "", "!" if condition.get("negated") else "", option, value)))
    if judge is None:
        return None, words
    try:
        found = judge(value, packet, context, condition)
    except Unknown as error:
        return None, f"{words} ({error})"
    except (ValueError, LookupError):
        return None, words
    if found is not None and condition.get("negated"):
        found = not found
    return found, words


def _always(value: str, packet: Packet, context: Context, condition: Record) -> bool:
    return not condition.get("negated")


def _address(end: str) -> Any:
    def judge(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
        number = matching.address(getattr(packet, end))
        answers = []
        for part in value.split(","):
            found = matching.span(part)
            answers.append(None if found is None or number is None else found[0] <= number <= found[1])
        return matching.some(answers)

    return judge


def _device(end: str) -> Any:
    def judge(value: str, packet: Packet, context: Context, condition: Record) -> bool:
        return matching.glob(value, getattr(packet, end) or "", "+")

    return judge


def _protocol(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
    if value in ("all", "0"):
        return True
    wanted, own = matching.number_of(value), matching.number_of(packet.proto)
    return None if wanted is None or own is None else wanted == own


def _ports(value: str, number: int | None) -> bool | None:
    answers: list[bool | None] = []
    for part in value.split(","):
        first, colon, last = part.partition(":")
        low = matching.port(first) if first else 0
        high = (matching.port(last) if last else 65535) if colon else low
        answers.append(None if low is None or high is None or number is None else low <= number <= high)
    return matching.some(answers)


def _port(end: str) -> Any:
    def judge(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
        return _ports(value, getattr(packet, end))

    return judge


def _either_port(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
    return matching.some([_ports(value, packet.sport), _ports(value, packet.dport)])


def _tcp_flags(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
    mask, wanted = value.split(" ")
    flags = matching.tcp_flags(packet)
    return None if flags is None else flags & _flags(mask) == _flags(wanted)


def _flags(word: str) -> int:
    if word == "NONE":
        return 0
    return 63 if word == "ALL" else matching.flag_bits(word.split(","))


def _icmp(names: dict[str, int]) -> Any:
    def judge(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
        if value == "any":
            return True
        kind, slash, code = value.partition("/")
        number = whole(kind)
        number = names.get(kind) if number is None else number
        if number is None or packet.icmp_type is None:
            return None
        return number == packet.icmp_type and (not slash or packet.icmp_code == int(code))

    return judge


def _state(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
    answers: list[bool | None] = []
    own = context.state(packet)
    for word in value.lower().split(","):
        if word in ("snat", "dnat"):
            answers.append(word in packet.status)
        else:
            answers.append(None if own is None else bool(own & STATES[word]))
    return matching.some(answers)


def _original(field: int) -> Any:
    """A field of the connection's first packet, before NAT."""

    def judge(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
        if context.has_connection(packet) is None:
            return None
        if not context.has_connection(packet):
            return bool(condition.get("negated"))
        own = nft_rules.original(packet)[field]
        if isinstance(own, str):
            found, number = matching.span(value), matching.address(own)
            return None if found is None or number is None else found[0] <= number <= found[1]
        return _ports(value, own if isinstance(own, int) else None)

    return judge


def _direction(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
    return value.lower() == packet.direction


def _masked(value: str, number: int | None) -> bool | None:
    wanted, _, mask = value.partition("/")
    if number is None:
        return None
    return number & (int(mask, 0) if mask else 0xFFFFFFFF) == int(wanted, 0)


def _mark(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
    return _masked(value, packet.mark)


def _connmark(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
    known = context.has_connection(packet)
    return _masked(value, packet.ct_mark) if known else known


def _addrtype(end: str) -> Any:
    def judge(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
        wanted = value.lower().split(",")
        if packet.family == "inet6":
            return _addrtype6(getattr(packet, end), wanted, packet, context)
        kind = context.type_of(getattr(packet, end), packet)
        if kind is None:
            return None
        return kind in wanted

    return judge


def _addrtype6(text: str, wanted: list[str], packet: Packet, context: Context) -> bool | None:
    """What addrtype asks of an IPv6 address: all must be so; unicast and multicast are told without the routing tables."""
    multicast = context.kind_of_address(text) == "multicast"
    if "multicast" in wanted and not multicast or "unicast" in wanted and multicast or "unspec" in wanted and text != "::":
        return False
    looked_up = {"anycast", "local", "unreachable"} & set(wanted)
    if not looked_up:
        return True
    kind = context.type_of(text, packet)
    return None if kind is None else kind in looked_up


def _physdev(end: str) -> Any:
    def judge(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
        name = getattr(packet, end)
        if not packet.bridged and name is None:
            if end == "physin" and packet.iif and _is_bridge(packet.iif, context):
                return None
            return False
        return None if name is None else matching.glob(value, name, "+")

    return judge


def _is_bridge(dev: str, context: Context) -> bool:
    link = context.netns.link(dev)
    return link is None or link.get("linkinfo", {}).get("info_kind") == "bridge"


def _is_bridged(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
    return packet.bridged


def _range(end: str) -> Any:
    def judge(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
        first, _, last = value.partition("-")
        low, high, number = matching.address(first), matching.address(last or first), matching.address(getattr(packet, end))
        return None if low is None or high is None or number is None else low <= number <= high

    return judge


def _mac(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
    return None if packet.ether_source is None else packet.ether_source.lower() == value.lower()


def _ttl(compare: str) -> Any:
    def judge(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
        if packet.ttl is None:
            return None
        number = int(value)
        return {"eq": packet.ttl == number, "lt": packet.ttl < number, "gt": packet.ttl > number}[compare]

    return judge


def _length(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
    return _ports(value, packet.length)


def _dscp(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
    return None if packet.dscp is None else packet.dscp == int(value, 0)


def _owner(end: str) -> Any:
    def judge(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
        if context.hook == "postrouting" and packet.iif:
            return None  # a packet that is forwarded has no socket
        number: int | None = getattr(packet, end)
        first, _, last = value.partition("-")
        if number is None or not first.isdigit():
            return None
        return int(first) <= number <= int(last or first)

    return judge


def _fragment(value: str, packet: Packet, context: Context, condition: Record) -> bool:
    return False


def _absent(value: str, packet: Packet, context: Context, condition: Record) -> bool:
    """A header that an ordinary packet does not have: the condition fails, also where it is negated."""
    return bool(condition.get("negated"))


def _rpfilter(options: set[str | None], packet: Packet, context: Context) -> bool | None:
    """Whether the way back to the source leaves by the link that the packet came in by."""
    if packet.iif == "lo":
        answer: bool | None = True
    else:
        found = context.fib(packet.source, packet if "--validmark" in options else replace(packet, mark=0))
        if found is None:
            return None
        kind, dev = found
        if kind == "local":
            answer = None if "--accept-local" in options else False
        else:
            answer = kind == "unicast" and ("--loose" in options or dev == packet.iif)
    return matching.negated(answer) if "--invert" in options else answer


def _pkttype(value: str, packet: Packet, context: Context, condition: Record) -> bool | None:
    kind = context.type_of(packet.destination, packet)
    if kind is None:
        return None
    own = {"multicast": "multicast", "broadcast": "broadcast"}.get(kind, "unicast")
    return own == value


_JUDGES: dict[tuple[str, str], Any] = {
    ("", "-s"): _address("source"), ("", "-d"): _address("destination"), ("", "-i"): _device("iif"), ("", "-o"): _device("oif"),
    ("", "-p"): _protocol, ("", "-f"): _fragment, ("comment", ""): _always, ("multiport", "--sports"): _port("sport"),
    ("multiport", "--source-ports"): _port("sport"), ("multiport", "--dports"): _port("dport"),
    ("multiport", "--destination-ports"): _port("dport"), ("multiport", "--ports"): _either_port,
    ("tcp", "--tcp-flags"): _tcp_flags, ("icmp", "--icmp-type"): _icmp(matching.ICMP_TYPES),
    ("icmp6", "--icmpv6-type"): _icmp(matching.ICMPV6_TYPES), ("state", "--state"): _state, ("conntrack", "--ctstate"): _state,
    ("conntrack", "--ctorigsrc"): _original(0), ("conntrack", "--ctorigdst"): _original(1),
    ("conntrack", "--ctorigsrcport"): _original(2), ("conntrack", "--ctorigdstport"): _original(3),
    ("conntrack", "--ctproto"): _protocol, ("conntrack", "--ctdir"): _direction, ("mark", "--mark"): _mark,
    ("connmark", "--mark"): _connmark, ("addrtype", "--dst-type"): _addrtype("destination"),
    ("addrtype", "--src-type"): _addrtype("source"), ("physdev", "--physdev-in"): _physdev("physin"),
    ("physdev", "--physdev-out"): _physdev("physout"), ("physdev", "--physdev-is-bridged"): _is_bridged,
    ("iprange", "--src-range"): _range("source"), ("iprange", "--dst-range"): _range("destination"),
    ("mac", "--mac-source"): _mac,
    ("ttl", "--ttl-eq"): _ttl("eq"), ("ttl", "--ttl-lt"): _ttl("lt"), ("ttl", "--ttl-gt"): _ttl("gt"),
    ("hl", "--hl-eq"): _ttl("eq"), ("hl", "--hl-lt"): _ttl("lt"), ("hl", "--hl-gt"): _ttl("gt"), ("length", "--length"): _length,
    ("dscp", "--dscp"): _dscp, ("owner", "--uid-owner"): _owner("uid"), ("owner", "--gid-owner"): _owner("gid"),
    ("pkttype", "--pkt-type"): _pkttype,
    **{("recent", f"--{option}"): _always for option in ("set", "name", "mask", "rsource", "rdest")},
    **{(module, ""): _absent for module in ("rt", "frag", "hbh", "dst", "mh")},
}  # fmt: skip
_TRANSPORTS = {name: name for name in ("tcp", "udp", "udplite", "sctp", "dccp", "icmp")} | {"icmp6": "ipv6-icmp"}
for _name in _TRANSPORTS:
    _JUDGES[_name, "--sport"] = _JUDGES[_name, "--source-port"] = _port("sport")
    _JUDGES[_name, "--dport"] = _JUDGES[_name, "--destination-port"] = _port("dport")


def apply(rule: FirewallRecord, packet: Packet, context: Context) -> list[Effect]:
    """Apply the target of a rule to a packet that passed its conditions. Raises Unknown."""
    target, options = rule.get("target", ""), rule.get("target_options", {})
    if target in ("ACCEPT", "DROP", "RETURN", "REJECT"):
        return [Effect(target.lower())]
    if target in ("", *(name for name in iptables.PASSING if name not in ("CT", "CONNMARK", "SYNPROXY"))):
        return []
    if target == "MARK":
        return [Effect(packet=replace(packet, mark=_marked(packet.mark, options)), name="mark")]
    if target == "CONNMARK":
        return [_connmarked(packet, options)]
    if target == "NOTRACK" or target == "CT" and "--notrack" in options:
        return [Effect(packet=replace(packet, state="untracked"), name="notrack")]
    if target == "CT":
        zone = str(options.get("--zone") or "")
        number = whole(zone)
        return [Effect(packet=replace(packet, zone=number))] if number is not None else []
    if target in ("DNAT", "SNAT"):
        return [_nat(target, str(options["--to-destination" if target == "DNAT" else "--to-source"]), packet, context)]
    if target == "MASQUERADE":
        return [nft_rules.masquerade(packet, context)]
    if target == "REDIRECT":
        return [nft_rules.redirect(packet, context, _single_port(options.get("--to-ports")))]
    if target == "NETMAP":
        return [_netmap(packet, str(options["--to"]), context)]
    if target in iptables.VERDICTS or target in iptables.PASSING:
        raise Unknown(f"what {target} does cannot be told")
    return [Effect("goto" if rule.get("goto") else "jump", target)]


def _marked(mark: int, options: Record) -> int:
    for option, word in options.items():
        if option in ("--set-xmark", "--set-mark"):
            value, _, mask = str(word).partition("/")
            bits = int(mask, 0) if mask else 0xFFFFFFFF
            if option == "--set-mark":
                return mark & ~bits | int(value, 0)
            return (mark & ~bits) ^ int(value, 0)
        if option in ("--or-mark", "--and-mark", "--xor-mark"):
            number = int(str(word), 0)
            return {"--or-mark": mark | number, "--and-mark": mark & number, "--xor-mark": mark ^ number}[option]
    raise Unknown("the mark that is set is not known")


def _connmarked(packet: Packet, options: Record) -> Effect:
    def mask(name: str) -> int:
        return int(str(options.get(name) or options.get("--mask") or "0xffffffff"), 0)

    if "--restore-mark" in options:
        if packet.ct_mark is None:
            raise Unknown("the connection's mark is not known")
        new = packet.mark & ~mask("--nfmask") ^ packet.ct_mark & mask("--ctmask")
        return Effect(packet=replace(packet, mark=new & 0xFFFFFFFF), name="mark")
    if packet.ct_mark is None:
        return Effect()
    if "--save-mark" in options:
        return Effect(packet=replace(packet, ct_mark=packet.ct_mark & ~mask("--ctmask") ^ packet.mark & mask("--nfmask")))
    return Effect(packet=replace(packet, ct_mark=_marked(packet.ct_mark, options)))


def _nat(target: str, to: str, packet: Packet, context: Context) -> Effect:
    """Apply a NAT target: ``10.0.0.5``, ``10.0.0.5:80``, ``10.0.0.5-10.0.0.9:80-90``, ``:80``, ``[fd00::5]:80``"""
    if to[:1] == "[":
        text, _, ports = to[1:].partition("]")
        ports = ports.lstrip(":")
    elif to.count(":") > 1:
        text, ports = to, ""
    else:
        text, _, ports = to.partition(":")
    ports = ports.partition("/")[0]
    first, dash, last = text.partition("-")
    if dash:
        first = nft_rules.one_of_range(first, last, context)
    name = target.lower()
    if name == "dnat":
        return nft_rules.translated(packet, name, first or None, _single_port(ports or None))
    single = whole(ports)
    return nft_rules.translated(packet, name, first or None, single, free=bool(ports))


def _single_port(word: Any) -> int | None:
    if not word:
        return None
    first, dash, last = str(word).partition("-")
    if dash and first != last:
        raise Unknown("one port of several")
    return int(first)


def _netmap(packet: Packet, to: str, context: Context) -> Effect:
    import ipaddress

    network = ipaddress.ip_network(to, strict=False)
    end = "destination" if context.hook in ("prerouting", "output") else "source"
    own = ipaddress.ip_address(getattr(packet, end))
    bits = int(own) & int(network.hostmask)
    new = str(type(own)(int(network.network_address) | bits))
    return nft_rules.translated(packet, "dnat" if end == "destination" else "snat", new, None)
