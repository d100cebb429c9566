"""Random small networks, most with one fault, as shell lines that make them in a private host."""

# ruff: noqa: E501 (a fault is one row)

from __future__ import annotations

import random
from typing import NamedTuple


class Imagined(NamedTuple):
    """A network: its shell lines, the namespaces to trace from, and its fault."""

    kind: str
    fault: str
    script: str
    names: list[str]


class _Net:
    """Collector of the shell lines that make a network."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.lines: list[str] = []
        self.names: list[str] = []
        self.faults: list[tuple[str, list[str]]] = []  # what may be spoilt

    def add(self, *names: str) -> None:
        for name in names:
            self.names.append(name)
            self.lines += [
                f"ip netns add {name}",
                f"ip -n {name} link set dev lo up",
                self._sysctl(name, "ipv6/conf/default/accept_dad", 0),
            ]

    def sh(self, *lines: str) -> None:
        self.lines += lines

    def fault(self, what: str, *lines: str) -> None:
        self.faults.append((what, list(lines)))

    def cable(self, a: str, dev_a: str, b: str, dev_b: str, *addresses: tuple[str, str]) -> None:
        """Add a veth pair, with (address of a, address of b) for each family."""
        self.sh(f"ip -n {a} link add {dev_a} type veth peer name {dev_b} netns {b}")
        for one, other in addresses:
            for netns, dev, address in ((a, dev_a, one), (b, dev_b, other)):
                if address:
                    self.address(netns, dev, address)
        self.sh(f"ip -n {a} link set dev {dev_a} up", f"ip -n {b} link set dev {dev_b} up")
        self.fault(f"link down {b} {dev_b}", f"ip -n {b} link set dev {dev_b} down")
        self.fault(f"link down {a} {dev_a}", f"ip -n {a} link set dev {dev_a} down")

    def address(self, netns: str, dev: str, address: str) -> None:
        self.sh(f"ip -n {netns} address add {address} dev {dev}{' nodad' if ':' in address else ''}")
        self.fault(f"no address {netns} {address}", f"ip -n {netns} address del {address} dev {dev}")
        plain, _, length = address.partition("/")
        if int(length) in (24, 64):
            wide = 16 if length == "24" else 48
            nodad = " nodad" if ":" in address else ""
            self.fault(f"wrong length {netns} {address}", f"ip -n {netns} address del {address} dev {dev}",
                       f"ip -n {netns} address add {plain}/{wide} dev {dev}{nodad}")  # fmt: skip
            narrow = 32 if length == "24" else 128
            self.fault(f"host address {netns} {address}", f"ip -n {netns} address add {plain}/{narrow} dev {dev}{nodad}",
                       f"ip -n {netns} address del {address} dev {dev}")  # fmt: skip

    def route(self, netns: str, words: str, six: bool = False) -> None:
        ip = f"ip -n {netns} {'-6 ' if six else ''}route"
        self.sh(f"{ip} add {words}")
        net = words.split(" ")[0]
        if net in ("unreachable", "blackhole", "prohibit"):
            return
        self.fault(f"no route {netns} {net}", f"{ip} del {words}")
        for kind in ("blackhole", "unreachable", "prohibit"):
            self.fault(f"{kind} {netns} {net}", f"{ip} del {words}", f"{ip} add {kind} {net}")
        if " via " in words and not six:
            gateway = words.split(" via ")[1].split(" ")[0]
            parts = gateway.split(".")
            wrong = ".".join([*parts[:3], "77"])
            self.fault(
                f"wrong gateway {netns} {wrong}",
                f"{ip} del {words}",
                f"{ip} add {words.replace(gateway, wrong)} onlink"
                if " dev " in words
                else f"{ip} add {words.replace(gateway, wrong)}",
            )

    def forwards(self, netns: str, devs: list[str], six: bool = False) -> None:
        self.sysctl(netns, "ipv4/ip_forward", 1)
        self.fault(f"not forwarding {netns}", self._sysctl(netns, "ipv4/ip_forward", 0))
        for dev in devs:
            self.fault(f"not forwarding {netns} {dev}", self._sysctl(netns, f"ipv4/conf/{dev}/forwarding", 0))
        if six:
            self.sysctl(netns, "ipv6/conf/all/forwarding", 1)
            self.fault(f"not forwarding 6 {netns}", self._sysctl(netns, "ipv6/conf/all/forwarding", 0))

    def _sysctl(self, netns: str, name: str, value: int) -> str:
        return f"ip netns exec {netns} sh -c 'echo {value} >/proc/sys/net/{name}'"

    def sysctl(self, netns: str, name: str, value: int) -> None:
        self.sh(self._sysctl(netns, name, value))

    def host_faults(self, netns: str, dev: str, gateway: str | None = None) -> None:
        """Add the faults that an end host may have."""
        self.fault(f"icmp ignored {netns}", self._sysctl(netns, "ipv4/icmp_echo_ignore_all", 1))
        self.fault(f"lo down {netns}", f"ip -n {netns} link set dev lo down")
        self.fault(f"arp off {netns}", f"ip -n {netns} link set dev {dev} arp off")
        self.fault(f"arp_ignore {netns}", self._sysctl(netns, f"ipv4/conf/{dev}/arp_ignore", self.rng.choice([1, 2, 8])))
        self.fault(f"rp_filter {netns}", self._sysctl(netns, "ipv4/conf/all/rp_filter", self.rng.choice([1, 2])))
        if gateway is not None:
            self.fault(
                f"wrong mac {netns}", f"ip -n {netns} neigh replace {gateway} lladdr 02:00:00:00:99:99 dev {dev} nud permanent"
            )

    def firewalls(self, netns: str, address: str, devs: list[str]) -> None:
        """Add the faults that the firewall of a namespace may cause."""
        nft = f"ip netns exec {netns} nft"
        net = address.rpartition(".")[0] + ".0/24"
        for hook, match in (
            ("input", ""), ("output", ""), ("forward", ""), ("input", f"ip saddr {net}"), ("forward", f"ip daddr {net}"),
            ("input", "icmp type echo-request"), ("forward", "tcp dport 7007"), ("forward", "udp dport 7007"),
            ("input", "udp dport 7007"), ("forward", f"iifname {devs[0]}"), ("output", "ct state established"),
        ):  # fmt: skip
            rule = f"{match} {self.rng.choice(['drop', 'drop', 'reject'])}".strip()
            self.fault(
                f"{hook} {rule} {netns}", f"{nft} add table inet guard",
                f"{nft} 'add chain inet guard gate {{ type filter hook {hook} priority 0; policy accept; }}'",
                f"{nft} add rule inet guard gate {'meta nfproto ipv4 ' if not match else ''}{rule}",
            )  # fmt: skip
        self.fault(
            f"stateful forward {netns}", f"{nft} add table ip guard",
            f"{nft} 'add chain ip guard gate {{ type filter hook forward priority 0; policy drop; }}'",
            f"{nft} add rule ip guard gate ct state established,related accept",
            f"{nft} add rule ip guard gate iifname {devs[0]} accept",
        )  # fmt: skip

    def firewalls6(self, netns: str, devs: list[str]) -> None:
        """Add the faults that the firewall may cause for IPv6."""
        nft = f"ip netns exec {netns} nft"
        for family, hook, rule in (
            ("inet", "input", "policy drop"), ("inet", "forward", "policy drop"), ("ip6", "output", "icmpv6 type nd-neighbor-advert drop"),
            ("ip6", "input", "icmpv6 type nd-neighbor-solicit drop"), ("ip6", "input", "icmpv6 type nd-neighbor-advert drop"),
            ("inet", "forward", "ip6 saddr fd01::/64 tcp dport 7007 drop"), ("ip6", "forward", "ip6 nexthdr udp reject"),
            ("ip6", "forward", f"iifname {devs[0]} ct state new drop"), ("ip6", "prerouting", "ip6 daddr fd03::1 drop"),
            ("inet", "forward", "icmpv6 type echo-reply drop"), ("ip6", "prerouting", "fib saddr . iif oif missing drop"),
        ):  # fmt: skip
            policy = "drop" if rule == "policy drop" else "accept"
            self.fault(f"{family} {hook} {rule} {netns}", f"{nft} add table {family} guard",
                       f"{nft} 'add chain {family} guard gate {{ type filter hook {hook} priority 0; policy {policy}; }}'",
                       *([] if rule == "policy drop" else [f"{nft} add rule {family} guard gate {rule}"]))  # fmt: skip

    def done(self, kind: str) -> Imagined:
        fault = "none"
        lines: list[str] = []
        if self.faults and self.rng.random() < 0.8:
            fault, lines = self.rng.choice(self.faults)
            if self.rng.random() < 0.15:
                more, others = self.rng.choice(self.faults)
                fault, lines = f"{fault} + {more}", [*lines, *others]
        text = "\n".join([*self.lines, *(f"{line} || true" for line in lines)])
        return Imagined(kind, fault, text, self.names)


def _chain(net: _Net, filters: bool = False, nat: bool = False) -> None:
    """A chain of routers, a - r1 … rn - b, IPv4 and IPv6."""
    count = net.rng.randint(1, 3)
    routers = [f"r{n}" for n in range(count)]
    net.add("a", *routers, "b")
    places = ["a", *routers, "b"]
    for n in range(len(places) - 1):
        net.cable(
            places[n], f"e{n}", places[n + 1], f"w{n}", (f"10.{n}.0.1/24", f"10.{n}.0.2/24"), (f"fd0{n}::1/64", f"fd0{n}::2/64")
        )
    for n, name in enumerate(places):
        if name in routers:
            net.forwards(name, [f"w{n - 1}", f"e{n}"], six=True)
            if filters:
                net.firewalls(name, f"10.{net.rng.randrange(count + 1)}.0.1", [f"w{n - 1}", f"e{n}"])
        for k in range(len(places) - 1):
            if k in (n - 1, n) and name in routers or name == "a" and k == 0 or name == "b" and k == len(places) - 2:
                continue
            if name == "a" or (name in routers and k > n):
                net.route(name, f"10.{k}.0.0/24 via 10.{n}.0.2")
                net.route(name, f"fd0{k}::/64 via fd0{n}::2", six=True)
            else:
                net.route(name, f"10.{k}.0.0/24 via 10.{n - 1}.0.1")
                net.route(name, f"fd0{k}::/64 via fd0{n - 1}::1", six=True)
    net.host_faults("a", "e0", "10.0.0.2")
    net.host_faults("b", f"w{len(places) - 2}")
    net.fault("rp_filter r0", net._sysctl("r0", "ipv4/conf/all/rp_filter", 1))
    net.fault("rule r0", "ip -n r0 rule add pref 10 from 10.0.0.0/24 prohibit")
    net.fault("rule b", f"ip -n b rule add pref 10 from 10.{count}.0.2 blackhole")
    net.fault("mark rule r0", "ip -n r0 rule add pref 10 iif w0 ipproto tcp unreachable")
    if filters:
        net.firewalls("a", "10.0.0.1", ["e0"])
        net.firewalls("b", f"10.{count}.0.2", [f"w{count}"])
    if nat:
        out = f"e{1}"
        net.sh("ip netns exec r0 nft add table ip nat",
               "ip netns exec r0 nft 'add chain ip nat post { type nat hook postrouting priority 100; }'",
               f"ip netns exec r0 nft add rule ip nat post oifname {out} masquerade")  # fmt: skip
        net.fault("no route back for nat", "ip -n b route del 10.0.0.0/24 || ip -n b route flush 10.0.0.0/24")
        net.fault("dnat", "ip netns exec r0 nft 'add chain ip nat pre { type nat hook prerouting priority -100; }'",
                  f"ip netns exec r0 nft add rule ip nat pre iifname w0 ip daddr 10.0.0.2 dnat to 10.{count}.0.2")  # fmt: skip
        net.fault("dnat to nobody", "ip netns exec r0 nft 'add chain ip nat pre { type nat hook prerouting priority -100; }'",
                  f"ip netns exec r0 nft add rule ip nat pre ip daddr 10.{count}.0.2 dnat to 10.{count}.0.99")  # fmt: skip


def _ring(net: _Net) -> None:
    """Routers in a ring that all send in the same direction."""
    count = net.rng.randint(3, 4)
    names = [f"r{n}" for n in range(count)]
    net.add(*names)
    for n in range(count):
        m = (n + 1) % count
        net.cable(names[n], f"e{n}", names[m], f"w{n}", (f"10.{n}.0.1/24", f"10.{n}.0.2/24"))
    for n in range(count):
        net.forwards(names[n], [f"e{n}", f"w{(n - 1) % count}"])
        net.route(names[n], f"default via 10.{n}.0.2")
        net.host_faults(names[n], f"e{n}")
        net.fault(f"strict {names[n]}", net._sysctl(names[n], "ipv4/conf/all/rp_filter", 1))
    net.route("r0", "10.99.0.0/24 via 10.0.0.2")


def _lan(net: _Net) -> None:
    """Hosts on a bridge in a namespace of its own, a gateway, and a host behind the gateway."""
    count = net.rng.randint(2, 4)
    hosts = [f"h{n}" for n in range(count)]
    net.add("sw", *hosts, "gw", "far")
    net.sh("ip -n sw link add br0 type bridge", "ip -n sw link set dev br0 up")
    for n, name in enumerate([*hosts, "gw"]):
        last = 254 if name == "gw" else n + 1
        net.cable(name, "eth0", "sw", f"p{n}", (f"10.0.0.{last}/24", ""), (f"fd00::{last}/64", ""))
        net.sh(f"ip -n sw link set dev p{n} master br0")
        net.fault(f"blocked p{n}", f"bridge -n sw link set dev p{n} state {net.rng.choice([0, 1, 2, 4])}")
        net.fault(f"no master p{n}", f"ip -n sw link set dev p{n} nomaster")
    net.cable("gw", "eth1", "far", "eth0", ("10.9.0.254/24", "10.9.0.1/24"), ("fd09::254/64", "fd09::1/64"))
    net.forwards("gw", ["eth0", "eth1"], six=True)
    for name in hosts:
        net.route(name, "default via 10.0.0.254")
        net.route(name, "default via fd00::254", six=True)
        net.host_faults(name, "eth0", "10.0.0.254")
    net.route("far", "default via 10.9.0.254")
    net.route("far", "default via fd09::254", six=True)
    net.fault("bridge down", "ip -n sw link set dev br0 down")
    net.fault("isolated", "bridge -n sw link set dev p0 isolated on; bridge -n sw link set dev p1 isolated on")
    net.fault("duplicate", "ip -n h1 address add 10.0.0.1/24 dev eth0")
    net.fault(
        "mac of another",
        "ip -n h0 neigh replace 10.0.0.254 lladdr $(ip netns exec h1 cat /sys/class/net/eth0/address) dev eth0 nud permanent",
    )
    net.fault("bridge filter", "ip netns exec sw nft add table bridge guard",
              "ip netns exec sw nft 'add chain bridge guard gate { type filter hook forward priority 0; }'",
              "ip netns exec sw nft add rule bridge guard gate ip protocol icmp drop")  # fmt: skip
    net.fault("bridge-nf", "ip netns exec sw nft add table ip guard",
              "ip netns exec sw nft 'add chain ip guard gate { type filter hook forward priority 0; policy drop; }'")  # fmt: skip
    net.firewalls("gw", "10.0.0.1", ["eth0", "eth1"])
    net.firewalls("h0", "10.0.0.2", ["eth0"])


def _docker(net: _Net) -> None:
    """A host with a bridge, containers, masquerade and a published port; a neighbour outside."""
    net.add("host", "c1", "c2", "out")
    net.sh("ip -n host link add docker0 type bridge")
    net.address("host", "docker0", "172.17.0.1/16")
    net.sh("ip -n host link set dev docker0 up")
    for n in (1, 2):
        net.cable(f"c{n}", "eth0", "host", f"veth{n}", (f"172.17.0.{n + 1}/16", ""))
        net.sh(f"ip -n host link set dev veth{n} master docker0")
        net.route(f"c{n}", "default via 172.17.0.1")
        net.host_faults(f"c{n}", "eth0", "172.17.0.1")
    net.cable("host", "eth0", "out", "eth0", ("192.168.1.10/24", "192.168.1.20/24"))
    net.forwards("host", ["docker0", "eth0"])
    nft = "ip netns exec host nft"
    net.sh(
        f"{nft} add table ip nat", f"{nft} 'add chain ip nat POSTROUTING {{ type nat hook postrouting priority 100; }}'",
        f"{nft} add rule ip nat POSTROUTING ip saddr 172.17.0.0/16 oifname != docker0 masquerade",
        f"{nft} 'add chain ip nat PREROUTING {{ type nat hook prerouting priority -100; }}'",
        f"{nft} add rule ip nat PREROUTING fib daddr type local tcp dport 7007 dnat to 172.17.0.2:7007",
        f"{nft} add table ip filter",
        f"{nft} 'add chain ip filter FORWARD {{ type filter hook forward priority 0; policy drop; }}'",
        f"{nft} add rule ip filter FORWARD oifname docker0 ct state established,related accept",
        f"{nft} add rule ip filter FORWARD iifname docker0 accept",
        f"{nft} add rule ip filter FORWARD ip daddr 172.17.0.2 oifname docker0 tcp dport 7007 accept",
    )  # fmt: skip
    net.fault("no masquerade", f"{nft} flush chain ip nat POSTROUTING")
    net.fault("no forward rules", f"{nft} flush chain ip filter FORWARD")
    net.fault("dnat to nobody", f"{nft} flush chain ip nat PREROUTING",
              f"{nft} add rule ip nat PREROUTING tcp dport 7007 dnat to 172.17.0.99")  # fmt: skip
    net.fault("another table drops", f"{nft} add table inet other",
              f"{nft} 'add chain inet other fwd {{ type filter hook forward priority 10; policy accept; }}'",
              f"{nft} add rule inet other fwd ip saddr 172.17.0.0/16 drop")  # fmt: skip
    net.fault("out reaches in", "ip -n out route add 172.17.0.0/16 via 192.168.1.10")


def _calico(net: _Net) -> None:
    """Nodes whose pods have /32 addresses behind proxy_arp of 169.254.1.1."""
    net.add("n1", "n2", "p1", "p2", "p3")
    net.cable("n1", "eth0", "n2", "eth0", ("192.168.0.1/24", "192.168.0.2/24"))
    for node, pods in (("n1", ("p1", "p2")), ("n2", ("p3",))):
        net.forwards(node, ["eth0", *(f"cali{pod}" for pod in pods)])
        for pod in pods:
            net.cable(pod, "eth0", node, f"cali{pod}", (f"10.244.{node[1]}.{pod[1]}/32", ""))
            net.route(pod, "169.254.1.1 dev eth0 scope link")
            net.route(pod, "default via 169.254.1.1 dev eth0")
            net.route(node, f"10.244.{node[1]}.{pod[1]} dev cali{pod} scope link")
            net.sysctl(node, f"ipv4/conf/cali{pod}/proxy_arp", 1)
            net.sysctl(node, f"ipv4/neigh/cali{pod}/proxy_delay", 0)
            net.fault(f"no proxy_arp {pod}", net._sysctl(node, f"ipv4/conf/cali{pod}/proxy_arp", 0))
            net.host_faults(pod, "eth0")
    net.route("n1", "10.244.2.0/24 via 192.168.0.2")
    net.route("n2", "10.244.1.0/24 via 192.168.0.1")
    if net.rng.random() < 0.8:
        net.route("n1", "default via 192.168.0.2")
        net.route("n2", "default via 192.168.0.1")
    net.firewalls("n1", "10.244.1.1", ["calip1", "eth0"])


def _overlay(net: _Net) -> None:
    """Two nodes with a bridge each, joined by vxlan."""
    net.add("n1", "n2", "p1", "p2", "u")
    net.cable("n1", "eth0", "u", "e1", ("192.168.1.1/24", "192.168.1.254/24"))
    net.cable("n2", "eth0", "u", "e2", ("192.168.2.1/24", "192.168.2.254/24"))
    net.forwards("u", ["e1", "e2"])
    net.route("n1", "192.168.2.0/24 via 192.168.1.254")
    net.route("n2", "192.168.1.0/24 via 192.168.2.254")
    for n, other in ((1, 2), (2, 1)):
        net.sh(f"ip -n n{n} link add br0 type bridge", f"ip -n n{n} link set dev br0 up",
               f"ip -n n{n} link add vx0 type vxlan id 42 remote 192.168.{other}.1 local 192.168.{n}.1 dstport 4789",
               f"ip -n n{n} link set dev vx0 master br0", f"ip -n n{n} link set dev vx0 up")  # fmt: skip
        net.cable(f"p{n}", "eth0", f"n{n}", "vp", (f"10.50.0.{n}/24", ""), (f"fd50::{n}/64", ""))
        net.sh(f"ip -n n{n} link set dev vp master br0")
        net.host_faults(f"p{n}", "eth0")
        net.fault(f"vx0 down n{n}", f"ip -n n{n} link set dev vx0 down")
        net.fault(f"vni n{n}", f"ip -n n{n} link del vx0",
                  f"ip -n n{n} link add vx0 type vxlan id 43 remote 192.168.{other}.1 local 192.168.{n}.1 dstport 4789",
                  f"ip -n n{n} link set dev vx0 master br0", f"ip -n n{n} link set dev vx0 up")  # fmt: skip
        net.fault(f"no remote n{n}", f"bridge -n n{n} fdb del 00:00:00:00:00:00 dev vx0 dst 192.168.{other}.1")
        net.fault(f"4789 n{n}", f"ip netns exec n{n} nft add table ip guard",
                  f"ip netns exec n{n} nft 'add chain ip guard in {{ type filter hook input priority 0; }}'",
                  f"ip netns exec n{n} nft add rule ip guard in udp dport 4789 drop")  # fmt: skip


def _macvlan(net: _Net) -> None:
    """Macvlans on a host's link, and a neighbour at the other end of that link."""
    net.add("host", "m1", "m2", "out")
    net.cable("host", "eth0", "out", "eth0", ("10.0.0.1/24", "10.0.0.9/24"), ("fd00::1/64", "fd00::9/64"))
    mode = net.rng.choice(["bridge", "bridge", "private", "vepa"])
    for n in (1, 2):
        net.sh(
            f"ip -n host link add mv{n} link eth0 type macvlan mode {mode}", f"ip -n host link set dev mv{n} netns m{n} name eth0"
        )
        net.address(f"m{n}", "eth0", f"10.0.0.{n + 1}/24")
        net.address(f"m{n}", "eth0", f"fd00::{n + 1}/64")
        net.sh(f"ip -n m{n} link set dev eth0 up")
        net.host_faults(f"m{n}", "eth0")
    net.fault("duplicate", "ip -n m2 address add 10.0.0.2/24 dev eth0")


