"""`ip neigh show`, by iproute2 (3.10 to 7.x: plain, `-s`, `-br`, `-j`) and by busybox (its counters are always on).

```
10.0.0.21 dev eth0 lladdr 00:11:22:33:44:55 REACHABLE
10.0.0.27 dev eth0 FAILED
fe80::1 dev eth0 lladdr 00:11:22:33:44:66 router STALE
```
A record (:class:`parsers.records.Neigh`) has the keys of `ip -j neigh`; ``state`` is a list of words; a flag's key is
there with None when it is set. With `-s`, ``used``, ``confirmed`` and ``updated`` are seconds (busybox always prints 0).
``dev`` is absent where the command filtered by it.

>>> parse("10.0.0.27 dev eth0 FAILED")
[{'dst': '10.0.0.27', 'dev': 'eth0', 'state': ['FAILED']}]
"""

from __future__ import annotations

from .lex import STDERR, Grammar, Source, Words, lazy, number, parser, streamer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lex import Dict, IterParse, Parse
    from .records import Neigh


STATES = frozenset("INCOMPLETE REACHABLE STALE DELAY PROBE FAILED NOARP PERMANENT NONE".split())
_KEYS = frozenset("dev lladdr router proxy managed extern_learn offload extern_valid ref used proto".split())
# `used 267/267/267probes 0`: 5.16 and later
_GLUED = lazy(r"( used \d+/\d+/\d+)probes ")
_OCTETS = lazy(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2})+$")
_ADDRESS = lazy(r"[0-9a-fA-F:.]+$")


def _used(words: Words, neigh: Dict) -> None:
    """Read ``used 267/268/269 probes 0``: seconds since the entry was used, confirmed and updated."""
    parts = words.take("used").split("/")
    if len(parts) != 3:
        raise ValueError("'used' has three numbers")
    for key, part in zip(("used", "confirmed", "updated"), parts):
        neigh[key] = number(part)


_NEIGH = Grammar(
    {
        "dev": ("dev", str),
        "lladdr": ("lladdr", str),
        "ref": ("refcnt", number),
        "probes": ("probes", number),
        "proto": ("protocol", str),
    },
    {
        **{flag: (flag, None) for flag in ("router", "proxy", "managed", "extern_learn", "offload", "extern_valid")},
        **{state: ("state", [state]) for state in STATES},
    },
    {"used": _used},
)


def _read(source: Source) -> Iterator[Dict]:
    split = source.split
    for line_number, line in source.numbered():
        words = split(_GLUED.sub(r"\1 probes ", line) if "probes" in line else line)
        # The common line.
        if len(words) == 6 and words[1] == "dev" and words[3] == "lladdr" and words[5] in STATES and words[0] not in _KEYS:
            yield {"dst": words[0], "dev": words[2], "lladdr": words[4], "state": [words[5]]}
            continue
        if not words:
            continue
        neigh: Dict = {}
        start = 0
        try:
            if words[0] not in _KEYS:
                neigh["dst"] = words[0]
                start = 1
            if STDERR.match(line) or not _plausible(words, start):
                raise ValueError("expected a neighbour ('ADDRESS dev DEVICE lladdr ... STATE')")
            if "," in words[-1] and STATES.issuperset(words[-1].split(",")):  # up to 4.16: `PERMANENT,NOARP`
                words[-1:] = words[-1].split(",")
            brief = _is_brief(line, words)
            if not brief and len(words) > 1 and start == 1 and not any(word in _NEIGH for word in words[1:]):
                raise ValueError("expected a neighbour ('ADDRESS dev DEVICE lladdr ... STATE')")
            if brief:
                neigh["dev"] = words[1]
                if len(words) == 3:
                    neigh["lladdr"] = words[2]
            else:
                _NEIGH.read(words, neigh, start)
        except ValueError as error:
            source.fail(line_number, line, str(error))
            continue
        yield neigh


def _plausible(words: list[str], start: int) -> bool:
    """Whether the line has the shape of a neighbour: known words behind an address, or an address and a device."""
    if start == 0:
        return len(words) > 1
    if words[0] == "default" or "/" in words[0]:  # a route
        return False
    return words[1:2] != [] and words[1] in _NEIGH or _ADDRESS.match(words[0]) is not None


def _is_brief(line: str, words: list[str]) -> bool:
    """``10.0.0.21                               d0               00:11:22:33:44:55``: `-br` of 5.15 and later.

    Told by its wide first column (a device may be called ``dev``), or where that is full by the absence of known words.
    """
    if not 2 <= len(words) <= 3 or words[0] in _KEYS or _ADDRESS.match(words[0]) is None:
        return False
    if len(words) == 3 and _ADDRESS.match(words[2]) is None:
        return False
    wide = line.find(words[1], len(words[0])) >= 40 or len(words[0]) >= 39
    return wide or len(words) == 3 and words[1] not in _NEIGH and _OCTETS.match(words[2]) is not None


def _tidy(neigh: Dict) -> Dict | None:
    return neigh or None


parse: Parse[Neigh] = parser(_read, _tidy, record="Neigh")
iter_parse: IterParse[Neigh] = streamer(_read)
