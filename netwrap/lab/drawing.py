"""A lab as a host that does not exist yet, with the links, addresses and routes that it will have, to draw a picture."""

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
        if place != HOST:  # the host has routes that no lab knows
            for family in "46":
                said[f"ip -{family} -j rule show"] = _rules(objects, place, family)
                said[f"ip -{family} -j route show table all"] = _routes(objects, place, family)
        sections += [Section(netns, command, json.dumps(records)) for command, records in said.items()]
        switches = {"net/ipv4/ip_forward": "0" if place != HOST else ""}
        switches.update((key[2], value["value"]) for key, value in objects.items() if key[:2] == ("sysctl", place))
        text = "".join(f"{name.replace('/', '.')} = {value}\n" for name, value in switches.items() if value)
        sections += [Section(netns, "sysctl -a", text)] if text else []
    return build(sections)


def _rules(objects: dict[tuple[str, ...], dict[str, Any]], place: str, family: str) -> list[dict[str, Any]]:
    """The rules of a namespace: those of the kernel and those of the lab, as far as they decide about default routes."""
    rows = [{"priority": 0, "src": "all", "table": "local"}, {"priority": 32766, "src": "all", "table": "main"}]
    for key, value in objects.items():
        if key[:3] == ("rule", place, family):
            found = {name: value[name] for name in ("table", "l3mdev") if value.get(name)}
            if value.get("suppress_prefixlength") is not None:
                found["suppress_prefixlen"] = value["suppress_prefixlength"]
            rows.append({"priority": int(key[3]), "src": value.get("from") or "all", **found})
    return sorted(rows, key=lambda row: int(row["priority"]))


def _routes(objects: dict[tuple[str, ...], dict[str, Any]], place: str, family: str) -> list[dict[str, Any]]:
    rows = []
    for key, value in objects.items():
        if key[:3] == ("route", place, family):
            hops = [{"gateway": hop["via"], "dev": hop.get("dev") or _towards(objects, place, hop["via"])} if hop.get("via") else
                    {"dev": hop.get("dev")} for hop in value["nexthops"] or [value]]  # fmt: skip
            rows.append({"type": value["type"], "dst": key[4], "table": key[3], "nexthops": hops})
    return rows


def _towards(objects: dict[tuple[str, ...], dict[str, Any]], place: str, gateway: str) -> str:
    """The link of a namespace in whose network a gateway is."""
    address = ipaddress.ip_address(gateway)
    found = (key[2] for key in objects if key[:2] == ("address", place) and address in ipaddress.ip_interface(key[3]).network)
    return next(found, "")


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
