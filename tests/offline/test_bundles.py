"""Support bundles of many tools: each layout gives the same tables as the commands whose output its files contain."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packing import lay, pack
from rooms import Netwrap

from netwrap.errors import NetwrapError
from netwrap.model.build import build
from netwrap.model.host import Host
from netwrap.model.section import Section
from netwrap.sources import archive, opening

ADDR = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: up0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:05 brd ff:ff:ff:ff:ff:ff
    inet 10.8.0.5/24 brd 10.8.0.255 scope global up0
       valid_lft forever preferred_lft forever
    inet6 fd08::5/64 scope global
       valid_lft forever preferred_lft forever
"""
LINK = "\n".join(line for line in ADDR.split("\n") if "inet" not in line and "valid_lft" not in line)
ADDR4 = "\n".join(line for line in ADDR.split("\n") if not any(word in line for word in ("inet6", "link/", "_lft")))
ADDR6 = "\n".join(line for line in ADDR.split("\n") if not any(word in line for word in ("inet ", "link/", "_lft")))
STATS = "".join(
    part + "\n    RX: bytes  packets  errors  dropped missed  mcast\n    900 6 0 0 0 0\n"
    "    TX: bytes  packets  errors  dropped carrier collsns\n    900 6 0 0 0 0\n"
    for part in LINK.replace("\n2: ", "\n\n2: ").strip().split("\n\n")
)
MAIN = """\
default via 10.8.0.1 dev up0 proto static metric 100
blackhole 10.66.0.0/16
10.88.0.0/16
\tnexthop via 10.8.0.11 dev up0 weight 1
\tnexthop via 10.8.0.12 dev up0 weight 2
10.8.0.0/24 dev up0 proto kernel scope link src 10.8.0.5
"""
MAIN6 = "fd08::/64 dev up0 proto kernel metric 256 pref medium\ndefault via fd08::1 dev up0 metric 1024 pref medium\n"
LOCAL = "local 10.8.0.5 dev up0 table local proto kernel scope host src 10.8.0.5\n"
LOCAL6 = "local fd08::5 dev up0 table local proto kernel metric 0 pref medium\n"
TABLE = "10.99.0.0/16 via 10.8.0.1 dev up0\n"
ALL = MAIN + LOCAL + MAIN6 + LOCAL6
NEIGH = "10.8.0.1 dev up0 lladdr 02:00:00:00:00:01 REACHABLE\n10.8.0.3 dev up0 FAILED\n"
NOARP = "10.8.0.9 dev up0 lladdr 02:00:00:00:00:09 NOARP\n"
NEIGH6 = "fd08::1 dev up0 lladdr 02:00:00:00:00:01 router STALE\n"
RULE = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n"
RULE6 = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n"
SAVE = "*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n"
FDB = "33:33:00:00:00:01 dev up0 self permanent\n"
RED = ADDR.replace("10.8.0.5", "10.9.0.5").replace("fd08::", "fd09::").replace("up0", "eth0").replace("05 brd", "55 brd")
RED_MAIN = "default via 10.9.0.1 dev eth0\n10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.5\n"
NETNS = "red (id: 0)\n"
FILTER = (
    "Chain INPUT (policy ACCEPT 0 packets, 0 bytes)\n"
    " pkts bytes target     prot opt in     out     source               destination         \n"
    "    5   300 ACCEPT     tcp  --  *      *       0.0.0.0/0            0.0.0.0/0            tcp dpt:22\n"
)
PROC_ARP = (
    "IP address       HW type     Flags       HW address            Mask     Device\n"
    "10.8.0.1         0x1         0x2         02:00:00:00:00:01     *        up0\n"
)
SUSE = "#==[ Command ]======================================#\n# "
FENCE = "```\n{}\n```\n"

