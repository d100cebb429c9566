"""Imagined hosts: namespaces and veth pairs as the kernel would number them, and the true peer of each link."""

from __future__ import annotations

import json
import random
from typing import Any

from netwrap.model.section import Section

Links = dict[int, dict[str, Any]]


class Imagined:
    """A host with ``namespaces`` namespaces: the first is the root, ``names`` have names, the others do not."""

    def __init__(self, seed: int, namespaces: int, named: int) -> None:
        self.random = random.Random(seed)
        self.keys = [str(4026530000 + position) for position in range(namespaces)]
        self.names = {position: f"n{position}" for position in range(1, named + 1)}
        self.links: list[Links] = [{1: {"ifindex": 1, "ifname": "lo", "flags": ["LOOPBACK"], "linkinfo": {}}} for _ in self.keys]
        self.nsids: list[dict[int, int]] = [{} for _ in self.keys]
        self.truth: dict[tuple[int, int], tuple[int, int]] = {}

    def _index(self, netns: int, index: int | None) -> int:
        if index is not None and index not in self.links[netns]:
            return index
        return max(self.links[netns]) + 1

    def pair(self, one: int, two: int, index: int | None = None, traffic: bool = True) -> None:
        """Add a veth between two namespaces; both ends get the index if it is free."""
        number = len(self.truth) // 2
        first = self._index(one, index)
        self.links[one][first] = {}
        second = self._index(two, index)
        counters = [self.random.randrange(1, 10**6) if traffic else 0 for _ in range(4)]
        for here, there, at, peer, side in ((one, two, first, second, "a"), (two, one, second, first, "b")):
            rx, tx = (counters[:2], counters[2:]) if side == "a" else (counters[2:], counters[:2])
            link: dict[str, Any] = {
                "ifindex": at, "ifname": f"p{number}{side}", "flags": ["UP"], "linkinfo": {"info_kind": "veth"},
                "stats64": {"rx": {"bytes": rx[0], "packets": rx[1]}, "tx": {"bytes": tx[0], "packets": tx[1]}},
            }  # fmt: skip
            if here == there:
                link["link"] = f"p{number}{'b' if side == 'a' else 'a'}"
            else:
                link["link_index"] = peer
                link["link_netnsid"] = self.nsids[here].setdefault(there, len(self.nsids[here]))
            self.links[here][at] = link
            self.truth[here, at] = (there, peer)

    def vanish(self, netns: int) -> None:
        """Remove a namespace, so that captures no longer contain it."""
        self.keys[netns] = ""

    def sections(self, *, old_kernel: bool = False, stats: bool = True) -> list[Section]:
        """The host as a probe would have captured it."""
        listed = []
        for position, key in enumerate(self.keys):
            if key:
                listed += [f"{key}\tself\t"] if position == 0 else []
                listed += [f"{key}\tname\t{self.names[position]}"] if position in self.names else []
                listed += [f"{key}\tpid\t{1000 + position} sleep"] if position not in self.names else []
        sections = [Section("", "namespaces", "\n".join(listed))]
        for position, key in enumerate(self.keys):
            if key:
                links = []
                for link in self.links[position].values():
                    link = dict(link)
                    if old_kernel and link.get("link_index") == link["ifindex"]:
                        del link["link_index"]
                    if not stats:
                        link.pop("stats64", None)
                    links.append(link)
                ids = [
                    {"nsid": nsid, **({"name": self.names[other]} if other in self.names else {})}
                    for other, nsid in self.nsids[position].items()
                ]
                sections.append(Section(key, "ip -j -d -s link show", json.dumps(links)))
                sections.append(Section(key, "ip -j netns list-id", json.dumps(ids)))
        return sections

    def busybox(self) -> list[Section]:
        """The same as `busybox ip link` prints it: without nsids, and with the peer's index as a name of the own namespace."""
        sections = [Section("", "namespaces", "\n".join(f"{key}\tself\t" for key in self.keys[:1]))]
        for position, key in enumerate(self.keys):
            lines = []
            for index, link in self.links[position].items():
                name = link["ifname"]
                if (position, index) in self.truth:
                    peer = self.truth[position, index][1]
                    known = self.links[position].get(peer)
                    name += f"@{known['ifname']}" if known else f"@if{peer}"
                lines.append(f"{index}: {name}: <UP> mtu 1500 qdisc noqueue qlen 1000")
            sections.append(Section(key, "busybox ip link", "\n".join(lines)))
        return sections
