"""The house keeps its floors: who may import what."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted(path.relative_to(ROOT) for top in ("parsers", "netwrap") for path in (ROOT / top).rglob("*.py"))
WORLD = {"os", "subprocess", "socket", "time", "locale", "sh", "shutil", "threading", "tempfile"}
ALLOWED = {"sh": ["netwrap/shell.py"], "tabulate": ["netwrap/report.py"]}
# From the ground up; a module may import from its own floor and those below it.
FLOORS = (
    ("parsers",),
    ("netwrap.errors",),
    ("netwrap.shell",),
    ("netwrap.query", "netwrap.command", "netwrap.values"),
    ("netwrap.session",),
    ("netwrap.ip_", "netwrap.bridge_", "netwrap.arp", "netwrap.route"),
    ("netwrap.section", "netwrap.capture", "netwrap.bundle"),
    ("netwrap.selection", "netwrap.views", "netwrap.report"),
    ("netwrap.request", "netwrap.sidetables", "netwrap.folder", "netwrap.peers"),
    ("netwrap.host",),
    ("netwrap.offline", "netwrap.readers"),
    ("netwrap.overview",),
    ("netwrap.finding",),
    ("netwrap.lab",),
    ("netwrap.verbs",),
    ("netwrap.cli",),
    ("netwrap.__main__",),
)


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, by their whole names (not those for type checking only)."""
    package = ".".join(path.parent.parts)
    tree = ast.parse((ROOT / path).read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }  # fmt: skip
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            base = ".".join(part for part in (above, node.module or "") if part)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def floor(module: str) -> int | None:
    for number, names in enumerate(FLOORS):
        if any(module == name or module.startswith((name + ".", name)) and name[-1] == "_" or module.startswith(name + ".")
               for name in names):  # fmt: skip
            return number
    return None


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_point_down(path: Path) -> None:
    module = ".".join(path.with_suffix("").parts)
    own = floor(module)
    for name in imports(path):
        top = name.partition(".")[0]
        if path.parts[0] == "parsers":
            assert top not in WORLD and top != "netwrap", f"{path} imports {name}"
        if top in ALLOWED:
            assert str(path) in ALLOWED[top], f"{path} imports {name}"
        above = floor(name)
        if own is not None and above is not None:
            assert above <= own, f"{path} imports {name}, which is above it"
