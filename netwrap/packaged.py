"""Files that come with netwrap, also where netwrap is one file (`netwrap.pyz`) and has no folder to open them in."""

from __future__ import annotations


def text(package: str, name: str) -> str:
    """The text of a file in a package: ``text("netwrap.sources", "probe.sh")``.

    By `pkgutil`: `importlib.resources` imports `urllib` up to Python 3.11, which a router's Python lacks.
    """
    import pkgutil

    content = pkgutil.get_data(package, name)
    if content is None:
        raise FileNotFoundError(name)
    return content.decode("utf-8")
