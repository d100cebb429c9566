"""Strictness: no word of a damaged text vanishes, problems are reported, and texts of other programs are recognised as such."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest
from accounting import damaged, known, shape, unaccounted, vanished
from fixture_files import label, read, texts
from portion import chosen

import parsers

# Lines whose numbers a record has in another unit.
_CONVERTED = re.compile(r"\b[kmg]bytes\b")
COMMANDS = [name for name in parsers.names() if texts(name)]


def _plain(command: str = "*") -> list[Path]:
    """The texts, but the kernel's own tables (hexadecimal: test_arp, test_route) and sentences in the place of a table."""
    return [path for path in texts(command) if not path.parent.name.startswith("proc-") and not path.stem.startswith("none")]


# Commands whose words become something else: masks are lengths, letters names of flags; keys have other separators.
_OTHER_WORDS = ("ifconfig", "sysctl")


@pytest.mark.parametrize("path", [path for path in _plain() if path.parent.parent.name not in _OTHER_WORDS], ids=label)
def test_every_word_is_accounted_for(path: Path) -> None:
    command = path.parent.parent.name
    records, problems = parsers.parse(command, read(path), strict=False)
    assert unaccounted(read(path), records, problems, known(command)) == []


def _surroundings(lines: list[str], at: int) -> tuple[list[str], list[str]]:
    """The lines that a line needs around it: the first of its record, a table's header, what follows."""
    start = at
    while start > 0 and at - start < 12 and lines[start][:1] in ("", " ", "\t"):
        start -= 1
    return (lines[:2] if start > 1 else []) + lines[start:at], lines[at + 1 : at + 3]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_word_vanishes(command: str) -> None:
    """A nonsense word, or a repeated line or word, is reported, tried at one in twelve kinds of places."""
    parse = parsers.module(command).parse
    words = known(command)
    seen = set()
    for path in _plain(command):
        lines = read(path).split("\n")
        for at, line in enumerate(lines):
            before, behind = _surroundings(lines, at)
            parts = re.split(r"([ \t]+)", line)
            places = [place for place, part in enumerate(parts) if part.strip()]
            kinds = shape(line, words)
            for number, place in enumerate(places):
                kind = (kinds[0], *kinds[max(number - 1, 0) : number + 2], number == len(places) - 1)
                if kind in seen:
                    continue
                seen.add(kind)
                if not chosen((command, kind), 12):
                    continue
                for changed, nonsense in damaged(parts, place):
                    if nonsense.isdigit() and _CONVERTED.search(changed):
                        continue
                    if command == "wg" and re.match(r" *(private|preshared) key: ", changed):
                        continue  # a secret, whatever stands there, is not repeated
                    text = "\n".join([*before, changed, *behind])
                    records, problems = parse(text, strict=False)
                    assert not vanished([nonsense], records, problems), f"{label(path)}:{at + 1}: {changed!r}"
                    if not problems:
                        assert parse(text) == records
                        continue
                    with pytest.raises(parsers.ParseError) as caught:
                        parse(text)
                    first = min(problems, key=lambda problem: problem.line_number)
                    assert str(caught.value) in map(str, problems) and caught.value.line_number >= first.line_number


# -- what an error says --------------------------------------------------------------------------------------------


def test_an_error_is_one_line_and_shows_control_characters() -> None:
    with pytest.raises(parsers.ParseError) as caught:
        parsers.parse("ip_route", "default via 10.0.0.1 dev eth0\n\x1b]0;gotcha\x07\u202e rm -rf\x00")
    error = caught.value
    assert (error.line_number, error.line) == (2, "\x1b]0;gotcha\x07\u202e rm -rf\x00")
    assert str(error) == ("line 2: expected a route ('DST via GATEWAY dev DEVICE ...'): '\\x1b]0;gotcha\\x07\\u202e rm -rf\\x00'")


def test_a_long_line_is_cut_in_the_message_only() -> None:
    line = "x" * 10_000
    with pytest.raises(parsers.ParseError) as caught:
        parsers.parse("arp", line)
    assert caught.value.line == line
    assert len(str(caught.value)) < 400


def test_an_error_survives_pickling() -> None:
    error = parsers.ParseError(3, "foo", "expected a rule")
    again = pickle.loads(pickle.dumps(error))
    assert (again.line_number, again.line, again.reason, str(again)) == (3, "foo", "expected a rule", str(error))


