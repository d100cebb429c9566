"""The kernel's switches of a namespace (`sysctl`, `ip netconf`), with the way they combine: forwarding, rp_filter, …"""

from __future__ import annotations

from functools import cached_property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.records import AnyRecord

    from ..model.namespace import Namespace

_MODES = {"off": 0, "strict": 1, "loose": 2}
#: Switches of IPv4 whose value for all and for the interface combine, and how (devinet's IN_DEV_ORCONF, MAXCONF, ANDCONF).
_BY_MAXIMUM = ("rp_filter", "arp_ignore", "arp_announce", "src_valid_mark", "accept_local", "send_redirects", "proxy_arp",
               "route_localnet", "arp_filter", "ignore_routes_with_linkdown")  # fmt: skip

#: Those that `ip netconf` shows, too.
_IN_NETCONF = ("forwarding", "rp_filter", "proxy_arp", "proxy_ndp", "ignore_routes_with_linkdown")

#: The kernel's own values of the switches that are not 0 there, by their last word.
_DEFAULTS = {"send_redirects": 1, "accept_ra": 1, "bridge-nf-call-iptables": 1, "bridge-nf-call-ip6tables": 1,
             "bridge-nf-call-arptables": 1}  # fmt: skip
_DECIDE = (*_BY_MAXIMUM, "forwarding", "disable_ipv6", "icmp_echo_ignore_all", "fib_multipath_hash_policy", "tcp_l3mdev_accept",
           "udp_l3mdev_accept", "raw_l3mdev_accept", "promote_secondaries", *_DEFAULTS)  # fmt: skip


def unusual(netns: Namespace) -> dict[str, str] | None:
    """The switches that decide about packets and do not have the kernel's default; None where none was captured."""
    if netns.sysctls is None:
        return None
    found = {}
    for name, value in sorted(netns.sysctls.items()):
        last = name.rpartition(".")[2]
        if last in _DECIDE and value != str(_DEFAULTS.get(last, 0)) and not (".lo." in name and last == "disable_ipv6"):
            found[name] = value
    return found


def switches_of(netns: Namespace) -> Switches:
    """The switches of a namespace, made once."""
    found: Switches | None = netns.kept.get("switches")
    if found is None:
        found = netns.kept["switches"] = Switches(netns)
    return found


class Switches:
    """The switches of one namespace; one that was not captured has its default, and :meth:`known` tells which were."""

    def __init__(self, netns: Namespace) -> None:
        # `sysctl` writes a dot in a link's name as a slash, eth0/100; all names here have dots (`inside.sysctl_key` prints them)
        self.values: dict[str, str] = dict(netns.sysctls or {})
        for key in [key for key in self.values if "/" in key]:
            self.values[key.replace("/", ".")] = self.values.pop(key)
        self._netns = netns

    @cached_property
    def _shown(self) -> dict[str, str]:
        """What `ip netconf` shows, by the names of sysctl."""
        found: dict[str, str] = {}
        names = {"inet": "ipv4", "inet6": "ipv6"}
        records: Sequence[AnyRecord] = self._netns.netconf or ()
        for record in records:
            family, dev = names.get(record.get("family", "")), record.get("interface")
            if family is None or dev is None:
                continue
            for key, name in (
                ("forwarding", "forwarding"), ("rp_filter", "rp_filter"), ("proxy_neigh", "proxy_arp"),
                ("ignore_routes_with_linkdown", "ignore_routes_with_linkdown"),
            ):  # fmt: skip
                if key in record:
                    value = record[key]
                    text = str(_MODES.get(value, value)) if isinstance(value, str) else str(int(value))
                    if name == "proxy_arp" and family == "ipv6":
                        name = "proxy_ndp"
                    found.setdefault(f"net.{family}.conf.{dev}.{name}", text)
        return found

    def everything(self) -> dict[str, str]:
        """All switches by their names."""
        return {**self._shown, **self.values}

    def _text(self, name: str) -> str | None:
        found = self.values.get(name)
        if found is None and name.rpartition(".")[2] in _IN_NETCONF:
            return self._shown.get(name)
        return found

    def value(self, name: str, default: int = 0) -> int:
        """A switch by its whole name, ``net.ipv4.ip_forward``."""
        text = self._text(name)
        try:
            return int(text.split()[0]) if text else default
        except ValueError:
            return default

    def known(self, name: str) -> bool:
        """Whether a switch was captured."""
        return self._text(name) is not None

    def of(self, name: str, dev: str, family: str = "inet", default: int = 0) -> int:
        """The effective value of a switch of an interface; for IPv4 the greater of its own and that of ``all``."""
        stem = f"net.{'ipv6' if family == 'inet6' else 'ipv4'}.conf"
        own = self.value(f"{stem}.{dev}.{name}", self.value(f"{stem}.default.{name}", default))
        if family == "inet" and name in _BY_MAXIMUM:
            return max(own, self.value(f"{stem}.all.{name}", 0 if name != "send_redirects" else default))
        return own

    def on(self, name: str, dev: str, family: str = "inet", default: bool = False) -> bool:
        """Whether a switch of an interface is on."""
        return bool(self.of(name, dev, family, int(default)))

    def ignores_linkdown(self, dev: str, family: str) -> bool:
        """Whether routes by an interface without carrier are skipped."""
        return self.on("ignore_routes_with_linkdown", dev, family)

    def rp_filter(self, dev: str) -> tuple[int, bool]:
        """The effective rp_filter of an interface (0 off, 1 strict, 2 loose), and whether it is known for certain."""
        names = [f"net.ipv4.conf.{which}.rp_filter" for which in (dev, "all")]
        return self.of("rp_filter", dev), all(map(self.known, names))

    def forwards(self, dev: str, family: str) -> tuple[bool, bool]:
        """Whether packets that come in by an interface are forwarded, and whether that was captured.

        IPv4 asks the interface; IPv6 asks all.
        """
        stem = "net.ipv6.conf.all" if family == "inet6" else f"net.ipv4.conf.{dev}"
        name = f"{stem}.forwarding"
        if self.known(name):
            return bool(self.value(name)), True
        for other in ("net.ipv4.conf.all.forwarding", "net.ipv4.ip_forward") if family == "inet" else ():
            if self.known(other):
                return bool(self.value(other)), True
        return False, False
