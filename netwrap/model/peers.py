"""Find the peer of every veth and the parent of every stacked link. A peer is reported only with the evidence for it.

A veth shows its peer's index, and a number (nsid) for the peer's namespace that means something in its own namespace only.
Two ends belong together if each shows the other's index. Since many pairs share their indexes, the nsids decide: all links of
A with nsid K lead to one namespace B, and all links of B with A's nsid lead back. ``Peer.how`` is the evidence for a peer:

``name``      the link itself names it: a link of the same namespace, or `link-netns blue`
``nsid``      `ip netns list-id` (or `ip netns`) names the nsid, and both ends show each other's index
``index``     no other namespace has matching links
``counters``  several match by index; what one end sent is what the other received
``ambiguous`` several match and nothing decides, or one matches and namespaces are missing: see ``candidates``
``missing``   no captured namespace has the peer
"""

from __future__ import annotations

from parsers.tuples import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from parsers.records import AnyRecord, Link

    from .namespace import Namespace

    Group = tuple[int, Any]  # position of the namespace, nsid or name or link there
    End = tuple[int, int]  # position of the namespace, index of the link

#: With more candidates than this, only equal counters are compared, and no more candidates are listed.
CROWD = 100
#: Kinds that come in pairs.
PAIRS = ("veth", "netkit", "vxcan")


class Peer(NamedTuple):
    """The other end of a link (or its parent), and the evidence for it."""

    how: str
    netns: Namespace | None = None
    link: Link | None = None
    candidates: tuple[tuple[Namespace, Link], ...] = ()


