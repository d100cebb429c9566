"""Where a verb's host comes from: this machine, or what ``--from PATH`` names; and what it says of what is missing."""

from __future__ import annotations

from . import say
from .progress import Bar

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from netwrap.host import Host

HELP = "read a capture instead of this host: a file of `netwrap capture`, a folder, a pasted session, an sos report"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--from`` to a verb's options."""
    parser.add_argument("--from", dest="source", metavar="PATH", help=HELP)


def host(path: str | None) -> Host:
    """The host of a source (None: this one). Raises NetwrapError."""
    from netwrap import readers

    if path is not None:
        return readers.read(path)
    with Bar("namespaces") as bar:
        return readers.live(bar.show)


def remarks(found: Host, lacks: bool = True) -> int:
    """Say what is to be said of a host, once, and return the exit status: 1 where something was lost."""
    lacking = found.lacks() if lacks else []
    if lacking:
        listed = ", ".join(lacking[:-1]) + (" and " if lacking[1:] else "") + lacking[-1]
        say(f"no {listed} in this capture" if not found.live else f"no {listed} could be read")
    for line in dict.fromkeys([*found.notes, *found.problems]):
        say(line)
    return 1 if found.problems else 0
