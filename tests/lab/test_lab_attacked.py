"""Labs under adverse conditions: odd umasks, full disks, broken records, endless commands, files that are not namespaces."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from private_host import ROOT, PrivateHost

pytestmark = pytest.mark.root

NETWRAP = f"{sys.executable} -m netwrap"


def up(host: PrivateHost, text: str, name: str = "x") -> str:
    """Bring a lab of this text up and return the path of its file."""
    path = f"/run/{name}.toml"
    host.run("tee", path, given=f'name = "{name}"\n{text}')
    done = host.netwrap("lab", "up", path)
    assert done.returncode == 0, done.stderr
    return path


def running(host: PrivateHost, words: str) -> str:
    return host.run("pgrep", "-fx", words, check=False).stdout


STUBBORN = [
    '["env", "-i", "sleep", "777"]',
    '["setpriv", "--reset-env", "sleep", "777"]',
    '["sh", "-c", "trap : TERM; while :; do sleep 777; done"]',
    '["sh", "-c", "setsid env -i sh -c \'sleep 777 & sleep 777\' &"]',  # a daemon
]


@pytest.mark.parametrize("argv", STUBBORN)
def test_commands_that_hide_are_seen_and_ended(private_host: PrivateHost, argv: str) -> None:
    host = private_host
    before = host.snapshot()
    file = up(host, f"[namespaces.red]\nstart = [{argv}]\n")
    host.sh("until pgrep -fx 'sleep 777'; do sleep 0.02; done")
    assert host.netwrap("lab", "status", file).stdout == "lab x: the host is as the file says\n"
    assert host.netwrap("lab", "up", file).stdout == "lab x is up: nothing to change\n"
    assert host.netwrap("lab", "down", file).returncode == 0
    assert running(host, "sleep 777") == ""
    host.sh(f"rm {file}")
    assert host.snapshot() == before


def test_who_else_is_in_the_namespace_is_ended_too(private_host: PrivateHost) -> None:
    file = up(private_host, "[namespaces.red]\n")
    private_host.sh("ip netns exec red sleep 778 >/dev/null 2>&1 &")
    assert private_host.netwrap("lab", "down", file).returncode == 0
    assert running(private_host, "sleep 778") == ""


def test_a_command_that_prints_without_end_does_not_fill_run(private_host: PrivateHost) -> None:
    file = up(
        private_host, '[namespaces.red]\nstart = [["yes", "a line that nobody reads"], ["sh", "-c", "echo one; sleep 99"]]\n'
    )
    # (the size at which the log ends, and time to write much more)
    private_host.sh("until [ $(stat -c %s /run/netwrap/lab/x/red.0.log) -ge 1048576 ]; do sleep 0.02; done; sleep 0.2")
    assert int(private_host.sh("stat -c %s /run/netwrap/lab/x/red.0.log")) < 1100000
    assert private_host.sh("cat /run/netwrap/lab/x/red.1.log") == "one\n"
    assert private_host.netwrap("lab", "down", file).returncode == 0


def test_the_record_is_for_its_owner_alone_whatever_the_umask(private_host: PrivateHost) -> None:
    host = private_host
    host.sh(f"umask 000; {NETWRAP} lab up bridge; {NETWRAP} lab up outside 2>&1 || true")
    assert host.sh("find /run/netwrap -perm /022") == ""
    host.sh("chmod 666 /run/netwrap/lab/bridge/journal")  # as an older netwrap left it
    host.sh("""echo '{"key":["sysctl","host","net/ipv4/ip_forward"],"value":{"value":"0","was":"1"}}' \\
               >>/run/netwrap/lab/bridge/journal""")
    down = host.netwrap("lab", "down", "bridge")
    assert (down.returncode, host.sh("cat /proc/sys/net/ipv4/ip_forward; ls /run/netns")) == (0, "0\n")
    assert "the record of lab bridge is broken: what carries the lab's mark is removed" in down.stderr


def test_everybody_resolves_names_whatever_the_umask(private_host: PrivateHost) -> None:
    private_host.sh(f"umask 077; {NETWRAP} lab up outside")
    assert private_host.sh("stat -c %a /etc/netns /etc/netns/red /etc/netns/red/resolv.conf").split() == ["755", "755", "644"]


@pytest.mark.parametrize("damage", ["umount /run/netns/red", "ip netns delete red; touch /run/netns/red"])
def test_a_file_that_is_no_namespace_any_more(private_host: PrivateHost, damage: str) -> None:
    host = private_host
    before = host.snapshot()
    assert host.netwrap("lab", "up", "bridge").returncode == 0
    host.sh(damage)
    host.sh(
        "for i in $(seq 100); do ip link show veth-red-br >/dev/null 2>&1 || break; sleep 0.05; done"
    )  # it goes with its peer
    status = host.netwrap("lab", "status", "bridge")
    assert (status.returncode, status.stdout.split("\n")[:2]) == (1, ["- namespace red", "+ namespace red"])
    assert host.netwrap("lab", "up", "bridge").returncode == 0
    assert host.netwrap("lab", "status", "bridge").returncode == 0
    host.sh(damage)
    assert host.netwrap("lab", "down", "bridge").returncode == 0
    assert host.snapshot() == before
    host.sh("touch /run/netns/red")
    refused = host.netwrap("lab", "up", "bridge")
    assert "/run/netns/red is there already and no namespace; ip netns delete red removes it" in refused.stderr


def test_a_lab_made_inside_of_a_namespace(private_host: PrivateHost) -> None:
    host = private_host
    host.sh("ip netns add outer")
    before = host.snapshot()
    host.run("tee", "/run/in.toml", given='name = "inner"\n[namespaces.inn]\n')
    up = host.run("ip", "netns", "exec", "outer", sys.executable, "-m", "netwrap", "lab", "up", "/run/in.toml")
    assert "these namespaces end with it" in up.stderr
    down = host.netwrap("lab", "down", "inner")
    assert (down.returncode, down.stderr) == (0, "")
    assert host.snapshot() == before


BROKEN = {
    "a byte that is no text": r"printf '\377\n' >>J",
    "a number": "echo 5 >>J",
    "keys that are none": """printf '%s\\n' '{"key":{},"value":3}' '{"done":7}' '{"gone":[7,["netns"]]}' >>J""",
    "half a line": "printf '{\"key\":' >>J",
    "nothing": ": >J",
    "no record at all": "rm -r /run/netwrap",
    "no first line": "sed -i 1d J",
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_record(private_host: PrivateHost, tmp_path: Path, damage: str) -> None:
    host = private_host
    before = host.snapshot()
    text = (ROOT / "netwrap" / "lab" / "ready" / "bridge.toml").read_text()
    file = tmp_path / "bridge.toml"
    file.write_text(text.replace("[namespaces.red]\n", '[namespaces.red]\nstart = [["sleep", "779"]]\n'))
    assert "sleep 779" in host.netwrap("lab", "up", str(file)).stdout
    host.sh("ip netns exec red sleep 778 >/dev/null 2>&1 &")
    host.sh("mkdir -p /run/netwrap/lab/other; printf '\\377\\n' >/run/netwrap/lab/other/journal")
    host.sh(damage.replace("J", "/run/netwrap/lab/bridge/journal"))
    for words in (("show",), ("status", "bridge"), ("export",), ("up", "bridge", "--dry-run")):
        done = host.netwrap("lab", *words)
        assert "Traceback" not in done.stderr and "other" not in done.stderr, (words, done.stderr)
    down = host.netwrap("lab", "down", "bridge")
    assert down.returncode == 0, down.stderr
    host.sh("rm -rf /run/netwrap/lab/other")
    assert host.snapshot() == before


def test_a_record_on_a_full_disk(private_host: PrivateHost) -> None:
    host = private_host
    text = "[bridges.bb]\n" + "".join(f'[namespaces.b{n}]\nsysctls = {{"net.ipv4.ip_forward" = 1}}\n' for n in range(20))
    text += "".join(
        f'[[links]]\nendpoints = [{{at = "b{n}:e", addresses = ["10.0.0.{n + 1}/24"]}}, "bb:v{n}"]\n' for n in range(20)
    )
    before = host.snapshot()
    for size in (8, 16, 24):
        host.sh(f"mkdir -p /run/netwrap; mount -t tmpfs -o size={size}k tmpfs /run/netwrap")
        host.run("tee", "/run/big.toml", given=text)
        done = host.netwrap("lab", "up", "/run/big.toml")
        if done.returncode == 0:
            host.sh("head -c 100000 /dev/zero >/run/netwrap/filler 2>/dev/null || true")
            assert host.netwrap("lab", "down", "/run/big.toml").returncode == 0
        else:
            assert done.stderr.startswith("netwrap: lab big: its record in /run/netwrap/lab/big cannot be written: No space")
        host.sh("umount /run/netwrap; rm /run/big.toml")
        assert host.snapshot() == before


def test_few_open_files(private_host: PrivateHost) -> None:
    text = "".join(f"[namespaces.q{n}]\n" for n in range(60))
    private_host.run("tee", "/run/q.toml", given=text)
    for verb in ("up", "status", "down"):
        private_host.sh(f"ulimit -n 40; {NETWRAP} lab {verb} /run/q.toml")
    assert private_host.sh("ls /run/netns") == ""


def test_a_fifo_in_etc_is_no_file(private_host: PrivateHost) -> None:
    private_host.sh("mkdir -p /etc/netns/red; mkfifo /etc/netns/red/hosts")
    done = private_host.netwrap("lab", "up", "outside")
    assert (done.returncode, done.stderr.partition(": ")[2]) == (
        1, "outside.toml:23: /etc/netns/red/hosts is there already, and is no plain file\n"
    )  # fmt: skip


def test_signals_are_obeyed_while_a_command_hangs(private_host: PrivateHost) -> None:
    host = private_host
    real = host.sh("command -v ip").strip()
    host.sh(f"""mkdir /run/b; cat >/run/b/ip <<'E'
