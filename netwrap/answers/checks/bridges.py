"""Checks of bridges, their VLANs, and tunnels."""

from __future__ import annotations

from ...model.peers import PAIRS
from ...wording import hops
from ..links import state
from . import check, data, is_idle, is_real, kind, network_of
from .links import dead
from .walks import walked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from parsers.records import AddrInfo, Link, Vlan

    from ...model.namespace import Namespace
    from . import Finding, Look


def _filters(netns: Namespace, bridge: Link) -> bool:
    """Whether a bridge filters VLANs: it says so, or it is not known and some port is in a VLAN beside 1."""
    value = data(bridge).get("vlan_filtering")
    return bool(value)


def _vlans(netns: Namespace, dev: str) -> list[Vlan] | None:
    if netns.vlans is None:
        return None
    return [vlan for port in netns.vlans if port.get("ifname") == dev for vlan in port.get("vlans", ())]


def _in_vlan(vlans: list[Vlan], number: int) -> bool:
    return any(vlan["vlan"] <= number <= vlan.get("vlanEnd", vlan["vlan"]) for vlan in vlans)


def _pvid(vlans: list[Vlan]) -> int | None:
    return next((vlan.get("vlan") for vlan in vlans if "PVID" in vlan.get("flags", ())), None)


def _usual_pvid(netns: Namespace, bridge: str) -> int:
    """The VLAN of untagged frames on most ports of a bridge."""
    found = [pvid for port in netns.ports(bridge) if (pvid := _pvid(_vlans(netns, str(port["ifname"])) or [])) is not None]
    return max(found, key=found.count, default=1)


@check("B01", "warning", "a port of a bridge does not forward", "spanning tree has blocked it, or nobody has enabled it")
def port_state(look: Look) -> Iterator[Finding]:
    """The state of a port that is up is blocking, listening, learning or disabled, and no spanning tree is known to run."""
    for netns in look.namespaces:
        for port in netns.bridge_links or ():
            name = str(port.get("ifname"))
            link, above = netns.link(name), netns.link(str(port.get("master"))) or {}
            stopped = port.get("state") in ("blocking", "listening", "learning", "disabled")
            if not stopped or link is None or state(link) != "up" or data(above).get("stp_state") or state(above) == "down":
                continue
            what = f"port {name} of {port.get('master')} is {port['state']}"
            yield look.finding(netns, what, port, dev=name, mend=[look.inside(netns, f"bridge link set dev {name} state 3")])


@check("B02", "error", "two ports that belong together share no VLAN", "the bridge silently separates them")
def no_common_vlan(look: Look) -> Iterator[Finding]:
    """vlan_filtering is on, the namespaces behind two ports have addresses in one network, and the untagged VLANs of the two
    ports differ."""
    for netns, bridge in look.links("bridge"):
        if not _filters(netns, bridge) or netns.vlans is None:
            continue
        rooms: list[tuple[str, Any, Namespace, AddrInfo]] = []
        for port in netns.ports(str(bridge["ifname"])):
            other = look.peer(netns, port) if kind(port) in PAIRS else None
            vlans = _vlans(netns, str(port["ifname"])) or []
            if other is None or not _pvid(vlans):
                continue
            for entry in other[0].addresses_of(str(other[1]["ifname"])):
                if is_real(entry):
                    rooms.append((str(port["ifname"]), _pvid(vlans), other[0], entry))
        for at, (behind, pvid, there, entry) in enumerate(rooms):
            for name, other_pvid, beside, twin in rooms[:at]:
                if pvid != other_pvid and there is not beside and network_of(entry) == network_of(twin) is not None:
                    odd, vlan = (name, pvid) if pvid == _usual_pvid(netns, str(bridge["ifname"])) else (behind, other_pvid)
                    yield look.finding(
                        netns,
                        f"{entry['local']} of {there.title} (port {behind}, VLAN {pvid}) and {twin['local']} of "
                        f"{beside.title} (port {name}, VLAN {other_pvid}) share no VLAN",
                        (there, entry),
                        (beside, twin),
                        dev=odd,
                        mend=[look.inside(netns, f"bridge vlan add dev {odd} vid {vlan} pvid untagged")],
                        explains=[("apart", netns.title)],
                    )
                    break
    for one in walked(look, "B02"):
        yield one._replace(follows=one.follows | {("apart", one.netns)})


