"""`trace` of real captures against what real packets did there: link kinds that the kernel of a test machine seldom has.

``fixtures/trace/PROVENANCE`` says how the captures were made. Each ``NAME.json`` has rows (namespace, address, whether an answer
came by ICMP, UDP and TCP, and where and why ICMP failed).
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from netwrap.answers import check, trace
from netwrap.answers.walk.walker import Walker
from netwrap.model.build import build
from netwrap.sources import capture, opening

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "trace"
PROTOCOLS = ("icmp", "udp", "tcp")


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_a_trace_says_what_the_packets_did(name: str) -> None:
    host = opening.read(str(FOLDER / f"{name}.netwrap.gz"))
    walker = Walker(host)
    wrong = []
    for start, address, came, end in json.loads((FOLDER / f"{name}.json").read_text())["pairs"]:
        for proto, answered in zip(PROTOCOLS, came):
            asked = trace.Asked(host.find(start), address, proto, None if proto == "icmp" else 7007)
            found = trace.trace(host, asked, walker)
            said = None if found.verdict == "reached" else [found.reason, found.result.end.netns.name]
            undecided = end is not None and end[0] == "not-captured"  # and nothing else is
            if (found.verdict == "undecided") != undecided or (said is None) != answered or proto == "icmp" and said != end:
                wrong.append((start, address, proto, answered, end, trace.summary(found)))
    assert wrong == []


def test_the_mtu_that_the_kernel_gives_a_tunnel_of_ipv6_is_no_finding() -> None:
    host = opening.read(str(FOLDER / "tunnels-of-udp.netwrap.gz"))
    found = {finding.what.partition(" ")[0] for finding in check.check(host) if finding.id == "L13"}
    assert found == {"vxlan"}  # made without a link below, these have 1500


def test_a_port_without_a_vlan_gets_the_one_of_its_stations_network() -> None:
    host = opening.read(str(FOLDER / "vlans.netwrap.gz"))
    found = trace.trace(host, trace.Asked(host.find("h0"), "10.20.0.254"))
    assert (found.reason, found.result.end.mend) == ("vlan", ("bridge -n sw vlan add dev p0 vid 20 pvid untagged",))


@pytest.mark.parametrize(("shown", "instead"), [
    ("endpoint: 192.168.0.2:51821", "endpoint: 192.168.0.2:$(id)"),
    ("endpoint: 192.168.0.2:51821", "endpoint: [fe80::2%va]:51821"),
    ("  allowed ips: 10.8.1.2/32\n", ""), ("  allowed ips: 10.8.1.1/32\n", ""),
    ("  listening port: 51821\n", "  listening port: 51821\n  fwmark: $(id)\n"),
])  # fmt: skip
def test_a_wireguard_link_that_is_shown_in_part_or_oddly_leaves_a_trace_undecided(shown: str, instead: str) -> None:
    text = gzip.decompress((FOLDER / "wireguard.netwrap.gz").read_bytes()).decode()
    assert shown in text
    host = build(capture.read(text.replace(shown, instead))[0])
    assert trace.trace(host, trace.Asked(host.find("n1"), "10.8.1.2")).verdict == "undecided"


def test_a_mend_for_wireguard_is_safe_to_paste_whatever_the_capture_contains() -> None:
    text = gzip.decompress((FOLDER / "wireguard.netwrap.gz").read_bytes()).decode()
    text = re.sub(r"(public key: |peer: )(.{43}=)", r"\1$(id)\2", text)
    host = build(capture.read(text)[0])
    pairs = json.loads((FOLDER / "wireguard.json").read_text())["pairs"]
    ends = [trace.trace(host, trace.Asked(host.find(start), address)).result.end for start, address, *_ in pairs]
    mends = [mend for end in ends for mend in end.mend if "$(id)" in mend]
    assert len(mends) > 3 and all(re.search(r" '\$\(id\)[^']+='", mend) for mend in mends), mends


@pytest.mark.parametrize(("p0", "p2", "following"), [
    ("", '{"vlan":20}', []),  # the pvid that the mend gives is that of h2
    ("", '{"vlan":30}', ["VLAN 20 is not allowed on p2 of bridge br0 in sw"]),
    ('{"vlan":20,"flags":["PVID","Egress Untagged"]}', '{"vlan":30}', []),  # the mend lets p2 send the tag that h2 takes
])  # fmt: skip
def test_behind_a_fault_of_vlans_a_frame_has_the_vlan_of_the_mend(p0: str, p2: str, following: list[str]) -> None:
    text = gzip.decompress((FOLDER / "vlans.netwrap.gz").read_bytes()).decode()
    before = '{"ifname":"p2","vlans":[{"vlan":20}]}]'
    assert before in text
    host = opening.read_text(text.replace(before, f'{{"ifname":"p0","vlans":[{p0}]}},{{"ifname":"p2","vlans":[{p2}]}}]'))
    assert trace.mended(host, trace.trace(host, trace.Asked(host.find("h0"), "10.20.0.3")))[1] == following


def test_behind_a_mend_for_wireguard_no_fault_is_named() -> None:
    # a peer's allowed ips go over to the peer that gets them: the answer does not take the old peer
    host = opening.read(str(FOLDER / "wireguard.netwrap.gz"))
    found = trace.trace(host, trace.Asked(host.find("n2"), "10.8.7.1"))
    assert " wg set wg7 peer " in found.result.end.mend[0] and trace.mended(host, found)[1] == []


@pytest.mark.parametrize(("start", "address", "mend"), [
    ("h0", "10.20.0.3", ["ip -n h2 link set dev eth0 up"]), ("h2", "10.20.0.1", ["ip -n h2 link set dev eth0 up"]),
    ("h1", "10.20.0.3", ["ip -n h2 link set dev eth0 up", "ip -n h2 route add 10.10.0.0/24 via 10.20.0.254 dev eth0.20"]),
])  # fmt: skip
def test_a_parent_that_is_set_up_takes_its_vlan_links_along(start: str, address: str, mend: list[str]) -> None:
    text = gzip.decompress((FOLDER / "vlans.netwrap.gz").read_bytes()).decode()
    text = text.replace('{"ifname":"p2","vlans":[{"vlan":20}]}]', '{"ifname":"p0","vlans":[{"vlan":20,"flags":["PVID","Egress '
                        'Untagged"]}]},{"ifname":"p2","vlans":[{"vlan":20}]}]')  # fmt: skip
    text = re.sub(r'\{"type":"unicast",[^{}]*"dev":"eth0.20"[^{}]*\},?', "", text)  # gone with the link, unlike local routes
    host = opening.read_text(text)
    for link in host.find("h2").links or ():
        if link["ifname"].startswith("eth0"):  # the kernel closes VLAN links with their parent, and opens none without it
            link["flags"] = ["BROADCAST", "MULTICAST"]
    found, following = trace.mended(host, trace.trace(host, trace.Asked(host.find(start), address)))
    assert ([*found.result.end.mend], following) == (mend, [])
