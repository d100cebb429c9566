"""Namespaces are named after their containers, pods, machines and units: one label for each owner, and one spelling."""

from __future__ import annotations

import pytest

from netwrap.model.build import build
from netwrap.model.host import Host
from netwrap.model.names import Containers
from netwrap.model.section import Section

ID = "0123456789ab" + 52 * "c"
OTHER = "ffff456789ab" + 52 * "d"
POD = "01234567-89ab-cdef-0123-456789abcdef"
CONTAINERS = f"docker\t{ID}\t70\t/var/run/docker/netns/zzz\tweb\ncontainerd\ty\t71\t/var/run/netns/cni-1\tdefault/web-0\n"


@pytest.mark.parametrize(("cgroup", "labels"), [
    (f"/docker/{ID}", ["docker web"]),
    (f"/system.slice/docker-{OTHER}.scope", ["docker ffff456789ab"]),
    (f"/kubepods.slice/kubepods-pod{POD.replace('-', '_')}.slice/cri-containerd-{OTHER}.scope",
     [f"pod {POD}", "containerd ffff456789ab"]),
    (f"/kubepods/besteffort/pod{POD}/{OTHER}", [f"pod {POD}", "container ffff456789ab"]),
    (f"/kubepods/besteffort/pod{POD}/{ID}", ["docker web", f"pod {POD}"]),
    ("/lxc.payload.web/init.scope", ["lxc web"]),
    (r"/machine.slice/machine-vm\x2d1.scope", ["machine vm-1"]),
    (r"/machine.slice/machine-a\x5cnb.scope", [r"machine a\nb"]),
    (r"/machine.slice/machine-a\x0ab\x1b.scope", [r"machine a\x0ab\x1b"]),
    ("/system.slice/nginx.service", ["unit nginx"]),
    ("/system.slice/system-getty.slice/getty@tty1.service", ["unit getty@tty1"]),
    ("/user.slice/user-0.slice/session-1.scope", []),
])  # fmt: skip
def test_owners_of_a_control_group(cgroup: str, labels: list[str]) -> None:
    assert list(Containers(CONTAINERS).owners(cgroup)) == labels


def host(*lines: str) -> Host:
    return build([
        Section("", "namespaces", "".join(f"{line}\n" for line in ("4026531840\tself\t", *lines))),
        Section("", "containers", CONTAINERS),
    ])  # fmt: skip


def test_labels_and_titles() -> None:
    found = host(
        "4026532001\tpid\t70 nginx", f"4026532001\tcgroup\t/docker/{ID}", "4026532002\tpath\t/run/netns/cni-1",
        f"4026532002\tcgroup\t/kubepods/pod{POD}/{OTHER}", "4026532003\tlabel\tmininet:h1", "4026531840\tcgroup\t/lxc/own",
        "4026532004\tcgroup\t" + r"/machine.slice/machine-a\\x5cnb.scope",
    )  # fmt: skip
    assert {netns.title: netns.labels for netns in found.namespaces} == {
        "(root)": [], "docker web": ["docker web"], "mininet h1": ["mininet h1"], r"machine a\nb": [r"machine a\nb"],
        "pod default/web-0": ["pod default/web-0", f"pod {POD}", "container ffff456789ab"],
    }  # fmt: skip


@pytest.mark.parametrize("name", ["docker web", "web", ID, ID[:12], "pid 70", "4026532001"])
def test_a_container_has_many_names(name: str) -> None:
    found = host("4026532001\tpid\t70 nginx", f"4026532001\tcgroup\t/docker/{ID}", "4026532002\tname\tblue")
    assert found.find(name).title == "docker web"
