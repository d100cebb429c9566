"""Find the receivers of a frame that leaves by a link: cables, bridges with ports and VLANs, macvlan, bonds, tunnels.

A frame to everybody is followed out of a link: each link that would hand it to its namespace is an :class:`End`, with the way
to it and the first obstacle on that way. What lies behind an obstacle is looked at as well: so the owner of an address who is
cut off is known, and the obstacle is the cause.
"""

from __future__ import annotations

from functools import cached_property

from parsers.tuples import NamedTuple

from ..model.peers import PAIRS
from .inside import inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from parsers.records import AnyRecord, Link, Record

    from ..model.host import Host
    from ..model.namespace import Namespace

    #: Walks an outer packet of a tunnel: (namespace, source or None, destination, port) → the namespace it comes to, the obstacle
    #: on the way there, the source, and the obstacle on the way back.
    Carry = Callable[
        [Namespace, "str | None", str, str, "int | None"],
        "tuple[Namespace | None, Obstacle | None, str | None, Obstacle | None]",
    ]

_TUNNELS = ("gre", "gretap", "ipip", "sit", "ip6tnl", "ip6gre", "ip6gretap", "vti", "vti6", "wireguard", "xfrm", "geneve")
_EVERYBODY = "00:00:00:00:00:00"
_STOPPED = ("disabled", "listening", "learning", "blocking")
#: No way of a frame is longer: a loop of bridges.
_DEPTH = 40


class Obstacle(NamedTuple):
    """Where a frame or packet ends, and why; ``mend``: commands that would let it pass."""

    reason: str
    netns: Namespace
    dev: str | None
    what: str
    command: str = ""
    mend: tuple[str, ...] = ()
    evidence: Any = None
    stage: str = "link"


class Step(NamedTuple):
    """One station of a frame."""

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
    """A link that receives the frame, and how the frame came there."""

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
    """Where a frame leaves what was captured: ``outside`` is a real cable, else the other end is not certain."""

    netns: Namespace
    dev: str
    trail: tuple[Step, ...]
    outside: bool
    what: str
    obstacle: Obstacle | None


class Proxy(NamedTuple):
    """A vxlan that answers ARP and neighbour discovery itself, from its own entries (`proxy`), and the obstacle before it."""

    netns: Namespace
    link: Link
    obstacle: Obstacle | None


