"""The networks of hosts as one graph: rooms (namespaces), ports, buses, cables, clouds. All pictures are drawn from the graph.

>>> from netwrap.model.build import build
>>> from netwrap.model.section import Section
>>> found = graph([build([Section("", "ip link", "3: br0: <UP,LOWER_UP> mtu 1500 state UP\\n    link/ether 02:00:00:00:00:01")])])
>>> [(room["title"], room["ports"]) for room in found["rooms"]], [port["name"] for port in found["ports"]]
([('(root)', ['r0p0'])], ['br0'])

A graph is a plain dict, the JSON form of `netwrap topology` (``version`` counts its changes):

``hosts``   ``{"id", "title"}``
``rooms``   ``{"id", "host", "title", "labels", "ports": [ID], "hidden": N, "captured", "default", "ends"}``; ``hidden`` counts
            links that are not drawn, ``captured`` tells whether the links were, ``default`` whether a rule leads to a default
            route (None: unknown), ``ends`` where the way out of a room with a default route ends: ``{"room", "title", "why"}``
            (None: nowhere, or unknown), why is ``no default route``, ``does not forward`` or ``circle``; ``"forwards": False``
            stands at a gateway that does not forward
``ports``   ``{"id", "room", "name", "kind", "state", "addresses", "mtu", "odd_mtu", "bus", "under", "detail", "mac", "vlans"}``:
            ``vlans`` are the VLANs of a bridge's port, rows as of ``bridge -j vlan`` (None: unknown, or of no interest);
            ``bus`` is the bus that the port is enslaved to, ``under`` the port of the same room that this one stands on, or
            (``member``) the bond or VRF that it is enslaved to,
            ``state`` one of ``up``, ``down``, ``no carrier``, ``unknown``; ``"beyond": ["p3 on br20"]`` stands at a port of
            a part of a graph, for cables that are left out
``buses``   ``{"id", "host", "room", "port", "title", "kind", "of", "filters"}``: a bridge, or a link that macvlans or ipvlans of
            other rooms stand on; ``port`` is its own link, ``of`` the title of its room, ``filters`` whether a bridge with VLANs
            keeps them apart (None: it has no VLANs, or that is unknown)
``clouds``  ``{"id", "title", "kind", "lines": [...]}``: what is outside of the source: a physical network, a tunnel's other
            end, a peer that was not captured; and (kind ``overlay``) a tunnel with more than two ends that are known
``cables``  ``{"id", "ends": [END, END], "how", "certain", "kind"}``; an END is the id of a port, a bus or a line of a cloud; the
            kind ``tunnel`` connects the ends of a tunnel, known by their ``remote``, ``group`` or (wireguard) public ``key``
"""

from __future__ import annotations

import json
import os
import re

from ..errors import NetwrapError, UsageError
from ..model.peers import PAIRS
from ..pictures.words import vlans
from . import routing, topology_tunnels, ways_out
from .links import FALLBACKS, TUNNELS, role, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from parsers.records import AnyRecord, Link, LinkInfo, Record

    from ..model.host import Host
    from ..model.namespace import Namespace
    from ..model.peers import Peer


#: The form of the graph as JSON, and its version; :func:`saved` refuses one that it does not know.
FORM = "netwrap topology"
VERSION = 2
_PARTS = ("hosts", "rooms", "ports", "buses", "clouds", "cables")
_TUNNELS = (*TUNNELS, "wireguard")
#: The VLANs of a port that nobody has configured.
_PLAIN = [{"vlan": 1, "flags": ["PVID", "Egress Untagged"]}]
#: MTUs that nobody has chosen: of Ethernet, and of the kinds of links that take whatever fits (65575: a VRF).
_USUAL = (None, 1500, 65536, 65575)
#: Names that programs give to bridges, and systems to the links of a machine.
_BRIDGE = re.compile(r"docker\d+|br\d+|br-\w+|(?:vir|lxc|lxd|vm|c|cni-)br\d+|cni\d+|podman\d+", re.ASCII)
_PHYSICAL = re.compile(r"(?:eth|em|wlan|wwan|ib|usb|swp|lan|p\d+p)\d+|(?:en|wl|ww|ib)[ospxbcuva]\w+|wan\d*", re.ASCII)
_STACKED = ("macvlan", "macvtap", "ipvlan", "ipvtap")


def graph(hosts: Sequence[Host]) -> Record:
    """The graph of all namespaces of the hosts; see the module for its form."""
    maker = _Maker(several=len(hosts) > 1)
    for host in hosts:
        maker.add(host)
    maker.connect(hosts)
    found = maker.finish()
    ways_out.mark(found, [netns for host in hosts for netns in host.namespaces])
    return found


