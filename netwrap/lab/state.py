"""Read the present state into objects: the lab's namespaces, and the host's objects with the lab's mark or in its record."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import stat
from typing import Any, NamedTuple

import parsers
from netwrap import shell
from netwrap.errors import CommandError, NetwrapError
from parsers.ip_route import TABLES, family_of

from . import processes
from .commands import ETC, PROTOCOL, alias_of, nat_name
from .journal import Journal
from .objects import mark_of, usual_route_scope
from .schema import HOST, PORT_DEFAULTS, ROUTE_METRICS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .objects import Key, Objects, Value

# The lines of the batch that each namespace is asked, and the parser of each line. Listing the links assigns ids to peers, so
# the ids are asked for after that.
_ASKED = (
    ("ip link show", "ip_link"),
    ("ip address show", "ip_address"),
    ("ip route show table all", "ip_route"),
    ("ip rule show", "ip_rule"),
    ("ip neigh show nud permanent", "ip_neigh"),
    ("ip neigh show proxy", "ip_neigh"),
    ("ip netns list-id", "ip_netns"),
)
_ASKED6 = (("ip route show table all", "ip_route"), ("ip rule show", "ip_rule"))
# Made by the kernel in every namespace once a tunnel's module is loaded; they cannot be removed.
_FALLBACK = ("lo", "tunl0", "sit0", "ip6tnl0", "gre0", "gretap0", "erspan0", "ip6gre0", "ip_vti0", "ip6_vti0")
_OWN_PROTOCOLS = ("boot", "static", PROTOCOL)
# The time in which a daemon has started, in clock ticks (100 in a second).
_DAEMON = 300
_TABLES = {name: number for number, name in TABLES.items()}


class State(NamedTuple):
    """The present ``objects``; ``marked``: those that carry the lab's mark; ``strangers``: objects in the way of a lab that
    are not its own, in words; ``records``: the links of each namespace, by name; ``namespaces``: all that have a name."""

    objects: Objects
    marked: set[Key]
    strangers: dict[Key, str]
    records: dict[str, dict[str, dict[str, Any]]]
    namespaces: list[str]


def named() -> list[str]:
    """The named namespaces of this host, without files that are not namespaces (a FIFO, a file left by a reboot)."""
    return [name for name in _in_folder() if processes.is_namespace(os.path.join(shell.NETNS_DIR, name))]


def _in_folder() -> list[str]:
    try:
        return sorted(os.listdir(shell.NETNS_DIR))
    except OSError:
        return []


def in_a_room_of_its_own() -> bool:
    """Whether we run inside `ip netns exec`, where our mounts are invisible to everybody else."""
    try:
        return all(os.stat(f"/proc/self/ns/{kind}").st_ino != os.stat(f"/proc/1/ns/{kind}").st_ino for kind in ("mnt", "net"))
    except OSError:
        return False


def read(journal: Journal, want: Objects) -> State:
    """Read the present objects of a lab: those of its record, and those that its file wants."""
    keys = {**journal.made, **want}
    wanted_netns = sorted({key[1] for key in keys if key[1] != HOST})
    there = set(named())
    stale = {name for name in _in_folder() if name not in there}
    namespaces = [name for name in wanted_netns if name in there]
    with_six = any(key[0] in ("route", "rule") and key[2] == "6" for key in keys)
    answers = ask([HOST, *namespaces], six=with_six)
    reader = Reader(answers)
    group = str(journal.group)
    strangers: dict[Key, str] = {}
    own = []
    for name in namespaces:
        if _is_ours(name, journal, reader):
            own.append(name)
        else:
            lost = _alias(reader, name) == alias_of(journal.name) and not journal.made
            hint = f" (its record is lost; netwrap lab down {journal.name} removes it)" if lost else ""
            strangers["netns", name] = f"namespace {name} is there already, and lab {journal.name} did not make it{hint}"
    objects: Objects = {}
    for name in stale & set(wanted_netns):
        if ("netns", name) in journal.made:
            objects["netns", name] = {"stale": True}
        else:
            path = os.path.join(shell.NETNS_DIR, name)
            strangers["netns", name] = f"{path} is there already and no namespace; ip netns delete {name} removes it"
    marked: set[Key] = set()
    for name in own:
        objects["netns", name] = {"up": "UP" in reader.records[name].get("lo", {}).get("flags", [])}
        objects.update(reader.links(name))
        objects.update(reader.inside(name, _OWN_PROTOCOLS))
    for dev, record in reader.records[HOST].items():
        key: Key = ("link", HOST, dev)
        if str(record.get("group")) == group:
            objects[key] = reader.link(HOST, dev)
            marked.add(key)
        elif key in keys:
            strangers[key] = f"link {dev} is there already, and lab {journal.name} did not make it"
    for key, value in reader.inside(HOST, (PROTOCOL,)).items():
        if key[0] == "address" and ("link", HOST, key[2]) in objects or key in journal.made:
            objects[key] = value
    for key in want:
        if key[0] in ("route", "rule") and key[1] == HOST and key not in journal.made and reader.has(key):
            strangers[key] = f"a {key[0]} for {key[4] if key[0] == 'route' else 'priority ' + key[3]} is there already"
    _files(journal, wanted_netns, objects, marked, strangers)
    _sysctls([key for key in keys if key[0] == "sysctl" and (key[1] == HOST or key[1] in own)], objects)
    _vlans({key[1] for key in keys if key[0] == "vlan"} & {HOST, *own}, objects, set(keys))
    _netems([key for key in keys if key[0] == "netem"], journal, objects)
    _nats([key for key in keys if key[0] == "nat"], journal, objects, {HOST, *own})
    _processes(journal, objects)
    return State(objects, marked, strangers, reader.records, sorted(there))


def _is_ours(name: str, journal: Journal, reader: Reader) -> bool:
    """Whether the lab made a namespace: it has the lab's group, or was about to be made and is untouched."""
    records = reader.records[name]
    if any(str(record.get("group")) == str(journal.group) for record in records.values()):
        return True
    key = ("netns", name)
    if key not in journal.made:
        return False
    pristine = all(dev in _FALLBACK and "UP" not in record.get("flags", []) for dev, record in records.items())
    return key in journal.unsure and pristine and not processes.inside([name])[name]


