"""Everything about every network namespace of this host, as a text that netwrap reads anywhere (--from FILE).

The same text comes from a host without netwrap, or without Python: send it the script.
"""

from __future__ import annotations

import os
import sys

from netwrap.errors import NetwrapError, UsageError
from netwrap.sources import capture

from . import say
from ._source import Bar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

    from ._options import Options


def run(options: Options) -> int:
    """Print the capture or save it; 1 where something could not be read."""
    if options.script:
        if options.output is not None:
            raise UsageError("--script prints the script; to save it: netwrap capture --script > probe.sh")
        sys.stdout.write(capture.script())
        return 0
    if options.output in (None, "-"):
        return _print(options, sys.stdout.buffer)
    path = os.path.realpath(options.output)
    if os.path.isdir(path):
        raise UsageError(f"{options.output} is a directory")
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe, a device
        with open(path, "wb") as target:
            return _print(options, target)
    return _save(options, path)


def _print(options: Options, target: IO[bytes]) -> int:
    import shutil
    import tempfile

    with tempfile.TemporaryFile() as file:
        status = _take(options, file)
        file.seek(0)
        shutil.copyfileobj(file, target, 1 << 20)
        target.flush()
    return status


def _save(options: Options, path: str) -> int:
    """Made beside the file it becomes, and renamed when it is whole."""
    from netwrap import shell

    folder, name = os.path.split(path)
    plain = os.path.join(folder, f".{name}-{os.urandom(6).hex()}")
    made = [plain, plain + ".gz"] if path.endswith(".gz") else [plain]  # told before they are there: for a signal at any time
    try:
        with shell.cleaning_up():
            return _save_by(options, made, path)
    except OSError as error:
        raise NetwrapError(f"cannot write {path}: {error.strerror or error}") from None


def _save_by(options: Options, made: list[str], path: str) -> int:
    try:
        with open(os.open(made[0], os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:  # it tells much about the host
            status = _take(options, file)
        if made[1:]:
            _pack(*made)
        os.replace(made[-1], path)
    finally:
        for temporary in made:
            if os.path.exists(temporary):
                os.unlink(temporary)
    return status


def _pack(plain: str, packed: str) -> None:
    import gzip
    import shutil

    target = os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(plain, "rb") as source, open(target, "wb") as file, gzip.GzipFile("", "wb", 6, file) as squeezed:
        shutil.copyfileobj(source, squeezed, 1 << 20)


def _take(options: Options, file: IO[bytes]) -> int:
    with Bar("namespaces") as bar:
        seconds = options.timeout or capture.TIMEOUT
        capture.take_to(file.fileno(), timeout=seconds, json=not options.no_json, quick=options.quick, progress=bar.show)
    notes, lossy = capture.remarks(file.fileno())
    for note in notes:
        say(note)
    return 1 if lossy else 0
