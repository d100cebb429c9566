"""`bridge link`: ports of bridges."""

from __future__ import annotations

from .. import wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Record

COMMAND = "bridge link show"
CALLED = "bridge ports"
RECORD = "BridgeLink"
KEY = "ifname"
SETS = True
FILTERS = {"dev": ("ifname", True)}
COLUMNS = "ifindex ifname peer? mtu master state priority cost"
ALIASES = {"name": "ifname", "dev": "ifname"}
BROUGHT = {"-d": "hwmode hairpin guard root_block fastleave learning flood mcast_flood isolated".split()}


def rows(link: Record) -> Iterator[Record]:
    """One row."""
    yield {**{key: link.get(key) for key in ("ifindex", "ifname", "mtu", "master", "state", "priority", "cost")},
           "peer": wording.peer(link)}  # fmt: skip
