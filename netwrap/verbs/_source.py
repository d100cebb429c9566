"""Where a verb's host comes from: this machine, or what ``--from PATH`` names; and what it says of what is missing."""

from __future__ import annotations

import sys
import time

from netwrap.errors import UsageError

from . import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from netwrap.model.host import Host
    from parsers.records import Record

    from ._options import Options


def hosts(options: Options) -> list[Host]:
    """The hosts of the sources that ``--from`` names (without one: this host). Raises NetwrapError."""
    from netwrap.sources import opening

    if options.source:
        return opening.hosts(options.source, options.at)
    with Bar("namespaces") as bar:
        return [opening.live(bar.show)]


def host(options: Options) -> Host:
    """The one host of the sources. Raises UsageError where they tell of several."""
    found = hosts(options)
    if len(found) > 1:
        names = ", ".join(host.name for host in found[:10])
        raise UsageError(f"{options.verb} takes one host; --from tells of {len(found)}: {names}")
    return found[0]


def with_host(found: Sequence[Host], host: Host, record: Record) -> Record:
    """A record with the name of its host, where there are several."""
    return {"host": host.name, **record} if len(found) > 1 else record


def remarks(found: Sequence[Host], lacks: bool = True, verbose: bool = False, noted: Sequence[Host] | None = None) -> int:
    """Say what is to be said of hosts, once, and return the exit status: 1 where something was lost.

    ``verbose`` lists the files that were not understood, which are only counted else; ``noted``: the hosts whose notes matter
    (None: all of them).
    """
    for one in found:
        front = f"{one.name}: " if len(found) > 1 else ""
        lacking = one.lacks() if lacks else []
        if lacking:
            listed = ", ".join(lacking[:-1]) + (" and " if lacking[1:] else "") + lacking[-1]
            say(front + (f"no {listed} in this capture" if not one.live else f"no {listed} could be read"))
    for line in dict.fromkeys(_of(one, line, found) for one in found for line in _said(one, noted)):
        say(line)
    not_understood(found, verbose)
    return 1 if any(one.problems for one in found) else 0


def _said(host: Host, noted: Sequence[Host] | None) -> list[str]:
    return [*(host.notes if noted is None or host in noted else ()), *host.problems]


def _of(host: Host, line: str, found: Sequence[Host]) -> str:
    """What is said of a host, with its name where there are several and the line does not say where it is from."""
    return line if len(found) == 1 or line.startswith(host.source) else f"{host.name}: {line}"


def not_understood(found: Sequence[Host], verbose: bool) -> None:
    """Say how many files of the sources were not understood, or which."""
    unread = [path for one in found for path in one.unread_files]
    if unread and verbose:
        for path in unread:
            say(f"not understood: {path}")
    elif unread:
        shown = ", ".join(unread[:3]) + (", ..." if unread[3:] else "")
        say(f"{len(unread)} file{'s' if unread[1:] else ''} not understood: {shown}; -v lists them")


# How far a sweep has come: a bar on a terminal, when it takes longer than a second.
_WIDTH = 30
_PATIENCE = 1.0


class Bar:
    """Hand :meth:`show` to what reports its progress; the bar is wiped away at the end.

    >>> with Bar("namespaces") as bar:  # nothing is seen where standard error is no terminal
    ...     bar.show(3, 10)
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._start = time.monotonic()
        self._shown = False
        self._wanted = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> Bar:
        return self

    def show(self, done: int, of: int) -> None:
        """Draw the bar: ``done`` of ``of``."""
        if not self._wanted or time.monotonic() - self._start < _PATIENCE:
            return
        filled = _WIDTH * done // max(of, 1)
        self._shown = True
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (_WIDTH - filled)}] {done} of {of} {self._what} ")
        sys.stderr.flush()

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
