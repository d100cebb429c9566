"""Checks of the capture itself: what was not read, and what it leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Finding, Look


@check("N01", "note", "what was not captured", "silence about it is not health")
def not_captured(look: Look) -> Iterator[Finding]:
    """Tables of a live host or of a capture that some namespaces lack and others have; one note a host."""
    if not look.host.live and not any(netns.inode for netns in look.namespaces):
        return  # pasted text: what is there is all that somebody sent
    lacking: dict[str, list[str]] = {}
    for netns in look.namespaces:
        for name, words in (
            ("links", "links"),
            ("addresses", "addresses"),
            ("routes", "routes"),
            ("rules", "rules"),
            ("neighs", "neighbours"),
            ("rulesets", "firewall"),
        ):
            if getattr(netns, name, ()) is None:
                lacking.setdefault(words, []).append(netns.title)
    for words, titles in lacking.items():
        shown = ", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if len(titles) > 3 else "")
        yield look.finding(look.namespaces[0], f"{words} of {shown}: not captured, so nothing is said of them")
