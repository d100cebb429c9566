"""How a packet gets from a namespace to an address, and its answer back: where it stops, why, and what mends it."""

from __future__ import annotations

import ipaddress
import json
import shlex
import sys

from netwrap.errors import UsageError

from . import _source, _table, say
from ._options import refuse
from ._saving import form_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from netwrap.answers.trace import Trace
    from netwrap.model.host import Host

    from ._options import Options

#: Formats that draw the way over the topology.
PICTURES = ("svg", "html")
#: The most owners of the destination that are drawn although the packet does not come to them.
_OWNERS = 4
#: No more pairs than this are traced for several hosts; each takes a tenth of a millisecond or longer.
_MOST_PAIRS = 400_000
_PROTOCOLS = ("icmp", "udp", "tcp")


def run(options: Options) -> int:
    """Print the way and the verdict; 0 reached, 1 not, 3 undecided."""
    from netwrap.answers import trace

    proto = options.proto or ("icmp" if options.port is None and options.sport is None else "tcp")
    if proto not in _PROTOCOLS:
        raise UsageError(f"--proto takes one of {', '.join(_PROTOCOLS)}, not {proto!r}")
    if options.all != (not options.words) or len(options.words) not in (0, 2):
        raise UsageError("trace takes FROM and TO, or --all; see netwrap trace --help")
    if options.output is not None:
        options.format = form_of(options.output, options.format)
    if options.output is not None and options.format not in PICTURES:
        raise UsageError(f"--output saves a picture: --format {' or '.join(PICTURES)}")
    if proto == "icmp" and (options.port is not None or options.sport is not None):
        raise UsageError("icmp has no ports: --port and --sport are for udp and tcp")
    _check_form(options)
    if options.all and options.format in PICTURES:
        raise UsageError(f"--format {options.format} draws one way: FROM TO")
    if options.all:
        return _matrix(options, proto)
    hosts = _source.hosts(options)
    home, start, target = trace.chosen(hosts, options.words[0], options.words[1])
    asked = trace.ask(
        home, start, target, proto=proto, port=options.port, sport=options.sport,
        source=_address(options.address), mark=_mark(options.mark), size=options.size, one_way=options.one_way,
    )  # fmt: skip
    host = _whole(hosts)
    found = trace.trace(host, asked)
    found = found._replace(notes=(*found.notes, *trace.elsewhere(host, found)))
    found, following = trace.mended(host, found)
    notes = list(_asked_the_kernel(found)) if host.live else []
    if options.probe:
        if not host.live:
            raise UsageError("--probe sends a packet from this host: it does not go together with --from")
        notes.append(_probe(found))
    if options.format in PICTURES:
        _draw(hosts, host, found, following, options)
    elif options.format in ("json", "jsonl"):
        answer = trace.record(host, found, following)
        answer["notes"] += notes
        print(json.dumps(answer, indent=1 if options.format == "json" else None, default=str, ensure_ascii=False))
    else:
        from netwrap.wording import printable

        for line in [*trace.lines(found, following, host), *(f"  kernel: {note}" for note in notes)]:
            print(printable(line))
    sys.stdout.flush()
    for line in dict.fromkeys([*home.notes, *(problem for one in hosts for problem in one.all_problems)]):
        say(line)
    _source.not_understood(hosts, options.verbose)
    return trace.status(found)


# Options about a table, for `--all` only, and options about the packet of a single way.
_OF_TABLES = (
    "--columns", "--where", "--sort", "--limit", "--count", "--uniq", "--exit-status", "--no-header", "--raw", "--wide",
    "--color", "--no-pager",
)  # fmt: skip
_OF_ONE_WAY = ("--sport", "--source", "--mark", "--size", "--one-way", "--probe")


def _check_form(options: Options) -> None:
    if options.all:
        refuse(options, _OF_ONE_WAY, "here: it is for one way: FROM TO")
    else:
        refuse(options, _OF_TABLES, "here: it is for the table of --all")
    if not options.all and "--format" in options.typed and options.format not in ("json", "jsonl", *PICTURES):
        there = ", ".join(("json", "jsonl", *PICTURES))
        raise UsageError(f"trace FROM TO has the formats {there}, not {options.format!r}; the others are for the table of --all")


