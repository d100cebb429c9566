"""Several hosts taken as one, for a packet that goes from one of them to another."""

from __future__ import annotations

from .host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.records import Link

    from .namespace import Namespace
    from .peers import Peer


class Several(Host):
    """The namespaces of several hosts; no link of one is known to lead to another.

    From now on the title of each namespace begins with the name of its host: ``alpha:(root)``.
    """

    def __init__(self, hosts: Sequence[Host]) -> None:
        super().__init__([netns for host in hosts for netns in host.namespaces], [], [])
        self.hosts = hosts
        self._of = {id(netns): host for host in hosts for netns in host.namespaces}
        self._names = {id(netns): netns.name for netns in self.namespaces}
        for netns in self.namespaces:
            netns.title = f"{self.of(netns).name}:{netns.title}"

    def of(self, netns: Namespace) -> Host:
        return self._of[id(netns)]

    def name_of(self, netns: Namespace) -> str | None:
        return self._names[id(netns)]

    def peer(self, netns: Namespace, link: Link) -> Peer | None:
        return self.of(netns).peer(netns, link)

    def nsid(self, netns: Namespace, viewer: Namespace | None = None) -> int | None:
        host = self.of(netns)
        return host.nsid(netns, viewer) if viewer is None or self.of(viewer) is host else None
