"""Find out how and where a command was run, from the `sudo`, `ssh`, `docker exec`, `nsenter`, pipes and loops around it.

```
sudo ip netns exec red sh -c 'ip a; ip r' 2>/dev/null | grep -v fe80
kubectl -n demo exec -it pod-a -- ip addr      ssh root@beta ip route      for n in red blue; do ip -n $n link; done
```
The namespace of a container, pod or process is named for it: ``docker web``, ``pod demo/pod-a``, ``pid 4242``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Run(NamedTuple):
    """One command of a line, without the commands around it (`sudo`, `ssh`, …).

    ``words``: the words of the command, empty if an interactive shell is opened. ``netns``, ``host``: the namespace and the
    machine where it ran, ``""`` for that of the shell. ``part``: the filter on its output (``"| grep 10.0"``), ``""`` for the
    whole output. ``to``: the file that its output went to. ``loop``: the variable of the loop around it, and its values.
    ``watched``: whether `watch` printed the output, below a title.
    """

    words: list[str]
    netns: str = ""
    host: str = ""
    part: str = ""
    to: str = ""
    loop: tuple[str, tuple[str, ...]] | None = None
    watched: bool = False


#: The length of the longest line that is read as a command.
LONGEST = 4000
_DEEPEST = 12
_OPERATORS = ("&&", "||", ";;", "|&", ";", "|", "&", "\n")
_SHELLS = ("bash", "sh", "dash", "ash", "zsh", "ksh", "fish", "csh", "tcsh", "mksh", "busybox-sh", "vtysh")
_KEYWORDS = ("{", "}", "(", ")", "!", "then", "fi", "if", "do", "done", "else", "while", "until", "elif", "time", "coproc")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)
# Programs that print every line of their input
_WHOLE = (
    "cat",
    "tee",
    "less",
    "more",
    "most",
    "column",
    "ts",
    "lolcat",
    "unbuffer",
    "xclip",
    "pbcopy",
    "nl",
    "pygmentize",
    "batcat",
    "bat",
)


# -- words ---------------------------------------------------------------------------------------------------------


def tokens(text: str) -> list[tuple[str, bool]]:
    """The words and operators of a shell's line, each with True for an operator; a comment behind ``#`` is left out.

    >>> tokens("ip a|grep 'x y' # why")
    [('ip', False), ('a', False), ('|', True), ('grep', False), ('x y', False)]
    """
    if _SPECIAL.search(text) is None:
        return [(word, False) for word in text.replace("\t", " ").split(" ") if word]
    found: list[tuple[str, bool]] = []
    word: list[str] | None = None
    at, end = 0, len(text)
    while at < end:
        plain = _PLAIN.match(text, at)
        if plain is not None and (word is not None or text[at] != "#"):
            word = word if word is not None else []
            word.append(plain[0])
            at = plain.end()
            continue
        character = text[at]
        if character in " \t":
            if word is not None:
                found.append(("".join(word), False))
                word = None
            at += 1
        elif character == "#" and word is None:
            break
        elif character == "\\" and at + 1 < end:
            word = [*(word or ()), text[at + 1]] if word is None or len(word) < 2 else word + [text[at + 1]]
            at += 2
        elif character in "'\"‘’“”":
            closing = {"‘": "’", "“": "”"}.get(character, character)
            stop = text.find(closing, at + 1)
            while stop > 0 and character == '"' and text[stop - 1] == "\\":
                stop = text.find(closing, stop + 1)
            if stop < 0:  # an open quote: the rest as the words that stand there
                if word is not None:
                    found.append(("".join(word), False))
                return found + [(rest, False) for rest in text[at + 1 :].split()]
            word = word if word is not None else []
            word.append(text[at + 1 : stop])
            at = stop + 1
        elif text.startswith(("$(", "<("), at) or character == "`":
            stop = _closing(text, at)
            word = word if word is not None else []
            word.append(text[at:stop])
            at = stop
        else:
            operator = next((name for name in _OPERATORS if text.startswith(name, at)), "")
            redirection = _REDIRECTION.match(text, at) if not operator or operator == "&" else None
            if redirection is not None and (word is None or character in "<>&"):
                if word is not None:
                    found.append(("".join(word), False))
                    word = None
                found.append((redirection[0], True))
                at = redirection.end()
            elif operator or character in "()" and word is None:
                if word is not None:
                    found.append(("".join(word), False))
                    word = None
                found.append((operator or character, bool(operator)))
                at += len(operator or character)
            elif character == ")":
                at += 1
            else:
                word = word if word is not None else []
                word.append(character)
                at += 1
    if word is not None:
        found.append(("".join(word), False))
    return found


_SPECIAL = re.compile(r"['\"‘’“”\\$`;&|<>()\n#]")
# Characters of a word without a special meaning; digits and `&` may begin a redirection (`2>`)
_PLAIN = re.compile(r"[^\s\d'\"‘’“”\\$`;&|<>()\n#][^\s'\"‘’“”\\$`;&|<>()\n]*|\d+(?![\d<>])")
_REDIRECTION = re.compile(r"(?:\d|&)?(?:>>|>\||>|<<<?|<)(?:&\d?|&-)?")


def _closing(text: str, at: int) -> int:
    """The position behind a command substitution (``$(…)``, `` `…` ``)."""
    if text[at] == "`":
        stop = text.find("`", at + 1)
        return stop + 1 if stop > 0 else len(text)
    depth = 0
    for position in range(at + 1, len(text)):
        if text[position] == "(":
            depth += 1
        elif text[position] == ")":
            depth -= 1
            if depth == 0:
                return position + 1
    return len(text)


# -- lines ---------------------------------------------------------------------------------------------------------


def runs(typed: str) -> list[Run]:
    """The commands of a line, in the order of their outputs.

    >>> [(run.words, run.netns, run.part) for run in runs("sudo nsenter -t42 -n ip a | grep -v fe80; ip r")]
    [(['ip', 'a'], 'pid 42', '| grep -v fe80'), (['ip', 'r'], '', '')]
    >>> runs("docker exec -it web bash")
    [Run(words=[], netns='docker web', host='', part='', to='', loop=None, watched=False)]
    """
    if len(typed) > LONGEST:
        return []
    return list(_lines(typed, 0))


def _lines(typed: str, depth: int) -> Iterator[Run]:
    if depth > _DEEPEST:
        return
    pipeline: list[list[str]] = [[]]
    to = ""
    loops: list[tuple[str, tuple[str, ...]]] = []
    items = [*tokens(typed), (";", True)]
    at = 0
    while at < len(items):
        word, operator = items[at]
        at += 1
        if not operator:
            pipeline[-1].append(word)
        elif word in ("|", "|&"):
            pipeline.append([])
        elif word[-1:] in "<>|-" or "<" in word or ">" in word:
            if "&" in word[1:] or word.startswith("2") and not word.startswith("2>&"):
                at += 0 if word[-1:].isdigit() or word.endswith("-") else 1
                continue
            target = items[at][0] if at < len(items) and not items[at][1] else ""
            at += 1 if target else 0
            if ">" in word and not word.startswith("2"):
                to = target if target not in ("/dev/tty", "/dev/stdout", "/dev/stderr") else ""
        else:
            yield from _pipeline(pipeline, to, loops, depth)
            pipeline, to = [[]], ""


def _pipeline(pipeline: list[list[str]], to: str, loops: list[tuple[str, tuple[str, ...]]], depth: int) -> Iterator[Run]:
    words, *filters = pipeline
    words, opened = _without_keywords(words, loops)
    if opened == "done" and loops:
        loops.pop()
    loop = loops[-1] if loops else None
    if not words:
        return
    if filters and filters[-1][:2] == ["while", "read"]:  # `ip netns | while read n; do`: the output goes into the loop
        loops.append((filters[-1][-1], ()))
        return
    part = ""
    for one in filters:
        name, rest = (one[0].rpartition("/")[2], one[1:]) if one else ("", [])
        if name == "sudo" and rest:
            name, rest = rest[0], rest[1:]
        if name and name not in _WHOLE and not (name == "jq" and rest in ([], ["."])):
            part = f"{part} | {' '.join(one)}".strip()
    for run in _unwrapped(words, depth):
        run = run._replace(part=f"{run.part} {part}".strip(), to=run.to or to)
        yield run._replace(loop=run.loop or loop) if loop else run


def _without_keywords(words: list[str], loops: list[tuple[str, tuple[str, ...]]]) -> tuple[list[str], str]:
    """The words behind keywords (`do`, `then`, `{`), and the last keyword; a loop's variable and values go to ``loops``."""
    last = ""
    while words and (words[0] in _KEYWORDS or words[0] == "for"):
        last = words[0]
        if last == "for":
            values = tuple(words[3:]) if words[2:3] == ["in"] else ()
            loops.append(
                (words[1] if len(words) > 1 else "", () if any("$" in it or "`" in it or "*" in it for it in values) else values)
            )
            return [], "for"
        if last in ("while", "until"):
            if words[1:2] == ["read"]:
                loops.append((words[-1], ()))
                return [], last
            loops.append(("", ()))
        if last == "time":
            break
        words = words[1:]
    return words, last


