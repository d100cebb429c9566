"""Find the receivers of a frame that leaves by a link: cables, bridges with ports and VLANs, macvlan, bonds, tunnels.

A broadcast frame is followed from the link that sends it. Each link that would hand the frame to its namespace becomes an
:class:`End`, with the way of the frame and the first obstacle on that way. The search goes on behind an obstacle: so the owner of
an address is found even if it is cut off, and the obstacle is the cause.
"""

from __future__ import annotations

from functools import cached_property

from parsers.tuples import NamedTuple

from ..model.peers import PAIRS
from ..prefixes import is_multicast, network
from .inside import inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from parsers.records import AnyRecord, Link, Record

    from ..model.host import Host
    from ..model.namespace import Namespace
    from ..prefixes import Network

    #: Walks the outer packet of a tunnel: (namespace, source or None, destination, kind, port, TTL) → the namespace that it
    #: reaches, the obstacle on the way there, the source, and the obstacle on the way back.
    Carry = Callable[
        [Namespace, "str | None", str, str, "int | None", "int | None"],
        "tuple[Namespace | None, Obstacle | None, str | None, Obstacle | None]",
    ]

#: Devices that the kernel makes by itself when a tunnel's module is loaded; they are not drawn while nothing uses them.
FALLBACKS = ("tunl0", "gre0", "gretap0", "erspan0", "sit0", "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0")
_TUNNELS = ("gre", "gretap", "ipip", "sit", "ip6tnl", "ip6gre", "ip6gretap", "vti", "vti6", "wireguard", "xfrm", "geneve")
#: Tunnels that pass nothing on without policies of IPsec, which no capture contains.
_IPSEC = ("vti", "vti6", "xfrm")
#: Tunnels that may have no remote: the next hop of each packet is the outer destination.
_TO_NEXTHOPS = ("gre", "ipip")
_EVERYBODY = "00:00:00:00:00:00"
#: Added to the VLAN number of an 802.1ad tag: such a VLAN is not the VLAN of 802.1Q with the same number.
_SERVICE = 4096
_STOPPED = ("disabled", "listening", "learning", "blocking")
#: The most links on the way of a frame; a longer way is a loop of bridges.
_DEPTH = 40


class Obstacle(NamedTuple):
    """The place where a frame or packet ends, and the reason; ``mend``: commands that would let it pass."""

    reason: str
    netns: Namespace
    dev: str | None
    what: str
    command: str = ""
    mend: tuple[str, ...] = ()
    evidence: Any = None
    stage: str = "link"


class Step(NamedTuple):
    """One station on the way of a frame."""

    netns: Namespace
    stage: str
    what: str
    command: str
    evidence: Any = None


class Crossing(NamedTuple):
    """A bridge that a frame passes, for the firewalls that see bridged frames."""

    netns: Namespace
    bridge: str
    port_in: str | None
    port_out: str | None


class End(NamedTuple):
    """A link that receives the frame, and the way of the frame to it."""

    netns: Namespace
    link: Link
    trail: tuple[Step, ...]
    obstacle: Obstacle | None
    crossings: tuple[Crossing, ...]
    sizes: tuple[tuple[int, Namespace, str], ...]

    @property
    def dev(self) -> str:
        return str(self.link["ifname"])


class Unknown(NamedTuple):
    """A link by which a frame leaves the captured network. ``outside``: by a real cable; else the other end is not certain."""

    netns: Namespace
    dev: str
    trail: tuple[Step, ...]
    outside: bool
    what: str
    obstacle: Obstacle | None


class Proxy(NamedTuple):
    """A vxlan that answers ARP and neighbour discovery itself, from its own entries (`proxy`); the obstacle on the way to it."""

    netns: Namespace
    link: Link
    obstacle: Obstacle | None


class Segment:
    """All ends that a link reaches: ``own`` ends, and ends behind the other ports of bridges (``shared``), computed when needed.

    The ends behind a bridge are the same for all of its ports, except for the frame's way to the bridge. So a bridge with many
    ports is walked once, not once from each port.
    """

    def __init__(
        self, own: tuple[End, ...], unknown: tuple[Unknown, ...], dead: tuple[Obstacle, ...], shared: tuple[Shared, ...] = (),
        proxies: tuple[Proxy, ...] = (),
    ) -> None:  # fmt: skip
        self.own = own
        self.shared = shared
        moved_proxies = (moved for one in shared for moved in one.proxies())
        self.proxies: tuple[Proxy, ...] = (*proxies, *moved_proxies)
        self.unknown: tuple[Unknown, ...] = (*unknown, *(moved for one in shared for moved in one.unknown()))
        self.dead: tuple[Obstacle, ...] = (*dead, *(obstacle for one in shared for obstacle in one.core.dead))

    def each(self) -> Iterator[End]:
        """The ends, one by one, for a caller that needs only the first few. With several bridges an end may occur twice."""
        yield from self.own
        for one in self.shared:
            for end in one.core.own:
                moved = one.moved(end)
                if moved is not None:
                    yield moved

    def end(self, netns: Namespace, dev: str) -> End | None:
        """The end that is a certain link; None where the segment does not reach it."""
        found = self._places.get((id(netns), dev))
        for one in self.shared if found is None else ():
            there = one.core._places.get((id(netns), dev))
            found = found or (one.moved(there) if there is not None else None)
        return found

    @cached_property
    def _places(self) -> dict[tuple[int, str], End]:
        return {(id(end.netns), end.dev): end for end in self.own}

    @cached_property
    def ends(self) -> tuple[End, ...]:
        """All ends; of a link that is reached by two ways, the end whose way has no obstacle."""
        return tuple(_once(self.each()) if self.shared else self.own)


class Shared(NamedTuple):
    """A bridge as one of its ports sees it: ``core`` is the segment of the bridge itself, ``way`` the frame's way to it."""

    core: Segment
    bridge: str
    port: str
    sender: tuple[int, str]
    way: _Way

    def moved(self, end: End) -> End | None:
        """An end of the bridge as the port reaches it; None for an end behind the port itself."""
        if end.crossings[0].port_out == self.port or (id(end.netns), end.dev) == self.sender:
            return None
        crossings = (*self.way.crossings, end.crossings[0]._replace(port_in=self.port), *end.crossings[1:])
        obstacle = self.way.obstacle or end.obstacle
        return End(end.netns, end.link, self._trail(end.trail), obstacle, crossings, (*self.way.sizes, *end.sizes))

    def unknown(self) -> Iterator[Unknown]:
        """The links by which a frame from the port leaves the captured network."""
        for one in self.core.unknown:
            yield one._replace(trail=self._trail(one.trail), obstacle=self.way.obstacle or one.obstacle)

    def proxies(self) -> Iterator[Proxy]:
        """The vxlans that answer ARP and neighbour discovery of the port."""
        for one in self.core.proxies:
            yield one._replace(obstacle=self.way.obstacle or one.obstacle)

    def _trail(self, trail: tuple[Step, ...]) -> tuple[Step, ...]:
        first, *rest = trail
        out = first.what.partition(" to ")[2]
        return (*self.way.trail, first._replace(what=f"{self.bridge}: {self.port} to {out}"), *rest)


