"""Interrupt netwrap at random times: ``python -m tests.fuzz.interrupted --signals 206 --kills 100 --captures 100 [--seed N]``.

As root; it makes a host of its own. In turn: a signal ends a verb, which may leave no folder in memory, no half-written file
and no process; SIGKILL ends a lab on its way up or down, after which `lab down` restores the host; and captures are taken while
20 namespaces a second are made and deleted, in which nothing of those that stay may be missing, and nothing may be wrong.
A finding is printed with the number that repeats its choices, then the totals; the exit status is 1 if there is a finding.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from private_host import PrivateHost  # noqa: E402

from netwrap.errors import NetwrapError  # noqa: E402
from netwrap.sources import capture, opening  # noqa: E402

NETWRAP = (sys.executable, "-m", "netwrap")
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGINT)
#: A verb that takes longer is a finding. The machine may be busy with other things.
PATIENCE = 20.0
#: {out} is the path of the file that is written, {lab} that of a lab file.
VERBS = (
    "capture -o {out}.netwrap.gz", "capture -o {out}.netwrap", "capture", "--via env capture -o {out}.netwrap", "report",
    "--all-netns ip address", "--all-netns ip route show table all", "find 10.5.0.1", "trace --all", "check",
    "topology -o {out}.html", "export -o {out}.json", "lab up {lab}", "lab status {lab}", "lab export", "--via env report",
)  # fmt: skip
LABS = ("bridge", "two-rooms", "outside", "router", "vlans")


def sh(script: str) -> str:
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, check=False).stdout


def snapshot() -> str:
    return sh(f"{sys.executable} {ROOT}/tests/support/snapshot.py")


def others(before: set[str]) -> list[str]:
    """The command lines of the processes that were not there before."""
    found = []
    for pid in {entry for entry in os.listdir("/proc") if entry.isdigit()} - before:
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if words:  # not one that waits to be reaped, nor a thread of the kernel
                found.append(words)
    return found


def without_others(before: set[str]) -> list[str]:
    """Wait until no process is left that was not there before; return those that stay."""
    until = time.monotonic() + 5
    while (left := others(before)) and time.monotonic() < until:
        time.sleep(0.02)
    return left


def is_whole(path: Path) -> bool:
    """Whether a written file is complete."""
    content = path.read_bytes()
    if path.name.endswith(".gz"):
        content = gzip.decompress(content)
    if b".netwrap" in path.name.encode():
        return not any(section.part for section in capture.read(content.decode("utf-8", "surrogateescape"))[0])
    return content.rstrip().endswith((b"</html>", b"]", b"}"))


def signals(count: int, seed: int, place: Path) -> tuple[Counter[str], list[str]]:
    """End a verb by a signal at a random time; each verb is first timed without one."""
    totals: Counter[str] = Counter()
    findings: list[str] = []
    sh("for n in a b c d; do ip netns add s$n; ip -n s$n link add e0 type veth peer name e1; ip -n s$n link set e0 up; done;"
       "ip -n sa address add 10.5.0.1/24 dev e0")  # fmt: skip
    lasts: dict[str, float] = {}
    before_all = snapshot()
    for number in range(-len(VERBS), count):
        rng = random.Random(f"{seed}/signal/{number}")
        verb = VERBS[number] if number < 0 else rng.choice(VERBS)
        for path in place.iterdir():
            path.unlink()
        words = verb.format(out=place / "x", lab="bridge").split()
        before = {entry for entry in os.listdir("/proc") if entry.isdigit()}
        began = time.monotonic()
        with subprocess.Popen([*NETWRAP, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
            chosen = rng.choice(SIGNALS)
            if number >= 0:
                time.sleep(rng.uniform(0, lasts[verb]))
                process.send_signal(chosen)
            try:
                _, said = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                _, said = process.communicate()
                findings.append(f"signal {number}: {verb}: goes on after {chosen.name}")
        if number < 0:
            lasts[verb] = time.monotonic() - began
            if process.returncode not in (0, 1):
                findings.append(f"{verb}: status {process.returncode}: {said.decode()[-300:]}")
        else:
            totals["signals"] += 1
            totals["after the end"] += process.returncode >= 0 and process.returncode != 128 + chosen
        wrong = []
        if b"Traceback" in said and b"/netwrap/" in said:  # without it, Python itself had not begun with us yet
            wrong.append(f"a traceback: {said.decode(errors='replace')[-600:]}")
        wrong += [f"left running: {words}" for words in without_others(before)]
        for path in Path("/dev/shm").iterdir():
            wrong.append(f"left in memory: {path.name}")
            shutil.rmtree(path)
        wrong += [f"half-written: {path.name}" for path in place.iterdir() if not is_whole(path)]
        if verb.startswith("lab "):
            subprocess.run([*NETWRAP, "lab", "down", "bridge"], cwd=ROOT, capture_output=True, check=False)
            wrong += _differences(before_all)
        findings += [f"signal {number}: {verb}: {chosen.name}: {text}" for text in wrong]
    return totals, findings


def _differences(before: str) -> list[str]:
    now = snapshot()
    if now == before:
        return []
    lines = list(difflib.unified_diff(before.split("\n"), now.split("\n"), lineterm="", n=0))
    return [f"not as before: {' / '.join(lines)[:600]}"]


def kills(count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Kill a lab on its way up or down; then `lab down` must leave the host as it was."""
    totals: Counter[str] = Counter()
    findings: list[str] = []
    before = snapshot()

    def lab(*words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*NETWRAP, "lab", *words], cwd=ROOT, capture_output=True, check=False, timeout=300)

    lasts = {}
    for name in LABS:
        began = time.monotonic()
        if lab("up", name).returncode:  # this kernel cannot make it
            continue
        lasts["up", name] = time.monotonic() - began
        began = time.monotonic()
        lab("down", name)
        lasts["down", name] = time.monotonic() - began
        findings += [f"lab {name}, not killed: {text}" for text in _differences(before)]
    for number in range(count):
        rng = random.Random(f"{seed}/kill/{number}")
        name, verb = rng.choice(sorted({name for _, name in lasts})), rng.choice(("up", "up", "down"))
        if verb == "down":
            lab("up", name)
        words = [*NETWRAP, "lab", verb, name]
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(rng.uniform(0.1, lasts[verb, name]))
            process.kill()
        totals["kills"] += 1
        totals["in time"] += process.returncode < 0
        if verb == "up" and rng.random() < 0.3:
            again = lab("up", name)
            if again.returncode:
                findings.append(f"kill {number}: lab up {name} again: {again.stderr.decode()[-400:]}")
        down = lab("down", name)
        if down.returncode or b"Traceback" in down.stderr:
            findings.append(f"kill {number}: lab down {name}: {down.stderr.decode()[-400:]}")
        findings += [f"kill {number}: lab {verb} {name}: {text}" for text in _differences(before)]
    return totals, findings


