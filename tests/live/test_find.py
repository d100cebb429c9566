"""The command that ``find`` prints for each place shows the searched value."""

from __future__ import annotations

import json
import subprocess

import pytest
from rooms import Netwrap, Rooms


@pytest.mark.root
def test_live_commands_work(netwrap: Netwrap, rooms: Rooms) -> None:
    red = rooms.add("red")
    rooms.batch("link add v0 type veth peer name v1\nlink set v0 up\nlink set v1 up\naddress add 10.93.0.1/24 dev v0\n"
                "route add 10.94.0.0/16 via 10.93.0.2\nneigh add 10.93.0.2 lladdr 02:00:00:00:93:02 dev v0", red)  # fmt: skip
    found = json.loads(netwrap("find", "10.93.0.0/16", "--format", "json").stdout)
    assert [place["role"] for place in found][:2] == ["owner", "neighbour"]
    for place in found:
        said = subprocess.run(["sh", "-c", place["command"]], capture_output=True, text=True, timeout=20).stdout
        assert "10.93.0." in said, place
