"""`--watch`: one line per change in a pipe, a table with marked cells on a terminal; both end with --until and Ctrl-C."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from private_host import PrivateHost

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def host() -> Iterator[PrivateHost]:
    made = PrivateHost()
    try:
        made.sh("ip netns add red; ip link add v0 type veth peer name eth0 netns red; ip link set v0 up")
        yield made
    finally:
        made.end()


def words(host: PrivateHost, *argv: str) -> list[str]:
    return host.words(sys.executable, "-m", "netwrap", *argv)


class Watched:
    """A netwrap that watches, with its output as far as it has come."""

    def __init__(self, host: PrivateHost, *argv: str, terminal: bool = False) -> None:
        self.fd, other = pty.openpty() if terminal else os.pipe()
        self.process = subprocess.Popen(words(host, *argv), stdout=other, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        os.close(other)
        self.text = ""

    def until(self, pattern: str, again: str = "", host: PrivateHost | None = None) -> str:
        """Wait for what the output must have; ``again`` is run between the looks."""
        for _ in range(300):
            if re.search(pattern, self.text):
                return self.text
            if again and host is not None:
                host.sh(again)
            ready, _, _ = select.select([self.fd], [], [], 0.2)
            if ready:
                try:
                    self.text += os.read(self.fd, 65536).decode()
                except OSError:  # the other end of a terminal is closed
                    time.sleep(0.1)
        raise AssertionError(f"no {pattern} in {self.text!r}")

    def end(self, with_signal: bool = True) -> tuple[int, str]:
        if with_signal:
            child = children(self.process.pid)
            os.kill(child, signal.SIGINT)
        _, said = self.process.communicate(timeout=30)
        os.close(self.fd)
        return self.process.returncode, said.decode()


def children(pid: int) -> int:
    """The netwrap below nsenter."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


EVENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d "


def test_an_event_is_a_line_with_its_time(host: PrivateHost) -> None:
    watched = Watched(host, "report", "--watch", "0.2")
    try:
        # whichever turn is the first: the name comes and goes until a turn saw it come
        watched.until(rf"(?m)^{EVENT}\+ netns +netns +cni-1\b", "ip netns del cni-1 2>/dev/null || ip netns add cni-1", host)
        host.sh("ip netns del cni-1 2>/dev/null || true")
        assert all(re.match(EVENT, line) for line in watched.text.splitlines())
    finally:
        status, said = watched.end()
    assert (status, "Traceback" in said) == (0, False)


def test_of_a_command_only_its_table_is_watched(host: PrivateHost) -> None:
    watched = Watched(host, "--netns", "red", "--watch", "0.2", "ip", "link")
    try:
        watched.until(
            r"~ red +link +eth0 +mtu \d+ -> \d+",
            "ip -n red link show eth0 | grep -q 'mtu 1400' && m=1500 || m=1400; ip -n red link set eth0 mtu $m; ip addr replace "
            "10.9.9.9/24 dev v0",
            host,
        )
    finally:
        status, _ = watched.end()
    assert status == 0 and "10.9.9.9" not in watched.text


@pytest.mark.parametrize("terminal", [False, True])
def test_until_ends_it(host: PrivateHost, terminal: bool) -> None:
    host.sh("ip -n red link set eth0 mtu 1500")
    watched = Watched(host, "--watch", "0.2", "--until", "mtu=1300", "--netns", "red", "ip", "link", terminal=terminal)
    assert watched.process.poll() is None
    host.sh("ip -n red link set eth0 mtu 1300")
    if terminal:
        watched.until("1300")
    status, said = watched.end(with_signal=False)
    assert (status, said) == (0, "")


def test_a_terminal_shows_what_changed(host: PrivateHost) -> None:
    host.sh("ip -n red link set eth0 mtu 1500")
    watched = Watched(host, "--watch", "0.2", "--netns", "red", "ip", "link", terminal=True)
    try:
        watched.until("1500")
        assert "\033[7m" not in watched.text
        host.sh("ip -n red link set eth0 mtu 1400")
        watched.until("\033\\[7m *1400\033\\[27m")
        assert set(re.findall("\033\\[7m *([^\033]*)\033", watched.text)) == {"1400"}
    finally:
        status, said = watched.end()
        assert "\033[?25l" in watched.text
    assert (status, "Traceback" in said) == (0, False)


@pytest.mark.parametrize(
    "argv, why",
    [
        (("--watch", "ip", "link", "add", "x", "type", "dummy"), "prints no table"),
        (("--watch=x", "report"), "--watch takes a number of seconds"),
        (("report", "--until", "links=1"), "--until makes no sense without --watch"),
        (("report", "--watch", "--from", "x"), "--from and --watch do not go together"),
    ],
)
def test_what_is_refused(host: PrivateHost, argv: tuple[str, ...], why: str) -> None:
    done = host.netwrap(*argv)
    assert done.returncode == 2 and why in done.stderr and done.stderr.count("\n") == 1
