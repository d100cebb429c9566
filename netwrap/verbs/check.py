"""What is wrong in the networks of this host, or of captures: each finding with the line that shows it and the command that
mends it.

NAME are namespaces (without any: all). What could not be read is reported, not counted as sound. A consequence stands under its
cause. docs/checks.md lists all checks.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from functools import partial

from netwrap.errors import NetwrapError, UsageError

from . import _source, say
from ._options import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from netwrap.answers.check import Alone
    from netwrap.answers.checks import Finding
    from netwrap.model.host import Host

    from ._options import Options


def run(options: Options) -> int:
    """Print the findings; 0 where there is no error and no warning, 1 where there is one, or something could not be read."""
    from netwrap import wording
    from netwrap.answers import check

    if options.explain is not None:
        refuse(options, {*options.typed} - {"--explain"}, "with --explain: it describes a check, and reads no host")
        if options.words:
            raise UsageError(f"--explain describes one check, and takes no namespace: {' '.join(options.words)}")
        return _explain(options.explain)
    level = options.level or "note"
    asked = check.chosen(options.only, options.without)
    together = check.Together(options.only, options.without, level, options.words)
    facts = bool(options.source or options.via)
    ask = partial(_alone, only=options.only, without=options.without, netns=options.words, facts=facts)
    hosts = _source.Asked(options, ask)
    namespaces, missing, unknown = 0, "", Counter[str]()
    for host, told in hosts:
        if isinstance(told, UsageError):
            missing = missing or str(told)
        else:
            namespaces += told.namespaces
            unknown.update(told.unknown)
            together.add(host.name, told, host.source if hosts.are_many else "")
    if missing and not namespaces:
        raise UsageError(missing)
    found = together.findings()
    if options.accept is not None:
        found = _news(found, options.accept)
    if options.format in ("json", "jsonl"):
        records = [one.record() for one in found]
        if options.format == "json":
            print(json.dumps(records, indent=1))
        else:
            for record in records:
                print(json.dumps(record))
    else:
        for line in check.lines(found, several=len(hosts.hosts) > 1):
            sys.stdout.write(wording.printable(line) + "\n")
        sys.stdout.write(check.summary(found, len(asked), namespaces, unknown) + "\n")
    sys.stdout.flush()
    for note in wording.states(together.states()):
        say(note)
    status = _source.remarks(hosts.hosts, lacks=False, verbose=options.verbose)
    return 1 if any(one.severity in ("error", "warning") for one in found) else status


def _alone(
    host: Host, several: bool, only: Sequence[str], without: Sequence[str], netns: Sequence[str], facts: bool
) -> Alone | UsageError:  # fmt: skip
    """The findings of a host by itself; the error where it has none of the namespaces asked for."""
    from netwrap.answers import check

    try:
        return check.alone(host, only, without, netns, facts=facts)
    except UsageError as error:  # `check duplicates`
        return UsageError(f"{error}; --only chooses checks") if str(error).startswith("no namespace") else error


def _explain(name: str) -> int:
    from netwrap.answers import check

    known = check.catalogue()
    one = known.get(name.upper())
    if one is None:
        raise check.unknown(name)
    for line in check.explained(one):
        print(line)
    return 0


def _news(found: list[Finding], path: str) -> list[Finding]:
    """The findings that the baseline lacks; without a file, one is written with these, and there is no news."""
    from netwrap.answers import check

    if not os.path.exists(path):
        text = json.dumps([one.record() for one in found], indent=1) + "\n"
        try:
            with open(path, "x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise NetwrapError(f"cannot write {path}: {error.strerror}") from None
        say(f"{path}: made, with {len(found)} finding{'s' if len(found) != 1 else ''}; what comes later is news")
        return []
    try:
        with open(path, encoding="utf-8") as file:
            baseline = check.accepted(file.read())
    except (OSError, ValueError) as error:
        raise NetwrapError(f"cannot read {path}: {error}") from None
    except NetwrapError as error:
        raise NetwrapError(f"{path}: {error}") from None
    return check.news(found, baseline)
