"""Random small networks of links that few test machines have: vlan, vrf, ipvlan, macvlan, bond, tunnels, wireguard.

Like :mod:`hosts`: shell lines that make a network, most with one fault. ``SHARED/packets.py`` and the fuzz runner use them.
"""

# ruff: noqa: E501 (a fault is one row)

from __future__ import annotations

import random
from collections.abc import Callable

from hosts import Imagined, _Net


def _vlans(net: _Net) -> None:
    """Stations on a switch with VLANs: tagged and untagged ports, and a router on one of the switch's own VLAN links."""
    rng = net.rng
    count = rng.randint(3, 4)
    names = [f"h{n}" for n in range(count)]
    net.add("sw", *names)
    net.sh("ip -n sw link add br0 type bridge vlan_filtering 1 vlan_default_pvid 0", "ip -n sw link set dev br0 up")
    vids = rng.sample([10, 20, 30, 7, 100], 2)
    for n, name in enumerate(names):
        vid = vids[n % 2] if rng.random() < 0.7 else vids[0]
        tagged = rng.random() < 0.5
        net.cable(name, "eth0", "sw", f"p{n}")
        net.sh(f"ip -n sw link set dev p{n} master br0")
        six = f"fd{vid:02x}::{n + 1}/64"
        if tagged:
            dev = f"eth0.{vid}"
            net.sh(f"ip -n {name} link add link eth0 name {dev} type vlan id {vid}", f"bridge -n sw vlan add dev p{n} vid {vid}")
            net.fault(f"vlan link down {name}", f"ip -n {name} link set dev {dev} down")
            net.fault(f"wrong id {name}", f"ip -n {name} link del {dev}", f"ip -n {name} link add link eth0 name {dev} type vlan id {vid + 1}",
                      f"ip -n {name} address add 10.{vid}.0.{n + 1}/24 dev {dev}", f"ip -n {name} link set dev {dev} up",
                      f"ip -n {name} route add default via 10.{vid}.0.254")  # fmt: skip
            net.fault(f"802.1ad {name}", f"ip -n {name} link del {dev}", f"ip -n {name} link add link eth0 name {dev} type vlan proto 802.1ad id {vid}",
                      f"ip -n {name} address add 10.{vid}.0.{n + 1}/24 dev {dev}", f"ip -n {name} link set dev {dev} up")  # fmt: skip
            net.fault(f"untagged leaves p{n}", f"bridge -n sw vlan add dev p{n} vid {vid} untagged")
            net.fault(f"pvid p{n}", f"bridge -n sw vlan add dev p{n} vid {vid} pvid untagged")
        else:
            dev = "eth0"
            net.sh(f"bridge -n sw vlan add dev p{n} vid {vid} pvid untagged")
            net.fault(f"no pvid p{n}", f"bridge -n sw vlan add dev p{n} vid {vid}")
            net.fault(f"pvid only p{n}", f"bridge -n sw vlan add dev p{n} vid {vid} pvid")
            net.fault(
                f"another pvid p{n}", f"bridge -n sw vlan add dev p{n} vid {vids[1] if vid == vids[0] else vids[0]} pvid untagged"
            )
        net.address(name, dev, f"10.{vid}.0.{n + 1}/24")
        if rng.random() < 0.5:
            net.address(name, dev, six)
        net.sh(f"ip -n {name} link set dev {dev} up")
        net.route(name, f"default via 10.{vid}.0.254")
        net.fault(f"vlan missing p{n}", f"bridge -n sw vlan del dev p{n} vid {vid}")
        net.fault(f"isolated p{n}", f"bridge -n sw link set dev p{n} isolated on; bridge -n sw link set dev p0 isolated on")
        net.host_faults(name, dev)
    for vid in vids:
        net.sh(f"bridge -n sw vlan add dev br0 vid {vid} self", f"ip -n sw link add link br0 name br0.{vid} type vlan id {vid}")
        net.address("sw", f"br0.{vid}", f"10.{vid}.0.254/24")
        net.sh(f"ip -n sw link set dev br0.{vid} up")
        net.fault(f"no self {vid}", f"bridge -n sw vlan del dev br0 vid {vid} self")
        net.fault(f"self untagged {vid}", f"bridge -n sw vlan add dev br0 vid {vid} self pvid untagged")
        net.fault(f"br0.{vid} down", f"ip -n sw link set dev br0.{vid} down")
    net.forwards("sw", [f"br0.{vid}" for vid in vids])
    net.fault("no filtering", "ip -n sw link set dev br0 type bridge vlan_filtering 0")
    net.fault("bridge down", "ip -n sw link set dev br0 down")
    net.fault("strict sw", net._sysctl("sw", "ipv4/conf/all/rp_filter", 1))


