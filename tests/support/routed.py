"""Random routing of a namespace, and the questions on which the model and the kernel (`ip route get`) must agree."""

from __future__ import annotations

import ipaddress
import json
import random
import re
import subprocess
from typing import Any, NamedTuple

from netwrap.answers.routing import Decision, Question, Router
from netwrap.model.build import build
from netwrap.model.namespace import Namespace
from netwrap.model.section import Section

#: Tables of a namespace that decide about routes, as the probe asks for them.
COMMANDS = (
    "ip -j -d link show", "ip -j -d address show", "ip -4 -j -d route show table all", "ip -6 -j -d route show table all",
    "ip -j neigh show nud all", "ip -j rule show", "ip -6 -j rule show", "ip -j netconf show", "ip -j nexthop show",
)  # fmt: skip
_SWITCHES = ("accept_local", "src_valid_mark", "route_localnet", "send_redirects", "rp_filter", "forwarding")
_SAID = {
    "Permission denied": "EACCES", "Invalid argument": "EINVAL", "No route to host": "EHOSTUNREACH",
    "Network is unreachable": "ENETUNREACH", "Cannot assign requested address": "EADDRNOTAVAIL", "No such device": "ENODEV",
    "Invalid cross-device link": "EXDEV",
}  # fmt: skip
_WORDS = {
    "prohibit": ("EACCES",), "blackhole": ("EINVAL",), "unreachable": ("EHOSTUNREACH",), "no-route": ("ENETUNREACH",),
    "not-forwarding": ("EHOSTUNREACH",), "martian": ("EINVAL",), "rp-filter": ("EINVAL", "EXDEV"),
    "no-source": ("EINVAL", "ENETUNREACH"),
}  # fmt: skip


def batch(netns: str, lines: list[str], *options: str) -> tuple[list[str], dict[int, str]]:
    """Run lines of `ip` in a namespace; return the printed lines, and the error message of each line that failed."""
    given = "\n".join(lines) + "\n"
    done = subprocess.run(
        ["ip", "-n", netns, *options, "-force", "-batch", "-"], input=given, capture_output=True, text=True, timeout=120
    )  # fmt: skip
    said: dict[int, str] = {}
    last = ""
    for line in done.stderr.split("\n"):
        failed = re.match(r"Command failed -:(\d+)", line)
        if failed:
            said[int(failed[1])] = last
        else:
            last = line.replace("RTNETLINK answers: ", "").replace("Error: ", "").rstrip(".") or last
    return done.stdout.split("\n"), said


def captured(netns: str) -> Namespace:
    """The model of a real namespace, with the settings that `ip netconf` does not print."""
    sections = []
    for command in COMMANDS:
        words = command.split()
        done = subprocess.run([words[0], "-n", netns, *words[1:]], capture_output=True, text=True, timeout=60)
        sections.append(Section(netns, command, done.stdout, done.stderr, done.returncode))
    script = "cd /proc/sys/net/ipv4/conf; grep -H . " + " ".join(f"*/{name}" for name in _SWITCHES)
    done = subprocess.run(["ip", "netns", "exec", netns, "sh", "-c", script], capture_output=True, text=True, timeout=60)
    found = build(sections).find(netns)
    switches = {}
    for line in done.stdout.split("\n"):
        name, _, value = line.partition(":")
        if value:
            switches["net.ipv4.conf." + name.replace("/", ".")] = value
    found.__dict__["sysctls"] = switches
    return found


class _Imagined(NamedTuple):
    """The lines that make a namespace: links with addresses, then the settings (the kernel reads some only when a route is
    added), then nexthops, routes and rules."""

    links: list[str]
    switches: list[str]
    routes: list[str]


