"""Shared fixtures of tests: real namespaces that each test owns (``Rooms``), and the command line (``Netwrap``)."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import forked
import pytest

ROOT = Path(__file__).resolve().parents[2]
Netwrap = Callable[..., "subprocess.CompletedProcess[str]"]
IP = shutil.which("ip", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin") or "ip"  # whatever PATH a test sets
_numbers = itertools.count(1)


def run(argv: list[str], given: str | None = None) -> str:
    """Run a program of the system and return its output; an AssertionError shows its error messages."""
    done = subprocess.run(argv, input=given, capture_output=True, text=True, errors="surrogateescape", timeout=60)
    assert done.returncode == 0, f"{argv}: {done.returncode}: {done.stderr}"
    return done.stdout


def settle(*places: str) -> None:
    """Wait until no IPv6 address in some namespaces (names, or pids of processes in them) is tentative."""
    for place in places:
        words = ["nsenter", "-t", place, "-n", "ip"] if place.isdigit() else [IP, "-n", place]
        for _ in range(1000):
            if not run([*words, "-6", "address", "show", "tentative"]).strip():
                break
            time.sleep(0.02)


class Rooms:
    """Namespaces made for one test, and removed after it; their names contain our pid and a number."""

    def __init__(self) -> None:
        self._prefix = f"nwt{os.getpid()}-{next(_numbers)}-"
        self._made: list[str] = []

    def name(self, short: str) -> str:
        """The full name for ``short`` in this test; a namespace with this name is removed after the test."""
        name = self._prefix + short
        if name not in self._made:
            self._made.append(name)
        return name

    def add(self, short: str) -> str:
        """Make a namespace and return its name."""
        name = self.name(short)
        run(["ip", "netns", "add", name])
        return name

    def cabled(self, short: str) -> str:
        """Make a namespace with a cable in it, v0 to v1, both up, 10.0.0.1/24 on v0, and return its name."""
        name = self.add(short)
        self.batch("link add v0 type veth peer name v1\nlink set v0 up\nlink set v1 up\naddr add 10.0.0.1/24 dev v0\n", name)
        return name

    def batch(self, lines: str, netns: str) -> None:
        """Run lines of `ip` in a namespace."""
        run(["ip", "-n", netns, "-batch", "-"], lines)

    def ip(self, netns: str, *words: str) -> str:
        """The output of `ip` in a namespace."""
        return run(["ip", "-n", netns, *words])

    def remove(self) -> None:
        for name in self._made:
            subprocess.run([IP, "netns", "delete", name], capture_output=True, timeout=60)
        left = [name for name in self._made if os.path.lexists(f"/run/netns/{name}")]
        assert not left, f"namespaces that could not be removed: {left}"


@pytest.fixture
def rooms() -> Iterator[Rooms]:
    made = Rooms()
    try:
        yield made
    finally:
        made.remove()


@pytest.fixture
def netwrap() -> Netwrap:
    """Run the command line in a process of its own: ``netwrap("ip", "link", given="text")``."""

    def call(*words: str, given: str | None = None, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        if done := forked.netwrap(words, given=given, env=env):
            return done
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
        return subprocess.run(
            [sys.executable, "-m", "netwrap", *words], input=given, capture_output=True, text=True, errors="surrogateescape",
            env=environment, timeout=120,
        )  # fmt: skip

    return call


def has_kind(kind: str) -> bool:
    """Whether this kernel can make links of a kind; tries it in a temporary namespace."""
    probe = f"nwt{os.getpid()}-kind-{kind}"
    if subprocess.run(["ip", "netns", "add", probe], capture_output=True).returncode != 0:
        return False
    try:
        words = ["ip", "-n", probe, "link", "add", "k0", "type", kind]
        return subprocess.run(words, capture_output=True).returncode == 0
    finally:
        subprocess.run(["ip", "netns", "delete", probe], capture_output=True)
