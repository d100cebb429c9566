"""`ip netns`: the wrapper, on real namespaces."""

from __future__ import annotations

import os

import pytest
from rooms import Rooms

from netwrap import errors, ip_netns

pytestmark = pytest.mark.root


def test_a_namespace_comes_and_goes(rooms: Rooms) -> None:
    red = rooms.name("red")
    ip_netns.add(red)
    assert red in [entry["name"] for entry in ip_netns.show()]
    with pytest.raises(errors.AlreadyExists, match="File exists"):
        ip_netns.add(red)
    ip_netns.delete(red)
    assert red not in [entry["name"] for entry in ip_netns.show()]
    with pytest.raises(errors.NoSuchNetns):
        ip_netns.delete(red)


def test_attach_names_the_namespace_of_a_process(rooms: Rooms) -> None:
    own = rooms.name("own")
    ip_netns.attach(own, os.getpid())
    assert os.path.samefile(f"/run/netns/{own}", "/proc/self/ns/net")
    with pytest.raises(errors.AlreadyExists):
        ip_netns.attach(own, os.getpid())
    with pytest.raises(errors.NotFound):
        ip_netns.attach(rooms.name("none"), 2**22)  # more than the kernel's pid_max
    with pytest.raises(errors.InvalidArgument, match="pid 0 is not a number"):
        ip_netns.attach(rooms.name("zero"), 0)


def test_ids_are_given_within_a_namespace(rooms: Rooms) -> None:
    red, blue, green = rooms.add("red"), rooms.add("blue"), rooms.add("green")
    ip_netns.set(blue, 77, netns=red)
    assert ip_netns.list_id(red) == [{"nsid": 77, "name": blue}]
    ip_netns.set(green, "auto", netns=red)
    assert {entry["name"] for entry in ip_netns.list_id(red)} == {blue, green}
    with pytest.raises(errors.AlreadyExists):
        ip_netns.set(blue, 78, netns=red)  # it has one
    with pytest.raises(errors.NoSuchNetns):
        ip_netns.set(rooms.name("none"), 5, netns=red)
    with pytest.raises(errors.InvalidArgument):
        ip_netns.set(blue, -1, netns=red)


def test_exec_runs_in_the_namespace(rooms: Rooms) -> None:
    red = rooms.add("red")
    assert ip_netns.exec(red, ["ip", "-br", "link"]).split()[0] == "lo"
    assert ip_netns.exec(red, ["cat"], stdin="given\n") == "given\n"
    assert ip_netns.exec(red, ["printf", "%s", "a b", "-n", "$HOME"]) == "a b-n$HOME"
    with pytest.raises(errors.CommandMissing) as missing:
        ip_netns.exec(red, ["no-such-program"])
    assert missing.value.status == 127
    with pytest.raises(errors.NoSuchNetns):
        ip_netns.exec(rooms.name("none"), ["true"])
    with pytest.raises(errors.CommandFailed) as failed:
        ip_netns.exec(red, ["sh", "-c", "echo why >&2; exit 7"])
    assert (failed.value.status, failed.value.stderr) == (7, "why")
    with pytest.raises(errors.UsageError):
        ip_netns.exec(red, [])


def test_identify_and_pids(rooms: Rooms) -> None:
    red = rooms.add("red")
    assert ip_netns.pids(red) == []
    assert ip_netns.exec(red, ["ip", "netns", "identify"]).strip() == red
    with pytest.raises(errors.NoSuchNetns):
        ip_netns.pids(rooms.name("none"))


@pytest.mark.parametrize("name", ["", "-x", "--help", "-all"])
def test_a_name_is_no_option(name: str) -> None:
    for call in (ip_netns.add, ip_netns.delete, ip_netns.pids):
        with pytest.raises(errors.InvalidArgument) as refused:
            call(name)
        assert refused.value.status == 2
    with pytest.raises(errors.InvalidArgument):
        ip_netns.exec(name, ["true"])
    with pytest.raises(errors.InvalidArgument):
        ip_netns.set(name, 5)


@pytest.mark.parametrize("name", ["a/b", "..", "x" * 300])
def test_what_no_file_can_be_called(name: str) -> None:
    with pytest.raises(errors.InvalidArgument):
        ip_netns.add(name)