def saved(path: str) -> Record | None:
    """The graph that `netwrap topology --format json` wrote to a file; None where the path is anything else.

    A pipe is anything else, too: what is read of it here could not be read again as a capture. Raises NetwrapError for a graph
    of another version, and for one that is cut off or of which a part is missing.
    """
    if not os.path.isfile(path):
        return None
    try:
        with open(path, encoding="utf-8") as file:
            if f'"form": "{FORM}"' not in file.read(200):
                return None
            file.seek(0)
            found = json.load(file)
    except json.JSONDecodeError as error:
        raise NetwrapError(f"{path}: the graph is cut off or damaged: line {error.lineno} is no JSON") from None
    except (OSError, ValueError):
        return None
    if found.get("version") != VERSION:
        raise NetwrapError(f"{path}: a graph of version {found.get('version')}; this netwrap reads version {VERSION}")
    lacking = [name for name in _PARTS if not isinstance(found.get(name), list)]
    if lacking:
        raise NetwrapError(f"{path}: the graph has no {', '.join(lacking)}")
    for name in _PARTS:
        for item in found[name]:  # a picture contains the ids as they are
            if not isinstance(item, dict) or not re.fullmatch(r"[a-z][a-z0-9]*", str(item.get("id")), re.ASCII):
                raise NetwrapError(f"{path}: the graph is damaged: {name} has {str(item)[:60]!r}")
    return dict(found)


