"""The rules of all firewalls of a namespace as one list, from all tools that printed them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from parsers.records import FirewallRecord, Record

    from .coverage import Table


def joined(tables: dict[str, list[Table]]) -> list[FirewallRecord] | None:
    """The records of nft and of iptables, each with its ``tool``; None where neither was captured.

    Both tools show a table that iptables-nft made. The rules of iptables have more details and are kept if nft does not print
    more rules.
    """
    if not tables.get("nft") and not tables.get("iptables"):
        return None
    native = _latest(tables.get("nft", ()))
    saved = _latest(tables.get("iptables", ()))
    counts = {key: _rules(records) for key, records in native.items()}
    found: list[Any] = []
    replaced = set()
    for key, records in saved.items():
        tool, family, table = key
        same = counts.get(("nft", family, table))
        if tool == "iptables-nft" or tool == "iptables" and same is not None:
            if same is not None and same != _rules(records):
                continue
            replaced.add(("nft", family, table))
        found += [{**record, "tool": _called(tool, family)} for record in records]
    for key, records in native.items():
        if key not in replaced:
            found += [{**record, "tool": "nft"} for record in records]
    return found


def _called(tool: str, family: str) -> str:
    """The name of the command that changes such rules: ``ip6tables-legacy``"""
    return tool.replace("iptables", "ip6tables") if family == "ip6" else tool


def _latest(captures: Iterable[Table]) -> dict[tuple[str, str, str], list[Record]]:
    """The records of each table by (tool, family, table), from the latest capture that has the whole table."""
    found: dict[tuple[str, str, str], list[Record]] = {}
    for capture in captures:
        of_table: dict[tuple[str, str, str], list[Record]] = {}
        tool = _tool(capture)
        for record in capture.records:
            of_table.setdefault((tool, record.get("family", ""), record.get("table", "")), []).append(record)
        for key, records in of_table.items():
            if key not in found or _rules(records) >= _rules(found[key]):
                found[key] = records
    return found


def _tool(capture: Table) -> str:
    if capture.request is not None and capture.request.name == "nft" or capture.command.split()[0].rpartition("/")[2] == "nft":
        return "nft"
    backend = next((record["backend"] for record in capture.records if "backend" in record), "")
    if capture.request is not None:
        backend = backend or str(capture.request.filters.get("backend") or "")
    return {"legacy": "iptables-legacy", "nf_tables": "iptables-nft"}.get(backend, "iptables")


def _rules(records: Iterable[Record]) -> int:
    return sum(record["kind"] == "rule" for record in records)


def cover(tables: dict[str, list[Table]], family: str) -> bool:
    """Whether the captures certainly have all rules that can apply to a packet of a family (ip, ip6).

    `nft list ruleset` shows all rules but those of legacy iptables; `iptables-save` the rules of iptables for one family.
    """
    whole = False
    for capture in tables.get("nft", ()):
        request = capture.request
        whole = whole or not capture.part and request is not None and not request.filters and not request.unknown
    for capture in tables.get("iptables", ()):
        request = capture.request
        if capture.part or request is None or request.unknown or request.filters.keys() - {"backend"}:
            continue
        whole = whole or request.family == ("inet6" if family == "ip6" else "inet")
    return whole and not _hidden(tables, family)


def _hidden(tables: dict[str, list[Table]], family: str) -> bool:
    """Whether a tool reported rules of legacy iptables that were not captured."""
    word = "ip6tables" if family == "ip6" else "iptables"
    told, shown = False, False
    for capture in (*tables.get("nft", ()), *tables.get("iptables", ())):
        texts = [record["text"] for record in capture.records if record["kind"] == "note"]
        if capture.section is not None:
            texts.append(capture.section.stderr)
        told = told or any(f"{word}-legacy tables present" in text for text in texts)
        shown = shown or _tool(capture) == "iptables-legacy"
    return told and not shown
