"""What changed between two states of a host, or differs between two namespaces.

Each table is compared record by record under a key of its own (a link by its name, a route by destination, table and metric).
Three kinds of difference are left out, and counted: values that move by themselves (counters, timers, neighbours that come and
go), values that only tell one making of the same network from another (``identity``: ifindex, MAC, fe80::), and what follows
from another difference that is reported (the routes of a link that is gone).

>>> from netwrap.model.build import build
>>> from netwrap.model.section import Section
>>> one, other = (build([Section("", "ip route", text)]) for text in ("10.0.0.0/8 via 10.1.0.1 dev eth0", ""))
>>> [(row["change"], row["table"], row["key"]) for row in diff(one, other).rows]
[('-', 'route', '10.0.0.0/8 via 10.1.0.1 dev eth0')]
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from parsers.ip_route import table_of

from .. import wording
from ..errors import NetwrapError, UsageError
from .same_links import MAC, SameLinks, addresses_of, stays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from parsers.records import Link, Record, Route

    from ..model.host import Host
    from ..model.namespace import Namespace
    from .same_links import Same

    Item = tuple[str, Record]  # what a row calls the record, and the fields that are compared

_ALIVE = ("REACHABLE", "STALE", "DELAY", "PROBE")
_GENERATED = re.compile(r"fe80::(?:[0-9a-f]{1,4}:)*[0-9a-f]{0,2}ff:fe[0-9a-f]{2}:[0-9a-f]{1,4}$", re.ASCII)
#: Fields that move by themselves (measured on a lab at rest).
VOLATILE = {
    "stats64", "stats", "gc_timer", "hello_timer", "tcn_timer", "topology_change_timer", "topology_change",
    "topology_change_detected", "forward_delay_timer", "message_age_timer", "hold_timer", "message_age", "valid_life_time",
    "preferred_life_time", "used", "updated", "confirmed", "probes", "refcnt", "expires", "age", "users", "cache", "promiscuity",
    "allmulti", "ad_info", "tentative", "last_used", "packets", "bytes", "handle", "fdb_n_learned",
}  # fmt: skip
#: Fields that only tell one making of the same thing from another.
IDENTITY = {"ifindex", "link_index", "link_netnsid", "link_netns", "link", "root_id", "bridge_id", "designated_root",
            "designated_bridge", "root_port", "port_id", "permaddr", "nsid", "id"}  # fmt: skip
_SWITCHES_THAT_MOVE = re.compile(r"nf_conntrack_count$|neigh\..*\.(?:entries|unres)|stable_secret$|\.mtu$", re.ASCII)
#: Fields of a link that the kernel keeps when the link is moved.
_KEPT = ("mtu", "address", "txqlen", "ifalias", "group")
_FLAGS_OF_STATE = {"UP", "LOWER_UP", "NO-CARRIER", "RUNNING", "DORMANT", "M-DOWN"}


class Difference(NamedTuple):
    """``rows``: ``{"host", "netns", "table", "change", "key", "field", "before", "after"}``, ``change`` one of ``+ - ~``.

    ``hidden``: the number of differences left out, by reason (``volatile``, ``identity``, ``follows``). ``pairs``: the namespaces
    that were compared: (title before, title after, how they were matched). ``notes``: the tables that could not be compared.
    """

    rows: list[Record]
    hidden: dict[str, int]
    pairs: list[tuple[str, str, str]]
    notes: list[str]


class _Side(NamedTuple):
    """A state of a namespace. ``place``: the namespace and the name that a link has in the later state."""

    host: Host
    netns: Namespace
    place: Callable[[Namespace, str], tuple[str, str]] = stays
    names: Mapping[str, str] = {}  # the new names of the links that were renamed
    same: frozenset[int] = frozenset()  # identities of the routes that the other side has word for word


class _Row(NamedTuple):
    """A difference that may yet be left out."""

    table: str
    change: str
    key: str
    field: str | None
    before: Any
    after: Any
    record: Record  # of one side; both have what decides
    why: str = ""  # why it is left out


def diff(
    before: Host, after: Host, *, netns: Sequence[str] = (), tables: Sequence[str] = (), identity: bool = False,
    everything: bool = False,
) -> Difference:  # fmt: skip
    """Compare two states of a host, namespace by namespace. Raises UsageError for a namespace or a table that neither has.

    ``netns``: only these namespaces (by any name); ``tables``: only these (``link``, ``route``, …: :data:`TABLES`);
    ``identity``: report ifindex, MAC and fe80:: too; ``everything``: leave nothing out.
    """
    work = _Comparison(before.name or after.name, tables, identity, everything)
    pairs, gone, new = _matched(before, after)
    links = SameLinks(before, after, pairs if "link" in work.tables and not everything else [], gone, new)
    if netns:
        wanted = {id(found) for name in netns for found in _named(before, after, name)}
        pairs = [pair for pair in pairs if id(pair[0]) in wanted or id(pair[1]) in wanted]
        gone = [one for one in gone if id(one) in wanted]
        new = [one for one in new if id(one) in wanted]
    for host, missing, change in ((before, gone, "-"), (after, new, "+")):
        for one in missing:
            work.whole(host, one, change)
    work.found_again(before, after, [one for one in links.found if not netns or {id(one.netns), id(one.there)} & wanted])
    for one, other, _ in pairs:
        work.compare(_Side(before, one, links.place, links.names.get(id(one), {})), _Side(after, other))
    for one, other, how in pairs:
        if how == "inode" and one.names and other.names and one.title != other.title and not tables:
            row = _Row("netns", "~", other.title, "name", one.title, other.title, {})
            work.rows.append((_Side(after, other), row))
    return work.result([(one.title, other.title, how) for one, other, how in pairs])


def hosts(
    before: Sequence[Host], after: Sequence[Host], *, netns: Sequence[str] = (), tables: Sequence[str] = (),
    identity: bool = False, everything: bool = False,
) -> Difference:  # fmt: skip
    """Compare hosts of the same name (or one with one); as :func:`diff`. A host of one side only is a row of table ``host``."""
    if len(before) == len(after) == 1:
        return diff(before[0], after[0], netns=netns, tables=tables, identity=identity, everything=everything)
    there = {host.name: host for host in after}
    rows: list[Record] = []
    hidden: dict[str, int] = {}
    pairs: list[tuple[str, str, str]] = []
    notes: list[str] = []
    for host in before:
        other = there.pop(host.name, None)
        if other is None:
            rows.append(_of_host(host, "-"))
            continue
        found = diff(host, other, netns=netns, tables=tables, identity=identity, everything=everything)
        rows += [{**row, "host": host.name} for row in found.rows]
        hidden = {why: hidden.get(why, 0) + found.hidden.get(why, 0) for why in {**hidden, **found.hidden}}
        pairs += found.pairs
        notes += [f"{host.name}: {note}" for note in found.notes]
    rows += [_of_host(host, "+") for host in there.values()]
    return Difference(rows, hidden, pairs, notes)


def hosts_of_one(
    before: Sequence[Host], after: Sequence[Host], *, netns: Sequence[str] = (), tables: Sequence[str] = (),
    identity: bool = False, everything: bool = False,
) -> Difference:  # fmt: skip
    """Compare two captures of many, each with its host (or hosts), which may be of one side only; as :func:`hosts`.

    A namespace of ``netns`` that this host does not have is no error: another one may have it.
    """
    if len(before) == len(after) == 1 and before[0].name != after[0].name:
        return Difference([_of_host(before[0], "-"), _of_host(after[0], "+")], {}, [], [])
    try:
        found = hosts(before, after, netns=netns, tables=tables, identity=identity, everything=everything)
    except UsageError:
        if not netns:
            raise
        return Difference([], {}, [], [])
    name = [*before, *after][0].name
    notes = [note if note.startswith(f"{name}: ") else f"{name}: {note}" for note in found.notes]
    return found._replace(rows=[{**row, "host": row["host"] or name} for row in found.rows], notes=notes)


def _of_host(host: Host, change: str) -> Record:
    words = f"{len(host.namespaces)} namespaces"
    return {"host": host.name, "netns": None, "table": "host", "change": change, "key": host.name, "field": None,
            "before": words if change == "-" else None, "after": words if change == "+" else None}  # fmt: skip


def between(host: Host, one: str, other: str, *, tables: Sequence[str] = (), everything: bool = False) -> Difference:
    """Compare two namespaces of a host. Raises UsageError where one is missing, NetwrapError where neither was read."""
    work = _Comparison(host.name, tables, False, everything)
    sides = [_Side(host, host.find(name)) for name in (one, other)]
    if not any(side.netns.tables for side in sides):
        why = [*host.problems, *host.notes][:1]
        raise NetwrapError("; ".join([f"nothing is known of {one} and {other}", *why]))
    work.compare(*sides)
    return work.result([(sides[0].netns.title, sides[1].netns.title, "asked for")])


# -- which namespace is which ------------------------------------------------------------------------------------------


def _named(before: Host, after: Host, name: str) -> Iterator[Namespace]:
    refused: list[UsageError] = []
    for host in (before, after):
        try:
            yield host.find(name)
        except UsageError as error:
            refused.append(error)
    if len(refused) == 2:
        raise refused[0]


def _matched(before: Host, after: Host) -> tuple[list[tuple[Namespace, Namespace, str]], list[Namespace], list[Namespace]]:
    """The pairs with how they were matched, the namespaces that are gone, and the new ones."""
    left, right = list(before.namespaces), list(after.namespaces)
    pairs: list[tuple[Namespace, Namespace, str]] = []
    ways: tuple[tuple[str, Callable[[Namespace], Any]], ...] = (
        ("root", lambda netns: netns.here or None),
        ("name", lambda netns: tuple(sorted(netns.names)) or None),
        ("container", lambda netns: tuple(netns.labels) or None),
        ("inode", lambda netns: netns.inode if before.hostname == after.hostname else None),
        ("content", _content),
    )
    for how, key in ways:
        there: dict[Any, list[Namespace]] = {}
        for netns in right:
            value = key(netns)
            if value is not None:
                there.setdefault(value, []).append(netns)
        for netns in list(left):
            found = there.get(key(netns), ()) if key(netns) is not None else ()
            if len(found) == 1:
                other = found[0]
                pairs.append((netns, other, how))
                left.remove(netns)
                right.remove(other)
                there[key(netns)] = []
    return sorted(pairs, key=lambda pair: before.position(pair[0])), left, right


def _content(netns: Namespace) -> Any:
    """The names of the links and their addresses: enough to recognise a namespace without a name."""
    own = [
        (str(link.get("ifname")), tuple(sorted(wording.address(entry) for entry in netns.addresses_of(link.get("ifname"))
                                               if not str(entry.get("local", "")).startswith("fe80:"))))
        for link in netns.links or () if link.get("ifname") != "lo"
    ]  # fmt: skip
    return tuple(sorted(own)) or None


# -- one namespace -----------------------------------------------------------------------------------------------------


class _Names:
    """The links that generated addresses (MAC, fe80::) belong to, so that a network that was made anew compares as the same."""

    def __init__(self, side: _Side) -> None:
        owners: dict[str, list[str]] = {}
        for netns in side.host.namespaces:
            for link in netns.links or ():
                mac = link.get("address")
                if isinstance(mac, str) and MAC.fullmatch(mac) and mac != "00:00:00:00:00:00":
                    owners.setdefault(mac, []).append(":".join(side.place(netns, str(link.get("ifname")))))
        self._roles = {mac: "MAC of " + names[0] for mac, names in owners.items()}

    def plain(self, value: Any) -> Any:
        """A value with every MAC and generated address replaced by the link that it belongs to."""
        if isinstance(value, str):
            if _GENERATED.match(value.partition("/")[0]):
                return "fe80:: of a link"
            if value.startswith(("ff02::1:ff", "33:33:ff:")):
                return "group of an address"
            return MAC.sub(lambda found: self._roles.get(found[0], found[0]), value)
        if isinstance(value, (list, tuple)):
            return [self.plain(item) for item in value]
        if isinstance(value, dict):
            return {key: self.plain(item) for key, item in value.items()}
        return value


def _flat(record: Record, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, dict) and key not in VOLATILE:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


class _Comparison:
    def __init__(self, host: str, tables: Sequence[str], identity: bool, everything: bool) -> None:
        self.host = host
        unknown = [name for name in tables if name not in TABLES]
        if unknown:
            raise UsageError(f"there is no table {unknown[0]!r} to compare; there are: {', '.join(TABLES)}")
        self.tables = list(tables) or list(TABLES)
        self.identity, self.everything = identity or everything, everything
        self.rows: list[tuple[_Side, _Row]] = []
        self.notes: list[str] = []
        self.appeared: set[int] = set()  # namespaces of one side only
        self._moved: set[tuple[int, str]] = set()  # links that are in another namespace now: of both sides
        self._names: dict[int, _Names] = {}

    def whole(self, host: Host, netns: Namespace, change: str) -> None:
        """Report a namespace that only one side has as one row."""
        self.appeared.add(id(netns))
        count = len([link for link in netns.links or () if link.get("ifname") != "lo"])
        texts = [wording.address(entry) for link in netns.addresses or () for entry in link.get("addr_info", ())]
        texts = [text for text in texts if not text.startswith(("127.", "::1/", "fe80:"))]
        words = ", ".join([f"{count} link{'' if count == 1 else 's'}", *texts[:3]])
        row = _Row("netns", change, netns.title, None, words if change == "-" else None, words if change == "+" else None, {})
        self.rows.append((_Side(host, netns), row))

    def found_again(self, before: Host, after: Host, links: Iterable[Same]) -> None:
        """Report each link that was renamed or moved as one row, and what else is new about one that moved."""
        for one in links:
            name, now, side = str(one.link["ifname"]), str(one.now["ifname"]), _Side(after, one.there)
            if not one.moved:
                self.rows.append((side, _Row("link", "~", now, "ifname", name, now, {})))
                continue
            was = _Side(before, one.netns)
            places = [(name, one.netns.title), (now, one.there.title)]
            first = min(was, side, key=lambda side: side.netns.title)  # whichever state is the first
            old, new = ("@".join(place) if name != now else place[1] for place in places)
            self.rows.append((first, _Row("link", "~", now, "netns", old, new, {})))
            for field in _KEPT:
                if one.link.get(field) != one.now.get(field):
                    why = "identity" if field == "address" else ""
                    self.rows.append((side, _Row("link", "~", now, field, one.link.get(field), one.now.get(field), {}, why)))
            texts = [{f"{now} {text}" for text in addresses_of(where.netns, dev)} for where, dev in ((was, name), (side, now))]
            if all(texts) and "address" in self.tables:  # the kernel drops those of a link that is moved: others were given later
                self.rows += [(was, _Row("address", "-", text, None, text, None, {})) for text in sorted(texts[0] - texts[1])]
                self.rows += [(side, _Row("address", "+", text, None, None, text, {})) for text in sorted(texts[1] - texts[0])]
            self._moved |= {(id(one.netns), name), (id(one.there), now)}

    def compare(self, one: _Side, other: _Side) -> None:
        rebuilt = _is_rebuilt(one.netns, other.netns)
        found: list[_Row] = []
        for table in self.tables:
            if table in _SOURCES and _captured(table, one.netns) == _captured(table, other.netns):
                continue
            if table == "route":
                same = _same_routes(one.netns, other.netns)
                one, other = one._replace(same=same), other._replace(same=same)
            left, right = TABLES[table](one), TABLES[table](other)
            if left is None and right is None:
                continue
            if left is None or right is None:
                if table in _OF_BRIDGES and _has_no_bridge(one if left is None else other):
                    continue  # no bridge, no `bridge`: a live host is asked only for what can be there
                where = f"{one.netns.title}: " if one.netns.title != wording.ROOT else ""
                self.notes.append(f"{where}{table}: not compared, captured {'after' if left is None else 'before'} only")
                continue
            rows = list(self._table(table, _renamed(table, left, one.names), right, one, other, rebuilt))
            if table == "link":
                rows = [row._replace(why="moved") if self._has_moved(row, one, other) else row for row in rows]
            if table == "firewall":
                rows = [*_replaced(rows), *_moved(left, right)]
            found += _rekeyed(rows, _KEYS[table]) if table in _KEYS else rows
        if not all(row.why for row in found):
            _follow(found, one, other, self)
        self.rows += [(other, row) for row in found]

    def _has_moved(self, row: _Row, one: _Side, other: _Side) -> bool:
        return row.change in "+-" and (id((one if row.change == "-" else other).netns), row.key) in self._moved

    def _names_of(self, side: _Side) -> _Names:
        if id(side.host) not in self._names:
            self._names[id(side.host)] = _Names(side)
        return self._names[id(side.host)]

    def _table(
        self, table: str, left: Iterable[Item], right: Iterable[Item], one: _Side, other: _Side, rebuilt: bool
    ) -> Iterator[_Row]:
        names = self._names_of(one), self._names_of(other)
        sides: list[dict[Any, list[Item]]] = []
        for items, name in ((left, names[0]), (right, names[1])):
            keyed: dict[Any, list[Item]] = {}
            for shown, record in items:
                keyed.setdefault(repr(name.plain(record.get("#key", shown))), []).append((shown, record))
            sides.append(keyed)
        for key in dict.fromkeys([*sides[0], *sides[1]]):
            here, there = list(sides[0].get(key, ())), list(sides[1].get(key, ()))
            for item in list(here):  # of records that share a key, those that are alike belong together
                if len(here) + len(there) <= 2:
                    break
                same = next((twin for twin in there if _alike(item[1], twin[1])), None)
                if same is not None:
                    here.remove(item)
                    there.remove(same)
                    yield from _as_one(table, item, same, self._fields(table, item, same, names, rebuilt))
            for item, twin in zip(here, there):
                yield from _as_one(table, item, twin, self._fields(table, item, twin, names, rebuilt))
            for shown, record in here[len(there) :]:
                yield _Row(table, "-", shown, None, shown, None, record, _by_itself(table, record))
            for shown, record in there[len(here) :]:
                yield _Row(table, "+", shown, None, None, shown, record, _by_itself(table, record))

    def _fields(self, table: str, one: Item, other: Item, names: tuple[_Names, _Names], rebuilt: bool) -> Iterator[_Row]:
        if one[1] == other[1]:
            return
        left, right = dict(_flat(one[1])), dict(_flat(other[1]))
        made_anew = rebuilt or left.get("ifindex") != right.get("ifindex")
        for field in dict.fromkeys([*left, *right]):
            if field.startswith("#"):
                continue
            before, after = left.get(field), right.get(field)
            if before == after or table == "listener" and None in (before, after):  # not known which process, on one side
                continue
            last = field.rpartition(".")[2]
            why = ""
            if last in VOLATILE or table == "neigh" and field == "state" and {str(before), str(after)} <= {"alive"}:
                why = "volatile"
            elif last in IDENTITY:
                why = "identity"
            elif (
                names[0].plain(before) == names[1].plain(after)
                or table == "link"
                and last in ("address", "broadcast")
                and made_anew
            ):
                why = "identity" if made_anew or table != "link" else ""
            yield _Row(table, "~", other[0], field, before, after, {**one[1], **other[1]}, why)

    def result(self, pairs: list[tuple[str, str, str]]) -> Difference:
        hidden: dict[str, int] = {}
        rows: list[Record] = []
        told = {(wording.netns(side.netns.name), row.key) for side, row in self.rows if row.table == "link" and row.change != "~"}
        for side, row in self.rows:
            if row.field == "peer" and not row.why:  # the other end has another name, or is another link
                name, _, where = str(row.before).partition("@")
                if (where or wording.netns(side.netns.name), name) in told:
                    row = row._replace(why="follows")
            if row.why == "moved":
                continue
            if row.why and not self.everything and not (self.identity and row.why == "identity"):
                hidden[row.why] = hidden.get(row.why, 0) + 1
                continue
            rows.append({
                "host": self.host, "netns": None if row.table == "netns" else side.netns.name, "table": row.table,
                "change": row.change, "key": row.key, "field": row.field, "before": row.before, "after": row.after,
            })  # fmt: skip
        return Difference(rows, hidden, pairs, list(dict.fromkeys(self.notes)))


def _captured(table: str, netns: Namespace) -> list[Any]:
    """All that was captured of a table; the kernel's own changes of its records are in it, too."""
    return [(one.request, one.records, one.part) for name in _SOURCES[table] for one in netns.tables.get(name, ())]


