"""`parsers` needs nothing but Python: no package installed, no site, and nothing of netwrap."""

from __future__ import annotations

import re
import subprocess
import sys

from rooms import ROOT

import parsers

_CODE = """
import sys
sys.path.insert(0, sys.argv[1])
import parsers
for name in parsers.names():
    assert parsers.parse(name, "") == []
    assert parsers.parse(name, "\\n", strict=False) == ([], [])
    assert callable(parsers.module(name).parse)
print(parsers.parse("ip_route", "default via 10.0.0.1 dev v0")[0]["gateway"], parsers.detect("default via 10.0.0.1 dev v0"))
print(sorted(name for name in sys.modules if name.partition(".")[0] in ("netwrap", "sh", "tabulate", "os.path")))
"""


def test_with_nothing_but_python() -> None:
    words = [sys.executable, "-I", "-S", "-c", _CODE, str(ROOT)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.stdout == "10.0.0.1 ['ip_route']\n[]\n", done.stderr


def test_names() -> None:
    texts = {path.stem: path.read_text() for path in (ROOT / "parsers").glob("*.py")}
    with_parse = [name for name, text in texts.items() if re.search(r"^(?:def parse\(|parse: Parse)", text, re.M)]
    assert parsers.names() == sorted(set(with_parse) - {"__init__"})
    assert {"arp", "ip_route", "nft"} <= set(parsers.names())
