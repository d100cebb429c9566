"""What one link record tells: its kind, state and role, the modes of macvlans and the ports and VLANs of bridges."""

from __future__ import annotations

from .inside import inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from parsers.records import AnyRecord, Link, Record

    from ..model.host import Host
    from ..model.namespace import Namespace

#: Devices that the kernel makes by itself when a tunnel's module is loaded; they are not drawn while nothing uses them.
FALLBACKS = ("tunl0", "gre0", "gretap0", "erspan0", "sit0", "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0")
#: Tunnels that carry Ethernet frames, and all that have the addresses of their other ends (wireguard has keys of peers).
TUNNELS_OF_FRAMES = ("vxlan", "geneve", "gretap", "ip6gretap", "erspan", "ip6erspan")
TUNNELS = (*TUNNELS_OF_FRAMES, "gre", "ipip", "sit", "ip6tnl", "ip6gre", "vti", "vti6", "xfrm")


def kind(link: AnyRecord) -> str | None:
    """The kind of a link (``veth``); "" for a physical one, None where the capture does not tell."""
    if "linkinfo" not in link:
        return None
    found = link["linkinfo"].get("info_kind", "")
    return str(found)


def machine(host: Host) -> str | None:
    """The machine that a host is: its hostname, and the MACs of its own links (of all links where it has none of its own).

    Captures of one machine are states of it. None where the hostname or the MACs are not known.
    """
    root = host.root
    links = [
        link for link in (root.links or () if root is not None else ())
        if link.get("link_type", "ether") in ("ether", "infiniband") and str(link.get("address", "")).strip("0:")
    ]  # fmt: skip
    own = [link for link in links if not kind(link)] or links
    macs = sorted({str(link.get("permaddr") or link["address"]) for link in own})
    return " ".join([host.hostname, *macs]) if host.hostname and macs else None


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


def has_addresses(netns: Namespace, link: Link) -> bool:
    return bool(netns.addresses_of(str(link.get("ifname"))))


def is_up(link: AnyRecord) -> bool:
    """Whether a link is set up (its carrier is another matter)."""
    return "UP" in link.get("flags", ("UP",))


def has_details(netns: Namespace) -> bool:
    """Whether the links were captured with `-d`, which shows their kinds."""
    return any("linkinfo" in link for link in netns.links or ())


def sibling_mode(link: AnyRecord) -> str:
    """How a macvlan or ipvlan treats its siblings: ``bridge``, ``private``, ``vepa`` or ``passthru``."""
    found = data(link)
    if kind(link) != "ipvlan":
        return str(found.get("mode", "bridge"))
    return next((flag for flag in ("private", "vepa") if found.get(flag)), "bridge")


def slave_of(netns: Namespace, port: Link) -> AnyRecord:
    """The fields of a link as the port of a bridge: from `ip -d link`, else from `bridge link`."""
    found = port.get("linkinfo", {}).get("info_slave_data")
    if found:
        return found
    return next((row for row in netns.bridge_links or () if row.get("ifname") == port.get("ifname")), {})


def port_state(netns: Namespace, port: Link) -> str | None:
    state = slave_of(netns, port).get("state")
    names = {0: "disabled", 1: "listening", 2: "learning", 3: "forwarding", 4: "blocking"}
    return names.get(state) if isinstance(state, int) else state


def vlans_of(netns: Namespace, dev: str) -> dict[int, tuple[str, ...]] | None:
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


def mac_of(link: AnyRecord) -> str | None:
    return str(link["address"]).lower() if "address" in link else None


def specified(text: Any) -> str | None:
    return None if text in (None, "any", "0.0.0.0", "::") else str(text)


def show_link(netns: Namespace, dev: str) -> str:
    """The command that shows the details of a link."""
    return inside(netns, f"ip -d link show dev {dev}")
