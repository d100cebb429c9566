"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile

from netwrap import shell, unfinished
from netwrap.errors import NetwrapError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


#: The format of a picture by the ending of its file.
_ENDINGS = {
    ".svg": "svg", ".html": "html", ".htm": "html", ".png": "png", ".mmd": "mermaid", ".mermaid": "mermaid", ".dot": "dot",
    ".gv": "dot", ".d2": "d2", ".json": "json", ".txt": "text",
}  # fmt: skip


def form_of(path: str, asked: str | None = None) -> str | None:
    """The format of a picture: ``asked``, else what the ending of its file asks for; None for a name without an ending.

    Raises UsageError for an ending of another format or of none, for "", and for a path that is the name of a format: `-o svg` is
    no file that anybody wants.

    >>> form_of("host.svg"), form_of("host.txt"), form_of("host.txt", "dot"), form_of("host")
    ('svg', 'text', 'dot', None)
    """
    if not path:
        raise UsageError("--output (-o) takes the name of a file, not ''")
    if path in _ENDINGS.values():
        raise UsageError(f"--output (-o) takes a file, and {path!r} is a format: --format {path} --output FILE")
    ending = os.path.splitext(path)[1]
    told = _ENDINGS.get(ending.lower())
    if asked is None and told is None and ending:
        raise UsageError(f"no format has the ending {ending!r}: name one with --format, or take {', '.join(_ENDINGS)}")
    if asked is not None and told not in (None, asked) and (told != "text" or asked == "png"):
        raise UsageError(f"--format {asked} does not fit the file's ending {ending!r}, which is for {told}")
    return asked or told


@contextlib.contextmanager
def whole(path: str) -> Iterator[str]:
    """Yield the name for a new file (or folder), which takes the place of ``path`` when it is complete.

    If anything fails before, a signal included, ``path`` stays as it was, with nothing beside it. Files left by a run that was
    killed are removed by the next run that writes ``path``. A device or a pipe is written to, never replaced; of a link the
    target is replaced. Raises NetwrapError.
    """
    path = os.path.realpath(path)
    folder, name = os.path.split(path)
    special = os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)
    stem = os.path.join(tempfile.gettempdir(), "netwrap") if special else os.path.join(folder, f".{name}")
    try:
        with shell.cleaning_up() as again, unfinished.folder(stem) as inside:
            beside = os.path.join(inside, "content" if special else name)
            yield beside
            again()  # a signal that Python lost ends us before the file is in its place
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
