"""Checks of what listens, and of names."""

from __future__ import annotations

from . import check
from .firewalls import rules_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

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
