"""The schema of the flat rows: tables, columns, types. It needs nothing else of netwrap, so that a query starts soon.

:data:`VERSION` grows when a column is added, or changes its name, type or meaning.

>>> [column.name for column in TABLES["peer"].columns]
['ifname', 'how', 'peer_netns', 'peer_ifname', 'candidates']
"""

from __future__ import annotations

import json
from functools import cache

from parsers.tuples import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from parsers.records import Record

#: The version of the schema; column ``schema`` of the table ``host``.
VERSION = 1
FRONT = ("_host", "_netns", "_table", "_source")


class Column(NamedTuple):
    """A column: its name, its type (text, int, bool, flag, json), and the key of the record that fills it."""

    name: str
    type: str
    key: str


class Table(NamedTuple):
    """A table: a line on its rows, and its columns behind those of :data:`FRONT`."""

    summary: str
    columns: tuple[Column, ...]


def _columns(text: str) -> tuple[Column, ...]:
    """Columns as they are written below: ``name``, ``name:type``, ``name:type<key``; text without a type, the key is the name."""
    found = []
    for word in text.split():
        name, _, key = word.partition("<")
        name, _, type = name.partition(":")
        found.append(Column(name, type or "text", key or name))
    return tuple(found)


#: Every table, its columns in order. A word that SQL keeps for itself gets a longer name: ``table_name``, ``group_name``.
TABLES: dict[str, Table] = {
    name: Table(summary, _columns(columns))
    for name, summary, columns in (
        ("host", "the hosts; captures with the same machine are states of one host",
         "hostname kernel iproute2 schema:int namespaces:int problems:json notes:json machine"),
        ("namespace", "network namespaces; leaked: named, without a process",
         "inode:int nsid:int here:bool named:bool names:json labels:json processes:int links:int links_up:int neighbours:int "
         "rules:int addresses:json default_routes:int default_via:json forwarding:bool"),
        ("link", "interfaces, with the other end where it is known",
         "ifindex:int ifname kind up:bool carrier:bool operstate mtu:int address broadcast master link link_index:int "
         "link_netnsid:int peer_netns peer_ifname vlan:int vni:int vxlan_local vxlan_remote vxlan_port:int qdisc txqlen:int "
         "group_name<group promiscuity:int ifalias altnames:json flags:json rx_bytes:int rx_packets:int rx_errors:int "
         "rx_dropped:int tx_bytes:int tx_packets:int tx_errors:int tx_dropped:int linkinfo:json more:json"),
        ("address", "addresses, with the interface they are on",
         "ifindex:int ifname family local prefixlen:int scope network hex peer<address broadcast label mac master mtu:int "
         "up:bool dynamic:flag secondary:flag tentative:flag dadfailed:flag deprecated:flag valid_life_time:int "
         "preferred_life_time:int more:json"),
        ("route", "routes of all tables; first_hex and last_hex: the first and last address of dst",
         "family dst first_hex last_hex prefixlen:int type gateway gateway_hex dev table_name protocol scope metric:int "
         "prefsrc nhid:int owner_netns owner_ifname flags:json nexthops:json more:json"),
        ("neigh", "neighbours; owner: who has that address on the same host",
         "family dst dev lladdr state owner_netns owner_ifname router:flag proxy:flag extern_learn:flag probes:int more:json"),
        ("rule", "routing rules",
         "family priority:int src srclen:int dst dstlen:int fwmark iif oif table_name<table action goto:int protocol more:json"),
        ("fdb", "forwarding entries of bridges and VXLANs",
         "mac ifname vlan:int dst vni:int port:int state master flags:json more:json"),
        ("vlan", "VLANs of the ports of bridges", "ifname vlan:int vlan_end:int<vlanEnd flags:json more:json"),
        ("nexthop", "nexthop objects",
         "id:int gateway dev scope protocol group_members:json<group blackhole:flag fdb:flag flags:json more:json"),
        ("netconf", "forwarding and rp_filter of each interface",
         "family ifname<interface forwarding:bool rp_filter mc_forwarding:bool proxy_neigh:bool more:json"),
        ("listener", "sockets that wait, with the first process that holds each",
         "netid state local local_port:int dev everywhere:bool process pid:int users:json more:json"),
        ("firewall_rule", "rules of nft and iptables",
         "tool family table_name<table chain handle:int verdict target text more:json"),
        ("peer", "links and what is at their other end (or their parent)", "ifname how peer_netns peer_ifname candidates:json"),
        ("finding", "what netwrap check finds; across: what several hosts together show",
         "id severity dev what why mend:json evidence:json across:bool"),
    )
}  # fmt: skip


def typed(table: str, row: Record) -> Record:
    """A row from a file with the columns and types of its table; a value that does not fit is null."""
    found: Record = {}
    for name, type in _kinds(table):
        value = row.get(name)
        kind = value.__class__
        if value is not None and not (kind is bool and type == "bool" or kind is str and type == "text" and value.isascii()):
            value = _fit(type, value)  # most values are as our exports have them
        found[name] = value
    return found


@cache
def _kinds(table: str) -> list[tuple[str, str]]:
    """The columns of a table in a file, with their types there."""
    kinds = {"flag": "bool", "json": "text"}
    return [*((name, "text") for name in FRONT), *((it.name, kinds.get(it.type, it.type)) for it in TABLES[table].columns)]


def declared(table: Table) -> str:
    """The columns of a table as SQLite declares them."""
    front = [f"{column} TEXT" for column in FRONT]
    return ", ".join([*front, *(f"{column.name} {_TYPES[column.type]}" for column in table.columns)])


_TYPES = {"text": "TEXT", "json": "TEXT", "int": "INTEGER", "bool": "INTEGER", "flag": "INTEGER"}


class _Misfit(ValueError):
    """A value does not have its column's type."""


def row(table: Table, record: Record) -> Record:
    """A record as the columns of a table; what fits no column stands in ``more``."""
    found: Record = {}
    left = dict(record)
    for column in table.columns:
        if column.name == "more":
            continue
        there = column.key in left
        value = left.pop(column.key, None)
        try:
            found[column.name] = there if column.type == "flag" else None if value is None else _fitting(column.type, value)
        except _Misfit:
            found[column.name] = None
            left[column.key] = value
    if any(column.name == "more" for column in table.columns):
        found["more"] = _json(left) if left else None
    return found


def _fit(type: str, value: Any) -> Any:
    try:
        return _fitting(type, value)
    except _Misfit:
        return None


def _fitting(type: str, value: Any) -> Any:
    if type == "json":
        return _json(value)
    if type == "int":
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not -(1 << 63) <= value < 1 << 63:
            raise _Misfit
        return value
    if type in ("bool", "flag"):
        if value in ("on", "off"):
            return value == "on"
        if value in (0, 1):
            return bool(value)
        raise _Misfit
    if isinstance(value, (dict, list)):
        raise _Misfit
    return text(value)


def text(value: Any) -> str | None:
    """A value as text that every encoding of UTF-8 takes; None stays None."""
    return None if value is None else str(value).encode("utf-8", "backslashreplace").decode()


def _json(value: Any) -> str:
    return json.dumps(value, default=str, sort_keys=True)
