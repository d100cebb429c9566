"""Parsers of the output of `ip`, `bridge`, `ss`, `arp`, `route` and others: text or JSON in, records out; they need only Python.

Each module has ``parse(text, *, strict=True)`` and is registered by being there:

>>> import parsers
>>> parsers.parse("ip_route", "default via 10.0.0.254 dev eth0")
[{'dst': 'default', 'gateway': '10.0.0.254', 'dev': 'eth0', 'flags': []}]
>>> parsers.detect("32766:\\tfrom all lookup main")
['ip_rule']
"""

from __future__ import annotations

import importlib
from functools import cache

from .errors import ParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

__all__ = ["ParseError", "detect", "module", "names", "parse"]
# The modules here that are no parsers, but shared by them.
_SHARED = (
    "detection",
    "errors",
    "firewall_names",
    "jsontext",
    "lex",
    "linkinfo",
    "linkjson",
    "linkrecord",
    "linkstats",
    "nft_expr",
    "nft_text",
    "records",
    "route_encap",
    "tuples",
)


def names() -> list[str]:
    """The names of all commands that have a parser, sorted: ``["arp", "bridge_fdb", ...]``."""
    import pkgutil

    return sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name not in _SHARED)


@cache
def module(name: str) -> ModuleType:
    """The parser module of a command; ValueError for a name that has none."""
    if name.isidentifier() and name not in _SHARED:
        try:
            return importlib.import_module(f"{__name__}.{name}")
        except ModuleNotFoundError:
            pass
    raise ValueError(f"no parser is named {name!r}; there are: {', '.join(names())}")


def parse(name: str, text: str, *, strict: bool = True) -> Any:
    """Parse a text with the parser of the command ``name``: ``parse("ip_link", text)``; see the module of that name.

    Raises ParseError as the module's ``parse`` does, and ValueError for a name that has no parser.
    """
    return module(name).parse(text, strict=strict)


def detect(text: str) -> list[str]:
    """The commands that may have printed a text, the likeliest first; ``[]`` where no parser knows the text.

    The first 300 lines are looked at. Names of namespaces alone (`ip netns` without ids) may be anything and are not
    recognised; nor is an empty text.
    """
    from . import detection

    return detection.detect(text)
