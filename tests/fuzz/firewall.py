"""Send real packets through random firewalls in real namespaces, and compare each verdict of `judge` with the kernel's.

    python -m tests.fuzz.firewall [--bridge] [SECONDS] [SEED]

Three namespaces in a row, a - r - b; the rules are in r, which routes, or with ``--bridge`` bridges. Packets of IPv4 and IPv6 are
sent from a to b and to r, and from r itself; whether they came (with which addresses) is seen there, and so is what b's kernel
answers: echoes, resets (established) and ICMP errors (related). Needs root.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from netwrap.answers import firewall
from netwrap.answers.packet import Outcome, Packet, replace
from netwrap.model.build import build
from netwrap.model.namespace import Namespace
from netwrap.model.section import Section

# Runs in a namespace for a whole run: takes a line, does what it says, answers with a line.
AGENT = r"""
import json, select, socket, struct, sys, time
ICMP6 = socket.IPPROTO_ICMPV6
taps = []
for family, proto in ((2, 1), (2, 6), (2, 17), (10, ICMP6), (10, 6), (10, 17)):
    tap = socket.socket(family, socket.SOCK_RAW, proto)
    tap.setblocking(False)
    tap.setsockopt(socket.SOL_SOCKET, 33, 1 << 22)
    if family == 10: tap.setsockopt(41, 49, 1)  # IPV6_RECVPKTINFO
    taps.append((tap, family, proto))
def checksum(data):
    if len(data) % 2: data += b"\0"
    total = sum(struct.unpack(f"!{len(data)//2}H", data))
    while total >> 16: total = (total & 65535) + (total >> 16)
    return ~total & 65535
def send(one):
    six = ":" in one["to"]
    proto = {"icmp": 1, "icmpv6": ICMP6, "tcp": 6, "udp": 17}[one["proto"]]
    s = socket.socket(10 if six else 2, socket.SOCK_RAW, proto)
    if one.get("source"): s.bind((one["source"], 0))
    if one.get("mark"): s.setsockopt(socket.SOL_SOCKET, 36, one["mark"])
    if proto in (1, ICMP6):
        head = struct.pack("!BBHHH", one["type"], 0, 0, one["id"], 1)
        if proto == 1: head = head[:2] + struct.pack("!H", checksum(head + b"x" * 8)) + head[4:]
        head += b"x" * 8
    elif proto == 17:
        head = struct.pack("!HHHH", one["sport"], one["dport"], 16, 0) + b"x" * 8
        if six: s.setsockopt(41, 7, 6)  # IPV6_CHECKSUM
    else:
        head = struct.pack("!HHIIBBHHH", one["sport"], one["dport"], one["id"], 0, 5 << 4, 2, 64240, 0, 0)
        if six:
            s.setsockopt(41, 7, 16)
        else:
            pseudo = socket.inet_aton(one["from"]) + socket.inet_aton(one["to"]) + struct.pack("!BBH", 0, 6, len(head))
            head = head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]
    try:
        s.sendto(head, (one["to"], 0))
        return "sent"
    except OSError as error:
        return error.strerror
    finally:
        s.close()
def ports(proto, data):
    return dict(zip(("sport", "dport"), struct.unpack("!HH", data[:4])))
def take(seconds):
    found = []
    end = time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        ready = select.select([tap for tap, _, _ in taps], [], [], max(left, 0))[0]
        if not ready: return found
        for tap, family, proto in taps:
            if tap not in ready: continue
            data, extra, _, address = tap.recvmsg(2000, 200)
            if family == 2:
                ihl = (data[0] & 15) * 4
                row = {"proto": data[9], "source": socket.inet_ntoa(data[12:16]), "destination": socket.inet_ntoa(data[16:20])}
                data = data[ihl:]
            else:
                there = socket.inet_ntop(10, extra[0][2][:16])
                row = {"proto": proto, "source": address[0].partition("%")[0], "destination": there}
            if proto in (1, ICMP6):
                row["type"], row["id"] = data[0], struct.unpack("!H", data[4:6])[0]
                if row["type"] == 3 and proto == 1: row.update(ports(17, data[8 + 20:]), error=True)
                if row["type"] == 1 and proto == ICMP6: row.update(ports(17, data[8 + 40:]), error=True)
            else: row.update(ports(proto, data))
            found.append(row)
for line in sys.stdin:
    one = json.loads(line)
    print(json.dumps(send(one) if "to" in one else take(one["wait"])), flush=True)
