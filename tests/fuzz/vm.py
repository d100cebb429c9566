"""Make the hosts of tests/support/kinds.py in a virtual machine whose kernel has all link kinds; compare `trace` with packets.

    apt-get install qemu-system-x86 cpio kmod wireguard-tools nftables iptables
    apt-get download linux-image-6.1.0-56-amd64 && dpkg-deb -x linux-image-*.deb KERNEL
    python tests/fuzz/vm.py KERNEL SCRATCH [FIRST-SEED [HOSTS]]

One host takes a minute or two, as the machine is emulated. SCRATCH keeps the captures (NAME.netwrap) and what the packets did
(NAME.json); without hosts (``0 0``) it is only compared again. Needs root.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = (
    "sh awk bridge busybox cat chmod cut date dirname echo env false find grep head hostname id insmod ip "
    "ip6tables ip6tables-save iptables iptables-save kill kmod ln ls mkdir mktemp modprobe mount nft nsenter od paste poweroff "
    "printf readlink rm sed seq sleep sort ss stat sysctl tail tc tee timeout touch tr true umount uname uniq unshare wc wg"
).split()
PYTHON = Path("/usr/bin/python3")
INIT = """#!/bin/sh
export PATH=/usr/bin LC_ALL=C HOME=/ PYTHONDONTWRITEBYTECODE=1
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mkdir /run/netns
mount -t devtmpfs dev /dev
echo /usr/bin/modprobe >/proc/sys/kernel/modprobe
for module in virtio_pci 9pnet_virtio 9p ipv6 8021q bridge br_netfilter veth; do modprobe $module; done
mount -t 9p -o trans=virtio,version=9p2000.L,cache=none share /share
ip link set lo up
python3 /share/vm.py inside
poweroff -f
"""


def _copy_program(path: str, into: Path) -> None:
    """Copy a program and the libraries that it loads; every folder of programs is /usr/bin there."""
    real = os.path.realpath(path)
    target = into / "usr" / "bin" / os.path.basename(real)
    if not target.exists():
        shutil.copy(real, target)
    if os.path.basename(path) != target.name:
        (into / "usr" / "bin" / os.path.basename(path)).symlink_to(target.name)
    loaded = subprocess.run(["ldd", real], capture_output=True, text=True, check=False).stdout
    for library in re.findall(r"(/\S+)", loaded):
        place = into / "usr" / library.replace("/usr/", "/", 1).lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            shutil.copy(library, place)


def pack(kernel: Path, scratch: Path) -> Path:
    """Make the initial file system: a few programs, Python, and the kernel's modules of networks."""
    made = scratch / "root.cpio"
    if made.exists():
        return made
    root = scratch / "root"
    for name in ("usr/bin", "usr/lib/modules", "share", "proc", "sys", "run", "dev", "tmp", "etc", "var/run"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{'bin' if name == 'sbin' else name}")
    (root / "usr" / "sbin").symlink_to("bin")
    for name in PROGRAMS:
        found = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
        if found is None:
            raise SystemExit(f"vm.py: {name} is missing")
        _copy_program(found, root)
    _copy_program(str(PYTHON), root)
    library = Path(os.path.realpath(PYTHON)).name
    left_out = shutil.ignore_patterns("test", "idlelib", "tkinter", "lib2to3", "ensurepip", "__pycache__")
    shutil.copytree(f"/usr/lib/{library}", root / "usr" / "lib" / library, ignore=left_out)
    for extension in sorted(Path(f"/usr/lib/{library}/lib-dynload").glob("*_ctypes.*")):
        _copy_program(str(extension), root)
    shutil.copytree("/usr/lib/x86_64-linux-gnu/xtables", root / "usr/lib/x86_64-linux-gnu/xtables")
    modules = next((kernel / "lib" / "modules").iterdir())
    for folder in ("net", "drivers/net", "drivers/virtio", "fs/9p", "fs/netfs", "fs/fscache", "lib", "crypto", "arch"):
        left_out = shutil.ignore_patterns("ethernet", "wireless", "can", "usb", "phy", "bluetooth", "mac80211", "kvm")
        shutil.copytree(modules / "kernel" / folder, root / "usr/lib/modules" / modules.name / "kernel" / folder, ignore=left_out)
    for name in ("modules.builtin", "modules.order"):
        shutil.copy(modules / name, root / "usr/lib/modules" / modules.name)
    subprocess.run(["depmod", "-b", str(root), modules.name], check=True)
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    subprocess.run(f"find . | cpio -o -H newc >{made} 2>/dev/null", shell=True, cwd=root, check=True)
    return made


def boot(kernel: Path, scratch: Path) -> None:
    """Run the machine until it has done all jobs of ``SCRATCH/share``."""
    image = next((kernel / "boot").glob("vmlinuz-*"))
    share = scratch / "share"
    for path in (Path(__file__), ROOT / "tests/support/prober.py", ROOT / "netwrap/sources/probe.sh"):
        shutil.copy(path, share)
    words = [
        "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "2G",
        "-nographic", "-nodefaults", "-serial", "stdio", "-no-reboot",
        "-kernel", str(image), "-initrd", str(pack(kernel, scratch)),
        "-append", "console=ttyS0 quiet panic=-1 no_timer_check rdinit=/init",
        "-fsdev", f"local,id=share,path={share},security_model=none", "-device", "virtio-9p-pci,fsdev=share,mount_tag=share",
    ]  # fmt: skip
    subprocess.run(words, stdin=subprocess.DEVNULL, check=True)


def inside() -> None:
    """Do the jobs, in the machine: make a host, capture it, send packets, remove it."""
    for path in sorted(Path("/share").glob("*.job")):
        job = json.loads(path.read_text())
        script = "\n".join([job["script"], "sleep 2"])
        subprocess.run(["sh", "-c", script], stdin=subprocess.DEVNULL, check=False)
        prober = subprocess.Popen(["python3", "/share/prober.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert prober.stdin is not None and prober.stdout is not None
        prober.stdin.write(json.dumps({"servers": job["names"]}) + "\n")
        prober.stdin.flush()
        prober.stdout.readline()  # the servers listen
        capture = subprocess.run(["sh", "/share/probe.sh"], capture_output=True, stdin=subprocess.DEVNULL, check=False).stdout
        came = prober.communicate(json.dumps({"pairs": job["pairs"]}))[0]
        path.with_suffix(".netwrap").write_bytes(capture)
        path.with_suffix(".json").write_text(json.dumps({**job, "came": json.loads(came or "[]")}))
        path.unlink()
        clean = "for name in $(ls /run/netns); do ip netns delete $name; done"
        subprocess.run(["sh", "-c", clean], check=False)
        print(path.stem, time.strftime("%H:%M:%S"), flush=True)


def compare(share: Path) -> int:
    """Trace every pair in the captures, print those that differ, and the totals; return the status of the program."""
    import packets

    from netwrap.answers import trace
    from netwrap.answers.walk.walker import Walker
    from netwrap.sources import opening

    found: list[packets.Compared] = []
    for path in sorted(share.glob("*.json")):
        job: dict[str, Any] = json.loads(path.read_text())
        host = opening.read(str(path.with_suffix(".netwrap")))
        walker = Walker(host)
        for (start, address), row in zip(job["pairs"], job["came"]):
            for proto, seen in zip(packets.PROTOCOLS, row):
                asked = trace.Asked(host.find(start), address, proto, None if proto == "icmp" else 7007)
                said = trace.trace(host, asked, walker)
                found.append(packets.Compared(start, address, proto, said, seen["came"], (), ()))
                if found[-1].kind in ("wrong", "wrong reached", "undecided"):
                    print(f"{path.stem} ({job['fault']}): {found[-1]}")
    total = packets.counts(found)
    right = total["right"] + total["wrong way"]  # which namespaces saw a packet tells little where links are stacked
    print(f"{len(found)} traces: {right} right, {dict(total)}")
    return 0 if right + total["undecided"] == len(found) else 1


def main(words: list[str]) -> int:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
    import kinds

    kernel, scratch = Path(words[0]), Path(words[1])
    first, count = (int(word) for word in [*words[2:], *("0", "11")[len(words[2:]) :]])
    (scratch / "share").mkdir(parents=True, exist_ok=True)
    for seed in range(first, first + count):
        imagined = kinds.imagine(seed)
        owned = re.findall(r"ip -n (\S+) address add (\S+?)/\d+ dev", imagined.script)
        pairs = sorted({(name, address) for name in imagined.names for owner, address in owned if owner != name})
        pairs = [pair for pair in pairs if pair not in owned][:: max(1, len(pairs) // 20)]
        job = {"script": imagined.script, "names": imagined.names, "pairs": pairs, "fault": imagined.fault}
        (scratch / "share" / f"{seed:04}-{imagined.kind}.job").write_text(json.dumps(job))
    if count:
        boot(kernel, scratch)
    return compare(scratch / "share")


if __name__ == "__main__":
    if sys.argv[1:] == ["inside"]:
        inside()
    else:
        sys.exit(main(sys.argv[1:]))
