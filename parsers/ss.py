"""Sockets: `ss` (iproute2), `netstat` (net-tools, busybox) and /proc/net/{tcp,tcp6,udp,udp6,raw,raw6}.

```
tcp   LISTEN 0      128    [fe80::1]%eth0:9000     [::]:*    users:(("python3",pid=24506,fd=8))
tcp6       0      0 :::443                  :::*                    LISTEN      24506/python3
   0: 0100007F:1538 00000000:0000 0A 00000000:00000001 00:00000000 00000000     0        0 200982 2 000000005c02d2f1 100
```
A record (:class:`parsers.records.Socket`) has the names and states of `ss`, whichever program printed it: ``netid`` ("tcp",
"udp", "raw", "u_str", "nl", "p_raw"), ``state`` ("LISTEN", "UNCONN", "ESTAB"), ``recv_q``, ``send_q``, ``local``,
``local_port``, ``peer``,
``peer_port``, ``dev`` (of ``address%dev``), ``users`` (``{"name", "pid", "fd"}`` each). A port is a number, a service's name,
or ``*``. Of `ss -e`, `-o` and `-m` the words with a colon are keys; what `-i` prints is the list ``info``.

``netid`` is absent where the text has no such column and no header that has (`ss -tn` and `ss -un` print the same), and of
/proc/net/udp and raw, which have one header. ``local`` is ``*`` where `ss` prints that: any address of both families, or of
old releases any IPv4 address. net-tools cuts long addresses without `-W`: ``cut`` names those that may be cut.

>>> parse("tcp LISTEN 0 128 127.0.0.1:5432 0.0.0.0:*")[0]["local_port"]
5432
"""

from __future__ import annotations

import re

from .lex import STDERR, Source, dedented, lazy, number, parser, streamer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lex import Dict, IterParse, Parse
    from .records import Socket

_NETIDS = frozenset(
    (
        "tcp udp raw icmp icmp6 dccp sctp mptcp u_str u_dgr u_seq unix p_raw p_dgr nl v_str v_dgr tipc ti_st ti_sq ti_rd ti_dg "
        "xdp ???"
    ).split()
)
_UNIX = ("u_str", "u_dgr", "u_seq", "unix")
#: The states as `ss` spells them, in the order of the kernel's numbers (`st` of /proc/net/tcp begins with 1).
STATES = (
    "UNKNOWN ESTAB SYN-SENT SYN-RECV FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT UNCONN CLOSE-WAIT LAST-ACK LISTEN CLOSING NEW-SYN-RECV"
).split()
# net-tools' spelling -> that of `ss`
_NETSTAT_STATES = {
    "ESTABLISHED": "ESTAB", "SYN_SENT": "SYN-SENT", "SYN_RECV": "SYN-RECV", "FIN_WAIT1": "FIN-WAIT-1", "FIN_WAIT2": "FIN-WAIT-2",
    "TIME_WAIT": "TIME-WAIT", "CLOSE": "UNCONN", "CLOSE_WAIT": "CLOSE-WAIT", "LAST_ACK": "LAST-ACK", "LISTEN": "LISTEN",
    "CLOSING": "CLOSING", "UNKNOWN": "UNKNOWN",
}  # fmt: skip
_UNIX_STATES = {"LISTENING": "LISTEN", "CONNECTED": "ESTAB", "CONNECTING": "SYN-SENT", "DISCONNECTING": "CLOSING",
                "FREE": "UNCONN"}  # fmt: skip
