"""The probe on real namespaces and in several shells, and the reader of its output."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from private_host import PrivateHost
from rooms import Netwrap, Rooms

from netwrap.errors import NetwrapError
from netwrap.model import names
from netwrap.model.build import build
from netwrap.model.section import Section
from netwrap.sources import capture, opening

PROBE = str(Path(capture.__file__).with_name("probe.sh"))
SHELLS = [["dash"], ["busybox", "sh"], ["bash", "--posix"]]
HOSTILE = ["$(touch x)", "-n", "a b", "it's \"q\"", "new\nline", "--", "`id`", "@x end 0", "*", "back\\slash", "tab\tbed", "%s%n",
           "../x".replace("/", "\\"), " lead", "trail\n"]  # fmt: skip

root = pytest.mark.root


def probe(shell: list[str], *options: str, env: dict[str, str] | None = None, code: int = 0) -> str:
    """The output of the probe, run by a shell."""
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    words = [*shell, PROBE, *options]
    done = subprocess.run(words, capture_output=True, timeout=120, env={**os.environ, **(env or {})})
    assert done.returncode == code
    assert done.stderr == b""
    return done.stdout.decode("utf-8", "surrogateescape")


def start(words: list[str]) -> subprocess.Popen[str]:
    """Start a process that holds a namespace or file open until it reads a line."""
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def signs_of(found: list[Section]) -> list[names.Sign]:
    return names.signs(next(section.stdout for section in found if section.command == "namespaces"))


def keys(found: list[Section], how: str) -> dict[str, str]:
    """The namespaces by what is known of them: ``{VALUE: KEY}``."""
    return {sign.value: sign.netns for sign in signs_of(found) if sign.how == how}


def section_of(found: list[Section], netns: str, words: str) -> Section:
    """The section of a namespace whose command ends in these words."""
    tool = words.split()[0] if words.split()[0] in ("bridge", "cat", "nft", "ss") else "ip"
    sections = [it for it in found if it.netns == netns and it.command.startswith(tool) and it.command.endswith(words)]
    assert len(sections) == 1, f"{words!r} of {netns}: {[section.command for section in sections]}"
    return sections[0]


def links(section: Section) -> list[str]:
    from parsers import ip_link

    return [link["ifname"] for link in ip_link.parse(section.stdout)]


@pytest.fixture
def hostile() -> Iterator[list[str]]:
    """Namespaces whose names try to be code, options and marks."""
    names = [f"{os.getpid()}{name}" if name.endswith("\n") else f"{name}{os.getpid()}" for name in HOSTILE]
    try:
        for name in names:
            subprocess.run(["ip", "netns", "add", name], check=True)
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)


# -- what it finds -----------------------------------------------------------------------------------------------------


@root
@pytest.mark.parametrize("form", [(), ("--no-json",), ("--serial",)], ids=["json", "text", "serial"])
@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_names_are_data(hostile: list[str], shell: list[str], form: tuple[str, ...], tmp_path: Path) -> None:
    few = () if shell == ["dash"] else ("--quick",)  # one shell asks for everything; names are the same business for all of it
    found, _ = capture.read(probe(shell, *few, *form, env={"TMPDIR": str(tmp_path)}))
    names = keys(found, "name")
    for name in hostile:
        assert links(section_of(found, names[name], "link show")) == ["lo"]
    assert list(tmp_path.iterdir()) == []  # it leaves nothing behind, and no name was run


# 512 mounts: each line doubles those below /run/m.
MOUNTS = "mkdir /run/m && mount -t tmpfs none /run/m\n" + "".join(
    f"mkdir /run/m/{number} && mount --rbind /run/m /run/m/{number}\n" for number in range(9)
)
# An `ip` that writes down how it was called.
LOGGING = """mkdir /run/bin
printf '#!/bin/sh\\necho "$*" >>/run/log\\nexec %s "$@"\\n' "$(command -v ip)" >/run/bin/ip
chmod +x /run/bin/ip
"""


@root
def test_rules_of_iptables_that_nft_shows_by_name_only_are_read_everywhere(private_host: PrivateHost) -> None:
    """`nft -j` prints `-m addrtype` as `xt`: the probe asks iptables-save for its contents, also in the root namespace."""
    private_host.sh("ip netns add red")
    rule = "-A FORWARD -m addrtype --dst-type LOCAL -j DROP"
    for inside in ("", "ip netns exec red "):
        if private_host.run("sh", "-c", f"{inside}iptables-nft {rule} && nft -v", check=False).returncode:
            pytest.skip("needs iptables-nft and nft")
    found, _ = capture.read(private_host.sh(f"dash {PROBE}"))
    saved = [section for section in found if section.command == "iptables-save" and rule in section.stdout]
    assert len({section.netns for section in saved}) == 2


def test_among_many_mounts_namespaces_are_entered_without_a_copy_of_them(private_host: PrivateHost) -> None:
    private_host.sh("ip netns add red; ip netns add blue; ip link add r type veth peer name eth0 netns red")
    private_host.sh(f"mkdir -p /etc/netns/blue\n{LOGGING}")

    def taken() -> tuple[list[tuple[object, ...]], set[str]]:
        private_host.sh(": >/run/log")
        done = private_host.sh(f"export PATH=/run/bin:$PATH; dash {PROBE} --quick")
        entered = {line.split()[1] for line in private_host.sh("cat /run/log").split("\n") if line.startswith("-n ")}
        found, _ = capture.read(done)
        ours = [keys(found, "name")[name] for name in ("red", "blue")]
        return sorted(section[:5] for section in found if section.netns in ours), entered & {"red", "blue"}

    few, by_ip = taken()
    private_host.sh(MOUNTS)
    assert taken() == (few, {"blue"}) and by_ip == {"red", "blue"}


@root
def test_the_parent_of_a_link_with_the_indexes_of_a_cable_is_known(private_host: PrivateHost) -> None:
    """The end of the cable and the macvlan are both the second link of their namespaces, and show the index of the parent."""
    private_host.sh(
        "ip netns add isp; ip netns add mv; ip link add up0 type veth peer name cust netns isp;"
        "ip link add m0 link up0 netns mv type macvlan"
    )
    host = opening.read_text(private_host.netwrap("capture").stdout)
    room = host.find("mv")
    link = room.link("m0")
    assert link is not None
    peer = host.peer(room, link)
    assert peer is not None and peer.netns is host.root and peer.link is not None and peer.link["ifname"] == "up0"


@root
def test_marks_cannot_be_forged(rooms: Rooms) -> None:
    netns = rooms.add("red")
    rooms.ip(netns, "link", "set", "lo", "alias", "x\n@ end 0\n@ done\nnetwrap capture 1 aaaaaaaa\n@aaaaaaaa done")
    for json_ in (True, False):
        found, _ = capture.sections(json=json_)
        section = section_of(found, keys(found, "name")[netns], "link show")
        assert "aaaaaaaa done" in section.stdout
        assert section.status == 0


@root
@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_namespaces_without_a_name(shell: list[str], tmp_path: Path) -> None:
    holder = "import os, sys, threading, ctypes; libc = ctypes.CDLL(None, use_errno=True); unshare = libc.unshare\n"
    in_thread = holder + (
        "def enter(): unshare(0x40000000); print(os.readlink('/proc/thread-self/ns/net'), flush=True); threading.Event().wait()\n"
        "threading.Thread(target=enter, daemon=True).start(); sys.stdin.read()"
    )
    by_fd = holder + (
        "here = os.open('/proc/self/ns/net', 0); unshare(0x40000000); new = os.open('/proc/self/ns/net', 0)\n"
        "libc.setns(here, 0x40000000); print(os.readlink(f'/proc/self/fd/{new}'), flush=True); sys.stdin.read()"
    )
    by_process = "readlink /proc/self/ns/net; read x"
    mounted = tmp_path / "a b\\c"
    mounted.touch()
    mount = "readlink /proc/self/ns/net; mount --bind /proc/self/ns/net \"$0\"; exec nsenter -t $PPID -n sh -c 'read x'"
    elsewhere = (
        f"mount --bind /proc/self/ns/net '{PROBE}'; readlink /proc/self/ns/net; exec nsenter -t {os.getpid()} -n sh -c 'read x'"
    )
    commands = {
        "pid": ["unshare", "-n", "sh", "-c", by_process],
        "thread": [sys.executable, "-c", in_thread],
        "fd": [sys.executable, "-c", by_fd],
        "path": ["unshare", "-n", "sh", "-c", mount.replace("$PPID", str(os.getpid())), str(mounted)],
        "elsewhere": ["unshare", "-m", "-n", "--propagation", "private", "sh", "-c", elsewhere],
    }
    running = {how: start(words) for how, words in commands.items()}
    try:
        inodes = {how: process.stdout.readline().strip()[5:-1] for how, process in running.items() if process.stdout}
        time.sleep(0.2)
        found, _ = capture.read(probe(shell))
    finally:
        for process in running.values():
            process.communicate("\n")
        subprocess.run(["umount", str(mounted)], capture_output=True)
    signs = signs_of(found)
    for how, inode in inodes.items():
        wanted = "path" if how == "elsewhere" else how
        held = [sign for sign in signs if sign.netns == inode]
        assert wanted in [sign.how for sign in held], (how, held)
        assert any(section.netns == inode and section.status == 0 and "lo" in section.stdout for section in found), how
    assert keys(found, "path")[str(mounted)] == inodes["path"]


@root
def test_stale_names_are_notes(rooms: Rooms) -> None:
    plain, dangling = (Path("/run/netns") / rooms.name(short) for short in ("plain", "dangling"))
    rooms.add("good")
    plain.touch()
    dangling.symlink_to("/proc/1/nothing")
    try:
        found, notes = capture.sections()
    finally:
        plain.unlink()
        dangling.unlink()
    told = [note for note in notes if note.startswith("no namespace (any more): ")]
    assert len(told) == 1 and str(plain) in told[0] and str(dangling) in told[0]
    assert plain.name not in keys(found, "name")


@root
@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_containers_are_named_by_their_makers_files(shell: list[str], tmp_path: Path) -> None:
    process = start(["unshare", "-n", "sh", "-c", "echo; read x"])
    assert process.stdout is not None
    process.stdout.readline()
    ident = 64 * "d"
    docker = {
        "State": {"Running": True, "Pid": process.pid, "ExitCode": 0}, "ID": ident,
        "Config": {"Env": ["SECRET=x", '"Pid":1,"SandboxKey":"/a","Name":"/evil"']},
        "NetworkSettings": {"SandboxKey": "/var/run/docker/netns/0123"}, "LogPath": "", "Name": "/web-1", "Driver": "overlay2",
        "HostConfig": {"RestartPolicy": {"Name": "always"}},
    }  # fmt: skip
    pod = {
        "annotations": {"io.kubernetes.cri.sandbox-name": "pod-1", "io.kubernetes.cri.sandbox-namespace": "default"},
        "linux": {"namespaces": [{"type": "pid"}, {"type": "network", "path": "/var/run/netns/cni-1"}]},
    }
    for path, content in (
        (f"var/lib/docker/containers/{ident}/config.v2.json", docker),
        ("run/containerd/io.containerd.runtime.v2.task/k8s.io/abc/config.json", pod),
        ("var/lib/containers/storage/overlay-containers/containers.json", [{"id": "ee", "names": ["pod man"], "image": "i"}]),
    ):
        file = tmp_path / path
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(content, separators=(",", ":")))
    try:
        found, _ = capture.read(probe(shell, env={"NETWRAP_PROBE_ROOT": str(tmp_path)}))
    finally:
        process.communicate("\n")
    text = next(section.stdout for section in found if section.command == "containers")
    assert text.split("\n") == [
        f"docker\t{ident}\t{process.pid}\t/var/run/docker/netns/0123\tweb-1",
        "containerd\tabc\t\t/var/run/netns/cni-1\tdefault/pod-1", "podman\tee\t\t\tpod man", "",
    ]  # fmt: skip
    assert build(found).find(f"pid {process.pid}").labels == ["docker web-1"]
    assert "SECRET" not in text


@root
def test_a_router_with_nothing_but_busybox(rooms: Rooms, tmp_path: Path) -> None:
    box = shutil.which("busybox")
    if box is None:
        pytest.skip("busybox is not installed")
    netns = rooms.add("red")
    rooms.ip(netns, "address", "add", "10.1.2.3/24", "dev", "lo")
    rooms.ip(netns, "link", "set", "lo", "up")
    for applet in subprocess.run([box, "--list"], capture_output=True, text=True).stdout.split():
        (tmp_path / applet).symlink_to(box)
    script = capture.script().replace("PATH=$PATH:/usr/sbin:/sbin:/usr/bin:/bin", "")
    env = {"PATH": str(tmp_path)}
    done = subprocess.run([tmp_path / "sh", "-s"], input=script, capture_output=True, text=True, env=env, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    found, _ = capture.read(done.stdout)
    key = keys(found, "name")[netns]
    assert links(section_of(found, key, "ip link show")) == ["lo"]
    assert "10.1.2.3" in section_of(found, key, "ip address show").stdout


@root
def test_an_old_ip_is_asked_for_text(rooms: Rooms, tmp_path: Path) -> None:
    """Releases before 4.17 take `-j` and print text; those before 5.5 print JSON that is none."""
    netns = rooms.add("red")
    env = wrapper(tmp_path, 'case "$*" in *-j*) echo "0: from all lookup local"; exit;; esac')
    found, notes = capture.read(probe(["dash"], env=env))
    assert "this ip has no JSON that can be relied on: text" in notes
    assert links(section_of(found, keys(found, "name")[netns], "ip -d -s link show")) == ["lo"]


@root
def test_an_ip_that_cannot_enter(rooms: Rooms, tmp_path: Path) -> None:
    """Before 3.19 `ip` has no -n; without nsenter, `ip netns exec` enters what has a name."""
    netns = rooms.add("red")
    unnamed = start(["unshare", "-n", "sh", "-c", "echo; read x"])
    assert unnamed.stdout is not None
    unnamed.stdout.readline()
    env = wrapper(tmp_path, 'case "$*" in "-n "*|*-j*) echo "Option is unknown" >&2; exit 255;; esac')
    (tmp_path / "nsenter").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "nsenter").chmod(0o755)
    try:
        found, notes = capture.read(probe(["dash"], env=env))
    finally:
        unnamed.communicate("\n")
    assert links(section_of(found, keys(found, "name")[netns], "link show")) == ["lo"]
    assert section_of(found, keys(found, "name")[netns], "nft list ruleset").status == 0
    key = keys(found, "pid")[f"{unnamed.pid} sh"]
    assert any(f"namespace {key}" in note and "no way in" in note for note in notes)


@root
def test_a_host_without_ip(tmp_path: Path) -> None:
    """What /proc shows: of the own namespace, and of the others that a process lives in."""
    box = shutil.which("busybox")
    if box is None:
        pytest.skip("busybox is not installed")
    room = start(["unshare", "-n", "sh", "-c", "echo; read x"])
    assert room.stdout is not None
    room.stdout.readline()
    for applet in "sh cat grep ls mkdir rm sed sleep tr uname date stat".split():
        (tmp_path / applet).symlink_to(shutil.which(applet) or box)
    script = capture.script().replace("PATH=$PATH:/usr/sbin:/sbin:/usr/bin:/bin", "")
    try:
        env = {"PATH": str(tmp_path)}
        done = subprocess.run(["/bin/sh", "-s"], input=script, capture_output=True, text=True, env=env, timeout=60)
    finally:
        room.communicate("\n")
    assert (done.returncode, done.stderr) == (0, "")
    found, notes = capture.read(done.stdout)
    assert "ip is not installed here: only what /proc shows" in notes
    own = keys(found, "self")["/proc/self/ns/net"]
    assert "lo:" in section_of(found, own, "cat /proc/net/dev").stdout
    other = [sign.netns for sign in signs_of(found) if sign.how == "pid" and sign.value == f"{room.pid} sh"]
    assert any("lo:" in section.stdout for section in found if section.netns in other and section.command.endswith("/net/dev"))


def test_without_root(tmp_path: Path) -> None:
    """The own namespace is complete, others have what /proc/PID/net shows, and a note lists what root would add."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root, to become nobody, and setpriv")
    room = start(["unshare", "-n", "sh", "-c", "ip link set lo up; ip route add 10.5.0.0/16 dev lo; echo; read x"])
    assert room.stdout is not None
    room.stdout.readline()
    try:
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-s"]
        done = subprocess.run(nobody, input=capture.script(), capture_output=True, text=True, cwd="/", timeout=60)
    finally:
        room.communicate("\n")
    found, notes = capture.read(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert any("root would add" in note for note in notes)
    own = keys(found, "self")["/proc/self/ns/net"]
    assert section_of(found, own, "-d -s link show").status == 0
    other = keys(found, "pid")[f"{room.pid} sh"]
    assert other.startswith("proc:")
    assert "0000050A" in section_of(found, other, f"cat /proc/{room.pid}/net/route").stdout


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def wrapper(folder: Path, body: str) -> dict[str, str]:
    """An `ip` that does something else first."""
    fake = folder / "ip"
    fake.write_text(f'#!/bin/sh\nreal={shutil.which("ip")}\n{body}\nexec $real "$@"\n')
    fake.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@root
@pytest.mark.parametrize("form", [(), ("--no-json",), ("--serial",)], ids=["json", "text", "serial"])
def test_what_hangs_is_killed(rooms: Rooms, tmp_path: Path, form: tuple[str, ...]) -> None:
    bad, good = rooms.add("bad"), rooms.add("good")
    env = wrapper(tmp_path, f'case "$*" in *{bad}*) exec sleep 600;; esac')
    found, notes = capture.read(probe(["dash"], "--timeout", "1", *form, env=env))
    names = keys(found, "name")
    assert any(f"namespace {names[bad]}" in note and "took too long" in note for note in notes)
    sections = [section for section in found if section.netns == names[bad]]
    assert {section.status for section in sections} == {124}
    assert "no end after 1 seconds" in sections[0].stderr
    assert links(section_of(found, names[good], "link show")) == ["lo"]


@root
@pytest.mark.parametrize("hangs", ["-V", "show"])
@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_what_hangs_here_is_killed(tmp_path: Path, shell: list[str], hangs: str) -> None:
    """Also while it is only tried what the binaries can do. (Not `ip`: a busybox runs its own, whatever the PATH says.)"""
    fake = tmp_path / "bridge"
    fake.write_text(f'#!/bin/sh\ncase "$*" in *{hangs}*) exec sleep 600;; esac\n')
    fake.chmod(0o755)
    found, _ = capture.read(probe(shell, "--timeout", "1", env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}))
    own = keys(found, "self")["/proc/self/ns/net"]
    assert section_of(found, own, "link show").status == 0
    if hangs == "show":
        assert [section.status for section in found if section.netns == own and section.command.startswith("bridge ")] == [124]


