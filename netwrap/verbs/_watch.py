"""The loop of ``--watch``: run a verb again and again; redraw a terminal with changes marked, else print a line an event.

Without a terminal a line is printed, with the time, for each change between two turns and for nothing else: a difference of two
states of the host, or for verbs whose answer is no table of the host, lines that came (``+``) and went (``-``). Only the turn
before is kept.
"""

from __future__ import annotations

import copy
import io
import sys
import time

from netwrap.errors import NetwrapError, UsageError
from netwrap.tables import render, terminal
from netwrap.wording import printable

from . import _source, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from netwrap.model.host import Host
    from netwrap.tables.selection import Condition, Row

    from ._options import Options

#: Seconds between two turns where none are given.
PAUSE = 2.0
#: The tables of a difference that the verbs are about; () stands for all.
_TABLES: dict[str, tuple[str, ...]] = {
    "report": (), "topology": (), "ip_link": ("link",), "ip_address": ("address",), "ip_route": ("route",),
    "ip_neigh": ("neigh",), "ip_rule": ("rule",), "ip_netconf": ("netconf",), "ip_nexthop": ("nexthop",), "arp": ("neigh",),
    "route": ("route",), "bridge_link": ("bridge link",), "bridge_fdb": ("fdb",), "bridge_vlan": ("vlan",), "ss": ("listener",),
    "nft": ("firewall",), "iptables": ("firewall",), "ifconfig": ("link", "address"), "sysctl": ("sysctl",),
}  # fmt: skip
#: The columns that tell which row is which; of other tables a row is its first two.
_KEYS = {
    "report": ("netns",), "ip_link": ("netns", "ifname"), "ip_address": ("netns", "ifname", "address"),
    "ip_route": ("netns", "dst", "table", "metric"), "route": ("netns", "destination", "genmask", "iface"),
    "ip_neigh": ("netns", "dst", "dev"), "arp": ("netns", "address", "iface"), "ip_rule": ("netns", "priority", "selector"),
    "bridge_fdb": ("netns", "mac", "ifname", "vlan"), "bridge_link": ("netns", "ifname"),
    "bridge_vlan": ("netns", "port", "ifname", "vlan"), "ss": ("netns", "netid", "local", "local_port", "peer", "peer_port"),
    "trace": ("from", "to"),
}  # fmt: skip


class Watcher:
    """Compares the output of one turn with the turn before."""

    def __init__(self, until: Condition | None) -> None:
        self.until = until
        self.met = False
        self._before: dict[Any, dict[str, str]] = {}
        self._now: dict[Any, dict[str, str]] = {}
        self._turns = 0

    def next(self) -> None:
        """Begin a turn."""
        self._before, self._now = self._now, {}
        self._turns += 1

    def marks(self, command: str, rows: Sequence[Row], columns: Sequence[str], cells: Sequence[Sequence[Any]]) -> set[Any]:
        """The cells, as (row, column), that changed; of a new row all. Values that always move are left out."""
        from netwrap.answers.diff import VOLATILE
        from netwrap.tables import selection

        if self.until is not None and selection.where(list(rows), [self.until]):
            self.met = True
        found = set()
        seen: dict[Any, int] = {}
        for at, (row, line) in enumerate(zip(rows, cells)):
            names = ("host", *_KEYS.get(command, tuple(columns[:2])))
            key = (command, *(render.text(row.get(name)) for name in names))
            seen[key] = seen.get(key, 0) + 1
            now = {name: render.text(cell) for name, cell in zip(columns, line)}
            self._now[key, seen[key]] = now
            before = self._before.get((key, seen[key]))
            for place, name in enumerate(columns):
                moves = name in VOLATILE or name.startswith(("rx_", "tx_"))
                if self._turns > 1 and not moves and (before is None or before.get(name) != now[name]):
                    found.add((at, place))
        return found


class _Output(io.StringIO):
    """Standard output of one turn."""

    encoding = "utf-8"

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def reconfigure(self, **_: Any) -> None:
        """Pass ``reconfigure`` on to standard output."""


