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
    """The file that has the content of a fixture: its own, or the one that its folder's PROVENANCE says it is alike to."""
    folder, _, other = _listed(path.parent).get(path.name, ("", ""))[1].partition("/")
    return path.parent.parent / folder / (other or path.name) if folder else path


def read(path: Path) -> str:
    """A capture as it is: bytes that are no UTF-8 survive, line ends stay."""
    return stored(path).read_bytes().decode("utf-8", "surrogateescape")


@functools.cache
def texts(command: str = "*") -> list[Path]:
    """The texts of a command, or of all commands: each content once."""
    return sorted(FIXTURES.glob(f"{command}/*/*.txt"))


def pairs() -> list[tuple[Path, Path]]:
    """The texts that have JSON of the same state, with it: each two contents once (a release may change one of them)."""
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
    """For each file that a folder's PROVENANCE lists: what was run, and which stored file it is alike to (or nothing)."""
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
