"""Find the command in a line, with a prompt, quote marks, `Output of` or nothing in front of it.

``` root@alpha:~# ip a            ### `ip rule`          Output of ip a on node-1:          Every 2.0s: ip neigh ``` A line is a
command if it begins with a prompt (:mod:`prompts`), or if it ends with a command that shows a table and a table stands below.
The text in front of such a command counts as a prompt from then on.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from . import headings, invocation, prompts, shown, tables_in_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .invocation import Run

# Programs that run another command, or open a shell
_WRAPPERS = (
    "sudo doas time watch env docker docker-compose podman nerdctl kubectl oc crictl nsenter lxc incus lxc-attach pct ssh vagrant"
    " adb wsl chroot busybox toybox su sh bash".split()
)
#: The first word of a command that shows something; the text in front of it is a prompt or a sentence.
_PROGRAM = re.compile(
    r"(?:^|(?<=[\s#$%>:;|(`\"'*~\]❯➜λ»✗«“]))(?:/(?:usr/)?s?bin/)?"
    rf"(?:{'|'.join(_WRAPPERS)}|LANG|LC_ALL|for|ip|bridge|arp|route|netstat|ifconfig|brctl|ss|nft|iptables-save|ip6tables-save"
    r"|sysctl|wg|cat)(?=[\s=`\"*:.]|$)"
)
# Commands without a prompt that open a shell elsewhere
_OPENER = re.compile(
    r"\s*[*`]{0,3}(?:sudo )?(?:kubectl|oc|docker|podman|nerdctl|docker-compose|lxc|incus|lxc-attach|pct|ssh|nsenter|ip netns exec"
    r"|crictl"
    r"|adb|vagrant|k3s|microk8s|machinectl|multipass)\b"
)
# The most words of a line that are tried as the beginning of a command: `Output of ip a on node-1`
_CANDIDATES = 6
# `ip r shows:`, `the output of ip a is as follows:`
_SAYS = re.compile(
    r"[`\"'”*]{0,3}\s+(?:gives|shows|says|output|outputs|returns|prints|results?|yields|reports|looks like|is|tells"
    r"|ergibt|zeigt|liefert|donne|affiche)\b.{0,30}$"
)
# The right-hand part of a prompt at the end of the line: a clock, the last status
_AT_RIGHT = re.compile(r"(?<=\S)\s{8,}\S.{0,40}$")
_ENDS = re.compile(r"[\s:.*`\"'”)\]_,;=-]+$")
_NEAR = 14
# `ip a on node-1`, `ip route inside the container`, `ip r (node-1)`
_WHERE = re.compile(r"\s(?:on|from|at|in|inside|within|auf|im|sur|dans|@) .{1,60}$", re.IGNORECASE)
_ASIDE = re.compile(r"[`\"'*]* (?:[(\[]([^()\[\]\n]{1,60})[)\]]|- ([\w.-]{1,40}))[ :*_`]*$")
_LONGEST_PLACE = 80
# The marks around a command in a sentence, and around the name of a machine
_CLOSING = {"`": "`", '"': '"', "'": "'", "“": "”", "«": "»"}
_AROUND = " \t:.,;*`\"'”“()[]=-"
# `Every 2.0s: ip neigh      alpha: Mon Jan  1 10:00:00 2024`
_WATCHED = re.compile(r"Every \d[\d.,]*s: (.*?)(?:\s{2,}(?:(\S+): )?\w{3} \w{3} .*|\s*)$")
# Beginnings of further tables: `ifconfig`, `brctl`, `ss`, `sysctl`, a part of `ip a`, JSON, a firewall
_OTHER_TABLES = re.compile(
    r"\s*(?:\S+: flags=|\S+\s+Link encap|bridge name|State |Netid|Proto |Active |[\w-]+\.[\w./-]+ ?= |inet6? |link/|[\[{]"
    r"|\*(?:nat|filter)|table \S+ \S+ \{|# Generated|id \d|inet6? \S+ forwarding|port no|\w+:$)"
)
_MEMBER = re.compile(r"\s*\"[\w.-]{1,40}\" ?: ")  # of an object in JSON: `"route": [`
_NODE = re.compile(r"[a-z]{1,4}\d{1,3}$")


_OBJECTS = (
    "address",
    "link",
    "route",
    "neighbour",
    "neighbor",
    "rule",
    "netns",
    "nexthop",
    "netconf",
    "maddress",
    "vrf",
    "tunnel",
)
_OBJECTS_OF = {
    "ip": (*_OBJECTS, "addrlabel", "all", "ntable", "mroute", "token"),
    "bridge": ("fdb", "link", "vlan", "mdb", "vni"),
}
_OF_SENTENCES = frozenset(
    "on from at in inside within auf im sur dans gives shows says output outputs returns prints results looks reports is tells"
    " yields ergibt zeigt liefert donne affiche get show list".split()
)


# `INFO[0000] Executed command "ip a" on the node "clab-lab-srv1". stdout:`
_OF_CONTAINERLAB = re.compile(r"Executed command [\\\"]*([^\"\\]+)[\\\"]* on the node [\\\"]*([\w.-]+)[\\\"]*\. std")
# `On host-a run`, `On host-a I get`
_RUN_AFTER = re.compile(
    r",?(?: (?:I|we|you|just|then|please))? (?:run|ran|type|typed|execute|executed|enter|do|did|try|tried|get|see)$"
)
# A program that shows a table, with the first word behind its name
_SHOWS = re.compile(
    r"\b(?:(?:ip|bridge) +(?:-\S+ +(?:\S+ +)??)*(?:(?:netns|vrf) +exec|-?[alrnvfmt])|arp|route|netstat|ifconfig|brctl|ss\b|nft|"
    r"ip6?tables|sysctl|wg\b|/proc/net|resolv)"
)


def _may_show(typed: str) -> bool:
    """Whether a text that begins with a program may be a command that shows a table: a cheap test for sentences.

    >>> _may_show("ip -n red a"), _may_show("ip a:"), _may_show("ip in the table"), _may_show("route of a packet")
    (True, True, False, False)
    """
    words = typed.split(None, 2)
    program = words[0].rpartition("/")[2]
    word = words[1].strip("`*.,:;)\"'") if len(words) > 1 else ""
    if program in _OBJECTS_OF:
        return not word.isalpha() or any(known.startswith(word) for known in _OBJECTS_OF[program])
    if program in _WRAPPERS:
        return _SHOWS.search(typed) is not None
    return program not in ("route", "arp") or not word.isalpha() or word in _OF_SENTENCES


def ends_in_one(text: str) -> bool:
    """Whether a text ends in a command that shows a table: ``I ran `ip r`:``."""
    text = _ENDS.sub("", text)
    found = [text[one.start() :] for one in _PROGRAM.finditer(text[-300:])] if len(text) <= 300 else []
    return any(shown.is_any(invocation.runs(typed)) for typed in found[:_CANDIDATES])


class Found(NamedTuple):
    """A command in a line.

    ``typed``: its words; ``runs``: the commands in them; ``prompt``: the prompt in front of it, if it has a known form;
    ``front``: the text in front of it otherwise; ``sure``: whether it is a command even without a table below; ``last``: the
    position of its last line; ``machine``: the machine that the sentence around it names.
    """

    typed: str
    runs: list[Run]
    prompt: prompts.Prompt | None
    front: str
    sure: bool
    last: int
    machine: str = ""


class Commands:
    """The commands in the lines of a text. ``named``: the machines that prompts have named so far."""

    def __init__(self, lines: list[str], named: Callable[[], set[str]]) -> None:
        self.lines = lines
        self.named = named
        self._learned: list[str] = []
        self._fronts: set[str] = set()  # the texts in front of commands: prompts of any form
        self._cache: dict[int, Found | None] = {}
        self._known: dict[str, list[Run]] = {}
        self._may = bytearray(len(lines))  # whether a line may begin a table: 0 not tested yet, 1 no, 2 yes

    def at(self, at: int) -> Found | None:
        """The command at the end of a line; None for a line without a command."""
        if at not in self._cache:
            self._cache[at] = self._read(at)
        return self._cache[at]

    def _read(self, at: int) -> Found | None:
        line = self.lines[at]
        if len(line) > invocation.LONGEST or not line.strip():
            return None
        for prefix in self._learned:
            if line.startswith(prefix) and len(line.rstrip()) > len(prefix):
                typed, last = self._continued(prompts.unmarked(line[len(prefix) :]), at)
                return Found(typed, self.runs(typed), prompts.read(line), prefix, True, last)
        prompt = prompts.read(line)
        if line.strip() in self._fronts:
            return Found("", [], prompt, line, True, at)
        if (
            prompt is not None
            and not (prompt.typed.count("`") % 2 and not prompt.host)  # ### `ip r` on node-1
            and (prompt.sure or _PROGRAM.search(prompt.typed) and shown.is_any(self.runs(prompt.typed)))
            and not _is_remark(prompt)
        ):
            typed, last = self._continued(_AT_RIGHT.sub("", prompt.typed), at)
            return Found(typed, self.runs(typed), prompt, "", True, last)
        if self.upper_half(at) is not None:
            return None
        if _OPENER.match(line) and self._prompt_below(at):
            typed, last = self._continued(prompts.bare(line), at)
            some = self.runs(typed)
            if some and all(not run.words and (run.netns or run.host) for run in some):
                return Found(typed, some, None, "", True, last)
        if not self._table_near(at, line) or _MEMBER.match(line):
            return None
        executed = _OF_CONTAINERLAB.search(line) if "Executed command" in line else None
        if executed is not None:
            some = [run._replace(netns=run.netns or f"docker {executed[2]}") for run in self.runs(executed[1])]
            return Found(executed[1], some, None, "", False, at)
        title = _WATCHED.match(line)
        if title is not None and shown.is_any(self.runs(title[1].strip())):
            typed = title[1].strip()
            return Found(typed, self.runs(typed), prompts.Prompt("", title[2] or "", "", typed, True), "", False, at)
        for position, found in enumerate(_PROGRAM.finditer(line)):
            if position == _CANDIDATES:
                break
            if not _may_show(line[found.start() :]):
                continue
            command = self._in_a_sentence(at, line[: found.start()], line[found.start() :])
            if command is not None:
                return command
        return None

    def _in_a_sentence(self, at: int, front: str, typed: str) -> Found | None:
        """The command at the end of a line, behind the words in front of it: ``On node1, the output of `ip a` is:``."""
        typed = typed.replace("–", "-").replace("—", "--")
        inside, closing, rest = typed.partition(_CLOSING.get(front[-1:], "\n"))
        aside = _ASIDE.search(typed) if not closing else None
        if aside is not None:
            inside, closing, rest = typed[: aside.start()], " ", aside[1] or aside[2]
        if not closing:
            whole = typed.rstrip()
            typed = _SAYS.sub("", _ENDS.sub("", typed))
            inside, rest = whole if whole[-1:] in "\"')" and whole[:-1].count(whole[-1]) == 1 else typed, ""
        some = self.runs(inside)
        if not shown.is_any(some):
            behind = _WHERE.search(typed) if typed.count(" ") < 12 and not closing else None
            inside, rest = (typed[: behind.start()].rstrip(" `*\"'"), behind[0]) if behind is not None else ("", "")
            some = self.runs(inside)
            if not shown.is_any(some) or self._named_in(rest) is None:
                return None
        where = self._named_in(rest) or self._named_in(f"{_RUN_AFTER.sub('', front.rstrip(_AROUND))}:")
        if where is None:
            return Found(inside, some, None, front, False, at)
        return Found(inside, _placed(some, where), None, front, False, at, where[0] or "")

    def _named_in(self, words: str) -> tuple[str | None, str | None] | None:
        """The machine and the namespace that some words beside a command name: ``on node-1``, ``(node-1)``, ``node-1:``."""
        words = words.strip(_AROUND)
        if not words or len(words) > _LONGEST_PLACE:
            return None
        name = words.removeprefix("@").strip()
        if headings.is_machine(name) and headings.is_name(name) or name in self.named():
            return name, None
        return headings.read(f"{words}:", self.named())

    def _prompt_below(self, at: int) -> bool:
        """Whether a prompt stands below, with nothing in between except the messages of opening a shell."""
        below = [line for line in self.lines[at + 1 : at + 12] if line.strip()]
        prompt = next((prompts.read(line) for line in below if not tables_in_text.is_chatter(line)), None)
        return prompt is not None and prompt.sure

    def _table_near(self, at: int, line: str) -> bool:
        """Whether one of the next lines may begin a table: a cheap test for sentences that end with `ip route`."""
        for position in range(at + 1, min(at + _NEAR, len(self.lines))):
            if self._may[position] == 0:
                begins = tables_in_text.may_begin(self.lines[position]) or _OTHER_TABLES.match(self.lines[position][:80])
                self._may[position] = 2 if begins else 1
            if self._may[position] == 2:
                return True
        return "netns" in line or "vlan" in line

    def runs(self, typed: str) -> list[Run]:
        if typed not in self._known:
            if len(self._known) > 5000:
                self._known.clear()
            found = invocation.runs(typed)
            if found and found[0].words[:1] and not prompts.is_common(typed) and len(found[0].words) > 1:
                inner = invocation.runs(" ".join(found[0].words[1:])) if typed.count(" ") < 12 else []
                if shown.is_any(inner) and _NODE.match(found[0].words[0]):  # mininet: `h1 ip a`
                    found = [run._replace(netns=run.netns or found[0].words[0]) for run in inner]
            self._known[typed] = found
        return self._known[typed]

    def _continued(self, typed: str, at: int) -> tuple[str, int]:
        """The typed text joined with its continuation lines (behind a backslash), and the position of the last line."""
        last = at
        while typed.endswith("\\") and last + 1 < len(self.lines) and last - at < 20:
            last += 1
            typed = f"{typed[:-1].rstrip()} {self.lines[last].lstrip('> ').strip()}".strip()
        return typed, last

    def upper_half(self, at: int) -> str | None:
        """The machine in the first line of a two-line prompt (``""``: no machine); None for any other line."""
        line = self.lines[at]
        found = prompts.upper_half(line)
        if (
            found is not None
            or at + 1 >= len(self.lines)
            or not ("@" in line or " in " in line)
            or tables_in_text.may_begin(line)
        ):
            return found
        host = prompts.line_above(line)
        below = prompts.read(self.lines[at + 1]) if host is not None else None
        return host if below is not None and below.sure and not below.host else None

    def learn(self, at: int, typed: str) -> None:
        """Note the text in front of a command: a line with only that text is a prompt without a command."""
        front = self.lines[at][: self.lines[at].find(typed)].strip() if typed else ""
        if front and len(front) < 100 and not front[-1].isalnum() and front[-1] not in ":`*.)" and len(self._fronts) < 50:
            self._fronts.add(front)

    def learn_prompt(self, front: str) -> None:
        """Treat the text in front of a command as a prompt from now on."""
        bare = front.strip()
        if bare and (bare[-1] in "#$%>❯➜λ»✗~" or prompts.is_like(bare)) and len(self._learned) < 20:
            if bare.strip(" #>*-`") and front not in self._learned:
                self._learned.append(front)
                self._cache.clear()

    def is_prompt(self, at: int) -> bool:
        """Whether a line is certainly a command or an empty prompt."""
        found = self.at(at)
        return found is not None and found.sure

    def begins_none(self, at: int) -> bool:
        """Whether a line is known not to begin a table."""
        return self._may[at] == 1


def _placed(runs: Sequence[Run], where: tuple[str | None, str | None]) -> list[Run]:
    """The commands, with the machine and namespace that the words behind them name."""
    host, netns = where
    return [run._replace(netns=run.netns or netns or "", host=run.host or host or "") for run in runs]


def _is_remark(prompt: prompts.Prompt) -> bool:
    return (
        prompt.sigil == "#" and not prompt.host and not prompt.user and not prompts.is_common(prompt.typed) and bool(prompt.typed)
    )
