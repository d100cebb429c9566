"""Every kind of source is recognised by its content, and none can do harm."""

from __future__ import annotations

import contextlib
import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from packing import lay, pack
from rooms import ROOT, Netwrap

from netwrap.errors import NetwrapError
from netwrap.model import build
from netwrap.model.host import Host
from netwrap.model.section import Section
from netwrap.sources import archive, folder, opening

LINK = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00 promiscuity 0 minmtu 0 maxmtu 0 numtxqueues 1 numrxqueues 1
7: v0@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netns qrouter-1_a promiscuity 0 minmtu 68 maxmtu 65535
    veth addrgenmode eui64
"""
ADDRESS = """\
2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff link-netnsid 0 promiscuity 0 minmtu 68 maxmtu 65535
    veth addrgenmode eui64
    inet 10.0.0.2/24 scope global eth0
       valid_lft forever preferred_lft forever
"""
ROUTE = """\
default via 10.0.0.1 dev eth0
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2
local 10.0.0.2 dev eth0 table local proto kernel scope host src 10.0.0.2
fe80::/64 dev eth0 proto kernel metric 256 pref medium
"""
NEIGH = "10.0.0.1 dev eth0 lladdr 02:00:00:00:00:09 ref 1 used 0/0/0 probes 1 REACHABLE\n"
RULE = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n"
SAVE = "*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n"
NETNS = "qrouter-1_a (id: 0)\n"

# The same host in each layout.
FOLDER = {
    "ip -d link.txt": LINK, "ip_netns.out": NETNS, "notes.txt": "nothing of ours", "hostname": "node1\n",
    "qrouter-1_a/ip -d address.txt": ADDRESS, "qrouter-1_a/ip_route_show_table_all": ROUTE,
    "qrouter-1_a/ip -s -s neigh show.log": NEIGH, "qrouter-1_a/ip-rule": RULE, "qrouter-1_a/iptables-save": SAVE,
}  # fmt: skip
_NETWORKING = "sosreport-node1/sos_commands/networking/"
SOS = {
    "sosreport-node1/hostname": "node1\n", "sosreport-node1/ip_addr": "a link of the report's own, not looked at",
    _NETWORKING + "ip_-s_-d_link": LINK, _NETWORKING + "ip_netns": NETNS,
}  # fmt: skip
_IN = _NETWORKING + "namespaces/qrouter-1_a/ip_netns_exec_qrouter-1_a_"
SOS_NEW = {
    **SOS, _IN + "ip_-d_address_show": ADDRESS, _IN + "ip_route_show_table_all": ROUTE, _IN + "ip_-s_-s_neigh_show": NEIGH,
    _IN + "ip_-4_rule_list": RULE, _IN + "iptables-save": SAVE,
    _IN + "netstat_-W_-neopa": "Active Internet connections (servers and established)",
}  # fmt: skip
_FLAT = _NETWORKING + "ip_netns_exec_qrouter-1_a_"
SOS_OLD = {
    **SOS, _FLAT + "ip_address_show": ADDRESS, _FLAT + "ip_route_show_table_all": ROUTE, _FLAT + "ip_-s_-s_neigh_show": NEIGH,
    _FLAT + "ip_rule_list": RULE, _FLAT + "iptables-save": SAVE,
}  # fmt: skip
SESSION = "".join(
    f"root@node1:~# {command}\n{text}" for command, text in (
        ("ip -d link", LINK), ("ip netns", NETNS), ("ip netns exec qrouter-1_a ip -d addr", ADDRESS),
        ("ip netns exec qrouter-1_a ip route show table all", ROUTE), ("ip -n qrouter-1_a -s -s neigh show", NEIGH),
        ("ip -n qrouter-1_a rule", RULE),
    )
)  # fmt: skip


def is_right(found: Host) -> None:
    root, router = found.namespaces
    assert (root.title, router.title) == ("(root)", "qrouter-1_a")
    assert [link["ifname"] for link in root.links or ()] == ["lo", "v0"]
    peer = found.peer(root, root.link("v0") or {})
    assert peer is not None and peer.netns is router and (peer.link or {}).get("ifname") == "eth0"
    assert found.nsid(router) == 0
    assert [entry["local"] for entry in router.addresses_of("eth0")] == ["10.0.0.2"]
    assert [route["dst"] for route in router.routes or ()] == ["default", "10.0.0.0/24", "10.0.0.2"]
    assert [route["dst"] for route in router.routes6 or ()] == ["fe80::/64"]
    assert len(router.neighs or ()) == 1 and len(router.rules or ()) == 2
    assert (found.problems, found.notes) == ([], [])


@pytest.mark.parametrize("files", [FOLDER, SOS_NEW, SOS_OLD], ids=["folder", "sos-new", "sos-old"])
@pytest.mark.parametrize("form", ["directory", "w:gz", "w:xz", "w:bz2", "w"])
def test_the_same_host_in_every_form(tmp_path: Path, files: dict[str, str], form: str) -> None:
    path = tmp_path / "it"
    if form == "directory":
        path.mkdir()
        lay(path, files)
    else:
        path.write_bytes(pack({f"top/{name}": text for name, text in files.items()} if files is FOLDER else files, form))
    found = opening.read(str(path))
    is_right(found)
    assert found.hostname == "node1"
    rules = found.namespaces[1].rulesets
    assert rules is not None and [(rule["tool"], rule["kind"], rule["table"]) for rule in rules] == [
        ("iptables", "table", "nat"), ("iptables", "chain", "nat"), ("iptables", "chain", "nat"), ("iptables", "rule", "nat"),
    ]  # fmt: skip


def test_a_directory_of_a_report_inside(tmp_path: Path) -> None:
    is_right(opening.read(str(lay(tmp_path, SOS_NEW) / "sosreport-node1")))


@pytest.mark.parametrize("pressed", [False, True])
def test_a_session(tmp_path: Path, pressed: bool) -> None:
    path = tmp_path / "session"
    path.write_bytes(gzip.compress(SESSION.encode()) if pressed else SESSION.encode())
    is_right(opening.read(str(path)))


def test_one_table(tmp_path: Path) -> None:
    path = tmp_path / "some.txt"
    path.write_text(ROUTE)
    [netns] = opening.read(str(path)).namespaces
    assert netns.title == "(root)" and len(netns.routes or ()) == 4


def test_standard_input(netwrap: Netwrap) -> None:
    done = netwrap("report", "--from", "-", given=SESSION)
    assert done.returncode == 0 and done.stdout.split()[-7:] == ["qrouter-1_a", "0", "1/1", "10.0.0.2/24", "10.0.0.1", "1", "2"]


def test_names_of_namespaces_in_flat_files() -> None:
    names = ["a", "a_ip", "a_ip_b"]
    assert folder.held("ip_netns_exec_a_ip_b_ip_rule_list", names) == folder.Held("a_ip_b", "ip rule list")
    assert folder.held("ip_netns_exec_a_ip_ip_route", names) == folder.Held("a_ip", "ip route")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"nothing that anybody knows\n", "neither a capture"),
        (b"\x28\xb5\x2f\xfd....", "zstd"),
        (b"-----BEGIN PGP MESSAGE-----", "gpg -d"),
        (b"\x1f\x8b\x08\x00garbage that is no gzip", "cannot be read"),
        (b"\x1f\x8b", "cannot be read"),
        (b"\xfd7zXZ\x00garbage", "cannot be read"),
        # (with a name of its own: the archive holds the second in which it was made, and each worker makes it)
        pytest.param(pack({"etc/passwd": "root"}, "w:gz"), "no file in it is named after a command", id="archive"),
    ],
)
def test_what_tells_of_no_host(netwrap: Netwrap, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "it"
    path.write_bytes(content)
    with pytest.raises(NetwrapError, match=said):
        opening.read(str(path))
    done = netwrap("report", "--from", str(path))
    assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(NetwrapError, match="no file in it is named after a command"):
        opening.read(str(tmp_path))


# -- faults --------------------------------------------------------------------------------------------------------


def test_a_truncated_archive_shows_what_was_read(netwrap: Netwrap, tmp_path: Path) -> None:
    files = {**SOS_NEW, _NETWORKING + "zzz": ""}
    noise = {f"sosreport-node1/var/log/{number}": os.urandom(3000).hex() for number in range(20)}
    for mode in ("w:gz", "w:xz", "w"):
        path = tmp_path / "cut"
        whole = pack({**files, **noise}, mode)
        path.write_bytes(whole[: len(whole) * 2 // 3])
        done = netwrap("report", "--from", str(path))
        assert done.returncode == 1 and "qrouter-1_a" in done.stdout
        assert "the archive cannot be read to its end" in done.stderr and "Traceback" not in done.stderr


SAMPLE = ROOT / "fixtures" / "host" / "sample.netwrap"


def test_a_truncated_capture_shows_what_was_read(netwrap: Netwrap, tmp_path: Path) -> None:
    path = tmp_path / "cut"
    content = SAMPLE.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    done = netwrap("report", "--from", str(path))
    assert done.returncode == 1 and done.stdout.count("\n") > 3
    assert "the capture ends too early" in done.stderr and "Traceback" not in done.stderr
    path.write_bytes(gzip.compress(content)[:-500])
    done = netwrap("report", "--from", str(path))
    assert done.returncode == 1 and "cannot be read to its end" in done.stderr and "red" in done.stdout


def test_json_that_is_cut_off_is_read_up_to_there() -> None:
    routes = ",".join(f'{{"dst":"10.0.{number}.0/24","flags":[],"metrics":[{{"mtu":1400}}]}}' for number in range(100))
    found = build.build([Section("", "ip -j route show", f"[{routes}]"[:3000])])
    assert len(found.namespaces[0].routes or ()) == routes[:2999].count("1400}]}") > 50
    assert len(found.problems) == 1


def test_a_corrupted_capture_never_breaks(tmp_path: Path) -> None:
    from netwrap.answers import find, overview

    path = tmp_path / "bad"
    content = SAMPLE.read_bytes()
    for number, at in enumerate(range(0, len(content), len(content) // 150)):
        broken = bytearray(content)
        broken[at : at + 1 + number % 7] = bytes([(at * 7) % 256]) * (number % 5)
        path.write_bytes(broken)
        with contextlib.suppress(NetwrapError):
            found = opening.read(str(path))
            for netns in found.namespaces:
                overview.details(found, netns)
            for what in ("192.168.15.2", "red", "7"):
                find.find(found, what)


def test_a_corrupted_archive_never_breaks(tmp_path: Path) -> None:
    path = tmp_path / "bad"
    for mode in ("w:gz", "w:xz", "w:bz2", "w"):
        whole = bytearray(pack(SOS_NEW, mode))
        for at in range(0, len(whole), max(1, len(whole) // 60)):
            broken = bytearray(whole)
            broken[at] ^= 0x55
            path.write_bytes(broken)
            with contextlib.suppress(NetwrapError):
                opening.read(str(path))


def test_paths_that_lead_elsewhere(tmp_path: Path) -> None:
    """Names are only looked at: nothing is written, links are not followed."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in (("../../../../tmp/red/ip_route", ROUTE), ("/etc/blue/ip_route", ROUTE)):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("green/ip_neigh")
        link.type, link.linkname = tarfile.SYMTYPE, "/proc/self/net/arp"
        archive.addfile(link)
        device = tarfile.TarInfo("green/arp")
        device.type = tarfile.CHRTYPE
        archive.addfile(device)
    path = tmp_path / "evil.tar.gz"
    path.write_bytes(out.getvalue())
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(NetwrapError, match="contains 2 machines: blue, red"):
        opening.read(str(path))
    assert sorted(os.listdir(tmp_path)) == before


