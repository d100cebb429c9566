"""The verbs of the command line, one module each: ``arguments(parser)`` says what it takes, ``run(options)`` does it."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def say(text: str) -> None:
    """A note for the user, on standard error, in one line."""
    from netwrap.tables.render import printable

    line = " ".join(text.split("\n"))
    print(f"netwrap: {printable(line)}", file=sys.stderr)


def argument_parser(prog: str, description: str = "") -> argparse.ArgumentParser:
    """A parser of arguments whose errors are UsageError, in one line."""
    import argparse

    from netwrap.errors import UsageError

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> None:  # type: ignore[override]
            raise UsageError(f"{message}; see {self.prog} --help")

    return Parser(prog=prog, description=description, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)
