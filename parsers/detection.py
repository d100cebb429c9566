"""Which command printed a text: every parser is asked, and those stay that understand all of it."""

from __future__ import annotations

import re

from . import lex, module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The order decides between parsers that understand a text equally well.
_ORDER = (
    "arp", "route", "ip_rule", "bridge_fdb", "bridge_vlan", "bridge_link", "ip_link", "ip_address", "ss", "ifconfig", "brctl",
    "ip_maddr", "ip_netconf", "ip_nexthop", "sysctl", "ip_neigh", "ip_route",
)  # fmt: skip
# What a JSON object of each command has (all of one set), most particular first.
_KEYS: tuple[tuple[str, tuple[set[str], ...]], ...] = (
    ("ip_address", ({"addr_info"},)),
    ("ip_maddr", ({"ifname", "maddr"},)),
    ("ip_netconf", ({"family", "interface"},)),
    ("ip_nexthop", ({"id", "gateway"}, {"id", "group"}, {"id", "dev"}, {"id", "blackhole"}, {"id", "bucket"}, {"id", "via"})),
    ("ip_link", ({"ifname", "linkmode"}, {"ifname", "operstate"}, {"ifname", "link_type"})),
    ("bridge_link", ({"ifname", "master", "state"}, {"ifindex", "ifname", "cost"}, {"ifindex", "ifname", "flags", "master"})),
    ("bridge_fdb", ({"mac", "flags"},)),
    ("bridge_vlan", ({"ifname", "vlans"}, {"ifname", "tunnels"}, {"dev", "xstats"})),
    ("ip_rule", ({"priority", "src"},)),
    ("ip_neigh", ({"dst", "lladdr"}, {"dst", "state"}, {"dst", "proxy"})),
    ("ip_route", ({"dst", "flags"},)),
)
_NETNS_KEYS = {"name", "id", "nsid", "current-nsid"}
_NETNS = re.compile(r".* \(id: \d{1,10}\)$|nsid (\d{1,10}|unassigned|not-assigned) ", re.ASCII)
_LINES = 300
_CHARACTERS = 200_000


def detect(text: str) -> list[str]:
    """See :func:`parsers.detect`."""
    if lex.is_json(text):
        return _by_keys(text)
    lines = lex.ESCAPES.sub("", text[:_CHARACTERS]).replace("\r", "").lstrip("\n").split("\n")
    if len(lines) > _LINES or len(text) > _CHARACTERS:  # end between two records
        lines = lines[:_LINES]
        while len(lines) > 1 and lines[-1][:1] in ("", " ", "\t"):
            lines.pop()
        lines = lines[:-1] or lines
    head = "\n".join(line for line in lines if not lex.STDERR.match(line))
    if not head.strip():
        return []
    if all(_NETNS.match(line) for line in head.split("\n") if line.strip()):
        return ["ip_netns"]
    found, nearly = [], []
    for name in _ORDER:
        records, problems = module(name).parse(head, strict=False)
        if problems or not (_says_enough(name, records) or _is_heading(head)):
            continue
        left = sum(map(_words_left, records))
        if not left:
            found.append(name)
        elif left * 10 < len(head.split()):  # a later release may have words that are new to us
            nearly.append(name)
    found = found or nearly
    if len(found) > 1:
        found = _between(found, head)
    if not found and any(_NETNS.match(line) for line in lines):
        return ["ip_netns"]
    return found


def _says_enough(name: str, records: list[Any]) -> bool:
    """Whether the records show more than that any word can be a destination, or the name of a port."""
    if name == "ip_route":
        return any(len(record) > 2 for record in records)
    if name == "ip_neigh":
        return any(len(record) > 1 for record in records)
    if name == "bridge_vlan":
        return any(record.get("vlans") or record.get("tunnels") for record in records)
    return bool(records)


def _is_heading(head: str) -> bool:
    """Whether a text without records is a table that is empty: `route` and `arp` print its title or header."""
    return head.lstrip().startswith((
        "Kernel IP", "Destination ", "Address ", "IP address", "port", "Netid ", "State ", "Active ", "Proto ", "bridge name",
        "Iface ", "sl ",
    ))  # fmt: skip


def _between(found: list[str], head: str) -> list[str]:
    """Decide between parsers that read the same text."""
    if {"ip_link", "ip_address"} <= set(found) and " mode " not in head and "<" in head:
        found = sorted(found, key=lambda name: name != "ip_address") if "qdisc" in head and " group " in head else found
    return found


def _words_left(value: Any) -> int:
    """How many words a record has that no field is known for."""
    if isinstance(value, dict):
        return sum(len(part) if key == "unparsed" else _words_left(part) for key, part in value.items())
    return sum(map(_words_left, value)) if isinstance(value, list) else 0


def _by_keys(text: str) -> list[str]:
    problems: list[Any] = []
    for value in lex.load_json(text, lex.Source((), problems)):
        if not isinstance(value, dict) or not value:
            continue
        keys = value.keys()
        found = [name for name, sets in _KEYS if any(wanted <= keys for wanted in sets)]
        if found:
            return found[:1]
        if keys <= _NETNS_KEYS:
            return ["ip_netns"]
        if all(map(_is_vlans, value.values())):
            return ["bridge_vlan"]  # 4.7-4.16: the ports are the keys
        return []
    return []


def _is_vlans(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(vlan, dict) and "vlan" in vlan for vlan in value)
