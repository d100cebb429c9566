"""The objects of a lab: dicts of keys and values, the same whether they were read from a file or from a host.

A key is a tuple of words, its kind first and its namespace second; a value holds what can differ::

    ("netns", "red")                                    {"up": True}            its lo
    ("file", "red", "resolv.conf")                      {"text": "..."}         in /etc/netns/red
    ("sysctl", "red", "net/ipv4/ip_forward")            {"value": "1"}
    ("link", "red", "eth0")                             {"kind": "veth", "peer": ["blue", "eth0"], "mtu": 1500}
    ("link", "host", "v-net-0")                         {"kind": "bridge", "stp": False, "vlan_filtering": False}
    ("link", "red", "eth0.10")                          {"kind": "vlan", "parent": "eth0", "id": 10}
    ("vlan", "host", "port", "10")                      {"pvid": True, "untagged": True}
    ("address", "red", "eth0", "192.168.15.1/24")       {"scope": "global", "route": True}
    ("neigh", "red", "eth0", "192.168.15.9")            {"mac": "02:00:00:00:00:09"}
    ("proxy", "red", "eth0", "192.168.15.9")            {}
    ("route", "red", "4", "254", "default", "0", "0")   {"via": "192.168.15.5"}   metric and type of service 0
    ("rule", "red", "4", "100")                         {"from": "192.168.15.0/24", "table": 100}
    ("netem", "red", "eth0")                            {"words": ["delay", "10ms"]}
    ("nat", "host")                                     {"rules": [["192.168.15.0/24", ""]]}
    ("start", "red", "0")                               {"argv": ["python3", "-m", "http.server"]}

A value equals a wanted value if it has the same value for every key of the wanted one.
"""

from __future__ import annotations

import ipaddress
from typing import Any, NamedTuple

from .file_errors import At
from .references import End, Lab
from .schema import HOST, PORT_DEFAULTS, ROUTE_METRICS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .toml_lines import Path

    Key = tuple[str, ...]
    Value = dict[str, Any]
    Objects = dict[Key, Value]

FORWARD = "net/ipv4/ip_forward"
#: The attributes of an address and of a rule beside their keys; None if the attribute is not set.
ADDRESS_NAMES = ("peer", "broadcast", "scope", "label", "metric", "noprefixroute")
#: Attributes of a link and of an address that cannot be changed once it is there.
STRUCTURE = {"link": ("kind", "peer", "parent", "id"), "address": ADDRESS_NAMES}
RULE_NAMES = ("not", "from", "to", "tos", "fwmark", "fwmask", "iif", "oif", "ipproto", "sport", "dport", "uidrange", "l3mdev",
              "table", "suppress_prefixlength", "goto", "action", "other")  # fmt: skip
#: The number of words in a key of each kind.
LENGTHS = {
    "netns": 2, "file": 3, "sysctl": 3, "link": 3, "vlan": 4, "address": 4, "neigh": 4, "proxy": 4, "route": 7, "rule": 4,
    "netem": 3, "nat": 2, "start": 3,
}  # fmt: skip


class Wanted(NamedTuple):
    """The objects that a lab file wants, and the place in the file of each."""

    objects: Objects
    origins: dict[Key, Path]


def wanted(lab: Lab) -> Wanted:
    """The objects of a lab, in the order in which they can be made. Raises LabFileError for an object that is wanted twice."""
    maker = _Maker(lab)
    maker.all()
    return Wanted(maker.objects, maker.origins)


def same(want: Value, have: Value) -> bool:
    """Whether a value has all keys of the wanted one with the same values."""
    return all(have.get(name) == value for name, value in want.items())


def is_sysctl(name: str) -> bool:
    """Whether a sysctl (its name with slashes) belongs to a network namespace.

    >>> is_sysctl("net/ipv4/ip_forward"), is_sysctl("kernel/domainname"), is_sysctl("net/../kernel/domainname")
    (True, False, False)
    """
    return name.startswith("net/") and not {"", ".", ".."} & set(name.split("/"))


