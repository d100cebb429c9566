"""Rules with several possible outcomes, and marks; on one captured chain, with different rules in each test."""

from __future__ import annotations

import pytest
from networks import CHAIN, LAN, VXLAN
from private_host import PrivateHost

from netwrap.answers import trace
from netwrap.model.build import build
from netwrap.model.host import Host
from netwrap.model.section import Section
from netwrap.sources import capture

pytestmark = pytest.mark.root
Sections = list[Section]


def taken(script: str) -> Sections:
    """The capture of a host."""
    made = PrivateHost()
    try:
        made.sh(script)
        return capture.read(made.netwrap("capture").stdout)[0]
    finally:
        made.end()


@pytest.fixture(scope="module")
def chain() -> Sections:
    return taken(CHAIN + "ip -n b address add 10.2.0.3/24 dev eth0\n")


@pytest.fixture(scope="module")
def lan() -> Sections:
    return taken(LAN)


def ruled(chain: Sections, **rules: str) -> Host:
    """The host with these rulesets (of nft; of iptables-save where they begin with a star) in its namespaces."""
    keys = {build(chain).find(name).key: text for name, text in rules.items()}
    kept = [one for one in chain if one.netns not in keys or "ruleset" not in one.command]
    for key, text in keys.items():
        kept.append(Section(key, "nft list ruleset", "" if text[:1] == "*" else text))
        kept += [Section(key, "iptables-save", text)] if text[:1] == "*" else []
    return build(kept)


def asked(host: Host, target: str = "10.1.0.99", proto: str = "tcp", start: str = "a") -> trace.Trace:
    return trace.trace(host, trace.ask(host, start, target, proto=proto, port=None if proto == "icmp" else 80))


def pre(*lines: str) -> str:
    """A ruleset that translates packets to 10.1.0.99, an address that no link has."""
    head = "type nat hook prerouting priority dstnat; policy accept;"
    return "table ip t {\n\tchain pre {\n" + "".join(f"\t\t{line}\n" for line in (head, *lines)) + "\t}\n}\n"


SAVED = """*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d 10.2.0.77/32 -m statistic --mode random --probability 0.50000000000 -j DNAT --to-destination 10.2.0.1
-A PREROUTING -d 10.2.0.77/32 {last}
COMMIT
"""


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        (pre("ip daddr 10.2.0.77 dnat to numgen inc mod 2 map { 0 : 10.2.0.1, 1 : 10.2.0.3 }"), "reached"),
        (pre("ip daddr 10.2.0.77 dnat to jhash ip saddr mod 2 map { 0 : 10.2.0.1, 1 : 10.2.0.88 }"), "depends"),
        (pre("ip daddr 10.2.0.77 dnat to numgen random mod 2 map { 0 : 10.2.0.89, 1 : 10.2.0.88 }"), "dropped"),
        (pre("ip daddr 10.2.0.77 dnat to 10.2.0.1-10.2.0.3"), "depends"),  # nobody has 10.2.0.2
        (pre("ip daddr 10.2.0.77 numgen random mod 10 < 5 dnat to 10.2.0.1", "ip daddr 10.2.0.77 dnat to 10.2.0.3"), "reached"),
        (pre("ip daddr 10.2.0.77 frob dnat to 10.2.0.1", "ip daddr 10.2.0.77 dnat to 10.2.0.3"), "reached"),
        (pre("ip daddr 10.2.0.77 frob dnat to 10.2.0.1"), "undecided"),
        (SAVED.format(last="-j DNAT --to-destination 10.2.0.3"), "reached"),
        (SAVED.format(last="-j DNAT --to-destination 10.2.0.88"), "depends"),
        (SAVED.format(last="-j DNAT --to-destination 10.2.0.1-10.2.0.1"), "reached"),
    ],
)
def test_one_of_several_endpoints(chain: Sections, rules: str, verdict: str) -> None:
    found = asked(ruled(chain, r=rules), "10.2.0.77")
    assert found.verdict == verdict, trace.lines(found)
    named = [what for what, _ in found.missing]
    said = "r, prerouting: ip t pre: ip daddr 10.2.0.77 frob dnat to 10.2.0.1 (not understood: frob)"
    assert named == ([said] if verdict == "undecided" else [])


