"""An sshd on loopback that root can log in to with a key, for tests of `--via 'ssh …'`."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")


class Sshd:
    """A running sshd; :meth:`command` is the command line that gives a shell there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("host", "user", "wrong"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True, timeout=60)
        shutil.copy(folder / "user.pub", folder / "authorized")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (folder / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
            f"PermitRootLogin prohibit-password\nStrictModes no\nUsePAM no\nPidFile none\nMaxStartups 200\nMaxSessions 200\n"
        )
        self._know("host")
        Path("/run/sshd").mkdir(exist_ok=True)
        assert SSHD is not None
        self._process = subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "config"], stderr=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("sshd does not answer")

    def _know(self, key: str) -> None:
        kind, text = (self.folder / f"{key}.pub").read_text().split()[:2]
        (self.folder / "known").write_text(f"[127.0.0.1]:{self.port} {kind} {text}\n")

    def change_known_key(self) -> None:
        """Give the client a host key that differs from that of the sshd."""
        self._know("wrong")

    def command(self, key: str = "user", port: int | None = None) -> str:
        options = f"-F none -i {self.folder}/{key} -o IdentitiesOnly=yes -o UserKnownHostsFile={self.folder}/known"
        return f"ssh {options} -o StrictHostKeyChecking=yes -p {port or self.port} root@127.0.0.1"

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    if SSHD is None or shutil.which("ssh") is None:
        pytest.skip("needs ssh and sshd")
    running = Sshd(tmp_path)
    try:
        yield running
    finally:
        running.stop()