class _Maker:
    def __init__(self, several: bool) -> None:
        self.several = several
        self.hosts: list[Record] = []
        self.rooms: list[Record] = []
        self.ports: list[Record] = []
        self.buses: list[Record] = []
        self.clouds: list[Record] = []
        self.cables: list[Record] = []
        self._port_of: dict[tuple[int, Any], Record] = {}  # (identity of a namespace, its link) -> port
        self._bus_of: dict[str, Record] = {}  # port -> the bus that it carries
        self._clouds: dict[tuple[str, str], Record] = {}
        self._pairs: set[tuple[str, str]] = set()

    def add(self, host: Host) -> None:
        here = {"id": f"h{len(self.hosts)}", "title": topology_tunnels.title(host) or f"host {len(self.hosts) + 1}"}
        self.hosts.append(here)
        for netns in host.namespaces:
            self._add_room(here, netns)
        for netns in host.namespaces:
            for link in netns.links or ():
                port = self._port_of.get((id(netns), _key(link)))
                if port is not None:
                    self._hang(netns, link, port)
        self._stack(host)

    def connect(self, hosts: Sequence[Host]) -> None:
        """Add all cables, once all rooms are there."""
        tunnels = topology_tunnels.joined(hosts)
        for host in hosts:
            for netns in host.namespaces:
                for link in netns.links or ():
                    port = self._port_of.get((id(netns), _key(link)))
                    if port is not None:
                        self._connect(host, netns, link, port, tunnels)
        for network in tunnels.networks:
            self._join(network)

    def _add_room(self, here: Record, netns: Namespace) -> None:
        room: Record = {
            "id": f"r{len(self.rooms)}", "host": here["id"], "title": netns.title,
            "labels": [label for label in netns.labels if label != netns.title],
            "ports": [], "hidden": 0, "captured": netns.links is not None, "default": _has_default(netns),
        }  # fmt: skip
        self.rooms.append(room)
        before = len(self.ports)
        for link in netns.links or ():
            name = str(link.get("ifname", ""))
            entries = netns.addresses_of(link.get("ifname"))
            if "LOOPBACK" in link.get("flags", ()) or name == "lo" or name in FALLBACKS and not entries:
                room["hidden"] += name != "lo"
                continue
            info = link.get("linkinfo") or {}
            port: Record = {
                "id": f"{room['id']}p{len(room['ports'])}", "room": room["id"], "name": name,
                "kind": _kind(netns, link), "state": state(link),
                "addresses": [_address(entry) for entry in entries if not str(entry.get("local", "")).startswith("fe80:")],
                "mtu": link.get("mtu"), "odd_mtu": link.get("mtu") not in _USUAL, "bus": None, "under": None,
                "detail": _detail(info), "mac": link.get("address") if link.get("link_type", "ether") == "ether" else None,
                "vlans": None, "member": False,
            }  # fmt: skip
            room["ports"].append(port["id"])
            self.ports.append(port)
            self._port_of[id(netns), _key(link)] = port
            self._port_of.setdefault((id(netns), name), port)
            if port["kind"] == "bridge":
                self._add_bus(port, name, "bridge")["filters"] = _filters(info)
        self._add_vlans(netns, self.ports[before:])

    def _add_vlans(self, netns: Namespace, ports: list[Record]) -> None:
        """Give the ports of a bridge their VLANs where these tell something: some are not just untagged in VLAN 1."""
        if netns.vlans is None:
            return
        rows: dict[str, list[Record]] = {}
        for row in netns.vlans:
            rows.setdefault(str(row.get("ifname")), []).extend(
                {key: vlan[key] for key in ("vlan", "vlanEnd", "flags") if key in vlan}
                for vlan in row.get("vlans", ())
                if "vlan" in vlan
            )
        whole = netns.covers("bridge_vlan")
        master = {str(link.get("ifname")): link.get("master") for link in netns.links or ()}
        for bridge in ports:
            bus = self._bus_of.get(bridge["id"])
            if bus is None:
                continue
            members = [bridge, *(port for port in ports if master.get(port["name"]) == bridge["name"])]
            if bus["filters"] or any(rows.get(port["name"], _PLAIN) not in (_PLAIN, []) for port in members):
                bridge["vlans"] = rows.get(bridge["name"])
                for port in members[1:]:
                    port["vlans"] = rows.get(port["name"], [] if whole else None)
            else:
                bus["filters"] = None

    def _add_bus(self, port: Record, title: str, kind: str) -> Record:
        room = next(room for room in reversed(self.rooms) if room["id"] == port["room"])
        bus = {"id": f"b{len(self.buses)}", "host": room["host"], "room": room["id"], "port": port["id"], "title": title,
               "kind": kind, "of": room["title"], "filters": None}  # fmt: skip
        self.buses.append(bus)
        self._bus_of[port["id"]] = bus
        return bus

    def _hang(self, netns: Namespace, link: Link, port: Record) -> None:
        """Hang enslaved ports on the bus of their bridge, or under their bond or VRF."""
        master = self._port_of.get((id(netns), link.get("master"))) if link.get("master") else None
        if master is None:
            return
        bus = self._bus_of.get(master["id"])
        if bus is not None:
            port["bus"] = bus["id"]
        else:
            port["under"], port["member"] = master["id"], True

    def _stack(self, host: Host) -> None:
        """Make a bus of each link that two or more links of other rooms stand on (macvlan)."""
        above: dict[str, set[str]] = {}
        for port, parent in self._parents(host):
            if parent["room"] != port["room"] and port["kind"] in _STACKED:
                above.setdefault(parent["id"], set()).add(port["id"])
            elif parent["room"] == port["room"] and port["under"] is None and port["bus"] is None and parent is not port:
                port["under"] = parent["id"]
        for port in list(self.ports):
            if len(above.get(port["id"], ())) > 1 and port["id"] not in self._bus_of:
                kinds = {child["kind"] for child in self.ports if child["id"] in above[port["id"]]}
                self._add_bus(port, port["name"], "ipvlan" if kinds <= {"ipvlan", "ipvtap"} else "macvlan")

    def _parents(self, host: Host) -> Iterable[tuple[Record, Record]]:
        for netns in host.namespaces:
            for link in netns.links or ():
                port = self._port_of.get((id(netns), _key(link)))
                if port is None or port["kind"] in PAIRS:
                    continue
                peer = host.peer(netns, link)
                if (
                    peer is not None
                    and peer.netns is not None
                    and peer.link is not None
                    and not _is_mutual(host, netns, link, peer)
                ):
                    parent = self._port_of.get((id(peer.netns), _key(peer.link)))
                    if parent is not None:
                        yield port, parent

    def _connect(self, host: Host, netns: Namespace, link: Link, port: Record, tunnels: topology_tunnels.Joined) -> None:
        """Add the cable that leaves a port, if there is one."""
        bus = self._bus_of.get(port["id"])
        if bus is not None and bus["kind"] == "bridge":
            self._cable(port["id"], bus["id"], "name", True, "own")
            return
        peer = host.peer(netns, link)
        if peer is not None and peer.netns is not None and peer.link is not None:
            other = self._port_of.get((id(peer.netns), _key(peer.link)))
            if other is not None:
                if port["kind"] in PAIRS or _is_mutual(host, netns, link, peer):
                    if not self._is_cabled(port["id"], other["id"]):
                        self._cable(port["id"], other["id"], peer.how, True, port["kind"] or "veth")
                elif port["under"] != other["id"] and other is not port:
                    carried = self._bus_of.get(other["id"])
                    end = carried["id"] if carried is not None and carried["kind"] != "bridge" else other["id"]
                    self._cable(port["id"], end, peer.how, True, port["kind"] or "parent")
        elif peer is not None and (
            port["kind"] in (*PAIRS, *_STACKED, "vlan") or "linkinfo" not in link and peer.how in ("missing", "ambiguous")
        ):
            self._uncertain(peer, port)
        if bus is not None:  # of macvlans: the link itself is one of its ends
            self._cable(port["id"], bus["id"], "name", True, "own")
        if port["kind"] in _TUNNELS:
            rest = tunnels.rest.get((id(netns), port["name"]), "remote not shown")
            if rest:  # else all its other ends are drawn
                detail = f"{port['detail'].partition(' to ')[0]}{' ' if rest.startswith('to ') else ', '}{rest}"
                self._to_cloud(port, "tunnel", "other ends of tunnels", f"{port['name']}: {detail}{_of_bus(port)}")
        elif port["kind"] in ("tun", "tap"):
            self._to_cloud(port, "process", "programs (tun/tap)", port["name"] + _of_bus(port))
        elif port["kind"] == "" and port["mac"] is not None and peer is None and _is_virtual(link):
            self._to_cloud(port, "ambiguous", "not certain", f"{port['name']}: its kind was not captured", certain=False)
        elif port["kind"] == "" and port["mac"] is not None and peer is None:
            self._to_cloud(port, "outside", "outside", port["name"] + _of_bus(port))

    def _uncertain(self, peer: Any, port: Record) -> None:
        if peer.how == "ambiguous":
            ends = [f"{link.get('ifname')} in {netns.title}" for netns, link in peer.candidates[:3]]
            more = f" or {len(peer.candidates) - 3} more" if len(peer.candidates) > 3 else ""
            self._to_cloud(port, "ambiguous", "not certain", f"{port['name']}: {' or '.join(ends)}{more}?", certain=False)
        elif peer.netns is None and port["kind"] and port["kind"] not in PAIRS:  # it may be in one of several that were captured
            self._to_cloud(port, "ambiguous", "not certain", f"{port['name']}: on a link of another namespace", certain=False)
        else:
            where = f" (in {peer.netns.title})" if peer.netns is not None else ""
            self._to_cloud(port, "missing", "not captured", f"{port['name']}: its other end{where}", certain=False)

    def _to_cloud(self, port: Record, kind: str, title: str, line: str, certain: bool = True) -> None:
        place = port["bus"] or port["room"]
        cloud = self._clouds.get((place, kind))
        if cloud is None:
            cloud = {"id": f"c{len(self.clouds)}", "title": title, "kind": kind, "near": place, "lines": []}
            self.clouds.append(cloud)
            self._clouds[place, kind] = cloud
        cloud["lines"].append(line)
        self._cable(port["id"], f"{cloud['id']}l{len(cloud['lines']) - 1}", kind, certain, "cloud")

    def _join(self, network: list[topology_tunnels.End]) -> None:
        """Connect the ends of a tunnel: two by a cable, more by a cloud of their own."""
        ports = [self._port_of[id(end.netns), _key(end.link)] for end in network]
        how = "key" if ports[0]["kind"] == "wireguard" else "group" if all(end.group for end in network) else "remote"
        far = ports[1]["id"]
        if len(ports) > 2:
            what = ports[0]["detail"].partition(" to ")[0]
            shown = ports[:3] if len(ports) > 4 else ports
            names = [f"{port['name']} of {end.netns.title}{self._of_host(port)}" for port, end in zip(shown, network)]
            line = ", ".join(names) + (f" and {len(ports) - 3} more" if len(ports) > 4 else "")
            cloud = {"id": f"c{len(self.clouds)}", "title": f"tunnel: {what}", "kind": "overlay",
                     "near": ports[0]["bus"] or ports[0]["room"], "lines": [line]}  # fmt: skip
            self.clouds.append(cloud)
            far = f"{cloud['id']}l0"
        for port in ports if len(ports) > 2 else ports[:1]:
            self._cable(port["id"], far, how, not network[0].assumed, "tunnel")

    def _of_host(self, port: Record) -> str:
        if not self.several:
            return ""
        of = {room["id"]: room["host"] for room in self.rooms}
        return f" of {next(host['title'] for host in self.hosts if host['id'] == of[port['room']])}"

    def _is_cabled(self, one: str, other: str) -> bool:
        return (one, other) in self._pairs or (other, one) in self._pairs

    def _cable(self, one: str, other: str, how: str, certain: bool, kind: str) -> None:
        self._pairs.add((one, other))
        self.cables.append(
            {"id": f"k{len(self.cables)}", "ends": [one, other], "how": how, "certain": certain, "kind": kind}
        )  # fmt: skip

    def finish(self) -> Record:
        return {"form": FORM, "version": VERSION, "hosts": self.hosts, "rooms": self.rooms, "ports": self.ports,
                "buses": self.buses, "clouds": self.clouds, "cables": self.cables, "folds": []}  # fmt: skip