def substituted(run: Run, name: str, value: str) -> Run:
    """A command with the value of a variable inserted; ``netns:`` stands for the namespace of `ip -all netns exec`.

    >>> substituted(runs("ip netns exec $n ip a")[0], "n", "red").netns
    'red'
    """

    def put(text: str) -> str:
        return re.sub(rf"\$(?:{re.escape(name)}\b|\{{{re.escape(name)}\}})", lambda _: value, text) if "$" in text else text

    if name == "netns:":
        return run._replace(netns=value)
    netns = put(run.netns).replace("pod pod/", "pod ")  # `kubectl get pod -o name` prints `pod/NAME`
    if netns != run.netns and netns.startswith("pid "):
        netns = _of_pid(netns[4:])
    return run._replace(words=[put(word) for word in run.words], netns=netns, host=put(run.host))


# -- commands that run other commands --------------------------------------------------------------------------------


def _unwrapped(words: Sequence[str], depth: int) -> Iterator[Run]:
    """The command or commands inside `sudo`, `ssh`, `docker exec` and similar programs."""
    words = list(words)
    if depth > _DEEPEST:
        return
    while words and _ASSIGNMENT.match(words[0]):
        words = words[1:]
    if not words or not words[0]:
        return
    name = words[0].rpartition("/")[2].lstrip("\\")
    wrapper = _WRAPPERS.get(name)
    if wrapper is not None:
        yield from wrapper(words, depth + 1)
    elif name in _SHELLS:
        yield from _shell(words, depth + 1)
    else:
        yield Run([name if name == words[0].lstrip("\\") else words[0], *words[1:]])


