"""How fast the parsers are, beside their peers in the same run: ``python tests/bench/parsers.py``.

Needs ``jc`` and ``ntc-templates`` (`pip install jc ntc-templates`); a peer that is missing is left out. Ours and a peer
take turns, and the median of the ratios counts, so that a noisy machine disturbs both. Ends with status 1 where a target is
missed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:1] = [str(ROOT), str(ROOT / "tests" / "support")]  # not this folder, whose `parsers` is this file

import parsers  # noqa: E402
from tests.bench import tables  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

_missed: list[str] = []


def _once(work: Callable[[], Any]) -> float:
    gc.collect()
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    del result
    return seconds


def compare(what: str, ours: Callable[[], Any], name: str, peer: Callable[[], Any] | None, limit: float, rounds: int = 9) -> None:
    """Print how long ours and a peer take in turn, and whether our part of its time is within the limit."""
    if peer is None:
        print(f"{what:34s} {name:24s} not installed")
        return
    if rounds > 1:
        ours(), peer()
    pairs = [(_once(ours), _once(peer)) for _ in range(rounds)]
    ratio = statistics.median(mine / other for mine, other in pairs)
    mine, other = (statistics.median(times) for times in zip(*pairs))
    verdict = "ok" if ratio <= limit else "MISSED"
    if ratio > limit:
        _missed.append(f"{what}: {ratio:.2f} of {name}, wanted {limit:.2f}")
    times_ = f"{mine:8.4f} s   {name:24s} {other:8.4f} s"
    print(f"{what:34s} {times_}   ratio {ratio:6.3f}   limit {limit:5.3f}   {verdict}", flush=True)


def jc(parser: str, text: str) -> Callable[[], Any] | None:
    try:
        module = importlib.import_module(f"jc.parsers.{parser}")
    except ImportError:
        return None
    return lambda: module.parse(text, quiet=True)


def ntc(command: str, text: str) -> Callable[[], Any] | None:
    try:
        templates = importlib.import_module("ntc_templates.parse")
    except ImportError:
        return None
    return lambda: templates.parse_output(platform="linux", command=command, data=text)


def parsing() -> None:
    routes, twin = "".join(tables.route_lines(100_000)), tables.routes_json(100_000)
    compare("ip route, 100,000 routes", partial(parsers.parse, "ip_route", routes), "json.loads of the same",
            partial(json.loads, twin), 1.0)  # fmt: skip
    compare("", lambda: parsers.parse("ip_route", routes), "jc", jc("ip_route", routes), 0.5, 5)
    for what, command, text in (
        ("ip link, 5,000 links", "ip_link", tables.links(5000, detailed=False)),
        ("ip -d link, 5,000 links", "ip_link", tables.links(5000, detailed=True)),
        ("ip address, 5,000 links", "ip_address", tables.addresses(5000)),
    ):
        twin = json.dumps(parsers.parse(command, text), separators=(",", ":"))
        compare(what, partial(parsers.parse, command, text), "json.loads of the same", partial(json.loads, twin), 4.0)
    simple = tables.simple_links(5000)
    compare("ip link, 5,000 simple links", lambda: parsers.parse("ip_link", simple), "ntc-templates",
            ntc("ip link show", simple), 1 / 15, 1)  # fmt: skip
    table = "".join(tables.route_n_lines(100_000))
    compare("route -n, 100,000 rows", lambda: parsers.parse("route", table), "jc", jc("route", table), 0.5, 5)
    entries = "".join(tables.arp_lines(20_000))
    compare("arp -n, 20,000 entries", lambda: parsers.parse("arp", entries), "jc", jc("arp", entries), 0.5, 31)
    entries = "".join(tables.arp_a_lines(20_000))
    compare("arp -an, 20,000 entries", lambda: parsers.parse("arp", entries), "jc", jc("arp", entries), 1.0, 15)
    neighs = "".join(tables.neigh_lines(100_000))
    twin = json.dumps(parsers.parse("ip_neigh", neighs), separators=(",", ":"))
    compare("ip neigh, 100,000 neighbours", lambda: parsers.parse("ip_neigh", neighs), "json.loads of the same",
            lambda: json.loads(twin), 2.0)  # fmt: skip


_STREAM = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from parsers import ip_route
count = sum(1 for _ in ip_route.iter_parse(sys.stdin))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def streaming() -> None:
    """A million routes through `iter_parse`, in a process of its own: its peak memory as a whole."""
    with tempfile.TemporaryFile("w+") as file:
        file.writelines(tables.route_lines(1_000_000))
        file.seek(0)
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", _STREAM, str(ROOT)], stdin=file, capture_output=True, text=True, check=True)
    count, kilobytes = map(int, done.stdout.split())
    verdict = "ok" if count == 1_000_000 and kilobytes < 60_000 else "MISSED"
    if verdict != "ok":
        _missed.append(f"streaming: {count} routes, {kilobytes} kB")
    print(f"iter_parse, {count:,} routes: {time.perf_counter() - start:.2f} s, peak {kilobytes / 1000:.1f} MB of the process   "
          f"limit 60.0 MB   {verdict}")  # fmt: skip


_OURS = "import sys; from netwrap.cli import main; sys.exit(main(['parse', 'arp', '--format', 'json']))"
_JC = "import sys; from jc.cli import main; sys.argv = ['jc', '--arp']; sys.exit(main())"


def processes() -> None:
    """`netwrap parse arp --format json < table` as a whole beside `jc --arp < table`, both with their byte code at hand."""
    try:
        importlib.import_module("jc")
    except ImportError:
        return
    for what, count, limit in (("arp, 5 entries, process", 5, 0.5), ("arp, 20,000 entries, process", 20_000, 1.0)):
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder, "table")
            table.write_text("".join(tables.arp_lines(count)))
            environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
            environment.update(PYTHONPATH=str(ROOT), PYTHONPYCACHEPREFIX=folder)

            def run(code: str, table: Path = table, environment: dict[str, str] = environment) -> Callable[[], Any]:
                def work() -> None:
                    with table.open() as given:
                        words = [sys.executable, "-c", code]
                        subprocess.run(words, stdin=given, stdout=subprocess.DEVNULL, check=True, env=environment)

                return work

            compare(what, run(_OURS), "jc --arp", run(_JC), limit, 15)


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}")
    streaming()  # first: a process starts with the peak of the one that made it
    parsing()
    processes()
    for line in _missed:
        print(f"missed: {line}")
    sys.exit(1 if _missed else 0)
