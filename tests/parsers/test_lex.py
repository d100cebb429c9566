"""The lexing that all parsers share: streamed lines, names with odd blanks, the order of keys, memory and threads."""

from __future__ import annotations

import gc
import random
import threading
from collections.abc import Iterator

import pytest

import parsers
from parsers import arp, ip_neigh, ip_route, lex, route
from tests.bench import tables


def test_a_stream_is_cleaned_as_a_text_is() -> None:
    lines = ["\x1b[1;36mdefault\x1b[0m dev eth0 \r\n", "\n", " \t\r\n", "10.0.0.0/8 dev eth0\r\r\n", "10.1.0.0/16 dev eth0"]
    wanted = ip_route.parse("".join(lines))
    assert [one["dst"] for one in wanted] == ["default", "10.0.0.0/8", "10.1.0.0/16"]
    assert list(ip_route.iter_parse(lines)) == wanted
    problems: list[parsers.ParseError] = []
    assert list(ip_route.iter_parse([*lines, "what?", ""], problems)) == wanted
    assert [problem.line_number for problem in problems] == [6]
    with pytest.raises(parsers.ParseError, match="line 2"):
        list(ip_route.iter_parse(["default dev eth0\n", "what?\n"]))


@pytest.mark.parametrize("blank", ["\x1c", "\x1f", "\x85", "\u2028", "\u3000", "\u200a", "\u1680"])
def test_a_name_may_hold_what_python_takes_for_a_blank(blank: str) -> None:
    name = f"a{blank}b"
    assert ip_route.parse(f"default dev {name} metric 5")[0]["dev"] == name
    assert next(iter(ip_route.iter_parse([f"default dev {name} metric 5\n"])))["dev"] == name
    assert ip_neigh.parse(f"10.0.0.1 dev {name} lladdr 02:00:00:00:00:01 STALE")[0]["dev"] == name
    assert arp.parse(f"? (10.0.0.1) at 02:00:00:00:00:01 [ether] on {name}")[0]["iface"] == name
    assert route.parse(f"10.0.0.0        0.0.0.0         255.0.0.0       U     0      0        0 {name}")[0]["iface"] == name
    assert parsers.parse("ip_link", f"1: {name}: <UP> mtu 1")[0]["ifname"] == name


def test_words() -> None:
    assert lex.split("a  b\tc ") == ["a", "b", "c"] == lex.split("a b c")
    assert lex.octets("ü\udc80") == b"\xc3\xbc\x80" and lex.octets("\ud800") == b"\xed\xa0\x80"
    for wrong in ("", "x", "1_0", "²", "١", "１", "+1", " 1", "1 ", "9" * 21, "--1", "0x1", "1.0"):
        with pytest.raises(ValueError, match="is not a number"):
            lex.number(wrong)
    assert (lex.number("-5"), lex.counter("1.5k"), lex.counter("²"), lex.counter("7")) == (-5, "1.5k", "²", 7)


def _shuffled(lines: Iterator[str]) -> list[str]:
    found = list(lines)
    random.Random(7).shuffle(found)
    return found


def test_what_was_read_before_changes_nothing() -> None:
    """A line says the same alone, among its like, after others, and read again: values, and the order of keys."""
    lines = _shuffled(tables.route_lines(300)) + [
        "10.0.0.0/8 dev a b c d\n", "10.0.0.0/8 via inet6 fe80::1 dev eth0\n", "blackhole 10.9.0.0/16\n", "10.0.0.0/8 onlink\n",
        "10.0.0.0/8 dev eth0 pref medium metric 5 onlink\n", "10.0.0.0/8 metric 7 metric 8 dev eth0\n", "10.0.0.0/8\n",
    ]  # fmt: skip
    alone = [parsers.parse("ip_route", line)[0] for line in lines]
    together = parsers.parse("ip_route", "".join(lines + lines))
    assert together == alone + alone
    assert [list(one) for one in together] == [list(one) for one in alone + alone]
    assert together[0]["flags"] is not together[len(alone)]["flags"]


def test_a_table_whose_lines_all_differ() -> None:
    lines = [f"10.0.{number >> 8}.{number & 255} via 10.9.{number >> 8}.{number & 255} dev eth0 \n" for number in range(12_000)]
    found = parsers.parse("ip_route", "".join(lines))
    assert [(one["dst"], one["gateway"]) for one in found] == [tuple(line.split()[:3:2]) for line in lines]


def test_the_collector_of_garbage_stays_as_it_was() -> None:
    for wanted in (True, False):
        (gc.enable if wanted else gc.disable)()
        try:
            parsers.parse("ip_route", "default dev eth0")
            assert gc.isenabled() == wanted
            with pytest.raises(parsers.ParseError):
                parsers.parse("ip_route", "what?")
            assert gc.isenabled() == wanted
        finally:
            gc.enable()


def test_threads_do_not_disturb_each_other() -> None:
    text = "".join(_shuffled(tables.route_lines(500)))
    wanted = parsers.parse("ip_route", text)
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(parsers.parse("ip_route", text) == wanted)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4


def test_large_tables_are_read_as_small_ones() -> None:
    """The quick ways through tables say what the slow ones say."""
    entries = list(tables.arp_lines(400))
    assert arp.parse("".join(entries)) == [arp.parse(line)[0] for line in entries[1:]] == list(arp.iter_parse(entries))
    entries = list(tables.arp_a_lines(400))
    entries += [f"? (10.0.0.{at}) at {mac} [ether] on eth9\n" for at, mac in enumerate(["", "02:00:00:00:00:01", "", ""])]
    assert arp.parse("".join(entries + entries)) == [arp.parse(line)[0] for line in entries] * 2
    with pytest.raises(parsers.ParseError):
        arp.parse("".join([*entries, "? (10.0.0.x) at <incomplete> on eth3\n"]))
    rows = list(tables.route_n_lines(400))
    assert route.parse("".join(rows)) == [route.parse(line)[0] for line in rows[2:]] == list(route.iter_parse(rows))
    for detailed in (True, False):
        links = [tables.detailed_link(number) if detailed else tables.plain_link(number) for number in range(2, 60)]
        assert parsers.parse("ip_link", "".join(links)) == [parsers.parse("ip_link", one)[0] for one in links]


def test_a_million_lines_in_constant_memory() -> None:
    """No record is held longer than the line behind it (``tests/bench/parsers.py`` measures the whole process)."""
    taken: list[int] = []

    def lines() -> Iterator[str]:
        for number, line in enumerate(tables.route_lines(2000)):
            taken.append(number)
            yield line

    for seen, _ in enumerate(ip_route.iter_parse(lines())):
        assert len(taken) - seen <= 3
