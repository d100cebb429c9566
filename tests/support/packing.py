"""Folders and archives for the tests of sources, from paths and texts."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Union

Content = Union[str, bytes]


def lay(where: Path, files: Mapping[str, Content]) -> Path:
    """Write files below a folder and return it."""
    for path, content in files.items():
        (where / path).parent.mkdir(parents=True, exist_ok=True)
        (where / path).write_bytes(_bytes(content))
    return where


def pack(files: Mapping[str, Content], mode: str) -> bytes:
    """An archive of files: ``"w"``, ``"w:gz"``, ``"w:xz"``, ``"w:bz2"`` of `tarfile`, or ``"zip"``."""
    out = io.BytesIO()
    if mode == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for path, content in files.items():
                packed.writestr(path, content)
        return out.getvalue()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(_bytes(content))
            archive.addfile(member, io.BytesIO(_bytes(content)))
    return out.getvalue()


def _bytes(content: Content) -> bytes:
    return content.encode() if isinstance(content, str) else content
