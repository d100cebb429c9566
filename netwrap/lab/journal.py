"""The record of what a lab has made on this host, kept in /run beside the host's own state.

A line is written *before* its commands run, so that after a crash the record names everything that may exist. The mark on the
objects themselves (the group of a link, the name of an nftables table) shows which lab they belong to.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import time
from typing import Any

from netwrap import shell
from netwrap.errors import NetwrapError

from .objects import LENGTHS, is_sysctl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .objects import Key, Objects, Value

FOLDER = "/run/netwrap/lab"


class Journal:
    """The objects that a lab has made: ``made`` (each with its value), of which those in ``unsure`` may not exist yet.

    ``group`` is a random number, the mark of this lab: the group of its links, and a part of the names of its tables. ``about``:
    the parts of the lab's file that no object shows (``description``, ``verify``, the places of its ``bridges``).
    """

    def __init__(self, name: str, group: int, *, kept: bool = True) -> None:
        self.name = name
        self.group = group
        self.kept = kept  # False in a dry run, which writes nothing
        self.made: Objects = {}
        self.about: dict[str, Any] = {}
        self.unsure: set[Key] = set()
        self.file: str = ""
        self.torn = False  # the last line was cut off by a crash
        self.broken = False  # other lines cannot be understood

    @property
    def folder(self) -> str:
        return os.path.join(FOLDER, self.name)

    @property
    def mark(self) -> str:
        return f"{self.group:08x}"

    def start(self, file: str) -> None:
        """Begin the record of a lab that is not up. Raises NetwrapError where the record cannot be written."""
        self.file = file
        if self.kept:
            try:
                _make_folders(self.folder)
            except OSError as error:
                raise NetwrapError(f"lab {self.name}: its record cannot be kept in {FOLDER}: {error.strerror}") from error
            self._write([{"lab": self.name, "group": self.group, "file": file}], must=True)

    def tell(self, about: dict[str, Any]) -> None:
        """Note the parts of the lab's file that no object shows."""
        if about != self.about:
            self.about = about
            self._write([{"about": about}])

    def intend(self, objects: Iterable[tuple[Key, Value]]) -> None:
        """Record that these objects are about to be made or changed. Raises NetwrapError if the record cannot be written."""
        lines = []
        for key, value in objects:
            if key not in self.made:
                self.unsure.add(key)
            self.made[key] = value
            lines.append({"key": key, "value": value})
        self._write(lines, must=True)

    def done(self, keys: Iterable[Key]) -> None:
        """Record that these objects exist now."""
        done = list(keys)
        self.unsure.difference_update(done)
        self._write([{"done": done}] if done else [])

    def forget(self, keys: Iterable[Key]) -> None:
        """Record that these objects are gone, or do not belong to the lab."""
        gone = [key for key in keys if key in self.made]
        for key in gone:
            del self.made[key]
            self.unsure.discard(key)
        self._write([{"gone": gone}] if gone else [])

    def _write(self, lines: list[dict[str, Any]], *, must: bool = False) -> None:
        """Append lines. Without ``must``, a full disk is ignored: the record then names more objects than exist."""
        if not self.kept or not lines:
            return
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()
        try:
            file = os.open(os.path.join(self.folder, "journal"), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if must:
                raise self._cannot(error) from error
            return
        try:
            size = os.fstat(file).st_size
            if size and self.torn:  # a line that a crash cut off must not spoil the next one
                text = b"\n" + text
            self.torn = False
            try:
                if os.write(file, text) != len(text):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError as error:
                os.ftruncate(file, size)
                if must:
                    raise self._cannot(error) from error
        finally:
            os.close(file)

    def _cannot(self, error: OSError) -> NetwrapError:
        return NetwrapError(f"lab {self.name}: its record in {self.folder} cannot be written: {error.strerror}")

    def remove(self) -> None:
        """Remove the record, as no object of the lab is left."""
        if self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)


