"""Random firewalls in real namespaces, real packets through them, and what `judge` says of each: it must be what the kernel did.

    python -m tests.fuzz.firewall [SECONDS] [SEED]

Three namespaces in a row, a - r - b; the rules are in r. A packet is sent from a to b, or from r itself; whether it came
to b (with which addresses) is seen there. Needs root.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from dataclasses import replace
from typing import NamedTuple

from netwrap.answers import firewall
from netwrap.answers.firewall import Outcome, Packet
from netwrap.model.build import build
from netwrap.model.namespace import Namespace
from netwrap.model.section import Section

# Runs in a namespace for a whole run: takes a line, does what it says, answers with a line.
AGENT = r"""
import json, select, socket, struct, sys, time
def raw(family, proto):
    return socket.socket(family, socket.SOCK_RAW, proto)
taps = {}
for proto in (1, 6, 17):
    taps[proto] = raw(socket.AF_INET, proto)
    taps[proto].setblocking(False)
def checksum(data):
    if len(data) % 2: data += b"\0"
    total = sum(struct.unpack(f"!{len(data)//2}H", data))
    while total >> 16: total = (total & 65535) + (total >> 16)
    return ~total & 65535
def send(one):
    family = socket.AF_INET
    proto = {"icmp": 1, "tcp": 6, "udp": 17}[one["proto"]]
    s = socket.socket(family, socket.SOCK_RAW, proto)
    if one.get("source"): s.bind((one["source"], 0))
    if one.get("mark"): s.setsockopt(socket.SOL_SOCKET, 36, one["mark"])
    if proto == 1:
        head = struct.pack("!BBHHH", one["type"], 0, 0, one["id"], 1)
        head = head[:2] + struct.pack("!H", checksum(head + b"x" * 8)) + head[4:] + b"x" * 8
    elif proto == 17:
        head = struct.pack("!HHHH", one["sport"], one["dport"], 16, 0) + b"x" * 8
    else:
        head = struct.pack("!HHIIBBHHH", one["sport"], one["dport"], one["id"], 0, 5 << 4, 2, 64240, 0, 0)
        pseudo = socket.inet_aton(one["from"]) + socket.inet_aton(one["to"]) + struct.pack("!BBH", 0, 6, len(head))
        head = head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]
    try:
        s.sendto(head, (one["to"], 0))
        return "sent"
    except OSError as error:
        return error.strerror
    finally:
        s.close()
