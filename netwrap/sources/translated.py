"""Put the words of a translated `ifconfig` or `arp` (net-tools in a language other than English) back into English.

```
eth0      Link encap:Ethernet  Hardware Adresse 02:00:00:00:00:05             eth0      Link encap:Ethernet  HWaddr 02:00:…
          inet Adresse:192.0.2.5  Bcast:192.0.2.255  Maske:255.255.255.0                inet addr:192.0.2.5  Bcast:…  Mask:…
```
"""

from __future__ import annotations

import re

_ENGLISH = (
    ("Link encap:", r"(?<=\s)Protokoll:|Lien encap ?:"),
    ("HWaddr ", r"Hardware[ -]Adresse +|direcci[óo]nHW +|IndirizzoHW +|Endereço de HW +|Adresse HW +"),
    ("Local Loopback", r"Lokale Schleife|Boucle locale|Bucle local|Loopback Local|Loopback locale"),
    ("inet6 addr: ", r"inet6[ -]Adresse: ?|adr inet6: ?|Dirección inet6: ?|endereço inet6: ?|indirizzo inet6: ?"),
    ("inet addr:", r"inet Adresse: ?|inet adr: ?|Direc\. inet: ?|inet end\.: ?|indirizzo inet: ?"),
    ("Bcast:", r"(?<=\s)Difus\.: ?"),
    ("Mask:", r"(?<=\s)(?:Maske|Masque|Másc|Masc|Maschera): ?"),
    ("Scope:", r"(?<=\s)(?:Gültigkeitsbereich|Alcance|Escopo|Portée): ?"),
    ("Scope:Link", r"Scope: ?(?:Verbindung|Lien|Enlace)"),
    ("Scope:Host", r"Scope: ?(?:Maschine|Hôte|Anfitrión|Máquina)"),
    ("Scope:Global", r"Scope: ?(?:Globaler|Globale)"),
    ("Metric:", r"(?<=\s)(?:Metrik|Métrique|Métrica|Metrica): ?"),
    ("UP BROADCAST RUNNING", r"ACTIVO DIFUSIÓN FUNCIONANDO"),
    ("UP LOOPBACK RUNNING", r"ACTIVO BUCLE FUNCIONANDO"),
    ("collisions:", r"(?:Kollisionen|colisiones|colisões|collisioni): ?"),
    ("txqueuelen:", r"(?:Sendewarteschlangenlänge|lg file transmission|long\.colaTX): ?"),
)
_PATTERNS = tuple((english, re.compile(pattern)) for english, pattern in _ENGLISH)
# One of the words in the head of a link, or of an address
_ANY = re.compile(
    r"Adresse|adr|Direc|direcci|ndirizzo|nd(?:\.|ere)|Protokoll|encap|Metri|Métri|Kolli|colis|Sendew|Schleife|BUCLE|DIFUS"
)


def ifconfig(line: str) -> str:
    """A line of `ifconfig` in English.

    >>> ifconfig("          inet Adresse:192.0.2.5  Bcast:192.0.2.255  Maske:255.255.255.0")
    '          inet addr:192.0.2.5  Bcast:192.0.2.255  Mask:255.255.255.0'
    """
    if _ANY.search(line) is None:
        return line
    for english, pattern in _PATTERNS:
        line = pattern.sub(english, line)
    return line


# `? (192.0.2.1) auf 02:00:00:00:00:01 [ether] auf eth0`, `192.0.2.2        (unvollständig)       eth0`
_ARP = re.compile(r"(?P<who>^\S+ \([^()]+\)) (?:auf|à|en|em|su) (?P<mac>.+) (?:auf|sur|en|em|su) (?P<dev>\S+)\s*$")
_INCOMPLETE = re.compile(r"(?<=[(<])(?:unvollständig|incomplet[oa]?)(?=[)>])")


def arp(line: str) -> str:
    """A line of `arp` in English.

    >>> arp("? (192.0.2.2) auf <unvollständig> auf eth0")
    '? (192.0.2.2) at <incomplete> on eth0'
    """
    return _ARP.sub(r"\g<who> at \g<mac> on \g<dev>", _INCOMPLETE.sub("incomplete", line))
