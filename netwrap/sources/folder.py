"""Assign the files of a folder or an archive to commands, namespaces and hosts.

Files are named after commands: ``ip -d link.txt``, ``ip_-d_link``, ``ip_route_show_table_all.out``. The name
``ip_netns_exec_red_arp_-n`` contains the namespace, too. Otherwise a namespace is a folder below `namespaces` or `netns`, or a
folder whose name the output of `ip netns` beside it lists. Any other folder with tables is a host of its own.

In an sos report, `sos_commands/networking/ip_-d_address` belongs to the root namespace. The files of other namespaces are
`namespaces/red/ip_netns_exec_red_ip_-d_address_show` (sos 4.2 and newer) or `ip_netns_exec_red_ip_address_show` in the same
folder (older). sos writes an underscore for each character that is not a letter, digit, dash or dot.
"""

from __future__ import annotations

import importlib
import json
import re
from typing import TYPE_CHECKING, NamedTuple

import parsers
from parsers.lex import is_json

from ..commands.line import executes, understand
from ..model.build import HOST_WIDE
from ..model.failures import is_said
from ..model.section import Section
from . import archive, bundles, capture, cleaned, foreign, headed, plotnetcfg, session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .archive import Text

# `ip_netns_exec_red_ip_route_show_table_all`
_EXEC = re.compile(r"(?:\d+_)?ip[ _]netns[ _]exec[ _](.+)$", re.DOTALL)
_BEHIND = re.compile(
    r"(?:^|(?<=[ _]))(?:ip|bridge|arp|route|netstat|ip6?tables(?:-save)?|nft|ss|sysctl|ifconfig|brctl|wg)(?=[ _]|$)", re.ASCII
)
# The first letters of a file named after a command: all others need no closer look, and a folder may have 100,000 of them.
_PERHAPS = re.compile(
    r"(?:[\W\d_]|sudo)*(?:ip|bridge|arp|route|netstat|nft|ss|sysctl|ifconfig|brctl|wg|cat|rule|link|addr|neigh|netns|nat\.)",
    re.IGNORECASE | re.ASCII,
)
# Folders that tools make: their names are neither hosts nor namespaces.
_STRUCTURE = frozenset(
    "networking network networks systeminfo cmd diagnostics dump proc sys linux sos_commands sos_strings sos_reports "
    "insights_commands mayday_commands firewall_tables host namespaces netns self net root default main init "
    "[root] live_response commands command-outputs output text".split()
)
_ROOTS = ("root", "host", "default", "main", "init")
_SOS = "sos_commands/"
_SOS_FOLDERS = ("networking/", "firewall_tables/", "kernel/sysctl", "host/hostname", "date/")
_PROC = re.compile(r"(?:^|/)proc/(?:(?:self|\d+)/)?net/(arp|route|ipv6_route|dev|if_inet6|fib_trie|tcp6?|udp6?|raw6?)$", re.ASCII)
# Files that may hold the output of many commands, below headings.
_MANY = re.compile(
    r"(?:network|worlddump|data|wireless|libnetwork|docker|support|tech|show|report|netns_|info|summary|pvereport|[\w.-]*\.crash$|.*\.netwrap)",
    re.IGNORECASE,
)
_TEXTS = re.compile(r"(?:^[^.]*|\.(?:txt|text|out|log|md|crash|cap|capture|netwrap(?:\.(?:gz|xz|bz2|zst))?))$", re.IGNORECASE)
#: The most files to look into whose names do not tell a command.
LOOKED_INTO = 500
# The most characters to read of a file that may be a session, and of one that may be a table.
_PASTED = 1 << 20
_TRIED = 1 << 16


class Held(NamedTuple):
    """The namespace ("" is the root) and the command whose output a file contains."""

    netns: str
    command: str


class Place(NamedTuple):
    """The owner of a file: the folder of its host, and the folder that may be a namespace ("": the root)."""

    host: str
    netns: str


