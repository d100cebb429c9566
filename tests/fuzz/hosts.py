"""Fuzz the code that uses the parsers: ``python -m tests.fuzz.hosts --count 2000 [--documents 40000] [--seed N]``.

In turn: a capture whose JSON has fields of another type, without fields, with numbers that are none; and a bundle whose files
are damaged, renamed or cut. Every answer is asked of each; nothing but NetwrapError may come out, and JSON is JSON.
``--documents``: as many changed JSON documents, each read, and printed as a table, alone; ten times as fast.
The totals are printed, and the first findings with the number that repeats each.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import parsers  # noqa: E402
from netwrap import commands  # noqa: E402
from netwrap.answers import check, diff, find, offline, overview, topology, trace  # noqa: E402
from netwrap.commands.line import understand  # noqa: E402
from netwrap.errors import CommandWarning, NetwrapError  # noqa: E402
from netwrap.model.build import build  # noqa: E402
from netwrap.model.host import Host  # noqa: E402
from netwrap.model.section import Section  # noqa: E402
from netwrap.sources import capture, opening  # noqa: E402
from netwrap.tables import render, view  # noqa: E402
from tests.fuzz import mutations  # noqa: E402

SAMPLE = ROOT / "fixtures" / "host" / "sample.netwrap"
ASKED = (
    "ip -d -s link", "ip -d address", "ip route show table all", "ip -6 route", "ip neigh show nud all", "ip rule", "ip -6 rule",
    "ip netns list-id", "bridge link", "bridge fdb", "bridge vlan", "arp -n", "route -n", "ip nexthop", "ip netconf",
    "ip -br addr", "ip route show root 10.0.0.0/8", "ip link show up type veth",
)  # fmt: skip
SOUGHT = ("10.0.0.1", "192.168.15.2", "02:00:00:00:00:01", "red", "eth0", "1", "10.0.0.0/8", "fe80::1")
# What a field may hold instead: in the place of any value, and as text, since no encoder writes some of them.
ODD = (
    "null", "[]", "{}", '""', "0", "-1", "1.5", "true", '"x"', "[[]]", '[{"a":[]}]', "NaN", "-Infinity", "1e999", "9" * 5000,
    "4294967296", '"\\ud800"', '"²"', '"' + "y" * 3000 + '"', '{"a":{"a":{}}}', "[" * 40 + "]" * 40, '"10.0.0.0/33"', '"::1%x"',
    '"\\u0000"', '"-x"',
    '"999.1.1.1"', "18446744073709551616", '["UP",5]', '[null]', '"all"', '"default"', '"10.0.0.1/24"', '":"', '"/"',
)  # fmt: skip


def changed(rng: random.Random, text: str) -> str:
    """A JSON text with some of its values replaced, removed or repeated."""
    document = json.loads(text)
    marks: dict[str, str] = {}
    for number in range(rng.randint(1, 5)):
        places = _places(document)
        if not places:
            break
        holder, key = rng.choice(places)
        mark = f"@{number}@"
        way = rng.random()
        if way < 0.75:
            holder[key] = mark
            marks[f'"{mark}"'] = rng.choice(ODD)
        elif way < 0.9:
            del holder[key]
        elif isinstance(holder, list):
            holder.append(holder[key])
        else:
            holder[rng.choice(("dev", "ifname", "dst", "id", "nexthops", "unparsed"))] = holder[key]
    written = json.dumps(document)
    for mark, odd in marks.items():
        written = written.replace(mark, odd)
    return written


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        items = list(holder.items()) if isinstance(holder, dict) else list(enumerate(holder)) if isinstance(holder, list) else []
        for key, inner in items:
            found.append((holder, key))
            waiting.append(inner)
    return found


def exercise(host: Host) -> None:
    """Ask a host for everything, and print it in every form."""
    warnings.simplefilter("ignore", CommandWarning)
    answers: list[Any] = []
    for netns in host.namespaces:
        answers.append(overview.row(host, netns))
        answers.append(overview.details(host, netns))
        for words in ASKED:
            command = understand(words.split())
            try:
                records = offline.answer_in(host, command, netns)
            except NetwrapError:
                continue
            answers.append(records)
            if commands.exists(command.parser or ""):
                rows = view.rows(command.parser or "", records)
                columns = view.columns(command.parser or "", rows)
                render.table(columns, [[row.cells.get(column) for column in columns] for row in rows])
    for what in SOUGHT:
        with contextlib.suppress(NetwrapError):
            answers.append(find.find(host, what))
    titles = [netns.title for netns in host.namespaces[:3]]
    for start, target in zip(titles, titles[1:] + titles[:1]):
        with contextlib.suppress(NetwrapError):
            answers.append(str(trace.trace(host, trace.ask(host, start, target, source=None))))
    answers.append(topology.graph([host]))
    answers.append([finding.record() if hasattr(finding, "record") else finding for finding in check.check(host)])
    answers.append(diff.diff(host, host).rows)
    json.loads(json.dumps(answers, allow_nan=False, default=str))
    for problem in (*host.problems, *host.notes):
        assert "\n" not in problem, problem


def _fixtures() -> dict[str, list[str]]:
    """The JSON of all fixtures by command: the sample has no rule of a user, no VRF, no tunnel."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "fixtures").glob("*/*/*.json")):
        text = path.read_text(errors="surrogateescape")
        if text[:1] == "[" and len(text) < 50_000:
            with contextlib.suppress(ValueError):
                json.loads(text)
                found.setdefault(path.parent.parent.name, []).append(text)
    return found


def capture_of(rng: random.Random, sections: list[Section], fixtures: dict[str, list[str]]) -> Host:
    """The host of a capture with one to three of its JSON texts changed; some are those of a fixture."""
    changed_ones = list(sections)
    for at, section in enumerate(sections):
        others = fixtures.get(understand(section.command.split()).parser or "")
        if others and section.stdout[:1] == "[" and rng.random() < 0.1:
            changed_ones[at] = section._replace(stdout=rng.choice(others))
    ours = [at for at, section in enumerate(changed_ones) if section.stdout[:1] in ("[", "{") and len(section.stdout) > 3]
    for at in rng.sample(ours, rng.randint(1, 3)):
        changed_ones[at] = changed_ones[at]._replace(stdout=changed(rng, changed_ones[at].stdout))
    return build(changed_ones)


def bundle_of(rng: random.Random, files: dict[str, bytes], where: Path) -> list[Host]:
    """The hosts of a bundle with some files damaged, renamed or cut."""
    for path, content in files.items():
        text = content.decode("utf-8", "surrogateescape")
        way = rng.random()
        if way < 0.4:
            text = mutations.mutate(rng, text, text[:2000], rng.randint(1, 3))
        if way < 0.1:
            path = mutations.mutate(rng, path, path, 1).replace("\0", "").replace("\n", "")[:200].strip("/") or "x"
        place = where / "/".join(part[:100] for part in path.split("/") if part not in ("", ".", ".."))
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode("utf-8", "surrogateescape"))
        except (OSError, ValueError):
            continue
    return opening.hosts([str(where)])


def run(count: int, seed: int, bundles: dict[str, dict[str, bytes]]) -> tuple[Counter[str], list[str]]:
    """Try a number of captures and bundles; return the totals and the failures."""
    sections = capture.read(SAMPLE.read_text(errors="surrogateescape"))[0]
    fixtures = _fixtures()
    totals: Counter[str] = Counter()
    findings: list[str] = []
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        started = time.process_time()
        try:
            if bundles and number % 4 == 3:
                name = rng.choice(sorted(bundles))
                with tempfile.TemporaryDirectory() as where:
                    hosts = bundle_of(rng, bundles[name], Path(where))
                totals["bundles"] += 1
            else:
                hosts = [capture_of(rng, sections, fixtures)]
                totals["captures"] += 1
            for host in hosts:
                exercise(host)
                totals["problems said"] += len(host.problems)
        except NetwrapError:
            totals["refused"] += 1
        except Exception:
            totals["tracebacks"] += 1
            findings.append(f"--seed {seed}, number {number}: {traceback.format_exc()}")
        if time.process_time() - started > 5:
            totals["slow"] += 1
            findings.append(f"--seed {seed}, number {number}: slower than 5 seconds")
    return totals, findings


def documents(count: int, seed: int) -> list[str]:
    """Read changed JSON of the fixtures and print it as tables; return one failure of each kind."""
    fixtures = {name: [text for text in texts if len(text) < 6000] for name, texts in _fixtures().items()}
    known = [name for name in sorted(fixtures) if fixtures[name] and name in parsers.names()]
    findings: dict[str, str] = {}
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        command = rng.choice(known)
        text = changed(rng, rng.choice(fixtures[command]))
        started = time.process_time()
        try:
            records, _ = parsers.parse(command, text, strict=False)
            json.dumps(records, allow_nan=False)
            rows = view.rows(command, records)
            columns = view.columns(command, rows)
            render.table(columns, [[row.cells.get(column) for column in columns] for row in rows])
        except NetwrapError:
            pass
        except Exception:
            said = traceback.format_exc()
            findings.setdefault("".join(said.rsplit("\n", 4)[1:]), f"--seed {seed}, document {number}: {said}")
        if time.process_time() - started > 5:
            findings.setdefault("slow", f"--seed {seed}, document {number}: slower than 5 seconds")
    return list(findings.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--documents", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    from tests.offline.test_bundles import LAYOUTS

    bundles = {name: {path: text.encode() for path, text in files.items()} for name, (_, files) in LAYOUTS.items()}
    found = documents(options.documents, options.seed)
    totals, findings = run(options.count, options.seed, bundles)
    findings += found
    print("\n".join(findings[:20]))
    print(", ".join(f"{number} {what}" for what, number in sorted(totals.items())))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
