"""The commands of each step: lists of words, in phases that are run one after the other."""

from __future__ import annotations

import ipaddress
import os
from typing import NamedTuple

from netwrap import shell

from .objects import usual_scope
from .schema import HOST, PORT_DEFAULTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .journal import Journal
    from .objects import Key, Value
    from .plan import Step

ETC = "/etc/netns"
#: The protocol of the routes and rules that a lab makes in the host's own namespace; no other program uses it.
PROTOCOL = "110"

# Phases. First, objects are removed from the inside to the outside; then, objects are made from the outside to the inside.
(STOP, NO_NAT, NO_NETEM, NO_INSIDE, NO_VLAN, NO_LINK, NO_NETNS, NO_FILE, OLD_SYSCTL,
 NETNS, FILE, SYSCTL, LINK, DEVICE, PORT, DEVICE_SYSCTL, INSIDE, NETEM, NAT, FORWARDING, START) = range(21)  # fmt: skip


class Command(NamedTuple):
    """A command of a step (by its number).

    ``does``: run, start; sysctl; write, unlink (``argv``: the file); stop (``argv``: processes), empty (a namespace).
    """

    phase: int
    netns: str | None
    argv: list[str]
    step: int
    stdin: str | None = None
    does: str = "run"


def commands(steps: Sequence[Step], journal: Journal, *, no_links: bool = False) -> list[Command]:
    """All commands of the steps, in order. ``no_links``: remove every link of the lab from the host's own namespace."""
    maker = _Maker(steps, journal, no_links)
    for number, step in enumerate(steps):
        maker.number = number
        maker.step(step)
    return sorted(maker.made, key=lambda command: command.phase)


def alias_of(name: str) -> str:
    """The alias of the links of a lab in the host, and of `lo` in its namespaces: it names the lab even without a record."""
    return f"netwrap-lab:{name}"


def nat_tool() -> str:
    """The firewall tool to use: nft, or iptables; "" where neither is installed."""
    return next((tool for tool in ("nft", "iptables") if shell.find(tool)), "")


def nat_name(journal: Journal, tool: str) -> str:
    """The name of the table (nft) or chain (iptables) of a lab."""
    return f"netwrap-{journal.name}-{journal.mark}" if tool == "nft" else f"NETWRAP-{journal.mark}"


def nat_script(name: str, rules: list[list[str]]) -> str:
    """The script for `nft -f`. It has no tabs: a shell completes names at a tab when the script is pasted."""
    lines = [f"table ip {name} {{", "    chain postrouting {", "        type nat hook postrouting priority 100; policy accept;"]
    for source, out in rules:
        where = f'oifname "{out}"' if out else f"ip daddr != {source}"
        lines.append(f"        ip saddr {source} {where} masquerade")
    return "\n".join([*lines, "    }", "}", ""])