class Segment:
    """All that a link reaches: ``own`` ends, and those behind the other ports of bridges (``shared``), made when asked for.

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
        """The ends, one by one, for a caller that needs only the first few. With several bridges an end may come twice."""
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
        """All ends; if a link is reached twice, the end of the way without an obstacle."""
        return tuple(_once(self.each()) if self.shared else self.own)


class Shared(NamedTuple):
    """A bridge as one of its ports sees it: ``core`` is the segment of the bridge itself, ``way`` how the frame came to it."""

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
        """Where a frame from the port leaves what was captured."""
        for one in self.core.unknown:
            yield one._replace(trail=self._trail(one.trail), obstacle=self.way.obstacle or one.obstacle)

    def proxies(self) -> Iterator[Proxy]:
        """The vxlans that answer what the port asks."""
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
    mac: str | None = None  # where the frame goes; None: to everybody
    sender: str | None = None  # the MAC that an answer goes to
    learned: bool = False  # whether a frame came from ``mac`` before
    mended: frozenset[tuple[str, int, object]] = frozenset()  # faults that are taken for mended

    def step(self, *step: Any) -> _Way:
        return self._replace(trail=(*self.trail, Step(*step)))

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


def role(netns: Namespace, link: AnyRecord) -> str | None:
    """The kind of a link; where the capture does not tell, a master's flags do: bridge, bond or vrf.

    (Text without `-d` shows no kinds. Ports of Open vSwitch have the master ovs-system, which is no bridge.)
    """
    what, flags = kind(link), link.get("flags", ())
    if what is not None or "LOOPBACK" in flags or not netns.ports(str(link.get("ifname"))) or link.get("ifname") == "ovs-system":
        return what
    return "bridge" if "MASTER" not in flags else "vrf" if "NOARP" in flags else "bond"


def data(link: AnyRecord) -> Record:
    """The details of a link's kind, as `-d` shows them."""
    found: Record = link.get("linkinfo", {}).get("info_data", {})
    return found


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
        self._steered: set[str] | None = None
        self._children: dict[tuple[int, str], list[tuple[Namespace, Link]]] | None = None
        self._found: tuple[list[End], list[Unknown], list[Obstacle], list[Shared], list[Proxy]] = ([], [], [], [], [])
        self._sender: tuple[int, str] = (0, "")
        self._alike: dict[tuple[int, str], bool] = {}

    def segment(self, netns: Namespace, dev: str, mac: str | None = None, learned: bool = False) -> Segment:
        """Everything that receives a frame to everybody out of a link.

        ``mac``: a frame to that MAC, which a vxlan may steer. ``learned``: a frame came from that MAC before.
        """
        if self._overlays is None:
            self._overlays = any(kind(link) == "vxlan" for other in self.host.namespaces for link in other.links or ())
        key = (id(netns), dev, mac if self._overlays else None, learned and self._overlays)
        if key not in self._segments:
            self._segments[key] = Segment((), (), ())  # a tunnel through itself
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

    # -- out of a link ------------------------------------------------------------------------------------------------

    def _leave(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: _Way) -> None:
        name = str(link.get("ifname"))
        key = (id(netns), f">{name}", tags)
        if key in way.passed or len(way.passed) > _DEPTH:
            return
        way = way._replace(passed=way.passed | {key})
        if not is_up(link):
            way = way.blocked(self._down(netns, name, "link-down", f"{name} in {netns.title} is down", link))
        what = role(netns, link)
        if what in PAIRS:
            self._pair(netns, link, tags, way)
        elif what == "bridge":
            self._into_bridge(netns, link, None, tags, way)
        elif what == "vlan":
            self._onto_parent(netns, link, (int(data(link).get("id", 0)), *tags), way)
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
        way = way.step(netns, "vlan", f"{name} is VLAN {tags[0]} of {parent.link.get('ifname')}", self._show(netns, name), link)
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
        mode = str(data(link).get("mode", "bridge"))
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
        for other, sibling in self.children(parent.netns, below):
            if kind(sibling) == "vlan" or (other is netns and sibling.get("ifname") == name):
                continue
            theirs = str(data(sibling).get("mode", "bridge"))
            aside = way
            if kind(link) != "ipvlan" and not mode == theirs == "bridge":
                what = f"{name} in {netns.title} is in mode {mode}, {sibling.get('ifname')} in {other.title} in mode {theirs}"
                mend = tuple(
                    inside(one, f"ip link set dev {which.get('ifname')} type macvlan mode bridge")
                    for one, which in ((netns, link), (other, sibling)) if data(which).get("mode") != "bridge"
                )  # fmt: skip
                aside = way.blocked(Obstacle("isolated", netns, name, what, self._show(netns, name), mend, link))
            self._arrive(other, sibling, tags, aside)
        self._leave(parent.netns, parent.link, tags, way)

    def _out_of_bond(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: _Way) -> None:
        name = str(link.get("ifname"))
        slaves = [port for port in netns.ports(name) if is_up(port) and "NO-CARRIER" not in port.get("flags", ())]
        active = data(link).get("active_slave")
        chosen = [port for port in slaves if port.get("ifname") == active] or slaves[:1]
        if not chosen:
            self._found[2].append(
                Obstacle(
                    "no-carrier",
                    netns,
                    name,
                    f"{name} in {netns.title} has no slave that is up",
                    self._show(netns, name),
                    (),
                    link,
                )
            )
            return
        self._leave(
            netns,
            chosen[0],
            tags,
            way.step(netns, "link", f"{name} sends by {chosen[0].get('ifname')}", self._show(netns, name), link),
        )

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
        others = [link for link in netns.ports(name) if link.get("ifname") != entry]
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
        """Whether a bridge passes a frame on in the same way, whichever port it came in by: no VLANs, no isolated ports."""
        key = (id(netns), bridge)
        if key not in self._alike:
            self._alike[key] = not data(netns.link(bridge) or {}).get("vlan_filtering") and not any(
                slave_of(netns, port).get("isolated") for port in netns.ports(bridge)
            )
        return self._alike[key]

    def _checked_state(self, netns: Namespace, port: Link, way: _Way) -> _Way:
        name = str(port.get("ifname"))
        state = _port_state(netns, port)
        if state not in _STOPPED or not is_up(port) or not is_up(netns.link(str(port.get("master"))) or {}):
            return way
        if state == "disabled" and "NO-CARRIER" in port.get("flags", ()):
            return way  # that is the cable's fault, and said there
        what = f"{name} in {netns.title} does not forward: its port is {state}"
        mend = (inside(netns, f"bridge link set dev {name} state 3"),)
        return way.blocked(
            Obstacle("port-state", netns, name, what, inside(netns, f"bridge link show dev {name}"), mend, port, "bridge")
        )

    def _classified(
        self, netns: Namespace, bridge: str, dev: str, tags: tuple[int, ...], way: _Way
    ) -> tuple[int, tuple[int, ...], _Way]:
        """The VLAN that a frame gets at a port with filtering."""
        rows = _vlans(netns, dev)
        command = inside(netns, f"bridge vlan show dev {dev}")
        if rows is None:
            return (
                0,
                tags,
                way.blocked(Obstacle("not-captured", netns, dev, f"the VLANs of {dev} in {netns.title}", command, stage="vlan")),
            )
        if tags:
            if tags[0] not in rows:
                mend = (inside(netns, f"bridge vlan add dev {dev} vid {tags[0]}{' self' if dev == bridge else ''}"),)
                what = f"VLAN {tags[0]} is not allowed on {dev} of bridge {bridge} in {netns.title}"
                way = way.blocked(Obstacle("vlan", netns, dev, what, command, mend, rows, "vlan"))
            return tags[0], tags[1:], way
        pvid = next((vid for vid, flags in rows.items() if "PVID" in flags), None)
        if pvid is None:
            what = f"{dev} of bridge {bridge} in {netns.title} has no VLAN for untagged frames (pvid)"
            mend = (
                inside(
                    netns, f"bridge vlan add dev {dev} vid {next(iter(rows), 1)} pvid untagged{' self' if dev == bridge else ''}"
                ),
            )
            return 0, (), way.blocked(Obstacle("vlan", netns, dev, what, command, mend, rows, "vlan"))
        return pvid, (), way

    def _untagged(
        self, netns: Namespace, bridge: str, dev: str, vid: int, tags: tuple[int, ...], way: _Way
    ) -> tuple[_Way, tuple[int, ...]]:
        """Whether a frame of a VLAN may leave by a port, and with which tag."""
        rows = _vlans(netns, dev)
        command = inside(netns, f"bridge vlan show dev {dev}")
        if rows is None:
            return way.blocked(
                Obstacle("not-captured", netns, dev, f"the VLANs of {dev} in {netns.title}", command, stage="vlan")
            ), tags
        if vid not in rows:
            itself = " self" if dev == bridge else ""
            untagged = " pvid untagged" if not any("PVID" in flags for flags in rows.values()) or not tags else ""
            mend = (inside(netns, f"bridge vlan add dev {dev} vid {vid}{untagged}{itself}"),)
            what = f"VLAN {vid} is not allowed on {dev} of bridge {bridge} in {netns.title}"
            return way.blocked(Obstacle("vlan", netns, dev, what, command, mend, rows, "vlan")), tags
        return way, tags if "Egress Untagged" in rows[vid] else (vid, *tags)

    # -- into a link --------------------------------------------------------------------------------------------------

    def _arrive(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: _Way) -> None:
        """Receive a frame by a link: it goes to the link's bridge or bond, else to the namespace."""
        name = str(link.get("ifname"))
        key = (id(netns), f"<{name}", tags)
        if key in way.passed or len(way.passed) > _DEPTH:
            return
        way = way._replace(passed=way.passed | {key}, sizes=(*way.sizes, *_size(netns, link)))
        if not is_up(link):
            way = way.blocked(self._down(netns, name, "link-down", f"{name} in {netns.title} is down", link))
        master = netns.link(str(link["master"])) if "master" in link else None
        over = role(netns, master) if master is not None else None
        if master is not None and over == "bridge":
            self._into_bridge(netns, master, link, tags, way)
        elif master is not None and over in ("bond", "team"):
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
        """Deliver a frame to the namespace: to the link itself, to the VLAN of its tag, to macvlans that stand on it."""
        name = str(link.get("ifname"))
        children = self.children(netns, name)
        if tags:
            taken = [child for child in children if kind(child[1]) == "vlan" and data(child[1]).get("id") == tags[0]]
            for other, child in taken:
                self._arrive(
                    other,
                    child,
                    tags[1:],
                    way.step(
                        other,
                        "vlan",
                        f"{child.get('ifname')} takes VLAN {tags[0]}",
                        self._show(other, str(child.get("ifname"))),
                        child,
                    ),
                )
            if not taken:
                what = f"nobody takes VLAN {tags[0]} of {name} in {netns.title}"
                blocked = way.blocked(Obstacle("vlan", netns, name, what, self._show(netns, name), (), link, "vlan"))
                self._found[0].append(End(netns, link, way.trail, blocked.obstacle, way.crossings, way.sizes))
            return
        self._found[0].append(End(netns, link, way.trail, way.obstacle, way.crossings, way.sizes))
        for other, child in children:
            if kind(child) != "vlan":
                self._arrive(
                    other,
                    child,
                    (),
                    way.step(
                        other,
                        "link",
                        f"{child.get('ifname')} stands on {name} in {netns.title}",
                        self._show(other, str(child.get("ifname"))),
                        child,
                    ),
                )

    # -- tunnels ------------------------------------------------------------------------------------------------------

    def _through_tunnel(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: _Way) -> None:
        name, what, info = str(link.get("ifname")), kind(link), data(link)
        under = self.underlay(netns, link)
        remotes = self.remotes(netns, link, way.mac)
        if way.learned and not remotes and info.get("learning", True):
            remotes = self._talkers(netns, link)
        if under is None:
            self._found[1].append(
                Unknown(
                    netns, name, way.trail, False, f"the namespace below {name} in {netns.title} was not captured", way.obstacle
                )
            )
            return
        if what == "vxlan" and info.get("proxy") and way.mac is None:
            self._found[4].append(Proxy(netns, link, way.obstacle))
        elif not remotes:
            mend: tuple[str, ...] = ()
            text = f"{what} {name} in {netns.title} has no remote"
            if what in ("ipip", "gre", "sit", "wireguard", "vti") or info.get("external") or info.get("collect_metadata"):
                self._found[1].append(Unknown(netns, name, way.trail, False, f"{text} that is understood", way.obstacle))
                return
            self._found[2].append(
                Obstacle("tunnel", netns, name, text, inside(netns, f"bridge fdb show dev {name}"), mend, link, "tunnel")
            )
        for remote in remotes:
            self._to_remote(netns, link, under, remote, tags, way)

    def _to_remote(self, netns: Namespace, link: Link, under: Namespace, remote: str, tags: tuple[int, ...], way: _Way) -> None:
        name, what, info = str(link.get("ifname")), str(kind(link)), data(link)
        port = int(info.get("port", 4789)) if what in ("vxlan", "geneve") else None
        place, obstacle, source, returning = self.carry(under, _address(info.get("local")), remote, what, port)
        if way.mac is None and what in ("vxlan", "geneve", "gretap", "ip6gretap"):
            obstacle = obstacle or returning  # the frame asks for a MAC, and the answer has to come
        called = f"{name} ({what} {info['id']})" if "id" in info else f"{name} ({what})"
        outer = f"{called}: outer packet {source or '?'} to {remote} from {under.title}"
        way = way.step(
            netns, "tunnel", outer + (f" comes to {place.title}" if place is not None else ""), self._show(netns, name), link
        )
        if obstacle is not None:
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
        found = False
        for other in self.host.namespaces:
            for end in other.links or ():
                if kind(end) != what or self.underlay(other, end) is not place or (other is netns and end is link):
                    continue
                if data(end).get("id") != info.get("id") or data(end).get("port") != info.get("port"):
                    continue
                if what != "vxlan" and _address(data(end).get("remote")) not in (None, source):
                    continue
                found = True
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
                        Obstacle(
                            "tunnel", other, str(end.get("ifname")), text, inside(other, "bridge fdb show"), mend, end, "tunnel"
                        )
                    )
                self._arrive(other, end, tags, back)
        if not found:
            text = f"nobody in {place.title} takes {what} {info.get('id', '')} of {name} in {netns.title}".replace("  ", " ")
            self._found[2].append(
                way.blocked(Obstacle("tunnel", place, None, text, inside(place, "ip -d link show"), (), link, "tunnel")).obstacle
                or Obstacle("tunnel", place, None, text)
            )

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

    def steers(self, mac: str) -> bool:
        """Whether a vxlan has an entry of its own for a MAC."""
        if self._steered is None:
            rows = (row for netns in self.host.namespaces for row in netns.fdb or ())
            self._steered = {str(row.get("mac")).lower() for row in rows if "dst" in row}
        return mac in self._steered

    def remotes(self, netns: Namespace, link: Link, mac: str | None = None) -> list[str]:
        """The addresses that a tunnel sends a frame to: by the entry of its MAC, else where the tunnel floods to."""
        found = [_address(data(link).get(key)) for key in ("remote", "remote6", "group", "group6")]
        if kind(link) == "vxlan" and netns.fdb is not None:  # which holds the remote that the link was made with, too
            rows = [row for row in netns.fdb if row.get("ifname") == link.get("ifname") and "dst" in row]
            own = [
                str(row["dst"])
                for row in rows
                if row.get("state") in ("permanent", "static") and str(row.get("mac")).lower() == mac
            ]
            return list(dict.fromkeys(own[:1] or [str(row["dst"]) for row in rows if row.get("mac") == _EVERYBODY]))
        return list(dict.fromkeys(one for one in found if one is not None))

    # -- words --------------------------------------------------------------------------------------------------------

    def _show(self, netns: Namespace, dev: str) -> str:
        return inside(netns, f"ip -d link show dev {dev}")

    def _down(self, netns: Namespace, dev: str, reason: str, what: str, link: Link) -> Obstacle:
        return Obstacle(reason, netns, dev, what, self._show(netns, dev), (inside(netns, f"ip link set dev {dev} up"),), link)


def _once(ends: Iterable[End]) -> Iterator[End]:
    """Each end once; if a link is reached twice, the end of the way without an obstacle."""
    best: dict[tuple[int, str], End] = {}
    for end in ends:
        key = (id(end.netns), end.dev)
        if key not in best or best[key].obstacle is not None and end.obstacle is None:
            best[key] = end
    yield from best.values()


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


def _address(text: Any) -> str | None:
    return None if text in (None, "any", "0.0.0.0", "::") else str(text)
