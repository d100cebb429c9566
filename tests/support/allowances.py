"""Allowed differences between text and JSON of one command: each place, with its values, kinds of records and releases.

``parsers/DIFFERENCES.md`` is written from this table. Every entry is needed by a pair of the fixtures (test_differences.py).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

# Does the text (of one record, as it was printed) agree that a field has this value? None is: it says nothing of the field.
Says = Callable[[str, Any], bool]


@dataclasses.dataclass(frozen=True, eq=False)
class Allowance:
    """A difference that the program itself makes."""

    commands: str
    place: str  # the keys that lead to it, joined by dots; ``*`` is any text
    side: str  # who alone has it: ``text``, ``json``; ``both``: with other values; ``backslash``: another character
    why: str
    values: tuple[
        Any, ...
    ] = ()  # what the field may be, for ``both`` pairs of (text, JSON); () is anything that `says` agrees with
    kinds: str = ""  # kinds of link or of an object of nft; "" is any
    since: str = "0"  # releases of the program, both included
    until: str = "9999"
    says: Says = lambda text, value: True

    def fits(self, command: str, place: str, kinds: set[str], release: str) -> bool:
        """Whether the allowance applies to a place in a record of these kinds, printed by a release (``""``: unknown)."""
        return (
            place == self.place
            and command in self.commands.split()
            and (not self.kinds or bool(kinds & set(self.kinds.split())))
            and (not release or _number(self.since) <= _number(release) <= (*_number(self.until), 9999))
        )


def _number(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", release))


def _silent(pattern: str) -> Says:
    """Require that the text contains none of the words."""
    return lambda text, value: re.search(rf"(?<!\S)(?:{pattern})(?!\S)", text) is None


def _named(word: str) -> Says:
    """Require that the text has the value behind a word, or neither of them."""

    def says(text: str, value: Any) -> bool:
        if value is None:
            return re.search(rf"(?<!\S){word} ", text) is None
        value = {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value
        return re.search(rf"(?<!\S){word} {re.escape(str(value))}(?=\s|\\|$)", text) is not None

    return says


def _word(words: str) -> Says:
    """Require that the text has the words, or that the record lacks the field."""
    return lambda text, value: (re.search(rf"(?<!\S){words}(?!\S)", text) is not None) is bool(value)


def _locked(text: str, value: Any) -> bool:
    found = re.findall(r"(?<!\S)(\S+) lock (?=\S)", text)
    return ["congestion" if name == "congctl" else name for name in found] == (value or [])


def _commented(text: str, value: Any) -> bool:
    return value is None or f'\tcomment "{value}"\n' in text


def _devices(text: str, value: Any) -> bool:
    names = ", ".join(value or ())
    return value is None or f"devices = {{ {names} }}" in text or f'device "{names}"' in text


def _missed(text: str, value: Any) -> bool:
    return ("missed" in text) is (value is not None)


_LINKS = "ip_link ip_address"
_DATA = "linkinfo.info_data."
_OFF = "the text leaves out what is off, or the default"


def _default(key: str, value: Any, kinds: str, words: str, since: str) -> Allowance:
    return Allowance(_LINKS, _DATA + key, "json", _OFF, (value,), kinds, since, says=_silent(words))


ALLOWANCES = (
    Allowance(
        "bridge_fdb bridge_link ip_address ip_link ip_maddr ip_neigh ip_netconf ip_netns ip_nexthop ip_route ip_rule", "*",
        "backslash",
        "up to 5.2 JSON writes a backslash as a newline, and nobody can tell it from one", until="5.2",
    ),
    Allowance(_LINKS, "linkinfo.info_slave_data.group_fwd_mask", "both", "4.17 and 4.18 print 0x0 in the text and 0 in JSON",
              (("0x0", "0"),), "bridge", "4.17", "4.18"),
    Allowance(_LINKS, "link_netns", "text", "JSON never names the peer's namespace", says=_named("link-netns")),
    Allowance(_LINKS, "link_netnsid", "json", "the text shows the name where there is one",
              says=lambda text, value: "link-netns " in text and "link-netnsid " not in text),
    Allowance(_LINKS, "stats64.rx.over_errors", "json", "the text has the column 'missed' instead since 5.10", (0,), since="5.9",
              says=lambda text, value: "missed" in text and "overrun" not in text),
    Allowance(_LINKS, "stats64.rx.missed_errors", "text", "JSON has it with -s -s only", (0,), since="5.9", says=_missed),
    Allowance(_LINKS, "linkinfo.info_slave_data.mcast_fast_leave", "text", "the same bit as fastleave, printed twice",
              (True, False), "bridge", says=_named("mcast_fast_leave")),
    Allowance("ip_link", _DATA + "erspan_dir", "text", "up to 5.9 JSON has the key without a value, which makes it invalid",
              ("ingress", "egress"), "erspan ip6erspan", until="5.9", says=_named("erspan_dir")),
    Allowance(_LINKS, _DATA + "ttl", "json", "up to 4.18 JSON writes 0 for a TTL that vxlan and geneve inherit", (0,),
              "vxlan geneve", until="4.18", says=lambda text, value: "ttl inherit" in text),
    Allowance(_LINKS, _DATA + "ttl_inherit", "text", "vxlan and geneve: JSON says nothing of a TTL that is inherited", (True,),
              "vxlan geneve", says=_word("ttl inherit")),
    _default("multi_queue", False, "tun", "multi_queue", "4.18"),
    _default("df", "unset", "vxlan geneve", "df", "5.0"),
    _default("learning", True, "vxlan", "(?:no)?learning", "4.15"),
    _default("pmtudisc", True, "gre gretap erspan", "(?:no)?pmtudisc", "4.15"),
    _default("udp_csum", True, "vxlan", "(?:no)?udpcsum", "6.6"),
    *(
        _default(key, False, "vxlan", words, "6.6")
        for key, words in (
            ("external", "external"), ("proxy", "proxy"), ("rsc", "rsc"), ("l2miss", "l2miss"), ("l3miss", "l3miss"),
            ("udp_zero_csum6_tx", "udp6zerocsumtx"), ("udp_zero_csum6_rx", "udp6zerocsumrx"),
            ("remcsum_tx", "remcsumtx"), ("remcsum_rx", "remcsumrx"),
        )
    ),
    Allowance("bridge_vlan", "glued", "text", "`tunnelshow` of 4.17 to 5.4 glues names together, in text only", (True,),
              until="5.4"),
    Allowance("ip_route", "metrics.locked", "text", "JSON does not say which metrics are locked", says=_locked),
    Allowance("nft", "handle", "json", "the text has handles with `-a` only", until="1.0",
              says=lambda text, value: "# handle " not in text.replace('"with : {x} # comment"', "")),
    Allowance("nft", "auto-merge", "text", "JSON of 1.0 does not have it", (True,), "set map", until="1.0",
              says=lambda text, value: value is None or "\tauto-merge\n" in text),
    Allowance("nft", "comment", "text", "JSON of 1.0 has comments of rules and sets, not those of tables and chains", (),
              "table chain", until="1.0", says=_commented),
    Allowance("nft", "devices", "text", "JSON of 1.0 does not name the devices of a chain", (), "chain flowtable", until="1.0",
              says=_devices),
    Allowance("nft", "flags", "both", "the text names `dynamic`, JSON a `timeout` that follows from the set's own",
              ((["dynamic", "timeout"], ["timeout"]),), "set map", until="1.0",
              says=lambda text, value: "\tflags dynamic" in text),
    Allowance("nft", "flags", "text", "a set that is dynamic and nothing else has no flags in JSON", (["dynamic"],), "set map",
              until="1.0", says=lambda text, value: value is None or "\tflags dynamic\n" in text),
    Allowance("nft", "flags", "json", "`timeout`, where the text has it in the line `timeout` alone", (["timeout"],), "set map",
              until="1.0", says=lambda text, value: "\ttimeout " in text),
)  # fmt: skip
