"""The modules of netwrap/commands fit together with the parsers, the tables and the command lines."""

from __future__ import annotations

import subprocess
import sys

import pytest
from fixture_files import read, texts
from rooms import ROOT

import parsers
from netwrap import commands
from netwrap.commands import request
from netwrap.commands.line import understand
from parsers import records


@pytest.mark.parametrize("name", commands.names())
def test_a_command_has_all_its_parts(name: str) -> None:
    command = commands.module(name)
    assert name in parsers.names()
    assert command.CALLED and command.__doc__
    keys = {*getattr(records, command.RECORD).__annotations__, "netns", "unparsed"}
    words = {key for key, _ in getattr(command, "FILTERS", {}).values()}
    assert words <= keys, "a filter asks for a key that no record has"
    assert set(getattr(command, "SAME", {})) <= set(getattr(command, "FILTERS", {}))
    columns = [column.rstrip("?") for column in command.COLUMNS.split()]
    assert len(set(columns)) == len(columns)
    for path in texts(name)[:5]:
        for record in parsers.parse(name, read(path), strict=False)[0]:
            for cells in command.rows(record):
                assert set(columns) <= set(cells), path


@pytest.mark.parametrize("name", [name for name in commands.names() if "_" in name or hasattr(commands.module(name), "shows")])
def test_the_line_that_shows_the_whole_table_is_understood(name: str) -> None:
    words = commands.module(name).COMMAND.split()
    assert understand(words).parser == name
    asked = request.read(words)
    assert asked is not None and asked.verb == "show" and not asked.unknown
    assert request.read(words) is asked  # remembered


@pytest.mark.parametrize(("binary", "noun", "name"), [
    ("ip", "address", "ip_address"), ("ip", "neighbor", "ip_neigh"), ("ip", "maddress", "ip_maddr"),
    ("bridge", "vlan", "bridge_vlan"),
    ("ip", "vlan", None), ("ip", "", None), ("bridge", "mdb", None), ("line", "", None),
])  # fmt: skip
def test_a_command_is_found_by_its_name(binary: str, noun: str, name: str | None) -> None:
    assert commands.of_object(binary, noun) == name


def test_binaries() -> None:
    assert set(commands.of_binary("netstat")) >= {"route"} and commands.of_binary("arp") == ("arp",)
    assert commands.of_binary("ls") == commands.of_binary("request") == commands.of_binary("ip_link") == ()


def test_only_the_commands_that_are_named_are_loaded() -> None:
    code = "import sys; from netwrap.commands.line import understand; understand(['ip', 'route']); " + (
        "print(sorted(name for name in sys.modules if name.startswith(('netwrap.commands.', 'parsers'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=30)
    assert done.stdout.strip() == "['netwrap.commands.ip_route', 'netwrap.commands.line']"
