"""A host: its network namespaces, and the links between them."""

from __future__ import annotations

from functools import cached_property

from ..errors import UsageError, similar
from ..wording import ROOT
from .peers import Peer, Peers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from parsers.records import Link

    from .namespace import Namespace

# The words for each table that a Namespace may lack, for the message about the missing tables of a source.
TABLES = {
    "links": "links", "addresses": "addresses", "routes": "IPv4 routes", "routes6": "IPv6 routes", "neighs": "neighbours",
    "rules": "rules",
}  # fmt: skip


class Host:
    """A host, as far as it was captured.

    ``notes`` are messages for the user; ``problems`` are messages about lost data (exit status 1); ``unread_files`` are the
    files of a source that were not understood, ``unread_members`` the devices, outside links and so on in it.
    """

    def __init__(self, namespaces: list[Namespace], notes: list[str], problems: list[str]) -> None:
        self.namespaces = namespaces
        self._positions = {id(netns): position for position, netns in enumerate(namespaces)}
        self.notes = notes
        self.problems = problems
        self.beside: list[str] = []  # about other sources that could not be read
        self.unread_files: list[str] = []
        self.unread_members: list[str] = []
        self.hostname: str | None = None
        self.versions: dict[str, str] = {}
        self.live = False
        self.source = ""
        self.name = ""  # distinguishes it from the other hosts of the same sources
        self.of_several = False  # whether its sources name more hosts, even if those could not be read
        self._lacking: list[str] | None = None  # for a host without its tables: the tables that it lacked before
        self.unread: list[tuple[int, str]] = []  # lines of its source, with their numbers, that are in no table

    @property
    def all_problems(self) -> list[str]:
        """The problems of the host, and those of other sources that could not be read."""
        return [*self.problems, *self.beside]

    @property
    def root(self) -> Namespace | None:
        """The namespace in which the source was captured."""
        return next((netns for netns in self.namespaces if netns.here), None)

    def without_tables(self) -> Host:
        """A copy of the host without its namespaces: its names, notes and problems."""
        found = Host([], self.notes, self.problems)
        found.unread_files, found.unread_members = self.unread_files, self.unread_members
        found.hostname, found.versions = self.hostname, self.versions
        found.live, found.source, found.name, found.of_several = self.live, self.source, self.name, self.of_several
        found._lacking = self.lacks()
        return found

    @cached_property
    def peers(self) -> Peers:
        return Peers(self.namespaces)

    def of(self, netns: Namespace) -> Host:
        """The host of a namespace: this one."""
        return self

    def name_of(self, netns: Namespace) -> str | None:
        """The value of ``netns`` in records."""
        return netns.name

    def position(self, netns: Namespace) -> int:
        """The index of a namespace in the list of the host's namespaces."""
        return self._positions[id(netns)]

    def peer(self, netns: Namespace, link: Link) -> Peer | None:
        """The other end of a pair, or the parent of a link, and the evidence for it; None for other links."""
        return self.peers.of(self.position(netns), link)

    def nsid(self, netns: Namespace, viewer: Namespace | None = None) -> int | None:
        """The id that a namespace (None: the root) has given to another; None if it has none or the id is unknown."""
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
        """Find a namespace by name, label, inode or process (``pid 42``, or 42). Raises UsageError with the known names."""
        if name in (ROOT, "") or name == "root" and not any("root" in netns.names for netns in self.namespaces):
            if self.root is not None:
                return self.root
        for test in (
            lambda netns: name in netns.names or name == netns.title,
            lambda netns: netns.is_called(name),
            lambda netns: name in (netns.key, netns.inode, f"net:[{netns.inode}]"),
            lambda netns: any(name in (str(pid), f"pid {pid}") for pid, _ in netns.pids or ()),
        ):
            found = [netns for netns in self.namespaces if test(netns)]
            if len(found) == 1:
                return found[0]
            if found:
                raise UsageError(f"{name!r} may be any of: {', '.join(netns.title for netns in found)}")
        titles = [netns.title for netns in self.namespaces]
        near = similar(name, [*titles, *(other for netns in self.namespaces for other in (*netns.names, *netns.labels))])
        shown = ", ".join(titles[:20]) + (f", and {len(titles) - 20} more" if len(titles) > 20 else "")
        where = "here" if self.live else f"in {self.source or 'this capture'}"
        raise UsageError(f"no namespace {name!r} {where}{near}; there are: {shown}")

    def choose(self, names: Iterable[str]) -> list[Namespace]:
        """The namespaces with the given names (as for :meth:`find`) or globs (``web*``), each once. Raises UsageError."""
        found: list[Namespace] = []
        for name in names:
            some = [netns for netns in self.namespaces if _fits(netns, name)] if any(letter in name for letter in "*?[") else []
            found += some or [self.find(name)]
        return list(dict.fromkeys(found))

    def lacks(self) -> list[str]:
        """The tables that no namespace has: ``["neighbours", "rules"]``."""
        if self._lacking is not None:
            return self._lacking
        asked_for = [netns for netns in self.namespaces if netns.tables] or self.namespaces
        return [word for table, word in TABLES.items() if all(getattr(netns, table) is None for netns in asked_for)]


def _fits(netns: Namespace, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    return any(fnmatchcase(name, pattern) for name in (netns.title, *netns.names, *netns.labels))
