"""Carry a packet out of a link, over cables, bridges and tunnels, to the links that receive it.

A transmission does not go on inside the namespace that it reaches: it yields an :class:`Arrival`, and the walker goes on there.
"""

from __future__ import annotations

from parsers.tuples import NamedTuple

from ..inside import inside, six
from ..links import data, is_up, kind, routes_like_its_parent, sibling_mode, slave_of
from ..packet import replace
from ..routing import Question
from ..segment import Crossing, End, Obstacle, Unknown
from . import conntrack
from .conntrack import connected
from .hooks import not_judged, sees_frames
from .mends import deletable
from .way import Learned, ended, tuple_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Link, Route

    from ...model.namespace import Namespace
    from ..layer2 import Wires
    from ..packet import Packet
    from ..routing import Decision, Leg
    from .hooks import Hooks
    from .neighbours import Neighbours
    from .routers import Routers
    from .stops import Stops
    from .way import Ended, Tuple, Way


class Arrival(NamedTuple):
    """A packet that came into a namespace by a link; where the link is a bridge, ``port`` is the port it came by."""

    netns: Namespace
    way: Way
    dev: str
    port: str | None = None


class Transmission:
    """The carrying of packets from link to link."""

    def __init__(
        self, routers: Routers, hooks: Hooks, neighbours: Neighbours, wires: Wires, stops: Stops,
        mended: frozenset[tuple[str, int, object]] = frozenset(),
    ) -> None:  # fmt: skip
        self.mended = mended
        self.wires = wires
        self.stops = stops
        self.routers = routers
        self.hooks = hooks
        self.neighbours = neighbours

    def transmit(self, netns: Namespace, way: Way, leg: Leg) -> Iterator[Ended | Arrival]:
        """Send a packet out of a link to its next hop, wherever that is; one arrival or end for each receiver."""
        packet = way.packet
        link = netns.link(leg.dev)
        if link is None:
            yield ended(
                way.lacking(((f"the link {leg.dev} of {netns.title}", inside(netns, "ip -d link show")),)),
                "undecided",
                netns,
                leg.dev,
                "not-captured",
                f"the link {leg.dev} of {netns.title} was not captured",
                inside(netns, "ip -d link show"),
            )
            return
        if leg.dev == "lo":
            yield ended(
                way,
                "dropped",
                netns,
                "lo",
                "no-owner",
                f"the route to {packet.destination} leads to lo",
                inside(netns, f"ip route get {packet.destination}"),
            )
            return
        if packet.fragments == 2 and way.hops[-1].came is None:
            packet = fragment(netns, leg, None, packet)
            way = way._replace(packet=packet)
        big = too_big(netns, leg, None, packet)
        if big is not None and way.hops[-1].came is None and ("mtu", id(netns), leg.dev) not in self.mended:
            what = f"{packet.length} bytes do not fit through {leg.dev} in {netns.title} (MTU {big})"
            mend = (inside(netns, f"ip link set dev {leg.dev} mtu {packet.length}"),)
            yield ended(
                way, "dropped", netns, leg.dev, "mtu", what, inside(netns, f"ip link show dev {leg.dev}"), mend, link, "mtu"
            )
            return
        if routes_like_its_parent(link):
            yield from self._by_the_parent(netns, way, link)
            return
        if kind(link) == "vrf":
            what = f"{leg.dev} is a VRF, whose table decides"
            way = way.step("link", what, inside(netns, f"ip route show vrf {leg.dev}"), link)
            yield from self._routed_again(netns, way, leg.dev)
            return
        nexthop = leg.gateway or packet.destination
        found = list(self.neighbours.receivers(netns, leg.dev, link, nexthop, packet, way))
        several = len([one for one in found if isinstance(one, End)]) > 1
        if several:
            names = ", ".join(one.netns.title for one in found if isinstance(one, End))
            way = way._replace(
                notes=(*way.notes, f"duplicate-address: {nexthop} on {leg.dev} of {netns.title} is had by {names}")
            )
        for one in found:
            twins = (*way.twins, (one.netns, one.dev, nexthop)) if several and isinstance(one, End) else way.twins
            yield from self._arrived(netns, way._replace(twins=twins), leg, nexthop, one)

    def _arrived(
        self, netns: Namespace, way: Way, leg: Leg, nexthop: str, one: End | Unknown | Obstacle, before: Tuple | None = None
    ) -> Iterator[Ended | Arrival]:
        """Follow a frame to one receiver; ``before``: the tuple before the first bridge translated it, where it did."""
        if isinstance(one, Obstacle):
            mend = one.mend
            if one.reason == "mtu":  # the sender remembers the MTU
                mend += (inside(way.hops[0].netns, f"ip {six(way.packet.family)}route flush cache"),)
            yield ended(
                way,
                "undecided" if one.reason in ("not-captured", "peer-unknown", "filter-unknown") else "dropped",
                one.netns,
                one.dev,
                one.reason,
                one.what,
                one.command,
                mend,
                one.evidence,
                one.stage,
            )
            return
        if isinstance(one, End) and leg.dev != "lo":
            mac = (netns.link(leg.dev) or {}).get("address")
            way = way._replace(packet=replace(way.packet, ether_source=mac, ether_destination=one.link.get("address")))
        host = self.routers.host
        if isinstance(one, End) and host.of(one.netns) is not host.of(netns):
            first, second = sorted((f"{leg.dev} in {netns.title}", f"{one.dev} in {one.netns.title}"))
            note = f"that {first} and {second} are in one network is assumed: only their addresses say so"
            way = way._replace(notes=(*way.notes, note))
        for station in one.trail:
            way = way.step(station.stage, station.what, station.command, station.evidence)
        if isinstance(one, Unknown):
            command = inside(one.netns, f"ip -d link show dev {one.dev}")
            if one.outside:
                yield ended(way, "leaves", one.netns, one.dev, None, f"{one.what} for {nexthop}", command)
            else:
                yield ended(
                    way.lacking(((one.what, command),)),
                    "leaves" if "not captured" in one.what else "undecided",
                    one.netns,
                    one.dev,
                    "peer-unknown",
                    one.what,
                    command,
                )
            return
        for size, where, dev in one.sizes if way.packet.length is not None else ():
            if way.packet.length is not None and way.packet.length > size and ("mtu", id(where), dev) not in self.mended:
                what = f"{way.packet.length} bytes do not fit into {dev} in {where.title} (MTU {size}), and nobody is told"
                mend = (inside(where, f"ip link set dev {dev} mtu {way.packet.length}"),)
                yield ended(
                    way,
                    "dropped",
                    where,
                    dev,
                    "mtu",
                    what,
                    inside(where, f"ip link show dev {dev}"),
                    mend,
                    where.link(dev),
                    "mtu",
                )
                return
        for at, crossing in enumerate(one.crossings):
            passed = before if at == 0 else None
            stopped, after = self._bridged(way, crossing, passed)
            if stopped is not None:
                yield stopped
                return
            if passed is None and crossing.port_in is not None and after.packet.destination != way.packet.destination:
                # a bridge that translates the destination looks the new one up, and bridges or routes the frame there
                yield Arrival(crossing.netns, way, crossing.bridge, crossing.port_in)
                return
            way = after
        if not way.reply:
            asker = self.neighbours.asks(netns, leg.dev, nexthop, way.packet)
            if asker is not None:
                way = way._replace(learned=(*way.learned, Learned(id(one.netns), one.dev, asker, netns, leg.dev)))
        taker = self.wires.taker(one.netns, one.dev, way.packet.destination)
        if taker is not None and taker[1] is not one.netns.link(one.dev):
            place, link = taker
            called = str(link.get("ifname"))
            what = f"{called} in {place.title} takes {way.packet.destination}: ipvlans and their parent have one MAC"
            way = way.step("link", what, inside(place, f"ip -d link show dev {called}"), link)
            if not is_up(link):
                mend = (inside(place, f"ip link set dev {called} up"),)
                what = f"{called} in {place.title} is down"
                yield ended(way, "dropped", place, called, "link-down", what, inside(place, "ip link show"), mend, link, "link")
                return
            yield Arrival(place, way, called)
            return
        yield Arrival(one.netns, way, one.dev, one.crossings[-1].port_in if _into_bridge(one) else None)

    def _by_the_parent(self, netns: Namespace, way: Way, link: Link) -> Iterator[Ended | Arrival]:
        """Send a packet out of an ipvlan of mode l3 or l3s: to a sibling, or by the routes of the parent's namespace."""
        packet, name = way.packet, str(link.get("ifname"))
        show = inside(netns, f"ip -d link show dev {name}")
        parent = self.wires.host.peer(netns, link)
        if parent is None or parent.netns is None or parent.link is None:
            what = f"the parent of {name} in {netns.title} was not captured"
            yield ended(way.lacking(((what, show),)), "undecided", netns, name, "peer-unknown", what, show)
            return
        place, below = parent.netns, str(parent.link.get("ifname"))
        taker = self.wires.taker(netns, name, packet.destination)
        mode = sibling_mode(link)
        if taker is not None and taker[1] is not parent.link and mode != "vepa":
            other, called = taker[0], str(taker[1].get("ifname"))
            way = way.step("link", f"{name} and {called} in {other.title} stand on {below} in {place.title}", show, link)
            if mode == "private":
                what = f"{name} in {netns.title} and {called} in {other.title} are ipvlans of mode private"
                mend = (inside(netns, f"ip link set dev {name} type ipvlan mode {data(link).get('mode')} bridge"),)
                yield ended(way, "dropped", netns, name, "isolated", what, show, mend, link, "link")
            else:
                yield Arrival(other, way, called)
            return
        what = f"{name} stands on {below} in {place.title} (ipvlan, mode {data(link).get('mode')}), whose routes decide"
        yield from self._routed_again(place, way.step("link", what, show, link), below)

    def _routed_again(self, netns: Namespace, way: Way, dev: str) -> Iterator[Ended | Arrival]:
        """Send a packet by the routes of a namespace that have to do with a link: of a VRF's table, or by an ipvlan's parent."""
        asked = Question(way.packet.destination, None, None, dev)
        decision = self.routers.of(netns, way.packet.family).decide(asked)
        way = way.lacking(decision.missing)
        is_vrf = kind(netns.link(dev) or {}) == "vrf"
        again = is_vrf and any(leg.dev == dev for leg in decision.legs)
        if decision.delivers:
            yield Arrival(netns, way, dev if is_vrf else "lo")
        elif not decision.sends or again:
            yield self.stops.no_way(netns, way, decision._replace(type="no-route") if again else decision, asked)
        else:
            for leg in decision.legs:
                yield from self.transmit(netns, way, leg)

    def _bridged(self, way: Way, crossing: Crossing, passed: Tuple | None) -> tuple[Ended | None, Way]:
        """Let a frame through the firewalls of a bridge: the bridge family, and with bridge-nf those of IP as well.

        For frames from or to the bridge's own namespace only the bridge family is asked here: the rules of IP come at the hooks
        of that namespace. ``passed``: the tuple before prerouting, where prerouting has been passed already.
        """
        netns, port_in, port_out = crossing.netns, crossing.port_in, crossing.port_out
        before = way.packet
        through = port_in is not None and port_out is not None
        for dev, at in ((port_in, "ingress"), (port_out, "egress")):
            way = not_judged(way, netns, dev, at) if dev is not None else way
        way = not_judged(way, netns, None, "")
        if not through:
            if not netns.rulesets:
                return None, way
            from .. import firewall  # not needed for a host without rules

            if not firewall.has_family(netns, "bridge"):
                return None, way
        frame = replace(way.packet, bridged=True, iif=crossing.bridge, oif=crossing.bridge, physin=port_in, physout=port_out)
        if way.hops[-1].netns is not netns:
            frame = replace(frame, mark=0)
        if passed is None:
            frame = conntrack.tracked(way, netns, frame)
            way = way.seen_in(netns) if through else way
        hooks = ["prerouting", "forward", "postrouting"]
        if not through:
            hooks = ["output", "postrouting"] if port_in is None else ["prerouting", "input"]
        sees = through and sees_frames(self.routers, netns, frame.family)
        for hook in hooks if passed is None else hooks[1:]:
            asked = replace(frame, oif=None, physout=None) if hook == "prerouting" else frame
            outcome, way = self.hooks.judge(way, netns, hook, asked, None, bridged=True, frames_only=not through)
            if outcome.verdict in ("drop", "reject"):
                return self.hooks.stopped(way, netns, port_out or crossing.bridge, hook, outcome, bridged=True), way
            frame = replace(outcome.packet, oif=crossing.bridge, physout=port_out)
            if hook == "prerouting" and sees:
                frame = conntrack.restored_destination(way, netns, frame)
        if sees:
            frame = conntrack.restored_source(way, netns, frame, local=False)  # conntrack sees bridged answers as well
            way = way._replace(connections=connected(way, netns, passed or tuple_of(before), frame))
        changed = replace(before, source=frame.source, destination=frame.destination, sport=frame.sport, dport=frame.dport)
        return None, way._replace(packet=changed)

    def bridged_on(
        self, netns: Namespace, way: Way, bridge: str, port: str, decision: Decision, before: Tuple
    ) -> Iterator[Ended | Arrival]:
        """Send on a frame for the bridge itself whose destination was translated to a station behind the same bridge.

        Such a frame (bridge-nf) is bridged and never forwarded. ``before``: its tuple before the translation.
        """
        packet, link = way.packet, netns.link(bridge)
        if len(way.hops) > 1:
            here = way.hops[-1]
            way = way._replace(hops=(*way.hops[:-2], way.hops[-2]._replace(steps=(*way.hops[-2].steps, *here.steps))))
        way = way.step(
            "bridge", f"{bridge}: {port} sends it to {packet.destination} (bridge-nf)", inside(netns, "bridge link show")
        )
        leg = decision.legs[0]
        nexthop = leg.gateway or packet.destination
        for one in self.neighbours.receivers(netns, bridge, link or {}, nexthop, packet, way):
            if isinstance(one, End) and one.crossings:
                out = one.crossings[0].port_out
                if out == port and not slave_of(netns, netns.link(port) or {}).get("hairpin"):
                    what = f"{port} of {bridge} in {netns.title} does not send back what came in by it (hairpin is off)"
                    mend = (inside(netns, f"bridge link set dev {port} hairpin on"),)
                    command = inside(netns, f"bridge -d link show dev {port}")
                    yield ended(way, "dropped", netns, port, "no-port", what, command, mend, netns.link(port), "bridge")
                    continue
                one = one._replace(crossings=(Crossing(netns, bridge, port, out), *one.crossings[1:]))
            yield from self._arrived(netns, way, leg, nexthop, one, before)


