"""`ifconfig` and `netstat -i` of net-tools and busybox: interfaces with their addresses."""

from __future__ import annotations

from .. import wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.records import Record

    from .request import Request

COMMAND = "ifconfig -a"
CALLED = "links"
RECORD = "Ifconfig"
BINARIES = ("netstat",)
FILTERS = {"dev": ("ifname", True), "up": ("flags", False)}
COLUMNS = "ifname flags? mtu address? scope? label? lladdr? rx_bytes? tx_bytes? cut?"


def rows(link: Record) -> Iterator[Record]:
    """A row for each address; one for a link without any."""
    stats = link.get("stats64", {})
    own = {**{key: link.get(key) for key in ("ifname", "mtu", "cut")}, "lladdr": link.get("address"),
           "flags": link.get("flags") or None, "rx_bytes": stats.get("rx", {}).get("bytes"),
           "tx_bytes": stats.get("tx", {}).get("bytes")}  # fmt: skip
    for entry in link.get("addr_info") or [{}]:
        label = entry.get("label")
        yield {**own, "address": wording.address(entry) or None, "scope": entry.get("scope"),
               "label": label if label != link.get("ifname") else None}  # fmt: skip


def shows(words: Sequence[str]) -> bool:
    """Whether a command line prints interfaces, and changes none.

    >>> shows(["ifconfig", "-a"]), shows(["ifconfig", "eth0"]), shows(["ifconfig", "eth0", "up"]), shows(["netstat", "-i"])
    (True, True, False, True)
    """
    options = [word for word in words[1:] if word.startswith("-")]
    if words[0].rpartition("/")[2] == "netstat":
        return any(word == "--interfaces" or word[:2] != "--" and "i" in word for word in options)
    return len(words) - 1 - len(options) <= 1 and all(option in ("-a", "-s", "-v") for option in options)


def ask(request: Request, words: Sequence[str]) -> None:
    """``ifconfig``: the links that are up; ``ifconfig -a``, ``ifconfig eth0``, ``netstat -i``"""
    operands = [word for word in words[1:] if not word.startswith("-")]
    options = [word for word in words[1:] if word.startswith("-")]
    request.stats = int("-s" in options or words[0].rpartition("/")[2] == "netstat")
    if operands:
        request.filters["dev"] = operands[0]
    elif not any(option == "--all" or option[:2] != "--" and "a" in option for option in options):
        request.filters["up"] = None
