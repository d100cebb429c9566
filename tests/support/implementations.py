"""The makers of `ip`, `arp` and `route` that a machine has, each as a PATH that finds it: as on a desktop, and as on a router."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from netwrap import shell

BUSYBOX_LINKS = ("ip", "arp", "route", "nsenter")


def use_busybox(monkeypatch: pytest.MonkeyPatch, folder: Path, links: tuple[str, ...] = BUSYBOX_LINKS) -> None:
    """Let `ip`, `arp` and `route` be links to busybox, first in the PATH."""
    box = shutil.which("busybox")
    if box is None:
        pytest.skip("busybox is not installed")
    for name in links:
        (folder / name).symlink_to(box)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def use_without(monkeypatch: pytest.MonkeyPatch, folder: Path, *missing: str) -> None:
    """Let the PATH hold links to all that netwrap runs, but not to what is ``missing``."""
    for name in ("ip", "arp", "route", "bridge", "nsenter", "sh", "cat", "true", "env"):
        path = shell.find(name)
        if path is not None and name not in missing:
            (folder / name).symlink_to(path)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(shell, "SBIN", "")


def use(monkeypatch: pytest.MonkeyPatch, folder: Path, maker: str, binary: str) -> None:
    """Let a binary be that of a maker: ``net-tools``, ``busybox``, or ``none`` of them."""
    if maker == "busybox":
        use_busybox(monkeypatch, folder, (binary,))
    elif maker == "none":
        use_without(monkeypatch, folder, binary)
    elif shell.find(binary) is None or shell.is_busybox(binary):
        pytest.skip(f"{binary} of net-tools is not installed")