def test_an_own_published_port(chain: Sections) -> None:
    """The namespace that publishes a port reaches it at its own address, although masquerade stands behind."""
    rules = """*nat
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -d 10.1.0.254/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.2.0.1:80
-A POSTROUTING -j MASQUERADE
COMMIT
"""
    found = asked(ruled(chain, r=rules), "10.1.0.254", start="r")
    assert found.verdict == "reached", trace.lines(found)
    assert [(hop.netns.title, hop.left) for hop in found.result.there.way.hops] == [("r", "eth1"), ("b", None)]


def guard(body: str, hook: str = "forward", table: str = "g") -> str:
    lines = [f"type filter hook {hook} priority 0; policy accept;", *body.split("; ")]
    return f"table ip {table} {{\n\tchain g {{\n" + "".join(f"\t\t{line}\n" for line in lines) + "\t}\n}\n"


@pytest.mark.parametrize("rule", ["snat to ip saddr map @gone", 'counter xt target "SNAT"', "snat to elsewhere"])
def test_a_source_that_is_not_known(chain: Sections, rule: str) -> None:
    """A rule that drops the original packet might let the translated one pass."""
    post = f"table ip t {{\n\tchain post {{\n\t\ttype nat hook postrouting priority 100;\n\t\t{rule}\n\t}}\n}}\n"
    found = asked(ruled(chain, r=post, b=guard("ip saddr 10.1.0.1 drop", "input")), "10.2.0.1")
    assert (found.verdict, found.reason) == ("undecided", "filter-unknown")
    assert [rule in what for what, _ in found.missing] == [True]


@pytest.mark.parametrize(("mac", "verdict"), [("02:00:00:00:00:77", "reached"), ("{a}", "dropped")])
def test_the_mac_of_the_last_sender(chain: Sections, mac: str, verdict: str) -> None:
    own = str((build(chain).find("a").link("eth0") or {})["address"])
    assert asked(ruled(chain, r=guard(f"ether saddr {mac.format(a=own)} drop")), "10.2.0.1", "icmp").verdict == verdict
    saved = f"*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m mac --mac-source {mac.format(a=own).upper()} -j DROP\nCOMMIT\n"
    assert asked(ruled(chain, r=saved), "10.2.0.1", "icmp").verdict == verdict


def test_a_time_to_live_is_known(chain: Sections) -> None:
    assert asked(ruled(chain, r=guard("ip ttl < 63 drop")), "10.2.0.1").verdict == "reached"
    assert asked(ruled(chain, b=guard("ip ttl 63 drop", "input")), "10.2.0.1").verdict == "dropped"


def test_a_mark_stays_in_its_namespace(chain: Sections) -> None:
    """Neither the mark of a packet nor that of its connection is known in the next namespace."""
    marks = "meta mark set 7; ct mark set 7"
    both = ruled(chain, r=guard(marks, "prerouting"), b=guard("meta mark 7 drop; ct mark 7 drop", "input"))
    assert asked(both, "10.2.0.1").verdict == "reached"
    same = asked(ruled(chain, r=guard(marks, "prerouting") + guard("meta mark 7 drop", table="h")), "10.2.0.1")
    assert (same.verdict, same.reason) == ("dropped", "filter")


@pytest.mark.parametrize(("proto", "verdict"), [("tcp", "one way"), ("udp", "reached")])
def test_an_answer_has_the_mark_of_its_connection(chain: Sections, proto: str, verdict: str) -> None:
    drops = guard("ct mark 7 ct direction reply meta l4proto tcp drop", "input", "h")
    host = ruled(chain, a=guard("ct mark set 7", "output") + drops)
    found = asked(host, "10.2.0.1", proto)
    assert (found.verdict, found.reason) == (verdict, "filter" if verdict == "one way" else None), trace.lines(found)


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        ("-p tcp -m recent --set --name X --mask 255.255.255.255 --rsource -j DROP", "dropped"),
        ("-p tcp -m recent --update --seconds 30 --hitcount 6 --name X --rsource -j DROP", "undecided"),
    ],
)
def test_a_list_of_recent_addresses(chain: Sections, condition: str, verdict: str) -> None:
    saved = f"*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD {condition}\nCOMMIT\n"
    assert asked(ruled(chain, r=saved), "10.2.0.1").verdict == verdict


