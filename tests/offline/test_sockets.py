"""Sockets, nexthops and settings in a capture: commands answered from it, and listeners in `find` and `report`."""

from __future__ import annotations

import json
from pathlib import Path

from rooms import Netwrap

from netwrap.model.build import build
from netwrap.model.section import Section

LISTENERS = """\
udp UNCONN 0 0 0.0.0.0%v0:68 0.0.0.0:* users:(("dhclient",pid=70,fd=9))
tcp LISTEN 0 128 127.0.0.1:5432 0.0.0.0:* users:(("postgres",pid=71,fd=3))
tcp LISTEN 0 511 *:80 *:* users:(("nginx",pid=72,fd=6),("nginx",pid=73,fd=6))
"""


def captured(folder: Path, *files: tuple[str, str]) -> str:
    """A folder of texts of the namespaces red and blue."""
    for name, text in files:
        path = folder / "namespaces" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(folder)


def records(netwrap: Netwrap, *words: str) -> list[dict[str, object]]:
    done = netwrap(*words, "--format", "json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def test_listeners_are_answered_from_what_the_probe_took(netwrap: Netwrap, tmp_path: Path) -> None:
    source = captured(tmp_path, ("red/ss -H -lntup.txt", LISTENERS), ("blue/ip_link.txt", "1: lo: <UP> mtu 9\n"))
    found = records(netwrap, "--from", source, "--netns", "red", "ss", "-tlnp", "sport", "=", ":5432")
    assert found == [{
        "netns": "red", "netid": "tcp", "state": "LISTEN", "recv_q": 0, "send_q": 128, "local": "127.0.0.1", "local_port": 5432,
        "peer": "0.0.0.0", "peer_port": "*", "users": [{"name": "postgres", "pid": 71, "fd": 3}],
    }]  # fmt: skip
    assert [row["local_port"] for row in records(netwrap, "--from", source, "--netns", "red", "ss", "-uln")] == [68]
    connected = netwrap("--from", source, "--netns", "red", "ss", "-tan")
    assert "not in this capture: connected tcp sockets" in connected.stderr
    nowhere = netwrap("--from", source, "--netns", "blue", "ss", "-tln")
    assert nowhere.returncode != 0 and "not in this capture: sockets" in nowhere.stderr


def test_find_tells_in_which_namespace_who_listens(netwrap: Netwrap, tmp_path: Path) -> None:
    source = captured(
        tmp_path, ("red/ss -H -lntup.txt", LISTENERS), ("blue/ss -tlnp.txt", "LISTEN 0 9 10.0.0.1:5432 0.0.0.0:*\n")
    )
    by_port = records(netwrap, "find", ":5432", "--from", source)
    assert [(row["netns"], row["role"], row["what"]) for row in by_port] == [
        ("blue", "listener", "tcp LISTEN 10.0.0.1:5432"),
        ("red", "listener", "tcp LISTEN 127.0.0.1:5432 postgres (71)"),
    ]
    by_name = records(netwrap, "find", "nginx", "--from", source)
    assert [(row["netns"], row["what"]) for row in by_name] == [("red", "tcp LISTEN *:80 nginx (72), nginx (73)")]
    by_both = records(netwrap, "find", "10.0.0.1:5432", "--from", source)
    assert [row["netns"] for row in by_both] == ["blue"]
    assert [row["netns"] for row in records(netwrap, "find", "10.0.0.9:80", "--from", source)] == ["red"]  # bound to all


def test_report_of_a_namespace_lists_its_listeners(netwrap: Netwrap, tmp_path: Path) -> None:
    source = captured(tmp_path, ("red/ss -H -lntup.txt", LISTENERS), ("blue/ip_link.txt", "1: lo: <UP> mtu 9\n"))
    text = netwrap("report", "red", "--from", source).stdout
    rows = [line.split() for line in text.partition("listeners:\n")[2].split("\n\n")[0].split("\n")[2:]]
    assert rows[0] == ["udp", "0.0.0.0", "68", "v0", "dhclient", "(70)"]
    assert rows[1] == ["tcp", "127.0.0.1", "5432", "postgres", "(71)"]


def test_a_namespace_has_each_socket_once() -> None:
    udp6 = f"  9: {'0' * 32}:0222 {'0' * 32}:0000 07 00000000:00000000 00:00000000 00000000     0        0 7 2 0000000036ed8279 0"
    host = build([
        Section("red", "ss -H -lntup", LISTENERS),
        Section("red", "netstat -tl", "Proto Recv-Q Send-Q Local Address\ntcp6 0 0 :::80 :::* LISTEN"),
        Section("red", "cat /proc/net/udp6", udp6),
    ])  # fmt: skip
    red = host.find("red")
    assert [(it["netid"], it["local"], it["local_port"]) for it in red.listeners or ()] == [
        ("udp", "0.0.0.0", 68), ("tcp", "127.0.0.1", 5432), ("tcp", "*", 80), ("udp", "::", 546),
    ]  # fmt: skip
    assert (red.listeners or [])[2]["users"][0] == {"name": "nginx", "pid": 72, "fd": 6}
    assert build([Section("red", "ip link", "1: lo: <UP> mtu 9")]).find("red").listeners is None


def test_switches_nexthops_and_groups_are_tables_of_a_namespace() -> None:
    host = build([
        Section("red", "sysctl -a", "net.ipv4.ip_forward = 1\nnet.ipv4.conf.eth0/7.rp_filter = 2\n"),
        Section("red", "ip -4 netconf show", "inet all forwarding on rp_filter off\n"),
        Section("red", "ip -6 netconf show", "inet6 all forwarding off\n"),
        Section("red", "ip nexthop", "id 10 group 1/2,3\nid 1 via 10.0.0.2 dev v0 scope link\n"),
        Section("red", "ip maddr", "1:\tlo\n\tinet  224.0.0.1\n"),
    ])  # fmt: skip
    red = host.find("red")
    assert red.sysctls == {"net.ipv4.ip_forward": "1", "net.ipv4.conf.eth0/7.rp_filter": "2"}
    assert sorted((it["family"], it["forwarding"]) for it in red.netconf or ()) == [("inet", True), ("inet6", False)]
    assert [it["id"] for it in red.nexthops or ()] == [10, 1]
    assert (red.maddrs or [])[0]["maddr"] == [{"family": "inet", "address": "224.0.0.1"}]
    assert host.problems == []


def test_a_host_of_which_only_ifconfig_is_known(netwrap: Netwrap, tmp_path: Path) -> None:
    text = "v0: flags=65<UP,RUNNING>  mtu 1500\n        inet 10.0.0.1  netmask 255.255.255.0\n"
    text += "        ether 02:00:00:00:00:01  txqueuelen 9\n"
    source = captured(tmp_path, ("blue/ip_link.txt", "1: lo: <UP> mtu 9\n"), ("red/ifconfig -a.txt", text))
    assert [row["what"] for row in records(netwrap, "find", "10.0.0.1", "--from", source)] == ["10.0.0.1/24 on v0"]
    assert records(netwrap, "--from", source, "--netns", "red", "ifconfig", "v0")[0]["address"] == "02:00:00:00:00:01"
