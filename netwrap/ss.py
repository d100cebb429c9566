"""`ss`: the sockets of a namespace. See :mod:`parsers.ss` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query

if TYPE_CHECKING:
    from parsers.records import Socket


def show(netns: str | None = None, *, listening: bool = False, processes: bool = True) -> list[Socket]:
    """Return the TCP and UDP sockets of a namespace (None: the one we run in): those that wait (``listening``), or all.

    ``processes`` adds the processes that hold each socket, as far as we may see them. Raises the errors of
    :func:`netwrap.shell.run`.
    """
    return query.records("ss", ["ss", "-tun" + ("l" if listening else "a") + ("p" if processes else "")], netns=netns)
