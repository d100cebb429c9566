"""The tree of errors: NetwrapError → CommandError (and below, the failures that binaries report), ParseError, UsageError."""

from __future__ import annotations

from parsers.errors import NetwrapError, ParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "AlreadyExists",
    "CommandError",
    "CommandFailed",
    "CommandMissing",
    "CommandWarning",
    "InvalidArgument",
    "NetwrapError",
    "NetworkUnreachable",
    "NoSuchNetns",
    "NotFound",
    "ParseError",
    "PermissionDenied",
    "TimedOut",
    "UsageError",
    "similar",
]


class UsageError(NetwrapError):
    """The caller asked for something that does not exist or does not go together; exit status 2."""


class CommandWarning(UserWarning):
    """A message that a command printed on standard error although it succeeded (``Dump was interrupted``)."""


class CommandError(NetwrapError):
    """A command failed.

    ``argv`` is the list of its words, ``status`` its exit status, ``stderr`` what it printed there.
    """

    def __init__(self, argv: Sequence[str], status: int, stderr: str) -> None:
        super().__init__(list(argv), status, stderr)
        self.argv = list(argv)
        self.status = status
        self.stderr = stderr

    def __str__(self) -> str:
        said = " / ".join(_before_usage(self.stderr))
        shown = " ".join(self.argv).replace("\n", "\\n")
        shown = shown if len(shown) <= 120 else shown[:117] + "..."
        return f"{shown}: {said or f'exit status {self.status}'}"


def _before_usage(stderr: str) -> list[str]:
    """The error message of a binary without the usage text that follows it."""
    said: list[str] = []
    for line in filter(None, map(str.strip, stderr.split("\n"))):
        if line.startswith(("Usage:", "BusyBox v")):
            return said or ["it does not know these words"]
        said.append(line)
    return said


class CommandMissing(CommandError):
    """The binary is not installed; exit status 127."""


class CommandFailed(CommandError):
    """The binary ran and failed; the classes below tell why, where its message allows that.

    Raised as such for a file that cannot be executed, with status 126, and for messages that no class below stands for.
    """


class PermissionDenied(CommandFailed):
    """Root, or a capability, is needed."""


class NoSuchNetns(CommandFailed):
    """The network namespace does not exist."""


class AlreadyExists(CommandFailed):
    """The thing to be made exists already."""


class NotFound(CommandFailed):
    """The thing that was named does not exist: a device, an address, a route, an entry."""


class NetworkUnreachable(CommandFailed):
    """A gateway or address is not on a network of the interface."""


class InvalidArgument(CommandFailed):
    """The binary or the kernel refuses a value.

    Also raised before the binary is called, with status 2, where it would do something else in silence: `route` cuts a
    metric to 16 bits, `arp` completes a short hardware address, `ip` reads 010.0.0.1 as 8.0.0.1.
    """


class TimedOut(CommandError):
    """The binary did not end in time and was killed."""


def similar(word: str, known: Iterable[str]) -> str:
    """A question for the end of an error: the known word that is most like a wrong one; "" where none is like it.

    >>> similar("reprot", ["report", "find"]), similar("xyz", ["report", "find"])
    ("; did you mean 'report'?", '')
    """
    import difflib

    lower = {name.lower(): name for name in known}
    swapped = [name for name in lower if sorted(name) == sorted(word.lower())]
    found = swapped or difflib.get_close_matches(word.lower(), lower, 1, 0.6)
    return f"; did you mean {lower[found[0]]!r}?" if found else ""
