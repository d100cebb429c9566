"""The JSON of `ip -j link` and `ip -j address`, where it differs between releases.

Apart from the text, whose grammar takes longer to import than a host's links to read.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .lex import Dict


def tidy(record: Dict) -> Dict | None:
    """The keys of today's iproute2 for a JSON object of any release; None for the empty object that a filter leaves."""
    if not record or record.keys() <= {"addr_info"} and not any(record.get("addr_info", ())):
        return None
    for old, new in (("stats644", "stats64"), ("stats", "stats64")):
        if old in record and new not in record:
            record[new] = record.pop(old)
    data = record.get("linkinfo", {}).get("info_data")
    if data and "collect_metadata" in data:  # 4.15
        data["external"] = data.pop("collect_metadata")
    for flag in ("gbp", "gpe"):
        if data and flag in data:  # null where it is set
            data[flag] = True
    return record
