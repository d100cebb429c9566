"""The schema of a lab file: the keys of each table, and the allowed values of each key.

Names and values are checked here against narrow patterns: nothing that passes can be taken for an option, a keyword of
another command, a quote or a comment of a batch file, or a word of a shell. A check takes a place and a value, and returns the
value in its one spelling or raises LabFileError.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Callable

from netwrap.errors import similar
from parsers.ip_route import TABLES

from .file_errors import At, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Check = Callable[[At, Any], Any]

#: The name of the namespace in which `ip` runs, in a lab file.
HOST = "host"

LAB = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_NETNS = re.compile(r"(?=[^0-9]*[A-Za-z_.-])[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}|[0-9]+[A-Za-z_.-][A-Za-z0-9_.-]{0,60}")
DEV = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")
HOSTNAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62}){0,10}")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
SYSCTL = re.compile(r"net([./][A-Za-z0-9_][A-Za-z0-9_-]*)+|net(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+")
SYSCTL_VALUE = re.compile(r"[A-Za-z0-9_.,:-]+([ \t][A-Za-z0-9_.,:-]+)*")
_TIME = re.compile(r"\d{1,9}(\.\d{1,6})?(us|ms|s)")
_PERCENT = re.compile(r"(100|\d{1,2})(\.\d{1,6})?%")
_RATE = re.compile(r"\d{1,9}(bit|kbit|mbit|gbit)")
# Names with another meaning in paths of sysctls or as a word of `ip`.
_NO_DEV = ("all", "default", "lo", ".", "..")


# -- values ---------------------------------------------------------------------------------------------------------


def _matching(pattern: re.Pattern[str], what: str, without: Sequence[str] = ()) -> Check:
    def check(at: At, value: Any) -> str:
        if not isinstance(value, str) or pattern.fullmatch(value) is None or value in without:
            raise at.wants(what, value)
        return value

    return check


netns = _matching(
    _NETNS,
    "a name of letters, digits, '_', '.' and '-' that does not begin with '-' or '.', and is neither a number nor 'host'",
    (HOST, ".", ".."),
)
dev = _matching(
    DEV,
    "the name of an interface: at most 15 letters, digits, '_', '.' and '-', not beginning with '-' or '.', not 'all', "
    "'default' or 'lo'",
    _NO_DEV,
)
_any_dev = _matching(DEV, "the name of an interface: at most 15 letters, digits, '_', '.' and '-'", ("all", "default"))
_mac = _matching(_MAC, "a MAC address of six pairs, such as 02:00:00:00:00:01")
_hostname = _matching(HOSTNAME, "a host name")
_time = _matching(_TIME, "a time with its unit, such as 10ms")
_percent = _matching(_PERCENT, "a percentage, such as 1%")
_rate = _matching(_RATE, "a rate with its unit, such as 10mbit")


def _unicast_mac(at: At, value: Any) -> str:
    text: str = _mac(at, value).lower()
    if int(text[:2], 16) & 1 or text == "00:00:00:00:00:00":
        raise at.wants("the address of one station (an even first byte, not all zero)", value)
    return text


def _whole(low: int, high: int) -> Check:
    def check(at: At, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise at.wants(f"a whole number from {low} to {high}", value)
        return value

    return check


def _boolean(at: At, value: Any) -> bool:
    if not isinstance(value, bool):
        raise at.wants("true or false", value)
    return value


def _one_of(*words: str) -> Check:
    def check(at: At, value: Any) -> str:
        if value not in words or not isinstance(value, str):
            raise at.wants("one of " + ", ".join(words), value)
        return value

    return check


def _line_of_text(at: At, value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise at.wants("one line of text", value)
    return value


def _ip(at: At, value: Any) -> str:
    try:
        if not isinstance(value, str) or "%" in value:
            raise ValueError
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise at.wants("an IP address without a prefix length", value) from None


def _interface_address(at: At, value: Any) -> str:
    try:
        if not isinstance(value, str) or "/" not in value or "%" in value:
            raise ValueError
        head, _, length = value.partition("/")
        if not length.isdigit():
            raise ValueError
        return str(ipaddress.ip_interface(f"{head}/{length}"))
    except ValueError:
        raise at.wants("an IP address with a prefix length, such as 192.168.15.1/24", value) from None


def _network(at: At, value: Any) -> str:
    if isinstance(value, str) and "%" not in value and (value.partition("/")[2].isdigit() or "/" not in value):
        try:
            return str(ipaddress.ip_network(value))
        except ValueError:
            try:
                network = ipaddress.ip_network(value, strict=False)
            except ValueError:
                pass
            else:
                raise at.fail(f"{value} has bits set behind its prefix length; is {network} meant?") from None
    raise at.wants("a network, such as 192.168.15.0/24", value)


def _destination(at: At, value: Any) -> str:
    return "default" if value == "default" else str(_network(at, value))


def _network4(at: At, value: Any) -> str:
    text: str = _network(at, value)
    if ":" in text:
        raise at.wants("an IPv4 network", value)
    return text


def _table_number(at: At, value: Any) -> int:
    named = {name: int(number) for number, name in TABLES.items()}
    if isinstance(value, str) and value in named:
        return named[value]
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 2**32:
        raise at.wants("the number of a routing table, or main, default, local", value)
    return value


def _sysctl_value(at: At, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, str)) or SYSCTL_VALUE.fullmatch(str(value)) is None:
        raise at.wants("a number, or words of letters, digits and '_.,:-'", value)
    return " ".join(str(value).split())


def _sysctls(at: At, value: Any) -> dict[str, str]:
    found = {}
    for key, item in _tables(at, value).items():
        if SYSCTL.fullmatch(key) is None:
            raise (at / key).fail(f"{shown(key)} is no sysctl of a namespace; they begin with net. (or net/)")
        found[key if "/" in key else key.replace(".", "/")] = _sysctl_value(at / key, item)
    return found


def _argv(at: At, value: Any) -> list[str]:
    wanted = 'a command as a list of words, such as ["python3", "-m", "http.server"]'
    if not isinstance(value, list) or not value:
        raise at.wants(wanted, value)
    for index, word in enumerate(value):
        if not isinstance(word, str) or not word.isprintable() or (index == 0 and (not word or word.startswith("-"))):
            raise (at / index).wants(wanted, word)
    return list(value)


def _tables(at: At, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise at.wants("a table", value)
    return value


def _list_of(check: Check) -> Check:
    def checked(at: At, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise at.wants("a list", value)
        return [check(at / index, item) for index, item in enumerate(value)]

    return checked


def _table(keys: dict[str, Check], required: Sequence[str] = ()) -> Check:
    def check(at: At, value: Any) -> dict[str, Any]:
        table = _tables(at, value)
        for key in table:
            if key not in keys:
                raise (at / key).fail(f"there is no such key{similar(key, keys)}; allowed here: {', '.join(keys)}")
        for key in required:
            if key not in table:
                raise at.fail(f"{key} is missing; it needs: {', '.join(required)}")
        return {key: keys[key](at / key, item) for key, item in table.items()}

    return check


def _named(name: Check, check: Check) -> Check:
    def checked(at: At, value: Any) -> dict[str, Any]:
        return {name(at / key, key): check(at / key, item) for key, item in _tables(at, value).items()}

    return checked


# -- the schema -----------------------------------------------------------------------------------------------------

_VID = _whole(1, 4094)
_MTU = _whole(68, 65535)
_TOS = re.compile(r"0x[0-9a-f]{1,2}|[A-Za-z][A-Za-z0-9_-]{0,15}")
_PORTS = re.compile(r"(\d{1,5})(-(\d{1,5}))?")
_UIDS = re.compile(r"\d{1,10}-\d{1,10}")


def _tos(at: At, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 256:
        return f"{value:#x}"
    if not isinstance(value, str) or _TOS.fullmatch(value) is None:
        raise at.wants("a type of service, such as 0x10", value)
    return value


def _ports(at: At, value: Any) -> str:
    found = _PORTS.fullmatch(str(value)) if isinstance(value, (int, str)) and not isinstance(value, bool) else None
    if found is None or not 0 < int(found[1]) <= int(found[3] or found[1]) < 65536:
        raise at.wants("a port, or two as in 5000-5010", value)
    return str(value)


def _address(at: At, value: Any) -> dict[str, Any]:
    """An address of an interface: a string, or a table if it has more attributes than address and length."""
    if not isinstance(value, dict):
        return {"address": _interface_address(at, value)}
    checked: dict[str, Any] = _address_table(at, value)
    if "peer" in checked:
        local = _ip(at / "address", checked["address"].partition("/")[0])
        checked["address"] = f"{local}/{checked['peer'].partition('/')[2]}"
    else:
        checked["address"] = _interface_address(at / "address", checked["address"])
    return checked


_address_table = _table(
    {
        "address": _line_of_text,
        "peer": _interface_address,
        "broadcast": _ip,
        "scope": _one_of("global", "site", "link", "host"),
        "label": _matching(re.compile(r"[A-Za-z0-9_.:-]{1,15}"), "a label, such as eth0:1"),
        "metric": _whole(1, 2**32 - 1),
        "noprefixroute": _boolean,
    },
    ["address"],
)
#: The numeric metrics that a route can set.
ROUTE_METRICS = ("mtu", "advmss", "hoplimit", "initcwnd", "initrwnd", "window", "reordering", "quickack")
#: The settings of a port of a bridge that are on or off, with their defaults.
PORT_DEFAULTS = {
    "isolated": False, "hairpin": False, "guard": False, "root_block": False, "fastleave": False, "learning": True, "flood": True,
    "mcast_flood": True, "bcast_flood": True, "mcast_to_unicast": False, "neigh_suppress": False, "vlan_tunnel": False,
    "proxy_arp": False, "proxy_arp_wifi": False, "locked": False,
}  # fmt: skip
_nexthop = _table({"via": _ip, "dev": _any_dev, "weight": _whole(1, 256), "onlink": _boolean})
_route = _table(
    {
        "to": _destination,
        "tos": _tos,
        "scope": _one_of("global", "site", "link", "host"),
        "pref": _one_of("low", "medium", "high"),
        "protocol": _one_of("boot", "static"),
        "nexthops": _list_of(_nexthop),
        **{name: _whole(0, 2**32 - 1) for name in ROUTE_METRICS},
        "via": _ip,
        "dev": _any_dev,
        "src": _ip,
        "metric": _whole(1, 2**32 - 1),
        "table": _table_number,
        "type": _one_of("unicast", "blackhole", "unreachable", "prohibit", "throw"),
        "onlink": _boolean,
    },
    ["to"],
)


def _priority(at: At, value: Any) -> int:
    checked: int = _whole(1, 2**32 - 1)(at, value)
    if checked in (32766, 32767):
        raise at.fail(f"{checked} is a rule of the kernel's own")
    return checked


_rule = _table(
    {
        "priority": _priority,
        "not": _boolean,
        "tos": _tos,
        "fwmask": _whole(1, 2**32 - 1),
        "ipproto": _matching(re.compile(r"[a-z0-9-]{1,16}"), "a protocol, such as tcp"),
        "sport": _ports,
        "dport": _ports,
        "uidrange": _matching(_UIDS, "two user ids, such as 0-99"),
        "suppress_prefixlength": _whole(0, 128),
        "l3mdev": _boolean,
        "goto": _whole(1, 2**32 - 1),
        "from": _network,
        "to": _network,
        "iif": _any_dev,
        "oif": _any_dev,
        "fwmark": _whole(1, 2**32 - 1),
        "table": _table_number,
        "action": _one_of("blackhole", "unreachable", "prohibit"),
        "family": _whole(4, 6),
    },
    ["priority"],
)
_neighbour = _table({"to": _ip, "mac": _mac, "dev": dev, "proxy": _boolean}, ["to", "dev"])
_netem = _table(
    {
        "delay": _time,
        "jitter": _time,
        "loss": _percent,
        "duplicate": _percent,
        "corrupt": _percent,
        "reorder": _percent,
        "rate": _rate,
        "limit": _whole(1, 10**9),
    }
)
_PORT = {"pvid": _VID, "tagged": _list_of(_VID)}
_ADDRESSES = _list_of(_address)
_DEVICE = {"addresses": _ADDRESSES, "mac": _unicast_mac, "mtu": _MTU}
_ROUTING = {"routes": _list_of(_route), "neighbours": _list_of(_neighbour), "rules": _list_of(_rule)}
_RESOLVER = {"nameservers": _list_of(_ip), "search": _list_of(_hostname)}
_namespace = _table({"addresses": _ADDRESSES, "sysctls": _sysctls, "start": _list_of(_argv), **_ROUTING, **_RESOLVER})
_bridge = _table({"netns": _line_of_text, "dev": dev, **_DEVICE, "stp": _boolean, "vlan_filtering": _boolean, **_PORT})
_settings = _table(dict.fromkeys(PORT_DEFAULTS, _boolean))
_end = _table({"at": _line_of_text, **_DEVICE, "netem": _netem, "port": _settings, **_PORT}, ["at"])
_vlan = _table({"on": _line_of_text, "id": _VID, "dev": dev, **_DEVICE, "netem": _netem}, ["on", "id"])
_nat = _table({"netns": _line_of_text, "sources": _list_of(_network4), "out": _any_dev}, ["sources"])


def _endpoint(at: At, value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"at": value}
    checked: dict[str, Any] = _end(at, value)
    return checked


def _addresses_of_name(at: At, value: Any) -> list[str]:
    checked: list[str] = _list_of(_ip)(at, value) if isinstance(value, list) else [_ip(at, value)]
    return checked


def _outside(at: At, value: Any) -> Any:
    return False if value is False else _addresses_of_name(at, value)


#: Checks the table `verify`.
verification = _table(
    {"pairs": _list_of(_list_of(_line_of_text)), "apart": _list_of(_list_of(_line_of_text)), "outside": _outside}
)
lab_file = _table(
    {
        "name": _matching(LAB, "a name of at most 32 letters, digits, '_' and '-' that begins with a letter"),
        "description": _line_of_text,
        "namespaces": _named(netns, _namespace),
        "host": _table(_ROUTING),
        "bridges": _named(dev, _bridge),
        "links": _list_of(_table({"endpoints": _list_of(_endpoint), "mtu": _MTU, "netem": _netem}, ["endpoints"])),
        "vlans": _list_of(_vlan),
        "nat": _list_of(_nat),
        "names": _named(_hostname, _addresses_of_name),
        **_RESOLVER,
        "verify": verification,
    }
)