class _Names:
    """The known namespaces of a folder, to find their names in the mangled names of its files."""

    def __init__(self, names: Iterable[str], folders: Iterable[str] = ()) -> None:
        self.known = {name: name for name in names}
        for name in list(self.known):
            self.known.setdefault(_mangled(name), name)
        for name in list(self.known):
            for front in ("netns", "ns", "namespace"):  # a folder `netns-red`
                for dash in "-_.":
                    self.known.setdefault(f"{front}{dash}{name}", self.known[name])
        for name in folders:  # a folder `ns_x` is the namespace `ns@x` where that one is listed
            self.known.setdefault(name, name)

    def split(self, rest: str) -> tuple[str, str] | None:
        """Split ``red_ip_route`` into namespace and command; of several known names, take the longest."""
        for found in reversed(list(_BEHIND.finditer(rest[:1000]))):
            name = rest[: found.start()].rstrip("_ ")
            if name in self.known and bundles.words_of(rest[found.start() :]):
                return self.known[name], rest[found.start() :]
        return None


def held(path: str, names: Iterable[str] | _Names = ()) -> Held | None:
    """The namespace and command of the file at a relative path, by its name alone; ``names`` are known namespaces.

    >>> held("namespaces/a_b/ip_netns_exec_a_b_ip_-d_address_show")
    Held(netns='a_b', command='ip -d address show')
    >>> held("ip_netns_exec_red_ip_rule_list"), held("netns/red/arp -n.txt"), held("ip_addr")
    (Held(netns='red', command='ip rule list'), Held(netns='red', command='arp -n'), Held(netns='', command='ip addr'))
    """
    name = path.rpartition("/")[2]
    if not names and _PERHAPS.match(name) is None and "proc/" not in path:
        return None
    known = names if isinstance(names, _Names) else _Names(names)
    netns = _place(path).netns
    commands = _commands(path, name)
    executed = _EXEC.match(bundles.stem(name))
    if executed is not None:
        found = _Names([netns]).split(executed[1]) if netns else None
        found = found or known.split(executed[1]) or _first(executed[1])
        if found is None:
            return None
        words = bundles.words_of(found[1])
        return Held(known.known.get(found[0], found[0]), " ".join(words)) if words else None
    if not commands:  # `red_ip_addr.txt` where `ip netns` lists red
        found = known.split(bundles.stem(name))
        return Held(found[0], " ".join(bundles.words_of(found[1]))) if found is not None else None
    plain, asic = bundles.asic(name)
    words = bundles.words_of(plain)
    named = understand(words).netns if words else None
    return Held(named or netns or asic, commands[0])


def _commands(path: str, name: str) -> list[str]:
    proc = _PROC.search(path)
    if proc is not None:
        return [f"cat /proc/net/{proc[1]}"]
    return bundles.commands_of(bundles.asic(name)[0])


def _first(rest: str) -> tuple[str, str] | None:
    """Split off an unknown namespace: it ends in front of the first word that is a wrapped command."""
    for found in _BEHIND.finditer(rest[:1000]):
        name = rest[: found.start()].rstrip("_ ")
        if name and bundles.words_of(rest[found.start() :]):
            return name, rest[found.start() :]
    return None


def _mangled(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)


def _place(path: str) -> Place:
    """The host and namespace of a file, by the names of its folders.

    A pod is a host of its own, as nothing tells on which node it ran; the namespaces above it are those of Kubernetes.

    >>> _place("support/networking/ip_addr"), _place("a/namespaces/red/ip_addr"), _place("must/nodes/n1/pods/p/ip_link")
    (Place(host='support', netns=''), Place(host='a', netns='red'), Place(host='must/nodes/n1', netns=''))
    >>> _place("namespaces/shop/pods/web-0/ip_addr"), _place("pods/default/web-0/ip_addr")
    (Place(host='namespaces/shop/pods/web-0', netns=''), Place(host='pods/default/web-0', netns=''))
    """
    parts = path.split("/")[:-1]
    if "pods" in parts[:-1] and "nodes" not in parts:
        return Place("/".join(parts), "")
    for at, part in enumerate(parts):
        if part == "nodes" and at + 1 < len(parts):
            return Place("/".join(parts[: at + 2]), "")
        if part in _STRUCTURE:
            netns = next((parts[to + 1] for to in range(at, len(parts) - 1) if parts[to] in ("namespaces", "netns")), "")
            return Place("/".join(parts[:at]), netns)
    return Place("/".join(parts), "")


