"""Find the fixtures: ``fixtures/<command>/<program>-<version>/<case>.txt``, and ``<case>.json`` beside it."""

from __future__ import annotations

import functools
import re
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


def read(path: Path) -> str:
    """A capture as it is: bytes that are no UTF-8 survive, line ends stay."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


@functools.cache
def texts(command: str = "*") -> list[Path]:
    """The texts of a command, or of all commands: of those that are alike to the byte the first."""
    found: dict[tuple[str, bytes], Path] = {}
    for path in sorted(FIXTURES.glob(f"{command}/*/*.txt")):
        found.setdefault((path.parent.parent.name, path.read_bytes()), path)
    return list(found.values())


def pairs() -> list[tuple[Path, Path]]:
    """The texts that have JSON of the same state, with it: each two contents once (a release may change one of them)."""
    found: dict[tuple[str, bytes, bytes], tuple[Path, Path]] = {}
    for path in sorted(FIXTURES.glob("*/*/*.txt")):
        json = oracle(path)
        if json is not None:
            found.setdefault((path.parent.parent.name, path.read_bytes(), json.read_bytes()), (path, json))
    return list(found.values())


# Options that change the form only: JSON, one line, colour. `ip -o address` has other records, `-s` adds nothing to a
# route, nor a second one to a neighbour.
_FORM = {"ip_address": r" -[jc](?= )", "ip_route": r" -[jocs](?= )", "ip_neigh": r" -[joc](?= )| -s(?= -s )"}


@functools.cache
def commands(folder: Path) -> dict[str, str]:
    """What was run for each file of a folder, as its PROVENANCE says."""
    lines = (folder / "PROVENANCE").read_text(errors="surrogateescape").split("\n")
    return {name: words for name, colon, words in (line.partition(": ") for line in lines) if colon and "." in name}


def oracle(path: Path) -> Path | None:
    """The JSON that says the same as a text: of the same case, or of the same command in another form."""
    if path.with_suffix(".json").exists():
        return path.with_suffix(".json")
    form = _FORM.get(path.parent.parent.name, r" -[joc](?= )")
    own = re.sub(form, "", commands(path.parent).get(path.name, ""))
    for name, words in commands(path.parent).items():
        if name.endswith(".json") and re.sub(form, "", words) == own:
            return path.with_name(name)
    return None


def label(path: Path) -> str:
    """What a test is called: ``ip_link/iproute2-6.6.0/d``"""
    return str(path.relative_to(FIXTURES).with_suffix(""))