def run(verb: Callable[[Options], int], options: Options, table: str) -> int:
    """Run a verb until ``--until`` holds (status 0) or Ctrl-C; ``table`` is its table. Raises the errors of its first turn."""
    from netwrap.tables.selection import Condition

    if options.format is not None and terminal.is_terminal():
        raise UsageError(f"--watch draws on a terminal: --format {options.format} is for a pipe")
    pause = PAUSE if options.watch is None else options.watch
    watcher = Watcher(Condition(options.until) if options.until is not None else None)
    show = _Screen() if terminal.is_terminal() else _Events(options, table)
    try:
        first = True
        while True:
            started = time.monotonic()
            watcher.next()
            try:
                show.turn(verb, _for_a_turn(options, watcher))
            except UsageError:
                raise
            except NetwrapError as error:  # a namespace that just went, for example
                if first:
                    raise
                say(str(error))
            first = False
            if watcher.met:
                return 0
            time.sleep(max(pause - (time.monotonic() - started), 0.05))
    except KeyboardInterrupt:
        return 0
    finally:
        show.end()


def _for_a_turn(options: Options, watcher: Watcher) -> Options:
    mine = copy.copy(options)
    mine.words, mine.tally, mine.gave_way = list(options.words), [0, 0], []
    mine.columns, mine.no_pager, mine.watcher = list(options.columns), True, watcher
    return mine


def _taken(verb: Callable[[Options], int], options: Options, is_terminal: bool) -> str:
    """Run a verb and return its output."""
    before, sys.stdout = sys.stdout, _Output(is_terminal)
    try:
        verb(options)
        return str(sys.stdout.getvalue())
    finally:
        sys.stdout = before


class _Screen:
    """A terminal: every turn is drawn from its upper left corner and cut to its size."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        sys.stdout.write("\033[?25l\033[2J")

    def turn(self, verb: Callable[[Options], int], options: Options) -> None:
        lines = _taken(verb, options, True).rstrip("\n").split("\n")
        known, self._lines = set(self._lines), lines
        if known and options.verb in _OF_LINES:
            lines = [line if line in known else f"\033[7m{line}\033[27m" for line in lines]
        height = max(terminal.size()[1] - 2, 1)
        more = [f"… {len(lines) - height + 1} more lines"] if len(lines) > height else []
        shown = [*lines[: height - len(more)], *more, time.strftime("%H:%M:%S, Ctrl-C ends")]
        sys.stdout.write("\033[H" + "".join(f"{line}\033[K\n" for line in shown) + "\033[J")
        sys.stdout.flush()

    def end(self) -> None:
        sys.stdout.write("\033[?25h")
        sys.stdout.flush()


# Verbs that print lines: a new line is marked as a whole.
_OF_LINES = ("topology", "check", "trace")


class _Events:
    """A pipe or a file: a line an event."""

    def __init__(self, options: Options, table: str) -> None:
        self._tables = None if options.via else _TABLES.get(table)
        self._netns = options.netns or ([] if options.all_netns or table in ("report", "topology") else None)
        self._hosts: list[Host] | None = None
        self._lines: list[str] | None = None

    def turn(self, verb: Callable[[Options], int], options: Options) -> None:
        if self._tables is None:
            self._by_lines(_taken(verb, options, False).rstrip("\n").split("\n"))
            return
        from netwrap.answers import diff

        hosts = _source.hosts(options)
        if self._hosts is not None:
            names = [netns.title for netns in hosts[0].namespaces if netns.here] if self._netns is None else self._netns
            there = {name for host in (*self._hosts, *hosts) for netns in host.namespaces for name in (*netns.names, netns.title)}
            found = diff.hosts(self._hosts, hosts, netns=[name for name in names if name in there], tables=self._tables)
            for line in diff.lines(found._replace(hidden={}, pairs=[])):
                self._print(line)
        self._hosts = hosts
        if options.watcher is not None and options.watcher.until is not None:
            _taken(verb, options, False)

    def _by_lines(self, lines: list[str]) -> None:
        if self._lines is not None:
            before, now = set(self._lines), set(lines)
            for line in (line for line in self._lines if line.strip() and line not in now):
                self._print(f"- {line}")
            for line in (line for line in lines if line.strip() and line not in before):
                self._print(f"+ {line}")
        self._lines = lines

    def _print(self, line: str) -> None:
        sys.stdout.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {printable(line)}\n")
        sys.stdout.flush()

    def end(self) -> None:
        """Leave the terminal clean."""
