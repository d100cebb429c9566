"""Undo the changes of mailers, browsers and terminals to a pasted text: quote marks, entities, colours, soft line breaks.

```
> <pre>root@node1:~# ip addr
> 1: lo: &lt;LOOPBACK,UP,LOWER_UP&gt; mtu 65536
```
Every line keeps its number, even if lines were joined, split or left out. A line that contains only a mark becomes empty.
"""

from __future__ import annotations

import re

from . import differences, escaped, flattened, headings, line_prefixes, merged, panes, prompts, quotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TITLE = re.compile(r"\x1b\][^\x07\x1b]{0,400}(?:\x07|\x1b\\)")
# Colours whose escape character a browser has dropped: `[36meth0: [0m<BROADCAST`
_EATEN = re.compile(r"\[(?:\d{1,3}(?:;\d{1,3}){0,4})?[mK]")
_COLOUR = re.compile(r"\[\d{1,2}(?:;\d{1,3})*m")
# `[?2004h]0;me@box: ~me@box:~$ `: marks of bash and the window's title, without their escape characters
_EATEN_MARKS = re.compile(r"\[\?\d{1,4}[hl]|\]0;(?P<who>[\w.-]+@[\w.-]+)\b[^\n]{0,200}?(?=\[?(?P=who))")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]?[@-~]|\x1b[=>NOM78c]|\x1b[()][A-Za-z0-9]")
# HTML tags in a pasted text; flags of links (`<UP>`, `<BROADCAST,UP>`) are not tags.
_TAG = re.compile(
    r"</?(?:pre|code|br|p|div|span|blockquote|ul|ol|li|td|tr|th|table|tbody|b|strong|em|i|font|a|kbd|samp|tt|details|summary|html"
    r"|body|h[1-6]|hr|img)(?:\s[^<>]{0,300})?/?>",
    re.IGNORECASE,
)
_BLOCK_TAG = re.compile(r"</?(?:pre|blockquote|details|div|code)\b", re.IGNORECASE)
# Tags at which a browser begins a new line
_BREAK_TAG = re.compile(
    r"<br ?/?>|</?(?:p|div|pre|li|tr|ul|ol|table|blockquote|details|summary|h[1-6])(?:\s[^<>]{0,300})?>", re.IGNORECASE
)
# `inet <my public ip>/32`: a placeholder for one word
_MASKED = re.compile(r"(?<=[ \t])<[A-Za-z][\w.'-]{0,20}(?: [\w.'-]{1,20}){1,4}>(?=/\d|\s|$)")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|nbsp|#\d{1,6}|#x[0-9a-fA-F]{1,5});")
# `[code]`, `[/quote]`, `{noformat}`, `{code:bash}`, `{{{`, `}}}`, `#+BEGIN_SRC`
_MARK = re.compile(
    r"\[/?(?:code|quote|pre|spoiler|icode|font|size|color|b)(?:=[^\]]{0,60})?\]"
    r"|\{(?:noformat|code|quote|panel)(?::[^}]{0,160})?\}|\{\{\{|\}\}\}",
    re.IGNORECASE,
)
_MARK_TITLE = re.compile(r"\{(?:noformat|code|quote|panel):(?:[^}]*\|)?title=([^|}]+)", re.IGNORECASE)
_FENCE_LINE = re.compile(
    r"\s*(?:[-*+]\s+|\d{1,3}[.)]\s+)?(?:`{3,}|~{3,})\s*(?:[^\s`]{0,40}|\{[^`}]{0,60}\})(?:\s+[\w-]{1,20}=[^\s`]{1,40}){0,4}\s*$|\s*(?:-{4,}|={4,}|\.{4,}|\+[-=+]{4,})\s*$|\s*[└┌├╰╭┘┐╯╮┤─━═]{4,}\s*$|\s*#\+(?:(?:BEGIN|END)_\w+|RESULTS:).*$",
    re.IGNORECASE,
)
_POINTED = re.compile(r"\s*>{2,} *(\S.*?) *<{2,}\s*$")  # `>>> 10.0.0.9 dev eth0 FAILED <<<`
# `LOWER\\_UP\\>`: signs of Markdown that an editor has escaped in what it took for prose
_ESCAPED = re.compile(r"[a-z]\\_[a-z]|\\<[A-Z]|[A-Z]\\>| dev \w+\\_", re.IGNORECASE)
_ESCAPED_MARK = re.compile(r"\\([_<>~*#\[\]|\-.])")
# A row of `ip -br` from the cells of a wiki's table
_BRIEF_WITH_TABS = re.compile(r"\s*\S+ *\t *(?:UP|DOWN|UNKNOWN|LOWERLAYERDOWN)\s")
# What a pager leaves between two screens
_PAGER = re.compile(r"(?:--More--(?:\(\d+%\))?|\(END\))\s*")
_CODE_LINE = re.compile(r"\s*`[^`]+`\s*$")
_BOLD = re.compile(r"(?<!\*)\*\*(?!\*)")
_ODD = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2007": " ", "\u200b": "", "\u200c": "", "\u2060": "", "\ufeff": ""})
_QP_HEADER = re.compile(r"^content-transfer-encoding:[ \t]*quoted-printable", re.IGNORECASE | re.MULTILINE)
_QP_BYTES = re.compile(r"(?:=[0-9A-F]{2})+")