@check("B03", "error", "a port that takes no untagged frames", "untagged frames of the namespace behind it are dropped")
def no_pvid(look: Look) -> Iterator[Finding]:
    """vlan_filtering is on, a port has no PVID, and the link at its other end has an address of its own (and so sends untagged
    frames)."""
    for netns, bridge in look.links("bridge"):
        if not _filters(netns, bridge) or netns.vlans is None:
            continue
        for port in netns.ports(str(bridge["ifname"])):
            other = look.peer(netns, port) if kind(port) in PAIRS else None
            vlans = _vlans(netns, str(port["ifname"]))
            if other is None or vlans is None or _pvid(vlans) is not None:
                continue
            entries = [entry for entry in other[0].addresses_of(str(other[1]["ifname"])) if is_real(entry)]
            if entries:
                name, usual = str(port["ifname"]), _usual_pvid(netns, str(bridge["ifname"]))
                yield look.finding(
                    netns,
                    f"port {name} has no PVID, and {other[1]['ifname']} of {other[0].title} sends untagged",
                    port,
                    (other[0], entries[0]),
                    dev=name,
                    mend=[look.inside(netns, f"bridge vlan add dev {name} vid {usual} pvid untagged")],
                )


@check(
    "B04", "error", "a VLAN that its port does not allow", "tagged frames of the namespace behind it are dropped at the bridge"
)
def tag_not_allowed(look: Look) -> Iterator[Finding]:
    """A vlan link in a namespace is built on a veth whose other end is a port of a bridge with vlan_filtering, and this port
    does not have the VLAN."""
    for netns, link in look.links("vlan"):
        parent = look.peer(netns, link)
        number = data(link).get("id")
        port = look.peer(*parent) if parent is not None and kind(parent[1]) in PAIRS else None
        if port is None or not port[1].get("master") or not isinstance(number, int):
            continue
        there, name = port[0], str(port[1]["ifname"])
        bridge = there.link(str(port[1]["master"]))
        vlans = _vlans(there, name)
        if bridge is not None and _filters(there, bridge) and vlans is not None and not _in_vlan(vlans, number):
            yield look.finding(
                there,
                f"{link['ifname']} of {netns.title} sends VLAN {number}, and port {name} does not allow it",
                (netns, link),
                dev=name,
                mend=[look.inside(there, f"bridge vlan add dev {name} vid {number}")],
            )


@check("B05", "warning", "ports that are isolated from each other", "their namespaces cannot talk, by design or by mistake")
def isolated(look: Look) -> Iterator[Finding]:
    """The walk of `netwrap trace` ends between two isolated ports."""
    yield from walked(look, "B05")


@check(
    "B06",
    "warning",
    "a forwarding entry on the wrong port of a bridge",
    "frames go to the wrong namespace until the entry ages out",
)
def moved(look: Look) -> Iterator[Finding]:
    """A static or permanent FDB entry on one port has the MAC of the link behind another port."""
    for netns in look.namespaces:
        behind: dict[str, str] = {}
        for port in netns.links or ():
            other = look.peer(netns, port) if port.get("master") and kind(port) in PAIRS else None
            if other is not None and other[1].get("address"):
                behind[str(other[1]["address"])] = str(port["ifname"])
        own = {str(link.get("address")) for link in netns.links or ()}
        for entry in netns.fdb or ():
            mac, cabled = str(entry.get("mac")), behind.get(str(entry.get("mac")))
            if (
                cabled
                and entry.get("ifname") not in (cabled, None)
                and mac not in own
                and entry.get("state") in ("static", "permanent")
            ):
                yield look.finding(
                    netns,
                    f"{mac} is fixed on {entry['ifname']}, and its cable is at {cabled}",
                    entry,
                    dev=str(entry["ifname"]),
                    mend=[look.inside(netns, f"bridge fdb del {mac} dev {entry['ifname']} master")],
                )


@check("B07", "error", "a tunnel that leads to nobody", "frames are dropped at the other end, or sent nowhere")
def tunnel_to_nobody(look: Look) -> Iterator[Finding]:
    """The walk of `netwrap trace` ends in a tunnel: the tunnel has no remote, the other end has another VNI or port, or the
    outer packet does not arrive."""
    yield from walked(look, "B07")


@check("B08", "error", "two ends of a tunnel disagree", "one end sends what the other does not accept")
def tunnel_ends(look: Look) -> Iterator[Finding]:
    """Captured hosts have vxlan links of one VNI with different UDP ports (the finding names those whose port differs from the
    majority), or the local address of a vxlan link is not an address of its host."""
    for netns, link in look.links("vxlan"):
        own = data(link)
        local = own.get("local")
        if local and netns.covers("ip_address", "inet") and ":" not in str(local):
            texts = {
                str(entry.get("local"))
                for where in look.namespaces
                for one in where.addresses or ()
                for entry in one.get("addr_info", ())
            }
            if str(local) not in texts:
                yield look.finding(
                    netns,
                    f"{link['ifname']} sends from {local}, which is no address of {look.host.name}",
                    link,
                    dev=str(link["ifname"]),
                )


