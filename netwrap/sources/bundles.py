"""Find the command that printed a file of a support bundle, by name and place; if several are possible, by content.

A file is named after its command (``ip_-d_address``, ``ip--4-r.md``, ``ip-s-addr.out``), or its tool has names of its own: a row
of :data:`NAMES`. Another tool is another row.
"""

from __future__ import annotations

import re

import parsers

from ..commands import request
from ..commands.line import understand
from ..model.failures import is_said
from .headed import is_ours

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_ROUTES = ("ip route show table all", "ip route show", "route -n")
_ROUTES6 = ("ip -6 route show table all", "ip -6 route show")

#: The name of a file, in small letters and without its ending -> the commands that may have printed it.
NAMES: dict[str, tuple[str, ...]] = {
    # AWS EKS log collector, Rancher v2, Ubuntu's apport
    "iproute": _ROUTES, "ip6route": _ROUTES6, "iprule": ("ip rule show",), "ip6rule": ("ip -6 rule show",),
    "ipaddr": ("ip addr show",), "iplink": ("ip link show",), "ipneigh": ("ip neigh show",),
    "ipaddrshow": ("ip addr show",), "iplinkshow": ("ip -s link show",), "ipneighbour": ("ip neighbour show",),
    "ipv6addrshow": ("ip -6 addr show",), "ipv6neighbour": ("ip -6 neighbour show",), "ipv6rule": ("ip -6 rule show",),
    "ipv6route": _ROUTES6, "iptablessave": ("iptables-save",), "ip6tablessave": ("ip6tables-save",),
    **{f"iptables{dash}{table}": (f"iptables -t {table} -nvL",) for dash in ("", "-") for table in ("filter", "nat", "mangle")},
    "ifconfiga": ("ifconfig -a", "ip addr show"), "ifconfig": ("ifconfig -a", "ip addr show"),
    "nft_ruleset": ("nft list ruleset",), "nft-ruleset": ("nft list ruleset",), "nftables": ("nft list ruleset",),
    # calicoctl
    "ipv4_route": ("ip -4 route show table all", "ip -4 route show"), "ipv6_route": _ROUTES6,
    "ipv4_addr": ("ip -4 addr show",), "ipv6_addr": ("ip -6 addr show",), "ipv4_link": ("ip link show",),
    "ipv4_rule": ("ip -4 rule show",), "ipv6_rule": ("ip -6 rule show",), "ipv4_neigh": ("ip -4 neigh show",),
    "ipv6_neigh": ("ip -6 neigh show",), "ipv4_tables": ("iptables-save",), "ipv6_tables": ("ip6tables-save",),
    "ip-route": _ROUTES, "ip-route-v6": _ROUTES6, "ip-rule-v6": ("ip -6 rule show",), "ip-addr-v6": ("ip -6 addr show",),
    "ip-neigh-v6": ("ip -6 neigh show",), "iptables-nft-save": ("iptables-save",), "iptables-legacy-save": ("iptables-save",),
    "ip6tables-nft-save": ("ip6tables-save",), "ip6tables-legacy-save": ("ip6tables-save",),
    # SONiC
    "ip.link": ("ip link show",), "ip.link.stats": ("ip -s link show",), "ip.addr": ("ip addr show",),
    "ip.rule": ("ip rule show",), "arp.n": ("arp -n",),
    "ip.route": _ROUTES, "ip.neigh": ("ip neigh show",), "ip.neigh.noarp": ("ip neigh show nud noarp",),
    "bridge.fdb": ("bridge fdb show",), "bridge.vlan": ("bridge vlan show",), "nat.iptables": ("iptables -t nat -nL",),
    # Antrea, OpenShift's must-gather and network-tools, kube-ovn: names that other tools use for other content, too
    "rule": ("ip rule show",), "route": _ROUTES, "routes": _ROUTES, "link": ("ip link show",), "address": ("ip addr show",),
    "addresses": ("ip addr show",), "addr": ("ip addr show",), "neigh": ("ip neigh show",), "route-table-all": _ROUTES[:1],
    "arp": ("arp -n", "ip -s neigh show"), "iptables": ("iptables-save", "iptables -nvL"), "netns": ("ip netns list",),
}  # fmt: skip
#: Vague names: a file with such a name is passed over if it is empty or contains something else.
_VAGUE = frozenset("rule route routes link address addresses addr neigh iptables netns arp ifconfig".split())

