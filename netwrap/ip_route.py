"""`ip route`: routes. See :mod:`parsers.ip_route` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from . import arguments, query, shell
from .errors import NetworkUnreachable, PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from parsers.records import Route

_TYPES = "unicast local broadcast multicast anycast throw unreachable prohibit blackhole nat".split()
_ANYWHERE = ("default", "any", "all")


def show(netns: str | None = None, *, family: str = "inet", table: str | None = None, dev: str | None = None) -> list[Route]:
    """The routes of a namespace (None: the one we run in): what `ip route show` prints.

    ``family`` is ``inet``, ``inet6`` or ``mpls``; ``table`` a name, a number or ``all`` (None: main). The values filtered by
    are absent from the records, as iproute2 does not print them. Raises the errors of :func:`netwrap.shell.run`.
    """
    argv = ["ip", "-f", family, "route", "show"]
    argv += ["table", table] if table else []
    return query.records("ip_route", [*argv, "dev", dev] if dev is not None else argv, netns=netns)


def get(
    to: str,
    netns: str | None = None,
    *,
    from_: str | None = None,
    iif: str | None = None,
    oif: str | None = None,
    mark: int | str | None = None,
    family: str | None = None,
    **options: arguments.Value,
) -> Route:
    """The route that the kernel takes to an address: what `ip route get` prints. Changes nothing.

    ``options`` are others of `ip route get` (``fibmatch=True``, ``uid=0``, ``ipproto="tcp"``). Raises NetworkUnreachable where
    there is no route, or one of the types unreachable and prohibit; InvalidArgument for one of the type blackhole, too.
    """
    argv = ["ip", *arguments.family(family, to), "route", "get"]
    argv += [arguments.prefix(argv, to)]
    argv += ["from", arguments.address(argv, from_)] if from_ is not None else []
    argv += arguments.pairs(argv, iif=iif, oif=oif, mark=mark, **options)
    try:
        return cast("Route", query.records("ip_route", argv, netns=netns)[0])
    except PermissionDenied as refused:  # asking is free to all: this is what a route of the type prohibit answers
        if "RTNETLINK answers" not in refused.stderr:
            raise
        raise NetworkUnreachable(refused.argv, refused.status, f"{refused.stderr} (the route prohibits it)") from refused


def add(
    to: str,
    *,
    netns: str | None = None,
    via: str | None = None,
    dev: str | None = None,
    type: str | None = None,
    table: str | int | None = None,
    metric: int | None = None,
    src: str | None = None,
    scope: str | int | None = None,
    protocol: str | int | None = None,
    nexthop: Iterable[Mapping[str, arguments.Value]] = (),
    family: str | None = None,
    **options: arguments.Value,
) -> None:
    """Make a route in a namespace (None: the one we run in): ``add("default", via="192.168.15.1", netns="red")``.

    ``to`` is a prefix, an address or ``default``; ``via`` the gateway (an IPv6 one for an IPv4 prefix, too); ``type`` one of
    unicast, local, broadcast, multicast, throw, unreachable, prohibit, blackhole; ``nexthop`` several ways, each a dictionary
    (``{"via": "10.0.0.1", "dev": "v0", "weight": 2}``); ``family`` is told from the addresses, and is ``inet`` where they do
    not tell (``default`` by a device alone). ``options`` are others of `ip route add`: ``onlink=True``, ``mtu=1400`` (bytes),
    ``encap=["ip", "id", "7", "dst", "10.0.0.2"]``.

    Raises AlreadyExists, NotFound (no such device), NetworkUnreachable (the gateway is on no network of ours), NoSuchNetns,
    PermissionDenied; InvalidArgument, also for a prefix with host bits, or what `ip` would read in a way of its own (``10.1``).
    """
    _change("add", to, netns, via=via, dev=dev, type=type, table=table, metric=metric, src=src, nexthop=nexthop, family=family,
            scope=scope, protocol=protocol, **options)  # fmt: skip


def replace(to: str, *, netns: str | None = None, **route: Any) -> None:
    """Make a route, or replace the one with the same prefix, metric and table; arguments as for :func:`add`."""
    _change("replace", to, netns, **route)


def delete(to: str, *, netns: str | None = None, **route: Any) -> None:
    """Remove the first route that matches: arguments as :func:`add`. Raises NotFound, NoSuchNetns, PermissionDenied."""
    _change("delete", to, netns, **route)


def _change(
    verb: str,
    to: str,
    netns: str | None,
    *,
    via: str | None = None,
    dev: str | None = None,
    type: str | None = None,
    table: str | int | None = None,
    metric: int | None = None,
    src: str | None = None,
    nexthop: Iterable[Mapping[str, arguments.Value]] = (),
    family: str | None = None,
    **options: arguments.Value,
) -> None:
    hops = list(nexthop)
    gateways = [str(hop["via"]) for hop in hops if hop.get("via")]
    argv = ["ip", *arguments.family(family, to, via, src, *gateways), "route", verb]
    argv += [arguments.one_of(argv, "type", type, _TYPES)] if type is not None else []
    argv += [arguments.name(argv, to) if family == "mpls" else arguments.prefix(argv, to, *_ANYWHERE)]
    argv += _via(argv, via)
    argv += arguments.pairs(argv, dev=dev, table=table)
    argv += ["metric", arguments.number(argv, "metric", metric, 0, 2**32 - 1)] if metric is not None else []
    argv += ["src", arguments.address(argv, src)] if src is not None else []
    argv += arguments.pairs(argv, **options)
    for hop in hops:
        gateway = hop.get("via")
        argv += ["nexthop", *_via(argv, None if gateway is None else str(gateway))]
        argv += arguments.pairs(argv, **{key: value for key, value in hop.items() if key != "via"})
    shell.run(argv, netns=netns, changes=True)


def _via(argv: list[str], via: str | None) -> list[str]:
    """The words for a gateway, with its family where that differs from the route's."""
    if via is None:
        return []
    family = "inet6" if ":" in arguments.address(argv, via) else "inet"
    return ["via", via] if (family == "inet6") == ("-6" in argv) else ["via", family, via]
