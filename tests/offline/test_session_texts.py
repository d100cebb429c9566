"""Pasted texts of every kind: their tables, machines and namespaces, and notes about the rest of the text."""

from __future__ import annotations

import json
import quopri
import random
from collections.abc import Callable
from pathlib import Path

import pastes
import pytest
from pastes import ADDRESSES, ARP, BRIEF, NEIGHBOURS, ROUTES, RULES
from rooms import Netwrap

from netwrap.answers import find
from netwrap.sources import opening, session

Read = tuple[str, "str | None", "str | None", int]


def read(text: str) -> list[Read]:
    """Machine, namespace, parser and number of records of every table of a text."""
    return [(block.host or "", block.netns, block.parser, len(block.records)) for block in session.blocks(text) if block.parser]


def quoted(text: str, mark: str) -> str:
    return "".join(mark + line for line in text.splitlines(keepends=True))


# As printed before `group default` was: more words than values
OLD = "2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP qlen 1000\n    inet 192.0.2.1/24 scope global eth0\n"
A, R = ("", None, "ip_address", 1), ("", None, "ip_route", 2)
FRAMED = "".join(f"│ {line:100} │\n" for line in ("root@alpha:~# ip a\n" + ADDRESSES).splitlines())


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        (f"Output of ip a:\n\n{ADDRESSES}", [A]),
        (f"### ip a\n```\n{ADDRESSES}```\n`ip r`\n```\n{ROUTES}```\nWhy?\n", [A, R]),
        (f"I see this:\n\n{quoted('# ip a' + chr(10) + ADDRESSES, '    ')}\nand nothing else.\n", [A]),
        (f"On Monday bob wrote:\n> # ip a\n{quoted(ADDRESSES, '> ')}\nYes.\n", [A]),
        (f">> $ ip r\n{quoted(ROUTES, '>> ')}> so?\n", [R]),
        (quoted("bash-5.1# ip a\n" + ADDRESSES + "bash-5.1# ip r\n" + ROUTES, "# "), [A, R]),
        (FRAMED, [("alpha", None, "ip_address", 1)]),
        (f"[code]$ ip a\n{ADDRESSES}[/code]\n[quote]$ ip r\n{ROUTES}[/quote]\n", [A, R]),
        (f"{{noformat}}\n$ ip a\n{ADDRESSES}{{noformat}}\nh2. Routes\n{{code:bash}}\n$ ip r\n{ROUTES}{{code}}\n", [A, R]),
        ("<pre>$ ip a\n" + ADDRESSES.replace("<", "&lt;").replace(">", "&gt;") + "</pre>\n", [A]),
        ("<br>".join(("$ ip r", *ROUTES.splitlines())) + "\n", [R]),
        ("\ufeff$ ip a\r\n" + ADDRESSES.replace("\n", "\r\n"), [A]),
        ("\x1b[01;32m$ \x1b[0mipp\x08 \x08 r\n" + ROUTES, [R]),
        ("".join(f"{number}  {line}\n" for number, line in enumerate(("$ ip r\n" + ROUTES).splitlines(), start=1)), [R]),
        (f"```$ ip r\n{ROUTES.rstrip()}```\nbob: same here\n", [R]),
        (f"Hello,\n\n{ROUTES}\nand\n\n{ARP}\nThanks\n", [R, ("", None, "arp", 1)]),
        (f"$ ip a; ip r\n{ADDRESSES}{ROUTES}", [A, R]),
        (f"$ ip a > x; cat x\n{ADDRESSES}", [A]),
        (f"$ LANG=C sudo -E ip a 2>&1 | tee log\n{ADDRESSES}", [A]),
        (f"$ ip r # of the router\n{ROUTES}\nreal\t0m0.004s\n", [R]),
        (f"$ ip netns exec\n$ sudo\n~ # busybox\n$ ip r\n{ROUTES}", [R]),
        (f"$ ip neigh\n{NEIGHBOURS}\n192.0.2.1 is my router and 192.0.2.9 my printer.\n", [("", None, "ip_neigh", 2)]),
        ("$ ip rule\n" + RULES.replace("lookup 100", "lookup 100   <--- mine"), [("", None, "ip_rule", 3)]),
        ("$ ip netns\nred\nblue\n\nThen I tried the other one:\n64 bytes from 192.0.2.9\n", [("", None, "ip_netns", 2)]),
        (f"$ ip a; ip r; ip n; ip ru\n{OLD}{ROUTES}{NEIGHBOURS}{RULES}",
         [A, R, ("", None, "ip_neigh", 2), ("", None, "ip_rule", 3)]),
        (f"$ ubus call system board; ip a; brctl show; ls -l x\n{{\n\t\"kernel\": \"5.15\"\n}}\n"
         f"{OLD}bridge name\tbridge id\t\tSTP enabled"
         "\tinterfaces\nbr0\t\t8000.020000000001\tno\t\teth0\nlrwxrwxrwx 1 root root 16 Mar 22 2024 x -> y\n",
         [A, ("", None, "brctl", 1)]),
        ("$ ip r\n" + ROUTES.replace("192.0.2.254", "**192.0.2.254**").replace("default", "**default"), [R]),
        ("[01;32mme@a[00m:[01;34m~[00m$ ip a\n" + ADDRESSES.replace("eth0: ", "[36meth0: [0m"), [("a", None, "ip_address", 1)]),
        (quoted("me@a:~$ ip a\n" + ADDRESSES, "[14:02] <bob> ") + "[14:03] <eve> thanks\n", [("a", None, "ip_address", 1)]),
        ("ifconfig\n\nlo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536\n        inet 127.0.0.1  netmask 255.0.0.0\n\nThanks\n",
         [("", None, "ifconfig", 1)]),
        ("127.0.0.1 localhost\n192.0.2.5 beta beta.example.net\n::1 ip6-localhost\nfoo 12\nred (id: 0)\n", []),
        ("64 bytes from 192.0.2.9: icmp_seq=1\n192.0.2.1 is the gateway\n...\nab.\n192.0.2.1 192.0.2.2 \n", []),
    ],
)  # fmt: skip
def test_what_stands_around_a_table(text: str, tables: list[Read]) -> None:
    assert read(text) == tables


