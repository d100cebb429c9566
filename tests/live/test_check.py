"""One fault in a real network is one error where it is, and its mend makes it go away; a sound network has none."""

from __future__ import annotations

import pytest
from networks import CHAIN, LAN, VXLAN
from private_host import PrivateHost

from netwrap.answers import check
from netwrap.answers.checks import Finding
from netwrap.sources import opening

pytestmark = pytest.mark.root

# what is done -> (check, namespace)
FAULTS = {
    "no default": (CHAIN, "ip -n a route del default", "R08", "a"),
    "no way back": (CHAIN, "ip -n b route del default", "R08", "b"),
    "forwarding off": (CHAIN, "ip netns exec r sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'", "F01", "r"),
    "link down": (CHAIN, "ip -n b link set dev eth0 down", "L02", "b"),
    "gateway of nobody": (CHAIN, "ip -n a route replace default via 10.1.0.77", "R05", "a"),
    "wrong length": (CHAIN, "ip -n a address del 10.1.0.1/24 dev eth0; ip -n a address add 10.1.0.1/8 dev eth0;"
                     "ip -n a route add default via 10.1.0.254", "A06", "a"),
    "MAC of nobody": (CHAIN, "ip -n a neigh replace 10.1.0.254 lladdr 02:00:00:00:00:99 dev eth0 nud permanent", "H01", "a"),
    "rule that drops": (CHAIN, "ip -n b rule add pref 7 from 10.2.0.1 blackhole", "R08", "b"),
    "bridge down": (LAN, "ip -n s link set dev br0 down", "L07", "s"),
    "port down": (LAN, "ip -n s link set dev pb down", "L03", "s"),
    "one address twice": (LAN, "ip -n b address del 10.0.0.2/24 dev eth0; ip -n b address add 10.0.0.1/24 dev eth0", "A01", "a"),
}  # fmt: skip


def errors(host: PrivateHost) -> list[Finding]:
    return check.check(opening.read_text(host.netwrap("capture").stdout), level="error")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_its_mend_makes_it_go_away(private_host: PrivateHost, name: str) -> None:
    network, lines, id, netns = FAULTS[name]
    private_host.sh(network)
    assert errors(private_host) == []
    private_host.sh(lines)
    found = errors(private_host)
    assert (id, netns) in [(one.id, one.netns) for one in found], [(one.id, one.netns, one.what) for one in found]
    for _ in range(3):  # a second mend may be needed: the address of a link that was down has lost its routes
        for one in found:
            for command in one.mend:
                private_host.sh(command)
        found = errors(private_host)
        if not found or name == "link down":
            break
    assert [one for one in found if one.id == id] == []


def test_a_sound_network_has_no_error(private_host: PrivateHost) -> None:
    private_host.sh(VXLAN)
    assert errors(private_host) == []
