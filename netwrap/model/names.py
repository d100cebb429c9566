"""Names for namespaces: labels from control groups, and one title for each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..wording import ROOT, natural

if TYPE_CHECKING:
    from typing import Any

    from .namespace import Namespace

# Who a process belongs to, by its control group.
_CGROUPS = (
    (re.compile(r"docker[-/]([0-9a-f]{12})[0-9a-f]{52}"), "docker {}"),
    (re.compile(r"cri-containerd-([0-9a-f]{12})[0-9a-f]*"), "containerd {}"),
    (re.compile(r"crio-(?:conmon-)?([0-9a-f]{12})[0-9a-f]*"), "cri-o {}"),
    (re.compile(r"libpod-(?:conmon-)?([0-9a-f]{12})[0-9a-f]*"), "podman {}"),
    (re.compile(r"lxc(?:\.payload)?[./]([\w.-]+)"), "lxc {}"),
    (re.compile(r"machine-([\w.\\-]+)\.scope"), "machine {}"),
    (re.compile(r"kubepods.*?pod([0-9a-f_-]{36})"), "pod {}"),
    (re.compile(r"system\.slice/(?:.*/)?([\w@.\\-]+)\.service"), "unit {}"),
)  # fmt: skip


def owner(cgroup: str) -> str | None:
    """Whose control group it is.

    >>> owner("0::/system.slice/docker-" + "0123456789abcdef" * 4 + ".scope"), owner("/user.slice")
    ('docker 0123456789ab', None)
    """
    for pattern, words in _CGROUPS:
        found = pattern.search(cgroup)
        if found is not None:
            return words.format(found[1])
    return None


def entitle(namespaces: list[Namespace]) -> None:
    """Give every namespace a title: its name, else its container, else a process of it, else its inode."""
    taken: set[str] = set()
    for netns in sorted(namespaces, key=lambda netns: (not netns.here, not netns.names)):
        owners = [found for found in map(owner, netns.cgroups) if found] if not netns.here else []
        for found in owners:
            if found not in netns.labels:
                netns.labels.append(found)
        inode = f"net:[{netns.inode}]" if netns.inode else netns.key
        choices = [*netns.names[:1], *([ROOT] if netns.here else []), *netns.labels[:1], *netns.paths[:1]]
        if netns.pids:
            pid, name = min(netns.pids)
            choices.insert(len(choices) - len(netns.paths[:1]), f"pid {pid} ({name})" if name else f"pid {pid}")
        choices.append(inode)
        netns.title = next((choice for choice in choices if choice and choice not in taken), f"{choices[0]} {inode}")
        taken.add(netns.title)


def order(netns: Namespace) -> tuple[bool, bool, Any]:
    return (not netns.here, not netns.names, natural(netns.title))
