"""The command line: arguments in, exit status out. It finds the verb and turns errors into one line; the verbs do the rest."""

from __future__ import annotations

import importlib
import os
import sys
import warnings

from .errors import CommandError, NetwrapError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from types import ModuleType

#: netwrap's own verbs, each a module of :mod:`netwrap.verbs`, and what the overview says of them.
VERBS = {
    "report": "the namespaces of this host in one table, or all about one of them",
    "find": "every place where an address, MAC, name or number occurs, its owner first",
    "capture": "everything about every namespace as one text, for --from; or the script that makes it elsewhere",
    "parse": "tables from captured output: files, standard input, a pasted terminal session",
    "lab": "build a network of namespaces from one file, check it, take it down again",
}
#: The wrapped binaries.
WRAPPED = {
    "ip": "link, address, route, neigh, rule, netns: run, parsed, tabulated; anything else is passed through",
    "arp": "the ARP table (answered from `ip neigh` where arp is not installed)",
    "route": "the routing table (answered from `ip route` where route is not installed)",
    "bridge": "link, fdb, vlan",
}

_FLAGS = ("--show-commands", "--dry-run")


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the words ask for and return the exit status: 0 done, 1 a finding, 2 wrong usage, 127 a missing binary."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = _warn
    try:
        try:
            status = _dispatch(words)
            sys.stdout.flush()
        except NetwrapError as error:
            sys.stdout.flush()
            _complain(str(error))
            status = _status(error)
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:  # `| head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 141
    return status


def _status(error: NetwrapError) -> int:
    if isinstance(error, UsageError):
        return 2
    return error.status if isinstance(error, CommandError) else 1


def _complain(text: str) -> None:
    from .verbs import say

    say(text)


def _warn(message: Warning | str, *_: object, **__: object) -> None:
    _complain(str(message))


def _dispatch(words: list[str]) -> int:
    front = _front(words)
    if "-h" in front or "--help" in front or words in ([], ["help"]):
        print(_overview())
        return 0
    if "--version" in front:
        from . import __version__

        print(f"netwrap {__version__}")
        return 0
    verb, rest = (words[len(front)] if len(words) > len(front) else ""), words[len(front) + 1 :]
    if verb in WRAPPED:
        from .verbs import wrapped

        return wrapped.run(verb, front, rest)
    if verb not in VERBS:
        known = ", ".join((*WRAPPED, *VERBS))
        raise UsageError(f"unknown command {verb!r}; there are: {known}" if verb else f"a command is missing; there are: {known}")
    from .verbs._options import joined

    module = importlib.import_module(f".verbs.{verb}", __package__)
    rest = _global_flags([*front, *rest])
    if hasattr(module, "scan") and not {"-h", "--help"} & set(rest):
        options = module.scan(rest)
    else:
        options = _parser(verb, module).parse_args(joined(rest))
    status: int = module.run(options)
    return status


def _front(words: list[str]) -> list[str]:
    """The options in front of the verb, with their values."""
    from .verbs._options import VALUED

    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in VALUED else 1
    return words[:at]


def _global_flags(words: list[str]) -> list[str]:
    """Obey ``--show-commands`` and ``--dry-run``, wherever they stand, and return the other words."""
    if any(word in _FLAGS for word in words):
        from . import shell

        shell.show_commands(dry_run="--dry-run" in words)
        words = [word for word in words if word not in _FLAGS]
    return words


def _parser(verb: str, module: ModuleType) -> argparse.ArgumentParser:
    from .verbs import argument_parser

    parser = argument_parser(f"netwrap {verb}", (module.__doc__ or "").strip())
    module.arguments(parser)
    return parser


def _overview() -> str:
    lines = ["usage: netwrap [OPTIONS] ip|arp|route|bridge WORDS...   the command as you know it, as a table",
             "       netwrap VERB ...                                see netwrap VERB --help", ""]  # fmt: skip
    width = max(map(len, (*WRAPPED, *VERBS)))
    lines += [f"  {name.ljust(width)}  {text}" for name, text in {**WRAPPED, **VERBS}.items()]
    lines += [
        "",
        "options, in front of the command or behind it:",
        "  --netns NAME      run it in this namespace (repeat for more); the table gets a column netns",
        "  --all-netns       run it in every namespace, the root namespace included",
        "  --from PATH       answer from a capture, a folder of texts, a pasted session or an sos report",
        "  --format FORMAT   a format of tabulate, or json, jsonl, csv, tsv",
        "  --columns A,B     which columns; --where NAME=VALUE which rows; --sort NAME in which order; --no-header",
        "  --show-commands   print every command before it runs; --dry-run: and run none that changes anything",
        "  --version, --help",
        "",
        "example: netwrap --all-netns ip address --where scope=global",
    ]
    return "\n".join(lines)
