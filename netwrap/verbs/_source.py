"""Open the hosts of a verb: this machine, the sources of ``--from PATH``, or others through ``--via COMMAND``."""

from __future__ import annotations

import sys
import time

from netwrap.errors import NetwrapError, UsageError

from . import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from netwrap.model.host import Host
    from netwrap.sources.via import Target
    from parsers.records import Record

    from ._options import Options


def hosts(options: Options) -> list[Host]:
    """The hosts that ``--from`` or ``--via`` names; this host without these options. Raises NetwrapError where there is none."""
    from netwrap.sources import opening

    if is_via(options):
        return _others(options)
    if options.source:
        return _captured(options)
    with Bar("namespaces") as bar:
        return [opening.live(bar.show)]


def _captured(options: Options) -> list[Host]:
    """The hosts of sources; of several sources, one that cannot be read does not keep the others from being read."""
    from netwrap.sources import opening

    paths = opening.expanded(options.source)
    if len(paths) == 1:
        return read(paths[0], options.at)
    found: list[Host] = []
    failures: list[str] = []
    for path in paths:
        try:
            found += read(path, options.at)
        except NetwrapError as error:
            failures.append(str(error))
    if not found:
        raise none_of(failures)
    for host in found:
        host.of_several = True
    opening.name(found)
    found[-1].beside += failures
    return found


def read(path: str, at: int | None = None) -> list[Host]:
    """The hosts of one source, as :func:`netwrap.sources.opening.hosts` reads it; on a terminal the files are counted."""
    from netwrap.sources import opening

    with Bar("files") as bar:
        return opening.hosts([path], at, counted=bar.count)


#: So many captures may be in memory at once.
_FEW = 8


class Asked:
    """The hosts that a verb asks, one after the other: ``(host, answer)`` each, where ``answer`` is the result of ``ask``.

    Of many captures only those being read are in memory: each is asked in the process that reads it, and its host comes
    without its tables. ``ask`` and ``skip`` as in :func:`netwrap.sources.fleet.answers`; the answer of a skipped capture is None.
    """

    def __init__(self, options: Options, ask: Callable[[Host, bool], Any], skip: Callable[[str], bool] | None = None) -> None:
        self._options, self._ask, self._skip = options, ask, skip
        self._paths = _many(options)
        #: The hosts that were asked so far.
        self.hosts: list[Host] = []

    @property
    def are_many(self) -> bool:
        """Whether they come one after the other out of several captures."""
        return len(self._paths) > 1

    @property
    def are_too_many(self) -> bool:
        """Whether a verb that answers better with all hosts at hand must do without."""
        return len(self._paths) > _FEW

    def __iter__(self) -> Iterator[tuple[Host, Any]]:
        """Ask the hosts. Raises NetwrapError where there is none, and what ``ask`` raises."""
        if not self.are_many:
            self.hosts = hosts(self._options)
            for host in self.hosts:
                yield host, self._ask(host, len(self.hosts) > 1)
            return
        from netwrap.sources import fleet

        names = fleet.Names()
        failures: list[str] = []
        with Bar("captures") as bar:
            index = fleet.indexed(self._options.source, self._paths, new=False) if self._skip is not None else None
            for found in fleet.answers(
                self._paths, self._ask, at=self._options.at, skip=self._skip, index=index, progress=bar.show
            ):
                failures += [found.failure] if found.failure else []
                for host, answer in found.hosts:
                    host.name = names.of(host.name, found.path)
                    self.hosts.append(host)
                    bar.wipe()
                    yield host, answer
        if not self.hosts:
            raise none_of(failures)
        self.hosts[-1].beside += failures  # said by the verb, behind its table

    def remarks(self, options: Options) -> int:
        """Print what :func:`remarks` prints of hosts whose rows were taken; of many captures the problems, without the notes."""
        return remarks(self.hosts, lacks=False, verbose=options.verbose, noted=() if self.are_many else None)


def _many(options: Options) -> list[str]:
    """The captures that ``--from`` names, also those in folders, if they are several ordinary files; otherwise none."""
    if is_via(options) or not options.source:
        return []
    from netwrap.sources import opening

    found = opening.expanded(options.source)
    return found if len(found) > 1 and "-" not in found else []


def is_via(options: Options) -> bool:
    """Whether other hosts are asked, through a command."""
    return bool(options.via)


def targets(options: Options) -> list[Target]:
    """The hosts that ``--via`` and ``--via-file`` name. Raises UsageError."""
    from netwrap.sources import via

    if options.at is not None:
        raise UsageError("--at is for pasted text: it makes no sense with --via")
    return via.targets(options.via, via.names_in(options.via_file) if options.via_file is not None else ())


def _others(options: Options) -> list[Host]:
    from netwrap.sources import via

    asked = targets(options)
    with Bar("hosts") as bar:
        found, failures = via.hosts(asked, timeout=options.via_timeout or via.TIMEOUT, progress=bar.show)
    if not found:
        raise none_of(failures)
    found[-1].beside += failures  # said by the verb, behind its table
    return found


