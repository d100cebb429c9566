"""Tell error messages from output: files and pasted text contain both."""

from __future__ import annotations

import re

from parsers.lex import STDERR, is_json, lazy

from .section import Section

#: Messages that are not reported: the kernel or the binary does not have the table.
QUIET = lazy(
    r"not supported|Operation not supported|Object \".*\" is unknown|unknown object|not found|No such file or directory$"
    r"|Cannot open netlink|is unknown, try|invalid argument '(nexthop|netconf)'|FDB table|Dump terminated$"
    r"|^BusyBox v\S+ .*multi-call binary",  # in front of its usage
    0,
)
#: Messages that become notes: the table exists, or only root may read it.
HARMLESS = lazy(
    r"Operation not permitted|Permission denied|must be root|Dump was interrupted|Peer netns reference is invalid"
    r"|^# Warning: ",
    0,
)
#: Messages of a command about a namespace that no longer exists.
GONE = lazy(
    r"Cannot open network namespace|No such file or directory|No such process|network namespace .*Invalid argument"
    r"|reassociate to namespaces? .*Invalid argument",
    0,
)
_GONE_IN_FILES = lazy(
    r"Cannot open network namespace|setting the network namespace .* failed|netns .*: No such process"
    r"|reassociate to namespaces? .*Invalid argument",
    0,
)

# Messages of shells, busybox, the firewalls' programs, sudo, and programs that run a command in a container.
_FAILED = lazy(
    r"Object \"|(?:-?[\w./-]+: )?(?:line )?(?:\d+: )?[\w./-]+: (?:command )?not found$|[\w./-]+: Permission denied"
    r"|ip6?tables(?:-\w+)*(?: v[\d.]+ \([\w]+\))?: |(?:ip|bridge|arp|route|nft|nsenter|sudo|timeout|ss|cat|unshare|env|exec): "
    r"|netlink: Error: |Fatal: |internal:0:0-0: Error: |.*\(you must be root\)|setting the network namespace "
    r"|Operation not permitted|Permission denied|# Warning: |ERROR: |OCI runtime exec failed|Error response from daemon"
    r"|Error from server|error: unable to upgrade connection|command terminated with exit code"
    r"|.{0,40}[Tt]imed out",
    re.ASCII,
)


def is_said(line: str) -> bool:
    """Whether a line is an error message and not a row of any table."""
    return STDERR.match(line) is not None or _FAILED.match(line) is not None


def told_apart(section: Section) -> Section:
    """Return a section with the error messages in its text moved to ``stderr``.

    Messages between lines of a table are copied, not moved, so that the numbers of the lines stay right.

    >>> told_apart(Section("", "ip rule", 'Object "rule" is unknown, try "ip help".'))[2:4]
    ('', 'Object "rule" is unknown, try "ip help".')
    >>> told_apart(Section("", "ip route", "Dump was interrupted.\\ndefault dev a")).stderr
    'Dump was interrupted.'
    """
    text = section.stdout
    if is_json(text):
        return section
    first = text.lstrip("\ufeff \t\r\n")[:400]
    if not first:
        return section
    if first.startswith("Usage: ") or is_said(first.split("\n")[0]):
        lines = [line for line in text[:100_000].split("\n") if line.strip()]
        if first.startswith("Usage: ") or all(map(is_said, lines)):
            return section._replace(stdout="", stderr="\n".join([*filter(None, [section.stderr]), *lines[:20]]))
    said = [line.strip() for line in _SUSPECT.findall(text) if is_said(line)]
    return section._replace(stderr="\n".join([*filter(None, [section.stderr]), *said[:20]])) if said else section


# Only these messages occur between the rows of a table; one search finds them in the whole text.
_SUSPECT = lazy(
    r"^(?:Error: |RTNETLINK answers: |Dump was |# Warning: |Cannot open |Command failed |.{0,40}command not found$).*$",
    re.MULTILINE,
)


def is_gone(said: str, in_file: bool) -> bool:
    """Whether a command failed because its namespace no longer exists.

    >>> is_gone("sysctl: cannot stat /proc/sys/net/ipv4/ip_forwardd: No such file or directory", in_file=False)
    False
    """
    if said.startswith("sysctl: "):  # the missing file is that of the switch
        return False
    return (_GONE_IN_FILES if in_file else GONE).search(said) is not None