class Peers:
    """The peers of all links of all namespaces of a host."""

    def __init__(self, namespaces: Sequence[Namespace]) -> None:
        self.namespaces = namespaces
        self.found: dict[End, Peer] = {}
        self._links: dict[End, Link] = {}
        self._indexes: list[dict[str, int]] = []
        self._known: dict[Group, tuple[int, str]] = {}  # the namespace that an nsid, or a name, means in a namespace
        self._named: dict[int, bool] = {}
        self._names: dict[str, int] = {}
        self._ids: list[dict[int, str | None]] = []
        self._partner: dict[End, int] = {}
        self._group_of: dict[End, Group] = {}
        self._groups: dict[Group, list[End]] = {}
        self._taken: dict[int, set[int]] = {}
        self._at: dict[int, list[Group]] = {}
        self._options: dict[Group, set[Group]] = {}
        self._crowds: list[tuple[list[Group], list[Group]]] = []  # groups of one shape, and those of its mirror image
        self._blind: set[int] = set()
        self._whole = True  # no namespace is known to be missing, so a single match is right
        self._read()
        self._match()

    def of(self, position: int, link: Link) -> Peer | None:
        """The peer of a pair's end, or the parent of a link; None where it has neither."""
        index = link.get("ifindex")
        found = self.found.get((position, index)) if index is not None else None
        return found if found is not None else self._parent(position, link)

    def namespace_of(self, position: int, nsid: int) -> tuple[int, str] | None:
        """The namespace that an nsid means in a namespace, and the evidence."""
        return self._known.get((position, nsid))

    def known(self) -> list[tuple[tuple[int, int], tuple[int, str]]]:
        """All nsids that are known: (position of the namespace, nsid) → the namespace that it means there, and the evidence."""
        return [((group[0], group[1]), meant) for group, meant in self._known.items() if isinstance(group[1], int)]

    # -- reading the records --------------------------------------------------------------------------------------

    def _read(self) -> None:
        for position, netns in enumerate(self.namespaces):
            for name in netns.names:
                self._names.setdefault(name, position)
            self._named[position] = bool(netns.names)
        for position, netns in enumerate(self.namespaces):
            self._ids.append(_ids(netns))
            for nsid, called in self._ids[position].items():
                if called in self._names:
                    self._known[position, nsid] = (self._names[called], "nsid")
            links = netns.links or ()
            indexes = {link["ifname"]: link["ifindex"] for link in links if "ifindex" in link and "ifname" in link}
            self._indexes.append(indexes)
            for link in links:
                if "ifindex" in link:
                    self._links[position, link["ifindex"]] = link
        told = any("link_netnsid" in link or "link_netns" in link for link in self._links.values())
        self._blind = {position for position, netns in enumerate(self.namespaces) if _is_blind(netns, told)}
        for end, link in self._links.items():
            self._read_end(end, link)
        # Ends without a match: the link may not be a pair, or the other end was not captured.
        fits = {(index, self._partner[at, index]) for at, index in self._partner}
        for end, partner in self._partner.items():
            if (partner, end[1]) not in fits:
                group = self._group_of[end]
                self._groups[group].remove(end)
                if _kind(self._links[end]) in PAIRS:
                    self.found[end] = self._absent(group)
                    self._whole = False

    def _read_end(self, end: End, link: Link) -> None:
        position, index = end
        kind = _kind(link)
        if kind is not None and kind not in PAIRS:
            return
        name, elsewhere = link.get("link"), "link_netnsid" in link or "link_netns" in link
        if name is not None and not elsewhere and position not in self._blind:
            other = self._links.get((position, self._indexes[position].get(name, -1)))
            if other is not None and other.get("link") == link.get("ifname"):
                self.found[end] = Peer("name", self.namespaces[position], other)
            elif kind in PAIRS:
                self.found[end] = Peer("missing")
            return
        partner = link.get("link_index")
        if partner is None and name is not None:  # busybox and `ip -6 address` print an index of another namespace
            partner = self._indexes[position].get(name)
        if partner is None and elsewhere:  # old kernels leave out an index that is the link's own
            partner = index
        if partner is None:
            if kind in PAIRS:
                self.found[end] = Peer("missing")
            return
        group: Group = (position, ("link", index))
        if not self._blind and "link_netns" in link:
            group = (position, link["link_netns"])
        elif not self._blind and "link_netnsid" in link:
            group = (position, link["link_netnsid"])
        if "link_netns" in link and link["link_netns"] in self._names:
            self._known[group] = (self._names[link["link_netns"]], "name")
        elif "link_netnsid" in link and (position, link["link_netnsid"]) in self._known:
            self._known[group] = self._known[position, link["link_netnsid"]]
        self._partner[end] = partner
        self._group_of[end] = group
        self._groups.setdefault(group, []).append(end)

    def _absent(self, group: Group) -> Peer:
        known = self._known.get(group)
        return Peer("missing", self.namespaces[known[0]] if known else None)

    # -- the matching ----------------------------------------------------------------------------------------------

    def _match(self) -> None:
        self._match_known()
        self._options = self._candidates()
        if self._whole:
            self._settle("index")
        for group in self._options:
            self._options[group] = {other for other in self._options[group] if self._possible(group, other)}
        if self._whole:
            self._settle("counters")
        self._settle_exact()
        self._settle_crowds()
        for group, others in self._options.items():
            for end in self._groups[group]:
                if others:
                    self.found[end] = self._ambiguous(end, sorted(others, key=str))
                elif _kind(self._links[end]) in PAIRS:
                    self.found[end] = self._absent(group)

    def _ambiguous(self, end: End, others: list[Group]) -> Peer:
        candidates = (self._other(end, other) for other in others[:CROWD])
        return Peer("ambiguous", candidates=tuple((self.namespaces[other[0]], self._links[other]) for other in candidates))

    def _match_known(self) -> None:
        """Match links whose peer namespace is known with the end in it that shows their index."""
        for group, (at, how) in list(self._known.items()):
            for end in list(self._groups.get(group, ())):
                other = (at, self._partner[end])
                if self._partner.get(other) == end[1] and self._leads_to(self._group_of[other], group[0]):
                    self._join(end, other, how)
        for group in [group for group, ends in self._groups.items() if not ends]:
            del self._groups[group]

    def _leads_to(self, group: Group, position: int) -> bool:
        known = self._known.get(group)
        return known is None or known[0] == position

    def _join(self, end: End, other: End, how: str) -> None:
        for one, two in ((end, other), (other, end)):
            before = self.found.get(one)
            if before is None or before.how in ("missing", "ambiguous"):
                self.found[one] = Peer(how, self.namespaces[two[0]], self._links[two])
            group = self._group_of[one]
            self._known.setdefault(group, (two[0], how))
            nsid = self._links[one].get("link_netnsid")
            if nsid is not None:
                self._known.setdefault((one[0], nsid), (two[0], how))
            if one in self._groups.get(group, ()):
                self._groups[group].remove(one)

    def _candidates(self) -> dict[Group, set[Group]]:
        """For each group of links that lead to one unknown namespace, the groups that may be their other ends."""
        for group, (known, _) in self._known.items():
            if not isinstance(group[1], tuple):
                self._taken.setdefault(group[0], set()).add(known)
        shapes: dict[tuple[tuple[int, int], ...], list[Group]] = {}
        for group, ends in self._groups.items():
            self._at.setdefault(group[0], []).append(group)
            shapes.setdefault(tuple(sorted((index, self._partner[at, index]) for at, index in ends)), []).append(group)
        options: dict[Group, set[Group]] = {}
        for shape, groups in shapes.items():
            others = shapes.get(tuple(sorted((partner, index) for index, partner in shape)), [])
            if max(len(groups), len(others)) > CROWD and others:
                self._crowds.append((groups, others))
                continue
            for group in groups:
                options[group] = {other for other in others if self._may(group, other) and self._may(other, group)}
        return options

    def _may(self, group: Group, other: Group) -> bool:
        """Whether the links of a group may lead to the namespace of another."""
        at = other[0]
        if at == group[0]:
            return at in self._blind and group != other
        if not self._leads_to(group, at):
            return False
        if group not in self._known and at in self._taken.get(group[0], ()):
            return False  # another nsid already means that namespace
        # a name is that of another namespace where list-id shows the nsid without one
        return not (self._named[at] and self._ids[group[0]].get(group[1], "") is None)

    def _settle(self, how: str) -> None:
        """Join the groups that have one candidate left, until there are no more.

        A namespace that vanished during the capture leaves ends whose one candidate is the peer of another end. So each of the
        two groups must be the other's one candidate, unless no namespace is missing and the counters are equal.
        """
        queue = [group for group, others in self._options.items() if len(others) == 1]
        while queue:
            group = queue.pop()
            others = self._options.get(group)
            if not others or len(others) != 1:
                continue
            other = next(iter(others))
            if group not in self._options.get(other, ()):
                others.clear()
                continue
            if not self._possible(group, other):
                others.clear()
                self._options[other].discard(group)
                if len(self._options[other]) == 1:
                    queue.append(other)
                continue
            if self._options[other] == {group} or self._whole and not any(self._deltas(group, other)):
                queue += self._take(group, other, how)

    def _take(self, group: Group, other: Group, how: str) -> list[Group]:
        """Join two groups, and return the groups that have one candidate left then."""
        for end in list(self._groups[group]):
            self._join(end, self._other(end, other), how)
        gone: list[tuple[Group, Group]] = []
        for one in (group, other):
            gone += [(two, one) for two in self._options.pop(one, set())]
        if not self._blind:  # these two namespaces are matched already
            here, there = sorted((group[0], other[0]), key=lambda at: len(self._at[at]))
            for one in self._at[here]:
                for two in [two for two in self._options.get(one, ()) if two[0] == there]:
                    gone += [(one, two), (two, one)]
        shrunk = []
        for one, two in gone:
            others = self._options.get(one)
            if others is not None and two in others:
                others.remove(two)
                if len(others) == 1:
                    shrunk.append(one)
        return shrunk

    def _other(self, end: End, group: Group) -> End:
        return (group[0], self._partner[end])

    # -- counters --------------------------------------------------------------------------------------------------

    def _deltas(self, group: Group, other: Group) -> list[int]:
        """The difference of each counter of one side to its twin on the other side."""
        found = []
        for end in self._groups[group]:
            one, two = self._links[end].get("stats64"), self._links[self._other(end, other)].get("stats64")
            if not one or not two:
                continue
            for key in ("bytes", "packets"):
                for here, there in (("rx", "tx"), ("tx", "rx")):
                    mine, theirs = one.get(here, {}).get(key), two.get(there, {}).get(key)
                    if isinstance(mine, int) and isinstance(theirs, int):
                        found.append(theirs - mine)
        return found

    def _possible(self, group: Group, other: Group) -> bool:
        """Whether two sides can be ends of one pair: counters only grow, so the side read later has none that is smaller."""
        deltas = self._deltas(group, other)
        return not deltas or min(deltas) >= 0 or max(deltas) <= 0

    def _exact(self, group: Group, other: Group) -> bool:
        deltas = self._deltas(group, other)
        if not deltas or any(deltas):
            return False
        return any(
            self._links[end].get("stats64", {}).get(side, {}).get("bytes") for end in self._groups[group] for side in ("rx", "tx")
        )

    def _settle_exact(self) -> None:
        """Join groups by equal counters, if that decides for all groups that are candidates of each other."""
        for part in self._parts():
            exact = {group: {other for other in self._options[group] if self._exact(group, other)} for group in part}
            if all(len(others) == 1 for others in exact.values()):
                for group, others in exact.items():
                    if group in self._options:
                        self._take(group, next(iter(others)), "counters")

    def _settle_crowds(self) -> None:
        """Do the same for groups that have hundreds of candidates: look them up by their counters instead of comparing each."""
        for groups, others in self._crowds:
            by_counters: dict[Any, list[Group]] = {}
            for other in others:
                by_counters.setdefault(self._counters(other, mirrored=False), []).append(other)
            exact = {
                group: [
                    other for other in by_counters.get(self._counters(group, mirrored=True), ())[: CROWD + 1]
                    if self._may(group, other) and self._may(other, group) and self._exact(group, other)
                ]
                for group in groups
            }  # fmt: skip
            settled = all(len(found) == 1 for found in exact.values())
            settled = settled and len({found[0] for found in exact.values()}) == len(others)
            for group in groups:
                for end in list(self._groups[group]):
                    if settled:
                        self._join(end, self._other(end, exact[group][0]), "counters")
                    else:
                        listed = [other for other in others[: CROWD + 1] if self._may(group, other)]
                        self.found[end] = self._ambiguous(end, listed)

    def _counters(self, group: Group, mirrored: bool) -> Any:
        found = []
        for end in self._groups[group]:
            stats = self._links[end].get("stats64", {})
            sides = [(stats.get(side, {}).get("bytes"), stats.get(side, {}).get("packets")) for side in ("rx", "tx")]
            indexes = (end[1], self._partner[end])
            found.append((indexes[::-1], *sides[::-1]) if mirrored else (indexes, *sides))
        return tuple(sorted(found, key=str))

    def _parts(self) -> list[set[Group]]:
        """The sets of groups that are connected by being candidates of each other."""
        left = {group for group, others in self._options.items() if others}
        parts = []
        while left:
            part, queue = set(), [left.pop()]
            while queue:
                group = queue.pop()
                part.add(group)
                more = {other for other in self._options.get(group, ()) if other in left}
                left -= more
                queue += more
            parts.append(part)
        return parts

    # -- parents ---------------------------------------------------------------------------------------------------

    def _parent(self, position: int, link: Link) -> Peer | None:
        """The parent of a vlan, macvlan or tunnel."""
        if _kind(link) in PAIRS:
            return None
        name = link.get("link")
        if name is not None and "link_netnsid" not in link and "link_netns" not in link:
            return self._named_link(position, name)
        if "link_index" in link:
            known = self._known.get((position, link["link_netnsid"])) if "link_netnsid" in link else None
            if "link_netns" in link and link["link_netns"] in self._names:
                known = (self._names[link["link_netns"]], "name")
            if known is None:
                return self._parent_by_index(position, link)
            other = self._links.get((known[0], link["link_index"]))
            if other is None:
                return Peer("missing", self.namespaces[known[0]])
            return Peer(known[1], self.namespaces[known[0]], other)
        below = link.get("linkinfo", {}).get("info_data", {}).get("link")
        return self._named_link(position, below) if isinstance(below, str) else None

    def _parent_by_index(self, position: int, link: Link) -> Peer:
        """The one unnamed namespace that has such a link, if all namespaces were captured and the nsid has no name either."""
        ids = self._ids[position]
        nsid = link.get("link_netnsid")
        if not self._whole or nsid not in ids or ids[nsid] is not None:
            return Peer("missing")
        fit = [
            other for other, netns in enumerate(self.namespaces)
            if other != position and not netns.names and (other, link["link_index"]) in self._links
        ]  # fmt: skip
        return (
            Peer("index", self.namespaces[fit[0]], self._links[fit[0], link["link_index"]]) if len(fit) == 1 else Peer("missing")
        )

    def _named_link(self, position: int, name: str) -> Peer:
        other = next((link for link in self.namespaces[position].links or () if link.get("ifname") == name), None)
        return Peer("name" if other is not None else "missing", self.namespaces[position] if other is not None else None, other)