def test_a_header_that_is_not_there(chain: Sections) -> None:
    rules = "-A FORWARD -m rt --rt-type 0 -j DROP\n-A FORWARD -m frag ! --fragid 1 -j DROP\n"
    saved = f"*filter\n:FORWARD ACCEPT [0:0]\n{rules}COMMIT\n"
    key = build(chain).find("r").key
    host = build([*(one for one in chain if one.netns != key or "ruleset" not in one.command),
                  Section(key, "nft list ruleset", ""), Section(key, "ip6tables-save", saved)])  # fmt: skip
    assert asked(host, "fd02::1").verdict == "reached"


@pytest.mark.parametrize(
    ("rule", "where", "what"),
    [
        ('iifname "pb" ether saddr != 02:00:00:00:00:77 drop', "s", "drops ARP"),  # the answer of b about its MAC
        ('ether type ip iifname "pa" ether saddr != 02:00:00:00:00:77 drop', "s", "a bridged frame"),
    ],
)
def test_the_mac_of_a_frame(lan: Sections, rule: str, where: str, what: str) -> None:
    head = "type filter hook prerouting priority filter; policy accept;"
    rules = f"table bridge t {{\n\tchain p {{\n\t\t{head}\n\t\t{rule}\n\t}}\n}}\n"
    found = asked(ruled(lan, s=rules), "10.0.0.2", "icmp")
    assert (found.verdict, found.reason, found.result.end.netns.title) == ("dropped", "filter", where), trace.lines(found)
    assert what in found.result.end.what


PROXY = (
    VXLAN
    + """
macs() { ip netns exec $1 cat /sys/class/net/eth0/address; }
for n in x y; do ip -n $n link set dev vx0 down; ip -n $n link del vx0; done
ip -n x link add vx0 type vxlan id 7 local 192.168.0.1 dstport 4789 proxy nolearning
ip -n y link add vx0 type vxlan id 7 local 192.168.0.2 dstport 4789 proxy nolearning
for n in x y; do ip -n $n link set dev vx0 master br0; ip -n $n link set dev vx0 up; done
bridge -n x fdb add $(macs b) dev vx0 dst 192.168.0.2 self permanent
bridge -n y fdb add $(macs a) dev vx0 dst 192.168.0.1 self permanent
ip -n x neigh add 10.0.0.2 lladdr $(macs b) dev vx0 nud permanent
ip -n y neigh add 10.0.0.1 lladdr $(macs a) dev vx0 nud permanent
"""
)


@pytest.mark.parametrize(
    ("fault", "verdict", "reason", "where"),
    [
        ("", "reached", None, "b"),
        ("ip -n x neigh del 10.0.0.2 dev vx0", "dropped", "neighbour-failed", "x"),
        ("ip -n x neigh replace 10.0.0.2 lladdr 02:00:00:00:00:99 dev vx0 nud permanent", "dropped", "wrong-mac", "x"),
        ("bridge -n y fdb replace $(macs a) dev vx0 dst 192.168.0.9 self permanent", "one way", "no-owner", "y"),
    ],
)
def test_a_vxlan_that_answers_for_others(
    private_host: PrivateHost, fault: str, verdict: str, reason: str | None, where: str
) -> None:
    private_host.sh(f"{PROXY}{fault}\n")
    came = private_host.run("ip", "netns", "exec", "a", "ping", "-c1", "-W1", "10.0.0.2", check=False).returncode == 0
    host = build(capture.read(private_host.netwrap("capture").stdout)[0])
    found = asked(host, "10.0.0.2", "icmp")
    end = found.result.there if verdict == "reached" else found.result.end
    assert (came, found.verdict, found.reason, end.netns.title) == (verdict == "reached", verdict, reason, where)


def test_an_own_address_that_is_a_duplicate(private_host: PrivateHost) -> None:
    """A namespace ignores answers about an address that it has itself, even if it cannot use it."""
    private_host.sh(LAN + "ip -n a address add fd00::9/64 dev eth0 nodad\nip -n b address add fd00::9/64 dev eth0")
    private_host.sh("until ip -n b -6 address show dadfailed | grep -q fd00::9; do sleep 0.02; done")
    host = build(capture.read(private_host.netwrap("capture").stdout)[0])
    found = asked(host, "fd00::9", "icmp", "b")
    assert (found.verdict, found.reason, found.result.end.netns.title) == ("dropped", "dad-failed", "b"), trace.lines(found)