def too_big(netns: Namespace, leg: Leg, record: Route | None, packet: Packet) -> int | None:
    """The MTU (bytes) that a packet exceeds on its way out of a link, of the link or the route; None where the packet fits."""
    if packet.length is None:
        return None
    sizes = [int(link["mtu"]) for link in [netns.link(leg.dev) or {}] if "mtu" in link]
    sizes += [int(entry["mtu"]) for entry in (record or {}).get("metrics", ()) if "mtu" in entry]
    return min(sizes) if sizes and packet.length > min(sizes) else None


def fragment(netns: Namespace, leg: Leg, record: Route | None, packet: Packet) -> Packet:
    """The first fragment of a packet that does not fit through a link or route as a whole; else the packet itself."""
    big = too_big(netns, leg, record, packet)
    return packet if big is None else replace(packet, length=big)


def larger(netns: Namespace, leg: Leg, record: Route | None, packet: Packet) -> tuple[str, ...]:
    """Let a packet out of a link that it is too big for: give the link a larger MTU, and the route none of its own."""
    size, mtu = packet.length or 0, int((netns.link(leg.dev) or {}).get("mtu", 0))
    link = (inside(netns, f"ip link set dev {leg.dev} mtu {size}"),) if mtu < size else ()
    if record is None or "nexthops" in record or not any("mtu" in entry for entry in record.get("metrics", ())):
        return link
    via = f" via {leg.gateway}" if leg.gateway is not None else ""
    return (*link, inside(netns, f"ip {six(packet.family)}route replace {deletable(record)}{via} dev {leg.dev}"))


def _into_bridge(end: End) -> bool:
    """Whether a frame came into a bridge's own namespace by one of the ports."""
    return bool(end.crossings) and end.crossings[-1].netns is end.netns and end.crossings[-1].bridge == end.dev
