"""`ip maddress`: multicast groups."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Record

COMMAND = "ip maddress show"
CALLED = "multicast groups"
RECORD = "Maddr"
KEY = "ifname"
FILTERS = {"dev": ("ifname", True)}
FIRST = "dev"
COLUMNS = "ifindex? ifname family group users? features?"


def rows(link: Record) -> Iterator[Record]:
    """A row for each group."""
    for group in link.get("maddr") or [{}]:
        yield {"ifindex": link.get("ifindex"), "ifname": link.get("ifname"), "family": group.get("family", "link"),
               "group": group.get("address", group.get("link")), "users": group.get("users"),
               "features": group.get("features")}  # fmt: skip
