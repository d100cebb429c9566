"""The encapsulation of a route (``encap TYPE ...``): a block of words of its own, which repeats words of the route.

```
203.0.123.0/24  encap ip id 77 src 10.0.0.1 dst 10.0.0.9 ttl 20 tos 4 key csum dev d0 scope link
203.0.124.0/24  encap mpls  100/200 ttl 9 via 10.0.0.2 dev d0
```
"""

from __future__ import annotations

from .lex import Words, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .lex import Convert, Dict

_INT: dict[str, Convert] = {"id": number, "ttl": number, "tos": number, "hoplimit": number, "tc": number}
_IP: dict[str, Convert] = {**_INT, "src": str, "dst": str}


def _hex(word: str) -> int:
    return int(word, 0) if len(word) <= 20 else number(word)


#: type -> words with a value
VALUES: dict[str, dict[str, Convert]] = {
    "ip": _IP,
    "ip6": _IP,
    "mpls": {"ttl": number},
    "seg6": {"mode": str, "hmac": str},
    "seg6local": {
        "action": str, "table": str, "vrftable": str, "nh4": str, "nh6": str, "iif": str, "oif": str, "bpf": str,
        "endpoint": str, "mode": str, "lblen": number, "nflen": number, "hmac": str,
    },
    "rpl": {},
    "ioam6": {"mode": str, "tunsrc": str, "tundst": str, "type": _hex, "ns": number, "size": number},
    "ila": {"csum-mode": str, "ident-type": str, "hook-type": str},
    "xfrm": {"if_id": str, "link_dev": str},
    "bpf": {"in": str, "out": str, "xmit": str, "headroom": number},
}  # fmt: skip
_FLAGS = ("key", "csum", "seq")
_KEYS = {"csum-mode": "csum_mode", "ident-type": "ident_type", "hook-type": "hook_type"}
#: options of collect-metadata tunnels: the numbers and words between the colons
OPTIONS: dict[str, tuple[tuple[str, Convert], ...]] = {
    "geneve_opts": (("class", number), ("type", number), ("data", str)),
    "vxlan_opts": (("gbp", number),),
    "erspan_opts": (("ver", number), ("index", number), ("dir", number), ("hwid", number)),
}


def read(words: Words) -> Dict:
    """Read the block after the word ``encap``, up to the first word that its type does not have.

    Returns ``{"encap_type": ..., ...}`` as `ip -j route` of 6.3 and later nests it; ValueError where the line ends in
    the middle of the block.
    """
    kind = words.take("encap")
    encap: Dict = {"encap_type": kind}
    if kind == "mpls":
        encap["dst"] = words.take("mpls")
    elif kind == "ila":
        encap["locator"] = words.take("ila")
    values = VALUES.get(kind, {})
    while words.more():
        word = words.peek()
        key = _KEYS.get(word, word)
        if word in values and key not in encap:
            words.take()
            encap[key] = values[word](words.take(word))
        elif word in _FLAGS and kind in ("ip", "ip6"):
            encap[words.take()] = True
        elif word in OPTIONS and kind in ("ip", "ip6"):
            encap.update(options(words))
        elif word == "segs" and "segs" not in encap:
            encap["segs"] = _segments(words)
        elif word == "srh" and kind == "seg6local":
            words.take()
            encap["srh"] = {"segs": _segments(words)} if words.peek() == "segs" else {}
        elif word == "flavors" and kind == "seg6local":
            words.take()
            encap["flavors"] = words.take("flavors").split(",")
        elif word == "freq" and kind == "ioam6":
            words.take()
            every, _, among = words.take("freq").partition("/")
            encap["freqk"], encap["freqn"] = number(every), number(among)
        elif kind == "ioam6" and word in ("trace", "prealloc"):
            words.take()  # the trace options' only form
        else:
            break
    return encap


def _segments(words: Words) -> list[str]:
    """``segs 2 [ 2001:db8::1 2001:db8::2 ]``"""
    words.take("encap")
    number(words.take("segs"))
    if words.take("segs") != "[":
        raise ValueError("segments stand in brackets")
    found = []
    while words.peek() != "]":
        found.append(words.take("["))
    words.take()
    return found


def options(words: Words) -> dict[str, list[Dict]]:
    """Read ``geneve_opts 0:8:abcdef01,1:2:00`` as a list of fields; all releases print it on a new line."""
    name = words.take()
    fields = OPTIONS[name]
    found: list[Dict] = []
    for item in words.take(name).split(","):
        parts = item.split(":")
        if len(parts) != len(fields):
            raise ValueError(f"{name} has {len(fields)} parts: {item!r}")
        found.append({key: convert(part) for (key, convert), part in zip(fields, parts)})
    return {name: found}


def unflatten(pairs: list[tuple[str, Any]]) -> Dict:
    """A JSON object in which the keys of an encap follow ``"encap":"ip"`` instead of standing inside it (5.4 to 6.2).

    >>> unflatten([("dst", "10.0.0.0/8"), ("encap", "mpls"), ("dst", "100"), ("ttl", 9), ("dev", "d0")])
    {'dst': '10.0.0.0/8', 'encap': {'encap_type': 'mpls', 'dst': '100', 'ttl': 9}, 'dev': 'd0'}
    """
    record: Dict = {}
    encap: Dict | None = None
    for key, value in pairs:
        if key == "encap" and isinstance(value, str):
            encap = record["encap"] = {"encap_type": value}
        elif encap is not None and key not in encap and _belongs(encap["encap_type"], key):
            encap[key] = value
        else:
            encap = None if key in ("dev", "gateway", "via") else encap
            record.setdefault(key, value)
    return record


def _belongs(kind: str, key: str) -> bool:
    own = {_KEYS.get(word, word) for word in VALUES.get(kind, {})}
    return key in own or key in _FLAGS or key in OPTIONS or key in ("segs", "dst", "locator", "srh", "freqk", "freqn")