def _inside(words: Sequence[str], depth: int, netns: str = "", host: str = "", opens: bool = True) -> Iterator[Run]:
    """The commands of ``words``, run in a namespace or on a machine; without words, an interactive shell if ``opens``."""
    if not words:
        if opens:
            yield Run([], netns, host)
        return
    for run in _unwrapped(words, depth):
        # of nested programs, the innermost decides where the command runs
        yield run._replace(netns=run.netns or (netns if not run.host else ""), host=run.host or host)


def _options(words: Sequence[str], valued: str = "", named: Sequence[str] = ()) -> tuple[dict[str, str], list[str]]:
    """The options in front of a command, and the words from the command on.

    ``valued``: the letters of short options that take a value; ``named``: the names of long ones.

    >>> _options(["-it", "-u", "root", "--name=x", "web", "ip", "-a"], "u")
    ({'i': '', 't': '', 'u': 'root', 'name': 'x'}, ['web', 'ip', '-a'])
    """
    found: dict[str, str] = {}
    at = 0
    while at < len(words) and words[at].startswith("-") and len(words[at]) > 1:
        word = words[at]
        at += 1
        if word == "--":
            break
        if word.startswith("--"):
            key, equals, value = word[2:].partition("=")
            if not equals and key in named and at < len(words):
                value = words[at]
                at += 1
            found[key] = value
            continue
        for position, letter in enumerate(word[1:], start=2):
            if letter in valued:
                value = word[position:].removeprefix("=")
                if not value and at < len(words):
                    value = words[at]
                    at += 1
                found[letter] = value
                break
            found[letter] = ""
    return found, list(words[at:])


