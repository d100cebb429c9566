"""The commands of docs/fleets.md that gather captures with other tools, run as they stand there, over an sshd on loopback."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from loopback import Sshd, sshd
from rooms import ROOT, run

from netwrap.sources import capture, opening

__all__ = ["sshd"]
pytestmark = pytest.mark.root

PAGE = (ROOT / "docs/fleets.md").read_text()
HOSTS = ("r1", "r2")


class Desk:
    """A folder to work in: `ssh`, `sftp` and `netwrap` stand in its PATH, and `ssh r1` leads to the sshd on loopback."""

    def __init__(self, folder: Path, sshd: Sshd) -> None:
        self.folder = folder
        (folder / "bin").mkdir(parents=True)
        (folder / "config").write_text(
            f"Host *\n  HostName 127.0.0.1\n  Port {sshd.port}\n  User root\n  IdentityFile {sshd.folder}/user\n"
            f"  IdentitiesOnly yes\n  UserKnownHostsFile {sshd.folder}/known\n  StrictHostKeyChecking yes\n"
            "  ControlPath none\n  BatchMode yes\n"
        )
        for name in ("ssh", "sftp", "scp"):
            self._program(name, f'exec {shutil.which(name)} -F {folder}/config "$@"')
        self._program("netwrap", f'PYTHONPATH={ROOT} exec {sys.executable} -m netwrap "$@"')
        for name in ("routers", "hosts"):
            (folder / name).write_text("".join(f"{host}\n" for host in HOSTS))
        (folder / "groups.conf").write_text("[Main]\ndefault: local\n[local]\nmap: echo r1,r2\nall: echo r1,r2\n")

    def _program(self, name: str, line: str) -> None:
        (self.folder / "bin" / name).write_text(f"#!/bin/sh\n{line}\n")
        (self.folder / "bin" / name).chmod(0o755)

    def stand_ins(self) -> None:
        """Programs that start the command behind the words of docker, kubectl and chroot, and list two nodes."""
        self._program("docker", 'shift 3; exec "$@"')
        self._program("chroot", 'shift; exec "$@"')
        nodes = " ".join(f"node/{host}" for host in HOSTS)
        self._program("kubectl", f'[ "$1" != get ] || exec printf "%s\\n" {nodes}\n'
                      'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')  # fmt: skip

    def run(self, text: str) -> None:
        """Run lines of the page, which must succeed."""
        there = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "CLUSTERSHELL_CFGDIR": str(self.folder)}
        there |= {"HOME": str(self.folder), "ANSIBLE_LOCALHOST_WARNING": "0"}
        done = subprocess.run(["sh", "-ec", text], cwd=self.folder, env={**os.environ, **there}, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=300)  # fmt: skip
        assert done.returncode == 0, (text, done.stdout, done.stderr)

    def gathered(self, folder: str, ending: str = "") -> None:
        """There is a whole capture of each host in a folder, and netwrap opens the folder as these hosts."""
        files = sorted((self.folder / folder).iterdir())
        assert [path.name for path in files] == [f"{host}{ending}" for host in HOSTS]
        for path in files:
            sections, problems = capture.read(path.read_text())
            assert problems == [] and {"hostname", "namespaces"} <= {section.command for section in sections}
        assert opening.captures_in(str(self.folder / folder)) == list(map(str, files))


@pytest.fixture
def desk(tmp_path: Path, sshd: Sshd) -> Desk:
    return Desk(tmp_path / "desk", sshd)


def lines_with(word: str) -> str:
    """The one block of the page with a word."""
    [block] = [str(block) for block in re.findall(r"```\w*\n(.*?)```", PAGE, re.DOTALL) if word in block]
    return block


def needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")


def test_clustershell(desk: Desk) -> None:
    needs("clush")
    desk.run(lines_with("clush"))
    desk.gathered("today")


def test_parallel_ssh(desk: Desk) -> None:
    needs("parallel-ssh")
    desk.run("netwrap capture --script > probe.sh\n" + lines_with("parallel-ssh"))
    desk.gathered("today")


def test_ansible(desk: Desk) -> None:
    needs("ansible-playbook")
    [command] = re.findall(r"`([^`]*ansible-playbook[^`]*)`", PAGE)
    (desk.folder / "gather.yml").write_text(lines_with("gather_facts"))
    desk.run("netwrap capture --script > probe.sh\n" + command)
    desk.gathered("today", ".netwrap")


def test_the_line_for_cron(desk: Desk) -> None:
    [command] = re.findall(r"^(?:\S+ +){5}cd /var/lib/netwrap && (.*)$", PAGE, re.MULTILINE)
    desk.run(command.replace("\\%", "%"))  # as cron does
    [day] = [path.name for path in desk.folder.iterdir() if re.fullmatch(r"\d{4}-\d\d-\d\d", path.name)]
    desk.gathered(day, ".netwrap")


def test_the_loop_over_nodes(desk: Desk) -> None:
    desk.stand_ins()
    desk.run("mkdir today\n" + lines_with("for node in"))
    desk.gathered("today", ".netwrap")


def test_every_line_with_netwrap(desk: Desk) -> None:
    """In the order of the page. docker, kubectl and chroot are stand-ins that start a shell here."""
    desk.stand_ins()
    blocks = re.findall(r"```\w*\n(.*?)```", PAGE, re.DOTALL)
    lines = [line for block in blocks for line in block.split("\n") if line.startswith("netwrap ")]
    if not all(importlib.util.find_spec(name) for name in ("duckdb", "pyarrow")):
        lines = [line for line in lines if "fleet/" not in line]
    before = {"changed-hosts": "cp -r today 2026-11-26; cp -r today 2026-11-27\nnetwrap diff 2026-11-26 2026-11-27",
              "fleet-*": "cp fleet.jsonl.gz fleet-1.jsonl.gz"}  # fmt: skip
    text = [made for line in lines for made in (*(words for sign, words in before.items() if sign in line), line)]
    assert len(text) > 20 and "netwrap diff 2026-11-26 2026-11-27" in PAGE
    run(["ip", "address", "add", "10.0.0.7/32", "dev", "lo"])  # somebody whom `find` finds
    try:
        desk.run("\n".join(text))
    finally:
        run(["ip", "address", "del", "10.0.0.7/32", "dev", "lo"])


def test_duckdb_reads_the_export_without_netwrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    from netwrap.cli import main

    monkeypatch.chdir(tmp_path)
    sample = str(ROOT / "fixtures/host/sample.netwrap")
    assert main(["export", sample, "--format", "parquet", "-o", "fleet"]) == 0
    [query] = re.findall(r'^duckdb -c "(.*)"$', PAGE, re.MULTILINE)
    assert duckdb.connect().execute(query.replace("1450", "65536")).fetchall() == [("node7", 4)]
