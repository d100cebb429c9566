"""Read and check a lab file (TOML). An error names the file, the line, and the allowed keys or values.

Names and values are checked here against narrow patterns: nothing that passes can be taken for an option, a keyword of
another command, a quote or a comment of a batch file, or a word of a shell.
"""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from typing import Any, Callable, NamedTuple, Optional

from netwrap import packaged
from netwrap.errors import NetwrapError, similar
from parsers.ip_route import TABLES

from .toml_lines import positions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .toml_lines import Path

    Check = Callable[["At", Any], Any]

# More than any lab has; /dev/zero has no end.
_LARGEST = 1 << 25
#: How a lab file calls the namespace in which `ip` runs.
HOST = "host"

_LAB = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_NETNS = re.compile(r"(?=[^0-9]*[A-Za-z_.-])[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}|[0-9]+[A-Za-z_.-][A-Za-z0-9_.-]{0,60}")
_DEV = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")
_HOSTNAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62}){0,10}")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
_SYSCTL = re.compile(r"net([./][A-Za-z0-9_][A-Za-z0-9_-]*)+|net(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+")
_SYSCTL_VALUE = re.compile(r"[A-Za-z0-9_.,:-]+([ \t][A-Za-z0-9_.,:-]+)*")
_TIME = re.compile(r"\d{1,9}(\.\d{1,6})?(us|ms|s)")
_PERCENT = re.compile(r"(100|\d{1,2})(\.\d{1,6})?%")
_RATE = re.compile(r"\d{1,9}(bit|kbit|mbit|gbit)")
# Names that stand for something else in sysctl paths or in the words of `ip`.
_NO_DEV = ("all", "default", "lo", ".", "..")


class LabFileError(NetwrapError):
    """An error in a lab file: ``path``, ``line`` (0 where it is not known) and ``reason``."""

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(path, line, reason)
        self.path = path
        self.line = line
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}" if self.line else f"{self.path}: {self.reason}"


class End(NamedTuple):
    """One end of a link: where it is, and the bridge (by its name in the file) that it is a port of."""

    netns: str
    dev: str
    bridge: str | None
    values: dict[str, Any]
    path: Path


class Lab(NamedTuple):
    """A checked lab file. Its tables passed the schemas below; ``lines`` maps a path to its line."""

    name: str
    file: str
    description: str
    namespaces: dict[str, dict[str, Any]]
    host: dict[str, Any]
    bridges: dict[str, dict[str, Any]]
    links: list[tuple[End, End]]
    vlans: list[End]
    nat: list[dict[str, Any]]
    names: dict[str, list[str]]
    verify: dict[str, Any]
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest table around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


