"""What `trace` says of a capture against what packets do."""

from __future__ import annotations

import json
from pathlib import Path

import packets
import pytest
from rooms import Netwrap


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
