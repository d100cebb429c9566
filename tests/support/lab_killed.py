"""Kill a lab after each of its commands in turn, take it down, and compare the host: run as a script in a private host.

    lab_killed.py LAB [up|again|down]

``up``: `lab up` is killed. ``again``: it is killed and run again, which must succeed. ``down``: `lab down` is killed. Then `lab
down` must leave the host as it was before. Prints a difference, or how many commands there were.
"""

from __future__ import annotations

import difflib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import sh  # noqa: F401  # once, not once a child
from snapshot import snapshot

from netwrap import shell
from netwrap.lab import apply, file


class Killer:
    """Counts the commands that change something, and kills this process after some of them."""

    def __init__(self, after: int) -> None:
        self.left = after

    def install(self) -> None:
        batch: Callable[..., Any] = shell.batch
        run: Callable[..., Any] = shell.run

        def killing_batch(parts: Any, **options: Any) -> Any:
            if options.get("changes", True):
                short = []
                for netns, lines in parts:
                    short.append((netns, lines[: self.left]))
                    self.left -= len(short[-1][1])
                    if self.left == 0:
                        batch(short, **options)
                        os.kill(os.getpid(), signal.SIGKILL)
            return batch(parts, **options)

        def killing_run(*words: Any, **options: Any) -> Any:
            done = run(*words, **options)
            if options.get("changes"):
                self.count()
            return done

        shell.batch, shell.run = killing_batch, killing_run
        for name in ("write", "unlink", "start"):
            setattr(shell, name, self.counted(getattr(shell, name)))

    def counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **options: Any) -> Any:
            done = function(*words, **options)
            self.count()
            return done

        return call

    def count(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def in_child(work: Callable[[], object]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", flush=True)
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def quiet(_text: str) -> None:
    pass


def up(name: str) -> None:
    with apply.Interrupts() as interrupts:
        apply.up(file.load(name), quiet, quiet, interrupts)


def is_up(name: str) -> None:
    difference = apply.compare(file.load(name))
    assert not difference.steps and not difference.unlisted and not difference.strangers, difference


def main(name: str, what: str) -> None:
    lab = file.load(name).name
    before = snapshot()
    after = 0
    while True:
        after += 1

        def killed(after: int = after) -> None:
            Killer(after).install()
            if what == "down":
                apply.down(lab, quiet, quiet)
            else:
                up(name)

        if what == "down":
            assert in_child(lambda: up(name)) == 0
        status = in_child(killed)
        if status not in (0, -signal.SIGKILL):
            print(f"failed, status {status}")
            return
        if what == "again" and (in_child(lambda: up(name)) != 0 or in_child(lambda: is_up(name)) != 0):
            print(f"up again failed, killed after command {after}")
        if in_child(lambda: apply.down(lab, quiet, quiet)) != 0:
            print(f"down failed, killed after command {after}")
        now = snapshot()
        if now != before:
            print(f"not as before, killed after command {after}:")
            print("\n".join(difflib.unified_diff(before.split("\n"), now.split("\n"), lineterm="", n=0)))
            return
        if status == 0:
            break
    print(f"commands: {after - 1}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "up")
