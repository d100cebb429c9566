"""Find the network namespaces of this host, named or not, with the files that lead into each, as the probe does.

First the files that may hold a namespace (`/run/netns`, the folders of container engines, mounts anywhere), then the namespaces
of every process, its threads, other mount namespaces and open files. A namespace is identified by its inode.
"""

from __future__ import annotations

import os
import re

from parsers.lex import lazy
from parsers.tuples import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Folders whose files are named namespaces; the first existing folder counts.
NAMED = ("/run/netns", "/var/run/netns")
_PLACES = ("/run/docker/netns", "/run/snap.docker/netns")
_NS_GET_NSTYPE = 0xB703
_NETNS = 0x40000000
_OCTAL = lazy(r"\\([0-7]{3})")
_MOUNTED = lazy(r"^\S+ \S+ \S+ net:\[(\d+)\] (\S+) .* - nsfs ", re.A | re.M)
#: The number of names listed in one note.
_LISTED = 5


class Census(NamedTuple):
    """The namespaces found: ``namespaces``, the text of that section; ``ways``, the files that lead into each, by its key; and
    more.

    ``inhabited`` are the keys of namespaces with a process; ``waits`` is the file of `/run/netns` on which
    `ip netns list-id` would wait for ever, ``""`` where there is none.
    """

    own: str
    namespaces: str
    ways: dict[str, list[str]]
    inhabited: set[str]
    containers: str
    notes: list[str]
    waits: str


def take(root: str = "") -> Census:
    """Find all namespaces; ``root``: the folder with the files of container engines. Raises OSError without /proc."""
    return _Finder(root).census()


def escaped(value: str) -> str:
    """A value escaped for a line of the section: backslash, tab and newline written out."""
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


class _Finder:
    def __init__(self, root: str) -> None:
        own = os.stat("/proc/self/ns/net")
        self.device, self.own = own.st_dev, str(own.st_ino)
        self.lines: dict[str, None] = {}
        self.ways: dict[str, list[str]] = {}
        self.notes: list[str] = []
        self.waits = ""
        self.inhabited: set[str] = set()
        self.containers = "".join("\t".join(words) + "\n" for words in _containers(root))

    def census(self) -> Census:
        self._found(self.own, "self", "/proc/self/ns/net", "/proc/self/ns/net")
        self._names()
        for folder in (*_PLACES, *_of_users()):
            for path in _listed(folder):
                inode = self._inode(path)
                if inode:
                    self._found(inode, "path", path, path)
        self._mounted("self", "/proc/self/mountinfo")
        self._processes()
        return Census(self.own, "".join(self.lines), self.ways, self.inhabited, self.containers, self.notes, self.waits)

    def _found(self, key: str, how: str, value: str, way: str = "") -> None:
        self.lines[f"{key}\t{how}\t{escaped(value)}\n"] = None
        ways = self.ways.setdefault(key, [])
        if way and len(ways) < 2:
            ways.append(way)

    def _inode(self, path: str) -> str:
        """The inode of a network namespace, ``""`` for any other file. A file that could block is not opened."""
        try:
            found = os.stat(path)
            if found.st_dev != self.device:
                return ""
            import fcntl

            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                kind = fcntl.ioctl(file, _NS_GET_NSTYPE)
            finally:
                os.close(file)
        except OSError:
            return ""
        return str(found.st_ino) if kind == _NETNS else ""

    def _names(self) -> None:
        folder = next(filter(os.path.isdir, NAMED), None)
        other: list[str] = []
        for path in _listed(folder) if folder else ():
            inode = self._inode(path)
            if inode:
                self._found(inode, "name", os.path.basename(path), path)
                continue
            other.append(path)
            if not self.waits and _may_wait(path):
                self.waits = path
        if other:
            told = ", ".join(escaped(path) for path in other[:_LISTED])
            more = f" and {len(other) - _LISTED} more" if other[_LISTED:] else ""
            self.notes.append(f"no namespace (any more): {told}{more}")
        if self.waits:
            self.notes.append(
                f"`ip netns list-id` would wait for ever on {escaped(self.waits)}: it was not asked what nsids are called"
            )

    def _mounted(self, pid: str, file: str) -> None:
        """Namespaces that are mounted somewhere in the mount namespace of a process."""
        for inode, place in _MOUNTED.findall(_text(file)):
            place = _OCTAL.sub(lambda code: chr(int(code[1], 8)), place)
            place = place.encode("latin-1", "replace").decode("utf-8", "surrogateescape") if not place.isascii() else place
            if pid == "self":
                if place.startswith(("/run/netns/", "/var/run/netns/", "/run/docker/netns/", "/var/run/docker/netns/")):
                    continue
            elif self.ways.get(inode):
                continue
            else:
                place = f"/proc/{pid}/root{place}"
            if self._inode(place) == inode:
                self._found(inode, "path", place, place)

    def _processes(self) -> None:
        mine = str(os.getpid())
        nets: dict[str, str] = {}
        threads: list[tuple[str, str, str]] = []
        held: list[tuple[str, str, str]] = []
        mounts: dict[str, str] = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            net = _link(f"/proc/{pid}/ns/net", "net:[")
            if net:
                nets[pid] = net
            if pid != mine:
                mounts.setdefault(_link(f"/proc/{pid}/ns/mnt", "mnt:["), pid)
                held += [(pid, *one) for one in _links(f"/proc/{pid}/fd", "")]
                if net:
                    threads += [(pid, *one) for one in _links(f"/proc/{pid}/task", "/ns/net") if one[1] != net]
        mounts.pop("", None)
        mounts.pop(_link("/proc/self/ns/mnt", "mnt:["), None)
        for pid, net in nets.items():
            name = _comm(pid)
            if pid == mine or name is None:
                continue
            self._found(net, "pid", f"{pid} {name}", f"/proc/{pid}/ns/net")
            if net != self.own:
                if net not in self.inhabited:
                    self._group(net, pid)
                self._label(net, pid)
            self.inhabited.add(net)
        for pid, tid, net in threads:
            name = _comm(pid)
            if name is not None:
                self._found(net, "thread", f"{pid} {tid} {name}", f"/proc/{pid}/task/{tid}/ns/net")
        for pid in mounts.values():
            self._mounted(pid, f"/proc/{pid}/mountinfo")
        for pid, fd, net in held:
            name = _comm(pid)
            if name is not None and self._inode(f"/proc/{pid}/fd/{fd}") == net:
                self._found(net, "fd", f"{pid} {fd} {name}", f"/proc/{pid}/fd/{fd}")

    def _group(self, key: str, pid: str) -> None:
        """The control group of the first process of a namespace."""
        group = ""
        for line in _text(f"/proc/{pid}/cgroup").split("\n"):
            number, _, rest = line.partition(":")
            controllers, _, path = rest.partition(":")
            if path.startswith("/") and path != "/":
                group = path
                if (number, controllers) == ("0", "") or controllers == "name=systemd":
                    break
        if group:
            self._found(key, "cgroup", group)

    def _label(self, key: str, pid: str) -> None:
        """The name that Mininet gives to a host: the last word of its shell, `mininet:h1`."""
        words = _text(f"/proc/{pid}/cmdline")
        if "mininet:" in words:
            label = words.rstrip("\0").rpartition("\0")[2]
            if label.startswith("mininet:") and len(label) > len("mininet:"):
                self._found(key, "label", label)


