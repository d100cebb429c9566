"""Kill a lab after the first command of each kind in turn, take it down, and compare the host: run as a script in a private host.

    lab_killed.py LAB [up|again|down]

``up``: `lab up` is killed. ``again``: it is killed and run again, which must succeed. ``down``: `lab down` is killed. Then `lab
down` must leave the host as it was before. Prints a difference, or after how many commands it was killed.
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
from netwrap.lab import apply, file, perform, processes


class Counter:
    """Recorder of the kind of each changing command; kills this process after a number of commands (0: never)."""

    def __init__(self, after: int = 0) -> None:
        self.after = after
        self.kinds: list[tuple[object, ...]] = []

    def install(self) -> None:
        batch: Callable[..., Any] = shell.batch
        run: Callable[..., Any] = shell.run

        def counted_batch(parts: Any, **options: Any) -> Any:
            if options.get("changes", True):
                short = []
                for netns, lines in parts:
                    here = lines[: self.after - len(self.kinds)] if self.after else lines
                    short.append((netns, here))
                    self.kinds += [(netns is None, *words[:3]) for words in here]
                    if len(self.kinds) == self.after:
                        batch(short, **options)
                        self.die()
            return batch(parts, **options)

        def counted_run(words: Any, **options: Any) -> Any:
            done = run(words, **options)
            if options.get("changes", False):
                self.count(options.get("netns") is None, *words[:3])
            return done

        shell.batch, shell.run = counted_batch, counted_run  # type: ignore[assignment]
        for name in ("write", "unlink", "write_sysctl", "start", "end"):
            setattr(processes, name, self.counted(name, getattr(processes, name)))

    def counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **options: Any) -> Any:
            done = function(*words, **options)
            self.count(name)
            return done

        return call

    def count(self, *kind: object) -> None:
        self.kinds.append(kind)
        if len(self.kinds) == self.after:
            self.die()

    def die(self) -> None:
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
    with perform.Interrupts() as interrupts:
        apply.up(file.load(name), quiet, quiet, interrupts)


def is_up(name: str) -> None:
    difference = apply.compare(file.load(name))
    assert not difference.steps and not difference.unlisted and not difference.strangers, difference


def main(name: str, what: str) -> None:
    lab = file.load(name).name
    before = snapshot()

    def work() -> None:
        if what == "down":
            apply.down(lab, quiet, quiet)
        else:
            up(name)

    def firsts() -> None:
        counter = Counter()
        counter.install()
        work()
        print(*(number for number, kind in enumerate(counter.kinds, 1) if kind not in counter.kinds[: number - 1]), flush=True)

    if what == "down":
        assert in_child(lambda: up(name)) == 0
    numbers = [int(word) for word in printed_by(firsts).split()]
    assert in_child(lambda: apply.down(lab, quiet, quiet)) == 0
    for after in numbers:

        def killed(after: int = after) -> None:
            Counter(after).install()
            work()

        if what == "down":
            assert in_child(lambda: up(name)) == 0
        status = in_child(killed)
        if status != -signal.SIGKILL:
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
    print(f"commands: {len(numbers)}")


def printed_by(work: Callable[[], object]) -> str:
    """The output of ``work``, run in a child process."""
    taken, given = os.pipe()
    kept = os.dup(1)
    os.dup2(given, 1)
    try:
        assert in_child(work) == 0
    finally:
        os.dup2(kept, 1)
        os.close(given)
    with os.fdopen(taken) as file:
        return file.read()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "up")
