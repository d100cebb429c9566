"""Find out what each capture of a table covers, and combine several captures of one table.

A command asks for a part of its table: `ip -4 addr` for one family, `ip route` for one routing table, `ip neigh` for all states
but one. Two captures are joined if neither covers the other. Only a capture that covers a request proves that a row is absent.
"""

from __future__ import annotations

from functools import lru_cache

from parsers.ip_route import TABLES
from parsers.tuples import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, TypeVar

    from parsers.records import Link, Record

    from ..commands.request import Request
    from .section import Section

    Row = TypeVar("Row", bound=Mapping[str, Any])

_FAMILIES = frozenset({"inet", "inet6"})
_EVERY: frozenset[str] = frozenset({""})
_OF_BOTH = ("ip_address", "ip_neigh", "ip_netconf", "ip_nexthop", "ip_maddr")
_OF_ONE = ("ip_route", "route", "ip_rule", "arp")
_USUAL_STATES = ("incomplete", "reachable", "stale", "delay", "probe", "failed", "permanent")
#: The fields that identify a row of a table; in other tables, rows are the same only if all fields are equal.
KEYS = {
    "ip_link": ("ifname",), "ip_address": ("ifname",), "ip_neigh": ("dst", "dev"), "ip_netns": ("name",),
    "bridge_vlan": ("ifname",), "bridge_link": ("ifname",), "ip_netconf": ("family", "interface"), "ip_nexthop": ("id",),
    "ifconfig": ("ifname",), "ip_maddr": ("ifname",),
}  # fmt: skip
LISTS = {"addr_info": ("family", "local", "prefixlen", "address"), "vlans": ("vlan", "vlanEnd")}


class Table(NamedTuple):
    """The output of one command, as records.

    ``json``: whether the output was JSON; ``section``: its text and origin; ``part``: why the records are only a part of the
    output of the command, ``""`` if they are complete.
    """

    command: str
    request: Request | None
    records: list[Any]
    json: bool
    section: Section | None = None
    part: str = ""

    @property
    def state(self) -> int:
        return self.section.state if self.section is not None else 0


class Scope(NamedTuple):
    """The rows that a command asks for: the families and the filters."""

    families: frozenset[str]
    filters: dict[str, str | None]


@lru_cache(maxsize=4096)  # a sweep asks every namespace the same
def scope(request: Request | None) -> Scope:
    """The rows that a request asks for. The Scope is cached and must not be changed.

    >>> from netwrap.commands.request import read
    >>> scope(read("ip route".split())).filters, scope(read("ip neigh show nud all".split())).filters
    ({'table': 'main'}, {})
    >>> sorted(scope(read("ip route show table all".split())).families)
    ['inet', 'inet6']
    """
    if request is None:
        return Scope(_EVERY, {})
    filters = dict(request.filters)
    words = [word for word in request.unknown if word != "-n"]
    if words:
        filters["?"] = " ".join(words)
    families = _EVERY
    if request.name == "ip_route":
        if "vrf" in filters:
            filters["table"] = f"vrf {filters.pop('vrf')}"
        table = filters.setdefault("table", "main")
        filters["table"] = TABLES.get(table or "", table)
        if filters["table"] == "all":
            del filters["table"]
    if request.name == "ip_neigh" and "proxy" not in filters and filters.setdefault("nud", "usual") == "all":
        del filters["nud"]
    if request.name in _OF_BOTH:
        families = frozenset({request.family}) if request.family else _FAMILIES
    elif request.name in _OF_ONE:
        if request.family:
            families = frozenset({request.family})
        elif any(":" in (filters.get(key) or "") for key in ("to", "via", "src")):
            families = frozenset({"inet6"})
        elif request.name == "ip_route" and not filters:
            families = _FAMILIES
        else:
            families = frozenset({"inet"})
    return Scope(families, filters)


def families(name: str) -> frozenset[str]:
    """All families that a table has rows of."""
    if name == "arp":
        return frozenset({"inet"})
    return _FAMILIES if name in _OF_BOTH or name in _OF_ONE else _EVERY


def covers(table: Table, asked: Scope) -> bool:
    """Whether a capture certainly has all rows that a scope asks for."""
    held = scope(table.request)
    if table.part or not (asked.families <= held.families or held.families == _EVERY):
        return False
    for key, value in held.filters.items():
        wanted = asked.filters.get(key)
        if wanted != value and not (key == "nud" and value == "usual" and wanted in _USUAL_STATES):
            return False
    return True


