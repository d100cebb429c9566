"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil

from netwrap import shell
from netwrap.errors import NetwrapError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def whole(path: str) -> Iterator[str]:
    """Give the name of a file beside ``path`` to be made (or of a folder); when it is whole, it takes the place of ``path``.

    Whatever happens before, a signal included, leaves ``path`` as it was, and nothing beside it. Raises NetwrapError.
    """
    folder, name = os.path.split(path)
    beside = os.path.join(folder, f".{name}-{os.urandom(6).hex()}")
    try:
        with shell.cleaning_up():
            try:
                yield beside
                os.replace(beside, path)
            finally:
                if os.path.isdir(beside):
                    shutil.rmtree(beside)
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(beside)
    except OSError as error:
        raise NetwrapError(f"cannot write {path}: {error.strerror or error}") from None


def private(path: str) -> int:
    """Make a file that only its owner can read, and return its descriptor: a capture tells much about a host."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
