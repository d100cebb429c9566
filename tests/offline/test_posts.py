"""Posts of forums, trackers, mailing lists and chats: their tables, machines and addresses, and the remarks on the rest.

A file of ``fixtures/session/posts`` is a post, and below ``@@ expect`` the right reading of it:

- ``T HOST NETNS PARSER RECORDS``: a table, in the order of the post (``-``: none; ``~``: a blank);
- ``F WORD ...``: words that ``find`` knows; ``N WORD ...``: words that are in no table;
- ``O HOST NETNS ADDRESS/LENGTH LINK``: an address that a link has;
- ``S PATTERN``: a remark; ``Q``: nothing is lost (status 0); ``L``: something is lost (status 1).
"""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
from fixture_files import FIXTURES

from netwrap import cli
from netwrap.answers import find
from netwrap.errors import NetwrapError
from netwrap.sources import opening, session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from netwrap.model.host import Host

POSTS = sorted((FIXTURES / "session" / "posts").glob("*.txt"))
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)", re.ASCII)


def name(word: str | None) -> str:
    return (word or "-").replace(" ", "~")


def tables(text: str) -> list[str]:
    shown = [block for block in session.blocks(text) if block.parser and (block.lines or block.said or not block.part)]
    return [f"{name(block.host)} {name(block.netns)} {block.parser} {len(block.records)}" for block in shown]


def owners(host: Host) -> list[str]:
    return [
        f"{name(host.name)} {name(netns.name)} {entry['local']}/{entry['prefixlen']} {link['ifname']}"
        for netns in host.namespaces
        for link in netns.addresses or ()
        for entry in link.get("addr_info", ())
        if "prefixlen" in entry and "ifname" in link
    ]


def parsed(path: Path) -> tuple[int, str]:
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        return cli.main(["parse", str(path)]), said.getvalue()


@pytest.mark.parametrize("post", POSTS, ids=lambda post: post.stem)
def test_a_post_is_read_as_a_person_reads_it(post: Path, tmp_path: Path) -> None:
    text, _, expectations = post.read_bytes().decode().partition("@@ expect\n")
    path = tmp_path / "post"
    path.write_bytes(text.encode())
    expected: dict[str, list[str]] = {}
    for line in expectations.splitlines():
        expected.setdefault(line[0], []).append(line[2:])
    assert tables(text) == expected.get("T", [])
    try:
        hosts = opening.hosts([str(path)])
    except NetwrapError:
        assert "F" not in expected  # nothing in the text is a table, and that is said
        hosts = []
    status, said = parsed(path)
    said += "".join(f"{line}\n" for host in hosts for line in (*host.notes, *host.problems))
    for word in " ".join(expected.get("F", ())).split():
        assert any(find.find(host, word) for host in hosts), word
    for word in " ".join(expected.get("N", ())).split():
        assert not any(find.find(host, word) for host in hosts), word
    assert set(expected.get("O", ())) <= {owner for host in hosts for owner in owners(host)}
    for pattern in expected.get("S", ()):
        assert re.search(pattern, said), said
    if "Q" in expected or "L" in expected:
        assert status == ("L" in expected), said
    for word in IPV4.findall(text) if hosts else ():  # of no address that stands in the post `find` says that it is nowhere
        assert any(find.find(host, word) or find.mentions(host, word) for host in hosts), word