def _stacked(net: _Net) -> None:
    """VLANs on a cable without a switch: two of them, one inside the other, one moved to a namespace of its own."""
    rng = net.rng
    net.add("a", "b", "c")
    net.cable("a", "eth0", "b", "eth0", ("10.1.0.1/24", "10.1.0.2/24"), ("fd01::1/64", "fd01::2/64"))
    outer = rng.choice(["802.1Q", "802.1ad"])
    for name, last in (("a", 1), ("b", 2)):
        for dev, parent, words, net_number in (
            ("eth0.5", "eth0", "id 5", 5), ("q", "eth0", f"proto {outer} id 200", 6), ("q.7", "q", "id 7", 7),
        ):  # fmt: skip
            net.sh(f"ip -n {name} link add link {parent} name {dev} type vlan {words}")
            net.address(name, dev, f"10.{net_number}.0.{last}/24")
            net.sh(f"ip -n {name} link set dev {dev} up")
            net.fault(f"{dev} down {name}", f"ip -n {name} link set dev {dev} down")
            net.fault(f"{dev} gone {name}", f"ip -n {name} link del {dev}")
            net.fault(f"{dev} arp off {name}", f"ip -n {name} link set dev {dev} arp off")
    net.sh("ip -n b link add link eth0 name c9 type vlan id 9", "ip -n b link set dev c9 netns c")
    net.sh("ip -n a link add link eth0 name eth0.9 type vlan id 9")
    net.address("c", "c9", "10.9.0.3/24")
    net.address("a", "eth0.9", "10.9.0.1/24")
    net.sh("ip -n c link set dev c9 up", "ip -n a link set dev eth0.9 up")
    net.fault("wrong outer id", "ip -n b link del q.7", "ip -n b link del q", f"ip -n b link add link eth0 name q type vlan proto {outer} id 201",
              "ip -n b address add 10.6.0.2/24 dev q", "ip -n b link set dev q up")  # fmt: skip
    net.fault("wrong outer protocol", "ip -n b link del q.7", "ip -n b link del q",
              f"ip -n b link add link eth0 name q type vlan proto {'802.1ad' if outer == '802.1Q' else '802.1Q'} id 200",
              "ip -n b address add 10.6.0.2/24 dev q", "ip -n b link set dev q up")  # fmt: skip
    net.fault("small parent", "ip -n b link set dev eth0 mtu 1400")
    net.fault("mac of a VLAN link", "ip -n b link set dev eth0.5 address 02:00:00:00:55:01")
    net.forwards("a", ["eth0", "eth0.9"])
    net.route("c", "default via 10.9.0.1")
    net.route("b", "10.9.0.0/24 via 10.1.0.1")


