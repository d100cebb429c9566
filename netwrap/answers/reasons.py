"""The vocabulary of answers: the stages of a packet's way and the reasons for its end, each with a sentence.

Both are part of the interface (JSON, docs/trace.md): codes are added, never renamed. `trace`, `check` and `lab` share them.
"""

from __future__ import annotations

#: The stages in the order in which a packet meets them.
STAGES = {
    "rule": "a rule of the routing policy",
    "route": "the route",
    "source": "the source address",
    "output": "the firewall's output hook",
    "neighbour": "the MAC of the next hop",
    "link": "the sending link",
    "cable": "the other end of a pair",
    "bridge": "a bridge and its ports",
    "vlan": "a VLAN tag",
    "tunnel": "the outer packet of a tunnel",
    "ingress": "the firewall's ingress hook",
    "prerouting": "the firewall's prerouting hook",
    "rp-filter": "the check of the source",
    "local": "an address of the namespace itself",
    "input": "the firewall's input hook",
    "forwarding": "the switch for forwarding",
    "ttl": "the time to live",
    "mtu": "the size",
    "forward": "the firewall's forward hook",
    "postrouting": "the firewall's postrouting hook",
    "socket": "who listens",
}

#: The reasons for the end of a packet's way: the code, and its meaning.
REASONS = {
    "no-route": "no route to the address",
    "blackhole": "a blackhole route or rule: dropped without a word",
    "unreachable": "an unreachable route",
    "prohibit": "a prohibit route or rule",
    "no-source": "no address to send from",
    "link-down": "a link is down",
    "no-carrier": "a link has no carrier",
    "peer-down": "the other end of the link is down",
    "peer-unknown": "the other end of the link is not known for certain",
    "not-captured": "what decides was not captured",
    "neighbour-failed": "the next hop does not answer ARP or neighbour discovery",
    "no-owner": "nobody on the link has the address",
    "arp-off": "ARP is off, or the switch arp_ignore keeps the owner silent",
    "wrong-mac": "a fixed neighbour entry with a MAC that nobody on the link has",
    "wrong-owner": "a fixed neighbour entry with the MAC of another, who does not forward",
    "bridge-down": "the bridge is down",
    "port-state": "the port of the bridge does not forward, or the member of the bond is not active",
    "vlan": "the VLAN is not allowed on a port, or nobody takes it",
    "isolated": "both ports of the bridge are isolated, or the macvlan mode separates them",
    "no-port": "the bridge has no port to send to",
    "mtu": "the packet is too big",
    "not-forwarding": "the namespace does not forward",
    "rp-filter": "rp_filter: the way back to the source leaves by another link",
    "martian": "the source or destination may not come from outside",
    "ttl": "the time to live has ended",
    "loop": "the packet goes round in a circle",
    "filter": "a firewall drops it",
    "filter-unknown": "a firewall rule that decides is not understood or not decidable",
    "reject": "a firewall rejects it",
    "nat-wrong": "address translation sends it, or its answer, to the wrong place",
    "no-way-back": "the answer has no way back",
    "no-masquerade": "a private source leaves untranslated: the outside cannot answer",
    "no-listener": "nobody listens on the port",
    "icmp-ignored": "the namespace ignores echo requests",
    "duplicate-address": "two have the address",
    "dad-failed": "the address is not usable: duplicate address detection failed or is not over",
    "macvlan-parent": "a macvlan or ipvlan never reaches its parent's own namespace by it",
    "tunnel": "the tunnel has no other end that takes the packet",
    "vrf": "the route is in another VRF",
}

#: The verdicts of a trace.
VERDICTS = ("reached", "one way", "leaves", "dropped", "loop", "depends", "undecided")
