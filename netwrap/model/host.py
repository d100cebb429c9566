"""A host: its network namespaces and what was captured in each, whoever captured it.

>>> from netwrap.section import Section
>>> host = build([Section("", "ip netns list", "red (id: 0)"), Section("red", "ip route show", "default via 10.0.0.1 dev eth0")])
>>> [netns.title for netns in host.namespaces], host.find("red").routes
(['(root)', 'red'], [{'dst': 'default', 'gateway': '10.0.0.1', 'dev': 'eth0', 'flags': []}])
>>> host.find("red").neighs is None  # not captured, which is not the same as none
True
"""

from __future__ import annotations

import importlib
import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ..commands import request as asked
from ..commands.line import understand
from ..errors import UsageError
from ..tables.selection import natural
from . import sidetables
from .peers import Peer, Peers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from ..commands.request import Request
    from .section import Section

    Record = dict[str, Any]

#: The name of the namespace that a source was captured in, where it has no name of its own.
ROOT = "(root)"
#: Bounds on what one section may cost (a routing table of the whole internet has about a million lines).
SECTION_LENGTH = 128 << 20
PROBLEMS_KEPT = 20

# What a table is called when it is missing, and who has it. The report says once what a source lacks.
TABLES = {
    "links": "links", "addresses": "addresses", "routes": "IPv4 routes", "routes6": "IPv6 routes", "neighs": "neighbours",
    "rules": "rules",
}  # fmt: skip
_HOST_WIDE = ("date", "hostname", "versions", "namespaces", "notes")


class Table(NamedTuple):
    """What one command printed, as records."""

    command: str
    request: Request | None
    records: list[Any]
    json: bool


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


class Host:
    """What was captured of a host.

    ``notes`` are worth knowing; ``problems`` mean that something was lost (exit status 1).
    """

    def __init__(self, namespaces: list[Namespace], notes: list[str], problems: list[str]) -> None:
        self.namespaces = namespaces
        self._positions = {id(netns): position for position, netns in enumerate(namespaces)}
        self.notes = notes
        self.problems = problems
        self.hostname: str | None = None
        self.date: str | None = None
        self.versions: dict[str, str] = {}
        self.live = False
        self.source = ""

    @property
    def root(self) -> Namespace | None:
        """The namespace that the source was captured in."""
        return next((netns for netns in self.namespaces if netns.here), None)

    @cached_property
    def peers(self) -> Peers:
        return Peers(self.namespaces, complete=self.versions.get("how") in ("ip", "nsenter"))

    def position(self, netns: Namespace) -> int:
        """Where a namespace stands among the host's."""
        return self._positions[id(netns)]

    def peer(self, netns: Namespace, link: Record) -> Peer | None:
        """The other end of a pair, or the parent of a link, with how it is known; None where there is neither."""
        return self.peers.of(self.position(netns), link)

    def nsid(self, netns: Namespace, viewer: Namespace | None = None) -> int | None:
        """The id that a namespace (None: the root) has given to another; None where it has given none, or it is not known."""
        viewer = viewer or self.root
        if viewer is None:
            return None
        return self._nsids(self.position(viewer)).get(self.position(netns))

    def _nsids(self, viewer: int) -> dict[int, int]:
        if not hasattr(self, "_nsids_by_viewer"):
            self._nsids_by_viewer: dict[int, dict[int, int]] = {}
            for (position, nsid), (other, _) in self.peers.known():
                self._nsids_by_viewer.setdefault(position, {}).setdefault(other, nsid)
        return self._nsids_by_viewer.get(viewer, {})

    def find(self, name: str) -> Namespace:
        """The namespace of a name, label, inode or process (``pid 42``, or the number); UsageError lists those there are."""
        if name in (ROOT, "") or name == "root" and not any("root" in netns.names for netns in self.namespaces):
            if self.root is not None:
                return self.root
        for test in (
            lambda netns: name in netns.names or name == netns.title,
            lambda netns: name in netns.labels or name in netns.paths,
            lambda netns: name in (netns.key, netns.inode, f"net:[{netns.inode}]"),
            lambda netns: any(name in (str(pid), f"pid {pid}") for pid, _ in netns.pids or ()),
        ):
            found = [netns for netns in self.namespaces if test(netns)]
            if len(found) == 1:
                return found[0]
            if found:
                raise UsageError(f"{name!r} may be any of: {', '.join(netns.title for netns in found)}")
        titles = [netns.title for netns in self.namespaces]
        shown = ", ".join(titles[:20]) + (f", and {len(titles) - 20} more" if len(titles) > 20 else "")
        where = "here" if self.live else f"in {self.source or 'this capture'}"
        raise UsageError(f"no namespace {name!r} {where}; there are: {shown}")

    def lacks(self) -> list[str]:
        """What was captured in no namespace: ``["neighbours", "rules"]``."""
        asked_for = [netns for netns in self.namespaces if netns.tables] or self.namespaces
        return [word for table, word in TABLES.items() if all(getattr(netns, table) is None for netns in asked_for)]