def _policy(net: _Net) -> None:
    """A host with two uplinks and rules by source, mark and protocol."""
    net.add("a", "u1", "u2", "b")
    for n in (1, 2):
        net.cable("a", f"e{n}", f"u{n}", "low", (f"10.{n}.0.1/24", f"10.{n}.0.254/24"))
        net.cable(f"u{n}", "high", "b", f"e{n}", (f"10.{n + 10}.0.254/24", f"10.{n + 10}.0.1/24"))
        net.forwards(f"u{n}", ["low", "high"])
        net.route("b", f"10.{n}.0.0/24 via 10.{n + 10}.0.254")
        net.route("a", f"default via 10.{n}.0.254 table {100 + n}")
        net.sh(f"ip -n a rule add pref {n} from 10.{n}.0.1 lookup {100 + n}")
        net.fault(f"rp_filter u{n}", net._sysctl(f"u{n}", "ipv4/conf/all/rp_filter", 1))
    net.route("u1", "10.12.0.0/24 via 10.11.0.1")
    net.route("u2", "10.11.0.0/24 via 10.12.0.1")
    if net.rng.random() < 0.4:
        net.sh("ip -n a route add default nexthop via 10.1.0.254 nexthop via 10.2.0.254")
    else:
        net.route("a", "default via 10.1.0.254")
    net.sysctl("b", "ipv4/ip_forward", 1)
    net.fault("prohibit tcp", "ip -n u1 rule add pref 5 ipproto tcp dport 7007 prohibit")
    net.fault("strict b", net._sysctl("b", "ipv4/conf/all/rp_filter", 1))
    net.fault("rule by source", "ip -n a rule add pref 1 from 10.1.0.1 prohibit")
    net.fault("local later", "ip -n b rule add pref 10 lookup local", "ip -n b rule del pref 0")
    net.fault("suppress", "ip -n a rule add pref 3 lookup main suppress_prefixlength 0", "ip -n a rule add pref 4 blackhole")
    net.fault(
        "goto",
        "ip -n u1 rule add pref 9 prohibit",
        "ip -n u1 rule add pref 2 from 10.1.0.0/24 goto 100",
        "ip -n u1 rule add pref 100 nop",
    )


