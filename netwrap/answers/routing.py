"""One routing decision, as the kernel would make it, from the captured rules, tables, links and addresses of a namespace.

First the rules in the order of their priorities; a rule that matches names a table. Then the longest prefix of that table that
has a usable next hop; after a table without one, or with a ``throw`` route, the next rule is tried. Then follow, for a packet
that came in, source checks and forwarding; for a packet that is sent, its source address. Formats and quirks: docs/trace.md.

>>> from netwrap.model.build import build
>>> from netwrap.model.section import Section
>>> text = "default via 10.0.0.1 dev eth0\\n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.5\\n"
>>> red = build([Section("red", "ip route show table all", text), Section("red", "ip rule", "0: from all lookup local\\n"
...     "32766: from all lookup main\\n32767: from all lookup default\\n")]).find("red")
>>> found = Router(red, "inet").decide(Question("8.8.8.8"))
>>> found.type, found.legs[0].dev, found.legs[0].gateway
('unicast', 'eth0', '10.0.0.1')
"""

from __future__ import annotations

import _socket as socket  # `socket` makes enumerations of all constants, which takes milliseconds
import ipaddress
import re
from functools import cached_property

from parsers.ip_route import TABLES
from parsers.lex import whole
from parsers.tuples import NamedTuple

from ..errors import NetwrapError
from ..wording import hops
from .inside import inside
from .switches import switches_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from parsers.records import Address, AddrInfo, AnyRecord, Link, Record, Route, Rule

    from ..model.namespace import Namespace


#: Numbers of the tables that have names in every `ip`.
TABLE_NAMES = {**TABLES, "0": "unspec"}
_SCOPES = {"global": 0, "universe": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}
_ERRORS = ("unreachable", "blackhole", "prohibit")
_ALWAYS = {"inet": ((0, "local"), (32766, "main"), (32767, "default")), "inet6": ((0, "local"), (32766, "main"))}
_PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58, "ipv6-icmp": 58, "sctp": 132, "gre": 47, "esp": 50, "ipip": 4}


#: Networks that together are every address (of IPv6: every global one), each with a length that is just above theirs.
_WHOLE = ((0, ("default",)), (0, ("0.0.0.0/0",)), (0, ("::/0",)), (1, ("0.0.0.0/1", "128.0.0.0/1")),
          (1, ("::/1", "8000::/1")), (3, ("2000::/3",)))  # fmt: skip


class Question(NamedTuple):
    """A packet as routing sees it. ``iif`` is None if the namespace sends the packet itself; ``oif``: a bound device (or VRF)."""

    destination: str
    source: str | None = None
    iif: str | None = None
    oif: str | None = None
    mark: int = 0
    proto: str | None = None
    sport: int | None = None
    dport: int | None = None
    tos: int = 0


class Leg(NamedTuple):
    """One next hop: the device, and the gateway (None: the destination is in the network of the device)."""

    dev: str
    gateway: str | None
    flags: tuple[str, ...] = ()


class Decision(NamedTuple):
    """The result of a routing decision.

    ``type``: ``unicast``, ``local``, ``broadcast``, ``multicast``, ``anycast``; or why not: ``blackhole``, ``unreachable``,
    ``prohibit``, ``no-route``, ``martian``, ``rp-filter``, ``not-forwarding``, ``vrf`` (the bound device does not exist),
    ``no-source``. ``legs``: every next hop that may be taken. ``source``: the address that a sender would use. ``missing``:
    pairs of (a fact that was not captured or understood, the command that shows it); with any of them, the answer is only likely.
    """

    type: str
    rule: Rule | None = None
    route: Route | None = None
    legs: tuple[Leg, ...] = ()
    source: str | None = None
    missing: tuple[tuple[str, str], ...] = ()
    others: tuple[Route, ...] = ()  # routes that may be taken in place of ``route``: defaults of the same metric

    @property
    def sends(self) -> bool:
        return self.type == "unicast"

    @property
    def delivers(self) -> bool:
        return self.type in ("local", "broadcast", "multicast", "anycast")


class _Route(NamedTuple):
    """A route, ready to be compared."""

    type: str
    net: int
    length: int
    source: tuple[int, int] | None  # IPv6's `from`: network, length
    metric: int
    tos: int
    scope: int
    legs: tuple[Leg, ...]
    record: Route


class _Found(NamedTuple):
    """The answer of a table: a route and those of its legs that can be used."""

    route: _Route
    legs: tuple[Leg, ...]
    others: tuple[_Route, ...] = ()


class NoAddress(NetwrapError, ValueError):
    """A record has something else where an address should stand."""


def number(address: str) -> int:
    """An address as a number; a zone (``%eth0``) is ignored. Raises NoAddress."""
    text = address.partition("%")[0]
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text), "big")
    except (OSError, UnicodeError, ValueError):
        raise NoAddress(f"not an address: {address[:60]!r}") from None


def text_of(value: int, family: str) -> str:
    """A number as an address."""
    if family == "inet":
        return socket.inet_ntop(socket.AF_INET, value.to_bytes(4, "big"))
    return socket.inet_ntop(socket.AF_INET6, value.to_bytes(16, "big"))


def family_of(address: str) -> str:
    """``inet`` or ``inet6``"""
    return "inet6" if ":" in address else "inet"


