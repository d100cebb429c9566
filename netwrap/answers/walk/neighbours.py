"""Find who receives a packet for a next hop: ARP, neighbour discovery, fixed entries and proxies, and why nobody answers.

First, links without neighbour resolution (tunnels, point to point) hand the packet to every other end; then, an entry that
somebody set by hand decides by its MAC; last, every owner of the address on the segment is asked whether it would answer.
"""

from __future__ import annotations

import itertools

from .. import neighbour_firewalls
from ..inside import inside, six, sysctl_key
from ..links import data, has_address, is_up, kind, routes_like_its_parent
from ..routing import Question, family_of, number
from ..segment import End, Obstacle, Step, Unknown
from .mends import accepting, rule_words
from .routers import is_within, plain
from .way import question_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from parsers.records import Link, Neigh

    from ...model.namespace import Namespace
    from ..layer2 import Wires
    from ..packet import Packet
    from ..segment import Proxy, Segment
    from .mends import Mends
    from .routers import Routers
    from .way import Way
    from .wireguard import Wireguard

#: Kinds of links on which no MAC is asked for.
_WITHOUT_NEIGHBOURS = ("gre", "ipip", "sit", "ip6tnl", "ip6gre", "vti", "vti6", "wireguard", "xfrm", "tun")


#: The families that a tunnel carries, by kind and protocol; one that is not here carries both.
_CARRIED = {
    ("ipip", "any"): ("inet",), ("ipip", "ipip"): ("inet",), ("ipip", ""): ("inet",), ("sit", "ip6ip"): ("inet6",),
    ("ip6tnl", "ip6ip6"): ("inet6",), ("ip6tnl", "ipip6"): ("inet",),
}  # fmt: skip


