"""The fixtures are stored once each, and every line of a PROVENANCE leads to a file."""

from __future__ import annotations

from fixture_files import FIXTURES, commands, stored


def test_no_two_files_of_a_command_are_alike() -> None:
    files = [path for path in sorted(FIXTURES.glob("*/*/*")) if path.suffix in (".txt", ".json")]
    kept = {(path.parent.parent.name, path.suffix, path.read_bytes()) for path in files}
    assert len(kept) == len(files)


def test_every_line_of_a_provenance_leads_to_a_file() -> None:
    for folder in sorted(path.parent for path in FIXTURES.glob("*/*/PROVENANCE")):
        for name in commands(folder):
            assert stored(folder / name).is_file(), (folder, name)
        assert {path.name for path in folder.iterdir()} - {"PROVENANCE"} <= set(commands(folder)), folder


def test_a_release_that_prints_the_same_is_read_from_the_other() -> None:
    path = FIXTURES / "ip_link" / "iproute2-7.3.0" / "type.txt"
    assert not path.exists() and stored(path) == FIXTURES / "ip_link" / "iproute2-5.9.0" / "type.txt"
    assert commands(path.parent)["type.txt"] == "ip link show type veth"
