"""The plain names that rules of nft and of iptables have in common, and the numbers behind the names of protocols.

``in``, ``out``, ``source``, ``destination``, ``protocol``, ``sport``, ``dport``, ``state`` and ``mark`` are conditions of a
rule: one value, or a list where the rule names several; ``!`` in front of a value that must not be. ``verdict`` is what the rule
does: ``accept``, ``drop``, ``reject``, ``return``, ``jump NAME``, ``goto NAME``, ``dnat``, ``snat``, ``masquerade``,
``redirect``, ``mark``, ...; ``to`` is where NAT sends. They do not have all conditions of a rule: ``text`` does.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Dict = dict[str, Any]

#: Numbers of protocols, as nft and iptables name them.
PROTOCOLS = {
    0: "hopopt", 1: "icmp", 2: "igmp", 4: "ipencap", 6: "tcp", 8: "egp", 17: "udp", 33: "dccp", 41: "ipv6", 43: "ipv6-route",
    44: "ipv6-frag", 46: "rsvp", 47: "gre", 50: "esp", 51: "ah", 58: "ipv6-icmp", 59: "ipv6-nonxt", 60: "ipv6-opts", 88: "eigrp",
    89: "ospf", 94: "ipip", 103: "pim", 108: "ipcomp", 112: "vrrp", 115: "l2tp", 132: "sctp", 135: "mobility-header",
    136: "udplite", 255: "raw",
}  # fmt: skip
_ALIASES = {"icmpv6": "ipv6-icmp", "comp": "ipcomp", "vrrp": "vrrp", "mh": "mobility-header"}
#: The order in which a record has the plain names.
NAMES = ("in", "out", "source", "destination", "protocol", "sport", "dport", "state", "mark", "verdict", "to")


def protocol(word: Any) -> Any:
    """The canonical name of a protocol, from any of its names or its number.

    >>> protocol(6), protocol("icmpv6"), protocol("58"), protocol(253)
    ('tcp', 'ipv6-icmp', 'ipv6-icmp', 253)
    """
    if isinstance(word, str) and word.isdigit():
        word = int(word)
    return PROTOCOLS.get(word, word) if isinstance(word, int) else _ALIASES.get(word, word)


def put(found: Dict, name: str, values: Any, negated: bool = False) -> None:
    """Add a condition of a rule to its record; a second condition on the same key is appended to the first.

    >>> found = {}
    >>> put(found, "dport", [22, "80-90"]); put(found, "source", "10.0.0.0/8", True); found
    {'dport': [22, '80-90'], 'source': '!10.0.0.0/8'}
    """
    values = values if isinstance(values, list) else [values]
    if negated:
        values = [f"!{value}" for value in values]
    if name in found:
        old = found[name] if isinstance(found[name], list) else [found[name]]
        values = old + [value for value in values if value not in old]
    found[name] = values[0] if len(values) == 1 else values
