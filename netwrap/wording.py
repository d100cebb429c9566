"""One wording for each kind of record, used by every table, report and answer; and the natural order of names.

The functions take a record in the schema of `ip -j` (or a part of one) and return a text in the words of iproute2. Keys that the
record does not have are left out of the text, never guessed.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from parsers.records import AnyRecord

#: The namespace that netwrap runs in, or that a source was captured in, where that namespace has no name of its own.
ROOT = "(root)"
#: So many hosts, and captures of each, are named in a note.
_STATES = 3


def netns(name: str | None) -> str:
    """The name of a namespace in a table or a heading: None is the namespace without a name that netwrap runs in."""
    return ROOT if name is None else name


def human(count: object, unit: str) -> object:
    """A counter as `ip -h` prints it (``unit`` "k"), or `ip -iec` ("Ki"); anything else as it is.

    >>> human(999, "k"), human(94900000, "k"), human(1220, "k"), human(65536, "Ki"), human(None, "k")
    (999, '94.9M', '1.22k', '64.0ki', None)
    """
    base = 1024 if unit == "Ki" else 1000
    if not isinstance(count, int) or count < base:
        return count
    power, prefixes = base, "kMGTPE"
    while count // base >= power and len(prefixes) > 1:
        power, prefixes = power * base, prefixes[1:]
    precision = max(0, 3 - len(str(count // power)))
    prefix = prefixes[0] + ("i" if unit == "Ki" else "")
    return f"{count / power:.{precision}f}{prefix}"


# -- links and addresses -------------------------------------------------------------------------------------------


def link(record: AnyRecord) -> str:
    """A link in short.

    >>> link({"ifname": "v0", "linkinfo": {"info_kind": "veth"}, "operstate": "UP", "address": "02:00:00:00:00:01"})
    'v0 veth UP 02:00:00:00:00:01'
    """
    kind = record.get("linkinfo", {}).get("info_kind")
    return " ".join(filter(None, [record.get("ifname"), kind, record.get("operstate"), record.get("address")]))


def peer(link: AnyRecord) -> str | None:
    """The other end or the parent of a link, as far as the link's own record names it.

    >>> peer({"ifname": "v0", "link_index": 7, "link_netnsid": 0}), peer({"link": "eth0"}), peer({"ifname": "lo"})
    ('if7@nsid 0', 'eth0', None)
    """
    if link.get("link"):
        found = str(link["link"])
    elif "link_index" in link:
        found = f"if{link['link_index']}"
    else:
        return None
    if "link_netns" in link:
        return f"{found}@{link['link_netns']}"
    if "link_netnsid" in link:
        return f"{found}@nsid {link['link_netnsid']}"
    return found


def state(link: AnyRecord) -> str | int | None:
    """The operational state of a link: a word, the kernel's number for a state that `ip` has no word for, or None (busybox)."""
    found: str | int | None = link.get("operstate", link.get("operstate_index"))
    return found


def address(entry: AnyRecord) -> str:
    """An entry of ``addr_info``. The prefix length of a point-to-point address belongs to the peer.

    >>> address({"local": "10.0.0.1", "prefixlen": 24}), address({"local": "10.9.9.1", "address": "10.9.9.2", "prefixlen": 24})
    ('10.0.0.1/24', '10.9.9.1 peer 10.9.9.2/24')
    """
    length = f"/{entry['prefixlen']}" if "prefixlen" in entry else ""
    if "address" in entry:
        return f"{entry.get('local', '')} peer {entry['address']}{length}".strip()
    return f"{entry.get('local', '')}{length}"


def neighbour(neigh: AnyRecord) -> str:
    """A neighbour.

    >>> neighbour({"dst": "10.0.0.1", "dev": "br0", "lladdr": "02:00:00:00:00:02", "state": ["STALE"]})
    '10.0.0.1 at 02:00:00:00:00:02 on br0 STALE'
    """
    words = [neigh.get("dst", ""), "at", neigh.get("lladdr") or "?", *(["on", neigh["dev"]] if neigh.get("dev") else [])]
    return " ".join([*words, *neigh.get("state", ())])


def fdb(entry: AnyRecord) -> str:
    """An entry of a bridge's forwarding table.

    >>> fdb({"mac": "02:00:00:00:00:02", "ifname": "v0", "vlan": 100, "state": "permanent"})
    '02:00:00:00:00:02 on v0 vlan 100 permanent'
    """
    words = [entry.get("mac", ""), "on", entry.get("ifname") or "?"]
    for key in ("vlan", "dst", "vni"):
        words += [key, str(entry[key])] if key in entry else []
    return " ".join([*words, *([entry["state"]] if entry.get("state") else [])])


# -- routes and rules ----------------------------------------------------------------------------------------------


def hops(route: AnyRecord) -> Sequence[AnyRecord]:
    """The ways of a route: its nexthops, or the route itself where it has only one."""
    return route.get("nexthops") or [route]