def _make_folders(path: str) -> None:
    """Make a folder and its parents, writable only by their owner whatever the umask."""
    if os.path.isdir(path):
        return
    _make_folders(os.path.dirname(path))
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
        os.chmod(path, 0o755)


def load(name: str) -> Journal | None:
    """Read the record of a lab. Return None if no record can be trusted and understood.

    A line that cannot be understood is left out: the objects of the lab are found by their marks.
    Raises NetwrapError where the file cannot be read.
    """
    try:
        with open(os.path.join(FOLDER, name, "journal"), "rb") as file:
            about = os.fstat(file.fileno())
            lines = file.read().split(b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        root = "; labs need root" if isinstance(error, PermissionError) else ""
        raise NetwrapError(f"the record of lab {name} cannot be read: {error.strerror}{root}") from error
    if about.st_uid not in (0, os.geteuid()) or about.st_mode & 0o022:
        return None  # if anybody could write it, root might "undo" changes that were never made
    journal, broken = None, False
    for number, row in enumerate(lines, 1):
        try:
            line = json.loads(row)
        except (ValueError, RecursionError):
            # a crash cut off the last line, so its commands did not run
            broken = broken or bool(row) and number < len(lines)
            continue
        if not isinstance(line, dict):
            broken = True
            continue
        if line.get("lab") == name and type(line.get("group")) is int:
            journal = Journal(name, line["group"], kept=not shell.dry_run)
            journal.file = str(line.get("file", ""))
        elif journal is not None:
            _fold(journal, line)
    if journal is not None:
        journal.torn = bool(lines[-1])
        journal.broken = broken
    return journal


def _fold(journal: Journal, line: dict[str, Any]) -> None:
    if isinstance(line.get("about"), dict):
        journal.about = line["about"]
    if "key" in line:
        key = _key(line["key"])
        if key is not None and isinstance(line.get("value"), dict):
            if key not in journal.made:
                journal.unsure.add(key)
            journal.made[key] = line["value"]
    for row in line["done"] if isinstance(line.get("done"), list) else []:
        journal.unsure.discard(_key(row) or ())
    for row in line["gone"] if isinstance(line.get("gone"), list) else []:
        key = _key(row)
        if key is not None:
            journal.made.pop(key, None)
            journal.unsure.discard(key)


def _key(row: object) -> Key | None:
    """The key of an object from a row of the record; None for any other row."""
    if not isinstance(row, list) or not row or not all(isinstance(word, str) for word in row):
        return None
    if LENGTHS.get(row[0]) != len(row) or row[0] == "sysctl" and not is_sysctl(row[2]):
        return None
    return tuple(row)


def every() -> Iterator[Journal]:
    """The records of all labs that can be read. A damaged record does not affect other labs."""
    for name in all_names():
        with contextlib.suppress(NetwrapError):
            journal = load(name)
            if journal is not None:
                yield journal


def all_names() -> list[str]:
    """The names of the labs that have a record, even a damaged one."""
    try:
        names = sorted(os.listdir(FOLDER))
    except OSError:
        return []
    return [name for name in names if os.path.exists(os.path.join(FOLDER, name, "journal"))]


@contextlib.contextmanager
def lock(obey: Callable[[], None]) -> Iterator[int]:
    """Lock all labs, so that one runs at a time. Commands inherit the lock: a command that outlives us still holds it.

    ``obey`` is called while another lab holds the lock; it raises the exception for a signal that came.
    """
    try:
        _make_folders(FOLDER)
        file = os.open(os.path.join(FOLDER, ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise NetwrapError(f"labs are kept in {FOLDER}, which needs root: {error.strerror}") from error
    try:
        wait_until = time.monotonic() + 120
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                obey()
                if time.monotonic() > wait_until:
                    raise NetwrapError("another lab is being made or removed, for two minutes already; try again") from None
                time.sleep(0.02)
        yield file
    finally:
        os.close(file)
