"""Imports between modules point downwards, and every module belongs to a layer."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path.relative_to(ROOT) for top in ("parsers", "netwrap") for path in (ROOT / top).rglob("*.py"))
WORLD = {"os", "subprocess", "socket", "time", "locale", "sh", "shutil", "threading", "tempfile"}
ALLOWED = {"sh": ["netwrap/shell.py"], "tabulate": ["netwrap/tables/render.py"]}
# What answers and the model know of is records only: no processes, no files, no options.
FORBIDDEN = {("netwrap/answers/", "netwrap/model/"): ("netwrap/shell", "netwrap/sources/", "netwrap/verbs/", "netwrap/query")}


def layers() -> list[list[str]]:
    """The layers of docs/architecture.md, from the ground up: the names in the second column of its table.

    A name that ends with "/" is a folder, one that ends with "_" is the beginning of a name.
    """
    text = (ROOT / "docs" / "architecture.md").read_text().partition("## The layers")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in text.split("\n") if line.startswith("| ")]
    return [found for row in rows if (found := re.findall(r"`([^`]+)`", row[2]))]


LAYERS = layers()


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, by their whole names; imports for type checkers count like all others."""
    package = ".".join(path.parent.parts)
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            base = ".".join(part for part in (above, node.module or "") if part)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def layer(path: str) -> int | None:
    """The number of a module's layer; ``path`` is its file without the ending."""
    for number, names in enumerate(LAYERS):
        for name in names:
            if path == name or name.endswith(("/", "_")) and path.startswith(name):
                return number
    return None


def file_of(module: str) -> str | None:
    """The file, without its ending, that an imported name stands for; None where it is no module of ours."""
    path = Path(*module.split("."))
    if (ROOT / path.with_suffix(".py")).is_file() if path.name else False:
        return str(path)
    return f"{path}/__init__" if (ROOT / path / "__init__.py").is_file() else None


def test_the_table_of_layers_is_read() -> None:
    assert len(LAYERS) == 7 and LAYERS[0] == ["parsers/"] and LAYERS[-1] == ["netwrap/cli", "netwrap/__main__"]
    missing = [name for names in LAYERS for name in names if not any(str(path).startswith(name) for path in FILES)]
    assert set(missing) <= {"netwrap/nft", "netwrap/iptables", "netwrap/sysctl"}, "docs/architecture.md names what is not there"


def test_imports_point_down() -> None:
    for path in FILES:
        _points_down(path)


def _points_down(path: Path) -> None:
    if str(path) == "netwrap/__init__.py":  # the package's face imports nothing of its own
        assert not [name for name in imports(path) if file_of(name) not in (None, "netwrap/__init__")]
        return
    own = layer(str(path.with_suffix("")))
    assert own is not None, f"{path} is in no folder that has a layer: give it one in docs/architecture.md"
    for name in imports(path):
        top = name.partition(".")[0]
        if path.parts[0] == "parsers":
            assert top not in WORLD and top != "netwrap", f"{path} imports {name}"
        if top in ALLOWED:
            assert str(path) in ALLOWED[top], f"{path} imports {name}"
        target = file_of(name)
        if target is None or target == "netwrap/__init__":
            continue
        above = layer(target)
        assert above is not None and above <= own, f"{path} imports {name}, which is above it"
        for places, others in FORBIDDEN.items():
            if str(path).startswith(places):
                assert not target.startswith(others), f"{path} imports {name}: answers are made of records only"
