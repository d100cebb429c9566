"""A graph in the languages of other drawing tools: Mermaid, DOT (graphviz), D2. Every name is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .measure import clean
from .words import Words

if TYPE_CHECKING:
    from parsers.records import Record


def mermaid(graph: Record) -> str:
    """A Mermaid flowchart, as GitHub and GitLab draw it."""
    words = Words(graph)
    out = ["flowchart TB"]
    for room in graph["rooms"]:
        out.append(f"  subgraph {room['id']}[{_mermaid(_title(room))}]")
        for port in _ports(room, words):
            out.append(f"    {port['id']}[{_mermaid(words.of(port))}]")
        if not _ports(room, words):
            out.append(f"    {room['id']}empty[{_mermaid('no links but lo')}]")
        out.append("  end")
    for bus in graph["buses"]:
        out.append(f"  {bus['id']}{{{{{_mermaid(bus['title'])}}}}}")
    for cloud in graph["clouds"]:
        for number, line in enumerate(cloud["lines"]):
            out.append(f"  {cloud['id']}l{number}([{_mermaid(cloud['title'] + ': ' + line)}])")
    for one, other, label, certain in _edges(graph, words):
        arrow = "---" if certain else "-.-"
        out.append(f"  {one} {arrow}{f'|{_mermaid(label)}|' if label else ''} {other}")
    return "\n".join(out) + "\n"


def dot(graph: Record) -> str:
    """A graph for `dot`, with a cluster for each room."""
    words = Words(graph)
    out = ["graph netwrap {", "  node [shape=box, fontname=monospace];"]
    for room in graph["rooms"]:
        out.append(f"  subgraph cluster_{room['id']} {{")
        out.append(f"    label={_dot(_title(room))};")
        for port in _ports(room, words):
            out.append(f"    {port['id']} [label={_dot(words.of(port))}];")
        if not _ports(room, words):
            out.append(f"    {room['id']}empty [label={_dot('no links but lo')}, shape=plaintext];")
        out.append("  }")
    for bus in graph["buses"]:
        out.append(f"  {bus['id']} [label={_dot(bus['title'])}, shape=hexagon];")
    for cloud in graph["clouds"]:
        for number, line in enumerate(cloud["lines"]):
            out.append(f"  {cloud['id']}l{number} [label={_dot(cloud['title'] + ': ' + line)}, shape=ellipse, style=dashed];")
    for one, other, label, certain in _edges(graph, words):
        style = "" if certain else ", style=dotted"
        out.append(f"  {one} -- {other} [label={_dot(label)}{style}];")
    return "\n".join([*out, "}"]) + "\n"


def d2(graph: Record) -> str:
    """A graph for `d2`."""
    words = Words(graph)
    place = {port["id"]: f"{port['room']}.{port['id']}" for port in graph["ports"] if not port["bus"]}
    out = []
    for room in graph["rooms"]:
        out.append(f"{room['id']}: {_d2(_title(room))} {{")
        for port in _ports(room, words):
            out.append(f"  {port['id']}: {_d2(words.of(port))}")
        out.append("}")
    for bus in graph["buses"]:
        out.append(f"{bus['id']}: {_d2(bus['title'])} {{shape: hexagon}}")
    for cloud in graph["clouds"]:
        for number, line in enumerate(cloud["lines"]):
            out.append(f"{cloud['id']}l{number}: {_d2(cloud['title'] + ': ' + line)} {{shape: cloud}}")
    for one, other, label, certain in _edges(graph, words):
        style = "" if certain else " {style.stroke-dash: 3}"
        out.append(f"{place.get(one, one)} -- {place.get(other, other)}: {_d2(label)}{style}")
    return "\n".join(out) + "\n"


def _title(room: Record) -> str:
    return str(room["title"]) + (f" ({', '.join(room['labels'][:2])})" if room["labels"] else "")


def _ports(room: Record, words: Words) -> list[Record]:
    return [words.ports[port] for port in room["ports"] if port in words.ports and not words.ports[port]["bus"]]


def _edges(graph: Record, words: Words) -> list[tuple[str, str, str, bool]]:
    """Edges as (one node, other node, label, certain): an enslaved port is the edge itself, and its name the label."""
    nodes = {port["id"] for port in graph["ports"] if not port["bus"] and port["room"] in words.titles}
    nodes |= {bus["id"] for bus in graph["buses"]}
    nodes |= {f"{cloud['id']}l{number}" for cloud in graph["clouds"] for number in range(len(cloud["lines"]))}
    edges = []
    for cable in graph["cables"]:
        ends, label = [], ""
        for end in cable["ends"]:
            port = words.ports.get(end)
            if port is not None and port["bus"]:
                label = label or port["name"]
                end = port["bus"]
            ends.append(end)
        if ends[0] in nodes and ends[1] in nodes:
            edges.append((ends[0], ends[1], label, cable["certain"]))
    return edges


def _mermaid(text: str) -> str:
    """A text quoted for Mermaid: characters that Mermaid or HTML would read as markup are written as their numbers."""
    return (
        '"'
        + "".join(letter if letter.isalnum() or letter in " .:/-_=,+()" else f"#{ord(letter)};" for letter in clean(text))
        + '"'
    )


def _dot(text: str) -> str:
    return '"' + clean(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _d2(text: str) -> str:
    return '"' + clean(text).replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'
