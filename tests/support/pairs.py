"""Compare what a text says with what the JSON of the same command and state says."""

from __future__ import annotations

from typing import Any

# What time moves between two runs of a command.
VOLATILE = (
    "hello_timer tcn_timer topology_change_timer gc_timer hold_timer message_age_timer forward_delay_timer used "
    "confirmed updated probes expires age refcnt valid_life_time preferred_life_time bytes packets dropped multicast"
).split()


def differences(text: Any, json: Any, allowed: tuple[tuple[str, str, str], ...], path: str = "") -> list[str]:
    """What differs, as lines; nothing where all is equal but what the parser's module lists and time moves."""
    if isinstance(text, dict) and isinstance(json, dict):
        found = []
        for key in sorted(text.keys() | json.keys()):
            where = f"{path}.{key}".lstrip(".")
            listed = {side for place, side, _ in allowed if place == where}
            if key in VOLATILE and key in text and key in json or "both" in listed:
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
