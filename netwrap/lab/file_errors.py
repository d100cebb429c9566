"""Errors about a lab file, and the places in it to which they refer: file, line, keys."""

from __future__ import annotations

from netwrap.errors import NetwrapError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .toml_lines import Path


class LabFileError(NetwrapError):
    """An error in a lab file: ``path``, ``line`` (0 where it is not known) and ``reason``."""

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(path, line, reason)
        self.path = path
        self.line = line
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}" if self.line else f"{self.path}: {self.reason}"


class At:
    """A place in a lab file, which makes the errors about its value.

    >>> at = At("x.toml", {("host",): 3}) / "host" / "routes" / 0
    >>> str(at.fail("a route needs via or dev"))
    'x.toml:3: host.routes.1: a route needs via or dev'
    """

    def __init__(self, file: str, lines: dict[Path, int], path: Path = ()) -> None:
        self.file = file
        self.lines = lines
        self.path = path

    def __truediv__(self, key: str | int) -> At:
        return At(self.file, self.lines, (*self.path, key))

    @property
    def line(self) -> int:
        """The line of the place, or of the nearest table around it; 0 where it is not known."""
        path = self.path
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def fail(self, reason: str) -> LabFileError:
        """Return the error about this place."""
        where = ".".join(str(key) if isinstance(key, str) else f"{key + 1}" for key in self.path)
        return LabFileError(self.file, self.line, f"{where}: {reason}" if where else reason)

    def wants(self, what: str, value: object) -> LabFileError:
        """Return the error about a value that is not allowed; ``what`` describes the allowed values."""
        return self.fail(f"{shown(value)} is not allowed here; wanted: {what}")


def shown(value: object) -> str:
    """A value of the file as an error prints it, at most 80 characters of it."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
