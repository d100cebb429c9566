"""Find the receivers of a frame that leaves by a link: cables, bridges with ports and VLANs, macvlan, bonds, tunnels.

A broadcast frame is followed from the link that sends it. Each link that would hand the frame to its namespace becomes an
:class:`~segment.End`, with the way of the frame and the first obstacle on that way. The search goes on behind an obstacle: so the
owner of an address is found even if it is cut off, and the obstacle is the cause.

``links.py`` reads one link, ``bridge_ports.py`` decides at a port of a bridge, ``tunnels.py`` finds the other end of a tunnel.
"""

from __future__ import annotations

from ..model.peers import PAIRS
from .bridge_ports import Ports, tag_of, vlan_name, without_tag
from .inside import inside
from .links import (
    TUNNELS,
    TUNNELS_OF_FRAMES,
    data,
    has_address,
    has_details,
    is_up,
    kind,
    mac_of,
    port_state,
    role,
    show_link,
    sibling_mode,
    slave_of,
    specified,
)  # fmt: skip
from .remaking import networks, of_one_id
from .segment import Crossing, End, Obstacle, Proxy, Segment, Shared, Unknown, Way, ends_or_may, once
from .tunnels import Tunnels, outer_length

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from parsers.records import Link

    from ..model.host import Host
    from ..model.namespace import Namespace
    from .segment import Outer

    #: Walks the outer packet of a tunnel: (namespace, source or None, destination, kind, port, TTL, length, who may fragment it).
    Carry = Callable[[Namespace, "str | None", str, str, "int | None", "int | None", "int | None", int], Outer]

#: Tunnels that pass nothing on without policies of IPsec, which no capture contains.
_IPSEC = ("vti", "vti6", "xfrm")
#: The most links on the way of a frame; a longer way is a loop of bridges.
_DEPTH = 40


