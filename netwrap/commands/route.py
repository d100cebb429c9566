"""`route` of net-tools and busybox, `netstat -r`, /proc/net/route and ipv6_route: the main routing tables."""

from __future__ import annotations

from ..prefixes import network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.records import Record

    from .request import Request

COMMAND = "route -n"
CALLED = "routes"
RECORD = "RouteRow"
BINARIES = ("netstat",)
_KEYS = (
    "source", "destination", "next_hop", "gateway", "genmask", "flags", "metric", "ref", "use", "mss", "window", "irtt",
    "iface", "cut",
)  # fmt: skip
COLUMNS = "source? destination next_hop? gateway? genmask? flags metric? ref? use? mss? window? irtt? iface cut?"
ALIASES = {"dev": "iface"}


def rows(record: Record) -> Iterator[Record]:
    """One row; also with ``dst``, the destination as `ip route` has it, for conditions."""
    destination, mask = record.get("destination"), record.get("genmask")
    if mask:
        destination = "default" if mask == "0.0.0.0" else str(network(f"{destination}/{mask}") or destination).removesuffix("/32")
    yield {**{key: record.get(key) for key in _KEYS}, "dst": destination}


def shows(words: Sequence[str]) -> bool:
    """Whether a command line prints routes, and changes none.

    >>> shows(["route", "-n"]), shows(["route", "add", "default", "gw", "10.0.0.1"]), shows(["netstat", "-rn"])
    (True, False, True)
    """
    if words[0].rpartition("/")[2] == "netstat":
        return any(word == "--route" or word[:1] == "-" and word[:2] != "--" and "r" in word for word in words[1:])
    skip = False
    for word in words[1:]:
        if skip:
            skip = False
        elif word == "-A":
            skip = True
        elif not word.startswith("-") or word in ("--version", "-V", "--help", "-h"):
            return False
    return True


def ask(request: Request, words: Sequence[str]) -> None:
    """``route -n -A inet6``, ``netstat -rn6``"""
    request.family = "inet"
    at = 1
    while at < len(words):
        word = words[at]
        at += 1
        if word in ("-6", "--inet6", "--protocol=inet6"):
            request.family = "inet6"
        elif word == "-A":
            request.family = words[at] if at < len(words) else ""
            at += 1
        elif word.startswith("-"):
            if not word.startswith("--") and "e" in word:
                request.details += word.count("e")
        elif word.startswith("/proc/"):
            request.family = "inet6" if word.endswith("ipv6_route") else "inet"
        else:
            request.unknown.append(word)