"""


class Agent:
    """A process in a namespace that sends and receives."""

    def __init__(self, netns: str) -> None:
        words = ["ip", "netns", "exec", netns, sys.executable, "-c", AGENT]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, **words: object) -> object:
        import json

        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


LAB = """\
ip netns add {p}a
ip netns add {p}r
ip netns add {p}b
ip -n {p}r link add e0 type veth peer name e0 netns {p}a
ip -n {p}r link add e1 type veth peer name e0 netns {p}b
ip -n {p}a link set lo up
ip -n {p}r link set lo up
ip -n {p}b link set lo up
ip -n {p}a link set e0 up
ip -n {p}b link set e0 up
ip -n {p}r link set e0 up
ip -n {p}r link set e1 up
"""
#: The row with a router in the middle: namespace, link, address, gateway.
ROUTED = (
    ("r", "e0", "10.1.0.254/24"), ("r", "e1", "10.2.0.254/24"), ("r", "e0", "fd01::fe/64"), ("r", "e1", "fd02::fe/64"),
    ("a", "e0", "10.1.0.1/24"), ("a", "e0", "10.1.0.2/24"), ("a", "e0", "fd01::1/64"), ("a", "e0", "fd01::2/64"),
    ("b", "e0", "10.2.0.1/24"), ("b", "e0", "10.2.0.2/24"), ("b", "e0", "fd02::1/64"), ("b", "e0", "fd02::2/64"),
)  # fmt: skip
#: The row with a bridge in the middle: all in one network.
BRIDGED = tuple(
    (netns, "br0" if netns == "r" else dev, address.replace("/24", "/8").replace("/64", "/8")) for netns, dev, address in ROUTED
)


def run(*words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, input=given, capture_output=True, text=True, timeout=60)


class Lab:
    """a - r - b, with an agent in each; r is a router, or a bridge."""

    def __init__(self, prefix: str, bridge: bool = False) -> None:
        self.prefix = prefix
        self.bridge = bridge
        self.number = 0
        self.agents: dict[str, Agent] = {}
        try:
            self._make(prefix)
        except BaseException:
            self.close()
            raise

    def _make(self, prefix: str) -> None:
        lines = LAB.format(p=prefix).splitlines()
        if self.bridge:
            lines += [f"ip -n {prefix}r link add br0 type bridge", f"ip -n {prefix}r link set br0 up"]
            lines += [f"ip -n {prefix}r link set {dev} master br0" for dev in ("e0", "e1")]
        for name, dev, address in BRIDGED if self.bridge else ROUTED:
            lines.append(f"ip -n {prefix}{name} addr add {address} dev {dev}{' nodad' if ':' in address else ''}")
        if not self.bridge:
            for name, gateways in (("a", ("10.1.0.254", "fd01::fe")), ("b", ("10.2.0.254", "fd02::fe"))):
                lines += [f"ip -n {prefix}{name} route add default via {gateway}" for gateway in gateways]
        for line in lines:
            done = run(*line.split())
            assert done.returncode == 0, f"{line}: {done.stderr}"
        settings = ["ipv4/ip_forward 1", "ipv6/conf/all/forwarding 1", "ipv4/conf/all/rp_filter 0", "ipv4/conf/e0/rp_filter 0",
                    "ipv4/conf/e1/rp_filter 0", "ipv4/icmp_ratelimit 0", "ipv6/icmp/ratelimit 0"]  # fmt: skip
        for name in "arb":
            text = "".join(
                f"echo {one.split()[1]} >/proc/sys/net/{one.split()[0]} 2>/dev/null\n"
                for one in settings if name == "r" or "forward" not in one
            )  # fmt: skip
            run("ip", "netns", "exec", f"{prefix}{name}", "sh", "-c", text)
        self._know_each_other(prefix)
        self.agents = {name: Agent(f"{prefix}{name}") for name in "arb"}

    def _know_each_other(self, prefix: str) -> None:
        """Set fixed neighbours, so that no rule can drop ARP or neighbour discovery."""
        places = BRIDGED if self.bridge else ROUTED
        for name, dev, _ in dict.fromkeys((name, dev, "") for name, dev, _ in places):
            for other, there, address in places:
                near = (
                    self.bridge
                    or (name, other) in (("a", "r"), ("b", "r"))
                    or name == "r"
                    and (dev, other) in (("e0", "a"), ("e1", "b"))
                )
                if other == name or not near or not self.bridge and other == "r" and there != {"a": "e0", "b": "e1"}[name]:
                    continue
                mac = run("ip", "netns", "exec", f"{prefix}{other}", "cat", f"/sys/class/net/{there}/address").stdout.strip()
                words = f"ip -n {prefix}{name} neigh replace {address.partition('/')[0]} lladdr {mac} dev {dev} nud permanent"
                run(*words.split())

    def close(self) -> None:
        for agent in self.agents.values():
            agent.close()
        for name in "arb":
            run("ip", "netns", "delete", f"{self.prefix}{name}")

    def in_r(self, *words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        return run("ip", "netns", "exec", f"{self.prefix}r", *words, given=given)

    def captured(self) -> Namespace:
        """The namespace r, as a capture of it has it."""
        commands = (
            "ip -j address show",
            "ip -j -d link show",
            "ip -4 -j route show table all",
            "nft -j list ruleset",
            "iptables-save",
            "ip6tables-save",
            "iptables-legacy-save",
            "ip6tables-legacy-save",
        )
        sections = []
        for command in commands:
            done = self.in_r(*command.split())
            sections.append(Section("", command, done.stdout, done.stderr, done.returncode))
        text = self.in_r("sh", "-c", "cd /proc/sys/net && grep -s . bridge/*").stdout.replace("/", ".").replace(":", " = ")
        sections.append(Section("", "sysctl -a", "".join(f"net.{line}\n" for line in text.splitlines())))
        root = build(sections).root
        assert root is not None
        return root


# -- random rules ----------------------------------------------------------------------------------------------------------

_ADDRESSES = ["10.1.0.1", "10.1.0.2", "10.2.0.1", "10.2.0.2", "10.1.0.254", "10.2.0.254", "10.9.9.9"]
_PREFIXES = ["10.1.0.0/24", "10.2.0.0/24", "10.0.0.0/8", "10.1.0.0/31", "10.2.0.2/31", "192.168.0.0/16", "0.0.0.0/0"]
_PORTS = [53, 80, 443, 1000, 2000]
_ADDRESSES6 = ["fd01::1", "fd01::2", "fd02::1", "fd02::2", "fd01::fe", "fd02::fe", "fd99::9"]
_PREFIXES6 = ["fd01::/64", "fd02::/64", "fd00::/8", "fd01::/127", "fd02::2/127", "2001:db8::/32", "::/0"]


def _nft_match(rng: random.Random, hook: str) -> str:
    way = rng.choice(["saddr", "daddr"])
    yes = rng.choice(["", "", "", "!= "])
    choices = [
        f"ip {way} {yes}{rng.choice(_ADDRESSES)}",
        f"ip {way} {yes}{rng.choice(_PREFIXES)}",
        f"ip {way} {yes}{{ {rng.choice(_ADDRESSES)}, 10.9.0.0/16, 10.1.0.2-10.1.0.9 }}",
        f"ip {way} {yes}@addresses",
        f"{rng.choice(['tcp', 'udp', 'th'])} {rng.choice(['sport', 'dport'])} {yes}{rng.choice(_PORTS)}",
        f"{rng.choice(['tcp', 'udp'])} dport {yes}{{ 53, 80-443 }}",
        f"udp dport {rng.choice(['<', '>', '<=', '>='])} 443",
        f"tcp dport {yes}100-1500",
        "tcp dport @ports",
        f"meta l4proto {yes}{rng.choice(['tcp', 'udp', 'icmp', '{ tcp, udp }'])}",
        f"ip protocol {yes}{rng.choice(['tcp', 'udp', 'icmp'])}",
        "icmp type echo-request",
        "icmp type { echo-reply, echo-request }",
        "tcp flags syn",
        "tcp flags & (fin|syn|rst|ack) == syn",
        "tcp flags ! ack",
        f"ct state {yes}{rng.choice(['new', 'established', 'invalid'])}",
        "ct state established,related",
        "ct state { new, invalid }",
        f"meta mark {yes}{rng.choice(['0x1', '0x2', '0x0'])}",
        "meta mark & 0x3 == 0x1",
        "ct status dnat",
        "ct direction original",
        f"ct original ip daddr {rng.choice(_ADDRESSES)}",
        f"fib daddr type {yes}local",
        "fib saddr type unicast",
        f"ip saddr . tcp dport {{ {rng.choice(_ADDRESSES)} . 80, 10.1.0.1 . 443 }}",
        f"ip saddr . ip daddr {yes}{{ 10.1.0.1 . 10.2.0.1, 10.1.0.2 . 10.2.0.2 }}",
        "meta pkttype host",
        "meta length < 1000",
        f"limit rate {rng.choice(['1000/second', 'over 1/hour'])}",
        "ip ttl > 5",
        "ip dscp cs0",
        "meta nfproto ipv4",
        "ip6 saddr fd00::1",
        f"ct mark {rng.choice(['0x0', '0x5'])}",
        f"ip6 {way} {yes}{rng.choice(_ADDRESSES6)}",
        f"ip6 {way} {yes}{rng.choice(_PREFIXES6)}",
        f"ip6 {way} {yes}{{ {rng.choice(_ADDRESSES6)}, fd01::2-fd01::9, fd02::/127 }}",
        f"ip6 nexthdr {yes}{rng.choice(['tcp', 'udp', 'ipv6-icmp'])}",
        "icmpv6 type echo-request",
        "icmpv6 type { echo-reply, destination-unreachable }",
        "icmp type destination-unreachable",
        "icmp code port-unreachable",
        "ip6 hoplimit > 5",
        f"meta nfproto {rng.choice(['ipv4', 'ipv6'])}",
        f"meta protocol {yes}{rng.choice(['ip', 'ip6', 'arp'])}",
        "ct state related",
        f"ct status {rng.choice(['snat', 'dnat', 'snat,dnat'])}",
        f"ct direction {rng.choice(['original', 'reply'])}",
        f"ct original ip6 saddr {rng.choice(_ADDRESSES6)}",
        f"ct original proto-dst {rng.choice(_PORTS)}",
        f"ct original ip saddr {rng.choice(_ADDRESSES)}",
        "ct state untracked",
        "ct state != untracked",
        f"ip saddr . ip daddr . meta l4proto {yes}{{ 10.1.0.0/31 . 10.2.0.1 . tcp, 10.0.0.0/8 . 10.2.0.2-10.2.0.9 . udp }}",
        f"meta l4proto . th dport {yes}{{ tcp . 80-443, udp . 53 }}",
        f"ip6 saddr . tcp dport {yes}{{ {rng.choice(_ADDRESSES6)} . 80, fd01::/64 . 100-2000 }}",
        "tcp flags & (syn|ack) != 0x0",
        "tcp flags rst",
        "tcp flags { syn, syn|ack, rst|ack }",
        f"th dport {yes}{{ 50-60, 70-90, 1000 }}",
        f"tcp sport >= {rng.choice([1024, 30000])}",
    ]
    if hook not in ("output", "postrouting"):
        choices += [
            f"iifname {yes}{rng.choice(['e0', 'e1', 'e*', 'lo'])}",
            "iif e0",
            f"iifname {{ lo, {rng.choice(['e0', 'e1'])} }}",
        ]
    if hook in ("forward", "output", "postrouting"):
        choices += [f"oifname {yes}{rng.choice(['e0', 'e1', 'e*', 'lo'])}", "oif e1"]
    return rng.choice(choices)


def _nft_end(rng: random.Random, chains: list[str], nat: str, hook_is_early: bool = False) -> str:
    plain = [
        "accept",
        "accept",
        "drop",
        "drop",
        "return",
        "counter",
        "meta mark set 0x1",
        "meta mark set meta mark or 0x2",
        "ct mark set 0x5",
        "reject",
        "meta nfproto ipv4 reject",
        "meta nfproto ipv6 reject",
        "meta l4proto tcp reject with tcp reset",
        "reject with icmpx type admin-prohibited",
        "continue",
        "",
    ]
    plain += [f"jump {chain}" for chain in chains] + [f"goto {chain}" for chain in chains]
    if chains:
        plain += [
            f"ip saddr vmap {{ 10.1.0.1 : {rng.choice(['accept', 'drop'])}, 10.1.0.2 : jump {chains[0]} }}",
            f"tcp dport vmap {{ 80 : {rng.choice(['accept', 'drop'])}, 100-500 : goto {chains[0]}, * : continue }}",
            f"meta l4proto vmap {{ udp : {rng.choice(['accept', 'drop'])}, icmp : accept }}",
            f"ct state vmap {{ established : {rng.choice(['accept', 'continue'])}, related : accept, invalid : drop }}",
            f"ip saddr . th dport vmap {{ 10.1.0.1 . 80 : drop, 10.1.0.0/24 . 400-500 : goto {chains[0]} }}",
            f"ip6 daddr vmap {{ fd02::1 : {rng.choice(['accept', 'drop'])}, fd02::2-fd02::9 : jump {chains[0]} }}",
            f"iifname . ip daddr vmap {{ e0 . 10.2.0.1 : {rng.choice(['accept', 'drop', 'return'])} }}",
            "meta mark set ip saddr map { 10.1.0.1 : 0x1, 10.1.0.2 : 0x2 }",
            "meta mark set ct mark",
            "ct mark set meta mark",
        ]
    if nat == "prerouting" or nat == "output":
        plain += [
            "dnat ip to 10.2.0.2",
            "meta l4proto tcp dnat ip to 10.2.0.2:2000",
            "dnat ip to ip daddr map { 10.2.0.1 : 10.2.0.2 }",
            "dnat ip6 to fd02::2",
            "meta l4proto udp dnat ip6 to [fd02::2]:2000",
            "dnat ip to 10.2.0.1",
            "redirect",
            "meta l4proto { tcp, udp } redirect to :2000",
            "dnat ip to ip daddr . tcp dport map { 10.2.0.1 . 80 : 10.2.0.2 . 2000 }",
            "dnat ip to tcp dport map { 80 : 10.2.0.2, 443-1000 : 10.2.0.1 }",
        ] * 2
    if nat == "postrouting":
        plain += ["masquerade", "snat ip to 10.2.0.254", "snat ip to 10.2.0.99", "snat ip6 to fd02::fe",
                  "snat ip to ip saddr map { 10.1.0.1 : 10.2.0.254 }"] * 3  # fmt: skip
    if hook_is_early:
        plain += ["notrack"] * 4
    if nat:
        plain = [word for word in plain if "reject" not in word]
    return rng.choice(plain)


def nft_ruleset(rng: random.Random, families: tuple[str, ...] = ("ip", "inet", "inet", "ip6", "netdev")) -> str:
    """A random ruleset for nft: one to three tables, chains at all hooks, jumps between them."""
    lines = []
    for number in range(rng.randint(1, 2)):
        family = rng.choice(families)
        lines += [
            f"table {family} t{number} {{",
            "set addresses { type ipv4_addr; flags interval; elements = { 10.1.0.1, 10.2.0.2-10.2.0.9 }\n}",
            "set ports { type inet_service; elements = { 80, 2000 }\n}",
        ]
        subs: list[str] = []
        for name in ("s2", "s1"):
            rules = [f"{_nft_match(rng, 'input')} {_nft_end(rng, subs, '')}" for _ in range(rng.randint(0, 2))]
            lines += [f"chain {name} {{", *rules, "}"]
            subs = [name, *subs]
        for at in range(rng.randint(1, 3)):
            hook = rng.choice(["prerouting", "forward", "forward", "postrouting", "output", "input"])
            if family == "netdev":
                hook = "ingress"
            kind = "nat" if rng.random() < 0.3 and hook in ("prerouting", "postrouting", "output") else "filter"
            priority = {"prerouting": rng.choice([-300, -150, -100, 0]), "postrouting": rng.choice([0, 100, 150])}.get(
                hook, rng.choice([-10, 0, 10])
            )
            if family == "bridge" and hook in ("prerouting", "postrouting", "output") and kind == "nat":
                kind = "filter"
            device = f" device {rng.choice(['e0', 'e1'])}" if hook == "ingress" else ""
            if kind == "nat":
                priority = {"prerouting": -100, "postrouting": 100, "output": -100}[hook]
            policy = "drop" if kind == "filter" and rng.random() < 0.2 else "accept"
            lines += [f"chain c{at} {{", f"type {kind} hook {hook}{device} priority {priority}; policy {policy};"]
            for _ in range(rng.randint(1, 4)):
                matches = " ".join(_nft_match(rng, hook) for _ in range(rng.choice([0, 1, 1, 1, 2])))
                early = priority <= -300 and hook in ("prerouting", "output") and family != "bridge"
                end = _nft_end(rng, subs if hook in ("input", "forward") else [], hook if kind == "nat" else "", early)
                if hook in ("postrouting", "prerouting", "ingress") and "reject" in end:
                    end = "drop"
                lines.append(f"{matches} {end}".strip() or "counter")
            lines.append("}")
        lines.append("}")
    return "\n".join(lines) + "\n"


def _iptables_match(rng: random.Random, chain: str) -> str:
    no = rng.choice(["", "", "", "! "])
    choices = [
        f"{no}-s {rng.choice(_ADDRESSES + _PREFIXES)}",
        f"{no}-d {rng.choice(_ADDRESSES + _PREFIXES)}",
        f"{no}-p {rng.choice(['tcp', 'udp', 'icmp'])}",
        f"-p tcp {no}--dport {rng.choice(_PORTS)}",
        f"-p udp {no}--dport {rng.choice(['53', '80:443', ':500'])}",
        f"-p udp {no}--sport 1000",
        f"-p tcp -m multiport {no}--dports 80,443,1000:2000",
        "-p tcp --syn",
        "-p tcp ! --syn",
        "-p icmp --icmp-type 8",
        f"-m conntrack {no}--ctstate {rng.choice(['NEW', 'ESTABLISHED,RELATED', 'INVALID', 'DNAT'])}",
        f"-m state --state {rng.choice(['NEW', 'INVALID'])}",
        f"-m mark {no}--mark {rng.choice(['0x1', '0x0', '0x2/0x2'])}",
        f"-m addrtype {no}--dst-type LOCAL",
        "-m addrtype --src-type UNICAST",
        f"-m iprange {no}--src-range 10.1.0.1-10.1.0.1",
        "-m comment --comment x",
        "-m statistic --mode random --probability 0.5",
        "-m limit --limit 1000/sec",
        "-m ttl --ttl-gt 5",
        "-m length --length 0:1000",
        f"-m conntrack --ctorigdst {rng.choice(_ADDRESSES)}",
        "-m connmark --mark 0x0",
        "-m pkttype --pkt-type unicast",
        "-f",
        "-m physdev ! --physdev-is-bridged",
        "-m physdev --physdev-is-bridged",
        f"-m conntrack {no}--ctstate RELATED",
        f"-m conntrack --ctstatus {rng.choice(['SEEN_REPLY', 'ASSURED', 'NONE', 'EXPECTED'])}",
        f"-m conntrack --ctdir {rng.choice(['ORIGINAL', 'REPLY'])}",
        f"-p tcp --tcp-flags SYN,RST,ACK {rng.choice(['SYN', 'RST,ACK', 'NONE'])}",
        f"-m devgroup {no}--src-group {rng.choice(['0', '1'])}",
        f"-p udp -m multiport {no}--ports 53,80,1000:2000",
        f"-m set {no}--match-set nobody src",
        "-m rpfilter --invert" if chain == "PREROUTING" else "-m comment --comment y",
        "-m rpfilter --loose" if chain == "PREROUTING" else "-m comment --comment y",
        "-m recent --name x --rcheck",
        "-m socket --nowildcard" if chain in ("PREROUTING", "INPUT") else "-m comment --comment y",
        "-m policy --dir in --pol none" if chain in ("PREROUTING", "INPUT", "FORWARD") else "-m policy --dir out --pol none",
        "-m policy --dir in --pol ipsec" if chain in ("PREROUTING", "INPUT", "FORWARD") else "-m policy --dir out --pol ipsec",
        f"-m connmark {no}--mark 1",
        "-m tos --tos 0",
        f"-m dscp {no}--dscp 0",
        "-m u32 --u32 '0>>22&0x3C@0>>16=80'",
        "-m time --timestart 00:00 --timestop 23:59",
        "-m cpu --cpu 0",
        "-m realm --realm 0",
        "-m quota --quota 100000",
        "-m connbytes --connbytes 0:100 --connbytes-mode packets --connbytes-dir original",
        "-m connlimit --connlimit-above 100",
        "-m hashlimit --hashlimit-upto 1000/sec --hashlimit-name h",
        "-m string --algo bm --string zzz",
        "-m owner --uid-owner 0" if chain in ("OUTPUT", "POSTROUTING") else "-m comment --comment z",
        "-m ecn --ecn-ip-ect 0",
    ]
    if chain not in ("OUTPUT", "POSTROUTING"):
        choices += [f"{no}-i {rng.choice(['e0', 'e1', 'e+', 'lo'])}"] * 2
    if chain in ("FORWARD", "OUTPUT", "POSTROUTING"):
        choices += [f"{no}-o {rng.choice(['e0', 'e1', 'e+', 'lo'])}"] * 2
    return rng.choice(choices)


def iptables_rules(rng: random.Random, six: bool = False) -> list[str]:
    """Random rules for iptables, as the words behind it."""
    found = ["-N S1", "-t mangle -N S1", "-t nat -N S1"]
    if rng.random() < 0.3:
        found.append("-P FORWARD DROP")
    for _ in range(rng.randint(2, 9)):
        table = rng.choice(["filter", "filter", "filter", "mangle", "nat", "raw"])
        chain = rng.choice(
            {
                "filter": ["FORWARD", "FORWARD", "INPUT", "OUTPUT", "S1"],
                "nat": ["PREROUTING", "POSTROUTING", "OUTPUT", "S1"],
                "raw": ["PREROUTING", "OUTPUT"],
                "mangle": ["PREROUTING", "FORWARD", "POSTROUTING", "OUTPUT", "S1"],
            }[table]
        )
        ends = ["-j ACCEPT", "-j ACCEPT", "-j DROP", "-j RETURN", ""]
        if chain != "S1" and table != "raw":
            ends += ["-j S1", "-g S1"]
        if table == "filter":
            ends += ["-j DROP", "-j REJECT", "-j LOG"]
        if table == "mangle":
            ends += ["-j MARK --set-mark 1", "-j MARK --or-mark 2", "-j CONNMARK --set-mark 1", "-j CONNMARK --restore-mark"]
        if table == "raw":
            ends += ["-j CT --notrack"]
        if table == "nat":
            ends = ["-j ACCEPT", "-j RETURN"]
            if chain in ("PREROUTING", "OUTPUT"):
                ends += ["-j DNAT --to-destination 10.2.0.2", "-p tcp -j DNAT --to-destination 10.2.0.2:2000", "-j S1",
                         "-p udp -j REDIRECT --to-ports 53", "-j REDIRECT"]  # fmt: skip
            if chain == "POSTROUTING":
                ends += ["-j MASQUERADE", "-j SNAT --to-source 10.2.0.99"]
        matches = " ".join(_iptables_match(rng, chain) for _ in range(rng.choice([0, 1, 1, 2])))
        found.append(f"-t {table} -A {chain} {matches} {rng.choice(ends)}")
    return [_of_ipv6(line, rng) for line in found] if six else found


def _of_ipv6(line: str, rng: random.Random) -> str:
    """A rule of iptables as one of ip6tables."""
    for old, new in zip(_PREFIXES + _ADDRESSES, _PREFIXES6 + _ADDRESSES6):
        line = line.replace(old, new)
    for old, new in (
        ("-p icmp", "-p ipv6-icmp"), ("--icmp-type 8", "--icmpv6-type 128"), ("-m ttl --ttl-gt", "-m hl --hl-gt"), (" -f ", " "),
        ("fd02::2:2000", "[fd02::2]:2000"), ("10.2.0.99", "fd02::fe"), ("fd01::1-fd01::1", "fd01::1-fd01::1"),
    ):  # fmt: skip
        line = line.replace(old, new)
    return line


# -- asking and comparing ----------------------------------------------------------------------------------------------------


class Seen(NamedTuple):
    """The received packet; None if none was received."""

    source: str
    destination: str
    dport: int | None


class Told(NamedTuple):
    """What is judged of a packet: its verdict over all hooks, the packet as it comes to ``where`` (a, r, b), what decided."""

    verdict: str
    packet: Packet
    where: str
    decided: Outcome | None


_SIDES = {"10.1.": ("e0", "a"), "10.2.": ("e1", "b"), "fd01:": ("e0", "a"), "fd02:": ("e1", "b")}
_OWN = ("10.1.0.254", "10.2.0.254", "fd01::fe", "fd02::fe")
_MISSING = ("10.2.0.99",)


def judged(lab: Lab, netns: Namespace, packet: Packet, iif: str | None, question: Packet | None = None) -> Told:
    """Let a packet through all hooks of r, as an answer where ``question`` is given: that came as the other end got it."""
    back = _Back(question) if question is not None else None
    frame = lab.bridge and packet.destination not in _OWN and iif is not None
    own = "br0" if lab.bridge else iif

    def ask(hook: str, packet: Packet, oif: str | None) -> Outcome:
        # a bridged frame is between two ports; what is for the bridge itself, or from it, is not asked of the frames here
        inner = replace(packet, iif=own, oif=("br0" if lab.bridge and oif else oif))
        if frame:
            inner = replace(inner, bridged=True, physin=iif, physout=oif)
        elif lab.bridge:
            inner = replace(inner, physin=iif)
        turn = back.turn(hook) if back is not None else None
        return firewall.judge(netns, hook, inner, addresses_of_out=None, fib=_fib, untranslate=turn)

    hooks = ["ingress", "prerouting"] if iif is not None else ["output"]
    for hook in hooks:
        outcome = ask(hook, packet, None if iif is not None else _side(packet)[0])
        if outcome.verdict != "accept":
            return Told("drop" if outcome.verdict in ("drop", "reject") else "undecided", packet, "", outcome)
        packet = outcome.packet
    if packet.destination in _OWN:
        if iif is None or frame:
            return Told("elsewhere", packet, "", None)
        outcome = ask("input", packet, None)
        verdict = {"accept": "accept", "undecided": "undecided"}.get(outcome.verdict, "drop")
        return Told(verdict, outcome.packet, "r", outcome)
    oif, where = _side(packet)
    if packet.destination in _MISSING or where == "" or oif == iif:
        return Told("elsewhere", packet, "", None)
    for hook in ["forward", "postrouting"] if iif is not None else ["postrouting"]:
        outcome = ask(hook, packet, oif)
        if outcome.verdict != "accept":
            return Told("drop" if outcome.verdict in ("drop", "reject") else "undecided", packet, "", outcome)
        packet = outcome.packet
    return Told("accept", packet, where, None)


def _side(packet: Packet) -> tuple[str, str]:
    """The port that leads to a destination, and the namespace there."""
    return _SIDES.get(packet.destination[:5], ("other", ""))


class _Back:
    """The translation of an answer back."""

    def __init__(self, question: Packet) -> None:
        self.original = question.original
        self.status = question.status

    def turn(self, hook: str) -> Callable[[Packet], Packet]:
        def turned(packet: Packet) -> Packet:
            if self.original is None or packet.state == "untracked" or packet.state == "invalid":
                return packet
            source, destination, sport, dport = self.original
            if hook in ("prerouting", "output") and "snat" in self.status:
                return replace(packet, destination=source, dport=sport if packet.proto in ("tcp", "udp") else None)
            if hook in ("postrouting", "input") and "dnat" in self.status:
                return replace(packet, source=destination, sport=dport if packet.proto in ("tcp", "udp") else None)
            return packet

        return turned


def _fib(text: str, packet: Packet) -> tuple[str, str | None] | None:
    found = _SIDES.get(text[:5])
    return ("unicast", found[0]) if found is not None else ("unreachable", None)


class Tally:
    """The numbers of packets judged rightly, wrongly and not at all."""

    def __init__(self) -> None:
        self.right = self.undecided = self.elsewhere = self.rulesets = self.answers = self.came = 0
        self.wrong: list[str] = []


class _Sent(NamedTuple):
    packet: Packet
    start: str
    number: int


def try_one(lab: Lab, rng: random.Random, tally: Tally, label: str) -> None:
    """Make a random firewall in r, send packets of all kinds, and compare."""
    made = _firewall(lab, rng)
    if not made:
        return
    netns = lab.captured()
    tally.rulesets += 1
    sent = []
    for proto in ("icmp", "udp", "tcp"):
        for start, six in (
            ("a", False),
            ("a", False),
            ("a", True),
            ("a", True),
            ("r", rng.random() < 0.5),
            ("a", rng.random() < 0.5),
        ):
            sent.append(_send(lab, rng, proto, start, six))
    time.sleep(0.03)
    arrived: dict[str, list[dict[str, object]]] = {}
    for name in "bra":
        found = lab.agents[name].ask(wait=0.02)
        assert isinstance(found, list)
        arrived[name] = found
    for one in sent:
        told = judged(lab, netns, one.packet, "e0" if one.start == "a" else None)
        seen = _seen(arrived[told.where or "b"], one.packet, one.number, answer=False)
        _count(tally, told, seen, one, label, made)
        if told.verdict == "accept" and told.where == "b" and seen is not None:
            _answered(lab, netns, tally, one, told, arrived, label, made)


def _answered(
    lab: Lab, netns: Namespace, tally: Tally, one: _Sent, told: Told, arrived: dict[str, list[dict[str, object]]], label: str,
    made: list[str],
) -> None:  # fmt: skip
    """Compare what b's own answer did: an echo, a reset, or an ICMP error that is related."""
    question = told.packet
    if question.source in _MISSING:
        return
    reply = replace(
        question, source=question.destination, destination=question.source, sport=question.dport, dport=question.sport, ttl=63,
        direction="reply", state="established" if question.state != "untracked" else "invalid", mark=0, iif=None, oif=None,
        uid=None, gid=None, bridged=False, physin=None, physout=None,
    )  # fmt: skip
    six = reply.family == "inet6"
    if reply.proto in ("icmp", "icmpv6"):
        reply = replace(reply, icmp_type=129 if six else 0)
    elif reply.proto == "tcp":
        reply = replace(reply, tcp_flags=frozenset({"rst", "ack"}), length=40 + 20 * six)
    else:
        reply = replace(
            reply, proto="icmpv6" if six else "icmp", icmp_type=1 if six else 3, icmp_code=4 if six else 3, sport=None,
            dport=None, state="related" if question.state != "untracked" else "invalid", length=96 if six else 64, dscp=None,
        )  # fmt: skip
    if lab.bridge and told.packet.source in _OWN:
        return
    answer = judged(lab, netns, reply, "e1", question)
    tally.answers += 1
    seen = _seen(arrived[answer.where or one.start], one.packet, one.number, answer=True)
    if seen is not None and reply.proto != one.packet.proto:
        seen = seen._replace(dport=None)
    _count(tally, answer, seen, one, f"{label}, the answer", made)