def gateway(hop: AnyRecord) -> str | None:
    """The gateway of a route, or of one of its ``nexthops``; with the family where that is not the route's own.

    >>> gateway({"gateway": "10.0.0.1"}), gateway({"via": {"family": "inet6", "host": "fe80::1"}}), gateway({"dev": "eth0"})
    ('10.0.0.1', 'inet6 fe80::1', None)
    """
    if "via" in hop:
        return f"{hop['via'].get('family', '')} {hop['via'].get('host', '')}".strip()
    return hop.get("gateway")


def way(hop: AnyRecord) -> str:
    """Where a route, or one of its ``nexthops``, leads: ``via GATEWAY dev DEVICE``; "" where the record names neither."""
    through = gateway(hop)
    words = ["via", through] if through else []
    return " ".join(words + (["dev", hop["dev"]] if hop.get("dev") else []))


def route(record: AnyRecord) -> str:
    """A route: type, destination, every way, source; the table where it is not main.

    >>> route({"dst": "default", "gateway": "10.0.0.1", "dev": "eth0", "prefsrc": "10.0.0.7", "table": "100"})
    'default via 10.0.0.1 dev eth0 src 10.0.0.7 table 100'
    >>> route({"type": "blackhole", "dst": "10.9.0.0/16", "table": "254"})
    'blackhole 10.9.0.0/16'
    """
    from parsers.ip_route import table_of

    words = [record["type"]] if record.get("type", "unicast") != "unicast" else []
    words += [record.get("dst", ""), *map(way, hops(record))]
    words += ["src", record["prefsrc"]] if "prefsrc" in record else []
    table = table_of(record)
    return " ".join(filter(None, words + (["table", table] if table != "main" else [])))


def prefix(rule: AnyRecord, key: str) -> str | None:
    """The prefix that a rule asks for under ``src`` or ``dst``, whose length has a key of its own; None without one.

    >>> prefix({"src": "10.0.0.0", "srclen": 8}, "src"), prefix({"src": "all"}, "src"), prefix({}, "dst")
    ('10.0.0.0/8', 'all', None)
    """
    if key not in rule:
        return None
    return f"{rule[key]}/{rule[key + 'len']}" if key + "len" in rule else str(rule[key])


def rule(record: AnyRecord) -> str:
    """A rule.

    >>> rule({"priority": 9, "src": "10.0.0.0", "srclen": 8, "iif": "v0", "table": "100"})
    '9: from 10.0.0.0/8 iif v0 lookup 100'
    """
    words = [f"{record.get('priority', 0)}: from {prefix(record, 'src') or 'all'}", selector(record), action(record)]
    return " ".join(filter(None, words))


def selector(rule: AnyRecord) -> str:
    """The conditions of a rule beside its source.

    >>> selector({"src": "all", "fwmark": "0x1", "fwmask": "0xff", "sport_start": 1, "sport_end": 9})
    'fwmark 0x1/0xff sport 1-9'
    """
    words = ["not"] if "not" in rule else []
    to = prefix(rule, "dst")
    words += ["to", to] if to else []
    for key in ("tos", "dscp", "iif", "oif", "ipproto", "tun_id", "flowlabel"):
        words += [key, str(rule[key])] if key in rule else []
    if "fwmark" in rule:
        words += ["fwmark", rule["fwmark"] + (f"/{rule['fwmask']}" if "fwmask" in rule else "")]
    if "uid_start" in rule:
        words += ["uidrange", f"{rule['uid_start']}-{rule.get('uid_end', '?')}"]
    for key in ("sport", "dport"):
        if key in rule:
            words += [key, str(rule[key])]
        elif key + "_start" in rule:
            words += [key, f"{rule[key + '_start']}-{rule.get(key + '_end', '?')}"]
    if "suppress_prefixlen" in rule:
        words += ["suppress_prefixlength", str(rule["suppress_prefixlen"])]
    return " ".join(words)


def action(rule: AnyRecord) -> str | None:
    """The action of a rule: ``lookup main``, ``blackhole``, ``goto 100``; None where the record has none."""
    if "table" in rule:
        return f"lookup {rule['table']}"
    if "l3mdev" in rule:
        return "lookup [l3mdev-table]"
    if "goto" in rule:
        return f"goto {rule['goto']}"
    return rule.get("action") or ("nop" if "nop" in rule else None)


# -- order, and command lines --------------------------------------------------------------------------------------


def natural(value: Any) -> list[tuple[int, int, str]]:
    """A sort key: the numbers in a text count as numbers (``eth2`` before ``eth10``), an empty value comes last.

    >>> sorted(["10.0.0.10", "10.0.0.9", "eth10", "eth2"], key=natural)
    ['10.0.0.9', '10.0.0.10', 'eth2', 'eth10']
    """
    if value is None or value == "":
        return [(2, 0, "")]
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    import re

    parts = re.split(r"(\d+)", text, flags=re.ASCII)
    return [(0, int(part[:300]), part) if part.isdigit() else (1, 0, part) for part in parts if part]


