"""Tables of a host that no command module of ours reads: netconf, nexthops, firewalls, and what /proc/net shows to everybody.

What each function returns is what `ip -j` says where it says it; the firewall is counted only.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Record = dict[str, Any]

_SWITCHES = ("forwarding", "mc_forwarding", "proxy_neigh", "ignore_routes_with_linkdown", "bc_forwarding", "input")


class Firewall(NamedTuple):
    """One table of a firewall: who says so, its name, and how much is in it."""

    tool: str  # "nft", "iptables", "ip6tables"
    table: str  # "ip nat", "filter"
    chains: int
    rules: int


def _lines(text: str) -> list[list[str]]:
    return [words for words in (line.split() for line in text.split("\n")) if words]


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in ("[", "{")


def _load(text: str) -> list[Record]:
    found, decoder, at = [], json.JSONDecoder(strict=False), 0
    text = text.strip()
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        found += value if isinstance(value, list) else [value]
        while text[at : at + 1].isspace():
            at += 1
    if not all(isinstance(record, dict) for record in found):
        raise ValueError("not an array of objects")
    return found


def netconf(text: str) -> list[Record]:
    """`ip netconf show`: forwarding and rp_filter of each interface, of "all" and "default".

    >>> netconf("inet lo forwarding on rp_filter strict")
    [{'family': 'inet', 'interface': 'lo', 'forwarding': True, 'rp_filter': 'strict'}]
    """
    if _is_json(text):
        return _load(text)
    found = []
    for words in _lines(text):
        family = {"ipv4": "inet", "ipv6": "inet6"}.get(words[0], words[0])
        rest = words[1:]
        rest = rest[1:] if rest[:1] == ["dev"] else rest
        record: Record = {"family": family, "interface": rest[0] if rest else ""}
        for key, value in zip(rest[1::2], rest[2::2]):
            record[key] = value == "on" if key in _SWITCHES else value
        found.append(record)
    return found


def nexthop(text: str) -> list[Record]:
    """`ip nexthop show`

    >>> nexthop("id 1 via 10.0.0.2 dev eth0 scope link")
    [{'id': 1, 'gateway': '10.0.0.2', 'dev': 'eth0', 'scope': 'link', 'flags': []}]
    """
    if _is_json(text):
        return _load(text)
    found = []
    for words in _lines(text):
        record: Record = {}
        at = 0
        flags = []
        while at < len(words):
            word = words[at]
            value = words[at + 1] if at + 1 < len(words) else ""
            at += 2
            if word == "id":
                record["id"] = int(value)
            elif word == "via":
                record["gateway"] = value
            elif word == "group":
                record["group"] = [_member(part) for part in value.split("/")]
            elif word in ("dev", "scope", "encap", "master", "type"):
                record[word] = value
            elif word in ("proto", "protocol"):
                record["protocol"] = value
            elif word in ("blackhole", "fdb"):
                record[word] = None
                at -= 1
            else:
                flags.append(word)
                at -= 1
        found.append({**record, "flags": flags})
    return found


def _member(part: str) -> Record:
    number, _, weight = part.partition(",")
    return {"id": int(number), **({"weight": int(weight)} if weight else {})}


def proc_dev(text: str) -> list[Record]:
    """`/proc/net/dev`: the names of links, with their counters as `ip -s -j link` has them."""
    found = []
    for line in text.split("\n"):
        name, colon, counters = line.rpartition(":")
        numbers = counters.split()
        if not colon or len(numbers) != 16 or not all(word.isdigit() for word in numbers):
            continue
        values = [int(word[:20]) for word in numbers]
        found.append({
            "ifname": name.strip(),
            "stats64": {"rx": dict(zip(("bytes", "packets", "errors", "dropped"), values)),
                        "tx": dict(zip(("bytes", "packets", "errors", "dropped"), values[8:]))},
        })  # fmt: skip
    return found


_SCOPES = {0x00: "global", 0x10: "host", 0x20: "link", 0x40: "site"}


def proc_if_inet6(text: str) -> list[Record]:
    """`/proc/net/if_inet6`: links with their IPv6 addresses, as `ip -6 -j address` has them.

    >>> proc_if_inet6("fe80000000000000fc54fffefe000005 02 40 20 80 eth0")[0]["addr_info"]
    [{'family': 'inet6', 'local': 'fe80::fc54:fffe:fe00:5', 'prefixlen': 64, 'scope': 'link'}]
    """
    import ipaddress

    links: dict[str, Record] = {}
    for words in _lines(text):
        if len(words) != 6 or len(words[0]) != 32:
            raise ValueError(f"not a line of /proc/net/if_inet6: {' '.join(words)!r}")
        link = links.setdefault(words[5], {"ifindex": int(words[1], 16), "ifname": words[5], "addr_info": []})
        link["addr_info"].append({
            "family": "inet6", "local": str(ipaddress.IPv6Address(int(words[0], 16))), "prefixlen": int(words[2], 16),
            "scope": _SCOPES.get(int(words[3], 16) & 0xF0, "global"),
        })  # fmt: skip
    return list(links.values())


def proc_fib_trie(text: str) -> list[Record]:
    """`/proc/net/fib_trie`: the IPv4 addresses that are local; on which link, and with what length, it does not say.

    >>> proc_fib_trie("     |-- 10.0.0.1\\n        /32 host LOCAL")
    [{'family': 'inet', 'local': '10.0.0.1', 'scope': 'host'}]
    """
    found: dict[str, Record] = {}
    address = ""
    for words in _lines(text):
        if words[0] in ("|--", "+--") and len(words) > 1:
            address = words[1]
        elif words[:3] == ["/32", "host", "LOCAL"] and address:
            found.setdefault(address, {"family": "inet", "local": address, "scope": "host"})
    return list(found.values())


def nft(text: str) -> list[Firewall]:
    """`nft -j list ruleset`, or without `-j`: tables with their chains and rules counted."""
    counts: dict[str, list[int]] = {}
    if _is_json(text):
        for item in json.loads(text).get("nftables", []):
            for kind, value in item.items():
                if kind == "table":
                    counts.setdefault(f"{value.get('family')} {value.get('name')}", [0, 0])
                elif kind in ("chain", "rule"):
                    counts.setdefault(f"{value.get('family')} {value.get('table')}", [0, 0])[kind == "rule"] += 1
    else:
        table, depth = "", 0
        chain = False
        for line in text.split("\n"):
            words = line.split()
            if depth == 0 and words[:1] == ["table"] and len(words) > 2:
                table = f"{words[1]} {words[2]}"
                counts.setdefault(table, [0, 0])
            elif depth == 1 and words[:1] == ["chain"]:
                counts[table][0] += 1
                chain = True
            elif depth == 2 and chain and words and words[0] not in ("type", "policy", "comment", "}"):
                counts[table][1] += 1
            depth += line.count("{") - line.count("}")
            chain = chain and depth > 1
    return [Firewall("nft", table, *count) for table, count in counts.items()]


def iptables(text: str, tool: str = "iptables") -> list[Firewall]:
    """`iptables-save`: tables with their chains and rules counted.

    >>> iptables("*nat\\n:PREROUTING ACCEPT [0:0]\\n-A PREROUTING -j ACCEPT\\nCOMMIT")
    [Firewall(tool='iptables', table='nat', chains=1, rules=1)]
    """
    found: list[Firewall] = []
    table, chains, rules = "", 0, 0
    for line in text.split("\n"):
        if line.startswith("*"):
            table, chains, rules = line[1:].strip(), 0, 0
        elif line.startswith(":"):
            chains += 1
        elif line.startswith(("-A", "[")):
            rules += 1
        elif line.startswith("COMMIT") and table:
            found.append(Firewall(tool, table, chains, rules))
            table = ""
    if table:
        found.append(Firewall(tool, table, chains, rules))
    return found


#: The command -> what its table is called in a Namespace, and its reader.
READERS: dict[str, tuple[str, Callable[[str], list[Any]]]] = {
    "ip netconf": ("netconf", netconf),
    "ip nexthop": ("nexthops", nexthop),
    "dev": ("proc_links", proc_dev),
    "if_inet6": ("proc_addresses", proc_if_inet6),
    "fib_trie": ("proc_local", proc_fib_trie),
    "nft": ("firewall", nft),
    "iptables-save": ("firewall", iptables),
    "iptables-legacy-save": ("firewall", iptables),
    "ip6tables-save": ("firewall", lambda text: iptables(text, "ip6tables")),
}


def reader(words: list[str]) -> tuple[str, Callable[[str], list[Any]]] | None:
    """The reader of a command's output; None where it is no table that is read here.

    >>> reader("ip -j netconf show".split())[0], reader("cat /proc/42/net/dev".split())[0]
    ('netconf', 'proc_links')
    """
    if not words:
        return None
    name = words[0].rpartition("/")[2]
    if name == "cat" and len(words) == 2 and "/net/" in words[1] and words[1].startswith("/proc/"):
        name = words[1].rpartition("/")[2]
        return READERS.get(name) if name in ("dev", "if_inet6", "fib_trie") else None
    if name == "ip":
        nouns = [word for word in words[1:] if not word.startswith("-")]
        return READERS.get(f"ip {nouns[0]}") if nouns else None
    if name == "nft" and "ruleset" not in words:
        return None
    name = name.removesuffix("-legacy").removesuffix("-nft")
    return READERS.get(name) if name in ("nft", "iptables-save", "ip6tables-save") else None
