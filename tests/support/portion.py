"""The part of a long series of cases that a run of all tests tries, the same part in every run.

NETWRAP_TESTS in the environment asks for more: `cases` for all cases of each test, `whole` for the series within tests, too.
"""

from __future__ import annotations

import os
import zlib

WHOLE = os.environ.get("NETWRAP_TESTS") == "whole"
#: Whether of a test with many cases all are tried.
CASES = WHOLE or os.environ.get("NETWRAP_TESTS") == "cases"
#: So many cases of one test are tried in any case; of more, one in three.
FEW, ONE_IN = 12, 3


def chosen(case: object, one_in: int) -> bool:
    """Whether a case (identified by its repr) is tried: about one in so many, the same ones in every run."""
    return WHOLE or _drawn(repr(case), one_in)


def drawn(names: list[str]) -> set[str]:
    """The cases of one test, by their names, that a run of all tests tries: all of a few, one in three of many."""
    return set(names) if CASES or len(names) <= FEW else {*names[:1], *(name for name in names if _drawn(name, ONE_IN))}


def _drawn(name: str, one_in: int) -> bool:
    return zlib.crc32(name.encode("utf-8", "backslashreplace")) % one_in == 0
