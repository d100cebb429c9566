"""The installed implementations of `ip`, `arp` and `route`, each as a PATH that finds only it, as on a desktop or a router."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from netwrap import shell

BUSYBOX_LINKS = ("ip", "arp", "route", "nsenter")


def use_busybox(monkeypatch: pytest.MonkeyPatch, folder: Path, links: tuple[str, ...] = BUSYBOX_LINKS) -> None:
    """Make `ip`, `arp` and `route` links to busybox, first in the PATH."""
    box = shutil.which("busybox")
    if box is None:
        pytest.skip("busybox is not installed")
    for name in links:
        (folder / name).symlink_to(box)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def use_without(monkeypatch: pytest.MonkeyPatch, folder: Path, *missing: str) -> None:
    """Make a PATH with links to all programs that netwrap runs, except the ``missing`` ones."""
    for name in ("ip", "arp", "route", "bridge", "nsenter", "sh", "cat", "true", "env"):
        path = shell.find(name)
        if path is not None and name not in missing:
            (folder / name).symlink_to(path)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(shell, "SBIN", "")


def use(monkeypatch: pytest.MonkeyPatch, folder: Path, maker: str, binary: str) -> None:
    """Use one implementation of a binary: ``net-tools``, ``busybox``, or ``none``."""
    if maker == "busybox":
        use_busybox(monkeypatch, folder, (binary,))
    elif maker == "none":
        use_without(monkeypatch, folder, binary)
    elif shell.find(binary) is None or shell.is_busybox(binary):
        pytest.skip(f"{binary} of net-tools is not installed")
