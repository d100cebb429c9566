"""Answer `ss` and `netstat` from captured sockets, by kind and state."""

from __future__ import annotations

import warnings

from ..commands import ss
from ..errors import CommandWarning
from ..prefixes import contains, network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from parsers.records import Record, Socket

    from ..commands.request import Request
    from ..model.host import Host
    from ..model.namespace import Namespace


_LISTENING = frozenset(ss.WHICH["listening"])


def answer(host: Host, netns: Namespace, request: Request) -> list[Record] | None:
    """The sockets that a command would have shown; None where no capture covers what it asks for.

    Warns of kinds and states that were asked for and not captured.
    """
    if netns.sockets is None:
        return None
    asked = ss.read(request.words)
    _warn(netns, asked)
    wanted = [
        socket for socket in netns.sockets
        if (ss.kind(socket) in asked.kinds or not ss.kind(socket)) and socket.get("state", "ESTAB") in asked.states
        and _is_of(socket, asked.family) and all(_passes(socket, *test) for test in asked.tests)
    ]  # fmt: skip
    gone = {key for letter, keys in ss.DETAILS.items() if letter not in asked.details for key in keys}
    return [{key: value for key, value in socket.items() if key not in gone} for socket in wanted]


def _warn(netns: Namespace, asked: ss.Asked) -> None:
    """Warn of kinds and states asked for that no table has."""
    captured: set[tuple[str, bool]] = set()
    for table in netns.tables.get("ss", ()):
        own = ss.read(table.request.words) if table.request is not None else None
        if own is not None and not own.tests:
            captured |= {(kind, True) for kind in own.kinds if own.states >= _LISTENING}
            captured |= {(kind, False) for kind in own.kinds if "ESTAB" in own.states}
    words = []
    for listening in (True, False):
        if asked.states & _LISTENING if listening else asked.states - _LISTENING:
            kinds = [kind for kind in ss.KINDS[:4] if kind in asked.kinds and (kind, listening) not in captured]
            words += [f"{'listening' if listening else 'connected'} {'/'.join(kinds)} sockets"] if kinds else []
    if words:
        warnings.warn(f"not in this capture: {', '.join(words)}", CommandWarning, stacklevel=2)


def _is_of(socket: Socket, family: str) -> bool:
    """Whether a socket is of a family ("inet", "inet6", "" for any); ``*`` is of both."""
    if family not in ("inet", "inet6"):
        return True
    local = socket.get("local", "")
    own = socket.get("family") or ("inet6" if ":" in local else "inet" if "." in local else family)
    return bool(own == family)


def _passes(socket: Socket, key: str, value: str) -> bool:
    """Whether a socket passes one test of a filter: ``sport 22``, ``dst 10.0.0.0/8``"""
    side = "local" if key in ("sport", "src") else "peer"
    if key.endswith("port"):
        return str(socket.get(f"{side}_port")) == value
    return contains(network(value), network(socket.get(side, "")))
