"""`nft list ruleset`: cases beyond the matrix of fixtures (test_pairs, test_strict)."""

from __future__ import annotations

import pytest
from fixture_files import FIXTURES, read

import parsers
from parsers import nft, nft_text

FOLDER = FIXTURES / "nft" / "nft-1.0.6"

SAMPLE = """\
# Warning: table ip nat is managed by iptables-nft, do not touch!
table inet t { # handle 7
	set web {
		type inet_service
		flags interval
		elements = { 80,
			443-450 }
	}

	chain input { # handle 1
		type filter hook input priority filter - 5; policy drop;
		ct state { established, related } accept # handle 3
		iifname != "lo" ip saddr 10.0.0.0/8 tcp dport @web counter packets 5 bytes 300 jump guests comment "the web" # handle 4
	}

	chain guests {
	}
}
"""


def test_a_ruleset() -> None:
    state = {"match": {"op": "==", "left": {"ct": {"key": "state"}}, "right": {"set": ["established", "related"]}}}
    assert nft.parse(SAMPLE) == [
        {"kind": "note", "text": "Warning: table ip nat is managed by iptables-nft, do not touch!"},
        {"kind": "table", "family": "inet", "table": "t", "handle": 7},
        {
            "kind": "set", "family": "inet", "table": "t", "name": "web", "type": "inet_service", "flags": ["interval"],
            "elem": [80, {"range": [443, 450]}],
        },
        {
            "kind": "chain", "family": "inet", "table": "t", "chain": "input", "handle": 1, "type": "filter", "hook": "input",
            "priority": -5, "policy": "drop",
        },
        {"kind": "chain", "family": "inet", "table": "t", "chain": "guests"},
        {
            "kind": "rule", "family": "inet", "table": "t", "chain": "input", "handle": 3, "expr": [state, {"accept": None}],
            "state": ["established", "related"], "verdict": "accept", "text": "ct state { established, related } accept",
        },
        {
            "kind": "rule", "family": "inet", "table": "t", "chain": "input", "handle": 4, "comment": "the web",
            "packets": 5, "bytes": 300,
            "expr": [
                {"match": {"op": "!=", "left": {"meta": {"key": "iifname"}}, "right": "lo"}},
                {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}},
                           "right": {"prefix": {"addr": "10.0.0.0", "len": 8}}}},
                {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": "@web"}},
                {"counter": {"packets": 5, "bytes": 300}},
                {"jump": {"target": "guests"}},
            ],
            "in": "!lo", "source": "10.0.0.0/8", "protocol": "tcp", "dport": "@web", "verdict": "jump guests",
            "text": 'iifname != "lo" ip saddr 10.0.0.0/8 tcp dport @web counter packets 5 bytes 300 jump guests',
        },
    ]  # fmt: skip


def test_handles_are_the_only_thing_that_a_adds() -> None:
    json = nft.parse(read(FOLDER / "ruleset.json"))
    text = nft.parse(read(FOLDER / "a.txt"))
    assert [record.get("handle") for record in text] == [record.get("handle") for record in json]


def test_every_rule_is_written_as_nft_writes_it() -> None:
    for record in nft.parse(read(FOLDER / "ruleset.txt")):
        if record["kind"] == "rule":
            assert nft_text.write(record["expr"], record["family"]) == record["text"]


def test_json_that_ends_in_the_middle() -> None:
    """nft 1.0.6 dies at a table with flags, with status 0."""
    text = (
        '{"nftables": [{"metainfo": {"version": "1.0.6"}}, {"table": {"family": "ip", "name": "t", "handle": 1}}, {"table": {"fl'
    )
    records, problems = nft.parse(text, strict=False)
    assert records == [{"kind": "table", "family": "ip", "table": "t", "handle": 1}]
    assert len(problems) == 1 and "ends in the middle" in str(problems[0])
    with pytest.raises(parsers.ParseError, match="ends in the middle"):
        nft.parse(text)


def test_a_statement_that_is_not_known_is_kept_in_its_words() -> None:
    record = nft.parse("table ip t {\n\tchain c {\n\t\tip saddr 10.0.0.1 frob widget 7 counter packets 1 bytes 2 drop\n\t}\n}")[
        -1
    ]
    assert record["expr"][1] == {"unparsed": ["frob", "widget", "7"]}
    assert (record["source"], record["verdict"], record["packets"]) == ("10.0.0.1", "drop", 1)


def test_a_line_that_fits_nowhere() -> None:
    with pytest.raises(parsers.ParseError, match=r"^line 2: expected a chain, a set or an object of a table: 'nonsense'$"):
        nft.parse("table ip t {\n\tnonsense\n}")


def test_names_of_priorities() -> None:
    assert [nft.priority(word, "ip") for word in ("raw", "dstnat + 1", "-10", "odd")] == [-300, -99, -10, "odd"]
    assert nft.priority("filter", "bridge") == -200
