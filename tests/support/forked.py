"""Run the command line in processes forked from one that has already imported netwrap: the same `main`, without start-up."""

from __future__ import annotations

import array
import atexit
import contextlib
import functools
import io
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
Done = subprocess.CompletedProcess[str]
#: What Python itself reads when it starts: with these in its environment, a command gets a Python of its own.
_OF_PYTHON = ("PYTHON", "LC_", "LANG", "LD_", "TZ", "MALLOC")
_NAMESPACES = ("net", "mnt", "pid")


class Forks:
    """A process that has imported all modules of netwrap, and forks for each command that it receives."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        words = [sys.executable, str(Path(__file__)), str(theirs.fileno())]
        self._process = subprocess.Popen(words, pass_fds=[theirs.fileno()], env=environment, cwd=ROOT, stdin=subprocess.DEVNULL)
        theirs.close()
        self._socket = ours
        self._lock = threading.Lock()
        atexit.register(self._end)

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()

    def call(self, words: list[str], env: dict[str, str], files: list[int], host: str | None = None, timeout: float = 120) -> int:
        """Run ``netwrap WORDS`` with three standard files in the namespaces of the process ``host``, and return its status."""
        argv = ["netwrap", *words]
        request = json.dumps({"argv": argv, "env": env, "cwd": os.getcwd(), "host": host}).encode()
        with self._lock:
            self._socket.settimeout(timeout)
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))]
            self._socket.sendmsg([struct.pack("I", len(request))], rights)
            self._socket.sendall(request)
            try:
                status: int = struct.unpack("i", self._socket.recv(4))[0]
            except socket.timeout:
                self._process.kill()
                forks.cache_clear()
                raise subprocess.TimeoutExpired(argv, timeout) from None
        return status

    def run(self, words: list[str], given: str | None, env: dict[str, str], host: str | None, timeout: float) -> Done:
        """Run ``netwrap WORDS`` with a text on standard input, and return its output."""
        printed: list[bytes] = [b"", b""]
        with contextlib.ExitStack() as ends:
            theirs, threads = [], []
            if given is None:
                theirs.append(0)
            else:
                reading, writing = os.pipe()
                theirs.append(reading)
                text = given.encode("utf-8", "surrogateescape")
                threads.append(threading.Thread(target=_feed, args=(writing, text)))
            for number in (0, 1):
                reading, writing = os.pipe()
                theirs.append(writing)
                threads.append(threading.Thread(target=_drain, args=(reading, printed, number)))
            for thread in threads:
                ends.callback(thread.join, timeout)
                thread.start()
            try:
                status = self.call(words, env, theirs, host, timeout)
            finally:
                for number in theirs:
                    if number:
                        os.close(number)
        out, err = (text.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n") for text in printed)
        return Done(["netwrap", *words], status, out, err)


@functools.cache
def forks() -> Forks:
    """The forking process of this test worker."""
    return Forks()


def netwrap(
    words: tuple[str, ...],
    *,
    given: str | None = None,
    env: dict[str, str] | None = None,
    host: str | None = None,
    timeout: float = 120,
) -> Done | None:
    """Run the command line; return None if an environment variable for Python itself requires a fresh Python."""
    if any(name.startswith(_OF_PYTHON) for name in env or ()):
        return None
    return forks().run(list(words), given, {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}, host, timeout)


def _feed(pipe: int, text: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), open(pipe, "wb") as into:
        into.write(text)


def _drain(pipe: int, printed: list[bytes], number: int) -> None:
    with open(pipe, "rb") as out:
        printed[number] = out.read()


def _receive(source: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    head, ancillary, _flags, _address = source.recvmsg(4, socket.CMSG_SPACE(12))
    if not head:
        return None
    files = array.array("i")
    files.frombytes(ancillary[0][2])
    left = struct.unpack("I", head)[0]
    parts = []
    while left:
        parts.append(source.recv(left))
        left -= len(parts[-1])
    return json.loads(b"".join(parts)), list(files)


def _serve(source: socket.socket) -> dict[str, Any]:
    """Fork for each request; return the request in the child, whose standard streams are those sent with the request."""
    while True:
        asked = _receive(source)
        if asked is None:
            os._exit(0)
        request, files = asked
        child = os.fork()
        if child == 0:
            break
        for number in files:
            os.close(number)
        source.sendall(struct.pack("i", _status(child)))
    source.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    return request


def _status(child: int) -> int:
    _pid, status = os.waitpid(child, 0)
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)


def _enter(host: str) -> None:
    """Enter the namespaces of a process as `nsenter -t PID -n -m -p -r` does; a child continues there."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    places = [os.open(f"/proc/{host}/ns/{name}", os.O_RDONLY) for name in _NAMESPACES]  # all of them before /proc changes
    root = os.open(f"/proc/{host}/root", os.O_RDONLY)
    for place in places:
        if libc.setns(place, 0) != 0:
            raise OSError(ctypes.get_errno(), f"setns {host}")
        os.close(place)
    os.fchdir(root)
    os.chroot(".")
    os.close(root)
    child = os.fork()
    if child:
        for number in (0, 1, 2):
            os.close(number)
        status = _status(child)
        os._exit(status if status >= 0 else 128 - status)


def _open_streams() -> None:
    """Open Python's standard streams again: properties of the server's streams (seekable?) do not apply to ours."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        was = getattr(sys, name)
        raw = io.FileIO(number, "r" if number == 0 else "w", closefd=False)
        buffered = io.BufferedReader(raw) if number == 0 else io.BufferedWriter(raw)
        stream = io.TextIOWrapper(buffered, encoding=was.encoding, errors=was.errors, line_buffering=was.line_buffering)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _main() -> None:
    import gc
    import importlib
    import pkgutil
    import runpy

    for package in ("netwrap", "parsers"):
        for found in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if not found.name.endswith(("__main__", ".parsers")):
                with contextlib.suppress(ImportError):  # the libraries of the extras may be missing
                    importlib.import_module(found.name)
    gc.freeze()
    request = _serve(socket.socket(fileno=int(sys.argv[1])))
    _open_streams()
    if request["host"]:
        _enter(request["host"])
    os.chdir(request["cwd"])
    for name in set(os.environ) - set(request["env"]):
        del os.environ[name]
    os.environ.update(request["env"])
    sys.argv = request["argv"]
    sys.path[0] = request["cwd"]
    try:
        runpy.run_module("netwrap", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        _end(end.code)
        raise


def _end(status: object) -> None:
    """End this process, if Python's own end would do nothing but free all that the server has imported, which takes longer.

    Returns where more is to be done: threads to wait for, a text to print, streams that cannot be written.
    """
    if threading.active_count() == 1 and isinstance(status, int):
        atexit._run_exitfuncs()
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status & 0xFF)


if __name__ == "__main__":
    _main()