def _count(tally: Tally, told: Told, seen: Seen | None, one: _Sent, label: str, made: list[str]) -> None:
    if told.verdict in ("undecided", "elsewhere"):
        tally.undecided += told.verdict == "undecided"
        tally.elsewhere += told.verdict == "elsewhere"
        return
    after = told.packet
    wanted = Seen(after.source, after.destination, after.dport) if told.verdict == "accept" else None
    tally.came += seen is not None
    if seen == wanted:
        tally.right += 1
        return
    steps = (
        []
        if told.decided is None
        else [f"{step.table} {step.chain}: {step.rule} -> {step.verdict}" for step in told.decided.steps]
    )
    tally.wrong.append(f"{label}: {one}\n  told {wanted}\n  seen {seen}\n  {steps}\n" + "\n".join(made))


def _firewall(lab: Lab, rng: random.Random) -> list[str]:
    """Make a random firewall, and return its commands."""
    empty = "".join(f"*{table}\nCOMMIT\n" for table in ("filter", "nat", "mangle", "raw"))
    lines = ["nft flush ruleset", f"printf '{empty}' | iptables-legacy-restore", f"printf '{empty}' | ip6tables-legacy-restore"]
    lines += ["iptables-legacy -P FORWARD ACCEPT", "ip6tables-legacy -P FORWARD ACCEPT"]
    lab.in_r("sh", "-c", "\n".join(lines))
    made: list[str] = []
    kind = rng.choice(["nft", "nft", "nft", "legacy", "iptables", "both"])
    if kind in ("nft", "both"):
        families = ("bridge", "bridge", "ip", "inet", "netdev") if lab.bridge else ("ip", "inet", "inet", "ip6", "netdev")
        text = nft_ruleset(rng, families)
        done = lab.in_r("nft", "-f", "-", given=text)
        if done.returncode != 0:
            return []
        made.append(text)
    if kind in ("legacy", "iptables", "both"):
        which = "legacy" if kind != "iptables" else "nft"
        script = [f"iptables-{which} {words}" for words in iptables_rules(rng)]
        script += [f"ip6tables-{which} {words}" for words in iptables_rules(rng, six=True)]
        lab.in_r("sh", "-c", "\n".join(f"{line} 2>/dev/null" for line in script))
        made += script
    if lab.bridge:
        lab.in_r("sh", "-c", f"echo {rng.choice([0, 1])} >/proc/sys/net/bridge/bridge-nf-call-iptables")
    return made


