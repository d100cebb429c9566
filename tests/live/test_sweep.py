"""The live sweep: the same sections as the probe's, the same peers as with list-id everywhere, and failures on the way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from private_host import PrivateHost
from rooms import ROOT, Netwrap, Rooms, run

from netwrap.errors import UsageError
from netwrap.model.build import build
from netwrap.model.host import Host
from netwrap.model.names import signs
from netwrap.model.section import Section
from netwrap.sources import capture, census, live, opening

pytestmark = pytest.mark.root


def keys(found: list[Section]) -> dict[str, str]:
    """The keys of namespaces by their names."""
    table = next(section.stdout for section in found if section.command == "namespaces")
    return {sign.value: sign.netns for sign in signs(table) if sign.how == "name"}


def of(found: list[Section], netns: str) -> dict[str, Section]:
    return {section.command: section for section in found if section.netns == netns}


def only(*names: str) -> Any:
    """A choice of namespaces, for the sweep."""

    def chosen(found: list[Section]) -> list[str]:
        return [sign.netns for sign in signs(found[0].stdout) if sign.how == "self" or sign.value in names]

    return chosen


def wrapper(folder: Path, name: str, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that does something else first."""
    fake = folder / name
    fake.write_text(f'#!/bin/sh\nreal={shutil.which(name)}\n{body}\nexec $real "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


# -- what it reads -----------------------------------------------------------------------------------------------------


def test_the_sections_are_those_of_the_probe(rooms: Rooms) -> None:
    red = rooms.cabled("red")
    rooms.batch("link add br0 type bridge\nlink set v1 master br0\nlink set br0 up\nrule add from 10.0.0.0/8 table 7\n", red)
    rooms.ip(red, "-6", "rule", "add", "from", "2001:db8::/32", "table", "8")
    run(["ip", "netns", "exec", red, "nft", "add table ip t { chain c { counter; } ; }"])
    sysctl = ["ip", "netns", "exec", red, "sysctl", "-qw", "net.ipv4.conf.v0.rp_filter=2", "net.ipv4.ip_forward=1"]
    run(sysctl)
    Path(f"/etc/netns/{red}").mkdir(parents=True)
    Path(f"/etc/netns/{red}/resolv.conf").write_text("nameserver 10.9.9.9\n")
    try:
        mine, said = live.sections(netns=only(red))
        theirs, _ = capture.sections()
    finally:
        shutil.rmtree(f"/etc/netns/{red}")
    assert said == []
    key = keys(mine)[red]
    assert key == keys(theirs)[red]
    one, other = of(mine, key), of(theirs, key)
    assert set(one) == set(other)
    settling = ("link show", "address show", "neigh show nud all", "fdb show", "ip -6 -j -d -s route show table all")
    for command, section in one.items():
        if command.startswith(("ip ", "bridge ")) and not command.endswith(settling):
            assert (section.stdout.strip(), section.status) == (other[command].stdout.strip(), other[command].status)
    assert json.loads(one["ip -6 -j -d -s rule show"].stdout)[1]["src"] == "2001:db8::"
    assert '"name": "t"' in one["nft -j list ruleset"].stdout
    assert one["sysctl -a"].stdout.split("\n") == other["sysctl -a"].stdout.split("\n")
    assert {"net.ipv4.conf.v0.rp_filter = 2", "net.ipv4.ip_forward = 1"} <= set(one["sysctl -a"].stdout.split("\n"))
    assert one[f"cat /etc/netns/{red}/resolv.conf"].stdout == "nameserver 10.9.9.9\n"


def test_each_setting_of_a_link_is_that_of_its_file(rooms: Rooms) -> None:
    """The kernel lists the settings of a link as numbers: each must be read from its own place."""
    red = rooms.cabled("red")
    odd = {
        "ipv4": {"accept_local": 1, "arp_announce": 2, "arp_filter": 1, "arp_ignore": 3, "forwarding": 1,
                 "promote_secondaries": 1, "route_localnet": 1, "rp_filter": 2, "src_valid_mark": 1},
        "ipv6": {"accept_ra": 2, "disable_ipv6": 1, "forwarding": 1},
    }  # fmt: skip
    rooms.batch("link add br.0 type bridge\n", red)
    for family, values in odd.items():
        for name, value in values.items():  # one after the other: a wrong place would show
            run(["ip", "netns", "exec", red, "sysctl", "-qw", f"net.{family}.conf.br/0.{name}={value}"])
            sections, said = live.sections(["ip_link", "sysctl"], netns=only(red))
            lines = of(sections, keys(sections)[red])["sysctl -a"].stdout.split("\n")
            assert f"net.{family}.conf.br/0.{name} = {value}" in lines and said == []
    files, _ = capture.sections()  # the probe reads the files
    assert of(files, keys(files)[red])["sysctl -a"].stdout.split("\n") == lines


def test_a_command_asked_of_chosen_namespaces(rooms: Rooms) -> None:
    red, blue = rooms.cabled("red"), rooms.add("blue")
    host = opening.live(commands=[["ip", "link"], ["ip", "-4", "address", "show", "dev", "lo"]], netns=[red, blue])
    assert {netns.title for netns in host.namespaces} >= {red, blue}
    assert [link["ifname"] for link in host.find(red).links or ()] == ["lo", "v1", "v0"]
    assert [link["ifname"] for link in host.find(blue).links or ()] == ["lo"]
    assert all(not netns.tables for netns in host.namespaces if netns.title not in (red, blue))
    with pytest.raises(UsageError, match="no namespace 'nowhere' here"):
        opening.live(commands=[["ip", "link"]], netns=["nowhere"])


# -- who is at the other end -------------------------------------------------------------------------------------------


def _networks(rooms: Rooms) -> None:
    """A star, a chain, and pairs of namespaces that know nobody else and share their indexes."""
    hub = rooms.add("hub")
    for number in range(4):
        leaf = rooms.add(f"leaf{number}")
        rooms.batch(f"link add h{number} type veth peer name eth0 netns {leaf}\n", hub)
    chain = [rooms.add(f"chain{number}") for number in range(4)]
    for one, two in zip(chain, chain[1:]):
        rooms.batch(f"link add right type veth peer name left netns {two}\n", one)
    for number in range(3):
        one, two = rooms.add(f"a{number}"), rooms.add(f"b{number}")
        rooms.batch(f"link add v0 type veth peer name v0 netns {two}\n", one)


def _peers(host: Host) -> dict[tuple[str, str], tuple[str, str, str]]:
    found = {}
    for netns in host.namespaces:
        for link in netns.links or ():
            peer = host.peer(netns, link)
            if peer is not None:
                there = (peer.netns.key if peer.netns else "", peer.link["ifname"] if peer.link else "")
                found[netns.key, link["ifname"]] = (peer.how, *there)
    return found


def test_peers_are_those_of_list_id_everywhere(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    _networks(rooms)
    outer = [rooms.add(f"outer{number}") for number in range(3)]
    prefix = f"n{os.getpid() % 10000}x"
    unnamed = [subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; read x"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
               for _ in range(3)]  # fmt: skip
    try:
        for process in unnamed:
            assert process.stdout is not None
            process.stdout.readline()
        for number, netns in enumerate([*outer, *(str(process.pid) for process in unnamed)]):
            run(["ip", "link", "add", f"{prefix}{number}", "type", "veth", "peer", "name", "eth0", "netns", netns])
        pid = unnamed[0].pid
        run(["nsenter", f"--net=/proc/{pid}/ns/net", "ip", "link", "add", "u0", "type", "veth", "peer", "name", "u0",
             "netns", str(unnamed[1].pid)])  # fmt: skip
        wanted = [name for name in os.listdir("/run/netns") if name.startswith(rooms.name("")[:-1])]
        pids = [f"{process.pid} sh" for process in unnamed]
        chosen = only(*wanted, *pids)
        asked, _ = live.sections(live.QUICK, netns=chosen)
        monkeypatch.setattr(live._Sweep, "_in_doubt", lambda sweep, chosen: chosen)
        everywhere, _ = live.sections(live.QUICK, netns=chosen)
    finally:
        for process in unnamed:
            process.communicate(b"\n")
        for number in range(6):
            subprocess.run(["ip", "link", "delete", f"{prefix}{number}"], capture_output=True)
    mine, theirs = _peers(build(asked)), _peers(build(everywhere))
    ours = set(keys(asked).values()) | {key for key, _ in mine}
    assert {end: peer for end, peer in mine.items() if end[0] in ours} == theirs
    assert len(mine) >= 8 + 6 + 6 + 12
    counts = [sum(section.command.endswith("list-id") for section in found) for found in (asked, everywhere)]
    assert counts[0] <= counts[1] - len(outer)  # not where the own namespace settles it


# Prints of a host, for the sweep and for the probe: how many were asked list-id, and how the peer of each link of ours is known.
COUNTS = """
from netwrap.model.build import build
from netwrap.sources import capture, live
for found, _ in (live.sections(live.QUICK), capture.sections(quick=True)):
    host = build(found)
    known = [host.peer(host.root, link).how for link in host.root.links if link["ifname"].startswith("v")]
    print(sum(section.command.endswith("list-id") for section in found), *sorted(set(known)), len(known))
"""


def test_more_nsids_than_a_kernel_lists_at_once(private_host: PrivateHost) -> None:
    many = 136  # Linux 6.18 ends the list after 134
    lines = "link add br0 type bridge\n" + "".join(
        f"netns add n{number}\nlink add v{number} type veth peer name eth0 netns n{number}\n" for number in range(many)
    )
    private_host.run("ip", "-batch", "-", given=lines)
    done = private_host.run(sys.executable, "-c", COUNTS)
    assert done.stdout == f"1 nsid {many}\n" * 2


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_what_hangs_is_killed_though_its_child_holds_the_output(
    rooms: Rooms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = rooms.add("bad"), rooms.cabled("good")
    inode = os.stat(f"/run/netns/{bad}").st_ino
    monkeypatch.setattr(live, "WORKERS", 1)
    wrapper(
        tmp_path,
        "ip",
        f'case "$*$(readlink /proc/self/ns/net)" in *-batch*{inode}*) echo "["; sleep 600 & sleep 600;; esac',
        monkeypatch,
    )
    found, said = live.sections(netns=only(bad, good), timeout=1)
    names = keys(found)
    assert [section.status for section in found if section.netns == names[bad]] == [124] * len(of(found, names[bad]))
    assert [line for line in said if names[bad] in line and "took too long: killed" in line]
    assert of(found, names[good])["ip -j -d -s link show"].status == 0


def test_a_namespace_that_vanishes_before_it_is_read(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, stays = rooms.add("gone"), rooms.add("stays")
    before = census.take()

    def late(root: str = "") -> census.Census:
        run(["ip", "netns", "delete", gone])
        return before

    monkeypatch.setattr(census, "take", late)
    found, said = live.sections(live.QUICK)
    assert said == [] and gone not in keys(found) and stays in keys(found)
    notes = next(section.stdout for section in found if section.command == "notes")
    assert f"(/run/netns/{gone}) vanished before it was read" in notes


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_what_it_runs(rooms: Rooms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    rooms.add("red")
    wrapper(tmp_path, "ip", f'case "$*" in *-batch*) echo $$ >>{tmp_path}/pids; exec sleep 600;; esac', monkeypatch)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-m", "netwrap", "report"], env=env, stderr=subprocess.PIPE, text=True) as ours:
        deadline = time.monotonic() + 20
        while not (tmp_path / "pids").exists() or not (tmp_path / "pids").read_text().endswith("\n"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        ours.send_signal(number)
        said = ours.communicate(timeout=20)[1]
    assert (ours.returncode, said) == ((-number, "") if number == signal.SIGTERM else (130, ""))
    for pid in (tmp_path / "pids").read_text().split():
        assert not Path(f"/proc/{pid}/cmdline").exists() or b"sleep" not in Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.parametrize("name", [b"", b"\nx", b"a\tb", b"\xff"])
def test_a_process_cannot_hide_its_namespace_by_its_name(name: bytes) -> None:
    code = "import ctypes, sys; ctypes.CDLL(None).prctl(15, %r); print(flush=True); sys.stdin.read()" % (name + b"\0")
    with subprocess.Popen(
        ["unshare", "-n", sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        inode = str(os.stat(f"/proc/{process.pid}/ns/net").st_ino)
        found = [census.take().namespaces]
        for shell in ("dash", "bash", "busybox"):
            if shutil.which(shell):
                words = [shell, "sh"] if shell == "busybox" else [shell]
                text = run([*words, str(Path(capture.__file__).with_name("probe.sh")), "--quick"])
                found.append(next(it.stdout for it in capture.read(text)[0] if it.command == "namespaces"))
        process.communicate(b"")
    for table in found:
        held = [sign for sign in signs(table) if sign.netns == inode and sign.how == "pid"]
        assert [sign.value for sign in held] == [f"{process.pid} {name.decode('utf-8', 'surrogateescape')}"]


def test_files_that_are_no_namespaces(rooms: Rooms, netwrap: Netwrap) -> None:
    """Said once, never waited for, and nothing of it is blamed on others."""
    red, blue = rooms.cabled("red"), rooms.add("blue")
    rooms.batch(f"link add w0 type veth peer name w0 netns {blue}\n", red)
    places = {kind: Path("/run/netns") / rooms.name(kind) for kind in ("plain", "fifo", "uts", "dangling")}
    places["plain"].touch()
    places["uts"].touch()
    places["dangling"].symlink_to("/nowhere")
    os.mkfifo(places["fifo"])
    run(["mount", "--bind", "/proc/self/ns/uts", str(places["uts"])])
    try:
        found, said = live.sections(live.QUICK, netns=only(red, blue))
    finally:
        subprocess.run(["umount", str(places["uts"])])
        for place in places.values():
            place.unlink()
    assert said == []
    notes = next(section.stdout for section in found if section.command == "notes").split("\n")
    assert (
        len(
            [
                note
                for note in notes
                if "no namespace (any more)" in note and all(map(note.__contains__, map(str, places.values())))
            ]
        )
        == 1
    )
    host = build(found)
    assert _peers(host)[host.find(red).key, "w0"][1:] == (host.find(blue).key, "w0")


def test_namespaces_that_come_and_go(rooms: Rooms) -> None:
    """Sweeps while others make and delete namespaces: no failure, no false peer, every loss a note."""
    stays = [rooms.add(f"stays{number}") for number in range(2)]
    rooms.batch(f"link add v0 type veth peer name w0 netns {stays[1]}\n", stays[0])
    over = threading.Event()

    def churn() -> None:
        while not over.is_set():
            for number in range(4):
                one, two = rooms.name(f"one{number}"), rooms.name(f"two{number}")
                lines = f"netns add {one}\nnetns add {two}\nlink add c0 netns {one} type veth peer name c0 netns {two}\n"
                subprocess.run(["ip", "-force", "-batch", "-"], input=lines, text=True, capture_output=True)
                time.sleep(0.05)
                for name in (one, two):
                    subprocess.run(["ip", "netns", "delete", name], capture_output=True)

    churning = threading.Thread(target=churn)
    churning.start()
    try:
        hosts = []
        for _ in range(8):
            found, said = live.sections(live.QUICK)
            ours = [line for line in said if "-stays" in line or "-one" in line or "-two" in line]
            assert ours == []
            hosts.append(build(found))
    finally:
        over.set()
        churning.join()
    for host in hosts:
        peers = _peers(host)
        one, two = (host.find(name).key for name in stays)
        assert peers[one, "v0"] == ("nsid", two, "w0") and peers[two, "w0"][1:] == (one, "v0")
        names = {netns.key: netns.names[0] for netns in host.namespaces if netns.names}
        for (key, link), (_, there, _name) in peers.items():
            if link == "c0" and "-one" in names.get(key, "") and there:
                # (one that lost its name while it was found has none)
                assert names.get(there, "") in ("", names[key].replace("-one", "-two"))
