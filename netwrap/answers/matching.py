"""Match a packet against conditions of both firewall tools (addresses, ports, marks, states): yes, no, or not known."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from parsers.firewall_names import PROTOCOLS, protocol
from parsers.lex import whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from parsers.records import AddrInfo

    from ..model.namespace import Namespace
    from .firewall import Fib
    from .packet import Packet

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: What conntrack calls a packet, as bits.
STATES = {"invalid": 1, "established": 2, "related": 4, "new": 8, "untracked": 64}
ICMP_TYPES = {
    "echo-reply": 0, "pong": 0, "destination-unreachable": 3, "source-quench": 4, "redirect": 5, "echo-request": 8, "ping": 8,
    "router-advertisement": 9, "router-solicitation": 10, "time-exceeded": 11, "ttl-exceeded": 11, "parameter-problem": 12,
    "timestamp-request": 13, "timestamp-reply": 14, "info-request": 15, "info-reply": 16, "address-mask-request": 17,
    "address-mask-reply": 18,
}  # fmt: skip
ICMPV6_TYPES = {
    "destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4, "echo-request": 128,
    "echo-reply": 129, "mld-listener-query": 130, "mld-listener-report": 131, "mld-listener-done": 132,
    "mld-listener-reduction": 132, "nd-router-solicit": 133, "nd-router-advert": 134, "nd-neighbor-solicit": 135,
    "nd-neighbor-advert": 136, "nd-redirect": 137, "router-renumbering": 138, "mld2-listener-report": 143,
    "router-solicitation": 133, "router-advertisement": 134, "neighbour-solicitation": 135, "neighbor-solicitation": 135,
    "neighbour-advertisement": 136, "neighbor-advertisement": 136, "redirect": 137,
}  # fmt: skip
#: Names of ports that a listing without `-n` prints.
SERVICES = {
    "ftp-data": 20, "ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "domain": 53, "bootps": 67, "bootpc": 68, "tftp": 69,
    "http": 80, "kerberos": 88, "pop3": 110, "sunrpc": 111, "ntp": 123, "netbios-ns": 137, "netbios-dgm": 138,
    "netbios-ssn": 139, "imap2": 143, "snmp": 161, "snmp-trap": 162, "bgp": 179, "ldap": 389, "https": 443,
    "microsoft-ds": 445, "isakmp": 500, "syslog": 514, "dhcpv6-client": 546, "dhcpv6-server": 547, "ldaps": 636, "domain-s": 853,
    "imaps": 993, "pop3s": 995, "openvpn": 1194, "mysql": 3306, "ms-wbt-server": 3389, "ipsec-nat-t": 4500, "mdns": 5353,
    "postgresql": 5432, "redis": 6379, "http-alt": 8080,
}  # fmt: skip
_NUMBERS = {name: number for number, name in PROTOCOLS.items()}
_FLAG_BITS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128}


def negated(answer: bool | None) -> bool | None:
    """The negation of an answer; unknown (None) stays unknown."""
    return None if answer is None else not answer


def every(answers: Iterable[bool | None]) -> bool | None:
    """The conjunction of answers: False if one is false, else None if one is not known.

    >>> every([True, None]), every([None, False]), every([])
    (None, False, True)
    """
    found: bool | None = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            found = None
    return found


def some(answers: Iterable[bool | None]) -> bool | None:
    """The disjunction of answers: True if one is true, else None if one is not known."""
    return negated(every(negated(answer) for answer in answers))


@lru_cache(maxsize=4096)
def address(text: str) -> int | None:
    """An address as a number; None for a text that is no address."""
    try:
        return int(ipaddress.ip_address(text))
    except ValueError:
        return None


@lru_cache(maxsize=16384)
def span(text: str) -> tuple[int, int] | None:
    """The first and the last address of a prefix: ``10.0.0.0/8``, ``10.0.0.1``, ``10.0.0.0/255.0.0.0``

    >>> span("10.0.0.0/8"), span("10.0.0.1"), span("10.0.0.1/24") == span("10.0.0.0/255.255.255.0"), span("10.0.0.1/33")
    ((167772160, 184549375), (167772161, 167772161), True, None)
    """
    if text[-3:] == "/32" and text.isascii():  # as most rules have it: without the costly way
        text = text[:-3]
    if "/" not in text:
        number = address(text)
        return None if number is None else (number, number)
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return int(network.network_address), int(network.broadcast_address)


def number_of(word: Any) -> int | None:
    """The number of a protocol: ``tcp``, ``6``, ``ipv6-icmp``"""
    if isinstance(word, int):
        return word
    return _NUMBERS.get(str(protocol(word)))


def port(word: str) -> int | None:
    """The number of a port or service; None for a service that is not known."""
    number = whole(word)
    return SERVICES.get(word) if number is None else number


def flag_bits(names: Iterable[str]) -> int:
    """The bits of TCP's flags: ``["syn", "ack"]`` is 18."""
    return sum(_FLAG_BITS[name.lower()] for name in names)


