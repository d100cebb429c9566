"""`ss`, `netstat -tu` and /proc/net/tcp: sockets; which kinds and states a command line asks for, and which details."""

from __future__ import annotations

from parsers.tuples import NamedTuple

from .. import wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Protocol, TypeVar

    from parsers.records import Record, Socket

    from .request import Request

    class _Asking(Protocol):
        @property
        def words(self) -> list[str]: ...

    class _Captured(Protocol):
        @property
        def request(self) -> _Asking | None: ...

    Table = TypeVar("Table", bound=_Captured)

COMMAND = "ss -anpeiom"
CALLED = "sockets"
RECORD = "Socket"
BINARIES = ("netstat",)
COLUMNS = "netid? state? recv_q? send_q? local local_port peer? peer_port? dev? uid? ino? users? cut?"
ALIASES = {"process": "users", "processes": "users", "port": "local_port"}
_CELLS = ("netid", "state", "recv_q", "send_q", "local", "local_port", "peer", "peer_port", "dev", "uid", "ino", "cut")

KINDS = ("tcp", "udp", "raw", "unix", "packet", "netlink", "sctp", "dccp", "mptcp", "vsock", "tipc", "xdp")
_INET = ("tcp", "udp", "raw", "sctp", "dccp", "mptcp")
_NETSTAT = ("tcp", "udp", "raw", "sctp", "unix")
# How the netids of `ss` begin that are not the name of their kind.
_PREFIXES = (("u_", "unix"), ("p_", "packet"), ("v_", "vsock"), ("ti", "tipc"), ("nl", "netlink"))
_LETTERS = {"t": "tcp", "u": "udp", "w": "raw", "x": "unix", "0": "packet", "S": "sctp", "d": "dccp", "M": "mptcp"}
_WORDS = {
    "--tcp": "t", "--udp": "u", "--raw": "w", "--unix": "x", "--packet": "0", "--sctp": "S", "--dccp": "d", "--mptcp": "M",
    "--all": "a", "--listening": "l", "--numeric": "n", "--processes": "p", "--programs": "p", "--extended": "e",
    "--extend": "e", "--info": "i", "--memory": "m", "--options": "o", "--timers": "o", "--ipv4": "4", "--ipv6": "6",
    "--inet": "4", "--inet6": "6", "--no-header": "H", "--oneline": "O", "--wide": "W", "--threads": "T",
    "--numeric-ports": "n", "--numeric-hosts": "n", "--cgroup": "e", "--tos": "i", "--resolve": "r",
}  # fmt: skip
# Options that print no table of sockets, or change something: -s --summary, -K --kill, -E --events, -V, -h, -D.
_OTHER = {"ss": "sKEVhDv", "netstat": "rigsMcVhF"}
_OTHER_WORDS = ("--summary", "--kill", "--events", "--version", "--help", "--diag", "--route", "--interfaces", "--groups",
                "--statistics", "--masquerade", "--continuous", "--fib")  # fmt: skip
_VALUED = {"-A": "query", "--query": "query", "--socket": "query", "-f": "family", "--family": "family", "-N": "netns",
           "--net": "netns"}  # fmt: skip
# What no option shows, and each option adds to a record.
DETAILS = {
    "p": ("users",), "o": ("timer",), "m": ("skmem",), "i": ("info",),
    "e": ("uid", "user", "ino", "sk", "cgroup", "shutdown", "v6only", "fwmark", "class_id"),
}  # fmt: skip
#: Names of states in a filter of `ss` -> the states; "connected" and the like are groups.
_CONNECTED = ("ESTAB", "SYN-SENT", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "LAST-ACK", "CLOSING")
STATES: dict[str, tuple[str, ...]] = {
    "listening": ("LISTEN",), "established": ("ESTAB",), "closed": ("UNCONN",), "unconnected": ("UNCONN",),
    "connected": (*_CONNECTED, "SYN-RECV", "TIME-WAIT"),
    "synchronized": (*(state for state in _CONNECTED if state != "SYN-SENT"), "TIME-WAIT"),
    "bucket": ("SYN-RECV", "TIME-WAIT"), "big": (*_CONNECTED, "LISTEN", "UNCONN"),
    **{state.lower(): (state,) for state in (*_CONNECTED, "SYN-RECV", "TIME-WAIT", "LISTEN")},
    "all": (*_CONNECTED, "SYN-RECV", "TIME-WAIT", "LISTEN", "UNCONN"),
}  # fmt: skip
#: What `-l`, `-a` and neither of them show.
WHICH = {"listening": ("LISTEN", "UNCONN"), "all": STATES["all"], "connected": _CONNECTED}


def rows(socket: Socket) -> Iterator[Record]:
    """One row."""
    users = [wording.process(user) for user in socket.get("users", ())]
    yield {**{key: socket.get(key) for key in _CELLS}, "users": users or None}


class Asked(NamedTuple):
    """The sockets that a command asks for.

    ``states`` is a set of states; ``details`` are letters of DETAILS; ``tests`` are (field, value).
    """

    kinds: frozenset[str]
    states: frozenset[str]
    details: str
    family: str
    netns: str | None
    tests: list[tuple[str, str]]
    unknown: list[str]


