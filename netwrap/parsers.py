"""The parsers by the name that they have where netwrap is installed; in a checkout they are `parsers`."""

from __future__ import annotations

import sys

import parsers

sys.modules[__name__] = parsers