def _star(net: _Net) -> None:
    """A router in the middle of networks with their own switch or a further router, IPv4 and IPv6."""
    net.add("hub")
    devs = []
    for n in range(net.rng.randint(3, 4)):
        devs.append(f"d{n}")
        kind = net.rng.choice(["direct", "direct", "switch", "router"])
        if kind == "switch":
            net.add(f"sw{n}", f"a{n}", f"b{n}")
            net.sh(f"ip -n sw{n} link add br0 type bridge", f"ip -n sw{n} link set dev br0 up")
            for name, dev, last in (("hub", f"d{n}", 254), (f"a{n}", "eth0", 1), (f"b{n}", "eth0", 2)):
                net.cable(name, dev, f"sw{n}", f"p{last}", (f"10.{n}.0.{last}/24", ""), (f"fd0{n}::{last}/64", ""))
                net.sh(f"ip -n sw{n} link set dev p{last} master br0")
                net.fault(f"blocked sw{n} p{last}", f"bridge -n sw{n} link set dev p{last} state {net.rng.choice([0, 1, 2, 4])}")
            ends = [f"a{n}", f"b{n}"]
        else:
            net.add(f"a{n}")
            net.cable(
                "hub", f"d{n}", f"a{n}", "eth0", (f"10.{n}.0.254/24", f"10.{n}.0.1/24"), (f"fd0{n}::254/64", f"fd0{n}::1/64")
            )
            ends = [f"a{n}"]
        if kind == "router":
            net.add(f"far{n}")
            net.cable(f"a{n}", "eth1", f"far{n}", "eth0", (f"10.{n}.9.254/24", f"10.{n}.9.1/24"))
            net.forwards(f"a{n}", ["eth0", "eth1"], six=True)
            net.route("hub", f"10.{n}.9.0/24 via 10.{n}.0.1")
            net.route(f"far{n}", f"default via 10.{n}.9.254")
            net.host_faults(f"far{n}", "eth0", f"10.{n}.9.254")
        for name in ends:
            net.route(name, f"default via 10.{n}.0.254")
            if net.rng.random() < 0.8:
                net.route(name, f"default via fd0{n}::254", six=True)
            net.host_faults(name, "eth0", f"10.{n}.0.254")
    net.forwards("hub", devs, six=True)
    net.firewalls("hub", "10.1.0.1", devs)
    net.fault("gateway off the link", "ip -n a0 route replace default via 10.7.7.7 dev eth0 onlink")
    net.fault("gateway of another's", "ip -n a0 route replace default via 10.0.0.1 dev eth0 onlink")
    net.fault("duplicate of the gateway", "ip -n a0 address add 10.1.0.254/24 dev eth0")
    net.fault("own address far away", "ip -n a1 address add 10.0.0.1/32 dev lo")
    net.fault("net of another", "ip -n a1 address add 10.0.0.77/24 dev eth0")
    net.fault("two in one net", "ip -n hub address add 10.0.0.99/24 dev d1")
    net.fault(
        "source on lo", "ip -n a0 address add 10.99.0.1/32 dev lo", "ip -n a0 route replace default via 10.0.0.254 src 10.99.0.1"
    )
    net.fault("scope link", "ip -n a0 address del 10.0.0.1/24 dev eth0", "ip -n a0 address add 10.0.0.1/24 dev eth0 scope link",
              "ip -n a0 route add default via 10.0.0.254")  # fmt: skip
    net.fault("not wide enough", "ip -n a0 address add 10.0.0.1/30 dev eth0", "ip -n a0 address del 10.0.0.1/24 dev eth0")
    net.fault("only one net", "ip -n a0 route del default", "ip -n a0 route add 10.1.0.0/25 via 10.0.0.254")