def chosen(tables: Sequence[Table]) -> list[Table]:
    """The captures that together have all rows, the most complete first, without those that a later or better one covers."""
    if len(tables) < 2:
        return list(tables)
    scopes = [scope(table.request) for table in tables]
    latest: dict[tuple[Any, ...], int] = {}
    for table, asked in zip(tables, scopes):
        if not table.part:
            key = (asked.families, frozenset(asked.filters.items()))
            latest[key] = max(table.state, latest.get(key, 0))
    kept: list[Table] = []
    taken: dict[tuple[Any, ...], int] = {}
    for at in sorted(range(len(tables)), key=lambda at: (*_richness(tables[at]), tables[at].state, at), reverse=True):
        table, asked = tables[at], scopes[at]
        wider = [(families, filters) for filters in _wider(asked.filters) for families in _around(asked.families)]
        if any(latest.get(key, 0) > table.state for key in wider):
            continue
        beside = asked.filters.get("nud", "usual") != "usual"  # entries of `nud noarp` stand beside those of `nud all`
        brief = table.request is not None and table.request.brief
        by = [(*key, short) for key in wider for short in ((False, True) if brief else (False,))]
        if not beside and any(taken.get(key, -1) >= table.state for key in by):
            continue
        kept.append(table)
        if not table.part:
            own = (asked.families, frozenset(asked.filters.items()), brief)
            taken[own] = max(table.state, taken.get(own, 0))
    return kept


def _wider(filters: dict[str, str | None]) -> list[frozenset[Any]]:
    """The filters that match at least the same rows: all subsets of these."""
    sets: list[frozenset[Any]] = [frozenset()]
    for item in list(filters.items())[:6]:
        choices = [item, ("nud", "usual")] if item[0] == "nud" and item[1] in _USUAL_STATES else [item]
        sets += [known | {choice} for known in sets for choice in choices]
    return sets


def _around(families: frozenset[str]) -> set[frozenset[str]]:
    return {families, _EVERY, _FAMILIES} if families <= _FAMILIES else {families, _EVERY}


def joined(name: str, captures: Iterable[Iterable[Row]]) -> list[Row]:
    """Join the rows of several captures of one table. If captures differ, the first one that has the row or field counts.

    >>> joined("ip_link", [[{"ifname": "a"}], [{"ifname": "a", "mtu": 1500}, {"ifname": "b"}]])
    [{'ifname': 'a', 'mtu': 1500}, {'ifname': 'b'}]
    """
    rows = [list(records) for records in captures]
    if len(rows) == 1:
        return rows[0]
    found: dict[Any, Row] = {}
    for records in rows:
        for record in records:
            key = _key(name, record)
            found[key] = _filled(found[key], record) if key in found else record
    return list(found.values())


def _key(name: str, record: Mapping[str, Any]) -> Any:
    keys = KEYS.get(name)
    if keys is None:
        import json

        return json.dumps(record, sort_keys=True, default=str)
    return tuple(str(record.get(key)) for key in keys)


def _filled(record: Row, other: Row) -> Any:
    """A record completed with keys that only the other record has."""
    found: Any = {**other, **record}
    for key, parts in LISTS.items():
        ours, theirs = record.get(key), other.get(key)
        if isinstance(ours, list) and isinstance(theirs, list):
            entries: dict[Any, Record] = {}
            for entry in [*ours, *theirs]:
                mark = tuple(str(entry.get(part)) for part in parts)
                entries[mark] = {**entry, **entries.get(mark, {})}
            found[key] = list(entries.values())
    return found


def _richness(table: Table) -> tuple[int, ...]:
    held = scope(table.request)
    request = table.request
    if request is None:
        return (int(not table.part), 0, 0, 0, 0, 0, int(table.json))
    wide = 1 if request.name in _OF_ONE else len(held.families)
    return (
        int(not table.part), wide, -len(held.filters), int(not request.brief and not request.oneline),
        min(request.details, 1), min(request.stats, 1), int(table.json),
    )  # fmt: skip


