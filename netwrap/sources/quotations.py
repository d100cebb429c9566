"""Remove quote marks, and find the writer of each line: the sender of a mail, or somebody whom the mail quotes.

```
On Tue, Jan 2, 2024 at 10:11 AM Anna <anna@example.org> wrote:
> $ ip route                                                          of Anna's machine
$ ip route                                                            of the sender's
```
"""

from __future__ import annotations

import re

from . import prompts

#: The writer of quoted lines if no name stands above them.
UNNAMED = ">"
MARK = re.compile(r"\s{0,3}(?:> ?)+")
_NAME = r"(?P<name>[^\W\d][^<>\d:,()\[\]\"]{0,50}?)"
_DATE = r"(?:.{0,80}(?:\d|[AP]M|Uhr|\b[A-Z]{2,4})\)?[,:]? +)?"
# `On Tue, Jan 2, 2024 at 10:11 AM Anna <…> wrote:`, `Am 2. Januar schrieb Anna:`, `Le 2 janvier, Anna a écrit :`, `Anna wrote:`
_ATTRIBUTIONS = (
    re.compile(
        rf"{_DATE}[\"']?{_NAME}[\"']?,?(?: [<(\[][^<>]{{1,80}}[>)\]])?,? (?:wrote|writes|said|a écrit|escribió|ha scritto)\b"
        r"[^:]{0,60}:$"
    ),
    re.compile(rf".{{0,100}}\bschrieb {_NAME}(?: [<(\[][^<>]{{1,80}}[>)\]])?:$"),
)
_SENDER = re.compile(rf"From: \"?{_NAME}\"?(?: <.*|\s*)$")
# `[quote="anna, post:3, topic:1"]`, `[quote=anna]`, `[quote]`
_BB_QUOTE = re.compile(r"\[quote(?:=[\"']?(?P<name>[^,\"'\]\n]{1,60})[^\]\n]{0,60})?\]", re.IGNORECASE)
_BB_END = re.compile(r"\[/quote\]", re.IGNORECASE)
_WRITERS_THEMSELVES = ("i", "ich", "je", "you")


def has_any(text: str) -> bool:
    """Whether a text may contain quotations."""
    return MARK.match(text) is not None or "\n>" in text or "\n >" in text or "\n  >" in text or _BB_END.search(text) is not None


def without_marks(lines: list[str], breaks: set[int]) -> tuple[list[str], list[str]]:
    """The lines without ``> ``, and the writer of each: ``""`` (the sender), a name, or :data:`UNNAMED`.

    A block ends where the depth of the quotation changes.

    >>> without_marks(["bob wrote:", "> $ ip a", "Yes."], set())
    (['bob wrote:', '$ ip a', 'Yes.'], ['', 'bob', ''])
    """
    found: list[str] = []
    voices: list[str] = []
    speakers = [""]  # of each depth
    brackets: list[str] = []  # the speakers of `[quote]`
    before = 0
    sender = ""
    for position, line in enumerate(lines):
        quoted = MARK.match(line) if ">" in line[:12] else None
        depth = quoted[0].count(">") if quoted else 0
        if not line.strip() and before and position + 1 < len(lines):
            below = MARK.match(lines[position + 1])
            depth = before if below is not None and below[0].count(">") == before else 0
        text = line[quoted.end() :] if quoted else line
        if depth == 1 and not before and prompts.is_common(text) and _goes_on_unquoted(lines, position + 1):
            depth, text = 0, f"$ {text}"  # `>` is the prompt
        if depth != before:
            breaks.add(position)
            for level in range(before + 1, depth + 1):
                named = _speaker(found, position) if level == before + 1 else None
                if level == len(speakers):
                    speakers.append(UNNAMED)
                if named is not None:
                    speakers[level] = "" if named == sender else named
            before = depth
        if not depth and not sender and text.startswith("From: "):
            one = _SENDER.match(text)
            sender = one["name"] if one is not None else ""
        if "[" in text:
            opened = _BB_QUOTE.search(text)
            if opened is not None and len(brackets) < 50:
                brackets.append(opened["name"] or UNNAMED)
        found.append(text)
        voices.append(brackets[-1] if brackets else speakers[depth])
        if brackets and "[" in text and _BB_END.search(text):
            brackets.pop()
    return found, voices


def _goes_on_unquoted(lines: list[str], at: int) -> bool:
    """Whether the line at a position is neither quoted nor empty."""
    return at < len(lines) and bool(lines[at].strip()) and MARK.match(lines[at]) is None


def _speaker(lines: list[str], end: int) -> str | None:
    """The writer of the quotation below: the name in the line above, which a mailer may have broken into two lines."""
    above = [line.strip() for line in lines[max(0, end - 4) : end] if line.strip()][-2:]
    for text in [*above[-1:], " ".join(above)] if above and above[-1].endswith(":") else ():
        for pattern in _ATTRIBUTIONS:
            found = pattern.match(text[-300:])
            if found is not None:
                name = found["name"].strip().removeprefix("On ").strip()
                return "" if name.split()[-1].lower() in _WRITERS_THEMSELVES else name
    return None