def _mesh(net: _Net) -> None:
    """Routers with random cables and one host each; the shortest routes of both directions may differ."""
    count = net.rng.randint(4, 5)
    routers = [f"r{n}" for n in range(count)]
    net.add(*routers)
    links: dict[tuple[int, int], int] = {}
    for n in range(1, count):
        links[net.rng.randrange(n), n] = len(links)
    for _ in range(2):
        one, two = sorted(net.rng.sample(range(count), 2))
        links.setdefault((one, two), len(links))
    devs: dict[int, list[str]] = {n: [] for n in range(count)}
    for (one, two), number in links.items():
        net.cable(f"r{one}", f"l{number}", f"r{two}", f"l{number}", (f"10.200.{number}.1/24", f"10.200.{number}.2/24"))
        devs[one].append(f"l{number}")
        devs[two].append(f"l{number}")
    for n in range(count):
        net.add(f"h{n}")
        net.cable(f"h{n}", "eth0", f"r{n}", "lan", (f"10.{n}.0.1/24", f"10.{n}.0.254/24"))
        net.route(f"h{n}", f"default via 10.{n}.0.254")
        net.host_faults(f"h{n}", "eth0", f"10.{n}.0.254")
    for n in range(count):
        net.forwards(f"r{n}", [*devs[n], "lan"])
        net.fault(f"strict r{n}", net._sysctl(f"r{n}", "ipv4/conf/all/rp_filter", 1))
        net.fault(f"loose r{n}", net._sysctl(f"r{n}", "ipv4/conf/all/rp_filter", 2))
        reached, todo = {n: (-1, 0)}, [n]  # the first cable of the way, and its side
        while todo:
            at = todo.pop(0)
            near = [(one, two, number, two, 2) for (one, two), number in links.items() if one == at]
            near += [(one, two, number, one, 1) for (one, two), number in links.items() if two == at]
            net.rng.shuffle(near)
            for _, _, number, other, side in near:
                if other not in reached:
                    reached[other] = (number, side) if at == n else reached[at]
                    todo.append(other)
        for other, (number, side) in reached.items():
            if other != n:
                net.route(f"r{n}", f"10.{other}.0.0/24 via 10.200.{number}.{side}")
        if net.rng.random() < 0.3:
            number = net.rng.choice([number for pair, number in links.items() if n in pair])
            side = 2 if any(pair[0] == n and found == number for pair, found in links.items()) else 1
            net.route(f"r{n}", f"default via 10.200.{number}.{side}")
    net.firewalls("r1", "10.2.0.1", devs[1])
    net.fault("stateful r0", "ip netns exec r0 nft add table ip guard",
              "ip netns exec r0 nft 'add chain ip guard gate { type filter hook forward priority 0; policy drop; }'",
              "ip netns exec r0 nft add rule ip guard gate ct state established,related accept",
              "ip netns exec r0 nft add rule ip guard gate iifname lan accept")  # fmt: skip
    net.fault("invalid r1", "ip netns exec r1 nft add table ip guard",
              "ip netns exec r1 nft 'add chain ip guard gate { type filter hook forward priority 0; }'",
              "ip netns exec r1 nft add rule ip guard gate ct state invalid drop")  # fmt: skip
    net.fault("masquerade r0", "ip netns exec r0 nft add table ip nat",
              "ip netns exec r0 nft 'add chain ip nat post { type nat hook postrouting priority 100; }'",
              f"ip netns exec r0 nft add rule ip nat post oifname {devs[0][0]} masquerade")  # fmt: skip
    net.fault("snat to nobody r0", "ip netns exec r0 nft add table ip nat",
              "ip netns exec r0 nft 'add chain ip nat post { type nat hook postrouting priority 100; }'",
              "ip netns exec r0 nft add rule ip nat post ip saddr 10.0.0.0/16 snat to 10.77.0.1")  # fmt: skip


_ISOLATION = """\
iptables -P FORWARD DROP
iptables -N DOCKER
iptables -N DOCKER-USER
iptables -N ISO1
iptables -N ISO2
iptables -A FORWARD -j DOCKER-USER
iptables -A FORWARD -j ISO1
iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A FORWARD -o {one} -j DOCKER
iptables -A FORWARD -i {one} ! -o {one} -j ACCEPT
iptables -A FORWARD -i {one} -o {one} -j {icc}
iptables -A FORWARD -o {two} -j DOCKER
iptables -A FORWARD -i {two} ! -o {two} -j ACCEPT
iptables -A FORWARD -i {two} -o {two} -j ACCEPT
iptables -A ISO1 -i {one} ! -o {one} -j ISO2
iptables -A ISO1 -i {two} ! -o {two} -j ISO2
iptables -A ISO1 -j RETURN
iptables -A ISO2 -o {one} -j DROP
iptables -A ISO2 -o {two} -j DROP
iptables -A ISO2 -j RETURN
iptables -A DOCKER-USER -j RETURN
iptables -A DOCKER -d 172.17.0.2/32 ! -i {one} -o {one} -p tcp -m tcp --dport 7007 -j ACCEPT
iptables -t nat -N DOCKER
iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o {one} -j MASQUERADE
iptables -t nat -A POSTROUTING -s 172.18.0.0/16 ! -o {two} -j MASQUERADE
iptables -t nat -A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 7007 -j MASQUERADE
iptables -t nat -A DOCKER {skip}-p tcp -m tcp --dport 7007 -j DNAT --to-destination 172.17.0.2:7007
"""


