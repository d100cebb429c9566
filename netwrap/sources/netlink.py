"""Ask the kernel whether a namespace has anything that `ip -6 rule` or `nft` would print, before starting them for it.

The raw answer is only compared, never read: a command prints the same for two namespaces for which the kernel gives the same
answer. Most namespaces have the rules that the kernel made, and no firewall; starting two programs there would double
what a sweep costs. Standard library only; the sockets are those of the namespace of the calling thread.
"""

from __future__ import annotations

import _socket as socket  # `socket` makes enumerations of all constants: longer than the sweep of a namespace
import struct
from contextlib import closing

_ROUTE, _NETFILTER = 0, 12
_GETRULE, _GETQDISC, _GETTABLE = 34, 38, 10 << 8 | 1
_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_ERROR, _DONE = 2, 3
_INTERRUPTED = 0x10
_HEADER = struct.Struct("=IHHII")
#: An answer that is longer is not compared.
LONGEST = 1 << 16


def rules6() -> bytes | None:
    """The kernel's raw answer with the IPv6 rules; None where it gives none."""
    return _dump(_ROUTE, _GETRULE, struct.pack("=BBBBBBBBI", socket.AF_INET6, 0, 0, 0, 0, 0, 0, 0, 0))


def has_nftables() -> bool:
    """Whether there may be a table of nftables; False only where the kernel reports none."""
    return _dump(_NETFILTER, _GETTABLE, struct.pack("=BBH", 0, 0, 0)) != b""


def has_filtered_links() -> bool:
    """Whether a link may have filters of `tc` for what comes in (a qdisc clsact or ingress)."""
    answer = _dump(_ROUTE, _GETQDISC, struct.pack("=BxxxiIII", 0, 0, 0, 0, 0))
    return answer is None or b"clsact" in answer or b"ingress" in answer


def _dump(protocol: int, kind: int, body: bytes) -> bytes | None:
    """The payloads of a dump one after the other; None where it fails or is not consistent."""
    try:
        with closing(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)) as asked:
            asked.settimeout(5)
            asked.send(_HEADER.pack(_HEADER.size + len(body), kind, _DUMP, 1, 0) + body)
            answer = b""
            while len(answer) < LONGEST:
                data = asked.recv(1 << 16)
                at = 0
                while at + _HEADER.size <= len(data):
                    length, told, flags, _number, _port = _HEADER.unpack_from(data, at)
                    if told == _ERROR or flags & _INTERRUPTED or length < _HEADER.size:
                        return None
                    if told == _DONE:
                        return answer
                    answer += data[at + _HEADER.size : at + length]
                    at += (length + 3) & ~3
    except OSError:
        pass
    return None
