"""Kill `lab up` after each of its commands in turn, take the lab down, and compare the host: run as a script in a private host.

    lab_killed.py LAB [STEP]

Prints a line for each command after which the host was not as before, and at last how many commands were tried.
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


def main(name: str, stride: int) -> None:
    lab = file.load(name)
    before = snapshot()
    tried, after = 0, 1
    while True:
        def killed(after: int = after) -> None:
            Killer(after).install()
            with apply.Interrupts() as interrupts:
                apply.up(lab, quiet, quiet, interrupts)

        status = in_child(killed)
        if status not in (0, -signal.SIGKILL):
            print(f"up failed, status {status}")
            return
        if in_child(lambda: apply.down(lab.name, quiet, quiet)) != 0:
            print(f"down failed after {after}")
        now = snapshot()
        if now != before:
            print(f"not as before, killed after command {after}:")
            print("\n".join(difflib.unified_diff(before.split("\n"), now.split("\n"), lineterm="", n=0)))
            return
        tried += 1
        if status == 0:
            break
        after += stride
    print(f"commands: {after - 1}, tried: {tried}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1)
