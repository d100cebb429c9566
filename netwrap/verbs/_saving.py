"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile

from netwrap import shell, unfinished
from netwrap.errors import NetwrapError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def whole(path: str) -> Iterator[str]:
    """Give the name of a file to be made (or of a folder); when it is whole, it takes the place of ``path``.

    Whatever happens before, a signal included, leaves ``path`` as it was, and nothing beside it. What a run that was killed has
    left is removed by the next one that writes ``path``. A device or a pipe is written to, never replaced; behind a link its
    target is replaced. Raises NetwrapError.
    """
    path = os.path.realpath(path)
    folder, name = os.path.split(path)
    special = os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)
    stem = os.path.join(tempfile.gettempdir(), "netwrap") if special else os.path.join(folder, f".{name}")
    try:
        with shell.cleaning_up(), unfinished.folder(stem) as inside:
            beside = os.path.join(inside, "content" if special else name)
            yield beside
            if special:
                with open(beside, "rb") as file, open(path, "wb") as target:
                    shutil.copyfileobj(file, target, 1 << 20)
            else:
                os.replace(beside, path)
    except OSError as error:
        raise NetwrapError(f"cannot write {path}: {error.strerror or error}") from None


def private(path: str) -> int:
    """Make a file that only its owner can read, and return its descriptor: a capture tells much about a host."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