def _as_one(table: str, one: Item, other: Item, rows: Iterable[_Row]) -> Iterable[_Row]:
    """One row for several new fields of a route, rule or next hop, which is given all of them at once."""
    rows = list(rows)
    told = [row for row in rows if not row.why]
    if len(told) < 2 or table not in ("route", "rule", "nexthop", "neigh") or one[0] == other[0]:
        return rows
    return [row for row in rows if row.why] + [_Row(table, "~", other[0], None, one[0], other[0], told[0].record)]


def _alike(one: Record, other: Record) -> bool:
    left = {key: value for key, value in _flat(one) if key.rpartition(".")[2] not in VOLATILE | IDENTITY}
    right = {key: value for key, value in _flat(other) if key.rpartition(".")[2] not in VOLATILE | IDENTITY}
    return left == right


def _is_rebuilt(one: Namespace, other: Namespace) -> bool:
    """Whether a namespace was made anew: its inodes are those of two namespaces of the kernel."""
    return one.inode is not None and other.inode is not None and one.inode != other.inode


def _by_itself(table: str, record: Record) -> str:
    """The reason not to report a record of one side only: the kernel learns and forgets such records by itself."""
    if table == "neigh" and record.get("state") == "alive":
        return "volatile"
    if table == "fdb" and record.get("#learned") or record.get("#passing"):
        return "volatile"
    return ""