class _Way(NamedTuple):
    """The way of a frame so far."""

    trail: tuple[Step, ...] = ()
    obstacle: Obstacle | None = None
    crossings: tuple[Crossing, ...] = ()
    sizes: tuple[tuple[int, Namespace, str], ...] = ()
    passed: frozenset[tuple[int, str, tuple[int, ...]]] = frozenset()
    mac: str | None = None  # the destination; None: everybody
    sender: str | None = None  # the MAC that an answer goes to
    learned: bool = False  # whether a frame came from ``mac`` before
    left: tuple[int, str, str] | None = None  # the parent of the macvlan or ipvlan that sent the frame, and its mode
    mended: frozenset[tuple[str, int, object]] = frozenset()  # faults that count as mended

    def step(self, *step: Any) -> _Way:
        return _Way((*self.trail, Step(*step)), self.obstacle, self.crossings, self.sizes, self.passed, self.mac, self.sender,
                    self.learned, self.left, self.mended)  # fmt: skip

    def passing(self, key: tuple[int, str, tuple[int, ...]], sizes: tuple[tuple[int, Namespace, str], ...] = ()) -> _Way:
        """Continue the way through a link, and remember that link as passed; ``sizes``: the MTU of the link."""
        return _Way(self.trail, self.obstacle, self.crossings, (*self.sizes, *sizes), self.passed | {key}, self.mac, self.sender,
                    self.learned, self.left, self.mended)  # fmt: skip

    def blocked(self, obstacle: Obstacle) -> _Way:
        if self.obstacle is not None or (obstacle.reason, id(obstacle.netns), obstacle.dev) in self.mended:
            return self
        return self._replace(obstacle=obstacle)


def kind(link: AnyRecord) -> str | None:
    """The kind of a link (``veth``); "" for a physical one, None where the capture does not tell."""
    if "linkinfo" not in link:
        return None
    found = link["linkinfo"].get("info_kind", "")
    return str(found)


def state(link: Link) -> str:
    """The state of a link: ``up``, ``down`` (not set up), ``no carrier`` (set up, but the other end is not), or ``unknown``.

    >>> state({"flags": ["UP"], "operstate": "LOWERLAYERDOWN"}), state({"flags": []}), state({"operstate": "UP"})
    ('no carrier', 'down', 'up')
    """
    flags, operstate = link.get("flags"), link.get("operstate")
    if flags is None:
        return {"UP": "up", "DOWN": "down", "LOWERLAYERDOWN": "no carrier"}.get(str(operstate), "unknown")
    if "UP" not in flags:
        return "down"
    if "NO-CARRIER" in flags or operstate in ("DOWN", "LOWERLAYERDOWN", "NOTPRESENT", "DORMANT"):
        return "no carrier"
    return "up"


def role(netns: Namespace, link: AnyRecord) -> str | None:
    """The kind of a link. If the capture does not contain it, the flags of a master tell a bridge, a bond and a vrf apart.

    (Text without `-d` shows no kinds. Ports of Open vSwitch have the master ovs-system, which is not a bridge.)
    """
    what, flags = kind(link), link.get("flags", ())
    if what is not None or "LOOPBACK" in flags or not netns.ports(str(link.get("ifname"))) or link.get("ifname") == "ovs-system":
        return what
    return "bridge" if "MASTER" not in flags else "vrf" if "NOARP" in flags else "bond"


def data(link: AnyRecord) -> Record:
    """The details of a link's kind, as `-d` shows them."""
    found: Record = link.get("linkinfo", {}).get("info_data", {})
    return found


def has_address(netns: Namespace, dev: str, address: str) -> bool:
    """Whether a link has an address."""
    return any(row.get("local") == address for row in netns.addresses_of(dev))


def routes_like_its_parent(link: AnyRecord) -> bool:
    """Whether a link is an ipvlan of mode l3 or l3s: it asks for no MAC, and its parent's namespace routes its packets."""
    return kind(link) == "ipvlan" and data(link).get("mode") in ("l3", "l3s")


def _has_addresses(netns: Namespace, link: Link) -> bool:
    return bool(netns.addresses_of(str(link.get("ifname"))))


def is_up(link: AnyRecord) -> bool:
    """Whether a link is set up (its carrier is another matter)."""
    return "UP" in link.get("flags", ("UP",))


def has_details(netns: Namespace) -> bool:
    """Whether the links were captured with `-d`, which shows their kinds."""
    return any("linkinfo" in link for link in netns.links or ())


