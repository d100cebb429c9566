"""Understand a command line as its user wrote it: ``ip -n red -d link show dev eth0``, ``ip netns exec red arp -n``.

The words of iproute2 may be abbreviated (``ip -d l``, ``ip r``); which parser reads the output, in which namespace it
runs, and whether it shows or changes something, follows from them. Nothing is run here.
"""

from __future__ import annotations

from functools import lru_cache

from netwrap import commands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# The objects of `ip` in the order in which it tries abbreviations (its `cmds` table).
_IP_OBJECTS = (
    "address addrlabel maddress route rule neighbor neighbour ntable ntbl link l2tp fou ila macsec tunnel tunl tuntap "
    "tap token tcpmetrics monitor xfrm mroute mrule netns netconf vrf sr nexthop mptcp ioam stats help"
).split()
_BRIDGE_OBJECTS = "link fdb mdb vlan vni mst monitor help".split()
# Options that take the next word.
_WITH_VALUE = ("-netns", "-n", "-family", "-f", "-batch", "-b", "-loops", "-rcvbuf", "-rc", "-l")
# Options that only change how text looks; records have no use for them.
_LOOKS = ("-json", "-pretty", "-oneline", "-color", "-colour", "-c", "-o", "-j", "-p", "-human", "-human-readable", "-h", "-iec",
          "-timestamp", "-t", "-tshort")  # fmt: skip
_SHOWS = ("show", "list", "lst", "ls")
# Verbs of any object that change nothing, and print no table of ours.
_READS = (*_SHOWS, "help", "get", "identify", "pids", "list-id", "showdump", "tunnelshow")
# The verbs of most objects, for a suggestion.
_VERBS = (*_READS, "add", "delete", "del", "set", "change", "replace", "append", "flush", "save", "restore", "exec", "monitor")
# What shows all of a binary that shows nothing by its name alone.
_WHOLE = {"nft": "list ruleset", "iptables": "-nvL", "ip6tables": "-nvL"}
# Files of /proc/net, and the command that prints the same table.
_PROC_NET = {"arp": "arp", "route": "route", "ipv6_route": "route",
             **dict.fromkeys(("tcp", "tcp6", "udp", "udp6", "raw", "raw6"), "ss")}  # fmt: skip


class Command:
    """The result of :func:`understand`.

    Do not change it: the same words always get the same Command.

    ``argv``: the words of the user, without the namespace that they name; ``netns``: that namespace, or None;
    ``parser``: the name of the parser of the output, or None where it is no table that we know; ``words``: the words
    to ask for records with, without options that change only the looks; ``json``: the user asked for JSON.
    """

    def __init__(self, argv: Sequence[str], netns: str | None, parser: str | None, words: Sequence[str], json: bool) -> None:
        self.argv = list(argv)
        self.netns = netns
        self.parser = parser
        self.words = list(words)
        self.json = json

    def __repr__(self) -> str:
        return f"Command({self.argv}, netns={self.netns!r}, parser={self.parser!r}, words={self.words}, json={self.json})"


def understand(argv: Sequence[str]) -> Command:
    """Understand the words of a command line.

    >>> understand(["ip", "-n", "red", "-d", "l"])
    Command(['ip', '-d', 'l'], netns='red', parser='ip_link', words=['ip', '-d', 'l'], json=False)
    >>> understand(["ip", "netns", "exec", "red", "arp", "-n"]).parser
    'arp'
    >>> understand(["ip", "link", "add", "v0", "type", "veth"]).parser is None
    True
    """
    return _understood(tuple(argv))


@lru_cache(maxsize=4096)
def _understood(words: tuple[str, ...]) -> Command:
    argv = list(words)
    while argv[:1] == ["sudo"]:
        argv = argv[1:]
    name = argv[0].rpartition("/")[2] if argv else ""
    if name in ("ip", "bridge"):
        return _iproute2(name, argv)
    if name == "cat" and len(argv) == 2 and argv[1].startswith("/proc/"):
        parser = _PROC_NET.get(argv[1].rpartition("/")[2])
        return Command(argv, None, parser if "/net/" in argv[1] else None, argv, False)
    if name == "cat" and len(argv) == 2 and argv[1].startswith("/etc/netns/"):
        return Command(argv, argv[1].split("/")[3], None, argv, False)
    if name == "nsenter" and len(argv) > 2:
        return _nsenter(argv)
    if name == "busybox" and len(argv) > 1:
        inner = understand(argv[1:])
        return Command(argv, inner.netns, inner.parser, argv, False)
    if name == "ss":
        return _ss(argv)
    parser = next((command for command in commands.of_binary(name) if _shows_of(command)(argv)), None)
    return Command(argv, None, parser, argv, False)


