"""A picture of the networks of this host, or of a capture: namespaces, cables, bridges; with NAME only these namespaces.

More than four namespaces of one shape are folded into the first, "18 more" and the last; --unfold draws all of them. Uncertain
connections are dotted; a part that was not captured is a cloud.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections import Counter

from netwrap.answers import topology, topology_folding
from netwrap.errors import NetwrapError, UsageError, similar
from netwrap.wording import ROOT

from . import _source
from ._options import refuse
from ._saving import form_of, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from netwrap.model.host import Host
    from parsers.records import Record

    from ._options import Options

#: The columns of a picture in text that goes to no terminal.
WIDTH = 80
#: Findings that are listed under a drawing; text has space for all.
REASONS = 12


def run(options: Options) -> int:
    """Print the picture, or save it; 1 where something could not be read."""
    if options.output is not None:
        options.format = form_of(options.output, options.format)
    _refuse_text(options)
    if options.check and options.format == "json":
        raise UsageError("--check marks rooms of a picture; netwrap check --format json has the findings")
    if len(options.path) == len(options.words) == 1:  # --path FROM TO
        options.path, options.words = [*options.path, *options.words], []
    if bool(options.words) + (options.around is not None) + bool(options.path) > 1:
        raise UsageError("topology takes the namespaces as NAME, or --around, or --path; not two of them")
    if "" in (*options.words, *options.path, options.around):
        raise UsageError("a namespace has a name: '' is none; without NAME, topology draws all of them")
    if len(set(options.path)) != 2 and any(option.key == "path" for option in options.given):
        raise UsageError(f"--path takes two namespaces, FROM TO, not {' '.join(map(repr, options.path)) or repr('')}")
    if options.format not in (None, "text"):
        refuse(options, ("--ascii",), f"for {options.format}: it is for text")
    if options.depth is not None and not options.around:
        raise UsageError("--depth says how far around --around is")
    drawn_before = topology.saved(options.source[0]) if len(options.source) == 1 else None
    graphs = [path for path in options.source if topology.saved(path) is not None] if len(options.source) > 1 else []
    if graphs:
        raise UsageError(f"{graphs[0]} is a saved graph, which is drawn alone: name the captures themselves")
    if drawn_before is not None and (options.check or options.format == "html"):
        raise UsageError("a saved graph has neither findings nor the tables of a page; draw those from the capture")
    hosts = [] if drawn_before is not None else _source.hosts(options)
    gc.freeze()  # the records stay to the end: the garbage collector need not go through them while we draw
    whole = _graph(hosts) if drawn_before is None else drawn_before
    try:
        drawn = _picture(hosts, whole, options)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        if drawn_before is None or isinstance(error, NetwrapError):
            raise
        raise NetwrapError(f"{options.source[0]}: the graph is damaged") from None
    _save(options, drawn)
    return _source.remarks(hosts, lacks=False, verbose=options.verbose)


def _graph(hosts: list[Host]) -> Record:
    """The graph of the hosts; of those with one title, each has the name of its source in it."""
    found = topology.graph(hosts)
    count = Counter(host["title"] for host in found["hosts"])
    alike = [(drawn, host) for drawn, host in zip(found["hosts"], hosts) if count[drawn["title"]] > 1]
    files = [os.path.basename(host.source.rstrip("/")) for _, host in alike]
    for (drawn, host), file in zip(alike, files):
        drawn["title"] = f"{drawn['title']} ({file})" if len(set(files)) == len(files) else f"{host.name} ({host.source})"
    return found


def _in_order(found: Record) -> Record:
    """The graph with (root) first, and namespaces that have a name before those of processes and files."""

    def rank(room: Record) -> int:
        return 0 if room["title"] == ROOT else 2 if room["title"].startswith(("pid ", "net:[", "/")) else 1

    return {**found, "rooms": sorted(found["rooms"], key=rank)}


def _picture(hosts: list[Host], whole: Record, options: Options) -> str | bytes:
    """The picture of the part of the graph that is asked for, with its marks and folds."""
    found, asked = _part(hosts, whole, options)
    found = _in_order(found)
    marks = _findings(hosts, found) if options.check else {}
    if not whole["rooms"]:
        raise NetwrapError("there is nothing to draw: no links were captured")
    if options.only and not found["ports"]:
        kinds = sorted({port["kind"] or "physical" for port in whole["ports"]})
        near = similar(options.only[0], kinds)
        there = f"there are: {', '.join(kinds)}" if kinds else "no links were captured"
        raise NetwrapError(f"no links of kind {', '.join(options.only)}{near}; {there}")
    if len(found["hosts"]) == 1:  # of a host among similar ones, it is folded with the others
        asked = [*asked, *(room["id"] for room in found["rooms"] if room["title"] == ROOT)]
    folded = found if options.unfold else topology_folding.fold(found, keep=[*asked, *marks])
    reasons = _reasons(found, marks)
    if options.format not in (None, "text") and len(reasons) > REASONS:
        reasons = [*reasons[:REASONS], f"! and {len(reasons) - REASONS} more"]
    return _drawn(hosts, found, folded, options, marks, reasons, asked)


def _part(hosts: list[Host], whole: Record, options: Options) -> tuple[Record, list[str]]:
    """The part of the graph that is asked for, and the rooms that were named."""
    if options.path:
        named = [_room(hosts, whole, name) for name in options.path]
        return topology.between(whole, named[0], named[1], options.only), named
    if options.around:
        named = [_room(hosts, whole, options.around)]
        return topology.around(whole, named, options.depth or 1, options.only), named
    named = [_room(hosts, whole, name) for name in options.words]
    rooms = set(named) or {room["id"] for room in whole["rooms"]}
    return (topology.only(whole, rooms, options.only) if named or options.only else whole), named


def _findings(hosts: list[Host], found: Record) -> dict[str, str]:
    """The rooms that have an error or a warning, each with the text of the first."""
    from netwrap.answers import check

    told: dict[tuple[str, str], list[str]] = {}
    for one in check.check(hosts, level="warning", quotes=False):
        told.setdefault((one.host, one.netns), []).append(f"{one.id} {one.what}")
    titles = [(host.name, netns.title) for host in hosts for netns in host.namespaces]
    marks = {}
    for room in found["rooms"]:
        words = told.get(titles[int(room["id"][1:])])
        if words:
            marks[room["id"]] = words[0] + (f"; {len(words) - 1} more finding{'s' * (len(words) > 2)}" if words[1:] else "")
    return marks


def _reasons(found: Record, marks: dict[str, str]) -> list[str]:
    """The lines under a picture that say why rooms are marked."""
    hosts = {host["id"]: f"{host['title']}: " if len(found["hosts"]) > 1 else "" for host in found["hosts"]}
    return [f"! {hosts[room['host']]}{room['title']}: {marks[room['id']]}" for room in found["rooms"] if room["id"] in marks]


def of_lab(host: Host, title: str, options: Options) -> None:
    """Draw or save a lab as its file describes it; every namespace is drawn."""
    _refuse_text(options)
    options.unfold = True
    found = topology.graph([host])
    _save(options, _drawn([host], found, found, options, {}, title=title))


def _refuse_text(options: Options) -> None:
    if options.format == "png" and options.output is None:
        raise UsageError("a PNG is no text: name a file with --output")


def of_trace(
    hosts: list[Host],
    passed: list[int],
    links: set[tuple[int, str]],
    stops: tuple[int, str | None] | None,
    why: str,
    below: list[str],
    title: str,
    options: Options,
    outside: str,
) -> None:
    """Draw or save the rooms of a packet's way (their positions among those of all hosts), with the room where it ends marked.

    Cables of ``links``, the links by which the packet came and left, are marked, too. ``stops``: the room where it
    ends, and the link. ``outside``: the destination, where no room has it.
    """
    rooms = {f"r{at}" for at in passed}
    found = topology.only(_graph(hosts), rooms)
    if not found["rooms"]:
        raise NetwrapError("there is nothing to draw: no links were captured")
    used = {port["id"] for port in found["ports"] if (int(port["room"][1:]), port["name"]) in links}
    found, way = topology.on_the_way(found, used)
    if outside:
        number = 1 + max((int(cloud["id"][1:]) for cloud in found["clouds"]), default=-1)
        near = f"r{stops[0]}" if stops is not None else found["rooms"][-1]["id"]
        found["clouds"].append({"id": f"c{number}", "title": outside, "kind": "destination", "near": near,
                                "lines": ["destination, not captured"]})  # fmt: skip
    marks = dict.fromkeys(way, "on the packet's way")
    if stops is not None:
        ports = {port["id"] for port in found["ports"] if port["bus"] and (int(port["room"][1:]), port["name"]) == stops}
        cables = [cable["id"] for cable in found["cables"] if cable["kind"] != "own" and ports.intersection(cable["ends"])]
        marks.update(dict.fromkeys(set(way).intersection(cables), why))  # of a port of a bridge, which no room shows
        marks[f"r{stops[0]}"] = why
    _save(options, _drawn(hosts, found, found, options, marks, below, title=title))


def _room(hosts: list[Host], whole: Record, name: str) -> str:
    if not hosts:
        titled = [str(room["id"]) for room in whole["rooms"] if room["title"] == name]
        if not titled:
            raise UsageError(f"the saved graph has no namespace {name!r}")
        return titled[0]
    position = 0
    refused: UsageError | None = None
    for host in hosts:
        try:
            found = host.find(name)
        except UsageError as error:
            refused = refused or error
        else:
            return str(whole["rooms"][position + host.position(found)]["id"])
        position += len(host.namespaces)
    raise refused or UsageError(f"no namespace {name!r}")


def _drawn(
    hosts: list[Host],
    found: Record,
    folded: Record,
    options: Options,
    marks: dict[str, str],
    below: Sequence[str] = (),
    asked: Sequence[str] = (),
    title: str = "",
) -> str | bytes:
    form = options.format or "text"
    names = [host["title"] for host in found["hosts"]]
    title = title or (f"Networks of {names[0]}" if len(names) == 1 else f"Networks of {len(names)} hosts")
    if form == "json":
        import json

        return json.dumps(found, indent=1) + "\n"
    if form == "svg":
        from netwrap.pictures import svg

        return svg.draw(folded, title, marks, below)
    if form == "html":
        from netwrap.pictures import html

        return html.draw(found, folded, title, _tables(hosts, found), marks, below)
    if form == "png":
        from netwrap.pictures import png

        return png.draw(folded, marks, below=below)
    if form != "text":
        from netwrap.pictures import languages

        return {"mermaid": languages.mermaid, "dot": languages.dot, "d2": languages.d2}[form](folded, marks)
    from netwrap.pictures import text
    from netwrap.pictures.words import by_host

    width = shutil.get_terminal_size((WIDTH, 0)).columns  # COLUMNS, else of the terminal
    most = {host["id"]: text.limit(part) for host, part in by_host(found)}  # buses and clouds have lines, too
    fewer = None if options.unfold else folded
    while fewer is not None:
        folded, fewer = fewer, None
        for host, part in by_host(folded):
            over = text.height(part, width) - most[host["id"]]
            again = topology_folding.fold_some(fewer or folded, over, [*asked, *marks], host["id"]) if over > 0 else folded
            fewer = again if again is not folded else fewer
    return text.draw(folded, width, options.ascii or not _has_lines(), marks, below, whole=options.unfold)


def _has_lines() -> bool:
    """Whether the encoding of standard output has the characters of boxes."""
    try:
        "│├└─═…".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _tables(hosts: list[Host], found: Record) -> dict[str, str]:
    """All about each room, as `netwrap report NAME` prints it."""
    from ._options import Options
    from .report import Place, texts

    options = Options()
    options.verb = "report"
    options.wide, options.color = True, "never"
    namespaces = [(host, netns) for host in hosts for netns in host.namespaces]
    of_rooms = {room["id"]: namespaces[int(room["id"][1:])] for room in found["rooms"]}
    return {room: "\n".join(texts([Place(host, netns)], options)) for room, (host, netns) in of_rooms.items()}


def _save(options: Options, drawn: str | bytes) -> None:
    """Print the picture, or write its file, whole or not at all."""
    path = options.output or "-"
    if path == "-" and isinstance(drawn, str) and options.format in (None, "text"):
        sys.stdout.write(drawn)
        sys.stdout.flush()
        return
    data = drawn if isinstance(drawn, bytes) else drawn.encode("utf-8", "backslashreplace")
    if path == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    with whole(path) as beside, open(beside, "xb") as file:
        file.write(data)