#: The commands that tell all of a table.
_SOURCES = {
    "address": ("ip_address", "ifconfig", "proc_addresses", "proc_local"), "route": ("ip_route", "route"), "rule": ("ip_rule",),
    "neigh": ("ip_neigh", "arp"), "vlan": ("bridge_vlan",), "bridge link": ("bridge_link",), "nexthop": ("ip_nexthop",),
    "netconf": ("ip_netconf",), "sysctl": ("sysctl",),
}  # fmt: skip
#: The tables of the command `bridge`.
_OF_BRIDGES = ("fdb", "vlan", "bridge link")
#: The parts of a record's key that may change while the record stays what it was: (place in the key, name, what goes with it).
_KEYS = {
    "route": ((3, "metric", ()), (0, "table", ()),
              (1, "type", ("dev", "gateway", "prefsrc", "scope", "protocol", "nexthops", "nhid", "flags", "metrics"))),
    "rule": ((1, "priority", ()),),
    "address": ((0, "dev", ("label",)), (2, "prefixlen", ("broadcast",))),
}  # fmt: skip


def _rekeyed(rows: list[_Row], parts: Sequence[tuple[int, str, Sequence[str]]]) -> list[_Row]:
    """Make one row of a record that is gone and one that is new, where they differ in one part of their key only."""
    gone = [row for row in rows if row.change == "-" and not row.why]
    new = [row for row in rows if row.change == "+" and not row.why]
    if not gone or not new or len(gone) * len(new) > 10_000:
        return rows
    found: dict[int, _Row | None] = {}
    for one in gone:
        twins = [(other, part) for other in new for part in parts if _differ_only_in(*part, one.record, other.record)]
        if len(twins) == 1 and id(twins[0][0]) not in found:
            other, (at, name, _) = twins[0]
            before, after = one.record["#key"][at], other.record["#key"][at]
            found[id(one)] = None
            found[id(other)] = _Row(other.table, "~", other.key, name, before, after, other.record)
    return [row for row in (found.get(id(row), row) for row in rows) if row is not None]