class Neighbours:
    """Resolve next hops; which ends have an address or answer for it is worked out once and kept."""

    def __init__(
        self, routers: Routers, wires: Wires, mends: Mends, wireguard: Wireguard,
        mended: frozenset[tuple[str, int, object]] = frozenset(),
    ) -> None:  # fmt: skip
        self.mended = mended
        self.routers = routers
        self.wires = wires
        self.mends = mends
        self.wireguard = wireguard
        self._answers: dict[tuple[int, str, str, str | None], bool | str] = {}
        self._addressed: dict[tuple[int, str], tuple[tuple[End, ...], dict[int, list[int]], list[int]]] = {}

    def receivers(
        self, netns: Namespace, dev: str, link: Link, nexthop: str, packet: Packet, way: Way
    ) -> Iterator[End | Unknown | Obstacle]:
        """Yield the ends that answer for the address of a next hop; where none does, the obstacle or the unknown end instead."""
        segment = self.wires.segment(netns, dev)
        name = str(link.get("ifname"))
        command = inside(netns, f"ip neigh show {nexthop} dev {name}")
        if kind(link) in _WITHOUT_NEIGHBOURS or "POINTOPOINT" in link.get("flags", ()):
            carried = _CARRIED.get((str(kind(link)), str(data(link).get("proto", ""))))
            if carried is not None and packet.family not in carried:
                what = f"{name} in {netns.title} ({kind(link)}) carries no {'IPv6' if packet.family == 'inet6' else 'IPv4'}"
                yield Obstacle("tunnel", netns, name, what, inside(netns, f"ip -d link show dev {name}"), (), link, "tunnel")
                return
            if kind(link) == "wireguard" and is_up(link):
                yield from self.wireguard.receivers(netns, link, packet, way)
                return
            if self.wires.tunnels.asks_nexthop(netns, link):
                segment = self.wires.segment(netns, dev, nexthop)
            yield from self._all_of(segment.ends, segment.unknown, segment.dead)
            return
        entry = self._entry(netns, name, nexthop)
        states = set(entry.get("state", ())) if entry is not None else set()
        if entry is not None and "lladdr" in entry and states & {"PERMANENT", "NOARP"} and not self._made_up(link, entry):
            yield from self._fixed(netns, name, nexthop, packet, entry, command)
            return
        if "NOARP" in link.get("flags", ()):
            what = f"{name} in {netns.title} has ARP switched off: the MAC of {nexthop} is never asked for"
            yield Obstacle(
                "arp-off",
                netns,
                name,
                what,
                inside(netns, f"ip link show dev {name}"),
                (inside(netns, f"ip link set dev {name} arp on"),),
                link,
                "neighbour",
            )
            return
        own = [row for row in netns.addresses_of(name) if plain(str(row.get("local"))) == plain(nexthop)]
        if any(row.get("dadfailed") or row.get("tentative") for row in own):
            # an address of its own that is not usable: the kernel hears no answer about it, whoever has it
            yield self._unusable(netns, name, nexthop)
            return
        bridge = str(link.get("master", ""))
        if bridge and kind(netns.link(bridge) or {}) == "bridge":
            what = f"{name} in {netns.title} is a port of {bridge}: the answer to what {name} asks comes to {bridge}"
            rows = [
                row for row in netns.addresses_of(name) if row.get("family") == packet.family and row.get("scope") == "global"
            ]
            mend = tuple(
                inside(netns, f"ip address {verb} {row['local']}/{row.get('prefixlen')} dev {dev}")
                for row in rows for verb, dev in (("del", name), ("add", bridge))
            )  # fmt: skip
            yield Obstacle("neighbour-failed", netns, name, what, command, mend, link, "neighbour")
            return
        known = self._from_the_question(netns, name, nexthop, way)
        if known is not None:
            yield known
            return
        asker = self._asks_as(netns, name, nexthop, packet)
        mac = str((entry or {}).get("lladdr", "")).lower()
        good: list[End] = []
        cut: list[End] = []
        refused: list[tuple[End, str]] = []
        for end in self._who_may_answer(segment, nexthop):
            answer = self._answers_for(end, nexthop, asker)
            if answer is True:
                (good if end.obstacle is None else cut).append(end)
            elif isinstance(answer, str) and end.obstacle is None:
                if mac and mac == str(end.link.get("address")).lower():
                    good.append(end)  # does not answer, but its MAC is still in the table
                else:
                    refused.append((end, answer))
        if good:
            if family_of(nexthop) == "inet6":
                asker = self._solicits_as(netns, name, packet)
            unheard = self._unheard(netns, name, nexthop, good[0], asker) if not mac else None
            back = self.wires.segment(good[0].netns, good[0].dev).end(netns, name) if not mac and unheard is None else None
            if back is not None:
                unheard = back.obstacle  # the question comes there, and the answer does not come back
            if unheard is not None:
                yield unheard
                return
            back = End(netns, link, good[0].trail, None, (), ())
            returned = self._steered(good[0].netns, good[0].dev, back, learned=True) if not mac else None
            if isinstance(returned, Obstacle):  # the answer about the MAC does not come back
                yield returned
                return
            for end in {id(end.netns): end for end in reversed(good)}.values():
                yield self._steered(netns, name, end)
            return
        proxy, held = self._proxied(segment, nexthop)
        if proxy is not None and held is not None:
            if proxy.obstacle is not None:
                yield proxy.obstacle
                return
            at = str(proxy.link.get("ifname"))
            command = inside(proxy.netns, f"ip neigh show {nexthop} dev {at}")
            yield from self._fixed(netns, name, nexthop, packet, held, command, (proxy.netns, at))
            return
        if cut and cut[0].obstacle is not None:
            yield cut[0].obstacle
            return
        if refused:
            end, why = refused[0]
            if routes_like_its_parent(end.link):
                yield self._silent_ipvlan(netns, name, end, nexthop)
            else:
                yield self._refusal(end, why, nexthop, asker)
            return
        # behind a fault that counts as mended, a failed entry may be the fault's effect
        failed = entry is not None and not self.mended and {"FAILED", "INCOMPLETE"} & set(entry.get("state", ()))
        open_ends = [one for one in segment.unknown if one.obstacle is None]
        if open_ends and not failed:
            yield self._across(netns, link, nexthop, packet, mac) or open_ends[0]
            return
        blocked = [*(end.obstacle for end in segment.ends), *(one.obstacle for one in segment.unknown)]
        if blocked and all(blocked):
            yield next(one for one in blocked if one is not None)
            return
        if segment.dead and (not segment.ends or self.routers.owners(nexthop)):
            yield segment.dead[0]
            return
        if proxy is not None:
            at = str(proxy.link.get("ifname"))
            what = f"the vxlan {at} in {proxy.netns.title} answers for others (proxy), and has no entry for {nexthop}"
            command = inside(proxy.netns, f"ip neigh show dev {at}")
            yield proxy.obstacle or Obstacle("neighbour-failed", proxy.netns, at, what, command, (), proxy.link, "neighbour")
            return
        mend = self.mends.nexthop(netns, name, nexthop, packet)
        if failed and entry is not None:
            what = f"nobody answers for {nexthop} on {name} of {netns.title} ({' '.join(entry.get('state', ()))})"
            yield Obstacle("neighbour-failed" if open_ends else "no-owner", netns, name, what, command, mend, entry, "neighbour")
            return
        for other, child in self.wires.children(netns, name):
            if kind(child) != "vlan" and has_address(other, str(child.get("ifname")), nexthop):
                called = child.get("ifname")
                what = (
                    f"{name} in {netns.title} never reaches {called} in {other.title}, which has {nexthop} and stands on {name}"
                )
                yield Obstacle("macvlan-parent", netns, name, what, inside(other, f"ip -d link show dev {called}"), (), child)
                return
        owners = [owner for owner, _ in self.routers.owners(nexthop)]
        elsewhere = f" ({owners[0].title} has it, on another link)" if owners else ""
        what = f"nobody on {name} of {netns.title} has {nexthop}{elsewhere}"
        proxied = self._could_proxy(netns, name, segment, nexthop) if not owners else None
        if proxied is not None:
            what, mend = f"{what}{proxied[0]}", proxied[1]
        yield Obstacle("no-owner", netns, name, what, command, mend, entry, "neighbour")

    def _across(self, netns: Namespace, link: Link, nexthop: str, packet: Packet, mac: str) -> End | Obstacle | None:
        """The link of another host that has the address of a next hop, and leaves its host into the same network; else None.

        Which cables and switches are between two hosts is in no capture, so this is assumed of one host only, where each of both
        links has an address in the network of the other one, and the MAC is the one that is known (``mac``; "": none is).
        """
        host, dev = self.routers.host, str(link.get("ifname"))
        own = [row for row in netns.addresses_of(dev) if "local" in row and is_within(nexthop, row)]
        found: list[End] = []
        for other, holder in self.routers.owners(nexthop) if own else ():
            there = other.link(str(holder.get("ifname")))
            if host.of(other) is host.of(netns) or there is None or not is_up(there):
                continue
            theirs = [row for row in other.addresses_of(str(there["ifname"])) if plain(str(row.get("local"))) == plain(nexthop)]
            near = any(is_within(str(mine["local"]), row) for mine in own for row in theirs)
            out = [one for one in self.wires.segment(other, str(there["ifname"])).unknown if one.obstacle is None]
            if not near or not out or mac and mac != str(there.get("address", mac)).lower():
                continue
            what = f"{dev} and {there['ifname']} in {other.title}, which has {nexthop}, are taken for one network"
            trail = (Step(netns, "cable", what, inside(netns, f"ip -d link show dev {dev}"), there),)
            found.append(End(other, there, trail, None, (), ()))
        if len(found) != 1:
            return None
        asker = self._asks_as(netns, dev, nexthop, packet)
        answer = self._answers_for(found[0], nexthop, asker) if not mac else True
        if isinstance(answer, str):
            return self._refusal(found[0], answer, nexthop, asker)
        if family_of(nexthop) == "inet6":
            asker = self._solicits_as(netns, dev, packet)
        return (self._unheard(netns, dev, nexthop, found[0], asker) if not mac else None) or found[0]

    def _could_proxy(self, netns: Namespace, dev: str, segment: Segment, nexthop: str) -> tuple[str, tuple[str, ...]] | None:
        """Why the router on a segment does not answer for a next hop that nobody can have (Calico's 169.254.1.1), and the mend.

        None where the next hop is an address of a network of the link: somebody else should have it.
        """
        if ":" in nexthop or any(is_within(nexthop, row) for row in netns.addresses_of(dev)):
            return None
        ends = [end for end in itertools.islice(segment.each(), 3) if end.obstacle is None]
        if len(ends) != 1:
            return None
        end, router = ends[0], self.routers.of(ends[0].netns, "inet")
        if not router.switches.forwards(end.dev, "inet")[0]:
            return None
        if router.switches.on("proxy_arp", end.dev):
            return f"; {end.netns.title} answers for others there (proxy_arp), but only for what it has a route to", ()
        command = inside(end.netns, f"sysctl -w {sysctl_key(f'net.ipv4.conf.{end.dev}.proxy_arp')}=1")
        return f"; {end.netns.title} forwards, and does not answer for others there (proxy_arp)", (command,)

    def _silent_ipvlan(self, netns: Namespace, dev: str, end: End, nexthop: str) -> Obstacle:
        """The obstacle at an ipvlan of mode l3 or l3s, which answers no ARP: the asker needs a route by the parent."""
        place, called = end.netns, end.dev
        what = f"{called} in {place.title} has {nexthop}, but an ipvlan of mode {data(end.link).get('mode')} answers no ARP"
        parent = self.wires.host.peer(place, end.link)
        mend: tuple[str, ...] = ()
        if parent is not None and parent.netns is not None and parent.link is not None:
            family = family_of(nexthop)
            rows = [row for row in parent.netns.addresses_of(str(parent.link.get("ifname"))) if row.get("family") == family]
            bits = 32 if family == "inet" else 128
            mend = tuple(
                inside(netns, f"ip {six(family)}route add {nexthop}/{bits} via {row['local']} dev {dev}")
                for row in rows if "local" in row and not str(row["local"]).startswith("fe80")
            )[:1]  # fmt: skip
        show = inside(place, f"ip -d link show dev {called}")
        return Obstacle("arp-off", place, called, what, show, mend, end.link, "neighbour")

    def _steered(self, netns: Namespace, dev: str, end: End, learned: bool = False) -> End | Obstacle:
        """The owner of a resolved MAC; or the obstacle, where an fdb entry of a vxlan sends frames for the MAC elsewhere.

        ``learned``: a frame came from the MAC before.
        """
        mac = str(end.link.get("address", "")).lower()
        holders = self.wires.tunnels.steered(mac)
        if not holders:
            return end
        found = self.wires.segment(netns, dev, mac, learned).end(end.netns, end.dev)
        if found is not None:
            return found.obstacle or found
        passed = [id(step.netns) for step in end.trail]
        holder, at = next(((one, name) for one, name in holders if id(one) in passed), (netns, dev))
        what = f"frames for {mac} of {end.netns.title} go to another end of the tunnel"
        return Obstacle("tunnel", holder, at, what, inside(holder, f"bridge fdb show dev {at}"), (), None, "tunnel")

    def _all_of(
        self, ends: tuple[End, ...], unknown: tuple[Unknown, ...], dead: tuple[Obstacle, ...]
    ) -> Iterator[End | Unknown | Obstacle]:
        """Yield every end that a frame reaches, the first unknown end where there is none, else the first obstacle."""
        free = [end for end in ends if end.obstacle is None]
        open_ends = [one for one in unknown if one.obstacle is None]
        if free or open_ends:
            yield from free or open_ends[:1]
            return
        blocked = [*(end.obstacle for end in ends), *(one.obstacle for one in unknown)]
        yield from [one for one in (*blocked, *dead) if one is not None][:1]

    @staticmethod
    def _proxied(segment: Segment, nexthop: str) -> tuple[Proxy | None, Neigh | None]:
        """The vxlan that answers for others on a segment, and its entry for a next hop; of several, one that has an entry."""
        for proxy in segment.proxies:
            for row in proxy.netns.neighs or ():
                if row.get("dst") == nexthop and row.get("dev") == proxy.link.get("ifname") and "lladdr" in row:
                    if {"PERMANENT", "NOARP", "REACHABLE"} & set(row.get("state", ())):
                        return proxy, row
        return next(iter(segment.proxies), None), None

    def _fixed(
        self, netns: Namespace, dev: str, nexthop: str, packet: Packet, entry: Neigh, command: str,
        held: tuple[Namespace, str] | None = None,
    ) -> Iterator[End | Unknown | Obstacle]:  # fmt: skip
        """Follow an entry that was set by hand: its MAC decides, not the owner of the address.

        ``held``: the namespace and link whose entry it is; None: the sender's own.
        """
        holder, at = held or (netns, dev)
        mac = str(entry["lladdr"]).lower()
        segment = self.wires.segment(netns, dev, mac)
        having = [end for end in segment.ends if str(end.link.get("address", "")).lower() == mac]
        free = [end for end in having if end.obstacle is None]
        mend = (inside(holder, f"ip neigh del {nexthop} dev {at}"),)
        if free:
            end = free[0]
            router = self.routers.of(end.netns, packet.family)
            owns = bool(router.is_local(nexthop)) or not any(
                other.obstacle is None and self._answers_for(other, nexthop, None) is True for other in segment.ends
            )
            if not owns:
                decision = router.decide(question_of(packet, packet.source, end.dev, None))
                forwards = decision.sends if packet.family == "inet" else router.switches.forwards("all", "inet6")[0]
                if not forwards and not decision.delivers:
                    whose = f"with the MAC of {end.netns.title}, which does not forward"
                    what = f"{holder.title} has a fixed entry for {nexthop} {whose}"
                    yield Obstacle("wrong-owner", holder, at, what, command, mend, entry, "neighbour")
                    return
            yield from free
            return
        if having and having[0].obstacle is not None:
            yield having[0].obstacle
            return
        open_ends = [one for one in segment.unknown if one.obstacle is None]
        if open_ends:
            yield self._across(netns, netns.link(dev) or {}, nexthop, packet, mac) or open_ends[0]
            return
        if segment.dead and (not segment.ends or self.wires.tunnels.steered(mac)):
            yield segment.dead[0]
            return
        what = f"{holder.title} has a fixed entry for {nexthop} with a MAC that nobody on {at} has, {mac}"
        yield Obstacle("wrong-mac", holder, at, what, command, mend, entry, "neighbour")

    @staticmethod
    def _made_up(link: Link, entry: Neigh) -> bool:
        """Whether the kernel made an entry itself: with the link's own MAC, as ARP is off there, or for a broadcast address."""
        mac = str(entry.get("lladdr", "")).lower()
        is_own = mac == str(link.get("address", "")).lower() and "NOARP" in link.get("flags", ())
        return (is_own or mac == str(link.get("broadcast", "")).lower()) and "NOARP" in entry.get("state", ())

    def asks(self, netns: Namespace, dev: str, nexthop: str, packet: Packet) -> str | None:
        """The source address of the question for a next hop's MAC; None where no question is sent.

        A wireguard link has no MAC: its peer learns from the packet itself where the sender is.
        """
        if kind(netns.link(dev) or {}) == "wireguard":
            return packet.source
        entry = self._entry(netns, dev, nexthop)
        if entry is not None and {"PERMANENT", "NOARP"} & set(entry.get("state", ())):
            return None
        segment = self.wires.segment(netns, dev)
        if segment.proxies and self._proxied(segment, nexthop)[1] is not None:
            return None  # a proxy answers, and the next hop does not hear the question
        if family_of(nexthop) == "inet6":
            return self._solicits_as(netns, dev, packet)
        return self._asks_as(netns, dev, nexthop, packet)

    @staticmethod
    def _entry(netns: Namespace, dev: str, nexthop: str) -> Neigh | None:
        """The entry of the neighbour table for a next hop."""
        return next((row for row in netns.neighs or () if row.get("dst") == nexthop and row.get("dev") == dev), None)

    def _from_the_question(self, netns: Namespace, dev: str, nexthop: str, way: Way) -> End | Obstacle | None:
        """The next hop of an answer, where its MAC is known because that neighbour asked for ours when the question came."""
        for one in way.learned if way.reply else ():
            if (one.netns, one.dev, one.address) == (id(netns), dev, nexthop):
                mac = str((one.neighbour.link(one.by) or {}).get("address", "")).lower()
                end = self.wires.segment(netns, dev, mac, learned=True).end(one.neighbour, one.by)
                return end.obstacle or end if end is not None else None
        return None

    def _asks_as(self, netns: Namespace, dev: str, nexthop: str, packet: Packet) -> str | None:
        """The source address of an ARP request; None for IPv6, and where the link has no address to ask from."""
        if family_of(nexthop) == "inet6":
            return None
        router = self.routers.of(netns, "inet")
        announce = router.switches.of("arp_announce", dev)
        if packet.family == "inet" and announce == 0 and number(packet.source) in router.local:
            return packet.source
        return router.source4(dev, nexthop, 253)

    def _solicits_as(self, netns: Namespace, dev: str, packet: Packet) -> str | None:
        """The source address of a neighbour solicitation: the packet's where the link has it, else the link-local one."""
        rows = (row for row in netns.addresses_of(dev) if row.get("family") == "inet6" and not row.get("tentative"))
        own = [plain(str(row["local"])) for row in rows if "local" in row]
        if packet.family == "inet6" and plain(packet.source) in own:
            return packet.source
        return next((one for one in reversed(own) if one.startswith("fe80")), None)  # of several, the one listed last

    def _who_may_answer(self, segment: Segment, nexthop: str) -> Iterable[End]:
        """Find the ends worth asking: owners of the address and proxies. Most ends of a large segment are neither."""
        found = [segment.own[at] for at in self._may_answer(segment.own, nexthop)]
        for one in segment.shared:
            moved = (one.moved(one.core.own[at]) for at in self._may_answer(one.core.own, nexthop))
            found += [end for end in moved if end is not None]
        return found

    def _may_answer(self, ends: tuple[End, ...], nexthop: str) -> list[int]:
        """The positions in ``ends`` of those worth asking for an address."""
        family = family_of(nexthop)
        key = (id(ends), family)
        if key not in self._addressed:
            found: dict[int, list[int]] = {}
            others: list[int] = []
            for at, end in enumerate(ends):
                router = self.routers.of(end.netns, family)
                for value in router.own_addresses():
                    found.setdefault(value, []).append(at)
                if router.may_own_more() or end.netns.proxies or router.switches.on("proxy_arp", end.dev):
                    others.append(at)
            self._addressed[key] = (ends, found, others)
        _, found, others = self._addressed[key]
        return sorted({*found.get(number(nexthop), ()), *others})

    def _answers_for(self, end: End, nexthop: str, asker: str | None) -> bool | str:
        """Whether a link answers ARP or ND for an address: True, False, or the reason why the owner of the address is silent."""
        key = (id(end.netns), end.dev, nexthop, asker)
        if key not in self._answers:
            self._answers[key] = (
                self._answers6(end, nexthop) if family_of(nexthop) == "inet6" else self._answers4(end, nexthop, asker)
            )
        return self._answers[key]

    def _answers4(self, end: End, nexthop: str, asker: str | None) -> bool | str:
        """Whether a link answers ARP; ``asker``: the source address of the request, None where nothing asks."""
        router = self.routers.of(end.netns, "inet")
        owned = router.is_local(nexthop)
        if "NOARP" in end.link.get("flags", ()):
            return "arp-off" if owned else False
        if asker is None:
            return owned
        switches = router.switches
        decision = router.decide(Question(nexthop, asker, end.dev))
        if decision.type == "local":
            ignore = switches.of("arp_ignore", end.dev)
            mine = [row for row in end.netns.addresses_of(end.dev) if row.get("local") == nexthop]
            if ignore == 8 or ignore in (1, 2) and not mine:
                return "arp-off"
            if ignore == 2 and not any(is_within(asker, row) for row in mine):
                return "arp-off"
            if switches.on("arp_filter", end.dev):
                back = router.decide(Question(asker, nexthop))
                if back.sends and all(leg.dev != end.dev for leg in back.legs):
                    return "arp-off"
            return True
        if decision.type == "unicast":
            if any(leg.dev == end.dev for leg in decision.legs):
                return False
            proxied = any(
                row.get("dst") == nexthop and row.get("dev") in (None, end.dev) for row in end.netns.proxies or ()
            )  # fmt: skip
            return proxied or switches.on("proxy_arp", end.dev)
        if not owned:
            return False
        return decision.type if decision.type in ("rp-filter", "martian", "blackhole", "prohibit", "unreachable") else "no-route"

    def _answers6(self, end: End, nexthop: str) -> bool | str:
        """Whether a link answers a neighbour solicitation."""
        rows = [row for row in end.netns.addresses_of(end.dev) if plain(str(row.get("local"))) == plain(nexthop)]
        usable = [row for row in rows if not row.get("dadfailed") and not row.get("tentative")]
        if usable:
            return "arp-off" if "NOARP" in end.link.get("flags", ()) else True
        if rows:
            return "dad-failed"
        router = self.routers.of(end.netns, "inet6")
        if any(row.get("dst") == nexthop and row.get("dev") in (None, end.dev) for row in end.netns.proxies or ()):
            return router.switches.forwards("all", "inet6")[0]
        return router.is_anycast(nexthop, end.dev)

    def _unheard(self, netns: Namespace, dev: str, nexthop: str, end: End, source: str | None) -> Obstacle | None:
        """The firewall rule that drops, or may drop, the question for a MAC or its answer; None where both pass."""
        found = neighbour_firewalls.taken(netns, dev, source, nexthop, end, self.mended)
        if found is None:
            return None
        step = found.outcome.steps[-1] if found.outcome.steps else None
        called = "ARP" if found.packet.family == "arp" else "neighbour discovery"
        if found.outcome.verdict == "undecided":
            what = f"whether {found.netns.title} drops {called} ({rule_words(step)}): {found.outcome.unknown}"
            command = inside(found.netns, "nft list ruleset")
            return Obstacle("filter-unknown", found.netns, found.dev, what, command, (), None, "neighbour")
        what = f"a rule of {found.netns.title} drops {called} ({rule_words(step)}): the MAC of {nexthop} is never learned"
        mend = accepting(found.netns, step.evidence if step else None, found.packet)
        command = inside(found.netns, "nft list ruleset")
        return Obstacle("filter", found.netns, found.dev, what, command, mend, step.evidence if step else None, "neighbour")

    def _unusable(self, place: Namespace, dev: str, address: str) -> Obstacle:
        """The obstacle of an IPv6 address whose duplicate address detection failed or is not over."""
        row = next(row for row in place.addresses_of(dev) if plain(str(row.get("local"))) == plain(address))
        state = "failed: another has the address" if row.get("dadfailed") else "is not over"
        what = f"{address} on {dev} of {place.title} is not usable: duplicate address detection {state}"
        length = int(row.get("prefixlen", 128))
        others = [owner for owner, _ in self.routers.owners(address) if owner is not place]
        new = self.routers.free_address(address, length) if row.get("dadfailed") and others else None
        alone = not others and not self.wires.segment(place, dev).unknown  # no detection, as nobody else can have it
        again = " nodad" if alone else ""
        mend = (
            inside(place, f"ip address del {address}/{length} dev {dev}"),
            inside(place, f"ip address add {new or address}/{length} dev {dev}{again}"),
        )
        return Obstacle("dad-failed", place, dev, what, inside(place, f"ip -6 address show dev {dev}"), mend, row, "neighbour")

    def _refusal(self, end: End, why: str, nexthop: str, asker: str | None) -> Obstacle:
        """Put into words why the owner of an address does not answer (``why``: what :meth:`_answers_for` returned)."""
        place, dev = end.netns, end.dev
        show = inside(place, f"ip link show dev {dev}")
        if why == "arp-off":
            if "NOARP" in end.link.get("flags", ()):
                what = f"{dev} in {place.title} has {nexthop}, but ARP is switched off there"
                mend: tuple[str, ...] = (inside(place, f"ip link set dev {dev} arp on"),)
            else:
                what = f"{place.title} has {nexthop}, but does not answer ARP for it on {dev} (arp_ignore or arp_filter)"
                names = [f"{which}.{name}" for which, name in ((dev, "arp_ignore"), ("all", "arp_ignore"), (dev, "arp_filter"))]
                show = inside(place, "sysctl " + " ".join(sysctl_key(f"net.ipv4.conf.{name}") for name in names))
                mend = tuple(
                    inside(place, f"sysctl -w {sysctl_key(f'net.ipv4.conf.{which}.{name}')}=0")
                    for name in ("arp_ignore", "arp_filter")
                    for which in (dev, "all")
                )
            return Obstacle("arp-off", place, dev, what, show, mend, end.link, "neighbour")
        if why == "dad-failed":
            return self._unusable(place, dev, nexthop)
        if why in ("rp-filter", "martian"):
            what = (
                f"{place.title} has {nexthop}, but does not answer ARP of {asker} on {dev}: its route back leaves by another link"
            )
            if why == "martian":
                what = f"{place.title} has {nexthop}, but does not answer ARP of {asker} on {dev}: it has {asker} itself"
            return Obstacle(
                why,
                place,
                dev,
                what,
                inside(place, f"ip route get {nexthop} from {asker} iif {dev}"),
                self.mends.without(place, str(asker)) if why == "martian" else self.mends.rp_filter(place, dev, asker),
                None,
                "neighbour",
            )
        what = f"{place.title} has {nexthop}, but its rules and routes refuse it ({why}) to {asker} on {dev}"
        return Obstacle(
            why, place, dev, what, inside(place, f"ip route get {nexthop} from {asker} iif {dev}"), (), None, "neighbour"
        )
