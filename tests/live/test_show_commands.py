"""`--show-commands` prints every command, ready to paste; `--dry-run` changes nothing; for every wrapper and every verb."""

from __future__ import annotations

import inspect
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from private_host import PrivateHost
from rooms import ROOT, Netwrap, Rooms

from netwrap import arp, errors, ip_address, ip_link, ip_neigh, ip_netns, ip_route, ip_rule, route, shell, wording
from netwrap.verbs._options import VERBS, WRAPPED

pytestmark = pytest.mark.root
READING = ("show", "get", "list_id", "identify", "pids", "fitting")

# One call of every function that changes something, in an order that works; R is the namespace, P a prefix for others.
CALLS: tuple[tuple[Callable[..., None], tuple[Any, ...], dict[str, Any]], ...] = (
    (ip_link.add, ("v0", "veth"), {"peer": "v'1", "mtu": 1400, "address": "02:00:00:00:00:01"}),
    (ip_link.add, ("br0", "bridge"), {"stp_state": 1, "address": "02:00:00:00:00:02", "up": True}),
    (ip_link.set, ("v0",), {"up": True, "master": "br0", "alias": "to \x1b[31m the $CORE\n", "altname": "a-long-name-for-it"}),
    (ip_link.property_add, ("v0", "one;more"), {}),
    (ip_link.property_delete, ("v0", "one;more"), {}),
    (ip_link.set, ("v'1",), {"up": True}),
    (ip_address.add, ("10.0.0.1/24", "br0"), {"broadcast": "+"}),
    (ip_address.add, ("10.0.1.1/24", "br0"), {}),
    (ip_address.replace, ("10.0.0.1/24", "br0"), {"valid_lft": "forever", "preferred_lft": 0}),
    (ip_address.delete, ("10.0.1.1/24", "br0"), {}),
    (ip_address.add, ("10.0.2.1/24", "v'1"), {}),
    (ip_address.flush, ("v'1",), {"family": "inet"}),
    (ip_route.add, ("default",), {"via": "10.0.0.9"}),
    (ip_route.add, ("10.5.0.0/16",), {"type": "unreachable", "table": 100}),
    (ip_route.replace, ("default",), {"via": "10.0.0.8"}),
    (ip_route.delete, ("10.5.0.0/16",), {"type": "unreachable", "table": 100}),
    (ip_neigh.add, ("10.0.0.9", "br0"), {"lladdr": "02:00:00:00:00:09"}),
    (ip_neigh.add, ("10.0.0.8", "br0"), {"lladdr": "02:00:00:00:00:08"}),
    (ip_neigh.replace, ("10.0.0.9", "br0"), {"lladdr": "02:00:00:00:00:0a", "nud": "permanent"}),
    (ip_neigh.delete, ("10.0.0.8", "br0"), {}),
    (ip_neigh.flush, (), {"dev": "br0", "nud": "stale"}),
    (ip_rule.add, (), {"from_": "10.0.0.0/8", "table": 100, "priority": 500}),
    (ip_rule.add, (), {"to": "10.0.0.0/8", "table": 100, "priority": 501}),
    (ip_rule.delete, (), {"priority": 501}),
    (arp.set, ("10.0.0.7", "02:00:00:00:00:07"), {"dev": "br0"}),
    (arp.set, ("10.0.0.6", "02:00:00:00:00:06"), {"dev": "br0"}),
    (arp.delete, ("10.0.0.6",), {"dev": "br0"}),
    (route.add, ("10.6.0.0/16",), {"gw": "10.0.0.9", "metric": 7}),
    (route.add, ("10.7.0.0/16",), {"gw": "10.0.0.9"}),
    (route.delete, ("10.7.0.0/16",), {}),
    (ip_link.add, ("w0", "veth"), {"peer": "w1"}),
    (ip_link.delete, ("w0",), {}),
)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[list[str], str | None]]]:
    """The commands that are announced, with their input."""
    heard: list[tuple[list[str], str | None]] = []
    monkeypatch.setattr(shell, "announce", lambda words, stdin: heard.append((list(words), stdin)))
    monkeypatch.setattr(shell, "dry_run", False)
    yield heard