def _differ_only_in(at: int, name: str, beside: Sequence[str], one: Record, other: Record) -> bool:
    left, right = one["#key"], other["#key"]
    same = len(left) == len(right) and all(a == b for place, (a, b) in enumerate(zip(left, right)) if place != at)
    return (
        same
        and left[at] != right[at]
        and _alike(
            *({key: record[key] for key in record if key[0] != "#" and key not in (name, *beside)} for record in (one, other))
        )
    )


def _replaced(rows: list[_Row]) -> list[_Row]:
    """Make one row of a rule of a firewall that is gone and the new one in its place."""
    places = {
        (row.record["#chain"], row.record["#place"], row.change): at for at, row in enumerate(rows) if "#place" in row.record
    }
    found: list[_Row | None] = list(rows)
    for (chain, place, change), at in places.items():
        gone = places.get((chain, place, "-")) if change == "+" else None
        if gone is not None:
            found[gone], found[at] = None, rows[at]._replace(change="~", before=rows[gone].key)
    return [row for row in found if row is not None]


#: The fields that hold names of links.
_OF_LINKS = ("ifname", "dev", "master", "link", "interface", "label", "#dev")


def _renamed(table: str, items: Iterable[Item], names: Mapping[str, str]) -> Iterable[Item]:
    """The records of the earlier state with the new names of links. (A rule keeps the old name, and so does `iifname` of nft.)"""
    if not names or table == "rule":
        return items
    before, edge = "", r'[^\s@%:,"]'
    if table == "sysctl":
        names, edge = {name.replace(".", "/"): names[name].replace(".", "/") for name in names}, "[^.]"
    elif table == "firewall":
        before = r"(?<=\b[io]if )(?:!= )?"
    some = "|".join(map(re.escape, names))
    words = re.compile(f'{before}(?<!{edge})"?({some})"?(?!{edge})')

    def turned(text: str) -> str:
        return words.sub(lambda found: found[0].replace(found[1], names[found[1]]), text)

    def reworded(record: Record) -> Record:
        found = {key: turned(value) if key in _OF_LINKS and isinstance(value, str) else value for key, value in record.items()}
        if isinstance(record.get("#key"), tuple):
            found["#key"] = tuple(turned(part) if isinstance(part, str) else part for part in record["#key"])
        if "nexthops" in record:
            found["nexthops"] = [reworded(hop) for hop in record["nexthops"]]
        return found

    return [(turned(shown), reworded(record)) for shown, record in items]


