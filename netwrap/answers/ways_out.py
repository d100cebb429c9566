"""Namespaces that have a default route and no way out: the gateway has no default route itself, or does not forward.

A gateway is looked for where the default route leads to: the room on the same bus that has its address, or the room at the other
end of a cable. What cannot be told counts as a way out, and so does a gateway that was not captured. Firewalls are not asked:
`netwrap trace` does that.
"""

from __future__ import annotations

from ..wording import hops
from . import routing
from .switches import switches_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.records import Record

    from ..model.namespace import Namespace


def mark(found: Record, namespaces: Sequence[Namespace]) -> None:
    """Give each room of a graph ``default`` and ``ends``, and to those that do not forward ``forwards``.

    ``namespaces``: that of each room.
    """
    ways = _Ways(found, namespaces)
    for room in found["rooms"]:
        room["ends"] = None
        if room["default"]:
            at, why = ways.end(room["id"])
            if why:
                room["ends"] = {"room": at, "title": ways.rooms[at]["title"], "why": why}
                if why == "does not forward":
                    ways.rooms[at]["forwards"] = False


class _Ways:
    def __init__(self, found: Record, namespaces: Sequence[Namespace]) -> None:
        self.rooms: dict[str, Record] = {room["id"]: room for room in found["rooms"]}
        self.namespaces = {room["id"]: netns for room, netns in zip(found["rooms"], namespaces)}
        self.ports: dict[str, Record] = {port["id"]: port for port in found["ports"]}
        self.named = {(port["room"], port["name"]): port for port in found["ports"]}
        self.owners: dict[str, list[Record]] = {}
        for port in found["ports"]:
            for address in port["addresses"]:
                self.owners.setdefault(address.partition("/")[0], []).append(port)
        self.carried = {bus["port"]: bus["id"] for bus in found["buses"]}
        self.far: dict[str, list[str]] = {}
        self.joined: dict[str, str] = {}  # bus -> a bus that a cable joins it to
        for cable in found["cables"]:
            one, other = cable["ends"]
            self.far.setdefault(one, []).append(other)
            self.far.setdefault(other, []).append(one)
            ends = [self._bus(end) for end in cable["ends"]]
            if ends[0] and ends[1]:
                low, high = sorted((self._root(ends[0]), self._root(ends[1])))
                if low != high:
                    self.joined[high] = low
        self.known: dict[str, tuple[str, str]] = {}

    def _bus(self, end: str) -> str:
        return end if end not in self.ports else self.carried.get(end) or self.ports[end]["bus"] or ""

    def _root(self, bus: str) -> str:
        while bus in self.joined:
            bus = self.joined[bus]
        return bus

    def end(self, room: str) -> tuple[str, str]:
        """The room where the way out of a room ends, and why; ``(room, "")`` where it leads out, or that cannot be told."""
        if room not in self.known:
            self.known[room] = room, "circle"  # for those who ask while this one is asked
            self.known[room] = self._end(room)
        return self.known[room]

    def _end(self, room: str) -> tuple[str, str]:
        if self.rooms[room]["default"] is not True:
            return room, "" if self.rooms[room]["default"] is None else "no default route"
        found = room, ""
        for family in ("inet", "inet6"):
            for route in routing.default_routes(self.namespaces[room], family) or ():
                for hop in hops(route):
                    leg = routing.leg(hop)
                    gateway = self._gateway(room, leg) if "nhid" not in route else None
                    if gateway is None:
                        return room, ""
                    forwards, known = switches_of(self.namespaces[gateway["room"]]).forwards(gateway["name"], family)
                    ends = (gateway["room"], "does not forward") if known and not forwards else self.end(gateway["room"])
                    if not ends[1]:
                        return room, ""
                    found = found if found[1] else ends
        return found

    def _gateway(self, room: str, leg: routing.Leg) -> Record | None:
        """The port of another room that a default route leads to; None where that is not certain."""
        port = self.named.get((room, leg.dev))
        segment = self._segment(port)
        if port is None or segment is None:
            return None
        if isinstance(segment, frozenset):  # a cable: a gateway that nobody has is answered for at its other end
            return next((self.ports[end] for end in segment if self.ports[end]["room"] != room), None)
        found = [owner for owner in self.owners.get(leg.gateway or "", ())
                 if owner["room"] != room and self._segment(owner) == segment]  # fmt: skip
        return found[0] if len(found) == 1 else None

    def _segment(self, port: Record | None) -> str | frozenset[str] | None:
        """The bus that a port leads to, or the cable: both of its ends."""
        while port is not None and port["under"] and not port["member"] and port["id"] not in self.carried:
            port = self.ports.get(port["under"])
        if port is None:
            return None
        bus = self._bus(port["id"])
        if bus:
            return self._root(bus)
        for end in self.far.get(port["id"], ()):
            if self._bus(end):
                return self._root(self._bus(end)) if not end.startswith("c") else None
            if end in self.ports and self.ports[end]["kind"] == port["kind"]:
                return frozenset((port["id"], end))
        return None