class Pasted:
    """A cleaned text.

    ``lines``: the lines without marks; ``numbers``: the number of each line in the pasted text; ``breaks``: the positions of
    lines in front of which a block (a fence, a quotation) begins or ends; ``voices``: the writer of each line, see
    :mod:`quotations`; ``machines``: position of a line → the machine whose name was its prefix, see :mod:`line_prefixes`;
    ``walls``: the positions at which another table begins even if its line fits the table above: another state of the table
    (:mod:`differences`) or another pane (:mod:`panes`).
    """

    def __init__(
        self,
        lines: list[str],
        numbers: list[int],
        breaks: set[int],
        voices: list[str],
        machines: dict[int, str],
        walls: set[int],
    ) -> None:
        self.lines = lines
        self.numbers = numbers
        self.breaks = breaks
        self.voices = voices
        self.machines = machines
        self.walls = walls


def undo(text: str) -> Pasted:
    """The lines of a pasted text as they stood on the screen.

    >>> undo("> <pre>$ ip a\\n> 1: lo: &lt;UP&gt; mtu 65536</pre>").lines
    ['$ ip a', '1: lo: <UP> mtu 65536']
    """
    text = text.lstrip("\ufeff")
    if "\r" in text and "\n" not in text:
        text = text.replace("\r", "\n")
    if "<" not in text and "&lt;" in text or "\n&gt;" in text:
        import html

        text = html.unescape(text)  # the whole text was escaped
    if "\\" in text and _ESCAPED.search(text):
        text = _ESCAPED_MARK.sub(r"\1", text)
    text = _without_indent(text)
    lines = text.split("\n")
    numbers = list(range(1, len(lines) + 1))
    if "--More--" in text or "(END)" in text:
        kept = [at for at, line in enumerate(lines) if not _PAGER.fullmatch(line.lstrip())]
        lines, numbers = [_PAGER.sub("", lines[at]) for at in kept], [numbers[at] for at in kept]
    if "\x1b" in text or "\r" in text or "\x08" in text:
        lines = list(map(_as_on_screen, lines))
    if "[?2004" in text:
        lines = [_EATEN_MARKS.sub("", line) for line in lines]
    if "m" in text and _COLOUR.search(text):
        lines = [_EATEN.sub("", line) if "[" in line else line for line in lines]
    if "=" in text and _is_quoted_printable(text):
        lines, numbers = _from_quoted_printable(lines, numbers)
    if "\t" in text:
        lines = [line.replace("\t", " ") if _BRIEF_WITH_TABS.match(line) else line for line in lines]
    lines, numbers = _single_spaced(lines, numbers)
    if "\\n" in text:
        lines, numbers = escaped.apart(lines, numbers)
    if merged.may_have(text):
        lines, numbers = merged.apart(lines, numbers)
    lines, numbers = line_prefixes.grouped(*flattened.apart(lines, numbers))
    lines, numbers = _unwrapped(lines, numbers)
    if "done" in text:
        lines, numbers = _with_whole_loops(lines, numbers)
    breaks: set[int] = set()
    if "\n-" in text or "\n+" in text:
        lines, numbers = differences.apart(lines, numbers, breaks)
    lines, numbers = panes.apart(lines, numbers, breaks)
    walls = set(breaks)
    if "<" in text and _BREAK_TAG.search(text):
        lines, numbers = _split_at_breaks(lines, numbers, breaks)
    voices: list[str] = []
    if "<<" in text:
        lines = [line if (one := _POINTED.match(line)) is None or not line_prefixes.is_row(one[1]) else one[1] for line in lines]
    if quotations.has_any(text):
        lines, voices = quotations.without_marks(lines, breaks)
    lines = _without_marks(lines, breaks)
    if not text.isascii() or "&" in text:
        lines = [line.translate(_ODD).replace("« ", "«").replace(" »", "»") if not line.isascii() else line for line in lines]
    marked = lines
    lines, machines = line_prefixes.without(marked, breaks)
    for position, line in enumerate(lines):
        if line is not marked[position] and line != marked[position] and _FENCE_LINE.match(line):
            lines[position] = ""
            breaks |= {position, position + 1}
    return Pasted(lines, numbers, breaks, voices or [""] * len(lines), machines, walls)