def _vrf(net: _Net) -> None:
    """A router with two VRFs and a link outside of them; stations on each; leaks by routes or by rules."""
    rng = net.rng
    net.add("r", "a", "b", "c", "d")
    net.sh(
        "ip -n r link add red type vrf table 10",
        "ip -n r link add blue type vrf table 20",
        "ip -n r link set dev red up",
        "ip -n r link set dev blue up",
    )
    for n, (name, vrf) in enumerate((("a", "red"), ("b", "red"), ("c", "blue"), ("d", ""))):
        net.sh(f"ip -n {name} link add eth0 type veth peer name e{n} netns r")
        if vrf:
            net.sh(f"ip -n r link set dev e{n} master {vrf}")
        for netns, dev, address in (
            (name, "eth0", f"10.{n}.0.1/24"),
            ("r", f"e{n}", f"10.{n}.0.254/24"),
            (name, "eth0", f"fd0{n}::1/64"),
            ("r", f"e{n}", f"fd0{n}::fe/64"),
        ):
            net.address(netns, dev, address)
        net.sh(f"ip -n {name} link set dev eth0 up", f"ip -n r link set dev e{n} up")
        net.route(name, f"default via 10.{n}.0.254")
        net.route(name, f"default via fd0{n}::fe", six=True)
        net.fault(f"link down r e{n}", f"ip -n r link set dev e{n} down")
        net.host_faults(name, "eth0", f"10.{n}.0.254")
        if vrf:
            net.fault(f"e{n} outside", f"ip -n r link set dev e{n} nomaster")
            net.fault(f"e{n} other", f"ip -n r link set dev e{n} master {'blue' if vrf == 'red' else 'red'}")
        else:
            net.fault("d in red", "ip -n r link set dev e3 master red")
    net.forwards("r", ["e0", "e1", "e2", "e3"], six=True)
    for vrf in ("red", "blue"):
        if rng.random() < 0.5:
            net.sh(f"ip -n r route add unreachable default metric 4278198272 table {10 if vrf == 'red' else 20}")
        net.fault(f"{vrf} down", f"ip -n r link set dev {vrf} down")
        net.fault(f"forwarding {vrf}", net._sysctl("r", f"ipv4/conf/{vrf}/forwarding", 0))
        net.fault(f"rp_filter {vrf}", net._sysctl("r", f"ipv4/conf/{vrf}/rp_filter", 1))
    for name in ("tcp", "udp"):
        if rng.random() < 0.5:
            net.sysctl("r", f"ipv4/{name}_l3mdev_accept", 1)
        net.fault(f"{name} accept", net._sysctl("r", f"ipv4/{name}_l3mdev_accept", 1))
    leak = rng.choice(["none", "routes", "routes", "vrf", "vrf", "rules"])
    if leak == "routes":
        net.route("r", "10.2.0.0/24 dev e2 table 10")
        net.route("r", "10.0.0.0/24 dev e0 table 20")
        net.route("r", "10.3.0.0/24 dev e3 table 10")
        net.route("r", "10.0.0.0/24 dev e0")
    elif leak == "vrf":
        net.route("r", "10.2.0.0/24 dev blue table 10")
        net.route("r", "10.0.0.0/24 dev red table 20")
        net.route("r", "10.0.0.0/24 dev red")
    elif leak == "rules":
        net.sh("ip -n r rule add pref 500 to 10.2.0.0/24 lookup 20", "ip -n r rule add pref 501 to 10.0.0.0/24 lookup 10")
        net.fault("rule gone", "ip -n r rule del pref 501")
    net.fault("strict r", net._sysctl("r", "ipv4/conf/all/rp_filter", 1))
    net.fault("loose r", net._sysctl("r", "ipv4/conf/all/rp_filter", 2))
    net.fault("default in red", "ip -n r route add default via 10.1.0.1 table 10")
    net.fault("no l3mdev rule", "ip -n r rule del pref 1000")
    net.fault("local rule behind", "ip -n r rule add pref 2000 lookup local", "ip -n r rule del pref 0")


def _ipvlan(net: _Net) -> None:
    """Ipvlans on a host's link in one of the modes, with a neighbour at the other end of the link."""
    rng = net.rng
    mode, flag = rng.choice(["l2", "l3", "l3s"]), rng.choice(["bridge", "bridge", "private", "vepa"])
    net.add("host", "i1", "i2", "out")
    net.cable("host", "eth0", "out", "eth0", ("10.0.0.1/24", "10.0.0.9/24"), ("fd00::1/64", "fd00::9/64"))
    other = rng.random() < 0.4  # a network of its own, that the neighbour has a route to
    for n in (1, 2):
        net.sh(
            f"ip -n host link add iv{n} link eth0 type ipvlan mode {mode} {flag}",
            f"ip -n host link set dev iv{n} netns i{n} name eth0",
        )
        net.address(f"i{n}", "eth0", f"10.7.0.{n}/24" if other else f"10.0.0.{n + 1}/24")
        if rng.random() < 0.5:
            net.address(f"i{n}", "eth0", f"fd00::{n + 1}/64")
        net.sh(f"ip -n i{n} link set dev eth0 up")
        net.fault(f"child down i{n}", f"ip -n i{n} link set dev eth0 down")
        if other or rng.random() < 0.5:
            net.route(f"i{n}", "default dev eth0")
        net.fault(f"icmp ignored i{n}", net._sysctl(f"i{n}", "ipv4/icmp_echo_ignore_all", 1))
    if other:
        net.route("out", "10.7.0.0/24 via 10.0.0.1" if rng.random() < 0.5 else "10.7.0.0/24 dev eth0")
        if rng.random() < 0.5:
            net.route("host", "10.7.0.0/24 dev eth0")
            net.forwards("host", ["eth0"])
    net.fault("parent down", "ip -n host link set dev eth0 down")
    net.fault(
        "static neighbour",
        "ip -n out neigh replace 10.0.0.2 lladdr $(ip netns exec host cat /sys/class/net/eth0/address) dev eth0 nud permanent",
    )


