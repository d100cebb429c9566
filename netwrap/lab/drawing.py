"""A lab as a host that does not exist yet, with the links and addresses that it will have, to draw a picture."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Any

from netwrap.model.build import build
from netwrap.model.section import Section

from .objects import wanted
from .schema import HOST

if TYPE_CHECKING:
    from netwrap.model.host import Host

    from .references import Lab


def host(lab: Lab) -> Host:
    """The host that a lab's file describes: its namespaces and, where the lab has links there, the host's own."""
    objects = wanted(lab).objects
    keys = [key for key in objects if key[0] == "link"]
    numbers = {key: number for number, key in enumerate(keys, 2)}
    places = list(dict.fromkeys([HOST, *lab.namespaces])) if any(key[1] == HOST for key in keys) else list(lab.namespaces)
    sections = []
    for place in places:
        rows = [_link(key, objects[key], numbers, places) for key in keys if key[1] == place]
        for row in rows:
            found = [key[3] for key in objects if key[:3] == ("address", place, row["ifname"])]
            row["addr_info"] = [_address(text) for text in found]
        netns = "" if place == HOST else place
        ids = [{"nsid": number, **({"name": name} if name != HOST else {})} for number, name in enumerate(places)]
        vlans = [{"ifname": row["ifname"], "vlans": tags} for row in rows if (tags := _vlans(objects, place, row["ifname"]))]
        said = {
            "ip -d -j link show": rows,
            "ip -d -j address show": rows,
            "ip -j netns list-id": ids,
            "bridge -j vlan show": vlans,
        }
        sections += [Section(netns, command, json.dumps(records)) for command, records in said.items()]
    return build(sections)


def _link(key: tuple[str, ...], value: dict[str, Any], numbers: dict[tuple[str, ...], int], places: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"ifindex": numbers[key], "ifname": key[2], "flags": ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
                           "mtu": value.get("mtu", 1500), "operstate": "UP", "link_type": "ether",
                           "linkinfo": {"info_kind": value["kind"]}}  # fmt: skip
    if value.get("vlan_filtering"):
        row["linkinfo"]["info_data"] = {"vlan_filtering": 1}
    if value.get("mac"):
        row["address"] = value["mac"]
    if value.get("master"):
        row["master"] = value["master"]
    if value["kind"] == "veth":
        peer = ("link", *value["peer"])
        row["link_index"] = numbers[peer]
        if peer[1] == key[1]:
            row["link"] = peer[2]
        else:
            row["link_netnsid"] = places.index(peer[1])
    elif value["kind"] == "vlan":
        row["link"] = value["parent"]
        row["linkinfo"]["info_data"] = {"protocol": "802.1Q", "id": value["id"]}
    return row


def _vlans(objects: dict[tuple[str, ...], dict[str, Any]], place: str, dev: str) -> list[dict[str, Any]]:
    """The VLANs of a port, as `bridge -j vlan` prints them."""
    found = sorted((int(key[3]), value) for key, value in objects.items() if key[:3] == ("vlan", place, dev))
    return [
        {"vlan": number, "flags": ["PVID"] * value["pvid"] + ["Egress Untagged"] * value["untagged"]} for number, value in found
    ]


def _address(text: str) -> dict[str, Any]:
    found = ipaddress.ip_interface(text)
    return {"family": "inet" if found.version == 4 else "inet6", "local": str(found.ip), "prefixlen": found.network.prefixlen,
            "scope": "global"}  # fmt: skip
