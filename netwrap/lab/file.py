"""Read a lab file (TOML), or a lab that comes with netwrap. Errors contain the file, the line, and the allowed keys or values.

The schema of the tables stands in ``schema.py``, the checks of tables against each other in ``references.py``.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

from netwrap import packaged
from netwrap.errors import NetwrapError, UsageError, similar

from . import references, schema
from .file_errors import At, LabFileError, shown
from .toml_lines import positions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .references import Lab

# Read no more bytes than this: no lab file is longer, and /dev/zero has no end.
_LARGEST = 1 << 25
#: The labs that come with netwrap: each is `ready/NAME.toml`.
READY_MADE = ("bridge", "outside", "router", "two-rooms", "vlans")


def ready_made(name: str) -> str:
    """The text of a lab that comes with netwrap."""
    return packaged.text("netwrap.lab", f"ready/{name}.toml")


def is_name(name: str) -> bool:
    """Whether a word can be the name of a lab."""
    return schema.LAB.fullmatch(name) is not None


def load(name: str) -> Lab:
    """Read a lab file, or the ready-made lab of that name. Raises LabFileError, and UsageError for a name of no lab."""
    return read(text_of(name), f"{name}.toml" if name in READY_MADE else name)


def text_of(name: str) -> str:
    """The text of a lab file, or of the ready-made lab of that name. Raises LabFileError, and UsageError for a name of no lab."""
    if name in READY_MADE:
        return ready_made(name)
    try:
        with open(name, "rb") as file:
            return file.read(_LARGEST).decode("utf-8")
    except OSError as error:
        if isinstance(error, FileNotFoundError) and "/" not in name and "." not in name:
            hint = f"{similar(name, READY_MADE)}; ready-made labs: {', '.join(READY_MADE)}"
            raise UsageError(f"there is no lab {name!r}{hint}") from None
        raise LabFileError(name, 0, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LabFileError(name, 0, "is no text in UTF-8") from error


# A key with very many parts: readers of TOML take time in the square of their number. No name or value of a lab looks like this.
_DEEP_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){64}""", re.ASCII)


def _toml(file: str, text: str) -> dict[str, Any]:
    """Parse TOML; turn every failure into a LabFileError."""
    deep = _DEEP_KEY.search(text)
    if deep is not None:
        raise LabFileError(file, text.count("\n", 0, deep.start()) + 1, "is nested too deeply")
    try:
        if sys.version_info >= (3, 11):
            import tomllib
        else:
            import tomli as tomllib
    except ImportError as missing:
        raise NetwrapError("reading a lab file needs Python 3.11, or the package tomli") from missing
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", str(error), re.DOTALL)
        if said is None:
            raise LabFileError(file, 0, str(error)) from error
        raise LabFileError(file, int(said[2] or text.rstrip("\n").count("\n") + 1), f"no TOML: {said[1]}") from error
    except RecursionError as error:
        raise LabFileError(file, 0, "is nested too deeply") from error
    except ValueError as error:  # raised by Python itself, which reads no number of more than 4,300 digits
        long = re.search(r"[0-9_]{4000}", text)
        raise LabFileError(file, text.count("\n", 0, long.start()) + 1 if long else 0, "a number is too long") from error


def _bounded(at: At, table: dict[str, Any]) -> None:
    """Refuse numbers that are too large for TOML: Python cannot even print those of more than 4,300 digits."""
    waiting: list[tuple[At, Any]] = [(at, table)]
    while waiting:
        here, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(here / key, item) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [(here / index, item) for index, item in enumerate(value)]
        elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            raise here.fail("a number is too long")


def read(text: str, file: str) -> Lab:
    """Check the text of a lab file; ``file`` is its name for errors and, without ``name``, the lab's. Raises LabFileError."""
    parsed = _toml(file, text)
    at = At(file, positions(text))
    _bounded(at, parsed)
    table = schema.lab_file(at, parsed)
    name = table.get("name")
    if name is None:
        name = os.path.basename(file)
        name = name[:-5] if name.endswith(".toml") else name
        if schema.LAB.fullmatch(name) is None:
            raise at.fail(f'give the lab a name: name = "..." ({shown(name)}, from the file\'s, cannot be one)')
    return references.resolve(at, name, table)
