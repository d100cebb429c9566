"""One change of a real network is one row of `netwrap diff`; a network at rest, or built anew, gives none."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest
from private_host import PrivateHost

from netwrap.answers import diff
from netwrap.model.host import Host
from netwrap.sources import opening

pytestmark = pytest.mark.root
LAB = """
ip netns add red; ip netns add blue
ip link add br0 type bridge; ip link set br0 up; ip addr add 10.0.0.1/24 dev br0
for n in red blue; do
  ip link add v-$n type veth peer name eth0 netns $n; ip link set v-$n master br0 up
  ip -n $n link set lo up; ip -n $n link set eth0 up
done
ip -n red addr add 10.0.0.2/24 dev eth0; ip -n blue addr add 10.0.0.3/24 dev eth0
ip -n red route add default via 10.0.0.1; ip -n blue route add default via 10.0.0.1
ip -n red route add 10.7.0.0/16 via 10.0.0.3
ip -n red rule add from 10.0.0.2 lookup 100 pref 500
ip -n red neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent
ip -n red link add p0 address 02:00:00:00:00:70 type veth peer name p1
ip -n red link set p0 up; ip -n red link set p1 up
nft add table ip t; nft 'add chain ip t c { type filter hook forward priority 0; policy accept; }'
nft add rule ip t c ip saddr 10.0.0.2 counter accept; nft add rule ip t c tcp dport 22 drop
nft add set ip t s '{ type ipv4_addr; }'; nft add element ip t s '{ 10.0.0.7 }'
for n in '' '-n red' '-n blue'; do
  while ip $n -6 addr | grep -q tentative; do sleep 0.02; done