class At:
    """A place in the file; raises the errors about it."""

    def __init__(self, file: str, lines: dict[Path, int], path: Path = ()) -> None:
        self.file = file
        self.lines = lines
        self.path = path

    def __truediv__(self, key: str | int) -> At:
        return At(self.file, self.lines, (*self.path, key))

    def fail(self, reason: str) -> LabFileError:
        path = self.path
        while path and path not in self.lines:
            path = path[:-1]
        where = ".".join(str(key) if isinstance(key, str) else f"{key + 1}" for key in self.path)
        return LabFileError(self.file, self.lines.get(path, 0), f"{where}: {reason}" if where else reason)

    def wants(self, what: str, value: object) -> LabFileError:
        return self.fail(f"{_shown(value)} is not allowed here; wanted: {what}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


# -- values ---------------------------------------------------------------------------------------------------------


def _matching(pattern: re.Pattern[str], what: str, without: Sequence[str] = ()) -> Check:
    def check(at: At, value: Any) -> str:
        if not isinstance(value, str) or pattern.fullmatch(value) is None or value in without:
            raise at.wants(what, value)
        return value

    return check


_netns = _matching(
    _NETNS,
    "a name of letters, digits, '_', '.' and '-' that does not begin with '-' or '.', and is neither a number nor 'host'",
    (HOST, ".", ".."),
)
_dev = _matching(
    _DEV,
    "the name of an interface: at most 15 letters, digits, '_', '.' and '-', not beginning with '-' or '.', not 'all', "
    "'default' or 'lo'",
    _NO_DEV,
)
_any_dev = _matching(_DEV, "the name of an interface: at most 15 letters, digits, '_', '.' and '-'", ("all", "default"))
_mac = _matching(_MAC, "a MAC address of six pairs, such as 02:00:00:00:00:01")
_hostname = _matching(_HOSTNAME, "a host name")
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
    if isinstance(value, bool) or not isinstance(value, (int, str)) or _SYSCTL_VALUE.fullmatch(str(value)) is None:
        raise at.wants("a number, or words of letters, digits and '_.,:-'", value)
    return " ".join(str(value).split())


def _sysctls(at: At, value: Any) -> dict[str, str]:
    found = {}
    for key, item in _tables(at, value).items():
        if _SYSCTL.fullmatch(key) is None:
            raise (at / key).fail(f"{_shown(key)} is no sysctl of a namespace; they begin with net. (or net/)")
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
    """An address of an interface: text, or a table where it has more than a length."""
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
#: What a route can ask of TCP and the like, in numbers.
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
_neighbour = _table({"to": _ip, "mac": _mac, "dev": _dev, "proxy": _boolean}, ["to", "dev"])
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
_bridge = _table({"netns": _line_of_text, "dev": _dev, **_DEVICE, "stp": _boolean, "vlan_filtering": _boolean, **_PORT})
_settings = _table(dict.fromkeys(PORT_DEFAULTS, _boolean))
_end = _table({"at": _line_of_text, **_DEVICE, "netem": _netem, "port": _settings, **_PORT}, ["at"])
_vlan = _table({"on": _line_of_text, "id": _VID, "dev": _dev, **_DEVICE, "netem": _netem}, ["on", "id"])
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
_file = _table(
    {
        "name": _matching(_LAB, "a name of at most 32 letters, digits, '_' and '-' that begins with a letter"),
        "description": _line_of_text,
        "namespaces": _named(_netns, _namespace),
        "host": _table(_ROUTING),
        "bridges": _named(_dev, _bridge),
        "links": _list_of(_table({"endpoints": _list_of(_endpoint), "mtu": _MTU, "netem": _netem}, ["endpoints"])),
        "vlans": _list_of(_vlan),
        "nat": _list_of(_nat),
        "names": _named(_hostname, _addresses_of_name),
        **_RESOLVER,
        "verify": verification,
    }
)


# -- the whole ------------------------------------------------------------------------------------------------------


#: The labs that come with netwrap: each is `ready/NAME.toml`.
READY_MADE = ("bridge", "outside", "router", "two-rooms", "vlans")


def ready_made(name: str) -> str:
    """The text of a lab that comes with netwrap."""
    return packaged.text("netwrap.lab", f"ready/{name}.toml")


def is_name(name: str) -> bool:
    """Whether a word can be the name of a lab."""
    return _LAB.fullmatch(name) is not None


def load(name: str) -> Lab:
    """Read a lab file, or the ready-made lab of that name. Raises LabFileError."""
    return read(text_of(name), f"{name}.toml" if name in READY_MADE else name)


def text_of(name: str) -> str:
    """The text of a lab file, or of the ready-made lab of that name. Raises LabFileError."""
    if name in READY_MADE:
        return ready_made(name)
    try:
        with open(name, "rb") as file:
            return file.read(_LARGEST).decode("utf-8")
    except OSError as error:
        hint = "" if "/" in name or "." in name else f"{similar(name, READY_MADE)}; ready-made labs: {', '.join(READY_MADE)}"
        raise LabFileError(name, 0, f"cannot be read: {error.strerror}{hint}") from error
    except UnicodeDecodeError as error:
        raise LabFileError(name, 0, "is no text in UTF-8") from error


# A key of very many parts: readers of TOML take the square of their number. No name and no value of a lab looks like it.
_DEEP_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){64}""", re.ASCII)


def _toml(file: str, text: str) -> dict[str, Any]:
    deep = _DEEP_KEY.search(text)
    if deep is not None:
        raise LabFileError(file, text.count("\n", 0, deep.start()) + 1, "is nested too deeply")
    try:
        if sys.version_info >= (3, 11):
            import tomllib
        else:
            import tomli as tomllib
    except ImportError as missing:
        raise NetwrapError("reading a lab file needs Python 3.11, or the package tomli") from missing
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", str(error), re.DOTALL)
        if said is None:
            raise LabFileError(file, 0, str(error)) from error
        raise LabFileError(file, int(said[2] or text.rstrip("\n").count("\n") + 1), f"no TOML: {said[1]}") from error
    except RecursionError as error:
        raise LabFileError(file, 0, "is nested too deeply") from error
    except ValueError as error:  # not of the reader, but of Python, whose numbers have an end
        long = re.search(r"[0-9_]{4000}", text)
        raise LabFileError(file, text.count("\n", 0, long.start()) + 1 if long else 0, "a number is too long") from error


def _bounded(at: At, table: dict[str, Any]) -> None:
    """Refuse numbers that are too large for TOML: Python cannot even print those of more than 4,300 digits."""
    waiting: list[tuple[At, Any]] = [(at, table)]
    while waiting:
        here, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(here / key, item) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [(here / index, item) for index, item in enumerate(value)]
        elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            raise here.fail("a number is too long")


def read(text: str, file: str) -> Lab:
    """Check the text of a lab file; ``file`` is its name for errors and, without ``name``, the lab's. Raises LabFileError."""
    parsed = _toml(file, text)
    at = At(file, positions(text))
    _bounded(at, parsed)
    table = _file(at, parsed)
    name = table.get("name")
    if name is None:
        name = os.path.basename(file)
        name = name[:-5] if name.endswith(".toml") else name
        if _LAB.fullmatch(name) is None:
            raise at.fail(f'give the lab a name: name = "..." ({_shown(name)}, from the file\'s, cannot be one)')
    return _Reader(at, name, table).lab()


