"""Compare what a text says with what the JSON of the same command and state says."""

from __future__ import annotations

from typing import Any

# What moves between two runs of a command, and by how much at most: absolutely, and as a part of the value. Nothing else may.
MOVEMENT = {
    **dict.fromkeys("used updated confirmed expires valid_life_time preferred_life_time idle_time".split(), (1, 0.0)),
    **dict.fromkeys("hello_timer gc_timer hold_timer".split(), (2, 0.0)),
    **dict.fromkeys("bytes packets".split(), (0, 0.05)),
}

_UNITS = {"k": 1e3, "M": 1e6, "G": 1e9}


def differences(text: Any, json: Any, allowed: tuple[tuple[str, str, str], ...], path: str = "") -> list[str]:
    """What differs, as lines; nothing where all is equal but what the parser's module lists and time moves."""
    if isinstance(text, dict) and isinstance(json, dict):
        found = []
        for key in sorted(text.keys() | json.keys()):
            where = f"{path}.{key}".lstrip(".")
            listed = {side for place, side, _ in allowed if place == where}
            if key in MOVEMENT and _within(text.get(key), json.get(key), *MOVEMENT[key]) or "both" in listed:
                continue
            if key not in json:
                if "text" not in listed:
                    found.append(f"{where}: only in the text: {text[key]!r}")
            elif key not in text:
                if "json" not in listed:
                    found.append(f"{where}: only in the JSON: {json[key]!r}")
            else:
                found += differences(text[key], json[key], allowed, where)
        return found
    if isinstance(text, list) and isinstance(json, list) and len(text) == len(json):
        return [line for one, other in zip(text, json) for line in differences(one, other, allowed, path)]
    if isinstance(text, list) and isinstance(json, list):
        return [f"{path}: {len(text)} in the text, {len(json)} in the JSON"]
    if isinstance(text, str) and isinstance(json, str) and text.replace("\\", "\n") == json.replace("\\", "\n"):
        if any(side == "backslash" for _, side, _ in allowed):
            return []
    return [] if text == json else [f"{path}: {text!r} in the text, {json!r} in the JSON"]


def _within(one: Any, other: Any, absolute: float, part: float) -> bool:
    """Whether two numbers are as near to each other as two runs of a command are."""
    if isinstance(one, str) and one[-1:] in _UNITS and one[:-1].replace(".", "", 1).isdigit():  # `5.47k` of -h
        one = float(one[:-1]) * _UNITS[one[-1]]
    if not isinstance(one, (int, float)) or not isinstance(other, (int, float)):
        return False
    return abs(one - other) <= max(absolute, part * max(abs(one), abs(other)))