def state(netns: str) -> Any:
    """All state that these calls can change, without values that change with time and without the kernel's numbers."""
    links = [
        (link["ifname"], link["mtu"], link.get("master"), link.get("ifalias"), link.get("altnames"), "UP" in link["flags"])
        for link in ip_link.show(netns)
    ]
    addresses = [
        (link["ifname"], item["local"], item["prefixlen"], item.get("broadcast"))
        for link in ip_address.show(netns) for item in link["addr_info"] if item["family"] == "inet"
    ]  # fmt: skip
    routes = [(entry["dst"], entry.get("gateway"), entry.get("metric"), entry.get("type"), entry.get("table"))
              for entry in ip_route.show(netns, table="all")]  # fmt: skip
    neighs = sorted((entry["dst"], entry.get("lladdr"), str(entry.get("state"))) for entry in ip_neigh.show(netns)
                    if entry.get("lladdr") and ":" not in entry["dst"])  # fmt: skip
    return links, addresses, sorted(map(str, routes)), neighs, ip_rule.show(netns)


def test_no_changing_function_is_left_out() -> None:
    tried = {call for call, _, _ in CALLS} | {ip_netns.add, ip_netns.attach, ip_netns.delete, ip_netns.set, ip_netns.exec}
    for module in (arp, ip_address, ip_link, ip_neigh, ip_netns, ip_route, ip_rule, route):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and name[0] != "_" and name not in READING:
                assert function in tried, f"{module.__name__}.{name}"