def _shows_of(command: str) -> Callable[[Sequence[str]], bool]:
    shows: Callable[[Sequence[str]], bool] = getattr(commands.module(command), "shows", lambda words: False)
    return shows


def _ss(argv: list[str]) -> Command:
    """``ss -ltn``; with ``-N NAME`` it enters a namespace by itself."""
    if not _shows_of("ss")(argv):
        return Command(argv, None, None, argv, False)
    kept: list[str] = []
    netns = None
    at = 0
    while at < len(argv):
        word, equals, value = argv[at].partition("=")
        at += 1
        if word in ("-N", "--net"):
            netns = value if equals else argv[at] if at < len(argv) else None
            at += 0 if equals else 1
        else:
            kept.append(argv[at - 1])
    return Command(kept, netns, "ss", kept, False)


def options(argv: Sequence[str]) -> tuple[list[tuple[str, list[str]]], list[str]]:
    """Split a command line of `ip` or `bridge` into its options, each with its words, and the words from the object on.

    An option is named with one dash, as iproute2 takes ``--details`` for ``-details``.

    >>> options("ip --details -n red link show".split())
    ([('-details', ['--details']), ('-n', ['-n', 'red'])], ['link', 'show'])
    """
    found = []
    at = 1
    while at < len(argv) and argv[at].startswith("-") and len(argv[at]) > 1:
        option = argv[at][1:] if argv[at].startswith("--") else argv[at]
        words = list(argv[at : at + (2 if _takes_value(option) else 1)])
        found.append((option, words))
        at += len(words)
    return found, list(argv[at:])


def abbreviates(option: str, name: str) -> bool:
    """Whether an option is ``-name`` or an abbreviation of it that is longer than one letter: ``-det`` of ``-details``."""
    return len(option) > 2 and name.startswith(option)


def _takes_value(option: str) -> bool:
    return option in _WITH_VALUE or any(abbreviates(option, name) for name in _WITH_VALUE)


def _only_looks(option: str) -> bool:
    if option.partition("=")[0] in _LOOKS:
        return True
    return any(abbreviates(option, name) for name in ("-json", "-pretty", "-oneline", "-color", "-human-readable", "-timestamp"))


def _object(word: str, objects: Sequence[str]) -> str:
    """The object that a word abbreviates: the first one that begins with it."""
    return next((name for name in objects if word and name.startswith(word)), "")


def _iproute2(name: str, argv: list[str]) -> Command:
    kept, words = [argv[0]], [argv[0]]
    netns: str | None = None
    json = False
    given, rest = options(argv)
    for option, spelled in given:
        if option == "-n" or abbreviates(option, "-netns"):
            netns = spelled[1] if len(spelled) > 1 else None
            continue
        json = json or option == "-j" or abbreviates(option, "-json")
        kept += spelled
        if option in ("-V", "-Version", "-a", "-all", "-force", "-b") or abbreviates(option, "-batch"):
            words = []
        elif words and not (_only_looks(option) and (name, option) != ("bridge", "-c")):
            words += spelled
    objects = _IP_OBJECTS if name == "ip" else _BRIDGE_OBJECTS
    noun = _object(rest[0], objects) if rest else ""
    if noun == "netns" and len(rest) > 3 and rest[1] and "exec".startswith(rest[1]):
        inner = understand(rest[3:])
        if inner.parser is not None:
            return Command(inner.argv, inner.netns or rest[2], inner.parser, inner.words, inner.json)
    parser = commands.of_object(name, noun) if words else None
    if parser is not None and not _shows(parser, rest[1] if len(rest) > 1 else ""):
        parser = None
    return Command([*kept, *rest], netns, parser, [*words, *rest], json)


def meant(argv: Sequence[str]) -> str:
    """A question for the end of an error: the object or verb of `ip` or `bridge` that a wrong word may stand for; "" for none.

    >>> meant(["ip", "-4", "adress"]), meant(["bridge", "link", "shwo"]), meant(["ip", "route", "add"]), meant(["arp", "-x"])
    ("; did you mean 'address'?", "; did you mean 'show'?", '', '')
    """
    from netwrap.errors import similar

    name = argv[0].rpartition("/")[2]
    if name in _WHOLE and len(argv) == 1:
        return f"; did you mean '{name} {_WHOLE[name]}'?"
    if name not in ("ip", "bridge"):
        return ""
    objects = _IP_OBJECTS if name == "ip" else _BRIDGE_OBJECTS
    _, rest = options(argv)
    for word, known in zip(rest[:2], (objects, _VERBS)):
        if not _object(word, known):
            return similar(word, known)
    return ""


