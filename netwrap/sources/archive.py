"""Read the files of a folder or an archive without unpacking, and within bounds.

Archives come from strangers: nothing is written, links are followed only inside the archive or folder, and the size of the texts
kept and the growth of a compressed stream are limited. A file that cannot be read becomes a problem; the files read before it are
kept. An archive inside an archive is read like a folder.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tarfile
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: The most bytes to keep of one file, and of all files together.
FILE_LENGTH = 128 << 20
ALL_LENGTH = 512 << 20
#: A stream that grows to more than this, and to more than RATIO times the bytes that were read, is a bomb. (An honest log that
#: repeats itself shrinks a few hundred times.)
SMALL = 384 << 20
RATIO = 400
#: The maximum number of files and folders, of archives in archives, and of folders in folders.
MAX_FILES = 250_000
MAX_DEPTH = 3
MAX_FOLDERS = 64
#: The most files that the problems name one by one as no texts.
NO_TEXTS = 20
_CHUNK = 1 << 16
_VAIN = 20
_XZ_MEMORY = 512 << 20
_HEADER_LENGTH = 1 << 20
_ZIP_LENGTH = 256 << 20
_MAGIC = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\x00": "xz", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd"}
_ENCRYPTED = "encrypted: decrypt it with 'gpg -d' first"
# The first bytes of messages of OpenPGP: session keys in the old and the new format, encrypted data.
_PACKETS = b"\x84\x85\x8c\xa3\xc1\xc3\xd2\xd4"
_UNREADABLE = {
    b"-----BEGIN PGP": _ENCRYPTED,
    b"7z\xbc\xaf": "a 7z file: unpack it first",
    b"Rar!": "a rar file: unpack it first",
    b"\x7fELF": "a program, not a text",
}
_ZIP = b"PK\x03\x04"
_PACKED = (".tar", ".tgz", ".txz", ".tbz", ".tbz2", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst", ".tzst", ".zip")


def compression(start: bytes) -> str:
    """The compression of a file with these first bytes; "" if it is not compressed."""
    return next((name for magic, name in _MAGIC.items() if start.startswith(magic)), "")


def unreadable(start: bytes) -> str:
    """Say why a file with these first bytes is unreadable; "" if it may be readable.

    >>> unreadable(bytes(600)), unreadable(b"1: lo: <UP>")
    ('not a text: it holds nothing but zeros', '')
    """
    why = next((why for magic, why in _UNREADABLE.items() if start.startswith(magic)), "")
    if why or compression(start) or start.startswith(_ZIP):
        return why
    if start[:1] in _PACKETS and start[:1] and _odd(start) > len(start) // 8:
        return f"{_ENCRYPTED}, if it is no other binary file"
    if start and not start.strip(b"\0"):
        return "not a text: it holds nothing but zeros"
    if len(start) >= 64 and not is_wide(start) and _odd(start) > len(start) // 4:
        return "not a text"
    return ""


def _odd(start: bytes) -> int:
    """The number of bytes that do not occur in text: control characters, and bytes that are not UTF-8."""
    text = start.decode("utf-8", "replace")
    return sum(1 for character in text if character == "\ufffd" or character < " " and character not in "\t\n\r\f\x1b\b\a")


def is_wide(start: bytes) -> bool:
    """Whether a text with these first bytes is UTF-16, which ``>`` of PowerShell writes."""
    return start[:2] in (b"\xff\xfe", b"\xfe\xff") or len(start) > 7 and (not any(start[1:64:2]) or not any(start[0:64:2]))


def text_of(content: bytes) -> str:
    """Decode a file: UTF-8 with or without a byte order mark, or UTF-16; remove zeros at its end, and end lines with ``\\n``.

    >>> text_of("\\ufeffdefault dev a\\r\\n".encode("utf-16-le")), text_of(b"\\xef\\xbb\\xbflo\\n\\0\\0")
    ('default dev a\\n', 'lo\\n')
    """
    if is_wide(content[:64]):
        big = content[:2] == b"\xfe\xff" or content[:2] != b"\xff\xfe" and content[:1] == b"\0"
        text = content.decode("utf-16-be" if big else "utf-16-le", "replace")
    else:
        text = content.rstrip(b"\0").decode("utf-8", "surrogateescape")
    text = text.lstrip("\ufeff").rstrip("\0")
    if "\n" not in text:  # ends of lines of an old Mac
        return text.replace("\r", "\n")
    ends = text.count("\r\n")
    return text.replace("\r\n", "\n") if ends and ends == text.count("\n") else text


def is_tar(start: bytes) -> bool:
    """Whether a file begins with a tar header."""
    if len(start) < 512 or not start.strip(b"\0"):
        return False
    try:
        tarfile.TarInfo.frombuf(start[:512], "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def is_zip(start: bytes) -> bool:
    """Whether a file begins with a zip header."""
    return start.startswith(_ZIP)


class Bomb(OSError):
    """Decompression makes a small file larger than any honest file."""


class Budget:
    """The number of bytes read and of bytes after decompression; shared by an archive and all archives inside it."""

    def __init__(self) -> None:
        self.taken = self.given = 0
        self.small = SMALL

    def grew(self, length: int) -> None:
        """Count decompressed bytes. Raises Bomb if there are too many."""
        self.given += length
        if self.given > max(self.small, RATIO * self.taken):
            raise Bomb(f"it grows to more than {RATIO} times its size: not read any further")


class Stream:
    """The bytes of a file, decompressed while they are read; ``read`` and ``peek`` only. Raises OSError and EOFError."""

    def __init__(self, file: BinaryIO, budget: Budget | None = None) -> None:
        self._file = file
        self._outermost = budget is None
        self.budget = budget or Budget()
        self._start = file.read(_CHUNK)
        self.kind = compression(self._start)
        self._decompressor = _decompressor(self.kind)
        self._ready = b""
        self._vain = 0  # reads behind the end
        self._failed: BaseException | None = None

    def peek(self, length: int) -> bytes:
        """Return the next bytes without taking them. Bytes read before a failure are returned before its error is raised."""
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
        """Take at most ``length`` bytes; returns none at the end. Raises EOFError for a caller that goes on reading there."""
        found = self.peek(length)
        self._ready = self._ready[len(found) :]
        self._vain += not found
        if self._vain > _VAIN:  # tarfile skips a member of 1 TB by 100 million reads, also behind the end
            raise EOFError("it ends in the middle")
        return found

    def _raw(self) -> bytes:
        raw, self._start = self._start or self._file.read(_CHUNK), b""
        if self._outermost:
            self.budget.taken += len(raw)
        return raw

    def _more(self) -> bytes:
        if self.kind == "":
            return self._raw()
        while True:
            if self._decompressor.eof:
                rest = (self._decompressor.unused_data or self._raw()).lstrip(b"\0")
                if compression(rest) != self.kind:  # padding, or appended data
                    return b""
                self._decompressor, given = _decompressor(self.kind), rest
            else:
                given = getattr(self._decompressor, "unconsumed_tail", b"")
                if not given and getattr(self._decompressor, "needs_input", True):
                    given = self._raw()
                    if not given:
                        raise EOFError("it ends in the middle")
            found = self._decompressor.decompress(given, _CHUNK)
            self.budget.grew(len(found))
            if found:
                return bytes(found)


def _decompressor(kind: str) -> Any:
    if kind == "gzip":
        import zlib

        return zlib.decompressobj(31)
    if kind == "xz":
        try:
            import lzma
        except ImportError:
            raise OSError("xz-compressed: unpack it with 'xz -d' first, or opkg install python3-lzma") from None
        return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
    if kind == "bzip2":
        try:
            import bz2
        except ImportError:
            raise OSError("bzip2-compressed, and this Python has no bz2: unpack it with 'bzip2 -d' first") from None

        return bz2.BZ2Decompressor()
    if kind == "zstd":
        try:
            from compression import zstd  # type: ignore[import-not-found]  # Python 3.14
        except ImportError:
            raise OSError("zstd-compressed: unpack it with 'zstd -d' first") from None
        return zstd.ZstdDecompressor()
    return None


def broken(error: BaseException) -> str:
    """The message of a broken archive or stream."""
    return str(error).strip() or type(error).__name__


def failures() -> tuple[type[BaseException], ...]:
    """The errors that reading an archive may raise."""
    import zlib

    found: list[type[BaseException]] = [
        tarfile.TarError, OSError, EOFError, zlib.error, ValueError, RuntimeError, NotImplementedError, OverflowError,
        MemoryError,
    ]  # fmt: skip
    # A router's Python may lack these modules; then their errors cannot occur.
    with contextlib.suppress(ImportError):
        import lzma

        found.append(lzma.LZMAError)
    with contextlib.suppress(ImportError):
        import zipfile

        found.append(zipfile.BadZipFile)
    return tuple(found)


class Text(NamedTuple):
    """The text of a file. ``target``: the file that a link leads to; ``part``: why the text is not the whole file."""

    text: str
    target: str = ""
    part: str = ""


_KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFBLK: "a device", stat.S_IFCHR: "a device"}


class Files:
    """The wanted texts by their path in the folder or archive, the paths of other files, and the problems.

    ``left``: the members that were not read (devices, links that lead outside, earlier files of the same name): path → reason.
    ``counted``, where given, is called for each file with the number of files so far.
    """

    def __init__(
        self,
        wanted: Callable[[str, bytes], bool],
        peeks: Callable[[str], bool],
        counted: Callable[[int], None] | None = None,
    ) -> None:
        self.texts: dict[str, Text] = {}
        self.passed: list[str] = []
        self.left: dict[str, str] = {}
        self.problems: list[str] = []
        self._wanted = wanted
        self._peeks = peeks
        self._counted = counted
        self._links: dict[str, str] = {}
        self._no_texts = 0
        self._refused: set[str] = set()  # targets of links that are no texts
        self._length = 0
        self._count = 0

    def is_full(self) -> bool:
        """Count a file, and return whether there were too many already."""
        self._count += 1
        if self._counted is not None:
            self._counted(self._count)
        if self._count == MAX_FILES + 1:
            self.problems.append(f"more than {MAX_FILES} files: the rest was not looked at")
        return self._count > MAX_FILES

    def link(self, path: str, target: str) -> None:
        """Remember that a path is a link to another path of the same folder or archive."""
        if self._peeks(path) and len(self._links) < 10_000:
            self._links[path] = target

    def symlink(self, path: str, target: str, prefix: str = "") -> None:
        """Remember a symbolic link of an archive; ``prefix``: the path of an archive inside the archive."""
        below = os.path.normpath(os.path.join(os.path.dirname(path[len(prefix) :]), target))
        if below == ".." or below.startswith(("/", "../")):
            self.left[path] = f"a link to {target}, outside"
        self.link(path, prefix + tidy(below))

    def special(self, path: str, mode: int) -> None:
        """Leave out a member that is neither a file nor a folder nor a link; ``mode``: 0 if that is all that is known."""
        self.left[path] = _KINDS.get(stat.S_IFMT(mode), "neither a file nor a folder")

    def targets(self) -> set[str]:
        """The targets of links whose own text was not kept."""
        ends = map(self._end, self._links.values())
        return {target for target in ends if target not in self.texts and target not in self._links}

    def _end(self, target: str) -> str:
        """The path at the end of a chain of links; some path of it, if the chain is long or a circle."""
        for _ in range(8):
            target = self._links.get(target, target)
        return target

    def _refuse(self, path: str, why: str) -> None:
        """Report that a file is no text; of many such files, only the first few."""
        self._no_texts += 1
        if self._no_texts <= NO_TEXTS:
            self.problems.append(f"{path}: {why}")

    def follow(self) -> None:
        """Give each link the text of its target. The last step."""
        if self._no_texts > NO_TEXTS:
            self.problems.append(f"{self._no_texts - NO_TEXTS} more files are no texts")
        for path, target in self._links.items():
            target = self._end(target)
            found = self.texts.get(target)
            if target in self._refused:
                self.passed.append(path)
            elif found is not None:
                self.left.pop(path, None)
                self.texts.setdefault(path, found._replace(target=target))
            elif path not in self.left:
                self.problems.append(f"{path}: a link to {target}, which is not there")

    def file(self, path: str, open_file: Callable[[], BinaryIO], budget: Budget | None, depth: int = 0) -> None:
        """Take a file if it is wanted, within the limits; of an archive, take the files inside it."""
        if not self._peeks(path) and not path.lower().endswith(_PACKED):
            if path[:-4].lower().endswith(_PACKED) and path[-4:].lower() in (".gpg", ".pgp"):
                self._refuse(path, _ENCRYPTED)
            self.passed.append(path)
            return
        try:
            with open_file() as file:
                self._take(path, Stream(file, budget), depth)
        except failures() as error:
            self.problems.append(f"{path}: cannot be read: {_why(error)}")

    def target(self, path: str, file: BinaryIO) -> None:
        """Take a file with any name, because a wanted link leads to it; within the same limits."""
        stream = Stream(file)
        start = stream.peek(4096)
        why = "an archive" if is_tar(start) or is_zip(start) else unreadable(start)
        if why:
            self._refuse(path, why)
            self._refused.add(path)
        else:
            self._keep(path, stream)

    def _take(self, path: str, stream: Stream, depth: int) -> None:
        start = stream.peek(4096)
        if is_tar(start) or is_zip(start):
            self.inside(path, stream, start, depth + 1)
            return
        why = unreadable(start)
        wanted = self._wanted(path, start)
        if why or not wanted:
            if why and self._peeks(path):
                self._refuse(path, why)
            self.passed.append(path)
            return
        self._keep(path, stream)

    def _keep(self, path: str, stream: Stream) -> None:
        """Keep the text of a file, as far as there is room."""
        room = min(FILE_LENGTH, ALL_LENGTH - self._length)
        chunks, length, part = [], 0, ""
        try:
            while length <= room:
                chunk = stream.read()
                if not chunk:
                    break
                chunks.append(chunk)
                length += len(chunk)
        except failures() as error:
            self.problems.append(f"{path}: cannot be read to its end: {broken(error)}")
            part = "cut off"
        if length > room:
            self.problems.append(f"{path}: only the first {room >> 20} MiB were read")
            part = "cut off"
        content = b"".join(chunks)[: max(room, 0)]
        self._length += len(content)
        text = Text(text_of(content), part=part)
        if self.texts.get(path, text) != text:
            self.left[path] = "there several times: only the last was read"
        self.texts[path] = text

    def inside(self, path: str, stream: Stream, start: bytes, depth: int) -> None:
        """Take the files of an archive that is read from a stream."""
        if depth > MAX_DEPTH:
            self.problems.append(f"{path}: more than {MAX_DEPTH} archives in each other: not looked into")
            return
        prefix = f"{path}/" if path else ""
        try:
            if is_zip(start):
                _zip(self, prefix, stream, depth)
            else:
                _tar(self, prefix, stream, depth)
        except failures() as error:
            self.problems.append(f"{path or 'the archive'} cannot be read to its end: {broken(error)}")
        except RecursionError:
            self.problems.append(f"{path or 'the archive'} cannot be read: too deep")


def from_folder(path: str, files: Files) -> None:
    """Take the files below a folder; ignore links that lead out of it."""
    top = os.path.realpath(path)
    folders = [("", 0)]
    while folders:
        folder, depth = folders.pop()
        try:
            with os.scandir(os.path.join(path, folder)) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            files.problems.append(f"{folder or path}: {error.strerror or error}")
            continue
        below = []
        for entry in found:
            relative = f"{folder}/{entry.name}" if folder else entry.name
            if files.is_full():
                return
            try:
                if entry.is_dir(follow_symlinks=False):
                    below.append((relative, depth + 1))
                elif entry.is_symlink():
                    real = os.path.realpath(entry.path)
                    if os.path.commonpath([top, real]) != top:
                        files.left[relative] = f"a link to {os.readlink(entry.path)}, outside"
                    elif stat.S_ISREG(os.stat(real).st_mode):
                        files.link(relative, os.path.relpath(real, top))
                elif entry.is_file(follow_symlinks=False):
                    files.file(relative, lambda place=entry.path: open(place, "rb"), None)  # type: ignore[misc]  # noqa: SIM115
                else:
                    files.special(relative, entry.stat(follow_symlinks=False).st_mode)
            except failures() as error:
                files.problems.append(f"{relative}: {_why(error)}")
        if below and depth >= MAX_FOLDERS:
            files.problems.append(f"{folder}: folders more than {MAX_FOLDERS} deep were not looked at")
        else:
            folders += reversed(below)
    for target in sorted(files.targets()):
        if os.path.lexists(os.path.join(path, target)):  # not a target in an archive of the folder
            _take(files, os.path.join(path, target), target)
    files.follow()


def _take(files: Files, path: str, relative: str) -> None:
    """Take a file with any name, because a wanted link leads to it."""
    try:
        with open(path, "rb") as file:
            files.target(relative, file)
    except failures() as error:
        files.problems.append(f"{relative}: {_why(error)}")


def _why(error: BaseException) -> str:
    return getattr(error, "strerror", None) or broken(error)


class _Member(tarfile.TarInfo):
    """A member of a tar archive; its extended header must not be longer than any honest path.

    `tarfile` takes a damaged header, and the end of a file that was cut off, for the end of the archive.
    """

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Any:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # the mark of its end
            raise
        except tarfile.HeaderError as error:
            damaged = isinstance(error, tarfile.InvalidHeaderError)  # type: ignore[attr-defined]
            raise tarfile.ReadError("a damaged header" if damaged else "it ends without the mark of its end") from None

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        if self.type in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, b"X"):
            if self.size > _HEADER_LENGTH:
                raise tarfile.ReadError("a header of more than 1 MiB")
        return super()._proc_member(archive)  # type: ignore[misc]


def from_archive(stream: Stream, start: bytes, files: Files, again: Callable[[], BinaryIO] | None) -> None:
    """Take the files of a tar or zip archive. Nothing is unpacked to disk.

    ``again`` opens the archive a second time, for links to files that were not wanted by their own name.
    """
    files.inside("", stream, start, 1)
    missing = files.targets()
    if missing and again is not None:
        with again() as file:
            more = Files(lambda path, start: path in missing, lambda path: path in missing)
            second = Stream(file)
            more.inside("", second, second.peek(4096), 1)
        files.texts.update(more.texts)
    files.follow()


# Members of GNU tar without content of their own: the label of a volume, the list of a folder.
_TITLES = (b"V", b"D")


def _tar(files: Files, prefix: str, stream: Stream, depth: int) -> None:
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Member, errors="surrogateescape") as archive:  # type: ignore[call-overload]
        while True:
            member = archive.next()
            if member is None or files.is_full():
                return
            archive.members = []  # tarfile keeps all members, of which an archive may have millions
            path = prefix + tidy(member.name)
            if member.issym():
                files.symlink(path, member.linkname, prefix)
            elif member.islnk():
                files.link(path, prefix + tidy(member.linkname))
            elif member.isreg():
                files.file(path, lambda member=member: archive.extractfile(member), stream.budget, depth)  # type: ignore[misc]
            elif not member.isdir() and member.type not in _TITLES:
                files.special(path, stat.S_IFIFO if member.isfifo() else stat.S_IFBLK if member.isdev() else 0)


def _zip(files: Files, prefix: str, stream: Stream, depth: int) -> None:
    import io

    try:
        import zipfile
    except ImportError as missing:  # up to Python 3.12 it imports urllib
        raise OSError("a zip file: unpack it first, or opkg install python3-urllib") from missing
    content = io.BytesIO()
    while content.tell() <= _ZIP_LENGTH:
        chunk = stream.read()
        if not chunk:
            break
        content.write(chunk)
    else:
        raise OSError(f"a zip file of more than {_ZIP_LENGTH >> 20} MiB: unpack it first")
    budget = stream.budget
    with zipfile.ZipFile(content) as archive:
        for member in archive.infolist():
            if files.is_full():
                return
            name = member.filename if "/" in member.filename else member.filename.replace("\\", "/")  # by some tools of Windows
            path = prefix + tidy(name)
            mode = member.external_attr >> 16
            if member.flag_bits & 1:
                files.problems.append(f"{path}: encrypted")
            elif stat.S_ISLNK(mode) and member.file_size < _HEADER_LENGTH:
                files.symlink(path, text_of(_Counted(archive.open(member), budget).read(4096)), prefix)
            elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                files.special(path, mode)
            elif not member.is_dir():
                files.file(path, lambda one=member: _Counted(archive.open(one), budget), budget, depth)  # type: ignore[misc,arg-type]


class _Counted:
    """A member of a zip file whose bytes are counted as decompressed bytes of the archive."""

    def __init__(self, file: Any, budget: Budget) -> None:
        self._file = file
        self._budget = budget

    def read(self, length: int) -> bytes:
        found: bytes = self._file.read(length)
        self._budget.grew(len(found))
        return found

    def __enter__(self) -> _Counted:
        return self

    def __exit__(self, *unused: object) -> None:
        self._file.close()


def tidy(path: str) -> str:
    """The path of a member without parts that lead elsewhere (``..``): nothing is written to it, but the path is printed.

    >>> tidy("../../etc/./passwd"), tidy("a/b/../c")
    ('etc/passwd', 'a/c')
    """
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            kept = kept[:-1]
        elif part not in ("", "."):
            kept.append(part)
    return "/".join(kept)
