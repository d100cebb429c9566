"""`netwrap ip|arp|route|bridge …` on real namespaces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from rooms import ROOT, Netwrap, Rooms, run

pytestmark = pytest.mark.root


@pytest.fixture
def red(rooms: Rooms) -> str:
    """A namespace with a cable to another, addresses, a route and a neighbour."""
    name, blue = rooms.add("red"), rooms.add("blue")
    rooms.batch(f"link set lo up\nlink add v0 type veth peer name v1 netns {blue}\nlink set v0 up\naddr add 10.0.0.1/24 dev v0\n"
                "route add default via 10.0.0.254\nneigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev v0\n"
                "neigh add proxy 10.0.0.9 dev v0\n", name)  # fmt: skip
    rooms.batch("link set v1 up\naddr add 10.0.0.2/24 dev v1\n", blue)
    return name


def records(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_as_the_user_knows_it(netwrap: Netwrap, red: str) -> None:
    asked = netwrap("ip", "-n", red, "route", "--format", "json")
    found = [(route["dst"], route.get("gateway")) for route in records(asked)]
    assert found == [("default", "10.0.0.254"), ("10.0.0.0/24", None)]
    assert records(netwrap("ip", "-n", red, "-j", "r")) == records(asked)
    assert records(netwrap("ip", "netns", "exec", red, "ip", "route", "show", "--format", "json")) == records(asked)
    table = netwrap("ip", "-n", red, "route", "--columns", "dst,dev").stdout
    assert table.splitlines()[2:] == ["default      v0", "10.0.0.0/24  v0"]
    detailed = records(netwrap("ip", "-n", red, "-d", "link", "show", "type", "veth", "--format", "json"))
    assert [(link["ifname"], link["linkinfo"]["info_kind"]) for link in detailed] == [("v0", "veth")]


def test_arp_and_route_in_a_namespace(netwrap: Netwrap, red: str) -> None:
    direct = records(netwrap("ip", "netns", "exec", red, "arp", "-n", "--format", "json"))
    named = records(netwrap("--netns", red, "arp", "-n", "--format", "json"))
    assert named == [{"netns": red, **entry} for entry in direct]
    assert {"address": "10.0.0.2", "hwtype": "ether", "hwaddress": "02:00:00:00:00:02", "flags": "CM", "iface": "v0"} in direct
    rows = records(netwrap("--netns", red, "route", "-n", "--format", "json"))
    assert [(row["destination"], row["flags"]) for row in rows] == [("0.0.0.0", "UG"), ("10.0.0.0", "U")]


def test_an_empty_namespace(netwrap: Netwrap, rooms: Rooms) -> None:
    empty = rooms.add("empty")
    for words in (("arp",), ("route",), ("ip", "route"), ("ip", "neigh")):
        done = netwrap("--netns", empty, *words, "--format", "json")
        assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", ""), words


def test_several_namespaces(netwrap: Netwrap, red: str) -> None:
    blue = red.replace("red", "blue")
    done = netwrap("--netns", red, "--netns", blue, "ip", "-4", "address", "--where", "address~^10", "--format", "csv",
                   "--columns", "netns,ifname,address")  # fmt: skip
    assert done.stdout == f"netns,ifname,address\n{red},v0,10.0.0.1/24\n{blue},v1,10.0.0.2/24\n"


def test_all_namespaces_the_root_included(netwrap: Netwrap, red: str) -> None:
    everywhere = netwrap("--all-netns", "ip", "link", "show", "dev", "lo", "--format", "json")
    found = [link["netns"] for link in json.loads(everywhere.stdout)]
    assert found[0] is None and red in found
    table = netwrap("ip", "link", "--all-netns", "--where", "ifname=lo").stdout
    assert "(root)" in table and red in table


def test_a_namespace_that_does_not_exist(netwrap: Netwrap, red: str) -> None:
    for words in (("ip", "-n", "nwt-none", "link"), ("--netns", "nwt-none", "ip", "link"), ("--netns", "nwt-none", "arp"),
                  ("ip", "netns", "exec", "nwt-none", "arp")):  # fmt: skip
        done = netwrap(*words)
        assert done.stdout == "" and done.stderr.count("\n") == 1, done
        if words[0] == "--netns":
            assert done.returncode == 2 and "no namespace 'nwt-none' here" in done.stderr
        else:
            assert done.returncode == 255 and 'Cannot open network namespace "nwt-none"' in done.stderr


def test_a_device_that_does_not_exist(netwrap: Netwrap) -> None:
    done = netwrap("ip", "link", "show", "dev", "nwt-none")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("netwrap: ip ") and 'Device "nwt-none" does not exist' in done.stderr


def test_one_device_of_some_namespaces(netwrap: Netwrap, rooms: Rooms) -> None:
    """Namespaces that were not asked for have no device of that name either, and still tell the names of the other ends."""
    left, right = rooms.add("left"), rooms.add("right")
    rooms.batch(f"link add nwt-a mtu 1400 type veth peer name nwt-b netns {right}\naddr add 10.3.0.1/24 dev nwt-a\n", left)
    csv = ("--format", "csv", "--no-header", "--columns", "ifname,peer")
    for words in (("ip", "link", "show", "nwt-a"), ("ip", "-4", "a", "s", "dev", "nwt-a")):
        done = netwrap("--netns", left, *words, *csv)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"nwt-a,nwt-b@{right}\n", ""), words
    both = netwrap("--netns", left, "--netns", right, "ip", "link", "show", "nwt-a", *csv)
    assert (both.returncode, both.stdout) == (1, f"nwt-a,nwt-b@{right}\n") and both.stderr == f"netwrap: no nwt-a in {right}\n"
    none = netwrap("--netns", left, "ip", "addr", "show", "nwt-aa")
    assert none.stderr == f"netwrap: Device \"nwt-aa\" does not exist in {left}; did you mean 'nwt-a'?\n"
    unlike = netwrap("--netns", left, "-c", "ifname,@peer.mtu", "-o", "csv", "ip", "link", "--where", "mtu!=@peer.mtu")
    assert unlike.stdout == "ifname,@peer.mtu\nnwt-a,1500\n"


def test_what_prints_no_table_is_passed_through(netwrap: Netwrap, red: str) -> None:
    done = netwrap("ip", "netns", "exec", red, "sh", "-c", "cat; echo two >&2; exit 7", given="one\n")
    assert (done.returncode, done.stdout, done.stderr) == (7, "one\n", "two\n")
    option = netwrap("ip", "netns", "exec", red, "--", "echo", "--format", "json", "--all-netns", "--")
    assert option.stdout == "--format json --all-netns --\n"
    assert netwrap("ip", "-V").stdout.startswith("ip utility")
    failed = netwrap("ip", "-n", red, "link", "add", "v0", "type", "veth")
    assert failed.returncode == 2 and failed.stderr == "RTNETLINK answers: File exists\n"
    assert netwrap("ip", "-n", red, "link", "set", "v0", "down").returncode == 0
    assert "state DOWN" in run(["ip", "-n", red, "link", "show", "v0"])


def test_changes_in_several_namespaces(netwrap: Netwrap, red: str) -> None:
    blue = red.replace("red", "blue")
    done = netwrap("--netns", red, "--netns", blue, "ip", "link", "set", "lo", "mtu", "4000")
    assert done.returncode == 0 and done.stdout == ""
    for name in (red, blue):
        assert "mtu 4000" in run(["ip", "-n", name, "link", "show", "lo"])


def test_a_program_keeps_its_terminal(red: str) -> None:
    import pty

    master, slave = pty.openpty()
    words = [sys.executable, "-m", "netwrap", "ip", "netns", "exec", red, "sh", "-c", "tty; test -t 0 && test -t 1"]
    process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, cwd=ROOT)
    os.close(slave)
    assert process.wait(30) == 0
    assert b"/dev/pts/" in os.read(master, 1000)
    os.close(master)


def test_show_commands_and_dry_run(netwrap: Netwrap, red: str) -> None:
    shown = netwrap("--show-commands", "--netns", red, "route", "-n", "--format", "json")
    assert shown.stderr.endswith(f"nsenter --net=/run/netns/{red} route -n\n") and len(json.loads(shown.stdout)) == 2
    dry = netwrap("ip", "-n", red, "link", "set", "lo", "mtu", "3000", "--dry-run")
    assert (dry.returncode, dry.stdout, dry.stderr) == (0, "", f"ip -n {red} link set lo mtu 3000\n")
    assert "mtu 3000" not in run(["ip", "-n", red, "link", "show", "lo"])


def without(*binaries: str) -> list[str]:
    """Words that run a program on a host without these binaries: in a mount namespace of its own, hidden behind /dev/null."""
    import shutil

    places = [os.path.realpath(found) for found in (shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin") for name in binaries)
              if found]  # fmt: skip
    hide = "".join(f"mount --bind /dev/null {place} && " for place in places)
    return ["unshare", "-m", "sh", "-c", f'{hide}exec "$@"', "sh"]


def test_where_arp_and_route_are_not_installed(red: str) -> None:
    def ask(*words: str) -> tuple[list[dict[str, Any]], str]:
        asked = [sys.executable, "-m", "netwrap", "--netns", red, *words, "--format", "json"]
        done = subprocess.run([*without("arp", "route"), *asked], capture_output=True, text=True, cwd=ROOT)
        return records(done), done.stderr

    entries, said = ask("arp", "-n")
    assert said == "netwrap: arp is not installed: answered from 'ip neigh'\n"
    key = str
    direct = json.loads(run([sys.executable, "-m", "netwrap", "--netns", red, "arp", "-n", "--format", "json"]))
    assert sorted(entries, key=key) == sorted(direct, key=key)
    assert [entry["address"] for entry in ask("arp", "-n", "10.0.0.2")[0]] == ["10.0.0.2"]
    rows, said = ask("route", "-n")
    assert said == "netwrap: route is not installed: answered from 'ip route'\n"
    direct = json.loads(run([sys.executable, "-m", "netwrap", "--netns", red, "route", "-n", "--format", "json"]))
    assert sorted(rows, key=key) == sorted(direct, key=key)


def test_where_nothing_is_installed() -> None:
    hidden = [*without("ip", "arp", "route", "bridge"), sys.executable, "-m", "netwrap"]
    for words in (["ip", "link"], ["arp"], ["bridge", "fdb"], ["ip", "link", "set", "lo", "up"]):
        done = subprocess.run([*hidden, *words], capture_output=True, text=True, cwd=ROOT)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (127, "", 1), done
        assert "not installed" in done.stderr


def test_without_permission(red: str) -> None:
    # root without capabilities: the checkout and its Python may lie where no other user can read
    words = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-m", "netwrap"]
    done = subprocess.run([*words, "--netns", red, "ip", "link"], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no right to enter namespaces" in done.stderr, done.stderr

    def refused(*args: str) -> tuple[int, str]:
        done = subprocess.run([*words, *args], capture_output=True, text=True, cwd=ROOT)
        return done.returncode, done.stdout + done.stderr

    # What may not be read is there all the same.
    status, said = refused("--netns", red, "ip", "route")
    assert status == 1 and said.startswith(f"netwrap: no routes of {red} could be read; namespace "), said
    assert said.endswith(f"(/run/netns/{red}): cannot be entered: Operation not permitted\n")
    assert refused("trace", "(root)", red) == (2, f"netwrap: the addresses of {red} could not be read: name an address as TO\n")
    status, said = refused("trace", red, "192.0.2.1")
    assert status == 3 and f"the routes of {red} are not known   NOT KNOWN FROM HERE" in said, said
    status, said = refused("find", "192.0.2.99")
    assert status == 1 and said.endswith("netwrap: 192.0.2.99 is nowhere in what could be read here\n"), said
    status, said = refused("trace", "--all")
    assert status in (1, 3) and red in said.splitlines()[-1] and "no addresses of " in said.splitlines()[-1], said


def test_a_switch_that_does_not_exist_is_not_a_namespace_that_vanished(red: str, netwrap: Netwrap) -> None:
    done = netwrap("--netns", red, "sysctl", "net.ipv4.ip_forwardd")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"netwrap: no switches of the kernel of {red} could be read; sysctl net.ipv4.ip_forwardd: ")


def test_without_proc() -> None:
    words = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        'mount -t tmpfs none /proc; exec "$@"',
        "sh",
        sys.executable,
        "-m",
        "netwrap",
        "report",
    ]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (126, "", 1), done
    assert done.stderr.endswith(": /proc is not mounted: mount -t proc proc /proc\n"), done.stderr
