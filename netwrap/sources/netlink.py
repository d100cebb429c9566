"""Ask the kernel whether a namespace has anything that `ip -6 rule` or `nft` would print, before starting them for it.

The raw answer is only compared, never read: a command prints the same for two namespaces for which the kernel gives the same
answer. Most namespaces have the rules that the kernel made, and no firewall; starting two programs there would double
what a sweep costs. Only the settings of links are read (:func:`settings`): each would be a file of its own below /proc/sys, and
they all come in one answer. Standard library only; the sockets are those of the namespace of the calling thread.
"""

from __future__ import annotations

import _socket as socket  # `socket` makes enumerations of all constants: longer than the sweep of a namespace
import struct
from contextlib import closing

_ROUTE, _NETFILTER = 0, 12
_GETLINK, _GETRULE, _GETQDISC, _GETTABLE = 18, 34, 38, 10 << 8 | 1
_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_ERROR, _DONE = 2, 3
_INTERRUPTED = 0x10
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_IFNAME, _EXT_MASK, _AF_SPEC = 3, 29, 26
_WITHOUT_COUNTERS = 8
# The attribute of a family that lists the settings of a link as numbers.
_CONF = {socket.AF_INET: 1, socket.AF_INET6: 2}
#: An answer that is longer is not compared.
LONGEST = 1 << 16
#: That of a host with ten thousand links is shorter.
LONGEST_OF_LINKS = 1 << 25


def rules6() -> bytes | None:
    """The kernel's raw answer with the IPv6 rules; None where it gives none."""
    return _joined(_dump(_ROUTE, _GETRULE, struct.pack("=BBBBBBBBI", socket.AF_INET6, 0, 0, 0, 0, 0, 0, 0, 0)))


def has_nftables() -> bool:
    """Whether there may be a table of nftables; False only where the kernel reports none."""
    return _joined(_dump(_NETFILTER, _GETTABLE, struct.pack("=BBH", 0, 0, 0))) != b""


def has_filtered_links() -> bool:
    """Whether a link may have filters of `tc` for what comes in (a qdisc clsact or ingress)."""
    answer = _joined(_dump(_ROUTE, _GETQDISC, struct.pack("=BxxxiIII", 0, 0, 0, 0, 0)))
    return answer is None or b"clsact" in answer or b"ingress" in answer


def settings() -> dict[str, dict[int, tuple[int, ...]]] | None:
    """The settings of all links, by name and by family (AF_INET, AF_INET6): the kernel's own list of numbers.

    The position of a setting in the list is its number in the kernel: DEVCONF_… of IPv6, IPV4_DEVCONF_… less one. A link
    without a family's settings lacks the family. None where the kernel does not answer.
    """
    mask = struct.pack("=HHI", 8, _EXT_MASK, _WITHOUT_COUNTERS)
    links = _dump(_ROUTE, _GETLINK, bytes(16) + mask, LONGEST_OF_LINKS)
    if links is None:
        return None
    found: dict[str, dict[int, tuple[int, ...]]] = {}
    for link in links:
        held = _attributes(link, 16, len(link))
        if _IFNAME not in held or _AF_SPEC not in held:
            return None
        start, end = held[_IFNAME]
        families = found[link[start : end - 1].decode("utf-8", "surrogateescape")] = {}
        for family, (first, last) in _attributes(link, *held[_AF_SPEC]).items():
            place = _attributes(link, first, last).get(_CONF[family]) if family in _CONF else None
            if place is not None:
                families[family] = struct.unpack_from(f"={(place[1] - place[0]) // 4}i", link, place[0])
    return found


def _attributes(data: bytes, at: int, end: int) -> dict[int, tuple[int, int]]:
    """The attributes between two positions of a message: kind → where its value begins and ends."""
    found = {}
    while at + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < 4:
            break
        found[kind & 0x3FFF] = at + 4, at + length  # without the marks of nesting and byte order
        at += (length + 3) & ~3
    return found


def _joined(answer: list[bytes] | None) -> bytes | None:
    return None if answer is None else b"".join(answer)


def _dump(protocol: int, kind: int, body: bytes, longest: int = LONGEST) -> list[bytes] | None:
    """The payloads of a dump, one for each message; None where it fails or is not consistent."""
    try:
        with closing(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)) as asked:
            asked.settimeout(5)
            asked.send(_HEADER.pack(_HEADER.size + len(body), kind, _DUMP, 1, 0) + body)
            answer: list[bytes] = []
            size = 0
            while size < longest:
                data = asked.recv(1 << 16)
                size += len(data)
                at = 0
                while at + _HEADER.size <= len(data):
                    length, told, flags, _number, _port = _HEADER.unpack_from(data, at)
                    if told == _ERROR or flags & _INTERRUPTED or length < _HEADER.size:
                        return None
                    if told == _DONE:
                        return answer
                    answer.append(data[at + _HEADER.size : at + length])
                    at += (length + 3) & ~3
    except OSError:
        pass
    return None