def _alias(reader: Reader, name: str) -> str:
    """The alias of `lo` in a namespace, which contains the mark of a lab."""
    return str(reader.records[name].get("lo", {}).get("ifalias", ""))


def marked(name: str, *, kept: bool) -> list[Journal]:
    """The objects that carry the mark of a lab, found without its record: one journal for each group of links."""
    groups: set[int] = set()
    places: dict[Key, int] = {}
    reader = Reader(ask([HOST, *named()], six=False))
    for netns, links in reader.records.items():
        for dev, record in links.items():
            if record.get("ifalias") == alias_of(name) and str(record.get("group", "")).isdigit():
                groups.add(int(record["group"]))
                places[("link", HOST, dev) if netns == HOST else ("netns", netns)] = int(record["group"])
    tables = shell.run(["nft", "list", "tables"], check=False).stdout if shell.find("nft") else ""
    groups.update(int(mark, 16) for mark in re.findall(rf"(?m)^table ip netwrap-{re.escape(name)}-([0-9a-f]{{8}})$", tables))
    found = []
    for group in sorted(groups):
        journal = Journal(name, group, kept=kept and not shell.dry_run)
        journal.made = {key: {} for key, number in places.items() if number == group}
        for tool, text in (
            ("nft", f"table ip {nat_name(journal, 'nft')}\n"),
            ("iptables", f"-N {nat_name(journal, 'iptables')}\n"),
        ):
            words = ["nft", "list", "tables"] if tool == "nft" else ["iptables", "-w", "-t", "nat", "-S"]
            if shell.find(tool) and text in shell.run(words, check=False).stdout:
                journal.made["nat", HOST] = {"rules": [], "tool": tool}
        found.append(journal)
    return found


# -- asking ---------------------------------------------------------------------------------------------------------


