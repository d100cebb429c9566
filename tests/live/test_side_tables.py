"""`ss`, `sysctl`, `ip nexthop`, `ip netconf`, `ip maddr`, `ifconfig`, `brctl`: the outputs of the installed programs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from rooms import Netwrap, Rooms

from netwrap import brctl, ifconfig, ip_address, ip_maddr, ip_netconf, ip_nexthop, ss

_LISTEN = """
import socket, sys
tcp, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
tcp.bind(("10.0.0.1", 5432)); tcp.listen(); udp.bind(("0.0.0.0", 53))
print("up", flush=True); sys.stdin.read()
"""


@pytest.fixture
def red(rooms: Rooms) -> Iterator[str]:
    """A cabled namespace in which a process listens."""
    name = rooms.cabled("red")
    words = ["ip", "netns", "exec", name, sys.executable, "-c", _LISTEN]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"up\n"
        yield name
        process.communicate(b"")


def test_listeners_of_a_namespace_with_their_process(red: str, netwrap: Netwrap) -> None:
    found = [(it["netid"], it["local"], it["local_port"], len(it["users"])) for it in ss.show(red, listening=True)]
    assert found == [("udp", "0.0.0.0", 53, 1), ("tcp", "10.0.0.1", 5432, 1)]
    done = netwrap("--netns", red, "ss", "-ltn", "--format", "json")
    assert [(it["netns"], it["netid"], it["local_port"]) for it in json.loads(done.stdout)] == [(red, "tcp", 5432)]
    everywhere = netwrap(
        "--all-netns", "ss", "-tlnp", "--where", "local_port=5432", "--columns", "netns,local", "--format", "csv"
    )
    assert everywhere.stdout.split() == ["netns,local", f"{red},10.0.0.1"]
    assert f"{red}" in netwrap("find", ":5432").stdout


def add_nexthop(netns: str, *words: str) -> None:
    """Add a nexthop; the kernel refuses one until it has seen the carrier of the device."""
    argv = ["ip", "-n", netns, "nexthop", "add", *words]
    for _ in range(200):
        if subprocess.run(argv, capture_output=True).returncode == 0:
            return
        time.sleep(0.05)
    raise AssertionError(f"{argv} fails")


def test_text_and_json_of_the_installed_ip_are_the_same(red: str, rooms: Rooms) -> None:
    import parsers

    add_nexthop(red, "id", "1", "via", "10.0.0.2", "dev", "v0")
    add_nexthop(red, "id", "2", "group", "1")
    for noun in ("nexthop", "netconf", "maddr"):
        text, as_json = rooms.ip(red, noun, "show"), rooms.ip(red, "-j", noun, "show")
        assert parsers.parse(f"ip_{noun}", text) == parsers.parse(f"ip_{noun}", as_json) != []
    assert [it["id"] for it in ip_nexthop.show(red)] == [1, 2]
    assert ("inet", "v0") in [(it["family"], it["interface"]) for it in ip_netconf.show(red)]
    assert {"lo", "v0", "v1"} == {it["ifname"] for it in ip_maddr.show(red)}


@pytest.mark.skipif(shutil.which("ifconfig") is None, reason="no ifconfig here")
def test_ifconfig_says_what_ip_address_says(red: str) -> None:
    keys = ("family", "local", "prefixlen")
    by_ifconfig = {
        it["ifname"]: sorted([entry.get(key) for key in keys] for entry in it["addr_info"]) for it in ifconfig.show(red)
    }
    by_ip = {it["ifname"]: sorted([entry.get(key) for key in keys] for entry in it["addr_info"]) for it in ip_address.show(red)}
    assert by_ifconfig == by_ip


@pytest.mark.skipif(shutil.which("brctl") is None, reason="no brctl here")
def test_brctl(rooms: Rooms) -> None:
    red = rooms.cabled("red")
    rooms.batch("link add br0 address 02:00:00:00:00:10 type bridge\nlink set v0 master br0\nlink set br0 up\n", red)
    assert brctl.show(red) == [{"ifname": "br0", "id": "8000.020000000010", "stp": False, "interfaces": ["v0"]}]
    assert any(it["local"] and it["port"] == 1 for it in brctl.showmacs("br0", red))
    assert [port["ifname"] for port in brctl.showstp("br0", red)[0]["ports"]] == ["v0"]


def test_switches_of_a_namespace(red: str, netwrap: Netwrap) -> None:
    done = netwrap("--netns", red, "sysctl", "net.ipv4.ip_forward", "--format", "json")
    assert json.loads(done.stdout) == [{"netns": red, "key": "net.ipv4.ip_forward", "value": "0"}]
