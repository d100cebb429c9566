"""All options of netwrap in one table, all verbs in another, and the parser that reads a command line with them.

The help, the manual page and the completions are made from these two tables. A new verb is one row of :data:`VERBS` and its name
in the ``verbs`` of the options that it obeys; its module has ``run(options)``. An option that a verb does not obey is an error.

We do not use argparse: it would take a quarter of the time of ``netwrap parse arp``, and would mistake options of `ip` for ours.
"""

from __future__ import annotations

import os

from netwrap.errors import UsageError, similar
from parsers.lex import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from netwrap.tables.selection import Condition

    from ._watch import Watcher


class Verb:
    """A verb: its summary in one line, its operands, their least and most number (``most`` -1: any number), and examples."""

    def __init__(self, summary: str, operands: str, least: int, most: int, examples: tuple[str, ...]) -> None:
        self.summary = summary
        self.operands = operands
        self.least = least
        self.most = most
        self.examples = examples


class Option:
    """An option: the verbs that obey it, its help text, and how its value is read.

    ``value`` is the name of its value, "" for a flag. ``kind``: "" (the last one counts), "many" (each use adds a value),
    "names" (each use adds names, separated by commas), "sets" (a flag that stands for the first of ``words``), "number"
    (``words``: the least and the most), "choice" (one of ``words``), "optional" (the same, or no value: the
    first of ``words``), "pause" (seconds, or no value).

    ``words``: the values, or the kind of words for completion (``file``, ``netns``, ``column``). ``key``: the attribute of
    :class:`Options` that the option sets.

    The ``short`` form is read in front of a verb, and behind a verb that is not a wrapped binary. The short form of an option of
    a single verb is read only behind that verb.
    """

    def __init__(
        self, name: str, value: str, verbs: tuple[str, ...], text: str, short: str = "", kind: str = "",
        words: tuple[str, ...] = (), key: str = "",
    ) -> None:  # fmt: skip
        self.name = name
        self.value = value
        self.verbs = verbs
        self.text = text
        self.short = short
        self.kind = kind
        self.words = words
        self.key = key or name.strip("-").replace("-", "_")


#: The wrapped binaries: their arguments are passed on to them, except our options.
WRAPPED = (
    "ip", "arp", "route", "bridge", "ss", "nft", "iptables", "ip6tables", "iptables-save", "ip6tables-save", "ifconfig", "brctl",
    "sysctl", "wg",
)  # fmt: skip
PICTURES = ("text", "svg", "html", "png", "mermaid", "dot", "d2", "json")
_LAB = "a lab file, or the name of a ready-made lab"

