"""`ip`, `arp`, `route`, `bridge` as the user knows them: run, parsed and tabulated, in one namespace or in many.

What prints no table of ours (``ip netns exec red ping …``, ``ip link add …``, ``ip help``) is passed through with its terminal
and its exit status.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from netwrap import shell, wording
from netwrap.commands.line import Command, executes, reads, understand
from netwrap.errors import CommandError, UsageError

from . import _options, _table, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ._options import Options

    Record = dict[str, Any]


def run(options: Options) -> int:
    """Run a command, whose words the options hold, and print what it prints as a table; or pass it through."""
    argv = options.words
    asked = understand(argv)
    if (options.netns or options.all_netns) and asked.netns is not None:
        raise UsageError(f"the command names a namespace of its own ({asked.netns}); leave out --netns and --all-netns")
    if asked.parser is not None and options.format is None and asked.json:
        options.format = "json"
    if asked.parser is not None and "?" in options.columns:
        _table.list_columns([asked.parser])
        return 0
    _bring(asked, _table.asked(options))
    if options.source:
        from . import _captured

        return _captured.run(asked, options)
    if asked.parser is None:
        return _pass_through(argv, options)
    if not options.netns and not options.all_netns:
        _table.show(asked.parser, _records(asked, asked.netns), options)
        return 0
    return _everywhere(asked, options)


def _bring(asked: Command, names: Sequence[str]) -> None:
    """Add to a command the options that bring the columns asked for (``-d`` for the kind of a link)."""
    if not names or asked.parser is None:
        return
    from netwrap.commands import request
    from netwrap.tables.columns import option_for

    found = request.read(asked.words)
    if found is None or found.words[0].rpartition("/")[2] not in ("ip", "bridge"):
        return
    for option in dict.fromkeys(option_for(asked.parser, name) for name in names):
        if option == "-d" and not found.details or option == "-s" and not found.stats:
            asked.words.insert(1, option)
        elif option == "table all" and "table" not in found.filters and found.verb == "show":
            asked.words[1:1] = [] if found.family else ["-4"]
            asked.words += [*([] if found.shows else ["show"]), "table", "all"]


# -- running -------------------------------------------------------------------------------------------------------


def _records(asked: Command, netns: str | None) -> list[Record]:
    """The records of a command in a namespace."""
    fallback = _FALLBACKS.get(asked.argv[0])
    if fallback is not None and shell.find(asked.argv[0]) is None:
        return fallback(asked.argv[1:], netns)
    from netwrap import query

    return query.records(asked.parser or "", asked.words, netns=netns)


def _arp(words: Sequence[str], netns: str | None) -> list[Record]:
    from netwrap import arp

    return list(map(dict, arp.show(netns, dev=_value(words, ("-i", "--device")), host=_operand(words))))


def _route(words: Sequence[str], netns: str | None) -> list[Record]:
    from netwrap import route

    six = any(word in ("-6", "--inet6") for word in words) or _value(words, ("-A", "--protocol")) == "inet6"
    return list(map(dict, route.show(netns, family="inet6" if six else "inet")))


_FALLBACKS: dict[str, Callable[[Sequence[str], str | None], list[Record]]] = {"arp": _arp, "route": _route}


def _value(words: Sequence[str], names: Sequence[str]) -> str | None:
    """The word behind one of these options."""
    return next((value for name, value in zip(words, words[1:]) if name in names), None)


def _operand(words: Sequence[str]) -> str | None:
    """The word that is no option and no option's value: the host that `arp` is asked for."""
    behind = ["", *words]
    return next((word for before, word in zip(behind, words)
                 if not word.startswith("-") and before not in ("-i", "--device", "-H", "-t", "-A", "-p")), None)  # fmt: skip


def _everywhere(asked: Command, options: Options) -> int:
    """The records of a command in several namespaces, each with its ``netns``; one that fails does not take the others along."""
    found: list[Record] = []
    status = 0
    for netns in _namespaces(options):
        try:
            records = _records(asked, netns)
        except CommandError as error:
            sys.stdout.flush()
            say(f"{netns or '(root)'}: {error}")
            status = status or error.status
        else:
            found += [{"netns": netns, **record} for record in records]
    if found or not status:
        _table.show(asked.parser or "", found, options)
    return status


def _namespaces(options: Options) -> list[str | None]:
    """The namespaces that were asked for; None is the one we are in."""
    if not options.all_netns:
        return list(dict.fromkeys(options.netns))
    from netwrap import ip_netns

    return [None, *sorted({item["name"] for item in ip_netns.show()}, key=wording.natural)]


def _pass_through(argv: list[str], options: Options) -> int:
    """Run a command that prints no table, as it is."""
    of_tables = [option.name for option in options.given if option in _options.OPTIONS["the table"]]
    if of_tables:
        inner = any(executes(argv[:end]) for end in range(2, len(argv)))
        behind = " (an option of the command's own stands behind --)" if inner else ""
        said = "prints no table that netwrap knows: there is no use for"
        raise UsageError(f"{wording.pasteable(argv)} {said} {of_tables[0]}{behind}")
    changes = not reads(argv)
    if not options.netns and not options.all_netns:
        shell.become(argv, changes=changes)
    status = 0
    for netns in _namespaces(options):
        if len(options.netns) != 1:
            sys.stdout.flush()
            say(f"netns {netns or '(root)'}:")
        status = shell.pass_through(argv, netns, changes=changes) or status
    return status