def _prefix(text: str, bits: int) -> tuple[int, int]:
    """``10.0.0.0/8`` → (network, length); ``default`` and ``all`` → (0, 0). Raises ValueError."""
    if text in ("default", "all", "any"):
        return 0, 0
    address, slash, length = text.partition("/")
    size = int(length) if slash else bits
    if not slash and bits == 32 and address.count(".") < 3:  # busybox and old ip: `10` is 10.0.0.0/8
        size = 8 * (address.count(".") + 1)
        address += ".0" * (3 - address.count("."))
    if not 0 <= size <= bits:
        raise ValueError(text)
    return number(address) >> (bits - size) << (bits - size), size


def table_name(text: Any) -> str:
    """The one spelling of a table: its name where it has one in every `ip`, else what `ip` printed."""
    return TABLE_NAMES.get(str(text), str(text))


def has_default(netns: Namespace, family: str) -> bool | None:
    """Whether there are :func:`default_routes`; None where that was not captured."""
    found = default_routes(netns, family)
    return None if found is None else bool(found)


def default_routes(netns: Namespace, family: str) -> list[Route] | None:
    """The default routes in tables that a rule leads to, or both halves of one; None where there may be some, not captured.

    Rules for only some of the packets count, too. Routes that drop packets do not.
    """
    rules = netns.rules6 if family == "inet6" else netns.rules
    tables = {table_name(table): routes for table, routes in netns.routes_by_table(family).items()}
    used = {name: -1 for _, name in _ALWAYS[family]} if rules is None else {}  # table -> the longest prefix that is not used
    for rule in rules or ():
        names = _vrf_tables(netns) if "l3mdev" in rule else [table_name(rule["table"])] if "table" in rule else []
        for name in names:
            used[name] = min(used.get(name, 128), int(rule.get("suppress_prefixlen", -1)))
    found = [route for name, longer in used.items() for route in _defaults(tables.get(name, ()), longer)]
    if found:
        return found
    unread = [name for name in used if name not in ("local", "default") and not netns.covers("ip_route", family, table=name)]
    unused = rules is None and any(_defaults(routes, -1) for routes in tables.values())
    return None if unread or unused else []


def _vrf_tables(netns: Namespace) -> list[str]:
    return [
        table_name(_data(link).get("table")) for link in netns.links or () if link.get("linkinfo", {}).get("info_kind") == "vrf"
    ]


def _defaults(routes: Sequence[Route], longer: int) -> list[Route]:
    """The routes with prefixes longer than ``longer`` that together lead to every address (of IPv6: every global one)."""
    nets: dict[str, list[Route]] = {}
    for route in routes:
        if route.get("type", "unicast") == "unicast":
            nets.setdefault(str(route.get("dst", "default")), []).append(route)
    for least, all_of in _WHOLE if nets else ():
        if longer < least and all_of[0] in nets and all_of[-1] in nets:
            return [route for net in all_of for route in nets[net]]
    return []