def _of_bus(port: Record) -> str:
    """What a port of a bus has to tell that no room's line tells: its VLANs, an unusual MTU, a state other than up."""
    if not port["bus"]:
        return ""
    words = [f"({vlans(port['vlans'])})"] if port["vlans"] is not None else []
    words += [f"mtu {port['mtu']}"] if port["odd_mtu"] else []
    words += [port["state"]] if port["state"] in ("down", "no carrier") else []
    return "".join(f" {word}" for word in words)


def _is_mutual(host: Host, netns: Namespace, link: Link, peer: Peer) -> bool:
    """Whether the other end leads back: a pair, also where the text does not tell the kinds of links."""
    assert peer.netns is not None and peer.link is not None
    back = host.peer(peer.netns, peer.link)
    return back is not None and back.netns is netns and back.link is link


def _has_default(netns: Namespace) -> bool | None:
    """Whether a namespace has a default route of IPv4 or IPv6; None where that cannot be told."""
    four = routing.has_default(netns, "inet")
    return four or routing.has_default(netns, "inet6") or four


def _kind(netns: Namespace, link: Link) -> str:
    """The kind of a link; where it was not captured, that of a master, and of a bridge that a program names so, is known."""
    found = role(netns, link)
    if found is None and _BRIDGE.fullmatch(str(link.get("ifname"))) and "link" not in link and "link_index" not in link:
        return "bridge"
    return found or ""


