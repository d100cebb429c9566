"""Checks of what listens, and of names."""

from __future__ import annotations

from ...commands import ss
from ..trace import Asked, trace
from . import address_of, check
from .firewalls import rules_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...model.namespace import Namespace
    from ..trace import Trace
    from . import Finding, Look


@check(
    "S01",
    "warning",
    "a service that listens on 127.0.0.1 only, while others are sent to it",
    "connections from outside are refused",
)
def loopback_only(look: Look) -> Iterator[Finding]:
    """A rule redirects or DNATs to a port, and in the namespace that owns the target only a process on 127.0.0.1 listens on that
    port."""
    for netns in look.namespaces:
        for rule in rules_of(netns):
            target = str(rule.get("to") or "")
            if str(rule.get("verdict") or "").lower() not in ("dnat", "redirect") or ":" not in target or target.count(":") != 1:
                continue
            host, _, port = target.rpartition(":")
            places = [there for there, _ in look.walker.owners(host)] if host else [netns]
            for there in places:
                rows = [row for row in there.listeners or () if str(row.get("local_port")) == port]
                if rows and all(str(row.get("local")).startswith("127.") for row in rows):
                    yield look.finding(
                        there,
                        f"port {port} is forwarded to {there.title}, where its service listens on 127.0.0.1 only",
                        (netns, rule),
                        rows[0],
                    )


@check("S02", "warning", "a namespace without a name server that answers", "programs wait long, and find no host by its name")
def name_servers(look: Look) -> Iterator[Finding]:
    """A namespace has a resolv.conf of its own (/etc/netns/NAME/resolv.conf), and no name server in it answers: a question to UDP
    port 53 does not leave the namespace; or the server's address is captured, and the question or the answer is lost, or nothing
    listens there. Only a note where a namespace without a default route has no route to the servers."""
    for netns in look.namespaces:
        servers = netns.table("resolver") or ()
        lost = [(server, way) for server in servers if (way := _lost(look, netns, server["nameserver"])) is not None]
        if not lost or len(lost) < len(servers):
            continue
        end = lost[0][1].result.end
        bare = not look.defaults(netns) and not look.defaults(netns, "inet6")
        yield look.finding(
            netns,
            f"no answer from {' or '.join(str(server['nameserver']) for server, _ in lost)}, the name "
            f"server{'s' if len(lost) > 1 else ''} of {netns.title}: {end.what or lost[0][1].reason}",
            *(server for server, _ in lost),
            severity="note" if bare and end.reason == "no-route" else None,
            follows=[("walk", id(end.netns), lost[0][1].reason)],
        )


def _lost(look: Look, netns: Namespace, server: str) -> Trace | None:
    """The walk of a question to a name server that gets no answer for certain."""
    address = address_of(server)
    if address is None or address.is_link_local or address.is_unspecified or netns.routes is None:
        return None
    try:
        found = trace(look.host, Asked(netns, server, proto="udp", port=53), look.walker)
    except (ValueError, KeyError, RecursionError):  # not a question that can be asked of what was captured
        return None
    end = found.result.end
    if found.verdict not in ("dropped", "one way") or end.netns is not netns and not look.walker.owners(server):
        return None  # a router on the way to somebody outside is a matter of other checks
    return found if found.reason != "no-listener" or _shows_udp(end.netns) else None


def _shows_udp(netns: Namespace) -> bool:
    """Whether the sockets of UDP were captured, and not those of TCP alone."""
    tables = [table for table in netns.tables.get("ss", ()) if not table.part]
    return any("udp" in ss.read(table.request.words).kinds for table in tables if table.request is not None)