def _dockers(net: _Net) -> None:
    """Two Docker networks with Docker's iptables rules (nft or legacy), a published port, and a host outside."""
    net.add("host", "c1", "c2", "c3", "out", "far")
    for number, (bridge, members) in enumerate((("docker0", (1, 2)), ("br-two", (3,)))):
        net.sh(f"ip -n host link add {bridge} type bridge")
        net.address("host", bridge, f"172.{17 + number}.0.1/16")
        net.sh(f"ip -n host link set dev {bridge} up")
        for n in members:
            net.cable(f"c{n}", "eth0", "host", f"veth{n}", (f"172.{17 + number}.0.{n + 1}/16", ""))
            net.sh(f"ip -n host link set dev veth{n} master {bridge}")
            net.route(f"c{n}", f"default via 172.{17 + number}.0.1")
            net.host_faults(f"c{n}", "eth0", f"172.{17 + number}.0.1")
            net.fault(f"no master veth{n}", f"ip -n host link set dev veth{n} nomaster")
    net.cable("host", "eth0", "out", "eth0", ("192.168.1.10/24", "192.168.1.20/24"))
    net.cable("out", "eth1", "far", "eth0", ("10.9.0.254/24", "10.9.0.1/24"))
    net.route("host", "default via 192.168.1.20")
    net.route("far", "default via 10.9.0.254")
    net.forwards("host", ["docker0", "br-two", "eth0"])
    net.forwards("out", ["eth0", "eth1"])
    words = net.rng.choice(["iptables", "iptables-legacy"])
    skip = net.rng.choice(["", "! -i docker0 "])
    rules = _ISOLATION.format(one="docker0", two="br-two", skip=skip, icc=net.rng.choice(["ACCEPT", "ACCEPT", "DROP"]))
    net.sh(*(f"ip netns exec host {line.replace('iptables', words)}" for line in rules.splitlines()))
    inside = f"ip netns exec host {words}"
    net.fault("user drops", f"{inside} -I DOCKER-USER -i eth0 -j DROP")
    net.fault("user rejects", f"{inside} -I DOCKER-USER -s 172.17.0.0/16 -d 192.168.1.0/24 -j REJECT")
    net.fault("no masquerade", f"{inside} -t nat -F POSTROUTING")
    net.fault("forward flushed", f"{inside} -F FORWARD")
    net.fault("input closed", f"{inside} -P INPUT DROP", f"{inside} -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT")
    net.fault("legacy beside", "ip netns exec host iptables-legacy -A FORWARD -i docker0 -j DROP")
    net.fault("nft beside", "ip netns exec host nft add table inet z",
              "ip netns exec host nft 'add chain inet z f { type filter hook forward priority 50; policy drop; }'",
              "ip netns exec host nft add rule inet z f tcp dport 7007 accept")  # fmt: skip
    net.fault("no bridge-nf", net._sysctl("host", "bridge/bridge-nf-call-iptables", 0))
    net.fault("out reaches in", "ip -n out route add 172.16.0.0/12 via 192.168.1.10")
    net.fault("masquerade everything", f"{inside} -t nat -I POSTROUTING -j MASQUERADE")
    net.fault("hairpin", "bridge -n host link set dev veth1 hairpin on")
    net.fault("raw drops", f"{inside} -t raw -A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP")


def _bridges(net: _Net) -> None:
    """A switch that also routes, joined to a second switch, with bridge-nf, NAT, and filters of bridged frames."""
    net.add("s1", "s2", "a", "b", "c", "out")
    for name in ("s1", "s2"):
        net.sh(f"ip -n {name} link add br0 type bridge", f"ip -n {name} link set dev br0 up")
    for name, switch, last in (("a", "s1", 1), ("b", "s1", 2), ("c", "s2", 3)):
        net.cable(name, "eth0", switch, f"p{name}", (f"10.0.0.{last}/24", ""), (f"fd00::{last}/64", ""))
        net.sh(f"ip -n {switch} link set dev p{name} master br0")
        net.route(name, "default via 10.0.0.254")
        net.route(name, "default via fd00::254", six=True)
        net.host_faults(name, "eth0", "10.0.0.254")
    net.cable("s1", "right", "s2", "left")
    net.sh("ip -n s1 link set dev right master br0", "ip -n s2 link set dev left master br0")
    net.address("s1", "br0", "10.0.0.254/24")
    net.address("s1", "br0", "fd00::254/64")
    if net.rng.random() < 0.3:
        net.address("s2", "br0", "10.0.0.253/24")
    net.cable("s1", "wan", "out", "eth0", ("192.168.1.1/24", "192.168.1.2/24"), ("fd99::1/64", "fd99::2/64"))
    net.route("out", "fd00::/64 via fd99::1", six=True)
    if net.rng.random() < 0.9:
        net.forwards("s1", ["br0", "wan"], six=True)
    net.route("out", "10.0.0.0/24 via 192.168.1.1")
    nft = "ip netns exec s1 nft"
    chain = "add chain ip nat post '{ type nat hook postrouting priority 100; }'"
    before = "add chain ip nat pre '{ type nat hook prerouting priority -100; }'"
    net.sh(f"{nft} add table ip nat")
    choice = net.rng.choice(["", "", "masquerade", "wan", "dnat", "dnat wan", "dnat snat"])
    if choice == "masquerade":
        net.sh(f"{nft} {chain}", f"{nft} add rule ip nat post ip saddr 10.0.0.0/24 masquerade")
    if choice == "wan":
        net.sh(f"{nft} {chain}", f"{nft} add rule ip nat post oifname wan masquerade")
    if choice.startswith("dnat"):
        net.sh(f"{nft} {before}", f"{nft} add rule ip nat pre ip daddr {{ 10.0.0.254, 192.168.1.1 }} dnat to "
               + ("192.168.1.2" if "wan" in choice else net.rng.choice(["10.0.0.1", "10.0.0.3"])))  # fmt: skip
    if choice == "dnat snat":
        net.sh(f"{nft} {chain}", f"{nft} add rule ip nat post ip daddr 10.0.0.0/24 masquerade")
    for switch in ("s1", "s2"):
        inside = f"ip netns exec {switch} nft"
        for family, hook, rule in (
            ("ip", "forward", "policy drop"), ("inet", "forward", "policy drop"), ("ip", "prerouting", "ip daddr 10.0.0.3 drop"),
            ("ip", "postrouting", "oifname br0 drop"), ("bridge", "forward", "ip daddr 10.0.0.3 drop"),
            ("bridge", "prerouting", "iifname pa drop"), ("bridge", "input", "ip protocol icmp drop"),
            ("bridge", "output", "udp dport 7007 drop"), ("bridge", "forward", "ether type ip6 drop"),
            ("bridge", "forward", "ether type arp drop"), ("bridge", "postrouting", "oifname { pa, pc } tcp dport 7007 drop"),
            ("bridge", "forward", "meta l4proto icmpv6 icmpv6 type nd-neighbor-solicit drop"),
            ("arp", "input", "drop"), ("ip6", "forward", "icmpv6 type echo-request drop"),
        ):  # fmt: skip
            policy = "drop" if rule == "policy drop" else "accept"
            net.fault(f"{family} {hook} {rule} {switch}", f"{inside} add table {family} guard",
                      f"{inside} 'add chain {family} guard gate {{ type filter hook {hook} priority 0; policy {policy}; }}'",
                      *([] if rule == "policy drop" else [f"{inside} add rule {family} guard gate '{rule}'"]))  # fmt: skip
        net.fault(f"no bridge-nf {switch}", net._sysctl(switch, "bridge/bridge-nf-call-iptables", 0),
                  f"{inside} add table ip guard",
                  f"{inside} 'add chain ip guard gate {{ type filter hook forward priority 0; policy drop; }}'")  # fmt: skip
        net.fault(f"ebtables {switch}", f"ip netns exec {switch} ebtables -A FORWARD -p IPv4 --ip-proto udp -j DROP")
    net.fault("isolated", "bridge -n s1 link set dev pa isolated on; bridge -n s1 link set dev right isolated on")
    net.fault("address on the port", "ip -n s1 address del 10.0.0.254/24 dev br0; ip -n s1 address add 10.0.0.254/24 dev pa")
    net.fault("no flood", "bridge -n s1 link set dev pb flood off")
    net.fault("no learning", "bridge -n s2 link set dev left learning off")
    net.fault("same mac", "ip -n b link set dev eth0 down; ip -n b link set dev eth0 address "
              "$(ip netns exec a cat /sys/class/net/eth0/address); ip -n b link set dev eth0 up; ip -n b route add default via 10.0.0.254")  # fmt: skip
    net.fault("small mtu", "ip -n s1 link set dev right mtu 1280")