class Wires:
    """The segments of a host's links, each found once."""

    def __init__(self, host: Host, carry: Carry, mended: frozenset[tuple[str, int, object]] = frozenset()) -> None:
        self.host = host
        self.mended = mended
        self.carry = carry
        self._segments: dict[tuple[int, str, str | None, bool], Segment] = {}
        self._overlays: bool | None = None
        self._steered: dict[str, list[tuple[Namespace, str]]] | None = None
        self._children: dict[tuple[int, str], list[tuple[Namespace, Link]]] | None = None
        self._found: tuple[list[End], list[Unknown], list[Obstacle], list[Shared], list[Proxy]] = ([], [], [], [], [])
        self._sender: tuple[int, str] = (0, "")
        self._alike: dict[tuple[int, str], bool] = {}

    def segment(self, netns: Namespace, dev: str, mac: str | None = None, learned: bool = False) -> Segment:
        """Find all that receives a broadcast frame which a link sends.

        ``mac``: the frame goes to that MAC instead, which a vxlan may steer; for a tunnel that :meth:`asks_nexthop`, ``mac`` is
        the next hop of the packet. ``learned``: a frame came from that MAC before.
        """
        if self._overlays is None:
            self._overlays = any(kind(link) == "vxlan" for other in self.host.namespaces for link in other.links or ())
        steered = self._overlays or mac is not None and self.asks_nexthop(netns, netns.link(dev) or {})
        key = (id(netns), dev, mac if steered else None, learned and self._overlays)
        if key not in self._segments:
            itself = f"the outer packets of {dev} in {netns.title} would go through {dev} itself"
            self._segments[key] = Segment((), (), (Obstacle("tunnel", netns, dev, itself, self._show(netns, dev)),))
            before = self._found, self._sender
            self._found, self._sender = ([], [], [], [], []), key[:2]
            link = netns.link(dev)
            if link is not None:
                self._leave(netns, link, (), _Way(mac=key[2], sender=_mac(link), learned=learned, mended=self.mended))
            ends, unknown, dead, shared, proxies = self._found
            self._found, self._sender = before
            own = _once(end for end in ends if (id(end.netns), end.dev) != key[:2])
            self._segments[key] = Segment(tuple(own), tuple(unknown), tuple(dead), tuple(shared), tuple(proxies))
        return self._segments[key]

    # -- children -----------------------------------------------------------------------------------------------------

    def children(self, netns: Namespace, dev: str) -> list[tuple[Namespace, Link]]:
        """The vlan, macvlan and ipvlan links that stand on a link, in any namespace."""
        if self._children is None:
            self._children = {}
            for other in self.host.namespaces:
                for link in other.links or ():
                    if kind(link) in ("vlan", "macvlan", "macvtap", "ipvlan"):
                        parent = self.host.peer(other, link)
                        if parent is not None and parent.netns is not None and parent.link is not None:
                            key = (id(parent.netns), str(parent.link.get("ifname")))
                            self._children.setdefault(key, []).append((other, link))
        return self._children.get((id(netns), dev), [])

    def taker(self, netns: Namespace, dev: str, address: str) -> tuple[Namespace, Link] | None:
        """The link that takes a packet to an address, of the links that share the MAC of ``dev``: a parent and its ipvlans.

        All of them have one MAC, so the address decides: an ipvlan that has the address, else the parent. None: not captured.
        """
        place, link = netns, netns.link(dev)
        if kind(link or {}) == "ipvlan" and link is not None:
            parent = self.host.peer(netns, link)
            if parent is None or parent.netns is None or parent.link is None:
                return None
            place, link = parent.netns, parent.link
        for other, child in self.children(place, str((link or {}).get("ifname"))):
            if kind(child) == "ipvlan" and has_address(other, str(child.get("ifname")), address):
                return other, child
        return (place, link) if link is not None else None

    # -- out of a link ------------------------------------------------------------------------------------------------

    def _leave(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: _Way) -> None:
        name = str(link.get("ifname"))
        key = (id(netns), f">{name}", tags)
        if key in way.passed or len(way.passed) > _DEPTH:
            return
        way = way.passing(key)
        if not is_up(link):
            way = way.blocked(self._down(netns, name, "link-down", f"{name} in {netns.title} is down", link))
        what = role(netns, link)
        if what in PAIRS:
            self._pair(netns, link, tags, way)
        elif what == "bridge":
            self._into_bridge(netns, link, None, tags, way)
        elif what == "vlan":
            self._onto_parent(netns, link, (_tag(link), *tags), way)
        elif what in ("macvlan", "macvtap", "ipvlan"):
            self._beside(netns, link, tags, way)
        elif what in ("bond", "team"):
            self._out_of_bond(netns, link, tags, way)
        elif what == "vxlan" or what in _TUNNELS:
            self._through_tunnel(netns, link, tags, way)
        elif what in ("dummy", "ifb", "nlmon") or "LOOPBACK" in link.get("flags", ()):
            self._found[2].append(
                Obstacle("no-owner", netns, name, f"{name} in {netns.title} leads nowhere ({what})", self._show(netns, name))
            )
        elif what is None and not has_details(netns) and ("link_index" in link or "link" in link):
            self._pair(netns, link, tags, way)
        else:
            why = (
                f"{name} in {netns.title} leaves this host" if what in ("", None) else f"{name} in {netns.title} is a {what} link"
            )
            if "NO-CARRIER" in link.get("flags", ()):
                way = way.blocked(
                    Obstacle(
                        "no-carrier", netns, name, f"{name} in {netns.title} has no carrier", self._show(netns, name), (), link
                    )
                )
            self._found[1].append(Unknown(netns, name, way.trail, what in ("", None), why, way.obstacle))

    def _pair(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: _Way) -> None:
        name = str(link.get("ifname"))
        peer = self.host.peer(netns, link)
        if peer is None or peer.link is None or peer.netns is None:
            how = "is one of several" if peer is not None and peer.how == "ambiguous" else "was not captured"
            self._found[1].append(
                Unknown(netns, name, way.trail, False, f"the other end of {name} in {netns.title} {how}", way.obstacle)
            )
            return
        other = str(peer.link.get("ifname"))
        master = peer.link.get("master")
        said = f"{name} = {other} in {peer.netns.title}" + (f", port of {master}" if master else "")
        state = _port_state(peer.netns, peer.link) if master else None
        way = way.step(netns, "cable", said + (f" ({state})" if state else ""), self._show(netns, name), peer.link)
        if not is_up(peer.link):
            what = f"{other} in {peer.netns.title}, the other end of {name} in {netns.title}, is down"
            way = way.blocked(self._down(peer.netns, other, "peer-down", what, peer.link))
        self._arrive(peer.netns, peer.link, tags, way)

    def _onto_parent(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: _Way) -> None:
        name = str(link.get("ifname"))
        parent = self.host.peer(netns, link)
        if parent is None or parent.link is None or parent.netns is None:
            self._found[1].append(
                Unknown(netns, name, way.trail, False, f"the parent of {name} in {netns.title} was not captured", way.obstacle)
            )
            return
        way = way.step(
            netns, "vlan", f"{name} is VLAN {_called(tags[0])} of {parent.link.get('ifname')}", self._show(netns, name), link
        )
        self._leave(parent.netns, parent.link, tags, way)

    def _beside(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: _Way) -> None:
        """Send a frame out of a macvlan: to its siblings (if the mode lets it) and out by the parent, not to the parent."""
        name = str(link.get("ifname"))
        parent = self.host.peer(netns, link)
        if parent is None or parent.link is None or parent.netns is None:
            self._found[1].append(
                Unknown(netns, name, way.trail, False, f"the parent of {name} in {netns.title} was not captured", way.obstacle)
            )
            return
        below = str(parent.link.get("ifname"))
        mode = sibling_mode(link)
        way = way.step(
            netns,
            "link",
            f"{name} stands on {below} in {parent.netns.title} ({kind(link)}, mode {mode})",
            self._show(netns, name),
            link,
        )
        if not is_up(parent.link):
            way = way.blocked(
                self._down(
                    parent.netns,
                    below,
                    "link-down",
                    f"{below} in {parent.netns.title}, the parent of {name}, is down",
                    parent.link,
                )
            )
        apart = Obstacle(
            "macvlan-parent",
            netns,
            name,
            f"{name} in {netns.title} never reaches the namespace of its parent {below}",
            self._show(netns, name),
            (),
            link,
        )
        self._found[0].append(End(parent.netns, parent.link, way.trail, way.blocked(apart).obstacle, way.crossings, way.sizes))
        way = way._replace(left=(id(parent.netns), below, mode))
        for other, sibling in self.children(parent.netns, below):
            if kind(sibling) == "vlan" or (other is netns and sibling.get("ifname") == name):
                continue
            aside = way
            theirs = sibling_mode(sibling)
            if not mode == theirs == "bridge":
                what = f"{name} in {netns.title} is in mode {mode}, {sibling.get('ifname')} in {other.title} in mode {theirs}"
                aside = way.blocked(
                    Obstacle(
                        "isolated",
                        netns,
                        name,
                        what,
                        self._show(netns, name),
                        _bridged((netns, link), (other, sibling)),
                        link,
                    )
                )
            self._arrive(other, sibling, tags, aside)
        self._leave(parent.netns, parent.link, tags, way)

    def _out_of_bond(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: _Way) -> None:
        name = str(link.get("ifname"))
        members = netns.ports(name)
        carrying = [port for port in members if is_up(port) and "NO-CARRIER" not in port.get("flags", ())]
        active = [port for port in members if port.get("ifname") == data(link).get("active_slave")]
        chosen = active or carrying[:1]
        if not carrying:
            what = f"{name} in {netns.title} has no member with a carrier"
            mend = tuple(one for port in members for one in self._carrier_for(netns, port))[:1]
            self._found[2].append(Obstacle("no-carrier", netns, name, what, self._show(netns, name), mend, link))
            return
        if active and active[0] not in carrying:
            called = active[0].get("ifname")
            what = f"{name} in {netns.title} sends by {called}, which has no carrier: it does not watch its members (miimon 0)"
            mend = (inside(netns, f"ip link set dev {name} type bond miimon 100"),)
            way = way.blocked(Obstacle("no-carrier", netns, name, what, self._show(netns, name), mend, link))
        self._leave(
            netns,
            chosen[0],
            tags,
            way.step(netns, "link", f"{name} sends by {chosen[0].get('ifname')}", self._show(netns, name), link),
        )

    def _carrier_for(self, netns: Namespace, link: Link) -> tuple[str, ...]:
        """The command that gives a link a carrier: it sets up the end that is down."""
        if not is_up(link):
            return (inside(netns, f"ip link set dev {link.get('ifname')} up"),)
        peer = self.host.peer(netns, link)
        if peer is None or peer.netns is None or peer.link is None or is_up(peer.link):
            return ()
        return (inside(peer.netns, f"ip link set dev {peer.link.get('ifname')} up"),)

    # -- bridges ------------------------------------------------------------------------------------------------------

    def _into_bridge(self, netns: Namespace, bridge: Link, port: Link | None, tags: tuple[int, ...], way: _Way) -> None:
        """Hand a frame to a bridge: from a port, or (``port`` is None) from its own namespace."""
        name = str(bridge.get("ifname"))
        entry = str(port.get("ifname")) if port is not None else None
        if not is_up(bridge):
            way = way.blocked(self._down(netns, name, "bridge-down", f"bridge {name} in {netns.title} is down", bridge))
        if port is not None:
            way = self._checked_state(netns, port, way)
        filtering = bool(data(bridge).get("vlan_filtering"))
        vid = 0
        if filtering:
            vid, tags, way = self._classified(netns, name, entry or name, tags, way)
        if port is not None:
            inner = way
            if filtering:
                inner, tags_out = self._untagged(netns, name, name, vid, tags, way)
            else:
                tags_out = tags
            self._deliver(
                netns, bridge, tags_out, inner._replace(crossings=(*inner.crossings, Crossing(netns, name, entry, None)))
            )
        plain = not way.crossings and not tags and way.mac is None
        if port is not None and plain and kind(port) in PAIRS and self._treats_alike(netns, name):
            self._found[3].append(Shared(self.segment(netns, name), name, str(entry), self._sender, way))
            return
        others = [
            link for link in netns.ports(name) if link.get("ifname") != entry or slave_of(netns, link).get("hairpin")
        ]  # fmt: skip
        for other in others:
            out = str(other.get("ifname"))
            aside = self._checked_state(netns, other, way)
            tags_out = tags
            if filtering:
                aside, tags_out = self._untagged(netns, name, out, vid, tags, aside)
            if port is not None and slave_of(netns, port).get("isolated") and slave_of(netns, other).get("isolated"):
                what = f"{entry} and {out} of bridge {name} in {netns.title} are both isolated"
                mend = (inside(netns, f"bridge link set dev {out} isolated off"),)
                aside = aside.blocked(
                    Obstacle("isolated", netns, out, what, inside(netns, f"bridge -d link show dev {out}"), mend, other, "bridge")
                )
            if not is_up(other):
                aside = aside.blocked(
                    self._down(netns, out, "link-down", f"{out} in {netns.title}, a port of {name}, is down", other)
                )
            aside = aside._replace(sizes=(*aside.sizes, *_size(netns, other)))
            aside = aside.step(
                netns, "bridge", f"{name}: {entry or name} to {out}", inside(netns, f"bridge link show dev {out}"), other
            )
            self._leave(netns, other, tags_out, aside._replace(crossings=(*aside.crossings, Crossing(netns, name, entry, out))))
        if not others and port is None:
            self._found[2].append(
                Obstacle(
                    "no-port",
                    netns,
                    name,
                    f"bridge {name} in {netns.title} has no ports",
                    inside(netns, "bridge link show"),
                    (),
                    bridge,
                    "bridge",
                )
            )

    def _treats_alike(self, netns: Namespace, bridge: str) -> bool:
        """Whether a bridge treats frames from all of its ports in the same way: no VLANs, isolation or hairpin."""
        key = (id(netns), bridge)
        if key not in self._alike:
            self._alike[key] = not data(netns.link(bridge) or {}).get("vlan_filtering") and not any(
                slave_of(netns, port).get("isolated") or slave_of(netns, port).get("hairpin") for port in netns.ports(bridge)
            )
        return self._alike[key]

    def _checked_state(self, netns: Namespace, port: Link, way: _Way) -> _Way:
        name = str(port.get("ifname"))
        state = _port_state(netns, port)
        if state not in _STOPPED or not is_up(port) or not is_up(netns.link(str(port.get("master"))) or {}):
            return way
        if state == "disabled" and "NO-CARRIER" in port.get("flags", ()):
            return way  # the cable is at fault, and reported as the cause
        what = f"{name} in {netns.title} does not forward: its port is {state}"
        mend = (inside(netns, f"bridge link set dev {name} state 3"),)
        return way.blocked(
            Obstacle("port-state", netns, name, what, inside(netns, f"bridge link show dev {name}"), mend, port, "bridge")
        )

    def _classified(
        self, netns: Namespace, bridge: str, dev: str, tags: tuple[int, ...], way: _Way
    ) -> tuple[int, tuple[int, ...], _Way]:
        """Classify a frame at a port with VLAN filtering; returns its VLAN, the tags that are left, and its way."""
        rows = _vlans(netns, dev)
        command = inside(netns, f"bridge vlan show dev {dev}")
        if rows is None:
            return (
                0,
                tags,
                way.blocked(Obstacle("not-captured", netns, dev, f"the VLANs of {dev} in {netns.title}", command, stage="vlan")),
            )
        service = str(data(netns.link(bridge) or {}).get("vlan_protocol", "")).lower() == "802.1ad"
        if tags and (tags[0] >= _SERVICE) == service:
            tags = (tags[0] % _SERVICE, *tags[1:])
            if tags[0] not in rows:
                mend = (inside(netns, f"bridge vlan add dev {dev} vid {tags[0]}{' self' if dev == bridge else ''}"),)
                what = f"VLAN {tags[0]} is not allowed on {dev} of bridge {bridge} in {netns.title}"
                way = way.blocked(Obstacle("vlan", netns, dev, what, command, mend, rows, "vlan"))
            return tags[0], tags[1:], way
        pvid = next((vid for vid, flags in rows.items() if "PVID" in flags), None)
        if pvid is None:
            what = f"{dev} of bridge {bridge} in {netns.title} has no VLAN for untagged frames (pvid)"
            vid = self._vlan_beside(netns, bridge, dev) or next(iter(rows), 1)
            mend = (inside(netns, f"bridge vlan add dev {dev} vid {vid} pvid untagged{' self' if dev == bridge else ''}"),)
            return 0, tags, way.blocked(Obstacle("vlan", netns, dev, what, command, mend, rows, "vlan"))
        return pvid, tags, way

    def _vlan_beside(self, netns: Namespace, bridge: str, dev: str) -> int | None:
        """The VLAN of a bridge in which others have addresses in the network of the station behind a port; None: no such VLAN."""

        def networks(place: Namespace | None, name: object) -> set[Network | None]:
            rows = place.addresses_of(str(name)) if place is not None else []
            return {
                network(f"{row['local']}/{row['prefixlen']}")
                for row in rows if row.get("scope") == "global" and "local" in row and "prefixlen" in row
            } - {None}  # fmt: skip

        def behind(port: Link) -> set[Network | None]:
            peer = self.host.peer(netns, port)
            return networks(peer.netns, (peer.link or {}).get("ifname")) if peer is not None else set()

        wanted = behind(netns.link(dev) or {}) if dev != bridge else networks(netns, bridge)
        for other, child in self.children(netns, bridge):
            if kind(child) == "vlan" and networks(other, child.get("ifname")) & wanted:
                return int(data(child).get("id", 0))
        for port in netns.ports(bridge):
            rows = _vlans(netns, str(port.get("ifname"))) or {}
            if behind(port) & wanted:
                return next((vid for vid, flags in rows.items() if "PVID" in flags), None)
        return None

    def _untagged(
        self, netns: Namespace, bridge: str, dev: str, vid: int, tags: tuple[int, ...], way: _Way
    ) -> tuple[_Way, tuple[int, ...]]:
        """Let a frame of a VLAN leave by a port; returns its way, blocked if the port does not allow the VLAN, and its tags."""
        rows = _vlans(netns, dev)
        command = inside(netns, f"bridge vlan show dev {dev}")
        if rows is None:
            return way.blocked(
                Obstacle("not-captured", netns, dev, f"the VLANs of {dev} in {netns.title}", command, stage="vlan")
            ), tags
        if vid not in rows:
            itself = " self" if dev == bridge else ""
            untagged = " pvid untagged" if not self._is_trunk(netns, dev, vid, rows) else ""
            mend = (inside(netns, f"bridge vlan add dev {dev} vid {vid}{untagged}{itself}"),)
            what = f"VLAN {vid} is not allowed on {dev} of bridge {bridge} in {netns.title}"
            return way.blocked(Obstacle("vlan", netns, dev, what, command, mend, rows, "vlan")), tags
        service = str(data(netns.link(bridge) or {}).get("vlan_protocol", "")).lower() == "802.1ad"
        return way, tags if "Egress Untagged" in rows[vid] else (vid + _SERVICE * service, *tags)

    def _is_trunk(self, netns: Namespace, dev: str, vid: int, rows: dict[int, tuple[str, ...]]) -> bool:
        """Whether frames of a VLAN should leave a port with its tag: the other end has a link for it, or there are only tags."""
        peer = self.host.peer(netns, netns.link(dev) or {})
        if peer is not None and peer.netns is not None and peer.link is not None:
            children = self.children(peer.netns, str(peer.link.get("ifname")))
            if any(kind(child) == "vlan" for _, child in children):
                return any(_tag(child) % _SERVICE == vid for _, child in children if kind(child) == "vlan")
        return bool(rows) and not any("Egress Untagged" in flags for flags in rows.values())

    # -- into a link --------------------------------------------------------------------------------------------------

    def _arrive(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: _Way) -> None:
        """Receive a frame at a link, and pass it to the link's bridge or bond, else to the namespace."""
        name = str(link.get("ifname"))
        key = (id(netns), f"<{name}", tags)
        if key in way.passed or len(way.passed) > _DEPTH:
            return
        way = way.passing(key, _size(netns, link))
        if not is_up(link):
            way = way.blocked(self._down(netns, name, "link-down", f"{name} in {netns.title} is down", link))
        master = netns.link(str(link["master"])) if "master" in link else None
        over = role(netns, master) if master is not None else None
        if tags and any(kind(child) == "vlan" and _tag(child) == tags[0] for _, child in self.children(netns, name)):
            self._deliver(netns, link, tags, way)  # a VLAN link of the port takes its frames before the bridge or bond
            return
        if master is not None and over == "bridge":
            self._into_bridge(netns, master, link, tags, way)
        elif master is not None and over in ("bond", "team"):
            if slave_of(netns, link).get("state") == "BACKUP":
                what = (
                    f"{name} in {netns.title} is not the active member of {master.get('ifname')}, which takes nothing from {name}"
                )
                active = netns.link(str(data(master).get("active_slave"))) or {}
                blind = not is_up(active) or "NO-CARRIER" in active.get("flags", ())  # with miimon the bond would have changed
                change = "miimon 100" if blind else f"active_slave {name}"
                mend = (inside(netns, f"ip link set dev {master.get('ifname')} type bond {change}"),)
                way = way.blocked(Obstacle("port-state", netns, name, what, self._show(netns, name), mend, link))
            self._arrive(netns, master, tags, way)
        elif master is not None and over not in ("vrf",):
            self._found[1].append(
                Unknown(
                    netns,
                    name,
                    way.trail,
                    False,
                    f"{name} in {netns.title} is a port of {over} {master.get('ifname')}",
                    way.obstacle,
                )
            )
        else:
            self._deliver(netns, link, tags, way)

    def _deliver(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: _Way) -> None:
        """Deliver a frame to the namespace: to the link itself, to the VLAN link of its tag, to the macvlans on the link."""
        name = str(link.get("ifname"))
        children = self.children(netns, name)
        if tags:
            taken = [child for child in children if kind(child[1]) == "vlan" and _tag(child[1]) == tags[0]]
            for other, child in taken:
                self._arrive(
                    other,
                    child,
                    tags[1:],
                    way.step(
                        other,
                        "vlan",
                        f"{child.get('ifname')} takes VLAN {_called(tags[0])}",
                        self._show(other, str(child.get("ifname"))),
                        child,
                    ),
                )
            if not taken:
                what = f"nobody takes VLAN {_called(tags[0])} of {name} in {netns.title}"
                mend = _without_tag(way, tags[0])
                blocked = way.blocked(Obstacle("vlan", netns, name, what, self._show(netns, name), mend, link, "vlan"))
                self._found[0].append(End(netns, link, way.trail, blocked.obstacle, way.crossings, way.sizes))
            return
        self._found[0].append(End(netns, link, way.trail, self._past(netns, name, children, way), way.crossings, way.sizes))
        for other, child in children:
            if kind(child) != "vlan":
                called = child.get("ifname")
                aside = way.step(
                    other, "link", f"{called} stands on {name} in {netns.title}", self._show(other, str(called)), child
                )
                if way.left is not None and way.left[:2] == (id(netns), name) and kind(child) != "ipvlan":
                    mode, theirs = way.left[2], sibling_mode(child)
                    if mode == "private" or theirs == "private" or mode == theirs == "bridge":
                        what = (
                            f"{called} in {other.title} takes nothing that a sibling in mode {mode} sent and the switch sent back"
                        )
                        aside = aside.blocked(
                            Obstacle(
                                "isolated",
                                other,
                                str(called),
                                what,
                                self._show(other, str(called)),
                                _bridged((other, child)),
                                child,
                            )
                        )
                self._arrive(other, child, (), aside)

    def _past(self, netns: Namespace, name: str, children: list[tuple[Namespace, Link]], way: _Way) -> Obstacle | None:
        """The obstacle between a link and its own namespace: a macvlan in mode passthru takes every frame."""
        for other, child in children:
            if kind(child) in ("macvlan", "macvtap") and sibling_mode(child) == "passthru":
                called = child.get("ifname")
                what = f"{called} in {other.title} (mode passthru) takes every frame that comes to {name} in {netns.title}"
                return way.blocked(
                    Obstacle("macvlan-parent", netns, name, what, self._show(other, str(called)), (), child)
                ).obstacle
        return way.obstacle

    # -- tunnels ------------------------------------------------------------------------------------------------------

    def _through_tunnel(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: _Way) -> None:
        name, what, info = str(link.get("ifname")), kind(link), data(link)
        under = self.underlay(netns, link)
        remotes = self.remotes(netns, link, way.mac)
        if way.learned and what == "vxlan" and info.get("learning", True) and not self._set_for(netns, link, way.mac):
            remotes = self._talkers(netns, link) or remotes
        if under is None:
            self._found[1].append(
                Unknown(
                    netns, name, way.trail, False, f"the namespace below {name} in {netns.title} was not captured", way.obstacle
                )
            )
            return
        if what in _IPSEC:
            why = f"the IPsec policies that {name} in {netns.title} needs were not captured"
            self._found[1].append(Unknown(netns, name, way.trail, False, why, way.obstacle))
            return
        beyond = self._beyond(netns, link, under, way) if what == "vxlan" else None
        if beyond is not None:
            why = f"the multicast group of {name} in {netns.title} may have members behind {beyond.dev}, which was not captured"
            self._found[1].append(Unknown(netns, name, way.trail, True, why, way.obstacle))
        if what == "vxlan" and info.get("proxy") and way.mac is None:
            self._found[4].append(Proxy(netns, link, way.obstacle))
        elif not remotes and beyond is None:
            text = f"{what} {name} in {netns.title} has no remote"
            if what == "wireguard":
                text = f"the peers of {name} in {netns.title} (`wg show {name}`) were not captured"
                self._found[1].append(Unknown(netns, name, way.trail, False, text, way.obstacle))
                return
            if info.get("external") or info.get("collect_metadata"):
                self._found[1].append(Unknown(netns, name, way.trail, False, f"{text} that is understood", way.obstacle))
                return
            command = inside(netns, f"bridge fdb show dev {name}") if what == "vxlan" else self._show(netns, name)
            mend = self._meant(netns, link, _address(info.get("local")), way.mac)
            self._found[2].append(Obstacle("tunnel", netns, name, text, command, mend, link, "tunnel"))
        for remote in remotes:
            self._to_remote(netns, link, under, remote, tags, way)

    def _to_remote(self, netns: Namespace, link: Link, under: Namespace, remote: str, tags: tuple[int, ...], way: _Way) -> None:
        name, what, info = str(link.get("ifname")), str(kind(link)), data(link)
        port = int(info.get("port", 4789)) if what in ("vxlan", "geneve") else None
        place, obstacle, source, returning = self.carry(
            under, _address(info.get("local")), remote, what, port, _whole(info.get("ttl"))
        )
        if way.mac is None and what in ("vxlan", "geneve", "gretap", "ip6gretap"):
            obstacle = obstacle or returning  # the frame asks for a MAC, and the answer has to come
        called = f"{name} ({what} {info['id']})" if "id" in info else f"{name} ({what})"
        outer = f"{called}: outer packet {source or '?'} to {remote} from {under.title}"
        way = way.step(
            netns, "tunnel", outer + (f" comes to {place.title}" if place is not None else ""), self._show(netns, name), link
        )
        meant = self._meant(netns, link, source, way.mac)
        if obstacle is not None:
            if obstacle.reason == "no-owner" or obstacle.reason == "no-route" and meant or self.asks_nexthop(netns, link):
                obstacle = obstacle._replace(mend=meant)
            text = f"the outer packet of {name} in {netns.title} to {remote} ends: {obstacle.what}"
            way = way.blocked(obstacle._replace(what=text, stage="tunnel"))
        if place is None:
            if obstacle is None:
                self._found[1].append(
                    Unknown(
                        netns,
                        name,
                        way.trail,
                        True,
                        f"the tunnel {name} in {netns.title} leads to {remote}, which was not captured",
                        way.obstacle,
                    )
                )
            else:
                self._found[2].append(way.obstacle or obstacle)
            return
        takers, near = self._takers(netns, link, place, source, remote)
        for other, end in takers:
            back = way
            if (
                source is not None
                and what == "vxlan"
                and way.mac is None
                and not data(end).get("learning", True)
                and source not in self.remotes(other, end, way.sender)
            ):
                text = f"{end.get('ifname')} in {other.title} has no remote {source} to answer by"
                mend = (inside(other, f"bridge fdb append 00:00:00:00:00:00 dev {end.get('ifname')} dst {source}"),)
                back = back.blocked(
                    Obstacle("tunnel", other, str(end.get("ifname")), text, inside(other, "bridge fdb show"), mend, end, "tunnel")
                )
            self._arrive(other, end, tags, back)
        if not takers:
            obstacle = near or Obstacle(
                "tunnel",
                place,
                None,
                f"nobody in {place.title} takes {what} {info.get('id', '')} of {name} in {netns.title}".replace("  ", " "),
                inside(place, "ip -d link show"),
                meant,
                link,
                "tunnel",
            )
            self._found[2].append(way.blocked(obstacle).obstacle or obstacle)

    def _takers(
        self, netns: Namespace, link: Link, place: Namespace, source: str | None, remote: str
    ) -> tuple[list[tuple[Namespace, Link]], Obstacle | None]:
        """Find the tunnels that take the outer packets of the tunnel ``link``; if none does, why the likeliest one refuses them.

        Of several IP tunnels, the one with the most addresses (remote, local) takes a packet; a tunnel that is down takes none.
        """
        what, info = kind(link), data(link)
        found: list[tuple[tuple[bool, int], Namespace, Link]] = []
        near: list[tuple[bool, Obstacle]] = []
        for other in self.host.namespaces:
            for end in other.links or ():
                if kind(end) != what or (other is netns and end is link) or self.underlay(other, end) is not place:
                    continue
                theirs = data(end)
                ends = (_remote(theirs), _address(theirs.get("local")))
                if theirs.get("id") != info.get("id") or theirs.get("port") != info.get("port"):
                    continue
                if what == "geneve" and ends[0] is None or what not in ("vxlan", "geneve") and ends[1] not in (None, remote):
                    continue
                wrong = None if what == "vxlan" else self._unlike(link, other, end, source)
                if wrong is None:
                    found.append(((is_up(end), sum(one is not None for one in ends)), other, end))
                elif ends != (None, None):
                    near.append((ends[1] is None, wrong))
        if what != "vxlan":
            found = sorted(found, key=lambda one: one[0])[-1:]
            spare = [end for (up, named), other, end in found if not up and not named and not _has_addresses(other, end)]
            found = [] if near and found and not found[0][0][0] or spare else found
        return [(other, end) for _, other, end in found], min(near, key=lambda one: one[0])[1] if near else None

    def _meant(self, netns: Namespace, link: Link, source: str | None, nexthop: str | None) -> tuple[str, ...]:
        """The command that directs a tunnel to the tunnel whose remote is our ``source``, if there is exactly one such tunnel.

        An IP tunnel that was made without a remote cannot get one later: there the command directs the packet's ``nexthop``.
        """
        what, info, dev = kind(link), data(link), link.get("ifname")
        ours = _remote(info)
        found = [
            _address(data(end).get("local"))
            for other in self.host.namespaces for end in other.links or ()
            if kind(end) == what and end is not link and data(end).get("id") == info.get("id")
            and source is not None and _remote(data(end)) == source
        ]  # fmt: skip
        if len(found) != 1 or found[0] is None or found[0] == ours and what != "vxlan":
            return ()
        if found[0] == ours and ours in self.remotes(netns, link, nexthop):
            return ()
        if found[0] == ours:  # its entry for everybody went away, or leads elsewhere
            return (inside(netns, f"bridge fdb append {_EVERYBODY} dev {dev} dst {ours}"),)
        if nexthop is None or not self.asks_nexthop(netns, link):
            return (inside(netns, f"ip link set dev {dev} type {what} {_to_remote(link, str(found[0]))}"),)
        if what == "gre":
            return (inside(netns, f"ip neigh replace {nexthop} lladdr {found[0]} dev {dev} nud permanent"),)
        return (inside(netns, f"ip route replace {nexthop}/32 via {found[0]} dev {dev} onlink"),)

    def _unlike(self, link: Link, other: Namespace, end: Link, source: str | None) -> Obstacle | None:
        """Why the tunnel ``end`` refuses packets of the tunnel ``link``: remote, key or checksum; None if it takes them."""
        info, theirs, dev, what = data(link), data(end), str(end.get("ifname")), kind(end)
        remote = _remote(theirs)
        text, change = "", ""
        if source is not None and remote not in (None, source):
            text, change = f"has the remote {remote}, not {source}", _to_remote(link, source)
        elif info.get("okey") != theirs.get("ikey"):
            text = f"takes {_key(theirs.get('ikey'))}, not {_key(info.get('okey'))}"
            change = f"ikey {info['okey']}" if "okey" in info else "noikey"
        elif bool(info.get("ocsum")) != bool(theirs.get("icsum")):
            text = "takes packets " + ("with" if theirs.get("icsum") else "without") + " a checksum only"
            change = "icsum" if info.get("ocsum") else "noicsum"
        if not text:
            return None
        mend = (inside(other, f"ip link set dev {dev} type {what} {change}"),)
        return Obstacle("tunnel", other, dev, f"{dev} in {other.title} {text}", self._show(other, dev), mend, end, "tunnel")

    def asks_nexthop(self, netns: Namespace, link: AnyRecord) -> bool:
        """Whether a tunnel has no remote and sends each packet to the next hop of its route."""
        info = data(link)
        return kind(link) in _TO_NEXTHOPS and _address(info.get("remote")) is None and not info.get("external")

    def underlay(self, netns: Namespace, link: Link) -> Namespace | None:
        """The namespace that a tunnel was made in, where its outer packets are sent."""
        if "link_netnsid" not in link and "link_netns" not in link:
            return netns
        peer = self.host.peer(netns, link)
        if peer is not None and peer.netns is not None:
            return peer.netns
        for other in self.host.namespaces:
            if self.host.nsid(other, netns) == link.get("link_netnsid"):
                return other
        return None

    def _talkers(self, netns: Namespace, link: Link) -> list[str]:
        """The addresses of the other ends of a vxlan, which it learns from their frames."""
        ends = ((other, end) for other in self.host.namespaces for end in other.links or () if kind(end) == "vxlan")
        found = [
            _address(data(end).get("local")) for _, end in ends if end is not link and data(end).get("id") == data(link).get("id")
        ]
        return list(dict.fromkeys(one for one in found if one is not None))

    def steered(self, mac: str) -> list[tuple[Namespace, str]]:
        """The vxlans that have an entry of their own for a MAC, each with its namespace."""
        if self._steered is None:
            self._steered = {}
            for netns in self.host.namespaces:
                for row in netns.fdb or ():
                    if "dst" in row:
                        self._steered.setdefault(str(row.get("mac")).lower(), []).append((netns, str(row.get("ifname"))))
        return self._steered.get(mac, [])

    def remotes(self, netns: Namespace, link: Link, mac: str | None = None) -> list[str]:
        """The addresses that a tunnel sends a frame to: those of the entry for its MAC, else those that the tunnel floods to."""
        found = [_address(data(link).get(key)) for key in ("remote", "remote6", "group", "group6")]
        if mac is not None and self.asks_nexthop(netns, link):
            rows = [row for row in netns.neighs or () if row.get("dev") == link.get("ifname") and row.get("dst") == mac]
            if rows:
                return [str(row.get("lladdr", mac)) for row in rows[:1]]
            return [mac] if kind(link) == "ipip" else []  # gre asks its neighbour table only
        if kind(link) == "vxlan" and netns.fdb is not None:  # the fdb contains the remote that the link was made with, too
            known = [str(row["dst"]) for row in self._entries(netns, link) if row.get("mac") == _EVERYBODY]
            found = [*(self._set_for(netns, link, mac)[:1] or known)]
        each = (one for address in found if address is not None for one in self._members(netns, link, address))
        return list(dict.fromkeys(each))

    @staticmethod
    def _entries(netns: Namespace, link: Link) -> list[AnyRecord]:
        return [row for row in netns.fdb or () if row.get("ifname") == link.get("ifname") and "dst" in row]

    def _set_for(self, netns: Namespace, link: Link, mac: str | None) -> list[str]:
        """The remotes of the entries that somebody set for a MAC; a vxlan does not change these by learning."""
        return [
            str(row["dst"]) for row in self._entries(netns, link)
            if row.get("state") in ("permanent", "static") and str(row.get("mac")).lower() == mac
        ]  # fmt: skip

    def _members(self, netns: Namespace, link: Link, address: str) -> list[str]:
        """The address itself; for a multicast group the addresses of the links on which a tunnel has joined it."""
        if not is_multicast(address):
            return [address]
        info, under = data(link), self.underlay(netns, link)
        joined = {
            (id(self.underlay(other, end)), data(end).get("link"))
            for other in self.host.namespaces for end in other.links or ()
            if kind(end) == "vxlan" and address in (data(end).get("group"), data(end).get("group6"))
        }  # fmt: skip
        ends = self.segment(under, str(info.get("link"))).each() if under is not None else ()
        return [
            str(row["local"])
            for end in ends if (id(end.netns), end.dev) in joined
            for row in end.netns.addresses_of(end.dev)[:1] if "local" in row
        ]  # fmt: skip

    def _beyond(self, netns: Namespace, link: Link, under: Namespace, way: _Way) -> Unknown | None:
        """The way out of the captured network behind which hosts may have joined the multicast group of a vxlan; else None."""
        if self._set_for(netns, link, way.mac):
            return None
        flooded = [row["dst"] for row in self._entries(netns, link) if row.get("mac") == _EVERYBODY]
        groups = [_address(it) for it in (data(link).get("group"), data(link).get("group6"), *flooded)]
        if not any(it is not None and is_multicast(it) for it in groups):
            return None
        return next(iter(self.segment(under, str(data(link).get("link"))).unknown), None)

    # -- words --------------------------------------------------------------------------------------------------------

    def _show(self, netns: Namespace, dev: str) -> str:
        return inside(netns, f"ip -d link show dev {dev}")

    def _down(self, netns: Namespace, dev: str, reason: str, what: str, link: Link) -> Obstacle:
        return Obstacle(reason, netns, dev, what, self._show(netns, dev), (inside(netns, f"ip link set dev {dev} up"),), link)


