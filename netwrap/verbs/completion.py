"""Print the completion of a shell, or the manual page netwrap(1).

Save the output where the shell finds it, or try it at once: `source <(netwrap completion bash)`.
"""

from __future__ import annotations

import os
import sys

from netwrap import shell, wording
from netwrap.errors import NetwrapError, UsageError, similar

from . import _options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._options import Option, Options

#: The answer to the scripts for words behind a wrapped binary, which its own completion completes.
DELEGATE = "@delegate"

_BASH = """# bash completion of netwrap; made by `netwrap completion bash`
_netwrap() {
    local line=${COMP_LINE:0:COMP_POINT} word=${COMP_WORDS[COMP_CWORD]} found one at
    COMPREPLY=()
    while IFS= read -r one; do
        if [[ $one == @delegate ]]; then
            for ((at = 1; at < COMP_CWORD; at++)); do
                if [[ " @WRAPPED@ " == *" ${COMP_WORDS[at]} "* ]] && declare -F _command_offset >/dev/null; then
                    _command_offset $at
                    return
                fi
            done
        elif [[ $one == *= ]]; then
            compopt -o nospace 2>/dev/null
            COMPREPLY+=("$one")
        elif [[ $one == *[!A-Za-z0-9_,.:@%+/-]* ]]; then
            COMPREPLY+=("$(printf %q "$one")")
        else
            COMPREPLY+=("$one")
        fi
    done < <(netwrap completion words "$line" "$word" 2>/dev/null)
}
complete -o default -F _netwrap netwrap
"""

_ZSH = """#compdef netwrap
# zsh completion of netwrap; made by `netwrap completion zsh`
_netwrap() {
    local -a found open
    local one at
    found=(${(f)"$(netwrap completion words "${(j: :)words[1,CURRENT]}" 2>/dev/null)"})
    if [[ $found[1] == @delegate ]]; then
        for ((at = 2; at < CURRENT; at++)); do
            if [[ " @WRAPPED@ " == *" $words[at] "* ]]; then
                shift $((at - 1)) words
                ((CURRENT -= at - 1))
                _normal
                return
            fi
        done
    fi
    open=(${(M)found:#*=})
    found=(${found:#*=})
    (($#open)) && compadd -Q -S '' -a open
    (($#found)) && compadd -a found
    (($#open + $#found)) || _files
}
if [[ $funcstack[1] == _netwrap ]]; then _netwrap "$@"; else compdef _netwrap netwrap; fi
"""

_FISH = """# fish completion of netwrap; made by `netwrap completion fish`
function __netwrap_complete
    set -l found (netwrap completion words (commandline -cp | string collect) 2>/dev/null)
    if test "$found[1]" = @delegate
        set -l rest (string match -r '(?:^| )((?:@PATTERN@) .*)$' -- (commandline -cp))
        complete -C "$rest[2]"
    else if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c netwrap -f -a '(__netwrap_complete)'
"""


def run(options: Options) -> int:
    """Print a script, the manual page, or (for the scripts) the words that may stand at the end of a line."""
    what = options.words[0]
    if what == "man":
        from . import _manual

        sys.stdout.write(_manual.page())
    elif what == "words":
        for word in words(*options.words[1:3]):
            print(word)
    else:
        text = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}.get(what)
        if text is None:
            near = similar(what, ("bash", "zsh", "fish", "man"))
            raise UsageError(f"completion takes bash, zsh, fish or man, not {what!r}{near}")
        wrapped = _options.WRAPPED
        sys.stdout.write(text.replace("@WRAPPED@", " ".join(wrapped)).replace("@PATTERN@", "|".join(wrapped)))
    return 0


def words(line: str, piece: str | None = None) -> list[str]:
    """The words that may stand at the end of a line; only from ``piece`` on, the part that the shell replaces.

    >>> words("netwrap rep"), words("netwrap lab st"), words("netwrap report --form"), words("netwrap ip lin")
    (['report'], ['status'], ['--format'], ['@delegate'])
    """
    typed = _split(line)[1:]
    last = typed.pop() if typed else ""
    found = [word for word in _candidates(typed, last) if word.startswith(last) or word == DELEGATE]
    if piece in ("=", ":"):
        piece = ""
    gone = len(last) - len(piece) if piece is not None and last.endswith(piece) else 0
    return [word if word == DELEGATE else word[gone:] for word in dict.fromkeys(found)]


def _split(line: str) -> list[str]:
    """Split a line into words; the last one may be incomplete."""
    import shlex

    for end in ("", "'", '"'):
        try:
            found = shlex.split(line + end)
        except ValueError:
            continue
        return [*found, ""] if not found or not end and line[-1:].isspace() else found
    return [""]


