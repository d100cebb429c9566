"""Every source of a host, told by what it holds: this machine, a capture, a folder, a pasted session, an sos report."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from .. import commands
from ..errors import NetwrapError
from ..model.build import build
from ..model.host import Host
from ..model.section import Section
from . import archive, folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from .capture import Progress

#: The most that is read of a text: a capture, a session.
TEXT_LENGTH = 512 << 20


def live(
    progress: Progress | None = None,
    *,
    commands: Sequence[Sequence[str]] | None = None,
    netns: Sequence[str] | None = None,
    quick: bool = False,
) -> Host:
    """This host, as it is now.

    ``progress`` as in :func:`netwrap.sources.live.sections`; ``commands`` asks for these commands alone
    (``[["ip", "link"]]``), whose tables the namespaces then have; ``netns`` names the namespaces to read, by any name that
    `netwrap report` prints; ``quick`` leaves out the firewall, the sockets and the settings. Raises UsageError for a name
    that is no namespace's, CommandError where nothing can be asked at all.
    """
    from . import live as sweep

    def chosen(names: list[Section]) -> list[str]:
        known = build(names)
        known.live = True
        return [known.find(name).key for name in netns or ()]

    try:
        tables = sweep.QUICK if quick else sweep.TABLES
        found, said = sweep.sections(tables, commands=commands, netns=None if netns is None else chosen, progress=progress)
    except sweep.Unable:
        from . import capture

        host = _captured(capture.take(progress=progress, quick=quick or commands is not None))
    else:
        host = build(found, problems=said)
    host.live = True
    host.source = "this host"
    return host


def read(path: str) -> Host:
    """The host that a file, a folder or standard input (``-``) tells of. Raises NetwrapError where it tells of none."""
    host = _read(path)
    host.source = "standard input" if path == "-" else path
    if not host.namespaces:
        raise NetwrapError(f"{host.source}: nothing that netwrap knows is in it" + "".join(f"; {it}" for it in host.problems[:1]))
    return host


def read_text(text: str) -> Host:
    """The host that a text tells of: a capture, a pasted session, or one table. Raises NetwrapError."""
    return _text(text, "the text", [])


def _read(path: str) -> Host:
    if path == "-":
        return _stream(sys.stdin.buffer, "standard input")
    if os.path.isdir(path):
        return _files(archive.from_folder(path, folder.wanted), path)
    try:
        with open(path, "rb") as file:
            return _stream(file, path)
    except OSError as error:
        raise NetwrapError(f"cannot read {path}: {error.strerror or error}") from None


def _stream(file: BinaryIO, shown: str) -> Host:
    problems: list[str] = []
    stream = archive.Stream(file)
    try:
        start = stream.peek(512)
    except archive.failures() as error:
        raise NetwrapError(f"{shown}: cannot be read: {archive.broken(error)}") from None
    why = archive.unreadable(start)
    if why:
        raise NetwrapError(f"{shown}: {why}")
    if archive.is_tar(start):
        return _files(archive.from_archive(stream, folder.wanted), shown)
    chunks, length = [], 0
    try:
        while length < TEXT_LENGTH:
            chunk = stream.read()
            if not chunk:
                break
            chunks.append(chunk)
            length += len(chunk)
        else:
            problems.append(f"only the first {TEXT_LENGTH >> 20} MiB were read")
    except archive.failures() as error:
        problems.append(f"cannot be read to its end: {archive.broken(error)}")
    text = b"".join(chunks).decode("utf-8", "surrogateescape")
    del chunks
    return _text(text.lstrip("\ufeff"), shown, problems)


def _files(files: archive.Files, shown: str) -> Host:
    if not files.texts and not files.problems:
        raise NetwrapError(f"{shown}: no file in it is named after a command that netwrap knows ('ip_-d_link', 'arp -n.txt')")
    return build(folder.sections(files.texts), problems=files.problems)


def _text(text: str, shown: str, problems: list[str]) -> Host:
    from . import capture

    if capture.is_capture(text):
        return _captured(text, problems)
    from . import session

    if session.is_session(text):
        return build(_pasted(text), problems=problems)
    import parsers

    found = parsers.detect(text)
    if not found:
        what = f"{shown}: neither a capture, nor a pasted session, nor a table that netwrap knows"
        raise NetwrapError("; ".join([what, *problems]))
    return build([Section("", commands.module(found[0]).COMMAND, text)], problems=problems)


def _captured(text: str, problems: list[str] | None = None) -> Host:
    from . import capture

    sections, said = capture.read(text)
    noted = {line for section in sections if section.command == "notes" for line in section.stdout.split("\n")}
    return build(sections, problems=[*(problems or ()), *(line for line in said if line not in noted)])


def _pasted(text: str) -> list[Section]:
    from . import session

    blocks = [block for block in session.blocks(text) if block.parser is not None]
    said = [f"{block.command}: {block.text.strip()}" for block in blocks if block.failed]
    sections = [Section(block.netns or "", block.command, block.text) for block in blocks if not block.failed]
    return [*sections, Section("", "notes", "\n".join(said))] if said else sections
