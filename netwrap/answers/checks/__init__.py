"""The checks: one module an area, one function a check, found by being there.

A check is a generator over one host, marked with :func:`check`; it yields findings, made by :meth:`Look.finding`. A check that
cannot be decided from what was captured yields nothing: `N01` says what was not captured.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from parsers.tuples import NamedTuple

from ... import wording
from ...model import evidence
from ..inside import inside
from ..links import FALLBACKS, data, kind
from ..switches import switches_of
from ..walk.walker import Walker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, Union

    from parsers.records import Address, AddrInfo, AnyRecord, Link, Record, Route

    from ...model.host import Host
    from ...model.namespace import Namespace
    from ..segment import End, Segment
    from ..switches import Switches
    from .walks import Walk

    Run = Callable[["Look"], Iterator["Finding"]]
    IPAddress = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
    Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

#: The areas, each a module; a finding's order follows them.
AREAS = ("links", "addresses", "routes", "rules", "forwarding", "neighbours", "bridges", "firewalls", "services", "capture")
LEVELS = ("error", "warning", "note")
_ALONE = {"nexthops", "expires", "unparsed", "via", "nh_info"}  # keys of a route that no other one stands for
_ALL_BUT_DST = ("gateway", "dev", "table", "type", "protocol", "scope", "metric", "prefsrc", "nhid", "tos")
UNUSABLE = ("blackhole", "unreachable", "prohibit", "throw")
#: Devices that a program keeps ready without anything on them.
IDLE = (
    "docker0",
    "virbr",
    "lxdbr",
    "lxcbr",
    "br-",
    "cni0",
    "podman",
    "kube-ipvs0",
    "nodelocaldns",
    "dummy",
    "ovs-system",
    *FALLBACKS,
)


class Check(NamedTuple):
    """A check: ``severity`` error, warning or note (a finding may have a lower one); ``why`` it hurts, ``how`` it is decided."""

    id: str
    severity: str
    title: str
    why: str
    how: str
    run: Run


class Finding(NamedTuple):
    """What a check found.

    ``evidence``: ``{"command", "source", "line", "text"}`` each; ``mend``: commands; ``under``: findings that follow from it.
    ``explains`` and ``follows`` tell which: names like ``("dead", title, dev)``.
    """

    id: str
    severity: str
    host: str
    netns: str
    dev: str | None
    what: str
    why: str
    evidence: tuple[Record, ...]
    mend: tuple[str, ...]
    explains: frozenset[Any] = frozenset()
    follows: frozenset[Any] = frozenset()
    under: tuple[Finding, ...] = ()

    def record(self) -> Record:
        """The finding as JSON has it."""
        return {
            "id": self.id,
            "severity": self.severity,
            "host": self.host,
            "netns": self.netns,
            "dev": self.dev,
            "what": self.what,
            "why": self.why,
            "evidence": list(self.evidence),
            "mend": list(self.mend),
            "consequences": [one.record() for one in self.under],
        }


def check(id: str, severity: str, title: str, why: str) -> Callable[[Run], Run]:
    """Mark a generator as a check; its docstring says how the check is decided."""

    def mark(run: Run) -> Run:
        run.check = Check(id, severity, title, why, " ".join((run.__doc__ or "").split()), run)  # type: ignore[attr-defined]
        return run

    return mark


class Look:
    """One host under all checks, with what several of them ask; ``quotes``: whether findings have evidence."""

    def __init__(self, host: Host, quotes: bool = True) -> None:
        self.host = host
        self.quotes = quotes
        self.walker = Walker(host)
        self.explained: set[Any] = set()  # what the findings so far explain
        self.outside: dict[str, str] = {}  # by family: an address that nobody has
        self.walks: list[Walk] | None = None  # made by the first check that asks for them
        self.check: Check | None = None
        self._by_kind: dict[str | None, list[tuple[Namespace, Link]]] | None = None
        self._links: list[tuple[Namespace, Link]] = []
        self._twins: dict[tuple[bool, Any], list[tuple[Namespace, Link]]] | None = None
        self._entries: dict[str, list[tuple[Namespace, Address, AddrInfo]]] = {}
        self._owned: dict[str, list[tuple[Namespace, Address, AddrInfo]]] | None = None
        self._defaults: dict[tuple[int, str], list[Route]] = {}
        self._routes: dict[int, list[Route]] = {}
        self._asked: dict[Any, tuple[tuple[End, ...], End | None]] = {}

    @property
    def namespaces(self) -> list[Namespace]:
        return self.host.namespaces

    def finding(
        self,
        netns: Namespace,
        what: str,
        *records: Any,
        dev: str | None = None,
        mend: Iterable[str] = (),
        severity: str | None = None,
        explains: Iterable[Any] = (),
        follows: Iterable[Any] = (),
    ) -> Finding:
        """A finding of the check that runs. ``records``: of the namespace, or (namespace, record), or None;
        their lines are the evidence."""
        assert self.check is not None
        explains = frozenset(explains)
        self.explained |= explains
        quoted = []
        for each in filter(None, records) if self.quotes else ():
            where, record = each if isinstance(each, tuple) else (netns, each)
            quoted.append(self.quote(where, record))
        return Finding(
            self.check.id,
            severity or self.check.severity,
            self.host.name,
            netns.title,
            dev,
            what,
            self.check.why,
            tuple(quote for quote in quoted if quote is not None),
            tuple(mend),
            explains,
            frozenset(follows),
        )

    def quote(self, netns: Namespace, record: AnyRecord) -> Record | None:
        """The line of a record, with its place; the record itself where it comes from no text of its own."""
        found = evidence.of(netns, record)
        if found is None:
            return {"command": "", "source": "", "line": None, "text": _words(record)}
        text = found.text if not found.text.lstrip().startswith("{") else _words(record)
        return {
            "command": inside(netns, found.command),
            "source": found.source,
            "line": found.line,
            "text": text.strip().split("\n")[0],
        }

    def inside(self, netns: Namespace, command: str) -> str:
        """A command as it is typed to run in a namespace."""
        return inside(netns, command)

    def switches(self, netns: Namespace) -> Switches:
        """The kernel's switches of a namespace."""
        return switches_of(netns)

    def segment(self, netns: Namespace, dev: str) -> Segment:
        """Everything that receives a frame to everybody out of a link."""
        return self.walker.wires.segment(netns, dev)

    def is_closed(self, netns: Namespace, dev: str) -> bool:
        """Whether nothing outside of what was captured can be on the segment of a link, and nothing in it is uncertain."""
        found = self.segment(netns, dev)
        return next(found.each(), None) is not None and not found.unknown and self.any_end(found, _is_unknown) is None

    def any_end(self, segment: Segment, wanted: Callable[[Look, End], bool]) -> End | None:
        """The first end of a segment that is as wanted: asked once for all ports of a bridge."""
        for ends in (segment.own, *(one.core.own for one in segment.shared)):
            key = (id(ends), wanted)
            if key not in self._asked:
                self._asked[key] = ends, next((end for end in ends if wanted(self, end)), None)
            if self._asked[key][1] is not None:
                return self._asked[key][1]
        return None

    def having(self, netns: Namespace, dev: str, address: str) -> Iterator[tuple[Namespace, Link, AddrInfo]]:
        """(namespace, link, entry) of an address on the segment of a link, wherever a frame reaches it."""
        if self._owned is None:
            self._owned = {}
            for there, link, entry in self.entries():
                self._owned.setdefault(str(entry["local"]), []).append((there, link, entry))
        owners = self._owned.get(address, ())
        if all(there is netns and link.get("ifname") == dev for there, link, _ in owners):
            return
        segment = self.segment(netns, dev)
        if next(segment.each(), None) is None:
            return
        for there, link, entry in owners:
            if there is netns and link.get("ifname") == dev:
                continue  # a link does not reach itself
            end = segment.end(there, str(link["ifname"])) if link.get("ifname") else None
            if end is not None and end.obstacle is None:
                yield there, end.link, entry

    def peer(self, netns: Namespace, link: Link) -> tuple[Namespace, Link] | None:
        """The other end (or the parent) of a link, where it is known for certain."""
        found = self.host.peer(netns, link)
        if found is None or found.how == "ambiguous":
            return None
        if found.netns is not None and found.link is not None:
            return found.netns, found.link
        return self._named_peer(netns, link)

    def _named_peer(self, netns: Namespace, link: Link) -> tuple[Namespace, Link] | None:
        """The peer in text that shows no index of one end (`-br`): each end names the other's index or namespace."""
        if "ifindex" in link and "ifindex" not in (self.namespaces[0].links or [{}])[0] and "link_netns" not in link:
            return None
        if link.get("link_index") is None:
            return None
        if self._twins is None:
            self._twins = {}
            for other in self.namespaces:
                for twin in other.links or ():
                    key = (True, twin["ifindex"]) if "ifindex" in twin else (False, twin.get("link_index"))
                    self._twins.setdefault(key, []).append((other, twin))
        if "ifindex" not in link:
            some = self._twins.get((True, link["link_index"]), ())
            places = [place for place in some if place[1].get("link_netns") in netns.names]
        else:
            some = self._twins.get((False, link["ifindex"]), ())
            places = [place for place in some if link.get("link_netns") in place[0].names]
        places = [place for place in places if place[0] is not netns]
        return places[0] if len(places) == 1 else None

    def links(self, *kinds: str) -> list[tuple[Namespace, Link]]:
        """The links of all namespaces, of some kinds or of all."""
        if self._by_kind is None:
            self._by_kind, self._links = {}, []
            for netns in self.namespaces:
                for link in netns.links or ():
                    if link.get("ifname"):
                        self._links.append((netns, link))
                        self._by_kind.setdefault(kind(link), []).append((netns, link))
        if not kinds:
            return self._links
        if len(kinds) == 1:
            return self._by_kind.get(kinds[0], [])
        return [place for place in self._links if kind(place[1]) in kinds] if any(map(self._by_kind.get, kinds)) else []

    def entries(self, family: str = "") -> list[tuple[Namespace, Address, AddrInfo]]:
        """(namespace, link, entry of ``addr_info``) of all addresses that are no loopback's and not link-local."""
        if family not in self._entries:
            places = ((netns, *place) for netns in self.namespaces for place in self.entries_of(netns, family))
            self._entries[family] = list(places)
        return self._entries[family]

    def entries_of(self, netns: Namespace, family: str = "") -> Iterator[tuple[Address, AddrInfo]]:
        """(link, entry of ``addr_info``) of the addresses of one namespace, as :meth:`entries` has them of all."""
        for link in netns.addresses or ():
            for entry in link.get("addr_info", ()):
                if entry.get("family", "inet") == family or not family:
                    if is_real(entry) and link.get("ifname") is not None:
                        yield link, entry

    def defaults(self, netns: Namespace, family: str = "inet") -> list[Route]:
        """The default routes of all tables of a namespace, without those that drop."""
        key = (id(netns), family)
        if key not in self._defaults:
            routes = netns.routes if family == "inet" else netns.routes6
            found = [route for route in routes or () if route.get("dst") == "default"]
            self._defaults[key] = [route for route in found if route.get("type", "unicast") not in UNUSABLE]
        return self._defaults[key]

    def routes(self) -> Iterator[tuple[Namespace, Route]]:
        """The routes of all namespaces, as :meth:`routes_of` has them."""
        for netns in self.namespaces:
            for route in self.routes_of(netns):
                yield netns, route

    def routes_of(self, netns: Namespace) -> list[Route]:
        """The routes of all tables but those that the kernel keeps for its own (local, groups, fe80::).

        Of routes by one gateway that differ in their destination only, the first stands for all: what is wrong with one is
        wrong with the others, and a router has a hundred thousand of them.
        """
        if id(netns) not in self._routes:
            found: list[Route] = []
            told: set[Any] = set()
            last: dict[Any, AnyRecord] = {}  # gateway -> the last route by it that was told, to compare with: that is cheaper
            for route in [*(netns.routes or ()), *(netns.routes6 or ())]:
                gateway, dst = route.get("gateway"), route.get("dst")
                if gateway is not None and dst != "default":
                    before = last.get(gateway)
                    if before is not None and {**route, "dst": before["dst"]} == before:
                        continue
                if is_the_kernels(route):
                    continue
                if gateway is not None and dst != "default" and not route.get("flags") and not _ALONE & route.keys():
                    key = tuple(map(route.get, _ALL_BUT_DST))
                    if key in told:
                        continue
                    told.add(key)
                    if dst is not None:
                        last[gateway] = route
                found.append(route)
            self._routes[id(netns)] = found
        return self._routes[id(netns)]


