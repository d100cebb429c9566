"""`arp`: the ARP table, by net-tools or busybox, or `ip neigh` where neither is installed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, cast

from parsers.arp import from_neigh

from . import arguments, ip_neigh, query, shell
from .errors import CommandMissing, CommandWarning, NotFound, UsageError

if TYPE_CHECKING:
    from parsers.records import Arp


def show(netns: str | None = None, *, dev: str | None = None, host: str | None = None) -> list[Arp]:
    """The ARP table of a namespace (None: the one we run in), of one device or host, as `arp -n` prints it.

    Where `arp` is not installed, the answer comes from `ip neigh`, in the same columns, with a CommandWarning.
    Raises the errors of :func:`netwrap.shell.run`.
    """
    if _missing("answered from"):
        neighs = [*ip_neigh.show(netns), *ip_neigh.show(netns, proxy=True)]
        found = cast("list[Arp]", from_neigh(neighs))
        return [entry for entry in found if dev in (None, entry.get("iface")) and host in (None, entry["address"])]
    argv = ["arp", "-n", *(["-i", dev] if dev else []), *([host] if host else [])]
    return query.records("arp", argv, netns=netns)


def set(
    host: str,
    hw_addr: str | None = None,
    *,
    netns: str | None = None,
    dev: str | None = None,
    temp: bool = False,
    pub: bool = False,
) -> None:
    """Make an entry, or change it (`arp -s`): ``set("192.168.15.9", "02:00:00:00:00:09", dev="v0", netns="red")``.

    ``host`` is an IPv4 address, ``hw_addr`` a hardware address of six octets; ``dev`` is needed where the address is on no
    network of ours. ``temp``: the kernel may drop the entry. ``pub``: ``dev`` answers for the address with its own hardware
    address (`arp -Ds`; no ``hw_addr`` then). Where `arp` is not installed, `ip neigh` does it, with a CommandWarning; it needs
    ``dev``.

    Raises NotFound (no such device), NetworkUnreachable (on no network, and no ``dev``), NoSuchNetns, PermissionDenied;
    InvalidArgument, also for an address that `arp` would complete in silence; UsageError for what does not go together.
    """
    if pub == (hw_addr is not None) or pub and dev is None:
        raise UsageError(f"arp -s {host}: an entry needs a hardware address; a published one a device instead")
    argv = ["arp", *(["-i", arguments.name(["arp", "-s"], dev)] if dev is not None else []), "-Ds" if pub else "-s"]
    argv += [_ipv4(argv, host)]
    argv += [arguments.bare_name(argv, dev or "") if pub else arguments.ethernet(argv, hw_addr or "")]
    if not _missing("done by"):
        shell.run([*argv, *arguments.pairs(argv, temp=temp, pub=pub)], netns=netns, changes=True)
    elif pub:
        ip_neigh.replace(host, dev or "", netns=netns, proxy=True)
    else:
        nud = "reachable" if temp else "permanent"
        ip_neigh.replace(host, _needed(argv, dev), netns=netns, lladdr=hw_addr, nud=nud)


def delete(host: str, *, netns: str | None = None, dev: str | None = None, pub: bool = False) -> None:
    """Remove an entry (`arp -d`); of a published one (``pub``), ``dev`` must be named.

    Where `arp` is not installed, `ip neigh` does it, with a CommandWarning; without ``dev`` the device is looked up.
    Raises NotFound, NoSuchNetns, PermissionDenied, InvalidArgument.
    """
    argv = ["arp", *(["-i", arguments.name(["arp", "-d"], dev)] if dev is not None else []), "-d"]
    argv += [_ipv4(argv, host)]
    if not _missing("done by"):
        shell.run([*argv, *arguments.pairs(argv, pub=pub)], netns=netns, changes=True)
        return
    if dev is None:
        dev = next((entry["dev"] for entry in ip_neigh.show(netns, proxy=pub) if entry.get("dst") == host), None)
    if dev is None:
        raise NotFound(argv, 2, f"no entry for {host}")
    ip_neigh.delete(host, dev, netns=netns, proxy=pub)


def _missing(what: str) -> bool:
    """Whether `arp` is not installed; warns that `ip neigh` is used instead."""
    if shell.find("arp") is not None:
        return False
    if shell.find("ip") is None:
        raise CommandMissing(["arp"], 127, "arp is not installed, and neither is ip")
    warnings.warn(f"arp is not installed: {what} 'ip neigh'", CommandWarning, stacklevel=3)
    return True


def _ipv4(argv: list[str], host: str) -> str:
    if ":" in arguments.address(argv, host):
        arguments.refuse(argv, f"{host!r} is an IPv6 address: its neighbours are in `ip neigh`")
    return host


def _needed(argv: list[str], dev: str | None) -> str:
    if dev is None:
        raise UsageError(f"{' '.join(argv)}: arp is not installed, and `ip neigh` needs a device")
    return dev
