"""`ss`, `netstat -tu` and /proc/net/tcp: sockets."""

from __future__ import annotations

from .. import wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Record

COMMAND = "ss -anpeiom"
CALLED = "sockets"
RECORD = "Socket"
COLUMNS = "netid? state? recv_q? send_q? local local_port peer? peer_port? dev? uid? ino? users? cut?"
_KEYS = ("netid", "state", "recv_q", "send_q", "local", "local_port", "peer", "peer_port", "dev", "uid", "ino", "cut")


def rows(socket: Record) -> Iterator[Record]:
    """One row."""
    users = [wording.process(user) for user in socket.get("users", ())]
    yield {**{key: socket.get(key) for key in _KEYS}, "users": users or None}