def _is_virtual(link: Link) -> bool:
    """Whether a link of unknown kind is none of a machine's own, by its name."""
    return "linkinfo" not in link and not any(
        _PHYSICAL.fullmatch(str(name)) for name in (link.get("ifname"), *link.get("altnames", ()))
    )


def _key(link: Link) -> Any:
    return link.get("ifindex", link.get("ifname"))


def _address(entry: AnyRecord) -> str:
    length = f"/{entry['prefixlen']}" if "prefixlen" in entry and "address" not in entry else ""
    return f"{entry.get('local', '')}{length}"


def _filters(info: LinkInfo) -> bool | None:
    """Whether a bridge filters VLANs; None where the text does not tell."""
    value = (info.get("info_data") or {}).get("vlan_filtering")
    return None if value is None else bool(value)


def _detail(info: LinkInfo) -> str:
    """The detail of a link's kind that a picture has room for: ``vlan 30``, ``vxlan vni 42 to 10.0.0.9``, ``gre key 5``."""
    data = info.get("info_data") or {}
    kind = info.get("info_kind")
    if kind == "vlan" and "id" in data:
        return f"vlan {data['id']}"
    if kind not in _TUNNELS:
        return ""
    words = [str(kind), *([f"vni {data['id']}"] if kind in ("vxlan", "geneve") and "id" in data else [])]
    keys: dict[str, str] = {word: topology_tunnels.short_number(data.get(word)) for word in ("ikey", "okey") if word in data}
    if len(keys) == 2 and len(set(keys.values())) == 1:
        keys = {"key": keys["okey"]}
    words += [f"{word} {key}" for word, key in keys.items()]
    remote = data.get("remote") or data.get("remote6") or data.get("group") or data.get("group6")
    if remote and remote != "any":
        words.append(f"to {remote}")
    return " ".join(words)


# -- a part of a graph ---------------------------------------------------------------------------------------------------


def _rooms_by_end(found: Record) -> dict[str, str]:
    return {item["id"]: item["room"] for item in (*found["ports"], *found["buses"])}


def _steps(found: Record) -> dict[str, list[tuple[str, int, str]]]:
    """For each room and bus, what its cables lead to: (room or bus, length, cable). A tunnel with many ends is like a bus.

    Two rooms are as far from each other with a cable as with a bus between them: two. A cable of two buses has the length one.
    """
    by_end = _rooms_by_end(found)
    tunnels = {cloud["id"] for cloud in found["clouds"] if cloud["kind"] == "overlay"}
    buses = {bus["id"] for bus in found["buses"]} | tunnels
    place = {**by_end, **{port["id"]: port["bus"] for port in found["ports"] if port["bus"]}, **{bus: bus for bus in buses}}
    place.update((f"{name}l0", name) for name in tunnels)
    near: dict[str, list[tuple[str, int, str]]] = {name: [] for name in (*(room["id"] for room in found["rooms"]), *buses)}
    for cable in found["cables"]:
        one, other = (place.get(end) for end in cable["ends"])
        if one in near and other in near and one != other:
            length = 1 if {one, other} & buses else 2
            near[str(one)].append((str(other), length, cable["id"]))
            near[str(other)].append((str(one), length, cable["id"]))
    return near


