"""Commands as a user types them to see or mend something inside a namespace."""

from __future__ import annotations

import re
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

    A link may have a name that a shell would take for something else; it is quoted.
    """
    odd = _odd_names(netns)
    if odd is not None:
        command = odd.sub(lambda found: shlex.quote(found[0]), command)
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


def _odd_names(netns: Namespace) -> re.Pattern[str] | None:
    """The names of links that a shell does not take as they are, as whole words; None where there are none."""
    if "odd names" not in netns.kept:
        odd = {name for link in netns.links or () for name in [str(link.get("ifname"))] if shlex.quote(name) != name}
        odd |= {name.replace(".", "/") for name in odd}  # as in the name of a switch
        listed = "|".join(re.escape(name) for name in sorted(odd, key=len, reverse=True))
        netns.kept["odd names"] = re.compile(rf"(?<![^\s.])(?:{listed})(?![^\s.])") if odd else None
    found: re.Pattern[str] | None = netns.kept["odd names"]
    return found


def six(family: str) -> str:
    """The option of `ip` for a family, with the blank behind it; IPv4 needs none.

    >>> f"ip {six('inet6')}route", f"ip {six('inet')}route"
    ('ip -6 route', 'ip route')
    """
    return "-6 " if family == "inet6" else ""


def sysctl_key(name: str) -> str:
    """The name of a switch as `sysctl` takes it: a dot inside a link's name is written as a slash.

    >>> sysctl_key("net.ipv4.conf.eth0.10.rp_filter"), sysctl_key("net.ipv4.ip_forward")
    ('net.ipv4.conf.eth0/10.rp_filter', 'net.ipv4.ip_forward')
    """
    parts = name.split(".")
    return ".".join([*parts[:3], "/".join(parts[3:-1]), parts[-1]]) if len(parts) > 5 else name
