"""The only place that runs anything.

Every command runs with ``LC_ALL=C`` and no ``LANGUAGE`` (net-tools translate their tables), without a terminal (`ip` colours
for one), with a time-out, and its output is complete whatever its size. What fails becomes an error of
:mod:`netwrap.errors`, told from the words of iproute2, net-tools and busybox.

No string is ever handed to a shell: a command is a list of words.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import warnings
from typing import TYPE_CHECKING, NamedTuple

from .errors import (
    AlreadyExists,
    CommandError,
    CommandFailed,
    CommandMissing,
    CommandWarning,
    InvalidArgument,
    NetworkUnreachable,
    NoSuchNetns,
    NotFound,
    PermissionDenied,
    TimedOut,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TIMEOUT = 60.0
NETNS_DIR = "/var/run/netns"

#: Called with each command before it runs (`--show-commands`).
announce: Callable[[Sequence[str]], None] | None = None
#: Commands that change something are announced and not run (`--dry-run`).
dry_run = False

# What binaries say, and what it means; the first that is found counts. Words of iproute2 3.10 to 7.x, net-tools and
# busybox under LC_ALL=C (../shared notes: net-tools-and-busybox.md, section 9).
_MEANINGS: tuple[tuple[re.Pattern[str], type[CommandFailed]], ...] = (
    (
        re.compile(
            r"Cannot open network namespace|setting the network namespace .*: Invalid argument"
            r"|Cannot remove namespace file .*No such file|nsenter: cannot open"
        ),
        NoSuchNetns,
    ),
    (re.compile(r"Operation not permitted|Permission denied|must be root"), PermissionDenied),
    (re.compile(r"File exists|already exists|already assigned"), AlreadyExists),
    (
        re.compile(
            r"No such process|No such file or directory|No such device|Cannot find device|[Cc]an't find device"
            r"|does not exist|Cannot assign requested address|No ARP entry|Address not found|No such entry"
            r"|Cannot find specified"
        ),
        NotFound,
    ),
    (re.compile(r"Network is unreachable|No route to host|Nexthop has invalid gateway|Network unreachable"), NetworkUnreachable),
    (
        re.compile(
            r"Invalid argument|is invalid|is a garbage|is garbage|is wrong|[Ii]nvalid |Unknown device type|unknown hardware"
            r"|not a valid|expected rather than|out of range|Numerical result|either \"|is unknown|bogus netmask"
            r"|doesn't make sense|Command line is not complete|doesn't match route|need hardware address|invalid number"
        ),
        InvalidArgument,
    ),
)


class Result(NamedTuple):
    """What a command printed (text; bytes that are no UTF-8 survive as surrogates), said, and ended with."""

    stdout: str
    stderr: str
    status: int


def environment() -> dict[str, str]:
    """The environment of every command."""
    env = {key: value for key, value in os.environ.items() if key not in ("LANGUAGE", "LANG", "IPROUTE2_COLOR")}
    env.update(LC_ALL="C", NO_COLOR="1")
    return env


def find(name: str) -> str | None:
    """The path of a binary, also where the user's PATH has no ``sbin``; None where it is not installed."""
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")


def in_netns(argv: Sequence[str], netns: str | None) -> list[str]:
    """The words that run a command in a namespace: a name, or a path where the name holds a slash.

    >>> in_netns(["ip", "link"], "red"), in_netns(["arp", "-n"], "red")
    (['ip', '-n', 'red', 'link'], ['ip', 'netns', 'exec', 'red', 'arp', '-n'])
    >>> in_netns(["ip", "link"], "/proc/42/ns/net")
    ['nsenter', '--net=/proc/42/ns/net', 'ip', 'link']
    """
    words = list(argv)
    if netns is None:
        return words
    if "/" in netns:
        return ["nsenter", f"--net={netns}", *words]
    if os.path.basename(words[0]) in ("ip", "bridge"):
        return [words[0], "-n", netns, *words[1:]]
    return ["ip", "netns", "exec", netns, *words]


