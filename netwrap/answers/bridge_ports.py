"""What a bridge does with a frame at a port: the port's state, and the VLAN that the frame has there."""

from __future__ import annotations

from ..prefixes import network
from .inside import inside
from .links import data, is_up, kind, port_state, slave_of, vlans_of
from .segment import Obstacle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from parsers.records import AnyRecord, Link

    from ..model.host import Host
    from ..model.namespace import Namespace
    from ..prefixes import Network
    from .segment import Way

    #: The vlan, macvlan and ipvlan links that stand on a link, each with its namespace.
    Children = Callable[[Namespace, str], list[tuple[Namespace, Link]]]

#: Added to the VLAN number of an 802.1ad tag: such a VLAN is not the VLAN of 802.1Q with the same number.
SERVICE = 4096
_STOPPED = ("disabled", "listening", "learning", "blocking")


class Ports:
    """The ports of a host's bridges."""

    def __init__(self, host: Host, children: Children, mended: frozenset[tuple[str, int, object]]) -> None:
        self.host = host
        self.mended = mended
        self.children = children
        self._alike: dict[tuple[int, str], bool] = {}

    def treats_alike(self, netns: Namespace, bridge: str) -> bool:
        """Whether a bridge treats frames from all of its ports in the same way: no VLANs, isolation or hairpin."""
        key = (id(netns), bridge)
        if key not in self._alike:
            self._alike[key] = not data(netns.link(bridge) or {}).get("vlan_filtering") and not any(
                slave_of(netns, port).get("isolated") or slave_of(netns, port).get("hairpin") for port in netns.ports(bridge)
            )
        return self._alike[key]

    def checked_state(self, netns: Namespace, port: Link, way: Way) -> Way:
        name = str(port.get("ifname"))
        state = port_state(netns, port)
        if state not in _STOPPED or not is_up(port) or not is_up(netns.link(str(port.get("master"))) or {}):
            return way
        if state == "disabled" and "NO-CARRIER" in port.get("flags", ()):
            return way  # the cable is at fault, and reported as the cause
        what = f"{name} in {netns.title} does not forward: its port is {state}"
        mend = (inside(netns, f"bridge link set dev {name} state 3"),)
        return way.blocked(
            Obstacle("port-state", netns, name, what, inside(netns, f"bridge link show dev {name}"), mend, port, "bridge")
        )

    def classified(
        self, netns: Namespace, bridge: str, dev: str, tags: tuple[int, ...], way: Way
    ) -> tuple[int, tuple[int, ...], Way]:
        """Classify a frame at a port with VLAN filtering; returns its VLAN, the tags that are left, and its way."""
        rows = self._vlans_of(netns, dev)
        command = inside(netns, f"bridge vlan show dev {dev}")
        if rows is None:
            return (
                0,
                tags,
                way.blocked(Obstacle("not-captured", netns, dev, f"the VLANs of {dev} in {netns.title}", command, stage="vlan")),
            )
        service = str(data(netns.link(bridge) or {}).get("vlan_protocol", "")).lower() == "802.1ad"
        if tags and (tags[0] >= SERVICE) == service:
            tags = (tags[0] % SERVICE, *tags[1:])
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
            return vid, tags, way.blocked(Obstacle("vlan", netns, dev, what, command, mend, rows, "vlan"))
        return pvid, tags, way

    def _vlans_of(self, netns: Namespace, dev: str) -> dict[int, tuple[str, ...]] | None:
        """The VLANs of a port and their flags, with those that count as given to it."""
        rows = vlans_of(netns, dev)
        for reason, place, given in self.mended if rows is not None else ():
            if reason == "vlan" and place == id(netns) and isinstance(given, tuple) and given[0] == dev:
                _, vid, untagged = given
                if untagged:
                    rows = {one: tuple(flag for flag in flags if flag != "PVID") for one, flags in (rows or {}).items()}
                rows = {**(rows or {}), vid: ("PVID", "Egress Untagged") if untagged else ()}
        return rows

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
            rows = vlans_of(netns, str(port.get("ifname"))) or {}
            if behind(port) & wanted:
                return next((vid for vid, flags in rows.items() if "PVID" in flags), None)
        return None

    def untagged(
        self, netns: Namespace, bridge: str, dev: str, vid: int, tags: tuple[int, ...], way: Way
    ) -> tuple[Way, tuple[int, ...]]:
        """Let a frame of a VLAN leave by a port; returns its way, blocked if the port does not allow the VLAN, and its tags."""
        rows = self._vlans_of(netns, dev)
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
        return way, tags if "Egress Untagged" in rows[vid] else (vid + SERVICE * service, *tags)

    def _is_trunk(self, netns: Namespace, dev: str, vid: int, rows: dict[int, tuple[str, ...]]) -> bool:
        """Whether frames of a VLAN should leave a port with its tag: the other end has a link for it, or there are only tags."""
        peer = self.host.peer(netns, netns.link(dev) or {})
        if peer is not None and peer.netns is not None and peer.link is not None:
            children = self.children(peer.netns, str(peer.link.get("ifname")))
            if any(kind(child) == "vlan" for _, child in children):
                return any(tag_of(child) % SERVICE == vid for _, child in children if kind(child) == "vlan")
        return bool(rows) and not any("Egress Untagged" in flags for flags in rows.values())


def tag_of(link: AnyRecord) -> int:
    """The tag that a VLAN link puts in front of its frames."""
    found = data(link)
    return int(found.get("id", 0)) + (SERVICE if str(found.get("protocol", "")).lower() == "802.1ad" else 0)


def without_tag(way: Way, tag: int) -> tuple[str, ...]:
    """The command that lets the last bridge port on a way send a VLAN untagged, if the VLAN is that of its untagged frames."""
    last = way.crossings[-1] if way.crossings else None
    rows = vlans_of(last.netns, last.port_out) if last is not None and last.port_out is not None else None
    if last is None or "PVID" not in (rows or {}).get(tag, ()):
        return ()
    return (inside(last.netns, f"bridge vlan add dev {last.port_out} vid {tag} pvid untagged"),)


def vlan_name(tag: int) -> str:
    """A tag in words."""
    return f"{tag - SERVICE} (802.1ad)" if tag >= SERVICE else str(tag)