def imagine(seed: int) -> _Imagined:
    """Lines of `ip` that make a random network namespace: links, addresses, rules, tables, routes of every type."""
    rng = random.Random(seed)
    lines = ["link set lo up"]
    devs = [f"e{n}" for n in range(rng.randint(2, 4))]
    for n, dev in enumerate(devs):
        lines += [f"link add {dev} type veth peer name p{n}", f"link set {dev} up"]
        if rng.random() < 0.85:
            lines.append(f"link set p{n} up")
        if rng.random() < 0.2:
            lines.append(f"link set {dev} group {rng.randint(1, 3)}")
        for k in range(rng.choice([0, 1, 1, 1, 2, 3])):
            scope = rng.choice(["", "", "", "", " scope link", " scope host"])
            size = rng.choice([24, 24, 16, 32])
            lines.append(f"addr add 10.{n}.{rng.choice([0, 0, k])}.{rng.randint(1, 9)}/{size} dev {dev}{scope}")
        for k in range(rng.choice([0, 1, 1, 2])):
            size, rest = rng.choice([64, 64, 112, 128]), rng.choice(["", "", "", " preferred_lft 0"])
            lines.append(f"addr add fd0{n}::{rng.choice([0, 0, k])}:{rng.randint(1, 9)}/{size} dev {dev} nodad{rest}")
    if rng.random() < 0.3:
        lines.append("addr add 10.99.0.1/32 dev lo")
        lines.append("addr add fd99::1/128 dev lo")
    links, lines = lines, []
    ids = _imagine_nexthops(rng, devs, lines)
    for _ in range(rng.randint(3, 18)):
        lines.append(_imagine_route(rng, devs, ids, six=False))
    for _ in range(rng.randint(3, 14)):
        lines.append(_imagine_route(rng, devs, ids, six=True))
    if rng.random() < 0.75:
        for six in (False, True):
            for _ in range(rng.randint(0, 7)):
                lines.append(_imagine_rule(rng, devs, six))
    if rng.random() < 0.1:
        lines += ["rule add pref 30000 lookup local", "rule del pref 0 lookup local"]
    if rng.random() < 0.2:
        lines.append(f"link set {rng.choice(devs)} down")
    if rng.random() < 0.2:
        lines.append(f"link set p{rng.randrange(len(devs))} down")
    if rng.random() < 0.2:
        for dev in devs:
            lines.append(f"neigh add fd0{rng.randrange(4)}::{rng.randint(1, 5)} dev {dev} nud failed")
    switches = []
    for dev in (*devs, "all", "default"):
        switches.append(f"ipv4/conf/{dev}/forwarding={int(rng.random() < 0.75)}")
    for dev in (*devs, "all"):
        for name, odds in (("rp_filter", 0.35), ("accept_local", 0.1), ("src_valid_mark", 0.15), ("route_localnet", 0.1),
                           ("ignore_routes_with_linkdown", 0.2)):  # fmt: skip
            if rng.random() < odds:
                switches.append(f"ipv4/conf/{dev}/{name}={rng.choice([1, 1, 2]) if name == 'rp_filter' else 1}")
        if dev != "all" and rng.random() < 0.1:
            switches.append(f"ipv4/conf/{dev}/send_redirects=0")
        if rng.random() < 0.15:
            switches.append(f"ipv6/conf/{dev}/ignore_routes_with_linkdown=1")
    if rng.random() < 0.5:
        switches.append("ipv6/conf/all/forwarding=1")
    return _Imagined(links, switches, lines)


def _imagine_nexthops(rng: random.Random, devs: list[str], lines: list[str]) -> dict[str, list[int]]:
    ids: dict[str, list[int]] = {"4": [], "6": []}
    if rng.random() < 0.5:
        return ids
    for number in range(1, rng.randint(3, 7)):
        n = rng.randrange(len(devs))
        family = rng.choice("46")
        kind = rng.random()
        if kind < 0.1:
            lines.append(f"nexthop add id {number} blackhole")
        elif kind < 0.2:
            lines.append(f"nexthop add id {number} dev {devs[n]}")
            family = "4"
        elif family == "4":
            lines.append(f"nexthop add id {number} via 10.{n}.0.{rng.randint(1, 9)} dev {devs[n]} onlink")
        else:
            lines.append(f"nexthop add id {number} via fd0{n}::{rng.randint(1, 9)} dev {devs[n]} onlink")
        ids[family].append(number)
    for family, number in (("4", 50), ("6", 60)):
        if len(ids[family]) > 1:
            members = "/".join(f"{one},{rng.randint(1, 4)}" for one in rng.sample(ids[family], 2))
            lines.append(f"nexthop add id {number} group {members}")
            ids[family].append(number)
    return ids