#: Every verb, in the order of the overview; a name of two words is a subcommand (``lab up``).
VERBS: dict[str, Verb] = {
    "ip": Verb(
        "run `ip`, and print link, address, route, neigh, rule or netns as a table; anything else is passed through",
        "WORDS…", 0, -1,
        ("netwrap ip -d link --where kind=veth", "netwrap --all-netns ip address --where scope=global"),
    ),
    "arp": Verb("the ARP table (if arp is not installed, that of `ip neigh`)", "WORDS…", 0, -1,
                ("netwrap --netns red arp -n",)),
    "route": Verb("the routing table (if route is not installed, that of `ip route`)", "WORDS…", 0, -1,
                  ("netwrap route -n --format json",)),
    "bridge": Verb("link, fdb, vlan: ports, forwarding entries and VLANs of bridges", "WORDS…", 0, -1,
                   ("netwrap bridge fdb --where state=permanent --columns mac,ifname",)),
    "ss": Verb("sockets, and the processes that hold them", "WORDS…", 0, -1, ("netwrap --all-netns ss -tlnp",)),
    "nft": Verb("list ruleset, list table, list chain: rules of nftables", "WORDS…", 0, -1,
                ("netwrap --all-netns nft list ruleset --where dport=22",)),
    "iptables": Verb("-L, -S: rules of iptables", "WORDS…", 0, -1, ("netwrap iptables -t nat -nvL",)),
    "ip6tables": Verb("the same for IPv6", "WORDS…", 0, -1, ("netwrap ip6tables -nvL",)),
    "iptables-save": Verb("the rules of all tables of iptables", "WORDS…", 0, -1,
                          ("netwrap --all-netns iptables-save --where verdict=drop",)),
    "ip6tables-save": Verb("the same for IPv6", "WORDS…", 0, -1, ("netwrap ip6tables-save --format json",)),
    "ifconfig": Verb("links and addresses, as net-tools or busybox print them", "WORDS…", 0, -1,
                     ("netwrap --netns red ifconfig -a",)),
    "brctl": Verb("show, showmacs, showstp: bridges, as brctl prints them", "WORDS…", 0, -1,
                  ("netwrap brctl show --format json",)),
    "sysctl": Verb("settings of the kernel and their values", "WORDS…", 0, -1,
                   ("netwrap --all-netns sysctl net.ipv4.ip_forward",)),
    "wg": Verb("show: wireguard links and their peers, without secret keys", "WORDS…", 0, -1,
               ("netwrap --all-netns wg show",)),
    "report": Verb(
        "the namespaces of this host in one table, or all about some of them", "[NAME…]", 0, -1,
        ("netwrap report", "netwrap report red", "netwrap --via 'ssh router' report",
         "netwrap report --from host.netwrap --where 'default=' --columns netns,addresses"),
    ),
    "find": Verb(
        "every place where an address, MAC, name or number occurs, its owner first", "WHAT", 1, 1,
        ("netwrap find 10.0.0.1", "netwrap find 10.0.0.0/24 --where role=owner",
         "netwrap find 02:42:ac:11:00:02 --from host.netwrap"),
    ),
    "trace": Verb(
        "the path of a packet and its answer: where it stops, why, and the command that mends it", "[FROM TO]", 0, 2,
        ("netwrap trace red 8.8.8.8", "netwrap trace red blue --proto tcp --port 443 --from host.netwrap",
         "netwrap trace --all --format json"),
    ),
    "diff": Verb(
        "the changes since a capture, or between two captures; or the differences of two namespaces", "BEFORE [AFTER]", 1, 2,
        ("netwrap diff yesterday.netwrap", "netwrap diff before.netwrap after.netwrap --table route,link",
         "netwrap diff red blue --from host.netwrap"),
    ),
    "check": Verb(
        "faults of the network: each with the line that proves it and the command that mends it", "[NAME…]", 0, -1,
        ("netwrap check", "netwrap check --from ticket.txt --level error", "netwrap check --explain R02"),
    ),
    "sql": Verb(
        "SQL over one host or many: links, addresses, routes and more as tables; or a ready-made question",
        "[QUERY [ADDRESS]]", 0, 2,
        ("netwrap sql --tables", "netwrap sql \"select _netns, dst, gateway from route where dst = 'default'\"",
         "netwrap sql duplicate-addresses --from captures/", "netwrap sql who-routes 10.1.2.3 --from fleet.jsonl.gz"),
    ),
    "export": Verb(
        "write files with flat rows for other programs: one table for each kind of record", "[SOURCE…]", 0, -1,
        ("netwrap export captures/ -o fleet.jsonl.gz", "netwrap export captures/ --format parquet -o fleet/",
         "netwrap --via 'ssh router' export --table link,address"),
    ),
    "topology": Verb(
        "a picture of the namespaces and their connections: text, SVG, HTML, PNG, Mermaid, DOT, D2", "[NAME…]", 0, -1,
        ("netwrap topology", "netwrap topology --format html -o host.html", "netwrap topology --around red --depth 1",
         "netwrap topology --from host.netwrap --format svg -o host.svg"),
    ),
    "capture": Verb(
        "save everything about every namespace as one text, for --from; or print the script that does so elsewhere", "", 0, 0,
        ("netwrap capture -o host.netwrap", "netwrap --via-file routers --via 'ssh {}' capture -o today/",
         "netwrap capture --script > probe.sh; ssh router sh -s < probe.sh > router.txt",
         "ssh router sh -s -- --no-json --timeout 10 < probe.sh > router.txt"),
    ),
    "parse": Verb(
        "print tables from captured output: files, standard input, a pasted terminal session", "[COMMAND] [FILE…]", 0, -1,
        ("ip -d link > dump.txt; netwrap parse 'ip -d link' dump.txt", "ip route | netwrap parse --format json",
         "netwrap parse session.txt --sort dev"),
    ),
    "completion": Verb(
        "print the completion for a shell (bash, zsh, fish), or the manual page (man)", "bash|zsh|fish|man", 1, 3,
        ("source <(netwrap completion bash)", "netwrap completion man > netwrap.1; man -l netwrap.1"),
    ),
    "lab": Verb(
        "build a network of namespaces from one file, check it, take it down again", "VERB …", 1, -1,
        ("netwrap lab up bridge && netwrap lab verify bridge; netwrap lab down bridge",),
    ),
    "lab up": Verb("make the network of the file; change existing parts only if they differ from it", "FILE", 1, 1,
                   ("netwrap lab up bridge", "netwrap lab up office.toml --dry-run")),
    "lab down": Verb("remove everything that the lab made, and nothing else; also after a crash", "FILE", 1, 1,
                     ("netwrap lab down bridge",)),
    "lab status": Verb("print the differences between host and file (exit status 1 if there are any)", "FILE", 1, 1,
                       ("netwrap lab status bridge",)),
    "lab verify": Verb("ping each pair and the outside, and print the cause of a failure", "FILE", 1, 1,
                       ("netwrap lab verify bridge",)),
    "lab list": Verb("list the ready-made labs, and those that are up", "", 0, 0, ("netwrap lab list",)),
    "lab show": Verb("print a lab and its commands, without reading the host; without a file, list the labs", "[FILE]", 0, 1,
                     ("netwrap lab show outside", "netwrap lab show outside --sh > outside.sh",
                      "netwrap lab show bridge --format svg > bridge.svg")),
    "lab export": Verb("write running namespaces as a lab file", "[NAME…]", 0, -1, ("netwrap lab export red blue -o two.toml",)),
}  # fmt: skip

