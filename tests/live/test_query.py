"""Queries use JSON if the installed binary prints it, and text otherwise; the records are the same."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import implementations
import pytest
from pairs import differences
from rooms import Rooms, settle

from netwrap import arp, bridge_link, errors, ip_address, ip_link, ip_neigh, ip_netns, ip_route, ip_rule, query, route, shell

pytestmark = pytest.mark.root

# Old releases of `ip`, played by a script in front of the one that is here.
WITHOUT_JSON = {
    "ignores": 'case "$word" in -j) continue;; esac',
    "refuses": """case "$word" in -j) echo "Option \\"-j\\" is unknown, try \\"ip -help\\"." >&2; exit 255;; esac""",
    "breaks": 'case "$word" in -j) broken=yes;; esac',
    "busybox": 'case "$word" in -j) echo "ip: invalid option -- \'j\'" >&2; echo "BusyBox v1.35.0" >&2; exit 1;; esac',
}
SCRIPT = """#!/bin/bash
words=() broken=
for word do
    {}
    words+=("$word")
done
if [ "$broken" ]; then echo '[{{"ifname": "v0", '; exit 0; fi
exec {} "${{words[@]}}"
"""


@pytest.fixture
def red(rooms: Rooms) -> str:
    name = rooms.add("red")
    rooms.batch(
        "link add br0 type bridge\nlink add v0 type veth peer name v1\nlink set v0 master br0\nlink set v0 up\nlink set v1 up\n"
        "link set br0 up\naddress add 10.0.0.1/24 dev br0\naddress add 2001:db8::1/64 dev br0 nodad\n"
        "route add default via 10.0.0.9\nroute add blackhole 10.9.0.0/16\nroute add 2001:db8:5::/48 via 2001:db8::9\n"
        "neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev br0\nneigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev br0\n"
        "rule add from 10.0.0.0/8 table 100 priority 500\n",
        name,
    )
    settle(name)  # `tentative` is gone a second later
    return name


QUERIES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "link": ("ip_link", lambda netns: ip_link.show(netns)),
    "link -d": ("ip_link", lambda netns: ip_link.show(netns, details=True)),
    "link -s dev": ("ip_link", lambda netns: ip_link.show(netns, dev="lo", statistics=True)),
    "link dev": ("ip_link", lambda netns: ip_link.show(netns, dev="br0")),
    "address": ("ip_address", lambda netns: ip_address.show(netns)),
    "route": ("ip_route", lambda netns: ip_route.show(netns)),
    "route -6": ("ip_route", lambda netns: ip_route.show(netns, family="inet6")),
    "route table all": ("ip_route", lambda netns: ip_route.show(netns, table="all")),
    "route get": ("ip_route", lambda netns: [ip_route.get("10.0.0.7", netns)]),
    "neigh": ("ip_neigh", lambda netns: ip_neigh.show(netns)),
    "rule": ("ip_rule", lambda netns: ip_rule.show(netns)),
    "rule -6": ("ip_rule", lambda netns: ip_rule.show(netns, family="inet6")),
    "netns list-id": ("ip_netns", lambda netns: ip_netns.list_id(netns)),
    "bridge link": ("bridge_link", lambda netns: bridge_link.show(netns)),
}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "_no_json", set())


@pytest.mark.parametrize("how", WITHOUT_JSON)
def test_the_same_records_without_json(red: str, how: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    expected = {name: ask(red) for name, (_, ask) in QUERIES.items()}
    assert all(expected[name] for name in expected if name != "netns list-id")
    for binary in ("ip", "bridge"):
        (tmp_path / binary).write_text(SCRIPT.format(WITHOUT_JSON[how], shell.find(binary)))
        (tmp_path / binary).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for name, (parser, ask) in QUERIES.items():
        found = ask(red)
        assert differences(parser, None, found, expected[name]) == [], name
    assert (str(tmp_path / "ip") in query._no_json) is (how in ("refuses", "busybox"))


def test_what_is_refused_is_asked_for_once(red: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ip").write_text(SCRIPT.format(WITHOUT_JSON["refuses"], shell.find("ip")))
    (tmp_path / "ip").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    asked: list[str] = []
    monkeypatch.setattr(shell, "announce", lambda words, stdin: asked.append(" ".join(words)))
    ip_link.show(red)
    ip_link.show(red)
    assert asked == [f"ip -n {red} -j link show", f"ip -n {red} link show", f"ip -n {red} link show"]


def test_a_failure_is_no_lack_of_json(red: str) -> None:
    with pytest.raises(errors.NotFound):
        ip_link.show(red, dev="none")
    with pytest.raises(errors.NoSuchNetns):
        ip_link.show(red + "x")
    assert query._no_json == set()


def test_what_is_said_at_status_0_is_not_lost(red: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = "#!/bin/sh\necho 'Dump was interrupted and may be inconsistent.' >&2\nexec {} \"$@\"\n"
    (tmp_path / "ip").write_text(script.format(shell.find("ip")))
    (tmp_path / "ip").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.warns(errors.CommandWarning, match="Dump was interrupted"):
        assert ip_link.show(red)


def test_a_router_with_busybox_alone(red: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same records as far as busybox's text says it."""
    links, addresses, neighs = ip_link.show(red), ip_address.show(red), ip_neigh.show(red)
    routes, sixes, rules = ip_route.show(red), ip_route.show(red, family="inet6"), ip_rule.show(red)
    entries, rows = arp.show(red), route.show(red)
    implementations.use_busybox(monkeypatch, tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(shell, "SBIN", "")
    asked: list[str] = []
    monkeypatch.setattr(shell, "announce", lambda words, stdin: asked.append(" ".join(words)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for key in ("ifname", "ifindex", "mtu", "flags", "address", "master"):
            assert [link.get(key) for link in ip_link.show(red)] == [link.get(key) for link in links]
        for link, other in zip(ip_address.show(red), addresses):
            for key in ("family", "local", "prefixlen", "scope"):
                assert [item[key] for item in link["addr_info"]] == [item[key] for item in other["addr_info"]]  # type: ignore[literal-required]
        assert {(item["dst"], item.get("lladdr"), item["dev"]) for item in ip_neigh.show(red)} >= {
            (item["dst"], item.get("lladdr"), item["dev"]) for item in neighs}  # fmt: skip
        for found, expected in ((ip_route.show(red), routes), (ip_route.show(red, family="inet6"), sixes)):
            assert {(item["dst"], item.get("gateway"), item.get("dev"), item.get("type")) for item in found} >= {
                (item["dst"], item.get("gateway"), item.get("dev"), item.get("type")) for item in expected
                if item.get("type") != "blackhole"}  # fmt: skip
        assert [(rule["priority"], rule["src"], rule["table"]) for rule in ip_rule.show(red)] == [
            (rule["priority"], rule["src"], rule["table"]) for rule in rules]  # fmt: skip
        assert {entry["address"] for entry in arp.show(red)} == {entry["address"] for entry in entries}
        assert {row["destination"] for row in route.show(red)} == {row["destination"] for row in rows}
        assert red in [entry["name"] for entry in ip_netns.show()]
    assert asked and all(words.startswith("nsenter -n/") and " -j" not in words for words in asked)
    with pytest.raises(errors.NotFound):
        ip_link.show(red, dev="none")
    with pytest.raises(errors.NoSuchNetns):
        ip_link.show(red + "x")
    with pytest.raises(errors.InvalidArgument, match="it does not know these words"):
        ip_link.show(red, details=True)


def test_a_router_with_busybox_changes_things(red: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    implementations.use_busybox(monkeypatch, tmp_path)
    ip_link.add("br1", "bridge", netns=red)
    ip_link.set("br1", netns=red, up=True, mtu=1400, address="02:00:00:00:00:07")
    ip_link.set("v0", netns=red, nomaster=True)
    ip_link.set("v0", netns=red, master="br1")
    ip_address.add("10.5.0.1/24", "br1", netns=red, broadcast="+")
    ip_route.add("10.6.0.0/16", via="10.5.0.9", netns=red)
    ip_route.add("2001:db8:6::/48", dev="br1", netns=red)
    ip_route.replace("10.6.0.0/16", via="10.5.0.8", netns=red)
    ip_rule.add(from_="10.5.0.0/16", table=100, priority=400, netns=red)
    arp.set("10.5.0.7", "02:00:00:00:00:01", dev="br1", netns=red)
    route.add("10.7.0.0/16", gw="10.5.0.9", netns=red)
    for call, failure in (
        (lambda: ip_link.add("br1", "bridge", netns=red), errors.AlreadyExists),
        (lambda: ip_link.set("none", up=True, netns=red), errors.NotFound),
        (lambda: ip_link.set("v0", master="none", netns=red), errors.NotFound),
        (lambda: ip_address.add("10.5.0.1/24", "br1", netns=red), errors.AlreadyExists),
        (lambda: ip_address.delete("10.99.0.1/24", "br1", netns=red), errors.NotFound),
        (lambda: ip_route.add("10.6.0.0/16", via="10.5.0.9", netns=red), errors.AlreadyExists),
        (lambda: ip_route.add("10.8.0.0/16", via="192.0.2.1", netns=red), errors.NetworkUnreachable),
        (lambda: ip_route.delete("10.99.0.0/16", netns=red), errors.NotFound),
        (lambda: ip_rule.add(from_="10.5.0.0/16", table=100, priority=400, netns=red), errors.AlreadyExists),
        (lambda: ip_rule.delete(priority=401, netns=red), errors.NotFound),
    ):
        with pytest.raises(failure):
            call()  # type: ignore[no-untyped-call]
    monkeypatch.undo()
    assert {"10.6.0.0/16", "10.7.0.0/16", "10.5.0.0/24"} <= {item["dst"] for item in ip_route.show(red)}
    assert [link["mtu"] for link in ip_link.show(red, dev="br1")] == [1400]
    assert next(link["master"] for link in ip_link.show(red) if link["ifname"] == "v0") == "br1"
    assert "10.5.0.7" in [item["dst"] for item in ip_neigh.show(red)]
