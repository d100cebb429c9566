"""The request of a command that shows a table: which table, which family, how much detail, and which rows.

``ip -d -6 route show table 100 dev eth0`` asks for routes of IPv6, in detail, of table 100 and by eth0 only. The model needs this
to know what a capture covers, and an answer from a capture to print the same rows.
"""

from __future__ import annotations

from functools import lru_cache

from netwrap import commands

from ..errors import UsageError
from .line import abbreviates, options, understand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Options that change neither the table nor its rows.
_OF_NO_EFFECT = ("-N", "-Numeric", "-r", "-resolve", "-a", "-all", "-compressvlans", "-p", "-pretty", "-j", "-json")
_VERBS = ("show", "list", "lst", "ls", "list-id", "get")


class Request:
    """The table and rows that a command asks for. Do not change it: the same words always get the same Request.

    ``name``: the parser; ``verb``: "show", "list-id", "get"; ``family``: "", "inet", "inet6", ...; ``details``, ``stats``: how
    often `-d` and `-s` were said; ``brief``; ``shows``: there is a verb; ``filters``: the rows asked for,
    by iproute2's words; ``unknown``: other words.
    """

    def __init__(self, name: str, words: Sequence[str]) -> None:
        self.name = name
        self.words = list(words)
        self.verb = "show"
        self.family = ""
        self.details = self.stats = 0
        self.brief = self.oneline = self.shows = False
        self.filters: dict[str, str | None] = {}
        self.unknown: list[str] = []

    def __repr__(self) -> str:
        return f"Request({self.name}, {self.verb}, {self.family!r}, d={self.details}, s={self.stats}, {self.filters})"


def read(argv: Sequence[str]) -> Request | None:
    """The request of a command line; None where it shows no table that we know.

    >>> read("ip -d -6 r l table 100 dev eth0".split())
    Request(ip_route, show, 'inet6', d=1, s=0, {'table': '100', 'dev': 'eth0'})
    >>> read("ip link set lo up".split()) is None
    True
    """
    return _read(tuple(argv))


@lru_cache(maxsize=4096)
def _read(argv: tuple[str, ...]) -> Request | None:
    command = understand(argv)
    if command.parser is None:
        return None
    words = list(command.words)
    while words and words[0].rpartition("/")[2] in ("busybox",):
        words = words[1:]
    request = Request(command.parser, words)
    ask = getattr(commands.module(command.parser), "ask", _iproute2)
    ask(request, words)
    return request


def _iproute2(request: Request, words: list[str]) -> None:
    given, rest = options(words)
    for option, spelled in given:
        if option in ("-4", "-6", "-0", "-M", "-B"):
            request.family = {"-4": "inet", "-6": "inet6", "-0": "link", "-M": "mpls", "-B": "bridge"}[option]
        elif option == "-f" or abbreviates(option, "-family"):
            request.family = spelled[-1] if len(spelled) > 1 else ""
        elif "-details".startswith(option):
            request.details += 1
        elif option == "-s" or abbreviates(option, "-statistics") or abbreviates(option, "-stats"):
            request.stats += 1
        elif abbreviates(option, "-brief"):
            request.brief = True
        elif "-oneline".startswith(option):
            request.oneline = True
        elif len(spelled) == 1 and option not in _OF_NO_EFFECT:
            request.unknown.append(option)
    rest = rest[1:]
    if rest and request.name == "ip_netns":
        if len(rest[0]) > 4 and "list-id".startswith(rest[0]):
            request.verb = "list-id"
        request.unknown += rest[1:]
        return
    request.shows = bool(rest)
    if rest:
        verbs = (*_VERBS, *getattr(commands.module(request.name), "SHOWS", ()))
        verb = next((name for name in verbs if name.startswith(rest[0])), "")
        request.verb = "show" if verb in ("list", "lst", "ls") else verb or rest[0]
        _filters(request, rest[1:])


def _filters(request: Request, words: list[str]) -> None:
    command = commands.module(request.name)
    known: dict[str, tuple[str, bool]] = getattr(command, "FILTERS", {})
    same: dict[str, str] = getattr(command, "SAME", {})
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        name = word if word in known else next((name for name in known if name.startswith(word)), "")
        if name == "":
            name = getattr(command, "FIRST", "")
            if name and name not in request.filters and not word.startswith("-"):
                request.filters[name] = word
            else:
                request.unknown.append(word)
        elif known[name][1]:
            value = words[at] if at < len(words) else ""
            at += 1
            if name in ("root", "match", "exact"):
                value = f"{name} {value}"
                name = "to"
            request.filters[same.get(name, name)] = value
        else:
            request.filters[name] = None


def check(request: Request) -> Request:
    """The request, if all its words were understood; UsageError names those that were not."""
    if request.unknown:
        raise UsageError(f"cannot answer from a capture: {' '.join(request.unknown)!r} in '{' '.join(request.words)}'")
    return request
