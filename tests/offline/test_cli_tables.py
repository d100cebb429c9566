"""The effects of the options of tables, on texts and captures; no table is silently empty."""

from __future__ import annotations

import csv
import io
import json

import pytest
from fixture_files import FIXTURES, stored
from rooms import ROOT, Netwrap

SAMPLE = str(ROOT / "fixtures" / "host" / "sample.netwrap")
DETAILED = str(stored(FIXTURES / "ip_link" / "iproute2-6.6.0" / "d.txt"))
PLAIN = "1: lo: <LOOPBACK,UP> mtu 65536 state UNKNOWN\n2: v0: <UP> mtu 1500 state UP\n3: v1: <UP> mtu 9000 state DOWN\n"
ROUTES = "default via 10.0.0.254 dev eth0 metric 100\n10.0.0.0/24 dev eth0 scope link\n10.9.0.0/16 dev eth10 metric 20\n"


def links(netwrap: Netwrap, *words: str, given: str = PLAIN) -> list[str]:
    done = netwrap("parse", "ip link", "--columns", "ifname", "--format", "csv", "--no-header", *words, given=given)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.split()


def test_conditions_of_a_text(netwrap: Netwrap) -> None:
    assert links(netwrap, "--where", "state=down") == ["v1"]
    assert links(netwrap, "--where", "mtu == 1.5k") == ["v0"]
    assert links(netwrap, "--where", "mtu>2k", "--sort", "-mtu") == ["lo", "v1"]
    assert links(netwrap, "--where", "operstate=UP", "--columns", "mtu") == ["v0,1500"]


def test_limit_count_uniq_and_the_exit_status(netwrap: Netwrap) -> None:
    assert links(netwrap, "--limit", "1", "--sort", "-ifname") == ["v1"]
    done = netwrap("parse", "ip link", "--count", "--where", "mtu>1k", given=PLAIN)
    assert (done.returncode, done.stdout) == (0, "3\n")
    done = netwrap("parse", "ip route", "-c", "dev", "-o", "csv", "--uniq", "--no-header", given=ROUTES)
    assert done.stdout.split() == ["eth0", "eth10"]
    for words, status in ((["-e", "--where", "mtu>10k"], 0), (["-e", "--where", "mtu>100k"], 1), (["--where", "mtu>100k"], 0)):
        assert netwrap("parse", "ip link", *words, given=PLAIN).returncode == status
    limited = netwrap("parse", "ip route", "--limit", "2", "-j", given=ROUTES)
    assert [route["dst"] for route in json.loads(limited.stdout)] == ["default", "10.0.0.0/24"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--where", "kind=veth"], 1, "this was made without -d: kind is not known"),
        (["--where", "linkinfo.info_kind=veth"], 1, "this was made without -d: linkinfo.info_kind is not known"),
        (["--where", "rx_bytes>=0"], 1, "this was made without -s: rx_bytes is not known"),
        (["--columns", "ifname,rx_dropped"], 1, "this was made without -s: rx_dropped is not known"),
        (["--sort", "promiscuity"], 1, "this was made without -d: promiscuity is not known"),
        (["--where", "mtv=5"], 2, "unknown column 'mtv'; did you mean 'mtu'?; there are: netns, ifindex, ifname, "),
        (["--where", "linkinfo.typo=1"], 2, "unknown column 'linkinfo.typo'"),
        (["--where", "mtu<abc"], 2, "mtu holds numbers, and 'abc' is not a number"),
        (["--where", "ifname>5"], 2, "ifname holds no numbers, but 'lo'"),
        (["--where", "mtu!=@peer.mtu"], 2, "@peer needs a host"),
        (["--format", "jsn"], 2, "unknown format 'jsn'; did you mean 'json'?"),
    ],
)  # fmt: skip
def test_no_table_is_silently_empty(netwrap: Netwrap, words: list[str], status: int, said: str) -> None:
    done = netwrap("parse", "ip link", *words, given=PLAIN)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (status, "", 1), done
    assert said in done.stderr