class _Maker:
    def __init__(self, steps: Sequence[Step], journal: Journal, no_links: bool) -> None:
        self.journal = journal
        self.no_links = no_links
        self.group_goes = False
        self.group = str(journal.group)
        self.made: list[Command] = []
        self.number = 0
        self.steps = {step.key: step for step in steps if step.action == "make"}
        self.cables: set[Key] = set()

    def add(self, phase: int, netns: str, *words: str, stdin: str | None = None, does: str = "run") -> None:
        self.made.append(Command(phase, None if netns == HOST else netns, list(words), self.number, stdin, does))

    def step(self, step: Step) -> None:
        kind, netns, rest = step.key[0], step.key[1], step.key[2:]
        getattr(self, f"{step.action}_{kind}")(step, netns, *rest)

    # -- namespaces, files, sysctls ---------------------------------------------------------------------------------

    def make_netns(self, step: Step, netns: str) -> None:
        self.add(NETNS, HOST, "ip", "netns", "add", netns)
        self.change_netns(step, netns)

    def change_netns(self, step: Step, netns: str) -> None:
        words = ["ip", "link", "set", "dev", "lo", "group", self.group, "alias", alias_of(self.journal.name)]
        self.add(DEVICE, netns, *words, "up")

    def remove_netns(self, step: Step, netns: str) -> None:
        self.add(STOP, netns, does="empty")
        self.add(NO_NETNS, HOST, "ip", "netns", "delete", netns)

    def make_file(self, step: Step, netns: str, name: str) -> None:
        self.add(FILE, HOST, os.path.join(ETC, netns, name), stdin=step.value["text"], does="write")

    change_file = make_file

    def remove_file(self, step: Step, netns: str, name: str) -> None:
        self.add(NO_FILE, HOST, os.path.join(ETC, netns, name), does="unlink")

    def make_sysctl(self, step: Step, netns: str, name: str) -> None:
        phase = FORWARDING if netns == HOST else DEVICE_SYSCTL if self.of_device(netns, name) else SYSCTL
        self.add(phase, netns, "sysctl", "-q", "-w", f"{name}={step.value['value']}", does="sysctl")

    change_sysctl = make_sysctl

    def remove_sysctl(self, step: Step, netns: str, name: str) -> None:
        made = self.journal.made.get(step.key, {})
        was = made.get("was")
        if was is not None and was != step.old["value"] and step.old["value"] == made["value"]:
            self.add(OLD_SYSCTL, netns, "sysctl", "-q", "-w", f"{name}={was}", does="sysctl")

    def of_device(self, netns: str, name: str) -> bool:
        return any(("link", netns, part) in self.steps for part in name.split("/")[1:-1])

    # -- links --------------------------------------------------------------------------------------------------------

    def make_link(self, step: Step, netns: str, dev: str) -> None:
        value = step.value
        if value["kind"] == "veth":
            self.make_cable(step, netns, dev)
        elif value["kind"] == "bridge":
            options = ["stp_state", "1"] if value.get("stp") else []
            if value.get("vlan_filtering"):
                options += ["vlan_filtering", "1", "vlan_default_pvid", "0"]
            self.add(LINK, HOST, *self.link_words(netns, dev, {**value, "mtu": None}), "up", "type", "bridge", *options)
            if value.get("mtu"):  # the kernel adapts to its ports the MTU that a bridge is made with, not one that is set later
                self.add(DEVICE, netns, "ip", "link", "set", "dev", dev, "mtu", str(value["mtu"]))
        elif value["kind"] == "vlan":
            words = ["ip", "link", "add", "link", value["parent"], "name", dev, "group", self.group, *_attributes(value), "up"]
            self.add(DEVICE, netns, *words, "type", "vlan", "id", str(value["id"]))
        else:
            raise AssertionError(f"a lab makes no link of kind {value['kind']}")
        self.alias(netns, dev)
        if value["kind"] != "veth":
            self.master(netns, dev, value, always=False)

    def alias(self, netns: str, dev: str) -> None:
        if netns == HOST:
            self.add(DEVICE, netns, "ip", "link", "set", "dev", dev, "alias", alias_of(self.journal.name))

    def link_words(self, netns: str, dev: str, value: Value) -> list[str]:
        where = ["netns", netns] if netns != HOST else []
        value = {**value, "mtu": None} if value["kind"] == "veth" and value.get("mtu") == 1500 else value  # the default
        return ["ip", "link", "add", "name", dev, *where, "group", self.group, *_attributes(value)]

    def make_cable(self, step: Step, netns: str, dev: str) -> None:
        """The command for a cable, which is two links. The command belongs to the end in the host, otherwise to the first end."""
        peer = ("link", *step.value["peer"])
        if peer in self.cables:
            self.add(DEVICE, netns, "ip", "link", "set", "dev", dev, "up")
            self.master(netns, dev, step.value, always=False)
            return
        self.cables.add(step.key)
        other = self.steps[peer].value
        for end, values in ((step.key, step.value), (peer, other)):
            self.port(end[1], end[2], values.get("port", {}))
        if peer[1] == HOST and netns != HOST:
            words = self.link_words(HOST, peer[2], other)
            master = ["master", other["master"]] if other.get("master") else []
            far = ["peer", *self.link_words(netns, dev, step.value)[3:]]
            self.add(LINK, HOST, *words, *master, "up", "type", "veth", *far)
            self.add(DEVICE, netns, "ip", "link", "set", "dev", dev, "up")
            self.master(netns, dev, step.value, always=False)
        else:
            words = self.link_words(netns, dev, step.value)
            master = ["master", step.value["master"]] if netns == HOST and step.value.get("master") else []
            self.add(LINK, HOST, *words, *master, "up", "type", "veth", "peer", *self.link_words(peer[1], peer[2], other)[3:])
            if not master:
                self.master(netns, dev, step.value, always=False)

    def port(self, netns: str, dev: str, settings: dict[str, bool]) -> None:
        words = [word for name, on in settings.items() for word in (name, "on" if on else "off")]
        if words:
            self.add(PORT, netns, "ip", "link", "set", "dev", dev, "type", "bridge_slave", *words)

    def master(self, netns: str, dev: str, value: Value, *, always: bool) -> None:
        if value.get("master"):
            self.add(DEVICE, netns, "ip", "link", "set", "dev", dev, "master", value["master"])
        elif always:
            self.add(DEVICE, netns, "ip", "link", "set", "dev", dev, "nomaster")

    def change_link(self, step: Step, netns: str, dev: str) -> None:
        changed = {name for name in step.value if step.value[name] != step.old.get(name)}
        words = _attributes({name: step.value[name] for name in ("mtu", "mac") if name in changed})
        if words:
            self.add(DEVICE, netns, "ip", "link", "set", "dev", dev, *words)
        if "master" in changed:
            self.master(netns, dev, step.value, always=True)
        options = []
        for name, option in (("stp", "stp_state"), ("vlan_filtering", "vlan_filtering")):
            if name in changed:
                options += [option, str(int(step.value[name]))]
        if "vlan_filtering" in changed and step.value["vlan_filtering"]:
            options += ["vlan_default_pvid", "0"]
        if options:
            self.add(DEVICE, netns, "ip", "link", "set", "dev", dev, "type", "bridge", *options)
        if "port" in changed and step.value.get("master"):
            usual = {name: PORT_DEFAULTS[name] for name in step.old.get("port", {})}
            self.port(netns, dev, {**usual, **step.value["port"]})
        if "up" in changed:
            self.add(DEVICE, netns, "ip", "link", "set", "dev", dev, "up" if step.value["up"] else "down")

    def remove_link(self, step: Step, netns: str, dev: str) -> None:
        if netns == HOST and self.no_links:  # together, because the kernel takes time for each separate command
            if not self.group_goes:
                self.add(NO_LINK, netns, "ip", "link", "delete", "group", self.group)
            self.group_goes = True
            return
        self.add(NO_LINK, netns, "ip", "link", "delete", "dev", dev)

    def make_vlan(self, step: Step, netns: str, dev: str, vid: str, verb: str = "add") -> None:
        flags = [flag for flag in ("pvid", "untagged") if step.value.get(flag)]
        own = ["self"] if self.is_bridge(netns, dev) else ["master"]
        self.add(PORT, netns, "bridge", "vlan", "add", "dev", dev, "vid", vid, *flags, *own)

    change_vlan = make_vlan

    def remove_vlan(self, step: Step, netns: str, dev: str, vid: str) -> None:
        own = ["self"] if self.is_bridge(netns, dev) else ["master"]
        self.add(NO_VLAN, netns, "bridge", "vlan", "delete", "dev", dev, "vid", vid, *own)

    def is_bridge(self, netns: str, dev: str) -> bool:
        key = ("link", netns, dev)
        value = self.steps[key].value if key in self.steps else self.journal.made.get(key, {})
        return value.get("kind") == "bridge"

    # -- settings of the links -----------------------------------------------------------------------------------------

    def make_address(self, step: Step, netns: str, dev: str, address: str) -> None:
        value = step.value
        early = ["nodad"] if ":" in address else []
        verb = "replace" if step.again else "add"
        words = [word for name in ("broadcast", "label", "metric") if value.get(name) for word in (name, str(value[name]))]
        words += ["scope", value["scope"]] if value["scope"] != usual_scope(address) else []
        words += ["noprefixroute"] if value.get("noprefixroute") else []
        self.add(INSIDE, netns, "ip", "address", verb, *_local(address, value), "dev", dev, *words, *early)

    def change_address(self, step: Step, netns: str, dev: str, address: str) -> None:
        """Make the route to the network of an address again. The kernel had made it with the address, and somebody removed it."""
        network = ipaddress.ip_interface(step.value.get("peer") or address).network
        local = address.partition("/")[0]
        words = ["metric", str(step.value.get("metric") or 256)] if network.version == 6 else ["scope", "link", "src", local]
        if step.value.get("metric") and network.version == 4:
            words += ["metric", str(step.value["metric"])]
        self.add(INSIDE, netns, "ip", "route", "replace", str(network), "dev", dev, "proto", "kernel", *words)

    def remove_address(self, step: Step, netns: str, dev: str, address: str) -> None:
        self.add(NO_INSIDE, netns, "ip", "address", "delete", *_local(address, step.old), "dev", dev)

    def make_neigh(self, step: Step, netns: str, dev: str, address: str) -> None:
        words = ["ip", "neigh", "replace", address, "lladdr", step.value["mac"], "dev", dev, "nud", "permanent"]
        self.add(INSIDE, netns, *words)

    change_neigh = make_neigh

    def remove_neigh(self, step: Step, netns: str, dev: str, address: str) -> None:
        self.add(NO_INSIDE, netns, "ip", "neigh", "delete", address, "dev", dev)

    def make_proxy(self, step: Step, netns: str, dev: str, address: str) -> None:
        self.add(INSIDE, netns, "ip", "neigh", "add", "proxy", address, "dev", dev)

    def remove_proxy(self, step: Step, netns: str, dev: str, address: str) -> None:
        self.add(NO_INSIDE, netns, "ip", "neigh", "delete", "proxy", address, "dev", dev)

    def make_route(self, step: Step, netns: str, *rest: str) -> None:
        verb = "replace" if step.again or step.action == "change" else "add"
        self.add(INSIDE, netns, "ip", "route", verb, *_route_words(netns, rest, step.value))

    change_route = make_route

    def remove_route(self, step: Step, netns: str, *rest: str) -> None:
        self.add(NO_INSIDE, netns, "ip", "route", "delete", *_route_words(netns, rest, step.old))

    def make_rule(self, step: Step, netns: str, family: str, priority: str) -> None:
        self.add(INSIDE, netns, "ip", *["-6"] * (family == "6"), "rule", "add", *_rule_words(netns, priority, step.value))

    def change_rule(self, step: Step, netns: str, family: str, priority: str) -> None:
        self.remove_rule(step, netns, family, priority)
        self.make_rule(step, netns, family, priority)

    def remove_rule(self, step: Step, netns: str, family: str, priority: str) -> None:
        self.add(NO_INSIDE, netns, "ip", *["-6"] * (family == "6"), "rule", "delete", *_rule_words(netns, priority, step.old))

    def make_netem(self, step: Step, netns: str, dev: str) -> None:
        where = ["-n", netns] if netns != HOST else []
        self.add(NETEM, HOST, "tc", *where, "qdisc", "replace", "dev", dev, "root", "netem", *step.value["words"])

    change_netem = make_netem

    def remove_netem(self, step: Step, netns: str, dev: str) -> None:
        where = ["-n", netns] if netns != HOST else []
        self.add(NO_NETEM, HOST, "tc", *where, "qdisc", "delete", "dev", dev, "root", "netem")

    # -- the outside, and commands that keep running -----------------------------------------------------------------

    def make_nat(self, step: Step, netns: str) -> None:
        tool = step.value.get("tool") or nat_tool() or "nft"
        name = nat_name(self.journal, tool)
        if tool == "nft":
            self.add(NAT, netns, "nft", "-f", "-", stdin=nat_script(name, step.value["rules"]))
            return
        self.add(NAT, netns, "iptables", "-w", "-t", "nat", "-N", name)
        for source, out in step.value["rules"]:
            where = ["-o", out] if out else ["!", "-d", source]
            self.add(NAT, netns, "iptables", "-w", "-t", "nat", "-A", name, "-s", source, *where, "-j", "MASQUERADE")
        self.add(NAT, netns, "iptables", "-w", "-t", "nat", "-A", "POSTROUTING", *_jump(self.journal, name))

    def change_nat(self, step: Step, netns: str) -> None:
        self.remove_nat(step, netns)
        self.make_nat(step, netns)

    def remove_nat(self, step: Step, netns: str) -> None:
        tool = step.old.get("tool", "nft")
        name = nat_name(self.journal, tool)
        if tool == "nft":
            self.add(NO_NAT, netns, "nft", "delete", "table", "ip", name)
            return
        if step.old.get("jump", True):
            self.add(NO_NAT, netns, "iptables", "-w", "-t", "nat", "-D", "POSTROUTING", *_jump(self.journal, name))
        self.add(NO_NAT, netns, "iptables", "-w", "-t", "nat", "-F", name)  # the lab's own chain
        self.add(NO_NAT, netns, "iptables", "-w", "-t", "nat", "-X", name)

    def make_start(self, step: Step, netns: str, index: str) -> None:
        self.add(START, netns, *step.value["argv"], does="start")

    def change_start(self, step: Step, netns: str, index: str) -> None:
        self.remove_start(step, netns, index)
        self.make_start(step, netns, index)

    def remove_start(self, step: Step, netns: str, index: str) -> None:
        self.add(STOP, HOST, *map(str, step.old.get("pids", [])), does="stop")


