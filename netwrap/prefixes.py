"""Prefixes as `ip` writes them: parse, contain."""

from __future__ import annotations

import functools

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ipaddress
    from typing import Union

    Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


@functools.lru_cache(maxsize=4096)
def network(text: str, family: str = "") -> Network | None:
    """The network that a word of `ip` means; None where the word is no address and no prefix.

    An address is a network with one host. Bits behind the prefix length are dropped. ``default``, ``any`` and ``all`` are a
    network only with a ``family`` ("inet" or "inet6"); a word of the other family is none.

    >>> network("10.1/16"), network("fe80::1"), network("10.0.0.1/24"), network("eth0")
    (IPv4Network('10.1.0.0/16'), IPv6Network('fe80::1/128'), IPv4Network('10.0.0.0/24'), None)
    >>> network("default"), network("default", "inet6"), network("10.0.0.0/8", "inet6")
    (None, IPv6Network('::/0'), None)
    """
    import ipaddress  # a table of links asks for no network

    if text in ("default", "any", "all") and family:
        text = "::/0" if family == "inet6" else "0.0.0.0/0"
    address, slash, bits = text.partition("/")
    if "." in address or address.isdigit():
        parts = address.split(".")
        if slash and len(parts) < 4:
            parts += ["0"] * (4 - len(parts))
        address = ".".join(parts)
    try:
        found = ipaddress.ip_network(address + slash + bits, strict=False)
    except ValueError:
        return None
    return found if not family or (family == "inet6") == (found.version == 6) else None


def is_multicast(address: str) -> bool:
    """Whether an address is one of a group, not of one receiver.

    >>> is_multicast("239.1.2.3"), is_multicast("ff02::1%eth0"), is_multicast("10.0.0.1"), is_multicast("eth0")
    (True, True, False, False)
    """
    if ":" in address:
        return address[:2].lower() == "ff"
    first = address.partition(".")[0]
    return first.isdecimal() and 224 <= int(first) < 240


def contains(outer: Network | None, inner: Network | None) -> bool:
    """Whether all of a network is inside another one of its family; False where either is None.

    >>> contains(network("10.0.0.0/8"), network("10.1.0.0/16")), contains(network("::/0"), network("10.0.0.1"))
    (True, False)
    """
    if outer is None or inner is None or outer.version != inner.version:
        return False
    return inner.subnet_of(outer)  # type: ignore[arg-type]
