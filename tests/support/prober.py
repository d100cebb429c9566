"""Send real packets between namespaces: ICMP, UDP and TCP for all pairs at once. Runs inside a private host.

Reads ``{"pairs": [[NETNS, ADDRESS], …], "servers": [NETNS, …]}`` and prints for each pair and protocol (icmp, udp, tcp) whether
an answer came, and where the question and the answer were received as a packet for that host:
``[[{"came": true, "there": [[NETNS, DEV], …], "back": [[NETNS, DEV], …]}, …], …]``. Servers answer UDP and TCP on port 7007 of
every address, from the wildcard. A pair may name another port to ask (``[NETNS, ADDRESS, PORT]``), and ``"ports"`` other ports
on which the servers answer. Each line is one such question; without pairs it only starts the servers.
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import json
import os
import select
import socket
import struct
import sys
import threading
import time
from typing import Any

PORT = 7007
#: The lowest ICMP identifier and TCP source port of ours.
FIRST = 10000
ROUNDS = 3
PATIENCE = 0.9
_libc = ctypes.CDLL(None, use_errno=True)


def enter(netns: str) -> None:
    """Move this thread into a namespace."""
    with open(f"/run/netns/{netns}" if netns else "/proc/1/ns/net", "rb") as file:
        if _libc.setns(file.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), netns)


def _servers(names: list[str], ports: list[int]) -> None:
    heard: dict[int, Any] = {}
    poll = select.poll()
    for name in names:
        enter(name)
        for family, wildcard in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            for kind, port in itertools.product((socket.SOCK_DGRAM, socket.SOCK_STREAM), ports):
                try:
                    server = socket.socket(family, kind)
                except OSError:
                    continue
                if family == socket.AF_INET6:
                    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                server.setblocking(False)
                server.bind((wildcard, port))
                if kind == socket.SOCK_STREAM:
                    server.listen(64)
                heard[server.fileno()] = server
                poll.register(server, select.POLLIN)

    def serve() -> None:
        kept = []
        while True:
            for number, _ in poll.poll(500):
                server = heard[number]
                try:
                    if server.type & socket.SOCK_DGRAM and not server.type & socket.SOCK_STREAM:
                        text, sender = server.recvfrom(2048)
                        server.sendto(text.replace(b"netwrap", b"partwen", 1), sender)
                    else:
                        kept.append(server.accept()[0])
                except OSError:
                    continue

    threading.Thread(target=serve, daemon=True).start()


class _Taps:
    """Packet sockets in all namespaces, which record where each packet came in, by (its number, whether it is an answer)."""

    def __init__(self, names: list[str]) -> None:
        self.seen: dict[tuple[int, bool], dict[tuple[str, str], None]] = {}
        self.sockets: dict[int, tuple[str, socket.socket]] = {}
        self.poll = select.poll()
        for name in names:
            enter(name)
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
            tap.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
            tap.setblocking(False)
            self.sockets[tap.fileno()] = (name, tap)
            self.poll.register(tap, select.POLLIN)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            for number, _ in self.poll.poll(200):
                name, tap = self.sockets[number]
                try:
                    data, (dev, proto, kind, *_rest) = tap.recvfrom(256)
                except OSError:
                    continue
                packet = _number(proto, data) if kind == 0 else None  # PACKET_HOST
                if packet is not None:
                    self.seen.setdefault(packet, {})[name, dev] = None

    def of(self, number: int, answer: bool) -> list[tuple[str, str]]:
        return list(self.seen.get((number, answer), ()))


def _number(proto: int, data: bytes) -> tuple[int, bool] | None:
    """The number of one of our packets, and whether it is the answer."""
    if proto == 0x0800 and len(data) > 20:
        inner, data = data[9], data[(data[0] & 15) * 4 :]
    elif proto == 0x86DD and len(data) > 40:
        inner, data = data[6], data[40:]
    else:
        return None
    if inner in (1, 58) and data[0] in (0, 8, 128, 129) and len(data) >= 6:
        return struct.unpack("!H", data[4:6])[0] - FIRST, data[0] in (0, 129)
    if inner == 17 and data[8:15] in (b"netwrap", b"partwen"):
        return struct.unpack("!I", data[15:19])[0], data[8:15] == b"partwen"
    if inner == 6 and len(data) > 13 and data[13] & 7 == 2:  # SYN, or SYN and ACK
        source, destination = struct.unpack("!HH", data[:4])
        return (destination - FIRST, True) if data[13] & 16 else (source - FIRST, False)
    return None


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def _echo(family: int, ident: int) -> bytes:
    kind = 128 if family == socket.AF_INET6 else 8
    head = struct.pack("!BBHHH", kind, 0, 0, ident, 1)
    body = b"netwrap."
    if family == socket.AF_INET6:
        return head + body
    return struct.pack("!BBHHH", kind, 0, _checksum(head + body), ident, 1) + body


class _Try:
    """One protocol of one pair."""

    def __init__(self, number: int, netns: str, address: str, port: int, proto: str) -> None:
        self.number = number
        self.ident = FIRST + number
        self.address = address
        self.port = port
        self.proto = proto
        self.came = False
        self.six = ":" in address
        self.family = socket.AF_INET6 if self.six else socket.AF_INET
        self.netns = netns
        self.text = b"netwrap" + struct.pack("!I", number)
        self.socket: socket.socket | None = None
        self.open()

    def open(self) -> None:
        kind = {"icmp": socket.SOCK_RAW, "udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}[self.proto]
        number = {"icmp": socket.IPPROTO_ICMPV6 if self.six else socket.IPPROTO_ICMP}.get(self.proto, 0)
        try:
            self.socket = socket.socket(self.family, kind, number)
            self.socket.setblocking(False)
            if self.proto == "tcp":
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self.socket.bind(("::" if self.six else "0.0.0.0", FIRST + self.number))
        except OSError:
            self.socket = None

    def send(self) -> None:
        if self.came or self.socket is None:
            return
        try:
            if self.proto == "icmp":
                self.socket.sendto(_echo(self.family, self.ident), (self.address, 0))
            elif self.proto == "udp":
                self.socket.connect((self.address, self.port))
                self.socket.send(self.text)
            else:
                self.socket.connect((self.address, self.port))
        except OSError as error:
            if error.errno == errno.EISCONN:
                self.came = True
            elif self.proto == "tcp" and error.errno not in (errno.EINPROGRESS, errno.EALREADY):
                self.socket.close()
                self.socket = None

    def hear(self, writable: bool) -> None:
        if self.socket is None or self.socket.fileno() < 0:
            return
        try:
            if self.proto == "icmp":
                text, sender = self.socket.recvfrom(2048)
                at = 0 if self.six else (text[0] & 15) * 4
                kind = text[at]
                right = kind == (129 if self.six else 0) and struct.unpack("!H", text[at + 4 : at + 6])[0] == self.ident
                if right and socket.inet_pton(self.family, sender[0].partition("%")[0]) == socket.inet_pton(
                    self.family, self.address
                ):
                    self.came = True
            elif self.proto == "udp":
                self.came = self.socket.recv(64) == self.text.replace(b"netwrap", b"partwen") or self.came
            elif writable:
                self.came = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        except OSError:
            pass


def _ask(first: int, pairs: list[Any], taps: _Taps) -> list[list[dict[str, Any]]]:
    """Try all pairs; ``first``: the number of the first packet."""
    tries = []
    for number, (netns, address, *port) in enumerate(pairs):
        enter(netns)
        tries.append(
            [
                _Try(first + number * 3 + at, netns, address, port[0] if port else PORT, proto)
                for at, proto in enumerate(("icmp", "udp", "tcp"))
            ]
        )
    everything = [one for row in tries for one in row if one.socket is not None]
    by_number = {one.socket.fileno(): one for one in everything if one.socket is not None}
    for _ in range(ROUNDS):
        for one in everything:
            one.send()
        poll = select.poll()
        for one in everything:
            if one.socket is not None and not one.came:
                poll.register(one.socket, select.POLLOUT if one.proto == "tcp" else select.POLLIN)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and any(not one.came for one in everything):
            for number, event in poll.poll(max(1, int((end - time.monotonic()) * 1000))):
                one = by_number[number]
                one.hear(bool(event & select.POLLOUT))
                if one.came or one.proto == "tcp" or event & (select.POLLERR | select.POLLNVAL) and one.proto != "icmp":
                    poll.unregister(number)
    time.sleep(0.1)  # what was sent last is still to be seen
    for one in everything:
        if one.socket is not None:
            one.socket.close()
    return [
        [{"came": one.came, "there": taps.of(one.number, False), "back": taps.of(one.number, True)} for one in row]
        for row in tries
    ]


def main() -> None:
    taps, first = None, 0
    for line in sys.stdin:
        asked = json.loads(line)
        if taps is None:
            _servers(asked["servers"], [PORT, *asked.get("ports", ())])
            taps = _Taps(asked["servers"])
        print(json.dumps(_ask(first, asked.get("pairs", []), taps)), flush=True)
        first += 3 * len(asked.get("pairs", []))


if __name__ == "__main__":
    main()
