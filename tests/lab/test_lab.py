"""Labs on a private host: made, compared, broken, killed, taken down; afterwards the host is as before."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from private_host import ROOT, PrivateHost

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
def host(private_host: PrivateHost) -> PrivateHost:
    private_host.sh(OTHERS)
    return private_host


def has_nat(host: PrivateHost) -> bool:
    return host.run("sh", "-c", "command -v nft || command -v iptables", check=False).returncode == 0


def lab_file(tmp_path: Path, text: str, name: str = "test.toml") -> str:
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def settled(snapshot: str) -> str:
    """Remove the addresses that the kernel itself gives to links, some time later."""
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


@pytest.mark.parametrize("name, what", [("outside", "up"), ("outside", "again"), ("router", "down")])
def test_killed_after_each_kind_of_command(host: PrivateHost, name: str, what: str) -> None:
    if name == "outside" and not has_nat(host):
        pytest.skip("neither nft nor iptables is installed")
    done = host.run(sys.executable, str(ROOT / "tests" / "support" / "lab_killed.py"), name, what)
    assert re.fullmatch(r"commands: \d+\n", done.stdout), done.stdout


def test_killed_with_iptables(host: PrivateHost) -> None:
    if host.run("sh", "-c", "command -v iptables", check=False).returncode != 0:
        pytest.skip("iptables is not installed")
    host.sh('nft=$(command -v nft || true); [ -z "$nft" ] || mount --bind /run/nothing $nft')
    host.sh("iptables -t nat -A POSTROUTING -s 10.3.0.0/16 -j MASQUERADE")
    done = host.run(sys.executable, str(ROOT / "tests" / "support" / "lab_killed.py"), "outside")
    assert re.fullmatch(r"commands: \d+\n", done.stdout), done.stdout


def test_everything_of_a_file_killed_after_each_command(host: PrivateHost, tmp_path: Path) -> None:
    done = host.run(sys.executable, str(ROOT / "tests" / "support" / "lab_killed.py"), lab_file(tmp_path, FULL))
    assert re.fullmatch(r"commands: \d+\n", done.stdout), done.stdout


# -- the outside ----------------------------------------------------------------------------------------------------

# A host with a way out: the namespace `world` answers at 203.0.113.1, and knows no way back to 192.168.15.0/24.
WORLD = """
ip netns add world
ip link add up0 type veth peer name up1 netns world
ip link set up0 addrgenmode none
ip -n world link set up1 addrgenmode none
ip address add 203.0.113.2/24 dev up0
ip link set up0 up
ip -n world address add 203.0.113.1/24 dev up1
ip -n world link set up1 up
ip route add default via 203.0.113.1
until ip link show up0 | grep -q 'state UP' && ip -n world link show up1 | grep -q 'state UP'; do sleep 0.02; done
"""


@pytest.mark.parametrize("tool", ["nft", "iptables"])
def test_outside_is_reached_through_nat(private_host: PrivateHost, tool: str) -> None:
    host = private_host
    host.sh(WORLD)
    if host.run("sh", "-c", f"command -v {tool}", check=False).returncode != 0:
        pytest.skip(f"{tool} is not installed")
    env = {}
    if tool == "iptables":  # a PATH in which there is no nft
        host.sh("mkdir /run/bin; for f in /usr/sbin/* /usr/bin/*; do [ ${f##*/} = nft ] || ln -sf $f /run/bin/; done")
        host.sh("mount --bind /run/nothing /usr/sbin/nft")  # a file that cannot be executed
        env = {"PATH": "/run/bin"}
    before = host.snapshot()
    up = host.netwrap("lab", "up", "outside", env=env)
    assert up.returncode == 0, up.stderr
    verify = host.netwrap("lab", "verify", "outside", env=env)
    assert verify.returncode == 0, verify.stdout
    assert "ok    red -> outside (203.0.113.1)\nok    blue -> outside (203.0.113.1)\n" in verify.stdout
    assert host.sh("ip netns exec red cat /etc/resolv.conf").split("\n")[1] == "nameserver 1.1.1.1"
    assert host.sh("ip netns exec red getent ahostsv4 blue.lab").split()[:3:2] == ["192.168.15.2", "blue.lab"]
    assert host.netwrap("lab", "status", "outside", env=env).returncode == 0
    host.sh("sysctl -q -w net.ipv4.ip_forward=0")
    broken = host.netwrap("lab", "verify", "outside", env=env)
    assert broken.returncode == 1
    assert "red -> outside (203.0.113.1): (root) does not forward IPv4" in broken.stdout
    status = host.netwrap("lab", "status", "outside", env=env)
    assert (status.returncode, status.stdout.split("\n")[0]) == (1, "~ host: sysctl net.ipv4.ip_forward = 1 (was 0)")
    assert host.netwrap("lab", "up", "outside", env=env).returncode == 0
    if tool == "nft":
        host.sh("nft 'add table ip mine; add chain ip mine f { type filter hook forward priority 0; policy drop; }'")
        broken = host.netwrap("lab", "verify", "outside")
        assert "red -> outside (203.0.113.1): ip mine f: policy drop in (root) drops" in broken.stdout
        host.sh("nft delete table ip mine")
        host.sh("nft delete table ip $(nft list tables | grep -o 'netwrap-outside-.*')")
        broken = host.netwrap("lab", "verify", "outside")
        assert "FAIL  red -> outside (203.0.113.1): the lab's NAT is not there in host\n" in broken.stdout
    assert host.netwrap("lab", "down", "outside", env=env).returncode == 0
    after = host.snapshot()
    if tool == "iptables":  # the tables that iptables once used stay, empty
        assert "NETWRAP" not in after
        return
    assert after == before


def test_without_a_firewall_tool_nat_is_refused(private_host: PrivateHost) -> None:
    host = private_host
    host.sh("mkdir /run/bin; for f in sh ip sysctl; do ln -s $(command -v $f) /run/bin/; done")
    for tool in ("nft", "iptables"):
        path = host.run("sh", "-c", f"command -v {tool}", check=False).stdout.strip()
        if path:
            host.sh(f"mount --bind /run/nothing {path}")  # a file that cannot be executed
    before = host.snapshot()
    up = host.netwrap("lab", "up", "outside", env={"PATH": "/run/bin"})
    assert (up.returncode, up.stdout) == (127, "")
    assert "NAT needs nft (package nftables) or iptables, and neither is installed" in up.stderr
    assert host.snapshot() == before


def test_forwarding_is_restored_by_the_last_lab_that_needs_it(private_host: PrivateHost, tmp_path: Path) -> None:
    host = private_host
    if not has_nat(host):
        pytest.skip("neither nft nor iptables is installed")
    one, other = (
        lab_file(tmp_path, f'[namespaces.{name}]\n[[nat]]\nsources = ["10.{number}.0.0/16"]\n', f"{name}.toml")
        for number, name in enumerate(("one", "other"))
    )
    forwarding = "sysctl -n net.ipv4.ip_forward"
    for first, second in ((one, other), (other, one)):
        assert host.sh(forwarding) == "0\n"
        for file in (one, other):
            assert host.netwrap("lab", "up", file).returncode == 0
        assert host.sh(forwarding) == "1\n"
        assert host.netwrap("lab", "down", first).returncode == 0
        assert host.sh(forwarding) == "1\n"
        assert host.netwrap("lab", "status", second).returncode == 0
        assert host.netwrap("lab", "down", second).returncode == 0
    assert host.sh(forwarding) == "0\n"
    host.sh("sysctl -q -w net.ipv4.ip_forward=1")
    assert host.netwrap("lab", "up", one).returncode == 0
    assert host.netwrap("lab", "down", one).returncode == 0
    assert host.sh(forwarding) == "1\n"


# -- a changed file -------------------------------------------------------------------------------------------------

FULL = """
name = "full"
nameservers = ["192.0.2.53"]
[names]
"one.lab" = ["10.1.0.1", "fd00:1::1"]
[namespaces.one]
routes = [{ to = "10.9.0.0/16", via = "10.1.0.2" }, { to = "fd00:9::/64", via = "fd00:1::2" },
          { to = "10.8.0.0/16", type = "blackhole", table = 100 }]