@root
@pytest.mark.parametrize("form", [(), ("--no-json",)], ids=["json", "text"])
def test_a_namespace_that_vanishes(rooms: Rooms, tmp_path: Path, form: tuple[str, ...]) -> None:
    gone, stays = rooms.add("gone"), rooms.add("stays")
    env = wrapper(tmp_path, f'case "$*" in *{gone}*) $real netns delete {gone} 2>/dev/null;; esac')
    found, notes = capture.read(probe(["dash"], *form, env=env))
    names = keys(found, "name")
    assert any("vanished while it was read" in note and gone in note for note in notes)
    assert not any("took too long" in note or "ends too early" in note for note in notes)
    assert section_of(found, names[stays], "link show").status == 0


@root
@pytest.mark.parametrize("killed", [signal.SIGTERM, signal.SIGKILL])
def test_a_probe_that_is_killed(rooms: Rooms, tmp_path: Path, killed: signal.Signals) -> None:
    first = [rooms.add(f"n{number}") for number in range(20)]
    slow = rooms.add("z-slow")
    hangs = "exec sleep 600"
    if killed == signal.SIGTERM:  # a wrapper whose child outlives it, which SIGKILL leaves
        hangs = f"sleep 600 & echo $! >{tmp_path}/child; wait"
    body = f'case "$*" in *{slow}*) echo >{tmp_path}/slow; {hangs};; *) date +%s%N >{tmp_path}/asked;; esac'
    env = {**os.environ, **wrapper(tmp_path, body), "TMPDIR": str(tmp_path)}
    with open(tmp_path / "out", "w+b") as out:
        process = subprocess.Popen(["dash", PROBE], stdout=out, env=env)
        deadline = time.monotonic() + 60
        while not (tmp_path / "slow").exists() or time.time() - (tmp_path / "asked").stat().st_mtime < 1.5:
            assert time.monotonic() < deadline  # until the one hangs, and the other worker has done all the others
            time.sleep(0.1)
        process.send_signal(killed)
        process.wait(timeout=10)
        out.seek(0)
        found, notes = capture.read(out.read().decode())
    assert "the capture ends too early: namespaces may be missing" in notes
    names = keys(found, "name")
    read = [name for name in first if any(section.netns == names[name] for section in found)]
    assert len(read) >= (20 if killed == signal.SIGTERM else 8)
    deadline = time.monotonic() + 5
    while any(path.name.startswith("netwrap-") for path in tmp_path.iterdir()):
        assert time.monotonic() < deadline, "it leaves its folder behind"
        time.sleep(0.1)
    if killed == signal.SIGTERM:
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


