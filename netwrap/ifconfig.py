"""`ifconfig`: links and addresses, as net-tools or busybox print them. See :mod:`parsers.ifconfig` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import arguments, query

if TYPE_CHECKING:
    from parsers.records import Ifconfig


def show(netns: str | None = None, *, interface: str | None = None) -> list[Ifconfig]:
    """Return all links of a namespace (None: the one we run in), or one ``interface``, with their addresses.

    Raises the errors of :func:`netwrap.shell.run`.
    """
    argv = ["ifconfig", arguments.bare_name(["ifconfig"], interface) if interface is not None else "-a"]
    return query.records("ifconfig", argv, netns=netns)