_UNIX_TYPES = {"STREAM": "u_str", "DGRAM": "u_dgr", "SEQPACKET": "u_seq"}
_PROTOCOLS = ("tcp", "tcp6", "udp", "udp6", "udplite", "raw", "raw6", "sctp", "sctp6", "dccp", "mptcp")
_TITLE = lazy(
    r"Active (Internet connections|UNIX domain sockets) \((servers and established|only servers|w/o servers)\) *$", re.ASCII
)
_HEADERS = frozenset(
    "Netid State Recv-Q Send-Q Local Address:Port Peer Address:PortProcess Process Proto Foreign Address User Inode "
    "PID/Program name Timer RefCnt Flags Type I-Node Path sl local_address rem_address remote_address st tx_queue rx_queue tr "
    "tm->when retrnsmt uid timeout inode ref pointer drops".split()
)
_NUMBER = lazy(r"\d{1,20}$", re.ASCII)
# ("nginx",pid=7,fd=6), with -T and -Z ("nginx",pid=7,tid=9,proc_ctx=c,fd=6,sock_ctx=c), up to 3.x ("nginx",7,6)
_USER = lazy(
    r'\("(.*?)",(?:pid=)?(\d{1,10}),(?:tid=(\d{1,10}),)?(?:proc_ctx=([^,]*),)?(?:fd=)?(\d{1,10})(?:,sock_ctx=([^)]*))?\)',
    re.ASCII,
)
_USERS = lazy(r"(?:^|(?<=\s))users:\(", re.ASCII)
# The words of -e, -o, -m that stand for one value each.
_EXTENDED = frozenset("timer uid ino sk cgroup v6only fwmark skmem class_id dev rtxq bpf-id opens".split())
_NUMBERS = ("uid", "ino", "v6only")
_ARROWS = ("<->", "-->", "<--", "---")
# `0: 0100007F:1538 00000000:0000 0A 00000000:00000001 00:00000000 00000000     0        0 200982 2 ...`
_PROC = lazy(
    r" *(\d+): ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{2})"
    r" ([0-9A-F]{8}):([0-9A-F]{8}) ([0-9A-F]{2}:[0-9A-F]{8}) ([0-9A-F]{8}) +(\d+) +(\d+) (\d+)(?: (.*))?$",
    re.ASCII,
)
# `unix  2      [ ACC ]     STREAM     LISTENING     201001   812/dbus-daemon     /run/dbus`
_NETSTAT_UNIX = lazy(
    r"unix +(\d+) +\[([A-Z ]*)\] +([A-Z]+) +([A-Z]+ +)?(\d+)(?: +(-|\d+/.{0,17}?(?= *(?: [@/]|$))))?(?: +(\S.*?))? *$", re.ASCII
)
_TIMER = lazy(r"(off|on|keepalive|timewait|probe|unkn-\d+) (\(\d+\.\d+/\d+/-?\d+\))$", re.ASCII)
_EXPECTED = "expected a socket ('tcp LISTEN 0 128 127.0.0.1:80 0.0.0.0:*')"


def _read(source: Source) -> Iterator[Dict]:
    header: list[str] = []  # of `ss` or `netstat`, the columns above
    socket: Dict | None = None
    for line_number, line in dedented(source):
        words = source.split(line)
        if words[0] in ("Netid", "State", "Recv-Q", "Proto", "sl") and _HEADERS.issuperset(words) or _TITLE.match(line):
            header = words if words[0] != "Active" else header
            if socket is not None:
                yield socket
            socket = None
            continue
        try:
            if line[:1] in (" ", "\t") and _PROC.match(line) is None or words[0].startswith("users:("):
                if socket is None:
                    raise ValueError(_EXPECTED)
                _behind(line, socket)
                continue
            made = _socket(line, words, header)
        except ValueError as error:
            source.fail(line_number, line, _EXPECTED if STDERR.match(line) else str(error))
            if not line[:1].isspace():
                if socket is not None:
                    yield socket
                socket = None
            continue
        if socket is not None:
            yield socket
        socket = made
    if socket is not None:
        yield socket


def _socket(line: str, words: list[str], header: list[str]) -> Dict:
    found = _PROC.match(line)
    if found is not None:
        return _proc(found)
    if words[0] == "unix" and len(words) > 2 and words[2].startswith("["):
        return _netstat_unix(line)
    if words[0] in _PROTOCOLS and len(words) >= 5 and _NUMBER.match(words[1]) and _NUMBER.match(words[2]):
        if header[:1] != ["Netid"] and "users:(" not in line:
            return _netstat(line, words, header)
    return _ss(line, words, header)


# -- ss ------------------------------------------------------------------------------------------------------------


