"""`ip netconf`: the switches of a link, of all links, and of IPv6: whole records."""

from __future__ import annotations

import parsers

TEXT = """\
inet v0 forwarding off rp_filter strict mc_forwarding off proxy_neigh off ignore_routes_with_linkdown off
inet all forwarding on rp_filter off mc_forwarding off proxy_neigh off ignore_routes_with_linkdown off
inet6 v0 forwarding off mc_forwarding off proxy_neigh on ignore_routes_with_linkdown off
"""


def test_whole_records() -> None:
    assert parsers.parse("ip_netconf", TEXT) == [
        {
            "family": "inet",
            "interface": "v0",
            "forwarding": False,
            "rp_filter": "strict",
            "mc_forwarding": False,
            "proxy_neigh": False,
            "ignore_routes_with_linkdown": False,
        },
        {
            "family": "inet",
            "interface": "all",
            "forwarding": True,
            "rp_filter": "off",
            "mc_forwarding": False,
            "proxy_neigh": False,
            "ignore_routes_with_linkdown": False,
        },
        {
            "family": "inet6",
            "interface": "v0",
            "forwarding": False,
            "mc_forwarding": False,
            "proxy_neigh": True,
            "ignore_routes_with_linkdown": False,
        },
    ]
    assert parsers.detect(TEXT)[:1] == ["ip_netconf"]
