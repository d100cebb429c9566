"""`arp` of net-tools and busybox, and /proc/net/arp: neighbours of IPv4."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.records import Record

    from .request import Request

COMMAND = "arp -n"
CALLED = "neighbours"
RECORD = "Arp"
FILTERS = {"dev": ("iface", True), "to": ("address", True)}
COLUMNS = "address name? hwtype hwaddress flags mask? iface cut?"
ALIASES = {"mac": "hwaddress", "dev": "iface", "lladdr": "hwaddress", "dst": "address", "ip": "address"}


def rows(record: Record) -> Iterator[Record]:
    """One row."""
    yield {key: record.get(key) for key in ("address", "name", "hwtype", "hwaddress", "flags", "mask", "iface", "cut")}


def shows(words: Sequence[str]) -> bool:
    """Whether a command line prints neighbours, and changes none.

    >>> shows(["arp", "-an"]), shows(["arp", "-s", "10.0.0.1", "02:00:00:00:00:01"])
    (True, False)
    """
    return not any(
        option[:1] == "-" and option[:2] != "--" and any(letter in option[1:] for letter in "sdfDVh")
        or len(option) > 2 and any(name.startswith(option) for name in ("--set", "--delete", "--file", "--use-device",
                                                                        "--version", "--help"))  # may be abbreviated
        for option in words[1:]
    )  # fmt: skip


def ask(request: Request, words: Sequence[str]) -> None:
    """``arp -n -i eth0``, ``arp 10.0.0.1``"""
    request.family = "inet"
    at = 1
    while at < len(words):
        word = words[at]
        at += 1
        if word in ("-i", "--device", "-H", "-t"):
            if word in ("-i", "--device"):
                request.filters["dev"] = words[at] if at < len(words) else ""
            at += 1
        elif word.startswith(("-", "/proc/")):
            pass
        elif "to" not in request.filters:
            request.filters["to"] = word
        else:
            request.unknown.append(word)
