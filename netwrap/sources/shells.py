"""Track on which machine and in which namespace the next command runs, by open shells, their prompts, and headings.

```
me@box:~$ ssh root@192.0.2.8          a shell on another machine, whose prompt tells its name
root@web1:~# ip netns exec red bash   a shell in a namespace
root@web1:~# exit
root@web1:~# exit
```
A shell ends with `exit`, or when the prompt from which it was opened appears again.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from . import headings, invocation, prompts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .invocation import Run

#: Words that end a shell.
LEAVES = ("exit", "logout", "quit", "^D", "exit 0", "\x04")
# `PID=$(docker inspect -f '{{.State.Pid}}' web)`, `NS=red; ip netns exec $NS ip a`
_ASSIGNMENT = re.compile(
    r"(?:^|[;&]\s*)(?:export\s+|local\s+|set\s+)?(?P<name>[A-Za-z_]\w{0,40})="
    r"(?P<value>\$\((?:[^()\n]|\([^()\n]*\)){0,300}\)|`[^`\n]{0,300}`|\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'|[^\s;&\"'`$]{1,200})"
    r"(?=\s*(?:$|[;&]))"
)


#: Default names of machines, which many machines have
OF_MANY = re.compile(
    r"(?:localhost|openwrt|lede|debian|ubuntu|fedora|centos|alpine|archlinux|arch|raspberrypi|kali|vyos|sonic|cumulus|ubnt|edgerouter"
    r"|dd-wrt|vagrant|linux|host|server|router|node|box|pve|proxmox|test|vm)$",
    re.IGNORECASE,
)


class Prompt(NamedTuple):
    """The identity of a prompt: user and host, or its form if it names neither."""

    user: str
    host: str
    form: str


class _Shell(NamedTuple):
    """An interactive shell: where it runs, and the state when it was opened."""

    netns: str | None
    host: str | None
    outer: Prompt | None  # the prompt that it was opened from
    elsewhere: bool  # on another machine or in a container, so that its prompt names another host
    home: str | None  # the machine that it was opened from


class Shells:
    """The shells of one writer of a text.

    ``host``: the machine that the last prompt named; ``named``: all machines that prompts have named; ``outer_names``: the
    machines that are not only reached through `ssh` and similar commands; ``also``: other names of machines (``ssh 192.0.2.8``
    opens a shell whose prompt names `web1`).
    """

    def __init__(self) -> None:
        self.host: str | None = None
        self.named: set[str] = set()
        self.outer_names: set[str] = set()
        self.also: dict[str, str] = {}
        self.strange: set[str | None] = set()  # machines with another system
        self._open: list[_Shell] = []
        self._seen: Prompt | None = None
        self._upper: str | None = None  # the host in the first line of a two-line prompt
        self._prose = True  # whether there was prose since the last prompt, or no prompt yet
        self._heading: tuple[str | None, str | None] = (None, None)  # machine and namespace
        self._last: tuple[str | None, str | None] = (None, None)  # namespace and machine of the last command
        self._variables: dict[str, str] = {}
        self._below: dict[str, str] = {}  # a name that many machines have → the heading above its first use
        self._twins: dict[str, str] = {}  # a name that many machines have → the name of the machine below the last heading
        self._left = False  # whether the last line ended a shell

    # -- prompts and headings ----------------------------------------------------------------------------------------

    def upper_half(self, host: str) -> None:
        """Note the machine in the first line of a two-line prompt."""
        self._upper = host

    def prose(self, heading: tuple[str | None, str | None] | None, *, apart: bool) -> None:
        """Note a line of prose. ``heading``: the machine and namespace that it names; ``apart``: a blank line is above it."""
        self._prose = True
        if apart:
            self._last = (None, None)
        if heading is not None:
            host, netns = heading
            self._heading = (self._heading[0], netns) if host is None else heading
            if host and host != headings.EXPECTED:
                self.outer_names.add(host)
        elif self._heading[0] == headings.EXPECTED:
            self._heading = (None, None)

    def prompt(self, found: prompts.Prompt | None, front: str, line: str, typed: str, *, sure: bool) -> None:
        """Note a prompt, and close the shells inside the shell that this prompt belongs to.

        ``front``: the text in front of the command if it is not a known prompt; ``line``: the whole line.
        """
        user, host = (found.user, found.host) if found is not None else ("", "")
        if front and not host:
            user, host = prompts.host_of(front)
        host = self._told_apart(host or self._upper or "")
        self._upper = None
        now = Prompt(user, host, "" if host or user else _form(line, typed))
        self._close_inner(now)
        if not host and self.host in self.strange and not self._open and now != self._seen:
            self.host = None  # a prompt of another form than that of the other system
        if host or user or now.form:
            self._seen = now
        if host and not any(shell.elsewhere and shell.netns is not None for shell in self._open):
            self.host = host
            self.named.add(host)
            if not any(shell.elsewhere for shell in self._open):
                self.outer_names.add(host)
            self._heading = (None, None)
        if sure:
            self._prose = False

    def _told_apart(self, host: str) -> str:
        """A name for the machine of a prompt: a default name (`OpenWrt`) below another heading is another machine."""
        if not OF_MANY.match(host) or self._open:
            return host
        heading = self._heading[0]
        if heading and heading != host:
            first = self._below.setdefault(host, heading)
            self._twins[host] = host if first == heading else f"{host} ({heading})"
        return self._twins.get(host, host)

    def _close_inner(self, now: Prompt) -> None:
        while self._open and (now.host or now.form):
            top = self._open[-1]
            inner = self._seen if self._seen != top.outer else None
            if top.outer is not None and now == top.outer and inner is not None and inner != now:
                self._close()
                self._seen = now
                continue
            if top.outer is not None and now.host and top.elsewhere and now.host == top.outer.host and inner is not None:
                self._close()
                continue
            if not now.host:
                return
            if top.host is not None and top.elsewhere and top.netns is None and top.host != now.host:
                self.also[top.host] = now.host  # `ssh 192.0.2.8`, and the prompt knows its name
                self._open[-1] = top._replace(host=now.host)
            elif not top.elsewhere and top.host not in (None, now.host) and top.outer is not None and top.outer.host:
                self._open.clear()  # a prompt of another machine
            return

    def _close(self) -> _Shell:
        closed = self._open.pop()
        if closed.elsewhere and not self._open:
            self.host = (closed.outer.host if closed.outer is not None else "") or closed.home
        return closed

    def hostname(self, name: str) -> None:
        """Note the output of `hostname`."""
        netns, host = self.place()
        if host is None and not netns:
            self.host = name
            self.outer_names.add(name)
            self._prose = False

    # -- commands ----------------------------------------------------------------------------------------------------

    def typed(self, typed: str) -> None:
        """Note the variables that a command sets."""
        if "=" in typed and len(typed) < 1000:
            for found in _ASSIGNMENT.finditer(typed):
                self._variables[found["name"]] = found["value"].strip("\"'")

    def filled(self, run: Run) -> Run:
        """A command with the values of the variables that were set above.

        >>> shells = Shells()
        >>> shells.typed("PID=$(docker inspect -f '{{.State.Pid}}' web)")
        >>> shells.filled(invocation.runs("nsenter -t $PID -n ip a")[0]).netns
        'docker web'
        """
        for name, value in self._variables.items() if "$" in run.netns or "$" in run.host or "$" in " ".join(run.words) else ():
            run = invocation.substituted(run, name, value)
        return run

    def enter(self, run: Run) -> None:
        """Open a shell."""
        self._left = False
        netns, host = self.place()
        if run.netns or run.host:
            self._heading = (self._heading[0], None)  # `In the container:` was the heading of this shell
        elsewhere = bool(run.host) or " " in run.netns
        where = (run.netns or (None if run.host else netns), run.host or host)
        self._open.append(_Shell(where[0], where[1], self._seen, elsewhere, self.host))

    def leave(self) -> None:
        """Close a shell by a command."""
        self._left = True
        if self._open:
            closed = self._close()
            if closed.outer is not None:
                self._seen = closed.outer

    def left(self) -> None:
        """Close a shell for the word that a shell prints when it ends (`exit`, `logout`), unless a command just closed it."""
        if not self._left and self._open:
            self.leave()
        self._left = False

    def goes_on(self) -> None:
        """Note a command that does not end a shell."""
        self._left = False

    def ran(self, netns: str, host: str) -> None:
        """Note where the last command of a line ran; a table without a command below it may be its output."""
        if netns:
            self._heading = (self._heading[0], None)
        here = self.place()
        self._last = (netns or here[0], host or here[1])

    # -- where ------------------------------------------------------------------------------------------------------

    def place(self) -> tuple[str | None, str | None]:
        """The namespace and the machine of a command that is typed now."""
        if self._open:
            top = self._open[-1]
            return top.netns, top.host if top.host is not None else self.host
        host, netns = self._heading
        if host is not None:
            return netns, host
        return netns, self.host if not self._prose or self.host is None else None

    @property
    def by_heading(self) -> bool:
        """Whether a heading names the machine of a command that is typed now."""
        return self._heading[0] is not None and not self._open

    def place_of_table(self) -> tuple[str | None, str | None]:
        """The namespace and the machine of a table without a command above it."""
        return self._last if self._last != (None, None) else self.place()

    def state(self) -> tuple[object, ...]:
        """The state to restore if a supposed command turns out not to be one: see :meth:`restore`."""
        return self.host, self._heading, self._prose

    def restore(self, state: tuple[object, ...]) -> None:
        """Return to an earlier :meth:`state`."""
        self.host, self._heading, self._prose = state  # type: ignore[assignment]

    def at_prompt(self, host: str) -> None:
        """Note the machine of a text in front of a command that only the table below proves to be a prompt."""
        self.host, self._heading, self._prose = host, (None, None), False


def _form(line: str, typed: str) -> str:
    """The form of a prompt that names no machine: `$`, `/ #`, `sh-4.4#`, without the folder in it."""
    front = line[: line.rfind(typed)] if typed else line
    return re.sub(r"[~/][\w./-]*", "/", front.strip()[-40:])