class Answers(NamedTuple):
    """The answers of a namespace: the records of each line of :data:`_ASKED`, and the routes and rules of IPv6."""

    links: list[Any]
    addresses: list[Any]
    routes: list[Any]
    rules: list[Any]
    neighbours: list[Any]
    proxies: list[Any]
    ids: list[Any]
    routes6: list[Any]
    rules6: list[Any]


def ask(namespaces: Sequence[str], *, six: bool) -> dict[str, Answers]:
    """Ask namespaces for all their objects, with one process each, and one more for IPv6."""
    rows = _asked(namespaces, _ASKED, ["-j", "-d"])
    rows6 = _asked(namespaces, _ASKED6, ["-j", "-d", "-6"]) if six else {name: [[], []] for name in namespaces}
    return {name: Answers(*rows[name], *rows6[name]) for name in namespaces}


def _asked(namespaces: Sequence[str], asked: Sequence[tuple[str, str]], options: list[str]) -> dict[str, list[list[Any]]]:
    lines = [text.split() for text, _parser in asked]
    found: dict[str, list[list[Any]]] = {}
    at_once = shell.parts_at_once()
    for first in range(0, len(namespaces), at_once):
        some = namespaces[first : first + at_once]
        parts = [(None if name == HOST else name, lines) for name in some]
        result = shell.batch(parts, options=options, changes=False, check=False)
        rows = result.stdout.split("\n")[:-1]
        if result.status != 0 or len(rows) != len(some) * len(asked):
            found.update({name: _one_by_one(name, asked, options) for name in some})
            continue
        for number, name in enumerate(some):
            texts = rows[number * len(asked) : (number + 1) * len(asked)]
            found[name] = [list(parsers.module(parser).parse(text)) for text, (_text, parser) in zip(texts, asked)]
    return found


def _one_by_one(name: str, asked: Sequence[tuple[str, str]], options: list[str]) -> list[list[Any]]:
    """Ask without a batch; a line that fails (a kernel without rules) has an empty answer."""
    found = []
    for text, parser in asked:
        words = ["ip", *options, *text.split()[1:]]
        result = shell.run(words, netns=None if name == HOST else name, check=False)
        if result.status != 0 and parser in ("ip_link", "ip_address"):
            raise shell.error(words, result)
        if result.status == 0 and result.stdout.strip() and result.stdout.lstrip()[0] != "[":
            raise NetwrapError("labs need an `ip` of iproute2 4.17 or newer, which answers with JSON")
        found.append(list(parsers.module(parser).parse(result.stdout)) if result.status == 0 else [])
    return found


# -- from records to objects -----------------------------------------------------------------------------------------