def test_a_folder_with_links_out_of_it_and_pipes(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(ROUTE)
    it = tmp_path / "it"
    it.mkdir()
    (it / "ip_route").symlink_to(tmp_path / "secret")
    (it / "ip_link").symlink_to("ip_-d_link")
    (it / "ip_-d_link").write_text(LINK)
    (it / "ip_rule").symlink_to("ip_rule")
    os.mkfifo(it / "arp")
    [root, *_] = opening.read(str(it)).namespaces
    assert root.routes is None and root.neighs is None and len(root.links or ()) == 2


BOMBS = """
import sys
sys.path.insert(0, {root!r})
from netwrap.sources import archive, opening
from netwrap.errors import NetwrapError
archive.SMALL = 4 << 20
try:
    found = opening.read({path!r})
    print(len(found.namespaces), found.problems[:2], found.problems[-1:])
except NetwrapError as error:
    print("NetwrapError", error)
# (ru_maxrss begins with what the parent had)
print(int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) // 1024, "MiB")
"""


def bounded(path: Path, limit: int) -> str:
    """The output of reading a file in a process whose memory is limited (in MiB)."""
    program = BOMBS.format(root=str(ROOT), path=str(path))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-2]) < limit, done.stdout
    return done.stdout


def alike(compress: object, count: int, byte: bytes = b"\0") -> bytes:
    out = [compress.compress(byte * (1 << 20)) for _ in range(count)]  # type: ignore[attr-defined]
    return b"".join([*out, compress.flush()])  # type: ignore[attr-defined]