SUFFIX = re.compile(r"\.(txt|text|out|log|json|md|gz|stdout)$", re.IGNORECASE)
_BINARIES = (
    "ip", "bridge", "arp", "route", "netstat", "nft", "iptables-save", "ip6tables-save", "iptables", "ip6tables", "ss", "sysctl",
    "ifconfig", "brctl", "wg", "iptables-legacy-save", "ip6tables-legacy-save",
)  # fmt: skip
_SAVE = re.compile(r"(ip6?tables(?:-legacy|-nft)?-save)(?:[ _-]+(?:c|counters|t|nat|filter|mangle|raw|security|\d+))*$", re.ASCII)
# The first words of names of commands.
_BEGIN = {*_BINARIES, *NAMES, *(re.split(r"[-_.]", name)[0] for name in (*_BINARIES, *NAMES))}
_ANYWHERE = re.compile(r"(?:^|[-_. @:+()])(?:" + "|".join(map(re.escape, sorted(_BEGIN))) + r")(?:$|[-_. @:+()])", re.IGNORECASE)
_LETTERS = ("4", "6", "0", "s", "d", "j", "o", "br", "details", "stats", "statistics")
_ASIC = re.compile(r"((?:ip|bridge)\.[a-z.]+|arp)\.(\d{1,3})$", re.ASCII)


def stem(name: str) -> str:
    """The name of a file without its endings.

    >>> stem("ip_route.txt.gz"), stem("ip.addr")
    ('ip_route', 'ip.addr')
    """
    while SUFFIX.search(name):
        name = SUFFIX.sub("", name)
    return name


# `03-ip_addr`, `sudo_ip_addr`, `ip_addr-20261127`, `ip_addr_2026-11-27_1430`
_AROUND = re.compile(
    r"^\d{1,3}[-_. ]+(?=[a-z])|^sudo[-_ ]+"
    r"|[-_. ]20\d\d-?\d\d-?\d\d(?:[-_T.]?\d\d[-:.]?\d\d(?:[-:.]?\d\d)?)?$",
    re.ASCII,
)


def bare(name: str) -> str:
    """The name of a file without its endings, a number or `sudo` in front, and a date behind.

    >>> bare("03-sudo_ip_addr-20261127.txt"), bare("ip_addr_2026-11-27_1430.log"), bare("ip_route_show_table_100")
    ('ip_addr', 'ip_addr', 'ip_route_show_table_100')
    """
    name = stem(name)
    while _AROUND.search(name):
        name = _AROUND.sub("", name)
    return name


def words_of(name: str) -> list[str]:
    """The words of the command that a file is named after; none if no parser reads that command.

    >>> words_of("ip_-d_address.txt"), words_of("ip route show table all.out"), words_of("arp-n"), words_of("dmesg")
    (['ip', '-d', 'address'], ['ip', 'route', 'show', 'table', 'all'], ['arp', '-n'], [])
    >>> words_of("ip--d--s-l.md"), words_of("ip-s-addr.out"), words_of("iptables-save--c"), words_of("ip.route.show.table.all")
    (['ip', '-d', '-s', 'l'], ['ip', '-s', 'addr'], ['iptables-save'], ['ip', 'route', 'show', 'table', 'all'])
    """
    name = bare(name)
    save = _SAVE.match(name)
    if save is not None:
        return [save[1].replace("-legacy", "").replace("-nft", "")]
    for separators, dashes_lost in ((r"[ _+]+|%20", False), (r"[ _+]+|%20|(?=-)", False), (r"[ _+-]+|%20", True), (r"\.", False)):
        words = [word for word in re.split(separators, name) if word]
        if words[:1] == ["cat"] and "net" in words:
            words = ["cat", "/proc/" + "/".join(word for word in re.split(r"[ _/]+", name)[1:] if word not in ("", "proc"))]
        if not words or words[0] not in (*_BINARIES, "cat"):
            continue
        if dashes_lost:
            at = next((at for at, word in enumerate(words) if at and word not in _LETTERS), len(words))
            words = [words[0], *(f"-{word}" for word in words[1:at]), *words[at:]]
        if is_ours(words) and all(_is_option(words[0], word[1:]) for word in words if word[0] == "-"):
            return words
    return []


# The letters of the short options of each program, and the options of ip and bridge.
_SHORT = {"arp": "aneviDHAst", "route": "neAFCvV46", "nft": "acjnsty", "sysctl": "aeAnqwbNpr", "ifconfig": "avs", "brctl": "",
          "netstat": "vWneNcalCFprtuUSwxioMgsb46", "ss": "tulpnaiemoxwdsrfbZzHOQMSTBE0146"}  # fmt: skip
_OF_IP = frozenset(
    "4 6 0 B D I M a all s st stat stats statistics d de det details j js json o oneline br brief n netns N Numeric r resolve "
    "p pretty h human iec c color compressvlans t ts timestamp tshort f family l loops".split()
)


def _is_option(program: str, word: str) -> bool:
    """Whether a program has an option, given without its first dash; else it may be a label: ``ip_addr_show-web``."""
    if word[:1] == "-" or program not in ("ip", "bridge", *_SHORT):
        return word.strip("-=").isalpha()
    return word in _OF_IP if program in ("ip", "bridge") else all(letter in _SHORT[program] for letter in word)