class Reader:
    """Turn the answers of namespaces into objects."""

    def __init__(self, answers: dict[str, Answers]) -> None:
        self.answers = answers
        self.records = {name: {row["ifname"]: row for row in said.links} for name, said in answers.items()}
        self.by_index = {name: {row["ifindex"]: row["ifname"] for row in said.links} for name, said in answers.items()}
        self.ids = {
            name: {row["nsid"]: row["name"] for row in said.ids if row.get("name")} for name, said in answers.items()
        }  # fmt: skip

    def peer(self, netns: str, record: dict[str, Any]) -> list[str] | None:
        """The other end of a cable, if it is in a namespace that was asked."""
        if record.get("link"):
            return [netns, record["link"]]
        index = record.get("link_index")
        if index is None:
            return None
        name = self.ids[netns].get(record.get("link_netnsid"))
        # usually the host's own namespace has no name
        for place in [name] if name in self.by_index else [HOST, *self.by_index] if name is None else []:
            dev = self.by_index.get(place, {}).get(index)
            other = self.records[place][dev] if dev else {}
            if dev and (place != netns) and other.get("link_index") == record["ifindex"]:
                back = self.ids[place].get(other.get("link_netnsid"))
                if back is None or back == netns:
                    return [place, dev]
        return None

    def links(self, netns: str) -> Objects:
        return {("link", netns, dev): self.link(netns, dev) for dev in self.records[netns] if dev not in _FALLBACK}

    def link(self, netns: str, dev: str) -> Value:
        record = self.records[netns][dev]
        info = record.get("linkinfo", {})
        data = info.get("info_data", {})
        value: Value = {
            "kind": info.get("info_kind"), "mtu": record["mtu"], "mac": record.get("address"),
            "master": record.get("master"), "up": "UP" in record["flags"],
        }  # fmt: skip
        port = info.get("info_slave_data", {}) if info.get("info_slave_kind") == "bridge" else {}
        value["port"] = {name: port[name] for name, usual in PORT_DEFAULTS.items() if port.get(name, usual) is not usual}
        if value["kind"] == "veth":
            value["peer"] = self.peer(netns, record)
        elif value["kind"] == "bridge":
            value["stp"] = bool(data.get("stp_state"))
            value["vlan_filtering"] = bool(data.get("vlan_filtering"))
        elif value["kind"] == "vlan":
            value["parent"] = record.get("link")
            value["id"] = data.get("id")
        return value

    def inside(self, netns: str, protocols: Sequence[str]) -> Objects:
        """The addresses, neighbours, routes and rules, except those that the kernel makes by itself."""
        said = self.answers[netns]
        objects: Objects = {}
        for link in said.addresses:
            for row in link.get("addr_info", []):
                if row.get("local") and not row.get("dynamic") and not by_kernel(link, row):
                    key: Key = ("address", netns, link["ifname"], f"{row['local']}/{row['prefixlen']}")
                    objects[key] = self.address(netns, link["ifname"], row)
        for row in said.neighbours:
            if row.get("lladdr") and "PERMANENT" in row.get("state", []):
                objects["neigh", netns, row["dev"], row["dst"]] = {"mac": row["lladdr"]}
        for row in said.proxies:
            objects["proxy", netns, row["dev"], row["dst"]] = {}
        for family, routes in (("4", said.routes), ("6", said.routes6)):
            for row in routes:
                if family == "4" and family_of(row) == "inet6":
                    continue
                if row.get("protocol", "boot") in protocols and row.get("table") != "local":
                    objects[_free(objects, _route_key(netns, family, row))] = _route_value(family, row)
        for family, rules in (("4", said.rules), ("6", said.rules6)):
            for row in rules:
                if row.get("protocol", "boot") != "kernel" and row["priority"] not in (0, 32766, 32767):
                    if netns != HOST or row.get("protocol") == PROTOCOL:
                        objects[_free(objects, ("rule", netns, family, str(row["priority"])))] = _rule_value(row)
        return objects

    def address(self, netns: str, dev: str, row: dict[str, Any]) -> Value:
        """The attributes of an address; ``route``: whether the kernel's route to its network exists as it should."""
        value: Value = {name: row.get(name) for name in ("broadcast", "scope", "metric")}
        value["noprefixroute"] = bool(row.get("noprefixroute"))
        value["peer"] = f"{row['address']}/{row['prefixlen']}" if row.get("address") else None
        value["label"] = row["label"] if row.get("label") not in (None, dev) else None
        network = ipaddress.ip_interface(value["peer"] or f"{row['local']}/{row['prefixlen']}").network
        flags = self.records[netns].get(dev, {}).get("flags", [])
        routes = [other for other in (*self.answers[netns].routes, *self.answers[netns].routes6) if other.get("dev") == dev]
        asked = network.version == 4 or any(family_of(other) == "inet6" for other in routes)
        needed = "UP" in flags and asked and not value["noprefixroute"]
        needed = needed and (network.num_addresses > 1 or bool(value["peer"])) and ("LOWER_UP" in flags or network.version == 4)
        text = str(network) if network.num_addresses > 1 else str(network.network_address)
        value["route"] = not needed or any(other["dst"] == text and other.get("table") != "local" for other in routes)
        return value

    def has(self, key: Key) -> bool:
        """Whether the host has a route or rule with this key, whoever made it."""
        if key[0] == "route":
            rows = self.answers[HOST].routes if key[2] == "4" else self.answers[HOST].routes6
            return any(_route_key(HOST, key[2], row) == key for row in rows if key[2] == "6" or family_of(row) != "inet6")
        rules = self.answers[HOST].rules if key[2] == "4" else self.answers[HOST].rules6
        return any(str(row["priority"]) == key[3] for row in rules)