@root
def test_a_probe_that_is_stopped_when_nobody_reads_any_more_ends(rooms: Rooms, tmp_path: Path) -> None:
    """Both workers are in a command that hangs; the one that cannot print gives the turn on all the same."""
    rooms.add("one"), rooms.add("two")
    hangs = tmp_path / "hangs"
    hangs.mkdir()
    body = f'case "$*" in *"/proc/self/ns/net link"*) ;; "-n "*) : >{hangs}/$$; exec sleep 600;; esac'
    env = {**os.environ, **wrapper(tmp_path, body), "TMPDIR": str(tmp_path)}
    reader, writer = os.pipe()
    with subprocess.Popen(["dash", PROBE], stdout=writer, stderr=subprocess.DEVNULL, env=env) as process:
        os.close(writer)
        deadline = time.monotonic() + 60
        while len(list(hangs.iterdir())) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.close(reader)
        process.terminate()
        assert process.wait(timeout=60) == 143
    assert not list(tmp_path.glob("netwrap-*"))


@root
def test_the_token_is_seen_by_nobody_else(rooms: Rooms, tmp_path: Path) -> None:
    """Who knows it while the probe runs can forge a section: it stands in no name of a file, and in no command line."""
    slow = rooms.add("slow")
    env = {
        **os.environ,
        **wrapper(tmp_path, f'case "$*" in *{slow}*) echo >{tmp_path}/slow; sleep 600;; esac'),
        "TMPDIR": str(tmp_path),
    }
    with open(tmp_path / "out", "w+b") as out, subprocess.Popen(["dash", PROBE, "--no-json"], stdout=out, env=env) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "slow").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        names = [str(path) for path in tmp_path.rglob("*")]
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                names += [Path(f"/proc/{pid}/{file}").read_bytes().decode(errors="replace") for file in ("cmdline", "environ")]
            except OSError:
                continue
        process.terminate()
    token = (tmp_path / "out").read_text().split("\n")[0].split()[-1]
    assert len(token) > 8 and not any(token in name for name in names)


