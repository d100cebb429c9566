"""The output of `netwrap trace` for a pasted text: where the path ends, and which facts are unknown."""

from __future__ import annotations

from pathlib import Path

import pytest
from rooms import Netwrap

from netwrap.answers.routing import Question, Router
from netwrap.model.build import build
from netwrap.model.section import Section

PASTE = """root@gw:~# ip addr
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN
    inet 127.0.0.1/8 scope host lo
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    link/ether 02:00:00:11:22:33 brd ff:ff:ff:ff:ff:ff
    inet 10.0.0.5/24 scope global eth0
root@gw:~# ip route
default via 10.0.0.1 dev eth0
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.5
"""


def test_a_way_that_is_not_known_to_stop_is_not_said_to(netwrap: Netwrap, tmp_path: Path) -> None:
    file = tmp_path / "paste.txt"
    file.write_text(PASTE)
    delivered = netwrap("trace", "(root)", "10.0.0.5", "--from", str(file))
    assert delivered.returncode == 3
    assert delivered.stdout.splitlines()[0] == "(root)    10.0.0.5 is an address of (root) itself"
    assert "undecided whether (root) reaches 10.0.0.5: not known: rules; the firewall of (root)\n" in delivered.stdout
    assert "note:   as far as can be seen: reached" in delivered.stdout
    leaves = netwrap("trace", "(root)", "192.0.2.1", "--from", str(file))
    assert leaves.returncode == 3
    assert "default via 10.0.0.1 dev eth0, from 10.0.0.5   LEAVES HERE  " in leaves.stdout.splitlines()[0]
    unread = netwrap("trace", "(root)", "2001:db8::1", "--from", str(file))
    assert unread.returncode == 3
    assert unread.stdout.splitlines()[0].startswith("(root)    the IPv6 routes of (root) are not known   NOT KNOWN FROM HERE")
    file.write_text(PASTE.replace("default via 10.0.0.1 dev eth0\n", ""))
    stops = netwrap("trace", "(root)", "192.0.2.1", "--from", str(file))
    assert "(root) has no route to 192.0.2.1   STOPS HERE" in stops.stdout.splitlines()[0], stops.stdout


ROUTES = """default via 10.0.0.1 dev a
10.1.0.0/16 via 10.0.0.2 dev a metric 50
10.1.0.0/16 via 10.0.0.3 dev b metric 20
10.1.2.0/24 via 10.0.0.4 dev c
10.1.2.7 via 10.0.0.5 dev d
blackhole 10.1.3.0/24
10.9.9.9/8 via 10.0.0.6 dev e
11 via 10.0.0.7 dev f
12.0.0.0/8 via 10.0.0.8 dev g table 7
"""


@pytest.mark.parametrize(
    "destination, type, dev",
    [
        ("192.0.2.1", "unicast", "a"), ("10.1.9.1", "unicast", "b"), ("10.1.2.1", "unicast", "c"), ("10.1.2.7", "unicast", "d"),
        ("10.1.3.1", "blackhole", None), ("10.200.0.1", "unicast", "e"), ("11.1.1.1", "unicast", "f"),
        ("12.1.1.1", "unicast", "a"),
    ],
)  # fmt: skip
def test_the_longest_prefix_is_found_however_a_route_is_written(destination: str, type: str, dev: str | None) -> None:
    red = build([Section("red", "ip route show table all", ROUTES)]).find("red")
    found = Router(red, "inet").decide(Question(destination))
    assert (found.type, found.legs[0].dev if found.legs else None) == (type, dev)


def test_a_route_that_is_not_asked_for_counts_where_it_cannot_be_read() -> None:
    text = '[{"dst":"10.1.0.0/16","dev":"a"},{"dst":"10.2.0.0/16","nhid":7},{"dst":"x.x.x.x/24","dev":"b"}]'
    red = build([Section("red", "ip -j route show table all", text), Section("red", "ip -j addr", "[]")]).find("red")
    missing = [what for what, _ in Router(red, "inet").decide(Question("10.1.0.1")).missing]
    assert missing == ["rules", "nexthop 7", "the route 'x.x.x.x/24'"]


def test_the_source_of_a_packet_is_an_address_of_a_brief_table(netwrap: Netwrap, tmp_path: Path) -> None:
    file = tmp_path / "brief.txt"
    file.write_text("""\
root@gw:~# ip -br addr
lo               UNKNOWN        127.0.0.1/8 ::1/128
eth0             UP             10.0.0.5/24
root@gw:~# ip route
default via 10.0.0.1 dev eth0
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.5
""")
    leaves = netwrap("trace", "(root)", "192.0.2.1", "--from", str(file))
    assert "default via 10.0.0.1 dev eth0, from 10.0.0.5   LEAVES HERE  " in leaves.stdout.splitlines()[0]
    delivered = netwrap("trace", "(root)", "10.0.0.5", "--from", str(file))
    assert delivered.stdout.splitlines()[0] == "(root)    10.0.0.5 is an address of (root) itself"