class Router:
    """The routing of one family of one namespace. It takes time to make, and little time to ask: make it once."""

    def __init__(self, netns: Namespace, family: str, up: frozenset[str] = frozenset()) -> None:
        """Read the routing of a namespace; ``up``: links that are taken for up, with the routes that this brings."""
        self.netns = netns
        self.family = family
        self._up = up
        self.six = family == "inet6"
        self.bits = 128 if self.six else 32
        self.switches = switches_of(netns)
        self.missing: list[tuple[str, str]] = []
        self.links: dict[str, Link] = {link["ifname"]: link for link in netns.links or () if "ifname" in link}
        self.local: dict[int, list[tuple[str, AddrInfo]]] = {}
        self.rules = self._read_rules()
        records = self._read_tables()
        self.locals = self._read_locals(records.pop("local", None))
        self.rules_are_plain = [(rule.get("priority"), table_name(rule.get("table", ""))) for rule in self.rules] == list(
            _ALWAYS[family]
        ) and not any(_selects(rule) for rule in self.rules)
        self._records = records
        self._custom_locals = self._has_custom_locals(records)

    @cached_property
    def _lookups(self) -> dict[str, _Table]:
        """The tables, made when the first route is asked for: most namespaces are only asked for their addresses."""
        one_tree = self.rules_are_plain and not self.six  # the kernel keeps both tables in one until somebody adds a rule
        found = {"local": _Table(self, self.locals, ())}
        for name in dict.fromkeys([*self._records, "main"] if one_tree else self._records):
            found[name] = _Table(self, self.locals if one_tree and name == "main" else (), self._records.get(name, ()))
        return found

    # -- reading ---------------------------------------------------------------------------------------------------

    def _command(self, what: str) -> str:
        return inside(self.netns, f"ip {'-6 ' if self.six else ''}{what}")

    def _read_rules(self) -> list[Rule]:
        rules = self.netns.rules6 if self.six else self.netns.rules
        if rules is None:
            self.missing.append(("rules", self._command("rule show")))
            rules = [{"priority": priority, "src": "all", "table": table} for priority, table in _ALWAYS[self.family]]
        return rules

    def _read_tables(self) -> dict[str, list[Route]]:
        """The records of each table, not yet read: a trace needs only a few of the hundred thousand routes of a router."""
        if (self.netns.routes6 if self.six else self.netns.routes) is None:
            self.missing.append(("routes", self._command("route show table all")))
        found: dict[str, list[Route]] = {}
        for table, records in self.netns.routes_by_table(self.family).items():
            name = table_name(table)
            found[name] = [*found[name], *records] if name in found else records
        connected: list[Route] = [
            {"dst": f"{row['local']}/{row['prefixlen']}", "dev": dev, "scope": "link", "prefsrc": row["local"]}
            for dev in sorted(self._up) for row in self.netns.addresses_of(dev)
            if row.get("family") == self.family and "local" in row and "prefixlen" in row
        ]  # fmt: skip
        return {**found, "main": [*found.get("main", ()), *connected]} if connected else found

    def _read_locals(self, records: list[Route] | None) -> list[_Route]:
        """The routes of the table local, and the addresses of the links (into ``self.local``)."""
        found = [route for route in map(self.read, records or ()) if route is not None]
        for link in self.netns.addresses or ():
            for entry in link.get("addr_info", ()):
                if entry.get("family") == self.family and "local" in entry:
                    self.local.setdefault(number(entry["local"]), []).append((str(link.get("ifname") or "lo"), entry))
        if found:
            return found
        if self.netns.addresses is None:
            self.missing.append(("the local table", self._command("route show table local")))
        return list(self._made_up_locals())

    def _made_up_locals(self) -> Iterator[_Route]:
        """Derive the local table from the addresses, where only other tables were captured."""
        for value, entries in self.local.items():
            dev, entry = entries[0]
            if self.six and "UP" not in self.links.get(dev, {}).get("flags", ("UP",)):
                continue
            record: Route = {"type": "local", "dst": entry["local"], "dev": dev, "table": "local", "scope": "host"}
            yield _Route("local", value, self.bits, None, 0, 0, 254, (Leg(dev, None),), record)
        if not self.six:
            record = {"type": "local", "dst": "127.0.0.0/8", "dev": "lo", "table": "local", "scope": "host"}
            yield _Route("local", 127 << 24, 8, None, 0, 0, 254, (Leg("lo", None),), record)

    def read(self, record: Route) -> _Route | None:
        """Prepare a route for comparison; returns None for a cached route, or a route whose destination cannot be read."""
        kind = record.get("type", "unicast")
        if "cache" in record or "cloned" in record.get("flags", ()):
            return None
        try:
            net, length = _prefix(str(record.get("dst", "default")), self.bits)
            source = _prefix(str(record["from"]), self.bits) if self.six and "from" in record else None
        except (ValueError, OSError):
            self.missing.append((f"the route {record.get('dst')!r}", self._command("route show table all")))
            return None
        legs = tuple(map(leg, hops(record)))
        info = record.get("nh_info", {})
        if "blackhole" in info or kind == "blackhole":
            kind = "blackhole"
        elif "nhid" in record and legs == (Leg("", None),):
            legs = self._object(record["nhid"])
        metric = int(record.get("metric", 0))
        scope = str(record.get("scope", "global"))
        return _Route(kind, net, length, source, metric, _tos(record.get("tos", "0")), _scope(scope), legs, record)

    def _object(self, number_of: Any) -> tuple[Leg, ...]:
        """The legs of a nexthop object, for a route that shows only the object's id."""
        objects = {row.get("id"): row for row in self.netns.nexthops or ()}
        row = objects.get(number_of)
        if row is None:
            self.missing.append((f"nexthop {number_of}", self._command("nexthop show")))
            return ()
        members: list[AnyRecord] = [objects.get(member.get("id"), {}) for member in row.get("group", ())]
        return tuple(leg(member) for member in members or [row])

    # -- the rules ---------------------------------------------------------------------------------------------------

    def _lookup(self, asked: Question, missing: list[tuple[str, str]], linkstate: bool = True) -> tuple[Any, _Found | str]:
        """The rule that decides, and the answer of its table or the error of the rule; ``no-route`` if no rule decides."""
        if self.rules_are_plain:
            return self._lookup_plain(asked, linkstate)
        at = 0
        jump: int | None = None
        while at < len(self.rules):
            rule = self.rules[at]
            at += 1
            if jump is not None:
                if rule.get("priority") != jump:
                    continue
                jump = None
            if not self._matches(rule, asked, missing):
                continue
            if "goto" in rule:
                target = rule["goto"]
                if "unresolved" in rule:
                    continue
                if any(other.get("priority") == target for other in self.rules[at:]):
                    jump = target
                continue
            if "nop" in rule:
                continue
            if "action" in rule:
                action = {"unreachable": "no-route"}.get(rule["action"], rule["action"])
                if action in ("no-route", "prohibit", "blackhole"):
                    return rule, action
                missing.append((f"a rule's action {action}", self._command("rule show")))
                continue
            name = self._vrf_table(asked) if "l3mdev" in rule else table_name(rule.get("table", ""))
            found = self._in_table(name, asked, linkstate)
            if found is None or found.route.type == "throw":
                continue
            if found.route.type in _ERRORS:
                return rule, found
            if self._suppressed(rule, found, missing):
                continue
            return rule, found
        return None, "no-route"

    def _lookup_plain(self, asked: Question, linkstate: bool) -> tuple[Any, _Found | str]:
        for name in ("local", "main") if self.six else ("main", "default"):
            found = self._in_table(name, asked, linkstate)
            if found is not None and found.route.type != "throw":
                where = table_name(found.route.record.get("table", "main"))
                return next((rule for rule in self.rules if table_name(rule.get("table")) == where), None), found
        return None, "no-route"

    def _in_table(self, name: str | None, asked: Question, linkstate: bool) -> _Found | None:
        table = self._lookups.get(name or "")
        if table is None:
            return None
        return self._select6(table, asked) if self.six else self._select4(table, asked, linkstate)

    def _vrf_table(self, asked: Question) -> str | None:
        vrf = self.vrf_of(asked.oif or asked.iif)
        if vrf is None:
            return None
        return table_name(_data(self.links[vrf]).get("table"))

    def vrf_of(self, dev: str | None) -> str | None:
        """The VRF that a device is, or is a slave of."""
        link = self.links.get(dev or "")
        while link is not None:
            if link.get("linkinfo", {}).get("info_kind") == "vrf":
                return str(link["ifname"])
            link = self.links.get(link.get("master", ""))
        return None

    def _matches(self, rule: Rule, asked: Question, missing: list[tuple[str, str]]) -> bool:
        if "unparsed" in rule:
            words = " ".join(map(str, rule["unparsed"]))
            missing.append((f"what '{words}' in rule {rule.get('priority')} means", self._command("rule show")))
        return self._selected(rule, asked, missing) != ("not" in rule)

    def _selected(self, rule: AnyRecord, asked: Question, missing: list[tuple[str, str]]) -> bool:
        if "iif" in rule and ("iif_detached" in rule or rule["iif"] not in (self._in_names(asked))):
            return False
        if "oif" in rule and ("oif_detached" in rule or asked.oif is None or rule["oif"] != asked.oif):
            return False
        if "fwmark" in rule or "fwmask" in rule:
            mask = int(str(rule.get("fwmask", "0xffffffff")), 0)
            if (asked.mark ^ int(str(rule.get("fwmark", "0")), 0)) & mask:
                return False
        if "l3mdev" in rule and self._vrf_table(asked) is None:
            return False
        if "tun_id" in rule:
            return False  # only packets out of a collect-metadata tunnel carry an id
        if "uid_start" in rule and not (int(rule["uid_start"]) == 0 if asked.iif is not None else self._is_root(rule, missing)):
            return False  # forwarded packets count as those of root
        if not self._of_prefix(rule, "src", asked.source) or not self._of_prefix(rule, "dst", asked.destination):
            return False
        if "tos" in rule and _tos(rule["tos"]) not in (0, asked.tos):
            return False
        if "dscp" in rule and _dscp(rule["dscp"]) != asked.tos >> 2:
            return False
        if "ipproto" in rule and _protocol(rule["ipproto"]) != _protocol(asked.proto):
            return False
        for key, port in (("sport", asked.sport), ("dport", asked.dport)):
            low = rule.get(f"{key}_start", rule.get(key))
            high: Any = rule.get(f"{key}_end", low)
            if low is not None and not int(low) <= (port or 0) <= int(high):
                return False
        return True

    def _in_names(self, asked: Question) -> tuple[str, ...]:
        if asked.iif is None:
            return ("lo",)
        vrf = self.vrf_of(asked.iif)
        return (asked.iif, vrf) if vrf is not None else (asked.iif,)

    def _is_root(self, rule: AnyRecord, missing: list[tuple[str, str]]) -> bool:
        """Whether a rule for some users is for root (0): the sender is unknown; `ip route get` and most daemons are root."""
        missing.append((f"who sends (rule {rule.get('priority')} is for some users only)", self._command("rule show")))
        return int(rule["uid_start"]) == 0

    def _of_prefix(self, rule: AnyRecord, key: str, address: str | None) -> bool:
        text = rule.get(key)
        if text in (None, "all", "default"):
            return True
        length = int(rule.get(f"{key}len", self.bits))
        text = str(text)
        if "/" in text:
            text, _, size = text.partition("/")
            length = int(size) if size.isascii() and size.isdigit() else -1
        if not 0 <= length <= self.bits:
            raise NoAddress(f"no prefix of a rule: {str(rule.get(key))[:60]!r}, length {length}")
        if length == 0:
            return True
        value = number(address) if address is not None else 0
        if self.six and key == "src" and address is None:
            return False
        return value >> (self.bits - length) == number(text) >> (self.bits - length)

    def _suppressed(self, rule: Rule, found: _Found, missing: list[tuple[str, str]]) -> bool:
        length = rule.get("suppress_prefixlen")
        if length is not None and found.route.length <= int(length):
            return True
        group = rule.get("suppress_ifgroup")
        if group is None or not found.route.legs:
            return False
        have = self.links.get(found.route.legs[0].dev, {}).get("group", "default")
        return str(have) == str(group)

    # -- IPv4 tables -------------------------------------------------------------------------------------------------

    def _select4(self, table: _Table, asked: Question, linkstate: bool) -> _Found | None:
        oif = None if asked.oif is None or self.vrf_of(asked.oif) == asked.oif else asked.oif
        for candidates in table.by_length(self, number(asked.destination)):
            for at, route in enumerate(candidates):
                if route.tos and route.tos != asked.tos:
                    continue
                if route.type in (*_ERRORS, "throw"):
                    return _Found(route, ())
                legs = tuple(leg for leg in route.legs if self._usable(leg, linkstate) and oif in (None, leg.dev))
                if not legs:
                    continue
                if oif is not None:
                    return _Found(route, legs[:1])
                others = () if route.length or route.type != "unicast" else self._other_defaults(candidates[at + 1 :], route)
                return _Found(route, legs, others)
        return None

    def _other_defaults(self, rest: Sequence[_Route], route: _Route) -> tuple[_Route, ...]:
        """Other defaults of the same metric: the kernel takes the next default when the gateway of the first does not answer."""
        if len(route.legs) > 1:
            return ()
        return tuple(
            other for other in rest
            if (other.metric, other.tos) == (route.metric, route.tos) and other.type == "unicast"
            and other.record.get("table") == route.record.get("table") and all(self._usable(leg, True) for leg in other.legs)
        )  # fmt: skip

    def _usable(self, leg: Leg, linkstate: bool) -> bool:
        if "dead" in leg.flags:
            return False
        return not (linkstate and "linkdown" in leg.flags and self.switches.ignores_linkdown(leg.dev, self.family))

    # -- IPv6 tables -------------------------------------------------------------------------------------------------

    def _select6(self, table: _Table, asked: Question) -> _Found | None:
        """Choose among the IPv6 routes of one prefix: by metric, then device, router preference, and a gateway that answers."""
        destination = number(asked.destination)
        source = number(asked.source) if asked.source is not None else 0
        oif = asked.iif or (None if asked.oif is None or self.vrf_of(asked.oif) == asked.oif else asked.oif)
        strict = asked.oif is not None and oif == asked.oif and asked.source is None
        local_only = destination >> 118 == 0x3FA or destination >> 120 == 0xFF or destination == 1
        strict = strict or (local_only and oif is not None)
        host = not self.switches.forwards("all", "inet6")[0]
        groups = list(table.by_length6(self, destination, source))
        for reachable in (True, False) if host else (False,):
            for candidates in groups:
                found = self._best6(candidates, oif, strict, reachable)
                if found is not None:
                    return found
        return None

    def _best6(self, candidates: Sequence[_Route], oif: str | None, strict: bool, reachable: bool) -> _Found | None:
        best: tuple[int, _Route] | None = None
        lowest = candidates[0].metric
        for route in candidates:
            if best is not None and lowest != route.metric:
                break
            for leg in route.legs or (Leg("lo", None),):
                score = self._score6(route, leg, oif, strict, reachable)
                if score is not None and (best is None or score > best[0]):
                    best = (score, route)
        if best is None:
            return None
        route = best[1]
        legs = tuple(leg for leg in route.legs if self._usable(leg, True))
        if strict:
            legs = tuple(leg for leg in legs if leg.dev == oif)
        return _Found(route, legs)

    def _score6(self, route: _Route, leg: Leg, oif: str | None, strict: bool, reachable: bool) -> int | None:
        if not self._usable(leg, True):
            return None
        score = 2 if oif in (None, leg.dev) else 0
        if not score and strict:
            return None
        score |= 4 if route.record.get("pref") == "high" else 0
        if reachable and leg.gateway is not None and self._is_failed(leg):
            return None
        return score

    def _is_failed(self, leg: Leg) -> bool:
        return any(
            row.get("dst") == leg.gateway and row.get("dev") == leg.dev and "FAILED" in row.get("state", ())
            for row in self.netns.neighs or ()
        )

    # -- the decision ------------------------------------------------------------------------------------------------

    def decide(self, asked: Question) -> Decision:
        """Decide the route of a packet; the addresses of the question must be of the router's family."""
        missing: list[tuple[str, str]] = []
        found = self._input(asked, missing) if asked.iif is not None else self._output(asked, missing)
        return found._replace(missing=tuple(dict.fromkeys([*self.missing, *missing])))

    def _decided(self, rule: Rule | None, found: _Found | str) -> Decision:
        if isinstance(found, str):
            return Decision(found, rule)
        kind = found.route.type
        others = tuple(other.record for other in found.others)
        legs = found.legs + tuple(leg for other in found.others for leg in other.legs)
        return Decision(kind, rule, found.route.record, legs, others=others)

    def _output(self, asked: Question, missing: list[tuple[str, str]]) -> Decision:
        if not self.six and asked.source is not None:
            if not self.is_local(asked.source):
                return Decision("no-source", None, None)
        if asked.oif is not None:
            link = self.links.get(asked.oif)
            if link is None:
                return Decision("vrf")
            if not self.six and "UP" not in link.get("flags", ("UP",)):
                return Decision("no-route")
        rule, found = self._lookup(asked, missing)
        if found == "no-route" and asked.oif is not None and not self.six and self.vrf_of(asked.oif) is None:
            source = asked.source or self.source4(asked.oif, None, 253)
            return Decision("unicast", rule, None, (Leg(asked.oif, None),), source)
        decision = self._decided(rule, found)
        if isinstance(found, str) or decision.type in _ERRORS:
            return decision
        source = asked.source or self._source(found, asked)
        if not self.six and (source or "").startswith("127.") and decision.type in ("unicast", "broadcast"):
            legs = tuple(leg for leg in decision.legs if leg.dev == "lo" or self.switches.on("route_localnet", leg.dev, "inet"))
            decision = decision._replace(legs=legs, type=decision.type if legs else "no-source")
        return decision._replace(source=source)

    def own_addresses(self) -> set[int]:
        """The namespace's own addresses: on a link, or as a single address in the local table."""
        alone = {route.net for route in self.locals if route.type == "local" and route.length == self.bits}
        return {*self.local, *alone}

    def may_own_more(self) -> bool:
        """Whether the namespace may own more than :meth:`own_addresses`: whole networks by local routes (127.0.0.0/8 does not
        count), addresses by local routes in other tables, or anycast addresses."""
        return self._custom_locals or any(
            route.type == "anycast" or route.type == "local" and route.length < self.bits and route.net >> (self.bits - 8) != 127
            for route in self.locals
        )

    def is_local(self, address: str) -> bool:
        """Whether an address is one of the namespace's own: on a link, or in the local table."""
        value = number(address)
        if value in self.local:
            return True
        for routes in self._lookups["local"].by_length(self, value):
            return routes[0].type == "local"
        return False

    def is_anycast(self, address: str, dev: str) -> bool:
        """Whether a link answers for an address as one of a group (IPv6: the subnet-router address of a router)."""
        for routes in self._lookups["local"].by_length(self, number(address)):
            first = routes[0]
            return first.length == 128 and first.type == "anycast" and first.legs[0].dev == dev
        return False

    def _input(self, asked: Question, missing: list[tuple[str, str]]) -> Decision:
        assert asked.iif is not None
        if self.six:
            return self._decided(*self._lookup(asked, missing))
        dev = asked.iif
        source = number(asked.source or "0.0.0.0")
        destination = number(asked.destination)
        if source >> 28 == 14 or source == 0xFFFFFFFF:
            return Decision("martian")
        if destination == 0xFFFFFFFF:
            return Decision("broadcast", legs=(Leg(dev, None),))
        if source >> 24 == 0 or destination >> 24 == 0:
            return Decision("martian")
        if dev != "lo" and 127 in (source >> 24, destination >> 24) and not self.switches.on("route_localnet", dev, "inet"):
            return Decision("martian")
        rule, found = self._lookup(asked, missing)
        decision = self._decided(rule, found)
        forwards, known = self.switches.forwards(dev, "inet")
        if isinstance(found, str) or decision.type in _ERRORS:
            return decision if forwards else decision._replace(type="not-forwarding")
        if decision.type in ("local", "broadcast"):
            wrong = self.source_check(asked, dev, None, missing)
            return decision._replace(type=wrong) if wrong else decision
        if not forwards:
            return decision._replace(type="not-forwarding")
        if not known:
            missing.append((f"forwarding of {dev}", self._switch_command("forwarding", dev)))
        if decision.type != "unicast":
            return decision._replace(type="martian")
        refused = {leg: self.source_check(asked, dev, leg.dev, missing) for leg in decision.legs}
        wrong = next(iter(refused.values()), None)
        if wrong and all(refused.values()):
            return decision._replace(type=wrong)
        return decision._replace(legs=tuple(leg for leg in decision.legs if not refused[leg]))  # the source may depend on the leg

    def _switch_command(self, name: str, dev: str) -> str:
        return inside(self.netns, f"sysctl net.{'ipv6' if self.six else 'ipv4'}.conf.{dev}.{name}")

    def source_check(self, asked: Question, dev: str, out: str | None, missing: list[tuple[str, str]]) -> str | None:
        """``rp-filter`` or ``martian`` if IPv4 refuses the source of a packet that came in by ``dev``; None if it accepts it.

        ``out``: the device by which the packet leaves; None if the packet is delivered here.
        """
        mode, known = self.switches.rp_filter(dev)
        if not known:
            missing.append((f"rp_filter of {dev}", self._switch_command("rp_filter", dev)))
        source = asked.source or "0.0.0.0"
        accepts = self.switches.on("accept_local", dev, "inet")
        if not mode and (dev != out or not self.switches.on("send_redirects", dev, "inet", default=True)):
            if accepts:
                return None
            if self.rules_are_plain and not self._custom_locals:
                return "martian" if number(source) in self.local else None
        mark = asked.mark if self.switches.on("src_valid_mark", dev, "inet") else 0
        ports = self._dissects()
        back = Question(
            source, asked.destination, out or None, None, mark, asked.proto if ports else None,
            asked.dport if ports else None, asked.sport if ports else None, asked.tos,
        )  # fmt: skip
        found: _Found | str
        _, found = self._lookup_in(back, self.vrf_of(dev), missing)
        has_address = any(row.get("family") == "inet" for row in self.netns.addresses_of(dev))
        if isinstance(found, str) or found.route.type in _ERRORS:
            return "rp-filter" if mode else None
        if found.route.type != "unicast" and not (found.route.type == "local" and accepts):
            return "martian"
        if any(dev in (leg.dev, self.vrf_of(leg.dev)) for leg in found.route.legs):
            return None
        if found.route.type == "local" and dev == "lo":
            return None
        if not has_address:
            return "rp-filter" if mode else None
        return "rp-filter" if mode == 1 else None

    def _lookup_in(self, asked: Question, vrf: str | None, missing: list[tuple[str, str]]) -> tuple[Any, _Found | str]:
        if vrf is None:
            return self._lookup(asked, missing)
        return self._lookup(asked._replace(oif=vrf), missing)

    def _dissects(self) -> bool:
        return any(key in rule for rule in self.rules for key in ("ipproto", "sport_start", "dport_start", "sport", "dport"))

    def _has_custom_locals(self, others: dict[str, list[Route]]) -> bool:
        """Whether somebody (not the kernel) made a local route: in the table local, or in another table."""
        if any(route.type == "local" and route.record.get("protocol", "kernel") != "kernel" for route in self.locals):
            return True
        return any(record.get("type") == "local" and self.read(record) for records in others.values() for record in records)

    # -- the source ---------------------------------------------------------------------------------------------------

    def _source(self, found: _Found, asked: Question) -> str | None:
        route = found.route
        if "prefsrc" in route.record:
            return str(route.record["prefsrc"])
        if route.type == "local" or (self.six and route.type == "anycast"):
            return self.source6(asked.destination, "lo") if self.six else asked.destination
        if not found.legs:
            return None
        leg = found.legs[0]
        if self.six:
            return self.source6(asked.destination, leg.dev)
        gateway = leg.gateway if leg.gateway is not None and ":" not in leg.gateway else None
        return self.source4(leg.dev, gateway, route.scope)

    def source_of(self, decision: Decision, leg: Leg, destination: str) -> str | None:
        """The source address that a sender would use for one leg of a decision."""
        if decision.route is not None and "prefsrc" in decision.route:
            return str(decision.route["prefsrc"])
        if self.six:
            return self.source6(destination, leg.dev)
        gateway = leg.gateway if leg.gateway is not None and ":" not in leg.gateway else None
        return self.source4(leg.dev, gateway, _scope(str((decision.route or {}).get("scope", "global"))))

    def source4(self, dev: str, gateway: str | None, scope: int) -> str | None:
        """The IPv4 source address for a link: one in the gateway's network, else the first of the link, else another link's."""
        rows = [row for row in self.netns.addresses_of(dev) if row.get("family") == "inet" and "local" in row]
        first = None
        limit = _SCOPES["link"] if self.switches.on("route_localnet", dev, "inet") else _SCOPES["host"]
        for row in rows:
            if row.get("secondary"):
                continue
            if min(_scope(str(row.get("scope", "global"))), limit) > scope:
                continue
            if gateway is None or _same_network(row, gateway):
                return str(row["local"])
            first = first or str(row["local"])
        if first is not None:
            return first
        vrf = self.vrf_of(dev)
        names = [link.get("ifname") for link in sorted(self.netns.links or (), key=lambda link: int(link.get("ifindex", 0)))]
        for name in [vrf, *names] if vrf else names:
            if name is None or self.vrf_of(name) != vrf:
                continue
            for row in self.netns.addresses_of(name):
                if row.get("family") != "inet" or row.get("secondary") or "local" not in row:
                    continue
                own = _scope(str(row.get("scope", "global")))
                if own != _SCOPES["link"] and own <= scope:
                    return str(row["local"])
        return None

    def source6(self, destination: str, dev: str) -> str | None:
        """The IPv6 source address for a destination by a link: RFC 6724, in the order of the kernel."""
        value = number(destination)
        scope = _scope6(value)
        only = scope <= 2
        best: tuple[tuple[int, ...], str] | None = None
        vrf = self.vrf_of(dev)
        for link in self._by_device(dev):
            name = link.get("ifname")
            if only and name != dev or self.vrf_of(name) != vrf:
                continue
            for row in link.get("addr_info", ()):
                if row.get("family") != "inet6" or "local" not in row:
                    continue
                if row.get("dadfailed") or row.get("tentative") and not row.get("optimistic"):
                    continue
                own = number(row["local"])
                width = _scope6(own)
                common = min(128 - (own ^ value).bit_length(), int(row.get("prefixlen", 128)))
                key = (
                    int(own == value), -width if width >= scope else width - 128, int(not row.get("deprecated")),
                    int(name == dev), int(_label(own) == _label(value)), int(not row.get("temporary")), common,
                )  # fmt: skip
                if best is None or key > best[0]:
                    best = (key, str(row["local"]))
        return best[1] if best is not None else None

    def _by_device(self, dev: str) -> list[Address]:
        return sorted(self.netns.addresses or (), key=lambda link: (link.get("ifname") != dev, int(link.get("ifindex") or 0)))


