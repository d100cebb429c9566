"""Find the fixtures: ``fixtures/<command>/<program>-<version>/<case>.txt``, and ``<case>.json`` beside it."""

from __future__ import annotations

from pathlib import Path

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"


def read(path: Path) -> str:
    """A capture as it is: bytes that are no UTF-8 survive, line ends stay."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def texts(command: str = "*") -> list[Path]:
    """All texts of a command, or of all commands."""
    return sorted(FIXTURES.glob(f"{command}/*/*.txt"))


# Texts that have no JSON of their own: the case that says the same. (`ip -j -s route` was not captured.)
_SAME = {"o": "plain", "od": "d", "ss": "s"}
_SAME_ROUTES = {"s": "plain", "6s": "6", "6o": "6", "get-o": "get"}


def oracle(path: Path) -> Path | None:
    """The JSON that says the same as a text: of the same case, or of the case without `-o`."""
    same = {**_SAME, **_SAME_ROUTES} if path.parent.parent.name == "ip_route" else _SAME
    for name in (path.stem, same.get(path.stem)):
        if name is not None and path.with_name(name + ".json").exists():
            return path.with_name(name + ".json")
    return None


def label(path: Path) -> str:
    """What a test is called: ``ip_link/iproute2-6.6.0/d``"""
    return str(path.relative_to(FIXTURES).with_suffix(""))
