"""Networks of namespaces, described by one file: make, compare, check and remove them completely.

How data flows: a TOML file is read and checked (``file``), and becomes objects (``objects``): a dict of keys such as
``("address", "red", "eth0", "192.168.15.1/24")`` and their values. The present state is read into objects as well (``state``).
The difference is steps (``plan``) of commands (``commands``), which are run (``apply``) under a record of what this lab has made
(``journal``). ``verify`` checks that the network works; ``export`` writes objects as a file.
"""
