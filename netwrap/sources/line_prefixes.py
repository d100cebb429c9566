"""Remove prefixes that every line of a table has: a frame, `# `, line numbers, the names of a chat, time and host of a log.

```
│ 0: from all lookup local             14:02 <bob> default via 10.0.0.1 dev eth0
  2  0: from all lookup local          node1: default via 10.0.0.1 dev eth0         Jan  5 10:00:00 gw sh[9]: default via …
```
A prefix is removed from consecutive lines that all have it, if at least one of them without it is a line of a table.
"""

from __future__ import annotations

import re

from . import headings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_FRAME = re.compile(r"\s{0,3}(?:[|│┃║] ?|: )")
_ITEM = re.compile(r"\s{0,20}[-*•] (?=\S| {3})")  # of a list, in YAML or in a text
_COMMENT = re.compile(r"\s{0,8}(?:#|//|;|--|rem\b)[ \t]?", re.IGNORECASE)
# `[14:02] <bob> `, `14:02 < bob> `
_CHAT = re.compile(r"\[?(?:\d{1,2}:\d\d(?::\d\d)?\]? ?)?<(?P<nick>[@+% ]?[a-z][\w-]{0,30})> ?")
# `14:02:11   bob | ` of weechat, `| 14:02 | bob  | ` of a tracker
_CHAT_IN_COLUMNS = re.compile(
    r"(?:\| ?)?\[?\d{1,2}:\d\d(?::\d\d)?\]? {1,20}(?:\| )? {0,20}(?P<nick>[@+%]?[A-Za-z][\w-]{0,30}) {0,20}[|│] ?"
)
# `2024-01-05T10:00:00.123Z `, `[2024-01-05 10:00:00] `
# `2024-01-05 10:00:00,123 INFO  net-check: `, `2024-01-05T10:00:00.123Z 00O ` of GitLab
_TIME = re.compile(
    r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?(?: \d\d[OE]\b\+?)?"
    r"(?:[ |-]{1,4}\[?(?:INFO|DEBUG|WARN|WARNING|ERROR|NOTICE|TRACE)\b\]?[ :|-]{0,4}"
    r"(?:\[?[A-Za-z][\w.-]{0,40}(?:\[\d{1,9}\])?\]?: )?)? ?"
)
# `Jan  5 10:00:00 gw dispatcher[99]: `, `2024-01-05T10:00:00+00:00 gw sh: `
_SYSLOG = re.compile(
    r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S{8,25}) (?P<host>[^\W_][\w.-]{0,60}) [\w./@-]{1,40}"
    r"(?:\[\d{1,9}\])?: "
)
# `docker compose logs`: `web-1  | `; `pssh`, `clush`: `node1: `
_NAMED = re.compile(r"\s{0,8}(?!\d+ )(?P<host>[^\W_][\w.-]{0,60})(?: {1,20}\| ?|: )")
# `[pod/web-1/app] ` of `kubectl logs --prefix`, `[10.0.0.1] out: ` of Fabric
_BRACKETED = re.compile(r"\[(?:pod/)?(?P<host>[^\W_][\w.-]{0,80})(?:/[\w.-]{1,60}\]|\] (?:out|run):) ?")
# `null_resource.net (remote-exec): `
_PROVISIONER = re.compile(r"[\w.\[\]\"-]{1,80} \((?:remote|local)-exec\): ?")
_STRING = re.compile(r'\s*"(.*)",?\s*$')
_NUMBERED = re.compile(r"\s{0,6}(\d{1,6})(?: ?[|│]|[:.)]|\t| {1,4})[ \t]?")
# Texts that follow a prefix only if the line belongs to a table (and not to a comment, a frame or a shell's history)
_TABLE = re.compile(
    r"\s{0,8}(?:\d{1,6}: \S{1,80}: <"
    r"|(?:(?:blackhole|unreachable|prohibit|local|broadcast|multicast) )?"
    r"(?:default|[\d.]{7,15}(?:/\d+)?|[\da-f]{0,4}:[\da-f:]{1,36}(?:/\d+)?) (?:via|dev) |\d{1,6}:\s+from \S"
    r"|inet6? [\d\w.:]+(?:/\d| +netmask )|inet \w+: ?[\d.]{7}"
    r"|\d{1,6}: \S{1,40} +inet6? \S|[\w.@-]{1,40} {2,}(?:UP|DOWN|UNKNOWN) {2,}\S|\S{1,40}: flags=\d"
    r"|\S{1,40} +Link encap:|\? \([\d.]+\) at"
    r"|link/\w+ |Destination +Gateway|Address +HWtype|Kernel IP|[\da-f:]{17} dev )",
    re.ASCII,
)


