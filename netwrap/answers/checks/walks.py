"""Ask `netwrap trace` for the ways that packets should find, and give each end that is a fault to the check that names it."""

from __future__ import annotations

from itertools import islice

from parsers.tuples import NamedTuple

from ...wording import hops
from ..trace import Asked, Trace, addresses_of, trace, way_back
from . import address_of, gateway_of, holds, is_real, network_of, prefix_of
from .links import dead

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from ...model.namespace import Namespace
    from . import Finding, Look

#: The gateway that Calico and its like give to every pod, and answer for by proxy ARP.
_PROXIED = ("169.254.1.1", "169.254.0.1", "169.254.169.1")
_OF_WALK = {
    "loop": "R09", "not-forwarding": "F01", "rp-filter": "F03", "filter": "W01", "reject": "W01", "no-masquerade": "W02",
    "isolated": "B05", "vlan": "B02", "macvlan-parent": "L22", "nat-wrong": "W05", "arp-off": "F07",
    "martian": "F10", "tunnel": "B07", "link-down": "L24", "peer-down": "L24", "bridge-down": "L24", "no-carrier": "L24",
}  # fmt: skip
#: What a look-up may end with; on the way back each of them is a fault.
DROPS = ("blackhole", "unreachable", "prohibit")
_NO_WAY = ("no-route", "no-way-back", *DROPS)
#: More namespaces than this are asked for their gateways and neighbours only, not for every pair; of fewer than `_EACH` every
#: address is asked for.
_PAIRS, _EACH = 16, 8
_MOST, _BESIDE = 400, 3
#: Addresses of which each host takes the first that is in none of its networks: somewhere that nobody has.
_OUTSIDE = {"inet": ("192.0.2.1", "198.51.100.1", "203.0.113.1", "8.8.8.8"),
            "inet6": ("2001:db8::1", "2001:db8:ffff::1", "2001:4860:4860::8888")}  # fmt: skip


def outside(look: Look, family: str) -> str:
    """An address outside of all captured networks; ``family``: ``inet`` or ``inet6``."""
    if family not in look.outside:
        nets = [net for _, _, entry in look.entries(family) if (net := network_of(entry)) is not None]
        free = (one for one in _OUTSIDE[family] if not any(holds(net, address_of(one)) for net in nets))
        look.outside[family] = next(free, _OUTSIDE[family][-1])
    return look.outside[family]


def is_proxied(gateway: str) -> bool:
    """Whether a gateway is one that no link has: its owner answers for it, or it is a router's link-local address."""
    return gateway in _PROXIED or gateway.startswith(("169.254.", "fe80:"))


#: What a walk may lack, and still ends where it ends: the rules and the local table are seldom other than the kernel's own, and
#: a firewall or a check of the source can only be one more reason not to arrive.
_USUAL = ("rules", "the local table", "the firewall of ", "rp_filter of ")
#: Ends of a walk that are the fault of a router, and not of who sends.
_OF_ALL = ("not-forwarding", "filter", "reject", "no-masquerade", "loop", "no-route", "no-way-back", *DROPS)
_SEEN = ("filter", "reject", "no-route", *DROPS)


class Walk(NamedTuple):
    """A walk that was made: ``near`` to the gateway, a neighbour on the segment or the outside, not only to some other
    namespace. ``verdict``, ``direction`` and ``reason`` are those of the trace; ``likely``: what they were, had a part of the
    capture that lacks been as usual (the trace itself is undecided). ``copies``: the number of namespaces whose ways end
    likewise, and were not walked."""

    asked: Asked
    found: Trace
    near: bool
    verdict: str
    direction: str
    reason: str | None
    likely: bool = False
    copies: int = 0


def _walk(asked: Asked, found: Trace, near: bool) -> Walk:
    decided = Walk(asked, found, near, found.verdict, found.direction, found.reason)
    end, back = found.result.end, found.result.back is not None
    usual = len(found.results) == 1 and all(what.startswith(_USUAL) for what, _ in found.missing)
    if found.verdict != "undecided" or not usual:
        return decided
    if end.verdict == "leaves" and not back and _shows_translations(end.netns) and way_back(found.result):
        return decided._replace(verdict="leaves", reason="no-masquerade", likely=True)
    if end.verdict != "dropped" or end.reason not in _SEEN or end.reason in _NO_WAY and not back:
        return decided  # where a route lacks on the way there, another table may have it
    return decided._replace(
        verdict="one way" if back else "dropped", direction="back" if back else "forward", reason=end.reason, likely=True
    )


def _shows_translations(netns: Namespace) -> bool:
    return any(one.get("hook") == "postrouting" for one in netns.rulesets or ())


