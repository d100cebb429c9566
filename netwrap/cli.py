"""The command line: arguments in, exit status out. This module finds the verb and turns errors into one line."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
import warnings

from .errors import CommandError, NetwrapError, UsageError, similar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .verbs._options import Options


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the words ask for and return the exit status: 0 done, 1 a finding, 2 wrong usage, 127 a missing binary."""
    if argv is None:  # the process is ours, and ends with us: Python need not look for cycles in all that goes with it
        atexit.register(gc.freeze)
        gc.set_threshold(7_000, 5, 2)  # all objects are gone through as often as by default, young ones in larger lots
    words = list(sys.argv[1:] if argv is None else argv)
    closed = _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = _warn
    if 1 in closed:
        _complain("standard output is closed")
        return 1
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
        _give_up_output()
        status = 141
    except OSError as error:  # a full disk, in most cases
        _give_up_output()
        _complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
        status = 1
    except (MemoryError, RecursionError) as error:
        _give_up_output()
        _complain(f"the input is too large or too deep: {type(error).__name__}")
        status = 1
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0].lstrip("_")
        if name not in (*_NEEDED, *_APART):
            raise
        how = f"opkg install python3-{name}" if name in _APART else f"python3 -m pip install {name}"
        _complain(f"the Python module {name!r} is missing: {how}")
        status = 1
    return status


_NEEDED = ("sh", "tabulate", "tomli")
# Modules of the standard library that OpenWrt packs apart, each by its own name.
_APART = ("asyncio", "ctypes", "decimal", "email", "logging", "lzma", "multiprocessing", "sqlite3", "urllib", "uuid", "xml")


def _open_what_is_closed() -> list[int]:
    """Open /dev/null as standard input, output or error where one is closed, so that no file gets its number; return those."""
    closed = []
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free is this one
            closed.append(number)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))
    return closed


def _give_up_output() -> None:
    """Discard output that is still buffered: Python would try to write it again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _status(error: NetwrapError) -> int:
    if isinstance(error, UsageError):
        return 2
    return error.status if isinstance(error, CommandError) else 1


def _complain(text: str) -> None:
    from .verbs import say

    say(text)


def _warn(message: Warning | str, *_: object, **__: object) -> None:
    _complain(str(message))


# The names that other tools give to what a verb of ours does.
_CALLED = {
    "report": "show list ls status overview summary info namespaces",
    "find": "search grep whois where lookup locate who whohas who-has arping",
    "trace": "ping traceroute tracepath path reach route-get debug why",
    "check": "lint doctor verify validate test diagnose audit health",
    "topology": "graph draw map picture diagram tree plot dot",
    "capture": "dump save snapshot collect record backup",
    "diff": "compare changes",
    "sql": "query select",
    "parse": "read convert jc",
    "route -n' or 'ss -tulpn": "netstat",
    "ss -tlnp": "ports listen listeners listening sockets",
    "iptables -nvL": "firewall",
    "nft list ruleset": "nftables",
}


# Words behind an unknown verb that say nothing.
_FILLERS = ("has", "is", "owns", "uses", "to", "from", "of", "the")


def _meant(verb: str, rest: list[str], known: list[str]) -> str:
    """A question for the end of an error: the command that an unknown verb may stand for; "" for none.

    ``rest``: the words behind the verb.
    """
    from .commands.line import parser_of
    from .wording import pasteable

    if " " in verb:  # a command in quotes
        return "; write its words without quotes" if verb.split()[0] in known else ""
    rest = [word for word in rest if word not in _FILLERS]
    if verb == "netwrap":
        return f"; did you mean {pasteable([verb, *rest])!r}?" if rest and rest[0] in known else ""
    if rest and verb in ("show", "list", "ls", "get"):  # `show routes`
        try:
            return f"; did you mean {' '.join(['netwrap', *parser_of('ip ' + rest[0].rstrip('s')).split('_')])!r}?"
        except ValueError:
            pass
    if rest and rest[0] in ("ip", "arp", "route", "bridge", "ss", "nft", "iptables", "sysctl"):  # `web ip a`
        return f"; did you mean {pasteable(['netwrap', '-n', verb, *rest])!r}?"
    named = next((meant for meant, names in _CALLED.items() if verb.lower() in names.split()), "")
    if (named == "find" and len(rest) == 1 or named == "trace" and len(rest) == 2) and not rest[0].startswith("-"):
        return f"; did you mean {pasteable(['netwrap', named, *rest])!r}?"
    for meant, names in _CALLED.items():
        if verb.lower() in names.split():
            return f"; did you mean '{meant}'?"
    try:  # `addr`, `links`, `iplink`, `ip-route`
        text = f"ip {verb[2:].lstrip('-_')}" if verb.startswith("ip") else verb
        return f"; did you mean {' '.join(parser_of(text.rstrip('s')).split('_'))!r}?"
    except ValueError:
        return similar(verb, known)


def _dispatch(words: list[str]) -> int:
    if words in (["--version"], ["-V"]):  # what scripts ask for most, without the tables of options
        return _print_version()
    from .verbs import _options

    reader, verb = _options.front(words)
    if verb == "version":
        return _print_version()
    if verb in ("", "help") and not reader.taken or verb == "help":
        from .verbs import _help

        _help.show(words[reader.at :])
        return 0
    known = [name for name in _options.VERBS if " " not in name]
    if verb not in known:
        if verb and (near := _meant(verb, words[reader.at :], known)):
            raise UsageError(f"unknown command {verb!r}{near}; see netwrap --help")
        wrong = f"unknown command {verb!r}" if verb else "a command is missing"
        raise UsageError(f"{wrong}; there are: {', '.join(known)}")
    if reader.words[reader.at :] == ["--help"] or verb not in _options.WRAPPED and _asks_for_help(reader.words[reader.at :]):
        from .verbs import _help

        _help.show([verb, *reader.words[reader.at :]])
        return 0
    wrapped = verb in _options.WRAPPED
    if wrapped:
        from .commands.line import executes

        options = _options.among(reader, verb, executes)
    else:
        options = _options.behind(reader, verb)
    _options.check_company(options)
    module = importlib.import_module(f".verbs.{'wrapped' if wrapped else verb}", __package__)
    if options.show_commands or options.dry_run:
        from . import shell

        shell.show_commands(dry_run=options.dry_run)
    if options.verb in _options.TABLES:
        from .verbs import _table

        _table.check(options)
    if options.watch is not None:
        from .verbs import _watch

        return _watch.run(module.run, options, _watched(options, wrapped))
    status: int = module.run(options)
    return 1 if options.exit_status and not options.tally[0] and status == 0 else status


def _print_version() -> int:
    from . import __version__

    print(f"netwrap {__version__}")
    return 0


def _watched(options: Options, wrapped: bool) -> str:
    """The lines of the table to watch. Raises UsageError for a command that prints no table."""
    if not wrapped:
        return options.verb
    from .commands.line import understand

    asked = understand(options.words)
    if asked.parser is None:
        from .verbs import wrapped as passed

        passed.refuse_tables(options.words, options)
    return asked.parser or ""


def _asks_for_help(words: list[str]) -> bool:
    return any(word in ("-h", "--help") for word in words[: words.index("--") if "--" in words else None])
