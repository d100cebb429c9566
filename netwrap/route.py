"""`route`: the main routing table, by net-tools or busybox, or from `ip route` where neither is installed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, cast

import parsers
from parsers.route import from_routes

from . import ip_route, shell
from .errors import CommandMissing, CommandWarning

if TYPE_CHECKING:
    from parsers.records import RouteRow


def show(netns: str | None = None, *, family: str = "inet") -> list[RouteRow]:
    """The routing table of a namespace (None: the own): what `route -n` says of a family (``inet``, ``inet6``).

    Where `route` is not installed, the answer comes from `ip route`, in the same columns, with a CommandWarning.
    Raises the errors of :func:`netwrap.shell.run`.
    """
    if shell.find("route") is None:
        if shell.find("ip") is None:
            raise CommandMissing(["route"], 127, "route is not installed, and neither is ip")
        warnings.warn("route is not installed: answered from 'ip route'", CommandWarning, stacklevel=2)
        return cast("list[RouteRow]", from_routes(ip_route.show(netns, family=family)))
    argv = ["route", "-n", *(["-A", family] if family != "inet" else [])]
    result = shell.run(argv, netns=netns, check=False)
    if result.status != 0 and not (result.status == 1 and not result.stderr.strip()):
        # a namespace that never had a route: title and header, nothing on standard error, status 1
        raise shell.error(shell.in_netns(argv, netns), result)
    return parsers.module("route").parse(result.stdout)  # type: ignore[no-any-return]
