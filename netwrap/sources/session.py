"""A pasted terminal session: its commands, each with the output below it and the namespace it ran in.

```
[root@node1 ~]# ip netns exec red arp
Address                  HWtype  HWaddress           Flags Mask            Iface
10.0.0.2                 ether   02:00:00:00:00:02   C                     veth0
```
Prompts are ``$``, ``#``, ``user@host:~$``, ``[root@h ~]#``, ``bash-5.1#``, ``/ #`` and the like, also inside Markdown fences or
bold marks, quoted with ``>``, or in a typescript with its colours. A namespace is named by ``ip netns exec NAME``,
``ip -n NAME``, ``nsenter``, or by an interactive shell in it (``ip netns exec NAME bash``) until ``exit``.
"""

from __future__ import annotations

import re

from parsers.lex import STDERR

from ..commands.line import Command, is_wrapped, understand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# `$ ip a`, `root@h:~# ip a`, `[root@h ~]# ip a`, `(venv) me@h:/srv$ ip a`, `bash-5.1# ip a`, `/ # ip a`, `n1:~ # ip a`, `h% ip a`
_PROMPT = re.compile(
    r"(?:\([\w.-]{1,40}\) ?)?"
    r"(?:\[[^\]]{1,100}\] ?|[\w.+-]{1,40}@[\w.-]{1,80}(?:[: ][^\s$#%]{0,100})? ?|[\w.-]{1,80}:[~/][^\s$#%]{0,100} ?"
    r"|(?:ba|z|da|a|k)?sh(?:-[\d.]{1,8})? ?|[~/][\w./-]{0,100} |[\w-]{1,40})?"
    r"[$#%](?: +(.*))?$",
    re.ASCII,
)
_TITLE = re.compile(r"\x1b\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>()][AB0]?")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=\S*$", re.ASCII)
_SHELLS = ("bash", "sh", "dash", "ash", "zsh", "ksh", "fish", "su")
_OPERATORS = (";", "&&", "||", "&")
_LEAVES = ("exit", "logout")


class Block:
    """A command of a session, and what it printed.

    ``line`` is the line of the command, counted from 1; ``command`` what was typed (``""``: text below no command); ``netns`` the
    namespace it ran in (None: the one the session began in); ``parser`` the parser of its output, or None; ``text`` the output,
    ``first`` the number of its first line; ``changes`` says that it is a command of ours that prints no table
    (``ip netns add red``).
    """

    def __init__(self, line: int, typed: str, netns: str | None, first: int) -> None:
        self.line = line
        self.command = typed
        self.netns = netns
        self.parser: str | None = None
        self.changes = False
        self.first = first
        self.lines: list[str] = []

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def failed(self) -> bool:
        """Whether all that the command printed is what `ip` and `bridge` say when they fail."""
        said = [line for line in self.lines if line.strip()]
        return bool(said) and all(map(STDERR.match, said))

    def __repr__(self) -> str:
        return f"Block({self.line}, {self.command!r}, netns={self.netns!r}, parser={self.parser!r}, {len(self.lines)} lines)"


def is_session(text: str) -> bool:
    """Whether a text has a prompt with a command of ours behind it.

    >>> is_session("$ ip link\\n1: lo: <LOOPBACK>"), is_session("1: lo: <LOOPBACK>")
    (True, False)
    """
    return any(block.parser is not None or block.changes for block in blocks(text))


def blocks(text: str) -> Iterator[Block]:
    """The commands of a session in their order, each with its output.

    >>> [block] = blocks("me@h:~$ ip netns exec red arp -n")
    >>> block.netns, block.parser, block.text
    ('red', 'arp', '')
    """
    shells: list[str | None] = []  # the namespaces of the interactive shells that are open
    block: Block | None = None
    fenced = False
    lines = enumerate(map(_clean, text.split("\n")), start=1)
    for number, line in lines:
        typed = _typed(line)
        if typed is None:
            if _is_fence(line):
                fenced = not fenced
                if not fenced and block is not None:
                    yield _closed(block)
                    block = None
                line = ""
            if block is None and line.strip(" *") and line not in _LEAVES:  # a shell that ends says so
                block = Block(number, "", None, number)
            if block is not None:
                block.lines.append(line)
            continue
        if block is not None:
            yield _closed(block)
            block = None
        last = number
        while typed.endswith("\\"):  # goes on in the next line
            last, more = next(lines, (last, ""))
            typed = f"{typed[:-1].rstrip()} {more.lstrip('> ')}".strip()
        if typed in _LEAVES or typed.startswith("exit "):
            shells = shells[:-1]
            continue
        netns = shells[-1] if shells else None
        inside = _enters(typed)
        if inside is not None:
            shells.append(inside or netns)
        elif typed:
            block = _block(Block(number, typed, netns, last + 1))
    if block is not None:
        yield _closed(block)