@pytest.mark.parametrize(
    "variables", [{"KSH_VERSION": "Version AJM 93u+ 2012-08-01"}, {"POSH_VERSION": "0.14.1"}, {"YASH_VERSION": "2.53"}]
)
def test_a_shell_that_cannot_is_refused_in_words(variables: dict[str, str]) -> None:
    done = subprocess.run(["dash", PROBE], env={**os.environ, **variables}, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "it does not work in" in done.stderr and "use sh, dash, bash or busybox sh" in done.stderr


SAMPLE = (
    "Welcome to router1\nnetwrap capture 1 0a1b2c3d-1234\n"
    "@0a1b2c3d-1234 begin - hostname\nrouter1\n@0a1b2c3d-1234 end 0\n"
    "@0a1b2c3d-1234 begin - namespaces\n4026531833\tself\t/proc/self/ns/net\n\n@0a1b2c3d-1234 end 0\n"
    "@0a1b2c3d-1234 begin 4026531833 batch ip -j -d -s: link show; route show table all root 0.0.0.0/0; "
    "neigh show nud all; rule show\n"
    '[{"ifname":"lo"}]\n[[{"dst":"10.0.0.0/8"},{"dst":"default"}]\n[{"priority":0}]\n\n'
    "@0a1b2c3d-1234 stderr\nError: Peer netns reference is invalid.\nRTNETLINK answers: Invalid argument\nCommand failed -:3\n\n"
    "@0a1b2c3d-1234 end 1\n"
    "@0a1b2c3d-1234 begin 4026531833 ip -6 -j -d -s rule show\n[]\n\n@0a1b2c3d-1234 end 0\n"
    "@0a1b2c3d-1234 begin - notes\nsomething\n\n@0a1b2c3d-1234 end 0\n@0a1b2c3d-1234 done 5\n"
)


def test_a_batch_is_split() -> None:
    found, notes = capture.read(SAMPLE)
    assert notes == ["something"]
    assert [section for section in found if section.netns] == [
        Section("4026531833", "ip -j -d -s link show", '[{"ifname":"lo"}]', "", 0, line=11),
        Section("4026531833", "ip -4 -j -d -s route show table all", '[{"dst":"10.0.0.0/8"},{"dst":"default"}]', "", 0, line=12),
        Section("4026531833", "ip -j -d -s neigh show nud all", "",
                "Error: Peer netns reference is invalid.\nRTNETLINK answers: Invalid argument", 1),
        Section("4026531833", "ip -j -d -s rule show", '[{"priority":0}]', "", 0, line=13),
        Section("4026531833", "ip -6 -j -d -s rule show", "[]\n", "", 0, line=22),
    ]  # fmt: skip


def test_through_a_terminal() -> None:
    assert capture.read(SAMPLE.replace("\n", "\r\n")) == capture.read(SAMPLE)


def test_no_capture() -> None:
    for text in ("", "1: lo: <LOOPBACK>", "netwrap capture"):
        assert not capture.is_capture(text)
        with pytest.raises(NetwrapError, match="no capture"):
            capture.read(text)


def test_cut_off_anywhere() -> None:
    """Complete sections are kept, and the cut one gets a note."""
    whole, _ = capture.read(SAMPLE)
    for end in range(SAMPLE.index("hostname"), len(SAMPLE) - 1):
        found, notes = capture.read(SAMPLE[:end])
        assert any("too early" in note for note in notes) or SAMPLE[:end].endswith("done")
        for section in found:
            if section.status is not None and section.command != "namespaces":
                assert section in whole
            elif section.stdout.strip("[]") and section.netns:  # the same answer to the same question, or its whole lines
                start = section.stdout.rstrip("]")
                assert any(it.command == section.command and it.stdout.startswith(start) for it in whole), section
        cut = [section for section in found if section.status is None]
        assert not cut or any("cut off" in note for note in notes)


def test_damaged_anywhere() -> None:
    """Whatever happens to the bytes, something is read or the error says so; a lost part leaves a note."""
    luck = random.Random(4)
    whole, _ = capture.read(SAMPLE)
    for _ in range(3000):
        text = list(SAMPLE)
        for _ in range(luck.randint(1, 20)):
            at = luck.randrange(len(text))
            text[at : at + luck.randint(0, 40)] = luck.choice(["", "x", "\n", "\0", "[", "@0a1b2c3d-1234 "])
        try:
            found, notes = capture.read("".join(text))
        except NetwrapError:
            continue
        if len(found) < len(whole):
            assert notes


def test_lost_beginning() -> None:
    found, notes = capture.read(SAMPLE[SAMPLE.index("router1\n@") :])
    assert "the beginning of the capture is missing" in notes
    assert len([section for section in found if section.netns]) == 5


def test_a_long_table() -> None:
    lines = "".join(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255} via 10.0.0.1 dev eth0\n" for n in range(100_000))
    text = SAMPLE.replace("[]\n\n", lines + "\n")
    found, notes = capture.read(text)
    assert notes == ["something"]
    assert section_of(found, "4026531833", "-6 -j -d -s rule show").stdout == lines


def test_too_many_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "MAX_SECTIONS", 100)
    start, end = "@0a1b2c3d-1234 begin 1 x\n", "\n@0a1b2c3d-1234 end 0\n"
    found, notes = capture.read("netwrap capture 1 0a1b2c3d-1234\n" + (start + end) * 1000)
    assert len(found) <= 101
    assert "more than 100 sections: what follows is not read" in notes


