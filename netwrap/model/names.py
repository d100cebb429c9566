"""Name namespaces: read the names that a capture lists and the containers and units in control groups, choose one title each.

A capture has two tables about this. ``namespaces`` is a line ``KEY<TAB>HOW<TAB>VALUE`` for every sign of a namespace
(:func:`signs`). KEY is the inode of the namespace (``proc:INODE`` where only /proc/PID/net could be read: the inode of that).
HOW is one of ``self`` (where the probe ran), ``name`` (in /run/netns), ``path`` (another file that holds it), ``pid``
(``PID COMM``), ``thread`` (``PID TID COMM``), ``fd`` (``PID FD COMM``), ``cgroup`` (the control group of its first process),
``label`` (``mininet:h1``). ``containers`` is a line ``MAKER<TAB>ID<TAB>PID<TAB>PATH<TAB>NAME`` for every container that a file
of its maker describes.

A label is two words, the kind of the owner and its name: ``docker web``, ``pod default/web-0``, ``machine vm-1``,
``unit nginx``. Where the name of a container is not known, the first twelve digits of its id stand for it.
"""

from __future__ import annotations

import os
import re

from parsers.lex import lazy
from parsers.tuples import NamedTuple

from ..wording import ROOT, natural

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .namespace import Namespace


class Sign(NamedTuple):
    """One line of ``namespaces``."""

    netns: str
    how: str
    value: str


def signs(text: str) -> list[Sign]:
    """The lines of a ``namespaces`` table, without lines of another form.

    >>> signs("4026531833\\tself\\t/proc/self/ns/net\\n4026532345\\tname\\ta\\\\nb\\n")[1]
    Sign(netns='4026532345', how='name', value='a\\nb')
    """
    found = []
    for line in text.split("\n"):
        words = line.split("\t", 2)
        if len(words) == 3 and words[0]:
            found.append(Sign(words[0], words[1], _unescaped(words[2])))
    return found


def _unescaped(value: str) -> str:
    if "\\" not in value:
        return value
    return re.sub(r"\\([\\tn])", lambda match: {"t": "\t", "n": "\n"}.get(match[1], "\\"), value)


# -- control groups ------------------------------------------------------------------------------------------------

# A namespace is the pod's, not its container's: the pod's id is a label of its own, in front. systemd writes `_` for `-` in it.
_POD = lazy(r"kubepods.*?pod([0-9a-f]{8}(?:[_-]?[0-9a-f]{4}){3}[_-]?[0-9a-f]{12})")
# Owners of control groups as systemd and cgroupfs write them, in cgroup v1 and v2. The first match is the owner.
_GROUPS = (
    ("docker", lazy(r"docker[-/]([0-9a-f]{64})")),
    ("containerd", lazy(r"cri-containerd-([0-9a-f]{64})")),
    ("cri-o", lazy(r"crio-(?:conmon-)?([0-9a-f]{64})")),
    ("podman", lazy(r"libpod-(?:conmon-)?([0-9a-f]{64})")),
    ("container", lazy(r"kubepods.*/([0-9a-f]{64})$")),
    ("lxc", lazy(r"lxc(?:\.payload)?[./]([^/]+)", 0)),
    ("machine", lazy(r"machine-([^/]+)\.scope", 0)),
    ("unit", lazy(r"system\.slice/(?:.*/)?([^/]+)\.service", 0)),
)
_ESCAPED = lazy(r"(?:\\x[0-9a-f]{2})+", 0)


class Containers:
    """The names of containers, from a ``containers`` table: by their id, a process, and the file that holds their namespace."""

    def __init__(self, text: str = "") -> None:
        self._by_id: dict[str, str] = {}
        self._by_pid: dict[str, str] = {}
        self._by_file: dict[str, str] = {}
        for line in text.split("\n"):
            words = line.split("\t")
            if len(words) == 5 and words[4]:
                maker, ident, pid, path, called = words
                # The files of containerd and cri-o describe pods, `NAMESPACE/POD`.
                label = f"{'pod' if '/' in called else maker} {_readable(called)}"
                for table, key in ((self._by_id, ident), (self._by_pid, pid), (self._by_file, os.path.basename(path))):
                    if key:
                        table[key] = label

    def labels(self, netns: Namespace) -> list[str]:
        """The owners of a namespace: those of its processes, files and control groups."""
        found = [self._by_pid.get(str(pid)) for pid, _ in netns.pids or ()]
        found += [self._by_file.get(os.path.basename(path)) for path in (*netns.paths, *netns.names)]
        for cgroup in netns.cgroups:
            found += self.owners(cgroup)
        return [label for label in dict.fromkeys(found) if label]

    def owners(self, cgroup: str) -> Iterator[str]:
        """The owners of a control group: a known name first, then the id of the pod, then a container without a known name.

        >>> docker = "0::/system.slice/docker-" + "0123456789abcdef" * 4 + ".scope"
        >>> list(Containers().owners(docker)), list(Containers().owners("/user.slice"))
        (['docker 0123456789ab'], [])
        >>> list(Containers("docker\\t" + "0123456789abcdef" * 4 + "\\t7\\t/run/docker/netns/x\\tweb\\n").owners(docker))
        ['docker web']
        """
        maker, name = next(((maker, found[1]) for maker, group in _GROUPS if (found := group.search(cgroup))), ("", ""))
        if name in self._by_id:
            yield self._by_id[name]
        pod = _POD.search(cgroup)
        if pod is not None:
            yield f"pod {pod[1].replace('_', '-')}"
        if name and name not in self._by_id:
            yield f"{maker} {name[:12] if re.fullmatch('[0-9a-f]{64}', name) else _readable(name)}"


def _readable(name: str) -> str:
    r"""A name with systemd's escapes decoded, except those that stand for control characters.

    >>> _readable(r"web\x2dfront"), _readable(r"b\x0ab"), _readable(r"caf\xc3\xa9")
    ('web-front', 'b\\x0ab', 'café')
    """

    def decoded(match: re.Match[str]) -> str:
        try:
            text = bytes.fromhex(match[0].replace("\\x", "")).decode()
        except ValueError:
            return match[0]
        return text if text.isprintable() else match[0]

    return _ESCAPED.sub(decoded, name)


# -- titles --------------------------------------------------------------------------------------------------------


def entitle(namespaces: list[Namespace], containers: str = "") -> None:
    """Give every namespace its labels, and a title: its name, else its first label, else a process of it, else its inode.

    ``containers`` is the text of the table. The namespace that was captured from (``here``) has no owner.
    """
    known = Containers(containers)
    taken: set[str] = set()
    for netns in sorted(namespaces, key=lambda netns: (not netns.here, not netns.names)):
        if not netns.here:
            netns.labels += [label for label in known.labels(netns) if label not in netns.labels]
        inode = f"net:[{netns.inode}]" if netns.inode else netns.key
        choices = [*netns.names[:1], *([ROOT] if netns.here else []), *netns.labels[:1], *netns.paths[:1]]
        if netns.pids:
            pid, name = min(netns.pids)
            choices.insert(len(choices) - len(netns.paths[:1]), f"pid {pid} ({name})" if name else f"pid {pid}")
        choices.append(inode)
        netns.title = next((choice for choice in choices if choice and choice not in taken), f"{choices[0]} {inode}")
        taken.add(netns.title)


def order(netns: Namespace) -> tuple[bool, bool, Any]:
    """The sort key of namespaces: the one captured from, those with a name, all others."""
    return (not netns.here, not netns.names, natural(netns.title))
