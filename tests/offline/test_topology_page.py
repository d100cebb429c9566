"""The page of `netwrap topology --format html` in a real browser: search, fold, a room's tables, keyboard, small screens."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from imagined_networks import PORTS, imagined, star, switch

from netwrap.answers import topology, topology_folding
from netwrap.pictures import html

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs chromium")
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync", "--virtual-time-budget=3000", "--hide-scrollbars")  # fmt: skip


def browse(tmp_path: Path, page: str, script: str, width: int = 1200) -> Any:
    """What a script returns that runs in the page, once it is loaded."""
    path = tmp_path / "page.html"
    run = f"<script>document.body.setAttribute('data-told', JSON.stringify((() => {{{script}}})()))</script></body>"
    path.write_text(page.replace("</body>", run))
    done = subprocess.run(
        [str(BROWSER), *_FLAGS, f"--user-data-dir={tmp_path}/profile", f"--window-size={width},800", "--dump-dom", path.as_uri()],
        capture_output=True, text=True, timeout=100, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    found = re.search(r'data-told="([^"]*)"', done.stdout)
    assert found is not None, done.stderr[-2000:]
    return json.loads(found[1].replace("&quot;", '"').replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))


@pytest.fixture
def page() -> str:
    graph = topology.graph([star(40)])
    tables = {room["id"]: f"tables of {room['title']} <b>&" for room in graph["rooms"]}
    return html.draw(graph, topology_folding.fold(graph), "Networks of alpha", tables, below=["! ns1: " + "a long reason " * 20])


def test_fold_search_and_tables(page: str, tmp_path: Path) -> None:
    told = browse(tmp_path, page, """
        const visible = () => [...document.querySelectorAll("main > div")].findIndex(view => !view.hidden);
        const before = visible();
        document.getElementById("fold").click();
        const after = visible();
        document.getElementById("fold").click();
        const search = document.getElementById("search");
        search.value = "NS17"; search.dispatchEvent(new Event("input"));
        const hits = [...document.querySelectorAll("g.hit")].map(group => group.id);
        const room = document.getElementById(hits[0]);
        room.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter"}));
        return {before, after, found: visible(), hits, open: document.getElementById("room").open,
                name: document.getElementById("name").textContent, tables: document.getElementById("tables").textContent,
                status: document.getElementById("hits").textContent};""")  # fmt: skip
    assert told == {"before": 0, "after": 1, "found": 1, "hits": ["u-r17"], "open": True, "name": "ns17",
                    "tables": "tables of ns17 <b>&", "status": "1 match"}  # fmt: skip


def test_a_search_for_a_vlan_finds_those_in_a_list_and_in_a_range(tmp_path: Path) -> None:
    graph = topology.graph([switch(PORTS)])
    told = browse(tmp_path, html.draw(graph, graph, "x"), """
        const search = document.getElementById("search");
        return ["vlan 7", "vlan 9", "VLAN 15", "vlan 21"].map(word => {
            search.value = word; search.dispatchEvent(new Event("input"));
            return [...document.querySelectorAll("g.hit")].map(group => group.id.slice(2)).sort().join();
        });""")  # fmt: skip
    assert told == ["b0,r1,r4", "b0,r4", "b0,r2", ""]


@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_itself_never_scrolls_sideways(page: str, tmp_path: Path, width: int) -> None:
    """The drawing scrolls in its own frame; one that is only a little too wide is made smaller."""
    measured = page.replace("<body>", f'<body style="width:{width}px">')  # headless Chromium has no window as narrow as this
    told = browse(tmp_path, measured, """
        const drawing = document.querySelector("main > div:not([hidden]) svg");
        return [["body", "header", "#below", "#below p"].map(name => document.querySelector(name).scrollWidth),
                drawing.viewBox.baseVal.width, drawing.getBoundingClientRect().width];""")  # fmt: skip
    assert max(told[0]) <= width
    assert told[2] == (min(told[1], width - 12) if told[1] * 0.75 <= width - 12 else told[1])


def test_no_text_leaves_its_box_as_the_browser_measures_it(tmp_path: Path) -> None:
    graph = topology.graph([imagined(7, 34)])
    told = browse(tmp_path, html.draw(graph, graph, "x"), """
        return [...document.querySelectorAll("svg g")].filter(group => {
            const box = group.querySelector("rect:last-of-type").getBBox();
            return [...group.querySelectorAll("text")].some(text => {
                const own = text.getBBox();
                return own.x < box.x ||
                       own.x + own.width > box.x + box.width + 0.5 || own.y + own.height > box.y + box.height + 2;
            });
        }).map(group => group.textContent);""")  # fmt: skip
    assert told == []


def test_every_room_can_be_reached_by_keyboard_and_a_fold_opens(page: str, tmp_path: Path) -> None:
    told = browse(tmp_path, page, """
        const rooms = [...document.querySelectorAll("main > div:not([hidden]) :is(g.room, g.fold)")];
        const counts = [rooms.length, rooms.filter(room => { room.focus(); return document.activeElement === room; }).length,
                        rooms.filter(room => room.getAttribute("aria-label")).length];
        document.querySelector("g.fold").dispatchEvent(new KeyboardEvent("keydown", {key: "Enter"}));
        return [counts, [...document.querySelectorAll("main > div")].findIndex(view => !view.hidden),
                document.querySelectorAll("svg.many g.hit").length, document.activeElement.id,
                document.getElementById("hits").textContent];""")  # fmt: skip
    assert told == [[4, 4, 4], 1, 37, "u-r2", "37 namespaces of the fold have a dashed edge"]
