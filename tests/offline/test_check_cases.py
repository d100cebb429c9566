"""Each check has three texts: a fault that it finds, the same without the fault, and a look-alike without a finding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pytest

from netwrap.answers import check, trace
from netwrap.answers.checks import Finding, Look, walks
from netwrap.model.host import Host
from netwrap.sources import opening


class Case(NamedTuple):
    """A broken host, and the replacements ``(old, new)`` that make it a sound host, and a look-alike."""

    broken: str
    sound: tuple[str, str]
    alike: tuple[str, str]


UP, DOWN, LOST = "<BROADCAST,UP,LOWER_UP>", "<BROADCAST>", "<NO-CARRIER,BROADCAST,UP>"


def dev(
    name: str, at: int = 2, flags: str = UP, mtu: int = 1500, words: str = "", kind: str = "", addr: str = "", mac: str = ""
) -> str:
    """A link as `ip -d addr` prints it; ``addr``: addresses, with blanks between them."""
    state = "UP" if "LOWER_UP" in flags else "DOWN"
    lines = [f"{at}: {name}: {flags} mtu {mtu} {words} state {state}", f"    link/ether {mac or f'02:00:00:00:00:{at:02x}'}"]
    if "@if" in name and " link-" not in lines[1]:
        lines[1] += " link-netnsid 0"
    lines += [f"    {kind}"] if kind else []
    lines += [f"    inet{'6' if ':' in one else ''} {one} scope global" for one in addr.split()]
    return "\n".join(lines) + "\n"


def port(at: int, room: str, bridge: str = "br0", flags: str = UP, more: str = "") -> str:
    """A port of a bridge: the end of the cable of a room (see ``eth``)."""
    words = f"master {bridge}" if bridge else ""
    text = dev(f"p{at}@if2", at, flags, words=words, kind=f"veth\n    bridge_slave state forwarding {more}" if bridge else "veth")
    return text.replace("link-netnsid 0", f"link-netns {room}")


def eth(at: int, addr: str = "", mtu: int = 1500, flags: str = UP, mac: str = "") -> str:
    """The end of a cable in a room."""
    return dev(f"eth0@if{at}", 2, flags, mtu, kind="veth", addr=addr, mac=mac or f"02:00:00:00:01:{at:02x}")


def bridge(addr: str = "", flags: str = UP, kind: str = "bridge vlan_filtering 0", name: str = "br0", mtu: int = 1500) -> str:
    return dev(name, 3, flags, mtu, kind=kind, addr=addr)


def root(*links: str, **tables: str) -> str:
    return netns("", *links, **tables)


def netns(name: str, *links: str, **tables: str) -> str:
    """Commands in a namespace: `ip -d addr`, and others by name: ``route="..."``, lines with ``; `` between them."""
    of = f"-n {name} " if name else ""
    shown = {
        "route": f"ip {of}route show table all", "neigh": f"ip {of}neigh", "rule": f"ip {of}rule", "fdb": f"bridge {of}fdb",
        "vlan": f"bridge {of}vlan", "link": f"bridge {of}link", "nexthop": f"ip {of}nexthop", "main": f"ip {of}route",
        "six": f"ip {of}-6 route", "sysctl": f"ip netns exec {name} sysctl -a" if name else "sysctl -a",
        "nft": f"ip netns exec {name} nft list ruleset" if name else "nft list ruleset",
        "legacy": f"ip netns exec {name} iptables-legacy-save" if name else "iptables-legacy-save",
        "ss": f"ip netns exec {name} ss -tln" if name else "ss -tln",
    }  # fmt: skip
    text = f"$ ip {of}-d addr\n{''.join(links)}" if links else ""
    for table, lines in tables.items():
        text += (
            f"$ {shown[table]}\n" + (lines if table in ("nft", "legacy") else lines.replace("; ", "\n")) + ("\n" if lines else "")
        )
    return text


RULES = "0: from all lookup local; 32766: from all lookup main; 32767: from all lookup default"
FORWARDS = "net.ipv4.ip_forward = 1; net.ipv4.conf.all.forwarding = 1; net.ipv4.conf.all.rp_filter = 0"
FORWARDS += "; net.ipv4.conf.br0.rp_filter = 0; net.ipv4.conf.x.rp_filter = 0; net.ipv4.conf.eth0.rp_filter = 0"
HOST = FORWARDS.replace("forward = 1", "forward = 0").replace("forwarding = 1", "forwarding = 0")
LO = dev("lo", 1, "<LOOPBACK,UP,LOWER_UP>", 65536).replace("state UP", "state UNKNOWN").replace("link/ether", "link/loopback")


def on_bridge(own: str, *rooms: str, root_more: str = "", kind: str = "bridge vlan_filtering 0", **tables: str) -> str:
    """Rooms r10, r11, … with these addresses on one bridge of the root namespace that has ``own``."""
    text = root(
        LO, bridge(own, kind=kind), *(port(10 + at, f"r{10 + at}") for at in range(len(rooms))), root_more,
        **{"neigh": "", "rule": RULES, "sysctl": FORWARDS, **tables},
    )  # fmt: skip
    for at, addr in enumerate(rooms):
        net = addr.rpartition(".")[0] + ".0/" + addr.partition("/")[2]
        route = (
            f"default via {own.partition('/')[0]} dev eth0; {net} dev eth0 proto kernel scope link src {addr.partition('/')[0]}"
        )
        text += netns(f"r{10 + at}", LO, eth(10 + at, addr), main=route, neigh="", rule=RULES, sysctl=HOST, nft="")
    return text


def forward(rules: str, policy: str = "drop") -> str:
    return f"table ip f {{\n\tchain fwd {{\n\t\ttype filter hook forward priority 0; policy {policy};\n{rules}\n\t}}\n}}"


def cable(one: str, two: str, mtus: tuple[int, int] = (1500, 1500), room: str = "", **tables: str) -> str:
    """The root namespace and a room with a cable between them; ``room``: more text about the room."""
    here = dev("x@if2", 7, mtu=mtus[0], kind="veth", addr=one).replace("link-netnsid 0", "link-netns r7")
    return (
        root(LO, here, **{"rule": RULES, "sysctl": FORWARDS, "neigh": "", **tables})
        + netns("r7", LO, eth(7, two, mtus[1]))
        + room
    )


DOCKER = "-A FORWARD -j ACCEPT"
TWO = on_bridge("10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24")
VLANS = "br0  1 PVID Egress Untagged; p10  1 PVID Egress Untagged; p11  2 PVID Egress Untagged"
FILTERS = "bridge vlan_filtering 1"
UPLINK = dev("eth0", addr="192.0.2.10/24")
OUT = "default via 192.0.2.1 dev eth0; 192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.10"
VRF = dev("red", 5, kind="vrf table 10") + dev("eth1", 6, words="master red", kind="vrf_slave table 10", addr="10.1.0.1/24")
BESIDE = dev("x@if2", 7, kind="veth", addr="10.7.0.1/24").replace("link-netnsid 0", "link-netns r7")
CHAIN = on_bridge(
    "10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", root_more=BESIDE, nft="",
    route="10.0.0.0/24 dev br0 proto kernel scope link src 10.0.0.1; 10.7.0.0/24 dev x proto kernel scope link src 10.7.0.1",
) + netns(
    "r7", LO, eth(7, "10.7.0.2/24"), neigh="", rule=RULES, sysctl=HOST, nft="",
    main="default via 10.7.0.1 dev eth0; 10.7.0.0/24 dev eth0 proto kernel scope link src 10.7.0.2",
)  # fmt: skip
FAR = netns(
    "far", LO, dev("d0", 9, kind="dummy", addr="10.9.0.5/24"), main="10.9.0.0/24 dev d0 proto kernel scope link src 10.9.0.5"
)
LOOP = CHAIN.replace("10.7.0.0/24 dev x", "10.9.0.0/24 via 10.7.0.2 dev x\n10.7.0.0/24 dev x") + FAR
OVER = [
    dev("vx", 12, mtu=1400, kind=f"vxlan id 7 remote 10.7.0.{3 - n} local 10.7.0.{n} dstport 4789", addr=f"10.50.0.{n}/24")
    for n in (1, 2)
]
OVERLAY = CHAIN.replace(BESIDE, BESIDE + OVER[0]).replace(eth(7, "10.7.0.2/24"), eth(7, "10.7.0.2/24") + OVER[1]).replace(
    "10.7.0.0/24 dev x", "10.50.0.0/24 dev vx proto kernel scope link src 10.50.0.1\n10.7.0.0/24 dev x"
).replace("10.7.0.0/24 dev eth0", "10.50.0.0/24 dev vx proto kernel scope link src 10.50.0.2\n10.7.0.0/24 dev eth0")  # fmt: skip
POD = CHAIN.replace("inet 10.7.0.2/24", "inet 10.7.0.2/32").replace(
    "default via 10.7.0.1 dev eth0\n10.7.0.0/24 dev eth0 proto kernel scope link src 10.7.0.2",
    "default via 169.254.1.1 dev eth0\n169.254.1.1 dev eth0 scope link",
).replace(BESIDE, BESIDE.replace("    inet 10.7.0.1/24 scope global\n", "") + UPLINK.replace("2: eth0", "20: eth0")).replace(
    "10.7.0.0/24 dev x proto kernel scope link src 10.7.0.1", f"10.7.0.2 dev x scope link\n{OUT}".replace("; ", "\n")
).replace(FORWARDS.replace("; ", "\n"), FORWARDS.replace("; ", "\n") + "\nnet.ipv4.conf.x.proxy_arp = 0")  # fmt: skip
ODD = "10.7.0.2 dev br0 scope link\n10.7.0.0/24 dev x"
WAY_OUT = on_bridge(
    "10.0.0.1/24", "10.0.0.2/24", root_more=UPLINK.replace("2: eth0", "20: eth0"), nft="NFT",
    route="10.0.0.0/24 dev br0 proto kernel scope link src 10.0.0.1; " + OUT,
)  # fmt: skip


def nat(rule: str, hook: str = "postrouting", priority: int = 100) -> str:
    return f"table ip n {{\n\tchain c {{\n\t\ttype nat hook {hook} priority {priority}; policy accept;\n\t\t{rule}\n\t}}\n}}"


def two_bridges() -> str:
    here = [dev(f"p{n}@if{n + 10}", n, words="master br0", kind="veth\n    bridge_slave state forwarding") for n in (10, 11)]
    there = [dev(f"e{n}@if{n}", n + 10, words="master br1", kind="veth\n    bridge_slave state forwarding") for n in (10, 11)]
    text = root(LO, bridge(), *(one.replace("link-netnsid 0", "link-netns r10") for one in here))
    return text + netns("r10", LO, bridge(name="br1"), *there)


def captured(*sections: tuple[str, str, str], spaces: str) -> str:
    """A capture of netwrap: the namespaces (``KEY NAME`` each), and (key, command, JSON) of each section."""
    table = "\n".join(
        f"{key}\t{'self' if name == 'self' else 'name'}\t{name}" for key, name in (one.split() for one in spaces.split(","))
    )
    table += "\n4026531840\tpid\t1 init"
    parts = [
        ("-", "versions", "kernel: Linux 6.1.0\nip: ip utility, iproute2-6.1.0\nform: json\nentered by: ip"),
        ("-", "namespaces", table),
        *sections,
    ]
    shown = "".join(f"@token-0001 begin {key} {command}\n{text}\n@token-0001 end 0\n" for key, command, text in parts)
    return f"netwrap capture 1 token-0001\n{shown}@token-0001 done {len(parts)}\n"


HERE = "4026531840"
LINKS = (HERE, "ip -j -d link show", '[{"ifindex":2,"ifname":"v0","flags":["UP","LOWER_UP"],"operstate":"UP",'
         '"link_index":9,"link_netnsid":5,'
         '"linkinfo":{"info_kind":"veth"},"master":"br0"}]')  # fmt: skip
ALL = "".join(f"@token-0001 begin {HERE} {command}\n[]\n@token-0001 end 0\n" for command in (
    "ip -j address show", "ip -j route show table all", "ip -j rule show", "ip -j neigh show nud all")
) + f"@token-0001 begin {HERE} nft -j list ruleset\n{{\"nftables\": []}}\n@token-0001 end 0\n"  # fmt: skip
CASES: dict[str, Case] = {
    "L04": Case(
        captured(LINKS, spaces=f"{HERE} self"),
        ('"link_netnsid":5,"linkinfo":{"info_kind":"veth"}', '"linkinfo":{"info_kind":"dummy"}'),
        ('"master":"br0"', '"mtu":1500'),
    ),
    "L08": Case(
        captured(LINKS, spaces=f"{HERE} self," + ",".join(f"402653200{n} cni-{n}" for n in range(5))),
        ("cni-", "lab-"),
        ("4026532000\tname\tcni-0\n4026532001\tname\tcni-1\n", ""),
    ),
    "L09": Case(
        captured(
            LINKS,
            (
                "4026532001",
                "ip -j -d link show",
                '[{"ifindex":1,"ifname":"lo","operstate":"DOWN"},{"ifindex":2,"ifname":"old0","flags":[],"operstate":"DOWN"}]',
            ),
            spaces=f"{HERE} self,4026532001 old",
        ),
        ("1 init", "1 init\n4026532001\tpid\t7 app"),
        ('"old0","flags":[],"operstate":"DOWN"', '"old0","flags":["UP"],"operstate":"UP"'),
    ),
    "L05": Case(
        root(
            dev("v1@if2", 7, words="qlen 1000", kind="veth").replace("link-netnsid 0", "link-netns r7"),
            UPLINK,
            route=OUT,
            six="fe80::/64 dev v1 proto kernel metric 256",
        )
        + netns("r7", LO, eth(7, "10.0.0.2/24")),
        ("qlen 1000", "master br0"),
        ("192.0.2.0/24 dev eth0", "10.0.0.2 dev v1 scope link\n192.0.2.0/24 dev eth0"),
    ),
    "A11": Case(
        TWO.replace("scope global\n", "scope global\n    inet6 2001:db8::1/64 scope global\n", 1).replace(
            "inet 10.0.0.2/24 scope global\n", "inet 10.0.0.2/24 scope global\n    inet6 fe80::2/64 scope link\n"
        ),
        ("inet6 fe80::2/64 scope link", "inet6 2001:db8::2/64 scope global"),
        ("inet6 2001:db8::1/64 scope global", "inet6 fe80::1/64 scope link"),
    ),
    "R14": Case(
        root(VRF, UPLINK, rule=RULES, route=OUT + "; 10.9.0.0/24 via 192.0.2.1 dev eth0 table 7"),
        ("32766: from", "100: from 10.0.0.2 lookup 7\n32766: from"),
        ("table 7", "table 10"),
    ),
    "R20": Case(
        root(
            UPLINK,
            six="default via fe80::1 dev eth0 proto ra metric 100 expires 1700sec",
            sysctl="net.ipv6.conf.all.forwarding = 1; net.ipv6.conf.eth0.accept_ra = 1",
        ),
        ("accept_ra = 1", "accept_ra = 2"),
        ("proto ra", "proto static"),
    ),
    "F04": Case(
        root(
            dev("eth0", addr="10.1.0.2/24"),
            dev("eth1", 3, addr="10.2.0.2/24"),
            rule=RULES,
            sysctl="net.ipv4.conf.all.rp_filter = 0; net.ipv4.conf.eth0.rp_filter = 1; net.ipv4.conf.eth1.rp_filter = 1",
            route="default via 10.1.0.1 dev eth0; default via 10.2.0.1 dev eth1 metric 100; default via 10.2.0.1 dev eth1 table 7"
            "; 10.1.0.0/24 dev eth0 scope link; 10.2.0.0/24 dev eth1 scope link",
        ),
        ("eth1.rp_filter = 1", "eth1.rp_filter = 2"),
        ("32766: from", "100: from 10.2.0.2 lookup 7\n32766: from"),
    ),
    "N02": Case(
        captured(LINKS, spaces=f"{HERE} self,4026532001 red,4026532001 blue"),
        ("\tname\tblue", "\tlabel\tpod:blue"),
        ("4026532001\tname\tblue", "4026532002\tname\tblue"),
    ),
    "N01": Case(captured(LINKS, spaces=f"{HERE} self"), ("@token-0001 done 3", ALL + "@token-0001 done 8"), (HERE, "HOST-1")),
    "A02": Case(
        root(dev("eth0", addr="10.0.0.2/24")) + "=====\n" + root(dev("eth0", addr="10.0.0.2/24", mac="02:00:00:00:07:07")),
        ("02:00:00:00:07:07\n    inet 10.0.0.2", "02:00:00:00:07:07\n    inet 10.0.0.3"),
        ("10.0.0.2/24", "10.0.0.2/32"),
    ),
    "R09": Case(
        LOOP.replace("default via 10.7.0.1", "10.9.0.0/24 via 10.7.0.1 dev eth0\ndefault via 10.7.0.1")
        .replace("ip_forward = 0", "ip_forward = 1")
        .replace("all.forwarding = 0", "all.forwarding = 1"),
        ("10.9.0.0/24 via 10.7.0.2 dev x\n", ""),
        ("10.9.0.0/24 via 10.7.0.1 dev eth0\ndefault via 10.7.0.1", "10.0.0.0/16 via 10.7.0.1"),
    ),
    "F03": Case(
        CHAIN.replace("10.7.0.0/24 dev x", ODD).replace("x.rp_filter = 0", "x.rp_filter = 1"),
        (ODD, "10.7.0.0/24 dev x"),
        ("x.rp_filter = 1", "x.rp_filter = 2"),
    ),
    "F05": Case(
        POD,
        ("x.proxy_arp = 0", "x.proxy_arp = 1"),
        ("$ ip -n r7 neigh\n", "$ ip -n r7 neigh\n169.254.1.1 dev eth0 lladdr 02:00:00:00:00:07 PERMANENT\n"),
    ),
    "F07": Case(
        CHAIN.replace("eth0.rp_filter = 0", "eth0.rp_filter = 0\nnet.ipv4.conf.eth0.arp_ignore = 8"),
        ("arp_ignore = 8", "arp_ignore = 0"),
        ("arp_ignore = 8", "arp_ignore = 1"),
    ),
    "F10": Case(
        CHAIN.replace(BESIDE, BESIDE + dev("d0", 9, kind="dummy", addr="10.7.0.2/32")),
        ("inet 10.7.0.2/32", "inet 10.7.9.2/32"),
        ("x.rp_filter = 0", "x.rp_filter = 0\nnet.ipv4.conf.x.accept_local = 1"),
    ),
    "L24": Case(
        CHAIN.replace(f"10: p10@if2: {UP}", f"10: p10@if2: {DOWN}"), (DOWN, UP), ("    inet 10.0.0.2/24 scope global\n", "")
    ),
    "L14": Case(
        WAY_OUT.replace("NFT", nat('oifname "eth0" masquerade')).replace(f"20: eth0: {UP} mtu 1500", f"20: eth0: {UP} mtu 1400"),
        ("mtu 1400", "mtu 1500"),
        ("mtu 1500", "mtu 1400"),
    ),
    "B04": Case(
        on_bridge("10.0.0.1/24", "10.0.0.2/24", kind=FILTERS, vlan=VLANS).replace(
            eth(10, "10.0.0.2/24"),
            eth(10, "10.0.0.2/24") + dev("eth0.7@eth0", 5, kind="vlan protocol 802.1Q id 7", addr="10.70.0.2/24"),
        ),
        ("p10  1 PVID Egress Untagged", "p10  1 PVID Egress Untagged\n     7"),
        ("vlan_filtering 1", "vlan_filtering 0"),
    ),
    "B05": Case(
        CHAIN.replace("state forwarding ", "state forwarding isolated on "),
        ("isolated on", "isolated off"),
        ("11: p11@if2: <BROADCAST,UP,LOWER_UP> mtu 1500 master br0", "11: p11@if2: <BROADCAST,UP,LOWER_UP> mtu 1500 master br9"),
    ),
    "B07": Case(
        OVERLAY.replace("id 7 remote 10.7.0.1", "id 8 remote 10.7.0.1"), ("id 8", "id 7"), ("remote 10.7.0.", "remote 203.0.113.")
    ),
    "B08": Case(
        root(dev("eth0", addr="10.0.0.2/24"), dev("vx", 5, mtu=1400, kind="vxlan id 7 local 10.9.9.9 dstport 4789")),
        ("10.9.9.9", "10.0.0.2"),
        ("local 10.9.9.9 ", ""),
    ),
    "B10": Case(
        two_bridges(),
        ("bridge vlan_filtering 0", "bridge stp_state 1"),
        ("21: e11@if11: <BROADCAST,UP,LOWER_UP> mtu 1500 master br1", "21: e11@if11: <BROADCAST,UP,LOWER_UP> mtu 1500 "),
    ),
    "L22": Case(
        netns("h", LO, UPLINK, route=OUT, rule=RULES, neigh="", sysctl=FORWARDS, nft="")
        + netns(
            "r7",
            LO,
            dev("mv@if2", 7, kind="macvlan mode bridge", addr="192.0.2.11/24").replace("link-netnsid 0", "link-netns h"),
            neigh="",
            rule=RULES,
            sysctl=HOST.replace("eth0", "mv"),
            nft="",
            main="default via 192.0.2.10 dev mv; 192.0.2.0/24 dev mv proto kernel scope link src 192.0.2.11",
        ),
        ("inet 192.0.2.10/24", "inet 192.0.3.10/24"),
        ("macvlan mode bridge", "veth"),
    ),
    "W01": Case(
        CHAIN.replace("$ nft list ruleset\n", f"$ nft list ruleset\n{forward('')}\n"),
        ("policy drop", "policy accept"),
        ("policy drop;\n", "policy drop;\n\t\taccept\n"),
    ),
    "W02": Case(WAY_OUT.replace("NFT", nat('oifname "eth9" masquerade')), ("eth9", "eth0"), ("10.0.0.", "8.8.8.")),
    "W04": Case(
        root(nft=forward("tcp dport 80 accept"), legacy="*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j ACCEPT\nCOMMIT"),
        ("-A FORWARD -j ACCEPT\n", ""),
        ("iptables-legacy-save", "iptables-nft-save"),
    ),
    "W05": Case(
        WAY_OUT.replace("NFT", nat("tcp dport 80 dnat to 10.0.0.99", "prerouting", -100)),
        ("10.0.0.99", "10.0.0.2"),
        ("10.0.0.99", "10.5.0.99"),
    ),
    "S01": Case(
        root(
            LO,
            nft=nat("tcp dport 80 redirect to :8080", "prerouting", -100),
            ss="State Recv-Q Send-Q Local Address:Port Peer Address:Port\nLISTEN 0 128 127.0.0.1:8080 0.0.0.0:*",
        ),
        ("127.0.0.1:8080", "0.0.0.0:8080"),
        ("127.0.0.1:8080", "127.0.0.1:8081"),
    ),
    "S02": Case(
        on_bridge("10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", nft="")
        + "$ ip netns exec r11 ss -lun\nState Recv-Q Send-Q Local Address:Port Peer Address:Port\n"
        "UNCONN 0 0 10.0.0.3:5353 0.0.0.0:*\n$ cat /etc/netns/r10/resolv.conf\n# by hand\nnameserver 10.0.0.3\n",
        ("10.0.0.3:5353", "10.0.0.3:53"),
        ("nameserver 10.0.0.3", "nameserver 10.0.0.3\nnameserver 10.0.0.1"),
    ),
    "R08": Case(
        CHAIN.replace("default via 10.7.0.1 dev eth0\n", ""),
        ("10.7.0.0/24 dev eth0 ", "default via 10.7.0.1 dev eth0\n10.7.0.0/24 dev eth0 "),
        ("10.7.0.0/24 dev eth0 ", "10.0.0.0/8 via 10.7.0.1 dev eth0\n10.7.0.0/24 dev eth0 "),
    ),
    "L01": Case(
        root(LO.replace(",UP,LOWER_UP", "").replace("UNKNOWN", "DOWN")),
        ("<LOOPBACK>", "<LOOPBACK,UP,LOWER_UP>"),
        ("1: lo:", "1: loop:"),
    ),
    "L02": Case(root(dev("eth0", flags=DOWN, addr="10.0.0.2/24")), (DOWN, UP), ("10.0.0.2", "169.254.3.4")),
    "L03": Case(
        on_bridge("10.0.0.1/24", "10.0.0.2/24")
        .replace(f"2: eth0@if10: {UP}", f"2: eth0@if10: {LOST}")
        .replace(f"10: p10@if2: {UP}", f"10: p10@if2: {DOWN}"),
        (f"2: eth0@if10: {LOST}", f"2: eth0@if10: {UP}"),
        ("    inet 10.0.0.2/24 scope global\n", ""),
    ),
    "L06": Case(
        root(dev("a@b", 2, kind="veth", addr="10.0.0.1/24"), dev("b@a", 3, kind="veth")),
        ("3: b@a", "3: c@d"),
        ("3: b@a: <BROADCAST,UP,LOWER_UP> mtu 1500 ", "3: b@a: <BROADCAST,UP,LOWER_UP> mtu 1500 master br0"),
    ),
    "L07": Case(
        on_bridge("10.0.0.1/24", "10.0.0.2/24").replace(f"3: br0: {UP}", f"3: br0: {DOWN}"),
        (f"br0: {DOWN}", f"br0: {UP}"),
        (f"10: p10@if2: {UP}", f"10: p10@if2: {DOWN}"),
    ),
    "L11": Case(cable("10.0.0.1/24", "10.0.0.2/24", (1500, 1400)), ("mtu 1400", "mtu 1500"), ("mtu 1500", "mtu 1400")),
    "L12": Case(
        root(bridge("10.0.0.1/24"), dev("p", 4, mtu=1400, words="master br0", kind="veth\n    bridge_slave state forwarding")),
        ("mtu 1400", "mtu 1500"),
        ("mtu 1400", "mtu 9000"),
    ),
    "L13": Case(
        root(dev("eth0", addr="192.0.2.1/24"), dev("vx", 5, kind="vxlan id 1 dev eth0 dstport 4789")),
        ("5: vx: <BROADCAST,UP,LOWER_UP> mtu 1500", "5: vx: <BROADCAST,UP,LOWER_UP> mtu 1450"),
        ("2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500", "2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1600"),
    ),
    "L15": Case(
        root(dev("eth0", mtu=1400), dev("eth0.7@eth0", 5, kind="vlan protocol 802.1Q id 7 <REORDER_HDR>")),
        ("mtu 1400", "mtu 1500"),
        ("mtu 1400", "mtu 9000"),
    ),
    "L16": Case(
        root(dev("eth0", mtu=1200, addr="2001:db8:1::2/64")),
        ("mtu 1200", "mtu 1280"),
        ("inet6 2001:db8:1::2/64", "inet 10.0.0.1/24"),
    ),
    "L17": Case(
        TWO.replace("02:00:00:00:01:0b", "02:00:00:00:01:0a"),
        (
            "2: eth0@if11: <BROADCAST,UP,LOWER_UP> mtu 1500  state UP\n    link/ether 02:00:00:00:01:0a",
            "2: eth0@if11: <BROADCAST,UP,LOWER_UP> mtu 1500  state UP\n    link/ether 02:00:00:00:01:99",
        ),
        ("02:00:00:00:01:0a", "00:00:5e:00:01:0a"),
    ),
    "L18": Case(
        "$ ip -s link\n" + dev("eth0") + "    RX: bytes packets errors dropped missed mcast\n    9999 50000 2000 0 0 0\n"
        "    TX: bytes packets errors dropped carrier collsns\n    9999 50000 0 0 0 0\n",
        ("50000 2000", "50000 900"),
        ("50000 2000", "5000000 2000"),
    ),
    "L19": Case(
        root(dev("bond0", 5, LOST, kind="bond mode active-backup"), dev("e1", 6, LOST, words="master bond0", kind="bond_slave")),
        (f"6: e1: {LOST} mtu 1500 master bond0 state DOWN", f"6: e1: {UP} mtu 1500 master bond0 state UP"),
        (f"5: bond0: {LOST}", f"5: bond0: {DOWN}"),
    ),
    "L20": Case(
        root(bridge(), dev("e1", 6, words="master br0", kind="bridge_slave", addr="10.0.0.2/24")),
        ("master br0", ""),
        ("10.0.0.2/24 scope global", "169.254.0.2/16 scope link"),
    ),
    "L21": Case(
        root(dev("eth0", flags=DOWN), dev("eth0.7@eth0", 5, kind="vlan protocol 802.1Q id 7", addr="10.7.0.1/24")),
        (DOWN, UP),
        (f"5: eth0.7@eth0: {UP}", f"5: eth0.7@eth0: {DOWN}"),
    ),
    "A01": Case(
        TWO.replace("10.0.0.3", "10.0.0.2"),
        ("11: p11@if2: <BROADCAST,UP,LOWER_UP> mtu 1500 master br0", "11: p11@if2: <BROADCAST,UP,LOWER_UP> mtu 1500 "),
        ("inet 10.0.0.2/24 scope global", "inet 169.254.0.2/24 scope link"),
    ),
    "A03": Case(
        root(dev("eth0", addr="2001:db8::2/64").replace("global", "global dadfailed tentative")),
        (" dadfailed tentative", ""),
        (" dadfailed tentative", " tentative"),
    ),
    "A04": Case(
        root(
            dev("eth0", addr="10.0.0.2/24"),
            dev("eth1", 3, addr="10.0.0.3/24"),
            main="10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2; "
            "10.0.0.0/24 dev eth1 proto kernel scope link src 10.0.0.3",
        ),
        ("10.0.0.0/24 dev eth1", "10.0.1.0/24 dev eth1"),
        (f"3: eth1: {UP}", f"3: eth1: {DOWN}"),
    ),
    "A05": Case(
        root(
            dev("eth0", addr="10.0.0.2/24"),
            dev("tun0", 3, addr="10.9.0.1/24"),
            main="10.0.0.0/24 via 10.9.0.2 dev tun0; 10.0.0.0/24 dev eth0 proto kernel scope link metric 100",
        ),
        ("10.0.0.0/24 via", "10.1.0.0/24 via"),
        ("via 10.9.0.2 dev tun0", "via 10.9.0.2 dev tun0 metric 500"),
    ),
    "A06": Case(
        on_bridge("10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/16"), ("10.0.0.3/16", "10.0.0.3/24"), ("10.0.0.3/16", "10.0.0.3/32")
    ),
    "A07": Case(cable("10.0.0.1/24", "10.9.0.2/24"), ("10.9.0.2", "10.0.0.2"), ("10.9.0.2/24", "10.9.0.2 peer 10.0.0.1/32")),
    "A08": Case(root(dev("eth0", addr="10.0.0.0/24")), ("10.0.0.0/24", "10.0.0.1/24"), ("10.0.0.0/24", "10.0.0.0/31")),
    "A09": Case(
        root(dev("eth0", addr="169.254.3.4/16")),
        ("169.254.3.4", "10.0.3.4"),
        ("169.254.3.4/16 scope global\n", "169.254.3.4/16 scope global\n    inet 10.0.0.9/24 scope global\n"),
    ),
    "A10": Case(
        root(
            dev("eth0", addr="10.0.0.2/24").replace("global", "global deprecated"),
            main="10.5.0.0/16 via 10.0.0.1 dev eth0 src 10.0.0.2",
        ),
        (" deprecated", ""),
        (" src 10.0.0.2", ""),
    ),
    "A12": Case(
        root(dev("eth0", addr="44.1.2.3/8"), main="44.0.0.0/8 dev eth0 proto kernel scope link src 44.1.2.3"),
        ("44.0.0.0/8", "44.1.2.0/24"),
        ("44.0.0.0/8", "10.0.0.0/8"),
    ),
    "R01": Case(
        TWO.replace("default via 10.0.0.1 dev eth0\n", "", 1),
        (
            "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2",
            "default via 10.0.0.1 dev eth0\n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2",
        ),
        ("default via 10.0.0.1 dev eth0\n", ""),
    ),
    "R23": Case(
        root(
            dev("eth0", addr="10.0.0.2/24 10.0.0.3/24"),
            rule="100: from 10.0.0.2 lookup 7; " + RULES,
            route="default via 10.0.0.1 dev eth0 table 7; 10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.3",
        ),
        ("100: from 10.0.0.2 ", "100: from all "),
        (" table 7\n", "\n"),
    ),
    "R02": Case(
        root(dev("eth0", addr="10.0.0.2/24"), main="default via 10.0.1.1 dev eth0; 10.0.0.0/24 dev eth0 proto kernel scope link"),
        ("10.0.1.1", "10.0.0.1"),
        ("via 10.0.1.1 dev eth0", "via 10.0.1.1 dev eth0 onlink"),
    ),
    "R03": Case(
        root(dev("eth0", addr="10.0.0.2/24"), main="default via 10.0.0.2 dev eth0"),
        ("via 10.0.0.2", "via 10.0.0.1"),
        ("default via 10.0.0.2 dev eth0", "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2"),
    ),
    "R04": Case(
        root(neigh="10.0.0.1 dev eth0 FAILED", main="default via 10.0.0.1 dev eth0"),
        ("FAILED", "lladdr 02:00:00:00:00:09 REACHABLE"),
        ("FAILED", "lladdr 02:00:00:00:00:09 STALE"),
    ),
    "R05": Case(
        TWO.replace("via 10.0.0.1", "via 10.0.0.77", 1),
        ("via 10.0.0.77", "via 10.0.0.1"),
        (
            "state UP\n    link/ether 02:00:00:00:00:0b link-netns r11\n    veth",
            "state UP\n    link/ether 02:00:00:00:00:0b\n    ",
        ),
    ),
    "R06": Case(
        root(main="10.0.0.0/8 via 10.0.0.1 dev eth0 linkdown"),
        (" linkdown", ""),
        ("via 10.0.0.1 dev eth0", "dev docker0 proto kernel scope link"),
    ),
    "R07": Case(
        root(main="default via 10.0.0.1 dev eth0; default via 10.1.0.1 dev eth1"),
        ("\ndefault via 10.1.0.1 dev eth1", ""),
        ("dev eth1", "dev eth1 metric 600"),
    ),
    "R10": Case(
        root(dev("eth0", addr="10.0.0.2/16"), main="10.0.0.0/16 dev eth0 proto kernel scope link; blackhole 10.0.7.0/24"),
        ("\nblackhole 10.0.7.0/24", ""),
        ("blackhole 10.0.7.0/24", "blackhole 10.0.7.0/24 proto bird"),
    ),
    "R11": Case(
        root(dev("eth0", addr="10.0.0.2/24"), main="10.5.0.0/16 dev eth0 scope link src 10.0.0.3"),
        ("src 10.0.0.3", "src 10.0.0.2"),
        ("dev eth0 scope link src", "dev eth9 scope link src"),
    ),
    "R12": Case(
        root(
            main="10.5.0.0/16 proto static\n\tnexthop via 10.0.0.1 dev eth0 weight 1\n"
            "\tnexthop via 10.0.1.1 dev eth1 weight 1 dead linkdown"
        ),
        (" dead linkdown", ""),
        ("via 10.0.0.1 dev eth0 weight 1", "via 10.0.0.1 dev eth0 weight 1 dead linkdown"),
    ),
    "R13": Case(
        root(main="10.5.0.0/16 nhid 7 via 10.0.0.1 dev eth0", nexthop="id 8 via 10.0.0.1 dev eth0 scope link"),
        ("id 8", "id 7"),
        ("nhid 7 ", ""),
    ),
    "R24": Case(
        root(six="2001:db8::/64 dev eth0 proto ra metric 100 expires -15sec pref medium"),
        ("expires -15sec", "expires 15sec"),
        (" expires -15sec", ""),
    ),
    "R15": Case(
        root(
            route="default via 10.0.0.1 dev eth0",
            rule="0: from all lookup local; 100: from 10.0.0.2 lookup 7; 32766: from all lookup main",
        ),
        ("default via 10.0.0.1 dev eth0", "default via 10.0.0.1 dev eth0 table 7"),
        ("lookup 7", "lookup default"),
    ),
    "R18": Case(
        root(
            route="unreachable default table 7 metric 4000; 10.0.0.0/24 dev eth0 table main",
            rule="0: from all lookup local; 100: from 10.0.0.2 lookup 7; 32766: from all lookup main",
        ),
        ("unreachable default", "default via 10.7.0.1 dev tun0"),
        ("from 10.0.0.2 lookup 7", "from all iif lo lookup 7"),
    ),
    "R16": Case(
        root(
            route="default via 10.0.0.1 dev eth0; default via 10.1.0.1 dev eth1 table 7",
            rule="100: from all lookup main; 200: from 10.0.0.2 lookup 7; " + RULES,
        ),
        ("100: from all lookup main", "300: from all lookup main"),
        ("100: from all lookup main", "100: from all lookup main suppress_prefixlength 0"),
    ),
    "R17": Case(
        root(rule="0: from all lookup local; 32767: from all lookup default"),
        ("32767", "32766: from all lookup main\n32767"),
        ("32767: from all lookup default", "32000: from all unreachable"),
    ),
    "R25": Case(
        root(rule=RULES + "; 100: from 10.0.0.2 lookup 7; 101: from 10.0.0.2 lookup 7"),
        ("\n101: from 10.0.0.2 lookup 7", ""),
        ("101: from 10.0.0.2", "101: from 10.0.0.3"),
    ),
    "R21": Case(
        root(
            VRF,
            UPLINK,
            rule="1000: from all lookup [l3mdev-table]; " + RULES,
            route=OUT + "; 10.1.0.0/24 dev eth1 table 10 proto kernel scope link src 10.1.0.1",
        ),
        ("10.1.0.0/24 dev eth1 table 10", "unreachable default table 10 metric 4278198272\n10.1.0.0/24 dev eth1 table 10"),
        ("default via 192.0.2.1 dev eth0\n", ""),
    ),
    "R22": Case(
        root(VRF, UPLINK, route="10.5.0.0/16 via 192.0.2.1 dev eth0 table 10; 10.1.0.0/24 dev eth1 table 10"),
        ("dev eth0 table 10", "dev eth1 table 10"),
        ("10.5.0.0/16 via 192.0.2.1 dev eth0 table 10", "10.5.0.0/16 dev eth0 table 10 scope link"),
    ),
    "F01": Case(
        TWO.replace("ip_forward = 1", "ip_forward = 0").replace("all.forwarding = 1", "all.forwarding = 0"),
        ("forward", "fwd"),
        ("default via 10.0.0.1", "10.9.0.0/16 via 10.0.0.1"),
    ),
    "F02": Case(
        root(dev("eth0", addr="10.0.0.1/24"), sysctl=FORWARDS + "; net.ipv4.conf.eth0.forwarding = 0"),
        ("eth0.forwarding = 0", "eth0.forwarding = 1"),
        ("eth0.forwarding = 0", "lo.forwarding = 0"),
    ),
    "F06": Case(
        on_bridge(
            "10.0.0.1/24",
            "10.0.0.2/24",
            "10.0.0.3/24",
            sysctl=FORWARDS + "; net.bridge.bridge-nf-call-iptables = 1",
            nft=forward("accept"),
        ),
        ("iptables = 1", "iptables = 0"),
        ("policy drop", "policy accept"),
    ),
    "F08": Case(
        root(
            LO,
            neigh="; ".join(f"10.0.0.{n} dev eth0 lladdr 02:00:00:00:00:01 STALE" for n in range(1, 9)),
            sysctl="net.ipv4.neigh.default.gc_thresh2 = 4; net.ipv4.neigh.default.gc_thresh3 = 8",
        ),
        ("gc_thresh2 = 4", "gc_thresh2 = 400"),
        ("STALE", "PERMANENT"),
    ),
    "F09": Case(
        root(sysctl="net.netfilter.nf_conntrack_count = 900; net.netfilter.nf_conntrack_max = 1000"),
        ("= 900", "= 90"),
        ("= 1000", "= 100000"),
    ),
    "F11": Case(
        root(LO, sysctl="net.ipv4.icmp_echo_ignore_all = 1"),
        ("_all = 1", "_all = 0"),
        ("ignore_all = 1", "ignore_broadcasts = 1"),
    ),
    "H01": Case(
        TWO.replace("rule", "rule").replace(
            "$ ip -n r10 neigh\n", "$ ip -n r10 neigh\n10.0.0.3 dev eth0 lladdr 02:00:00:00:09:09 STALE\n"
        ),
        ("02:00:00:00:09:09", "02:00:00:00:01:0b"),
        ("10.0.0.3 dev eth0 lladdr", "10.0.0.9 dev eth0 lladdr"),
    ),
    "H02": Case(
        TWO.replace("$ ip -n r10 neigh\n", "$ ip -n r10 neigh\n10.0.0.9 dev eth0 lladdr 02:00:00:00:09:09 PERMANENT\n"),
        ("02:00:00:00:09:09", "02:00:00:00:01:0b"),
        ("PERMANENT", "STALE"),
    ),
    "H03": Case(
        root(neigh="; ".join(f"10.0.0.{n} dev eth0 FAILED" for n in range(1, 13))),
        ("FAILED", "lladdr 02:00:00:00:00:01 STALE"),
        (
            "dev eth0 FAILED\n10.0.0.2 dev eth0 FAILED\n10.0.0.3 dev eth0",
            "dev eth1 FAILED\n10.0.0.2 dev eth1 FAILED\n10.0.0.3 dev eth1",
        ),
    ),
    "B01": Case(
        root(
            bridge(),
            dev("e1", 6, words="master br0", kind="bridge_slave"),
            link="6: e1: <BROADCAST,UP,LOWER_UP> mtu 1500 master br0 state blocking priority 32 cost 2",
        ),
        ("state blocking", "state forwarding"),
        (f"6: e1: {UP}", f"6: e1: {LOST}"),
    ),
    "B02": Case(
        on_bridge("10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", kind=FILTERS, vlan=VLANS),
        ("p11  2 PVID", "p11  1 PVID"),
        ("vlan_filtering 1", "vlan_filtering 0"),
    ),
    "B03": Case(
        on_bridge("10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", kind=FILTERS, vlan=VLANS.replace("p11  2 PVID", "p11  1")),
        ("p11  1 Egress", "p11  1 PVID Egress"),
        ("    inet 10.0.0.3/24 scope global\n", ""),
    ),
    "B06": Case(
        on_bridge("10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", fdb="02:00:00:00:01:0a dev p11 master br0 static"),
        ("dev p11 master", "dev p10 master"),
        (" static", ""),
    ),
    "B09": Case(
        root(bridge("10.0.0.1/24", LOST)),
        ("3: br0: <NO-CARRIER", "4: e1: <BROADCAST,UP,LOWER_UP> mtu 1500 master br0 state UP\n3: br0: <NO-CARRIER"),
        ("br0", "docker0"),
    ),
    "B11": Case(
        root(
            bridge("10.0.0.1/24", kind=FILTERS),
            dev("e1", 6, words="master br0", kind="bridge_slave"),
            vlan="e1  1 PVID Egress Untagged",
        ),
        ("e1  1 PVID Egress Untagged", "e1  1 PVID Egress Untagged\nbr0  1 PVID Egress Untagged"),
        ("    inet 10.0.0.1/24 scope global\n", ""),
    ),
    "W03": Case(
        root(
            nft=forward('\t\tiifname "eth1" accept')
            + "\n"
            + forward('\t\tiifname "eth0" tcp dport 80 accept', "accept")
            .replace("ip f", "ip g")
            .replace("priority 0", "priority -5")
        ),
        ("policy drop", "policy accept"),
        ("hook forward priority -5", "hook output priority -5"),
    ),
    "W06": Case(
        root(
            dev("eth0", addr="192.0.2.10/24"),
            dev("br0", 3, kind="bridge", addr="10.0.0.1/24"),
            nft=nat("masquerade"),
        ),
        ("\tmasquerade", '\toifname "eth0" masquerade'),
        ("    inet 10.0.0.1/24 scope global\n", ""),
    ),
    "W07": Case(
        root(nft=forward("tcp dport 80 accept\ntcp dport 80 accept")),
        ("tcp dport 80 accept\ntcp dport 80 accept", "tcp dport 80 accept"),
        ("tcp dport 80 accept\ntcp", "tcp dport 81 accept\ntcp"),
    ),
    "W08": Case(root(dev("eth0"), nft=forward('iifname "eth9" accept')), ("eth9", "eth0"), ('"eth9"', '"eth9*"')),
    "W09": Case(
        root(nft=forward("tcp dport 80 drop", "accept")),
        ("tcp dport 80 drop", "tcp dport 80 accept"),
        ("hook forward", "hook postrouting"),
    ),
}

BR1 = f"3: br1: {UP} mtu 1500  state UP\n    link/ether 02:00:00:00:00:03\n    bridge"
#: Further ways to decide a check, each named by its id and some words.
ALSO = {
    "F03 of a second uplink": Case(
        root(
            dev("eth0", addr="10.1.0.2/24"),
            dev("eth1", 3, addr="198.51.100.2/30"),
            rule=RULES,
            sysctl="net.ipv4.conf.all.rp_filter = 1; net.ipv4.conf.eth0.rp_filter = 1; net.ipv4.conf.eth1.rp_filter = 1",
            route="default via 10.1.0.1 dev eth0; 10.1.0.0/24 dev eth0 scope link; 198.51.100.0/30 dev eth1 scope link",
        ),
        ("eth1.rp_filter = 1", "eth1.rp_filter = 2"),
        ("198.51.100", "10.9.0"),
    ),
    "A06 of ip -br": Case(
        "$ ip -br link\nv0@if2 UP 02:00:00:00:00:07 <UP,LOWER_UP>\n"
        "$ ip -n a -br addr\neth0@if5 UP 10.5.0.1/24\n$ ip -n b -br addr\neth0@if7 UP 10.5.0.2/16\n",
        ("10.5.0.2/16", "10.5.0.2/24"),
        ("eth0@if7", "tun0"),
    ),
    "B10 of two bridges": Case(
        two_bridges(),
        (f"{BR1} vlan_filtering 0", f"{BR1} stp_state 1"),
        ("10: p10@if20: <BROADCAST,UP,LOWER_UP>", "10: p10@if20: <BROADCAST>"),
    ),
    "W01 of a published port": Case(
        root(dev("eth0", addr="10.1.0.2/24"), dev("br0", 3, kind="bridge", addr="10.7.0.1/24"),
             nft=nat('iifname "eth0" tcp dport 80 dnat to 10.7.0.9:80', "prerouting", -100) + forward('iifname "br0" accept')),
        ('iifname "br0" accept', "ct status dnat accept"),
        ("10.7.0.9:80", "10.9.0.9:80"),
    ),
    "W02 of a router": Case(
        root(dev("eth0", addr="10.1.0.2/24").replace("global", "global dynamic"), dev("wlan0", 3, addr="10.7.0.1/24"),
             main="default via 10.1.0.1 dev eth0", sysctl="net.ipv4.ip_forward = 1", nft=nat("accept")),
        ("\taccept", "\tmasquerade"),
        (" dynamic", ""),
    ),
}  # fmt: skip


def read(text: str) -> list[Host]:
    """The hosts of a text, with a line between them."""
    hosts = [opening.read_text(one) for one in text.split("=====\n")]
    for number, host in enumerate(hosts):
        host.name = f"host{number}" if len(hosts) > 1 else host.name
    return hosts


def every(found: Iterable[Finding]) -> set[str]:
    """The ids of findings and of their consequences."""
    return {one.id for top in found for one in (top, *top.under)}


@pytest.mark.parametrize("name", [*check.catalogue(), *ALSO])
def test_a_check_names_its_fault_and_leaves_the_sound_and_the_look_alike_alone(name: str) -> None:
    broken, sound, alike = CASES[name] if name in CASES else ALSO[name]
    id = name[:3]
    for which in (sound, alike):
        assert which[0] in broken, f"{which[0]!r} is not in the broken text"
    assert id in every(check.check(read(broken))), "the fault is not found"
    assert id not in every(check.check(read(broken.replace(*sound)))), "found in the sound text"
    assert id not in every(check.check(read(broken.replace(*alike)))), "found in the look-alike"


@pytest.mark.parametrize("id, mend", [("B03", "dev p11 vid {} pvid untagged"), ("B11", "dev br0 vid {} pvid untagged self")])
def test_what_is_in_no_vlan_is_put_into_that_of_the_other_ports(id: str, mend: str) -> None:
    for vlan in (1, 20):
        text = CASES[id].broken.replace("  1 PVID", f"  {vlan} PVID")
        (found,) = check.check(read(text), only=[id])
        assert found.mend == (f"bridge vlan add {mend.format(vlan)}",)


@pytest.mark.parametrize("odd", ["p10", "p11", "p12"])
def test_of_ports_in_two_vlans_the_odd_one_is_moved(odd: str) -> None:
    vlan = "; ".join(f"{port}  {2 if port == odd else 1} PVID Egress Untagged" for port in ("br0", "p10", "p11", "p12"))
    addresses = [f"10.0.0.{number}/24" for number in range(1, 5)]
    found = check.check(read(on_bridge(*addresses, kind=FILTERS, vlan=vlan)), only=["B02"])
    assert {one.mend for one in found} == {(f"bridge vlan add dev {odd} vid 1 pvid untagged",)}


def test_of_two_routes_with_one_metric_the_kernel_uses_the_first() -> None:
    text = CASES["A05"].broken.replace(" metric 100", "")
    (found,) = check.check(read(text), only=["A05"])
    assert found.severity == "error" and "in front of its own" in found.what
    first, second = (line for line in text.split("\n") if line.startswith("10.0.0.0/24"))
    (found,) = check.check(read(text.replace(f"{first}\n{second}", f"{second}\n{first}")), only=["A05"])
    assert found.severity == "warning" and "never used" in found.what


def test_of_two_owners_of_a_gateway_one_may_lead_outside() -> None:
    """The root has the address of the gateway, and r11, which has the address that is asked for."""
    text = on_bridge(
        "10.0.0.1/24", "10.0.0.10/24", "10.0.0.1/24", root_more=dev("up0", 3, addr="192.0.2.9/24"), nft="",
        route="default via 192.0.2.1 dev up0; 192.0.2.0/24 dev up0 proto kernel scope link src 192.0.2.9; "
        "10.0.0.0/24 dev br0 proto kernel scope link src 10.0.0.1",
    )  # fmt: skip
    before, line, behind = text.rpartition("    inet 10.0.0.1/24 scope global\n")
    [host] = read(before + line + line.replace("10.0.0.1/24", "10.9.0.1/32") + behind)
    found = trace.trace(host, trace.ask(host, "r10", "10.9.0.1"))
    assert (found.verdict, sorted(one.verdict for one in found.results)) == ("depends", ["leaves", "reached"])


def test_by_which_link_packets_come_to_a_published_port_may_not_be_known() -> None:
    """A rule that names no link, or all but one, is for what comes in by a default route; the port is open by eth0 only."""
    closed = ALSO["W01 of a published port"][0].replace("$ nft", "$ ip route\ndefault via 10.1.0.1 dev eth0\n$ nft", 1)
    for named in ('iifname "eth0" tcp', 'iifname != "br0" tcp', "tcp"):
        text = closed.replace('iifname "eth0" tcp', named)
        assert "W01" in every(check.check(read(text)))
        assert "W01" not in every(check.check(read(text.replace('iifname "br0" accept', 'iifname "eth0" accept'))))


def test_a_port_of_a_rule_may_be_any_word() -> None:
    broken = ALSO["W01 of a published port"][0]
    assert "W01" not in every(check.check(read(broken.replace("10.7.0.9:80", "10.7.0.9:\u00b2"))))


CLOSED = forward("ip saddr 10.0.0.15 drop", "accept").replace("forward", "input")
MANY = on_bridge(
    "10.0.0.1/24", *(f"10.0.0.{n}/24" for n in range(2, 22)), nft="",
    route="10.0.0.0/24 dev br0 proto kernel scope link src 10.0.0.1",
)  # fmt: skip


@pytest.mark.parametrize(
    "old, new, id",
    [
        ("$ ip neigh\n", "$ ip neigh\n10.0.0.15 dev br0 lladdr 02:00:00:00:09:09 PERMANENT\n", "H01"),
        ("10.0.0.0/24 dev br0", "unreachable 10.0.0.15\n10.0.0.0/24 dev br0", "R08"),
        (f"23: p23@if2: {UP}", f"23: p23@if2: {DOWN}", "L24"),
        ("$ nft list ruleset\n", f"$ nft list ruleset\n{CLOSED}\n", "W01"),
    ],
)  # fmt: skip
def test_among_many_that_are_alike_the_one_that_is_not_is_found(old: str, new: str, id: str) -> None:
    assert every(check.check(read(MANY), level="warning")) == set()
    assert id in every(check.check(read(MANY.replace(old, new, 1))))


def test_a_fault_of_the_router_of_many_is_walked_once_and_counted_for_all() -> None:
    """The rule keeps all namespaces from their gateway: one finding, not one for each, and the walks of one namespace."""
    rule = forward('\t\tiifname "br0" drop', "accept").replace("forward", "input")
    found = read(MANY.replace("$ nft list ruleset\n", f"$ nft list ruleset\n{rule}\n", 1))
    assert len(walks.walks(Look(found[0]))) < 15
    shown = [one.what for one in check.check(found, only=["W01"])]
    assert len(shown) == 1 and "more ways end there)" in shown[0], shown