def none_of(failures: Sequence[str]) -> NetwrapError:
    """The error for sources of which none could be read; the failures of several are printed here."""
    if len(failures) == 1:
        return NetwrapError(failures[0])
    for failure in failures:
        say(failure)
    return NetwrapError(f"none of {len(failures)} sources could be read")


def host(options: Options) -> Host:
    """The one host of the sources. Raises UsageError where they have several."""
    found = hosts(options)
    if len(found) > 1:
        names = ", ".join(host.name for host in found[:10])
        source = "--via leads to" if is_via(options) else "--from contains"
        one = "name one alone" if is_via(options) or len(options.source) > 1 else "cut out the text of one"
        raise UsageError(f"{options.verb} takes one host; {source} {len(found)}: {names}; {one}")
    return found[0]


def with_host(found: Sequence[Host], host: Host, record: Record) -> Record:
    """A record with the name of its host, where there are several, or could be."""
    return {"host": host.name, **record} if len(found) > 1 or host.of_several else record


def remarks(found: Sequence[Host], lacks: bool = True, verbose: bool = False, noted: Sequence[Host] | None = None) -> int:
    """Print the notes and problems of hosts, once, and return the exit status: 1 where something was lost.

    ``verbose``: list the files and lines that were not understood, instead of their number; ``noted``: the hosts whose notes
    matter (None: all of them).
    """
    for one in found:
        front = f"{one.name}: " if len(found) > 1 else ""
        lacking = one.lacks() if lacks else []
        if lacking:
            listed = ", ".join(lacking[:-1]) + (" and " if lacking[1:] else "") + lacking[-1]
            say(front + (f"not in this capture: {listed}" if not one.live else f"no {listed} could be read"))
    own = [_of(one, line, found) for one in found for line in _said(one, noted)]
    for line in dict.fromkeys([*own, *(line for one in found for line in one.beside)]):
        say(line)
    not_understood(found, verbose)
    return 1 if any(one.all_problems for one in found) else 0


def _said(host: Host, noted: Sequence[Host] | None) -> list[str]:
    return [*(host.notes if noted is None or host in noted else ()), *host.problems]


def _of(host: Host, line: str, found: Sequence[Host]) -> str:
    """A message about a host, with its name in front where there are several hosts and the message does not name its source."""
    return line if len(found) == 1 or line.startswith(host.source) else f"{host.name}: {line}"


def not_understood(found: Sequence[Host], verbose: bool) -> None:
    """Print the number of files that were not understood; if ``verbose``, each of them and each such line of a pasted text."""
    from netwrap.sources import opening

    unread = [path for one in found for path in one.unread_files]
    members = [path for one in found for path in one.unread_members]
    if verbose:
        for text in members:
            say(f"not read: {text}")
        lines = [f"{one.source}:{number}: {line.strip()}" for one in found for number, line in one.unread if line.strip()]
        for text in [*unread, *lines]:
            say(f"not understood: {text}")
        if not unread and not members and not lines:
            say("everything was understood")
    else:
        said = [line for one in found for line in one.problems]  # of members with the names of commands
        for text in [*opening.not_understood(unread), *opening.not_understood(members, opening.MEMBERS)]:
            if text not in said:
                say(f"{text}; -v lists them")


# How far a sweep has come: a bar on a terminal, when it takes longer than a second.
_WIDTH = 30
_PATIENCE = 1.0
# Where the end is not known: the seconds between two lines, and the longest path of a source in one.
_PAUSE = 0.2
_PATH = 40


class Bar:
    """Hand :meth:`show` or :meth:`count` to what reports its progress; the bar is wiped away at the end.

    >>> with Bar("namespaces") as bar:  # nothing is seen where standard error is no terminal
    ...     bar.show(3, 10)
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._start = time.monotonic()
        self._counted = self._start
        self._shown = False
        self._wanted = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> Bar:
        return self

    def show(self, done: int, of: int) -> None:
        """Draw the bar: ``done`` of ``of``."""
        if not self._wanted or time.monotonic() - self._start < _PATIENCE:
            return
        filled = _WIDTH * done // max(of, 1)
        self._draw(f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {done} of {of} {self._what} ")

    def count(self, source: str, done: int) -> None:
        """Print how many things of a source were read where nothing tells how many it has."""
        if not self._wanted:
            return
        now = time.monotonic()
        if now - self._start >= _PATIENCE and now - self._counted >= _PAUSE:
            from netwrap.wording import printable

            self._counted = now
            shown = printable(source if len(source) <= _PATH else f"...{source[3 - _PATH :]}")
            self._draw(f"reading {shown}: {done:,} {self._what} so far ")

    def _draw(self, line: str) -> None:
        self._shown = True
        sys.stderr.write(f"\r{line}")
        sys.stderr.flush()

    def __exit__(self, *_: object) -> None:
        self.wipe()

    def wipe(self) -> None:
        """Wipe the bar away, for something else to be printed."""
        if self._shown:
            self._shown = False
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
