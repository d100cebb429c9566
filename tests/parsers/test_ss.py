"""`ss -tulpn`: a listener, a connection with its program, and a socket of UDP: whole records."""

from __future__ import annotations

import parsers

TEXT = """\
Netid State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process
tcp   LISTEN 0      128    0.0.0.0:22          0.0.0.0:*         users:(("sshd",pid=71,fd=3))
tcp   ESTAB  0      36     10.0.0.2:22         10.0.0.9:51000    users:(("sshd",pid=99,fd=4))
udp   UNCONN 0      0      [::1]%lo:323        [::]:*
"""


def test_whole_records() -> None:
    assert parsers.parse("ss", TEXT) == [
        {
            "netid": "tcp",
            "state": "LISTEN",
            "recv_q": 0,
            "send_q": 128,
            "local": "0.0.0.0",
            "local_port": 22,
            "peer": "0.0.0.0",
            "peer_port": "*",
            "users": [{"name": "sshd", "pid": 71, "fd": 3}],
        },
        {
            "netid": "tcp",
            "state": "ESTAB",
            "recv_q": 0,
            "send_q": 36,
            "local": "10.0.0.2",
            "local_port": 22,
            "peer": "10.0.0.9",
            "peer_port": 51000,
            "users": [{"name": "sshd", "pid": 99, "fd": 4}],
        },
        {
            "netid": "udp",
            "state": "UNCONN",
            "recv_q": 0,
            "send_q": 0,
            "dev": "lo",
            "local": "::1",
            "local_port": 323,
            "peer": "::",
            "peer_port": "*",
        },
    ]
    assert parsers.detect(TEXT)[:1] == ["ss"]
