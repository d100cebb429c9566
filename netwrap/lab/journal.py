"""The record of what a lab has made on this host, kept in /run beside the host's own state.

A line is written *before* the commands that it speaks of, so that after a crash everything that may be there is known. The
mark that things carry themselves (the group of a link, the name of an nftables table) tells whose they are.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from typing import Any

from netwrap import shell
from netwrap.errors import NetwrapError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .things import Key, Things, Value

FOLDER = "/run/netwrap/lab"


class Journal:
    """What a lab has made: ``made`` (things, each with its value), of which ``unsure`` may be not there yet.

    ``group`` is a random number, the mark of this lab: the group of its links, part of the names of its tables.
    """

    def __init__(self, name: str, group: int, *, kept: bool = True) -> None:
        self.name = name
        self.group = group
        self.kept = kept  # False: a dry run, of which nothing is written
        self.made: Things = {}
        self.unsure: set[Key] = set()
        self.file: str = ""

    @property
    def folder(self) -> str:
        return os.path.join(FOLDER, self.name)

    @property
    def mark(self) -> str:
        return f"{self.group:08x}"

    def start(self, file: str) -> None:
        """Begin the record of a lab that is not up."""
        self.file = file
        if self.kept:
            try:
                os.makedirs(self.folder, mode=0o755, exist_ok=True)
            except OSError as error:
                raise NetwrapError(f"lab {self.name}: cannot keep its record in {FOLDER}: {error.strerror}") from error
            self._write([{"lab": self.name, "group": self.group, "file": file}])

    def intend(self, things: Iterable[tuple[Key, Value]]) -> None:
        """These things are about to be made or changed."""
        lines = []
        for key, value in things:
            if key not in self.made:
                self.unsure.add(key)
            self.made[key] = value
            lines.append({"key": key, "value": value})
        self._write(lines)

    def done(self, keys: Iterable[Key]) -> None:
        """These things are there now."""
        done = list(keys)
        self.unsure.difference_update(done)
        self._write([{"done": done}] if done else [])

    def forget(self, keys: Iterable[Key]) -> None:
        """These things are gone, or not ours."""
        gone = [key for key in keys if key in self.made]
        for key in gone:
            del self.made[key]
            self.unsure.discard(key)
        self._write([{"gone": gone}] if gone else [])

    def _write(self, lines: list[dict[str, Any]]) -> None:
        if not self.kept or not lines:
            return
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        with open(os.path.join(self.folder, "journal"), "ab", buffering=0) as file:
            file.write(text.encode())

    def remove(self) -> None:
        """End the record: nothing of the lab is left."""
        if self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)


def load(name: str) -> Journal | None:
    """The record of a lab; None where there is none."""
    try:
        with open(os.path.join(FOLDER, name, "journal"), "rb") as file:
            text = file.read().decode()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise NetwrapError(f"the record of lab {name} cannot be read: {error.strerror}") from error
    journal = None
    for row in text.split("\n"):
        try:
            line = json.loads(row)
        except ValueError:  # cut off by a crash: the commands it speaks of were not run
            continue
        if "lab" in line:
            journal = Journal(name, line["group"], kept=not shell.dry_run)
            journal.file = line["file"]
        elif journal is not None:
            _fold(journal, line)
    return journal


def _fold(journal: Journal, line: dict[str, Any]) -> None:
    if "key" in line:
        key = tuple(line["key"])
        if key not in journal.made:
            journal.unsure.add(key)
        journal.made[key] = line["value"]
    for row in line.get("done", []):
        journal.unsure.discard(tuple(row))
    for row in line.get("gone", []):
        journal.made.pop(tuple(row), None)
        journal.unsure.discard(tuple(row))


def all_names() -> list[str]:
    """The labs that have a record."""
    try:
        names = sorted(os.listdir(FOLDER))
    except OSError:
        return []
    return [name for name in names if os.path.exists(os.path.join(FOLDER, name, "journal"))]


@contextlib.contextmanager
def lock() -> Iterator[int]:
    """One lab at a time; the descriptor is handed to the commands, so that one that outlives us still holds it."""
    try:
        os.makedirs(FOLDER, mode=0o755, exist_ok=True)
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
                if time.monotonic() > wait_until:
                    raise NetwrapError("another lab is being made or removed, for two minutes already; try again") from None
                time.sleep(0.02)
        yield file
    finally:
        os.close(file)
