"""The files of a folder or of an archive, read without being unpacked, and never more of them than is good for us.

Archives come from strangers: nothing is written, names are only looked at, links are not followed, and what a compressed stream
may grow to is bounded by what was read of it. What cannot be read is a problem on the list; what was read before it counts.
"""

from __future__ import annotations

import os
import stat
import tarfile
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

#: The most that is read of one file, and of all files together.
FILE_LENGTH = 128 << 20
ALL_LENGTH = 512 << 20
#: A stream that grows to more than this, and to more than RATIO times what was read of it, is a bomb.
SMALL = 64 << 20
RATIO = 200
_CHUNK = 1 << 16
_XZ_MEMORY = 512 << 20
_HEADER_LENGTH = 1 << 20
_MAGIC = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\x00": "xz", b"BZh": "bzip2"}
_UNREADABLE = {
    b"\x28\xb5\x2f\xfd": "zstd-compressed: unpack it with 'zstd -d' first",
    b"PK\x03\x04": "a zip file: unpack it first",
    b"-----BEGIN PGP": "encrypted: decrypt it with 'gpg -d' first",
}


def compression(start: bytes) -> str:
    """How a file that begins so is compressed; "" where it is not."""
    return next((name for magic, name in _MAGIC.items() if start.startswith(magic)), "")


def unreadable(start: bytes) -> str:
    """Why a file that begins so cannot be read, if it is known not to be readable."""
    return next((why for magic, why in _UNREADABLE.items() if start.startswith(magic)), "")


def is_tar(start: bytes) -> bool:
    """Whether a file begins with a tar header."""
    if len(start) < 512:
        return False
    try:
        tarfile.TarInfo.frombuf(start[:512], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


class Stream:
    """The bytes of a file, decompressed while they are read; ``read`` and ``peek`` only. Raises OSError and EOFError."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = file.read(_CHUNK)
        self.kind = compression(self._start)
        self._decompressor = _decompressor(self.kind)
        self._ready = b""
        self._failed: BaseException | None = None
        self._taken = self._given = 0

    def peek(self, length: int) -> bytes:
        """The next bytes, without taking them. What was read before something failed comes before its error is raised."""
        while len(self._ready) < length and self._failed is None:
            try:
                more = self._more()
            except failures() as error:
                self._failed = error
                break
            if not more:
                break
            self._ready += more
        if self._failed is not None and not self._ready:
            raise self._failed
        return self._ready[:length]

    def read(self, length: int = _CHUNK) -> bytes:
        """At most ``length`` bytes; none at the end."""
        found = self.peek(length)
        self._ready = self._ready[len(found) :]
        return found

    def _raw(self) -> bytes:
        raw, self._start = self._start or self._file.read(_CHUNK), b""
        self._taken += len(raw)
        return raw

    def _more(self) -> bytes:
        if self.kind == "":
            return self._raw()
        while True:
            if self._decompressor.eof:
                rest = (self._decompressor.unused_data or self._raw()).lstrip(b"\0")
                if compression(rest) != self.kind:  # padding, or whatever was appended
                    return b""
                self._decompressor, given = _decompressor(self.kind), rest
            else:
                given = getattr(self._decompressor, "unconsumed_tail", b"")
                if not given and getattr(self._decompressor, "needs_input", True):
                    given = self._raw()
                    if not given:
                        raise EOFError("it ends in the middle")
            found = self._decompressor.decompress(given, _CHUNK)
            self._given += len(found)
            if self._given > max(SMALL, RATIO * self._taken):
                raise OSError(f"it grows to more than {RATIO} times its size: not read any further")
            if found:
                return bytes(found)


def _decompressor(kind: str) -> Any:
    if kind == "gzip":
        import zlib

        return zlib.decompressobj(31)
    if kind == "xz":
        import lzma

        return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
    if kind == "bzip2":
        import bz2

        return bz2.BZ2Decompressor()
    return None


def broken(error: BaseException) -> str:
    """What a broken archive or stream said."""
    return str(error).strip() or type(error).__name__


def failures() -> tuple[type[BaseException], ...]:
    """What reading an archive may raise."""
    import lzma
    import zlib

    return (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError, ValueError)


class Files:
    """The texts that were wanted, by their path in the folder or archive, and what could not be read."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.problems: list[str] = []
        self._length = 0

    def add(self, path: str, read: Callable[[int], bytes], length: int) -> None:
        """Take a file, as far as the bounds allow."""
        room = min(FILE_LENGTH, ALL_LENGTH - self._length)
        content = read(min(length, room) if length >= 0 else room)
        if len(content) >= room and length > room:
            self.problems.append(f"{path}: only the first {len(content) >> 20} MiB were read")
        self._length += len(content)
        self.texts[path] = content.decode("utf-8", "surrogateescape")


def from_folder(path: str, wanted: Callable[[str], bool]) -> Files:
    """The files below a folder whose relative path is wanted; links that lead out of it are left."""
    found = Files()
    top = os.path.realpath(path)

    def complain(error: OSError) -> None:
        found.problems.append(f"{error.filename}: {error.strerror}")

    for folder, folders, names in os.walk(path, onerror=complain):
        folders.sort()
        for name in sorted(names):
            whole = os.path.join(folder, name)
            relative = os.path.relpath(whole, path)
            if not wanted(relative):
                continue
            try:
                if os.path.commonpath([top, os.path.realpath(whole)]) != top or not stat.S_ISREG(os.stat(whole).st_mode):
                    continue
                with open(whole, "rb") as file:
                    found.add(relative, file.read, os.fstat(file.fileno()).st_size)
            except OSError as error:
                found.problems.append(f"{relative}: {error.strerror or error}")
    return found


class _Member(tarfile.TarInfo):
    """A member whose extended header is not allowed to be larger than any path is."""

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        if self.type in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, b"X"):
            if self.size > _HEADER_LENGTH:
                raise tarfile.ReadError("a header of more than 1 MiB")
        return super()._proc_member(archive)  # type: ignore[misc]


def from_archive(stream: Stream, wanted: Callable[[str], bool]) -> Files:
    """The files of a tar archive whose path is wanted. Nothing is unpacked to disk."""
    found = Files()
    try:
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Member, errors="surrogateescape") as archive:  # type: ignore[call-overload]
            for member in _members(archive):
                path = _tidy(member.name)
                if not member.isreg() or not wanted(path):
                    continue
                file = archive.extractfile(member)
                if file is not None:
                    found.add(path, file.read, member.size)
    except failures() as error:
        found.problems.append(f"the archive cannot be read to its end: {broken(error)}")
    return found


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while True:
        member = archive.next()
        if member is None:
            return
        archive.members = []  # type: ignore[attr-defined]  # tarfile remembers each; an archive may have millions
        yield member


def _tidy(path: str) -> str:
    """A member's path without what would lead elsewhere: nothing is written, but a name is shown."""
    return "/".join(part for part in path.split("/") if part not in ("", ".", ".."))