# `root@alpha:~# ip a`
_PROMPT = re.compile(
    r"\s{0,8}[\w.-]{1,40}@[\w.-]{1,60}[:~ ][^#$\n]{0,60}[#$] (?:sudo )?(?:ip|bridge|arp|route|docker|kubectl) \S", re.ASCII
)


def is_of_table(line: str) -> bool:
    """Whether a line can only be a line of a table, or a prompt with the command of one."""
    return is_row(line) or _PROMPT.match(line[:200]) is not None


def is_row(line: str) -> bool:
    """Whether a line can only be a line of a table."""
    return _TABLE.match(line[:200]) is not None


def without(lines: list[str], breaks: set[int]) -> tuple[list[str], dict[int, str]]:
    """The lines without their prefixes, and the machines that prefixes name: position of the first line → name.

    The position behind the last line of a machine has the name ``""``.

    >>> without(["a1: default via 10.0.0.1 dev eth0", "b2: default via 10.0.0.2 dev eth0", "Bye."], set())
    (['default via 10.0.0.1 dev eth0', 'default via 10.0.0.2 dev eth0', 'Bye.'], {0: 'a1', 1: 'b2', 2: ''})
    >>> without(["# bash# ip a", "# 2: eth0: <UP> mtu 1500"], set())[0]
    ['bash# ip a', '2: eth0: <UP> mtu 1500']
    """
    machines: dict[int, str] = {}
    marks = (_SYSLOG, None), (_TIME, "[0123456789"), (_CHAT_IN_COLUMNS, "|[0123456789"), (_BRACKETED, "["), (_PROVISIONER, None)
    for mark, first in marks:
        lines = _without_mark(lines, mark, breaks, machines, first)
    lines = _without_names(lines, breaks, machines)
    lines = _without_json(lines)
    for mark in (_CHAT, _FRAME, _COMMENT, _ITEM):
        lines = _without_mark(lines, mark, breaks, machines, None)
    return _without_numbers(lines), machines


def grouped(lines: list[str], numbers: list[int]) -> tuple[list[str], list[int]]:
    """The lines, with those of each machine together where the prefixes of several machines alternate.

    >>> grouped(["a1: default dev x", "b2: default dev y", "a1: 10.0.0.0/8 dev x", "Bye."], [1, 2, 3, 4])
    (['a1: default dev x', 'a1: 10.0.0.0/8 dev x', 'b2: default dev y', 'Bye.'], [1, 3, 2, 4])
    """
    order: list[int] = []
    at = 0
    while at < len(lines):
        hosts: list[str] = []
        mixed = False  # whether a machine's table goes on below a line of another one
        while at + len(hosts) < len(lines):
            host, length = _host_in_front(lines[at + len(hosts)])
            if not host:
                break
            if hosts and hosts[-1] != host and host in hosts:
                mixed = mixed or is_of_table(lines[at + len(hosts)][length:])
            hosts.append(host)
        run = range(at, at + len(hosts))
        if mixed:
            for name in dict.fromkeys(hosts):
                order += [position for position in run if hosts[position - at] == name]
        else:
            order += run
        at += len(hosts)
        if at < len(lines):
            order.append(at)
            at += 1
    return [lines[position] for position in order], [numbers[position] for position in order]


def _host_in_front(line: str) -> tuple[str, int]:
    """The machine in the prefix of a line, ``""`` if the line has none, and the length of the prefix."""
    for mark in (_SYSLOG, _BRACKETED, _NAMED) if ": " in line or "| " in line or line[:1] == "[" else ():
        found = mark.match(line[:160])
        if found is not None:
            name = found["host"]
            sure = mark is not _NAMED or headings.is_machine(name) or "|" in found[0] and headings.is_name(name)
            return (name, found.end()) if sure and not is_of_table(line) else ("", 0)
    return "", 0