class Choice:
    """Choose the files of a source to read: :meth:`peeks` by their path alone, :meth:`wanted` by their first bytes, too."""

    def __init__(self) -> None:
        self._looked = 0
        self._reports: set[str] = set()  # the folders of sos reports

    def peeks(self, path: str) -> bool:
        """Whether a file may contain the output of a known command."""
        if path.endswith("sos_reports/manifest.json") or "sos_strings/networking/" in path and path.endswith(".tailed"):
            return True
        if _SOS in path:
            report, _, inside = path.partition(_SOS)
            self._reports.add(report)
            return inside.startswith(_SOS_FOLDERS)
        folder, _, name = path.rpartition("/")
        if path.startswith("sosreport-") or any(path.startswith(report) for report in self._reports):
            return name == "hostname" or folder in ("", *(it.rstrip("/") for it in self._reports)) and _may_be_many(name)
        if _of_host(name) or held(path) is not None or bundles.labelled(name):
            return True
        return _TEXTS.search(name) is not None and (self._looked < LOOKED_INTO or _MANY.match(name) is not None)

    def wanted(self, path: str, start: bytes) -> bool:
        """Whether to read a file with these first bytes."""
        name = path.rpartition("/")[2]
        if (
            _SOS in path
            or "sos_strings/" in path
            or path.endswith("manifest.json")
            or _of_host(name)
            or held(path) is not None
            or bundles.labelled(name)
        ):
            return True
        text = archive.text_of(start)
        if (
            capture.is_capture(text)
            or headed.is_headed(text)
            or headed.is_marked(text)
            or _MANY.match(name)
            or "ip " in text
            and session.is_session(text)
        ):
            return True
        self._looked += 1
        return False


def _of_host(name: str) -> bool:
    """Whether a file contains the name of the host, or the time of the capture."""
    return name.startswith(("hostname", "date")) and bundles.stem(name) in ("hostname", "date")


def _may_be_many(name: str) -> bool:
    return _TEXTS.search(name) is not None and _MANY.match(name) is not None


class Read(NamedTuple):
    """The content of a folder: sections, notes, problems, and the paths of the files that were not understood."""

    sections: list[Section]
    notes: list[str]
    problems: list[str]
    unread: list[str]


def read(files: archive.Files) -> Read:
    """Read the files of a folder. If the folder contains several hosts, each section names its ``host``."""
    problems: list[str] = []
    texts = _with_links(files.texts, problems)
    reports = {path.partition(_SOS)[0] for path in texts if _SOS in path}
    notes: list[str] = []
    for path in [path for path in texts if reports and not _is_of_report(path, reports)]:
        text = texts.pop(path).text
        if _may_be_many(path.rpartition("/")[2]) and (capture.is_capture(text[:70_000]) or headed.is_headed(text)):
            notes.append(f"{path} was not read, as the sos report beside it counts: give that file alone")
    places = {path: _place(path) for path in texts}
    manifests = {places[path].host: _Manifest(text.text) for path, text in texts.items() if path.endswith("manifest.json")}
    names = _names(texts, places, manifests)
    found: list[Section] = []
    unread: list[str] = []
    for host, manifest in manifests.items():
        found += [Section(netns, command, "", "command not found", status=127, host=host) for netns, command in manifest.missing]
    for path in sorted(texts):
        if path.endswith("manifest.json") and "sos_reports" in path:
            continue
        if capture.is_capture(texts[path].text[:70_000]):
            captured, said = capture.read(texts[path].text)
            noted = {line for section in captured if section.command == "notes" for line in section.stdout.split("\n")}
            found += [section._replace(host=path, source=path) for section in captured]
            problems += [f"{path}: {line}" for line in said if line not in noted]
            continue
        system = foreign.system_of_text(texts[path].text) if held(path) is not None else ""
        if system:
            problems.append(f"{path}: the output of {system}, which netwrap does not read")
        sections = [] if system else _sections(path, texts[path], places[path], names, manifests)
        if sections:
            found += sections
        elif not _of_host(path.rpartition("/")[2]) or texts[path].text.strip():
            unread.append(path)
    of_labels = _labelled(texts, unread)
    labels = sorted({section.host.rpartition("/")[2] for section in of_labels})
    if len(labels) > 1:  # they may as well be the namespaces of one host, or its states
        shown = ", ".join(labels[:3]) + (", ..." if labels[3:] else "")
        notes.append(f"labels in file names are taken as hosts: {shown}")
    found += of_labels
    if all(section.command in ("hostname", "date") for section in found):
        found, told = _pasted(texts, unread)
        notes += told
    found, others = _with_tables(found)
    unread += others
    ours = {path.rpartition("/")[0] for path in texts if path not in unread}
    unread += [path for path in files.passed if path.rpartition("/")[0] in ours]
    notes += _cut(found)
    lengths = 0
    for at, section in enumerate(found):
        text, count = cleaned.undone(section)
        if count:
            found[at] = section._replace(stdout=text)
            lengths += count
    if lengths:
        found = [section._replace(stdout=cleaned.of_hosts(section)) for section in found]
        notes.append(f"{lengths} addresses of single hosts were obfuscated with a length ('sos --clean'): read without it")
    return Read(_of_hosts(found), notes, problems, sorted(unread))