def _natchain(net: _Net) -> None:
    """Two routers with NAT, one behind the other, and a server on each side."""
    net.add("a", "r1", "m", "r2", "b", "c")
    net.cable("a", "eth0", "r1", "in", ("192.168.0.2/24", "192.168.0.1/24"), ("fd10::2/64", "fd10::1/64"))
    net.cable("r1", "out", "m", "e1", ("10.1.0.1/24", "10.1.0.254/24"), ("fd11::1/64", "fd11::254/64"))
    net.cable("m", "e2", "r2", "out", ("10.2.0.254/24", "10.2.0.1/24"), ("fd12::254/64", "fd12::1/64"))
    net.cable("r2", "in", "b", "eth0", ("192.168.0.1/24", "192.168.0.2/24"), ("fd13::1/64", "fd13::2/64"))
    net.cable("r2", "in2", "c", "eth0", ("192.168.5.1/24", "192.168.5.2/24"))
    for name, devs in (("r1", ["in", "out"]), ("m", ["e1", "e2"]), ("r2", ["in", "out", "in2"])):
        net.forwards(name, devs, six=True)
    for name, gateway, six in (("a", "192.168.0.1", "fd10::1"), ("b", "192.168.0.1", "fd13::1"), ("r1", "10.1.0.254", "fd11::254"),
                               ("r2", "10.2.0.254", "fd12::254")):  # fmt: skip
        net.route(name, f"default via {gateway}")
        net.route(name, f"default via {six}", six=True)
    net.route("c", "default via 192.168.5.1")
    for name in ("r1", "r2"):
        nft = f"ip netns exec {name} nft"
        net.sh(f"{nft} add table inet nat", f"{nft} 'add chain inet nat post {{ type nat hook postrouting priority srcnat; }}'",
               f"{nft} 'add chain inet nat pre {{ type nat hook prerouting priority dstnat; }}'",
               f"{nft} 'add chain inet nat own {{ type nat hook output priority -100; }}'",
               f"{nft} add rule inet nat post oifname out masquerade")  # fmt: skip
        way = net.rng.choice(["tcp dport 7007", "meta l4proto { tcp, udp } th dport 7007", ""])
        own = "192.168.0.2"
        if net.rng.random() < 0.7:
            net.sh(f"{nft} add rule inet nat pre iifname out meta nfproto ipv4 {way} dnat ip to {own}")
        if net.rng.random() < 0.3:
            net.sh(f"{nft} add rule inet nat own ip daddr 10.9.9.9 dnat ip to {own}")
        net.fault(f"redirect {name}", f"{nft} insert rule inet nat pre tcp dport 7007 redirect to :7007")
        net.fault(f"redirect away {name}", f"{nft} insert rule inet nat pre tcp dport 7007 redirect to :7008")
        net.fault(f"snat to another {name}", f"{nft} flush chain inet nat post",
                  f"{nft} add rule inet nat post oifname out snat ip to 10.77.0.1")  # fmt: skip
        net.fault(f"snat of its net {name}", f"{nft} flush chain inet nat post",
                  f"{nft} add rule inet nat post oifname out snat ip to {'10.1.0.77' if name == 'r1' else '10.2.0.77'}")  # fmt: skip
        net.fault(f"no translation {name}", f"{nft} flush ruleset")
        net.fault(f"notrack {name}", f"{nft} add table inet raw",
                  f"{nft} 'add chain inet raw pre {{ type filter hook prerouting priority raw; }}'",
                  f"{nft} add rule inet raw pre iifname in notrack")  # fmt: skip
        net.fault(f"netmap {name}", f"{nft} insert rule inet nat pre ip daddr 10.2.0.1 dnat ip to 192.168.5.2")
        net.fault(f"loopback {name}", f"{nft} insert rule inet nat pre iifname out tcp dport 7007 dnat ip to 127.0.0.1")
        net.fault(f"forward after nat {name}", f"{nft} 'add chain inet nat f {{ type filter hook forward priority 0; policy drop; }}'",
                  f"{nft} add rule inet nat f ct status dnat accept", f"{nft} add rule inet nat f ct state established accept",
                  f"{nft} add rule inet nat f iifname in accept")  # fmt: skip
        net.fault(f"forward by original {name}", f"{nft} 'add chain inet nat f {{ type filter hook forward priority 0; }}'",
                  f"{nft} add rule inet nat f ip daddr 10.2.0.1 drop", f"{nft} add rule inet nat f ct original ip daddr 10.1.0.1 drop")  # fmt: skip
    net.host_faults("a", "eth0", "192.168.0.1")
    net.host_faults("b", "eth0", "192.168.0.1")
    net.fault("strict r1", net._sysctl("r1", "ipv4/conf/all/rp_filter", 1))
    net.fault("no way in m", "ip -n m address flush dev e2")


def _marks(net: _Net) -> None:
    """A router that chooses between two uplinks by mark, protocol and source, and a sender that sets marks."""
    net.add("a", "r", "u1", "u2", "b")
    net.cable("a", "eth0", "r", "lan", ("10.0.0.1/24", "10.0.0.254/24"))
    net.route("a", "default via 10.0.0.254")
    net.forwards("r", ["lan", "up1", "up2"])
    for n in (1, 2):
        net.cable("r", f"up{n}", f"u{n}", "low", (f"10.{n}.0.1/24", f"10.{n}.0.254/24"))
        net.cable(f"u{n}", "high", "b", f"e{n}", (f"10.{n + 10}.0.254/24", f"10.{n + 10}.0.1/24"))
        net.forwards(f"u{n}", ["low", "high"])
        net.route(f"u{n}", f"10.0.0.0/24 via 10.{n}.0.1")
        net.route(f"u{n}", f"10.{13 - n}.0.0/16 via 10.{n + 10}.0.1".replace("10.12.0.0", "10.12.0.0"))
        net.route("b", f"10.{n}.0.0/24 via 10.{n + 10}.0.254")
        net.route("r", f"default via 10.{n}.0.254 table {100 + n}")
        net.fault(f"strict u{n}", net._sysctl(f"u{n}", "ipv4/conf/all/rp_filter", 1))
    net.route("b", f"10.0.0.0/24 via 10.{net.rng.choice([11, 12])}.0.254")
    net.sysctl("b", "ipv4/ip_forward", 1)
    net.route("r", "default via 10.1.0.254")
    nft = "ip netns exec r nft"
    kind, hook = net.rng.choice([("filter", "prerouting"), ("filter", "prerouting"), ("route", "output"), ("filter", "output")])
    match = net.rng.choice(
        ["meta l4proto udp", "tcp dport 7007", "ip daddr 10.12.0.1", "ip saddr 10.0.0.1", "icmp type echo-request"]
    )
    net.sh(f"{nft} add table ip marks", f"{nft} 'add chain ip marks pre {{ type {kind} hook {hook} priority mangle; }}'",
           f"{nft} add rule ip marks pre {match} meta mark set {net.rng.choice(['7', '0x17', '2'])}",
           f"ip -n r rule add pref 10 fwmark {net.rng.choice(['7', '7/0xf', '0x2/0x2'])} lookup 102")  # fmt: skip
    if net.rng.random() < 0.5:
        net.sh(f"{nft} add table ip nat", f"{nft} 'add chain ip nat post {{ type nat hook postrouting priority 100; }}'",
               f"{nft} add rule ip nat post oifname {{ up1, up2 }} masquerade")  # fmt: skip
    net.fault("strict r", net._sysctl("r", "ipv4/conf/all/rp_filter", 1))
    net.fault("valid mark r", net._sysctl("r", "ipv4/conf/all/rp_filter", 1), net._sysctl("r", "ipv4/conf/all/src_valid_mark", 1))
    net.fault("loose r", net._sysctl("r", "ipv4/conf/all/rp_filter", 2))
    net.fault("mark blackhole", "ip -n r rule add pref 5 fwmark 7 blackhole")
    net.fault("mark unreachable", "ip -n r rule add pref 5 fwmark 2/2 unreachable")
    net.fault("table empty", "ip -n r route flush table 102")
    net.fault("table prohibits", "ip -n r route replace prohibit default table 102")
    net.fault("throw", "ip -n r route replace throw default table 102")
    net.fault("mark in conntrack", f"{nft} add rule ip marks pre ct mark set meta mark")
    net.fault("restored", f"{nft} insert rule ip marks pre ct mark != 0 meta mark set ct mark", f"{nft} add rule ip marks pre ct mark set meta mark")  # fmt: skip
    net.fault("filter by mark", f"{nft} 'add chain ip marks f {{ type filter hook forward priority 0; }}'",
              f"{nft} add rule ip marks f meta mark 7 drop")  # fmt: skip
    net.fault("tos", "ip -n r rule add pref 4 tos 0x10 blackhole")
    net.fault("ports", "ip -n r rule add pref 4 ipproto udp dport 7007 lookup 102")
    net.fault("sport back", "ip -n b rule add pref 4 ipproto tcp sport 7007 prohibit")
    net.fault("not", "ip -n r rule add pref 4 not from 10.0.0.0/24 lookup 102")
    net.fault("oif", "ip -n r rule add pref 4 oif up1 blackhole")
    net.fault("iif lo", "ip -n r rule add pref 4 iif lo prohibit")
    net.fault("multipath", "ip -n r route replace default nexthop via 10.1.0.254 nexthop via 10.2.0.254")
    net.fault("nexthop object", "ip -n r nexthop add id 5 via 10.2.0.254 dev up2; ip -n r route replace default nhid 5")
    net.fault("blackhole object", "ip -n r nexthop add id 6 blackhole; ip -n r route replace default nhid 6")
    net.host_faults("a", "eth0", "10.0.0.254")
    net.host_faults("b", "e1", "10.11.0.254")