def _without_mark(
    lines: list[str], mark: re.Pattern[str], breaks: set[int], machines: dict[int, str], first: str | None
) -> list[str]:
    def length(line: str) -> tuple[int, str] | None:
        found = mark.match(line) if first is None or line[:1] in first else None
        return (found.end(), found["host"] if "host" in mark.groupindex else "") if found is not None else None

    return _without_runs(lines, length, 2, breaks, machines)


def _without_names(lines: list[str], breaks: set[int], machines: dict[int, str]) -> list[str]:
    """The lines without a machine's name in front."""

    def length(line: str) -> tuple[int, str] | None:
        found = _NAMED.match(line) if ": " in line or " | " in line or line.rstrip().endswith(" |") else None
        if found is None or not (headings.is_machine(found["host"]) or "|" in found[0] and headings.is_name(found["host"])):
            return None
        return found.end(), found["host"]

    return _without_runs(lines, length, 1, breaks, machines)


def _without_json(lines: list[str]) -> list[str]:
    """The lines of a list of strings, as Ansible prints `stdout_lines`, without their quotes.

    >>> _without_json(['    "default via 10.0.0.1 dev eth0 ",', '    "0:\\\\tfrom all lookup local"'])
    ['default via 10.0.0.1 dev eth0 ', '0:\\tfrom all lookup local']
    """
    found = []
    for line in lines:
        string = _STRING.match(line) if '"' in line[:20] else None
        if string is not None:
            line = string[1].replace("\\t", "\t").replace('\\"', '"').replace("\\\\", "\\")
            if not is_of_table(line) and not line.startswith("    "):
                line = string[0]
        found.append(line)
    return found


def _without_runs(
    lines: list[str], length: Callable[[str], tuple[int, str] | None], least: int, breaks: set[int], machines: dict[int, str]
) -> list[str]:
    found = list(lines)
    at = 0
    for first, line in enumerate(lines):
        if first < at or length(line[:120]) is None:
            continue
        at = first
        run: list[int] = []
        host: str | None = None
        while at + len(run) < len(lines):
            line = lines[at + len(run)]
            taken = length(line[:120])
            if taken is None and run and not line.strip() and len(run) < 100_000:
                run.append(0)  # an empty line does not end a run
                continue
            if taken is None or host is not None and taken[1] != host:
                break
            host = taken[1]
            run.append(taken[0])
        while run and not lines[at + len(run) - 1].strip():
            run.pop()
        if len(run) >= least:
            bare = [lines[at + offset][taken:] for offset, taken in enumerate(run)]
            if any(map(is_of_table, bare)):
                found[at : at + len(run)] = map(_without_right_frame, bare)
                breaks |= _turns(at, [lines[at + offset][:taken] for offset, taken in enumerate(run)])
                if host:
                    machines[at] = host
                    machines.setdefault(at + len(run), "")
                    breaks |= {at, at + len(run)}
        at += len(run) or 1
    return found


def _turns(at: int, prefixes: list[str]) -> set[int]:
    """The positions at which another one speaks in a chat; none for prefixes that name no speaker."""
    found = (mark.match(prefix) for prefix in prefixes for mark in (_CHAT, _CHAT_IN_COLUMNS))
    nicks = [one["nick"] for one in found if one is not None]
    if len(nicks) < len(prefixes):
        return set()
    return {at + offset for offset in range(1, len(nicks)) if nicks[offset] != nicks[offset - 1]}


def _without_right_frame(line: str) -> str:
    return line.rstrip()[:-1].rstrip() if line.rstrip()[-1:] in ("│", "┃", "║", "|") and line.rstrip()[-1:] else line


def _without_numbers(lines: list[str]) -> list[str]:
    """The lines without the numbers that an editor or `nl` puts before them, if the numbers are consecutive.

    >>> _without_numbers(["1  $ ip rule", "2  0:\\tfrom all lookup local", "3  100:\\tfrom all lookup 5"])[1]
    '0:\\tfrom all lookup local'
    """
    found = list(lines)
    at = 0
    while at < len(lines):
        run: list[int] = []
        expected: int | None = None
        while at + len(run) < len(lines):
            one = _NUMBERED.match(lines[at + len(run)][:24])
            if one is None or expected is not None and int(one[1]) != expected:
                break
            expected = int(one[1]) + 1
            run.append(one.end())
        if len(run) > 2:
            bare = [lines[at + offset][taken:] for offset, taken in enumerate(run)]
            if any(map(is_of_table, bare)):
                found[at : at + len(run)] = bare
        at += len(run) or 1
    return found