def _macvlan(net: _Net) -> None:
    """Macvlans of several modes on one parent that is a station of a bridge, which may send back what comes in (hairpin)."""
    rng = net.rng
    net.add("sw", "host", "m1", "m2", "m3", "out")
    net.sh("ip -n sw link add br0 type bridge", "ip -n sw link set dev br0 up")
    for n, (name, last) in enumerate((("host", 1), ("out", 9))):
        net.cable(name, "eth0", "sw", f"p{n}", (f"10.0.0.{last}/24", ""), (f"fd00::{last}/64", ""))
        net.sh(f"ip -n sw link set dev p{n} master br0")
    if rng.random() < 0.5:
        net.sh("bridge -n sw link set dev p0 hairpin on")
    net.fault("hairpin", "bridge -n sw link set dev p0 hairpin on")
    parent = "eth0"
    if rng.random() < 0.3:
        parent = "eth0.5"
        net.sh("ip -n host link add link eth0 name eth0.5 type vlan id 5", "ip -n host link set dev eth0.5 up")
        net.sh("ip -n out link add link eth0 name eth0.5 type vlan id 5", "ip -n out link set dev eth0.5 up")
        net.address("out", "eth0.5", "10.5.0.9/24")
        net.fault("parent vlan down", "ip -n host link set dev eth0.5 down")
    net_number = 0 if parent == "eth0" else 5
    modes = ["passthru"] if rng.random() < 0.2 else rng.choices(["bridge", "bridge", "private", "vepa"], k=3)
    for n, mode in enumerate(modes, 1):
        net.sh(
            f"ip -n host link add mv{n} link {parent} type macvlan mode {mode}",
            f"ip -n host link set dev mv{n} netns m{n} name eth0",
        )
        net.address(f"m{n}", "eth0", f"10.{net_number}.0.{n + 1}/24")
        net.address(f"m{n}", "eth0", f"fd0{net_number}::{n + 1}/64")
        net.sh(f"ip -n m{n} link set dev eth0 up")
        net.host_faults(f"m{n}", "eth0")
        net.fault(f"child down m{n}", f"ip -n m{n} link set dev eth0 down")
        net.fault(
            f"child of its own mode m{n}",
            f"ip -n m{n} link set dev eth0 type macvlan mode {rng.choice(['bridge', 'private', 'vepa'])}",
        )
        net.fault(f"own mac m{n}", f"ip -n m{n} link set dev eth0 address 02:00:00:00:77:0{n}")
    net.fault("parent down", "ip -n host link set dev eth0 down")
    net.fault("bridge down", "ip -n sw link set dev br0 down")
    net.fault("blocked p0", "bridge -n sw link set dev p0 state 4")