class Churn:
    """Make and delete 20 namespaces a second; each has a pair of links whose names tell its name."""

    def __init__(self) -> None:
        self.made = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        begin, at_once, kept = time.monotonic(), 4, 12
        while not self._over.is_set():
            lines = ""
            for number in range(self.made, self.made + at_once):
                lines += (
                    f"netns add c{number}\nlink add e{number} netns c{number} type veth peer name f{number} netns c{number}\n"
                )
                lines += f"netns delete c{number - kept}\n" if number >= kept else ""
            subprocess.run(["ip", "-force", "-batch", "-"], input=lines, text=True, capture_output=True, check=False)
            self.made += at_once
            self._over.wait(max(0.0, begin + self.made / 20 - time.monotonic()))

    def __enter__(self) -> Churn:
        self._thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._over.set()
        self._thread.join()
        for number in range(self.made):
            if os.path.exists(f"/run/netns/c{number}"):
                subprocess.run(["ip", "netns", "delete", f"c{number}"], capture_output=True, check=False)


STAYS = """
for n in 1 2 3; do
  ip netns add stay$n; ip link add v$n netns stay$n type veth peer name w$n
  ip -n stay$n link set v$n up; ip link set w$n up
  ip -n stay$n address add 10.255.$n.1/24 dev v$n; ip -n stay$n route add default via 10.255.$n.254
  ip -n stay$n neigh add 10.255.$n.254 lladdr 02:00:00:00:00:0$n dev v$n nud permanent
done
"""