def walked(look: Look, wanted: str) -> Iterator[Finding]:
    """The walks that end for the reason of a check: one finding for each place and reason, however many ways end there."""
    told: dict[Any, list[Walk]] = {}
    for walk in walks(look):
        if _check_of(look, walk) == wanted and _is_fault(look, walk):
            end = walk.found.result.end
            told.setdefault((id(end.netns), end.dev, end.reason, id(end.evidence)), []).append(walk)
    for some in told.values():
        walk = min(some, key=lambda one: one.likely)
        asked, end = walk.asked, walk.found.result.end
        others = sum(1 + one.copies for one in some) - 1
        more = f" (and {others} more {'ways end' if others > 1 else 'way ends'} there)" if others else ""
        back = "the answer of " if walk.direction == "back" else ""
        what = f"{asked.start.title} does not reach {asked.destination}: {back and f'{back}{asked.destination} is lost: '}"
        yield look.finding(
            end.netns,
            f"{what}{_ended(walk)}{more}",
            end.evidence if isinstance(end.evidence, dict) else None,
            dev=end.dev,
            severity=_severity(look, some),
            mend=[one for one in end.mend if one],
            explains=[("walk", id(end.netns), walk.reason), ("ended", id(end.evidence))],
            follows=[
                *([dead(end.netns, end.dev)] if wanted == "L24" and end.dev else []),
                *([("duplicate", str(walk.found.source))] if wanted == "F10" else []),
                ("record", id(end.evidence)),
                *([("rules", id(end.netns))] if walk.reason in _NO_WAY else []),
            ],
        )


def _ended(walk: Walk) -> str:
    if walk.reason == "no-masquerade":
        return next(iter(way_back(walk.found.result)), walk.reason)
    return walk.found.result.end.what or str(walk.reason)


def _check_of(look: Look, walk: Walk) -> str | None:
    if walk.reason in _NO_WAY:
        return "R10" if walk.direction != "back" and walk.reason in DROPS else "R08"
    if walk.reason == "no-owner":
        gateways = [gateway_of(hops(route)[0]) for route in look.defaults(walk.found.result.end.netns)[:1]]
        return "F05" if any(gateway in _PROXIED for gateway in gateways) else None
    return _OF_WALK.get(str(walk.reason))


def _is_fault(look: Look, walk: Walk) -> bool:
    """Whether a walk ends as it can hardly be meant to: towards others no route need be there."""
    end = walk.found.result.end
    if walk.verdict in ("reached", "undecided", "depends") or walk.reason is None:
        return False
    if walk.verdict == "leaves" and walk.reason != "no-masquerade":
        return False
    if walk.found.source == "::1":
        return False  # without an address of its own: no router knows the way back, and other checks tell why
    if walk.asked.destination in look.outside.values() and walk.reason in (*_NO_WAY, "loop", "martian"):
        return False  # nobody has the address: routers without a way out send it round
    if walk.reason in _NO_WAY and walk.direction != "back" and not _is_meant_to_know(look, walk):
        return False
    return not (end.reason == "no-route" and end.netns.inode is None and _is_connected(end.netns, end.way.packet.destination))


def _is_meant_to_know(look: Look, walk: Walk) -> bool:
    """Whether the router at which a walk ends was chosen by a route to this destination, not by one to everywhere."""
    return bool(_route_before(walk)) and bool(look.walker.owners(walk.asked.destination))


def _route_before(walk: Walk) -> int:
    """The prefix length of the route that led to the router at which a walk ends; 0 for a default route, or none."""
    passed = walk.found.result.end.way.hops
    for step in passed[-2].steps if len(passed) > 1 else ():
        if step.stage == "route" and isinstance(step.evidence, dict):
            net = prefix_of(step.evidence.get("dst"))
            return net.prefixlen if net is not None else 0
    return 0


def _severity(look: Look, some: list[Walk]) -> str | None:
    """The severity of what several walks met; None for that of the check. A warning is what may be meant so.

    A firewall may keep others from a namespace's own services, or let one protocol pass; a route to a wide network need not mean
    each namespace in it; a router's further addresses, and those between routers, need not be there for all.
    """
    walk = min(some, key=lambda one: one.likely)
    end, reason = walk.found.result.end, walk.reason
    if walk.likely:
        return "warning"
    if not any(walk.near or _is_first(look, walk.asked.destination) for walk in some):
        return "warning"
    if reason in ("filter", "reject") and end.way.hops:
        stage = end.way.hops[-1].steps[-1].stage if end.way.hops[-1].steps else ""
        near = [walk for walk in some if walk.near and not _is_neighbour(look, walk)]
        if stage in ("input", "output", "prerouting", "ingress") or not near or any(_passes(look, walk) for walk in near[:2]):
            return "warning"
    if reason in _NO_WAY and walk.direction != "back":
        own = max((_length(link, walk.asked.destination) for _, link in look.walker.owners(walk.asked.destination)), default=0)
        return None if _route_before(walk) >= own else "warning"
    if reason in _NO_WAY and not any(_is_certain(look, walk) for walk in some):
        return "warning"
    return None


def _is_neighbour(look: Look, walk: Walk) -> bool:
    """Whether a walk leads to another on the same segment that is no gateway (Docker keeps these apart with `--icc=false`)."""
    gateways = [gateway_of(hops(route)[0]) for route in look.defaults(walk.asked.start)]
    return walk.asked.destination not in (*look.outside.values(), *gateways)


def _passes(look: Look, walk: Walk) -> bool:
    """Whether a connection finds the way that a ping does not."""
    asked = Asked(walk.asked.start, walk.asked.destination, source=None, proto="tcp", port=443)
    return trace(look.host, asked, look.walker).verdict in ("reached", "leaves")