def _candidates(typed: list[str], last: str) -> list[str]:
    """Everything that may stand behind typed words, in place of the last one."""
    verb, wanting, operands = _read(typed)
    own = [name.partition(" ")[2] for name in _options.VERBS if name.startswith(f"{verb} ")] if verb else []
    if own and operands and operands[0] in own:
        verb = f"{verb} {operands.pop(0)}"
        own = []
    if last.startswith("--") and "=" in last:
        name, _, begun = last.partition("=")
        option = next((option for option in _options.ALL if option.name == name and (not verb or verb in option.verbs)), None)
        return [f"{name}={value}" for value in _values(option, verb, operands, begun)] if option is not None else []
    if wanting is not None:
        return _values(wanting, verb, operands, last)
    if last.startswith("-"):
        known = _options.of(verb) if verb else _options.ALL
        found = [option.name for option in known]
        return found or ([DELEGATE] if verb in _options.WRAPPED else [])
    if not verb:
        return [*(name for name in _options.VERBS if " " not in name), "help"]
    if verb in _options.WRAPPED:
        return [DELEGATE]
    if own:
        return own
    if verb == "sql" and not operands:
        return _of_query(last)
    return _operands(verb, operands)


def _of_query(last: str) -> list[str]:
    """The names of questions; within a query the tables, and the columns of the tables that it names.

    >>> _of_query("who-")[:1], [word for word in _of_query("select mtu from li") if word.startswith("select mtu from li")]
    (['duplicate-addresses'], ['select mtu from link', 'select mtu from listener'])
    """
    from netwrap.answers.questions import QUESTIONS
    from netwrap.answers.schema import FRONT, TABLES

    begun = last[: max(last.rfind(letter) for letter in " ,(=") + 1]
    if not begun:
        return list(QUESTIONS)
    named = [name for name in TABLES if name in begun.replace(",", " ").split()]
    columns = [*FRONT, *(column.name for name in named for column in TABLES[name].columns)]
    return [f"{begun}{word}" for word in (*TABLES, *columns)]


def _read(typed: list[str]) -> tuple[str, Option | None, list[str]]:
    """The verb among typed words, the option that still wants its value, and the other words behind the verb."""
    verb, operands = "", []
    wanting: Option | None = None
    for word in typed:
        if wanting is not None:
            wanting = None
        elif word.startswith("-"):
            wanting = next((option for option in _options.ALL if option.value and word in (option.name, option.short)
                            and (not verb or any(name.partition(" ")[0] == verb for name in option.verbs))), None)  # fmt: skip
        elif not verb:
            verb = word
        else:
            operands.append(word)
    return verb, wanting, operands


def _values(option: Option, verb: str, operands: list[str], last: str) -> list[str]:
    """The possible values of an option."""
    kind = option.words[:1]
    if kind == ("format",):
        from netwrap.tables import render

        return render.formats()
    if kind == ("netns",):
        return _namespaces()
    if kind == ("column",):
        before = last[: last.rfind(",") + 1] if option.kind == "names" else ""
        before += "-" if last[len(before) :].startswith("-") else ""
        end = "=" if option.name == "--where" else ""
        return [f"{before}{name}{end}" for name in _columns(verb, operands)]
    return list(option.words) if option.kind in ("choice", "optional", "") and kind != ("file",) else []


def _columns(verb: str, operands: list[str]) -> list[str]:
    from netwrap import commands
    from netwrap.commands.line import understand
    from netwrap.tables import columns, view

    tables = {"report": ["report"], "find": ["find"]}.get(verb, [])
    shown = understand([verb, *operands]).parser if verb in _options.WRAPPED else None
    if shown is not None:
        tables = [shown]
    elif verb in ("ip", "bridge"):
        tables = [name for name in commands.names() if name.startswith(f"{verb}_")]
    elif verb in _options.WRAPPED and commands.exists(verb):
        tables = [verb]
    found = [name for table in tables for name in (*view.all_columns(table), *columns.on_demand(table))]
    return list(dict.fromkeys(["netns", *found]))


def _namespaces() -> list[str]:
    """The names of this host's namespaces, containers among them."""
    from netwrap.sources import opening

    try:
        return [netns.title for netns in opening.live(commands=[]).namespaces]
    except NetwrapError:
        return [wording.ROOT, *sorted(os.listdir(shell.NETNS_DIR) if os.path.isdir(shell.NETNS_DIR) else [])]


def _operands(verb: str, operands: list[str]) -> list[str]:
    if verb == "completion":
        return ["bash", "zsh", "fish", "man"]
    if verb == "help":
        return [name.replace(" ", "\\ ") if " " in name else name for name in _options.VERBS if " " not in name]
    if verb.startswith("lab ") and verb != "lab export":
        from netwrap.lab import file, journal

        return sorted({*file.READY_MADE, *journal.all_names()})
    if verb in ("find", "trace"):
        links = os.listdir("/sys/class/net") if os.path.isdir("/sys/class/net") else []
        return [*_namespaces(), *sorted(links)]
    return _namespaces() if "NAME" in _options.VERBS[verb].operands else []