# Command -> text of every layout, and its files.
LAYOUTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "supportconfig": (
        {"ip netns list": NETNS, "ip addr": ADDR, "ip route": MAIN, "ip -6 route": MAIN6, "ip route show table 99": TABLE,
         "ip netns exec red ip addr": RED, "ip netns exec red ip route": RED_MAIN},
        {"scc_n1/network.txt": f"{SUSE}/bin/systemctl status wicked\nnot here\n\n{SUSE}/sbin/ip netns list\n{NETNS}\n"
         f"#==[ Note ]====#\nsomething\n\n{SUSE}/sbin/ip addr\n{ADDR}\n{SUSE}/sbin/ip route\n{MAIN}\n"
         f"{SUSE}/sbin/ip -6 route\n{MAIN6}\n{SUSE}/sbin/ip route show table 99\n{TABLE}\n",
         "scc_n1/network-red.txt": f"#==[ Network namespace red ]=====#\n{SUSE}/sbin/ip netns exec red ip addr\n{RED}\n"
         f"{SUSE}/sbin/ip netns exec red ip route\n{RED_MAIN}\n", "scc_n1/hardware.txt": "nothing\n"}),
    "eks": (
        {"ip route show table all": ALL, "ip rule": RULE, "ip -6 rule": RULE6, "iptables-save": SAVE},
        {"eks_i-0/networking/iproute.txt": ALL, "eks_i-0/networking/ip6route.txt": MAIN6 + LOCAL6,
         "eks_i-0/networking/iprule.txt": RULE, "eks_i-0/networking/ip6rule.txt": RULE6,
         "eks_i-0/networking/iptables-save.txt": SAVE, "eks_i-0/networking/resolv.conf": "nameserver 10.8.0.1\n"}),
    "rancher": (
        {"ip addr": ADDR, "ip -s link": STATS, "ip route show table all": ALL, "ip neigh": NEIGH + NEIGH6, "ip rule": RULE,
         "ip -6 rule": RULE6, "iptables-save": SAVE},
        {"n1-2026/networking/ipaddrshow": ADDR, "n1-2026/networking/iplinkshow": STATS, "n1-2026/networking/iproute": ALL,
         "n1-2026/networking/ipneighbour": NEIGH + NEIGH6, "n1-2026/networking/ipv6neighbour": NEIGH6,
         "n1-2026/networking/iprule": RULE, "n1-2026/networking/ipv6rule": RULE6, "n1-2026/networking/iptablessave": SAVE,
         "n1-2026/systeminfo/hostname": "n1\n"}),
    "cilium": (
        {"ip addr": ADDR, "ip -4 route": MAIN, "ip -6 route": MAIN6, "ip -d -s link": STATS, "ip -4 neigh": NEIGH,
         "ip -6 neigh": NEIGH6, "ip rule": RULE, "ip -4 route show table 2004": TABLE, "iptables-save": SAVE},
        {f"cilium-bugtool-1/cmd/{name}.md": f"# {command}\n\n{FENCE.format(text)}" for name, command, text in (
            ("ip-a", "ip a", ADDR), ("ip--4-r", "ip -4 r", MAIN), ("ip--6-r", "ip -6 r", MAIN6),
            ("ip--d--s-l", "ip -d -s l", STATS),
            ("ip--4-n", "ip -4 n", NEIGH), ("ip--6-n", "ip -6 n", NEIGH6), ("ip-rule", "ip rule", RULE),
            ("ip--4-route-show-table-2004", "ip -4 route show table 2004", TABLE), ("iptables-save--c", "iptables-save -c", SAVE),
            ("hostname", "hostname", "n1\n"))}),
    "calico": (
        {"ip -4 route": MAIN, "ip -6 route": MAIN6, "ip -4 addr": ADDR4, "ip -6 addr": ADDR6, "iptables-save": SAVE},
        {"diagnostics/ipv4_route": MAIN, "diagnostics/ipv6_route": MAIN6, "diagnostics/ipv4_addr": ADDR4,
         "diagnostics/ipv6_addr": ADDR6, "diagnostics/ipv4_tables": SAVE, "diagnostics/hostname": "n1\n",
         "diagnostics/date": "Fri Nov 27 19:26:57 UTC 2026\n"}),
    "calico-cluster": (
        {"ip route show table all": ALL, "ip -6 route": MAIN6, "ip addr": ADDR, "ip link": LINK, "ip neigh": NEIGH,
         "ip rule": RULE},
        {f"diags/nodes/n1/calico-node-x/{name}.txt": text for name, text in (
            ("ip-route", ALL), ("ip-route-v6", MAIN6), ("ip-addr", ADDR), ("ip-link", LINK), ("ip-neigh", NEIGH),
            ("ip-rule", RULE))}),
    "sonic": (
        {"ip -s link": STATS, "ip addr": ADDR, "ip rule": RULE, "ip route show table all": ALL, "ip neigh": NEIGH,
         "ip neigh show nud noarp": NOARP, "bridge fdb": FDB, "ip netns exec asic0 ip addr": RED,
         "ip netns exec asic0 ip route": RED_MAIN},
        {f"sonic_dump_sw1/dump/{name}": text for name, text in (
            ("ip.link", LINK), ("ip.addr", ADDR), ("ip.rule", RULE), ("ip.route", ALL), ("ip.neigh", NEIGH),
            ("ip.neigh.noarp", NOARP), ("ip.link.stats", STATS), ("bridge.fdb", FDB), ("ip.addr.0", RED),
            ("ip.route.0", RED_MAIN))}),
    "insights": (
        {"ip addr": ADDR, "ip route show table all": ALL, "ip -s -d link": STATS, "ip -4 neigh show nud all": NEIGH,
         "ip -6 neigh show nud all": NEIGH6},
        {f"insights-n1/data/insights_commands/{name}": text for name, text in (
            ("ip_addr", ADDR), ("ip_route_show_table_all", ALL), ("ip_-s_-d_link", STATS),
            ("ip_-4_neighbor_show_nud_all", NEIGH), ("ip_-6_neighbor_show_nud_all", NEIGH6))}),
    "antrea": (
        {"ip rule": RULE, "ip route": MAIN, "ip link": LINK, "ip addr": ADDR, "ip route show table all": ALL,
         "iptables-save": SAVE},
        {f"support-bundle/{name}": text for name, text in (
            ("rule", RULE), ("route", MAIN), ("link", LINK), ("address", ADDR), ("route-table-all", ALL), ("iptables", SAVE),
            ("agentinfo", "x\n"))}),
    "must-gather": (
        {"ip netns": "red\n", "ip link": LINK, "ip netns exec red ip a": RED},
        {"sriov/pods/p1/netns": "red\n", "sriov/pods/p1/netns_ip_a": f"> ip netns exec red ip a\n{RED}",
         "sriov/pods/p1/ip_link": LINK}),
    "network-tools": (
        {"ip addr": ADDR, "ip route": MAIN, "ip -s neigh": NEIGH},
        {"x/nodes/n1/addresses": ADDR, "x/nodes/n1/routes": MAIN, "x/nodes/n1/arp": NEIGH, "x/nodes/n1/iptables": ""}),
    "kube-ovn": (
        {"ip addr": ADDR, "ip -4 route": MAIN, "ip -6 route": MAIN6, "ip link": LINK, "ip neigh": NEIGH},
        {"kubectl-ko-log/n1/linux/addr.log": ADDR, "kubectl-ko-log/n1/linux/route.log": MAIN + MAIN6,
         "kubectl-ko-log/n1/linux/link.log": LINK, "kubectl-ko-log/n1/linux/neigh.log": NEIGH}),
    "aredn": (
        {"ip link": LINK, "ip addr": ADDR, "ip neigh": NEIGH, "ip route list": MAIN, "ip route list table 99": TABLE,
         "ip rule": RULE},
        {"data.txt": "".join(f"\n===\n========== {command} ==========\n===\n{text}" for command, text in (
            ("ifconfig", "up0       Link encap:Ethernet  HWaddr 02:00:00:00:00:05\n"), ("ip link", LINK), ("ip addr", ADDR),
            ("ip neigh", NEIGH), ("ip route list", MAIN), ("ip route list table 99", TABLE), ("ip rule list", RULE)))}),
    "worlddump": (
        {"ip netns": NETNS, "ip addr": ADDR, "ip neigh": NEIGH, "ip route": MAIN, "ip netns exec red ip addr": RED},
        {"worlddump-2026.txt": "\nNetwork Dump\n============\n\n" + "".join(
            f"{command}\n{'-' * len(command)}\n\n{text}\n" for command, text in (
                ("ip netns", NETNS), ("ip addr", ADDR), ("ip neigh", NEIGH), ("ip route", MAIN),
                ("sudo ip netns exec red ip addr", RED)))}),
    "tripleo": (
        {"ip -4 addr": ADDR4, "ip -4 route": MAIN, "ip -6 addr": ADDR6, "ip -6 route": MAIN6, "iptables-save": SAVE,
         "ip netns exec red ip -4 route": RED_MAIN},
        {"network.txt": f"Kernel Interface table\nIface MTU\nlo 65536\n### IPv4 addresses\n{ADDR4}### IPv4 routing\n{MAIN}"
         f"### IPTables (IPv4)\n{SAVE}### IPv6 addresses\n{ADDR6}### IPv6 routing\n{MAIN6}",
         "network-netns": f"==== red (4)====\n### IPv4 routing\n{RED_MAIN}"}),
    "apport": (
        {"ip addr": ADDR, "ip route": MAIN},
        {"IpAddr.txt": ADDR, "IpRoute.txt": MAIN, "ProblemType.txt": "Bug\n"}),
    "apport-report": (
        {"ip addr": ADDR, "ip route": MAIN},
        {"r.crash": "ProblemType: Bug\nIpAddr:\n" + "".join(f" {line}\n" for line in ADDR.split("\n")[:-1]) + "IpRoute:\n"
         + "".join(f" {line}\n" for line in MAIN.split("\n")[:-1]) + "Package: linux\n"}),
    "wireless-info": (
        {"ip addr": ADDR, "ip route": MAIN},
        {"wireless-info.txt": "\n########## wireless info START ##########\n\n##### ifconfig ##########\n\n" + ADDR
         + "\n\n##### route ##########\n\n" + MAIN + "\n##### resolv.conf #####\n\nnameserver 10.8.0.1\n"}),
    "vyos": (
        {"ip -s link": STATS},
        {"show_tech.txt": f"\n----------\nInterface statistics\n----------\n{STATS}\n".replace("----------", "-" * 20)
         + "-----------------\nRouting protocols\n-----------------\nC>* 10.8.0.0/24 is directly connected, up0\n"}),
    "xen": (
        {"ip -s addr": STATS, "ip route": MAIN, "ip neighbour": NEIGH},
        {"bug-report-1/ip-s-addr.out": STATS, "bug-report-1/ip-route.out": MAIN, "bug-report-1/ip-neighbour.out": NEIGH}),
    "microk8s": (
        {"ip addr": ADDR}, {"inspection-report/network/ip-addr": ADDR, "inspection-report/network/ss": "State\n"}),
    "cumulus": (
        {"ip addr": ADDR, "ip route show table all": ALL, "ip neigh": NEIGH},
        {f"cl_support_leaf1/support/{name}": text for name, text in (
            ("ip.addr", ADDR), ("ip.route.show.table.all", ALL), ("ip.neigh", NEIGH), ("ethtool.up0", "Speed: 1000\n"))}),
    "uac": (
        {"ip addr": ADDR, "ip route list": MAIN, "cat /proc/net/arp": PROC_ARP},
        {f"uac-n1-linux/{name}": text for name, text in (
            ("live_response/network/ip_addr_show.txt", ADDR), ("live_response/network/ip_route_list.txt", MAIN),
            ("[root]/proc/net/arp", PROC_ARP), ("[root]/etc/hosts", "127.0.0.1 localhost\n"))}),
    "eks-tables": (
        {"iptables-save": SAVE, "iptables -t filter -nvL": FILTER},
        {f"eks_i-0/networking/{name}.txt": text for name, text in (
            ("iptables-save", SAVE), ("iptables-filter", FILTER), ("conntrack", "tcp 6 src=10.8.0.5\n"))}),
    "sos": (
        {"ip netns": NETNS, "ip -d addr": ADDR, "ip route show table all": ALL, "ip -4 rule": RULE,
         "ip netns exec red ip -d addr": RED, "ip netns exec red ip route show table all": RED_MAIN},
        {f"sosreport-n1/sos_commands/networking/{name}": text for name, text in (
            ("ip_netns", NETNS), ("ip_-d_address", ADDR), ("ip_route_show_table_all", ALL), ("ip_-4_rule", RULE),
            ("namespaces/red/ip_netns_exec_red_ip_-d_address_show", RED),
            ("namespaces/red/ip_netns_exec_red_ip_route_show_table_all", RED_MAIN))}),
}  # fmt: skip
TABLES = ("links", "addresses", "routes", "routes6", "neighs", "rules", "rules6", "fdb", "rulesets")