def take(seconds):
    found = []
    end = time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        ready = select.select(list(taps.values()), [], [], max(left, 0))[0]
        if not ready: return found
        for tap in ready:
            data = tap.recv(2000)
            ihl = (data[0] & 15) * 4
            row = {"proto": data[9], "source": socket.inet_ntoa(data[12:16]), "destination": socket.inet_ntoa(data[16:20])}
            if data[9] == 1: row["type"], row["id"] = data[ihl], struct.unpack("!H", data[ihl+4:ihl+6])[0]
            else: row["sport"], row["dport"] = struct.unpack("!HH", data[ihl:ihl+4])
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
ip -n {p}a addr add 10.1.0.1/24 dev e0
ip -n {p}a addr add 10.1.0.2/24 dev e0
ip -n {p}r addr add 10.1.0.254/24 dev e0
ip -n {p}r addr add 10.2.0.254/24 dev e1
ip -n {p}b addr add 10.2.0.1/24 dev e0
ip -n {p}b addr add 10.2.0.2/24 dev e0
ip -n {p}a link set lo up
ip -n {p}r link set lo up
ip -n {p}b link set lo up
ip -n {p}a link set e0 up
ip -n {p}b link set e0 up
ip -n {p}r link set e0 up
ip -n {p}r link set e1 up
ip -n {p}a route add default via 10.1.0.254
ip -n {p}b route add default via 10.2.0.254
"""


def run(*words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, input=given, capture_output=True, text=True, timeout=60)


class Lab:
    """a - r - b, with an agent in each."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.agents: dict[str, Agent] = {}
        try:
            self._make(prefix)
        except BaseException:
            self.close()
            raise

    def _make(self, prefix: str) -> None:
        for line in LAB.format(p=prefix).splitlines():
            done = run(*line.split())
            assert done.returncode == 0, f"{line}: {done.stderr}"
        for setting in (
            "ip_forward=1",
            "conf.all.rp_filter=0",
            "conf.default.rp_filter=0",
            "conf.e0.rp_filter=0",
            "conf.e1.rp_filter=0",
        ):
            run("ip", "netns", "exec", f"{prefix}r", "sysctl", "-qw", f"net.ipv4.{setting}")
        for name in "ab":
            run("ip", "netns", "exec", f"{prefix}{name}", "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0")
        self.agents = {name: Agent(f"{prefix}{name}") for name in "arb"}
        for room, other in (
            ("a", "10.1.0.254"),
            ("b", "10.2.0.254"),
            ("r", "10.1.0.1"),
            ("r", "10.2.0.1"),
            ("r", "10.2.0.2"),
            ("r", "10.1.0.2"),
        ):
            run("ip", "netns", "exec", f"{prefix}{room}", "ping", "-c1", "-W1", other)

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
            "ip -4 -j route show table all",
            "nft -j list ruleset",
            "iptables-save",
            "ip6tables-save",
            "iptables-legacy-save",
        )
        sections = []
        for command in commands:
            done = self.in_r(*command.split())
            sections.append(Section("", command, done.stdout, done.stderr, done.returncode))
        root = build(sections).root
        assert root is not None
        return root


# -- random rules ----------------------------------------------------------------------------------------------------------

_ADDRESSES = ["10.1.0.1", "10.1.0.2", "10.2.0.1", "10.2.0.2", "10.1.0.254", "10.2.0.254", "10.9.9.9"]
_PREFIXES = ["10.1.0.0/24", "10.2.0.0/24", "10.0.0.0/8", "10.1.0.0/31", "10.2.0.2/31", "192.168.0.0/16", "0.0.0.0/0"]
_PORTS = [53, 80, 443, 1000, 2000]


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


def _nft_end(rng: random.Random, chains: list[str], nat: str) -> str:
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
        "continue",
        "",
    ]
    plain += [f"jump {chain}" for chain in chains] + [f"goto {chain}" for chain in chains]
    if chains:
        plain += [
            f"ip saddr vmap {{ 10.1.0.1 : {rng.choice(['accept', 'drop'])}, 10.1.0.2 : jump {chains[0]} }}",
            f"tcp dport vmap {{ 80 : {rng.choice(['accept', 'drop'])}, 100-500 : goto {chains[0]}, * : continue }}",
            f"meta l4proto vmap {{ udp : {rng.choice(['accept', 'drop'])}, icmp : accept }}",
        ]
    if nat == "prerouting" or nat == "output":
        plain += [
            "dnat ip to 10.2.0.2",
            "meta l4proto tcp dnat ip to 10.2.0.2:2000",
            "dnat ip to ip daddr map { 10.2.0.1 : 10.2.0.2 }",
        ] * 3
    if nat == "postrouting":
        plain += ["masquerade", "snat ip to 10.2.0.254", "snat ip to 10.2.0.99"] * 3
    if nat:
        plain = [word for word in plain if word != "reject"]
    return rng.choice(plain)


