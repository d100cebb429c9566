"""Recognise the output of other systems (Windows, macOS, Cisco's, FRR's and MikroTik's shells), which netwrap does not read.

```
Interface: 192.168.1.77 --- 0x5                                     Destination        Gateway            Flags     Netif
  Internet Address      Physical Address      Type                  default            192.168.7.1        UGScg     en0
```
Such output looks like a table of ours in places, and would be read wrongly.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_BSD_DETAIL = re.compile(
    r"\s+(?:options=[\da-f]+<|nd6 options=|media: |status: |groups: |inet \S+ (?:--> \S+ )?netmask 0x|ether \S+\s*$"
    r"|inet6 \S+ prefixlen \d+ (?:\w+ )*scopeid 0x[\da-f]+\s*$)"
)
_BSD_LINK = re.compile(r"\S{1,40}: flags=[\da-f]+<[A-Z0-9_,]*> (?:metric \d+ )?mtu \d+\s*(?:index \d+)?$")
_SYSTEMS = (
    (
        "Windows",
        (
            r"Windows[ -]IP[ -][CK]onfiguration|Configuration IP de Windows|Configuraci[oó]n IP de Windows"
            r"|(?:Interface|Schnittstelle|Interfaz) ?: [\d.]+ --- 0x[\da-fA-F]+"
            r"|(?:(?:Ethernet|Wireless LAN|Unknown|Tunnel|PPP)[ -][Aa]dapter|Drahtlos-LAN-Adapter|Carte (?:Ethernet|réseau))"
            r" .{0,80}:$"
            r"|(?:Interface List|Schnittstellenliste|Liste d'[Ii]nterfaces)$|IPv[46][ -]Rout(?:e Table|entabelle)"
            r"|(?:Active Routes|Aktive Routen|Rutas activas|Itinéraires actifs|Route attive) ?:"
            r"|(?:Network Destination|Netzwerkziel) +Net|IPv[46] (?:Tabla de enrutamiento|Table de routage|Tabella route)"
            r"|ifIndex +(?:IPAddress|DestinationPrefix|InterfaceAlias)|Name +InterfaceDescription +ifIndex"
            r"|(?:IPAddress|DestinationPrefix|InterfaceAlias|InterfaceIndex) +: \S|Configuration for interface \""
        ),
    ),
    (
        "macOS or a BSD",
        (
            r"Routing tables$|Destination +Gateway +Flags +(?:Refs +Use +)?(?:Mtu +)?Netif\b|Neighbor +Linklayer Address"
            r"|\S+ \([\d.]+\) at (?:[\da-f]{1,2}:){5}[\da-f]{1,2} on \S+ .*\[(?:ethernet|bridge|vlan)\]"
        ),
    ),
    (
        "a router's own shell",
        (
            r"Codes: .*\b[A-Z] ?- (?:\w+)|Gateway of last resort is|Interface +IP-Address +OK\?|Interface +Status +VRF +Addresses"
            r"|Protocol +Address +Age \(min\)|Routing entry for |IP Route Table for VRF|(?:VLAN|Vlan) +(?:Name|Mac Address) +"
            r"|\S+ is (?:administratively )?(?:up|down), line protocol is |inet6?\.\d+: \d+ destinations|IPv[46] unicast VRF "
        ),
    ),
    (
        "MikroTik's RouterOS",
        (r"Flags: [A-Zc] - [A-Za-z]+|Columns: [A-Z]{2}[A-Z-]*,|# +(?:DST-ADDRESS|ADDRESS) +[A-Z]"),
    ),
)
# A line that begins neither like this nor with a capital letter is of no other system: a cheap test
_MAY = re.compile(r"flags=|^ifIndex|^inet6?\.| at (?:[\da-f]{1,2}:){5}|, line protocol ")
_ANY = re.compile("|".join(f"({pattern})" for _, pattern in _SYSTEMS))
_MORE_OF_WINDOWS = re.compile(r".{1,60}(?: ?\.){3,} ?:|={20,}$|\s+\d{1,3}\.{3}[\da-f ]+\.{3}|\s*-{3,}[ -]*$")


def system_of(lines: Sequence[str], at: int) -> str:
    """The system whose output begins at a line, ``""`` for any other line.

    >>> system_of(["Interface: 192.0.2.7 --- 0x5"], 0), system_of(["default via 192.0.2.1 dev eth0"], 0)
    ('Windows', '')
    """
    line = lines[at].strip()
    if len(line) > 300 or not (line[:1].isupper() or line[:1] == "#" or _MAY.search(line)):
        return ""
    if "flags=" in line and _BSD_LINK.match(line):
        below = lines[at + 1 : at + 8]
        return "macOS or a BSD" if any(map(_BSD_DETAIL.match, below)) else ""
    found = _ANY.match(line)
    return _SYSTEMS[found.lastindex - 1][0] if found is not None and found.lastindex else ""


def system_of_text(text: str) -> str:
    """The other system that printed a text, by its first lines; ``""`` for none.

    >>> system_of_text("? (192.0.2.1) at 02:00:00:00:00:01 on em0 expires in 9 seconds [ethernet]\\n")
    'macOS or a BSD'
    """
    lines = text[:4000].split("\n")[:20]
    return next((system for at in range(min(5, len(lines))) if (system := system_of(lines, at))), "")


def goes_on(lines: Sequence[str], at: int) -> bool:
    """Whether a line behind a blank line belongs to such output."""
    return bool(system_of(lines, at)) or lines[at][:1] in (" ", "\t") or _MORE_OF_WINDOWS.match(lines[at]) is not None