def _draw(hosts: list[Host], host: Host, found: Trace, following: list[str], options: Options) -> None:
    """Draw the rooms of the way and of its destination, with its cables and the room where it stops marked.

    Below stand the verdict, the mend and what would stop the packet then.
    """
    from netwrap.answers import trace

    from . import topology

    result = found.result
    ends = [result.there, *([result.back] if result.back is not None else [])]
    passed = [hop.netns for end in ends for hop in end.way.hops]
    passed += [end.netns for end in ends]
    stopped = found.verdict != "reached"
    below = [trace.summary(found), *(f"{label} {text}" for label, text in trace.advice(found, following) if stopped)]
    why = f"stops here: {result.end.what or found.reason}"
    owners = trace.owners(host, found)
    positions = sorted({host.position(netns) for netns in (*passed, *owners[:_OWNERS])})
    links = {(host.position(hop.netns), name) for end in ends for hop in end.way.hops for name in (hop.came, hop.left) if name}
    of_links = {id(link): (at, str(link.get("ifname"))) for at, netns in enumerate(host.namespaces) for link in netns.links or ()}
    steps = [step for end in ends for hop in end.way.hops for step in hop.steps if step.stage in ("cable", "tunnel")]
    links |= {of_links[id(step.evidence)] for step in steps if id(step.evidence) in of_links}  # between bridges
    stops = (host.position(result.end.netns), result.end.dev) if stopped else None
    title = f"Path from {options.words[0]} to {options.words[1]}"
    outside = "" if owners else found.asked.destination
    topology.of_trace(hosts, positions, links, stops, why, below, title, options, outside)


def _matrix(options: Options, proto: str) -> int:
    from netwrap.answers import trace

    hosts = _source.hosts(options)
    host = _whole(hosts)
    if len(hosts) > 1 and len(host.namespaces) ** 2 > _MOST_PAIRS:
        raise UsageError(f"{len(host.namespaces)} namespaces of {len(hosts)} hosts make too many pairs: name fewer hosts")
    rows = trace.matrix(host, proto=proto, port=options.port)
    _table.show("trace", rows, options)
    sys.stdout.flush()
    for line in dict.fromkeys([line for one in hosts for line in (*one.notes, *one.all_problems)]):
        say(line)
    _source.not_understood(hosts, options.verbose)
    unread = [netns.title for netns in host.namespaces if netns.addresses is None]
    if unread:
        shown = ", ".join(unread[:5]) + (f" and {len(unread) - 5} more" if len(unread) > 5 else "")
        say(f"no addresses of {shown} {'could be read' if host.live else 'in this capture'}: no pair with them is in the table")
    verdicts = {row["verdict"] for row in rows} | ({"undecided"} if unread else set())
    return 3 if verdicts <= {"reached", "undecided"} and "undecided" in verdicts else 0 if verdicts <= {"reached"} else 1


def _whole(hosts: list[Host]) -> Host:
    """The one host, or all of them as one."""
    if len(hosts) == 1:
        return hosts[0]
    from netwrap.model.several import Several

    return Several(hosts)


def _address(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise UsageError(f"--source takes an address, not {text!r}") from None


def _mark(text: str | None) -> int:
    try:
        return int(text, 0) if text is not None else 0
    except ValueError:
        raise UsageError(f"--mark takes a number, not {text!r}") from None


def _asked_the_kernel(found: Trace) -> list[str]:
    """The difference between `ip route get` and the walk; if there is one, the kernel is right."""
    from netwrap import shell

    notes = []
    for end in (found.result.there, found.result.back):
        for hop in end.way.hops if end is not None else ():
            for step in hop.steps:
                if step.stage != "route" or not step.command or hop.left is None:
                    continue
                words = shlex.split(step.command)
                result = shell.run([words[0], "-j", *words[1:]], check=False)
                try:
                    said: Any = json.loads(result.stdout or "[]")
                except ValueError:
                    continue
                dev = said[0].get("dev") if said else result.stderr.strip().rpartition(": ")[2]
                nexthops = (step.evidence or {}).get("nexthops", ())
                if dev != hop.left and dev not in [hop_of.get("dev") for hop_of in nexthops]:
                    notes.append(f"{step.command} says {dev}, the walk {hop.left}: the kernel is right, please report it")
    return notes


def _probe(found: Trace) -> str:
    """Send one real packet and print the outcome."""
    from netwrap import shell
    from netwrap.answers.inside import inside

    asked = found.asked
    if asked.proto == "icmp":
        source = f" -I {asked.source}" if asked.source else ""
        mark = f" -m {asked.mark}" if asked.mark else ""
        headers = 48 if ":" in asked.destination else 28
        size = f" -M do -s {max(asked.size - headers, 0)}" if asked.size is not None else ""
        words = shlex.split(inside(asked.start, f"ping -n -c 1 -W 2{source}{mark}{size} {asked.destination}"))
        result = shell.run(words, check=False)
        came = next((line for line in result.stdout.split("\n") if "bytes from" in line or "From " in line), "nothing came")
        return f"ping: {came}"
    from netwrap.lab import reach

    if asked.mark or asked.size is not None:
        raise UsageError(f"--probe sends {asked.proto} without a mark and a size: --proto icmp takes them")
    if not asked.start.here and not asked.start.names:
        raise UsageError(f"--probe with {asked.proto} needs a namespace with a name, not {asked.start.title}")
    name = None if asked.start.here else asked.start.names[0]
    return f"{asked.proto}: {reach.connect(name, asked.destination, asked.proto, asked.port or 0)}"