def nft_ruleset(rng: random.Random) -> str:
    """A random ruleset for nft: one to three tables, chains at all hooks, jumps between them."""
    lines = []
    for number in range(rng.randint(1, 2)):
        family = rng.choice(["ip", "inet"])
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
            kind = "nat" if rng.random() < 0.3 and hook in ("prerouting", "postrouting", "output") else "filter"
            priority = {"prerouting": rng.choice([-300, -150, -100, 0]), "postrouting": rng.choice([0, 100, 150])}.get(
                hook, rng.choice([-10, 0, 10])
            )
            if kind == "nat":
                priority = {"prerouting": -100, "postrouting": 100, "output": -100}[hook]
            policy = "drop" if kind == "filter" and rng.random() < 0.2 else "accept"
            lines += [f"chain c{at} {{", f"type {kind} hook {hook} priority {priority}; policy {policy};"]
            for _ in range(rng.randint(1, 4)):
                matches = " ".join(_nft_match(rng, hook) for _ in range(rng.choice([0, 1, 1, 1, 2])))
                end = _nft_end(rng, subs if hook in ("input", "forward") else [], hook if kind == "nat" else "")
                if hook in ("postrouting", "prerouting") and end == "reject":
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
    ]
    if chain not in ("OUTPUT", "POSTROUTING"):
        choices += [f"{no}-i {rng.choice(['e0', 'e1', 'e+', 'lo'])}"] * 2
    if chain in ("FORWARD", "OUTPUT", "POSTROUTING"):
        choices += [f"{no}-o {rng.choice(['e0', 'e1', 'e+', 'lo'])}"] * 2
    return rng.choice(choices)


def iptables_rules(rng: random.Random) -> list[str]:
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
                ends += ["-j DNAT --to-destination 10.2.0.2", "-p tcp -j DNAT --to-destination 10.2.0.2:2000", "-j S1"]
            if chain == "POSTROUTING":
                ends += ["-j MASQUERADE", "-j SNAT --to-source 10.2.0.99"]
        matches = " ".join(_iptables_match(rng, chain) for _ in range(rng.choice([0, 1, 1, 2])))
        found.append(f"-t {table} -A {chain} {matches} {rng.choice(ends)}")
    return found


# -- asking and comparing ----------------------------------------------------------------------------------------------------


class Seen(NamedTuple):
    """What came to b: None where nothing did."""

    source: str
    destination: str
    dport: int | None


def expected(netns: Namespace, packet: Packet, forwarded: bool) -> tuple[str, Packet, Outcome | None]:
    """The verdict over all hooks between the sender and b, the packet there, and the outcome that decided."""
    hooks = ("prerouting", "forward", "postrouting") if forwarded else ("output", "postrouting")
    doubt: Outcome | None = None
    for hook in hooks:
        oif = None if hook == "prerouting" else "e1" if packet.destination.startswith("10.2.") else "other"
        iif = "e0" if forwarded else None
        if oif == "other":
            return "elsewhere", packet, doubt

        outcome = firewall.judge(netns, hook, replace(packet, iif=iif, oif=oif), addresses_of_out=["10.2.0.254"], fib=_fib)
        if outcome.verdict in ("drop", "reject"):
            return "drop", outcome.packet, outcome
        if outcome.verdict == "undecided":
            return "undecided", packet, outcome
        packet = outcome.packet
    return "accept", packet, doubt


def _fib(text: str, packet: Packet) -> tuple[str, str | None] | None:
    if text.startswith("10.1.0."):
        return "unicast", "e0"
    return ("unicast", "e1") if text.startswith("10.2.0.") else ("unreachable", None)


class Tally:
    """How many packets were judged rightly, wrongly and not."""

    def __init__(self) -> None:
        self.right = self.undecided = self.elsewhere = self.rulesets = 0
        self.wrong: list[str] = []


