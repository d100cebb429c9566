"""Find the namespaces of a large host that are one another's copies but for their addresses: a walk from one tells of all.

Two hundred containers on a bridge have the same routes, rules and switches, and the others have the same routes back to
them. Nothing that a walk asks then differs between them, unless somebody has written down one of their addresses, MACs or
links: in a firewall, a route, or a neighbour entry. What is written down is part of what is compared.
"""

from __future__ import annotations

from ...prefixes import is_multicast
from ..routing import Question
from . import address_of, kind, network_of, prefix_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from parsers.records import AddrInfo, AnyRecord, Link, Neigh

    from ...model.namespace import Namespace
    from . import Look

#: A namespace with more routes, or that others may route by, is nobody's copy.
_ROUTES = 60
_NEWS = frozenset({"PERMANENT", "NOARP", "FAILED", "INCOMPLETE"})
_LINK = ("flags", "mtu", "operstate", "master")
_PORT = ("state", "isolated", "learning", "flood", "neigh_suppress", "locked")
_NEIGH = ("dst", "dev", "lladdr", "state")
_ADDRESS = ("family", "prefixlen", "scope", "dadfailed", "tentative", "deprecated", "noprefixroute")


class Alike:
    """Tells for each namespace of a host what it has in common with its copies."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._names: dict[tuple[str, ...], list[str]] = {}  # of all switches -> those that a router has
        self.routers = [netns for netns in look.namespaces if self._may_route(netns)]
        self._written: dict[int, tuple[set[Any], set[int], set[str]]] = {}

    def key(self, netns: Namespace) -> Any:
        """What is equal for namespaces that are alike; the namespace's own identity where it may have no copy."""
        if any(netns is router for router in self.routers) or len(netns.routes or ()) + len(netns.routes6 or ()) > _ROUTES:
            return id(netns)
        own = {str(entry["local"]): f"own {at}" for at, entry in enumerate(_entries(netns)) if "local" in entry}
        return (
            tuple(self._link(netns, link) for link in netns.links or ()),
            *(_said(records, own) for records in (netns.routes, netns.routes6, netns.rules, netns.rules6)),
            tuple(tuple(str(neigh.get(field)) for field in _NEIGH) for neigh in netns.neighs or () if _is_news(neigh)),
            frozenset(self.look.switches(netns).values.items()),
            repr(netns.netconf),
            tuple(sorted(netns.tables)),
            tuple(self._outside(netns, text) for text in own),
        )

    def _may_route(self, netns: Namespace) -> bool:
        if netns.rulesets or netns.proxies:
            return True
        switches = self.look.switches(netns)
        values = switches.values if "net.ipv4.conf.all.forwarding" in switches.values else switches.everything()
        names = tuple(values)
        if names not in self._names:
            self._names[names] = [name for name in names if name.endswith((".forwarding", ".ip_forward", ".proxy_arp"))]
        return any(values[name] != "0" for name in self._names[names])

    def _link(self, netns: Namespace, link: Link) -> Any:
        name = str(link.get("ifname"))
        peer = self.look.host.peer(netns, link) if name != "lo" else None
        there = peer.link if peer is not None and peer.link is not None else {}
        slave = there.get("linkinfo", {}).get("info_slave_data", {})
        return (
            name,
            kind(link),
            *(str(link.get(field)) for field in _LINK),
            *(str(there.get(field)) for field in _LINK),
            *(str(slave.get(field)) for field in _PORT),
            id(peer.netns) if peer is not None else None,
            peer.how == "ambiguous" if peer is not None else None,
            tuple(str(entry.get(field)) for entry in netns.addresses_of(name) for field in _ADDRESS),
            tuple(str(network_of(entry)) for entry in netns.addresses_of(name) if (entry.get("prefixlen") or 0) < 64),
            self._vlans(peer.netns, str(there.get("ifname"))) if peer is not None and peer.netns is not None else None,
            tuple(self._mentions(router, mac) for router in self.routers for mac in (link.get("address"), there.get("ifname"))),
        )

    def _vlans(self, netns: Namespace, dev: str) -> str:
        return str([row.get("vlans") for row in netns.vlans or () if row.get("ifname") == dev])

    def _outside(self, netns: Namespace, text: str) -> Any:
        """How the others know an address: the way back to it, entries that were set or failed, and rules that name it."""
        address = address_of(text)
        if address is None or address.is_loopback or address.is_link_local:
            return None
        family = "inet6" if address.version == 6 else "inet"
        found: list[Any] = [len(self.look.walker.owners(text))]
        for router in self.routers:
            decision = self.look.walker.router(router, family).decide(Question(text, None))
            towards = tuple((leg.gateway == text or leg.gateway, self._leads(router, leg.dev, netns)) for leg in decision.legs)
            prefixes, lengths, _ = self._literals(router)
            named = tuple(
                length for length in lengths if length <= address.max_prefixlen and prefix_of(f"{text}/{length}") in prefixes
            )
            found += [decision.type, id(decision.rule), towards, named, self._mentions(router, text)]
        return tuple(found)

    def _leads(self, router: Namespace, dev: str, netns: Namespace) -> str:
        """A link of a router: by its name, unless it is the other end of the namespace's own cable."""
        link = router.link(dev)
        peer = self.look.host.peer(router, link) if link is not None else None
        return "" if peer is not None and peer.netns is netns else dev

    def _mentions(self, router: Namespace, word: str | None) -> bool:
        return word is not None and word in self._literals(router)[2]

    def _literals(self, router: Namespace) -> tuple[set[Any], set[int], set[str]]:
        """The networks with their lengths, and the words, that a router's rules and neighbour entries have written down."""
        if id(router) not in self._written:
            words = set(_words(router.rulesets or [])) | set(_words(router.proxies or []))
            words |= {str(neigh.get(key)) for neigh in router.neighs or () if _is_news(neigh) for key in ("dst", "lladdr")}
            words |= {str(row.get("mac")) for row in router.fdb or () if row.get("state") in ("permanent", "static")}
            prefixes = {net for word in words if (net := prefix_of(word)) is not None}
            self._written[id(router)] = prefixes, {net.prefixlen for net in prefixes}, words
        return self._written[id(router)]


def _entries(netns: Namespace) -> Iterator[AddrInfo]:
    for link in netns.addresses or ():
        yield from link.get("addr_info", ())


def _is_news(neigh: Neigh) -> bool:
    if not _NEWS.isdisjoint(neigh.get("state", ())):
        return not is_multicast(str(neigh.get("dst")))  # of groups the kernel makes entries, all in one way
    return False


def _said(records: Sequence[AnyRecord] | None, own: dict[str, str]) -> str:
    """Records in words, with the namespace's own addresses made equal."""
    text = repr(records)
    for address, name in own.items():
        text = text.replace(f"'{address}'", name)
    return text


def _words(value: Any) -> Iterator[str]:
    """Every word and prefix in rules: ``{"addr": "10.0.0.0", "len": 24}`` is ``10.0.0.0/24``."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "addr" in one and "len" in one:
                yield f"{one['addr']}/{one['len']}"
            waiting += one.values()
        elif isinstance(one, (list, tuple)):
            waiting += one
        elif isinstance(one, str):
            yield from one.split()
