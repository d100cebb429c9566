"""Whether a program answers a packet that was delivered: a listening socket, or the kernel's echo."""

from __future__ import annotations

from ..inside import inside
from .way import ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.namespace import Namespace
    from ..packet import Packet
    from ..routing import Router
    from .way import Ended, Way


def refused(router: Router, netns: Namespace, way: Way, packet: Packet, dev: str) -> Ended | None:
    """End a way as deaf where no program answers the packet; None where one does, or the sockets are not known."""
    switches = router.switches
    if packet.proto == "icmp" and switches.value("net.ipv4.icmp_echo_ignore_all"):
        name = "net.ipv4.icmp_echo_ignore_all"
    elif packet.proto == "icmpv6" and switches.value("net.ipv6.icmp.echo_ignore_all"):
        name = "net.ipv6.icmp.echo_ignore_all"
    else:
        name = ""
    if name:
        what = f"{netns.title} ignores echo requests ({name} is 1)"
        return ended(
            way,
            "deaf",
            netns,
            dev,
            "icmp-ignored",
            what,
            inside(netns, f"sysctl {name}"),
            (inside(netns, f"sysctl -w {name}=0"),),
            None,
            "socket",
        )
    if packet.proto not in ("tcp", "udp") or packet.dport is None:
        return None
    outside = outside_vrf(router, netns, way, packet, dev)
    if outside is not None:
        return outside
    if _listening(netns, packet) is False:
        what = f"nobody listens on {packet.proto} port {packet.dport} in {netns.title}"
        return ended(way, "deaf", netns, dev, "no-listener", what, inside(netns, "ss -lntup"), (), None, "socket")
    return None


def outside_vrf(router: Router, netns: Namespace, way: Way, packet: Packet, dev: str) -> Ended | None:
    """End a way as deaf where a TCP or UDP packet comes in by a VRF, and sockets that are not bound to the VRF do not hear it."""
    vrf = router.vrf_of(dev) if packet.proto in ("tcp", "udp") else None
    name = f"net.ipv4.{packet.proto}_l3mdev_accept"
    if vrf is None or router.switches.value(name):
        return None
    what = f"{packet.proto} servers of {netns.title} outside of the VRF {vrf} do not hear what comes in by {dev}"
    if way.reply:
        what = f"the {packet.proto} socket of {netns.title} is outside of the VRF {vrf}: it does not hear the answer by {dev}"
    mend = (inside(netns, f"sysctl -w {name}=1"),)
    return ended(way, "deaf", netns, dev, "vrf", what, inside(netns, f"sysctl {name}"), mend, None, "socket")


def _listening(netns: Namespace, packet: Packet) -> bool | None:
    """Whether a socket listens for a packet; None where the sockets were not captured."""
    rows = netns.table("ss")
    if rows is None:
        return None
    for row in rows:
        if not str(row.get("netid", "")).startswith(packet.proto) or row.get("state") not in ("LISTEN", "UNCONN"):
            continue
        if row.get("local_port") != packet.dport:
            continue
        local = str(row.get("local", "*"))
        if local in ("*", packet.destination) or local == "0.0.0.0" and packet.family == "inet" or local == "::":
            return True
    return False


def bound(netns: Namespace, packet: Packet) -> bool:
    """Whether a socket listens on just the address that a packet is for: its answer has that source."""
    return any(
        str(row.get("netid", "")).startswith(packet.proto) and row.get("local_port") == packet.dport
        and row.get("local") == packet.destination
        for row in netns.table("ss") or ()
    )  # fmt: skip
