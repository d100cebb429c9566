"""`nft list ruleset`: firewalls made with nftables. See :mod:`parsers.nft` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import query

if TYPE_CHECKING:
    from parsers.records import NftRecord


def show(netns: str | None = None) -> list[NftRecord]:
    """The ruleset of a namespace (None: the one we run in). Raises the errors of :func:`netwrap.shell.run`."""
    return query.records("nft", ["nft", "list", "ruleset"], netns=netns)