def by_kernel(link: dict[str, Any], row: dict[str, Any]) -> bool:
    """Whether the kernel made an address by itself: an address of `lo`, or the link-local address of IPv6."""
    if f"{row['local']}/{row['prefixlen']}" in ("127.0.0.1/8", "::1/128"):
        return True
    if not row["local"].startswith("fe80:") or row.get("scope") != "link":
        return False
    if row.get("protocol"):
        return str(row["protocol"]).startswith("kernel")
    mac = link.get("address", "")
    return link.get("inet6_addr_gen_mode", "eui64") != "eui64" or row["prefixlen"] == 64 and "ff:fe" in _eui(row["local"], mac)


def _eui(local: str, mac: str) -> str:
    """The last eight bytes of an address if they contain a MAC address (also one that the link had before)."""
    text = ":".join(f"{byte:02x}" for byte in ipaddress.ip_address(local).packed[8:])
    return text if mac else ""


def _free(objects: Objects, key: Key) -> Key:
    """The key; if it is taken (two rules of one priority), the key with ``+`` behind its number."""
    at = 5 if key[0] == "route" else 3
    while key in objects:
        key = (*key[:at], f"{key[at]}+", *key[at + 1 :])
    return key


def _route_key(netns: str, family: str, row: dict[str, Any]) -> Key:
    table = str(row.get("table", "main"))
    metric = str(row.get("metric", 1024 if family == "6" else 0))
    return ("route", netns, family, _TABLES.get(table, table), row["dst"], metric, str(row.get("tos", 0)))


_ROUTE_KEYS = {"type", "dst", "dev", "table", "protocol", "scope", "prefsrc", "gateway", "metric", "tos", "flags", "pref",
               "metrics", "nexthops"}  # fmt: skip


def _route_value(family: str, row: dict[str, Any]) -> Value:
    """The attributes of a route beside its key; ``other``: those that a lab file cannot express."""
    value: Value = {"type": row.get("type", "unicast"), "via": row.get("gateway"), "dev": row.get("dev")}
    value["src"] = row.get("prefsrc")
    value["protocol"] = row.get("protocol")
    if value["type"] != "unicast":
        value["dev"] = None  # `dev lo` of IPv6
    value["onlink"] = "onlink" in row.get("flags", [])
    value["metrics"] = {name: number for some in row.get("metrics", []) for name, number in some.items()}
    hops = row.get("nexthops", [])
    names = (("gateway", "via"), ("dev", "dev"))
    value["nexthops"] = [{word: hop[name] for name, word in names if hop.get(name)} for hop in hops]
    for hop, said in zip(value["nexthops"], hops):
        hop["weight"] = said.get("weight", 1)
        if "onlink" in said.get("flags", []):
            hop["onlink"] = True
    usual = usual_route_scope(family, value)
    value["scope"] = row["scope"] if value["type"] == "unicast" and row.get("scope", usual) != usual else None
    value["pref"] = row["pref"] if row.get("pref", "medium") != "medium" else None
    other = set(row) - _ROUTE_KEYS | set(value["metrics"]) - set(ROUTE_METRICS)
    other |= {f"nexthop {name}" for hop in hops for name in set(hop) - {"gateway", "dev", "weight", "flags"}}
    value["other"] = sorted(other)
    return value


_RULE_KEYS = {"priority", "not", "src", "srclen", "dst", "dstlen", "tos", "fwmark", "fwmask", "iif", "iif_detached", "oif",
              "oif_detached", "ipproto", "sport", "sport_start", "sport_end", "dport", "dport_start", "dport_end", "uid_start",
              "uid_end", "l3mdev", "table", "suppress_prefixlen", "goto", "action", "protocol"}  # fmt: skip


