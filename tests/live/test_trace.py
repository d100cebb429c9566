"""What `trace` says of a capture against what packets do."""

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
@pytest.mark.parametrize("seed", [0, 1, 2, 4, 5, 6, 7])
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
