"""Walk one packet through the namespaces of a host, stage by stage as the kernel does, and tell where it ends.

From the ground up; each module imports only modules that stand above it in this table:

| module | content |
| --- | --- |
| ``way`` | how far a packet has come: its hops and steps, what conntrack saw, where it ended |
| ``conntrack`` | the state that conntrack gives a packet, and the translations that it undoes for an answer |
| ``routers`` | the routing of every namespace, and which namespaces have an address |
| ``servers`` | whether a program answers a packet that was delivered |
| ``mends`` | the commands that would let a stopped packet pass |
| ``hooks`` | what the firewalls do with a packet at one hook |
| ``stops`` | why a routing decision stops a packet, in words |
| ``wireguard`` | which peer a wireguard link sends to, and which link takes its packets |
| ``neighbours`` | who answers for the address of a next hop (ARP, neighbour discovery, fixed entries) |
| ``transmission`` | out of a link, over cables, bridges and tunnels, to the link that receives |
| ``walker`` | the order of it all: send, route, filter, forward, deliver |

What a frame meets between two links stands in ``answers/layer2.py``, one routing decision in ``answers/routing.py``, the rules
of a firewall in ``answers/firewall.py``.
"""
