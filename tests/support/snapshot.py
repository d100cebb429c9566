"""Return all state of a host that a lab could leave behind, as text; run as a script, print this text."""

from __future__ import annotations

import glob
import os
import re
import subprocess

# One process each: lines of `ip -d -batch`, and in the host the others.
IP = """link show
address show
route show table all
rule show
neigh show nud permanent
neigh show proxy
"""
OTHERS = ("nft list ruleset", "iptables -t nat -S", "tc qdisc show")
_SYSCTLS = ("ipv4/ip_forward", "ipv[46]/conf/*/*forwarding", "ipv4/conf/*/rp_filter", "ipv[46]/conf/*/proxy_arp")
# Clocks, and what depends on the order of things in other namespaces.
_VOLATILE = re.compile(r"_timer +[0-9.]+|(valid|preferred)_lft \S+|tentative| \(id: \d+\)|link-netnsid \d+|(?<= )expires \S+")


def said(words: list[str], given: str = "") -> str:
    try:
        done = subprocess.run(words, input=given, capture_output=True, text=True, timeout=30)
    except OSError:
        return "not installed\n"
    return _VOLATILE.sub("", done.stdout)


def of_netns(name: str | None) -> str:
    where = ["-n", name] if name else []
    return said(["ip", *where, "-d", "-batch", "-"], IP) + said(["ip", *where, "-6", "rule", "show"])


def sysctls() -> list[str]:
    found = []
    for pattern in _SYSCTLS:
        for path in sorted(glob.glob(f"/proc/sys/net/{pattern}")):
            with open(path, encoding="ascii") as file:
                found.append(f"{path} = {file.read().strip()}")
    return found


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
    parts = [of_netns(None), *(f"$ {command}\n{said(command.split())}" for command in OTHERS), *sysctls()]
    try:
        names = sorted(os.listdir("/run/netns"))
    except OSError:
        names = []
    parts += [f"{name}$\n{of_netns(name)}" for name in names]
    kept = [row for row in files("/run/netwrap/lab") if not re.match(r"/run/netwrap/lab/(\.lock|$)", row)]
    return "\n".join([*parts, *files("/etc/netns"), *kept, *processes(), ""])


if __name__ == "__main__":
    print(snapshot(), end="")
