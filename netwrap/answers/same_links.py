"""Find the links that have another name, or are in another namespace, in a later state of a host.

A link that is gone is one that is new, if these two alone are of one kind and share their index and MAC; else their MAC; else the
other end of their cable; else (in one namespace) their index and addresses. Links that stayed in their namespace are found first.
"""

from __future__ import annotations

import re

from parsers.tuples import NamedTuple

from .. import wording
from ..model.peers import PAIRS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from parsers.records import Link

    from ..model.host import Host
    from ..model.namespace import Namespace

    Place = tuple[Namespace, Link]
    #: What tells a link from others, by (state: 0 or 1, namespace, link); None where that is not known.
    Sign = Callable[[int, Namespace, Link], Any]

MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", re.ASCII)


class Same(NamedTuple):
    """A link that was renamed or moved: ``link`` of ``netns`` became ``now`` of ``there``; ``moved``: to another namespace."""

    netns: Namespace
    link: Link
    there: Namespace
    now: Link
    moved: bool


def stays(netns: Namespace, name: str) -> tuple[str, str]:
    """The title of a link's namespace and its name, as they are."""
    return netns.title, name


class SameLinks:
    """The links that were renamed or moved between two states of a host.

    ``pairs``: the namespaces of both states; ``gone``, ``new``: those of one. ``names``: by the identity of a namespace of the
    earlier state, the new names of the links that were renamed in it.
    """

    def __init__(
        self, before: Host, after: Host, pairs: Sequence[tuple[Namespace, Namespace, str]], gone: Sequence[Namespace],
        new: Sequence[Namespace],
    ) -> None:  # fmt: skip
        self._hosts = before, after
        self._partners = {id(one): other for one, other, _ in pairs}
        self.found: list[Same] = []
        self.names: dict[int, dict[str, str]] = {}
        self._now: dict[tuple[int, str], tuple[str, str]] = {}
        left = [place for one, other, _ in pairs for place in _lacking(one, other)]
        right = [place for one, other, _ in pairs for place in _lacking(other, one)]
        one_boot = before.hostname == after.hostname
        for sign in (_index_and_mac, _mac, self._peer, *((_index_and_addresses,) if one_boot else ())):
            self._match(left, right, sign, near=True)
        left += [(netns, link) for netns in gone if right for link in netns.links or ()]
        right += [(netns, link) for netns in new if left for link in netns.links or ()]
        for sign in (_mac, self._peer):
            self._match(left, right, sign, near=False)

    def place(self, netns: Namespace, name: str) -> tuple[str, str]:
        """The namespace and the name that a link of the earlier state has in the later one."""
        return self._now.get((id(netns), name)) or (self._partners.get(id(netns), netns).title, name)

    def _match(self, left: Iterable[Place], right: Iterable[Place], sign: Sign, near: bool) -> None:
        known = {id(link) for one in self.found for link in (one.link, one.now)}
        sides: tuple[dict[Any, list[Place]], dict[Any, list[Place]]] = ({}, {})
        for at, places in enumerate((left, right)):
            for netns, link in places:
                value = sign(at, netns, link) if id(link) not in known and link.get("ifname") != "lo" else None
                if value is not None:
                    info, room = link.get("linkinfo", {}), self._partners[id(netns)] if near and not at else netns
                    kind = info.get("info_kind"), info.get("info_data", {}).get("id")
                    sides[at].setdefault((near and id(room), *kind, value), []).append((netns, link))
        for key, some in sides[0].items():
            others = sides[1].get(key, ())
            if len(some) == len(others) == 1:
                self._add(*some[0], *others[0])

    def _add(self, netns: Namespace, link: Link, there: Namespace, now: Link) -> None:
        partner = self._partners.get(id(netns))
        if partner is None and all(other is not there for other in self._partners.values()):
            return  # all of the one namespace is gone, and all of the other is new
        name, called = str(link.get("ifname")), str(now.get("ifname"))
        self.found.append(Same(netns, link, there, now, partner is not there))
        self._now[id(netns), name] = there.title, called
        if partner is there:
            self.names.setdefault(id(netns), {})[name] = called

    def _peer(self, at: int, netns: Namespace, link: Link) -> Any:
        peer = self._hosts[at].peer(netns, link) if link.get("linkinfo", {}).get("info_kind") in PAIRS else None
        if peer is None or peer.netns is None or peer.link is None:
            return None
        return (stays if at else self.place)(peer.netns, str(peer.link.get("ifname")))


def _lacking(one: Namespace, other: Namespace) -> Iterator[Place]:
    """The links of a namespace whose names another one does not have."""
    names = {link.get("ifname") for link in other.links or ()}
    if one.links is not None and other.links is not None:
        yield from ((one, link) for link in one.links if link.get("ifname") not in names)


def _mac(at: int, netns: Namespace, link: Link) -> Any:
    mac = str(link.get("address")).lower()
    stands = "linkinfo" not in link and "link" in link  # a VLAN, whose id is not known, has the MAC of its parent
    return mac if MAC.fullmatch(mac) and mac != "00:00:00:00:00:00" and not stands else None


def _index_and_mac(at: int, netns: Namespace, link: Link) -> Any:
    mac = str(link.get("address")).lower()
    return (link["ifindex"], mac) if "ifindex" in link and MAC.fullmatch(mac) else None


def _index_and_addresses(at: int, netns: Namespace, link: Link) -> Any:
    texts = addresses_of(netns, str(link.get("ifname")))
    return (link["ifindex"], *texts) if "ifindex" in link and texts else None


def addresses_of(netns: Namespace, dev: str) -> list[str]:
    """The addresses of a link with their lengths, sorted, without those of the kernel (fe80::)."""
    return sorted(wording.address(entry) for entry in netns.addresses_of(dev) if not str(entry.get("local")).startswith("fe80:"))