def _rule_value(row: dict[str, Any]) -> Value:
    """The attributes of a rule beside its key; ``other``: those that a lab file cannot express."""
    value: Value = {name: row.get(name) for name in ("tos", "iif", "oif", "action", "ipproto", "goto")}
    value["action"] = None if value["action"] in ("nop", "to_tbl") else value["action"]
    value["not"] = True if "not" in row else None
    value["l3mdev"] = True if "l3mdev" in row else None
    value["suppress_prefixlength"] = row.get("suppress_prefixlen")
    for name, length in (("src", "srclen"), ("dst", "dstlen")):
        address = row.get(name)
        if address and address != "all":
            whole = 128 if ":" in address else 32
            value["from" if name == "src" else "to"] = f"{address}/{row.get(length, whole)}"
    for name in ("fwmark", "fwmask"):
        value[name] = int(str(row[name]), 0) if row.get(name) else None
    if "uid_start" in row:
        value["uidrange"] = f"{row['uid_start']}-{row.get('uid_end', row['uid_start'])}"
    for name in ("sport", "dport"):
        if f"{name}_start" in row:
            value[name] = f"{row[f'{name}_start']}-{row[f'{name}_end']}"
        elif name in row:
            value[name] = str(row[name])
    if row.get("table"):
        table = str(row["table"])
        value["table"] = int(_TABLES.get(table, table)) if _TABLES.get(table, table).isdigit() else table
    value["other"] = sorted(set(row) - _RULE_KEYS) or None
    return {name: item for name, item in value.items() if item is not None}


# -- state that `ip` does not show -----------------------------------------------------------------------------------


def _files(journal: Journal, namespaces: Iterable[str], objects: Objects, marked: set[Key], strangers: dict[Key, str]) -> None:
    """The files of /etc/netns. Files of a lab begin with its mark. Links are never followed."""
    mark = mark_of(journal.name)
    for netns in namespaces:
        folder = os.path.join(ETC, netns)
        for name in ("hosts", "resolv.conf"):
            key, path = ("file", netns, name), os.path.join(folder, name)
            odd = next((link for link in (ETC, folder, path) if os.path.islink(link)), None)
            if odd is not None:
                strangers[key] = f"{odd} is a link to somewhere else"
                continue
            try:
                with open(path, encoding="utf-8", errors="surrogateescape", opener=_without_waiting) as file:
                    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                        strangers[key] = f"{path} is there already, and is no plain file"
                        continue
                    text = file.read()
            except FileNotFoundError:
                continue
            except OSError as error:
                strangers[key] = f"{path} cannot be read: {error.strerror}"
                continue
            if text.startswith(mark + "\n") or key in journal.made and mark.startswith(text.split("\n")[0]):
                objects[key] = {"text": text}
                marked.add(key)
            else:
                strangers[key] = f"{path} is there already, and lab {journal.name} did not write it"


def _without_waiting(path: str, flags: int) -> int:
    """Open a file, without waiting for the other end of a FIFO."""
    return os.open(path, flags | os.O_NONBLOCK)


def others_tables(journal: Journal, namespaces: Iterable[str]) -> list[str]:
    """The nftables tables in namespaces of a lab that do not belong to the lab, in words."""
    found = []
    for name in namespaces if shell.find("nft") else ():
        said = shell.run(["nft", "list", "tables"], netns=name, check=False)
        rows = [row.removeprefix("table ") for row in said.stdout.split("\n") if row.startswith("table ")]
        found += [f"{name}: nft table {row}" for row in rows if row != f"ip {nat_name(journal, 'nft')}"]
    return found


def _sysctls(keys: list[Key], objects: Objects) -> None:
    by_netns: dict[str, list[str]] = {}
    for key in keys:
        by_netns.setdefault(key[1], []).append(key[2])
    for netns, names in by_netns.items():
        for name, value in processes.read_sysctls(names, None if netns == HOST else netns).items():
            objects["sysctl", netns, name] = {"value": value}


def _vlans(namespaces: set[str], objects: Objects, keys: set[Key] | None) -> None:
    """The VLANs of bridge ports; for ports of the host, only ``keys`` (None: all)."""
    for netns in namespaces:
        result = shell.run(["bridge", "-j", "vlan", "show"], netns=None if netns == HOST else netns, check=False)
        rows = parsers.module("bridge_vlan").parse(result.stdout) if result.status == 0 and result.stdout.strip() else []
        for row in rows:
            for vlan in row.get("vlans", []):
                flags = vlan.get("flags", [])
                value = {"pvid": "PVID" in flags, "untagged": "Egress Untagged" in flags}
                for vid in range(vlan["vlan"], vlan.get("vlanEnd", vlan["vlan"]) + 1):
                    key = ("vlan", netns, row["ifname"], str(vid))
                    if netns != HOST or keys is None or key in keys:
                        objects[key] = value


