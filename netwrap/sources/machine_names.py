"""Give every block of a pasted text the name of its machine, even if the text does not name one.

First, all names of one machine become one name (`alpha` and `alpha.example.net`; `192.0.2.8` in `ssh 192.0.2.8`, whose prompt
names `web1`). Then, if a writer names only one machine, blocks without a machine belong to it, unless it was only reached from
another machine. Last, machines without a name are distinguished by their writers, and by links whose MACs all differ.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from . import headings, quotations
from .block import essence
from .shells import OF_MANY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .block import Block
    from .shells import Shells


def give(found: Sequence[Block], writers: dict[str, Shells]) -> None:
    """Set ``host`` of each block to the name of its machine, ``""`` for a machine without a name, by the steps above."""
    main = {block for block in found if block.host == ""}  # below the heading `Host`
    also = {name: other for shell in writers.values() for name, other in shell.also.items()}
    named = _same_names([also.get(block.host, block.host) for block in found if block.host])
    for block in found:
        block.host = named[also.get(block.host, block.host)] if block.host else ""
    _tell_by_labels(found)
    _tell_twins(found)
    strange = {block.host for block in found if block.system}
    names = {block.host for block in found if block.host} - strange
    shared = {block.host for block in found if block.host and block.voice in ("", quotations.UNNAMED)}
    outer = {named.get(name, name) for shell in writers.values() for name in shell.outer_names}
    shown = {essence(block) for block in found if block.host and block.lines}
    below_headings = {essence(block) for block in found if block.host and block.lines and block.by_heading}
    hosts_of: dict[str, set[str]] = {}
    for block in found:
        if block.host in names:
            hosts_of.setdefault(block.voice, set()).add(block.host)
    with_guests = any(name.lower().split()[-1] in headings.GUESTS for name in names)
    for block in found:
        if block.host:
            continue
        own = hosts_of.setdefault(block.voice, set())
        unnamed = block.voice in ("", quotations.UNNAMED)
        if with_guests and block in main:
            continue
        if own and len(own) == 1 == len(names) and own <= outer:
            of_another = essence(block) in below_headings or any(
                other.host and other.netns == block.netns and _shown(other) == _shown(block) and _differ(block, other)
                for other in found
            )
            block.host = "" if of_another else next(iter(own))
        elif not own and unnamed and len(names) == 1 and names <= outer & shared and essence(block) not in shown:
            block.host = next(iter(names))
            own.add(block.host)
    _number_machines(found)
    nameless = [block for block in found if not block.host and block.lines]
    voices = {block.voice for block in nameless}
    own_words = {essence(block) for block in nameless if block.voice == ""}
    for block in nameless:
        if block.voice not in ("", quotations.UNNAMED) and len(voices) > 1:
            block.host = block.voice
    quoted = [block for block in nameless if block.voice == quotations.UNNAMED]
    if any(essence(block) in own_words for block in quoted):
        for block in quoted:
            block.host = "quoted"


def _tell_by_labels(found: Sequence[Block]) -> None:
    """Give nameless blocks the label above them, if the same command stands below another label or on a named machine."""
    places: dict[object, set[str]] = {}
    labelled = [block for block in found if block.label and not block.netns and (not block.host or block.by_heading)]
    for block in found:
        if block.lines and not block.netns and block.host != headings.EXPECTED:
            place = (block.label if block in labelled else block.host) or ""
            places.setdefault(_shown(block), set()).add(place)
    told = {block.label for block in labelled if len(places.get(_shown(block), set()) - {""}) > 1}
    counted = [block for block in labelled if headings.is_ordinal(block.label or "")]
    above: dict[tuple[str, ...], Block] = {}
    if not any(_differ(above.setdefault(essence(block), block), block) for block in counted):
        told -= {block.label for block in counted}
    for block in labelled:
        label = block.label or ""
        if label not in told:
            continue
        if headings.is_inside(label):
            block.netns = label
        elif headings.is_outside(label):
            block.host = None
        else:
            block.host = label


def _tell_twins(found: Sequence[Block]) -> None:
    """Tell machines with one default name (`OpenWrt`) apart by the labels above tables that contradict each other."""
    first: dict[str, Block] = {}
    for block in found:
        if block.host and block.lines and OF_MANY.match(block.host):
            first.setdefault(block.host, block)
    for host, one in first.items():
        own = [block for block in found if block.host == host]
        theirs = {block.label: None for block in own if block.label and block.label != one.label}
        for label in filter(headings.is_of_machine, theirs):
            other = [block for block in own if block.label == label]
            pairs = ((a, b) for a in own if a.label == one.label for b in other if _shown(a) == _shown(b) and a.netns == b.netns)
            if any(_differ(a, b) for a, b in pairs):
                for block in other:
                    block.host = f"{host} ({label.partition(' (')[0]})"


def _shown(block: Block) -> object:
    """The table of a block, without the family that a command asked for: a table without a command shows none."""
    return block.parser if block.parser and len(essence(block)) == 3 else essence(block)


def _differ(one: Block, other: Block) -> bool:
    """Whether two tables of one command are of two machines: all MACs of their links differ, or all their addresses."""
    own, theirs = _identity(one.records), _identity(other.records)
    pairs = (set(own.macs.values()), set(theirs.macs.values())), (own.addresses, theirs.addresses)
    return next((not some & more for some, more in pairs if some and more), False)


def _number_machines(found: Sequence[Block]) -> None:
    """Distinguish machines that share a name or have none: the MACs of all their links differ, and they share no address.

    A table without MACs belongs to the machine of the links above it. A command that sets a MAC ends the comparison.
    """
    known: dict[tuple[str, str], list[_Identity]] = {}
    now: dict[tuple[str, str], int] = {}
    for block in found:
        key = (block.host or "", block.voice)
        if block.changes and "address" in block.words or block.netns or not block.lines or block.host == headings.EXPECTED:
            if block.changes and "address" in block.words:
                known.pop(key, None)
            continue
        own = _identity(block.records) if block.parser in ("ip_address", "ip_link", "ifconfig") else None
        some = known.setdefault(key, [])
        if own is not None and own.macs:
            at = next((at for at, other in enumerate(some) if not own.conflicts(other)), len(some))
            if at == len(some):
                some.append(own)
            some[at].macs.update(own.macs)
            some[at].addresses.update(own.addresses)
            now[key] = at
        if now.get(key):
            block.host = f"{block.host} ({now[key] + 1})" if block.host else f"machine {now[key] + 1}"


class _Identity(NamedTuple):
    """The identity of a machine: the MACs of its links, and its addresses."""

    macs: dict[str, str]
    addresses: set[str]

    def conflicts(self, other: _Identity) -> bool:
        """Whether both have links with the same names, whose MACs all differ, and no address in common."""
        both = self.macs.keys() & other.macs.keys()
        return bool(both) and all(self.macs[name] != other.macs[name] for name in both) and not self.addresses & other.addresses


def _identity(records: Sequence[Any]) -> _Identity:
    macs, addresses = {}, set()
    for record in records:
        name, mac = record.get("ifname", ""), record.get("address", "")
        if record.get("link_type") == "ether" and _WHOLE_MAC.match(mac) and not _MADE_UP.match(name):
            macs[name] = mac.lower()
        own = [record.get("prefsrc"), *(entry.get("local") for entry in record.get("addr_info", ()))]
        addresses |= {address for address in own if address and not _SHARED.match(address)}
    return _Identity(macs, addresses)


_WHOLE_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$", re.IGNORECASE)
# Links that get a random MAC each time they are made
_MADE_UP = re.compile(r"veth|docker|br-|virbr|cni|cali|flannel|vnet|tap|dummy|bond|wl|lxc|fwbr|fwpr|fwln|vxlan|ifb|o-hm|qbr|qvo")
# Addresses that many machines have
_SHARED = re.compile(r"127\.|::1$|172\.17\.0\.1$|192\.168\.122\.1$|10\.0\.2\.15$|fe80:")


def _same_names(hosts: Sequence[str]) -> dict[str, str]:
    """Each name → the name to use for its machine: `alpha` and `alpha.example.net` are one machine."""
    found: dict[str, str] = {}
    for host in dict.fromkeys(hosts):
        short = host.partition(".")[0].lower() if not host[:1].isdigit() else host
        known = next((name for name in found.values() if name.lower() == host.lower()
                      or short == name.partition(".")[0].lower() and ("." not in host or "." not in name)), host)  # fmt: skip
        found[host] = known
    return found
