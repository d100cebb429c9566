"""`iptables`, `ip6tables` (`-L`, `-S`) and `iptables-save`: chains and rules."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.records import Record

    from .request import Request

COMMAND = "iptables-save"
CALLED = "rules of iptables"
RECORD = "IptablesRecord"
BINARIES = tuple(
    f"{name}{variant}{end}"
    for name in ("iptables", "ip6tables")
    for variant in ("", "-legacy", "-nft")
    for end in ("", "-save")
)  # fmt: skip
COLUMNS = (
    "family? table chain number? in? out? source? destination? protocol? sport? dport? state? mark? verdict to? packets? bytes? "
    "comment? text"
)
_LISTS = ("--list", "--list-rules")


def rows(record: Record) -> Iterator[Record]:
    """A row for each rule and for each chain that is built in."""
    cells: Record = dict.fromkeys(column.rstrip("?") for column in COLUMNS.split())
    cells.update({key: record.get(key) for key in ("family", "table", "chain", "number", "comment", "packets", "bytes")})
    if record.get("kind") == "rule":
        names = ("in", "out", "source", "destination", "protocol", "sport", "dport", "state", "mark", "verdict", "to", "text")
        found = {**cells, **{name: record.get(name) for name in names}}
        found["verdict"] = found["verdict"] or record.get("target")
        yield found
    elif record.get("kind") == "chain" and "policy" in record:
        yield {
            **cells,
            "verdict": f"policy {record['policy']}",
            "text": f"{record.get('type', 'filter')} at {record.get('hook')}",
        }
    elif record.get("kind") == "note":
        yield {**cells, "text": record.get("text")}


def shows(words: Sequence[str]) -> bool:
    """Whether a command line prints rules, and changes none.

    >>> shows("iptables -nvL".split()), shows("iptables -t nat -S".split()), shows("iptables -A INPUT -j DROP".split())
    (True, True, False)
    """
    name = words[0].rpartition("/")[2]
    if name.endswith("-save"):
        return not any(word in ("-f", "--file", "-V", "--version", "-h", "--help") for word in words[1:])
    if any(word[:2] in ("-Z", "-F", "-X") or word.startswith(("--zero", "--flush", "--delete")) for word in words[1:]):
        return False
    return any(word in _LISTS or _lists(word) for word in words[1:])


def _lists(word: str) -> bool:
    """Whether a word is ``-L``, ``-S``, ``-nvL``: options that list, and none that changes anything."""
    return word[:1] == "-" and word[:2] != "--" and bool({"L", "S"} & set(word)) and set(word[1:]) <= set("LSnvxwc46")


def _table(words: Sequence[str]) -> str:
    """The table that a command asks for: filter where it names none; "" for a command that prints all tables."""
    for word, value in zip(words, [*words[1:], ""]):
        if word in ("-t", "--table"):
            return value
        if word.startswith("--table="):
            return word[8:]
        if word.startswith("-t") and len(word) > 2:
            return word[2:]
    return "" if words and words[0].rpartition("/")[2].endswith("-save") else "filter"


def _family(words: Sequence[str]) -> str:
    return "ip6" if words and words[0].rpartition("/")[2].startswith("ip6") else "ip"


def ask(request: Request, words: Sequence[str]) -> None:
    """``iptables -t nat -nvL POSTROUTING``"""
    name = words[0].rpartition("/")[2]
    request.family = "inet6" if _family(words) == "ip6" else "inet"
    if _table(words):
        request.filters["table"] = _table(words)
    for variant in ("legacy", "nft"):
        if f"-{variant}" in name:
            request.filters["backend"] = {"legacy": "legacy", "nft": "nf_tables"}[variant]
    before = ""
    for word in words[1:]:
        if (
            word[:1] != "-"
            and before not in ("-t", "--table", "-M", "--modprobe")
            and not (before[:2] == "-w" and word.isdigit())
        ):
            if word.isdigit() or "chain" in request.filters:
                request.unknown.append(word)
            else:
                request.filters["chain"] = word
        before = word


def complete(records: list[Record], words: Sequence[str]) -> None:
    """Add to each record the table and family that its command asked for, where the text does not have them."""
    from parsers import iptables

    if not any(record.get("by") for record in records) and not words[0].rpartition("/")[2].endswith("-save"):
        iptables.moved(records, _table(words), _family(words))
    elif not any(record.get("by") for record in records) and _family(words) == "ip6":
        for record in records:
            record["family"] = "ip6"