def _netems(keys: list[Key], journal: Journal, objects: Objects) -> None:
    """Whether netem is present; only the record knows its numbers."""
    for key in keys:
        made = journal.made.get(key)
        if made is None or ("link", *key[1:]) not in objects:
            continue
        if made.get("cannot"):
            objects[key] = made
            continue
        where = ["-n", key[1]] if key[1] != HOST else []
        said = shell.run(["tc", *where, "qdisc", "show", "dev", key[2]], check=False).stdout
        if re.search(r"^qdisc netem ", said, re.MULTILINE):
            objects[key] = made


def _nats(keys: list[Key], journal: Journal, objects: Objects, own: set[str]) -> None:
    for key in keys:
        made = journal.made.get(key)
        if made is None or key[1] not in own:
            continue
        tool = made.get("tool", "nft")
        name = nat_name(journal, tool)
        words = ["nft", "list", "tables"] if tool == "nft" else ["iptables", "-w", "-t", "nat", "-S"]
        try:
            said = shell.run(words, netns=None if key[1] == HOST else key[1], check=False).stdout
        except CommandError:  # the tool was removed; its rules may still exist
            objects[key] = made
            continue
        if tool == "nft" and f"table ip {name}\n" in said:
            objects[key] = made
        elif tool == "iptables" and f"-N {name}\n" in said:
            objects[key] = {**made, "jump": f"-j {name}\n" in said}
            if said.count(f"-A {name} ") != len(made["rules"]) or not objects[key]["jump"]:
                objects[key]["rules"] = []  # incomplete: make it again


def _processes(journal: Journal, objects: Objects) -> None:
    """The running commands of the lab.

    Most have the mark of the lab in their environment, and so do their children. If a command drops its environment (`sudo`,
    `env -i`, daemons), the pid of the started process is known, and a process that began in its namespace at that time and
    belongs to no other command is its child.
    """
    found: dict[Key, list[int]] = {}
    mark = f"NETWRAP_LAB={journal.name}/{journal.mark}/".encode()
    for pid in processes.all_pids():
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        for word in words:
            if word.startswith(mark):
                netns, _, index = word[len(mark) :].decode(errors="replace").rpartition("/")
                found.setdefault(("start", netns, index), []).append(pid)
    began = {key: value for key, value in journal.made.items() if key[0] == "start" and value.get("pid")}
    for key, value in began.items():
        if key not in found and processes.facts(value["pid"])[3] == value.get("began") and processes.is_alive(value["pid"]):
            found[key] = [value["pid"]]
    lost = {key: value for key, value in began.items() if key not in found}
    known = {pid for pids in found.values() for pid in pids}
    for netns, pids in processes.inside(sorted({key[1] for key in lost})).items():
        for pid in pids:
            at = processes.facts(pid)[3]
            for key, value in lost.items():
                if key[1] == netns and 0 <= at - value["began"] <= _DAEMON and pid not in known:
                    found.setdefault(key, []).append(pid)
                    break
    for key, pids in found.items():
        made = journal.made.get(key, {})
        objects[key] = {"argv": made.get("argv"), "pids": sorted(pids)}


def mark_of_process(journal: Journal, netns: str, index: str) -> dict[str, str]:
    """The variables in the environment of a command of the lab."""
    return {"NETWRAP_LAB": f"{journal.name}/{journal.mark}/{netns}/{index}"}


def outside_gateway() -> str | None:
    """The gateway of the host's default route."""
    try:
        rows = json.loads(shell.run(["ip", "-j", "route", "show", "default"]).stdout or "[]")
    except (CommandError, ValueError):
        return None
    return next((row["gateway"] for row in rows if row.get("gateway")), None)