class _Table:
    """The routes of one table by prefix length and network; a record is read when its network is asked for."""

    def __init__(self, router: Router, routes: Sequence[_Route], records: Sequence[Route]) -> None:
        self.bits = router.bits  # the router itself is not kept: that would be a cycle
        # length -> network -> a route or record, or a list of several: most networks have one, and lists cost memory
        self._by_length: dict[int, dict[int, Any]] = {}
        self._made: dict[tuple[int, int], list[_Route]] = {}
        for route in routes:
            self._add(self._by_length.setdefault(route.length, {}), route.net, route)
        self._index(router, records)
        self._lengths = sorted(self._by_length, reverse=True)

    @staticmethod
    def _add(nets: dict[int, Any], net: int, one: Any) -> None:
        first = nets.setdefault(net, one)
        if isinstance(first, list):
            first.append(one)
        elif first is not one:
            nets[net] = [first, one]

    def _index(self, router: Router, records: Sequence[Route]) -> None:
        """Index each record by its network; with little work for each, as a router may have all routes of the internet."""
        family = socket.AF_INET6 if router.six else socket.AF_INET
        pack, as_number = socket.inet_pton, int.from_bytes
        sizes: dict[str, tuple[int, dict[int, Any]]] = {}  # what stands behind the slash -> shift, networks of that length
        for record in records:
            try:
                if "from" in record or "nhid" in record and "dev" not in record and "nexthops" not in record:
                    raise KeyError  # read it now: parts of it that are missing make every answer uncertain
                address, _, size = record["dst"].partition("/")
                shift, nets = sizes[size]
                net = as_number(pack(family, address), "big") >> shift << shift
            except (KeyError, AttributeError, OSError, ValueError):  # a new length, or words that the slow way may read
                made = router.read(record)
                if made is None:
                    continue
                net, nets = made.net, self._by_length.setdefault(made.length, {})
                text = str(record.get("dst"))
                address, _, size = text.partition("/")
                if size == str(made.length) or text == address != "default" and made.length == self.bits:
                    sizes[size] = self.bits - made.length, nets
            if nets.setdefault(net, record) is not record:
                self._add(nets, net, record)

    def _routes(self, router: Router, length: int, net: int) -> list[_Route]:
        """The routes to one network, in the order in which they are tried."""
        if (length, net) not in self._made:
            found = self._by_length[length][net]
            made = [one if isinstance(one, _Route) else router.read(one) for one in _each(found)]
            routes = [route for route in made if route is not None]
            routes.sort(key=lambda route: (_is_not_local_table(route), -route.tos, route.metric))
            self._made[length, net] = routes
        return self._made[length, net]

    def by_length(self, router: Router, destination: int) -> Iterator[list[_Route]]:
        """The routes to a destination, the longest prefix first."""
        for length in self._lengths:
            shift = self.bits - length
            net = destination >> shift << shift
            if net in self._by_length[length]:
                found = self._routes(router, length, net)
                if found:
                    yield found

    def by_length6(self, router: Router, destination: int, source: int) -> Iterator[list[_Route]]:
        """The routes to an IPv6 destination, the longest prefix first; within a prefix, the longest `from` of the source."""
        for routes in self.by_length(router, destination):
            if all(route.source is None for route in routes):
                yield routes
                continue
            groups: dict[tuple[int, int], list[_Route]] = {}
            for route in routes:
                groups.setdefault(route.source or (0, 0), []).append(route)
            for net, length in sorted(groups, key=lambda prefix: -prefix[1]):
                if source >> (128 - length) == net >> (128 - length):
                    yield groups[net, length]


