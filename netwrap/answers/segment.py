"""What a link reaches: the receivers of its frames, the way of a frame to each of them, and the first obstacle on that way."""

from __future__ import annotations

from functools import cached_property

from parsers.tuples import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from parsers.records import Link

    from ..model.namespace import Namespace


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


class Outer(NamedTuple):
    """How far the outer packet of a tunnel comes: the namespace and port that it reaches, or the obstacle on the way there.

    ``returning``: the obstacle on the way back. Without a ``place`` and an obstacle, the packet leaves the captured network.
    """

    place: Namespace | None = None
    obstacle: Obstacle | None = None
    source: str | None = None
    returning: Obstacle | None = None
    port: int | None = None


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
        return tuple(once(self.each()) if self.shared else self.own)


class Shared(NamedTuple):
    """A bridge as one of its ports sees it: ``core`` is the segment of the bridge itself, ``way`` the frame's way to it."""

    core: Segment
    bridge: str
    port: str
    sender: tuple[int, str]
    way: Way

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


class Way(NamedTuple):
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
    renumbered: tuple[str, ...] = ()  # the mend for the VLAN of the sender, where its network has another one

    def step(self, *step: Any) -> Way:
        return Way((*self.trail, Step(*step)), self.obstacle, self.crossings, self.sizes, self.passed, self.mac, self.sender,
                    self.learned, self.left, self.mended, self.renumbered)  # fmt: skip

    def passing(self, key: tuple[int, str, tuple[int, ...]], sizes: tuple[tuple[int, Namespace, str], ...] = ()) -> Way:
        """Continue the way through a link, and remember that link as passed; ``sizes``: the MTU of the link."""
        return Way(self.trail, self.obstacle, self.crossings, (*self.sizes, *sizes), self.passed | {key}, self.mac, self.sender,
                    self.learned, self.left, self.mended, self.renumbered)  # fmt: skip

    def blocked(self, obstacle: Obstacle) -> Way:
        if self.obstacle is not None or (obstacle.reason, id(obstacle.netns), obstacle.dev) in self.mended:
            return self
        if obstacle.reason == "vlan" and self.renumbered:
            obstacle = obstacle._replace(mend=self.renumbered)
        return self._replace(obstacle=obstacle)


def once(ends: Iterable[End]) -> Iterator[End]:
    """Each end once; of a link that is reached by two ways, the end whose way has no obstacle."""
    best: dict[tuple[int, str], End] = {}
    for end in ends:
        key = (id(end.netns), end.dev)
        if key not in best or best[key].obstacle is not None and end.obstacle is None:
            best[key] = end
    yield from best.values()


def ends_or_may(obstacle: Obstacle) -> str:
    """Whether an outer packet certainly ends at an obstacle, as a verb."""
    return "may end" if obstacle.reason in ("not-captured", "filter-unknown") else "ends"