def _of_users() -> Iterator[str]:
    for user in _listed("/run/user"):
        yield f"{user}/netns"
        yield f"{user}/containers/networks/rootless-netns"


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.path.join(folder, name) for name in os.listdir(folder))
    except OSError:
        return []


def _may_wait(path: str) -> bool:
    import stat

    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def _comm(pid: str) -> str | None:
    """The name of a process, which may be empty and contain anything; None where the process has ended."""
    try:
        with open(f"/proc/{pid}/comm", "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")[:-1]
    except OSError:
        return None


def _link(path: str, kind: str) -> str:
    try:
        target = os.readlink(path)
    except OSError:
        return ""
    return target[len(kind) : -1] if target.startswith(kind) else ""


def _links(folder: str, behind: str) -> list[tuple[str, str]]:
    """The entries of a folder of /proc that lead to network namespaces, with their inodes."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    if behind and len(names) < 2:
        return []  # a single thread is in the namespace of its process
    found = [(name, _link(f"{folder}/{name}{behind}", "net:[")) for name in names]
    return [(name, inode) for name, inode in found if inode]


# -- containers --------------------------------------------------------------------------------------------------------


def _containers(root: str) -> Iterator[tuple[str, str, str, str, str]]:
    """``(MAKER, ID, PID, PATH, NAME)`` from the files of container engines; nothing else is taken from them."""
    for folder in _listed(f"{root}/var/lib/docker/containers"):
        about = _json(f"{folder}/config.v2.json")
        path, name = _at(about, "NetworkSettings", "SandboxKey"), _at(about, "Name").lstrip("/")
        yield from _row("docker", os.path.basename(folder), _at(about, "State", "Pid"), path, name)
    for space in _listed(f"{root}/run/containerd/io.containerd.runtime.v2.task"):
        for folder in _listed(space):
            yield from _pod("containerd", os.path.basename(folder), folder, f"{folder}/init.pid", "io.kubernetes.cri.sandbox-")
    for storage in _listed(f"{root}/run/containers/storage"):
        for folder in _listed(storage) if storage.endswith("-containers") else ():
            data = f"{folder}/userdata"
            yield from _pod("cri-o", os.path.basename(folder), data, f"{data}/pidfile", "io.kubernetes.pod.")
    for storage in _listed(f"{root}/var/lib/containers/storage"):
        listed = _json(f"{storage}/containers.json") if storage.endswith("-containers") else None
        for one in listed if isinstance(listed, list) else ():
            names = one.get("names") if isinstance(one, dict) else None
            yield from _row("podman", _at(one, "id"), "", "", str(names[0]) if isinstance(names, list) and names else "")


def _pod(maker: str, ident: str, folder: str, pid: str, prefix: str) -> Iterator[tuple[str, str, str, str, str]]:
    about = _json(f"{folder}/config.json")
    name, space = _at(about, "annotations", prefix + "name"), _at(about, "annotations", prefix + "namespace")
    linux = about.get("linux") if isinstance(about, dict) else None
    spaces = linux.get("namespaces") if isinstance(linux, dict) else None
    paths = [_at(one, "path") for one in spaces if _at(one, "type") == "network"] if isinstance(spaces, list) else []
    if name:
        yield from _row(maker, ident, _text(pid).strip(), paths[0] if paths else "", f"{space}/{name}")


def _row(maker: str, ident: str, pid: str, path: str, name: str) -> Iterator[tuple[str, str, str, str, str]]:
    words = (maker, ident, pid, path, name)
    if name and not any("\t" in word or "\n" in word for word in words):
        yield words


def _json(path: str) -> object:
    import json

    try:
        return json.loads(_text(path) or "null")
    except (ValueError, RecursionError):
        return None


def _at(value: object, *keys: str) -> str:
    """The text under a path of keys, ``""`` if there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return str(value) if isinstance(value, (str, int)) else ""
