"""The sweep of this host: a thread enters each namespace in turn and spawns `ip`, `bridge`, `nft` right there.

Nothing else is started: no shell, no `ip -n` with its mount namespace and new /sys, no `nsenter`. The result is the same
sections as those of a capture (:mod:`netwrap.sources.capture` lists them), and the same code reads both. Where this
Python cannot enter namespaces, or `ip` has no JSON to rely on, the probe does the sweep.

`ip netns list-id` opens every file of `/run/netns`, and asks the kernel about each: with it a sweep costs the square of the
number of namespaces. So it runs in our own namespace, and in those whose links are then still in doubt (``_Sweep._in_doubt``).
"""

from __future__ import annotations

import _socket as socket
import os
import re
import threading
import time

from parsers.lex import lazy
from parsers.tuples import NamedTuple

from .. import shell
from ..model.section import Section
from . import capture, census, netlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .capture import Progress

#: The number of namespaces that are read at the same time.
WORKERS = 2
#: The tables of a batch of `ip`, and the lines that ask for them.
_LINES = {
    "ip_link": ("link show",),
    "ip_address": ("address show",),
    "ip_route": ("route show table all root 0.0.0.0/0", "route show table all root ::/0"),
    "ip_neigh": ("neigh show nud all", "neigh show proxy"),
    "ip_rule": ("rule show",),
    "netconf": ("netconf show",),
    "nexthops": ("nexthop show",),
}
_BRIDGE_LINES = ("link show", "fdb show", "vlan show")
#: The tables that `--quick` reads, and all tables.
QUICK = (*_LINES, "ip_rule6", "ip_netns", "bridge")
TABLES = (*QUICK, "firewall", "sockets", "sysctl")
#: The filters of all links that have a qdisc for them; `tc` shows them of one link and one direction at a time.
_TC_FILTERS = r"""set -f; tc qdisc show | sed -n 's/^qdisc \(clsact\|ingress\) .* dev \([^ ]*\) .*/\2/p' | while read -r dev; do
    for way in ingress egress; do tc filter show dev "$dev" $way 2>/dev/null | sed "s|^|$dev $way: |"; done
done"""
# Messages of `nft` where the kernel has no nf_tables.
_NO_FIREWALL = lazy(r"not supported|Protocol not available", 0)
_PAIRS = ("veth", "netkit", "vxcan")

# Settings of a link, and their positions in the kernel's lists (:func:`netlink.settings`).
_IPV4 = {
    "accept_local": 22, "arp_announce": 17, "arp_filter": 12, "arp_ignore": 18, "forwarding": 0, "promote_secondaries": 19,
    "route_localnet": 25, "rp_filter": 7, "src_valid_mark": 23,
}  # fmt: skip
_IPV6 = {"accept_ra": 3, "disable_ipv6": 26, "forwarding": 0}
_SINGLE = (
    "bridge/bridge-nf-call-arptables", "bridge/bridge-nf-call-ip6tables", "bridge/bridge-nf-call-iptables",
    "ipv4/fib_multipath_hash_policy", "ipv4/icmp_echo_ignore_all", "ipv4/ip_forward", "ipv4/raw_l3mdev_accept",
    "ipv4/tcp_l3mdev_accept", "ipv4/udp_l3mdev_accept", "ipv6/fib_multipath_hash_policy",
    "ipv6/icmp/echo_ignore_all", "netfilter/nf_conntrack_count", "netfilter/nf_conntrack_max",
)  # fmt: skip
_OF_THE_HOST = tuple(f"{family}/neigh/default/gc_thresh{number}" for family in ("ipv4", "ipv6") for number in (1, 2, 3))


class Unable(Exception):
    """This host cannot be swept from here: the probe has to do it."""


class Question(NamedTuple):
    """A command to run in every namespace: its words, their spelling in its section, and its input."""

    argv: list[str]
    command: str
    stdin: str | None = None