def commands_of(name: str) -> list[str]:
    """The commands that may have printed a file with this name, the likeliest first; none if the name is not known.

    >>> commands_of("ip_-4_route"), commands_of("IpAddr.txt"), commands_of("notes.txt")
    (['ip -4 route'], ['ip addr show'], [])
    """
    known = NAMES.get(bare(name).lower())
    if known is not None:
        return list(known)
    words = words_of(name)
    return [" ".join(words)] if words else []


_BETWEEN = re.compile(r"[-_. @:+()]+")
_MOST_WORDS = 16


def labelled(name: str) -> list[tuple[str, str]]:
    """The ways to split a name into a label, which may be that of a host, and the name of a command; the longest command first.

    >>> labelled("n1_ip-a.log"), labelled("ip_a_n1.txt"), labelled("router-1.iproute"), labelled("ip-a"), labelled("notes-n1.txt")
    ([('n1', 'ip-a')], [('n1', 'ip_a')], [('router-1', 'iproute')], [], [])
    """
    if not _ANYWHERE.search(name):
        return []
    name = bare(name)
    found: list[tuple[str, str]] = []
    words = list(re.finditer(r"[^-_. @:+()]+", name))
    if len(words) > _MOST_WORDS:
        return []
    for first, word in enumerate(words):
        if word[0].lower() not in _BEGIN:
            continue
        for last in reversed(words[first:]):
            front, inner, behind = name[: word.start()], name[word.start() : last.end()], name[last.end() :]
            label = "-".join(filter(None, (_BETWEEN.sub("-", front).strip("-"), _BETWEEN.sub("-", behind).strip("-"))))
            if label and commands_of(inner):
                found.append((label, inner))
    return sorted(found, key=lambda it: -len(it[1]))


def asic(name: str) -> tuple[str, str]:
    """Split off the number of SONiC's ASIC, which stands for a namespace: ``ip.route.0`` is of ``asic0``.

    >>> asic("ip.route.0"), asic("ip.route")
    (('ip.route', 'asic0'), ('ip.route', ''))
    """
    found = _ASIC.match(stem(name))
    return (found[1], f"asic{found[2]}") if found is not None else (name, "")


def decided(name: str, commands: Sequence[str], text: str) -> str | None:
    """Choose the command that printed a text among those that its name allows; None if no command fits.

    >>> decided("route", commands_of("route"), "default via 10.0.0.1 dev a\\n"), decided("route", commands_of("route"), "")
    ('ip route show', None)
    """
    vague = bare(name).lower() in _VAGUE
    if len(commands) == 1 and not vague:
        return commands[0] if _has_operand(commands[0], text) else None
    if not text.strip():
        return None if vague else commands[0]
    if is_said(text.strip().split("\n")[0]):
        return commands[0]
    if commands[0] == "ip netns list":
        return commands[0] if all(len(line.split()) in (0, 1, 3) for line in text[:100_000].split("\n")) else None
    detected = parsers.detect(text)
    fits = [command for command in commands if (understand(command.split()).parser or _plain(command, text)) in detected]
    fits += [command for command in commands if understand(command.split()).parser is None and _plain(command, text) == "yes"]
    for command in fits:
        if not command.endswith("table all") or re.search(r" table [\w.-]+ ", text):
            return command
    return None


def _has_operand(command: str, text: str) -> bool:
    """Whether a text contains the operand of its command; else the last word of ``ip_addr_show_n1`` is only a label.

    >>> _has_operand("ip addr show n1", "2: eth0: <UP>"), _has_operand("ip addr show eth0", "2: eth0: <UP>")
    (False, True)
    """
    words = command.split()
    if not text.strip() or is_said(text.strip().split("\n")[0]):
        return True
    if words[0] == "arp":
        return all(word[0] == "-" or re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for word in words[1:])
    # `ip route show root` needs a prefix behind it: there `root` is a label
    asked = request.read(understand(words).words) if words[-2:-1] in (["show"], ["list"], ["ls"]) else None
    return words[-1] != "root" and (asked is None or words[-1] not in asked.filters.values() or words[-1] in text)


def _plain(command: str, text: str) -> str:
    """Whether a text is that of a firewall or of `ifconfig`."""
    if command.startswith("ifconfig"):
        return "yes" if re.search(r"^\S+ .*(?:Link encap:|flags=)|^\S+: flags=", text, re.MULTILINE) else ""
    if "-save" in command:
        return "yes" if re.search(r"^\*\w+$", text, re.MULTILINE) else ""
    return "yes" if text.startswith("Chain ") or "\nChain " in text else ""
