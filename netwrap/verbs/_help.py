"""`netwrap help`: the overview, and the help of each verb, made from the tables of options and verbs."""

from __future__ import annotations

import importlib
import inspect

from netwrap.errors import UsageError, similar

from . import _options
from ._options import VERBS, WRAPPED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ._options import Option

_WIDTH = 100


def show(words: Sequence[str]) -> None:
    """Print the help of the verb that words name (``["lab", "up"]``), or the overview. Raises UsageError for an unknown verb."""
    named = [word for word in words if not word.startswith("-")]
    if not named:
        print("\n".join(overview()))
        return
    both = " ".join(named[:2])
    verb = both if both in VERBS else named[0]
    own = [name for name in VERBS if name.startswith(f"{verb} ")]
    if own and named[1:]:
        raise UsageError(f"no help for {both!r}{similar(both, own)}; there is help for: {', '.join(own)}")
    if verb not in VERBS:
        raise UsageError(f"no help for {verb!r}{similar(verb, VERBS)}; there is help for: {', '.join(VERBS)}")
    print("\n".join(of_verb(verb)))


def overview() -> Iterator[str]:
    """What netwrap does, its verbs, and the options that most of them obey."""
    yield f"usage: netwrap [OPTIONS] {'|'.join(WRAPPED)} WORDS...   the command as you know it, as a table"
    yield "       netwrap VERB ...                                 see netwrap help VERB"
    yield ""
    yield from _aligned((name, row.summary) for name, row in VERBS.items() if " " not in name)
    yield ""
    yield "options, in front of the command or behind it; the short ones in front only:"
    general = [option for option in _options.ALL if WRAPPED[0] in option.verbs]
    yield from _aligned((spelled(option), option.text) for option in general)
    yield from _aligned([("-V, --version", "print the version"), ("-h, --help", "print this")])
    yield ""
    yield "example: netwrap --all-netns ip address --where scope=global"


def of_verb(verb: str) -> Iterator[str]:
    """The help of one verb."""
    row = VERBS[verb]
    yield f"usage: netwrap [OPTIONS] {verb} {row.operands}".rstrip()
    yield ""
    yield from description(verb)
    own = {name: other for name, other in VERBS.items() if name.startswith(f"{verb} ")}
    if own:
        yield ""
        yield from _aligned((f"{name} {other.operands}".rstrip(), other.summary) for name, other in own.items())
    operands = _options.LAB_OPERANDS if verb.startswith("lab") else _options.OPERANDS
    shown = [(name, text) for name, text in operands.items() if name in row.operands]
    if shown:
        yield ""
        yield from _aligned(shown)
    for heading, options in _options.OPTIONS.items():
        mine = [option for option in options if verb in option.verbs]
        if mine:
            yield ""
            yield f"{heading}:"
            yield from _aligned((spelled(option), option.text) for option in mine)
    yield ""
    yield "examples:" if row.examples[1:] else "example:"
    yield from (f"  {example}" for example in row.examples)


def description(verb: str) -> list[str]:
    """What a verb does, in a paragraph or two."""
    if verb in WRAPPED:
        return [
            f"Runs {verb} with these words, as you know it, and shows what it prints as a table; what prints no table is",
            f"passed through. Options of netwrap stand in front of {verb} or among its words, up to a word --.",
        ]
    if " " in verb:
        summary = VERBS[verb].summary
        return [summary[0].upper() + summary[1:] + "."]
    return inspect.cleandoc(importlib.import_module(f"netwrap.verbs.{verb}").__doc__ or "").split("\n")


def spelled(option: Option) -> str:
    """``-o, --format FORMAT``"""
    short = f"{option.short}, " if option.short else ""
    return f"{short}{option.name} {option.value}".rstrip()


def _aligned(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Words and their explanations in two columns; long explanations go on below themselves."""
    import textwrap

    listed = list(pairs)
    width = min(max(len(name) for name, _ in listed), 24)
    for name, text in listed:
        lines = textwrap.wrap(text, _WIDTH - width - 4) or [""]
        if len(name) > width:
            yield f"  {name}"
            name = ""
        yield f"  {name.ljust(width)}  {lines[0]}".rstrip()
        yield from (" " * (width + 4) + line for line in lines[1:])