def _ss(line: str, words: list[str], header: list[str]) -> Dict:
    socket: Dict = {}
    at = 0
    if words[0] == "`-":  # an association of an SCTP socket, below it
        socket["association"] = None
        at = 1
    if words[at] in _NETIDS:
        socket["netid"] = words[at]
        at += 1
    if words[at : at + 1] == ["`-"]:
        socket["association"] = None
        at += 1
    if words[at : at + 1] and words[at] in STATES:
        socket["state"] = words[at]
        at += 1
    if len(words) < at + 4 or not (_NUMBER.match(words[at]) and _NUMBER.match(words[at + 1])):
        raise ValueError(_EXPECTED)
    if not header and "state" not in socket and ":" not in words[at + 2]:
        raise ValueError(_EXPECTED)
    socket["recv_q"], socket["send_q"] = number(words[at]), number(words[at + 1])
    rest = line.split(None, at + 2)[at + 2]
    if socket.get("netid") in _UNIX:
        found = re.match(r"(\S.*?)\s+(\d+)\s+(\S.*?)\s+(\d+)(?:\s+(.*))?$", rest, re.ASCII)
        if found is None:
            raise ValueError(_EXPECTED)
        socket.update(local=found[1], local_port=number(found[2]), peer=found[3], peer_port=number(found[4]))
        _behind(found[5] or "", socket)
        return socket
    netlink = socket.get("netid", "").startswith(("nl", "p_"))
    local, peer = words[at + 2], words[at + 3]
    if not netlink and not (":" in local and ":" in peer):
        raise ValueError(_EXPECTED)
    _endpoint(local, "local", "dev", socket)
    _endpoint(peer, "peer", "peer_dev", socket)
    _behind(line.split(None, at + 4)[at + 4] if len(words) > at + 4 else "", socket)
    return socket


def _endpoint(word: str, key: str, dev: str, socket: Dict) -> None:
    """``[fe80::1]%eth0:9000``, ``0.0.0.0%v0:68``, ``*:443``, ``:::22`` (old releases), ``rtnl:kernel``; ``*`` alone"""
    address, colon, port = word.rpartition(":")
    if not colon:
        socket[key] = word
        return
    address, percent, device = address.partition("%")
    if address[:1] == "[" and address[-1:] == "]":
        address = address[1:-1]
    if percent:
        socket[dev] = device
    if address == ":":
        address = "::"
    if not address or not port:
        raise ValueError(f"{word[:60]!r} is not an address with a port")
    socket[key] = address
    socket[f"{key}_port"] = number(port) if _NUMBER.match(port) else port


def _behind(text: str, socket: Dict) -> None:
    """Read the words after the addresses, or of the next line: users, words with a colon, and the words of `-i`."""
    start = _USERS.search(text)
    if start is not None:
        at = start.end()
        users = socket.setdefault("users", [])
        while (found := _USER.match(text, at)) is not None:
            user: Dict = {"name": found[1], "pid": int(found[2]), "fd": int(found[5])}
            for key, value in (("tid", found[3]), ("proc_ctx", found[4]), ("sock_ctx", found[6])):
                if value is not None:
                    user[key] = int(value) if key == "tid" else value
            users.append(user)
            at = found.end() + 1
        if text[at - 1 : at] != ")" or not users:
            raise ValueError('expected users:(("NAME",pid=NUMBER,fd=NUMBER))')
        text = text[: start.start()] + text[at:]
    for word in text.split():
        key, colon, value = word.partition(":")
        if word in _ARROWS and "shutdown" not in socket:
            socket["shutdown"] = word
        elif colon and key in _EXTENDED and key not in socket:
            socket[key] = number(value) if key in _NUMBERS else value[1:-1] if value[:1] == "(" and value[-1:] == ")" else value
        else:
            socket.setdefault("info", []).append(word)


# -- netstat -------------------------------------------------------------------------------------------------------


