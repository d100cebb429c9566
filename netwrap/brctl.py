"""`brctl`: bridges, as bridge-utils or busybox print them. See :mod:`parsers.brctl` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import arguments, query

if TYPE_CHECKING:
    from parsers.records import Brctl


def show(netns: str | None = None) -> list[Brctl]:
    """Return the bridges of a namespace (None: the one we run in). Raises the errors of :func:`netwrap.shell.run`."""
    return query.records("brctl", ["brctl", "show"], netns=netns)


def showmacs(bridge: str, netns: str | None = None) -> list[Brctl]:
    """Return the addresses that a bridge knows. Raises the errors of :func:`netwrap.shell.run`."""
    argv = ["brctl", "showmacs"]
    return query.records("brctl", [*argv, arguments.bare_name(argv, bridge)], netns=netns)


def showstp(bridge: str, netns: str | None = None) -> list[Brctl]:
    """Return the state of the spanning tree of a bridge and its ports. Raises the errors of :func:`netwrap.shell.run`."""
    argv = ["brctl", "showstp"]
    return query.records("brctl", [*argv, arguments.bare_name(argv, bridge)], netns=netns)