def _sudo(words: list[str], depth: int) -> Iterator[Run]:
    options, rest = _options(words[1:], "ughpCrtUDRTa", ("user", "group", "host", "prompt", "chdir", "chroot", "role", "type"))
    while rest and _ASSIGNMENT.match(rest[0]):
        rest = rest[1:]
    opens = bool(options.keys() & {"i", "s", "login", "shell"}) and not options.keys() & {"l", "v", "k"}
    yield from _inside(rest, depth, opens=opens)


def _plain(valued: str = "", named: Sequence[str] = (), operands: int = 0) -> Callable[[list[str], int], Iterator[Run]]:
    """Make a reader for a program that runs the command behind its options and a number of operands."""

    def unwrap(words: list[str], depth: int) -> Iterator[Run]:
        _, rest = _options(words[1:], valued, named)
        yield from _inside(rest[operands:], depth, opens=False)

    return unwrap


def _env(words: list[str], depth: int) -> Iterator[Run]:
    _, rest = _options(words[1:], "uCS", ("unset", "chdir"))
    yield from _inside(rest, depth, opens=False)


def _watch(words: list[str], depth: int) -> Iterator[Run]:
    _, rest = _options(words[1:], "nqs", ("interval", "equexit", "shotsdir"))
    for run in _lines(rest[0], depth) if len(rest) == 1 else _inside(rest, depth, opens=False):
        yield run._replace(watched=True)


def _shell(words: list[str], depth: int) -> Iterator[Run]:
    for position, word in enumerate(words[1:], start=1):
        if not word.startswith(("-", "+")):
            return  # a script
        if word.startswith("-") and not word.startswith("--") and "c" in word:
            if position + 1 < len(words):
                yield from _lines(words[position + 1], depth)
            return
        if word in ("--version", "--help"):
            return
    yield Run([])


def _su(words: list[str], depth: int) -> Iterator[Run]:
    for position, word in enumerate(words[1:], start=1):
        if word.startswith("--command="):
            yield from _lines(word[10:], depth)
            return
        if word == "--command" or word.startswith("-") and not word.startswith("--") and word.endswith("c"):
            if position + 1 < len(words):
                yield from _lines(words[position + 1], depth)
            return
    yield Run([])


def _busybox(words: list[str], depth: int) -> Iterator[Run]:
    rest = words[1:]
    if rest and not rest[0].startswith("-"):
        for run in _unwrapped(rest, depth):
            yield run if run.words != rest else run._replace(words=words)


def _ip(words: list[str], depth: int) -> Iterator[Run]:
    at = 1
    netns = ""
    every = False
    while at < len(words) and words[at].startswith("-") and len(words[at]) > 1:
        if words[at] in ("-n", "-netns", "--netns"):
            netns = words[at + 1] if at + 1 < len(words) else ""
            at += 1
        elif words[at] in ("-f", "-family", "-b", "-batch", "-l", "-loops", "-rc", "-rcvbuf"):
            at += 1
        every = every or words[at : at + 1] in (["-a"], ["-all"], ["--all"])
        at += 1
    verb = words[at + 1] if at + 1 < len(words) else ""
    if len(words) > at and verb and "exec".startswith(verb):
        noun = words[at]
        if noun == "vrf" and len(words) > at + 3:
            yield from _inside(words[at + 3 :], depth)
            return
        if noun == "netns" and every:
            for run in _inside(words[at + 2 :], depth):
                yield run._replace(netns="", loop=("netns:", ()))
            return
        if noun == "netns" and len(words) > at + 3:
            yield from _inside(words[at + 3 :], depth, words[at + 2])
            return
    front = words[:1] + [word for position, word in enumerate(words[1:at], start=1)]
    if netns:
        front = _without_netns(front)
    yield Run([*front, *words[at:]], netns)