#: The meaning of each operand, for the help of a verb and for completion.
OPERANDS = {
    "NAME": "a namespace's name, a container, an inode, 'pid 42', or (root)",
    "FROM": "a namespace, or an address that a namespace has",
    "TO": "an address, or a namespace (its first global address)",
    "WHAT": "an address, a prefix, a MAC, a port (:22), a process or its pid, the name of an interface, namespace or container, "
    "a VLAN id, an nsid, an inode",
    "QUERY": "a SELECT, or the name of a question (netwrap sql lists them)",
    "ADDRESS": "the address that a question is about",
    "SOURCE": "a capture, a folder of captures, a pattern of files (without any: this host)",
    "COMMAND": "the command that printed the text, as typed: 'ip -d link', arp; can be left out if the text shows it",
    "BEFORE": "a capture, a folder, an sos report, a pasted session; or the name of a namespace",
    "FILE": "a file, or - for standard input (the default)",
}
LAB_OPERANDS = {"FILE": _LAB, "NAME": "a namespace (without any: all named ones)"}

TABLES = (*WRAPPED, "report", "find", "trace", "diff", "sql", "parse")
_HOSTS = (*WRAPPED, "report", "find", "topology", "diff", "sql", "export", "check")
_WATCHED = (*WRAPPED, "report", "find", "trace", "diff", "topology", "check")
_RUNS = (*_HOSTS, "trace", "capture", "lab up", "lab down", "lab status", "lab verify", "lab export")

