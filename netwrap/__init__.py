"""netwrap: what `ip`, `bridge`, `arp` and `route` print, as records and tables, for all network namespaces of a host.

>>> from netwrap import ip_link
>>> [link["ifname"] for link in ip_link.show() if "LOOPBACK" in link["flags"]]
['lo']
"""

__version__ = "0.1.0"