def told(host: Host) -> dict[str, dict[str, Any]]:
    """The tables of every namespace; rows of tables that are joined have no order."""
    found = {}
    for netns in host.namespaces:
        rows = {name: getattr(netns, name) for name in TABLES}
        found[netns.title] = {name: None if some is None else sorted(map(repr, some)) for name, some in rows.items()}
    return found


@pytest.mark.parametrize("form", ["directory", "w:gz", "zip"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_tells_the_same_as_its_commands(tmp_path: Path, layout: str, form: str) -> None:
    commands, files = LAYOUTS[layout]
    truth = build([Section("", command, text) for command, text in commands.items()])
    path = tmp_path / "it"
    if form == "directory":
        path.mkdir()
        lay(path, files)
    else:
        path.write_bytes(pack(files, form))
    found = opening.read(str(path))
    assert told(found) == told(truth)
    assert found.problems == []


@pytest.mark.parametrize("layout", [name for name, (_, files) in LAYOUTS.items() if len(files) == 1])
def test_a_file_of_many_commands_is_read_alone(tmp_path: Path, layout: str) -> None:
    commands, files = LAYOUTS[layout]
    path = tmp_path / "it.txt"
    path.write_text(next(iter(files.values())))
    assert told(opening.read(str(path))) == told(build([Section("", command, text) for command, text in commands.items()]))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"n1/ip_addr": ADDR, "n2/ip_addr": RED}, "2 machines: n1, n2"),
        ({"sosreport-a/sos_commands/networking/ip_addr": ADDR, "sosreport-b/sos_commands/networking/ip_addr": RED,
          "sosreport-b/hostname": "beta\n"}, "2 machines: sosreport-a, beta"),
        ({"x/nodes/n1/addresses": ADDR, "x/nodes/n2/addresses": RED}, "2 machines: n1, n2"),
    ],
)  # fmt: skip
def test_several_hosts_in_one_tree(tmp_path: Path, files: dict[str, str], said: str) -> None:
    with pytest.raises(NetwrapError) as raised:
        opening.read(str(lay(tmp_path, files)))
    assert said in str(raised.value)


def test_folders_are_no_namespaces_unless_something_says_so(tmp_path: Path) -> None:
    files = {"support/networking/ip_addr": ADDR, "support/proc/net/arp": "IP address HW type Flags HW address Mask Device\n",
             "support/systeminfo/hostname": "n1\n"}  # fmt: skip
    found = opening.read(str(lay(tmp_path / "a", files)))
    assert ([netns.title for netns in found.namespaces], found.hostname) == (["(root)"], "n1")
    found = opening.read(str(lay(tmp_path / "b", {"ip_netns": NETNS, "ip_addr": ADDR, "red/ip_addr": RED})))
    assert [netns.title for netns in found.namespaces] == ["(root)", "red"]
    found = opening.read(str(lay(tmp_path / "c", {"ip_addr": ADDR, "netns/red/ip_addr": RED})))
    assert [netns.title for netns in found.namespaces] == ["(root)", "red"]
    files = {"ip_netns": NETNS, "netns-red/ip_addr": RED, "red_ip_route.txt": RED_MAIN, "blue_ip_route.txt": MAIN}
    found = opening.read(str(lay(tmp_path / "d", files)))
    red = found.find("red")
    assert red is not None and (len(red.links or ()), len(red.routes or ())) == (2, 2)
    assert found.unread_files == ["blue_ip_route.txt"]  # nothing shows that blue is a namespace
    found = opening.read(str(tmp_path / "c"))
    assert [netns.title for netns in found.namespaces] == ["(root)", "red"]


