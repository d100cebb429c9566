"""Descriptions of commands: one module per command, found by its name; nothing else lists the commands.

``ip_route.py`` is `ip route`, ``ss.py`` is `ss`. A module has

``COMMAND``   the command line that shows the whole table; a text of unknown origin is taken for its output
``CALLED``    the records in words: "routes"
``RECORD``    the name of the record's TypedDict in :mod:`parsers.records`
``COLUMNS``   the columns of a table, in order; ``?`` behind a name: only where a row fills it
``rows``      a function: record → its rows, as dicts of cells by column

and, where they apply,

``KEY``       a key that every record of its JSON has; by it the answers of a batch that was cut off are recognised
``SHOWS``     verbs that show a table beside `show` and `list`
``EXACT``     True: `show` and `list` may not be abbreviated; ``SETS`` True: `s` is `set`, not `show`
``FAMILY``    the family that the command shows where no family is asked for, if not all
``FILTERS``   word → (key of the record that it asks for, whether a value follows); in the order of iproute2 trying abbreviations
``SAME``      word → the filter that it is a synonym of
``FIRST``     the filter that takes a word without a keyword: ``show eth0`` is ``show dev eth0``
``BINARIES``  other binaries that print this table
``shows``     a function: words of a command line → whether it shows a table (for binaries other than `ip` and `bridge`)
``ALIASES``   other name of a column → the column, or the (dotted) key of the record
``BROUGHT``   option that adds columns and keys → their names: {"-d": ["kind", "linkinfo"]}
``USUAL``     column that iproute2 omits where it has its default → the default
``DETAILS``   keys that only `-d` shows
``complete``  a function: put into records what their command asked for and the text does not say
``ask``       a function: fill a Request from the words of a command line (for the same)

A module imports nothing that takes time: only the commands that a command line names are loaded.
"""

from __future__ import annotations

import importlib
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any

_SHARED = ("line", "request")


def names() -> list[str]:
    """The names of all commands, sorted: ``["arp", "bridge_fdb", ...]``."""
    import pkgutil

    return sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name not in _SHARED)


@cache
def module(name: str) -> ModuleType:
    """The module of a command. Raises ModuleNotFoundError for a name that is no command."""
    return importlib.import_module(f"{__name__}.{name}")


def complete(name: str, records: list[Any], words: Sequence[str]) -> None:
    """Put into the records of a command what its words asked for and the text does not say."""
    function = getattr(module(name), "complete", None)
    if function is not None:
        function(records, words)


@cache
def exists(name: str) -> bool:
    """Whether there is a command of a name."""
    if not name.isidentifier() or name in _SHARED:
        return False
    try:
        module(name)
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        return False
    return True


def of_object(binary: str, noun: str) -> str | None:
    """The command for an object of `ip` or `bridge`; its name may be shorter than the object's.

    >>> of_object("ip", "route"), of_object("ip", "neighbour"), of_object("ip", "tunnel")
    ('ip_route', 'ip_neigh', None)
    """
    return next((name for end in range(len(noun), 2, -1) if exists(name := f"{binary}_{noun[:end]}")), None)


def of_binary(binary: str) -> tuple[str, ...]:
    """The commands whose table a binary may print: ("route",) for `netstat`."""
    if exists(binary) and "_" not in binary:
        return (binary,)
    return _of_binaries().get(binary, ())


@cache
def _of_binaries() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in names():
        for binary in getattr(module(name), "BINARIES", ()) if "_" not in name else ():
            found[binary] = (*found.get(binary, ()), name)
    return found