def run(
    argv: Sequence[str],
    *,
    netns: str | None = None,
    timeout: float = TIMEOUT,
    check: bool = True,
    stdin: str | None = None,
    changes: bool = False,
    missing_ok: bool = False,
) -> Result:
    """Run a command and return all that it printed.

    ``netns`` runs it in that namespace; ``timeout`` is in seconds; ``check=False`` returns a failure as a result instead of
    raising it; ``stdin`` is handed to it as its input; ``changes`` says that it changes something, which a dry run leaves out.

    Raises CommandMissing, TimedOut, and where it fails the error that its words mean, CommandFailed at least.
    What a command that succeeds says on standard error is warned about (CommandWarning).
    """
    words = in_netns(argv, netns)
    if announce is not None:
        announce(words)
    if dry_run and changes:
        return Result("", "", 0)
    result = _call(words, timeout, stdin)
    if check and result.status != 0:
        raise error(words, result)
    if check and result.stderr.strip():
        for line in result.stderr.strip().split("\n"):
            warnings.warn(f"{words[0]}: {line.strip()}", CommandWarning, stacklevel=2)
    return result


def _call(words: list[str], timeout: float, stdin: str | None) -> Result:
    import io

    import sh  # 90 ms that only those pay who run something

    path = find(words[0])
    if path is None:
        raise CommandMissing(words, 127, f"{words[0]} is not installed")
    out, err = io.BytesIO(), io.BytesIO()
    given = stdin.encode("utf-8", "surrogateescape") if stdin is not None else None
    with open(os.devnull, "rb") as nothing:
        try:
            process = sh.Command(path)(
                *words[1:],
                _env=environment(),
                _in=given if given else nothing,
                _out=out,
                _err=err,
                _tty_in=False,
                _tty_out=False,
                _out_bufsize=65536,
                _timeout=timeout,
                _ok_code=list(range(-64, 256)),
                _return_cmd=True,
            )
        except sh.TimeoutException as late:
            raise TimedOut(words, 124, f"no end after {timeout:g} seconds; killed") from late
        except sh.CommandNotFound as missing:
            raise CommandMissing(words, 127, f"{words[0]} is not installed") from missing
        except OSError as failed:
            raise CommandFailed(words, 126, str(failed)) from failed
    status = process.exit_code
    return Result(
        out.getvalue().decode("utf-8", "surrogateescape"),
        err.getvalue().decode("utf-8", "surrogateescape"),
        status if status >= 0 else 128 - status,
    )


def error(argv: Sequence[str], result: Result) -> CommandError:
    """The error that a failed command's words mean.

    >>> failed = Result("", "RTNETLINK answers: File exists", 2)
    >>> type(error(["ip", "link", "add", "v0", "type", "veth"], failed)).__name__
    'AlreadyExists'
    """
    said = result.stderr.strip() or result.stdout.strip()[:500]  # net-tools say some failures on standard output
    if result.status == 127 and "not found" in said or "exec of" in said and "No such file" in said:
        return CommandMissing(argv, 127, said)
    for pattern, kind in _MEANINGS:
        if pattern.search(said):
            return kind(argv, result.status, said)
    return CommandFailed(argv, result.status, said)


def become(argv: Sequence[str], netns: str | None = None) -> None:
    """Become the command, with its terminal and its exit status: never returns. Raises CommandMissing."""
    words = in_netns(argv, netns)
    if announce is not None:
        announce(words)
    if dry_run:
        raise SystemExit(0)
    path = find(words[0])
    if path is None:
        raise CommandMissing(words, 127, f"{words[0]} is not installed")
    os.execv(path, words)


def pass_through(argv: Sequence[str], netns: str | None = None) -> int:
    """Run a command on our own terminal and return its exit status. Raises CommandMissing."""
    words = in_netns(argv, netns)
    if announce is not None:
        announce(words)
    if dry_run:
        return 0
    path = find(words[0])
    if path is None:
        raise CommandMissing(words, 127, f"{words[0]} is not installed")
    status = os.spawnv(os.P_WAIT, path, words)
    return status if status >= 0 else 128 - status


def show_commands(*, dry_run: bool) -> None:
    """Print every command on standard error before it runs, ready to paste; ``dry_run``: run none that changes anything."""
    global announce
    announce = _print_command
    globals()["dry_run"] = dry_run


def _print_command(argv: Sequence[str]) -> None:
    print(pasteable(argv), file=sys.stderr, flush=True)


def pasteable(argv: Sequence[str]) -> str:
    """A command as a line that a shell takes.

    >>> pasteable(["ip", "link", "set", "v0", "alias", "to the core"])
    "ip link set v0 alias 'to the core'"
    """
    return shlex.join(argv)
