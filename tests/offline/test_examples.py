"""Every example of a help text works as the help promises, on a host that has what the example names."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rooms import ROOT, Netwrap, run

from netwrap.verbs._options import VERBS

#: Not 0: differences and findings are 1, an undecided trace is 3.
STATUS = {
    "netwrap diff yesterday.netwrap": {1},
    "netwrap diff before.netwrap after.netwrap --table route,link": {1},
    "netwrap diff red blue --from host.netwrap": {1},
    "netwrap find 02:42:ac:11:00:02 --from host.netwrap": {1},  # there is no container in it
    "netwrap check": {0, 1},
    "netwrap lab status bridge": {0, 1},  # the fixture adds an address; an example before may have mended that
    "netwrap check --from ticket.txt --level error": {0, 1},
    "netwrap trace red 8.8.8.8": {0, 1, 3},
    "netwrap trace red blue --proto tcp --port 443 --from host.netwrap": {0, 1, 3},
    "netwrap trace --all --format json": {0, 1, 3},
}
SHELL = re.compile(r"[|;<>&]")
#: What an example may end with and print nothing.
SILENT = re.compile(r" -o \S+$| > \S+$|^netwrap ip6tables|-save\b|--where |^source |^netwrap sql")
SSH = '#!/bin/sh\nshift\nexec sh -c "$*"\n'
NETWRAP = f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -m netwrap "$@"\n'


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the files that the examples name, the lab bridge up, and `ssh` to this host itself."""
    folder = tmp_path_factory.mktemp("examples")
    for name, script in (("netwrap", NETWRAP), ("ssh", SSH)):
        (folder / "bin").mkdir(exist_ok=True)
        (folder / "bin" / name).write_text(script)
        (folder / "bin" / name).chmod(0o755)
    ours = str(folder / "bin" / "netwrap")
    (folder / "captures").mkdir()
    for name in ("host.netwrap", "before.netwrap", "captures/one.netwrap"):
        shutil.copy(ROOT / "fixtures" / "host" / "sample.netwrap", folder / name)
    for name in ("ticket.txt", "session.txt"):
        shutil.copy(ROOT / "fixtures" / "session" / "walkthrough.txt", folder / name)
    (folder / "office.toml").write_text("[namespaces.office]\n")
    (folder / "routers").write_text("router\n")
    run([ours, "export", str(folder / "captures"), "-o", str(folder / "fleet.jsonl.gz")])
    run([ours, "capture", "-o", str(folder / "yesterday.netwrap")])
    run([ours, "lab", "up", "bridge"])
    run(["ip", "-n", "red", "address", "add", "10.0.0.1/24", "dev", "veth-red"])
    run([ours, "capture", "-o", str(folder / "after.netwrap")])
    yield folder
    run([ours, "lab", "down", "bridge"])


@pytest.mark.root
@pytest.mark.parametrize("verb", VERBS)
def test_the_examples_of(verb: str, place: Path, netwrap: Netwrap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("PATH", f"{place / 'bin'}:{os.environ['PATH']}:/usr/sbin:/sbin")
    for example in VERBS[verb].examples:
        wanted = [word for word in ("brctl", "iptables", "ip6tables", "iptables-save", "ip6tables-save", "nft") if word == verb]
        if any(shutil.which(word) is None for word in [*wanted, *re.findall(r"\bman (?=-l)", example)]):
            continue
        if "parquet" in example and importlib.util.find_spec("pyarrow") is None:
            continue
        if SHELL.search(re.sub(r"(['\"]).*?\1", "", example)):
            done = subprocess.run(["bash", "-c", example], capture_output=True, text=True, timeout=60)
        else:
            done = netwrap(*shlex.split(example)[1:])
        assert done.returncode in STATUS.get(example, {0}), f"{example}: {done.returncode}: {done.stderr}"
        assert done.stdout or done.returncode or SILENT.search(example), f"{example} prints nothing: {done.stderr}"
        if "lab" in verb:
            netwrap("lab", "up", "bridge")
            run(["ip", "-n", "red", "address", "replace", "10.0.0.1/24", "dev", "veth-red"])