def _without_indent(text: str) -> str:
    """The text without the indentation that all lines have."""
    lines = text.split("\n")
    some = [line for line in lines if line.strip()]
    if not some or not all(line[:1] in " \t" for line in some):
        return text
    common = some[0][: len(some[0]) - len(some[0].lstrip(" \t"))]
    while not all(line.startswith(common) for line in some):
        common = common[:-1]
    return "\n".join(line[len(common) :] if line.strip() else "" for line in lines)


def _as_on_screen(line: str) -> str:
    """A line without colours and window titles, with carriage returns and backspaces applied.

    >>> _as_on_screen("\\x1b[?2004h$ ipp\\x08 \\x08 a\\r")
    '$ ip a'
    """
    if "\x1b" in line:
        line = _ESCAPES.sub("", _TITLE.sub("", line)).replace("\x1b", "")
    if "\r" in line:
        shown = ""
        for part in line.split("\r"):
            if part:
                shown = part + shown[len(part) :]
        line = shown
    if "\x08" in line:
        kept: list[str] = []
        for character in line:
            if character != "\x08":
                kept.append(character)
            elif kept:
                kept.pop()
        line = "".join(kept)
    line = line.replace("\x07", "")
    return "" if line.startswith(("Script started", "Script done")) else line


def _is_quoted_printable(text: str) -> bool:
    if _QP_HEADER.search(text):
        return True
    return text.count("=\n") > 1 and re.search(r"=(?:3D|20|C2=A0|E2=80)", text) is not None


def _from_quoted_printable(lines: list[str], numbers: list[int]) -> tuple[list[str], list[int]]:
    """The decoded lines and their numbers; a line that a soft break split has the number of its first part."""
    found: list[str] = []
    counted: list[int] = []
    at = 0
    while at < len(lines):
        line, taken = lines[at], 1
        while line.rstrip(" \t").endswith("=") and at + taken < len(lines):
            line = line.rstrip(" \t")[:-1] + lines[at + taken]
            taken += 1
        found.append(_QP_BYTES.sub(_bytes, line))
        counted.append(numbers[at])
        at += taken
    return found, counted


def _single_spaced(lines: list[str], numbers: list[int]) -> tuple[list[str], list[int]]:
    """The lines without the empty line that a browser has put behind each of them.

    >>> _single_spaced(["a", "", "b", "", "", "", "c", "", "d", "", "e", "", "f", ""], list(range(1, 15)))[0]
    ['a', 'b', '', 'c', 'd', 'e', 'f']
    """
    full = [at for at, line in enumerate(lines) if line.strip()]
    if len(full) < _FEWEST or any(one + 1 == two for one, two in zip(full, full[1:])):
        return lines, numbers
    kept = [at for at, line in enumerate(lines) if line.strip() or at and not "".join(lines[at - 1 : at + 2]).strip()]
    return [lines[at] for at in kept], [numbers[at] for at in kept]


