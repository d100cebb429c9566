"""Tables of a host that no parser reads: firewalls, and what /proc/net shows to everybody.

What each function returns is what `ip -j` says where it says it; the firewall is counted only.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Record = dict[str, Any]


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

    >>> reader("nft list ruleset".split())[0], reader("cat /proc/42/net/dev".split())[0]
    ('firewall', 'proc_links')
    """
    if not words:
        return None
    name = words[0].rpartition("/")[2]
    if name == "cat" and len(words) == 2 and "/net/" in words[1] and words[1].startswith("/proc/"):
        name = words[1].rpartition("/")[2]
        return READERS.get(name) if name in ("dev", "if_inet6", "fib_trie") else None
    if name == "nft" and "ruleset" not in words:
        return None
    name = name.removesuffix("-legacy").removesuffix("-nft")
    return READERS.get(name) if name in ("nft", "iptables-save", "ip6tables-save") else None
