"""Recognise the prompt of a shell in front of a command, with the user and the machine in the prompt.

```
root@alpha:~#       [me@alpha dir]$     alpha ~ #      me@alpha ~/lab (main)>     PS /home/me>     └─#
```
A prompt of another form is recognised by the command behind it: see :mod:`netwrap.sources.commands_in_text`.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Prompt(NamedTuple):
    """A prompt and the text that was typed behind it.

    ``user`` and ``host`` are ``""`` if the prompt does not name them; ``sigil`` is the prompt's last character; ``sure``: only a
    prompt looks like this, whatever text follows.
    """

    user: str
    host: str
    sigil: str
    typed: str
    sure: bool


_SIGIL = "#$%>❯➜➤▶►λ»›✗⟩"
_ANY_SIGIL = re.compile(rf"[{_SIGIL}⇒→\ue0b0-\ue0bf]|^\s*[+└╰]|\]:")
_ARROWS = "❯➜➤▶►λ»›✗⟩"
# A name, or the sign of a writer that has hidden it: `<redacted>`, `***`
_HIDDEN = r"<[\w .-]{1,30}>|\[(?:redacted|removed|hidden|host|hostname|censored|masked)\]|\*{2,12}"
_HOST = rf"(?P<host>[^\W_][\w.-]{{0,80}}|\(none\)|{_HIDDEN})"
_USER = rf"(?P<user>I have no name!|[^\W_][\w.+\\-]{{0,60}}|_\w{{0,40}}|{_HIDDEN})"
# What may stand between the host and the sigil: `:~`, ` ~/lab (main)`, ` [ ~ ]`, `:mgmt:~`, ` dir`, `(config)`
_PATH = (
    r"(?::[\w/-]{1,40}(?=:)| \d\d:\d\d:\d\d(?= )| \[\d{1,3}\](?= ))?"
    r"(?:[: ]? ?(?:[~/][^#$%>\n]{0,150}?|\[[^\]\n]{0,100}\]|\([^)\n]{0,60}\)|[\w.-]{1,60}))?(?: ?\([^)\n]{0,80}\)){0,2} {0,2}"
)
_TYPED = rf"(?P<sigil>[{_SIGIL}])(?![{_SIGIL}])(?P<typed>.*)$"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # `[root@alpha ~]# `, `[root@alpha ~(keystone_admin)]# `, `[admin@fw-1.example.net:/]$ `, `root@[alpha ~]#`
        rf"\[{_USER}[@㉿💀]{_HOST}(?:[ :][^\]\n]{{0,120}})?\] ?(?:\([^)\n]{{0,60}}\) ?)?{_TYPED}",
        rf"\[(?!root:){_HOST}[ :][~/][^\]\n]{{0,120}}\] ?{_TYPED}",
        # `[me@alpha]─[~]$ `, `[me@alpha][~]$ `
        rf"\[{_USER}[@㉿💀]{_HOST}\][─-]?\[[^\]\n]{{0,120}}\] ?{_TYPED}",
        # `me@alpha:[~]: `
        rf"{_USER}[@㉿💀]{_HOST}:\[[~/][^\]\n]{{0,120}}\](?P<sigil>:)(?P<typed>(?: .*)?)$",
        # `alpha:root:~# `
        rf"{_HOST}:(?P<user>[a-z][\w-]{{0,30}}):[~/][^#$%>\n]{{0,150}}? ?{_TYPED}",
        # `root::alpha::~# `, `A:admin@alpha# `, `A:alpha# `
        rf"(?P<user>[a-z][\w-]{{0,30}})::{_HOST}::[~/][^#$%>\n]{{0,150}}? ?{_TYPED}",
        rf"[AB]:(?:{_USER}@)?(?=[\w.-]*[A-Za-z]){_HOST}(?P<sigil>#)(?P<typed>(?: .*)?)$",
        # `alpha:lab me$ `, of a Mac
        rf"{_HOST}:[\w.-]{{1,60}} (?P<user>[a-z][\w-]{{0,30}})(?P<sigil>[$#])(?P<typed>(?: .*)?)$",
        # `alpha ➜ ~/lab `
        rf"(?!(?:root|vscode|codespace) ){_HOST} (?P<sigil>[➜❯➤⇒→]) +[~/]\S{{0,120}}(?: +(?:git:)?\([^)\n]{{0,60}}\))?(?: +✗)?"
        r"(?P<typed>(?: +(?![$#]).*)?)$",
        # `λ alpha ~ `
        rf"(?P<sigil>[λ❯➜»⟩]) {_HOST} [~/]\S{{0,120}}(?P<typed>(?: .*)?)$",
        # `[alpha]$ `
        rf"\[(?=\d*[A-Za-z]){_HOST}\] ?{_TYPED}",
        # `root@alpha:~# `, `me@alpha ~> `, `root@alpha [~]# `, `cumulus@leaf01:mgmt:~$ `, `vyos@alpha# `
        rf"{_USER}[@㉿💀]{_HOST}{_PATH}{_TYPED}",
        # `alpha:~ # `, `leaf1:~$ `, `1|sargo:/ $ `
        rf"(?:\d{{1,3}}\|)?(?!root:){_HOST}:[~/][^#$%>\n]{{0,150}}? ?{_TYPED}",
        # `alpha ~ # `, `node1 [ ~ ]# `
        rf"{_HOST} (?:[~/][^#$%>\n]{{0,100}}?|\[ ?[~/][^\]\n]{{0,100}}\]) ?{_TYPED}",
    )
)
# `sh-4.2$ `, `-bash-4.2# `, `/ # `, `~/lab $ `, `PS /home/me> `, `C:\> `, `└─$ `
_NAMELESS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"root:[~/][^#$%>\n]{{0,100}}? ?{_TYPED}",
        # of a development container, with the user's name: `vscode ➜ /workspaces/lab (main) $ `
        r"[a-z][\w-]{0,30} ➜ [~/]\S{0,120} (?:\([^)\n]{0,60}\) )?(?P<sigil>[$#])(?P<typed>.*)$",
        rf"-?(?:ba|z|da|a|k|c|tc|fi|mk|pdk)?sh(?:-\d[\w.]{{0,8}})? ?{_TYPED}",
        rf"[~/][\w./-]{{0,120}} ?(?:\([^)\n]{{0,60}}\) ?)?{_TYPED}",
        rf"(?:PS )?(?:[A-Za-z]:)?[\\/][^>\n]{{0,120}}{_TYPED}",
        rf"[└╰]─*(?:\[[~/][^\]\n]{{0,80}}\]|[^\w\s#$%>❯]\s?)?{_TYPED}",
        r"[└╰][─━]+(?P<sigil>[^\w\s─━])(?P<typed>(?: .*)?)$",
        r"(?P<sigil>➜) +\S{1,80}(?: +(?:git:)?\([^)\n]{0,80}\))?(?: +✗)?(?P<typed>(?: .*)?)$",
        r"(?P<sigil>[❯➜λ»⟩→])(?P<typed> .*|)$",
        r"(?P<sigil>\$)(?P<typed>.*)$",
    )
)
# `+ ip a`: a command that a script printed before it ran (`set -x`)
_TRACED = re.compile(r"\s{0,3}\+{1,4} (?P<typed>\S.*[^\s.:?!])\s*$")
_POWERLINE = re.compile("[\ue0b0-\ue0bf]")
# These are prompts for sure only in front of a command: `# To do` is a remark, `100 % of` is prose, `alpha> ` may be a quotation
_UNSURE = tuple(
    re.compile(pattern)
    for pattern in (
        r"#{2,6} (?P<sigil>)(?P<typed>\S.*)$",
        r"(?P<sigil>[#%])\s*(?P<typed>\S.*)$",
        rf"{_HOST}(?:\([\w-]{{1,40}}\))? ?(?P<sigil>[#$%>])(?![{_SIGIL}])(?P<typed>.*)$",
    )
)
# `[12:01:33] `, `2024-01-02 12:01:33 `, `(venv) `, `- `, `1. `, ` 12  `, `**`, `` ` ``
_CLOCK = re.compile(r"[\[(]?(?:\d{4}-\d\d-\d\d[ T])?\d{1,2}:\d\d(?::\d\d(?:\.\d{1,6})?)?(?: ?[AP]M)?Z?[\])]?\s+")
_VENV = re.compile(r"\([\w.+ -]{1,40}\) ?")
_LIST = re.compile(r"\s*(?:[-*+•] +|\d{1,3}[.)] +|\d{1,5} {1,3}(?=\S))?[*_`\"'“]{0,3}")
_UPPER_HALF = re.compile(r"\s*(?:\([\w.-]{1,12}\) )?[┌╭][─\[(]|# [\w.-]{1,40} @ [\w.-]{1,60} in \S.* \[\d\d:\d\d:\d\d\]")
_HOST_OF_UPPER_HALF = re.compile(rf"{_USER} ?[@㉿💀] ?{_HOST}")
_NAME_OF_UPPER_HALF = re.compile(rf"[\[(]{_HOST}[\])]")
_CLOSING = "*_`\"'”"

#: Programs that people run between our commands. A line `# WORD …` or `host> WORD …` with one of them is a prompt with a command.
COMMON = frozenset(
    "adb ansible apk apt apt-get arp arping awk bash brctl bridge busybox cat cd chmod clear cp crictl ctr curl date "
    "dhclient dig "
    "dmesg dnf docker docker-compose doas echo env ethtool exit export false find firewall-cmd for free getent grep head "
    "hostname "
    "hostnamectl id ifconfig ifdown ifup incus ip ip6tables ip6tables-save iperf iperf3 ipset iptables iptables-save ipvsadm iw "
    "iwconfig journalctl kill kubectl less ln logout ls lsmod lsns lspci lxc lxc-attach lxc-ls man mkdir modprobe more "
    "mount mtr mv "
    "nano nc ncat nerdctl netplan netstat networkctl nft nmap nmcli nsenter nslookup oc opkg ovs-vsctl pct ping ping6 "
    "podman ps pwd "
    "reboot resolvectl rm rmmod route sed service set sh show shutdown sleep ss ssh su sudo sysctl systemctl tail tc tcpdump tee "
    "telnet time timeout toybox touch traceroute traceroute6 tracepath true type uci uname unshare uptime vagrant vi vim virsh "
    "vtysh watch wg wget which while who whoami wsl xargs yum zcat zypper tshark ovs-ofctl etcdctl calicoctl cilium lscpu brctl "
    "conntrack ebtables ebtables-save rtmon ifquery ifreload chroot runuser dpkg rpm git make python python3 openstack".split()
)


def bare(line: str) -> str:
    """A line without list marks, bold, backticks, clock and virtual environment in front, and without their closing marks.

    >>> bare("- `ip a`"), bare("[12:01:33] (venv) me@h:~$ **ip a**"), bare(" 1  root@alpha:~# ip a")
    ('ip a', 'me@h:~$ **ip a', 'root@alpha:~# ip a')
    """
    found = _LIST.match(line)
    opened = bool(found and found.end() and found[0].strip()[-1:] in tuple("*_`\"'“"))
    line = line[found.end() :] if found else line
    for pattern in (_CLOCK, _VENV):
        one = pattern.match(line)
        if one is not None and one.end() < len(line):
            line = line[one.end() :]
    line = line.strip()
    return line.rstrip(_CLOSING).rstrip() if opened or line.endswith(("**", "`")) else line


def unmarked(typed: str) -> str:
    """The typed text without bold marks or backticks around it."""
    typed = typed.strip()
    if typed.startswith(("**", "`")):
        return typed.strip("*`").strip()
    return typed.rstrip("*`").rstrip() if typed.endswith(("**", "`")) and typed.count("`") % 2 else typed.removesuffix("**")


def read(line: str) -> Prompt | None:
    """The prompt at the beginning of a line, with the text typed behind it; None for a line without a prompt.

    >>> read("[root@alpha ~]# ip a")
    Prompt(user='root', host='alpha', sigil='#', typed='ip a', sure=True)
    >>> read("1: lo: <LOOPBACK,UP>"), read("# To do on every node:").sure, read("sh-4.4# ip a").typed
    (None, False, 'ip a')
    """
    if len(line) > 6000 or not _ANY_SIGIL.search(line):
        return None
    if not line.isascii() and _POWERLINE.search(line):
        return _of_powerline(line)
    traced = _TRACED.match(line)
    if traced is not None and is_common(traced["typed"]):
        return Prompt("", "", "+", traced["typed"], True)
    line = bare(line)
    if not line or line[0].isdigit() and ": " in line[:14]:
        return None
    for pattern in _PATTERNS if not line.startswith("PS ") else ():
        found = pattern.match(line)
        if found is not None and not _is_odd(found):
            typed = found["typed"]
            if found["sigil"] in _ARROWS and typed.lstrip()[:1] in ("~", "/"):
                typed = typed.lstrip().partition(" ")[2]
            groups = found.groupdict()
            return Prompt(groups.get("user") or "", found["host"], found["sigil"], unmarked(_behind_all(typed)), True)
    for pattern in _NAMELESS:
        found = pattern.match(line)
        if found is not None:
            typed = unmarked(_behind_all(found["typed"]))
            sure = found["sigil"] in "$#" + _ARROWS or is_common(typed) or typed == ""
            return Prompt("", "", found["sigil"], typed, sure)
    for pattern in _UNSURE:
        found = pattern.match(line)
        if found is not None:
            host = found.groupdict().get("host") or ""
            typed = unmarked(found["typed"])
            apart = bool(host) and line[found.start("sigil") - 1].isspace()  # `quick # route because …`
            return Prompt("", host, found["sigil"], typed, is_common(typed) and not apart)
    return None


# A further part of a prompt behind a sigil: `» ~ » `, `> `
_FURTHER = re.compile(rf"\s*(?:[~/][\w./-]*\s+)?[{_SIGIL}]\s+(?=\S)")


def _behind_all(typed: str) -> str:
    """The text behind the last part of a prompt that has several: `~ » ip a` → `ip a`."""
    further = _FURTHER.match(typed)
    return typed[further.end() :] if further is not None and is_common(typed[further.end() :]) else typed


def _of_powerline(line: str) -> Prompt:
    """A prompt whose parts are separated by the arrows of a Powerline font: ``me@alpha  ~  ip a``."""
    front, _, typed = _POWERLINE.sub("\ue0b0", line).rpartition("\ue0b0")
    found = _ANYWHERE.search(front)
    user, host = (found["user"], found["host"]) if found is not None else ("", "")
    return Prompt(user, host, "\ue0b0", unmarked(typed), True)


def _is_odd(found: re.Match[str]) -> bool:
    """Whether a match is prose (`a@b.example wrote: pay $5`): words between host and sigil, and no known command behind it."""
    groups = found.groupdict()
    between = found.string[found.end("host") : found.start("sigil")]
    typed = found["typed"].strip()
    if between.startswith("://"):
        return True
    if found.start("sigil") < found.start("host"):  # `λ cat ~/notes`
        return is_common(found["host"]) or not is_common(typed) and typed != ""
    if found["sigil"] == ">" and typed and not groups.get("user") and not is_common(typed):
        return True
    return between.count(" ") > 2 and not is_common(typed) and typed != ""


def is_common(typed: str) -> bool:
    """Whether a typed text begins with a well-known program.

    >>> is_common("sudo ip a"), is_common("/sbin/ip a"), is_common("Expected result"), is_common("LANG=C ip a")
    (True, True, False, True)
    """
    for word in typed.split(None, 4)[:4]:
        word = word.strip("*`\"'(\\")
        if "=" in word and word.partition("=")[0].isidentifier():
            if word.partition("=")[2][:2] in ("$(", '"$') or word.partition("=")[2][:1] == "`":
                return True
            continue
        word = word.rstrip(";")
        return word.rpartition("/")[2] in COMMON or word.startswith(("./", "/usr/", "/sbin/", "/bin/"))
    return False


def upper_half(line: str) -> str | None:
    """The host in the first line of a two-line prompt (``""``: no host); None for any other line.

    >>> upper_half("┌──(me㉿alpha)-[~]"), upper_half("ip a")
    ('alpha', None)
    """
    if not _UPPER_HALF.match(line[:200]):
        return None
    found = _HOST_OF_UPPER_HALF.search(line[:300]) or _NAME_OF_UPPER_HALF.search(line[line.find("─") : 300])
    return found["host"] if found else ""


# `me@alpha ~/lab`, `[me@alpha lab]`, `me at alpha in ~/lab on main`, `alpha in ~/lab`
_ABOVE = (
    re.compile(rf"\[{_USER}[@㉿💀]{_HOST}(?: [^\]#$%>\n]{{0,80}})?\]$"),
    re.compile(rf"{_USER}[@㉿💀]{_HOST}(?:(?:[ :] ?| in | MINGW\d\d )[~/][^#$%>\n]{{0,80}})?$"),
    re.compile(rf"(?:{_USER} (?:at|in|on|@) )?(?:\W )?{_HOST} in [~/][^#$%>\n]{{0,80}}$"),
)


def line_above(line: str) -> str | None:
    """The host in a line that is the first of a two-line prompt if a prompt without a host stands below; None for any other line.

    >>> line_above("me@alpha ~/lab"), line_above("me at alpha in ~/lab on main"), line_above("It is in /etc.")
    ('alpha', 'alpha', None)
    """
    line = line.strip()
    for pattern in _ABOVE if len(line) < 200 and not line.endswith((".", ":", ",", "?")) else ():
        found = pattern.match(line)
        if found is not None:
            return found["host"]
    return None


def host_of(front: str) -> tuple[str, str]:
    """The user and the host that are named in the text in front of a command, each ``""`` if there is none.

    >>> host_of("alpha> "), host_of("root@alpha ➜  ~ "), host_of("Output of ")
    (('', 'alpha'), ('root', 'alpha'), ('', ''))
    """
    found = _ANYWHERE.search(front)
    if found is not None:
        return found["user"], found["host"]
    prompt = read(front + "ip a")
    if prompt is not None and prompt.typed == "ip a" and prompt.host:
        return prompt.user, prompt.host
    return _named_before_path(front)


_PATH_OF_PROMPT = re.compile(r"(?:^|(?<=[\s:|\[(])) ?(?:~|/\S*)(?=[\s\])|:/>]|$)")
_GLYPH = re.compile(r"[^\w\s!-~]|[|>λ]")
# Words in a prompt that name neither the user nor the machine
_OF_PROMPTS = frozenset("in at on via git main master base root vscode codespace sh bash zsh ps venv wsl exit".split())


def _named_before_path(front: str) -> tuple[str, str]:
    """The user and the host in a prompt of an unknown form: the words in front of the folder.

    >>> _named_before_path("[me][box][~]$ "), _named_before_path("me in box in ~ ❯ "), _named_before_path("Output of ")
    (('me', 'box'), ('me', 'box'), ('', ''))
    """
    path = _PATH_OF_PROMPT.search(front)
    if path is None:  # `lab ❯ `: this may be a folder
        return "", ""
    words = re.findall(r"[^\W_][\w.-]*", front[: path.start()])
    words = [word for word in words if word.lower() not in _OF_PROMPTS and not word.replace(".", "").isdigit()]
    if not 0 < len(words) < 3:
        return "", ""
    return (words[0] if len(words) > 1 else ""), words[-1]


def is_like(front: str) -> bool:
    """Whether a text in front of a command looks like a prompt and not like a part of a sentence.

    >>> is_like("box ➜ ~ "), is_like("[box:~] "), is_like("★ "), is_like("Output of "), is_like("The result of `")
    (True, True, True, False, False)
    """
    front = front.strip()
    words = [word for word in front.split() if word.isalpha() and word.lower() not in _OF_PROMPTS]
    if not front or len(front) > 100 or len(words) > 2 or front[-1] in ".,*`'\"”“":
        return False
    return any(sign in front for sign in "@~") or _GLYPH.match(front[-1]) is not None or front[-1] in "$#%❯➜λ»✗"


_ANYWHERE = re.compile(rf"{_USER}[@㉿💀]{_HOST}")
