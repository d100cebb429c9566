"""Read files of support scripts that contain the outputs of many commands, each below a heading.

```
#==[ Command ]======================#     ===                              ip neigh          ==== red (4)====
# /sbin/ip netns exec red ip addr         ========== ip addr ==========    --------          ### IPv4 addresses
1: lo: <LOOPBACK,UP,LOWER_UP> …           ===                              10.0.0.1 dev …    1: lo: <LOOPBACK,…
```
A heading is a command, or a title that stands for a command. Lines below any other heading are ignored.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import parsers

from ..commands.line import understand
from ..model import sidetables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Piece(NamedTuple):
    """A command, the namespace it ran in (``""``: the host's own), its output, and the number of the output's first line.

    ``part``: why the text is only a part of what the command printed.
    """

    command: str
    netns: str
    text: str
    line: int
    part: str = ""


# Titles of scripts that do not print the command: of tripleo, VyOS, wireless-info, Docker and apport.
_TITLES = {
    "ipv4 addresses": "ip -4 addr show", "ipv6 addresses": "ip -6 addr show", "ipv4 routing": "ip -4 route show",
    "ipv6 routing": "ip -6 route show", "iptables (ipv4)": "iptables-save", "iptables (ipv6)": "ip6tables-save",
    "interface statistics": "ip -s link show", "ipaddr": "ip addr show", "iproute": "ip route show", "iprule": "ip rule show",
    "ifconfig": "ip addr show", "route": "ip route show",
}  # fmt: skip
# Scripts print such a title for whichever of two programs is installed: the text decides.
_OTHERS = {"ifconfig": ("ip addr show", "ifconfig -a"), "route": ("ip route show", "route -n")}

_COMMAND = (
    r"(?:sudo +)?(?:/\S{0,40}/)?"
    r"(?:ip|bridge|arp|route|nft|ip6?tables(?:-\w+)*|nsenter|ss|netstat|ifconfig|sysctl|busybox|cat /proc/)"
)
# `#==[ Command ]===#`, `#==[ Network namespace red ]===#` of SUSE's supportconfig
_SUSE = re.compile(r"#==\[ (.{1,100}?) \]=+#?$")
# `========== ip addr ==========` between two lines `===`; `==== red (4)====`
_BANNER = re.compile(r"={3,80} ?([^=\s].{0,200}?) ?={3,80}$")
_FAMILY = re.compile(r"(.+?) \([46]\)$")
# `### IPv4 addresses`, `##### ifconfig ######`, `# ip a`, `> ip a`, `>>> ip a <<<`, `+ ip a`, `+++ ip a +++`
_MARKED = re.compile(r"(#{1,12}|>{1,3}|\+{1,3}) (.{1,300}?) ?(?:#*|\+{1,3}|<{1,3})$")
_LOOKS_LIKE_COMMAND = re.compile(_COMMAND + r"(?: |$)")
_RULE = re.compile(r"(?:-{3,200}|={3,200}|~{3,200})$")
_BOX = re.compile(r"\+-{3,200}\+$")
# "```", "~~~", "```text", but not `~~~ ip route ~~~`, nor a rule below a title
_FENCE = re.compile(r"(?:`{3}|~{3})\s*[\w+-]{0,20}\s*$", re.ASCII)
_FIELD = re.compile(r"([A-Z][A-Za-z0-9.]{1,60}):(?: (.*))?$", re.ASCII)
_PATHS = re.compile(r"(?:/var)?/run/(?:docker/)?netns/(.+)$")
_PROCESS = re.compile(r"/proc/(\d+)/ns/net$", re.ASCII)

# `^^ ip a ^^`, `:: ip a ::`, `-=[ ip a ]=-`, `Command: ip a`, `Output of "ip a":`, but not the prompt in `$ ip a`
_MARKS = re.compile(r"(?![$%] )(?:/\*|//+ |\d{1,3}[.)] |<!--|<h\d>|[^\w\s/]|_|\s)*")
_BEHIND = re.compile(r"(?:</\w+>|\*/|//+|[^\w/]|_)+$")
_CALLED = re.compile(r"(?:(?:stdout|output|result) of|command|cmd|running|executing|exec)\b[\s:\]>]*[\"'`]?", re.IGNORECASE)

#: No line of more characters is a heading.
_LONGEST = 400
# In so many characters the first heading of a file is looked for.
_BEGINNING = 1 << 16


def is_marked(text: str) -> bool:
    """Whether a text has commands between any marks, at least one of them above what this command prints.

    >>> is_marked("^^ ip neigh ^^\\n10.0.0.1 dev a STALE\\n"), is_marked("^^ ip neigh ^^\\nno neighbours\\n")
    (True, False)
    """
    return any(understand(it.command.split()).parser in parsers.detect(it.text) for it in pieces(text[:_BEGINNING], loose=True))


def is_headed(text: str) -> bool:
    """Whether a text has headings with commands that netwrap knows below them, and not the prompts of a session.

    >>> is_headed("ip neigh\\n--------\\n\\n10.0.0.1 dev a STALE\\n"), is_headed("1: lo: <UP> mtu 1500\\n")
    (True, False)
    """
    lines = text.split("\n", 4000)[:4000]
    marks = ""
    for line, heading in zip(lines, _headings(lines)):
        if heading is not None and heading.command:
            if heading.strict:
                return True
            marks += line[0]
    return any(marks.count(mark) > 1 and sum(line.startswith(mark) for line in lines) == marks.count(mark) for mark in ">+[<")


# `root@h:~# ip -all netns exec ip -d addr`; its output has a heading for each namespace
_EVERYWHERE = re.compile(r"\s*[^\n$#]{0,100}[$#] (?:sudo )?ip (?:-a|-all|--all) netns exec ([^\n;|&]{1,200})\n")
_ROOM = re.compile(r"^netns: (\S+)[ \t]*$", re.MULTILINE)


def everywhere(text: str) -> list[Piece]:
    """Split the output of one `ip -all netns exec` into pieces; returns none for any other text.

    >>> [piece[:2] for piece in everywhere("h# ip -all netns exec ip neigh\\n\\nnetns: red\\n10.0.0.1 dev a STALE\\n")]
    [('ip neigh', 'red')]
    """
    found = _EVERYWHERE.match(text)
    if found is None or re.search(r"[$#] (?:sudo )?(?:ip|bridge|arp|route) ", text[found.end() :]):
        return []
    marks = list(_ROOM.finditer(text, found.end()))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [
        Piece(found[1].strip(), mark[1], text[mark.end() + 1 : end], text.count("\n", 0, mark.end()) + 2)
        for mark, end in zip(marks, ends)
    ]  # fmt: skip


class _Heading:
    def __init__(
        self, commands: Sequence[str], netns: str | None, first: int, *, strict: bool, indent: int = 0, closed: bool = False
    ) -> None:
        self.commands = list(commands)
        self.netns = netns
        self.first = first  # the position of the first line below the heading
        self.strict = strict  # the line can be nothing but a heading
        self.indent = indent
        self.closed = closed  # the script prints a blank line behind the output of the command

    @property
    def command(self) -> str:
        return self.commands[0] if self.commands else ""


def pieces(text: str, *, loose: bool = False) -> list[Piece]:
    """Split a text with headings into commands and their output, in the order of the text; ``loose`` as :func:`is_marked` does.

    >>> pieces("==== red (4)====\\n### IPv4 routing\\ndefault dev a\\n")
    [Piece(command='ip -4 route show', netns='red', text='default dev a\\n', line=3, part='')]
    """
    lines = text.split("\n")
    found: list[Piece] = []
    open_heading: _Heading | None = None
    netns = ""
    begin = 0

    def close(end: int) -> None:
        if open_heading is not None and open_heading.command:
            below = _below(lines[open_heading.first : end], open_heading.indent)
            where, command = _where(_decided(open_heading.commands, below))
            if command.startswith(("ip ", "bridge ")):
                below = _up_to_a_title(below)
            cut = open_heading.closed and end == len(lines) and lines[-2:] != ["", ""]
            found.append(Piece(command, where or netns, below, open_heading.first + 1, "cut off" if cut else ""))

    for at, heading in enumerate(_headings(lines, loose)):
        if heading is None or at < begin:
            continue
        close(at - (1 if heading.first > at + 1 and _RULE.match(lines[at - 1] if at else "") else 0))
        open_heading = heading
        if heading.netns is not None:
            netns = heading.netns
        begin = heading.first
    close(len(lines))
    return found


def _headings(lines: list[str], loose: bool = False) -> Iterator[_Heading | None]:
    """For each line, the heading that begins there, or None."""
    fenced, first = False, 0
    for at, raw in enumerate(lines):
        line = raw.rstrip()
        if at >= first and _FENCE.match(line):  # not the rule below a title
            fenced = not fenced
        heading = None if fenced or at < first or not line or len(line) > _LONGEST else _heading(lines, at, line)
        if loose and line and not fenced and at >= first and len(line) <= _LONGEST and (heading is None or not heading.command):
            heading = _marked(line, at) or heading
        first = first if heading is None else heading.first
        yield heading


def _marked(line: str, at: int) -> _Heading | None:
    """A command between marks of any kind."""
    title = _BEHIND.sub("", _MARKS.sub("", line, count=1))
    called = _CALLED.match(title)
    title = title[called.end() :] if called is not None else title
    commands = _commands(title) if title != line else []
    return _Heading(commands, None, at + 1, strict=True) if commands else None


def _heading(lines: list[str], at: int, line: str) -> _Heading | None:
    following = lines[at + 1].rstrip() if at + 1 < len(lines) else ""
    found = _SUSE.match(line)
    if found is not None:
        title = found[1]
        if title == "Command" and following.startswith("# "):
            return _Heading(_commands(following[2:]), None, at + 2, strict=True, closed=True)
        inside = title.partition("etwork namespace ")[2]
        return _Heading([], inside or None, at + 1, strict=False)
    if line[0] == "=" and not _RULE.match(line):
        found = _BANNER.match(line)
        if found is not None:
            named = _FAMILY.match(found[1])
            if named is not None:
                return _Heading([], named[1], at + 1, strict=False)
            return _Heading(_commands(found[1]), None, at + 2 if _RULE.match(following) else at + 1, strict=True)
        return None
    if line[0] == "+" and _BOX.match(line):
        closed = lines[at + 2 : at + 3] == [line] and following.startswith("|")
        return _Heading(_commands(following.strip("| ")), None, at + 3, strict=True) if closed else None
    if line[0] in "#>+":
        found = _MARKED.match(line)
        if found is None:
            return None
        commands = _commands(found[2])
        long = len(found[1]) > 2 and line[0] != ">"  # a reply quotes with more and more of these
        return _Heading(commands, None, at + 1, strict=long) if commands or long else None
    if line[0] + line[-1] in ("[]", "<>") and len(line) > 2:
        commands = _commands(line[1:-1])
        return _Heading(commands, None, at + 1, strict=False) if commands else None
    if line[0] in "-=~" and _RULE.match(line) and lines[at + 2 : at + 3] == [line] and not _BANNER.match(following):
        return _Heading(_commands(following), None, at + 3, strict=True)  # a title between two rules
    if following and _RULE.match(following) and line[0] not in " \t-=~":
        commands = _commands(line)
        if commands or abs(len(following) - len(line)) <= 2:
            return _Heading(commands, None, at + 2, strict=True)
    field = _FIELD.match(line)
    if field is not None and not field[2] and following.startswith(" ") and field[1].lower() in _TITLES:
        return _Heading(_commands(field[1]), None, at + 1, strict=True, indent=1)
    if field is not None and at and lines[at - 1].startswith(" ") and lines[at - 1][1:2].isprintable() and " " not in field[1]:
        return _Heading([], None, at + 1, strict=False) if not line.startswith(("RX:", "TX:")) else None
    return None


def _commands(title: str) -> list[str]:
    """The commands that a title may stand for; the title itself may be a command."""
    title = title.strip().strip("`*").strip()
    known = _TITLES.get(title.lower())
    if known is not None:
        return list(_OTHERS.get(title.lower(), (known,)))
    if _LOOKS_LIKE_COMMAND.match(title) and is_ours(title.split()):
        return [title]
    return []


def is_ours(words: list[str]) -> bool:
    """Whether a command prints a table that the model has."""
    while words[:1] == ["sudo"]:
        words = words[1:]
    words = [words[0].rpartition("/")[2], *words[1:]] if words and not words[0].startswith("/proc") else words
    if understand(words).parser is not None or sidetables.reader(words) is not None:
        return True
    inner = _inside(words)
    return inner is not None and sidetables.reader(inner[1]) is not None


def _inside(words: list[str]) -> tuple[str, list[str]] | None:
    """The namespace and the command of ``ip netns exec NS CMD``, also for commands that no parser reads."""
    if words[:1] == ["ip"] and words[1:3] == ["netns", "exec"] and len(words) > 4:
        return words[3], words[4:]
    if words[:1] == ["nsenter"]:
        at = 1
        while at < len(words) and words[at].startswith("-"):
            at += 2 if words[at] in ("-t", "--target") else 1
        return understand(words).netns or "", words[at:]
    return None


def _where(command: str) -> tuple[str, str]:
    """The namespace that a command names (``""``: none), and the command without it.

    >>> _where("nsenter --net=/var/run/netns/red ip -4 route show"), _where("/sbin/ip netns exec red ip addr")
    (('red', 'ip -4 route show'), ('red', 'ip addr'))
    """
    try:
        import shlex  # slow to import, and few headings need it

        words = shlex.split(command)
    except ValueError:
        words = command.split()
    while words[:1] == ["sudo"]:
        words = words[1:]
    if words:
        words[0] = words[0].rpartition("/")[2]
    inner = _inside(words)
    if inner is not None:
        return called(inner[0]), " ".join(inner[1])
    understood = understand(words)
    if understood.netns and understood.parser is not None:
        return called(understood.netns), " ".join(understood.argv)
    return "", " ".join(words)


def called(netns: str) -> str:
    """The name of a namespace that was given as a path.

    >>> called("/var/run/netns/red"), called("/proc/42/ns/net"), called("blue")
    ('red', 'pid 42', 'blue')
    """
    found = _PATHS.match(netns)
    if found is not None:
        return found[1]
    process = _PROCESS.match(netns)
    return f"pid {process[1]}" if process is not None else netns


def _below(lines: list[str], indent: int) -> str:
    """The text below a heading, without fences and without blank lines at its end; the numbers of its lines do not change."""
    kept = []
    for line in lines:
        if _FENCE.match(line):
            line = ""
        elif indent and line.startswith(" " * indent):
            line = line[indent:]
        kept.append(line)
    while kept and not kept[-1].strip():
        kept.pop()
    return "\n".join(kept) + "\n" if kept else ""


def _up_to_a_title(text: str) -> str:
    """Cut the title of the next table off a table of iproute2, which contains no blank lines itself."""
    table = text.strip("\n")
    found = re.search(r"\n[ \t]*\n", table)
    if found is None or len(table[found.end() :].split("\n")) > 3:
        return text
    return text[: text.index(table)] + table[: found.start()] + "\n"


def _decided(commands: list[str], text: str) -> str:
    if len(commands) < 2 or not text.strip():
        return commands[0]
    detected = parsers.detect(text)
    fits = [command for command in commands if understand(command.split()).parser in detected or command.split()[0] in detected]
    return fits[0] if fits else commands[-1]