def test_nobody_answers_for_a_gateway_that_nobody_has(private_host: PrivateHost) -> None:
    """A gateway such as Calico's is only answered for by proxy_arp; the mend is traced and pinged."""
    private_host.sh(
        CHAIN
        + """
ip -n a address flush dev eth0; ip -n a address add 10.1.0.1/32 dev eth0
ip -n a route add 169.254.1.1 dev eth0 scope link; ip -n a route add default via 169.254.1.1 dev eth0
ip -n r route add 169.254.0.0/16 dev eth1; ip netns exec r sh -c 'echo 0 >/proc/sys/net/ipv4/neigh/eth0/proxy_delay'
"""
    )
    found = asked(build(capture.read(private_host.netwrap("capture").stdout)[0]), "10.2.0.1", "icmp")
    end = found.result.end
    assert (found.verdict, found.reason, end.netns.title, end.mend) == (
        "dropped", "no-owner", "a", ("ip netns exec r sysctl -w net.ipv4.conf.eth0.proxy_arp=1",)
    )  # fmt: skip
    private_host.sh("\n".join(end.mend))
    private_host.run("ip", "netns", "exec", "a", "ping", "-c1", "-W2", "10.2.0.1")


@pytest.mark.parametrize("target", ["10.0.0.254", "fd00::254"])
def test_a_bridge_that_translates_and_does_not_forward(private_host: PrivateHost, target: str) -> None:
    """A packet translated to a station of the bridge is bridged (bridge-nf): only IPv4 asks the switch for forwarding."""
    six = ":" in target
    family, match, station = ("ip6", "icmpv6", "fd00::2") if six else ("ip", "icmp", "10.0.0.2")
    private_host.sh(
        LAN
        + f"""
ip -n s address add 10.0.0.254/24 dev br0; ip -n s address add fd00::254/64 dev br0 nodad
ip -n a address add fd00::1/64 dev eth0 nodad; ip -n b address add fd00::2/64 dev eth0 nodad
for n in s a b; do while ip -n $n -6 address show tentative | grep -q inet6; do sleep 0.02; done; done
ip netns exec s nft 'add table {family} t; add chain {family} t p {{ type nat hook prerouting priority -100; }};
  add rule {family} t p {family} daddr {target} {match} type echo-request dnat to {station}'
"""
    )
    came = private_host.run("ip", "netns", "exec", "a", "ping", "-c1", "-W1", target, check=False).returncode == 0
    found = asked(build(capture.read(private_host.netwrap("capture").stdout)[0]), target, "icmp")
    expected = (True, "reached", None) if six else (False, "dropped", "not-forwarding")
    assert (came, found.verdict, found.reason) == expected, trace.lines(found)


@pytest.mark.parametrize(
    ("place", "rule", "reason"),
    [
        ("b", "type filter hook output priority 0; policy drop; udp sport 80 accept", "nat-wrong"),
        ("a", "type filter hook input priority 0; policy accept; udp sport 512-65535 drop", "nat-wrong"),
        ("a", "type filter hook input priority 0; policy accept; udp sport 80 drop", "nat-wrong"),
        ("a", "type filter hook input priority 0; policy accept; udp sport 1-511 drop", "filter"),
    ],
)
def test_an_answer_that_loses_its_port(chain: Sections, place: str, rule: str, reason: str) -> None:
    """A server that answers from the address before its translation; conntrack changes the port at the end of postrouting.

    Real packets got a port from 1 to 511 instead of 53, from 600 to 1023 instead of 600 and 700, and one from 1024 on instead of
    5000; rules at `output` still saw the old port.
    """
    head, verdicts = rule.rpartition("; ")[::2]
    table = f"table ip f {{\n\tchain c {{\n\t\t{head};\n\t\t{verdicts}\n\t}}\n}}\n"
    rules = {"b": pre("ip daddr 10.2.0.1 udp dport 80 dnat to 10.2.0.3")}
    rules[place] = rules.get(place, "") + table
    found = asked(ruled(chain, **rules), "10.2.0.1", "udp")
    assert (found.verdict, found.reason, found.direction) == ("one way", reason, "back"), trace.lines(found)
