"""What `netwrap trace` prints of a paste: where the way ends, and what is not known."""

from __future__ import annotations

from pathlib import Path

from rooms import Netwrap

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
