"""Large tables that look as the binaries print them, each as text and, where the binary has it, as the JSON of the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import parsers

if TYPE_CHECKING:
    from collections.abc import Iterator


def route_lines(count: int) -> Iterator[str]:
    """`ip route`: a router's table, most of it from BGP, with the shapes that a real one mixes."""
    yield "default via 10.0.0.1 dev eth0 proto dhcp src 10.0.0.7 metric 100 \n"
    for number in range(count - 1):
        a, b, c = 11 + (number >> 16), number >> 8 & 255, number & 255
        prefix, via, dev = f"{a}.{b}.{c}.0/24", f"10.{number & 3}.0.{1 + number % 250}", f"eth{number & 7}"
        if number % 10 < 7:
            yield f"{prefix} via {via} dev {dev} proto bird metric 32 \n"
        elif number % 10 == 7:
            yield f"{prefix} dev {dev} proto kernel scope link src {via} \n"
        elif number % 10 == 8:
            yield f"{prefix} via {via} dev {dev} proto static metric {number % 1000} onlink \n"
        else:
            yield f"{a}.{b}.{c}.1 via {via} dev {dev} proto bird src 10.0.0.7 metric 32 \n"


def routes_json(count: int) -> str:
    """The same as `ip -j route` prints it."""
    return json.dumps(parsers.parse("ip_route", "".join(route_lines(count))), separators=(",", ":"))


def detailed_link(number: int) -> str:
    """A veth that is a bridge's port, as `ip -d link` prints it."""
    first, second = plain_link(number).splitlines()
    return (
        f"{first}\n{second} promiscuity 1 allmulti 1 minmtu 68 maxmtu 65535 \n"
        "    veth \n"
        "    bridge_slave state forwarding priority 32 cost 2 hairpin off guard off root_block off fastleave off learning on "
        f"flood on port_id 0x{0x8000 + number:x} port_no 0x{number:x} designated_port {0x8000 + number} designated_cost 0 "
        "designated_bridge 8000.a:6f:d1:71:45:35 designated_root 8000.a:6f:d1:71:45:35 hold_timer    0.00 "
        "message_age_timer    0.00 forward_delay_timer    0.00 topology_change_ack 0 config_pending 0 proxy_arp off "
        "proxy_arp_wifi off mcast_router 1 mcast_fast_leave off mcast_flood on bcast_flood on mcast_to_unicast off "
        "neigh_suppress off neigh_vlan_suppress off group_fwd_mask 0 group_fwd_mask_str 0x0 vlan_tunnel off isolated off "
        "locked off mab off addrgenmode eui64 numtxqueues 1 numrxqueues 1 gso_max_size 65536 gso_max_segs 65535 "
        "tso_max_size 524280 tso_max_segs 65535 gro_max_size 65536 gso_ipv4_max_size 65536 gro_ipv4_max_size 65536 \n"
    )


def plain_link(number: int) -> str:
    """A veth as `ip link` prints it."""
    mac = f"02:00:{number >> 24 & 255:02x}:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
    return (
        f"{number}: veth{number}@if{number + 1}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master br0 state UP "
        f"mode DEFAULT group default qlen 1000\n    link/ether {mac} brd ff:ff:ff:ff:ff:ff link-netnsid {number % 200}\n"
    )


def simple_links(count: int) -> str:
    """`ip link` of links without a peer: the form that the templates of ntc-templates read."""
    parts = []
    for number in range(2, count + 2):
        first, second = plain_link(number).splitlines()
        parts.append(f"{first.replace(f'@if{number + 1}', '')}\n{second.partition(' link-netnsid')[0]}\n")
    return "".join(parts)


def links(count: int, detailed: bool) -> str:
    """`ip link`, or `ip -d link`."""
    return "".join(detailed_link(number) if detailed else plain_link(number) for number in range(2, count + 2))


def addresses(count: int) -> str:
    """`ip address`: links with an IPv4 and an IPv6 address each."""
    parts = []
    for number in range(2, count + 2):
        first, second = plain_link(number).replace("mode DEFAULT ", "").splitlines(keepends=True)
        high, low = number >> 8 & 255, number & 255
        parts += [
            first, second,
            f"    inet 10.{number >> 16 & 255}.{high}.{low}/24 brd 10.0.{high}.255 scope global veth{number}\n",
            "       valid_lft forever preferred_lft forever\n",
            f"    inet6 fe80::{number:x}/64 scope link \n",
            "       valid_lft forever preferred_lft forever\n",
        ]  # fmt: skip
    return "".join(parts)


def route_n_lines(count: int) -> Iterator[str]:
    """`route -n` of net-tools."""
    yield "Kernel IP routing table\n"
    yield "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n"
    for number in range(count):
        dst = f"{11 + (number >> 16)}.{number >> 8 & 255}.{number & 255}.0"
        if number % 10 < 8:
            gateway, flags = f"10.{number & 3}.0.{1 + number % 250}", "UG"
        else:
            gateway, flags = "0.0.0.0", "U"
        yield f"{dst:<15} {gateway:<15} 255.255.255.0   {flags:<5} {number % 1000:<6d} 0  {0:>7d} eth{number & 7}\n"


def arp_lines(count: int) -> Iterator[str]:
    """`arp -n` of net-tools."""
    yield "Address                  HWtype  HWaddress           Flags Mask            Iface\n"
    for number in range(count):
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        mac = f"02:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
        if number % 20 == 19:
            yield f"{address:<23}  {'':<8}{'(incomplete)':<20}{'':<6}{'':<15} eth{number & 7}\n"
        else:
            yield f"{address:<23}  {'ether':<8}{mac:<20}{'CM' if number % 10 == 0 else 'C':<6}{'':<15} eth{number & 7}\n"


def arp_a_lines(count: int) -> Iterator[str]:
    """`arp -an` of net-tools."""
    for number in range(count):
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        mac = f"02:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
        shown = "<incomplete>" if number % 20 == 19 else f"{mac} [ether]{' PERM' if number % 10 == 0 else ''}"
        yield f"? ({address}) at {shown} on eth{number & 7}\n"


def neigh_lines(count: int) -> Iterator[str]:
    """`ip neigh`."""
    for number in range(count):
        mac = f"02:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        yield f"{address} dev eth{number & 7} lladdr {mac} {('REACHABLE', 'STALE', 'DELAY')[number % 3]} \n"
