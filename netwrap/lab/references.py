"""Check the tables of a lab file against each other, and make a :class:`Lab`.

Every name that is used must be defined, no name twice; a route, a rule and a neighbour must make sense as a whole; the addresses
on one wire must fit each other.
"""

from __future__ import annotations

import ipaddress
from typing import Any, NamedTuple, Optional

from . import schema
from .file_errors import At, shown
from .schema import HOST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .toml_lines import Path


class End(NamedTuple):
    """One end of a link: its namespace and interface, and the bridge (by its name in the file) that it is a port of."""

    netns: str
    dev: str
    bridge: str | None
    values: dict[str, Any]
    path: Path


class Lab(NamedTuple):
    """A checked lab file; its tables have the keys of ``schema.py``, and ``lines`` maps a path to its line."""

    name: str
    file: str
    description: str
    namespaces: dict[str, dict[str, Any]]
    host: dict[str, Any]
    bridges: dict[str, dict[str, Any]]
    links: list[tuple[End, End]]
    vlans: list[End]
    nat: list[dict[str, Any]]
    names: dict[str, list[str]]
    verify: dict[str, Any]
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest table around it; 0 where it is not known."""
        return At(self.file, self.lines, path).line


def resolve(at: At, name: str, table: dict[str, Any]) -> Lab:
    """Make a lab of a table that has passed the schema; ``at``: the file. Raises LabFileError."""
    return _Resolver(at, name, table).lab()


class _Resolver:
    """The state of one check: the tables, and the interfaces found so far."""

    def __init__(self, at: At, name: str, table: dict[str, Any]) -> None:
        self.at = at
        self.name = name
        self.table = table
        self.namespaces: dict[str, dict[str, Any]] = table.get("namespaces", {})
        self.bridges: dict[str, dict[str, Any]] = table.get("bridges", {})
        self.devices: dict[tuple[str, str], Path] = {}

    def lab(self) -> Lab:
        """Check everything, fill in the defaults, and return the lab."""
        table, at = self.table, self.at
        for label, bridge in self.bridges.items():
            here = at / "bridges" / label
            if label in self.namespaces or label == HOST:
                raise here.fail("a bridge needs a name that no namespace has")
            bridge["netns"] = self.netns(here / "netns", bridge.get("netns", HOST))
            bridge.setdefault("dev", label)
            self.device(here, bridge["netns"], bridge["dev"])
            if not bridge.get("vlan_filtering") and ("pvid" in bridge or "tagged" in bridge):
                raise here.fail("pvid and tagged need vlan_filtering = true")
        links = [self.link(at / "links" / index, link) for index, link in enumerate(table.get("links", []))]
        vlans = [self.vlan(at / "vlans" / index, vlan) for index, vlan in enumerate(table.get("vlans", []))]
        self.networks(links)
        for netns, values in self.namespaces.items():
            self.routing(at / "namespaces" / netns, netns, values)
            for key in ("nameservers", "search"):
                if key in table:
                    values.setdefault(key, table[key])
        self.routing(at / "host", HOST, table.get("host", {}))
        for index, nat in enumerate(table.get("nat", [])):
            nat["netns"] = self.netns(at / "nat" / index / "netns", nat.get("netns", HOST))
            if not nat["sources"]:
                raise (at / "nat" / index / "sources").fail("the list is empty; wanted: networks, such as 192.168.15.0/24")
        return Lab(
            self.name, at.file, table.get("description", ""), self.namespaces, table.get("host", {}), self.bridges, links,
            vlans, table.get("nat", []), table.get("names", {}), self.verify(at / "verify", table.get("verify", {})), at.lines,
        )  # fmt: skip

    def networks(self, links: list[tuple[End, End]]) -> None:
        """Refuse an address that occurs twice on one wire, and an end outside the network of its bridge.

        A bridge and all its ports are one wire; bridges that filter VLANs are not checked.
        """
        wires: dict[Path, Path] = {}  # a place in the file -> another one of the same wire

        def wire(path: Path) -> Path:
            while wires.setdefault(path, path) != path:
                path = wires[path]
            return path

        for one, other in links:
            ends = [("bridges", end.bridge) if end.bridge is not None else end.path for end in (one, other)]
            if not any(end.bridge is not None and self.bridges[end.bridge].get("vlan_filtering") for end in (one, other)):
                wires[wire(ends[0])] = wire(ends[1])
                for end, bridge in ((one, other.bridge), (other, one.bridge)):
                    if bridge is not None and end.bridge is None:
                        self.inside(end, bridge)
        rows = [(("bridges", label), bridge) for label, bridge in self.bridges.items()]
        there: dict[tuple[Path, str], Path] = {}
        for path, values in [*rows, *((end.path, end.values) for link in links for end in link)]:
            for index, row in enumerate(values.get("addresses", [])):
                here = (*path, "addresses", index)
                before = there.setdefault((wire(path), row["address"].partition("/")[0]), here)
                if before != here:
                    line = At(self.at.file, self.at.lines, before).line
                    raise At(self.at.file, self.at.lines, here).fail(
                        f"{row['address']} is on this network already, by line {line}"
                    )

    def inside(self, end: End, bridge: str) -> None:
        """Refuse an end whose addresses are all outside the networks of its bridge."""
        for version in (4, 6):
            of_bridge = [ipaddress.ip_interface(row["address"]) for row in self.bridges[bridge].get("addresses", [])]
            networks = [found.network for found in of_bridge if found.version == version and found.network.num_addresses > 1]
            rows = [(index, row) for index, row in enumerate(end.values.get("addresses", [])) if "peer" not in row]
            own = [(index, ipaddress.ip_interface(row["address"])) for index, row in rows]
            own = [(index, found) for index, found in own if found.version == version and not found.is_link_local]
            if networks and own and not any(found.ip in network for _index, found in own for network in networks):
                here = At(self.at.file, self.at.lines, (*end.path, "addresses", own[0][0]))
                shown = ", ".join(map(str, networks))
                raise here.fail(f"{own[0][1]} is outside of the network of its bridge {bridge}, {shown}")

    def netns(self, at: At, name: str) -> str:
        """Check that a namespace is defined, and return its name."""
        if name != HOST and name not in self.namespaces:
            raise at.fail(f"{shown(name)} is no namespace of this lab; there are: {', '.join((*self.namespaces, HOST))}")
        return name

    def device(self, at: At, netns: str, dev: str) -> None:
        """Note an interface; refuse a second one with the same name in a namespace."""
        other = self.devices.setdefault((netns, dev), at.path)
        if other is not at.path:
            raise at.fail(f"{dev} is in {netns} already, by line {At(at.file, at.lines, other).line}")

    def place(self, at: At, text: str) -> tuple[str, str, str | None]:
        """Split ``PLACE:INTERFACE`` into namespace, interface and, where the place is a bridge, the bridge."""
        place, colon, dev = text.partition(":")
        if not colon or place not in self.namespaces and place not in self.bridges and place != HOST:
            known = ", ".join((*self.namespaces, *self.bridges, HOST))
            raise at.wants(f"PLACE:INTERFACE, where PLACE is one of {known}", text)
        schema.dev(at, dev)
        if place in self.bridges:
            return self.bridges[place]["netns"], dev, place
        return place, dev, None

    def link(self, at: At, link: dict[str, Any]) -> tuple[End, End]:
        """Check a link, and return its two ends."""
        ends = []
        if len(link["endpoints"]) != 2:
            raise (at / "endpoints").fail(f"a link has two endpoints, not {len(link['endpoints'])}")
        for index, values in enumerate(link["endpoints"]):
            here = at / "endpoints" / index
            netns, dev, bridge = self.place(here / "at" if (*here.path, "at") in at.lines else here, values["at"])
            self.device(here, netns, dev)
            if "pvid" in values or "tagged" in values:
                if bridge is None or not self.bridges[bridge].get("vlan_filtering"):
                    raise here.fail("pvid and tagged are for ports of a bridge with vlan_filtering = true")
            if "port" in values and bridge is None:
                raise (here / "port").fail("is for ports of a bridge")
            values = {**{key: link[key] for key in ("mtu", "netem") if key in link}, **values}
            ends.append(End(netns, dev, bridge, values, here.path))
        return ends[0], ends[1]

    def vlan(self, at: At, vlan: dict[str, Any]) -> End:
        """Check a VLAN interface, and return its only end."""
        netns, parent, _bridge = self.place(at / "on", vlan["on"])
        if _bridge is not None or (netns, parent) not in self.devices:
            raise (at / "on").fail(f"{vlan['on']} is no interface that this file makes")
        dev = vlan.get("dev") or f"{parent}.{vlan['id']}"
        schema.dev(at / "dev" if "dev" in vlan else at, dev)
        self.device(at, netns, dev)
        return End(netns, dev, None, {**vlan, "parent": parent}, at.path)

    def routing(self, at: At, netns: str, values: dict[str, Any]) -> None:
        """Check the routes, rules and neighbours of a namespace, and add the family of each route and rule."""
        for index, route in enumerate(values.get("routes", [])):
            here = at / "routes" / index
            special = route.get("type", "unicast") != "unicast"
            if special and ("via" in route or "dev" in route):
                raise here.fail(f"a route of type {route['type']} goes nowhere: no via and no dev")
            several = route.get("nexthops", [])
            if several and ("via" in route or "dev" in route or special):
                raise here.fail("a route with nexthops has no via, dev or type of its own")
            if not special and "via" not in route and "dev" not in route and not several:
                raise here.fail("a route needs via or dev, nexthops, or a type such as blackhole")
            families = {":" in route[key] for key in ("via", "src") if key in route}
            families |= {":" in hop["via"] for hop in several if "via" in hop}
            for number, hop in enumerate(several):
                if not hop:
                    raise (here / "nexthops" / number).fail("a next hop needs via or dev")
                self.known(here / "nexthops" / number, netns, hop.get("dev"))
            families |= {":" in route["to"]} if route["to"] != "default" else set()
            if len(families) > 1:
                raise here.fail("IPv4 and IPv6 are mixed in one route")
            route["family"] = "6" if True in families else "4"
            self.known(here / "dev", netns, route.get("dev"))
        for index, rule in enumerate(values.get("rules", [])):
            here = at / "rules" / index
            if sum([key in rule for key in ("table", "action", "goto")], rule.get("l3mdev", False)) != 1:
                raise here.fail("a rule needs a table or an action (or goto, or l3mdev), and not both")
            if "fwmask" in rule and "fwmark" not in rule:
                raise here.fail("fwmask needs a fwmark")
            if "suppress_prefixlength" in rule and "table" not in rule:
                raise here.fail("suppress_prefixlength needs a table")
            families = {":" in rule[key] for key in ("from", "to") if key in rule}
            if "family" in rule:
                if rule["family"] == 5:
                    raise (here / "family").wants("4 or 6", 5)
                families.add(rule["family"] == 6)
            if len(families) > 1:
                raise here.fail("IPv4 and IPv6 are mixed in one rule")
            rule["family"] = "6" if True in families else "4"
        for index, neighbour in enumerate(values.get("neighbours", [])):
            here = at / "neighbours" / index
            if ("mac" in neighbour) == bool(neighbour.get("proxy")):
                raise here.fail("a neighbour needs a mac, or proxy = true, and not both")
            self.known(here / "dev", netns, neighbour["dev"])

    def known(self, at: At, netns: str, dev: Optional[str]) -> None:  # noqa: UP045
        """Check that an interface is defined (None: no interface is named). The host may have others."""
        if netns != HOST and dev not in (None, "lo") and (netns, dev) not in self.devices:
            there = [name for place, name in self.devices if place == netns]
            raise at.fail(f"{shown(dev)} is no interface of {netns}; there are: {', '.join((*there, 'lo'))}")

    def verify(self, at: At, verify: dict[str, Any]) -> dict[str, Any]:
        """Check the names in the table `verify`."""
        for key in ("pairs", "apart"):
            for index, pair in enumerate(verify.get(key, [])):
                here = at / key / index
                if len(pair) != 2:
                    raise here.fail('a pair is two names, such as ["red", "blue"]')
                self.netns(here, pair[0])
                if pair[1] not in self.namespaces and pair[1] not in self.bridges and pair[1] != HOST:
                    try:
                        ipaddress.ip_address(pair[1])
                    except ValueError:
                        known = ", ".join((*self.namespaces, *self.bridges, HOST))
                        raise here.fail(f"{shown(pair[1])} is none of: {known}, an IP address") from None
        return verify
