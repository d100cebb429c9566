"""Every place where something occurs in the namespaces of this host, or of a capture: its owner first."""

from __future__ import annotations

import sys

from netwrap.errors import UsageError

from . import _source, _table, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._options import Options


def run(options: Options) -> int:
    """Print the places; 1 where there is none, or something could not be read."""
    from netwrap.answers import find

    _table.check(options)
    what = options.words[0]
    if not what.strip():
        raise UsageError("find takes what to look for, not an empty word")
    host = _source.host(options.source)
    found = find.find(host, what)
    if options.netns:
        wanted = [netns.name for netns in host.choose(options.netns)]
        found = [place for place in found if place["netns"] in wanted]
    if found:
        _table.show("find", found, options)
        sys.stdout.flush()
    status = _source.remarks(host, lacks=False)
    if not found:
        say(f"{what} is nowhere {'here' if host.live else 'in ' + host.source}")
    return status if found else 1
