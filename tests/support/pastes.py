"""Pasted texts of every kind, and the properties that must hold for any mixture of their pieces."""

from __future__ import annotations

import random
import re
from typing import Any

from netwrap.sources import pasted_text, session, session_reader

ADDRESSES = """2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0
       valid_lft forever preferred_lft forever
"""
ROUTES = "default via 192.0.2.254 dev eth0 proto dhcp metric 100\n192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1\n"
NEIGHBOURS = "192.0.2.254 dev eth0 lladdr 02:00:00:00:00:fe REACHABLE\n192.0.2.9 dev eth0 FAILED\n"
RULES = "0:\tfrom all lookup local\n100:\tfrom 192.0.2.1 lookup 100\n32766:\tfrom all lookup main\n"
ARP = (
    "Address                  HWtype  HWaddress           Flags Mask            Iface\n"
    "192.0.2.254              ether   02:00:00:00:00:fe   C                     eth0\n"
)
ROUTE = (
    "Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n"
    "0.0.0.0         192.0.2.254     0.0.0.0         UG    0      0        0 eth0\n"
)
FDB = "02:00:00:00:00:09 dev vx0 dst 198.51.100.9 self permanent\n33:33:00:00:00:01 dev eth0 self permanent\n"
BRIEF = "lo               UNKNOWN        127.0.0.1/8 ::1/128 \neth0@if7         UP             192.0.2.1/24 \n"
FIREWALL = "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -s 192.0.2.0/24 -j ACCEPT\nCOMMIT\n"
TABLES = {
    "ip a": ADDRESSES, "ip r": ROUTES, "ip neigh": NEIGHBOURS, "ip rule": RULES, "arp -n": ARP, "route -n": ROUTE,
    "ip -o -4 a": "2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\\       valid_lft 9sec preferred_lft 9sec\n",
    "ip -6 r": "2001:db8:7::/64 dev eth0 proto ra metric 100 pref high\nfe80::/64 dev eth0 proto kernel metric 256 pref medium\n"
    "default proto static metric 9\n\tnexthop via fe80::1 dev eth0 weight 1\n\tnexthop via fe80::2 dev eth1 weight 1\n",
    "ifconfig": "eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500\n"
    "        inet 192.0.2.1  netmask 255.255.255.0  broadcast 192.0.2.255\n"
    "        inet6 fe80::77  prefixlen 64  scopeid 0x20<link>\n        ether 02:00:00:00:00:01  txqueuelen 1000  (Ethernet)\n"
    "        RX packets 8  bytes 922 (922.0 B)\n\n",
    "bridge vlan": "port              vlan-id  \neth1              1 PVID Egress Untagged\n                  10\n"
    "eth2              20\n",
    "brctl show": "bridge name\tbridge id\t\tSTP enabled\tinterfaces\nbr0\t\t8000.020000000001\tno\t\teth1\n\t\t\t\t\t\t\teth2\n",
    "ip -j -p n": '[ {\n        "dst": "192.0.2.254",\n        "dev": "eth0",\n        "lladdr": "02:00:00:00:00:fe",\n'
    '        "state": [ "REACHABLE" ]\n    } ]\n',
    "bridge fdb": FDB, "ip -br a": BRIEF, "iptables-save": FIREWALL, "ip netns": "red\nblue\n",
}  # fmt: skip
PROMPTS = (
    "$ ", "root@alpha:~# ", "[me@beta dir]$ ", "/ # ", "➜  ~ ", "alpha> ", "└─# ", "", "> ", "### ", "- `", "PS /home/me> ",
    "sh-4.4# ",
    "[12:01:33] root@alpha:~# ", "me@alpha ~/lab (main)> ",
)  # fmt: skip
AROUND = (
    "sudo {}", "docker exec -it web {}", "kubectl -n demo exec pod-a -- {}", "sudo nsenter -t 42 -n {}", "ip netns exec red {}",
    "{} | grep -v fe80", "{} 2>/dev/null", "ssh root@beta '{}'", "sh -c '{}'", "for n in red blue; do ip netns exec $n {}; done",
    "watch {}", "time {}", "{}; {}", "{}",
)  # fmt: skip
ODD = (
    "$ sudo\n", "~ # busybox\n", "sudo sudo\n", '$ sudo "" ip a\n', "$ ip netns exec\n", "$ nsenter -t\n",
    "$ docker exec\n", "$ ssh\n",
    "exit\n", "root@alpha:~# exit\nlogout\n", "```\n", "&lt;pre&gt;\n", "> > >\n", "...\n", "As you see it is up.\n", "\n",
    "^D\n",
    "$ for n in\n", "$ ip -n\n", "$ watch\n", "$ kubectl exec\n", "$ env\n", "$ ip a \\\n", "=== node1 ===\n", "On the router:\n",
    "Content-Transfer-Encoding: quoted-printable\n", "metric=\n", "[\n", '[{"dst":', "\x1b[31m", "\x08\x08", "$ 'ip a\n",
    "64 bytes from 192.0.2.9: icmp_seq=1 ttl=64 time=0.1 ms\n", "netns: red\n", "<br>", "$ su\n", "$ unshare -n\n",
    "On Monday, Anna <a@example.org> wrote:\n> ", "[quote=eve]\n", "[/quote]\n", "│", "--------\nn1\n--------\n", "VM1\n",
    "$ PID=$(docker inspect -f '{{.State.Pid}}' web)\n", "$ nsenter -t $PID -n ip r\n", "node1: ", "web-1  | ", '        "',
    "2024-01-05T10:00:00Z ", "me@gamma ~/lab\n", "ok: [delta] => {\n", "$ ip r add 10.9.0.0/16 dev x\n",
    "$ for c in $(docker ps -q); do docker exec $c ip a; done\n",
    '{"host": "n7", "cmd": "ip r", "out": "default via 192.0.2.7 dev eth7\\n192.0.2.0/24 dev eth7\\n"}\n',
    "ok: [w1] => {\"stdout\": \"default dev eth8\\n10.0.0.0/8 dev eth8\"}\n", '[ {\n  "dst": "default",\n  "dev": "eth9"\n} ]\n',
    " 10.0.0.0/8 dev a\n-default dev a\n+default dev b\n", "@@ -3,2 +3,2 @@\n", "```diff\n",
    "default dev a scope link        default dev b scope link\n10.0.0.0/8 dev a scope link     10.0.0.0/8 dev b scope link\n",
    "$ ip r default via 192.0.2.8 dev eth0 192.0.2.0/24 dev eth0 scope link so what?\n", "box9: ip r\n", "`ip r` (box9):\n",
    "`default via 192.0.2.8 dev eth0`", "Interface: 192.0.2.77 --- 0x5\n  192.0.2.1    02-11-22-33-44-55     dynamic\n",
    "Gateway of last resort is not set\n", "en0: flags=8863<UP,RUNNING> mtu 1500\n\tether 02:00:00:00:00:77\n\tstatus: active\n",
    "eth0      Link encap:Ethernet  Hardware Adresse 02:00:00:00:00:05\n          inet Adresse:192.0.2.5  Maske:255.255.255.0\n",
    "box ➜ ~ ip r\n", "me@<redacted>:~$ ", "+ ip r\n", "    inet 192.0.2.66/24 brd 192.0.2.255 scope global eth6\n",
    "h3. ip r on box8\n", "host,dst,gateway,dev\nm1,default,192.0.2.1,eth0\nm2,default,192.0.2.2,eth0\n", "First:\n",
    "\nSecond:\n",
    '{"host": "m3", "dst": "default", "gateway": "192.0.2.3", "dev": "eth3", "flags": []}\n', "alpha: ip r\n", "λ box7 ~ ip r\n",
    "12:01:10    bob | default via 192.0.2.7 dev eth0\n12:01:12  alice | so?\n", ">>> 192.0.2.99 dev eth0 FAILED <<<\n",
    "$ for n in red blue; do\n> ip netns exec $n ip r\n> done\n", "[?2004h]0;me@gamma: ~me@gamma:~$ ip r\n", "AP:\n",
    "2024-05-04 03:00:01,140 INFO  net: default via 192.0.2.7 dev eth0\n", "but on bob it prints:\n",
    "`default dev eth5`\n`local`\n",
)  # fmt: skip