#!/bin/sh
case "$*" in *-j*) ;; *-batch*) exec sleep 3000;; esac
exec {real} "$@"
E
chmod +x /run/b/ip""")
    env = {"PATH": "/run/b:/usr/bin:/bin:/usr/sbin:/sbin"}
    words = host.words(sys.executable, "-m", "netwrap", "lab", "up", "bridge", env=env)
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not running(host, "sleep 3000"):
            time.sleep(0.05)
        child = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        subprocess.run(["kill", "-TERM", *(child or [str(process.pid)])], check=True)
        _shown, said = process.communicate(timeout=60)
    assert (process.returncode in (143, -15), said) == (True, "")
    assert running(host, "sleep 3000") == ""
    assert host.netwrap("lab", "down", "bridge").returncode == 0


def test_what_cannot_be_undone_is_said(private_host: PrivateHost) -> None:
    host = private_host
    assert host.netwrap("lab", "up", "outside").returncode == 0
    host.sh("unshare -n sleep 100 >/dev/null 2>&1 & sleep 0.2; ip -n red link set veth-red netns $!")
    host.sh("ip -n blue link set veth-blue down; ip -n blue link set veth-blue name gone; ip -n blue route flush table main")
    done = host.netwrap("lab", "up", "outside")
    assert "Traceback" not in done.stderr
    assert host.netwrap("lab", "down", "outside").returncode == 0
    assert host.sh("ls /run/netns") == ""


def test_a_device_that_is_made_again_gets_its_sysctls(private_host: PrivateHost) -> None:
    file = up(private_host, """[namespaces.red]
sysctls = { "net.ipv4.conf.e.proxy_arp" = 1 }
[bridges.b]
[[links]]
endpoints = [{ at = "red:e", addresses = ["10.1.0.1/24"] }, "b:p"]
""")  # fmt: skip
    private_host.sh("ip link set p down; ip link set p name q")
    assert private_host.netwrap("lab", "up", file).returncode == 0
    assert private_host.sh("ip netns exec red cat /proc/sys/net/ipv4/conf/e/proxy_arp") == "1\n"
    assert private_host.netwrap("lab", "status", file).stdout == "lab x: the host is as the file says\n"