def _distances(near: dict[str, list[tuple[str, int, str]]], starts: Iterable[str]) -> dict[str, int]:
    """How far each room and bus that can be reached is from the nearest start."""
    found = dict.fromkeys(starts, 0)
    at: list[set[str]] = [set(found), set(), set()]
    while any(at):
        for name in at.pop(0):
            for other, length, _ in near[name]:
                if found[name] + length < found.get(other, found[name] + length + 1):
                    found[other] = found[name] + length
                    at[length - 1].add(other)
        at.append(set())
    return found


def around(found: Record, centre: Iterable[str], depth: int, kinds: Sequence[str] = ()) -> Record:
    """The graph of the rooms that are at most ``depth`` steps away from those of ``centre``, and of the buses between them."""
    far = _distances(_steps(found), centre)
    near = {name for name, length in far.items() if length <= 2 * depth}
    buses = {bus["id"] for bus in found["buses"] if far.get(bus["id"], 2 * depth) < 2 * depth}
    return only(found, near - {bus["id"] for bus in found["buses"]}, kinds, buses)


def between(found: Record, start: str, end: str, kinds: Sequence[str] = ()) -> Record:
    """The graph of all shortest paths from one room to another, and of nothing else. Raises UsageError where there is none."""
    near = _steps(found)
    there, back = _distances(near, [start]), _distances(near, [end])
    if end not in there:
        titles = {room["id"]: room["title"] for room in found["rooms"]}
        raise UsageError(f"no cable leads from {titles[start]} to {titles[end]}")
    way = {name for name in near if there.get(name, 0) + back.get(name, there[end] + 1) == there[end]}
    passed = {
        cable for name in way for other, length, cable in near[name]
        if other in way and there[name] + length + back[other] == there[end]
    }  # fmt: skip
    cables = [cable for cable in found["cables"] if cable["id"] in passed]
    buses = [bus for bus in found["buses"] if bus["id"] in way]
    used = {end for cable in cables for end in cable["ends"]}
    under = {port["id"]: port["under"] for port in found["ports"]}
    carried = {name for name in under if any(below in used for below in _chain(under, name))}
    used |= carried | {below for name in used & under.keys() for below in _chain(under, name)} | {bus["port"] for bus in buses}
    ports = [port for port in found["ports"] if port["id"] in used]
    cables += [cable for cable in found["cables"] if cable["kind"] == "cloud" and not used.isdisjoint(cable["ends"])]
    part = {**found, "cables": cables, "buses": buses, "ports": ports}
    return only(part, {room["id"] for room in found["rooms"]} & way, kinds)


def _chain(under: dict[str, str | None], name: str) -> Iterator[str]:
    """The ports that a port stands on, one above the other."""
    seen: set[str | None] = {name}
    below = under.get(name)
    while below is not None and below not in seen:
        yield below
        seen.add(below)
        below = under.get(below)


def _beyond(found: Record, drawn: set[str]) -> dict[str, list[str]]:
    """For each port that has a cable which is not ``drawn``: what this leads to, ``p3 on br20``."""
    clouds = {f"{cloud['id']}l{at}": line for cloud in found["clouds"] for at, line in enumerate(cloud["lines"])}
    names = {port["id"]: port["name"] for port in found["ports"]}
    titles = {room["id"]: f" in {room['title']}" for room in found["rooms"]}
    titles.update((bus["id"], f" on {bus['title']}") for bus in found["buses"])
    names.update((port["id"], port["name"] + titles.get(port["bus"] or port["room"], "")) for port in found["ports"])
    beyond: dict[str, list[str]] = {}
    for cable in found["cables"]:
        for end, far in (cable["ends"], cable["ends"][::-1]) if cable["id"] not in drawn and cable["kind"] != "own" else ():
            if far in names or far in clouds:
                beyond.setdefault(end, []).append(names.get(far) or clouds[far])
    return beyond


