"""A graph as one page without any outside reference: the drawing, search, folding, and a room's tables on a click."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from . import layout, svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.records import Record


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root{{color-scheme:light dark}}
body{{margin:0;font:15px system-ui,sans-serif;background:{light[paper]};color:{light[ink]}}}
header{{padding:10px 14px;display:flex;flex-wrap:wrap;gap:8px 14px;align-items:center}}
header{{border-bottom:1px solid {light[edge]}}}
h1{{font-size:17px;margin:0;overflow-wrap:anywhere}}p{{margin:0;color:{light[soft]}}}
#below{{padding:6px 14px;border-top:1px solid {light[edge]}}}
#below p{{color:inherit;font-weight:bold;overflow-wrap:anywhere;padding:2px 0}}
input,button{{font:inherit;padding:4px 9px;border:1px solid {light[edge]};border-radius:6px}}
input,button{{background:{light[room]};color:inherit}}
input{{min-width:0;max-width:100%}}
main{{overflow:auto;padding:6px}}main svg{{display:block}}
:focus-visible{{outline:3px solid {light[cable]};outline-offset:2px}}
svg g.room,svg g.fold{{cursor:pointer}}svg .cable.lit{{stroke-width:4}}svg g.bar.lit rect{{stroke:{light[wait]};stroke-width:3}}
svg g.hit>rect{{stroke:{light[wait]};stroke-width:4;stroke-dasharray:9 4}}
svg.many g.hit>rect{{stroke-width:1.6;stroke-dasharray:4 3}}
dialog{{max-width:min(96vw,1100px);max-height:86vh;border:1px solid {light[edge]};border-radius:8px}}
dialog{{background:{light[paper]};color:{light[ink]}}}
dialog h2{{font-size:16px;margin:0 0 8px;overflow-wrap:anywhere}}
dialog pre{{overflow:auto;font:12px ui-monospace,Menlo,Consolas,monospace;max-height:66vh;margin:8px 0}}
[hidden]{{display:none!important}}
@media (prefers-color-scheme:dark){{body,dialog{{background:{dark[paper]};color:{dark[ink]}}}p{{color:{dark[soft]}}}
header,dialog,input,button,#below{{border-color:{dark[edge]}}}input,button{{background:{dark[room]}}}
:focus-visible{{outline-color:{dark[cable]}}}svg g.hit>rect{{stroke:{dark[wait]}}}}}
@media print{{header input,header button,label{{display:none}}main{{overflow:visible}}main svg{{max-width:100%;height:auto}}}}
</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p id="about">{about}</p>
<label for="search">Search</label><input id="search" type="search" autocomplete="off" aria-describedby="hits">
<span id="hits" role="status" aria-live="polite"></span>
{button}
</header>
<main tabindex="0" aria-label="Drawing of the networks; a namespace opens its tables, a fold its namespaces">
{drawings}
</main>
{below}
<dialog id="room" aria-labelledby="name"><h2 id="name"></h2><pre id="tables" tabindex="0"></pre>
<form method="dialog"><button>Close</button></form></dialog>
<script type="application/json" id="data">{data}</script>
<script>
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const views = [...document.querySelectorAll("main > div")];
const button = document.getElementById("fold"), search = document.getElementById("search");
const dialog = document.getElementById("room"), hits = document.getElementById("hits");
const show = which => {{
  views.forEach((view, at) => view.hidden = at !== which);
  if (!button) return;
  button.textContent = which ? "Fold namespaces that are alike" : "Show every namespace";
}};
const fit = () => views.forEach(view => {{  // a drawing that is a little too wide for a small screen is made smaller
  const drawing = view.firstElementChild, wide = drawing.viewBox.baseVal.width, space = view.parentNode.clientWidth - 12;
  drawing.style.cssText = wide > space && wide * .75 <= space ? `width:${{space}}px;height:auto` : "";
}});
const open = group => {{
  const id = group.id.slice(2);
  document.getElementById("name").textContent = data.titles[id] || id;
  document.getElementById("tables").textContent = data.tables[id] || "No tables of this namespace are in the page.";
  dialog.showModal();
}};
const mark = (found, words) => {{
  document.querySelectorAll("g.hit").forEach(group => group.classList.remove("hit"));
  found.forEach(group => {{
    group.classList.add("hit");
    group.ownerSVGElement.classList.toggle("many", found.length > 20);  // so many thick edges would hide the drawing
  }});
  hits.textContent = words;
}};
const reach = group => {{
  group.scrollIntoView({{block: "center", inline: "center"}});
  if (group.focus) group.focus();
}};
const unfold = group => {{
  const found = data.folds[group.id.slice(2)].map(id => document.getElementById("u-" + id)).filter(Boolean);
  show(views.length - 1);
  mark(found, found.length + " namespaces of the fold have a dashed edge");
  if (found.length) reach(found[0]);
}};
document.querySelectorAll("g[tabindex]").forEach(group => {{
  const act = () => group.classList.contains("fold") ? unfold(group) : open(group);
  const light = on => (data.cables[group.id.slice(2)] || []).forEach(id => {{
    const line = document.getElementById(group.id.slice(0, 2) + id);
    if (line) line.classList.toggle("lit", on);
  }});
  ["mouseenter", "focus"].forEach(name => group.addEventListener(name, () => light(true)));
  ["mouseleave", "blur"].forEach(name => group.addEventListener(name, () => light(false)));
  group.addEventListener("click", act);
  group.addEventListener("keydown", event => {{
    if (event.key === "Enter" || event.key === " ") {{ event.preventDefault(); act(); }}
  }});
}});
const text = group => (group.textContent + " " + (data.tables[group.id.slice(2)] || "")).toLowerCase();
const find = () => {{
  const word = search.value.trim().toLowerCase();
  if (!word) {{ mark([], ""); return []; }}
  if (views.length > 1) show(1);
  const view = views[views.length - 1], vlan = /^vlans? ([0-9]+)$/.exec(word);
  const isIn = group => vlan && (data.vlans[group.id.slice(2)] || []).some(([low, high]) => low <= vlan[1] && vlan[1] <= high);
  const found = [...view.querySelectorAll("g.room, g.bar, g.cloud")].filter(group => text(group).includes(word) || isIn(group));
  mark(found, found.length + (found.length === 1 ? " match" : " matches"));
  return found;
}};
search.addEventListener("input", find);
search.addEventListener("keydown", event => {{
  if (event.key !== "Enter") return;
  const first = find()[0];
  if (first) reach(first);
}});
if (button) button.addEventListener("click", () => show(views[0].hidden ? 0 : 1));
addEventListener("resize", fit);
fit();
show(0);
</script>
</body>
</html>
"""