def beginning() -> bytes:
    """An archive with one good file, and without its end."""
    head = pack({_NETWORKING + "ip_-s_-d_link": LINK}, "w").rstrip(b"\0")
    return head + bytes(-len(head) % 512)


@pytest.mark.parametrize("kind", ["gz", "xz"])
def test_a_bomb_of_text(tmp_path: Path, kind: str) -> None:
    import zlib

    path = tmp_path / "bomb"
    path.write_bytes(alike(zlib.compressobj(9, wbits=31) if kind == "gz" else lzma.LZMACompressor(preset=0), 40, b"a"))
    assert "more than 400 times" in bounded(path, 100)


def test_a_bomb_in_an_archive(tmp_path: Path) -> None:
    """A member of 8 GiB of zeros behind a table: the table is shown."""
    import zlib

    member = tarfile.TarInfo("sosreport-node1/var/zeros")
    member.size = 8 << 30
    compress = zlib.compressobj(9, wbits=31)
    path = tmp_path / "bomb.tar.gz"
    path.write_bytes(compress.compress(beginning() + member.tobuf(tarfile.GNU_FORMAT)) + alike(compress, 40))
    said = bounded(path, 80)
    assert said.startswith("1 ['the archive cannot be read to its end: it grows to more than 400 times its size")