# -- building ------------------------------------------------------------------------------------------------------


def build(sections: Iterable[Section], notes: Sequence[str] = (), problems: Sequence[str] = ()) -> Host:
    """The Host that sections tell of, whoever made them.

    A command that failed leaves its table out; what it said, and what could not be read, is in the host's notes and
    problems; nothing is raised for it.
    """
    builder = _Builder(notes, problems)
    for section in sections:
        builder.add(section)
    return builder.host()


class _Builder:
    def __init__(self, notes: Sequence[str], problems: Sequence[str]) -> None:
        self.namespaces: dict[str, Namespace] = {}
        self.notes = list(notes)
        self.problems = list(problems)
        self.wide: dict[str, str] = {}
        self.failures: dict[tuple[str, str], list[str]] = {}
        self.gone: dict[str, Namespace] = {}  # failed in a way that a namespace does that is not there any more
        self.here: str | None = None

    def netns(self, key: str) -> Namespace:
        if key == "" and self.here is not None:
            key = self.here
        if key not in self.namespaces:
            self.namespaces[key] = Namespace(key)
        return self.namespaces[key]

    def add(self, section: Section) -> None:
        if section.netns == "" and section.command in _HOST_WIDE:
            self.wide[section.command] = section.stdout
            if section.command == "namespaces":
                self._read_namespaces(section.stdout)
            elif section.command == "notes":
                self.notes += [line for line in section.stdout.split("\n") if line.strip()]
            return
        words = section.command.split()
        command = understand(words)
        netns = self.netns(section.netns or command.netns or "")
        if section.status not in (None, 0) and not section.stdout.strip():
            self._failed(netns, section)
            return
        if section.stderr.strip():
            self._said(netns, section)
        if command.parser is not None:
            self._read_table(netns, command.parser, section, command.words)
        else:
            self._read_side_table(netns, section, words)

    def _read_table(self, netns: Namespace, parser: str, section: Section, words: Sequence[str]) -> None:
        text = section.stdout
        module = importlib.import_module(f"parsers.{parser}")
        found = _Problems()
        if len(text) > SECTION_LENGTH:
            cut = text.rfind("\n", 0, SECTION_LENGTH)
            text = text[:cut]
            found.append(f"longer than {SECTION_LENGTH >> 20} MiB: read up to line {text.count(chr(10)) + 1}")
        from parsers.lex import is_json

        json = is_json(text)
        if not json and hasattr(module, "iter_parse"):
            records = list(module.iter_parse(text.split("\n"), found))
        else:
            records, errors = module.parse(text, strict=False)
            if json and errors and not records:  # cut off or spoiled: what is whole in front of that
                records, _ = module.parse(_whole(text), strict=False)
            for error in errors:
                found.append(error)
        for line in found.lines():
            self.problems.append(f"{_label(netns)}{section.command}: {line}")
        netns.tables.setdefault(parser, []).append(Table(section.command, asked.read(words), records, json))

    def _read_side_table(self, netns: Namespace, section: Section, words: list[str]) -> None:
        found = sidetables.reader(words)
        if found is None:
            return
        name, read = found
        try:
            records = read(section.stdout[:SECTION_LENGTH])
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            self.problems.append(f"{_label(netns)}{section.command}: cannot be read: {error}")
            return
        netns.tables.setdefault(name, []).append(Table(section.command, None, records, section.stdout.lstrip()[:1] in ("[", "{")))

    def _failed(self, netns: Namespace, section: Section) -> None:
        said = section.stderr.strip().split("\n")[0] or f"exit status {section.status}"
        if not netns.here and _GONE.search(said):
            self.gone[netns.key] = netns
        if section.status == 127 or _QUIET.search(said):
            return
        self.failures.setdefault((section.command, said), []).append(_label(netns).rstrip(": ") or ROOT)

    def _said(self, netns: Namespace, section: Section) -> None:
        for line in section.stderr.strip().split("\n")[:3]:
            if line.strip() and not _QUIET.search(line):
                self.failures.setdefault((section.command, line.strip()), []).append(_label(netns).rstrip(": ") or ROOT)

    def _read_namespaces(self, text: str) -> None:
        for line in text.split("\n"):
            parts = line.split("\t")
            if len(parts) < 2 or not parts[0]:
                continue
            key, how, value = parts[0], parts[1], _unescaped("\t".join(parts[2:]))
            netns = self.netns(key)
            if netns.pids is None:
                netns.pids = []
            if how == "self":
                netns.here = True
                self.here = key
            elif how == "pid":
                pid, _, name = value.partition(" ")
                if pid.isdigit():
                    netns.pids.append((int(pid), name))
            elif how in ("name", "path", "label", "cgroup"):
                names = {"name": netns.names, "path": netns.paths, "label": netns.labels, "cgroup": netns.cgroups}[how]
                if value not in names:
                    names.append(value)
            else:
                netns.held.append(f"{how} {value}")

    def _forget_the_gone(self) -> None:
        """A namespace that vanished while it was looked at is worth a note, and no failure."""
        for key, netns in self.gone.items():
            if netns.tables:
                continue
            del self.namespaces[key]
            label = _label(netns).rstrip(": ")
            self.notes.append(f"namespace {label} vanished while it was read")
            for failure, where in list(self.failures.items()):
                self.failures[failure] = [it for it in where if it != label]
                if not self.failures[failure]:
                    del self.failures[failure]
            self.problems = [it for it in self.problems if f" of namespace {key} answered " not in it]

    def host(self) -> Host:
        listed = "namespaces" in self.wide
        if not listed:
            for key, netns in self.namespaces.items():
                if key:
                    netns.names.append(key)
            root = self.namespaces.get("")
            for row in (root.named or ()) if root is not None else ():
                if row.get("name") and row["name"] not in self.namespaces:
                    self.netns(row["name"]).names.append(row["name"])
        self._forget_the_gone()
        versions = _versions(self.wide.get("versions", ""))
        for netns in self.namespaces.values():
            if versions.get("how") == "none" and not netns.pids:
                netns.pids = None  # /proc/PID/ns/net of others is for root
            netns.knows_nsids = _knows_nsids(versions.get("ip", ""))
        for (command, said), where in self.failures.items():
            names = where[0] if len(where) == 1 else f"{len(where)} namespaces"
            (self.notes if _HARMLESS.search(said) else self.problems).append(f"{names}: {command}: {said}")
        _entitle(list(self.namespaces.values()))
        host = Host(sorted(self.namespaces.values(), key=_order), self.notes, self.problems)
        host.hostname = self.wide.get("hostname", "").strip() or None
        host.date = self.wide.get("date", "").strip() or None
        host.versions = versions
        return host