def _bond(net: _Net) -> None:
    """A bond at one or both ends of two cables, or to two ports of a bridge; a member down somewhere."""
    rng = net.rng
    mode = rng.choice(["active-backup", "active-backup", "balance-rr", "balance-xor", "broadcast"])
    miimon = rng.choice([0, 100])
    net.add("a", "b", "c")
    switch = rng.random() < 0.5
    if switch:
        net.add("sw")
        net.sh("ip -n sw link add br0 type bridge", "ip -n sw link set dev br0 up")
    net.sh(f"ip -n a link add bond0 type bond mode {mode} miimon {miimon}")
    if not switch:
        net.sh(f"ip -n b link add bond0 type bond mode {mode} miimon {miimon}")
    for n in (0, 1):
        other, dev = ("sw", f"p{n}") if switch else ("b", f"eth{n}")
        net.sh(f"ip -n a link add eth{n} type veth peer name {dev} netns {other}", f"ip -n a link set dev eth{n} master bond0")
        net.sh(
            f"ip -n {other} link set dev {dev} master {'br0' if switch else 'bond0'}",
            f"ip -n a link set dev eth{n} up",
            f"ip -n {other} link set dev {dev} up",
        )
        net.fault(f"member down a eth{n}", f"ip -n a link set dev eth{n} down")
        net.fault(f"member down {other} {dev}", f"ip -n {other} link set dev {dev} down")
        net.fault(f"no master a eth{n}", f"ip -n a link set dev eth{n} nomaster")
    net.sh("ip -n a link set dev bond0 up")
    net.address("a", "bond0", "10.0.0.1/24")
    net.address("a", "bond0", "fd00::1/64")
    if switch:
        net.cable("b", "eth0", "sw", "p9", ("10.0.0.2/24", ""), ("fd00::2/64", ""))
        net.sh("ip -n sw link set dev p9 master br0")
    else:
        net.sh("ip -n b link set dev bond0 up")
        net.address("b", "bond0", "10.0.0.2/24")
        net.address("b", "bond0", "fd00::2/64")
    if mode == "active-backup":
        net.fault("other active", f"ip -n a link set dev bond0 type bond active_slave eth{rng.choice([0, 1])}")
    net.fault("bond down", "ip -n a link set dev bond0 down")
    net.fault("all members down", "ip -n a link set dev eth0 down", "ip -n a link set dev eth1 down")
    net.cable("b", "far", "c", "eth0", ("10.3.0.2/24", "10.3.0.3/24"))
    net.forwards("b", ["bond0" if not switch else "eth0", "far"])
    net.route("c", "default via 10.3.0.2")
    net.route("a", "default via 10.0.0.2")
    if rng.random() < 0.4:
        net.sh("ip -n a link add link bond0 name bond0.4 type vlan id 4", "ip -n a link set dev bond0.4 up")
        net.address("a", "bond0.4", "10.4.0.1/24")
        dev = "eth0" if switch else "bond0"
        net.sh(f"ip -n b link add link {dev} name v4 type vlan id 4", "ip -n b link set dev v4 up")
        net.address("b", "v4", "10.4.0.2/24")


_TUNNELS = ("gre", "ipip", "sit", "gretap", "vti", "ip6gre", "ip6tnl", "ip6gretap", "geneve", "vxlan")


