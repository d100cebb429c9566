"""The routing decision of the model against `ip route get` of the same namespace."""

from __future__ import annotations

import pytest
import routed
from rooms import Rooms

from netwrap.answers.routing import Question, Router
from netwrap.model.build import build
from netwrap.model.section import Section


@pytest.mark.root
@pytest.mark.parametrize("seed", [1, 13, 16, 22, 35, 113])
def test_the_model_decides_as_the_kernel_does(rooms: Rooms, seed: int) -> None:
    netns = rooms.add("routed")
    routed.make(netns, seed)
    count, wrong = routed.compare(netns, seed, 120)
    assert (count, wrong) == (120, [])


def _router(*shown: tuple[str, str]) -> Router:
    return Router(build([Section("red", command, text) for command, text in shown]).find("red"), "inet")


def test_rules_that_were_not_captured_are_missing() -> None:
    router = _router(("ip route show table all", "default via 10.0.0.1 dev eth0\nlocal 10.0.0.7 dev eth0 table local\n"))
    found = router.decide(Question("8.8.8.8"))
    assert found.type == "unicast"
    assert found.missing == (("rules", "ip -n red rule show"),)


def test_a_rule_that_was_not_understood_is_missing() -> None:
    rules = (
        '[{"priority":0,"src":"all","table":"local"},{"priority":9,"src":"all","fwmark":"x1","table":"main"},'
        '{"priority":32766,"src":"all","table":"main"}]'
    )
    router = _router(("ip route show table all", "default via 10.0.0.1 dev eth0\n"), ("ip -j rule show", rules))
    found = router.decide(Question("8.8.8.8"))
    assert ("what 'fwmark x1' in rule 9 means", "ip -n red rule show") in found.missing


def test_a_vrf_has_its_own_table_and_falls_through_to_main() -> None:
    links = """\
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master blue state UP mode DEFAULT group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0
    vrf_slave table 10
3: blue: <NOARP,MASTER,UP,LOWER_UP> mtu 65575 qdisc noqueue state UP mode DEFAULT group default qlen 1000
    link/ether 02:00:00:00:00:03 brd ff:ff:ff:ff:ff:ff promiscuity 0
    vrf table 10
"""
    routes = "10.1.0.0/24 dev eth0 table 10\n10.2.0.0/24 dev eth1\n"
    rules = "0: from all lookup local\n1000: from all lookup [l3mdev-table]\n32766: from all lookup main\n"
    router = _router(
        ("ip -d link", links), ("ip route show table all", routes), ("ip rule", rules), ("ip address", ""),
        ("ip netconf", "inet blue forwarding on rp_filter off\ninet all forwarding on rp_filter off\n"),
    )  # fmt: skip
    assert router.decide(Question("10.1.0.5")).type == "no-route"
    assert router.decide(Question("10.1.0.5", oif="blue")).type == "unicast"
    assert router.decide(Question("10.2.0.5", "10.1.0.9", "eth0")).legs[0].dev == "eth1"  # main, as VRF's table has nothing
    assert router.decide(Question("10.1.0.5", "10.2.0.9", "eth1")).type == "no-route"  # main does not know what the VRF knows
