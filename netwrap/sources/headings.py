"""Recognise headings: lines that name the machine or the namespace of the tables below them.

```
=== node1 ===      **Router:**      On the gateway:      Inside the container:      ## red namespace      Pod A (10.244.1.2):
```
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: The length from which on a line is not a heading.
LONGEST = 120
_MOST_BLANKS = 8
# Kinds of machines and places, in the languages of mailing lists
_ROOTS = (
    "host", "root", "hypervisor", "node", "machine", "rechner", "maschine", "wirt", "knoten", "hôte", "noeud", "nœud",
)  # fmt: skip
_MACHINES = (
    *_ROOTS, "router", "client", "server", "vm", "gateway", "firewall", "switch", "peer", "pc", "worker", "master", "box",
    "guest", "agent", "primary", "secondary", "controller", "hub", "spoke",
    "laptop", "serveur", "routeur", "passerelle", "gast", "notebook",
)  # fmt: skip
#: Kinds of machines that are not the host of others.
GUESTS = frozenset(("vm", "guest", "gast", "client", "peer", "container"))
_INSIDE = ("container", "pod", "netns", "namespace", "jail", "ns", "conteneur", "contenedor", "namensraum", "network namespace")
_ITSELF = ("root", "host", "global", "init", "main", "default", "initial", "standard")  # the namespace of the machine
# `other machine`, `linux box`, `second host`
_WHICH = (
    "other",
    "linux",
    "local",
    "remote",
    "first",
    "second",
    "third",
    "working",
    "broken",
    "docker",
    "physical",
    "bare-metal",
    *"compute network controller control storage head login jump bastion edge border upstream".split(),
)
_ARTICLES = frozenset(
    "the a an my our your his this that each other same it both all every one dem der den das die einem einer meinem meiner "
    "unserem le la les un une mon ma notre l".split()
)
_OUTPUTS = frozenset(
    "output outputs result results routes route routing table tables rules rule addresses address addr links link interfaces "
    "side info config ip a r n -br arp neigh neighbours neighbors ausgabe sortie bridge fdb vlan show status network".split()
)
_ON_WORDS = (
    r"on|in(?= (?:the |my |a |our )?(?:vm|guest)\b)"
    r"|from|at|auf|von|bei|vom|beim|sur|depuis|(?<=able |utes |tput |aces |sses |ules )of"
)
_IN_WORDS = r"inside of|inside|in|within|im|innerhalb|dans"
_ANY_ARTICLES = (
    r"(?:(?:the|my|our|a|an|this|dem|der|den|meinem|meiner|einem|unserem|les?|la|un|une|mon|ma|notre)\s+|l['’])?"
    r"(?:(?:customer|device|unit)\s+)?"
)

# `=== node1 ===`, `--- web-01 ---`, `## Node1`, `==> alpha <==`, `[node1]`
_MARKED = re.compile(
    r"(?:={2,}>?|-{2,}>?|#{1,6}|\*{2,}|\[|<{2,}|>{2,}) *(?P<name>[^\W_][\w.@-]{0,60}(?:\[[\d,-]{1,20}\])?) *:?"
    r"(?:={2,}|<?={2,}|-{2,}|#*|\*{2,}|\]|>{2,}|<{2,})$"
)
# `**Machine A**`, `node 1:`
_NUMBERED = re.compile(
    rf"(?:[*_#=>-]{{2,}}\s*|(?=[^\n]{{1,40}}:$))(?P<name>(?:{'|'.join(_MACHINES)}|side|site|leaf|spine|container host)[ _#-]?"
    r"[\w.]{1,20})\s*(?:[*_#=<:-]+|$)$",
    re.IGNORECASE,
)
# `alpha | CHANGED | rc=0 >>`
_OF_ANSIBLE = re.compile(r"(?P<name>[^\W_][\w.-]{0,60}) \| (?:CHANGED|SUCCESS|FAILED|UNREACHABLE!?)\b.*$")
# `ok: [alpha] => {`
_OF_A_TASK = re.compile(r"(?:ok|changed|fatal|failed): \[(?P<name>[^\W_][\w.-]{0,60})\](?: =>.*)?$")
# `1. On node-a:`, `- Client:`
_LIST = re.compile(r"^(?:[-+•*]|\d{1,2}[.)]|[a-z]\)) +(?=[^\W_*])")
# `Node1:`, `**router:**`
_BEFORE_COLON = re.compile(r"[*_]{0,3}(?P<name>[^\W_][\w.-]{0,60})[*_]{0,2}:[*_]{0,2}$")
# `ip route on the gateway:`, `Auf dem Router:`, `from node1 (10.0.0.1):`
_ON = re.compile(
    rf"[*_#>-]*\s*(?:.{{0,40}}\b)?(?:{_ON_WORDS})\s+{_ANY_ARTICLES}(?:(?P<which>{'|'.join(_WHICH)})\s+)?"
    rf"(?P<kind>{'|'.join(_MACHINES)})?(?:\s+|(?=[:*_(,]|$)|(?<![^\W_]))(?P<name>[^\W_][\w.-]{{0,60}})?(?:\s*\([^)]{{0,40}}\))?"
    r"\s*[:,]?\s*[*_]*:?$",
    re.IGNORECASE,
)
# `Inside the container:`, `im Container web:`, `in the red namespace:`
_IN = re.compile(
    rf"(?:.{{0,60}}\b)?(?:{_IN_WORDS})\s+{_ANY_ARTICLES}(?:(?:network\s+)?(?P<kind>{'|'.join(_INSIDE)})\b\s*(?P<name>[\w./-]{{1,60}})?"
    rf"|(?P<name2>[\w./-]{{1,60}})\s+(?P<kind2>{'|'.join(_INSIDE)}))\s*[:*_]*$",
    re.IGNORECASE,
)
# `## red namespace`, `Pod A:`, `### Container`, `Namespace blue:`
_KIND = re.compile(
    rf"[*_#=>\s-]*(?:(?P<kind>{'|'.join(_INSIDE)})(?P<name>(?:\s+[\w./-]{{1,60}}){{0,3}})"
    rf"|(?P<name2>[\w./-]{{1,60}})\s+(?P<kind2>{'|'.join(_INSIDE)}))\s*[:*_=#-]*$",
    re.IGNORECASE,
)
# `On the first machine (alpha) I run:`
_NAMED = re.compile(
    rf"\b(?:{'|'.join(_MACHINES)}) ?\([\"'`]?(?P<name>[^\W_][\w.-]{{0,60}})[\"'`]?\)[^\n]{{0,60}}:$", re.IGNORECASE
)
# `Side A (203.0.113.1):`
_ASIDE = re.compile(r" ?\([^()]{1,40}\)(?=[:*_]{0,4}$| ?={2,}$| ?-{2,}$)")
# `Host: node1`, `Hostname = node1`
_FIELD = re.compile(
    r"[*_]{0,3}(?:host ?name|host|machine|node|router|vm|device|rechner|machine name|nœud|hôte)[*_]{0,3}\s*[:=]\s*"
    r"[`*_\"']{0,3}(?P<name>[^\W_][\w.-]{0,60})[`*_\"']{0,3}$",
    re.IGNORECASE,
)
# `node1 routes:`, `node1's routing table:`
_POSSESSED = re.compile(r"(?P<name>[^\W_][\w.-]{0,60}?)(?:['’]s?)?[ -]+(?P<what>[a-z][a-z -]{0,60}):?$", re.IGNORECASE)
# `Routing table (node1):`
_IN_BRACKETS = re.compile(r"(?P<what>[a-z][a-z -]{0,60}) [(\[](?P<name>[^\W_][\w.-]{0,60})[)\]]:?$", re.IGNORECASE)
# `First machine:`, `The other host:`
_ORDINAL = re.compile(
    rf"{_ANY_ARTICLES}(?P<which>{'|'.join((*_WHICH, 'erste', 'erster', 'zweite', 'zweiter', 'andere', 'anderer'))})"
    rf" (?P<kind>{'|'.join(_MACHINES)}):$",
    re.IGNORECASE,
)
# `on gw-b we have`
_WE_SEE = re.compile(
    r" (?:(?:we|I|you|one|it) (?:can )?|there )(?:have|had|see|get|got|find|is|are|shows|says|gives|looks? like)\s*$"
)
_ADDRESS = re.compile(r"^\S+ (?:\d{1,3}\.){3}\d{1,3}(?:/\d+)?$")
_BETWEEN_BACKTICKS = re.compile(r"`([^\W_][\w.-]{0,60})`")
# `A:`: the first of two machines
_LETTER = re.compile(r"[A-D]:?$")
# `h3. Node1`: a title of a wiki
_WIKI_TITLE = re.compile(r"h[1-6]\. +")
# `The server has these routes:`, `my laptop shows:`, `The router's neighbours:`
_SUBJECT = re.compile(
    rf"(?:.{{0,30}}\b(?:while|and|but) )?{_ANY_ARTICLES}(?:(?P<which>{'|'.join(_WHICH)}) )?(?P<kind>{'|'.join(_MACHINES)})"
    r"(?:['’]s|'| has| shows| says| gives| prints| reports| looks| returns)\b[^\n]{0,50}:$",
    re.IGNORECASE,
)
# `Linux side:`, `**The router end:**`
_SIDE = re.compile(
    rf"[*_#\s]*{_ANY_ARTICLES}(?P<name>{'|'.join(_MACHINES)}|linux|remote|local|left|right|pfsense|opnsense|openwrt|debian|ubuntu)"
    r" (?:side|end|seite):?[*_]*$",
    re.IGNORECASE,
)
# `Here's node7:`, `And this is node8:`
_HERE = re.compile(rf"(?:and )?(?:here(?:['’]s| is)|this is) {_ANY_ARTICLES}(?P<name>[^\W_][\w.-]{{0,60}}):$", re.IGNORECASE)
# `R1 has a table more:`, of a machine that is known
_KNOWN_SUBJECT = re.compile(
    r"(?:(?:while|and|but|on) )?(?P<name>[^\W_][\w.-]{0,60})(?:['’]s| has| shows| says| gives| prints| reports| looks| returns)\b"
)
# `and for completeness (R1):`
_KNOWN_ASIDE = re.compile(r"\((?P<name>[^\W_][\w.-]{0,60})\):$")
# `Expected:`, `It should look like this:`: of no machine that there is
_EXPECTED = re.compile(
    r"[*_#\s]*(?:.{0,50}\b)?(?:expected|would expect|expect|desired|should (?:be|look|have|show|see)|supposed to"
    r"|erwartet\w*|attendu\w*)\b"
    r"[^\n]{0,50}$",
    re.IGNORECASE,
)
#: The name of the machine for output that a writer only expects to see.
EXPECTED = "expected"
# Words that are names of machines even without a heading's marks around them
_MACHINE = re.compile(
    r"\d|\w\.\w+\.\w|(?:^|[-_.])(?:router|server|client|host|node|master|worker|gateway|firewall|switch|leaf|spine|left|right|local"
    r"|remote|site|guest|(?:gw|fw|srv|rtr|lb|hv|pve|vps|nas)(?=[-_.\d]|$))",
    re.IGNORECASE,
)
# Words that are not names of machines: `eth0:`, `step1:`, `netplan.yaml:`, `v1.2:`
_NO_MACHINE = re.compile(
    r"(?:eth|en[spox]|wlan|wl|br|veth|vlan|bond|wg|tun|tap|vx|vxlan|lo|docker|virbr|cni|cali|flannel|swp|ppp|usb|dummy|ib|vrf|vmbr|lxcbr"
    r"|step|table|case|test|fig|figure|part|example|note|update|question|try|attempt|point|issue|option|version|phase|scenario|method"
    r"|ipv|ip|v|log|line|route|rule|port|edit|page|section|chapter|day|round|run|problem|answer|solution|setup|config)[-_.]?\d"
    r"|(?:em|p\dp|wan|lan|igb|ixl?|bridge|sfp|[gxt]e|gi|fa|vmk|vmnet)[-_./]?\d[\d./:-]*(?:@|$)"  # but `lan1-switch` is one
    r"|(?:rfc|udp|tcp|layer|systemd|iproute|kernel)[-_./]?\d"
    r"|(?:aarch64|arm64|x86_64|amd64|i[36]86|boot2docker)$|k8s-\d+\.\d"
    r"|\d{4}-\d\d-\d\d|\d+\.\d+\.\d+-"  # a date, a kernel
    r"|.*\.(?:ya?ml|conf|cfg|txt|sh|py|json|log|md|service|xml|ini|rules|network|link|netdev|pcap|service)$"
    r"|\d+(?:\.\d+){1,3}(?:/\d+)?$",
    re.IGNORECASE,
)
_NO_NAMES = frozenset(
    "output outputs result results routes route links link addresses address rules rule neighbours neighbors before after "
    "then now "
    "expected actual example examples configuration config interfaces interface network networks note notes edit update logs log "
    "command commands summary info information environment version versions steps reproduce description details thanks ps "
    "tldr and "
    "but so here this that firewall iptables bridge vlan vlans arp ip table tables ping traceroute on off yes no todo "
    "question answer "
    "solution problem issue title subject date from to cc hi hello dear regards setup topology netstat ifconfig dump test "
    "tests more "
    "first second third last one two three it is works follows following above below code bash sh console text wrote says show "
    "shows goal what why how when where who status state settings debug error errors warning warnings ipv4 ipv6 default "
    "main local "
    "destination kernel iface port additional expected reproduction workaround help question solved hello hallo bonjour "
    "because with without while if via using again only also still not does do can cannot in by for as of gives looks like seems "
    "running fails failed working itself alone first seen und aber sowie et mais avec sans".split()
)


# A line without one of these is not a heading: a cheap test
_AT_END = frozenset(":*_#=]><-`")
_OF_A_HEADING = re.compile(r"[:=]|^h[1-6]\. | \| |^[\W\d_]|like(?: this)?$")


def read(line: str, names: Iterable[str] = ()) -> tuple[str | None, str | None] | None:
    """The machine and the namespace that a heading names; None for a line that is not a heading.

    The machine is ``""`` for the main machine of the text, the namespace is ``""`` for the machine's own; each is None if the
    line does not name one. ``names``: names that are known to be machines.

    >>> read("=== node1 ==="), read("Inside the container:"), read("Routes:"), read("Im Container web:"), read("### Host")
    (('node1', None), (None, 'container'), None, (None, 'container web'), ('', None))
    """
    bare = line.strip()
    if not bare or len(bare) > LONGEST + 20 or bare[-1] not in _AT_END and _OF_A_HEADING.search(bare) is None:
        return None
    known = {*names, *_BETWEEN_BACKTICKS.findall(line)}
    line = _WIKI_TITLE.sub("## ", _LIST.sub("", bare.replace("`", ""), count=1))
    if not line or len(line) >= LONGEST:
        return None
    field = _FIELD.match(line)
    if field is not None and field["name"].lower() not in _NO_NAMES and not _NO_MACHINE.match(field["name"]):
        return field["name"], None
    if (line[-1] in ":*_" or line[0] in "#*" or line.endswith((" like", " like this"))) and _EXPECTED.match(line):
        return EXPECTED, None
    task = _OF_A_TASK.match(line)
    if task is not None:
        return task["name"], None
    if line[-1] == ":":
        subject = _KNOWN_SUBJECT.match(line) or _KNOWN_ASIDE.search(line)
        if subject is not None and subject["name"] in known:
            return subject["name"], None
        here = _HERE.match(line)
        if here is not None and (here["name"] in known or is_machine(here["name"])):
            return here["name"], None
        found = _NAMED.search(line)
        if found is not None and found["name"].lower() not in _NO_NAMES:
            return found["name"], None
    if line[0].isdigit() or line.count(" ") > _MOST_BLANKS:
        return None
    if line[-1] not in ":*_#=]><-" and line[0] not in "#=*" and " | " not in line:
        return None
    is_title = line[-1] in ":*_" or line[0] in "#="
    inside = _place_inside(_ASIDE.sub("", line)) if is_title else None
    if inside is not None:
        return None, inside
    if _NAMESPACE.match(line) and line.strip("*_#=:<>- ") not in names:
        return None, line.strip("*_#=:<>- ")
    machine = _beside_outputs(line, known) if is_title else None
    line = _ASIDE.sub("", line)
    if machine is None:
        machine = _titled(line, known)
    if machine is None and line.endswith((":", "*", "_")):
        machine = _on_a_machine(line, known)
    return (machine, None) if machine is not None else None


def above_a_block(line: str, names: Iterable[str] = ()) -> tuple[str | None, str | None] | None:
    """Read a heading directly above a block of code, which needs no colon; returns the same as :func:`read`.

    >>> above_a_block("VM1"), above_a_block("On the router"), above_a_block("iproute2")
    (('VM1', None), ('router', None), None)
    """
    line = _WE_SEE.sub("", line.strip())
    patterns = (_ON, _IN, _IN_BRACKETS, _POSSESSED)
    if _ADDRESS.search(line):  # `gateway 10.0.0.1`, of a file of settings
        return None
    if _LETTER.match(line):
        return line.rstrip(":"), None
    if (
        not line
        or line[-1] in ":*"
        or not (line in names or _NUMBERED.match(f"{line}:") or any(pattern.match(line) for pattern in patterns))
    ):
        return None
    return read(f"{line}:", names)


# Words of a label that tell a machine from another one, if another label stands above the same command
_KINDS = frozenset(_MACHINES) | frozenset(
    "local remote desktop laptop notebook home office vps pi raspberry nas endpoint site left right spine leaf lokal entfernt "
    "plane debian ubuntu fedora arch centos rhel rocky alma alpine suse openwrt truenas proxmox linux mint kali nixos gentoo "
    "mine theirs machine computer workstation phone tablet hub dc cluster hypervisor bastion jump edge core machines "
    "serveur portable ordinateur servidor ap wap mesh repeater extender".split()
)
_KINDS_INSIDE = frozenset((*_INSIDE, "inside", "netns", "innen"))
_OUTSIDE = frozenset(("outside", "host", "root", "aussen", "außen"))
# Words of a label that tell a state of one machine from another one
_STATES = frozenset(
    "before after now then again later previously earlier still update edit when while once initially finally afterwards vorher "
    "nachher jetzt danach avant après with without mit ohne up down enabled disabled expected wanted working broken reboot "
    "good bad got observed reality real current previous modified result restart change changed fix fixed is was does has have "
    "not can i it we".split()
)
_LABEL_FRONT = re.compile(
    r"(?:(?:and|et|und) )?(?:(?:output|result|routes?|routing table|ausgabe|sortie)s? )?"
    r"(?:(?:of|on|from|at|in|auf|von|im|sur|dans|this is|here is) )?"
    rf"{_ANY_ARTICLES}",
    re.IGNORECASE,
)
# `but on bob it prints:`, `When I run "ip r" on alice I get:`
_ON_A_NAME = re.compile(
    r".{0,80}\b(?:on|from|auf|sur) (?P<name>[a-z][\w-]{1,30})(?: (?:I|we|it|this|that|you|ich|wir)\b[^\n:]{0,40})?:$",
    re.IGNORECASE,
)
_TIMES = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday boot startup reboot restart demand purpose top request hold its my "
    "the a an scratch which that this there here it".split()
)
# `ns1:`, `=== netns-red ===`
_NAMESPACE = re.compile(r"[*_#=<>-]*\s*(?:ns[-_]?\d{1,3}|netns[-_]?\w{1,20})\s*[:*_#=<>-]*$")
# `Table 100:`, `Routing table wan:`, `VRF red:`, `Main table:`
_OF_TABLE = re.compile(
    r"[*_#\s]*(?:ip )?(?:(?:rout(?:e|ing) )?(?P<kind>table|vrf) [\"'`]?(?P<name>\w[\w.-]{0,30})[\"'`]?"
    r"|(?P<name2>main|local|default) table)"
    r"\s*[:*_]*$",
    re.IGNORECASE,
)
# `First:`, `Two servers. The second one:`: of machines or of states of one
_COUNTED = re.compile(
    r"(?:.*[.!?:,] )?(?:and )?(?:the )?(?P<which>(?:first|second|third|fourth|1st|2nd|3rd|other|last)(?: one)?)[:*_]*$", re.I
)
_INSIDE_ELSEWHERE = re.compile("コンテナ|容器|контейнер")
_OUTSIDE_ELSEWHERE = re.compile("ホスト|宿主|хост")
_ONE_OF = re.compile(
    rf"(?:[A-D]|(?:\d{{1,3}}\.){{3}}\d{{1,3}})$|{_INSIDE_ELSEWHERE.pattern}|{_OUTSIDE_ELSEWHERE.pattern}|服务器|主机|路由器|客户端|虚拟机|节点|网关|сервер|роутер|клиент|ноутбук|サーバ|ルータ",
    re.IGNORECASE,
)
# `Raspi (192.168.1.4)`
_WITH_ADDRESS = re.compile(r" ?[(\[](?:\d{1,3}\.){3}\d{1,3}[)\]]$")
_MOST_WORDS = 5


# `agent:`
_SMALL_TITLE = re.compile(r"(?P<name>[a-z][\w-]{1,20}):$")
# `AP:`, `Core switch:`
_SHORT_TITLE = re.compile(r"[*_]{0,3}(?P<name>[A-Z][\w-]{1,20}(?: [\w-]{2,20})?)[*_]{0,2}:[*_]{0,2}$")


def routing_table(line: str) -> list[str] | None:
    """The words that name a routing table in a title, as `ip route show` takes them; None for any other line.

    >>> routing_table("Table 100:"), routing_table("VRF red:"), routing_table("Main table:"), routing_table("Routing table:")
    (['table', '100'], ['vrf', 'red'], [], None)
    """
    found = _OF_TABLE.match(line) if len(line) < 60 else None
    if found is None:
        return None
    name = found["name"] or found["name2"].lower()
    return [] if name == "main" else [(found["kind"] or "table").lower(), name]


def short_title(line: str, *, above: bool = False) -> str | None:
    """The words of a title that may be the name of anything, so also of another machine; None for other lines.

    ``above``: directly above a block, where a word in small letters is a title as well.

    >>> short_title("AP:"), short_title("After:"), short_title("Routes:")
    ('AP', None, None)
    """
    line = _ASIDE.sub("", line.strip())
    found = _SHORT_TITLE.match(line) or (_SMALL_TITLE.match(line) if above else None)
    words = set(found["name"].lower().split()) if found is not None else set()
    return (
        found["name"]
        if found is not None and words.isdisjoint(_STATES | _NO_NAMES | _OUTPUTS | _ARTICLES | {"old", "new"})
        else None
    )


def label(line: str, *, alone: bool) -> str | None:
    """The words of a title that may tell a machine from another one; None for any other line. ``alone``: between blank lines.

    Whether a label is one of a machine shows only where the same command stands below another label: see
    :mod:`machine_names`.

    >>> label("On my laptop:", alone=False), label("Raspberry Pi", alone=True), label("After:", alone=True)
    ('laptop', 'Raspberry Pi', None)
    """
    line = line.strip()
    if not line or len(line) >= LONGEST or not (alone or line[-1] in ":：*_-`" or line[0] in "#*=h`"):
        return None
    line = _WIKI_TITLE.sub("## ", _LIST.sub("", line.replace("`", ""), count=1))
    counted = _COUNTED.match(line)
    named = counted["which"] if counted is not None else on_a_name(line)
    if named:
        return named
    if not line or len(line) > 60 or not (alone or line[-1] in ":：*_-" or line[0] in "#*="):
        return None
    bare = line.strip(" :：*_#=-")
    name = _LABEL_FRONT.sub("", _WITH_ADDRESS.sub("", bare), count=1)
    words = name.lower().split()
    if not 0 < len(words) <= _MOST_WORDS or line[-1] in ".?!," or not _STATES.isdisjoint(words):
        return None
    parts = [part for word in words for part in re.split(r"[^\w]+", word.rstrip("0123456789"))]
    known = not (_KINDS | _KINDS_INSIDE | _OUTSIDE).isdisjoint(parts)
    if name != bare and name.lower() in ("mine", "theirs"):
        return None
    return name if known or _ONE_OF.search(name) or _WITH_ADDRESS.search(bare) or len(words) == 1 and is_machine(name) else None


def on_a_name(line: str) -> str | None:
    """The word behind `on` in a sentence that ends with a colon, which may be the name of a machine.

    >>> on_a_name("but on bob it prints:"), on_a_name("on Monday it was:")
    ('bob', None)
    """
    found = _ON_A_NAME.match(line) if line[-1:] == ":" and len(line) < LONGEST else None
    name = found["name"] if found is not None else ""
    return name if name and name.lower() not in _NO_NAMES | _STATES | _TIMES and not _NO_MACHINE.match(name) else None


def is_ordinal(name: str) -> bool:
    """Whether a :func:`label` only counts, so that it may be one of a machine or of a state.

    >>> is_ordinal("Second"), is_ordinal("second one"), is_ordinal("second host")
    (True, True, False)
    """
    return _COUNTED.match(name) is not None


def is_of_machine(name: str) -> bool:
    """Whether the words of a title, also those of :func:`short_title`, name a machine.

    >>> is_of_machine("Dumb AP"), is_of_machine("Renewed lease")
    (True, False)
    """
    return label(f"{name}:", alone=False) is not None


def is_inside(name: str) -> bool:
    """Whether a :func:`label` names a container or a namespace, and not a machine."""
    return not _KINDS_INSIDE.isdisjoint(name.lower().split()) or _INSIDE_ELSEWHERE.search(name) is not None


def is_outside(name: str) -> bool:
    """Whether a :func:`label` names the machine itself, beside its containers."""
    return name.lower() in _OUTSIDE or _OUTSIDE_ELSEWHERE.search(name) is not None


def is_name(line: str) -> bool:
    """Whether a line contains only a possible name of a machine, or of a group of machines: ``node[1-3]``."""
    return _MARKED.match(f"== {line.strip()} ==") is not None and line.strip().lower() not in _NO_NAMES


def is_machine(name: str) -> bool:
    """Whether a word looks like the name of a machine, and not like another word that people put in front of a colon.

    >>> is_machine("node1"), is_machine("web.example.net"), is_machine("eth0"), is_machine("Result")
    (True, True, False, False)
    """
    return (
        not name.isdigit()
        and _MACHINE.search(name) is not None
        and _NO_MACHINE.match(name) is None
        and name.lower() not in _NO_NAMES
    )


def _place_inside(line: str) -> str | None:
    """The container or namespace that a line names: ``"container web"``, ``"red"``, ``""`` for the machine's own."""
    found = _IN.match(line)
    said = found is not None
    found = found or _KIND.match(line)
    if found is None:
        return None
    kind = (found["kind"] or found["kind2"]).lower()
    words = [word for word in (found["name"] or found["name2"] or "").split() if word == "A" or word.lower() not in _ARTICLES]
    left = [word for word in words if (word.lower() if len(word) > 1 else word) not in _OUTPUTS]
    if (
        len(left) > 1
        or not said
        and left
        and left[0].lower() in _NO_NAMES | {"logs", "status"}
        and left[0].lower() not in _ITSELF
    ):
        return None
    name = left[0] if left else ""
    if kind in ("netns", "namespace", "jail", "ns", "namensraum", "network namespace"):
        if name.lower() in _ITSELF:
            return ""
        if name and name.lower() not in _NO_NAMES:
            return name
        return kind if said else None
    if name.lower() in _WHICH:  # `inside the second container`
        return f"{name.lower()} {kind}"
    return f"{kind} {'' if name.lower() in _NO_NAMES else name}".strip()