@pytest.mark.parametrize("command", [name for name in parsers.names() if name != "ip_netns"])
def test_a_line_that_fits_nowhere_says_what_was_expected(command: str) -> None:
    with pytest.raises(parsers.ParseError, match=r"^line 1: expected .*: '.*'$"):
        parsers.parse(command, "nothing of the kind, at all!")


@pytest.mark.parametrize(
    "command,text,where",
    [
        ("ip_route", "default via 10.0.0.1 dev eth0\nwhat is this?\n\tnexthop via 10.0.0.2 dev eth0 weight 1", [2, 3]),
        ("ip_link", "1: lo: <UP> mtu 1\n2: eth0 <UP> mtu\n    link/ether 02:00:00:00:00:01", [2, 3]),
        ("bridge_vlan", "port vlan-id\nbr0   1 PVID\nwhat is this?\n      7", [3, 4]),
    ],
)
def test_lines_below_one_that_cannot_be_read_go_to_no_other_record(command: str, text: str, where: list[int]) -> None:
    records, problems = parsers.parse(command, text, strict=False)
    assert [problem.line_number for problem in problems] == where
    assert len(records) == 1


def test_lines_are_counted_as_an_editor_does() -> None:
    _, problems = parsers.parse("ip_rule", "\n\n0:\tfrom all lookup local\r\n\nwhat?\n", strict=False)
    assert [problem.line_number for problem in problems] == [5]


def test_an_unknown_parser_is_named() -> None:
    with pytest.raises(ValueError, match="no parser is named 'ifconfigs'; there are: arp, brctl, bridge_fdb"):
        parsers.module("ifconfigs")


# -- detect --------------------------------------------------------------------------------------------------------

FOREIGN = {
    "empty": "",
    "blank lines": "\n \n\t\n",
    "ls -l": "total 12\n-rw-r--r-- 1 root root 4096 Nov 26 10:00 README.md\ndrwxr-xr-x 2 root root 4096 Nov 26 10:00 tests\n",
    "ls": "README.md\ntests\n",
    "prose": "The quick brown fox jumps over the lazy dog.\nA route is a way from here to there, via somewhere else.\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n10.0.0.7 router.example.net router\n",
    "resolv.conf": "nameserver 10.0.0.1\nsearch example.net\n",
    "ping": "PING 10.0.0.1 (10.0.0.1) 56(84) bytes of data.\n64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=0.05 ms\n",
    "ebtables": "Bridge table: filter\n\nBridge chain: INPUT, entries: 0, policy: ACCEPT\n",
    "ps": "    PID TTY          TIME CMD\n      1 ?        00:00:02 systemd\n",
    "windows route": "Network Destination        Netmask          Gateway       Interface  Metric\n"
    "          0.0.0.0          0.0.0.0      192.168.0.1    192.168.0.10     25\n",
    "macos arp": "? (10.0.0.1) at 0:11:22:33:44:55 on en0 ifscope [ethernet]\n",
    "cisco": "Gateway of last resort is 10.0.0.1 to network 0.0.0.0\nS*    0.0.0.0/0 [1/0] via 10.0.0.1\n",
    "one word": "hello\n",
    "numbers": "1\n2\n3\n",
    "addresses": "10.0.0.1\n10.0.0.2\n",
    "json of docker": '[{"Id": "abc", "Name": "/web", "NetworkSettings": {"IPAddress": "172.17.0.2"}}]',
    "json of lsblk": '{"blockdevices": [{"name": "sda", "size": "10G", "type": "disk"}]}',
    "json of kubectl": '{"apiVersion": "v1", "items": [], "kind": "List"}',
    "json array of numbers": "[1, 2, 3]",
    "empty json": "[]",
    "broken json": '[{"dst": ',
    "csv": "name,address\neth0,10.0.0.1\n",
    "binary": "\x7fELF\x02\x01\x01\x00\x00\x00",
}


def test_words_that_are_new_to_us_do_not_hide_a_command() -> None:
    text = "".join(f"10.0.{number}.0/24 via 10.0.0.1 dev eth0 proto static metric 7\n" for number in range(9))
    assert parsers.detect(text + "default via 10.0.0.2 dev eth0 newword") == ["ip_route"]


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_texts_are_none_of_ours(name: str) -> None:
    assert parsers.detect(FOREIGN[name]) == []