@check("B09", "note", "a bridge without a port", "a leftover; a bridge with an address leads to a network without hosts")
def empty_bridge(look: Look) -> Iterator[Finding]:
    """All links were captured, and none has the bridge as its master. With an address and no carrier, an error if the default
    route leaves by the bridge, or a link that nothing uses may be its missing port, else a warning; bridges that programs keep
    ready (docker0, virbr0, br-…) are ignored."""
    for netns, bridge in look.links():
        name = str(bridge["ifname"])
        if kind(bridge) != "bridge" and not (kind(bridge) is None and name.startswith("br") and state(bridge) == "no carrier"):
            continue
        if (
            is_idle(name)
            or netns.ports(name)
            or not (netns.covers("ip_link") or netns.covers("ip_address") or netns.bridge_links == [])
        ):
            continue
        entries = [entry for entry in netns.addresses_of(name) if is_real(entry)]
        if state(bridge) == "down":
            continue
        lost = bool(entries) and state(bridge) == "no carrier"
        loose = next(_loose(netns), None) if entries else None
        leads_out = any(route.get("dev") == name for family in ("inet", "inet6") for route in look.defaults(netns, family))
        yield look.finding(
            netns,
            f"{name} has no port (no link has it as its master): nothing behind it can be reached",
            bridge,
            *entries[:1],
            dev=name,
            severity="error" if lost and (loose or leads_out) else "warning" if lost else None,
            mend=[look.inside(netns, f"ip link set {loose} master {name}")] if loose else [],
            explains=[("no-port", id(netns), name)],
        )


def _loose(netns: Namespace) -> Iterator[str]:
    """The links that are up and lead to another one or to a cable, and that nothing in their namespace uses."""
    used = {hop.get("dev") for route in [*(netns.routes or ()), *(netns.routes6 or ())] for hop in hops(route)}
    used |= {link.get("link") for link in netns.links or ()}
    for link in netns.links or ():
        name = str(link["ifname"])
        if kind(link) in (*PAIRS, "", None) and state(link) == "up" and not link.get("master") and name not in used:
            if "LOOPBACK" not in link.get("flags", ()) and not any(map(is_real, netns.addresses_of(name))) and not is_idle(name):
                yield name


@check("B10", "warning", "two cables between two bridges, and no spanning tree", "broadcasts circle without end")
def storm(look: Look) -> Iterator[Finding]:
    """Two ports of a bridge lead to ports of one other bridge, and neither bridge runs STP."""
    told: set[Any] = set()
    for netns, bridge in look.links("bridge"):
        seen: dict[Any, list[Link]] = {}
        for port in netns.ports(str(bridge["ifname"])):
            other = look.peer(netns, port) if kind(port) in PAIRS else None
            if other is None or not other[1].get("master") or not "up" == state(port) == state(other[1]):
                continue
            if not data(other[0].link(str(other[1]["master"])) or {}).get("stp_state"):
                seen.setdefault((id(other[0]), other[1]["master"]), []).append(port)
        for there, ports in seen.items():
            key = frozenset({(id(netns), bridge["ifname"]), there})
            if len(ports) > 1 and key not in told and not data(bridge).get("stp_state"):
                told.add(key)
                yield look.finding(
                    netns,
                    f"{len(ports)} ports of {bridge['ifname']} lead to {there[1]}, and no spanning tree is on",
                    bridge,
                    *ports[:2],
                    dev=str(bridge["ifname"]),
                    mend=[look.inside(netns, f"ip link set {bridge['ifname']} type bridge stp_state 1")],
                )


@check("B11", "error", "a bridge that is in no VLAN itself", "its own address is not reached from its ports")
def bridge_in_no_vlan(look: Look) -> Iterator[Finding]:
    """vlan_filtering is on (or the ports are in VLANs and the bridge has no entry of its own), and the bridge has an address."""
    for netns in look.namespaces:
        if netns.vlans is None or not netns.covers("bridge_vlan"):
            continue
        listed = {str(port.get("ifname")) for port in netns.vlans}
        for bridge in netns.links or ():
            name = str(bridge["ifname"])
            ports = [port for port in netns.ports(name) if str(port["ifname"]) in listed]
            filters = data(bridge).get("vlan_filtering")
            if kind(bridge) not in ("bridge", None) or filters in (0, False) or name in listed:
                continue
            entries = [entry for entry in netns.addresses_of(name) if is_real(entry)]
            guessed = kind(bridge) is None and name.startswith("br") and not ports and listed and len(listed) == len(netns.vlans)
            if entries and (ports or guessed or filters):
                port, usual = next(one for one in netns.vlans), _usual_pvid(netns, name)
                yield look.finding(
                    netns,
                    f"{name} itself is in no VLAN (bridge vlan has no line {name}): its address {entries[0]['local']} "
                    "is not reached from the ports",
                    port,
                    entries[0],
                    dev=name,
                    explains=[dead(netns, name)],
                    mend=[look.inside(netns, f"bridge vlan add dev {name} vid {usual} pvid untagged self")],
                )


@check("L22", "warning", "a macvlan or ipvlan that sends to its own parent", "the two can never reach each other by that link")
def macvlan_parent(look: Look) -> Iterator[Finding]:
    """The walk of `netwrap trace` ends for that reason."""
    yield from walked(look, "L22")
