"""One fault each: trace names the namespace and the reason, and the mend that it prints repairs it."""

# ruff: noqa: E501 (a fault is one row)

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from networks import CHAIN, LAN, MACVLAN, VXLAN
from private_host import PrivateHost

pytestmark = pytest.mark.root


class Fault(NamedTuple):
    """A fault: the network it is in, the lines that make it, the question, and what must be said."""

    called: str
    network: str
    lines: str
    asked: str
    where: str
    reason: str
    mends: bool = True


def _nft(netns: str, hook: str, rule: str, family: str = "ip", policy: str = "accept") -> str:
    """Lines that make a chain with one rule, named guard."""
    nft = f"ip netns exec {netns} nft"
    lines = f"{nft} add table {family} guard\n"
    lines += f"{nft} 'add chain {family} guard gate {{ type filter hook {hook} priority 5; policy {policy}; }}'\n"
    return lines + (f"{nft} add rule {family} guard gate {rule}\n" if rule else "")


FAULTS = [
    Fault("no route there", CHAIN, "ip -n a route del default", "a 10.2.0.1", "a", "no-route"),
    Fault("no route back", CHAIN, "ip -n b route del default", "a 10.2.0.1", "b", "no-route"),
    Fault("lo down", CHAIN, "ip -n a link set dev lo down", "a 10.1.0.1", "a", "link-down"),
    Fault("peer down", CHAIN, "ip -n b link set dev eth0 down; ip -n b address flush dev eth0; ip -n b address add 10.2.0.1/24 dev eth0",
          "r 10.2.0.1", "b", "peer-down"),
    Fault("forwarding off", CHAIN, "ip netns exec r sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'", "a 10.2.0.1", "r",
          "not-forwarding"),
    Fault("forwarding off where it comes in", CHAIN, "ip netns exec r sh -c 'echo 0 >/proc/sys/net/ipv4/conf/eth0/forwarding'",
          "a 10.2.0.1", "r", "not-forwarding"),
    Fault("forwarding off for the answer", CHAIN, "ip netns exec r sh -c 'echo 0 >/proc/sys/net/ipv4/conf/eth1/forwarding'",
          "a 10.2.0.1", "r", "not-forwarding"),
    Fault("IPv6 forwarding off", CHAIN, "ip netns exec r sh -c 'echo 0 >/proc/sys/net/ipv6/conf/all/forwarding'", "a fd02::1", "r",
          "not-forwarding"),
    Fault("rp_filter without a way back", CHAIN,
          "ip -n b route del default; ip netns exec b sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter'", "a 10.2.0.1", "b",
          "rp-filter"),
    Fault("rp_filter with two cables", CHAIN,
          "ip -n a link add eth9 type veth peer name eth9 netns r; ip -n a link set dev eth9 up; ip -n r link set dev eth9 up\n"
          "ip -n a address add 10.9.0.1/24 dev eth9; ip -n r address add 10.9.0.254/24 dev eth9\n"
          "ip -n a route replace default via 10.9.0.254 src 10.1.0.1\n"
          "ip netns exec r sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter'", "a 10.2.0.1", "r", "rp-filter"),
    Fault("wrong prefix length", CHAIN, "ip -n a address del 10.1.0.1/24 dev eth0; ip -n a address add 10.1.0.1/8 dev eth0",
          "a 10.2.0.1", "a", "no-owner"),
    Fault("gateway that nobody has", CHAIN, "ip -n a route replace default via 10.1.0.77", "a 10.2.0.1", "a", "no-owner"),
    Fault("gateway off the link", CHAIN, "ip -n a route replace default via 10.7.0.1 dev eth0 onlink", "a 10.2.0.1", "a", "no-owner"),
    Fault("MAC of nobody", CHAIN, "ip -n a neigh replace 10.1.0.254 lladdr 02:00:00:00:00:99 dev eth0 nud permanent", "a 10.2.0.1",
          "a", "wrong-mac"),
    Fault("blackhole", CHAIN, "ip -n r route add blackhole 10.2.0.0/25", "a 10.2.0.1", "r", "blackhole"),
    Fault("unreachable", CHAIN, "ip -n a route add unreachable 10.2.0.0/16", "a 10.2.0.1", "a", "unreachable"),
    Fault("prohibit by a rule", CHAIN, "ip -n r rule add pref 7 from 10.1.0.0/24 prohibit", "a 10.2.0.1", "r", "prohibit"),
    Fault("rule for the answer", CHAIN, "ip -n b rule add pref 7 from 10.2.0.1 blackhole", "a 10.2.0.1", "b", "blackhole"),
    Fault("ARP off", CHAIN, "ip -n b link set dev eth0 arp off", "a 10.2.0.1", "b", "arp-off"),
    Fault("arp_ignore", CHAIN, "ip netns exec b sh -c 'echo 8 >/proc/sys/net/ipv4/conf/eth0/arp_ignore'", "a 10.2.0.1", "b",
          "arp-off"),
    Fault("echo ignored", CHAIN, "ip netns exec b sh -c 'echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all'", "a 10.2.0.1", "b",
          "icmp-ignored"),
    Fault("MTU of a router", CHAIN, "ip -n r link set dev eth1 mtu 1400; ip -n b link set dev eth0 mtu 1400",
          "a 10.2.0.1 --size 1500", "r", "mtu"),
    Fault("MTU that differs on a cable", CHAIN, "ip -n b link set dev eth0 mtu 1400", "a 10.2.0.1 --size 1500", "b", "mtu"),
    Fault("loop", CHAIN, "ip -n r route add 10.3.0.0/24 via 10.1.0.1; ip netns exec a sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'",
          "b 10.3.0.1", "a", "loop", mends=False),
    Fault("loop to an address that somebody has", CHAIN, "ip -n r route add 10.2.0.0/25 via 10.1.0.1; "
          "ip netns exec a sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'", "a 10.2.0.1", "a", "martian"),
    Fault("link of the router down", CHAIN, "ip -n a route add 10.9.0.0/24 via 10.1.0.254; ip -n r route add 10.9.0.0/24 via 10.2.0.1; "
          "ip -n b address add 10.9.0.1/32 dev lo; ip -n r link set dev eth1 down", "a 10.9.0.1", "r", "no-route"),
    Fault("link down beside a default route", CHAIN, "ip -n r route add default via 10.1.0.1; ip -n r link set dev eth1 down",
          "a 10.2.0.1", "r", "link-down"),
    Fault("policy for both directions", CHAIN, _nft("r", "forward", "", policy="drop"), "a 10.2.0.1", "r", "filter"),
    Fault("MTU of both ends", LAN, "ip -n s link set dev pb mtu 1400; ip -n b link set dev eth0 mtu 1400", "a 10.0.0.2 --size 1500",
          "s", "mtu"),
    Fault("port out of the bridge", LAN, "ip -n s link set dev pb nomaster", "a 10.0.0.2", "a", "no-owner"),
    Fault("another table drops in FORWARD", CHAIN, _nft("r", "forward", "ip daddr 10.2.0.1 accept") +
          _nft("r", "forward", "ip saddr 10.1.0.0/24 drop", "inet"), "a 10.2.0.1", "r", "filter"),
    Fault("INPUT drops", CHAIN, _nft("b", "input", "icmp type echo-request drop"), "a 10.2.0.1", "b", "filter"),
    Fault("OUTPUT drops", CHAIN, _nft("a", "output", "ip daddr 10.2.0.0/24 drop"), "a 10.2.0.1", "a", "filter"),
    Fault("FORWARD rejects", CHAIN, _nft("r", "forward", "ip daddr 10.2.0.0/24 reject"), "a 10.2.0.1", "r", "reject"),
    Fault("policy drops the answer", CHAIN, _nft("r", "forward", "iifname eth0 accept", policy="drop"), "a 10.2.0.1", "r", "filter"),
    Fault("neighbour discovery dropped", CHAIN, _nft("b", "input", "icmpv6 type echo-request accept", "inet", "drop"), "r fd02::1", "b",
          "filter"),
    Fault("DNAT to nobody", CHAIN, "ip netns exec r nft add table ip nat\nip netns exec r nft 'add chain ip nat pre { type nat hook "
          "prerouting priority -100; }'\nip netns exec r nft add rule ip nat pre ip daddr 10.2.0.1 dnat to 10.2.0.99",
          "a 10.2.0.1", "r", "no-owner"),
    Fault("no masquerade", CHAIN, "ip -n b route del default", "a 10.2.0.1", "b", "no-route"),
    Fault("isolated ports", LAN, "bridge -n s link set dev pa isolated on; bridge -n s link set dev pb isolated on", "a 10.0.0.2", "s",
          "isolated"),
    Fault("blocked port", LAN, "for i in 1 2 3 4 5 6; do bridge -n s link set dev pb state 0; sleep 0.3; done", "a 10.0.0.2", "s", "port-state"),
    Fault("bridge down", LAN, "ip -n s link set dev br0 down", "a 10.0.0.2", "s", "bridge-down"),
    Fault("port down", LAN, "ip -n s link set dev pb down", "a 10.0.0.2", "s", "link-down"),
    Fault("bridge-nf", LAN, _nft("s", "forward", "", policy="drop"), "a 10.0.0.2", "s", "filter"),
    Fault("bridge family", LAN, _nft("s", "forward", "ip protocol icmp drop", "bridge"), "a 10.0.0.2", "s", "filter"),
    Fault("MAC of another", LAN, "ip -n a neigh replace 10.0.0.2 dev eth0 nud permanent lladdr "
          "$(ip netns exec c cat /proc/sys/net/../../net/dev >/dev/null; ip -n c -o link show dev eth0 | sed 's/.*ether //; s/ .*//')",
          "a 10.0.0.2", "a", "wrong-owner"),
    Fault("id of a vxlan", VXLAN, "ip -n y link del vx0\n"
          "ip -n y link add vx0 type vxlan id 9 remote 192.168.0.1 local 192.168.0.2 dstport 4789\n"
          "ip -n y link set dev vx0 master br0; ip -n y link set dev vx0 up", "a 10.0.0.2", "y", "tunnel"),
    Fault("a frame too big for a vxlan", VXLAN, "", "a 10.0.0.2 --size 1500", "x", "mtu"),
    Fault("macvlan private", MACVLAN, "", "a 10.0.0.2", "a", "isolated"),
    Fault("macvlan parent", MACVLAN, "", "a 10.0.0.9", "a", "macvlan-parent", mends=False),
    Fault("tunnel without a remote", VXLAN, "bridge -n x fdb del 00:00:00:00:00:00 dev vx0 dst 192.168.0.2", "a 10.0.0.2", "x",
          "tunnel"),
    Fault("tunnel filtered", VXLAN, _nft("y", "input", "udp dport 4789 drop"), "a 10.0.0.2", "y", "filter"),
]  # fmt: skip