def _netstat(line: str, words: list[str], header: list[str]) -> Dict:
    netid = words[0].removesuffix("6")
    socket: Dict = {"netid": netid}
    if header or netid != "tcp":  # `ss -H -t state established` prints no state
        socket["state"] = "UNCONN"
    socket.update(recv_q=number(words[1]), send_q=number(words[2]))
    _endpoint(words[3], "local", "dev", socket)
    _endpoint(words[4], "peer", "peer_dev", socket)
    if words[0].endswith("6"):
        socket["family"] = "inet6"
    cut = [key for key, word in (("local", words[3]), ("peer", words[4])) if len(word) == 23 and "::" not in word[-4:]]
    if cut and not _fits(socket, cut):
        socket["cut"] = cut
    parts = line.split(None, 5)
    rest = parts[5].strip() if len(parts) > 5 else ""
    first = rest.split(None, 1)[0] if rest else ""
    if first in _NETSTAT_STATES:
        socket["state"] = _NETSTAT_STATES[first]
        rest = rest[len(first) :].lstrip()
    elif netid == "raw" and _NUMBER.match(first):
        socket["protocol"] = int(first[:20])  # what the program prints for its state is no state
        rest = rest[len(first) :].lstrip()
    found = _TIMER.search(rest)
    if found is not None:
        if found[1] != "off":
            socket["timer"] = f"{found[1]} {found[2]}"
        rest = rest[: found.start()].rstrip()
    if "User" in header:
        user, _, rest = rest.partition(" ")
        inode, _, rest = rest.strip().partition(" ")
        if not user or not _NUMBER.match(inode):
            raise ValueError("expected the user and the inode of a socket")
        socket["uid" if _NUMBER.match(user) else "user"] = int(user) if _NUMBER.match(user) else user
        socket["ino"] = number(inode)
        rest = rest.strip()
    if rest and rest != "-":
        pid, slash, name = rest.partition("/")
        if not slash or not _NUMBER.match(pid):
            raise ValueError(f"expected a state or a process, not {rest[:40]!r}")
        socket["users"] = [{"name": name, "pid": int(pid)}]
    return socket


def _fits(socket: Dict, keys: list[str]) -> bool:
    """Whether addresses that fill their column are whole: those of IPv4 are, those of IPv6 may be cut."""
    return all(str(socket.get(key, "")).count(".") == 3 and ":" not in str(socket[key]) for key in keys)


def _netstat_unix(line: str) -> Dict:
    found = _NETSTAT_UNIX.match(line)
    if found is None:
        raise ValueError("expected a UNIX socket ('unix  2 [ ACC ] STREAM LISTENING 2010 /run/x')")
    state = (found[4] or "").strip()
    socket: Dict = {
        "netid": _UNIX_TYPES.get(found[3], "unix"), "state": _UNIX_STATES.get(state, state or "UNCONN"),
        "local": found[7] or "*", "local_port": number(found[5]), "refcnt": number(found[1]),
    }  # fmt: skip
    if found[2].strip():
        socket["flags"] = found[2].split()
    if found[6] and found[6] != "-":
        pid, _, name = found[6].partition("/")
        socket["users"] = [{"name": name.rstrip(), "pid": int(pid)}]
    return socket


# -- /proc/net -----------------------------------------------------------------------------------------------------


def _proc(found: re.Match[str]) -> Dict:
    """A row of /proc/net: hexadecimal, addresses in the byte order of the machine (which is taken for little-endian)."""
    state = int(found[6], 16)
    if state >= len(STATES):
        raise ValueError(f"{found[6]} is not the number of a state")
    behind = found[14].split() if found[14] else []
    socket: Dict = {"netid": "tcp"} if len(behind) != 3 else {}  # udp and raw: `ref pointer drops`
    socket.update(
        state=STATES[state], recv_q=int(found[8], 16), send_q=int(found[7], 16),
        local=_address(found[2]), local_port=int(found[3], 16), peer=_address(found[4]),
        peer_port=int(found[5], 16) or "*", slot=int(found[1][:20]), uid=number(found[11]), ino=number(found[13]),
    )  # fmt: skip
    if len(found[2]) == 32:
        socket["family"] = "inet6"
    if found[9] != "00:00000000":
        socket["timer"] = found[9]
    if int(found[10], 16):
        socket["retransmits"] = int(found[10], 16)
    if number(found[12]):
        socket["timeout"] = number(found[12])
    if behind:
        socket["info"] = behind
    return socket


def _address(word: str) -> str:
    octets = bytes.fromhex(word)
    if len(octets) == 4:
        return ".".join(map(str, reversed(octets)))
    import ipaddress

    return str(ipaddress.IPv6Address(b"".join(octets[at : at + 4][::-1] for at in range(0, 16, 4))))


parse: Parse[Socket] = parser(_read, None)
iter_parse: IterParse[Socket] = streamer(_read)