def test_a_table_that_sos_cut_is_called_cut(tmp_path: Path) -> None:
    out = io.BytesIO()
    top = "sosreport-n1/sos_commands/networking/"
    whole = pack({top + "ip_-d_address": ADDR, "sosreport-n1/sos_strings/networking/ip_route.tailed": "o bird\n" + MAIN}, "w")
    with tarfile.open(fileobj=out, mode="w:gz") as tar, tarfile.open(fileobj=io.BytesIO(whole)) as other:
        for member in other:
            tar.addfile(member, other.extractfile(member))
        link = tarfile.TarInfo(top + "ip_route")
        link.type, link.linkname = tarfile.SYMTYPE, "../../sos_strings/networking/ip_route.tailed"
        tar.addfile(link)
        hard = tarfile.TarInfo(top + "ip_addr")
        hard.type, hard.linkname = tarfile.LNKTYPE, top + "ip_-d_address"
        tar.addfile(hard)
    path = tmp_path / "sos.tar.gz"
    path.write_bytes(out.getvalue())
    found = opening.read(str(path))
    assert found.root is not None and len(found.root.routes or ()) == 4 and len(found.root.links or ()) == 2
    assert not found.root.has_routes("inet") and len(found.root.tables["ip_address"]) == 2
    assert "ip route of the host was cut by sos: only its end was kept" in found.notes


def test_addresses_that_sos_obfuscated_lose_their_length(tmp_path: Path) -> None:
    top = "sos_commands/networking/"
    routes = "default via 101.0.0.3/24 dev up0\n104.0.0.0/16\n\tnexthop via 100.0.0.2/24 dev up0 weight 1\n"
    files = {top + "ip_route_show_table_all": routes,
             top + "ip_-s_-s_neigh_show": "101.0.0.2/24 dev up0 used 1/2/3 probes 6 FAILED\n"}  # fmt: skip
    found = opening.read(str(lay(tmp_path, files)))
    assert found.root is not None
    assert [route.get("gateway") for route in found.root.routes or ()] == ["101.0.0.3", None]
    assert [neigh["dst"] for neigh in found.root.neighs or ()] == ["101.0.0.2"]
    assert found.problems == [] and "3 addresses of single hosts were obfuscated" in "".join(found.notes)


def test_a_report_of_sos_clean_has_addresses_of_hosts_without_length(tmp_path: Path) -> None:
    """The address of a single host stays one: a local route to 100.0.0.5/24 would own the whole network."""
    top = "sosreport-host0/sos_commands/"
    route = (
        "default via 534f:51::1/64 dev up0 metric 9 pref medium\nlocal 534f:51::5/64 dev up0 table local metric 0 pref medium\n"
    )
    vxlan = (
        "3: vx0: <UP> mtu 1450\n    link/ether 53:4f:53:00:00:03 brd ff:ff:ff:ff:ff:ff promiscuity 0\n"
        "    vxlan id 7 remote 100.0.0.8/24 local 100.0.0.5/24 dev up0 dstport 4789\n"
    )
    files = {
        top + "networking/ip_-d_address": ADDR.replace("10.8.0.", "100.0.0.").replace("brd 100.0.0.255", "brd 100.0.0.255/24"),
        top + "networking/ip_route_show_table_all": "101.0.0.7/24 via 100.0.0.1/24 dev up0 \n101.0.0.0/24 dev up0 \n"
        "broadcast 100.0.0.255/24 dev up0 table local src 100.0.0.5/24 \n" + route,
        top + "networking/ip_-s_-s_neigh_show": "534f:51::1/64 dev up0 lladdr 53:4f:53:00:00:02 router STALE\n",
        top + "networking/ip_-4_rule": "9:\tfrom 100.0.0.5/24 to 101.0.0.0/24 lookup 9\n",
        top + "networking/ip_-s_-d_link": vxlan,
        top + "networking/bridge_fdb_show": "00:00:00:00:00:00 dev vx0 dst 100.0.0.8/24 self permanent\n",
        top + "networking/arp_-an": "? (100.0.0.1/24) at 53:4f:53:00:00:02 [ether] on up0\n",
        top + "firewall_tables/iptables-save": "*nat\n:POSTROUTING ACCEPT [0:0]\n"
        "-A POSTROUTING -s 100.0.0.0/24 -j SNAT --to-source 100.0.0.5/24\nCOMMIT\n",
    }  # fmt: skip
    (host,) = opening.hosts([str(lay(tmp_path, files))])
    root = host.root
    assert root is not None and host.problems == []
    assert [entry.get("broadcast") for entry in root.addresses_of("up0")] == ["100.0.0.255", None]
    assert [(row.get("dst"), row.get("gateway")) for row in root.routes or ()] == [
        ("101.0.0.7", "100.0.0.1"), ("101.0.0.0/24", None), ("100.0.0.255", None),
    ]  # fmt: skip
    assert [(row.get("dst"), row.get("gateway")) for row in root.routes6 or ()] == [
        ("default", "534f:51::1"), ("534f:51::5", None),
    ]  # fmt: skip
    assert [row["dst"] for row in root.neighs or ()] == ["534f:51::1"]
    assert [row["address"] for row in root.tables["arp"][0].records] == ["100.0.0.1"]
    assert root.rules == [{"priority": 9, "src": "100.0.0.5", "dst": "101.0.0.0", "dstlen": 24, "table": "9"}]
    assert [row.get("dst") for row in root.fdb or ()] == ["100.0.0.8"]
    (link,) = [link for link in root.links or () if link["ifname"] == "vx0"]
    assert (link["linkinfo"]["info_data"]["remote"], link["linkinfo"]["info_data"]["local"]) == ("100.0.0.8", "100.0.0.5")
    assert [row.get("to") for row in root.rulesets or () if row["kind"] == "rule"] == ["100.0.0.5"]
    assert "addresses of single hosts were obfuscated with a length" in "".join(host.notes)


def test_networks_that_nat_maps_to_keep_their_length(tmp_path: Path) -> None:
    files = {
        "iptables-save": "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 10.8.0.0/24 -j NETMAP --to 10.9.0.0/24\nCOMMIT\n",
        "nft_list_ruleset": "table ip nat {\n\tchain pre {\n\t\tip daddr 10.8.0.0/24 dnat ip prefix to 10.9.0.0/24\n\t}\n}\n",
    }
    (host,) = opening.hosts([str(lay(tmp_path, files))])
    assert host.root is not None and host.notes == []
    for tool in ("iptables", "nft"):
        assert [row["to"] for row in host.root.tables[tool][0].records if row["kind"] == "rule"] == ["10.9.0.0/24"]


BSD = (
    "em0: flags=8863<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> metric 0 mtu 1500\n\toptions=1203<RXCSUM,TXCSUM>\n"
    "\tether 02:00:00:00:00:09\n\tinet 10.8.0.9 netmask 0xffffff00 broadcast 10.8.0.255\n"
)


def test_files_of_a_bsd_are_refused_by_name(tmp_path: Path) -> None:
    arp = "? (10.8.0.1) at 02:00:00:00:00:01 on em0 expires in 1100 seconds [ethernet]\n"
    lay(tmp_path, {"status/ifconfig_-a": BSD, "status/arp-an.txt": arp})
    with pytest.raises(NetwrapError, match=r"status/arp-an\.txt: the output of macOS or a BSD, which netwrap does not read"):
        opening.read(str(tmp_path))
    lay(tmp_path, {"status/ip_addr": ADDR})
    found = opening.read(str(tmp_path))
    assert found.root is not None and found.root.neighs is None and len(found.root.links or ()) == 2
    assert [problem.partition(": ")[0] for problem in found.problems] == ["status/arp-an.txt", "status/ifconfig_-a"]