def sections(
    tables: Sequence[str] = TABLES,
    *,
    commands: Sequence[Sequence[str]] | None = None,
    netns: Callable[[list[Section]], Sequence[str]] | None = None,
    timeout: float = capture.TIMEOUT,
    progress: Progress | None = None,
) -> tuple[list[Section], list[str]]:
    """The sections of this host as it is now, and problems: messages about anything lost.

    ``tables``: which of TABLES; ``commands`` asks for these commands instead (``[["ip", "link"]]``, with `-j` where the binary
    has it); ``netns`` is given the sections ``namespaces`` and ``containers`` and returns the keys of those to read, which by
    default are all; ``timeout`` is the seconds that one namespace may take; ``progress`` is called with the number of namespaces
    read and the number there are. Raises Unable.
    """
    return _Sweep(tables, commands, timeout).run(netns, progress)


class _Sweep:
    def __init__(self, tables: Sequence[str], commands: Sequence[Sequence[str]] | None, timeout: float) -> None:
        self.timeout = timeout
        self.tables = () if commands is not None else tuple(tables)
        self.asker = shell.Asker()
        self.versions = _versions(self.asker)
        self.questions = self._questions() if commands is None else [_as_asked(words) for words in commands]
        try:
            self.census = census.take()
        except OSError as error:
            raise Unable(f"/proc: {error.strerror or error}") from None
        self.found: dict[str, list[Section]] = {}
        self.said: list[str] = []  # messages about lost data
        self.notes: list[str] = list(self.census.notes) if "ip_netns" in self.tables or commands is not None else []
        self.gone: set[str] = set()
        self.rules6: dict[bytes, Section] = {}  # what `ip -6 rule` printed, by what the kernel says
        self.no_rules: Section | None = None  # what `nft` printed where there is no table
        self.nft = "firewall" in self.tables and shell.find("nft") is not None
        self.iptables = "firewall" in self.tables and not self.nft
        self.ebtables = "\nebtable_" in _content("/proc/modules") and shell.find("ebtables-legacy-save") is not None
        self.sockets = "sockets" in self.tables and shell.find("ss") is not None
        self.wireguard = "sockets" in self.tables and os.path.isdir("/sys/module/wireguard") and shell.find("wg") is not None
        self.bridge = "bridge" in self.tables and shell.find("bridge") is not None

    def run(
        self, netns: Callable[[list[Section]], Sequence[str]] | None, progress: Progress | None
    ) -> tuple[list[Section], list[str]]:
        ways = self.census.ways
        own = self.census.own
        wanted = [key for key in ways if key != own]
        if netns is not None:
            chosen = set(netns(self._names()))
            wanted = [key for key in wanted if key in chosen]
        else:
            chosen = {own, *wanted}
        with shell.cleaning_up():
            # Our own first: its answers tell what the binaries can do, and which questions are useless in the others.
            if own in chosen:
                self._each([own], self._everything, None)
            self._each(wanted, self._everything, progress)
            if "ip_netns" in self.tables and not self.census.waits:
                self._each([key for key in self._in_doubt(chosen) if key not in self.gone], self._nsids, None)
        wide = [
            Section("", "date", time.strftime("%s %z"), "", 0),
            Section("", "hostname", os.uname().nodename, "", 0),
            Section("", "versions", self.versions, "", 0),
            *self._names(),
        ]
        there = [section for key in (own, *wanted) for section in self.found.get(key, ())]
        return capture.joined([*wide, *there, Section("", "notes", "\n".join(self.notes), "", 0)]), self.said

    def _names(self) -> list[Section]:
        lines = self.census.namespaces.split("\n")
        there = "".join(line + "\n" for line in lines if line and line.partition("\t")[0] not in self.gone)
        found = [Section("", "namespaces", there, "", 0)]
        return found + [Section("", "containers", self.census.containers, "", 0)] if self.census.containers else found

    # -- the threads ---------------------------------------------------------------------------------------------------

    def _each(self, keys: Sequence[str], ask: Callable[[str, str, _Worker], None], progress: Progress | None) -> None:
        left = list(reversed(keys))
        workers = [_Worker(self, left, ask) for _ in range(min(WORKERS, len(left)))]
        try:
            for worker in workers:
                worker.start()
            for worker in workers:
                while not worker.over.wait(0.25):
                    if progress is not None:
                        progress(len(keys) - len(left), len(keys))
        except BaseException:
            left.clear()
            for worker in workers:
                worker.stop()
            for worker in workers:
                if worker.ident is not None:
                    worker.over.wait()
            raise
        for worker in workers:
            if worker.failure is not None:
                raise worker.failure

    # -- in one namespace ----------------------------------------------------------------------------------------------

    def _everything(self, key: str, way: str, worker: _Worker) -> None:
        for question in self.questions:
            if not self._ask(key, way, worker, question):
                return
        if self.tables:
            self._more(key, way, worker)

    def _more(self, key: str, way: str, worker: _Worker) -> None:
        if "ip_rule6" in self.tables and not self._rules6(key, way, worker):
            return
        links = next((it.stdout for it in self.found[key] if it.command.endswith("link show")), "")
        if self.bridge and ('"bridge"' in links or '"vxlan"' in links):
            given = "\n".join(_BRIDGE_LINES) + "\n"
            called = "batch bridge -j: " + "; ".join(_BRIDGE_LINES)
            if not self._ask(key, way, worker, Question(["bridge", "-j", "-force", "-batch", "-"], called, given)):
                return
        if self.nft and not self._firewall(key, way, worker):
            return
        shown = self.found[key][-1].stdout if self.nft else ""
        if self.iptables or self.nft and ('"xt"' in shown or _has_tables()):
            self._iptables(key, way, worker)
        if '"hook": "ingress"' in shown or '"hook": "egress"' in shown:
            # the JSON of nft before 1.0.7 does not contain the devices of chains
            if not self._ask(key, way, worker, Question(["nft", "list", "ruleset"], "nft list ruleset")):
                return
        if "firewall" in self.tables and netlink.has_filtered_links():
            self._ask(key, way, worker, Question(["sh", "-c", _TC_FILTERS], "tc filter show"))
        if "firewall" in self.tables and self.ebtables:
            self._ask(key, way, worker, Question(["ebtables-legacy-save"], "ebtables-legacy-save"))
        if self.wireguard and not self._ask(key, way, worker, Question(["wg", "show"], "wg show")):
            return
        if self.sockets and (self.wireguard or key in self.census.inhabited):
            self._ask(key, way, worker, Question(["ss", "-H", "-lntup"], "ss -H -lntup"))
        if "sysctl" in self.tables:
            settings = _sysctls(key == self.census.own)
            if settings:
                self.found[key].append(Section(key, "sysctl -a", settings, "", 0))
            self.found[key] += _resolver(key, way)

    def _rules6(self, key: str, way: str, worker: _Worker) -> bool:
        """Ask `ip -6 rule`, in a process of its own as a line of a batch can have no option, unless its answer is known."""
        kernel = netlink.rules6()
        known = self.rules6.get(kernel) if kernel is not None else None
        if known is not None:
            self.found[key].append(known._replace(netns=key))
            return True
        going_on = self._ask(
            key, way, worker, Question(["ip", "-6", "-j", "-d", "-s", "rule", "show"], "ip -6 -j -d -s rule show")
        )
        last = self.found[key][-1]
        if kernel is not None and last.status == 0 and not last.stderr and netlink.rules6() == kernel:
            self.rules6[kernel] = last
        return going_on

    def _firewall(self, key: str, way: str, worker: _Worker) -> bool:
        empty = not netlink.has_nftables()
        if empty and self.no_rules is not None:
            self.found[key].append(self.no_rules._replace(netns=key))
            return True
        going_on = self._ask(key, way, worker, Question(["nft", "-j", "list", "ruleset"], "nft -j list ruleset"))
        last = self.found[key][-1]
        if key == self.census.own and last.status and _NO_FIREWALL.search(last.stderr):
            self.nft = False  # the kernel has no nf_tables, in any namespace
        if empty and last.status == 0 and not last.stderr and not netlink.has_nftables():
            self.no_rules = last
        return going_on

    def _iptables(self, key: str, way: str, worker: _Worker) -> None:
        """Ask `iptables-save` where nft shows rules made by iptables, and its legacy form where that has tables."""
        kinds = ["iptables-save", "ip6tables-save"] if self.iptables or '"xt"' in self.found[key][-1].stdout else []
        kinds += ["iptables-legacy-save", "ip6tables-legacy-save"] if self.nft and _has_tables() else []
        for name in kinds:
            if shell.find(name) is not None and not self._ask(key, way, worker, Question([name], name)):
                return

    def _nsids(self, key: str, way: str, worker: _Worker) -> None:
        """`ip netns list-id`; `ip netns list` too where links show nsids that are not in it: some kernels end it after 4 KiB."""
        if self._ask(key, way, worker, Question(["ip", "-j", "-d", "-s", "netns", "list-id"], "ip -j -d -s netns list-id")):
            shown = {nsid for _index, _partner, nsid, _pair in _ends(_rows(self.found[key], "link show"))}
            if not shown <= self._names_of_nsids(key).keys():
                self._ask(key, way, worker, Question(["ip", "-j", "-d", "-s", "netns", "list"], "ip -j -d -s netns list"))

    def _names_of_nsids(self, key: str) -> dict[Any, Any]:
        """The names that a namespace gives to its nsids; None if an nsid has no name."""
        found = self.found.get(key, ())
        names = {row.get("nsid"): row.get("name") for row in _rows(found, "netns list-id")}
        return {**names, **{row["id"]: row.get("name") for row in _rows(found, "netns list") if "id" in row}}

    def _ask(self, key: str, way: str, worker: _Worker, question: Question) -> bool:
        """Ask one question and keep its sections; return whether time is left for another."""
        if worker.stopped:
            return False
        began = time.monotonic()
        shown = way if key != self.census.own else ""
        given = self.asker.ask(
            question.argv, timeout=max(worker.left, 0.01), stdin=question.stdin, netns=shown, started=worker.started
        )
        worker.left -= time.monotonic() - began
        whole = Section(key, question.command, given.stdout, given.stderr, given.status)
        found = self.found.setdefault(key, [])
        if whole.status == 124 and "netwrap: no end after" in whole.stderr:
            called = question.command.partition(":")[0]
            self.said.append(f"{called!r} of namespace {key} took too long: killed, what it had printed until then is kept, and "
                             "the rest of this namespace is left out")  # fmt: skip
            found += capture.parts(whole, self.said)
            return False
        found += capture.parts(whole, self.said)
        return True

    # -- the questions -------------------------------------------------------------------------------------------------

    def _questions(self) -> list[Question]:
        lines = [line for table, lines in _LINES.items() if table in self.tables for line in lines]
        found = []
        if lines:
            called = "batch ip -j -d -s: " + "; ".join(lines)
            found.append(Question(["ip", "-j", "-d", "-s", "-force", "-batch", "-"], called, "\n".join(lines) + "\n"))
        return found

    def _in_doubt(self, chosen: set[str]) -> list[str]:
        """The namespaces to ask for the names of their nsids: our own, and those whose ends it does not settle.

        An end is settled where a link of the own namespace shows its index, and leads by an nsid either to the name of this
        namespace, or to one without a name while no other namespace without one has an end of these indexes.
        """
        own = self.census.own
        if own in chosen:
            self._each([own], self._nsids, None)
        names: dict[str, set[str]] = {}
        for line in self.census.namespaces.split("\n"):
            key, _, rest = line.partition("\t")
            if rest.startswith("name\t"):
                names.setdefault(key, set()).add(rest[len("name\t") :])
        ids = self._names_of_nsids(own)
        ends = {key: _ends(_rows(found, "link show")) for key, found in self.found.items()}
        mirrors: dict[tuple[Any, Any], list[str | None]] = {}
        for index, partner, nsid, _pair in ends.get(own, ()):
            mirrors.setdefault((partner, index), []).append(ids.get(nsid))
        unnamed: dict[tuple[Any, Any], int] = {}
        for key, there in ends.items():
            for end in there if key not in names else ():
                unnamed[end[:2]] = unnamed.get(end[:2], 0) + 1

        def settled(key: str, end: tuple[Any, Any, Any, bool]) -> bool:
            seen = mirrors.get(end[:2], [])
            if not end[3]:
                return False
            if key in names:
                return any(name is not None and census.escaped(name) in names[key] for name in seen)
            return seen == [None] and unnamed[end[:2]] == 1

        return [key for key, there in ends.items() if key != own and not all(settled(key, end) for end in there)]