def _net(rng: random.Random, six: bool) -> str:
    n, k, last = rng.randrange(5), rng.randrange(3), rng.randint(1, 9)
    if six:
        near = [f"fd0{n}::/{size}" for size in (32, 64, 64, 112)]
        return rng.choice(["default", "fd00::/16", *near, f"fd0{n}::{k}:{last}/128", f"fd5{k}::/32", f"fd5{k}::/48"])
    near = [f"10.{n}.0.0/{size}" for size in (16, 24, 24)]
    return rng.choice(["default", "10.0.0.0/8", *near, f"10.{n}.{k}.{last}/32", f"172.{16 + k}.0.0/16", f"172.{16 + k}.0.0/20"])


def _table(rng: random.Random) -> str:
    return rng.choice(["main", "main", "100", "100", "101", "5", "default", "local"])


def _imagine_route(rng: random.Random, devs: list[str], ids: dict[str, list[int]], six: bool) -> str:
    ip = "-6 route" if six else "route"
    verb = rng.choice(["add", "add", "append"])
    line = f"{ip} {verb}"
    table = _table(rng)
    if table == "local" and rng.random() < 0.8:
        table = "main"
    tail = f" table {table}"
    if rng.random() < 0.4:
        tail += f" metric {rng.choice([0, 5, 10, 50, 1024])}"
    if not six and rng.random() < 0.08:
        tail += " tos 0x10"
    net = _net(rng, six)
    if six and rng.random() < 0.12:
        tail = f" from fd0{rng.randrange(4)}::/{rng.choice([64, 32, 128])}" + tail
    kind = rng.random()
    if kind < 0.2:
        return f"{line} {rng.choice(['unreachable', 'blackhole', 'prohibit', 'throw', 'throw'])} {net}{tail}"
    if kind < 0.25:
        return f"{line} local {net if net != 'default' else ('fd77::/64' if six else '10.77.0.0/24')} dev lo{tail}"
    if kind < 0.38 and ids["6" if six else rng.choice("446")]:
        return f"{line} {net} nhid {rng.choice(ids['6' if six else rng.choice('46')] or [1])}{tail}"

    def hop() -> str:
        n = rng.randrange(len(devs))
        choice = rng.random()
        if choice < 0.2:
            return f"dev {devs[n]}"
        if six:
            return f"via fd0{n}::{rng.randint(1, 9)} dev {devs[n]} onlink"
        if choice < 0.3:
            return f"via inet6 fd0{n}::{rng.randint(1, 9)} dev {devs[n]} onlink"
        return f"via 10.{n}.0.{rng.randint(1, 9)} dev {devs[n]} onlink"

    if kind < 0.55:
        hops = [hop() for _ in range(rng.randint(2, 3))]
        return f"{line} {net}{tail} " + " ".join(f"nexthop {one} weight {rng.randint(1, 3)}" for one in hops)
    if rng.random() < 0.2:
        n = rng.randrange(4)
        tail += f" src fd0{n}::{rng.randint(1, 5)}" if six else f" src 10.{n}.0.{rng.randint(1, 9)}"
    if six and rng.random() < 0.15:
        tail += f" pref {rng.choice(['low', 'high'])}"
    if not six and rng.random() < 0.1:
        tail += f" scope {rng.choice(['link', 'host', 'global'])}"
    return f"{line} {net} {hop()}{tail}"