def _traced(host: PrivateHost, asked: str) -> tuple[int, Any]:
    done = host.netwrap("trace", *asked.split(), "--format", "json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def _pings(host: PrivateHost, asked: str) -> bool:
    start, target, *rest = asked.split()
    size = ["-M", "do", "-s", str(int(rest[1]) - 28)] if rest else []
    words = ["ip", "netns", "exec", start, "ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", *size, target]
    return host.run(*words, check=False).returncode == 0


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.called.replace(" ", "-")) for fault in FAULTS])
def test_the_fault_is_named_and_its_mend_repairs(private_host: PrivateHost, fault: Fault) -> None:
    private_host.sh(fault.network + fault.lines)
    assert not _pings(private_host, fault.asked)
    status, said = _traced(private_host, fault.asked)
    assert (status, said["where"]["netns"], said["reason"]) == (1, fault.where, fault.reason), said["findings"] or said
    assert not [note for note in said["notes"] if "the kernel is right" in note]
    for command in said["findings"][0]["mend"] if fault.mends else ():
        private_host.sh(command)
    status, said = _traced(private_host, fault.asked)
    # the kernel tells a bridge of a carrier once a second, and a busy machine later
    assert not fault.mends or (status == 0 and any(_pings(private_host, fault.asked) for _ in range(5))), said


