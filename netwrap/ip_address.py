"""`ip address`: links with their addresses. See :mod:`parsers.ip_address` for the records."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import arguments, query, shell

if TYPE_CHECKING:
    from typing import Any

    from parsers.records import Address


def show(netns: str | None = None, *, dev: str | None = None, details: bool = False, statistics: bool = False) -> list[Address]:
    """The links with their addresses of a namespace (None: the one we run in), or of one device: see `ip address show`.

    ``details`` adds what `-d` says (the kind of each link), ``statistics`` the counters of `-s`.
    Raises NoSuchNetns, NotFound for a device that is not there, and the other errors of :func:`netwrap.shell.run`.
    """
    argv = ["ip", *(["-d"] if details else []), *(["-s"] if statistics else []), "address", "show"]
    return query.records("ip_address", [*argv, "dev", dev] if dev is not None else argv, netns=netns)


def add(
    local: str,
    dev: str,
    *,
    netns: str | None = None,
    peer: str | None = None,
    broadcast: str | None = None,
    label: str | None = None,
    scope: str | int | None = None,
    valid_lft: int | str | None = None,
    preferred_lft: int | str | None = None,
    **options: arguments.Value,
) -> None:
    """Give a device of a namespace (None: the one we run in) an address: ``add("192.168.15.1/24", "v0", netns="red")``.

    ``local`` has a prefix length (without one, that of a host); ``broadcast`` is an address, or ``+``, computed from
    the prefix; ``valid_lft`` and ``preferred_lft`` are in seconds, or ``forever``; ``options`` are others of `ip address add`
    (``nodad=True``, ``metric=100``).

    Raises AlreadyExists, NotFound (no such device), NoSuchNetns, PermissionDenied; InvalidArgument, also for what `ip` would
    read in a way of its own (``10.1``, ``010.0.0.1``).
    """
    _change("add", local, dev, netns, peer=peer, broadcast=broadcast, label=label, scope=scope, valid_lft=valid_lft,
            preferred_lft=preferred_lft, **options)  # fmt: skip


def replace(local: str, dev: str, *, netns: str | None = None, **how: Any) -> None:
    """Give a device an address, or change an existing one; arguments as for :func:`add`, but an existing address is no error."""
    _change("replace", local, dev, netns, **how)


def delete(local: str, dev: str, *, netns: str | None = None, peer: str | None = None, label: str | None = None) -> None:
    """Take an address from a device. Without its prefix length, `ip` takes the first that matches, with a CommandWarning.

    Raises NotFound, NoSuchNetns, PermissionDenied, InvalidArgument.
    """
    _change("delete", local, dev, netns, peer=peer, label=label)


def flush(
    dev: str,
    *,
    netns: str | None = None,
    family: str | None = None,
    to: str | None = None,
    scope: str | int | None = None,
    label: str | None = None,
    **options: arguments.Value,
) -> None:
    """Take all addresses from a device, or those of a ``family`` (``inet``, ``inet6``), within a prefix ``to``, of a scope.

    ``options`` are flags of `ip address flush` (``dynamic=True``). Raises NotFound, NoSuchNetns, PermissionDenied.
    """
    argv = ["ip", *(["-f", family] if family else []), "address", "flush"]
    argv += arguments.pairs(argv, dev=dev, scope=scope)
    argv += ["to", arguments.prefix(argv, to)] if to is not None else []
    shell.run([*argv, *arguments.pairs(argv, label=label, **options)], netns=netns, changes=True)


def _change(
    verb: str,
    local: str,
    dev: str,
    netns: str | None,
    *,
    peer: str | None = None,
    broadcast: str | None = None,
    **options: arguments.Value,
) -> None:
    argv = ["ip", "address", verb]
    argv += [arguments.prefix(argv, local)]
    argv += ["peer", arguments.prefix(argv, peer)] if peer is not None else []
    if len(os.fsencode(str(options.get("label") or ""))) > 15:
        arguments.refuse(argv, f"the label {options['label']!r} is longer than 15 bytes")  # `ip` would leave it out
    argv += ["broadcast", arguments.address(argv, broadcast, "+", "-")] if broadcast is not None else []
    shell.run([*argv, *arguments.pairs(argv, dev=dev, **options)], netns=netns, changes=True)