neighbours = [{ to = "10.1.0.77", mac = "02:00:00:00:00:77", dev = "eth0" }, { to = "10.1.0.78", dev = "eth0", proxy = true }]
rules = [{ priority = 100, from = "10.1.0.0/24", table = 100 }, { priority = 101, to = "fd00:8::/64", action = "prohibit" }]
start = [["sleep", "1000"]]
[namespaces.one.sysctls]
"net.ipv4.conf.eth0.arp_ignore" = 1
"net.ipv4.tcp_rmem" = "4096 131072 6291456"
[namespaces.two]
[namespaces.sw]
[host]
routes = [{ to = "10.77.0.0/16", dev = "to-one" }, { to = "default", via = "10.5.0.1", table = 77 }]
rules = [{ priority = 900, from = "10.5.0.0/24", table = 77 }]
neighbours = [{ to = "10.5.0.9", mac = "02:00:00:00:00:09", dev = "to-one" }]
[bridges.core]
netns = "sw"
dev = "br0"
mtu = 9000
addresses = ["10.1.0.254/24"]
[[links]]
mtu = 1400
endpoints = ["core:p1",
    { at = "one:eth0", mac = "02:00:00:00:00:01", addresses = ["10.1.0.1/24", "10.1.0.11/24", "fd00:1::1/64"] }]
