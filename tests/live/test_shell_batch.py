"""Many commands of `ip` at once, and commands that are left running."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rooms import Rooms

from netwrap import shell, wording
from netwrap.errors import CommandMissing, NoSuchNetns, NotFound
from netwrap.lab import processes

pytestmark = pytest.mark.root
UP = ["ip", "link", "set", "dev", "lo", "up"]
WRONG = ["ip", "link", "set", "dev", "nothing", "up"]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = shell.announce, shell.dry_run
    yield
    shell.announce, shell.dry_run = before


def flags(rooms: Rooms, name: str) -> str:
    return rooms.ip(name, "-o", "link", "show", "lo").split("<")[1].split(">")[0]


def test_each_namespace_gets_its_commands(rooms: Rooms) -> None:
    names = [rooms.add(f"r{number}") for number in range(3)]
    result = shell.batch([(name, [UP, ["ip", "link", "show"]]) for name in names])
    assert result.status == 0 and result.stdout.count("lo: <LOOPBACK,UP,LOWER_UP>") == 3
    assert all("UP" in flags(rooms, name) for name in names)


@pytest.mark.parametrize("others", [0, 1])
def test_the_command_that_fails_is_named(rooms: Rooms, others: int) -> None:
    names = [rooms.add(f"r{number}") for number in range(2)]
    parts = [(names[0], [UP]), (None, [["ip", "link", "show", "lo"]])][:others] + [(names[1], [UP, WRONG, UP])]
    with pytest.raises(NotFound) as caught:
        shell.batch(parts)
    assert caught.value.argv == ["ip", "-n", names[1], *WRONG[1:]]
    assert "Command failed" not in str(caught.value)


def test_the_own_namespace_among_others(rooms: Rooms) -> None:
    name = rooms.add("r")
    with pytest.raises(NotFound) as caught:
        shell.batch([(name, [UP]), (None, [["ip", "link", "show", "lo"], ["ip", "link", "show", "nothing"]])])
    assert caught.value.argv == ["ip", "link", "show", "nothing"]


def test_a_namespace_that_is_missing(rooms: Rooms) -> None:
    name = rooms.add("r")
    for parts in ([(rooms.name("gone"), [UP])], [(name, [UP]), (rooms.name("gone"), [UP])]):
        with pytest.raises(NoSuchNetns):
            shell.batch(parts)


def test_a_dry_run_announces_what_can_be_pasted(rooms: Rooms) -> None:
    name = rooms.add("r")
    seen: list[str] = []
    shell.announce = lambda words, stdin: seen.append(wording.pasteable(words, stdin))
    shell.dry_run = True
    shell.batch([(name, [UP, UP]), (None, [UP])])
    text = "link set dev lo up"
    assert seen == [f"ip -n {name} -batch - <<'EOF'\n{text}\n{text}\nEOF", f"ip {text}"]
    assert "UP" not in flags(rooms, name)


def test_a_command_is_left_running_and_ended(rooms: Rooms, tmp_path: Path) -> None:
    name = rooms.add("r")
    script = "trap '' TERM; echo here $MARK; sleep 100"
    pid = processes.start(["sh", "-c", script], netns=name, log=str(tmp_path / "log"), marks={"MARK": "a b"})
    until = time.monotonic() + 5
    while (tmp_path / "log").read_text() != "here a b\n" and time.monotonic() < until:
        time.sleep(0.01)
    assert (tmp_path / "log").read_text() == "here a b\n"
    assert os.getsid(pid) == pid
    assert processes.ended([pid], 0.05) == {}
    children = [int(row) for row in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    processes.end([pid, *children], patience=0.1)
    assert not any(map(processes.is_alive, [pid, *children]))
    with pytest.raises(CommandMissing):
        processes.start(["no-such-command"], netns=name, log=str(tmp_path / "log"), marks={})


def test_how_a_command_ended(tmp_path: Path) -> None:
    pid = processes.start(["sh", "-c", "exit 3"], netns=None, log=str(tmp_path / "log"), marks={})
    assert processes.ended([pid], 5) == {pid: 3}
