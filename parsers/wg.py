"""`wg show`: the wireguard links of a namespace and their peers, by wireguard-tools.

```
interface: wg0
  public key: HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=
  private key: (hidden)
  listening port: 51820

peer: xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
  endpoint: 192.168.0.2:51820
  allowed ips: 10.9.0.2/32, fd00:9::/64
```
A record (:class:`parsers.records.Wg`) has ``ifname``, the values of its lines under their names with ``_`` for blanks
(``public_key``, ``listening_port``), and ``peers``, each with ``peer`` (the public key), ``allowed_ips`` (a list; ``(none)``: an
empty one) and its other lines. With WG_HIDE_KEYS=never, `wg` prints secret keys: a record has ``(hidden)`` in their place.
The text does not tell whether two preshared keys are alike.

>>> parse("interface: wg0\\n  listening port: 51820\\n\\npeer: AAAA=\\n  allowed ips: 10.9.0.2/32, fd00:9::/64")
[{'ifname': 'wg0', 'listening_port': 51820, 'peers': [{'peer': 'AAAA=', 'allowed_ips': ['10.9.0.2/32', 'fd00:9::/64']}]}]
"""

from __future__ import annotations

from .lex import ESCAPES, Source, dedented, number, parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .lex import Dict, Parse
    from .records import Wg

_HIDDEN = "(hidden)"


def _networks(text: str) -> list[str]:
    return [] if text == "(none)" else text.split(", ")


def _secret(_: str) -> str:
    return _HIDDEN


# The names of lines below `interface:` and `peer:`.
_OF_LINK: dict[str, Callable[[str], Any]] = {
    "public key": str, "private key": _secret, "listening port": number, "fwmark": str,
}  # fmt: skip
_OF_PEER: dict[str, Callable[[str], Any]] = {
    "preshared key": _secret, "endpoint": str, "allowed ips": _networks, "latest handshake": str, "transfer": str,
    "persistent keepalive": str,
}  # fmt: skip


def _read(source: Source) -> Iterator[Dict]:
    link: Dict | None = None
    part: Dict = {}  # the link, or one of its peers
    names = _OF_LINK
    for line_number, line in dedented(source):
        name, colon, value = ESCAPES.sub("", line).strip().partition(":")
        value = value.strip()
        try:
            if not colon or not value:
                raise ValueError("expected what wg show prints ('interface: wg0')")
            if name == "interface":
                if link is not None:
                    yield link
                link = part = {"ifname": value}
                names = _OF_LINK
            elif link is None:
                raise ValueError("expected a line 'interface: NAME' in front")
            elif name == "peer":
                part = {"peer": value}
                link.setdefault("peers", []).append(part)
                names = _OF_PEER
            elif name in names:
                part[name.replace(" ", "_")] = names[name](value)
            else:
                part.setdefault("unparsed", []).extend([f"{name}:", *value.split()])
        except ValueError as error:
            source.fail(line_number, line, str(error))
    if link is not None:
        yield link


parse: Parse[Wg] = parser(_read, None)
