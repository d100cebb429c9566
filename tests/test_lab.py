"""Labs on a private host: made, compared, broken, killed, taken down, with the host as it was."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from private_host import ROOT, PrivateHost, private_host  # noqa: F401

pytestmark = pytest.mark.root

# What a host has that is none of a lab's business.
OTHERS = """
ip netns add other
ip link add up0 type veth peer name up1 netns other
ip link set up0 addrgenmode none
ip -n other link set up1 addrgenmode none
ip address add 10.99.0.1/24 dev up0
ip link set up0 up
ip -n other address add 10.99.0.2/24 dev up1
ip -n other link set up1 up
ip -n other link set lo up
ip route add default via 10.99.0.2
ip rule add priority 77 from 10.99.0.0/24 lookup 77
ip route add blackhole 10.98.0.0/16 table 77
ip neigh add 10.99.0.77 lladdr 02:00:00:00:00:77 dev up0 nud permanent
mkdir -p /etc/netns/other
echo nameserver 10.99.0.2 >/etc/netns/other/resolv.conf
if command -v nft >/dev/null; then
    printf 'table ip mine {\n chain c { type filter hook forward priority 0; }\n}\n' | nft -f -
fi
until ip link show up0 | grep -q 'state UP' && ip -n other link show up1 | grep -q 'state UP'; do sleep 0.02; done
"""


@pytest.fixture
def host(private_host: PrivateHost) -> PrivateHost:  # noqa: F811
    private_host.sh(OTHERS)
    return private_host


def has_nat(host: PrivateHost) -> bool:
    return host.run("sh", "-c", "command -v nft || command -v iptables", check=False).returncode == 0


def lab_file(tmp_path: Path, text: str, name: str = "test.toml") -> str:
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def settled(snapshot: str) -> str:
    """Without the addresses that the kernel gives to links by itself, in its own time."""
    return "\n".join(line.rstrip() for line in snapshot.split("\n") if "fe80:" not in line and "ff00:" not in line)


READY = ["two-rooms", "bridge", "outside", "router"]


@pytest.mark.parametrize("name", READY)
def test_up_twice_status_and_down(host: PrivateHost, name: str) -> None:
    if name == "outside" and not has_nat(host):
        pytest.skip("neither nft nor iptables is installed")
    before = host.snapshot()
    up = host.netwrap("lab", "up", name)
    assert up.returncode == 0, up.stderr
    assert up.stdout.startswith("+ namespace red\n")
    made = settled(host.snapshot())
    again = host.netwrap("lab", "up", name)
    assert (again.returncode, again.stdout, again.stderr) == (0, f"lab {name} is up: nothing to change\n", "")
    assert settled(host.snapshot()) == made
    status = host.netwrap("lab", "status", name)
    assert (status.returncode, status.stdout) == (0, f"lab {name}: the host is as the file says\n")
    down = host.netwrap("lab", "down", name)
    assert down.returncode == 0 and down.stderr == ""
    assert host.snapshot() == before
    nothing = host.netwrap("lab", "down", name)
    assert (nothing.returncode, nothing.stdout) == (0, f"lab {name} is not up: nothing to remove\n")


@pytest.mark.parametrize("name", READY)
def test_killed_after_each_command(host: PrivateHost, name: str) -> None:
    if name == "outside" and not has_nat(host):
        pytest.skip("neither nft nor iptables is installed")
    done = host.run(sys.executable, str(ROOT / "tests" / "lab_killed.py"), name)
    assert re.fullmatch(r"commands: \d+, tried: \d+\n", done.stdout), done.stdout
