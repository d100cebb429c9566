"""Compare the records of a text with those of the JSON for the same command and state."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from allowances import ALLOWANCES, Allowance

from parsers.lex import ESCAPES

# What moves between two runs of a command, and by how much at most: absolutely, and as a part of the value. Nothing else may.
TIMERS = tuple(f"{name}_timer" for name in "hello gc hold forward_delay message_age tcn topology_change".split())
MOVEMENT = {
    **dict.fromkeys("used updated confirmed expires valid_life_time preferred_life_time idle_time".split(), (1, 0.0)),
    **dict.fromkeys(TIMERS, (2, 0.0)),
    **dict.fromkeys("bytes packets".split(), (0, 0.05)),
}

_UNITS = {"k": 1e3, "M": 1e6, "G": 1e9}
_KINDS = ("kind", "info_kind", "info_slave_kind")


@dataclasses.dataclass
class Oracle:
    """The text of a command (None if it was not kept), its release if known, and the allowances used so far."""

    command: str
    printed: str | None
    release: str = ""
    used: set[Allowance] = dataclasses.field(default_factory=set)

    def differences(self, text: list[Any], json: list[Any]) -> list[str]:
        """The differences between the records of the text and those of the JSON, as lines."""
        if len(text) != len(json):
            return [f"{len(text)} records in the text, {len(json)} in the JSON"]
        said = _split(self.printed, len(text))
        found = [line for one, other, part in zip(text, json, said) for line in _Record(self, part, one, other).compare()]
        return found + _two_names(text, json)


def differences(command: str, printed: str | None, text: list[Any], json: list[Any], release: str = "") -> list[str]:
    """The differences, as lines, without those of the program itself and without values that change with time."""
    return Oracle(command, printed, release).differences(text, json)


def _split(printed: str | None, count: int) -> list[str | None]:
    """The lines of each record; all lines for each record if they cannot be assigned."""
    if printed is None:
        return [None] * count
    printed = ESCAPES.sub("", printed).strip("\n")
    for start in (r"\d+: ", r"(?=\S)", ""):  # of a link (a name or an alias may have a line end in it), of a route, each line
        parts: list[str | None] = [*re.split(rf"\n(?={start})", printed)]
        if len(parts) == count:
            return parts
    return [printed] * count


def _two_names(text: list[Any], json: list[Any]) -> list[str]:
    """Conflicts between the names of peers' namespaces in the text and their ids in the JSON: two ids of one name, or reverse."""
    names: dict[Any, Any] = {}
    found = []
    for one, other in zip(text, json):
        name, nsid = one.get("link_netns"), other.get("link_netnsid")
        if name is None or nsid is None:
            continue
        if names.setdefault(nsid, name) != name or any(known == name and key != nsid for key, known in names.items()):
            found.append(f"link_netns: {name!r} in the text is {nsid} in the JSON")
    return found


class _Record:
    """A record from the text, the same from the JSON, and the lines that it was read from."""

    def __init__(self, oracle: Oracle, said: str | None, text: Any, json: Any) -> None:
        self.oracle, self.said, self.text, self.json = oracle, said, text, json
        info = (json.get("linkinfo") or {}) if isinstance(json, dict) else {}
        self.kinds = {str(part[key]) for part in (json, info) if isinstance(part, dict) for key in _KINDS if key in part}

    def compare(self) -> list[str]:
        return self._of(self.text, self.json, "")

    def _allows(self, where: str, side: str, value: Any) -> bool | None:
        """Whether a value may stand at a place on one side only; None if no allowance is for that place."""
        answer = None
        for allowance in ALLOWANCES:
            if allowance.side == side and allowance.fits(self.oracle.command, where, self.kinds, self.oracle.release):
                right = not allowance.values or value is None or value in allowance.values
                right = right and (self.said is None or allowance.says(self.said, value))
                if right and value is not None:
                    self.oracle.used.add(allowance)
                answer = answer or right
        return answer

    def _of(self, text: Any, json: Any, path: str) -> list[str]:
        if isinstance(text, dict) and isinstance(json, dict):
            found = []
            for key in sorted(text.keys() | json.keys() | self._looked_for(path)):
                found += self._field(key, text.get(key), json.get(key), f"{path}.{key}".lstrip("."))
            return found
        if isinstance(text, list) and isinstance(json, list) and not self._allows(path, "both", (text, json)):
            if len(text) != len(json):
                return [f"{path}: {len(text)} in the text, {len(json)} in the JSON"]
            return [line for one, other in zip(text, json) for line in self._of(one, other, path)]
        if text == json and type(text) is type(json) or self._allows(path, "both", (text, json)):
            return []
        if (
            isinstance(text, str)
            and isinstance(json, str)
            and text.replace("\\", "\n") == json
            and self._allows("*", "backslash", text)
        ):
            return []
        return [f"{path}: {text!r} in the text, {json!r} in the JSON"]

    def _looked_for(self, path: str) -> set[str]:
        """The keys below a path that only the text may have; the record must have each key that the text mentions."""
        places = (allowance.place.rpartition(".") for allowance in ALLOWANCES if allowance.side == "text")
        return {key for above, _, key in places if above == path}

    def _field(self, key: str, text: Any, json: Any, where: str) -> list[str]:
        if key in MOVEMENT and _within(text, json, *MOVEMENT[key]):
            return []
        if key in TIMERS and isinstance(text, float) and isinstance(json, float) and min(text, json) < MOVEMENT[key][0]:
            return []  # it ran out between the two, and began again
        if json is None:
            if (allowed := self._allows(where, "text", text)) or text is None and allowed is None:
                return []
            return [f"{where}: only in the text: {text!r}" if text is not None else f"{where}: lost from the text"]
        if text is None:
            return [] if self._allows(where, "json", json) else [f"{where}: only in the JSON: {json!r}"]
        return self._of(text, json, where)


def _within(one: Any, other: Any, absolute: float, part: float) -> bool:
    """Whether two numbers are as close as those of two runs of one command."""
    if isinstance(one, str) and one[-1:] in _UNITS and one[:-1].replace(".", "", 1).isdigit():  # `5.47k` of -h
        one = float(one[:-1]) * _UNITS[one[-1]]
    if not isinstance(one, (int, float)) or not isinstance(other, (int, float)):
        return False
    return abs(one - other) <= max(absolute, part * max(abs(one), abs(other)))
