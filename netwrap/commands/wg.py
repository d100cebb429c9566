"""`wg show`: wireguard links and their peers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.records import Record

    from .request import Request

COMMAND = "wg show"
CALLED = "wireguard links"
RECORD = "Wg"
FILTERS = {"dev": ("ifname", True)}
COLUMNS = "ifname listening_port? peer? endpoint? allowed_ips? latest_handshake? transfer? persistent_keepalive? fwmark?"


def rows(record: Record) -> Iterator[Record]:
    """A row for each peer; one for a link without peers."""
    for peer in record.get("peers") or [{}]:
        yield {column: {**record, **peer}.get(column) for column in COLUMNS.replace("?", "").split()}


def shows(words: Sequence[str]) -> bool:
    """Whether a command line prints whole links with their peers: not a single field, and no secret keys.

    >>> shows(["wg"]), shows(["wg", "show", "wg0"]), shows(["wg", "show", "wg0", "dump"]), shows(["wg", "set", "wg0"])
    (True, True, False, False)
    """
    return words[1:2] in ([], ["show"]) and len(words) < 4 and words[2:] not in (["interfaces"], ["--help"], ["-h"], ["help"])


def ask(request: Request, words: Sequence[str]) -> None:
    """``wg show wg0``"""
    if words[2:] and words[2] != "all":
        request.filters["dev"] = words[2]
