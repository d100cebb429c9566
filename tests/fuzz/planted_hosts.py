"""Hosts as engines and front ends leave them, as shell lines, each with faults and what these explain."""

# ruff: noqa: E501 (a fault is one row)
# fmt: off

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

PORT = 7007
#: Where the next hop is silent, netwrap may say why.
SILENT = ("no-owner", "neighbour-failed")
CUT = ("link-down", "no-carrier", "peer-down", "no-owner", "neighbour-failed")


class Fault(NamedTuple):
    """A fault: its lines, the reasons that it explains, and the namespaces that it concerns."""

    what: str
    lines: tuple[str, ...]
    reasons: tuple[str, ...]
    places: tuple[str, ...]


class Net:
    """Collector of the shell lines of a host."""

    def __init__(self, rng: random.Random, kind: str) -> None:
        self.rng = rng
        self.kind = kind
        self.lines: list[str] = []
        self.names: list[str] = []
        self.faults: list[Fault] = []
        self.services: list[tuple[str, str, int]] = []
        self.ports: list[int] = []
        self.loses_ports = False

    def add(self, *names: str) -> None:
        for name in names:
            self.names.append(name)
            self.sh(f"ip netns add {name}", f"ip -n {name} link set dev lo up")
            self.sysctl(name, "net/ipv6/conf/default/accept_dad", 0)
            for which in ("all", "default"):  # a redirect would change the way of the next packet
                self.sysctl(name, f"net/ipv4/conf/{which}/accept_redirects", 0)

    def sh(self, *lines: str) -> None:
        self.lines += lines

    def fault(self, what: str, lines: str | tuple[str, ...], reasons: tuple[str, ...], *places: str) -> None:
        self.faults.append(Fault(what, (lines,) if isinstance(lines, str) else lines, reasons, places))

    @staticmethod
    def write(netns: str, name: str, value: int) -> str:
        return f"ip netns exec {netns} sh -c 'echo {value} >/proc/sys/{name}'"

    def sysctl(self, netns: str, name: str, value: int) -> None:
        self.sh(self.write(netns, name, value))

    def cable(self, a: str, dev_a: str, b: str, dev_b: str, of_a: Sequence[str] = (), of_b: Sequence[str] = ()) -> None:
        """Add a veth pair that is up, with the addresses of both ends."""
        self.sh(f"ip -n {a} link add {dev_a} type veth peer name {dev_b} netns {b}",
                f"ip -n {a} link set dev {dev_a} up", f"ip -n {b} link set dev {dev_b} up")
        self.fault(f"{dev_a} of {a} down", f"ip -n {a} link set dev {dev_a} down", (*CUT, "no-route", "no-source", "rp-filter"))
        self.address(a, dev_a, *of_a)
        self.address(b, dev_b, *of_b)

    def address(self, netns: str, dev: str, *addresses: str) -> None:
        for address in addresses:
            self.sh(f"ip -n {netns} address add {address} dev {dev}{' nodad' if ':' in address else ''}")

    def bridge(self, netns: str, name: str, *addresses: str) -> None:
        self.sh(f"ip -n {netns} link add {name} type bridge", f"ip -n {netns} link set dev {name} up")
        self.address(netns, name, *addresses)
        self.fault(f"bridge {name} down", f"ip -n {netns} link set dev {name} down", ("bridge-down", "link-down", "no-route", "no-carrier"), netns)

    def plug(self, netns: str, dev: str, switch: str, port: str, bridge: str, *addresses: str) -> None:
        """A cable from a namespace into a bridge."""
        self.cable(netns, dev, switch, port)
        self.sh(f"ip -n {switch} link set dev {port} master {bridge}")
        self.address(netns, dev, *addresses)

    def route(self, netns: str, *routes: str) -> None:
        for words in routes:
            six = "-6 " if ":" in words else ""
            self.sh(f"ip -n {netns} {six}route add {words}")
            first = words.split()[0]
            if first == "default":
                self.fault(f"no {words} in {netns}", f"ip -n {netns} {six}route del {words}", ("no-route", "rp-filter"), netns)
                kind = self.rng.choice(("blackhole", "unreachable", "prohibit"))
                self.fault(f"{kind} instead of {words} in {netns}", (f"ip -n {netns} {six}route del {words}", f"ip -n {netns} {six}route add {kind} default"), (kind, "rp-filter"), netns)

    def forwards(self, netns: str, six: bool = True) -> None:
        self.sysctl(netns, "net/ipv4/ip_forward", 1)
        self.fault(f"{netns} does not forward", self.write(netns, "net/ipv4/ip_forward", 0), ("not-forwarding",), netns)
        if six:
            self.sysctl(netns, "net/ipv6/conf/all/forwarding", 1)
            self.fault(f"{netns} does not forward IPv6", self.write(netns, "net/ipv6/conf/all/forwarding", 0), ("not-forwarding",), netns)

    def restore(self, netns: str, rules: str, tool: str = "iptables") -> None:
        """Load rules in the form of iptables-save."""
        self.sh(f"ip netns exec {netns} {tool}-restore <<'RULES'\n{rules.strip()}\nRULES")

    def nft(self, netns: str, rules: str) -> None:
        self.sh(f"ip netns exec {netns} nft -f - <<'RULES'\n{rules.strip()}\nRULES")

    def host_faults(self, netns: str, dev: str) -> None:
        self.fault(f"{netns} ignores echo", self.write(netns, "net/ipv4/icmp_echo_ignore_all", 1), ("icmp-ignored",), netns)
        self.fault(f"{netns} input drops tcp", f"ip netns exec {netns} nft 'add table inet own; add chain inet own in {{ type filter hook input priority 0; }}; add rule inet own in tcp dport 7007 drop'", ("filter",), netns)
        self.fault(f"{netns} output drops answers", f"ip netns exec {netns} nft 'add table inet own; add chain inet own out {{ type filter hook output priority 0; }}; add rule inet own out ct state established drop'", ("filter",), netns)


_COMPOSE = """
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
{forward}
{published}
{stage1}
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
{stage2}
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d {loopback} -m addrtype --dst-type LOCAL -j DOCKER
{masquerade}
{dnat}
COMMIT
"""


def compose(net: Net) -> None:
    """Docker with several networks, one of them internal, published ports, IPv6."""
    rng = net.rng
    net.add("dock", "web", "db", "app", "job", "safe", "ext", "wide")
    nets = {"br-front": (18, ["web", "app"]), "br-back": (19, ["app", "db", "job"]), "br-safe": (20, ["safe", "job"])}
    for bridge, (number, members) in nets.items():
        net.bridge("dock", bridge, f"172.{number}.0.1/16", f"fd00:{number}::1/64")
        for at, name in enumerate(members):
            dev = f"eth{sum(name in other for _, other in list(nets.values())[: list(nets).index(bridge)])}"
            net.plug(name, dev, "dock", f"v{number}{name}", bridge, f"172.{number}.0.{at + 2}/16", f"fd00:{number}::{at + 2}/64")
    for name, number in (("web", 18), ("app", rng.choice((18, 19))), ("db", 19), ("job", 19)):
        net.route(name, f"default via 172.{number}.0.1", f"default via fd00:{number}::1")
        net.host_faults(name, "eth0")
    net.cable("dock", "eth0", "ext", "eth0", ("192.168.50.10/24", "2001:db8:50::10/64"), ("192.168.50.1/24", "2001:db8:50::1/64"))
    net.cable("ext", "eth1", "wide", "eth0", ("198.51.100.1/24", "2001:db8:100::1/64"), ("198.51.100.2/24", "2001:db8:100::2/64"))
    net.route("dock", "default via 192.168.50.1", "default via 2001:db8:50::1")
    net.route("wide", "default via 198.51.100.1", "default via 2001:db8:100::1")
    net.forwards("dock")
    net.forwards("ext")
    tool = rng.choice(("", "-legacy"))
    everywhere = rng.random() < 0.6
    for six in (False, True):
        def on(number: int, six: bool = six) -> str:
            return f"fd00:{number}::/64" if six else f"172.{number}.0.0/16"

        web = "fd00:18::2" if six else "172.18.0.2"
        full = f"{web}/{128 if six else 32}"
        inner = f"[{web}]" if six else web
        own = "2001:db8:50::10" if six else "192.168.50.10"
        open_ones = {"br-front": 18, "br-back": 19}
        icc = rng.choice(("ACCEPT", "ACCEPT", "DROP"))
        there = "" if everywhere else f"-d {own}/{128 if six else 32} "
        rules = _COMPOSE.format(
            forward="\n".join(f"-A FORWARD -o {b} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A FORWARD -o {b} -j DOCKER\n-A FORWARD -i {b} ! -o {b} -j ACCEPT\n-A FORWARD -i {b} -o {b} -j {icc if b == 'br-back' else 'ACCEPT'}" for b in open_ones) + "\n-A FORWARD -i br-safe -o br-safe -j ACCEPT",
            published=f"-A DOCKER -d {full} ! -i br-front -o br-front -p tcp -m tcp --dport 80 -j ACCEPT\n-A DOCKER -d {full} ! -i br-front -o br-front -p udp -m udp --dport 80 -j ACCEPT",
            stage1="\n".join(f"-A DOCKER-ISOLATION-STAGE-1 -i {b} ! -o {b} -j DOCKER-ISOLATION-STAGE-2" for b in open_ones) + f"\n-A DOCKER-ISOLATION-STAGE-1 ! -s {on(20)} -o br-safe -j DROP\n-A DOCKER-ISOLATION-STAGE-1 ! -d {on(20)} -i br-safe -j DROP",
            stage2="\n".join(f"-A DOCKER-ISOLATION-STAGE-2 -o {b} -j DROP" for b in open_ones),
            loopback="::1/128" if six else "127.0.0.0/8",
            masquerade="\n".join(f"-A POSTROUTING -s {on(number)} ! -o {b} -j MASQUERADE" for b, number in open_ones.items()) + f"\n-A POSTROUTING -s {full} -d {full} -p tcp -m tcp --dport 80 -j MASQUERADE",
            dnat="-A DOCKER -i br-back -j RETURN\n" * (rng.random() < 0.3) + f"-A DOCKER {there}{'! -i br-front ' * (not everywhere)}-p tcp -m tcp --dport 8080 -j DNAT --to-destination {inner}:80\n-A DOCKER {there}-p udp -m udp --dport 8080 -j DNAT --to-destination {inner}:80",
        )
        words = f"ip{'6' if six else ''}tables{tool}"
        net.restore("dock", rules, words)
        inside = f"ip netns exec dock {words}"
        net.services += [(start, own, 8080) for start in ("dock", "web", "app", "db", "safe", "ext", "wide")]
        net.services += [("ext", own, 9999), ("ext", "fd00:19::1" if six else "172.19.0.1", 8080)]
        net.fault("DOCKER-USER drops", f"{inside} -I DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 8080 -j DROP", ("filter",), "dock")
        net.fault("DOCKER-USER rejects", f"{inside} -I DOCKER-USER -i br-front -o eth0 -j REJECT", ("reject",), "dock")
        net.fault("no masquerade", f"{inside} -t nat -D POSTROUTING -s {on(18)} ! -o br-front -j MASQUERADE", ("no-route", "filter", "rp-filter", "no-masquerade", "no-way-back", "not-forwarding", "nat-wrong"), "ext", "dock", "wide")
        net.fault("no accept for the published port", f"{inside} -F DOCKER", ("filter",), "dock")
        net.fault("dnat to an old address", (f"{inside} -t nat -F DOCKER", f"{inside} -t nat -A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination {inner.replace('2', '9') if False else ('[fd00:18::77]' if six else '172.18.0.77')}:80"), (*SILENT, "filter", "no-listener"), "dock")
        net.fault("established is not accepted", f"{inside} -D FORWARD -o br-front -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", ("filter",), "dock")
        net.fault("forward of another table", "ip netns exec dock nft 'add table inet late; add chain inet late f { type filter hook forward priority 10; policy accept; }; add rule inet late f ct state established,related accept; add rule inet late f ct status dnat accept; add rule inet late f iifname br-front accept; add rule inet late f reject with icmpx admin-prohibited'", ("reject", "filter"), "dock")
    net.ports = [80]
    net.fault("port left the bridge", "ip -n dock link set dev v18web nomaster", (*SILENT, "no-port", "rp-filter"), "dock", "web", "app")
    net.fault("web listens on nothing", "ip -n web route replace blackhole 192.168.50.0/24", ("blackhole",), "web")
    net.fault("strict app", net.write("app", "net/ipv4/conf/all/rp_filter", 1), ("rp-filter", *SILENT), "app")
    net.fault("isolated ports", ("bridge -n dock link set dev v18web isolated on", "bridge -n dock link set dev v18app isolated on"), ("isolated",), "dock")


