"""Run every check on hosts, and put consequences under their causes.

>>> from netwrap.model.build import build
>>> from netwrap.model.section import Section
>>> text = "1: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP\\n    inet 10.0.0.2/24 scope global eth0"
>>> routes = "default via 10.0.1.1 dev eth0\\n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2"
>>> host = build([Section("", "ip addr", text), Section("", "ip route", routes)])
>>> [(found.id, found.what) for found in check([host]) if found.severity == "error"]
[('R02', 'gateway 10.0.1.1 is in no network of (root)')]
"""

from __future__ import annotations

import importlib
from functools import cache

from parsers.tuples import NamedTuple

from ..errors import NetwrapError, UsageError, similar
from . import checks
from .checks import LEVELS, Check, Finding, Look

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from parsers.records import Record

    from ..model.host import Host
    from ..model.namespace import Namespace
    from .checks.between import Between, Fact


@cache
def catalogue() -> dict[str, Check]:
    """Every check by its id, in the order of the areas."""
    found: dict[str, Check] = {}
    for area in checks.AREAS:
        module = importlib.import_module(f"{checks.__name__}.{area}")
        for value in vars(module).values():
            one = getattr(value, "check", None)
            if isinstance(one, Check):
                found[one.id] = one
    return found


def chosen(only: Sequence[str] = (), without: Sequence[str] = ()) -> list[Check]:
    """The checks of these ids (all without ``only``; ``R*`` stands for an area). Raises UsageError for an unknown id."""
    known = catalogue()
    for name in (*only, *without):
        if not any(_means(name, one) for one in known):
            raise unknown(name)
    return [one for one in known.values()
            if (not only or any(_means(name, one.id) for name in only))
            and not any(_means(name, one.id) for name in without)]  # fmt: skip


def unknown(name: str) -> UsageError:
    """The error about an id that no check has, with one that may be meant."""
    areas = dict.fromkeys(f"{known[0]}*" for known in catalogue())
    word = name.lower().rstrip("s")
    titled = [f"{one.id} ({one.title})" for one in catalogue().values() if word and word in f"{one.title} {one.run.__name__}"]
    near = similar(name.upper(), catalogue()) or (f"; did you mean {' or '.join(titled[:3])}?" if titled else "")
    return UsageError(f"there is no check {name!r}{near}; docs/checks.md lists all, of the areas {', '.join(areas)}")


def _means(name: str, id: str) -> bool:
    return id.startswith(name[:-1]) if name.endswith("*") else id.upper() == name.upper()


def check(
    hosts: Host | Sequence[Host], *, only: Sequence[str] = (), without: Sequence[str] = (), level: str = "note",
    netns: Sequence[str] = (), quotes: bool = True,
) -> list[Finding]:  # fmt: skip
    """The findings of all checks, errors first; consequences stand under their cause (``under``).

    ``level``: the least severity; ``netns``: only findings of these namespaces (any name); ``quotes``: with their
    evidence. Raises UsageError.
    """
    every: list[Host] = list(hosts) if isinstance(hosts, (list, tuple)) else [hosts]  # type: ignore[list-item]
    together = Together(only, without, level, netns)
    for host in every:
        together.add(host.name, alone(host, only, without, netns, facts=len(every) > 1, quotes=quotes))
    return together.findings()


class Alone(NamedTuple):
    """The findings of one host by itself, and the facts to compare with other hosts.

    ``namespaces``: the number checked; ``unknown``: for each table that checks read, in how many of them it is not known.
    """

    found: list[Finding]
    facts: list[Fact]
    namespaces: int
    unknown: dict[str, int]


def alone(
    host: Host, only: Sequence[str], without: Sequence[str], netns: Sequence[str], *, facts: bool, quotes: bool = True
) -> Alone:
    """Check one host; ``facts``: collect the facts to compare with other hosts, too. Raises UsageError as :func:`check`."""
    look = Look(host, quotes)
    wanted = {host.find(name).title for name in netns}
    own: list[Finding] = []
    for one in chosen(only, without):
        look.check = one
        own += one.run(look)
    found = [one for one in nested(own) if not wanted or one.netns in wanted]
    told: list[Fact] = []
    if facts:
        from .checks import between  # one host alone is compared with no other

        told = between.facts(look)
    checked = [netns for netns in host.namespaces if not wanted or netns.title in wanted]
    unknown = {name: sum(read(netns) is None for netns in checked) for name, read in _TABLES.items()}
    return Alone(found, told, len(checked), unknown)


#: The tables that most checks read: without one of them, that nothing was found says little.
_TABLES: dict[str, Callable[[Namespace], object]] = {
    "links": lambda netns: netns.links,
    "addresses": lambda netns: netns.addresses,
    "routes": lambda netns: netns.routes if netns.routes is not None else netns.routes6,
    "neighbours": lambda netns: netns.neighs,
    "rules": lambda netns: netns.rules if netns.rules is not None else netns.rules6,
}


def place(told: Alone, source: str) -> None:
    """Write the source of a host into the quotes that name none; "" leaves them as they are."""
    quotes = [*(quote for one in told.found for quote in _quotes(one)), *(fact.quote for fact in told.facts)]
    for quote in quotes if source else ():
        if quote is not None:
            quote["source"] = quote["source"] or source


