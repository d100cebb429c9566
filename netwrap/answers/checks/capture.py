"""Checks of the capture itself: what was not read, and what it leaves open."""

from __future__ import annotations

from . import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...model.namespace import Namespace
    from . import Finding, Look


@check("N01", "note", "tables that were not captured", "a missing finding does not prove that all is well")
def not_captured(look: Look) -> Iterator[Finding]:
    """Some namespaces of a live host or a capture have a table that others lack. The finding names those with the command that
    shows the table."""
    if not look.host.live and not any(netns.inode for netns in look.namespaces):
        return  # pasted text: what is there is all that somebody sent
    lacking: dict[str, list[Namespace]] = {}
    for netns in look.namespaces:
        for name in _TABLES:
            if getattr(netns, name, ()) is None:
                lacking.setdefault(name, []).append(netns)
    for name, places in lacking.items():
        words, command = _TABLES[name]
        titles = [netns.title for netns in places]
        shown = ", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if len(titles) > 3 else "")
        asked = look.inside(places[0], command)
        yield look.finding(
            look.namespaces[0], f"{words} of {shown}: not captured, so nothing is said of them (`{asked}` shows them)"
        )


@check("N02", "note", "two names for one namespace", "what is done under one name is done to the other")
def named_twice(look: Look) -> Iterator[Finding]:
    """Two files of /run/netns are one namespace. (Names that a container engine gives do not count.)"""
    for netns in look.namespaces:
        if len(netns.names) > 1:
            yield look.finding(
                netns,
                f"{' and '.join(netns.names)} are one namespace",
                mend=[f"umount /run/netns/{netns.names[-1]} && rm /run/netns/{netns.names[-1]}"],
            )


# The property of a Namespace -> the records in words, and the command that shows them.
_TABLES = {
    "links": ("links", "ip -d link"), "addresses": ("addresses", "ip address"), "routes": ("routes", "ip route show table all"),
    "rules": ("rules", "ip rule"), "neighs": ("neighbours", "ip neigh"), "rulesets": ("firewall", "nft list ruleset"),
}  # fmt: skip
