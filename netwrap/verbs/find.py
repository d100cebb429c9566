"""Every place where something occurs in the namespaces of this host, or of a capture: its owner first.

WHAT is an address, a prefix, a MAC, the name of an interface, namespace or container, a VLAN id, an nsid, an inode, a pid.
"""

from __future__ import annotations

import sys

from netwrap.errors import UsageError

from . import _options, _source, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

_EXAMPLES = """examples:
  netwrap find 10.0.0.1
  netwrap find 10.0.0.0/24 --where role=owner
  netwrap find 02:42:ac:11:00:02 --from host.netwrap
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `netwrap find` takes."""
    parser.add_argument("what", metavar="WHAT", help="what to look for ('pid 42': the process only)")
    _source.add_options(parser)
    _options.add_options(parser)
    parser.epilog = _EXAMPLES


def run(options: argparse.Namespace) -> int:
    """Print the places; 1 where there is none, or something could not be read."""
    from netwrap.answers import find

    _options.check(options)
    if not options.what.strip():
        raise UsageError("find takes what to look for, not an empty word")
    host = _source.host(options.source)
    found = find.find(host, options.what)
    if found:
        _options.show("find", found, options)
        sys.stdout.flush()
    status = _source.remarks(host, lacks=False)
    if not found:
        say(f"{options.what} is nowhere {'here' if host.live else 'in ' + host.source}")
    return status if found else 1
