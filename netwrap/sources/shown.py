"""What a command shows: the table of a parser, something beside our tables, or nothing that is known."""

from __future__ import annotations

from ..commands import request as asked
from ..commands.line import is_wrapped, understand
from ..model import sidetables
from . import tables_in_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .invocation import Run
    from .tables_in_text import Shape


def parser_of(words: Sequence[str]) -> str | None:
    """The parser of what a command shows, where all its words are understood."""
    if not words or not words[0]:
        return None
    return understand(words).parser


def is_any(runs: Sequence[Run]) -> bool:
    """Whether one of these commands shows a table, every word of it understood."""
    for run in runs:
        if not run.words or not run.words[0]:
            continue
        parser = parser_of(run.words)
        if parser is not None:
            request = asked.read(run.words)
            if request is not None and request.verb == "get" and "to" in request.filters:
                return True
            if request is None or not request.unknown or parser in ("arp", "route"):
                return request is None or not request.unknown or all(it.startswith("-") for it in request.unknown)
        elif side_of(run.words) in ("iptables-save", "nft", "ip netconf", "ip nexthop"):
            return True
    return False


def side_of(words: Sequence[str]) -> str | None:
    """What a command is called that shows something beside our tables; None for any other."""
    if not words:
        return None
    name = words[0].rpartition("/")[2]
    if name in ("iptables-save", "ip6tables-save", "iptables-legacy-save", "iptables-nft-save", "ip6tables-legacy-save"):
        return "iptables-save"
    if name in ("nft", "sysctl"):
        return (
            name if name == "sysctl" and "-w" not in words and not any("=" in it for it in words) or "ruleset" in words else None
        )
    if sidetables.reader(list(words)) is not None:
        return f"ip {next((it for it in words[1:] if not it.startswith('-')), '')}" if name == "ip" else " ".join(words)
    return None


def is_ours(words: Sequence[str]) -> bool:
    """Whether a command is one of a binary that netwrap wraps."""
    bare = words[1:] if words[0] == "busybox" else words
    if bare[:1] == ["/ip"]:  # of a MikroTik
        return False
    return bool(bare) and is_wrapped(bare[0].rpartition("/")[2])


def shape_of(words: Sequence[str]) -> Shape | None:
    """What the lines of a command's table look like."""
    return tables_in_text.SHAPES.get(parser_of(words) or "") or tables_in_text.SIDE.get(side_of(words) or "")