class _Worker(threading.Thread):
    """A thread that enters one namespace after the other; it never returns to our own, and ends."""

    def __init__(self, sweep: _Sweep, left: list[str], ask: Callable[[str, str, _Worker], None]) -> None:
        super().__init__(daemon=True)
        self._sweep, self._todo, self._ask = sweep, left, ask
        self._pid, self.stopped = 0, False
        self._refused = ""  # why the current namespace cannot be entered
        self.over = threading.Event()  # `join` takes a thread for ended where a signal handler raises in it
        self.left = 0.0  # the time limit of the current namespace, in seconds
        self.failure: BaseException | None = None

    def started(self, pid: int) -> None:
        self._pid = pid
        if pid and self.stopped:
            shell.kill(pid)

    def stop(self) -> None:
        self.stopped = True
        if self._pid:
            shell.kill(self._pid)

    def run(self) -> None:
        try:
            while not self.stopped:
                try:
                    key = self._todo.pop()
                except IndexError:
                    return
                self._read(key)
        except BaseException as failure:
            self.failure = failure
            self._todo.clear()
        finally:
            self.over.set()

    def _read(self, key: str) -> None:
        sweep = self._sweep
        ways = sweep.census.ways[key]
        self._refused = ""
        if key == sweep.census.own and key not in sweep.found:
            self._try_to_enter(ways[0])
        for way in ways:
            if self._enter(key, way):
                self.left = sweep.timeout
                self._ask(key, way, self)
                return
        if self._refused:
            sweep.said.append(self._refused)
            return
        sweep.gone.add(key)
        sweep.notes.append(f"namespace {key} ({census.escaped(ways[0]) if ways else '?'}) vanished before it was read")

    def _try_to_enter(self, way: str) -> None:
        try:
            file = os.open(way, os.O_RDONLY | os.O_CLOEXEC)
            try:
                shell.enter(file)
            finally:
                os.close(file)
        except OSError as error:
            raise Unable(f"cannot enter namespaces: {error.strerror or error}") from None

    def _enter(self, key: str, way: str) -> bool:
        """Enter the namespace by one path, if it still leads there: names and process numbers get reused."""
        try:
            file = os.open(way, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            self._refuse(key, way, error)
            return False
        try:
            if str(os.fstat(file).st_ino) != key:
                return False
            shell.enter(file)
        except OSError as error:
            self._refuse(key, way, error)
            return False
        finally:
            os.close(file)
        return True

    def _refuse(self, key: str, way: str, error: OSError) -> None:
        """Remember why a namespace cannot be entered, unless the way to it has vanished."""
        if not isinstance(error, (FileNotFoundError, ProcessLookupError)):
            help = "; root may" if isinstance(error, PermissionError) and os.geteuid() != 0 else ""
            self._refused = f"namespace {key} ({census.escaped(way)}): cannot be entered: {error.strerror or error}{help}"


# -- tables read without a command --------------------------------------------------------------------------------------


def _has_tables() -> bool:
    """Whether the namespace of the calling thread has tables of the old iptables."""
    return bool(_content("/proc/thread-self/net/ip_tables_names") or _content("/proc/thread-self/net/ip6_tables_names"))


def _content(path: str, folder: int | None = None) -> str:
    """The content of a file, ``""`` if it cannot be read; ``folder``: the descriptor of the folder where the path begins."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return ""
    try:
        return os.read(file, 1 << 16).decode("utf-8", "surrogateescape")
    except OSError:
        return ""
    finally:
        os.close(file)


def _sysctls(own: bool) -> str:
    """Settings of the namespace of the calling thread, as lines of `sysctl -a`; in the host's own, also those of the host.

    Those of links come in one answer of the kernel. Where there is none, each is a file; each folder is opened once then: the
    kernel keeps the ``conf`` of all namespaces under one name, and compares them one by one.
    """
    single = (*_SINGLE, *(_OF_THE_HOST if own else ()))
    lines = [_setting(path, _content(f"/proc/sys/net/{path}")) for path in single]
    links = netlink.settings()
    for family, number, positions in (("ipv4", socket.AF_INET, _IPV4), ("ipv6", socket.AF_INET6, _IPV6)):
        try:
            folder = os.open(f"/proc/sys/net/{family}/conf", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            for link in os.listdir(folder) if links is None else ("all",):
                for name in positions if link != "default" else ():
                    lines.append(_setting(f"{family}/conf/{link}/{name}", _content(f"{link}/{name}", folder)))
        finally:
            os.close(folder)
        for link, families in (links or {}).items():
            values = families.get(number, ())
            front = f"net.{family}.conf.{link.translate(_SWAPPED)}."
            lines += [f"{front}{name} = {values[at]}\n" for name, at in positions.items() if at < len(values)]
    return "".join(sorted(lines))


def _setting(path: str, value: str) -> str:
    value = value.strip()
    return f"net.{path.translate(_SWAPPED)} = {value}\n" if value else ""


_SWAPPED = str.maketrans("/.", "./")


def _resolver(key: str, way: str) -> list[Section]:
    """The file that `ip netns exec` gives to programs in a named namespace as their /etc/resolv.conf."""
    if os.path.dirname(way) not in census.NAMED:
        return []
    path = f"/etc/netns/{os.path.basename(way)}/resolv.conf"
    return [Section(key, f"cat {path}", _content(path), "", 0)] if os.path.isfile(path) else []


# -- the binaries and their releases ---------------------------------------------------------------------------------


def _versions(asker: shell.Asker) -> str:
    """The lines of the section ``versions``. Raises Unable for an `ip` whose JSON cannot be relied on."""
    if shell.find("ip") is None or shell.is_busybox("ip"):
        raise Unable("there is no iproute2")
    ip = asker.ask(["ip", "-V"], timeout=10).stdout.partition("\n")[0]
    number = re.search(r"iproute2-(?:v?(\d+)\.(\d+)|ss(\d{6}))", ip, re.A)
    # Before 5.5 (ss191125) the JSON of routes may be none.
    if number is None or (int(number[3]) < 191125 if number[3] else (int(number[1]), int(number[2])) < (5, 5)):
        raise Unable("this ip has no JSON that can be relied on")
    uname = os.uname()
    kernel = f"{uname.sysname} {uname.release} {uname.machine}"
    return f"kernel: {kernel}\nip: {ip}\nform: json\nentered by: setns"


def _as_asked(words: Sequence[str]) -> Question:
    """A user's command, with `-j` if the binary prints JSON."""
    argv = list(words)
    if os.path.basename(argv[0]) in ("ip", "bridge") and not any(word in ("-j", "-json", "--json") for word in argv):
        argv.insert(1, "-j")
    return Question(argv, " ".join(argv))


# -- the other ends of links -----------------------------------------------------------------------------------------


def _rows(found: Sequence[Section], end: str) -> list[dict[str, Any]]:
    from parsers.jsontext import document

    for section in found:
        if section.command.endswith(end) and section.stdout.startswith("["):
            try:
                return [row for row in document(section.stdout) if isinstance(row, dict)]
            except (ValueError, RecursionError):
                return []
    return []


def _ends(links: list[dict[str, Any]]) -> list[tuple[Any, Any, Any, bool]]:
    """The links that lead to another namespace: their index, the other end's, the nsid, and whether they are one of a pair."""
    found = []
    for link in links:
        if "link_netnsid" in link:
            index = link.get("ifindex")
            kind = link.get("linkinfo", {}).get("info_kind")
            found.append((index, link.get("link_index", index), link["link_netnsid"], kind in _PAIRS))
    return found
