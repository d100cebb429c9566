"""Every place where something occurs in the namespaces of this host, or of a capture: its owner first."""

from __future__ import annotations

import sys

from netwrap.errors import UsageError

from . import _source, _table, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from netwrap.model.host import Host
    from parsers.records import Record

    from ._options import Options


def run(options: Options) -> int:
    """Print the places; 1 where there is none, or something could not be read."""
    from netwrap.answers import find

    what = options.words[0]
    if "?" in options.columns:
        _table.list_columns(["find"])
        return 0
    if not what.strip():
        raise UsageError("find takes what to look for, not an empty word")
    hosts = _source.hosts(options)
    found: list[Record] = []
    having: list[Host] = []
    for host in hosts:
        places = find.find(host, what, several=len(hosts) > 1)
        if options.netns:
            wanted = [netns.name for netns in host.choose(options.netns)]
            places = [place for place in places if place["netns"] in wanted]
        found += [_source.with_host(hosts, host, place) for place in places]
        having += [host] if places else []
    if len(hosts) > 1:
        found.sort(key=lambda place: find.ROLES.index(place["role"]))
    if found:
        _table.show("find", found, options)
        sys.stdout.flush()
    status = _source.remarks(hosts, lacks=False, verbose=options.verbose, noted=having or hosts)
    if not found:
        where = "here" if hosts[0].live else "in " + " and ".join(dict.fromkeys(host.source for host in hosts))
        mentioned = [(host, number) for host in hosts for number in find.mentions(host, what)]
        if mentioned:
            numbers = ", ".join(str(number) for _, number in mentioned[:5]) + (", ..." if len(mentioned) > 5 else "")
            say(f"{what} stands in line {numbers} of {mentioned[0][0].source}, in nothing that was read as a table")
        else:
            say(f"{what} is nowhere {where}")
    return status if found else 1