def _kind(link: Link) -> str | None:
    kind = link.get("linkinfo", {}).get("info_kind")
    if kind is None and "linkinfo" in link:
        return ""
    return kind if isinstance(kind, str) else None


def _ids(netns: Namespace) -> dict[int, str | None]:
    """The name of each nsid of a namespace; None where the nsid is listed without a name."""
    found: dict[int, str | None] = {}
    for row in netns.nsids or ():
        if "nsid" in row and "current-nsid" not in row:
            found[row["nsid"]] = row.get("name")
    for row in netns.named or ():
        if "id" in row and "name" in row:
            found[row["id"]] = row["name"]
    return found


def _is_blind(netns: Namespace, told: bool) -> bool:
    """Whether the program that printed the links does not know nsids (busybox, old iproute2): ``v0@eth0`` may name a wrong link.

    ``told``: whether some link of the host has an nsid.
    """
    links = netns.links or ()
    if netns.links_json or not any("link" in link or "link_index" in link for link in links):
        return False
    if not any("group" in link for link in links):
        return True  # busybox
    return not (told or netns.knows_nsids or any("min_mtu" in link or "num_tx_queues" in link for link in links))


def in_words(netns: Namespace, peer: Peer | None) -> str | None:
    """The other end in words: ``veth1@blue``; if it is ambiguous, all candidates with a question mark."""
    if peer is None:
        return None
    if peer.how == "ambiguous":
        shown = [_end(netns, *candidate) for candidate in peer.candidates[:3]]
        more = len(peer.candidates) - len(shown)
        return " or ".join(shown) + (f" or {more} more" if more else "") + "?"
    if peer.link is not None and peer.netns is not None:
        return _end(netns, peer.netns, peer.link)
    return f"?@{peer.netns.title}" if peer.netns is not None else "not captured"


def _end(here: Namespace, netns: Namespace, link: AnyRecord) -> str:
    return str(link.get("ifname")) if netns is here else f"{link.get('ifname')}@{netns.title}"
