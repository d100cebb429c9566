"""The routing of every namespace of a host, and the namespaces that have an address; each is worked out once and kept."""

from __future__ import annotations

import _socket as socket

from ..links import is_up
from ..routing import Question, Router, family_of, number, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from parsers.records import Address, AddrInfo, Link

    from ...model.host import Host
    from ...model.namespace import Namespace
    from ..firewall import Fib
    from ..packet import Packet


#: Faults that are mended by setting a link up.
_DOWN = ("link-down", "peer-down", "bridge-down")


class Routers:
    """The routers of a host's namespaces, one for each family, made when they are first asked for.

    ``mended``: the faults that are taken for mended; a link that is set up has the routes to its networks again.
    """

    def __init__(self, host: Host, mended: frozenset[tuple[str, int, object]] = frozenset()) -> None:
        self.host = host
        self._up = {(place, dev) for reason, place, dev in mended if reason in _DOWN}
        self._routers: dict[tuple[int, str], Router] = {}
        self._owners: dict[str, list[tuple[Namespace, Address]]] | None = None

    def of(self, netns: Namespace, family: str) -> Router:
        """The router of a namespace; ``family``: ``inet`` or ``inet6``."""
        key = (id(netns), family)
        if key not in self._routers:
            self._routers[key] = Router(netns, family, frozenset(str(dev) for place, dev in self._up if place == id(netns)))
        return self._routers[key]

    def is_up(self, netns: Namespace, link: Link) -> bool:
        """Whether a link is set up, or taken for it."""
        return is_up(link) or (id(netns), link.get("ifname")) in self._up

    def owners(self, address: str) -> list[tuple[Namespace, Address]]:
        """Find the namespaces that have an address, each with the record of its link."""
        if self._owners is None:
            self._owners = {}
            for netns in self.host.namespaces:
                for link in netns.addresses or ():
                    for row in link.get("addr_info", ()):
                        if "local" in row:
                            self._owners.setdefault(plain(row["local"]), []).append((netns, link))
        return self._owners.get(plain(address), [])

    def network_of(self, address: str) -> str | None:
        """The network of an address, with the prefix length that its owner gave it; None where no namespace has the address."""
        import ipaddress  # it takes milliseconds to load, and only mends need it

        for _, link in self.owners(address):
            for row in link.get("addr_info", ()):
                if row.get("local") == address and "prefixlen" in row:
                    return str(ipaddress.ip_network(f"{address}/{row['prefixlen']}", strict=False))
        return None

    def free_address(self, near: str, length: int) -> str | None:
        """An unused address in the network of another (``near``, with its prefix length); None where there is none."""
        family = family_of(near)
        bits = 32 if family == "inet" else 128
        first = number(near) >> (bits - length) << (bits - length)
        for value in range(first + 200, first + min(1 << (bits - length), 254)):
            text = text_of(value, family)
            if not self.owners(text):
                return text
        return None

    def fib(self, netns: Namespace) -> Fib:
        """The function by which firewall rules look an address up in the routing tables of a namespace."""

        def look(address: str, packet: Packet) -> tuple[str, str | None] | None:
            decision = self.of(netns, family_of(address)).decide(Question(address, None, None, None, packet.mark))
            if decision.missing or len({leg.dev for leg in decision.legs}) > 1:
                return None
            return decision.type, decision.legs[0].dev if decision.legs else None

        return look


def plain(address: str) -> str:
    """The one spelling of an address; a text that is no address is returned as it is.

    >>> plain("fd00:0::1"), plain("10.0.0.1")
    ('fd00::1', '10.0.0.1')
    """
    if ":" not in address:
        return address
    try:
        return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, address))
    except OSError:
        return address


def is_within(address: str, row: AddrInfo) -> bool:
    """Whether an address is in the network of an interface's address (``row``)."""
    if family_of(address) != row.get("family"):
        return False
    bits = 32 if row.get("family") == "inet" else 128
    shift = bits - int(row.get("prefixlen", bits))
    return number(address) >> shift == number(str(row.get("address", row["local"]))) >> shift
