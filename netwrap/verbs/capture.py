"""Everything about every network namespace of this host, as a text that netwrap reads anywhere (--from FILE).

A host without netwrap or Python makes the same text: send it the script (--script).
"""

from __future__ import annotations

import os
import re
import sys

from netwrap.errors import UsageError
from netwrap.sources import capture

from . import _source, say
from ._options import refuse
from ._saving import private, whole
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
        refuse(options, ("--no-json", "--quick", "--timeout"), "with --script: the script takes it: sh -s -- OPTION < probe.sh")
        refuse(options, {*options.typed} - {"--script"}, "with --script: nothing is captured")
        sys.stdout.write(capture.script())
        return 0
    if _source.is_via(options):
        return _of_others(options)
    if options.output in (None, "-"):
        return _print(options, sys.stdout.buffer)
    path = os.path.realpath(options.output)
    if os.path.isdir(path):
        raise UsageError(f"{options.output} is a directory")
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe, a device
        with open(path, "wb") as target:
            return _print(options, target)
    return _save(options, path)


def _of_others(options: Options) -> int:
    """Print the capture of another host, or save those of many: in a folder, each in a file with its host's name."""
    from netwrap.sources import via

    targets = _source.targets(options)
    output = options.output or "-"
    if len(targets) > 1 and output == "-":
        raise UsageError("the captures of several hosts need a folder: -o FOLDER/")
    into = len(targets) > 1 or output.endswith("/") or os.path.isdir(output)
    if into:
        os.makedirs(output, exist_ok=True)
    failures = []
    with Bar("hosts") as bar:
        for answer in via.captures(
            targets, quick=options.quick, json=not options.no_json, netns_timeout=options.timeout or capture.TIMEOUT,
            timeout=options.via_timeout or via.TIMEOUT, progress=bar.show,
        ):  # fmt: skip
            if answer.failure:
                failures.append(f"{answer.target.name}: {answer.failure}")
            if answer.text and output == "-":
                sys.stdout.write(answer.text)
            elif answer.text:
                _keep(answer.text, os.path.join(output, _file_name(answer.target.name) + ".netwrap") if into else output)
    for failure in failures:
        say(failure)
    return 1 if failures else 0


def _file_name(target: str) -> str:
    """The name of a file for a host.

    >>> _file_name("ssh root@router"), _file_name("../x")
    ('ssh_root@router', '.._x')
    """
    return re.sub(r"[^\w.@:+-]", "_", target)


def _keep(text: str, path: str) -> None:
    import gzip

    content = text.encode("utf-8", "surrogateescape")
    with whole(path) as beside, open(private(beside), "wb") as file:
        file.write(gzip.compress(content, 6) if path.endswith(".gz") else content)


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
    """Save the capture; compress it, if asked for, when it is complete."""
    import gzip
    import shutil
    import tempfile

    with whole(path) as beside, open(private(beside), "w+b") as target:
        if not path.endswith(".gz"):
            return _take(options, target)
        with tempfile.TemporaryFile(dir=os.path.dirname(path)) as file:
            status = _take(options, file)
            file.seek(0)
            with gzip.GzipFile("", "wb", 6, target) as squeezed:
                shutil.copyfileobj(file, squeezed, 1 << 20)
        return status


def _take(options: Options, file: IO[bytes]) -> int:
    with Bar("namespaces") as bar:
        seconds = options.timeout or capture.TIMEOUT
        capture.take_to(file.fileno(), timeout=seconds, json=not options.no_json, quick=options.quick, progress=bar.show)
    notes, lossy = capture.remarks(file.fileno())
    for note in notes:
        say(note)
    return 1 if lossy else 0
