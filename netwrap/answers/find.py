"""Find every place where something occurs on a host: an address, a prefix, a MAC, a name, a number. Owners come first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from parsers.ip_route import family_of, table_of
from parsers.lex import whole

from .. import wording
from ..model.peers import PAIRS, in_words
from ..prefixes import contains, network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from parsers.records import FirewallRecord, Neigh, Record, Route, Socket

    from ..model.coverage import Table
    from ..model.host import Host
    from ..model.namespace import Namespace
    from ..prefixes import Network


#: In which order places are listed.
ROLES = (
    "namespace", "process", "listener", "owner", "peer", "port", "link", "nsid", "neighbour", "route", "rule", "firewall",
    "fdb", "vlan", "earlier", "line",
)  # fmt: skip
# The most characters of a line that is shown as a whole, and in front of and behind a word in a longer one.
_LONG, _AROUND = 240, 40
# What is in no address.
_BESIDE = re.compile(r"[^0-9A-Fa-f.:/-]+")
# `02:00:00:00:00:01`, `02-00-00-00-00-01`, `0200.0000.0001`
_MAC = re.compile(r"(?:[0-9a-f]{2}[:-]){5,19}[0-9a-f]{2}$|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}$", re.ASCII | re.IGNORECASE)
# `:5432`, `10.0.0.1:80`, `[::1]:80`
_PORT = re.compile(r"([0-9.]+|\[[0-9a-fA-F:.]+\])?:(\d{1,5})$", re.ASCII)
_IPV4 = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?$", re.ASCII)
_INODE = re.compile(r"(?:net:\[)?(\d{9,12})\]?$", re.ASCII)


class Place(NamedTuple):
    """A place where something occurs: the namespace, the table, the record in words, and the command that shows it."""

    netns: Namespace
    role: str
    what: str
    command: list[str]


def find(host: Host, what: str, several: bool = False) -> list[Record]:
    """The places as records with ``netns``, ``role``, ``what`` and ``command``; none where it occurs nowhere.

    A record only in an earlier state of a table has the role ``earlier``. ``several``: the source has other hosts, too.
    """
    places: list[Place] = []
    for netns in host.namespaces:
        for search in _searches(what):
            places += search(host, netns)
    if not places:
        for netns in host.namespaces:
            places += _earlier(netns, what)
    if not places and what == host.hostname and host.root is not None:
        places.append(Place(host.root, "namespace", f"the host {what}", ["ip", "address", "show"]))
    for netns in host.namespaces:
        places += _typed(netns, what)
    places = sorted(dict.fromkeys(_hashable(place) for place in places), key=lambda place: ROLES.index(place.role))
    return [
        {"netns": place.netns.name, "role": place.role, "what": place.what,
         "command": wording.pasteable(in_namespace(host, place.netns, list(place.command), several))}
        for place in places
    ]  # fmt: skip


def _hashable(place: Place) -> Any:
    return place._replace(command=tuple(place.command))  # type: ignore[arg-type]


def in_namespace(host: Host, netns: Namespace, words: list[str], several: bool = False) -> list[str]:
    """The words that run a command in a namespace of a host; for a capture, the `netwrap` command that answers it."""
    if words[0] in ("readlink", "ls"):
        return words
    if not host.live:
        where = [*(["--where", f"host={host.name}"] if several else []), *([] if netns.here else ["--netns", netns.title])]
        return ["netwrap", "--from", host.source, *where, *words]
    if netns.here:
        return words
    if netns.names and words[0] not in ("ip", "bridge"):
        return ["ip", "netns", "exec", netns.names[0], *words]
    if netns.names:
        return [words[0], "-n", netns.names[0], *words[1:]]
    if netns.pids:
        return ["nsenter", "-t", str(min(netns.pids)[0]), "-n", *words]
    if netns.paths:
        return ["nsenter", f"--net={netns.paths[0]}", *words]
    return words


def _earlier(netns: Namespace, what: str) -> Iterator[Place]:
    """The lines of tables that name something and are no row of an answer: earlier states, and values that no column shows."""
    word = _word(what)
    for tables in netns.tables.values():
        for table in tables:
            section = table.section
            if section is None or what.startswith(":") and section.stdout[:1] in ("[", "{"):  # in JSON, `:22` is any number
                continue
            for number, line in enumerate(section.stdout.split("\n"), start=section.line or 1):
                if what in line and (hit := word.search(line)):
                    shown = f"{_around(line, *hit.span())} (line {number}"
                    if any(_is_later(other, table) for other in tables):
                        words = [*table.command.split(), "--at", str(section.state + 1)]
                        yield Place(netns, "earlier", f"{shown}, before a later '{table.command}')", words)
                    else:
                        yield Place(netns, "line", f"{shown})", table.command.split())


def _around(line: str, start: int, end: int) -> str:
    """A line, or of a long one (JSON has a whole table in one) what stands around a place."""
    if len(line) > _LONG:
        line = f"…{line[max(start - _AROUND, 0) : end + _AROUND]}…"
    return " ".join(line.split())


def _typed(netns: Namespace, what: str) -> Iterator[Place]:
    """The commands of a pasted session that name something and change something."""
    word = _word(what)
    for section in netns.typed:
        if word.search(section.command):
            said = section.stderr.strip().partition("\n")[0]
            shown = f"typed: {section.command} (line {section.line}){': ' + said if said else ''}"
            words = section.command.split()
            yield Place(netns, "line", shown, [*words[:2], "show"] if words[0] in ("ip", "bridge") else words[:1])


def _is_later(other: Table, table: Table) -> bool:
    """Whether a table shows a later state of the same rows."""
    if other.section is None or table.section is None or other.section.state <= table.section.state:
        return False
    one, two = other.request, table.request
    return one is None or two is None or (one.verb, one.family, one.filters) == (two.verb, two.family, two.filters)


def _word(what: str) -> re.Pattern[str]:
    """A pattern for a word in a text, also with a prefix length behind it; an IPv4 address also between colons (`addr:`)."""
    if _IPV4.match(what):
        return re.compile(rf"(?<![\w.-]){re.escape(what)}(?![\w-]|\.\w)")
    return re.compile(rf"(?<![\w.:-]){re.escape(what)}(?![\w:-]|\.\w)", re.IGNORECASE)


def mentions(host: Host, what: str) -> list[int]:
    """The numbers of the lines of a host's source that name something, in any spelling, and were read as no table."""
    word, wanted = _word(what), network(what)
    mac = _plain_mac(what) if _MAC.match(what) else ""

    def names(line: str) -> bool:
        if word.search(line):
            return True
        for other in _BESIDE.split(line) if wanted is not None or mac else ():
            other = other.strip(".:/")
            if mac and _MAC.match(other) and _plain_mac(other) == mac:
                return True
            if wanted is not None and (":" in other or other.count(".") == 3) and contains(wanted, network(other)):
                return True
        return False

    return [number for number, line in host.unread if names(line)]


