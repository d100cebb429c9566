"""Hypothesis strategies of valid tables: a text and its records."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    Table = tuple[str, list[dict[str, Any]]]


def _is_name(name: str) -> bool:
    octets = name.encode("utf-8", "surrogateescape")
    return 0 < len(octets) <= 15 and name not in (".", "..", "*", "-") and not set(octets) & set(b"\t\n\v\f\r \xa0/:\0\x1b@")


# What the kernel takes for a name, except for ESC and @, which have a meaning in a capture; and names that are words of ours.
_ANY_NAMES = st.one_of(
    st.from_regex(r"(eth|veth|br|wlan|tun)[0-9]{1,4}", fullmatch=True),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=15),
    st.text(min_size=1, max_size=8),
    st.sampled_from("dev via metric lock nexthop cache self master permanent static state probes used 9probes not all "
                    "lookup unreachable default NONE if9 a\\b \\ \x1c \u2028 a\u00e9 packets0 packetsx port vlan on at scope "
                    "inet x,y [x] <y> \udc80\udcff link-netns alias altname vf Error U UG (incomplete) 12 0x1".split(" ")),
).filter(_is_name)  # fmt: skip
names: SearchStrategy[str] = _ANY_NAMES
ipv4 = st.ip_addresses(v=4).map(str)
ipv6 = st.integers(2**120, 2**128 - 1).map(ipaddress.IPv6Address).map(str)
macs = st.binary(min_size=6, max_size=6).map(lambda octets: octets.hex(":"))
numbers = st.one_of(st.integers(0, 300), st.integers(0, 2**32 - 1))


def _prefix(address: str, bits: int, length: int) -> str:
    return address if length == bits else f"{address}/{length}"


prefixes4 = st.builds(_prefix, ipv4, st.just(32), st.integers(1, 32))
prefixes6 = st.builds(_prefix, ipv6, st.just(128), st.integers(1, 128))

# -- routes --------------------------------------------------------------------------------------------------------

_FLAGS = ("dead", "onlink", "linkdown", "offload", "trap", "rt_offload")
_METRICS = {"mtu": "mtu", "window": "window", "advmss": "advmss", "cwnd": "cwnd", "hoplimit": "hoplimit", "congctl": "congestion"}


def _maybe(draw: DrawFn, odds: int = 3) -> bool:
    return draw(st.integers(1, odds)) == 1


def _hop(draw: DrawFn, six: bool, words: list[str], record: dict[str, Any]) -> None:
    if _maybe(draw, 2):
        gateway = draw(ipv6 if six else ipv4)
        words += ["via", gateway]
        record["gateway"] = gateway
    elif not six and _maybe(draw, 4):
        gateway = draw(ipv6)
        words += ["via", "inet6", gateway]
        record["via"] = {"family": "inet6", "host": gateway}


@st.composite
def route(draw: DrawFn) -> tuple[list[str], dict[str, Any]]:
    """The lines of a route, and its record."""
    six = draw(st.booleans())
    words: list[str] = []
    record: dict[str, Any] = {}
    if _maybe(draw, 5):
        record["type"] = draw(st.sampled_from("blackhole unreachable prohibit throw local broadcast multicast anycast".split()))
        words.append(record["type"])
    record["dst"] = "default" if _maybe(draw, 6) else draw(prefixes6 if six else prefixes4)
    words.append(record["dst"])
    multipath = "type" not in record and _maybe(draw, 6)
    if _maybe(draw, 9):
        record["tos"] = draw(st.sampled_from(["0x10", "throughput"]))
        words += ["tos", record["tos"]]
    if not multipath:
        _hop(draw, six, words, record)
        if _maybe(draw, 1 if "type" not in record else 3):
            record["dev"] = draw(names)
            words += ["dev", record["dev"]]
    for word, key, values in (
        ("table", "table", st.sampled_from(["local", "100", "main"])),
        ("proto", "protocol", st.sampled_from(["kernel", "static", "bird", "dhcp", "201"])),
        ("scope", "scope", st.sampled_from(["link", "host", "global", "50"])),
        ("src", "prefsrc", ipv6 if six else ipv4),
        ("metric", "metric", numbers),
    ):
        if _maybe(draw):
            record[key] = draw(values)
            words += [word, str(record[key])]
    record["flags"] = draw(st.lists(st.sampled_from(_FLAGS), unique=True, max_size=2)) if _maybe(draw) and not multipath else []
    words += record["flags"]
    if _maybe(draw, 9):
        record["flow"] = {"from": "5", "to": "7"} if _maybe(draw, 2) else {"to": "9"}
        words += ["realms", "5/7"] if "from" in record["flow"] else ["realm", "9"]
    if _maybe(draw, 9):
        record["expires"] = draw(st.integers(-5, 100000))
        words += ["expires", f"{record['expires']}sec"]
    if _maybe(draw, 6):
        metrics: dict[str, Any] = {}
        for word in draw(st.lists(st.sampled_from(sorted(_METRICS)), unique=True, min_size=1, max_size=4)):
            words.append(word)
            if _maybe(draw, 4):
                words.append("lock")
                metrics.setdefault("locked", []).append(_METRICS[word])
            metrics[_METRICS[word]] = "reno" if word == "congctl" else draw(numbers)
            words.append(str(metrics[_METRICS[word]]))
        record["metrics"] = [metrics]
    if six and _maybe(draw, 2):
        record["pref"] = draw(st.sampled_from(["low", "medium", "high"]))
        words += ["pref", record["pref"]]
    blank = draw(st.sampled_from(["", " "]))
    lines = [" ".join(words) + blank]
    if multipath:
        record["nexthops"] = []
        for _ in range(draw(st.integers(1, 3))):
            parts: list[str] = ["nexthop"]
            hop: dict[str, Any] = {"flags": []}
            _hop(draw, six, parts, hop)
            hop["dev"], hop["weight"] = draw(names), draw(st.integers(1, 256))
            parts += ["dev", hop["dev"], "weight", str(hop["weight"])]
            if _maybe(draw, 5):
                hop["flags"] = ["linkdown"]
                parts.append("linkdown")
            record["nexthops"].append(hop)
            lines.append("\t" + " ".join(parts) + " ")
    return lines, record


def _table(entries: list[tuple[list[str], dict[str, Any]]]) -> Table:
    return "".join(line + "\n" for lines, _ in entries for line in lines), [record for _, record in entries]


routes = st.lists(route(), max_size=12).map(_table)

# -- links ---------------------------------------------------------------------------------------------------------

_LINK_FLAGS = "NO-CARRIER BROADCAST MULTICAST UP LOWER_UP NOARP POINTOPOINT PROMISC M-DOWN".split()


@st.composite
def link(draw: DrawFn) -> tuple[list[str], dict[str, Any]]:
    """The lines of a link, and its record."""
    name = draw(names)
    record: dict[str, Any] = {"ifindex": draw(st.integers(1, 2**31 - 1))}
    printed = name
    if _maybe(draw, 2):
        record["link_index"] = draw(st.integers(1, 2**31 - 1))
        printed = f"{name}@if{record['link_index']}"
    record.update(ifname=name, flags=draw(st.lists(st.sampled_from(_LINK_FLAGS), unique=True)), mtu=draw(numbers))
    words = [f"<{','.join(record['flags'])}>", "mtu", str(record["mtu"])]
    for word, key, values in (
        ("qdisc", "qdisc", st.sampled_from(["noqueue", "mq", "fq_codel"])),
        ("master", "master", names),
        ("state", "operstate", st.sampled_from(["UP", "DOWN", "UNKNOWN"])),
        ("mode", "linkmode", st.sampled_from(["DEFAULT", "DORMANT"])),
        ("group", "group", st.sampled_from(["default", "7"])),
        ("qlen", "txqlen", numbers),
    ):
        if _maybe(draw, 2):
            record[key] = draw(values)
            words += [word, str(record[key])]
    first = f"{record['ifindex']}: {printed}: {' '.join(words)}"
    record["link_type"] = draw(st.sampled_from(["ether", "loopback", "none", "ieee802.15.4", "[519]"]))
    second = f"    link/{record['link_type']}"
    if record["link_type"] != "none":
        record["address"], record["broadcast"] = draw(macs), draw(macs)
        second += f" {record['address']} brd {record['broadcast']}"
    if "link_index" in record:
        record["link_netnsid"] = draw(st.integers(0, 99))
        second += f" link-netnsid {record['link_netnsid']}"
    lines = [first, second + draw(st.sampled_from(["", " "]))]
    if _maybe(draw, 5):
        record["ifalias"] = draw(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40))
        lines.append(f"    alias {record['ifalias']}")
    if _maybe(draw, 4):
        for direction, last in (("rx", "multicast"), ("tx", "collisions")):
            counters = {key: draw(numbers) for key in ("bytes", "packets", "errors", "dropped", last)}
            record.setdefault("stats64", {})[direction] = counters
            column = "mcast" if direction == "rx" else "collsns"
            lines.append(f"    {direction.upper()}:  bytes packets errors dropped {column} ")
            lines.append("    " + " ".join(f"{value:7d}" for value in counters.values()) + " ")
    return lines, record


def _differ(entries: list[tuple[list[str], dict[str, Any]]]) -> bool:
    """No peer is the name of a link: `ifN` may be one, and only JSON can tell."""
    own = {record["ifname"] for _, record in entries}
    return not any(f"if{record.get('link_index')}" in own for _, record in entries)


links = st.lists(link(), max_size=6).filter(_differ).map(_table)

# -- neighbours, rules, the bridge ---------------------------------------------------------------------------------


@st.composite
def neigh(draw: DrawFn) -> tuple[list[str], dict[str, Any]]:
    """A line of `ip neigh`, and its record."""
    record: dict[str, Any] = {"dst": draw(st.one_of(ipv4, ipv6)), "dev": draw(names)}
    words = [record["dst"], "dev", record["dev"]]
    if _maybe(draw, 1):
        record["lladdr"] = draw(macs)
        words += ["lladdr", record["lladdr"]]
    for flag in ("router", "proxy", "extern_learn", "offload"):
        if _maybe(draw, 6):
            record[flag] = None
            words.append(flag)
    if _maybe(draw, 4):
        record.update(used=draw(numbers), confirmed=draw(numbers), updated=draw(numbers), probes=draw(numbers))
        glue = draw(st.sampled_from(["", " "]))
        words += f"used {record['used']}/{record['confirmed']}/{record['updated']}{glue}probes {record['probes']}".split(" ")
    record["state"] = [draw(st.sampled_from("INCOMPLETE REACHABLE STALE DELAY PROBE FAILED NOARP PERMANENT".split()))]
    words.append(record["state"][0])
    if _maybe(draw, 5):
        record["protocol"] = "zebra"
        words += ["proto", "zebra"]
    return [" ".join(words) + draw(st.sampled_from(["", " "]))], record


neighs = st.lists(neigh(), max_size=12).map(_table)


@st.composite
def rule(draw: DrawFn) -> tuple[list[str], dict[str, Any]]:
    """A line of `ip rule`, and its record."""
    record: dict[str, Any] = {"priority": draw(numbers)}
    words = []
    if _maybe(draw, 5):
        record["not"] = None
        words.append("not")
    for word, key in (("from", "src"), ("to", "dst")):
        if word == "from" or _maybe(draw):
            address = "all" if word == "from" and _maybe(draw, 2) else draw(st.one_of(prefixes4, prefixes6))
            words += [word, address]
            record[key], slash, bits = address.partition("/")
            if slash:
                record[key + "len"] = int(bits)
    if _maybe(draw):
        record["fwmark"] = f"{draw(numbers):#x}"
        words += ["fwmark", record["fwmark"]]
        if _maybe(draw, 2):
            record["fwmask"] = "0xff"
            words[-1] += "/0xff"
    for word in ("iif", "oif"):
        if _maybe(draw, 4):
            record[word] = draw(names)
            words += [word, record[word]]
            if _maybe(draw, 3):
                record[word + "_detached"] = None
                words.append("[detached]")
    if _maybe(draw, 5):
        record["uid_start"], record["uid_end"] = draw(numbers), draw(numbers)
        words += ["uidrange", f"{record['uid_start']}-{record['uid_end']}"]
    if _maybe(draw, 5):
        record["ipproto"], record["dport_start"], record["dport_end"] = "tcp", 80, 90
        words += ["ipproto", "tcp", "dport", "80-90"]
    action = draw(st.sampled_from(["lookup", "goto", "blackhole"]))
    if action == "lookup":
        record["table"] = draw(st.sampled_from(["main", "local", "100"]))
        words += ["lookup", record["table"]]
    elif action == "goto":
        record["goto"] = draw(numbers)
        words += ["goto", str(record["goto"])]
        if _maybe(draw, 3):
            record["unresolved"] = None
            words.append("[unresolved]")
    else:
        record["action"] = action
        words.append(action)
    return [f"{record['priority']}:\t{' '.join(words)}" + draw(st.sampled_from(["", " "]))], record


rules = st.lists(rule(), max_size=12).map(_table)
_FDB_WORDS = frozenset(
    "self router extern_learn offload sticky locked external permanent static stale dst vlan ifindex dev".split()
)


@st.composite
def fdb_entry(draw: DrawFn) -> tuple[list[str], dict[str, Any]]:
    """A line of `bridge fdb`, and its record."""
    record: dict[str, Any] = {"mac": draw(macs), "ifname": draw(names)}
    words = [record["mac"], "dev", record["ifname"]]
    if _maybe(draw):
        record["dst"] = draw(st.one_of(ipv4, ipv6))
        words += ["dst", record["dst"]]
    for word in ("vlan", "vni"):
        if _maybe(draw):
            record[word] = draw(st.integers(1, 4094))
            words += [word, str(record[word])]
    if _maybe(draw, 4):
        record["used"], record["updated"] = draw(numbers), draw(numbers)
        words += ["used", f"{record['used']}/{record['updated']}"]
    flags = draw(st.lists(st.sampled_from(["self", "extern_learn", "offload", "sticky"]), unique=True, max_size=2))
    words += flags
    if "self" not in flags and _maybe(draw, 2):
        record["master"] = draw(names.filter(lambda name: name not in _FDB_WORDS and not name.startswith("state=")))
        words += ["master", record["master"]]
    record["flags"] = flags
    record["state"] = draw(st.sampled_from(["permanent", "static", "stale", ""]))
    words += [record["state"]]
    return [" ".join(words)], record


fdb = st.lists(fdb_entry(), max_size=12).map(_table)


@st.composite
def vlans(draw: DrawFn) -> Table:
    """`bridge vlan` as a whole, and its records."""
    lines, records = ["port              vlan-id  "], []
    for _ in range(draw(st.integers(0, 4))):
        name = draw(names.filter(lambda name: name != "port"))
        entries: list[dict[str, Any]] = []
        for position in range(draw(st.integers(1, 4))):
            entry: dict[str, Any] = {"vlan": draw(st.integers(1, 4094))}
            text = str(entry["vlan"])
            if _maybe(draw, 4):
                entry["vlanEnd"] = draw(st.integers(1, 4094))
                text += f"-{entry['vlanEnd']}"
            flags = draw(st.lists(st.sampled_from(["PVID", "Egress Untagged"]), unique=True))
            if flags:
                entry["flags"] = flags
            lines.append(f"{'' if position else name:<16}  {' '.join([text, *flags])}")
            entries.append(entry)
        records.append({"ifname": name, "vlans": entries})
    return "\n".join(lines) + "\n", records


# -- arp and route -------------------------------------------------------------------------------------------------

_ARP_FLAGS = {"C": "", "CM": "PERM ", "CMP": "PERM PUB ", "C!": "DONTPUB ", "CT": "TRAIL "}


@st.composite
def arp_entry(draw: DrawFn) -> tuple[list[str], dict[str, Any]]:
    """An entry as `arp -n`, `arp -an`, busybox or /proc/net/arp print it, and its record."""
    address, iface, kind = draw(ipv4), draw(names), draw(st.sampled_from(["whole", "incomplete", "published", "blank"]))
    form = draw(st.sampled_from(["table", "bsd", "busybox", "proc"]))
    flags = draw(st.sampled_from(sorted(_ARP_FLAGS) if form == "table" or form == "bsd" else ["C", "CM"]))
    mac = draw(macs) if kind == "whole" else ""
    if kind == "incomplete":
        record: dict[str, Any] = {"address": address, "hwaddress": None, "flags": "", "iface": iface}
    elif kind == "published":
        record = {"address": address, "hwaddress": None, "flags": "MP", "iface": iface}
    else:
        record = {"address": address, "hwtype": "ether", "hwaddress": mac or None, "flags": flags, "iface": iface}
    if form == "table":
        hwtype, shown = {"incomplete": ("", "(incomplete)"), "published": ("*", "<from_interface>")}.get(kind, ("ether", mac))
        return [f"{address:<23}  {hwtype:<8}{shown:<20}{record['flags']:<6}{'':<15} {iface}"], record
    if form == "proc":
        bits = {"incomplete": "0x0", "published": "0xc"}.get(kind, "0x6" if "M" in flags else "0x2")
        if kind in ("incomplete", "published"):
            record = {"address": address, "hwtype": "ether", **{key: value for key, value in record.items() if key != "address"}}
            mac = "00:00:00:00:00:00"
        return [f"{address:<16} 0x{'1':<10}{bits:<12}{mac:<17}     *        {iface}"], record
    if kind == "incomplete":
        shown = "<incomplete> "
    elif kind == "published":
        shown = "<from_interface> PERM PUB " if form == "bsd" else "* PERM PUP "
    else:
        shown = f"{mac} [ether] {_ARP_FLAGS[flags]}"
    return [f"? ({address}) at {shown}{' ' if form == 'busybox' and shown[-2] in ']>' else ''}on {iface}"], record


arp_entries = st.lists(arp_entry(), max_size=12).map(_table)


def _mask(length: int) -> str:
    value = (0xFFFFFFFF << 32 - length) & 0xFFFFFFFF
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


@st.composite
def route_row(draw: DrawFn) -> tuple[list[str], dict[str, Any]]:
    """A row of `route -n`, and its record."""
    length, metric, signed = draw(st.integers(0, 32)), draw(numbers), draw(st.booleans())
    record: dict[str, Any] = {"destination": draw(ipv4), "gateway": "0.0.0.0", "genmask": _mask(length), "flags": "U"}
    record.update(metric=metric, ref=0, use=draw(st.integers(0, 10**7)), iface=draw(names))
    if _maybe(draw, 2):
        record.update(gateway=draw(ipv4), flags="UG")
    if length == 32:
        record["flags"] += "H"
    if _maybe(draw, 5):
        record.update(gateway="-", flags="!" + ("H" if length == 32 else ""), ref=None, iface=None)
    elif _maybe(draw, 6):
        record.update(iface=None)
    iface = record["iface"] or ("-" if record["gateway"] == "-" else "*")
    shown = metric - (1 << 32) if signed and metric >= 1 << 31 else metric
    ref = "-" if record["ref"] is None else "0"
    front = f"{record['destination']:<15} {record['gateway']:<15} {record['genmask']:<15} {record['flags']:<5}"
    return [f"{front} {shown:<6d} {ref:<2} {record['use']:>7d} {iface}"], record


_HEADER = "Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n"
route_rows = st.lists(route_row(), max_size=12).map(_table).map(lambda table: (_HEADER + table[0], table[1]))

#: command -> its tables
TABLES = {
    "ip_route": routes, "ip_link": links, "ip_neigh": neighs, "ip_rule": rules, "bridge_fdb": fdb, "bridge_vlan": vlans(),
    "arp": arp_entries, "route": route_rows,
}  # fmt: skip