def _clean(line: str) -> str:
    """A line without carriage returns, colours, and what a terminal was told."""
    if "\x1b" in line:
        line = _ESCAPES.sub("", _TITLE.sub("", line))
    line = line.strip("\r")
    return "" if line.startswith(("Script started", "Script done")) else line


def _is_fence(line: str) -> bool:
    """A fence of Markdown."""
    return line.lstrip(" >").startswith(("```", "~~~"))


def _typed(line: str) -> str | None:
    """What was typed behind the prompt of a line; ``""`` for a prompt alone, None where there is no prompt.

    >>> _typed("**$ ip netns add red"), _typed("$ **ip link**"), _typed("[root@h ~]# arp -n"), _typed("1: lo: <UP>")
    ('ip netns add red', 'ip link', 'arp -n', None)
    """
    bare = line.strip()
    if bare.startswith("> "):
        bare = bare[2:].lstrip()
    if bare.startswith(("**", "`")):
        bare = bare.strip("*`").strip()
    found = _PROMPT.match(bare)
    if found is None:
        return None
    typed = (found[1] or "").strip()
    return typed.strip("*`").strip() if typed.startswith(("**", "`")) or typed.endswith(("**", "`")) else typed


def _words(typed: str) -> list[str]:
    """The words of what was typed, as a shell splits them; as they stand where a quote is open."""
    import shlex

    lexer = shlex.shlex(typed, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        return typed.split()


def _commands(typed: str) -> list[list[str]]:
    """The commands of a line: what a pipe or a redirection does with the output is left out."""
    found: list[list[str]] = [[]]
    skip = False
    for word in _words(typed):
        if word in _OPERATORS:
            found.append([])
            skip = False
        elif skip or word[:1] in "|<>":
            skip = True
        else:
            found[-1].append(word)
    cleaned = []
    for words in found:
        while words and _ASSIGNMENT.match(words[0]):
            words = words[1:]
        if words[-1:] == ["2"] or words[-1:] == ["1"]:  # of `2>/dev/null`
            words = words[:-1]
        if words:
            cleaned.append(words)
    return cleaned


def _block(block: Block) -> Block:
    """The block with what its command says of parser and namespace."""
    netns = block.netns
    understood = [understand(words) for words in _commands(block.command)]
    tables = [one for one in understood if one.parser is not None]
    if len(tables) == 1:
        block.parser = tables[0].parser
        block.netns = tables[0].netns or netns
    elif understood and not tables and all(map(_is_ours, understood)):
        block.changes = True
        block.netns = understood[0].netns or netns
    return block


def _is_ours(one: Command) -> bool:
    words = one.argv[1:] if one.argv[0] == "busybox" else one.argv
    return is_wrapped(words[0].rpartition("/")[2]) and one.argv[1:3] != ["netns", "exec"]


def _enters(typed: str) -> str | None:
    """The namespace of an interactive shell that a command opens (``""``: the same as before), or None where it opens none."""
    commands = _commands(typed)
    if len(commands) != 1:
        return None
    words = _unprefixed(commands[0])
    netns = ""
    while words:
        program = words[0].rpartition("/")[2]
        if program == "ip" and words[1:2] == ["netns"] and len(words) > 4 and "exec".startswith(words[2]):
            netns, words = words[3], _unprefixed(words[4:])
        elif program == "busybox":
            words = words[1:]
        elif program == "nsenter":
            understood = understand([*words, "ip", "link"])
            netns = understood.netns or netns
            words = words[1:]
            while words and words[0].startswith("-"):
                words = words[2:] if words[0] in ("-t", "--target") else words[1:]
            if not words:
                return netns
        else:
            break
    if not words or words[0].rpartition("/")[2] not in _SHELLS or "-c" in words:
        return None
    return netns


def _unprefixed(words: Sequence[str]) -> list[str]:
    words = list(words)
    if words[:1] == ["sudo"]:
        words = words[1:]
        if words[:1] in (["-i"], ["-s"], ["-E"]):
            words = words[1:] or ["sh"]
    return words


def _closed(block: Block) -> Block:
    """A block without the blank lines and marks around its output."""
    while block.lines and not block.lines[-1].strip(" *"):
        block.lines.pop()
    return block