class Context:
    """A hook of a namespace, and the state that rules can ask for there besides the packet.

    ``tracked``: whether conntrack has seen the packet when a rule of the priority at hand runs. ``lot``: which of the values that
    the kernel draws at random is tried; None: none is.
    """

    def __init__(self, netns: Namespace, hook: str, addresses_of_out: list[str] | None, fib: Fib | None) -> None:
        self.netns = netns
        self.hook = hook
        self.addresses_of_out = addresses_of_out
        self._fib = fib
        self.tracked = True
        self.lot: int | None = None

    def fib(self, text: str, packet: Packet) -> tuple[str, str | None] | None:
        """The type and the interface that the routing tables have for an address; None where it is not known."""
        kind = self.kind_of_address(text)
        if kind in ("multicast", "local"):
            return kind, self.device_of(text) if kind == "local" else None
        if self._fib is not None:
            return self._fib(text, packet)
        return None

    def type_of(self, text: str, packet: Packet) -> str | None:
        """``local``, ``unicast``, ``broadcast``, ``multicast``, ...; None where it is not known."""
        found = self.fib(text, packet)
        if found is not None:
            return found[0]
        return None if self.netns.addresses is None else self.kind_of_address(text) or None

    def kind_of_address(self, text: str) -> str:
        """The type of an address by the addresses of the namespace; "" where these do not tell."""
        try:
            found = ipaddress.ip_address(text)
        except ValueError:
            return ""
        if found.is_multicast:
            return "multicast"
        if found.is_loopback or self.device_of(text) is not None:
            return "local"
        if text == "255.255.255.255":
            return "broadcast"
        for link in self.netns.addresses or ():
            for entry in link.get("addr_info", ()):
                if entry.get("broadcast") == text or entry.get("family") == "inet" and _ends(entry, int(found)):
                    return "broadcast"
        return ""

    def device_of(self, text: str) -> str | None:
        """The interface that has an address."""
        for link in self.netns.addresses or ():
            if any(entry.get("local") == text for entry in link.get("addr_info", ())):
                return str(link.get("ifname"))
        return None

    def addresses_of(self, dev: str | None, family: str) -> list[str]:
        """The addresses of an interface that NAT may take, the first one first."""
        rows = [row for row in self.netns.addresses_of(dev) if row.get("family") == family and row.get("scope") != "host"]
        rows = [row for row in rows if not (row.get("tentative") or row.get("secondary"))]
        order: Callable[[AddrInfo], bool] = lambda row: row.get("scope") != "global"  # noqa: E731
        return [str(row["local"]) for row in sorted(rows, key=order) if "local" in row]

    def state(self, packet: Packet) -> int | None:
        """The conntrack state of the packet at this place, as a bit."""
        if packet.state == "untracked":
            return STATES["untracked"]
        if not self.tracked and packet.iif != "lo":
            return STATES["invalid"]
        return None if packet.state is None else STATES[packet.state]

    def has_connection(self, packet: Packet) -> bool | None:
        """Whether the packet belongs to a connection that conntrack knows here."""
        state = self.state(packet)
        return None if state is None else state in (STATES["new"], STATES["established"], STATES["related"])


def _ends(entry: AddrInfo, number: int) -> bool:
    """Whether an address is the first or last of an interface's network; IPv4 takes these for broadcasts."""
    length = entry.get("prefixlen", 32)
    if length > 30:
        return False
    found = span(f"{entry.get('address', entry.get('local'))}/{length}")
    return found is not None and number in found


def transport(packet: Packet) -> str:
    """The protocol's one name: ``icmpv6`` is ``ipv6-icmp``."""
    return str(protocol(packet.proto))


def tcp_flags(packet: Packet) -> int | None:
    """The bits of a packet's TCP flags: SYN of a new connection, else the flags of the packet, else None."""
    if packet.tcp_flags is not None:
        return flag_bits(packet.tcp_flags)
    return 2 if packet.state == "new" and packet.direction == "original" else None


def glob(pattern: str, name: str, star: str) -> bool:
    """Whether the name of an interface matches; ``eth*`` of nft and ``eth+`` of iptables match all names with this beginning."""
    return name.startswith(pattern[:-1]) if pattern[-1:] == star else name == pattern
