"""The records: plain dicts, described here. The schema is that of `ip -j` (and `bridge -j`) of iproute2 6.x.

A key that the text did not print is absent. A key that is there with None means a flag that is set (``router``,
``not``), or, where the text prints a placeholder, that there is nothing (``hwaddress`` of an incomplete entry).
``unparsed`` holds words that no field is known for, in every kind of record; it is absent when empty. ``netns`` is the
namespace's name where `ip -all netns exec` printed one above the record.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypedDict

    #: A record of any command, where it does not matter which.
    Record = dict[str, Any]
    #: A record that is only read, of any command: each TypedDict is one, too.
    AnyRecord = Mapping[str, Any]
else:

    class _Fields:
        """Keeps ``__annotations__`` as text for the reader of JSON: making real TypedDicts takes ten times as long."""

        def __init__(self, name, bases, body, total=True):
            self.__name__, self.__module__, self.__doc__ = name, __name__, body.get("__doc__")
            self.__annotations__ = {}
            for base in bases:
                self.__annotations__.update(base.__annotations__)
            self.__annotations__.update(body.get("__annotations__", {}))

        def __call__(self, name, fields, total=True):
            return _Fields(name, (), {"__annotations__": fields})

    #: A stand-in for ``typing.TypedDict``, which type checkers see.
    TypedDict = _Fields("TypedDict", (), {})

    Record = AnyRecord = dict


class _Unparsed(TypedDict, total=False):
    unparsed: list[str]
    netns: str


class LinkInfo(TypedDict, total=False):
    """The fields of `-d` about the kind of a link, and about the link as a slave of a bridge, bond, team or VRF."""

    info_kind: str
    info_data: dict[str, Any]
    info_slave_kind: str
    info_slave_data: dict[str, Any]


class Link(_Unparsed, total=False):
    """A link (`ip link`): sizes in bytes, ``txqlen`` in packets, counters in ``stats64``."""

    ifindex: int
    ifname: str
    link: str | None
    link_index: int
    link_netnsid: int
    link_netns: str
    flags: list[str]
    mtu: int
    qdisc: str
    master: str
    operstate: str
    operstate_index: int
    linkmode: str
    linkmode_index: int
    group: str
    txqlen: int
    link_type: str
    address: str
    broadcast: str
    link_pointtopoint: bool
    permaddr: str
    proto_down: bool
    proto_down_reason: list[str]
    promiscuity: int
    allmulti: int
    min_mtu: int
    max_mtu: int
    linkinfo: LinkInfo
    inet6_addr_gen_mode: str
    num_tx_queues: int
    num_rx_queues: int
    gso_max_size: int
    gso_max_segs: int
    tso_max_size: int
    tso_max_segs: int
    gro_max_size: int
    gso_ipv4_max_size: int
    gro_ipv4_max_size: int
    phys_port_name: str
    phys_port_id: str
    phys_switch_id: str
    parentbus: str
    parentdev: str
    ifalias: str
    altnames: list[str]
    xdp: dict[str, Any]
    stats64: dict[str, dict[str, int]]
    vfinfo_list: list[dict[str, Any]]


class AddrInfo(_Unparsed, total=False):
    """One address: ``address`` is the peer; lifetimes in seconds, 4294967295 is forever. Flags are keys with True."""

    family: str
    family_index: int
    local: str
    address: str
    prefixlen: int
    metric: int
    broadcast: str
    anycast: str
    multicast: str
    scope: str
    secondary: bool
    temporary: bool
    nodad: bool
    optimistic: bool
    dadfailed: bool
    home: bool
    deprecated: bool
    tentative: bool
    dynamic: bool
    mngtmpaddr: bool
    noprefixroute: bool
    autojoin: bool
    ifa_flags: str
    protocol: str
    label: str
    valid_life_time: int
    preferred_life_time: int


class Address(Link, total=False):
    """A link with its addresses (`ip address`)."""

    addr_info: list[AddrInfo]


class Nexthop(_Unparsed, total=False):
    """One way of a multipath route."""

    gateway: str
    via: dict[str, str]
    dev: str
    weight: int
    flags: list[str]
    encap: dict[str, Any]
    to: str
    flow: dict[str, str]


#: Keys that Python's class syntax cannot name: the source prefix of a route, and the negation of a rule.
_RouteWords = TypedDict("_RouteWords", {"from": str, "ttl-propogate": bool}, total=False)
_RuleWords = TypedDict("_RuleWords", {"not": None}, total=False)


class Route(_Unparsed, _RouteWords, total=False):
    """A route (`ip route`): ``metrics`` is a list of one object; ``expires``, ``age`` in seconds, ``rtt`` in milliseconds."""

    type: str
    dst: str
    nhid: int
    to: str
    encap: dict[str, Any]
    tos: str
    gateway: str
    via: dict[str, str]
    dev: str
    table: str
    protocol: str
    scope: str
    prefsrc: str
    metric: int
    flags: list[str]
    mark: int
    flow: dict[str, str]
    uid: int
    cache: list[str]
    expires: int
    error: int
    users: int
    used: int
    age: int
    ipid: str
    ts: str
    tsage: int
    metrics: list[dict[str, Any]]
    iif: str
    pref: str
    nh_info: dict[str, Any]
    nexthops: list[Nexthop]


class Neigh(_Unparsed, total=False):
    """A neighbour (`ip neigh`): flags are keys with None; ``used``, ``confirmed``, ``updated`` in seconds."""

    dst: str
    dev: str
    lladdr: str
    router: None
    proxy: None
    managed: None
    extern_learn: None
    offload: None
    extern_valid: None
    refcnt: int
    used: int
    confirmed: int
    updated: int
    probes: int
    state: list[str]
    protocol: str


class Rule(_Unparsed, _RuleWords, total=False):
    """A rule (`ip rule`)."""

    priority: int
    src: str
    srclen: int
    dst: str
    dstlen: int
    tos: str
    fwmark: str
    fwmask: str
    iif: str
    iif_detached: None
    oif: str
    oif_detached: None
    l3mdev: None
    uid_start: int
    uid_end: int
    ipproto: str
    sport: int
    sport_start: int
    sport_end: int
    sport_mask: str
    dport: int
    dport_start: int
    dport_end: int
    dport_mask: str
    tun_id: int
    table: str
    suppress_prefixlen: int
    suppress_ifgroup: str
    flow_from: str
    flow_to: str
    nat_gateway: str
    masquerade: None
    goto: int
    unresolved: None
    nop: None
    action: str
    protocol: str
    dscp: str
    dscp_mask: str
    flowlabel: str
    flowlabel_mask: str


class Netns(_Unparsed, total=False):
    """A network namespace (`ip netns list`: ``name``, ``id``; `list-id`: ``nsid``, ``name``)."""

    name: str
    id: int
    nsid: int


class Vlan(_Unparsed, total=False):
    """A vlan of a port, or a range of them; with ``tunid``, a tunnel. `-s` adds counters, `-d` the vlan's settings."""

    vlan: int
    vlanEnd: int
    tunid: int
    tunidEnd: int
    flags: list[str]
    state: str


