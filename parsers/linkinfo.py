"""The details of a link's kind in `ip -d` (``linkinfo``): the words of every kind and their keys, as data.

```
    vlan protocol 802.1Q id 100 <REORDER_HDR> addrgenmode eui64 numtxqueues 1
    bridge_slave state forwarding priority 32 cost 2 hairpin off ...
```
Keys and types are those of `ip -j -d`; some keys differ from the words of the text.
A kind that is not listed keeps its words under ``unparsed``.
"""

from __future__ import annotations

from .lex import Grammar, Words, bracketed, number, on_off

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .lex import Convert, Dict

    Rule = Callable[[Words, Dict], None]


def _ints(*names: str) -> dict[str, tuple[str, Convert]]:
    return {name: (name, number) for name in names}


def _texts(*names: str) -> dict[str, tuple[str, Convert]]:
    return {name: (name, str) for name in names}


def _bools(*names: str) -> dict[str, tuple[str, Convert]]:
    return {name: (name, on_off) for name in names}


def _switches(*names: str, no: str = "no", **keys: str) -> dict[str, tuple[str, Any]]:
    """Bare words that mean true, and with ``no`` in front false."""
    words: dict[str, tuple[str, Any]] = {}
    for word, key in [(name, name) for name in names] + list(keys.items()):
        words[word] = (key, True)
        words[no + word] = (key, False)
    return words


def _trues(*names: str) -> dict[str, tuple[str, Any]]:
    return {name: (name, True) for name in names}


def _inherit(word: str) -> int:
    """A TTL; ``inherit`` and ``auto`` are 0 in JSON."""
    return 0 if word in ("inherit", "auto") else number(word)


def _ttl(words: Words, data: Dict) -> None:
    """``ttl 64``, ``ttl auto``, ``ttl inherit`` of vxlan and geneve: JSON has 0 for the second, nothing for the third."""
    word = words.take("ttl")
    if word == "inherit":
        data["ttl_inherit"] = True
    else:
        data["ttl"] = _inherit(word)


def _tos(word: str) -> str:
    """A tunnel's type of service; ``inherit`` is 0x1 in JSON."""
    return "0x1" if word == "inherit" else word


def _or_flag(word: str, key: str, odd: str, flag: str, convert: Convert = str) -> Rule:
    """Read ``tclass 0x10`` or ``tclass inherit``, which JSON has as a flag of its own."""

    def rule(words: Words, data: Dict) -> None:
        value = words.take(word)
        if value == odd:
            data[flag] = True
        else:
            data[key] = convert(value)

    return rule


def _dscp(words: Words, data: Dict) -> None:
    """``dscp inherit``"""
    if words.take("dscp") != "inherit":
        raise ValueError("dscp is always 'inherit'")
    data["ip6_tnl_f_rcv_dscp_copy"] = True


def _nested(key: str, name: str, convert: Convert) -> Rule:
    """A rule for a value that JSON nests in an object of its own."""

    def rule(words: Words, data: Dict) -> None:
        inner = data.setdefault(key, {})
        if name in inner:
            raise ValueError(f"a second {name!r}")
        inner[name] = convert(words.take(name))

    return rule


def _of_peer(words: Words, data: Dict) -> None:
    """``peer policy drop``, ``peer scrub none``"""
    word = words.take("peer")
    if word not in ("policy", "scrub") or f"peer_{word}" in data:
        raise ValueError(f"a peer has no {word[:20]!r}, or a second one")
    data[f"peer_{word}"] = words.take(word)


def _none_is_zero(word: str) -> int:
    return 0 if word == "none" else number(word)


def _null(word: str) -> str | None:
    return None if word == "none" else word


def _either(word: str) -> int | str:
    return number(word) if word.isdigit() else word


def _value_and_flags(value: str) -> Rule:
    """Read ``id 100 <REORDER_HDR,GVRP>``: a value, followed by flags in brackets without a keyword."""

    def rule(words: Words, data: Dict) -> None:
        data[value] = number(words.take(value))
        if words.peek()[:1] == "<":
            data["flags"] = bracketed(words.take())

    return rule