def try_one(lab: Lab, rng: random.Random, tally: Tally, label: str) -> None:
    """Make a random firewall in r, send packets of all kinds, and compare."""
    lab.in_r("nft", "flush", "ruleset")
    for table in ("filter", "nat", "mangle", "raw"):
        lab.in_r("iptables-legacy", "-t", table, "-F")
        lab.in_r("iptables-legacy", "-t", table, "-X")
    lab.in_r("iptables-legacy", "-P", "FORWARD", "ACCEPT")
    lab.in_r("conntrack", "-F")
    made: list[str] = []
    kind = rng.choice(["nft", "nft", "legacy", "iptables", "both"])
    if kind in ("nft", "both"):
        text = nft_ruleset(rng)
        done = lab.in_r("nft", "-f", "-", given=text)
        if done.returncode != 0:
            return
        made.append(text)
    if kind in ("legacy", "iptables", "both"):
        binary = "iptables-legacy" if kind != "iptables" else "iptables-nft"
        script = [f"{binary} {words}" for words in iptables_rules(rng)]
        lab.in_r("sh", "-c", "\n".join(f"{line} 2>/dev/null" for line in script))
        made += script
    netns = lab.captured()
    tally.rulesets += 1
    sent = []
    for proto, forwarded in ((p, f) for p in ("icmp", "udp", "tcp") for f in (True, True, True, False)):
        source = rng.choice(["10.1.0.1", "10.1.0.2"]) if forwarded else "10.2.0.254"
        destination = rng.choice(["10.2.0.1", "10.2.0.2"])
        own = rng.randint(1024, 60000)
        sport, dport = own, rng.choice(_PORTS)
        mark = rng.choice([0, 0, 1]) if not forwarded else 0
        length = {"icmp": 36, "udp": 36, "tcp": 40}[proto]
        packet = Packet(
            "inet",
            source,
            destination,
            proto,
            sport=None if proto == "icmp" else sport,
            dport=None if proto == "icmp" else dport,
            icmp_type=8 if proto == "icmp" else None,
            mark=mark,
            length=length,
            ttl=63 if forwarded else 64,
            uid=0,
            gid=0,
        )
        words = {
            "proto": proto,
            "source": source,
            "from": source,
            "to": destination,
            "sport": sport,
            "dport": dport,
            "id": own,
            "type": 8,
            "mark": mark,
        }
        lab.agents["a" if forwarded else "r"].ask(**words)
        sent.append((packet, own, forwarded))
    arrived = lab.agents["b"].ask(wait=0.05)
    assert isinstance(arrived, list)
    for packet, own, forwarded in sent:
        verdict, after, outcome = expected(netns, packet, forwarded)
        if verdict == "undecided":
            tally.undecided += 1
            continue
        if verdict == "elsewhere":
            tally.elsewhere += 1
            continue
        seen = _seen(arrived, packet, own)
        told = Seen(after.source, after.destination, after.dport) if verdict == "accept" else None
        if seen == told:
            tally.right += 1
        else:
            steps = (
                [] if outcome is None else [f"{step.table} {step.chain}: {step.rule} -> {step.verdict}" for step in outcome.steps]
            )
            tally.wrong.append(f"{label}: {packet}\n  told {told}\n  seen {seen}\n  {steps}\n" + "\n".join(made))


def _seen(arrived: list[dict[str, object]], packet: Packet, own: int) -> Seen | None:
    number = {"icmp": 1, "tcp": 6, "udp": 17}[packet.proto]
    for row in arrived:
        if row["proto"] == number and (row.get("id") == own and row.get("type") == 8 if number == 1 else row.get("sport") == own):
            dport = row.get("dport")
            return Seen(str(row["source"]), str(row["destination"]), dport if isinstance(dport, int) else None)
    return None


def main(seconds: float, seed: int, prefix: str = "fzw", rulesets: int = 1 << 30) -> Tally:
    """Try random firewalls for so many seconds, or so many of them."""
    tally = Tally()
    lab = Lab(prefix)
    end = time.monotonic() + seconds
    try:
        number = 0
        while number < rulesets and time.monotonic() < end:
            try_one(lab, random.Random(seed * 1_000_003 + number), tally, f"seed {seed}, ruleset {number}")
            number += 1
    finally:
        lab.close()
    return tally


if __name__ == "__main__":
    found = main(float(sys.argv[1]) if len(sys.argv) > 1 else 60, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    print(f"{found.rulesets} firewalls: {found.right} packets as judged, {len(found.wrong)} not, {found.undecided} undecided")
    for line in found.wrong[:8]:
        print(line)
    sys.exit(bool(found.wrong))
