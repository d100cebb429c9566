"""The output of one command in one network namespace, as all sources produce it."""

from __future__ import annotations

from parsers.tuples import NamedTuple


class Section(NamedTuple):
    """The output of one command, the namespace and host it ran in, and the place of the text in the source.

    ``netns``: the key of the namespace it ran in, ``""`` for the host as a whole; ``command``: as a user would type it
    (``ip -d -s -j link show``, ``cat /proc/net/arp``); ``stdout`` and ``stderr``: text, bytes that are no UTF-8 as
    surrogates; ``status``: its exit status, None where that is not known (pasted text); ``host``: the machine it ran on,
    ``""`` if the source does not name it; ``source``: the file or archive member that holds it; ``line``: the number of the
    line of ``source`` that ``stdout`` begins with, 0 where it is not known; ``part``: why ``stdout`` is only a part of what
    the command prints (``"| grep 10.0"``, ``"cut off"``), ``""`` where it is whole; ``state``: 0 for the first time that the
    command was run there, 1 for the next.
    """

    netns: str
    command: str
    stdout: str
    stderr: str = ""
    status: int | None = None
    host: str = ""
    source: str = ""
    line: int = 0
    part: str = ""
    state: int = 0