def _local(address: str, value: Value) -> list[str]:
    peer = value.get("peer")
    return [address.partition("/")[0], "peer", peer] if peer else [address]


def _attributes(value: Value) -> list[str]:
    words = ["mtu", str(value["mtu"])] if value.get("mtu") else []
    return words + (["address", value["mac"]] if value.get("mac") else [])


def _route_words(netns: str, rest: Sequence[str], value: Value) -> list[str]:
    family, table, to, metric, tos = rest
    if to == "default" and family == "6":
        to = "::/0"
    words = [value["type"], to] if value.get("type", "unicast") != "unicast" else [to]
    words += ["tos", tos] if tos != "0" else []
    for name in ("via", "dev", "src", "scope"):
        if value.get(name):
            words += [name, value[name]]
    words += ["table", table] if table != "254" else []
    words += ["metric", metric] if metric not in ("0", "1024" if family == "6" else "0") else []
    protocol = PROTOCOL if netns == HOST else "static" if value.get("protocol") == "static" else ""
    words += ["proto", protocol] if protocol else []
    words += [word for name, number in value.get("metrics", {}).items() for word in (name, str(number))]
    words += ["pref", value["pref"]] if value.get("pref") else []
    words += ["onlink"] if value.get("onlink") else []
    for hop in value.get("nexthops", []):
        words += ["nexthop", *(word for name in ("via", "dev", "weight") if hop.get(name) for word in (name, str(hop[name])))]
        words += ["onlink"] if hop.get("onlink") else []
    return words


def _rule_words(netns: str, priority: str, value: Value) -> list[str]:
    words = ["not"] if value.get("not") else []
    for name in ("from", "to", "tos", "iif", "oif", "ipproto", "sport", "dport", "uidrange", "table", "goto"):
        if value.get(name) is not None:
            words += [name, str(value[name])]
    if value.get("fwmark") is not None:
        words += ["fwmark", f"{value['fwmark']}/{value['fwmask']}" if value.get("fwmask") else str(value["fwmark"])]
    if value.get("suppress_prefixlength") is not None:
        words += ["suppress_prefixlength", str(value["suppress_prefixlength"])]
    words += ["l3mdev"] if value.get("l3mdev") else []
    words += [value["action"]] if value.get("action") else []
    return [*words, "priority", priority, *(["protocol", PROTOCOL] if netns == HOST else [])]


def _jump(journal: Journal, name: str) -> list[str]:
    return ["-m", "comment", "--comment", alias_of(journal.name), "-j", name]
