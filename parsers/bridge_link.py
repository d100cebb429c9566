"""`bridge link show`, by iproute2 (3.10 to 7.x: plain, `-d`, `-o`, `-j`).

```
31: veth0@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master br0 state forwarding priority 32 cost 2
    hairpin off guard off root_block off fastleave off learning on flood on
```
A record (:class:`parsers.records.BridgeLink`) has the keys of `bridge -j link`: ``state`` is the port's, ``operstate``
(3.10 to 4.16, text only) the link's. The peer behind ``@`` is resolved in the bridge's own namespace by every release and
is no fact about a veth that leaves it. 4.14 to 4.16 print the port's vlans below it with `-d`: ``vlans``.

>>> parse("3: v0: <UP> mtu 1500 master br0 state forwarding priority 32 cost 2")[0]["state"]
'forwarding'
"""

from __future__ import annotations

from . import bridge_vlan, linkrecord
from .lex import Grammar, Source, Words, number, on_off, parser, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lex import Dict, Parse
    from .records import BridgeLink


def _state(words: Words, record: Dict) -> None:
    """``state forwarding``; a state without a name as ``state (7)``"""
    word = words.take("state")
    record["state"] = number(word.strip("()")) if word[:1] == "(" else word


_TAIL = Grammar(
    {
        "mtu": ("mtu", number),
        "master": ("master", str),
        "priority": ("priority", number),
        "cost": ("cost", number),
        "hwmode": ("hwmode", str),
    },
    {},
    {"state": _state},
)
_DETAIL = Grammar(
    {
        **{
            word: (word, on_off)
            for word in (
                "hairpin guard root_block fastleave learning learning_sync flood mcast_flood bcast_flood "
                "mcast_to_unicast neigh_suppress neigh_vlan_suppress neigh_forward_grat vlan_tunnel isolated locked mab"
            ).split()
        },
        **{word: (word, number) for word in "mcast_router mcast_n_groups mcast_max_groups backup_nhid".split()},
        "backup_port": ("backup_port", str),
    }
)


def _first(line: str) -> linkrecord.Record | None:
    record = linkrecord.header(line, _TAIL)
    if record is not None:
        _own_name(record.fields)
    return record


def _own_name(fields: Dict) -> None:
    """4.19 to 5.16 end the line of the bridge itself, and 4.19 to 5.6 that of details, with the port's bare name."""
    if fields.get("unparsed") == [fields["ifname"].partition("@")[0]]:
        del fields["unparsed"]


def _body(record: linkrecord.Record, line: str) -> bool:
    fields = record.fields
    words = split(line)
    if words[0] in _DETAIL:
        _DETAIL.read(words, fields)
        _own_name(fields)
    elif line[0] not in " \t" and words[0] == fields["ifname"].partition("@")[0]:
        bridge_vlan.entries(Words(words, 1), fields.setdefault("vlans", []))
    elif line[0] == "\t" and "vlans" in fields:
        bridge_vlan.entries(Words(words), fields["vlans"])
    else:
        return False
    return True


def _read(source: Source) -> Iterator[Dict]:
    return linkrecord.read(source, _body, _first)


def _tidy(record: Dict) -> Dict | None:
    if not record:
        return None
    if record.get("vlan") == []:  # 4.17, 4.18
        del record["vlan"]
    return record


parse: Parse[BridgeLink] = parser(_read, _tidy, record="BridgeLink")
