"""`ip netconf show`, by iproute2 (3.10 to 7.x, text and JSON): forwarding and reverse-path filter of each interface.

```
inet lo forwarding off rp_filter strict mc_forwarding off proxy_neigh off ignore_routes_with_linkdown off
inet6 all forwarding on mc_forwarding off proxy_neigh off ignore_routes_with_linkdown off
```
A record (:class:`parsers.records.Netconf`) has the keys of `ip -j netconf`: ``family``, ``interface`` (also "all" and "default"),
``rp_filter`` ("off", "strict", "loose"), and a bool for what is on or off. Releases before 4.17 spell the families ``ipv4`` and
``ipv6`` and write ``dev`` in front of the interface; the records are the same.

>>> parse("ipv4 dev lo forwarding on rp_filter strict")
[{'family': 'inet', 'interface': 'lo', 'forwarding': True, 'rp_filter': 'strict'}]
"""

from __future__ import annotations

from .lex import STDERR, Grammar, Source, on_off, parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lex import Dict, Parse
    from .records import Netconf


_FAMILIES = {"ipv4": "inet", "ipv6": "inet6", "inet": "inet", "inet6": "inet6", "mpls": "mpls"}
_SWITCHES = "forwarding mc_forwarding proxy_neigh ignore_routes_with_linkdown input bc_forwarding".split()
_FILTERS = ("off", "strict", "loose")


def _filter(word: str) -> str:
    if word in _FILTERS or word.startswith("unknown"):
        return word
    raise ValueError(f"{word[:20]!r} is none of {', '.join(_FILTERS)}")


_NETCONF = Grammar({**{switch: (switch, on_off) for switch in _SWITCHES}, "rp_filter": ("rp_filter", _filter)})


def _read(source: Source) -> Iterator[Dict]:
    for line_number, line in source:
        words = source.split(line)
        try:
            if STDERR.match(line) or words[0] not in _FAMILIES or len(words) < 2:
                raise ValueError("expected a line 'inet INTERFACE forwarding on ...'")
            at = 2 if words[0] in ("ipv4", "ipv6") and words[1] == "dev" and len(words) % 2 else 1
            record: Dict = {"family": _FAMILIES[words[0]], "interface": words[at]}
            if len(words) > at + 1 and words[at + 1] not in _NETCONF:
                raise ValueError("expected a line 'inet INTERFACE forwarding on ...'")
            _NETCONF.read(words, record, at + 1)
        except ValueError as error:
            source.fail(line_number, line, str(error))
            continue
        yield record


def _tidy(record: Dict) -> Dict | None:
    if record and "interface" not in record:
        record["interface"] = record.pop("dev")
    return record or None


parse: Parse[Netconf] = parser(_read, _tidy, record="Netconf")