def mark_of(name: str) -> str:
    """The first line of every file that a lab writes into /etc/netns."""
    return f"# made by netwrap lab {name}; removed by netwrap lab down {name}"


class _Maker:
    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.objects: Objects = {}
        self.origins: dict[Key, Path] = {}

    def add(self, key: Key, value: Value, path: Path) -> None:
        if key in self.objects:
            raise At(self.lab.file, self.lab.lines, path).fail(
                f"{describe(key, value)} is in the file already, in line {self.lab.line(self.origins[key])}"
            )
        self.objects[key] = value
        self.origins[key] = path

    def all(self) -> None:
        lab = self.lab
        for netns, values in lab.namespaces.items():
            self.add(("netns", netns), {"up": True}, ("namespaces", netns))
            self.files(netns, values)
            for sysctl, value in values.get("sysctls", {}).items():
                self.add(("sysctl", netns, sysctl), {"value": value}, ("namespaces", netns, "sysctls"))
        for label, bridge in lab.bridges.items():
            path: Path = ("bridges", label)
            value = {"kind": "bridge", "stp": bridge.get("stp", False), "vlan_filtering": bridge.get("vlan_filtering", False)}
            end = End(bridge["netns"], bridge["dev"], None, bridge, path)
            self.device(end, value)
        for one, other in lab.links:
            for end, peer in ((one, other), (other, one)):
                value = {"kind": "veth", "peer": [peer.netns, peer.dev], "mtu": 1500, "master": None}
                given = end.values.get("port", {})
                value["port"] = {name: item for name, item in given.items() if item != PORT_DEFAULTS[name]}
                if end.bridge is not None:
                    value["master"] = lab.bridges[end.bridge]["dev"]
                self.device(end, value)
        for vlan in lab.vlans:
            self.device(vlan, {"kind": "vlan", "parent": vlan.values["parent"], "id": vlan.values["id"]})
        for netns, values in lab.namespaces.items():
            self.addresses(netns, "lo", values, ("namespaces", netns))
        for netns, values in (*lab.namespaces.items(), (HOST, lab.host)):
            self.routing(netns, values, ("namespaces", netns) if netns != HOST else (HOST,))
        for index, nat in enumerate(lab.nat):
            self.nat(nat, ("nat", index))
        for netns, values in lab.namespaces.items():
            for index, argv in enumerate(values.get("start", [])):
                self.add(("start", netns, str(index)), {"argv": argv}, ("namespaces", netns, "start", index))

    def files(self, netns: str, values: dict[str, Any]) -> None:
        mark = mark_of(self.lab.name)
        resolver = [f"nameserver {address}" for address in values.get("nameservers", [])]
        if values.get("search"):
            resolver.append("search " + " ".join(values["search"]))
        if resolver:
            self.add(("file", netns, "resolv.conf"), {"text": "\n".join([mark, *resolver, ""])}, ("namespaces", netns))
        if self.lab.names:
            rows = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
            rows += [f"{address} {name}" for name, addresses in self.lab.names.items() for address in addresses]
            self.add(("file", netns, "hosts"), {"text": "\n".join([mark, *rows, ""])}, ("names",))

    def device(self, end: End, value: Value) -> None:
        values = end.values
        value["up"] = True
        for name in ("mtu", "mac"):
            if name in values:
                value[name] = values[name]
        self.add(("link", end.netns, end.dev), value, end.path)
        self.addresses(end.netns, end.dev, values, end.path)
        if values.get("pvid") is not None:
            vid = values["pvid"]
            self.add(("vlan", end.netns, end.dev, str(vid)), {"pvid": True, "untagged": True}, (*end.path, "pvid"))
        for index, vid in enumerate(values.get("tagged", [])):
            self.add(("vlan", end.netns, end.dev, str(vid)), {"pvid": False, "untagged": False}, (*end.path, "tagged", index))
        if values.get("netem"):
            self.add(("netem", end.netns, end.dev), {"words": _netem_words(values["netem"])}, (*end.path, "netem"))

    def addresses(self, netns: str, dev: str, values: dict[str, Any], path: Path) -> None:
        for index, row in enumerate(values.get("addresses", [])):
            value = {name: row.get(name) for name in ADDRESS_NAMES}
            value["scope"] = row.get("scope") or usual_scope(row["address"])
            value["noprefixroute"] = row.get("noprefixroute", False)
            value["label"] = None if row.get("label") == dev else row.get("label")
            self.add(("address", netns, dev, row["address"]), {**value, "route": True}, (*path, "addresses", index))

    def routing(self, netns: str, values: dict[str, Any], path: Path) -> None:
        for index, neigh in enumerate(values.get("neighbours", [])):
            here = (*path, "neighbours", index)
            if neigh.get("proxy"):
                self.add(("proxy", netns, neigh["dev"], neigh["to"]), {}, here)
            else:
                self.add(("neigh", netns, neigh["dev"], neigh["to"]), {"mac": neigh["mac"].lower()}, here)
        for index, route in enumerate(values.get("routes", [])):
            key, value = _route(netns, route)
            self.add(key, value, (*path, "routes", index))
        for index, rule in enumerate(values.get("rules", [])):
            value = {name: rule.get(name) or None for name in RULE_NAMES}
            value["suppress_prefixlength"] = rule.get("suppress_prefixlength")  # 0 is one
            value["fwmask"] = None if value["fwmask"] == 2**32 - 1 else value["fwmask"]
            self.add(("rule", netns, rule["family"], str(rule["priority"])), value, (*path, "rules", index))

    def nat(self, nat: dict[str, Any], path: Path) -> None:
        netns = nat["netns"]
        rules = [[source, nat.get("out", "")] for source in nat["sources"]]
        if ("nat", netns) in self.objects:
            self.objects["nat", netns]["rules"] += rules
            return
        if ("sysctl", netns, FORWARD) not in self.objects:
            self.add(("sysctl", netns, FORWARD), {"value": "1"}, path)
        self.add(("nat", netns), {"rules": rules}, path)