class Wires:
    """The segments of a host's links, each found once."""

    def __init__(self, host: Host, carry: Carry, mended: frozenset[tuple[str, int, object]] = frozenset()) -> None:
        self.host = host
        self.mended = mended
        self.carry = carry
        self.size: int | None = None  # of the packets that are asked about
        self._segments: dict[tuple[int, str, str | None, bool, int | None], Segment] = {}
        self._overlays: bool | None = None
        self.ports = Ports(host, self.children, mended)
        self.tunnels = Tunnels(host, self.segment)
        self._children: dict[tuple[int, str], list[tuple[Namespace, Link]]] | None = None
        self._found: tuple[list[End], list[Unknown], list[Obstacle], list[Shared], list[Proxy]] = ([], [], [], [], [])
        self._sender: tuple[int, str] = (0, "")

    def segment(self, netns: Namespace, dev: str, mac: str | None = None, learned: bool = False) -> Segment:
        """Find all that receives a broadcast frame which a link sends.

        ``mac``: the frame goes to that MAC instead, which a vxlan may steer; for a tunnel that :meth:`.Tunnels.asks_nexthop`,
        ``mac`` is the next hop of the packet. ``learned``: a frame came from that MAC before.
        """
        if self._overlays is None:
            self._overlays = any(kind(link) == "vxlan" for other in self.host.namespaces for link in other.links or ())
        steered = self._overlays or mac is not None and self.tunnels.asks_nexthop(netns, netns.link(dev) or {})
        key = (id(netns), dev, mac if steered else None, learned and self._overlays, self.size)
        if key not in self._segments:
            itself = f"the outer packets of {dev} in {netns.title} would go through {dev} itself"
            self._segments[key] = Segment((), (), (Obstacle("tunnel", netns, dev, itself, show_link(netns, dev)),))
            before = self._found, self._sender
            self._found, self._sender = ([], [], [], [], []), key[:2]
            link = netns.link(dev)
            if link is not None:
                self._leave(netns, link, (), Way(mac=key[2], sender=mac_of(link), learned=learned, mended=self.mended))
            ends, unknown, dead, shared, proxies = self._found
            self._found, self._sender = before
            own = once(end for end in ends if (id(end.netns), end.dev) != key[:2])
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

    def _leave(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: Way) -> None:
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
            self._onto_parent(netns, link, (tag_of(link), *tags), way)
        elif what in ("macvlan", "macvtap", "ipvlan"):
            self._beside(netns, link, tags, way)
        elif what in ("bond", "team"):
            self._out_of_bond(netns, link, tags, way)
        elif what in TUNNELS:
            self._through_tunnel(netns, link, tags, way)
        elif what in ("dummy", "ifb", "nlmon") or "LOOPBACK" in link.get("flags", ()):
            self._found[2].append(
                Obstacle("no-owner", netns, name, f"{name} in {netns.title} leads nowhere ({what})", show_link(netns, name))
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
                        "no-carrier", netns, name, f"{name} in {netns.title} has no carrier", show_link(netns, name), (), link
                    )
                )
            self._found[1].append(Unknown(netns, name, way.trail, what in ("", None), why, way.obstacle))

    def _pair(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: Way) -> None:
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
        state = port_state(peer.netns, peer.link) if master else None
        way = way.step(netns, "cable", said + (f" ({state})" if state else ""), show_link(netns, name), peer.link)
        if not is_up(peer.link):
            what = f"{other} in {peer.netns.title}, the other end of {name} in {netns.title}, is down"
            way = way.blocked(self._down(peer.netns, other, "peer-down", what, peer.link))
        self._arrive(peer.netns, peer.link, tags, way)

    def _onto_parent(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: Way) -> None:
        name = str(link.get("ifname"))
        parent = self.host.peer(netns, link)
        if parent is None or parent.link is None or parent.netns is None:
            self._found[1].append(
                Unknown(netns, name, way.trail, False, f"the parent of {name} in {netns.title} was not captured", way.obstacle)
            )
            return
        way = way.step(
            netns, "vlan", f"{name} is VLAN {vlan_name(tags[0])} of {parent.link.get('ifname')}", show_link(netns, name), link
        )
        self._leave(parent.netns, parent.link, tags, way._replace(renumbered=self._one_vlan(netns, link)))

    def _one_vlan(self, netns: Namespace, link: Link) -> tuple[str, ...]:
        """The commands that give the VLAN links of one network one VLAN, where one of them has another."""
        ours = networks(netns, link)
        links = ((other, end) for other in self.host.namespaces for end in other.links or () if kind(end) == "vlan")
        return of_one_id(netns, link, ((other, end) for other, end in links if end is not link and ours & networks(other, end)))

    def _beside(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: Way) -> None:
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
            show_link(netns, name),
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
            show_link(netns, name),
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
                        show_link(netns, name),
                        _bridged((netns, link), (other, sibling)),
                        link,
                    )
                )
            self._arrive(other, sibling, tags, aside)
        self._leave(parent.netns, parent.link, tags, way)

    def _out_of_bond(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: Way) -> None:
        name = str(link.get("ifname"))
        members = netns.ports(name)
        carrying = [port for port in members if is_up(port) and "NO-CARRIER" not in port.get("flags", ())]
        active = [port for port in members if port.get("ifname") == data(link).get("active_slave")]
        chosen = active or carrying[:1]
        if not carrying:
            what = f"{name} in {netns.title} has no member with a carrier"
            mend = tuple(one for port in members for one in self._carrier_for(netns, port))[:1]
            self._found[2].append(Obstacle("no-carrier", netns, name, what, show_link(netns, name), mend, link))
            return
        if active and active[0] not in carrying:
            called = active[0].get("ifname")
            what = f"{name} in {netns.title} sends by {called}, which has no carrier: it does not watch its members (miimon 0)"
            mend = (inside(netns, f"ip link set dev {name} type bond miimon 100"),)
            way = way.blocked(Obstacle("no-carrier", netns, name, what, show_link(netns, name), mend, link))
        self._leave(
            netns,
            chosen[0],
            tags,
            way.step(netns, "link", f"{name} sends by {chosen[0].get('ifname')}", show_link(netns, name), link),
        )

    def _carrier_for(self, netns: Namespace, link: Link) -> tuple[str, ...]:
        """The command that gives a link a carrier: it sets up the end that is down."""
        if not is_up(link):
            return (self.set_up(netns, link),)
        peer = self.host.peer(netns, link)
        if peer is None or peer.netns is None or peer.link is None or is_up(peer.link):
            return ()
        return (self.set_up(peer.netns, peer.link),)

    # -- bridges ------------------------------------------------------------------------------------------------------

    def _into_bridge(self, netns: Namespace, bridge: Link, port: Link | None, tags: tuple[int, ...], way: Way) -> None:
        """Hand a frame to a bridge: from a port, or (``port`` is None) from its own namespace."""
        name = str(bridge.get("ifname"))
        entry = str(port.get("ifname")) if port is not None else None
        if not is_up(bridge):
            way = way.blocked(self._down(netns, name, "bridge-down", f"bridge {name} in {netns.title} is down", bridge))
        if port is not None:
            way = self.ports.checked_state(netns, port, way)
        filtering = bool(data(bridge).get("vlan_filtering"))
        vid = 0
        if filtering:
            vid, tags, way = self.ports.classified(netns, name, entry or name, tags, way)
        if port is not None:
            inner = way
            if filtering:
                inner, tags_out = self.ports.untagged(netns, name, name, vid, tags, way)
            else:
                tags_out = tags
            self._deliver(
                netns, bridge, tags_out, inner._replace(crossings=(*inner.crossings, Crossing(netns, name, entry, None)))
            )
        plain = not way.crossings and not tags and way.mac is None
        if port is not None and plain and kind(port) in PAIRS and self.ports.treats_alike(netns, name):
            self._found[3].append(Shared(self.segment(netns, name), name, str(entry), self._sender, way))
            return
        others = [
            link for link in netns.ports(name) if link.get("ifname") != entry or slave_of(netns, link).get("hairpin")
        ]  # fmt: skip
        for other in others:
            out = str(other.get("ifname"))
            aside = self.ports.checked_state(netns, other, way)
            tags_out = tags
            if filtering:
                aside, tags_out = self.ports.untagged(netns, name, out, vid, tags, aside)
            if port is not None and self._isolated(netns, port) and self._isolated(netns, other):
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

    def _isolated(self, netns: Namespace, port: Link) -> bool:
        return slave_of(netns, port).get("isolated") is True and ("isolated", id(netns), port.get("ifname")) not in self.mended

    # -- into a link --------------------------------------------------------------------------------------------------

    def _arrive(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: Way) -> None:
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
        if tags and any(kind(child) == "vlan" and tag_of(child) == tags[0] for _, child in self.children(netns, name)):
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
                way = way.blocked(Obstacle("port-state", netns, name, what, show_link(netns, name), mend, link))
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

    def _deliver(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: Way) -> None:
        """Deliver a frame to the namespace: to the link itself, to the VLAN link of its tag, to the macvlans on the link."""
        name = str(link.get("ifname"))
        children = self.children(netns, name)
        if tags:
            taken = [child for child in children if kind(child[1]) == "vlan" and tag_of(child[1]) == tags[0]]
            for other, child in taken:
                self._arrive(
                    other,
                    child,
                    tags[1:],
                    way.step(
                        other,
                        "vlan",
                        f"{child.get('ifname')} takes VLAN {vlan_name(tags[0])}",
                        show_link(other, str(child.get("ifname"))),
                        child,
                    ),
                )
            if not taken:
                what = f"nobody takes VLAN {vlan_name(tags[0])} of {name} in {netns.title}"
                mend = without_tag(way, tags[0])
                blocked = way.blocked(Obstacle("vlan", netns, name, what, show_link(netns, name), mend, link, "vlan"))
                self._found[0].append(End(netns, link, way.trail, blocked.obstacle, way.crossings, way.sizes))
            return
        self._found[0].append(End(netns, link, way.trail, self._past(netns, name, children, way), way.crossings, way.sizes))
        for other, child in children:
            if kind(child) != "vlan":
                called = child.get("ifname")
                aside = way.step(
                    other, "link", f"{called} stands on {name} in {netns.title}", show_link(other, str(called)), child
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
                                show_link(other, str(called)),
                                _bridged((other, child)),
                                child,
                            )
                        )
                self._arrive(other, child, (), aside)

    def _past(self, netns: Namespace, name: str, children: list[tuple[Namespace, Link]], way: Way) -> Obstacle | None:
        """The obstacle between a link and its own namespace: a macvlan in mode passthru takes every frame."""
        for other, child in children:
            if kind(child) in ("macvlan", "macvtap") and sibling_mode(child) == "passthru":
                called = child.get("ifname")
                what = f"{called} in {other.title} (mode passthru) takes every frame that comes to {name} in {netns.title}"
                return way.blocked(
                    Obstacle("macvlan-parent", netns, name, what, show_link(other, str(called)), (), child)
                ).obstacle
        return way.obstacle

    # -- tunnels ------------------------------------------------------------------------------------------------------

    def _through_tunnel(self, netns: Namespace, link: Link, tags: tuple[int, ...], way: Way) -> None:
        name, what, info = str(link.get("ifname")), kind(link), data(link)
        under = self.tunnels.underlay(netns, link)
        remotes = self.tunnels.remotes(netns, link, way.mac)
        if way.learned and what == "vxlan" and info.get("learning", True) and not self.tunnels.set_for(netns, link, way.mac):
            remotes = self.tunnels.talkers(netns, link) or remotes
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
        beyond = self.tunnels.beyond(netns, link, under, way) if what == "vxlan" else None
        if beyond is not None:
            why = f"the multicast group of {name} in {netns.title} may have members behind {beyond.dev}, which was not captured"
            self._found[1].append(Unknown(netns, name, way.trail, True, why, way.obstacle))
        if what == "vxlan" and info.get("proxy") and way.mac is None:
            self._found[4].append(Proxy(netns, link, way.obstacle))
        elif not remotes and beyond is None:
            text = f"{what} {name} in {netns.title} has no remote"
            if info.get("external") or info.get("collect_metadata"):
                self._found[1].append(Unknown(netns, name, way.trail, False, f"{text} that is understood", way.obstacle))
                return
            command = inside(netns, f"bridge fdb show dev {name}") if what == "vxlan" else show_link(netns, name)
            mend = self.tunnels.meant(netns, link, specified(info.get("local")), way.mac)
            self._found[2].append(Obstacle("tunnel", netns, name, text, command, mend, link, "tunnel"))
        for remote in remotes:
            self._to_remote(netns, link, under, remote, tags, way)

    def _to_remote(self, netns: Namespace, link: Link, under: Namespace, remote: str, tags: tuple[int, ...], way: Way) -> None:
        name, what, info = str(link.get("ifname")), str(kind(link)), data(link)
        port = int(info.get("port", 4789)) if what in ("vxlan", "geneve") else None
        fragments = 2 if what in ("vxlan", "geneve") and info.get("df") not in ("set", "inherit") else 0
        if fragments and "master" in link:
            fragments = 1  # the sender of a frame that comes from the bridge is told that it is too big
        place, obstacle, source, returning, _ = self.carry(
            under,
            specified(info.get("local")),
            remote,
            what,
            port,
            _whole(info.get("ttl")),
            outer_length(link, self.size, ":" in remote),
            fragments,
        )
        if way.mac is None and what in TUNNELS_OF_FRAMES:
            obstacle = obstacle or returning  # the frame asks for a MAC, and the answer has to come
        called = f"{name} ({what} {info['id']})" if "id" in info else f"{name} ({what})"
        outer = f"{called}: outer packet {source or '?'} to {remote} from {under.title}"
        way = way.step(
            netns, "tunnel", outer + (f" comes to {place.title}" if place is not None else ""), show_link(netns, name), link
        )
        meant = self.tunnels.meant(netns, link, source, way.mac)
        if obstacle is not None:
            if obstacle.reason == "no-owner" or obstacle.reason == "no-route" and meant or self.tunnels.asks_nexthop(netns, link):
                obstacle = obstacle._replace(mend=meant)
            text = f"the outer packet of {name} in {netns.title} to {remote} {ends_or_may(obstacle)}: {obstacle.what}"
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
        takers, near = self.tunnels.takers(netns, link, place, source, remote)
        for other, end in takers:
            back = way
            if (
                source is not None
                and what == "vxlan"
                and way.mac is None
                and not data(end).get("learning", True)
                and source not in self.tunnels.remotes(other, end, way.sender)
            ):
                text = f"{end.get('ifname')} in {other.title} has no remote {source} to answer by"
                mend = (inside(other, f"bridge fdb append 00:00:00:00:00:00 dev {end.get('ifname')} dst {source}"),)
                back = back.blocked(
                    Obstacle("tunnel", other, str(end.get("ifname")), text, inside(other, "bridge fdb show"), mend, end, "tunnel")
                )
            self._arrive(other, end, tags, back)
        if not takers:
            meant = meant or self.tunnels.one_id(netns, link, under, source)
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

    # -- words --------------------------------------------------------------------------------------------------------

    def _down(self, netns: Namespace, dev: str, reason: str, what: str, link: Link) -> Obstacle:
        return Obstacle(reason, netns, dev, what, show_link(netns, dev), (self.set_up(netns, link),), link)

    def set_up(self, netns: Namespace, link: Link) -> str:
        """The command that sets a link up; for a VLAN link whose parent is down, the parent, which takes its VLAN links along."""
        bound = kind(link) == "vlan" and "LOOSE_BINDING" not in data(link).get("flags", ())
        parent = self.host.peer(netns, link) if bound else None
        if parent is not None and parent.netns is not None and parent.link is not None and not is_up(parent.link):
            netns, link = parent.netns, parent.link
        return inside(netns, f"ip link set dev {link.get('ifname')} up")


def _bridged(*places: tuple[Namespace, Link]) -> tuple[str, ...]:
    """The commands that set macvlans or ipvlans to the mode in which siblings reach each other."""
    return tuple(
        inside(netns, f"ip link set dev {link.get('ifname')} type {kind(link)} " + (
            f"mode {data(link).get('mode', 'l3')} bridge" if kind(link) == "ipvlan" else "mode bridge"
        ))
        for netns, link in places if sibling_mode(link) != "bridge"
    )  # fmt: skip


def _size(netns: Namespace, link: Link) -> tuple[tuple[int, Namespace, str], ...]:
    return ((int(link["mtu"]), netns, str(link.get("ifname"))),) if "mtu" in link else ()


def _whole(value: Any) -> int | None:
    """A TTL; None for one that is inherited."""
    return value if isinstance(value, int) and value > 0 else None