def a_text(rng: random.Random) -> str:
    """A text of some commands with their tables, prose and odd lines between them."""
    parts = []
    for _ in range(rng.randint(1, 6)):
        command, table = rng.choice(list(TABLES.items()))
        if rng.random() < 0.3:
            parts.append(rng.choice(ODD))
        if rng.random() < 0.85:
            around = rng.choice(AROUND)
            parts.append(rng.choice(PROMPTS) + around.replace("{}", command) + "\n")
        text = table
        if rng.random() < 0.3:
            text = "".join(rng.choice(("    ", "> ", "# ", "| ")) + line for line in table.splitlines(keepends=True))
        parts.append(text)
    return "".join(parts)


def cut_and_spliced(rng: random.Random, text: str = "") -> str:
    """A text with pieces cut out, doubled, and put elsewhere."""
    text = text or a_text(rng)
    for _ in range(rng.randint(0, 4)):
        if not text:
            break
        start = rng.randrange(len(text))
        end = min(len(text), start + rng.randint(1, 200))
        way = rng.random()
        if way < 0.4:
            text = text[:start] + text[end:]
        elif way < 0.6:
            text = text[:start] + rng.choice(ODD) + text[start:]
        elif way < 0.8:
            at = rng.randrange(len(text) + 1)
            text = text[:at] + text[start:end] + text[at:]
        else:
            text = text[:end]
    return text