done
"""
AGAIN = """ip -n red route add default via 10.0.0.1; ip -n red route add 10.7.0.0/16 via 10.0.0.3
ip -n red neigh replace 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent"""
# what is done -> what undoes it -> the row that must come: (change, netns, table, part of the key, field)
CHANGES: dict[str, tuple[str, str, tuple[str, str | None, str, str, str | None]]] = {
    "mtu": ("ip -n red link set eth0 mtu 1400", "ip -n red link set eth0 mtu 1500", ("~", "red", "link", "eth0", "mtu")),
    "link down": ("ip -n red link set p0 down", "ip -n red link set p0 up", ("~", "red", "link", "p0", "state")),
    "port down": ("ip link set v-blue down", "ip link set v-blue up", ("~", None, "link", "v-blue", "state")),
    "new pair": ("ip link add n0 type veth peer name n1", "ip link del n0", ("+", None, "link", "n", None)),
    "new bridge": ("ip link add br9 type bridge", "ip link del br9", ("+", None, "link", "br9", None)),
    "new netns": ("ip netns add green", "ip netns del green", ("+", None, "netns", "green", None)),
    "new room with a cable": (
        "ip netns add green; ip link add v-green type veth peer name eth0 netns green; ip link set v-green master br0 up;"
        "ip -n green addr add 10.0.0.4/24 dev eth0", "ip netns del green; sleep 0.2", ("+", None, "netns", "green", None),
    ),
    "name": ("ip link set v-blue down; ip link set v-blue name v-b; ip link set v-b up",
             "ip link set v-b down; ip link set v-b name v-blue; ip link set v-blue up", ("~", None, "link", "v-b", "ifname")),
    "name of a link with routes": (
        "ip -n red link set eth0 down; ip -n red link set eth0 name wan0; ip -n red link set wan0 up",
        "ip -n red link set wan0 down; ip -n red link set wan0 name eth0; ip -n red link set eth0 up; " + AGAIN,
        ("~", "red", "link", "wan0", "ifname")),
    "moved": ("ip -n red link set p0 netns blue", "ip -n blue link set p0 netns red", ("~", "blue", "link", "p0", "netns")),
    "moved, with another name": ("ip -n red link set p0 netns blue name q0; ip -n blue link set q0 up",
                                 "ip -n blue link set q0 netns red name p0", ("~", "blue", "link", "q0", "netns")),
    "mtu of a port": ("ip link set v-red mtu 1400", "ip link set v-red mtu 1500", ("~", None, "link", "v-red", "mtu")),
    "cost of a port": ("bridge link set dev v-red cost 50", "bridge link set dev v-red cost 2",
                       ("~", None, "link", "v-red", "linkinfo.info_slave_data.cost")),
    "prefix length": ("ip addr del 10.0.0.1/24 dev br0; ip addr add 10.0.0.1/16 dev br0",
                      "ip addr del 10.0.0.1/16 dev br0; ip addr add 10.0.0.1/24 dev br0",
                      ("~", None, "address", "br0 10.0.0.1", "prefixlen")),
    "address on another link": ("ip addr del 10.0.0.1/24 dev br0; ip addr add 10.0.0.1/24 dev v-red",
                                "ip addr del 10.0.0.1/24 dev v-red; ip addr add 10.0.0.1/24 dev br0",
                                ("~", None, "address", "10.0.0.1/24", "dev")),
    "the last address": ("ip -n red addr del 10.0.0.2/24 dev eth0", "ip -n red addr add 10.0.0.2/24 dev eth0; " + AGAIN,
                         ("-", "red", "address", "eth0 10.0.0.2/24", None)),
    "gateway and source": ("ip -n red route replace 10.7.0.0/16 via 10.0.0.1 src 10.0.0.2",
                           "ip -n red route replace 10.7.0.0/16 via 10.0.0.3", ("~", "red", "route", "10.7.0.0/16", None)),
    "route turned into a blackhole": (
        "ip -n red route replace blackhole 10.7.0.0/16", "ip -n red route replace 10.7.0.0/16 via 10.0.0.3",
        ("~", "red", "route", "10.7.0.0/16", "type")),
    "IPv6 off": ("ip netns exec red sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1",
                 "ip netns exec red sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0", ("~", "red", "sysctl", "eth0", "value")),
    "alias": ("ip link set v-red alias uplink", "ip link set v-red alias ''", ("~", None, "link", "v-red", "ifalias")),
    "mac": ("ip -n red link set p0 address 02:00:00:00:00:77", "ip -n red link set p0 address 02:00:00:00:00:70",
            ("~", "red", "link", "p0", "address")),
    "txqueuelen": ("ip link set v-red txqueuelen 7", "ip link set v-red txqueuelen 1000", ("~", None, "link", "v-red", "txqlen")),
    "master": ("ip link set v-blue nomaster", "ip link set v-blue master br0", ("~", None, "link", "v-blue", "master")),
    "bridge option": ("ip link set br0 type bridge ageing_time 10000", "ip link set br0 type bridge ageing_time 30000",
                      ("~", None, "link", "br0", "linkinfo.info_data.ageing_time")),
    "isolated port": ("bridge link set dev v-red isolated on", "bridge link set dev v-red isolated off",
                      ("~", None, "link", "v-red", "linkinfo.info_slave_data.isolated")),
    "altname": ("ip link property add dev v-red altname longname", "ip link property del dev v-red altname longname",
                ("~", None, "link", "v-red", "altnames")),
    "arp off": ("ip -n red link set p0 arp off", "ip -n red link set p0 arp on", ("~", "red", "link", "p0", "flags")),
    "new address": ("ip -n red addr add 10.5.0.1/24 dev eth0", "ip -n red addr del 10.5.0.1/24 dev eth0",
                    ("+", "red", "address", "eth0 10.5.0.1/24", None)),
    "address gone": ("ip addr del 10.0.0.1/24 dev br0", "ip addr add 10.0.0.1/24 dev br0",
                     ("-", None, "address", "10.0.0.1/24", None)),
    "new IPv6 address": ("ip -n red addr add fd00::2/64 dev eth0 nodad", "ip -n red addr del fd00::2/64 dev eth0",
                         ("+", "red", "address", "eth0 fd00::2/64", None)),
    "with broadcast": ("ip -n red addr add 10.6.0.1/24 brd + dev eth0", "ip -n red addr del 10.6.0.1/24 dev eth0",
                  ("+", "red", "address", "10.6.0.1/24", None)),
    "route gone": ("ip -n red route del 10.7.0.0/16", "ip -n red route add 10.7.0.0/16 via 10.0.0.3",
                   ("-", "red", "route", "10.7.0.0/16 via 10.0.0.3", None)),
    "new route": ("ip -n red route add 10.8.0.0/16 via 10.0.0.3", "ip -n red route del 10.8.0.0/16",
                  ("+", "red", "route", "10.8.0.0/16", None)),
    "gateway": ("ip -n red route replace 10.7.0.0/16 via 10.0.0.1", "ip -n red route replace 10.7.0.0/16 via 10.0.0.3",
                ("~", "red", "route", "10.7.0.0/16", "gateway")),
    "route in a table": ("ip -n red route add default via 10.0.0.3 table 100", "ip -n red route flush table 100",
                         ("+", "red", "route", "table 100", None)),
    "blackhole": ("ip -n red route add blackhole 10.66.0.0/16", "ip -n red route del blackhole 10.66.0.0/16",
                  ("+", "red", "route", "blackhole 10.66.0.0/16", None)),
    "route metric": ("ip -n red route add 10.7.0.0/16 via 10.0.0.1 metric 50", "ip -n red route del 10.7.0.0/16 metric 50",
                     ("+", "red", "route", "10.7.0.0/16 via 10.0.0.1", None)),
    "another metric": ("ip -n red route del 10.7.0.0/16; ip -n red route add 10.7.0.0/16 via 10.0.0.3 metric 70",
                       "ip -n red route del 10.7.0.0/16; ip -n red route add 10.7.0.0/16 via 10.0.0.3",
                       ("~", "red", "route", "10.7.0.0/16 via 10.0.0.3", "metric")),
    "another table": ("ip -n red route del 10.7.0.0/16; ip -n red route add 10.7.0.0/16 via 10.0.0.3 table 70",
                      "ip -n red route del 10.7.0.0/16 table 70; ip -n red route add 10.7.0.0/16 via 10.0.0.3",
                      ("~", "red", "route", "table 70", "table")),
    "another priority": ("ip -n red rule del pref 500; ip -n red rule add from 10.0.0.2 lookup 100 pref 600",
                         "ip -n red rule del pref 600; ip -n red rule add from 10.0.0.2 lookup 100 pref 500",
                         ("~", "red", "rule", "600: from 10.0.0.2", "priority")),
    "another name of a namespace": (
        "touch /run/netns/crimson; mount --bind /run/netns/red /run/netns/crimson; umount /run/netns/red; rm /run/netns/red",
        "touch /run/netns/red; mount --bind /run/netns/crimson /run/netns/red; umount /run/netns/crimson; rm /run/netns/crimson",
        ("~", None, "netns", "crimson", "name")),
    "route mtu": ("ip -n red route replace 10.7.0.0/16 via 10.0.0.3 mtu 1300", "ip -n red route replace 10.7.0.0/16 via 10.0.0.3",
                  ("~", "red", "route", "10.7.0.0/16", "metrics")),
    "IPv6 route": ("ip -n red -6 route add fd09::/64 dev eth0", "ip -n red -6 route del fd09::/64 dev eth0",
                   ("+", "red", "route", "fd09::/64", None)),
    "rule gone": ("ip -n red rule del pref 500", "ip -n red rule add from 10.0.0.2 lookup 100 pref 500",
                  ("-", "red", "rule", "500: from 10.0.0.2", None)),
    "new rule": ("ip -n red rule add fwmark 7 lookup 7 pref 70", "ip -n red rule del pref 70",
                 ("+", "red", "rule", "70: ", None)),
    "rule turned over": ("ip -n red rule del pref 500; ip -n red rule add from 10.0.0.2 lookup 200 pref 500",
                         "ip -n red rule del pref 500; ip -n red rule add from 10.0.0.2 lookup 100 pref 500",
                         ("~", "red", "rule", "500: ", "action")),
    "IPv6 rule": ("ip -n red -6 rule add from fd00::/64 lookup 9 pref 90", "ip -n red -6 rule del pref 90",
                  ("+", "red", "rule", "-6 90: ", None)),
    "permanent neighbour": ("ip -n red neigh replace 10.0.0.9 lladdr 02:00:00:00:00:0a dev eth0 nud permanent",
                            "ip -n red neigh replace 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent",
                            ("~", "red", "neigh", "10.0.0.9", "lladdr")),
    "neighbour gone": ("ip -n red neigh del 10.0.0.9 dev eth0",
                       "ip -n red neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent",
                       ("-", "red", "neigh", "10.0.0.9", None)),
    "proxy": ("ip -n red neigh add proxy 10.0.0.50 dev eth0", "ip -n red neigh del proxy 10.0.0.50 dev eth0",
              ("+", "red", "neigh", "proxy 10.0.0.50", None)),
    "static fdb": ("bridge fdb add 02:00:00:00:00:55 dev v-red master static",
                   "bridge fdb del 02:00:00:00:00:55 dev v-red master",
                   ("+", None, "fdb", "02:00:00:00:00:55", None)),
    "rule of a firewall": ("nft insert rule ip t c udp dport 53 accept",
                           "nft delete rule ip t c handle $(nft -a list chain ip t c | sed -n 's/.*dport 53.*handle //p')",
                           ("+", None, "firewall", "udp dport 53", None)),
    "policy": ("nft 'add chain ip t c { type filter hook forward priority 0; policy drop; }'",
               "nft 'add chain ip t c { type filter hook forward priority 0; policy accept; }'",
               ("~", None, "firewall", "chain ip t c", "policy")),
    "rule moved": ("nft delete rule ip t c handle $(nft -a list chain ip t c | sed -n 's/.*dport 22.*handle //p');"
                   "nft insert rule ip t c tcp dport 22 drop",
                   "nft delete rule ip t c handle $(nft -a list chain ip t c | sed -n 's/.*dport 22.*handle //p');"
                   "nft add rule ip t c tcp dport 22 drop", ("~", None, "firewall", "ip t c: ", "place")),
    "new table": ("nft add table ip u; nft 'add chain ip u d { type filter hook input priority 0; }'; nft add rule ip u d accept",
                  "nft delete table ip u", ("+", None, "firewall", "table ip u", None)),
    "set": ("nft add element ip t s '{ 10.0.0.8 }'", "nft delete element ip t s '{ 10.0.0.8 }'",
            ("~", None, "firewall", "set ip t s", "elem")),
    "forwarding": ("sysctl -qw net.ipv4.ip_forward=1", "sysctl -qw net.ipv4.ip_forward=0", ("~", None, "", "", None)),
    "rp_filter": ("ip netns exec red sysctl -qw net.ipv4.conf.eth0.rp_filter=1",
                  "ip netns exec red sysctl -qw net.ipv4.conf.eth0.rp_filter=0", ("~", "red", "", "eth0", None)),
    # the last: a link that is made anew is another one than that of the state at rest
    "link gone": ("ip -n red link del p0", "ip -n red link add p0 type veth peer name p1", ("-", "red", "link", "p", None)),
}  # fmt: skip


class Lab:
    """A network in a private host, and its state as the probe captures it."""

    def __init__(self) -> None:
        self.host = PrivateHost()
        try:
            self.host.sh(LAB)
        except BaseException:
            self.host.end()
            raise

    @functools.cached_property
    def rest(self) -> Host:
        """The state that each change is undone to."""
        return self.state()

    def state(self) -> Host:
        done = self.host.netwrap("capture")
        assert done.returncode == 0, done.stderr
        return opening.read_text(done.stdout)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    made = Lab()
    try:
        yield made
    finally:
        made.host.end()


def told(found: diff.Difference) -> list[tuple[Any, ...]]:
    return [
        (row["change"], row["netns"], row["table"], row["key"], row["field"], row["before"], row["after"]) for row in found.rows
    ]


def test_a_lab_at_rest_and_a_busy_one_give_nothing(lab: Lab) -> None:
    before = lab.state()
    assert told(diff.diff(before, lab.state())) == []
    lab.host.sh("ip netns exec red ping -c 2 -i 0.2 -q 10.0.0.3 >/dev/null; ip netns exec blue ping -c 1 -q 10.0.0.1 >/dev/null")
    found = diff.diff(before, lab.state())
    assert told(found) == [] and found.hidden["volatile"] > 0
    assert diff.diff(before, lab.state(), everything=True).rows


@pytest.mark.parametrize("name", CHANGES)
def test_one_change_is_one_row(lab: Lab, name: str) -> None:
    do, undo, (change, netns, table, key, field) = CHANGES[name]
    before = lab.rest
    try:
        lab.host.sh(do)
        after = lab.state()
    finally:
        lab.host.sh(undo + "\nip -n red link set p0 up; ip -n red link set p1 up")
    rows = told(diff.diff(before, after))
    assert len(rows) == 1, rows
    [row] = rows
    assert row[0] == change and row[1] == netns and row[2].startswith(table) and key in row[3] and field in (None, row[4])
    back = told(diff.diff(after, before))
    turned = {"+": "-", "-": "+", "~": "~"}
    assert [(turned[one[0]], *one[1:3], one[4]) for one in back] == [(one[0], *one[1:3], one[4]) for one in rows]
    assert [(one[6], one[5]) for one in back if one[0] == "~"] == [(one[5], one[6]) for one in rows if one[0] == "~"]


def test_a_lab_built_anew_gives_nothing_but_identity() -> None:
    first, second = Lab(), Lab()
    try:
        before, after = first.state(), second.state()
        found = diff.diff(before, after)
        assert told(found) == [] and found.hidden["identity"] > 0
        assert diff.diff(before, after, identity=True).rows
        assert {how for _, _, how in found.pairs} == {"root", "name"}
    finally:
        first.host.end()
        second.host.end()


def test_two_namespaces_of_one_host(lab: Lab) -> None:
    host = lab.state()
    found = told(diff.between(host, "red", "blue", tables=["address", "route", "rule"]))
    assert ("-", "blue", "rule", "500: from 10.0.0.2 lookup 100", None, "500: from 10.0.0.2 lookup 100", None) in found
    assert ("-", "blue", "route", "10.7.0.0/16 via 10.0.0.3 dev eth0", None, "10.7.0.0/16 via 10.0.0.3 dev eth0", None) in found