def test_a_text_of_something_else_is_no_empty_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = opening.read(str(lay(tmp_path, {"ip_addr": ADDR, "arp_-n": ADDR, "ip_rule": "\n".join(["no rule"] * 99)})))
    assert found.root is not None and (found.root.neighs, found.root.rules) == (None, None)
    assert found.root.failed["arp"] == "arp -n: no line of its output was understood"
    assert "ip rule: and 96 more lines that fit nowhere" in found.problems
    monkeypatch.setattr("netwrap.model.build._BEGINNING", 200)
    monkeypatch.setattr("netwrap.model.build.SECTION_LINES", 500)
    many = "".join(f"10.{number // 250}.{number % 250}.0/24 dev up0\n" for number in range(600))
    host = build([Section("", "ip addr", MAIN * 30), Section("", "ip route", many)])
    assert host.root is not None and host.root.links is None and len(host.root.routes or ()) == 500
    assert "ip addr: and 2 more lines that fit nowhere" in host.problems  # of the first 200 characters
    assert "ip addr: no row in its first 0 KiB: the rest was not read" in host.problems
    assert "ip route: more than 500 lines: the rest was not read" in host.problems
    late = build([Section("", "iptables-save", "# a comment\n" * 50 + SAVE), Section("", "ip route", "\n" * 300 + MAIN)])
    assert late.root is not None and late.root.table("iptables") and len(late.root.routes or ()) == 4 and not late.problems


