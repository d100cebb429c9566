"""`sysctl -a`: a switch of all, of one link whose name has a dot, and a setting of several numbers: whole records."""

from __future__ import annotations

import parsers

TEXT = """\
net.ipv4.ip_forward = 1
net.ipv4.conf.eth0/5.rp_filter = 2
net.ipv4.ip_local_port_range = 32768\t60999
"""


def test_whole_records() -> None:
    assert parsers.parse("sysctl", TEXT) == [
        {"key": "net.ipv4.ip_forward", "value": "1"},
        {"key": "net.ipv4.conf.eth0/5.rp_filter", "value": "2"},
        {"key": "net.ipv4.ip_local_port_range", "value": "32768\t60999"},
    ]
    assert parsers.detect(TEXT)[:1] == ["sysctl"]