def _once(ends: Iterable[End]) -> Iterator[End]:
    """Each end once; of a link that is reached by two ways, the end whose way has no obstacle."""
    best: dict[tuple[int, str], End] = {}
    for end in ends:
        key = (id(end.netns), end.dev)
        if key not in best or best[key].obstacle is not None and end.obstacle is None:
            best[key] = end
    yield from best.values()


def _tag(link: AnyRecord) -> int:
    """The tag that a VLAN link puts in front of its frames."""
    found = data(link)
    return int(found.get("id", 0)) + (_SERVICE if str(found.get("protocol", "")).lower() == "802.1ad" else 0)


def _without_tag(way: _Way, tag: int) -> tuple[str, ...]:
    """The command that lets the last bridge port on a way send a VLAN untagged, if the VLAN is that of its untagged frames."""
    last = way.crossings[-1] if way.crossings else None
    rows = _vlans(last.netns, last.port_out) if last is not None and last.port_out is not None else None
    if last is None or "PVID" not in (rows or {}).get(tag, ()):
        return ()
    return (inside(last.netns, f"bridge vlan add dev {last.port_out} vid {tag} pvid untagged"),)


def _called(tag: int) -> str:
    """A tag in words."""
    return f"{tag - _SERVICE} (802.1ad)" if tag >= _SERVICE else str(tag)