# Not worth a word: kernels and binaries that do not have the table.
_QUIET = re.compile(
    r"not supported|Operation not supported|Object \".*\" is unknown|unknown object|not found|No such file or directory$"
    r"|Cannot open netlink|is unknown, try|invalid argument '(nexthop|netconf)'|FDB table|Dump terminated$"
)
_HARMLESS = re.compile(r"Operation not permitted|Permission denied|must be root|Dump was interrupted")
_GONE = re.compile(
    r"Cannot open network namespace|No such file or directory|No such process|network namespace .*Invalid argument"
)


def _label(netns: Namespace) -> str:
    name = netns.names[0] if netns.names else "" if netns.here else netns.key
    return f"{name}: " if name else ""


class _Problems(list):  # type: ignore[type-arg]
    """The first problems, and how many more there were: a million odd lines must not fill the memory."""

    def __init__(self) -> None:
        super().__init__()
        self.more = 0

    def append(self, problem: Any) -> None:
        if len(self) < PROBLEMS_KEPT:
            super().append(str(problem))
        else:
            self.more += 1

    def lines(self) -> list[str]:
        if self.more or len(self) > 3:
            return [*self[:3], f"and {len(self) - 3 + self.more} more lines that fit nowhere"]
        return list(self)


def _whole(text: str) -> str:
    """The whole objects that an array of JSON begins with, as an array.

    >>> _whole('[{"dst":"10.0.0.0/8"},{"dst":"10.0.')
    '[{"dst":"10.0.0.0/8"}]'
    """
    import json

    decoder = json.JSONDecoder(strict=False)
    start = at = text.find("[") + 1
    end = start
    try:
        while True:
            _, end = decoder.raw_decode(text, at)
            at = text.index("{", end)
    except (ValueError, RecursionError):
        return f"[{text[start:end]}]"


