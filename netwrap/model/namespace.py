"""A network namespace: its names, its processes, and the tables captured in it."""

from __future__ import annotations

from functools import cached_property

from parsers.ip_route import family_of
from parsers.lex import lazy

from ..commands import ss
from ..wording import ROOT
from . import coverage, rulesets
from .coverage import Scope, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, TypeVar

    from parsers.records import (
        Address,
        AddrInfo,
        BridgeFdb,
        BridgeLink,
        BridgeVlan,
        FirewallRecord,
        Link,
        Maddr,
        Neigh,
        Netconf,
        Netns,
        NexthopObject,
        Record,
        Route,
        Rule,
        Socket,
    )

    from ..commands.request import Request
    from .section import Section

    Row = TypeVar("Row", bound=Mapping[str, Any])

_INET = ("tcp", "udp", "sctp", "dccp", "mptcp")
_ID = lazy(r"[0-9a-f]+$")


class Namespace:
    """A network namespace: its names, the processes and files that hold it, and the tables captured in it.

    ``key`` is its identity in the source: its inode, or its name if the source has no inodes; "" is the root of the source.
    A table that was not captured is None. ``pids`` are (pid, command name), or None if processes were not captured.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.here = key == ""  # whether the source was captured in this namespace
        self.names: list[str] = []
        self.paths: list[str] = []
        self.labels: list[str] = []
        self.cgroups: list[str] = []
        self.pids: list[tuple[int, str]] | None = None
        self.held: list[str] = []  # threads and file descriptors that hold it
        self.title = ROOT if key == "" else key
        self.tables: dict[str, list[Table]] = {}
        self.typed: list[Section] = []  # commands in a pasted session that change something: `ip route add …`
        self.failed: dict[str, str] = {}  # the error message of the command of a table
        self._joined: dict[tuple[str, str, str, bool], list[Any] | None] = {}
        self._by_table: dict[str, dict[str, list[Route]]] = {}
        self._covered: dict[Any, bool] = {}
        self.kept: dict[str, Any] = {}  # a cache of what the layers above derive from the tables
        self.knows_nsids = False

    def __repr__(self) -> str:
        return f"<Namespace {self.title}>"

    @property
    def name(self) -> str | None:
        """The value of ``netns`` in records: the title, or None for ``(root)``."""
        return None if self.title == ROOT else self.title

    def is_called(self, name: str) -> bool:
        """Whether a name is the namespace's: title, name, label (also without its first word), file, or id of its container."""
        if name == self.title or name in self.names or name in self.paths:
            return True
        if any(name in (label, label.partition(" ")[2]) for label in self.labels):
            return True
        return len(name) >= 12 and _ID.match(name) is not None and any(name in cgroup for cgroup in self.cgroups)

    @property
    def inode(self) -> str | None:
        device, _, number = self.key.rpartition(":")
        if device == "proc":  # an inode of /proc/PID/net, where the namespace's own cannot be read
            return None
        return number if number.isdigit() and len(number) >= 9 else None

    # -- tables ----------------------------------------------------------------------------------------------------

    def table(self, name: str, family: str = "", verb: str = "show", proxy: bool = False) -> list[Any] | None:
        """The records of a table: the most complete capture, joined with further records of others; None if not captured."""
        if name not in self.tables:
            return None
        key = (name, family, verb, proxy)
        if key not in self._joined:
            tables = coverage.chosen(self._captures(*key))
            self._joined[key] = coverage.joined(name, (_of(table, family) for table in tables)) if tables else None
        return self._joined[key]

    def _captures(self, name: str, family: str, verb: str = "show", proxy: bool = False) -> list[Table]:
        return [table for table in self.tables.get(name, ()) if _is_for(table.request, family, verb, proxy)]

    def covers(self, name: str, family: str = "", proxy: bool = False, **filters: str) -> bool:
        """Whether one capture certainly has all rows of a table that belong to a family and pass the command's filters.

        Only then does a missing row prove absence: ``covers("ip_route", "inet", table="main")``, ``covers("ip_neigh", "inet6",
        nud="usual")``; ``family``: "" asks for both.
        """
        if name not in self.tables:
            return False
        key = (name, family, proxy, *filters.items())
        if key not in self._covered:
            asked = Scope(frozenset({family}) if family else coverage.families(name), {**filters})
            if proxy:
                asked.filters["proxy"] = ""
            self._covered[key] = any(coverage.covers(table, asked) for table in self._captures(name, family, proxy=proxy))
        return self._covered[key]

    @cached_property
    def links(self) -> list[Link] | None:
        """`ip link`, joined with `ip address`, `ifconfig` and the names in /proc/net/dev if no table is complete."""
        names = ("ip_link", "ip_address", "ifconfig", "proc_links")
        return self._first([(name, self.table(name), self.covers(name)) for name in names])

    def _first(self, found: Sequence[tuple[str, list[Row] | None, bool]]) -> list[Row] | None:
        """The records of the first complete table, joined with those of the tables before it."""
        taken: list[list[Row]] = []
        for _, records, whole in found:
            if records is not None:
                taken.append(records)
                if whole:
                    break
        return coverage.joined(found[0][0], taken) if taken else None

    @property
    def links_json(self) -> bool:
        """Whether the links were printed as JSON (only iproute2 can do that)."""
        name = "ip_link" if "ip_link" in self.tables else "ip_address"
        return any(table.json for table in self.tables.get(name, ()))

    @cached_property
    def addresses(self) -> list[Address] | None:
        """`ip address`, otherwise `ifconfig`; for a family that was not captured, /proc/net/if_inet6 and fib_trie."""
        found = self.table("ip_address")
        if found is None or not self.covers("ip_address"):
            found = self._first([("ip_address", found, False), ("ifconfig", self.table("ifconfig"), False)])
        local = self.table("proc_local")
        if found is None or not self.covers("ip_address", "inet6"):
            found = self._first([("ip_address", found, False), ("proc_addresses", self.table("proc_addresses"), False)])
        if local and (found is None or not self.covers("ip_address", "inet")):
            known = {entry.get("local") for link in found or () for entry in link.get("addr_info", ())}
            found = [*(found or ()), {"ifname": None, "addr_info": [entry for entry in local if entry["local"] not in known]}]
        return found if found is not None else local

    @cached_property
    def routes(self) -> list[Route] | None:
        """IPv4 routes of all tables that were captured, in the schema of `ip -j route`."""
        return self._routes("inet")

    @cached_property
    def routes6(self) -> list[Route] | None:
        """IPv6 routes of all tables that were captured."""
        return self._routes("inet6")

    def routes_by_table(self, family: str) -> dict[str, list[Route]]:
        """The routes of a family (``inet``, ``inet6``) by their table as printed; a route without a table belongs to main."""
        if family not in self._by_table:
            routes = (self.routes if family == "inet" else self.routes6) or ()
            main = [route for route in routes if "table" not in route]
            found = {"main": main} if main else {}
            for route in routes if len(main) < len(routes) else ():
                if "table" in route:
                    found.setdefault(str(route["table"]), []).append(route)
            self._by_table[family] = found
        return self._by_table[family]

    def _routes(self, family: str) -> list[Route] | None:
        """`ip route`, joined with `route` if the main table is not complete."""
        found = self.table("ip_route", family)
        if found is not None and self.covers("ip_route", family, table="main"):
            return found
        other = self._converted("route", family)
        if found is None or other is None:
            return other if found is None else found
        known = {_identity(route) for route in found}
        return [*found, *(route for route in other if _identity(route) not in known)]

    def has_routes(self, family: str, table: str = "main") -> bool:
        """Whether all routes of a family in one routing table were captured ("all": in all of them)."""
        if table == "all":
            return self.covers("ip_route", family)
        return self.covers("ip_route", family, table=table) or table == "main" and self.covers("route", family)

    def _converted(self, name: str, family: str) -> list[Any] | None:
        rows = self.table(name, family)
        if rows is None:
            return None
        if name == "arp":
            from parsers.arp import as_neigh

            return as_neigh(rows)
        from parsers.route import as_routes

        return as_routes(rows)

    @cached_property
    def neighs(self) -> list[Neigh] | None:
        """Neighbours (of every captured state), from `arp` if `ip neigh` was not captured for IPv4."""
        found = self.table("ip_neigh")
        if found is not None and self.covers("ip_neigh", "inet", nud="usual"):
            return found
        return self._first([("ip_neigh", found, False), ("arp", self._converted("arp", "inet"), False)])

    @property
    def proxies(self) -> list[Neigh] | None:
        """Proxy entries of the neighbour tables."""
        return self.table("ip_neigh", proxy=True)

    @property
    def rules(self) -> list[Rule] | None:
        """`ip rule`."""
        return self.table("ip_rule", "inet")

    @property
    def rules6(self) -> list[Rule] | None:
        """`ip -6 rule`."""
        return self.table("ip_rule", "inet6")

    @property
    def nsids(self) -> list[Netns] | None:
        """The ids that this namespace has given to others (`ip netns list-id`)."""
        return self.table("ip_netns", verb="list-id")

    @property
    def named(self) -> list[Netns] | None:
        """`ip netns list`: names, with the ids that this namespace gives them."""
        return self.table("ip_netns")

    @property
    def netconf(self) -> list[Netconf] | None:
        """`ip netconf`: forwarding and rp_filter of each interface."""
        return self.table("ip_netconf")

    @cached_property
    def sysctls(self) -> dict[str, str] | None:
        """The kernel's switches by their full names: ``{"net.ipv4.conf.eth0.rp_filter": "1"}``; lines of a value are joined."""
        rows = self.table("sysctl")
        if rows is None:
            return None
        plain = {row["key"]: row["value"] for row in rows}
        if len(plain) == len(rows):
            return plain
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row["key"], []).append(row["value"])
        return {key: "\n".join(values) for key, values in found.items()}

    @property
    def nexthops(self) -> list[NexthopObject] | None:
        """`ip nexthop`."""
        return self.table("ip_nexthop")

    @property
    def maddrs(self) -> list[Maddr] | None:
        """`ip maddr`: links with the multicast groups that they listen to."""
        return self.table("ip_maddr")

    @cached_property
    def sockets(self) -> list[Socket] | None:
        """`ss`, `netstat` and /proc/net/tcp: each socket once, with the fields of all three."""
        tables = self.tables.get("ss")
        if not tables:
            return None
        found: dict[Any, Socket] = {}
        for record in (record for table in ss.latest(tables) for record in table.records):
            local = "::" if record.get("local") == "*" else record.get("local")  # netstat writes `:::80` for `*:80`
            key = (record.get("netid"), local, *(record.get(it) for it in ("local_port", "peer_port", "dev", "state")))
            key += (record.get("peer"),) if record.get("peer_port") not in ("*", None, 0) else ()
            found[key] = {**record, **found.get(key, {})}
        return list(found.values())

    @property
    def listeners(self) -> list[Socket] | None:
        """Sockets that wait for a connection or for a packet: TCP and its like in LISTEN, UDP without a peer."""
        if self.sockets is None:
            return None
        return [
            socket for socket in self.sockets
            if socket.get("netid") in _INET and (socket.get("state") == "LISTEN"
                                                 or socket["netid"] == "udp" and socket.get("state") == "UNCONN")
        ]  # fmt: skip

    @property
    def bridge_links(self) -> list[BridgeLink] | None:
        """`bridge link`: ports of bridges."""
        return self.table("bridge_link")

    @property
    def fdb(self) -> list[BridgeFdb] | None:
        """`bridge fdb`."""
        return self.table("bridge_fdb")

    @property
    def vlans(self) -> list[BridgeVlan] | None:
        """`bridge vlan`."""
        return self.table("bridge_vlan")

    @cached_property
    def rulesets(self) -> list[FirewallRecord] | None:
        """Tables, chains, rules and sets of all firewalls, each with its ``tool`` (nft, iptables, ip6tables-legacy, ...)."""
        return rulesets.joined(self.tables)

    def covers_rulesets(self, family: str) -> bool:
        """Whether the captures certainly have all rules that can apply to a packet of a family (ip, ip6)."""
        return rulesets.cover(self.tables, family)

    # -- joins -----------------------------------------------------------------------------------------------------

    def link(self, ifname: str) -> Link | None:
        """The link with a name (or an alternative name)."""
        return self._links_by_name.get(ifname)

    @cached_property
    def _links_by_name(self) -> dict[str, Link]:
        found: dict[str, Link] = {}
        for link in self.links or ():
            for name in (link.get("ifname"), *link.get("altnames", ())):
                found.setdefault(str(name), link)
        return found

    @cached_property
    def _addresses_by_name(self) -> dict[str | None, list[AddrInfo]]:
        found: dict[str | None, list[AddrInfo]] = {}
        for link in self.addresses or ():
            found.setdefault(link.get("ifname"), []).extend(link.get("addr_info", ()))
        return found

    def addresses_of(self, ifname: str | None) -> list[AddrInfo]:
        """The addresses on a link."""
        return self._addresses_by_name.get(ifname, [])

    def ports(self, master: str) -> list[Link]:
        """The links that have this one (a bridge, a bond, a VRF) as their master."""
        return self._links_by_master.get(master, [])

    @cached_property
    def _links_by_master(self) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = {}
        for link in self.links or ():
            if "master" in link:
                found.setdefault(link["master"], []).append(link)
        return found

    def default_routes(self) -> list[Route]:
        """The default routes of the main tables, IPv4 first."""
        return [
            route for route in [*(self.routes or ()), *(self.routes6 or ())]
            if route.get("dst") == "default" and route.get("table") in (None, "main")
        ]  # fmt: skip


def _is_for(request: Request | None, family: str, verb: str, proxy: bool) -> bool:
    if request is None:
        return True
    if request.verb != verb or ("proxy" in request.filters) != proxy:
        return False
    held = coverage.scope(request).families
    return not family or family in held or "" in held


def _of(table: Table, family: str) -> list[Record]:
    """The records of a capture that belong to a family; routes have no key for the family."""
    if family and table.request is not None and table.request.name == "ip_route":
        if len(coverage.scope(table.request).families) > 1:
            return [route for route in table.records if family_of(route) == family]
    return table.records


def _identity(route: Route) -> tuple[str, ...]:
    return tuple(str(route.get(key, usual)) for key, usual in (("dst", ""), ("dev", ""), ("gateway", ""), ("table", "main")))