def sibling_mode(link: AnyRecord) -> str:
    """How a macvlan or ipvlan treats its siblings: ``bridge``, ``private``, ``vepa`` or ``passthru``."""
    found = data(link)
    if kind(link) != "ipvlan":
        return str(found.get("mode", "bridge"))
    return next((flag for flag in ("private", "vepa") if found.get(flag)), "bridge")


def _bridged(*places: tuple[Namespace, Link]) -> tuple[str, ...]:
    """The commands that set macvlans or ipvlans to the mode in which siblings reach each other."""
    return tuple(
        inside(netns, f"ip link set dev {link.get('ifname')} type {kind(link)} " + (
            f"mode {data(link).get('mode', 'l3')} bridge" if kind(link) == "ipvlan" else "mode bridge"
        ))
        for netns, link in places if sibling_mode(link) != "bridge"
    )  # fmt: skip


def slave_of(netns: Namespace, port: Link) -> AnyRecord:
    """The fields of a link as the port of a bridge: from `ip -d link`, else from `bridge link`."""
    found = port.get("linkinfo", {}).get("info_slave_data")
    if found:
        return found
    return next((row for row in netns.bridge_links or () if row.get("ifname") == port.get("ifname")), {})


def _port_state(netns: Namespace, port: Link) -> str | None:
    state = slave_of(netns, port).get("state")
    names = {0: "disabled", 1: "listening", 2: "learning", 3: "forwarding", 4: "blocking"}
    return names.get(state) if isinstance(state, int) else state