PROMPTS = [
    ("$ {}", "", None), ("root@alpha:~# {}", "alpha", None), ("[root@alpha ~(keystone_admin)]# {}", "alpha", None),
    ("root@alpha:/home/me/my dir# {}", "alpha", None), ("alpha ~ # {}", "alpha", None), ("alpha> {}", "alpha", None),
    ("me@alpha ~/lab (main)> {}", "alpha", None), ("➜  lab git:(main) ✗ {}", "", None), ("└─# {}", "", None),
    ("PS /home/me> {}", "", None), ("C:\\> wsl -e {}", "", None), ("1|sargo:/ $ {}", "sargo", None),
    ("cumulus@leaf01:mgmt:~$ {}", "leaf01", None), ("vyos@alpha# {}", "alpha", None), ("root@alpha [~]# {}", "alpha", None),
    ("[12:01:33] root@alpha:~# {}", "alpha", None), (" 1  root@alpha:~# {}", "alpha", None),
    ("**root@alpha:~# {}**", "alpha", None),
    ("`{}`", "", None), ("{}", "", None),
    ("- `{}`", "", None), ("me@älpha:~$ {}", "älpha", None), ("%{}", "", None),
    ("$ su -c '{}'", "", None), ("$ ssh -p 22 root@beta '{}'", "beta", None), ("$ vagrant ssh n1 -c '{}'", "n1", None),
    ("$ docker exec -it c1 {}", "", "docker c1"), ("$ docker compose exec web {}", "", "docker web"),
    ("$ docker run --rm --network container:web image {}", "", "docker web"), ("$ docker run --net=host alpine {}", "", None),
    ("$ kubectl exec pod1 -- {}", "", "pod pod1"), ("$ kubectl -n demo exec -it pod1 -c main -- {}", "", "pod demo/pod1"),
    ("$ oc debug node/n1 -- chroot /host {}", "n1", None), ("$ lxc-attach -n c1 -- {}", "", "lxc c1"),
    ("$ pct exec 101 -- {}", "", "lxc 101"), ("$ sudo nsenter -t42 -n {}", "", "pid 42"),
    ("$ sudo nsenter -nt 42 {}", "", "pid 42"),
    ("$ nsenter --net=/run/netns/red {}", "", "red"), ("$ nsenter --target 42 -m {}", "", None),
    ("$ nsenter -t $(docker inspect -f '{{.State.Pid}}' c1) -n {}", "", "docker c1"),
    ("$ podman unshare --rootless-netns {}", "", "rootless-netns"), ("$ ip netns exec red sudo {}", "", "red"),
    ("$ ip vrf exec mgmt {}", "", None), ("$ for n in red; do ip netns exec $n {}; done", "", "red"),
    ("Every 2.0s: {}    alpha: Mon Jan  1 10:07:33 2024\n", "alpha", None),
    ("root::alpha::~# {}", "alpha", None), ("A:admin@alpha# {}", "alpha", None), ("alpha:lab me$ {}", "alpha", None),
    ("┌──(root💀alpha)-[~]\n└─# {}", "alpha", None), ("# me @ alpha in ~/lab on git:main x [10:33:12]\n$ {}", "alpha", None),
    ("me@alpha MINGW64 ~/lab (main)\n$ {}", "alpha", None), ("me at alpha in ~\n→ {}", "alpha", None),
    ("[root:~]# {}", "", None), ("lab ❯ {}", "", None), ("(alpha) $ {}", "", None), ("lab on main ❯ {}", "", None),
]  # fmt: skip