[[links]]
endpoints = ["core:p2", { at = "two:eth0", addresses = ["10.1.0.2/24", "fd00:1::2/64"] }]
[[links]]
endpoints = [{ at = "host:to-one", addresses = ["10.5.0.2/24"] }, { at = "one:up", addresses = ["10.5.0.1/24"] }]
"""


def test_all_that_a_file_can_say(host: PrivateHost, tmp_path: Path) -> None:
    file = lab_file(tmp_path, FULL)
    before = host.snapshot()
    up = host.netwrap("lab", "up", file)
    assert up.returncode == 0, up.stderr
    again = host.netwrap("lab", "up", file)
    assert (again.returncode, again.stdout, again.stderr) == (0, "lab full is up: nothing to change\n", "")
    assert host.netwrap("lab", "status", file).stdout.startswith("lab full: the host is as the file says\n")
    assert host.sh("ip netns pids one | xargs -n 1 ps -o args= -p") == "sleep 1000\n"
    assert host.sh("ip -n one rule show priority 100") == "100:\tfrom 10.1.0.0/24 lookup 100\n"
    assert host.sh("ip -n one -o link show eth0").split("mtu ")[1].startswith("1400 ")
    assert host.sh("ip -n sw -o link show br0").split("mtu ")[1].startswith("9000 ")
    assert host.sh("ip route show 10.77.0.0/16").strip() == "10.77.0.0/16 dev to-one proto 110 scope link"
    assert host.sh("ip netns exec one sysctl -n net.ipv4.conf.eth0.arp_ignore") == "1\n"
    verify = host.netwrap("lab", "verify", file)
    assert (verify.returncode, verify.stdout.count("ok ")) == (0, 6), verify.stdout
    assert host.netwrap("lab", "down", file).returncode == 0
    assert host.snapshot() == before


CHANGES = {  # what is replaced in FULL, by what, and the differences that it makes
    "an address more": ('"10.1.0.11/24"', '"10.1.0.11/24", "10.1.0.12/24"', ["+ one: address 10.1.0.12/24 on eth0"]),
    "an address less": ('"10.1.0.11/24", ', "", ["- one: address 10.1.0.11/24 on eth0"]),
    "another mtu": ("mtu = 1400", "mtu = 1300", ["~ sw: link p1 to one:eth0 master br0 mtu 1300 (mtu 1400 -> 1300)",
                                                 "~ one: link eth0 to sw:p1 mtu 1300 mac 02:00:00:00:00:01 (mtu 1400 -> 1300)"]),
    "another gateway": ('via = "10.1.0.2"', 'via = "10.1.0.3"',
                        ["~ one: route 10.9.0.0/16 via 10.1.0.3 (via 10.1.0.2 -> 10.1.0.3)"]),
    "a rule of another table": ("table = 100 }, { p", "table = 101 }, { p",
                                ["~ one: rule 100: from 10.1.0.0/24 table 101 (table 100 -> 101)"]),
    "another neighbour": ("00:77", "00:78", ["~ one: neighbour 10.1.0.77 is 02:00:00:00:00:78 on eth0 "
                                             "(mac 02:00:00:00:00:77 -> 02:00:00:00:00:78)"]),
    "STP": ('dev = "br0"', 'dev = "br0"\nstp = true', ["~ sw: bridge br0 stp mtu 9000 (stp no -> yes)"]),
    "another command": ('"1000"', '"2000"', ["~ one: command sleep 2000 (argv sleep 1000 -> sleep 2000)"]),
    "another name server": ("192.0.2.53", "192.0.2.54", ["~ one: resolv.conf of its own", "~ two: resolv.conf of its own",
                                                         "~ sw: resolv.conf of its own"]),
    "a host route less": ('{ to = "10.77.0.0/16", dev = "to-one" }, ', "", ["- host: route 10.77.0.0/16 dev to-one"]),
}  # fmt: skip


def test_a_changed_file_changes_only_what_differs(host: PrivateHost, tmp_path: Path) -> None:
    file = lab_file(tmp_path, FULL)
    before = host.snapshot()
    assert host.netwrap("lab", "up", file).returncode == 0
    pid = host.sh("ip netns pids one")
    for what, (old, new, differences) in CHANGES.items():
        assert old in FULL, what
        changed = lab_file(tmp_path, FULL.replace(old, new), "changed.toml")
        status = host.netwrap("lab", "status", changed)
        assert (status.returncode, status.stdout.partition("\nlab full: ")[0].split("\n")) == (1, differences), what
        up = host.netwrap("lab", "up", changed)
        assert (up.returncode, up.stdout.split("\n")[:-2]) == (0, differences), (what, up.stderr)
        again = host.netwrap("lab", "up", changed)
        assert (again.returncode, again.stdout) == (0, "lab full is up: nothing to change\n"), what
        assert host.netwrap("lab", "up", file).returncode == 0, what
        if what != "another command":
            assert host.sh("ip netns pids one") == pid, what
        else:
            pid = host.sh("ip netns pids one")
    # whole rooms and cables come and go
    without = FULL.replace("[namespaces.two]\n", "").replace(
        '[[links]]\nendpoints = ["core:p2", { at = "two:eth0", addresses = ["10.1.0.2/24", "fd00:1::2/64"] }]\n', ""
    )
    changed = lab_file(tmp_path, without, "changed.toml")
    up = host.netwrap("lab", "up", changed)
    assert up.returncode == 0
    assert sorted(up.stdout.split("\n")[:-2]) == sorted([
        "- namespace two", "- sw: link p2 to two:eth0 master br0", "- two: hosts of its own", "- two: resolv.conf of its own"
    ])  # fmt: skip
    assert host.netwrap("lab", "up", file).returncode == 0
    assert host.netwrap("lab", "status", file).returncode == 0
    assert host.netwrap("lab", "down", "full").returncode == 0
    assert host.snapshot() == before


# -- what fails is undone -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line, said",
    [
        ('[[links]]\nendpoints = ["one:x", "host:up0"]\n', ":{1}: link up0 is there already, and lab full did not make it"),
        ("[namespaces.other]\n", ":{1}: namespace other is there already, and lab full did not make it"),
        ('[namespaces.three]\nroutes = [{ to = "10.0.0.0/8", via = "10.1.0.1", dev = "lo" }]\n',
         ":{2}: ip -n three route add 10.0.0.0/8 via 10.1.0.1 dev lo: Error: Nexthop has invalid gateway.; everything that this "
         "run did is undone"),
        ('[namespaces.three]\nstart = [["false"]]\n',
         ":{2}: ip netns exec three false: exit status 1; everything that this run did is undone"),
        ('[namespaces.three]\nsysctls = { "net.ipv4.no_such_thing" = 1 }\n',
         ":{2}: ip netns exec three sysctl -q -w net/ipv4/no_such_thing=1: "),
    ],
)  # fmt: skip
def test_a_failure_is_undone_and_told_with_its_line(host: PrivateHost, tmp_path: Path, line: str, said: str) -> None:
    before = host.snapshot()
    broken = lab_file(tmp_path, FULL + line, "broken.toml")
    up = host.netwrap("lab", "up", broken)
    assert up.returncode == 1
    said = said.replace("{1}", str(FULL.count("\n") + 1 + ("host:" in line))).replace("{2}", str(FULL.count("\n") + 2))
    assert f"netwrap: {broken}{said}" in up.stderr
    assert host.snapshot() == before
    # the same where the lab was up: it stays as it was
    file = lab_file(tmp_path, FULL)
    assert host.netwrap("lab", "up", file).returncode == 0
    made = settled(host.snapshot())
    changed = FULL.replace("mtu = 1400", "mtu = 1300").replace('"10.1.0.11/24", ', "").replace('"1000"', '"1000"')
    assert host.netwrap("lab", "up", lab_file(tmp_path, changed + line, "broken.toml")).returncode == 1
    assert host.netwrap("lab", "status", file).stdout.startswith("lab full: the host is as the file says\n")
    assert strip_journal(settled(host.snapshot())) == strip_journal(made)
    assert host.netwrap("lab", "down", file).returncode == 0
    assert host.snapshot() == before


def strip_journal(snapshot: str) -> str:
    return "\n".join(sorted(line for line in snapshot.split("\n") if "/journal:" not in line))


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_undo(host: PrivateHost, tmp_path: Path, number: int, status: int) -> None:
    before = host.snapshot()
    file = lab_file(tmp_path, many(150))
    for delay in (0, 0.2):
        words = host.words(sys.executable, "-m", "netwrap", "lab", "up", file)
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            host.sh("until [ -s /run/netwrap/lab/test/journal ]; do sleep 0.01; done")  # it has begun
            time.sleep(delay)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            subprocess.run(["kill", f"-{int(number)}", *(children or [str(process.pid)])], check=True)
            shown, said = process.communicate(timeout=60)
        if "lab test is up" in shown:  # it was through already
            assert host.netwrap("lab", "down", file).returncode == 0
        else:
            assert (abs(process.returncode), said) in ((status, ""), (int(number), "")), said
        assert host.snapshot() == before


def many(count: int) -> str:
    lines = ["[bridges.hub]", 'addresses = ["10.20.0.254/16"]']
    for number in range(count):
        address = f"10.20.{number // 250}.{number % 250 + 1}/16"
        lines += [f"[namespaces.n{number}]", "[[links]]"]
        lines += [f'endpoints = [{{ at = "n{number}:eth0", addresses = ["{address}"] }}, "hub:p{number}"]']
    return "\n".join(lines) + "\n"


def test_killed_in_the_middle_of_a_batch_that_goes_on(host: PrivateHost, tmp_path: Path) -> None:
    """`ip` outlives us and goes on making namespaces; down waits for its end."""
    before = host.snapshot()
    file = lab_file(tmp_path, many(200))
    for delay in (0.35, 0.5):
        words = host.words(sys.executable, "-m", "netwrap", "lab", "up", file)
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(delay)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            subprocess.run(["kill", "-9", *(children or [str(process.pid)])], check=True)
            process.wait()
        down = host.netwrap("lab", "down", file)
        assert down.returncode == 0, down.stderr
        assert host.snapshot() == before, delay


# -- down -----------------------------------------------------------------------------------------------------------


def test_down_when_half_is_gone(host: PrivateHost, tmp_path: Path) -> None:
    before = host.snapshot()
    file = lab_file(tmp_path, FULL)
    for damage in (
        "ip netns delete two",
        "ip link delete to-one; ip netns delete sw",
        "ip -n one link delete eth0; pkill -f '^sleep 1000$'",
        "rm /etc/netns/one/hosts; rm -r /etc/netns/two; ip rule delete priority 900",
        "ip link set to-one down; ip link set to-one name renamed",
        "ip netns delete one; ip netns add one; ip netns delete one",
        f"echo '[' >{file}",
    ):
        assert host.netwrap("lab", "up", file).returncode == 0
        host.sh(damage)
        down = host.netwrap("lab", "down", file)
        assert (down.returncode, down.stderr) == (0, ""), damage
        assert host.snapshot() == before, damage


def test_down_leaves_what_others_made(host: PrivateHost, tmp_path: Path) -> None:
    file = lab_file(tmp_path, FULL)
    assert host.netwrap("lab", "up", file).returncode == 0
    host.sh("""
    ip netns delete two; ip netns add two; ip -n two link set lo up
    ip link add mine type veth peer name mine2
    ip route add 10.76.0.0/16 dev up0
    printf 'nameserver 9.9.9.9\\n' >/etc/netns/two/resolv.conf
    """)
    down = host.netwrap("lab", "down", file)
    assert down.returncode == 0
    assert "left alone: namespace two is there already, and lab full did not make it" in down.stderr
    assert "left alone: /etc/netns/two/resolv.conf is there already, and lab full did not write it" in down.stderr
    assert host.sh("ls /run/netns").split() == ["other", "two"]
    assert host.sh("ip -o link show mine; ip route show 10.76.0.0/16; cat /etc/netns/two/resolv.conf").count("\n") == 3


def test_links_in_etc_are_not_followed(host: PrivateHost, tmp_path: Path) -> None:
    file = lab_file(tmp_path, FULL)
    for trap in (
        "mkdir /etc/netns/one; ln -s /etc/target /etc/netns/one/hosts",
        "mkdir /etc/target; ln -s /etc/target /etc/netns/one",
    ):
        host.sh(trap)
        before = host.snapshot()
        up = host.netwrap("lab", "up", file)
        assert up.returncode == 1 and "is a link to somewhere else" in up.stderr
        assert host.snapshot() == before
        assert host.sh("ls -d /etc/target/* 2>/dev/null || true") == ""
        host.sh("rm -r /etc/netns/one; rm -rf /etc/target")


def test_after_a_reboot_the_files_in_etc_are_found(host: PrivateHost, tmp_path: Path) -> None:
    before = host.snapshot()
    file = lab_file(tmp_path, FULL)
    assert host.netwrap("lab", "up", file).returncode == 0
    host.sh("pkill -f '^sleep 1000$'; ip link delete to-one; ip rule delete priority 900;"
            "ip route flush table 77;"
            "for n in one two sw; do ip netns delete $n; done;"
            "ip route add blackhole 10.98.0.0/16 table 77; rm -r /run/netwrap")  # fmt: skip
    host.sh("! ls /run/netwrap 2>/dev/null")
    assert host.netwrap("lab", "down", file).returncode == 0
    left = set(host.snapshot().split("\n")) - set(before.split("\n"))
    assert left <= {"/etc/netns/one/", "/etc/netns/two/", "/etc/netns/sw/"}, left  # folders that are empty
    assert host.netwrap("lab", "up", file).returncode == 0
    assert host.netwrap("lab", "down", file).returncode == 0


# -- dry runs, export, verify ---------------------------------------------------------------------------------------


def test_dry_run_changes_nothing_and_prints_what_would_run(host: PrivateHost, tmp_path: Path) -> None:
    before = host.snapshot()
    dry = host.netwrap("lab", "up", "bridge", "--dry-run")
    assert dry.returncode == 0
    assert "lab bridge would come up: 10 changes\n" in dry.stdout
    assert "netns add red\n" in dry.stderr
    assert host.snapshot() == before
    assert host.netwrap("lab", "up", "bridge").returncode == 0
    made = settled(host.snapshot())
    assert host.netwrap("lab", "down", "bridge", "--dry-run").returncode == 0
    assert settled(host.snapshot()) == made
    assert host.netwrap("lab", "status", "bridge").returncode == 0
    assert host.netwrap("lab", "down", "bridge").returncode == 0
    # what --show-commands printed makes the same when pasted
    shown = host.netwrap("lab", "up", "bridge", "--show-commands")
    assert shown.returncode == 0
    made = settled(host.snapshot())
    assert host.netwrap("lab", "down", "bridge").returncode == 0
    host.sh("ip netns add red; ip netns delete red")
    host.run("sh", given=shown.stderr)
    assert unnamed(settled(host.snapshot())) == unnamed(made)


def unnamed(snapshot: str) -> str:
    """A text without random values (MAC addresses, numbers of links and bridges) and without the lab's record."""
    text = re.sub(r"([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}|8000\.\S+|designated_\S+ \S+|(?m:^)\d+:|@if\d+|link-netns \S+", "", snapshot)
    return "\n".join(sorted(line for line in text.split("\n") if "/run/netwrap" not in line))


