"""Make a link anew with another id: neither a vxlan, nor a geneve, nor a VLAN link can change its id later.

What goes away with a link comes back: its master, addresses, routes and forwarding entries.
"""

from __future__ import annotations

from .. import wording
from ..prefixes import network
from .inside import inside, six
from .links import data, is_up, kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from parsers.records import AnyRecord, Link

    from ..model.namespace import Namespace

#: The details of a link that its kind is made with: key of `ip -j -d link` → word.
_WORDS = {
    "protocol": "protocol", "group": "group", "group6": "group", "remote": "remote", "remote6": "remote", "local": "local",
    "local6": "local", "link": "dev", "port": "dstport", "ttl": "ttl", "df": "df",
}  # fmt: skip


def remade(netns: Namespace, link: AnyRecord, number: int) -> tuple[str, ...]:
    """The commands that make a link anew with an id; () where its details tell that more than these commands is needed."""
    info, name, what = data(link), str(link.get("ifname")), str(kind(link))
    if "link_netnsid" in link or info.get("external") or what not in ("vxlan", "geneve", "vlan") or netns.routes is None:
        return ()
    below = f"link {link.get('link')} " if what == "vlan" else ""
    words = [f"id {number}"]
    words += [f"{word} {info[key]}" for key, word in _WORDS.items() if info.get(key) and not (what == "vlan" and key == "link")]
    words += ["nolearning"] if info.get("learning") is False else []
    mac = f"address {link['address']} " if what != "vlan" and "address" in link else ""
    mtu = f"mtu {link['mtu']} " if "mtu" in link else ""
    made = f"ip link add {below}name {name} {mac}{mtu}type {what} {' '.join(words)}"
    return tuple(inside(netns, one) for one in (f"ip link del dev {name}", made, *_restored(netns, link, name)))


def _restored(netns: Namespace, link: AnyRecord, name: str) -> Iterator[str]:
    if "master" in link:
        yield f"ip link set dev {name} master {link['master']}"
    for row in netns.addresses_of(name):
        if row.get("scope") == "global" and "local" in row:
            yield f"ip address add {row['local']}/{row.get('prefixlen')} dev {name}"
    if is_up(link):
        yield f"ip link set dev {name} up"
    for entry in netns.fdb or ():
        if entry.get("ifname") == name and "dst" in entry and entry["dst"] != data(link).get("remote"):
            yield f"bridge fdb append {entry.get('mac')} dev {name} dst {entry['dst']}"
    for neigh in netns.neighs or ():
        if neigh.get("dev") == name and "PERMANENT" in neigh.get("state", ()) and "lladdr" in neigh:
            yield f"ip neigh replace {neigh.get('dst')} lladdr {neigh['lladdr']} dev {name} nud permanent"
    for family in ("inet", "inet6"):
        for routes in netns.routes_by_table(family).values():
            for route in routes:
                if route.get("dev") == name and route.get("protocol") != "kernel" and route.get("type", "unicast") == "unicast":
                    yield f"ip {six(family)}route add {wording.route(route)}"


def of_one_id(netns: Namespace, link: Link, others: Iterable[tuple[Namespace, Link]]) -> tuple[str, ...]:
    """Make the link anew that has another id than most of its network: ours, or the first that differs from ours.

    ``others``: the other links of the network.
    """
    from collections import Counter

    alike = [(netns, link), *others]
    numbers = Counter(data(end).get("id") for _, end in alike)
    most = max(numbers, key=lambda number: (numbers[number], number == data(link).get("id")))
    odd = next(((other, end) for other, end in alike if data(end).get("id") != most), None)
    return remade(*odd, most) if odd is not None and isinstance(most, int) else ()


def networks(netns: Namespace, link: AnyRecord) -> set[str]:
    """The networks of a link's addresses."""
    rows = (row for row in netns.addresses_of(str(link.get("ifname"))) if row.get("scope") == "global" and "local" in row)
    return {str(network(f"{row['local']}/{row.get('prefixlen')}")) for row in rows}
