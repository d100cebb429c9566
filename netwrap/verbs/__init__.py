"""The verbs of the command line, one module each with ``run(options)``; :mod:`._options` describes them."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Print a note for the user, on standard error, in one line."""
    from netwrap.wording import printable

    line = " ".join(text.split("\n"))
    print(f"netwrap: {printable(line)}", file=sys.stderr)
