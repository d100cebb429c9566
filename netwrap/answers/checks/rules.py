"""Checks of policy routing: rules, their tables, VRFs."""

from __future__ import annotations

from ... import wording
from ...wording import hops
from ..routing import table_name
from . import check, data, dev_of, gateway_of, is_main, kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.records import Route, Rule

    from ...model.namespace import Namespace
    from . import Finding, Look

STANDARD = {"local", "main", "default", "255", "254", "253"}
_DEAD = ("blackhole", "unreachable", "prohibit")


def _sides(netns: Namespace) -> Iterator[tuple[str, list[Rule], dict[str, list[Route]]]]:
    """Each family that has rules, with these and the routes of each table."""
    for family, rules in (("inet", netns.rules), ("inet6", netns.rules6)):
        if rules:
            yield family, rules, netns.routes_by_table(family)


def _is_known(netns: Namespace, family: str, table: str) -> bool:
    return netns.has_routes(family, "all") or netns.has_routes(family, table)


@check("R15", "warning", "a rule looks up a table that is empty", "the rule does nothing: the look-up goes on to the next one")
def empty_table(look: Look) -> Iterator[Finding]:
    """All routes of a rule's table were captured, and there are none; the tables of VRFs, default, and those of Android are
    ignored."""
    for netns in look.namespaces:
        for family, rules, tables in _sides(netns):
            for rule in rules:
                table = str(rule.get("table", ""))
                if not table or table in STANDARD or table in tables or not _is_known(netns, family, table):
                    continue
                if len(rules) > 30 or rule.get("action") not in (None, "lookup"):
                    continue
                yield look.finding(
                    netns,
                    f"rule {wording.rule(rule)}: table {table} is empty",
                    rule,
                    mend=[look.inside(netns, f"ip route add default via GATEWAY table {table}")],
                )


@check("R14", "note", "a table that no rule looks up", "its routes are never used")
def table_without_rule(look: Look) -> Iterator[Finding]:
    """A table other than local, main and default has routes, all rules of the family were captured, and none looks it up. Tables
    of VRFs are left out, and namespaces with more than 30 rules (Android)."""
    for netns in look.namespaces:
        vrfs = {
            str(word) for link in netns.links or () if kind(link) == "vrf" for word in (data(link).get("table"), link["ifname"])
        }
        for family, rules, tables in _sides(netns):
            if not netns.covers("ip_rule", family) or len(rules) > 30 or netns.links is None:
                continue
            named = {table_name(rule["table"]) for rule in rules if "table" in rule}
            for table, routes in tables.items():
                if table in STANDARD or table in vrfs or table_name(table) in named:
                    continue
                yield look.finding(
                    netns,
                    f"table {table} has {len(routes)} route{'s' * (len(routes) != 1)}, and no rule looks it up",
                    routes[0],
                    dev=routes[0].get("dev"),
                    mend=[look.inside(netns, f"ip {'-6 ' * (family == 'inet6')}rule add from SOURCE lookup {table}")],
                )


@check("R18", "error", "a rule's table has only a default route that drops", "the packets that match the rule are refused")
def only_unreachable(look: Look) -> Iterator[Finding]:
    """A rule with a condition looks up a table whose only default route is unreachable, blackhole or prohibit, and no other
    route of that table goes by a device, but for copies of connected routes of main."""
    for netns in look.namespaces:
        for _, rules, tables in _sides(netns):
            for rule in rules:
                table = str(rule.get("table", ""))
                found = tables.get(table, [])
                if table in STANDARD or not found or "l3mdev" in rule:
                    continue
                defaults = [route for route in found if route.get("dst") == "default"]
                if not defaults or any(route.get("type", "unicast") not in _DEAD for route in defaults):
                    continue
                if (
                    any(
                        route.get("dev")
                        and route.get("type", "unicast") not in _DEAD
                        and route.get("protocol") != "kernel"
                        and not _is_copy(netns, route)
                        for route in found
                    )
                    or "iif" in rule
                    and rule["iif"] == "lo"
                ):
                    continue
                what = wording.selector(rule) or wording.prefix(rule, "src")
                yield look.finding(
                    netns,
                    f"what matches {what} goes to table {table}, whose only way out is "
                    f"`{defaults[0].get('type')} default`: the route by the tunnel is missing",
                    rule,
                    defaults[0],
                    mend=[look.inside(netns, f"ip route replace default dev TUNNEL table {table}")],
                    explains=[("record", id(defaults[0]))],
                )


