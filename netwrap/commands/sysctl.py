"""`sysctl`: switches of the kernel."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.records import Record

    from .request import Request

COMMAND = "sysctl -a"
CALLED = "switches of the kernel"
RECORD = "Sysctl"
COLUMNS = "key value"


def rows(record: Record) -> Iterator[Record]:
    """One row."""
    yield {key: record.get(key) for key in ("key", "value")}


def shows(words: Sequence[str]) -> bool:
    """Whether a command line prints switches with their values, and sets none.

    >>> shows(["sysctl", "-a"]), shows(["sysctl", "net.ipv4.ip_forward"]), shows(["sysctl", "-w", "net.ipv4.ip_forward=1"])
    (True, True, False)
    """
    options = [word for word in words[1:] if word.startswith("-")]
    return all(option in ("-a", "-A", "-X", "--all", "-e", "--ignore", "-r", "--pattern") for option in options) and not any(
        "=" in word for word in words[1:]
    )


def ask(request: Request, words: Sequence[str]) -> None:
    """``sysctl -a``, ``sysctl net.ipv4.ip_forward net.ipv4.conf.all.rp_filter``"""
    request.unknown += [word for word in words[1:] if word in ("-r", "--pattern")]
    keys = [word for word in words[1:] if not word.startswith("-")]
    if keys:
        request.filters["key"] = " ".join(keys)