def _qos_map(key: str) -> Rule:
    """``ingress-qos-map { 1:2 3:4 }``"""

    def rule(words: Words, data: Dict) -> None:
        if words.take("qos-map") != "{":
            raise ValueError("a qos map begins with '{'")
        pairs = data.setdefault(key, [])
        while words.peek() != "}":
            left, _, right = words.take("{").partition(":")
            pairs.append({"from": number(left), "to": number(right)})
        words.take()

    return rule


def _remotes(words: Words, data: Dict) -> None:
    """``remotes (2) 00:11:22:33:44:55 00:11:22:33:44:56``"""
    count = number(words.take("remotes").strip("()"))
    data["macaddr_count"] = count
    data["macaddr_data"] = [words.take("remotes") for _ in range(min(count, len(words.items)))]


def _by_family(word: str, key: str) -> Rule:
    """A rule for an address whose key depends on its family: ``remote`` or ``remote6``."""

    def rule(words: Words, data: Dict) -> None:
        address = words.take(word)
        data[key + "6" if ":" in address else key] = address

    return rule


def _port_range(words: Words, data: Dict) -> None:
    data["port_range"] = {"low": number(words.take("srcport")), "high": number(words.take("srcport"))}


def _flowinfo(words: Words, data: Dict) -> None:
    """``tclass 0x00 flowlabel 0x00000 (flowinfo 0x00000000)``, up to 4.9"""
    data["flowinfo"] = words.take("(flowinfo").rstrip(")")


def _str_list(word: str) -> Rule:
    def rule(words: Words, data: Dict) -> None:
        data[word] = bracketed(words.take(word))

    return rule


def _pair(word: str, key: str, length: str) -> Rule:
    """``6rd-prefix 2002::/16`` as prefix and length."""

    def rule(words: Words, data: Dict) -> None:
        prefix, slash, bits = words.take(word).partition("/")
        data[key] = prefix
        if slash:
            data[length] = number(bits)

    return rule


def _targets(key: str) -> Rule:
    """``arp_ip_target 10.0.0.1,10.0.0.2``"""

    def rule(words: Words, data: Dict) -> None:
        data[key] = words.take(key).split(",")

    return rule


_TUNNEL_ENDS = _texts("remote", "local", "ikey", "okey", "erspan_dir", "erspan_hwid")
_ENCAP: dict[str, tuple[str, Convert]] = {
    "encap": ("encap", str),
    "encap-sport": ("encap_sport", _either),
    "encap-dport": ("encap_dport", number),
}
_ENCAP_FLAGS = _switches(**{"encap-csum": "encap_csum", "encap-csum6": "encap_csum6", "encap-remcsum": "encap_remcsum"})
_GRE = Grammar(
    {
        **_TUNNEL_ENDS,
        "dev": ("link", str),
        "ttl": ("ttl", _inherit),
        "hoplimit": ("ttl", _inherit),
        "tos": ("tos", _tos),
        **_ints("erspan_index", "erspan_ver"),
        **_ENCAP,
    },
    {
        **_switches("pmtudisc"),
        **_trues("icsum", "ocsum", "iseq", "oseq", "external"),
        "ignore-df": ("ignore_df", True),
        "allow-localremote": ("ip6_tnl_f_allow_local_remote", True),
        **_ENCAP_FLAGS,
    },
    {
        "(flowinfo": _flowinfo,
        "encaplimit": _or_flag("encaplimit", "encap_limit", "none", "ip6_tnl_f_ign_encap_limit", number),
        "tclass": _or_flag("tclass", "tclass", "inherit", "ip6_tnl_f_use_orig_tclass"),
        "flowlabel": _or_flag("flowlabel", "flowlabel", "inherit", "ip6_tnl_f_use_orig_flowlabel"),
        "fwmark": _or_flag("fwmark", "fwmark", "inherit", "ip6_tnl_f_use_orig_fwmark"),
        "dscp": _dscp,
    },
)