def draw(
    whole: Record,
    folded: Record,
    title: str,
    tables: dict[str, str] | None = None,
    marks: dict[str, str] | None = None,
    below: Sequence[str] = (),
) -> str:
    """The page of a graph, as it is and folded. ``tables``: id of a room -> its tables; ``marks``, ``below`` as in svg."""
    about = svg.description(whole)
    drawings = [svg.render(layout.place(whole), title, marks or {}, about, prefix="u-")]
    if folded is not whole:
        drawings.insert(0, svg.render(layout.place(folded), title, marks or {}, about, prefix="f-"))
    data = {
        "titles": {room["id"]: room["title"] for room in whole["rooms"]}, "tables": tables or {},
        "cables": _cables_of(whole, folded), "vlans": _vlans_of(whole),
        "folds": {room["id"]: [one["id"] for one in room["folded"]] for room in folded["rooms"] if room.get("folded")},
    }  # fmt: skip
    lines = "".join(f"<p>{svg.escape(line)}</p>" for line in below)
    return _PAGE.format(
        title=svg.escape(title), about=svg.escape(about), light=svg.LIGHT, dark=svg.DARK, data=embedded(data),
        below=f'<section id="below" aria-label="About the drawing">{lines}</section>' if lines else "",
        drawings="\n".join(f"<div>{drawing}</div>" for drawing in drawings),
        button='<button id="fold" type="button">Show every namespace</button>' if len(drawings) > 1 else "",
    )  # fmt: skip


def _cables_of(*graphs: Record) -> dict[str, list[str]]:
    """For each room the cables that end in it, and the buses that these lead to."""
    found: dict[str, dict[str, None]] = {}
    for graph in graphs:
        ports = {port["id"]: port for port in graph["ports"]}
        for cable in graph["cables"]:
            for end, far in (cable["ends"], cable["ends"][::-1]):
                if end in ports:
                    bus = far if far.startswith("b") else ports[far]["bus"] if far in ports else None
                    found.setdefault(ports[end]["room"], {}).update(dict.fromkeys([cable["id"], *([bus] if bus else [])]))
    return {room: list(ends) for room, ends in found.items()}


def _vlans_of(graph: Record) -> dict[str, list[tuple[int, int]]]:
    """For each room, bus and cloud the VLANs of its ports on bridges that filter, as (first, last)."""
    far: dict[str, list[str]] = {}
    for cable in graph["cables"]:
        for end, other in (cable["ends"], cable["ends"][::-1]):
            far.setdefault(end, []).append(other)
    rooms = {port["id"]: port["room"] for port in graph["ports"]}
    found: dict[str, dict[tuple[int, int], None]] = {}
    for port in graph["ports"]:
        numbers = dict.fromkeys((row["vlan"], row.get("vlanEnd", row["vlan"])) for row in port.get("vlans") or ())
        for end in (port["bus"], *far.get(port["id"], ())) if numbers else ():
            if end is not None:
                found.setdefault(rooms.get(end) or end.partition("l")[0], {}).update(numbers)
    return {name: list(numbers) for name, numbers in found.items()}


def embedded(data: Any) -> str:
    """JSON that can stand in HTML: without any ``<``, no value can end the element around it.

    >>> embedded("</script>")
    '"\\\\u003c/script\\\\u003e"'
    """
    text = json.dumps(data)  # ASCII only
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