def _without_netns(words: list[str]) -> list[str]:
    found: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in ("-n", "-netns", "--netns"):
            skip = True
        else:
            found.append(word)
    return found


def _nsenter(words: list[str], depth: int) -> Iterator[Run]:
    netns, pid, entered = "", "", False
    at = 1
    while at < len(words) and words[at].startswith("-") and len(words[at]) > 1:
        word = words[at]
        at += 1
        if word == "--":
            break
        if word.startswith("--"):
            key, equals, value = word[2:].partition("=")
            if key in ("target", "setuid", "setgid", "env") and not equals and key != "env":
                value = words[at] if at < len(words) else ""
                at += 1
            if key == "target":
                pid = value
            elif key == "net":
                netns, entered = value, True
            entered = entered or key == "all"
            continue
        for position, letter in enumerate(word[1:], start=2):
            if letter in "tSGW":
                value = word[position:]
                if not value:
                    value = words[at] if at < len(words) else ""
                    at += 1
                if letter == "t":
                    pid = value
                break
            if letter in "na":
                entered = True
                if word[position : position + 1] in ("/", "="):
                    netns = word[position:].removeprefix("=")
                    break
            elif letter in "muiprwCTU" and word[position : position + 1] in ("/", "="):
                break
    key = netns_of_path(netns) if netns else _of_pid(pid) if entered and pid else ""
    yield from _inside(words[at:], depth, key)


def netns_of_path(path: str) -> str:
    """The name of the namespace in a path.

    >>> netns_of_path("/var/run/netns/red"), netns_of_path("/proc/42/ns/net"), netns_of_path("/run/docker/netns/default")
    ('red', 'pid 42', '/run/docker/netns/default')
    """
    found = re.match(r"(?:/var)?/run/netns/([^/]+)$", path)
    if found is not None:
        return found[1]
    found = re.match(r"(?:/host)?/proc/([^/]+)/ns/net$", path)
    return _of_pid(found[1]) if found is not None else path


def _of_pid(pid: str) -> str:
    """``42`` → ``pid 42``; ``$(docker inspect -f '{{.State.Pid}}' c1)`` → ``docker c1``."""
    inner = pid[2:-1] if pid.startswith("$(") else pid.strip("`") if pid.startswith("`") else ""
    words = [word for word, operator in tokens(inner.partition("|")[0]) if not operator] if inner and len(inner) < 500 else []
    if words[:1] == ["sudo"]:
        words = words[1:]
    if len(words) > 2 and words[0] in ("docker", "podman", "nerdctl", "crictl", "lxc", "incus", "lxc-info", "machinectl"):
        name = next((it for it in reversed(words) if "{" not in it and not it.startswith("-")), "")
        return f"{words[0].removesuffix('-info')} {name}"
    if words[:1] in (["pidof"], ["pgrep"]):
        return f"pid of {words[-1]}"
    return f"pid {pid}"


# `$(docker ps -qf name=web)`, `$(docker ps | grep web | awk '{print $1}')`, `$(kubectl get pod -l app=web -o name)`
_CHOICE = re.compile(r"\bname=\^?(/?[\w.-]+)|\bgrep (?:-\w+ )*[\"']?([\w.-]+)|-l ?[\"']?([\w./-]+=[\w.-]+)")


def _chosen(name: str) -> str:
    """The name of a container that an inner command looks up by its name; any other name as it is.

    >>> _chosen("$(docker ps -qf name=web)"), _chosen("web")
    ('web', 'web')
    """
    found = _CHOICE.search(name[:500]) if name.startswith(("$(", "`")) else None
    return next(filter(None, found.groups())) if found is not None else name


_DOCKER = ("H", ("host", "context", "config", "log-level", "url", "connection", "namespace"))
_EXEC = ("euw", ("env", "user", "workdir", "env-file", "detach-keys", "index", "file", "project-name"))