def _six(net: _Net) -> None:
    """An IPv6 network with link-local gateways, routes by source, proxies, prefixes and translation."""
    net.add("a", "r", "s", "b", "c")
    net.cable("a", "eth0", "r", "ra", ("fd01::1/64", "fd01::fe/64"))
    net.cable("r", "rs", "s", "sr", ("fd02::1/64", "fd02::2/64"))
    net.cable("s", "sb", "b", "eth0", ("fd03::fe/64", "fd03::1/64"))
    net.cable("s", "sc", "c", "eth0", ("fd04::fe/64", "fd04::1/64"))
    for name, devs in (("r", ["ra", "rs"]), ("s", ["sr", "sb", "sc"])):
        net.forwards(name, devs, six=True)
        net.firewalls6(name, devs)
    net.sh("ip -n r address add fe80::fe/64 dev ra nodad", "ip -n s address add fe80::2/64 dev sr nodad")
    if net.rng.random() < 0.5:
        net.sh("ip -n a -6 route add default via fe80::fe dev eth0")
    else:
        net.route("a", "default via fd01::fe", six=True)
    net.route("r", net.rng.choice(["fd00::/8 via fd02::2", "default via fe80::2 dev rs", "fd03::/64 via fd02::2"]), six=True)
    net.route("s", "fd01::/64 via fd02::1", six=True)
    net.route("b", "default via fd03::fe", six=True)
    net.route("c", "default via fd04::fe", six=True)
    net.fault("by source", "ip -n r -6 route add unreachable fd03::/64 from fd01::/64")
    net.fault("by source back", "ip -n s -6 route add blackhole fd01::/64 from fd03::1/128")
    net.fault("anycast", "ip -n a -6 route add fd01::/128 dev eth0")
    net.fault("proxy", "ip -n a -6 route del default; ip -n a -6 route add fd03::/64 dev eth0",
              net._sysctl("r", "ipv6/conf/ra/proxy_ndp", 1), "ip -n r neigh add proxy fd03::1 dev ra")  # fmt: skip
    net.fault("all on the link", "ip -n a -6 route flush default; ip -n a -6 route add default dev eth0")
    net.fault("on lo", "ip -n b address add fd99::1/128 dev lo nodad", "ip -n s -6 route add fd99::1 via fd03::1")
    net.fault("next hop on lo", "ip -n b address add fd99::1/128 dev lo nodad", "ip -n s -6 route add fd99::1 dev sb")
    net.fault("deprecated", "ip -n a address change fd01::1/64 dev eth0 preferred_lft 0")
    net.fault(
        "local scope only", "ip -n a address flush dev eth0 scope global; ip -n a -6 route replace default via fe80::fe dev eth0"
    )
    net.fault("two addresses", "ip -n b address add fd03::99/64 dev eth0 nodad")
    net.fault("host length", "ip -n b address add fd03::1/128 dev eth0 nodad", "ip -n b address del fd03::1/64 dev eth0")
    net.fault("rule", "ip -n r -6 rule add pref 9 from fd01::/64 prohibit")
    net.fault("rule own", "ip -n a -6 rule add pref 9 from fd01::1 blackhole")
    net.fault("rule iif", "ip -n s -6 rule add pref 9 iif sb unreachable")
    net.fault("multipath", "ip -n s -6 route append fd01::/64 via fd03::1")
    net.fault("metric", "ip -n r -6 route add unreachable fd03::/64 metric 5")
    net.fault("metric later", "ip -n r -6 route add unreachable fd03::/64 metric 5000")
    net.fault("prefsrc", "ip -n a address add fd98::1/128 dev lo nodad",
              "ip -n a -6 route flush default; ip -n a -6 route add default via fd01::fe src fd98::1")  # fmt: skip
    net.fault("echo ignored", net._sysctl("b", "ipv6/icmp/echo_ignore_all", 1))
    net.fault("disabled", net._sysctl("b", "ipv6/conf/eth0/disable_ipv6", 1))
    net.fault("wrong mac", "ip -n a neigh replace fd01::fe lladdr 02:00:00:00:99:99 dev eth0 nud permanent")
    for name, out in (("r", "rs"), ("s", "sc")):
        nft = f"ip netns exec {name} nft"
        net.fault(f"masquerade {name}", f"{nft} add table ip6 nat", f"{nft} 'add chain ip6 nat p {{ type nat hook postrouting priority 100; }}'",
                  f"{nft} add rule ip6 nat p oifname {out} masquerade")  # fmt: skip
    net.fault("dnat", "ip netns exec r nft add table ip6 nat", "ip netns exec r nft 'add chain ip6 nat p { type nat hook prerouting priority -100; }'",
              "ip netns exec r nft add rule ip6 nat p ip6 daddr fd01::fe dnat to fd03::1")  # fmt: skip
    for name, dev in (("a", "eth0"), ("b", "eth0"), ("c", "eth0")):
        net.fault(f"arp off {name}", f"ip -n {name} link set dev {dev} arp off")
        net.fault(f"lo down {name}", f"ip -n {name} link set dev lo down")


def _flannel(net: _Net) -> None:
    """Three nodes whose pods talk over a routed vxlan without learning, as with flannel."""
    net.add("sw")
    net.sh("ip -n sw link add br0 type bridge", "ip -n sw link set dev br0 up")
    nodes = [1, 2, 3]
    for n in nodes:
        net.add(f"n{n}", f"p{n}", f"q{n}")
        net.cable(f"n{n}", "eth0", "sw", f"e{n}", (f"192.168.0.{n}/24", ""))
        net.sh(f"ip -n sw link set dev e{n} master br0",
               f"ip -n n{n} link add flannel.1 address 02:00:00:00:01:0{n} type vxlan id 1 local 192.168.0.{n} dstport 8472 nolearning"
               + (" dev eth0" if net.rng.random() < 0.5 else ""),
               f"ip -n n{n} address add 10.244.{n}.0/32 dev flannel.1", f"ip -n n{n} link set dev flannel.1 up",
               f"ip -n n{n} link add cni0 type bridge", f"ip -n n{n} link set dev cni0 up")  # fmt: skip
        net.address(f"n{n}", "cni0", f"10.244.{n}.1/24")
        for name, last in ((f"p{n}", 2), (f"q{n}", 3)):
            net.cable(name, "eth0", f"n{n}", f"v{last}", (f"10.244.{n}.{last}/24", ""))
            net.sh(f"ip -n n{n} link set dev v{last} master cni0")
            net.route(name, f"default via 10.244.{n}.1")
        net.forwards(f"n{n}", ["eth0", "flannel.1", "cni0"])
        net.host_faults(f"p{n}", "eth0", f"10.244.{n}.1")
        net.fault(f"flannel down n{n}", f"ip -n n{n} link set dev flannel.1 down")
        net.fault(f"8472 in n{n}", f"ip netns exec n{n} nft add table ip guard",
                  f"ip netns exec n{n} nft 'add chain ip guard in {{ type filter hook input priority 0; }}'",
                  f"ip netns exec n{n} nft add rule ip guard in udp dport 8472 drop")  # fmt: skip
        net.fault(f"8472 out n{n}", f"ip netns exec n{n} nft add table ip guard",
                  f"ip netns exec n{n} nft 'add chain ip guard out {{ type filter hook output priority 0; }}'",
                  f"ip netns exec n{n} nft add rule ip guard out udp dport 8472 drop")  # fmt: skip
        nft = f"ip netns exec n{n} iptables -t nat"
        net.sh(f"{nft} -A POSTROUTING -s 10.244.0.0/16 -d 10.244.0.0/16 -j RETURN",
               f"{nft} -A POSTROUTING -s 10.244.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE",
               f"{nft} -A POSTROUTING ! -s 10.244.0.0/16 -d 10.244.{n}.0/24 -j RETURN",
               f"{nft} -A POSTROUTING ! -s 10.244.0.0/16 -d 10.244.0.0/16 -j MASQUERADE")  # fmt: skip
        net.fault(f"vni n{n}", f"ip -n n{n} link del flannel.1",
                  f"ip -n n{n} link add flannel.1 address 02:00:00:00:01:0{n} type vxlan id 2 local 192.168.0.{n} dstport 8472 nolearning",
                  f"ip -n n{n} link set dev flannel.1 up")  # fmt: skip
    for n in nodes:
        for other in nodes:
            if other != n:
                net.sh(f"ip -n n{n} route add 10.244.{other}.0/24 via 10.244.{other}.0 dev flannel.1 onlink",
                       f"ip -n n{n} neigh add 10.244.{other}.0 lladdr 02:00:00:00:01:0{other} dev flannel.1 nud permanent",
                       f"bridge -n n{n} fdb append 02:00:00:00:01:0{other} dev flannel.1 dst 192.168.0.{other} self permanent")  # fmt: skip
                net.fault(
                    f"no fdb n{n} {other}", f"bridge -n n{n} fdb del 02:00:00:00:01:0{other} dev flannel.1 dst 192.168.0.{other}"
                )
                net.fault(
                    f"wrong fdb n{n} {other}",
                    f"bridge -n n{n} fdb replace 02:00:00:00:01:0{other} dev flannel.1 dst 192.168.0.{6 - n - other}",
                )
                net.fault(f"no neighbour n{n} {other}", f"ip -n n{n} neigh del 10.244.{other}.0 dev flannel.1")
                net.fault(f"no route n{n} {other}", f"ip -n n{n} route del 10.244.{other}.0/24")


