"""The switches of the kernel as the answers read them: a link's name may have a dot, which `sysctl` writes as a slash."""

from __future__ import annotations

from netwrap.answers.switches import Switches
from netwrap.sources import opening

SYSCTL = """# sysctl -a
net.ipv4.conf.all.rp_filter = 0
net.ipv4.conf.all.forwarding = 1
net.ipv4.conf.eth0.rp_filter = 2
net.ipv4.conf.eth0/100.rp_filter = 1
net.ipv4.conf.eth0/100.accept_local = 1
net.ipv4.conf.eth0/100.forwarding = 0
"""


def test_a_link_whose_name_has_a_dot_has_its_own_switches() -> None:
    switches = Switches(opening.read_text(SYSCTL).namespaces[0])
    assert switches.rp_filter("eth0.100") == (1, True)
    assert switches.rp_filter("eth0") == (2, True)
    assert switches.on("accept_local", "eth0.100") and not switches.on("accept_local", "eth0")
    assert switches.forwards("eth0.100", "inet") == (False, True)


def test_what_ip_netconf_says_counts_for_it_as_well() -> None:
    text = "$ ip netconf\ninet eth0.100 forwarding off rp_filter strict mc_forwarding off proxy_neigh on\n"
    switches = Switches(opening.read_text(text).namespaces[0])
    assert switches.of("rp_filter", "eth0.100") == 1 and switches.on("proxy_arp", "eth0.100")
    assert switches.forwards("eth0.100", "inet") == (False, True)
