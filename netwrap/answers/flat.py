"""Flat rows of hosts: one table for each kind of record, the same columns and types in every row, for SQL and for files.

Every row has ``_host``, ``_netns`` (the root namespace has a name too: ``(root)``), ``_table`` and ``_source``. A key of a record
that is no column, or that does not fit the type of its column, stands in ``more``, as JSON: nothing of a record is lost. What was
not captured is null. The tables and their columns stand in :mod:`.schema`.

>>> from netwrap.model.build import build
>>> from netwrap.model.section import Section
>>> host = build([Section("red", "ip route show", "default via 10.0.0.1 dev eth0 metric 5")])
>>> [(row["_netns"], row["dst"], row["gateway"], row["metric"]) for _, row in rows(host, ["route"])]
[('red', 'default', '10.0.0.1', 5)]
"""

from __future__ import annotations

import contextlib
import ipaddress
from typing import TYPE_CHECKING

from parsers.ip_route import family_of, table_of

from ..wording import ROOT
from . import overview, schema
from .links import kind as kind_of
from .links import machine
from .schema import TABLES, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from parsers.records import AnyRecord, Record

    from ..model.host import Host
    from ..model.namespace import Namespace
    from .checks import Finding


def rows(host: Host, tables: Iterable[str] | None = None) -> Iterator[tuple[str, Record]]:
    """The rows of one host: (table, row), of some tables or of all but ``finding``, which costs more: :func:`findings`."""
    wanted = [name for name in TABLES if (tables is None or name in tables) and name in _MAKERS]
    look = _Look(host)
    for name in wanted:
        table = TABLES[name]
        for netns in [None] if name == "host" else host.namespaces:
            front = _front(name, host, netns.title if netns is not None else ROOT)
            for record in _MAKERS[name](look, netns):
                yield name, {**front, **schema.row(table, record)}


def findings(found: Iterable[Finding], source: str, across: bool = False) -> Iterator[tuple[str, Record]]:
    """The rows of the table ``finding``: what `netwrap check` found, consequences too; ``across``: what several hosts show."""
    pending = list(reversed(list(found)))
    while pending:
        one = pending.pop()
        pending += reversed(one.under)
        front = {
            "_host": schema.text(one.host),
            "_netns": schema.text(one.netns or ROOT),
            "_table": "finding",
            "_source": schema.text(source),
        }
        yield "finding", {**front, **schema.row(TABLES["finding"], {**one.record(), "across": across})}


def _front(table: str, host: Host, netns: str) -> Record:
    return {"_host": schema.text(host.name or host.hostname or host.source), "_netns": schema.text(netns), "_table": table,
            "_source": schema.text(host.source)}  # fmt: skip


# -- the records of each table -------------------------------------------------------------------------------------


