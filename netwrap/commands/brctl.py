"""`brctl show`, `showmacs` and `showstp`: bridges, their ports and forwarding tables."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.records import Record

    from .request import Request

COMMAND = "brctl show"
CALLED = "bridges"
RECORD = "Brctl"
SHOWS = ("showmacs", "showstp")
FILTERS = {"dev": ("ifname", True)}
COLUMNS = "ifname? id? stp? port? mac? local? ageing? interfaces?"


def rows(record: Record) -> Iterator[Record]:
    """One row."""
    own = {key: record.get(key) for key in ("ifname", "stp", "port", "mac", "local", "ageing", "state")}
    own["id"] = record.get("id", record.get("bridge_id"))
    yield {**own, "interfaces": record.get("interfaces") or [port["ifname"] for port in record.get("ports", ())] or None}


def shows(words: Sequence[str]) -> bool:
    """Whether a command line prints bridges, and changes none.

    >>> shows(["brctl", "show"]), shows(["brctl", "addbr", "br0"])
    (True, False)
    """
    return len(words) > 1 and words[1] in ("show", *SHOWS)


def ask(request: Request, words: Sequence[str]) -> None:
    """``brctl show``, ``brctl showmacs br0``"""
    request.verb = words[1]
    if len(words) > 2:
        request.filters["dev"] = words[2]
    request.unknown += words[3:]