class BridgeLink(_Unparsed, total=False):
    """A port of a bridge (`bridge link`); switches are bools."""

    ifindex: int
    link: str
    link_index: int
    ifname: str
    flags: list[str]
    mtu: int
    master: str
    state: str
    operstate: str
    priority: int
    cost: int
    hwmode: str
    vlans: list[Vlan]


class BridgeFdb(_Unparsed, total=False):
    """An entry of a forwarding table (`bridge fdb`): ``state`` is "" where it was learned; times in seconds."""

    mac: str
    ifname: str
    dst: str
    vlan: int
    port: int
    vni: int
    src_vni: int
    viaIf: str
    viaIfIndex: int
    nhid: int
    linkNetNsId: int
    used: int
    updated: int
    flags: list[str]
    master: str
    state: str


class BridgeVlan(_Unparsed, total=False):
    """A port and its vlans (`bridge vlan show`) or tunnels (`bridge vlan tunnelshow`)."""

    ifname: str
    vlans: list[Vlan]
    tunnels: list[Vlan]
    glued: bool


class Arp(_Unparsed, total=False):
    """An entry of `arp`; ``flags`` are the table's letters, ``cut`` names fields that the text cut off."""

    address: str
    name: str
    hwtype: str
    hwaddress: str
    flags: str
    mask: str
    iface: str
    cut: list[str]


class RouteRow(_Unparsed, total=False):
    """A row of `route`; ``cut`` names fields that the text may have cut off, ``bits`` are flags without a letter."""

    destination: str
    source: str
    gateway: str
    next_hop: str
    genmask: str
    flags: str
    metric: int
    ref: int
    use: int
    iface: str
    mss: int
    window: int
    irtt: int
    bits: int
    cut: list[str]


class User(TypedDict, total=False):
    """A process that holds a socket; ``fd`` is absent where the program prints none (netstat)."""

    name: str
    pid: int
    fd: int
    tid: int
    proc_ctx: str
    sock_ctx: str


