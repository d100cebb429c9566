"""Write running namespaces as a lab file, from which `up` makes them again.

The file contains the state that `ip` shows, and NAT, commands and sysctls from the record of a lab. A note names a firewall
that somebody else made.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import re
from typing import Any

from netwrap import shell
from netwrap.errors import NetwrapError

from . import journal as records
from . import schema, state
from .commands import ETC, PROTOCOL, alias_of
from .file_errors import At, LabFileError
from .objects import usual_scope
from .processes import SYSCTLS
from .schema import HOST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .journal import Journal
    from .objects import Key, Objects, Value

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def export(names: Sequence[str], *, lab: str = "exported") -> tuple[str, list[str]]:
    """Return a lab file for namespaces (none given: all with a name), and notes on state that a lab file cannot express.

    Raises NetwrapError for a namespace that is not there.
    """
    there = state.named()
    for name in names:
        if name not in there:
            raise NetwrapError(f"there is no namespace {name!r}; there are: {', '.join(there) or 'none'}")
    exporter = _Exporter(list(names) or there)
    return exporter.text(lab), exporter.notes


class _Exporter:
    def __init__(self, names: list[str]) -> None:
        self.notes: list[str] = []
        self.names = [name for name in names if self.fits(schema.netns, name, f"namespace {name!r}")]
        self.reader = state.Reader(state.ask([HOST, *self.names], six=True))
        self.objects: Objects = {}
        for name in (*self.names, HOST):
            self.objects.update(self.reader.links(name))
            self.objects.update(self.reader.inside(name, ("boot", "static", PROTOCOL)))
        self.bridges: dict[tuple[str, str], str] = {}
        self.written: set[tuple[str, str]] = set()
        state._vlans(self.vlan_namespaces(), self.objects, None)
        self.labs: list[Journal] = []  # that made these namespaces
        self.recorded = self.from_records()
        self.new: dict[str, str] | None = None  # the sysctls of a new namespace

    def vlan_namespaces(self) -> set[str]:
        return {key[1] for key, value in self.objects.items() if value.get("vlan_filtering")}

    def from_records(self) -> Objects:
        """The NAT, commands and sysctls in the records of the labs that made these namespaces."""
        found: Objects = {}
        for journal in records.every():
            if any(key[0] == "netns" and key[1] in self.names for key in journal.made):
                self.labs.append(journal)
                kept = (*self.names, HOST)
                found.update({key: value for key, value in journal.made.items()
                              if key[0] in ("nat", "start", "sysctl") and key[1] in kept})  # fmt: skip
        return found

    def nat_blocks(self) -> list[list[str]]:
        blocks = []
        for key, value in self.recorded.items():
            if key[0] == "nat":
                by_out: dict[str, list[str]] = {}
                for source, out in value["rules"]:
                    by_out.setdefault(out, []).append(source)
                for out, sources in by_out.items():
                    table: dict[str, Any] = {"netns": key[1]} if key[1] != HOST else {}
                    table["sources"] = sources
                    blocks.append(["[[nat]]", *_lines({**table, "out": out} if out else table)])
        return blocks

    def note_firewall(self, name: str) -> None:
        for words in (["nft", "list", "ruleset"], ["iptables", "-w", "-S"]):
            if not shell.find(words[0]) or ("nat", name) in self.recorded:
                continue
            said = shell.run(words, netns=name, check=False).stdout.strip()
            if words[0] == "nft" and said or "-A " in said:
                self.notes.append(f"the firewall of {name} is left out ({' '.join(words)})")
                return

    def names_block(self) -> list[list[str]]:
        """The names in the files `hosts` of the namespaces, all together."""
        found: dict[str, list[str]] = {}
        for name in self.names:
            for words in self.etc(name, "hosts"):
                for host in words[1:]:
                    if not words[0].startswith("127.") and words[0] != "::1" and schema.HOSTNAME.fullmatch(host):
                        found.setdefault(host, [])
                        found[host] += [words[0]] if words[0] not in found[host] else []
        return [["[names]", *_lines(found)]] if found else []

    def etc(self, name: str, which: str) -> list[list[str]]:
        """The words of the lines of a file in /etc/netns that name an address (or are a search list)."""
        rows = []
        with contextlib.suppress(OSError), open(os.path.join(ETC, name, which), encoding="utf-8", errors="replace") as text:
            rows = [line.partition("#")[0].split() for line in text]
        return [words for words in rows if len(words) > 1]

    def resolver(self, name: str) -> dict[str, Any]:
        table: dict[str, Any] = {}
        lines = list(self.etc(name, "resolv.conf"))
        left = sorted({words[0] for words in lines} - {"nameserver", "search"})
        if left:
            self.notes.append(f"resolv.conf of {name}: {', '.join(left)} left out")
        with contextlib.suppress(OSError):
            others = sorted(set(os.listdir(os.path.join(ETC, name))) - {"hosts", "resolv.conf"})
            self.notes += [f"{os.path.join(ETC, name, other)} is left out" for other in others]
        for words in lines:
            if words[0] == "nameserver":
                with contextlib.suppress(ValueError):
                    table.setdefault("nameservers", []).append(str(ipaddress.ip_address(words[1])))
            elif words[0] == "search":
                table["search"] = [word for word in words[1:] if schema.HOSTNAME.fullmatch(word)]
        return table

    def fits(self, check: Any, name: str, what: str) -> bool:
        """Whether a lab file can contain a name."""
        try:
            check(At("", {}), name)
            return True
        except LabFileError:
            self.notes.append(f"{what} is left out: a lab file cannot hold that name")
            return False

    def text(self, lab: str) -> str:
        blocks = self.bridge_blocks() + self.link_blocks() + self.vlan_blocks() + self.nat_blocks() + self.names_block()
        rooms = [block for name in self.names for block in self.namespace_blocks(name)]
        for name in self.names:
            self.note_what_is_left(name)
        if not rooms:
            raise NetwrapError("there is no namespace to be written")
        head, verify = self.about()
        of_host = self.routing(HOST)
        rooms += [["[host]", *of_host]] if of_host else []
        blocks = [[f"name = {_value(lab)}", *head], *rooms, *blocks, *verify]
        return "\n".join(line for block in blocks for line in (*block, ""))

    def about(self) -> tuple[list[str], list[list[str]]]:
        """The description and the ``verify`` table of the lab that made these namespaces."""
        if len(self.labs) != 1:
            told = [one.name for one in self.labs if one.about.get("description") or one.about.get("verify")]
            self.notes += [f"the description of lab {name} and what it verifies are left out: several labs" for name in told]
            return [], []
        about = self.labs[0].about
        description = about.get("description")
        head = [f"description = {_value(description)}"] if isinstance(description, str) and description else []
        try:
            asked: dict[str, Any] = schema.verification(At("", {}), about.get("verify", {}))
        except LabFileError:  # a damaged record
            asked = {}
        verify: dict[str, Any] = {}
        for key, rows in asked.items():
            if key == "outside":
                verify[key] = rows
                continue
            kept = [pair for pair in rows if all(map(self.is_place, pair))]
            self.notes += [f"verify: {key} {' and '.join(pair)} is left out: not in what is written" for pair in rows
                           if pair not in kept]  # fmt: skip
            if kept or not rows:
                verify[key] = kept
        return head, [["[verify]", *_lines(verify)]] if verify else []

    def is_place(self, name: str) -> bool:
        """Whether the written file defines a name that `verify` can try: a namespace, a bridge, the host, an address."""
        if name in self.names or name in self.bridges.values() or name == HOST:
            return True
        with contextlib.suppress(ValueError):
            return bool(ipaddress.ip_address(name))
        return False

    # -- bridges and links --------------------------------------------------------------------------------------------

    def cables(self) -> list[tuple[Key, Key]]:
        """The cables with at least one end in an exported namespace; the other end may be in the host."""
        found: list[tuple[Key, Key]] = []
        seen: set[Key] = set()
        for key, value in self.objects.items():
            if key[0] != "link" or value["kind"] != "veth" or key[1] == HOST or key in seen:
                continue
            peer = ("link", *value["peer"]) if value.get("peer") else None
            if peer is None or peer not in self.objects:
                self.notes.append(f"link {key[2]} of {key[1]} is left out: its other end is not in what is written")
                continue
            seen.update((key, peer))
            if all(self.fits(schema.dev, end[2], f"link {end[2]!r} of {end[1]}") for end in (key, peer)):
                found.append((key, peer))
        return found

    def bridge_blocks(self) -> list[list[str]]:
        self.pairs = self.cables()
        used = {(end[1], self.objects[end].get("master")) for pair in self.pairs for end in pair}
        blocks = []
        for key, value in self.objects.items():
            place = (key[1], key[2]) if key[0] == "link" else None
            if place is None or value["kind"] != "bridge" or (key[1] == HOST and place not in used):
                continue
            if not self.fits(schema.dev, key[2], f"bridge {key[2]!r} of {key[1]}"):
                continue
            label = self.label(key)
            while label in self.bridges.values() or label in self.names or label == HOST:
                label = f"{label[:12]}-b" if not label.endswith("-b") else f"{label}2"
            self.bridges[place] = label
            table: dict[str, Any] = {"netns": key[1]} if key[1] != HOST else {}
            if label != key[2]:
                table["dev"] = key[2]
            table.update({name: True for name in ("stp", "vlan_filtering") if value[name]})
            table.update(self.addresses(key))
            ports = [self.objects[end]["mtu"] for pair in self.pairs for end in pair if self.objects[end].get("master") == key[2]]
            if value["mtu"] != min([1500, *ports]):
                table["mtu"] = value["mtu"]
            table.update(self.port(key) if value["vlan_filtering"] else {})
            ends = [self.objects[end]["mac"] for pair in self.pairs for end in pair if self.objects[end].get("master") == key[2]]
            if value["mac"] != min(ends, default=None):
                table["mac"] = value["mac"]
            if value.get("master"):
                self.notes.append(f"bridge {key[2]} of {key[1]}: its master {value['master']} is left out")
            self.written.add(place)
            blocks.append([f"[bridges.{_key(label)}]", *_lines(table)])
        return blocks

    def label(self, key: Key) -> str:
        """The name of a bridge in the file of its lab; for a bridge of no lab, the name of its interface."""
        for journal in self.labs:
            told = journal.about.get("bridges")
            for label, place in told.items() if isinstance(told, dict) else ():
                if place == f"{key[1]}:{key[2]}" and schema.DEV.fullmatch(label):
                    return str(label)
        return key[2]

    def link_blocks(self) -> list[list[str]]:
        blocks = []
        for one, other in self.pairs:
            self.written.update(((one[1], one[2]), (other[1], other[2])))
            ends = ",\n".join(f"    {_value(self.end(end))}" for end in (one, other))
            blocks.append(["[[links]]", f"endpoints = [\n{ends},\n]"])
        for key, value in self.objects.items():
            if key[0] == "link" and key[1] != HOST and value["kind"] not in ("veth", "bridge", "vlan"):
                self.notes.append(f"link {key[2]} of {key[1]} is left out: a lab makes no link of kind {value['kind']}")
        return blocks

    def end(self, key: Key) -> str | dict[str, Any]:
        value = self.objects[key]
        bridge = self.bridges.get((key[1], str(value.get("master"))))
        if value.get("master") and bridge is None:
            self.notes.append(f"link {key[2]} of {key[1]}: its master {value['master']} is left out")
        at = f"{bridge or key[1]}:{key[2]}"
        table: dict[str, Any] = {"at": at, **self.addresses(key)}
        if value["mtu"] != 1500:
            table["mtu"] = value["mtu"]
        table["mac"] = value["mac"]
        if value["port"] and bridge is not None:
            table["port"] = value["port"]
        elif value["port"]:
            self.notes.append(f"link {key[2]} of {key[1]}: its settings as a port are left out: {', '.join(value['port'])}")
        if bridge is not None and self.objects["link", key[1], value["master"]].get("vlan_filtering"):
            table.update(self.port(key))
        table.update(self.netem(key))
        return table if len(table) > 1 else at

    def addresses(self, key: Key) -> dict[str, Any]:
        rows: list[Any] = []
        for other, value in self.objects.items():
            if other[:3] == ("address", key[1], key[2]):
                given = {
                    name: value[name] for name in ("peer", "broadcast", "label", "metric", "noprefixroute") if value.get(name)
                }
                if value["scope"] != usual_scope(other[3]):
                    given["scope"] = value["scope"]
                local = other[3].partition("/")[0] if value.get("peer") else other[3]
                rows.append({"address": local, **given} if given else local)
        return {"addresses": rows} if rows else {}

    def port(self, key: Key) -> dict[str, Any]:
        table: dict[str, Any] = {}
        for other, value in self.objects.items():
            if other[:3] == ("vlan", key[1], key[2]):
                if value["pvid"] and value["untagged"]:
                    table["pvid"] = int(other[3])
                elif not value["pvid"] and not value["untagged"]:
                    table.setdefault("tagged", []).append(int(other[3]))
                else:
                    self.notes.append(f"vlan {other[3]} at {key[2]} of {key[1]} is left out: neither tagged nor its port's own")
        return table

    def netem(self, key: Key) -> dict[str, Any]:
        if not shell.find("tc"):
            return {}
        where = ["-n", key[1]] if key[1] != HOST else []
        result = shell.run(["tc", *where, "-j", "qdisc", "show", "dev", key[2]], check=False)
        rows = json.loads(result.stdout or "[]") if result.status == 0 else []
        options = next((row.get("options", {}) for row in rows if row.get("kind") == "netem"), None)
        return {"netem": _netem(options)} if options else {}

    def vlan_blocks(self) -> list[list[str]]:
        blocks = []
        for key, value in self.objects.items():
            if key[0] != "link" or value["kind"] != "vlan" or key[1] == HOST:
                continue
            if (key[1], str(value["parent"])) not in self.written or not self.fits(schema.dev, key[2], f"link {key[2]!r}"):
                self.notes.append(f"vlan {key[2]} of {key[1]} is left out: {value['parent']} is not in what is written")
                continue
            table: dict[str, Any] = {"on": f"{key[1]}:{value['parent']}", "id": value["id"]}
            if key[2] != f"{value['parent']}.{value['id']}":
                table["dev"] = key[2]
            parent = self.objects["link", key[1], value["parent"]]
            table.update({name: value[name] for name in ("mac", "mtu") if value[name] != parent[name]})
            if value.get("master"):
                self.notes.append(f"link {key[2]} of {key[1]}: its master {value['master']} is left out")
            self.written.add((key[1], key[2]))
            blocks.append(["[[vlans]]", *_lines({**table, **self.addresses(key)})])
        return blocks

    # -- the content of a namespace ----------------------------------------------------------------------------------

    def namespace_blocks(self, name: str) -> list[list[str]]:
        table = self.resolver(name)
        self.note_firewall(name)
        starts = [value["argv"] for key, value in self.recorded.items() if key[:2] == ("start", name)]
        if starts:
            table["start"] = starts
        table.update(self.addresses(("link", name, "lo")))
        sysctls = self.sysctls(name)
        if sysctls:
            table["sysctls"] = {key: int(value) if value.isdigit() else value for key, value in sysctls.items()}
        return [[f"[namespaces.{_key(name)}]", *_lines(table), *self.routing(name)]]

    def routing(self, name: str) -> list[str]:
        """The lines for routes, neighbours and rules of a namespace; for the host, only those that a lab made."""
        routing: dict[str, list[Any]] = {"routes": [], "neighbours": [], "rules": []}
        made = {key for journal in self.labs for key in journal.made}
        for key, value in self.objects.items():
            if key[1] != name or name == HOST and key not in made:
                continue
            if key[0] == "route":
                self.route(name, key, value, routing["routes"])
            elif key[0] == "neigh":
                routing["neighbours"].append({"to": key[3], "mac": value["mac"], "dev": key[2]})
            elif key[0] == "proxy":
                routing["neighbours"].append({"to": key[3], "dev": key[2], "proxy": True})
            elif key[0] == "rule":
                self.rule(name, key, value, routing["rules"])
        lines: list[str] = []
        for group, rows in routing.items():
            if rows:
                lines += [f"{group} = [", *(f"    {_value(row)}," for row in rows), "]"]
        return lines

    def route(self, name: str, key: Key, value: Value, rows: list[Any]) -> None:
        _kind, _netns, family, table, to, metric, tos = key
        left = list(value["other"])
        if not table.isdigit():
            left.append(f"its table {table}")
        if "+" in metric:
            left.append("another one to there")
        if left:
            self.notes.append(f"the route to {to} of {name} is left out: {', '.join(left)}")
            return
        row: dict[str, Any] = {"to": "::/0" if to == "default" and family == "6" else to}
        row.update({word: value[word] for word in ("via", "dev", "src", "scope", "pref") if value.get(word)})
        if value.get("protocol") == "static":
            row["protocol"] = "static"
        if tos != "0":
            row["tos"] = tos
        if value.get("onlink"):
            row["onlink"] = True
        if value["type"] not in ("unicast", "blackhole", "unreachable", "prohibit", "throw"):
            self.notes.append(f"the route to {to} of {name} is left out: it is of type {value['type']}")
            return
        if value["type"] != "unicast":
            row["type"] = value["type"]
        row.update(value["metrics"])
        if value["nexthops"]:
            row["nexthops"] = value["nexthops"]
        elif value["type"] == "unicast" and "via" not in row and "dev" not in row:
            self.notes.append(f"the route to {to} of {name} is left out: it goes nowhere")
            return
        devices = {value.get("dev"), *(hop.get("dev") for hop in value["nexthops"])} - {None, "lo"}
        if name == HOST:  # the host has its other interfaces when `up` runs
            devices &= {key[2] for journal in self.labs for key in journal.made if key[:2] == ("link", HOST)}
        missing = sorted(dev for dev in devices if (name, dev) not in self.written)
        if missing:
            self.notes.append(f"the route to {to} of {name} is left out: {', '.join(missing)} is not in what is written")
            return
        if metric != ("1024" if family == "6" else "0"):
            row["metric"] = int(metric)
        if table != "254":
            row["table"] = int(table)
        rows.append(row)

    def rule(self, name: str, key: Key, value: Value, rows: list[Any]) -> None:
        left = list(value.get("other") or [])
        if not isinstance(value.get("table", 0), int):
            left.append(f"its table {value['table']}")
        if "+" in key[3]:
            left.append("another one of this priority")
        if left or not {"table", "action", "goto", "l3mdev"} & set(value):
            self.notes.append(f"rule {key[3]} of {name} is left out: {', '.join(left) or 'it does nothing'}")
            return
        row = {"priority": int(key[3]), **value}
        if key[2] == "6" and ":" not in str(value.get("from", value.get("to", ""))):
            row["family"] = 6
        rows.append(row)

    # -- differences from a new namespace ------------------------------------------------------------------------------

    def sysctls(self, name: str) -> dict[str, str]:
        """The sysctls that differ from a new namespace, or that the record of a lab has."""
        known = {key[2]: value["value"] for key, value in self.recorded.items() if key[:2] == ("sysctl", name)}
        try:
            now = shell.within(name, _all_sysctls)
            if self.new is None:
                self.new = shell.within("", _all_sysctls)
        except OSError as error:
            self.notes.append(f"sysctls of {name} are left out: {error.strerror}")
            return known
        found = {**_unlike_new(now, self.new, [dev for place, dev in self.written if place == name]), **known}
        words = {}
        for key, value in found.items():
            if schema.SYSCTL.fullmatch(key) is None or schema.SYSCTL_VALUE.fullmatch(value) is None:
                self.notes.append(f"sysctl {key} of {name} is left out: a lab file cannot hold it")
            else:
                words[key if "." in key else key.replace("/", ".")] = value
        return words

    def note_what_is_left(self, name: str) -> None:
        """Note links and rules of a namespace that a lab file cannot express."""
        for dev, record in self.reader.records[name].items():
            if dev != "lo" and (name, dev) not in self.written:
                continue
            left = [word for word in ("altnames", "ifalias") if record.get(word)]
            if str(record.get("ifalias", "")).startswith(alias_of("")):
                left.remove("ifalias")
            left += [f"txqlen {record['txqlen']}"] if record.get("txqlen", 1000) != 1000 else []
            left += [f"inet6_addr_gen_mode {mode}"] if (mode := record.get("inet6_addr_gen_mode", "eui64")) != "eui64" else []
            left += [flag for flag in ("NOARP", "PROMISC", "ALLMULTI") if flag in record["flags"]]
            left += ["down (a lab brings it up)"] if "UP" not in record["flags"] else []
            left += [f"mtu {record['mtu']}"] if dev == "lo" and record["mtu"] != 65536 else []
            group = str(record.get("group", "default"))
            left += [f"group {group}"] if group != "default" and not (group.isdigit() and int(group) >> 24) else []
            info = record.get("linkinfo", {})
            data, port = info.get("info_data", {}), info.get("info_slave_data", {})
            usual: dict[str, Any] = {"bridge": _BRIDGE, "vlan": _VLAN}.get(info.get("info_kind"), {})
            left += [f"{word} {data[word]}" for word, value in usual.items() if data.get(word, value) != value]
            left += [f"{word} {port[word]}" for word, value in _PORT.items() if port.get(word, value) != value]
            if left:
                self.notes.append(f"link {dev} of {name}: left out: {', '.join(left)}")
        said = self.reader.answers[name]
        for link in said.addresses:
            for row in link.get("addr_info", []):
                what = f"address {row.get('local')} on {link['ifname']} of {name}"
                if row.get("dynamic"):
                    self.notes.append(f"{what} is left out: its time is limited")
                elif row.get("deprecated") or row.get("preferred_life_time", 2**32 - 1) != 2**32 - 1:
                    self.notes.append(f"{what}: its lifetime is left out")
        for row in {json.dumps(row, sort_keys=True): row for row in (*said.routes, *said.routes6)}.values():
            protocol = row.get("protocol", "boot")
            if protocol not in ("kernel", "boot", "static", PROTOCOL):
                self.notes.append(f"the route to {row['dst']} of {name} is left out: protocol {protocol} made it")
            elif protocol != "kernel" and row.get("table") == "local":
                self.notes.append(f"the route to {row['dst']} of {name} is left out: it is in table local")
        for family, rules, kernels in (("IPv4", said.rules, _RULES), ("IPv6", said.rules6, _RULES[:2])):
            own = [(row["priority"], row.get("table")) for row in rules if row["priority"] in (0, 32766, 32767)]
            if sorted(own) != list(kernels):
                self.notes.append(f"the {family} rules of priority 0, 32766 and 32767 of {name} are not the kernel's: left out")
        if shell.run(["ip", "nexthop", "show"], netns=name, check=False).stdout.strip():
            self.notes.append(f"next hops of {name} are left out (ip nexthop show)")
        if any(value["kind"] == "bridge" for key, value in self.objects.items() if key[:2] == ("link", name)):
            macs = {record.get("address") for record in self.reader.records[name].values()}
            result = shell.run(["bridge", "-j", "fdb", "show"], netns=name, check=False)
            rows = json.loads(result.stdout or "[]") if result.status == 0 else []
            for row in rows:
                static = {"permanent", "static", "noarp"} & {row.get("state", "")}
                if static and row.get("mac") not in macs and "self" not in row.get("flags", []):
                    self.notes.append(f"the entry of {row['mac']} at {row['ifname']} of {name} is left out (bridge fdb)")


# Attributes of a bridge and of its ports that a lab file cannot express, with the default of the kernel.
_BRIDGE: dict[str, Any] = {"forward_delay": 1500, "hello_time": 200, "max_age": 2000, "ageing_time": 30000, "priority": 32768,
           "group_fwd_mask": "0", "mcast_snooping": 1, "vlan_protocol": "802.1Q", "mcast_querier": 0, "no_linklocal_learn": 0,
           "mcast_router": 1, "nf_call_iptables": 0}  # fmt: skip
_PORT = {"priority": 32, "multicast_router": 1, "group_fwd_mask": "0", "cost": 2}
_VLAN: dict[str, Any] = {"protocol": "802.1Q", "ingress_qos": [], "egress_qos": []}
_RULES = ((0, "local"), (32766, "main"), (32767, "default"))
# Computed by the kernel, not settings; or nobody may read them.
_NO_SETTINGS = re.compile(r"/(mtu|stable_secret|base_reachable_time|retrans_time|mc_forwarding|flush|.*_count)$|/neigh/.*gc_")


def _all_sysctls() -> dict[str, str]:
    """The sysctls of the namespace we are in, by their names with slashes."""
    found: dict[str, str] = {}
    for family in ("ipv4", "ipv6"):
        for folder, _folders, names in os.walk(os.path.join(SYSCTLS, "net", family)):
            for name in names:
                path = os.path.join(folder, name)
                key = path[len(SYSCTLS) + 1 :]
                with contextlib.suppress(OSError, UnicodeDecodeError):
                    if os.stat(path).st_mode & 0o200 and not _NO_SETTINGS.search(key):
                        with open(path, encoding="ascii") as text:
                            found[key] = " ".join(text.read().split())
    return found


def _unlike_new(now: dict[str, str], new: dict[str, str], devices: Sequence[str]) -> dict[str, str]:
    """The sysctls that differ from those of a new namespace; those of devices are compared with new devices in this namespace."""
    found = {}
    # settings of `all` and `default` come first, since the kernel copies them to the links
    for key, value in sorted(now.items(), key=lambda item: ("/all/" not in item[0], "/default/" not in item[0], item[0])):
        head, _, name = key.rpartition("/")
        top, _, dev = head.rpartition("/")
        if top.endswith(("/conf", "/neigh")) and dev not in ("all", "default", "lo"):
            if dev in devices and value != now.get(f"{top}/default/{name}", value):
                found[key] = value
            continue
        usual = new.get(key, value)
        if dev in ("default", "lo") and name in ("forwarding", "disable_ipv6"):
            usual = now.get(f"{top}/all/{name}", usual)
        elif dev == "lo":
            usual = found.get(f"{top}/default/{name}", usual)
        if value != usual and key != "net/ipv4/conf/all/forwarding":  # the same as ip_forward
            found[key] = value
    return found


def _netem(options: dict[str, Any]) -> dict[str, str]:
    """Translate netem of `tc -j` (seconds, fractions, bytes per second) to the words of a lab file."""
    found: dict[str, str] = {}
    delay = options.get("delay", {})
    for name, key in (("delay", "delay"), ("jitter", "jitter")):
        if delay.get(key):
            found[name] = f"{delay[key] * 1e3:g}ms"
    for name, key, inner in (("loss", "loss-random", "loss"), ("duplicate", "duplicate", "duplicate"),
                             ("corrupt", "corrupt", "corrupt"), ("reorder", "reorder", "reorder")):  # fmt: skip
        if options.get(key, {}).get(inner):
            found[name] = f"{options[key][inner] * 100:g}%"
    if options.get("rate", {}).get("rate"):
        found["rate"] = f"{options['rate']['rate'] * 8}bit"
    return found


# -- TOML -----------------------------------------------------------------------------------------------------------


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    # a string of JSON is one of TOML
    return str(value) if isinstance(value, int) else json.dumps(str(value), ensure_ascii=False)


def _lines(table: dict[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(item)}" for key, item in table.items()]