class _Reader:
    """Checks the tables against each other: every name used must be defined, and none twice."""

    def __init__(self, at: At, name: str, table: dict[str, Any]) -> None:
        self.at = at
        self.name = name
        self.table = table
        self.namespaces: dict[str, dict[str, Any]] = table.get("namespaces", {})
        self.bridges: dict[str, dict[str, Any]] = table.get("bridges", {})
        self.devices: dict[tuple[str, str], Path] = {}

    def lab(self) -> Lab:
        table, at = self.table, self.at
        for label, bridge in self.bridges.items():
            here = at / "bridges" / label
            if label in self.namespaces or label == HOST:
                raise here.fail("a bridge needs a name that no namespace has")
            bridge["netns"] = self.netns(here / "netns", bridge.get("netns", HOST))
            bridge.setdefault("dev", label)
            self.device(here, bridge["netns"], bridge["dev"])
            if not bridge.get("vlan_filtering") and ("pvid" in bridge or "tagged" in bridge):
                raise here.fail("pvid and tagged need vlan_filtering = true")
        links = [self.link(at / "links" / index, link) for index, link in enumerate(table.get("links", []))]
        vlans = [self.vlan(at / "vlans" / index, vlan) for index, vlan in enumerate(table.get("vlans", []))]
        self.networks(links)
        for netns, values in self.namespaces.items():
            self.routing(at / "namespaces" / netns, netns, values)
            for key in ("nameservers", "search"):
                if key in table:
                    values.setdefault(key, table[key])
        self.routing(at / "host", HOST, table.get("host", {}))
        for index, nat in enumerate(table.get("nat", [])):
            nat["netns"] = self.netns(at / "nat" / index / "netns", nat.get("netns", HOST))
            if not nat["sources"]:
                raise (at / "nat" / index / "sources").fail("the list is empty; wanted: networks, such as 192.168.15.0/24")
        return Lab(
            self.name, at.file, table.get("description", ""), self.namespaces, table.get("host", {}), self.bridges, links,
            vlans, table.get("nat", []), table.get("names", {}), self.verify(at / "verify", table.get("verify", {})), at.lines,
        )  # fmt: skip

    def networks(self, links: list[tuple[End, End]]) -> None:
        """Refuse an address that is twice on one wire, and one that is outside of the network of its bridge.

        A bridge and all its ports are one wire; bridges that filter VLANs are left out.
        """
        wires: dict[Path, Path] = {}  # a place in the file -> another one of the same wire

        def wire(path: Path) -> Path:
            while wires.setdefault(path, path) != path:
                path = wires[path]
            return path

        for one, other in links:
            ends = [("bridges", end.bridge) if end.bridge is not None else end.path for end in (one, other)]
            if not any(end.bridge is not None and self.bridges[end.bridge].get("vlan_filtering") for end in (one, other)):
                wires[wire(ends[0])] = wire(ends[1])
                for end, bridge in ((one, other.bridge), (other, one.bridge)):
                    if bridge is not None and end.bridge is None:
                        self.inside(end, bridge)
        rows = [(("bridges", label), bridge) for label, bridge in self.bridges.items()]
        there: dict[tuple[Path, str], Path] = {}
        for path, values in [*rows, *((end.path, end.values) for link in links for end in link)]:
            for index, row in enumerate(values.get("addresses", [])):
                here = (*path, "addresses", index)
                before = there.setdefault((wire(path), row["address"].partition("/")[0]), here)
                if before != here:
                    line = At(self.at.file, self.at.lines, before).fail("").line
                    raise At(self.at.file, self.at.lines, here).fail(
                        f"{row['address']} is on this network already, by line {line}"
                    )

    def inside(self, end: End, bridge: str) -> None:
        """Refuse an end whose addresses are all outside of the networks that its bridge is in."""
        for version in (4, 6):
            of_bridge = [ipaddress.ip_interface(row["address"]) for row in self.bridges[bridge].get("addresses", [])]
            networks = [found.network for found in of_bridge if found.version == version and found.network.num_addresses > 1]
            rows = [(index, row) for index, row in enumerate(end.values.get("addresses", [])) if "peer" not in row]
            own = [(index, ipaddress.ip_interface(row["address"])) for index, row in rows]
            own = [(index, found) for index, found in own if found.version == version and not found.is_link_local]
            if networks and own and not any(found.ip in network for _index, found in own for network in networks):
                here = At(self.at.file, self.at.lines, (*end.path, "addresses", own[0][0]))
                shown = ", ".join(map(str, networks))
                raise here.fail(f"{own[0][1]} is outside of the network of its bridge {bridge}, {shown}")

    def netns(self, at: At, name: str) -> str:
        if name != HOST and name not in self.namespaces:
            raise at.fail(f"{_shown(name)} is no namespace of this lab; there are: {', '.join((*self.namespaces, HOST))}")
        return name

    def device(self, at: At, netns: str, dev: str) -> None:
        other = self.devices.setdefault((netns, dev), at.path)
        if other is not at.path:
            raise at.fail(f"{dev} is in {netns} already, by line {At(at.file, at.lines, other).fail('').line}")

    def place(self, at: At, text: str) -> tuple[str, str, str | None]:
        """``red:eth0`` -> its namespace, its name, and the bridge where the place is one."""
        place, colon, dev = text.partition(":")
        if not colon or place not in self.namespaces and place not in self.bridges and place != HOST:
            known = ", ".join((*self.namespaces, *self.bridges, HOST))
            raise at.wants(f"PLACE:INTERFACE, where PLACE is one of {known}", text)
        _dev(at, dev)
        if place in self.bridges:
            return self.bridges[place]["netns"], dev, place
        return place, dev, None

    def link(self, at: At, link: dict[str, Any]) -> tuple[End, End]:
        ends = []
        if len(link["endpoints"]) != 2:
            raise (at / "endpoints").fail(f"a link has two endpoints, not {len(link['endpoints'])}")
        for index, values in enumerate(link["endpoints"]):
            here = at / "endpoints" / index
            netns, dev, bridge = self.place(here / "at" if (*here.path, "at") in at.lines else here, values["at"])
            self.device(here, netns, dev)
            if "pvid" in values or "tagged" in values:
                if bridge is None or not self.bridges[bridge].get("vlan_filtering"):
                    raise here.fail("pvid and tagged are for ports of a bridge with vlan_filtering = true")
            if "port" in values and bridge is None:
                raise (here / "port").fail("is for ports of a bridge")
            values = {**{key: link[key] for key in ("mtu", "netem") if key in link}, **values}
            ends.append(End(netns, dev, bridge, values, here.path))
        return ends[0], ends[1]

    def vlan(self, at: At, vlan: dict[str, Any]) -> End:
        netns, parent, _bridge = self.place(at / "on", vlan["on"])
        if _bridge is not None or (netns, parent) not in self.devices:
            raise (at / "on").fail(f"{vlan['on']} is no interface that this file makes")
        dev = vlan.get("dev") or f"{parent}.{vlan['id']}"
        _dev(at / "dev" if "dev" in vlan else at, dev)
        self.device(at, netns, dev)
        return End(netns, dev, None, {**vlan, "parent": parent}, at.path)

    def routing(self, at: At, netns: str, values: dict[str, Any]) -> None:
        for index, route in enumerate(values.get("routes", [])):
            here = at / "routes" / index
            special = route.get("type", "unicast") != "unicast"
            if special and ("via" in route or "dev" in route):
                raise here.fail(f"a route of type {route['type']} goes nowhere: no via and no dev")
            several = route.get("nexthops", [])
            if several and ("via" in route or "dev" in route or special):
                raise here.fail("a route with nexthops has no via, dev or type of its own")
            if not special and "via" not in route and "dev" not in route and not several:
                raise here.fail("a route needs via or dev, nexthops, or a type such as blackhole")
            families = {":" in route[key] for key in ("via", "src") if key in route}
            families |= {":" in hop["via"] for hop in several if "via" in hop}
            for number, hop in enumerate(several):
                if not hop:
                    raise (here / "nexthops" / number).fail("a next hop needs via or dev")
                self.known(here / "nexthops" / number, netns, hop.get("dev"))
            families |= {":" in route["to"]} if route["to"] != "default" else set()
            if len(families) > 1:
                raise here.fail("IPv4 and IPv6 are mixed in one route")
            route["family"] = "6" if True in families else "4"
            self.known(here / "dev", netns, route.get("dev"))
        for index, rule in enumerate(values.get("rules", [])):
            here = at / "rules" / index
            if sum([key in rule for key in ("table", "action", "goto")], rule.get("l3mdev", False)) != 1:
                raise here.fail("a rule needs a table or an action (or goto, or l3mdev), and not both")
            if "fwmask" in rule and "fwmark" not in rule:
                raise here.fail("fwmask needs a fwmark")
            if "suppress_prefixlength" in rule and "table" not in rule:
                raise here.fail("suppress_prefixlength needs a table")
            families = {":" in rule[key] for key in ("from", "to") if key in rule}
            if "family" in rule:
                if rule["family"] == 5:
                    raise (here / "family").wants("4 or 6", 5)
                families.add(rule["family"] == 6)
            if len(families) > 1:
                raise here.fail("IPv4 and IPv6 are mixed in one rule")
            rule["family"] = "6" if True in families else "4"
        for index, neighbour in enumerate(values.get("neighbours", [])):
            here = at / "neighbours" / index
            if ("mac" in neighbour) == bool(neighbour.get("proxy")):
                raise here.fail("a neighbour needs a mac, or proxy = true, and not both")
            self.known(here / "dev", netns, neighbour["dev"])

    def known(self, at: At, netns: str, dev: Optional[str]) -> None:  # noqa: UP045
        if netns != HOST and dev not in (None, "lo") and (netns, dev) not in self.devices:
            there = [name for place, name in self.devices if place == netns]
            raise at.fail(f"{_shown(dev)} is no interface of {netns}; there are: {', '.join((*there, 'lo'))}")

    def verify(self, at: At, verify: dict[str, Any]) -> dict[str, Any]:
        for key in ("pairs", "apart"):
            for index, pair in enumerate(verify.get(key, [])):
                here = at / key / index
                if len(pair) != 2:
                    raise here.fail('a pair is two names, such as ["red", "blue"]')
                self.netns(here, pair[0])
                if pair[1] not in self.namespaces and pair[1] not in self.bridges and pair[1] != HOST:
                    try:
                        ipaddress.ip_address(pair[1])
                    except ValueError:
                        known = ", ".join((*self.namespaces, *self.bridges, HOST))
                        raise here.fail(f"{_shown(pair[1])} is none of: {known}, an IP address") from None
        return verify
