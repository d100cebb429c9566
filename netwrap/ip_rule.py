"""`ip rule`: routing rules. See :mod:`parsers.ip_rule` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import arguments, query, shell
from .errors import UsageError

if TYPE_CHECKING:
    from typing import Any

    from parsers.records import Rule

_TYPES = "unicast unreachable prohibit blackhole nop".split()
_ANYWHERE = ("all", "any", "default")


def show(netns: str | None = None, *, family: str = "inet") -> list[Rule]:
    """The rules of a namespace (None: the one we run in): what `ip rule show` prints for a family (``inet``, ``inet6``).

    Raises the errors of :func:`netwrap.shell.run`.
    """
    return query.records("ip_rule", ["ip", "-f", family, "rule", "show"], netns=netns)


def add(
    *,
    netns: str | None = None,
    not_: bool = False,
    from_: str | None = None,
    to: str | None = None,
    iif: str | None = None,
    oif: str | None = None,
    fwmark: int | str | None = None,
    priority: int | None = None,
    table: str | int | None = None,
    goto: int | None = None,
    type: str | None = None,
    family: str | None = None,
    **options: arguments.Value,
) -> None:
    """Make a rule in a namespace (None: the one we run in): ``add(from_="10.1.0.0/16", table=100, priority=500)``.

    ``from_`` and ``to`` are prefixes or ``all``, ``iif`` and ``oif`` devices (which need not exist), ``fwmark`` a number or
    ``MARK/MASK``; what matches is looked up in ``table``, goes on at the rule ``goto``, or meets its ``type``: unreachable,
    prohibit, blackhole, nop. ``family`` is told from the addresses, and is ``inet`` where they do not tell. ``options`` are
    others of `ip rule add` (``suppress_prefixlength=0``, ``ipproto="tcp"``, ``uidrange="0-99"``).

    Raises AlreadyExists, NoSuchNetns, PermissionDenied, InvalidArgument; UsageError for a rule without anything.
    """
    words = _words("add", not_=not_, from_=from_, to=to, priority=priority, table=table, goto=goto, type=type, family=family,
                   iif=iif, oif=oif, fwmark=fwmark, **options)  # fmt: skip
    shell.run(words, netns=netns, changes=True)


def delete(*, netns: str | None = None, **rule: Any) -> None:
    """Remove the first rule that matches: arguments as :func:`add`.

    Raises NotFound, NoSuchNetns, PermissionDenied, InvalidArgument; UsageError where nothing but ``all`` is given, for that is
    the first rule of all, which finds the addresses of the host itself (`ip` would remove it in silence).
    """
    chosen = [value for key, value in rule.items() if key not in ("not_", "family")]
    if all(value is None or value is False or value in _ANYWHERE for value in chosen):
        raise UsageError("ip rule delete: which rule? Without a selector, `ip` removes the first of all, that of the table local")
    shell.run(_words("delete", **rule), netns=netns, changes=True)


def _words(
    verb: str,
    *,
    not_: bool = False,
    from_: str | None = None,
    to: str | None = None,
    priority: int | None = None,
    table: str | int | None = None,
    goto: int | None = None,
    type: str | None = None,
    family: str | None = None,
    **options: arguments.Value,
) -> list[str]:
    argv = ["ip", *arguments.family(family, from_, to), "rule", verb]
    bare = len(argv)
    argv += ["not"] if not_ else []
    argv += ["from", arguments.prefix(argv, from_, *_ANYWHERE)] if from_ is not None else []
    argv += ["to", arguments.prefix(argv, to, *_ANYWHERE)] if to is not None else []
    argv += ["priority", arguments.number(argv, "priority", priority, 0, 2**32 - 1)] if priority is not None else []
    argv += arguments.pairs(argv, **options, table=table)
    argv += ["goto", arguments.number(argv, "goto", goto, 0, 2**32 - 1)] if goto is not None else []
    argv += [arguments.one_of(argv, "type", type, _TYPES)] if type is not None else []
    if len(argv) == bare:
        raise UsageError(f"ip rule {verb}: nothing to match, and nothing to do")
    return argv