def _each(found: Any) -> Sequence[Any]:
    return found if isinstance(found, list) else [found]


def _is_not_local_table(route: _Route) -> bool:
    return table_name(route.record.get("table", "main")) != "local"


def leg(hop: AnyRecord) -> Leg:
    """The next hop of a route, or one of several (:func:`hops`)."""
    gateway = hop.get("gateway") or hop.get("via", {}).get("host")
    return Leg(str(hop.get("dev", "")), gateway, tuple(hop.get("flags", ())))


def _selects(rule: Rule) -> bool:
    return any(key not in ("priority", "src", "table", "protocol", "proto", "family") for key in rule) or rule.get("src") != "all"


def _tos(text: Any) -> int:
    try:
        return int(str(text), 0)
    except ValueError:
        return _DSCP_NAMES.get(str(text), 0) << 2


_DSCP_NAMES = {"default": 0, "cs0": 0, "EF": 46, "CS1": 8, "CS2": 16, "CS3": 24, "CS4": 32, "CS5": 40, "CS6": 48, "CS7": 56}


def _dscp(text: Any) -> int:
    try:
        return int(str(text), 0)
    except ValueError:
        return _DSCP_NAMES.get(str(text), -1)


def _protocol(text: Any) -> int:
    if text is None:
        return 0
    word = str(text)
    number = whole(word)
    return _PROTOCOLS.get(re.sub("^ipproto-", "", word), -1) if number is None else number


