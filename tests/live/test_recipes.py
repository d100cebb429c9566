"""docs/recipes.md on a running host: each command, without its capture, finds live what it finds in the capture of that host."""

from __future__ import annotations

import re
import shlex
import socket
from pathlib import Path

import pytest
from private_host import PrivateHost
from rooms import ROOT

COMMANDS = re.findall(r"^\$ netwrap (.*)\n((?:(?!```).*\n)*)```$", (ROOT / "docs" / "recipes.md").read_text(), re.M)
#: Findings are asked for with status 1; a trace that stops, too.
FOUND = ("check", "diff", "trace cache")


def first_words(text: str) -> list[str]:
    """The first word of each line, in most of them a namespace, without the evidence below it and what is counted."""
    text = text.replace(socket.gethostname(), "shop")
    return [
        line.split()[0] for line in text.split("\n") if re.match(r"\S", line) and not re.match(r"-|\d+ more |netwrap: ", line)
    ]


@pytest.mark.root
def test_every_question_is_answered_live(private_host: PrivateHost, tmp_path: Path) -> None:
    assert len(COMMANDS) == 22
    host, before = private_host, str(tmp_path / "before.netwrap")
    host.sh(f"cd {ROOT}; sh fixtures/host/make-shop.sh before")
    assert host.netwrap("capture", "-o", before).returncode == 0
    host.sh(f"cd {ROOT}; sh fixtures/host/make-shop.sh after")
    for command, shown in COMMANDS:
        words = shlex.split(command.replace("--from fixtures/host/shop.netwrap", ""))
        words = ["diff", before] if words[0] == "diff" else words
        done = host.netwrap(*words)
        assert done.returncode == (1 if command.startswith(FOUND) else 0), done
        assert first_words(done.stdout) == first_words(shown), done