# -- differences that follow from others --------------------------------------------------------------------------------


def _follow(rows: list[_Row], one: _Side, other: _Side, work: _Comparison) -> None:
    """Mark the rows that another row explains, so that one change is one row."""
    links = {row.key: row for row in rows if row.table == "link" and row.change in "+-"}
    states = {row.key: row for row in rows if row.table == "link" and row.field == "state"}
    masters = {row.key for row in rows if row.table == "link" and row.field == "master"}
    ports = {row.record.get("master") for row in rows if row.table == "link" and row.field in ("mtu", "master", None)}
    local = {row.record.get("local") for row in rows if row.table == "address"}
    switches = {row.key for row in rows if row.table == "sysctl"}
    admin = {name for name, row in states.items() if "down" in (row.before, row.after)}
    changed = set(links) | admin
    holders = {
        row.record["#table"] if row.record["#kind"] == "table" else row.record["#key"][1]
        for row in rows
        if row.table == "firewall" and row.change in "+-" and row.record.get("#kind") in ("table", "chain")
    }
    objects = {row.record.get("#key") for row in rows if row.table == "nexthop" and row.change == "~"}
    near = _connected(one, other)
    bare = set(_bare(rows, one, other))
    defaults = {
        (f"net.{_IP.get(str(row.record.get('family')))}.conf", row.field)
        for row in rows if row.table == "netconf" and row.record.get("interface") == "default"
    }  # fmt: skip
    slaves = {(row.key, str(row.field).rpartition(".")[2]) for row in rows if row.table == "link" and not row.why}

    def explained(row: _Row) -> bool:
        dev = row.record.get("dev") or row.record.get("ifname") or row.record.get("interface") or row.record.get("#dev")
        if row.table != "link" and dev in links:
            return True
        if row.table == "link":
            if row.change in "+-":
                return _pair_is_told(row, one, other, work, links)
            if row.field == "state" and row.key not in admin:  # carrier comes and goes with the other end, a port, a parent
                return bool(near.get(row.key, set()) & (changed | set(states)) - {row.key}) or row.key in near["#elsewhere"]
            if row.field == "address" and row.record.get("linkinfo", {}).get("info_kind") == "bridge":
                return bool(masters or links)  # a bridge without a MAC of its own takes the least of its ports
            if row.field == "mtu" and row.record.get("linkinfo", {}).get("info_kind") == "bridge":
                return row.key in ports  # and the least MTU
            if row.field == "master":  # a bridge that is gone, or new
                return row.before in links or row.after in links
            if str(row.field).startswith("linkinfo.info_slave"):
                return row.key in masters | set(states) or row.record.get("master") in states
            return row.field == "linkmode" and row.key in states
        if row.table in ("route", "neigh", "address", "nexthop", "maddr") and dev in states:
            return row.table != "address" or ":" in str(row.record.get("local"))
        if (row.table, dev, any(":" in str(row.record.get(key)) for key in ("dst", "gateway", "local"))) in bare:
            return True
        if row.table == "route" and row.record.get("#kernel") and local:
            prefsrc, dst = row.record.get("prefsrc"), str(row.record.get("dst", ""))
            return prefsrc in local or any(_is_of(dst, str(address)) for address in local)
        if row.table in ("fdb", "vlan", "bridge link") and (dev in masters or dev in states):
            return True
        if row.table == "bridge link":
            return row.record.get("#master") in states or (row.key, row.field) in slaves
        if row.table == "vlan" and row.change == "~":
            return dev in _untagged(rows) and _untagged(rows)[dev] is not row
        if row.table == "firewall":
            return row.record.get("#chain") in holders or row.record.get("#kind") != "table" and row.record["#table"] in holders
        if row.table == "route" and "nhid" in row.record:
            return row.change == "~" and row.record["nhid"] in objects
        if row.table == "netconf":
            return _same_switch(row, switches) or _spreads(row, rows)
        if row.table == "sysctl":
            above, _, name = row.key.rsplit(".", 2) if row.key.count(".") > 2 else ("", "", "")
            return _spread_of(row.key) in switches or _of_link(row.key, links) or (above, name) in defaults
        return False

    for at, row in enumerate(rows):
        if not row.why and explained(row):
            rows[at] = row._replace(why="follows")


def _bare(rows: Iterable[_Row], one: _Side, other: _Side) -> Iterator[tuple[str, str, bool]]:
    """(table, link, whether of IPv6) of the records that the kernel drops with something else.

    Neighbours go with any address of their link, and with its MAC; routes with the last address, or while the link is renamed.
    """
    for row in rows:
        dev, six = str(row.record.get("#dev")), ":" in str(row.record.get("local"))
        if row.table == "address":
            yield "neigh", dev, six
            if not all([text for text in addresses_of(side.netns, dev) if (":" in text) == six] for side in (one, other)):
                yield "route", dev, six
        elif row.table == "link" and row.field == "address":
            yield from (("neigh", row.key, False), ("neigh", row.key, True))
        elif row.table == "sysctl" and row.key.endswith(".disable_ipv6"):
            dev = row.key.split(".")[-2].replace("/", ".")
            yield from ((table, dev, True) for table in ("address", "route", "neigh"))
    for before, dev in one.names.items():
        yield from (("neigh", dev, False), ("neigh", dev, True))
        for six, left, right in ((False, one.netns.routes, other.netns.routes), (True, one.netns.routes6, other.netns.routes6)):
            if not all(any(_is_set(route, name) for route in some or ()) for some, name in ((left, before), (right, dev))):
                yield "route", dev, six


