"""Run `ip`, `arp`, `route`, `bridge` as the user knows them, parse and tabulate their output, in one namespace or in many.

A command that prints no known table (``ip netns exec red ping …``, ``ip link add …``, ``ip help``) runs unchanged, with its
terminal and its exit status.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from netwrap import shell, wording
from netwrap.commands.line import Command, executes, meant, reads, understand
from netwrap.errors import CommandError, NetwrapError, UsageError, similar

from . import _options, _source, _table, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from parsers.records import Record

    from ._options import Options

#: The tables whose rows are links, with another end.
OF_LINKS = ("ip_link", "ip_address")


def run(options: Options) -> int:
    """Run the command of the options and print its output as a table; or pass it through."""
    argv = options.words
    asked = understand(argv)
    many = bool(options.netns or options.all_netns or options.named_netns)
    if many and asked.netns is not None:
        raise UsageError(f"the command names a namespace of its own ({asked.netns}); leave out --netns and --all-netns")
    if asked.parser is not None and options.format is None and asked.json:
        options.format = "json"
    _look(argv, options)
    if asked.parser is not None and "?" in options.columns:
        _table.list_columns([asked.parser])
        return 0
    _bring(asked, _table.asked(options))
    of_ends = any(name.startswith("@peer.") for name in _table.asked(options))
    if options.source or _source.is_via(options) and asked.parser is not None and (many or of_ends):
        from . import _captured

        return _captured.run(asked, options)
    if _source.is_via(options):
        from . import _elsewhere

        return _elsewhere.run(asked, options)
    if asked.parser is None:
        return _pass_through(argv, options)
    try:
        if many or of_ends:
            return _swept(asked, options, of_ends)
        records = _records(asked, asked.netns)
    except NetwrapError as error:
        raise _hinted(error, asked.netns or next(iter(options.netns), None)) from None
    _table.show(asked.parser, records, options, EndsHere(asked.netns) if asked.parser in OF_LINKS else None)
    return 0


def _hinted(error: NetwrapError, netns: str | None) -> NetwrapError:
    """An error about an interface that does not exist, with the one at its end that may be meant."""
    import re

    from netwrap import query

    named = re.search(r'[Dd]evice "([^"]+)"', str(error))
    if named is None or "did you mean" in str(error):
        return error
    try:
        near = similar(named[1], [link["ifname"] for link in query.records("ip_link", ["ip", "link"], netns=netns)])
    except NetwrapError:
        return error
    if isinstance(error, CommandError):
        return type(error)(error.argv, error.status, error.stderr.rstrip().removesuffix(".") + near)
    return type(error)(f"{error}{near}")


def _look(argv: Sequence[str], options: Options) -> None:
    """Obey the options of `ip` and `bridge` for the looks of a text: ``-c``, ``-p``, ``-h``, ``-iec``."""
    if argv[0].rpartition("/")[2] not in ("ip", "bridge"):
        return
    for word in argv[1:]:
        if not word.startswith("-"):
            break
        name, _, when = word.lstrip("-").partition("=")
        if name and ("color".startswith(name) or name == "colour") and argv[0].endswith("ip") and options.color is None:
            options.color = when or "always"
        elif name and "pretty".startswith(name) and options.format == "json":
            options.pretty = True
        elif name == "iec":
            options.human = "Ki"
        elif name == "h" or len(name) > 1 and "human-readable".startswith(name):
            options.human = options.human or "k"


def _bring(asked: Command, names: Sequence[str]) -> None:
    """Add the options to a command that add the columns asked for (``-d`` for the kind of a link)."""
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


def _swept(asked: Command, options: Options, of_ends: bool) -> int:
    """Ask a command in the namespaces that the options name, and print one table; ``of_ends``: with columns of other ends."""
    from netwrap.sources import opening

    from . import _captured
    from ._source import Bar

    questions = [asked.words]
    if asked.argv[0] in _INSTEAD and shell.find(asked.argv[0]) is None:
        questions = [words.split() for words in _INSTEAD[asked.argv[0]]]
        say(f"{asked.argv[0]} is not installed: answered from 'ip {'neigh' if asked.argv[0] == 'arp' else 'route'}'")
    netns = options.netns or None
    if asked.parser in OF_LINKS:  # what the other ends are called
        questions = [_whole(asked)]
        if netns is not None:
            netns = [*netns, wording.ROOT] if not of_ends else None
        if len(_named()) <= _FEW:
            questions.append(["ip", "netns", "list-id"])
    with Bar("namespaces") as bar:
        host = opening.live(bar.show, commands=questions, netns=netns)
    return _captured.show([host], asked, options, EndsHere if netns is not None and asked.parser in OF_LINKS else None)


def _whole(asked: Command) -> list[str]:
    """The words that ask for all links where a command asks for one: namespaces without it have the other ends of others."""
    from netwrap.commands import line, request

    found = request.read(asked.words)
    families = found is not None and found.family in ("", "inet", "inet6")
    if found is None or not families or "dev" not in found.filters or "type" in found.filters or found.unknown:
        return asked.words
    given, rest = line.options(asked.words)
    # `ip -4 address` omits links without an address, which are not absent
    kept = [words for name, words in given if not found.family or name not in ("-4", "-6") and not name.startswith("-f")]
    return [asked.words[0], *(word for words in kept for word in words), rest[0]]


# `ip netns list-id` costs each namespace a look at every file of /run/netns: asked where there are no more than these.
_FEW = 100
# So many namespaces are asked for the names of the other ends of one namespace's links.
_ASKED = 8


def _named() -> list[str]:
    try:
        return os.listdir(shell.NETNS_DIR)
    except OSError:
        return []


class EndsHere:
    """The other ends of the links of one namespace, looked up when needed: the namespace, and the name of the link there."""

    def __init__(self, netns: str | None) -> None:
        self._netns = netns
        self._names: dict[int, str] | None = None
        self._links: dict[str, dict[int, str]] = {}

    def record(self, record: Record) -> Record | None:
        """Always None: for a condition on columns of the other end, all namespaces are swept instead."""
        return None

    def name(self, record: Record) -> str | None:
        """The name of the other end: ``eth0@web``, ``if7@web`` where the link cannot be seen; None where `ip` knows none."""
        index, nsid = record.get("link_index"), record.get("link_netnsid")
        if not isinstance(index, int) or not isinstance(nsid, int):
            return None
        if self._names is None:
            self._names = {row["nsid"]: row["name"] for row in self._ask("ip_netns", ["ip", "netns", "list-id"], self._netns)
                           if "nsid" in row and "name" in row}  # fmt: skip
        name = self._names.get(nsid)
        if name is None:
            return None
        if name not in self._links and len(self._links) < _ASKED:
            self._links[name] = {link["ifindex"]: link["ifname"] for link in self._ask("ip_link", ["ip", "link"], name)}
        return f"{self._links.get(name, {}).get(index, f'if{index}')}@{name}"

    def _ask(self, parser: str, words: list[str], netns: str | None) -> list[Any]:
        from netwrap import query

        try:
            return query.records(parser, words, netns=netns)
        except NetwrapError:
            return []


# What is asked where a binary is not installed.
_INSTEAD = {"arp": ("ip neigh show nud all", "ip neigh show proxy"), "route": ("ip -4 route show", "ip -6 route show")}


def _ways(options: Options) -> list[tuple[str, str | None]]:
    """The namespaces that the options name, each with the name or path that leads into it (None: the one that we are in)."""
    if options.netns and set(options.netns) <= set(_named()):
        return [(name, name) for name in dict.fromkeys(options.netns)]
    from netwrap.sources import opening

    host = opening.live(commands=[], netns=options.netns or None)
    chosen = host.choose(options.netns) if options.netns else host.namespaces
    if options.named_netns:
        chosen = [netns for netns in chosen if netns.here or netns.names]
    found: list[tuple[str, str | None]] = []
    for netns in chosen:
        way = None
        if not netns.here:
            ways = [*netns.names[:1], *netns.paths[:1], *(f"/proc/{pid}/ns/net" for pid, _ in sorted(netns.pids or ())[:1])]
            if not ways:
                raise NetwrapError(f"there is no way into {netns.title}")
            way = ways[0]
        found.append((netns.title, way))
    return found


def _pass_through(argv: list[str], options: Options) -> int:
    """Run a command that prints no table, as it is."""
    refuse_tables(argv, options)
    changes = not reads(argv)
    near = meant(argv).removeprefix("; ")
    many = bool(options.netns or options.all_netns or options.named_netns)
    if not many and not near:
        shell.become(argv, changes=changes)
    status = 0
    ways = _ways(options) if many else [("", None)]
    for title, way in ways:
        if len(ways) != 1:
            sys.stdout.flush()
            say(f"netns {title}:")
        status = shell.pass_through(argv, way, changes=changes) or status
        if status and near:
            say(near)
            break
    return status


def refuse_tables(argv: list[str], options: Options) -> None:
    """Raise UsageError for options of tables, given to a command that prints none."""
    of_tables = [option.name for option in options.given if option in _options.OPTIONS["the table"]]
    if of_tables:
        inner = any(executes(argv[:end]) for end in range(2, len(argv)))
        behind = " (an option of the command's own stands behind --)" if inner else ""
        said = "prints no table that netwrap knows: there is no use for"
        raise UsageError(f"{wording.pasteable(argv)} {said} {of_tables[0]}{behind}{meant(argv)}")