def _scope(text: str) -> int:
    return _SCOPES[text] if text in _SCOPES else whole(text) or 0


def _same_network(row: AddrInfo, address: str) -> bool:
    length = int(row.get("prefixlen", 32))
    other = number(str(row.get("address", row["local"])))
    return other >> (32 - length) == number(address) >> (32 - length)


def _data(link: Link) -> Record:
    found: Record = link.get("linkinfo", {}).get("info_data", {})
    return found


_LABELS = [
    (ipaddress.ip_network(text), label) for text, label in (
        ("::1/128", 0), ("::ffff:0:0/96", 4), ("::/96", 3), ("2001:10::/28", 7), ("2001::/32", 6), ("2002::/16", 2),
        ("3ffe::/16", 12), ("fec0::/10", 11), ("fc00::/7", 5), ("::/0", 1),
    )
]  # fmt: skip
_LABEL_NUMBERS = [(int(net.network_address), 128 - net.prefixlen, label) for net, label in _LABELS]


def _label(value: int) -> int:
    """The label of an address in the kernel's policy table (`ip addrlabel`)."""
    return next(label for net, shift, label in _LABEL_NUMBERS if value >> shift == net >> shift)


def _scope6(value: int) -> int:
    """The scope of an IPv6 address: 1 host, 2 link, 5 site, 14 global."""
    if value >> 120 == 0xFF:
        return (value >> 112) & 0xF
    if value >> 118 == 0x3FA:
        return 2
    if value >> 118 == 0x3FB:
        return 5
    return 2 if value == 1 else 14  # the kernel gives ::1 the scope of a link
