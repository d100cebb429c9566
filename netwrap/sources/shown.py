"""The kind of output of a command: the table of a parser, a text that is kept as it is, or an unknown one."""

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
    """The parser for the output of a command; None if there is none, or if a word of the command is not understood."""
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
    """The name of the text that a command prints and that is kept as it is (firewall, sysctl, …); None for other commands."""
    if not words:
        return None
    name = words[0].rpartition("/")[2]
    if name in ("iptables-save", "ip6tables-save", "iptables-legacy-save", "iptables-nft-save", "ip6tables-legacy-save"):
        return "iptables-save"
    if name in ("nft", "sysctl"):
        return (
            name if name == "sysctl" and "-w" not in words and not any("=" in it for it in words) or "ruleset" in words else None
        )
    side = sidetables.reader(list(words))
    if side is not None and side[0] == "resolver":
        return side[0]
    if side is not None:
        return f"ip {next((it for it in words[1:] if not it.startswith('-')), '')}" if name == "ip" else " ".join(words)
    return None


def is_ours(words: Sequence[str]) -> bool:
    """Whether a command is one of a binary that netwrap wraps."""
    bare = words[1:] if words[0] == "busybox" else words
    if bare[:1] == ["/ip"]:  # a command of MikroTik's RouterOS
        return False
    return bool(bare) and is_wrapped(bare[0].rpartition("/")[2])


def shape_of(words: Sequence[str]) -> Shape | None:
    """The shape of the lines of a command's table."""
    return tables_in_text.SHAPES.get(parser_of(words) or "") or tables_in_text.SIDE.get(side_of(words) or "")