def _is_unknown(look: Look, end: End) -> bool:
    return end.netns.addresses is None


def _words(record: AnyRecord) -> str:
    """A record in the words of its kind."""
    if "dst" in record and ("state" in record or "lladdr" in record):
        return wording.neighbour(record)
    if record.get("kind") == "chain":
        hook = f": hook {record['hook']}, priority {record.get('priority', 0)}" if record.get("hook") else ""
        policy = f", policy {record['policy']}" if record.get("policy") else ""
        return " ".join(["chain", *(str(record[key]) for key in ("family", "table", "chain") if record.get(key))]) + hook + policy
    if "priority" in record and ("src" in record or "table" in record):
        return wording.rule(record)
    if "dst" in record:
        return wording.route(record)
    if "local" in record:
        return wording.address(record)
    if "mac" in record:
        return wording.fdb(record)
    if "ifname" in record:
        flags = f" <{','.join(record['flags'])}>" if record.get("flags") else ""
        mtu = f" mtu {record['mtu']}" if record.get("mtu") else ""
        master = f" master {record['master']}" if record.get("master") else ""
        return f"{record['ifname']}{flags}{mtu}{master} state {record.get('operstate', '?')}"
    if "text" in record:
        return str(record["text"])
    return ", ".join(f"{key} {value}" for key, value in list(record.items())[:6])


