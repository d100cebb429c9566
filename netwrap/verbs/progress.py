"""How far a sweep has come: a bar on a terminal, when it takes longer than a second."""

from __future__ import annotations

import sys
import time

_WIDTH = 30
_PATIENCE = 1.0


class Bar:
    """Hand :meth:`show` to what reports its progress; the bar is wiped away at the end.

    >>> with Bar("namespaces") as bar:  # nothing is seen where standard error is no terminal
    ...     bar.show(3, 10)
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._start = time.monotonic()
        self._shown = False
        self._wanted = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> Bar:
        return self

    def show(self, done: int, of: int) -> None:
        """Draw the bar: ``done`` of ``of``."""
        if not self._wanted or time.monotonic() - self._start < _PATIENCE:
            return
        filled = _WIDTH * done // max(of, 1)
        self._shown = True
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (_WIDTH - filled)}] {done} of {of} {self._what} ")
        sys.stderr.flush()

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