_IPIP = Grammar(
    {**_GRE.values},
    {
        **_GRE.flags,
        **{word: ("proto", word) for word in ("any", "ipip", "ip4ip4", "ip6ip", "ip6ip6", "ipip6", "mplsip", "mplsip6")},
        "ip/ipv6": ("proto", "ip/ipv6"),
        **_trues("isatap"),
    },
    {
        **_GRE.rules,
        "6rd-prefix": _pair("6rd-prefix", "prefix", "prefixlen"),
        "6rd-relay_prefix": _pair("6rd-relay_prefix", "relay_prefix", "relay_prefixlen"),
    },
)
_MACVLAN = Grammar(
    {**_texts("mode"), **_ints("bcqueuelen", "usedbcqueuelen", "bclim")},
    {**_trues("nopromisc", "nodst")},
    {"remotes": _remotes},
)
_IPVLAN = Grammar(_texts("mode"), _trues("bridge", "private", "vepa"))
_UDP = {
    "udpcsum": "udp_csum",
    "udp_csum": "udp_csum",
    "udp6zerocsumtx": "udp_zero_csum6_tx",
    "udp_zero_csum6_tx": "udp_zero_csum6_tx",
    "udp6zerocsumrx": "udp_zero_csum6_rx",
    "udp_zero_csum6_rx": "udp_zero_csum6_rx",
}
_VTI = Grammar({**_texts("remote", "local", "ikey", "okey", "fwmark"), "dev": ("link", str)})

# Text words of a bridge that JSON shortens.
_BRIDGE_KEYS = {
    "designated_root": "root_id",
    "group_address": "group_addr",
    "mcast_last_member_count": "mcast_last_member_cnt",
    "mcast_startup_query_count": "mcast_startup_query_cnt",
    "mcast_last_member_interval": "mcast_last_member_intvl",
    "mcast_membership_interval": "mcast_membership_intvl",
    "mcast_querier_interval": "mcast_querier_intvl",
    "mcast_query_interval": "mcast_query_intvl",
    "mcast_query_response_interval": "mcast_query_response_intvl",
    "mcast_startup_query_interval": "mcast_startup_query_intvl",
}
_BRIDGE_INTS = (
    "forward_delay hello_time max_age ageing_time stp_state priority vlan_filtering root_port root_path_cost "
    "topology_change topology_change_detected vlan_default_pvid vlan_stats_enabled vlan_stats_per_port mcast_snooping "
    "no_linklocal_learn mcast_vlan_snooping mst_enabled mdb_offload_fail_notification fdb_local_vlan_0 mcast_router "
    "mcast_query_use_ifaddr mcast_querier mcast_hash_elasticity mcast_hash_max mcast_last_member_count "
    "mcast_startup_query_count mcast_last_member_interval mcast_membership_interval mcast_querier_interval "
    "mcast_query_interval mcast_query_response_interval mcast_startup_query_interval mcast_stats_enabled "
    "mcast_igmp_version mcast_mld_version nf_call_iptables nf_call_ip6tables nf_call_arptables fdb_n_learned "
    "fdb_max_learned"
)
_BRIDGE_TEXTS = "vlan_protocol bridge_id designated_root group_fwd_mask group_fwd_mask_str group_address"
_BRIDGE_SLAVE_KEYS = {
    "port_id": "id",
    "port_no": "no",
    "designated_bridge": "bridge_id",
    "designated_root": "root_id",
    "mcast_router": "multicast_router",
}