def shows(words: Sequence[str]) -> bool:
    """Whether a command line of `ss` or `netstat` prints sockets.

    >>> shows(["ss", "-ltn"]), shows(["ss", "-s"]), shows(["netstat", "-rn"]), shows(["netstat", "-tulpn"])
    (True, False, False, True)
    """
    other = _OTHER[words[0].rpartition("/")[2]]
    for word in words[1:]:
        if word.startswith("--"):
            if word.partition("=")[0] in _OTHER_WORDS:
                return False
        elif word.startswith("-") and any(letter in other for letter in word[1:]):
            return False
    return True


def read(words: Sequence[str]) -> Asked:
    """Understand a command line; its words that are not known here are in ``unknown``.

    >>> asked = read(["ss", "-H", "-lntup"])
    >>> sorted(asked.kinds), sorted(asked.states), asked.details, asked.unknown
    (['tcp', 'udp'], ['LISTEN', 'UNCONN'], 'p', [])
    """
    name = words[0].rpartition("/")[2]
    if name == "cat":
        file = words[1].rpartition("/")[2]
        kinds = {file.removesuffix("6")}
        return Asked(frozenset(kinds), frozenset(STATES["all"]), "e", "inet6" if file.endswith("6") else "inet", None, [], [])
    letters = ""
    values: dict[str, str] = {}
    unknown: list[str] = []
    rest: list[str] = []
    at = 1
    while at < len(words):
        word, equals, value = words[at].partition("=")
        at += 1
        if word in _VALUED and not rest:
            if not equals:
                value = words[at] if at < len(words) else ""
                at += 1
            values[_VALUED[word]] = value
        elif word.startswith("--"):
            letters += _WORDS.get(word, "")
            unknown += [] if word in _WORDS else [word]
        elif word.startswith("-") and len(word) > 1:
            letters += word[1:]
        else:
            rest.append(words[at - 1])
    kinds = {_LETTERS[letter] for letter in letters if letter in _LETTERS}
    for kind in values.get("query", "").split(","):
        kinds |= set(_query(kind))
    family = "inet" if "4" in letters else "inet6" if "6" in letters else values.get("family", "")
    if not kinds:
        kinds = set(_NETSTAT if name == "netstat" else KINDS)
        kinds &= set(_INET) if family in ("inet", "inet6") else kinds
    which = "all" if "a" in letters else "listening" if "l" in letters else "connected"
    states, tests = _filters(rest, WHICH[which], unknown)
    details = "".join(letter for letter in DETAILS if letter in letters)
    return Asked(frozenset(kinds), frozenset(states), details, family, values.get("netns"), tests, unknown)


def _query(word: str) -> Sequence[str]:
    """The kinds of sockets that a word behind `-A` names."""
    if word in ("", "all", "inet"):
        return {"": (), "all": KINDS, "inet": _INET}[word]
    return [kind for kind in KINDS if kind == word.partition("_")[0]]


def _filters(words: list[str], states: Sequence[str], unknown: list[str]) -> tuple[Sequence[str], list[tuple[str, str]]]:
    """``state listening sport = :22 and dst 10.0.0.0/8``: the states, and the tests of fields; other words go to ``unknown``."""
    tests: list[tuple[str, str]] = []
    at = 0
    while at < len(words):
        word, value = words[at], words[at + 1] if at + 1 < len(words) else ""
        at += 2
        if word in ("and", "&&", "(", ")"):
            at -= 1
        elif word == "state" and value in STATES:
            states = STATES[value]
        elif word == "exclude" and value in STATES:
            states = [state for state in states if state not in STATES[value]]
        elif word in ("sport", "dport", "src", "dst"):
            if value in ("=", "==", "eq", "is"):
                value = words[at] if at < len(words) else ""
                at += 1
            tests.append((word, value.lstrip(":") if word.endswith("port") else value))
        else:
            unknown.append(word)
            at -= 1
    return states, tests


def kind(socket: Socket) -> str:
    """The kind of a socket, by its netid: "tcp", "unix"; "" where the netid is not known.

    >>> kind({"netid": "u_str"}), kind({"netid": "tcp"}), kind({})
    ('unix', 'tcp', '')
    """
    netid = socket.get("netid", "")
    return next((name for prefix, name in _PREFIXES if netid.startswith(prefix)), "raw" if netid.startswith("icmp") else netid)


def complete(sockets: Iterable[Record], words: Sequence[str]) -> None:
    """Add the netid that the command line implies to sockets whose text has none: `ss -tn` and `ss -un` print the same."""
    asked = read(words)
    if len(asked.kinds) == 1 and asked.kinds <= set(_INET):
        (only,) = asked.kinds
        for socket in sockets:
            if "netid" not in socket:
                socket["netid"] = only


def latest(tables: Sequence[Table]) -> list[Table]:
    """Captured tables without those whose sockets a later table has, too.

    Each table has ``request`` (None: the command is not known); the tables are in the order of their capture.
    """
    asked = [read(table.request.words) if table.request is not None else None for table in tables]
    return [
        table
        for at, (table, own) in enumerate(zip(tables, asked))
        if own is None or not any(later is not None and _covers(later, own) for later in asked[at + 1 :])
    ]


def _covers(asked: Asked, other: Asked) -> bool:
    return (
        not asked.tests and not asked.unknown and other.kinds <= asked.kinds and other.states <= asked.states
        and asked.family in ("", other.family) and set(other.details) <= set(asked.details)
    )  # fmt: skip


def ask(request: Request, words: Sequence[str]) -> None:
    """Do nothing: the kinds, states and details asked for are no filters of a request; :func:`read` finds them in its words."""
    asked = read(words)
    request.family = asked.family
    request.unknown += asked.unknown