def _imagine_rule(rng: random.Random, devs: list[str], six: bool) -> str:
    words = [f"{'-6 ' if six else ''}rule add pref {rng.choice([5, 10, 50, 100, 200, 500, 32766, 32800])}"]
    if rng.random() < 0.15:
        words.append("not")
    net = "fd0{}::/{}" if six else "10.{}.0.0/{}"
    if rng.random() < 0.4:
        words.append("from " + net.format(rng.randrange(4), rng.choice([64, 32, 112] if six else [16, 24])))
    if rng.random() < 0.4:
        words.append("to " + net.format(rng.randrange(5), rng.choice([64, 32, 112] if six else [16, 24])))
    if rng.random() < 0.2:
        words.append(f"iif {rng.choice([*devs, 'lo', 'gone0'])}")
    if rng.random() < 0.1:
        words.append(f"oif {rng.choice([*devs, 'gone0'])}")
    if rng.random() < 0.25:
        words.append(f"fwmark {rng.randrange(4)}" + rng.choice(["", "/3", "/1"]))
    if rng.random() < 0.2:
        words.append(f"ipproto {rng.choice(['tcp', 'udp', 'icmp'])}")
    if rng.random() < 0.15:
        words.append(f"dport {rng.choice(['53', '80', '1-1000'])}")
    if rng.random() < 0.08:
        words.append(f"sport {rng.choice(['4000', '1-5000'])}")
    if rng.random() < 0.08:
        words.append("tos 0x10")
    if rng.random() < 0.06:
        words.append(f"uidrange {rng.choice(['0-0', '1-5', '0-1000'])}")
    action = rng.random()
    if action < 0.12:
        words.append(rng.choice(["unreachable", "prohibit", "blackhole"]))
    elif action < 0.22:
        words.append(f"goto {rng.choice([50, 100, 200, 500, 32766, 777])}")
    elif action < 0.26:
        words.append("nop")
    else:
        words.append(f"lookup {rng.choice(['main', '100', '100', '101', '5', 'default', 'local', '888'])}")
        if rng.random() < 0.25:
            words.append(f"suppress_prefixlength {rng.choice([0, 0, 8, 16, 24, 64])}")
        if rng.random() < 0.1:
            words.append(f"suppress_ifgroup {rng.choice([0, 1, 2])}")
    return " ".join(words)


def questions(seed: int, netns: Namespace, count: int) -> list[Question]:
    """Questions to ask of a namespace: near its own addresses, routes and rules."""
    rng = random.Random(f"{seed} questions")
    devs = [str(link["ifname"]) for link in netns.links or () if str(link["ifname"]).startswith("e")]
    found = []
    own: list[str] = [row["local"] for link in netns.addresses or () for row in link.get("addr_info", ())]
    nets = [str(route.get("dst")) for route in [*(netns.routes or ()), *(netns.routes6 or ())]]
    for _ in range(count):
        six = rng.random() < 0.45

        def address(six: bool = six) -> str:
            choice = rng.random()
            mine = [one for one in own if (":" in one) == six and not one.startswith("fe80")]
            if choice < 0.15 and mine:
                return rng.choice(mine)
            if choice < 0.4:
                some = [one for one in nets if (":" in one) == six and one != "default" and not one.startswith(("ff", "fe80"))]
                if some:
                    net = ipaddress.ip_network(rng.choice(some), strict=False)
                    last = min(net.num_addresses - 1, 300)
                    return str(net[rng.randint(0, last)])
            if six:
                near = f"fd0{rng.randrange(5)}::{rng.randrange(3)}:{rng.randint(0, 9)}"
                return rng.choice([near, f"fd5{rng.randrange(4)}::{rng.randint(1, 9)}", "2001:db8::1"])
            near = f"10.{rng.randrange(6)}.{rng.randrange(2)}.{rng.randint(0, 10)}"
            far = f"172.{rng.randrange(15, 20)}.0.{rng.randint(1, 9)}"
            return rng.choice([near, far, "8.8.8.8", "127.0.0.1", f"10.{rng.randrange(4)}.0.255"])

        source = iif = None
        kind = rng.random()
        if kind < 0.55 and devs:
            iif, source = rng.choice(devs), address()
        elif kind < 0.7:
            mine = [one for one in own if (":" in one) == six and not one.startswith("fe80")]
            source = rng.choice(mine) if mine else None
        mark = rng.randrange(4) if rng.random() < 0.3 else 0
        proto, dport, sport = None, None, None
        if rng.random() < 0.4:
            proto = rng.choice(["tcp", "udp", "icmp"])
            if proto != "icmp" and rng.random() < 0.8:
                dport, sport = rng.choice([53, 80, 5000]), rng.choice([4000, 6000])
            if proto == "icmp" and six:
                proto = None
        tos = 0x10 if rng.random() < 0.1 else 0
        found.append(Question(address(), source, iif, None, mark, proto, sport, dport, tos))
    return found


