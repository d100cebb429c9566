"""Reach an address without `ping`: a UDP echo between two namespaces, or a TCP connection to the outside.

A socket belongs to the namespace in which it was made, wherever it is used: a thread enters the namespace, makes one, and ends.
"""

from __future__ import annotations

import os
import socket

from netwrap import shell
from netwrap.errors import NetwrapError

from .schema import HOST

# Ports on which a host may answer; a refusal is an answer, too.
_PORTS = (53, 443, 80)


def udp_echo(source: str, target: str, address: str, patience: float = 1.0) -> bool:
    """Whether a datagram from one namespace reaches an address in another, and the answer returns."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with _socket(target, family, socket.SOCK_DGRAM) as server, _socket(source, family, socket.SOCK_DGRAM) as client:
        try:
            server.bind((address, 0))
            word = os.urandom(16)
            server.settimeout(patience)
            client.settimeout(patience)
            for _attempt in range(2):
                try:
                    client.sendto(word, server.getsockname()[:2])
                    heard, sender = server.recvfrom(64)
                    server.sendto(heard, sender)
                    if client.recv(64) == word:
                        return True
                except socket.timeout:
                    continue
        except OSError:
            pass
    return False


def tcp_answer(source: str, address: str, patience: float = 1.0) -> bool:
    """Whether an address answers a connection, even with a refusal."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for port in _PORTS:
        with _socket(source, family, socket.SOCK_STREAM) as client:
            client.settimeout(patience)
            try:
                client.connect((address, port))
                return True
            except ConnectionRefusedError:
                return True
            except OSError:
                continue
    return False


def connect(netns: str | None, address: str, proto: str, port: int, patience: float = 2.0) -> str:
    """Send one datagram, or open one TCP connection, to a port of an address; return the outcome in a few words."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
    with _socket(netns or HOST, family, kind) as client:
        client.settimeout(patience)
        try:
            client.connect((address, port))
            if proto == "tcp":
                return "connected"
            client.send(b"netwrap")
            client.recv(64)
            return "answered"
        except socket.timeout:
            return "nothing came"
        except OSError as error:
            return (error.strerror or str(error)).lower()


def _socket(netns: str, family: int, kind: int) -> socket.socket:
    try:
        return shell.within(None if netns == HOST else netns, lambda: socket.socket(family, kind))
    except OSError as error:
        raise NetwrapError(f"namespace {netns} cannot be entered: {error.strerror}") from error
