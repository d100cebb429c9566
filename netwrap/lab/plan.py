"""The difference between the present and the wanted objects, as steps in an order in which they can be done."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from .objects import STRUCTURE, describe, same
from .schema import HOST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from .objects import Key, Objects, Value


class Step(NamedTuple):
    """One difference: ``action`` is make, change or remove; ``value`` is the wanted value, ``old`` the present one.

    ``again``: the object may have vanished together with another one, or still exist; making it must work in both cases.
    """

    action: str
    key: Key
    value: Value
    old: Value
    again: bool = False

    def __str__(self) -> str:
        if self.action == "remove":
            return f"- {describe(self.key, {name: item for name, item in self.old.items() if name != 'mac'})}"
        if self.action == "make":
            return f"+ {describe(self.key, self.value)}"
        if self.key[0] == "netem":
            return f"~ {describe(self.key, self.value)} (was {' '.join(self.old.get('words', []))})"
        changed = [name for name in self.value if self.value[name] != self.old.get(name)]
        if self.key[0] == "sysctl":
            return f"~ {describe(self.key, self.value)} (was {self.old.get('value')})"
        shown = ", ".join(f"{name} {_shown(self.old.get(name))} -> {_shown(self.value[name])}" for name in changed)
        return f"~ {describe(self.key, self.value)}" + (f" ({shown})" if self.key[0] != "file" else "")


def _shown(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(_shown, value)) or "none"
    if isinstance(value, dict):
        return " ".join(f"{name} {_shown(item)}" for name, item in value.items()) or "none"
    if value is None or isinstance(value, bool):
        return "none" if value is None else "yes" if value else "no"
    return str(value)


def plan(have: Objects, want: Objects, ours: Container[Key]) -> list[Step]:
    """The steps from the present objects to the wanted ones; present objects that are not wanted are removed if they are ours.

    >>> [str(step) for step in plan({("netns", "red"): {}}, {("netns", "red"): {}, ("netns", "blue"): {}}, set())]
    ['+ namespace blue']
    """
    left = dict(have)
    removed: list[Key] = []
    for key, value in have.items():
        wanted_value = want.get(key)
        if wanted_value is None:
            if key in ours:
                removed.append(key)
        elif value.get("stale") or not _same_structure(key[0], wanted_value, value):
            removed.append(key)
    implied = _implied(have, removed)
    again = set(_perhaps(have, removed, implied))
    for key in (*removed, *implied, *again):
        left.pop(key, None)
    _without_masters(left, set(removed) | implied)
    steps = [Step("remove", key, {}, have[key]) for key in removed if key not in implied]
    made_links = {key for key in want if key[0] == "link" and key not in left}
    for key, value in want.items():
        old = left.get(key)
        if old is None:
            steps.append(Step("make", key, value, {}, key in again))
        elif key[0] == "sysctl" and key[1] != HOST and made_links & {("link", key[1], dev) for dev in key[2].split("/")}:
            steps.append(Step("make", key, value, {}))  # a new link has the kernel's own values
        elif not same(value, old):
            steps.append(Step("change", key, value, old))
    return steps


def _same_structure(kind: str, want: Value, have: Value) -> bool:
    return all(want[name] == have.get(name) for name in STRUCTURE.get(kind, ()) if name in want)


def unlisted(have: Objects, want: Objects, ours: Container[Key]) -> list[Key]:
    """The objects in the lab's namespaces that are neither in the file nor in the lab's record: somebody else made them."""
    return [key for key in have if key not in want and key not in ours and key[0] != "sysctl"]


def _implied(have: Objects, removed: list[Key]) -> set[Key]:
    """The objects that vanish together with removed ones: everything in a namespace, the peer and the addresses of a link.

    This does not include the peer of a link that vanishes with its namespace: the kernel removes a namespace some time later.
    """
    inside: dict[str, list[Key]] = {}
    on: dict[tuple[str, str], list[Key]] = {}
    for key, value in have.items():
        # files in /etc, running commands and the host's objects are not in the namespace
        if key[0] not in ("netns", "file", "start") and key[1] != HOST:
            inside.setdefault(key[1], []).append(key)
        if key[0] in ("address", "neigh", "proxy", "netem", "vlan"):
            on.setdefault((key[1], key[2]), []).append(key)
        elif key[0] == "route" and value.get("dev"):
            on.setdefault((key[1], str(value["dev"])), []).append(key)
        elif key[0] == "link" and value.get("peer"):
            on.setdefault((value["peer"][0], value["peer"][1]), []).append(key)
        elif key[0] == "link" and value.get("parent"):
            on.setdefault((key[1], str(value["parent"])), []).append(key)
    implied: set[Key] = set()
    for key in sorted(removed, key=lambda key: {"netns": 0, "link": 1}.get(key[0], 2)):
        if key[0] == "netns":
            implied.update(inside.get(key[1], []))
        elif key[0] == "link" and key not in implied:
            queue = [key]
            while queue:
                link = queue.pop()
                for other in on.get((link[1], link[2]), []):
                    if other != key and other not in implied:
                        implied.add(other)
                        if other[0] == "link":
                            queue.append(other)
    return implied


def _perhaps(have: Objects, removed: list[Key], implied: set[Key]) -> Iterator[Key]:
    """The objects that may vanish with an address: later addresses of its network on its link, routes through the network."""
    for gone in removed:
        if gone[0] != "address" or gone in implied:
            continue
        network = ipaddress.ip_interface(gone[3]).network
        near = [key for key in have if key[:3] == gone[:3] and ipaddress.ip_interface(key[3]).network == network]
        stay = [key for key in near if key not in removed]
        secondary = network.version == 4 and near[0] != gone
        if stay and (secondary or network.version == 6):
            continue
        yield from stay
        for key, value in have.items():
            hops = [value, *value.get("nexthops", [])]
            if key[0] == "route" and key[1] == gone[1] and any(hop.get("dev") == gone[2] for hop in hops) and key not in implied:
                ways = [ipaddress.ip_address(hop["via"]) for hop in hops if hop.get("via")]
                if value.get("src") == gone[3].partition("/")[0] or any(way in network for way in ways):
                    yield key


def _without_masters(left: Objects, gone: set[Key]) -> None:
    for key, value in left.items():
        if key[0] == "link" and value.get("master") and ("link", key[1], value["master"]) in gone:
            left[key] = {**value, "master": None}
