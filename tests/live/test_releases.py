"""Failures have the same type in every release: the installed ones, and those in the folders of NETWRAP_ROOTS.

``NETWRAP_ROOTS`` names folders into which other suites were unpacked (``debootstrap``, ``dpkg -x``), separated by colons; their
binaries run through their own loader. Without it, what is installed here is tried alone.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rooms import Rooms

from netwrap import arp, errors, ip_address, ip_link, ip_neigh, ip_netns, ip_route, ip_rule, query, route, shell

pytestmark = pytest.mark.root
ROOTS = [Path(root) for root in os.environ.get("NETWRAP_ROOTS", "").split(":") if root]
MAC = "02:00:00:00:00:09"


def _script(root: Path, binary: str, words: str = "") -> str | None:
    """A script that runs a binary of another root."""
    paths = [root / folder / binary for folder in ("usr/sbin", "sbin", "usr/bin", "bin")]
    path = next((path for path in paths if path.exists() and root.resolve() in path.resolve().parents), None)
    if path is None:
        return None
    loaders = [*root.glob("usr/lib*/ld-linux-*.so.*"), *root.glob("lib/*-linux-gnu*/ld-*.so*"), *root.glob("usr/lib/*/ld-*.so*")]
    loader = next((path for path in loaders if root.resolve() in path.resolve().parents), None)
    libraries = ":".join(str(folder) for part in ("lib", "usr/lib") for folder in (root / part).glob("*-linux-gnu*"))
    start = f"{loader} --library-path {libraries} " if loader is not None and binary != "busybox" else ""
    return f'#!/bin/sh\nexec {start}{path} {words} "$@"\n'


def _install(folder: Path, root: Path | None, maker: str) -> None:
    for name in ("ip", "bridge", "arp", "route", "nsenter"):
        box = maker == "busybox"
        if box and name == "bridge":
            continue
        if root is None:
            if box:
                (folder / name).symlink_to(shutil.which("busybox") or pytest.skip("busybox is not installed"))
            continue
        text = _script(root, "busybox", name) if box else _script(root, name)
        if text is None and name in ("ip", "arp", "route"):
            pytest.skip(f"{root.name} has no {maker}")
        if text is not None and name != "nsenter":
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)


@pytest.fixture(params=[(root, maker) for root in (None, *ROOTS) for maker in ("iproute2", "busybox")],
                ids=lambda param: f"{param[0].name if param[0] else 'here'}-{param[1]}")  # fmt: skip
def maker(request: pytest.FixtureRequest, red: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    root, name = request.param
    _install(tmp_path, root, name)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(query, "_no_json", set())
    if name == "busybox":
        monkeypatch.setattr(shell, "is_busybox", lambda binary: binary == "ip")  # a script here, a link on a router
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=errors.CommandWarning)
        yield name


@pytest.fixture
def red(rooms: Rooms) -> str:
    name = rooms.add("red")
    rooms.batch(
        "link set lo up\nlink add v0 type veth peer name v1\nlink set v0 up\nlink set v1 up\naddress add 10.0.0.1/24 dev v0\n"
        "address add 2001:db8::1/64 dev v0 nodad\nroute add 10.5.0.0/16 via 10.0.0.9\nneigh add 10.0.0.9 lladdr "
        f"{MAC} dev v0\nrule add from 10.0.0.0/8 table 100 priority 500\nroute add prohibit 10.6.0.0/16\n"
        "route add unreachable 10.7.0.0/16\n",
        name,
    )
    return name


# What fails, and how; the last column: every busybox has the command.
FAILURES: list[tuple[type[errors.CommandError], Callable[..., Any], tuple[Any, ...], dict[str, Any], bool]] = [
    (errors.AlreadyExists, ip_link.add, ("v0", "bridge"), {}, True),
    (errors.AlreadyExists, ip_address.add, ("10.0.0.1/24", "v0"), {}, True),
    (errors.AlreadyExists, ip_address.add, ("2001:db8::1/64", "v0"), {}, True),
    (errors.AlreadyExists, ip_route.add, ("10.5.0.0/16",), {"via": "10.0.0.8"}, True),
    (errors.AlreadyExists, ip_neigh.add, ("10.0.0.9", "v0"), {"lladdr": MAC}, False),
    (errors.AlreadyExists, ip_rule.add, (), {"from_": "10.0.0.0/8", "table": 100, "priority": 500}, True),
    (errors.AlreadyExists, route.add, ("10.5.0.0/16",), {"gw": "10.0.0.9"}, True),
    (errors.AlreadyExists, ip_link.set, ("v0",), {"name": "v1"}, True),
    (errors.NotFound, ip_link.show, (), {"dev": "none"}, True),
    (errors.NotFound, ip_link.set, ("none",), {"up": True}, True),
    (errors.NotFound, ip_link.set, ("v0",), {"master": "none"}, True),
    (errors.NotFound, ip_link.delete, ("none",), {}, True),
    (errors.NotFound, ip_address.show, (), {"dev": "none"}, True),
    (errors.NotFound, ip_address.add, ("10.0.0.2/24", "none"), {}, True),
    (errors.NotFound, ip_address.delete, ("10.9.9.9/24", "v0"), {}, True),
    (errors.NotFound, ip_address.delete, ("2001:db8:9::9/64", "v0"), {}, True),
    (errors.NotFound, ip_address.flush, ("none",), {}, True),
    (errors.NotFound, ip_route.show, (), {"dev": "none"}, True),
    (errors.NotFound, ip_route.add, ("10.8.0.0/16",), {"dev": "none"}, True),
    (errors.NotFound, ip_route.delete, ("10.9.0.0/16",), {}, True),
    (errors.NotFound, ip_neigh.show, (), {"dev": "none"}, True),
    (errors.NotFound, ip_neigh.delete, ("10.0.0.99", "v0"), {}, False),
    (errors.NotFound, ip_neigh.add, ("10.0.0.9", "none"), {"lladdr": MAC}, False),
    (errors.NotFound, ip_rule.delete, (), {"priority": 501}, True),
    (errors.NotFound, arp.set, ("10.0.0.9", MAC), {"dev": "none"}, True),
    (errors.NotFound, arp.delete, ("10.0.0.99",), {"dev": "v0"}, True),
    (errors.NotFound, arp.delete, ("10.0.0.99",), {}, True),
    (errors.NotFound, route.add, ("10.8.0.0/16",), {"dev": "none"}, True),
    (errors.NotFound, route.add, ("2001:db8:8::/48",), {"dev": "none"}, True),
    (errors.NotFound, route.delete, ("10.9.0.0/16",), {}, True),
    (errors.NetworkUnreachable, ip_route.add, ("10.8.0.0/16",), {"via": "192.0.2.1"}, True),
    (errors.NetworkUnreachable, ip_route.add, ("2001:db8:8::/48",), {"via": "2001:db8:9::1"}, True),
    (errors.NetworkUnreachable, ip_route.get, ("192.0.2.1",), {}, True),
    (errors.NetworkUnreachable, ip_route.get, ("2001:db8:9::1",), {}, True),
    (errors.NetworkUnreachable, ip_route.get, ("10.6.0.1",), {}, True),
    (errors.NetworkUnreachable, ip_route.get, ("10.7.0.1",), {}, True),
    (errors.NetworkUnreachable, arp.set, ("192.0.2.1", MAC), {}, True),
    (errors.NetworkUnreachable, route.add, ("10.8.0.0/16",), {"gw": "192.0.2.1"}, True),
    (errors.NetworkUnreachable, route.add, ("2001:db8:8::/48",), {"gw": "2001:db8:9::1"}, True),
    (errors.InvalidArgument, ip_link.add, ("q0", "no-such-kind"), {}, True),
    (errors.InvalidArgument, ip_link.set, ("v0",), {"mtu": 99999999}, True),
    (errors.InvalidArgument, ip_link.set, ("v0",), {"name": "a/b"}, True),
    (errors.InvalidArgument, ip_link.delete, ("lo",), {}, True),
    (errors.InvalidArgument, ip_route.add, ("10.8.0.1/16",), {"dev": "v0"}, True),
    (errors.InvalidArgument, ip_route.add, ("10.8.0.0/16",), {"dev": "v0", "table": "none"}, True),
    (errors.InvalidArgument, ip_rule.add, (), {"from_": "10.0.0.0/8", "table": "none"}, True),
    (errors.InvalidArgument, route.add, ("10.8.0.1/16",), {"dev": "v0"}, True),
    (errors.NoSuchNetns, ip_link.set, ("v0",), {"to_netns": "nwt-none"}, False),
]


@pytest.mark.parametrize(
    "kind,call,words,options,busybox", FAILURES,
    ids=[f"{kind.__name__}-{call.__module__[8:]}.{call.__name__}-{words}" for kind, call, words, *_ in FAILURES],
)  # fmt: skip
def test_failures_have_types(
    maker: str, red: str, kind: type[errors.CommandError], call: Callable[..., Any], words: Any, options: Any, busybox: bool
) -> None:
    if maker == "busybox" and not busybox:
        pytest.skip("busybox has no such command")
    with pytest.raises(errors.CommandError) as failed:
        call(*words, netns=red, **options)
    assert type(failed.value) is kind, str(failed.value)
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize("call", [ip_link.show, ip_route.show, arp.show, route.show], ids=lambda call: str(call.__module__))
def test_a_namespace_that_is_not_there(maker: str, red: str, call: Callable[[str], Any]) -> None:
    for netns in (red + "x", f"/run/netns/{red}x", "/etc/passwd"):
        with pytest.raises(errors.NoSuchNetns):
            call(netns)


def test_namespaces_by_name(maker: str, red: str, rooms: Rooms) -> None:
    if maker == "busybox":
        pytest.skip("busybox has no such command")
    with pytest.raises(errors.AlreadyExists):
        ip_netns.add(red)
    for call in (ip_netns.delete, ip_netns.pids):
        with pytest.raises(errors.NoSuchNetns):
            call(red + "x")
    with pytest.raises(errors.NoSuchNetns):
        ip_netns.exec(red + "x", ["true"])
    with pytest.raises(errors.CommandMissing):
        ip_netns.exec(red, ["no-such-program"])


NOBODY = 65534


def test_without_root(maker: str, red: str, tmp_path: Path) -> None:
    """A refused permission is reported as such, whichever program reports it."""
    import subprocess
    import sys

    from rooms import ROOT

    code = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "from netwrap import *; from netwrap import arp, errors, ip_address, ip_link, ip_netns, ip_route, route, shell\n"
        f"shell.is_busybox = lambda name: name == 'ip' and {maker == 'busybox'}\n"
        "for call, words, how in ((ip_link.add, ('q0', 'bridge'), {}), (ip_link.set, ('lo',), dict(mtu=1400)),\n"
        "    (ip_address.add, ('10.0.0.1/8', 'lo'), {}), (ip_route.add, ('10.0.0.0/8',), dict(dev='lo')),\n"
        "    (arp.set, ('10.0.0.1', '02:00:00:00:00:01'), dict(dev='lo')), (route.add, ('10.0.0.0/8',), dict(dev='lo')),\n"
        f"    (ip_link.show, ({red!r},), {{}})):\n"
        "    try: call(*words, **how)\n"
        "    except errors.CommandError as error: print(call.__module__, type(error).__name__, error)\n"
    )
    tmp_path.chmod(0o755)
    done = subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]])}, capture_output=True, text=True, cwd="/",
    )  # fmt: skip
    if not done.stdout:
        pytest.skip(f"nobody may not run this Python, or read this checkout: {done.stderr.strip()[-200:]}")
    kinds = [line.split()[1] for line in done.stdout.rstrip("\n").split("\n")]
    assert kinds == ["PermissionDenied"] * 7, done.stdout + done.stderr