def _dropped(priority: int) -> str:
    """Lines for a chain of r that marks what comes from a, and drops it; and for a DNAT to nobody."""
    nft = "ip netns exec r nft"
    lines = f"{nft} add table ip guard\n{nft} 'add chain ip guard gate {{ type filter hook prerouting priority {priority}; }}'\n"
    lines += (
        f"{nft} add rule ip guard gate ip saddr 10.1.0.1 meta mark set 7\n{nft} add rule ip guard gate ip saddr 10.1.0.1 drop\n"
    )
    return lines + f"{nft} 'add chain ip guard nat {{ type nat hook prerouting priority -100; }}'\n"


_TO_NOBODY = "ip netns exec r nft add rule ip guard nat ip daddr 10.2.0.1 dnat to 10.2.0.77"
#: Two faults, or one that looks like two: the network with its faults, the question, and what stops the packet behind the mend.
NEXT = {
    "both isolated": (LAN + "bridge -n s link set dev pa isolated on; bridge -n s link set dev pb isolated on", "a 10.0.0.2", None),
    "ARP dropped twice": (
        LAN + _nft("s", "forward", "ether type arp drop", "bridge") + _nft("b", "input", "drop", "arp"), "a 10.0.0.2",
        "a rule of b drops ARP (arp guard gate: drop): the MAC of 10.0.0.2 is never learned"),
    "its own source": (CHAIN + "ip -n r address add 10.1.0.1/32 dev lo", "a 10.2.0.1", None),
    "a mark of the chain that drops": (CHAIN + _dropped(5) + "ip -n r rule add fwmark 7 prohibit", "a 10.2.0.1", None),
    "a translation before it is dropped": (CHAIN + _dropped(5) + _TO_NOBODY, "a 10.2.0.1", "nobody on eth1 of r has 10.2.0.77"),
    "a translation behind": (CHAIN + _dropped(-300) + _TO_NOBODY, "a 10.2.0.1", "nobody on eth1 of r has 10.2.0.77"),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "asked", "following"), NEXT.values(), ids=[name.replace(" ", "-") for name in NEXT])
def test_the_next_fault_is_what_stops_the_packet_behind_the_mend(
    private_host: PrivateHost, lines: str, asked: str, following: str | None
) -> None:
    private_host.sh(lines)
    status, said = _traced(private_host, asked)
    assert (status, said["then"][:1]) == (1, [following] if following else []), said
    private_host.sh("\n".join(said["findings"][0]["mend"]))
    status, said = _traced(private_host, asked)
    assert [one["what"] for one in said["findings"]] == ([following] if following else [])
    assert _pings(private_host, asked) == (following is None)
