"""Completion, asked of real shells, and the manual page; both come from the table of options."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rooms import ROOT, Netwrap

from netwrap.verbs import _manual, _options, completion

SHARE = {"man": "netwrap.1", "bash": "netwrap", "zsh": "_netwrap", "fish": "netwrap.fish"}


@pytest.mark.parametrize("what", SHARE)
def test_what_is_packed_is_what_is_printed(netwrap: Netwrap, what: str) -> None:
    assert netwrap("completion", what).stdout == (ROOT / "share" / SHARE[what]).read_text(), "run: sh share/make"


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("netwrap ", ["ip", "report", "lab", "help"]),
        ("netwrap --f", ["--format", "--from"]),
        ("netwrap --format js", ["json", "jsonl"]),
        ("netwrap -o ya", ["yaml"]),
        ("netwrap report --format=js", ["--format=json", "--format=jsonl"]),
        ("netwrap report --columns netns,def", ["netns,default"]),
        ("netwrap report --sort -ne", ["-netns", "-neighs"]),
        ("netwrap ip link --where mt", ["mtu="]),
        ("netwrap arp --columns hw", ["hwtype", "hwaddress"]),
        ("netwrap lab v", ["verify"]),
        ("netwrap lab up brid", ["bridge"]),
        ("netwrap lab export --ou", ["--output"]),
        ("netwrap --color al", ["always"]),
        ("netwrap ip li", ["@delegate"]),
        ("netwrap completion f", ["fish"]),
        ("netwrap help fi", ["find"]),
        ("netwrap --netns '(ro", ["(root)"]),
    ],
)  # fmt: skip
def test_words(line: str, some: list[str]) -> None:
    found = completion.words(line)
    assert set(some) <= set(found), found


def test_the_columns_are_those_of_the_table() -> None:
    assert completion.words("netwrap ip link --columns sco") == completion.words("netwrap ip neigh --sort ifi") == []
    assert completion.words("netwrap -n red ip -d neigh show --columns ll") == ["lladdr"]
    assert completion.words("netwrap ip a --columns=sco") == ["--columns=scope"]


def test_every_verb_and_option_can_be_completed() -> None:
    for verb in _options.VERBS:
        line = f"netwrap {verb[:-1]}"
        assert verb.split()[-1] in completion.words(line), line
        for option in _options.of(verb):
            assert option.name in completion.words(f"netwrap {verb} {option.name[:-1]}")


@pytest.fixture
def path(tmp_path: Path) -> dict[str, str]:
    """An environment in which `netwrap` is the one of this checkout."""
    script = tmp_path / "netwrap"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m netwrap "$@"\n')
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path), "TERM": "dumb"}


def has(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")


@pytest.mark.parametrize(
    ("line", "wanted"),
    [("netwrap repo", ["report"]), ("netwrap report --format js", ["json", "jsonl"]), ("netwrap lab up brid", ["bridge"]),
     ("netwrap report --columns netns,def", ["netns,default"]), ("netwrap ip link --where mt", ["mtu="])],
)  # fmt: skip
def test_bash(path: dict[str, str], line: str, wanted: list[str]) -> None:
    has("bash")
    words = line.split()
    script = (
        f"source {ROOT}/share/netwrap; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; COMP_LINE='{line}'; "
        'COMP_POINT=${#COMP_LINE}; _netwrap; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script], env=path, capture_output=True, text=True, timeout=60)
    assert [word for word in done.stdout.split("\n") if word] == wanted, done


def test_fish(path: dict[str, str]) -> None:
    has("fish")
    for line, wanted in (("netwrap repo", "report"), ("netwrap lab up brid", "bridge"), ("netwrap ip link --where mt", "mtu=")):
        done = subprocess.run(["fish", "-c", f"source {ROOT}/share/netwrap.fish; complete -C '{line}'"], env=path,
                              capture_output=True, text=True, timeout=60)  # fmt: skip
        assert wanted in done.stdout.split(), done


def test_zsh(path: dict[str, str]) -> None:
    """zsh has no way to ask for completions but a terminal: a line is typed, then Tab."""
    has("zsh")
    import pty
    import select
    import time

    pid, master = pty.fork()
    if pid == 0:
        os.execvpe("zsh", ["zsh", "-f", "-i"], {**path, "TERM": "vt100"})
    seen = b""

    def until(mark: bytes) -> None:
        nonlocal seen
        end = time.monotonic() + 60
        while mark not in seen and time.monotonic() < end:
            if select.select([master], [], [], 0.2)[0]:
                try:
                    seen += os.read(master, 65536)
                except OSError:
                    break
        assert mark in seen, seen

    try:
        os.write(master, f"autoload -U compinit && compinit -u && source {ROOT}/share/_netwrap && echo rea''dy\n".encode())
        until(b"ready")
        os.write(master, b"netwrap repo\t")
        until(b"netwrap report")
        os.write(master, b"\x15netwrap lab up brid\t")
        until(b"up bridge")
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(master)


def test_the_manual_page() -> None:
    page = _manual.page()
    for option in _options.ALL:
        assert option.name.replace("-", "\\-") in page
    for verb in _options.VERBS:
        assert ".B " + verb.replace("-", "\\-") in page
    file = ROOT / "share" / "netwrap.1"
    if shutil.which("mandoc"):
        done = subprocess.run(["mandoc", "-T", "lint", str(file)], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, ""), done.stdout
    if shutil.which("man"):
        done = subprocess.run(["man", "--warnings", "-l", str(file)], capture_output=True, text=True,
                              env={**os.environ, "MANPAGER": "cat", "LC_ALL": "C.UTF-8"})  # fmt: skip
        assert done.returncode == 0 and "NETWRAP(1)" in done.stdout and done.stderr == ""