def _tunnels(net: _Net) -> None:
    """Two nodes behind a router, joined by one or two tunnels, with a station behind each node."""
    rng = net.rng
    net.add("n1", "n2", "u", "s1", "s2")
    for n in (1, 2):
        net.cable(
            f"n{n}", "eth0", "u", f"e{n}", (f"192.168.{n}.1/24", f"192.168.{n}.254/24"), (f"fc0{n}::1/64", f"fc0{n}::fe/64")
        )
        net.cable(f"s{n}", "eth0", f"n{n}", "lan", (f"10.{n}.0.1/24", f"10.{n}.0.254/24"))
        net.route(f"s{n}", f"default via 10.{n}.0.254")
        net.forwards(f"n{n}", ["eth0", "lan"])
        net.route(f"n{n}", f"192.168.{3 - n}.0/24 via 192.168.{n}.254")
        net.route(f"n{n}", f"fc0{3 - n}::/64 via fc0{n}::fe", six=True)
        net.fault(f"rp_filter n{n}", net._sysctl(f"n{n}", "ipv4/conf/all/rp_filter", 1))
    net.forwards("u", ["e1", "e2"], six=True)
    for at, kind in enumerate(rng.sample(_TUNNELS, 2)):
        dev, number = f"t{at}", 50 + at
        key = kind in ("gre", "gretap", "vti", "ip6gre") and (rng.random() < 0.5 or kind == "vti")
        port = rng.choice([4789, 8472])
        for n in (1, 2):
            out, back = (f"fc0{n}::1", f"fc0{3 - n}::1") if kind.startswith("ip6") else (f"192.168.{n}.1", f"192.168.{3 - n}.1")

            def made(n: int = n, local: str = out, remote: str = back, keyed: int = 5 if key else 0, ident: int = 42, port: int = port,
                     kind: str = kind, dev: str = dev, words: str = "") -> str:  # fmt: skip
                if kind == "geneve":
                    return f"ip -n n{n} link add {dev} type geneve id {ident} remote {remote}{words}"
                if kind == "vxlan":
                    return f"ip -n n{n} link add {dev} type vxlan id {ident} remote {remote} local {local} dstport {port}{words}"
                mode = " mode any" if kind == "ip6tnl" else ""
                return f"ip -n n{n} link add {dev} type {kind} local {local} remote {remote}{f' key {keyed}' if keyed else ''}{mode}{words}"

            again = [
                f"ip -n n{n} address add 10.{number}.0.{n}/24 dev {dev}",
                f"ip -n n{n} link set dev {dev} up",
                f"ip -n n{n} route add 10.{3 - n}.0.0/24 via 10.{number}.0.{3 - n} dev {dev}",
            ]
            net.sh(made())
            net.address(f"n{n}", dev, f"10.{number}.0.{n}/24")
            net.sh(f"ip -n n{n} link set dev {dev} up")
            if kind in ("gre", "ip6gre", "ip6tnl", "vxlan", "geneve", "gretap", "sit") and rng.random() < 0.5:
                net.address(f"n{n}", dev, f"fd{number}::{n}/64")
            if at == 0:
                net.route(f"n{n}", f"10.{3 - n}.0.0/24 via 10.{number}.0.{3 - n} dev {dev}")
            gone = f"ip -n n{n} link del {dev}"
            nobody = f"fc0{3 - n}::77" if ":" in back else f"192.168.{3 - n}.77"
            net.fault(f"{kind} down n{n}", f"ip -n n{n} link set dev {dev} down")
            net.fault(f"{kind} gone n{n}", gone)
            net.fault(f"{kind} wrong remote n{n}", gone, made(remote=nobody), *again)
            net.fault(
                f"{kind} any remote n{n}",
                gone,
                made().replace(f" remote {back}", "") if kind not in ("geneve", "vti") else made(),
                *again,
            )
            net.fault(f"{kind} any local n{n}", gone, made().replace(f" local {out}", ""), *again)
            net.fault(
                f"{kind} router as remote n{n}", gone, made(remote=f"fc0{n}::fe" if ":" in back else f"192.168.{n}.254"), *again
            )
            if kind in ("gre", "gretap", "vti", "ip6gre"):
                net.fault(f"{kind} other key n{n}", gone, made(keyed=6), *again)
            if kind in ("gre", "gretap", "ip6gre"):
                net.fault(f"{kind} no key n{n}", gone, made(keyed=0), *again)
                net.fault(f"{kind} ikey okey n{n}", gone, made(keyed=0) + " ikey 5 okey 6", *again)
                net.fault(f"{kind} csum n{n}", gone, made() + " csum", *again)
            if kind in ("geneve", "vxlan"):
                net.fault(f"{kind} other id n{n}", gone, made(ident=43), *again)
                net.fault(
                    f"{kind} other port n{n}", gone, made(port=4790) + (" dstport 6082" if kind == "geneve" else ""), *again
                )
            if kind in ("ipip", "sit", "gre", "gretap"):
                net.fault(f"{kind} ttl n{n}", gone, made() + " ttl 1", *again)
            net.fault(f"{kind} mtu n{n}", f"ip -n n{n} link set dev {dev} mtu 1300")
            net.fault(
                f"{kind} elsewhere n{n}",
                f"ip -n n{n} link set dev {dev} netns s{n}",
                *(line.replace(f"-n n{n} ", f"-n s{n} ") for line in again[:2]),
            )
            proto = {
                "gre": "gre",
                "gretap": "gre",
                "ipip": "ipencap",
                "sit": "ipv6",
                "vxlan": f"udp --dport {port}",
                "geneve": "udp --dport 6081",
                "ip6gre": "gre",
                "ip6gretap": "gre",
            }.get(kind)
            if proto:
                tables = "ip6tables" if ":" in back else "iptables"
                net.fault(f"{kind} filtered n{n}", f"ip netns exec n{n} {tables} -A INPUT -p {proto} -j DROP")
                net.fault(f"{kind} filtered u", f"ip netns exec u {tables} -A FORWARD -p {proto} -j DROP")
        net.fault("small underlay", "ip -n u link set dev e2 mtu 1400", "ip -n n2 link set dev eth0 mtu 1400")