def test_what_a_dry_run_shows_does_the_same_when_pasted(rooms: Rooms, said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    red, blue = rooms.add("red"), rooms.add("blue")
    before = state(red)
    monkeypatch.setattr(shell, "dry_run", True)
    for call, words, options in CALLS:
        heard = len(said)
        call(*words, netns=red, **options)
        assert len(said) > heard, call
    shown = [wording.pasteable(*command) for command in said]
    assert all(line.isprintable() for line in shown)
    assert state(red) == before
    monkeypatch.setattr(shell, "dry_run", False)
    for call, words, options in CALLS:
        call(*words, netns=blue, **options)
    done = subprocess.run(["bash", "-e", "-c", "\n".join(shown)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert state(red) == state(blue) != before


def test_namespaces_are_left_alone_in_a_dry_run(rooms: Rooms, said: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    red, new = rooms.add("red"), rooms.name("new")
    names = ip_netns.show()
    monkeypatch.setattr(shell, "dry_run", True)
    del said[:]
    ip_netns.add(new)
    ip_netns.attach(new, 1)
    ip_netns.set(new, 5)
    assert ip_netns.exec(red, ["touch", str(tmp_path / "x")]) == ""
    ip_netns.delete(red)
    assert [" ".join(words) for words, _ in said] == [
        f"ip netns add {new}", f"ip netns attach {new} 1", f"ip netns set {new} 5", f"ip netns exec {red} touch {tmp_path}/x",
        f"ip netns delete {red}"]  # fmt: skip
    assert list(tmp_path.iterdir()) == []
    assert {entry["name"] for entry in names} & {red, new} == {entry["name"] for entry in ip_netns.show()} & {red, new} == {red}


def test_what_is_refused_is_refused_in_a_dry_run_too(said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "dry_run", True)
    with pytest.raises(errors.InvalidArgument):
        route.add("10.0.0.0/8", dev="v0", metric=70000)
    assert said == []


# -- the command line ----------------------------------------------------------------------------------------------

CHANGING = [
    "ip -n {red} link set dev lo down",
    "ip -n {red} link s dev lo down",  # for `ip link`, s is set
    "ip -n {red} -j l s lo down",
    "ip -n {red} -b {batch}",
    "ip -n {red} -batch {batch} link",
    "ip -n {red} link add v0 type veth",
    "ip -n {red} address add 10.0.0.1/8 dev lo",
    "ip -n {red} address flush dev lo",
    "ip -n {red} route add 10.0.0.0/8 dev lo",
    "ip -n {red} route flush table all",
    "ip -n {red} neigh flush all",
    "ip -n {red} rule delete priority 32766",
    "ip -n {red} rule flush",
    "ip netns exec {red} ip link set lo down",
    "ip netns exec {red} ip l s lo down",
    "ip netns exec {red} arp -i lo -s 127.0.0.9 02:00:00:00:00:09",
    "ip netns exec {red} route add -net 10.0.0.0/8 dev lo",
    "ip netns exec {red} touch {touched}",
    "ip netns exec {red} sh -c 'touch {touched}'",
    "--netns {red} ip link set lo down",
    "--netns {red} ip l s lo down",
    "--netns {red} arp -s 127.0.0.9 02:00:00:00:00:09",
    "--netns {red} arp --se 127.0.0.9 02:00:00:00:00:09 -i lo",
    "--netns {red} route add -net 10.0.0.0/8 dev lo",
    "--netns {red} bridge link s dev lo mtu 5",
    "ip netns delete {red}",
]


@pytest.mark.parametrize("line", CHANGING)
def test_a_dry_run_changes_nothing(netwrap: Netwrap, rooms: Rooms, tmp_path: Path, line: str) -> None:
    import shlex

    red = rooms.add("red")
    rooms.ip(red, "link", "set", "lo", "up")
    (tmp_path / "batch").write_text("link set lo down\n")
    words = shlex.split(line.format(red=red, batch=tmp_path / "batch", touched=tmp_path / "touched"))
    before = state(red)
    front = netwrap("--dry-run", *words)
    assert (front.returncode, front.stdout) == (0, ""), front.stderr
    shown = front.stderr.split("\n")[0]
    assert shown and (shlex.split(shown) == words or words[0] == "--netns" and shlex.split(shown)[-len(words) + 3 :] == words[3:])
    assert red in [entry["name"] for entry in ip_netns.show()] and state(red) == before
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    "line",
    ["ip -n {red} link", "ip netns exec {red} ip route show table all", "--netns {red} arp -n", "--netns {red} route -n", "ip -V",
     "ip link help", "ip netns pids {red}", "ip -n {red} tuntap", "ip -n {red} maddress show dev lo", "ip netns identify"],
)  # fmt: skip
def test_a_dry_run_reads(netwrap: Netwrap, rooms: Rooms, line: str) -> None:
    red = rooms.add("red")
    rooms.ip(red, "link", "set", "lo", "up")
    words = line.format(red=red).split()
    plain, dry, shown = netwrap(*words), netwrap("--dry-run", *words), netwrap("--show-commands", *words)
    assert (dry.stdout, dry.returncode) == (plain.stdout, plain.returncode) == (shown.stdout, shown.returncode)
    assert dry.stderr == shown.stderr and dry.stderr.startswith(("ip ", "arp ", "route ", "nsenter "))


def test_commands_are_shown_in_the_order_in_which_they_run(netwrap: Netwrap, rooms: Rooms) -> None:
    red, blue = rooms.add("red"), rooms.add("blue")
    done = netwrap("--netns", red, "--netns", blue, "ip", "route", "--show-commands")
    entered = [line for line in done.stderr.splitlines() if line.startswith("nsenter ")]
    assert sorted(entered) == sorted(f"nsenter --net=/run/netns/{name} ip -j route" for name in (red, blue))
    changed = netwrap("--show-commands", "ip", "-n", red, "link", "set", "lo", "alias", "a b\x1b")
    assert (changed.returncode, changed.stderr) == (0, f"ip -n {red} link set lo alias $'a b\\033'\n")


# How each verb is called, and what must be among the commands that it shows; None: it runs none, and takes no --dry-run.
SWEEP = "ip -j -d -s -force -batch -"
SHOWN: dict[str, tuple[list[str], str | None]] = {
    "parse": (["parse", "arp", "/proc/net/arp"], None),
    "report": (["report"], SWEEP),
    "capture": (["capture"], "netwrap capture --script | sh -s"),
    "find": (["find", "127.0.0.1"], SWEEP),
    "trace": (["trace", "(root)", "127.0.0.1"], SWEEP),
    "check": (["check"], SWEEP),
    "diff": (["diff", str(ROOT / "fixtures" / "host" / "sample.netwrap")], SWEEP),
    "topology": (["topology"], SWEEP),
    "sql": (["sql", "select * from namespace"], SWEEP),
    "export": (["export", "--format", "sqlite", "--output", "/tmp/netwrap-shown.sqlite"], SWEEP),
    "completion": (["completion", "bash"], None),
    "lab": (["lab", "up", "two-rooms"], "netns add"),
}


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in WRAPPED and " " not in verb])
def test_every_verb_shows_its_commands(private_host: PrivateHost, verb: str) -> None:
    assert verb in SHOWN, f"say in SHOWN what {verb} runs"
    words, part = SHOWN[verb]
    for place in ([*words, "--dry-run"], ["--dry-run", *words]) if part else ():
        done = private_host.netwrap(*place)
        assert done.returncode in (0, 1) and str(part) in done.stderr  # 1: a difference, a finding
        assert private_host.sh("ip netns list; ls /etc/netns 2>/dev/null || :; ip -o link | grep -v ': lo:' || :") == ""
