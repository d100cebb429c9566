"""On this machine's kernel, text and JSON of the same state give the same records."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from pairs import differences
from rooms import Rooms, has_kind, run, settle

import parsers

pytestmark = pytest.mark.root

_SETUP = """link set lo up
link add v0 type veth peer name v1
link add br0 type bridge
link set v1 master br0
link set v0 alias "the cable to 'blue' [1]"
link property add dev v0 altname a-longer-name-than-fifteen
link set v0 up
link set v1 up
link set br0 up mtu 1400
link set v0 group 7
addr add 10.0.0.1/24 dev v0
addr add 10.0.0.2/24 dev v0 label v0:web
addr add 10.9.9.1 peer 10.9.9.2/32 dev v0
addr add 10.7.0.1/16 dev br0 metric 50 valid_lft 3600 preferred_lft 1800
addr add 2001:db8::1/64 dev v0 nodad
addr add 2001:db8:1::1/64 dev br0 nodad noprefixroute
addr add 127.0.1.1/8 dev lo
route add default via 10.0.0.254 dev v0 metric 100
route add 10.20.0.0/16 nexthop via 10.0.0.3 dev v0 weight 2 nexthop via 10.7.0.3 dev br0
route add 10.21.0.0/16 via 10.0.0.3 mtu lock 1400 advmss 1300 proto static
route add blackhole 10.22.0.0/16
route add unreachable 10.23.0.0/16 metric 9
route add prohibit 10.24.0.0/16 table 100
route add throw 10.25.0.0/16 table 100
route add 10.26.0.0/16 via inet6 2001:db8::9 dev v0
route add 10.27.0.1 dev v0 scope link src 10.0.0.2 realms 3/4
route add default via 2001:db8::ff dev v0
route add 2001:db8:9::/48 dev br0 metric 77 expires 1000
nexthop add id 5 via 10.0.0.5 dev v0
route add 10.28.0.0/16 nhid 5
neigh add 10.0.0.3 lladdr 02:00:00:00:00:03 dev v0 nud permanent
neigh add 10.0.0.4 lladdr 02:00:00:00:00:04 dev v0 nud stale
neigh add 10.0.0.5 dev v0 nud failed
neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev v0 router nud reachable
neigh add 10.0.0.6 lladdr 02:00:00:00:00:06 dev v0 nud noarp
neigh add proxy 10.0.0.66 dev v0
rule add from 10.0.0.0/8 table 100 priority 100
rule add not from 10.1.0.0/16 fwmark 0x10/0xff iif v0 table 200 priority 101
rule add to 10.2.0.0/16 ipproto tcp dport 80-90 priority 102 prohibit
rule add from all oif nosuch lookup main suppress_prefixlength 0 priority 103
rule add from all goto 32766 priority 104
rule add uidrange 100-200 lookup 100 priority 105
"""

_SHOWS = [
    ("ip_link", "link show"),
    ("ip_link", "link show type veth"),
    ("ip_address", "address show"),
    ("ip_address", "address show dev v0"),
    ("ip_route", "route show"),
    ("ip_route", "route show table all"),
    ("ip_route", "-6 route show"),
    ("ip_route", "route get 10.0.0.9"),
    ("ip_neigh", "neigh show"),
    ("ip_neigh", "neigh show nud all"),
    ("ip_neigh", "neigh show proxy"),
    ("ip_rule", "rule show"),
    ("ip_rule", "-6 rule show"),
    ("ip_netns", "netns list"),
    ("ip_netns", "netns list-id"),
]
_FORMS = ("", "-o", "-s", "-br", "-d", "-s -s", "-d -s")


@pytest.fixture(scope="module")
def red() -> Iterator[str]:
    """A namespace with one object of every kind that this kernel can make."""
    made = Rooms()
    try:
        name = made.add("red")
        blue = made.add("blue")
        made.batch(_SETUP, name)
        made.batch(f"link add w0 type veth peer name w1 netns {blue}\nlink set w0 up\n", name)
        made.batch("link set w1 up\n", blue)
        more = {"macvlan": "link v0 name m0 type macvlan mode bridge", "vxlan": "name x0 type vxlan id 7 dstport 4789"}
        for kind, words in more.items():
            if has_kind(kind):
                made.batch(f"link add {words}\n", name)
        settle(name, blue)
        yield name
    finally:
        made.remove()


@pytest.mark.parametrize("form", _FORMS, ids=lambda form: form or "plain")
@pytest.mark.parametrize(("parser", "words"), _SHOWS, ids=[words for _, words in _SHOWS])
def test_text_says_what_json_says(red: str, parser: str, words: str, form: str) -> None:
    module = parsers.module(parser)
    asked = [*form.split(), *words.split()]
    for _ in range(3):  # a neighbour may change between the two
        text = run(["ip", "-n", red, *asked])
        records = module.parse(text)
        json = module.parse(run(["ip", "-n", red, "-j", *asked]))
        if words == "netns list":  # others may come and go
            records, json = [_ours(listed) for listed in (records, json)]
        found = differences(parser, text, records, json)
        if not found:
            break
    assert found == []
    assert bool(records) == bool(text.strip())


def _ours(listed: list[Any]) -> list[Any]:
    return [netns for netns in listed if netns["name"].startswith(f"nwt{os.getpid()}-")]


@pytest.mark.parametrize("words", ["link show", "-d link show", "-s link show", "fdb show", "-s fdb show", "vlan show"])
def test_the_bridge(red: str, words: str) -> None:
    module = parsers.module("bridge_" + words.split()[-2])
    asked = words.split()
    for _ in range(3):  # an age may jump between the two on a busy machine
        done = subprocess.run(["bridge", "-n", red, *asked], capture_output=True, text=True)
        if "not supported" in done.stderr:
            pytest.skip("this kernel has no vlan filtering; the fixtures hold what others print")
        assert done.returncode == 0, done.stderr
        records = module.parse(done.stdout)
        json = module.parse(run(["bridge", "-n", red, "-j", *asked]))
        found = differences(f"bridge_{asked[-2]}", done.stdout, records, json)
        if not found:
            break
    assert found == []
    assert records or "vlan" in words