@pytest.mark.parametrize(("line", "host", "netns"), PROMPTS)
def test_where_a_command_ran(line: str, host: str, netns: str | None) -> None:
    assert read(line.replace("{}", "ip a") + "\n" + ADDRESSES) == [(host, netns, "ip_address", 1)]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("me@a:~$ sudo ip netns exec red bash\nroot@a:~# ip r\n{}root@a:~# ^D\nme@a:~$ ip r\n{}", [("a", "red"), ("a", None)]),
        ("me@a:~$ docker exec -it web sh\n/ # ip r\n{}/ # \nexit\nme@a:~$ ip r\n{}", [("a", "docker web"), ("a", None)]),
        ("me@a:~$ docker exec -it web bash\nroot@3f2a9c1d7e5b:/# ip r\n{}me@a:~$ ip r\n{}", [("a", "docker web"), ("a", None)]),
        ("$ kubectl exec -it p -- sh\n/ # ip r\n{}/ # command terminated\n$ ip r\n{}", [("", "pod p"), ("", None)]),
        ("me@a:~$ ssh 192.0.2.8\nme@b:~$ ip r\n{}me@b:~$ exit\nlogout\nme@a:~$ ip r\n{}", [("b", None), ("a", None)]),
        ("[root@a ~]# ip r\n{}[root@b ~]# ip r\n{}", [("a", None), ("b", None)]),
        ("On the router:\n# ip r\n{}\nOn the client:\n# ip r\n{}", [("router", None), ("client", None)]),
        ("=== node1 ===\n{}=== node2 ===\n{}", [("node1", None), ("node2", None)]),
        ("alpha | CHANGED | rc=0 >>\n{}beta | CHANGED | rc=0 >>\n{}", [("alpha", None), ("beta", None)]),
        ("$ ip -all netns exec ip r\n\nnetns: blue\n{}\nnetns: red\n{}", [("", "blue"), ("", "red")]),
        ("$ for n in $(cat l); do echo \"== $n\"; ip -n $n r; done\n== red\n{}== blue\n{}", [("", "red"), ("", "blue")]),
        ("$ for h in w1 w2; do ssh $h ip r; done\n{}{}", [("w1", None), ("w2", None)]),
        ("In the container:\n$ docker exec -it web sh\n/ # ip r\n{}/ # exit\n$ ip r\n{}", [("", "docker web"), ("", None)]),
        ("<details><summary>ip r on node-1</summary>\n{}</details>\n<details><summary>ip r on node-2</summary>\n{}</details>\n",
         [("node-1", None), ("node-2", None)]),
        ("kubectl debug node/n1 -it --image=x\nIf you don't see a command prompt, try pressing enter.\nbash-5.1# ip r\n{}",
         [("n1", None)]),
        ("pod:\n$ kubectl exec p -- ip r\n{}\nhost output:\n$ ip r\n{}", [("", "pod p"), ("", None)]),
        ("I have two. On the first machine (alpha) I see:\n\n# ip r\n{}\nThe second machine (beta) shows:\n\n# ip r\n{}",
         [("alpha", None), ("beta", None)]),
        ("On the local host:\n# ip r\n{}\nOn the remote host:\n# ip r\n{}", [("local host", None), ("remote host", None)]),
        ("[admin@MikroTik] > /ip route print\n 0 ADS 0.0.0.0/0 pppoe\n\nOn my linux box:\n$ ip r\n{}", [("box", None)]),
        ("Side A (192.0.2.1):\n\nip r\n{}\nSide B (192.0.2.2):\n\nip r\n{}", [("Side A", None), ("Side B", None)]),
        ("Routing table of server:\n\n{}\nRouting table of client:\n\n{}", [("server", None), ("client", None)]),
        ("mininet> h1 ip r\n{}mininet> h1 ping h2\n", [("mininet", "h1")]),
        ("### Host\n```\n$ ip r\n{}```\n### Container\n```\n/ # ip r\n{}```\n", [("", None), ("", "container")]),
        ("Die Routen auf dem Server:\n\n{}\nAusgabe im Container web:\n\n{}", [("server", None), ("server", "container web")]),
        ("## red namespace\n{}\nNamespace blue:\n{}\nPod A (192.0.2.7):\n{}", [("", "red"), ("", "blue"), ("", "pod A")]),
        ("ip route from 192.0.2.1\n\n{}", [("", None)]),
        ("$ adb shell ip r\n{}$ adb shell\nsargo:/ $ ip r\n{}sargo:/ $ exit\n$ ip r\n{}",
         [("sargo", None), ("sargo", None), ("", None)]),
        ("$ kubectl debug node/n1 -it --image=x\n/ # ip r\n{}/ # exit\n$ ip r\n{}", [("n1", None), ("", None)]),
        ("# PID=$(docker inspect -f '{{.State.Pid}}' web)\n# nsenter -t $PID -n ip r\n{}", [("", "docker web")]),
        ("a1: default dev x\na1: 10.0.0.0/8 dev x\nb2: default dev x\nb2: 10.0.0.0/8 dev x\n", [("a1", None), ("b2", None)]),
        ("web-1  | default dev x\nweb-1  | 10.0.0.0/8 dev x\n", [("web-1", None)]),
        ("Jan  5 10:00:00 gw sh[9]: default dev x\nJan  5 10:00:00 gw sh[9]: 10.0.0.0/8 dev x\n", [("gw", None)]),
        ("2024-01-05T10:00:00.1Z default dev x\n2024-01-05T10:00:00.1Z 10.0.0.0/8 dev x\n2024-01-05T10:00:01Z ##[group]Run y\n",
         [("", None)]),
        ("--------\nnode[1-2]\n--------\n{}--------\nnode3\n--------\n{}", [("node[1-2]", None), ("node3", None)]),
        (" me@a \ue0b0 ~/lab \ue0b0 ip r\n{} me@a \ue0b0 ~/lab \ue0b0 \n", [("a", None)]),
        ("+ ip r\n{}++ hostname\na\n===== ip route =====\n{}", [("a", None), ("a", None)]),
        ("me@a ~/lab\n$ ip r\n{}me@a ~/lab\n$ ls\n", [("a", None)]),
        ("root@a(rw):~#  ip r\n{}root@a(rw):~#\n", [("a", None)]),
        ("ok: [n1] => {\n    \"x.stdout_lines\": [\n        \"default dev x\",\n        \"10.0.0.0/8 dev x \"\n    ]\n}\n",
         [("n1", None)]),
        ("1. On node-a:\n   ```\n   $ ip r\n   default dev x\n   10.0.0.0/8 dev x\n   ```\nVM2\n```\n{}```\n",
         [("node-a", None), ("VM2", None)]),
        ("$ for c in $(docker ps -q); do docker exec $c ip r; done\n{}{}", [("", "docker $c 1"), ("", "docker $c 2")]),
        ("$ for p in $(kubectl get po -o name); do echo $p; kubectl exec $p -- ip r; done\npod/a\n{}pod/b\n{}",
         [("", "pod a"), ("", "pod b")]),
        ("# ip netns | while read n; do echo \"### $n\"; ip -n $n r; done\n### red\n{}### blue\n{}", [("", "red"), ("", "blue")]),
        ("#+RESULTS:\n: default dev x\n: 10.0.0.0/8 dev x\n", [("", None)]),
        ("Output of \"ip route list table 9\"\n----------\n9\n{}", [("", None)]),
        ("On router A:\n\nroot@OpenWrt:~# ip r\n{}\nOn router B:\n\nroot@OpenWrt:~# ip r\n{}",
         [("OpenWrt", None), ("OpenWrt (B)", None)]),
        ("On the gateway:\n\nroot@gw:~# ip r\n{}\nOn the router:\n\nroot@gw:~# ip -6 r\n{}", [("gw", None), ("gw", None)]),
        ("Expected:\n```\n$ ip r\n{}```\nI get:\n```\n$ ip r\n{}```\n", [("expected", None), ("", None)]),
        ("The server has these routes:\n\n{}\nwhile my laptop shows:\n\n{}", [("server", None), ("laptop", None)]),
        ("On the server\n\n```\n{}```\n", [("server", None)]),
        ("$ diff a b\n--- a\n+++ b\n default dev x\n$ ip mon route\n10.0.0.0/8 dev y\n$ ip r\n{}", [("", None)]),
        ("$ podman-compose exec web ip r\n{}", [("", "podman web")]),
        ("root@a:~# ip r      │root@b:~# ip r\ndefault dev x       │default dev x\n10.0.0.0/8 dev x    │10.0.0.0/8 dev x\n",
         [("a", None), ("b", None)]),
    ],
)  # fmt: skip
def test_shells_loops_and_machines(text: str, places: list[tuple[str, str | None]]) -> None:
    assert read(text.replace("{}", ROUTES)) == [(host, netns, "ip_route", 2) for host, netns in places]


