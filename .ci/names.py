"""The names in sources of Python: where each stands and what binds it; and what `build_pyz` makes of them.

Places are offsets in bytes. Those inside of f-strings are found here: Python before 3.12 does not tell them.
"""

from __future__ import annotations

import ast
import re
import string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LITERAL = re.compile(rb"([A-Za-z0-9_]*)('''|\"\"\"|'|\")")
_PREFIXES = {b"f", b"r", b"b", b"u", b"fr", b"rf", b"br", b"rb"}
SHORT = [*string.ascii_letters, *(a + b for a in string.ascii_letters for b in string.ascii_letters + string.digits)]
#: Letters that no source contains (Hangul), as Python allows them in names: each stands for one variable of a module.
VARIABLES = range(0xAC00, 0xD7A4)
#: Decorators of functions that are called by their own names all the same.
_HARMLESS = {"property", "staticmethod", "classmethod", "cache", "lru_cache", "contextmanager"}


def literals(raw: bytes, at: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Where each string between two places starts and ends, without the letters in front of it, and whether it is an f-string."""
    while found := _LITERAL.search(raw, at, end):
        quote, at = found[2], found.end()
        while not raw.startswith(quote, at):
            at += 2 if raw[at : at + 1] == b"\\" else 1
        at += len(quote)
        prefix = found[1].lower()
        yield found.start(2), at, prefix in _PREFIXES and b"f" in prefix


def parse(text: str) -> ast.Module:
    """The tree of a source; each node that has a place has it as ``start`` and ``end``."""
    raw = text.encode()
    tree = ast.parse(text)
    _place(tree, raw, raw, 0)
    return tree


def _place(tree: ast.AST, parsed: bytes, raw: bytes, base: int) -> None:
    """Give the nodes of a tree their places in ``raw``; what was parsed starts at ``base`` there."""
    lines = [base]
    for line in parsed.split(b"\n"):
        lines.append(lines[-1] + len(line) + 1)
    todo = [tree]
    while todo:
        node = todo.pop()
        if hasattr(node, "end_lineno"):
            node.start = lines[node.lineno - 1] + node.col_offset
            node.end = lines[node.end_lineno - 1] + node.end_col_offset
        if isinstance(node, ast.JoinedStr):
            node.values = []
            for start, end, is_format in literals(raw, node.start, node.end):
                for begin, stop in replaced(raw, start, end) if is_format else ():
                    inner = b"(" + raw[begin:stop] + b")"
                    one = ast.parse(inner.decode(), mode="eval").body
                    _place(one, inner, raw, begin - 1)
                    node.values.append(ast.FormattedValue(one, -1, None))
        else:
            todo += ast.iter_child_nodes(node)


def replaced(raw: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the expressions in an f-string, or in a format in it, start and end."""
    while at < end:
        if raw[at : at + 2] in (b"{{", b"}}"):
            at += 2
        elif raw[at : at + 1] == b"{":
            at = start = at + 1
            depth, quote = 0, b""
            while True:
                letter = raw[at : at + 1]
                if quote:
                    quote = b"" if letter == quote else quote
                elif letter in (b"'", b'"'):
                    quote = letter
                elif depth == 0 and (letter in (b"}", b":") or letter == b"!" and raw[at + 1 : at + 2] != b"="):
                    break
                else:
                    depth += {b"(": 1, b"[": 1, b"{": 1, b")": -1, b"]": -1, b"}": -1}.get(letter, 0)
                at += 1
            yield start, at
            at += 2 if letter == b"!" else 0
            if raw[at : at + 1] == b":":
                start, depth = at + 1, 0
                while depth or raw[at : at + 1] != b"}":
                    depth += {b"{": 1, b"}": -1}.get(raw[at : at + 1], 0)
                    at += 1
                yield from replaced(raw, start, at)
            at += 1
        else:
            at += 1


class Scope:
    """A module, class, function or comprehension: the names that it binds, and all names that stand in it with their places."""

    def __init__(self, node: ast.AST, outer: Scope | None) -> None:
        self.node = node
        self.outer = outer
        self.inner: list[Scope] = []
        self.bound: set[str] = set()
        self.fixed: set[str] = set()  # bound by a word whose place is not known
        self.shared: dict[str, str] = {}  # "global" or "nonlocal"
        self.places: list[tuple[str, int]] = []
        if outer:
            outer.inner.append(self)

    @property
    def is_function(self) -> bool:
        return isinstance(self.node, (*_FUNCTIONS, *_COMPREHENSIONS))

    def arguments(self) -> list[ast.arg]:
        if not isinstance(self.node, _FUNCTIONS):
            return []
        given = self.node.args
        every = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
        return [one for one in every if one is not None]

    def owner(self, name: str) -> Scope:
        """The scope that binds a name which stands here; the module for a name that nothing binds."""
        shared = self.shared.get(name)
        if shared is None and name in self.bound:
            return self
        one = self
        while one.outer is not None:
            one = one.outer
            if shared != "global" and one.is_function and name in one.bound and name not in one.shared:
                break
        return one

    def all(self) -> Iterator[Scope]:
        yield self
        for one in self.inner:
            yield from one.all()


class _Scopes(ast.NodeVisitor):
    """Finds the scopes of a module."""

    def __init__(self, text: str) -> None:
        self._raw = text.encode()
        tree = parse(text)
        self._scope = self.top = Scope(tree, None)
        for one in tree.body:
            self.visit(one)

    def _bind(self, name: str, place: int) -> None:
        self._scope.bound.add(name)
        self._scope.places.append((name, place))

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._scope.bound.add(node.id)
        self._scope.places.append((node.id, node.start))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        scope = self._scope
        while isinstance(scope.node, _COMPREHENSIONS):
            scope = scope.outer
        scope.bound.add(node.target.id)
        self._scope.places.append((node.target.id, node.target.start))
        self.visit(node.value)

    def _define(self, node: ast.AST) -> None:
        self._bind(node.name, re.compile(rb"(?:async\s+)?(?:def|class)\s+").match(self._raw, node.start).end())

    def _function(self, node: ast.AST) -> None:
        for one in (*node.args.defaults, *node.args.kw_defaults, *getattr(node, "decorator_list", [])):
            if one is not None:
                self.visit(one)
        self._scope = Scope(node, self._scope)
        for one in self._scope.arguments():
            self._bind(one.arg, one.start)
        for one in node.body if isinstance(node.body, list) else [node.body]:
            self.visit(one)
        self._scope = self._scope.outer

    def visit_FunctionDef(self, node: ast.AST) -> None:
        self._define(node)
        self._function(node)

    visit_AsyncFunctionDef = visit_FunctionDef
    visit_Lambda = _function

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._define(node)
        self._scope.fixed.add(node.name)  # which a class knows
        for one in (*node.bases, *node.keywords, *node.decorator_list):
            self.visit(one)
        self._scope = Scope(node, self._scope)
        for one in node.body:
            self.visit(one)
        self._scope = self._scope.outer

    def _comprehension(self, node: ast.AST) -> None:
        self.visit(node.generators[0].iter)
        self._scope = Scope(node, self._scope)
        for number, one in enumerate(node.generators):
            for part in (one.target, *([one.iter] if number else []), *one.ifs):
                self.visit(part)
        for field in ("elt", "key", "value"):
            if hasattr(node, field):
                self.visit(getattr(node, field))
        self._scope = self._scope.outer

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type is not None:
            self.visit(node.type)
        if node.name is not None:
            self._bind(node.name, re.compile(rb"[)\s]*as\s+").match(self._raw, node.type.end).end())
        for one in node.body:
            self.visit(one)

    def visit_Import(self, node: ast.AST) -> None:
        names = {(one.asname or one.name).partition(".")[0] for one in node.names}
        self._scope.bound |= names
        self._scope.fixed |= names

    visit_ImportFrom = visit_Import

    def visit_Global(self, node: ast.AST) -> None:
        for name in node.names:
            self._scope.shared[name] = "global" if isinstance(node, ast.Global) else "nonlocal"
            self._scope.fixed.add(name)

    visit_Nonlocal = visit_Global


class Keywords:
    """The keywords that the functions of some sources are called with: an argument that no call names may have any name."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._of: dict[str, set[str]] = {}
        self._all: set[str] = set()
        self._values: set[str] = set()  # functions that are passed on, and may be called by another name
        variables = {""}
        for text in texts:
            tree = ast.parse(text)
            called: set[int] = set()
            for node in ast.walk(tree):
                if isinstance(node, ast.Call):
                    called.add(id(node.func))
                    name = _last(node.func)
                    name = _last(node.args[0]) if name == "partial" else name
                    given = {one.arg or "**" for one in node.keywords}
                    self._of.setdefault(name, set()).update(given)
                    self._all |= given
                elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    for one in node.decorator_list:
                        if _last(one.func if isinstance(one, ast.Call) else one) not in _HARMLESS:
                            self._values.add(node.name)
                    called |= {id(one) for one in getattr(node, "bases", [])}
                elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store):
                    variables.add(_last(node))
                elif isinstance(node, ast.arg):
                    variables.add(node.arg)
                elif isinstance(node, ast.ImportFrom):
                    for one in node.names:
                        if one.asname:
                            self._values.add(one.name)
                            variables.add(one.asname)
            for node in ast.walk(tree):
                if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load) and id(node) not in called:
                    self._values.add(_last(node))
        self._loose = {one for name in variables for one in self._of.get(name, ())} - {"**"}

    def name(self, function: ast.AST, argument: str, owner: ast.AST) -> bool:
        """Whether some call may name an argument of a function; ``owner`` is its class, or what else it is in."""
        if argument in ("self", "cls") and isinstance(owner, ast.ClassDef):
            return False
        name = getattr(function, "name", "")
        if name == "__init__":  # of this class, or of one that is derived from it
            return argument in self._all
        if name.startswith("__"):
            return True
        named = self._of.get(name, set())
        return "**" in named or argument in named or (not name or name in self._values) and argument in self._loose


def _last(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def shorten(text: str, keywords: Keywords | None) -> str:
    """A source in which variables of functions, and arguments that no call names (None: not those), are `VARIABLES`."""
    top = _Scopes(text).top
    places: dict[tuple[Scope, str], list[int]] = {}
    fixed: set[tuple[Scope, str]] = set()
    for scope in top.all():
        for one in scope.arguments():
            if keywords is None or one in scope.node.args.kwonlyargs or keywords.name(scope.node, one.arg, scope.outer.node):
                fixed.add((scope, one.arg))
        fixed |= {(scope.owner(name), name) for name in scope.fixed}
        for name, place in scope.places:
            owner = scope.owner(name)
            if owner.is_function and not name.startswith("__"):
                places.setdefault((owner, name), []).append(place)
    new = {key: chr(VARIABLES[0] + number) for number, key in enumerate(sorted(places.keys() - fixed, key=places.__getitem__))}
    raw, made, last = text.encode(), bytearray(), 0
    for at, (scope, name) in sorted(((at, key) for key in new for at in places[key]), key=lambda pair: pair[0]):
        made += raw[last:at] + new[scope, name].encode()
        last = at + len(name.encode())
    return (made + raw[last:]).decode()