def test_a_header_that_is_a_bomb(tmp_path: Path) -> None:
    member = tarfile.TarInfo("x")
    member.type, member.size = tarfile.XHDTYPE, 4 << 30
    path = tmp_path / "bomb.tar"
    path.write_bytes(beginning() + member.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    found = opening.read(str(path))
    assert len(found.namespaces) == 1 and "a header of more than 1 MiB" in found.problems[0]


def test_files_are_read_as_far_as_the_bounds_allow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FILE_LENGTH", 200)
    found = opening.read(str(lay(tmp_path, {"ip_route": ROUTE * 10, "ip_rule": RULE})))
    assert len(found.problems) >= 1 and "only the first" in found.problems[0] and found.namespaces[0].rules


def test_a_section_of_odd_lines_takes_little_memory(tmp_path: Path) -> None:
    """A line that fits nowhere costs no more than its text: 40,000 of them stay within what a short file takes, and some."""
    (tmp_path / "ip_route").write_text(ROUTE + "this is no route at all\n" * 40_000)
    said = bounded(tmp_path, 100)
    assert "1 [" in said and "more lines that fit nowhere" in said


def test_a_long_table_takes_little_memory(tmp_path: Path) -> None:
    """A record costs less than 1.5 KiB: a routing table of the whole internet, a million of them, can be read on a laptop."""
    lines = [f"10.{number >> 8}.{number & 255}.0/24 via 10.0.0.1 dev eth0 proto bird metric 32\n" for number in range(20_000)]
    (tmp_path / "ip_route").write_text("".join(lines))
    assert bounded(tmp_path, 90).startswith("1 []")


def test_a_section_is_cut_at_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "SECTION_LENGTH", len(RULE) + 5)
    found = opening.read_text(f"$ ip rule\n{RULE}{RULE}")
    assert len(found.namespaces[0].rules or ()) == 2 and "read up to line 2" in found.problems[0]
