"""The verdicts of `trace` on a capture, compared with real packets."""

from __future__ import annotations

import json
from pathlib import Path

import packets
import pytest
from networks import CHAIN
from private_host import PrivateHost
from rooms import Netwrap

from netwrap.answers import trace


@pytest.mark.root
@pytest.mark.parametrize("seed", [0, 2, 4, 6, 7, 13, 17])
def test_packets_do_what_is_said(seed: int) -> None:
    _, found = packets.of_seed(seed)
    assert len(found) > 30
    assert [str(one) for one in found if one.kind.startswith("wrong")] == []
    assert packets.counts(found)["undecided"] <= len(found) // 5


def test_evidence_is_the_line_of_the_source(netwrap: Netwrap, tmp_path: Path) -> None:
    text = "root@red:~# ip addr\n2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000\n"
    text += "    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n    inet 10.0.0.1/24 scope global eth0\n"
    text += "root@red:~# ip rule\n0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n"
    text += "root@red:~# ip route show table all\nblackhole 10.9.0.0/16\n10.0.0.0/24 dev eth0 scope link\n"
    (tmp_path / "paste.txt").write_text(text)
    done = netwrap("trace", "(root)", "10.9.0.7", "--from", str(tmp_path / "paste.txt"), "--format", "json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["verdict"], said["reason"]) == (1, "dropped", "blackhole")
    [finding] = said["findings"]
    assert (finding["evidence"], finding["line"]) == ("blackhole 10.9.0.0/16", 10)
    assert finding["mend"] == ["ip route del blackhole 10.9.0.0/16"]


@pytest.mark.root
@pytest.mark.parametrize("tool", ["iptables-legacy", "ip6tables-legacy"])
def test_a_capture_has_the_rules_of_old_iptables_where_no_process_lives(private_host: PrivateHost, tool: str) -> None:
    if private_host.run(tool, "-S", check=False).returncode:
        pytest.skip(f"no {tool} here, or none in this kernel")
    private_host.sh(CHAIN + f"ip netns exec b {tool} -A INPUT -p udp -j DROP\n")
    host = packets.captured(private_host)
    target = "10.2.0.1" if tool == "iptables-legacy" else "fd02::1"
    found = [trace.trace(host, trace.ask(host, "a", target, proto=proto, port=7)) for proto in ("udp", "icmp")]
    assert [(one.verdict, one.reason) for one in found] == [("dropped", "filter"), ("reached", None)]


@pytest.mark.root
def test_what_stands_behind_a_fault_is_said(private_host: PrivateHost) -> None:
    private_host.sh(
        CHAIN
        + """
ip netns exec r sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
ip netns exec r nft 'add table ip g; add chain ip g f { type filter hook forward priority 0; policy drop; }'
ip netns exec b sh -c 'echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all'
"""
    )
    done = private_host.netwrap("trace", "a", "10.2.0.1")
    assert done.stdout.splitlines()[-4:] == [
        "a does not reach 10.2.0.1: r does not forward IPv4 (forwarding of eth0 is 0)",
        "  mend:   ip netns exec r sysctl -w net.ipv4.ip_forward=1",
        "  then:   ip g f: policy drop in r drops 10.1.0.1 to 10.2.0.1 at forward",
        "  then:   b ignores echo requests (net.ipv4.icmp_echo_ignore_all is 1)",
    ]
    said = json.loads(private_host.netwrap("trace", "a", "10.2.0.1", "--format", "json").stdout)
    assert said["then"] == [line[10:] for line in done.stdout.splitlines()[-2:]]


@pytest.mark.root
def test_a_mark_and_a_probe(private_host: PrivateHost) -> None:
    private_host.sh(CHAIN + "ip -n a rule add fwmark 7 prohibit pref 5\n")
    done = private_host.netwrap("trace", "a", "10.2.0.1", "--probe")
    assert done.returncode == 0 and "  kernel: ping: " in done.stdout and "64 bytes from" not in done.stdout.split("kernel")[0]
    done = private_host.netwrap("trace", "a", "10.2.0.1", "--probe", "--mark", "0x7")
    assert done.returncode == 1 and "bytes from" not in done.stdout
    assert "  mend:   ip -n a rule del pref 5" in done.stdout.splitlines()
    done = private_host.netwrap("trace", "a", "10.2.0.1", "--probe", "--mark", "7", "--proto", "udp")
    assert (done.returncode, done.stderr) == (
        2, "netwrap: --probe sends udp without a mark and a size: --proto icmp takes them\n",
    )  # fmt: skip


@pytest.mark.root
def test_filters_of_tc_are_not_judged(private_host: PrivateHost) -> None:
    private_host.sh(CHAIN)
    lines = (
        "tc -n r qdisc add dev eth0 clsact\ntc -n r filter add dev eth0 ingress protocol ip u32 match ip dst 10.2.0.1 classid 1:1"
    )
    if private_host.run("sh", "-ec", lines, check=False).returncode:
        pytest.skip("no tc here, or no such filters in this kernel")
    done = private_host.netwrap("trace", "a", "10.2.0.1")
    rule = "filter protocol ip pref 49152 u32 chain 0"
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        3, f"  missing: tc in r: {rule} (not judged): ip netns exec r tc filter show dev eth0 ingress",
    )  # fmt: skip
    assert private_host.netwrap("trace", "b", "10.2.0.254").returncode == 0  # by another link
    [report] = json.loads(private_host.netwrap("report", "r", "--format", "json").stdout)
    assert report["not_judged"][0] == {"tool": "tc", "dev": "eth0", "hook": "ingress", "text": rule}


@pytest.mark.root
def test_the_kernel_answers_an_echo_to_an_address_that_it_takes_for_a_broadcast(private_host: PrivateHost) -> None:
    private_host.sh(CHAIN + "ip -n r address add 10.1.0.251/24 dev eth0; ip -n a address add 10.1.0.249/30 dev eth0 broadcast +\n"
                    "ip netns exec r ping -n -c 1 -W 2 -I 10.1.0.251 10.1.0.249")  # fmt: skip
    host = packets.captured(private_host)
    found = [trace.trace(host, trace.ask(host, "10.1.0.251", "10.1.0.249", proto=proto, port=7)) for proto in ("icmp", "udp")]
    assert [(one.verdict, one.reason) for one in found] == [("reached", None), ("one way", "prohibit")]  # a program may not
