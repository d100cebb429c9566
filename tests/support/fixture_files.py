"""Find the fixtures: ``fixtures/<command>/<program>-<version>/<case>.txt``, and ``<case>.json`` beside it.

A text that several programs or releases print, equal to the byte, is stored once; a line of PROVENANCE tells where:
``plain.txt: ip link show, as iproute2-6.1.0``. Every path here may be one of both, and ``stored`` leads to the file.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
_LIKE = re.compile(r", as ([^\s/]+-[^\s/]+(?:/\S+)?)$")


def stored(path: Path) -> Path:
    """The file with the content of a fixture: the fixture itself, or the identical file that PROVENANCE names."""
    folder, _, other = _listed(path.parent).get(path.name, ("", ""))[1].partition("/")
    return path.parent.parent / folder / (other or path.name) if folder else path


def read(path: Path) -> str:
    """The unchanged text of a fixture: invalid UTF-8 survives, line ends stay."""
    return stored(path).read_bytes().decode("utf-8", "surrogateescape")


@functools.cache
def texts(command: str = "*") -> list[Path]:
    """The texts of a command, or of all commands, without duplicates. Folders of pasted hosts are named after no parser."""
    parsers = FIXTURES.parent / "parsers"
    return sorted(path for path in FIXTURES.glob(f"{command}/*/*.txt") if (parsers / f"{path.parent.parent.name}.py").exists())


def pairs() -> list[tuple[Path, Path]]:
    """Pairs of a text and the JSON of the same state, without duplicate pairs (a release may change only one side)."""
    found: dict[tuple[Path, Path], tuple[Path, Path]] = {}
    for folder in sorted(path.parent for path in FIXTURES.glob("*/*/PROVENANCE")):
        for name in sorted(name for name in commands(folder) if name.endswith(".txt")):
            json = oracle(folder / name)
            if json is not None:
                found.setdefault((stored(folder / name), stored(json)), (folder / name, json))
    return list(found.values())


# Options that change the form only: JSON, one line, colour. `ip -o address` has other records, `-s` adds nothing to a
# route, nor a second one to a neighbour.
_FORM = {"ip_address": r" -[jc](?= )", "ip_route": r" -[jocs](?= )", "ip_neigh": r" -[joc](?= )| -s(?= -s )"}


@functools.cache
def _listed(folder: Path) -> dict[str, tuple[str, str]]:
    """Each file that a folder's PROVENANCE lists → its command, and the stored file with the same content (or "")."""
    path = folder / "PROVENANCE"
    lines = path.read_text(errors="surrogateescape").split("\n") if path.exists() else []
    found = {}
    for name, colon, words in (line.partition(": ") for line in lines):
        if colon and "." in name:
            like = _LIKE.search(words)
            found[name] = (words[: like.start()], like[1]) if like else (words, "")
    return found


@functools.cache
def commands(folder: Path) -> dict[str, str]:
    """The command for each file of a folder, from its PROVENANCE."""
    return {name: words for name, (words, _) in _listed(folder).items()}


def oracle(path: Path) -> Path | None:
    """The JSON of the same state as a text: of the same case, or of the same command in another form."""
    ran = commands(path.parent)
    if path.with_suffix(".json").name in ran:
        return path.with_suffix(".json")
    form = _FORM.get(path.parent.parent.name, r" -[joc](?= )")
    own = re.sub(form, "", ran.get(path.name, ""))
    for name, words in ran.items():
        if name.endswith(".json") and re.sub(form, "", words) == own:
            return path.with_name(name)
    return None


def label(path: Path) -> str:
    """The name of a test: ``ip_link/iproute2-6.6.0/d``"""
    return str(path.relative_to(FIXTURES).with_suffix(""))