def _netem_words(netem: dict[str, Any]) -> list[str]:
    """The words in the order that `tc` wants: a jitter is a second word of the delay."""
    words: list[str] = []
    if "delay" in netem or "jitter" in netem:
        words += ["delay", netem.get("delay", "0ms"), *([netem["jitter"]] if "jitter" in netem else [])]
    for name in ("loss", "duplicate", "corrupt", "reorder", "rate", "limit"):
        if name in netem:
            words += [name, str(netem[name])]
    return words


def _route(netns: str, route: dict[str, Any]) -> tuple[Key, Value]:
    family = route["family"]
    to = "default" if route["to"] in ("0.0.0.0/0", "::/0") else route["to"]
    if to.endswith(("/32", "/128")):
        to = to.partition("/")[0]
    metric = route.get("metric", 1024 if family == "6" else 0)
    value: Value = {"via": route.get("via"), "src": route.get("src"), "type": route.get("type", "unicast")}
    value["onlink"] = route.get("onlink", False)
    value["metrics"] = {name: route[name] for name in ROUTE_METRICS if name in route}
    value["nexthops"] = [{"weight": 1, **{name: item for name, item in hop.items() if item}} for hop in route.get("nexthops", [])]
    value["scope"] = None if route.get("scope") == usual_route_scope(family, value) else route.get("scope")
    value["pref"] = None if route.get("pref") == "medium" else route.get("pref")
    value["other"] = []
    value.update({name: route[name] for name in ("dev", "protocol") if name in route})
    return ("route", netns, family, str(route.get("table", 254)), to, str(metric), route.get("tos", "0")), value


def usual_scope(address: str) -> str:
    """The scope that the kernel gives to an address added without one.

    >>> usual_scope("10.0.0.1/24"), usual_scope("fe80::1/64")
    ('global', 'link')
    """
    found = ipaddress.ip_interface(address).ip
    return "host" if found.is_loopback else "link" if found.version == 6 and found.is_link_local else "global"