class _Look:
    """A host, and the owners of its addresses."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.owners: dict[str, tuple[str, str | None] | None] = {}
        for netns in host.namespaces:
            for link in netns.addresses or ():
                for entry in link.get("addr_info", ()):
                    local = str(entry.get("local"))
                    if not local.startswith(("127.", "fe80:")) and local != "::1":
                        self.owners[local] = (netns.title, link.get("ifname")) if local not in self.owners else None

    def owner(self, address: Any) -> Record:
        """The owner of an address as columns, where there is exactly one."""
        found = self.owners.get(address)
        return {"owner_netns": found[0], "owner_ifname": found[1]} if found else {}


def _host(look: _Look, _: Any) -> Iterator[Record]:
    host = look.host
    yield {"hostname": host.hostname, "kernel": host.versions.get("kernel"), "iproute2": host.versions.get("ip"),
           "schema": VERSION, "namespaces": len(host.namespaces), "problems": host.problems, "notes": host.notes,
           "machine": machine(host)}  # fmt: skip


def _namespace(look: _Look, netns: Namespace) -> Iterator[Record]:
    row = overview.row(look.host, netns)
    ways = row.pop("default")
    switch = (netns.sysctls or {}).get("net.ipv4.ip_forward")
    of_all = [it for it in netns.netconf or () if (it.get("interface"), it.get("family")) == ("all", "inet")]
    forwarding = switch == "1" if switch is not None else of_all[0].get("forwarding") if of_all else None
    yield {**row, "here": netns.here, "named": bool(netns.names), "names": netns.names,
           "default_routes": None if ways is None else len(ways), "default_via": ways,
           "forwarding": forwarding}  # fmt: skip


def _link(look: _Look, netns: Namespace) -> Iterator[Record]:
    for link in netns.links or ():
        info = link.get("linkinfo", {}).get("info_data", {})
        flags = link.get("flags")
        record = {key: value for key, value in link.items() if key not in ("addr_info", "stats64")}
        for way, counters in link.get("stats64", {}).items():
            record.update({f"{way}_{name}": count for name, count in counters.items()})
        kind = kind_of(link)
        record.update(
            kind=kind or None,
            up=None if flags is None else "UP" in flags,
            carrier=None if flags is None else "LOWER_UP" in flags,
            vlan=info.get("id") if kind == "vlan" else None,
        )
        if kind == "vxlan":
            record.update(vni=info.get("id"), vxlan_local=info.get("local", info.get("local6")), vxlan_port=info.get("port"),
                          vxlan_remote=info.get("remote", info.get("group", info.get("remote6"))))  # fmt: skip
        peer = look.host.peer(netns, link)
        if peer is not None and peer.netns is not None and peer.how != "ambiguous":
            record.update(peer_netns=peer.netns.title, peer_ifname=(peer.link or {}).get("ifname"))
        yield record


def _address(look: _Look, netns: Namespace) -> Iterator[Record]:
    for link in netns.addresses or ():
        known = netns.link(link.get("ifname") or "") or link
        flags = known.get("flags")
        for entry in link.get("addr_info", ()):
            network, hex = None, None
            with contextlib.suppress(KeyError, ValueError):
                network = str(ipaddress.ip_network(f"{entry['local']}/{entry['prefixlen']}", strict=False))
                hex = _hex(ipaddress.ip_address(entry["local"]))
            yield {**entry, "ifindex": link.get("ifindex"), "ifname": link.get("ifname"), "mac": known.get("address"),
                   "master": known.get("master"), "mtu": known.get("mtu"), "up": None if flags is None else "UP" in flags,
                   "network": network, "hex": hex}  # fmt: skip


def _hex(address: Any) -> str:
    """An address as digits that sort as addresses do."""
    return f"{int(address):0{8 if address.version == 4 else 32}x}"


def _route(look: _Look, netns: Namespace) -> Iterator[Record]:
    for family, found in (("inet", netns.routes), ("inet6", netns.routes6)):
        for route in found or ():
            record = {key: value for key, value in route.items() if key != "table"}
            dst = route.get("dst", "")
            all_of_it = "0.0.0.0/0" if family == "inet" else "::/0"
            with contextlib.suppress(ValueError):
                network = ipaddress.ip_network(all_of_it if dst == "default" else dst, strict=False)
                record.update(first_hex=_hex(network[0]), last_hex=_hex(network[-1]), prefixlen=network.prefixlen)
            with contextlib.suppress(ValueError):
                record["gateway_hex"] = _hex(ipaddress.ip_address(route.get("gateway", "")))
            yield {**record, "family": "mpls" if family_of(route) == "mpls" else family, "table_name": table_of(route),
                   **look.owner(route.get("gateway"))}  # fmt: skip


def _neigh(look: _Look, netns: Namespace) -> Iterator[Record]:
    for neigh in (*(netns.neighs or ()), *(netns.proxies or ())):
        dst = str(neigh.get("dst", ""))
        yield {**neigh, "family": "inet6" if ":" in dst else "inet", "state": ",".join(neigh.get("state") or ()) or None,
               **look.owner(dst)}  # fmt: skip


def _rule(look: _Look, netns: Namespace) -> Iterator[Record]:
    for family, found in (("inet", netns.rules), ("inet6", netns.rules6)):
        for rule in found or ():
            yield {**rule, "family": family}


def _vlan(look: _Look, netns: Namespace) -> Iterator[Record]:
    for port in netns.vlans or ():
        for vlan in port.get("vlans", ()):
            yield {"ifname": port.get("ifname"), **vlan}


def _listener(look: _Look, netns: Namespace) -> Iterator[Record]:
    for socket in netns.listeners or ():
        user: AnyRecord = next(iter(socket.get("users", ())), {})
        everywhere = socket.get("local") in ("0.0.0.0", "*", "::")
        yield {**socket, "everywhere": everywhere, "process": user.get("name"), "pid": user.get("pid")}


def _firewall_rule(look: _Look, netns: Namespace) -> Iterator[Record]:
    for rule in netns.rulesets or ():
        if rule.get("kind") == "rule":
            yield {key: value for key, value in rule.items() if key != "kind"}


def _peer(look: _Look, netns: Namespace) -> Iterator[Record]:
    for link in netns.links or ():
        peer = look.host.peer(netns, link)
        if peer is not None:
            candidates = [[other.title, end.get("ifname")] for other, end in peer.candidates]
            yield {"ifname": link.get("ifname"), "how": peer.how, "peer_netns": peer.netns and peer.netns.title,
                   "peer_ifname": (peer.link or {}).get("ifname"), "candidates": candidates or None}  # fmt: skip


def _of(name: str) -> Callable[[_Look, Namespace], Iterator[Record]]:
    def make(look: _Look, netns: Namespace) -> Iterator[Record]:
        yield from getattr(netns, name) or ()

    return make


_MAKERS: dict[str, Callable[[_Look, Any], Iterator[Record]]] = {
    "host": _host, "namespace": _namespace, "link": _link, "address": _address, "route": _route, "neigh": _neigh, "rule": _rule,
    "fdb": _of("fdb"), "vlan": _vlan, "nexthop": _of("nexthops"), "netconf": _of("netconf"), "listener": _listener,
    "firewall_rule": _firewall_rule, "peer": _peer,
}  # fmt: skip
