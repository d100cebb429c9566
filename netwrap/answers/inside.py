"""Commands as a user would type them to see or mend something inside of a namespace."""

from __future__ import annotations

import shlex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.namespace import Namespace


def inside(netns: Namespace, command: str) -> str:
    """A command that runs in a namespace.

    >>> from netwrap.model.namespace import Namespace
    >>> red = Namespace("red")
    >>> red.names.append("red")
    >>> inside(red, "ip route show"), inside(red, "sysctl -w net.ipv4.ip_forward=1"), inside(Namespace(""), "ip route")
    ('ip -n red route show', 'ip netns exec red sysctl -w net.ipv4.ip_forward=1', 'ip route')
    """
    if netns.here:
        return command
    program, _, rest = command.partition(" ")
    if netns.names:
        name = shlex.quote(netns.names[0])
        return f"{program} -n {name} {rest}" if program in ("ip", "bridge") else f"ip netns exec {name} {command}"
    if netns.pids:
        return f"nsenter -t {min(netns.pids)[0]} -n {command}"
    if netns.paths:
        return f"nsenter --net={shlex.quote(netns.paths[0])} {command}"
    name = shlex.quote(netns.title)
    return f"{program} -n {name} {rest}" if program in ("ip", "bridge") else f"ip netns exec {name} {command}"