def _docker(words: list[str], depth: int) -> Iterator[Run]:
    name = words[0].rpartition("/")[2]
    kind = name.removesuffix("-compose")
    _, rest = _options(words[1:], "Hfpn" if name.endswith("-compose") else "Hn", _DOCKER[1])
    if rest[:1] in (["compose"], ["container"], ["stack"]):
        _, rest = _options(rest[1:], "fp", ("file", "project-name", "profile", "env-file"))
    verb, rest = rest[0] if rest else "", rest[1:]
    if verb == "exec":
        _, rest = _options(rest, *_EXEC)
        if rest:
            yield from _inside(rest[1:], depth, f"{kind} {_chosen(rest[0])}", opens=False)
    elif verb == "run":
        yield from _docker_run(kind, rest, depth)
    elif verb == "unshare":  # podman
        options, rest = _options(rest)
        yield from _inside(rest, depth, "rootless-netns" if "rootless-netns" in options else "")
    elif verb == "attach" and rest:
        yield Run([], f"{kind} {rest[-1]}")
    else:
        yield Run(words)


_RUN = (
    "ehlmpuvwac",
    ("name network net volume env publish user workdir hostname entrypoint cap-add label dns ip mac-address memory cpus "
     "privileged "
     "mount pid security-opt add-host platform restart runtime sysctl device log-driver env-file ulimit pull").split(),
)  # fmt: skip


def _docker_run(kind: str, words: list[str], depth: int) -> Iterator[Run]:
    options, rest = _options(words, *_RUN)
    network = options.get("network", options.get("net", ""))
    command = rest[1:]
    if options.get("entrypoint"):
        command = [options["entrypoint"], *command]
    if not rest:
        return
    where = "" if network == "host" else f"{kind} {network[10:]}" if network.startswith("container:") else ""
    if not where and network != "host":
        where = f"{kind} {options.get('name') or rest[0]}"
    yield from _inside(command, depth, where, opens="i" in options or "interactive" in options)


def _kubectl(words: list[str], depth: int) -> Iterator[Run]:
    valued = (
        "namespace context kubeconfig cluster user server container image target profile pod-running-timeout token as copy-to "
        "overrides restart labels filename"
    ).split()
    rest = words[1:]
    if rest[:1] == ["kubectl"]:  # `k3s kubectl`, `microk8s kubectl`
        rest = rest[1:]
    options, rest = _options(rest, "ns", valued)
    verb, rest = rest[0] if rest else "", rest[1:]
    if verb not in ("exec", "debug", "rsh", "run", "node-shell", "attach"):
        yield Run(words)
        return
    front, command = (rest[: rest.index("--")], rest[rest.index("--") + 1 :]) if "--" in rest else (rest, None)
    operands: list[str] = []
    found: dict[str, str] = dict(options)
    while front:
        some, front = _options(front, "ncflT", valued)
        found.update(some)
        if front:
            operands.append(front[0])
            front = front[1:]
            if command is None and verb in ("exec", "rsh") and operands:
                command = front
                break
    if not operands:
        return
    target = operands[0]
    kind, slash, name = target.partition("/")
    namespace = found.get("namespace") or found.get("n") or ""
    opens = verb in ("rsh", "debug", "node-shell", "attach") or "i" in found
    if verb == "node-shell" or slash and kind in ("node", "nodes", "no"):
        yield from _inside(command or [], depth, host=name if slash else target, opens=opens)
        return
    if slash and kind in ("pod", "pods", "po"):
        target = name
    yield from _inside(command or [], depth, f"pod {namespace}/{target}" if namespace else f"pod {target}", opens=opens)


def _crictl(words: list[str], depth: int) -> Iterator[Run]:
    name = words[0].rpartition("/")[2]
    _, rest = _options(words[1:], "rinaD", ("runtime-endpoint", "image-endpoint", "config", "namespace", "address", "root"))
    if rest[:1] in (["task"], ["tasks"], ["t"]):
        rest = rest[1:]
    if rest[:1] != ["exec"]:
        yield Run(words)
        return
    _, rest = _options(rest[1:], "", ("exec-id", "user", "cwd", "timeout"))
    if rest:
        yield from _inside(rest[1:], depth, f"{'containerd' if name == 'ctr' else name} {rest[0]}", opens=False)


