"""`ip rule`: rules of policy routing."""

from __future__ import annotations

from .. import wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Record

COMMAND = "ip rule show"
CALLED = "rules"
RECORD = "Rule"
KEY = "priority"
FILTERS = {
    "table": ("table", True), "lookup": ("table", True), "preference": ("priority", True), "priority": ("priority", True),
    "from": ("src", True), "to": ("dst", True), "iif": ("iif", True), "oif": ("oif", True), "fwmark": ("fwmark", True),
    "protocol": ("protocol", True),
}  # fmt: skip
SAME = {"lookup": "table", "priority": "preference"}
FAMILY = "inet"
DETAILS = ("protocol",)
COLUMNS = "priority from selector? action protocol?"
ALIASES = {"pref": "priority", "prio": "priority", "src": "from"}


def rows(rule: Record) -> Iterator[Record]:
    """One row."""
    yield {"priority": rule.get("priority"), "from": wording.prefix(rule, "src"), "selector": wording.selector(rule) or None,
           "action": wording.action(rule), "protocol": rule.get("protocol")}  # fmt: skip