def test_dotted_names_are_followed_to_their_end(netwrap: Netwrap) -> None:
    done = netwrap("parse", DETAILED, "--where", "linkinfo.info_data.typo=1")
    assert done.returncode == 2 and "no record has 'linkinfo.info_data.typo': linkinfo.info_data has " in done.stderr
    text = "2: v0: <UP> mtu 1500\n    inet 10.0.0.1/24 scope global v0\n    inet 10.0.0.9/24 scope global v0\n"
    done = netwrap("parse", "ip address", "--where", "addr_info.local=10.0.0.9", "-j", given=text)
    assert [link["ifname"] for link in json.loads(done.stdout)] == ["v0"]
    text = "10.7.0.0/16 proto static\n\tnexthop via 10.0.0.2 dev v0 weight 1\n\tnexthop via 10.0.0.3 dev v0 weight 1\n"
    done = netwrap("parse", "ip route", "--where", "nexthops.gateway=10.0.0.3", "--where", "type=unicast", "-j", given=text)
    assert [route["dst"] for route in json.loads(done.stdout)] == ["10.7.0.0/16"]


def test_a_capture_without_details_says_so(netwrap: Netwrap, tmp_path: object) -> None:
    (folder := ROOT.__class__(str(tmp_path)) / "node").mkdir()
    (folder / "ip_link").write_text(PLAIN)
    done = netwrap("--from", str(folder), "ip", "link", "--where", "kind=veth")
    assert (done.returncode, done.stdout) == (1, "")
    assert "this capture was made without -d: kind is not known" in done.stderr


def test_the_option_that_brings_a_column_is_added(netwrap: Netwrap) -> None:
    plain = netwrap("--from", SAMPLE, "--netns", "red", "ip", "link", "--where", "kind=veth", "-j", "--columns", "ifname,kind")
    assert plain.returncode == 2  # `-j` is ip's own behind ip
    done = netwrap("--from", SAMPLE, "--netns", "red", "ip", "link", "--where", "kind=veth", "--json", "--columns", "ifname,kind")
    assert json.loads(done.stdout) == [{"ifname": "veth-red", "kind": "veth"}]
    done = netwrap("--from", SAMPLE, "--netns", "red", "ip", "route", "--where", "table=local", "--count")
    assert int(done.stdout) > 0
    done = netwrap("--from", SAMPLE, "--netns", "red", "ip", "route", "--where", "table=main", "--count")
    assert done.stdout == netwrap("--from", SAMPLE, "--netns", "red", "ip", "route", "--count").stdout


def test_one_door_for_the_tables_of_a_report(netwrap: Netwrap) -> None:
    def report(*words: str) -> str:
        done = netwrap("report", "red", "--from", SAMPLE, *words)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    rows = list(csv.DictReader(io.StringIO(report("--format", "csv", "--where", "dst=default"))))
    assert [(row["netns"], row["section"], row["dst"], row["gateway"]) for row in rows] == [
        ("red", "routes", "default", "192.168.15.5")
    ]
    record = json.loads(report("--format", "json", "--where", "dst=default"))[0]
    assert [route["dst"] for route in record["routes"]] == ["default"] and record["neighbours"] == []
    assert "links" not in record  # a condition on a column that only others have
    record = json.loads(report("--format", "json", "--columns", "lladdr"))[0]
    assert record == {"netns": "red", "neighbours": [{"lladdr": "2e:4f:f5:bd:1f:1a"}, {"lladdr": "d2:65:e8:95:fa:43"}]}
    text = report("--columns", "dst,gateway", "--sort", "-dst")
    assert "links:" not in text and "routes:" in text
    assert report("--where", "mtu=@peer.mtu", "--count") == "1\n"
    done = netwrap("report", "red", "--from", SAMPLE, "--columns", "dts")
    assert (done.returncode, done.stdout) == (2, "") and "unknown column 'dts'; did you mean 'dst'?" in done.stderr


