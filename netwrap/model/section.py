"""A section: what one command printed in one network namespace, whoever captured it and however."""

from __future__ import annotations

from typing import NamedTuple


class Section(NamedTuple):
    """What one command printed.

    ``netns``: the key of the namespace it ran in, ``""`` for the host as a whole; ``command``: as a user would type it
    (``ip -d -s -j link show``, ``cat /proc/net/arp``); ``stdout`` and ``stderr``: text, bytes that are no UTF-8 as
    surrogates; ``status``: its exit status, None where that is not known (pasted text).
    """

    netns: str
    command: str
    stdout: str
    stderr: str = ""
    status: int | None = None
