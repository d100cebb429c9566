"""Read reports that `sos --clean` obfuscated: it writes the address of a single host with the length of its network.

```
default via 101.0.0.3/24 dev eth0    101.0.0.2/24 dev eth0 lladdr 53:4f:53:00:00:02 STALE    inet 100.0.0.5/24 brd 100.0.0.255/24
```
No binary prints a length in such places: it is removed there. Once a report is known to be obfuscated, a length is also removed
from addresses that are not the first one of a network (`from 100.0.0.5/24` in a rule was `from 10.0.0.5`).
"""

from __future__ import annotations

import re

from ..commands.line import understand
from ..prefixes import network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.section import Section

_ADDRESS = r"((?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]{1,40})/\d{1,3}(?=[\s:),\]]|$)"


def _behind(words: str) -> re.Pattern[str]:
    return re.compile(f"({words}){_ADDRESS}", re.MULTILINE | re.ASCII)


_ROUTE = _behind(r" (?:via(?: inet6)?|src) |^(?:anycast|broadcast) ")
_LINK = _behind(r" (?:brd|remote|local|group) |link/\w{1,20} ")
#: By parser: the places of addresses that never have a length.
_NEVER = {
    "ip_neigh": _behind("^"), "ip_route": _ROUTE, "ip_nexthop": _ROUTE, "ip_address": _LINK, "ip_link": _LINK,
    "bridge_fdb": _behind(" dst "), "arp": _behind(r"^|\("), "ss": _behind(" "),
    "iptables": _behind("--to-(?:source|destination) "),
}  # fmt: skip
#: By parser: the places of addresses that have a length only if they stand for a network (`NETMAP --to`, `dnat ip prefix to`).
_OF_NETWORKS = {
    "ip_route": _behind(r"^(?:[a-z]+ )?"), "ip_rule": _behind(r"\b(?:from|to) "), "iptables": _behind(" -[sd] |--to "),
    "nft": _behind(r"addr (?:!= )?| to "),
}  # fmt: skip


def undone(section: Section) -> tuple[str, int]:
    """The output of a section without lengths in places where no binary prints one, and the number of these.

    >>> from netwrap.model.section import Section
    >>> undone(Section("", "ip route", "default via 101.0.0.3/24 dev eth0 \\n"))
    ('default via 101.0.0.3 dev eth0 \\n', 1)
    """
    pattern = _NEVER.get(understand(section.command.split()).parser or "")
    return (section.stdout, 0) if pattern is None or "/" not in section.stdout else pattern.subn(r"\1\2", section.stdout)


def of_hosts(section: Section) -> str:
    """The output of a section of an obfuscated report, without the lengths of addresses that are not those of networks.

    >>> from netwrap.model.section import Section
    >>> of_hosts(Section("", "ip rule", "9: from 100.0.0.5/24 to 101.0.0.0/24 lookup 9\\n"))
    '9: from 100.0.0.5 to 101.0.0.0/24 lookup 9\\n'
    """
    pattern = _OF_NETWORKS.get(understand(section.command.split()).parser or "")
    return section.stdout if pattern is None else pattern.sub(_without_length, section.stdout)


def _without_length(found: re.Match[str]) -> str:
    whole = network(found[0][len(found[1]) :])
    return found[0] if whole is None or str(whole.network_address) == found[2] else found[1] + found[2]