def _with_tables(sections: list[Section]) -> tuple[list[Section], list[str]]:
    """The sections of the hosts of which anything was understood, and the files of all others, which only had such names.

    A folder of programs or manual pages has files named `route` and `ip-link.8.gz`, too.
    """
    commands: dict[str, list[Section]] = {}
    for section in sections:
        if section.netns or section.command not in HOST_WIDE:
            commands.setdefault(section.host, []).append(section)
    refused = {host for host, some in commands.items() if not any(map(_is_output, some))}
    left = [section for section in sections if section.host not in refused] if len(refused) < len(commands) else []
    return left, [section.source for section in sections if section.host in refused]


def _is_output(section: Section) -> bool:
    """Whether a text is what its command may print: nothing, an error message, or a table.

    A manual page has a line or two that look like rows, too, but does not begin with them.
    """
    parser = understand(section.command.split()).parser
    text = section.stdout[:_TRIED].strip("\n")
    if parser is None or not text.strip() or section.stderr or is_json(text):
        return True
    if text.lstrip().startswith("Usage: ") or is_said(text.lstrip().split("\n")[0]):
        return True
    records, errors = importlib.import_module(f"parsers.{parser}").parse(text, strict=False)
    return len(errors) <= 10 * len(records) or errors[0].line_number > 1 and bool(records)


def _labelled(texts: dict[str, Text], unread: list[str]) -> list[Section]:
    """Read files with a label in their names, ``n1_ip-a.log``; each label is a host. They are removed from ``unread``.

    Only in folders in which no other file was understood: elsewhere nothing tells whose the file is.
    """
    ours = {path.rpartition("/")[0] for path in texts if path not in unread}
    found: list[Section] = []
    for path in list(unread):
        folder, _, name = path.rpartition("/")
        for label, inner in bundles.labelled(name) if folder not in ours else ():
            text = texts[path]
            command = bundles.decided(inner, bundles.commands_of(inner), text.text) if text.text.strip() else None
            if command is not None and understand(command.split()).parser in parsers.detect(text.text[:_TRIED]):
                section = Section("", command, text.text, host=f"{folder}/{label}", source=path, part=text.part)
                found += _by_family(section) if command == "ip route show" else [section]
                unread.remove(path)
                break
    return found


def _pasted(texts: dict[str, Text], unread: list[str]) -> tuple[list[Section], list[str]]:
    """Read files that are terminal sessions: their sections, notes and problems; they are removed from ``unread``.

    Only for folders in which no file name and no heading tells a command: elsewhere a log could be mistaken for a session.
    """
    found: list[Section] = []
    told: list[str] = []
    for path in list(unread):
        for machine in session.machines(texts[path].text[:_PASTED], path) if len(unread) <= LOOKED_INTO else ():
            if machine.sections:
                host = f"{path}/{machine.name}" if machine.name else path
                found += [section._replace(host=host, source=path) for section in machine.sections]
                told += [*machine.notes, *machine.problems]
                unread[:] = [other for other in unread if other != path]
    return found, told


def _is_of_report(path: str, reports: set[str]) -> bool:
    """Whether a file of an sos report is the output of a command that sos ran, not a file that it copied."""
    if _SOS in path or path.endswith(("/hostname", "sos_reports/manifest.json")) or path == "hostname":
        return True
    return not any(path.startswith(report) for report in reports)


# A link that was unpacked on a file system without links: a file that contains nothing but the path.
_LINK = re.compile(r"(?:\.\./){1,8}[\w./-]{1,300}\.tailed$", re.ASCII)


def _with_links(texts: dict[str, Text], problems: list[str]) -> dict[str, Text]:
    """The texts without files that are only targets of links, such as `sos_strings/networking/ip_addr.tailed`.

    Adds a problem for a link whose target is not there.
    """
    found: dict[str, Text] = {}
    for path, text in texts.items():
        if "sos_strings/" in path and path.endswith(".tailed"):
            continue
        if len(text.text) < 400 and _LINK.match(text.text.strip()):
            target = archive.tidy(f"{path.rpartition('/')[0]}/{text.text.strip()}")
            if target not in texts:
                problems.append(f"{path}: a link to {target}, which is not there")
                continue
            text = texts[target]._replace(target=target)
        found[path] = text
    return found


