"""The `__main__.py` of netwrap.pyz: imports modules, and reads files of packages, from the groups of `.ci/build_pyz`."""

import _signal
import sys
from importlib.machinery import ModuleSpec

if _signal.getsignal(_signal.SIGINT) != _signal.SIG_IGN:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # as in netwrap/__main__.py
try:
    from bz2 import decompress
except ImportError:
    sys.exit("netwrap: this Python has no module bz2, which netwrap.pyz needs")

_ZIP = __loader__  # type: ignore[name-defined] # noqa: F821
_ROOT = _ZIP.archive + "/lib"
_places, _groups, _words = {}, {}, {}


def _read_index():
    for number, block in enumerate(decompress(_ZIP.get_data(_ZIP.archive + "/index")).decode().split("\n\n")):
        start = 0
        for line in block.split("\n"):
            length, path = line.split(" ", 1)
            _places[f"{_ROOT}/{path}"] = (number, start, start + int(length))
            start += int(length)
    words = decompress(_ZIP.get_data(_ZIP.archive + "/words")).decode().split("\n")
    _words.update(enumerate(words, 0x80))


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
        exec(compile(self.get_data(module.__file__), module.__file__, "exec", dont_inherit=True), module.__dict__)

    def get_data(self, path):
        try:
            number, start, end = _places[path]
        except KeyError:
            raise FileNotFoundError(2, "No such file in netwrap.pyz", path) from None
        if number not in _groups:
            _groups[number] = decompress(_ZIP.get_data(f"{_ZIP.archive}/group{number}"))
        return _groups[number][start:end].decode().translate(_words).encode()

    def get_source(self, name):
        return self.get_data(sys.modules[name].__file__).decode()

    def iter_modules(self, prefix=""):
        for path in _places:
            name, slash, rest = path[len(self._folder) + 1 :].partition("/")
            if path.startswith(self._folder + "/") and (rest == "__init__.py" or (not slash and name.endswith(".py"))):
                yield prefix + name.removesuffix(".py"), bool(slash)


_read_index()
sys.path_hooks.insert(0, _Packed)
sys.path[0] = _ROOT

from netwrap.__main__ import run  # noqa: E402

sys.exit(run())
