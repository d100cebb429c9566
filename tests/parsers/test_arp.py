"""`arp`: the text of every maker, its faults included; and its agreement with `ip neigh` on real namespaces."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest
from rooms import Rooms, run

import parsers
from parsers import arp, ip_neigh

HEADER = "Address                  HWtype  HWaddress           Flags Mask            Iface\n"
MAC = "02:00:00:00:00:50"


def row(name: str, hwtype: str, hwaddress: str, flags: str, mask: str, iface: str) -> str:
    """A row as net-tools prints it: every field padded and cut, in bytes."""
    cells = [f"{cell.encode()[:width].decode('utf-8', 'surrogateescape')}" for cell, width in ((name, 23), (hwtype, 8))]
    widths = [width - len(cell.encode("utf-8", "surrogateescape")) for cell, width in zip(cells, (23, 8))]
    return f"{cells[0]}{' ' * widths[0]}  {cells[1]}{' ' * widths[1]}{hwaddress:<20.20}{flags:<6.6}{mask:<15.15} {iface}\n"


ROWS: list[tuple[str, dict[str, Any]]] = [
    (
        row("192.0.2.20", "ether", "02:00:00:00:00:0b", "C", "", "eth0"),
        {"address": "192.0.2.20", "hwtype": "ether", "hwaddress": "02:00:00:00:00:0b", "flags": "C", "iface": "eth0"},
    ),
    (
        row("a-really-very-long-hostname.example.com", "ether", MAC, "CM", "", "eth0"),
        {"address": "a-really-very-long-host", "hwtype": "ether", "hwaddress": MAC, "flags": "CM", "iface": "eth0",
         "cut": ["address"]},
    ),
    (
        row("host99.example.net", "", "(incomplete)", "", "", "eth0"),
        {"address": "host99.example.net", "hwaddress": None, "flags": "", "iface": "eth0"},
    ),
    (
        row("192.0.2.61", "*", "<from_interface>", "MP", "", "*"),
        {"address": "192.0.2.61", "hwaddress": None, "flags": "MP", "iface": None},
    ),
    (
        row("192.0.2.62", "*", "*", "MP", "", "eth0"),  # v1.60
        {"address": "192.0.2.62", "hwaddress": None, "flags": "MP", "iface": "eth0"},
    ),
    (
        row("192.0.2.1", "infiniband", "80:00:00:48:fe:80:00:00:00", "C", "", "ib0"),
        {"address": "192.0.2.1", "hwtype": "infiniba", "hwaddress": "80:00:00:48:fe:80:00", "flags": "C", "iface": "ib0",
         "cut": ["hwtype", "hwaddress"]},
    ),
    (
        row("10.50.1.2", "ether", "00:11:22:33:44:55:66:77", "CM", "", "tp8"),
        {"address": "10.50.1.2", "hwtype": "ether", "hwaddress": "00:11:22:33:44:55:66", "flags": "CM", "iface": "tp8",
         "cut": ["hwaddress"]},
    ),
    (
        row("192.0.2.4", "ether", "02:00:00:00:00:04", "CMP", "255.255.255.0", "averylongname15"),
        {"address": "192.0.2.4", "hwtype": "ether", "hwaddress": "02:00:00:00:00:04", "flags": "CMP", "mask": "255.255.255.0",
         "iface": "averylongname15"},
    ),
    (
        row("0.0.0.0", "ether", "", "CM", "", "ib0"),
        {"address": "0.0.0.0", "hwtype": "ether", "hwaddress": None, "flags": "CM", "iface": "ib0"},
    ),
    (
        row("192.0.2.5", "adaptive", "02", "C", "", "sl0").replace("02 ", "0:2", 1),
        {"address": "192.0.2.5", "hwtype": "adaptive", "hwaddress": "0:2", "flags": "C", "iface": "sl0"},
    ),
    (
        row("bücherregal", "ether", MAC, "C", "", "dà-1"),
        {"address": "bücherregal", "hwtype": "ether", "hwaddress": MAC, "flags": "C", "iface": "dà-1"},
    ),
    (
        row("ü" * 11 + "x", "ether", MAC, "C", "", "eth0"),  # 23 bytes
        {"address": "ü" * 11 + "x", "hwtype": "ether", "hwaddress": MAC, "flags": "C", "iface": "eth0", "cut": ["address"]},
    ),
    (
        row("192.0.2.9", "ether", MAC, "C!T", "", "x\x1fy"),
        {"address": "192.0.2.9", "hwtype": "ether", "hwaddress": MAC, "flags": "C!T", "iface": "x\x1fy"},
    ),
]  # fmt: skip


@pytest.mark.parametrize("text,record", ROWS, ids=[record["address"] for _, record in ROWS])
def test_a_row_of_the_table(text: str, record: dict[str, Any]) -> None:
    assert arp.parse(text) == [record]
    assert arp.parse(HEADER + text + text) == [record, record]
    assert list(arp.iter_parse([HEADER, text])) == [record]


def test_the_table_as_a_whole() -> None:
    text = HEADER + "".join(text for text, _ in ROWS) * 2 + f"Entries: {2 * len(ROWS)}\tSkipped: 0\tFound: {2 * len(ROWS)}\n"
    assert arp.parse(text) == [record for _, record in ROWS] * 2


def test_keys_have_one_order_whatever_was_read_before() -> None:
    lines = [text for text, _ in ROWS]
    for text in lines:
        [alone] = arp.parse(text)
        behind = arp.parse("".join(lines) + text)[-1]
        assert list(alone) == list(behind)


@pytest.mark.parametrize(
    "line,record",
    [
        (f"a-really-very-long-hostname.example.com (192.0.2.50) at {MAC} [ether] PERM on eth0",
         {"address": "192.0.2.50", "name": "a-really-very-long-hostname.example.com", "hwtype": "ether", "hwaddress": MAC,
          "flags": "CM", "iface": "eth0"}),
        ("? (192.0.2.98) at <incomplete> on eth0", {"address": "192.0.2.98", "hwaddress": None, "flags": "", "iface": "eth0"}),
        ("? (192.0.2.99) at <incomplete>  on eth0", {"address": "192.0.2.99", "hwaddress": None, "flags": "", "iface": "eth0"}),
        ("? (192.0.2.61) at <from_interface> PERM PUB on *",
         {"address": "192.0.2.61", "hwaddress": None, "flags": "MP", "iface": None}),
        ("? (192.0.2.60) at * PERM PUP on eth0", {"address": "192.0.2.60", "hwaddress": None, "flags": "MP", "iface": "eth0"}),
        ("? (192.0.2.60) at * PERM PUB on eth0", {"address": "192.0.2.60", "hwaddress": None, "flags": "MP", "iface": "eth0"}),
        ("? (0.0.0.0) at  [ether] PERM on ib0",
         {"address": "0.0.0.0", "hwtype": "ether", "hwaddress": None, "flags": "CM", "iface": "ib0"}),
        ("? (0.0.0.0) at * [infiniband] PERM on -",
         {"address": "0.0.0.0", "hwtype": "infiniband", "hwaddress": None, "flags": "CM", "iface": None}),
        ("? (192.0.2.20) at 02:00:00:00:00:0b [ether]  on eth0",
         {"address": "192.0.2.20", "hwtype": "ether", "hwaddress": "02:00:00:00:00:0b", "flags": "C", "iface": "eth0"}),
        (f"? (192.0.2.4) at {MAC} [ether] netmask 255.255.255.0 PERM PUB AUTO DONTPUB TRAIL on eth0",
         {"address": "192.0.2.4", "hwtype": "ether", "hwaddress": MAC, "flags": "CMPA!T", "mask": "255.255.255.0",
          "iface": "eth0"}),
        ("? (192.0.2.1) at 80:00:00:48:fe:80:00:00:00 [infiniband] on ib0",
         {"address": "192.0.2.1", "hwtype": "infiniband", "hwaddress": "80:00:00:48:fe:80:00:00:00", "flags": "C",
          "iface": "ib0", "cut": ["hwaddress"]}),
        (f"? (192.0.2.4) at {MAC} [ether] NEW on eth0",
         {"address": "192.0.2.4", "hwtype": "ether", "hwaddress": MAC, "flags": "C", "iface": "eth0", "unparsed": ["NEW"]}),
    ],
)  # fmt: skip
def test_bsd_style(line: str, record: dict[str, Any]) -> None:
    assert arp.parse(line) == [record]


PROC = """\
IP address       HW type     Flags       HW address            Mask     Device
192.0.2.50       0x1         0x6         02:00:00:00:00:50     *        eth0
192.0.2.51       0x1         0x2         02:00:00:00:00:51     *        eth0
192.0.2.99       0x1         0x0         00:00:00:00:00:00     *        eth0
192.0.2.61       0x0         0xc         00:00:00:00:00:00     *        *
10.50.1.1        0x301       0x6         fe:80:00:01:02:03:04:05:06     *        tp16
0.0.0.0          0x20        0x6                               *        ib0
192.0.2.8        0x3         0x2         G4XYZ-1               *        ax0
192.0.2.9        0x4711      0x82        02:00:00:00:00:09     *        x0
192.0.2.10       0x1         0x0         02:00:00:00:00:0a     255.255.255.0 eth0
"""


def test_proc_net_arp() -> None:
    assert arp.parse(PROC) == [
        {"address": "192.0.2.50", "hwtype": "ether", "hwaddress": MAC, "flags": "CM", "iface": "eth0"},
        {"address": "192.0.2.51", "hwtype": "ether", "hwaddress": "02:00:00:00:00:51", "flags": "C", "iface": "eth0"},
        {"address": "192.0.2.99", "hwtype": "ether", "hwaddress": None, "flags": "", "iface": "eth0"},
        {"address": "192.0.2.61", "hwaddress": None, "flags": "MP", "iface": None},
        {"address": "10.50.1.1", "hwtype": "tunnel6", "hwaddress": "fe:80:00:01:02:03:04:05:06", "flags": "CM",
         "iface": "tp16", "cut": ["hwaddress"]},
        {"address": "0.0.0.0", "hwtype": "infiniband", "hwaddress": None, "flags": "CM", "iface": "ib0"},
        {"address": "192.0.2.8", "hwtype": "ax25", "hwaddress": "G4XYZ-1", "flags": "C", "iface": "ax0"},
        {"address": "192.0.2.9", "hwtype": "0x4711", "hwaddress": "02:00:00:00:00:09", "flags": "C", "iface": "x0",
         "unparsed": ["0x80"]},
        {"address": "192.0.2.10", "hwtype": "ether", "hwaddress": None, "flags": "", "mask": "255.255.255.0", "iface": "eth0",
         "unparsed": ["02:00:00:00:00:0a"]},
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "192.0.2.200 (192.0.2.200) -- no entry\n", "router.example.net (192.0.2.200) -- no entry\n",
        "arp: in 8 entries no match found.\n", "in 8 entries no match found.\n", "No match found in 8 entries\n",
        HEADER, "", "Entries: 11\tSkipped: 11\tFound: 0\narp: in 11 entries no match found.\n",
    ],
)  # fmt: skip
def test_texts_that_say_there_is_none(text: str) -> None:
    assert arp.parse(text) == []


@pytest.mark.parametrize(
    "line,reason",
    [
        ("Entries: 3\tSkipped: 0\tFound: 3", "expected 3 entries above, as the last line counts; there are 0"),
        ("Entries: 3\tSkipped: 0\tFound: 0", "expected as many entries as were skipped and found"),
        ("? (192.0.2.61) at", "expected an entry of an ARP table"),  # toybox gave up in the middle
        ("? (192.0.2.1) auf 02:00:00:00:00:50 [ether] auf eth0", "capture with LC_ALL=C"),
        ("? (192.0.2.99) na <nekompletní>na eth0", "capture with LC_ALL=C"),
        ("Adresse                  TypeMap AdresseMat          Indicateurs           Iface", "capture with LC_ALL=C"),
        ("192.0.2.99                       (unvollständig)                           eth0", "capture with LC_ALL=C"),
        ("192.0.2.99                       (inte komplett)                           eth0", "capture with LC_ALL=C"),
        ("192.0.2.61               *       <z_rozhraní>       MP                    *", "capture with LC_ALL=C"),
        ("SIOCSARP: Network is unreachable", "expected an entry"),
        ("/proc/net/arp: No such file or directory", "expected an entry"),
    ],
)
def test_what_is_refused(line: str, reason: str) -> None:
    before = "" if "Entries" in line else f"? (192.0.2.50) at {MAC} [ether] on eth0\n"
    records, problems = arp.parse(before + line, strict=False)
    assert len(records) == before.count("\n")
    [problem] = problems
    assert reason in problem.reason and problem.line == line


def test_a_table_whose_blanks_a_mail_folded() -> None:
    text = (
        "Address HWtype HWaddress Flags Mask Iface\n"
        f"h ether {MAC} C eth0\n10.0.0.2 (incomplete) eth0\n10.0.0.3 * <from_interface> MP *\n"
    )
    assert [(entry["address"], entry["hwaddress"], entry["flags"], entry["iface"]) for entry in arp.parse(text)] == [
        ("h", MAC, "C", "eth0"), ("10.0.0.2", None, "", "eth0"), ("10.0.0.3", None, "MP", None),
    ]  # fmt: skip


def test_several_tables_follow_each_other() -> None:
    text = HEADER + ROWS[0][0] + "Entries: 1\tSkipped: 0\tFound: 1\n" + f"? (192.0.2.50) at {MAC} [ether] on eth0\r\n" + PROC
    assert len(arp.parse(text)) == 2 + 9
    assert parsers.detect(text) == ["arp"]


# -- to and from the schema of `ip neigh` --------------------------------------------------------------------------


def test_as_neigh() -> None:
    assert arp.as_neigh(arp.parse(PROC))[:6] == [
        {"dst": "192.0.2.50", "dev": "eth0", "lladdr": MAC, "state": ["PERMANENT"]},
        {"dst": "192.0.2.51", "dev": "eth0", "lladdr": "02:00:00:00:00:51"},
        {"dst": "192.0.2.99", "dev": "eth0", "state": ["INCOMPLETE"]},
        {"dst": "192.0.2.61", "proxy": None},
        {"dst": "10.50.1.1", "dev": "tp16", "state": ["PERMANENT"]},
        {"dst": "0.0.0.0", "dev": "ib0", "state": ["PERMANENT"]},
    ]


def test_from_neigh() -> None:
    neighs: list[dict[str, Any]] = [
        {"dst": "192.0.2.61", "proxy": None},
        {"dst": "192.0.2.50", "dev": "eth0", "lladdr": MAC, "state": ["PERMANENT"]},
        {"dst": "192.0.2.51", "dev": "eth0", "lladdr": "0a:00:00:01:02:03:04:05:06", "state": ["STALE"]},
        {"dst": "192.0.2.52", "dev": "gre1", "lladdr": "10.0.0.99", "state": ["PERMANENT"]},
        {"dst": "192.0.2.53", "dev": "odd1", "lladdr": "10.0.0.0/33", "state": ["STALE"]},
        {"dst": "192.0.2.99", "dev": "eth0", "state": ["FAILED"]},
        {"dst": "192.0.2.9", "dev": "eth0", "lladdr": MAC, "state": ["NOARP"]},
        {"dst": "192.0.2.8", "dev": "eth0"},
        {"dst": "2001:db8::1", "dev": "eth0", "lladdr": MAC, "state": ["STALE"]},
        {"dev": "br0", "lladdr": MAC, "state": ["PERMANENT"]},
    ]
    assert arp.from_neigh(neighs) == [
        {"address": "192.0.2.50", "hwtype": "ether", "hwaddress": MAC, "flags": "CM", "iface": "eth0"},
        {"address": "192.0.2.51", "hwtype": "ether", "hwaddress": "0a:00:00:01:02:03:04", "flags": "C", "iface": "eth0",
         "cut": ["hwaddress"]},
        {"address": "192.0.2.52", "hwtype": "ether", "hwaddress": "0a:00:00:63", "flags": "CM", "iface": "gre1"},
        {"address": "192.0.2.53", "hwtype": "ether", "hwaddress": "10.0.0.0/33", "flags": "C", "iface": "odd1"},
        {"address": "192.0.2.99", "hwaddress": None, "flags": "", "iface": "eth0"},
        {"address": "192.0.2.61", "hwaddress": None, "flags": "MP", "iface": None},
    ]  # fmt: skip


LAB = """\
link add eth0 type veth peer name p0
link add averylongname15 type veth peer name p1
link set eth0 up
link set p0 up
link set averylongname15 up
addr add 192.0.2.1/24 dev eth0
neigh add 192.0.2.50 lladdr 02:00:00:00:00:50 dev eth0 nud permanent
neigh add 192.0.2.20 lladdr 02:00:00:00:00:0b dev eth0 nud reachable
neigh add 192.0.2.21 lladdr 02:00:00:00:00:0c dev averylongname15 nud stale
neigh add 192.0.2.22 lladdr 02:00:00:00:00:0d dev eth0 nud noarp
neigh add 192.0.2.23 lladdr 02:00:00:00:00:0e dev eth0 nud failed
neigh add 192.0.2.24 dev eth0 nud failed
neigh add 192.0.2.25 dev eth0 nud none
neigh add proxy 192.0.2.60 dev eth0
neigh add proxy 192.0.2.61 dev averylongname15
"""


@pytest.mark.root
def test_arp_and_ip_neigh_agree_on_a_real_namespace(rooms: Rooms) -> None:
    if shutil.which("arp") is None:
        pytest.skip("net-tools is not installed")
    red = rooms.add("red")
    rooms.batch(LAB, red)
    inside = ["ip", "netns", "exec", red]
    neighs = ip_neigh.parse(rooms.ip(red, "-j", "neigh")) + ip_neigh.parse(rooms.ip(red, "-j", "neigh", "show", "proxy"))
    printed = arp.parse(run([*inside, "arp", "-n"]))
    assert len(printed) == 7

    assert arp.from_neigh(neighs) == printed
    said = [
        {key: (["INCOMPLETE"] if value == ["FAILED"] else value) for key, value in neigh.items()
         if key != "state" or value in (["PERMANENT"], ["FAILED"], ["INCOMPLETE"])}
        for neigh in neighs
    ]  # fmt: skip
    assert arp.as_neigh(printed) == said

    without_type = [{key: value for key, value in entry.items() if key != "hwtype"} for entry in printed]
    for words in (["arp", "-an"], ["arp", "-nv"], ["arp", "-n", "-e"], ["cat", "/proc/net/arp"], ["busybox", "arp", "-n"]):
        if shutil.which(words[0]) is None:
            continue
        done = subprocess.run([*inside, *words], capture_output=True, text=True)
        others = arp.parse(done.stdout)
        assert [{key: value for key, value in entry.items() if key != "hwtype"} for entry in others] == without_type, words
    assert arp.parse(run([*inside, "arp", "-n", "192.0.2.200"])) == []
    assert arp.parse(run([*inside, "arp", "-an", "-i", "lo"])) == []