def _names(texts: dict[str, Text], places: dict[str, Place], manifests: dict[str, _Manifest]) -> dict[str, _Names]:
    """The namespaces that `ip netns` lists or a manifest names, by host."""
    from parsers import ip_netns

    listed: dict[str, list[str]] = {host: manifest.namespaces() for host, manifest in manifests.items()}
    folders: dict[str, list[str]] = {}
    for path, text in texts.items():
        name = path.rpartition("/")[2]
        known = listed.setdefault(places[path].host, [])
        if places[path].netns:
            folders.setdefault(places[path].host, []).append(places[path].netns)
        if held(path) in (Held("", "ip netns"), Held("", "ip netns list"), Held("", "ip netns show")):
            records, _ = ip_netns.parse(text.text, strict=False)
            known += [record["name"] for record in records if "name" in record]
        elif _MANY.match(name) and "ip netns" in text.text[: 1 << 20]:
            for piece in headed.pieces(text.text):
                if piece.command in ("ip netns", "ip netns list", "ip netns show"):
                    records, _ = ip_netns.parse(piece.text, strict=False)
                    known += [record["name"] for record in records if "name" in record]
    return {host: _Names(known, folders.get(host, ())) for host, known in listed.items()}


def _sections(path: str, text: Text, place: Place, names: dict[str, _Names], manifests: dict[str, _Manifest]) -> list[Section]:
    """The sections of one file; none if the file was not understood."""
    name = path.rpartition("/")[2]
    host, netns = place
    if netns:
        netns = names[host].known.get(netns, netns)
    else:
        above, _, last = host.rpartition("/")
        if last in names.get(above, _Names(())).known:  # a folder that `ip netns` lists beside it
            host, netns = above, names[above].known[last]
        elif last in _ROOTS:
            host = above
    stem = bundles.stem(name)
    if stem in ("hostname", "date") and (_SOS not in path or not netns):
        said = _plain(text.text)
        return [Section("", stem, said, host=host, source=path)] if len(said) < 300 and "\n" not in said else []
    if plotnetcfg.is_drawing(text.text):
        return plotnetcfg.sections(text.text, host, path)
    part = _CUT_BY_SOS if text.target.endswith(".tailed") else text.part
    told = manifests[host].commands.get(path.partition(_SOS)[2]) if _SOS in path and host in manifests else None
    if told is not None:
        part = part or (_CUT_BY_SOS if told.cut else "sos ended it: it took too long" if told.status == 124 else "")
    holds = held(path, names.get(host, ()))
    if told is not None and told.held is not None and (holds is None or told.held.netns != holds.netns):
        holds = told.held if holds is None else holds._replace(netns=told.held.netns)
    if holds is None:
        strict = headed.is_headed(text.text)
        loose = not strict and headed.is_marked(text.text)
        pieces = headed.pieces(text.text, loose=loose) if strict or loose or _MANY.match(name) else []
        return [
            Section(
                piece.netns or netns, piece.command, piece.text, host=host, source=path, line=piece.line, part=part or piece.part
            )
            for piece in pieces
        ]
    content, line = text.text, 1
    if content.startswith(("# ", "> ", "\n#")) and "```" in content[:400]:
        pieces = headed.pieces(content)
        if pieces:
            content, line = pieces[0].text, pieces[0].line
        elif "```" in content:
            content, line = _plain(content), 1
    if content.startswith("> Error while running "):
        content = f"ERROR: {content[2:]}"
    if told is not None and told.status != 0 and not content.strip():
        said = part or f"exit status {told.status}"
        return [Section(holds.netns or netns, holds.command, "", said, status=1, host=host, source=path)]
    candidates = _commands(path, name)
    command = holds.command
    if candidates and not _EXEC.match(stem):
        decided = bundles.decided(bundles.asic(name)[0], candidates, content)
        if decided is None:
            return []
        command = decided
    section = Section(holds.netns or netns, command, content, host=host, source=path, line=line, part=part)
    return _by_family(section) if command == "ip route show" else [section]


