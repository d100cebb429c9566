"""`route`: the text of every maker and period, its faults included; and its agreement with `ip route` on real namespaces."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest
from rooms import Rooms, run

import parsers
from parsers import ip_route, route

TITLE = "Kernel IP routing table\n"
PLAIN = "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n"
E = "Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n"
EE = "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface    MSS   Window irtt\n"


def plain(destination: str, gateway: str, genmask: str, flags: str, iface: str | None, **more: Any) -> dict[str, Any]:
    return {"destination": destination, "gateway": gateway, "genmask": genmask, "flags": flags, "metric": 0, "ref": 0, "use": 0,
            "iface": iface, **more}  # fmt: skip


NET_TOOLS: list[tuple[str, dict[str, Any]]] = [
    ("0.0.0.0         192.0.2.1       0.0.0.0         UG    0      0        0 eth0",
     plain("0.0.0.0", "192.0.2.1", "0.0.0.0", "UG", "eth0")),
    ("default         192.0.2.1       0.0.0.0         UG    0      0        0 eth0",
     plain("default", "192.0.2.1", "0.0.0.0", "UG", "eth0")),
    ("10.2.0.0        -               255.255.0.0     !     0      -        0 -",
     plain("10.2.0.0", "-", "255.255.0.0", "!", None, ref=None)),
    ("10.2.3.4        -               255.255.255.255 !H    0      -        0 -",
     plain("10.2.3.4", "-", "255.255.255.255", "!H", None, ref=None)),
    ("10.3.0.0        0.0.0.0         255.255.0.0     U     0      0        0 *",
     plain("10.3.0.0", "0.0.0.0", "255.255.0.0", "U", None)),
    ("203.0.113.6     192.0.2.20      255.255.255.255 UGH   -2147483648 0        0 eth0",
     plain("203.0.113.6", "192.0.2.20", "255.255.255.255", "UGH", "eth0", metric=2147483648)),
    ("203.0.113.7     192.0.2.20      255.255.255.255 UGH   -1     0        0 eth0",
     plain("203.0.113.7", "192.0.2.20", "255.255.255.255", "UGH", "eth0", metric=4294967295)),
    ("203.0.113.8     192.0.2.20      255.255.255.255 UGH   4294967295 0        0 eth0",  # after 2025-05
     plain("203.0.113.8", "192.0.2.20", "255.255.255.255", "UGH", "eth0", metric=4294967295)),
    ("core-router-01. a-long-network- 255.255.255.255 UGH   0      0        0 averylongname15",
     plain("core-router-01.", "a-long-network-", "255.255.255.255", "UGH", "averylongname15", cut=["destination", "gateway"])),
    ("192.168.100.100 192.168.100.254 255.255.255.255 UGH   0      0        0 eth0",
     plain("192.168.100.100", "192.168.100.254", "255.255.255.255", "UGH", "eth0")),
    ("link-local      0.0.0.0         255.255.0.0     U     1000   0        0 eth0",
     plain("link-local", "0.0.0.0", "255.255.0.0", "U", "eth0", metric=1000)),
    # busybox, and net-tools 1.60
    ("10.2.0.0        0.0.0.0         255.255.0.0     !     0      0        0 *",
     plain("10.2.0.0", "0.0.0.0", "255.255.0.0", "!", None)),
    ("10.2.0.0        *               255.255.0.0     U     0      0        0 -",  # toybox
     plain("10.2.0.0", "*", "255.255.0.0", "U", None)),
    ("10.2.0.0        10.0.0.1        255.255.0.0     UGRDM 0      17       4 eth0",
     plain("10.2.0.0", "10.0.0.1", "255.255.0.0", "UGRDM", "eth0", ref=17, use=4)),
]  # fmt: skip


@pytest.mark.parametrize("line,record", NET_TOOLS, ids=[record["destination"] for _, record in NET_TOOLS])
def test_a_plain_row(line: str, record: dict[str, Any]) -> None:
    for text in (line, PLAIN + line, TITLE + PLAIN + line + "\r\n"):
        assert route.parse(text) == [record]
        assert list(route.parse(text)[0]) == list(record)


def test_the_table_as_a_whole() -> None:
    text = TITLE + PLAIN + "".join(line + "\n" for line, _ in NET_TOOLS)
    assert route.parse(text) == [record for _, record in NET_TOOLS]
    assert list(route.iter_parse(text.splitlines(keepends=True))) == [record for _, record in NET_TOOLS]


E_ROWS = """\
0.0.0.0         192.0.2.254     0.0.0.0         UG        0 0          0 eth0
10.2.0.0        -               255.255.0.0     !         - -          - -
10.9.0.0        192.0.2.20      255.255.0.0     UG     1040 5000     100 averylongname15
"""
E_RECORDS = [
    {"destination": "0.0.0.0", "gateway": "192.0.2.254", "genmask": "0.0.0.0", "flags": "UG", "mss": 0, "window": 0, "irtt": 0,
     "iface": "eth0"},
    {"destination": "10.2.0.0", "gateway": "-", "genmask": "255.255.0.0", "flags": "!", "mss": None, "window": None,
     "irtt": None, "iface": None},
    {"destination": "10.9.0.0", "gateway": "192.0.2.20", "genmask": "255.255.0.0", "flags": "UG", "mss": 1040, "window": 5000,
     "irtt": 100, "iface": "averylongname15"},
]  # fmt: skip


@pytest.mark.parametrize("header", [TITLE + E, E, "", "Destination\tGateway \tGenmask \tFlags   MSS Window  irtt Iface\n"])
def test_rows_of_e_are_told_by_their_shape(header: str) -> None:
    assert route.parse(header + E_ROWS) == E_RECORDS


def test_rows_of_ee() -> None:
    rows = """\