def _overlay(net: _Net) -> None:
    """Three nodes on a LAN with a vxlan each: remotes by list, by multicast group, or by MAC without learning."""
    rng = net.rng
    names = ["n1", "n2", "n3"]
    net.add("sw", *names)
    net.sh("ip -n sw link add br0 type bridge", "ip -n sw link set dev br0 up")
    how = rng.choice(["list", "group", "macs", "one"])
    for n, name in enumerate(names, 1):
        net.cable(name, "eth0", "sw", f"p{n}", (f"192.168.0.{n}/24", ""))
        net.sh(f"ip -n sw link set dev p{n} master br0")
        words = {
            "list": f"local 192.168.0.{n}",
            "group": "group 239.1.1.1 dev eth0",
            "macs": f"local 192.168.0.{n} nolearning",
            "one": f"local 192.168.0.{n} remote 192.168.0.{n % 3 + 1}",
        }[how]
        net.sh(f"ip -n {name} link add vx address 02:00:00:00:00:0{n} type vxlan id 7 dstport 4789 {words}")
        net.address(name, "vx", f"10.0.0.{n}/24")
        net.sh(f"ip -n {name} link set dev vx up")
        again = [f"ip -n {name} address add 10.0.0.{n}/24 dev vx", f"ip -n {name} link set dev vx up"]
        net.fault(
            f"other id {name}",
            f"ip -n {name} link del vx",
            f"ip -n {name} link add vx address 02:00:00:00:00:0{n} type vxlan id 8 dstport 4789 {words}",
            *again,
        )
        net.fault(f"vx down {name}", f"ip -n {name} link set dev vx down")
        if how == "group":
            net.fault(
                f"other group {name}",
                f"ip -n {name} link del vx",
                f"ip -n {name} link add vx type vxlan id 7 dstport 4789 group 239.1.1.2 dev eth0",
                *again,
            )
        net.fault(f"filtered {name}", f"ip netns exec {name} iptables -A INPUT -p udp --dport 4789 -j DROP")
    for n, name in enumerate(names, 1):
        for m in (1, 2, 3):
            if m == n:
                continue
            if how == "list":
                net.sh(f"bridge -n {name} fdb append 00:00:00:00:00:00 dev vx dst 192.168.0.{m}")
                net.fault(f"not in the list {name} {m}", f"bridge -n {name} fdb del 00:00:00:00:00:00 dev vx dst 192.168.0.{m}")
            if how == "macs":
                net.sh(
                    f"bridge -n {name} fdb add 02:00:00:00:00:0{m} dev vx dst 192.168.0.{m}",
                    f"ip -n {name} neigh add 10.0.0.{m} lladdr 02:00:00:00:00:0{m} dev vx nud permanent",
                )
                net.fault(f"no fdb {name} {m}", f"bridge -n {name} fdb del 02:00:00:00:00:0{m} dev vx dst 192.168.0.{m}")
                net.fault(
                    f"fdb to another {name} {m}",
                    f"bridge -n {name} fdb replace 02:00:00:00:00:0{m} dev vx dst 192.168.0.{6 - n - m}",
                )
                net.fault(f"no neighbour {name} {m}", f"ip -n {name} neigh del 10.0.0.{m} dev vx")
    net.fault("underlay down", "ip -n n2 link set dev eth0 down")