def usual_route_scope(family: str, value: Value) -> str:
    """The scope that `ip` gives to a route added without one; IPv6 routes have none."""
    direct = value["type"] == "unicast" and not value.get("via") and not any(hop.get("via") for hop in value["nexthops"])
    return "link" if direct and family == "4" else "global"


# -- in words -------------------------------------------------------------------------------------------------------


def describe(key: Key, value: Value) -> str:
    """Describe an object in one line.

    >>> describe(("address", "red", "eth0", "192.168.15.1/24"), {})
    'red: address 192.168.15.1/24 on eth0'
    """
    kind, netns, rest = key[0], key[1], key[2:]
    return f"namespace {netns}" if kind == "netns" else f"{netns}: {_TEXTS[kind](rest, value)}"


def _with(value: Value, *names: str) -> str:
    if value.get("mtu") == 1500:
        value = {**value, "mtu": None}  # the default
    shown = {name: value[name] for name in names if name in value and value[name] not in (None, "") and value[name] is not False}
    return "".join(f" {name}" if item is True else f" {name} {item}" for name, item in shown.items())


def _link_text(rest: Key, value: Value) -> str:
    name = rest[0]
    if value.get("kind") == "veth" and value.get("peer"):
        return f"link {name} to {':'.join(value['peer'])}" + _with(value, "master", "mtu", "mac")
    if value.get("kind") == "vlan":
        return f"vlan {value.get('id')} on {value.get('parent')} as {name}" + _with(value, "mtu", "mac")
    words = " stp" * bool(value.get("stp")) + " vlan_filtering" * bool(value.get("vlan_filtering"))
    return f"{value.get('kind') or 'link'} {name}" + words + _with(value, "master", "mtu", "mac")


def _address_text(rest: Key, value: Value) -> str:
    scope = {"scope": value.get("scope") if value.get("scope") != usual_scope(rest[1]) else None}
    return f"address {rest[1]} on {rest[0]}" + _with({**value, **scope}, *ADDRESS_NAMES)


def _route_text(rest: Key, value: Value) -> str:
    _family, table, to, metric, tos = rest
    kind = "" if value.get("type", "unicast") == "unicast" else value["type"] + " "
    text = f"route {kind}{to}" + ("" if tos == "0" else f" tos {tos}") + _with(value, "via", "dev", "src", "scope", "pref")
    text += "" if table == "254" else f" table {table}"
    text += "" if metric in ("0", "1024") else f" metric {metric}"
    text += "".join(f" {name} {number}" for name, number in value.get("metrics", {}).items() if name != "mtu" or number)
    return text + "".join(f" nexthop{_with(hop, 'via', 'dev', 'weight', 'onlink')}" for hop in value.get("nexthops", []))


_TEXTS: dict[str, Callable[[Key, Value], str]] = {
    "file": lambda rest, value: f"{rest[0]} of its own",
    "sysctl": lambda rest, value: f"sysctl {rest[0].replace('/', '.')} = {value.get('value')}",
    "link": _link_text,
    "vlan": lambda rest, value: f"vlan {rest[1]} at port {rest[0]}" + (" untagged" if value.get("untagged") else " tagged"),
    "address": _address_text,
    "neigh": lambda rest, value: f"neighbour {rest[1]} is {value.get('mac')} on {rest[0]}",
    "proxy": lambda rest, value: f"proxy for {rest[1]} on {rest[0]}",
    "route": _route_text,
    "rule": lambda rest, value: f"rule {rest[1]}:" + _with(value, *RULE_NAMES),
    "netem": lambda rest, value: f"netem on {rest[0]}: {' '.join(value.get('words', []))}",
    "nat": lambda rest, value: "NAT for " + ", ".join(source for source, _out in value.get("rules", [])),
    "start": lambda rest, value: "command " + " ".join(value.get("argv") or ["that the lab started"]),
}
