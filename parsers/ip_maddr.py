"""`ip maddr show`, by iproute2 (3.10 to 7.x: plain, `-o`, `-j`): the multicast groups that each link listens to.

```
3:	v0
        link  33:33:00:00:00:01
        inet6 ff02::1:ff00:1 users 2
```
A record (:class:`parsers.records.Maddr`) has the keys of `ip -j maddr`: ``ifindex``, ``ifname`` and ``maddr``, a list with
``link`` (a hardware address) or ``family`` and ``address`` in each; ``users`` where there is more than one, ``features``
"static" where `ip maddr add` made it.

>>> parse("1:\\tlo\\n\\tinet  224.0.0.1")
[{'ifindex': 1, 'ifname': 'lo', 'maddr': [{'family': 'inet', 'address': '224.0.0.1'}]}]
"""

from __future__ import annotations

import re

from .lex import Grammar, Source, dedented, number, parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lex import Dict, Parse
    from .records import Maddr


# `3:	v0`, of -o `3:	v0\	inet  224.0.0.1`
_LINK = re.compile(r"(\d{1,10}):\t([^\s\\]+)[ \t]*(?:\\\t(.*))?$", re.ASCII)
_GROUP = Grammar({"users": ("users", number)}, {"static": ("features", "static")})
_EXPECTED = "expected a link ('NUMBER:<TAB>NAME') or a group below one ('<TAB>inet  224.0.0.1')"


def _read(source: Source) -> Iterator[Dict]:
    link: Dict | None = None
    for line_number, line in dedented(source):
        found = _LINK.match(line)
        try:
            if found is None and not (line[:1] in ("\t", " ") and link is not None):
                raise ValueError(_EXPECTED)
            group = _group(source.split(line if found is None else found[3] or ""))
        except ValueError as error:
            source.fail(line_number, line, str(error))
            if not line[:1].isspace():
                if link is not None:
                    yield link
                link = None
            continue
        if found is not None and (link is None or (link["ifindex"], link["ifname"]) != (int(found[1]), found[2])):
            if link is not None:
                yield link
            link = {"ifindex": int(found[1]), "ifname": found[2], "maddr": []}
        if group and link is not None:
            link["maddr"].append(group)
    if link is not None:
        yield link


def _group(words: list[str]) -> Dict:
    """``link  33:33:00:00:00:01``, ``inet6 ff02::1:ff00:1 users 2``"""
    if not words:
        return {}
    if words[0] not in ("link", "inet", "inet6") or len(words) < 2:
        raise ValueError(_EXPECTED)
    group: Dict = {"link": words[1]} if words[0] == "link" else {"family": words[0], "address": words[1]}
    _GROUP.read(words, group, 2)
    return group


def _tidy(link: Dict) -> Dict | None:
    if not link:
        return None
    return {"ifindex": link["ifindex"], **link, "maddr": link.get("maddr", [])}


parse: Parse[Maddr] = parser(_read, _tidy, record="Maddr")