def _vlans(netns: Namespace, dev: str) -> dict[int, tuple[str, ...]] | None:
    """The VLANs of a port with their flags; None where they were not captured."""
    if netns.vlans is None:
        return None
    found: dict[int, tuple[str, ...]] = {}
    for row in netns.vlans:
        if row.get("ifname") == dev:
            for entry in row.get("vlans", ()):
                first = int(entry.get("vlan", 0))
                for vid in range(max(first, 0), min(int(entry.get("vlanEnd", first)), 4095) + 1):
                    found[vid] = tuple(entry.get("flags", ()))
    return found


def _size(netns: Namespace, link: Link) -> tuple[tuple[int, Namespace, str], ...]:
    return ((int(link["mtu"]), netns, str(link.get("ifname"))),) if "mtu" in link else ()


def _mac(link: AnyRecord) -> str | None:
    return str(link["address"]).lower() if "address" in link else None


def _whole(value: Any) -> int | None:
    """A TTL; None for one that is inherited."""
    return value if isinstance(value, int) and value > 0 else None


def _remote(info: Record) -> str | None:
    """The remote of a tunnel, by its data."""
    return _address(info.get("remote", info.get("remote6")))


def _to_remote(link: AnyRecord, remote: str) -> str:
    """The words that give a tunnel another remote; for a geneve, `ip` requires the id again."""
    return (f"id {data(link).get('id')} " if kind(link) == "geneve" else "") + f"remote {remote}"


def _key(value: Any) -> str:
    return "packets without a key" if value is None else f"the key {value}"


def _address(text: Any) -> str | None:
    return None if text in (None, "any", "0.0.0.0", "::") else str(text)
