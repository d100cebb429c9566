"""`ifconfig -a`: an address of each family, a link that is down, and the loopback: whole records."""

from __future__ import annotations

import parsers

TEXT = """\
eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500
        inet 10.0.0.2  netmask 255.255.255.0  broadcast 10.0.0.255
        inet6 fe80::ff:fe00:2  prefixlen 64  scopeid 0x20<link>
        ether 02:00:00:00:00:02  txqueuelen 1000  (Ethernet)
        RX packets 6  bytes 432 (432.0 B)
        RX errors 0  dropped 1  overruns 0  frame 0
        TX packets 7  bytes 650 (650.0 B)
        TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0

eth1: flags=4098<BROADCAST,MULTICAST>  mtu 1400
        ether 02:00:00:00:00:03  txqueuelen 1000  (Ethernet)

lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536
        inet 127.0.0.1  netmask 255.0.0.0
        loop  txqueuelen 1000  (Local Loopback)
"""


def test_whole_records() -> None:
    assert parsers.parse("ifconfig", TEXT) == [
        {
            "ifname": "eth0",
            "flags": ["UP", "BROADCAST", "RUNNING", "MULTICAST"],
            "mtu": 1500,
            "addr_info": [
                {"family": "inet", "local": "10.0.0.2", "prefixlen": 24, "broadcast": "10.0.0.255", "label": "eth0"},
                {"family": "inet6", "local": "fe80::ff:fe00:2", "prefixlen": 64, "scope": "link"},
            ],
            "link_type": "ether",
            "address": "02:00:00:00:00:02",
            "txqlen": 1000,
            "stats64": {
                "rx": {"packets": 6, "bytes": 432, "errors": 0, "dropped": 1, "fifo_errors": 0, "frame": 0},
                "tx": {"packets": 7, "bytes": 650, "errors": 0, "dropped": 0, "fifo_errors": 0, "carrier": 0, "collisions": 0},
            },
        },
        {
            "ifname": "eth1",
            "flags": ["BROADCAST", "MULTICAST"],
            "mtu": 1400,
            "addr_info": [],
            "link_type": "ether",
            "address": "02:00:00:00:00:03",
            "txqlen": 1000,
        },
        {
            "ifname": "lo",
            "flags": ["UP", "LOOPBACK", "RUNNING"],
            "mtu": 65536,
            "addr_info": [{"family": "inet", "local": "127.0.0.1", "prefixlen": 8, "label": "lo"}],
            "link_type": "loopback",
            "txqlen": 1000,
        },
    ]
    assert parsers.detect(TEXT)[:1] == ["ifconfig"]
