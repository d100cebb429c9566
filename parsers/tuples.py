"""`NamedTuple` for modules that a one-liner imports: the same classes as those of `typing`, made in less than half the time.

`typing` compiles the annotation of every field, and takes longer to import than most modules here. To a type checker the two are
one; at run time the annotations stay text.

>>> class Point(NamedTuple):
...     x: int
...     y: int = 0
...     def moved(self, by: int) -> Point:
...         return self._replace(x=self.x + by)
>>> Point(1).moved(2)
Point(x=3, y=0)
"""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:

    class _Making(type):
        def __new__(cls, name, bases, body):
            """The named tuple of a class body: annotations are its fields, their values the defaults, all else goes along."""
            if not bases:
                return type.__new__(cls, name, bases, body)
            fields = body.get("__annotations__", {})
            defaults = [body[field] for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])
            made.__annotations__ = fields
            for key, value in body.items():
                if key not in fields and key not in ("__module__", "__annotations__"):
                    setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_Making):
        """The base of a class whose annotations are the fields of a tuple."""
