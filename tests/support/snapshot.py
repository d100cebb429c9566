"""Everything of a host that a lab could leave behind, as text: run as a script it prints it."""

from __future__ import annotations

import os
import re
import subprocess

COMMANDS = (
    "ip netns list",
    "ip -d link show",
    "ip address show",
    "ip route show table all",
    "ip -6 route show table all",
    "ip rule show",
    "ip -6 rule show",
    "ip neigh show nud permanent",
    "ip neigh show proxy",
    "nft list ruleset",
    "iptables -t nat -S",
    "tc qdisc show",
    "sysctl -a -r ^net.ipv[46].(ip_forward|conf.*forwarding|conf.*rp_filter|conf.*proxy_arp)",
)
# Clocks, and what depends on the order of things in other namespaces.
_VOLATILE = re.compile(r"_timer +[0-9.]+|(valid|preferred)_lft \S+|tentative| \(id: \d+\)|link-netnsid \d+|(?<= )expires \S+")


def said(command: str, netns: str | None = None) -> str:
    words = command.split(" ")
    if netns is not None:
        words = ["ip", "netns", "exec", netns, *words]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    except OSError:
        return "not installed\n"
    lines = _VOLATILE.sub("", done.stdout).split("\n")
    return "\n".join(sorted(lines) if command == "ip netns list" else lines)


def files(top: str) -> list[str]:
    found = []
    for folder, _folders, names in os.walk(top):
        found.append(f"{folder}/")
        for name in names:
            try:
                with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                    found.append(f"{folder}/{name}: {file.read()!r}")
            except OSError as error:
                found.append(f"{folder}/{name}: {error}")
    return sorted(found)


def processes() -> list[str]:
    """The processes that a lab marked."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/environ", "rb") as file, open(f"/proc/{entry}/cmdline", "rb") as line:
                if b"NETWRAP_LAB=" in file.read():
                    found.append(repr(line.read()))
        except OSError:
            continue
    return sorted(found)


def snapshot() -> str:
    parts = [f"$ {command}\n{said(command)}" for command in COMMANDS]
    try:
        names = sorted(os.listdir("/run/netns"))
    except OSError:
        names = []
    parts += [f"{name}$ {command}\n{said(command, name)}" for name in names for command in COMMANDS[1:9]]
    kept = [row for row in files("/run/netwrap/lab") if not re.match(r"/run/netwrap/lab/(\.lock|$)", row)]
    return "\n".join([*parts, *files("/etc/netns"), *kept, *processes(), ""])


if __name__ == "__main__":
    print(snapshot(), end="")