QUOTED = quoted("me@fw1:~$ ip r\n" + ROUTES, "> ")


@pytest.mark.parametrize(
    ("text", "machines"),
    [
        (f"On 2 Jan 2024, Anna B. <a@example.org> wrote:\n> Hi,\n{QUOTED}\nOn mine:\n\n$ ip neigh\n{NEIGHBOURS}", ["fw1", ""]),
        (f"Am 02.01.24 um 10:11 schrieb Anna:\n{QUOTED}\n$ ip r\n{ROUTES}", ["fw1", ""]),
        (f"Anna wrote:\n> $ ip r\n{quoted(ROUTES, '> ')}$ ip r\n{ROUTES}", ["Anna", ""]),
        (f"[quote=anna]$ ip r\n{ROUTES}[/quote]\n$ ip n\n{NEIGHBOURS}", ["anna", ""]),
        (f"> $ ip r\n{quoted(ROUTES, '> ')}\nHere:\n$ ip r\n{ROUTES}", ["quoted", ""]),
        (f"Yesterday I wrote:\n> $ ip r\n{quoted(ROUTES, '> ')}\nAnd today:\n$ ip n\n{NEIGHBOURS}", ["", ""]),
        (f"{QUOTED}\nAnd its neighbours:\n\n$ ip n\n{NEIGHBOURS}", ["fw1", "fw1"]),
    ],
)
def test_what_is_quoted_is_of_the_machine_of_its_writer(text: str, machines: list[str]) -> None:
    assert [host for host, _, _, _ in read(text)] == machines