def on_the_way(found: Record, used: set[str]) -> tuple[Record, list[str]]:
    """The graph without what leads away from a packet's way, and the cables on the way; ``used`` are the ports on it.

    A link on top of others (a VLAN, a bond) has no cable: those of the links it stands on, or has as members, are.
    """
    ports = {port["id"]: port for port in found["ports"]}
    way = set(used)
    for name in used:
        while name in ports and name not in way - used:
            way.add(name)
            way.update(port["id"] for port in found["ports"] if port["under"] == name and ports[name]["kind"] == "bond")
            name = ports[name]["under"]
    marked = {cable["id"] for cable in found["cables"] if way.intersection(cable["ends"])}
    tunnels = [cable for cable in found["cables"] if cable["kind"] == "tunnel" and cable["id"] in marked]
    at = [end for cable in tunnels for end in cable["ends"]]
    for cable in tunnels:  # of several, the one with both ends on the way
        if any(end in ports and end not in way and at.count(near) > 1 for end, near in zip(cable["ends"], cable["ends"][::-1])):
            marked.remove(cable["id"])
    inside = {end for cable in tunnels if cable["id"] in marked for end in cable["ends"]}
    marked -= {cable["id"] for cable in found["cables"] if cable["how"] == "tunnel" and not inside.isdisjoint(cable["ends"])}
    outside = {cloud["id"] for cloud in found["clouds"] if cloud["kind"] == "elsewhere"}
    members: dict[str, int] = {}  # bus -> how many of its cables lead to what is drawn; 2 where it is on the way
    for cable in found["cables"]:
        for end in cable["ends"]:
            bus = ports[end]["bus"] if end in ports else end
            if bus and cable["kind"] != "own" and not any(far.partition("l")[0] in outside for far in cable["ends"]):
                members[bus] = members.get(bus, 0) + (2 if cable["id"] in marked else 1)
            elif bus and cable["id"] in marked:
                members[bus] = 2
    idle = {bus["id"] for bus in found["buses"] if members.get(bus["id"], 0) < 2}

    def is_drawn(cable: Record) -> bool:
        ends = {part for end in cable["ends"] for part in (end.partition("l")[0], ports[end]["bus"] if end in ports else end)}
        return cable["id"] in marked or not ends & (idle | outside)

    cables = [cable for cable in found["cables"] if is_drawn(cable)]
    beyond = _beyond(found, {cable["id"] for cable in cables})
    left = {end.partition("l")[0] for cable in cables for end in cable["ends"]}
    return {**found, "cables": cables, "buses": [bus for bus in found["buses"] if bus["id"] not in idle],
            "ports": [{**port, "beyond": beyond[port["id"]]} if port["id"] in beyond else port
                      for port in found["ports"] if port["bus"] not in idle],
            "clouds": [cloud for cloud in found["clouds"] if cloud["id"] in left or cloud["id"] not in outside and cloud["near"]
                       not in idle]}, [cable["id"] for cable in cables if cable["id"] in marked]  # fmt: skip


def _of_vlans(found: Record, among: set[str]) -> set[str]:
    """Ports of a bridge that are in a VLAN, or beside a VLAN link, with the bridge and their other ends; members of bonds.

    ``among``: the ports that may be drawn.
    """
    buses = {port["bus"] for port in found["ports"] if port["kind"] == "vlan" and port["bus"]}
    wanted = {port["id"] for port in found["ports"] if port["vlans"] or port["bus"] in buses}
    wanted |= {end for cable in found["cables"] for end in cable["ends"] if not wanted.isdisjoint(cable["ends"])}
    wanted |= {bus["port"] for bus in found["buses"] if bus["filters"] is not None or bus["id"] in buses}
    below = {port["under"] for port in found["ports"] if port["kind"] == "vlan"}
    below |= {end for cable in found["cables"] if cable["kind"] == "vlan" for end in cable["ends"]}
    bonds = below & {port["id"] for port in found["ports"] if port["kind"] == "bond"}
    wanted |= {port["id"] for port in found["ports"] if port["under"] in bonds and port["kind"] != "vlan"}
    return wanted & among


def _of_bridges(found: Record, among: set[str]) -> set[str]:
    """The links of bridges, their ports, and the other ends of these; ``among``: the ports that may be drawn."""
    bridges = {bus["id"]: bus["port"] for bus in found["buses"] if bus["kind"] == "bridge"}
    ports = {port["id"] for port in found["ports"] if port["bus"] in bridges}
    ports |= {end for cable in found["cables"] for end in cable["ends"] if not ports.isdisjoint(cable["ends"])}
    return (ports | set(bridges.values())) & among


