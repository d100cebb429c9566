"""The ready-made questions of `netwrap sql NAME`: SQL over the tables of :mod:`.flat`, for SQLite and for DuckDB alike."""

from __future__ import annotations

from parsers.tuples import NamedTuple

from .. import wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Question(NamedTuple):
    """A question: a description of its rows, its SQL, and its parameter ("" or ADDRESS)."""

    summary: str
    sql: str
    operand: str = ""


# Captures of one machine are states of one host.
_MACHINES = "machines AS (SELECT _host, coalesce(min(machine), _host) AS machine FROM host GROUP BY _host)"
_PLACE = "_host || ' ' || _netns || ' ' || coalesce(ifname, '?')"
_TWICE = (
    f"SELECT {{0}}, count(DISTINCT machine || ' ' || _netns || ' ' || coalesce(ifname, '?')) AS times, min({_PLACE}) AS first, "
    f"max({_PLACE}) AS last FROM found WHERE {{0}} IN "
    "(SELECT {0} FROM found GROUP BY {0} HAVING min(machine) <> max(machine)) GROUP BY {0} ORDER BY times DESC, {0}"
)

QUESTIONS: dict[str, Question] = {
    "duplicate-addresses": Question(
        "addresses that several hosts have",
        f"WITH {_MACHINES}, found AS (SELECT local, machine, _host, _netns, ifname FROM address JOIN machines USING (_host) "
        f"WHERE scope = 'global') {_TWICE.format('local')}",
    ),
    "duplicate-macs": Question(
        "hardware addresses that links of several hosts have",
        f"WITH {_MACHINES}, found AS (SELECT address AS mac, machine, _host, _netns, ifname FROM link JOIN machines "
        f"USING (_host) WHERE address NOT IN ('00:00:00:00:00:00', '0.0.0.0', '::') AND ifname <> 'lo') {_TWICE.format('mac')}",
    ),
    "mtu": Question(
        "how many links have which MTU, by kind, without loopbacks",
        "SELECT mtu, kind, count(*) AS links, count(DISTINCT _host) AS hosts, min(_host) AS example FROM link "
        "WHERE ifname <> 'lo' GROUP BY mtu, kind ORDER BY links DESC, mtu",
    ),
    "mtu-mismatch": Question(
        "pairs of links whose ends differ in their MTU",
        "SELECT a._host AS host, a._netns AS netns, a.ifname, a.mtu, a.peer_netns, a.peer_ifname, b.mtu AS peer_mtu FROM link a "
        "JOIN link b ON b._host = a._host AND b._netns = a.peer_netns AND b.ifname = a.peer_ifname "
        "WHERE a.kind = 'veth' AND a.mtu < b.mtu ORDER BY host, netns, a.ifname",
    ),
    "no-default-route": Question(
        "namespaces with a global address and no default route",
        "SELECT n._host AS host, n._netns AS netns, n.processes FROM namespace n WHERE n.default_routes = 0 AND "
        "(n._host, n._netns) IN (SELECT _host, _netns FROM address WHERE scope = 'global') ORDER BY host, netns",
    ),
    "who-routes": Question(
        "every route that an address fits, the longest prefix of each namespace first",
        "SELECT _host AS host, _netns AS netns, table_name, dst, gateway, dev, metric, type FROM route "
        "WHERE :hex BETWEEN first_hex AND last_hex AND length(first_hex) = length(:hex) AND table_name <> 'local' "
        "ORDER BY host, netns, prefixlen DESC, metric",
        "ADDRESS",
    ),
    "who-has": Question(
        "who has an address, and who knows it as a neighbour",
        "SELECT 'owner' AS role, _host AS host, _netns AS netns, ifname AS dev, mac FROM address WHERE local = :what UNION ALL "
        "SELECT 'neighbour', _host, _netns, dev, lladdr FROM neigh WHERE dst = :what ORDER BY 1 DESC, 2, 3",
        "ADDRESS",
    ),
    "leaked-namespaces": Question(
        "namespaces without a process whose links are down, or that have none but the loopback",
        "SELECT n._host AS host, n._netns AS netns, n.links, n.links_up FROM namespace n WHERE n.processes = 0 AND NOT n.here "
        "AND (n._host, n._netns) NOT IN (SELECT _host, _netns FROM link WHERE ifname <> 'lo' AND operstate <> 'DOWN') "
        "ORDER BY host, netns",
    ),
    "listeners-everywhere": Question(
        "sockets that listen on every address, by process",
        "SELECT _host AS host, _netns AS netns, netid, local, local_port, process, pid FROM listener WHERE everywhere "
        "ORDER BY host, netns, local_port",
    ),
    "neighbour-pressure": Question(
        "neighbour entries of each host and family, and how many of them failed; the kernel begins to drop at 1024",
        "SELECT _host AS host, family, count(*) AS entries, sum(CASE WHEN state = 'FAILED' THEN 1 ELSE 0 END) AS failed "
        "FROM neigh WHERE state <> 'NOARP' GROUP BY _host, family ORDER BY entries DESC, host, family",
    ),
    "failed-neighbours": Question(
        "neighbours that do not answer",
        "SELECT _host AS host, _netns AS netns, dst, dev, owner_netns FROM neigh WHERE state IN ('FAILED', 'INCOMPLETE') "
        "ORDER BY host, netns, dst",
    ),
    "vxlan-disagreements": Question(
        "VXLANs of one VNI that differ in their port or MTU",
        "SELECT vni, count(*) AS ends, count(DISTINCT vxlan_port) AS ports, min(vxlan_port) AS lowest_port, "
        "max(vxlan_port) AS highest_port, min(mtu) AS lowest_mtu, max(mtu) AS highest_mtu FROM link WHERE kind = 'vxlan' "
        "GROUP BY vni HAVING count(DISTINCT vxlan_port) > 1 OR count(DISTINCT mtu) > 1 ORDER BY vni",
    ),
    "forwarding": Question(
        "namespaces that forward although only one of their links has a global address",
        "SELECT n._host AS host, n._netns AS netns, count(DISTINCT a.ifname) AS links FROM namespace n "
        "JOIN address a ON a._host = n._host AND a._netns = n._netns AND a.scope = 'global' WHERE n.forwarding "
        "GROUP BY n._host, n._netns HAVING count(DISTINCT a.ifname) = 1 ORDER BY host, netns",
    ),
    "down-links": Question(
        "links that are up by their owner's will and have no carrier",
        "SELECT _host AS host, _netns AS netns, ifname, kind, operstate FROM link WHERE up AND NOT carrier "
        "ORDER BY host, netns, ifname",
    ),
    "gateways-nobody-has": Question(
        "gateways of default routes that are in no network of their namespace",
        "SELECT r._host AS host, r._netns AS netns, r.gateway, r.dev FROM route r LEFT JOIN route c "
        "ON c._host = r._host AND c._netns = r._netns AND c.gateway IS NULL AND c.dst <> 'default' "
        "AND length(c.first_hex) = length(r.gateway_hex) AND r.gateway_hex BETWEEN c.first_hex AND c.last_hex "
        "WHERE r.dst = 'default' AND r.gateway_hex IS NOT NULL AND r.gateway NOT LIKE 'fe80:%' AND c._host IS NULL "
        "ORDER BY host, netns",
    ),
    "hosts": Question(
        "the hosts, their kernels, and how much of each was read",
        "SELECT _host AS host, kernel, iproute2, namespaces, problems, _source AS source FROM host ORDER BY host",
    ),
    "changed-hosts": Question(
        "addresses, routes and links that only some of the captures of one host have",
        "WITH named AS (SELECT DISTINCT _host, hostname, machine FROM host WHERE machine IS NOT NULL), "
        "states AS (SELECT _host, hostname, machine, count(*) OVER (PARTITION BY machine) AS states FROM named), "
        "held AS (SELECT _host, _netns, 'address' AS kind, local || coalesce(' dev ' || ifname, '') AS what FROM address "
        "UNION ALL SELECT _host, _netns, 'route', dst || coalesce(' via ' || gateway, '') || coalesce(' dev ' || dev, '') "
        "|| coalesce(' table ' || table_name, '') FROM route UNION ALL SELECT _host, _netns, 'link', ifname "
        "|| coalesce(' mtu ' || mtu, '') || coalesce(' ' || operstate, '') || coalesce(' master ' || master, '') FROM link) "
        "SELECT hostname AS host, _netns AS netns, kind, what, count(DISTINCT _host) AS captures, min(states) AS states, "
        "min(_host) AS example FROM held JOIN states USING (_host) WHERE states > 1 "
        "GROUP BY machine, hostname, _netns, kind, what HAVING count(DISTINCT _host) < min(states) "
        "ORDER BY host, netns, kind, what",
    ),
    "findings": Question(
        "what netwrap check finds, counted over all hosts",
        "SELECT id, severity, count(*) AS findings, count(DISTINCT _host) AS hosts, min(_host || ' ' || _netns || ': ' || what) "
        "AS example FROM finding GROUP BY id, severity ORDER BY hosts DESC, id",
    ),
}

_OF_ONE = (
    "SELECT machine, _host FROM host WHERE machine IN "
    "(SELECT machine FROM host GROUP BY machine HAVING count(DISTINCT _host) > 1) GROUP BY machine, _host ORDER BY machine, _host"
)
_OF_ONE_NAME = "SELECT _host FROM host GROUP BY _host HAVING count(*) > 1 ORDER BY _host"


def states(connection: Any) -> list[str]:
    """Notes on the captures that are states of one machine, and on names that several exports have; ``host`` must be readable."""
    groups: dict[str, list[str]] = {}
    for machine, host in connection.execute(_OF_ONE).fetchall():
        groups.setdefault(machine, []).append(host)
    named = [row[0] for row in connection.execute(_OF_ONE_NAME).fetchall()]
    return [*wording.states(groups.values()), *wording.namesakes(named)]
