"""Folders for what is not finished yet. A run that is killed leaves its own; the next run removes that.

A run locks its folder for as long as it lives, and the kernel drops the lock with the run: a folder that is named as ours,
belongs to us and is not locked, is left over. Process ids would prove nothing, since containers share `/dev/shm`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_RANDOM = re.compile(r"-[0-9a-f]{12}")


@contextlib.contextmanager
def folder(stem: str) -> Iterator[str]:
    """Make a folder ``STEM-RANDOM`` that only its owner can enter; with the block the folder ends. Raises OSError.

    Folders of the same stem whose runs were killed are removed first.
    """
    _sweep(stem)
    path, lock = "", -1
    try:
        while True:
            path = f"{stem}-{os.urandom(6).hex()}"
            os.mkdir(path, 0o700)
            lock = _locked(path)
            if lock >= 0 and os.path.isdir(path):  # another run may have swept it in the moment before
                break
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if lock >= 0:
            os.close(lock)


def _locked(path: str) -> int:
    """The descriptor of a folder of ours that we hold the lock of; -1 where another holds the lock, or the folder is not ours."""
    try:
        found = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return -1
    try:
        if os.fstat(found).st_uid == os.geteuid():
            fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return found
    except OSError:  # held by a run that is alive
        pass
    os.close(found)
    return -1


def _sweep(stem: str) -> None:
    above, name = os.path.split(stem)
    try:
        names = os.listdir(above or ".")
    except OSError:
        return
    for other in names:
        if other.startswith(name) and _RANDOM.fullmatch(other, len(name)):
            path = os.path.join(above, other)
            lock = _locked(path)
            if lock >= 0:
                shutil.rmtree(path, ignore_errors=True)
                os.close(lock)
