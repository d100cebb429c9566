"""Ask a command for records: JSON where the installed binary gives it, text otherwise, the same records either way."""

from __future__ import annotations

import parsers

from . import commands, shell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# Paths of binaries that do not know `-j` (busybox, iproute2 before 4.14), found out once.
_no_json: set[str] = set()


def records(
    name: str, argv: Sequence[str], *, netns: str | None = None, timeout: float = shell.TIMEOUT, json: bool = True
) -> list[Any]:
    """Run ``argv`` (``["ip", "link", "show"]``) in a namespace and return its records by the parser ``name``.

    Some releases accept `-j` and print text, some refuse it, some print invalid JSON: then the command runs again without `-j`.
    Raises what :func:`netwrap.shell.run` raises, and ParseError.
    """
    module = parsers.module(name)
    binary = argv[0]
    path = shell.find(binary) or binary
    if json and binary in ("ip", "bridge", "nft") and path not in _no_json and not shell.is_busybox(binary):
        asked = [binary, "-j", *argv[1:]]
        result = shell.run(asked, netns=netns, timeout=timeout, check=False)
        if result.status != 0 and _refused(result):
            _no_json.add(path)
        else:
            shell.checked(shell.in_netns(asked, netns), result)
            try:
                return list(module.parse(result.stdout))
            except parsers.ParseError:
                pass
    result = shell.run(argv, netns=netns, timeout=timeout, check=False)
    return read(name, argv, result, shell.in_netns(argv, netns))


def read(name: str, argv: Sequence[str], result: shell.Result, ran: Sequence[str] | None = None) -> list[Any]:
    """Parse the output of a command that ran anywhere; ``ran``: its words, for error messages.

    Raises what :func:`netwrap.shell.run` raises, and ParseError.
    """
    if not _is_empty_table(result):
        shell.checked(ran or argv, result)
    found = list(parsers.module(name).parse(result.stdout))
    commands.complete(name, found, argv)
    return found


def _is_empty_table(result: shell.Result) -> bool:
    """Whether a result is that of `route` in a namespace that never had a route: status 1, a title, a header, no message."""
    return result.status == 1 and result.stdout.startswith("Kernel IP") and not result.stderr.strip()


def _refused(result: shell.Result) -> bool:
    said = result.stderr
    return 'Option "-j' in said or "unrecognized option" in said or "invalid option" in said or "BusyBox" in said
