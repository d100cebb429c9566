"""`route`: the main routing table, by net-tools or busybox, or `ip route` where neither is installed."""

from __future__ import annotations

import ipaddress
import warnings
from typing import TYPE_CHECKING, cast

from parsers.route import from_routes

from . import arguments, ip_route, query, shell
from .errors import CommandMissing, CommandWarning

if TYPE_CHECKING:
    from typing import Any

    from parsers.records import RouteRow


def show(netns: str | None = None, *, family: str = "inet") -> list[RouteRow]:
    """The routing table of a namespace (None: the one we run in): what `route -n` prints for a family (``inet``, ``inet6``).

    Where `route` is not installed, the answer comes from `ip route`, in the same columns, with a CommandWarning.
    Raises the errors of :func:`netwrap.shell.run`.
    """
    if _missing("answered from"):
        return cast("list[RouteRow]", from_routes(ip_route.show(netns, family=family)))
    argv = ["route", "-n", *(["-A", family] if family != "inet" else [])]
    return query.records("route", argv, netns=netns)


def add(
    target: str,
    *,
    netns: str | None = None,
    gw: str | None = None,
    dev: str | None = None,
    metric: int | None = None,
    mss: int | None = None,
    window: int | None = None,
    irtt: int | None = None,
    reject: bool = False,
    family: str | None = None,
) -> None:
    """Make a route (`route add`): ``add("10.0.0.0/8", gw="192.168.15.1", netns="red")``, ``add("default", gw=…)``.

    ``target`` is a prefix, an address (a host) or ``default``; ``family`` is told from it and ``gw``, and is ``inet`` where they
    do not tell. ``metric`` is at most 32766 for IPv4 (`route` cuts a greater one to 16 bits), and 1 for IPv6 where none is given
    (`ip route` takes 1024). ``mss`` and ``window`` are in bytes, ``irtt`` in milliseconds; ``reject`` makes it a route of the
    type unreachable.

    Where `route` is not installed, `ip route` does it, with a CommandWarning. Raises AlreadyExists, NotFound (no such device),
    NetworkUnreachable (the gateway is on no network of ours), NoSuchNetns, PermissionDenied, InvalidArgument.
    """
    _change("add", target, netns, gw, dev, metric, reject, family, mss=mss, window=window, irtt=irtt)


def delete(
    target: str,
    *,
    netns: str | None = None,
    gw: str | None = None,
    dev: str | None = None,
    metric: int | None = None,
    reject: bool = False,
    family: str | None = None,
) -> None:
    """Remove a route (`route del`). An IPv6 one of another metric than 1 needs its ``metric``.

    Raises NotFound, NoSuchNetns, PermissionDenied, InvalidArgument.
    """
    _change("del", target, netns, gw, dev, metric, reject, family)


def _change(
    verb: str,
    target: str,
    netns: str | None,
    gw: str | None,
    dev: str | None,
    metric: int | None,
    reject: bool,
    family: str | None,
    **more: Any,
) -> None:
    six = arguments.family(family, target, gw) == ["-6"]
    argv = ["route", *(["-A", "inet6"] if six else []), verb]
    argv += _target(argv, target)
    argv += ["gw", arguments.address(argv, gw)] if gw is not None else []
    argv += ["metric", arguments.number(argv, "metric", metric, 0, 2**32 - 1 if six else 32766)] if metric is not None else []
    for key, value in more.items():
        argv += [key, arguments.number(argv, key, value, 0, 2**31 - 1)] if value is not None else []
    argv += arguments.pairs(argv, reject=reject)
    # `route` takes a name that begins with `-` for an option, even behind `dev`
    argv += ["dev", arguments.bare_name(argv, dev)] if dev is not None else []
    if not _missing("done by"):
        shell.run(argv, netns=netns, changes=True)
        return
    how: dict[str, Any] = {"via": gw, "dev": dev, "window": more.get("window"), "family": "inet6" if six else "inet"}
    how["metric"] = 1 if six and metric is None else metric
    how["type"] = "unreachable" if reject else None
    how["advmss"] = None if more.get("mss") is None else more["mss"] - 40  # what `route` hands to the kernel
    how["rtt"] = None if more.get("irtt") is None else f"{more['irtt']}ms"
    (ip_route.add if verb == "add" else ip_route.delete)(target, netns=netns, **how)


def _target(argv: list[str], target: str) -> list[str]:
    """A target in words that `route` and busybox take: ``-net`` with a prefix length, or ``-host``."""
    if arguments.prefix(argv, target, "default") == "default":
        return ["default"]
    address = ipaddress.ip_interface(target)
    length = address.network.prefixlen
    if length == 0 and int(address.ip) == 0:
        return ["default"]
    if address.version == 6:
        return [f"{address.ip}/{length}"]
    return ["-host", str(address.ip)] if length == 32 else ["-net", f"{address.ip}/{length}"]


def _missing(what: str) -> bool:
    """Whether `route` is not installed; warns that `ip route` is used instead."""
    if shell.find("route") is not None:
        return False
    if shell.find("ip") is None:
        raise CommandMissing(["route"], 127, "route is not installed, and neither is ip")
    warnings.warn(f"route is not installed: {what} 'ip route'", CommandWarning, stacklevel=3)
    return True