def _is_copy(netns: Namespace, route: Route) -> bool:
    """Whether a route is one of the connected routes of main, in another table."""
    if {"gateway", "via", "nexthops"} & route.keys() or route.get("dst") == "default":
        return False
    same = (one for one in netns.routes or () if one.get("dst") == route["dst"] and one.get("dev") == route.get("dev"))
    return any(is_main(one) and not {"gateway", "via"} & one.keys() for one in same)


@check("R16", "warning", "a rule that is never reached", "an earlier rule takes all packets that this rule was made for")
def never_reached(look: Look) -> Iterator[Finding]:
    """An earlier rule without a condition (or with `not fwmark` only) looks up a table that has a default route, or whose routes
    are not known. The later rule has no condition that the earlier one lacks."""
    for netns in look.namespaces:
        for family, rules, tables in _sides(netns):
            ordered = sorted(rules, key=lambda rule: rule.get("priority", 0))
            for at, rule in enumerate(ordered):
                table = str(rule.get("table", ""))
                if (
                    not table
                    or table in ("local", "255", "default", "253")
                    or not _takes_all(rule)
                    or "suppress_prefixlen" in rule
                ):
                    continue
                found = tables.get(table)
                known = _is_known(netns, family, table)
                if known and not any(route.get("dst") == "default" for route in found or ()):
                    continue
                if not known and table in ("main", "254") and not any(route.get("dst") == "default" for route in found or ()):
                    continue
                behind = [
                    other
                    for other in ordered[at + 1 :]
                    if str(other.get("table", "")) not in (table, "main", "default", "local")
                    and "table" in other
                    and (_takes_all(other) or not _excluded(rule, other))
                ]
                behind = [other for other in behind if other.get("priority") != rule.get("priority") and "l3mdev" not in other]
                if behind and (table in ("main", "254") or "not" in rule or known):
                    other = behind[0]
                    if table in ("main", "254") and not known:
                        continue
                    six = "-6 " * (family == "inet6")
                    unless = "" if known else f": if table {table} has a default route"
                    yield look.finding(
                        netns,
                        f"rule {rule.get('priority')} takes everything{_but(rule)} to table {table} before rule "
                        f"{other.get('priority')} can look into table {other.get('table')}{unless}, "
                        f"table {other.get('table')} is not used",
                        rule,
                        other,
                        mend=[
                            look.inside(
                                netns, f"ip {six}rule add {_again(other)} pref {max(1, int(rule.get('priority', 2)) - 1)}"
                            ),
                            look.inside(netns, f"ip {six}rule del pref {other.get('priority')}"),
                        ],
                    )
                break


def _takes_all(rule: Rule) -> bool:
    conditions = {
        "dst",
        "iif",
        "oif",
        "tos",
        "ipproto",
        "sport",
        "dport",
        "sport_start",
        "dport_start",
        "uid_start",
        "l3mdev",
        "goto",
        "tun_id",
    }
    if conditions & set(rule) or rule.get("src", "all") != "all":
        return False
    return "fwmark" not in rule or "not" in rule


def _but(rule: Rule) -> str:
    return f" that is not marked {rule['fwmark']}" if "fwmark" in rule else ""


def _excluded(rule: Rule, other: Rule) -> bool:
    """Whether the rule before leaves out what the one behind asks for."""
    return "fwmark" in rule and "fwmark" in other


def _again(rule: Rule) -> str:
    words = [f"from {wording.prefix(rule, 'src') or 'all'}", wording.selector(rule), f"lookup {rule.get('table')}"]
    return " ".join(filter(None, words))