def test_links_to_links_and_archives_that_end_early(tmp_path: Path) -> None:
    links = [("ip_addr", "a"), ("a", "../n1/b"), ("b", "c"), ("ip_link", "ip_link"), ("ip_rule", "/etc/passwd")]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, target in links:
            link = tarfile.TarInfo(f"n1/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)
        member = tarfile.TarInfo("n1/c")
        member.size = len(ADDR)
        tar.addfile(member, io.BytesIO(ADDR.encode()))
    (tmp_path / "links.tar").write_bytes(out.getvalue())
    found = opening.read(str(tmp_path / "links.tar"))
    assert told(found)["(root)"]["addresses"] == told(build([Section("", "ip addr", ADDR)]))["(root)"]["addresses"]
    assert found.problems == [
        "n1/ip_link: a link to n1/ip_link, which is not there",
        "1 member not read: n1/ip_rule (a link to /etc/passwd, outside)",
    ]  # fmt: skip
    member.size = 1 << 50  # a petabyte, of which five bytes are there
    (tmp_path / "short.tar").write_bytes(member.tobuf() + b"hello")
    with pytest.raises(NetwrapError, match="n1/c: cannot be read: unexpected end of data"):
        opening.read(str(tmp_path / "short.tar"))


def test_members_that_are_no_files_are_counted_and_named(netwrap: Netwrap, tmp_path: Path) -> None:
    def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        return member

    pipe = special("n1/log", tarfile.FIFOTYPE)
    others = [special("n1/dev/sda", tarfile.BLKTYPE), special("n1/x", tarfile.SYMTYPE, "../../x"), pipe]
    kinds = "n1/dev/sda (a device), n1/log (a named pipe), n1/x (a link to ../../x, outside)"
    target = tmp_path / "it.tar"

    def packed(*members: tarfile.TarInfo) -> None:
        target.write_bytes(pack({"/n1/ip_addr": ADDR}, "w"))  # an absolute path is read, as tar reads it
        with tarfile.open(target, "a") as tar:
            for member in members:
                tar.addfile(member)

    label = special("backup of n1", b"V")  # of GNU tar: the name of the volume
    dots = special("n1/it.bin", tarfile.SYMTYPE, "..2024_01/it.bin")  # as Kubernetes calls folders: not outside
    packed(label, dots, *others, special("n1/ip_address", tarfile.SYMTYPE, "/n1/ip_addr"))
    assert told(opening.read(str(target))) == told(build([Section("", "ip addr", ADDR)]))
    words = "select count(*) from address"
    for verb in (["report", "--columns", "netns"], ["find", "10.8.0.5"], ["check"], ["ip", "link"], ["sql", words], ["export"]):
        done = netwrap(*verb, "--from", str(target))
        assert (done.returncode, done.stderr.count("not read")) == (0, 1), verb
        assert f"netwrap: 3 members not read: {kinds}; -v lists them\n" in done.stderr, verb
        assert "netwrap: not read: n1/log (a named pipe)\n" in netwrap("-v", *verb, "--from", str(target)).stderr, verb
    packed(*others, special("n1/ip_route", tarfile.FIFOTYPE))  # a table is lost
    done = netwrap("report", "--from", str(target))
    lost = "netwrap: 4 members not read: n1/ip_route (a named pipe), n1/dev/sda (a device), n1/log (a named pipe), ...\n"
    assert done.returncode == 1 and lost in done.stderr and done.stderr.count("not read") == 1
    target.write_bytes(pack({"n1/ip_addr": ADDR}, "w"))
    with tarfile.open(target, "a") as tar:
        for text in (ADDR, RED):
            member = special("n1/ip_addr", tarfile.REGTYPE)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    again = opening.read(str(target))
    assert again.problems == ["1 member not read: n1/ip_addr (there several times: only the last was read)"]
    assert told(again) == told(build([Section("", "ip addr", RED)]))
    with zipfile.ZipFile(tmp_path / "it.zip", "w") as packed_zip:
        packed_zip.writestr("n1/ip_addr", ADDR)
        for name, mode, text in (("ip_address", 0o120777, "ip_addr"), ("ip_rule", 0o120777, "/etc/x"), ("log", 0o10600, "")):
            entry = zipfile.ZipInfo(f"n1/{name}")
            entry.external_attr = mode << 16
            packed_zip.writestr(entry, text)
    found = opening.read(str(tmp_path / "it.zip"))
    assert found.problems == ["2 members not read: n1/ip_rule (a link to /etc/x, outside), n1/log (a named pipe)"]
    folder = lay(tmp_path / "n1", {"ip_addr": ADDR})
    os.mkfifo(folder / "log")
    (folder / "x").symlink_to("/etc")
    assert opening.read(str(folder)).unread_members == ["log (a named pipe)", "x (a link to /etc, outside)"]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize(
    ("cut", "said"), [("damaged", "a damaged header"), ("header", "without the mark"), ("end", "without the mark")]
)
def test_a_tar_that_ends_at_a_header_is_cut(tmp_path: Path, mode: str, cut: str, said: str) -> None:
    whole = pack({"ip_addr": ADDR, "ip_route": MAIN}, "w")
    second = whole.index(b"ip_route")
    content = {"damaged": whole[:second] + b"\xff" * 512 + whole[second + 512 :], "header": whole[: second + 100],
               "end": whole[:second]}[cut]  # fmt: skip
    (tmp_path / "it.tar").write_bytes(gzip.compress(content) if mode == "w:gz" else content)
    found = opening.read(str(tmp_path / "it.tar"))
    (problem,) = found.problems
    assert said in problem and "the archive cannot be read to its end" in problem
    assert told(found) == told(build([Section("", "ip addr", ADDR)]))


def test_a_support_file_beside_an_sos_report_is_named(tmp_path: Path) -> None:
    files = {"network.txt": f"{SUSE}/sbin/ip addr\n{RED}\n", "sos_commands/networking/ip_addr": ADDR, "sos_logs/x.txt": "x\n"}
    note = "network.txt was not read, as the sos report beside it counts: give that file alone"
    found = opening.read(str(lay(tmp_path / "a", files)))
    assert told(found) == told(build([Section("", "ip addr", ADDR)])) and found.notes == [note]
    (tmp_path / "it.tgz").write_bytes(pack({f"sosreport-n1/{name}": files[name] for name in sorted(files, reverse=True)}, "w:gz"))
    assert opening.read(str(tmp_path / "it.tgz")).notes == [f"sosreport-n1/{note}"]


@pytest.mark.parametrize("start", [b"\x8c\x0d\x04\x09", b"\xc3\x0d\x04\x09", b"\xc1\xc0\x4c\x03", b"\xd2\xff\x01"])
def test_encrypted_reports_say_what_decrypts_them(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "secured-sosreport-n1.tar.xz.gpg"
    path.write_bytes(start + bytes(range(128, 255)) * 9)
    for source in (path, tmp_path):
        with pytest.raises(NetwrapError, match="encrypted: decrypt it with 'gpg -d' first"):
            opening.read(str(source))
    lay(tmp_path, {"ip_addr": ADDR, "etc/apt/trusted.gpg.d/docker.gpg": start})
    assert opening.read(str(tmp_path)).problems == [f"{path.name}: encrypted: decrypt it with 'gpg -d' first"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_and_ends_of_lines(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "ip_addr.txt").write_bytes(ADDR.replace("\n", "\r\n").encode(encoding) + b"\0" * 4)
    found = opening.read(str(tmp_path))
    assert told(found) == told(build([Section("", "ip addr", ADDR)])) and found.problems == []


def test_archives_in_archives_and_captures_in_folders(tmp_path: Path) -> None:
    inner = pack({"cmd/ip-a.md": ADDR, "cmd/hostname.md": "n1\n"}, "w:gz")
    (tmp_path / "sysdump.zip").write_bytes(pack({"dump/bugtool-a.tar.gz": inner}, "zip"))
    found = opening.read(str(tmp_path / "sysdump.zip"))
    assert found.hostname == "n1" and told(found)["(root)"]["links"] is not None
    many = pack({"a": "x"}, "w:gz")
    for _ in range(6):
        many = pack({"it.tar.gz": many}, "w:gz")
    (tmp_path / "deep.tar.gz").write_bytes(many)
    with pytest.raises(NetwrapError, match="archives in each other"):
        opening.read(str(tmp_path / "deep.tar.gz"))


def test_one_command_in_every_namespace(tmp_path: Path) -> None:
    path = tmp_path / "session.txt"
    path.write_text(f"root@h:~# ip -all netns exec ip -d addr\n\nnetns: ns@x\n{ADDR}\nnetns: a_b\n{RED}")
    found = opening.read(str(path))
    assert {netns.title: len(netns.links or ()) for netns in found.namespaces} == {"a_b": 2, "ns@x": 2}


def test_what_was_not_understood_is_listed(tmp_path: Path) -> None:
    found = opening.read(
        str(lay(tmp_path, {"ip_addr": ADDR, "ethtool_up0": "Speed: 1000", "route": "no route at all", "b.bin": "x"}))
    )
    assert found.unread_files == ["b.bin", "ethtool_up0", "route"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (bytes(9000), "not a text: it holds nothing but zeros"),
        (bytes(range(256)) * 40, "not a text"),
        (b"\x8c\x0d\x04\x07\x03\x02" + bytes(range(128, 255)) * 9, "gpg -d"),
        (b"PK\x03\x04garbage that is no zip", "cannot be read"),
    ],
)
def test_what_is_no_text_is_refused_at_once(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "it"
    path.write_bytes(content)
    with pytest.raises(NetwrapError, match=said):
        opening.read(str(path))


def test_a_pipe_that_nobody_writes_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PIPE_PATIENCE", 0.2)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NetwrapError, match="nobody writes into"):
        opening.read(str(tmp_path / "pipe"))


def test_folders_in_folders_and_many_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path
    for _ in range(archive.MAX_FOLDERS + 3):
        deep /= "d"
    deep.mkdir(parents=True)
    (deep / "ip_addr").write_text(ADDR)
    lay(tmp_path, {"ip_addr": ADDR})
    found = opening.read(str(tmp_path))
    assert len(found.namespaces) == 1 and "deep were not looked at" in found.problems[0]
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    assert "more than 2 files: the rest was not looked at" in opening.read(str(tmp_path)).problems


def _ran(command: str, path: str | None, status: int = 0, cut: bool = False) -> dict[str, Any]:
    return {"exec": command, "filepath": path, "return_code": status, "truncated": cut}


def test_the_manifest_of_sos_tells_names_ends_and_cuts(tmp_path: Path) -> None:
    top, red = "sos_commands/networking/", "sos_commands/networking/namespaces/ns_x/ip_netns_exec_ns_x_"
    commands = [
        _ran("ip -d address", top + "ip_-d_address"),
        _ran("ip route show table all", "sos_strings/networking/ip_route_show_table_all.tailed", cut=True),
        _ran("ip -4 rule", top + "ip_-4_rule", 124),
        _ran("ip -s -s neigh show", top + "ip_-s_-s_neigh_show", 2),
        _ran("ip netns exec ns@x ip -d address show", red + "ip_-d_address_show"),
        _ran("ip netns exec ns@x iptables-save", None, 127),
    ]
    plugins = {"odd": 5, "odder": {"commands": [5]}, "networking": {"commands": commands}}
    manifest = {"components": {"report": {"plugins": plugins}}}
    files = {
        top + "ip_-d_address": ADDR, top + "ip_-4_rule": RULE, top + "ip_-s_-s_neigh_show": "", red + "ip_-d_address_show": RED,
        red + "ip_route_show_table_all": TABLE, top + "ip_route_show_table_all": MAIN,
        "sos_reports/manifest.json": json.dumps(manifest),
    }  # fmt: skip
    found = opening.read(str(lay(tmp_path, files)))
    assert [netns.title for netns in found.namespaces] == ["(root)", "ns@x"]
    root, other = found.namespaces
    assert root.neighs is None and (len(root.rules or ()), len(root.routes or ()), len(other.routes or ())) == (3, 4, 1)
    assert found.problems == ["(root): ip -s -s neigh show: exit status 2"]
    assert found.notes == [
        "ip route show table all of the host was cut by sos: only its end was kept",
        "(root): ip -4 rule holds only a part of the table: sos ended it: it took too long",
        "(root): ip route show table all holds only a part of the table: cut by sos: only its end was kept",
    ]
    assert other.failed["iptables"] == "iptables-save: command not found"


def test_a_folder_is_the_namespace_whose_name_it_could_not_have(tmp_path: Path) -> None:
    top = "sos_commands/networking/"
    files = {top + "ip_netns": "ns@x (id: 0)\na_b\n", top + "namespaces/ns_x/ip_netns_exec_ns_x_ip_-d_address_show": RED,
             top + "namespaces/a_b/ip_netns_exec_a_b_ip_-d_address_show": ADDR}  # fmt: skip
    found = opening.read(str(lay(tmp_path, files)))
    assert {netns.title: netns.links is not None for netns in found.namespaces} == {"(root)": False, "ns@x": True, "a_b": True}


DRAWN = """\
// generated by plotnetcfg v0.4.1 on Sat Nov 28 02:25:08 2026
digraph {
node [shape=box]
"/lo" [label="lo (loopback)\\n127.0.0.1/8\\n::1/128",style=filled,fillcolor="darkolivegreen1"]
"/v0" [label="v0 (veth)",style=filled,fillcolor="pink"]
"/br0" [label="br0 (bridge)\\n10.0.0.254/24",style=filled,fillcolor="darkolivegreen1"]
subgraph "cluster_b@x" {
label="b@x"
fontcolor="black"
"b@x/p2" [label="p2 (veth)",style=filled,fillcolor="grey"]
"b@x/p1" [label="p1 (veth)\\nMTU 1400\\n10.1.0.1/32 peer 10.1.0.2/32",style=filled,fillcolor="grey"]
"b@x/m1" [label="m1 (macvlan)",style=filled,fillcolor="grey"]
}
"/v0" -> "/br0"
"/v0" -> "b@x/eth9" [dir=none]
"b@x/p1" -> "b@x/p2" [dir=none]
"b@x/p1" -> "b@x/m1"
}
"""


def test_what_plotnetcfg_drew_where_nothing_else_was_captured(tmp_path: Path) -> None:
    top = "sos_commands/networking/"
    found = opening.read(str(lay(tmp_path, {top + "plotnetcfg": DRAWN, top + "ip_-d_address": ADDR})))
    root, other = found.namespaces
    assert [root.title, other.title] == ["(root)", "b@x"] and found.problems == []
    assert [link["ifname"] for link in root.links or ()] == ["lo", "up0"]  # `ip address` itself counts
    assert other.links == [
        {"ifname": "p2", "flags": [], "operstate": "DOWN", "linkinfo": {"info_kind": "veth"}, "link": "p1", "addr_info": []},
        {"ifname": "p1", "flags": [], "operstate": "DOWN", "linkinfo": {"info_kind": "veth"}, "mtu": 1400, "link": "p2",
         "addr_info": [{"family": "inet", "local": "10.1.0.1", "prefixlen": 32, "address": "10.1.0.2"}]},
        {"ifname": "m1", "flags": [], "operstate": "DOWN", "linkinfo": {"info_kind": "macvlan"}, "link": "p1", "addr_info": []},
    ]  # fmt: skip
    assert found.notes == ["b@x: ip -j address show holds only a part of the table: drawn by plotnetcfg, without MAC and scope"]


@pytest.mark.parametrize(
    "form",
    ["---- {} ----", "*** {} ***", "[{}]", "Command: {}", "+++ {} +++", ">>> {} <<<", ">> {}", "$ {}", "### {} ###", "===> {}",
     "## `{}`", "=====[ {} ]=====", "--> {}", "Output of {}:", "Running: {}", "# {}", "~~~ {} ~~~", ":: {} ::", "<{}>",
     "--- {} ---", "========= {} =========", "{}\n===", "{}\n~~~", "+------+\n| {} |\n+------+"],
)  # fmt: skip
@pytest.mark.parametrize("place", ["collected.txt", "support/collected.txt"])
def test_headings_that_people_invent(tmp_path: Path, place: str, form: str) -> None:
    texts = {"ip addr": ADDR, "ip route show": MAIN, "ip neigh": NEIGH, "ip netns exec red ip addr": RED}
    lay(tmp_path, {place: "".join(f"{form.format(command)}\n{text}\n" for command, text in texts.items())})
    (host,) = opening.hosts([str(tmp_path)])
    (wanted,) = [build([Section("", command, text) for command, text in texts.items()])]
    for name in ("(root)", "red"):
        ours, theirs = host.find(name), wanted.find(name)
        assert ours is not None and theirs is not None
        assert (ours.addresses, ours.routes, ours.neighs) == (theirs.addresses, theirs.routes, theirs.neighs)
    assert host.problems == []


def test_names_with_a_number_sudo_or_a_date(tmp_path: Path) -> None:
    lay(tmp_path, {"01-ip-neigh.txt": NEIGH, "sudo_ip_route.txt": MAIN, "ip_addr-20261127.txt": ADDR, "n1_ip_rule.txt": RULE})
    (host,) = opening.hosts([str(tmp_path)])
    root = host.root
    assert root is not None and [len(table or ()) for table in (root.neighs, root.routes, root.links)] == [2, 4, 2]
    assert root.rules is None and host.unread_files == ["n1_ip_rule.txt"]


@pytest.mark.parametrize("place", ["n1_{}.log", "{}_n1.txt", "{}.n1", "n1@{}", "{}-n1.out", "output/n1.{}.txt"])
@pytest.mark.parametrize("names", [("ip-a", "iproute", "ip_-s_neigh"), ("ip_addr_show", "ip-r", "arp-n")])
def test_a_label_in_the_names_of_files_is_that_of_a_host(tmp_path: Path, place: str, names: tuple[str, str, str]) -> None:
    texts = (ADDR, MAIN, NEIGH if "neigh" in names[2] else "10.8.0.1 ether 02:00:00:00:00:01 C up0\n")
    lay(tmp_path, {place.format(name): text for name, text in zip(names, texts)})
    lay(tmp_path, {place.replace("n1", "n2").format(names[0]): RED, place.replace("n1", "n3").format("ip-rules"): "no table\n"})
    one, two = opening.hosts([str(tmp_path)])
    assert one.root is not None and two.root is not None
    assert (one.name, len(one.root.addresses or ()), len(one.root.routes or ())) == ("n1", 2, 4)
    assert one.root.table("arp" if names[2] == "arp-n" else "ip_neigh") is not None
    assert (two.name, two.root.routes) == ("n2", None) and "fd09::5" in str(two.root.addresses)
    assert one.problems == two.problems == [] and len(one.unread_files) == 1


def test_labels_on_both_sides_of_a_command_are_kept_apart(tmp_path: Path) -> None:
    lay(tmp_path, {"n1_ip-a_2.log": ADDR, "n12_ip-r.log": MAIN})
    hosts = opening.hosts([str(tmp_path)])
    assert sorted(host.name for host in hosts) == ["n1-2", "n12"]
    assert hosts[0].notes == ["labels in file names are taken as hosts: n1-2, n12"]


@pytest.mark.parametrize("mark", ["^^ {} ^^", ":: {}", "-=[ {} ]=-", "Command: {}", "<h2>{}</h2>", "Output of '{}':", "{}:"])
def test_marks_of_any_kind_around_a_command(tmp_path: Path, mark: str) -> None:
    texts = {"ip addr": ADDR, "ip route": MAIN}
    text = "".join(f"{mark.format(command)}\n{text}\n" for command, text in texts.items())
    lay(tmp_path, {"ip_rule": RULE, "x.txt": text, "y.txt": f"{mark.format('ip neigh')}\nis what I ran\n"})
    wanted = build([Section("", command, text) for command, text in {**texts, "ip rule": RULE}.items()])
    (host,) = opening.hosts([str(tmp_path)])
    assert told(host) == told(wanted) and (host.problems, host.unread_files) == ([], ["y.txt"])


def test_pods_are_hosts_and_their_namespaces_those_of_kubernetes(tmp_path: Path) -> None:
    lay(tmp_path, {"namespaces/shop/pods/web-0/ip_addr": RED, "nodes/n1/ip_addr": ADDR, "pods/default/web-1/ip_addr": RED})
    hosts = opening.hosts([str(tmp_path)])
    assert sorted((host.name, [netns.title for netns in host.namespaces]) for host in hosts) == [
        ("n1", ["(root)"]), ("web-0", ["(root)"]), ("web-1", ["(root)"]),
    ]  # fmt: skip


def test_a_file_of_zeros_and_an_empty_table_that_is_never_empty(tmp_path: Path) -> None:
    lay(tmp_path, {"ip_addr": ADDR, "ip_neigh": "\0\0\0\0", "ip_rule": "\n"})
    (host,) = opening.hosts([str(tmp_path)])
    assert host.root is not None and (host.root.neighs, host.root.rules) == (None, None)
    assert host.problems == ["ip_neigh: not a text: it holds nothing but zeros"]
    assert host.notes == ["(root): ip rule failed: it printed nothing"]


def test_what_is_missing_or_in_a_circle_is_no_empty_table(tmp_path: Path) -> None:
    link = "sos_strings/networking/ip_route_show_table_all.tailed"  # unpacked where there are no links
    files = {"sos_commands/networking/ip_addr": ADDR, "sos_commands/networking/ip_route_show_table_all": f"../../{link}"}
    found = opening.read(str(lay(tmp_path / "sos", files)))
    assert found.problems == [f"sos_commands/networking/ip_route_show_table_all: a link to {link}, which is not there"]
    assert found.root is not None and found.root.routes is None
    folder = lay(tmp_path / "mac", {"ip_addr": ADDR.replace("\n", "\r"), "ip_route": MAIN})
    (folder / "a").symlink_to("a")
    (host,) = opening.hosts([str(folder)])
    root = host.root
    assert root is not None and [len(it or ()) for it in (root.links, root.addresses, root.routes)] == [2, 2, 4]
    assert host.problems == ["a: Too many levels of symbolic links"]


def test_a_zip_file_with_the_separators_of_windows(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        for name, text in (("diag\\n1\\ip_addr.txt", ADDR), ("diag\\n1\\ip_route.txt", MAIN)):
            about = zipfile.ZipInfo("x")
            about.filename = name
            packed.writestr(about, text)
    (host,) = opening.hosts([str(tmp_path / "x.zip")])
    assert host.root is not None and (len(host.root.links or ()), len(host.root.routes or ())) == (2, 4)


# Files of an ordinary system that are named like our commands.
ORDINARY = {
    "share/man/man8/ss.8.gz": ".TH SS 8\n.SH NAME\nss \\- another utility to investigate sockets\n" * 9,
    "share/man/man5/sysctl.conf.5": '.\\" about\n' * 30 + "kernel.domainname = example.com\n" + ".TH SYSCTL.CONF 5\n" * 30,
    "include/linux/sysctl.h": "/* SPDX-License-Identifier */\n#ifndef _SYSCTL_H\n#define _SYSCTL_H\n",
    "share/completions/hostname": "_hostname()\n{\n    local cur prev words\n}\n",
    "share/completions/ip_link": "# completion of ip link\ncomplete -F _ip_link ip\n",
    "sbin/route": "#!/bin/sh\nexec ip route\n",
    "bin/ip": "\x7fELF\0\0\0",
    "bin/hostname": "\x7fELF\0\0\0",
}


def test_a_folder_of_programs_and_manual_pages_is_no_host(netwrap: Netwrap, tmp_path: Path) -> None:
    """Files that are only named like commands are counted; nothing of them becomes a table, a name or a namespace."""
    lay(tmp_path, ORDINARY)
    done = netwrap("report", "--from", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "no file in it is named after a command that netwrap knows and contains its output" in done.stderr
    assert "6 files not understood: include/linux/sysctl.h, sbin/route, share/completions/hostname, ...;" in done.stderr


def test_a_host_beside_programs_and_manual_pages(tmp_path: Path) -> None:
    """The host among them is read as it is alone; tables without rows, and failures, are output of their commands, too."""
    host = {"h/ip_addr": ADDR, "h/hostname": "h1\n", "h/namespaces/red/arp_-n": "", "h/namespaces/red/ip_rule": RULE}
    lay(tmp_path, {**ORDINARY, **host, "g/arp -n.txt": "arp: command not found\n", "f/ip_neigh": ""})
    found = opening.hosts([str(tmp_path)])
    assert [(one.name, [netns.title for netns in one.namespaces]) for one in found] == [
        ("f", ["(root)"]), ("g", ["(root)"]), ("h1", ["(root)", "red"]),
    ]  # fmt: skip
    assert (found[0].namespaces[0].neighs, found[1].namespaces[0].neighs, found[2].namespaces[1].neighs) == ([], None, [])
    assert len(found[0].unread_files) == 6


def test_links_to_what_is_no_text(netwrap: Netwrap, tmp_path: Path) -> None:
    """The target of a link is read whatever its name is, but a program or an archive is never read as a table."""
    (tmp_path / "ip_addr").write_text(ADDR)
    (tmp_path / "blob.bin").write_bytes(b"\x7fELF" + bytes(range(256)) * 40)
    (tmp_path / "links.bin").write_text(LINK)
    (tmp_path / "ip_route").symlink_to("blob.bin")
    (tmp_path / "ip_link").symlink_to("links.bin")
    done = netwrap("--from", str(tmp_path), "ip", "link", "--columns", "ifname", "--format", "csv", "--no-header")
    assert done.stdout.split() == re.findall(r"^\d+: (\w+)", LINK, re.M)
    assert "blob.bin: a program, not a text" in done.stderr and "which is not there" not in done.stderr
    assert netwrap("--from", str(tmp_path), "ip", "route").returncode == 1
    for number in range(30):
        (tmp_path / f"program{number}").write_bytes(b"\x7fELF" + bytes(80))
    said = netwrap("--from", str(tmp_path), "ip", "link").stderr
    assert said.count("a program, not a text") == 20 and "11 more files are no texts" in said
