"""A network namespace: what it is called and who holds it, and the tables captured in it."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from parsers.ip_route import family_of

from ..wording import ROOT
from . import sidetables

if TYPE_CHECKING:
    from typing import Any

    from ..commands.request import Request
    from .section import Section

    Record = dict[str, Any]

_ID = re.compile(r"[0-9a-f]+$", re.ASCII)


class Table(NamedTuple):
    """What one command printed, as records."""

    command: str
    request: Request | None
    records: list[Any]
    json: bool
    section: Section | None = None  # the text, where it came from, and how much of the table it is


class Namespace:
    """A network namespace: what it is called and who holds it, and the tables captured in it.

    ``key`` is its identity in the source: its inode, or where the source has none its name; "" is the root of the source.
    A table that was not captured is None. ``pids`` are (pid, command name); they are None where processes were not looked at.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.here = key == ""  # the one that the source was captured in
        self.names: list[str] = []
        self.paths: list[str] = []
        self.labels: list[str] = []
        self.cgroups: list[str] = []
        self.pids: list[tuple[int, str]] | None = None
        self.held: list[str] = []  # threads and file descriptors that hold it
        self.title = ROOT if key == "" else key
        self.tables: dict[str, list[Table]] = {}
        self.knows_nsids = False

    def __repr__(self) -> str:
        return f"<Namespace {self.title}>"

    @property
    def name(self) -> str | None:
        """The title as records have it (``netns``): None for the namespace ``(root)``."""
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
        """The records of the most telling capture of a table; of all partial ones where none is whole; None without any."""
        tables = [table for table in self.tables.get(name, ()) if _is_for(table.request, family, verb, proxy)]
        if not tables:
            return None
        whole = [table for table in tables if table.request is None or table.request.is_whole()]
        if whole:
            best: list[Any] = max(reversed(whole), key=_richness).records  # of two that are alike, the later
            return best
        merged: list[Any] = []
        for table in tables:
            merged += [record for record in table.records if record not in merged]
        return merged

    @cached_property
    def links(self) -> list[Record] | None:
        """`ip link`; where only `ip address` was captured, its records, and without both the names in /proc/net/dev."""
        found = self.table("ip_link")
        if found is None:
            found = self.table("ip_address")
        return self.table("proc_links") if found is None else found

    @property
    def links_json(self) -> bool:
        """Whether the links were printed as JSON (which only an iproute2 can)."""
        name = "ip_link" if "ip_link" in self.tables else "ip_address"
        return any(table.json for table in self.tables.get(name, ()))

    @cached_property
    def addresses(self) -> list[Record] | None:
        """`ip address`: links with ``addr_info``; /proc/net/if_inet6 and fib_trie where there is nothing better."""
        found = self.table("ip_address")
        if found is not None:
            return found
        local = self.table("proc_local")
        found = self.table("proc_addresses")
        if local:
            found = [*(found or []), {"ifname": None, "addr_info": local}]
        return found if found is not None else local

    @cached_property
    def routes(self) -> list[Record] | None:
        """IPv4 routes of all tables that were captured, in the schema of `ip -j route`."""
        return self._routes("inet")

    @cached_property
    def routes6(self) -> list[Record] | None:
        """IPv6 routes of all tables that were captured."""
        return self._routes("inet6")

    def _routes(self, family: str) -> list[Record] | None:
        """`ip route show table all` without a family shows both."""
        both = [table for table in self.tables.get("ip_route", ()) if _is_of_both(table.request)]
        found = self.table("ip_route", family)
        if both and (found is None or not self._is_all(family)):
            found = [route for route in max(both, key=_richness).records if family_of(route) == family]
        return self._converted("route", family) if found is None else found

    def _is_all(self, family: str) -> bool:
        return any(
            table.request is not None and table.request.family == family and table.request.filters == {"table": "all"}
            for table in self.tables.get("ip_route", ())
        )

    def has_all_tables(self, family: str) -> bool:
        """Whether the routes of all tables of a family were captured, not of the main one only."""
        return self._is_all(family) or any(_is_of_both(table.request) for table in self.tables.get("ip_route", ()))

    def _converted(self, name: str, family: str) -> list[Record] | None:
        rows = self.table(name, family)
        if rows is None:
            return None
        if name == "arp":
            from parsers.arp import as_neigh

            return as_neigh(rows)
        from parsers.route import as_routes

        return as_routes(rows)

    @property
    def neighs(self) -> list[Record] | None:
        """Neighbours (of every state that was captured), from `arp` where `ip neigh` was not captured."""
        found = self.table("ip_neigh")
        return self._converted("arp", "inet") if found is None else found

    @property
    def proxies(self) -> list[Record] | None:
        """Proxy entries of the neighbour tables."""
        return self.table("ip_neigh", proxy=True)

    @property
    def rules(self) -> list[Record] | None:
        """`ip rule`."""
        return self.table("ip_rule", "inet")

    @property
    def rules6(self) -> list[Record] | None:
        """`ip -6 rule`."""
        return self.table("ip_rule", "inet6")

    @property
    def nsids(self) -> list[Record] | None:
        """The ids that this namespace has given to others (`ip netns list-id`)."""
        return self.table("ip_netns", verb="list-id")

    @property
    def named(self) -> list[Record] | None:
        """`ip netns list`: names, with the ids that this namespace gives them."""
        return self.table("ip_netns")

    @property
    def netconf(self) -> list[Record] | None:
        """`ip netconf`: forwarding and rp_filter of each interface."""
        return self.table("netconf")

    @cached_property
    def sysctls(self) -> dict[str, str] | None:
        """The kernel's switches by their whole names: ``{"net.ipv4.conf.eth0.rp_filter": "1"}``."""
        rows = self.table("sysctl")
        return None if rows is None else {str(row["name"]): str(row["value"]) for row in rows}

    @property
    def nexthops(self) -> list[Record] | None:
        """`ip nexthop`."""
        return self.table("nexthops")

    @property
    def bridge_links(self) -> list[Record] | None:
        """`bridge link`: ports of bridges."""
        return self.table("bridge_link")

    @property
    def fdb(self) -> list[Record] | None:
        """`bridge fdb`."""
        return self.table("bridge_fdb")

    @property
    def vlans(self) -> list[Record] | None:
        """`bridge vlan`."""
        return self.table("bridge_vlan")

    @property
    def firewall(self) -> list[sidetables.Firewall] | None:
        """Tables of nftables or iptables, counted."""
        tables = self.tables.get("firewall")
        return None if tables is None else [count for table in tables for count in table.records]

    # -- joins -----------------------------------------------------------------------------------------------------

    def link(self, ifname: str) -> Record | None:
        """The link of a name (or of an alternative name)."""
        for link in self.links or ():
            if link.get("ifname") == ifname or ifname in link.get("altnames", ()):
                return link
        return None

    @cached_property
    def _addresses_by_name(self) -> dict[Any, list[Record]]:
        found: dict[Any, list[Record]] = {}
        for link in self.addresses or ():
            found.setdefault(link.get("ifname"), []).extend(link.get("addr_info", ()))
        return found

    def addresses_of(self, ifname: str | None) -> list[Record]:
        """The addresses on a link."""
        return self._addresses_by_name.get(ifname, [])

    def ports(self, master: str) -> list[Record]:
        """The links that have this one (a bridge, a bond, a VRF) as their master."""
        return [link for link in self.links or () if link.get("master") == master]

    def default_routes(self) -> list[Record]:
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
    if request.name == "ip_route" and _is_of_both(request):
        return False
    if request.name in ("ip_route", "route", "ip_rule"):
        return (request.family or "inet") == (family or "inet")
    return True


def _is_of_both(request: Request | None) -> bool:
    return request is not None and request.family == "" and request.filters == {"table": "all"} and not request.unknown


def _richness(table: Table) -> tuple[int, ...]:
    request = table.request
    if request is None:
        return (0,)
    everything = int(("table", "all") in request.filters.items() or ("nud", "all") in request.filters.items())
    return (
        int(request.family == "" or request.name in ("ip_route", "ip_rule", "route", "arp")), everything,
        int(not request.brief and not request.oneline), min(request.details, 1), min(request.stats, 1), int(table.json),
    )  # fmt: skip