def line(asked: Question) -> str:
    """The words of `ip route get` for a question."""
    words = ["route get", asked.destination]
    for word, value in (("from", asked.source), ("iif", asked.iif), ("oif", asked.oif), ("mark", asked.mark or None),
                        ("ipproto", asked.proto), ("sport", asked.sport), ("dport", asked.dport)):  # fmt: skip
        if value is not None:
            words.append(f"{word} {value}")
    if asked.tos:
        words.append(f"tos {asked.tos:#x}")
    return " ".join(words)


def kernel(netns: str, asked: list[Question]) -> list[Any]:
    """The record that `ip route get` prints for each question, or its error message."""
    lines, said = batch(netns, [line(one) for one in asked], "-j", "-d")
    found: list[Any] = []
    answers = [json.loads(text[text.startswith("[[") :])[0] for text in lines if text.strip() not in ("", "[", "[]")]
    answers.reverse()
    for number in range(1, len(asked) + 1):
        found.append(said[number] if number in said else answers.pop())
    return found


def disagreement(asked: Question, decision: Decision, said: Any) -> str | None:
    """The difference between the model's answer and the kernel's; None if they agree."""
    if (asked.source or "").startswith("127.") and len((decision.route or {}).get("nexthops", ())) > 1:
        return None  # the leg decides, and the kernel's choice is not known
    if isinstance(said, str):
        word = _SAID.get(said, said)
        if word in _WORDS.get(decision.type, ()):
            return None
        return f"kernel {said!r}, model {decision.type} {decision.legs}"
    kind = said.get("type", "unicast")
    if kind != decision.type:
        return f"kernel {kind} {said.get('dev')}, model {decision.type}"
    if decision.type != "unicast":
        source = None
    else:
        via = said.get("gateway") or said.get("via", {}).get("host")
        if (said.get("dev"), via) not in {(leg.dev, leg.gateway) for leg in decision.legs}:
            return f"kernel {said.get('dev')} {via}, model {decision.legs}"
        source = said.get("prefsrc")
        many = len(decision.legs) > 1
        if asked.iif is None and asked.source is None and not many and source != decision.source:
            return f"kernel source {source}, model {decision.source}"
    return None


def compare(netns: str, seed: int, count: int) -> tuple[int, list[str]]:
    """Ask an existing namespace the questions of a seed; return the number of questions and the disagreements."""
    model = captured(netns)
    routers = {family: Router(model, family) for family in ("inet", "inet6")}
    asked = questions(seed, model, count)
    wrong = []
    for one, said in zip(asked, kernel(netns, asked)):
        if one.proto is None and ":" not in one.destination:
            one = one._replace(proto="udp")  # which `ip route get` asks for where nothing is said
        router = routers["inet6" if ":" in one.destination else "inet"]
        decision = router.decide(one)
        differs = disagreement(one, decision, said)
        if differs and said == "Invalid argument" and decision.type == "unicast" and "nexthops" in (decision.route or {}):
            continue  # of several legs, the one that the kernel drew refuses the source
        if differs:
            wrong.append(f"seed {seed}: {line(one)}: {differs}")
    return len(asked), wrong


def make(netns: str, seed: int) -> None:
    """Make the namespace of a seed, without lines that the kernel refuses."""
    made = imagine(seed)
    batch(netns, made.links)
    script = "\n".join(f"echo {value} >/proc/sys/net/{name}" for name, value in (one.split("=") for one in made.switches))
    subprocess.run(["ip", "netns", "exec", netns, "sh", "-c", script], capture_output=True, timeout=60)
    batch(netns, made.routes)