def captures(count: int, seed: int, place: Path) -> tuple[Counter[str], list[str]]:
    """Capture while namespaces come and go: nothing of those that stay is missing, and nothing is wrong."""
    totals: Counter[str] = Counter()
    findings: list[str] = []
    sh(STAYS)
    script = place / "probe.sh"
    script.write_bytes(subprocess.run([*NETWRAP, "capture", "--script"], cwd=ROOT, capture_output=True, check=True).stdout)
    began = time.monotonic()
    with Churn() as churn:
        for number in range(count):
            rng = random.Random(f"{seed}/capture/{number}")
            form = rng.choice(("capture", "capture --quick", "via", "probe", "text"))
            path = place / "x.netwrap"
            words = {"probe": ["sh", str(script)], "text": ["sh", str(script), "--no-json"],
                     "via": [*NETWRAP, "--via", "env", "capture"]}.get(form, [*NETWRAP, *form.split()])  # fmt: skip
            with path.open("wb") as file:
                done = subprocess.run(words, cwd=ROOT, stdout=file, stderr=subprocess.PIPE, check=False, timeout=120)
            said = done.stderr.decode(errors="replace")
            wrong = []
            if done.returncode not in (0, 1) or "Traceback" in said:
                wrong.append(f"status {done.returncode}: {said[-400:]}")
            try:
                (host,) = opening.hosts([str(path)])
                wrong += _missing(host)
                wrong += _false(host)
                totals["notes"] += len(host.notes)
                strange = [text for text in host.notes if "stay" in text and "Peer netns reference" not in text]
                wrong += [f"said of those that stay: {text}" for text in strange]
                wrong += [f"a problem: {text}" for text in host.problems]
                totals["of those that go"] += sum(netns.title.startswith("c") for netns in host.namespaces)
            except (NetwrapError, ValueError) as error:
                wrong.append(f"{type(error).__name__}: {error}: {said[-300:]}")
            totals["captures"] += 1
            findings += [f"capture {number}: {form}: {text}" for text in wrong]
        rate = churn.made / (time.monotonic() - began)
    totals[f"namespaces made, {rate:.0f} a second"] = churn.made
    return totals, findings


def _missing(host: Any) -> list[str]:
    wrong = []
    for number in (1, 2, 3):
        netns = next((netns for netns in host.namespaces if netns.title == f"stay{number}"), None)
        if netns is None:
            wrong.append(f"stay{number} is missing")
            continue
        entries = [entry for link in netns.addresses or () for entry in link.get("addr_info", ())]
        addresses = [entry["local"] for entry in entries if entry["family"] == "inet"]
        if addresses != [f"10.255.{number}.1"]:
            wrong.append(f"stay{number}: addresses {addresses}")
        if f"10.255.{number}.254" not in [route.get("gateway") for route in netns.routes or ()]:
            wrong.append(f"stay{number}: routes {netns.routes}")
        if sorted(link["ifname"] for link in netns.links or ()) != ["lo", f"v{number}"]:
            wrong.append(f"stay{number}: links {netns.links}")
        neighs = [neigh["dst"] for neigh in netns.neighs or () if neigh["state"] != ["NOARP"]]
        if neighs != [f"10.255.{number}.254"]:
            wrong.append(f"stay{number}: neighbours {netns.neighs}")
        for link in netns.links or ():
            peer = host.peer(netns, link) if link["ifname"] != "lo" else None
            if peer is not None and (peer.netns is not host.root or peer.link is None or peer.link["ifname"] != f"w{number}"):
                wrong.append(f"stay{number}: peer {peer}")
    return wrong


def _false(host: Any) -> list[str]:
    """Links that are in a namespace of another number."""
    wrong = []
    for netns in host.namespaces:
        name = netns.names[0] if netns.names else ""
        if name[:1] != "c" or not name[1:].isdigit():
            continue
        links = {link["ifname"] for link in netns.links or ()}
        if not links <= {"lo", f"e{name[1:]}", f"f{name[1:]}"}:
            wrong.append(f"{name} has the links {links}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--signals", type=int, default=0)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--captures", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        host = PrivateHost()
        try:
            words = host.words(sys.executable, "-m", "tests.fuzz.interrupted", *sys.argv[1:], "--inside")
            return subprocess.run(words, cwd=ROOT, check=False).returncode
        finally:
            host.end()
    sh("mount -t tmpfs none /dev/shm; mkdir -p /run/out")
    place = Path("/run/out")
    runs = []
    if options.kills:
        runs.append(kills(options.kills, options.seed))
    if options.signals:
        runs.append(signals(options.signals, options.seed, place))
    if options.captures:
        runs.append(captures(options.captures, options.seed, place))
    totals = sum((some for some, _ in runs), Counter[str]())
    findings = [text for _, wrong in runs for text in wrong]
    print("\n".join(findings[:40]))
    print(", ".join(f"{number} {what}" for what, number in totals.items()) + f": {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