def _beside_outputs(line: str, names: set[str]) -> str | None:
    """The machine beside words for its output: ``node1 routes:``, ``Routing table (node1):``."""
    line = line.rstrip("*_").lstrip("*_#= ")
    for pattern in (_POSSESSED, _IN_BRACKETS):
        found = pattern.match(line)
        words = found["what"].lower().split() if found is not None else []
        if found is not None and len(words) < 4 and all(word in _OUTPUTS for word in words):
            if found["name"].lower() not in _MACHINES and (is_machine(found["name"]) or found["name"] in names):
                return found["name"]
    return None


def _titled(line: str, names: set[str]) -> str | None:
    """The machine of a title: ``=== node1 ===``, ``**Machine A**``, ``alpha | CHANGED``, ``router:``."""
    if line.startswith("__") and line.endswith("__"):
        line = f"**{line.strip('_')}**"
    for pattern in (_MARKED, _NUMBERED, _OF_ANSIBLE, _BEFORE_COLON):
        found = pattern.match(line)
        if found is None:
            continue
        name = found["name"].rpartition("@")[2]
        kind, _, what = name.lower().partition(" ")
        if len(what) > 1 and (what in _NO_NAMES or what in _OUTPUTS):  # `host output:`, `client routes:`
            return ("" if kind in _ROOTS else kind) if kind in _MACHINES and what in _OUTPUTS else None
        if kind in _MACHINES and (name.partition(" ")[2] in names or len(what) > 1 and is_machine(what)):
            return name.partition(" ")[2]  # ``Host `alpha`:``
        if name.lower() in _ROOTS and name not in names:
            return ""
        if name.lower() in _NO_NAMES or name.isdigit() or name not in names and _NO_MACHINE.match(name):
            return None
        sure = name in names or pattern in (_NUMBERED, _OF_ANSIBLE) or _MACHINE.search(name)
        return name if sure or pattern is _MARKED and line[:2] in ("==", "--", "<<", ">>") else None
    return None


def _on_a_machine(line: str, names: set[str]) -> str | None:
    """The machine behind a preposition: ``On the router:``, ``ip route from node1:``, ``auf dem zweiten Host:``."""
    side = _SIDE.match(line)
    if side is not None:
        return "" if side["name"].lower() in _ROOTS else side["name"]
    found = _SUBJECT.match(line) or _ORDINAL.match(line)
    if found is not None:
        kind, which = found["kind"].lower(), (found["which"] or "").lower()
        return f"{which} {kind}" if which else "" if kind in _ROOTS else kind
    found = _ON.match(line)
    if found is None:
        return None
    name, kind, which = found["name"] or "", (found["kind"] or "").lower(), (found["which"] or "").lower()
    if name.lower() in _NO_NAMES or name.lower() in _ARTICLES or name not in names and _NO_MACHINE.match(name):
        name = ""
    if name and (name in names or _MACHINE.search(name) or kind):
        return name
    if not kind or name:
        return None
    if which and which not in ("linux", "docker", "physical", "bare-metal"):
        return f"{which} {kind}"
    return "" if kind in _ROOTS else kind