10.2.0.0        -               255.255.0.0     !     0      -        0 -        -     -      -
10.7.0.0        0.0.0.0         255.255.0.0     U     0      0        0 averyl   1040  5000   100
10.8.0.0        0.0.0.0         255.255.0.0     U     0      0        0 eth0     0     0      0
"""
    wanted = [
        plain("10.2.0.0", "-", "255.255.0.0", "!", None, ref=None, mss=None, window=None, irtt=None),
        plain("10.7.0.0", "0.0.0.0", "255.255.0.0", "U", "averyl", mss=1040, window=5000, irtt=100, cut=["iface"]),
        plain("10.8.0.0", "0.0.0.0", "255.255.0.0", "U", "eth0", mss=0, window=0, irtt=0),
    ]
    assert route.parse(TITLE + EE + rows) == wanted
    assert route.parse(rows) == wanted


def test_tables_without_rows() -> None:
    for text in (TITLE + PLAIN, TITLE, "Kernel IP routing cache\nSource          Destination     Gateway         Flags Metric "
                 "Ref    Use Iface\n", "Kernel IPv6 routing cache\nDestination                    Next Hop                   "
                 "Flag Met Ref  Use If\n"):  # fmt: skip
        assert route.parse(text) == []
        assert parsers.detect(text) == ["route"]


def test_a_row_of_the_cache() -> None:
    text = (
        "Kernel IP routing cache\nSource          Destination     Gateway         Flags Metric Ref    Use Iface\n"
        "10.0.0.1        8.8.8.8         10.0.0.254            0      0        3 eth0\n"
        "10.0.0.1        8.8.4.4         10.0.0.254      i     0      0        3 eth0\n"
    )
    records, problems = route.parse(text, strict=False)
    assert [row["source"] for row in records] == ["10.0.0.1"] and [problem.line_number for problem in problems] == [3]


V6 = {
    "2018-12 and later": (
        "Destination                    Next Hop                   Flag Met Ref  Use If\n",
        "::/0                           fe80::ff:fe00:f            UGDAe 1024 1      0 eth0\n"
        "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/128 2001:db8:1111:2222:3333:4444:5555:7777 UG   1024 1      0 averylongname15\n"
        "192.0.2.5/128                  2001:db8::20               UG   1024 1      0 eth0\n"
        "0.0.0.0/96                     2001:db8::20               UG   1024 1      0 eth0\n"
        "2001:db8:dead::/48             ::                         !n   1024 3      0 lo\n"
        "::1/128                        ::                         Un   0   3      0 lo\n"
        "::/0                           ::                         !n   -1  1      0 lo\n",
    ),
    "2002 to 2018": (
        "Destination                    Next Hop                   Flag Met Ref Use If\n",
        "::/0                           fe80::ff:fe00:f            UGDAe 1024 1     0 eth0\n",
    ),
    "busybox and 1.60": (
        "Destination                                 Next Hop                                Flags Metric Ref    Use Iface\n",
        "::/0                                        fe80::ff:fe00:f                         UGDA  1024   1        0 eth0    \n",
    ),
    "toybox": (
        "Destination                    Next Hop                   Flag Metric Ref Use If\n",
        "::/0                           fe80::ff:fe00:f            UG   1024   0     0 eth0    \n",
    ),
}


@pytest.mark.parametrize("period", V6)
def test_ipv6(period: str) -> None:
    header, rows = V6[period]
    for text in ("Kernel IPv6 routing table\n" + header + rows, header + rows, rows):
        found = route.parse(text)
        assert len(found) == rows.count("\n")
        assert (found[0]["destination"], found[0]["next_hop"]) == ("::/0", "fe80::ff:fe00:f")
        assert (found[0]["metric"], found[0]["iface"]) == (1024, "eth0")


def test_ipv6_oddities() -> None:
    rows = route.parse("".join(V6["2018-12 and later"]))
    assert rows[1] == {
        "destination": "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/128", "next_hop": "2001:db8:1111:2222:3333:4444:5555:7777",
        "flags": "UG", "metric": 1024, "ref": 1, "use": 0, "iface": "averylongname15",
    }  # fmt: skip
    assert [row["destination"] for row in rows[2:4]] == ["::ffff:192.0.2.5/128", "::ffff:0.0.0.0/96"]
    assert rows[6]["metric"] == 4294967295
    names = route.parse("verylonghostname.v6.example.org/128 [::]                       Un   0   3      0 lo\n")
    assert names[0]["destination"] == "verylonghostname.v6.example.org/128"


def test_use_glued_to_ref_is_not_guessed() -> None:
    line = "2001:db8::/64                  ::                         U    256 1123456 eth0"
    [row] = route.parse("".join(V6["2002 to 2018"]) + line)[1:]
    assert row == {"destination": "2001:db8::/64", "next_hop": "::", "flags": "U", "metric": 256, "iface": "eth0",
                   "unparsed": ["1123456"]}  # fmt: skip


def test_several_tables_follow_each_other() -> None:
    text = (
        TITLE + PLAIN + NET_TOOLS[0][0] + "\n" + "Kernel IPv6 routing table\n" + "".join(V6["2018-12 and later"])
        + "Kernel IP routing cache\nSource          Destination     Gateway         Flags Metric Ref    Use Iface\n"
        + TITLE + E + E_ROWS
    )  # fmt: skip
    assert len(route.parse(text)) == 1 + 7 + 3
    assert parsers.detect(text) == ["route"]


PROC = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT" + " " * 55 + "\n"
LITTLE = """\
eth0	00000000	FE0200C0	0003	0	0	0	00000000	0	0	0
*	0000020A	00000000	0201	0	0	0	0000FFFF	0	0	0
eth0	0000090A	140200C0	0003	0	0	4294967295	0000FFFF	1040	5000	100
p0	026433C6	00000000	8005	0	0	0	FFFFFFFF	0	0	0
"""
BIG = """\
eth0	00000000	C00002FE	0003	0	0	0	00000000	0	0	0
*	0A020000	00000000	0201	0	0	0	FFFF0000	0	0	0
eth0	0A090000	C0000214	0003	0	0	4294967295	FFFF0000	1040	5000	100
p0	C6336402	00000000	8005	0	0	0	FFFFFFFF	0	0	0
"""
PROC_RECORDS = [
    plain("0.0.0.0", "192.0.2.254", "0.0.0.0", "UG", "eth0", mss=0, window=0, irtt=0),
    plain("10.2.0.0", "0.0.0.0", "255.255.0.0", "!", None, mss=0, window=0, irtt=0),
    plain("10.9.0.0", "192.0.2.20", "255.255.0.0", "UG", "eth0", metric=4294967295, mss=1040, window=5000, irtt=100),
    plain("198.51.100.2", "0.0.0.0", "255.255.255.255", "UH", "p0", mss=0, window=0, irtt=0, bits=0x8000),
]


@pytest.mark.parametrize("rows", [LITTLE, BIG], ids=["little-endian", "big-endian"])
@pytest.mark.parametrize("header", [PROC, ""], ids=["header", "no header"])
def test_proc_net_route_in_both_byte_orders(rows: str, header: str) -> None:
    text = header + "".join(f"{row:<127}\n" for row in rows.splitlines())
    assert route.parse(text) == PROC_RECORDS
    assert list(route.iter_parse(text.splitlines(keepends=True))) == PROC_RECORDS
    assert parsers.detect(text) == ["route"]


def test_both_byte_orders_in_one_text() -> None:
    assert route.parse(PROC + LITTLE + PROC + BIG + TITLE + PLAIN) == PROC_RECORDS * 2
    records, problems = route.parse(PROC + LITTLE + BIG.replace("FFFF0000", "FFFE0000"), strict=False)
    assert len(records) == 6 and "expected a mask in the byte order of the rows above" in problems[0].reason


def test_a_byte_order_that_no_mask_tells() -> None:
    assert route.parse("eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0") == [
        plain("0.0.0.0", "10.0.0.1", "0.0.0.0", "UG", "eth0", mss=0, window=0, irtt=0)
    ]


PROC6 = """\
20010db8aaaabbbb0000000000000000 40 00000000000000000000000000000000 00 fe80000000000000123456789abcdef0 05f5e100 00000003 00000000 00000003 averylongname15
20010db8000800000000000000000000 30 20010db8000000000000000000000000 20 20010db8000000000000000000000002 00000400 00000003 00000000 00450003     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
fe80000000000000002ffffffe13d52c 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000004 00000000 80200001     eth0
"""  # noqa: E501


def test_proc_net_ipv6_route() -> None:
    assert route.parse(PROC6) == [
        {"destination": "2001:db8:aaaa:bbbb::/64", "next_hop": "fe80::1234:5678:9abc:def0", "flags": "UG", "metric": 100000000,
         "ref": 3, "use": 0, "iface": "averylongname15"},
        {"destination": "2001:db8:8::/48", "source": "2001:db8::/32", "next_hop": "2001:db8::2", "flags": "UGDAe",
         "metric": 1024, "ref": 3, "use": 0, "iface": "eth0"},
        {"destination": "::/0", "next_hop": "::", "flags": "!n", "metric": 4294967295, "ref": 1, "use": 0, "iface": "lo"},
        {"destination": "fe80::2f:ffff:fe13:d52c/128", "next_hop": "::", "flags": "Un", "metric": 0, "ref": 4, "use": 0,
         "iface": "eth0", "bits": 0x80000000},
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line,reason",
    [
        ("Kernel-IP-Routentabelle", "capture with LC_ALL=C"),
        ("Ziel            Router          Genmask         Flags Metric Ref    Use Iface", "capture with LC_ALL=C"),
        ("Destination     Passerelle      Genmask         Indic Metric Ref    Use Iface", "capture with LC_ALL=C"),
        ("カーネルIP経路テーブル", "capture with LC_ALL=C"),
        ("INET (IPv4) not configured in this system.", "expected a row of a routing table"),
        ("default         0.0.0.0         255.255.255.0   U     0      0        0 eth0", "capture with -n"),
        ("10.0.0.0        0.0.0.0         255.0.255.0     U     0      0        0 eth0", "expected a row"),
        ("10.0.0.0        0.0.0.0         255.255.0.0     Z     0      0        0 eth0", "expected a row"),
        ("10.0.0.0        0.0.0.0         255.255.0.0     U     x      0        0 eth0", "expected a row"),
        ("10.0.0.0        0.0.0.0         255.255.0.0     U     ²      0        0 eth0", "expected a row"),
        ("10.0.0.0        0.0.0.0         255.255.0.0     U     0      0        0", "expected a row"),
        ("eth0\t00000000\t0100000A\tXYZ3\t0\t0\t0\t00000000\t0\t0\t0", "hexadecimal"),
        ("eth0\t00000000\t0100000A\t0003\t0\t0\tx\t00000000\t0\t0\t0", "not a number"),
        ("eth0\t00000000\t0100000A\t0003\t0\t0\t0\tFF00FF00\t0\t0\t0", "expected a mask"),
        (PROC6.split("\n")[0].replace("05f5e100", "05f5e1xx"), "hexadecimal"),
    ],
)
def test_what_is_refused(line: str, reason: str) -> None:
    records, [problem] = route.parse(f"{NET_TOOLS[0][0]}\n{line}\n", strict=False)
    assert len(records) == 1 and reason in problem.reason and problem.line == line
    with pytest.raises(parsers.ParseError, match="line 2: "):
        route.parse(f"{NET_TOOLS[0][0]}\n{line}\n")


def test_rows_below_a_translated_header_are_told_by_their_shape() -> None:
    german = "Kernel-IP-Routentabelle\nZiel            Router          Genmask         Flags   MSS Fenster irtt Iface\n"
    records, problems = route.parse(german + E_ROWS, strict=False)
    assert records == E_RECORDS and [problem.line_number for problem in problems] == [1, 2]


# -- to and from the schema of `ip route` --------------------------------------------------------------------------


def test_as_routes() -> None:
    rows = route.parse(TITLE + PLAIN + "".join(line + "\n" for line, _ in NET_TOOLS))
    assert route.as_routes(rows)[:8] == [
        {"dst": "default", "gateway": "192.0.2.1", "dev": "eth0", "flags": []},
        {"dst": "default", "gateway": "192.0.2.1", "dev": "eth0", "flags": []},
        {"type": "unreachable", "dst": "10.2.0.0/16", "flags": []},
        {"type": "unreachable", "dst": "10.2.3.4", "flags": []},
        {"type": "blackhole", "dst": "10.3.0.0/16", "flags": []},
        {"dst": "203.0.113.6", "gateway": "192.0.2.20", "dev": "eth0", "metric": 2147483648, "flags": []},
        {"dst": "203.0.113.7", "gateway": "192.0.2.20", "dev": "eth0", "metric": 4294967295, "flags": []},
        {"dst": "203.0.113.8", "gateway": "192.0.2.20", "dev": "eth0", "metric": 4294967295, "flags": []},
    ]
    assert {"type": "unreachable", "dst": "10.2.0.0/16", "flags": []} in route.as_routes(rows)[8:]
    assert route.as_routes(route.parse(E_ROWS))[2]["metrics"] == [{"window": 5000, "rtt": 100, "advmss": 1000}]
    assert route.as_routes(route.parse(PROC6)) == [
        {"dst": "2001:db8:aaaa:bbbb::/64", "gateway": "fe80::1234:5678:9abc:def0", "dev": "averylongname15",
         "metric": 100000000, "flags": []},
        {"dst": "2001:db8:8::/48", "from": "2001:db8::/32", "gateway": "2001:db8::2", "dev": "eth0", "metric": 1024,
         "flags": []},
        {"type": "local", "dst": "fe80::2f:ffff:fe13:d52c", "dev": "eth0", "metric": 0, "flags": []},
    ]  # fmt: skip
    cached = "Source Destination Gateway Flags Metric Ref Use Iface\n10.0.0.1 8.8.8.8 10.0.0.254 UGi 0 0 3 eth0\n"
    assert route.as_routes(route.parse(cached)) == [
        {"dst": "8.8.8.8", "from": "10.0.0.1", "gateway": "10.0.0.254", "dev": "eth0", "flags": []}
    ]


def test_from_routes() -> None:
    routes: list[dict[str, Any]] = [
        {"dst": "default", "gateway": "10.0.0.1", "dev": "eth0", "metric": 100, "flags": []},
        {"dst": "10.8.0.0/16", "via": {"family": "inet6", "host": "2001:db8::20"}, "dev": "eth0", "flags": []},
        {"type": "prohibit", "dst": "10.4.0.1", "flags": []},
        {"type": "local", "dst": "10.0.0.7", "dev": "eth0", "table": "local", "flags": []},
        {"dst": "100", "via": {"family": "inet", "host": "10.0.0.2"}, "dev": "eth0", "flags": []},  # MPLS
        {"dst": "default", "dev": "eth0", "metric": 1024, "flags": [], "pref": "medium", "expires": 7},
        {"dst": "2001:db8:6::/48", "metric": 1024, "flags": [], "nexthops": [{"gateway": "fe80::1", "dev": "a"},
                                                                             {"gateway": "fe80::2", "dev": "b"}]},
    ]  # fmt: skip
    assert route.from_routes(routes) == [
        plain("0.0.0.0", "10.0.0.1", "0.0.0.0", "UG", "eth0", metric=100),
        plain("10.8.0.0", "0.0.0.0", "255.255.0.0", "UG", "eth0"),
        plain("10.4.0.1", "-", "255.255.255.255", "!H", None, ref=None),
        {"destination": "::/0", "next_hop": "::", "flags": "Ue", "metric": 1024, "iface": "eth0"},
        {"destination": "2001:db8:6::/48", "next_hop": "fe80::1", "flags": "UG", "metric": 1024, "iface": "a"},
        {"destination": "2001:db8:6::/48", "next_hop": "fe80::2", "flags": "UG", "metric": 1024, "iface": "b"},
    ]


LAB = """\
link set lo up
link add eth0 type veth peer name p0
link add averylongname15 type veth peer name p1
link set eth0 up
link set p0 up
link set averylongname15 up
link set p1 up
addr add 192.0.2.1/24 dev eth0
addr add 2001:db8::1/64 dev eth0 nodad
addr add 198.51.100.1 peer 198.51.100.2/32 dev averylongname15
route add default via 192.0.2.254
route add 0.0.0.0/1 via 192.0.2.253
route add unreachable 10.2.0.0/16
route add unreachable 10.2.3.4
route add blackhole 10.3.0.0/16
route add prohibit 10.4.0.0/16 metric 5
route add throw 10.5.0.0/16
route add 10.6.0.0/16 nexthop via 192.0.2.2 dev eth0 nexthop via 192.0.2.3 dev eth0
route add 10.8.0.0/16 via inet6 2001:db8::20 dev eth0
route add 10.9.0.0/16 via 192.0.2.20 advmss 1000 window 5000 rtt 100ms
route add 203.0.113.6 via 192.0.2.20 metric 2147483648
route add 203.0.113.7 via 192.0.2.20 metric 4294967295
route add default via 2001:db8::fe
route add 2001:db8:6::/48 nexthop via 2001:db8::2 dev eth0 nexthop via 2001:db8::3 dev eth0
route add unreachable 2001:db8:dead::/48
route add blackhole 2001:db8:beef::/48
route add 2001:db8:7::/48 via 2001:db8::2 expires 1000
route add ::ffff:192.0.2.5/128 via 2001:db8::20
route add 2001:db8:9::5 via 2001:db8::20
"""
_SAID_AS = {"prohibit": "unreachable", "throw": "blackhole"}


def _as_far_as_route_says(routes: list[Any], six: bool) -> list[dict[str, Any]]:
    """What `ip -j route` says, without what `route -n` has no words for."""
    found = []
    for one in routes:
        for hop in one.get("nexthops", [one])[: None if six else 1]:
            said = {key: one[key] for key in ("type", "dst", "metric", "flags") if key in one}
            said.update({key: hop[key] for key in ("gateway", "dev") if key in hop})
            if "type" in said:
                said["type"] = "unreachable" if six and said["type"] == "blackhole" else said["type"]
                said["type"] = _SAID_AS.get(said["type"], said["type"])
            found.append(said)
    return found


def _sorted(records: list[Any]) -> list[Any]:
    return sorted(records, key=lambda record: sorted(map(str, record.items())))


@pytest.mark.root
def test_route_and_ip_route_agree_on_a_real_namespace(rooms: Rooms) -> None:
    if shutil.which("route") is None:
        pytest.skip("net-tools is not installed")
    red = rooms.add("red")
    rooms.batch(LAB, red)
    inside = ["ip", "netns", "exec", red]
    routes = ip_route.parse(rooms.ip(red, "-j", "route"))
    printed = route.parse(run([*inside, "route", "-n"]))
    assert len(printed) == 14
    assert route.from_routes(routes) == printed
    assert route.as_routes(printed) == _as_far_as_route_says(routes, six=False)

    extended = route.as_routes(route.parse(run([*inside, "route", "-ne"])))
    assert [one["dst"] for one in extended] == [one["dst"] for one in routes]
    [metrics] = [one["metrics"] for one in extended if "metrics" in one]
    assert metrics == [{"window": 5000, "rtt": 100, "advmss": 1000}]
    for words in (["netstat", "-ren"], ["route", "-nee"], ["cat", "/proc/net/route"], ["busybox", "route", "-n"]):
        if shutil.which(words[0]) is None:
            continue
        rows = route.parse(subprocess.run([*inside, *words], capture_output=True, text=True).stdout)
        for one in (others := route.as_routes(rows)):
            one.pop("metrics", None)
            if words[-1] == "-nee" and one.get("dev") == "averyl":
                one["dev"] = "averylongname15"
        assert others == route.as_routes(printed), words


@pytest.mark.root
def test_route_and_ip_route_agree_on_ipv6(rooms: Rooms) -> None:
    if shutil.which("route") is None:
        pytest.skip("net-tools is not installed")
    red = rooms.add("red")
    rooms.batch(LAB, red)
    inside = ["ip", "netns", "exec", red]
    wanted = _as_far_as_route_says(list(ip_route.parse(rooms.ip(red, "-j", "-6", "route", "show", "table", "all"))), six=True)
    for words in (["route", "-6n"], ["cat", "/proc/net/ipv6_route"], ["busybox", "route", "-A", "inet6"]):
        if shutil.which(words[0]) is None:
            continue
        printed = route.parse(run([*inside, *words]))
        assert _sorted(route.as_routes(printed)) == _sorted(wanted), words
    own = [row for row in route.from_routes(ip_route.parse(rooms.ip(red, "-j", "-6", "route"))) if row["next_hop"] != "::"]
    shown = [
        {key: value for key, value in row.items() if key not in ("ref", "use")}
        for row in route.parse(run([*inside, "route", "-6n"]))
    ]
    assert own and all(row in shown for row in own)