def test_names_of_the_overview(netwrap: Netwrap) -> None:
    done = netwrap(
        "report", "--from", SAMPLE, "--where", "neighs>=2", "--where", "procs=0", "-o", "csv", "-c", "netns,neighbours"
    )
    assert done.stdout == "netns,neighbours\nblue,2\nred,2\n"
    done = netwrap("report", "--from", SAMPLE, "--where", "addresses<<192.168.15.0/30", "-c", "netns", "-o", "csv", "--no-header")
    assert done.stdout.split() == ["blue", "red"]


def test_lists_of_columns(netwrap: Netwrap) -> None:
    done = netwrap("ip", "link", "--columns", "?")
    assert done.returncode == 0
    lines = {line.split()[0]: line for line in done.stdout.splitlines()[1:]}
    assert "-d" in lines["kind"] and "-s" in lines["rx_errors"] and "the largest packet" in lines["mtu"]
    assert "gateway" in netwrap("report", "red", "--columns", "?").stdout


def test_yaml_and_markdown(netwrap: Netwrap) -> None:
    done = netwrap("parse", "ip route", "--format", "yaml", given=ROUTES)
    assert done.stdout.splitlines()[:6] == [
        "- dst: default", '  gateway: "10.0.0.254"', "  dev: eth0", "  metric: 100", "  flags: []", '- dst: "10.0.0.0/24"',
    ]  # fmt: skip
    done = netwrap("parse", "ip link", "--format", "md", "-c", "ifname", given="1: a|b: <UP> mtu 5\n")
    assert done.stdout.splitlines()[2].split() == ["|", "a\\|b", "|"]
    done = netwrap("parse", "ip link", "--no-header", "-c", "ifname", given=PLAIN)
    assert done.stdout.split() == ["lo", "v0", "v1"]


SHOP = str(ROOT / "fixtures" / "host" / "shop.netwrap")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["route", "-n", "--where", "dst>>10.9.1.1", "--columns", "netns,dst,iface"],
         "copy default eth0\ndb default eth0\nweb default eth0\nweb 10.9.0.0/16 eth0"),
        (["route", "-n", "--where", "dst=10.9.0.0/16", "--columns", "netns,destination"], "web 10.9.0.0"),
        (["ip", "route", "--where", "destination=10.9.0.0/16", "--columns", "netns,dst"], "web 10.9.0.0/16"),
        (["ip", "address", "--where", "local=10.1.0.3", "--columns", "netns,address"], "cache 10.1.0.3/24"),
        (["ip", "neigh", "--where", "ip=10.1.0.99", "--columns", "netns,state"], "web FAILED"),
        (["arp", "-n", "--where", "ip=10.1.0.2", "--columns", "netns,mac"], "web 02:00:00:00:00:02"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_one_thing_has_the_same_names_in_every_table(netwrap: Netwrap, words: list[str], shown: str) -> None:
    done = netwrap("--from", SHOP, "--all-netns", *words, "--no-header", "--format", "tsv")
    assert (done.stdout.replace("\t", " ").rstrip("\n"), done.stderr) == (shown, "")


def test_a_query_without_rows_has_its_header(netwrap: Netwrap) -> None:
    done = netwrap("sql", "select ifname, mtu from link where mtu = 1", "--from", SHOP, "--format", "csv")
    assert (done.stdout, done.stderr, done.returncode) == ("ifname,mtu\n", "", 0)


def test_the_usual_table_has_a_name(netwrap: Netwrap) -> None:
    words = ("parse", "ip route", "-o", "table")
    assert netwrap(*words, given="default via 10.0.0.1 dev eth0\n").stdout == (
        "dst      gateway    dev\n-------  ---------  -----\ndefault  10.0.0.1   eth0\n"
    )