def executes(argv: Sequence[str]) -> bool:
    """Whether the words of another command begin right behind these: ``ip netns exec red``, ``ip -all netns exec``.

    >>> executes(["ip", "netns", "exec", "red"]), executes(["ip", "netn", "e", "red"]), executes(["ip", "netns", "exec"])
    (True, True, False)
    """
    given, rest = options(argv)
    everywhere = any(option == "-a" or abbreviates(option, "-all") for option, _ in given)
    name = argv[0].rpartition("/")[2] if argv else ""
    if name != "ip" or len(rest) < 2 or not rest[1] or not "exec".startswith(rest[1]):
        return False
    return _object(rest[0], _IP_OBJECTS) in ("netns", "vrf") and len(rest) == (2 if everywhere else 3)


def _shows(parser: str, verb: str) -> bool:
    """Whether a verb shows a table: an absent one, ``show`` and its abbreviations, ``get``."""
    if verb == "":
        return True
    command = commands.module(parser)
    if verb in getattr(command, "SHOWS", ()):
        return True
    if getattr(command, "EXACT", False):
        return verb in _SHOWS
    if verb == "s" and getattr(command, "SETS", False):
        return False
    return any(name.startswith(verb) for name in _SHOWS)


def reads(argv: Sequence[str]) -> bool:
    """Whether a command is known to change nothing (its output may be no table that we know); an unknown command may.

    >>> reads(["ip", "netns", "pids", "red"]), reads(["ip", "-V"]), reads(["ip", "link", "s", "dev", "lo", "down"])
    (True, True, False)
    """
    if understand(argv).parser is not None:
        return True
    name = argv[0].rpartition("/")[2] if argv else ""
    if name in ("arp", "route"):
        return len(argv) == 2 and argv[1] in ("-V", "--version", "-h", "--help")
    if name not in ("ip", "bridge"):
        return False
    given, rest = options(argv)
    for option, _ in given:
        if option in ("-V", "-Version", "-h", "-help"):
            return True
        if option in ("-b", "-force", "-a", "-all") or abbreviates(option, "-batch"):
            return False
    if not rest or rest[0] in ("help", "monitor"):
        return True
    known = _object(rest[0], _IP_OBJECTS if name == "ip" else _BRIDGE_OBJECTS) not in ("", "vrf")
    return known and (len(rest) == 1 or rest[1] in _READS)


def _nsenter(argv: list[str]) -> Command:
    """``nsenter -t 42 -n ip addr``, ``nsenter --net=/run/netns/red arp``"""
    netns = None
    at = 1
    while at < len(argv) and argv[at].startswith("-"):
        word = argv[at]
        if word in ("-t", "--target"):
            at += 1
            netns = f"/proc/{argv[at]}/ns/net" if at < len(argv) else None
        elif word.startswith("--target="):
            netns = f"/proc/{word[9:]}/ns/net"
        elif word.startswith("--net="):
            netns = word[6:]
        elif word.startswith("-n") and len(word) > 2:
            netns = word[2:]
        at += 1
    if at >= len(argv):
        return Command(argv, None, None, argv, False)
    inner = understand(argv[at:])
    return Command(argv, netns, inner.parser, argv, False)


def parser_of(text: str) -> str:
    """The parser for a command as its user would write it; a parser's own name (``ip_link``) is taken, too.

    Raises ValueError for a command that no parser reads.

    >>> parser_of("ip -d link"), parser_of("ip_route"), parser_of("arp -a")
    ('ip_link', 'ip_route', 'arp')
    """
    import parsers

    if text in parsers.names():
        return text
    words = text.split()
    found = understand(words).parser if words else None
    if found is None and len(words) == 1:
        found = _of_noun("ip", text, _IP_OBJECTS) or _of_noun("bridge", text, _BRIDGE_OBJECTS)
    if found is None:
        raise ValueError(f"{text!r} is not a command that prints a table netwrap knows; there are: {', '.join(parsers.names())}")
    return found


def _of_noun(binary: str, word: str, objects: Sequence[str]) -> str | None:
    """The command of an object that is named without its binary: ``addr``, ``neigh``, ``fdb``."""
    noun = _object(word, objects) if len(word) >= 4 or word in objects else ""
    return commands.of_object(binary, noun)


def is_wrapped(word: str) -> bool:
    """Whether a word is the name of a binary that netwrap wraps."""
    return word in ("ip", "bridge") or commands.exists(word) and "_" not in word