def completed(request: Request | None, records: list[Record]) -> list[Record]:
    """Add the values that the command filtered by to each record: iproute2 does not print them.

    >>> from netwrap.commands.request import read
    >>> completed(read("ip route show table 100 dev eth0".split()), [{"dst": "default", "gateway": "10.0.0.1"}])
    [{'dst': 'default', 'gateway': '10.0.0.1', 'table': '100', 'dev': 'eth0'}]
    >>> completed(read("ip route show dev v0".split()), [{"dst": "default", "nexthops": [{"dev": "v0"}, {"dev": "v1"}]}])
    [{'dst': 'default', 'nexthops': [{'dev': 'v0'}, {'dev': 'v1'}]}]
    """
    added = _left_out(request)
    if not added:
        return records
    own = {key: value for key, value in added.items() if key != "dev"}  # in a multipath route, each nexthop has its device
    return [{**record, **_missing(record, own if "nexthops" in record else added)} for record in records]


def _missing(record: Record, added: Record) -> Record:
    return {key: value for key, value in added.items() if key not in record}


def as_printed(table: Table) -> list[Record]:
    """The records of a table as its command printed them, without the values it filtered by."""
    left_out = _left_out(table.request)
    if not left_out:
        return list(table.records)
    return [{key: value for key, value in record.items() if left_out.get(key) != value} for record in table.records]


def _left_out(request: Request | None) -> Record:
    if request is None or request.verb != "show":
        return {}
    filters = request.filters
    if request.name == "bridge_fdb":
        dev = filters.get("dev") or filters.get("brport")
        return {"ifname": dev} if dev else {}
    if request.name == "ip_neigh":
        return {"dev": filters["dev"]} if filters.get("dev") else {}
    if request.name != "ip_route":
        return {}
    table = scope(request).filters.get("table")
    added: Record = {"table": table} if table not in (None, "main") else {}
    for key, name, usual in (("dev", "dev", ""), ("protocol", "protocol", "boot"), ("scope", "scope", "global"),
                             ("type", "type", "unicast"), ("via", "gateway", ""), ("src", "prefsrc", "")):  # fmt: skip
        value = (filters.get(key) or "").rpartition(" ")[2]
        if value not in ("", "all", usual) and "/" not in value:
            added[name] = value
    metric = filters.get("metric") or ""
    if metric.isascii() and metric.isdigit():
        added["metric"] = int(metric[:10])
    return added


def resolve_vrfs(tables: list[Table], links: Iterable[Link]) -> None:
    """Set the table number of routes that were requested by VRF, if `ip -d link` was captured."""
    from copy import copy

    numbers: dict[str, str] = {}
    for link in links:
        info = link.get("linkinfo", {}).get("info_data", {})
        if link.get("linkinfo", {}).get("info_kind") == "vrf" and "table" in info:
            numbers[f"vrf {link.get('ifname')}"] = str(info["table"])
    for at, table in enumerate(tables):
        request = copy(table.request)  # equal requests share one object
        number = numbers.get(f"vrf {request.filters.get('vrf')}") if request is not None else None
        if request is None or number is None:
            continue
        request.filters = {key: value for key, value in request.filters.items() if key != "vrf"}
        request.filters["table"] = number
        tables[at] = table._replace(request=request)
        for route in table.records:
            if str(route.get("table", "")).startswith("vrf "):
                route["table"] = number


def parts(tables: Sequence[Table]) -> list[Table]:
    """The partial captures of tables for which no complete capture (of the family) exists."""
    if not any(map(_is_part, tables)):
        return []
    kept = [table for table in chosen(tables) if table.request is None or table.request.verb == "show"]
    whole = {family for table in kept if not gap(table) for family in scope(table.request).families}
    return [table for table in kept if _is_part(table) and not scope(table.request).families <= whole]


def _is_part(table: Table) -> bool:
    return bool(table.part or _narrowed(table.request)) and scope(table.request).filters.keys().isdisjoint(("cached", "proxy"))


def gap(table: Table) -> str:
    """Say in words why a capture does not have the whole table; ``""`` if it does.

    >>> from netwrap.commands.request import read
    >>> [gap(Table("", read(words.split()), [], False)) for words in ("ip route show table 100 dev eth0", "ip -4 neigh")]
    ['table 100, dev eth0', '']
    """
    return table.part or _narrowed(table.request)


@lru_cache(maxsize=4096)  # a sweep asks every namespace the same
def _narrowed(request: Request | None) -> str:
    filters = scope(request).filters
    return ", ".join(
        f"{key} {value}".strip("? ") if value else key for key, value in filters.items()
        if (key, value) not in (("table", "main"), ("nud", "usual")) and key != "backend"
    )  # fmt: skip