def _is_certain(look: Look, walk: Walk) -> bool:
    """Whether a lost answer is the fault of who should answer, and of no router in between; and whether who asked is one that
    all should know: a neighbour, or no router with an address of the cable that it sent by."""
    start, end = walk.asked.start, walk.found.result.end.netns
    if not any(netns is end for netns, _ in look.walker.owners(walk.asked.destination)):
        return False
    if ":" in walk.asked.destination and not _is_connected(start, walk.asked.destination):
        return False  # many a network has IPv6 in some of its places only
    if _is_connected(start, walk.asked.destination):
        return True
    routes = [netns for netns in (start, end) if look.switches(netns).forwards("all", "inet")[0]]
    return not routes or routes == [start] and _is_first(look, str(walk.found.source))


def _is_first(look: Look, address: str) -> bool:
    """Whether an address is the first one of its family in its namespace."""
    for netns, _ in look.walker.owners(address):
        found = [one for one in addresses_of(netns) if (":" in one) == (":" in address)]
        return found[:1] == [address]
    return True


def _length(link: Any, address: str) -> int:
    return max((row.get("prefixlen", 0) for row in link.get("addr_info", ()) if row.get("local") == address), default=0)


def _is_connected(netns: Namespace, address: str) -> bool:
    own = address_of(address)
    return any(holds(net, own) for link in netns.addresses or () for net in map(network_of, link.get("addr_info", ())))


def walks(look: Look) -> list[Walk]:
    """Each namespace's way to its first gateways, to the outside, to others on its segments, and of few namespaces to every
    other."""
    if look.walks is None:
        look.walks = list(_made(look))
    return look.walks


def _made(look: Look) -> Iterator[Walk]:
    rooms = [netns for netns in look.namespaces if netns.links and netns.routes is not None and addresses_of(netns)][:_MOST]
    few = len(rooms) <= _PAIRS
    copies: dict[Any, list[Namespace]] = {}
    if few:
        copies.update((id(netns), [netns]) for netns in rooms)
    else:
        from .alike import Alike  # a small host has no use for it

        alike = Alike(look)
        for netns in rooms:
            copies.setdefault(alike.key(netns), []).append(netns)
    for first, *others in copies.values():
        made = list(_ways_of(look, first, rooms if few else ()))
        faults = [walk for walk in made if _check_of(look, walk) and _is_fault(look, walk)] if others else []
        shared = {id(walk) for walk in faults if _is_of_all(look, walk)}
        yield from (walk._replace(copies=len(others)) if id(walk) in shared else walk for walk in made)
        for netns in others if len(shared) < len(faults) else ():
            yield from (walk for walk in _ways_of(look, netns, ()) if not (_is_fault(look, walk) and _is_of_all(look, walk)))


def _is_of_all(look: Look, walk: Walk) -> bool:
    """Whether a walk ends where those of all copies of its namespace do: neither there nor at the other end of its cable."""
    end, start = walk.found.result.end, walk.asked.start
    link = end.netns.link(end.dev) if end.dev else None
    peer = look.peer(end.netns, link) if link is not None else None
    return end.netns is not start and (peer is None or peer[0] is not start) and end.reason in _OF_ALL


def _ways_of(look: Look, netns: Namespace, rooms: Sequence[Namespace]) -> Iterator[Walk]:
    targets: dict[str, bool] = {}
    for family in _OUTSIDE:
        for route in look.defaults(netns, family)[:1]:
            gateway = gateway_of(hops(route)[0])
            if gateway and address_of(gateway) is not None and not is_proxied(gateway):
                targets[gateway] = True
            if look.walker.owners(str(gateway)) or is_proxied(str(gateway)):
                targets[outside(look, family)] = True
        for other in islice(_near(look, netns, family), _BESIDE):
            targets[other] = True
    for there in rooms:
        found = addresses_of(there) if there is not netns else []
        for address in found if len(rooms) <= _EACH else found[:1]:
            targets.setdefault(address, False)
    for target, near in targets.items():
        try:
            asked = Asked(netns, target, source=None)
            yield _walk(asked, trace(look.host, asked, look.walker), near)
        except (ValueError, KeyError, RecursionError):  # not a question that can be asked of what was captured
            continue


def _near(look: Look, netns: Namespace, family: str) -> Iterator[str]:
    """Addresses of the others on a namespace's segments, also behind what keeps frames from them."""
    told: set[str] = set()
    for link in netns.addresses or ():
        own = [entry for entry in link.get("addr_info", ()) if entry.get("family", "inet") == family and is_real(entry)]
        nets = list(map(network_of, own))
        for end in look.segment(netns, str(link.get("ifname"))).each() if own else ():
            for twin in end.netns.addresses_of(end.dev) if end.netns is not netns else ():
                text, wanted = str(twin.get("local")), address_of(twin.get("local"))
                if twin.get("family", "inet") == family and is_real(twin) and text not in told:
                    if any(holds(net, wanted) for net in nets):
                        told.add(text)
                        yield text