@check("R17", "error", "a default rule is missing", "the namespace's own addresses, or all routes of main, are not looked up")
def default_rules(look: Look) -> Iterator[Finding]:
    """The IPv4 rules were captured whole, and no rule without a condition looks up local, or main. If the last rule refuses
    everything (as on Android), main is missing on purpose."""
    for netns in look.namespaces:
        if netns.rules is None or not netns.covers("ip_rule", "inet") or len(netns.rules) < 2:
            continue  # of one line alone it is likelier that the rest was left out
        closed = any(rule.get("action") in ("unreachable", "prohibit", "blackhole") and rule.get("src", "all") == "all"
                     for rule in netns.rules)  # fmt: skip
        for table, number in (("local", "255"), ("main", "254")):
            if not (closed and table == "main") and not any(
                str(rule.get("table")) in (table, number) and rule.get("src", "all") == "all" for rule in netns.rules
            ):
                pref = 0 if table == "local" else 32766
                yield look.finding(
                    netns,
                    f"no rule looks up table {table}",
                    *netns.rules[:1],
                    mend=[look.inside(netns, f"ip rule add from all lookup {table} pref {pref}")],
                    explains=[("rules", id(netns))],
                )


@check("R25", "note", "one rule several times", "a restart of an agent added it again; deleting it once is not enough")
def rule_twice(look: Look) -> Iterator[Finding]:
    """Two rules differ only in their priority, or not at all."""
    for netns in look.namespaces:
        for family, rules, _ in _sides(netns):
            seen: dict[str, Rule] = {}
            for rule in rules:
                key = repr(sorted((name, value) for name, value in rule.items() if name not in ("priority", "protocol")))
                if key in seen and "goto" not in rule:
                    yield look.finding(
                        netns,
                        f"the rule `{wording.rule(rule).partition(': ')[2]}` occurs twice",
                        seen[key],
                        rule,
                        mend=[look.inside(netns, f"ip {'-6 ' * (family == 'inet6')}rule del pref {rule.get('priority')}")],
                    )
                seen.setdefault(key, rule)


@check(
    "R21",
    "error",
    "a VRF without a last route",
    "a look-up that finds nothing there goes on to main and leaves by a link outside of it",
)
def vrf_leaks(look: Look) -> Iterator[Finding]:
    """All of a VRF's table was captured and has no default route, while main has one, so that packets of the VRF leak into
    main."""
    for netns, link in look.links("vrf"):
        table = str(data(link).get("table", ""))
        names = {table, str(link["ifname"])}
        routes = [route for route in netns.routes or () if str(route.get("table", "main")) in names]
        known = netns.has_routes("inet", "all") or any(netns.has_routes("inet", name) for name in names)
        if not table or not known or any(route.get("dst") == "default" for route in routes):
            continue
        outside = [
            route
            for route in netns.routes or ()
            if str(route.get("table", "main")) in ("main", "254") and route.get("dst") == "default"
        ]
        if not outside and netns.has_routes("inet"):
            continue
        rule = next((rule for rule in netns.rules or () if "l3mdev" in rule), None)
        ports = [str(port["ifname"]) for port in netns.ports(str(link["ifname"]))]
        if ports or routes:
            dev = dev_of(outside[0], hops(outside[0])[0]) if outside else "a link outside"
            yield look.finding(
                netns,
                f"VRF {link['ifname']} (table {table}) has no default route: a look-up that finds nothing goes on to main "
                "and leaves "
                f"by {dev}, which is no port of {link['ifname']}",
                rule,
                *routes[:1],
                *outside[:1],
                dev=str(link["ifname"]),
                mend=[look.inside(netns, f"ip route add table {table} unreachable default metric 4278198272")],
            )


@check("R22", "warning", "a route of a VRF leaves by a link that is in no VRF", "the VRF is not kept apart")
def vrf_route_outside(look: Look) -> Iterator[Finding]:
    """A route by a gateway in a VRF's table names a device that is not a port of that VRF."""
    for netns, link in look.links("vrf"):
        table, name = str(data(link).get("table", "")), str(link["ifname"])
        ports = {str(port["ifname"]) for port in netns.ports(name)} | {name, "lo"}
        for route in netns.routes or ():
            if table and str(route.get("table", "main")) in (table, name):
                for hop in hops(route):
                    dev = dev_of(route, hop)
                    if dev and dev not in ports and gateway_of(hop):
                        yield look.finding(
                            netns,
                            f"{route.get('dst')} of VRF {name} leaves by {dev}, which is no port of it",
                            route,
                            dev=dev,
                            severity="note",
                        )
