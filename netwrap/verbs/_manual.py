"""The manual page netwrap(1), made from the tables of options and verbs."""

from __future__ import annotations

from netwrap import __version__

from . import _help, _options
from ._options import VERBS, WRAPPED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH = 80
_DATE = "2026-11-27"
_DESCRIPTION = (
    "The command as you know it, run, parsed and shown as a table, in one network namespace or in all; and answers about the "
    "whole host. Options stand in front of the command or among its words, up to a word --; the short ones in front only."
)
_STATUS = (
    ("0", "done"),
    ("1", "a finding, a difference, or something that could not be read"),
    ("2", "wrong usage"),
    ("3", "undecided"),
    ("127", "a binary is missing"),
    ("130", "Ctrl-C"),
    ("141", "the reader of the output has gone, as in netwrap report | head; no message is printed"),
)
_ENVIRONMENT = (
    ("NETWRAP_OPTIONS", "options that stand in front of every command line, where they make sense"),
    ("NO_COLOR", "no colour"),
    ("COLUMNS", "the width of the terminal"),
    ("PAGER", "the program that shows what does not fit the terminal (default: less); none if it is empty"),
)


def page() -> str:
    """The whole page, as roff; `mandoc -T lint` likes no line longer than 80 bytes."""
    return "\n".join(line for long in _lines() for line in _filled(long)) + "\n"


def _filled(line: str) -> list[str]:
    """The lines of a text; a request stays in one line, and no line of a text looks like one."""
    import textwrap

    if line.startswith(".") or len(line) <= _WIDTH:
        return [line]
    first, *rest = textwrap.wrap(line, _WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    return [first, *("\\&" + text if text.startswith((".", "\\(aq")) else text for text in rest)]


def _lines() -> Iterator[str]:
    yield f'.TH NETWRAP 1 {_DATE} "netwrap {__version__}" "User Commands"'
    yield from (".SH NAME", r"netwrap \- ip, bridge, arp and route as tables, in all network namespaces")
    yield ".SH SYNOPSIS"
    yield rf".B netwrap\fR [\fIOPTIONS\fR] \fB{'|'.join(WRAPPED)}\fR \fIWORDS\fR..."
    yield from (".br", r".B netwrap\fR [\fIOPTIONS\fR] \fIVERB\fR ...")
    yield from (".SH DESCRIPTION", _roff(_DESCRIPTION))
    yield ".SH COMMANDS"
    for name, verb in VERBS.items():
        yield ".TP"
        yield rf".B {_roff(name)}\fR {_roff(verb.operands)}".rstrip()
        yield _roff(verb.summary[0].upper() + verb.summary[1:]) + "."
        for option in _options.OPTIONS["of this verb"]:
            if name in option.verbs:
                yield from (".RS", ".TP", rf".B {_roff(_help.spelled(option))}", _roff(option.text) + ".", ".RE")
    yield ".SH OPTIONS"
    for heading, options in _options.OPTIONS.items():
        if heading == "of this verb":
            continue
        yield f".SS {heading[0].upper()}{heading[1:]}"
        for option in options:
            yield from (".TP", rf".B {_roff(_help.spelled(option))}", _roff(option.text) + ".")
            yield ".br"
            yield f"For: {', '.join(option.verbs)}."
    for title, pairs in (("EXIT STATUS", _STATUS), ("ENVIRONMENT", _ENVIRONMENT)):
        yield f".SH {title}"
        for name, text in pairs:
            yield from (".TP", f".B {_roff(name)}", _roff(text) + ".")
    yield ".SH EXAMPLES"
    for verb in VERBS.values():
        for example in verb.examples:
            yield from (".TP", rf".B {_roff(example)}", _roff(verb.summary[0].upper() + verb.summary[1:]) + ".")
    yield from (".SH SEE ALSO", ".BR ip (8),", ".BR bridge (8),", ".BR ip\\-netns (8)")


def _roff(text: str) -> str:
    """A text escaped so that roff prints it unchanged."""
    shown = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...").replace("'", "\\(aq").replace("^", "\\(ha")
    shown = shown.replace("~", "\\(ti").replace("`", "\\(ga")
    return "\\&" + shown if shown.startswith((".", "\\(aq")) else shown