# -- the verb ----------------------------------------------------------------------------------------------------------


@root
def test_the_verb(rooms: Rooms, netwrap: Netwrap, tmp_path: Path) -> None:
    name = rooms.add("red")
    plain, packed = tmp_path / "host.netwrap", tmp_path / "host.netwrap.gz"
    for path in (plain, packed):
        assert netwrap("capture", "-o", str(path)).stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["host.netwrap", "host.netwrap.gz"]
    assert plain.stat().st_mode & 0o777 == 0o600
    script = netwrap("capture", "--script").stdout
    piped = subprocess.run(["sh", "-s", "--", "--no-json"], input=script, capture_output=True, text=True)
    texts = [plain.read_text(), gzip.decompress(packed.read_bytes()).decode(), netwrap("capture").stdout, piped.stdout]
    for text in texts:
        found, _ = capture.read(text)
        assert links(section_of(found, keys(found, "name")[name], "link show")) == ["lo"]
    assert '"ifname"' not in piped.stdout


@root
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1])
def test_a_signal_leaves_nothing_behind(rooms: Rooms, tmp_path: Path, number: signal.Signals) -> None:
    """No folder in memory, and no half-written file beside the target; the status is the signal's."""
    slow = rooms.add("slow")
    env = {
        **os.environ,
        **wrapper(tmp_path, f'case "$*" in *{slow}*) exec sleep 600;; esac'),
        "PYTHONPATH": str(Path(PROBE).parents[2]),
    }
    target = tmp_path / "out"
    target.mkdir()
    with subprocess.Popen([sys.executable, "-m", "netwrap", "capture", "-o", str(target / "x.gz")], env=env) as ours:
        deadline = time.monotonic() + 20
        while not (folders := _folders(ours.pid)) or not list(folders[0].iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        ours.send_signal(number)
    assert ours.returncode == -number
    assert not folders[0].exists() and list(target.iterdir()) == []


def _folders(pid: int) -> list[Path]:
    """The folders in memory that a process holds open."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(Path(os.readlink(entry)))
    return [path for path in found if str(path).startswith("/dev/shm/netwrap-")]


@root
def test_the_probe_of_a_killed_run_ends_and_takes_its_folder_with_it(rooms: Rooms, tmp_path: Path) -> None:
    slow = rooms.add("slow")
    env = {
        **os.environ,
        **wrapper(tmp_path, f'case "$*" in *{slow}*) exec sleep 600;; esac'),
        "PYTHONPATH": str(Path(PROBE).parents[2]),
    }
    with subprocess.Popen([sys.executable, "-m", "netwrap", "capture", "-o", str(tmp_path / "x")], env=env) as ours:
        deadline = time.monotonic() + 20
        while not (folders := _folders(ours.pid)) or not list(folders[0].iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        ours.kill()
    while folders[0].exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_folder_or_nowhere_is_refused(netwrap: Netwrap, tmp_path: Path) -> None:
    assert netwrap("capture", "-o", str(tmp_path)).returncode == 2
    missing = netwrap("capture", "-o", str(tmp_path / "no" / "x"))
    assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)
    assert netwrap("capture", "--timeout", "0").returncode == 2
    assert netwrap("capture", "--script", "-o", "x").returncode == 2


@root
def test_onto_a_device(rooms: Rooms, netwrap: Netwrap, tmp_path: Path) -> None:
    """A device is written to, never replaced; a link leads to what is replaced."""
    null, link, place = tmp_path / "null", tmp_path / "link", tmp_path / "place"
    os.mknod(null, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    place.touch()
    link.symlink_to("place")
    for words in (["capture", "--quick"], ["topology", "--format", "dot"], ["lab", "export", rooms.add("red")]):
        assert netwrap(*words, "-o", str(null)).returncode == 0
        assert stat.S_ISCHR(null.stat().st_mode), words
    netwrap(*words, "-o", str(link))
    assert link.is_symlink() and place.stat().st_size > 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "null", "place"]


@pytest.mark.parametrize("options", [["--nothing"], ["--timeout"], ["--timeout", "0"], ["--timeout=1.5"], ["red"]])
def test_wrong_options_of_the_script(options: list[str]) -> None:
    done = subprocess.run(["sh", PROBE, *options], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@root
def test_a_bar_shows_how_far_it_is(rooms: Rooms, tmp_path: Path) -> None:
    """A progress bar on a terminal appears after a second, and is removed at the end."""
    if shutil.which("script") is None:
        pytest.skip("script, which makes a terminal, is not installed")
    slow = rooms.add("slow")
    env = {**os.environ, **wrapper(tmp_path, f'case "$*" in *{slow}*) sleep 2;; esac'), "PYTHONPATH": str(Path(PROBE).parents[2])}
    command = f"{sys.executable} -m netwrap capture --quick -o {tmp_path}/out"
    done = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, env=env, timeout=60)
    shown = done.stdout.decode()  # as bytes first: text=True would take the bar's carriage returns for line ends
    assert "namespaces" in shown and "#" in shown
    assert shown.rstrip("\r\n").endswith("\r\033[K") or "netwrap: " in shown.rpartition("\033[K")[2]
    silent = subprocess.run(command.split(), capture_output=True, text=True, env=env, timeout=60)
    assert "#" not in silent.stderr


@root
def test_quick_leaves_out_the_firewall() -> None:
    found, _ = capture.sections(quick=True)
    assert any(section.command.startswith("ip ") for section in found)
    assert not any(section.command.startswith(("nft", "iptables", "ip6tables", "ss ")) for section in found)