def is_real(entry: AnyRecord) -> bool:
    """Whether an address is one that others may use: readable, no loopback's, not link-local."""
    found = address_of(entry.get("local", ""))  # None: made unreadable, cut off
    return found is not None and not (found.is_loopback or found.is_link_local or found.is_multicast or found.is_unspecified)


def network_of(entry: AnyRecord) -> Network | None:
    """The network of an address: of the peer, where it is point-to-point."""
    return prefix_of(f"{entry.get('address', entry.get('local'))}/{entry.get('prefixlen')}")


def address_of(text: Any) -> IPAddress | None:
    """An address that can be read; None for ``default``, names, and what was made unreadable."""
    return _address(str(text))


@lru_cache(maxsize=1 << 16)  # each is asked for again by every check, for every other on its segment
def _address(text: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def holds(network: Network | None, address: IPAddress | None) -> bool:
    """Whether an address is in a network of its own family; False where either is None."""
    return network is not None and address is not None and network.version == address.version and address in network


def prefix_of(text: Any) -> Network | None:
    """A destination as a network; None for ``default`` and what cannot be read."""
    return _prefix(str(text))


@lru_cache(maxsize=1 << 16)
def _prefix(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def is_one_links(mac: Any) -> bool:
    """Whether a text is the MAC of one link: readable, and not one that a program gives to many."""
    return isinstance(mac, str) and mac.count(":") == 5 and mac not in ("00:00:00:00:00:00", "ee:ee:ee:ee:ee:ee")


def is_private(entry: AnyRecord) -> bool:
    """Whether an address is of RFC 1918: nobody outside has a route to it."""
    return any(holds(prefix_of(net), address_of(entry.get("local"))) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def is_virtual(mac: str) -> bool:
    """Whether a MAC is that of a virtual router (VRRP), which two machines have in turn."""
    return mac.startswith("00:00:5e")


def gateway_of(hop: AnyRecord) -> str | None:
    """The gateway of a hop, of either family."""
    via = hop.get("via")
    return str(via["host"]) if isinstance(via, dict) and "host" in via else hop.get("gateway")


def dev_of(route: AnyRecord, hop: AnyRecord) -> str | None:
    """The device of a hop."""
    return hop.get("dev") or route.get("dev")


def is_main(route: AnyRecord) -> bool:
    """Whether a route is of the main table."""
    return route.get("table") in (None, "main", "254", 254)


def is_the_kernels(route: AnyRecord) -> bool:
    """Whether a route is one that the kernel keeps for its own: of the table local, for groups, or to fe80::."""
    return route.get("table") in ("local", "255", 255) or str(route.get("dst", "")).startswith(("fe80:", "ff00:"))


def is_idle(name: str) -> bool:
    """Whether a link is one that a program keeps ready, also with nothing on it."""
    return name.startswith(IDLE)


__all__ = ["AREAS", "LEVELS", "Check", "Finding", "Look", "check", "data", "kind"]