def pasteable(argv: Sequence[str], stdin: str | None = None) -> str:
    """A command, and its input, as a shell reads them; no control character gets through to a terminal.

    >>> pasteable(["ip", "link", "set", "v0", "alias", "to the core"])
    "ip link set v0 alias 'to the core'"
    >>> pasteable(["ip", "link", "set", "v0", "alias", "\\x1b[31m"])
    "ip link set v0 alias $'\\\\033[31m'"
    >>> print(pasteable(["ip", "-batch", "-"], "link set lo up\\n"))
    ip -batch - <<'EOF'
    link set lo up
    EOF
    """
    line = " ".join(map(_quoted, argv))
    if not stdin:
        return line
    lines = stdin.split("\n")
    if lines.pop() or not all(text.replace("\t", "").isprintable() for text in lines):
        return f"printf %s {_quoted(stdin)} | {line}"
    end = "EOF"
    while end in lines:
        end += "F"
    return f"{line} <<'{end}'\n{stdin}{end}"


def _quoted(word: str) -> str:
    """A word as a shell takes it; bytes that no terminal should see are written as octal numbers (bash, zsh, busybox)."""
    if word.isprintable():
        import shlex

        return shlex.quote(word)
    shown = []
    for letter in word:
        if letter.isprintable():
            shown.append("\\" + letter if letter in "\\'" else letter)
        else:
            shown.append("".join(f"\\{byte:03o}" for byte in letter.encode("utf-8", "surrogateescape")))
    return f"$'{''.join(shown)}'"


def printable(text: str) -> str:
    """A text with control characters and lone surrogates replaced by escapes: no terminal obeys it, and XML can hold it.

    >>> printable("a\\x1b[31m")
    'a\\\\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _escape(letter) for letter in text)


def _escape(letter: str) -> str:
    """An escape like ``\\x1b``; a surrogate, which stands for a byte that was no UTF-8, as that byte."""
    byte = ord(letter) - 0xDC00
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else repr(letter)[1:-1]


def namesakes(found: Sequence[str]) -> list[str]:
    """A note on the names that hosts of several exports have; none for no names.

    >>> namesakes(["r1"])
    ['hosts of several exports, each name taken as one host: r1']
    """
    return [f"hosts of several exports, each name taken as one host: {_first(found)}"] if found else []


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:_STATES]) + (f" and {len(names) - _STATES} more" if names[_STATES:] else "")


def states(found: Iterable[Sequence[str]]) -> list[str]:
    """A note on the captures that were taken as states of one machine; none where no machine has several.

    >>> states([["r1", "r1 (old.netwrap)"]])
    ['captures of one host, taken as its states: r1, r1 (old.netwrap)']
    """
    groups = list(map(_first, found))
    left = len(groups) - _STATES
    more = f"; and those of {left} more host{'s' if left > 1 else ''}" if left > 0 else ""
    return [f"captures of one host, taken as its states: {'; '.join(groups[:_STATES])}{more}"] if groups else []


# -- sockets -------------------------------------------------------------------------------------------------------


def process(user: AnyRecord) -> str:
    """A process that holds a socket.

    >>> process({"name": "nginx", "pid": 7, "fd": 6}), process({"name": "nginx"})
    ('nginx (7)', 'nginx')
    """
    return f"{user.get('name', '')} ({user['pid']})" if "pid" in user else str(user.get("name", ""))


def endpoint(address: str, port: str | int | None, dev: str | None = None) -> str:
    """An address with its port, as `ss` prints them; ``dev`` is the device that a socket is bound to.

    >>> endpoint("10.0.0.1", 80), endpoint("fe80::1", 80, "v0"), endpoint("*", "*")
    ('10.0.0.1:80', '[fe80::1]%v0:80', '*:*')
    """
    shown = (f"[{address}]" if ":" in address else address) + (f"%{dev}" if dev else "")
    return shown if port is None else f"{shown}:{port}"


def socket(record: AnyRecord) -> str:
    """A socket in short.

    >>> socket({"netid": "tcp", "state": "LISTEN", "local": "::", "local_port": 80, "peer": "::", "peer_port": "*",
    ...         "users": [{"name": "nginx", "pid": 7}]})
    'tcp LISTEN [::]:80 nginx (7)'
    """
    local = endpoint(record.get("local", ""), record.get("local_port"), record.get("dev"))
    words = [record.get("netid", ""), record.get("state", ""), local]
    if record.get("peer_port") not in ("*", None, 0):
        words += ["to", endpoint(record.get("peer", ""), record["peer_port"])]
    return " ".join(filter(None, [*words, ", ".join(map(process, record.get("users", ())))]))