def test_typed_changes_are_found_with_their_errors(netwrap: Netwrap, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text(f"root@a:~# ip r add 10.0.0.0/8 via 192.0.2.99\nRTNETLINK answers: File exists\nroot@a:~# ip r\n{ROUTES}")
    done = netwrap("find", "192.0.2.99", "--from", str(path), "--format", "json")
    [place] = json.loads(done.stdout)
    assert (place["role"], place["what"]) == (
        "line", "typed: ip r add 10.0.0.0/8 via 192.0.2.99 (line 1): RTNETLINK answers: File exists")  # fmt: skip


def test_a_part_does_not_count_against_the_whole_table_but_its_difference_is_said(netwrap: Netwrap, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("$ ip r\ndefault via 192.0.2.1 dev a\n$ ip r | grep def\ndefault via 192.0.2.2 dev a\n")
    [host] = opening.hosts([str(path)])
    assert [route["gateway"] for route in host.namespaces[0].routes or ()] == ["192.0.2.1"]
    assert f"{path}:4: 'ip r | grep def' shows rows that the whole table of line 2 lacks; that table counts" in host.notes
    shown = netwrap("--from", str(path), "ip", "r", "--columns", "gateway", "--no-header", "--format", "tsv")
    assert shown.stdout.split() == ["192.0.2.1"]
    assert netwrap("find", "192.0.2.2", "--from", str(path)).returncode == 0


def test_hidden_values_are_words_of_a_table() -> None:
    text = "$ ip a\n" + ADDRESSES.replace("192.0.2.1/24", "<my public ip>/24")
    text += "$ ip n\nREDACTED dev eth0 lladdr REDACTED STALE\n$ ip r\ndefault via a.b.c.1 dev eth0\nA.B.C.0/24 dev eth0\n"
    addresses, neighbours, routes = session.blocks(text)
    assert addresses.records[0]["addr_info"][0]["local"] == "<my_public_ip>"
    assert neighbours.records == [{"dst": "REDACTED", "dev": "eth0", "lladdr": "REDACTED", "state": ["STALE"]}]
    assert [route["dst"] for route in routes.records] == ["default", "A.B.C.0/24"]


@pytest.mark.parametrize(
    "line",
    ["me@a ~> ip r                              10:10:11", "me@a:~$ ip r", "ip r on a1 shows:", "**The output of `ip r` is:**"],
)
def test_what_stands_behind_a_command_is_none_of_its_words(line: str) -> None:
    [block] = session.blocks(f"{line}\n\n{ROUTES}")
    assert (block.words, block.lost, len(block.records)) == (["ip", "r"], [], 2)


def test_an_output_that_is_somewhere_else_is_no_empty_table(netwrap: Netwrap, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("$ ip r\nsee the picture.\n\n$ ip n\n$ ip vrf show\nName  Table\n$ ls\n")
    [host] = opening.hosts([str(path)])
    assert (host.namespaces[0].routes, host.namespaces[0].neighs) == (None, [])
    assert host.notes == [f"{path}:1: ip r: its output is not here"]
    done = netwrap("parse", str(path))
    assert f"{path}:1: no table: ip r: its output is not here" in done.stderr and done.stdout.startswith("(root): ip n\n")


def test_the_answer_of_the_kernel_is_no_table_of_routes() -> None:
    text = "3) ip route get 192.0.2.9 from 192.0.2.1\n\n192.0.2.9 from 192.0.2.1 via 192.0.2.254 dev eth1 table 100\n    cache\n"
    [block] = session.blocks(text)
    assert block.words[:4] == ["ip", "route", "get", "192.0.2.9"] and len(block.records) == 1


SESSION = f"root@a:~# ip a\n{ADDRESSES}root@a:~# ip -br a\n{BRIEF}root@a:~# ip r\n{ROUTES}root@a:~# arp -n\n{ARP}"
WAYS: dict[str, Callable[[str], str]] = {
    "quoted": lambda text: quoted(text, "> "),
    "quoted in an indented block": lambda text: quoted(text, "    > "),
    "indented": lambda text: quoted(text, "\t"),
    "escaped": lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    "quoted and escaped": lambda text: quoted(text, "> ").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    "numbered": lambda text: "".join(f"{number:4d}\t{line}\n" for number, line in enumerate(text.splitlines(), start=1)),
    "double-spaced": lambda text: text.replace("\n", "\n\n"),
    "of another system": lambda text: text.replace("\n", "\r\n"),
    "without indentation": lambda text: "".join(line.lstrip() + "\n" for line in text.splitlines()),
    "with single blanks": lambda text: "".join(" ".join(line.split()) + "\n" for line in text.splitlines()),
    "in a mail": lambda text: "Content-Transfer-Encoding: quoted-printable\n\n" + quopri.encodestring(text.encode()).decode(),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_mailers_and_browsers_do_to_a_session_changes_nothing(way: str) -> None:
    text = WAYS[way](SESSION)
    found = session.blocks(text)
    assert [(block.host, block.parser, block.records, block.lost) for block in found] == [
        (block.host, block.parser, block.records, block.lost) for block in session.blocks(SESSION)
    ]
    for block in found:  # the numbers of the lines are those of the text as it was pasted
        number = block.first + next(at for at, line in enumerate(block.lines) if "192.0.2." in line)
        assert "192.0.2." in text.split("\n")[number - 1]


def test_a_link_above_a_prompt_is_no_prompt() -> None:
    text = "$ ip -br a\neth0@if5         UP             192.0.2.7/24 \n$ ip r\n" + ROUTES
    assert read(text) == [("", None, "ip_address", 1), ("", None, "ip_route", 2)]


def test_machines_without_names_are_told_apart_by_their_links() -> None:
    other = ADDRESSES.replace("00:01 ", "00:02 ").replace("192.0.2.1/", "192.0.2.2/")
    both = f"Both:\n```\n{ADDRESSES}```\n```\n{ROUTES}```\n```\n{other}```\n```\n{ROUTES}```\n"
    assert [place[0] for place in read(both)] == ["", "", "machine 2", "machine 2"]
    later = f"$ ip a\n{ADDRESSES}$ ip a\n" + ADDRESSES.replace("192.0.2.1/", "192.0.2.2/")
    assert [place[0] for place in read(later)] == ["", ""]


@pytest.mark.parametrize(
    ("one", "two", "places"),
    [
        ("Desktop:", "Laptop:", [("Desktop", None), ("Laptop", None)]),
        ("On the VPS:", "Auf dem Pi:", [("VPS", None), ("Pi", None)]),
        ("Main router", "Second router", [("Main router", None), ("second router", None)]),
        ("#### 192.0.2.1", "#### 192.0.2.2", [("192.0.2.1", None), ("192.0.2.2", None)]),
        ("Linux PC:", "Proxmox host:", [("linux pc", None), ("Proxmox host", None)]),
        ("from the container:", "from the host:", [("", "container"), ("", None)]),
        ("a1's routes:", "`ip r` (b2):", [("a1", None), ("b2", None)]),
        ("Before:", "After:", [("", None), ("", None)]),
        ("My server, without the VPN:", "My server, with it:", [("", None), ("", None)]),
    ],
)
def test_the_same_command_below_two_titles_is_of_two_machines(one: str, two: str, places: list[tuple[str, str | None]]) -> None:
    text = f"Hi,\n\n{one}\n\n```\n{ROUTES}```\n\n{two}\n\n```\n{ROUTES}```\n\nThanks\n"
    assert read(text) == [(host, netns, "ip_route", 2) for host, netns in places]


def test_the_second_of_two_tables_is_another_one() -> None:
    links = "1: lo: <UP> mtu 65536\n2: {}: <UP> mtu 1500\n"
    assert [count for _, _, _, count in read(f"Two of them:\n\n{links.format('a')}{links.format('b')}")] == [2, 2]
    brief = "lo               UNKNOWN        00:00:00:00:00:00 <LOOPBACK,UP> \n"
    assert read(f"$ ip -br -4 a; echo; ip -br l\n{BRIEF}\n{brief}") == [("", None, "ip_address", 2), ("", None, "ip_link", 1)]


def test_a_link_of_ifconfig_is_read_without_its_indentation() -> None:
    text = "v0: flags=65<UP,RUNNING> mtu 1500\ninet 192.0.2.1 netmask 255.255.255.0\n"
    text += "ether 02:00:00:00:00:01 txqueuelen 0 (Ethernet)\n"
    [block] = session.blocks(f"This is my network:\n\n{text}\nThanks.\n")
    assert block.records == [
        {"ifname": "v0", "flags": ["UP", "RUNNING"], "mtu": 1500, "link_type": "ether", "address": "02:00:00:00:00:01",
         "txqlen": 0, "addr_info": [{"family": "inet", "local": "192.0.2.1", "prefixlen": 24, "label": "v0"}]}]  # fmt: skip


def test_a_broken_line_is_joined_and_no_other() -> None:
    text = "$ ip r\ndefault via 192.0.2.254 dev eth0 proto dhcp src 192.0.2.1 metric 100\nmtu 1400\n"
    text += "203.0.113.0/24 dev eth1 proto kernel\nscope link src 203.0.113.1\nafter:\n$ ip r\ndefault dev eth9\nafter:\n"
    first, second = session.blocks(text)
    assert first.records == [
        {"dst": "default", "gateway": "192.0.2.254", "dev": "eth0", "protocol": "dhcp", "prefsrc": "192.0.2.1", "metric": 100,
         "flags": [], "metrics": [{"mtu": 1400}]},
        {"dst": "203.0.113.0/24", "dev": "eth1", "protocol": "kernel", "scope": "link", "prefsrc": "203.0.113.1", "flags": []},
    ]  # fmt: skip
    assert second.records == [{"dst": "default", "dev": "eth9", "flags": []}]
    assert first.lost == second.lost == []


def test_a_second_command_of_a_turn_needs_no_heading_of_its_own() -> None:
    """The name of the turn stands in a link's line further below, and the first turn has no route."""
    links = "== left\n2: l0: <UP> mtu 1500 link-netns right\n== right\n3: r0: <UP> mtu 1500 link-netns left\n10.0.0.0/8 dev r0\n"
    text = '$ for n in $(cat l); do echo "== $n"; ip -n $n a; ip -n $n r; done\n' + links
    assert [one for one in read(text) if one[3]] == [
        ("", "left", "ip_address", 1), ("", "right", "ip_address", 1), ("", "right", "ip_route", 1)]  # fmt: skip


@pytest.mark.parametrize("width", [72, 80, 97])
def test_json_that_a_terminal_broke_within_its_words_is_joined(width: int) -> None:
    rows = ",".join(f'{{"dst":"10.9.0.{at}","dev":"eth0","lladdr":"02:00:00:00:00:0{at}","state":["STALE"]}}' for at in range(9))
    text = f"[{rows}]"
    broken = "\n".join(text[at : at + width] for at in range(0, len(text), width))
    [block] = session.blocks(f"root@a:~# ip -j neigh\n{broken}\nroot@a:~# exit\n")[:1]
    assert (block.part, block.lost) == ("", [])
    assert [(row["dst"], row["lladdr"]) for row in block.records] == [
        (f"10.9.0.{at}", f"02:00:00:00:00:0{at}") for at in range(9)
    ]


def test_a_line_of_a_link_that_a_mailer_broke_is_joined() -> None:
    text = "> # ip a\n> 2: eth0: <BROADCAST,UP> mtu 1500 qdisc\n> noqueue state UP group default qlen 1000\n"
    text += ">     inet 192.0.2.1/24 brd 192.0.2.255 scope global\n> eth0\n"
    [block] = session.blocks(text)
    assert block.lost == [] and block.records == [
        {"ifindex": 2, "ifname": "eth0", "flags": ["BROADCAST", "UP"], "mtu": 1500, "qdisc": "noqueue", "operstate": "UP",
         "group": "default", "txqlen": 1000, "addr_info": [
             {"family": "inet", "local": "192.0.2.1", "prefixlen": 24, "broadcast": "192.0.2.255", "scope": "global",
              "label": "eth0"}]}]  # fmt: skip


def test_what_was_cut_off_is_said_and_never_taken_for_whole() -> None:
    [block] = session.blocks("$ ip a\n" + ADDRESSES + "3: eth1: <UP> mtu 1500\n    link/ether 02:00:00:0\n    inet 198.51.1")
    assert [(number, reason) for number, _, reason in block.lost] == [(7, "cut off: '02:00:00:0'"), (8, "cut off: '198.51.1'")]
    assert block.part == "cut off"
    assert block.records[1] == {"ifindex": 3, "ifname": "eth1", "flags": ["UP"], "mtu": 1500, "addr_info": []}
    [block] = session.blocks("$ ip r\ndefault dev a\n...\n10.0.0.0/8 dev b\n")
    assert (block.part, [route["dst"] for route in block.records]) == ("something was left out", ["default", "10.0.0.0/8"])


@pytest.mark.parametrize("said", ["12:34:56 started", "20:01:00.123 done", "std::string"])
def test_a_time_is_no_address_that_was_not_read(said: str) -> None:
    rows = "[web] 2001:db8::7", "ether 02:00:00:00:00:07", "fe80::7%eth0", "10.0.0.7/24", said
    [machine] = session.machines("$ docker logs web\n" + "\n".join(rows) + "\n$ ip r\ndefault dev a\n")
    assert machine.notes == ["lines 2-5: addresses in the output of docker were not read"]
    [machine] = session.machines(f"$ nmcli\nIP4: 10.0.0.7/24\n{said}\n\n$ ip r\ndefault dev a\n")
    assert machine.notes == ["line 2: addresses in the output of nmcli were not read"]


def test_networks_in_the_settings_of_cni_are_no_json_of_ip() -> None:
    text = '$ cat 10.conf\n{\n "routes": [\n  {\n   "dst": "10.0.0.0/8"\n  }\n ]\n}\n$ ip r\ndefault dev a\n'
    [machine] = session.machines(text)
    assert machine.problems == []
    [machine] = session.machines("$ ip r\ndefault dev a\n\n" + '   "dst": "10.0.0.7",\n   "dev": "a"\n } ]\n')
    assert machine.problems == ['line 4: lines 4-6: JSON of which a part is missing: \'"dst": "10.0.0.7",\'']


def test_a_link_without_a_first_line_takes_its_addresses_along() -> None:
    text = "$ ip a\n" + ADDRESSES + "3: ??? broken\n    inet 198.51.100.1/24 scope global x\n"
    [block] = session.blocks(text)
    assert [link["ifname"] for link in block.records] == ["eth0"] and len(block.records[0]["addr_info"]) == 1
    assert [number for number, _, _ in block.lost] == [6, 7]


TICKET = (
    f"me@alpha:~$ ip a\n{ADDRESSES}me@alpha:~$ ip r\n{ROUTES}\nAnd on the other machine:\n\n"
    "me@beta:~$ ip a\n" + ADDRESSES.replace("192.0.2.1/", "192.0.2.2/").replace("00:01 ", "00:02 ")
    + "me@beta:~$ ip neigh\n192.0.2.1 dev eth0 lladdr 02:00:00:00:00:01 REACHABLE\n"
)  # fmt: skip


def test_two_machines_are_two_hosts(netwrap: Netwrap, tmp_path: Path) -> None:
    path = tmp_path / "ticket.txt"
    path.write_text(TICKET)
    alpha, beta = opening.hosts([str(path)])
    assert (alpha.name, beta.name) == ("alpha", "beta")
    assert alpha.namespaces[0].neighs is None and beta.namespaces[0].routes is None
    assert [place["what"] for place in find.find(alpha, "192.0.2.1")] == [
        "192.0.2.1/24 on eth0",
        "192.0.2.0/24 dev eth0 src 192.0.2.1",
    ]
    done = netwrap("find", "192.0.2.1", "--from", str(path), "--format", "json")
    assert [(place["host"], place["role"]) for place in json.loads(done.stdout)] == [
        ("alpha", "owner"), ("beta", "neighbour"), ("alpha", "route"),
    ]  # fmt: skip
    report = netwrap("report", "--from", str(path), "--where", "host=beta", "--format", "json")
    [row] = json.loads(report.stdout)
    assert (row["host"], row["addresses"], row["default"]) == ("beta", ["192.0.2.2/24"], None)
    links = netwrap("--from", str(path), "ip", "address", "--columns", "host,ifname,address", "--format", "tsv")
    assert links.stdout.splitlines() == ["host\tifname\taddress", "alpha\teth0\t192.0.2.1/24", "beta\teth0\t192.0.2.2/24"]


def test_sources_are_given_several_times_and_as_folders(netwrap: Netwrap, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(f"root@alpha:~# ip r\n{ROUTES}")
    (tmp_path / "two.txt").write_text(f"root@beta:~# ip r\n{ROUTES}")
    both = ["--from", str(tmp_path / "one.txt"), "--from", str(tmp_path / "two.txt")]
    done = netwrap(*both, "ip", "route", "--columns", "host,dst", "--format", "csv")
    assert done.stdout.split() == ["host,dst", "alpha,default", "alpha,192.0.2.0/24", "beta,default", "beta,192.0.2.0/24"]
    twice = opening.hosts([str(tmp_path / "one.txt")] * 2)
    assert [host.name for host in twice] == ["alpha", "alpha (one.txt)"]


@pytest.mark.parametrize(
    "row",
    [
        "alpha,default,eth0,\u00b2", f"alpha,default,{'x' * 140_000},5", "alpha,default,e\rth0,5", "alpha,default,e\0th0,5",
        '{"host": "alpha", "ifname": ["v0"], "local": "192.0.2.1"}',
        '{"host": "alpha", "ifname": "v0", "address": "192.0.2.1/\u00b2"}',
        '{"host": "alpha", "ifname": "v0", "address": "192.0.2.1/' + "1" * 5000 + '"}',
    ],
)  # fmt: skip
def test_rows_of_several_machines_may_contain_anything(row: str) -> None:
    for text in (row, f"host,dst,dev,metric\n{row}\nbeta,default,eth0,5\n"):
        session.machines(text)


def test_the_later_state_counts_and_the_earlier_is_found(netwrap: Netwrap, tmp_path: Path) -> None:
    path = tmp_path / "twice.txt"
    path.write_text("$ ip r\ndefault via 192.0.2.254 dev eth0\n$ systemctl restart networking\n$ ip r\n10.0.0.0/8 dev eth1\n")
    now = netwrap("--from", str(path), "ip", "route", "--format", "json")
    assert json.loads(now.stdout) == [{"dst": "10.0.0.0/8", "dev": "eth1", "flags": []}]
    before = netwrap("--from", str(path), "--at", "1", "ip", "route", "--format", "json")
    assert json.loads(before.stdout) == [{"dst": "default", "gateway": "192.0.2.254", "dev": "eth0", "flags": []}]
    [place] = json.loads(netwrap("find", "192.0.2.254", "--from", str(path), "--format", "json").stdout)
    assert place["role"] == "earlier" and "line 2" in place["what"]


def test_losses_and_prose_are_told_apart(netwrap: Netwrap, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text(f"Hello there, this is my table.\n\n$ ip r\n{ROUTES}\nWhat is wrong with it?\nThanks in advance!\n")
    done = netwrap("parse", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    path.write_text("$ ip r\ndefault dev a\n%%% 12:aa\n10.0.0.0/8 dev b\n$ ip n\n@@@::: 00\n")
    done = netwrap("parse", str(path))
    assert done.returncode == 1
    assert [line.partition(f"{path}:")[2].partition(":")[0] for line in done.stderr.splitlines()] == ["3", "6"]
    assert netwrap("find", "10.0.0.0/8", "--from", str(path)).returncode == 1


def test_a_value_in_no_table_is_not_called_nowhere(netwrap: Netwrap, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text(f"My gateway is 192.0.2.77 I think.\n\n$ ip r\n{ROUTES}")
    done = netwrap("find", "192.0.2.77", "--from", str(path))
    assert done.returncode == 1 and "stands in line 1 of" in done.stderr and "nowhere" not in done.stderr


@pytest.mark.parametrize(
    "line",
    ["Updated on 2024-11-28", "Routes on p2p1:", "Tested on 5.10.0-26-amd64", "Running on aarch64", "Output of iproute2-6.1.0:",
     "traffic on udp4500:", "Cluster on k8s-1.28:", "Routes on te1/0/1:", "A:10% of them:", "A:100# of them"],
)  # fmt: skip
def test_dates_links_and_versions_are_no_machines(line: str) -> None:
    assert read(f"{line}\n$ ip r\n{ROUTES}") == [("", None, "ip_route", 2)]


def test_a_machine_may_be_called_after_its_network() -> None:
    text = f"=== lan1-switch ===\n$ ip r\n{ROUTES}\n=== lan2-switch ===\n$ ip r\n{ROUTES}"
    assert [host for host, *_ in read(text)] == ["lan1-switch", "lan2-switch"]


def test_parts_are_marked() -> None:
    [block] = session.blocks(f"$ ip -br a | grep eth0\n{BRIEF.splitlines()[1]}\n")
    assert (block.part, len(block.records)) == ("| grep eth0", 1)


@pytest.mark.parametrize("seed", range(0, 300, 25))
def test_cuts_and_splices(seed: int) -> None:
    for number in range(seed, seed + 25):
        rng = random.Random(number)
        whole = pastes.a_text(rng)
        text = pastes.cut_and_spliced(rng, whole)
        pastes.check(text)
        pastes.check_nothing_is_lost(whole, text)


@pytest.mark.parametrize(
    "piece",
    [
        "the route to the bridge is in ip route, see # 5\n",
        "$ ip r\n" + ROUTES,
        "$ " + "x" * 200,
        "> " * 50,
        "\n",
        "node1:\n",
        "[\n",
        '{"out": "default dev a\\n"}\n',
        "-default dev a\n+default dev b\n",
        "a1: default dev a\nb2: default dev b\n",
        "default via 192.0.2.1 dev a ",
    ],
)
def test_time_grows_with_the_text(piece: str) -> None:
    """Of a text twice as long no line is looked at more often: counted, not timed."""

    def calls(times: int) -> int:
        import sys

        count = 0

        def counting(frame: object, event: str, argument: object) -> None:
            nonlocal count
            count += event == "call"

        text = piece * times
        before = sys.getprofile()
        sys.setprofile(counting)
        try:
            session.machines(text)
        finally:
            sys.setprofile(before)
        return count

    few = calls(100)
    assert calls(400) < 6 * few + 1000


def test_a_hidden_value_is_found_where_it_stands(netwrap: Netwrap, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("$ ip r\ndefault via 10.x.x.1 dev eth0\n")
    [place] = json.loads(netwrap("find", "10.x.x.1", "--from", str(path), "--format", "json").stdout)
    assert (place["role"], place["what"]) == ("line", "default via 10.x.x.1 dev eth0 (line 2)")