def _send(lab: Lab, rng: random.Random, proto: str, start: str, six: bool) -> _Sent:
    """Send one packet; as what it was made."""
    net = ("fd01::", "fd02::") if six else ("10.1.0.", "10.2.0.")
    own = "fe" if six else "254"
    source = net[0] + rng.choice("12") if start == "a" else net[1] + own
    destination = net[1] + rng.choice("12")
    if start == "a" and not lab.bridge and rng.random() < 0.2:
        destination = net[rng.choice([0, 1])] + own
    lab.number = lab.number % 60000 + 1  # conntrack remembers a packet of the same ports
    number = 1024 + lab.number
    dport = rng.choice(_PORTS)
    mark = rng.choice([0, 0, 1]) if start == "r" else 0
    called = "icmpv6" if six and proto == "icmp" else proto
    icmp = proto == "icmp"
    kind = 128 if six else 8
    packet = Packet(
        "inet6" if six else "inet", source, destination, called, sport=None if icmp else number, dport=None if icmp else dport,
        icmp_type=kind if icmp else None, mark=mark, length={"icmp": 16, "udp": 16, "tcp": 20}[proto] + (40 if six else 20),
        ttl=64 if start == "r" or lab.bridge or destination.endswith(own) else 63, uid=0, gid=0,
    )  # fmt: skip
    lab.agents[start].ask(
        **{"proto": called, "source": source, "from": source, "to": destination, "sport": number, "dport": dport, "id": number,
           "type": kind, "mark": mark}
    )  # fmt: skip
    return _Sent(packet, start, number)