def _is_set(route: Route, dev: str) -> bool:
    return route.get("dev") == dev and route.get("protocol") != "kernel"


def _connected(one: _Side, other: _Side) -> dict[str, set[str]]:
    """For each link the links whose state decides about its carrier; ``#elsewhere``: those with a peer in another namespace."""
    near: dict[str, set[str]] = {"#elsewhere": set()}
    for side in (one, other):
        for link in side.netns.links or ():
            name = side.place(side.netns, str(link.get("ifname")))[1]
            found = near.setdefault(name, set())
            if link.get("master"):
                near.setdefault(side.place(side.netns, str(link["master"]))[1], set()).add(name)
            peer = side.host.peer(side.netns, link)
            if peer is not None and peer.link is not None:
                if peer.netns is side.netns:
                    found.add(side.place(side.netns, str(peer.link.get("ifname")))[1])
                else:
                    near["#elsewhere"].add(name)
            elif peer is not None:
                near["#elsewhere"].add(name)
    return near


def _untagged(rows: Iterable[_Row]) -> dict[Any, _Row]:
    """For each port, the one row that reports its new PVID: the row of a VLAN added or removed, else of the highest VLAN."""
    found: dict[Any, _Row] = {}
    for row in rows:
        flags = {*row.record["flags"], *(row.before or ()), *(row.after or ())} if row.table == "vlan" else ()
        if "PVID" in flags and (row.change in "+-" or ("PVID" in row.before) != ("PVID" in row.after)):
            told = found.get(row.record["#dev"])
            if told is None or told.change == "~" and (row.change in "+-" or row.record["#vlan"] > told.record["#vlan"]):
                found[row.record["#dev"]] = row
    return found


def _pair_is_told(row: _Row, one: _Side, other: _Side, work: _Comparison, links: dict[str, _Row]) -> bool:
    """Whether the row of the other end of a pair stands for both: its namespace is on one side only, or it comes first."""
    side = one if row.change == "-" else other
    link = side.netns.link(row.key)
    peer = side.host.peer(side.netns, link) if link is not None else None
    if peer is None or peer.netns is None or peer.link is None:
        return False
    if id(peer.netns) in work.appeared:
        return True
    if peer.netns is side.netns:
        name = str(peer.link.get("ifname"))
        return name in links and list(links).index(name) < list(links).index(row.key)
    return any(told.key == peer.link.get("ifname") and told.change == row.change and told.table == "link"
               and where.netns.title == peer.netns.title for where, told in work.rows)  # fmt: skip


def _is_of(dst: str, address: str) -> bool:
    """Whether a route of the kernel's own was made for an address: for its network, its broadcast or itself."""
    from ..prefixes import contains, network

    return contains(network(dst), network(address)) or dst == address


_IP = {"inet": "ipv4", "inet6": "ipv6"}


def _same_switch(row: _Row, switches: set[str]) -> bool:
    return f"net.{_IP.get(str(row.record.get('family')))}.conf.{row.record.get('interface')}.{row.field}" in switches


def _spreads(row: _Row, rows: list[_Row]) -> bool:
    """Report a switch of `all` or `default` that the kernel copied to every interface as one change."""
    of = {"all": (), "default": ("all",)}.get(str(row.record.get("interface")), ("all", "default"))
    return any(
        other.table == "netconf" and other.record.get("interface") in of and other.field == row.field
        and other.record.get("family") == row.record.get("family") and other.after == row.after for other in rows
    )  # fmt: skip


def _spread_of(key: str) -> str | None:
    """The switch of `all` or `default` that sets this one, too."""
    found = re.match(r"net\.(ipv[46])\.conf\.(.+)\.forwarding$", key)
    if found is None:
        return None
    if found[1] == "ipv4":
        return "net.ipv4.ip_forward"
    return "net.ipv6.conf.all.forwarding" if found[2] != "all" else None


def _of_link(key: str, links: dict[str, _Row]) -> bool:
    found = re.match(r"net\.(?:ipv[46]|mpls)\.(?:conf|neigh)\.(.+)\.\w+$", key)
    return found is not None and found[1].replace("/", ".") in links


# -- the tables --------------------------------------------------------------------------------------------------------


def _links(side: _Side) -> list[Item] | None:
    if side.netns.links is None:
        return None
    return [(str(link.get("ifname")), _link(side, link)) for link in side.netns.links]


def _link(side: _Side, link: Link) -> Record:
    """A link's own fields, with its state in one word and its peer by name."""
    record = {
        key: value for key, value in link.items() if key not in ("flags", "operstate", "operstate_index", "ifname", "addr_info")
    }
    flags = link.get("flags")
    if flags is not None:
        record["flags"] = sorted(set(flags) - _FLAGS_OF_STATE)
    record["state"] = _state(link)
    peer = side.host.peer(side.netns, link)
    if peer is not None and peer.link is not None and peer.netns is not None:
        where, name = side.place(peer.netns, str(peer.link.get("ifname")))
        record["peer"] = name if where == side.place(side.netns, "")[0] else f"{name}@{where}"
    return record


def _state(link: Link) -> str | None:
    from .links import state

    return None if link.get("flags") is None and link.get("operstate") is None else state(link)


def _addresses(side: _Side) -> list[Item] | None:
    if side.netns.addresses is None:
        return None
    return [
        (f"{link.get('ifname')} {wording.address(entry)}",
         {**{key: value for key, value in entry.items() if key != "label" or value != link.get("ifname")},
          "#dev": link.get("ifname"),
          "#key": (link.get("ifname"), entry.get("local"), entry.get("prefixlen"), entry.get("address"))})
        for link in side.netns.addresses for entry in link.get("addr_info", ())
    ]  # fmt: skip


def _routes(side: _Side) -> list[Item] | None:
    found = [routes for routes in (side.netns.routes, side.netns.routes6) if routes is not None]
    if not found:
        return None
    return [
        (wording.route(route),
         {**{key: value for key, value in route.items() if key != "table"}, "#kernel": route.get("protocol") == "kernel",
         "#key": (table_of(route), route.get("type", "unicast"), route.get("dst"), route.get("metric"), route.get("tos"),
                  route.get("from"))})
        for routes in found for route in routes if id(route) not in side.same and not _is_derived(route)
    ]  # fmt: skip


