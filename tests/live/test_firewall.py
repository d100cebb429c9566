"""Random firewalls in real namespaces: the verdict on each packet is what the kernel does with it; wrapped commands live."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from rooms import Netwrap, Rooms, run

from tests.fuzz import firewall

pytestmark = pytest.mark.root

RULES = """
table inet t {
    chain c { type filter hook input priority 0; policy drop;
        tcp dport 22 counter accept comment "way in"
    }
}
"""


@pytest.mark.parametrize(("seed", "bridge"), [(11, False), (12, True)], ids=["routed", "bridged"])
def test_what_is_judged_is_what_the_kernel_does(seed: int, bridge: bool) -> None:
    tally = firewall.main(300, seed, prefix=f"nwt{os.getpid()}-{seed}", rulesets=6, bridge=bridge)
    assert tally.wrong == []
    assert tally.right > 80


def test_the_ruleset_of_a_namespace(rooms: Rooms, netwrap: Netwrap) -> None:
    red = rooms.add("red")
    run(["ip", "netns", "exec", red, "nft", "-f", "-"], RULES)
    done = netwrap("--netns", red, "nft", "list", "ruleset", "--where", "dport=22", "--format", "json")
    assert done.returncode == 0, done.stderr
    (rule,) = json.loads(done.stdout)
    assert (rule["netns"], rule["chain"], rule["verdict"], rule["comment"]) == (red, "c", "accept", "way in")
    done = netwrap("report", red, "--format", "json")
    (report,) = json.loads(done.stdout)
    assert [(rule["tool"], rule.get("text", rule.get("policy"))) for rule in report["firewall"]] == [
        ("nft", "drop"), ("nft", "tcp dport 22 counter packets 0 bytes 0 accept"),
    ]  # fmt: skip
    done = netwrap("find", ":22", "--where", f"netns={red}", "--format", "json")
    assert [place["role"] for place in json.loads(done.stdout)] == ["firewall"]


def test_the_rules_of_iptables_of_a_namespace(rooms: Rooms, netwrap: Netwrap) -> None:
    red = rooms.add("red")
    words = ["ip", "netns", "exec", red, "iptables", "-t", "nat", "-A", "POSTROUTING", "-s", "10.0.0.0/8", "-j", "MASQUERADE"]
    if subprocess.run(words, capture_output=True).returncode != 0:
        pytest.skip("no iptables here, or no NAT in this kernel")
    done = netwrap("--netns", red, "iptables", "-t", "nat", "-nvL", "--where", "verdict=masquerade", "--format", "json")
    assert done.returncode == 0, done.stderr
    (rule,) = json.loads(done.stdout)
    assert (rule["table"], rule["source"], rule["target"]) == ("nat", "10.0.0.0/8", "MASQUERADE")
    done = netwrap("--netns", red, "iptables-save", "--where", "source=10.0.0.0/8", "--format", "json")
    assert [rule["chain"] for rule in json.loads(done.stdout)] == ["POSTROUTING"]