def _seen(arrived: list[dict[str, object]], packet: Packet, number: int, answer: bool) -> Seen | None:
    proto = {"icmp": 1, "icmpv6": 58, "tcp": 6, "udp": 17}[packet.proto]
    for row in arrived:
        if answer:
            kind = 129 if packet.family == "inet6" else 0
            echo = row["proto"] == proto and row.get("type") == kind and row.get("id") == number
            reset = packet.proto == "tcp" and row["proto"] == 6 and row.get("dport") == number
            error = packet.proto == "udp" and row.get("error") and row.get("sport") == number
            found = echo or reset or error
        else:
            kind = 128 if packet.family == "inet6" else 8
            echo = row.get("id") == number and row.get("type") == kind
            found = row["proto"] == proto and (echo if proto in (1, 58) else row.get("sport") == number)
        if found:
            dport = row.get("dport")
            return Seen(str(row["source"]), str(row["destination"]), dport if isinstance(dport, int) else None)
    return None


def main(seconds: float, seed: int, prefix: str = "fzw", rulesets: int = 1 << 30, bridge: bool = False) -> Tally:
    """Try random firewalls for so many seconds, or so many of them."""
    tally = Tally()
    lab = Lab(prefix, bridge)
    end = time.monotonic() + seconds
    try:
        number = 0
        while tally.rulesets < rulesets and time.monotonic() < end:
            try_one(lab, random.Random(seed * 1_000_003 + number), tally, f"seed {seed}, ruleset {number}")
            number += 1
    finally:
        lab.close()
    return tally


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--bridge"]
    found = main(float(words[0]) if words else 60, int(words[1]) if words[1:] else 1, bridge="--bridge" in sys.argv)
    print(f"{found.rulesets} firewalls: {found.right} packets as judged ({found.came} came, {found.answers} answers), "
          f"{len(found.wrong)} not, {found.undecided} undecided")  # fmt: skip
    for line in found.wrong[:8]:
        print(line)
    sys.exit(bool(found.wrong))
