"""Small networks as shell lines: a chain over a router, namespaces on a bridge, macvlans, a vxlan between two bridges."""

from __future__ import annotations

CHAIN = """
for n in a r b; do ip netns add $n; ip -n $n link set dev lo up; done
ip -n a link add eth0 type veth peer name eth0 netns r
ip -n b link add eth0 type veth peer name eth1 netns r
for n in a r b; do ip netns exec $n sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; cd /proc/sys/net/ipv6/conf;
  for d in eth*; do echo 0 >$d/accept_dad; done'; done
ip -n a address add 10.1.0.1/24 dev eth0; ip -n r address add 10.1.0.254/24 dev eth0
ip -n b address add 10.2.0.1/24 dev eth0; ip -n r address add 10.2.0.254/24 dev eth1
ip -n a address add fd01::1/64 dev eth0; ip -n r address add fd01::fe/64 dev eth0
ip -n b address add fd02::1/64 dev eth0; ip -n r address add fd02::fe/64 dev eth1
for n in a b; do ip -n $n link set dev eth0 up; done
for d in eth0 eth1; do ip -n r link set dev $d up; done
ip -n a route add default via 10.1.0.254; ip -n b route add default via 10.2.0.254
ip -n a route add default via fd01::fe; ip -n b route add default via fd02::fe
ip netns exec r sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
"""

LAN = """
for n in s a b c; do ip netns add $n; ip -n $n link set dev lo up; done
ip -n s link add br0 type bridge; ip -n s link set dev br0 up
i=0; for n in a b c; do i=$((i + 1))
  ip -n $n link add eth0 type veth peer name p$n netns s; ip -n $n address add 10.0.0.$i/24 dev eth0
  ip -n s link set dev p$n master br0; ip -n s link set dev p$n up; ip -n $n link set dev eth0 up
done
"""

MACVLAN = """
for n in h a b out; do ip netns add $n; ip -n $n link set dev lo up; done
ip -n h link add eth0 type veth peer name eth0 netns out; ip -n h link set dev eth0 up; ip -n out link set dev eth0 up
ip -n h address add 10.0.0.9/24 dev eth0; ip -n out address add 10.0.0.8/24 dev eth0
i=0; for n in a b; do i=$((i + 1)); ip -n h link add mv$n link eth0 type macvlan mode private
  ip -n h link set dev mv$n netns $n name eth0; ip -n $n address add 10.0.0.$i/24 dev eth0; ip -n $n link set dev eth0 up; done
"""

VXLAN = """
for n in x y a b; do ip netns add $n; ip -n $n link set dev lo up; done
ip -n x link add eth0 type veth peer name eth0 netns y
ip -n x address add 192.168.0.1/24 dev eth0; ip -n y address add 192.168.0.2/24 dev eth0
for n in x y; do ip -n $n link set dev eth0 up; ip -n $n link add br0 type bridge; ip -n $n link set dev br0 up; done
ip -n x link add vx0 type vxlan id 7 remote 192.168.0.2 local 192.168.0.1 dstport 4789
ip -n y link add vx0 type vxlan id 7 remote 192.168.0.1 local 192.168.0.2 dstport 4789
for n in x y; do ip -n $n link set dev vx0 master br0; ip -n $n link set dev vx0 up; done
ip -n a link add eth0 type veth peer name va netns x; ip -n x link set dev va master br0; ip -n x link set dev va up
ip -n b link add eth0 type veth peer name vb netns y; ip -n y link set dev vb master br0; ip -n y link set dev vb up
ip -n a address add 10.0.0.1/24 dev eth0; ip -n b address add 10.0.0.2/24 dev eth0
for n in a b; do ip -n $n link set dev eth0 up; done
"""
