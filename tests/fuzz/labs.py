"""Export a random network, remove it, bring the file up, and compare captures: equal, or with a note for each difference.

``python tests/fuzz/labs.py --count 50 [--seed N]``, as root in a host of its own (it removes all namespaces). A finding is
printed with the seed that repeats it, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from netwrap.answers import diff  # noqa: E402
from netwrap.errors import NetwrapError  # noqa: E402
from netwrap.lab import apply, export, file, perform  # noqa: E402
from netwrap.sources import opening  # noqa: E402

# What can be said of one interface, and what of a namespace: {d} is an interface, {n} a number of this network.
ADDRESSES = (
    "10.{n}.0.{h}/24", "10.{n}.1.{h}/24 broadcast +", "10.{n}.2.{h} peer 10.{n}.3.{h}/32", "10.{n}.4.{h}/24 scope link",
    "10.{n}.5.{h}/24 label {d}:x", "10.{n}.6.{h}/24 metric 50", "10.{n}.7.{h}/24 noprefixroute", "fd00:{n}::{h}/64 nodad",
    "fd00:{n}:1::{h}/64 nodad metric 300", "fe80::{h}/64 nodad", "10.{n}.8.{h}/24 valid_lft 9000 preferred_lft 9000",
    "10.{n}.9.{h}/32",
)  # fmt: skip
ROUTES = (
    "172.16.{r}.0/24 dev {d}", "172.17.{r}.0/24 dev {d} mtu 1300", "172.18.{r}.0/24 dev {d} tos 0x10",
    "blackhole 172.19.{r}.0/24", "172.20.{r}.0/24 dev {d} metric 77",
    "172.21.{r}.0/24 dev {d} table 100", "172.22.{r}.0/24 dev {d} scope host",
    "172.23.{r}.0/24 dev {d} proto static", "172.24.{r}.0/24 dev {d} advmss 1000 initcwnd 20",
    "172.25.{r}.0/24 dev {d} proto bird",
    "unreachable 172.26.{r}.0/24 metric 5", "172.27.{r}.0/24 via 10.99.0.1 dev {d} onlink", "fd01:{r}::/64 dev {d}",
    "fd02:{r}::/64 dev {d} pref high", "172.28.{r}.0/24 nexthop dev {d} weight 2 nexthop via 10.99.0.1 dev {d} onlink",
    "172.29.{r}.0/24 dev {d} realm 5",
)  # fmt: skip
RULES = (
    "from 10.0.0.0/8 table 100", "not from 10.0.0.0/8 table 100", "ipproto tcp dport 80 table 100", "fwmark 5/0xff table 100",
    "table main suppress_prefixlength 0", "uidrange 0-99 table 100", "to 10.1.0.0/16 prohibit", "iif lo table 100",
    "tos 0x10 table 100", "sport 10-20 ipproto udp table 100", "l3mdev", "goto 32766", "table main suppress_ifgroup 5",
    "fwmark 7 blackhole",
)  # fmt: skip
LINKS = (
    "link set {d} mtu 1400", "link set {d} txqueuelen 500", "link set {d} alias some-words",
    "link property add dev {d} altname alt{n}",
    "link set {d} addrgenmode none", "link set {d} down", "link set {d} group 7", "link set {d} arp off", "link set lo down",
    "address add 10.255.0.{h}/32 dev lo", "address add fd00:ff::{h}/128 dev lo nodad",
    "neigh add 10.98.0.1 lladdr 02:00:00:00:00:09 dev {d} nud permanent", "neigh add proxy 10.98.0.2 dev {d}",
)  # fmt: skip
SYSCTLS = (
    "ipv4/ip_forward=1", "ipv4/conf/all/rp_filter=2", "ipv4/conf/{d}/proxy_arp=1", "ipv6/conf/all/forwarding=1",
    "ipv6/conf/{d}/accept_ra=0", "ipv4/tcp_syncookies=2", "ipv4/conf/default/rp_filter=1", "ipv6/conf/{d}/disable_ipv6=1",
    "ipv4/neigh/{d}/gc_stale_time=90",
)  # fmt: skip


# The marks of a lab, and what the kernel is about to do.
OF_A_LAB = ("group", "ifalias", "tentative")


def run(*words: str) -> bool:
    return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def build(rng: random.Random) -> list[str]:
    """Make a network; what the kernel refuses is left out. Returns its namespaces."""
    names = [f"x{number}" for number in range(rng.randint(2, 4))]
    ends: list[tuple[str, str]] = []
    for name in names:
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
    bridge = rng.random() < 0.5
    if bridge:
        run(
            "ip",
            "-n",
            names[0],
            "link",
            "add",
            "br0",
            "type",
            "bridge",
            *rng.choice(([], ["stp_state", "1"], ["priority", "4096"])),
        )
        run("ip", "-n", names[0], "link", "set", "br0", "up")
    for number in range(rng.randint(1, 4)):
        one, other = rng.sample(names, 2)
        run("ip", "link", "add", f"a{number}", "netns", one, "type", "veth", "peer", "name", f"b{number}", "netns", other)
        for name, dev in ((one, f"a{number}"), (other, f"b{number}")):
            run("ip", "-n", name, "link", "set", dev, "up")
            ends.append((name, dev))
            if bridge and name == names[0]:
                run("ip", "-n", name, "link", "set", dev, "master", "br0")
                if rng.random() < 0.3:
                    option = rng.choice(("isolated on", "learning off", "hairpin on", "cost 7"))
                    run("ip", "-n", name, "link", "set", dev, "type", "bridge_slave", *option.split())
    for name, dev in ends:
        facts = {"d": dev, "n": rng.randint(1, 200), "h": rng.randint(1, 250)}
        for text in rng.sample(ADDRESSES, rng.randint(0, 3)):
            run("ip", "-n", name, "address", "add", *text.format(**facts).split(), "dev", dev)
        for text in rng.sample(LINKS, rng.choice((0, 0, 1, 2))):
            run("ip", "-n", name, *text.format(**facts).split())
        for text in rng.sample(ROUTES, rng.randint(0, 4)):
            run("ip", "-n", name, "route", "add", *text.format(r=rng.randint(0, 200), **facts).split())
        for text in rng.sample(SYSCTLS, rng.choice((0, 0, 1, 2))):
            key, _, value = text.format(**facts).partition("=")
            run("ip", "netns", "exec", name, "sh", "-c", f"echo {value} >/proc/sys/net/{key}")
    for name in names:
        for priority, text in enumerate(rng.sample(RULES, rng.randint(0, 3)), 100):
            six = ["-6"] if rng.random() < 0.2 else []
            run("ip", "-n", name, *six, "rule", "add", "priority", str(priority), *text.split())
    time.sleep(1.2)  # the kernel tells of carriers once a second
    return names


def round_trip(rng: random.Random) -> list[str]:
    """The differences without a note."""
    names = build(rng)
    try:
        before = opening.live(netns=names)
        text, notes = export.export(names)
        for name in names:
            run("ip", "netns", "delete", name)
        time.sleep(0.3)
        lab = file.read(text, "exported.toml")
        with perform.Interrupts() as interrupts:
            apply.up(lab, lambda _text: None, lambda _text: None, interrupts)
        time.sleep(1.2)
        found = diff.diff(before, opening.live(netns=names), netns=names)
        status = apply.compare(lab)
        silent = [str(row) for row in found.rows if row["field"] not in OF_A_LAB and not noted(row, notes)]
        return silent + [f"status: {step}" for step in status.steps] + [f"status: {other}" for other in status.unlisted]
    except NetwrapError as error:
        return [f"{type(error).__name__}: {error}"]
    finally:
        apply.down("exported", lambda _text: None, lambda _text: None)
        for name in names:
            run("ip", "netns", "delete", name)


def noted(row: dict[str, object], notes: list[str]) -> bool:
    """Whether a note of the namespace names what differs: the link of a row, its destination, its number."""
    words = [word.partition("/")[0] for word in str(row.get("key")).replace(":", " ").split()] + [str(row.get("key"))]
    of_netns = [note for note in notes if f" of {row.get('netns')}" in note]
    if row["field"] == "state" and row["key"] == "br0":  # with STP a bridge has no carrier for half a minute
        return True
    states = {"listening", "learning", "forwarding"}  # in turn, as its timer goes
    if str(row["field"]).endswith("slave_data.state") and {row["before"], row["after"]} <= states:
        return True
    down = any("a lab brings it up" in note for note in notes)
    if down and (row["field"] == "state" or row["field"] in ("flags", "nexthops") and "'linkdown'" in str(row["before"])):
        return True
    return any(word and f" {word}" in note.replace("/", " ").replace(":", " ") for note in of_netns for word in words)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--count", type=int, default=50, help="how many networks (default: 50)")
    options.add_argument("--seed", type=int, help="begin with this seed (printed with each finding)")
    chosen = options.parse_args()
    first = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(2**31)
    findings = 0
    for number in range(first, first + chosen.count):
        for text in round_trip(random.Random(number)):
            findings += 1
            print(f"--seed {number}: {text}", flush=True)
    print(f"{chosen.count} networks: {findings} silent differences")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