# With fewer lines, the empty lines may be those of the writer
_FEWEST = 6


# The rest of a line that belongs to no new one
_BEGINS = re.compile(r"\s+(?:inet6? |link/|valid_lft |[RT]X)|\s{4,}\S")
_OF_TABLE = re.compile(r"\s*(?:inet6? \S+/\d|link/\S+ |valid_lft \w+ preferred_lft )")
_NARROWEST, _WIDEST, _FEWEST_FULL = 30, 200, 3


def _unwrapped(lines: list[str], numbers: list[int]) -> tuple[list[str], list[int]]:
    """The lines, with those joined that a terminal has broken at its width, within words too; only lines of tables are.

    >>> row = "default via 192.0.2.1 dev eth0 metric 100"
    >>> found, numbers = _unwrapped([row[:30], row[30:]] * 3, [1, 2, 3, 4, 5, 6])
    >>> found == [row] * 3, numbers
    (True, [1, 3, 5])
    """
    gone: set[int] = set()
    found = list(lines)
    for at, end in _broken_runs(lines):
        width = max(map(len, lines[at:end]))
        while at < end:
            last, whole = at, lines[at]
            while last + 1 < end and len(lines[last]) == width and not _begins(lines[last + 1]):
                last += 1
                whole += lines[last]
            if last > at and (line_prefixes.is_of_table(whole) or _OF_TABLE.match(whole) or whole.startswith('[{"')):
                found[at] = whole
                gone.update(range(at + 1, last + 1))
            at = last + 1
    if not gone:
        return lines, numbers
    kept = [at for at in range(len(lines)) if at not in gone]
    return [found[at] for at in kept], [numbers[at] for at in kept]


def _begins(line: str) -> bool:
    """Whether a line is not the rest of the line above it."""
    prompt = prompts.read(line) if len(line) < 400 else None
    return line_prefixes.is_of_table(line) or _BEGINS.match(line) is not None or prompt is not None and prompt.sure


def _broken_runs(lines: list[str]) -> Iterator[tuple[int, int]]:
    """The runs of lines between empty ones in which most of the longest lines go on in the next line."""
    at = 0
    while at < len(lines):
        end = at
        while end < len(lines) and lines[end]:
            end += 1
        width = max(map(len, lines[at:end]), default=0)
        if _NARROWEST <= width <= _WIDEST and end - at > 2 * _FEWEST_FULL - 1:
            full = [position for position in range(at, end - 1) if len(lines[position]) == width]
            broken = [position for position in full if not _begins(lines[position + 1])] if len(full) >= _FEWEST_FULL else []
            if len(broken) >= _FEWEST_FULL and 2 * len(broken) > len(full):
                yield at, end
        at = max(end, at + 1)


_LOOP = re.compile(r"(?:[^\n]{0,100}[#$%>❯➜] ?|\s*)(?:for \w+ in |while )[^\n]{1,400}$")
_MOST_OF_A_LOOP = 12


def _with_whole_loops(lines: list[str], numbers: list[int]) -> tuple[list[str], list[int]]:
    """The lines with each loop in one line, which was typed in several, behind the prompt `>` or none.

    >>> _with_whole_loops(["$ for n in a b; do", "> ip -n $n a", "> done", "1: lo"], [1, 2, 3, 4])
    (['$ for n in a b; do ip -n $n a; done', '1: lo'], [1, 4])
    """
    found: list[str] = []
    counted: list[int] = []
    at = 0
    while at < len(lines):
        line, end = lines[at], at + 1
        if "done" not in line and ("for " in line or "while " in line) and _LOOP.match(line):
            inner = [text.strip().removeprefix("> ").strip() for text in lines[at + 1 : at + 1 + _MOST_OF_A_LOOP]]
            last = next((it for it, text in enumerate(inner) if text.partition(" ")[0].rstrip(";") == "done"), -1)
            if last >= 0 and all(inner[: last + 1]):
                for text in inner[: last + 1]:
                    line = line.rstrip(" ;") + (" " if line.rstrip().endswith(("do", "then", "&&", "||", "|")) else "; ") + text
                end = at + last + 2
        found.append(line)
        counted.append(numbers[at])
        at = end
    return found, counted