def _plain(text: str) -> str:
    """A text without the fence and the heading of Markdown around it.

    >>> _plain("# hostname\\n\\n```\\nvm\\n\\n```\\n")
    'vm'
    """
    return "\n".join(line for line in text.split("\n") if not line.startswith(("```", "# "))).strip("\n")


_ONLY_IPV6 = re.compile(r"^(?:\w+ )?(?:[0-9a-f]*:[0-9a-f:.]*|default via [0-9a-f]*:\S*)(?:/\d+)? ", re.MULTILINE)
_ONLY_IPV4 = re.compile(r"^(?:\w+ )?(?:\d+\.\d+\.\d+\.\d+|default via \d+\.\S*)(?:/\d+)? ", re.MULTILINE)


def _by_family(section: Section) -> list[Section]:
    """Split routes by family, if the name of their file tells none: some scripts write both families into one file."""
    if not _ONLY_IPV6.search(section.stdout):
        return [section]
    if not _ONLY_IPV4.search(section.stdout):
        return [section._replace(command="ip -6 route show")]
    four: list[str] = []
    six: list[str] = []
    ours = four
    for line in section.stdout.split("\n"):
        if line[:1] not in ("", " ", "\t"):
            ours = six if ":" in line.partition(" dev ")[0] or " pref " in line else four
        for lines in (four, six):
            lines.append(line if lines is ours else "")
    return [
        section._replace(command="ip -4 route show", stdout="\n".join(four)),
        section._replace(command="ip -6 route show", stdout="\n".join(six)),
    ]  # fmt: skip


_CUT_BY_SOS = "cut by sos: only its end was kept"


class _Told(NamedTuple):
    """The entry of a manifest for a file: its command (None: no parser reads it), the exit status, whether sos cut the output."""

    held: Held | None
    status: int
    cut: bool


class _Manifest:
    """The file `sos_reports/manifest.json` of an sos report, which contains the exact commands and names of namespaces.

    ``commands``: the entries by path below `sos_commands`; ``missing``: commands that were not installed, and so have no file.
    """

    def __init__(self, text: str) -> None:
        self.commands: dict[str, _Told] = {}
        self.missing: list[Held] = []
        try:
            plugins = list(json.loads(text)["components"]["report"]["plugins"].items())
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return
        for name, plugin in plugins:
            commands = plugin.get("commands") if isinstance(plugin, dict) else None
            for command in commands if isinstance(commands, list) else ():
                if isinstance(command, dict):
                    self._add(command, name in ("networking", "firewall_tables"))

    def _add(self, command: dict[str, Any], ours: bool) -> None:
        path, words, status = command.get("filepath"), str(command.get("exec", "")).split(), command.get("return_code")
        executed = len(words) > 4 and executes(words[:4])
        netns, words = (words[3], words[4:]) if executed else ("", words)
        shows = bool(words) and understand(words).parser is not None
        holds = Held(netns, " ".join(words)) if shows or executed else None
        if isinstance(path, str):
            inside = path.partition("sos_strings/")[2].rpartition(".tailed")[0] if path.endswith(".tailed") else ""
            status = status if isinstance(status, int) else 0
            self.commands[inside or path.rpartition(_SOS)[2]] = _Told(holds, status, command.get("truncated") is True)
        elif ours and holds is not None and status in (126, 127):
            self.missing.append(holds)

    def namespaces(self) -> list[str]:
        return [told.held.netns for told in self.commands.values() if told.held is not None and told.held.netns]


def _cut(sections: Sequence[Section]) -> list[str]:
    return [
        f"{section.command} of {section.netns or 'the host'} was {section.part}"
        for section in sections if section.part.startswith("cut by sos")
    ][:20]  # fmt: skip


def _of_hosts(sections: list[Section]) -> list[Section]:
    """Give the sections a short name for each host; an empty name if there is only one host."""
    hosts = list(dict.fromkeys(section.host for section in sections))
    if len(hosts) < 2:
        return [section._replace(host="") for section in sections]
    called = {section.host: section.stdout.strip() for section in sections if section.command == "hostname" and not section.netns}
    short: dict[str, str] = {}
    for host in hosts:
        name = called.get(host) or re.sub(r"\.(?:t[gxb]z2?|tar(?:\.\w+)?|zip|netwrap|txt)$", "", host.rpartition("/")[2]) or "top"
        short[host] = name if name not in short.values() else host or "top"
    return [section._replace(host=short[section.host]) for section in sections]