def test_show_does_not_look_at_the_host(netwrap: object) -> None:
    done = subprocess.run([sys.executable, "-m", "netwrap", "lab", "show", "vlans"], cwd=ROOT, capture_output=True, text=True,
                          env={"PATH": "/nonexistent"}, check=False)  # fmt: skip
    assert done.returncode == 0 and "ip netns add green\n" in done.stdout
    ready = subprocess.run([sys.executable, "-m", "netwrap", "lab", "show"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in ready.stdout.split("\n")[:5]] == ["bridge", "outside", "router", "two-rooms", "vlans"]


def test_show_sh_is_a_script_that_can_be_pasted(private_host: PrivateHost, tmp_path: Path) -> None:
    host = private_host
    file = lab_file(tmp_path, FULL)
    host.run("sh", "-e", given=host.netwrap("lab", "show", file, "--sh").stdout)
    made = settled(host.snapshot())
    assert host.sh("cat /etc/netns/one/resolv.conf").split("\n")[1:] == ["nameserver 192.0.2.53", ""]
    assert host.sh("ip netns pids one | xargs ps -o args= -p") == "sleep 1000\n"
    again = host.netwrap("lab", "down", "full")  # told by its marks
    assert again.returncode == 0, again.stderr
    assert "10.1.0.1" in made and host.sh("ls /run/netns") == ""


@pytest.mark.skipif(shutil.which("nft") is None, reason="needs nft")
def test_a_script_of_nat_can_be_pasted_and_is_taken_down_by_name(private_host: PrivateHost) -> None:
    host = private_host
    host.run("sh", "-e", given=host.netwrap("lab", "show", "outside", "--sh").stdout)
    assert "ip saddr 192.168.15.0/24" in host.sh("nft list ruleset") and host.sh("ip netns") != ""
    down = host.netwrap("lab", "down", "outside")
    assert (down.returncode, host.sh("nft list ruleset"), host.sh("ip netns")) == (0, "", ""), down.stderr


def test_without_rights_nothing_is_begun_and_nothing_is_called_equal(private_host: PrivateHost) -> None:
    host = private_host
    host.sh("ip netns add one; ip netns add two")
    before = host.snapshot()

    def netwrap(*words: str) -> subprocess.CompletedProcess[str]:
        argv = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-m", "netwrap", *words]
        return host.run(*argv, check=False)

    for words in (["up", "bridge"], ["down", "bridge"], ["verify", "bridge"], ["export", "one"]):
        done = netwrap("lab", *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "netwrap: labs need CAP_NET_ADMIN and CAP_SYS_ADMIN, which this root does not have\n"
    differ = netwrap("diff", "one", "two")
    assert (differ.returncode, differ.stdout) == (1, "") and "nothing is known of one and two; no right to enter" in differ.stderr
    assert host.snapshot() == before


def test_a_lab_that_is_up_is_shown_by_its_name(private_host: PrivateHost, tmp_path: Path) -> None:
    host = private_host
    file = lab_file(tmp_path, "[namespaces.one]\n", "mine.toml")
    assert host.netwrap("lab", "up", file).returncode == 0
    assert host.netwrap("lab", "show", "mine", "--toml").stdout == "[namespaces.one]\n"
    assert host.netwrap("lab", "show", "mine", "--sh").stdout.startswith("ip netns add one\n")
    assert host.netwrap("lab", "verify", "mien").stderr == "netwrap: there is no lab 'mien'; did you mean 'mine'?\n"
    assert host.netwrap("lab", "down", "mien").stderr == "netwrap: no lab 'mien' is up; did you mean 'mine'?\n"
    assert host.netwrap("lab", "down", "mine").returncode == 0


def test_list_show_and_pictures_need_no_host(tmp_path: Path) -> None:
    def netwrap(*words: str) -> str:
        argv = [sys.executable, "-m", "netwrap", "lab", *words]
        return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, env={"PATH": "/nonexistent"}, check=True).stdout

    assert netwrap("list").split("\n")[0] == "bridge       red and blue on the bridge v-net-0, 192.168.15.0/24"
    assert netwrap("show", "router", "--toml") == (ROOT / "netwrap" / "lab" / "ready" / "router.toml").read_text()
    assert netwrap("show", "bridge", "--format", "svg").startswith("<svg ")
    assert (
        netwrap("show", "bridge", "--format", "text")
        == """\
(root)
└═ v-net-0 192.168.15.5/24  (bridge)
   ├─ blue [no default route]  veth-blue 192.168.15.2/24 = veth-blue-br
   └─ red [no default route]  veth-red 192.168.15.1/24 = veth-red-br
"""
    )


def test_export_writes_what_up_takes(private_host: PrivateHost, tmp_path: Path) -> None:
    host = private_host
    file = lab_file(tmp_path, FULL)
    assert host.netwrap("lab", "up", file).returncode == 0
    exported = host.netwrap("lab", "export")
    assert exported.returncode == 0, exported.stderr
    assert host.netwrap("lab", "down", file).returncode == 0
    again = lab_file(tmp_path, exported.stdout, "again.toml")
    up = host.netwrap("lab", "up", again)
    assert up.returncode == 0, up.stderr
    assert host.netwrap("lab", "export").stdout == exported.stdout
    for want in ('{ to = "10.9.0.0/16", via = "10.1.0.2", dev = "eth0" }', 'priority = 100, from = "10.1.0.0/24", table = 100',
                 'mtu = 1400', '"fd00:1::1/64"', 'dev = "eth0", proxy = true', 'type = "blackhole", table = 100',
                 'start = [["sleep", "1000"]]', '"net.ipv4.tcp_rmem" = "4096 131072 6291456"', 'nameservers = ["192.0.2.53"]',
                 '"one.lab" = ["10.1.0.1", "fd00:1::1"]'):  # fmt: skip
        assert want in exported.stdout, want
    assert host.netwrap("lab", "export", "nobody").stderr.startswith("netwrap: there is no namespace 'nobody'; there are: one")


KEPT = """name = "exported"
description = "a \\"lab\\" with more"

[namespaces.red]

[host]
routes = [
    { to = "10.77.0.0/16", via = "10.1.0.1", dev = "br-lan" },
]
neighbours = [
    { to = "10.1.0.9", mac = "02:00:00:00:00:09", dev = "br-lan" },
]
rules = [
    { priority = 77, from = "10.1.0.0/24", table = 77 },
]

[bridges.lan]
dev = "br-lan"
addresses = ["10.1.0.254/24"]

[[links]]
endpoints = [
    { at = "red:e", addresses = ["10.1.0.1/24"], mac = "02:00:00:00:00:01" },
    { at = "lan:p", mac = "02:00:00:00:00:02" },
]

[verify]
pairs = [["red", "lan"], ["red", "10.1.0.254"]]
apart = []
"""


def test_export_keeps_what_the_file_says_and_no_object_shows(private_host: PrivateHost, tmp_path: Path) -> None:
    host = private_host
    file = lab_file(tmp_path, KEPT)
    assert host.netwrap("lab", "up", file).returncode == 0
    assert host.netwrap("lab", "export").stdout == KEPT
    again = host.netwrap("lab", "up", lab_file(tmp_path, KEPT.replace("with more", "again")))
    assert again.stdout.endswith("nothing to change\n")
    assert host.netwrap("lab", "export").stdout == KEPT.replace("with more", "again")
    host.sh("ip netns add other")
    part = host.netwrap("lab", "export", "other")
    assert (part.returncode, part.stdout) == (0, 'name = "exported"\n\n[namespaces.other]\n')


def test_export_of_every_ready_made_lab(private_host: PrivateHost, tmp_path: Path) -> None:
    host = private_host
    host.sh(WORLD)
    for name in READY:
        if name == "outside" and not has_nat(host):
            continue
        assert host.netwrap("lab", "up", name).returncode == 0
        rooms = ["red", "blue", "router"] if name == "router" else ["red", "blue"]
        exported = host.netwrap("lab", "export", *rooms)
        assert (exported.returncode, exported.stderr) == (0, ""), name
        verified = host.netwrap("lab", "verify", name)
        assert host.netwrap("lab", "down", name).returncode == 0
        text = (ROOT / "netwrap" / "lab" / "ready" / f"{name}.toml").read_text()
        for line in text[text.index("description = ") :].split("\n")[:1] + text[text.index("[verify]") :].split("\n"):
            assert line.partition("#")[0].strip() in exported.stdout, (name, line)
        again = lab_file(tmp_path, exported.stdout, "again.toml")
        up = host.netwrap("lab", "up", again)
        assert up.returncode == 0, up.stderr
        again_verified = host.netwrap("lab", "verify", again)
        assert sorted(again_verified.stdout.split("\n")[:-2]) == sorted(verified.stdout.split("\n")[:-2])
        assert again_verified.returncode == 0, again_verified.stdout
        assert host.netwrap("lab", "export", *rooms).stdout == exported.stdout
        assert host.netwrap("lab", "down", again).returncode == 0


def test_export_says_what_it_leaves_out(private_host: PrivateHost) -> None:
    host = private_host
    host.sh("ip netns add 'a b'; ip netns add red; ip -n red link add mv type macvlan 2>/dev/null || true;"
            "ip -n red link add 'odd#name' type veth peer name x; ip -n red link add v type veth peer name w")  # fmt: skip
    if has_nat(host):
        host.sh("ip netns exec red sh -c 'nft add table ip mine || iptables -A INPUT -j ACCEPT'")
    exported = host.netwrap("lab", "export", "-o", "/run/out.toml")
    assert not has_nat(host) or "the firewall of red is left out" in exported.stderr
    assert exported.returncode == 0
    assert "namespace 'a b' is left out: a lab file cannot hold that name" in exported.stderr
    assert "link 'odd#name' of red is left out" in exported.stderr
    host.sh("ip netns delete red")
    assert host.netwrap("lab", "up", "/run/out.toml").returncode == 0
    assert host.sh("ip -n red -o link show v").startswith("2: v@w: ") or "v@w" in host.sh("ip -n red -o link")


VERIFIED = {
    "ip -n blue link set eth0 down": "eth0 in blue, the other end of to-blue in router, is down",
    "ip -n blue route delete default": "on the way back: blue has no route to 192.168.1.1",
    "ip -n red route delete default": "red has no route to 192.168.2.1",
    "ip netns exec router sysctl -q -w net.ipv4.ip_forward=0; ip -n router link del aside":
        "router does not forward IPv4 (forwarding of to-red is 0)",
    "ip -n router address delete 192.168.1.254/24 dev to-red": "to-red in router does not have its address 192.168.1.254/24",
    "ip -n red neigh replace 192.168.1.254 lladdr 02:00:00:00:00:99 dev eth0 nud permanent":
        "red has a fixed entry for 192.168.1.254 with a MAC that nobody on eth0 has",
    "ip -n red link delete eth0": "red has no link eth0",
    "ip netns delete router": "",
    "ip -n red address flush dev eth0": "eth0 in red does not have its address 192.168.1.1/24",
}  # fmt: skip


def test_status_and_verify_end_with_what_check_finds(private_host: PrivateHost) -> None:
    host = private_host
    host.netwrap("lab", "up", "two-rooms")
    host.sh("ip netns add other; ip -n other link add e0 type veth peer name e1; ip -n other address add 10.7.0.1/24 dev e0")
    host.sh("ip -n blue address add 192.168.15.2/16 dev veth-blue; ip -n blue address del 192.168.15.2/24 dev veth-blue")
    for verb in ("status", "verify"):
        said = host.netwrap("lab", verb, "two-rooms").stdout.partition("\nlab two-rooms: ")[2].split("\n")
        assert [line.split()[:3] for line in said[1:] if line[:1].strip()] == [["error", "red", "A06"]], said


def test_verify_says_what_is_in_the_way(private_host: PrivateHost, tmp_path: Path) -> None:
    host = private_host
    text = (ROOT / "netwrap" / "lab" / "ready" / "router.toml").read_text()
    aside = '[[links]]\nendpoints = [{ at = "router:aside", addresses = ["10.9.0.1/24"] }, { at = "aside:eth0" }]\n'
    text = text[: text.index("[verify]")].replace("[[links]]", "[namespaces.aside]\n[[links]]", 1) + aside
    file = lab_file(tmp_path, text + '[verify]\npairs = [["red", "blue"]]\n', "router.toml")
    assert host.netwrap("lab", "verify", file).stderr == "netwrap: lab router is not up\n"
    assert host.netwrap("lab", "up", file).returncode == 0
    for damage, why in VERIFIED.items():
        fine = host.netwrap("lab", "verify", file)
        assert (fine.returncode, fine.stdout.count("ok ")) == (0, 1), (damage, fine.stdout)
        host.sh(damage)
        deadline = time.monotonic() + 20  # the kernel takes a deleted namespace and its cables down later
        while (verify := host.netwrap("lab", "verify", file)).returncode == 0:
            assert time.monotonic() < deadline, damage
        assert verify.returncode == 1, damage
        assert f"FAIL  red -> blue (192.168.2.1): {why}" in verify.stdout, (damage, verify.stdout)
        assert host.netwrap("lab", "status", file).returncode == 1, damage
        repaired = host.netwrap("lab", "up", file)
        assert repaired.returncode == 0, (damage, repaired.stderr)
        if "neigh" in damage:  # what is none of the file stays
            host.sh("ip -n red neigh delete 192.168.1.254 dev eth0")
    assert host.netwrap("lab", "verify", file).returncode == 0
    assert host.netwrap("lab", "down", file).returncode == 0


def test_arguments_are_names_and_nothing_else(private_host: PrivateHost) -> None:
    before = private_host.snapshot()
    for words in (
        ("down", "../../etc"), ("down", "; reboot"), ("down", ".."), ("up", "$(reboot)"), ("status", ""), ("export", "a b"),
        ("export", "../../proc/1/ns/net"), ("export", "-x"), ("up", "bridge", "router"), ("sideways", "bridge"),
    ):  # fmt: skip
        done = private_host.netwrap("lab", *words)
        assert done.returncode in (1, 2) and done.stderr.startswith("netwrap: ") and done.stderr.count("\n") == 1, (words, done)
    assert private_host.snapshot() == before


def test_verify_without_ping(private_host: PrivateHost) -> None:
    host = private_host
    host.sh("mkdir /run/bin; for f in ip sh tc bridge sysctl nft iptables; do ln -s $(command -v $f) /run/bin/ || true; done")
    path = host.run("sh", "-c", "command -v ping", check=False).stdout.strip()
    if path:
        host.sh(f"mount --bind /run/nothing {path}")
    env = {"PATH": "/run/bin"}
    assert host.netwrap("lab", "up", "router", env=env).returncode == 0
    verify = host.netwrap("lab", "verify", "router", env=env)
    assert (verify.returncode, verify.stdout.count("ok ")) == (0, 4), verify.stdout
    host.sh("ip -n blue route delete default")
    verify = host.netwrap("lab", "verify", "router", env=env)
    assert (verify.returncode, verify.stdout.count("FAIL ")) == (1, 2), verify.stdout


def test_namespaces_that_must_not_meet(private_host: PrivateHost, tmp_path: Path) -> None:
    text = '[namespaces.a]\n[namespaces.b]\n[[links]]\nendpoints = [{ at = "a:x", addresses = ["10.0.0.1/24"] }, ' \
           '{ at = "b:x", addresses = ["10.0.0.2/24"] }]\n[verify]\npairs = []\napart = [["a", "b"]]\n'  # fmt: skip
    file = lab_file(tmp_path, text)
    assert private_host.netwrap("lab", "up", file).returncode == 0
    done = private_host.netwrap("lab", "verify", file)
    assert (done.returncode, done.stdout.split("\n")[0]) == (1, "FAIL  a -> b (10.0.0.2): is reached, and should not be")
    private_host.sh("ip -n b link set x down")
    done = private_host.netwrap("lab", "verify", file)
    assert (done.returncode, done.stdout.split("\n")[0]) == (0, "ok    a -> b (10.0.0.2): not reached, as it should be")


def test_what_the_kernel_lacks_is_named(private_host: PrivateHost, tmp_path: Path) -> None:
    """If the kernel has the module the lab comes up; if not, the module is named and everything is undone."""
    before = private_host.snapshot()
    up = private_host.netwrap("lab", "up", "vlans")
    if up.returncode == 0:
        verify = private_host.netwrap("lab", "verify", "vlans")
        assert verify.returncode == 0, verify.stdout
        assert private_host.netwrap("lab", "up", "vlans").stdout == "lab vlans is up: nothing to change\n"
        assert private_host.netwrap("lab", "down", "vlans").returncode == 0
    else:
        assert re.search(r"this kernel has no (VLAN filtering in its bridge|VLAN interfaces \(module 8021q\))", up.stderr)
    assert private_host.snapshot() == before
    text = '[namespaces.a]\n[namespaces.b]\n[[links]]\nendpoints = ["a:x", "b:x"]\nnetem = { delay = "5ms" }\n'
    netem = lab_file(tmp_path, text)
    up = private_host.netwrap("lab", "up", netem)
    assert up.returncode == 0, up.stderr
    assert up.stderr == "" or "left out, for this kernel has no netem (module sch_netem)" in up.stderr
    assert private_host.netwrap("lab", "up", netem).stdout == "lab test is up: nothing to change\n"
    assert private_host.netwrap("lab", "down", netem).returncode == 0
    assert private_host.snapshot() == before


# -- the README -----------------------------------------------------------------------------------------------------

README = (ROOT / "README.md").read_text()


def test_the_example_of_the_readme(private_host: PrivateHost) -> None:
    block = next(text for text in re.findall(r"```\n(.*?)```", README, re.DOTALL) if "netwrap lab up bridge" in text)
    shown = re.findall(r"^\$ netwrap (.*)\n((?:(?!\$).*\n)*)", block, re.MULTILINE)
    assert len(shown) == 4

    def timeless(text: str) -> str:  # nor how many processes run here
        text = re.sub(r"in \d+\.\d s", "in 0.0 s", text)
        return re.sub(r"(?m)^(\S+ +\d* +)\d+ ", r"\g<1>N ", text) if text.startswith("netns") else text

    for command, output in shown:
        done = private_host.netwrap(*command.split())
        assert (done.returncode, timeless(done.stdout)) == (0, timeless(output)), command


def test_the_lab_of_the_documents(private_host: PrivateHost, tmp_path: Path) -> None:
    if not has_nat(private_host):
        pytest.skip("neither nft nor iptables is installed")
    before = private_host.snapshot()
    text = next(text for text in re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "lab.md").read_text(), re.DOTALL))
    file = lab_file(tmp_path, text)
    up = private_host.netwrap("lab", "up", file)
    assert up.returncode == 0, up.stderr
    assert private_host.netwrap("lab", "status", file).returncode == 0
    verify = private_host.netwrap("lab", "verify", file)
    assert (verify.returncode, verify.stdout.count("ok ")) == (0, 3), verify.stdout
    assert private_host.sh("ip netns exec desk getent ahostsv4 printer.office").split()[:3:2] == ["10.1.0.9", "printer.office"]
    assert private_host.netwrap("lab", "down", file).returncode == 0
    assert private_host.snapshot() == before
