"""The words for ports and cables in a picture, the same in every form."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parsers.records import Record


# Kinds to name in words: the other kinds show in the drawing.
_TOLD = ("bond", "vrf", "macvlan", "macvtap", "ipvlan", "ipvtap", "dummy", "wireguard", "team", "tun")


def is_parent(kind: str) -> bool:
    """Whether cables of a kind lead from a link to the link that it stands on."""
    return kind not in ("veth", "netkit", "vxcan", "own", "cloud", "tunnel")


def by_host(graph: Record) -> list[tuple[Record, Record]]:
    """Each host of a graph that has something to draw, with the graph of that host alone.

    A port with a tunnel to another host has ``afar``: the other ends in words. The cable itself is in none of these graphs.
    """
    hosts = graph["hosts"]
    if len(hosts) < 2:
        return [(host, graph) for host in hosts]
    of: dict[str | None, str] = {item["id"]: item.get("host", hosts[0]["id"]) for item in (*graph["rooms"], *graph["buses"])}
    of.update((bus["port"], of[bus["id"]]) for bus in graph["buses"])
    of.update((port["id"], of.get(port["room"]) or of.get(port["bus"]) or of[port["id"]]) for port in graph["ports"])
    of.update((cloud["id"], of[cloud["near"]]) for cloud in graph["clouds"])
    parts: dict[str, Record] = {host["id"]: {"rooms": [], "ports": [], "buses": [], "clouds": [], "cables": []} for host in hosts}
    for name in ("rooms", "ports", "buses", "clouds"):
        for item in graph[name]:
            parts[of[item["id"]]][name].append(item)
    known = {item["id"]: item for name in ("hosts", "rooms", "ports", "clouds") for item in graph[name]}
    afar: dict[str, list[str]] = {}
    for cable in graph["cables"]:
        one, other = ends = [end.partition("l")[0] for end in cable["ends"]]
        at = {of[end] for end in ends if end in of}
        if len(at) < 2:
            for host in at:
                parts[host]["cables"].append(cable)
            continue
        for end, far in ((one, other), (other, one)):
            where = str(known[str(of[far])]["title"])
            if "room" in known[far]:
                where = f"{known[far]['name']} (tunnel) {known.get(known[far]['room'], {}).get('title', '')} of {where}"
            else:
                where = f"{known[far]['title']} (beside {where})"
            afar.setdefault(end, []).append(where + (" (not certain)" if not cable["certain"] else ""))
    for part in parts.values() if afar else ():
        part["ports"] = [{**port, "afar": afar[port["id"]]} if port["id"] in afar else port for port in part["ports"]]
    found = [(host, {**graph, "hosts": [host], **parts[host["id"]]}) for host in hosts]
    return [(host, part) for host, part in found if part["rooms"] or part["buses"]]


def lack(room: Record) -> str:
    """Why a room, or how many of those folded to it, have no way out; "" for none.

    >>> lack({"default": False}), lack({"default": True, "ends": {"room": "r0", "title": "(root)", "why": "no default route"}})
    ('no default route', 'no way out by (root)')
    """
    if room.get("default") is False:
        return "no default route"
    if room.get("ends"):
        circle = room["ends"]["why"] == "circle"
        return "default routes in a circle" if circle else f"no way out by {room['ends']['title']}"
    lacking = room.get("without_way_out", 0)
    return f"{lacking} of them without a way out" if lacking else "does not forward" if room.get("forwards") is False else ""


def empty(room: Record) -> str:
    """The words for a room without a link to draw."""
    if not room.get("captured", True):
        return "links not captured"
    return "no link in use" if room.get("hidden") else "no links but lo"


def lack_in_short(room: Record) -> str:
    """The words of :func:`lack` for a small box: ``no default`` (route), ``no way out``."""
    text = lack(room)
    return next((short for short in ("no default", "no way out") if text.startswith(short)), text)


def remarks(room: Record, labels: int = 2) -> list[str]:
    """What a room lacks (:func:`lack`), and its first labels."""
    return list(filter(None, [lack(room), *room["labels"][:labels]]))


def vlans(rows: list[Record] | None) -> str:
    """The VLANs of a bridge's port in words, of rows as ``bridge -j vlan`` prints them; "" for None.

    >>> vlans([{"vlan": 30, "flags": ["PVID", "Egress Untagged"]}]), vlans([{"vlan": 10}, {"vlan": 20, "vlanEnd": 29}]), vlans([])
    ('vlan 30', 'vlans 10,20-29 tagged', 'no vlan')
    >>> vlans([{"vlan": 1, "flags": ["PVID", "Egress Untagged"]}, {"vlan": 10}])
    'pvid 1, 10 tagged'
    """
    if not rows:
        return "" if rows is None else "no vlan"
    ways: dict[tuple[bool, bool], list[str]] = {}  # (is of untagged packets that come in, is tagged when it goes out)
    for row in rows:
        flags = row.get("flags", ())
        until = f"-{row['vlanEnd']}" if row.get("vlanEnd", row["vlan"]) != row["vlan"] else ""
        ways.setdefault(("PVID" in flags, "Egress Untagged" not in flags), []).append(f"{row['vlan']}{until}")
    if list(ways) == [(True, False)]:
        return f"vlan {ways[True, False][0]}"
    ends = {(True, False): "", (True, True): " tagged", (False, False): " untagged", (False, True): " tagged"}
    words = [f"{'pvid ' if way[0] else ''}{','.join(ways[way])}{end}" for way, end in ends.items() if way in ways]
    if (True, False) in ways or (True, True) in ways:
        return ", ".join(words)
    several = len(rows) > 1 or "-" in words[0]
    return f"vlan{'s' if several else ''} {', '.join(words)}"


def kind_of(bus: Record, of: str = "") -> str:
    """A bus in words: ``bridge``, ``bridge, vlan aware``, or with the title of its room ``bridge of red, vlan aware``."""
    filters = bus.get("filters")
    way = "" if filters is None else ", vlan aware" if filters else ", vlan filtering off"
    return f"{bus['kind']}{' of ' if of else ''}{of}{way}"


class Words:
    """A graph's ports and cables in words; ``far`` are the other ends of each end of a cable, ``titles`` those of rooms."""

    def __init__(self, graph: Record, names_buses: bool = True) -> None:
        self.names_buses = names_buses  # of a port whose room leads to several; not where the place on the page tells
        self.ports: dict[str, Record] = {port["id"]: port for port in graph["ports"]}
        self.titles: dict[str, str] = {
            room["id"]: f"{len(room['folded'])} more" if room.get("folded") else room["title"] for room in graph["rooms"]
        }
        self.buses: dict[str, Record] = {bus["id"]: bus for bus in graph["buses"]}
        self.far: dict[str, list[str]] = {}
        self.parents: set[tuple[str, str]] = set()  # (a link, the link of another room that it stands on)
        self.tunnels = {end for cable in graph["cables"] if cable["kind"] == "tunnel" for end in cable["ends"]}
        self._several: set[str] | None = None
        carriers = ((bus["id"], self.ports.get(bus["port"])) for bus in graph["buses"])
        self.odd = {bus: port for bus, port in carriers if port is not None and port["odd_mtu"]}  # the links of bridges
        for cable in graph["cables"]:
            one, other = cable["ends"]
            self.far.setdefault(one, []).append(other)
            self.far.setdefault(other, []).append(one)
            self.parents.update([(one, other)] if is_parent(cable["kind"]) else ())

    def of(self, port: Record, short: bool = False) -> str:
        """A port in words, ``eth0 10.0.0.2/24 mtu 1400 = veth-red-br``: name, addresses, unusual values, the other end.

        ``short``: without the name of an other end that is on a bus.
        """
        words = [port["name"], *port["addresses"][:2]]
        if len(port["addresses"]) > 2:
            words.append(f"+{len(port['addresses']) - 2}")
        if port["detail"]:
            words.append(port["detail"])
        elif port["kind"] in _TOLD:
            words.append(port["kind"])
        if port.get("vlans") is not None:
            words.append(vlans(port["vlans"]))
        bridged = self._mtu_of_bridge(port)
        if port["mtu"] != bridged if bridged and port["mtu"] else port["odd_mtu"]:
            words.append(f"mtu {port['mtu']}")
        if port["state"] != "up":
            words.append("state ?" if port["state"] == "unknown" else port["state"])
        for end in self.far.get(port["id"], ()):
            other = self.ports.get(end)
            if other is not None:
                where = "" if other["bus"] or other["room"] == port["room"] else f" {self.titles.get(other['room'], '')}"
                sign = "on" if (port["id"], end) in self.parents else "carries" if (end, port["id"]) in self.parents else "="
                detail = f" ({other['detail']})" if sign == "carries" and other["kind"] == "vlan" and other["detail"] else ""
                detail += f" ({vlans(other['vlans'])})" if other.get("vlans") is not None else ""
                bus = self.buses.get(other["bus"] or "")
                detail += " (tunnel)" if sign == "=" and port["id"] in self.tunnels else ""
                is_bus = bus is not None and bus["kind"] != "cables"  # not a bar for the cables of one room
                is_told = sign == "carries" or self._is_on_several(port)
                on = f" on {bus['title']}" if bus is not None and is_bus and is_told else ""
                end = (detail + on).lstrip() if short and is_bus else f"{sign} {other['name']}{detail}{on}{where}"
                words.append(end)
        words += [f"= {far}" for far in port.get("afar", ())]
        words += [f"= {far} (not drawn)" for far in port.get("beyond", ())]
        return " ".join(filter(None, words))

    def _mtu_of_bridge(self, port: Record) -> int | None:
        """The unusual MTU of the bridge that a port, or its other end, is a port of; the port then tells only another one."""
        if not self.odd:
            return None
        pair = [self.ports[end] for end in self.far.get(port["id"], ()) if end in self.ports]
        bridges = (self.odd.get(end["bus"]) for end in (port, *pair) if end["kind"] == port["kind"])
        return next((bridge["mtu"] for bridge in bridges if bridge is not None and bridge is not port), None)

    def _is_on_several(self, port: Record) -> bool:
        """Whether the room of a port leads to more than one bus: then a picture names the bus."""
        if not self.names_buses:
            return False
        if self._several is None:
            buses: dict[str, set[str]] = {}
            for end, others in self.far.items():
                if end in self.ports:
                    on = {str(self.ports[other]["bus"]) for other in others if other in self.ports and self.ports[other]["bus"]}
                    buses.setdefault(self.ports[end]["room"], set()).update(on)
            self._several = {room for room, found in buses.items() if len(found) > 1}
        return port["room"] in self._several

    def of_cable(self, cable: Record) -> str:
        """A cable in words: ``veth0 of (root) = eth0 of red (known by counters)``"""
        words = []
        for end in cable["ends"]:
            port = self.ports.get(end)
            if port is not None:
                tags = f" ({vlans(port['vlans'])})" if port.get("vlans") is not None else ""
                room = self.titles.get(port["room"], "a namespace that is not drawn")
                words.append(f"{port['name']}{tags} of {room}")
            elif end in self.buses:
                words.append(self.buses[end]["title"])
            else:
                words.append("a tunnel with more ends" if cable["kind"] == "tunnel" else "outside")
        told = cable["certain"] and cable["how"] in ("name", "nsid", "remote", "group", "key")  # the usual evidence
        how = "" if told else f" ({'known by ' if cable['certain'] else 'not certain: '}{cable['how']})"
        return f"{words[0]} = {words[1]}{' (tunnel)' if cable['kind'] == 'tunnel' else ''}{how}"
