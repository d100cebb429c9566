"""An index of a long chain: the rules for a packet's addresses and links, without those for one other address or link."""

from __future__ import annotations

from . import matching

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from parsers.records import FirewallRecord, Record

    from .packet import Packet

    Key = tuple[str, "int | str"]

_OPTIONS = {"-d": "destination", "-s": "source", "-i": "iif", "-o": "oif"}
_FIELDS = {"daddr": "destination", "saddr": "source", "iifname": "iif", "oifname": "oif"}


class Index:
    """The rules of a chain by the one address or link that they are for.

    >>> rules = [{"expr": [{"option": "-d", "value": f"10.0.0.{n}/32"}], "text": n} for n in range(3)]
    >>> rules.append({"expr": [], "text": "all"})
    >>> from netwrap.answers.packet import Packet
    >>> [rule["text"] for rule in Index(rules).candidates(Packet("inet", "10.9.9.9", "10.0.0.1", "tcp"))]
    [1, 'all']
    """

    def __init__(self, rules: list[FirewallRecord]) -> None:
        self.rules = rules
        self.any: list[int] = []
        self.of: dict[Key, list[int]] = {}
        for at, rule in enumerate(rules):
            key = _key(rule)
            (self.any if key is None else self.of.setdefault(key, [])).append(at)

    def candidates(self, packet: Packet) -> list[FirewallRecord]:
        """The rules that may match, in their order."""
        places = set(self.any)
        for end in ("destination", "source"):
            number = matching.address(getattr(packet, end))
            if number is None:
                return self.rules
            places.update(self.of.get((end, number), ()))
        for what, links in (("iif", (packet.iif, packet.physin)), ("oif", (packet.oif, packet.physout))):
            for link in links:  # a frame has a bridge and a port
                places.update(self.of.get((what, link or ""), ()))
        return [self.rules[at] for at in sorted(places)]


def _key(rule: FirewallRecord) -> Key | None:
    """What a packet must have for the rule to match: one address, or one link; None where the rule asks for neither."""
    for statement in rule["expr"]:
        if "option" in statement:
            found = _of_iptables(statement)
        elif "match" in statement and isinstance(statement["match"], dict):
            found = _of_nft(statement["match"])
        elif "unparsed" in statement or "match" in statement:
            continue
        else:
            return None  # a statement that does something, whatever follows
        if found is not None:
            return found
    return None


def _of_iptables(condition: Record) -> Key | None:
    what = _OPTIONS.get(condition["option"]) if not condition.get("match") and not condition.get("negated") else None
    if what in ("iif", "oif"):
        return (what, condition["value"]) if condition["value"][-1:] != "+" else None
    return _of_address(what, condition.get("value", "")) if what is not None else None


def _of_nft(match: Record) -> Key | None:
    left, right = match.get("left"), match.get("right")
    if match.get("op") != "==" or not isinstance(left, dict) or not isinstance(right, str) or right[:1] == "@":
        return None
    field: Any = left.get("payload", left.get("meta", {}))
    what = _FIELDS.get(field.get("field", field.get("key", "")))
    if what in ("iif", "oif"):
        return (what, right) if right[-1:] != "*" else None
    return _of_address(what, right) if what is not None and field.get("protocol") in ("ip", "ip6") else None


def _of_address(what: str, value: str) -> Key | None:
    found = matching.span(value)
    return (what, found[0]) if found is not None and found[0] == found[1] else None