class Socket(_Unparsed, total=False):
    """A socket (`ss`, `netstat`, /proc/net/tcp): a port is a number, a service's name or ``*``; queues in bytes."""

    netid: str
    state: str
    recv_q: int
    send_q: int
    local: str
    local_port: int | str
    peer: str
    peer_port: int | str
    dev: str
    peer_dev: str
    family: str
    users: list[User]
    uid: int
    user: str
    ino: int
    sk: str
    cgroup: str
    v6only: int
    fwmark: str
    shutdown: str
    timer: str
    skmem: str
    class_id: str
    info: list[str]
    association: None
    protocol: int
    slot: int
    retransmits: int
    timeout: int
    refcnt: int
    flags: list[str]
    cut: list[str]


class Sysctl(_Unparsed, total=False):
    """A switch of the kernel (`sysctl`): its name with dots, and its value as text."""

    key: str
    value: str


class NexthopObject(_Unparsed, total=False):
    """A nexthop object (`ip nexthop`): ``blackhole`` and ``fdb`` are keys with None; timers in seconds."""

    id: int
    group: list[dict[str, int]]
    type: str
    resilient_args: dict[str, float]
    bucket: dict[str, float]
    gateway: str
    via: dict[str, str]
    dev: str
    encap: dict[str, Any]
    scope: str
    blackhole: None
    protocol: str
    flags: list[str]
    fdb: None
    master: str
    group_stats: list[dict[str, int]]


class Netconf(_Unparsed, total=False):
    """Switches of an interface (`ip netconf`); ``interface`` may be "all" and "default"."""

    family: str
    interface: str
    forwarding: bool
    rp_filter: str
    mc_forwarding: bool
    proxy_neigh: bool
    ignore_routes_with_linkdown: bool
    bc_forwarding: bool
    input: bool


class Maddr(_Unparsed, total=False):
    """The multicast groups of a link (`ip maddr`): ``maddr`` holds ``link`` or ``family`` and ``address``, and ``users``."""

    ifindex: int
    ifname: str
    maddr: list[dict[str, Any]]


class Ifconfig(Address, total=False):
    """A link with its addresses as `ifconfig` prints them, in the schema of `ip address`; ``cut`` names fields perhaps cut."""

    metric: int
    device: str
    media: str
    cut: list[str]


class Brctl(_Unparsed, total=False):
    """A bridge (`brctl show`, `showstp`: further keys are the names of its lines) or an address (`brctl showmacs`)."""

    ifname: str
    id: str
    stp: bool
    interfaces: list[str]
    bridge_id: str
    ports: list[dict[str, Any]]
    flags: list[str]
    port: int
    mac: str
    local: bool
    ageing: float


class WgPeer(_Unparsed, total=False):
    """A peer of a wireguard link."""

    peer: str
    preshared_key: str
    endpoint: str
    allowed_ips: list[str]
    latest_handshake: str
    transfer: str
    persistent_keepalive: str


class Wg(_Unparsed, total=False):
    """A wireguard link (`wg show`)."""

    ifname: str
    public_key: str
    private_key: str
    listening_port: int
    fwmark: str
    peers: list[WgPeer]


class _FirewallRecord(_Unparsed, total=False):
    """The keys that records of nft and iptables share: ``kind`` is table, chain, rule, note, ..."""

    kind: str
    family: str
    table: str
    chain: str
    comment: str
    packets: int
    bytes: int
    type: str
    hook: str
    priority: int | str
    policy: str
    expr: list[dict[str, Any]]
    source: str | list[str]
    destination: str | list[str]
    protocol: str | int | list[str | int]
    sport: int | str | list[int | str]
    dport: int | str | list[int | str]
    state: str | list[str]
    mark: str | list[str]
    verdict: str
    to: str
    text: str


#: ``in`` and ``out``, which are no names of Python: the interfaces that a rule asks for.
_Interfaces = TypedDict("_Interfaces", {"in": "str | list[str]", "out": "str | list[str]"}, total=False)


class NftRecord(_FirewallRecord, _Interfaces, total=False):
    """An item of a ruleset (`nft list ruleset`), as :mod:`parsers.nft` describes it."""

    handle: int
    name: str
    flags: list[str]
    devices: list[str]
    elem: list[Any]


class IptablesRecord(_FirewallRecord, _Interfaces, total=False):
    """A table, chain or rule of iptables, as :mod:`parsers.iptables` describes it."""

    number: int
    backend: str
    by: str
    references: int | str
    target: str
    target_options: dict[str, str | None]
    goto: bool
    unseen: list[str]


class FirewallRecord(NftRecord, IptablesRecord, total=False):
    """A record of either program among all firewalls of a namespace; ``tool`` is nft, iptables, ip6tables-legacy, ..."""

    tool: str