class Together:
    """The findings of several hosts, added one after the other; arguments as of :func:`check`."""

    def __init__(
        self, only: Sequence[str] = (), without: Sequence[str] = (), level: str = "note", netns: Sequence[str] = ()
    ) -> None:  # fmt: skip
        self._checks = {one.id: one for one in chosen(only, without)}
        self._between: Between | None = None
        self._level, self._netns = LEVELS.index(level), netns
        self._found: list[Finding] = []
        self._places: dict[str, int] = {}

    def add(self, host: str, told: Alone, source: str = "") -> None:
        """Add the findings of a host, under the name that it has among the others; ``source``: the source of its lines."""
        place(told, source)
        self._places.setdefault(host, len(self._places))
        if told.facts:
            from .checks import between

            self._between = self._between or between.Between(self._checks)
            self._between.add(host, told.facts)
        self._found += [one if one.host == host else _of(one, host) for one in told.found if self._counts(one)]

    def _counts(self, one: Finding) -> bool:
        return LEVELS.index(one.severity) <= self._level

    def states(self) -> list[list[str]]:
        """For each machine of which there are several states, their names."""
        return self._between.states() if self._between is not None else []

    def findings(self) -> list[Finding]:
        """All findings, errors first, then by host."""
        told = self._between.findings() if self._between is not None else ()
        across = [one for one in told if self._counts(one) and (not self._netns or one.netns in self._netns)]
        return sorted([*self._found, *across], key=lambda one: (LEVELS.index(one.severity), self._places[one.host]))


def _of(one: Finding, host: str) -> Finding:
    return one._replace(host=host, under=tuple(_of(other, host) for other in one.under))


def _quotes(one: Finding) -> Iterator[Record]:
    yield from one.evidence
    for other in one.under:
        yield from _quotes(other)


def nested(found: Iterable[Finding]) -> list[Finding]:
    """Put findings under the finding that explains them, so that a consequence is not reported by itself."""
    found = list(found)
    causes = [one for one in found if one.explains]
    under: dict[int, list[Finding]] = {}
    tops = []
    for one in found:
        cause = next((other for other in causes if other is not one and other.explains & one.follows), None)
        while cause is not None:  # to the first cause, however long the chain
            above = next(
                (other for other in causes if other is not cause and other.explains & cause.follows and other is not one), None
            )
            if above is None or above.follows & cause.explains:
                break
            cause = above
        if cause is None or cause.follows & one.explains and found.index(cause) > found.index(one):
            tops.append(one)
        else:
            under.setdefault(id(cause), []).append(one)
    return [one._replace(under=tuple(under.get(id(one), ()))) for one in tops]


# -- a baseline --------------------------------------------------------------------------------------------------------


def accepted(text: str) -> set[tuple[str, str, str, str]]:
    """The findings of a baseline file (which ``--accept`` writes). Raises NetwrapError for any other text."""
    import json

    try:
        rows = json.loads(text or "[]")
        return {(str(row["id"]), str(row["host"]), str(row["netns"]), str(row["what"])) for row in rows}
    except (ValueError, TypeError, KeyError, RecursionError):
        raise NetwrapError("is not a baseline of netwrap check: a JSON array of findings") from None


def news(found: Iterable[Finding], baseline: set[tuple[str, str, str, str]]) -> list[Finding]:
    """The findings that a baseline does not have."""
    return [one for one in found if (one.id, one.host, one.netns, one.what) not in baseline]


# -- words -------------------------------------------------------------------------------------------------------------


def lines(found: Sequence[Finding], width: int = 80, several: bool = False) -> Iterator[str]:
    """The findings in words: the fault, the line that shows it, and the commands that mend it."""
    names = [_where(one, several) for one in found]
    wide = min(max(map(len, names), default=0), 24)
    for one, name in zip(found, names):
        yield f"{one.severity.ljust(9)}{name.ljust(wide)}  {one.id}  {one.what}"
        yield from _below(one, "         ")
        for other in one.under:
            yield f"         so: {_where(other, several)}  {other.id}  {other.what}"


def _below(one: Finding, lead: str) -> Iterator[str]:
    for quote in one.evidence:
        place = f"{quote['source']}:{quote['line']}: " if quote["line"] and quote["source"] else ""
        place = place or (f"line {quote['line']}: " if quote["line"] else "")
        yield f"{lead}{place}{quote['text']}"
    for command in one.mend:
        yield f"{lead}mend: {command}"


def _where(one: Finding, several: bool) -> str:
    return f"{one.host} {one.netns}" if several else one.netns


def summary(found: Sequence[Finding], asked: int, namespaces: int, unknown: Mapping[str, int]) -> str:
    """``1 error, 1 warning; 24 checks of 6 namespaces; not known: links (of 2), rules``"""
    plural = "s" if namespaces != 1 else ""
    missing = [name if count == namespaces else f"{name} (of {count})" for name, count in unknown.items() if count]
    known = f"; not known: {', '.join(missing)}" if missing else ""
    return f"{counted(found) or 'nothing found'}; {asked} checks of {namespaces} namespace{plural}{known}"


def counted(found: Sequence[Finding]) -> str:
    """``1 error, 2 warnings``; "" where there is no finding."""
    counts = [(sum(one.severity == level for one in found), level) for level in LEVELS]
    return ", ".join(f"{number} {level}{'s' if number != 1 else ''}" for number, level in counts if number)


def explained(one: Check) -> Iterator[str]:
    """What ``--explain`` prints."""
    yield f"{one.id}  {one.severity}: {one.title}"
    yield f"  why: {one.why}"
    yield f"  how: {one.how}"
