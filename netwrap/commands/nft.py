"""`nft list ruleset`: tables, chains, rules and sets of nftables."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.records import Record

    from .request import Request

COMMAND = "nft list ruleset"
CALLED = "rules of nftables"
RECORD = "NftRecord"
COLUMNS = (
    "family table chain handle? in? out? source? destination? protocol? sport? dport? state? mark? verdict to? packets? bytes? "
    "comment? text"
)
_NOUNS = "table chain set map meter counter quota limit flowtable synproxy secmark".split()
_LISTS = ("ruleset", *_NOUNS, *(f"{noun}s" for noun in _NOUNS))
_FAMILIES = ("ip", "ip6", "inet", "arp", "bridge", "netdev")
_OWN = ("kind", "family", "table", "chain", "name", "handle", "comment", "packets", "bytes", "type", "hook", "priority", "policy")


def rows(record: Record) -> Iterator[Record]:
    """A row for each rule, base chain, set and object; a table and a plain chain have none, as their rules name them."""
    kind = record.get("kind")
    cells: Record = dict.fromkeys(column.rstrip("?") for column in COLUMNS.split())
    cells.update({key: record.get(key) for key in ("family", "table", "chain", "handle", "comment", "packets", "bytes")})
    if kind == "rule":
        names = ("in", "out", "source", "destination", "protocol", "sport", "dport", "state", "mark", "verdict", "to", "text")
        yield {**cells, **{name: record.get(name) for name in names}}
    elif kind == "chain" and "hook" in record:
        devices = f" on {' '.join(record['devices'])}" if "devices" in record else ""
        where = f"{record['type']} at {record['hook']}{devices}, priority {record['priority']}"
        yield {**cells, "verdict": f"policy {record.get('policy', 'accept')}", "text": where}
    elif kind == "note":
        yield {**cells, "text": record.get("text")}
    elif kind not in ("table", "chain"):
        yield {**cells, "text": " ".join([str(kind), str(record.get("name")), *_described(record)])}


def _described(record: Record) -> Iterator[str]:
    """The fields of a set or object in words; many elements are counted."""
    for key in ("type", "policy", *(key for key in record if key not in _OWN)):
        value = record.get(key)
        if key == "elem" and isinstance(value, list):
            yield f"{len(value)} elements" if len(value) > 4 else f"elements {', '.join(map(_element, value))}"
        elif value is not None and key not in ("netns", "tool", "unparsed"):
            yield f"{key} {value}"


def _element(element: object) -> str:
    from parsers.nft_text import write_value

    if isinstance(element, list):
        return f"{_element(element[0])} : {_element(element[1])}"
    if isinstance(element, dict) and "elem" in element:
        return _element(element["elem"]["val"])
    if isinstance(element, dict) and "concat" in element:
        return " . ".join(map(_element, element["concat"]))
    if isinstance(element, dict) and next(iter(element)) in ("accept", "drop", "return", "continue"):
        return str(next(iter(element)))
    if isinstance(element, dict) and next(iter(element)) in ("jump", "goto"):
        ((verdict, value),) = element.items()
        return f"{verdict} {value['target']}"
    return write_value(element)


def shows(words: Sequence[str]) -> bool:
    """Whether a command line prints rules, and changes none.

    >>> shows("nft -a list ruleset".split()), shows("nft list chain ip filter INPUT".split()), shows("nft flush ruleset".split())
    (True, True, False)
    """
    rest = [word for word in words[1:] if not word.startswith("-")]
    return len(rest) > 1 and rest[0] == "list" and rest[1] in _LISTS


def ask(request: Request, words: Sequence[str]) -> None:
    """``nft list ruleset ip``, ``nft list table inet filter``"""
    rest = [word for word in words[1:] if not word.startswith("-")]
    if rest[1] == "ruleset":
        if len(rest) == 3 and rest[2] in _FAMILIES:
            request.filters["family"] = rest[2]
        else:
            request.unknown += rest[2:]
    elif rest[1] in ("table", "chain", "set", "map") and len(rest) > 2:
        family = rest[2] if rest[2] in _FAMILIES and len(rest) > 3 else "ip"
        names = rest[3:] if rest[2] in _FAMILIES and len(rest) > 3 else rest[2:]
        request.filters.update({"family": family, "table": names[0]})
        if len(names) > 1:
            request.filters["chain" if rest[1] == "chain" else "name"] = names[1]
    else:
        request.unknown += rest[1:]