def _same_routes(one: Namespace, other: Namespace) -> frozenset[int]:
    """The identities of the routes that stand on both sides word for word: nothing is told of them, and a router has 100,000."""
    same: list[int] = []
    for left, right in ((one.routes, other.routes), (one.routes6, other.routes6)):
        waiting: dict[Any, list[Route]] = {}
        for route in right or ():
            waiting.setdefault((route.get("dst"), route.get("dev"), route.get("table")), []).append(route)
        for route in left or ():
            twins = waiting.get((route.get("dst"), route.get("dev"), route.get("table")), [])
            if route in twins:
                same += (id(route), id(twins.pop(twins.index(route))))
    return frozenset(same)


def _is_derived(route: Route) -> bool:
    """Whether the kernel made a route by itself for an address or a link: table local, groups, fe80::/64."""
    if route.get("protocol") != "kernel" and not str(route.get("dst", "")).startswith("ff00"):
        return False
    return table_of(route) == "local" or str(route.get("dst", "")).startswith(("ff00::", "fe80::"))


def _rules(side: _Side) -> list[Item] | None:
    found = [(name, rules) for name, rules in (("", side.netns.rules), ("-6 ", side.netns.rules6)) if rules is not None]
    if not found:
        return None
    return [
        (f"{name}{wording.rule(rule)}",
         {"action": wording.action(rule), "protocol": rule.get("protocol"),
          "#key": (name, rule.get("priority", 0), wording.prefix(rule, "src"), wording.selector(rule))})
        for name, rules in found for rule in rules
    ]  # fmt: skip


def _neighs(side: _Side) -> list[Item] | None:
    if side.netns.neighs is None and side.netns.proxies is None:
        return None
    items = []
    for neigh in side.netns.neighs or ():
        states = neigh.get("state", [])
        if "NOARP" in states:
            continue
        state = "alive" if set(states) & set(_ALIVE) else ",".join(states)
        record = {key: value for key, value in neigh.items() if key != "dst"}
        items.append((wording.neighbour(neigh), {**record, "state": state, "#key": (neigh.get("dst"), neigh.get("dev"))}))
    for proxy in side.netns.proxies or ():
        items.append((f"proxy {proxy.get('dst')} dev {proxy.get('dev')}", {"dev": proxy.get("dev")}))
    return items


def _fdb(side: _Side) -> list[Item] | None:
    if side.netns.fdb is None:
        return None
    own = {link.get("address") for link in side.netns.links or ()}
    items = []
    for entry in side.netns.fdb:
        mac = str(entry.get("mac", ""))
        if entry.get("state") == "permanent" and (mac in own or mac.startswith(("33:33:", "01:00:5e:"))):
            continue  # the kernel's own, for a link's address and its groups
        learned = entry.get("state") not in ("permanent", "static") and "extern_learn" not in entry.get("flags", ())
        record = {**entry, "#learned": learned, "#key": (mac, entry.get("vlan"), entry.get("vni"), entry.get("dst"),
                  None if learned else entry.get("ifname"))}  # fmt: skip
        items.append((wording.fdb(entry), record))
    return items


def _vlans(side: _Side) -> list[Item] | None:
    if side.netns.vlans is None:
        return None
    items = []
    for port in side.netns.vlans:
        for vlan in port.get("vlans", ()):
            number = vlan.get("vlan")
            last = vlan.get("vlanEnd", number)
            every: Iterable[Any] = [number if number == last else f"{number}-{last}"]
            if isinstance(number, int) and isinstance(last, int) and 0 <= number <= last < 4096:
                every = range(number, last + 1)
            for one in every:
                flags = sorted(vlan.get("flags", ()))
                items.append((f"{port.get('ifname')} vlan {one}", {"flags": flags, "#dev": port.get("ifname"), "#vlan": one}))
    return items


def _bridge_links(side: _Side) -> list[Item] | None:
    if side.netns.bridge_links is None:
        return None
    fields = ("state", "priority", "cost", "isolated", "learning", "flood", "hairpin", "guard")
    return [
        (str(link.get("ifname")),
         {"#dev": link.get("ifname"), "#master": link.get("master"),
          **{key: value for key, value in link.items() if key in fields}})
        for link in side.netns.bridge_links
    ]  # fmt: skip


def _nexthops(side: _Side) -> list[Item] | None:
    if side.netns.nexthops is None:
        return None
    return [
        (f"id {nexthop.get('id')} {wording.way(nexthop)}".rstrip(),
         {**{key: value for key, value in nexthop.items() if key != "id"}, "#key": nexthop.get("id")})
        for nexthop in side.netns.nexthops
    ]  # fmt: skip


def _netconf(side: _Side) -> list[Item] | None:
    if side.netns.netconf is None:
        return None
    return [(f"{record.get('family')} {record.get('interface')}", {**record}) for record in side.netns.netconf]


def _sysctls(side: _Side) -> list[Item] | None:
    if side.netns.sysctls is None:
        return None
    return [(key, {"value": value}) for key, value in side.netns.sysctls.items() if not _SWITCHES_THAT_MOVE.search(key)]


def _listeners(side: _Side) -> list[Item] | None:
    if side.netns.listeners is None and not _is_deserted(side):
        return None
    return [
        (f"{row.get('netid')} {row.get('local')}:{row.get('local_port')}",
         {"process": ",".join(sorted({str(user.get("name")) for user in row.get("users", ())})) or None,
          "#passing": row.get("netid") == "udp" and _is_passing(row.get("local_port"))})
        for row in side.netns.listeners or ()
    ]  # fmt: skip


def _has_no_bridge(side: _Side) -> bool:
    """Whether a namespace of a live host, which is asked with `-d`, has no bridge and no VXLAN among its links."""
    kinds = {link.get("linkinfo", {}).get("info_kind") for link in side.netns.links or ()}
    return side.host.live and side.netns.covers("ip_link") and not kinds & {"bridge", "vxlan"}


def _is_deserted(side: _Side) -> bool:
    """Whether nobody is in a namespace, where all processes were looked at: then nothing listens there, and `ss` is not run."""
    by_root = side.host.versions.get("entered by") in ("ip", "nsenter", "setns")
    return by_root and side.netns.pids == [] and not side.netns.held


def _is_passing(port: Any) -> bool:
    """Whether a port is in the range that the kernel gives to clients."""
    return isinstance(port, int) and 32768 <= port <= 60999


