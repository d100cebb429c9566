"""Build a package in which `parsers` is `netwrap.parsers`: so general a name at the top of site-packages would meet others."""

from __future__ import annotations

import os
import re

from setuptools import setup
from setuptools.command.build_py import build_py

_NAMES = (
    (re.compile(r"^(\s*from )parsers(?=[. ])", re.M), r"\1netwrap.parsers"),
    (re.compile(r"^(\s*)import parsers$", re.M), r"\1from netwrap import parsers"),
    (re.compile(r'(import_module\(f")parsers\.'), r"\1netwrap.parsers."),
)


class BuildPy(build_py):
    """Move the copy of `parsers` into the copy of `netwrap`, and name it so where it is imported.

    An editable install is the checkout, and stays as it is.
    """

    def run(self) -> None:
        super().run()
        if getattr(self, "editable_mode", False):
            return
        top = os.path.join(self.build_lib, "parsers")
        os.remove(os.path.join(self.build_lib, "netwrap", "parsers.py"))  # the name that a checkout has for it
        self.copy_tree(top, os.path.join(self.build_lib, "netwrap", "parsers"))
        for folder, _folders, names in os.walk(top, topdown=False):
            for name in names:
                os.remove(os.path.join(folder, name))
            os.rmdir(folder)
        for folder, _folders, names in os.walk(os.path.join(self.build_lib, "netwrap")):
            for path in (os.path.join(folder, name) for name in names if name.endswith(".py")):
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                for pattern, instead in _NAMES:
                    text = pattern.sub(instead, text)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)


setup(cmdclass={"build_py": BuildPy})
