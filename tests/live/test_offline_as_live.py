"""A command answered from a capture prints what it would have printed live."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from rooms import Netwrap, Rooms, has_kind, settle

from netwrap import query, shell
from netwrap.answers import offline
from netwrap.commands.line import understand
from netwrap.model.host import Host
from netwrap.sources import capture, opening

pytestmark = pytest.mark.root

# What changes between two moments, whoever asks. (`ip address show label` says live nothing but the addresses.)
# The last is printed by the text alone, as a second name of `fastleave`.
VOLATILE = ("stats64", "used", "confirmed", "updated", "probes", "refcnt", "valid_life_time", "preferred_life_time", "expires",
            "users", "age", "hello_timer", "gc_timer", "tcn_timer", "topology_change_timer",
            "mcast_fast_leave")  # fmt: skip

COMMANDS = """\
ip link
ip -d link
ip -s link show
ip -d -s link show dev v0
ip link show up
ip link show master br0
ip link show type veth
ip link show group default
ip address
ip -4 address
ip -6 address
ip -d address show
ip address show dev v0
ip address show scope global
ip address show up
ip address show to 10.7.0.0/16
ip -4 address show permanent
ip route
ip -4 route
ip -6 route
ip -d route
ip route show table all
ip -4 route show table all
ip -6 route show table all
ip -d -6 route show table all
ip route show table local
ip route show table 100
ip -6 route show table local
ip route show dev v0
ip route show proto static
ip route show scope link
ip route show type blackhole
ip route show via 10.7.0.9
ip route show src 10.7.0.1
ip route show metric 50
ip route show 10.66.0.0/16
ip route show default
ip route show root 10.0.0.0/8
ip route show match 10.66.1.1
ip -6 route show root 2001:db8::/32
ip neigh
ip -s neigh
ip -4 neigh show
ip -6 neigh
ip -br link
ip -br address
ip -br -4 address
ip -br neigh
ip -o -s link
ip neigh show dev v0
ip neigh show nud permanent
ip neigh show nud all
ip neigh show to 10.7.0.0/24
ip neigh show proxy
ip rule
ip -6 rule
ip -d rule
ip rule show table 100
ip rule show pref 32766
bridge link
bridge link show dev p0
bridge fdb
bridge fdb show dev p0
bridge fdb show br br0
bridge vlan
bridge vlan show dev p0
arp -n
route -n
"""


@pytest.fixture
def furnished(rooms: Rooms) -> str:
    """A namespace with something in every table."""
    red = rooms.add("red")
    rooms.batch("""\
link set lo up
link add v0 type veth peer name v1
link add p0 type veth peer name p1
link set v0 up
link set v1 up
link set p0 up
link set v0 alias outside
address add 10.7.0.1/24 brd + dev v0
address add 10.7.1.1/24 dev v0 label v0:web
address add 10.7.0.2/24 dev v0
address add 2001:db8:7::1/64 dev v0 nodad
address add 192.0.2.1 peer 192.0.2.2/32 dev v1
route add default via 10.7.0.9
route add default via 10.7.0.8 metric 50
route add 10.66.0.0/16 via 10.7.0.9 proto static
route add 10.66.1.0/24 via 10.7.0.9 src 10.7.0.1
route add blackhole 10.77.0.0/16
route add unreachable 10.78.0.0/16 table 100
route add 10.79.0.0/16 dev v0 table 100
route add 10.80.0.0/16 nexthop via 10.7.0.9 weight 2 nexthop via 10.7.0.8
route add 2001:db8:66::/48 via 2001:db8:7::9
route add default via 2001:db8:7::9 dev v0
neigh add 10.7.0.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent
neigh add 10.7.0.8 lladdr 02:00:00:00:00:08 dev v0 nud noarp
neigh add 2001:db8:7::9 lladdr 02:00:00:00:00:09 dev v0 nud permanent
neigh add proxy 10.7.0.77 dev v0
rule add from 10.7.0.0/24 table 100 pref 500
rule add fwmark 7 table 100 pref 501
""", red)  # fmt: skip
    if has_kind("bridge"):
        rooms.batch("link add br0 type bridge\nlink set br0 up\nlink set p0 master br0", red)
        subprocess.run(["bridge", "-n", red, "fdb", "add", "02:00:00:00:00:33", "dev", "p0", "master", "static"], timeout=20)
    settle(red)
    return red


def steady(record: Any) -> Any:
    """A record without values that change by themselves."""
    if isinstance(record, dict):
        return {key: steady(value) for key, value in record.items() if key not in VOLATILE}
    return [steady(item) for item in record] if isinstance(record, list) else record


def ordered(records: list[Any], keys: set[str] | None = None) -> list[str]:
    """Sorted records: the kernel lists neighbours in the order of a hash table."""
    kept = [{key: value for key, value in record.items() if keys is None or key in keys} for record in steady(records)]
    return sorted(json.dumps(record, sort_keys=True) for record in kept)


@pytest.mark.parametrize("json_", [True, False], ids=["json", "text"])
def test_every_command_offline_as_live(furnished: str, json_: bool) -> None:
    wrong = COMMANDS.strip().split("\n")
    for _ in range(3):  # once more where a neighbour changed its state between the two
        host = opening.read_text(capture.take(json=json_))
        wrong = [line for line in wrong if not _same(host, line, furnished)]
    assert not wrong


def _same(host: Host, line: str, netns: str) -> bool:
    words = line.split()
    if shell.find(words[0]) is None:
        return True
    command = understand(words)
    live = query.records(command.parser or "", command.words, netns=netns)
    offline_ = offline.answer(host, command, netns)
    if line == "ip -6 address":  # line 1 of it has no qdisc, group, master, and a wrong link
        keys = {"ifindex", "ifname", "flags", "mtu", "addr_info"}
        return ordered(live, keys) == ordered(offline_, keys)
    if line == "ip route show dev v0":  # up to 6.1 without a route that has the device in one of its nexthops
        live, offline_ = ([route for route in routes if "nexthops" not in route] for routes in (live, offline_))
    if line == "arp -n":  # names no hardware type of an entry that has no address
        keys = {"address", "hwaddress", "flags", "iface"}
        return ordered(live, keys) == ordered(offline_, keys)
    return ordered(live) == ordered(offline_)


def test_all_namespaces_from_a_file(netwrap: Netwrap, furnished: str, tmp_path: Path) -> None:
    file = tmp_path / "host.netwrap"
    file.write_bytes(capture.take().encode("utf-8", "surrogateescape"))
    done = netwrap("--from", str(file), "--all-netns", "ip", "-j", "route", "--where", "dst=10.66.0.0/16")
    shown = [record for record in json.loads(done.stdout) if record["netns"] == furnished]  # others may run this test too
    assert shown == [{"netns": furnished, "dst": "10.66.0.0/16", "gateway": "10.7.0.9", "dev": "v0", "protocol": "static",
                      "flags": []}]  # fmt: skip
    live = netwrap("ip", "-n", furnished, "route", "--columns", "dst,gateway,dev").stdout
    inside = ["ip", "netns", "exec", furnished, "ip", "route"]
    for words in (["ip", "-n", furnished, "route"], ["--netns", furnished, "ip", "route"], inside):
        done = netwrap("--from", str(file), "--columns", "dst,gateway,dev", *words)
        assert done.stdout == live
        assert done.returncode == 0 or done.stderr  # something of the namespaces of others may have been lost
