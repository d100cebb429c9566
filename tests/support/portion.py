"""The part of a long series of cases that every run tries; all of them with NETWRAP_TESTS=whole in the environment."""

from __future__ import annotations

import os
import zlib

WHOLE = os.environ.get("NETWRAP_TESTS") == "whole"


def chosen(case: object, one_in: int) -> bool:
    """Whether a case (identified by its repr) is tried: about one in so many, the same ones in every run."""
    return WHOLE or zlib.crc32(repr(case).encode("utf-8", "backslashreplace")) % one_in == 0