def _wireguard(net: _Net) -> None:
    """Two or three nodes with wireguard, and a station behind the second."""
    names = ["n1", "n2", "n3"]
    net.add("sw", *names, "s2")
    net.sh("ip -n sw link add br0 type bridge", "ip -n sw link set dev br0 up")
    for n, name in enumerate(names, 1):
        net.cable(name, "eth0", "sw", f"p{n}", (f"192.168.0.{n}/24", ""))
        net.sh(f"ip -n sw link set dev p{n} master br0", f"ip -n {name} link add wg0 type wireguard", f"[ -e /tmp/key{n} ] || wg genkey >/tmp/key{n}",
               f"ip netns exec {name} wg set wg0 private-key /tmp/key{n} listen-port 51820")  # fmt: skip
        net.address(name, "wg0", f"10.8.0.{n}/24")
        net.sh(f"ip -n {name} link set dev wg0 up")
        net.fault(f"wg0 down {name}", f"ip -n {name} link set dev wg0 down")
        net.fault(f"filtered {name}", f"ip netns exec {name} iptables -A INPUT -p udp --dport 51820 -j DROP")
    net.cable("n2", "lan", "s2", "eth0", ("10.2.0.254/24", "10.2.0.1/24"))
    net.forwards("n2", ["wg0", "lan"])
    net.route("s2", "default via 10.2.0.254")
    for n, name in enumerate(names, 1):
        for m in (1, 2, 3):
            if m == n:
                continue
            allowed = f"10.8.0.{m}/32" + (",10.2.0.0/24" if m == 2 else "")
            peer = f'ip netns exec {name} wg set wg0 peer "$(wg pubkey </tmp/key{m})"'
            net.sh(f"{peer} allowed-ips {allowed} endpoint 192.168.0.{m}:51820")
            net.fault(f"no peer {name} {m}", f"{peer} remove")
            net.fault(f"allowed-ips {name} {m}", f"{peer} allowed-ips 10.8.0.77/32")
            net.fault(f"wrong endpoint {name} {m}", f"{peer} endpoint 192.168.0.{m}:51821")
            net.fault(
                f"wrong key {name} {m}",
                f"{peer} remove",
                f'ip netns exec {name} wg set wg0 peer "$(wg genkey | wg pubkey)" allowed-ips {allowed} endpoint 192.168.0.{m}:51820',
            )
    for name in ("n1", "n3"):
        net.route(name, "10.2.0.0/24 dev wg0")


def _dummies(net: _Net) -> None:
    """Routers whose addresses stand on dummies, and routes that lead into one."""
    net.add("a", "r", "b")
    net.cable("a", "eth0", "r", "e1", ("10.1.0.1/24", "10.1.0.254/24"), ("fd01::1/64", "fd01::fe/64"))
    net.cable("b", "eth0", "r", "e2", ("10.2.0.1/24", "10.2.0.254/24"), ("fd02::1/64", "fd02::fe/64"))
    for name in ("a", "r", "b"):
        last = {"a": 1, "r": 2, "b": 3}[name]
        net.sh(f"ip -n {name} link add d0 type dummy", f"ip -n {name} link set dev d0 up")
        net.address(name, "d0", f"10.255.0.{last}/32")
        net.address(name, "d0", f"fdff::{last}/128")
        net.fault(f"d0 down {name}", f"ip -n {name} link set dev d0 down")
        net.fault(f"into the dummy {name}", f"ip -n {name} route add 10.{3 - last if last < 3 else 1}.0.0/25 dev d0")
    net.forwards("r", ["e1", "e2"], six=True)
    for name, n in (("a", 1), ("b", 2)):
        net.route(name, f"default via 10.{n}.0.254")
        net.route(name, f"default via fd0{n}::fe", six=True)
        last = {"a": 1, "b": 3}[name]
        net.route("r", f"10.255.0.{last}/32 via 10.{n}.0.1")
        net.route("r", f"fdff::{last}/128 via fd0{n}::1", six=True)
        net.host_faults(name, "eth0", f"10.{n}.0.254")


#: Faults that any network may have (see :mod:`hosts`), which would crowd out those of the kinds.
_COMMON = (
    "no address", "wrong length", "host address", "no route", "blackhole", "unreachable", "prohibit", "wrong gateway", "lo down",
    "icmp ignored", "wrong mac", "not forwarding", "arp_ignore", "rp_filter a",
)  # fmt: skip
KINDS: tuple[Callable[[_Net], None], ...] = (
    _vlans, _stacked, _vrf, _ipvlan, _macvlan, _bond, _tunnels, _tunnels, _overlay, _wireguard, _dummies,
)  # fmt: skip


def imagine(seed: int, kind: str = "") -> Imagined:
    """The network of a seed; of one kind of links, where ``kind`` names one."""
    rng = random.Random(f"kinds {seed}")
    net = _Net(rng)
    build = next(one for one in KINDS if one.__name__ == f"_{kind}") if kind else KINDS[seed % len(KINDS)]
    build(net)
    net.faults = [one for one in net.faults if not one[0].startswith(_COMMON) or rng.random() < 0.12]
    return net.done(build.__name__[1:])
