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
    import argparse
    from typing import IO

_EXAMPLES = """examples:
  netwrap capture -o host.netwrap
  netwrap capture --script > probe.sh; ssh router sh -s < probe.sh > router.txt
  ssh router sh -s -- --no-json --timeout 10 < probe.sh > router.txt
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `netwrap capture` takes."""
    parser.add_argument("-o", "--output", metavar="FILE", help="save it there, whole or not at all; packed where it ends in .gz")
    parser.add_argument("--script", action="store_true", help="print the script that makes a capture, and do nothing")
    parser.add_argument("--no-json", action="store_true", help="ask `ip` for text also where it has JSON")
    parser.add_argument("--quick", action="store_true", help="leave out the firewall and the sockets")
    parser.add_argument("--timeout", metavar="SECONDS", type=_seconds, default=capture.TIMEOUT,
                        help=f"kill what takes longer in one namespace (default {capture.TIMEOUT})")  # fmt: skip
    parser.epilog = _EXAMPLES


def _seconds(word: str) -> int:
    seconds = int(word)
    if not 1 <= seconds <= 86400:
        raise ValueError(word)
    return seconds


_seconds.__name__ = "number of seconds (1 to 86400)"  # argparse says it: invalid … value


def run(options: argparse.Namespace) -> int:
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


def _print(options: argparse.Namespace, target: IO[bytes]) -> int:
    import shutil
    import tempfile

    with tempfile.TemporaryFile() as file:
        status = _take(options, file)
        file.seek(0)
        shutil.copyfileobj(file, target, 1 << 20)
        target.flush()
    return status


def _save(options: argparse.Namespace, path: str) -> int:
    """Made beside the file it becomes, and renamed when it is whole."""
    from netwrap import shell

    folder, name = os.path.split(path)
    plain = os.path.join(folder, f".{name}-{os.urandom(6).hex()}")
    made = [
        plain,
        *([plain + ".gz"] if path.endswith(".gz") else []),
    ]  # told before they are there: a signal may come at any time
    try:
        with shell.cleaning_up():
            return _save_by(options, made, path)
    except OSError as error:
        raise NetwrapError(f"cannot write {path}: {error.strerror or error}") from None


def _save_by(options: argparse.Namespace, made: list[str], path: str) -> int:
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


def _take(options: argparse.Namespace, file: IO[bytes]) -> int:
    with Bar("namespaces") as bar:
        capture.take_to(file.fileno(), timeout=options.timeout, json=not options.no_json, quick=options.quick, progress=bar.show)
    notes, lossy = capture.remarks(file.fileno())
    for note in notes:
        say(note)
    return 1 if lossy else 0