def only(found: Record, rooms: set[str], kinds: Sequence[str] = (), drawn: set[str] | None = None) -> Record:
    """The graph of these rooms: their ports, the buses and clouds these are on. A cable that leaves them ends in a cloud.

    ``drawn``: the buses that there are (None: all that the rooms have or are on); the ports of the others are left out.
    """
    by_end = _rooms_by_end(found)
    left_out = {bus["id"] for bus in found["buses"] if drawn is not None and bus["id"] not in drawn}
    carriers = {bus["port"] for bus in found["buses"] if bus["id"] in left_out and bus["kind"] == "bridge"}
    ports = [port for port in found["ports"]
             if port["room"] in rooms and port["bus"] not in left_out and port["id"] not in carriers]  # fmt: skip
    if kinds:
        wanted = {port["id"] for port in ports if port["kind"] in kinds or (port["kind"] == "" and "physical" in kinds)}
        if "vlan" in kinds:
            wanted |= _of_vlans(found, {port["id"] for port in ports})
        if "bridge" in kinds:
            wanted |= _of_bridges(found, {port["id"] for port in ports})
        ports = [port for port in ports if port["id"] in wanted]
        parents = {port["id"]: port["under"] for port in found["ports"]}
        kept = {port["id"] for port in ports}
        above = list(kept)
        for name in above:  # a VLAN without its parent would hang in the air
            if parents.get(name) in parents and parents[name] not in kept:
                kept.add(parents[name])
                above.append(parents[name])
        ports = [port for port in found["ports"] if port["id"] in kept]
    kept = {port["id"] for port in ports}
    bus_of = {port["id"]: port["bus"] for port in found["ports"]}
    titles = {room["id"]: room["title"] for room in found["rooms"]}
    names = {port["id"]: port["name"] for port in found["ports"]}
    titles_of_buses = {bus["id"]: bus["title"] for bus in found["buses"]}
    carried = {bus["port"]: bus["id"] for bus in found["buses"]}
    cables, clouds, used = [], {cloud["id"]: cloud for cloud in found["clouds"]}, set()
    elsewhere: dict[str, Record] = {}
    buses: set[str] = {bus["id"] for bus in found["buses"] if bus["port"] in kept} - left_out
    for cable in found["cables"]:
        one, other = cable["ends"]
        if one not in kept and other not in kept or cable["kind"] == "own" and not left_out.isdisjoint(cable["ends"]):
            continue
        for end, far in ((one, other), (other, one)):
            if far in kept or end not in kept:
                continue
            bus = far if far.startswith("b") else bus_of.get(far)
            if far.startswith("c"):
                used.add(far.partition("l")[0])
            elif bus and bus not in left_out:
                buses.add(bus)
            elif far in by_end:
                near = bus_of.get(end) if bus_of.get(end) in buses else by_end[end]
                cloud = elsewhere.setdefault(str(near), {
                    "id": f"c{len(found['clouds']) + len(elsewhere)}", "title": "not drawn", "kind": "elsewhere", "near": near,
                    "lines": [],
                })  # fmt: skip
                bus = bus or carried.get(far)
                line = f"{titles_of_buses[bus]} of" if bus else f"{names.get(far, far)} in"
                line += f" {titles[by_end[far]]}"
                if line not in cloud["lines"]:
                    cloud["lines"].append(line)
                cable = {**cable, "ends": [end, f"{cloud['id']}l{cloud['lines'].index(line)}"]}
        cables.append(cable)
    if not kinds:  # cables between two buses whose rooms are not drawn
        done = {cable["id"] for cable in cables}
        cables += [cable for cable in found["cables"] if cable["id"] not in done and cable["kind"] != "own"
                   and all((end if end in buses else bus_of.get(end)) in buses for end in cable["ends"])]  # fmt: skip
    # Of a bus whose room is not drawn: its enslaved ports, and its own link.
    wanted = {end for cable in cables for end in cable["ends"]} | {bus["port"] for bus in found["buses"] if bus["id"] in buses}
    ports += [port for port in found["ports"] if port["id"] in wanted - kept]
    if kinds:  # a room without such links is not drawn, and links of a bridge that is not drawn are links of their room
        rooms = {port["room"] for port in ports}
        ports = [{**port, "bus": port["bus"] if port["bus"] in buses else None} for port in ports]
        kept = {port["id"] for port in ports}
    return {
        **found, "rooms": [{**room, "ports": [port for port in room["ports"] if port in kept]}
                           for room in found["rooms"] if room["id"] in rooms],
        "ports": ports, "buses": [bus for bus in found["buses"] if bus["id"] in buses],
        "clouds": [clouds[name] for name in sorted(used)] + list(elsewhere.values()), "cables": cables,
    }  # fmt: skip