def check(text: str) -> None:
    """Check that reading a text raises nothing, and that no record contains a word that the text lacks."""
    lines = pasted_text.undo(text).lines
    shown = "\n".join([text, *lines, "".join(line.rstrip() for line in lines)])  # a word may be broken at the end of a line
    for machine in session.machines(text):
        for section in machine.sections:
            assert "\x1b" not in section.stdout
    for block in session.blocks(text):
        if block.parser in ("iptables", "nft"):  # say what a rule means in words of their own
            continue
        for word in _words(block.records):
            assert word in shown, (word, text)


_TELLS = re.compile(r"\S \S*(?:[\d.:]{7}|UP|DOWN|FAILED|self|from|DROP)")  # what a line tells about a link or an address


def _read(text: str) -> session_reader.Reader:
    reader = session_reader.Reader(pasted_text.undo(text))
    reader.run()
    return reader


def check_nothing_is_lost(whole: str, text: str) -> None:
    """Check that each line of a table in a whole text, where it still stands in the spliced one, is read or named there."""
    before, after = _read(whole), _read(text)
    rows = {before.lines[at].strip() for at in before.read if _TELLS.search(before.lines[at])}
    named: set[int] = set()
    for block in after.finished():
        for number, _, reason in block.lost:
            span = re.match(r"lines (\d+)-(\d+): ", reason)
            named.update(range(int(span[1]), int(span[2]) + 1) if span else (number,))
        if block.lost or block.part or block.said:
            named.update(range(block.line, block.last + 1))
    for at, line in enumerate(after.lines):
        if line.strip() in rows and at not in after.read | after.no_tables and after.numbers[at] not in named:
            raise AssertionError(f"line {after.numbers[at]} {line!r} is neither read nor named in {text!r}")


# What a parser says in its own words: states, kinds and the keys of JSON are not the text's
_OWN = frozenset("inet inet6 ether loopback local all main unicast".split())


def _words(value: Any, key: str = "") -> list[str]:
    if isinstance(value, dict):
        return [word for name, part in value.items() for word in _words(part, name)]
    if isinstance(value, list):
        return [word for part in value for word in _words(part, key)]
    if isinstance(value, str) and value and value not in _OWN and key not in ("family", "link_type", "netid", "cut"):
        return [value]
    return []
