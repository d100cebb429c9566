"""A private host for tests that need fixed names: its own network, mounts, processes, /run, and a copy of /etc to modify."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import forked
import pytest

ROOT = Path(__file__).resolve().parents[2]
Done = subprocess.CompletedProcess[str]

#: What makes the new namespaces of ``UNSHARE`` a host of their own: an empty /run, a copy of /etc, nothing of the outside.
SETUP = r"""
set -e
mount -t tmpfs none /run
mkdir -p /run/netns /run/lock /run/.etc/upper /run/.etc/work
mount -t overlay none -o lowerdir=/etc,upperdir=/run/.etc/upper,workdir=/run/.etc/work /etc || {
    cp -a /etc/. /run/.etc/upper && mount --bind /run/.etc/upper /etc
}
ip link set lo up
touch /run/nothing
chmod 644 /run/nothing
echo 0 >/proc/sys/net/ipv4/ip_forward
"""
# Nothing that is mounted here shows outside. The root of a chroot may be no mount point, and then it cannot be made private,
# nor does `ip netns exec` work: it is bound to a place below /proc, which is private already, and entered there.
_PRIVATE = r"""
! mount --make-rprivate / 2>/dev/null || exec "$@"
mount --rbind / /proc/fs
exec chroot /proc/fs sh -ec 'mount --make-rprivate /; cd "$1"; shift; exec "$@"' sh "$PWD" "$@"
"""
UNSHARE = ("unshare", "--net", "--mount", "--propagation", "unchanged", "--pid", "--fork", "--kill-child", "--mount-proc",
           "sh", "-ec", _PRIVATE, "sh")  # fmt: skip


class PrivateHost:
    """A set of namespaces to run commands in; they vanish with it, with everything in them."""

    def __init__(self) -> None:
        words = [*UNSHARE, "sh", "-c", SETUP + "echo ready\nexec sleep infinity\n"]
        self.keeper = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.keeper.stdout is not None and self.keeper.stderr is not None
        if self.keeper.stdout.readline() != "ready\n":
            said = self.keeper.stderr.read()
            self.end()
            pytest.skip(f"needs root with namespaces of its own: {said.strip()}")
        self.pid = Path(f"/proc/{self.keeper.pid}/task/{self.keeper.pid}/children").read_text().split()[0]

    def words(self, *argv: str, env: dict[str, str] | None = None) -> list[str]:
        """The words that run a command in the host, with ``env`` and with netwrap importable."""
        given = [f"{name}={value}" for name, value in {"PYTHONPATH": str(ROOT), **(env or {})}.items()]
        return ["nsenter", "-t", self.pid, "-n", "-m", "-p", "-r", f"-w{os.getcwd()}", "/usr/bin/env", *given, *argv]

    def run(self, *argv: str, given: str | None = None, env: dict[str, str] | None = None, check: bool = True) -> Done:
        """Run a command in the host; the command must succeed unless ``check`` is false."""
        done = subprocess.run(
            self.words(*argv, env=env), input=given, capture_output=True, text=True, errors="surrogateescape", timeout=300
        )  # fmt: skip
        if check:
            assert done.returncode == 0, f"{argv}: {done.returncode}: {done.stdout}{done.stderr}"
        return done

    def sh(self, script: str) -> str:
        """Run shell lines in the host, up to the first line that fails."""
        return self.run("sh", "-ec", script).stdout

    def netwrap(self, *argv: str, env: dict[str, str] | None = None) -> Done:
        """Run netwrap in the host, with any exit status."""
        if done := forked.netwrap(argv, env=env, host=self.pid, timeout=300):
            return done
        return self.run(sys.executable, "-m", "netwrap", *argv, env=env, check=False)

    def snapshot(self) -> str:
        return self.run(sys.executable, str(ROOT / "tests" / "support" / "snapshot.py")).stdout

    def end(self) -> None:
        self.keeper.kill()
        self.keeper.communicate()


@pytest.fixture
def private_host() -> Iterator[PrivateHost]:
    if os.geteuid() != 0:
        pytest.skip("needs root: makes network namespaces")
    host = PrivateHost()
    try:
        yield host
    finally:
        host.end()
