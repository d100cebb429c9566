"""`sysctl -a` and `sysctl KEY`, by procps and busybox; and `grep -H . /proc/sys/net/...`, which prints the same switches.

```
net.ipv4.conf.eth0/100.forwarding = 1
net/ipv4/conf/eth0.100/forwarding = 1
/proc/sys/net/ipv4/tcp_rmem:4096	131072	6291456
```
A record (:class:`parsers.records.Sysctl`) has ``key``, spelled as `sysctl` prints it (a dot within a name, as of the interface
``eth0.100``, is a slash), and ``value``, the text behind the sign. A switch of several lines is printed once for each line.

>>> parse("net/ipv4/conf/eth0.100/forwarding = 1")
[{'key': 'net.ipv4.conf.eth0/100.forwarding', 'value': '1'}]
"""

from __future__ import annotations

import re

from .lex import Source, lazy, parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lex import Dict, Parse
    from .records import Sysctl

_ROOTS = "net|kernel|vm|fs|dev|abi|user|debug|crypto|sunrpc"
# `net.ipv4.ip_forward = 1`, `net/ipv4/ip_forward=1`, `kernel.modprobe = ` (an empty value)
_ASSIGNED = lazy(rf"(/proc/sys/)?((?:{_ROOTS})[./]\S*?) ?= ?(.*)$", re.ASCII)
# `/proc/sys/net/ipv4/ip_forward:1` of `grep`, `/proc/sys/net/ipv4/ip_forward 1` of people
_IN_PROC = lazy(rf"(/proc/sys/)((?:{_ROOTS})/[^\s:]*(?::[^\s:/]*/[^\s:]*)*)(?::|[ \t]+)(.*)$", re.ASCII)
_SWAPPED = str.maketrans("./", "/.")


def _read(source: Source) -> Iterator[Dict]:
    for line_number, line in source:
        key, sign, value = line.partition(" = ")
        if sign and line.startswith("net.") and "=" not in key and len(key.split()) == 1:  # as `sysctl -a` prints them
            yield {"key": key, "value": value}
            continue
        found = _ASSIGNED.match(line) or _IN_PROC.match(line)
        if found is None:
            source.fail(line_number, line, "expected a switch ('net.ipv4.ip_forward = 1')")
            continue
        yield {"key": dotted(found[2]), "value": found[3]}


def dotted(key: str) -> str:
    """A key in the form of `sysctl`. Its parts are separated by ``.`` or ``/``, whichever occurs first.

    >>> dotted("net/ipv4/conf/eth0.100/forwarding"), dotted("net.ipv4.conf.eth0/100.forwarding")
    ('net.ipv4.conf.eth0/100.forwarding', 'net.ipv4.conf.eth0/100.forwarding')
    """
    slash, dot = key.find("/"), key.find(".")
    return key.translate(_SWAPPED) if slash >= 0 and (dot < 0 or slash < dot) else key


parse: Parse[Sysctl] = parser(_read, None)
