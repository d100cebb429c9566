"""Each fault in a real network is found at its place; its mend removes it without a new one; a healthy network has none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from networks import CHAIN, LAN, MACVLAN, VXLAN
from private_host import PrivateHost

pytestmark = pytest.mark.root


def switch(netns: str, name: str, value: int) -> str:
    return f"ip netns exec {netns} sh -c 'echo {value} >/proc/sys/net/{name}'"


def nft(netns: str, *rules: str, hook: str = "forward", policy: str = "accept") -> str:
    of = f"ip netns exec {netns} nft"
    chain = f"{of} 'add chain ip f c {{ type filter hook {hook} priority 0; policy {policy}; }}'"
    return "; ".join([f"{of} add table ip f", chain, *(f"{of} add rule ip f c {rule}" for rule in rules)])


# Macvlans that may talk, on a link without an address.
SIBLINGS = MACVLAN.replace("mode private", "mode bridge").replace("ip -n h address add 10.0.0.9/24 dev eth0;", "")
# A vxlan that fits into the packets below.
FITTING = VXLAN + "\nfor n in x y; do ip -n $n link set dev vx0 mtu 1450; done"
MAC = "ip netns exec a cat /sys/class/net/eth0/address"
# what is done -> (network, commands, check, namespace)
FAULTS = {
    "no default": (CHAIN, "ip -n a route del default", "R08", "a"),
    "no way back": (CHAIN, "ip -n b route del default", "R08", "b"),
    "IPv6: no way back": (CHAIN, "ip -n b -6 route del default", "R08", "b"),
    "a blackhole": (CHAIN, "ip -n b route add blackhole 10.1.0.0/24", "R08", "b"),
    "forwarding off": (CHAIN, switch("r", "ipv4/ip_forward", 0), "F01", "r"),
    "IPv6 forwarding off": (CHAIN, switch("r", "ipv6/conf/all/forwarding", 0), "F01", "r"),
    "forwarding off on one link": (CHAIN, switch("r", "ipv4/conf/eth1/forwarding", 0), "F02", "r"),
    "rp_filter": (CHAIN, "ip -n r route add 10.1.0.1 dev eth1; " + switch("r", "ipv4/conf/eth0/rp_filter", 1), "F03", "r"),
    "pings ignored": (CHAIN, switch("b", "ipv4/icmp_echo_ignore_all", 1), "F11", "b"),
    "arp_ignore": (CHAIN, switch("r", "ipv4/conf/eth0/arp_ignore", 8), "F07", "r"),
    "arp off": (CHAIN, "ip -n b link set dev eth0 arp off", "F07", "b"),
    "link down": (CHAIN, "ip -n b link set dev eth0 down", "L02", "b"),
    "lo down": (CHAIN, "ip -n b link set dev lo down", "L01", "b"),
    "gateway of nobody": (CHAIN, "ip -n a route replace default via 10.1.0.77", "R05", "a"),
    "gateway off the link": (CHAIN, "ip -n a address add 10.1.9.1/24 dev eth0; ip -n a route replace default via 10.1.9.254;"
                             "ip -n a address del 10.1.9.1/24 dev eth0", "R02", "a"),
    "wrong length": (CHAIN, "ip -n a address del 10.1.0.1/24 dev eth0; ip -n a address add 10.1.0.1/8 dev eth0;"
                     "ip -n a route add default via 10.1.0.254", "A06", "a"),
    "MTU of one end": (CHAIN, "ip -n b link set dev eth0 mtu 1400", "L11", "b"),
    "MAC of nobody": (CHAIN, "ip -n a neigh replace 10.1.0.254 lladdr 02:00:00:00:00:99 dev eth0 nud permanent", "H01", "a"),
    "entry of nobody": (CHAIN, "ip -n a neigh replace 10.1.0.99 lladdr 02:00:00:00:00:99 dev eth0 nud permanent", "H02", "a"),
    "rule that drops": (CHAIN, "ip -n b rule add pref 7 from 10.2.0.1 blackhole", "R08", "b"),
    "one rule twice": (CHAIN, "for n in 7 8; do ip -n b rule add pref $n from 10.9.0.1 lookup main; done", "R25", "b"),
    "one rule of IPv6 twice": (CHAIN, "for n in 7 8; do ip -n b -6 rule add pref $n from fd09::1 lookup main; done", "R25", "b"),
    "main not looked up": (CHAIN, "ip -n b rule del pref 32766", "R17", "b"),
    "a rule behind main": (CHAIN, "ip -n b route add default via 10.2.0.254 table 77; ip -n b rule add from 10.2.0.1 lookup 77 "
                           "pref 40000", "R16", "b"),
    "a loop of bridges": (LAN, "ip -n s link add br1 type bridge; ip -n s link set br1 up; for i in 1 2; do ip -n s link add l$i "
                          "type veth peer name m$i; ip -n s link set l$i master br0 up; ip -n s link set m$i master br1 up; done",
                          "B10", "s"),
    "two defaults": (CHAIN, "ip -n r route add default via 10.1.0.1; ip -n r route append default via 10.2.0.1; "
                     + switch("a", "ipv4/ip_forward", 1) + "; " + switch("b", "ipv4/ip_forward", 1), "R07", "r"),
    "a part of the network blackholed": (CHAIN, "ip -n r route add blackhole 10.2.0.128/25", "R10", "r"),
    "two links in one network": (LAN, "ip -n a link add e1 type veth peer name p1 netns s; ip -n s link set p1 master br0;"
                                 "ip -n s link set p1 up; ip -n a link set e1 up; ip -n a address add 10.0.0.77/24 dev e1",
                                 "A04", "a"),
    "filter": (CHAIN, nft("r", policy="drop"), "W01", "r"),
    "a port closed": (CHAIN, nft("r", "tcp dport 80 drop"), "W09", "r"),
    "bridge down": (LAN, "ip -n s link set dev br0 down", "L07", "s"),
    "port down": (LAN, "ip -n s link set dev pb down", "L03", "s"),
    "port blocked": (LAN, "bridge -n s link set dev pb state 0", "B01", "s"),
    "ports isolated": (LAN, "bridge -n s link set dev pa isolated on; bridge -n s link set dev pb isolated on", "B05", "s"),
    "MAC on another port": (LAN, f"bridge -n s fdb replace $({MAC}) dev pb master static sticky", "B06", "s"),
    "one address twice": (LAN, "ip -n b address del 10.0.0.2/24 dev eth0; ip -n b address add 10.0.0.1/24 dev eth0", "A01", "a"),
    "one MAC twice": (LAN, f"ip -n b link set dev eth0 address $({MAC})", "L17", "b"),
    "an address on a port": (LAN, "ip -n s address add 10.0.0.9/24 dev pa", "L20", "s"),
    "no default beside others": (LAN, "ip -n s address add 10.0.0.254/24 dev br0; for n in a b; do ip -n $n route add default "
                                 "via 10.0.0.254; done; " + switch("s", "ipv4/ip_forward", 1), "R01", "c"),
    "a smaller port": (LAN, "ip -n s link set br0 mtu 1500; ip -n s link set pa mtu 1400; ip -n a link set eth0 mtu 1400;"
                       "ip -n s link set br0 mtu 1500", "L12", "s"),
    "parent down": (SIBLINGS, "ip -n h link set dev eth0 down", "L21", "h"),
    "macvlans apart": (SIBLINGS, "ip -n a link set dev eth0 type macvlan mode private", "B05", "a"),
    "another port": (VXLAN, "ip -n y link del vx0; ip -n y link add vx0 type vxlan id 7 remote 192.168.0.1 local 192.168.0.2 "
                     "dstport 8472; ip -n y link set vx0 master br0; ip -n y link set vx0 up", "B07", "y"),
    "a tunnel too big": (FITTING, "ip -n x link set vx0 mtu 1500", "L13", "x"),
}  # fmt: skip
#: Checks that know no command: what was meant is not in the state.
WITHOUT_MEND = ("W09", "B07")
#: What a mend cannot bring back: the routes that went with the link.
LEFT = {"link down": {("R08", "b")}}
#: What each network has by itself: found once.
SOUND: dict[str, set[tuple[str, str]]] = {}


def found(host: PrivateHost, *words: str) -> list[dict[str, Any]]:
    done = host.netwrap("check", "--format", "json", *words)
    assert done.stderr == ""
    return list(json.loads(done.stdout))


def places(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(row["id"], row["netns"]) for top in rows for row in (top, *top["consequences"])}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_its_mend_makes_it_go_away_and_brings_no_other(private_host: PrivateHost, name: str) -> None:
    network, lines, id, netns = FAULTS[name]
    private_host.sh(network)
    if network not in SOUND:
        SOUND[network] = places(found(private_host))
    private_host.sh(lines)
    rows = found(private_host)
    broken = places(rows) - SOUND[network]
    assert (id, netns) in broken
    for _ in range(2):  # a second mend may be needed: the address of a link that was down has lost its routes
        about = [row for row in rows if id in {row["id"], *(other["id"] for other in row["consequences"])}]
        mends = [command for row in about for command in row["mend"]]
        if not mends:
            break
        private_host.sh("; ".join(mends))
        rows = found(private_host)
    left = places(rows) - SOUND[network]
    assert left == (broken if id in WITHOUT_MEND else LEFT.get(name, set()))


@pytest.mark.parametrize("network", [CHAIN, LAN, VXLAN, SIBLINGS])
def test_a_sound_network_has_no_error(private_host: PrivateHost, network: str) -> None:
    private_host.sh(network)
    assert found(private_host, "--level", "error") == []