_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: {"t": "\t", "n": "\n"}.get(found[1], found[1]), text)


def _versions(text: str) -> dict[str, str]:
    """Lines ``tool: what it printed``"""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        tool, colon, said = line.partition(":")
        if colon and tool.strip():
            found.setdefault(tool.strip(), said.strip())
    return found


_IPROUTE2 = re.compile(r"iproute2-(?:v?(\d+)\.\d+|ss(\d{6}))", re.ASCII)


def _knows_nsids(version: str) -> bool:
    """iproute2 shows nsids from 4.0 (ss150413) on; busybox never does."""
    found = _IPROUTE2.search(version)
    return found is not None and (int(found[1] or 0) >= 4 or int(found[2] or 0) >= 150413)


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


def family_of(route: Record) -> str:
    """The family of a route: its addresses tell; of a default route the gateway, or IPv6's preference."""
    for text in (route.get("dst", ""), route.get("gateway", ""), route.get("prefsrc", ""), route.get("from", "")):
        if ":" in text:
            return "inet6"
        if "." in text:
            return "inet"
    for hop in route.get("nexthops", ()):
        if "gateway" in hop:
            return "inet6" if ":" in hop["gateway"] else "inet"
    if "via" in route:
        return "inet" if route["via"].get("family") == "inet6" else "inet6"
    return "inet6" if "pref" in route or "error" in route else "inet"


def _richness(table: Table) -> tuple[int, ...]:
    request = table.request
    if request is None:
        return (0,)
    everything = int(("table", "all") in request.filters.items() or ("nud", "all") in request.filters.items())
    return (
        int(request.family == "" or request.name in ("ip_route", "ip_rule", "route", "arp")), everything,
        int(not request.brief and not request.oneline), min(request.details, 1), min(request.stats, 1), int(table.json),
    )  # fmt: skip


# -- names for namespaces ------------------------------------------------------------------------------------------

# Who a process belongs to, by its control group.
_CGROUPS = (
    (re.compile(r"docker[-/]([0-9a-f]{12})[0-9a-f]{52}"), "docker {}"),
    (re.compile(r"cri-containerd-([0-9a-f]{12})[0-9a-f]*"), "containerd {}"),
    (re.compile(r"crio-(?:conmon-)?([0-9a-f]{12})[0-9a-f]*"), "cri-o {}"),
    (re.compile(r"libpod-(?:conmon-)?([0-9a-f]{12})[0-9a-f]*"), "podman {}"),
    (re.compile(r"lxc(?:\.payload)?[./]([\w.-]+)"), "lxc {}"),
    (re.compile(r"machine-([\w.\\-]+)\.scope"), "machine {}"),
    (re.compile(r"kubepods.*?pod([0-9a-f_-]{36})"), "pod {}"),
    (re.compile(r"system\.slice/(?:.*/)?([\w@.\\-]+)\.service"), "unit {}"),
)  # fmt: skip


def owner(cgroup: str) -> str | None:
    """Whose control group it is.

    >>> owner("0::/system.slice/docker-" + "0123456789abcdef" * 4 + ".scope"), owner("/user.slice")
    ('docker 0123456789ab', None)
    """
    for pattern, words in _CGROUPS:
        found = pattern.search(cgroup)
        if found is not None:
            return words.format(found[1])
    return None


def _entitle(namespaces: list[Namespace]) -> None:
    """Give every namespace a title: its name, else its container, else a process of it, else its inode."""
    taken: set[str] = set()
    for netns in sorted(namespaces, key=lambda netns: (not netns.here, not netns.names)):
        owners = [found for found in map(owner, netns.cgroups) if found] if not netns.here else []
        for found in owners:
            if found not in netns.labels:
                netns.labels.append(found)
        inode = f"net:[{netns.inode}]" if netns.inode else netns.key
        choices = [*netns.names[:1], *([ROOT] if netns.here else []), *netns.labels[:1], *netns.paths[:1]]
        if netns.pids:
            pid, name = min(netns.pids)
            choices.insert(len(choices) - len(netns.paths[:1]), f"pid {pid} ({name})" if name else f"pid {pid}")
        choices.append(inode)
        netns.title = next((choice for choice in choices if choice and choice not in taken), f"{choices[0]} {inode}")
        taken.add(netns.title)


def _order(netns: Namespace) -> tuple[bool, bool, Any]:
    return (not netns.here, not netns.names, natural(netns.title))
