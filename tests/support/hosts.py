"""Random small networks in a host of their own, most with one fault: lines of a shell that make them."""

from __future__ import annotations

import random
from typing import NamedTuple


class Imagined(NamedTuple):
    """A network: the shell's lines, the namespaces to ask from, and the fault."""

    kind: str
    fault: str
    script: str
    names: list[str]


class _Net:
    """Collects the lines."""

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
        """A veth pair, with (address of a, address of b) for each family."""
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
        """What goes wrong at an end."""
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
        """What a firewall may do in a namespace."""
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

    def done(self, kind: str) -> Imagined:
        fault = "none"
        lines: list[str] = []
        if self.faults and self.rng.random() < 0.8:
            fault, lines = self.rng.choice(self.faults)
        text = "\n".join([*self.lines, *(f"{line} || true" for line in lines)])
        return Imagined(kind, fault, text, self.names)


def _chain(net: _Net, filters: bool = False, nat: bool = False) -> None:
    """a - r1 … rn - b, IPv4 and IPv6."""
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
    """Routers in a ring that all send the same way round."""
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
    """Hosts on a bridge in a switch of its own, a gateway, and a host behind it."""
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
    """Macvlans on a host's link, and a neighbour on the other end of it."""
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


def _chain_filtered(net: _Net) -> None:
    _chain(net, filters=True)


def _chain_natted(net: _Net) -> None:
    _chain(net, filters=net.rng.random() < 0.5, nat=True)


KINDS = {
    "chain": _chain, "ring": _ring, "lan": _lan, "docker": _docker, "calico": _calico, "overlay": _overlay,
    "macvlan": _macvlan, "policy": _policy, "filtered": _chain_filtered, "natted": _chain_natted,
}  # fmt: skip


def imagine(seed: int) -> Imagined:
    """The network of a seed."""
    rng = random.Random(seed)
    kind = list(KINDS)[seed % len(KINDS)]
    net = _Net(rng)
    KINDS[kind](net)
    return net.done(kind)