KINDS: dict[str, Grammar] = {
    "vlan": Grammar(
        _texts("protocol"),
        {},
        {
            "id": _value_and_flags("id"),
            "ingress-qos-map": _qos_map("ingress_qos"),
            "egress-qos-map": _qos_map("egress_qos"),
        },
    ),
    "macvlan": _MACVLAN,
    "macvtap": _MACVLAN,
    "ipvlan": _IPVLAN,
    "ipvtap": _IPVLAN,
    "vxlan": Grammar(
        {
            **_ints("id", "limit"),
            **_texts("df", "label_policy", "reserved_bits"),
            "tos": ("tos", _tos),
            "flowlabel": ("label", str),
            "dev": ("link", str),
            "dstport": ("port", number),
            "ageing": ("ageing", _none_is_zero),
            "maxaddr": ("limit", number),
        },
        {
            **_switches(
                "learning",
                "proxy",
                "rsc",
                "l2miss",
                "l3miss",
                "external",
                "vnifilter",
                "gbp",
                "gpe",
                "localbypass",
                **_UDP,
                remcsumtx="remcsum_tx",
                remcsumrx="remcsum_rx",
                remcsum_tx="remcsum_tx",
                remcsum_rx="remcsum_rx",
            ),
        },
        {
            "ttl": _ttl,
            "remote": _by_family("remote", "remote"),
            "group": _by_family("group", "group"),
            "local": _by_family("local", "local"),
            "srcport": _port_range,
            "port": _port_range,  # 3.10
        },
    ),
    "geneve": Grammar(
        {
            **_ints("id"),
            **_texts("tos", "df"),
            "flowlabel": ("label", str),
            "dstport": ("port", number),
        },
        {**_switches("external", **_UDP), "innerprotoinherit": ("inner_proto_inherit", True)},
        {"ttl": _ttl, "remote": _by_family("remote", "remote"), "srcport": _port_range},
    ),
    "gre": _GRE,
    "gretap": _GRE,
    "erspan": _GRE,
    "ip6gre": _GRE,
    "ip6gretap": _GRE,
    "ip6erspan": _GRE,
    "ipip": _IPIP,
    "sit": _IPIP,
    "ip6tnl": _IPIP,
    "vti": _VTI,
    "vti6": _VTI,
    "xfrm": Grammar({"if_id": ("if_id", str), "dev": ("link", str)}, _trues("external")),
    "vrf": Grammar(_ints("table")),
    "vrf_slave": Grammar(_ints("table")),
    "tun": Grammar(
        {
            **_texts("type"),
            "user": ("user", _either),
            "group": ("group", _either),
            **_bools("pi", "vnet_hdr", "persist"),
            **_ints("numqueues", "numdisabled"),
        },
        _trues("multi_queue"),
    ),
    "bond": Grammar(
        {
            **_texts(
                "mode",
                "active_slave",
                "arp_all_targets",
                "primary",
                "primary_reselect",
                "fail_over_mac",
                "xmit_hash_policy",
                "ad_select",
                "ad_actor_system",
            ),
            **_ints(
                "miimon",
                "updelay",
                "downdelay",
                "peer_notify_delay",
                "use_carrier",
                "arp_interval",
                "arp_missed_max",
                "resend_igmp",
                "all_slaves_active",
                "min_links",
                "lp_interval",
                "packets_per_slave",
                "ad_actor_sys_prio",
                "ad_user_port_key",
                "tlb_dynamic_lb",
            ),
            "arp_validate": ("arp_validate", _null),
            "num_grat_arp": ("num_peer_notif", number),
            "num_unsol_na": ("num_peer_notif", number),
            "lacp_active": ("ad_lacp_active", str),
            "lacp_rate": ("ad_lacp_rate", str),
            **_bools("coupled_control", "broadcast_neighbor"),
        },
        {},
        {
            "arp_ip_target": _targets("arp_ip_target"),
            "ns_ip6_target": _targets("ns_ip6_target"),
            **{
                f"ad_{name}": _nested("ad_info", name, number) for name in ("aggregator", "num_ports", "actor_key", "partner_key")
            },
            "ad_partner_mac": _nested("ad_info", "partner_mac", str),
        },
    ),
    "bond_slave": Grammar(
        {
            **_texts("state", "mii_status", "perm_hwaddr", "churn_actor_state", "churn_partner_state"),
            **_ints(
                "actor_port_prio",
                "link_failure_count",
                "queue_id",
                "prio",
                "ad_aggregator_id",
                "ad_actor_oper_port_state",
                "ad_partner_oper_port_state",
            ),
        },
        {},
        {
            "ad_actor_oper_port_state_str": _str_list("ad_actor_oper_port_state_str"),
            "ad_partner_oper_port_state_str": _str_list("ad_partner_oper_port_state_str"),
        },
    ),
    "bridge": Grammar(
        {
            **{word: (_BRIDGE_KEYS.get(word, word), number) for word in _BRIDGE_INTS.split()},
            **{word: (_BRIDGE_KEYS.get(word, word), str) for word in _BRIDGE_TEXTS.split()},
            **{word: (word, float) for word in ("hello_timer", "tcn_timer", "topology_change_timer", "gc_timer")},
        }
    ),
    "bridge_slave": Grammar(
        {
            **_texts("state", "backup_port", "group_fwd_mask", "group_fwd_mask_str"),
            **_texts("group_fwd_maskhi", "group_fwd_maskhi_str"),  # Cumulus Linux
            **_ints(
                "priority",
                "cost",
                "designated_port",
                "designated_cost",
                "topology_change_ack",
                "config_pending",
                "mcast_n_groups",
                "mcast_max_groups",
                "backup_nhid",
            ),
            **_bools(
                "hairpin",
                "guard",
                "root_block",
                "fastleave",
                "learning",
                "flood",
                "proxy_arp",
                "proxy_arp_wifi",
                "mcast_fast_leave",
                "mcast_flood",
                "bcast_flood",
                "mcast_to_unicast",
                "neigh_suppress",
                "neigh_vlan_suppress",
                "neigh_forward_grat",
                "vlan_tunnel",
                "isolated",
                "locked",
                "mab",
                "learning_sync",
            ),
            **{word: (key, str) for word, key in _BRIDGE_SLAVE_KEYS.items()},
            "mcast_router": ("multicast_router", number),
            **{word: (word, float) for word in ("hold_timer", "message_age_timer", "forward_delay_timer")},
        }
    ),
    "macsec": Grammar(
        {
            **_texts("sci", "offload"),
            **_bools("protect", "encrypt", "scb"),
            **_ints("window"),
            "cipher": ("cipher_suite", str),
            "icvlen": ("icv_len", number),
            "encodingsa": ("encoding_sa", number),
            "validate": ("validation", str),
            "send_sci": ("inc_sci", on_off),
            "end_station": ("es", on_off),
            "replay": ("replay_protect", on_off),
        }
    ),
    "hsr": Grammar(
        {
            **_texts("slave1", "slave2", "interlink"),
            **_ints("sequence", "proto", "version"),
            "supervision": ("supervision_addr", str),
            "sequence": ("seq_nr", number),
        }
    ),
    "bareudp": Grammar({**_texts("ethertype"), **_ints("dstport", "srcportmin")}, _switches("multiproto")),
    "gtp": Grammar({**_texts("role"), **_ints("restart_count", "hsize")}),
    "ipoib": Grammar({"pkey": ("key", str), "mode": ("mode", str), "umcast": ("umcast", str)}),
    "netkit": Grammar({**_texts("mode", "type", "policy", "scrub"), **_ints("headroom", "tailroom")}, {}, {"peer": _of_peer}),
    "rmnet": Grammar({**_ints("mux_id")}),
    "dsa": Grammar({**_texts("conduit")}),
    **{
        kind: Grammar({})
        for kind in (
            "veth dummy ifb vcan vxcan nlmon team team_slave batadv batadv_slave wireguard lowpan bond_tlb hsr_slave"
        ).split()
    },
}
UNKNOWN = Grammar({})