def _firewall(side: _Side) -> list[Item] | None:
    """The firewall's rules by their text and place in the chain, its chains by policy, its sets by elements."""
    if side.netns.rulesets is None:
        return None
    items: list[Item] = []
    rules: dict[tuple[str, ...], list[str]] = {}
    for record in side.netns.rulesets:
        kind = record["kind"]
        chain = tuple(str(record.get(key, "")) for key in ("tool", "family", "table", "chain"))
        where = " ".join(str(record[key]) for key in ("family", "table", "chain", "name") if record.get(key))
        holder = {"#table": chain[:3], "#chain": chain if kind == "rule" else None}
        if kind == "rule":
            text = _COUNTED.sub("counter", str(record.get("text", "")))
            before = rules.setdefault(chain, [])
            before.append(text)
            items.append((f"{where}: {text}", {**holder, "#place": len(before), "#key": (chain, text, before.count(text))}))
        elif kind != "note":
            lasting = {key: _lasting(value) for key, value in record.items() if key not in _OF_NO_RULE}
            items.append((f"{kind} {where}", {**holder, **lasting, "#kind": kind, "#key": (kind, chain, where)}))
    return items


# Counters of `nft` and `iptables`, and keys that tell the place of a record.
_COUNTED = re.compile(r"counter packets \d+ bytes \d+")
_OF_NO_RULE = ("kind", "tool", "family", "table", "chain", "name", "handle", "packets", "bytes", "used", "backend")


def _lasting(value: Any) -> Any:
    """The elements of a set without their remaining times, sorted."""
    if isinstance(value, list):
        return sorted((_lasting(item) for item in value), key=repr)
    if isinstance(value, dict):
        return {key: _lasting(item) for key, item in value.items() if key not in ("expires", "counter")}
    return value


class _Moved(NamedTuple):
    """A rule that both sides have, and its places in its chain."""

    before: int
    after: int
    shown: str
    record: Record


def _moved(left: Sequence[Item], right: Sequence[Item]) -> Iterator[_Row]:
    """The rules of both sides that changed their order within the chain."""
    there = {repr(record["#key"]): (shown, record) for shown, record in right if "#place" in record}
    chains: dict[Any, list[_Moved]] = {}
    for _, record in left:
        found = there.get(repr(record["#key"])) if "#place" in record else None
        if found is not None:
            chains.setdefault(record["#chain"], []).append(_Moved(record["#place"], found[1]["#place"], found[0], record))
    for pairs in chains.values():
        one, other = sorted(pairs, key=lambda pair: pair.before), sorted(pairs, key=lambda pair: pair.after)
        turned = [pair.shown for pair in other] < [
            pair.shown for pair in one
        ]  # the same rules moved, whichever side is the first
        order = other if turned else one
        kept = _rising([pair.before if turned else pair.after for pair in order])
        for at, (before, after, shown, record) in enumerate(order):
            if at not in kept:
                yield _Row("firewall", "~", shown, "place", before, after, record)


def _rising(numbers: Sequence[int]) -> set[int]:
    """The positions of a longest increasing subsequence.

    >>> sorted(_rising([5, 1, 2, 9, 3]))
    [1, 2, 4]
    """
    from bisect import bisect_left

    ends: list[int] = []  # the least number that ends a run of each length, and where it stands
    places: list[int] = []
    before: list[int] = []
    for at, number in enumerate(numbers):
        length = bisect_left(ends, number)
        before.append(places[length - 1] if length else -1)
        ends[length:] = [number, *ends[length + 1 :]]
        places[length:] = [at, *places[length + 1 :]]
    found: set[int] = set()
    at = places[-1] if places else -1
    while at >= 0:
        found.add(at)
        at = before[at]
    return found


#: The tables that are compared, by the names that ``--table`` takes: each makes (words, fields) of a namespace, or None.
TABLES: dict[str, Callable[[_Side], list[Item] | None]] = {
    "link": _links, "address": _addresses, "route": _routes, "rule": _rules, "neigh": _neighs, "fdb": _fdb, "vlan": _vlans,
    "bridge link": _bridge_links, "nexthop": _nexthops, "netconf": _netconf, "sysctl": _sysctls, "firewall": _firewall,
    "listener": _listeners,
}  # fmt: skip


def lines(found: Difference, both: bool = False) -> Iterator[str]:
    """The difference in words, one line a row: ``~ red  link  veth-red  mtu 1500 -> 1450``."""
    yield from row_lines(found.rows, len({row["host"] for row in found.rows}) > 1)
    named = [
        f"{one} with {other} (by {how})" for one, other, how in found.pairs if one != other and how not in ("asked for", "root")
    ]
    if named:
        yield f"compared {'; '.join(named)}"
    yield from hidden_lines(found.hidden, bool(found.rows), both)


def row_lines(rows: Sequence[Record], several: bool) -> Iterator[str]:
    """The rows in words, a line each; ``several``: with the name of the host."""
    width = max([len(_where(row)) for row in rows], default=0)
    tables = max([len(row["table"]) for row in rows], default=0)
    for row in rows:
        words = row["key"]
        if row["table"] in ("netns", "host") and row["field"] is None:
            words = f"{row['key']}  {row['before'] or row['after']}"
        elif row["table"] == "link" and row["field"] == "ifname":
            words = f"{row['before']} renamed to {row['after']}"
        elif row["table"] == "link" and row["field"] == "netns":
            renamed = row["after"].startswith(f"{row['key']}@")
            words = f"{'' if renamed else row['key'] + ' '}moved from {row['before']} to {row['after']}"
        elif row["change"] == "~" and row["field"] is None:
            words = f"{row['before']} -> {row['after']}"
        elif row["field"] is not None:
            words = f"{row['key']}  {row['field'].rpartition('.')[2]} {_value(row['before'])} -> {_value(row['after'])}"
        host = f"{row['host']}  " if several else ""
        yield f"{row['change']} {host}{_where(row).ljust(width)}  {row['table'].ljust(tables)}  {words}".rstrip()


def hidden_lines(hidden: Mapping[str, int], shown: bool, both: bool = False) -> Iterator[str]:
    """How many differences are hidden, by why; ``shown``: whether there are others."""
    told = {"identity": "differ in identity only (ifindex, MAC, fe80::): --identity shows them",
            "follows": "follow from these: --all shows them", "volatile": "move by themselves: --all shows them"}  # fmt: skip
    for why, words in told.items():
        if hidden.get(why) and (shown or why == "identity" and both):
            yield f"{hidden[why]} more {words}"


def _where(row: Record) -> str:
    if row["table"] in ("netns", "host"):
        return str(row["table"])
    return wording.netns(row["netns"])


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        return ",".join(map(str, value)) or "none"
    return str(value)
