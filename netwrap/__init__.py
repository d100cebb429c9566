"""netwrap: what `ip`, `bridge`, `arp` and `route` print, as records and tables, for all network namespaces of a host.

>>> from netwrap import ip_link
>>> [link["ifname"] for link in ip_link.show() if "LOOPBACK" in link["flags"]]
['lo']

``netwrap.check(hosts)`` is :func:`netwrap.answers.check.check`: the findings about hosts of :mod:`netwrap.sources.opening`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> "Any":
    """Import a public module on first use, so that importing the package stays cheap."""
    if name == "check":
        import importlib

        return importlib.import_module("netwrap.answers.check").check
    raise AttributeError(f"module 'netwrap' has no attribute {name!r}")
