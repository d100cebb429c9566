"""`ip nexthop`: nexthop objects, and groups of them."""

from __future__ import annotations

from .. import wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Record

COMMAND = "ip nexthop show"
CALLED = "nexthops"
RECORD = "NexthopObject"
KEY = "id"
SHOWS = ("get", "bucket")
FILTERS = {
    "id": ("id", True), "dev": ("dev", True), "vrf": ("master", True), "master": ("master", True), "groups": ("group", False),
    "fdb": ("fdb", False), "protocol": ("protocol", True),
}  # fmt: skip
COLUMNS = "id type? gateway? dev? group? encap? scope? protocol? flags? index? nhid? idle_time?"


def rows(nexthop: Record) -> Iterator[Record]:
    """One row."""
    group = [",".join(str(it[key]) for key in ("id", "weight") if key in it) for it in nexthop.get("group", ())]
    kind = next((key for key in ("blackhole", "fdb") if key in nexthop), nexthop.get("type"))
    encap = nexthop.get("encap")
    bucket = nexthop.get("bucket", {})
    yield {"id": nexthop.get("id"), "type": kind, "gateway": wording.gateway(nexthop), "dev": nexthop.get("dev"),
           "group": group or None, "scope": nexthop.get("scope"), "protocol": nexthop.get("protocol"),
           "encap": encap.get("encap_type") if isinstance(encap, dict) else encap, "flags": nexthop.get("flags") or None,
           "index": bucket.get("index"), "nhid": bucket.get("nhid"), "idle_time": bucket.get("idle_time")}  # fmt: skip
