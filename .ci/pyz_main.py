"""What `__main__.py` of netwrap.pyz runs behind `pyz_text.py`: it imports modules, and reads files, from its groups."""

from __future__ import annotations  # (in force for each module that is compiled here)

import sys
from importlib.machinery import ModuleSpec

_ZIP = __loader__  # type: ignore[name-defined] # noqa: F821
_ROOT = _ZIP.archive + "/lib"


def _unpacked(name):
    return decompress(_ZIP.get_data(f"{_ZIP.archive}/{name}")).decode()  # noqa: F821


_listed = _unpacked("index").split("\n\n")
_words = dict(enumerate(_listed[0].split("\n"), 0x80))
_places = {
    f"{_ROOT}/{path}": (group, number)
    for group, paths in enumerate(_listed[1:])
    for number, path in enumerate(paths.split("\n"))
}  # fmt: skip
_groups = {}


class _Packed:
    """Finder and loader of the modules of one folder."""

    def __init__(self, folder):
        if not (folder + "/").startswith(_ROOT + "/"):
            raise ImportError(folder)
        self._folder = folder

    def find_spec(self, name, target=None):
        path = self._folder + "/" + name.rpartition(".")[2]
        for file, is_package in ((path + "/__init__.py", True), (path + ".py", False)):
            if file in _places:
                spec = ModuleSpec(name, self, origin=file, is_package=is_package)
                spec.has_location = True
                if is_package:
                    spec.submodule_search_locations.append(path)
                return spec
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(self.get_data(module.__file__), module.__file__, "exec"), module.__dict__)

    def get_data(self, path):
        try:
            group, number = _places[path]
        except KeyError:
            raise FileNotFoundError(2, "No such file in netwrap.pyz", path) from None
        if group not in _groups:
            _groups[group] = [_unpacked(f"{group}{kind}")[::step].split(FILE_END) for kind, step in ((0, -1), (1, 1))]  # noqa: F821
        code, strings = (kind[number].translate(_words) for kind in _groups[group])
        return (restored(code, strings) if path.endswith(".py") else strings).encode()  # noqa: F821

    def get_source(self, name):
        return self.get_data(sys.modules[name].__file__).decode()

    def iter_modules(self, prefix=""):
        for path in _places:
            name, slash, rest = path[len(self._folder) + 1 :].partition("/")
            if path.startswith(self._folder + "/") and (rest == "__init__.py" or (not slash and name.endswith(".py"))):
                yield prefix + name.removesuffix(".py"), bool(slash)


sys.path_hooks.insert(0, _Packed)
sys.path[0] = _ROOT

from netwrap.__main__ import run  # noqa: E402

sys.exit(run())