def _lxc(words: list[str], depth: int) -> Iterator[Run]:
    name = words[0].rpartition("/")[2]
    _, rest = _options(words[1:], "", ("project",))
    verb, rest = rest[0] if rest else "", rest[1:]
    if verb not in ("exec", "shell", "console"):
        yield Run(words)
        return
    _, rest = _options(rest, "tTn", ("env", "user", "group", "cwd", "mode", "project"))
    if rest:
        _, command = _options(rest[1:], "", ("env", "user", "group", "cwd", "mode"))
        yield from _inside(command if verb == "exec" else [], depth, f"{'lxc' if name == 'lxc' else name} {rest[0]}")


def _lxc_attach(words: list[str], depth: int) -> Iterator[Run]:
    options, rest = _options(
        words[1:], "nPfoglRsevuc", ("name", "lxcpath", "rcfile", "elevated-privileges", "arch", "namespaces")
    )
    name = options.get("name") or options.get("n") or ""
    entered = options.get("namespaces") or options.get("s") or ""
    yield from _inside(rest, depth, f"lxc {name}" if not entered or "NET" in entered.upper() else "")


def _pct(words: list[str], depth: int) -> Iterator[Run]:
    if len(words) < 3 or words[1] not in ("exec", "enter", "console"):
        yield Run(words)
        return
    _, rest = _options(words[3:])
    yield from _inside(rest if words[1] == "exec" else [], depth, f"lxc {words[2]}")


_SSH = "bcDEeFIiJLlmOoPpQRSWwB"


def _ssh(words: list[str], depth: int) -> Iterator[Run]:
    _, rest = _options(words[1:], _SSH)
    if not rest:
        return
    host = rest[0].removeprefix("ssh://").rpartition("@")[2].partition(":")[0] or rest[0]
    _, command = _options(rest[1:], _SSH)
    if not command:
        yield Run([], "", host)
    elif len(command) == 1:
        for run in _lines(command[0], depth):
            yield run._replace(host=run.host or host)
    else:
        for run in _lines(" ".join(_quoted(word) for word in command), depth):
            yield run._replace(host=run.host or host)


def _quoted(word: str) -> str:
    return (
        word
        if "'" in word or all(character.isalnum() or character in "-_./:=@+,%;&|<>$*(){}" for character in word)
        else f"'{word}'"
    )


def _vagrant(words: list[str], depth: int) -> Iterator[Run]:
    """``vagrant ssh n1 -c 'ip a'``, ``docker-machine ssh n1 ip a``, ``minikube ssh -- ip a``, ``multipass exec n1 -- ip a``"""
    program = words[0].rpartition("/")[2]
    _, rest = _options(words[1:], "p", ("profile", "project", "zone"))
    if rest[:1] == ["compute"]:
        rest = rest[1:]
    if rest[:1] not in (["ssh"], ["exec"], ["shell"]):
        yield Run(words)
        return
    if program == "minikube":
        some, rest = _options(rest[1:], "np", ("node", "profile"))
        yield from _inside(rest, depth, host=some.get("node") or some.get("n") or program)
        return
    operands, found = [], {}
    rest = rest[1:]
    while rest:
        some, rest = _options(rest, "c", ("command", "zone", "project"))
        found.update(some)
        if not rest:
            break
        operands.append(rest[0])
        rest = rest[1:]
        if program != "vagrant" and program != "gcloud":
            _, rest = _options(rest) if rest[:1] == ["--"] else ({}, rest)
            break
    host = operands[0].rpartition("@")[2] if operands else program
    command = found.get("command") or found.get("c") or ""
    if command:
        for run in _lines(command, depth):
            yield run._replace(host=run.host or host)
    else:
        yield from _inside(rest, depth, host=host)


def _adb(words: list[str], depth: int) -> Iterator[Run]:
    options, rest = _options(words[1:], "sHPtL")
    if rest[:1] != ["shell"]:
        yield Run(words)
        return
    _, rest = _options(rest[1:], "e")
    host = options.get("s") or "adb"
    if not rest:
        yield Run([], "", host)
        return
    for run in _lines(" ".join(rest), depth):
        yield run._replace(host=run.host or host)


