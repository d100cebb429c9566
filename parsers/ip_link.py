"""`ip link show`, by iproute2 (3.10 to 7.x: plain, `-o`, `-d`, `-s`, `-br`, `-j`) and by busybox.

```
2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000
    link/ether 02:42:ac:11:00:02 brd ff:ff:ff:ff:ff:ff link-netnsid 0
```
A record (:class:`parsers.records.Link`) has the keys of `ip -j link`, as far as the text has their values; the others are
absent. The name of the peer's namespace (``link_netns``) is in the text only.

busybox resolves the peer's index in its own namespace: its ``eth0@eth0`` gives ``link: eth0``, which is no fact
about a veth. Flags and link types that it has no name for are numbers: ``400`` is MASTER, ``[804]`` ieee802.15.4.

>>> [link] = parse("1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN")
>>> link["ifname"], link["mtu"], link["flags"]
('lo', 65536, ['LOOPBACK', 'UP', 'LOWER_UP'])
"""

from __future__ import annotations

from . import linkjson
from .lex import Source, lazy, parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lex import Dict, Parse
    from .linkrecord import Record
    from .records import Link

# `vr1@if11         LOWERLAYERDOWN 9e:99:12:c4:3b:13 <NO-CARRIER,BROADCAST,UP> `: the brief form
_BRIEF = lazy(r"(\S{1,80}) +([A-Z]+|0x[0-9a-f]+) +(?:([^ <]\S*) +)?<([^ ]*)> *$")

_STATES = frozenset("UNKNOWN NOTPRESENT DOWN LOWERLAYERDOWN TESTING DORMANT UP".split())


def _brief(line: str) -> Record | None:
    from . import linkrecord

    found = _BRIEF.match(line)
    if found is None or found[2] not in _STATES and not found[2].startswith("0x"):
        return None
    fields: Dict = {"ifname": found[1], "operstate": found[2]}
    if found[2].startswith("0x"):
        fields = {"ifname": found[1], "operstate_index": int(found[2], 16)}
    if found[3]:
        fields["address"] = found[3]
    fields["flags"] = linkrecord.flags(found[4])
    return linkrecord.Record(fields)


def _read(source: Source) -> Iterator[Dict]:
    from . import linkrecord  # the grammar of the text: only for those who have no JSON

    return linkrecord.read(source, None, lambda line: linkrecord.header(line) or _brief(line))


parse: Parse[Link] = parser(_read, linkjson.tidy, record="Link")
