"""A folder of text files named after commands, and an sos report: which file holds what of which namespace.

``ip -d link.txt``, ``ip_-d_link``, ``ip_route_show_table_all.out`` at the top belong to the root namespace, in a folder ``red``
to the namespace red; ``ip_netns_exec_red_arp_-n`` says it itself. In an sos report `sos_commands/networking/ip_-d_address` is
of the root; those of namespaces are `namespaces/red/ip_netns_exec_red_ip_-d_address_show` (since 4.2), and before that
`ip_netns_exec_red_ip_address_show` in the same folder. It writes each character that is no letter, digit, dash or dot as an
underscore.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ..commands.line import understand
from ..model import sidetables
from ..model.section import Section

if TYPE_CHECKING:
    from collections.abc import Iterable

_SUFFIX = re.compile(r"\.(txt|text|out|log|json|md)$", re.IGNORECASE)
# `ip_netns_exec_red_ip_route_show_table_all`
_EXEC = re.compile(
    r"ip[ _]netns[ _]exec[ _](.+?)[ _]"
    r"((?:ip|bridge|arp|route|netstat|ss|ifconfig|brctl|sysctl|iptables-save|ip6tables-save|nft)(?:[ _].*)?)$"
)
_NAMESPACES = re.compile(r"(?:^|/)namespaces/([^/]+)/[^/]+$")
_ROOTS = ("root", "host", "default", "main", "init")
_BINARIES = (
    "ip",
    "bridge",
    "arp",
    "route",
    "netstat",
    "ss",
    "ifconfig",
    "brctl",
    "sysctl",
    "nft",
    "iptables-save",
    "ip6tables-save",
)
_SOS = "sos_commands/"
_SOS_FOLDERS = ("networking/", "firewall_tables/")


class Held(NamedTuple):
    """What a file holds: the namespace ("" is the root) and the command."""

    netns: str
    command: str


def words_of(name: str) -> list[str]:
    """The command that a file is named after; none where it is no command of ours.

    >>> words_of("ip_-d_address.txt"), words_of("ip route show table all.out"), words_of("arp-n"), words_of("dmesg")
    (['ip', '-d', 'address'], ['ip', 'route', 'show', 'table', 'all'], ['arp', '-n'], [])
    """
    name = _SUFFIX.sub("", name)
    for separators in (r"[ _+]+|%20", r"[ _+]+|%20|(?=-)", r"[ _+-]+|%20"):
        words = [word for word in re.split(separators, name) if word]
        if words[:1] == ["cat"] and "net" in words:
            words = ["cat", "/proc/" + "/".join(word for word in re.split(r"[ _/]+", name)[1:] if word not in ("", "proc"))]
        if words and words[0] in _BINARIES + ("cat",) and _is_ours(words):
            return words
    return []


def _is_ours(words: list[str]) -> bool:
    return understand(words).parser is not None or sidetables.reader(words) is not None


def held(path: str, names: Iterable[str] = ()) -> Held | None:
    """What the file at a relative path holds; ``names`` are namespaces that are known to exist.

    >>> held("namespaces/a_b/ip_netns_exec_a_b_ip_-d_address_show")
    Held(netns='a_b', command='ip -d address show')
    >>> held("ip_netns_exec_red_ip_rule_list"), held("red/arp -n.txt"), held("ip_addr")
    (Held(netns='red', command='ip rule list'), Held(netns='red', command='arp -n'), Held(netns='', command='ip addr'))
    """
    *folders, name = path.split("/")
    name = _SUFFIX.sub("", name)
    found = _NAMESPACES.search(path)
    known = [found[1]] if found else sorted(names, key=len, reverse=True)
    for netns in known:
        for prefix in (f"ip_netns_exec_{_mangled(netns)}_", f"ip netns exec {netns} "):
            if name.startswith(prefix):
                words = words_of(name[len(prefix) :])
                return Held(netns, " ".join(words)) if words else None
    executed = _EXEC.match(name)
    if executed is not None:
        words = words_of(executed[2])
        return Held(executed[1], " ".join(words)) if words else None
    words = words_of(name)
    if not words:
        return None
    named = understand(words).netns
    if named is not None:
        return Held(named, " ".join(words))
    folder = found[1] if found else folders[-1] if folders else ""
    return Held("" if folder in _ROOTS else folder, " ".join(words))


def _mangled(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)


def wanted(path: str) -> bool:
    """Whether a file of a folder or archive may hold anything for us."""
    if _SOS in path:
        inside = path.partition(_SOS)[2]
        return inside.startswith(_SOS_FOLDERS) and held(inside) is not None or inside == "host/hostname"
    name = path.rpartition("/")[2]
    return name == "hostname" or held(path) is not None


def sections(texts: dict[str, str]) -> list[Section]:
    """The sections of the files of a folder, by their paths."""
    top = ""
    inside = [path for path in texts if _SOS in path]
    if inside:
        top = min(inside, key=lambda path: path.index(_SOS)).partition(_SOS)[0]
        files = {path[len(top) + len(_SOS) :].partition("/")[2]: text for path, text in texts.items()
                 if path.startswith(top + _SOS)}  # fmt: skip
    else:
        top = _common(texts)
        files = {path[len(top) :]: text for path, text in texts.items()}
    found = []
    for path in (f"{top}hostname", f"{top}{_SOS}host/hostname"):
        if path in texts:
            found.append(Section("", "hostname", texts[path]))
            break
    names = _names(files)
    for path in sorted(files):
        what = held(path, names)
        if what is not None:
            found.append(Section(what.netns, what.command, files[path]))
    return found


def _common(paths: Iterable[str]) -> str:
    """The folder that all files of an archive lie in, if some lie directly in it."""
    folders = [path.rpartition("/")[0] for path in paths]
    shortest = min(folders, key=len, default="")
    if shortest and all(folder == shortest or folder.startswith(shortest + "/") for folder in folders):
        return shortest + "/"
    return ""


def _names(files: dict[str, str]) -> list[str]:
    """The namespaces that `ip netns` lists."""
    from parsers import ip_netns

    found = []
    for path, text in files.items():
        if held(path) in (Held("", "ip netns"), Held("", "ip netns list")):
            records, _ = ip_netns.parse(text, strict=False)
            found += [record["name"] for record in records if "name" in record]
    return found