def _bytes(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("=", "")).decode("utf-8", "replace")


def _split_at_breaks(lines: list[str], numbers: list[int], breaks: set[int]) -> tuple[list[str], list[int]]:
    """Split lines at ``<br>``, ``<p>`` and similar tags; each part keeps the line's number. ``<pre>`` also begins a block."""
    found: list[str] = []
    counted: list[int] = []
    for number, line in zip(numbers, lines):
        quote = quotations.MARK.match(line) if ">" in line[:12] else None
        mark = quote[0] if quote is not None else ""
        parts, start = [], len(mark)
        for tag in _BREAK_TAG.finditer(line, start) if "<" in line else ():
            if line[start : tag.start()].strip() or tag[0][:3].lower() == "<br":
                parts.append(mark + line[start : tag.start()])
            if _BLOCK_TAG.match(tag[0]):
                breaks.add(len(found) + len(parts))
            start = tag.end()
        if line[start:].strip() or not parts:
            parts.append(mark + line[start:])
        found += parts
        counted += [number] * len(parts)
    return found, counted


def _without_marks(lines: list[str], breaks: set[int]) -> list[str]:
    """The lines without fences, tags and entities."""
    found: list[str] = []
    for position, line in enumerate(lines):
        first = line.lstrip()[:1]
        if first in "`~-=.*+#0123456789└┌├╰╭─━═" and first and _FENCE_LINE.match(line):
            breaks |= {position, position + 1}
            if first in "-=" and position > 1 and line == lines[position - 2] and headings.is_name(lines[position - 1]):
                found[-1] = f"=== {found[-1].strip()} ==="  # `clush -b`, `dshbak`: a name between two horizontal lines
            found.append("")
            continue
        if (
            line.count("`") == 2
            and _CODE_LINE.match(line)
            and any(map(_CODE_LINE.match, (*lines[position + 1 : position + 2], *lines[max(0, position - 1) : position])))
        ):
            line = line.strip()[1:-1]  # every line of a block is code
        if "```" in line:
            line = _without_glued_fences(line, position, breaks)
        if "<" in line and len(line) < 5000 and _TAG.search(line):
            if _BLOCK_TAG.search(line):
                _note_breaks(line, position, breaks, _TAG)
            line = _TAG.sub("", line)
        if ("[" in line or "{" in line or "}" in line) and len(line) < 5000 and _MARK.search(line):
            title = _MARK_TITLE.search(line)
            bare = title[1] if title is not None and not _MARK.sub("", line).strip() else _MARK.sub("", line)
            _note_breaks(line, position, breaks, _MARK)
            line = bare
        if line.startswith("    **") and line.endswith("**"):
            line = line.replace("**", "")
        if "**" in line and line_prefixes.is_of_table(_BOLD.sub("", line)):
            line = _BOLD.sub("", line)
        if "<" in line and _MASKED.search(line):
            line = _MASKED.sub(lambda found: found[0].replace(" ", "_"), line)
        if "&" in line and _ENTITY.search(line):
            import html

            line = _ENTITY.sub(lambda one: html.unescape(one[0]), line)
            if _ENTITY.search(line):  # escaped twice
                line = _ENTITY.sub(lambda one: html.unescape(one[0]), line)
        found.append(line)
    return found


def _without_glued_fences(line: str, position: int, breaks: set[int]) -> str:
    """A line without fences at its ends, as a chat leaves them: ```` ```$ ip a ````"""
    bare = line.strip()
    if bare.startswith("```"):
        breaks.add(position)
        line = bare[3:]
    if bare.endswith("```"):
        breaks.add(position + 1)
        line = line.rstrip()[:-3]
    return line


def _note_breaks(line: str, position: int, breaks: set[int], mark: re.Pattern[str]) -> None:
    """Note block boundaries: a mark at the beginning of a line begins a block, a mark at its end ends one."""
    found = mark.search(line)
    if found is not None and not line[: found.start()].strip():
        breaks.add(position)
    if mark.sub("", line).strip() == "" or found is not None and line[: found.start()].strip():
        breaks.add(position + 1)
