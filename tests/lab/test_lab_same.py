"""`lab status` sees every change, `lab up` mends it, and an export is the same network or notes what it lacks."""

from __future__ import annotations

import sys

import pytest
from private_host import ROOT, PrivateHost

pytestmark = pytest.mark.root

LAB = """
name = "r"
[namespaces.red]
addresses = ["10.255.0.1/32"]
rules = [{ priority = 100, from = "10.1.0.9/32", action = "prohibit" }, { priority = 101, fwmark = 5, fwmask = 255, table = 7 },
         { priority = 102, ipproto = "tcp", dport = "80-90", not = true, table = 7 },
         { priority = 103, table = "main", suppress_prefixlength = 0 }]
routes = [{ to = "10.5.0.0/16", dev = "e" }, { to = "10.6.0.0/16", via = "10.1.0.9", tos = "0x10", mtu = 1300 },
          { to = "10.7.0.0/16", nexthops = [{ via = "10.1.0.9", dev = "e", weight = 2 }, { via = "10.1.0.8", dev = "e" }] },
          { to = "10.8.0.0/16", dev = "e", scope = "host" }, { to = "fd09::/64", dev = "e", pref = "high" }]
[bridges.b]
[[links]]
endpoints = [{ at = "red:e", addresses = ["10.1.0.1/24", { address = "10.2.0.1", peer = "10.2.0.2/32" }, "fd01::1/64",
    { address = "10.3.0.1/24", broadcast = "10.3.0.255", scope = "link", label = "e:1", metric = 50 },
    { address = "10.4.0.1/24", noprefixroute = true }] }, { at = "b:p", port = { hairpin = true } }]
"""
CHANGES = {  # what is done, and what `status` prints of it
    "ip -n red rule del priority 100; ip -n red rule add priority 100 not from 10.1.0.9/32 prohibit":
        ["~ red: rule 100: from 10.1.0.9/32 action prohibit (not yes -> none)"],
    "ip -n red rule del priority 101; ip -n red rule add priority 101 fwmark 5 table 7":
        ["~ red: rule 101: fwmark 5 fwmask 255 table 7 (fwmask none -> 255)"],
    "ip -n red rule del priority 103; ip -n red rule add priority 103 table main":
        ["~ red: rule 103: table 254 suppress_prefixlength 0 (suppress_prefixlength none -> 0)"],
    "ip -n red route replace 10.5.0.0/16 dev e mtu 300": ["~ red: route 10.5.0.0/16 dev e (metrics mtu 300 -> none)"],
    "ip -n red route replace 10.5.0.0/16 via 10.1.0.7": ["~ red: route 10.5.0.0/16 dev e (via 10.1.0.7 -> none)"],
    "ip -n red route replace 10.8.0.0/16 dev e": ["~ red: route 10.8.0.0/16 dev e scope host (scope none -> host)"],
    "ip -n red route del 10.6.0.0/16 tos 0x10": ["+ red: route 10.6.0.0/16 tos 0x10 via 10.1.0.9 mtu 1300"],
    "ip -n red address del 10.1.0.1/24 dev e; ip -n red address add 10.1.0.1/24 dev e scope link":
        ["- red: address 10.1.0.1/24 on e scope link", "+ red: address 10.1.0.1/24 on e",
         "+ red: route 10.6.0.0/16 tos 0x10 via 10.1.0.9 mtu 1300",
         "+ red: route 10.7.0.0/16 nexthop via 10.1.0.9 dev e weight 2 nexthop via 10.1.0.8 dev e weight 1"],
    "ip link set dev p type bridge_slave isolated on hairpin off":
        ["~ host: link p to red:e master b (port isolated yes -> hairpin yes)"],
    "ip -n red link set e mtu 1400": ["~ red: link e to host:p (mtu 1400 -> 1500)"],
    "ip -n red route del 10.1.0.0/24": ["~ red: address 10.1.0.1/24 on e (route no -> yes)"],
}  # fmt: skip