def kube(net: Net) -> None:
    """Two nodes with kube-proxy's iptables rules and flannel's vxlan or routed pods."""
    rng = net.rng
    net.add("sw", "n1", "n2", "p1", "p2", "p3", "user")
    net.bridge("sw", "br0")
    for at, name in enumerate(("n1", "n2", "user"), 1):
        net.plug(name, "eth0", "sw", f"e{at}", "br0", f"192.168.7.{at}/24")
    routed = rng.choice(("vxlan", "direct"))
    calico = rng.random() < 0.5
    pods = {"n1": ["p1", "p2"], "n2": ["p3"]}
    for at, (node, members) in enumerate(pods.items(), 1):
        other = 3 - at
        net.forwards(node, six=False)
        net.route(node, "default via 192.168.7.3")
        if not calico:
            net.bridge(node, "cni0", f"10.244.{at}.1/24")
        for number, pod in enumerate(members, 2):
            if calico:
                net.cable(pod, "eth0", node, f"cali{pod}")
                net.address(pod, "eth0", f"10.244.{at}.{number}/32")
                net.route(pod, "169.254.1.1 dev eth0 scope link", "default via 169.254.1.1 dev eth0")
                net.route(node, f"10.244.{at}.{number} dev cali{pod} scope link")
                net.sysctl(node, f"net/ipv4/conf/cali{pod}/proxy_arp", 1)
                net.sysctl(node, f"net/ipv4/neigh/cali{pod}/proxy_delay", 0)
                net.sysctl(node, f"net/ipv4/conf/cali{pod}/rp_filter", 1)
                net.fault(f"no proxy_arp for {pod}", net.write(node, f"net/ipv4/conf/cali{pod}/proxy_arp", 0), SILENT, pod, node)
                net.fault(f"route of {pod} elsewhere", f"ip -n {node} route replace 10.244.{at}.{number} dev eth0 scope link", (*SILENT, "rp-filter"), node)
            else:
                net.plug(pod, "eth0", node, f"veth{pod}", "cni0", f"10.244.{at}.{number}/24")
                net.route(pod, f"default via 10.244.{at}.1")
            net.host_faults(pod, "eth0")
        if routed == "vxlan":
            net.sh(f"ip -n {node} link add vxlan.k address 02:aa:00:00:00:0{at} mtu 1450 type vxlan id 4096 local 192.168.7.{at} dev eth0 dstport 4789 nolearning",
                   f"ip -n {node} address add 10.244.{at}.0/32 dev vxlan.k", f"ip -n {node} link set dev vxlan.k up",
                   f"ip -n {node} route add 10.244.{other}.0/24 via 10.244.{other}.0 dev vxlan.k onlink",
                   f"ip -n {node} neigh add 10.244.{other}.0 lladdr 02:aa:00:00:00:0{other} dev vxlan.k nud permanent",
                   f"bridge -n {node} fdb append 02:aa:00:00:00:0{other} dev vxlan.k dst 192.168.7.{other} self permanent")
            net.fault(f"vxlan of {node} down", f"ip -n {node} link set dev vxlan.k down", ("link-down", "no-route", "tunnel", *SILENT, "rp-filter", "filter"), node)
            net.fault(f"{node} drops vxlan", f"ip netns exec {node} iptables -I INPUT -p udp --dport 4789 -j DROP", ("filter",), node)
            net.fault(f"fdb of {node} gone", f"bridge -n {node} fdb del 02:aa:00:00:00:0{other} dev vxlan.k dst 192.168.7.{other}", ("tunnel", *SILENT, "no-port"), node)
            net.fault(f"wrong mac in {node}", f"ip -n {node} neigh replace 10.244.{other}.0 lladdr 02:aa:00:00:00:99 dev vxlan.k nud permanent", ("wrong-mac", "tunnel"), node)
        else:
            net.sh(f"ip -n {node} route add 10.244.{other}.0/24 via 192.168.7.{other}")
            net.fault(f"pods of {other} not routed in {node}", f"ip -n {node} route del 10.244.{other}.0/24", ("no-route", "rp-filter", "not-forwarding", "loop", "ttl", *SILENT), node, "user", "n1", "n2")
            net.fault(f"stale gateway in {node}", f"ip -n {node} route replace 10.244.{other}.0/24 via 192.168.7.77", SILENT, node)
    lines = ["*filter", ":INPUT ACCEPT [0:0]", f":FORWARD {rng.choice(('ACCEPT', 'DROP'))} [0:0]", ":OUTPUT ACCEPT [0:0]"]
    lines += [f":{name} - [0:0]" for name in ("KUBE-EXTERNAL-SERVICES", "KUBE-FIREWALL", "KUBE-FORWARD", "KUBE-NODEPORTS", "KUBE-PROXY-FIREWALL", "KUBE-SERVICES", "FLANNEL-FWD")]
    lines += [
        '-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL',
        '-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS',
        '-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES',
        "-A INPUT -j KUBE-FIREWALL", "-A FORWARD -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL",
        '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
        '-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
        "-A FORWARD -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES", "-A FORWARD -j FLANNEL-FWD",
        "-A OUTPUT -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL", "-A OUTPUT -m conntrack --ctstate NEW -j KUBE-SERVICES", "-A OUTPUT -j KUBE-FIREWALL",
        '-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP',
        "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP", '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT',
        "-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "-A FLANNEL-FWD -s 10.244.0.0/16 -j ACCEPT", "-A FLANNEL-FWD -d 10.244.0.0/16 -j ACCEPT",
        '-A KUBE-SERVICES -d 10.96.0.44/32 -p tcp -m comment --comment "default/empty:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable',
        '-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "default/empty:http has no endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30044 -j REJECT --reject-with icmp-port-unreachable',
        "COMMIT", "*nat", ":PREROUTING ACCEPT [0:0]", ":INPUT ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]",
    ]
    chains = ["KUBE-MARK-MASQ", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-SERVICES", "KUBE-SVC-ONE", "KUBE-SVC-TWO", "KUBE-EXT-TWO", "KUBE-SEP-A", "KUBE-SEP-B", "KUBE-SEP-C", "CNI-HOSTPORT-DNAT", "KUBE-SVL-TWO"]
    lines += [f":{name} - [0:0]" for name in chains]
    net.loses_ports = rng.random() < 0.3
    random_fully = " --random-fully" if net.loses_ports else ""
    lines += [
        '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES', "-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
        "-A OUTPUT -j KUBE-SERVICES", "-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
        '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
        "-A POSTROUTING -s 10.244.0.0/16 -d 10.244.0.0/16 -j RETURN", "-A POSTROUTING -s 10.244.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE",
        "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
        "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN", "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
        f'-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE{random_fully}',
        '-A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "default/one cluster IP" -m tcp --dport 80 -j KUBE-SVC-ONE',
        '-A KUBE-SERVICES -d 10.96.0.10/32 -p udp -m udp --dport 80 -j KUBE-SVC-ONE',
        '-A KUBE-SERVICES -d 10.96.0.20/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-TWO',
        '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS',
        "-A KUBE-NODEPORTS -p tcp -m tcp --dport 30080 -j KUBE-EXT-TWO", "-A KUBE-EXT-TWO -j KUBE-MARK-MASQ", "-A KUBE-EXT-TWO -j KUBE-SVC-TWO",
        "-A KUBE-SVC-ONE ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ",
        "-A KUBE-SVC-ONE ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p udp -m udp --dport 80 -j KUBE-MARK-MASQ",
        "-A KUBE-SVC-ONE -j KUBE-SEP-C",
        "-A KUBE-SVC-TWO ! -s 10.244.0.0/16 -d 10.96.0.20/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ",
        "-A KUBE-SVC-TWO -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-A", "-A KUBE-SVC-TWO -j KUBE-SEP-B",
        "-A KUBE-SEP-A -s 10.244.1.2/32 -j KUBE-MARK-MASQ", "-A KUBE-SEP-A -p tcp -m tcp -j DNAT --to-destination 10.244.1.2:7007",
        "-A KUBE-SEP-B -s 10.244.2.2/32 -j KUBE-MARK-MASQ", "-A KUBE-SEP-B -p tcp -m tcp -j DNAT --to-destination 10.244.2.2:7007",
        "-A KUBE-SEP-C -s 10.244.2.2/32 -j KUBE-MARK-MASQ", "-A KUBE-SEP-C -p tcp -m tcp -j DNAT --to-destination 10.244.2.2:7007", "-A KUBE-SEP-C -p udp -m udp -j DNAT --to-destination 10.244.2.2:7007",
        "-A CNI-HOSTPORT-DNAT -p tcp -m multiport --dports 9090,9091 -j DNAT --to-destination 10.244.1.3:7007", "COMMIT",
    ]
    tool = rng.choice(("iptables", "iptables-legacy"))
    for node in pods:
        net.restore(node, "\n".join(lines), tool)
        inside = f"ip netns exec {node} {tool}"
        net.fault(f"no masquerade mark in {node}", f"{inside} -t nat -F KUBE-POSTROUTING", ("no-route", "nat-wrong", "not-forwarding", "filter", "rp-filter", "no-way-back", "ttl", "loop", *SILENT), "n1", "n2", "user", "p1", "p2", "p3")
        net.fault(f"forwarding dropped in {node}", (f"{inside} -P FORWARD DROP", f"{inside} -F KUBE-FORWARD", f"{inside} -F FLANNEL-FWD"), ("filter",), node)
        net.fault(f"old endpoint in {node}", (f"{inside} -t nat -F KUBE-SEP-C", f"{inside} -t nat -A KUBE-SEP-C -p tcp -j DNAT --to-destination 10.244.2.66:7007"), (*SILENT, "no-route", "reject", "loop", "ttl", "not-forwarding", "filter"), node, "n1", "n2", "user")
        net.fault(f"no endpoints in {node}", (f"{inside} -t nat -F KUBE-SVC-ONE", f"{inside} -I KUBE-SERVICES -d 10.96.0.10/32 -p tcp --dport 80 -j REJECT"), ("reject", "not-forwarding", "filter"), node, "user")
        net.fault(f"policy of calico in {node}", f"{inside} -I FORWARD -m mark ! --mark 0x4000/0x4000 -m conntrack --ctstate NEW -p udp -j DROP", ("filter",), node)
    net.fault("strict n1", net.write("n1", "net/ipv4/conf/all/rp_filter", 1), ("rp-filter",), "n1")
    net.route("user", "10.96.0.0/16 via 192.168.7.1")
    net.services += [(start, "10.96.0.10", 80) for start in ("p1", "p2", "p3", "n1", "n2", "user")]
    net.services += [(start, "10.96.0.20", 80) for start in ("p1", "p2", "p3", "n1", "user")]
    net.services += [(start, "10.96.0.44", 80) for start in ("p1", "n2", "user")]
    net.services += [("user", f"192.168.7.{n}", port) for n in (1, 2) for port in (30080, 30044, 9090, 9092)]
    net.services += [("p1", "192.168.7.1", 30080), ("n1", "192.168.7.1", 30080), ("p3", "192.168.7.1", 9091)]


_NEUTRON = """
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:neutron-l3-agent-PREROUTING - [0:0]
:neutron-l3-agent-mark - [0:0]
:neutron-l3-agent-scope - [0:0]
-A PREROUTING -j neutron-l3-agent-PREROUTING
-A neutron-l3-agent-PREROUTING -j neutron-l3-agent-mark
-A neutron-l3-agent-PREROUTING -j neutron-l3-agent-scope
-A neutron-l3-agent-PREROUTING -m connmark ! --mark 0x0/0xffff0000 -j CONNMARK --restore-mark --nfmask 0xffff0000 --ctmask 0xffff0000
-A neutron-l3-agent-PREROUTING -d 169.254.169.254/32 -i qr-+ -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffff
-A neutron-l3-agent-mark -i qg-1 -j MARK --set-xmark 0x2/0xffff
-A neutron-l3-agent-scope -i qr-1 -j MARK --set-xmark 0x4000000/0xffff0000
-A neutron-l3-agent-scope -i qg-1 -j MARK --set-xmark 0x4000000/0xffff0000
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:neutron-filter-top - [0:0]
:neutron-l3-agent-FORWARD - [0:0]
:neutron-l3-agent-INPUT - [0:0]
:neutron-l3-agent-scope - [0:0]
-A INPUT -j neutron-l3-agent-INPUT
-A FORWARD -j neutron-filter-top
-A FORWARD -j neutron-l3-agent-FORWARD
-A neutron-l3-agent-FORWARD -j neutron-l3-agent-scope
-A neutron-l3-agent-INPUT -m mark --mark 0x1/0xffff -j ACCEPT
-A neutron-l3-agent-INPUT -p tcp -m tcp --dport 9697 -j DROP
-A neutron-l3-agent-scope -o qr-1 -m mark ! --mark 0x4000000/0xffff0000 -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:neutron-l3-agent-OUTPUT - [0:0]
:neutron-l3-agent-POSTROUTING - [0:0]
:neutron-l3-agent-PREROUTING - [0:0]
:neutron-l3-agent-float-snat - [0:0]
:neutron-l3-agent-snat - [0:0]
:neutron-postrouting-bottom - [0:0]
-A PREROUTING -j neutron-l3-agent-PREROUTING
-A OUTPUT -j neutron-l3-agent-OUTPUT
-A POSTROUTING -j neutron-l3-agent-POSTROUTING
-A POSTROUTING -j neutron-postrouting-bottom
-A neutron-l3-agent-OUTPUT -d 203.0.113.50/32 -j DNAT --to-destination 10.5.0.11
-A neutron-l3-agent-POSTROUTING ! -i qg-1 ! -o qg-1 -m conntrack ! --ctstate DNAT -j ACCEPT
-A neutron-l3-agent-PREROUTING -d 169.254.169.254/32 -i qr-+ -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 9697
-A neutron-l3-agent-PREROUTING -d 203.0.113.50/32 -j DNAT --to-destination 10.5.0.11
-A neutron-l3-agent-float-snat -s 10.5.0.11/32 -j SNAT --to-source 203.0.113.50
-A neutron-l3-agent-snat -j neutron-l3-agent-float-snat
-A neutron-l3-agent-snat -o qg-1 -j SNAT --to-source 203.0.113.10
-A neutron-l3-agent-snat -m mark ! --mark 0x2/0xffff -m conntrack --ctstate DNAT -j SNAT --to-source 203.0.113.10
-A neutron-postrouting-bottom -m comment --comment "Perform source NAT on outgoing traffic." -j neutron-l3-agent-snat
COMMIT
"""

_GROUPS = """
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:neutron-openvswi-FORWARD - [0:0]
:neutron-openvswi-sg-chain - [0:0]
:neutron-openvswi-sg-fallback - [0:0]
{chains}
-A FORWARD -j neutron-openvswi-FORWARD
{forward}
{sg}
-A neutron-openvswi-sg-chain -j ACCEPT
{rules}
-A neutron-openvswi-sg-fallback -m comment --comment "Default drop rule for unmatched traffic." -j DROP
COMMIT
"""


def neutron(net: Net) -> None:
    """An OpenStack router with floating addresses, and a compute node with security groups on a bridge."""
    rng = net.rng
    net.add("qrouter", "comp", "vm1", "vm2", "vm3", "gate", "client")
    net.bridge("comp", "qbr")
    net.plug("qrouter", "qr-1", "comp", "tapr", "qbr", "10.5.0.1/24")
    for at, name in enumerate(("vm1", "vm2", "vm3"), 11):
        net.plug(name, "eth0", "comp", f"tap{name}", "qbr", f"10.5.0.{at}/24")
        net.sh(f"ip -n {name} link set dev eth0 address fa:16:3e:00:00:{at}")
        net.route(name, "default via 10.5.0.1")
        net.host_faults(name, "eth0")
    net.cable("qrouter", "qg-1", "gate", "eth0", ("203.0.113.10/24", "203.0.113.50/32"), ("203.0.113.1/24",))
    net.cable("gate", "eth1", "client", "eth0", ("198.18.0.1/24",), ("198.18.0.2/24",))
    net.route("client", "default via 198.18.0.1")
    net.route("qrouter", "default via 203.0.113.1 dev qg-1")
    net.forwards("qrouter", six=False)
    net.forwards("gate", six=False)
    net.restore("qrouter", _NEUTRON)
    ports = {f"tap{name}": (at, name) for at, name in enumerate(("vm1", "vm2", "vm3"), 11)}
    open_tcp = rng.choice(("22", "7007", "80:8000"))
    rules = []
    for port, (at, _) in ports.items():
        rules += [f"-A neutron-openvswi-i{port} -m state --state RELATED,ESTABLISHED -j RETURN", f"-A neutron-openvswi-i{port} -d 10.5.0.{at}/32 -p udp -m udp --sport 67 --dport 68 -j RETURN",
                  f"-A neutron-openvswi-i{port} -p icmp -j RETURN", f"-A neutron-openvswi-i{port} -p tcp -m tcp -m multiport --dports {open_tcp} -j RETURN",
                  *([f"-A neutron-openvswi-i{port} -s 10.5.0.0/24 -p udp -j RETURN"] if rng.random() < 0.5 else []),
                  f"-A neutron-openvswi-i{port} -m state --state INVALID -j DROP", f"-A neutron-openvswi-i{port} -j neutron-openvswi-sg-fallback",
                  f"-A neutron-openvswi-s{port} -s 10.5.0.{at}/32 -m mac --mac-source FA:16:3E:00:00:{at} -j RETURN", f"-A neutron-openvswi-s{port} -j DROP",
                  f"-A neutron-openvswi-o{port} -p udp -m udp --sport 68 --dport 67 -j RETURN", f"-A neutron-openvswi-o{port} -j neutron-openvswi-s{port}",
                  f"-A neutron-openvswi-o{port} -m state --state RELATED,ESTABLISHED -j RETURN", f"-A neutron-openvswi-o{port} -j RETURN"]
    text = _GROUPS.format(
        chains="\n".join(f":neutron-openvswi-{letter}{port} - [0:0]" for port in ports for letter in "ios"),
        forward="\n".join(f"-A neutron-openvswi-FORWARD -m physdev --physdev-{end} {port} --physdev-is-bridged -j neutron-openvswi-sg-chain" for port in ports for end in ("out", "in")),
        sg="\n".join(f"-A neutron-openvswi-sg-chain -m physdev --physdev-{end} {port} --physdev-is-bridged -j neutron-openvswi-{letter}{port}" for port in ports for end, letter in (("out", "i"), ("in", "o"))),
        rules="\n".join(rules),
    )
    net.restore("comp", text)
    inside = "ip netns exec comp iptables"
    net.fault("icmp closed for vm1", f"{inside} -D neutron-openvswi-itapvm1 -p icmp -j RETURN", ("filter",), "comp")
    net.fault("another mac on vm2", "ip -n vm2 link set dev eth0 address fa:16:3e:00:00:99", ("filter",), "comp")
    net.fault("another address on vm3", ("ip -n vm3 address flush dev eth0", "ip -n vm3 address add 10.5.0.33/24 dev eth0", "ip -n vm3 route add default via 10.5.0.1"), ("filter", *SILENT), "comp", "vm1", "vm2", "qrouter")
    net.fault("port group unbound", f"{inside} -I neutron-openvswi-sg-chain -m physdev --physdev-out tapvm1 --physdev-is-bridged -j neutron-openvswi-sg-fallback", ("filter",), "comp")
    nat = "ip netns exec qrouter iptables -t nat"
    net.fault("floating address not translated", f"{nat} -F neutron-l3-agent-PREROUTING", ("filter", "no-listener"), "qrouter")
    net.fault("floating address to nobody", (f"{nat} -F neutron-l3-agent-PREROUTING", f"{nat} -A neutron-l3-agent-PREROUTING -d 203.0.113.50/32 -j DNAT --to-destination 10.5.0.99"), SILENT, "qrouter")
    net.fault("no snat", f"{nat} -F neutron-l3-agent-snat", ("no-route", "no-masquerade", *SILENT), "gate", "client")
    net.fault("floating address gone", "ip -n qrouter address del 203.0.113.50/32 dev qg-1", SILENT, "gate", "qrouter")
    net.fault("scope mark wrong", "ip netns exec qrouter iptables -t mangle -F neutron-l3-agent-scope", ("filter",), "qrouter")
    net.ports = [9697, 22]
    net.services += [(start, "203.0.113.50", port) for start in ("client", "vm2", "vm3", "gate", "qrouter") for port in (7007, 22)]
    net.services += [(start, "169.254.169.254", 80) for start in ("vm1", "vm2")] + [("vm1", "203.0.113.50", 7007)]


_FIREWALLD = """
table inet firewalld {
	chain mangle_PREROUTING {
		type filter hook prerouting priority -140; policy accept;
		jump mangle_PREROUTING_ZONES
	}
	chain mangle_PREROUTING_ZONES { iifname "eth0" goto mangle_PRE_public
		goto mangle_PRE_trusted
	}
	chain mangle_PRE_public { tcp dport 8443 meta mark set 0x64
	}
	chain mangle_PRE_trusted { }
	chain nat_PREROUTING {
		type nat hook prerouting priority -90; policy accept;
		iifname "eth0" goto nat_PRE_public
	}
	chain nat_PRE_public {
		tcp dport 2222 dnat ip to 10.20.0.2:7007
		udp dport 2222 dnat ip to 10.20.0.2:7007
		tcp dport 2223 redirect to :7007
	}
	chain nat_POSTROUTING {
		type nat hook postrouting priority 110; policy accept;
		oifname "eth0" goto nat_POST_public
	}
	chain nat_POST_public { MASQ oifname != "lo" masquerade
	}
	chain filter_PREROUTING {
		type filter hook prerouting priority 10; policy accept;
		icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
		meta nfproto ipv6 fib saddr . mark . iif oif missing drop
	}
	chain filter_INPUT {
		type filter hook input priority 10; policy accept;
		ct state { established, related } accept
		ct status dnat accept
		iifname "lo" accept
		ct state { invalid } drop
		jump filter_INPUT_ZONES
		reject with icmpx type admin-prohibited
	}
	chain filter_FORWARD {
		type filter hook forward priority 10; policy accept;
		ct state { established, related } accept
		ct status dnat accept
		iifname "lo" accept
		ct state { invalid } drop
		ip6 daddr { ::/96, ::ffff:0.0.0.0/96, 2002::/24, 2002:a00::/24 } reject with icmpv6 type addr-unreachable
		jump filter_FORWARD_ZONES
		reject with icmpx type admin-prohibited
	}
	chain filter_INPUT_ZONES {
		ip saddr 198.18.5.0/24 goto filter_IN_drop
		iifname "eth0" goto filter_IN_public
		iifname "eth1" goto filter_IN_internal
		goto filter_IN_public
	}
	chain filter_FORWARD_ZONES {
		iifname "eth0" goto filter_FWD_public
		iifname "eth1" goto filter_FWD_internal
		goto filter_FWD_public
	}
	chain filter_IN_drop { drop
	}
	chain filter_IN_public {
		jump filter_IN_public_deny
		jump filter_IN_public_allow
		meta l4proto { icmp, ipv6-icmp } accept
	}
	chain filter_IN_public_deny { ip saddr 198.18.0.77 drop
	}
	chain filter_IN_public_allow {
		tcp dport 22 ct state { new, untracked } accept
		ip6 daddr fe80::/64 udp dport 546 ct state { new, untracked } accept
		tcp dport 7007 ct state { new, untracked } accept
	}
	chain filter_IN_internal {
		meta l4proto { icmp, ipv6-icmp } accept
		ip saddr 10.20.0.0/24 accept
		ip6 saddr fd20::/64 udp dport 7007 accept
	}
	chain filter_FWD_public { meta l4proto { icmp, ipv6-icmp } accept
	}
	chain filter_FWD_internal {
		meta l4proto { icmp, ipv6-icmp } accept
		oifname "eth0" accept
	}
}
"""


def firewalld(net: Net) -> None:
    """A router with firewalld's zones, forwarded ports and masquerade, or with ufw's chains in iptables."""
    rng = net.rng
    net.add("fw", "lan", "lan2", "sw", "out", "far")
    net.bridge("sw", "br0")
    net.plug("fw", "eth1", "sw", "p0", "br0", "10.20.0.1/24", "fd20::1/64")
    for at, name in enumerate(("lan", "lan2"), 2):
        net.plug(name, "eth0", "sw", f"p{at}", "br0", f"10.20.0.{at}/24", f"fd20::{at}/64")
        net.route(name, "default via 10.20.0.1", "default via fd20::1")
        net.host_faults(name, "eth0")
    net.cable("fw", "eth0", "out", "eth0", ("198.18.0.1/24", "2001:db8:1::1/64"), ("198.18.0.2/24", "2001:db8:1::2/64"))
    net.cable("out", "eth1", "far", "eth0", ("198.18.5.1/24", "2001:db8:5::1/64"), ("198.18.5.2/24", "2001:db8:5::2/64"))
    net.route("far", "default via 198.18.5.1", "default via 2001:db8:5::1")
    net.route("fw", "default via 198.18.0.2", "default via 2001:db8:1::2")
    net.route("out", "fd20::/64 via 2001:db8:1::1")
    net.forwards("fw")
    net.forwards("out")
    if rng.random() < 0.5:
        net.sh("ip -n out route add 10.20.0.0/24 via 198.18.0.1")
    net.nft("fw", _FIREWALLD.replace("MASQ", rng.choice(("meta nfproto ipv4", "ip saddr 10.20.0.0/24"))))
    nft = "ip netns exec fw nft"
    net.fault("internal is not served", f"{nft} flush chain inet firewalld filter_IN_internal", ("reject",), "fw")
    net.fault("internal may not go out", f"{nft} flush chain inet firewalld filter_FWD_internal", ("reject",), "fw")
    net.fault("no masquerade", f"{nft} flush chain inet firewalld nat_POST_public", ("no-route", "no-masquerade", *SILENT, "reject"), "out", "far", "fw")
    net.fault("port forwarded to nobody", (f"{nft} flush chain inet firewalld nat_PRE_public", f"{nft} add rule inet firewalld nat_PRE_public tcp dport 2222 dnat ip to 10.20.0.55:7007"), (*SILENT, "reject", "no-listener"), "fw")
    net.fault("no dnat accept", (f"{nft} flush chain inet firewalld filter_FORWARD", f"{nft} add rule inet firewalld filter_FORWARD jump filter_FORWARD_ZONES", f"{nft} add rule inet firewalld filter_FORWARD reject with icmpx type admin-prohibited"), ("reject",), "fw")
    net.fault("asymmetric IPv6", "ip -n fw -6 route replace 2001:db8:5::/64 via fd20::2", ("filter", *SILENT, "not-forwarding", "no-route"), "fw", "lan")
    net.fault("nd of the lan is dropped", f"{nft} insert rule inet firewalld filter_INPUT iifname eth1 icmpv6 type nd-neighbor-solicit drop", ("filter",), "fw")
    net.fault("interface in another zone", (f"{nft} flush chain inet firewalld filter_FORWARD_ZONES", f"{nft} add rule inet firewalld filter_FORWARD_ZONES goto filter_FWD_public"), ("reject",), "fw")
    net.fault("strict fw", (net.write("fw", "net/ipv4/conf/all/rp_filter", 1), "ip -n fw route replace 198.18.5.0/24 via 10.20.0.3"), ("rp-filter",), "fw")
    net.services += [(start, "198.18.0.1", port) for start in ("out", "far", "lan", "lan2") for port in (2222, 2223, 22)]
    net.ports = [22]


_UFW = """
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-input - [0:0]
:ufw-after-input - [0:0]
:ufw-before-forward - [0:0]
:ufw-before-output - [0:0]
:ufw-reject-input - [0:0]
:ufw-user-input - [0:0]
:ufw-user-forward - [0:0]
:ufw-user-output - [0:0]
:ufw-not-local - [0:0]
:ufw-logging-deny - [0:0]
:ufw-user-limit - [0:0]
:ufw-user-limit-accept - [0:0]
:ufw-track-output - [0:0]
:ufw-skip-to-policy-input - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-input
-A INPUT -j ufw-reject-input
-A FORWARD -j ufw-before-forward
-A OUTPUT -j ufw-before-output
-A OUTPUT -j ufw-track-output
{before}
-A ufw-before-input -j ufw-user-input
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
{icmp_forward}
-A ufw-before-forward -j ufw-user-forward
-A ufw-before-output -o lo -j ACCEPT
-A ufw-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-output -j ufw-user-output
-A ufw-track-output -p tcp -m conntrack --ctstate NEW -j ACCEPT
-A ufw-track-output -p udp -m conntrack --ctstate NEW -j ACCEPT
-A ufw-logging-deny -m conntrack --ctstate INVALID -m limit --limit 3/min --limit-burst 10 -j RETURN
-A ufw-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw-skip-to-policy-input -j DROP
-A ufw-after-input -p udp -m udp --dport 137 -j ufw-skip-to-policy-input
{user}
-A ufw-user-limit -m limit --limit 3/min -j LOG --log-prefix "[UFW LIMIT BLOCK] "
-A ufw-user-limit -j REJECT
-A ufw-user-limit-accept -j ACCEPT
COMMIT
"""


def ufw(net: Net) -> None:
    """A host and router with ufw's chains, IPv4 and IPv6."""
    rng = net.rng
    net.add("box", "in1", "out", "far")
    net.cable("box", "eth1", "in1", "eth0", ("10.30.0.1/24", "fd30::1/64"), ("10.30.0.2/24", "fd30::2/64"))
    net.cable("box", "eth0", "out", "eth0", ("198.18.0.1/24", "2001:db8:1::1/64"), ("198.18.0.2/24", "2001:db8:1::2/64"))
    net.cable("out", "eth1", "far", "eth0", ("198.18.5.1/24", "2001:db8:5::1/64"), ("198.18.5.2/24", "2001:db8:5::2/64"))
    net.route("in1", "default via 10.30.0.1", "default via fd30::1")
    net.route("far", "default via 198.18.5.1", "default via 2001:db8:5::1")
    net.route("box", "default via 198.18.0.2", "default via 2001:db8:1::2")
    net.route("out", "10.30.0.0/24 via 198.18.0.1", "fd30::/64 via 2001:db8:1::1")
    net.forwards("box")
    net.forwards("out")
    for six in (False, True):
        net6 = "fd30::/64" if six else "10.30.0.0/24"
        if six:
            before = ["-A ufw-before-input -i lo -j ACCEPT", "-A ufw-before-input -m rt --rt-type 0 -j DROP"] if rng.random() < 0.5 else ["-A ufw-before-input -i lo -j ACCEPT"]
            before += ["-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "-A ufw-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 129 -j ACCEPT",
                       "-A ufw-before-input -m conntrack --ctstate INVALID -j ufw-logging-deny", "-A ufw-before-input -m conntrack --ctstate INVALID -j DROP",
                       *(f"-A ufw-before-input -p ipv6-icmp -m icmp6 --icmpv6-type {kind} -m hl --hl-eq 255 -j ACCEPT" for kind in (133, 134, 135, 136)),
                       "-A ufw-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT", "-A ufw-before-input -s fe80::/10 -d fe80::/10 -p udp -m udp --sport 547 --dport 546 -j ACCEPT"]
            icmp_forward = "-A ufw-before-forward -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT"
        else:
            before = ["-A ufw-before-input -i lo -j ACCEPT", "-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                      "-A ufw-before-input -m conntrack --ctstate INVALID -j ufw-logging-deny", "-A ufw-before-input -m conntrack --ctstate INVALID -j DROP",
                      "-A ufw-before-input -p icmp -m icmp --icmp-type 3 -j ACCEPT", "-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT",
                      "-A ufw-before-input -p udp -m udp --sport 67 --dport 68 -j ACCEPT", "-A ufw-before-input -j ufw-not-local",
                      "-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN", "-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN",
                      "-A ufw-not-local -m addrtype --dst-type BROADCAST -j RETURN", "-A ufw-not-local -m limit --limit 3/min --limit-burst 10 -j ufw-logging-deny", "-A ufw-not-local -j DROP"]
            icmp_forward = "-A ufw-before-forward -p icmp -m icmp --icmp-type 8 -j ACCEPT"
        user = ["-A ufw-user-input -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --set --name DEFAULT --mask 255.255.255.255 --rsource" if not six else "-A ufw-user-input -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --set --name DEFAULT --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rsource",
                "-A ufw-user-input -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --update --seconds 30 --hitcount 6 --name DEFAULT --rsource -j ufw-user-limit",
                "-A ufw-user-input -p tcp -m tcp --dport 22 -j ufw-user-limit-accept", f"-A ufw-user-input -s {net6} -p udp -j ACCEPT",
                rng.choice((f"-A ufw-user-input -s {net6} -p tcp -m multiport --dports 80,443,7000:7010 -j ACCEPT", "-A ufw-user-input -p tcp -m tcp --dport 7007 -j ACCEPT")),
                f"-A ufw-user-forward -i eth1 -o eth0 -s {net6} -j ACCEPT", f"-A ufw-user-forward -i eth0 -d {net6} -p tcp -m tcp --dport 7007 -j ACCEPT"]
        net.restore("box", _UFW.format(before="\n".join(before), icmp_forward=icmp_forward, user="\n".join(user)), "ip6tables" if six else "iptables")
        inside = f"ip netns exec box ip{'6' if six else ''}tables"
        net.fault("nobody is let in", f"{inside} -F ufw-user-input", ("filter",), "box")
        net.fault("nothing is let through", f"{inside} -F ufw-user-forward", ("filter",), "box")
        net.fault("answers are not let through", f"{inside} -D ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", ("filter",), "box")
        net.fault("denied out", f"{inside} -I ufw-user-output -p tcp --dport 7007 -j REJECT", ("reject",), "box")
        net.fault("policy of OUTPUT", (f"{inside} -P OUTPUT DROP", f"{inside} -F ufw-track-output"), ("filter",), "box")
        net.services += [(start, "2001:db8:1::1" if six else "198.18.0.1", 22) for start in ("in1", "out", "far")]
    net.host_faults("in1", "eth0")
    net.ports = [22]


def dualwan(net: Net) -> None:
    """A router with two uplinks, marks of connections, and rules for marks."""
    rng = net.rng
    net.add("gw", "pc", "isp1", "isp2", "web")
    net.cable("gw", "lan", "pc", "eth0", ("192.168.1.1/24",), ("192.168.1.10/24",))
    net.route("pc", "default via 192.168.1.1")
    for n in (1, 2):
        net.cable("gw", f"wan{n}", f"isp{n}", "cust", (f"100.64.{n}.2/24",), (f"100.64.{n}.1/24",))
        net.cable(f"isp{n}", "core", "web", f"up{n}", (f"100.70.{n}.1/24",), (f"100.70.{n}.2/24",))
        net.forwards(f"isp{n}", six=False)
        net.sh(f"ip -n gw route add default via 100.64.{n}.1 table 20{n}", f"ip -n gw rule add fwmark 0x{n}00/0xff00 lookup 20{n} pref {1000 + n}",
               f"ip -n web route add 100.64.{n}.0/24 via 100.70.{n}.1")
        net.sh(f"ip -n gw route add 192.168.1.0/24 dev lan table 20{n}")
        net.fault(f"rule {n} gone", f"ip -n gw rule del pref {1000 + n}", ("no-route", "rp-filter", "martian", "no-source", "filter", *SILENT, "not-forwarding", "loop"), "gw", "isp1", "isp2", "web")
        net.fault(f"table {n} empty", f"ip -n gw route flush table 20{n}", ("no-route", "rp-filter", "martian", *SILENT, "not-forwarding", "loop"), "gw", "isp1", "isp2", "web")
        net.fault(f"blackhole in table {n}", f"ip -n gw route replace blackhole default table 20{n}", ("blackhole",), "gw")
        net.fault(f"isp{n} strict", net.write(f"isp{n}", "net/ipv4/conf/all/rp_filter", 1), ("rp-filter", *SILENT), f"isp{n}")
    net.sh("ip -n isp1 route add 100.70.2.0/24 via 100.70.1.2", "ip -n isp2 route add 100.70.1.0/24 via 100.70.2.2", "ip -n isp1 route add 100.64.2.0/24 via 100.70.1.2", "ip -n isp2 route add 100.64.1.0/24 via 100.70.2.2")
    net.sysctl("web", "net/ipv4/ip_forward", 1)
    net.forwards("gw", six=False)
    net.sh(rng.choice(("ip -n gw route add default via 100.64.1.1", "ip -n gw route add default via 100.64.1.1 metric 100; ip -n gw route add default via 100.64.2.1 metric 200")))
    if rng.random() < 0.5:
        net.sh("ip -n gw rule add pref 900 lookup main suppress_prefixlength 0")
    if rng.random() < 0.3:
        net.sysctl("gw", "net/ipv4/conf/all/rp_filter", rng.choice((1, 2)))
    if rng.random() < 0.3:
        net.sysctl("gw", "net/ipv4/conf/all/src_valid_mark", 1)
    choose = rng.choice(("-i lan -p tcp -m tcp --dport 7007", "-i lan -d 100.70.2.0/24", "-i lan -m statistic --mode random --probability 0.5"))
    net.restore("gw", f"""
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:mwan_in - [0:0]
:mwan_rules - [0:0]
-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xff00 --ctmask 0xff00
-A PREROUTING -m mark --mark 0x0/0xff00 -j mwan_in
-A PREROUTING -m mark --mark 0x0/0xff00 -j mwan_rules
-A PREROUTING -j CONNMARK --save-mark --nfmask 0xff00 --ctmask 0xff00
-A OUTPUT -j CONNMARK --restore-mark --nfmask 0xff00 --ctmask 0xff00
-A OUTPUT -m mark --mark 0x0/0xff00 -p udp -m udp --dport 7007 -j MARK --set-xmark 0x200/0xff00
-A OUTPUT -j CONNMARK --save-mark --nfmask 0xff00 --ctmask 0xff00
-A mwan_in -i wan1 -j MARK --set-xmark 0x100/0xff00
-A mwan_in -i wan2 -j MARK --set-xmark 0x200/0xff00
-A mwan_rules {choose} -j MARK --set-xmark 0x200/0xff00
-A mwan_rules -i lan -m mark --mark 0x0/0xff00 -j MARK --set-xmark 0x100/0xff00
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan+ -p tcp -m tcp --dport 8022 -j DNAT --to-destination 192.168.1.10:7007
-A PREROUTING -i wan+ -p udp -m udp --dport 8022 -j DNAT --to-destination 192.168.1.10:7007
-A POSTROUTING -o wan+ -j MASQUERADE
COMMIT
""", rng.choice(("iptables", "iptables-legacy")) if False else "iptables")
    net.fault("no masquerade on wan2", ("ip netns exec gw iptables -t nat -F POSTROUTING", "ip netns exec gw iptables -t nat -A POSTROUTING -o wan1 -j MASQUERADE"), ("no-route", "no-masquerade", "rp-filter", *SILENT), "isp1", "isp2", "web")
    net.fault("connection marks not restored", "ip netns exec gw iptables -t mangle -D PREROUTING 1", ("no-route", "rp-filter", "martian", *SILENT, "filter", "nat-wrong", "not-forwarding"), "gw", "web", "isp1", "isp2")
    net.host_faults("pc", "eth0")
    net.services += [(start, f"100.64.{n}.2", 8022) for start in ("web", "isp1", "isp2") for n in (1, 2)]


def maps(net: Net) -> None:
    """A router with nft: verdict maps by interface, sets with intervals and concatenations, maps for marks, NAT and load."""
    rng = net.rng
    net.add("core", "a", "b", "c", "d")
    for at, name in enumerate("abcd", 1):
        net.cable("core", f"if{name}", name, "eth0", (f"10.40.{at}.254/24", f"fd40:{at}::fe/64"), (f"10.40.{at}.1/24", f"10.40.{at}.2/24", f"fd40:{at}::1/64"))
        net.route(name, f"default via 10.40.{at}.254", f"default via fd40:{at}::fe")
        net.host_faults(name, "eth0")
    net.forwards("core")
    proto = rng.choice(("tcp", "udp"))
    spread = rng.choice(("numgen inc mod 2", "numgen random mod 2", "jhash ip saddr . tcp sport mod 2"))
    net.nft("core", f"""
table inet pol {{
	set bad {{ type ipv4_addr; flags interval; elements = {{ 10.40.3.2, 10.40.4.128/25 }} }}
	set pairs {{ type ipv4_addr . ipv4_addr . inet_proto; flags interval; elements = {{ 10.40.1.0/24 . 10.40.3.0/24 . {proto}, 10.40.2.1 . 10.40.4.1 . icmp }} }}
	set seen {{ type ipv4_addr; size 1000; flags dynamic,timeout; timeout 1h; }}
	set ports {{ type inet_proto . inet_service; flags interval; elements = {{ tcp . 7000-7100, udp . 53 }} }}
	map pairings {{ type ifname . ifname : verdict; elements = {{ "ifa" . "ifb" : accept, "ifb" . "ifa" : jump some, "ifc" . "ifd" : drop, "ifd" . "ifc" : goto some }} }}
	map marks {{ type ipv4_addr : mark; flags interval; elements = {{ 10.40.1.0/24 : 0x11, 10.40.2.0/24 : 0x22 }} }}
	counter c {{ }}
	quota q {{ over 100 mbytes }}
	limit l {{ rate 100/second }}
	chain some {{ meta l4proto . th dport @ports accept
		icmp type echo-request accept
		icmpv6 type {{ echo-request, echo-reply }} accept
		ip protocol icmp accept
	}}
	chain marking {{ type filter hook prerouting priority mangle; policy accept;
		meta mark set ip saddr map @marks
		ct mark set meta mark
	}}
	chain fw {{ type filter hook forward priority filter; policy drop;
		ct state vmap {{ established : accept, related : accept, invalid : drop }}
		update @seen {{ ip saddr }}
		ip saddr @bad counter name c drop
		ip saddr . ip daddr . meta l4proto @pairs accept
		iifname . oifname vmap @pairings
		meta mark {{ 0x11, 0x33 }} ip daddr 10.40.4.0/24 accept
		ct original ip daddr 10.40.9.9 accept
		ct mark & 0xf0 == 0x20 th dport 7007 accept
		iifname {{ "ifc", "ifd" }} meta l4proto vmap {{ icmp : accept, tcp : jump some, ipv6-icmp : accept }}
		quota name "q" drop
		ip daddr . th dport {{ 10.40.2.2 . 7000-7999 }} accept
		udp dport vmap {{ 53 : accept, 7007 : goto some }}
	}}
}}
table ip lb {{
	map back {{ type inet_proto . inet_service : ipv4_addr . inet_service; elements = {{ tcp . 80 : 10.40.3.1 . 7007, udp . 80 : 10.40.4.1 . 7007 }} }}
	chain pre {{ type nat hook prerouting priority dstnat;
		ip daddr 10.40.9.9 dnat ip to meta l4proto . th dport map @back
		ip daddr 10.40.9.9 tcp dport 81 dnat to {spread} map {{ 0 : 10.40.3.1, 1 : 10.40.4.1 }}:7007
		ip daddr 10.40.9.9 tcp dport 82 dnat to 10.40.3.1-10.40.3.2:7007
	}}
	chain post {{ type nat hook postrouting priority srcnat;
		oifname vmap {{ "ifd" : goto hide }}
		ip saddr 10.40.2.0/24 ip daddr 10.40.3.0/24 snat to 10.40.3.254
	}}
	chain hide {{ ip saddr 10.40.1.2 snat to 10.40.4.254
		ct original ip daddr 10.40.9.9 masquerade
	}}
}}
""")
    nft = "ip netns exec core nft"
    net.fault("pair gone", f"{nft} flush set inet pol pairs", ("filter",), "core")
    net.fault("map entry drops", (f"{nft} delete element inet pol pairings '{{ ifa . ifb }}'", f"{nft} add element inet pol pairings '{{ ifa . ifb : drop }}'"), ("filter",), "core")
    net.fault("more bad ones", f"{nft} add element inet pol bad '{{ 10.40.1.0/30 }}'", ("filter",), "core")
    net.fault("marks gone", f"{nft} flush map inet pol marks", ("filter",), "core")
    net.fault("established dropped", f"{nft} insert rule inet pol fw ct state established ct direction reply drop", ("filter",), "core")
    net.fault("backend gone", f"{nft} flush map ip lb back", ("no-route", "filter"), "core")
    net.fault("snat to nobody", f"{nft} insert rule ip lb post ip saddr 10.40.1.0/24 snat to 10.40.77.1", ("no-route",), "core", "b", "c", "d")
    net.fault("raw notrack", (f"{nft} add table inet raw", f"{nft} 'add chain inet raw p {{ type filter hook prerouting priority raw; }}'", f"{nft} add rule inet raw p iifname ifa notrack"), ("filter",), "core")
    net.services += [(start, "10.40.9.9", port) for start in "abcd" for port in (80, 81, 82)]


def dmz(net: Net) -> None:
    """A home or office router: forwarded ports, the same from inside (hairpin), a DMZ, asymmetric second router, MTU."""
    rng = net.rng
    net.add("rtr", "sw", "srv", "pc", "r2", "lab", "dmz", "isp", "guest")
    net.bridge("sw", "br0")
    for at, (name, dev) in enumerate((("rtr", "lan"), ("srv", "eth0"), ("pc", "eth0"), ("r2", "eth0")), 1):
        net.plug(name, dev, "sw", f"p{at}", "br0", f"10.60.0.{at}/24")
    net.cable("r2", "eth1", "lab", "eth0", ("10.61.0.1/24",), ("10.61.0.2/24",))
    net.route("lab", "default via 10.61.0.1")
    net.route("r2", "default via 10.60.0.1")
    net.route("rtr", "10.61.0.0/24 via 10.60.0.4")
    net.forwards("r2", six=False)
    net.cable("rtr", "dmz0", "dmz", "eth0", ("10.62.0.1/24",), ("10.62.0.2/24",))
    net.cable("rtr", "wan", "isp", "eth0", ("203.0.113.2/30",), ("203.0.113.1/30",))
    net.cable("isp", "eth1", "guest", "eth0", ("198.51.100.1/24",), ("198.51.100.9/24",))
    net.route("guest", "default via 198.51.100.1")
    net.route("rtr", "default via 203.0.113.1")
    for name in ("srv", "pc"):
        net.route(name, "default via 10.60.0.1")
    net.route("dmz", "default via 10.62.0.1")
    net.forwards("rtr", six=False)
    net.forwards("isp", six=False)
    hairpin = rng.choice(("", "ip saddr 10.60.0.0/24 ip daddr 10.60.0.0/24 ct status dnat masquerade"))
    state = rng.choice(("ct state established,related accept", "ct state established,related accept; ct state invalid drop"))
    net.nft("rtr", f"""
table ip fw {{
	chain pre {{ type nat hook prerouting priority dstnat;
		ip daddr 203.0.113.2 tcp dport {{ 80, 443 }} dnat to 10.60.0.2:7007
		ip daddr 203.0.113.2 udp dport 80 dnat to 10.60.0.2:7007
		fib daddr type local tcp dport 8000 dnat to 10.62.0.2:7007
	}}
	chain post {{ type nat hook postrouting priority srcnat; oifname "wan" masquerade
		{hairpin}
	}}
	chain filt {{ type filter hook forward priority filter; policy drop;
		{state}
		iifname "lan" oifname {{ "wan", "dmz0" }} accept
		iifname "dmz0" oifname "wan" accept
		ct status dnat accept
		{rng.choice(('iifname "lan" oifname "lan" accept', ''))}
	}}
}}
""")
    nft = "ip netns exec rtr nft"
    for name in ("srv", "pc", "dmz"):
        net.host_faults(name, "eth0")
    net.fault("forwarded to the old server", (f"{nft} flush chain ip fw pre", f"{nft} add rule ip fw pre ip daddr 203.0.113.2 tcp dport 80 dnat to 10.60.0.99:7007"), (*SILENT, "no-listener", "filter"), "rtr")
    net.fault("no masquerade", f"{nft} flush chain ip fw post", ("no-route", "no-masquerade", "nat-wrong", *SILENT), "isp", "guest", "srv")
    net.fault("srv has another gateway", "ip -n srv route replace default via 10.60.0.4", ("nat-wrong", "no-route", "filter", "not-forwarding", "loop"), "srv", "rtr", "r2")
    net.fault("srv has a wrong mask", ("ip -n srv address del 10.60.0.2/24 dev eth0", "ip -n srv address add 10.60.0.2/8 dev eth0", "ip -n srv route add default via 10.60.0.1"), SILENT, "srv")
    net.fault("permanent wrong mac", "ip -n pc neigh replace 10.60.0.1 lladdr 02:de:ad:00:00:01 dev eth0 nud permanent", ("wrong-mac",), "pc", "sw")
    net.fault("mac of srv for the router", "ip -n pc neigh replace 10.60.0.1 lladdr $(ip netns exec srv cat /sys/class/net/eth0/address) dev eth0 nud permanent", ("wrong-owner", "not-forwarding"), "pc", "srv")
    net.fault("arp_ignore rtr", net.write("rtr", "net/ipv4/conf/lan/arp_ignore", 8), ("arp-off",), "rtr", "pc", "srv", "r2")
    net.fault("port isolated", ("bridge -n sw link set dev p2 isolated on", "bridge -n sw link set dev p3 isolated on"), ("isolated",), "sw", "srv", "pc")
    net.fault("port blocking", "bridge -n sw link set dev p2 state 4", ("port-state",), "sw")
    net.fault("wrong source", ("ip -n pc address add 10.66.0.9/32 dev lo", "ip -n pc route replace default via 10.60.0.1 src 10.66.0.9"), ("no-route", "no-way-back", "filter", "rp-filter", *SILENT), "rtr", "isp", "guest", "dmz", "r2", "lab", "srv")
    net.fault("strict rtr, route of lab by the dmz", ("ip -n rtr route replace 10.61.0.0/24 via 10.62.0.2", net.write("rtr", "net/ipv4/conf/all/rp_filter", 1)), ("rp-filter", "not-forwarding", "filter"), "rtr", "dmz")
    net.fault("arp filtered", "ip netns exec srv nft 'add table arp t; add chain arp t i { type filter hook input priority 0; }; add rule arp t i arp operation request drop'", ("filter",), "srv")
    net.fault("loop", ("ip -n rtr route replace 10.61.0.0/24 via 203.0.113.1", "ip -n isp route add 10.61.0.0/24 via 203.0.113.2"), ("loop", "ttl", "filter"), "rtr", "isp")
    net.fault("duplicate of the server", "ip -n r2 address add 10.60.0.2/24 dev eth0", ("duplicate-address", "no-listener"), "r2", "srv")
    net.fault("no carrier", "ip -n dmz link set dev eth0 down", CUT, "dmz", "rtr")
    net.fault("bridged firewall", "ip netns exec sw nft 'add table bridge g; add chain bridge g f { type filter hook forward priority 0; }; add rule bridge g f ether type ip ip protocol tcp tcp dport 7007 drop'", ("filter",), "sw")
    net.services += [(start, "203.0.113.2", port) for start in ("guest", "isp", "pc", "lab", "dmz", "srv") for port in (80, 443, 8000)]
    net.services += [("pc", "10.60.0.1", 8000), ("rtr", "203.0.113.2", 80)]


def six(net: Net) -> None:
    """IPv6 only: duplicates, link-local gateways, source choice, prefix translation, rules."""
    rng = net.rng
    net.add("r", "sw", "a", "b", "up", "far")
    net.bridge("sw", "br0")
    net.plug("r", "lan", "sw", "p0", "br0", "fd60::1/64", "2001:db8:60::1/64")
    net.sh("ip -n r address add fe80::1/64 dev lan nodad")
    for at, name in enumerate("ab", 2):
        net.plug(name, "eth0", "sw", f"p{at}", "br0", f"fd60::{at}/64", *([f"2001:db8:60::{at}/64"] if rng.random() < 0.7 else []))
        net.route(name, rng.choice(("default via fe80::1 dev eth0", "default via fd60::1")))
        net.fault(f"{name} ignores echo", net.write(name, "net/ipv6/icmp/echo_ignore_all", 1), ("icmp-ignored",), name)
        net.fault(f"{name} without IPv6", net.write(name, "net/ipv6/conf/eth0/disable_ipv6", 1), (*SILENT, "no-route", "no-source"), name, "r", "a", "b")
        net.fault(f"{name} blocks nd", f"ip netns exec {name} ip6tables -A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j DROP", ("filter",), name)
        net.fault(f"{name} forgets nd in its rules", (f"ip netns exec {name} ip6tables -P INPUT DROP", f"ip netns exec {name} ip6tables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", f"ip netns exec {name} ip6tables -A INPUT -p tcp --dport 7007 -j ACCEPT"), ("filter",), name, "a", "b", "r")
        net.fault(f"{name} narrow", (f"ip -n {name} address del fd60::{at}/64 dev eth0", f"ip -n {name} address add fd60::{at}/128 dev eth0 nodad"), ("no-route", *SILENT), name, "r", "a", "b")
    net.cable("r", "wan", "up", "eth0", ("2001:db8:61::1/64",), ("2001:db8:61::2/64",))
    net.cable("up", "eth1", "far", "eth0", ("2001:db8:62::1/64",), ("2001:db8:62::2/64",))
    net.route("far", "default via 2001:db8:62::1")
    net.route("r", "default via 2001:db8:61::2")
    net.sh("ip -n up -6 route add 2001:db8:60::/64 via 2001:db8:61::1")
    net.forwards("r")
    net.forwards("up")
    if rng.random() < 0.6:
        net.restore("r", rng.choice(("*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -s fd60::/64 -o wan -j MASQUERADE\nCOMMIT", "*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A PREROUTING -d 2001:db8:6f::/64 -i wan -j NETMAP --to fd60::/64\n-A POSTROUTING -s fd60::/64 -o wan -j NETMAP --to 2001:db8:6f::/64\nCOMMIT")), "ip6tables")
        net.sh("ip -n up -6 route add 2001:db8:6f::/64 via 2001:db8:61::1")
    net.services += [("far", "2001:db8:6f::2", 7007), ("up", "2001:db8:6f::3", 7007)]
    net.fault("dad failed", (net.write("b", "net/ipv6/conf/eth0/accept_dad", 1), net.write("b", "net/ipv6/conf/eth0/dad_transmits", 1), "ip -n b address del fd60::3/64 dev eth0", "ip -n b address add fd60::2/64 dev eth0", "sleep 3"), ("dad-failed", *SILENT, "no-route", "no-source"), "b", "a", "r")
    net.fault("rule", "ip -n r -6 rule add pref 10 from fd60::/64 to 2001:db8:62::/64 prohibit", ("prohibit",), "r")
    net.fault("rule by port", "ip -n r -6 rule add pref 10 ipproto tcp dport 7007 blackhole", ("blackhole",), "r")
    net.fault("source route", "ip -n r -6 route add unreachable 2001:db8:62::/64 from 2001:db8:60::/64", ("unreachable",), "r")
    net.fault("ra gateway gone", "ip -n a -6 route replace default via fe80::bad dev eth0", SILENT, "a")
    net.fault("preferred source unrouted", ("ip -n a address add fd99::9/128 dev lo nodad", "ip -n a -6 route replace default via fd60::1 src fd99::9"), ("no-route", "no-way-back", *SILENT), "r", "up", "far", "b")
    net.fault("wan MTU", "ip -n r link set dev wan mtu 1280", ("mtu",), "r")


def swarm(net: Net) -> None:
    """A Docker Swarm overlay: a namespace with a bridge and a vxlan that the host made, entries by hand, an ingress network."""
    rng = net.rng
    net.add("h1", "h2", "ov1", "ov2", "t1", "t2", "t3", "u1")
    net.cable("h1", "eth0", "h2", "eth0")
    proxy = rng.choice((" proxy l2miss l3miss", ""))
    learning = rng.choice(("learning", "nolearning"))
    for n, tasks in ((1, (("t1", 3), ("t3", 5))), (2, (("t2", 4),))):
        other = 3 - n
        net.address(f"h{n}", "eth0", f"192.168.8.{n}/24")
        net.sh(f"ip -n h{n} link add vx0 type vxlan id 4097 dstport 4789 local 192.168.8.{n} {learning}{proxy}",
               f"ip -n h{n} link set dev vx0 netns ov{n} name vxlan0", f"ip -n ov{n} link add br0 type bridge",
               f"ip -n ov{n} address add 10.0.1.{n}/24 dev br0", f"ip -n ov{n} link set dev br0 up",
               f"ip -n ov{n} link set dev vxlan0 master br0", f"ip -n ov{n} link set dev vxlan0 up")
        for name, last in tasks:
            net.plug(name, "eth0", f"ov{n}", f"veth{name}", "br0", f"10.0.1.{last}/24")
            net.sh(f"ip -n {name} link set dev eth0 address 02:42:0a:00:01:0{last}")
            if rng.random() < 0.5:
                net.host_faults(name, "eth0")
        for last in (3, 4, 5):
            if last not in [number for _, number in tasks]:
                net.sh(f"bridge -n ov{n} fdb replace 02:42:0a:00:01:0{last} dev vxlan0 dst 192.168.8.{other} self permanent", f"ip -n ov{n} neigh add 10.0.1.{last} lladdr 02:42:0a:00:01:0{last} dev vxlan0 nud permanent")
                net.fault(f"fdb of task {last} gone in ov{n}", f"bridge -n ov{n} fdb del 02:42:0a:00:01:0{last} dev vxlan0 dst 192.168.8.{other}", ("tunnel", "no-port", *SILENT), f"ov{n}", "t1", "t2", "t3")
                net.fault(f"fdb of task {last} to another host in ov{n}", f"bridge -n ov{n} fdb replace 02:42:0a:00:01:0{last} dev vxlan0 dst 192.168.8.77 self permanent", ("tunnel", *SILENT), f"ov{n}", f"h{n}")
                net.fault(f"wrong mac for {last} in ov{n}", f"ip -n ov{n} neigh replace 10.0.1.{last} lladdr 02:42:0a:00:01:99 dev vxlan0 nud permanent", ("wrong-mac", "tunnel", *SILENT), f"ov{n}", "t1", "t2", "t3")
        net.sh(f"bridge -n ov{n} fdb append 00:00:00:00:00:00 dev vxlan0 dst 192.168.8.{other} self permanent") if not proxy else None
        net.fault(f"h{n} drops 4789", f"ip netns exec h{n} iptables -A INPUT -p udp --dport 4789 -j DROP", ("filter",), f"h{n}")
        net.fault(f"h{n} sends no 4789", f"ip netns exec h{n} iptables -A OUTPUT -p udp --dport 4789 -j DROP", ("filter",), f"h{n}")
        net.fault(f"vxlan down in ov{n}", f"ip -n ov{n} link set dev vxlan0 down", ("link-down", "tunnel", "port-state", "no-port", *SILENT), f"ov{n}", "t1", "t2", "t3")
        net.fault(f"address of h{n} gone", f"ip -n h{n} address flush dev eth0", ("no-route", "tunnel", "no-source", *SILENT), "h1", "h2", "ov1", "ov2", "t1", "t2", "t3")
    net.plug("u1", "eth0", "ov1", "vethu1", "br0", "10.0.1.9/24")


def fabric(net: Net) -> None:
    """Leaves and spines: unnumbered links, IPv4 over IPv6 next hops, several equal ways, nexthop objects, loopback addresses."""
    rng = net.rng
    net.add("l1", "l2", "s1", "s2", "h1", "h2")
    for leaf in (1, 2):
        for spine in (1, 2):
            net.cable(f"l{leaf}", f"up{spine}", f"s{spine}", f"dn{leaf}")
            net.sh(f"ip -n l{leaf} address add fe80::{leaf}/64 dev up{spine} nodad", f"ip -n s{spine} address add fe80::f{spine}/64 dev dn{leaf} nodad")
        net.cable(f"h{leaf}", "eth0", f"l{leaf}", "host", (f"10.80.{leaf}.2/24", f"fd80:{leaf}::2/64"), (f"10.80.{leaf}.1/24", f"fd80:{leaf}::1/64"))
        net.address(f"l{leaf}", "lo", f"10.255.0.{leaf}/32", f"fd80:ff::{leaf}/128")
        net.route(f"h{leaf}", f"default via 10.80.{leaf}.1", f"default via fd80:{leaf}::1")
        net.forwards(f"l{leaf}")
        net.host_faults(f"h{leaf}", "eth0")
    for spine in (1, 2):
        net.address(f"s{spine}", "lo", f"10.255.1.{spine}/32", f"fd80:ff::f{spine}/128")
        net.forwards(f"s{spine}")
        for leaf in (1, 2):
            net.sh(f"ip -n s{spine} route add 10.80.{leaf}.0/24 via inet6 fe80::{leaf} dev dn{leaf}", f"ip -n s{spine} route add 10.255.0.{leaf} via inet6 fe80::{leaf} dev dn{leaf}",
                   f"ip -n s{spine} -6 route add fd80:{leaf}::/64 via fe80::{leaf} dev dn{leaf}", f"ip -n s{spine} -6 route add fd80:ff::{leaf} via fe80::{leaf} dev dn{leaf}")
            net.fault(f"s{spine} does not know leaf {leaf}", (f"ip -n s{spine} route del 10.80.{leaf}.0/24", f"ip -n s{spine} -6 route del fd80:{leaf}::/64"), ("no-route", "rp-filter"), f"s{spine}")
            net.fault(f"s{spine} sends leaf {leaf} to nobody", f"ip -n s{spine} route replace 10.80.{leaf}.0/24 via inet6 fe80::bad dev dn{leaf}", SILENT, f"s{spine}")
    both = rng.random() < 0.6
    objects = rng.random() < 0.5
    for leaf in (1, 2):
        other = 3 - leaf
        for six in ("", "-6 "):
            nets = (f"fd80:{other}::/64", f"fd80:ff::{other}") if six else (f"10.80.{other}.0/24", f"10.255.0.{other}")
            via = "via" if six else "via inet6"
            if objects:
                base = 10 if six else 20
                net.sh(*(f"ip -n l{leaf} {'-6 '}nexthop add id {base + spine} via fe80::f{spine} dev up{spine}" for spine in (1, 2)), f"ip -n l{leaf} nexthop add id {base} group {base + 1}" + (f"/{base + 2}" if both else ""))
            for where in nets:
                # the kernel keeps one source for all routes of one nexthop object
                src = f" src {'fd80:ff::' if six else '10.255.0.'}{leaf}" if not objects and rng.random() < 0.3 else ""
                if objects:
                    net.sh(f"ip -n l{leaf} {six}route add {where} nhid {base}{src}")
                else:
                    net.sh(f"ip -n l{leaf} {six}route add {where}{src} " + " ".join(f"nexthop {via} fe80::f{spine} dev up{spine}" for spine in ((1, 2) if both else (1,))))
            for spine in (1, 2):
                where = f"fd80:ff::f{spine}" if six else f"10.255.1.{spine}"
                net.sh(f"ip -n l{leaf} {six}route add {where} {via} fe80::f{spine} dev up{spine}")
    net.sh(*(f"ip -n s{spine} {six}route add {where} {via} fe80::1 dev dn1" for spine in (1, 2) for six, via, where in (("", "via inet6", f"10.255.1.{3 - spine}"), ("-6 ", "via", f"fd80:ff::f{3 - spine}"))))
    net.fault("spine 2 filters", "ip netns exec s2 nft 'add table inet f; add chain inet f f { type filter hook forward priority 0; }; add rule inet f f meta l4proto tcp drop'", ("filter",), "s2")
    net.fault("spine 1 filters", "ip netns exec s1 nft 'add table inet f; add chain inet f f { type filter hook forward priority 0; }; add rule inet f f meta l4proto udp drop'", ("filter",), "s1")
    net.fault("leaf 2 takes no neighbour discovery", "ip netns exec l2 ip6tables -A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j DROP", ("filter",), "l2", "s1", "s2", "h2")
    net.fault("strict leaves", (net.write("l1", "net/ipv4/conf/all/rp_filter", 1), net.write("l2", "net/ipv4/conf/all/rp_filter", 1)), ("rp-filter",), "l1", "l2")
    net.fault("source nobody knows", ("ip -n h1 address add 10.99.0.1/32 dev lo", "ip -n h1 route replace default via 10.80.1.1 src 10.99.0.1"), ("no-route", "no-way-back"), "l1", "l2", "s1", "s2", "h2")
    net.fault("blackhole object", ("ip -n l1 nexthop add id 99 blackhole", "ip -n l1 route replace 10.80.2.0/24 nhid 99"), ("blackhole",), "l1")


def provider(net: Net) -> None:
    """A rented server: one address of 32 bits with a gateway on the link, more addresses routed to it, guests on it."""
    rng = net.rng
    net.add("dc", "sw", "box", "box2", "vm1", "vm2", "vm3", "web")
    net.bridge("sw", "br0")
    net.plug("dc", "lan", "sw", "p0", "br0", "95.0.0.1/24")
    net.plug("box", "eth0", "sw", "p1", "br0", rng.choice(("95.0.0.10/32", "95.0.0.10/26")))
    net.plug("box2", "eth0", "sw", "p2", "br0", "95.0.0.11/32")
    for name in ("box", "box2"):
        net.route(name, "95.0.0.1 dev eth0 scope link") if rng.random() < 0.5 else None
        net.sh(f"ip -n {name} route add default via 95.0.0.1 dev eth0 onlink")
        net.fault(f"no default in {name}", f"ip -n {name} route del default", ("no-route", "rp-filter"), name)
    net.cable("dc", "wan", "web", "eth0", ("8.8.0.1/24",), ("8.8.0.8/24",))
    net.route("web", "default via 8.8.0.1")
    net.forwards("dc", six=False)
    net.forwards("box", six=False)
    # guests: one routed by /32, one by proxied ARP on the shared network, one bridged behind a private network
    net.cable("vm1", "eth0", "box", "tap1")
    net.address("vm1", "eth0", "95.0.9.1/32")
    net.sh("ip -n vm1 route add 95.0.0.10 dev eth0", "ip -n vm1 route add default via 95.0.0.10", "ip -n box route add 95.0.9.1 dev tap1", "ip -n dc route add 95.0.9.0/24 via 95.0.0.10")
    net.cable("vm2", "eth0", "box", "tap2")
    net.address("vm2", "eth0", "95.0.0.20/24")
    net.sh("ip -n vm2 route add default via 95.0.0.1", "ip -n box route add 95.0.0.20 dev tap2")
    for dev in ("tap2", "eth0"):
        net.sysctl("box", f"net/ipv4/conf/{dev}/proxy_arp", 1)
        net.sysctl("box", f"net/ipv4/neigh/{dev}/proxy_delay", 0)
        net.fault(f"no proxy_arp on {dev}", net.write("box", f"net/ipv4/conf/{dev}/proxy_arp", 0), SILENT, "box", "vm2", "dc", "box2", "vm1", "vm3", "web")
    net.cable("vm3", "eth0", "box", "tap3", ("10.90.0.2/24",), ("10.90.0.1/24",))
    net.route("vm3", "default via 10.90.0.1")
    net.nft("box", """
table ip n {
	chain p { type nat hook postrouting priority srcnat; ip saddr 10.90.0.0/24 oifname != "tap3" masquerade
	}
	chain d { type nat hook prerouting priority dstnat; ip daddr 95.0.0.10 tcp dport 443 dnat to 10.90.0.2:7007
	}
	chain out { type nat hook output priority -100; ip daddr 95.0.0.10 tcp dport 443 dnat to 10.90.0.2:7007
	}
}
""")
    net.services += [(start, "95.0.0.10", 443) for start in ("web", "box2", "vm1", "vm2", "vm3", "box", "dc")]
    net.fault("route of vm1 gone", "ip -n box route del 95.0.9.1 dev tap1", ("no-route", "loop", "ttl", "rp-filter", *SILENT), "box", "dc", "vm1")
    net.fault("arp_ignore", net.write("box", "net/ipv4/conf/all/arp_ignore", 1), ("arp-off",), "box")
    net.fault("arp_ignore 2", net.write("box", "net/ipv4/conf/all/arp_ignore", 2), ("arp-off",), "box")
    net.fault("arp_filter", net.write("box", "net/ipv4/conf/all/arp_filter", 1), ("arp-off",), "box")
    net.fault("announce", (net.write("box", "net/ipv4/conf/all/arp_announce", 2), net.write("vm1", "net/ipv4/conf/all/arp_announce", 2)), ("arp-off", *SILENT), "box", "vm1")
    net.fault("strict", net.write("box", "net/ipv4/conf/all/rp_filter", 1), ("rp-filter", *SILENT), "box")
    net.fault("masquerade catches all", ("ip netns exec box nft flush chain ip n p", "ip netns exec box nft add rule ip n p oifname eth0 snat to 95.0.0.99"), SILENT, "dc", "box2", "box")
    net.fault("duplicate of box", "ip -n box2 address add 95.0.0.10/32 dev eth0", ("duplicate-address", "no-listener", *SILENT), "box", "box2")
    net.fault("switch filters foreign macs", "ip netns exec sw nft 'add table bridge f; add chain bridge f f { type filter hook prerouting priority 0; }; add rule bridge f f iifname p1 ether saddr != 02:00:00:00:00:99 drop'", ("filter", *SILENT))
    net.fault("switch drops foreign addresses", "ip netns exec sw nft 'add table bridge f; add chain bridge f f { type filter hook prerouting priority 0; }; add rule bridge f f iifname p1 ip saddr != 95.0.0.10 drop'", ("filter",), "sw")
    net.fault("gateway with a fixed wrong mac", "ip -n box neigh replace 95.0.0.1 lladdr 02:00:00:00:00:55 dev eth0 nud permanent", ("wrong-mac",), "box", "sw")
    net.fault("anyip", "ip -n box route add local 95.0.9.0/24 dev lo", ("no-listener", "rp-filter", "martian", *SILENT), "box", "vm1")
    net.fault("scope link", ("ip -n vm3 address del 10.90.0.2/24 dev eth0", "ip -n vm3 address add 10.90.0.2/24 dev eth0 scope link", "ip -n vm3 route add default via 10.90.0.1"), ("no-source", "martian"), "vm3", "box")


def vpn(net: Net) -> None:
    """A client whose traffic goes through another router by mark, with exceptions, throw routes, and routes of several metrics."""
    rng = net.rng
    net.add("me", "home", "exit", "isp", "site")
    net.cable("me", "eth0", "home", "lan", ("192.168.3.2/24",), ("192.168.3.1/24",))
    net.cable("me", "tun", "exit", "cl", ("10.8.0.2/24",), ("10.8.0.1/24",))
    for name, dev, net4 in (("home", "wan", "100.65.1"), ("exit", "wan", "100.65.2")):
        net.cable(name, dev, "isp", f"to{name}", (f"{net4}.2/24",), (f"{net4}.1/24",))
        net.route(name, f"default via {net4}.1")
        net.forwards(name, six=False)
        if rng.random() < 0.8:
            net.sh(f"ip netns exec {name} iptables -t nat -A POSTROUTING -o wan -j MASQUERADE")
            net.fault(f"{name} does not masquerade", f"ip netns exec {name} iptables -t nat -F POSTROUTING", ("no-route", "no-masquerade"), "isp", "site")
    net.cable("isp", "core", "site", "eth0", ("203.0.113.1/24",), ("203.0.113.9/24", "203.0.113.10/24"))
    net.route("site", "default via 203.0.113.1")
    net.forwards("isp", six=False)
    net.sh("ip -n me route add default via 192.168.3.1 metric 600")
    net.sh("ip -n me route add default via 10.8.0.1 table 51820", "ip -n me rule add not fwmark 51820 table 51820 pref 32764", "ip -n me rule add table main suppress_prefixlength 0 pref 32763")
    if rng.random() < 0.5:
        net.sh("ip -n me route add throw 203.0.113.10/32 table 51820")
    if rng.random() < 0.5:
        net.sh("ip -n me rule add ipproto udp dport 7007 table main pref 100")
    kind = rng.choice(("route", "filter"))
    net.nft("me", f"""
table inet split {{
	chain out {{ type {kind} hook output priority mangle; ip daddr 203.0.113.9 meta l4proto tcp meta mark set 51820
	}}
	chain post {{ type nat hook postrouting priority srcnat; meta mark 51820 oifname "eth0" masquerade
	}}
}}
""")
    net.sysctl("me", "net/ipv4/conf/all/src_valid_mark", rng.choice((0, 1)))
    net.sysctl("me", "net/ipv4/conf/all/rp_filter", rng.choice((0, 1, 2)))
    net.host_faults("site", "eth0")
    net.fault("kill switch", "ip netns exec me nft 'add table inet kill; add chain inet kill o { type filter hook output priority 0; policy drop; }; add rule inet kill o oifname tun accept; add rule inet kill o oifname lo accept'", ("filter",), "me")
    net.fault("suppressing rule gone", "ip -n me rule del pref 32763", ("no-route", "rp-filter", *SILENT, "no-source", "not-forwarding", "no-way-back", "nat-wrong"), "me", "exit", "home", "isp")
    net.fault("tunnel table empty", "ip -n me route flush table 51820", ("no-route", "rp-filter"))
    net.fault("unreachable behind", ("ip -n me route replace unreachable default table 51820",), ("unreachable",), "me")
    net.fault("prohibit rule", "ip -n me rule add pref 50 to 203.0.113.0/24 ipproto tcp prohibit", ("prohibit",), "me")
    net.fault("rule from own address", "ip -n me rule add pref 50 from 10.8.0.2 blackhole", ("blackhole", *SILENT), "me")
    net.fault("mtu of the tunnel", "ip -n me link set dev tun mtu 1000", ("mtu",), "me")
    net.fault("metric reversed", "ip -n me route add default via 192.168.3.77 metric 100", SILENT, "me")
    net.fault("exit loops", ("ip -n exit route replace default via 10.8.0.2", "ip netns exec me sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'"), ("loop", "ttl", "martian", "rp-filter", *SILENT, "no-route"), "exit", "me")


def conns(net: Net) -> None:
    """A router with two uplinks by marks of connections: connmark restored, sets, verdict maps, concatenations, notrack."""
    rng = net.rng
    net.add("lan1", "lan2", "gate", "upa", "upb", "far")
    net.bridge("gate", "br1", "10.90.0.1/24")
    for at, name in enumerate(("lan1", "lan2"), 11):
        net.plug(name, "eth0", "gate", f"p{at}", "br1", f"10.90.0.{at}/24")
        net.route(name, "default via 10.90.0.1")
        net.host_faults(name, "eth0")
    for at, up in enumerate(("upa", "upb"), 1):
        net.cable("gate", f"wan.{at}", up, "cust", (f"100.72.{at}.2/30",), (f"100.72.{at}.1/30",))
        net.cable(up, "ix", "far", f"in{at}", (f"198.51.{at}.1/24",), (f"198.51.{at}.2/24",))
        net.forwards(up, six=False)
        net.sh(f"ip -n gate route add default via 100.72.{at}.1 table {at}00", f"ip -n gate rule add pref {at}0 fwmark {at}/0xf lookup {at}00")
    net.route("gate", "default via 100.72.1.1")
    net.sh("ip -n far address add 203.0.113.7/32 dev lo", "ip -n far address add 203.0.113.8/32 dev lo")
    for up in ("upa", "upb"):
        net.route(up, f"203.0.113.0/24 via 198.51.{1 if up == 'upa' else 2}.2")
    net.route("far", "100.72.1.0/30 via 198.51.1.1", "100.72.2.0/30 via 198.51.2.1")
    net.forwards("gate", six=False)
    net.sysctl("gate", "net/ipv4/conf/all/rp_filter", 0)
    net.sysctl("gate", "net/ipv4/conf/wan.1/rp_filter", rng.choice((0, 2)))
    net.sysctl("gate", "net/ipv4/conf/wan.2/rp_filter", 2)
    by = rng.choice(("ip saddr . meta l4proto map { 10.90.0.11 . udp : 0x2, 10.90.0.12 . tcp : 0x2, 10.90.0.12 . icmp : 0x1 }",
                     "ip daddr map { 203.0.113.7 : 0x1, 203.0.113.8 : 0x2 }", "numgen random mod 1 map { 0 : 0x2 }"))
    untracked = rng.random() < 0.4
    established = "ct state { established, related, untracked } accept" if untracked else "ct state vmap { established : accept, related : accept, invalid : drop }"
    raw = "chain raw {\n type filter hook prerouting priority raw; policy accept;\n ip daddr 10.90.0.1 notrack\n }" if untracked else ""
    net.nft("gate", f"""
table inet pbr {{
 set bad {{
  type ipv4_addr . inet_service
  elements = {{ 203.0.113.8 . 7001, 198.51.100.1 . 7007 }}
 }}
 map exits {{
  type inet_proto : verdict
  elements = {{ tcp : jump tcps, udp : jump udps }}
 }}
 chain tcps {{
  tcp dport {{ 7000-7010, 80 }} accept
  drop
 }}
 chain udps {{
  udp dport vmap {{ 7007 : accept, 7001 : drop }}
 }}
 chain fromone {{
  meta mark set 0x1
 }}
 chain fromtwo {{
  meta mark set 0x2
 }}
 chain marks {{
  type filter hook prerouting priority mangle; policy accept;
  ct mark & 0xf != 0 meta mark set ct mark accept
  iifname "br1" ct state new meta mark set {by}
  iifname vmap {{ "wan.1" : jump fromone, "wan.2" : jump fromtwo }}
  ct mark set meta mark
 }}
 chain snats {{
  type nat hook postrouting priority srcnat; policy accept;
  oifname {{ "wan.1", "wan.2" }} masquerade
 }}
 chain dnats {{
  type nat hook prerouting priority dstnat; policy accept;
  iifname "wan.*" tcp dport 8443 dnat ip to 10.90.0.11:7007
  iifname "wan.*" udp dport 8443 dnat ip to 10.90.0.12:7007
 }}
 chain fwds {{
  type filter hook forward priority filter; policy drop;
  {established}
  ct status dnat accept
  ip daddr . th dport @bad drop
  meta l4proto vmap @exits
  icmp type echo-request accept
 }}
 {raw}
}}""")
    net.ports = [8443]
    net.services += [("far", f"100.72.{at}.2", 8443) for at in (1, 2)]
    net.services += [(name, f"203.0.113.{last}", 7001) for name in ("lan1", "lan2") for last in (7, 8)]
    net.fault("no mark is restored", "H=$(ip netns exec gate nft -a list chain inet pbr marks | sed -n 's/.*ct mark & .*handle //p'); ip netns exec gate nft delete rule inet pbr marks handle $H", ("rp-filter", "no-route", "nat-wrong", "filter"), "gate", "upa", "upb", "far")
    net.fault("table 200 is empty", "ip -n gate route flush table 200", ("no-route", "rp-filter", "nat-wrong"), "gate", "far", "upa", "upb")
    net.fault("rule of mark 2 prohibits", "ip -n gate rule add pref 5 fwmark 0x2/0xf prohibit", ("prohibit",), "gate")
    net.fault("no masquerade", "ip netns exec gate nft flush chain inet pbr snats", ("no-route", "loop", "ttl", "not-forwarding"), "upa", "upb", "far", "gate")
    net.fault("second uplink does not forward", net.write("upb", "net/ipv4/ip_forward", 0), ("not-forwarding",), "upb")
    net.fault("strict on the second uplink", net.write("gate", "net/ipv4/conf/wan.2/rp_filter", 1), ("rp-filter",), "gate")
    net.fault("address in the set of the bad", "ip netns exec gate nft add element inet pbr bad '{ 203.0.113.7 . 7007 }'", ("filter",), "gate")


def mixed(net: Net) -> None:
    """A LAN with two routers, one of them only for the answers; strict and loose stations; bridges in a row; an address twice."""
    rng = net.rng
    net.add("sw1", "sw2", "st1", "st2", "st3", "ra", "rb", "srv", "dup")
    for switch in ("sw1", "sw2"):
        net.bridge(switch, "br0")
    net.cable("sw1", "tk2", "sw2", "tk1")
    net.sh("ip -n sw1 link set dev tk2 master br0", "ip -n sw2 link set dev tk1 master br0")
    for at, (name, switch) in enumerate((("st1", "sw1"), ("st2", "sw2"), ("st3", rng.choice(("sw1", "sw2")))), 1):
        net.plug(name, "lan0", switch, f"q{name}", "br0", f"10.91.0.{at}/24", f"fd91::{at}/64")
        net.route(name, f"default via 10.91.0.{rng.choice((251, 252))}", f"default via fd91::{rng.choice(('fa', 'fb'))}")
        net.sysctl(name, "net/ipv4/conf/all/rp_filter", rng.choice((0, 1, 2)))
        net.host_faults(name, "lan0")
    for at, (name, switch) in enumerate((("ra", "sw1"), ("rb", "sw2")), 1):
        net.plug(name, "in", switch, f"q{name}", "br0", f"10.91.0.{250 + at}/24", f"fd91::f{'ab'[at - 1]}/64")
        net.cable(name, "out", "srv", f"to{name}", (f"10.92.{at}.1/24", f"fd92:{at}::1/64"), (f"10.92.{at}.2/24", f"fd92:{at}::2/64"))
        net.route(name, f"10.93.0.0/16 via 10.92.{at}.2", f"fd93::/32 via fd92:{at}::2")
        net.forwards(name)
        net.sysctl(name, "net/ipv4/conf/all/rp_filter", rng.choice((0, 0, 2)))
    back = rng.choice((1, 2))
    net.route("srv", f"10.91.0.0/24 via 10.92.{back}.1", f"fd91::/64 via fd92:{back}::1")
    net.sysctl("srv", "net/ipv4/conf/all/rp_filter", rng.choice((0, 2)))
    net.sh("ip -n srv address add 10.93.0.53/32 dev lo", "ip -n srv -6 address add fd93::53/128 dev lo nodad")
    net.cable("dup", "e0", "rb", "dup0", ("10.94.0.2/30",), ("10.94.0.1/30",))
    net.sh("ip -n dup address add 10.93.0.53/32 dev lo")  # any of the two answers, by the router that is asked
    net.route("dup", "default via 10.94.0.1")
    net.route("srv", "10.94.0.0/30 via 10.92.2.1")
    net.route("ra", "10.94.0.0/30 via 10.91.0.252")
    if rng.random() < 0.5:
        net.route("rb", "10.93.0.53 via 10.94.0.2")
    guard = rng.choice(("ra", "rb", ""))
    if guard:
        net.nft(guard, """
table inet gd {
 chain deny {
  ct state established,related accept
  ct state new iifname in accept
  drop
 }
 chain f {
  type filter hook forward priority 0; policy accept;
  meta l4proto { tcp, udp } jump deny
 }
}""")
    for port in ("qst1", "qra"):
        net.fault(f"{port} isolated with the trunk", (f"bridge -n sw1 link set dev {port} isolated on", "bridge -n sw1 link set dev tk2 isolated on"), ("isolated",), "sw1")
    net.fault("sw2 drops frames of bridges", "ip netns exec sw2 nft 'add table bridge x; add chain bridge x f { type filter hook forward priority 0; }; add rule bridge x f ip protocol { tcp, udp } iifname tk1 drop'", ("filter",), "sw2")
    net.fault("strict stations", tuple(net.write(name, "net/ipv4/conf/all/rp_filter", 1) for name in ("st1", "st2", "srv")), ("rp-filter",), "st1", "st2", "srv")
    net.fault("ra knows no 10.93", "ip -n ra route del 10.93.0.0/16", ("no-route",), "ra")
    net.fault("ra does not forward", net.write("ra", "net/ipv4/ip_forward", 0), ("not-forwarding",), "ra")
    net.fault("cable of the switches down", "ip -n sw2 link set dev tk1 down", CUT, "sw1", "sw2", "st1", "st2", "st3", "ra", "rb")


def fallback(net: Net) -> None:
    """Routes with fallbacks: metrics, blackholes behind them, links without carrier, proxies of neighbour discovery and ARP."""
    rng = net.rng
    net.add("a", "r", "x", "y", "z", "p")
    net.cable("a", "eth0", "r", "a0", ("10.95.1.2/24", "fd95:1::2/64"), ("10.95.1.1/24", "fd95:1::1/64"))
    net.route("a", "default via 10.95.1.1", "default via fd95:1::1")
    for at, name in enumerate(("x", "y"), 1):
        net.cable("r", f"{name}0", name, "r0", (f"10.96.{at}.1/30", f"fd96:{at}::1/64"), (f"10.96.{at}.2/30", f"fd96:{at}::2/64"))
        net.cable(name, "z0", "z", f"{name}0", (f"10.97.{at}.1/30", f"fd97:{at}::1/64"), (f"10.97.{at}.2/30", f"fd97:{at}::2/64"))
        net.forwards(name)
        net.route("r", f"10.98.0.0/16 via 10.96.{at}.2 metric {at}0", f"fd98::/32 via fd96:{at}::2 metric {at}0")
        net.route(name, f"10.98.0.0/16 via 10.97.{at}.2", f"fd98::/32 via fd97:{at}::2", f"10.95.0.0/16 via 10.96.{at}.1", f"fd95::/32 via fd96:{at}::1")
        net.route("z", f"10.95.0.0/16 via 10.97.{at}.1 metric {30 - at * 10}", f"fd95::/32 via fd97:{at}::1 metric {30 - at * 10}")
    net.route("r", "blackhole 10.98.0.0/16 metric 999", "unreachable 10.0.0.0/8 metric 5000", "blackhole fd98::/32 metric 9999", "10.98.7.0/24 dev x0")
    net.sh("ip -n z address add 10.98.0.1/32 dev lo", "ip -n z -6 address add fd98::1/128 dev lo nodad", "ip -n z address add 10.98.7.1/32 dev lo")
    net.sysctl("x", "net/ipv4/conf/r0/proxy_arp", 1)
    net.sysctl("x", "net/ipv4/neigh/r0/proxy_delay", 0)
    net.forwards("r")
    net.cable("r", "p0", "p", "eth0", ("10.99.0.1/24",), ("10.99.0.9/24",))
    net.address("p", "eth0", "fd95:1::99/64")
    net.address("r", "p0", "fd95:9::1/64")
    net.route("p", "default via 10.99.0.1")
    net.sh("ip -n p -6 address add fd95:9::9/64 dev eth0 nodad", "ip -n p -6 route add default via fd95:9::1", "ip -n r -6 route add fd95:1::99 dev p0", "ip -n r -6 neigh add proxy fd95:1::99 dev a0", "ip -n r -6 neigh add proxy fd95:1::2 dev p0",
           "ip -n p -6 route del fd95:1::/64 dev eth0", "ip -n p -6 route add fd95:1::/64 via fd95:9::1")
    net.sysctl("r", "net/ipv6/conf/a0/proxy_ndp", 1)
    net.sysctl("r", "net/ipv6/neigh/a0/proxy_delay", 0)
    net.sysctl("r", "net/ipv6/neigh/p0/proxy_delay", 0)
    if rng.random() < 0.5:
        net.sysctl("r", "net/ipv4/conf/all/ignore_routes_with_linkdown", 1)
    for name in ("a", "p"):
        net.host_faults(name, "eth0")
    net.fault("no proxy_ndp", net.write("r", "net/ipv6/conf/a0/proxy_ndp", 0), (*SILENT, "no-owner"), "a", "r")
    net.fault("no entry for the proxy", "ip -n r -6 neigh del proxy fd95:1::99 dev a0", (*SILENT, "no-owner"), "a", "r")
    net.fault("no proxy_arp", net.write("x", "net/ipv4/conf/r0/proxy_arp", 0), SILENT, "r", "x")
    net.fault("both ways gone", ("ip -n r route del 10.98.0.0/16 metric 10", "ip -n r route del 10.98.0.0/16 metric 20"), ("blackhole",), "r")
    net.fault("first way without carrier", "ip -n x link set dev r0 down", (*CUT, "no-route", "blackhole", "rp-filter"), "x", "r", "y", "z")
    net.fault("loose ends", ("ip -n r link set dev x0 down", "ip -n r link set dev y0 down"), ("blackhole", "unreachable", "no-route", *CUT), "r", "x", "y")
    net.fault("strict r", net.write("r", "net/ipv4/conf/all/rp_filter", 1), ("rp-filter",), "r")
    net.fault("x does not forward", (net.write("x", "net/ipv4/ip_forward", 0), net.write("x", "net/ipv6/conf/all/forwarding", 0)), ("not-forwarding", *SILENT), "x", "r")


KINDS = {
    "compose": compose, "kube": kube, "neutron": neutron, "firewalld": firewalld, "ufw": ufw, "dualwan": dualwan, "maps": maps,
    "dmz": dmz, "six": six, "swarm": swarm, "fabric": fabric, "provider": provider, "vpn": vpn,
    "conns": conns, "mixed": mixed, "fallback": fallback,
}


def imagine(seed: int, kind: str | None = None) -> Net:
    """The host that a seed makes."""
    chosen = kind or list(KINDS)[seed % len(KINDS)]
    net = Net(random.Random(f"{chosen} {seed}"), chosen)
    KINDS[chosen](net)
    return net
