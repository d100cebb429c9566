"""Every place where something occurs in the namespaces of this host, or of a capture: its owner first."""

from __future__ import annotations

import re
import sys
from functools import partial

from netwrap.errors import UsageError, similar

from . import _source, _table, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from netwrap.model.host import Host
    from parsers.records import Record

    from ._options import Options


def run(options: Options) -> int:
    """Print the places; 1 where there is none, or something could not be read."""
    from netwrap.answers import find
    from netwrap.tables import view

    what = options.words[0]
    if "?" in options.columns:
        _table.list_columns(["find"])
        return 0
    if not what.strip():
        raise UsageError("find takes what to look for, not an empty word")
    asked = _source.Asked(options, partial(_places, what=what, netns=options.netns), partial(find.is_absent, what))
    table = _table.Growing("find", ["host", "netns", *view.all_columns("find")], options) if asked.are_many else None
    found: list[Record] = []
    having: list[Host] = []
    nowhere = ""
    mentioned: list[tuple[Host, int]] = []
    for host, answer in asked:
        places, numbers, missing = answer or ([], [], "")
        nowhere = nowhere or missing
        mentioned += [(host, number) for number in numbers]
        if places:
            having.append(host)
            records = [_source.with_host(asked.hosts, host, place) for place in places]
            if table is not None:
                table.add([{"host": host.name, **place} for place in places])
            else:
                found += records
    hosts = asked.hosts
    if table is not None and having:
        table.end(lambda place: find.ROLES.index(place["role"]))
    elif found:
        if len(hosts) > 1:
            found.sort(key=lambda place: find.ROLES.index(place["role"]))
        _table.show("find", found, options)
        sys.stdout.flush()
    if nowhere and not having:
        raise UsageError(nowhere)
    status = _source.remarks(hosts, lacks=False, verbose=options.verbose, noted=having or hosts)
    if not having:
        if mentioned:
            shown = ", ".join(str(number) for _, number in mentioned[:5]) + (", ..." if len(mentioned) > 5 else "")
            say(f"{what} stands in line {shown} of {mentioned[0][0].source}, in nothing that was read as a table")
        else:
            sources = list(dict.fromkeys(host.source for host in hosts))
            many = f"in any of {len(sources)} sources"
            unread = hosts[0].live and any(netns.addresses is None for host in hosts for netns in host.namespaces)
            here = "in what could be read here" if unread else "here"
            where = here if hosts[0].live else many if len(sources) > 5 else "in " + " and ".join(sources)
            wrong = (
                ": that is no IPv4 address"
                if re.fullmatch(r"\d+(\.\d+){3}", what, re.A) and max(map(int, what.split("."))) > 255
                else ""
            )
            blind = [netns.title for host in hosts for netns in host.namespaces if netns.listeners is None]
            near = similar(what, _names(hosts))
            is_word = re.fullmatch(r"[A-Za-z_][\w.-]*", what, re.A) and not near
            if blind and (what.startswith(":") or is_word):
                but = "; which programs listen is not known:" if is_word else ", but"
                wrong = f"{but} the sockets of {', '.join(blind[:3])}{' and others' if len(blind) > 3 else ''} were not read"
            say(f"{what} is nowhere {where}{wrong}{near}")
    return status if having else 1


def _names(hosts: Sequence[Host]) -> Iterator[str]:
    """The names that a wrong one may have meant: of namespaces and their links."""
    for host in hosts:
        for netns in host.namespaces:
            yield netns.title
            yield from (link["ifname"] for link in netns.links or [])


def _places(host: Host, several: bool, what: str, netns: Sequence[str]) -> tuple[list[Record], list[int], str]:
    """The places where something occurs on a host, the lines that only mention it, and why no namespace fits, if none does."""
    from netwrap.answers import find

    places = find.find(host, what, several)
    numbers = [] if places else find.mentions(host, what)
    if netns:
        try:
            wanted = [one.name for one in host.choose(netns)]
        except UsageError as error:
            return [], numbers, str(error)
        places = [place for place in places if place["netns"] in wanted]
    return places, numbers, ""
