"""Lab files: every error names its line, and no value in a file can become an option, a keyword or a shell's word."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rooms import ROOT

from netwrap import shell
from netwrap.errors import NetwrapError, UsageError
from netwrap.lab import apply, file, objects, plan
from netwrap.lab.file_errors import LabFileError
from netwrap.lab.toml_lines import positions

GOOD = """
[namespaces.red]
[namespaces.blue]
[bridges.br0]
[[links]]
endpoints = ["red:eth0", "blue:eth0"]
"""

WRONG = {  # a line added to GOOD (in line 7), and what is said
    "[namespaces.green": "FILE:7: no TOML: ",
    "naem = 1": "FILE:7: links.1.naem: there is no such key; did you mean 'netem'?; allowed here: endpoints, mtu, netem",
    "mtu = 20": "FILE:7: links.1.mtu: 20 is not allowed here; wanted: a whole number from 68 to 65535",
    "mtu = " + "1" * 5000: "FILE:7: a number is too long",  # Python reads no more than 4,300 digits
    "mtu = 0x" + "f" * 5000: "FILE:7: links.1.mtu: a number is too long",  # reads these, and cannot write them
    "mtu = true": "FILE:7: links.1.mtu: True is not allowed here; wanted: a whole number from 68 to 65535",
    "[namespaces.-x]": "FILE:7: namespaces.-x: '-x' is not allowed here; wanted: a name of letters, digits",
    '[namespaces."a b"]': "FILE:7: namespaces.a b: 'a b' is not allowed here; wanted: a name",
    "[namespaces.17]": "FILE:7: namespaces.17: '17' is not allowed here; wanted: a name",
    "[namespaces.host]": "FILE:7: namespaces.host: 'host' is not allowed here; wanted: a name",
    "[bridges.red]": "FILE:7: bridges.red: a bridge needs a name that no namespace has",
    "[bridges.aaaaaaaaaaaaaaaa]": "FILE:7: bridges.aaaaaaaaaaaaaaaa: 'aaaaaaaaaaaaaaaa' is not allowed here; wanted: the "
        "name of an interface",
    '[[links]]\nendpoints = ["red:x"]': "FILE:8: links.2.endpoints: a link has two endpoints, not 1",
    '[[links]]\nendpoints = [\n"red:x",\n"pink:x"]': "FILE:10: links.2.endpoints.2: 'pink:x' is not allowed here; wanted: "
        "PLACE:INTERFACE, where PLACE is one of red, blue, br0, host",
    '[[links]]\nendpoints = ["red:eth0", "blue:x"]': "FILE:8: links.2.endpoints.1: eth0 is in red already, by line 6",
    '[[links]]\nendpoints = ["red:x", {at = "br0:x", pvid = 1}]': "FILE:8: links.2.endpoints.2: pvid and tagged are for ports",
    '[[links]]\nendpoints = ["red:x", {at = "blue:x", mac = "01:00:00:00:00:01"}]':
        "FILE:8: links.2.endpoints.2.mac: '01:00:00:00:00:01' is not allowed here; wanted: the address of one station",
    '[[links]]\nendpoints = ["red:x", {at = "blue:x", addresses = ["10.0.0.1"]}]':
        "FILE:8: links.2.endpoints.2.addresses.1: '10.0.0.1' is not allowed here; wanted: an IP address with a prefix length",
    '[host]\nroutes = [{to = "10.0.0.1/8", via = "10.0.0.1"}]': "FILE:8: host.routes.1.to: 10.0.0.1/8 has bits set behind its "
        "prefix length; is 10.0.0.0/8 meant?",
    '[host]\nroutes = [{via = "10.0.0.1"}]': "FILE:8: host.routes.1: to is missing; it needs: to",
    '[host]\nroutes = [{to = "10.0.0.0/8"}]': "FILE:8: host.routes.1: a route needs via or dev, nexthops",
    '[host]\nroutes = [{to = "10.0.0.0/8", via = "fd00::1"}]': "FILE:8: host.routes.1: IPv4 and IPv6 are mixed in one route",
    '[namespaces.green]\nroutes = [{to = "10.0.0.0/8", dev = "eth7"}]': "FILE:8: namespaces.green.routes.1.dev: 'eth7' is no "
        "interface of green; there are: lo",
    '[host]\nroutes = [{to = "10.0.0.0/8", dev = "a"}, {to = "10.0.0.0/8", dev = "b"}]': "FILE:8: host.routes.2: host: route "
        "10.0.0.0/8 dev b is in the file already, in line 8",
    '[namespaces.green.sysctls]\n"kernel.panic" = 1': "FILE:8: namespaces.green.sysctls.kernel.panic: 'kernel.panic' is no "
        "sysctl of a namespace",
    '[namespaces.green.sysctls]\n"net/../kernel/panic" = 1': "FILE:8: namespaces.green.sysctls.net/../kernel/panic: 'net/../k",
    '[namespaces.green]\nstart = ["sleep 9"]': "FILE:8: namespaces.green.start.1: 'sleep 9' is not allowed here; wanted: a",
    '[[nat]]\nsources = ["fd00::/64"]': "FILE:8: nat.1.sources.1: 'fd00::/64' is not allowed here; wanted: an IPv4 network",
    '[[nat]]\nnetns = "green"\nsources = ["10.0.0.0/8"]': "FILE:8: nat.1.netns: 'green' is no namespace of this lab; there "
        "are: red, blue, host",
    '[names]\n"-x" = "10.0.0.1"': "FILE:8: names.-x: '-x' is not allowed here; wanted: a host name",
    '[verify]\npairs = [["red", "pink"]]': "FILE:8: verify.pairs.1: 'pink' is none of: red, blue, br0, host, an IP address",
    '[[vlans]]\non = "red:eth7"\nid = 5': "FILE:8: vlans.1.on: red:eth7 is no interface that this file makes",
    '[[vlans]]\non = "red:eth0"\nid = 4095': "FILE:9: vlans.1.id: 4095 is not allowed here; wanted: a whole number from 1 to",
    'netem = { delay = "10" }': "FILE:7: links.1.netem.delay: '10' is not allowed here; wanted: a time with its unit, such",
    '[host]\nrules = [{priority = 5}]': "FILE:8: host.rules.1: a rule needs a table or an action (or goto",
}  # fmt: skip


@pytest.mark.parametrize("added", WRONG)
def test_what_is_wrong_is_told_with_its_line(added: str) -> None:
    with pytest.raises(LabFileError) as caught:
        objects.wanted(file.read(GOOD + added + "\n", "FILE.toml"))
    assert str(caught.value).startswith(WRONG[added].replace("FILE", "FILE.toml")), str(caught.value)


def test_files_that_cannot_be_read() -> None:
    for name, said in (
        ("nothing", "there is no lab 'nothing'; ready-made labs: bridge, outside, router, two-rooms, vlans"),
        ("/nothing.toml", "/nothing.toml: cannot be read: No such file or directory"),
        ("/dev/null/x.toml", "/dev/null/x.toml: cannot be read: Not a directory"),
    ):
        with pytest.raises((LabFileError, UsageError)) as caught:
            file.load(name)
        assert str(caught.value) == said
    with pytest.raises(LabFileError, match="give the lab a name"):
        file.read("", "/tmp/1 2.toml")
    with pytest.raises(LabFileError, match=r"nested too deeply|no TOML"):
        file.read("a = " + "[" * 50000, "x.toml")


def test_every_ready_made_lab_is_in_the_list() -> None:
    assert sorted(path.stem for path in (ROOT / "netwrap" / "lab" / "ready").iterdir()) == list(file.READY_MADE)


@pytest.mark.parametrize("name", file.READY_MADE)
def test_ready_made_labs_are_right_and_complete(name: str) -> None:
    lab = file.load(name)
    assert lab.name == name and lab.description and lab.verify["pairs"]
    steps, commands = apply.from_nothing(lab)
    assert len(steps) == len(objects.wanted(lab).objects) and commands
    want = objects.wanted(lab).objects
    assert plan.plan(want, want, set()) == []


# -- positions ------------------------------------------------------------------------------------------------------

KEYS = st.text(alphabet="ab-_1 .\"'#=[]{}é\n", min_size=1, max_size=5)
VALUES = st.recursive(
    st.integers() | st.booleans() | st.text(alphabet="ab\n\"'#=[]{},\\ é", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[\n" + "".join(f"{toml(item)}, # a ] comment\n" for item in value) + "]"
    return json.dumps(value)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.dictionaries(KEYS, VALUES, max_size=3))
@settings(max_examples=40, deadline=None)
def test_every_key_has_a_position(top: dict[str, Any], inner: dict[str, Any]) -> None:
    top.pop("tables", None)
    texts = ["".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in table.items()) for table in (top, inner)]
    text = texts[0] + "".join(f"[[tables]]\n{texts[1]}" for _ in "ab")
    parsed = file._toml("x.toml", text)
    found = positions(text)
    lines = text.split("\n")

    def check(value: Any, path: tuple[Any, ...]) -> None:
        if path:
            assert path in found, path
            if isinstance(path[-1], str) and path != ("tables",):
                assert json.dumps(path[-1]) in lines[found[path] - 1]
        if isinstance(value, dict):
            for key, item in value.items():
                check(item, (*path, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                check(item, (*path, index))

    check(parsed, ())


@given(st.text(max_size=60))
@settings(max_examples=40, deadline=None)
def test_any_text_is_an_error_or_a_lab(text: str) -> None:
    with contextlib.suppress(NetwrapError):
        file.read(text, "x.toml")


# -- hostile names and values ---------------------------------------------------------------------------------------

HOSTILE = st.sampled_from(
    ["-n", "--help", "-force", "-batch", "; reboot", "$(reboot)", "`reboot`", "a b", "a\nnetns delete other", "a#b", "a\\", "'",
     '"', "dev", "via", "all", "default", "lo", "netns", "1", "%d", "eth%d", "../../proc/1/ns/net", "/etc", ".", "..", "",
     "\x1b[31m", "a\0b", "x" * 20, "é", "10.0.0.1/24; x", "10.0.0.1/24 dev lo", "-1", "0x10", "host", "a:b",
     "red:eth0", "\u202e", "a\tb", "@file",
     '}; flush ruleset; table x {', "proto", "fe80::1%eth0", "127.1", "10.0.0.0/255.0.0.0", "1.2.3.4/33", "02:00:00:00:00:0"]
) | st.text(max_size=12)  # fmt: skip

TEMPLATE: dict[str, Any] = {
    "name": "hostile",
    "nameservers": ["192.0.2.1"],
    "search": ["example.org"],
    "names": {"one.lab": "10.0.0.1"},
    "namespaces": {
        "one": {
            "sysctls": {"net.ipv4.ip_forward": 1, "net.ipv4.tcp_rmem": "1 2 3"},
            "routes": [{"to": "10.9.0.0/16", "via": "10.0.0.2", "dev": "eth0", "src": "10.0.0.1", "type": "unicast"}],
            "neighbours": [{"to": "10.0.0.9", "mac": "02:00:00:00:00:09", "dev": "eth0"}],
            "rules": [{"priority": 5, "from": "10.0.0.0/24", "iif": "eth0", "table": 7}],
        },
        "two": {},
    },
    "host": {"routes": [{"to": "10.8.0.0/16", "via": "10.0.0.1", "dev": "v9"}]},
    "bridges": {"br0": {"netns": "two", "dev": "br1", "addresses": ["10.0.0.254/24"], "mac": "02:00:00:00:00:01"}},
    "links": [
        {"netem": {"delay": "1ms", "loss": "1%"}, "endpoints": [{"at": "one:eth0", "addresses": ["10.0.0.1/24"]}, "br0:p1"]}
    ],
    "vlans": [{"on": "one:eth0", "id": 5, "dev": "v5"}],
    "nat": [{"netns": "two", "sources": ["10.0.0.0/24"], "out": "p1"}],
}  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], bool]]:
    """Every place of a template: its path, and whether it is the key that is meant."""
    found: list[tuple[tuple[Any, ...], bool]] = []
    if isinstance(value, dict):
        for key, item in value.items():
            found += [((*path, key), True), *places(item, (*path, key))]
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*path, index))
    else:
        found.append((path, False))
    return found


PLACES = places(TEMPLATE)
#: All words that begin with a dash in commands of a lab; they are written in the program.
OPTIONS = {"-n", "-q", "-w", "-f", "-", "-6"}
NFT = re.compile(
    r"table ip netwrap-[A-Za-z0-9_-]+ \{\n {4}chain postrouting \{\n {8}type nat hook postrouting priority 100; policy accept;\n"
    r'( {8}ip saddr [0-9./]+ (oifname "[A-Za-z0-9_.-]+"|ip daddr != [0-9./]+) masquerade\n)+ {4}\}\n\}\n'
)


def inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def quoted(text: str) -> str:
    """A string of TOML, with every odd character written as a number."""
    return '"' + "".join(c if c.isalnum() and c.isascii() or c in " ./:-_" else f"\\U{ord(c):08x}" for c in text) + '"'


@given(st.sampled_from(PLACES), HOSTILE)
@settings(max_examples=200, deadline=None)
def test_nothing_in_a_file_becomes_an_option_or_a_word_of_its_own(place: tuple[tuple[Any, ...], bool], hostile: str) -> None:
    path, is_key = place
    hostile = re.sub("[\ud800-\udfff]", "?", hostile)
    template = json.loads(json.dumps(TEMPLATE))
    inner = template
    for step in path[:-1]:
        inner = inner[step]
    if is_key:
        inner[hostile] = inner.pop(path[-1])
    else:
        inner[path[-1]] = hostile
    text = "".join(f"{quoted(key)} = {inline(value)}\n" for key, value in template.items())
    try:
        lab = file.read(text, "x.toml")
        _steps, commands = apply.from_nothing(lab)
    except LabFileError as error:
        assert "\n" not in str(error) or "\n" in hostile
        return
    expected = len(apply.from_nothing(file.read(inline_file(TEMPLATE), "x.toml"))[1])
    if hostile != "host":  # a place of its own: what stands there needs commands that the template has not
        assert abs(len(commands) - expected) <= 2
    for command in commands:
        if command.does == "write":
            assert re.fullmatch(r"/etc/netns/[A-Za-z0-9_][A-Za-z0-9_.-]*/(hosts|resolv\.conf)", command.argv[0])
            for line in (command.stdin or "").rstrip("\n").split("\n"):
                assert re.fullmatch(r"# made by netwrap lab \S+; removed by netwrap lab down \S+|(nameserver|search) [\w.:-]+|"
                                    r"[0-9a-f.:]+ [\w.-]+( [\w.-]+)*", line, re.ASCII), line  # fmt: skip
            continue
        for word in command.argv[1:]:
            assert not word.startswith("-") or word in OPTIONS, command.argv
            if command.argv[0] == "sysctl" and "=" in word:
                assert re.fullmatch(r"net(/[A-Za-z0-9_.-]+)+=[A-Za-z0-9_.,: -]+", word) and "/../" not in word, word
            else:
                assert re.fullmatch(r"[A-Za-z0-9_.:/%-]+", word), command.argv
        if command.argv[0] == "ip":
            assert all(shell._BATCH_WORD.fullmatch(word) for word in command.argv), command.argv
            if command.argv[1] == "link":
                for before, word, after in zip(command.argv, command.argv[1:], command.argv[2:]):
                    assert word != "netns" or before in ("name", "dev", "link") or after in lab.namespaces, command.argv
        if command.stdin is not None:
            assert NFT.fullmatch(command.stdin), command.stdin


def inline_file(template: dict[str, Any]) -> str:
    return "".join(f"{quoted(key)} = {inline(value)}\n" for key, value in template.items())


def test_words_of_a_command_to_start_stay_words() -> None:
    argv = ["sh", "-c", "echo $(id) `id` ; 'x' \"y\"", "-n", "--", "a b", ""]
    lab = file.read(f"[namespaces.red]\nstart = [{inline(argv)}]\n", "x.toml")
    _steps, commands = apply.from_nothing(lab)
    assert [command.argv for command in commands if command.does == "start"] == [argv]


def test_a_batch_refuses_words_that_it_would_split() -> None:
    for word in ("a b", "a\nb", "#", "a'b", 'a"b', "a\\", "", "\t", "é"):
        with pytest.raises(NetwrapError, match="not fit for a batch"):
            shell.batch([(None, [["ip", "link", "show", word]])])


NETWORK = """name = "n"
[namespaces.a]
[namespaces.b]
[bridges.br]
addresses = ["10.0.0.254/24"]
[[links]]
endpoints = [{ at = "a:e", addresses = ["10.0.0.1/24"] }, "br:a"]
[[links]]
endpoints = [{ at = "b:e", addresses = ["10.0.0.2/24"] }, "br:b"]
"""


def test_addresses_fit_their_network() -> None:
    file.read(NETWORK, "n.toml")
    file.read(NETWORK.replace("br:b", "a:f").replace("10.0.0.2/", "10.0.0.1/"), "n.toml")  # another wire
    with pytest.raises(LabFileError) as twice:
        file.read(NETWORK.replace("10.0.0.2/", "10.0.0.1/"), "n.toml")
    assert str(twice.value).endswith("addresses.1: 10.0.0.1/24 is on this network already, by line 7")
    with pytest.raises(LabFileError) as outside:
        file.read(NETWORK.replace("10.0.0.2/", "10.9.0.2/"), "n.toml")
    assert str(outside.value).endswith("10.9.0.2/24 is outside of the network of its bridge br, 10.0.0.0/24")
