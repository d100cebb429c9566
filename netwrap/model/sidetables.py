"""Read files of /proc/net that everybody may read and that have no parser, in the schema of `ip -j`."""

from __future__ import annotations

from parsers.lex import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from parsers.records import Record


def _lines(text: str) -> list[list[str]]:
    return [words for words in (line.split() for line in text.split("\n")) if words]


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
    """`/proc/net/fib_trie`: the local IPv4 addresses; the file names neither link nor prefix length.

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


def tc_filters(text: str) -> list[Record]:
    """`tc filter show` of each link and direction, with ``LINK DIRECTION: `` in front of each line; netwrap does not judge them.

    >>> tc_filters("eth0 ingress: filter protocol all pref 1 bpf chain 0\\neth0 ingress:   handle 0x1 drop.o\\n")
    [{'tool': 'tc', 'dev': 'eth0', 'hook': 'ingress', 'text': 'filter protocol all pref 1 bpf chain 0'}]
    """
    found = []
    for line in text.split("\n"):
        place, _, words = line.partition(": ")
        dev, _, hook = place.rpartition(" ")
        if dev and words.startswith("filter "):
            found.append({"tool": "tc", "dev": dev, "hook": hook, "text": words.strip()})
    return found


def ebtables_save(text: str) -> list[Record]:
    """`ebtables-legacy-save`: netwrap does not evaluate these rules.

    >>> ebtables_save("*filter\\n:FORWARD ACCEPT\\n-A FORWARD -p IPv4 -j DROP\\n")
    [{'tool': 'ebtables-legacy', 'dev': None, 'hook': 'FORWARD', 'text': '-A FORWARD -p IPv4 -j DROP'}]
    """
    rules = [line.strip() for line in text.split("\n") if line.startswith("-A ")]
    return [{"tool": "ebtables-legacy", "dev": None, "hook": rule.split()[1], "text": rule} for rule in rules]


def resolv_conf(text: str) -> list[Record]:
    """`/etc/resolv.conf`: the name servers that a program asks, three at most.

    >>> resolv_conf("# by hand\\nnameserver 10.0.0.53\\nsearch example.net\\n")
    [{'nameserver': '10.0.0.53', 'text': 'nameserver 10.0.0.53'}]
    """
    found = [words[:2] for words in _lines(text) if words[0] == "nameserver" and len(words) > 1]
    return [{"nameserver": words[1], "text": " ".join(words)} for words in found[:3]]


#: Command -> the name of its table in a Namespace, and its reader.
READERS: dict[str, tuple[str, Callable[[str], list[Any]]]] = {
    "dev": ("proc_links", proc_dev),
    "if_inet6": ("proc_addresses", proc_if_inet6),
    "fib_trie": ("proc_local", proc_fib_trie),
}


_RESOLV_CONF = lazy(r"/etc/(?:netns/[^/]+/)?resolv\.conf$")


def reader(words: list[str]) -> tuple[str, Callable[[str], list[Any]]] | None:
    """The reader of a command's output; None for a table that this module does not read.

    >>> reader("cat /proc/42/net/dev".split())[0], reader("nft list ruleset".split())
    ('proc_links', None)
    >>> reader(["cat", "/etc/netns/red/resolv.conf"])[0]
    'resolver'
    """
    if not words:
        return None
    name = words[0].rpartition("/")[2]
    if words[1:3] == ["filter", "show"] and name == "tc":
        return "not_judged", tc_filters
    if name == "ebtables-legacy-save":
        return "not_judged", ebtables_save
    if name == "cat" and len(words) == 2 and _RESOLV_CONF.match(words[1]):
        return "resolver", resolv_conf
    if name == "cat" and len(words) == 2 and "/net/" in words[1] and words[1].startswith("/proc/"):
        name = words[1].rpartition("/")[2]
        return READERS.get(name) if name in ("dev", "if_inet6", "fib_trie") else None
    return None
