"""A graph in the languages of other drawing tools: Mermaid, DOT (graphviz), D2. Every name is escaped.

``marks``: the id of a room -> why it is marked; the reason stands behind its title.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wording import printable
from .words import Words, empty, kind_of, remarks, vlans

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parsers.records import Record

#: Marks of a picture in which nothing is marked.
NO_MARKS: Mapping[str, str] = {}
_RED = "#b00020"


def mermaid(graph: Record, marks: Mapping[str, str] = NO_MARKS) -> str:
    """A Mermaid flowchart, as GitHub and GitLab draw it."""
    outline = _Outline(graph, marks)
    out = ["flowchart TB"]
    for room, title, ports in outline.rooms:
        out.append(f"  subgraph {room}[{_mermaid(title)}]")
        out += [f"    {port}[{_mermaid(text)}]" for port, text in ports or [(f"{room}empty", outline.empty[room])]]
        out.append("  end")
        out += [f"  style {room} stroke:{_RED},stroke-width:3px"] if room in marks else []
    out += [f"  {bus}{{{{{_mermaid(title)}}}}}" for bus, title in outline.buses]
    out += [f"  {line}([{_mermaid(text)}])" for line, text in outline.clouds]
    for one, other, label, certain in outline.edges:
        arrow = "---" if certain else "-.-"
        out.append(f"  {one} {arrow}{f'|{_mermaid(label)}|' if label else ''} {other}")
    return "\n".join(out) + "\n"


def dot(graph: Record, marks: Mapping[str, str] = NO_MARKS) -> str:
    """A graph for `dot`, with a cluster for each room."""
    outline = _Outline(graph, marks)
    out = ["graph netwrap {", "  node [shape=box, fontname=monospace];"]
    for room, title, ports in outline.rooms:
        out += [f"  subgraph cluster_{room} {{", f"    label={_dot(title)};"]
        out += [f"    {port} [label={_dot(text)}];" for port, text in ports]
        out += [] if ports else [f"    {room}empty [label={_dot(outline.empty[room])}, shape=plaintext];"]
        out.append(f'    color="{_RED}"; penwidth=3;\n  }}' if room in marks else "  }")
    out += [f"  {bus} [label={_dot(title)}, shape=hexagon];" for bus, title in outline.buses]
    out += [f"  {line} [label={_dot(text)}, shape=ellipse, style=dashed];" for line, text in outline.clouds]
    for one, other, label, certain in outline.edges:
        out.append(f"  {one} -- {other} [label={_dot(label)}{'' if certain else ', style=dotted'}];")
    return "\n".join([*out, "}"]) + "\n"


def d2(graph: Record, marks: Mapping[str, str] = NO_MARKS) -> str:
    """A graph for `d2`."""
    outline = _Outline(graph, marks)
    place = {port: f"{room}.{port}" for room, _, ports in outline.rooms for port, _ in ports}
    out = []
    for room, title, ports in outline.rooms:
        out += [f"{room}: {_d2(title)} {{", *(f"  {port}: {_d2(text)}" for port, text in ports)]
        out.append(f'  style: {{stroke: "{_RED}"; stroke-width: 3}}\n}}' if room in marks else "}")
    out += [f"{bus}: {_d2(title)} {{shape: hexagon}}" for bus, title in outline.buses]
    out += [f"{line}: {_d2(text)} {{shape: cloud}}" for line, text in outline.clouds]
    for one, other, label, certain in outline.edges:
        style = "" if certain else " {style.stroke-dash: 3}"
        out.append(f"{place.get(one, one)} -- {place.get(other, other)}: {_d2(label)}{style}")
    return "\n".join(out) + "\n"


class _Outline:
    """A graph as all languages write it: ids and texts. A port is (id, text), a room (id, title, its ports)."""

    def __init__(self, graph: Record, marks: Mapping[str, str]) -> None:
        words = Words(graph)
        of = {host["id"]: f"{host['title']}: " if len(graph["hosts"]) > 1 else "" for host in graph["hosts"]}
        self.empty = {room["id"]: empty(room) for room in graph["rooms"]}
        self.rooms = []
        for room in graph["rooms"]:
            ports = [(port["id"], words.of(port)) for port in _ports(room, words)]
            self.rooms.append((room["id"], of.get(room["host"], "") + _title(room, marks), ports))
        self.buses = []
        for bus in graph["buses"]:
            kind = f" ({kind_of(bus)})" if bus.get("filters") is not None else ""
            self.buses.append((bus["id"], of.get(bus.get("host"), "") + bus["title"] + kind))
        self.clouds = [
            (f"{cloud['id']}l{number}", f"{cloud['title']}: {line}")
            for cloud in graph["clouds"] for number, line in enumerate(cloud["lines"])
        ]  # fmt: skip
        self.edges = _edges(graph, words)


def _title(room: Record, marks: Mapping[str, str]) -> str:
    beside = ", ".join(remarks(room))
    title = str(room["title"]) + (f" ({beside})" if beside else "")
    return f"! {title}: {marks[room['id']]}" if room["id"] in marks else title


def _ports(room: Record, words: Words) -> list[Record]:
    return [words.ports[port] for port in room["ports"] if port in words.ports and not words.ports[port]["bus"]]


def _edges(graph: Record, words: Words) -> list[tuple[str, str, str, bool]]:
    """Edges as (one node, other node, label, certain): an enslaved port is the edge itself, and its name the label."""
    nodes = {port["id"] for port in graph["ports"] if not port["bus"] and port["room"] in words.titles}
    nodes |= {bus["id"] for bus in graph["buses"]}
    nodes |= {f"{cloud['id']}l{number}" for cloud in graph["clouds"] for number in range(len(cloud["lines"]))}
    edges = []
    for cable in graph["cables"]:
        ends, label = [], "tunnel" if cable["kind"] == "tunnel" else ""
        for end in cable["ends"]:
            port = words.ports.get(end)
            if port is not None and port["bus"]:
                label = label or f"{port['name']} {vlans(port.get('vlans'))}".rstrip()
                end = port["bus"]
            ends.append(end)
        if ends[0] in nodes and ends[1] in nodes:
            edges.append((ends[0], ends[1], label, cable["certain"]))
    for port in graph["ports"]:  # a VLAN and its parent, a member and its bond
        parent = words.ports.get(port["under"] or "")
        if parent is not None and port["id"] in nodes:
            node = parent["bus"] or parent["id"]
            edges += [(port["id"], node, "in" if port["member"] else "on", True)] if node in nodes else []
    return edges


def _mermaid(text: str) -> str:
    """A text quoted for Mermaid: characters that Mermaid or HTML would read as markup are written as their numbers."""
    return (
        '"'
        + "".join(letter if letter.isalnum() or letter in " .:/-_=,+()" else f"#{ord(letter)};" for letter in printable(text))
        + '"'
    )


def _dot(text: str) -> str:
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _d2(text: str) -> str:
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'
