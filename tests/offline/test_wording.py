"""A record has one wording, whichever verb prints it; prefixes are read as `ip` reads them."""

from __future__ import annotations

from typing import Any

import pytest
from rooms import Netwrap

from netwrap import wording
from netwrap.answers import find, overview
from netwrap.model.build import build
from netwrap.model.section import Section
from parsers.ip_route import family_of

PPP = """\
5: ppp0: <POINTOPOINT,UP,LOWER_UP> mtu 1400 qdisc noqueue state UNKNOWN group default
    link/ppp
    inet 10.9.9.1 peer 10.9.9.2/24 scope global ppp0
"""


def test_a_point_to_point_address_has_one_wording(netwrap: Netwrap) -> None:
    host = build([Section("", "ip address show", PPP)])
    words = "10.9.9.1 peer 10.9.9.2/24"
    assert overview.addresses(host.namespaces[0]) == [words]
    assert [(place["role"], place["what"]) for place in find.find(host, "10.9.9.1")] == [("owner", f"{words} on ppp0")]
    assert [(place["role"], place["what"]) for place in find.find(host, "10.9.9.2")] == [("link", f"{words} on ppp0")]
    shown = netwrap("parse", "ip_address", "--columns", "address", "--format", "csv", given=PPP).stdout
    assert shown.split("\r\n" if "\r" in shown else "\n")[1] == words


@pytest.mark.parametrize(("route", "family"), [
    ({"dst": "default", "gateway": "fe80::1"}, "inet6"),
    ({"dst": "default", "dev": "v0", "type": "unreachable", "error": 4294967195}, "inet6"),
    ({"dst": "default", "dev": "v0"}, "inet"),
    ({"dst": "default", "nexthops": [{"via": {"family": "inet6", "host": "fe80::1"}}]}, "inet"),
    ({"dst": "0/8", "dev": "v0"}, "inet"),
    ({"dst": "100/200", "via": {"family": "inet", "host": "10.0.0.1"}}, "mpls"),
])  # fmt: skip
def test_the_family_of_a_route(route: dict[str, Any], family: str) -> None:
    assert family_of(route) == family


def test_a_route_in_words() -> None:
    hops = [{"gateway": "10.0.0.1", "dev": "a"}, {"via": {"family": "inet6", "host": "fe80::1"}, "dev": "b"}]
    route = {"dst": "10.0.0.0/8", "nexthops": hops, "table": 200}
    assert wording.route(route) == "10.0.0.0/8 via 10.0.0.1 dev a via inet6 fe80::1 dev b table 200"


def test_half_a_range_of_a_rule() -> None:
    half = {"src": "all", "uid_start": 5, "dport_start": 80}
    assert wording.selector(half) == "uidrange 5-? dport 80-?"
