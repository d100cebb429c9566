"""`--netns` and `--all-netns` live: all namespaces, by every name that `report` prints, and the other ends of links by name."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rooms import Netwrap, Rooms, run

pytestmark = pytest.mark.root


@pytest.fixture
def nameless() -> Iterator[int]:
    """The pid of a process in a network namespace without a name, in which lo has the mtu 4321."""
    words = ["unshare", "-n", "sh", "-c", "ip link set lo mtu 4321; echo up; exec sleep 60"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"up\n"
        while Path(f"/proc/{process.pid}/comm").read_text() != "sleep\n":
            time.sleep(0.01)
        yield process.pid
        process.kill()


def test_all_means_all(netwrap: Netwrap, rooms: Rooms, nameless: int) -> None:
    red = rooms.cabled("red")
    found = json.loads(netwrap("--all-netns", "ip", "link", "show", "dev", "lo", "--format", "json").stdout)
    by_name = {link["netns"]: link["mtu"] for link in found}
    assert None in by_name and red in by_name and by_name[f"pid {nameless} (sleep)"] == 4321
    named = json.loads(netwrap("--named-netns", "ip", "link", "show", "dev", "lo", "--format", "json").stdout)
    names = [link["netns"] for link in named]
    assert names[0] is None and red in names and f"pid {nameless} (sleep)" not in names


def test_every_name_that_report_prints(netwrap: Netwrap, rooms: Rooms, nameless: int) -> None:
    red = rooms.cabled("red")
    inode = run(["readlink", f"/proc/{nameless}/ns/net"]).strip()
    for name in (f"pid {nameless}", str(nameless), f"pid {nameless} (sleep)", inode, inode[5:-1]):
        done = netwrap("--netns", name, "ip", "link", "--columns", "mtu", "--format", "csv", "--no-header")
        assert done.stdout == "4321\n", (name, done)
    done = netwrap("--netns", f"{red[:-2]}*", "ip", "link", "--format", "json")
    assert sorted(row["ifname"] for row in json.loads(done.stdout)) == ["lo", "v0", "v1"]
    assert netwrap("--netns", "(root)", "ip", "link", "--count").stdout == netwrap("ip", "link", "--count").stdout
    done = netwrap("--netns", f"pid {nameless}", "ip", "link", "set", "lo", "mtu", "4000")
    assert (done.returncode, done.stderr) == (0, "")
    assert "mtu 4000" in run(["nsenter", "-t", str(nameless), "-n", "ip", "link", "show", "lo"])


def test_the_other_end_by_name(netwrap: Netwrap, rooms: Rooms) -> None:
    red, blue = rooms.add("red"), rooms.add("blue")
    rooms.batch(f"link add r0 mtu 1400 type veth peer name b0 mtu 1500 netns {blue}\n", red)
    for words in (["ip", "-n", red, "link"], ["--netns", red, "--netns", blue, "ip", "link"]):
        done = netwrap(*words, "--where", "ifname=r0", "--columns", "peer", "--format", "csv", "--no-header")
        assert done.stdout == f"b0@{blue}\n", (words, done)
    done = netwrap("--all-netns", "ip", "link", "--where", "mtu<@peer.mtu", "--where", f"netns~^{red[:-3]}", "--format", "json")
    assert [(link["netns"], link["ifname"]) for link in json.loads(done.stdout or "[]")] == [(red, "r0")], done


def test_the_option_that_brings_a_column_is_added(netwrap: Netwrap, rooms: Rooms) -> None:
    red = rooms.cabled("red")
    for words in (["ip", "-n", red, "link"], ["--netns", red, "ip", "link"]):
        done = netwrap(*words, "--where", "kind=veth", "--columns", "ifname", "--format", "csv", "--no-header")
        assert sorted(done.stdout.split()) == ["v0", "v1"], done
        done = netwrap(*words, "--where", "rx_bytes>=0", "--count")
        assert done.stdout == "3\n", done
    rooms.ip(red, "route", "add", "10.7.0.0/16", "dev", "v0", "table", "100")
    done = netwrap("ip", "-n", red, "route", "--where", "table=100", "--columns", "dst", "--format", "csv", "--no-header")
    assert done.stdout == "10.7.0.0/16\n", done
