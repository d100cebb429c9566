"""`ip link`: links. See :mod:`parsers.ip_link` for the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import arguments, query, shell
from .errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parsers.records import Link

_TUNTAP = ("tun", "tap")


def show(netns: str | None = None, *, dev: str | None = None, details: bool = False, statistics: bool = False) -> list[Link]:
    """The links of a namespace (None: the one we run in), or of one device, as `ip link show` prints them.

    ``details`` adds what `-d` says (the kind of each link), ``statistics`` the counters of `-s`.
    Raises NoSuchNetns, NotFound for a device that is not there, and the other errors of :func:`netwrap.shell.run`.
    """
    argv = ["ip", *(["-d"] if details else []), *(["-s"] if statistics else []), "link", "show"]
    return query.records("ip_link", [*argv, "dev", dev] if dev is not None else argv, netns=netns)


def add(
    name: str,
    type: str,
    *,
    netns: str | None = None,
    link: str | None = None,
    to_netns: str | int | None = None,
    address: str | None = None,
    mtu: int | None = None,
    master: str | None = None,
    up: bool = False,
    txqueuelen: int | None = None,
    index: int | None = None,
    numtxqueues: int | None = None,
    numrxqueues: int | None = None,
    peer: str | None = None,
    peer_netns: str | int | None = None,
    **options: arguments.Value,
) -> None:
    """Make a link of a type in a namespace (None: the one we run in).

    ``link`` is the device it stands on (vlan, macvlan, ipvlan), ``to_netns`` the namespace it is made in, seen from ``netns``
    (what `ip` calls ``netns``: a name, a path, or the number of a process), ``address`` its hardware address, ``mtu`` in bytes.
    ``peer`` and ``peer_netns`` name the other end of a veth. ``options`` are those of the type, as `ip link help TYPE` names
    them; True for a word without a value::

        add("v0", "veth", peer="v1", peer_netns="blue")     add("br0", "bridge", vlan_filtering=1)
        add("v0.5", "vlan", link="v0", id=5)                add("vx0", "vxlan", id=7, dev="v0", dstport=4789, nolearning=True)
        add("m0", "macvlan", link="v0", mode="bridge")      add("b0", "bond", mode="active-backup", miimon=100)
        add("red", "vrf", table=10)                         add("tap0", "tap", user="qemu", vnet_hdr=True)

    The types ``tun`` and ``tap`` are made by `ip tuntap`, which takes no other arguments than options.

    Raises AlreadyExists, NotFound (no such ``link`` or ``master``), NoSuchNetns, PermissionDenied; InvalidArgument for a type
    that the kernel does not have, a name that no link can have, a hardware address that is not six octets long.
    """
    if type in _TUNTAP:
        if any(value not in (None, False) for value in (link, to_netns, address, mtu, master, up, txqueuelen, index, numtxqueues,
                                                        numrxqueues, peer, peer_netns)):  # fmt: skip
            raise UsageError(f"`ip tuntap` takes no other arguments than options: make {name} first, then set them")
        argv = ["ip", "tuntap", "add"]
        arguments.new_name(argv, name)
        shell.run([*argv, *arguments.pairs(argv, dev=name, mode=type, **options)], netns=netns, changes=True)
        return
    argv = ["ip", "link", "add"]
    argv += [*arguments.pairs(argv, link=link), "name", arguments.new_name(argv, name)]
    if address is not None and (type != "ipoib" or arguments.octets(address) != 20):
        arguments.ethernet(argv, address)
    argv += arguments.pairs(argv, address=address, mtu=mtu, master=master, up=up, txqueuelen=txqueuelen, index=index,
                         numtxqueues=numtxqueues, numrxqueues=numrxqueues)  # fmt: skip
    argv += ["netns", arguments.target_netns(argv, to_netns)] if to_netns is not None else []
    argv += arguments.pairs(argv, type=type, **options)
    if peer is not None or peer_netns is not None:
        argv += ["peer", *(["name", arguments.new_name(argv, peer)] if peer is not None else [])]
        argv += ["netns", arguments.target_netns(argv, peer_netns)] if peer_netns is not None else []
    shell.run(argv, netns=netns, changes=True)


def set(
    dev: str,
    *,
    netns: str | None = None,
    up: bool = False,
    down: bool = False,
    name: str | None = None,
    mtu: int | None = None,
    address: str | None = None,
    master: str | None = None,
    nomaster: bool = False,
    to_netns: str | int | None = None,
    alias: str | None = None,
    altname: str | Iterable[str] = (),
    group: str | int | None = None,
    type: str | None = None,
    **options: arguments.Value,
) -> None:
    """Change a link of a namespace (None: the one we run in).

    ``name`` renames it, ``mtu`` is in bytes, ``address`` is its hardware address, ``to_netns`` the namespace it moves to (what
    `ip` calls ``netns``: a name, a path, or the number of a process), ``alias`` a text that goes with it ("" takes it away),
    ``altname`` one or more further names, added by an `ip link property add` of its own before all else; ``group`` a name or
    a number. ``type`` is followed by options of the type (``type="bridge", stp_state=1``); without it, ``options`` are others
    of `ip link set` (``txqueuelen=500``, ``arp="off"``).

    Raises NotFound, NoSuchNetns, AlreadyExists, PermissionDenied, InvalidArgument; InvalidArgument before anything is run for a
    hardware address of another length than the device has; UsageError for arguments that exclude each other, or none.
    """
    if up and down or nomaster and master is not None:
        raise UsageError(f"{dev}: " + ("up and down" if up and down else "master and nomaster") + " exclude each other")
    argv = ["ip", "link", "set", "dev"]
    argv += [arguments.name(argv, dev)]
    altnames = [altname] if isinstance(altname, str) else list(altname)
    words = arguments.pairs(argv, down=down)
    words += ["name", arguments.new_name(argv, name)] if name is not None else []
    words += arguments.pairs(argv, mtu=mtu)
    words += ["address", fitting(argv, address, dev, netns)] if address is not None else []
    words += arguments.pairs(argv, master=master, nomaster=nomaster, group=group)
    words += ["alias", alias] if alias is not None else []
    words += ["netns", arguments.target_netns(argv, to_netns)] if to_netns is not None else []
    words += arguments.pairs(argv, up=up, type=type, **options)
    if altnames:
        property_add(dev, altnames, netns=netns)
    elif not words:
        raise UsageError(f"ip link set dev {dev}: nothing to set")
    if words:
        shell.run([*argv, *words], netns=netns, changes=True)


def delete(dev: str, *, netns: str | None = None) -> None:
    """Remove a link of a namespace (None: the one we run in); of a veth, both ends go. Raises NotFound, PermissionDenied.

    InvalidArgument where it cannot be removed (``Operation not supported``: `lo`, a physical device).
    """
    argv = ["ip", "link", "delete"]
    shell.run([*argv, *arguments.pairs(argv, dev=dev)], netns=netns, changes=True)


def property_add(dev: str, altname: str | Iterable[str], *, netns: str | None = None) -> None:
    """Give a link further names (`ip link property add`, iproute2 5.4). Raises NotFound, AlreadyExists, InvalidArgument."""
    _property("add", dev, altname, netns)


def property_delete(dev: str, altname: str | Iterable[str], *, netns: str | None = None) -> None:
    """Take further names from a link. Raises NotFound, InvalidArgument for a name that is not its own."""
    _property("del", dev, altname, netns)


def _property(verb: str, dev: str, altname: str | Iterable[str], netns: str | None) -> None:
    argv = ["ip", "link", "property", verb]
    argv += arguments.pairs(argv, dev=dev)
    for one in [altname] if isinstance(altname, str) else altname:
        argv += arguments.pairs(argv, altname=one)
    shell.run(argv, netns=netns, changes=True)


def fitting(argv: list[str], address: str, dev: str, netns: str | None) -> str:
    """A hardware address that is as long as that of a device: the kernel cuts a longer one in silence.

    Six octets are not looked up; only a tunnel's four are fewer.
    """
    length = arguments.octets(address)
    if length != 6:
        own = next((str(link.get("address", "")) for link in show(netns, dev=dev)), "")
        if not length or arguments.octets(own) != length:
            arguments.refuse(argv, f"{address!r} is not a hardware address for {dev}" + (f", whose own is {own}" if own else ""))
    return address
