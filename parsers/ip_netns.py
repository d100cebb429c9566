"""`ip netns list` and `ip netns list-id`, by iproute2 (3.10 to 7.x, text and JSON).

```
blue (id: 0)                                    nsid 0 (iproute2 netns name: blue)
we ird                                          nsid 2
```
A record (:class:`parsers.records.Netns`) of the list has ``name`` and, where the namespace that was asked has given it
one, ``id``; a record of `list-id` has ``nsid``, ``name`` and, with a target, ``current-nsid``.

A namespace may have any file name, so any line is a name: a namespace really called ``a (id: 3)`` cannot be told
from ``a`` with id 3 (JSON can).

>>> parse("blue (id: 0)\\nred")
[{'name': 'blue', 'id': 0}, {'name': 'red'}]
"""

from __future__ import annotations

import re

from .lex import STDERR, Source, lazy, parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lex import Dict, Parse
    from .records import Netns


_LISTED = lazy(r"(.*) \(id: (\d{1,10})\) ?$", re.ASCII | re.DOTALL)
# `nsid 0 current-nsid 1 (iproute2 netns name: blue)`; 5.4 prints not-assigned
_ID = lazy(
    r"nsid (\d{1,10}|unassigned|not-assigned) (?:current-nsid (\d{1,10}|unassigned|not-assigned) )?"
    r"(?:\(iproute2 netns name: (.*)\) ?)?$",
    re.ASCII | re.DOTALL,
)


def _read(source: Source) -> Iterator[Dict]:
    for line_number, line in source:
        found = _ID.match(line.strip(" \t") + " ")
        if found is not None:
            record: Dict = {}
            for key, value in (("nsid", found[1]), ("current-nsid", found[2])):
                if value is not None and value.isdigit():
                    record[key] = int(value)
            if found[3] is not None:
                record["name"] = found[3]
            yield record
            continue
        listed = _LISTED.match(line)
        if listed is not None:
            yield {"name": listed[1], "id": int(listed[2])}
        elif STDERR.match(line):
            source.fail(line_number, line, "expected a namespace, this is standard error")
        else:
            yield {"name": line}


def _tidy(record: Dict) -> Dict | None:
    return {key: value for key, value in record.items() if value != "not-assigned"} or None


parse: Parse[Netns] = parser(_read, _tidy, record="Netns")
