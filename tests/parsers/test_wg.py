"""`wg show`: a link with peers, one without, colours, and keys that must not be kept: whole records."""

from __future__ import annotations

import pytest

import parsers
from netwrap import commands

TEXT = """\
interface: wg0
  public key: cC23zx0YomVUYYkiJGlCta/RlhODpXc4qv6Jz+DFgBU=
  private key: (hidden)
  listening port: 51820
  fwmark: 0xca6c

peer: CfSe47e2xU+s8aJqNNRdwBmvnHEYSbZgsNW1FXOT/hs=
  preshared key: (hidden)
  endpoint: [fe80::1%va]:51820
  allowed ips: 10.9.0.2/32, fd00:9::/64
  latest handshake: 1 minute, 3 seconds ago
  transfer: 1.20 KiB received, 456 B sent
  persistent keepalive: every 25 seconds

peer: kZ/Fkeacltk/U/FXsSoEgTTk7eb6zsZrvQHMt8q+1Tw=
  allowed ips: (none)

interface: wg1
"""
PEER = {
    "peer": "CfSe47e2xU+s8aJqNNRdwBmvnHEYSbZgsNW1FXOT/hs=",
    "preshared_key": "(hidden)",
    "endpoint": "[fe80::1%va]:51820",
    "allowed_ips": ["10.9.0.2/32", "fd00:9::/64"],
    "latest_handshake": "1 minute, 3 seconds ago",
    "transfer": "1.20 KiB received, 456 B sent",
    "persistent_keepalive": "every 25 seconds",
}
RECORDS = [
    {
        "ifname": "wg0",
        "public_key": "cC23zx0YomVUYYkiJGlCta/RlhODpXc4qv6Jz+DFgBU=",
        "private_key": "(hidden)",
        "listening_port": 51820,
        "fwmark": "0xca6c",
        "peers": [PEER, {"peer": "kZ/Fkeacltk/U/FXsSoEgTTk7eb6zsZrvQHMt8q+1Tw=", "allowed_ips": []}],
    },
    {"ifname": "wg1"},
]


def test_whole_records() -> None:
    assert parsers.parse("wg", TEXT) == RECORDS
    assert parsers.detect(TEXT) == ["wg"]


def test_a_pasted_text_may_be_indented_coloured_and_without_blank_lines() -> None:
    coloured = TEXT.replace("interface", "\x1b[32m\x1b[1minterface\x1b[0m").replace("/64", "\x1b[36m/\x1b[0m64")
    assert parsers.parse("wg", coloured) == RECORDS
    assert parsers.parse("wg", "".join(f"    {line}\n" for line in TEXT.split("\n") if line)) == RECORDS


def test_secret_keys_that_the_environment_made_visible_are_not_kept() -> None:
    secret = "aCbje6mr4yR/l80vTkB8LwvKXjOCsmswIrhGE7lMIkU="
    assert parsers.parse("wg", TEXT.replace("(hidden)", secret)) == RECORDS


def test_words_that_are_not_known_are_kept_and_lines_that_belong_nowhere_are_refused() -> None:
    assert parsers.detect("interface: eth0\n") == []  # of any configuration file
    (record,) = parsers.parse("wg", "interface: wg0\n  jc: 4 of 5\n")
    assert record == {"ifname": "wg0", "unparsed": ["jc:", "4", "of", "5"]}
    with pytest.raises(parsers.ParseError, match="expected a line 'interface: NAME'"):
        parsers.parse("wg", "peer: AAAA=\n")
    records, problems = parsers.parse("wg", "interface: wg0\nUnable to access interface\n  listening port: x1\n", strict=False)
    assert records == [{"ifname": "wg0"}] and [problem.line_number for problem in problems] == [2, 3]


def test_a_table_has_a_row_for_each_peer() -> None:
    rows = [row for record in RECORDS for row in commands.module("wg").rows(record)]
    assert [(row["ifname"], row["peer"], row["allowed_ips"]) for row in rows] == [
        ("wg0", PEER["peer"], PEER["allowed_ips"]),
        ("wg0", "kZ/Fkeacltk/U/FXsSoEgTTk7eb6zsZrvQHMt8q+1Tw=", []),
        ("wg1", None, None),
    ]  # fmt: skip
