"""Counters of links (`-s`, `-s -s`) and virtual functions (SR-IOV).

```
    RX:  bytes packets errors dropped  missed   mcast
           112       1      0       0       0       0
```
Header words are paired with the numbers below them; columns mean nothing (widths grow).
"""

from __future__ import annotations

from .lex import counter, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .lex import Dict

# direction -> printed column -> key of `ip -j -s`
_COLUMNS: dict[str, dict[str, str]] = {
    "rx": {
        "overrun": "over_errors",
        "mcast": "multicast",
        "length": "length_errors",
        "crc": "crc_errors",
        "frame": "frame_errors",
        "fifo": "fifo_errors",
        "missed": "missed_errors",
        "bcast": "broadcast",
    },
    "tx": {
        "carrier": "carrier_errors",
        "collsns": "collisions",
        "aborted": "aborted_errors",
        "fifo": "fifo_errors",
        "window": "window_errors",
        "heartbeat": "heartbeat_errors",
        "heartbt": "heartbeat_errors",
        "transns": "carrier_changes",
    },
}


def header(words: list[str]) -> tuple[str, list[str]] | None:
    """The direction and the keys of a header line (``RX: bytes ...``, ``RX errors: length ...``), or None."""
    if words[0] in ("RX:", "TX:"):
        names = words[1:]
    elif words[0] in ("RX", "TX") and words[1:2] == ["errors:"]:
        names = words[2:]
    else:
        return None
    direction = words[0][:2].lower()
    return direction, [_COLUMNS[direction].get(name, name) for name in names]


def values(into: Dict, direction: str, keys: list[str], words: list[str]) -> None:
    """Put the numbers under a header into ``into[direction]``; ValueError where their count differs."""
    if len(words) != len(keys):
        raise ValueError(f"{len(words)} values under {len(keys)} columns")
    counters = into.setdefault(direction, {})
    for key, word in zip(keys, words):
        if key in counters:
            raise ValueError(f"a second {direction} counter {key!r}")
        counters[key] = counter(word)


def vf(line: str) -> Dict:
    """One virtual function.

    ``vf 0     link/ether 02:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff, vlan 100, qos 3, spoof checking off, trust on``
    """
    found: Dict = {}
    for position, item in enumerate(line.split(",")):
        words = item.split()
        if position == 0:
            found["vf"] = number(words[1])
            words = words[2:]
            if not words:
                continue
        _vf_item(found, words)
    if "vlan" in found or "qos" in found:
        vlan = {key: found.pop(key) for key in ("vlan", "qos", "protocol") if key in found}
        found["vlan_list"] = [vlan]
    return found


def _vf_item(found: Dict, words: list[str]) -> None:
    head = words[0] if words else ""
    if head.startswith("link/"):
        found["link_type"] = head[5:]
        for key, value in zip(("address", "brd", "broadcast"), words[1:]):
            if key != "brd":
                found[key] = value
    elif head == "MAC" and len(words) == 2:
        found["mac"] = words[1]
    elif words[:2] == ["vlan", "protocol"] and len(words) == 3:
        found["protocol"] = words[2]
    elif head in ("vlan", "qos") and len(words) == 2:
        found[head] = number(words[1])
    elif words[:2] == ["tx", "rate"] and len(words) >= 3:
        found["tx_rate"] = number(words[2])
    elif head in ("max_tx_rate", "min_tx_rate") and len(words) == 2:
        found.setdefault("rate", {})[head[:6]] = number(words[1].removesuffix("Mbps"))
    elif words[:2] == ["spoof", "checking"] and len(words) == 3:
        found["spoofchk"] = words[2] == "on"
    elif head == "link-state" and len(words) == 2:
        found["link_state"] = words[1]
    elif head in ("trust", "query_rss") and len(words) == 2:
        found["trust" if head == "trust" else "query_rss_en"] = words[1] == "on"
    elif words[:1] in (["NODE_GUID"], ["PORT_GUID"]) and len(words) == 2:
        found[head.lower().replace("_", " ")] = words[1]
    elif words:
        found.setdefault("unparsed", []).extend(words)