def is_absent(what: str, text: str) -> bool:
    """Whether the text of a capture shows that an address cannot be in it; False for words that may be written in other ways.

    >>> is_absent("10.0.0.7", "inet 10.0.0.70/24"), is_absent("10.0.0.7", "inet 10.1.0.7/24")
    (False, True)
    >>> is_absent("10.0.5.0/24", "10.0.1.1"), is_absent("eth0", "nothing")
    (True, False)
    """
    wanted = network(what)
    if _BESIDE.search(what):
        return False
    if _MAC.match(what):
        needle = _plain_mac(what)
    elif wanted is None or whole(what) is not None or "/proc/net/" in text:  # these files have their addresses in hexadecimal
        return False
    elif wanted.version == 4:
        octets = str(wanted.network_address).split(".")[: wanted.prefixlen // 8]
        while octets[-1:] == ["0"] and len(octets) < 4:  # 10.0.0.0/24 may be written 10/24
            octets.pop()
        needle = ".".join(octets)
    elif wanted.prefixlen == wanted.max_prefixlen and "." not in what and not wanted.network_address.ipv4_mapped:
        needle = str(wanted.network_address)
    else:
        return False
    return needle not in text and needle not in text.lower() and what not in text


def gist(text: str) -> str:
    """The words of a capture that :func:`is_absent` looks for, which answers for them as for the text.

    >>> gist("inet 10.0.0.7/24 brd 10.0.0.255 scope global; inet 10.0.0.7/24")
    '10.0.0.255 10.0.0.7/24 b ba c d e'
    """
    words = set(_BESIDE.sub(" ", text).split(" ")) - {""}
    if "/proc/net/" in text:
        words.add("/proc/net/")
    return " ".join(sorted(words))


def _searches(what: str) -> list[Callable[[Host, Namespace], Iterator[Place]]]:
    """The searches for a word, by its form; a number may be several things."""
    found: list[Callable[[Host, Namespace], Iterator[Place]]] = []
    bare = what.removeprefix("pid ").strip()
    if _MAC.match(what):
        return [_mac(what)]
    port = _PORT.match(what)
    if port is not None:
        address = network(port[1].strip("[]")) if port[1] else None
        return [_listeners(int(port[2]), address), _rules(_is_port(int(port[2]), address), ("sport", "dport", "to"))]
    number = whole(bare)
    prefix = network(what) if number is None or bare != what else None
    if prefix is not None:
        found.append(_prefix(prefix))
    if number is not None:
        found.append(_pid(number))
        if bare == what:
            found += [_vlan(number), _nsid(number), _listeners(number)]
    inode = _INODE.match(what)
    if inode is not None:
        found.append(_inode(inode[1]))
    if prefix is None:
        found.append(_name(what))
    return found


# -- addresses and prefixes ----------------------------------------------------------------------------------------


def _prefix(wanted: Network) -> Callable[[Host, Namespace], Iterator[Place]]:
    single = wanted.prefixlen == wanted.max_prefixlen

    def fits(text: Any) -> bool:
        own = network(text) if isinstance(text, str) and text else None
        return own == wanted if single else contains(wanted, own)

    def search(host: Host, netns: Namespace) -> Iterator[Place]:
        for link in netns.addresses or ():
            name = link.get("ifname")
            for entry in link.get("addr_info", ()):
                for key in ("local", "address", "broadcast"):
                    if fits(entry.get(key)) and (key != "broadcast" or single):
                        shown = f"broadcast {entry[key]}" if key == "broadcast" else wording.address(entry)
                        label = f" (label {entry['label']})" if entry.get("label") and not name else ""
                        shown += f" on {name}" if name else label
                        yield Place(netns, "owner" if key == "local" else "link", shown, ["ip", "address", "show", *_dev(name)])
        for of_links in netns.links or ():
            for key, value in of_links.get("linkinfo", {}).get("info_data", {}).items():
                if fits(value):
                    name = of_links["ifname"]
                    yield Place(netns, "link", f"{key} {value} of {name}", ["ip", "-d", "link", "show", "dev", name])
        for neigh in netns.neighs or ():
            if fits(neigh.get("dst")):
                yield _neighbour(netns, neigh)
        for neigh in netns.proxies or ():
            if fits(neigh.get("dst")):
                yield Place(netns, "neighbour", f"{neigh['dst']} proxy", ["ip", "neigh", "show", "proxy"])
        for route in [*(netns.routes or ()), *(netns.routes6 or ())]:
            words = _in_route(route, fits)
            if words:
                yield Place(netns, "route", words, _route_command(route))
        for family, rules in (("-4", netns.rules), ("-6", netns.rules6)):
            for rule in rules or ():
                for key in ("src", "dst"):
                    if fits(wording.prefix(rule, key)):
                        yield Place(netns, "rule", wording.rule(rule), ["ip", family, "rule", "show"])
                        break
        for socket in netns.listeners or ():
            if fits(socket.get("local")):
                yield _listener(netns, socket)
        for station in netns.fdb or ():
            if fits(station.get("dst")):
                yield Place(netns, "fdb", wording.fdb(station), ["bridge", "fdb", "show", *_dev(station.get("ifname"))])
        yield from _rules(lambda text: fits(_without_port(text)), ("source", "destination", "to"))(host, netns)

    return search


def _dev(name: str | None) -> list[str]:
    return ["dev", name] if name else []


def _neighbour(netns: Namespace, neigh: Neigh) -> Place:
    hidden = ["nud", "all"] if set(neigh.get("state", ())) & {"NOARP", "NONE"} else []
    to = ["to", neigh["dst"]] if "dst" in neigh else ["dev", neigh["dev"]] if "dev" in neigh else []
    return Place(netns, "neighbour", wording.neighbour(neigh), ["ip", "neigh", "show", *to, *hidden])


def _in_route(route: Route, fits: Callable[[Any], bool]) -> str:
    """The route in words, if it fits; local and broadcast routes are passed over, as they repeat addresses."""
    if table_of(route) == "local":
        return ""
    hops = [route, *route.get("nexthops", ())]
    values = [route.get("dst"), route.get("prefsrc"), route.get("from"), *(hop.get("gateway") for hop in hops)]
    values += [hop["via"].get("host") for hop in hops if "via" in hop]
    if not any(map(fits, values)):
        return ""
    return wording.route(route)


def _route_command(route: Route) -> list[str]:
    table = table_of(route)
    options = ["-6"] if family_of(route) == "inet6" else []
    return ["ip", *options, "route", "show", *(["table", table] if table != "main" else [])]


# -- hardware addresses --------------------------------------------------------------------------------------------


def _plain_mac(text: str) -> str:
    """A hardware address as `ip` writes it."""
    digits = re.sub(r"[^0-9a-f]", "", text.lower())
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def _mac(text: str) -> Callable[[Host, Namespace], Iterator[Place]]:
    wanted = _plain_mac(text)

    def search(host: Host, netns: Namespace) -> Iterator[Place]:
        for link in netns.links or ():
            for key, words in (("address", ""), ("permaddr", "permanent address of ")):
                if str(link.get(key, "")).lower() == wanted:
                    yield Place(netns, "owner", f"{words}{link['ifname']}", ["ip", "link", "show", "dev", link["ifname"]])
        for neigh in netns.neighs or ():
            if str(neigh.get("lladdr", "")).lower() == wanted:
                yield _neighbour(netns, neigh)
        for entry in netns.fdb or ():
            if str(entry.get("mac", "")).lower() == wanted:
                yield Place(netns, "fdb", wording.fdb(entry), ["bridge", "fdb", "show", *_dev(entry.get("ifname"))])

    return search


# -- names ---------------------------------------------------------------------------------------------------------


def _listener(netns: Namespace, socket: Socket) -> Place:
    letters = {"tcp": "t", "udp": "u"}.get(socket["netid"], "")
    return Place(netns, "listener", wording.socket(socket), ["ss", f"-{letters}lnp"])


def _listeners(port: int, address: Network | None = None) -> Callable[[Host, Namespace], Iterator[Place]]:
    """The listeners on a port; with an address, only those on that address or on all."""

    def search(host: Host, netns: Namespace) -> Iterator[Place]:
        for socket in netns.listeners or ():
            local = socket.get("local", "")
            if socket.get("local_port") != port:
                continue
            if address is None or local in ("*", "0.0.0.0" if address.version == 4 else "::") or network(local) == address:
                yield _listener(netns, socket)

    return search


def _name(wanted: str) -> Callable[[Host, Namespace], Iterator[Place]]:
    def search(host: Host, netns: Namespace) -> Iterator[Place]:
        if netns.is_called(wanted):
            yield Place(netns, "namespace", netns.title, ["ip", "link", "show"])
        for pid, command in netns.pids or ():
            if command == wanted:
                yield Place(netns, "process", f"pid {pid} ({command})", ["readlink", f"/proc/{pid}/ns/net"])
        for socket in netns.listeners or ():
            if any(user.get("name") == wanted for user in socket.get("users", ())):
                yield _listener(netns, socket)
        for link in netns.links or ():
            name = link.get("ifname", "")
            if wanted in (name, link.get("ifalias"), *link.get("altnames", ())):
                yield Place(netns, "owner", wording.link(link), ["ip", "link", "show", "dev", name])
                yield from _users(netns, name)
            if link.get("master") == wanted:
                yield Place(netns, "port", f"{name} is a port of {wanted}", ["ip", "link", "show", "master", wanted])
            peer = host.peer(netns, link)
            if peer is not None and peer.link is not None and peer.netns is not None and peer.link.get("ifname") == wanted:
                words = "is the peer of" if link.get("linkinfo", {}).get("info_kind") in (None, *PAIRS) else "stands on"
                other = in_words(netns, peer)
                yield Place(netns, "peer", f"{name} {words} {other} (by {peer.how})", ["ip", "link", "show", "dev", name])
        yield from _rules(lambda text: text == wanted, ("in", "out"))(host, netns)

    return search


def _users(netns: Namespace, name: str) -> Iterator[Place]:
    """Other records about an interface, counted."""
    entries = [entry for entry in netns.addresses_of(name) if "local" in entry]
    if entries:
        shown = ", ".join(map(wording.address, entries))
        yield Place(netns, "owner", f"{name} has {shown}", ["ip", "address", "show", "dev", name])
    neighs = sum(neigh.get("dev") == name for neigh in netns.neighs or ())
    if neighs:
        yield Place(netns, "neighbour", _counted(neighs, "neighbour"), ["ip", "neigh", "show", "nud", "all", "dev", name])
    for option, routes in (("-4", netns.routes), ("-6", netns.routes6)):
        count = sum(any(hop.get("dev") == name for hop in (route, *route.get("nexthops", ()))) for route in routes or ())
        if count:
            yield Place(netns, "route", f"{_counted(count, 'route')} by {name}", ["ip", option, "route", "show", "table", "all"])
    for option, rules in (("-4", netns.rules), ("-6", netns.rules6)):
        for rule in rules or ():
            if name in (rule.get("iif"), rule.get("oif")):
                yield Place(netns, "rule", wording.rule(rule), ["ip", option, "rule", "show"])
    count = sum(entry.get("ifname") == name for entry in netns.fdb or ())
    if count:
        yield Place(netns, "fdb", _counted(count, "entry", "entries"), ["bridge", "fdb", "show", "dev", name])
    for port in netns.vlans or ():
        if port.get("ifname") == name and port.get("vlans"):
            yield Place(netns, "vlan", _counted(len(port["vlans"]), "vlan"), ["bridge", "vlan", "show", "dev", name])


# -- firewalls -----------------------------------------------------------------------------------------------------


def _rules(fits: Callable[[str], bool], names: tuple[str, ...]) -> Callable[[Host, Namespace], Iterator[Place]]:
    """The rules with a value that fits, also as an element of a named set."""

    def search(host: Host, netns: Namespace) -> Iterator[Place]:
        records = netns.rulesets or ()
        sets = {(one["family"], one["table"], f"@{one['name']}"): one for one in records if one["kind"] in ("set", "map")}
        for rule in records:
            if rule["kind"] == "rule" and any(fits(text) for name in names for text in _values(rule, name, sets)):
                yield Place(netns, "firewall", _shown(rule), _rule_command(rule))

    return search


def _values(rule: FirewallRecord, name: str, sets: dict[tuple[str, str, str], FirewallRecord]) -> Iterator[str]:
    values = rule.get(name, [])
    for value in values if isinstance(values, list) else [values]:
        text = str(value).lstrip("!<>=")
        found = sets.get((rule["family"], rule["table"], text))
        if found is None:
            yield text
            continue
        for element in found.get("elem", ()):
            yield from _elements(element)


def _elements(element: Any) -> Iterator[str]:
    """The values in an element of a set, each as a text: ``80-90``, ``10.0.0.0/8``"""
    if isinstance(element, list):
        for part in element:
            yield from _elements(part)
    elif isinstance(element, dict):
        if "elem" in element:
            yield from _elements(element["elem"]["val"])
        elif "concat" in element:
            yield from _elements(element["concat"])
        elif "range" in element:
            yield "-".join(map(str, element["range"]))
        elif "prefix" in element:
            yield f"{element['prefix']['addr']}/{element['prefix']['len']}"
    elif element is not None:
        yield str(element)


def _is_port(port: int, address: Network | None) -> Callable[[str], bool]:
    """Whether a text is a port, a range that holds it, or an address with the port behind."""

    def fits(text: str) -> bool:
        own, colon, ports = text.rpartition(":")
        if address is not None and not (colon and network(own.strip("[]")) == address):
            return False
        first, dash, last = (ports if colon else text).partition("-")
        if not first.isdigit() or dash and not last.isdigit():
            return False
        return int(first) <= port <= int(last or first)

    return fits


def _without_port(text: str) -> str:
    """``10.0.0.5:80`` and ``[fd00::5]:80`` without the port."""
    if text[:1] == "[":
        return text[1:].partition("]")[0]
    own, colon, ports = text.partition(":")
    return own if colon and ports.replace("-", "").isdigit() and "." in own else text


def _shown(rule: FirewallRecord) -> str:
    return f"{rule['tool']} {rule['family']} {rule['table']} {rule['chain']}: {' '.join(str(rule['text']).split())}"


def _rule_command(rule: FirewallRecord) -> list[str]:
    if rule["tool"] == "nft":
        return ["nft", "list", "chain", rule["family"], rule["table"], rule["chain"]]
    return [rule["tool"], "-t", rule["table"], "-S", rule["chain"]]


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


# -- numbers -------------------------------------------------------------------------------------------------------


def _pid(pid: int) -> Callable[[Host, Namespace], Iterator[Place]]:
    def search(host: Host, netns: Namespace) -> Iterator[Place]:
        for number, command in netns.pids or ():
            if number == pid:
                yield Place(netns, "process", f"pid {pid} ({command})", ["readlink", f"/proc/{pid}/ns/net"])

    return search


def _inode(inode: str) -> Callable[[Host, Namespace], Iterator[Place]]:
    def search(host: Host, netns: Namespace) -> Iterator[Place]:
        if netns.inode == inode:
            path = f"/run/netns/{netns.names[0]}" if netns.names else netns.paths[0] if netns.paths else ""
            if not path:
                path = f"/proc/{min(netns.pids)[0]}/ns/net" if netns.pids and not netns.here else "/proc/self/ns/net"
            yield Place(netns, "namespace", f"net:[{inode}]", ["ls", "-Li", path])

    return search


def _vlan(number: int) -> Callable[[Host, Namespace], Iterator[Place]]:
    def search(host: Host, netns: Namespace) -> Iterator[Place]:
        for link in netns.links or ():
            info = link.get("linkinfo", {})
            if info.get("info_kind") == "vlan" and info.get("info_data", {}).get("id") == number:
                name = link["ifname"]
                yield Place(netns, "owner", f"{name} is vlan {number}", ["ip", "-d", "link", "show", "dev", name])
        for entry in netns.fdb or ():
            if entry.get("vlan") == number:
                yield Place(netns, "fdb", wording.fdb(entry), ["bridge", "fdb", "show", *_dev(entry.get("ifname"))])
        for port in netns.vlans or ():
            for vlan in port.get("vlans", ()):
                if vlan["vlan"] <= number <= vlan.get("vlanEnd", vlan["vlan"]):
                    flags = " ".join(vlan.get("flags", ()))
                    yield Place(netns, "vlan", f"vlan {number} on {port['ifname']} {flags}".rstrip(),
                                ["bridge", "vlan", "show", "dev", port["ifname"]])  # fmt: skip

    return search


def _nsid(number: int) -> Callable[[Host, Namespace], Iterator[Place]]:
    def search(host: Host, netns: Namespace) -> Iterator[Place]:
        known = host.peers.namespace_of(host.position(netns), number)
        listed = any(row.get("nsid") == number for row in netns.nsids or ())
        links = [link["ifname"] for link in netns.links or () if link.get("link_netnsid") == number]
        if known is not None:
            other, how = host.namespaces[known[0]], known[1]
            yield Place(netns, "nsid", f"nsid {number} is {other.title} (by {how})", ["ip", "netns", "list-id"])
        elif listed or links:
            where = f"; {', '.join(links[:3])} lead there" if links else ""
            yield Place(netns, "nsid", f"nsid {number} is not captured{where}", ["ip", "netns", "list-id"])

    return search