def _chroot(words: list[str], depth: int) -> Iterator[Run]:
    _, rest = _options(words[1:], "", ("userspec", "groups"))
    yield from _inside(rest[1:], depth, opens=bool(rest))


def _unshare(words: list[str], depth: int) -> Iterator[Run]:
    options, rest = _options(words[1:], "SGRw", ("setuid", "setgid", "root", "wd", "map-user", "map-group"))
    inside = options.keys() & {"n", "net"}
    yield from _inside(rest, depth, "unshare" if inside else "")


def _wsl(words: list[str], depth: int) -> Iterator[Run]:
    """``wsl -d Debian ip a``: all distributions share one network namespace, so that they are one machine here."""
    _, rest = _options(words[1:], "du", ("distribution", "user", "cd"))
    if words[1:2] in (["-e"], ["--exec"]):
        rest = words[2:]
    yield from _inside(rest, depth)


def _mnexec(words: list[str], depth: int) -> Iterator[Run]:
    options, rest = _options(words[1:], "agr")
    yield from _inside(rest, depth, f"pid {options['a']}" if options.get("a") else "", opens=False)


def _runuser(words: list[str], depth: int) -> Iterator[Run]:
    options, rest = _options(words[1:], "ucgGs", ("user", "command", "group", "shell"))
    command = options.get("c") or options.get("command") or ""
    if command:
        yield from _lines(command, depth)
    else:
        yield from _inside(rest if "u" in options or "user" in options else [], depth)


def _machinectl(words: list[str], depth: int) -> Iterator[Run]:
    if words[1:2] in (["shell"], ["login"]) and len(words) > 2:
        yield from _inside(words[3:], depth, f"machine {words[2].rpartition('@')[2]}")
    else:
        yield Run(words)


_WRAPPERS: dict[str, Callable[[list[str], int], Iterator[Run]]] = {
    "sudo": _sudo, "doas": _plain("uC"), "dzdo": _sudo, "pkexec": _plain("", ("user",)), "time": _plain("fo"),
    "gtime": _plain("fo"), "timeout": _plain("ks", ("kill-after", "signal"), 1), "env": _env,
    "nice": _plain("n", ("adjustment",)), "ionice": _plain("cn"), "stdbuf": _plain("ioe"), "setsid": _plain(),
    "nohup": _plain(), "command": _plain(), "exec": _plain("a"), "builtin": _plain(),
    "eval": lambda words, depth: _lines(" ".join(words[1:]), depth), "unbuffer": _plain(), "strace": _plain("eosp"),
    "taskset": _plain("", (), 1), "chrt": _plain("", (), 1), "proxychains": _plain("f"), "fakeroot": _plain(),
    "setpriv": _plain(), "watch": _watch, "su": _su, "runuser": _runuser, "busybox": _busybox, "toybox": _busybox, "ip": _ip,
    "nsenter": _nsenter, "docker": _docker, "podman": _docker, "nerdctl": _docker, "finch": _docker,
    "docker-compose": _docker, "podman-compose": _docker,
    "kubectl": _kubectl, "oc": _kubectl, "k": _kubectl, "k3s": _kubectl, "microk8s": _kubectl,
    "microk8s.kubectl": _kubectl, "crictl": _crictl, "ctr": _crictl, "runc": _crictl, "crun": _crictl, "lxc": _lxc,
    "incus": _lxc, "lxc-attach": _lxc_attach, "pct": _pct, "ssh": _ssh, "mosh": _ssh, "telnet": _ssh,
    "sshpass": _plain("pfe"), "autossh": _ssh, "vagrant": _vagrant, "docker-machine": _vagrant, "multipass": _vagrant,
    "minikube": _vagrant, "gcloud": _vagrant, "juju": _vagrant, "lima": _wsl, "limactl": _vagrant, "adb": _adb,
    "chroot": _chroot, "unshare": _unshare, "wsl": _wsl, "wsl.exe": _wsl, "mnexec": _mnexec, "machinectl": _machinectl,
}  # fmt: skip