def test_what_changed_is_seen_and_mended(private_host: PrivateHost) -> None:
    host = private_host
    before = host.snapshot()
    host.run("tee", "/run/r.toml", given=LAB)
    up = host.netwrap("lab", "up", "/run/r.toml")
    assert up.returncode == 0, up.stderr
    for change, lines in CHANGES.items():
        host.sh(change)
        status = host.netwrap("lab", "status", "/run/r.toml")
        assert (status.returncode, status.stdout.partition("\nlab r: ")[0].split("\n")) == (1, lines), change
        up = host.netwrap("lab", "up", "/run/r.toml")
        assert (up.returncode, up.stdout.split("\n")[:-2]) == (0, lines), (change, up.stderr)
        status = host.netwrap("lab", "status", "r")
        assert status.stdout.startswith("lab r: the host is as the file says\n"), change
    for flush in ("ip -n red route flush table main", "ip -n red rule flush", "ip -n red address flush dev e"):
        host.sh(flush)
        assert host.netwrap("lab", "status", "r").returncode == 1
        up = host.netwrap("lab", "up", "/run/r.toml")
        assert up.returncode == 0, (flush, up.stderr)
        assert host.netwrap("lab", "status", "r").stdout.startswith("lab r: the host is as the file says\n"), flush
    if host.run("sh", "-c", "command -v nft", check=False).returncode == 0:
        host.sh("ip netns exec red nft 'add table ip t'")
        status = host.netwrap("lab", "status", "r")
        assert status.stdout.split("\n")[0] == "? red: nft table ip t (not in the file, and not made by the lab)"
    exported = host.netwrap("lab", "export", "red")
    assert host.netwrap("lab", "down", "r").returncode == 0
    host.run("tee", "/run/r.toml", given=exported.stdout)
    assert host.netwrap("lab", "up", "/run/r.toml").returncode == 0
    assert host.netwrap("lab", "export", "red").stdout == exported.stdout
    assert host.netwrap("lab", "down", "exported").returncode == 0
    host.sh("rm /run/r.toml")
    assert host.snapshot() == before


def test_random_networks_come_back_as_they_were(private_host: PrivateHost) -> None:
    """A few of the networks of ``tests/fuzz/labs.py``, which makes as many as one likes."""
    done = private_host.run(sys.executable, str(ROOT / "tests" / "fuzz" / "labs.py"), "--count", "3", "--seed", "2", check=False)
    assert (done.returncode, done.stdout) == (0, "3 networks: 0 silent differences\n"), done.stderr


def test_export_tells_what_a_lab_file_has_no_word_for(private_host: PrivateHost) -> None:
    host = private_host
    host.sh("""
    ip netns add red; ip link add e netns red type veth peer name p; ip -n red link set e up
    ip -n red link set e txqueuelen 500 alias word; ip -n red link property add dev e altname other
    ip -n red address add 10.1.0.1/24 dev e valid_lft 5000 preferred_lft 5000
    ip -n red route add 10.9.0.0/16 dev e proto bird; ip -n red route add 10.8.0.0/16 dev e realm 5
    ip -n red rule add priority 9 table 9 suppress_ifgroup 5; ip -n red rule add priority 9 table 10
    ip netns exec red sh -c 'echo 2 >/proc/sys/net/ipv4/conf/e/rp_filter'
    mkdir -p /etc/netns/red; printf 'nameserver 10.0.0.1\\noptions ndots:3\\n' >/etc/netns/red/resolv.conf
    """)
    done = host.netwrap("lab", "export", "red")
    assert done.returncode == 0
    for note in (
        "link e of red: left out: altnames, ifalias, txqlen 500", "lo of red: left out: down (a lab brings it up)",
        "address 10.1.0.1 on e of red is left out: its time is limited",
        "the route to 10.9.0.0/16 of red is left out: protocol bird made it", "the route to 10.8.0.0/16 of red is left out: ",
        "rule 9 of red is left out: suppress_ifgroup", "rule 9+ of red is left out: another one of this priority",
        "resolv.conf of red: options left out",
    ):  # fmt: skip
        assert note in done.stderr, (note, done.stderr)
    assert '"net.ipv4.conf.e.rp_filter" = 2' in done.stdout
