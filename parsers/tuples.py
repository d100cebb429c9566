"""`NamedTuple` for modules that a one-liner imports: classes as `typing` makes them, in a fifth of the time.

`typing` compiles the annotation of every field, and takes longer to import than most modules here; `collections.namedtuple`
compiles a function for each class and makes its methods anew. To a type checker the classes are those of `typing`; at run time
the annotations stay text.

>>> class Point(NamedTuple):
...     x: int
...     y: int = 0
...     def moved(self, by: int) -> Point:
...         return self._replace(x=self.x + by)
>>> Point(1).moved(2)
Point(x=3, y=0)
"""

from __future__ import annotations

from collections import _tuplegetter  # type: ignore[attr-defined]
from functools import lru_cache
from types import FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:

    class _Making(type):
        def __new__(cls, name, bases, body):
            """The named tuple of a class body: annotations are its fields, their values the defaults, all else goes along."""
            if not bases:
                return type.__new__(cls, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body[field] for field in fields if field in body}
            new = FunctionType(_code(len(fields)).replace(co_varnames=("cls", *fields)), {"new": tuple.__new__}, "__new__")
            new.__defaults__ = tuple(defaults.values())
            body.update(_fields=fields, _field_defaults=defaults, __match_args__=fields, __slots__=(), __new__=new)
            for at, field in enumerate(fields):
                body[field] = _tuplegetter(at, None)
            return type(name, (_Named,), body)

    @lru_cache(None)
    def _code(size):
        """The code of a ``__new__`` for so many fields."""
        names = "".join(f", f{at}" for at in range(size))
        return eval(f"lambda cls{names}: new(cls, ({names[2:]},))").__code__

    class _Named(tuple):
        """The methods that all named tuples have in common."""

        __slots__ = ()

        @classmethod
        def _make(cls, values):
            return cls(*values)

        def _replace(self, **named):
            made = tuple.__new__(type(self), [named.pop(field, value) for field, value in zip(self._fields, self)])
            if named:
                raise ValueError(f"no field is called {', '.join(named)}")
            return made

        def _asdict(self):
            return dict(zip(self._fields, self))

        def __repr__(self):
            return f"{type(self).__name__}({', '.join(f'{field}={value!r}' for field, value in self._asdict().items())})"

        def __getnewargs__(self):
            return tuple(self)

    class NamedTuple(metaclass=_Making):
        """The base of a class whose annotations are the fields of a tuple."""