def _macrouter(net: _Net) -> None:
    """Macvlans on two cables of a host, each in a namespace of its own; one of these routes for the others."""
    net.add("host", "m1", "m2", "rt", "out", "x")
    net.cable("host", "eth0", "out", "eth0", ("10.0.0.1/24", "10.0.0.9/24"), ("fd00::1/64", "fd00::9/64"))
    net.cable("host", "eth1", "x", "eth0", ("10.1.0.1/24", "10.1.0.9/24"))
    modes = [net.rng.choice(["bridge", "bridge", "bridge", "private", "vepa"]) for _ in range(3)]
    for name, dev, parent, mode, address in (
        ("m1", "eth0", "eth0", modes[0], "10.0.0.2/24"), ("m2", "eth0", "eth0", modes[1], "10.0.0.3/24"),
        ("rt", "eth0", "eth0", modes[2], "10.0.0.254/24"), ("rt", "eth1", "eth1", "bridge", "10.1.0.254/24"),
    ):  # fmt: skip
        net.sh(
            f"ip -n host link add mv9 link {parent} type macvlan mode {mode}",
            f"ip -n host link set dev mv9 netns {name} name {dev}",
        )
        net.address(name, dev, address)
        net.sh(f"ip -n {name} link set dev {dev} up")
    for name in ("m1", "m2", "out"):
        net.route(name, "10.1.0.0/24 via 10.0.0.254")
        net.host_faults(name, "eth0", "10.0.0.254")
    net.route("x", "10.0.0.0/24 via 10.1.0.254")
    if net.rng.random() < 0.3:
        net.route("host", "default via 10.0.0.254")
    net.forwards("rt", ["eth0", "eth1"])
    net.sh("ip -n host link add own link eth0 type macvlan mode bridge", "ip -n host address add 10.0.0.77/24 dev own")
    net.fault("own up", "ip -n host link set dev own up")
    net.fault("parent down", "ip -n host link set dev eth0 down")
    net.fault("parent's peer down", "ip -n out link set dev eth0 down")
    net.fault("child down", "ip -n m1 link set dev eth0 down")
    net.fault(
        "bridged parent",
        "ip -n host link add br0 type bridge; ip -n host link set dev br0 up; ip -n host link set dev eth1 master br0",
    )
    net.fault("same mac", "ip -n m2 link set dev eth0 address $(ip netns exec m1 cat /sys/class/net/eth0/address)")
    net.firewalls("rt", "10.1.0.9", ["eth0", "eth1"])
    net.firewalls("host", "10.0.0.9", ["eth0", "eth1"])


def _inbound(net: _Net) -> None:
    """A flat network of a provider: hosts with several links in it, wrong prefix lengths, proxies and foreign addresses."""
    net.add("sw", "a", "b", "two", "gw", "far")
    net.sh("ip -n sw link add br0 type bridge", "ip -n sw link set dev br0 up")
    for n, (name, dev, address) in enumerate((("a", "eth0", "10.0.0.1/24"), ("b", "eth0", "10.0.0.2/24"), ("two", "eth0", "10.0.0.3/24"),
                                              ("two", "eth1", "10.0.0.4/24"), ("gw", "eth0", "10.0.0.254/24"))):  # fmt: skip
        net.cable(name, dev, "sw", f"p{n}", (address, ""))
        net.sh(f"ip -n sw link set dev p{n} master br0")
    net.cable("gw", "eth1", "far", "eth0", ("10.9.0.254/24", "10.9.0.1/24"))
    net.forwards("gw", ["eth0", "eth1"])
    for name in ("a", "b", "two"):
        net.route(name, "default via 10.0.0.254")
    net.route("far", "default via 10.9.0.254")
    net.fault("strict two", net._sysctl("two", "ipv4/conf/all/rp_filter", 1))
    net.fault("ignore two", net._sysctl("two", "ipv4/conf/all/arp_ignore", 1))
    net.fault("filter two", net._sysctl("two", "ipv4/conf/all/arp_filter", 1))
    net.fault("announce two", net._sysctl("two", "ipv4/conf/all/arp_announce", 2))
    net.fault("wide far", "ip -n far address del 10.9.0.1/24 dev eth0; ip -n far address add 10.9.0.1/8 dev eth0")
    net.fault("wide far proxied", "ip -n far address del 10.9.0.1/24 dev eth0; ip -n far address add 10.9.0.1/8 dev eth0",
              net._sysctl("gw", "ipv4/conf/eth1/proxy_arp", 1), net._sysctl("gw", "ipv4/neigh/eth1/proxy_delay", 0))  # fmt: skip
    net.fault("wide a", "ip -n a address del 10.0.0.1/24 dev eth0; ip -n a address add 10.0.0.1/8 dev eth0")
    net.fault("narrow a", "ip -n a address add 10.0.0.1/30 dev eth0; ip -n a address del 10.0.0.1/24 dev eth0; "
              "ip -n a route add default via 10.0.0.254 dev eth0 onlink")  # fmt: skip
    net.fault("steals the gateway", "ip -n b address add 10.0.0.254/24 dev eth0")
    net.fault("steals far", "ip -n b address add 10.9.0.1/32 dev lo")
    net.fault("any ip", "ip -n b route add local 10.9.0.0/24 dev lo")
    net.fault("proxy entry", "ip -n b neigh add proxy 10.0.0.99 dev eth0; ip -n a neigh add proxy 10.0.0.4 dev eth0")
    net.fault("all on the link", "ip -n a route del default; ip -n a route add default dev eth0")
    net.fault("gateway is a host", "ip -n a route replace default via 10.0.0.2")
    net.fault(
        "gateway is itself",
        "ip -n a route replace default via 10.0.0.2; ip netns exec b sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'",
    )
    net.fault("static mac of b", "ip -n a neigh replace 10.0.0.254 lladdr $(ip netns exec b cat /sys/class/net/eth0/address) dev eth0 nud permanent; "
              "ip netns exec b sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'")  # fmt: skip
    net.fault("accept local", net._sysctl("b", "ipv4/conf/all/accept_local", 1), "ip -n b address add 10.0.0.1/24 dev lo")
    net.fault("secondary", "ip -n a address add 10.0.0.11/24 dev eth0")
    net.fault("broadcast", "ip -n a address add 10.0.0.8/29 dev eth0")
    net.fault("127 there", "ip -n a route add 127.5.0.0/16 via 10.0.0.2")
    net.fault("no lo", "ip -n two link set dev lo down")
    net.fault("gw sends back", "ip -n gw route add 10.9.0.0/25 via 10.0.0.1")
    for name in ("a", "b", "two"):
        net.host_faults(name, "eth0", "10.0.0.254")


def _chain_filtered(net: _Net) -> None:
    _chain(net, filters=True)


def _chain_natted(net: _Net) -> None:
    _chain(net, filters=net.rng.random() < 0.5, nat=True)


KINDS = {
    "chain": _chain, "ring": _ring, "lan": _lan, "docker": _docker, "calico": _calico, "overlay": _overlay,
    "macvlan": _macvlan, "policy": _policy, "filtered": _chain_filtered, "natted": _chain_natted, "star": _star, "mesh": _mesh,
    "dockers": _dockers, "bridges": _bridges, "natchain": _natchain, "marks": _marks, "six": _six, "flannel": _flannel,
    "macrouter": _macrouter, "inbound": _inbound,
}  # fmt: skip


def imagine(seed: int) -> Imagined:
    """The network that a seed makes."""
    rng = random.Random(seed)
    kind = list(KINDS)[seed % len(KINDS)]
    net = _Net(rng)
    KINDS[kind](net)
    return net.done(kind)