#: Every option, under its heading in the help.
OPTIONS: dict[str, tuple[Option, ...]] = {
    "where from": (
        Option("--netns", "NAME", (*WRAPPED, "report", "find", "diff"),
               "in this namespace (repeatable); the table gets a column netns", "-n", "many", ("netns",)),
        Option("--all-netns", "", WRAPPED, "in every namespace, with or without a name", "-a"),
        Option("--named-netns", "", WRAPPED, "in the current namespace, and in every namespace that `ip netns` lists"),
        Option("--from", "PATH", (*_HOSTS, "trace"),
               "read a capture, a folder of texts, a pasted session or an sos report instead of this host", "-f", "many",
               ("file",), "source"),
        Option("--via", "COMMAND", (*_HOSTS, "trace", "capture"),
               "read another host, through a command that starts a shell there: 'ssh router', 'docker exec -i web' (repeatable)",
               "", "many"),
        Option("--via-file", "HOSTS", (*_HOSTS, "trace", "capture"),
               "a file of hosts, one per line: each name replaces the {} in --via 'ssh {}'", "", "", ("file",)),
        Option("--via-timeout", "SECONDS", (*_HOSTS, "trace", "capture"),
               "give up on a host of --via after this time (default 600)", "",
               "number", ("1", "86400")),
        Option("--at", "N", (*WRAPPED, "report", "find", "topology", "diff", "check"),
               "use the N-th run of a command that a pasted text contains several times (1 is the first)", "",
               "number", ("1", "100000")),
    ),
    "the table": (
        Option("--format", "FORMAT", tuple(verb for verb in TABLES if verb != "trace"),
               "json, jsonl, yaml, csv, tsv, md, table (the usual one), or a format of tabulate", "-o", "", ("format",)),
        Option("--format", "FORMAT", ("trace",),
               "json or jsonl; FROM TO: also a picture, svg or html; --all: also the other formats of tables: csv, md, …",
               "-o", "", ("format",)),
        Option("--json", "", TABLES, "the same as --format json", "-j", "sets", ("json",), "format"),
        Option("--pretty", "", TABLES, "print indented JSON", "-p"),
        Option("--columns", "A,B,…", TABLES, "print these columns, in this order; ? lists all", "-c", "names", ("column",)),
        Option("--where", "COND", TABLES, "only rows with NAME=VALUE; also != ~REGEX !~ < <= > >= <<PREFIX >>ADDRESS",
               "-W", "many", ("column",)),
        Option("--sort", "A,B,…", TABLES, "sort by these columns; -NAME for descending order", "-S", "names", ("column",)),
        Option("--limit", "N", TABLES, "print at most N rows", "-l", "number", ("1", "99999999999")),
        Option("--count", "", TABLES, "print only the number of rows"),
        Option("--uniq", "", TABLES, "print rows only once that are equal in all printed columns", "-u"),
        Option("--exit-status", "", TABLES, "exit with status 1 if no row is left", "-e"),
        Option("--no-header", "", TABLES, "print the rows without a header"),
        Option("--wide", "", TABLES, "do not fit the table to the width of the terminal", "-w"),
        Option("--raw", "", TABLES, "csv for programs: no apostrophe in front of cells that a spreadsheet would run (= + - @)"),
        Option("--color", "WHEN", TABLES, "print colours: auto (on a terminal), always, never", "", "optional",
               ("always", "auto", "never")),
        Option("--no-pager", "", TABLES, "do not use a pager"),
        Option("--watch", "SECONDS", _WATCHED, "repeat (default: every 2 seconds) and mark changes; "
               "in a pipe, print one line per change, with its time", "", "pause"),
        Option("--until", "COND", _WATCHED, "end --watch when a row matches: NAME=VALUE as for --where", "", "", ("column",)),
    ),
    "messages": (
        Option("--verbose", "", (*WRAPPED, "report", "find", "topology", "diff", "check", "trace", "sql", "export"),
               "with --from: list the files and lines that were not understood", "-v"),
    ),
    "running commands": (
        Option("--show-commands", "", _RUNS, "print every command before it runs"),
        Option("--dry-run", "", _RUNS, "print every command, and run none that changes anything"),
    ),
    "of this verb": (
        Option("--proto", "icmp|udp|tcp", ("trace",), "the packet's protocol (default: icmp; with a port: tcp)"),
        Option("--port", "N", ("trace",), "the destination port", "", "number", ("1", "65535")),
        Option("--sport", "N", ("trace",), "the source port", "", "number", ("1", "65535")),
        Option("--source", "ADDR", ("trace",), "the source address", key="address"),
        Option("--mark", "N", ("trace",), "the packet's mark (fwmark)"),
        Option("--size", "N", ("trace",), "the length of the packet, which is never fragmented", "", "number", ("28", "65535")),
        Option("--one-way", "", ("trace",), "trace only the packet, not its answer"),
        Option("--all", "", ("trace",), "trace every pair of namespaces, and print a table"),
        Option("--table", "A,B,…", ("diff",), "only these tables: link, address, route, rule, neigh, …", "", "names"),
        Option("--only", "ID,…", ("check",), "run only these checks; R* means all checks of an area", "", "names"),
        Option("--without", "ID,…", ("check",), "leave out these checks", "", "names"),
        Option("--level", "LEVEL", ("check",), "the least severity to print: error, warning or note (default)", "", "choice",
               ("error", "warning", "note")),
        Option("--explain", "ID", ("check",), "describe a check: the fault, its consequences, and how the check decides"),
        Option("--accept", "FILE", ("check",), "leave out the findings in FILE; if FILE is missing, write all findings to it",
               "", "", ("file",)),
        Option("--format", "FORM", ("check",), "text (default), json or jsonl", "-o", "choice", ("text", "json", "jsonl")),
        Option("--table", "A,B,…", ("export",),
               "only these tables; the table finding is written only if it is named", "", "names"),
        Option("--tables", "", ("sql",), "list the tables, their columns and types"),
        Option("--format", "FORM", ("export",), "jsonl (default), jsonl.gz, sqlite, or a folder of csv or parquet files"),
        Option("--output", "PATH", ("export",), "save the export there, completely or not at all", "-o", "", ("file",)),
        Option("--identity", "", ("diff",), "also compare values that differ each time a network is made: ifindex, MAC, fe80::"),
        Option("--all", "", ("diff",), "leave nothing out: also print counters, timers, and consequences of other changes"),
        Option("--probe", "", ("trace",), "also send one real packet, and print the answer"),
        Option("--keep-going", "", ("parse",), "print everything that can be read, and list every line that cannot"),
        Option("--output", "FILE", ("capture",), "save the capture there, completely or not at all; packed if FILE ends in .gz",
               "-o", "", ("file",)),
        Option("--format", "FORM", ("topology",), "text (default), svg, html, png, mermaid, dot, d2 or json", "", "choice",
               PICTURES),
        Option("--output", "FILE", ("topology", "lab show"), "save the picture there, in the format of the file's ending (x.svg)",
               "-o", "",
               ("file",)),
        Option("--check", "", ("topology",), "mark the namespaces for which `netwrap check` has an error or a warning"),
        Option("--output", "FILE", ("trace",), "save a picture of the path in the topology there: an .svg or .html file",
               "", "", ("file",)),
        Option("--around", "NAME", ("topology",), "draw only this namespace and its neighbours", "", "", ("netns",)),
        Option("--depth", "N", ("topology",), "with --around: the number of steps to neighbours (default 1)",
               "", "number", ("1", "99")),
        Option("--path", "FROM TO", ("topology",), "draw only the shortest paths between two namespaces",
               "", "names", ("netns",)),
        Option("--only", "KIND,…", ("topology",), "draw only links of these kinds: veth, bridge, vlan, …; physical", "", "names"),
        Option("--unfold", "", ("topology",), "draw every namespace, even if many are similar"),
        Option("--ascii", "", ("topology",), "draw with ASCII characters only"),
        Option("--output", "FILE", ("lab export",), "the file to write", "-o", "", ("file",)),
        Option("--toml", "", ("lab show",), "print the file of the lab"),
        Option("--sh", "", ("lab show",), "print only the commands, as a script that can be pasted"),
        Option("--format", "FORM", ("lab show",), "draw the lab: text, svg, html, png, mermaid, dot, d2 or json", "", "choice",
               PICTURES),
        Option("--script", "", ("capture",), "print the script that makes a capture, and do nothing else"),
        Option("--no-json", "", ("capture",), "ask `ip` for text even if it can print JSON"),
        Option("--quick", "", ("capture",), "leave out the firewall and the sockets"),
        Option("--timeout", "SECONDS", ("capture",), "kill commands that take longer in one namespace (default 20)", "", "number",
               ("1", "86400")),
    ),
}  # fmt: skip
ALL = [option for options in OPTIONS.values() for option in options]
# Pairs of options that contradict each other, or of which one would have no effect.
_APART = (
    ("--netns", "--all-netns"),
    ("--netns", "--named-netns"),
    ("--all-netns", "--named-netns"),
    ("--from", "--show-commands"),
    ("--from", "--dry-run"),
    ("--from", "--via"),
    ("--from", "--via-file"),
    ("--from", "--watch"),
    ("--count", "--watch"),
)
# Options that have an effect only together with another one.
_BESIDE = (("--via-file", "--via"), ("--via-timeout", "--via"), ("--until", "--watch"), ("--verbose", "--from"))
# Exceptions: these verbs take captures as words, too.
_THERE = (("--verbose", "diff"), ("--verbose", "export"))
_LISTED = 8  # the most verbs that an error names
_SECONDS = lazy(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")
#: Options that are obeyed before any verb.
HELP = ("-h", "--help")
VERSION = ("-V", "--version")


class Options:
    """The values of all options on a command line, and its other words."""

    def __init__(self) -> None:
        self.verb = ""
        self.words: list[str] = []
        self.given: list[Option] = []
        self.typed: list[str] = []  # the names of the given options, without those from NETWRAP_OPTIONS
        self.netns: list[str] = []
        self.all_netns = False
        self.named_netns = False
        self.source: list[str] = []
        self.via: list[str] = []
        self.via_file: str | None = None
        self.via_timeout: int | None = None
        self.at: int | None = None
        self.format: str | None = None
        self.columns: list[str] = []
        self.where: list[str] = []
        self.sort: list[str] = []
        self.conditions: list[Condition] = []  # `where`, parsed
        self.limit: int | None = None
        self.count = False
        self.uniq = False
        self.exit_status = False
        self.no_header = False
        self.pretty = False
        self.wide = False
        self.raw = False
        self.verbose = False
        self.human = ""  # "k" or "Ki": counters in thousands or in powers of 1,024, as `ip -h` and `ip -iec` print them
        self.color: str | None = None
        self.no_pager = False
        self.watch: float | None = None
        self.until: str | None = None
        self.watcher: Watcher | None = None  # the watcher of the current turn of --watch
        self.tally = [0, 0]  # the number of printed rows, and of all rows
        self.gave_way: list[str] = []  # columns left out because the terminal was too narrow
        self.show_commands = False
        self.dry_run = False
        self.keep_going = False
        self.toml = False
        self.sh = False
        self.output: str | None = None
        self.script = False
        self.no_json = False
        self.quick = False
        self.timeout: int | None = None
        self.proto: str | None = None
        self.port: int | None = None
        self.sport: int | None = None
        self.address: str | None = None
        self.mark: str | None = None
        self.size: int | None = None
        self.one_way = False
        self.all = False
        self.table: list[str] = []
        self.tables = False
        self.identity = False
        self.check = False
        self.without: list[str] = []
        self.level: str | None = None
        self.explain: str | None = None
        self.accept: str | None = None
        self.probe = False
        self.around: str | None = None
        self.depth: int | None = None
        self.path: list[str] = []
        self.only: list[str] = []
        self.unfold = False
        self.ascii = False

    def selects(self) -> bool:
        """Whether the options choose or order rows."""
        return bool(self.where or self.sort or self.columns or self.limit is not None or self.uniq)

    def of_table(self, columns: list[str], sort: list[str]) -> Options:
        """The same options, with these columns and this order: for one of several tables."""
        other = Options.__new__(Options)
        vars(other).update(vars(self))
        other.columns, other.sort = columns, sort
        return other


def of(verb: str) -> list[Option]:
    """The options that a verb obeys."""
    return [option for option in ALL if verb in option.verbs]


def names(text: str) -> list[str]:
    """The names in ``a,b``."""
    return [name.strip() for name in text.split(",") if name.strip()]


class Reader:
    """Reader of the words of a command line, which keeps the options and their values until the verb is known."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.at = 0
        self.taken: list[tuple[Option, str]] = []
        self.usual: list[tuple[Option, str]] = []  # from NETWRAP_OPTIONS: obeyed if the verb knows them and they are not typed

    def word(self) -> str | None:
        """The next word; None at the end."""
        return self.words[self.at] if self.at < len(self.words) else None

    def take(self, known: Iterable[Option], short: bool) -> bool:
        """Take the next option with its value; False if the next word is not one of the known options.

        Raises UsageError for a missing value, and for a value of an option that takes none.
        """
        word = self.words[self.at]
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        option = next((option for option in known if name == option.name or short and name == option.short), None)
        if option is None:
            return False
        self.at += 1
        if option.value and not equals:
            value = self._value(option)
        elif equals and not option.value:
            raise UsageError(f"{name} takes no value: {word}")
        self.taken.append((option, value))
        return True

    def _value(self, option: Option) -> str:
        following = self.word()
        if option.kind == "optional":
            if following not in option.words:
                before = self.words[self.at - 2 : self.at - 1]
                verbs = {"help", *(name.partition(" ")[0] for name in VERBS)}
                if following is None or following.startswith("-") or following in verbs or before and before[0] in WRAPPED:
                    return option.words[0]
                near = similar(following, option.words)
                raise UsageError(f"{option.name} takes {', '.join(option.words)}, not {following!r}{near}")
        elif option.kind == "pause":
            if following is None or not _SECONDS.fullmatch(following):
                return ""
        elif following is None or any(following == other.name for other in ALL):
            raise UsageError(f"{option.name} takes a value: {option.value}")
        self.at += 1
        return str(following)


def front(words: Sequence[str]) -> tuple[Reader, str]:
    """Read the options in front of the verb, and the verb ("" if there is none). Raises UsageError for an unknown option."""
    reader = Reader(words)
    if os.environ.get("NETWRAP_OPTIONS"):
        reader.usual = _usual(os.environ["NETWRAP_OPTIONS"])
    while (word := reader.word()) is not None and word.startswith("-"):
        if word in HELP:
            return reader, "help"
        if word in VERSION:
            return reader, "version"
        if not reader.take(_IN_FRONT, short=True) and not reader.take(ALL, short=False):
            near = similar(word, [*HELP, *VERSION, *(option.name for option in ALL)])
            raise UsageError(f"unknown option {word}{near}; see netwrap --help")
    if word is not None:
        reader.at += 1
    return reader, word or ""


# In front of the verb, `-o` means that of tables, because a verb with another `-o` is not known yet.
_IN_FRONT = [option for option in ALL if option not in OPTIONS["of this verb"]]


def _usual(text: str) -> list[tuple[Option, str]]:
    """The options in NETWRAP_OPTIONS, split as a shell does. Raises UsageError for a word that is not an option."""
    import shlex

    try:
        reader = Reader(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"NETWRAP_OPTIONS: {error}") from None
    while (word := reader.word()) is not None:
        if not reader.take(_IN_FRONT, short=True):
            raise UsageError(f"NETWRAP_OPTIONS: unknown option {word}{similar(word, [option.name for option in ALL])}")
    return reader.taken


def behind(reader: Reader, verb: str) -> Options:
    """Read the words behind a verb that is not a wrapped binary: options at any place, up to ``--``. Raises UsageError."""
    own = [name for name in VERBS if name.startswith(f"{verb} ")]
    known = [option for option in ALL if verb in option.verbs or any(name in option.verbs for name in own)]
    rest: list[str] = []
    while (word := reader.word()) is not None:
        if word == "--":
            rest += reader.words[reader.at + 1 :]
            break
        if word == "-" or not word.startswith("-"):
            rest.append(word)
            reader.at += 1
        elif not reader.take(known, short=True) and not reader.take(ALL, short=False):  # of another verb: refused by name below
            near = similar(word, [*HELP, *(option.name for option in known)])
            raise UsageError(f"unknown option {word}{near}; see netwrap {verb} --help")
    if own:
        words = [name.rpartition(" ")[2] for name in own]
        if not rest or rest[0] not in words:
            wrong = f"unknown command '{verb} {rest[0]}'{similar(rest[0], words)}" if rest else f"a command of {verb} is missing"
            raise UsageError(f"{wrong}; there are: {', '.join(words)}; see netwrap {verb} --help")
        verb = f"{verb} {rest.pop(0)}"
    options = obeyed(reader, verb)
    row = VERBS[verb]
    if len(rest) < row.least:
        raise UsageError(f"{verb} takes {row.operands}; see netwrap {verb} --help")
    if row.most >= 0 and len(rest) > row.most:
        wanted = f"takes only {row.operands}" if row.operands else "takes no words"
        if verb == "find" and rest[0] in ("port", "pid", "ip", "address", "mac", "link", "interface", "process", "vlan"):
            what = f":{rest[1]}" if rest[0] == "port" else rest[1]
            raise UsageError(f"find {wanted}; did you mean 'netwrap find {what}'?")
        raise UsageError(f"{verb} {wanted}, not {' '.join(map(repr, rest[row.most :]))}; see netwrap {verb} --help")
    options.words = rest
    return options


def among(reader: Reader, binary: str, ends: Callable[[list[str]], bool]) -> Options:
    """Read the words behind a wrapped binary: take our long options at any place, and leave all other words to the binary.

    All words behind ``--`` belong to the binary. The ``--`` itself is left out if ``ends`` is true for the words before it, that
    is, if another command begins there (``ip netns exec red -- grep --count x``). Raises UsageError.
    """
    known = of(binary)
    words = [binary]
    while (word := reader.word()) is not None:
        if word == "--":
            words += reader.words[reader.at + (1 if ends(words) else 0) :]
            break
        if not word.startswith("--") or not reader.take(known, short=False):
            if word.startswith("--") and binary in ("ip", "bridge") and not words[-1].startswith("-") and len(words) > 1:
                near = similar(word.partition("=")[0], [option.name for option in known])  # they have no such words there
                if near and not any(ends(words[:end]) for end in range(2, len(words) + 1)):
                    raise UsageError(f"unknown option {word}{near}; see netwrap {binary} --help")
            ours = next((option for option in known if option.short == word and option.short), None)
            if ours and binary in ("ip", "bridge") and 2 <= len(words) <= 3 and not any(one.startswith("-") for one in words):
                if len(words) == 2 or words[2] in ("show", "list", "lst", "sh", "ls"):  # where these have no options of their own
                    raise UsageError(f"{word} stands in front of {binary}; behind it, write {ours.name}")
            words.append(word)
            reader.at += 1
    options = obeyed(reader, binary)
    options.words = words
    return options


def obeyed(reader: Reader, verb: str) -> Options:
    """The options that were read, for a verb; UsageError for one that the verb does not obey."""
    options = Options()
    options.verb = verb
    options.typed = [option.name for option, _ in reader.taken]
    keys = {option.key for option, _ in reader.taken}
    usual = [(option, value) for option, value in reader.usual if verb in option.verbs and option.key not in keys]
    for option, value in (*usual, *reader.taken):
        if verb not in option.verbs:
            others = [other for other in ALL if other.name == option.name and verb in other.verbs]
            if not others:
                verbs = dict.fromkeys(name for other in ALL if other.name == option.name for name in other.verbs)
                for_these = f": it is for {', '.join(verbs)}" if len(verbs) <= _LISTED else ""
                raise UsageError(f"{option.name} makes no sense for {verb}{for_these}; see netwrap {verb} --help")
            option = others[0]
        options.given.append(option)
        _fill(options, option, value)
    given = [option.name for option in options.given]
    for one, other in _APART:
        if one in given and other in given:
            raise UsageError(f"{one} and {other} do not go together")
    return options


def check_company(options: Options) -> None:
    """Raise UsageError for an option that has an effect only together with another one that is missing."""
    given = [option.name for option in options.given]
    for one, other in _BESIDE:
        if one in options.typed and other not in given and (one, options.verb) not in _THERE:
            raise UsageError(f"{one} makes no sense without {other}")


def refuse(options: Options, names: Iterable[str], why: str) -> None:
    """Raise UsageError for the first typed option of ``names``, which could do nothing here; ``why`` ends the message."""
    for name in options.typed:
        if name in names:
            raise UsageError(f"{name} makes no sense {why}")


def _fill(options: Options, option: Option, value: str) -> None:
    found: Any = value
    if option.kind == "sets":
        found = option.words[0]
    elif not option.value:
        found = True
    elif option.kind == "many":
        found = [*getattr(options, option.key), value]
    elif option.kind == "names":
        found = [*getattr(options, option.key), *names(value)]
    elif option.kind == "number":
        low, high = map(int, option.words)
        if not (value.isascii() and value.isdigit() and len(value) < 12 and low <= int(value) <= high):
            raise UsageError(f"{option.name} takes a whole number from {low} to {high} ({option.value}), not {value!r}")
        found = int(value)
    elif option.kind == "pause":
        if value and not _SECONDS.fullmatch(value):
            raise UsageError(f"{option.name} takes a number of seconds, not {value!r}")
        found = float(value or 2)
    elif option.kind in ("choice", "optional") and value not in option.words:
        raise UsageError(f"{option.name} takes one of {', '.join(option.words)}, not {value!r}{similar(value, option.words)}")
    setattr(options, option.key, found)
